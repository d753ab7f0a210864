"""Areas of time: beside every start point asked in turn, and what must always hold."""

import json
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from typer.testing import CliRunner

from mobility_geo.cli import exits
from mobility_geo.cli.app import app
from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import InputError, UnknownIdError
from mobility_geo.network import Network
from mobility_geo.outcomes import isochrones
from mobility_geo.outcomes.isochrones import main_traveller
from mobility_geo.routing import find_shortest_tree, skim_matrix
from mobility_geo.routing.isochrones import nearest_areas, reach_grid, time_bands
from mobility_geo.scenario import Closure, Disruption, Selection, TravellerClass, conditions
from mobility_geo.units import KM_M, MIN_PER_H, QUANTUM

WHO = TravellerClass(profile="truck", nationality="TOA")
KPH = 3.0
STRETCH = 1 / np.cos(np.arctan(0.5) / 2)
"""Ways over the grid are this much longer than straight ones at most."""


@pytest.fixture(scope="module")
def toy():
    return load_toy()


def open_costs(case):
    return conditions(case.network, case.scenario.baseline(), None, WHO).dense()


def dense_starts(network: Network, costs, place, spacing_m, *, leaving=True):
    """Return points along all roads with their times, by a loop over arcs."""
    tree = find_shortest_tree(network, costs, place, leaving=leaving)
    time = tree.units * QUANTUM["time_min"]
    points, minutes = [], []
    for arc in np.flatnonzero(costs.open):
        edge = network.arcs.edge[arc]
        if network.edges["kind"].iloc[edge] not in {"road", "track", "walk", "corridor"}:
            continue
        line = network.edges.geometry.iloc[edge]
        near = network.arcs.tail[arc] if leaving else network.arcs.head[arc]
        if not np.isfinite(time[near]):
            continue
        whole = costs.time_min[arc] * QUANTUM["time_min"]
        for share in np.linspace(0, 1, max(int(np.ceil(line.length / spacing_m)), 1) + 1):
            gone = share if network.arcs.forward[arc] == leaving else 1 - share
            points.append(line.interpolate(share, normalized=True).coords[0])
            minutes.append(time[near] + gone * whole)
    home = network.places.geometry.iloc[network.place_positions([place])[0]]
    return np.array([*points, home.coords[0]]), np.array([*minutes, 0.0])


@pytest.mark.parametrize("leaving", [True, False])
@pytest.mark.parametrize("place", ["northtown", "midtown"])
def test_cells_are_as_far_as_the_best_of_all_points_walked_from(toy, place, leaving):
    costs = open_costs(toy)
    grid = reach_grid(
        toy.network, costs, [place], profile="truck", hours=3, leaving=leaving, resolution_m=500
    )
    kph = float(toy.network.profiles.set_index("profile").loc["truck", "off_road_kph"])
    points, minutes = dense_starts(toy.network, costs, place, 100, leaving=leaving)
    reached = np.flatnonzero(np.isfinite(grid.time_min.ravel()))
    assert len(reached) > 100
    cell_min = 500 / KM_M / kph * MIN_PER_H
    compared = 0
    for number, cell in enumerate(reached[:: max(len(reached) // 300, 1)]):
        centre = grid.surface.centres(np.array([cell]))[0]
        walk = np.hypot(*(points - centre).T) / KM_M / kph * MIN_PER_H
        found = grid.time_min.ravel()[cell]
        # never quicker than straight ways from the best point, less the snap to a cell
        assert found >= (minutes + walk).min() - cell_min, number
        if not _barrier_near(toy, centre):
            assert found <= (minutes + walk * STRETCH).min() + 2 * cell_min, number
            compared += 1
    assert compared > 100


def _barrier_near(case, centre):
    """Say whether a river or a border is near: they can only slow people."""
    rivers = case.network.waterways
    barrier = rivers.loc[rivers["barrier"].to_numpy(dtype=bool)].geometry
    borders = case.network.zones.geometry.boundary
    lines = [*barrier, *borders]
    return min((line.distance(shapely.Point(centre)) for line in lines), default=np.inf) < 8_000


def test_bands_do_not_overlap_and_add_up_to_the_areas_of_the_places(toy):
    bands, nearest = isochrones(toy, ["northtown", "midtown"], hours=[0.5, 1, 2, 4])
    for one in range(len(bands)):
        for two in range(one):
            shared = bands.geometry.iloc[one].intersection(bands.geometry.iloc[two])
            assert shared.area == pytest.approx(0, abs=1e-6)
    whole = shapely.union_all(bands.geometry.to_numpy())
    assert whole.symmetric_difference(shapely.union_all(nearest.geometry.to_numpy())).area < 1e-6
    assert bands["area_km2"].sum() == pytest.approx(nearest["area_km2"].sum())
    assert bool(bands.geometry.is_valid.all())


def test_more_hours_and_more_walking_never_make_it_smaller(toy):
    costs = open_costs(toy)

    def area(hours, walk=20.0):
        grid = reach_grid(
            toy.network, costs, ["northtown"], profile="truck", hours=hours, resolution_m=500,
            max_walk_km=walk,
        )  # fmt: skip
        return shapely.union_all(time_bands(grid, [hours]).geometry.to_numpy())

    assert area(1).difference(area(2)).area < 1e-6
    assert area(2, walk=2).difference(area(2, walk=10)).area < 1e-6
    assert area(2, walk=2).area < area(2, walk=10).area


def test_closing_never_opens_ground_and_closed_areas_stay_out():
    case = load_mali("mali-2013-01")
    who = main_traveller(case)
    usual = case.scenario.baseline()
    before, _ = isochrones(case, ["gao"], hours=[12], scenario=usual, traveller=who,
                           resolution_m=4000)  # fmt: skip
    gao = case.network.places.to_crs(4326).set_index("place_id").geometry["gao"]
    ring = shapely.difference(gao.buffer(0.6), gao.buffer(0.3))
    shut = Disruption(
        disruption_id="ring", kind="insecurity", what=Selection(area=ring), effects=(Closure(),)
    )
    closed = replace(usual, disruptions=(*usual.disruptions, shut))
    after, _ = isochrones(case, ["gao"], hours=[12], scenario=closed, traveller=who,
                          resolution_m=4000)  # fmt: skip
    one, two = (shapely.union_all(bands.geometry.to_numpy()) for bands in (before, after))
    # cells of a coarse grid reach over the edge of an area by half their side
    assert two.difference(one.buffer(1)).area < 1e-6
    inside = gpd.GeoSeries([shapely.difference(gao.buffer(0.5), gao.buffer(0.4))], crs=4326)
    assert two.intersection(inside.to_crs(case.network.crs).iloc[0]).area == 0
    assert one.intersection(inside.to_crs(case.network.crs).iloc[0]).area > 0


def test_settlements_are_counted_by_their_own_time(toy):
    ends = [1, 2, 3, 4, 8]
    bands, _ = isochrones(toy, ["northtown"], hours=ends, resolution_m=1000)
    homes = toy.network.places[toy.network.places["kind"] == "settlement"]
    minutes = skim_matrix(
        toy.network, toy.scenario, ["northtown"], homes["place_id"],
        traveller=main_traveller(toy),
    )[0]  # fmt: skip
    assert np.isfinite(minutes).sum() > 1
    for band in bands.itertuples():
        mine = [
            home.population_persons
            for home, time in zip(homes.itertuples(), minutes, strict=True)
            if (band.from_h * 60 < time <= band.to_h * 60) or (time == band.from_h == 0)
        ]
        assert (band.places, band.population_persons) == (len(mine), sum(mine))
    assert bands["places"].sum() == (minutes <= 8 * 60).sum()


def test_nobody_walks_into_another_country(toy):
    bands, _ = isochrones(toy, ["northtown"], hours=[8], resolution_m=1000)
    reached = bands.geometry.iloc[0]
    costs = conditions(toy.network, toy.scenario, None, main_traveller(toy)).dense()
    tree = find_shortest_tree(toy.network, costs, "northtown")
    nodes = toy.network.nodes
    abroad = set(nodes["country"].dropna()) - set(
        nodes.loc[np.isfinite(tree.units), "country"].dropna()
    )
    assert abroad
    for country in abroad:
        zone = toy.network.zones.loc[toy.network.zones["country"] == country]
        land = shapely.union_all(zone.geometry.to_numpy()).buffer(-1000)
        assert reached.intersection(land).area == 0


def test_bad_input_is_named(toy):
    with pytest.raises(InputError, match="no place given"):
        isochrones(toy, [])
    with pytest.raises(UnknownIdError, match="no place 'nowhere'"):
        isochrones(toy, ["nowhere"])
    with pytest.raises(InputError, match="hours must rise"):
        isochrones(toy, ["northtown"], hours=[2, 1])
    with pytest.raises(InputError, match="hours must be > 0 h"):
        isochrones(toy, ["northtown"], hours=[-1])
    with pytest.raises(InputError, match="max_walk_km must be > 0"):
        isochrones(toy, ["northtown"], max_walk_km=float("nan"))
    with pytest.raises(InputError, match="more than 1,500,000 cells"):
        isochrones(toy, ["northtown"], resolution_m=1)


def test_a_place_that_is_nowhere_on_the_network_reaches_what_it_walks_to(toy):
    costs = open_costs(toy)
    grid = reach_grid(toy.network, costs, ["oasis"], profile="truck", hours=1)
    assert np.isfinite(grid.time_min).any()
    assert nearest_areas(grid, ["oasis"])["place_id"].tolist() == ["oasis"]


def test_the_command_writes_layers_that_open_styled(tmp_path):
    out = tmp_path / "réseau 1.gpkg"
    words = ["isochrones", "mali-2013-01", "--place", "Gao", "--hours", "6,12", "--out", str(out),
             "--output", "json", "--resolution", "4000"]  # fmt: skip
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == exits.SUCCESS, done.stderr
    data = json.loads(done.stdout)["data"]
    layers = {name for name, _ in pyogrio.list_layers(out)}
    assert {"isochrones", "nearest_areas", "start_places", "layer_styles"} <= layers
    table = gpd.read_file(out, layer="isochrones")
    assert table["to_h"].tolist() == [band["to_h"] for band in data["bands"]] == [6, 12]
    assert table.crs == "EPSG:4326"
    styles = pyogrio.read_dataframe(out, layer="layer_styles", read_geometry=False)
    look = styles.set_index("f_table_name").loc["isochrones", "styleQML"]
    assert "0 to 6 h" in look


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--hours", "two"], "--hours: numbers with commas"),
        (["--profile", "tru"], "no travel profile 'tru'; did you mean 'truck'"),
        (["--when", "1999-01-01"], "1999-01-01"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path, words, message):
    words = ["isochrones", "mali-2013-01", "--place", "Gao", "--out", str(tmp_path / "a.gpkg"),
             *words]  # fmt: skip
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == exits.INPUT
    assert message in done.stderr
    assert not list(tmp_path.iterdir())

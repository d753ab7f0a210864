"""What must not matter, and what must: the same question asked in another way."""

import dataclasses
import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import shapely.ops
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.network import Network, read_network, write_network
from mobility_geo.outcomes import find_stranded, solve_case
from mobility_geo.routing import skim_matrix
from mobility_geo.scenario import Closure, Disruption, Scenario, Selection, TravellerClass
from mobility_geo.schema import NETWORK_TABLES
from mobility_geo.testing import assert_network_equal, draw_network
from mobility_geo.testing.strategies import cases, networks, scenarios

UNSHRUNK = (Phase.explicit, Phase.generate)
FEW = settings(max_examples=4, phases=UNSHRUNK)
DRAWN = draw_network("""
A---b#c---C
|   |     |
D===e---f F
|       | }
G-------+ h
""", countries=dict.fromkeys("AbDefG", "AAA") | dict.fromkeys("cCFh", "BBB"))  # fmt: skip
PLACES = DRAWN.places["place_id"].tolist()
TABLES = ("status", "baseline", "reachable", "od_flows", "edge_flows", "crossing_flows",
          "catchments", "edge_conditions", "comparison")  # fmt: skip
TRAVELLERS = st.builds(
    TravellerClass, profile=st.sampled_from(["truck", "foot", "boat"]),
    kind=st.sampled_from(["refugee", "resident"]), nationality=st.sampled_from(["AAA", "BBB"]),
)  # fmt: skip


def minutes(network, scenario, traveller):
    places = network.places["place_id"].tolist()
    return skim_matrix(network, scenario, places, places, traveller=traveller)


@given(data=st.data())
@settings(max_examples=30, phases=UNSHRUNK)
def test_closing_an_edge_shortens_no_trip(data):
    laid, who = data.draw(scenarios(DRAWN)), data.draw(TRAVELLERS)
    edge = data.draw(st.sampled_from(DRAWN.edges["edge_id"].tolist()))
    shut = Disruption(disruption_id="shut", kind="road", effects=(Closure(),),
                      what=Selection(edge_ids=(edge,)))  # fmt: skip
    more = dataclasses.replace(laid, disruptions=(*laid.disruptions, shut))
    assert (minutes(DRAWN, more, who) >= minutes(DRAWN, laid, who)).all()


@given(network=networks(attached=True, nodes=5, edges=6), data=st.data())
@FEW
def test_the_order_of_rows_does_not_matter_to_any_answer(network, data):
    case = data.draw(cases(network, groups=3))
    rng = np.random.default_rng(3)

    def shuffled(table):
        return table.iloc[rng.permutation(len(table))]

    tables = {s.name: shuffled(getattr(network, s.name)) for s in NETWORK_TABLES}
    turned = Network(name=network.name, **tables)
    assert_network_equal(turned, network)
    other = dataclasses.replace(
        case, network=turned, groups=shuffled(case.groups),
        destinations=shuffled(case.destinations),
        scenario=dataclasses.replace(case.scenario, disruptions=case.scenario.disruptions[::-1]),
    )  # fmt: skip
    one, two = solve_case(case), solve_case(other)
    for name in TABLES:
        left, right = getattr(one, name), getattr(two, name)
        keys = [column for column in left.columns if left[column].dtype.kind in "OTU"]
        left, right = (t.sort_values(keys, ignore_index=True) if keys else t for t in (left, right))
        pd.testing.assert_frame_equal(left, right)


def test_a_network_from_a_file_answers_the_same(tmp_path):
    file = write_network(DRAWN, tmp_path / "drawn.gpkg")
    day = dt.date(2013, 1, 20)
    laid = Scenario(name="s", when=day, start=day, end=day)
    who = TravellerClass(profile="truck", nationality="AAA")
    np.testing.assert_array_equal(minutes(read_network(file), laid, who), minutes(DRAWN, laid, who))


@given(data=st.data())
@settings(max_examples=10, phases=UNSHRUNK)
def test_the_direction_in_which_a_road_is_drawn_does_not_matter(data):
    edges = DRAWN.edges.copy()
    for row in data.draw(st.sets(st.integers(0, len(edges) - 1))):
        edges.loc[row, ["from_node_id", "to_node_id"]] = edges.loc[
            row, ["to_node_id", "from_node_id"]
        ].to_numpy()
        edges.loc[row, "geometry"] = edges.geometry.iloc[row].reverse()
    turned = DRAWN.replace_tables(edges=edges)
    laid, who = data.draw(scenarios(DRAWN)), data.draw(TRAVELLERS)
    both_ways = tuple(d for d in laid.disruptions if d.what.direction == "both")
    laid = dataclasses.replace(laid, disruptions=both_ways)
    np.testing.assert_allclose(minutes(turned, laid, who), minutes(DRAWN, laid, who), atol=0.01)


@given(data=st.data())
@settings(max_examples=10, phases=UNSHRUNK)
def test_cutting_a_road_in_two_does_not_matter(data):
    """As much as the rounding of the costs, 0.1 s and 1 m per piece, lets them differ."""
    roads = DRAWN.edges.index[DRAWN.edges["kind"] != "crossing"]
    row = int(data.draw(st.sampled_from(roads.tolist())))
    at = data.draw(st.sampled_from([0.25, 0.5, 0.8]))
    edge, line = DRAWN.edges.loc[row], DRAWN.edges.geometry.iloc[row]
    middle = line.interpolate(at, normalized=True)
    halves = [shapely.ops.substring(line, *part, normalized=True) for part in ((0, at), (at, 1))]
    node = gpd.GeoDataFrame(
        {"node_id": ["cut"], "kind": ["junction"], "country": [edge["country"]]},
        geometry=[middle], crs=DRAWN.crs,
    )  # fmt: skip
    two = gpd.GeoDataFrame([edge, edge], crs=DRAWN.crs)
    two["edge_id"] = [f"{edge['edge_id']}/1", f"{edge['edge_id']}/2"]
    two["to_node_id"] = ["cut", edge["to_node_id"]]
    two["from_node_id"] = [edge["from_node_id"], "cut"]
    two["length_m"] = [edge["length_m"] * at, edge["length_m"] * (1 - at)]
    two = two.set_geometry(halves, crs=DRAWN.crs)
    cut = DRAWN.replace_tables(
        nodes=pd.concat([DRAWN.nodes, node], ignore_index=True),
        edges=pd.concat([DRAWN.edges.drop(index=row), two], ignore_index=True),
    )
    laid, who = data.draw(scenarios(DRAWN)), data.draw(TRAVELLERS)
    by_area = tuple(d for d in laid.disruptions if not d.what.edge_ids and not d.what.crossing_ids)
    laid = dataclasses.replace(laid, disruptions=by_area)
    np.testing.assert_allclose(minutes(cut, laid, who), minutes(DRAWN, laid, who), atol=0.02)


@given(data=st.data(), times=st.integers(2, 9))
@FEW
def test_twice_the_people_are_twice_as_many_of_each_status(data, times):
    case = data.draw(cases(DRAWN, capacities=False))
    people = case.groups[["persons", "persons_low", "persons_high"]] * times
    larger = dataclasses.replace(case, groups=case.groups.assign(**people))
    one, two = find_stranded(case), find_stranded(larger)
    figures = ["persons", "persons_low", "persons_high"]
    pd.testing.assert_frame_equal(one.drop(columns=figures), two.drop(columns=figures))
    assert (one[figures] * times).equals(two[figures])


@given(data=st.data())
@FEW
def test_a_group_cut_in_two_has_the_statuses_of_the_whole(data):
    case = data.draw(cases(DRAWN, groups=3, capacities=False))
    halves = []
    for part in (0, 1):
        half = case.groups.copy()
        half["group_id"] = half["group_id"] + f"/{part}"
        for column in ("persons", "persons_low", "persons_high"):
            half[column] = half[column] // 2 + (half[column] % 2 if part else 0)
        halves.append(half)
    split = dataclasses.replace(case, groups=pd.concat(halves, ignore_index=True))
    one, two = (
        find_stranded(c).groupby(["place_id", "profile", "status"])["persons"].sum()
        for c in (case, split)
    )
    assert one[one > 0].to_dict() == two[two > 0].to_dict()


@given(data=st.data())
@FEW
def test_an_area_over_everything_closes_as_all_ids_do(data):
    case = data.draw(cases(DRAWN, capacities=False))
    west, south, east, north = DRAWN.nodes.to_crs(4326).total_bounds
    everything = [
        Selection(area=shapely.box(west - 1, south - 1, east + 1, north + 1)),
        Selection(edge_ids=tuple(DRAWN.edges["edge_id"])),
    ]
    found = [
        find_stranded(case.with_scenario(dataclasses.replace(case.scenario, disruptions=(
            Disruption(disruption_id="all", kind="flood", what=what, effects=(Closure(),)),))))
        for what in everything
    ]  # fmt: skip
    pd.testing.assert_frame_equal(*found)


@given(data=st.data())
@FEW
def test_days_of_one_month_under_the_same_closures_are_alike(data):
    case = data.draw(cases(DRAWN))
    laid = dataclasses.replace(case.scenario, disruptions=tuple(
        dataclasses.replace(d, start=None, end=None) for d in case.scenario.disruptions
    ))  # fmt: skip
    one, two = (find_stranded(case, laid, f"2013-03-{day:02d}") for day in (1, 31))
    if case.limits.unknown_after_days is None:
        pd.testing.assert_frame_equal(one, two)

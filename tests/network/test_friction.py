"""Walking over a friction surface: against closed forms, an oracle, and rivers that must hold."""

from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from rasterio.transform import Affine

from mobility_geo.errors import CRSError, InputError
from mobility_geo.network.friction import (
    DOWNHILL_GAIN,
    FLAT_KPH,
    STEPS,
    FrictionSurface,
    flat_minutes,
    friction_surface,
    least_cost_paths,
    read_landcover_speeds,
    search_ways,
    tobler_factor,
    walking_moves,
    walking_time_min,
)

CRS = pyproj.CRS(32630)
CELL = 250.0
WIDEST = 1 / np.cos(np.arctan(0.5) / 2)  # 1.0275: half the widest angle between two directions


def ground(shape=(40, 40), factor=None, height=None, walls=()):
    """Return a surface whose lower left corner is at 0, 0."""
    lines = gpd.GeoSeries([shapely.LineString(wall) for wall in walls], crs=CRS)
    plain = friction_surface((0, 0, shape[1] * CELL, shape[0] * CELL), crs=CRS, barriers=lines)
    return FrictionSurface(
        crs=CRS, left_m=0.0, top_m=shape[0] * CELL, resolution_m=CELL, walls=plain.walls,
        speed_factor=np.ones(shape) if factor is None else np.asarray(factor, dtype=float),
        elevation_m=np.zeros(shape) if height is None else np.asarray(height, dtype=float),
    )  # fmt: skip


def points(*where):
    return gpd.GeoSeries([shapely.Point(xy) for xy in where], crs=CRS)


def flat(surface, a, b):
    return float(next(iter(search_ways(surface, points(a).array, points(b).array)))[1][0])


def cell(row, column, rows=40):
    """Return the centre of a cell."""
    return (column + 0.5) * CELL, (rows - row - 0.5) * CELL


def plane(slope, shape=(40, 40)):
    """Return elevations that rise to the east."""
    return np.broadcast_to(slope * CELL * np.arange(shape[1]), shape)


# ------------------------------------------------------------------ what a step costs
def test_tobler_is_as_published():
    assert 6 * np.exp(-3.5 * 0.05) == pytest.approx(5.037, abs=5e-4)
    assert pytest.approx(3.022, abs=5e-4) == FLAT_KPH
    assert pytest.approx(6.0 / 5.037, abs=5e-4) == DOWNHILL_GAIN
    assert tobler_factor([0.0, -0.05]) == pytest.approx([1.0, 5.037 / 6.0], abs=1e-4)
    assert np.isfinite(tobler_factor([1e6, -1e6])).all()
    assert flat_minutes(np.inf) == np.inf


def by_hand(surface):
    """Return the graph of steps by the definition, cell by cell: sampled, not vectorised."""
    rows, columns = surface.shape
    slow, height, graph = surface.slowness, surface.elevation_m, nx.DiGraph()
    graph.add_nodes_from(range(rows * columns))
    shares = (np.arange(40) + 0.5) / 40
    for number in range(rows * columns):
        row, column = divmod(number, columns)
        for down, right in STEPS:
            there = row + down, column + right
            if not (0 <= there[0] < rows and 0 <= there[1] < columns):
                continue
            length = np.hypot(down, right) * CELL
            passed = [(int(np.floor(row + down * s + 0.5)), int(np.floor(column + right * s + 0.5)))
                      for s in shares]  # fmt: skip
            stops = [(0.0, height[row, column]), (1.0, height[there])]
            if abs(down) + abs(right) == 3:
                stops.insert(1, (0.5, np.mean([height[c] for c in set(passed[10:30])])))
            cost = 0.0
            for (a, low), (b, high) in pairwise(stops):
                part = [slow[c] for c, s in zip(passed, shares, strict=True) if a < s < b]
                cost += (
                    length
                    * (b - a)
                    * np.mean(part)
                    * tobler_factor((high - low) / (length * (b - a)))
                )
            corners = {(row, there[1]), (there[0], column)} if abs(down) == abs(right) else set()
            if np.isfinite(cost) and not any(np.isinf(slow[c]) for c in corners):
                graph.add_edge(number, there[0] * columns + there[1], weight=float(cost))
    return graph


@given(seed=st.integers(0, 2**20))
def test_networkx_finds_the_same_ways_on_small_grids(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 7, 2))
    factor = rng.choice([0.0, 0.2, 0.5, 1.0], shape, p=[0.2, 0.2, 0.3, 0.3])
    surface = ground(shape, factor, rng.uniform(0, 200, shape))
    graph = by_hand(surface)
    moves = walking_moves(surface)
    assert moves.nnz == graph.number_of_edges()
    start = int(rng.integers(0, shape[0] * shape[1]))
    if factor.ravel()[start] == 0:
        return
    ends = surface.centres(np.arange(shape[0] * shape[1]))
    expected = nx.single_source_dijkstra_path_length(graph, start)
    far = np.array([expected.get(number, np.inf) for number in range(len(ends))])
    wide = np.hypot(*(ends - ends[start]).T) > 2.01 * CELL  # nearer ones are gone to directly
    wide &= factor.ravel() > 0
    found = next(iter(search_ways(surface, shapely.points(ends[[start]]), shapely.points(ends))))[1]
    assert found[wide] == pytest.approx(far[wide], rel=1e-9)


@pytest.mark.parametrize("slope", [0.0, 0.03, 0.1, 0.2])
def test_a_plane_slope_has_a_closed_form_uphill_and_downhill(slope):
    surface = ground(height=plane(slope))
    low, high = cell(20, 4), cell(20, 34)
    length = 30 * CELL
    assert flat(surface, low, high) == pytest.approx(length * tobler_factor(slope), rel=1e-9)
    assert flat(surface, high, low) == pytest.approx(length * tobler_factor(-slope), rel=1e-9)
    assert flat(surface, cell(4, 20), cell(34, 20)) <= length * (1 + 1e-9)  # along the contour


def test_steep_slopes_are_climbed_in_bends():
    """Above 29 % a zigzag is quicker, as on the ground."""
    surface = ground(height=plane(0.6))
    assert flat(surface, cell(20, 4), cell(20, 34)) < 30 * CELL * tobler_factor(0.6) * 0.95


# ------------------------------------------------------------------ how exact a grid is
def test_on_even_ground_a_way_is_at_most_three_per_cent_too_long():
    surface = ground((101, 101))
    centre = np.array([cell(50, 50, 101)])
    ends = surface.centres(np.arange(101 * 101))
    far = np.hypot(*(ends - centre).T)
    found = next(
        iter(search_ways(surface, shapely.points(centre), shapely.points(ends)))
    )[1]  # fmt: skip
    ratio = (found / np.maximum(far, 1))[far > 0]
    assert ratio.min() >= 1 - 1e-9
    assert 1.02 < ratio.max() <= WIDEST + 1e-6


@given(st.tuples(*[st.floats(500, 9_500)] * 4))
def test_places_need_not_stand_in_the_middle_of_a_cell(where):
    a, b = where[:2], where[2:]
    straight = float(np.hypot(a[0] - b[0], a[1] - b[1]))
    found = flat(ground(), a, b)
    assert straight - 1e-6 <= found <= WIDEST * straight + 2 * CELL


def test_the_way_is_as_long_as_it_says_and_ends_where_it_should():
    surface = ground()
    road = gpd.GeoSeries([shapely.LineString([(9_000, 0), (9_100, 10_000)])], crs=CRS)
    ways = least_cost_paths(surface, points((1_030, 4_010)), road)
    line = ways.geometry.iloc[0]
    assert ways["flat_m"].iloc[0] == pytest.approx(line.length, rel=1e-6)
    assert ways["length_m"].iloc[0] == line.length
    assert line.coords[0] == (1_030, 4_010)
    assert shapely.get_point(line, -1).distance(road.iloc[0]) < 1e-6
    assert line.length < 1.02 * road.iloc[0].distance(shapely.Point(1_030, 4_010)) + 50


def test_slow_ground_takes_longer_and_is_gone_around():
    slow = ground(factor=np.full((40, 40), 0.5))
    assert flat(slow, cell(20, 4), cell(20, 34)) == pytest.approx(2 * 30 * CELL)
    swamp = np.ones((40, 40))
    swamp[10:31, 15:25] = 0.1
    around = flat(ground(factor=swamp), cell(20, 4), cell(20, 34))
    assert 30 * CELL < around < 2 * 30 * CELL  # straight through would be four times as far


def test_a_limit_ends_the_search():
    surface = ground()
    ends = cell(20, 4), cell(20, 34)
    for limit, reached in ((30 * CELL - 1, False), (30 * CELL + 1, True)):
        found = next(
            iter(search_ways(surface, points(ends[0]).array, points(ends[1]).array, limit_m=limit))
        )[1]
        assert bool(np.isfinite(found[0])) == reached
    hours = 30 * CELL / 1000 / FLAT_KPH
    time = walking_time_min(surface, points(*ends), points(*ends), max_hours=hours + 0.01)
    assert time == pytest.approx(np.array([[0, hours * 60], [hours * 60, 0]]))


# ------------------------------------------------------------------ barriers
def test_a_wall_is_passed_at_its_gap():
    wall = [[(5_000, -100), (5_000, 8_000)], [(5_000, 8_600), (5_000, 10_100)]]
    a, b, gap = (2_000.0, 2_000.0), (8_000.0, 2_000.0), (5_000.0, 8_000.0)
    least = 2 * float(np.hypot(3_000, 6_000))
    found = flat(ground(walls=wall), a, b)
    assert least <= found <= WIDEST * least + 3 * CELL
    line = least_cost_paths(ground(walls=wall), points(a), points(b)).geometry.iloc[0]
    through = line.intersection(shapely.LineString([(5_000, 0), (5_000, 10_000)]))
    assert 0 <= through.y - gap[1] <= 600


def test_a_river_without_a_ford_is_not_crossed_and_with_one_it_is():
    river = gpd.GeoSeries([shapely.LineString([(-500, 5_100), (10_500, 4_700)])], crs=CRS)
    ends = points((2_000, 2_000), (2_000, 8_000))
    box = (0, 0, 10_000, 10_000)
    closed = friction_surface(box, crs=CRS, barriers=river)
    assert walking_time_min(closed, ends[:1], ends[1:])[0, 0] == np.inf
    assert least_cost_paths(closed, ends[:1], ends[1:]).empty
    ford = points((7_000, river.iloc[0].interpolate(7_505).y))
    opened = friction_surface(box, crs=CRS, barriers=river, fords=ford)
    way = least_cost_paths(opened, ends[:1], ends[1:]).geometry.iloc[0]
    assert way.intersection(river.iloc[0]).distance(ford.iloc[0]) <= 1.5 * CELL + 1


@given(
    bends=st.lists(st.floats(2_000, 8_000), min_size=2, max_size=9),
    a=st.tuples(st.floats(100, 9_900), st.floats(100, 1_900)),
    b=st.tuples(st.floats(100, 9_900), st.floats(8_100, 9_900)),
)
def test_no_river_leaks_whatever_its_course(bends, a, b):
    river = list(zip(np.linspace(-300, 10_300, len(bends)), bends, strict=True))
    assert flat(ground(walls=[river]), a, b) == np.inf
    assert flat(ground(walls=[[(y, x) for x, y in river]]), a[::-1], b[::-1]) == np.inf


@pytest.mark.parametrize("step", [1, -1])
def test_water_of_one_cell_does_not_leak_through_corners(step):
    diagonal = np.ones((20, 20))
    for row in range(20):
        diagonal[row, row if step > 0 else 19 - row] = 0
    a, b = ((2, 10), (17, 10)) if step > 0 else ((2, 8), (17, 12))
    assert flat(ground((20, 20), diagonal), cell(*a, 20), cell(*b, 20)) == np.inf


def test_a_knights_move_does_not_leap_water_or_a_ridge():
    stream = np.ones((20, 20))
    stream[10] = 0
    assert flat(ground((20, 20), stream), cell(5, 3, 20), cell(15, 9, 20)) == np.inf
    ridge = np.zeros((20, 20))
    ridge[10] = 400.0
    over = flat(ground((20, 20), height=ridge), cell(5, 3, 20), cell(15, 9, 20))
    assert over > 10_000  # the way on the flat has 2,900 m, straight up and down again more


def test_a_village_on_the_bank_reaches_the_road_on_its_own_bank():
    """The cells of the bank are touched by the river; that must not cut them off."""
    river = [(-500, 5_010), (10_500, 5_020)]
    surface = ground(walls=[river])
    road = gpd.GeoSeries([shapely.LineString([(0, 4_960), (10_000, 4_980)])], crs=CRS)
    time = walking_time_min(surface, points((2_000, 3_000), (2_000, 7_000)), road)
    assert time[0, 0] < flat_minutes(2_100)
    assert time[1, 0] == np.inf


@given(seed=st.integers(0, 2**20))
def test_a_barrier_more_never_makes_a_way_shorter(seed):
    rng = np.random.default_rng(seed)
    shape = (16, 16)
    factor, height = rng.uniform(0.2, 1, shape), rng.uniform(0, 100, shape)
    ends = points(*rng.uniform(0, 16 * CELL, (4, 2)))
    wall = rng.uniform(0, 16 * CELL, (3, 2))
    free = walking_time_min(ground(shape, factor, height), ends, ends)
    held = walking_time_min(ground(shape, factor, height, [wall]), ends, ends)
    assert np.all(held >= free - 1e-9)
    ways = least_cost_paths(ground(shape, factor, height, [wall]), ends, ends)
    lines = ways[ways["length_m"] > 0].geometry
    assert not lines.intersects(shapely.LineString(wall)).any()


def test_a_lake_is_walked_around_and_an_area_closed_is_not_entered():
    lake = gpd.GeoSeries([shapely.Point(5_000, 5_000).buffer(3_000)], crs=CRS)
    box, ends = (0, 0, 10_000, 10_000), points((1_000, 5_000), (9_000, 5_000))
    least = 2 * np.sqrt(4_000**2 - 3_000**2) + 3_000 * (np.pi - 2 * np.arccos(3 / 4))
    for what in ({"barriers": lake}, {"closed": lake}):
        surface = friction_surface(box, crs=CRS, **what)
        way = least_cost_paths(surface, ends[:1], ends[1:]).iloc[0]
        assert 0.98 * least <= way["flat_m"] <= WIDEST * least + 4 * CELL
    island = friction_surface(box, crs=CRS, barriers=lake)
    assert walking_time_min(island, points((5_000, 5_000)), ends).tolist() == [[np.inf, np.inf]]


# ------------------------------------------------------------------ rasters
def write(path, values, *, crs="EPSG:32630", left=-5_000, top=15_000, size=100.0, nodata=None):
    values = np.asarray(values)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=values.shape[0], width=values.shape[1],
        dtype=values.dtype, crs=crs, nodata=nodata,
        transform=Affine(size, 0.0, left, 0.0, -size, top),
    ) as raster:  # fmt: skip
        raster.write(values, 1)
    return path


BOX = (0, 0, 10_000, 10_000)


@pytest.mark.parametrize("size", [50.0, 1_000.0])
def test_elevation_finer_and_coarser_than_the_cells_gives_the_slope(tmp_path, size):
    count = round(20_000 / size)
    east = -5_000 + (np.arange(count) + 0.5) * size
    rising = np.broadcast_to(500 + 0.1 * east, (count, count)).astype("float32")
    file = write(tmp_path / "dem.tif", rising, size=size)
    surface = friction_surface(BOX, crs=CRS, elevation=file)
    assert flat(surface, cell(20, 4), cell(20, 34)) == pytest.approx(
        30 * CELL * tobler_factor(0.1), rel=2e-3
    )


def test_missing_elevation_counts_as_flat(tmp_path):
    hill = np.full((200, 200), -9999, dtype="int16")
    file = write(tmp_path / "dem.tif", hill, nodata=-9999)
    surface = friction_surface(BOX, crs=CRS, elevation=file)
    assert np.isnan(surface.elevation_m).all()
    assert flat(surface, cell(20, 4), cell(20, 34)) == pytest.approx(30 * CELL)
    hill[:, :100] = 300
    half = write(tmp_path / "half.tif", hill, nodata=-9999)
    surface = friction_surface(BOX, crs=CRS, elevation=half)
    assert 0.3 < np.isnan(surface.elevation_m).mean() < 0.7
    assert flat(surface, cell(20, 4), cell(20, 34)) == pytest.approx(30 * CELL)


def test_undeclared_missing_elevation_is_refused(tmp_path):
    file = write(tmp_path / "dem.tif", np.full((200, 200), -32768, dtype="int16"))
    with pytest.raises(InputError, match=r"dem\.tif: .*does not declare"):
        friction_surface(BOX, crs=CRS, elevation=file)


def test_land_cover_slows_and_water_stops(tmp_path):
    cover = np.full((200, 200), 60, dtype="uint8")
    file = write(tmp_path / "bare.tif", cover)
    free = friction_surface(BOX, crs=CRS, landcover=file)
    assert flat(free, cell(20, 4), cell(20, 34)) == pytest.approx(30 * CELL)
    cover[:] = 20
    slow = friction_surface(BOX, crs=CRS, landcover=write(tmp_path / "shrub.tif", cover))
    assert flat(slow, cell(20, 4), cell(20, 34)) == pytest.approx(30 * CELL / 0.6)
    cover[:, 95:105] = 80
    wet = friction_surface(BOX, crs=CRS, landcover=write(tmp_path / "wet.tif", cover))
    assert flat(wet, cell(20, 4), cell(20, 34)) == np.inf


def test_the_table_of_land_cover_can_be_ones_own(tmp_path):
    file = write(tmp_path / "cover.tif", np.full((200, 200), 7, dtype="uint8"))
    with pytest.raises(InputError, match=r"classes that the table.*\[7\.0\]"):
        friction_surface(BOX, crs=CRS, landcover=file)
    table = tmp_path / "speeds.csv"
    table.write_text("class_code,label,speed_factor,source\n7,Dunes,0.5,own work\n")
    surface = friction_surface(BOX, crs=CRS, landcover=file, landcover_speeds=table)
    assert set(surface.speed_factor.ravel()) == {0.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class_code,label,speed_factor\n7,x,1\n", "no column source"),
        ("class_code,label,speed_factor,source\n7,x,1.5,s\n", "speed_factor must be 0"),
        ("class_code,label,speed_factor,source\n7,x,1,s\n7,y,1,s\n", "each once"),
        ("class_code,label,speed_factor,source\n7,x,1,\n", "source must not be missing"),
    ],
)
def test_a_wrong_table_of_land_cover_is_refused(tmp_path, text, message):
    table = tmp_path / "speeds.csv"
    table.write_text(text)
    with pytest.raises(InputError, match=message):
        read_landcover_speeds(table)


def test_the_built_in_table_has_every_class_and_a_source():
    table = read_landcover_speeds()
    assert table["class_code"].tolist() == [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100]
    assert table["source"].notna().all()
    assert table.loc[table["speed_factor"] == 0, "class_code"].tolist() == [80]


def test_what_cannot_be_read_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.tif"):
        friction_surface(BOX, crs=CRS, elevation=tmp_path / "nowhere.tif")
    (tmp_path / "text.tif").write_text("not a raster")
    with pytest.raises(InputError, match=r"text\.tif"):
        friction_surface(BOX, crs=CRS, elevation=tmp_path / "text.tif")
    without = write(tmp_path / "without.tif", np.ones((200, 200), dtype="uint8"), crs=None)
    with pytest.raises(CRSError, match=r"without\.tif"):
        friction_surface(BOX, crs=CRS, elevation=without)
    with pytest.raises(CRSError, match="not in metres"):
        friction_surface(BOX, crs=4326)
    with pytest.raises(CRSError, match="coordinate reference system"):
        friction_surface(BOX, crs=CRS, barriers=points((0, 0)).set_crs(None, allow_override=True))
    with pytest.raises(InputError, match="lines or polygons"):
        friction_surface(BOX, crs=CRS, barriers=points((500, 500)))
    with pytest.raises(InputError, match="coarser"):
        friction_surface((0, 0, 1e6, 1e6), crs=CRS, resolution_m=100)
    with pytest.raises(InputError, match="bounds"):
        friction_surface((0, 0, 0, 1), crs=CRS)
    with pytest.raises(InputError, match="resolution_m"):
        friction_surface(BOX, crs=CRS, resolution_m=0)
    with pytest.raises(InputError, match="speed_factor"):
        ground((2, 2), np.full((2, 2), 1.2))
    with pytest.raises(InputError, match="one shape"):
        ground((2, 2), np.ones((2, 3)))
    with pytest.raises(CRSError, match="origins and targets"):
        walking_time_min(ground(), points((0, 0)).to_crs(4326), points((0, 0)))

"""People by zone and by place against plain geometry; count and density; none lost on the way."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from rasterio.windows import Window

from mobility_geo.errors import CRSError, InputError
from mobility_geo.sources import population
from mobility_geo.sources.population import (
    cell_areas_km2,
    population_by_zone,
    population_to_places,
    raster_quantity,
)
from mobility_geo.sources.rasters import open_raster

GEOD = pyproj.Geod(ellps="WGS84")
PLACE = Affine(0.1, 0, 2.0, 0, -0.1, 15.0)


def save(path, cells, *, crs=4326, transform=PLACE, nodata=None, unit=None, said=None, tags=None):
    cells = np.atleast_2d(np.asarray(cells))
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype=cells.dtype, nodata=nodata,
        height=cells.shape[0], width=cells.shape[1], transform=transform,
        crs=rasterio.crs.CRS.from_user_input(crs),
    ) as out:  # fmt: skip
        out.write(cells, 1)
        if unit is not None:
            out.units = (unit,)
        if said is not None:
            out.set_band_description(1, said)
        out.update_tags(**(tags or {}))
    return path


def boxes(cells, transform=PLACE):
    rows, columns = np.indices(cells.shape)
    x0, y0 = transform.a * columns + transform.c, transform.e * rows + transform.f
    return shapely.box(x0, y0 + transform.e, x0 + transform.a, y0)


def areas_of(shapes, crs=4326):
    return gpd.GeoDataFrame(
        {"pcode": [f"Z{i}" for i in range(len(shapes))]}, geometry=list(shapes), crs=crs
    )


def spots(points):
    return gpd.GeoDataFrame(
        {"place_id": [f"p{i}" for i in range(len(points))]},
        geometry=[shapely.Point(p) for p in points],
        crs=4326,
    )


def checks(reading, check):
    return reading.findings[reading.findings["check"] == check]


people = st.lists(
    st.one_of(st.just(0.0), st.floats(0.1, 5000).map(lambda v: round(v, 2))),
    min_size=24, max_size=24,
).map(lambda values: np.array(values).reshape(4, 6))  # fmt: skip
inside = st.tuples(st.floats(2.0, 2.6), st.floats(14.6, 15.0)).map(
    lambda p: (round(p[0], 4), round(p[1], 4))
)


@given(lat=st.floats(-89, 88), size=st.floats(0.001, 1), crs=st.sampled_from([4326, 4267]))
def test_cells_in_degrees_have_their_true_area(tmp_path_factory, lat, size, crs):
    path = tmp_path_factory.mktemp("r") / "a.tif"
    save(path, [[1.0]], crs=crs, transform=Affine(size, 0, 10, 0, -size, lat + size))
    with open_raster(path) as dataset:
        (got,) = cell_areas_km2(dataset, Window(0, 0, 1, 1)).ravel()
    # the upper and lower sides are parallels, so geodesics need many points
    steps = np.linspace(0, size, 200)
    lon = np.concatenate([10 + steps, 10 + size - steps])
    lats = np.concatenate([np.full(200, lat), np.full(200, lat + size)])
    area, _ = pyproj.CRS(crs).get_geod().polygon_area_perimeter(lon, lats)
    assert got * 1e6 == pytest.approx(area, rel=2e-5)


@pytest.mark.parametrize(
    ("crs", "x", "y", "cell"),
    [
        (32630, 800_000, 1_900_000, 1000),
        ("ESRI:54009", 500_000, 2e6, 1000),
        (3857, 1e5, 2.5e6, 500),
    ],
)
def test_projected_cells_have_their_true_area(tmp_path, crs, x, y, cell):
    path = save(tmp_path / "a.tif", np.ones((2, 3)), crs=crs,
                transform=Affine(cell, 0, x, 0, -cell, y))  # fmt: skip
    with open_raster(path) as dataset:
        got = cell_areas_km2(dataset, Window(0, 0, 3, 2))
    to_degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    for (i, j), area in np.ndenumerate(got):
        left, top = x + cell * j, y - cell * i
        lon, lat = to_degrees.transform(
            [left, left + cell, left + cell, left], [top, top, top - cell, top - cell]
        )
        true, _ = GEOD.polygon_area_perimeter(lon, lat)
        assert area * 1e6 == pytest.approx(abs(true), rel=1e-5)
    if crs == 3857:  # where planar area is wrong by an eighth
        assert got[0, 0] < 0.9 * cell**2 / 1e6


# ------------------------------------------------------------------ by zone
@given(cells=people, data=st.data())
def test_zones_hold_what_their_geometry_covers(tmp_path_factory, cells, data):
    path = save(tmp_path_factory.mktemp("r") / "pop_ppp.tif", cells)
    corners = data.draw(st.lists(st.tuples(inside, inside), min_size=1, max_size=4))
    shapes = [
        shapely.box(
            min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]) + 0.01, max(a[1], b[1]) + 0.01
        )
        for a, b in corners
    ]
    shapes.append(shapely.Point(2.3, 14.8).buffer(0.15))
    reading = population_by_zone(path, areas_of(shapes))
    got = reading.table["population_persons"].to_numpy()
    for shape, persons in zip(shapes, got, strict=True):
        share = shapely.area(shapely.intersection(boxes(cells), shape)) / 0.01
        if not share.any():
            assert not persons > 0, "outside the raster: nobody is known there"
            continue
        assert persons == pytest.approx(float((share * cells).sum()), rel=2e-6, abs=1e-3)


@given(cells=people)
def test_count_and_density_say_the_same(tmp_path_factory, cells):
    folder = tmp_path_factory.mktemp("r")
    save(folder / "x_ppp_2020.tif", cells)
    with open_raster(folder / "x_ppp_2020.tif") as dataset:
        area = cell_areas_km2(dataset, Window(0, 0, 6, 4))
    save(folder / "x_pd_2020.tif", cells / area)
    zones = areas_of([shapely.box(2.05, 14.72, 2.33, 14.9), shapely.box(2.33, 14.6, 2.6, 15)])
    count, density = (
        population_by_zone(folder / name, zones).table["population_persons"].to_numpy()
        for name in ("x_ppp_2020.tif", "x_pd_2020.tif")
    )
    np.testing.assert_allclose(count, density, rtol=1e-12)


def test_a_division_conserves_the_total(tmp_path):
    rng = np.random.default_rng(2)
    cells = rng.integers(0, 900, (40, 60)).astype("float32")
    path = save(tmp_path / "a_ppp.tif", cells)
    frame = shapely.box(2, 11, 8, 15)
    points = shapely.multipoints(rng.uniform([2, 11], [8, 15], (30, 2)))
    parts = shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(points)), frame)
    parts = [part for part in parts if not part.is_empty]
    reading = population_by_zone(path, areas_of(parts))
    total = float(cells.sum())
    assert reading.table["population_persons"].sum() == pytest.approx(total, rel=1e-6)
    assert checks(reading, "outside").empty
    assert checks(reading, "overlap").empty
    # another system for the zones: borders move by metres at most
    moved = population_by_zone(path, areas_of(parts).to_crs(32631))
    np.testing.assert_allclose(
        moved.table["population_persons"], reading.table["population_persons"], rtol=1e-3
    )


def test_small_windows_change_nothing(tmp_path, monkeypatch):
    rng = np.random.default_rng(4)
    cells = rng.integers(0, 900, (40, 60)).astype("float32")
    path = save(tmp_path / "a_pd.tif", cells)
    zones = areas_of([shapely.Point(4, 13).buffer(1.4), shapely.box(5, 11.03, 7.77, 14.4)])
    places = spots(rng.uniform([2, 11], [8, 15], (9, 2)))
    whole = population_by_zone(path, zones), population_to_places(path, places, zones)
    read = []
    real = population.read_window

    def watched(dataset, window, **options):
        read.append((window.width, window.height))
        return real(dataset, window, **options)

    monkeypatch.setattr(population, "read_window", watched)
    monkeypatch.setattr(population, "WINDOW_CELLS", 7)
    parts = population_by_zone(path, zones), population_to_places(path, places, zones)
    assert max(wide * high for wide, high in read) <= 60  # a strip of the file is 60 wide
    assert len(read) > 100
    for one, other in zip(whole, parts, strict=True):
        for name, table in one.tables.items():
            for column in table.select_dtypes("float"):
                np.testing.assert_allclose(
                    other.tables[name][column], table[column], rtol=1e-9, err_msg=column
                )


def test_south_up_rasters_are_read_the_right_way_up(tmp_path):
    cells = np.arange(24.0).reshape(4, 6) + 1
    up = Affine(0.1, 0, 2.0, 0, 0.1, 14.6)
    save(tmp_path / "a_ppp.tif", cells)
    save(tmp_path / "b_ppp.tif", cells[::-1], transform=up)
    zones = areas_of([shapely.box(2.05, 14.73, 2.5, 15)])
    one, other = (population_by_zone(tmp_path / f"{n}_ppp.tif", zones).table for n in "ab")
    assert one["population_persons"].tolist() == pytest.approx(other["population_persons"].tolist())


def test_people_outside_and_in_two_zones_are_told(tmp_path):
    path = save(tmp_path / "a_ppp.tif", np.full((4, 6), 100.0))
    zones = areas_of([shapely.box(2, 14.6, 2.3, 15), shapely.box(2.2, 14.6, 2.5, 15)])
    reading = population_by_zone(path, zones)
    assert reading.table["population_persons"].tolist() == pytest.approx([1200, 1200])
    assert checks(reading, "overlap")["value"].item() == pytest.approx(400)
    # only what is read around the zones is known
    assert checks(reading, "outside").empty
    gap = population_by_zone(
        path, zones.iloc[:1].assign(geometry=[zones.geometry[0].buffer(-0.02)])
    )
    assert checks(gap, "outside")["value"].item() == pytest.approx(
        1200 - gap.table["population_persons"].sum()
    )


@pytest.mark.parametrize("nodata", [-99999.0, np.nan])
def test_no_data_is_missing_not_zero(tmp_path, nodata):
    cells = np.full((4, 6), nodata)
    cells[:, :2] = 7
    path = save(tmp_path / "a_ppp.tif", cells, nodata=nodata)
    zones = areas_of([shapely.box(2, 14.6, 2.2, 15), shapely.box(2.3, 14.6, 2.5, 15),
                      shapely.box(2.1, 14.6, 2.3, 15)])  # fmt: skip
    reading = population_by_zone(path, zones)
    np.testing.assert_allclose(reading.table["population_persons"], [56, np.nan, 28])
    told = checks(reading, "no data")
    assert told["severity"].tolist() == ["warning", "note"]
    assert "Z1" in told["id"].iloc[0]
    assert "Z2" in told["id"].iloc[1]


def test_zero_as_no_data_is_nobody(tmp_path):
    cells = np.zeros((4, 6))
    cells[0, 0] = 9
    path = save(tmp_path / "a_ppp.tif", cells, nodata=0)
    zones = areas_of([shapely.box(2, 14.6, 2.3, 15), shapely.box(2.3, 14.6, 2.5, 15)])
    assert population_by_zone(path, zones).table["population_persons"].tolist() == [9, 0]


def test_undeclared_nodata_is_told_and_kept_out(tmp_path):
    cells = np.full((4, 6), 100.0)
    cells[:, 3:] = -99999
    path = save(tmp_path / "a_ppp.tif", cells)
    reading = population_by_zone(path, areas_of([shapely.box(2, 14.6, 2.6, 15)]))
    assert reading.table["population_persons"].tolist() == pytest.approx([1200])
    assert checks(reading, "undeclared nodata")["value"].tolist() == [12]
    said = population_by_zone(path, areas_of([shapely.box(2, 14.6, 2.6, 15)]), nodata=-99999)
    assert checks(said, "undeclared nodata").empty
    cells[0, 0] = -3
    save(path, cells)
    with pytest.raises(InputError, match="13 cells have fewer than no people"):
        population_by_zone(path, areas_of([shapely.box(2, 14.6, 2.6, 15)]))


# ------------------------------------------------------------------ count or density
@pytest.mark.parametrize(
    ("name", "options", "quantity"),
    [
        ("mli_ppp_2020.tif", {}, "count"),
        ("mli_ppp_2020_1km_Aggregated.tif", {}, "count"),
        ("MLI_pop_2020_CN_100m_R2025A_v1.tif", {}, "count"),
        ("mli_pd_2020_1km_UNadj.tif", {}, "density_per_km2"),
        ("gpw_v4_population_count_rev11_2020_30_sec.tif", {}, "count"),
        (
            "gpw_v4_population_density_adjusted_to_2015_unwpp_country_totals.tif",
            {},
            "density_per_km2",
        ),
        ("GHS_POP_E2020_GLOBE_R2023A_54009_100_V1_0.tif", {}, "count"),
        ("people.tif", {"unit": "persons"}, "count"),
        ("people.tif", {"unit": "people per sq. km"}, "density_per_km2"),
        ("people.tif", {"said": "Population Density, 2020"}, "density_per_km2"),
        ("people.tif", {"tags": {"TIFFTAG_IMAGEDESCRIPTION": "people per pixel"}}, "count"),
        ("people.tif", {}, None),
        ("afripop2020.tif", {}, None),
        ("landuse_updated.tif", {}, None),
        ("mli_ppp_2020.tif", {"unit": "persons/km2"}, None),
    ],
)
def test_what_files_say_is_found(tmp_path, name, options, quantity):
    path = save(tmp_path / name, np.ones((4, 6)), **options)
    assert raster_quantity(path)[0] == quantity
    zones = areas_of([shapely.box(2, 14.6, 2.6, 15)])
    if quantity is None:
        with pytest.raises(InputError, match=r"people per cell or per km2.*quantity='count'"):
            population_by_zone(path, zones)
    else:
        words = checks(population_by_zone(path, zones), "quantity")["finding"].item()
        assert words.startswith(quantity)


def test_what_is_said_against_the_file_is_told(tmp_path):
    path = save(tmp_path / "mli_pd_2020.tif", np.ones((4, 6)))
    zones = areas_of([shapely.box(2, 14.6, 2.6, 15)])
    reading = population_by_zone(path, zones, quantity="count")
    assert checks(reading, "quantity")["severity"].tolist() == ["warning"]
    assert reading.table["population_persons"].tolist() == pytest.approx([24])
    with pytest.raises(InputError, match="quantity must be"):
        population_by_zone(path, zones, quantity="density")


def test_density_taken_for_a_count_is_refused(tmp_path):
    # cells of 100 m in a town of 20,000 per km2
    fine = Affine(0.001, 0, 2.0, 0, -0.001, 15.0)
    path = save(tmp_path / "town.tif", np.full((40, 60), 20_000.0), transform=fine)
    zones = areas_of([shapely.box(2, 14.96, 2.06, 15)])
    with pytest.raises(InputError, match=r"beyond belief.*quantity='density_per_km2'"):
        population_by_zone(path, zones, quantity="count")
    right = population_by_zone(path, zones, quantity="density_per_km2").table
    persons = float(right["population_persons"].iloc[0])
    area = GEOD.geometry_area_perimeter(shapely.segmentize(zones.geometry[0], 0.001))[0]
    assert persons == pytest.approx(20_000 * abs(area) / 1e6, rel=1e-6)
    with pytest.raises(InputError, match=r"known are .* say quantity='density_per_km2'"):
        population_by_zone(path, zones, quantity="count", known_total=persons)
    close = population_by_zone(path, zones, quantity="density_per_km2", known_total=persons * 1.05)
    assert checks(close, "known total")["severity"].tolist() == ["note"]
    off = population_by_zone(path, zones, quantity="density_per_km2", known_total=persons * 1.3)
    assert checks(off, "known total")["severity"].tolist() == ["warning"]
    with pytest.raises(InputError, match="known_total must be"):
        population_by_zone(path, zones, quantity="density_per_km2", known_total=0)


def test_a_marker_that_is_not_declared_is_refused(tmp_path):
    cells = np.full((4, 6), 50.0)
    cells[0, 0] = 4294967295
    path = save(tmp_path / "a_ppp.tif", cells)
    zones = areas_of([shapely.box(2, 14.6, 2.6, 15)])
    with pytest.raises(InputError, match=r"nodata=4.29497e\+09"):
        population_by_zone(path, zones)
    reading = population_by_zone(path, zones, nodata=4294967295)
    assert reading.table["population_persons"].tolist() == pytest.approx([23 * 50])


# ------------------------------------------------------------------ to places
@settings(max_examples=60)
@given(
    cells=people, points=st.lists(inside, min_size=1, max_size=6, unique=True),
    limit=st.sampled_from([5_000.0, 15_000.0, 1e7]),
)  # fmt: skip
def test_people_go_to_the_nearest_place(tmp_path_factory, cells, points, limit):
    path = save(tmp_path_factory.mktemp("r") / "a_ppp.tif", cells)
    reading = population_to_places(path, spots(points), max_distance_m=limit)
    places, rest = reading.tables["places"], reading.tables["remainder"]
    total = float(cells.sum())
    given_persons = float(places["population_persons"].sum())
    assert given_persons + rest["persons"].sum() == pytest.approx(total, rel=1e-9)
    # everything by hand, with geodesics
    expected = np.zeros(len(points))
    for (i, j), persons in np.ndenumerate(cells):
        lon, lat = 2.05 + 0.1 * j, 14.95 - 0.1 * i
        far = [GEOD.inv(lon, lat, x, y)[2] for x, y in points]
        best = np.sort(far)[:2]
        if (len(best) > 1 and best[1] - best[0] < 2) or abs(best[0] - limit) < 2:
            return  # too close to call
        if best[0] <= limit:
            expected[int(np.argmin(far))] += persons
    np.testing.assert_allclose(places["population_persons"], expected, rtol=1e-9, atol=1e-9)
    assert (rest["distance_m"] > limit).all()


@given(cells=people, cut=st.floats(2.02, 2.58), points=st.lists(inside, min_size=0, max_size=4))
def test_people_stay_in_their_zone(tmp_path_factory, cells, cut, points):
    path = save(tmp_path_factory.mktemp("r") / "a_ppp.tif", cells)
    zones = areas_of([shapely.box(2, 14.6, cut, 15), shapely.box(cut, 14.6, 2.6, 15)])
    points = [(2.01, 14.61), *points]  # the first zone always has one
    reading = population_to_places(path, spots(points), zones, max_distance_m=1e7)
    by_zone = population_by_zone(path, zones).table["population_persons"].to_numpy()
    balance = reading.tables["balance"]
    np.testing.assert_allclose(balance["inside_persons"], by_zone, rtol=1e-12)
    np.testing.assert_allclose(
        balance["given_persons"] + balance["remainder_persons"], by_zone, rtol=1e-9, atol=1e-9
    )
    places = reading.tables["places"]
    west = np.array([x <= cut for x, _ in points])
    assert places.loc[west, "population_persons"].sum() == pytest.approx(by_zone[0], rel=1e-9)
    rest = reading.tables["remainder"]
    if west.all():
        assert set(rest["reason"]) <= {"no place in zone"}
        assert rest["distance_m"].isna().all()
        assert rest["persons"].sum() == pytest.approx(by_zone[1], rel=1e-9)


def test_the_remainder_says_where(tmp_path, monkeypatch):
    cells = np.zeros((4, 6))
    cells[0, 0], cells[3, 5], cells[3, 4] = 10, 20, 60
    path = save(tmp_path / "a_ppp.tif", cells)
    reading = population_to_places(path, spots([(2.05, 14.95)]), max_distance_m=1000)
    rest = reading.tables["remainder"].sort_values("persons")
    assert rest["persons"].tolist() == [20, 60]
    np.testing.assert_allclose(rest.geometry.x, [2.55, 2.45])
    np.testing.assert_allclose(rest.geometry.y, [14.65, 14.65])
    assert rest.crs == "EPSG:4326"
    assert rest["distance_m"].iloc[0] == pytest.approx(GEOD.inv(2.05, 14.95, 2.55, 14.65)[2], abs=1)
    told = checks(reading, "remainder")
    assert told["persons"].tolist() == [80]
    assert told.geometry.iloc[0].equals(shapely.Point(2.45, 14.65))
    # where there are too many cells, blocks of them, at the middle of their people
    monkeypatch.setattr(population, "REMAINDER_BLOCKS", 6)
    blocks = population_to_places(path, spots([(2.05, 14.95)]), max_distance_m=1000)
    (row,) = blocks.tables["remainder"].itertuples()
    assert row.persons == 80
    assert row.geometry.x == pytest.approx(2.475)


def test_places_in_no_zone_or_on_one_spot_are_told(tmp_path):
    path = save(tmp_path / "a_ppp.tif", np.full((4, 6), 10.0))
    zones = areas_of([shapely.box(2, 14.6, 2.6, 15)])
    places = spots([(2.1, 14.7), (2.1, 14.7), (-2.1, 14.7)]).assign(
        population_persons=[1, 2, np.nan]
    )
    reading = population_to_places(path, places, zones)
    got = reading.tables["places"]["population_persons"].tolist()
    assert got[1:] == [0, 0]
    assert checks(reading, "one position")["value"].tolist() == [1]
    assert "p2" in checks(reading, "outside")["id"].item()
    assert checks(reading, "replaced")["value"].tolist() == [2]
    assert checks(reading, "nobody")["value"].tolist() == [2]
    assert places["population_persons"].iloc[0] == 1  # the input is as it was
    zones = areas_of([shapely.box(2, 14.6, 2.2, 15), shapely.box(2.2, 14.6, 2.6, 15)])
    coded = spots([(2.1, 14.7), (2.3, 14.7), (2.5, 14.9)]).assign(pcode=["Z1", "Z1", "ML01"])
    told = checks(population_to_places(path, coded, zones), "zone of place")
    assert told["id"].tolist() == ["1 places, e.g. ['p0']"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"places": gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.Point(2, 15)], crs=4326)},
         InputError, "no column 'place_id'"),
        ({"places": spots([])}, InputError, "no rows"),
        ({"places": spots([(2.1, 14.7)]).set_crs(None, allow_override=True)}, CRSError, "set_crs"),
        ({"places": spots([(2.1, 14.7)] * 2).assign(place_id="a")}, InputError, "once each; .* 2"),
        ({"places": spots([(2.1, 14.7)]).assign(geometry=[shapely.box(2, 14, 3, 15)])},
         InputError, "needs a point"),
        ({"max_distance_m": 0}, InputError, "max_distance_m"),
        ({"zones": areas_of([shapely.box(50, 50, 51, 51)])}, InputError, "lies elsewhere"),
        ({"zones": areas_of([shapely.box(2, 14, 3, 15)]).drop(columns="pcode")}, InputError,
         "no column 'pcode'"),
        ({"zones": areas_of([shapely.box(2, 14, 3, 15)] * 2).assign(pcode="a")}, InputError,
         "pcode must be there once"),
        ({"zones": areas_of([shapely.Point(2, 15)])}, InputError, "sound area"),
        ({"zones": areas_of([shapely.Polygon([(2, 14), (3, 15), (3, 14), (2, 15)])])}, InputError,
         "make_valid"),
        ({"zones": areas_of([])}, InputError, "no rows"),
        ({"zones": areas_of([shapely.box(2, 14, 3, 15)], None)}, CRSError, "set_crs"),
    ],
)  # fmt: skip
def test_unsound_input_is_one_clear_error(tmp_path, change, error, words):
    path = save(tmp_path / "a_ppp.tif", np.full((4, 6), 10.0))
    usual = {"places": spots([(2.1, 14.7)]), "zones": areas_of([shapely.box(2, 14.6, 2.6, 15)])}
    with pytest.raises(error, match=words):
        population_to_places(path, **{**usual, **change})


# ------------------------------------------------------------------ a real one
@pytest.fixture(scope="module")
def mali(reference_dir):
    folder = reference_dir / "cod_ab_mali"
    zones = gpd.read_file(folder / "mli_admbnda_adm1_gov_ocha_itos.shp")
    zones = zones.rename(columns={"admin1Pcod": "pcode"})
    zones["geometry"] = zones.make_valid()
    table = pd.read_csv(folder / "settlements.csv")
    places = gpd.GeoDataFrame(
        {"place_id": table["pcode"], "name": table["featureNam"]},
        geometry=gpd.points_from_xy(table["longitude"], table["latitude"]), crs=4326,
    )  # fmt: skip
    return reference_dir / "population" / "afripop2020.tif", zones, places


def test_people_of_mali(mali):
    raster, zones, places = mali
    with pytest.raises(InputError, match="people per cell or per km2"):
        population_by_zone(raster, zones)
    with pytest.raises(InputError, match="say quantity='density_per_km2'"):
        population_by_zone(raster, zones, quantity="count", known_total=20e6)
    assert len(checks(population_by_zone(raster, zones, quantity="count"), "thinly peopled")) == 1
    reading = population_by_zone(raster, zones, quantity="density_per_km2", known_total=20e6)
    persons = reading.table.set_index("pcode")["population_persons"]
    assert 18e6 < persons.sum() < 22e6
    assert persons.idxmax() == "ML02"  # Koulikoro, with the outskirts of Bamako
    assert persons.idxmin() == "ML08"  # Kidal
    assert reading.publisher == "WorldPop"
    given_out = population_to_places(raster, places, zones, quantity="density_per_km2")
    balance = given_out.tables["balance"].set_index("pcode")
    np.testing.assert_allclose(balance["inside_persons"], persons, rtol=1e-12)
    left = float(given_out.tables["remainder"]["persons"].sum())
    got = float(given_out.tables["places"]["population_persons"].sum())
    assert got + left == pytest.approx(float(persons.sum()), rel=1e-9)
    assert len(given_out.tables["places"]) == 18_769
    assert 0 < left < 0.02 * got

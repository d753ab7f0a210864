"""Files of routes: layers that open styled, tracks that other programs read, rows for everybody."""

import xml.etree.ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from mobility_geo.batch import plan_routes, write_routes
from mobility_geo.datasets import load_toy
from mobility_geo.export.routes import request_table, route_layers, write_gpx
from mobility_geo.schema import PLANNED_REQUESTS, ROUTE_LEGS, ROUTES, conform

GPX = "{http://www.topografix.com/GPX/1/1}"


@pytest.fixture(scope="module")
def found():
    case = load_toy()
    table = pd.DataFrame(
        [("Northtown", "Midtown"), ("Northtown", "Northtown"), ("Midtown", "Southtown"),
         ("Oasis", "Midtown"), ("Rivertown", "Midtown")],
        columns=["origin", "destination"],
    ).assign(request_id=["a", "b & <c>", "d", "e", "f"])  # fmt: skip
    return plan_routes(case, table, profile="truck", nationality="TOA")


@pytest.fixture(scope="module")
def files(found, tmp_path_factory):
    folder = tmp_path_factory.mktemp("routes é")
    return write_routes(
        found, folder / "routes.gpkg", gpx=folder / "routes.gpx", csv=folder / "routes.csv"
    )


def test_the_geopackage_has_every_layer_styled_and_described(files, found):
    listed = dict(pyogrio.list_layers(files[0]))
    assert listed["routes"] == "LineString"
    assert listed["unmet_requests"] == "Point"
    assert {"route_legs", "planned_requests", "run_info"} <= set(listed)
    styles = pyogrio.read_dataframe(files[0], layer="layer_styles")
    assert set(styles["f_table_name"]) == {"unmet_requests", "routes", "route_legs"}
    assert bool(styles["useAsDefault"].all())
    routes = gpd.read_file(files[0], layer="routes")
    assert len(routes) == len(found.routes)
    assert routes.crs == "EPSG:4326"
    for one, two in zip(routes.geometry, found.routes.geometry, strict=True):
        assert (one is None) == (two is None)
        assert one is None or shapely.equals_exact(one, two, tolerance=1e-9)
    unmet = gpd.read_file(files[0], layer="unmet_requests")
    assert unmet["request_id"].tolist() == ["d", "e"]
    assert unmet["reason"].tolist() == ["no_mode", "off_network"]
    told = pyogrio.read_dataframe(files[0], layer="run_info").set_index("key")["value"]
    assert told["overlap"] == "0.5"
    assert "safe" in told["conditional"] or "depend on security" in told["conditional"]


@pytest.mark.parametrize(
    ("layer", "schema"),
    [("routes", ROUTES), ("route_legs", ROUTE_LEGS), ("planned_requests", PLANNED_REQUESTS)],
)
def test_layers_hold_to_their_schema_when_read_again(files, layer, schema):
    assert conform(pyogrio.read_dataframe(files[0], layer=layer), schema)[1] == []


def test_styles_name_every_value_that_occurs(found):
    layers = {
        layer.name: layer
        for layer in route_layers(
            found.requests, found.routes, found.legs, load_toy().network.places, {}
        )
    }
    for name, column in (("unmet_requests", "reason"), ("routes", "map_class"),
                         ("route_legs", "mode")):  # fmt: skip
        for value in set(layers[name].frame[column]):
            assert f'value="{value}"' in layers[name].style


def test_gpx_is_read_by_gdal_as_it_was_written(files, found):
    tracks = pyogrio.read_dataframe(files[1], layer="tracks")
    drawn = found.routes[found.routes.geometry.notna()]
    assert tracks["name"].tolist() == ["a: Northtown to Midtown", "f: Rivertown to Midtown"]
    assert tracks["type"].tolist() == drawn["modes"].tolist()
    for one, two in zip(tracks.geometry, drawn.geometry, strict=True):
        np.testing.assert_allclose(
            shapely.get_coordinates(one), shapely.get_coordinates(two), atol=1e-6
        )


def test_gpx_has_the_elements_of_its_schema_in_their_order(files):
    root = ET.parse(files[1]).getroot()  # noqa: S314  # our own file
    assert root.tag == f"{GPX}gpx"
    assert root.attrib["version"] == "1.1"
    assert root.attrib["creator"]
    assert [child.tag for child in root] == [f"{GPX}metadata", *[f"{GPX}trk"] * 2]
    assert [child.tag for child in root[0]] == [f"{GPX}name", f"{GPX}desc"]
    for track in root[1:]:
        parts = [child.tag.removeprefix(GPX) for child in track]
        assert parts == ["name", "desc", "type", "trkseg"]
        for point in track[-1]:
            assert -90 <= float(point.attrib["lat"]) <= 90
            assert -180 <= float(point.attrib["lon"]) <= 180


def test_gpx_keeps_signs_of_xml_in_names(found, tmp_path):
    named = found.routes.assign(origin_name='A & <B> "\x07é"')
    file = write_gpx(named, tmp_path / "x.gpx", name="A & B")
    assert pyogrio.read_dataframe(file, layer="tracks")["name"][0] == (
        'a: A & <B> "é" to Midtown'
    )  # fmt: skip
    assert write_gpx(named, tmp_path / "y.gpx", name="A & B").read_bytes() == file.read_bytes()


def test_every_request_is_in_the_plain_table(files, found):
    table = pd.read_csv(files[2])
    assert table["request_id"].tolist() == ["a", "b & <c>", "d", "e", "f"]
    assert table["time_min"].isna().tolist() == [False, False, True, True, False]
    assert bool(table["explanation"].notna().all())
    assert table["reason"].fillna("").tolist() == ["", "", "no_mode", "off_network", ""]
    joined = request_table(found.requests, found.routes)
    assert joined["route"].isna().tolist() == [False, False, True, True, False]

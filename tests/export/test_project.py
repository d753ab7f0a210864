"""The QGIS project: complete, relative, the same bytes each time."""

import datetime as dt
import zipfile
from xml.etree import ElementTree as ET

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from mobility_geo.export.layers import LAYERS, result_layers
from mobility_geo.export.notice import MARK, NOTICE
from mobility_geo.export.project import (
    GROUPS,
    MAP_MM,
    THEMES,
    _bar_km,
    _fitted,
    layers_extent,
    write_project,
)
from mobility_geo.geopackage import Layer

PERIOD = (dt.date(2013, 1, 11), dt.date(2013, 2, 21))


def read(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [f"{path.stem}.qgs"]
        return ET.fromstring(archive.read(archive.namelist()[0]))  # noqa: S314


@pytest.fixture(scope="module")
def layers(toy):
    return result_layers(toy)


@pytest.fixture
def project(layers, tmp_path):
    path = tmp_path / "results.qgz"
    write_project(path, layers, data="results.gpkg", title="Gao & <Kidal>", period=PERIOD)
    return read(path)


def test_the_same_layers_give_the_same_bytes(layers, tmp_path):
    one, two = (
        write_project(tmp_path / name / "x.qgz", layers, data="x.gpkg", title="X").read_bytes()
        for name in ("a", "b")
        if (tmp_path / name).mkdir() is None
    )
    assert one == two


def test_every_layer_is_there_with_its_style(project, layers):
    maps = project.findall("projectlayers/maplayer")
    assert [one.findtext("shortname") for one in maps] == list(LAYERS)
    for one, layer in zip(maps, layers, strict=True):
        assert one.findtext("datasource") == f"./results.gpkg|layername={layer.name}"
        assert one.findtext("resourceMetadata/abstract").startswith(NOTICE)
        assert (one.find("renderer-v2") is not None) == layer.is_spatial
        assert (one.findtext("srs/spatialrefsys/authid") == "EPSG:4326") == layer.is_spatial


def test_paths_are_relative(project):
    assert project.findtext("properties/Paths/Absolute") == "false"
    sources = [one.text for one in project.iter("datasource")]
    sources += [one.get("source") for one in project.iter("layer-tree-layer")]
    assert all(text.startswith("./results.gpkg|layername=") for text in sources)


def test_the_tree_keeps_the_drawing_order(project):
    tree = project.find("layer-tree-group")
    ids = [one.get("id").removesuffix("_mobility_geo") for one in tree.iter("layer-tree-layer")]
    assert ids == list(LAYERS)
    assert tuple(name for _, names in GROUPS for name in names) == LAYERS


def test_themes_name_layers_that_exist(project):
    presets = project.findall("visibility-presets/visibility-preset")
    assert [one.get("name") for one in presets] == [theme.name for theme in THEMES]
    for theme, preset in zip(THEMES, presets, strict=True):
        assert set(theme.layers) <= set(LAYERS)
        shown = [one.get("id").removesuffix("_mobility_geo") for one in preset.findall("layer")]
        assert shown == [name for name in LAYERS if name in theme.layers]


def test_it_opens_on_the_first_theme(project):
    tree = project.find("layer-tree-group")
    seen = {
        one.get("id").removesuffix("_mobility_geo")
        for one in tree.iter("layer-tree-layer")
        if one.get("checked") == "Qt::Checked"
    }
    assert seen == set(THEMES[0].layers)


def test_what_is_not_ticked_stays_so_in_themes(project):
    preset = next(
        one
        for one in project.findall("visibility-presets/visibility-preset")
        if one.get("name") == "2 Way stations within reach"
    )
    ticked = {one.get("id"): one for one in preset.findall("checked-legend-nodes")}
    nodes = [one.get("id") for one in ticked["reachable_mobility_geo"]]
    assert nodes == ["0", "1", "2", "3"]


def test_time_and_titles(project):
    assert project.findtext("title") == "Gao & <Kidal>"
    start = project.findtext("ProjectTimeSettings/TemporalRange/start")
    end = project.findtext("ProjectTimeSettings/TemporalRange/end")
    assert (start, end) == ("2013-01-11T00:00:00Z", "2013-02-21T23:59:59Z")


def test_each_layout_has_all_that_a_map_needs(project):
    layouts = project.findall("Layouts/Layout")
    assert [one.get("name") for one in layouts] == [theme.name for theme in THEMES]
    for layout in layouts:
        items = layout.findall("LayoutItem")
        kinds = sorted(one.get("type") for one in items)
        assert kinds == ["65639", "65640", "65641", "65641", "65641", "65641", "65642", "65646"]
        texts = [one.get("labelText") for one in items if one.get("type") == "65641"]
        assert "Gao & <Kidal>" in texts
        assert MARK in texts
        assert any(NOTICE in text for text in texts)
        the_map = next(one for one in items if one.get("type") == "65639")
        assert the_map.get("followPresetName") == layout.get("name")
        keys = [one.get("uuid") for one in layout.iter("LayoutItem")]
        assert len(keys) == len(set(keys))


def test_a_legend_on_paper_shows_what_there_is(nobody, tmp_path):
    path = tmp_path / "results.qgz"
    write_project(path, result_layers(nobody), data="results.gpkg", title="Nobody")
    first = read(path).find("Layouts/Layout")
    legend = next(one for one in first.findall("LayoutItem") if one.get("type") == "65642")
    listed = {one.get("id") for one in legend.iter("layer-tree-layer")}
    assert "stranded_mobility_geo" not in listed
    assert "crossings_mobility_geo" in listed


def test_layers_without_style_or_rows_are_no_obstacle(tmp_path):
    empty = gpd.GeoDataFrame({"a": []}, geometry=[], crs=4326)
    path = write_project(
        tmp_path / "x.qgz", [Layer(name="mine", frame=empty)], data="x.gpkg", title="X"
    )
    assert read(path).find("ProjectTimeSettings") is None
    assert layers_extent([Layer(name="mine", frame=empty)]) == (-180, -90, 180, 90)


@given(st.floats(-170, 170), st.floats(-80, 70), st.floats(0.01, 300), st.floats(0.01, 150))
def test_the_map_on_the_page_shows_the_whole_extent(west, south, width, height):
    extent = (west, south, west + width, south + height)
    fitted = _fitted(extent)
    assert fitted[0] <= extent[0] + 1e-9
    assert fitted[1] <= extent[1] + 1e-9
    assert fitted[2] >= extent[2] - 1e-9
    assert fitted[3] >= extent[3] - 1e-9
    shape = (fitted[2] - fitted[0]) / (fitted[3] - fitted[1])
    assert shape == pytest.approx(MAP_MM[2] / MAP_MM[3], rel=1e-6)


@given(st.floats(0.001, 60))
def test_the_scale_bar_is_round_and_fits(width):
    length = _bar_km((0, 10, width, 11))
    digits = f"{length:e}".split("e")[0].rstrip("0").rstrip(".")
    assert digits in {"1", "2", "5"}
    whole = gpd.GeoSeries([shapely.Point(0, 10.5), shapely.Point(width, 10.5)], crs=4326)
    metres = whole.to_crs("+proj=aeqd +lat_0=10.5").distance(whole.to_crs(
        "+proj=aeqd +lat_0=10.5").iloc[0]).max()  # fmt: skip
    # two segments of the bar take at most a quarter of the map
    assert 2 * length * 1000 <= max(0.25 * metres, 2.0)

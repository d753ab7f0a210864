"""Layers: people conserved, everything described, shapes where they should be."""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from mobility_geo.export.layers import LAYERS, _cells, bent_lines, result_layers
from mobility_geo.export.notice import NOTICE
from mobility_geo.geopackage import read_layers, write_geopackage
from mobility_geo.outcomes.summaries import status_by_zone


@pytest.fixture(scope="session", params=["toy", "mali", "nobody"])
def case(request):
    results = request.getfixturevalue(request.param)
    return results, {layer.name: layer for layer in result_layers(results)}


def people(frame, column="persons"):
    return int(frame[column].sum())


def stranded_rows(results):
    status = results.status
    return status[(status["base"] == "movers") & (status["status"] == "stranded")]


def test_names_and_order(case):
    _, layers = case
    assert tuple(layers) == LAYERS


def test_every_layer_is_styled_described_and_marked(case):
    _, layers = case
    for layer in layers.values():
        assert layer.abstract.startswith(NOTICE)
        assert layer.title
        shape = layer.frame.active_geometry_name if layer.is_spatial else None
        assert set(layer.columns) == {name for name in layer.frame.columns if name != shape}
        empty = [name for name, words in layer.columns.items() if not all(words)]
        assert empty == []
        assert layer.is_spatial == (layer.name != "run_info") == (layer.style is not None)
        if layer.is_spatial:
            assert 'alias field="' in layer.style


def test_layers_are_in_the_crs_of_the_network(case):
    results, layers = case
    for layer in layers.values():
        if layer.is_spatial:
            assert layer.frame.crs == results.case.network.crs


def test_shapes_have_the_type_of_their_layer(case):
    _, layers = case
    for layer in layers.values():
        if layer.is_spatial:
            assert set(layer.frame.geom_type.dropna()) <= {layer.geometry_type}
            shapes = layer.frame.geometry.dropna()
            assert shapes.is_valid.all()
            assert not shapes.is_empty.any() or layer.name == "disruptions"


def test_stranded_people_are_all_there_at_both_ends(case):
    results, layers = case
    rows = stranded_rows(results)
    for name in ("stranded", "stranded_held_at"):
        frame = layers[name].frame
        for column in ("persons", "persons_low", "persons_high"):
            assert people(frame, column) == people(rows, column)
        assert frame.geometry.notna().all()


def test_places_and_zones_hold_everybody(case):
    results, layers = case
    for base, column in (("movers", "movers_persons"), ("residents", "residents_persons")):
        total = people(results.status[results.status["base"] == base])
        assert people(layers["places"].frame, column) == total
        assert people(layers["status_by_zone"].frame, column) == total


def test_flows_are_conserved(case):
    results, layers = case
    frame = layers["od_flows"].frame
    for rule in set(results.od_flows["rule"]):
        for column in ("flow_persons", "unserved_persons"):
            made = people(frame[frame["rule"] == rule], column)
            assert made == people(results.od_flows[results.od_flows["rule"] == rule], column)
    assert not frame.duplicated(["rule", "origin_id", "destination_id"]).any()


def test_arrows_have_three_points_and_lead_from_origin_to_destination(case):
    results, layers = case
    frame = layers["od_flows"].frame
    points = results.case.network.places.set_index("place_id").geometry
    for row in frame.itertuples():
        here = row.origin_id == row.destination_id or pd.isna(row.destination_id)
        assert (row.geometry is None) == here
        if not here:
            start, middle, end = shapely.points(shapely.get_coordinates(row.geometry))
            assert start.equals(points[row.origin_id])
            assert end.equals(points[row.destination_id])
            assert shapely.LineString([start, end]).distance(middle) > 0.1 * start.distance(end)


def test_reachable_keeps_every_row_and_draws_no_point(case):
    results, layers = case
    frame = layers["reachable"].frame
    pd.testing.assert_frame_equal(
        pd.DataFrame(frame.drop(columns=["geometry", "map_class"])),
        results.reachable.reset_index(drop=True),
    )
    assert (frame.geometry.dropna().length > 0).all()


def test_every_place_lies_in_the_catchment_of_its_station(case):
    results, layers = case
    areas = layers["catchments"].frame
    points = results.case.network.places.set_index("place_id").geometry
    by_station = dict(zip(areas["waystation_id"].fillna("none"), areas.geometry, strict=True))
    for row in results.catchments.itertuples():
        station = "none" if pd.isna(row.waystation_id) else row.waystation_id
        assert by_station[station].distance(points[row.place_id]) < 1.0
    assert areas["places"].sum() == len(results.catchments)
    # areas meet at their borders only
    together = shapely.union_all(areas.geometry.array).area
    assert areas.area.sum() == pytest.approx(together, rel=1e-6)


def test_neighbouring_catchments_have_other_colours(case):
    _, layers = case
    areas = layers["catchments"].frame
    left, right = areas.sindex.query(areas.geometry, predicate="intersects")
    colours = areas["map_colour"].to_numpy()
    same = [(a, b) for a, b in zip(left, right, strict=True) if a < b and colours[a] == colours[b]]
    assert same == []


def test_edges_that_nothing_touches_are_open(toy):
    results = dataclasses.replace(toy, edge_conditions=toy.edge_conditions.iloc[:0])
    layers = {layer.name: layer for layer in result_layers(results)}
    assert set(layers["edges"].frame["state"]) == {"open"}
    assert len(layers["edges"].frame) == len(results.case.network.edges)


def test_people_in_no_zone_are_kept_without_a_shape(toy):
    status = toy.status.copy()
    status["pcode"] = status["pcode"].where(status["place_id"] != "northtown", None)
    results = dataclasses.replace(toy, status=status)
    frame = {layer.name: layer for layer in result_layers(results)}["status_by_zone"].frame
    outside = frame[frame["pcode"].isna()]
    assert len(outside) == 1
    assert outside.geometry.isna().all()
    assert people(frame, "movers_persons") == people(status[status["base"] == "movers"])
    assert status_by_zone(results)["pcode"].isna().sum() == 1


def test_results_are_not_changed(toy):
    before = {name: getattr(toy, name).copy() for name in ("status", "reachable", "disruptions")}
    result_layers(toy)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(getattr(toy, name)), pd.DataFrame(frame))


def test_layers_survive_the_file(case, tmp_path):
    _, layers = case
    file = write_geopackage(tmp_path / "results.gpkg", list(layers.values()))
    back = read_layers(file)
    assert tuple(back) == LAYERS
    for name, layer in layers.items():
        assert len(back[name]) == len(layer.frame)
        assert list(back[name].columns) == [
            "geometry" if column == "geometry" else column for column in layer.frame.columns
        ]
        if layer.is_spatial:
            assert back[name].crs.to_epsg() == 4326


def test_lines_without_length_or_end_are_none():
    starts = np.array([shapely.Point(0, 0), shapely.Point(0, 0), None], dtype=object)
    ends = np.array([shapely.Point(0, 0), shapely.Point(4, 0), shapely.Point(1, 1)], dtype=object)
    lines = bent_lines(starts, ends, bulge=0.25)
    assert lines[0] is None
    assert lines[2] is None
    assert shapely.get_coordinates(lines[1]).tolist() == [[0, 0], [2, 1], [4, 0]]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_cells_share_out_the_land(count):
    land = np.array([shapely.box(0, 0, 10, 10), shapely.box(20, 0, 30, 10)], dtype=object)
    points = np.full(count, None, dtype=object)
    points[:] = [shapely.Point(1 + 2 * at, 5) for at in range(count)]
    cells = _cells(points, land)
    assert len(cells) == count
    if count:
        # the second zone holds no place: it is nobody's
        assert shapely.union_all(cells).area == pytest.approx(100)
        assert all(cell.covers(point) for cell, point in zip(cells, points, strict=True))


def test_places_at_the_same_spot_share_their_cell():
    land = np.array([shapely.box(0, 0, 10, 10)], dtype=object)
    points = np.array([shapely.Point(2, 5), shapely.Point(2, 5), shapely.Point(8, 5)], dtype=object)
    first, second, third = _cells(points, land)
    assert first.equals(second)
    assert first.area + third.area == pytest.approx(100)


def test_a_place_outside_every_zone_has_no_land():
    land = np.array([shapely.box(0, 0, 10, 10)], dtype=object)
    points = np.array([shapely.Point(5, 5), shapely.Point(50, 5), None], dtype=object)
    cells = _cells(points, land)
    assert cells[0].area == pytest.approx(100)
    assert cells[1].is_empty
    assert cells[2] is None


def test_frames_are_geo_frames(case):
    _, layers = case
    assert all(
        isinstance(layer.frame, gpd.GeoDataFrame) == layer.is_spatial for layer in layers.values()
    )

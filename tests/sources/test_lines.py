"""Roads as publishers hand them round: columns, words, ids, directions, and what is wrong."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely import LineString, MultiLineString, Point, Polygon

from mobility_geo.errors import CRSError, InputError
from mobility_geo.schema import EDGES, NODES, SPEEDS, check_table
from mobility_geo.sources.builtin import data_folder
from mobility_geo.sources.endpoints import keep_given_nodes
from mobility_geo.sources.lines import CLASSES, SURFACES, read_roads, road_words
from mobility_geo.sources.tables import read_table

GEOD = Geod(ellps="WGS84")
A, B, C = (-3.0, 16.0), (-3.1, 16.1), (-3.2, 16.1)
LINES = [LineString([A, B]), LineString([B, C])]


@pytest.fixture
def read(tmp_path):
    """Write a layer and read it."""

    def reading(data=None, shapes=LINES, *, crs=4326, name="roads.gpkg", **how):
        frame = gpd.GeoDataFrame(data or {}, geometry=shapes, crs=crs)
        path = tmp_path / name
        frame.to_file(path, layer=path.stem)
        return read_roads(path, **how)

    return reading


def rows(reading, check):
    return reading.findings[reading.findings["check"] == check]


def edges_of(reading):
    return reading.tables["edges"].set_index("edge_id")


@pytest.mark.parametrize("ending", ["gpkg", "shp", "geojson"])
def test_any_layer_of_lines_is_read(read, ending):
    reading = read({"highway": ["primary", "track"], "surface": ["asphalt", "sand"]},
                   name=f"roads.{ending}")  # fmt: skip
    edges = reading.tables["edges"]
    check_table(edges, EDGES)
    check_table(reading.tables["nodes"], NODES)
    assert edges["edge_id"].tolist() == ["roads-1", "roads-2"]
    assert edges["kind"].tolist() == ["road", "track"]
    assert edges["surface"].tolist() == ["paved", "sand"]
    assert edges["confidence"].tolist() == ["medium", "medium"]
    assert len(reading.tables["nodes"]) == 3
    assert edges["length_m"].tolist() == pytest.approx([GEOD.geometry_length(x) for x in LINES])
    assert reading.rows_read == reading.rows_kept == 2


def test_every_class_and_surface_that_comes_out_has_a_speed():
    """A word that nobody can travel on would close a road in silence."""
    speeds = read_table(data_folder() / "network" / "speeds.csv", SPEEDS)
    truck = speeds[speeds["profile"] == "truck"]
    foot = speeds[speeds["profile"] == "foot"]
    for field in ("class", "groads class", "grip class", "smoothness"):
        for value, kind in road_words()[field].values():
            assert kind in {"road", "track", "walk", "ferry", "transfer", "left out"}
            if kind in {"road", "track"}:
                fits = truck[(truck["kind"] == kind) & truck["road_class"].isin([value, "*"])]
                assert len(fits), (kind, value)
            if kind == "walk":
                assert len(foot[foot["kind"] == "walk"])
    surfaces = {value for value, _ in road_words()["surface"].values()}
    assert surfaces <= set(SURFACES)
    assert {"primary", "track"} <= set(CLASSES)


def test_words_in_french_and_of_openstreetmap(read):
    reading = read({"Classe": ["Route Nationale", "piste"], "Revêtement": ["Latérite", None]})
    edges = reading.tables["edges"]
    assert edges["road_class"].tolist() == ["primary", "track"]
    assert edges["surface"].tolist() == ["gravel", "earth"]
    assert edges["confidence"].tolist() == ["medium", "low"]
    assert rows(reading, "no surface")["value"].tolist() == [1]
    rough = read({"highway": ["tertiary", "track"], "smoothness": ["horrible", None],
                  "tracktype": [None, "grade1"], "surface": [None, "asphalt"]})  # fmt: skip
    edges = rough.tables["edges"]
    assert edges["kind"].tolist() == ["track", "road"], "a paved track has no speed as a track"
    assert {"rough roads", "paved tracks"} <= set(rough.findings["check"])


def test_unknown_words_are_counted_and_can_be_said(read):
    columns = {"road_type": ["Zufahrt", "primary"], "surface": ["Schotter", "asphalt"]}
    reading = read(columns)
    strange = rows(reading, "unknown class").iloc[0]
    assert strange["value"] == 1
    assert (
        "'Zufahrt' (1): read as tertiary; say what they mean with classes=..." in strange["finding"]
    )
    assert rows(reading, "unknown surface").iloc[0]["severity"] == "warning"
    assert reading.tables["edges"]["confidence"].tolist() == ["low", "medium"]
    told = read(columns, classes={"zufahrt": "track"}, surfaces={"Schotter": "gravel"})
    assert told.tables["edges"]["kind"].tolist() == ["track", "road"]
    assert told.tables["edges"]["confidence"].tolist() == ["medium", "medium"]
    with pytest.raises(
        InputError, match=r"(?s)2 problems.*'sandy', which is none; did you mean 'sand'"
    ):
        read(columns, classes={"x": "highway"}, surfaces={"y": "sandy"})
    with pytest.raises(InputError, match="no kind of edge; did you mean 'road'"):
        read(columns, kind="roads")
    with pytest.raises(InputError, match="alpha-3"):
        read(columns, country="ML")


def test_kind_country_and_what_is_no_road(read):
    reading = read({"highway": ["construction", "path"]}, country="MLI")
    assert rows(reading, "not a road")["value"].tolist() == [1]
    edges = reading.tables["edges"]
    assert edges[["kind", "road_class", "surface"]].to_numpy().tolist() == [
        ["walk", "none", "none"]
    ]
    assert edges["country"].tolist() == ["MLI"]
    assert set(reading.tables["nodes"]["country"]) == {"MLI"}
    track = read({"x": [1, 2]}, kind="track").tables["edges"]
    assert set(track["kind"]) == {"track"} == set(track["road_class"])
    ferry = read({"x": [1, 2]}, kind="ferry").tables["edges"]
    assert set(ferry["surface"]) == {"water"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["yes", "no"], ["forth", "both"]),
        (["-1", None], ["back", "both"]),
        (["F", "B"], ["forth", "both"]),  # Geofabrik
        (["T", "B"], ["back", "both"]),
        (["T", "F"], ["forth", "both"]),  # true and false
        ([True, False], ["forth", "both"]),
        ([1, 0], ["forth", "both"]),
    ],
)
def test_one_way_roads(read, words, expected):
    edges = read({"oneway": words}).tables["edges"]
    assert edges["oneway"].tolist() == [one != "both" for one in expected]
    start = tuple(np.round(edges.geometry.iloc[0].coords[0], 9))
    assert start == (B if expected[0] == "back" else A)


def test_one_way_words_that_nobody_knows(read):
    reading = read({"oneway": ["sometimes", "yes"]})
    assert rows(reading, "unknown oneway")["value"].tolist() == [1]
    assert reading.tables["edges"]["oneway"].tolist() == [False, True]


# ------------------------------------------------------------------ exports of other programs
def test_geofabrik_export(read):
    columns = {"osm_id": ["11", "12"], "code": [5113, 5141], "fclass": ["primary", "track_grade3"],
               "name": ["RN6", None], "ref": ["N6", None], "oneway": ["B", "F"], "maxspeed": [0, 0],
               "layer": [0, 0], "bridge": ["F", "T"], "tunnel": ["F", "F"]}  # fmt: skip
    reading = read(columns, name="gis_osm_roads_free_1.shp")
    assert reading.publisher.startswith("OpenStreetMap")
    assert reading.licence.startswith("ODbL")
    edges = edges_of(reading)
    assert edges.loc["11", ["ref", "road_class", "bridge", "oneway"]].tolist() == [
        "N6", "primary", False, False]  # fmt: skip
    assert edges.loc["12", ["kind", "bridge", "oneway"]].tolist() == ["track", True, True]


def test_aequilibrae_export_keeps_its_nodes(read):
    columns = {"ogc_fid": [1, 2], "link_id": [10, 20], "a_node": [1, 2], "b_node": [2, 3],
               "direction": [-1, 0], "distance": [15_000.0, 1.0], "modes": ["c", "cw"],
               "link_type": ["trunk", "default"], "speed_ab": [60.0, 40.0]}  # fmt: skip
    reading = read(columns)
    assert reading.publisher == "AequilibraE"
    edges = edges_of(reading)
    assert edges.loc["10", ["from_node_id", "to_node_id", "oneway"]].tolist() == ["2", "1", True]
    assert edges.loc["20", ["from_node_id", "to_node_id", "oneway"]].tolist() == ["2", "3", False]
    assert tuple(np.round(edges.geometry["10"].coords[0], 9)) == B
    assert rows(reading, "length differs")["id"].tolist() == ["1 rows, e.g. ['20']"]
    assert reading.tables["nodes"]["node_id"].tolist() == ["1", "2", "3"]


def test_ra2ce_export(tmp_path):
    frame = gpd.GeoDataFrame(
        {"rfid": [1, 2], "rfid_c": ["[1, 2]", "3"], "node_A": [7.0, 8.0], "node_B": [8.0, 9.0],
         "highway": ["['primary', 'secondary']", "tertiary"], "avgspeed": [60.0, 40.0],
         "bridge": [None, "yes"], "length": [15_383.0, 10_700.0]},
        geometry=LINES, crs=4326,
    )  # fmt: skip
    path = tmp_path / "base_graph_edges.gpkg"
    frame.to_file(path, layer="edges")
    gpd.GeoDataFrame({"node": [7, 8, 9]}, geometry=gpd.points_from_xy(*zip(A, B, C, strict=True)),
                     crs=4326).to_file(path, layer="nodes")  # fmt: skip
    reading = read_roads(path)
    assert reading.publisher == "ra2ce"
    edges = edges_of(reading)
    assert edges.index.tolist() == ["1", "2"]
    assert edges["road_class"].tolist() == ["primary", "tertiary"]
    assert edges["from_node_id"].tolist() == ["7", "8"]
    assert edges["bridge"].tolist() == [False, True]
    assert rows(reading, "length differs").empty


def test_groads_grip_and_wfp(read):
    groads = read({"SOURCEID": ["a", "a"], "EXS": [1, 1], "FCLASS": [6, 0], "ONME": ["x", None],
                   "SRFTPE": ["unpaved", " "]}, name="groads.shp")  # fmt: skip
    edges = groads.tables["edges"]
    assert edges["kind"].tolist() == ["track", "road"]
    assert edges["name"].tolist()[0] == "x"
    assert "CIESIN" in groads.licence
    assert len(rows(groads, "no class")) == 1
    grip = read({"GP_RTP": [1, 4]}).tables["edges"]
    assert grip["road_class"].tolist() == ["primary", "tertiary"]
    wfp = read({"FCLASSNAME": ["Secondary", "Track/Trail"], "exs": [1, 1], "fclass": [3, 6],
                "srftpe": ["Asphalt", "Dirt"]}).tables["edges"]  # fmt: skip
    assert wfp["road_class"].tolist() == ["secondary", "track"]
    assert wfp["surface"].tolist() == ["paved", "earth"]


def gmns(folder, links, nodes=None, config="dataset_name,long_length,speed,crs\nx,mile,mph,4326\n"):
    (folder / "link.csv").write_text(links)
    if nodes:
        (folder / "node.csv").write_text(nodes)
    if config:
        (folder / "config.csv").write_text(config)
    return folder / "link.csv"


LINKS = (
    "link_id,from_node_id,to_node_id,directed,geometry,dir_flag,length,facility_type,free_speed\n"
    'a,1,2,1,"LINESTRING (-3.1 16.1, -3 16)",-1,9.56,arterial,25\n'
    'b,2,3,0,"LINESTRING (-3.1 16.1, -3.2 16.1)",1,99,local,25\n'
)
NODES_CSV = "node_id,name,x_coord,y_coord\n1,Gao,-3,16\n2,,-3.1,16.1\n3,,-3.2,16.1\n"


def test_gmns_with_and_without_geometry(tmp_path):
    reading = read_roads(gmns(tmp_path, LINKS, NODES_CSV))
    edges = edges_of(reading)
    assert reading.publisher == "GMNS"
    assert edges.loc["a", ["from_node_id", "to_node_id", "oneway"]].tolist() == ["1", "2", True]
    assert edges.geometry["a"].coords[0] == A, "dir_flag -1: the shape ran the other way"
    assert edges["road_class"].tolist() == ["secondary", "tertiary"]
    assert reading.tables["nodes"]["name"].tolist()[0] == "Gao"
    assert rows(reading, "length differs")["id"].tolist() == ["1 rows, e.g. ['b']"]
    bare = "link_id,from_node_id,to_node_id,directed,length\na,1,2,1,20\nb,2,3,0,\n"
    reading = read_roads(gmns(tmp_path, bare, NODES_CSV))
    edges = edges_of(reading)
    assert edges["length_m"].tolist() == pytest.approx(
        [20 * 1609.344, GEOD.geometry_length(LINES[1])]
    )
    assert edges["confidence"].tolist() == ["low", "low"]
    assert rows(reading, "straight lines")["value"].tolist() == [2]


def test_gmns_that_cannot_be_read(tmp_path):
    path = gmns(tmp_path, LINKS, NODES_CSV, config=None)
    with pytest.raises(CRSError, match=r"no config.csv that does; say it with crs="):
        read_roads(path)
    assert len(read_roads(path, crs=4326).tables["edges"]) == 2
    bare = "link_id,from_node_id,to_node_id,directed\na,1,9,1\n"
    with pytest.raises(InputError, match=r"nodes that node.csv does not have, e.g. \['1 to 9'\]"):
        read_roads(gmns(tmp_path, bare, NODES_CSV))
    with pytest.raises(InputError, match=r"no WKT in 1 rows, e.g. lines \[2\]"):
        read_roads(gmns(tmp_path, LINKS.replace("LINESTRING (-3.1 16.1, -3 16)", "on the map")))
    with pytest.raises(InputError, match="length unit 'furlong' is not known"):
        read_roads(gmns(tmp_path, LINKS, NODES_CSV, "long_length,crs\nfurlong,4326\n"))
    with pytest.raises(InputError, match="1 nodes have an id that repeats"):
        read_roads(gmns(tmp_path, LINKS, NODES_CSV + "1,,-3,16\n"))
    (tmp_path / "node.csv").unlink()
    with pytest.raises(InputError, match=r"neither a column of WKT, nor a node\.csv"):
        read_roads(gmns(tmp_path, bare))


# ------------------------------------------------------------------ ids of nodes
@given(st.lists(st.booleans(), min_size=4, max_size=4), st.integers(0, 3))
def test_lines_drawn_against_their_ids_are_turned(flips, seed):
    rng = np.random.default_rng(seed)
    place = np.add(rng.uniform(0, 0.5, (4, 2)), A)
    ends = [(0, 1), (1, 2), (2, 3), (3, 0)]
    shapes = [
        LineString(place[list(pair)][:: -1 if flip else 1])
        for pair, flip in zip(ends, flips, strict=True)
    ]
    lines = gpd.GeoDataFrame(
        {"edge_id": list("abcd"), "from_node_id": [str(a) for a, _ in ends],
         "to_node_id": [str(b) for _, b in ends]}, geometry=shapes, crs=4326,
    )  # fmt: skip
    nodes, edges, changes, findings = keep_given_nodes(lines)
    at = dict(zip(nodes["node_id"], shapely.get_coordinates(nodes.geometry).tolist(), strict=True))
    for row in edges.itertuples():
        assert list(row.geometry.coords[0]) == at[row.from_node_id]
        assert list(row.geometry.coords[-1]) == at[row.to_node_id]
    # which of two directions of a ring is meant nobody can tell: all or none are turned
    turned = sum(one.value for one in findings if one.check == "drawn backwards")
    assert changes.empty
    assert turned in {sum(flips), 4 - sum(flips)}


def test_given_ids_are_checked_against_the_lines(read):
    off = [LineString([A, B]), LineString([(B[0] + 5e-5, B[1]), C])]
    columns = {"u": ["1", "2"], "v": ["2", "3"]}
    reading = read(columns, off)
    assert rows(reading, "end snapped")["value"].tolist() == [1]
    far = [LineString([A, B]), LineString([(B[0] + 5e-4, B[1]), C])]
    reading = read(columns, far)
    told = rows(reading, "end far from node").iloc[0]
    assert told["value"] == pytest.approx(53.5, rel=0.01)
    assert reading.tables["edges"]["from_node_id"].tolist() == ["1", "2"]
    with pytest.raises(InputError, match=r"half of the lines lie more than \d+ km from the nodes"):
        read({"u": ["1", "1"], "v": ["1", "1"]}, [LineString([A, B]), LineString([(5, 5), (6, 6)])])
    made = read({"u": ["1", None], "v": ["2", "3"]}, columns={"from_node_id": "", "to_node_id": ""})
    assert "_" in made.tables["nodes"]["node_id"][0]
    partly = read({"u": ["1", None], "v": ["2", "3"]})
    assert len(rows(partly, "ids of nodes not kept")) == 1


# ------------------------------------------------------------------ geometry and systems
def test_geometry_of_all_sorts_is_counted(read):
    shapes = [
        MultiLineString([[A, B], [B, C]]), MultiLineString([[A, (-3, 15)], [(-4, 15), (-4, 14)]]),
        Point(A), Polygon([A, B, C]), None, LineString(),
        shapely.force_3d(LineString([C, (-3.3, 16.2)]), 300.0),
        LineString([(-3.5, 16), (-3.4, 16.1), (-3.4, 16), (-3.5, 16.1)]),
    ]  # fmt: skip
    reading = read({"id": list("abcdefgh")}, shapes, name="mixed.geojson")
    told = reading.findings.set_index("check")
    assert told.loc["not a line", "finding"] == "left out: 1 Point, 1 Polygon"
    assert told.loc["no geometry", "value"] == 2
    assert told.loc["heights", "value"] == 1
    assert told.loc["several lines in a row", "finding"] == (
        "1 are one line in pieces; 1 became 2 lines")  # fmt: skip
    assert told.loc["crosses itself", "id"] == "1 rows, e.g. ['h']"
    assert set(reading.tables["edges"]["edge_id"]) == {"a", "b/1", "b/2", "g", "h"}
    assert (reading.rows_read, reading.rows_kept) == (8, 4)
    with pytest.raises(InputError, match="no line in it"):
        read({}, [Point(A)])


def test_systems(read, tmp_path):
    flat = gpd.GeoSeries(LINES, crs=4326).to_crs(32630).tolist()
    total = read({}, flat, crs=32630).tables["edges"]["length_m"].sum()
    assert total == pytest.approx(sum(map(GEOD.geometry_length, LINES)))
    gpd.GeoDataFrame(geometry=LINES, crs=4326).to_file(tmp_path / "bare.shp")
    (tmp_path / "bare.prj").unlink()
    with pytest.raises(CRSError, match="states no coordinate reference system"):
        read_roads(tmp_path / "bare.shp")
    with pytest.raises(CRSError, match="look like degrees"):
        read({}, crs=32630)
    with pytest.raises(InputError, match="look like metres"):
        read({}, gpd.GeoSeries(LINES, crs=4326).to_crs(32630).tolist())
    with pytest.raises(InputError, match="swapped"):
        read({}, [LineString([(16, 100), (17, 101)])])
    with pytest.raises(CRSError, match="antimeridian"):
        read({}, [LineString([(179, 16), (179.9, 16)]), LineString([(-179.9, 16), (-179, 16)])])


def test_snapping_is_in_metres_whatever_the_system(read):
    gap = [LineString([A, B]), LineString([(B[0] - 8e-5, B[1]), C])]  # 8.6 m
    for crs in (4326, 32630, 3857):
        shapes = gpd.GeoSeries(gap, crs=4326).to_crs(crs).tolist()
        assert len(read({}, shapes, crs=crs, snap_m=10).tables["nodes"]) == 3
        assert len(read({}, shapes, crs=crs, snap_m=8).tables["nodes"]) == 4


def test_columns_by_hand_and_layers(read, tmp_path):
    reading = read({"Strassenart": ["primary", "track"]}, columns={"road_class": "Strassenart"})
    assert reading.columns == {"road_class": "Strassenart"}
    assert reading.tables["edges"]["road_class"].tolist() == ["primary", "track"]
    with pytest.raises(InputError, match="no column 'Strasse'; did you mean 'Strassenart'"):
        read({"Strassenart": ["primary", "track"]}, columns={"road_class": "Strasse"})
    for name in ("one", "two"):
        gpd.GeoDataFrame(geometry=LINES, crs=4326).to_file(tmp_path / "two.gpkg", layer=name)
    with pytest.raises(InputError, match=r"has 2 layers; say which"):
        read_roads(tmp_path / "two.gpkg")
    assert len(read_roads(tmp_path / "two.gpkg", layer="one").tables["edges"]) == 2


def test_ids_that_repeat_are_replaced(read):
    reading = read({"osm_id": ["1", "1"], "highway": ["primary", "primary"]}, name="x.gpkg")
    assert set(reading.tables["edges"]["edge_id"]) == {"x-1", "x-2"}
    assert len(rows(reading, "ids of edges")) == 1


def test_real_layer_of_a_router(reference_dir):
    path = reference_dir / "route_times" / "west_africa_network.gpkg"
    if not path.is_file():
        pytest.skip("no west_africa_network.gpkg")
    raw = gpd.read_file(path)
    reading = read_roads(path, length_unit="m")
    edges = reading.tables["edges"]
    assert len(edges) == len(raw) == 422
    assert edges["from_node_id"].tolist() == raw["from"].astype(str).tolist()
    assert set(reading.tables["nodes"]["node_id"]) == set(raw["from"].astype(str)) | set(
        raw["to"].astype(str))  # fmt: skip
    assert edges["length_m"].sum() == pytest.approx(
        sum(map(GEOD.geometry_length, raw.geometry)), rel=1e-6)  # fmt: skip
    # without the ids, stretches that are drawn several times become one edge
    free = read_roads(path, columns={"from_node_id": "", "to_node_id": ""})
    changes = free.tables["changes"]
    twice = changes.loc[changes["change"] == "duplicate dropped", "distance_m"].sum()
    assert twice > 0
    total = free.tables["edges"]["length_m"].sum() + twice
    assert total == pytest.approx(edges["length_m"].sum(), rel=1e-4)

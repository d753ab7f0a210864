"""Real extracts, against osmnx and pyrosm, way by way and class by class."""

import numpy as np
import osmium
import pandas as pd
import pyproj
import pytest
import shapely

from mobility_geo.errors import InputError
from mobility_geo.network import build_network
from mobility_geo.network.build import no_rows
from mobility_geo.schema import PLACES, ZONES
from mobility_geo.sources import read_osm_pbf
from mobility_geo.sources.geodesy import metric_crs
from mobility_geo.sources.graphs import graph_reading
from mobility_geo.sources.osm_tags import KEYS, ON_FOOT, tag_meanings

GEOD = pyproj.Geod(ellps="WGS84")
TOWNS = ["pyrosm_Helsinki", "quackosm_monaco"]
CLOSED = {"no", "private"}
WANTED = {value for key, value in tag_meanings().kind if key == "highway"} - set(ON_FOOT)


def way_class(tags):
    return "ferry" if tags.get("route") == "ferry" else tags.get("highway")


def is_open(tags):
    """Say who may use a way, one tag after the other, as the wiki's page on access has it."""
    drive = tags.get("motor_vehicle", tags.get("vehicle", tags.get("access")))
    walk = tags.get("foot", tags.get("access"))
    afoot = tags.get("highway") == "path" or tags.get("smoothness") in {
        "very_horrible", "impassable",
    }  # fmt: skip
    return walk not in CLOSED or (drive not in CLOSED and not afoot)


def pieces(refs, there, *, ferry):
    """Return the runs of nodes that an extract has: a road is cut at a gap, a ferry goes on."""
    runs = [[]]
    for ref in refs:
        if ref in there:
            runs[-1].append(ref)
        elif not ferry and runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]


class Extract:
    """What stands in a file, read with osmium alone."""

    def __init__(self, file):
        self.places, self.ways, self.refs, self.all = {}, {}, {}, 0
        for item in osmium.FileProcessor(str(file)):
            if item.is_node():
                self.places[item.id] = (item.location.lon, item.location.lat)
            elif item.is_way() and ("highway" in item.tags or "route" in item.tags):
                self.all += 1
                tags = dict(item.tags)
                if way_class(tags) in WANTED | {"ferry"} and tags.get("area") != "yes":
                    self.ways[item.id] = tags
                    self.refs[item.id] = [node.ref for node in item.nodes]
        self.runs = {
            number: pieces(refs, self.places, ferry=way_class(self.ways[number]) == "ferry")
            for number, refs in self.refs.items()
        }
        self.kept = {n for n, tags in self.ways.items() if is_open(tags) and self.metres(n) > 0}

    def metres(self, number):
        return sum(
            GEOD.line_length(*zip(*(self.places[ref] for ref in run), strict=True))
            for run in self.runs[number]
        )

    def closed(self, number):
        return self.refs[number][0] == self.refs[number][-1]


@pytest.fixture(scope="module", params=TOWNS)
def town(request, reference_dir):
    file = reference_dir / "osm_pbf" / f"{request.param}.osm.pbf"
    return file, Extract(file), with_way(read_osm_pbf(file))


def with_way(reading, factor=1):
    edges = reading.tables["edges"]
    number = edges["source"].str.extract(r"way (\d+)")[0].astype("int64") // factor
    return reading, edges.assign(way=number.to_numpy())


def by_class(values, extract):
    kinds = values.index.map(lambda number: way_class(extract.ways[number]))
    return values.groupby(kinds).sum().to_dict()


def test_each_way_that_may_be_used_is_there_and_no_other(town):
    _, extract, (reading, edges) = town
    assert set(edges["way"]) == extract.kept
    counted = reading.findings.set_index("check")["value"]
    assert reading.rows_read == extract.all
    assert reading.rows_kept == len(extract.kept)
    lost = counted[["no access", "not wanted"]].sum() + counted.get("no line left", 0)
    assert reading.rows_read - reading.rows_kept == lost


def test_each_way_has_the_length_that_the_file_gives_it(town):
    _, extract, (_, edges) = town
    ours = edges.groupby("way")["length_m"].sum()
    theirs = pd.Series({number: extract.metres(number) for number in extract.kept})
    assert (ours - theirs).abs().max() < 1e-6


def test_edges_run_from_junction_to_junction(town):
    """Junctions are nodes that two ways, or one way twice, have: counted one by one."""
    _, extract, (_, edges) = town
    uses, ends = {}, set()
    for number in extract.kept:
        for run in extract.runs[number]:
            ends |= {run[0], run[-1]}
            for ref in run:
                uses[ref] = uses.get(ref, 0) + 1
    stops = ends | {ref for ref, count in uses.items() if count > 1}
    expected = sum(
        sum(ref in stops for ref in run[1:]) for number in extract.kept
        for run in extract.runs[number]
    )  # fmt: skip
    assert len(edges) == expected
    assert set(edges["from_node_id"]) | set(edges["to_node_id"]) == {f"n{ref}" for ref in stops}


def test_osmnx_makes_the_same_edges_of_the_same_ways(town, tmp_path, monkeypatch):
    """From XML, with gaps cut as we cut them: osmnx refuses clipped ways.

    Lengths are taken on the ellipsoid here: those of osmnx are on a sphere, 0.1 to 0.3 % off at
    these latitudes. Counts are those of `simplify_graph` kept apart by way. They differ for closed
    ways alone: osmnx does not cut one at its first node if it meets others elsewhere, and leaves
    a ring that meets nothing in its segments.
    """
    osmnx = pytest.importorskip("osmnx")
    file, extract, (_, edges) = town
    monkeypatch.setattr(osmnx.settings, "useful_tags_way", [*osmnx.settings.useful_tags_way, *KEYS])
    with osmium.SimpleWriter(str(tmp_path / "x.osm")) as writer:
        for ref, place in extract.places.items():
            writer.add_node(osmium.osm.mutable.Node(id=ref, location=place, version=1))
        for number in sorted(extract.kept):
            for k, run in enumerate(extract.runs[number]):
                writer.add_way(
                    osmium.osm.mutable.Way(
                        id=number * 1000 + k, nodes=run, tags=extract.ways[number], version=1
                    )
                )
    raw = osmnx.graph_from_xml(tmp_path / "x.osm", simplify=False, retain_all=True)
    graph = osmnx.simplify_graph(raw, edge_attrs_differ=["osmid"], remove_rings=False)
    reading, theirs = with_way(graph_reading(graph, file.name, pyproj.CRS(4326)), 1000)
    on_sphere = theirs["length_m"].sum()
    theirs["length_m"] = [GEOD.geometry_length(line) for line in theirs.geometry]
    assert on_sphere == pytest.approx(theirs["length_m"].sum(), rel=4e-3)
    assert reading.rows_read == reading.rows_kept == graph.number_of_edges()

    for column, tolerance in (("length_m", 1e-6), ("oneway", 0), ("edge_id", 0)):
        values = [
            frame.groupby("way")[column].agg("nunique" if column == "edge_id" else "sum")
            for frame in (edges, theirs)
        ]
        ours, other = (value.sort_index() for value in values)
        assert ours.index.equals(other.index)
        if column != "length_m":
            differ = ours.index[(ours != other).to_numpy()]
            assert all(extract.closed(number) for number in differ)
            assert len(differ) <= 7
            ours, other = ours.drop(differ), other.drop(differ)
        assert by_class(ours, extract) == pytest.approx(by_class(other, extract), abs=tolerance)
    for column in ("kind", "road_class", "surface", "bridge", "all_season", "ref", "name"):
        ours, other = (
            frame.groupby("way")[column].first().sort_index() for frame in (edges, theirs)
        )
        pd.testing.assert_series_equal(ours, other)


def test_pyrosm_finds_the_same_lengths(town):
    """All but the ferry, which it does not read as part of a network."""
    pyrosm = pytest.importorskip("pyrosm")
    file, extract, (_, edges) = town
    found = pyrosm.OSM(str(file)).get_network(network_type="all")
    metres = pd.Series([GEOD.geometry_length(line) for line in found.geometry])
    theirs = metres.groupby(found["id"].to_numpy()).sum()
    ours = edges.groupby("way")["length_m"].sum()
    alone = ours.index.difference(theirs.index)
    assert [way_class(extract.ways[number]) for number in alone] == ["ferry"] * len(alone)
    ours = ours.drop(alone)
    assert (ours - theirs[ours.index]).abs().max() < 1e-6
    assert by_class(ours, extract) == pytest.approx(by_class(theirs[ours.index], extract))


def test_the_ferry_is_kept(reference_dir):
    """Of Helsinki's only one place is in the file: told, and not drawn."""
    monaco = read_osm_pbf(reference_dir / "osm_pbf" / "quackosm_monaco.osm.pbf")
    edges = monaco.tables["edges"]
    ferry = edges[edges["kind"] == "ferry"].iloc[0]
    assert ferry["source"] == "OpenStreetMap way 166399542, ODbL"
    assert ferry["length_m"] == pytest.approx(383.437, abs=0.01)
    assert "ferry with duration" in set(monaco.findings["check"])
    helsinki = read_osm_pbf(reference_dir / "osm_pbf" / "pyrosm_Helsinki.osm.pbf")
    said = helsinki.findings.set_index("check")["id"]
    assert "170463494" in said["clipped ferry"]
    assert said.str.contains("170463494").sum() >= 2  # and that nothing of it is left


# ------------------------------------------------------------------ carriageways
def test_carriageways_of_real_streets(town):
    """Each has one beside it that goes the other way, by the same name; none is a slip road."""
    _, extract, (_, edges) = town
    tags = edges["way"].map(extract.ways)
    dual = edges["carriageway_group"].notna().to_numpy()
    assert dual.sum() > 100
    assert edges.loc[dual, "oneway"].all()
    turns = tags.map(
        lambda tag: tag.get("highway", "").endswith("_link") or "junction" in tag
    ).to_numpy(dtype=bool)
    assert turns.sum() > 5
    assert not (dual & turns).any()
    lines = edges.to_crs(metric_crs(edges)).geometry.to_numpy()
    label = edges["ref"].fillna(edges["name"]).fillna("-").to_numpy()
    group = edges["carriageway_group"].to_numpy()
    for name in set(group[dual]):
        members = np.flatnonzero(group == name)
        assert len(members) > 1
        assert len(set(label[members])) == 1
        near = shapely.distance(lines[members][:, None], lines[members][None, :]) <= 60
        step = np.array([np.subtract(line.coords[-1], line.coords[0]) for line in lines[members]])
        against = step @ step.T < 0
        assert (near & against).any(axis=1).all()


def test_the_avenue_that_everybody_knows_is_dual(reference_dir):
    edges = read_osm_pbf(reference_dir / "osm_pbf" / "pyrosm_Helsinki.osm.pbf").tables["edges"]
    avenue = edges[(edges["name"] == "Mannerheimintie") & edges["oneway"]]
    share = avenue.loc[avenue["carriageway_group"].notna(), "length_m"].sum()
    assert share > 0.8 * avenue["length_m"].sum()
    narrow = edges[(edges["road_class"] == "tertiary") & ~edges["oneway"]]
    assert narrow["carriageway_group"].isna().all()


# ------------------------------------------------------------------ the other extracts
@pytest.mark.parametrize("name", ["pyrosm_test", "porto_alegre", "quackosm_monaco"])
def test_it_is_a_network(reference_dir, name):
    reading = read_osm_pbf(reference_dir / "osm_pbf" / f"{name}.osm.pbf")
    network = build_network(
        name=name, zones=no_rows(ZONES), places=no_rows(PLACES), **reading.tables
    )
    assert len(network.edges) == len(reading.tables["edges"])
    points = reading.tables["nodes"].set_index("node_id").geometry
    edges = reading.tables["edges"]
    for column, at in (("from_node_id", 0), ("to_node_id", -1)):
        ends = shapely.get_point(edges.geometry.to_numpy(), at)
        assert (ends == points[edges[column]].to_numpy()).all()
    assert "ODbL" in reading.licence


def test_half_a_file_is_one_clear_error(reference_dir, tmp_path):

    whole = (reference_dir / "osm_pbf" / "quackosm_monaco.osm.pbf").read_bytes()
    for share in (0.2, 0.5, 0.99):
        cut = tmp_path / "cut.osm.pbf"
        cut.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(InputError, match=r"cut\.osm\.pbf: cannot be read to its end"):
            read_osm_pbf(cut)


def test_pieces_are_what_is_there():
    assert pieces([1, 2, 9, 3, 4, 9, 5], {1, 2, 3, 4, 5}, ferry=False) == [[1, 2], [3, 4]]
    assert pieces([1, 9, 2], {1, 2}, ferry=True) == [[1, 2]]

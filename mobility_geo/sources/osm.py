"""OpenStreetMap extracts (``.osm.pbf``) to nodes and edges, streamed from disk."""

from array import array
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import osmium
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mobility_geo.errors import InputError, labels
from mobility_geo.schema import EDGES, NODES, check_table, suggest
from mobility_geo.sources.archives import existing_file
from mobility_geo.sources.geodesy import line_lengths_m, metric_crs
from mobility_geo.sources.osm_tags import KEYS, ON_FOOT, edge_attributes, tag_meanings
from mobility_geo.sources.reading import Finding, Reading, findings_table

LICENCE: Final = "© OpenStreetMap contributors, ODbL 1.0: say so, and share derived data alike"
DEGREE: Final = 1e-7
"""OpenStreetMap keeps coordinates as whole numbers of this many degrees."""

NO_PLACE: Final = 2_147_483_647
EVERY: Final = 20_000

TWIN_M: Final = 60.0
"""Carriageways of one road are this near to each other, in metres."""

AGAINST: Final = -0.85
"""Cosine of the angle between their directions: at least about 150 degrees."""

Progress = Callable[[str, float], None]
Ints = npt.NDArray[np.int64]


def read_osm_pbf(
    path: str | Path,
    *,
    classes: Collection[str] | None = None,
    bbox: tuple[float, float, float, float] | None = None,
    progress: Progress | None = None,
) -> Reading:
    """Read roads, tracks, paths and ferries of an OpenStreetMap extract as nodes and edges.

    The file is streamed: only the ways that are wanted are kept, as arrays of whole numbers. Ways
    are cut where they meet others, so that edges run from junction to junction.

    Parameters
    ----------
    path
        ``.osm.pbf``, or ``.osm`` (XML), as Geofabrik and others give it.
    classes
        Values of ``highway`` and ``route`` to keep, such as ``{"primary", "track", "ferry"}``; left
        out: everything that people and vehicles travel on, but no pavements (``footway``,
        ``pedestrian``, ``steps``, ``cycleway``, ``bridleway``).
    bbox
        West, south, east, north, degrees: only edges that touch this box.
    progress
        Called with a step and the share done, 0 to 1.

    Returns
    -------
    Reading
        Tables ``nodes`` and ``edges`` in WGS 84, lengths on the ellipsoid. Ways of one direction
        run along their edge. The carriageways of one road share a `carriageway_group`.

    Raises
    ------
    InputError
        If the file is missing, is none of OpenStreetMap, is damaged or has no way that is wanted.

    Notes
    -----
    What each tag means is in the table ``data/network/osm_tags.csv``. Ways that the public may not
    use (``access=no`` or ``private``) are left out and counted. Where a clipped extract lacks
    nodes of a way, the way is cut there, and that is counted as well; a ferry is drawn straight
    between the nodes that are there.

    Examples
    --------
    >>> read_osm_pbf("nowhere.osm.pbf")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.osm.pbf: no such file
    """
    file = existing_file(path)
    wanted = _wanted(classes)
    tell = progress or _silent
    ways = _stream(file, wanted, tell)
    if not len(ways.way_id):
        msg = f"{path}: no way of {', '.join(sorted(wanted)[:6])}, ... in it"
        raise InputError(msg)
    tell("Roads: what they are", 0.6)
    what = edge_attributes(ways.tags)
    findings = _way_findings(ways, what)
    tell("Roads: junctions", 0.7)
    keep = ~what["closed"].to_numpy(dtype=bool) & what["kind"].notna().to_numpy(dtype=bool)
    edges, nodes = _cut(ways, what, keep)
    drawn = edges["length_m"].to_numpy(dtype=float) > 0
    if not drawn.all():
        lost = edges.loc[~drawn, "edge_id"]
        findings.append(
            Finding(check="no line left", severity="warning", table="edges", unit="edges",
                    value=float(len(lost)), id=f"{len(lost)} edges, e.g. {labels(lost)}",
                    geometry=edges.geometry[~drawn].iloc[0],
                    finding="begin and end in one point, and nothing between is in the file: "
                            "left out; fetch an extract with whole ways")
        )  # fmt: skip
        edges = edges[drawn]
    if bbox is not None:
        inside = shapely.intersects(edges.geometry.to_numpy(), shapely.box(*bbox))
        edges = edges[inside]
    if not len(edges):
        msg = f"{path}: no edge is left" + (f" in the box {bbox}" if bbox else "")
        raise InputError(msg)
    ends = pd.concat([edges["from_node_id"], edges["to_node_id"]]).unique()
    nodes = nodes[nodes["node_id"].isin(ends).to_numpy(dtype=bool)]
    tell("Roads: carriageways", 0.85)
    edges = edges.assign(carriageway_group=carriageways(edges, ways.roundabouts()))
    tell("Roads: checking", 0.95)
    kept = int(np.count_nonzero(keep))
    reading = Reading(
        file=file.name, publisher="OpenStreetMap", licence=LICENCE,
        tables={
            "nodes": check_table(nodes.reset_index(drop=True), NODES),
            "edges": check_table(edges.reset_index(drop=True), EDGES),
        },
        rows_read=len(ways.way_id) + sum(ways.left_out.values()), rows_kept=kept,
        findings=findings_table(findings),
    )  # fmt: skip
    tell("Roads", 1.0)
    return reading


def _silent(_step: str, _done: float) -> None:
    pass


def _wanted(classes: Collection[str] | None) -> frozenset[str]:
    """Return the values of highway and route to keep.

    Raises
    ------
    InputError
        If a class is not known; names the nearest one.
    """
    known = {value for key, value in tag_meanings().kind if key in {"highway", "route"}}
    if classes is None:
        return frozenset(known - set(ON_FOOT))
    unknown = [name for name in classes if name not in known]
    if unknown:
        raise InputError(
            [f"classes: no highway or route {name!r}{suggest(name, known)}" for name in unknown]
        )
    return frozenset(classes)


# ------------------------------------------------------------------ streaming
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Ways:
    """Ways as arrays: id, tags, and the nodes of all of them in one row after the other.

    `x` and `y` are in 1e-7 degrees, `NO_PLACE` where the extract lacks the node; nodes of way i
    are at ``first[i]:first[i + 1]``. `left_out` counts ways by value that are not wanted.
    """

    way_id: Ints
    tags: pd.DataFrame
    first: Ints
    ref: Ints
    x: npt.NDArray[np.int32]
    y: npt.NDArray[np.int32]
    left_out: dict[str, int]

    def roundabouts(self) -> frozenset[int]:
        """Return the ids of roundabouts and slip roads: none is a carriageway of a dual road."""
        circle = self.tags["junction"].isin(["roundabout", "circular"])
        link = self.tags["highway"].str.endswith("_link", na=False)
        return frozenset(self.way_id[(circle | link).to_numpy(dtype=bool)].tolist())


def _stream(file: Path, wanted: frozenset[str], tell: Progress) -> _Ways:
    """Go through the file once.

    Raises
    ------
    InputError
        If it cannot be read to its end.
    """
    ids, first, refs = array("q"), array("q", [0]), array("q")
    xs, ys = array("i"), array("i")
    columns: dict[str, list[str | None]] = {key: [] for key in KEYS}
    left_out: dict[str, int] = {}
    tell("Roads: reading", 0.0)
    try:
        stream = (
            osmium.FileProcessor(str(file))
            .with_locations("flex_mem")
            .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
            .with_filter(osmium.filter.KeyFilter("highway", "route"))
        )
        for way in stream:
            tags = way.tags
            value = tags.get("highway") or tags.get("route") or ""
            if value not in wanted:
                left_out[value] = left_out.get(value, 0) + 1
                continue
            ids.append(way.id)
            for key, column in columns.items():
                column.append(tags.get(key))
            for node in way.nodes:  # type: ignore[union-attr] # the filter lets ways pass only
                place = node.location
                refs.append(node.ref)
                xs.append(place.x)
                ys.append(place.y)
            first.append(len(refs))
            if len(ids) % EVERY == 0:
                # nobody knows how many will come: the share nears the end without reaching it
                tell(f"Roads: {len(ids):,} ways read", 0.6 * (1 - 1 / (1 + len(ids) / 1e5)))
    except (RuntimeError, ValueError, OSError) as error:
        msg = (
            f"{file}: cannot be read to its end ({error}): not an OpenStreetMap file, or cut off "
            "on the way; fetch it again"
        )
        raise InputError(msg) from error
    return _Ways(
        way_id=np.array(ids, dtype=np.int64), tags=pd.DataFrame(columns, dtype="object"),
        first=np.array(first, dtype=np.int64), ref=np.array(refs, dtype=np.int64),
        x=np.array(xs, dtype=np.int32), y=np.array(ys, dtype=np.int32), left_out=left_out,
    )  # fmt: skip


def _way_findings(ways: _Ways, what: pd.DataFrame) -> list[Finding]:
    ids = ways.way_id
    missing = ways.x == NO_PLACE
    clipped = np.zeros(len(ids), dtype=bool)
    owner = np.repeat(np.arange(len(ids)), np.diff(ways.first))
    clipped[owner[missing]] = True
    afloat = (what["kind"] == "ferry").to_numpy(dtype=bool)
    twoway = what["kind"].isin(["road", "track"]).to_numpy(dtype=bool)
    turning = ways.tags["oneway"].isin(["reversible", "alternating"]).to_numpy(dtype=bool)
    timed = (what["kind"] == "ferry") & ways.tags["duration"].notna()
    cases = (
        ("clipped way", "warning", clipped & ~afloat,
         f"lack nodes ({int(missing[~afloat[owner]].sum())} in all): cut where they are missing"),
        ("clipped ferry", "warning", clipped & afloat,
         "lack nodes of their line: drawn straight between those that are there"),
        ("no access", "note", what["closed"].to_numpy(dtype=bool),
         "access is no or private: left out"),
        ("surface assumed", "note", ~what["tagged"].to_numpy(dtype=bool),
         "no surface or tracktype: the usual one of the class, confidence low"),
        ("ford", "note", what["ford"].to_numpy(dtype=bool), "not passable all year round"),
        ("seasonal way", "note", what["seasonal"].to_numpy(dtype=bool),
         "not passable all year round"),
        ("changing direction", "note", turning & twoway,
         "reversible or alternating: taken as passable in both directions"),
        ("ferry with duration", "note", timed.to_numpy(dtype=bool),
         "duration is given; speed and boarding time are those of the profiles"),
    )  # fmt: skip
    found = [
        Finding(check=check, severity=severity, table="edges", value=float(hit.sum()), unit="ways",
                id=f"{int(hit.sum())} ways, e.g. {labels(ids[hit].tolist())}", finding=text)
        for check, severity, hit, text in cases
        if hit.any()
    ]  # fmt: skip
    other = sum(ways.left_out.values())
    if other:
        most = sorted(ways.left_out.items(), key=lambda item: (-item[1], item[0]))[:6]
        shown = ", ".join(f"{value} {count}" for value, count in most)
        found.append(
            Finding(check="not wanted", severity="note", table="edges", id=f"{other} ways",
                    value=other, unit="ways", finding=f"other values of highway or route: {shown}")
        )  # fmt: skip
    return found


# ------------------------------------------------------------------ junctions
def _cut(
    ways: _Ways, what: pd.DataFrame, keep: npt.NDArray[np.bool_]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Cut the ways that are kept at junctions, and where nodes are missing."""
    owner = np.repeat(np.arange(len(ways.way_id)), np.diff(ways.first))
    there = keep[owner] & (ways.x != NO_PLACE)
    # a node written twice in a row would make a piece of no length
    passed_over = np.append(False, (ways.ref[1:] == ways.ref[:-1]) & (owner[1:] == owner[:-1]))
    # a ferry goes on where a clipped extract lacks the middle of its line, a road may not
    passed_over |= ~there & (what["kind"] == "ferry").to_numpy(dtype=bool)[owner]
    position = np.flatnonzero(there & ~passed_over)
    way, ref = owner[position], ways.ref[position]
    gap = np.cumsum(~there & ~passed_over)[position]
    joined = (way[1:] == way[:-1]) & (gap[1:] == gap[:-1])
    after, before = np.append(joined, False), np.append(False, joined)
    unique, number = np.unique(ref, return_inverse=True)
    uses = np.bincount(number[after | before], minlength=len(unique))
    stop = (uses[number] > 1) | (after != before)
    start = np.flatnonzero(stop & after)
    end = np.flatnonzero(stop & before)
    length = end - start + 1
    corner = np.arange(length.sum()) + np.repeat(start - (np.cumsum(length) - length), length)
    at = position[corner]
    lonlat = np.column_stack([ways.x[at], ways.y[at]]) * DEGREE
    lines = np.asarray(
        shapely.linestrings(lonlat, indices=np.repeat(np.arange(len(start)), length)),
        dtype=object,
    )
    of = way[start]
    against = what["oneway"].to_numpy()[of] == -1
    lines[against] = shapely.reverse(lines[against])
    tail, head = np.where(against, ref[end], ref[start]), np.where(against, ref[start], ref[end])
    piece = pd.Series(of).groupby(of).cumcount().to_numpy() + 1
    ids = ways.way_id[of]
    row = what.iloc[of].reset_index(drop=True)
    tags = ways.tags.iloc[of].reset_index(drop=True)
    table = pd.DataFrame(
        {
            "edge_id": [f"w{i}-{k}" for i, k in zip(ids.tolist(), piece.tolist(), strict=True)],
            "from_node_id": [f"n{i}" for i in tail.tolist()],
            "to_node_id": [f"n{i}" for i in head.tolist()],
            "kind": row["kind"], "road_class": row["road_class"], "surface": row["surface"],
            "ref": tags["ref"], "name": tags["name"], "oneway": row["oneway"] != 0,
            "all_season": row["all_season"], "bridge": row["bridge"],
            "length_m": line_lengths_m(lines), "wait_min": 0.0, "country": None,
            "crossing_id": None, "reach": None, "rainfall_class": None,
            "carriageway_group": None, "state_reported_on": None,
            "source": [f"OpenStreetMap way {i}, ODbL" for i in ids.tolist()],
            "confidence": np.where(row["tagged"], "medium", "low"),
        }
    )  # fmt: skip
    edges = gpd.GeoDataFrame(table, geometry=lines, crs=4326)
    used, where = np.unique(ref[np.concatenate([start, end])], return_index=True)
    place = position[np.concatenate([start, end])[where]]
    nodes = gpd.GeoDataFrame(
        {"node_id": [f"n{i}" for i in used.tolist()], "kind": "junction", "name": None,
         "country": None},
        geometry=shapely.points(ways.x[place] * DEGREE, ways.y[place] * DEGREE), crs=4326,
    )  # fmt: skip
    return edges, nodes


def carriageways(
    edges: gpd.GeoDataFrame, not_these: Collection[int] = ()
) -> npt.NDArray[np.object_]:
    """Return which edges are carriageways of one dual road.

    Two edges are, if both are one-way roads of the same number (or name, or class where they have
    neither), run side by side within 60 m, and in opposite directions.

    Parameters
    ----------
    edges
        WGS 84; schema `EDGES`, ids as `read_osm_pbf` makes them.
    not_these
        Ids of ways that are none: roundabouts, slip roads.

    Returns
    -------
    numpy.ndarray
        Name of the group of each edge, object; None for an edge that is no carriageway.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> set(carriageways(load_toy().network.edges.to_crs(4326)))
    {None}
    """
    group: npt.NDArray[np.object_] = np.full(len(edges), None, dtype=object)
    prefix = tuple(f"w{way}-" for way in not_these)
    single = (edges["oneway"] & (edges["kind"] == "road")).to_numpy(dtype=bool, copy=True)
    if prefix and single.any():
        ways = edges["edge_id"].str.rpartition("-")[0]
        single &= ~ways.isin([name[:-1] for name in prefix]).to_numpy(dtype=bool)
    rows = np.flatnonzero(single)
    if len(rows) < 2:  # noqa: PLR2004
        return group
    chosen = edges.iloc[rows]
    lines = chosen.to_crs(metric_crs(chosen)).geometry.to_numpy()
    ends = shapely.get_coordinates(shapely.get_point(lines, -1)) - shapely.get_coordinates(
        shapely.get_point(lines, 0)
    )
    ahead = ends / np.maximum(np.hypot(*ends.T), 1e-9)[:, None]
    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    a, b = shapely.STRtree(lines).query(middle, predicate="dwithin", distance=TWIN_M)
    key = chosen["ref"].fillna(chosen["name"]).fillna(chosen["road_class"])
    code = pd.factorize(key)[0]
    opposite = (ahead[a] * ahead[b]).sum(axis=1) < AGAINST
    pair = (a != b) & opposite & (code[a] == code[b])
    a, b = a[pair], b[pair]
    size = len(rows)
    links = coo_array((np.ones(len(a)), (a, b)), shape=(size, size))
    _, label = connected_components(links, directed=False)
    member = np.unique(np.concatenate([a, b]))
    ids = chosen["edge_id"].to_numpy(dtype=object)
    least = pd.Series(ids[member]).groupby(label[member]).transform("min")
    group[rows[member]] = ("dual " + least).to_numpy(dtype=object)
    return group

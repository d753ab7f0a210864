"""OpenStreetMap extracts (``.osm.pbf``) to nodes and edges, streamed from disk."""

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

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
from mobility_geo.sources.osm_tags import KEYS, NEVER, ON_FOOT, edge_attributes, tag_meanings
from mobility_geo.sources.reading import Finding, Reading, findings_table

LICENCE: Final = "© OpenStreetMap contributors, ODbL 1.0: say so, and share derived data alike"
PER_DEGREE: Final = 10_000_000
"""OpenStreetMap keeps coordinates as whole numbers: so many make a degree."""

NO_PLACE: Final = 2_147_483_647
WORLD: Final = (180 * PER_DEGREE, 90 * PER_DEGREE)
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
        run along their edge. The carriageways of one road share a `carriageway_group`. Rows are
        ways: each that is read is kept, or counted by a finding that says why not.

    Raises
    ------
    InputError
        If the file is missing, is none of OpenStreetMap, is damaged or has no way that is wanted;
        if a class is unknown, or the box is none.

    Notes
    -----
    What each tag means is in the table ``data/network/osm_tags.csv``. Ways that the public may not
    use (``access=no`` or ``private``) are left out and counted. Where a clipped extract lacks
    nodes of a way, the way is cut there, and that is counted as well; a ferry is drawn straight
    between the nodes that are there. A file that was cut off just between two of its blocks looks
    whole: nobody can tell it from a smaller one.

    Examples
    --------
    >>> read_osm_pbf("nowhere.osm.pbf")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.osm.pbf: no such file
    """
    file = existing_file(path)
    wanted = wanted_ways(classes)
    box = None if bbox is None else _box(bbox)
    tell = progress or _silent
    ways = _stream(file, wanted, tell)
    if not len(ways.way_id):
        there = f"; it has {_counts(ways.left_out)}" if ways.left_out else ""
        msg = f"{path}: no way of {', '.join(sorted(wanted.highway | wanted.route)[:6])}, ... in it"
        raise InputError(msg + there)
    if not ((ways.x != NO_PLACE) & (ways.ref > 0)).any():
        msg = (
            f"{path}: no way has the places of its nodes. Nodes must be in the file, before the "
            "ways, and have ids above 0: put it in order with 'osmium sort', or give ids with "
            "'osmium renumber'"
        )
        raise InputError(msg)
    tell("Roads: what they are", 0.6)
    what = edge_attributes(ways.tags)
    findings = _way_findings(ways, what)
    tell("Roads: junctions", 0.7)
    edges, nodes = _cut(ways, what, ~what["closed"].to_numpy(dtype=bool))
    edges, nodes, found = _without_points(edges, nodes)
    findings += found
    drawn = np.unique(edges["way"])
    if box is not None:
        edges = edges[shapely.intersects(edges.geometry.to_numpy(), box)]
    kept = np.unique(edges["way"])
    findings += _lost(ways, what, drawn, kept)
    if not len(edges):
        msg = f"{path}: no edge is left" + (f" in the box {bbox}" if bbox else "")
        raise InputError([msg, *(f"{one.check}: {one.id} {one.finding}" for one in findings)])
    ends = pd.concat([edges["from_node_id"], edges["to_node_id"]]).unique()
    nodes = nodes[nodes["node_id"].isin(ends).to_numpy(dtype=bool)]
    findings += _at_fords(edges)
    tell("Roads: carriageways", 0.85)
    edges = edges.assign(
        carriageway_group=carriageways(edges, never_dual(ways.tags)[edges["way"].to_numpy()])
    ).drop(columns=["way", "at_ford"])
    tell("Roads: checking", 0.95)
    reading = Reading(
        file=file.name, publisher="OpenStreetMap", licence=LICENCE,
        tables={
            "nodes": check_table(nodes.reset_index(drop=True), NODES),
            "edges": check_table(edges.reset_index(drop=True), EDGES),
        },
        rows_read=len(ways.way_id) + ways.again + sum(ways.left_out.values()),
        rows_kept=len(kept), findings=findings_table(findings),
    )  # fmt: skip
    tell("Roads", 1.0)
    return reading


def _silent(_step: str, _done: float) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWays:
    """Values of highway and of route to keep: route=road is no road."""

    highway: frozenset[str]
    route: frozenset[str]

    def left_out(self, tags: Any) -> str | None:  # noqa: ANN401 - osmium has no types
        """Return the value that makes a way unwanted; None if it is wanted."""
        highway, route = tags.get("highway"), tags.get("route")
        if tags.get("area") == "yes":  # the outline of a square, not a way across it
            return "area"
        if route == "ferry":  # whatever its highway says
            return None if route in self.route else route
        if highway is None:
            return route or ""
        return None if highway in self.highway else highway


def wanted_ways(classes: Collection[str] | None) -> WantedWays:
    """Return the values of highway and of route to keep.

    Parameters
    ----------
    classes
        Some of them; left out: all but the pavements of towns.

    Returns
    -------
    WantedWays
        What is wanted.

    Raises
    ------
    InputError
        If a class is not known, naming the nearest one, or there is none.

    Examples
    --------
    >>> sorted(wanted_ways(["track", "ferry"]).highway)
    ['track']
    """
    known = {
        key: frozenset(value for tag, value in tag_meanings().kind if tag == key)
        for key in ("highway", "route")
    }
    if classes is None:
        return WantedWays(highway=known["highway"] - set(ON_FOOT), route=known["route"])
    names = {classes} if isinstance(classes, str) else set(classes)
    every = known["highway"] | known["route"]
    unknown = sorted(name for name in names if name not in every)
    if unknown or not names:
        raise InputError(
            [f"classes: no highway or route {name!r}{suggest(name, every)}" for name in unknown]
            or "classes: none given; leave it out for all that people travel on"
        )
    return WantedWays(highway=known["highway"] & names, route=known["route"] & names)


def _box(bbox: tuple[float, float, float, float]) -> shapely.Polygon:
    """Return the box.

    Raises
    ------
    InputError
        If it is not west, south, east, north in degrees.
    """
    try:
        west, south, east, north = (float(number) for number in bbox)
    except (TypeError, ValueError) as error:
        msg = f"bbox: four numbers are expected (west, south, east, north), not {bbox!r}"
        raise InputError(msg) from error
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):  # noqa: PLR2004 - degrees
        msg = (
            f"bbox: {bbox!r} is not west < east in -180 to 180 and south < north in -90 to 90 "
            "degrees; the order is west, south, east, north"
        )
        raise InputError(msg)
    return shapely.box(west, south, east, north)


def _counts(numbers: dict[str, int], most: int = 6) -> str:
    """Return counts in words, the largest first."""
    order = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{value} {count}" for value, count in order[:most])


# ------------------------------------------------------------------ streaming
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Ways:
    """Ways as arrays: id, tags, and the nodes of all of them in one row after the other.

    `x` and `y` are in 1e-7 degrees, `NO_PLACE` where the extract lacks the node; nodes of way i
    are at ``first[i]:first[i + 1]``. `left_out` counts ways by value that are not wanted, `again`
    ways that are in the file twice, `astray` nodes beyond 180 and 90 degrees. `ford` are nodes.
    """

    way_id: Ints
    tags: pd.DataFrame
    first: Ints
    ref: Ints
    x: npt.NDArray[np.int32]
    y: npt.NDArray[np.int32]
    ford: Ints
    left_out: dict[str, int]
    again: int
    astray: int


def _objects(file: Path) -> Iterable[Any]:
    """Go through ways with highway or route, and through nodes that are fords, one at a time."""
    ways = osmium.filter.KeyFilter("highway", "route")
    ways.enable_for(osmium.osm.WAY)
    fords = osmium.filter.KeyFilter("ford")
    fords.enable_for(osmium.osm.NODE)
    return (
        osmium.FileProcessor(str(file))
        .with_locations("flex_mem")
        .with_filter(osmium.filter.EntityFilter(osmium.osm.NODE | osmium.osm.WAY))
        .with_filter(ways)
        .with_filter(fords)
    )


def _stream(file: Path, wanted: WantedWays, tell: Progress) -> _Ways:
    """Go through the file once.

    Raises
    ------
    InputError
        If it cannot be read to its end, or holds several states of one way.
    """
    tell("Roads: reading", 0.0)
    try:
        ways, deleted = _read(_objects(file), wanted, tell)
    except (RuntimeError, ValueError, OSError, osmium.InvalidLocationError) as error:
        msg = (
            f"{file}: cannot be read to its end ({error}): not an OpenStreetMap file, or cut off "
            "on the way; fetch it again"
        )
        raise InputError(msg) from error
    if deleted:
        msg = (
            f"{file}: a history or change file: {deleted} ways or nodes in it are deleted ones; "
            "take one day out of it with 'osmium time-filter'"
        )
        raise InputError(msg)
    return _once(ways)


def _read(objects: Iterable[Any], wanted: WantedWays, tell: Progress) -> tuple[_Ways, int]:
    """Keep what is wanted, as numbers and text; count the rest, and what is deleted."""
    ids, first, refs, fords = array("q"), array("q", [0]), array("q"), array("q")
    xs, ys = array("i"), array("i")
    columns: dict[str, list[str | None]] = {key: [] for key in KEYS}
    words: dict[str | None, str | None] = {}
    left_out: dict[str, int] = {}
    deleted = 0
    for item in objects:
        tags = item.tags
        deleted += item.deleted
        if item.is_node():
            if tags["ford"] not in NEVER:
                fords.append(item.id)
            continue
        if (value := wanted.left_out(tags)) is not None:
            left_out[value] = left_out.get(value, 0) + 1
            continue
        ids.append(item.id)
        for key, column in columns.items():
            text = tags.get(key)
            # one text for all ways that say the same
            column.append(words.setdefault(text, text))
        for node in item.nodes:
            place = node.location
            refs.append(node.ref)
            xs.append(place.x)
            ys.append(place.y)
        first.append(len(refs))
        if len(ids) % EVERY == 0:
            # nobody knows how many will come: the share nears the end without reaching it
            tell(f"Roads: {len(ids):,} ways read", 0.6 * (1 - 1 / (1 + len(ids) / 1e5)))
    x, y = np.array(xs, dtype=np.int32), np.array(ys, dtype=np.int32)
    astray = (x != NO_PLACE) & ((np.abs(x) > WORLD[0]) | (np.abs(y) > WORLD[1]))
    x[astray] = y[astray] = NO_PLACE
    ways = _Ways(
        way_id=np.array(ids, dtype=np.int64), tags=pd.DataFrame(columns, dtype="object"),
        first=np.array(first, dtype=np.int64), ref=np.array(refs, dtype=np.int64), x=x, y=y,
        ford=np.unique(np.array(fords, dtype=np.int64)), left_out=left_out, again=0,
        astray=int(astray.sum()),
    )  # fmt: skip
    return ways, deleted


def _once(ways: _Ways) -> _Ways:
    """Return each way once: where extracts were put together, the last of equal ids counts."""
    size = len(ways.way_id)
    last = size - 1 - np.unique(ways.way_id[::-1], return_index=True)[1]
    if len(last) == size:
        return ways
    keep = np.zeros(size, dtype=bool)
    keep[last] = True
    length = np.diff(ways.first)
    corner = np.repeat(keep, length)
    return replace(
        ways, way_id=ways.way_id[keep], tags=ways.tags[keep].reset_index(drop=True),
        first=np.append(0, np.cumsum(length[keep])), ref=ways.ref[corner], x=ways.x[corner],
        y=ways.y[corner], again=size - int(keep.sum()),
    )  # fmt: skip


def _way_findings(ways: _Ways, what: pd.DataFrame) -> list[Finding]:
    ids = ways.way_id
    missing = ways.x == NO_PLACE
    clipped = np.zeros(len(ids), dtype=bool)
    unread = what["unread"].notna().to_numpy(dtype=bool)
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
        ("surface assumed", "note", ~what["tagged"].to_numpy(dtype=bool) & ~unread,
         "no surface or tracktype: the usual one of the class, confidence low"),
        ("surface not known", "note", unread,
         f"{_counts(dict(Counter(what['unread'].dropna())))}: not known; as if none were given"),
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
        found.append(
            Finding(check="not wanted", severity="note", table="edges", id=f"{other} ways",
                    value=other, unit="ways",
                    finding=f"other values of highway or route: {_counts(ways.left_out)}")
        )  # fmt: skip
    if ways.again:
        found.append(
            Finding(check="way twice", severity="warning", table="edges", id=f"{ways.again} ways",
                    value=ways.again, unit="ways",
                    finding="are in the file again, with the same id: the last one counts")
        )  # fmt: skip
    if ways.astray:
        found.append(
            Finding(check="off the globe", severity="warning", table="edges", value=ways.astray,
                    unit="nodes", id=f"{ways.astray} nodes",
                    finding="beyond 180 or 90 degrees: as if they were not in the file")
        )  # fmt: skip
    return found


def _lost(ways: _Ways, what: pd.DataFrame, drawn: Ints, kept: Ints) -> list[Finding]:
    """Tell of ways that no edge is from."""
    closed = what["closed"].to_numpy(dtype=bool)
    lineless = ~closed
    lineless[drawn] = False
    outside = np.zeros(len(closed), dtype=bool)
    outside[drawn] = True
    outside[kept] = False
    cases = (
        ("no access", "note", closed, "access is no or private: left out"),
        ("no line left", "warning", lineless,
         "not two places of them are in the file: left out; fetch an extract with whole ways"),
        ("outside the box", "note", outside, "left out, as you say"),
    )  # fmt: skip
    return [
        Finding(check=check, severity=severity, table="edges", value=float(hit.sum()), unit="ways",
                id=f"{int(hit.sum())} ways, e.g. {labels(ways.way_id[hit].tolist())}", finding=text)
        for check, severity, hit, text in cases
        if hit.any()
    ]  # fmt: skip


def _at_fords(edges: gpd.GeoDataFrame) -> list[Finding]:
    hit = edges["at_ford"].to_numpy(dtype=bool)
    if not hit.any():
        return []
    ids = edges.loc[hit, "edge_id"]
    return [
        Finding(check="ford at a node", severity="note", table="edges", value=float(hit.sum()),
                unit="edges", id=f"{len(ids)} edges, e.g. {labels(ids)}",
                geometry=edges.geometry[hit].iloc[0], finding="not passable all year round")
    ]  # fmt: skip


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
    after, before = np.zeros((2, len(position)), dtype=bool)
    after[:-1] = before[1:] = joined
    unique, number = np.unique(ref, return_inverse=True)
    uses = np.bincount(number[after | before], minlength=len(unique))
    stop = (uses[number] > 1) | (after != before)
    start = np.flatnonzero(stop & after)
    end = np.flatnonzero(stop & before)
    length = end - start + 1
    corner = np.arange(length.sum()) + np.repeat(start - (np.cumsum(length) - length), length)
    at = position[corner]
    lonlat = np.column_stack([ways.x[at], ways.y[at]]) / PER_DEGREE
    lines = np.asarray(
        shapely.linestrings(lonlat, indices=np.repeat(np.arange(len(start)), length)),
        dtype=object,
    )
    of = way[start]
    wet = np.isin(ways.ref[at], ways.ford)
    at_ford = np.bincount(np.repeat(np.arange(len(start)), length), wet, minlength=len(start)) > 0
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
            "all_season": row["all_season"] & ~at_ford, "bridge": row["bridge"],
            "length_m": line_lengths_m(lines), "wait_min": 0.0, "country": None,
            "crossing_id": None, "reach": None, "rainfall_class": None,
            "carriageway_group": None, "state_reported_on": None,
            "source": [f"OpenStreetMap way {i}, ODbL" for i in ids.tolist()],
            "confidence": np.where(row["tagged"], "medium", "low"),
            "way": of, "at_ford": at_ford,
        }
    )  # fmt: skip
    edges = gpd.GeoDataFrame(table, geometry=lines, crs=4326)
    used, where = np.unique(ref[np.concatenate([start, end])], return_index=True)
    place = position[np.concatenate([start, end])[where]]
    nodes = gpd.GeoDataFrame(
        {"node_id": [f"n{i}" for i in used.tolist()], "kind": "junction", "name": None,
         "country": None},
        geometry=shapely.points(ways.x[place] / PER_DEGREE, ways.y[place] / PER_DEGREE), crs=4326,
    )  # fmt: skip
    return edges, nodes


def _without_points(
    edges: gpd.GeoDataFrame, nodes: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, list[Finding]]:
    """Take out edges of no length; two nodes that one of them joins become one."""
    point = edges["length_m"].to_numpy(dtype=float) == 0
    if not point.any():
        return edges, nodes, []
    number = pd.Index(nodes["node_id"])
    a = number.get_indexer(pd.Index(edges.loc[point, "from_node_id"]))
    b = number.get_indexer(pd.Index(edges.loc[point, "to_node_id"]))
    size = len(number)
    links = coo_array((np.ones(len(a)), (a, b)), shape=(size, size))
    _, label = connected_components(links, directed=False)
    first = np.unique(label, return_index=True)[1]
    name = pd.Series(number.to_numpy()[first[label]], index=number)
    joined = int(size - len(first))
    ids = edges.loc[point, "edge_id"]
    finding = Finding(
        check="edge of no length", severity="warning", table="edges", value=float(len(ids)),
        unit="edges", id=f"{len(ids)} edges, e.g. {labels(ids)}",
        geometry=edges.geometry[point].iloc[0],
        finding="begin and end at one place, with nothing between: left out"
        + (f", and {joined} nodes joined with others there" if joined else ""),
    )  # fmt: skip
    kept = edges[~point]
    return (
        kept.assign(from_node_id=kept["from_node_id"].map(name).to_numpy(),
                    to_node_id=kept["to_node_id"].map(name).to_numpy()),
        nodes.iloc[first], [finding],
    )  # fmt: skip


def never_dual(tags: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Say which ways are no carriageway of a dual road, whatever runs beside them.

    Parameters
    ----------
    tags
        One row per way, with ``highway`` and ``junction``.

    Returns
    -------
    numpy.ndarray
        bool, shape (n,): true for roundabouts, slip roads and service ways, such as the lanes
        of a car park.

    Examples
    --------
    >>> tags = pd.DataFrame({"highway": ["primary", "primary_link"], "junction": [None, None]})
    >>> never_dual(tags).tolist()
    [False, True]
    """
    circle = tags["junction"].isin(["roundabout", "circular"])
    aside = tags["highway"].astype("str").str.contains(r"_link$|^service$", na=False)
    never: npt.NDArray[np.bool_] = (circle | aside).to_numpy(dtype=bool)
    return never


def carriageways(
    edges: gpd.GeoDataFrame, never: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.object_]:
    """Return which edges are carriageways of one dual road.

    Two edges are, if both are one-way roads of the same number (or name, or class where they have
    neither), run side by side within 60 m, and in opposite directions.

    Parameters
    ----------
    edges
        Schema `EDGES`, with a coordinate reference system.
    never
        Which edges are none, as `never_dual` says; bool, one per edge.

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
    single = (edges["oneway"] & (edges["kind"] == "road")).to_numpy(dtype=bool, copy=True)
    if never is not None:
        single &= ~never
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

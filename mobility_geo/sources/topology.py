"""From lines as they are drawn to nodes and edges: ends snapped, junctions cut, all told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree
from scipy.spatial.distance import pdist

from mobility_geo.errors import CRSError, InputError, labels
from mobility_geo.sources.chains import chain_order
from mobility_geo.sources.files import check_degrees
from mobility_geo.sources.geodesy import GEOD, line_lengths_m, metric_crs
from mobility_geo.sources.linework import (
    TINY_M,
    Flags,
    Floats,
    Ints,
    Linework,
    Shapes,
    along_m,
    from_shapes,
    insert_and_split,
    take,
    to_shapes,
    vertex_near,
)
from mobility_geo.sources.reading import Finding

TOUCH_M: Final = 1.0
"""A junction so near the middle of a line lies on it: coordinates are often rounded to 1e-5 deg."""

DRAWN_M: Final = 0.02
"""An end so near a line is drawn on it, and joins it whatever their levels: degrees of seven digits
are rounded by up to a centimetre."""

CHAIN: Final = 2.0
"""Ends that hang together over more than this many tolerances are no single junction."""

ROUNDS: Final = 30
NO: Final = frozenset({"", "no", "n", "f", "false", "0", "0.0", "none", "nan", "<na>", "non"})

WHAT_IT_MEANS: Final = {
    "end snapped": "ends of lines moved to a common node",
    "end joined to line": "dead ends moved to the nearest line, which is cut there",
    "line cut": "lines cut where others end or cross",
    "joint cut": "lines cut where they share a vertex with another",
    "crossing cut": "crossings made junctions",
    "duplicate dropped": "lines drawn twice; one is kept",
    "collapsed": "lines that lie within the tolerance of one node; left out",
    "zero length": "lines of no length; left out",
    "isolated dropped": "short lines that touch no other; left out",
    "pieces joined": "edges joined where two of the same kind meet",
    "chain left apart": "places where ends follow each other over more than twice the tolerance; "
    "not snapped: take a smaller snap_m, or mend them by hand",
    "left below or above": "dead ends near a bridge, a tunnel or a line of another layer; left",
    "not settled": "places that still changed after the last round",
}
WARNINGS: Final = frozenset(
    {"duplicate dropped", "collapsed", "zero length", "isolated dropped", "chain left apart",
     "left below or above", "not settled", "end joined to line", "end snapped"}
)  # fmt: skip

Progress = Callable[[str, float], None]


@dataclass(slots=True)
class _Changes:
    """What was done, collected round by round."""

    kind: list[str] = field(default_factory=list)
    row: list[Ints] = field(default_factory=list)
    distance_m: list[Floats] = field(default_factory=list)
    note: list[list[str]] = field(default_factory=list)
    shape: list[Shapes] = field(default_factory=list)

    def add(
        self, kind: str, row: Ints, shape: object, distance_m: Floats, note: list[str] | None = None
    ) -> None:
        """Add changes of one kind; row -1 is no line in particular."""
        if len(row):
            self.kind.append(kind)
            self.row.append(np.asarray(row, dtype=np.int64))
            self.distance_m.append(np.asarray(distance_m, dtype=float))
            self.note.append(note or [""] * len(row))
            self.shape.append(np.asarray(shape, dtype=object))


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Rules:
    """How lines are joined, and the flags of each row of the input."""

    snap_m: float
    crossings: bool
    split: bool
    to_metres: pyproj.Transformer
    raised: Flags
    layer: Floats
    oneway: Flags

    @property
    def near_m(self) -> float:
        """Ends so near are one."""
        return max(self.snap_m, TINY_M)

    @property
    def touch_m(self) -> float:
        """A junction so near a line lies on it."""
        return max(min(TOUCH_M, self.snap_m), TINY_M)

    def to_degrees(self, xy: Floats) -> Floats:
        """Return longitude and latitude of places in metres."""
        lon, lat = self.to_metres.transform(xy[:, 0], xy[:, 1], direction="INVERSE")
        return np.column_stack([lon, lat]).reshape(-1, 2) + 0.0

    def same_level(self, one: Ints, other: Ints) -> Flags:
        """Say of pairs of rows whether their lines can meet away from their ends."""
        return np.asarray(
            ~self.raised[one] & ~self.raised[other] & (self.layer[one] == self.layer[other])
        )


def build_topology(
    lines: gpd.GeoDataFrame,
    *,
    snap_m: float = 10.0,
    node_crossings: bool = False,
    split_at_endpoints: bool = True,
    min_length_m: float = 0.0,
    merge: bool = False,
    progress: Progress | None = None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Make nodes and edges of lines: snap their ends, cut them where others end, tell each change.

    Ends within `snap_m` of each other, also by way of others, become one node, at the end that
    lies nearest their middle. If such ends stretch over more than twice `snap_m`, they are no
    single junction: they stay apart and are reported. A dead end within `snap_m` of another line
    is moved to it and cuts it. This is repeated until nothing changes. The result does not depend
    on the order of the rows, and doing it again changes nothing.

    Parameters
    ----------
    lines
        LineStrings or MultiLineStrings in any coordinate reference system. ``edge_id`` is kept,
        else the index is taken; ``bridge``, ``tunnel`` and ``layer`` keep lines apart away from
        their ends; ``oneway`` keeps directions apart. Other columns go along with the edges.
    snap_m
        Tolerance in metres on the ground, 0 or more; 0 joins only what is drawn joined. Within
        about 1 % as far as 1,500 km from the middle of the layer.
    node_crossings
        Whether lines that cross away from their ends meet there: never where one of both is a
        bridge or a tunnel, or their layers differ.
    split_at_endpoints
        Whether lines are cut where others end.
    min_length_m
        Lines that touch no other and are shorter, in metres, are left out.
    merge
        Whether two edges that meet at a node of their own, equal in all columns, become one.
    progress
        Called with what is done and the share done, 0 to 1.

    Returns
    -------
    nodes
        Schema `mobility_geo.schema.NODES` with ``degree``, the number of ends that meet there;
        ids are made of longitude and latitude.
    edges
        The columns of `lines` with ``edge_id`` (pieces of a line have ``/1``, ``/2``, ...),
        ``from_node_id``, ``to_node_id`` and ``length_m``, on the ellipsoid.
    changes
        One row per change: ``change``, ``edge_id`` as given, ``distance_m`` (moved, or length left
        out), ``note``, and a point: where an end moved to, or the middle of a line that was left
        out. All three in WGS 84.

    Raises
    ------
    CRSError
        If the layer has no coordinate reference system, or crosses the antimeridian.
    InputError
        If a parameter is out of range, a geometry is no line, or no line is left.

    Examples
    --------
    >>> lines = gpd.GeoDataFrame(
    ...     geometry=gpd.GeoSeries.from_wkt(
    ...         ["LINESTRING (0 0, 0.02 0)", "LINESTRING (0.01 0.01, 0.01 0.00005)"]
    ...     ),
    ...     crs=4326,
    ... )
    >>> nodes, edges, changes = build_topology(lines, snap_m=10)
    >>> sorted(edges["edge_id"]), changes["change"].tolist()
    (['0/1', '0/2', '1'], ['end joined to line', 'line cut'])
    """
    for name, value in (("snap_m", snap_m), ("min_length_m", min_length_m)):
        if not (np.isfinite(value) and value >= 0):
            msg = f"{name} must be 0 m or more, not {value}"
            raise InputError(msg)
    tell = progress or _silent
    frame, ids, changes = _plain_lines(lines)
    rules = _rules(frame, snap_m=float(snap_m), crossings=node_crossings, split=split_at_endpoints)
    tell("Topology: lines", 0.0)
    work = from_shapes(frame.geometry.to_numpy(), np.arange(len(frame)), rules.to_metres)
    work = _without_points(work, changes)
    work = _settle(work, rules, frame, min_length_m, changes, tell)
    if merge and len(work):
        work = _joined(work, rules, frame, changes)
    if not len(work):
        msg = f"no line is left of {len(lines)}; is snap_m = {snap_m:g} m larger than the lines?"
        raise InputError(msg)
    tell("Topology: edges", 0.9)
    # as the rows of the input came, which the index still says
    work = take(work, np.argsort(frame.index.to_numpy()[work.row], kind="stable"))
    nodes, edges = _tables(work, frame, ids)
    made = _changes_table(changes, ids)
    tell("Topology: edges", 1.0)
    return nodes, edges, made


def topology_findings(changes: gpd.GeoDataFrame, *, table: str = "edges") -> tuple[Finding, ...]:
    """Return the changes of `build_topology`, counted by kind.

    Parameters
    ----------
    changes
        As `build_topology` returns them.
    table
        Name of the table concerned.

    Returns
    -------
    tuple of Finding
        One per kind, with the number of places and the longest move.

    Examples
    --------
    >>> lines = gpd.GeoDataFrame(
    ...     geometry=gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 1 0)"] * 2), crs=4326
    ... )
    >>> topology_findings(build_topology(lines)[2])[0].check
    'duplicate dropped'
    """
    found = []
    for kind, rows in changes.groupby("change", sort=False):
        ids = [one for one in rows["edge_id"].unique() if isinstance(one, str)]
        farthest = float(rows["distance_m"].max())
        moved = f"; at most {farthest:.1f} m" if farthest > 0 and "cut" not in str(kind) else ""
        there = rows.geometry[~(rows.geometry.isna() | rows.geometry.is_empty)]
        notes = sorted({note for note in rows["note"] if note})
        found.append(
            Finding(
                check=str(kind), severity="warning" if kind in WARNINGS else "note", table=table,
                id=f"{len(rows)} places" + (f", e.g. {labels(ids)}" if ids else ""),
                value=len(rows), unit="places",
                finding=WHAT_IT_MEANS[str(kind)] + moved
                        + (f" ({'; '.join(notes[:2])})" if notes and kind in WARNINGS else ""),
                geometry=None if there.empty else there.iloc[0],
            )
        )  # fmt: skip
    return tuple(found)


def _silent(_step: str, _share: float) -> None:
    pass


# ------------------------------------------------------------------ input
def _plain_lines(lines: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, Shapes, _Changes]:
    """Return LineStrings in WGS 84 in an order of their own, the id of each, and what went.

    Raises
    ------
    CRSError
        If the layer has no coordinate reference system.
    InputError
        If a geometry is no line, or there is none.
    """
    if lines.crs is None:
        msg = "lines: no coordinate reference system; set it with .set_crs(...)"
        raise CRSError(msg)
    given = lines["edge_id"] if "edge_id" in lines.columns else pd.Series(lines.index)
    ids = given.astype(object).map(str).to_numpy(dtype=object)
    frame = lines.to_crs(4326) if lines.crs != 4326 else lines.copy()  # noqa: PLR2004
    frame = frame.set_axis(pd.RangeIndex(len(frame)))
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    kinds = shapely.get_type_id(shapes)
    wrong = ~np.isin(kinds, (-1, 1, 2, 5)) & ~shapely.is_empty(shapes)
    if bool(wrong.any()):
        kind = frame.geometry.geom_type[wrong].iloc[0]
        msg = (
            f"lines: {int(wrong.sum())} rows are {kind}, not lines, e.g. {labels(ids[wrong])}; "
            "leave them out"
        )
        raise InputError(msg)
    parts, row = shapely.get_parts(shapes, return_index=True)
    there = ~shapely.is_empty(parts)
    parts, row = parts[there], row[there]
    if not len(parts):
        msg = "lines: no line in the layer"
        raise InputError(msg)
    check_degrees(shapely.bounds(parts), "lines")
    changes = _Changes()
    frame = frame.iloc[row].set_geometry(parts, crs=4326).set_axis(pd.RangeIndex(len(row)))
    order = _own_order(frame, ids[row])
    return frame.iloc[order], ids[row][order], changes


def _own_order(frame: gpd.GeoDataFrame, ids: Shapes) -> Ints:
    """Return the order of lines by where they are, so that the order of rows cannot matter."""
    shapes = frame.geometry.to_numpy()
    first = shapely.get_point(shapes, 0)
    last = shapely.get_point(shapes, -1)
    keys: pd.DataFrame = pd.DataFrame(
        {
            "x0": shapely.get_x(first), "y0": shapely.get_y(first), "x1": shapely.get_x(last),
            "y1": shapely.get_y(last), "length": shapely.length(shapes),
        }
    )  # fmt: skip
    ties = keys.duplicated(keep=False).to_numpy()
    keys["shape"] = b""
    keys["text"] = ""
    if bool(ties.any()):
        some = frame.loc[ties].drop(columns=frame.geometry.name)
        keys.loc[ties, "shape"] = shapely.to_wkb(shapes[ties])
        cells = [*(_text(some[name]) for name in some.columns), ids[ties]]
        keys.loc[ties, "text"] = ["|".join(row) for row in zip(*cells, strict=True)]
    return np.asarray(keys.sort_values(list(keys.columns), kind="stable").index, dtype=np.int64)


@lru_cache(maxsize=8)
def _change(metric: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(4326, metric, always_xy=True)


def _rules(frame: gpd.GeoDataFrame, *, snap_m: float, crossings: bool, split: bool) -> _Rules:
    metric = metric_crs(frame)
    size = len(frame)
    raised = np.zeros(size, dtype=bool)
    for name in ("bridge", "tunnel"):
        if name in frame.columns:
            raised |= _truth(frame[name])
    layer = np.zeros(size)
    if "layer" in frame.columns:
        layer = pd.to_numeric(frame["layer"], errors="coerce").fillna(0).to_numpy(dtype=float)
    oneway = _truth(frame["oneway"]) if "oneway" in frame.columns else np.zeros(size, dtype=bool)
    return _Rules(
        snap_m=snap_m, crossings=crossings, split=split, raised=raised, layer=layer, oneway=oneway,
        to_metres=_change(metric.srs),
    )  # fmt: skip


def _truth(column: pd.Series) -> Flags:
    words = column.astype(object).where(column.notna(), "").map(str).str.strip().str.lower()
    return np.asarray(~words.isin(NO))


def _text(column: pd.Series) -> Shapes:
    """Return cells as text, missing ones empty."""
    return column.astype(object).where(column.notna(), "").map(str).to_numpy(dtype=object)


# ------------------------------------------------------------------ rounds
def _settle(
    work: Linework,
    rules: _Rules,
    frame: gpd.GeoDataFrame,
    min_length_m: float,
    changes: _Changes,
    tell: Progress,
) -> Linework:
    """Snap and cut until nothing changes."""
    for number in range(ROUNDS):
        tell("Topology: ends and junctions", 0.1 + 0.75 * (1 - 0.5**number))
        work = _without_duplicates(work, rules, frame, changes)
        work, moved = _snapped(work, rules, changes)
        if not len(work):
            break
        cut = False
        if rules.split or rules.crossings:
            work, cut = _cut(work, rules, changes)
        if moved or cut:
            continue
        kept = _without_isolated(work, min_length_m, changes)
        if len(kept) == len(work):
            break
        work = kept
    else:
        point = _dots(work.lonlat[:1])
        changes.add("not settled", np.array([-1]), point, np.zeros(1))
    _report_left(work, rules, changes)
    return work


def _points(lines: Linework) -> tuple[Ints, Ints]:
    """Return the point of each end (starts, then ends), and a vertex at each point."""
    ends = lines.ends
    place = lines.lonlat[ends] @ np.array([1, 1j])
    _, first, node = np.unique(place, return_index=True, return_inverse=True)
    return node.astype(np.int64), ends[first]


def _clusters(xy: Floats, near_m: float) -> tuple[Ints, Floats]:
    """Return the cluster of each point, and the diameter of each cluster in metres.

    Diameters are exact above twice the distance `near_m`, else an upper bound.
    """
    pairs = KDTree(xy).query_pairs(near_m, output_type="ndarray")
    size = len(xy)
    graph = coo_array((np.ones(len(pairs), dtype=np.int8), tuple(pairs.T)), shape=(size, size))
    count, label = connected_components(graph, directed=False)
    low = np.full((count, 2), np.inf)
    high = np.full((count, 2), -np.inf)
    np.minimum.at(low, label, xy)
    np.maximum.at(high, label, xy)
    width = high - low
    diameter = np.hypot(*width.T)
    doubtful = np.flatnonzero((diameter > CHAIN * near_m) & (width.max(axis=1) <= CHAIN * near_m))
    if len(doubtful):
        order = np.argsort(label, kind="stable")
        bounds = np.searchsorted(label[order], [doubtful, doubtful + 1]).T
        for one, (begin, end) in zip(doubtful, bounds, strict=True):
            diameter[one] = pdist(xy[order[begin:end]]).max()
    return label.astype(np.int64), diameter


def _snapped(work: Linework, rules: _Rules, changes: _Changes) -> tuple[Linework, bool]:
    """Move the ends of each cluster to one of them; lines that shrink to a point go."""
    node, vertex = _points(work)
    xy = work.xy[vertex]
    label, diameter = _clusters(xy, rules.near_m)
    if len(diameter) == len(label):
        return work, False
    weight = np.bincount(node).astype(float)
    total = np.bincount(label, weights=weight)
    middle = np.column_stack(
        [np.bincount(label, weights=weight * xy[:, axis]) / total for axis in (0, 1)]
    )
    away = np.hypot(*(xy - middle[label]).T)
    order = np.lexsort((np.arange(len(label)), np.round(away, 6), label))
    chosen = order[np.searchsorted(label[order], np.arange(len(diameter)))]
    target = chosen[label]
    whole = (diameter <= CHAIN * rules.near_m)[label]
    target = np.where(whole, target, np.arange(len(label)))
    moving = target[node] != node
    if not bool(moving.any()):
        return work, False
    ends = work.ends
    goal = vertex[target[node]]
    lonlat, metric = work.lonlat.copy(), work.xy.copy()
    lonlat[ends], metric[ends] = work.lonlat[goal], work.xy[goal]
    at = np.flatnonzero(moving)
    line = at % len(work)
    changes.add(
        "end snapped", work.row[line], _dots(work.lonlat[goal[at]]),
        _apart_m(work.lonlat[ends[at]], work.lonlat[goal[at]]),
    )  # fmt: skip
    size = len(work)
    shrunk = (
        (target[node[:size]] == target[node[size:]]) & (node[:size] != node[size:])
    )  # fmt: skip
    new = Linework(lonlat=lonlat, xy=metric, extra=work.extra, start=work.start, row=work.row)
    spread = np.hypot(*(new.xy - np.repeat(new.xy[new.start[:-1]], np.diff(new.start), axis=0)).T)
    reach = np.maximum.reduceat(spread, new.start[:-1])
    gone = shrunk & (reach <= rules.near_m)
    if bool(gone.any()):
        old = to_shapes(take(work, np.flatnonzero(gone)))
        changes.add("collapsed", work.row[gone], old, line_lengths_m(old))
        new = take(new, np.flatnonzero(~gone))
    return _without_repeats(new, changes), True


def _without_repeats(work: Linework, changes: _Changes) -> Linework:
    """Drop a vertex that came to lie on the one before it; then lines without length."""
    same = np.zeros(len(work.lonlat), dtype=bool)
    same[1:] = (work.lonlat[1:] == work.lonlat[:-1]).all(axis=1)
    same[work.start[:-1]] = False
    if not bool(same.any()):
        return work
    size = np.bincount(work.owner[~same], minlength=len(work))
    kept = Linework(
        lonlat=work.lonlat[~same], xy=work.xy[~same], extra=work.extra[~same],
        start=np.concatenate([[0], np.cumsum(size)]).astype(np.int64), row=work.row,
    )  # fmt: skip
    return _without_points(kept, changes)


def _without_points(work: Linework, changes: _Changes) -> Linework:
    alone = np.diff(work.start) < 2  # noqa: PLR2004
    if not bool(alone.any()):
        return work
    at = work.start[:-1][alone]
    changes.add("zero length", work.row[alone], _dots(work.lonlat[at]), np.zeros(len(at)))
    return take(work, np.flatnonzero(~alone))


def _without_duplicates(
    work: Linework, rules: _Rules, frame: gpd.GeoDataFrame, changes: _Changes
) -> Linework:
    """Keep one of lines with the same vertices; opposite one-way lines are two."""
    if not len(work):
        return work
    whole = np.rint(work.lonlat * 1e9).astype(np.int64)
    start = work.start[:-1]
    with np.errstate(over="ignore"):
        sums = np.add.reduceat(np.column_stack([whole, whole[:, 0] * whole[:, 1]]), start, axis=0)
    oneway = rules.oneway[work.row]
    keys = pd.DataFrame(sums)
    keys["size"] = np.diff(work.start)
    keys["oneway"] = oneway
    alike = keys.duplicated(keep=False).to_numpy()
    if not bool(alike.any()):
        return work
    some = np.flatnonzero(alike)
    those = take(work, some)
    shapes: Shapes = np.asarray(
        shapely.linestrings(those.lonlat, indices=those.owner), dtype=object
    )
    forth, back = shapely.to_wkb(shapes), shapely.to_wkb(shapely.reverse(shapes))
    key = np.where(oneway[some], forth, np.minimum(forth, back))
    again = pd.DataFrame({"key": key, "oneway": oneway[some]}).duplicated().to_numpy()
    if not bool(again.any()):
        return work
    gone = some[again]
    first = pd.Series(some[~again], index=pd.Index(key[~again]))
    first = first[~first.index.duplicated()]
    kept_row = work.row[first.loc[key[again]].to_numpy()]
    plain = frame.drop(columns=[frame.geometry.name, "edge_id"], errors="ignore")
    differ = np.zeros(len(gone), dtype=bool)
    for name in plain.columns:
        cells = plain[name]
        differ |= _text(cells.iloc[work.row[gone]]) != _text(cells.iloc[kept_row])
    changes.add(
        "duplicate dropped", work.row[gone], shapes[again], line_lengths_m(shapes[again]),
        ["other columns differ" if one else "" for one in differ],
    )  # fmt: skip
    return take(work, np.setdiff1d(np.arange(len(work)), gone))


def _without_isolated(work: Linework, min_length_m: float, changes: _Changes) -> Linework:
    if min_length_m <= 0 or not len(work):
        return work
    node, _ = _points(work)
    size = len(work)
    degree = np.bincount(node)
    loop = node[:size] == node[size:]
    alone = np.where(
        loop, degree[node[:size]] == 2, (degree[node[:size]] == 1) & (degree[node[size:]] == 1)  # noqa: PLR2004
    )  # fmt: skip
    shapes = to_shapes(work)
    length = line_lengths_m(shapes)
    gone = alone & (length < min_length_m)
    changes.add("isolated dropped", work.row[gone], shapes[gone], length[gone])
    return take(work, np.flatnonzero(~gone))


# ------------------------------------------------------------------ cutting
def _cut(work: Linework, rules: _Rules, changes: _Changes) -> tuple[Linework, bool]:
    """Join dead ends to lines, and cut lines where others end or cross."""
    if rules.split:
        joint = _joints(work, rules)
        if len(joint):
            owner = np.searchsorted(work.start, joint, side="right") - 1
            changes.add("joint cut", work.row[owner], _dots(work.lonlat[joint]),
                        np.zeros(len(joint)))  # fmt: skip
            return insert_and_split(
                work, owner, along_m(work)[joint], work.lonlat[joint], work.xy[joint]
            ), True
    node, vertex = _points(work)
    shapes = to_shapes(work, metres=True)
    tree = shapely.STRtree(shapes)
    line: list[Ints] = []
    along: list[Floats] = []
    lonlat: list[Floats] = []
    xy: list[Floats] = []
    moved = work
    if rules.split:
        ends, goal_ll, goal_xy, place = _dead_ends(work, rules, node, vertex, tree)
        if len(ends):
            at = work.ends[ends]
            new_ll, new_xy = work.lonlat.copy(), work.xy.copy()
            new_ll[at], new_xy[at] = goal_ll, goal_xy
            moved = Linework(
                lonlat=new_ll, xy=new_xy, extra=work.extra, start=work.start, row=work.row
            )
            changes.add(
                "end joined to line", work.row[ends % len(work)],
                _dots(goal_ll), _apart_m(work.lonlat[at], goal_ll),
            )  # fmt: skip
            inside = place[0] >= 0
            line.append(place[0][inside].astype(np.int64))
            along.append(place[1][inside])
            lonlat.append(goal_ll[inside])
            xy.append(goal_xy[inside])
        onto, far, which = _on_lines(work, rules, node, vertex, tree)
        line.append(onto)
        along.append(far)
        lonlat.append(work.lonlat[vertex[which]])
        xy.append(work.xy[vertex[which]])
    cuts = sum(map(len, line))
    if rules.crossings:
        crossed = _crossings(work, rules, shapes, tree)
        line.append(crossed[0])
        along.append(crossed[1])
        lonlat.append(crossed[2])
        xy.append(crossed[3])
    owner = np.concatenate(line) if line else np.zeros(0, dtype=np.int64)
    if not len(owner):
        return _without_repeats(moved, changes), moved is not work
    places = np.concatenate(lonlat)
    kinds = np.arange(len(owner)) < cuts
    for kind, those in (("line cut", kinds), ("crossing cut", ~kinds)):
        changes.add(kind, work.row[owner[those]], _dots(places[those]), np.zeros(those.sum()))
    made = insert_and_split(moved, owner, np.concatenate(along), places, np.concatenate(xy))
    return _without_repeats(made, changes), True


def _joints(work: Linework, rules: _Rules) -> Ints:
    """Return vertices inside lines where others end or branch off: drawn joined, so joined.

    A vertex that two lines pass side by side is none: only where more than two ways lead on.
    """
    real = np.flatnonzero(~work.extra)
    owner = work.owner[real]
    place = np.unique(work.lonlat[real] @ np.array([1, 1j]), return_inverse=True)[1]
    tip = np.ones(len(real), dtype=bool)
    tip[1:-1] = (owner[1:-1] != owner[:-2]) | (owner[1:-1] != owner[2:])
    ends = np.zeros(int(place.max()) + 1, dtype=bool)
    ends[place[tip]] = True
    inside = np.flatnonzero(~tip)
    row = work.row[owner[inside]]
    level = pd.factorize(rules.layer[row])[0]
    group = pd.factorize(place[inside] * (int(level.max(initial=0)) + 1) + level)[0]
    flat = np.flatnonzero(~rules.raised[row])
    ways = pd.DataFrame(
        {
            "group": np.concatenate([group[flat], group[flat]]),
            "to": np.concatenate([place[inside[flat] - 1], place[inside[flat] + 1]]),
        }
    ).drop_duplicates()
    count = np.bincount(ways["group"], minlength=int(group.max(initial=0)) + 1)
    branches = ~rules.raised[row] & (count[group] > 2)  # noqa: PLR2004
    return np.asarray(real[inside[ends[place[inside]] | branches]], dtype=np.int64)


def _dead_ends(
    work: Linework, rules: _Rules, node: Ints, vertex: Ints, tree: shapely.STRtree
) -> tuple[Ints, Floats, Floats, tuple[Ints, Floats]]:
    """Return dead ends that go to a line, where they go, and where they cut it (-1: at its end)."""
    degree = np.bincount(node, minlength=len(vertex))
    ends = np.flatnonzero(degree[node] == 1)
    at = work.ends[ends]
    points: Shapes = np.asarray(_dots(work.xy[at]), dtype=object)
    which, line = tree.query(points, predicate="dwithin", distance=rules.near_m)
    own = ends[which] % len(work)
    shapes: Shapes = np.asarray(tree.geometries, dtype=object)
    away = shapely.distance(points[which], shapes[line])
    level = rules.same_level(work.row[own], work.row[line])
    fits = (own != line) & (level | (away <= DRAWN_M))
    which, line, away = which[fits], line[fits], away[fits]
    order = np.lexsort((line, np.round(away, 6), which))
    first = np.ones(len(order), dtype=bool)
    first[1:] = which[order][1:] != which[order][:-1]
    which, line = which[order][first], line[order][first].astype(np.int64)
    along: Floats = np.asarray(shapely.line_locate_point(shapes[line], points[which]))
    foot = shapely.get_coordinates(shapely.line_interpolate_point(shapes[line], along))
    hit = vertex_near(work, line, along) if len(line) else np.zeros(0, dtype=np.int64)
    # an end of the line that is near enough itself goes before a place beside it
    tips = np.stack([work.start[line], work.start[line + 1] - 1])
    to_tip = np.hypot(*np.moveaxis(work.xy[tips] - work.xy[work.ends[ends[which]]], -1, 0))
    nearer = to_tip.argmin(axis=0)
    at_end = to_tip.min(axis=0) <= rules.near_m
    hit = np.where(at_end, tips[nearer, np.arange(len(line))], hit)
    goal_xy = np.where((hit >= 0)[:, None], work.xy[hit], foot)
    degrees = rules.to_degrees(foot)
    goal_ll = np.where((hit >= 0)[:, None], work.lonlat[hit], degrees)
    # an end that moves itself is no place to go to
    going = np.zeros(len(vertex), dtype=bool)
    going[node[ends[which]]] = True
    target = np.full(len(line), -1, dtype=np.int64)
    target[at_end] = node[(line + nearer * len(work))[at_end]]
    keep = ~(at_end & going[target])
    place = (np.where(at_end, -1, line)[keep], along[keep])
    return ends[which][keep], goal_ll[keep], goal_xy[keep], place


def _on_lines(
    work: Linework, rules: _Rules, node: Ints, vertex: Ints, tree: shapely.STRtree
) -> tuple[Ints, Floats, Ints]:
    """Return lines on whose middle a junction of others lies: line, how far along it, and node."""
    degree = np.bincount(node, minlength=len(vertex))
    some = np.flatnonzero(degree > 1)
    points = _dots(work.xy[vertex[some]])
    which, line = tree.query(points, predicate="dwithin", distance=rules.touch_m)
    which, line = some[which], line.astype(np.int64)
    size = len(work)
    meets = (node[line] == which) | (node[line + size] == which)
    which, line = which[~meets], line[~meets]
    if not len(which):
        return line, np.zeros(0), which
    # the lines that end there: one of them on the level of the line is enough
    order = np.argsort(node, kind="stable")
    begin, end = np.searchsorted(node[order], [which, which + 1])
    pair = np.repeat(np.arange(len(which)), end - begin)
    inner = order[np.arange(len(pair)) - np.repeat(np.cumsum(end - begin) - end, end - begin)]
    level = rules.same_level(work.row[inner % size], work.row[line[pair]])
    fits = np.bincount(pair, weights=level, minlength=len(which)) > 0
    shapes: Shapes = np.asarray(tree.geometries, dtype=object)
    points = _dots(work.xy[vertex[which]])
    fits |= shapely.distance(points, shapes[line]) <= DRAWN_M
    along = shapely.line_locate_point(shapes[line], points)
    # nearer to its end than the tolerance, it is a matter of snapping
    fits &= (along > rules.touch_m) & (along < shapely.length(shapes[line]) - rules.touch_m)
    return line[fits], along[fits], which[fits]


def _crossings(
    work: Linework, rules: _Rules, shapes: Shapes, tree: shapely.STRtree
) -> tuple[Ints, Floats, Floats, Floats]:
    """Return where lines cross away from their ends: line, how far along it, degrees, metres."""
    one, other = tree.query(shapes, predicate="crosses")
    fits = (one < other) & rules.same_level(work.row[one], work.row[other])
    one, other = one[fits], other[fits]
    parts, pair = shapely.get_parts(
        shapely.intersection(shapes[one], shapes[other]), return_index=True
    )
    single = shapely.get_type_id(parts) == 0
    parts, pair = parts[single], pair[single]
    line = np.concatenate([one[pair], other[pair]]).astype(np.int64)
    along = shapely.line_locate_point(shapes[line], np.concatenate([parts, parts]))
    length = shapely.length(shapes[line])
    inside = (along > TINY_M) & (along < length - TINY_M)
    # of both lines, or of none: where one ends, it is cut as where lines end
    xy = shapely.get_coordinates(parts)
    both = inside[: len(pair)] & inside[len(pair) :]
    both &= ~_meet_near(work, one[pair], other[pair], xy)
    inside = np.concatenate([both, both])
    degrees = rules.to_degrees(xy)
    bent = _bends(work, rules, shapes, tree)
    return (
        np.concatenate([line[inside], bent[0]]), np.concatenate([along[inside], bent[1]]),
        np.concatenate([np.concatenate([degrees, degrees])[inside], bent[2]]),
        np.concatenate([np.concatenate([xy, xy])[inside], bent[3]]),
    )  # fmt: skip


def _meet_near(work: Linework, one: Ints, other: Ints, xy: Floats) -> Flags:
    """Say which places lie within a metre of a common end of two lines.

    Lines that leave a junction side by side cross again right there, or not, by the last digit.
    """
    met = np.zeros(len(xy), dtype=bool)
    tips = work.start[:-1], work.start[1:] - 1
    for first in tips:
        for second in tips:
            same = (work.lonlat[first[one]] == work.lonlat[second[other]]).all(axis=1)
            met |= same & (np.hypot(*(work.xy[first[one]] - xy).T) <= TOUCH_M)
    return met


def _bends(
    work: Linework, rules: _Rules, shapes: Shapes, tree: shapely.STRtree
) -> tuple[Ints, Floats, Floats, Floats]:
    """Return where a line has a vertex on another line, as a crossing of both.

    Whether two such lines cross or only touch is a matter of the last digit.
    """
    inner = ~work.extra
    inner[work.ends] = False
    vertex = np.flatnonzero(inner)
    which, line = tree.query(_dots(work.xy[vertex]), predicate="dwithin", distance=TINY_M)
    vertex, line = vertex[which], line.astype(np.int64)
    own = np.searchsorted(work.start, vertex, side="right") - 1
    fits = (own != line) & rules.same_level(work.row[own], work.row[line])
    vertex, line, own = vertex[fits], line[fits], own[fits]
    along = np.asarray(shapely.line_locate_point(shapes[line], _dots(work.xy[vertex])))
    fits = (along > TINY_M) & (along < shapely.length(shapes[line]) - TINY_M)
    if len(line):
        fits &= vertex_near(work, line, along) < 0
        fits &= ~_meet_near(work, own, line, work.xy[vertex])
    vertex, line, own, along = vertex[fits], line[fits], own[fits], along[fits]
    both = np.concatenate([vertex, vertex])
    return (
        np.concatenate([line, own]), np.concatenate([along, along_m(work)[vertex]]),
        work.lonlat[both], work.xy[both],
    )  # fmt: skip


def _report_left(work: Linework, rules: _Rules, changes: _Changes) -> None:
    """Tell of chains of ends that stay apart, and of dead ends under or over a bridge."""
    if not len(work):
        return
    node, vertex = _points(work)
    xy = work.xy[vertex]
    label, diameter = _clusters(xy, rules.near_m)
    count = np.bincount(label)
    left = np.flatnonzero(count > 1)
    if len(left):
        order = np.argsort(label, kind="stable")
        first = order[np.searchsorted(label[order], left)]
        changes.add(
            "chain left apart", np.full(len(left), -1), _dots(work.lonlat[vertex[first]]),
            diameter[left], [f"{count[one]} ends" for one in left],
        )  # fmt: skip
    if not rules.split:
        return
    shapes = to_shapes(work, metres=True)
    degree = np.bincount(node, minlength=len(vertex))
    ends = np.flatnonzero(degree[node] == 1)
    tree = shapely.STRtree(shapes)
    points = _dots(work.xy[work.ends[ends]])
    which, line = tree.query(points, predicate="dwithin", distance=rules.near_m)
    own = ends[which] % len(work)
    apart = (own != line) & ~rules.same_level(work.row[own], work.row[line])
    some = np.unique(ends[which[apart]])
    at = work.ends[some]
    changes.add("left below or above", work.row[some % len(work)], _dots(work.lonlat[at]),
                np.zeros(len(some)))  # fmt: skip


def _joined(work: Linework, rules: _Rules, frame: gpd.GeoDataFrame, changes: _Changes) -> Linework:
    """Join edges of equal columns that meet at a node of their own."""
    node, vertex = _points(work)
    size = len(work)
    plain = frame.drop(columns=[frame.geometry.name, "edge_id", "length_m"], errors="ignore")
    group = np.zeros(len(frame), dtype=np.int64)
    for name in plain.columns:
        code = pd.factorize(_text(plain[name]))[0]
        group = pd.factorize(group * (int(code.max()) + 1) + code)[0]
    group = group[work.row].astype(np.int64)
    order, place, forward = chain_order(
        node[:size], node[size:], group, rules.oneway[work.row], count=len(vertex)
    )
    if len(np.unique(place)) == size:
        return work
    parts = take(work, order)
    flip = ~forward
    sizes = np.diff(parts.start)
    inner = np.arange(len(parts.lonlat)) - np.repeat(parts.start[:-1], sizes)
    turned = np.where(
        np.repeat(flip, sizes),
        np.repeat(parts.start[1:] - 1, sizes) - inner, np.repeat(parts.start[:-1], sizes) + inner,
    )  # fmt: skip
    begins = np.ones(size, dtype=bool)
    begins[1:] = place[1:] != place[:-1]
    # the first vertex of a piece that follows another is the last of that one
    keep = np.ones(len(turned), dtype=bool)
    keep[parts.start[:-1][~begins]] = False
    chain = np.repeat(np.cumsum(begins) - 1, sizes)[keep]
    count = np.bincount(chain)
    made = Linework(
        lonlat=parts.lonlat[turned][keep], xy=parts.xy[turned][keep],
        extra=parts.extra[turned][keep],
        start=np.concatenate([[0], np.cumsum(count)]).astype(np.int64), row=parts.row[begins],
    )  # fmt: skip
    at = parts.lonlat[turned[parts.start[:-1][~begins]]]
    changes.add("pieces joined", parts.row[~begins], _dots(at), np.zeros(len(at)))
    return made


# ------------------------------------------------------------------ output
def _tables(
    work: Linework, frame: gpd.GeoDataFrame, ids: Shapes
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    node, vertex = _points(work)
    size = len(work)
    place = work.lonlat[vertex]
    names = _unique(
        pd.Series([f"{lon:.6f}_{lat:.6f}" for lon, lat in place.tolist()], dtype="str"), mark="~"
    )
    nodes = gpd.GeoDataFrame(
        {
            "node_id": names, "kind": "junction", "name": pd.Series(None, dtype="str"),
            "country": pd.Series(None, dtype="str"), "degree": np.bincount(node),
        },
        geometry=_dots(place), crs=4326,
    )  # fmt: skip
    given = pd.Series(ids[work.row], dtype="str")
    part = given.groupby(given).cumcount() + 1
    several = given.duplicated(keep=False)
    edge_ids = _unique(given.where(~several, given + "/" + part.astype(str)), mark="~")
    shapes = to_shapes(work)
    rest = frame.drop(
        columns=[frame.geometry.name, "edge_id", "from_node_id", "to_node_id", "length_m"],
        errors="ignore",
    )
    edges = pd.concat(
        [
            pd.DataFrame(
                {
                    "edge_id": edge_ids, "from_node_id": names.to_numpy()[node[:size]],
                    "to_node_id": names.to_numpy()[node[size:]],
                    "length_m": line_lengths_m(shapes),
                }
            ),
            pd.DataFrame(rest.iloc[work.row]).reset_index(drop=True),
        ],
        axis=1,
    )  # fmt: skip
    return nodes, gpd.GeoDataFrame(edges, geometry=shapes, crs=4326)


def _unique(names: "pd.Series[str]", *, mark: str) -> "pd.Series[str]":
    """Return the names, those that repeat with a number."""
    again = names.groupby(names).cumcount()
    return names.where(again == 0, names + mark + (again + 1).astype(str))


def _changes_table(changes: _Changes, ids: Shapes) -> gpd.GeoDataFrame:
    row = np.concatenate([np.zeros(0, dtype=np.int64), *changes.row])
    edge = np.where(row >= 0, ids[row], None) if len(row) else np.zeros(0, dtype=object)
    kind = np.repeat(np.array(changes.kind, dtype=object), [len(one) for one in changes.row])
    # points alone: a layer of QGIS has one type, and a move of metres is seen only as a point
    places = np.concatenate([np.zeros(0, dtype=object), *changes.shape])
    drawn = shapely.get_type_id(places) == 1
    places[drawn] = shapely.get_point(places[drawn], -1)
    return gpd.GeoDataFrame(
        {
            "change": pd.Series(kind, dtype="str"),
            "edge_id": pd.Series(edge, dtype="str"),
            "distance_m": np.concatenate([np.zeros(0), *changes.distance_m]),
            "note": pd.Series([note for notes in changes.note for note in notes], dtype="str"),
        },
        geometry=places, crs=4326,
    )  # fmt: skip


def _dots(places: Floats) -> Shapes:
    return np.asarray(shapely.points(places), dtype=object).reshape(-1)


def _apart_m(begin: Floats, end: Floats) -> Floats:
    return np.asarray(GEOD.inv(begin[:, 0], begin[:, 1], end[:, 0], end[:, 1])[2], dtype=float)

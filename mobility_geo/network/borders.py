"""Where roads cross borders: countries of nodes, and crossings as edges of their own."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import labels
from mobility_geo.network.build import no_rows
from mobility_geo.schema import CROSSINGS, EDGES, NODES, is_missing
from mobility_geo.sources.geodesy import GEOD, line_lengths_m
from mobility_geo.sources.reading import Finding

HALF_M: Final = 50.0
"""A crossing is a piece of road of twice this length, in metres."""

GAP_M: Final = 5_000.0
"""A point outside of all zones belongs to the nearest one within so many metres (assumption)."""

BORDER_TOLERANCE_M: Final = 500.0
"""A visit to another country that stays this near to the border is none, in metres.

Assumption: zones of 1:250,000 and coarser are drawn so far beside the road or river that a border
follows, which then seems to cross it again and again.
"""

DEGREE_M: Final = 111_195.0

NEAR_POST_M: Final = 5_000.0
"""A road this near to a given crossing of the same two countries passes it, in metres."""

LEAST_M: Final = 1.0
"""Borders on a line lie at least so far from each other and from its ends, in metres."""

BY_BOAT: Final = ("river", "ferry")
"""Kinds of edges that keep their kind where they cross a border: only boats pass there."""

SAMPLES: Final = 10
"""So many samples of a line are taken on a way as long as the tolerance."""

FEW_SAMPLES: Final = 8
MOST_POINTS: Final = 10_000
MEASURE_DEG: Final = 0.02
LEAST_COSINE: Final = 0.01

Objects = npt.NDArray[np.object_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]
Row = dict[str, Any]


def assign_countries(points: gpd.GeoDataFrame, zones: gpd.GeoDataFrame) -> pd.Series:
    """Return the country that each point lies in.

    Parameters
    ----------
    points
        Any points.
    zones
        Schema `mobility_geo.schema.ZONES`.

    Returns
    -------
    pandas.Series
        ISO 3166-1 alpha-3 codes as text, missing farther than 5 km outside of all zones; of two
        zones that overlap the one with the first code counts.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> assign_countries(network.nodes, network.zones).notna().any()
    np.True_
    """
    country: Objects = np.full(len(points), None, dtype=object)
    if len(zones) and len(points):
        land, codes = _ordered(zones.to_crs(pyproj.CRS(points.crs)))
        shapes = points.geometry.to_numpy()
        country, _ = _country_at(shapes, land, codes)
        # zones of two publishers leave gaps and slivers along a border: it belongs to the nearest
        lost = np.flatnonzero(pd.isna(country))
        reach = GAP_M / DEGREE_M if pyproj.CRS(points.crs).is_geographic else GAP_M
        if len(lost):
            mine, near = shapely.STRtree(land).query_nearest(
                shapes[lost], max_distance=reach, all_matches=False
            )
            country[lost[mine]] = codes[near]
    return pd.Series(country, index=points.index, dtype="str")


def _ordered(zones: gpd.GeoDataFrame) -> tuple[Objects, Objects]:
    """Return areas and countries of zones, the one that counts where they overlap last."""
    ordered = zones.sort_values("pcode", ascending=False)
    return ordered.geometry.to_numpy(), ordered["country"].to_numpy(dtype=object)


def _country_at(points: Objects, land: Objects, codes: Objects) -> tuple[Objects, BoolArray]:
    """Return the country of the zone that each point is in, and whether another claims it too."""
    country: Objects = np.full(len(points), None, dtype=object)
    zone, row = shapely.STRtree(points).query(land, predicate="intersects")
    country[row] = codes[zone]
    contested = np.zeros(len(points), dtype=bool)
    contested[row[codes[zone] != country[row]]] = True
    return country, contested


def cut_at_borders(
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    crossings: gpd.GeoDataFrame | None = None,
    *,
    near_post_m: float = NEAR_POST_M,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame, list[Finding]]:
    """Give nodes their country, and make a crossing wherever an edge leads into another one.

    An edge is cut at every change of country along its line, and each piece belongs to the
    country that it lies in. A piece of 100 m about each border is the crossing: of kind
    ``crossing``, but on rivers and ferries, which keep their kind, so that only boats pass. It is
    the given crossing of the two countries if there is one near; else an informal crossing is
    made, which is open and has no formalities. The pieces of edge ``e`` are ``e/1``, ``e/2`` and
    so on, every second one a crossing.

    Parameters
    ----------
    nodes, edges
        WGS 84; schemas `NODES` and `EDGES`. A country that a node has already counts, whatever
        the zones say.
    zones
        Zones of all countries concerned; schema `ZONES`.
    crossings
        Known border crossings; schema `CROSSINGS`.
    near_post_m
        How near an edge must come to a given crossing to pass it, in metres.

    Returns
    -------
    nodes, edges, crossings
        Copies, with what was added.
    findings
        How many edges were cut, which crossings were recognised and made, which given ones no
        edge passes, and where the zones leave doubt.

    Notes
    -----
    A visit to another country that stays within 500 m of the border is taken for an error of the
    map and not cut; so is land that two countries claim. The countries of the two nodes always
    count: where they differ, there is a crossing. Land that no zone covers, between two
    countries, is shared at its middle. Each edge is looked at alone: a road along a border that
    has junctions on either side crosses it between them.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> n = load_toy().network
    >>> made = cut_at_borders(n.nodes.to_crs(4326), n.edges.to_crs(4326), n.zones.to_crs(4326))
    >>> len(made[1]) >= len(n.edges)
    True
    """
    nodes, edges = nodes.copy(), edges.copy()
    home = assign_countries(nodes, zones)
    given = nodes["country"] if "country" in nodes else pd.Series(None, nodes.index, dtype="str")
    nodes["country"] = given.where(given.notna(), home)
    known, mapped = _of_ends(nodes, edges, nodes["country"]), _of_ends(nodes, edges, home)
    posts = no_rows(CROSSINGS) if crossings is None else crossings.to_crs(4326).copy()
    courses = _courses(edges, known, mapped, zones)
    owner = np.where(pd.notna(known[:, 0]), known[:, 0], known[:, 1])
    for row, course in courses.items():
        if owner[row] is None and course.countries:
            owner[row] = course.countries[0]
    own = edges["country"] if "country" in edges else pd.Series(None, edges.index, dtype="str")
    edges["country"] = own.where(own.notna(), pd.Series(owner, index=edges.index, dtype="str"))
    cut = {row: course for row, course in courses.items() if len(course.countries) > 1}
    pieces, new_nodes, passages = _cut_all(nodes, edges, cut)
    made = _settle_posts(pieces, passages, posts, near_post_m)
    kept = np.ones(len(edges), dtype=bool)
    kept[list(cut)] = False
    findings = [
        *_cut_findings(edges, cut, pieces, passages, made),
        *_doubts(edges, known, courses),
        *_strange_nodes(nodes, given, home),
        *_unused(posts, {pieces[passage.piece]["crossing_id"] for passage in passages}),
    ]
    return (
        _extended(nodes, new_nodes, list(NODES.names)),
        _extended(edges[kept], pieces, list(EDGES.names)),
        _extended(posts, made, list(CROSSINGS.names)),
        findings,
    )


def _of_ends(nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, country: pd.Series) -> Objects:
    """Return the countries of the two nodes of each edge, None where there is none."""
    names = pd.Index(nodes["node_id"])
    first = ~names.duplicated()
    values = country.astype(object).where(country.notna(), None).to_numpy(dtype=object)[first]
    values = np.append(values, [None])  # of a node that is not there
    rows = [names[first].get_indexer(pd.Index(edges[f"{side}_node_id"])) for side in ("from", "to")]
    return np.asarray(values[np.stack(rows, axis=1)])


# ------------------------------------------------------------------ borders as segments
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Lands:
    """Zones with their countries, and the borders of the countries as straight segments."""

    areas: Objects
    codes: Objects
    ends: FloatArray
    of: Objects
    tree: shapely.STRtree


def _lands(zones: gpd.GeoDataFrame) -> _Lands:
    zones = zones[~(zones.geometry.isna() | zones.geometry.is_empty)].to_crs(4326)
    areas, codes = _ordered(zones)
    if len(zones):
        whole = zones.dissolve("country").geometry
        lines, line_of = shapely.get_parts(shapely.boundary(whole.to_numpy()), return_index=True)
        corners, first, line = _steps(lines)
        ends = np.concatenate([corners[first], corners[first + 1]], axis=1)
        of = whole.index.to_numpy(dtype=object)[line_of[line]]
    else:
        ends, of = np.empty((0, 4)), np.empty(0, dtype=object)
    segments: Objects = np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2)))
    return _Lands(areas=areas, codes=codes, ends=ends, of=of, tree=shapely.STRtree(segments))


def _steps(lines: Objects) -> tuple[FloatArray, IntArray, IntArray]:
    """Return all corners of lines, which of them begin a straight step, and the line of each."""
    corners, owner = shapely.get_coordinates(lines, return_index=True)
    first = np.flatnonzero(owner[:-1] == owner[1:])
    return corners, first, owner[first]


def _border_places(lines: Objects, lands: _Lands) -> tuple[IntArray, FloatArray]:
    """Return which lines meet a border, and where: 2.5 is halfway from corner 2 to corner 3."""
    corners, first, line = _steps(lines)
    # step by step, because a position on a line that crosses itself is not unique
    steps: Objects = np.asarray(
        shapely.linestrings(np.stack([corners[first], corners[first + 1]], axis=1))
    )
    step, segment = lands.tree.query(steps, predicate="intersects")
    shared = shapely.intersection(steps[step], lands.tree.geometries[segment])
    points, which = shapely.get_coordinates(shared, return_index=True)
    step = step[which]
    begin, way = corners[first[step]], corners[first[step] + 1] - corners[first[step]]
    square = (way**2).sum(axis=1)
    along = ((points - begin) * way).sum(axis=1) / np.where(square > 0, square, 1.0)
    number = first - np.searchsorted(line, line) - line  # a line has one step less than corners
    return line[step], number[step] + np.clip(along, 0.0, 1.0)


def _near_border(points: FloatArray, country: Objects, lands: _Lands, reach_m: float) -> BoolArray:
    """Say which points lie within `reach_m` of a border of another country than their own."""
    near = np.zeros(len(points), dtype=bool)
    for begin in range(0, len(points), MOST_POINTS):
        part = points[begin : begin + MOST_POINTS]
        narrow = np.maximum(np.cos(np.radians(part[:, 1])), LEAST_COSINE)
        metre = np.stack([DEGREE_M * narrow, np.full_like(narrow, DEGREE_M)], axis=1)
        boxes = shapely.box(*(part - reach_m / metre).T, *(part + reach_m / metre).T)
        row, segment = lands.tree.query(boxes)
        abroad = lands.of[segment] != country[begin + row]
        row, segment = row[abroad], segment[abroad]
        # in metres, with the point at zero
        metres = metre[row]
        one = (lands.ends[segment, :2] - part[row]) * metres
        way = (lands.ends[segment, 2:] - lands.ends[segment, :2]) * metres
        square = (way**2).sum(axis=1)
        along = -(one * way).sum(axis=1) / np.where(square > 0, square, 1.0)
        foot = one + np.clip(along, 0.0, 1.0)[:, None] * way
        near[begin + row[(foot**2).sum(axis=1) <= reach_m**2]] = True
    return near


# ------------------------------------------------------------------ measured lines
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Line:
    """A line with a measure along it: metres gone at places; 2.5 is halfway from corner 2 to 3."""

    corners: FloatArray
    place: FloatArray
    gone_m: FloatArray

    @property
    def length_m(self) -> float:
        """Length in metres; of a line without length, its number of steps."""
        return float(self.gone_m[-1])


def _measured(line: shapely.LineString) -> _Line:
    """Measure a line on the ellipsoid, long steps in parts: a degree has not one length."""
    corners = shapely.get_coordinates(line)
    widest = np.abs(np.diff(corners, axis=0)).max(axis=1)
    parts = np.maximum(np.ceil(widest / MEASURE_DEG), 1).astype(int)
    step = np.repeat(np.arange(len(parts)), parts)
    place = np.append(step + (np.arange(len(step)) - (np.cumsum(parts) - parts)[step])
                      / parts[step], len(parts))  # fmt: skip
    points = _points_at(corners, place)
    gone = np.append(0.0, np.cumsum(GEOD.inv(*points[:-1].T, *points[1:].T)[2]))
    return _Line(corners=corners, place=place, gone_m=gone if gone[-1] > 0 else place)


def _points_at(corners: FloatArray, place: FloatArray) -> FloatArray:
    first = np.clip(np.floor(place).astype(int), 0, len(corners) - 2)
    share = (place - first)[:, None]
    points: FloatArray = corners[first] * (1 - share) + corners[first + 1] * share
    return points


def _piece(line: _Line, begin: float, end: float) -> FloatArray:
    """Return the corners of a line from one place to another."""
    between = line.corners[int(np.floor(begin)) + 1 : int(np.ceil(end))]
    first, last = _points_at(line.corners, np.array([begin, end]))
    return np.vstack([first, between, last])


# ------------------------------------------------------------------ countries along a line
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Stretch:
    """A stretch of a line, in metres along it, in one country; None: in no zone.

    `counts` says whether it is more than an error of the map.
    """

    country: str | None
    begin_m: float
    end_m: float
    counts: bool


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Course:
    """The countries that a line leads through, and where it leaves each for the next.

    `visits` are the stretches in other countries that do not count; `lost` says that it leads
    far away from all zones.
    """

    line: _Line
    countries: tuple[str, ...]
    border_m: tuple[float, ...]
    visits: int
    lost: bool


def _courses(
    edges: gpd.GeoDataFrame, known: Objects, mapped: Objects, zones: gpd.GeoDataFrame
) -> dict[int, _Course]:
    """Return the course of each edge that meets a border or has nodes in two countries."""
    lands = _lands(zones)
    lines = edges.geometry.to_numpy()
    free = (edges["kind"] != "crossing").to_numpy(dtype=bool) & ~shapely.is_empty(lines)
    free &= edges["crossing_id"].isna().to_numpy(dtype=bool) & ~shapely.is_missing(lines)
    rows = np.flatnonzero(free)
    differ = pd.notna(known).all(axis=1) & (known[:, 0] != known[:, 1])
    meets = np.zeros(len(edges), dtype=bool)
    meets[rows[lands.tree.query(lines[rows], predicate="intersects")[0]]] = True
    rows = rows[(meets | differ)[rows]]
    if not len(rows):
        return {}
    measured = [_measured(line) for line in lines[rows]]
    of, begin, end, country, counts, far = _stretches(measured, lines[rows], lands)
    with_land = set(lands.codes)
    first = np.searchsorted(of, np.arange(len(rows) + 1))
    found = {}
    for number, (row, line) in enumerate(zip(rows.tolist(), measured, strict=True)):
        part = slice(first[number], first[number + 1])
        stretches = [
            _Stretch(country=a, begin_m=b, end_m=c, counts=d)
            for a, b, c, d in zip(country[part], begin[part].tolist(), end[part].tolist(),
                                  counts[part].tolist(), strict=True)
        ]  # fmt: skip
        anchored = _anchored(stretches, known[row], mapped[row], with_land)
        found[row] = _course(line, anchored, lost=bool(far[part].any()))
    return found


def _stretches(
    measured: Sequence[_Line], lines: Objects, lands: _Lands
) -> tuple[IntArray, FloatArray, FloatArray, Objects, BoolArray, BoolArray]:
    """Return stretches of lines between borders: line, begin, end, country, counts, far off."""
    line, place = _border_places(lines, lands)
    order = np.lexsort((place, line))
    first = np.searchsorted(line[order], np.arange(len(lines) + 1))
    cuts = [
        np.unique(np.concatenate([[0.0], place[order[a:b]], [len(one.corners) - 1.0]]))
        for one, a, b in zip(measured, first[:-1], first[1:], strict=True)
    ]
    of = np.repeat(np.arange(len(lines)), [len(cut) - 1 for cut in cuts])
    middle = [
        _points_at(one.corners, (cut[:-1] + cut[1:]) / 2)
        for one, cut in zip(measured, cuts, strict=True)
    ]
    country, contested = _country_at(
        np.asarray(shapely.points(np.concatenate(middle))), lands.areas, lands.codes
    )
    metres = [
        np.interp(cut, one.place, one.gone_m) for one, cut in zip(measured, cuts, strict=True)
    ]
    begin = np.concatenate([one[:-1] for one in metres])
    end = np.concatenate([one[1:] for one in metres])
    inside = pd.notna(country)

    def away(which: BoolArray, reach_m: float) -> BoolArray:
        """Say which stretches lead farther than so far away from other countries."""
        deep = np.zeros(len(of), dtype=bool)
        for most in (FEW_SAMPLES, None):
            rows = np.flatnonzero(which & ~deep)
            sampled = [
                _samples(measured[of[row]], begin[row], end[row], reach_m / SAMPLES, most)
                for row in rows
            ]
            row = np.repeat(rows, [len(points) for points in sampled])
            points = np.concatenate([np.empty((0, 2)), *sampled])
            deep[row[~_near_border(points, country[row], lands, reach_m)]] = True
        return deep

    counts = away(inside & ~contested, BORDER_TOLERANCE_M)
    return of, begin, end, country, counts, away(~inside, GAP_M)


def _samples(
    line: _Line, begin_m: float, end_m: float, apart_m: float, most: int | None
) -> FloatArray:
    """Return points along a stretch, not at its ends."""
    size = max(int(np.ceil((end_m - begin_m) / apart_m)), 1)
    size = size if most is None else min(size, most)
    gone = begin_m + (end_m - begin_m) * (np.arange(size) + 0.5) / size
    return _points_at(line.corners, np.interp(gone, line.gone_m, line.place))


def _anchored(
    stretches: Sequence[_Stretch], known: Objects, mapped: Objects, with_land: set[str]
) -> list[_Stretch]:
    """Return stretches that begin and end in the countries of the two nodes.

    Where the map has a node in another country, the doubt is shared: half of the stretch at the
    node is the node's.
    """
    found = list(stretches)
    middles = [(one.begin_m + one.end_m) / 2 for one in (found[0], found[-1])]
    ends = found[0].begin_m, found[-1].end_m
    for last, at, end_m, middle_m in zip((False, True), (0, -1), ends, middles, strict=True):
        country, one = known[at], found[at]
        if country is None:
            continue
        if one.country == country or (one.country is None and country not in with_land):
            found[at] = replace(one, country=country, counts=True)
            continue
        # a node on the border itself is of the first of its countries
        doubtful = mapped[at] is not None and mapped[at] != country
        reach_m = middle_m if doubtful else end_m
        rest = (one.begin_m, reach_m) if last else (reach_m, one.end_m)
        found[at] = replace(
            one, begin_m=rest[0], end_m=rest[1], counts=one.counts and rest[0] < rest[1]
        )
        anchor = _Stretch(
            country=country, begin_m=min(reach_m, end_m), end_m=max(reach_m, end_m), counts=True
        )
        found.insert(len(found) if last else 0, anchor)
    return found


def _course(line: _Line, stretches: Sequence[_Stretch], *, lost: bool) -> _Course:
    """Return the countries that count, one after the other, and the borders between them."""
    countries: list[str] = []
    borders: list[float] = []
    left_m = 0.0
    changes = [
        (one.country, two.country, two.begin_m) for one, two in itertools.pairwise(stretches)
    ]
    for one in stretches:
        if not one.counts or one.country is None:
            continue
        if countries and one.country != countries[-1]:
            middle_m = (left_m + one.begin_m) / 2
            meets = [
                at_m for a, b, at_m in changes
                if (a, b) == (countries[-1], one.country) and left_m <= at_m <= one.begin_m
            ]  # fmt: skip
            borders.append(min(meets, key=lambda at_m: abs(at_m - middle_m), default=middle_m))
        if not countries or one.country != countries[-1]:
            countries.append(one.country)
        left_m = one.end_m
    border_m = _apart(borders, line.length_m)
    booked = np.searchsorted(border_m, [(one.begin_m + one.end_m) / 2 for one in stretches])
    visits = sum(
        one.country is not None and one.country != countries[number]
        and one.end_m - one.begin_m >= LEAST_M
        for one, number in zip(stretches, booked.tolist(), strict=True) if countries
    )  # fmt: skip
    return _Course(line=line, countries=tuple(countries), border_m=tuple(border_m.tolist()),
                   visits=visits, lost=lost)  # fmt: skip


def _apart(borders: Sequence[float], length_m: float) -> FloatArray:
    """Move borders a little where they lie on each other or on the ends of a line."""
    size = len(borders)
    least = min(LEAST_M, length_m / (2 * (size + 1)))
    # first from the begin, then back from the end: there is room for both
    ahead = least * np.arange(1, size + 1)
    moved = np.maximum.accumulate(np.array(borders, dtype=float) - ahead) + ahead
    moved = np.maximum(moved, ahead)
    behind = length_m - ahead[::-1]
    back = np.minimum.accumulate((moved - behind)[::-1])[::-1] + behind
    return np.asarray(np.minimum(back, behind))


# ------------------------------------------------------------------ pieces
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Passage:
    """Where an edge leads from one country into another: which piece, and where."""

    piece: int
    at: shapely.Point
    sides: tuple[str, str]


def _cut_all(
    nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, cut: Mapping[int, _Course]
) -> tuple[list[Row], list[Row], list[_Passage]]:
    """Return the pieces of edges, the nodes between them, and where they cross a border."""
    taken = {*edges["edge_id"].tolist(), *nodes["node_id"].tolist()}
    rows = list(cut)
    records = [
        {str(key): value for key, value in record.items()}
        for record in edges.iloc[rows].to_dict("records")
    ]
    pieces: list[Row] = []
    ends: list[Row] = []
    passages: list[_Passage] = []
    # by id, so that names do not hang on the order of rows
    for row, record in sorted(
        zip(rows, records, strict=True), key=lambda item: str(item[1]["edge_id"])
    ):
        course = cut[row]
        names = _free_names(str(record["edge_id"]), course.countries, taken)
        taken.update(*names)
        parts, points = _cut(record, course, *names)
        for number, at_m in enumerate(course.border_m):
            at = np.interp([at_m], course.line.gone_m, course.line.place)
            passages.append(
                _Passage(
                    piece=len(pieces) + 2 * number + 1,
                    at=shapely.Point(*_points_at(course.line.corners, at)),
                    sides=(course.countries[number], course.countries[number + 1]),
                )
            )
        pieces += parts
        ends += points
    return pieces, ends, passages


def _free_names(
    name: str, countries: Sequence[str], taken: set[str]
) -> tuple[list[str], list[str]]:
    """Return ids for the pieces of an edge and for the nodes between them, none of them taken."""
    of = [country for pair in itertools.pairwise(countries) for country in pair]
    while True:
        edge_ids = [f"{name}/{number + 1}" for number in range(2 * len(countries) - 1)]
        node_ids = [f"{one}@{country}" for one, country in zip(edge_ids, of, strict=False)]
        if taken.isdisjoint(edge_ids) and taken.isdisjoint(node_ids):
            return edge_ids, node_ids
        name += "/"


def _cut(
    record: Row, course: _Course, edge_ids: Sequence[str], node_ids: Sequence[str]
) -> tuple[list[Row], list[Row]]:
    """Cut an edge about each border; every second piece is a crossing."""
    line, length_m = course.line, float(record["length_m"])
    border_m = np.array(course.border_m)
    room = np.diff(np.concatenate([[0.0], border_m, [line.length_m]]))
    # in metres of the line, which may be shorter than the road is
    half = HALF_M * line.length_m / length_m if length_m > 0 else HALF_M
    half_m = np.minimum(half, 0.4 * np.minimum(room[:-1], room[1:]))
    inner_m = np.stack([border_m - half_m, border_m + half_m], axis=1).ravel()
    cuts = np.interp(inner_m, line.gone_m, line.place)
    cuts = np.concatenate([[0.0], cuts, [len(line.corners) - 1.0]])
    shapes = np.array(
        [shapely.LineString(_piece(line, *pair)) for pair in itertools.pairwise(cuts)]
    )
    share = line_lengths_m(shapes)
    if not share.sum() > 0:
        share = np.diff(cuts)
    lengths = length_m * (share / share.sum())
    stops = [record["from_node_id"], *node_ids, record["to_node_id"]]
    kind = record["kind"]
    parts = [
        record | {
            "edge_id": edge_id, "from_node_id": stops[number], "to_node_id": stops[number + 1],
            "country": course.countries[number // 2], "geometry": shapes[number],
            "length_m": float(lengths[number]),
            "wait_min": 0.0 if number else float(record["wait_min"]),
            "kind": "crossing" if number % 2 and kind not in BY_BOAT else kind,
        }
        for number, edge_id in enumerate(edge_ids)
    ]  # fmt: skip
    points: list[Row] = [
        {"node_id": name, "kind": "crossing", "name": None,
         "country": course.countries[(number + 1) // 2],
         "geometry": shapely.Point(shapes[number].coords[-1])}
        for number, name in enumerate(node_ids)
    ]  # fmt: skip
    return parts, points


def _settle_posts(
    pieces: Sequence[Row],
    passages: Iterable[_Passage],
    posts: gpd.GeoDataFrame,
    near_m: float,
) -> list[Row]:
    """Say which crossing each passage is; return those that had to be made."""
    of: dict[frozenset[str], list[int]] = defaultdict(list)
    for row, pair in enumerate(zip(posts["country_a"], posts["country_b"], strict=True)):
        of[frozenset(pair)].append(row)
    taken = {str(name) for name in posts["crossing_id"]}
    ids, points = posts["crossing_id"].to_numpy(), shapely.get_coordinates(posts.geometry)
    made: list[Row] = []
    for passage in passages:
        piece, fits = pieces[passage.piece], of[frozenset(passage.sides)]
        lon, lat = points[fits].T
        apart = GEOD.inv(np.full(len(fits), passage.at.x), np.full(len(fits), passage.at.y),
                         lon, lat)[2]  # fmt: skip
        if len(fits) and min(apart) <= near_m:
            piece["crossing_id"] = str(ids[fits[int(np.argmin(apart))]])
            continue
        post = f"informal-{piece['edge_id']}"
        while post in taken:
            post += "/"
        taken.add(post)
        piece["crossing_id"] = post
        made.append(_informal(post, piece, passage))
    return made


def _informal(post: str, piece: Row, passage: _Passage) -> Row:
    name = piece.get("ref") if not is_missing(piece.get("ref")) else piece.get("name")
    a, b = passage.sides
    return {
        "crossing_id": post, "name": f"Informal crossing {a}-{b}"
        + ("" if is_missing(name) else f" ({name})"), "country_a": a, "country_b": b,
        "official": False, "regime": "open", "processing_min": 0.0,
        "source": f"made where edge {piece['edge_id']} crosses the border of the zones",
        "confidence": "low", "geometry": passage.at,
    }  # fmt: skip


def _extended(table: gpd.GeoDataFrame, rows: list[Row], names: list[str]) -> gpd.GeoDataFrame:
    """Return a layer with rows added, in the columns of its schema."""
    kept = table.reindex(columns=[*names, "geometry"]).reset_index(drop=True)
    if not rows:
        return kept
    added = pd.DataFrame(rows).reindex(columns=kept.columns)
    for name in names:
        if kept[name].isna().all():
            # a column of nothing but gaps has whatever type it happened to be made with
            kept[name] = kept[name].astype(added[name].dtype)
    frame = pd.concat([kept, added], ignore_index=True) if len(kept) else added
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


# ------------------------------------------------------------------ findings
def _cut_findings(
    edges: gpd.GeoDataFrame,
    cut: Mapping[int, _Course],
    pieces: Sequence[Row],
    passages: Sequence[_Passage],
    made: Sequence[Row],
) -> list[Finding]:
    if not passages:
        return []
    afloat = sum(pieces[one.piece]["kind"] in BY_BOAT for one in passages)
    boats = f"; at {afloat} of these only boats pass" if afloat else ""
    ids = edges["edge_id"].iloc[sorted(cut)]
    return [
        Finding(check="border crossing", severity="note", table="edges", id=f"{len(cut)} edges",
                value=float(len(passages)), unit="crossings",
                finding=f"lead into another country: {len(passages) - len(made)} pass a given "
                        f"crossing, {len(made)} informal crossings were made and count as "
                        f"open{boats}"),
        Finding(check="edges cut at borders", severity="note", table="edges",
                id=f"{len(cut)} edges, e.g. {labels(ids)}", value=float(len(cut)), unit="edges",
                finding="were cut, and their ids are gone: disruptions must name the pieces, such "
                        f"as {labels([piece['edge_id'] for piece in pieces[:3]])}"),
    ]  # fmt: skip


def _doubts(
    edges: gpd.GeoDataFrame, known: Objects, courses: Mapping[int, _Course]
) -> list[Finding]:
    """Tell where a border was passed over, and where none is known."""
    found = []
    visits = {row: course.visits for row, course in courses.items() if course.visits}
    if visits:
        ids = edges["edge_id"].iloc[list(visits)]
        found.append(
            Finding(check="along a border", severity="warning", table="edges",
                    id=f"{len(visits)} edges, e.g. {labels(ids)}",
                    value=float(sum(visits.values())), unit="visits",
                    finding="visits to another country or to land that two claim stay within "
                            f"{BORDER_TOLERANCE_M:g} m of the border: no crossings, as zones are "
                            "seldom drawn more exactly")
        )  # fmt: skip
    out = pd.notna(known[:, 0]) != pd.notna(known[:, 1])
    lost = np.zeros(len(edges), dtype=bool)
    lost[[row for row, course in courses.items() if course.lost]] = True
    # no zone covers the sea
    out |= lost & ~edges["kind"].isin(BY_BOAT).to_numpy(dtype=bool)
    if out.any():
        found.append(
            Finding(check="out of all zones", severity="warning", table="edges",
                    id=f"{int(out.sum())} edges, e.g. {labels(edges.loc[out, 'edge_id'])}",
                    value=float(out.sum()), unit="edges",
                    finding="lead out of all zones: no border is known there, so none can be "
                            "closed; add the boundaries of the neighbour")
        )  # fmt: skip
    return found


def _strange_nodes(nodes: gpd.GeoDataFrame, given: pd.Series, home: pd.Series) -> Iterable[Finding]:
    """Tell nodes that say they are in another country than the zones have them in."""
    strange = (given.notna() & home.notna() & (given != home)).to_numpy(dtype=bool)
    if strange.any():
        yield Finding(
            check="country of a node", severity="warning", table="nodes",
            id=f"{int(strange.sum())} nodes, e.g. {labels(nodes.loc[strange, 'node_id'])}",
            value=float(strange.sum()), unit="nodes",
            finding="lie in a zone of another country than their own, which counts: borders are "
                    "drawn halfway to the next node; leave the country out if the zones are right",
        )  # fmt: skip


def _unused(posts: gpd.GeoDataFrame, used: set[str]) -> list[Finding]:
    return [
        Finding(check="crossing without road", severity="warning", table="crossings",
                id=str(post), geometry=point,
                finding="no road across the border comes near this crossing")
        for post, point in zip(posts["crossing_id"], posts.geometry, strict=True)
        if post not in used
    ]  # fmt: skip

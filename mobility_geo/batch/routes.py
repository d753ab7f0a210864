"""Routes for many requests at once: ways with legs, alternatives, or the reason why there is none.

Requests that meet the same conditions are solved together, in blocks of places that lie near to
one another, so that the work grows with the requests and not with all pairs of their places.
"""

import contextlib
import datetime as dt
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.ops import substring

from mobility_geo.batch.requests import check_requests, read_requests
from mobility_geo.errors import InputError, OutputError
from mobility_geo.export.notice import CONDITIONAL, NOTICE
from mobility_geo.export.routes import request_table, route_layers, write_gpx
from mobility_geo.export.tables import write_table
from mobility_geo.geopackage import failure_reason, write_geopackage
from mobility_geo.network import Network
from mobility_geo.network.accesses import off_road_lines
from mobility_geo.outcomes.explain import REASON_WORDS
from mobility_geo.routing import Ways, find_group_ways
from mobility_geo.routing.engine import LEAST_NODES
from mobility_geo.routing.skims import find_ways_by_costs
from mobility_geo.routing.trees import Trees
from mobility_geo.scenario import (
    ArcCosts,
    Case,
    Conditions,
    ExtraWait,
    OpeningHours,
    Scenario,
    TravellerClass,
    change_days,
    conditions,
)
from mobility_geo.scenario.disruptions import CAUSE_OF_KIND
from mobility_geo.schema import (
    CAUSES,
    DESTINATIONS,
    EDGE_KINDS,
    GROUPS,
    PLANNED_REQUESTS,
    ROUTE_LEGS,
    ROUTES,
    check_table,
    records,
)
from mobility_geo.units import MIN_PER_H, QUANTUM, Metric, dequantise, quantise

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]
Progress = Callable[[str, float], None]

METRICS: Final[tuple[Metric, ...]] = ("time_min", "length_m", "cost_xof", "risk")
MOST_CELLS: Final = 1_000_000
"""A block of requests has at most so many pairs of an origin and a destination, asked or not."""

MOST_LABELS: Final = 3_000_000
"""A block has so many origins times nodes at most, where trees to all nodes are grown."""

PAIRS_AT_ONCE: Final = 2_000
"""Ways are followed and drawn so many at a time, to bound the memory."""

OFF_ROAD: Final = "off_road"
MODES: Final = (*EDGE_KINDS, OFF_ROAD)
OFF_ROAD_CODE: Final = len(EDGE_KINDS)
WGS84: Final = 4326
NOT_NAMED: Final = ("transfer", "crossing", OFF_ROAD)
"""Kinds of legs that are not named among the modes of a route."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Routes:
    """What came of routes asked for.

    Attributes
    ----------
    case
        What they were planned for.
    requests
        Schema `PLANNED_REQUESTS`, one row per request in its order: planned, or why not.
    routes
        Schema `ROUTES` and the line in longitude and latitude; no line where the way begins and
        ends at one point.
    legs
        Schema `ROUTE_LEGS` and the line.
    settings
        What was asked, in words.
    """

    case: Case
    requests: pd.DataFrame
    routes: gpd.GeoDataFrame
    legs: gpd.GeoDataFrame
    settings: Mapping[str, str]

    def unmet(self) -> pd.DataFrame:
        """Return the requests without a route."""
        return self.requests[(self.requests["outcome"] != "planned").to_numpy(dtype=bool)]


def plan_routes(
    case: Case,
    requests: pd.DataFrame | str | Path,
    *,
    alternatives: int = 0,
    overlap: float = 0.5,
    when: dt.date | str | None = None,
    profile: str | None = None,
    nationality: str | None = None,
    kind: str | None = None,
    progress: Progress | None = None,
) -> Routes:
    """Plan a route for each of many requests, or say why there is none.

    Parameters
    ----------
    case
        Network, scenario and limits of time and risk; its people do not matter, but that most of
        its movers stand for who travels where a request does not say.
    requests
        Table, or path of a CSV file or workbook: ``origin`` and ``destination``; if they have
        them ``request_id``, ``date``, ``profile``, ``nationality``, ``kind``.
    alternatives
        Most routes beside the quickest one, >= 0.
    overlap
        Largest share of its length that a route has in common with a quicker one, 0 to less
        than 1; see `mobility_geo.routing.alternatives.find_alternatives`.
    when, profile, nationality, kind
        For requests that do not say; see `check_requests`.
    progress
        Called with a step and the share done, 0 to 1.

    Returns
    -------
    Routes
        Every request has a row, and each without a route its reason, the disruptions each of
        which, lifted alone, would free it, and the first later day of the calendar with a way.

    Raises
    ------
    InputError
        Lists every problem of the requests, with the rows.
    CostOverflowError
        If a way takes 621 days or more.

    Notes
    -----
    Routes are those of least time. A route over the limit of time or risk of the case is not
    offered; whether another one keeps to it is looked for among the alternatives only. A place
    that is not attached to the network is unknown, not cut off. That a route exists does not say
    that it is safe.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> asked = pd.DataFrame({"origin": "Northtown", "destination": ["Midtown", "Southtown"]})
    >>> found = plan_routes(load_toy(), asked, nationality="TOA", profile="truck")
    >>> found.requests[["outcome", "reason", "disruption_ids"]].fillna("").to_numpy().tolist()
    [['planned', '', ''], ['no_way', 'no_mode', 'front']]
    >>> found.routes["time_min"].round().tolist()
    [111.0]
    """
    if alternatives < 0 or not 0 <= overlap < 1:
        msg = (
            f"alternatives must be >= 0, and overlap 0 to less than 1; not {alternatives} and "
            f"{overlap:g}"
        )
        raise InputError(msg)
    tell: Progress = progress or (lambda _step, _done: None)
    day = case.scenario.day(when).isoformat()
    if isinstance(requests, pd.DataFrame):
        asked = check_requests(
            requests, case, when=day, profile=profile, nationality=nationality, kind=kind
        )
    else:
        asked = read_requests(
            requests, case, when=day, profile=profile, nationality=nationality, kind=kind
        )
    tell("Ways", 0.0)
    asks, ask_of = _distinct(case, asked)
    plan = _Plan(case=case, alternatives=alternatives, overlap=overlap, tell=tell)
    routes, legs = plan.solve(asks)
    met = np.zeros(len(asks), dtype=bool)
    met[routes["ask"].to_numpy(dtype=np.int64)] = True
    why = _Unmet(case=case, asks=asks, tell=tell).explain(np.flatnonzero(~met))
    tell("Tables", 0.95)
    found = _request_rows(case, asked, ask_of, routes, why)
    tables = [_for_requests(found, ask_of, table) for table in (routes, legs)]
    known = asked.drop(columns=[name for name in asked.columns if name in PLANNED_REQUESTS.names])
    result = Routes(
        case=case,
        requests=check_table(pd.concat([found, known], axis=1), PLANNED_REQUESTS),
        routes=check_table(tables[0][[*ROUTES.names, "geometry"]], ROUTES),
        legs=check_table(tables[1][[*ROUTE_LEGS.names, "geometry"]], ROUTE_LEGS),
        settings=MappingProxyType(
            {
                "scenario": case.name, "network": case.network.name,
                "calendar": f"{case.scenario.start} to {case.scenario.end}",
                "alternatives": str(alternatives), "overlap": f"{overlap:g}",
                "time_limit_h": _limit(case.limits.time_limit_h),
                "risk_limit": _limit(case.limits.risk_limit),
            }
        ),
    )  # fmt: skip
    tell("Done", 1.0)
    return result


def _limit(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def write_routes(
    routes: Routes,
    path: str | Path,
    *,
    gpx: str | Path | None = None,
    csv: str | Path | None = None,
) -> list[Path]:
    """Write routes to a GeoPackage that opens styled, and if asked as GPX tracks and as CSV.

    Parameters
    ----------
    routes
        From `plan_routes`.
    path
        The GeoPackage; replaced when it is complete.
    gpx
        GPX 1.1 file: one track per route.
    csv
        CSV file: one row per route, and one per request without a route.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    InputError
        If the case is for the public: routes show which ways and crossings are taken; or if two
        of the files are one.
    OutputError
        If a file cannot be written; older ones that are not yet replaced are as they were.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> asked = pd.DataFrame({"origin": ["Northtown"], "destination": ["Midtown"]})
    >>> found = plan_routes(load_toy(), asked)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write_routes(found, f"{folder}/routes.gpkg", csv=f"{folder}/routes.csv")
    >>> [file.name for file in files]
    ['routes.gpkg', 'routes.csv']
    """
    check_targets(routes.case, path, gpx=gpx, csv=csv)
    case = routes.case
    about = {"notice": NOTICE, "conditional": CONDITIONAL, **routes.settings}
    layers = route_layers(routes.requests, routes.routes, routes.legs, case.network.places, about)
    files = [
        write_geopackage(path, layers, title=f"Routes: {case.title or case.name}", abstract=NOTICE)
    ]
    if gpx is not None:
        with _replaced(Path(gpx)) as partial:
            write_gpx(routes.routes, partial, name=f"Routes: {case.title or case.name}")
        files.append(Path(gpx))
    if csv is not None:
        with _replaced(Path(csv)) as partial:
            write_table(request_table(routes.requests, routes.routes), partial)
        files.append(Path(csv))
    return files


def check_targets(
    case: Case, path: str | Path, *, gpx: str | Path | None = None, csv: str | Path | None = None
) -> None:
    """Check that routes of a case may be written to some files, before any work.

    Parameters
    ----------
    case, path, gpx, csv
        See `plan_routes` and `write_routes`.

    Raises
    ------
    InputError
        If the case is for the public, two files are one, or an ending is another one.
    OutputError
        If there is no such folder.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> check_targets(load_toy(), "routes.gpkg", gpx="routes.gpx")
    """
    named = {".gpkg": path, ".gpx": gpx, ".csv": csv}
    given = {end: Path(file) for end, file in named.items() if file is not None}
    problems = [
        f"{file}: must end in {end}" for end, file in given.items() if file.suffix.lower() != end
    ]
    if case.audience == "public":
        problems.append(
            "audience is 'public', and routes show ways and crossings that people take; set "
            "audience = 'internal'"
        )
    if problems:
        raise InputError(problems)
    for file in given.values():
        if not file.parent.is_dir():
            msg = f"{file}: there is no folder {str(file.parent)!r}; make it first"
            raise OutputError(msg)


@contextlib.contextmanager
def _replaced(target: Path) -> Iterator[Path]:
    """Give a file to write to beside the target, and put it in its place if all went well.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    partial: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(handle)
        partial = Path(name)
        yield partial
        partial.chmod(0o644)
        partial.replace(target)
    except OSError as error:
        reason = failure_reason(error, target.parent)
        msg = f"{target}: could not be written, nothing was changed: {reason}"
        raise OutputError(msg) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


# ------------------------------------------------------------------ questions
def _distinct(case: Case, asked: pd.DataFrame) -> tuple[pd.DataFrame, IntArray]:
    """Return the different questions, and which each request asks.

    Days on which nothing changes are one question: the first of them stands for all.
    """
    dates = asked["date"].dt.date
    days = change_days(case.network, case.scenario, min(dates), max(dates))
    ordinal = np.array([day.toordinal() for day in days])
    wanted = np.array([day.toordinal() for day in dates])
    keys = asked[["profile", "nationality", "kind", "origin_id", "destination_id"]].copy()
    keys.insert(0, "day", ordinal[np.searchsorted(ordinal, wanted, side="right") - 1])
    number: IntArray = np.asarray(
        keys.groupby(list(keys.columns), sort=True).ngroup(), dtype=np.int64
    )
    first = np.unique(number, return_index=True)[1]
    asks = pd.DataFrame(keys.iloc[first].reset_index(drop=True))
    asks["day"] = [dt.date.fromordinal(day) for day in asks["day"]]
    return asks, number


def _travellers(asks: pd.DataFrame) -> Iterator[tuple[dt.date, TravellerClass, pd.DataFrame]]:
    """Go through questions that meet the same conditions."""
    for key, rows in asks.groupby(["day", "profile", "nationality", "kind"]).groups.items():
        day, profile, nationality, kind = cast("tuple[dt.date, str, str, str]", key)
        who = TravellerClass(profile=profile, nationality=nationality, kind=kind)
        yield day, who, asks.loc[rows]


def _blocks(network: Network, asks: pd.DataFrame) -> Iterator[IntArray]:
    """Return rows of questions that are solved together: few places, near to one another."""
    along = np.empty(len(network.places), dtype=np.int64)
    along[np.argsort(network.places.geometry.hilbert_distance(), kind="stable")] = np.arange(
        len(along)
    )
    ends = [along[network.place_positions(asks[name])] for name in ("origin_id", "destination_id")]
    size = len(network.nodes)
    most = max(16, MOST_LABELS // size) if size < LEAST_NODES else len(asks)
    starts: set[int] = set()
    stops: set[int] = set()
    block: list[int] = []
    for row in np.lexsort((ends[1], ends[0])).tolist():
        one, two = int(ends[0][row]), int(ends[1][row])
        wider = len(starts) + (one not in starts)
        if block and (wider > most or wider * (len(stops) + (two not in stops)) > MOST_CELLS):
            yield np.array(block, dtype=np.int64)
            starts, stops, block = set(), set(), []
        starts.add(one)
        stops.add(two)
        block.append(row)
    if block:
        yield np.array(block, dtype=np.int64)


# ------------------------------------------------------------------ ways
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Bundle:
    """Ways between pairs of places, one after the other.

    The arcs of way `i` are ``arcs[pointer[i]:pointer[i + 1]]``; `ask`, `origin`, `destination`
    say what it is for, `access_from` and `access_to` are accesses as in `Ways`.
    """

    ask: IntArray
    origin: IntArray
    destination: IntArray
    access_from: IntArray
    access_to: IntArray
    pointer: IntArray
    arcs: npt.NDArray[np.int32]
    overlap: FloatArray


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Plan:
    """How routes are found and described."""

    case: Case
    alternatives: int
    overlap: float
    tell: Progress

    def solve(self, asks: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return routes and legs of all questions that have a way within the limits."""
        network, done = self.case.network, 0
        drawn = _Shapes(network)
        kept: list[tuple[pd.DataFrame, pd.DataFrame]] = []
        for day, who, mine in _travellers(asks):
            held = conditions(network, self.case.scenario, day, who)
            costs, wait = held.dense(), _waits(self.case.scenario, held)
            for block in _blocks(network, mine):
                some = mine.iloc[block]
                starts, origin = np.unique(some["origin_id"].to_numpy(object), return_inverse=True)
                stops, destination = np.unique(
                    some["destination_id"].to_numpy(object), return_inverse=True
                )
                ways = find_ways_by_costs(network, costs, starts.tolist(), stops.tolist())
                met = np.flatnonzero(np.isfinite(ways.units[origin, destination]))
                for first in range(0, len(met), PAIRS_AT_ONCE):
                    part = met[first : first + PAIRS_AT_ONCE]
                    bundle = self._follow(
                        ways, some.index.to_numpy()[part], origin[part], destination[part],
                        done / len(asks),
                    )  # fmt: skip
                    kept.append(_describe(self.case, ways, bundle, wait, drawn, day))
                    done += len(part)
                    self.tell("Ways", 0.8 * done / len(asks))
                done += len(block) - len(met)
        if not kept:
            kept.append(_describe_nothing())
        routes, legs = (pd.concat(tables, ignore_index=True) for tables in zip(*kept, strict=True))
        return routes, legs

    def _follow(
        self, ways: Ways, ask: IntArray, origin: IntArray, destination: IntArray, done: float
    ) -> _Bundle:
        """Return the ways of some pairs, with their alternatives."""
        if not self.alternatives:
            start, stop = ways.access_from[origin, destination], ways.access_to[origin, destination]
            pointer, arcs = _arcs_of(ways, start, stop)
            return _Bundle(
                ask=ask, origin=origin, destination=destination, access_from=start.astype(np.int64),
                access_to=stop.astype(np.int64), pointer=pointer, arcs=arcs,
                overlap=np.zeros(len(ask)),
            )  # fmt: skip
        from mobility_geo.routing.alternatives import find_alternatives  # noqa: PLC0415 # numba

        pairs = list(zip(origin.tolist(), destination.tolist(), strict=True))
        found = []
        for number, several in enumerate(
            find_alternatives(ways, pairs, count=self.alternatives, overlap=self.overlap)
        ):
            found += [(number, way) for way in several]
            self.tell("Alternatives", 0.8 * (done + (1 - done) * number / len(pairs)))
        row = np.array([number for number, _ in found], dtype=np.int64)
        return _Bundle(
            ask=ask[row], origin=origin[row], destination=destination[row],
            access_from=np.array([way.access_from for _, way in found], dtype=np.int64),
            access_to=np.array([way.access_to for _, way in found], dtype=np.int64),
            pointer=np.cumsum([0, *(len(way.arcs) for _, way in found)]).astype(np.int64),
            arcs=np.concatenate([way.arcs for _, way in found]),
            overlap=np.array([way.overlap for _, way in found]),
        )  # fmt: skip


def _arcs_of(
    ways: Ways, start: npt.NDArray[np.int32], stop: npt.NDArray[np.int32]
) -> tuple[IntArray, npt.NDArray[np.int32]]:
    """Return the arcs between accesses, of all pairs at once; none for ways that pass no node."""
    passing = start >= 0
    count = np.zeros(len(start), dtype=np.int64)
    one, two = ways.origins.node[start[passing]], ways.destinations.node[stop[passing]]
    if isinstance(ways.routes, Trees):
        lists = [ways.routes.arcs(a, b) for a, b in zip(one.tolist(), two.tolist(), strict=True)]
        count[passing] = [len(arcs) for arcs in lists]
        arcs = np.concatenate([np.empty(0, dtype=np.int32), *lists])
    else:
        from mobility_geo.routing.hierarchy import paths  # noqa: PLC0415 # loads numba

        pointer, arcs = paths(ways.routes.hierarchy, ways.routes.metric, one, two)
        count[passing] = np.diff(pointer)
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int64), arcs


def _waits(scenario: Scenario, held: Conditions) -> FloatArray:
    """Return how long people wait at each arc, in minutes: normally, and for a disruption."""
    size = len(held.network.arcs)
    wait = held.base.wait_min[:size].copy()
    waiting = (ExtraWait, OpeningHours)
    if not any(isinstance(effect, waiting) for one in held.disruptions for effect in one.effects):
        return wait
    # what remains without the waits tells how much of the time they are
    quiet = [
        replace(one, effects=left)
        for one in scenario.disruptions
        if (left := tuple(e for e in one.effects if not isinstance(e, waiting)))
    ]
    other = conditions(
        held.network, replace(scenario, disruptions=tuple(quiet)), held.when, held.traveller
    )
    time = []
    for one in (held, other):
        total = one.base.moving_min + one.base.wait_min
        total[one.arc] = one.time_min
        time.append(total[:size])
    both: FloatArray = wait + np.maximum(time[0] - time[1], 0.0)
    return both


# ------------------------------------------------------------------ pieces, legs, lines
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Pieces:
    """Everything that ways consist of: off the road, part of an edge, edges, and back again.

    One entry per piece, those of one way one after the other. `shape` is a number of `_Shapes`,
    `turned` says that it is passed against its direction; `units` are those of `METRICS`.
    """

    way: IntArray
    mode: IntArray
    edge: IntArray
    tail: IntArray
    head: IntArray
    shape: IntArray
    turned: BoolArray
    units: IntArray
    wait_min: FloatArray


class _Shapes:
    """What is looked up of a network for every route, and lines in longitude and latitude.

    Numbers of lines: edges by their rows, then the ways off the road of the accesses, then the
    parts of edges that accesses take to their node, then parts between two places on one edge.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.lines = network.edges.geometry.to_numpy()
        self.length_m = network.edges["length_m"].to_numpy(dtype=float)
        self.off_road = off_road_lines(network.accesses)
        code = {name: number for number, name in enumerate(MODES)}
        self.kinds = network.edges["kind"].map(code).to_numpy(dtype=np.int64)
        self.crossing = network.edges["crossing_id"].to_numpy(dtype=object)
        self.at_border = network.edges["crossing_id"].notna().to_numpy(dtype=bool)
        nobody = np.array([None], dtype=object)  # a number of -1 has no name
        self.node_name = np.concatenate([network.nodes["name"].to_numpy(dtype=object), nobody])
        self.between: list[shapely.Geometry] = []
        self.to_wgs84 = pyproj.Transformer.from_crs(network.crs, WGS84, always_xy=True)

    def along(self, edge: int, start: float, end: float) -> shapely.Geometry:
        """Return a part of an edge, from one share of its length to another."""
        return substring(self.lines[edge], start, end, normalized=True)

    def add(self, line: shapely.Geometry) -> int:
        """Keep a line, and return its number."""
        self.between.append(line)
        return len(self.lines) + 2 * len(self.off_road) + len(self.between) - 1

    def coordinates(self, numbers: IntArray) -> tuple[FloatArray, IntArray]:
        """Return the coordinates of some shapes, and where each begins."""
        edges, accesses = len(self.lines), len(self.off_road)
        arrays = self.network.access_arrays
        along_m = self.network.accesses["along_m"].to_numpy(dtype=float)
        found = np.empty(len(numbers), dtype=object)
        simple = numbers < edges
        found[simple] = self.lines[numbers[simple]]
        for at in np.flatnonzero(~simple):
            number = int(numbers[at]) - edges
            if number < accesses:
                found[at] = self.off_road[number]
            elif number < 2 * accesses:
                number -= accesses
                edge = int(arrays.edge[number])
                share = min(float(along_m[number]) / max(self.length_m[edge], 1e-9), 1.0)
                to_head = arrays.node[number] == self.network.arcs.head[edge]
                found[at] = self.along(edge, 1 - share if to_head else share, float(to_head))
            else:
                found[at] = self.between[number - 2 * accesses]
        corners, owner = shapely.get_coordinates(found, return_index=True)
        if len(corners):
            corners = np.column_stack(self.to_wgs84.transform(corners[:, 0], corners[:, 1]))
        count = np.bincount(owner, minlength=len(numbers))
        return corners, np.concatenate([[0], np.cumsum(count)]).astype(np.int64)


def _off_road_units(costs: ArcCosts, network: Network, rows: IntArray) -> IntArray:
    """Return what the ways off the road of some accesses cost, by metric."""
    off_road_m = network.accesses["off_road_m"].to_numpy(dtype=float)[rows]
    return np.stack(
        [
            quantise(costs.access_time_min[rows], "time_min"),
            quantise(off_road_m, "length_m"),
            np.zeros(len(rows), dtype=np.int32),
            quantise(costs.access_risk[rows], "risk"),
        ],
        axis=1,
    ).astype(np.int64)


def _pieces(ways: Ways, bundle: _Bundle, wait_min: FloatArray, shapes: _Shapes) -> _Pieces:
    """Take ways apart."""
    network, costs = ways.network, ways.costs
    arcs, kinds = network.arcs, shapes.kinds
    through = np.flatnonzero(bundle.access_from >= 0)
    edge = arcs.edge[bundle.arcs].astype(np.int64)
    way = np.repeat(np.arange(len(bundle.ask)), np.diff(bundle.pointer))
    columns: list[tuple[npt.NDArray[Any], ...]] = [
        (
            way, np.full(len(way), 2), kinds[edge], edge, arcs.tail[bundle.arcs],
            arcs.head[bundle.arcs], edge, ~arcs.forward[bundle.arcs],
            np.stack([getattr(costs, metric)[bundle.arcs] for metric in METRICS], axis=1),
            wait_min[bundle.arcs],
        )
    ]  # fmt: skip
    ends = ((ways.origins, bundle.access_from, 0, 1), (ways.destinations, bundle.access_to, 4, 3))
    for places, access, outer, inner in ends:
        entry = access[through]
        row = places.row[entry].astype(np.int64)
        off = _off_road_units(costs, network, row)
        whole = np.stack([places.metric(metric)[entry] for metric in METRICS], axis=1)
        node = places.node[entry].astype(np.int64)
        on_edge = network.access_arrays.edge[row].astype(np.int64)
        mid = on_edge >= 0
        nowhere = np.full(len(row), -1)
        leaving = outer == 0
        foot = np.where(mid, -1, node)
        number = len(shapes.lines) + row
        columns.append(
            (through, np.full(len(row), outer), np.full(len(row), OFF_ROAD_CODE), nowhere,
             nowhere if leaving else foot, foot if leaving else nowhere, number,
             np.full(len(row), not leaving), off, np.zeros(len(row)))
        )  # fmt: skip
        rest = whole - off
        rest[~mid] = 0  # the whole way is off the road
        columns.append(
            (through, np.full(len(row), inner), kinds[np.where(mid, on_edge, 0)], on_edge,
             nowhere if leaving else node, node if leaving else nowhere,
             number + len(shapes.off_road), np.full(len(row), not leaving), rest,
             np.zeros(len(row)))
        )  # fmt: skip
    columns += [
        _direct(ways, bundle, int(way), shapes) for way in np.flatnonzero(bundle.access_from < 0)
    ]
    found = [np.concatenate(parts) for parts in zip(*columns, strict=True)]
    there = found[8][:, :2].any(axis=1) | (found[1] == 2)  # noqa: PLR2004  # whole arcs
    order = np.flatnonzero(there)
    order = order[np.lexsort((found[1][order], found[0][order]))]
    return _Pieces(
        way=found[0][order], mode=found[2][order], edge=found[3][order], tail=found[4][order],
        head=found[5][order], shape=found[6][order], turned=found[7][order].astype(bool),
        units=found[8][order], wait_min=found[9][order],
    )  # fmt: skip


def _direct(ways: Ways, bundle: _Bundle, way: int, shapes: _Shapes) -> tuple[Any, ...]:
    """Return the pieces of a way along one edge from place to place: none if they are one place."""
    network = ways.network
    i, j = int(bundle.origin[way]), int(bundle.destination[way])
    total = np.array([ways.direct[i, j][metric] for metric in METRICS], dtype=np.int64)
    options = []
    for one in ways.origins.feet[i] if total.any() else ():
        for two in ways.destinations.feet[j]:
            if one.edge == two.edge:
                off = np.array(
                    [[foot.time_min, foot.length_m, 0, foot.risk] for foot in (one, two)]
                )
                rest = total - off.sum(axis=0)
                if (rest >= 0).all():
                    apart = abs(abs(one.share - two.share) * shapes.length_m[one.edge] - rest[1])
                    options.append((float(apart), one, two, off, rest))
    size = 3 if options else 0
    if not size:
        empty = np.empty(0, dtype=np.int64)
        return (empty, empty, empty, empty, empty, empty, empty, empty.astype(bool),
                np.empty((0, len(METRICS)), dtype=np.int64), np.empty(0))  # fmt: skip
    _, one, two, off, rest = min(options, key=lambda option: option[0])
    rows = [
        _access_row(network, place, one.edge)
        for place in (ways.origins.place_ids[i], ways.destinations.place_ids[j])
    ]
    middle = shapes.add(shapes.along(one.edge, one.share, two.share))
    road = int(shapes.kinds[one.edge])
    return (
        np.full(3, way), np.array([0, 2, 4]), np.array([OFF_ROAD_CODE, road, OFF_ROAD_CODE]),
        np.array([-1, one.edge, -1]), np.full(3, -1), np.full(3, -1),
        np.array([len(shapes.lines) + rows[0], middle, len(shapes.lines) + rows[1]]),
        np.array([False, False, True]), np.stack([off[0], rest, off[1]]), np.zeros(3),
    )  # fmt: skip


def _access_row(network: Network, place: str, edge: int) -> int:
    """Return an access of a place that meets an edge: all of them stand at one point of it."""
    arrays, row = network.access_arrays, int(network.place_positions([place])[0])
    mine = arrays.by_place[arrays.pointer[row] : arrays.pointer[row + 1]]
    return int(mine[arrays.edge[mine] == edge][-1])


def _describe(
    case: Case, ways: Ways, bundle: _Bundle, wait_min: FloatArray, shapes: _Shapes, day: dt.date
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return routes and legs of ways, without those that are over a limit."""
    network = case.network
    pieces = _pieces(ways, bundle, wait_min, shapes)
    count = len(bundle.ask)
    units = np.stack(
        [np.bincount(pieces.way, weights=column, minlength=count) for column in pieces.units.T],
        axis=1,
    )
    kept = _within(case, units)
    number = np.cumsum(kept) - 1
    inside = kept[pieces.way]
    # legs: from one change of way or mode to the next
    way, mode = number[pieces.way[inside]], pieces.mode[inside]
    starts = np.ones(len(way), dtype=bool)
    starts[1:] = (way[1:] != way[:-1]) | (mode[1:] != mode[:-1])
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(way))[: len(first)] - 1
    leg_of = np.cumsum(starts) - 1
    of_way = way[first]
    edge, part = pieces.edge[inside], pieces.units[inside]
    at_border = np.flatnonzero((edge >= 0) & shapes.at_border[edge])
    passed = shapes.crossing[edge[at_border]]
    numbers, at = np.unique(pieces.shape[inside], return_inverse=True)
    corners, begin = shapes.coordinates(numbers)
    turned = pieces.turned[inside]
    begins = shapes.node_name[pieces.tail[inside][first]]
    ends = shapes.node_name[pieces.head[inside][last]]
    names = network.places.set_index("place_id")["name"]
    origin = names.reindex(list(ways.origins.place_ids)).to_numpy(dtype=object)[bundle.origin[kept]]
    destination = names.reindex(list(ways.destinations.place_ids)).to_numpy(dtype=object)[
        bundle.destination[kept]
    ]
    leg_first = np.ones(len(first), dtype=bool)
    leg_first[1:] = of_way[1:] != of_way[:-1]
    leg_last = np.append(leg_first[1:], True)[: len(first)]
    ask = bundle.ask[kept]
    route = _count_up(ask)
    legs = pd.DataFrame(
        {
            "ask": ask[of_way], "route": route[of_way], "leg": _count_up(of_way),
            "mode": np.array(MODES, dtype=object)[mode[first]],
            "from_name": np.where(leg_first, origin[of_way], begins),
            "to_name": np.where(leg_last, destination[of_way], ends),
        }
    )  # fmt: skip
    sums = np.add.reduceat(part, first, axis=0) if len(first) else part
    waits = pieces.wait_min[inside]
    for at_metric, metric in enumerate(METRICS):
        legs[metric] = dequantise(sums[:, at_metric], metric)
    leg_wait = np.add.reduceat(waits, first) if len(first) else waits
    # whole units of time may be a hair below the wait that is all of it
    legs["wait_min"] = np.minimum(leg_wait, legs["time_min"].to_numpy())
    legs["crossing_ids"] = _listed(leg_of[at_border], passed, len(first))
    legs["geometry"] = _drawn(corners, begin, at, turned, leg_of, len(first))
    named = np.flatnonzero(~legs["mode"].isin(NOT_NAMED).to_numpy(dtype=bool))
    modes = _listed(of_way[named], legs["mode"].to_numpy(dtype=object)[named], len(ask),
                    squeeze=True)  # fmt: skip
    nothing = np.bincount(of_way, minlength=len(ask)) == 0
    modes[pd.isna(modes)] = OFF_ROAD
    modes[nothing] = "at the place"
    title = network.crossings.set_index("crossing_id")["name"]
    routes = pd.DataFrame(
        {"ask": ask, "route": route,
         "wait_min": np.bincount(of_way, weights=legs["wait_min"], minlength=len(ask)),
         "modes": modes,
         "crossing_ids": _listed(way[at_border], passed, len(ask)),
         "crossing_names": _listed(
             way[at_border], title.reindex(passed).to_numpy(dtype=object), len(ask)),
         "overlap_share": np.where(route > 1, bundle.overlap[kept], 0.0)}
    )  # fmt: skip
    for at_metric, metric in enumerate(METRICS):
        routes[metric] = dequantise(units[kept, at_metric], metric)
    old = _not_reported(case, day)
    routes["unreported_m"] = (
        np.nan if old is None
        else np.bincount(way, weights=part[:, 1] * ((edge >= 0) & old[edge]), minlength=len(ask))
    )  # fmt: skip
    routes["geometry"] = _drawn(corners, begin, at, turned, way, len(ask))
    return routes, legs


def _describe_nothing() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return tables of no routes."""
    return tuple(
        pd.DataFrame({name: [] for name in ("ask", *table.names, "geometry")})
        for table in (ROUTES, ROUTE_LEGS)
    )  # type: ignore[return-value]


def _within(case: Case, units: npt.NDArray[Any]) -> BoolArray:
    """Say which ways keep to the limits of the case; `units` has a column for each metric."""
    limits = case.limits
    inside = np.ones(len(units), dtype=bool)
    given: tuple[tuple[Metric, float | None, float], ...] = (
        ("time_min", limits.time_limit_h, MIN_PER_H), ("risk", limits.risk_limit, 1.0),
    )  # fmt: skip
    for metric, limit, scale in given:
        if limit is not None:
            # the small number makes up for limits that binary fractions fall short of
            most = np.floor(limit * scale / QUANTUM[metric] + 1e-6)
            inside &= units[:, METRICS.index(metric)] <= most
    return inside


def _not_reported(case: Case, day: dt.date) -> BoolArray | None:
    """Say which edges were last reported longer ago than the case allows; None: it does not say."""
    days = case.limits.unknown_after_days
    if days is None:
        return None
    reported = case.network.edges["state_reported_on"]
    old = reported.isna() | (pd.Timestamp(day) - reported > pd.Timedelta(days=days))
    return old.to_numpy(dtype=bool)


def _count_up(owner: IntArray) -> IntArray:
    """Return 1, 2, 3, ... within each run of equal numbers."""
    place = np.arange(len(owner))
    fresh = np.ones(len(owner), dtype=bool)
    fresh[1:] = owner[1:] != owner[:-1]
    return place - np.maximum.accumulate(np.where(fresh, place, 0)) + 1


def _listed(owner: IntArray, words: Objects, count: int, *, squeeze: bool = False) -> Objects:
    """Return the words of each owner with > between them, None if it has none."""
    found: list[list[str]] = [[] for _ in range(count)]
    for number, word in zip(owner.tolist(), words.tolist(), strict=True):
        if not (squeeze and found[number] and found[number][-1] == word):
            found[number].append(str(word))
    made = np.full(count, None, dtype=object)
    made[:] = [">".join(one) or None for one in found]
    return made


def _drawn(
    corners: FloatArray, begin: IntArray, shape: IntArray, turned: BoolArray, owner: IntArray,
    count: int,
) -> Objects:  # fmt: skip
    """Return one line per owner, joined from its shapes; None where it has no length."""
    size = begin[shape + 1] - begin[shape]
    ends = np.cumsum(size)
    within = np.arange(int(size.sum())) - np.repeat(ends - size, size)
    low, high = np.repeat(begin[shape], size), np.repeat(begin[shape + 1], size)
    points = corners[np.where(np.repeat(turned, size), high - 1 - within, low + within)]
    mine = np.repeat(owner, size)
    fresh = np.ones(len(mine), dtype=bool)
    fresh[1:] = (mine[1:] != mine[:-1]) | (points[1:] != points[:-1]).any(axis=1)
    points, mine = points[fresh], mine[fresh]
    long = np.bincount(mine, minlength=count) > 1
    kept = long[mine]
    lines = np.full(count, None, dtype=object)
    if bool(long.any()):
        lines[long] = shapely.linestrings(points[kept], indices=(np.cumsum(long) - 1)[mine[kept]])
    return lines


# ------------------------------------------------------------------ why there is none
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Unmet:
    """Questions without a way: why, what would free them, and when they work."""

    case: Case
    asks: pd.DataFrame
    tell: Progress

    def explain(self, rows: IntArray) -> dict[int, dict[str, object]]:
        """Return the columns of `PLANNED_REQUESTS` that say why, by question."""
        network = self.case.network
        attached = np.diff(network.access_arrays.pointer) > 0
        here = np.ones(len(rows), dtype=bool)
        for name in ("origin_id", "destination_id"):
            here &= attached[network.place_positions(self.asks[name].iloc[rows])]
        found: dict[int, dict[str, object]] = {
            int(row): {"outcome": "unknown", "reason": "off_network", "reasons_all": "off_network"}
            for row in rows[~here]
        }
        mine = self.asks.iloc[rows[here]]
        done = 0
        for day, who, group in _travellers(mine):
            costs = conditions(network, self.case.scenario, day, who).dense()
            one = _Traveller(
                case=self.case, day=day, who=who, asks=group,
                parts=_Parts.of(network, costs),
            )  # fmt: skip
            share = 0.8 + 0.15 * done / len(mine)
            found |= one.explain(partial(_tell_at, self.tell, share))
            done += len(group)
        return found


def _tell_at(tell: Progress, share: float, step: str) -> None:
    tell(step, share)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Traveller:
    """Questions of one traveller on one day that have no way."""

    case: Case
    day: dt.date
    who: TravellerClass
    asks: pd.DataFrame
    parts: "_Parts"

    def explain(self, tell: Callable[[str], None]) -> dict[int, dict[str, object]]:
        """Return why there is no way, which disruptions do it, and from which day there is one."""
        tell("Reasons")
        scenario = self.case.scenario
        every = np.arange(len(self.asks))
        time, normally = self.solve(self._costs(scenario.baseline()), every)
        reasons = self._reasons()
        causes: list[list[str]] = [[] for _ in every]
        alone: list[list[str]] = [[] for _ in every]
        active = scenario.active(self.day)
        kinds = {one.kind for one in active}
        for cause in CAUSES:
            lifted = sorted(kind for kind in kinds if CAUSE_OF_KIND[kind] == cause)
            if not lifted:
                continue
            tell(f"Without {cause}")
            freed = np.flatnonzero(
                self.solve(self._costs(scenario.without(kinds=lifted)), every)[1]
            )
            for row in freed:
                causes[row].append(cause)
            for one in active if len(freed) else ():
                if one.kind in lifted:
                    tell(f"Without {one.disruption_id}")
                    costs = self._costs(scenario.without(ids=[one.disruption_id]))
                    for row in freed[self.solve(costs, freed)[1]]:
                        alone[row].append(one.disruption_id)
        opens = self._opens_on(tell)
        return {
            int(ask): {
                "outcome": "no_way", "reason": reasons[row][0],
                "reasons_all": "|".join(reasons[row]),
                "causes_all": "|".join(causes[row]) or ("joint" if normally[row] else None),
                "disruption_ids": "|".join(sorted(alone[row])) or None,
                "opens_on": opens.get(row),
                "baseline_time_min": float(time[row]) if normally[row] else None,
            }
            for row, ask in enumerate(self.asks.index)
        }  # fmt: skip

    def _costs(
        self, scenario: Scenario, day: dt.date | None = None, *, any_mode: bool = False,
        ignore_borders: bool = False,
    ) -> ArcCosts:  # fmt: skip
        """Return what holds, if need be for every way of travelling at once."""
        day = self.day if day is None else day
        if not any_mode:
            return conditions(
                self.case.network, scenario, day, self.who, ignore_borders=ignore_borders
            ).dense()
        ask = self.asks.iloc[0]
        group = pd.DataFrame(
            [{"group_id": "ask", "place_id": ask["origin_id"], "kind": self.who.kind,
              "nationality": self.who.nationality, "profile": self.who.profile,
              "destination_set": "ask"}],
            columns=list(GROUPS.names),
        )  # fmt: skip
        destination = pd.DataFrame(
            [{"destination_set": "ask", "place_id": ask["destination_id"]}],
            columns=list(DESTINATIONS.names),
        )
        found = find_group_ways(
            self.case, scenario, day, groups=group, destinations=destination, any_mode=True,
            ignore_borders=ignore_borders,
        )  # fmt: skip
        return found.ways[self.who].costs

    def solve(self, costs: ArcCosts, rows: IntArray) -> tuple[FloatArray, BoolArray]:
        """Return the time of some questions, `inf`: no way, and if it is within the limits."""
        time, within = np.full(len(rows), np.inf), np.zeros(len(rows), dtype=bool)
        linked = np.flatnonzero(self.parts.linked(costs, self.asks.iloc[rows]))
        asks = self.asks.iloc[rows[linked]]
        for block in _blocks(self.case.network, asks):
            some = asks.iloc[block]
            starts, origin = np.unique(some["origin_id"].to_numpy(object), return_inverse=True)
            stops, destination = np.unique(
                some["destination_id"].to_numpy(object), return_inverse=True
            )
            ways = find_ways_by_costs(self.case.network, costs, starts.tolist(), stops.tolist())
            units = ways.units[origin, destination]
            time[linked[block]] = dequantise(units, "time_min")
            met = np.flatnonzero(np.isfinite(units))
            totals = _totals(ways, origin[met], destination[met])
            within[linked[block[met]]] = _within(self.case, totals)
        return time, within

    def _reasons(self) -> list[list[str]]:
        """Return the reasons of each question, the first one first."""
        every = np.arange(len(self.asks))
        scenario = self.case.scenario
        served = scenario.without(kinds=["service"])

        def linked(laid: Scenario, **how: bool) -> BoolArray:
            return np.isfinite(self.solve(self._costs(laid, **how), every)[0])  # type: ignore[arg-type]

        somehow = linked(served, any_mode=True, ignore_borders=True)
        inside = linked(served, any_mode=True)
        tests = {
            "disconnected": somehow, "border": inside, "no_mode": linked(served),
            "no_service": linked(scenario),
        }  # fmt: skip
        alone = {
            "border": inside, "no_mode": linked(served, ignore_borders=True),
            "no_service": linked(scenario, any_mode=True, ignore_borders=True),
        }  # fmt: skip
        over = self._over_limits()
        found = []
        for row in every.tolist():
            reasons = [name for name, test in tests.items() if not test[row]][:1]
            if somehow[row]:
                reasons += [n for n, test in alone.items() if not test[row] and n not in reasons]
            found.append([*reasons, *(name for name in over[row] if name not in reasons)])
        return found

    def _over_limits(self) -> list[list[str]]:
        """Return which limits the ways that exist are over."""
        limits = self.case.limits
        alone = {
            "over_risk": replace(limits, time_limit_h=None),
            "over_time": replace(limits, risk_limit=None),
        }
        found: list[list[str]] = [[] for _ in range(len(self.asks))]
        if limits.time_limit_h is None and limits.risk_limit is None:
            return found
        costs, every = self._costs(self.case.scenario), np.arange(len(self.asks))
        for reason, kept in alone.items():
            one = replace(self, case=replace(self.case, limits=kept))
            time, within = one.solve(costs, every)
            for row in np.flatnonzero(np.isfinite(time) & ~within):
                found[row].append(reason)
        return found

    def _opens_on(self, tell: Callable[[str], None]) -> dict[int, dt.date]:
        """Return the first later day on which each question has a way."""
        scenario = self.case.scenario
        found: dict[int, dt.date] = {}
        rest = np.arange(len(self.asks))
        for day in change_days(self.case.network, scenario, self.day, scenario.end)[1:]:
            if not len(rest):
                break
            tell(f"From {day}")
            freed = self.solve(self._costs(scenario, day), rest)[1]
            found |= {int(row): day for row in rest[freed]}
            rest = rest[~freed]
        return found


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Parts:
    """What hangs together where some arcs are open: `part` has a number for each node."""

    network: Network
    open: BoolArray
    part: npt.NDArray[np.int32]

    @classmethod
    def of(cls, network: Network, costs: ArcCosts) -> "_Parts":
        """Find the parts."""
        row = np.flatnonzero(costs.open)
        ends = network.arcs.tail[row], network.arcs.head[row]
        return cls(network=network, open=costs.open, part=_joined(*ends, len(network.nodes)))

    def linked(self, costs: ArcCosts, asks: pd.DataFrame) -> BoolArray:
        """Say for which questions there may be a way: what they attach to hangs together somehow.

        Directions, and what is closed now but was open, or lies between a place and the network,
        do not count: this only saves solving questions that cannot have a way.
        """
        arrays, arcs = self.network.access_arrays, self.network.arcs
        more = np.flatnonzero(costs.open & ~self.open)
        size = int(self.part.max(initial=-1)) + 1
        part = _joined(self.part[arcs.tail[more]], self.part[arcs.head[more]], size)[self.part]
        ends = [
            self.network.place_positions(asks[name]) for name in ("origin_id", "destination_id")
        ]
        found = []
        for one, two in zip(*(place.tolist() for place in ends), strict=True):
            access = [
                arrays.by_place[arrays.pointer[at] : arrays.pointer[at + 1]] for at in (one, two)
            ]
            parts = [set(part[arrays.node[some]].tolist()) for some in access]
            edges = [set(arrays.edge[some].tolist()) - {-1} for some in access]
            found.append(not parts[0].isdisjoint(parts[1]) or not edges[0].isdisjoint(edges[1]))
        return np.array(found, dtype=bool)


def _joined(
    one: npt.NDArray[np.int32], two: npt.NDArray[np.int32], size: int
) -> npt.NDArray[np.int32]:
    """Return the number of the part that each of some things belongs to, if pairs are joined."""
    pairs = coo_array((np.ones(len(one), dtype=np.int8), (one, two)), shape=(size, size))
    return np.asarray(connected_components(pairs.tocsr(), directed=False)[1], dtype=np.int32)


def _totals(ways: Ways, origin: IntArray, destination: IntArray) -> FloatArray:
    """Return what the ways of some pairs cost, in units, a column for each metric."""
    start, stop = ways.access_from[origin, destination], ways.access_to[origin, destination]
    pointer, arcs = _arcs_of(ways, start, stop)
    found = np.zeros((len(origin), len(METRICS)))
    passing = start >= 0
    for at, metric in enumerate(METRICS):
        run = np.concatenate([[0], np.cumsum(getattr(ways.costs, metric)[arcs], dtype=np.int64)])
        found[:, at] = run[pointer[1:]] - run[pointer[:-1]]
        found[passing, at] += ways.origins.metric(metric)[start[passing]]
        found[passing, at] += ways.destinations.metric(metric)[stop[passing]]
    for row in np.flatnonzero(~passing):
        spent = ways.direct[int(origin[row]), int(destination[row])]
        found[row] = [spent[metric] for metric in METRICS]
    return found


# ------------------------------------------------------------------ tables
def _request_rows(
    case: Case, asked: pd.DataFrame, ask_of: IntArray, routes: pd.DataFrame,
    why: Mapping[int, Mapping[str, Any]],
) -> pd.DataFrame:  # fmt: skip
    """Return one row per request: what came of it."""
    count = np.bincount(routes["ask"].to_numpy(dtype=np.int64), minlength=int(ask_of.max()) + 1)
    names = case.network.places.set_index("place_id")["name"]
    rows = []
    for request, ask in zip(records(asked), ask_of.tolist(), strict=True):
        row: dict[str, object] = {name: request[name] for name in asked.columns}
        row["origin_name"] = names[request["origin_id"]]
        row["destination_name"] = names[request["destination_id"]]
        row["routes"] = int(count[ask])
        row |= why.get(ask, {"outcome": "planned"})
        row["explanation"] = _words(row, case.scenario.end)
        rows.append(row)
    return pd.DataFrame(rows, columns=list(PLANNED_REQUESTS.names))


def _words(row: Mapping[str, Any], last: dt.date) -> str:
    """Say what came of a request."""
    if row["outcome"] == "planned":
        more = int(row["routes"]) - 1
        return "planned" + (f", with {more} alternative{'s' if more > 1 else ''}" if more else "")
    if row["outcome"] == "unknown":
        return "unknown: one of the places is too far from the network to say"
    text = REASON_WORDS[row["reason"]]
    if row["causes_all"] is None:
        text += "; nor is there one without the disruptions"
    elif row["causes_all"] == "joint":
        text += "; only lifting several kinds of disruption together would free it"
    elif row["disruption_ids"]:
        text += f"; lifting {' or '.join(row['disruption_ids'].split('|'))} alone would free it"
    else:
        text += f"; lifting all of {' or '.join(row['causes_all'].split('|'))} would free it"
    opens = row["opens_on"]
    return text + (f"; works from {opens}" if opens else f"; no way until {last}")


def _for_requests(found: pd.DataFrame, ask_of: IntArray, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Repeat the rows of each question for every request that asks it."""
    table = table.sort_values(["ask", "route"], kind="stable", ignore_index=True)
    ask = table["ask"].to_numpy(dtype=np.int64)
    first, last = (np.searchsorted(ask, ask_of, side=side) for side in ("left", "right"))
    size = last - first
    before = np.cumsum(size) - size
    row = np.arange(int(size.sum())) + np.repeat(first - before, size)
    request = np.repeat(np.arange(len(found)), size)
    made = table.iloc[row].reset_index(drop=True)
    for name in ("request_id", "origin_name", "destination_name", "date", "profile"):
        made[name] = found[name].to_numpy()[request]
    return gpd.GeoDataFrame(made, geometry="geometry", crs=WGS84)

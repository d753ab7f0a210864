"""Where to count people on the way: few points that together see the most, each person once.

Points are chosen for the flows of one scenario.
"""

import datetime as dt
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_array, hstack, vstack

from mobility_geo.errors import InputError, UnknownIdError, labels
from mobility_geo.flows import ODMatrix
from mobility_geo.outcomes.reachable import UNSAFE_SEVERITY
from mobility_geo.outcomes.siting_models import (
    STOPPED,
    is_whole,
    least_difference,
    solve_program,
    stop_problems,
)
from mobility_geo.routing import access_set, solve_ways
from mobility_geo.routing.groups import travellers_of
from mobility_geo.scenario import Case, Closure, conditions
from mobility_geo.schema import MONITORING_POINTS, check_table, suggest

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Aim = Literal["people", "uncertainty"]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Capture:
    """Points that capture flows, and the proof.

    Attributes
    ----------
    points
        Columns, the one that adds most first; those kept come before.
    value, bound
        Weight of the flows that pass at least one point, and what no choice can beat.
    status
        ``optimal``, ``within_gap`` or ``time_limit``.
    seconds
        How long it took.
    """

    points: tuple[int, ...]
    value: float
    bound: float
    status: str
    seconds: float


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class MonitoringResult:
    """Monitoring points with what they see.

    Attributes
    ----------
    case, when
        The question.
    points
        Schema `MONITORING_POINTS`, in the network's coordinate reference system.
    aim, rule
        What was made most, and the rule of choice of the flows.
    value, bound, gap, status, seconds
        See `Capture`.
    flowing_persons
        People on the way, by the flows; those who pass no whole edge can be seen nowhere.
    seen_persons
        People who pass at least one point, each once.
    unseeable_persons
        People on the way who pass no candidate.
    warnings
        Sentences.
    """

    case: Case
    when: dt.date
    points: gpd.GeoDataFrame
    aim: str
    rule: str
    value: float
    bound: float
    gap: float
    status: str
    seconds: float
    flowing_persons: float
    seen_persons: float
    unseeable_persons: float
    warnings: tuple[str, ...] = ()


def capture_flows(
    passes: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    points: int,
    kept: Sequence[int] = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> Capture:
    """Choose points so that the flows that pass at least one of them weigh most.

    Parameters
    ----------
    passes
        Whether a flow passes a candidate, shape (flows, candidates).
    weight
        People of each flow, or another weight >= 0.
    points
        How many, those kept among them.
    kept
        Columns that are points already.
    gap, time_limit_s
        See `solve_p_median`.

    Returns
    -------
    Capture
        A flow that passes several points counts once.

    Raises
    ------
    InputError
        If there are no candidates or no flows, more points than candidates, or values out of range.

    References
    ----------
    Hodgson, M. J. (1990). A flow-capturing location-allocation model. doi
    10.1111/j.1538-4632.1990.tb00210.x.

    Examples
    --------
    >>> found = capture_flows([[1, 1, 0], [1, 0, 0], [0, 0, 1]], [5, 5, 6], points=2)
    >>> found.points, found.value
    ((0, 2), 16.0)
    """
    started = time.monotonic()
    on_way = np.array(passes, dtype=bool)
    people = np.array(weight, dtype=np.float64)
    _check(on_way, people, points, kept, stop_problems(gap, time_limit_s))
    rows, inverse = np.unique(on_way, axis=0, return_inverse=True)
    size = np.asarray(np.bincount(inverse.reshape(-1), weights=people), dtype=np.float64)
    used = rows.any(axis=1) & (size > 0)
    rows, size = rows[used], size[used]
    count, flows, total = on_way.shape[1], len(rows), max(float(size.sum()), 1e-12)
    chosen = np.array(sorted(kept), dtype=np.int64)
    bound, stopped = 0.0, False
    if flows:
        seen = hstack([csr_array(rows.astype(float)), csr_array(-np.eye(flows))])
        number = csr_array(np.concatenate([-np.ones(count), np.zeros(flows)])[None, :])
        lower = np.zeros(count + flows)
        lower[list(kept)] = 1
        answer = solve_program(
            np.concatenate([np.zeros(count), -size / total * 1e3]),
            vstack([seen, number]).tocsr(),
            np.append(np.zeros(flows), -float(points)),
            lower, np.ones(count + flows), count, gap, time_limit_s,
        )  # fmt: skip
        chosen = np.flatnonzero(answer.x[:count] > 0.5)  # noqa: PLR2004
        bound, stopped = min(-answer.bound / 1e3 * total, total), answer.status == STOPPED
    order = _by_what_they_add(rows, size, [int(one) for one in chosen], kept)
    value = float(size[rows[:, order].any(axis=1)].sum()) if order else 0.0
    proven = not flows or bound - value < least_difference(size)
    return Capture(
        points=tuple(order), value=value, bound=value if proven else bound,
        status="optimal" if proven else "time_limit" if stopped else "within_gap",
        seconds=time.monotonic() - started,
    )  # fmt: skip


def place_monitoring_points(  # noqa: PLR0913 # each is a choice of the analyst
    case: Case,
    od: ODMatrix,
    *,
    new_points: int,
    aim: Aim = "people",
    existing: Collection[str] = (),
    candidates: Literal["both", "edges", "crossings"] = "both",
    rule: str | None = None,
    when: dt.date | str | None = None,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> MonitoringResult:
    """Propose edges and crossings where flows are counted.

    Parameters
    ----------
    case
        The question; its groups say how each flow travels.
    od
        Flows, from `choose_destinations` or a table of your own.
    new_points
        How many new points, besides those that exist.
    aim
        ``people``: most people seen. ``uncertainty``: most of the uncertainty of the flows seen,
        which is the width from low to high of each group, shared out like its flows, and the
        difference between the rules of choice where `od` has several.
    existing
        Ids of edges or crossings with a point already; they are kept.
    candidates
        Where points may stand.
    rule
        Rule of choice of the flows; the first of `od` if left out.
    when
        Day; the scenario's own if left out.
    gap, time_limit_s
        See `solve_p_median`.

    Returns
    -------
    MonitoringResult
        People of one flow take one way, so whoever passes several points is counted once. Points
        that add nothing are not proposed. No point is proposed in an area of severe insecurity or
        mines.

    Raises
    ------
    InputError
        If nobody is on the way, no candidate is passed, or an argument is wrong.
    UnknownIdError
        If an existing point is neither an edge nor a crossing.
    CalendarError
        If the day lies outside the calendar.

    Notes
    -----
    A count at a point is passages, not persons: somebody who goes to and fro is counted each time,
    and that is not told from a table of flows.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import choose_destinations
    >>> case = load_toy()
    >>> found = place_monitoring_points(case, choose_destinations(case), new_points=1)
    >>> found.seen_persons, found.flowing_persons
    (300.0, 300.0)
    """
    chosen_rule = _checked_rule(
        od, rule, new_points, aim, candidates, kept=bool(existing),
        stop=stop_problems(gap, time_limit_s),
    )  # fmt: skip
    day = case.scenario.day(when)
    flows = _flows(case, od, chosen_rule)
    if not len(flows):
        msg = "no people: nobody is on the way in these flows, so there is nothing to count"
        raise InputError(msg)
    ids, kinds = _point_ids(case)
    kept_ids = _existing(existing, ids)
    position = {name: number for number, name in enumerate(ids)}
    passes = _passes(case, flows, day, position)
    people = flows["flow_persons"].to_numpy(dtype=np.float64)
    doubt = flows["uncertainty_persons"].to_numpy(dtype=np.float64)
    kind_ok = np.array([candidates in {"both", f"{kind}s"} for kind in kinds])
    safe = _safe_points(case, ids, kinds, day)
    kept = [position[name] for name in kept_ids]
    allowed = passes.any(axis=0) & kind_ok & safe
    same = _same(passes, allowed, kept, kinds)
    columns = sorted({*same, *kept})
    if not any(column not in kept for column in columns) and new_points:
        msg = (
            "no candidate: no edge or crossing that people pass may hold a point; all "
            f"{int((passes.any(axis=0) & kind_ok).sum())} of them lie in dangerous areas or exist "
            "already"
        )
        raise InputError(msg)
    weight = people if aim == "people" else doubt
    count = min(len(kept) + new_points, len(columns))
    found = capture_flows(
        passes[:, columns], weight, points=count, kept=[columns.index(one) for one in kept],
        gap=gap, time_limit_s=time_limit_s,
    )  # fmt: skip
    points = [columns[one] for one in found.points]
    missing = new_points - (len(points) - len(kept))
    over = [ids[one] for one in kept if not safe[one]]
    warnings = [
        *([f"{missing} more points would add nothing and are not proposed"] if missing else []),
        *([f"existing points in dangerous areas: {labels(over)}"] if over else []),
    ]
    seen = passes[:, points].any(axis=1)
    return MonitoringResult(
        case=case, when=day,
        points=_table(case, points, kept, ids, kinds, passes, people, doubt, same),
        aim=aim, rule=chosen_rule, value=found.value, bound=found.bound,
        gap=(found.bound - found.value) / found.value if found.value else 0.0,
        status=found.status, seconds=found.seconds, flowing_persons=float(people.sum()),
        seen_persons=float(people[seen].sum()),
        unseeable_persons=float(people[~passes[:, columns].any(axis=1)].sum()),
        warnings=tuple(warnings),
    )  # fmt: skip


def _checked_rule(
    od: ODMatrix,
    rule: str | None,
    new_points: int,
    aim: str,
    candidates: str,
    *,
    kept: bool,
    stop: list[str],
) -> str:
    """Return the rule of choice that counts.

    Raises
    ------
    InputError
        Lists every argument that is wrong.
    """
    rules = od.rules()
    if not rules:
        msg = "no people: the table of flows has no rows"
        raise InputError(msg)
    chosen = rules[0] if rule is None else rule
    checks = (
        (chosen not in rules, f"rule {rule!r} is not in the flows; there are: {', '.join(rules)}"),
        (
            not is_whole(new_points) or new_points < (0 if kept else 1),
            f"new_points: how many new points? Not {new_points!r}",
        ),
        (
            aim not in {"people", "uncertainty"},
            f"aim must be people or uncertainty, not {aim!r}",
        ),
        (
            candidates not in {"both", "edges", "crossings"},
            f"candidates must be both, edges or crossings, not {candidates!r}",
        ),
    )
    problems = [words for wrong, words in checks if wrong] + stop
    if problems:
        raise InputError(problems)
    return chosen


def _passes(case: Case, flows: pd.DataFrame, day: dt.date, position: dict[str, int]) -> BoolArray:
    """Say which points each flow passes, shape (flows, points)."""
    point_of_edge = _point_of_edge(case, position)
    passes = np.zeros((len(flows), len(position)), dtype=bool)
    for number, arcs in enumerate(_ways_of(case, flows, day)):
        passes[number, point_of_edge[case.network.arcs.edge[arcs]]] = True
    return passes


def _check(
    passes: BoolArray, people: FloatArray, points: int, kept: Sequence[int], stop: list[str]
) -> None:
    """Check shapes and ranges.

    Raises
    ------
    InputError
        Lists everything that is wrong.
    """
    if passes.ndim != 2:  # noqa: PLR2004
        msg = "passes: shape (flows, candidates) is expected"
        raise InputError(msg)
    flows, count = passes.shape
    problems = list(stop)
    if not count:
        problems.append("no candidates: give edges or crossings that people pass")
    if people.shape != (flows,) or not (np.isfinite(people) & (people >= 0)).all():
        problems.append(f"weight: one per flow, finite and >= 0, is expected, {flows} in all")
    elif not people.sum() > 0:
        problems.append("no people: nobody is on the way, or nothing about the flows is uncertain")
    if not all(0 <= one < count for one in kept) or len(set(kept)) < len(kept):
        problems.append("kept: candidates, each once, are expected")
    if not is_whole(points):
        problems.append(f"points must be a whole number, not {points!r}")
    elif not max(1, len(kept)) <= points <= max(count, 1):
        problems.append(
            f"points: {max(1, len(kept))} to {count} are possible (those kept among them), not "
            f"{points}"
        )
    if problems:
        raise InputError(problems)


def _by_what_they_add(
    rows: BoolArray, size: FloatArray, chosen: Sequence[int], kept: Sequence[int]
) -> list[int]:
    """Order points by what each adds, those kept first; new ones that add nothing are left out."""
    order: list[int] = []
    seen = np.zeros(len(rows), dtype=bool)
    for group, needed in ((list(kept), False), ([x for x in chosen if x not in kept], True)):
        left = [int(one) for one in group]
        while left:
            adds = [float(size[rows[:, one] & ~seen].sum()) for one in left]
            best = int(np.argmax(adds))
            if needed and adds[best] <= 0:
                break
            one = left.pop(best)
            order.append(one)
            seen |= rows[:, one]
    return order


def _flows(case: Case, od: ODMatrix, rule: str) -> pd.DataFrame:
    """Return the flows of a rule with their uncertainty.

    Raises
    ------
    UnknownIdError
        If a group is not in the case.
    """
    table = od.table
    pairs = ["group_id", "origin_id", "destination_id"]
    going = table[(table["flow_persons"] > 0).to_numpy(dtype=bool)]
    groups = case.groups.set_index("group_id")
    strange = sorted(set(going["group_id"]) - set(groups.index))
    if strange:
        raise UnknownIdError(
            [f"od_flows: no group {name!r}{suggest(name, groups.index)}" for name in strange]
        )
    persons = groups["persons"].clip(lower=1)
    low, high = groups["persons_low"] / persons, groups["persons_high"] / persons
    flow = going["flow_persons"].to_numpy(dtype=np.float64)
    going = going.assign(
        low=flow * low.reindex(going["group_id"]).to_numpy(),
        high=flow * high.reindex(going["group_id"]).to_numpy(),
    )
    several = len(od.rules())
    spread = going.groupby(pairs).agg(low=("low", "min"), high=("high", "max"), n=("low", "size"))
    # a rule that sends nobody there says 0
    spread["low"] = spread["low"].where(spread["n"] == several, 0.0)
    mine = going[(going["rule"] == rule).to_numpy(dtype=bool)][[*pairs, "flow_persons"]]
    width = (spread["high"] - spread["low"]).rename("uncertainty_persons").reset_index()
    # a pair that another rule alone uses is uncertain as well, on a way of its own
    joined = width.merge(mine, on=pairs, how="left")
    joined["flow_persons"] = joined["flow_persons"].fillna(0)
    return joined.sort_values(pairs, ignore_index=True)


def _ways_of(case: Case, flows: pd.DataFrame, day: dt.date) -> list[npt.NDArray[np.int32]]:
    """Return the arcs of the way of each flow; none where it cannot go."""
    groups = case.groups.set_index("group_id", drop=False)
    travellers = travellers_of(groups.loc[flows["group_id"]])
    found: list[npt.NDArray[np.int32]] = [np.empty(0, dtype=np.int32)] * len(flows)
    for traveller in sorted(set(travellers)):
        rows = [number for number, one in enumerate(travellers) if one == traveller]
        starts = sorted(set(flows["origin_id"].iloc[rows]))
        ends = sorted(set(flows["destination_id"].iloc[rows]))
        costs = conditions(case.network, case.scenario, day, traveller).dense()
        ways = solve_ways(
            case.network,
            costs,
            access_set(case.network, costs, starts),
            access_set(case.network, costs, ends, leaving=False),
        )
        reached = ways.reachable()
        for number in rows:
            start = starts.index(flows["origin_id"].iloc[number])
            end = ends.index(flows["destination_id"].iloc[number])
            if reached[start, end]:
                found[number] = ways.arcs(start, end)
    return found


def _point_ids(case: Case) -> tuple[list[str], list[str]]:
    """Return ids and kinds of everything that can hold a point: crossings, then other edges."""
    edges = case.network.edges
    crossings = list(case.network.crossings["crossing_id"])
    others = edges.loc[edges["crossing_id"].isna().to_numpy(dtype=bool), "edge_id"].tolist()
    taken = set(crossings)
    names = [*crossings, *(f"edge {one}" if one in taken else one for one in others)]
    return names, ["crossing"] * len(crossings) + ["edge"] * len(others)


def _point_of_edge(case: Case, position: dict[str, int]) -> npt.NDArray[np.int64]:
    edges = case.network.edges
    crossings = set(case.network.crossings["crossing_id"])
    names = [
        crossing if isinstance(crossing, str) else f"edge {edge}" if edge in crossings else edge
        for edge, crossing in zip(edges["edge_id"], edges["crossing_id"], strict=True)
    ]
    return np.array([position[str(name)] for name in names], dtype=np.int64)


def _existing(existing: Collection[str], ids: list[str]) -> list[str]:
    """Return the existing points, checked.

    Raises
    ------
    UnknownIdError
        Lists those that are not there.
    """
    known = set(ids)
    strange = [name for name in existing if name not in known]
    if strange:
        raise UnknownIdError(
            [f"existing: no edge or crossing {name!r}{suggest(name, known)}" for name in strange]
        )
    return list(dict.fromkeys(existing))


def _safe_points(case: Case, ids: list[str], kinds: list[str], day: dt.date) -> BoolArray:
    """Say which points lie outside areas of severe insecurity and mines, along their whole line."""
    lines = _shapes(case, ids, kinds).to_crs(4326).to_numpy()
    safe = np.ones(len(ids), dtype=bool)
    for disruption in case.scenario.active(day):
        shuts = any(isinstance(effect, Closure) for effect in disruption.effects)
        area = disruption.what.area
        grave = shuts or (disruption.severity or 0) >= UNSAFE_SEVERITY
        if grave and area is not None and disruption.kind in {"insecurity", "mine"}:
            safe &= ~shapely.intersects(area, lines)
    return safe


def _shapes(case: Case, ids: list[str], kinds: list[str]) -> gpd.GeoSeries:
    """Return the point of each crossing and the line of each edge."""
    edges = case.network.edges.set_index("edge_id").geometry
    crossings = case.network.crossings.set_index("crossing_id").geometry
    return gpd.GeoSeries(
        [
            crossings[name] if kind == "crossing" else edges[_edge_id(name, edges.index)]
            for name, kind in zip(ids, kinds, strict=True)
        ],
        crs=case.network.crs,
    )


def _edge_id(name: str, known: "pd.Index[Any]") -> str:
    """Return the edge of a point; an edge called like a crossing has a word before its id."""
    return name if name in known else name.removeprefix("edge ")


def _same(
    passes: BoolArray, allowed: BoolArray, kept: list[int], kinds: list[str]
) -> dict[int, list[int]]:
    """Return one candidate for all that see the same flows, a crossing before an edge."""
    columns = np.flatnonzero(allowed)
    found: dict[int, list[int]] = {}
    seen: dict[bytes, int] = {}
    order = sorted(columns, key=lambda one: (one not in kept, kinds[one] != "crossing", one))
    for one in order:
        key = np.packbits(passes[:, one]).tobytes()
        first = seen.setdefault(key, int(one))
        found.setdefault(first, [])
        if first != one:
            found[first].append(int(one))
    return found


def _table(
    case: Case,
    points: list[int],
    kept: list[int],
    ids: list[str],
    kinds: list[str],
    passes: BoolArray,
    people: FloatArray,
    doubt: FloatArray,
    same: dict[int, list[int]],
) -> gpd.GeoDataFrame:
    network = case.network
    node_names = network.nodes.set_index("node_id")["name"]
    edges = network.edges.set_index("edge_id")
    crossings = network.crossings.set_index("crossing_id")["name"]
    seen = np.zeros(len(people), dtype=bool)
    rows: list[dict[str, object]] = []
    for rank, one in enumerate(points, start=1):
        new = passes[:, one] & ~seen
        seen |= passes[:, one]
        if kinds[one] == "crossing":
            words = str(crossings[ids[one]])
        else:
            edge = edges.loc[_edge_id(ids[one], edges.index)]
            ends = (str(edge["from_node_id"]), str(edge["to_node_id"]))
            words = " to ".join(str(node_names[end]) if node_names[end] else end for end in ends)
        rows.append(
            {
                "point_id": ids[one], "kind": kinds[one], "name": words,
                "proposal": "kept" if one in kept else "new", "rank": rank,
                "passing_persons": float(people[passes[:, one]].sum()),
                "added_persons": float(people[new].sum()),
                "seen_persons": float(people[seen].sum()),
                "added_uncertainty_persons": float(doubt[new].sum()),
                "same_ids": "|".join(ids[other] for other in same.get(one, [])) or None,
            }
        )  # fmt: skip
    shapes = _shapes(case, [ids[one] for one in points], [kinds[one] for one in points])
    middle = [
        shape.interpolate(0.5, normalized=True) if isinstance(shape, shapely.LineString) else shape
        for shape in shapes
    ]
    table = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=list(MONITORING_POINTS.names)),
        geometry=middle, crs=network.crs,
    )  # fmt: skip
    return check_table(table, MONITORING_POINTS)

"""Where to count people on the way: few points that together see the most, each person once."""

import datetime as dt
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
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
from mobility_geo.outcomes.siting_median import SERVED
from mobility_geo.outcomes.siting_models import (
    STOPPED,
    Criterion,
    criterion_problems,
    criterion_value,
    is_whole,
    least_difference,
    share_problems,
    solve_program,
    stop_problems,
)
from mobility_geo.routing import access_set, solve_ways
from mobility_geo.routing.groups import travellers_of
from mobility_geo.scenario import Case, Closure, Scenario, conditions
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
        Weight of the flows that pass at least one point, and what no choice can beat; over many
        scenarios its mean, the largest regret, or the conditional value at risk of what is not
        seen, flows that no candidate sees among it.
    seen
        Weight seen in each scenario, float64.
    status
        ``optimal``, ``within_gap`` or ``time_limit``.
    seconds
        How long it took.
    """

    points: tuple[int, ...]
    value: float
    bound: float
    seen: FloatArray
    status: str
    seconds: float


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class MonitoringResult:
    """Monitoring points with what they see.

    Attributes
    ----------
    case, when
        The question; the day of the first scenario.
    points
        Schema `MONITORING_POINTS`, in the network's coordinate reference system.
    aim, rule, criterion
        What was made most, the rule of choice of the flows, and what counts over scenarios.
    value, bound, gap, status, seconds
        See `Capture`.
    scenarios
        One row per scenario: ``scenario``, ``probability``, ``flowing_persons``,
        ``seen_persons``. All other figures are means over them.
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
    criterion: str
    scenarios: pd.DataFrame
    value: float
    bound: float
    gap: float
    status: str
    seconds: float
    flowing_persons: float
    seen_persons: float
    unseeable_persons: float
    warnings: tuple[str, ...] = ()


def capture_flows(  # noqa: PLR0913 # over scenarios there is more to say
    passes: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    points: int,
    kept: Sequence[int] = (),
    scenario: npt.ArrayLike | None = None,
    criterion: Criterion = "expected",
    probability: npt.ArrayLike | None = None,
    alpha: float = 0.9,
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
    scenario
        Number of the scenario that each flow belongs to, from 0; one scenario if left out.
    criterion, probability, alpha
        Over scenarios; see `solve_robust`. ``expected``: most seen on average; ``regret``: the
        largest difference to the best choice for each scenario alone is least, and ``cvar``: what
        is not seen is least on average over the worst scenarios; of equals those that see most
        on average.
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
    10.1111/j.1538-4632.1990.tb00210.x. For the criteria over scenarios see `solve_robust`.

    Examples
    --------
    >>> found = capture_flows([[1, 1, 0], [1, 0, 0], [0, 0, 1]], [5, 5, 6], points=2)
    >>> found.points, found.value
    ((0, 2), 16.0)
    """
    started = time.monotonic()
    on_way = np.array(passes, dtype=bool)
    people = np.array(weight, dtype=np.float64)
    share = np.ones(1) if probability is None else np.array(probability, dtype=np.float64)
    of = np.zeros(len(people), dtype=np.int64)
    if scenario is not None:
        of = np.array(scenario)
        if probability is None and of.size and of.dtype.kind in "iu":
            share = np.ones(max(int(of.max()), 0) + 1)
    _check(on_way, people, points, kept, [
        *stop_problems(gap, time_limit_s), *criterion_problems(criterion, alpha),
        *share_problems(share, len(share)), *_scenario_problems(of, people, len(share)),
    ])  # fmt: skip
    share = share / share.sum()
    flows = _Flows.of(on_way, people, of, share, points, kept, gap)

    def left() -> float:
        return max(time_limit_s - (time.monotonic() - started), 0.1)

    if criterion == "expected" or len(share) == 1:
        mean = flows.most(share, left())
        value = float(share @ flows.seen(mean.points))
        bound = min(-mean.bound, float(share @ flows.seen(range(on_way.shape[1]))))
        proven = bound - value < least_difference(flows.weight * share[flows.scenario])
        chosen, late, bound = mean.points, mean.late, max(bound, value)
    else:
        chosen, value, bound, proven, late = flows.least(criterion, share, alpha, left)
    # in every scenario, however likely, a point may be what the regret hangs on
    weight_of = np.full(len(share), 1 / len(share)) if criterion == "regret" else share
    order = _by_what_they_add(
        flows.rows, flows.weight * weight_of[flows.scenario], chosen, kept
    )  # fmt: skip
    return Capture(
        points=tuple(order), value=value, bound=value if proven else bound,
        seen=flows.seen(order),
        status="optimal" if proven else "time_limit" if late else "within_gap",
        seconds=time.monotonic() - started,
    )  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Choice:
    """Points chosen, what no choice is below, and whether the time ran out."""

    points: list[int]
    bound: float
    late: bool


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Flows:
    """Flows that are not alike, and programs over the points that see them.

    `total` is the weight of each scenario, with flows that no point can see.

    Variables are the points, then the flows seen, then what a criterion needs.
    """

    rows: BoolArray
    weight: FloatArray
    scenario: npt.NDArray[np.int64]
    total: FloatArray
    program: csr_array
    least_rows: FloatArray
    lower: FloatArray
    kept: list[int]
    gap: float

    @classmethod
    def of(
        cls, passes: BoolArray, weight: FloatArray, scenario: npt.NDArray[np.int64],
        share: FloatArray, points: int, kept: Sequence[int], gap: float,
    ) -> "_Flows":  # fmt: skip
        """Join flows of a scenario that pass the same candidates."""
        keyed = np.column_stack([scenario, passes])
        both, inverse = np.unique(keyed, axis=0, return_inverse=True)
        size = np.asarray(np.bincount(inverse.reshape(-1), weights=weight), dtype=np.float64)
        rows, of = both[:, 1:].astype(bool), both[:, 0].astype(np.int64)
        total = np.bincount(of, weights=size, minlength=len(share)).astype(np.float64)
        used = rows.any(axis=1) & (size > 0)
        rows, size, of = rows[used], size[used], of[used]
        count = passes.shape[1]
        seen = hstack([csr_array(rows.astype(float)), _diagonal(len(rows), -1.0)])
        number = csr_array(np.concatenate([-np.ones(count), np.zeros(len(rows))])[None, :])
        lower = np.zeros(count + len(rows))
        lower[list(kept)] = 1
        return cls(
            rows=rows, weight=size, scenario=of, total=total,
            program=vstack([seen, number]).tocsr(),
            least_rows=np.append(np.zeros(len(rows)), -float(points)), lower=lower,
            kept=sorted(kept), gap=gap,
        )  # fmt: skip

    def seen(self, points: Iterable[int]) -> FloatArray:
        """Return the weight that some points see in each scenario."""
        any_of = self.rows[:, list(points)].any(axis=1)
        return np.asarray(
            np.bincount(
                self.scenario[any_of], weights=self.weight[any_of], minlength=len(self.total)
            ),
            dtype=np.float64,
        )

    def solve(
        self, objective: FloatArray, more: "csr_array | None" = None,
        least: FloatArray | None = None, seconds: float = 60.0,
    ) -> _Choice:  # fmt: skip
        """Minimise over the points; further variables are 0 or more."""
        points, flows = self.rows.shape[1], len(self.rows)
        extra = len(objective) - points - flows
        program = hstack([self.program, csr_array((self.program.shape[0], extra))]).tocsr()
        bound = self.least_rows
        if more is not None and least is not None:
            program, bound = vstack([program, more]).tocsr(), np.concatenate([bound, least])
        largest = np.concatenate([np.ones(points + flows), np.full(extra, np.inf)])
        answer = solve_program(
            objective, program, bound, np.concatenate([self.lower, np.zeros(extra)]), largest,
            points, self.gap, seconds,
        )  # fmt: skip
        chosen = [int(one) for one in np.flatnonzero(answer.x[:points] > SERVED)]
        return _Choice(points=chosen, bound=answer.bound, late=answer.status == STOPPED)

    def most(
        self, share: FloatArray, seconds: float, more: "csr_array | None" = None,
        least: FloatArray | None = None, extra: int = 0,
    ) -> _Choice:  # fmt: skip
        """See most on average over scenarios; the bound is of minus that."""
        worth = self.weight * share[self.scenario]
        total = float(worth.sum())
        if not total:
            return _Choice(points=self.kept, bound=0.0, late=False)
        points = self.rows.shape[1]
        aim = np.concatenate([np.zeros(points), -worth / total * 1e3, np.zeros(extra)])
        found = self.solve(aim, more, least, seconds)
        return replace(found, bound=found.bound / 1e3 * total)

    def least(
        self, criterion: Criterion, share: FloatArray, alpha: float, left: Callable[[], float]
    ) -> tuple[list[int], float, float, bool, bool]:
        """Make the criterion of what is not seen least, then see most on average.

        Returns points, value, bound, whether they are proven, and whether the time ran out.
        """
        points, flows, count = self.rows.shape[1], len(self.rows), len(self.total)
        every = self.total
        best, late = np.zeros(count), False
        proven = True
        if criterion == "regret":
            for number in range(count):
                alone = self.most(np.eye(count)[number], left() / 2)
                best[number] = self.seen(alone.points)[number]
                late |= alone.late
                proven &= -alone.bound - best[number] < least_difference(self.weight)
        # a regret, or a level and what is above it in each scenario
        extra = 1 if criterion == "regret" else 1 + count
        scale = 1e3 / max(float(every.max()), 1e-12)
        sees = csr_array(
            (self.weight * scale, (self.scenario, points + np.arange(flows))),
            shape=(count, points + flows),
        )  # fmt: skip
        aim = np.zeros(points + flows + extra)
        aim[points + flows] = 1.0
        beside = csr_array(np.ones((count, 1)))
        asked = best if criterion == "regret" else every
        if criterion == "cvar":
            aim[points + flows + 1 :] = share / (1 - alpha)
            beside = hstack([beside, _diagonal(count, 1.0)]).tocsr()
        tied = hstack([sees, beside]).tocsr()
        first = self.solve(aim, tied, asked * scale, left())

        def value_of(chosen: Iterable[int]) -> float:
            lost = every - self.seen(chosen)
            return criterion_value(lost, share, criterion, alone=every - best, alpha=alpha)

        value = value_of(first.points)
        bound = min(max(first.bound / scale, 0.0), value)
        smallest = float(share[share > 0].min()) if criterion == "cvar" else 1.0
        one = least_difference(self.weight, smallest)
        held = csr_array(-aim[None, :])
        second = self.most(
            share, left(), vstack([tied, held]).tocsr(),
            np.append(asked * scale, -(value + one / 2) * scale), extra,
        )  # fmt: skip
        chosen = first.points
        if value_of(second.points) < value + one and (
            share @ self.seen(second.points) >= share @ self.seen(chosen)
        ):
            chosen = second.points
        proven &= value - bound < one
        return chosen, value, bound, proven, late or first.late or second.late


def _diagonal(size: int, value: float) -> csr_array:
    at = np.arange(size)
    return csr_array((np.full(size, value), (at, at)), shape=(size, size))


def _scenario_problems(of: npt.NDArray[np.int64], people: FloatArray, count: int) -> list[str]:
    """Say what is wrong with the scenarios of flows."""
    if of.shape == people.shape and (
        not of.size or (of.dtype.kind in "iu" and of.min() >= 0 and of.max() < count)
    ):
        return []
    return [f"scenario: a number per flow, 0 to {count - 1}, is expected"]


def place_monitoring_points(  # noqa: PLR0913 # each is a choice of the analyst
    case: Case,
    od: ODMatrix | Sequence[ODMatrix],
    *,
    new_points: int,
    aim: Aim = "people",
    existing: Collection[str] = (),
    candidates: Literal["both", "edges", "crossings"] = "both",
    rule: str | None = None,
    when: dt.date | str | None = None,
    scenarios: Sequence[Scenario] | None = None,
    probability: Sequence[float] | None = None,
    criterion: Criterion = "expected",
    alpha: float = 0.9,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> MonitoringResult:
    """Propose edges and crossings where flows are counted.

    Parameters
    ----------
    case
        The question; its groups say how each flow travels.
    od
        Flows, from `choose_destinations` or a table of your own; of several scenarios those of
        each.
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
    scenarios
        Scenarios to hold up under, instead of the case's own.
    probability
        How likely each scenario is, made to sum to 1; all alike if left out.
    criterion, alpha
        Over these scenarios; see `capture_flows`.
    gap, time_limit_s
        See `solve_p_median`.

    Returns
    -------
    MonitoringResult
        People of one flow take one way, so whoever passes several points is counted once. Points
        that add nothing are not proposed. No point is proposed in an area of severe insecurity or
        mines, in any of the scenarios.

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
    ods = [od] if isinstance(od, ODMatrix) else list(od)
    laid = (case.scenario,) if scenarios is None else tuple(scenarios)
    share = np.ones(len(laid)) if probability is None else np.array(probability, dtype=np.float64)
    wrong = [*criterion_problems(criterion, alpha), *stop_problems(gap, time_limit_s)]
    if len(ods) != len(laid) or not laid:
        wrong.append(f"od: one per scenario is expected, {len(laid)} in all, not {len(ods)}")
    else:
        wrong += share_problems(share, len(laid))
    chosen_rule = _checked_rule(
        ods, rule, new_points, aim, candidates, kept=bool(existing), problems=wrong
    )
    share = share / share.sum()
    asked = [case.with_scenario(one) for one in laid] if scenarios is not None else [case]
    days = [one.day(when) for one in laid]
    day = days[0]
    flows_of = [_flows(one, each, chosen_rule) for one, each in zip(asked, ods, strict=True)]
    flows = pd.concat(flows_of, ignore_index=True)
    of = np.repeat(np.arange(len(laid)), [len(each) for each in flows_of])
    if not len(flows):
        msg = "no people: nobody is on the way in these flows, so there is nothing to count"
        raise InputError(msg)
    ids, kinds = _point_ids(case)
    kept_ids = _existing(existing, ids)
    position = {name: number for number, name in enumerate(ids)}
    passes = np.concatenate(
        [
            _passes(one, each, date, position)
            for one, each, date in zip(asked, flows_of, days, strict=True)
        ]
    )
    people = flows["flow_persons"].to_numpy(dtype=np.float64)
    doubt = flows["uncertainty_persons"].to_numpy(dtype=np.float64)
    kind_ok = np.array([candidates in {"both", f"{kind}s"} for kind in kinds])
    safe = np.logical_and.reduce(
        [_safe_points(one, ids, kinds, date) for one, date in zip(asked, days, strict=True)]
    )
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
        scenario=of, criterion=criterion, probability=share, alpha=alpha, gap=gap,
        time_limit_s=time_limit_s,
    )  # fmt: skip
    points = [columns[one] for one in found.points]
    missing = new_points - (len(points) - len(kept))
    over = [ids[one] for one in kept if not safe[one]]
    warnings = [
        *([f"{missing} more points would add nothing and are not proposed"] if missing else []),
        *([f"existing points in dangerous areas: {labels(over)}"] if over else []),
    ]
    seen = passes[:, points].any(axis=1)
    mean, mean_doubt = people * share[of], doubt * share[of]
    return MonitoringResult(
        case=case, when=day,
        points=_table(case, points, kept, ids, kinds, passes, mean, mean_doubt, same),
        aim=aim, rule=chosen_rule, criterion=criterion,
        scenarios=pd.DataFrame(
            {
                "scenario": pd.Series([one.name for one in laid], dtype="str"),
                "probability": share,
                "flowing_persons": np.bincount(of, weights=people, minlength=len(laid)),
                "seen_persons": np.bincount(of[seen], weights=people[seen], minlength=len(laid)),
            }
        ),
        value=found.value, bound=found.bound,
        gap=abs(found.bound - found.value) / found.value if found.value else 0.0,
        status=found.status, seconds=found.seconds, flowing_persons=float(mean.sum()),
        seen_persons=float(mean[seen].sum()),
        unseeable_persons=float(mean[~passes[:, columns].any(axis=1)].sum()),
        warnings=tuple(warnings),
    )  # fmt: skip


def _checked_rule(
    ods: Sequence[ODMatrix],
    rule: str | None,
    new_points: int,
    aim: str,
    candidates: str,
    *,
    kept: bool,
    problems: list[str],
) -> str:
    """Return the rule of choice that counts; `problems` are known already.

    Raises
    ------
    InputError
        Lists every argument that is wrong.
    """
    rules = [each.rules() for each in ods if each.rules()]
    if not rules and not problems:
        msg = "no people: the table of flows has no rows"
        raise InputError(msg)
    first = rules[0] if rules else []
    chosen = rule if rule is not None or not first else first[0]
    checks = (
        (
            any(chosen not in known for known in rules),
            f"rule {chosen!r} is not in the flows; there are: {', '.join(first)}",
        ),
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
    found = [words for wrong, words in checks if wrong] + problems
    if found:
        raise InputError(found)
    return str(chosen)


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

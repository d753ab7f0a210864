"""Plans of a sweep: one question under many scenarios, listed before anything is computed."""

import datetime as dt
import hashlib
import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from mobility_geo.datasets import load_case, load_mali
from mobility_geo.errors import InputError, MobilityGeoError, ScenarioError, labels
from mobility_geo.outcomes.results import case_hash
from mobility_geo.scenario import (
    Case,
    Closure,
    Disruption,
    Regime,
    Scenario,
    Selection,
    draw_happening,
)
from mobility_geo.scenario.overlay import selection_key
from mobility_geo.scenario.problems import Problems
from mobility_geo.scenario.values import (
    FLAG,
    TEXT,
    TEXTS,
    Takes,
    check_values,
    choice,
    number,
    whole,
)
from mobility_geo.schema import suggest

MOST_SCENARIOS: Final = 100_000
"""A plan of more scenarios is refused: it is a slip more often than a wish."""

TABLES: Final = ("status", "stations", "nearest", "flows", "skims")
"""What can be answered per scenario."""

RULES: Final = ("least_time", "logit")
STEPS: Final = ("day", "dekad", "month")
PARAMETERS: Final = (
    "time_limit_h", "risk_limit", "risk_limit_factor", "unknown_after_days",
    "logit_scale_per_h", "without",
)  # fmt: skip
"""What a grid may vary, besides the day."""

DEKAD_STARTS: Final = (1, 11, 21)
LONGEST_LABEL: Final = 60
MOST_SURELY_RIGHT: Final = 1e9

Parameters = tuple[tuple[str, Any], ...]
AllOr = Literal["all"] | Sequence[str]
Readers = tuple[Callable[[str], Case], Callable[[Path], Case]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is answered for every scenario of a sweep.

    Parameters
    ----------
    tables
        Any of `TABLES`.
    causes
        Also which kind of disruption strands people: up to six more solves per scenario, for
        those who are stranded.
    rules
        Rules by which destinations are chosen, for flows: ``least_time``, ``logit``.
    origins, destinations
        Places between which skims are taken; needed for ``skims`` alone.
    profile
        How people travel in the skims; the profile of most movers if empty.

    Raises
    ------
    InputError
        Lists every problem.

    Examples
    --------
    >>> Answers(tables=("status",)).causes
    False
    """

    tables: tuple[str, ...] = ("status", "stations", "nearest", "flows")
    causes: bool = False
    rules: tuple[str, ...] = ("least_time",)
    origins: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    profile: str = ""

    def __post_init__(self) -> None:
        """Check the words.

        Raises
        ------
        InputError
            Lists every problem.
        """
        problems = [
            f"answers: unknown {what} {name!r}{suggest(name, known)}"
            for what, given, known in (
                ("table", self.tables, TABLES), ("rule", self.rules, RULES),
            )
            for name in given if name not in known
        ]  # fmt: skip
        if not self.tables:
            problems.append(f"answers: nothing is asked; give any of {', '.join(TABLES)}")
        if "flows" in self.tables and not self.rules:
            problems.append(f"answers: flows need rules, any of {', '.join(RULES)}")
        if ("skims" in self.tables) != bool(self.origins and self.destinations):
            problems.append(
                "answers: 'skims' and the origins and destinations of the skims go together"
            )
        if problems:
            raise InputError(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """How often chance is asked which disruptions happen.

    Parameters
    ----------
    count
        Number of draws, at least 1.
    seed
        Of the random numbers, >= 0: the same seed gives the same draws.
    correlation
        How far disruptions of one group fall together, 0 to 1; see
        `mobility_geo.scenario.draw_happening`.

    Raises
    ------
    InputError
        Lists every problem.

    Examples
    --------
    >>> Draws(count=100, seed=7).correlation
    1.0
    """

    count: int
    seed: int
    correlation: float = 1.0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Lists every problem.
        """
        problems = [
            f"draws: {name} must be a whole number of at least {least}, not {value!r}"
            for name, value, least in (("count", self.count, 1), ("seed", self.seed, 0))
            if type(value) is not int or value < least
        ]
        if not 0 <= self.correlation <= 1:
            problems.append(f"draws: correlation must be 0 to 1, not {self.correlation!r}")
        if problems:
            raise InputError(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleClosures:
    """What is closed in turn, each alone, on top of the scenario.

    Parameters
    ----------
    edges, crossings
        Ids, or ``"all"`` of the network.

    Examples
    --------
    >>> SingleClosures(crossings="all").edges
    ()
    """

    edges: AllOr = ()
    crossings: AllOr = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepScenario:
    """One scenario of a plan, as data that a worker can lay out.

    Attributes
    ----------
    scenario_id
        Words and the first digits of the content hash; also the name of its file.
    label
        In words.
    weight
        How much it counts in summaries: the number of draws that came out so, else 1.
    source
        Which of the plan's scenarios it starts from.
    when
        The day.
    happening
        Ids of the disruptions that happen; None: all of them.
    closed_edge, closed_crossing
        What is closed on top; empty: nothing.
    parameters
        What is changed in the question, by name.
    content_hash
        sha256 over everything that its answer hangs on.
    """

    scenario_id: str
    label: str
    weight: int
    source: int
    when: dt.date
    happening: tuple[str, ...] | None = None
    closed_edge: str = ""
    closed_crossing: str = ""
    parameters: Parameters = ()
    content_hash: str = ""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SweepPlan:
    """A question, and the scenarios that it is asked under; made by `make_plan`.

    Attributes
    ----------
    name
        Name of the plan.
    case
        The question; its own scenario is the reference.
    sources
        Scenarios that those of the plan start from; the first one is the case's own, unless a
        list was given.
    scenarios
        In their order.
    answers
        What is asked.
    axes
        What varies: ``list``, ``calendar``, ``grid``, ``draws``, ``single_closures``.
    draws
        Number, seed and correlation, if chance was asked.
    network_hash, question_hash, plan_hash
        sha256 of the network, of the question without its scenarios, and of all of it.
    """

    name: str
    case: Case
    sources: tuple[Scenario, ...]
    scenarios: tuple[SweepScenario, ...]
    answers: Answers
    axes: tuple[str, ...]
    draws: Draws | None
    network_hash: str
    question_hash: str
    plan_hash: str


def closing(scenario: SweepScenario) -> Disruption | None:
    """Return the closure that a scenario lays on top; None if there is none.

    Parameters
    ----------
    scenario
        One of a plan.

    Returns
    -------
    Disruption or None
        Of an edge or of a crossing.

    Examples
    --------
    >>> one = SweepScenario(scenario_id="a", label="a", weight=1, source=0,
    ...                     when=dt.date(2013, 1, 1), closed_edge="north-mid")  # fmt: skip
    >>> closing(one).what.edge_ids
    ('north-mid',)
    """
    if scenario.closed_edge:
        return Disruption(
            disruption_id=f"sweep: edge {scenario.closed_edge} closed", kind="road",
            what=Selection(edge_ids=(scenario.closed_edge,)), effects=(Closure(),),
            source="sweep",
        )  # fmt: skip
    if scenario.closed_crossing:
        return Disruption(
            disruption_id=f"sweep: crossing {scenario.closed_crossing} closed", kind="border",
            what=Selection(crossing_ids=(scenario.closed_crossing,)),
            effects=(Regime("closed"),), source="sweep",
        )  # fmt: skip
    return None


def lay_scenario(source: Scenario, spec: SweepScenario) -> Scenario:
    """Return one scenario of a plan: its day, what happens, what is closed, what is left out.

    Parameters
    ----------
    source
        The scenario that it starts from.
    spec
        One of a plan.

    Returns
    -------
    Scenario
        To lay over the network of the plan.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> one = SweepScenario(scenario_id="a", label="a", weight=1, source=0,
    ...                     when=dt.date(2013, 1, 1), happening=())  # fmt: skip
    >>> len(lay_scenario(load_toy().scenario, one).disruptions)
    0
    """
    kept = source.disruptions
    if spec.happening is not None:
        kept = tuple(one for one in kept if one.disruption_id in spec.happening)
    extra = closing(spec)
    laid = replace(source, when=spec.when, disruptions=(*kept, *([extra] if extra else [])))
    words = dict(spec.parameters).get("without", ())
    return laid.without(kinds=words, ids=words)


def plan_scenarios(plan: SweepPlan) -> tuple[list[Scenario], list[float]]:
    """Return the scenarios of a plan, named by their ids, and how likely each is.

    Parameters
    ----------
    plan
        From `make_plan` or `read_plan`.

    Returns
    -------
    scenarios
        In the order of the plan.
    probability
        Their weights, made to sum to 1.

    Raises
    ------
    InputError
        If the plan varies limits or other parameters of the question, which no scenario holds.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> plan = make_plan(load_toy(), closures=SingleClosures(edges=("north-mid",)))
    >>> laid, probability = plan_scenarios(plan)
    >>> len(laid), sum(probability)
    (2, 1.0)
    """
    strange = sorted({name for one in plan.scenarios for name, _ in one.parameters} - {"without"})
    if strange:
        msg = (
            f"the plan varies {', '.join(strange)}: a choice that is to hold up under scenarios "
            "needs one set of limits; take them out of [grid]"
        )
        raise InputError(msg)
    laid = [
        replace(lay_scenario(plan.sources[one.source], one), name=one.scenario_id)
        for one in plan.scenarios
    ]
    for one in laid:
        one.check(plan.case.network, plan.case.groups)
    total = sum(one.weight for one in plan.scenarios)
    return laid, [one.weight / total for one in plan.scenarios]


# ------------------------------------------------------------------ making a plan
def make_plan(
    case: Case,
    *,
    name: str = "",
    scenarios: Iterable[Scenario] = (),
    days: Iterable[dt.date] = (),
    grid: Mapping[str, Sequence[Any]] | None = None,
    draws: Draws | None = None,
    closures: SingleClosures | None = None,
    answers: Answers | None = None,
) -> SweepPlan:
    """List the scenarios of a sweep. What is given varies, in every combination.

    Parameters
    ----------
    case
        The question.
    name
        Name of the plan; that of the case if left out.
    scenarios
        Scenarios to take instead of the case's own, each on its own day unless `days` are given.
    days
        Days to ask for; see `calendar_days`.
    grid
        Values by name, any of `PARAMETERS`: limits in their units (`inf`: none), a factor on all
        limits of risk, the sensitivity of the choice, and ``without``: lists of kinds or ids of
        disruptions to leave out.
    draws
        Let chance say which disruptions happen; draws that come out alike on a day are one
        scenario with their number as its weight.
    closures
        Close edges or crossings one at a time; the first scenario closes none of them.
    answers
        What is asked per scenario.

    Returns
    -------
    SweepPlan
        Nothing is computed yet.

    Raises
    ------
    ScenarioError
        Lists every problem: no scenario, more than `MOST_SCENARIOS`, days outside a calendar,
        wrong values, several of `scenarios`, `draws` and `closures`.
    UnknownIdError
        If an edge or crossing to close does not exist.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> plan = make_plan(load_toy(), grid={"risk_limit": [0.1, 0.5]},
    ...                  closures=SingleClosures(crossings="all"))  # fmt: skip
    >>> len(plan.scenarios), plan.axes
    (4, ('grid', 'single_closures'))
    """
    listed = tuple(scenarios)
    sources = listed or (case.scenario,)
    chosen_days = tuple(days)
    closed = _closures(case, closures)
    axes = _axes(listed, chosen_days, grid, draws, closures)
    values = {name: _values(given) for name, given in (grid or {}).items()}
    _check_axes(sources, chosen_days, values, draws, closed, axes)
    points = _grid_points(case, sources, values)
    asked = answers or Answers()
    _check_answers(case, asked)
    network_hash = case.network.content_hash()
    question_hash = _sha(
        version("mobility-geo"), network_hash, case_hash(case.baseline()), repr(asked)
    )
    hashes = [_scenario_hash(one) for one in sources]
    made: list[SweepScenario] = []
    outcomes = _outcomes(case.scenario, draws)
    for number_of, source in enumerate(sources):
        for day in chosen_days or (source.when,):
            happening = _on_day(source, day, outcomes)
            for point, (kept, weight), (edge, crossing) in product(
                points, happening, closed or [("", "")]
            ):
                spec = SweepScenario(
                    scenario_id="", label="", weight=weight, source=number_of, when=day,
                    happening=kept, closed_edge=edge, closed_crossing=crossing, parameters=point,
                )  # fmt: skip
                made.append(_named(spec, source, axes, question_hash, hashes[number_of]))
    _check_list(made, sources)
    # a value given twice in a grid is one scenario
    unique = tuple({one.content_hash: one for one in made}.values())
    return SweepPlan(
        name=name or case.name, case=case, sources=sources, scenarios=unique, answers=asked,
        axes=axes, draws=draws, network_hash=network_hash, question_hash=question_hash,
        plan_hash=_sha(
            question_hash, repr(draws), *(f"{one.content_hash} {one.weight}" for one in unique)
        ),
    )  # fmt: skip


def calendar_days(start: dt.date, end: dt.date, step: str = "day") -> tuple[dt.date, ...]:
    """Return the days that stand for a span.

    Parameters
    ----------
    start, end
        First and last day.
    step
        ``day``: each; ``dekad``, ``month``: the first day of each, and `start`.

    Returns
    -------
    tuple of datetime.date
        Ascending.

    Raises
    ------
    ScenarioError
        If the span ends before it starts, or the step is unknown.

    Examples
    --------
    >>> [day.day for day in calendar_days(dt.date(2013, 1, 5), dt.date(2013, 2, 3), "dekad")]
    [5, 11, 21, 1]
    """
    if step not in STEPS:
        msg = f"calendar: unknown step {step!r}{suggest(step, STEPS)}"
        raise ScenarioError(msg)
    if end < start:
        msg = f"calendar: ends on {end}, before it starts on {start}"
        raise ScenarioError(msg)
    count = (end - start).days + 1
    if count > MOST_SCENARIOS:
        msg = f"calendar: {count:,} days; at most {MOST_SCENARIOS:,}"
        raise ScenarioError(msg)
    starts = {"day": range(1, 32), "dekad": DEKAD_STARTS, "month": (1,)}[step]
    every = (start + dt.timedelta(days=number) for number in range(count))
    return tuple(day for day in every if day == start or day.day in starts)


def _axes(
    listed: Sequence[Scenario], days: Sequence[dt.date], grid: Mapping[str, Any] | None,
    draws: Draws | None, closures: SingleClosures | None,
) -> tuple[str, ...]:  # fmt: skip
    given = {
        "list": bool(listed), "calendar": bool(days), "grid": bool(grid),
        "draws": draws is not None, "single_closures": closures is not None,
    }  # fmt: skip
    return tuple(axis for axis, there in given.items() if there)


def _check_axes(
    sources: Sequence[Scenario],
    days: Sequence[dt.date],
    grid: Mapping[str, Sequence[Any]],
    draws: Draws | None,
    closed: Sequence[tuple[str, str]],
    axes: Sequence[str],
) -> None:
    """Check what varies, before anything is listed.

    Raises
    ------
    ScenarioError
        Lists every problem.
    """
    problems = []
    both = [axis for axis in axes if axis in {"list", "draws", "single_closures"}]
    if not axes:
        problems.append(
            "the plan has no scenarios: give a list, a calendar, a grid, draws or single closures"
        )
    if len(both) > 1:
        problems.append(f"give one of {' and '.join(both)}; make a plan of each")
    count = len(sources) * max(len(days), 1) * max(len(closed), 1)
    count *= math.prod(len(values) for values in grid.values())
    if draws:
        uncertain = sum(0 < one.probability < 1 for one in sources[0].disruptions)
        # no more scenarios than draws, nor than there are ways to come out
        count *= min(draws.count, 2 ** min(uncertain, 64))
    if count > MOST_SCENARIOS:
        problems.append(
            f"the plan has {count:,} scenarios; at most {MOST_SCENARIOS:,}: take fewer days, "
            "values, draws or closures, or several plans"
        )
    for source in sources:
        outside = [day for day in days if not source.start <= day <= source.end]
        if outside:
            problems.append(
                f"{len(outside)} days, such as {outside[0]}, lie outside the calendar of "
                f"{source.name!r}, {source.start} to {source.end}: nobody said what held then"
            )
    if draws and all(one.probability in {0, 1} for one in sources[0].disruptions):
        problems.append(
            "draws: no disruption of the scenario has a probability between 0 and 1: every draw "
            "would be the same"
        )
    if problems:
        raise ScenarioError(problems)


def _check_answers(case: Case, answers: Answers) -> None:
    """Check what the skims name.

    Raises
    ------
    InputError
        Lists every problem.
    """
    problems: list[str] = []
    known = set(case.network.profiles["profile"])
    if answers.profile and answers.profile not in known:
        problems.append(
            f"answers: no travel profile {answers.profile!r}{suggest(answers.profile, known)}"
        )
    for places in (answers.origins, answers.destinations):
        try:
            case.network.place_positions(places)
        except InputError as error:
            problems += [f"answers: {text}" for text in error.problems]
    if problems:
        raise InputError(problems)


def _check_list(made: Sequence[SweepScenario], sources: Sequence[Scenario]) -> None:
    """Check that a list holds nothing twice: one of them would be left out without a word.

    Raises
    ------
    ScenarioError
        Lists the names.
    """
    first: dict[str, int] = {}
    pairs = {
        (first[one.content_hash], one.source)
        for one in made if first.setdefault(one.content_hash, one.source) != one.source
    }  # fmt: skip
    if pairs:
        raise ScenarioError(
            [
                f"list: {sources[one].name!r} and {sources[other].name!r} are the same scenario; "
                "take one of them"
                for one, other in sorted(pairs)
            ]
        )


def _values(given: Sequence[Any]) -> Sequence[Any]:
    """Return the values of a parameter; one that is no list stands for itself."""
    return [given] if isinstance(given, str) or not hasattr(given, "__len__") else given


def _is_surely_right(name: str, value: object) -> bool:
    """Say without building a case that a value is fine; what is doubtful is checked in full."""
    if type(value) not in {int, float} or not 0 < float(value) < MOST_SURELY_RIGHT:  # type: ignore[arg-type]
        return False
    return name in {"time_limit_h", "risk_limit", "risk_limit_factor"}


def _grid_points(
    case: Case, sources: Sequence[Scenario], grid: Mapping[str, Sequence[Any]]
) -> list[Parameters]:
    """Return every combination of the values of a grid, each one checked.

    Raises
    ------
    ScenarioError
        Lists every wrong name and value.
    """
    problems = [
        f"grid: unknown parameter {name!r}{suggest(name, PARAMETERS)}"
        for name in grid if name not in PARAMETERS
    ]  # fmt: skip
    problems += [f"grid: {name} has no values" for name, values in grid.items() if not len(values)]
    if {"risk_limit", "risk_limit_factor"} <= set(grid):
        problems.append("grid: give risk_limit or risk_limit_factor, not both")
    known = {
        word for source in sources for one in source.disruptions
        for word in (one.disruption_id, one.kind)
    }  # fmt: skip
    for name, values in grid.items():
        for value in values if name in PARAMETERS else ():
            if name == "without":
                words = [str(word) for word in _values(value)]
                problems += [
                    f"grid: without: no kind or id of a disruption is {word!r}"
                    f"{suggest(word, known)}"
                    for word in words if word not in known
                ]  # fmt: skip
                continue
            if _is_surely_right(name, value):
                continue
            try:
                under_parameters(case, ((name, value),))
            except InputError as error:
                problems += [f"grid: {text}" for text in error.problems]
    if problems:
        raise ScenarioError(problems)
    names = list(grid)
    return [
        tuple(zip(names, map(_plain, values), strict=True)) for values in product(*grid.values())
    ]


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list | tuple) else value


def under_parameters(case: Case, parameters: Parameters) -> Case:
    """Return a question with some of its parameters changed.

    Parameters
    ----------
    case
        The question.
    parameters
        By name, any of `PARAMETERS`; ``without`` is of the scenario and left alone here.

    Returns
    -------
    Case
        The same object if nothing changes.

    Raises
    ------
    InputError
        If a value is out of its range.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> under_parameters(load_toy(), (("risk_limit", 0.2),)).limits.risk_limit
    0.2
    """
    given = {name: value for name, value in parameters if name != "without"}
    if not given:
        return case
    limits = {
        name: None if value == float("inf") else value
        for name, value in given.items()
        if name in {"time_limit_h", "risk_limit", "unknown_after_days"}
    }
    groups = case.groups
    factor = given.get("risk_limit_factor")
    if factor is not None:
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not factor >= 0:
            msg = f"risk_limit_factor must be a number of at least 0, not {factor!r}"
            raise InputError(msg)
        own = case.limits.risk_limit
        none = factor == float("inf")
        limits["risk_limit"] = None if own is None or none else own * factor
        kept = groups["risk_limit"] * (float("nan") if none else factor)
        groups = groups.assign(risk_limit=kept)
    return replace(
        case, limits=replace(case.limits, **limits), groups=groups,
        logit_scale_per_h=given.get("logit_scale_per_h", case.logit_scale_per_h),
    )  # fmt: skip


def _closures(case: Case, closures: SingleClosures | None) -> list[tuple[str, str]]:
    """Return what is closed in turn: nothing, then edges, then crossings.

    Raises
    ------
    ScenarioError
        Lists every id that does not exist.
    """
    if closures is None:
        return []
    network = case.network
    edges, crossings = (
        list(table) if wanted == "all" else list(dict.fromkeys(wanted))
        for wanted, table in (
            (closures.edges, network.edges["edge_id"]),
            (closures.crossings, network.crossings["crossing_id"]),
        )
    )
    problems = []
    try:
        network.edge_positions(edges)
    except InputError as error:
        problems += [f"single_closures: {text}" for text in error.problems]
    known = set(network.crossings["crossing_id"])
    problems += [
        f"single_closures: no crossing {one!r}{suggest(one, known)}"
        for one in crossings if one not in known
    ]  # fmt: skip
    if not edges and not crossings:
        problems.append("single_closures: nothing is closed; name some, or 'all'")
    if problems:
        raise ScenarioError(problems)
    return [("", ""), *((one, "") for one in edges), *(("", one) for one in crossings)]


def _outcomes(scenario: Scenario, draws: Draws | None) -> list[frozenset[str]]:
    """Return the ids of the disruptions that happen in each draw."""
    if draws is None:
        return []
    happening = draw_happening(
        scenario, draws.count, seed=draws.seed, correlation=draws.correlation
    )
    ids = np.array([one.disruption_id for one in scenario.disruptions], dtype=object)
    return [frozenset(ids[row]) for row in happening]


def _on_day(
    source: Scenario, day: dt.date, outcomes: Sequence[frozenset[str]]
) -> list[tuple[tuple[str, ...] | None, int]]:
    """Return what may happen on a day, and how many draws came out so, the most frequent first."""
    if not outcomes:
        return [(None, 1)]
    active = {one.disruption_id for one in source.active(day)}
    times = Counter(tuple(sorted(active & happens)) for happens in outcomes)
    return sorted(times.items(), key=lambda item: (-item[1], item[0]))


def _named(
    spec: SweepScenario, source: Scenario, axes: Sequence[str], question: str, scenario: str
) -> SweepScenario:
    """Return a scenario with its id, label and hash."""
    content = _sha(
        question, scenario, spec.when.isoformat(), repr(spec.happening),
        f"{spec.closed_edge}|{spec.closed_crossing}", repr(spec.parameters),
    )  # fmt: skip
    words = [source.name] if "list" in axes else []
    if "calendar" in axes or not words:
        words.append(spec.when.isoformat())
    words += [f"{name} {_value_words(value)}" for name, value in spec.parameters]
    if spec.happening is not None:
        words.append(" + ".join(spec.happening) or "nothing happens")
    if "single_closures" in axes:
        words.append(
            f"edge {spec.closed_edge}" if spec.closed_edge
            else f"crossing {spec.closed_crossing}" if spec.closed_crossing else "nothing closed"
        )  # fmt: skip
    label = ", ".join(words)
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", label).strip("-.")[:LONGEST_LABEL].rstrip("-.")
    return replace(
        spec, scenario_id=f"{slug or 'scenario'}-{content[:10]}", label=label,
        content_hash=content,
    )  # fmt: skip


def _value_words(value: Any) -> str:  # noqa: ANN401
    return " and ".join(map(str, value)) or "nothing" if isinstance(value, tuple) else str(value)


def _scenario_hash(scenario: Scenario) -> str:
    return _sha(
        *(
            repr((d.disruption_id, d.kind, selection_key(d.what), d.who, d.effects, d.start, d.end,
                  d.months, d.probability, d.group, d.severity))
            for d in sorted(scenario.disruptions, key=lambda one: one.disruption_id)
        )
    )  # fmt: skip


def _sha(*words: str) -> str:
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


# ------------------------------------------------------------------ the file
def _is_day(value: object) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def _are_numbers(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(
        isinstance(one, int | float) and not isinstance(one, bool) and one >= 0 for one in value
    )  # fmt: skip


DAY: Final = Takes(words="a date such as 2013-01-20 (no quotes, no hour)", fits=_is_day)
NUMBERS: Final = Takes(
    words="a list of numbers of at least 0, such as [0.5, 1, inf]", fits=_are_numbers
)
DAYS: Final = Takes(
    words="a list of dates such as [2013-01-20]",
    fits=lambda value: isinstance(value, list) and bool(value) and all(map(_is_day, value)),
)
LISTS: Final = Takes(
    words='a list of lists of kinds or ids of disruptions, such as [[], ["flood"]]',
    fits=lambda value: isinstance(value, list) and bool(value) and all(
        isinstance(one, list) and all(isinstance(word, str) for word in one) for one in value
    ),
)  # fmt: skip
ALL_OR_IDS: Final = Takes(
    words='"all", or a list of ids with one at least', fits=lambda v: v == "all" or TEXTS.fits(v)
)

TAKES: Final[Mapping[str, Mapping[str, Takes]]] = {
    "": {"name": TEXT, "scenario": TEXT},
    "list": {"scenarios": TEXTS},
    "calendar": {"start": DAY, "end": DAY, "step": choice(*STEPS)},
    "grid": {
        "when": DAYS, "without": LISTS, "time_limit_h": NUMBERS, "risk_limit": NUMBERS,
        "risk_limit_factor": NUMBERS, "unknown_after_days": NUMBERS, "logit_scale_per_h": NUMBERS,
    },
    "draws": {
        "count": whole(least=1, most=MOST_SCENARIOS), "seed": whole(least=0, most=2**63 - 1),
        "correlation": number(least=0, most=1),
    },
    "single_closures": {"edges": ALL_OR_IDS, "crossings": ALL_OR_IDS},
    "answers": {"tables": TEXTS, "causes": FLAG, "rules": TEXTS},
    "skims": {"origins": TEXTS, "destinations": TEXTS, "profile": TEXT},
}  # fmt: skip
"""What every key of a plan takes, by table."""

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    table: (*takes, *(tuple(TAKES)[1:] if not table else ())) for table, takes in TAKES.items()
}
NEEDED: Final = {
    "list": ("scenarios",), "calendar": ("start", "end"), "draws": ("count", "seed"),
    "skims": ("origins", "destinations"),
}  # fmt: skip


def read_plan(path: str | Path) -> SweepPlan:
    """Read the plan of a sweep from a TOML file.

    Parameters
    ----------
    path
        TOML; names of files in it are relative to it.

    Returns
    -------
    SweepPlan
        Checked; nothing is computed yet.

    Raises
    ------
    ScenarioError
        Lists every problem of the file: unknown keys with the nearest known one, wrong values,
        scenarios, edges and places that do not exist, no scenario at all, too many.

    Examples
    --------
    >>> read_plan("nowhere.toml")
    Traceback (most recent call last):
    mobility_geo.errors.ScenarioError: nowhere.toml: no such file
    """
    file = Path(path)
    problems = Problems(known=KEYS)
    raw = _raw(file)
    problems.keys(raw, "", "plan", ("scenario",))
    check_values(raw, TAKES[""], "", problems)
    tables: dict[str, dict[str, Any]] = {}
    for table in tuple(TAKES)[1:]:
        if table in raw:
            tables[table] = problems.keys(raw[table], table, f"[{table}]", NEEDED.get(table, ()))
            check_values(tables[table], TAKES[table], f"[{table}]", problems)
    if "calendar" in tables and "when" in tables.get("grid", {}):
        problems.found.append("give a [calendar], or when in the [grid], not both")
    case: Case | None = None
    listed: tuple[Scenario, ...] = ()
    if not problems.found:
        case = _case(raw["scenario"], file.parent, problems)
        found = [
            _case(name, file.parent, problems)
            for name in tables.get("list", {}).get("scenarios", ())
        ]
        listed = _same_network(case, [one for one in found if one is not None], problems)
    plan = None
    if case is not None and not problems.found:
        asked = case
        plan = problems.attempt(lambda: _plan(raw, tables, asked, listed))
    if problems.found or plan is None:
        raise ScenarioError([f"{file.name}: {text}" for text in dict.fromkeys(problems.found)])
    return plan


def _plan(
    raw: Mapping[str, Any], tables: Mapping[str, dict[str, Any]], case: Case,
    listed: tuple[Scenario, ...],
) -> SweepPlan:  # fmt: skip
    grid = dict(tables.get("grid", {}))
    days = tuple(dict.fromkeys(grid.pop("when", ())))
    if "calendar" in tables:
        days = calendar_days(**tables["calendar"])
    answers: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in (tables.get("answers", {}) | tables.get("skims", {})).items()
    }
    if "skims" in tables:
        given = answers.get("tables", Answers().tables)
        answers["tables"] = tuple(dict.fromkeys([*given, "skims"]))
        for key in ("origins", "destinations"):
            answers[key] = tuple(case.network.find_place(name) for name in answers[key])
    return make_plan(
        case, name=raw.get("name", ""), scenarios=listed, days=days, grid=grid,
        draws=Draws(**tables["draws"]) if "draws" in tables else None,
        closures=(
            SingleClosures(**tables["single_closures"]) if "single_closures" in tables else None
        ),
        answers=Answers(**answers),
    )  # fmt: skip


def _raw(file: Path) -> dict[str, Any]:
    """Return what a file says.

    Raises
    ------
    ScenarioError
        If it is not there, or not TOML.
    """
    if not file.is_file():
        msg = f"{file}: no such file"
        raise ScenarioError(msg)
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        msg = f"{file}: cannot be read: {error.strerror}"
        raise ScenarioError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{file}: not a TOML file: {error}"
        raise ScenarioError(msg) from error


def _case(name: str, folder: Path, problems: Problems) -> Case | None:
    try:
        path = folder / name
        return load_case(path) if name.endswith(".toml") or path.is_file() else load_mali(name)
    except MobilityGeoError as error:
        problems.found += list(getattr(error, "problems", (str(error),)))
        return None


def _same_network(
    case: Case | None, others: Sequence[Case], problems: Problems
) -> tuple[Scenario, ...]:
    """Return the scenarios of other cases, which must be laid over the same network."""
    if case is None:
        return ()
    own = case.network
    apart = [
        other.name for other in others
        if other.network is not own and other.network.content_hash() != own.content_hash()
    ]  # fmt: skip
    if apart:
        problems.found.append(
            f"[list] scenarios: {labels(apart)} are of another network than {own.name!r}"
        )
    return tuple(other.scenario for other in others)

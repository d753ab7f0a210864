"""How sure a headline is: the same question asked many times, with what is uncertain drawn."""

import datetime as dt
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr
from scipy.stats import triang

from mobility_geo.errors import InputError
from mobility_geo.outcomes.stranded import OUTCOMES, count_people
from mobility_geo.outcomes.summaries import STATUS_ORDER, Base
from mobility_geo.routing import GroupWays, find_group_ways
from mobility_geo.scenario import Case, Scenario, draw_happening
from mobility_geo.scenario.chance import (
    KeyArray,
    label_keys,
    linked_numbers,
    normal_numbers,
    numbers_of,
)
from mobility_geo.schema import (
    INTERVAL_DIFFERENCES,
    INTERVALS,
    PLACE_INTERVALS,
    check_table,
)

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

BLOCK: Final = 50
"""Draws between two looks at the standard error."""

KEPT_WAYS: Final = 32
"""So many solved variants are kept for draws that come out alike."""

LOWEST, HIGHEST = 0.05, 0.95
"""An interval holds the middle nine tenths of the draws."""

SPEED_ERROR: Final = 0.25
"""Standard deviation of the logarithm of all speeds, if nobody gives another."""

FEWEST_BEYOND: Final = 2
"""The error of an end of an interval is told if so many draws at least lie beyond it."""

BASES: Final[tuple[Base, ...]] = ("movers", "residents")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """What is drawn, and how often.

    Parameters
    ----------
    seed
        Of the random numbers, at least 0: the same seed gives the same draws.
    most_draws
        So many draws at most, at least 2.
    precision
        Stop once the standard error of the people who cannot reach is below this share of the
        people asked about; None: take all draws.
    correlation
        How far disruptions of one correlation group fall together, 0 to 1.
    people_correlation
        How far the numbers of people of different groups are too low or too high together, 0 to
        1. At 1, the default, a count that misses people misses them everywhere: the widest
        interval. At 0 errors cancel out over many groups, which is rarely so.
    speed_error
        Standard deviation of the logarithm of one factor on all speeds; 0: speeds are certain.
        The default, 0.25, is ln 1.28: so far are the times of the built-in network from those of
        a road router, on 37 links inside one country.
    unreported_open
        Chance that an edge is open whose state nobody reported lately, 0 to 1; None: it counts as
        open, or people who depend on it as unknown, as the limits of the case say.
    unreported_after_days
        A report is too old after so many days; None: what the limits of the case say, else every
        edge that was never reported.

    Raises
    ------
    InputError
        Lists every problem.

    Examples
    --------
    >>> Uncertainty(seed=7).precision
    0.005
    """

    seed: int = 0
    most_draws: int = 1000
    precision: float | None = 0.005
    correlation: float = 1.0
    people_correlation: float = 1.0
    speed_error: float = SPEED_ERROR
    unreported_open: float | None = None
    unreported_after_days: int | None = None

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Lists every problem.
        """
        problems = [
            f"uncertainty: {name} must be a whole number of at least {least}, not {value!r}"
            for name, value, least in (
                ("seed", self.seed, 0),
                ("most_draws", self.most_draws, 2),
                ("unreported_after_days", self.unreported_after_days or 0, 0),
            )
            if type(value) is not int or value < least
        ]
        problems += [
            f"uncertainty: {name} must be {low:g} to {high:g}, not {value!r}"
            for name, value, low, high in (
                ("correlation", self.correlation, 0, 1),
                ("people_correlation", self.people_correlation, 0, 1),
                ("speed_error", self.speed_error, 0, 2),
                ("unreported_open", self.unreported_open, 0, 1),
                ("precision", self.precision, 0, 1),
            )
            if value is not None and not low <= value <= high
        ]
        if problems:
            raise InputError(problems)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Intervals:
    """Headlines with intervals, from draws.

    Attributes
    ----------
    case, scenario, when, uncertainty
        What was asked.
    draws
        One row per draw: ``draw``, ``speed_factor``, ``disruptions`` (how many happen),
        ``unreported_closed`` (edges), and people by base and status, such as
        ``movers_can_reach``; ``movers_cannot_reach`` is stranded and isolated together.
    best
        The same people in a single run: everything happens, and every number is the best one.
    reached
        Whether the precision asked for was reached; True if none was asked for.
    fewest_draws
        So many draws at least are taken until it counts as reached, as far as `most_draws` lets:
        three over the smallest chance that anything drawn happens, or does not. In fewer draws
        what is rare may not come up at all, which looks like being sure.
    varied
        What was drawn, in words.
    place_keys, place_stranded, place_persons
        Places and bases, and people of each who are stranded (cut off), and all of them: int64,
        shape (draws, places).
    """

    case: Case
    scenario: Scenario
    when: dt.date
    uncertainty: Uncertainty
    draws: pd.DataFrame
    best: dict[str, int]
    reached: bool
    fewest_draws: int
    varied: tuple[str, ...]
    place_keys: tuple[tuple[str, Base], ...] = field(repr=False)
    place_stranded: IntArray = field(repr=False)
    place_persons: IntArray = field(repr=False)

    @property
    def base(self) -> Base:
        """Return whom the precision is about: movers, or residents where nobody may move."""
        return _watched(self.case.groups)

    def about(self, base: Base) -> bool:
        """Say whether anybody of a base is there, in a single run or in any draw."""
        return bool(self.best[f"{base}_persons"] or self.draws[f"{base}_persons"].any())

    def headline(self) -> pd.DataFrame:
        """Return every headline with its interval.

        Returns
        -------
        pandas.DataFrame
            Schema `INTERVALS`.
        """
        rows = []
        for base in BASES:
            if not self.about(base):
                continue
            for figure in figures(base):
                values = self.draws[f"{base}_{figure}"].to_numpy(np.float64)
                rows.append({"base": base, "figure": figure,
                             "best_persons": self.best[f"{base}_{figure}"],
                             **_describe(values), "draws": len(values)})  # fmt: skip
        return check_table(pd.DataFrame(rows, columns=list(INTERVALS.names)), INTERVALS)

    def convergence(self, *, base: str = "movers", figure: str = "cannot_reach") -> pd.DataFrame:
        """Return how a headline settles as draws are added.

        Parameters
        ----------
        base, figure
            As in `headline`.

        Returns
        -------
        pandas.DataFrame
            ``draws`` (10, 20, 40 and so on, and all), and the columns of `headline` from
            ``mean_persons`` to ``high_persons``.

        Raises
        ------
        InputError
            If there is no such figure.
        """
        name = f"{base}_{figure}"
        if name not in self.draws:
            known = ", ".join(f"{one} of {b}" for b in BASES for one in figures(b))
            msg = f"no figure {figure!r} of {base!r}; known are {known}"
            raise InputError(msg)
        values = self.draws[name].to_numpy(np.float64)
        sizes = [n for n in (10 * 2**k for k in range(40)) if n < len(values)] + [len(values)]
        return pd.DataFrame([{"draws": n, **_describe(values[:n])} for n in sizes])

    def places(self) -> gpd.GeoDataFrame:
        """Return the chance of being stranded (residents: cut off) at each place.

        Returns
        -------
        geopandas.GeoDataFrame
            Schema `PLACE_INTERVALS` with the point of the place; most stranded people first.
        """
        network = self.case.network
        rows: list[dict[str, Any]] = [
            {"place_id": place, "base": base, **self._sums([number])}
            for number, (place, base) in enumerate(self.place_keys)
        ]
        rows.sort(key=lambda row: (-row["stranded_mean_persons"], row["base"],
                                   row["place_id"]))  # fmt: skip
        at = network.places.set_index("place_id").loc[[str(row["place_id"]) for row in rows]]
        table = pd.DataFrame(rows)
        table.insert(1, "name", at["name"].to_numpy())
        table.insert(2, "pcode", at["pcode"].to_numpy())
        return gpd.GeoDataFrame(
            check_table(table, PLACE_INTERVALS), geometry=at.geometry.to_numpy(), crs=network.crs
        )

    def zones(self) -> pd.DataFrame:
        """Return the same by admin unit: the zones that places lie in, and those above them.

        Returns
        -------
        pandas.DataFrame
            ``pcode``, ``name``, ``adm_level``, ``base`` and the figures of `places`. Places that
            lie in no zone are one more row per base, without code: ``outside every zone``.
        """
        zones = self.case.network.zones.set_index("pcode")
        parent = zones["parent_pcode"].to_dict()
        code = self.case.network.places.set_index("place_id")["pcode"].to_dict()
        within: dict[tuple[str, Base], list[int]] = {}
        for number, (place, base) in enumerate(self.place_keys):
            zone = code[place]
            while zone in zones.index:
                within.setdefault((zone, base), []).append(number)
                zone = parent.get(zone)
        rows: list[dict[str, object]] = [
            {"pcode": zone, "name": zones["name"].get(zone),
             "adm_level": zones["adm_level"].get(zone), "base": base, **self._sums(numbers)}
            for (zone, base), numbers in sorted(within.items())
        ]  # fmt: skip
        for base in BASES:
            outside = [number for number, (place, of) in enumerate(self.place_keys)
                       if of == base and code[place] not in zones.index]  # fmt: skip
            if outside:
                rows.append({"pcode": None, "name": "outside every zone", "adm_level": None,
                             "base": base, **self._sums(outside)})  # fmt: skip
        figures_of = ("mean_persons", "stranded_mean_persons", "stranded_low_persons",
                      "stranded_high_persons", "stranded_probability")  # fmt: skip
        return pd.DataFrame(rows, columns=["pcode", "name", "adm_level", "base", *figures_of])

    def _sums(self, numbers: list[int]) -> dict[str, object]:
        """Return the figures of some places taken together."""
        stranded = self.place_stranded[:, numbers].sum(axis=1).astype(np.float64)
        people = self.place_persons[:, numbers].sum(axis=1).astype(np.float64)
        low, high = np.quantile(stranded, [LOWEST, HIGHEST])
        total = float(people.sum())
        return {
            "mean_persons": float(people.mean()),
            "stranded_mean_persons": float(stranded.mean()),
            "stranded_low_persons": float(low), "stranded_high_persons": float(high),
            "stranded_probability": float(stranded.sum()) / total if total else 0.0,
        }  # fmt: skip


def figures(base: Base) -> tuple[str, ...]:
    """Return the headlines of a base, in their order.

    Examples
    --------
    >>> figures("residents")
    ('persons', 'can_reach', 'cut_off', 'isolated', 'unknown', 'cannot_reach')
    """
    return ("persons", *STATUS_ORDER[base], "cannot_reach")


def find_intervals(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    uncertainty: Uncertainty | None = None,
    progress: Callable[[float], None] | None = None,
) -> Intervals:
    """Find how sure the headlines are, by asking the same question many times.

    Each draw takes the number of people of each group between its low and high figure, lets each
    disruption happen with its probability (those of a correlation group together), multiplies all
    speeds by a factor, and, if asked, closes edges whose state nobody reported lately. Numbers
    belong to what they are drawn for: two scenarios under the same seed meet the same draws.

    Parameters
    ----------
    case
        The question.
    scenario, when
        Scenario and day to take instead of the case's own.
    uncertainty
        What is drawn, and how often.
    progress
        Called with the share done, 0 to 1.

    Returns
    -------
    Intervals
        Every headline with its interval, and how it settled.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    InputError
        If the case has nobody, or nothing of it is uncertain.

    Notes
    -----
    The precision is that of the movers who cannot reach; residents only where nobody may move.
    People: a triangular distribution from low over best to high. What is not drawn, above all
    what nobody thought of, is not in the interval: it is as wide as what was said to be unsure.

    References
    ----------
    Hanley, J. A., Lippman-Hand, A. (1983). If nothing goes wrong, is everything all right? JAMA
    249(13), doi 10.1001/jama.1983.03330370053031 (three over the chance).

    L'Ecuyer, P. (1994). Efficiency improvement and variance reduction. Winter Simulation
    Conference, 122-132 (common random numbers).

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> found = find_intervals(load_toy(), uncertainty=Uncertainty(most_draws=50, seed=7))
    >>> table = found.headline().set_index(["base", "figure"])
    >>> bool(1200 <= table.loc[("movers", "stranded"), "mean_persons"] <= 1600)
    True
    """
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    asked = uncertainty or Uncertainty()
    if not len(case.groups):
        msg = "the case has no groups of people: nobody to ask about"
        raise InputError(msg)
    chance = _Chance.of(case, laid, day, asked)
    solver = _Solver(case=chance.case, scenario=laid, day=day)
    sums = _Sums.of(case.groups)
    everybody = case.groups["persons"].to_numpy(np.int64)
    best = sums.row(solver.solve(None, (), 1.0)(everybody), everybody)
    watched = _watched(case.groups)
    fewest = min(chance.fewest_draws, asked.most_draws)
    rows: list[dict[str, float]] = []
    stranded: list[IntArray] = []
    settled = asked.precision is None
    while len(rows) < asked.most_draws and not (settled and asked.precision is not None):
        block = range(len(rows), min(len(rows) + BLOCK, asked.most_draws))
        counted: dict[int, Counts] = {}
        keys = {number: chance.key(number) for number in block}
        # those that come out alike one after the other
        for number in sorted(block, key=keys.__getitem__):
            speed, happens, closed = keys[number]
            counted[number] = solver.solve(happens, closed, speed)(chance.persons[number])
            if progress is not None:
                progress((len(rows) + len(counted)) / asked.most_draws)
        for number in block:
            speed, happens, closed = keys[number]
            rows.append({"draw": number, "speed_factor": speed, "disruptions": sum(happens),
                         "unreported_closed": len(closed),
                         **sums.row(counted[number], chance.persons[number])})  # fmt: skip
            stranded.append(sums.by_place(counted[number]["stranded"]))
        if asked.precision is not None:
            values = np.array([row[f"{watched}_cannot_reach"] for row in rows])
            error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.inf
            # where the best figure is that nobody moves, the share is that of those drawn
            people = best[f"{watched}_persons"] or np.mean([r[f"{watched}_persons"] for r in rows])
            precise = bool(error <= asked.precision * max(float(people), 1.0))
            settled = precise and len(rows) >= fewest
    if progress is not None:
        progress(1.0)
    return Intervals(
        case=case, scenario=laid, when=day, uncertainty=asked, draws=pd.DataFrame(rows),
        best=best, reached=settled, fewest_draws=chance.fewest_draws, varied=chance.words,
        place_keys=sums.keys, place_stranded=np.stack(stranded),
        place_persons=np.stack([sums.by_place(row) for row in chance.persons[: len(rows)]]),
    )  # fmt: skip


def _watched(groups: pd.DataFrame) -> Base:
    """Return whom the precision is about."""
    move = (groups["base"] == "movers") & (groups["persons_high"] > 0)
    return "movers" if bool(move.any()) else "residents"


def compare_intervals(before: Intervals, after: Intervals) -> pd.DataFrame:
    """Compare two options draw by draw: both met the same draws, so differences are tighter.

    Parameters
    ----------
    before, after
        From `find_intervals`, under the same seed and uncertainty; where one has more draws, its
        first ones count.

    Returns
    -------
    pandas.DataFrame
        Schema `INTERVAL_DIFFERENCES`: one row per headline, after minus before.

    Raises
    ------
    InputError
        If they were not drawn alike, or have no headline in common.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case, drawn = load_toy(), Uncertainty(most_draws=20, precision=None)
    >>> one = find_intervals(case, uncertainty=drawn)
    >>> two = find_intervals(case, case.scenario.baseline(), uncertainty=drawn)
    >>> table = compare_intervals(one, two).set_index(["base", "figure"])
    >>> bool(table.loc[("movers", "stranded"), "high_persons"] < -1100)
    True
    """
    one, two = (replace(each.uncertainty, most_draws=2, precision=None) for each in (before, after))
    if one != two:
        msg = "the two were not drawn alike: give both the same seed and the same uncertainty"
        raise InputError(msg)
    size = min(len(before.draws), len(after.draws))
    rows = []
    for base in BASES:
        if not (before.about(base) and after.about(base)):
            continue
        for figure in figures(base):
            a, b = (
                each.draws[f"{base}_{figure}"].to_numpy(np.float64)[:size]
                for each in (before, after)
            )
            error = math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / size)
            rows.append(
                {
                    "base": base, "figure": figure,
                    "best_persons": after.best[f"{base}_{figure}"]
                    - before.best[f"{base}_{figure}"],
                    **_describe(b - a), "unpaired_standard_error_persons": error,
                    "fewer_share": float((b < a).mean()), "more_share": float((b > a).mean()),
                    "draws": size,
                }
            )  # fmt: skip
    if not rows:
        msg = "the two have no headline in common: one is about movers, the other about residents"
        raise InputError(msg)
    table = pd.DataFrame(rows, columns=list(INTERVAL_DIFFERENCES.names))
    return check_table(table, INTERVAL_DIFFERENCES)


def _describe(values: FloatArray) -> dict[str, float]:
    """Return mean, its standard error, and the interval with the error of its ends.

    The error of an end is NaN where too few draws lie beyond it to tell.
    """
    size = len(values)
    ordered = np.sort(values)
    low, middle, high = np.quantile(ordered, [LOWEST, 0.5, HIGHEST])

    def end_error(share: float) -> float:
        if size * LOWEST < FEWEST_BEYOND:
            return math.nan
        # half the distance between the draws one standard deviation of a binomial rank away
        spread = math.sqrt(size * share * (1 - share))
        ranks = np.array([share * size - spread, share * size + spread]) - 0.5
        at = np.interp(ranks, np.arange(size), ordered)
        return float(at[1] - at[0]) / 2

    return {
        "mean_persons": float(values.mean()),
        "standard_error_persons": float(values.std(ddof=1) / math.sqrt(size)) if size > 1 else 0.0,
        "low_persons": float(low), "low_error_persons": end_error(LOWEST),
        "median_persons": float(middle),
        "high_persons": float(high), "high_error_persons": end_error(HIGHEST),
    }  # fmt: skip


# ------------------------------------------------------------------ what is drawn
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Chance:
    """Everything that is drawn, draw by draw."""

    case: Case
    scenario: Scenario
    seed: int
    persons: IntArray
    happening: BoolArray
    speed: FloatArray
    unsure: IntArray
    edge_keys: KeyArray
    road_keys: KeyArray
    on_road: BoolArray
    open_chance: float | None
    correlation: float
    fewest_draws: int
    words: tuple[str, ...]

    @classmethod
    def of(cls, case: Case, scenario: Scenario, day: dt.date, asked: Uncertainty) -> "_Chance":
        """Draw the numbers of people, what happens, and speeds; unreported edges when asked.

        Raises
        ------
        InputError
            If nothing is uncertain.
        """
        draws = asked.most_draws
        words: list[str] = []
        persons = draw_persons(case.groups, draws, seed=asked.seed,
                               correlation=asked.people_correlation)  # fmt: skip
        wide = int((case.groups["persons_low"] < case.groups["persons_high"]).sum())
        if wide:
            words.append(f"people of {wide:,} of {len(case.groups):,} groups, from low to high")
        active = {one.disruption_id for one in scenario.active(day)}
        chancy = [
            one for one in scenario.disruptions
            if one.disruption_id in active and 0 < one.probability < 1
        ]  # fmt: skip
        happening = np.ones((draws, len(scenario.disruptions)), dtype=bool)
        if scenario.disruptions:
            happening = draw_happening(
                scenario, draws, seed=asked.seed, correlation=asked.correlation
            )
        chances = [min(one.probability, 1 - one.probability) for one in chancy]
        if chancy:
            groups = len({one.group for one in chancy if one.group})
            words.append(f"whether {len(chancy):,} disruptions happen, in {groups:,} groups that "
                         "fall together")  # fmt: skip
        speed = np.ones(draws)
        if asked.speed_error:
            speed = np.exp(asked.speed_error * normal_numbers(asked.seed, "speeds", draws))
            low, high = (math.exp(sign * asked.speed_error) for sign in (-1, 1))
            words.append(f"one factor on all speeds, {low:.2f} to {high:.2f} in two of three draws")
        unsure: IntArray = np.empty(0, dtype=np.int64)
        if asked.unreported_open is not None:
            days = asked.unreported_after_days
            unsure = unreported_edges(case, day, days)
            case = replace(case, limits=replace(case.limits, unknown_after_days=None))
            if len(unsure) and asked.unreported_open < 1:
                words.append(f"whether {len(unsure):,} edges that nobody reported lately are open, "
                             f"each with chance {asked.unreported_open:g}")  # fmt: skip
                if asked.unreported_open > 0:
                    chances.append(min(asked.unreported_open, 1 - asked.unreported_open))
        if not words:
            msg = (
                "nothing of this case is uncertain: every group has one number of people, every "
                "disruption a probability of 0 or 1, and speeds and unreported edges are not "
                "drawn; give low and high figures, probabilities, or an error of the speeds"
            )
            raise InputError(msg)
        edges = case.network.edges.iloc[unsure]
        roads = edges["ref"].fillna("").astype(str)
        return cls(
            case=case, scenario=scenario, seed=asked.seed, persons=persons, happening=happening,
            speed=speed, unsure=unsure, edge_keys=label_keys(edges["edge_id"]),
            road_keys=label_keys(roads), on_road=(roads != "").to_numpy(dtype=bool),
            open_chance=asked.unreported_open, correlation=asked.correlation,
            fewest_draws=math.ceil(3 / min(chances, default=math.inf) - 1e-9), words=tuple(words),
        )  # fmt: skip

    def closed(self, number: int) -> tuple[int, ...]:
        """Return the rows of unreported edges that are closed in a draw."""
        if self.open_chance is None or self.open_chance >= 1 or not len(self.unsure):
            return ()
        own = numbers_of(self.seed, f"edges of draw {number}", self.edge_keys)
        road = numbers_of(self.seed, f"roads of draw {number}", self.road_keys)
        c = self.correlation
        mixed = np.where(self.on_road, np.sqrt(c) * road + np.sqrt(1 - c) * own, own)
        shut = ndtr(mixed) >= self.open_chance
        return tuple(self.unsure[shut].tolist())

    def key(self, number: int) -> tuple[float, tuple[bool, ...], tuple[int, ...]]:
        """Return factor of the speeds, what happens, and edges that are closed, in a draw."""
        return (float(self.speed[number]), tuple(self.happening[number].tolist()),
                self.closed(number))  # fmt: skip


def draw_persons(groups: pd.DataFrame, draws: int, *, seed: int, correlation: float) -> IntArray:
    """Draw the number of people of each group, between its low and high figure.

    Parameters
    ----------
    groups
        Schema `GROUPS`.
    draws
        How often, at least 1.
    seed
        At least 0.
    correlation
        How far groups are too low or too high together, 0 to 1.

    Returns
    -------
    numpy.ndarray
        int64, shape (draws, groups): whole people.

    Raises
    ------
    ScenarioError
        If `correlation` is not 0 to 1, or `draws` is less than 1.

    Notes
    -----
    Triangular: ends at the low and the high figure, most often near the best one.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> draw_persons(load_toy().groups, 2, seed=7, correlation=1.0).shape
    (2, 4)
    """
    low, best, high = (
        groups[name].to_numpy(np.float64) for name in ("persons_low", "persons", "persons_high")
    )
    numbers = linked_numbers(
        seed, [f"people {name}" for name in groups["group_id"]], ["of people"] * len(groups),
        draws, correlation=correlation,
    )  # fmt: skip
    width = high - low
    wide = width > 0
    peak = np.divide(best - low, width, out=np.zeros_like(width), where=wide)
    found = np.broadcast_to(best, (draws, len(groups))).copy()
    if wide.any():
        found[:, wide] = triang.ppf(
            ndtr(numbers[:, wide]), peak[wide], loc=low[wide], scale=width[wide]
        )
    whole: FloatArray = np.clip(np.rint(found), low, high)
    return whole.astype(np.int64)


def unreported_edges(case: Case, when: dt.date, after_days: int | None = None) -> IntArray:
    """Return the edges whose state nobody reported lately.

    Parameters
    ----------
    case
        The question.
    when
        The day.
    after_days
        A report is too old after so many days; None: what the limits of the case say, else only
        edges that were never reported count.

    Returns
    -------
    numpy.ndarray
        int64: rows of the edges.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> len(unreported_edges(case, case.scenario.when)) == len(case.network.edges)
    True
    """
    days = case.limits.unknown_after_days if after_days is None else after_days
    reported = case.network.edges["state_reported_on"]
    old = reported.isna()
    if days is not None:
        old |= pd.Timestamp(when) - reported > pd.Timedelta(days=days)
    return np.flatnonzero(old.to_numpy(dtype=bool)).astype(np.int64)


# ------------------------------------------------------------------ one draw
Counts = dict[str, IntArray]


class _Solver:
    """Solves variants of the question; those that come out alike once."""

    def __init__(self, *, case: Case, scenario: Scenario, day: dt.date) -> None:
        self.case, self.scenario, self.day = case, scenario, day
        self._ways: OrderedDict[tuple[object, ...], GroupWays] = OrderedDict()

    def solve(
        self, happens: tuple[bool, ...] | None, closed: tuple[int, ...], speed: float
    ) -> Callable[[IntArray], Counts]:
        """Return what counts people by status, with some disruptions happening (None: all)."""
        laid = self.scenario
        if happens is not None and not all(happens):
            kept = zip(laid.disruptions, happens, strict=True)
            laid = replace(laid, disruptions=tuple(one for one, here in kept if here))
        on = tuple(one.disruption_id for one in laid.active(self.day))
        now = self._find(laid, (on, closed, speed))
        base = self._find(laid.baseline(), (None, (), speed))

        def count(persons: IntArray) -> Counts:
            return count_people(self.case, laid, self.day, now, base, persons, speed_factor=speed)

        return count

    def _find(self, laid: Scenario, key: tuple[object, tuple[int, ...], float]) -> GroupWays:
        if key in self._ways:
            self._ways.move_to_end(key)
            return self._ways[key]
        _, closed, speed = key
        found = find_group_ways(self.case, laid, self.day, also_closed=closed, speed_factor=speed)
        self._ways[key] = found
        while len(self._ways) > KEPT_WAYS:
            self._ways.popitem(last=False)
        return found


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Sums:
    """Sums people of groups by base, and by place and base."""

    rows: dict[Base, IntArray]
    keys: tuple[tuple[str, Base], ...]
    place: IntArray

    @classmethod
    def of(cls, groups: pd.DataFrame) -> "_Sums":
        base = groups["base"].to_numpy(dtype=object)
        keys = list(zip(groups["place_id"].astype(str), base, strict=True))
        number = {key: at for at, key in enumerate(sorted(set(keys)))}
        return cls(
            rows={name: np.flatnonzero(base == name) for name in BASES}, keys=tuple(number),
            place=np.array([number[key] for key in keys], dtype=np.int64),
        )  # fmt: skip

    def row(self, counts: Counts, persons: IntArray) -> dict[str, int]:
        """Return people by base and status."""
        found = {}
        for base, rows in self.rows.items():
            found[f"{base}_persons"] = int(persons[rows].sum())
            for status, word in zip(OUTCOMES, STATUS_ORDER[base], strict=True):
                found[f"{base}_{word}"] = int(counts[status][rows].sum())
            found[f"{base}_cannot_reach"] = int(
                counts["stranded"][rows].sum() + counts["isolated"][rows].sum()
            )
        return found

    def by_place(self, persons: IntArray) -> IntArray:
        """Return people at each place, by base, in the order of `keys`."""
        size = len(self.keys)
        sums = np.zeros(size, dtype=np.int64)
        np.add.at(sums, self.place, persons)
        return sums

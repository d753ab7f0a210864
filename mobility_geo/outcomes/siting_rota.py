"""Rotas of mobile way stations: day tours from a base, on matrices."""

import time
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array, vstack

from mobility_geo.errors import InputError
from mobility_geo.outcomes.siting_median import SERVED
from mobility_geo.outcomes.siting_models import (
    SCALE,
    STOPPED,
    is_whole,
    least_difference,
    solve_program,
    stop_problems,
)

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MOST_TOURS: Final = 30_000
"""More tours than this are refused: the whole-number program would not end."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Tour:
    """One day of a unit: its base, its stops in order, and how long it takes."""

    base: int
    stops: tuple[int, ...]
    driving_min: float
    day_min: float


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Rota:
    """Tours of all units, the people whom they serve, and the proof.

    Attributes
    ----------
    tours
        By base and then by their stops.
    value, bound
        People served at least once, and what no rota can beat.
    status
        ``optimal``, of people and then of driving; ``within_gap`` or ``time_limit``.
    seconds
        How long it took.
    """

    tours: tuple[Tour, ...]
    value: float
    bound: float
    status: str
    seconds: float


def plan_rota(  # noqa: PLR0913 # each is a choice of the analyst
    drive: npt.ArrayLike,
    reach: npt.ArrayLike,
    persons: npt.ArrayLike,
    *,
    units: int,
    days: int,
    day_min: float,
    stop_min: float,
    most_stops: int = 3,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> Rota:
    """Choose bases and day tours that serve most people at least once in a rota.

    Parameters
    ----------
    drive
        Minutes from place to place, shape (places, places); `inf`: no way. A way round over a
        third place may be quicker, as where a limit of risk forbids single legs.
    reach
        Whether a client reaches a stop at a place, shape (clients, places).
    persons
        People of each client.
    units, days
        Units, and days of the rota: so many tours each.
    day_min
        Driving day: driving and stops of a tour fit into it, minutes.
    stop_min
        Time of one stop, minutes.
    most_stops
        Stops of a tour, at most.
    gap, time_limit_s
        See `solve_p_median`.

    Returns
    -------
    Rota
        Of rotas that serve as many, one with the least driving. A unit stops only where somebody
        reaches it.

    Raises
    ------
    InputError
        If nothing fits into a day, there are too many tours, or a value is out of range.

    Examples
    --------
    >>> rota = plan_rota(
    ...     [[0, 60], [60, 0]],
    ...     [[True, False], [False, True]],
    ...     [5, 7],
    ...     units=1,
    ...     days=1,
    ...     day_min=300,
    ...     stop_min=60,
    ... )
    >>> rota.tours[0].stops, rota.value
    ((0, 1), 12.0)
    """
    started = time.monotonic()
    minutes = np.array(drive, dtype=np.float64)
    covers = np.array(reach, dtype=bool)
    people = np.array(persons, dtype=np.float64)
    _check(minutes, covers, people, units=units, days=days, day_min=day_min, stop_min=stop_min,
           stops=most_stops, stop=stop_problems(gap, time_limit_s))  # fmt: skip
    useful = np.flatnonzero((covers & (people > 0)[:, None]).any(axis=0))
    quickest = _quickest(minutes)
    tours = [
        tour
        for base in range(len(minutes))
        for tour in _tours(minutes, quickest, base, useful, day_min, stop_min, most_stops)
    ]
    if len(tours) > MOST_TOURS:
        msg = (
            f"{len(tours):,} tours are possible, more than {MOST_TOURS:,}: name fewer candidates, "
            "or allow fewer stops a day"
        )
        raise InputError(msg)
    if not tours:
        msg = (
            "no tour serves anybody: nobody reaches a stop that a unit gets to and back from "
            f"within {day_min:g} min, {stop_min:g} min at the stop included"
        )
        raise InputError(msg)
    places, count, clients = len(minutes), len(tours), len(people)
    size = places + count + clients
    at = np.arange(count)
    base_of = np.array([tour.base for tour in tours])
    within = coo_array(
        (np.concatenate([np.full(places, float(days)), -np.ones(count)]),
         (np.concatenate([np.arange(places), base_of]),
          np.concatenate([np.arange(places), places + at]))), shape=(places, size),
    ).tocsr()  # fmt: skip
    served = np.array([covers[:, list(tour.stops)].any(axis=1) for tour in tours]).T
    client, tour_at = np.nonzero(served)
    seen = coo_array(
        (np.concatenate([np.ones(len(client)), -np.ones(clients)]),
         (np.concatenate([client, np.arange(clients)]),
          np.concatenate([places + tour_at, places + count + np.arange(clients)]))),
        shape=(clients, size),
    ).tocsr()  # fmt: skip
    fleet = csr_array(np.concatenate([-np.ones(places), np.zeros(size - places)])[None, :])
    rows = vstack([within, seen, fleet]).tocsr()
    least = np.concatenate([np.zeros(places + clients), [-float(units)]])
    upper = np.concatenate([np.full(places, float(units)), np.ones(count + clients)])
    total, size_of_one = float(people.sum()), least_difference(people)
    scale = SCALE / total

    def chosen(x: FloatArray) -> list[Tour]:
        return [tours[one] for one in np.flatnonzero(x[places : places + count] > SERVED)]

    def reached(plan: list[Tour]) -> float:
        stops = sorted({stop for tour in plan for stop in tour.stops})
        return float(people[covers[:, stops].any(axis=1)].sum())

    # clients are whole as well: with fractions of them HiGHS misses plans with less driving
    serve = np.concatenate([np.zeros(places + count), -people * scale])
    first = solve_program(serve, rows, least, np.zeros(size), upper, size, gap, time_limit_s / 2)
    most = reached(chosen(first.x))
    spend = np.concatenate([np.zeros(places), [1 + tour.driving_min for tour in tours],
                            np.zeros(clients)])  # fmt: skip
    second = solve_program(
        spend, vstack([rows, csr_array(-serve[None, :])]).tocsr(),
        np.append(least, (most - size_of_one / 2) * scale), np.zeros(size), upper, size, gap,
        max(time_limit_s - (time.monotonic() - started), 0.1), fallback=first,
    )  # fmt: skip
    plan = chosen(second.x)
    value = reached(plan)
    spent = sum(1 + tour.driving_min for tour in plan)
    bound = max(min(-first.bound / scale, total), value)
    served_most = bound - value < size_of_one
    proven = served_most and spent <= second.bound + 1e-6 * spent
    stopped = STOPPED in {first.status, second.status}
    status = "optimal" if proven else "time_limit" if stopped or gap == 0 else "within_gap"
    return Rota(
        tours=tuple(sorted(plan, key=lambda tour: (tour.base, tour.stops))), value=value,
        bound=value if served_most else bound, status=status, seconds=time.monotonic() - started,
    )  # fmt: skip


def _check(
    minutes: FloatArray,
    covers: BoolArray,
    people: FloatArray,
    *,
    units: int,
    days: int,
    day_min: float,
    stop_min: float,
    stops: int,
    stop: list[str],
) -> None:
    """Check shapes and ranges.

    Raises
    ------
    InputError
        Lists everything that is wrong.
    """
    places = len(minutes)
    problems = list(stop)
    if not places:
        problems.append("no candidate sites: give places where a unit may start and stop")
    if minutes.shape != (places, places) or np.isnan(minutes).any() or (minutes < 0).any():
        problems.append("drive: minutes >= 0 from place to place are expected")
    if covers.shape != (len(people), places):
        problems.append("reach: shape (clients, places) is expected")
    if not people.sum() > 0:
        problems.append("no people: nobody to plan a rota for")
    problems += [
        f"{name} must be a whole number, at least 1, not {value!r}"
        for name, value in (("units", units), ("days", days), ("most_stops", stops))
        if not is_whole(value) or value < 1
    ]
    if not 0 <= stop_min < np.inf:
        problems.append(f"stop_min must be >= 0 min, not {stop_min!r}")
    if not day_min > 0:
        problems.append(f"day_min must be above 0 min, not {day_min!r}")
    if problems:
        raise InputError(problems)


def _quickest(minutes: FloatArray) -> FloatArray:
    """Return minutes from place to place, over others where that is quicker."""
    quickest = minutes.copy()
    for middle in range(len(minutes)):
        np.minimum(quickest, quickest[:, middle, None] + quickest[None, middle], out=quickest)
    return quickest


def _tours(
    minutes: FloatArray,
    quickest: FloatArray,
    base: int,
    useful: npt.NDArray[np.intp],
    day_min: float,
    stop_min: float,
    most_stops: int,
) -> list[Tour]:
    """Return the tours of a base: of each set of stops that fits into a day, the quickest order.

    Raises
    ------
    InputError
        If there are too many.
    """
    best: dict[frozenset[int], tuple[float, tuple[int, ...]]] = {}

    def extend(stops: tuple[int, ...], spent: float) -> None:
        here = stops[-1] if stops else base
        for stop in useful:
            one = int(stop)
            if one in stops:
                continue
            driven = spent + float(minutes[here, one])
            longer = (*stops, one)
            left = day_min + 1e-9 - len(longer) * stop_min - driven
            # the way home may be forbidden from here, and not from the next stop
            if quickest[one, base] > left:
                continue
            home = driven + float(minutes[one, base])
            key = frozenset(longer)
            if minutes[one, base] <= left and (key not in best or (home, longer) < best[key]):
                best[key] = (home, longer)
            if len(best) > MOST_TOURS:
                msg = (
                    f"more than {MOST_TOURS:,} tours are possible from one base: name fewer "
                    "candidates, or allow fewer stops a day"
                )
                raise InputError(msg)
            if len(longer) < most_stops:
                extend(longer, driven)

    extend((), 0.0)
    return [
        Tour(base=base, stops=stops, driving_min=home, day_min=home + len(stops) * stop_min)
        for home, stops in best.values()
    ]

"""What of a count may be shared: no number under 10, two figures, and nothing to subtract.

Counts of people leave the house rounded to two significant figures, as an interval, and never
below 10. A count that is withheld must not come back by subtraction, so further counts are
withheld until a reader who knows all the sums cannot narrow it down.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol

import numpy as np
from scipy.optimize import linprog

from mobility_geo.errors import ConservationError, InputError

SMALLEST_SHOWN: Final = 10
"""A count below this is never shown, in persons."""

LEAST_CANDIDATES: Final = 5
"""A withheld count keeps at least so many possible values for a reader who knows all the sums."""

Figure = Literal["low", "value", "high"]
FIGURES: Final[tuple[Figure, ...]] = ("low", "value", "high")
Sum = tuple[str, Sequence[str]]
"""A total, and the keys that it is the sum of."""

_TOLERANCE: Final = 1e-6


class PublicCount(NamedTuple):
    """A count as it may be shared; all None: withheld. `low` alone None: under 10."""

    low: int | None
    value: int | None
    high: int | None

    @property
    def withheld(self) -> bool:
        """Whether the count is not shown at all."""
        return self.value is None


WITHHELD: Final = PublicCount(None, None, None)


class HasAudience(Protocol):
    """Something that is for the public or not."""

    @property
    def audience(self) -> str:
        """``internal`` or ``public``."""


def refuse_public(case: HasAudience, what: str) -> None:
    """Refuse to show the public what could do harm.

    Parameters
    ----------
    case
        The case, or what was found of it.
    what
        What is asked for, as the beginning of a sentence.

    Raises
    ------
    InputError
        If the case is for the public.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> refuse_public(load_toy(), "Chokepoints")
    """
    if case.audience == "public":
        msg = (
            f"{what} would show where people are, are held or can be stopped, and audience is "
            "'public'; share write_brief() or plot_public_status(), or set audience = 'internal'"
        )
        raise InputError(msg)


def _step(number: int) -> int:
    """Return the size of the second significant figure of a whole number >= 10."""
    return int(10 ** (len(str(number)) - 2))


def round_two_figures(number: int, *, towards: Literal["low", "nearest", "high"]) -> int:
    """Round a count to two significant figures.

    Parameters
    ----------
    number
        Persons, >= 10.
    towards
        ``"low"`` rounds down, ``"high"`` up, ``"nearest"`` to the nearest, halves up.

    Returns
    -------
    int
        Persons.

    Raises
    ------
    InputError
        If the number is below 10, which is never shown at all.

    Examples
    --------
    >>> [round_two_figures(45_678, towards=way) for way in ("low", "nearest", "high")]
    [45000, 46000, 46000]
    """
    if number < SMALLEST_SHOWN:
        msg = f"{number} is below {SMALLEST_SHOWN}: withhold it, do not round it"
        raise InputError(msg)
    step = _step(number)
    added = {"low": 0, "nearest": step // 2, "high": step - 1}[towards]
    return (number + added) // step * step


def public_count(low: int, value: int, high: int) -> PublicCount:
    """Return a count as it may be shared when nothing else is known about it.

    Use `suppress` for counts that add up to others.

    Parameters
    ----------
    low, value, high
        Low, best and high figure, persons, 0 <= low <= value <= high.

    Returns
    -------
    PublicCount
        Two significant figures each, the interval rounded outwards so that it still holds what
        it held; withheld if `value` is under 10; `low` is None if it is under 10.

    Raises
    ------
    InputError
        If the figures are negative or not in their order.

    Examples
    --------
    >>> public_count(39_876, 45_678, 52_345)
    PublicCount(low=39000, value=46000, high=53000)
    >>> public_count(4, 12, 30).low is None, public_count(0, 9, 30).withheld
    (True, True)
    """
    if not 0 <= low <= value <= high:
        msg = f"a count needs 0 <= low <= value <= high persons, this is {low}, {value}, {high}"
        raise InputError(msg)
    if value < SMALLEST_SHOWN:
        return WITHHELD
    return PublicCount(
        low=None if low < SMALLEST_SHOWN else round_two_figures(low, towards="low"),
        value=round_two_figures(value, towards="nearest"),
        high=round_two_figures(high, towards="high"),
    )


def suppress(
    counts: Mapping[str, tuple[int, int, int]],
    sums: Sequence[Sum],
    *,
    keep: Collection[str] = (),
) -> dict[str, PublicCount]:
    """Return counts as they may be shared, so that no withheld one comes back by subtraction.

    Counts under 10 are withheld. Then, as long as a reader who knows the sums could narrow one of
    them down to fewer than five possible values, one more count is withheld: the nearest and
    smallest that helps.

    Parameters
    ----------
    counts
        Low, best and high figure by key, persons.
    sums
        Totals with the keys that they are the sum of; a key may be part of several totals, a
        total part of another, and one total may be split in several ways.

    keep
        Keys to withhold only if nothing else helps, such as the figure of a headline.

    Returns
    -------
    dict of PublicCount
        By key, in the order of `counts`.

    Raises
    ------
    InputError
        If a sum names a key that is not there, or does not add up.

    Examples
    --------
    >>> counts = {"gao": (43, 43, 43), "kidal": (9, 9, 9), "all": (52, 52, 52)}
    >>> shown = suppress(counts, [("all", ["gao", "kidal"])])
    >>> [key for key, count in shown.items() if count.withheld], shown["all"].value
    (['gao', 'kidal'], 52)

    Notes
    -----
    The reader is taken to know the sums and the way of rounding. It does not cover what can be
    worked out from two documents about the same people on different dates.

    References
    ----------
    Hundepool, A. et al. (2012). Statistical Disclosure Control. Wiley. Chapter 4: primary and
    secondary cell suppression, feasibility intervals.
    """
    _check_sums(counts, sums)
    shown = {key: public_count(*count) for key, count in counts.items()}
    while True:
        leak = _first_leak(counts, shown, sums)
        if leak is None:
            return shown
        shown[_next_withheld(leak, counts, shown, sums, keep)] = WITHHELD


def feasible_range(
    key: str, shown: Mapping[str, PublicCount], sums: Sequence[Sum], *, figure: Figure = "value",
) -> tuple[float, float]:  # fmt: skip
    """Return what a reader can work out about a count from everything that is shown.

    Parameters
    ----------
    key
        The count.
    shown
        Counts as shared.
    sums
        Totals with the keys that they are the sum of.
    figure
        Which of the three figures to work out.

    Returns
    -------
    tuple of float
        Smallest and largest value possible, persons; `inf` if there is no upper end.

    Raises
    ------
    ConservationError
        If what is shown contradicts the sums.

    Examples
    --------
    >>> shown = {"a": PublicCount(43, 43, 43), "b": WITHHELD, "all": PublicCount(52, 52, 52)}
    >>> feasible_range("b", shown, [("all", ["a", "b"])])
    (9.0, 9.0)
    """
    keys = list(shown)
    column = {name: number for number, name in enumerate(keys)}
    equations = np.zeros((len(sums), len(keys)))
    for row, (total, parts) in enumerate(sums):
        equations[row, column[total]] = -1
        for part in parts:
            equations[row, column[part]] += 1
    bounds = [_known_range(shown[name], figure) for name in keys]
    ends = []
    for sign in (1, -1):
        target = np.zeros(len(keys))
        target[column[key]] = sign
        solved = linprog(
            target, A_eq=equations, b_eq=np.zeros(len(sums)), bounds=bounds, method="highs"
        )
        if solved.status == 3:  # noqa: PLR2004 - linprog's code for "unbounded"
            ends.append(np.inf)
        elif not solved.success:
            msg = f"{key}: what is shown contradicts the sums: {solved.message}"
            raise ConservationError(msg)
        else:
            ends.append(float(np.asarray(solved.x)[column[key]]))
    # adding 0 turns -0.0 into 0.0
    return ends[0] + 0.0, ends[1] + 0.0


def _known_range(count: PublicCount, figure: Figure) -> tuple[float, float | None]:
    """Return the whole numbers that a shown figure may stand for."""
    if count.withheld:
        return 0, None
    number = getattr(count, figure)
    if number is None:
        return 0, SMALLEST_SHOWN - 1
    below = _step(max(number - 1, SMALLEST_SHOWN))
    above = _step(number)
    if figure == "low":
        return number, number + above - 1
    if figure == "high":
        return number - below + 1, number
    return number - below // 2, number + max(above // 2 - 1, 0)


def _leaks(key: str, figure: Figure, shown: Mapping[str, PublicCount], sums: Sequence[Sum]) -> bool:
    least, most = feasible_range(key, shown, sums, figure=figure)
    highest = np.floor(min(most, SMALLEST_SHOWN - 1) + _TOLERANCE)
    return bool(highest - np.ceil(least - _TOLERANCE) + 1 < LEAST_CANDIDATES)


def _first_leak(
    counts: Mapping[str, tuple[int, int, int]],
    shown: Mapping[str, PublicCount],
    sums: Sequence[Sum],
) -> tuple[str, Figure] | None:
    summed = {name for total, parts in sums for name in (total, *parts)}
    for place, figure in enumerate(FIGURES):
        for key, count in counts.items():
            small = count[place] < SMALLEST_SHOWN
            if small and key in summed and _leaks(key, figure, shown, sums):
                return key, figure
    return None


def _distances(key: str, sums: Sequence[Sum]) -> dict[str, int]:
    """Return over how many sums each count is tied to this one."""
    found = {key: 0}
    ring = [key]
    while ring:
        near = [
            name
            for total, parts in sums
            if not {total, *parts}.isdisjoint(ring)
            for name in (total, *parts)
            if name not in found
        ]
        ring = list(dict.fromkeys(near))
        found |= dict.fromkeys(ring, max(found.values()) + 1)
    return found


def _next_withheld(
    leak: tuple[str, Figure],
    counts: Mapping[str, tuple[int, int, int]],
    shown: Mapping[str, PublicCount],
    sums: Sequence[Sum],
    keep: Collection[str],
) -> str:
    key, figure = leak
    if not shown[key].withheld:
        return key  # its low figure leaks: better without the whole count
    far = _distances(key, sums)
    totals = {total for total, _ in sums}
    tied = [name for name in far if not shown[name].withheld]
    tied.sort(key=lambda name: (name in keep, far[name], name in totals, counts[name][1], name))
    for name in tied:
        if not _leaks(key, figure, {**shown, name: WITHHELD}, sums):
            return name
    return tied[0]


def _check_sums(counts: Mapping[str, tuple[int, int, int]], sums: Sequence[Sum]) -> None:
    problems = []
    for total, parts in sums:
        unknown = [name for name in (total, *parts) if name not in counts]
        if unknown:
            problems.append(f"the sum {total!r} names {unknown[0]!r}, which is not a count")
            continue
        added = tuple(sum(counts[part][place] for part in parts) for place in range(3))
        if added != tuple(counts[total]):
            problems.append(
                f"the parts of {total!r} add up to {added} persons (low, best, high), "
                f"the total is {tuple(counts[total])}"
            )
    if problems:
        raise InputError(problems)

"""Shares of each disruption in the people stranded: what is fair where several act together."""

import datetime as dt
import itertools
import math
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import InputError
from mobility_geo.outcomes.attribution import Lifting
from mobility_geo.outcomes.chokepoints import asked_groups
from mobility_geo.scenario import Case, Scenario
from mobility_geo.schema import SHAPLEY_SHARES, check_table

EXACT_UP_TO: Final = 7
"""So many disruptions that meet the same people are shared out exactly."""

FEWEST_ORDERS: Final = 2
FloatArray = npt.NDArray[np.float64]


def shapley_shares(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    of: str | None = None,
    rng: np.random.Generator | None = None,
    orders: int = 100,
    exact_up_to: int = EXACT_UP_TO,
    progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """Share the people freed by lifting everything out between the disruptions.

    The share of a disruption is what its lifting adds on average over all orders in which the
    disruptions could be lifted one after the other. Shares sum to the people freed by lifting
    all; a disruption that nobody meets has the share 0; two that do the same have the same share.

    Parameters
    ----------
    case
        The question; movers are asked about.
    scenario, when
        Scenario and day to take instead of the case's own.
    of
        Only people at a place, or in a zone; all others take free places as well.
    rng
        Draws orders where there are too many to go through.
    orders
        How many are drawn, >= 2.
    exact_up_to
        People who meet at most so many disruptions are shared out exactly, over all sets of them.
    progress
        Called with the share done, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        Schema `SHAPLEY_SHARES`, one row per active disruption, the largest share first.

    Raises
    ------
    InputError
        If orders must be drawn and there is no `rng`, or a number is out of range; or if nobody
        is on the move there.
    CalendarError
        If the day lies outside the calendar.
    UnknownIdError
        If there is no such place or zone.

    Notes
    -----
    A share can be negative: where a budget is tested on the quickest way, lifting a disruption
    can take back what another one freed. The standard error is that of the mean over the orders
    that were drawn.

    References
    ----------
    Shapley, L. S. (1953). A value for n-person games. doi 10.1515/9781400881970-018.

    Castro, J., Gomez, D., Tejada, J. (2009). Polynomial calculation of the Shapley value based on
    sampling. doi 10.1016/j.cor.2008.04.004.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> shapley_shares(load_toy())[["disruption_id", "share_persons"]].values.tolist()
    [['border', 700.0], ['front', 700.0]]
    """
    if orders < FEWEST_ORDERS or exact_up_to < 0:
        msg = (
            f"orders must be >= {FEWEST_ORDERS} and exact_up_to >= 0, not {orders!r} and "
            f"{exact_up_to!r}"
        )
        raise InputError(msg)
    lifting = Lifting.of(case, scenario, when, asked_groups(case, of=of))
    large = max((len(concerned) for concerned, _ in lifting.classes), default=0)
    if large > exact_up_to and rng is None:
        msg = (
            f"{large} disruptions meet the same people: too many for all sets of them; give rng "
            f"to draw orders, or raise exact_up_to ({2**large:,} variants)"
        )
        raise InputError(msg)
    share = dict.fromkeys(lifting.active, 0.0)
    variance = dict.fromkeys(lifting.active, 0.0)
    alone = dict.fromkeys(lifting.active, 0)
    for number, (concerned, _) in enumerate(lifting.classes):
        names = sorted(concerned)

        def freed(lifted: frozenset[str], number: int = number) -> int:
            rows = lifting.classes[number][1]
            more = np.maximum(lifting.answer(number, lifted)[0] - lifting.before[rows], 0)
            return int(more[lifting.asked[rows]].sum())

        for name in names:
            alone[name] += freed(frozenset({name}))
        if len(names) <= exact_up_to:
            mean, error = _exact(names, freed), np.zeros(len(names))
        else:
            assert rng is not None  # noqa: S101 # checked above
            mean, error = _drawn(names, freed, rng, orders)
        for name, one, two in zip(names, mean.tolist(), error.tolist(), strict=True):
            share[name] += one
            variance[name] += two**2
        if progress is not None:
            progress((number + 1) / len(lifting.classes))
    table = pd.DataFrame(
        {
            "disruption_id": pd.Series(list(share), dtype="str"),
            "share_persons": list(share.values()),
            "standard_error_persons": [math.sqrt(value) for value in variance.values()],
            "alone_persons": pd.Series(list(alone.values()), dtype="int64"),
        }
    ).sort_values(["share_persons", "disruption_id"], ascending=[False, True], kind="stable",
                  ignore_index=True)  # fmt: skip
    return check_table(table, SHAPLEY_SHARES)


def _exact(names: list[str], freed: Callable[[frozenset[str]], int]) -> FloatArray:
    """Return the shares over all sets."""
    size = len(names)
    shares = np.zeros(size)
    value = {
        frozenset(some): freed(frozenset(some))
        for count in range(size + 1)
        for some in itertools.combinations(names, count)
    }
    for some, before in value.items():
        chance = 1.0 / (size * math.comb(size - 1, len(some))) if len(some) < size else 0.0
        for number, name in enumerate(names):
            if name not in some:
                shares[number] += chance * (value[some | {name}] - before)
    return shares


def _drawn(
    names: list[str], freed: Callable[[frozenset[str]], int], rng: np.random.Generator, orders: int
) -> tuple[FloatArray, FloatArray]:
    """Return the mean of what each adds over orders that are drawn, and its standard error."""
    added = np.zeros((orders, len(names)))
    for order in added:
        lifted: frozenset[str] = frozenset()
        before = 0
        for number in rng.permutation(len(names)).tolist():
            lifted |= {names[number]}
            after = freed(lifted)
            order[number] = after - before
            before = after
    return added.mean(axis=0), added.std(axis=0, ddof=1) / math.sqrt(orders)

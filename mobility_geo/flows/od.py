"""Origin-destination matrices as long tables, in whole people."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import ConservationError, InputError
from mobility_geo.schema import OD_FLOWS, check_table


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ODMatrix:
    """People from each origin to each destination, by rule of choice.

    Parameters
    ----------
    table
        Schema `OD_FLOWS`. A row without destination holds people who cannot go, in
        ``unserved_persons``: they are never dropped.

    Raises
    ------
    SchemaError
        If the table breaks its schema.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import choose_destinations
    >>> choose_destinations(load_toy()).persons("least_time")
    1750
    """

    table: pd.DataFrame

    def __post_init__(self) -> None:
        """Check the table."""
        object.__setattr__(self, "table", check_table(self.table, OD_FLOWS))

    def rules(self) -> tuple[str, ...]:
        """Return the rules in the table, in their order."""
        return tuple(dict.fromkeys(self.table["rule"]))

    def persons(self, rule: str) -> int:
        """Return all people of a rule, served or not."""
        rows = self.table[self.table["rule"] == rule]
        return int(rows["flow_persons"].sum() + rows["unserved_persons"].sum())

    def check_total(self, persons: int) -> None:
        """Check that every rule accounts for all people.

        Parameters
        ----------
        persons
            How many there are.

        Raises
        ------
        ConservationError
            If a rule lost or invented people.
        """
        for rule in self.rules():
            if self.persons(rule) != persons:
                msg = f"{rule}: {self.persons(rule)} people instead of {persons}"
                raise ConservationError(msg)


def round_to_total(shares: npt.ArrayLike, total: int) -> npt.NDArray[np.int64]:
    """Round shares of a whole number of people so that they still add up to it.

    Largest remainders get the people that rounding down leaves over; the first of equal
    remainders first.

    Parameters
    ----------
    shares
        Weights, one dimension, >= 0, not all 0 unless `total` is 0.
    total
        People, >= 0.

    Returns
    -------
    numpy.ndarray
        int64, sums to `total`.

    Raises
    ------
    InputError
        If a weight is negative or not finite, or all are 0 and `total` is not.

    Examples
    --------
    >>> round_to_total([1, 1, 1], 100).tolist()
    [34, 33, 33]
    """
    weights = np.asarray(shares, dtype=np.float64)
    if total < 0 or not bool(np.all(np.isfinite(weights) & (weights >= 0))):
        msg = "weights must be finite and >= 0, and the total >= 0"
        raise InputError(msg)
    if total == 0:
        return np.zeros(weights.shape, dtype=np.int64)
    if not weights.sum() > 0:
        msg = f"{total} people cannot be shared out: all weights are 0"
        raise InputError(msg)
    exact = weights / weights.sum() * total
    floor: npt.NDArray[np.int64] = np.floor(exact).astype(np.int64)
    rest = total - int(floor.sum())
    order = np.argsort(-(exact - floor), kind="stable")
    floor[order[:rest]] += 1
    return floor

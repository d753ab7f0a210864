"""Prior OD matrices with pairs whose figure is not known."""

from dataclasses import replace

import numpy as np
import pandas as pd

from mobility_geo.errors import InputError, labels
from mobility_geo.flows.entropy import nearest_matrix
from mobility_geo.flows.od_estimate import BoolArray, FloatArray, no_limits

ENDS = ["origin_id", "destination_id"]
CLOSE = 1e-12
OF_SMALLEST = 0.5
"""A figure of 0 counts as this share of the smallest one above 0, or it would allow no factors."""


def add_pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Add the rows of each pair up; a pair with a part that is not known is not known.

    Parameters
    ----------
    table
        ``origin_id``, ``destination_id``, ``flow_persons``.

    Returns
    -------
    pandas.DataFrame
        The same columns, a row per pair, in their first order.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"origin_id": list("aaa"), "destination_id": list("xxy"), "flow_persons": [1, 2, None]}
    ... )
    >>> add_pairs(table)["flow_persons"].tolist()
    [3.0, nan]
    """
    people = table["flow_persons"].astype(float)
    ends = [table[name] for name in ENDS]
    summed = people.groupby(ends, sort=False).sum()
    return summed.mask(people.isna().groupby(ends, sort=False).any()).reset_index()


def pair_labels(table: pd.DataFrame) -> str:
    """Return the pairs of a table in words, the first ones if there are many.

    Parameters
    ----------
    table
        ``origin_id``, ``destination_id``.

    Returns
    -------
    str
        Such as ``2 pairs without a figure: ['a to x', 'b to y']``.

    Examples
    --------
    >>> pair_labels(pd.DataFrame({"origin_id": ["a"], "destination_id": ["x"]}))
    "1 pairs without a figure: ['a to x']"
    """
    names = [f"{one} to {two}" for one, two in table[ENDS].itertuples(index=False)]
    return f"{len(names)} pairs without a figure: {labels(names)}"


def fill_prior(prior: pd.DataFrame) -> pd.DataFrame:
    """Give pairs of a prior matrix whose figure is not known the weight of their two ends alone.

    A pair that is withheld or blank is not a pair without people. It gets the product of a factor
    of its origin and a factor of its destination, fitted to all pairs with a figure (independence
    on an incomplete table): the prior then claims nothing of the pair itself.

    Parameters
    ----------
    prior
        ``origin_id``, ``destination_id``, ``flow_persons`` >= 0, missing where not known. A pair
        without a row stays without one: nobody goes there.

    Returns
    -------
    pandas.DataFrame
        A row per pair, all known.

    Raises
    ------
    InputError
        If a figure is negative, or none is above 0.

    Notes
    -----
    A figure of 0 counts as half the smallest above 0 in the fit only. An end without any figure
    gets the mean factor of its side: estimates from margins do not depend on it where the end has
    a margin. Publishers withhold small figures: where it is known how small they are, write the
    middle of the range instead.

    References
    ----------
    Goodman, L. A. (1968). The analysis of cross-classified data: independence, quasi-independence,
    and interactions in contingency tables with or without missing entries. Journal of the American
    Statistical Association 63, 1091-1131.

    Examples
    --------
    >>> prior = pd.DataFrame(
    ...     {"origin_id": list("aabb"), "destination_id": list("xyxy"),
    ...      "flow_persons": [10.0, 30.0, 20.0, None]}
    ... )  # fmt: skip
    >>> fill_prior(prior)["flow_persons"].round(6).tolist()  # b has twice as many as a
    [10.0, 30.0, 20.0, 60.0]
    """
    table = add_pairs(prior)
    gone = table["flow_persons"].isna().to_numpy()
    if not gone.any():
        return table
    people = table["flow_persons"].to_numpy(dtype=float)
    above = people[people > 0]
    if (people < 0).any() or not len(above):
        msg = "prior: figures must be numbers >= 0, and one of them above 0"
        raise InputError(msg)
    row, origins = pd.factorize(table["origin_id"])
    column, destinations = pd.factorize(table["destination_id"])
    shape = len(origins), len(destinations)
    known = np.zeros(shape, dtype=bool)
    seen = np.zeros(shape)
    known[row[~gone], column[~gone]] = True
    seen[row[~gone], column[~gone]] = np.maximum(people[~gone], OF_SMALLEST * above.min())
    down, across = _factors(seen, known)
    filled = np.where(gone, down[row] * across[column], people)
    return table.assign(flow_persons=filled)


def _factors(seen: FloatArray, known: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return a factor per row and column whose products have the sums of the known pairs."""
    n, m = seen.shape
    rows, columns = seen.sum(axis=1), seen.sum(axis=0)
    limits = replace(
        no_limits(n, m), origin_low=rows, origin_high=rows, destination_low=columns,
        destination_high=columns,
    )  # fmt: skip
    # without a figure a row has nothing to balance, and keeps the factor 1
    found = nearest_matrix(known.astype(float), limits, tolerance=CLOSE)
    factors = np.exp(found.multipliers)
    down, across = factors[:n] * factors[n + m], factors[n : n + m]
    for ends, told in ((down, known.any(axis=1)), (across, known.any(axis=0))):
        ends[~told] = ends[told].mean()
    return down, across

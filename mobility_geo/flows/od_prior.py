"""Prior OD matrices with pairs whose figure is not known."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from mobility_geo.errors import InputError, labels
from mobility_geo.flows.entropy import nearest_matrix
from mobility_geo.flows.od_estimate import BoolArray, FloatArray, name_pairs, no_limits

ENDS = ["origin_id", "destination_id"]
CLOSE = 1e-12
MOST_BLOCKS = 3
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
    names = name_pairs(table)
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
        If a figure is negative, none is above 0, or the known pairs fall into blocks and a pair
        between two of them is not known.

    Notes
    -----
    Known pairs that share an end hang together. Where they fall into several blocks, with no known
    pair from one to another, nothing says how large a pair between two blocks is: of the known
    pairs a to x (10) and b to y (1,000), a to y may be 1 and b to x 10,000, or both 100.

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
    _check_blocks(table[gone], known, row[gone], column[gone], origins, destinations)
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


def _check_blocks(
    missing: pd.DataFrame,
    known: BoolArray,
    row: npt.NDArray[np.intp],
    column: npt.NDArray[np.intp],
    origins: pd.Index,
    destinations: pd.Index,
) -> None:
    """Check that the known pairs say how large each missing pair is against the others.

    Raises
    ------
    InputError
        If the known pairs fall into blocks, and a missing pair is not within one of them.
    """
    n = len(origins)
    one, two = np.nonzero(known)
    size = n + len(destinations)
    _, part = connected_components(
        sparse.coo_array((np.ones(len(one)), (one, n + two)), shape=(size, size)), directed=False
    )
    blocks = list(dict.fromkeys(part[one]))
    # an end without any figure is no block: one block gives it the mean factor
    apart = (part[row] != part[n + column]) & (len(blocks) > 1)
    if not apart.any():
        return
    named = [
        f"{labels(origins[part[:n] == block])} to {labels(destinations[part[n:] == block])}"
        for block in blocks[:MOST_BLOCKS]
    ]
    more = "; ..." if len(blocks) > MOST_BLOCKS else ""
    msg = (
        f"prior: {pair_labels(missing[apart])} cannot be filled: the known pairs fall into "
        f"{len(blocks)} blocks, and nothing says how large a pair between two blocks is: "
        f"{'; '.join(named)}{more}; write a figure of a pair that joins two blocks, leave rows out "
        "where nobody can go, or take another method"
    )
    raise InputError(msg)

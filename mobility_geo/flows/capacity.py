"""Places at destinations: who finds one, where capacity is known."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack

from mobility_geo.errors import ConservationError
from mobility_geo.routing import GroupWays

IntArray = npt.NDArray[np.int64]


def place_people(
    ways: GroupWays,
    destinations: pd.DataFrame,
    *,
    persons: IntArray | None = None,
    keep: IntArray | None = None,
) -> IntArray:
    """Place the people of each group at destinations that they reach within their budgets.

    Where no destination in reach has a stated capacity, everybody goes to the nearest one. Else
    as many people as possible are placed; among these solutions the one that keeps most of
    `keep` placed, and among those the one with the least travel time: a transportation problem,
    whose solutions are whole people. The order of the groups does not matter.

    Parameters
    ----------
    ways
        Ways of groups, from `find_group_ways`.
    destinations
        Destinations on that day, schema `DESTINATIONS`; the smallest capacity of a place counts
        if several sets give one.
    persons
        People of each group; the best figure of the groups if left out.
    keep
        People of each group who had a place before: a closure elsewhere takes it from nobody.

    Returns
    -------
    numpy.ndarray
        int64, shape (groups, destinations).

    Raises
    ------
    ConservationError
        If the solver fails, which it does not for feasible problems like this one.

    References
    ----------
    Hitchcock, F. L. (1941). The distribution of a product from several sources to numerous
    localities. doi 10.1002/sapm1941201224. Solved with HiGHS through `scipy.optimize.linprog`.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.routing import find_group_ways
    >>> case = load_toy()
    >>> place_people(find_group_ways(case), case.destinations).sum(axis=1).tolist()
    [0, 0, 300, 0]
    """
    size = ways.groups["persons"].to_numpy(dtype=np.int64) if persons is None else persons
    within = ways.within()
    given = destinations.groupby("place_id")["capacity_persons"].min()
    capacity = given.reindex(list(ways.destination_ids)).to_numpy(dtype=float)
    limited = ~np.isnan(capacity)
    placed = np.zeros(within.shape, dtype=np.int64)
    competing = within[:, limited].any(axis=1) & (size > 0)
    nearest = ways.nearest(within)
    free = np.flatnonzero(~competing & (nearest >= 0))
    placed[free, nearest[free]] = size[free]
    rows = np.flatnonzero(competing)
    wanted = np.bincount(nearest[rows], weights=size[rows], minlength=len(capacity))
    if not (wanted > capacity).any():
        # everybody at the nearest place: nothing is better
        placed[rows, nearest[rows]] = size[rows]
    else:
        order = np.argsort(ways.groups["group_id"].to_numpy(dtype=str)[rows], kind="stable")
        rows = rows[order]
        first = np.zeros(len(size), dtype=np.int64) if keep is None else np.minimum(keep, size)
        placed[rows] = _transport(
            within[rows], ways.time_min[rows], size[rows], first[rows], capacity
        )
    return placed


def _transport(
    within: npt.NDArray[np.bool_],
    time: npt.NDArray[np.float64],
    persons: IntArray,
    keep: IntArray,
    capacity: npt.NDArray[np.float64],
) -> IntArray:
    """Solve the transportation problem; those to keep are a supply of their own.

    Raises
    ------
    ConservationError
        If the solver fails.
    """
    group, place = np.nonzero(within)
    pairs, groups, places = len(group), within.shape[0], within.shape[1]
    supply = np.concatenate([group, groups + group])
    gate = np.tile(2 * groups + place, 2)
    count = 2 * pairs
    rows = np.concatenate([supply, gate])
    ones = np.ones(2 * count)
    constraints = coo_array(
        (ones, (rows, np.tile(np.arange(count), 2))), shape=(2 * groups + places, count)
    ).tocsr()
    free = np.where(np.isnan(capacity), float(persons.sum()), capacity)
    bounds = np.floor(np.concatenate([keep, persons - keep, free]))
    kept = np.repeat([1.0, 0.0], pairs)
    spent = np.tile(time[group, place], 2)
    # first as many people as possible, then as many of those to keep, then the least time
    solution = np.zeros(count)
    for aim in (-np.ones(count), -kept, spent):
        solved = linprog(
            aim,
            A_ub=constraints,  # type: ignore[call-overload]
            b_ub=bounds,
            method="highs-ds",
        )
        if solved.status != 0:
            msg = f"placing people at destinations failed: {solved.message}"
            raise ConservationError(msg)
        solution = np.rint(solved.x)
        reached = float(aim @ solution)
        constraints = vstack([constraints, csr_array(aim[None, :])]).tocsr()
        bounds = np.append(bounds, reached)
    placed = np.zeros(within.shape)
    np.add.at(placed, (np.tile(group, 2), np.tile(place, 2)), solution)
    whole: IntArray = np.rint(placed).astype(np.int64)
    return whole

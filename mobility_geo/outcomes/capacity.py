"""Places at destinations: who finds one, where capacity is known."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import coo_array

from mobility_geo.errors import ConservationError
from mobility_geo.routing import GroupWays


def placed_persons(ways: GroupWays, destinations: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return how many people of each group find a place at a destination within their budgets.

    Where no capacity is given for any destination that a group can reach, everybody does. Else
    as many people as possible are placed, and among these solutions the one with the least
    travel time is taken: a transportation problem, whose solutions are whole people.

    Parameters
    ----------
    ways
        Ways of groups, from `find_group_ways`.
    destinations
        Destinations on that day, schema `DESTINATIONS`; the smallest capacity of a place counts
        if several sets give one.

    Returns
    -------
    numpy.ndarray
        int64, one per group, 0 to its persons.

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
    >>> case = load_toy()
    >>> from mobility_geo.routing import find_group_ways
    >>> found = find_group_ways(case)
    >>> placed_persons(found, case.destinations).tolist()
    [0, 0, 300, 0]
    """
    persons = ways.groups["persons"].to_numpy(dtype=np.int64)
    within = ways.within()
    given = destinations.groupby("place_id")["capacity_persons"].min()
    capacity = given.reindex(list(ways.destination_ids)).to_numpy(dtype=float)
    placed = np.where(within.any(axis=1), persons, 0)
    limited = ~np.isnan(capacity)
    # whoever reaches a destination without a limit is placed; the rest compete
    rows = np.flatnonzero((within.any(axis=1)) & ~(within[:, ~limited].any(axis=1)))
    if not len(rows):
        return placed
    group, place = np.nonzero(within[rows][:, limited])
    places = np.flatnonzero(limited)
    time = ways.time_min[rows[group], places[place]]
    unplaced = 10.0 * (float(time.max()) + 1)
    count = len(group)
    row_index = np.concatenate([group, len(rows) + place])
    constraints = coo_array(
        (np.ones(2 * count), (row_index, np.tile(np.arange(count), 2))),
        shape=(len(rows) + len(places), count),
    ).tocsr()
    solved = linprog(  # type: ignore[call-overload]  # the stubs know no sparse constraints
        time - unplaced,
        A_ub=constraints,
        b_ub=np.concatenate([persons[rows], np.floor(capacity[places])]),
        method="highs-ds",
    )
    if solved.status != 0:
        msg = f"placing people at destinations failed: {solved.message}"
        raise ConservationError(msg)
    placed[rows] = np.rint(np.bincount(group, weights=solved.x, minlength=len(rows))).astype(
        np.int64
    )
    return placed

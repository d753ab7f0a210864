"""Order edges that follow each other into chains, all chains at once."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def chain_order(
    begin: Ints, end: Ints, group: Ints, oneway: Flags, *, count: int
) -> tuple[Ints, Ints, Flags]:
    """Return edges in the order of the chains that they form.

    Two edges follow each other if no third meets their node, they are of one group, and one-way
    edges run on in their direction. A ring without any other node is cut at its lowest node.

    Parameters
    ----------
    begin, end
        Node at the start and at the end of each edge, shape (n,).
    group
        Edges of different groups are not joined, shape (n,).
    oneway
        Which edges have a direction, shape (n,).
    count
        How many nodes there are.

    Returns
    -------
    order
        Edges, chain by chain, each from its start: int64, shape (n,).
    chain
        Chain of each edge in that order.
    forward
        Whether each runs in its own direction in its chain; the lowest edge of a chain does.

    Examples
    --------
    >>> ends = np.array([0, 2]), np.array([1, 1])
    >>> order, chain, forward = chain_order(*ends, np.zeros(2, int), np.zeros(2, bool), count=3)
    >>> order.tolist(), chain.tolist(), forward.tolist()
    ([0, 1], [0, 0], [True, False])
    """
    size = len(begin)
    node = np.concatenate([begin, end])
    edge = np.concatenate([np.arange(size), np.arange(size)])
    at_end = np.repeat([False, True], size)
    order = np.argsort(node, kind="stable")
    degree = np.bincount(node, minlength=count)
    first = np.concatenate([[0], np.cumsum(degree)])[:-1]
    two = np.flatnonzero(degree == 2)  # noqa: PLR2004
    left, right = order[first[two]], order[first[two] + 1]
    one, other = edge[left], edge[right]
    fits = (one != other) & (group[one] == group[other]) & (oneway[one] == oneway[other])
    fits &= ~oneway[one] | (at_end[left] != at_end[right])
    two, left, right, one, other = (values[fits] for values in (two, left, right, one, other))
    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(size, size))
    number, chain = connected_components(graph, directed=False)
    # a ring has as many joints as edges: its lowest node is none
    rings = np.bincount(chain[one], minlength=number) == np.bincount(chain, minlength=number)
    ring = rings[chain[one]]
    lowest = np.full(number, count)
    np.minimum.at(lowest, chain[one], two)
    keep = ~(ring & (two == lowest[chain[one]]))
    left, right = left[keep], right[keep]
    # halves: edge e forward is 2e, backward 2e + 1; from each, which half comes before it
    before = np.arange(2 * size)

    def follows(a: Ints, b: Ints) -> None:
        """Arriving at the joint along the half of end `a`, go on along the half of end `b`."""
        arriving = 2 * edge[a] + (~at_end[a]).astype(np.int64)
        leaving = 2 * edge[b] + at_end[b].astype(np.int64)
        before[leaving] = arriving

    follows(left, right)
    follows(right, left)
    rank = (before != np.arange(2 * size)).astype(np.int64)
    root = before.copy()
    # pointer doubling: after k rounds a half has looked 2^k halves back
    while True:
        further = root[root]
        if bool((further == root).all()):
            break
        rank = rank + rank[root]
        root = further
    # of the two directions of a chain, the one in which its lowest edge runs forward
    low = np.full(number, size)
    np.minimum.at(low, chain, np.arange(size))
    head = root[2 * low]
    half = np.arange(2 * size)
    chosen = root == head[chain[half // 2]]
    half = half[chosen]
    place = low[chain[half // 2]]
    sort = np.lexsort((rank[half], place))
    half = half[sort]
    return half // 2, chain[half // 2].astype(np.int64), half % 2 == 0

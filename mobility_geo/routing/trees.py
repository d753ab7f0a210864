"""The reference engine: trees of least impedance, by scipy's Dijkstra."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from mobility_geo.network import Network

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Trees:
    """Least-impedance trees over a network.

    Attributes
    ----------
    network
        The network.
    sources, parent_arc
        Nodes that trees start from, ascending, and the arc by which each tree enters each node
        (-1: none), int32, shape (sources, nodes).
    """

    network: Network
    sources: IntArray
    parent_arc: IntArray

    def arcs(self, source: int, target: int) -> IntArray:
        """Return the arcs of the way from a source to a node, in their order; int32."""
        tree, node = int(np.searchsorted(self.sources, source)), target
        found: list[int] = []
        while self.parent_arc[tree, node] >= 0:
            arc = int(self.parent_arc[tree, node])
            found.append(arc)
            node = int(self.network.arcs.tail[arc])
        return np.array(found[::-1], dtype=np.int32)

    def sums(
        self, sources: IntArray, targets: IntArray, units: Sequence[IntArray]
    ) -> list[FloatArray]:
        """Return what the way from each source to the target beside it sums up to.

        Parameters
        ----------
        sources, targets
            Nodes, as many of one as of the other.
        units
            Of each arc, int32; one array per metric.

        Returns
        -------
        list of numpy.ndarray
            float64, whole numbers; one array per metric.
        """
        # from the root of each tree to every node, by doubling the steps
        trees, size = self.parent_arc.shape
        has = self.parent_arc >= 0
        arc = self.parent_arc[has]
        total = np.zeros((len(units), trees, size))
        for number, each in enumerate(units):
            total[number][has] = each[arc]
        up = np.broadcast_to(np.arange(size), (trees, size)).copy()
        up[has] = self.network.arcs.tail[arc]
        row = np.arange(trees)[:, None]
        while True:
            further = up[row, up]
            if bool((further == up).all()):
                return list(total[:, np.searchsorted(self.sources, sources), targets])
            total += total[:, row, up]
            up = further

    def load(self, sources: IntArray, targets: IntArray, persons: FloatArray) -> FloatArray:
        """Return how many people pass each arc, if so many go from each source to its target."""
        passing = np.zeros(len(self.network.arcs))
        for source, target, people in zip(
            sources.tolist(), targets.tolist(), persons.tolist(), strict=True
        ):
            passing[self.arcs(source, target)] += people
        return passing


def grow_trees(
    network: Network, usable: BoolArray, weights: IntArray, sources: IntArray
) -> tuple[FloatArray, Trees]:
    """Return the distance of every node from each source, and the ways there.

    Parameters
    ----------
    network
        The network.
    usable, weights
        Of each arc: whether it is open, and what it costs in whole units.
    sources
        Nodes, ascending, int32.

    Returns
    -------
    distance
        float64, shape (sources, nodes); `inf`: unreachable.
    trees
        Of parallel arcs the cheapest, of these the first.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> arcs = len(network.arcs)
    >>> distance, trees = grow_trees(
    ...     network, np.ones(arcs, bool), np.ones(arcs, np.int32), np.array([0], np.int32)
    ... )
    >>> float(distance[0, 0]), len(trees.arcs(0, 0))
    (0.0, 0)
    """
    size = len(network.nodes)
    matrix, kept = cheapest_arcs(network, usable, weights)
    if len(sources):
        distance, parent = dijkstra(
            matrix, directed=True, indices=sources, return_predecessors=True
        )
        distance, parent = np.atleast_2d(distance), np.atleast_2d(parent)
    else:
        distance, parent = np.empty((0, size)), np.empty((0, size), dtype=np.int32)
    parent_arc = np.full(parent.shape, -1, dtype=np.int32)
    has = parent >= 0
    if bool(has.any()):
        t, h = network.arcs.tail[kept], network.arcs.head[kept]
        key = t.astype(np.int64) * size + h
        wanted = (
            parent[has].astype(np.int64) * size
            + np.broadcast_to(np.arange(size), parent.shape)[has]
        )
        parent_arc[has] = kept[np.searchsorted(key, wanted)]
    return distance, Trees(network=network, sources=sources, parent_arc=parent_arc)


def cheapest_arcs(
    network: Network, usable: BoolArray, weights: IntArray
) -> tuple[csr_array, IntArray]:
    """Return costs between nodes as a matrix: a sparse one would add up parallel arcs.

    Parameters
    ----------
    network, usable, weights
        See `grow_trees`.

    Returns
    -------
    matrix
        float64, shape (nodes, nodes).
    kept
        The arc behind each entry, int32: the cheapest of parallel ones, the first of equals.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> arcs = len(network.arcs)
    >>> matrix, kept = cheapest_arcs(network, np.ones(arcs, bool), np.ones(arcs, np.int32))
    >>> matrix.nnz == len(kept)
    True
    """
    size = len(network.nodes)
    open_arcs = np.flatnonzero(usable).astype(np.int32)
    tail, head = network.arcs.tail[open_arcs], network.arcs.head[open_arcs]
    # a sparse matrix would add up parallel arcs: keep the cheapest, the first of equals
    order = np.lexsort((open_arcs, weights[open_arcs], head, tail))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (tail[order][1:] != tail[order][:-1]) | (head[order][1:] != head[order][:-1])
    kept = open_arcs[order[first]]
    t, h = network.arcs.tail[kept], network.arcs.head[kept]
    pointer = np.searchsorted(t, np.arange(size + 1)).astype(np.int32)
    matrix = csr_array((weights[kept].astype(np.float64), h.astype(np.int32), pointer),
                       shape=(size, size))  # fmt: skip
    return matrix, kept

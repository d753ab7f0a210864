# ruff: noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917
"""What happens to people if one thing after the other is taken out of a network.

Plain Python that numba can compile: small networks do without. Ways run towards one node, the
`sink`. Arcs are sorted by tail, `pointer` has one entry per node and one more; `into` lists the
arcs by head. Every arc carries the number of the thing that it belongs to in `label` (-1: none).
"""

from heapq import heappop, heappush

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FAR = 1 << 60
"""The distance of a node from which no way leads to the sink."""

LONGEST = 1 << 59
"""The limit of those who have none: below `FAR`, and exact as a float."""


def grow_tree(
    tail: Ints, weight: Ints, into_pointer: Ints, into: Ints, sink: int
) -> tuple[Ints, Ints, Ints]:
    """Return each node's distance to the sink, the arc it leaves by, and the nodes in order."""
    size = into_pointer.size - 1
    distance = np.full(size, FAR, np.int64)
    leaves_by = np.full(size, -1, np.int64)
    order = np.empty(size, np.int64)
    done = np.zeros(size, np.bool_)
    settled = 0
    distance[sink] = 0
    heap = [(np.int64(0), np.int64(sink))]
    while len(heap) > 0:
        reached, node = heappop(heap)
        if done[node]:
            continue
        done[node] = True
        order[settled] = node
        settled += 1
        for i in range(into_pointer[node], into_pointer[node + 1]):
            arc = into[i]
            other = tail[arc]
            further = reached + weight[arc]
            if further < distance[other]:
                distance[other] = further
                leaves_by[other] = arc
                heappush(heap, (further, other))
    return distance, leaves_by, order[:settled]


def measure_removals(
    pointer: Ints,
    tail: Ints,
    head: Ints,
    weight: Ints,
    into_pointer: Ints,
    into: Ints,
    label: Ints,
    things: int,
    by_node: bool,  # noqa: FBT001
    distance: Ints,
    leaves_by: Ints,
    order: Ints,
    group_pointer: Ints,
    persons: Floats,
    limit: Ints,
) -> Floats:
    """Return what each thing does to people when it is taken away, one after the other.

    Only nodes whose least way uses the thing are looked at again, and only from there: the
    distance of all others cannot change (Ramalingam & Reps 1996).

    Parameters
    ----------
    pointer, tail, head, weight, into_pointer, into, label
        The graph.
    things
        How many things there are: labels, or nodes 0 to `things` - 1.
    by_node
        Things are nodes, and `label` does not count.
    distance, leaves_by, order
        From `grow_tree`.
    group_pointer
        Which groups are at each node; one more entry than nodes.
    persons, limit
        Of each group: people, and the longest way that they can stand.

    Returns
    -------
    numpy.ndarray
        float64, shape (things, 6): people whose least way uses it; of these, people left without
        any way; people who no longer reach within the limit; what they all spent before
        (person-units), what those who still reach spent before, and what these spend afterwards.
    """
    size = distance.size
    found = np.zeros((things, 6), np.float64)
    # people below each node of the tree, and its children
    below = np.zeros(size, np.float64)
    for node in range(size):
        for group in range(group_pointer[node], group_pointer[node + 1]):
            if distance[node] <= limit[group]:
                below[node] += persons[group]
    child_pointer = np.zeros(size + 1, np.int64)
    for i in range(order.size - 1, 0, -1):
        node = order[i]
        parent = head[leaves_by[node]]
        below[parent] += below[node]
        child_pointer[parent + 1] += 1
    for node in range(size):
        child_pointer[node + 1] += child_pointer[node]
    child = np.empty(max(order.size - 1, 1), np.int64)
    filled = child_pointer[:-1].copy()
    for i in range(1, order.size):
        node = order[i]
        parent = head[leaves_by[node]]
        child[filled[parent]] = node
        filled[parent] += 1
    # roots of what each thing cuts off: nodes that leave by it
    root_pointer = np.zeros(things + 1, np.int64)
    for i in range(1, order.size):
        node = order[i]
        thing = head[leaves_by[node]] if by_node else label[leaves_by[node]]
        if 0 <= thing < things and below[node] > 0:
            root_pointer[thing + 1] += 1
    for thing in range(things):
        root_pointer[thing + 1] += root_pointer[thing]
    root = np.empty(max(root_pointer[things], 1), np.int64)
    at = root_pointer[:-1].copy()
    for i in range(1, order.size):
        node = order[i]
        thing = head[leaves_by[node]] if by_node else label[leaves_by[node]]
        if 0 <= thing < things and below[node] > 0:
            root[at[thing]] = node
            at[thing] += 1
    mark = np.full(size, -1, np.int64)
    settled = np.full(size, -1, np.int64)
    again = np.full(size, FAR, np.int64)
    cut = np.empty(size, np.int64)
    for thing in range(things):
        if root_pointer[thing] == root_pointer[thing + 1]:
            continue
        if by_node:
            mark[thing] = thing
            settled[thing] = thing
        count = 0
        waiting = 0
        for i in range(root_pointer[thing], root_pointer[thing + 1]):
            if mark[root[i]] != thing:
                mark[root[i]] = thing
                cut[count] = root[i]
                count += 1
        i = 0
        while i < count:
            node = cut[i]
            i += 1
            if group_pointer[node] < group_pointer[node + 1]:
                waiting += 1
            for j in range(child_pointer[node], child_pointer[node + 1]):
                if mark[child[j]] != thing:
                    mark[child[j]] = thing
                    cut[count] = child[j]
                    count += 1
        heap = [(np.int64(0), np.int64(0))]
        heap.pop()
        for i in range(count):
            node = cut[i]
            best = FAR
            for arc in range(pointer[node], pointer[node + 1]):
                if mark[head[arc]] == thing or (not by_node and label[arc] == thing):
                    continue
                if distance[head[arc]] < FAR:
                    best = min(best, int(distance[head[arc]] + weight[arc]))
            again[node] = best
            if best < FAR:
                heappush(heap, (np.int64(best), np.int64(node)))
        while len(heap) > 0 and waiting > 0:
            reached, taken = heappop(heap)
            node = int(taken)
            if settled[node] == thing:
                continue
            settled[node] = thing
            if group_pointer[node] < group_pointer[node + 1]:
                waiting -= 1
            for i in range(into_pointer[node], into_pointer[node + 1]):
                arc = into[i]
                other = tail[arc]
                if mark[other] != thing or settled[other] == thing:
                    continue
                if not by_node and label[arc] == thing:
                    continue
                further = reached + weight[arc]
                if further < again[other]:
                    again[other] = further
                    heappush(heap, (further, other))
        for i in range(count):
            node = cut[i]
            for group in range(group_pointer[node], group_pointer[node + 1]):
                if distance[node] > limit[group]:
                    continue
                found[thing, 0] += persons[group]
                found[thing, 3] += persons[group] * distance[node]
                if again[node] >= FAR:
                    found[thing, 1] += persons[group]
                if again[node] > limit[group]:
                    found[thing, 2] += persons[group]
                else:
                    found[thing, 4] += persons[group] * distance[node]
                    found[thing, 5] += persons[group] * again[node]
    return found

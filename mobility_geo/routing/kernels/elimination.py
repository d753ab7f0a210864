# ruff: noqa: C901, PLR2004
"""The symbolic phase: which arcs a hierarchy has, from an order of elimination."""

import numpy as np

from mobility_geo.routing.kernels.compiled import Bytes, Ints, Longs, compiled


@compiled
def permute(pointer: Longs, adjacent: Ints, order: Ints, rank: Ints) -> tuple[Longs, Ints]:
    """Return the adjacency of a graph whose nodes are renumbered by rank."""
    nodes = order.size
    to_pointer = np.zeros(nodes + 1, np.int64)
    to_adjacent = np.empty(adjacent.size, np.int32)
    position = 0
    for new in range(nodes):
        old = order[new]
        for entry in range(pointer[old], pointer[old + 1]):
            to_adjacent[position] = rank[adjacent[entry]]
            position += 1
        to_pointer[new + 1] = position
    return to_pointer, to_adjacent


@compiled
def elimination_tree(pointer: Longs, adjacent: Ints) -> Ints:
    """Return the parent of each node (-1: a root), by Liu's algorithm with compressed paths."""
    nodes = pointer.size - 1
    parent = np.full(nodes, -1, np.int32)
    ancestor = np.full(nodes, -1, np.int32)
    for node in range(nodes):
        for entry in range(pointer[node], pointer[node + 1]):
            climb = adjacent[entry]
            while climb != -1 and climb < node:
                following = ancestor[climb]
                ancestor[climb] = node
                if following == -1:
                    parent[climb] = node
                    break
                climb = following
    return parent


@compiled
def postorder(parent: Ints) -> Ints:
    """Return the nodes in postorder: the same arcs arise, but subtrees lie together in memory."""
    nodes = parent.size
    first = np.full(nodes, -1, np.int32)
    sibling = np.full(nodes, -1, np.int32)
    root = -1
    for node in range(nodes - 1, -1, -1):
        above = parent[node]
        if above >= 0:
            sibling[node] = first[above]
            first[above] = node
        else:
            sibling[node] = root
            root = node
    found = np.empty(nodes, np.int32)
    stack = np.empty(nodes, np.int32)
    count = 0
    while root >= 0:
        size = 1
        stack[0] = root
        while size > 0:
            node = stack[size - 1]
            child = first[node]
            if child >= 0:
                first[node] = sibling[child]
                stack[size] = child
                size += 1
            else:
                found[count] = node
                count += 1
                size -= 1
        root = sibling[root]
    return found


@compiled
def chordal_arcs(pointer: Longs, adjacent: Ints) -> tuple[Ints, Longs, Ints]:
    """Return parents and the up-graph: input arcs, and those that elimination adds."""
    nodes = pointer.size - 1
    mark = np.full(nodes, -1, np.int32)
    parent = np.full(nodes, -1, np.int32)
    first = np.full(nodes, -1, np.int32)
    sibling = np.full(nodes, -1, np.int32)
    capacity = np.int64(adjacent.size * 2 + nodes)
    head = np.empty(capacity, np.int32)
    up_pointer = np.zeros(nodes + 1, np.int64)
    found = np.empty(nodes, np.int32)
    filled = np.int64(0)
    for node in range(nodes):
        count = 0
        mark[node] = node
        for entry in range(pointer[node], pointer[node + 1]):
            above = adjacent[entry]
            if above > node and mark[above] != node:
                mark[above] = node
                found[count] = above
                count += 1
        child = first[node]
        while child >= 0:
            for arc in range(up_pointer[child], up_pointer[child + 1]):
                above = head[arc]
                if mark[above] != node:
                    mark[above] = node
                    found[count] = above
                    count += 1
            child = sibling[child]
        if filled + count > capacity:
            capacity = np.int64((filled + count) * 3 // 2 + 1000)
            larger = np.empty(capacity, np.int32)
            larger[:filled] = head[:filled]
            head = larger
        if count <= 32:  # sorting by insertion spares a call and a copy
            for i in range(1, count):
                value = found[i]
                j = i
                while j > 0 and found[j - 1] > value:
                    found[j] = found[j - 1]
                    j -= 1
                found[j] = value
        else:
            found[:count] = np.sort(found[:count])
        head[filled : filled + count] = found[:count]
        filled += count
        up_pointer[node + 1] = filled
        if count > 0:
            above = found[0]
            parent[node] = above
            sibling[node] = first[above]
            first[above] = node
    return parent, up_pointer, head[:filled].copy()


@compiled
def arc_tails(pointer: Longs, tail: Ints) -> None:
    """Fill in the lower node of each arc."""
    for node in range(pointer.size - 1):
        for arc in range(pointer[node], pointer[node + 1]):
            tail[arc] = node


@compiled
def arcs_by_head(pointer: Longs, head: Ints) -> tuple[Longs, Ints, Ints]:
    """Return the arcs that enter each node from below, by tail: pointer, arc, tail."""
    nodes = pointer.size - 1
    down_pointer = np.zeros(nodes + 1, np.int64)
    for arc in range(head.size):
        down_pointer[head[arc] + 1] += 1
    for node in range(nodes):
        down_pointer[node + 1] += down_pointer[node]
    free = down_pointer[:-1].copy()
    down_arc = np.empty(head.size, np.int32)
    down_tail = np.empty(head.size, np.int32)
    for node in range(nodes):
        for arc in range(pointer[node], pointer[node + 1]):
            slot = free[head[arc]]
            down_arc[slot] = arc
            down_tail[slot] = node
            free[head[arc]] = slot + 1
    return down_pointer, down_arc, down_tail


@compiled
def place_inputs(
    pointer: Longs, head: Ints, tail: Ints, to: Ints, arc_of: Ints, upward: Bytes
) -> None:
    """Find the arc that each input arc lies on (-1: a loop), and whether it runs upward."""
    for i in range(tail.size):
        low, high = min(tail[i], to[i]), max(tail[i], to[i])
        upward[i] = 1 if tail[i] < to[i] else 0
        if low == high:
            arc_of[i] = -1
            continue
        left, right = pointer[low], pointer[low + 1]
        while left < right:
            middle = (left + right) >> 1
            if head[middle] < high:
                left = middle + 1
            else:
                right = middle
        arc_of[i] = left


@compiled
def inputs_by_arc(arc_of: Ints, arcs: int) -> tuple[Ints, Ints]:
    """Return the input arcs that lie on each arc, ascending: pointer, input arc."""
    pointer = np.zeros(arcs + 1, np.int32)
    for i in range(arc_of.size):
        if arc_of[i] >= 0:
            pointer[arc_of[i] + 1] += 1
    for arc in range(arcs):
        pointer[arc + 1] += pointer[arc]
    free = pointer[:-1].copy()
    input_arc = np.empty(pointer[arcs], np.int32)
    for i in range(arc_of.size):
        arc = arc_of[i]
        if arc >= 0:
            input_arc[free[arc]] = i
            free[arc] += 1
    return pointer, input_arc


@compiled
def count_steps(
    pointer: Longs, down_pointer: Longs, down_arc: Ints, down_tail: Ints, parent: Ints, depth: Ints
) -> Longs:
    """Return the lower triangles of all nodes before each one, and fill in depths (root: 0)."""
    nodes = parent.size
    before = np.zeros(nodes + 1, np.int64)
    for node in range(nodes):
        steps = np.int64(0)
        for entry in range(down_pointer[node], down_pointer[node + 1]):
            steps += pointer[down_tail[entry] + 1] - down_arc[entry] - 1
        before[node + 1] = before[node] + steps
    for node in range(nodes - 1, -1, -1):
        above = parent[node]
        depth[node] = 0 if above < 0 else depth[above] + 1
    return before

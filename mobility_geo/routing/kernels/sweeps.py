# ruff: noqa: C901, PLR0912, PLR0913, PLR0917
"""Costs between every node and some ends: up from the ends, then down over all nodes."""

import numpy as np

from mobility_geo.routing.kernels.compiled import (
    INF,
    LIMIT,
    Bytes,
    Ints,
    Longs,
    Words,
    compiled,
)

NOTHING = INF << 32
"""The key of a node that is not reached. A key is a cost, and the label below it."""


@compiled
def mark_ancestors(parent: Ints, ends: Ints) -> Ints:
    """Return the ancestors of some nodes, themselves included, ascending."""
    mark = np.zeros(parent.size, np.bool_)
    count = 0
    for i in range(ends.size):
        node = ends[i]
        while node >= 0 and not mark[node]:
            mark[node] = True
            count += 1
            node = parent[node]
    found = np.empty(count, np.int32)
    count = 0
    for node in range(parent.size):
        if mark[node]:
            found[count] = node
            count += 1
    return found


@compiled
def climb(
    pointer: Longs, head: Ints, cost: Ints, ancestors: Ints, seed_node: Ints, seed_key: Longs,
    key: Longs,
) -> None:  # fmt: skip
    """Fill in the keys of ancestors by ways that only climb; of ties the lesser label wins."""
    for i in range(ancestors.size):
        key[ancestors[i]] = NOTHING
    for i in range(seed_node.size):
        key[seed_node[i]] = min(key[seed_node[i]], seed_key[i])
    for i in range(ancestors.size):
        node = ancestors[i]
        mine = key[node]
        if mine < NOTHING:
            for arc in range(pointer[node], pointer[node + 1]):
                reached = mine + (np.int64(cost[arc]) << 32)
                key[head[arc]] = min(key[head[arc]], reached)


@compiled
def descend(pointer: Longs, head: Ints, cost: Ints, ancestors: Ints, key: Longs) -> None:
    """Fill in the keys of all nodes; those of ancestors hold what climbing found."""
    next_ancestor = ancestors.size - 1
    for node in range(pointer.size - 2, -1, -1):
        best = np.int64(NOTHING)
        if next_ancestor >= 0 and ancestors[next_ancestor] == node:
            best = key[node]
            next_ancestor -= 1
        for arc in range(pointer[node], pointer[node + 1]):
            best = min(best, key[head[arc]] + (np.int64(cost[arc]) << 32))
        key[node] = best


@compiled
def read_keys(key: Longs, rank: Ints, distance: Ints, label: Ints) -> int:
    """Take keys apart, in the order of nodes; return the first node over the limit, or -1."""
    over = -1
    for node in range(rank.size):
        mine = key[rank[node]]
        cost = mine >> 32
        distance[node] = cost
        label[node] = mine & 0xFFFFFFFF if cost < INF else -1
        if LIMIT <= cost < INF and over < 0:
            over = node
    return over


@compiled
def descend_changes(
    pointer: Longs, head: Ints, down_pointer: Longs, down_arc: Ints, down_tail: Ints, tail: Ints,
    cost: Ints, ancestors: Ints, climbed: Longs, new_climbed: Longs, changed_arc: Ints,
    everything: int, slot: Ints, pending: Bytes, words: Words, key: Longs,
    log_node: Ints, log_key: Longs,
) -> int:  # fmt: skip
    """Change the keys that changed costs change, from above; return how many were logged.

    `slot` is the position of a node among the ancestors, or -1.
    """
    nodes = pointer.size - 1
    for i in range(changed_arc.size):
        pending[tail[changed_arc[i]]] = 1
    for i in range(ancestors.size):
        if climbed[i] != new_climbed[i]:
            pending[ancestors[i]] = 1
    logged = 0
    for word in range(words.size - 1, -1, -1):
        if words[word] == 0 and not everything:
            continue
        for node in range(min(8 * word + 7, nodes - 1), 8 * word - 1, -1):
            if pending[node] == 0 and not everything:
                continue
            pending[node] = 0
            best = np.int64(NOTHING)
            if slot[node] >= 0:
                best = new_climbed[slot[node]]
            for arc in range(pointer[node], pointer[node + 1]):
                best = min(best, key[head[arc]] + (np.int64(cost[arc]) << 32))
            before = key[node]
            if best == before:
                continue
            key[node] = best
            log_node[logged] = node
            log_key[logged] = before
            logged += 1
            if everything:
                continue
            for entry in range(down_pointer[node], down_pointer[node + 1]):
                below = down_tail[entry]
                more = np.int64(cost[down_arc[entry]]) << 32
                if best + more < key[below] or before + more == key[below]:
                    pending[below] = 1
    return logged


@compiled
def swap_keys(log_node: Ints, log_key: Longs, key: Longs) -> None:
    """Exchange logged keys with those that hold now."""
    for i in range(log_node.size):
        key[log_node[i]], log_key[i] = log_key[i], key[log_node[i]]


@compiled
def grow_trees(
    pointer: Longs, head: Ints, rank: Ints, climbing: Ints, descending: Ints, ancestors: Ints,
    seed_pointer: Ints, seed_node: Ints, seed_offset: Ints, lanes: int, label: Ints, out: Ints,
) -> int:  # fmt: skip
    """Fill in costs from some ends to all nodes; return an end that is over the limit, or -1."""
    nodes = pointer.size - 1
    used = seed_pointer.size - 1
    # indices that cannot be negative let the compiler use vector instructions
    width = np.uintp(lanes)
    for i in range(ancestors.size):
        mine = np.uintp(ancestors[i]) * width
        for lane in range(width):
            label[mine + lane] = INF
    for end in range(used):
        for entry in range(seed_pointer[end], seed_pointer[end + 1]):
            place = seed_node[entry] * np.int64(lanes) + end
            label[place] = min(label[place], seed_offset[entry])
    for i in range(ancestors.size):
        node = ancestors[i]
        mine = np.uintp(node) * width
        for arc in range(pointer[node], pointer[node + 1]):
            cost = climbing[arc]
            if cost < INF:
                theirs = np.uintp(head[arc]) * width
                for lane in range(width):
                    label[theirs + lane] = min(
                        label[theirs + lane], np.int32(label[mine + lane] + cost)
                    )
    next_ancestor = ancestors.size - 1
    for node in range(nodes - 1, -1, -1):
        mine = np.uintp(node) * width
        if next_ancestor >= 0 and ancestors[next_ancestor] == node:
            next_ancestor -= 1
        else:
            for lane in range(width):
                label[mine + lane] = INF
        for arc in range(pointer[node], pointer[node + 1]):
            cost = descending[arc]
            if cost < INF:
                theirs = np.uintp(head[arc]) * width
                for lane in range(width):
                    label[mine + lane] = min(
                        label[mine + lane], np.int32(label[theirs + lane] + cost)
                    )
    over = -1
    # nodes in blocks, so that what is read stays near until all ends are written
    for begin in range(0, nodes, 256):
        for end in range(used):
            highest = np.int32(0)
            for node in range(begin, min(begin + 256, nodes)):
                cost = label[rank[node] * np.int64(lanes) + end]
                out[end, node] = cost
                highest = max(highest, cost if cost < INF else np.int32(0))
            if highest >= LIMIT:
                over = end
    return over

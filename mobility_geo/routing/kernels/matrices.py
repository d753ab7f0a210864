# ruff: noqa: C901, PLR0912, PLR0913, PLR0917
"""Costs between many origins and many destinations, many destinations side by side.

Rows of the working array are the ancestors of all ends. They are few, as all paths that a
hierarchy looks at lead through them.
"""

import numpy as np

from mobility_geo.routing.kernels.compiled import (
    INF,
    LIMIT,
    Bytes,
    Ints,
    Longs,
    compiled,
)


@compiled
def find_ancestors(
    parent: Ints, pointer: Longs, head: Ints, sources: Ints, targets: Ints
) -> tuple[Ints, Longs, Ints, Bytes]:
    """Return the ancestors of both kinds of ends, ascending, and the arcs between them.

    Returns node of each row, pointer and row of the head of each arc, and of whom a row is an
    ancestor: 1 targets, 2 sources, 3 both.
    """
    mark = np.zeros(parent.size, np.uint8)
    count = 0
    for bit, ends in ((1, targets), (2, sources)):
        for i in range(ends.size):
            node = ends[i]
            while node >= 0 and mark[node] & bit == 0:
                count += mark[node] == 0
                mark[node] |= bit
                node = parent[node]
    node_of = np.empty(count, np.int32)
    side = np.empty(count, np.uint8)
    row_pointer = np.zeros(count + 1, np.int64)
    row_of = np.empty(parent.size, np.int32)
    row = 0
    for node in range(parent.size):
        if mark[node]:
            row_of[node] = row
            node_of[row] = node
            side[row] = mark[node]
            row_pointer[row + 1] = row_pointer[row] + pointer[node + 1] - pointer[node]
            row += 1
    row_head = np.empty(row_pointer[count], np.int32)
    entry = 0
    for row in range(count):
        node = node_of[row]
        for arc in range(pointer[node], pointer[node + 1]):
            row_head[entry] = row_of[head[arc]]
            entry += 1
    return node_of, row_pointer, row_head, side


@compiled
def fill_matrix(
    pointer: Longs, node_of: Ints, row_pointer: Longs, row_head: Ints, side: Bytes,
    up: Ints, down: Ints, source_pointer: Ints, source_row: Ints, source_offset: Ints,
    target_pointer: Ints, target_row: Ints, target_offset: Ints, lanes: int, label: Ints, out: Ints,
) -> bool:  # fmt: skip
    """Fill in costs; return whether a label on the way reached the limit though it is finite."""
    rows = node_of.size
    targets = target_pointer.size - 1
    sources = source_pointer.size - 1
    # indices that cannot be negative let the compiler use vector instructions
    width = np.uintp(lanes)
    over = False
    for begin in range(0, targets, lanes):
        used = min(lanes, targets - begin)
        label[:] = INF
        for lane in range(used):
            for entry in range(target_pointer[begin + lane], target_pointer[begin + lane + 1]):
                place = target_row[entry] * np.int64(lanes) + lane
                label[place] = min(label[place], target_offset[entry])
        for row in range(rows):
            if side[row] & 1:
                mine = np.uintp(row) * width
                shift = pointer[node_of[row]] - row_pointer[row]
                for entry in range(row_pointer[row], row_pointer[row + 1]):
                    cost = down[entry + shift]
                    if cost < INF:
                        theirs = np.uintp(row_head[entry]) * width
                        for i in range(width):
                            label[theirs + i] = min(
                                label[theirs + i], np.int32(label[mine + i] + cost)
                            )
        for row in range(rows - 1, -1, -1):
            if side[row] & 2:
                mine = np.uintp(row) * width
                shift = pointer[node_of[row]] - row_pointer[row]
                for entry in range(row_pointer[row], row_pointer[row + 1]):
                    cost = up[entry + shift]
                    if cost < INF:
                        theirs = np.uintp(row_head[entry]) * width
                        for i in range(width):
                            label[mine + i] = min(
                                label[mine + i], np.int32(label[theirs + i] + cost)
                            )
        missing = False
        for source in range(sources):
            for lane in range(used):
                best = np.int32(INF)
                for entry in range(source_pointer[source], source_pointer[source + 1]):
                    place = source_row[entry] * np.int64(lanes) + lane
                    best = min(best, np.int32(label[place] + source_offset[entry]))
                out[source, begin + lane] = best
                missing |= best == INF
        if missing and not over:
            highest = np.int32(0)
            for place in range(label.size):
                highest = max(highest, label[place] if label[place] < INF else np.int32(0))
            over = bool(highest >= LIMIT)
    return over


@compiled
def choose_accesses(
    cost: Ints, source_pointer: Ints, source_column: Ints, source_offset: Ints,
    target_pointer: Ints, target_column: Ints, target_offset: Ints,
    total: Ints, start: Ints, stop: Ints,
) -> None:  # fmt: skip
    """Take the best pair of accesses of each pair of ends from costs between their nodes.

    Of equals the first access of the origin counts, then the first one of the destination.
    """
    for source in range(source_pointer.size - 1):
        for target in range(target_pointer.size - 1):
            best = np.int32(INF)
            one = two = np.int32(-1)
            for i in range(source_pointer[source], source_pointer[source + 1]):
                for j in range(target_pointer[target], target_pointer[target + 1]):
                    between = cost[source_column[i], target_column[j]]
                    if between == INF:
                        continue
                    reached = np.int64(between) + source_offset[i] + target_offset[j]
                    if reached < best or best == INF:
                        best = np.int32(min(reached, INF - 1))  # over the limit, yet finite
                        one, two = np.int32(i), np.int32(j)
            total[source, target] = best
            start[source, target] = one
            stop[source, target] = two

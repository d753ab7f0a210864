# ruff: noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917
"""Ways as input arcs, and people pushed along them.

Ties are broken the same way everywhere, so that loads are the sum of ways: the lowest node where
a way turns from climbing to descending, the lowest neighbour that reaches a node, an input arc
before a detour, the lowest detour; of input arcs the cheapest, then the first one. That also
makes ways simple: whoever leaves a circle of cost 0 out of a way finds one of lower nodes.
"""

import numpy as np

from mobility_geo.routing.kernels.compiled import (
    INF,
    LIMIT,
    Bytes,
    Floats,
    Ints,
    Longs,
    Words,
    compiled,
)


@compiled
def _climb_chain(
    start: int, parent: Ints, depth: Ints, pointer: Longs, head: Ints, cost: Ints,
    reached: Ints, through: Ints, chain: Ints, label: Ints, via: Ints,
) -> bool:  # fmt: skip
    """Fill in, by depth, the ancestors of a node, their costs and the arcs that reach them.

    `label` is infinite everywhere between calls. Returns whether a cost reached the limit though
    it is finite.
    """
    node = start
    over = False
    label[node] = 0
    via[node] = -1
    while node >= 0:
        mine = label[node]
        label[node] = INF
        level = depth[node]
        chain[level] = node
        reached[level] = mine
        through[level] = via[node]
        if mine < INF:
            over |= mine >= LIMIT
            for arc in range(pointer[node], pointer[node + 1]):
                there = mine + cost[arc]
                if there < label[head[arc]]:
                    label[head[arc]] = there
                    via[head[arc]] = arc
        node = parent[node]
    return over


@compiled
def _find_turn(
    one_chain: Ints, one_reached: Ints, one_depth: int,
    two_chain: Ints, two_reached: Ints, two_depth: int,
) -> tuple[int, np.int32]:  # fmt: skip
    """Return the depth of the lowest node where the cheapest way turns, and its cost; -1: none."""
    low, high = 0, min(one_depth, two_depth) + 1
    while low < high:  # ancestors are common down to some depth
        middle = (low + high) >> 1
        if one_chain[middle] == two_chain[middle]:
            low = middle + 1
        else:
            high = middle
    best = np.int32(INF)
    for level in range(low):
        best = min(best, np.int32(one_reached[level] + two_reached[level]))
    if best == INF:
        return -1, best
    level = low - 1
    while one_reached[level] + two_reached[level] != best:
        level -= 1
    return level, best


@compiled
def _cheapest_input(
    arc: int, wanted: int, input_pointer: Ints, input_arc: Ints, upward: Bytes, weights: Ints
) -> int:
    """Return the first input arc on an arc that costs as much as the arc upward; -1: none.

    `wanted` is 1 for upward, 0 for downward; the cost is that of the cheapest input arc.
    """
    best = np.int32(INF)
    found: int = -1
    for entry in range(input_pointer[arc], input_pointer[arc + 1]):
        i = input_arc[entry]
        if upward[i] == wanted and weights[i] < best:
            best = weights[i]
            found = i
    return found


@compiled
def _lowest_detour(
    arc: int, rising: int, tail: Ints, head: Ints, down_pointer: Longs, down_arc: Ints,
    down_tail: Ints, up: Ints, down: Ints,
) -> tuple[np.int32, np.int32]:  # fmt: skip
    """Return the two arcs of the lowest triangle that an arc costs as much as: below tail, head."""
    i, i_end = down_pointer[tail[arc]], down_pointer[tail[arc] + 1]
    j, j_end = down_pointer[head[arc]], down_pointer[head[arc] + 1]
    while i < i_end and j < j_end:
        if down_tail[i] == down_tail[j]:
            one, two = down_arc[i], down_arc[j]
            if rising:
                if down[one] + up[two] == up[arc]:
                    return one, two
            elif down[two] + up[one] == down[arc]:
                return one, two
            i += 1
            j += 1
        elif down_tail[i] < down_tail[j]:
            i += 1
        else:
            j += 1
    return np.int32(-1), np.int32(-1)


@compiled
def unpack_ways(
    sources: Ints, targets: Ints, parent: Ints, depth: Ints, pointer: Longs, head: Ints,
    tail: Ints, down_pointer: Longs, down_arc: Ints, down_tail: Ints, input_pointer: Ints,
    input_arc: Ints, upward: Bytes, weights: Ints, up: Ints, down: Ints, way_pointer: Longs,
) -> Ints:  # fmt: skip
    """Return the input arcs of one way per pair; a way that does not exist has none."""
    deepest = 0
    for node in range(depth.size):
        deepest = max(deepest, depth[node])
    reached = np.empty((2, deepest + 1), np.int32)
    through = np.empty((2, deepest + 1), np.int32)
    chain = np.empty((2, deepest + 1), np.int32)
    label = np.full(parent.size, INF, np.int32)
    via = np.empty(parent.size, np.int32)
    found = np.empty(1024, np.int32)
    filled = 0
    stack = np.empty(1024, np.int64)
    for pair in range(sources.size):
        source, target = sources[pair], targets[pair]
        way_pointer[pair + 1] = filled
        if source < 0 or target < 0 or source == target:
            continue
        _climb_chain(source, parent, depth, pointer, head, up,
                    reached[0], through[0], chain[0], label, via)  # fmt: skip
        _climb_chain(target, parent, depth, pointer, head, down,
                    reached[1], through[1], chain[1], label, via)  # fmt: skip
        turn, _ = _find_turn(chain[0], reached[0], depth[source],
                             chain[1], reached[1], depth[target])  # fmt: skip
        if turn < 0:
            continue
        # the stack holds arcs still to unpack, the next one on top: twice the arc, 1 for upward
        size = 0
        level = turn
        while through[1, level] >= 0:
            size += 1
            level = depth[tail[through[1, level]]]
        if size + 2 > stack.size:
            stack = np.empty(2 * size + 2, np.int64)
        level = turn
        for i in range(size):
            arc = through[1, level]
            stack[size - 1 - i] = 2 * np.int64(arc)
            level = depth[tail[arc]]
        level = turn
        while through[0, level] >= 0:
            arc = through[0, level]
            if size + 2 > stack.size:
                larger = np.empty(2 * stack.size, np.int64)
                larger[:size] = stack[:size]
                stack = larger
            stack[size] = 2 * np.int64(arc) + 1
            size += 1
            level = depth[tail[arc]]
        while size > 0:
            size -= 1
            rising = stack[size] & 1
            arc = stack[size] >> 1
            i = _cheapest_input(arc, rising, input_pointer, input_arc, upward, weights)
            if i >= 0 and weights[i] == (up[arc] if rising else down[arc]):
                if filled == found.size:
                    larger_found = np.empty(2 * filled, np.int32)
                    larger_found[:filled] = found
                    found = larger_found
                found[filled] = i
                filled += 1
                continue
            one, two = _lowest_detour(arc, rising, tail, head, down_pointer, down_arc, down_tail,
                                      up, down)  # fmt: skip
            if size + 2 > stack.size:
                larger = np.empty(2 * stack.size, np.int64)
                larger[:size] = stack[:size]
                stack = larger
            if rising:  # down from the tail, up to the head
                stack[size] = 2 * np.int64(two) + 1
                stack[size + 1] = 2 * np.int64(one)
            else:
                stack[size] = 2 * np.int64(one) + 1
                stack[size + 1] = 2 * np.int64(two)
            size += 2
        way_pointer[pair + 1] = filled
    return found[:filled].copy()


@compiled
def _doubled(table: Longs) -> Longs:
    """Return a table with room for twice the rows."""
    larger = np.empty((2 * table.shape[0], table.shape[1]), np.int64)
    larger[: table.shape[0]] = table
    return larger


@compiled
def sum_ways(
    sources: Ints, targets: Ints, pair_pointer: Longs, pair_target: Ints, parent: Ints,
    depth: Ints, pointer: Longs, head: Ints, tail: Ints, down_pointer: Longs, down_arc: Ints,
    down_tail: Ints, input_pointer: Ints, input_arc: Ints, upward: Bytes, weights: Ints,
    up: Ints, down: Ints, values: Ints, place: Ints, out: Longs,
) -> None:  # fmt: skip
    """Sum values of input arcs along the ways of pairs, without listing the arcs of each.

    What an arc sums up to is kept for all ways that lead over it. `values` has a row per input
    arc, `place` is 0 for each arc in both directions, `out` a row per pair.
    """
    deepest = 0
    for i in range(sources.size):
        deepest = max(deepest, depth[sources[i]])
    for i in range(targets.size):
        deepest = max(deepest, depth[targets[i]])
    label = np.full(parent.size, INF, np.int32)
    via = np.empty(parent.size, np.int32)
    shape = (targets.size, deepest + 1)
    chains = np.empty(shape, np.int32)
    reached = np.empty(shape, np.int32)
    through = np.empty(shape, np.int32)
    chain = np.empty(deepest + 1, np.int32)
    mine = np.empty(deepest + 1, np.int32)
    mine_through = np.empty(deepest + 1, np.int32)
    for j in range(targets.size):
        _climb_chain(targets[j], parent, depth, pointer, head, down,
                     reached[j], through[j], chains[j], label, via)  # fmt: skip
    width = values.shape[1]
    known = np.empty((1024, width), np.int64)
    filled = 1  # a place of 0 says that nothing is kept yet
    stack = np.empty((1024, 3), np.int64)
    wanted = np.empty(2 * deepest + 2, np.int64)
    for i in range(sources.size):
        if pair_pointer[i] == pair_pointer[i + 1]:
            continue
        own_depth = depth[sources[i]]
        _climb_chain(sources[i], parent, depth, pointer, head, up,
                     mine, mine_through, chain, label, via)  # fmt: skip
        for pair in range(pair_pointer[i], pair_pointer[i + 1]):
            j = pair_target[pair]
            out[pair, :] = 0
            turn, _ = _find_turn(chain, mine, own_depth, chains[j], reached[j], depth[targets[j]])
            if turn < 0:
                continue
            count = 0
            level = turn
            while mine_through[level] >= 0:
                wanted[count] = 2 * np.int64(mine_through[level]) + 1
                count += 1
                level = depth[tail[mine_through[level]]]
            level = turn
            while through[j, level] >= 0:
                wanted[count] = 2 * np.int64(through[j, level])
                count += 1
                level = depth[tail[through[j, level]]]
            for number in range(count):
                stack[0] = wanted[number], -1, -1
                size = 1
                while size > 0:
                    code, one, two = stack[size - 1]
                    if place[code] > 0:
                        size -= 1
                        continue
                    arc, rising = code >> 1, code & 1
                    if one < 0:
                        entry = _cheapest_input(arc, rising, input_pointer, input_arc, upward,
                                                weights)  # fmt: skip
                        if entry >= 0 and weights[entry] == (up[arc] if rising else down[arc]):
                            if filled == len(known):
                                known = _doubled(known)
                            known[filled] = values[entry]
                            place[code] = filled
                            filled += 1
                            size -= 1
                            continue
                        below, above = _lowest_detour(arc, rising, tail, head, down_pointer,
                                                      down_arc, down_tail, up, down)  # fmt: skip
                        # down from the tail and up to the head, or the other way round
                        one = 2 * np.int64(below) + (0 if rising else 1)
                        two = 2 * np.int64(above) + (1 if rising else 0)
                        stack[size - 1, 1], stack[size - 1, 2] = one, two
                    if size + 2 > len(stack):
                        stack = _doubled(stack)
                    if place[one] == 0:
                        stack[size] = one, -1, -1
                        size += 1
                    if place[two] == 0 and two != one:
                        stack[size] = two, -1, -1
                        size += 1
                    if place[one] > 0 and place[two] > 0:
                        if filled == len(known):
                            known = _doubled(known)
                        for column in range(width):
                            known[filled, column] = (
                                known[place[one], column] + known[place[two], column]
                            )
                        place[code] = filled
                        filled += 1
                        size -= 1
                for column in range(width):
                    out[pair, column] += known[place[wanted[number]], column]


@compiled
def group_flows(
    people: Floats, start: Ints, stop: Ints, row_of: Ints, column_of: Ints, rows: int,
    first: int, last: int, least: float,
) -> tuple[Longs, Ints, Floats]:  # fmt: skip
    """List the flows above `least` of pairs that have a way, by the node that they leave.

    `row_of` and `column_of` are the numbers of the nodes of accesses. Only columns from `first`
    to before `last` are listed, counted from `first`. Returns pointer, column and flow.
    """
    pointer = np.zeros(rows + 1, np.int64)
    for i in range(people.shape[0]):
        for j in range(people.shape[1]):
            if people[i, j] > least and start[i, j] >= 0 and first <= column_of[stop[i, j]] < last:
                pointer[row_of[start[i, j]] + 1] += 1
    for row in range(rows):
        pointer[row + 1] += pointer[row]
    free = pointer[:-1].copy()
    column = np.empty(pointer[rows], np.int32)
    flow = np.empty(pointer[rows], np.float64)
    for i in range(people.shape[0]):
        for j in range(people.shape[1]):
            if people[i, j] > least and start[i, j] >= 0 and first <= column_of[stop[i, j]] < last:
                row = row_of[start[i, j]]
                column[free[row]] = column_of[stop[i, j]] - first
                flow[free[row]] = people[i, j]
                free[row] += 1
    return pointer, column, flow


@compiled
def climb_flows(
    sources: Ints, targets: Ints, flow_pointer: Longs, flow_target: Ints, flow: Floats,
    parent: Ints, depth: Ints, pointer: Longs, head: Ints, tail: Ints, up: Ints, down: Ints,
    flow_up: Floats, flow_down: Floats, pending: Bytes, first: int, cost: Ints,
) -> bool:  # fmt: skip
    """Put the flow of each pair on the arcs of its way, without unpacking them.

    Fills in what each listed pair costs, in the columns from `first`, and returns whether a cost
    on the way reached the limit though it is finite.
    """
    over = False
    deepest = 0
    for i in range(sources.size):
        deepest = max(deepest, depth[sources[i]])
    for i in range(targets.size):
        deepest = max(deepest, depth[targets[i]])
    label = np.full(parent.size, INF, np.int32)
    via = np.empty(parent.size, np.int32)
    shape = (targets.size, deepest + 1)
    chains = np.empty(shape, np.int32)
    reached = np.empty(shape, np.int32)
    through = np.empty(shape, np.int32)
    falling = np.zeros(shape, np.float64)
    chain = np.empty(deepest + 1, np.int32)
    mine = np.empty(deepest + 1, np.int32)
    mine_through = np.empty(deepest + 1, np.int32)
    rising = np.zeros(deepest + 1, np.float64)
    for j in range(targets.size):
        over |= _climb_chain(targets[j], parent, depth, pointer, head, down,
                             reached[j], through[j], chains[j], label, via)  # fmt: skip
    for i in range(sources.size):
        if flow_pointer[i] == flow_pointer[i + 1]:
            continue
        own_depth = depth[sources[i]]
        over |= _climb_chain(sources[i], parent, depth, pointer, head, up,
                             mine, mine_through, chain, label, via)  # fmt: skip
        for entry in range(flow_pointer[i], flow_pointer[i + 1]):
            j = flow_target[entry]
            turn, best = _find_turn(chain, mine, own_depth,
                                    chains[j], reached[j], depth[targets[j]])  # fmt: skip
            cost[i, first + j] = best
            if turn >= 0:
                rising[turn] += flow[entry]
                falling[j, turn] += flow[entry]
        for level in range(own_depth + 1):
            amount = rising[level]
            rising[level] = 0.0
            arc = mine_through[level]
            if amount > 0 and arc >= 0:
                flow_up[arc] += amount
                pending[tail[arc]] = 1
                rising[depth[tail[arc]]] += amount
    for j in range(targets.size):
        for level in range(depth[targets[j]] + 1):
            amount = falling[j, level]
            arc = through[j, level]
            if amount > 0 and arc >= 0:
                flow_down[arc] += amount
                pending[tail[arc]] = 1
                falling[j, depth[tail[arc]]] += amount
    return over


@compiled
def push_flows(
    pointer: Longs, head: Ints, tail: Ints, down_pointer: Longs, down_arc: Ints, down_tail: Ints,
    input_pointer: Ints, input_arc: Ints, upward: Bytes, steps_before: Longs, weights: Ints,
    up: Ints, down: Ints, flow_up: Floats, flow_down: Floats, pending: Bytes, words: Words,
    out: Floats,
) -> None:  # fmt: skip
    """Push flow down from each arc to the two that it stands for, until all is on input arcs."""
    nodes = pointer.size - 1
    place = np.full(nodes, -1, np.int32)
    for word in range(words.size - 1, -1, -1):
        if words[word] == 0:
            continue
        for node in range(min(8 * word + 7, nodes - 1), 8 * word - 1, -1):
            if pending[node] == 0:
                continue
            pending[node] = 0
            mine, mine_end = down_pointer[node], down_pointer[node + 1]
            left = 0
            merging = np.int64(0)
            for arc in range(pointer[node], pointer[node + 1]):
                if flow_up[arc] > 0:
                    i = _cheapest_input(arc, 1, input_pointer, input_arc, upward, weights)
                    if i >= 0 and weights[i] == up[arc]:
                        out[i] += flow_up[arc]
                        flow_up[arc] = 0.0
                if flow_down[arc] > 0:
                    i = _cheapest_input(arc, 0, input_pointer, input_arc, upward, weights)
                    if i >= 0 and weights[i] == down[arc]:
                        out[i] += flow_down[arc]
                        flow_down[arc] = 0.0
                open_flows = (flow_up[arc] > 0) + (flow_down[arc] > 0)
                if open_flows:
                    left += open_flows
                    other = head[arc]
                    merging += open_flows * (
                        mine_end - mine + down_pointer[other + 1] - down_pointer[other]
                    )
            if left == 0:
                continue
            if merging <= 2 * (steps_before[node + 1] - steps_before[node]):
                for arc in range(pointer[node], pointer[node + 1]):
                    if flow_up[arc] > 0:
                        one, two = _lowest_detour(arc, 1, tail, head, down_pointer, down_arc,
                                                  down_tail, up, down)  # fmt: skip
                        flow_down[one] += flow_up[arc]
                        flow_up[two] += flow_up[arc]
                        flow_up[arc] = 0.0
                        pending[tail[one]] = 1
                    if flow_down[arc] > 0:
                        one, two = _lowest_detour(arc, 0, tail, head, down_pointer, down_arc,
                                                  down_tail, up, down)  # fmt: skip
                        flow_down[two] += flow_down[arc]
                        flow_up[one] += flow_down[arc]
                        flow_down[arc] = 0.0
                        pending[tail[one]] = 1
                continue
            for arc in range(pointer[node], pointer[node + 1]):
                place[head[arc]] = arc
            for entry in range(mine, mine_end):
                one = down_arc[entry]
                below = down_tail[entry]
                to_below, from_below = down[one], up[one]
                for above in range(one + 1, pointer[below + 1]):
                    arc = place[head[above]]
                    if flow_up[arc] > 0 and to_below + up[above] == up[arc]:
                        flow_down[one] += flow_up[arc]
                        flow_up[above] += flow_up[arc]
                        flow_up[arc] = 0.0
                        pending[below] = 1
                        left -= 1
                    if flow_down[arc] > 0 and down[above] + from_below == down[arc]:
                        flow_down[above] += flow_down[arc]
                        flow_up[one] += flow_down[arc]
                        flow_down[arc] = 0.0
                        pending[below] = 1
                        left -= 1
                if left == 0:
                    break

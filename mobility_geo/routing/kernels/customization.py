# ruff: noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917, PLR2004
"""Costs of all arcs of a hierarchy from costs of input arcs: all of them, or what changes."""

import numpy as np

from mobility_geo.routing.kernels.compiled import INF, LIMIT, Bytes, Ints, Longs, Words, compiled


@compiled
def find_bad_weight(weights: Ints) -> int:
    """Return the first weight that is neither below the limit nor infinite, or -1."""
    for i in range(weights.size):
        if (weights[i] < 0 or weights[i] >= LIMIT) and weights[i] != INF:
            return i
    return -1


@compiled
def _lower_triangles(
    node: int, pointer: Longs, head: Ints, down_pointer: Longs, down_arc: Ints, down_tail: Ints,
    place: Ints, up: Ints, down: Ints,
) -> None:  # fmt: skip
    """Lower the costs of the arcs of a node by way of all its lower neighbours."""
    for entry in range(down_pointer[node], down_pointer[node + 1]):
        one = down_arc[entry]
        below = down_tail[entry]
        to_below = down[one]
        from_below = up[one]
        for two in range(one + 1, pointer[below + 1]):
            arc = place[head[two]]
            cost = to_below + up[two]
            up[arc] = min(up[arc], cost)
            cost = down[two] + from_below
            down[arc] = min(down[arc], cost)


@compiled
def _own_costs(
    arc: int, input_pointer: Ints, input_arc: Ints, upward: Bytes, weights: Ints
) -> tuple[np.int32, np.int32]:
    """Return what an arc costs by its input arcs alone, upward and downward."""
    one = np.int32(INF)
    two = np.int32(INF)
    for entry in range(input_pointer[arc], input_pointer[arc + 1]):
        i = input_arc[entry]
        if upward[i]:
            one = min(one, weights[i])
        else:
            two = min(two, weights[i])
    return one, two


@compiled
def customize_some(
    pointer: Longs, head: Ints, tail: Ints, down_pointer: Longs, down_arc: Ints, down_tail: Ints,
    steps_before: Longs, input_pointer: Ints, input_arc: Ints, arc_of: Ints, upward: Bytes,
    changed_input: Ints, changed_weight: Ints, allowance: int, weights: Ints, up: Ints, down: Ints,
    pending: Bytes, words: Words, flag: Bytes, count: Ints, place: Ints, old_weight: Ints,
    log_arc: Ints, log_up: Ints, log_down: Ints,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Compute the metric anew where it changes.

    Nodes are treated from below. An arc is computed anew if a cost that it was the minimum of
    rises, or one falls below it. When the steps taken so far exceed what a full customization
    would have taken so far by more than the allowance, this stops, and the rest is to be computed
    in full. Returns entries logged, change in finite costs over the limit, steps, and the node
    where it stopped.
    """
    nodes = pointer.size - 1
    for i in range(changed_input.size):
        changed = changed_input[i]
        old_weight[i] = weights[changed]
        if weights[changed] == changed_weight[i]:
            continue
        weights[changed] = changed_weight[i]
        arc = arc_of[changed]
        if arc >= 0 and flag[arc] == 0:
            flag[arc] = 1
            count[tail[arc]] += 1
            pending[tail[arc]] = 1
    most = 0
    for node in range(nodes):
        most = max(most, pointer[node + 1] - pointer[node])
    old_up = np.empty(most, np.int32)
    old_down = np.empty(most, np.int32)
    changes = np.empty(most, np.int32)
    logged = 0
    over = 0
    steps = 0
    switch = nodes
    for word in range(words.size):
        if switch < nodes:
            break
        if words[word] == 0:
            continue
        for node in range(8 * word, min(8 * word + 8, nodes)):
            if pending[node] == 0:
                continue
            if steps > allowance + steps_before[node]:
                switch = node
                break
            pending[node] = 0
            flagged = count[node]
            count[node] = 0
            begin, end = pointer[node], pointer[node + 1]
            mine, mine_end = down_pointer[node], down_pointer[node + 1]
            merging = 0
            seen = 0
            for arc in range(begin, end):
                if flag[arc]:
                    other = head[arc]
                    merging += mine_end - mine + down_pointer[other + 1] - down_pointer[other]
                    seen += 1
                    if seen == flagged:
                        break
            sweeping = steps_before[node + 1] - steps_before[node] + mine_end - mine
            if merging <= 2 * sweeping:
                for arc in range(begin, end):
                    if flag[arc] == 0:
                        continue
                    old_up[arc - begin] = up[arc]
                    old_down[arc - begin] = down[arc]
                    one, two = _own_costs(arc, input_pointer, input_arc, upward, weights)
                    i, j = mine, down_pointer[head[arc]]
                    j_end = down_pointer[head[arc] + 1]
                    while i < mine_end and j < j_end:
                        if down_tail[i] == down_tail[j]:
                            a, b = down_arc[i], down_arc[j]
                            one = min(one, np.int32(down[a] + up[b]))
                            two = min(two, np.int32(down[b] + up[a]))
                            i += 1
                            j += 1
                        elif down_tail[i] < down_tail[j]:
                            i += 1
                        else:
                            j += 1
                    up[arc] = one
                    down[arc] = two
                steps += merging // 2
            else:
                for arc in range(begin, end):
                    place[head[arc]] = arc
                    old_up[arc - begin] = up[arc]
                    old_down[arc - begin] = down[arc]
                    if flag[arc]:
                        up[arc], down[arc] = _own_costs(
                            arc, input_pointer, input_arc, upward, weights
                        )
                # costs of arcs without a flag are minima already, and stay
                _lower_triangles(
                    node, pointer, head, down_pointer, down_arc, down_tail, place, up, down
                )
                steps += sweeping
            moved = 0
            for arc in range(begin, end):
                if flag[arc] == 0:
                    continue
                flag[arc] = 0
                one, two = old_up[arc - begin], old_down[arc - begin]
                if up[arc] != one or down[arc] != two:
                    flag[arc] = 2
                    changes[moved] = arc
                    moved += 1
                    log_arc[logged] = arc
                    log_up[logged] = one
                    log_down[logged] = two
                    logged += 1
                    over += _over(up[arc]) + _over(down[arc]) - _over(one) - _over(two)
            if moved == 0:
                continue
            next_change = 0
            for one_arc in range(begin, end):
                whole = flag[one_arc] == 2
                if whole:
                    next_change += 1
                elif next_change == moved:
                    break
                low = head[one_arc]
                target = pointer[low]
                many = end - one_arc - 1 if whole else moved - next_change
                steps += 2 * many
                if whole:
                    was_down, was_up = old_down[one_arc - begin], old_up[one_arc - begin]
                else:
                    was_down, was_up = down[one_arc], up[one_arc]
                for step in range(many):
                    two_arc = one_arc + 1 + step if whole else changes[next_change + step]
                    if flag[two_arc] == 2:
                        two_up, two_down = old_up[two_arc - begin], old_down[two_arc - begin]
                    else:
                        two_up, two_down = up[two_arc], down[two_arc]
                    up_before = min(was_down + two_up, INF)
                    up_now = min(down[one_arc] + up[two_arc], INF)
                    down_before = min(two_down + was_up, INF)
                    down_now = min(down[two_arc] + up[one_arc], INF)
                    if up_before == up_now and down_before == down_now:
                        continue
                    high = head[two_arc]
                    while head[target] < high:
                        target += 1
                    if flag[target] == 0 and (
                        up_now < up[target]
                        or (up_before < up_now and up_before == up[target])
                        or down_now < down[target]
                        or (down_before < down_now and down_before == down[target])
                    ):
                        flag[target] = 1
                        count[low] += 1
                        pending[low] = 1
            for i in range(moved):
                flag[changes[i]] = 0
    return logged, over, steps, switch


@compiled
def customize_above(
    switch: int, pointer: Longs, head: Ints, down_pointer: Longs, down_arc: Ints, down_tail: Ints,
    arc_of: Ints, upward: Bytes, weights: Ints, up: Ints, down: Ints, pending: Bytes, flag: Bytes,
    count: Ints, place: Ints,
) -> int:  # fmt: skip
    """Compute all costs of arcs from a node on, those below being right; return the change."""
    nodes = pointer.size - 1
    first = pointer[switch]
    pending[switch:] = 0
    count[switch:] = 0
    flag[first:] = 0
    over = -_count_over(up, first) - _count_over(down, first)
    up[first:] = INF
    down[first:] = INF
    for i in range(arc_of.size):
        arc = arc_of[i]
        if arc < first:
            continue
        if upward[i]:
            up[arc] = min(up[arc], weights[i])
        else:
            down[arc] = min(down[arc], weights[i])
    for node in range(switch, nodes):
        if down_pointer[node + 1] > down_pointer[node]:
            for arc in range(pointer[node], pointer[node + 1]):
                place[head[arc]] = arc
            _lower_triangles(
                node, pointer, head, down_pointer, down_arc, down_tail, place, up, down
            )
    return over + _count_over(up, first) + _count_over(down, first)


@compiled
def _count_over(cost: Ints, first: int) -> int:
    """Count, from an arc on, the costs that are finite but over the limit."""
    over = 0
    for arc in range(first, cost.size):
        over += (cost[arc] >= LIMIT) & (cost[arc] < INF)
    return over


@compiled
def _over(cost: int) -> int:
    """Return 1 for a cost that is finite but over the limit."""
    return 1 if LIMIT <= cost < INF else 0


@compiled
def restore_costs(
    log_arc: Ints, log_up: Ints, log_down: Ints, all_up: Ints, all_down: Ints, input_arc: Ints,
    old_weight: Ints, weights: Ints, up: Ints, down: Ints,
) -> None:  # fmt: skip
    """Put back logged costs, those of all last arcs, and weights, the last ones first."""
    up[up.size - all_up.size :] = all_up
    down[down.size - all_down.size :] = all_down
    for i in range(log_arc.size):
        up[log_arc[i]] = log_up[i]
        down[log_arc[i]] = log_down[i]
    for i in range(input_arc.size - 1, -1, -1):
        weights[input_arc[i]] = old_weight[i]

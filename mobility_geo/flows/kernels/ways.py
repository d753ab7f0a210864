# ruff: noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917
"""Ways of each pair kept one by one, and people shifted between them until none is quicker.

Ways of a pair are a chain (`way_next`) of pieces of one long list of links, each from the
destination back to the origin, so that equal ways have equal sums to the last bit.
"""

import math

import numpy as np

from mobility_geo.routing.kernels.compiled import Bytes, Floats, Ints, Longs, compiled

SETTLED = -2
"""`place` of the first node that is settled; the next ones count down from it."""

USUAL_POWER = 4.0
"""Of the curve of the Bureau of Public Roads: no call of a power function is needed."""

CLOSE_ENOUGH = 0.25
"""A shift is good when so much of the difference between two ways is left."""


@compiled
def cost_and_slope(
    base: float, rise: float, capacity: float, power: float, toll: float, stiffness: float,
    throughput: float, flow: float,
) -> tuple[float, float]:  # fmt: skip
    """Return the cost of a link at a flow, and how it grows with the flow."""
    cost = base
    slope = 0.0
    if rise > 0.0:
        ratio = flow / capacity
        if power == USUAL_POWER:
            cube = ratio * ratio * ratio
            cost += rise * cube * ratio
            slope = 4.0 * rise * cube / capacity
        elif power == 1.0:
            cost += rise * ratio
            slope = rise / capacity
        elif ratio > 0.0:
            term = rise * ratio**power
            cost += term
            slope = power * term / flow
        elif power < 1.0:
            slope = math.inf
    if stiffness > 0.0:
        queue = toll + stiffness * (flow - throughput)
        if queue > 0.0:
            cost += queue
            slope += stiffness
    return cost, slope


@compiled
def price_links(curves: Floats, flow: Floats, cost: Floats, slope: Floats) -> None:
    """Fill in cost and slope of every link; the rows of `curves` are the parameters, in order."""
    for link in range(flow.size):
        row = curves[link]
        cost[link], slope[link] = cost_and_slope(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], flow[link]
        )


@compiled
def grow_tree(
    origin: int, pointer: Longs, out_head: Ints, out_link: Ints, through: Bytes, cost: Floats,
    extra: Floats, distance: Floats, parent: Ints, heap: Ints, place: Ints,
) -> None:  # fmt: skip
    """Find the least cost to every node, and the link by which it is entered (-1: none).

    `place` holds, for a node that is reached, -2 less its number in the order of settling.
    """
    distance[:] = np.inf
    parent[:] = -1
    place[:] = -1
    distance[origin] = 0.0
    heap[0] = origin
    place[origin] = 0
    size = 1
    settled = 0
    while size > 0:
        node = heap[0]
        place[node] = SETTLED - settled
        settled += 1
        size -= 1
        if size > 0:
            # the last one goes down from the top
            last = heap[size]
            key = distance[last]
            at = 0
            while True:
                child = 4 * at + 1
                if child >= size:
                    break
                best = child
                for other in range(child + 1, min(child + 4, size)):
                    if distance[heap[other]] < distance[heap[best]]:
                        best = other
                if distance[heap[best]] >= key:
                    break
                heap[at] = heap[best]
                place[heap[at]] = at
                at = best
            heap[at] = last
            place[last] = at
        if not through[node] and node != origin:
            continue
        mine = distance[node]
        for row in range(pointer[node], pointer[node + 1]):
            other = out_head[row]
            if place[other] <= SETTLED:
                continue
            link = out_link[row]
            reached = mine + cost[link] + extra[link]
            if reached < distance[other]:
                distance[other] = reached
                parent[other] = link
                at = place[other]
                if at < 0:
                    at = size
                    size += 1
                while at > 0:
                    up = (at - 1) // 4
                    if distance[heap[up]] <= reached:
                        break
                    heap[at] = heap[up]
                    place[heap[at]] = at
                    at = up
                heap[at] = other
                place[other] = at


@compiled
def sum_way(links: Ints, start: int, length: int, cost: Floats, extra: Floats) -> float:
    """Return the cost of a way."""
    total = 0.0
    for i in range(start, start + length):
        total += cost[links[i]] + extra[links[i]]
    return total


@compiled
def shift(
    one: int, two: int, way_start: Longs, way_length: Ints, way_flow: Floats, links: Ints,
    curves: Floats, flow: Floats, cost: Floats, slope: Floats, extra: Floats, stamp: Ints,
    apart: Ints,
) -> None:  # fmt: skip
    """Move people from way `one` to way `two` until they cost nearly the same, or all moved."""
    for i in range(way_start[one], way_start[one] + way_length[one]):
        stamp[links[i]] = 1
    here = 0
    for i in range(way_start[two], way_start[two] + way_length[two]):
        link = links[i]
        if stamp[link] == 1:
            stamp[link] = 2
        else:
            apart[here] = link
            here += 1
    entered = here
    for i in range(way_start[one], way_start[one] + way_length[one]):
        link = links[i]
        if stamp[link] == 1:
            apart[here] = link
            here += 1
        stamp[link] = 0
    before = 0.0
    steep = 0.0
    for i in range(here):
        link = apart[i]
        sign = -1.0 if i < entered else 1.0
        before += sign * (cost[link] + extra[link])
        steep += slope[link]
    most = way_flow[one]
    if before <= 0.0 or most <= 0.0:
        return
    low = 0.0
    high = most
    bounded = False
    step = most
    if steep > 0.0:
        step = min(most, before / steep)
    if not step > 0.0:
        step = 0.5 * most
    for _ in range(60):
        after = 0.0
        steep = 0.0
        for i in range(here):
            link = apart[i]
            row = curves[link]
            sign = 1.0 if i < entered else -1.0
            price, rising = cost_and_slope(
                row[0], row[1], row[2], row[3], row[4], row[5], row[6],
                max(0.0, flow[link] + sign * step),
            )  # fmt: skip
            after -= sign * (price + extra[link])
            steep += rising
        if abs(after) <= CLOSE_ENOUGH * before:
            break
        if after > 0.0:
            if step >= most:
                break
            low = step
        else:
            high = step
            bounded = True
        if high - low <= 1e-15 * most:
            # a cost that jumps: stay on the side where people gain
            step = low
            break
        following = step + after / steep if 0.0 < steep < math.inf else math.inf
        if not bounded and following >= most:
            following = most
        elif not low < following < high:
            following = 0.5 * (low + high)
        step = following
    way_flow[one] -= step
    if way_flow[one] < 0.0 or step >= most:
        way_flow[one] = 0.0
    way_flow[two] += step
    for i in range(here):
        link = apart[i]
        sign = 1.0 if i < entered else -1.0
        flow[link] = max(0.0, flow[link] + sign * step)
        row = curves[link]
        cost[link], slope[link] = cost_and_slope(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], flow[link]
        )


@compiled
def balance_pair(
    pair: int, first: Ints, way_start: Longs, way_length: Ints, way_flow: Floats,
    way_next: Ints, links: Ints, curves: Floats, flow: Floats, cost: Floats, slope: Floats,
    extra: Floats, stamp: Ints, apart: Ints, negligible: float,
    kept_from: int,
) -> tuple[float, float]:  # fmt: skip
    """Shift people of a pair to its cheapest way; return what they overpaid, and paid, before.

    Ways that nobody takes any more leave the chain, but for those of links from `kept_from` on.
    """
    cheapest = -1
    least = math.inf
    paid = 0.0
    going = 0.0
    way = first[pair]
    while way >= 0:
        price = sum_way(links, way_start[way], way_length[way], cost, extra)
        if price < least:
            least = price
            cheapest = way
        paid += way_flow[way] * price
        going += way_flow[way]
        way = way_next[way]
    over = paid - least * going
    if over <= negligible:
        return max(0.0, over), paid
    last = -1
    way = first[pair]
    while way >= 0:
        following = way_next[way]
        if way != cheapest:
            if way_flow[way] > 0.0:
                shift(
                    way, cheapest, way_start, way_length, way_flow, links, curves, flow, cost,
                    slope, extra, stamp, apart,
                )  # fmt: skip
            if way_flow[way] <= 0.0 and links[way_start[way]] < kept_from:
                if last < 0:
                    first[pair] = following
                else:
                    way_next[last] = following
                way = following
                continue
        last = way
        way = following
    return over, paid


@compiled
def balance_all(
    source_kind: Ints, source_pointer: Longs, extras: Floats, first: Ints, way_start: Longs,
    way_length: Ints, way_flow: Floats, way_next: Ints, links: Ints, curves: Floats,
    flow: Floats, cost: Floats, slope: Floats, stamp: Ints, apart: Ints, negligible: float,
    kept_from: int,
) -> float:  # fmt: skip
    """Balance every pair with several ways once; return what they overpaid before."""
    over = 0.0
    for source in range(source_kind.size):
        extra = extras[source_kind[source]]
        for pair in range(source_pointer[source], source_pointer[source + 1]):
            if first[pair] >= 0 and way_next[first[pair]] >= 0:
                over += balance_pair(
                    pair, first, way_start, way_length, way_flow, way_next, links, curves, flow,
                    cost, slope, extra, stamp, apart, negligible, kept_from,
                )[0]  # fmt: skip
    return over


@compiled
def extend_all(
    source_node: Ints, source_kind: Ints, source_pointer: Longs, target: Ints, demand: Floats,
    pointer: Longs, out_head: Ints, out_link: Ints, tail: Ints, through: Bytes, extras: Floats,
    first: Ints, way_start: Longs, way_length: Ints, way_flow: Floats, way_next: Ints,
    links: Ints, ways: int, used: int, curves: Floats, flow: Floats, cost: Floats,
    slope: Floats, stamp: Ints, apart: Ints, negligible: float, kept_from: int,
) -> tuple[Longs, Ints, Floats, Ints, Ints, int, int, float, float]:  # fmt: skip
    """Give every pair its quickest way, and balance it; source by source at costs as they are.

    Returns the ways (in larger arrays where they did not fit), how many of them and of their links
    there are, what people overpaid, and what they paid.
    """
    nodes = through.size
    distance = np.empty(nodes)
    parent = np.empty(nodes, np.int32)
    heap = np.empty(nodes, np.int32)
    place = np.empty(nodes, np.int32)
    over = 0.0
    paid = 0.0
    for source in range(source_node.size):
        extra = extras[source_kind[source]]
        origin = source_node[source]
        grow_tree(
            origin, pointer, out_head, out_link, through, cost, extra, distance, parent, heap, place
        )
        for pair in range(source_pointer[source], source_pointer[source + 1]):
            end = target[pair]
            if ways >= way_start.size:
                room = 2 * way_start.size
                longer_start = np.empty(room, np.int64)
                longer_start[:ways] = way_start[:ways]
                way_start = longer_start
                longer_length = np.empty(room, np.int32)
                longer_length[:ways] = way_length[:ways]
                way_length = longer_length
                longer_flow = np.empty(room)
                longer_flow[:ways] = way_flow[:ways]
                way_flow = longer_flow
                longer_next = np.empty(room, np.int32)
                longer_next[:ways] = way_next[:ways]
                way_next = longer_next
            if used + nodes > links.size:
                longer_links = np.empty(2 * links.size + nodes, np.int32)
                longer_links[:used] = links[:used]
                links = longer_links
            least = math.inf
            way = first[pair]
            while way >= 0:
                price = sum_way(links, way_start[way], way_length[way], cost, extra)
                least = min(least, price)
                way = way_next[way]
            if distance[end] < least:
                # costs may have moved since the tree grew
                node = end
                length = 0
                price = 0.0
                while node != origin:
                    link = parent[node]
                    links[used + length] = link
                    length += 1
                    price += cost[link] + extra[link]
                    node = tail[link]
                if price < least:
                    way_start[ways] = used
                    way_length[ways] = length
                    way_flow[ways] = 0.0
                    way_next[ways] = first[pair]
                    if math.isinf(least):
                        way_flow[ways] = demand[pair]
                        for i in range(used, used + length):
                            link = links[i]
                            flow[link] += demand[pair]
                            row = curves[link]
                            cost[link], slope[link] = cost_and_slope(
                                row[0], row[1], row[2], row[3], row[4], row[5], row[6], flow[link]
                            )
                    first[pair] = ways
                    ways += 1
                    used += length
            if first[pair] >= 0:
                more, spent = balance_pair(
                    pair, first, way_start, way_length, way_flow, way_next, links, curves, flow,
                    cost, slope, extra, stamp, apart, negligible, kept_from,
                )  # fmt: skip
                over += more
                paid += spent
    return way_start, way_length, way_flow, way_next, links, ways, used, over, paid


@compiled
def pack(
    first: Ints, way_start: Longs, way_length: Ints, way_flow: Floats, way_next: Ints,
    links: Ints, flow: Floats, slack: int,
) -> tuple[Longs, Ints, Floats, Ints, Ints, int, int]:  # fmt: skip
    """Copy the ways that are in a chain side by side, and count the flow of every link anew."""
    ways = 0
    used = 0
    for pair in range(first.size):
        way = first[pair]
        while way >= 0:
            ways += 1
            used += way_length[way]
            way = way_next[way]
    room = max(ways + ways // 2, first.size) + 16
    new_start = np.empty(room, np.int64)
    new_length = np.empty(room, np.int32)
    new_flow = np.empty(room)
    new_next = np.empty(room, np.int32)
    new_links = np.empty(used + used // 2 + slack, np.int32)
    flow[:] = 0.0
    ways = 0
    used = 0
    for pair in range(first.size):
        way = first[pair]
        last = -1
        while way >= 0:
            length = way_length[way]
            new_start[ways] = used
            new_length[ways] = length
            new_flow[ways] = way_flow[way]
            new_next[ways] = -1
            if last < 0:
                first[pair] = ways
            else:
                new_next[last] = ways
            for i in range(length):
                link = links[way_start[way] + i]
                new_links[used + i] = link
                flow[link] += way_flow[way]
            last = ways
            ways += 1
            used += length
            way = way_next[way]
    return new_start, new_length, new_flow, new_next, new_links, ways, used


@compiled
def measure_gap(
    source_node: Ints, source_kind: Ints, source_pointer: Longs, target: Ints, pointer: Longs,
    out_head: Ints, out_link: Ints, through: Bytes, extras: Floats, first: Ints,
    way_start: Longs, way_length: Ints, way_flow: Floats, way_next: Ints, links: Ints,
    cost: Floats, ceiling: Floats, least: Floats,
) -> tuple[float, float]:  # fmt: skip
    """Return what people pay, and what they would on least ways at the same costs.

    `least` is filled in with the least cost of each pair, `inf` where there is no way; nobody
    pays more than `ceiling`.
    """
    nodes = through.size
    distance = np.empty(nodes)
    parent = np.empty(nodes, np.int32)
    heap = np.empty(nodes, np.int32)
    place = np.empty(nodes, np.int32)
    paid = 0.0
    over = 0.0
    for source in range(source_node.size):
        extra = extras[source_kind[source]]
        grow_tree(
            source_node[source], pointer, out_head, out_link, through, cost, extra, distance,
            parent, heap, place,
        )  # fmt: skip
        for pair in range(source_pointer[source], source_pointer[source + 1]):
            best = min(distance[target[pair]], ceiling[pair])
            least[pair] = distance[target[pair]]
            way = first[pair]
            while way >= 0:
                price = sum_way(links, way_start[way], way_length[way], cost, extra)
                paid += way_flow[way] * price
                over += way_flow[way] * (price - best)
                way = way_next[way]
    return paid, over


@compiled
def load_efficient(
    source_node: Ints, source_kind: Ints, source_pointer: Longs, target: Ints, demand: Floats,
    pointer: Longs, out_head: Ints, out_link: Ints, through: Bytes, extras: Floats,
    reference: Floats, cost: Floats, theta: float, flow: Floats, satisfaction: Floats,
) -> None:  # fmt: skip
    """Load pairs on all ways that lead away from the origin, by logit; add to `flow` by class.

    A way leads away if every link ends farther from the origin than it starts, at reference
    costs; or as far, over a link of cost 0 to a node that is settled later. `satisfaction` is
    filled in: -log(sum of exp(-theta cost)) / theta.
    """
    nodes = through.size
    distance = np.empty(nodes)
    parent = np.empty(nodes, np.int32)
    heap = np.empty(nodes, np.int32)
    place = np.empty(nodes, np.int32)
    order = np.empty(nodes, np.int32)
    worth = np.empty(nodes)
    best = np.empty(nodes)
    total = np.empty(nodes)
    load = np.empty(nodes)
    for source in range(source_node.size):
        kind = source_kind[source]
        extra = extras[kind]
        origin = source_node[source]
        grow_tree(
            origin, pointer, out_head, out_link, through, reference, extra, distance, parent,
            heap, place,
        )  # fmt: skip
        count = 0
        for node in range(nodes):
            best[node] = -np.inf
            total[node] = 0.0
            worth[node] = -np.inf
            load[node] = 0.0
            if place[node] <= SETTLED:
                order[SETTLED - place[node]] = node
                count += 1
        best[origin] = 0.0
        total[origin] = 1.0
        for rank in range(count):
            node = order[rank]
            if total[node] <= 0.0:
                continue
            worth[node] = best[node] + math.log(total[node])
            if not through[node] and node != origin:
                continue
            for row in range(pointer[node], pointer[node + 1]):
                other = out_head[row]
                link = out_link[row]
                price = cost[link] + extra[link]
                if SETTLED - place[other] <= rank or math.isinf(price):
                    continue
                if distance[other] <= distance[node] and reference[link] + extra[link] > 0.0:
                    continue
                value = worth[node] - theta * price
                if value > best[other]:
                    total[other] = total[other] * math.exp(best[other] - value) + 1.0
                    best[other] = value
                else:
                    total[other] += math.exp(value - best[other])
        for pair in range(source_pointer[source], source_pointer[source + 1]):
            end = target[pair]
            satisfaction[pair] = -worth[end] / theta
            if worth[end] > -np.inf:
                load[end] += demand[pair]
        for rank in range(count - 1, -1, -1):
            node = order[rank]
            if worth[node] == -np.inf or (not through[node] and node != origin):
                continue
            for row in range(pointer[node], pointer[node + 1]):
                other = out_head[row]
                link = out_link[row]
                price = cost[link] + extra[link]
                if SETTLED - place[other] <= rank or load[other] <= 0.0 or math.isinf(price):
                    continue
                if distance[other] <= distance[node] and reference[link] + extra[link] > 0.0:
                    continue
                share = load[other] * math.exp(worth[node] - theta * price - worth[other])
                flow[kind, link] += share
                load[node] += share

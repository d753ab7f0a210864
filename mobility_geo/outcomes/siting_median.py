"""The p-median problem, solved to a proven gap: interchange, Lagrangian bound, a small rest."""

import contextlib
import ctypes
import heapq
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array

from mobility_geo.errors import InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Cutoff = Callable[[float], float]
"""From the value of an answer to the bound that proves it."""

STARTS: Final = 4
"""Searches from different first sets: one greedy, the others random."""

ITERATIONS: Final = 1500
"""Steps of the subgradient at most."""

PATIENCE: Final = 20
"""Steps without a better bound, after which the step is halved."""

LEAST_STEP: Final = 1e-4
TOLERANCE: Final = 1e-9
FEW_PAIRS: Final = 8_000
"""Up to so many pairs of client and site the rest goes to the whole-number solver."""

NODE_STEPS: Final = 60
"""Steps of the subgradient in each branch."""

SERVED: Final = 0.5
"""Above this a whole-number variable is 1."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Median:
    """Sites of a p-median problem with the proof of how good they are.

    Attributes
    ----------
    sites
        Columns that are open, in ascending order.
    value, bound
        Total cost of the sites, and a proven lower bound of every choice of sites.
    proven
        Whether the gap that was asked for is closed.
    """

    sites: tuple[int, ...]
    value: float
    bound: float
    proven: bool


def find_median(
    cost: FloatArray,
    *,
    sites: int,
    kept: tuple[int, ...] = (),
    start: tuple[int, ...] = (),
    rng: np.random.Generator,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> Median:
    """Choose sites that make the sum of each client's cost to the nearest one least.

    Parameters
    ----------
    cost
        float64, shape (clients, sites), >= 0, weights multiplied in; `inf`: forbidden. Some choice
        of sites must serve every client.
    sites
        How many are open, those kept among them.
    kept
        Columns that are open in any case.
    start
        Columns to begin from, such as a choice that is known to serve everybody.
    rng
        For the random starts.
    gap
        Relative gap at which to stop, ``(value - bound) / value``.
    time_limit_s
        When to stop; the bound says how far off the answer can be.

    Returns
    -------
    Median
        A value of `inf` means that no choice was found that serves every client.

    Notes
    -----
    Vertex substitution from several starts gives the sites. A Lagrangian relaxation of "every
    client has one site" gives the bound, and leaves out the sites and pairs that cannot be in a
    better answer. What is left is solved by branching on sites, with a Lagrangian bound in each
    branch, or, where it is small, in the radius formulation by HiGHS (`scipy.optimize.milp`).

    References
    ----------
    ReVelle, C. S., Swain, R. W. (1970). Central facilities location. doi
    10.1111/j.1538-4632.1970.tb00142.x. Whitaker, R. A. (1983). A fast algorithm for the greedy
    interchange for large-scale clustering and median location problems. doi
    10.1080/03155986.1983.11731889. Beasley, J. E. (1985). A note on solving large p-median
    problems. doi 10.1016/0377-2217(85)90040-2. Elloumi, S. (2010). A tighter formulation of the
    p-median problem. doi 10.1007/s10878-008-9162-0.

    Examples
    --------
    >>> line = np.abs(np.subtract.outer(np.arange(5.0), np.arange(5.0)))
    >>> found = find_median(line, sites=2, rng=np.random.default_rng(1))
    >>> found.value, found.bound, found.proven
    (3.0, 3.0, True)
    """
    end = time.monotonic() + time_limit_s
    finite = cost[np.isfinite(cost)]
    whole = bool(np.all(finite == np.rint(finite))) and float(finite.sum()) < 2.0**52
    # in a search only: dearer than any way of serving everybody
    barred = float(np.where(np.isfinite(cost), cost, 0).max(axis=1).sum()) + 1.0
    filled = np.where(np.isfinite(cost), cost, barred)
    best, value = _search(filled, sites, kept, start, rng, end)
    if sites >= cost.shape[1] or sites == len(kept):
        answer = value if value < barred else np.inf
        return Median(
            sites=tuple(int(one) for one in best), value=answer, bound=answer, proven=True
        )

    def cutoff(upper: float) -> float:
        """Return the bound from which on nothing better is left to find."""
        slack = TOLERANCE * max(1.0, upper)
        return max(upper - 1 + 1e-6 if whole else upper - slack, upper * (1 - gap) - slack)

    lagrange = _Lagrange(cost, sites, kept)
    best, value = lagrange.climb(filled, best, value, cutoff, end)
    bound = lagrange.bound
    if bound < cutoff(value):
        if lagrange.pairs(cutoff(value)).sum() <= FEW_PAIRS:
            found, bound = _solve_rest(lagrange, cutoff(value), gap, end - time.monotonic())
        else:
            found, bound = _branch(lagrange, value, cutoff, end)
        if found is not None and _total(filled, found) < value:
            best, value = found, _total(filled, found)
        bound = max(bound, lagrange.bound)
    bound = max(bound, 0.0)
    if whole:
        bound = float(np.ceil(bound - 1e-6))
    bound = min(bound, value)
    proven = value - bound <= gap * value + 2 * TOLERANCE * max(1.0, value)
    if value >= barred:
        value = np.inf
    return Median(sites=tuple(int(one) for one in best), value=value, bound=bound, proven=proven)


def _total(cost: FloatArray, open_sites: IntArray) -> float:
    return float(cost[:, open_sites].min(axis=1).sum())


def _search(
    cost: FloatArray,
    sites: int,
    kept: tuple[int, ...],
    start: tuple[int, ...],
    rng: np.random.Generator,
    end: float,
) -> tuple[IntArray, float]:
    """Return the best set of several searches."""
    others = np.setdiff1d(np.arange(cost.shape[1]), kept)
    best: IntArray | None = None
    value = np.inf
    begin = [np.array([*kept, *(one for one in start if one not in kept)], dtype=np.int64)]
    for first in itertools.chain(begin if start else [], _starts(cost, sites, kept, others, rng)):
        found, total = interchange(cost, first, len(kept), end)
        if best is None or total < value:
            best, value = found, total
        if time.monotonic() > end:
            break
    assert best is not None  # noqa: S101 # there is always the greedy start
    return np.sort(best), value


def _starts(
    cost: FloatArray,
    sites: int,
    kept: tuple[int, ...],
    others: IntArray,
    rng: np.random.Generator,
) -> Iterator[IntArray]:
    yield _greedy(cost, sites, kept)
    for _ in range(STARTS - 1):
        chosen = rng.permutation(others)[: sites - len(kept)]
        yield np.concatenate([np.asarray(kept, dtype=np.int64), chosen]).astype(np.int64)


def _greedy(cost: FloatArray, sites: int, kept: tuple[int, ...]) -> IntArray:
    """Add the site that helps most, one after another."""
    chosen = list(kept)
    nearest = cost[:, chosen].min(axis=1) if chosen else cost.max(axis=1)
    while len(chosen) < sites:
        gain = np.maximum(nearest[:, None] - cost, 0).sum(axis=0)
        gain[chosen] = -1
        one = int(gain.argmax())
        chosen.append(one)
        nearest = np.minimum(nearest, cost[:, one])
    return np.array(chosen, dtype=np.int64)


def interchange(cost: FloatArray, start: IntArray, kept: int, end: float) -> tuple[IntArray, float]:
    """Exchange one open site for a closed one while that helps, the best exchange each time.

    Parameters
    ----------
    cost
        float64, shape (clients, sites), finite.
    start
        Columns that are open; the first `kept` of them stay.
    kept
        How many stay.
    end
        Time of `time.monotonic` at which to stop.

    Returns
    -------
    sites
        Columns.
    value
        Total cost to the nearest one.

    Examples
    --------
    >>> line = np.abs(np.subtract.outer(np.arange(5.0), np.arange(5.0)))
    >>> interchange(line, np.array([0]), 0, float("inf"))[1]
    6.0
    """
    chosen = start.copy()
    clients, size = len(cost), len(chosen)
    rows = np.arange(clients)
    while True:
        mine = cost[:, chosen]
        first = mine.argmin(axis=1)
        nearest = mine[rows, first]
        if size > 1:
            mine[rows, first] = np.inf
            second = mine.min(axis=1)
        else:
            second = np.full(clients, cost.max() + 1)
        if kept == size or time.monotonic() > end:
            return chosen, float(nearest.sum())
        owner = csr_array((np.ones(clients), (rows, first)), shape=(clients, size))
        gain = np.maximum(nearest[:, None] - cost, 0).sum(axis=0)
        loss = owner.T @ (second - nearest)
        # who loses the site goes to the new one where that is nearer than the second
        saved = np.maximum(second[:, None] - np.maximum(cost, nearest[:, None]), 0)
        change = gain[:, None] - loss[None, :] + (owner.T @ saved).T
        change[:, :kept] = -np.inf
        change[chosen] = -np.inf
        one, other = np.unravel_index(int(change.argmax()), change.shape)
        if change[one, other] <= TOLERANCE * max(1.0, float(nearest.sum())):
            return chosen, float(nearest.sum())
        chosen[other] = one


class _Lagrange:
    """Bound of a p-median problem by multipliers of "every client has one site"."""

    def __init__(self, cost: FloatArray, sites: int, kept: tuple[int, ...]) -> None:
        self.cost, self.sites = cost, sites
        self.kept = np.zeros(cost.shape[1], dtype=bool)
        self.kept[list(kept)] = True
        self.bound = -np.inf
        self.multiplier = np.zeros(len(cost))
        self.reduced = np.zeros(cost.shape[1])
        self.live = np.ones(cost.shape[1], dtype=bool)

    def evaluate(self, multiplier: FloatArray) -> tuple[float, FloatArray, IntArray]:
        """Return the bound of multipliers, the worth of each site, and the sites it opens."""
        worth = np.zeros(self.cost.shape[1])
        live = np.flatnonzero(self.live)
        worth[live] = np.minimum(self.cost[:, live] - multiplier[:, None], 0).sum(axis=0)
        chosen = self.opened(worth)
        return float(multiplier.sum() + worth[chosen].sum()), worth, chosen

    def opened(self, worth: FloatArray) -> IntArray:
        """Return the sites that a relaxed answer opens: those kept, and the best others."""
        order = np.where(self.kept, -np.inf, np.where(self.live, worth, np.inf))
        chosen: IntArray = np.argsort(order, kind="stable")[: self.sites]
        return chosen

    def climb(  # noqa: C901 # one loop, told in its order
        self, filled: FloatArray, best: IntArray, value: float, cutoff: Cutoff, end: float
    ) -> tuple[IntArray, float]:
        """Raise the bound by subgradient steps; better sites found on the way are returned."""
        mine = np.sort(filled[:, best], axis=1)
        multiplier = mine[:, min(1, mine.shape[1] - 1)].copy()
        multiplier = np.minimum(multiplier, np.where(np.isfinite(self.cost), self.cost, 0).max(1))
        step, stale = 1.0, 0
        tried: set[tuple[int, ...]] = set()
        direction = np.zeros(len(multiplier))
        for number in range(ITERATIONS):
            bound, worth, chosen = self.evaluate(multiplier)
            if bound > self.bound + 1e-7 * abs(value):
                stale = 0
            else:
                stale += 1
            if bound > self.bound:
                self.bound = bound
                self.multiplier, self.reduced = multiplier.copy(), worth
                key = tuple(sorted(chosen.tolist()))
                if key not in tried and stale == 0:
                    tried.add(key)
                    total = _total(filled, chosen)
                    if total < value * 1.02 or number % 10 == 0:
                        order = np.argsort(~self.kept[chosen], kind="stable")
                        found, total = interchange(filled, chosen[order], int(self.kept.sum()), end)
                        chosen_best = np.sort(found)
                        if total < value:
                            best, value = chosen_best, total
                self.close(cutoff(value))
            if self.bound >= cutoff(value) or time.monotonic() > end:
                break
            if stale >= PATIENCE:
                step, stale = step / 2, 0
                multiplier = self.multiplier.copy()
                bound, worth, chosen = self.evaluate(multiplier)
                direction[:] = 0
                if step < LEAST_STEP:
                    break
            served = (self.cost[:, chosen] < multiplier[:, None]).sum(axis=1)
            slope = 1.0 - served
            direction = slope + 0.3 * direction
            norm = float(direction @ direction)
            if not slope.any() or norm == 0:
                break
            reach = max(1.01 * value - bound, 1e-6)
            multiplier = np.maximum(multiplier + step * reach / norm * direction, 0)
        return best, value

    def close(self, cutoff: float) -> None:
        """Take out sites that no better answer opens."""
        extra = self.extra()
        self.live &= ~(self.bound + extra > cutoff) | self.kept

    def extra(self) -> FloatArray:
        """Return by how much opening each site raises the bound; 0 for those opened anyway."""
        chosen = self.opened(self.reduced)
        free = chosen[~self.kept[chosen]]
        worst = self.reduced[free].max() if len(free) else 0.0
        extra = np.maximum(self.reduced - worst, 0)
        extra[chosen] = 0
        extra[~self.live] = np.inf
        return extra

    def pairs(self, cutoff: float) -> BoolArray:
        """Say which pairs of client and live site a better answer may hold."""
        live = np.flatnonzero(self.live)
        near = self.cost[:, live]
        over = np.maximum(near - self.multiplier[:, None], 0) + self.extra()[live]
        usable: BoolArray = np.isfinite(near) & (self.bound + over <= cutoff)
        return usable

    def forced(self, cutoff: float) -> BoolArray:
        """Say which sites every better answer opens."""
        chosen = self.opened(self.reduced)
        left = np.setdiff1d(np.flatnonzero(self.live), chosen)
        following = self.reduced[left].min() if len(left) else np.inf
        must = self.kept.copy()
        must[chosen] |= self.bound + following - self.reduced[chosen] > cutoff
        return must


def _solve_rest(
    lagrange: _Lagrange, cutoff: float, gap: float, seconds: float
) -> tuple[IntArray | None, float]:
    """Solve what the bound leaves open; the bound holds for everything below the cutoff."""
    if seconds <= 0:
        return None, lagrange.bound
    live = np.flatnonzero(lagrange.live)
    usable = lagrange.pairs(cutoff)
    if not usable.any(axis=1).all():
        return None, cutoff
    program = radius_program(lagrange.cost[:, live], usable)
    count, size = len(live), program.matrix.shape[1]
    lower, upper = np.zeros(size), np.ones(size)
    lower[:count] = lagrange.forced(cutoff)[live]
    upper[count:][program.last] = 0  # everybody is served
    one_each = np.concatenate([np.ones(count), np.zeros(size - count)])
    with solver_aside():
        solved = milp(
            np.concatenate([np.zeros(count), program.weight]),
            constraints=[
                LinearConstraint(program.matrix, lb=program.least),
                LinearConstraint(
                    csr_array(one_each[None, :]), lb=lagrange.sites, ub=lagrange.sites
                ),
            ],
            bounds=Bounds(lower, upper),
            integrality=one_each.astype(np.int64),
            options={"time_limit": max(seconds, 0.1), "mip_rel_gap": gap},
        )
    if solved.status == 2:  # noqa: PLR2004 # infeasible: nothing is better than the cutoff
        return None, cutoff
    dual = solved.mip_dual_bound
    bound = lagrange.bound
    if dual is not None and np.isfinite(dual):
        bound = min(float(program.base.sum()) + float(dual), cutoff)
    return None if solved.x is None else live[solved.x[:count] > SERVED], bound


def _branch(
    lagrange: _Lagrange, value: float, cutoff: Cutoff, end: float
) -> tuple[IntArray | None, float]:
    """Open or close one site after another, the branch with the lowest bound first."""
    sites, best = lagrange.sites, None
    live = np.flatnonzero(lagrange.live)
    number = itertools.count()
    waiting = [(lagrange.bound, next(number), live, lagrange.kept[live], lagrange.multiplier)]
    while waiting and waiting[0][0] < cutoff(value):
        if time.monotonic() > end:
            return best, waiting[0][0]
        before, _, live, opened, multiplier = heapq.heappop(waiting)
        part = _Branch(np.ascontiguousarray(lagrange.cost[:, live]), opened, sites)
        part.climb(multiplier, value, cutoff(value))
        if part.bound >= cutoff(value):
            continue
        left, opened, share = part.reduce(cutoff(value))
        live = live[left]
        if opened.sum() > sites or len(live) < sites:
            continue
        if opened.sum() == sites or len(live) == sites:
            chosen = live[opened] if opened.sum() == sites else live
            total = _total(lagrange.cost, chosen)
            if total < value:
                best, value = chosen, total
            continue
        free = np.flatnonzero(~opened)
        one = free[np.abs(share[free] - SERVED).argmin()]
        bound = max(part.bound, before)
        with_it = opened.copy()
        with_it[one] = True
        without = np.arange(len(live)) != one
        heapq.heappush(waiting, (bound, next(number), live, with_it, part.multiplier))
        heapq.heappush(
            waiting, (bound, next(number), live[without], opened[without], part.multiplier)
        )
    return best, cutoff(value)


class _Branch:
    """Bound of a part of a p-median problem: some sites open for certain, some left out."""

    def __init__(self, cost: FloatArray, opened: BoolArray, sites: int) -> None:
        self.cost, self.opened, self.sites = cost, opened, sites
        self.bound = -np.inf
        self.multiplier = np.zeros(len(cost))
        self.worth = np.zeros(cost.shape[1])
        self.share = np.zeros(cost.shape[1])

    def climb(self, multiplier: FloatArray, value: float, cutoff: float) -> None:
        """Raise the bound by a few subgradient steps, and note how often each site is open."""
        self.multiplier = multiplier
        room = np.empty_like(self.cost)
        direction = np.zeros(len(multiplier))
        step, stale = 0.3, 0
        for _ in range(NODE_STEPS):
            np.subtract(self.cost, multiplier[:, None], out=room)
            np.minimum(room, 0, out=room)
            worth = room.sum(axis=0)
            chosen = self.chosen(worth)
            bound = float(multiplier.sum() + worth[chosen].sum())
            self.share *= 0.9
            self.share[chosen] += 0.1
            stale = 0 if bound > self.bound + 1e-7 * value else stale + 1
            if bound > self.bound:
                self.bound, self.multiplier, self.worth = bound, multiplier, worth
            if self.bound >= cutoff:
                return
            if stale >= 5:  # noqa: PLR2004
                step, stale, multiplier = step / 2, 0, self.multiplier
                direction[:] = 0
                continue
            direction = 1.0 - (room[:, chosen] < 0).sum(axis=1) + 0.3 * direction
            norm = float(direction @ direction)
            if norm == 0:
                return
            reach = max(1.01 * value - bound, 1e-6)
            multiplier = np.maximum(multiplier + step * reach / norm * direction, 0)

    def chosen(self, worth: FloatArray) -> IntArray:
        """Return the sites that the relaxed answer opens."""
        order: IntArray = np.argsort(np.where(self.opened, -np.inf, worth), kind="stable")
        return order[: self.sites]

    def reduce(self, cutoff: float) -> tuple[IntArray, BoolArray, FloatArray]:
        """Return the sites that are left, which of them must be open, and how often each was."""
        chosen = self.chosen(self.worth)
        left = np.ones(len(self.worth), dtype=bool)
        opened = self.opened.copy()
        rest = np.setdiff1d(np.arange(len(left)), chosen)
        free = chosen[~opened[chosen]]
        if len(rest) and len(free):
            left[rest] = self.bound + self.worth[rest] - self.worth[free].max() < cutoff
            following = self.worth[rest].min()
            opened[free] = self.bound + following - self.worth[free] >= cutoff
        elif len(rest):
            left[rest] = False
        kept = np.flatnonzero(left)
        return kept, opened[kept], self.share[kept]


@contextlib.contextmanager
def solver_aside() -> Iterator[None]:
    """Send what the solver prints by itself to standard error: standard output is for answers.

    HiGHS tells of some steps even when it is asked to be silent.

    Examples
    --------
    >>> with solver_aside():
    ...     solved = milp([1.0])
    >>> solved.status
    0
    """
    try:
        libc = ctypes.CDLL(None)
        sys.stdout.flush()
        kept = os.dup(1)
    except (OSError, TypeError, ValueError):
        yield  # no such descriptor or library on this system
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        libc.fflush(None)
        os.dup2(kept, 1)
        os.close(kept)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class RadiusProgram:
    """Costs to the nearest open site as a linear program over sites and radii.

    Attributes
    ----------
    matrix, least
        ``matrix @ (sites, radii) >= least``.
    weight
        Cost of each radius that no open site is within.
    base
        Cost of each client at its nearest usable site.
    last
        Position of each client's widest radius: 1 where nobody serves it.
    client
        Client of each radius.
    """

    matrix: csr_array
    least: FloatArray
    weight: FloatArray
    base: FloatArray
    last: IntArray
    client: IntArray


def radius_program(cost: FloatArray, usable: BoolArray) -> RadiusProgram:
    """Write costs to the nearest open site in the radius formulation.

    Parameters
    ----------
    cost
        float64, shape (clients, sites).
    usable
        Which pairs count; every client has one.

    Returns
    -------
    RadiusProgram
        With one variable per client and distinct cost. Its last one costs nothing here.

    Examples
    --------
    >>> program = radius_program(np.array([[1.0, 4.0]]), np.ones((1, 2), dtype=bool))
    >>> program.base.tolist(), program.weight.tolist()
    ([1.0], [3.0, 0.0])
    """
    clients, count = cost.shape
    client, site = np.nonzero(usable)
    length = cost[client, site]
    order = np.lexsort((length, client))
    client, site, length = client[order], site[order], length[order]
    fresh = np.ones(len(client), dtype=bool)
    fresh[1:] = (client[1:] != client[:-1]) | (length[1:] != length[:-1])
    radius = np.cumsum(fresh) - 1
    owner, reach = client[fresh], length[fresh]
    size = len(owner)
    begins = np.ones(size, dtype=bool)
    begins[1:] = owner[1:] != owner[:-1]
    ends = np.append(begins[1:], True)
    weight = np.zeros(size)
    weight[~ends] = (reach[1:] - reach[:-1])[~ends[:-1]]
    # z[k] + (sites at exactly this cost) >= z[k - 1], or 1 at the nearest
    links = np.flatnonzero(~begins)
    rows = np.concatenate([radius, np.arange(size), links])
    columns = np.concatenate([site, count + np.arange(size), count + links - 1])
    values = np.concatenate([np.ones(len(site) + size), -np.ones(len(links))])
    matrix = csr_array(coo_array((values, (rows, columns)), shape=(size, count + size)))
    base = np.zeros(clients)
    base[owner[begins]] = reach[begins]
    return RadiusProgram(
        matrix=matrix, least=begins.astype(float), weight=weight, base=base,
        last=np.flatnonzero(ends), client=owner,
    )  # fmt: skip


def read_pmed(path: str | Path) -> tuple[FloatArray, int]:
    """Read a p-median problem of the OR-Library.

    Parameters
    ----------
    path
        Text file: numbers of vertices and edges and p, then both ends and the length of each
        edge. Of an edge that is there more than once the last one counts, as the library says.

    Returns
    -------
    cost
        Length of the shortest way between any two vertices, shape (vertices, vertices); `inf`:
        none.
    sites
        p.

    Raises
    ------
    InputError
        If it is not such a file.

    References
    ----------
    Beasley, J. E. (1990). OR-Library: distributing test problems by electronic mail. doi
    10.1057/jors.1990.166.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "pmed.txt"
    ...     _ = file.write_text("3 3 1  1 2 9  2 3 4  1 2 5")
    ...     read_pmed(file)[0].tolist()
    [[0.0, 5.0, 9.0], [5.0, 0.0, 4.0], [9.0, 4.0, 0.0]]
    """
    file = Path(path)
    try:
        words = file.read_text(encoding="utf-8").split()
        numbers = np.array(words, dtype=np.float64)
    except OSError as error:
        msg = f"{file}: cannot be read: {error.strerror}"
        raise InputError(msg) from None
    except ValueError:
        msg = f"{file}: a problem of the OR-Library holds numbers only: n, edges, p, then edges"
        raise InputError(msg) from None
    shape = "expected: vertices, edges, p, then three numbers per edge"
    if len(numbers) < 3 or len(numbers) != 3 + 3 * int(numbers[1]):  # noqa: PLR2004
        msg = f"{file}: holds {len(numbers)} numbers; {shape}"
        raise InputError(msg)
    size, sites = int(numbers[0]), int(numbers[2])
    edges = numbers[3:].reshape(-1, 3)
    ends: IntArray = edges[:, :2].astype(np.int64) - 1
    if len(edges) and (ends.min() < 0 or ends.max() >= size or not (edges[:, 2] >= 0).all()):
        msg = f"{file}: ends of edges must be 1 to {size}, and lengths >= 0"
        raise InputError(msg)
    length = np.full((size, size), np.inf)
    for (one, other), metres in zip(ends, edges[:, 2], strict=True):
        length[one, other] = length[other, one] = metres
    np.fill_diagonal(length, 0)
    for middle in range(size):  # Floyd and Warshall; an edge of length 0 is an edge
        np.minimum(length, length[:, middle, None] + length[None, middle], out=length)
    return length, sites

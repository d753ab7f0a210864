"""Whether any OD matrix keeps to its limits, which block cannot balance, and what must give way."""

from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components

from mobility_geo.errors import InputError, labels
from mobility_geo.flows.od_estimate import RELAXED_COLUMNS, BoolArray, FloatArray, ODLimits

NOTHING_PERSONS: Final = 1e-6
"""Fewer people than this, as a share of the largest sum, are rounding of the solver."""

HALF: Final = 0.5
SOLVER: Final = 1e-10
"""Smallest tolerance that HiGHS takes; sums are scaled to 1."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Relaxed:
    """Limits that a matrix can keep to, a matrix that does, and how far they were moved."""

    limits: ODLimits
    flows: FloatArray
    table: pd.DataFrame


def relax_limits(
    pairs: BoolArray,
    limits: ODLimits,
    *,
    origins: tuple[str, ...],
    destinations: tuple[str, ...],
    tolerance: float = 0.0,
) -> Relaxed:
    """Move limits as little as possible, so that some matrix keeps to all of them.

    The least number of people in all is found first; among the ways to move so many, the one that
    moves the largest share of a limit least is taken, so that no margin gives way for the others.

    Parameters
    ----------
    pairs
        Which pairs can have people, shape (origins, destinations).
    limits
        Lows and highs of the sums.
    origins, destinations
        Ids, for messages.
    tolerance
        Largest share by which a limit may be moved: 0.05 is five of a hundred, `inf` any number.
        Counts at monitoring points move too.

    Returns
    -------
    Relaxed
        The limits as they were if they fit.

    Raises
    ------
    InputError
        If they do not fit within the tolerance; each block that cannot balance is named.

    References
    ----------
    Hoffman, A. J. (1960). Some recent applications of the theory of linear inequalities to
    extremal combinatorial analysis, on when flows within bounds exist.

    Examples
    --------
    >>> limits = ODLimits(
    ...     origin_low=np.array([10.0]), origin_high=np.array([10.0]),
    ...     destination_low=np.array([8.0]), destination_high=np.array([8.0]),
    ... )  # fmt: skip
    >>> found = relax_limits(
    ...     np.ones((1, 1), dtype=bool), limits, origins=("a",), destinations=("b",), tolerance=0.2
    ... )
    >>> found.table["after_persons"].round(2).tolist()
    [8.89, 8.89]
    """
    low, high = limits.low(), limits.high()
    scale = _scale(low, high)
    rows = limits.rows(pairs)
    lower, upper = np.flatnonzero(low > 0), np.flatnonzero(np.isfinite(high))
    before = np.concatenate([low[lower], high[upper]])
    with np.errstate(invalid="ignore"):
        most = np.where(np.isinf(tolerance), np.inf, before * tolerance)
    least = _least_moves(rows, low, high, lower, upper, most)
    if least is None:
        raise InputError(_blocks(pairs, limits, rows, origins, destinations, tolerance))
    total, flows, moves, needed = least
    if total > NOTHING_PERSONS * scale:
        moves, flows = _spread(rows, low, high, lower, upper, most, total, scale)
    else:
        moves, needed = np.zeros_like(moves), np.zeros_like(needed)
    moves = np.where(moves > SOLVER * scale, moves, 0.0)
    new_low, new_high = low.copy(), high.copy()
    new_low[lower] -= moves[: len(lower)]
    new_high[upper] += moves[len(lower) :]
    new_low = np.maximum(new_low, 0.0)
    # no matrix keeps to these limits but with equality, or less would have had to move: said as
    # such, because balancing creeps towards an interval of which one end alone is possible
    tight = (moves > 0) | needed
    down, up = lower[tight[: len(lower)]], upper[tight[len(lower) :]]
    new_high[down], new_low[up] = new_low[down], new_high[up]
    names = _names(limits, origins, destinations)
    moved = np.flatnonzero(moves > NOTHING_PERSONS * scale)  # less is rounding, not told
    at = np.concatenate([lower, upper])[moved]
    table = pd.DataFrame(
        {
            "side": [names[k][0] for k in at],
            "zone_id": [names[k][1] for k in at],
            "end": np.where(moved < len(lower), "low", "high"),
            "before_persons": before[moved],
            "after_persons": np.where(moved < len(lower), new_low[at], new_high[at]),
        },
        columns=list(RELAXED_COLUMNS),
    )
    matrix = np.zeros(pairs.shape)
    matrix[pairs] = flows
    return Relaxed(limits=limits.with_bounds(new_low, new_high), flows=matrix, table=table)


def possible_pairs(pairs: BoolArray, limits: ODLimits, flows: FloatArray) -> BoolArray:
    """Return the pairs that have people in some matrix that keeps to the limits.

    Parameters
    ----------
    pairs
        Which pairs can have people, shape (origins, destinations).
    limits
        Limits that `flows` keeps to; counts at monitoring points are left aside.
    flows
        Any such matrix.

    Returns
    -------
    numpy.ndarray
        bool; the others are 0 in every matrix, though there is a way.

    Notes
    -----
    A pair can get people if there is a cycle through it along which people can be moved: both its
    ends are in one strong component of the residual graph.

    Examples
    --------
    >>> limits = ODLimits(
    ...     origin_low=np.ones(2), origin_high=np.ones(2),
    ...     destination_low=np.ones(2), destination_high=np.ones(2),
    ... )  # fmt: skip
    >>> pairs = np.array([[True, True], [False, True]])
    >>> possible_pairs(pairs, limits, np.eye(2)).tolist()
    [[True, False], [False, True]]
    """
    n, m = limits.shape
    small = NOTHING_PERSONS * _scale(limits.low(), limits.high())
    ends = n + m, n + m + 1  # where everybody starts, and where they end
    tails: list[npt.NDArray[np.intp]] = []
    heads: list[npt.NDArray[np.intp]] = []

    def arcs(tail: object, head: object) -> None:
        one, two = np.broadcast_arrays(np.asarray(tail, np.intp), np.asarray(head, np.intp))
        tails.append(one.ravel())
        heads.append(two.ravel())

    origin, destination = np.nonzero(pairs)
    arcs(origin, n + destination)
    used = flows[origin, destination] > small
    arcs(n + destination[used], origin[used])
    row, column, whole = flows.sum(axis=1), flows.sum(axis=0), float(flows.sum())
    arcs(ends[0], np.flatnonzero(row < limits.origin_high - small))
    arcs(np.flatnonzero(row > limits.origin_low + small), ends[0])
    arcs(n + np.flatnonzero(column < limits.destination_high - small), ends[1])
    arcs(ends[1], n + np.flatnonzero(column > limits.destination_low + small))
    if whole < limits.total_high - small:
        arcs([ends[1]], [ends[0]])
    if whole > limits.total_low + small:
        arcs([ends[0]], [ends[1]])
    tail, head = np.concatenate(tails), np.concatenate(heads)
    graph = sparse.csr_array((np.ones(len(tail)), (tail, head)), shape=(n + m + 2, n + m + 2))
    _, part = connected_components(graph, directed=True, connection="strong")
    possible = (flows > small) | (part[:n][:, None] == part[n : n + m][None, :])
    return np.asarray(pairs & possible, dtype=bool)


def least_cost(
    cost: FloatArray, system: sparse.csr_array, bound: FloatArray, top: FloatArray | None = None
) -> Any:  # noqa: ANN401  # what scipy gives
    """Return what HiGHS finds for ``min cost x`` under ``system x <= bound``, ``0 <= x <= top``.

    Parameters
    ----------
    cost, system, bound, top
        The linear programme; no `top`: no upper limit.

    Returns
    -------
    scipy.optimize.OptimizeResult
        As from `scipy.optimize.linprog`.

    Examples
    --------
    >>> system = sparse.csr_array(np.array([[-1.0]]))
    >>> float(least_cost(np.ones(1), system, np.array([-2.0])).fun)
    2.0
    """
    ends = (0, None) if top is None else np.column_stack([np.zeros_like(top), top])
    return linprog(
        cost, A_ub=cast("Any", system), b_ub=bound, bounds=cast("Any", ends), method="highs",
        options={"primal_feasibility_tolerance": SOLVER, "dual_feasibility_tolerance": SOLVER},
    )  # fmt: skip


def _scale(low: FloatArray, high: FloatArray) -> float:
    return max(1.0, float(low.max(initial=0.0)), float(high[np.isfinite(high)].max(initial=0.0)))


def _names(
    limits: ODLimits, origins: tuple[str, ...], destinations: tuple[str, ...]
) -> list[tuple[str, str]]:
    return [
        *(("origin", one) for one in origins),
        *(("destination", one) for one in destinations),
        ("total", "all"),
        *(("point", one) for one in limits.point_ids),
    ]


def _system(
    rows: sparse.csr_array,
    low: FloatArray,
    high: FloatArray,
    lower: npt.NDArray[np.intp],
    upper: npt.NDArray[np.intp],
) -> tuple[sparse.csr_array, FloatArray]:
    """Return ``A x <= b`` over people on pairs, then moves of lows, then moves of highs."""
    count, moves = rows.shape[1], len(lower) + len(upper)
    signed = sparse.vstack([-rows[lower], rows[upper]])
    system = sparse.hstack([signed, -sparse.eye_array(moves)])
    bounds = np.concatenate([-low[lower], high[upper]])
    return sparse.csr_array(system.reshape((moves, count + moves))), bounds


def _least_moves(
    rows: sparse.csr_array,
    low: FloatArray,
    high: FloatArray,
    lower: npt.NDArray[np.intp],
    upper: npt.NDArray[np.intp],
    most: FloatArray,
) -> tuple[float, FloatArray, FloatArray, BoolArray] | None:
    """Return the least people by which limits must move, a matrix, the moves, and tight limits.

    None: none. Tight are limits with a price (complementary slackness): every matrix that needs
    so few moves meets them with equality.
    """
    count = rows.shape[1]
    system, bounds = _system(rows, low, high, lower, upper)
    scale = _scale(low, high)
    cost = np.concatenate([np.zeros(count), np.ones(len(most))])
    top = np.concatenate([np.full(count, np.inf), most / scale])
    if not len(most):
        return 0.0, np.zeros(count), np.zeros(0), np.zeros(0, dtype=bool)
    found = least_cost(cost, system, bounds / scale, top)
    if not found.success:
        return None
    values = np.asarray(found.x, dtype=float) * scale
    needed = np.abs(found.ineqlin.marginals[: len(most)]) > SOLVER
    return float(found.fun) * scale, values[:count], values[count:], needed


def _spread(
    rows: sparse.csr_array,
    low: FloatArray,
    high: FloatArray,
    lower: npt.NDArray[np.intp],
    upper: npt.NDArray[np.intp],
    most: FloatArray,
    total: float,
    scale: float,
) -> tuple[FloatArray, FloatArray]:
    """Return moves that sum to the least, the largest share moved as small as can be."""
    count = rows.shape[1]
    system, bounds = _system(rows, low, high, lower, upper)
    moves = len(most)
    before = np.maximum(np.concatenate([low[lower], high[upper]]), NOTHING_PERSONS * scale)
    # one more unknown: the largest share
    share = sparse.hstack(
        [sparse.csr_array((moves, count)), sparse.eye_array(moves),
         sparse.csr_array(-before[:, None] / scale)]
    )  # fmt: skip
    whole = sparse.csr_array(np.concatenate([np.zeros(count), np.ones(moves), [0.0]])[None, :])
    more = sparse.hstack([system, sparse.csr_array((moves, 1))])
    top = np.concatenate([np.full(count, np.inf), most / scale, [np.inf]])
    cost = np.zeros(count + moves + 1)
    cost[-1] = 1.0
    found = least_cost(
        cost, sparse.csr_array(sparse.vstack([more, share, whole])),
        np.concatenate([bounds / scale, np.zeros(moves), [total / scale * (1 + 1e-9)]]), top,
    )  # fmt: skip
    values = np.asarray(found.x, dtype=float) * scale
    return values[count : count + moves], values[:count]


def _blocks(
    pairs: BoolArray,
    limits: ODLimits,
    rows: sparse.csr_array,
    origins: tuple[str, ...],
    destinations: tuple[str, ...],
    tolerance: float,
) -> list[str]:
    """Return a sentence for each block of sums that contradict each other."""
    n, m = limits.shape
    with np.errstate(invalid="ignore"):
        give = 0.0 if np.isinf(tolerance) else tolerance
        low, high = limits.low() * (1 - min(give, 1.0)), limits.high() * (1 + give)
    scale = _scale(low, high)
    lower, upper = np.flatnonzero(low > 0), np.flatnonzero(np.isfinite(high))
    system, bounds = _system(rows, low, high, lower, upper)
    cost = np.concatenate([np.zeros(rows.shape[1]), np.ones(len(bounds))])
    found = least_cost(cost, system, bounds / scale)
    price = -np.asarray(found.ineqlin.marginals, dtype=float)
    must, may = np.zeros(len(low)), np.zeros(len(low))
    must[lower], may[upper] = price[: len(lower)], price[len(lower) :]
    named = _names(limits, origins, destinations)
    tail = (
        "; correct the margins, open a way, or let margins give way with a tolerance"
        if not tolerance
        else f"; even with a tolerance of {tolerance:.0%}"
    )
    simple = max(must[n + m :].max(), may[n + m :].max()) < HALF
    if not simple or not (must > HALF).any():
        return [_whole_sentence(named, low, high, must, may) + tail]
    # origins and destinations of a contradiction hang together by pairs
    involved = np.flatnonzero((must + may)[: n + m] > HALF)
    one, two = np.nonzero(pairs)
    facing = (must[one] > HALF) & (may[n + two] > HALF)
    facing |= (may[one] > HALF) & (must[n + two] > HALF)
    square = sparse.csr_array(
        (np.ones(int(facing.sum())), (one[facing], n + two[facing])), shape=(n + m, n + m)
    )
    _, part = connected_components(square[involved][:, involved], directed=False)
    sentences = []
    for block in range(int(part.max(initial=-1)) + 1):
        here = involved[part == block]
        forced, taking = here[must[here] > HALF], here[may[here] > HALF]
        sent, taken = float(low[forced].sum()), float(high[taking].sum())
        if sent - taken <= NOTHING_PERSONS * scale:
            continue
        side = named[int(forced[0])][0]
        other = "destination" if side == "origin" else "origin"
        ids = [named[int(k)][1] for k in forced]
        others = [named[int(k)][1] for k in taking]
        verbs = ("send", "reach", "take") if side == "origin" else ("receive", "be reached from",
                                                                   "send")  # fmt: skip
        if not others:
            end = f"can {verbs[1]} no {other}"
        else:
            end = (f"can {verbs[1]} only {len(others)} {other}{'s' * (len(others) > 1)} "
                   f"{labels(others)}, which {verbs[2]} at most {taken:,.6g}")  # fmt: skip
        sentences.append(
            f"{len(ids)} {side}{'s' * (len(ids) > 1)} {labels(ids)} must {verbs[0]} at least "
            f"{sent:,.6g} persons but {end}: {sent - taken:,.6g} persons cannot be placed{tail}"
        )
    return sentences or [_whole_sentence(named, low, high, must, may) + tail]


def _whole_sentence(
    named: list[tuple[str, str]],
    low: FloatArray,
    high: FloatArray,
    must: FloatArray,
    may: FloatArray,
) -> str:
    """Return one sentence about all limits of a contradiction."""
    small = 1e-6

    def words(which: npt.NDArray[np.intp], bound: FloatArray, least: str) -> str:
        parts = [
            f"{named[int(k)][0]} {named[int(k)][1]!r} {least} {bound[k]:,.6g}" for k in which[:6]
        ]
        return ", ".join(parts) + (", ..." if len(which) > 6 else "")  # noqa: PLR2004

    forced, taking = np.flatnonzero(must > small), np.flatnonzero(may > small)
    gap = float(must[forced] @ low[forced] - may[taking] @ high[taking])
    return (
        f"limits contradict each other by {gap:,.6g} persons: {words(forced, low, 'at least')}; "
        f"{words(taking, high, 'at most')}"
    )

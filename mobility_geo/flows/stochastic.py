"""Logit assignment: people spread over ways, the more the quicker a way is."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mobility_geo.errors import InputError
from mobility_geo.flows.congestion import AssignmentGraph, FloatArray
from mobility_geo.flows.equilibrium import Progress, Trips, check_kind_cost, sort_sources


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class LogitFlows:
    """Flows of a logit assignment.

    Attributes
    ----------
    flow, cost
        Of each link, float64.
    kind_flow
        Flow by class of people, shape (classes, links).
    satisfaction
        Of each pair, ``-log(sum of exp(-theta * cost)) / theta`` over its ways, in the unit of
        cost; `inf` where there is no way.
    unserved
        People of each pair for whom there is no way.
    gap
        How far flows are from those that their own costs give: the sum of differences by the sum
        of flows; 0 at fixed costs.
    iterations, seconds
        What it took.
    converged
        Whether `gap` is as small as was asked.
    """

    flow: FloatArray
    cost: FloatArray
    kind_flow: FloatArray
    satisfaction: FloatArray
    unserved: FloatArray
    gap: float
    iterations: int
    seconds: float
    converged: bool


class _Stoch:
    """Dial's loading, with the set of ways fixed once and for all."""

    def __init__(
        self, graph: AssignmentGraph, trips: Trips, theta: float, kind_cost: npt.ArrayLike | None
    ) -> None:
        if not (np.isfinite(theta) and theta > 0):
            msg = f"theta must be > 0, per unit of cost; it is {theta:g}"
            raise InputError(msg)
        from mobility_geo.flows.kernels import ways as kernel  # noqa: PLC0415 # loads numba

        self.kernel = kernel
        self.graph, self.trips, self.theta = graph, trips, float(theta)
        self.extras = check_kind_cost(graph, trips, kind_cost)
        self.sources = sort_sources(graph, trips)
        self.star = graph.forward_star()
        self.through = np.ascontiguousarray(graph.through, dtype=np.uint8)
        self.reference = graph.curves.cost(np.zeros(len(graph)))

    def load(self, cost: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return flows by class at these costs, and satisfactions of the pairs that go."""
        one = self.sources
        flow = np.zeros_like(self.extras)
        satisfaction = np.zeros(len(one.order))
        self.kernel.load_efficient(
            one.node, one.kind, one.pointer, one.target, one.demand, *self.star, self.through,
            self.extras, self.reference, np.ascontiguousarray(cost), self.theta, flow,
            satisfaction,
        )  # fmt: skip
        return flow, satisfaction


def assign_dial(
    graph: AssignmentGraph,
    trips: Trips,
    *,
    theta: float,
    cost: npt.ArrayLike | None = None,
    kind_cost: npt.ArrayLike | None = None,
) -> LogitFlows:
    """Load trips by Dial's STOCH: logit over all ways that lead away from the origin.

    Parameters
    ----------
    graph
        Links; their cost at no flow says which links lead away from an origin.
    trips
        Who wants to go where.
    theta
        How strongly cost weighs, > 0, per unit of cost: ``1/theta`` more divides the odds of a
        way by 2.7.
    cost
        Cost of each link; left out: at no flow.
    kind_cost
        What each class pays on each link on top, shape (classes, links).

    Returns
    -------
    LogitFlows
        Conserved at every node, up to rounding of real numbers.

    Raises
    ------
    InputError
        If an argument is out of range.

    Notes
    -----
    A link leads away from an origin if its end is farther than its start, at the cost at no flow.
    A link of cost 0 between two nodes that are as far counts, too, in the direction in which
    Dijkstra's algorithm settles them. Ways that share most of their length count as separate
    ways: logit overloads what they share.

    References
    ----------
    Dial, R. B. (1971). A probabilistic multipath traffic assignment model which obviates path
    enumeration. Transportation Research 5(2), 83-111. doi 10.1016/0041-1647(71)90012-8.

    Examples
    --------
    >>> from mobility_geo.flows.congestion import CostCurves
    >>> graph = AssignmentGraph(
    ...     tail=np.array([0, 0]), head=np.array([1, 1]), through=np.ones(2, bool),
    ...     curves=CostCurves.bpr(free=[10.0, 12.0]),
    ... )  # fmt: skip
    >>> assign_dial(graph, Trips.of([0], [1], [100.0]), theta=0.5).flow.round(1).tolist()
    [73.1, 26.9]
    """
    begun = time.perf_counter()
    stoch = _Stoch(graph, trips, theta, kind_cost)
    prices = stoch.reference if cost is None else np.asarray(cost, dtype=np.float64)
    if prices.shape != (len(graph),) or not bool(np.all(prices >= 0)):
        msg = f"cost must be a number >= 0 for each of {len(graph)} links"
        raise InputError(msg)
    flow, satisfaction = stoch.load(prices)
    return _result(stoch, flow, prices, satisfaction, 0.0, 1, begun, converged=True)


def solve_stochastic(
    graph: AssignmentGraph,
    trips: Trips,
    *,
    theta: float,
    gap: float = 1e-6,
    kind_cost: npt.ArrayLike | None = None,
    max_iterations: int = 1000,
    time_limit_s: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> LogitFlows:
    """Find the stochastic user equilibrium: logit flows at the costs that they cause.

    Parameters
    ----------
    graph, trips, theta, kind_cost
        As for `assign_dial`.
    gap
        When to stop, > 0: the sum over links of the difference between flow and the loading at
        its costs, by the sum of flows.
    max_iterations, time_limit_s
        When to stop before the gap is reached.
    progress
        Called after every iteration.

    Returns
    -------
    LogitFlows
        `converged` says whether the gap was reached.

    Raises
    ------
    InputError
        If an argument is out of range.

    Notes
    -----
    Which ways count is fixed by costs at no flow, so that the equilibrium is unique. Each step
    goes towards the loading at present costs, as far as the slope of Sheffi and Powell's
    objective at both ends of the step says (Maher 1998); a step that makes the gap larger is
    halved.

    References
    ----------
    Fisk, C. (1980). Some developments in equilibrium traffic assignment. doi
    10.1016/0191-2615(80)90004-1.

    Maher, M. (1998). Algorithms for logit-based stochastic user equilibrium assignment. doi
    10.1016/S0191-2615(98)00015-0.

    Examples
    --------
    >>> from mobility_geo.flows.congestion import CostCurves
    >>> graph = AssignmentGraph(
    ...     tail=np.array([0, 0]), head=np.array([1, 1]), through=np.ones(2, bool),
    ...     curves=CostCurves.bpr(free=[10.0, 12.0], b=0.5, capacity=50.0),
    ... )  # fmt: skip
    >>> solve_stochastic(graph, Trips.of([0], [1], [100.0]), theta=0.5).flow.round(2).tolist()
    [59.96, 40.04]
    """
    begun = time.perf_counter()
    if not gap > 0 or max_iterations < 1:
        msg = f"gap must be > 0 and max_iterations 1 or more; they are {gap:g}, {max_iterations}"
        raise InputError(msg)
    stoch = _Stoch(graph, trips, theta, kind_cost)
    curves = graph.curves
    flow, satisfaction = stoch.load(stoch.reference)
    cost = curves.cost(flow.sum(axis=0))
    away, satisfaction = stoch.load(cost)
    reached = _difference(away, flow)
    number = 0
    while reached > gap and number < max_iterations:
        number += 1
        step = away - flow
        total = step.sum(axis=0)
        # slope of the objective at the start, and at the end of the whole step
        before = float(np.sum(total * total * curves.slope(flow.sum(axis=0))))
        end = away.sum(axis=0)
        beyond, _ = stoch.load(curves.cost(end))
        after = float(np.sum((end - beyond.sum(axis=0)) * total * curves.slope(end)))
        share = before / (before + after) if before + after > 0 else 1.0
        share = min(1.0, max(share, 1e-6))
        for _ in range(_HALVINGS):
            trial = flow + share * step
            trial_cost = curves.cost(trial.sum(axis=0))
            trial_away, trial_satisfaction = stoch.load(trial_cost)
            left = _difference(trial_away, trial)
            if left < reached:
                break
            share *= 0.5
        flow, cost, away, satisfaction = trial, trial_cost, trial_away, trial_satisfaction
        reached = left
        spent = time.perf_counter() - begun
        if progress is not None:
            progress(Progress(iteration=number, gap=reached, ways=0, seconds=spent))
        if time_limit_s is not None and spent >= time_limit_s:
            break
    return _result(
        stoch, flow, cost, satisfaction, reached, number, begun, converged=reached <= gap
    )


_HALVINGS = 12


def _difference(one: FloatArray, two: FloatArray) -> float:
    total = float(two.sum())
    return float(np.abs(one.sum(axis=0) - two.sum(axis=0)).sum()) / total if total > 0 else 0.0


def _result(
    stoch: _Stoch,
    flow: FloatArray,
    cost: FloatArray,
    satisfaction: FloatArray,
    gap: float,
    iterations: int,
    begun: float,
    *,
    converged: bool,
) -> LogitFlows:
    trips, order = stoch.trips, stoch.sources.order
    satisfied = np.where(trips.origin == trips.destination, 0.0, np.inf)
    satisfied[order] = satisfaction
    return LogitFlows(
        flow=flow.sum(axis=0),
        cost=cost,
        kind_flow=flow,
        satisfaction=satisfied,
        unserved=np.where(np.isfinite(satisfied), 0.0, trips.persons),
        gap=gap,
        iterations=iterations,
        seconds=time.perf_counter() - begun,
        converged=converged,
    )

"""Where to put sites, on matrices: p-median, covering, capacities, and many scenarios at once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array, hstack, vstack

from mobility_geo.errors import ConservationError, InputError, labels
from mobility_geo.outcomes.siting_median import SERVED, find_median, radius_program, solver_aside

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

Criterion = Literal["expected", "regret", "cvar"]
Proof = Literal["optimal", "within_gap", "time_limit"]
CRITERIA: Final = ("expected", "regret", "cvar")
MODELS: Final = ("p_median", "max_cover", "set_cover", "capacitated")

TIGHT: Final = 1e-7
"""Share of all people below which a difference is taken for rounding of the solver."""

SCALE: Final = 1e4
"""What a whole figure is made to be for the solver."""

LEAST_HOLD: Final = 1e-4
"""By how much of `SCALE` an earlier aim may give way at least: the solver keeps to about 1e-6."""

NOBODY: Final = (
    "no candidate site can be reached by anybody: nothing to choose; give other candidates, or "
    "look at what closes the ways"
)

STOPPED: Final = 1
INFEASIBLE: Final = 2


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Siting:
    """Sites, who goes where, and how good that is proven to be.

    Attributes
    ----------
    model
        One of `MODELS`.
    sites
        Columns that are open, those kept among them, in ascending order.
    assignment
        Column that serves each client, int64, shape (scenarios, clients); -1: not served. With
        capacities the one that serves most of its people.
    persons
        People of each client at each column, int64, shape (clients, columns), where there are
        capacities; else None.
    served_persons, unserved_persons
        By scenario, float64.
    cost
        Sum of people times cost of those served, by scenario, float64.
    uncoverable
        Clients with people that no candidate can serve, whatever is open, in no scenario.
    value, bound
        What the model makes best, and what no choice of sites can beat: people times cost for a
        p-median and with capacities, people for maximal covering, sites for set covering.
    served_value, served_bound
        People that are served in the sense of the criterion (with regret: people not served more
        than need be), and what no choice can beat; they come before the cost.
    status
        ``optimal``; ``within_gap`` where a gap was allowed; ``time_limit`` where the proof is not
        complete.
    seconds
        How long it took.
    """

    model: str
    sites: tuple[int, ...]
    assignment: IntArray
    persons: IntArray | None = None
    served_persons: FloatArray
    unserved_persons: FloatArray
    cost: FloatArray
    uncoverable: tuple[int, ...]
    value: float
    bound: float
    served_value: float
    served_bound: float
    status: Proof
    seconds: float

    @property
    def gap(self) -> float:
        """Relative distance between value and bound; 0: proven best."""
        return abs(self.value - self.bound) / max(abs(self.value), 1e-12) if self.value else 0.0


def solve_p_median(
    cost: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    *,
    sites: int,
    kept: Sequence[int] = (),
    seed: int = 0,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose sites so that most people are served, and of such choices the nearest to them.

    Parameters
    ----------
    cost
        Cost, such as minutes, of each client to each candidate, shape (clients, candidates), >= 0;
        `inf`: a forbidden assignment.
    weight
        People of each client, >= 0; 1 each if left out.
    sites
        How many are open, those kept among them.
    kept
        Columns that are open in any case.
    seed
        Of the random starts of the search.
    gap
        Relative gap at which to stop.
    time_limit_s
        When to stop; the bound is then the proof.

    Returns
    -------
    Siting
        A client that cannot reach any open site is not served; it costs nothing and is never
        counted as served.

    Raises
    ------
    InputError
        If there are no candidates, no people, more sites than candidates, or values out of range.

    References
    ----------
    ReVelle, C. S., Swain, R. W. (1970). Central facilities location. doi
    10.1111/j.1538-4632.1970.tb00142.x; see `find_median` for how it is solved.

    Examples
    --------
    >>> found = solve_p_median([[0, 9], [4, 1], [np.inf, 2]], [5, 1, 1], sites=1)
    >>> found.sites, found.value, found.status
    ((1,), 48.0, 'optimal')
    """
    matrix, people = _checked(
        cost, weight, sites=sites, kept=kept, gap=gap, time_limit_s=time_limit_s
    )
    return _lexicographic(
        "p_median", matrix[None], people[None], sites, kept, seed=seed, gap=gap,
        time_limit_s=time_limit_s,
    )  # fmt: skip


def solve_max_cover(
    cost: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    *,
    sites: int,
    limit: float,
    kept: Sequence[int] = (),
    seed: int = 0,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose sites so that most people have one within a limit; of such choices the nearest.

    Parameters
    ----------
    cost, weight, sites, kept, seed, gap, time_limit_s
        See `solve_p_median`.
    limit
        Largest cost at which a site still covers a client.

    Returns
    -------
    Siting
        Its value is the people covered.

    Raises
    ------
    InputError
        As `solve_p_median`.

    References
    ----------
    Church, R., ReVelle, C. (1974). The maximal covering location problem. doi
    10.1007/BF01942293.

    Examples
    --------
    >>> solve_max_cover([[0, 9], [4, 1], [9, 2]], [5, 1, 1], sites=1, limit=4).value
    6.0
    """
    matrix, people = _checked(
        cost, weight, sites=sites, kept=kept, gap=gap, time_limit_s=time_limit_s
    )
    near = np.where(matrix <= limit, matrix, np.inf)
    found = _lexicographic(
        "max_cover", near[None], people[None], sites, kept, seed=seed, gap=gap,
        time_limit_s=time_limit_s,
    )  # fmt: skip
    return replace(found, value=found.served_value, bound=found.served_bound)


def solve_set_cover(
    cost: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    *,
    limit: float,
    kept: Sequence[int] = (),
    seed: int = 0,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose the fewest sites so that everybody who can have one within a limit has one.

    Parameters
    ----------
    cost, weight, kept, seed, gap, time_limit_s
        See `solve_p_median`.
    limit
        Largest cost at which a site still covers a client.

    Returns
    -------
    Siting
        Its value is the number of sites, those kept included; of choices with so many sites one
        with the least people times cost. Who no candidate covers is in ``uncoverable``.

    Raises
    ------
    InputError
        As `solve_p_median`, and if no candidate covers anybody.

    References
    ----------
    Toregas, C., Swain, R., ReVelle, C., Bergman, L. (1971). The location of emergency service
    facilities. doi 10.1287/opre.19.6.1363.

    Examples
    --------
    >>> solve_set_cover([[0, 9], [4, 1], [9, 2]], limit=4).sites
    (0, 1)
    """
    started = time.monotonic()
    matrix, people = _checked(
        cost, weight, sites=None, kept=kept, gap=gap, time_limit_s=time_limit_s
    )
    near = np.where(matrix <= limit, matrix, np.inf)
    reach = np.unique(np.isfinite(near[people > 0]), axis=0)
    reach = reach[reach.any(axis=1)]
    if not len(reach):
        msg = f"no candidate site is within the limit of {limit:g} of anybody: nothing to choose"
        raise InputError(NOBODY if np.isinf(limit) else msg)
    count = matrix.shape[1]
    lower = np.zeros(count)
    lower[list(kept)] = 1
    solved = solve_program(
        np.ones(count), csr_array(reach.astype(float)), np.ones(len(reach)), lower, np.ones(count),
        count, gap, time_limit_s,
    )  # fmt: skip
    fewest = int((solved.x[:count] > SERVED).sum())
    bound = float(np.ceil(solved.bound - 1e-6))
    left = max(time_limit_s - (time.monotonic() - started), 0.1)
    found = _lexicographic(
        "set_cover", near[None], people[None], fewest, kept, seed=seed, gap=gap, time_limit_s=left,
    )  # fmt: skip
    status: Proof = "optimal" if bound >= fewest else found.status
    if bound < fewest:
        status = "within_gap" if gap > 0 and solved.status != STOPPED else "time_limit"
    return replace(
        found, value=float(fewest), bound=bound, status=status, seconds=time.monotonic() - started
    )


def solve_capacitated(
    cost: npt.ArrayLike,
    weight: npt.ArrayLike,
    capacity: npt.ArrayLike,
    *,
    sites: int,
    kept: Sequence[int] = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose sites with room for so many people, and place whole people at them.

    Parameters
    ----------
    cost, sites, kept, gap, time_limit_s
        See `solve_p_median`.
    weight
        People of each client, whole numbers >= 0.
    capacity
        People that each candidate has room for, >= 0; NaN or `inf`: no limit.

    Returns
    -------
    Siting
        As many people as possible have room; of such choices one with the least people times cost.
        People of one client may go to several sites; ``persons`` has the whole people. A site that
        nobody needs may be left closed.

    Raises
    ------
    InputError
        As `solve_p_median`, and if a capacity is negative or all are 0.

    References
    ----------
    Sridharan, R. (1995). The capacitated plant location problem. doi
    10.1016/0377-2217(95)00042-O.

    Examples
    --------
    >>> found = solve_capacitated([[1, 5], [2, 3]], [10, 10], [12, 100], sites=2)
    >>> found.persons.tolist(), found.value
    ([[10, 0], [2, 8]], 38.0)
    """
    started = time.monotonic()
    matrix, people = _checked(
        cost, weight, sites=sites, kept=kept, gap=gap, time_limit_s=time_limit_s
    )
    room = np.array(capacity, dtype=np.float64)
    room[np.isnan(room)] = np.inf
    problems = []
    if room.shape != (matrix.shape[1],):
        problems.append(f"capacity: one per candidate is expected, {matrix.shape[1]} in all")
    elif (room < 0).any():
        problems.append(
            f"capacity must be >= 0 people; wrong at {labels(np.flatnonzero(room < 0))}"
        )
    elif not (room >= 1).any():
        problems.append("capacity: every candidate has room for 0 people, so no site can help")
    if (people != np.rint(people)).any():
        problems.append("weight: with capacities, people must be whole numbers")
    if problems:
        raise InputError(problems)
    room = np.floor(np.minimum(room, people.sum()))
    client, site = np.nonzero(np.isfinite(matrix) & (people > 0)[:, None] & (room > 0)[None, :])
    if not len(client):
        raise InputError(NOBODY)
    clients, count, pairs = *matrix.shape, len(client)
    most = np.minimum(people[client], room[site])
    size, at = count + pairs, np.arange(pairs)
    # variables: open sites, then the share of the pair's most people
    placed = coo_array((most, (client, count + at)), shape=(clients, size)).tocsr()
    inside = coo_array(
        (np.concatenate([-most, room]), (np.concatenate([site, np.arange(count)]),
         np.concatenate([count + at, np.arange(count)]))), shape=(count, size),
    ).tocsr()  # fmt: skip
    opened = coo_array(
        (np.concatenate([np.ones(pairs), -np.ones(pairs)]),
         (np.tile(at, 2), np.concatenate([site, count + at]))), shape=(pairs, size),
    ).tocsr()  # fmt: skip
    number = coo_array(
        (-np.ones(count), (np.zeros(count, dtype=int), np.arange(count))), shape=(1, size)
    ).tocsr()
    matrix_rows = vstack([-placed, inside, opened, number]).tocsr()
    least = np.concatenate([-people, np.zeros(count + pairs), [-float(sites)]])
    lower = np.zeros(size)
    lower[list(kept)] = 1
    dearest = max(float(matrix[client, site].max(initial=0)), 1e-9)
    scale = SCALE / people.sum()
    serve = np.concatenate([np.zeros(count), -most * scale])
    spend = np.concatenate([np.zeros(count), most * matrix[client, site] * scale / dearest])
    left = time_limit_s
    first = solve_program(serve, matrix_rows, least, lower, np.ones(size), count, gap, left)
    served = round(-first.fun / scale)
    served_bound = min(float(np.floor(-first.bound / scale + 1e-6)), people.sum())
    left = max(time_limit_s - (time.monotonic() - started), 0.1)
    second = solve_program(
        spend,
        vstack([matrix_rows, csr_array(-serve[None, :])]).tocsr(),
        np.append(least, served * scale - max(scale / 2, LEAST_HOLD)),
        lower, np.ones(size), count, gap, left, fallback=first,
    )  # fmt: skip
    chosen = np.flatnonzero(second.x[:count] > SERVED)
    persons = _place(matrix, people, room, chosen)
    value = float((persons * np.where(persons > 0, matrix, 0)).sum())
    bound = min(second.bound * dearest / scale, value)
    done = persons.sum(axis=1)
    proven = first.fun <= first.bound and second.fun <= second.bound and done.sum() >= served
    stopped = STOPPED in {first.status, second.status} or gap == 0
    best = np.where(done > 0, persons.argmax(axis=1), -1)
    return Siting(
        model="capacitated", sites=tuple(int(one) for one in chosen), assignment=best[None],
        persons=persons, served_persons=np.array([float(done.sum())]),
        unserved_persons=np.array([float(people.sum() - done.sum())]), cost=np.array([value]),
        uncoverable=_uncoverable(matrix[None], people[None]), value=value,
        bound=value if proven else bound, served_value=float(done.sum()),
        served_bound=served_bound,
        status="optimal" if proven else "time_limit" if stopped else "within_gap",
        seconds=time.monotonic() - started,
    )  # fmt: skip


def solve_robust(  # noqa: PLR0913 # nine words and the matrix
    cost: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    *,
    sites: int,
    criterion: Criterion = "expected",
    probability: npt.ArrayLike | None = None,
    alpha: float = 0.9,
    kept: Sequence[int] = (),
    seed: int = 0,
    gap: float = 0.0,
    time_limit_s: float = 120.0,
) -> Siting:
    """Choose sites that hold up under many scenarios: people served first, then their cost.

    Parameters
    ----------
    cost
        As in `solve_p_median`, shape (scenarios, clients, candidates); `inf`: forbidden in that
        scenario.
    weight
        People, shape (clients,) or (scenarios, clients).
    sites, kept, seed, gap, time_limit_s
        See `solve_p_median`; the time is for all scenarios together.
    criterion
        ``expected``: least on average; ``regret``: the largest difference to the best choice for
        each scenario alone is least; ``cvar``: least on average over the worst scenarios, which
        make up the share ``1 - alpha``.
    probability
        Of each scenario, >= 0; made to sum to 1; equal if left out. The regret counts every
        scenario alike, one of probability 0 too; leave out what cannot happen.
    alpha
        Of ``cvar``, 0 to less than 1.

    Returns
    -------
    Siting
        ``value`` is the criterion of people times cost. Four aims in their order: the criterion of
        the people not served, the fewest not served on average, the criterion of the cost, the
        least cost on average.

    Raises
    ------
    InputError
        As `solve_p_median`, or if a criterion, probability or `alpha` is wrong.

    Notes
    -----
    The regret of the cost compares what those cost who are served, with these sites and with the
    best ones for the scenario alone. These may be other people, and more: then it can be below 0.

    References
    ----------
    Kouvelis, P., Yu, G. (1997). Robust discrete optimization and its applications. doi
    10.1007/978-1-4757-2620-6. Rockafellar, R. T., Uryasev, S. (2000). Optimization of conditional
    value-at-risk. doi 10.21314/JOR.2000.038.

    Examples
    --------
    >>> closed = [[[0, 9], [9, 0]], [[np.inf, 9], [np.inf, 0]]]
    >>> solve_robust(closed, [5, 1], sites=1, criterion="regret").sites
    (1,)
    """
    started = time.monotonic()
    values = np.array(cost, dtype=np.float64)
    if values.ndim != 3:  # noqa: PLR2004
        msg = "cost: shape (scenarios, clients, candidates) is expected"
        raise InputError(msg)
    count = len(values)
    people = np.ones(values.shape[1]) if weight is None else np.array(weight, dtype=np.float64)
    people = np.broadcast_to(people, values.shape[:2]) if people.ndim < 2 else people  # noqa: PLR2004
    share = np.ones(count) if probability is None else np.array(probability, dtype=np.float64)
    problems = [*([] if count else ["no scenarios"]), *criterion_problems(criterion, alpha)]
    problems += share_problems(share, count)
    if problems:
        raise InputError(problems)
    flat = values.reshape(-1, values.shape[2])
    _checked(flat, people.reshape(-1), sites=sites, kept=kept, gap=gap, time_limit_s=time_limit_s)
    share = share / share.sum()
    if criterion == "expected":
        return _lexicographic(
            "p_median", values, people, sites, kept, share=share, seed=seed, gap=gap,
            time_limit_s=time_limit_s,
        )  # fmt: skip
    counts = np.ones(count, dtype=bool) if criterion == "regret" else share > 0
    if not any(_anybody(values[one], people[one]) for one in np.flatnonzero(counts)):
        raise InputError(NOBODY)
    best_unserved = best_cost = np.zeros(count)
    proven, stopped = True, gap == 0
    if criterion == "regret":
        best_unserved, best_cost, proven, late = _each_alone(
            values, people, sites, kept, seed=seed, gap=gap, time_limit_s=time_limit_s
        )
        stopped |= late
    one = least_difference(people, float(share[share > 0].min()))
    program = _Scenarios(values, people, share, sites, kept, one)
    left = max(time_limit_s - (time.monotonic() - started), 0.1)
    aims = program.solve(criterion, best_unserved, best_cost, alpha, gap, left)

    def figures(chosen: tuple[int, ...]) -> tuple[Siting, tuple[float, float, float]]:
        found = _evaluate("p_median", values, people, chosen)
        lost, spent = found.unserved_persons, found.cost
        return found, (
            criterion_value(lost, share, criterion, alone=best_unserved, alpha=alpha),
            float(share @ lost),
            criterion_value(spent, share, criterion, alone=best_cost, alpha=alpha),
        )

    found, reached = figures(aims.stages[0])
    for number, chosen in enumerate(aims.stages[1:], start=1):
        other, now = figures(chosen)
        slack = (one / 2, one / 2, 1e-6 * max(abs(reached[2]), 1.0))
        if any(now[aim] > reached[aim] + slack[aim] for aim in range(number)):
            proven = False  # the solver gave up something of an earlier aim
            break
        found, reached = other, now
    unserved, _, value = reached
    proven &= aims.proven
    stopped |= aims.stopped
    return replace(
        found, value=value, bound=value if proven else min(aims.bound, value),
        served_value=unserved,
        served_bound=unserved if proven else min(aims.unserved_bound, unserved),
        status="optimal" if proven else "time_limit" if stopped else "within_gap",
        seconds=time.monotonic() - started,
    )  # fmt: skip


def _checked(
    cost: npt.ArrayLike,
    weight: npt.ArrayLike | None,
    *,
    sites: int | None,
    kept: Sequence[int],
    gap: float,
    time_limit_s: float,
) -> tuple[FloatArray, FloatArray]:
    """Return costs and people as arrays.

    Raises
    ------
    InputError
        Lists everything that is wrong.
    """
    matrix = np.array(cost, dtype=np.float64)
    if matrix.ndim != 2:  # noqa: PLR2004
        msg = "cost: shape (clients, candidates) is expected"
        raise InputError(msg)
    clients, count = matrix.shape
    people = np.ones(clients) if weight is None else np.array(weight, dtype=np.float64)
    problems = _number_problems(count, sites, kept) + stop_problems(gap, time_limit_s)
    if people.shape != (clients,):
        problems.append(f"weight: one per client is expected, {clients} in all")
    elif not (np.isfinite(people) & (people >= 0)).all():
        problems.append("weight: people must be finite and >= 0")
    elif not people.sum() > 0:
        problems.append("no people: nobody to place sites for")
    if np.isnan(matrix).any() or (matrix < 0).any():
        problems.append("cost must be >= 0, or inf where an assignment is forbidden")
    if problems:
        raise InputError(problems)
    return matrix, people


def _number_problems(count: int, sites: int | None, kept: Sequence[int]) -> list[str]:
    """Say what is wrong with the numbers of candidates, sites and sites kept."""
    if not count:
        return ["no candidate sites: give places where a site may stand"]
    problems = []
    strange = [one for one in kept if not 0 <= one < count]
    if strange:
        problems.append(f"kept: no such candidates {labels(strange)}")
    if len(set(kept)) < len(kept):
        problems.append("kept: a candidate is there more than once")
    if sites is not None:
        if not is_whole(sites):
            problems.append(f"sites must be a whole number, not {sites!r}")
        elif sites < max(1, len(kept)):
            problems.append(
                f"sites: at least {max(1, len(kept))} must be open (those kept among them), "
                f"not {sites}"
            )
        elif sites > count:
            problems.append(f"sites: {sites} are asked for, but there are {count} candidates")
    return problems


def is_whole(value: object) -> bool:
    """Say whether a value is a whole number.

    Parameters
    ----------
    value
        Any.

    Returns
    -------
    bool
        False for 2.0 as well: a number of sites is written without a point.

    Examples
    --------
    >>> is_whole(2), is_whole(1.5)
    (True, False)
    """
    return isinstance(value, Integral) and not isinstance(value, bool)


def stop_problems(gap: float, time_limit_s: float) -> list[str]:
    """Say what is wrong with the words that say when to stop.

    Parameters
    ----------
    gap, time_limit_s
        See `solve_p_median`.

    Returns
    -------
    list of str
        Sentences; empty: nothing.

    Examples
    --------
    >>> stop_problems(1.0, 60)
    ['gap must be at least 0 and less than 1, not 1.0']
    """
    checks = (
        (not 0 <= gap < 1, f"gap must be at least 0 and less than 1, not {gap!r}"),
        (not time_limit_s > 0, f"time_limit_s must be above 0 s, not {time_limit_s!r}"),
    )
    return [words for wrong, words in checks if wrong]


def criterion_problems(criterion: str, alpha: float) -> list[str]:
    """Say what is wrong with a criterion over scenarios.

    Parameters
    ----------
    criterion, alpha
        See `solve_robust`.

    Returns
    -------
    list of str
        Sentences; empty: nothing.

    Examples
    --------
    >>> criterion_problems("cvar", 1.0)
    ['alpha must be at least 0 and less than 1, not 1.0']
    """
    checks = (
        (
            criterion not in CRITERIA,
            f"criterion must be one of {', '.join(CRITERIA)}, not {criterion!r}",
        ),
        (not 0 <= alpha < 1, f"alpha must be at least 0 and less than 1, not {alpha!r}"),
    )
    return [words for wrong, words in checks if wrong]


def share_problems(share: FloatArray, scenarios: int) -> list[str]:
    """Say what is wrong with the probabilities of scenarios.

    Parameters
    ----------
    share
        Of each scenario.
    scenarios
        How many there are.

    Returns
    -------
    list of str
        Sentences; empty: nothing.

    Examples
    --------
    >>> share_problems(np.array([0.0]), 1)
    ['probability: one per scenario, >= 0 and not all 0, is expected']
    """
    if share.shape == (scenarios,) and (share >= 0).all() and 0 < share.sum() < np.inf:
        return []
    return ["probability: one per scenario, >= 0 and not all 0, is expected"]


def criterion_value(
    figures: FloatArray,
    share: FloatArray,
    criterion: Criterion,
    *,
    alone: FloatArray | None = None,
    alpha: float = 0.9,
) -> float:
    """Return one figure for the figures of many scenarios.

    Parameters
    ----------
    figures, share
        Figure and probability of each scenario.
    criterion, alpha
        See `solve_robust`.
    alone
        Figure of the best choice for each scenario alone, for the regret; 0 if left out.

    Returns
    -------
    float
        Mean, largest difference, or conditional value at risk.

    Examples
    --------
    >>> criterion_value(np.array([1.0, 3.0]), np.array([0.5, 0.5]), "cvar", alpha=0.5)
    3.0
    """
    if criterion == "expected":
        return float(share @ figures)
    if criterion == "regret":
        return float((figures - (0 if alone is None else alone)).max())
    over = np.maximum(figures[None, :] - figures[:, None], 0) @ share
    return float((figures + over / (1 - alpha)).min())


def least_difference(people: FloatArray, share: float = 1.0) -> float:
    """Return the difference of people from which on two answers are not the same.

    Parameters
    ----------
    people
        People of each client.
    share
        Probability of the least likely scenario, for a mean over scenarios.

    Returns
    -------
    float
        One person in it; where weights are not whole, the smallest of them. Never more than the
        rounding of the solver calls for.

    Examples
    --------
    >>> least_difference(np.array([2e7, 5.0])), least_difference(np.array([2e7, 0.5]))
    (1.0, 0.5)
    """
    some = people[people > 0]
    one = 1.0 if bool((people == np.rint(people)).all()) else float(some.min())
    return min(one * share, 2 * TIGHT * float(people.sum()))


def _each_alone(
    cost: FloatArray,
    people: FloatArray,
    sites: int,
    kept: Sequence[int],
    *,
    seed: int,
    gap: float,
    time_limit_s: float,
) -> tuple[FloatArray, FloatArray, bool, bool]:
    """Return people not served and cost of the best choices, if all are proven, if one is late."""
    end, count = time.monotonic() + time_limit_s, len(cost)
    # where nobody can be served, every choice leaves all people, and none is to regret
    unserved, spent = people.sum(axis=1), np.zeros(count)
    proven, late = True, False
    for number in range(count):
        if _anybody(cost[number], people[number]):
            left = max((end - time.monotonic()) / (count - number + 1), 0.1)
            alone = _lexicographic(
                "p_median", cost[number : number + 1], people[number : number + 1], sites, kept,
                seed=seed, gap=gap, time_limit_s=left,
            )  # fmt: skip
            unserved[number], spent[number] = alone.unserved_persons[0], alone.cost[0]
            proven &= alone.status == "optimal"
            late |= alone.status == "time_limit"
    return unserved, spent, proven, late


def _summed(weight: FloatArray, row: npt.NDArray[np.intp]) -> FloatArray:
    """Return the people of rows that are the same."""
    return np.asarray(np.bincount(row.reshape(-1), weights=weight), dtype=np.float64)


def _anybody(cost: FloatArray, people: FloatArray) -> bool:
    return bool((np.isfinite(cost).any(axis=1) & (people > 0)).any())


def _uncoverable(cost: FloatArray, people: FloatArray) -> tuple[int, ...]:
    never = ~np.isfinite(cost).any(axis=(0, 2)) & (people > 0).any(axis=0)
    return tuple(int(one) for one in np.flatnonzero(never))


def _evaluate(model: str, cost: FloatArray, people: FloatArray, sites: tuple[int, ...]) -> Siting:
    """Return who goes where, and what that costs, with these sites."""
    mine = cost[:, :, list(sites)]
    best = mine.argmin(axis=2)
    least = mine.min(axis=2)
    served = np.isfinite(least)
    total = (people * np.where(served, least, 0)).sum(axis=1)
    return Siting(
        model=model, sites=sites,
        assignment=np.where(served, np.array(sites)[best], -1).astype(np.int64),
        served_persons=(people * served).sum(axis=1),
        unserved_persons=(people * ~served).sum(axis=1), cost=total,
        uncoverable=_uncoverable(cost, people), value=float(total.sum()), bound=0.0,
        served_value=float((people * served).sum()), served_bound=0.0, status="optimal",
        seconds=0.0,
    )  # fmt: skip


def _lexicographic(
    model: str,
    cost: FloatArray,
    people: FloatArray,
    sites: int,
    kept: Sequence[int],
    *,
    share: FloatArray | None = None,
    seed: int,
    gap: float,
    time_limit_s: float,
) -> Siting:
    """Serve the most people on average over scenarios, then make their cost least.

    Raises
    ------
    InputError
        If nobody reaches any candidate.
    """
    started = time.monotonic()
    share = np.ones(len(cost)) if share is None else share
    weight = (people * share[:, None]).reshape(-1)
    one = least_difference(people, float(share[share > 0].min()))
    rows = cost.reshape(-1, cost.shape[2])
    can = (weight > 0) & np.isfinite(rows).any(axis=1)
    rows, weight = rows[can], weight[can]
    if not len(rows):
        raise InputError(NOBODY)
    rows, inverse = np.unique(rows, axis=0, return_inverse=True)
    weight = _summed(weight, inverse)
    reach, inverse = np.unique(np.isfinite(rows), axis=0, return_inverse=True)
    coverable = float(weight.sum())
    start: tuple[int, ...] = ()
    served_bound, stopped = coverable, False
    everybody = bool(reach.all())
    if not everybody:
        chosen, lost, lost_bound, stopped = _cover(
            reach, _summed(weight, inverse), sites, kept, gap,
            time_limit_s / 2,
        )  # fmt: skip
        start = chosen
        served_bound = coverable - lost_bound
        everybody = bool(reach[:, list(chosen)].any(axis=1).all())
    left = max(time_limit_s - (time.monotonic() - started), 0.1)
    if everybody:
        found = find_median(
            rows * weight[:, None], sites=sites, kept=tuple(kept), start=start,
            rng=np.random.default_rng(seed), gap=gap, time_limit_s=left,
        )  # fmt: skip
        chosen, bound, proven = found.sites, found.bound, found.proven
        served_bound = coverable
        stopped = not proven
    else:
        program = _Scenarios(rows[None], weight[None], np.ones(1), sites, kept, one)
        none = np.zeros(1)
        try:
            aims = program.solve("expected", none, none, 0.0, gap, left, known=lost)
        except InputError:  # out of time: the sites that serve most are an answer
            chosen, bound, proven, stopped = start, 0.0, False, True
        else:
            chosen, bound, stopped = aims.stages[-1], aims.bound, stopped or aims.stopped
            left_out = float(weight[~np.isfinite(rows[:, list(chosen)]).any(axis=1)].sum())
            kept_to = left_out < lost + one / 2
            if not kept_to:  # the solver gave people up for a lower cost
                chosen, bound = start, 0.0
            proven = kept_to and aims.proven and lost < lost_bound + one / 2
    result = _evaluate(model, cost, people, chosen)
    value = float((result.cost * share).sum())
    served = float((result.served_persons * share).sum())
    # people who give way to the rounding of the solver save at most their longest way
    rounding = 0.0 if everybody else one * float(rows[np.isfinite(rows)].max())
    exact = proven and value - bound <= max(gap, 1e-6) * max(value, 1.0) + rounding
    within = gap > 0 and not stopped
    return replace(
        result, value=value, bound=value if exact and gap == 0 else min(max(bound, 0.0), value),
        served_value=served, served_bound=served if exact else max(served_bound, served),
        status="optimal" if exact and (gap == 0 or bound >= value)
        else "within_gap" if within else "time_limit",
        seconds=time.monotonic() - started,
    )  # fmt: skip


def _cover(
    reach: BoolArray,
    weight: FloatArray,
    sites: int,
    kept: Sequence[int],
    gap: float,
    seconds: float,
) -> tuple[tuple[int, ...], float, float, bool]:
    """Leave the fewest people without a site; return sites, people, their bound, and if stopped."""
    size, count = reach.shape
    rows = hstack([csr_array(reach.astype(float)), csr_array(np.eye(size))]).tocsr()
    number = np.concatenate([-np.ones(count), np.zeros(size)])
    lower = np.zeros(count + size)
    lower[list(kept)] = 1
    solved = solve_program(
        np.concatenate([np.zeros(count), weight / weight.sum() * SCALE]),
        vstack([rows, csr_array(number[None, :])]).tocsr(),
        np.append(np.ones(size), -float(sites)),
        lower, np.ones(count + size), count, gap, seconds,
        fallback=_first_choice(count, sites, kept, size),
    )  # fmt: skip
    chosen = _filled(solved.x[:count], sites)
    lost = float(weight[~reach[:, list(chosen)].any(axis=1)].sum())
    bound = max(min(solved.bound / SCALE * float(weight.sum()), lost), 0.0)
    return chosen, lost, bound, solved.status == STOPPED


def _filled(opened: FloatArray, sites: int) -> tuple[int, ...]:
    """Return the open sites, with the first of the others up to the number asked for."""
    chosen = np.flatnonzero(opened > SERVED)
    spare = np.flatnonzero(opened <= SERVED)[: max(sites - len(chosen), 0)]
    return tuple(int(one) for one in np.sort(np.concatenate([chosen, spare])))


def _first_choice(count: int, sites: int, kept: Sequence[int], rest: int) -> "_Answer":
    """Return the first sites as an answer, for a solver that ran out of time before it had one."""
    x = np.zeros(count + rest)
    x[list(kept)] = 1
    spare = np.setdiff1d(np.arange(count), kept)[: sites - len(kept)]
    x[spare] = 1
    return _Answer(x=x, fun=np.inf, bound=0.0, status=STOPPED)


def _place(cost: FloatArray, people: FloatArray, room: FloatArray, sites: IntArray) -> IntArray:
    """Place whole people at open sites: as many as possible, then at the least cost.

    Raises
    ------
    ConservationError
        If the solver fails.
    """
    client, column = np.nonzero(np.isfinite(cost[:, sites]) & (people > 0)[:, None])
    pairs = len(client)
    placed = np.zeros(cost.shape, dtype=np.int64)
    if not pairs:
        return placed
    limits = coo_array(
        (np.ones(2 * pairs), (np.concatenate([client, len(cost) + column]),
                              np.tile(np.arange(pairs), 2))),
        shape=(len(cost) + len(sites), pairs),
    ).tocsr()  # fmt: skip
    bounds = np.concatenate([people, room[sites]])
    solution = np.zeros(pairs)
    for aim in (-np.ones(pairs), cost[client, sites[column]]):
        solved = linprog(aim, A_ub=limits, b_ub=bounds, method="highs-ds")  # type: ignore[call-overload]
        if solved.status != 0:
            msg = f"placing people at sites failed: {solved.message}"
            raise ConservationError(msg)
        solution = np.rint(solved.x)
        limits = vstack([limits, csr_array(aim[None, :])]).tocsr()
        bounds = np.append(bounds, float(aim @ solution))
    np.add.at(placed, (client, sites[column]), solution.astype(np.int64))
    return placed


def solve_program(
    objective: FloatArray,
    rows: csr_array,
    least: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    whole: int,
    gap: float,
    seconds: float,
    fallback: "_Answer | None" = None,
) -> "_Answer":
    """Minimise over ``rows @ x >= least``; the first `whole` variables are 0 or 1.

    Raises
    ------
    InputError
        If the time was too short for any answer.
    ConservationError
        If the solver fails.
    """
    kinds = np.zeros(len(objective), dtype=np.int64)
    kinds[:whole] = 1
    for presolve in (True, False):
        with solver_aside():
            solved = milp(
                objective,
                constraints=LinearConstraint(rows, lb=least),
                bounds=Bounds(lower, upper),
                integrality=kinds,
                options={
                    "time_limit": max(seconds, 0.05), "mip_rel_gap": gap, "presolve": presolve,
                },
            )  # fmt: skip
        # where an earlier aim has an answer, it is presolving that finds none
        if solved.status != INFEASIBLE or fallback is None:
            break
    bound = np.nan if solved.mip_dual_bound is None else float(solved.mip_dual_bound)
    if not np.isfinite(bound):
        up, down = objective > 0, objective < 0
        bound = float(objective[up] @ lower[up] + objective[down] @ upper[down])
    if solved.x is not None:
        # solved to the tolerance of the solver: what is left is rounding
        exact = bool(gap == 0) and solved.status == 0
        return _Answer(
            x=solved.x, fun=float(solved.fun), bound=float(solved.fun) if exact else float(bound),
            status=int(solved.status),
        )  # fmt: skip
    if fallback is not None:  # an answer of an earlier aim; this one is not settled
        known = float(objective @ fallback.x)
        return replace(fallback, fun=known, bound=min(bound, known), status=STOPPED)
    if solved.status == STOPPED:
        msg = f"no answer within {seconds:.1f} s: give more time, or fewer candidates"
        raise InputError(msg)
    msg = f"siting failed: {solved.message}"
    raise ConservationError(msg)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Answer:
    """Values of the variables, what is made least, and what no answer is below."""

    x: FloatArray
    fun: float
    bound: float
    status: int


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Aims:
    """Sites after each aim in its order, and what no choice is below."""

    stages: tuple[tuple[int, ...], ...]
    unserved_bound: float
    bound: float
    proven: bool
    stopped: bool


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Block:
    """One figure by scenario, ``values @ x + fixed``, with the best of each scenario alone.

    ``first`` is the position of its own variables: the figure that is aimed at, and an excess for
    each scenario.
    """

    values: csr_array
    fixed: FloatArray
    alone: FloatArray
    first: int


class _Scenarios:
    """One whole-number program over all scenarios: sites, radii of clients, figures by scenario."""

    def __init__(
        self,
        cost: FloatArray,
        people: FloatArray,
        share: FloatArray,
        sites: int,
        kept: Sequence[int],
        one: float,
    ) -> None:
        self.share, self.sites, self.kept, self.one = share, sites, kept, one
        self.count, scenarios = cost.shape[2], len(cost)
        rows = cost.reshape(-1, self.count)
        weight = people.reshape(-1)
        scenario = np.repeat(np.arange(scenarios), cost.shape[1])
        can = (weight > 0) & np.isfinite(rows).any(axis=1)
        # figures are scaled, so that the tolerances of the solver mean the same for every case
        self.people_scale = SCALE / float(weight.sum())
        dearest = float(rows[can].max(where=np.isfinite(rows[can]), initial=0))
        self.cost_scale = self.people_scale / max(dearest, 1e-9)
        # who can never be served in a scenario is the same for every choice
        self.lost = np.asarray(
            np.bincount(scenario[~can], weights=weight[~can], minlength=scenarios),
            dtype=np.float64,
        )
        rows, inverse = np.unique(rows[can], axis=0, return_inverse=True)
        self.program = program = radius_program(rows, np.isfinite(rows))
        size, clients = len(program.weight), len(rows)
        self.rows = rows
        self.shares = shares = _sparse(
            weight[can], scenario[can], inverse.reshape(-1), (scenarios, clients)
        )
        last = _sparse(np.ones(clients), np.arange(clients), program.last, (clients, size))
        steps = _sparse(program.weight, program.client, np.arange(size), (clients, size))
        widest = program.base + np.asarray(steps.sum(axis=1)).reshape(-1)
        # who is not served costs nothing
        spent = steps - _sparse(widest, np.arange(clients), program.last, (clients, size))
        none = csr_array((scenarios, self.count))
        self.unserved = hstack([none, shares @ last]).tocsr()
        self.spent = hstack([none, shares @ spent]).tocsr()
        self.fixed = np.asarray(shares @ program.base, dtype=np.float64).reshape(-1)
        self.radii = size

    def solve(
        self,
        criterion: Criterion,
        least_unserved: FloatArray,
        least_cost: FloatArray,
        alpha: float,
        gap: float,
        seconds: float,
        *,
        known: float | None = None,
    ) -> _Aims:
        """Make the criterion of people not served least, then their mean, then so for the cost.

        With `known`, the mean of people not served among those who can be is taken as settled.
        """
        end = time.monotonic() + seconds
        own = self.count + self.radii
        scenarios = len(self.share)
        size = own + 2 * (1 + scenarios)
        people = _Block(
            values=self.unserved * self.people_scale, fixed=self.lost * self.people_scale,
            alone=least_unserved * self.people_scale, first=own,
        )  # fmt: skip
        costs = _Block(
            values=self.spent * self.cost_scale, fixed=self.fixed * self.cost_scale,
            alone=least_cost * self.cost_scale, first=own + 1 + scenarios,
        )  # fmt: skip
        number = np.concatenate([-np.ones(self.count), np.zeros(self.radii)])
        rows = [_wide(self.program.matrix, size), _wide(csr_array(number[None, :]), size)]
        least = [self.program.least, np.array([-float(self.sites)])]
        lower, upper = np.zeros(size), np.ones(size)
        lower[list(self.kept)] = 1
        upper[own:] = np.inf
        # no figure is below 0, so no regret is below that of nothing at all
        lower[[people.first, costs.first]] = -people.alone.min(), -costs.alone.min()
        unserved_bound = 0.0
        person = max(self.one / 2 * self.people_scale, LEAST_HOLD)
        results: list[_Answer] = []

        def hold(aim: FloatArray, value: float, slack: float) -> None:
            rows.append(csr_array(-aim[None, :]))
            least.append(np.array([-value - slack]))

        def reached(block: _Block, by: Criterion) -> float:
            """Return what the sites come to: the solver's own figure holds its tolerances."""
            lost, spent = self._figures(_filled(results[-1].x[: self.count], self.sites))
            figure = lost * self.people_scale if block is people else spent * self.cost_scale
            by_sites = criterion_value(
                figure + block.fixed, self.share, by, alone=block.alone, alpha=alpha
            )
            return by_sites - (float(self.share @ block.fixed) if by == "expected" else 0.0)

        def reach(block: _Block, by: Criterion) -> FloatArray:
            more = results[-1] if results else None
            aim, conditions, bounds = self._aim(block, by, alpha, size)
            rows.append(conditions)
            least.append(bounds)
            results.append(
                solve_program(
                    aim,
                    vstack(rows).tocsr(),
                    np.concatenate(least),
                    lower,
                    upper,
                    self.count,
                    gap,
                    end - time.monotonic(),
                    fallback=more,
                )
            )
            return aim

        if known is None:
            aim = reach(people, criterion)
            fixed = float(self.share @ people.fixed) if criterion == "expected" else 0.0
            unserved_bound = results[-1].bound + fixed
            hold(aim, reached(people, criterion), person)
            aim = reach(people, "expected")
            hold(aim, reached(people, "expected"), person)
        else:
            hold(self._aim(people, "expected", alpha, size)[0], known * self.people_scale, person)
        aim = reach(costs, criterion)
        fixed = float(self.share @ costs.fixed) if criterion == "expected" else 0.0
        bound = results[-1].bound + fixed
        if criterion != "expected":
            hold(aim, reached(costs, criterion), TIGHT * SCALE)
            reach(costs, "expected")
        return _Aims(
            stages=tuple(_filled(one.x[: self.count], self.sites) for one in results),
            unserved_bound=unserved_bound / self.people_scale, bound=bound / self.cost_scale,
            proven=all(one.fun <= one.bound for one in results),
            stopped=any(one.status == STOPPED for one in results),
        )  # fmt: skip

    def _figures(self, sites: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
        """Return by scenario people not served of those who can be, and cost above the least."""
        least = self.rows[:, list(sites)].min(axis=1)
        served = np.isfinite(least)
        cost = np.where(served, least, 0.0) - self.program.base
        return np.asarray(self.shares @ ~served), np.asarray(self.shares @ cost)

    def _aim(
        self, block: _Block, criterion: Criterion, alpha: float, size: int
    ) -> tuple[FloatArray, csr_array, FloatArray]:
        """Return what to minimise, and the conditions that give it its meaning."""
        scenarios = len(self.share)
        aim = np.zeros(size)
        values = _wide(block.values, size)
        if criterion == "expected":
            aim = np.asarray(values.T @ self.share).reshape(-1)
            return aim, csr_array((0, size)), np.zeros(0)
        each = np.arange(scenarios)
        figure = _sparse(np.ones(scenarios), each, np.full(scenarios, block.first),
                         (scenarios, size))  # fmt: skip
        aim[block.first] = 1
        if criterion == "regret":
            return aim, (figure - values).tocsr(), block.fixed - block.alone
        excess = block.first + 1 + each
        aim[excess] = self.share / (1 - alpha)
        over = _sparse(np.ones(scenarios), each, excess, (scenarios, size))
        return aim, (figure + over - values).tocsr(), block.fixed


def _sparse(
    values: FloatArray, rows: IntArray, columns: IntArray, shape: tuple[int, int]
) -> csr_array:
    return coo_array((values, (rows, columns)), shape=shape).tocsr()


def _wide(matrix: csr_array, size: int) -> csr_array:
    """Return a matrix with empty columns added."""
    return hstack([matrix, csr_array((matrix.shape[0], size - matrix.shape[1]))]).tocsr()

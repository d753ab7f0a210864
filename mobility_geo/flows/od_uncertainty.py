"""How far OD matrices differ that fit the same input: exact bounds, samples, chance."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import linalg, sparse, stats

from mobility_geo.errors import InputError, labels
from mobility_geo.flows.feasibility import NOTHING_PERSONS, least_cost
from mobility_geo.flows.gravity import fit_poisson
from mobility_geo.flows.od_estimate import FloatArray, ODEstimate, ODLimits, name_pairs

MOST_PAIRS: Final = 1_000
"""Above so many pairs bounds and samples take minutes: two linear programmes for each pair."""

UNBOUNDED: Final = 3
FEWEST_DRAWS: Final = 100
UNSTEADY: Final = 0.25
"""Ends of intervals that differ by more than this share between two halves of the draws."""


def cell_bounds(estimate: ODEstimate, *, most_pairs: int = MOST_PAIRS) -> pd.DataFrame:
    """Return the fewest and the most people that each pair can have within the limits.

    Parameters
    ----------
    estimate
        An estimate with limits.
    most_pairs
        Largest number of pairs that is tried.

    Returns
    -------
    pandas.DataFrame
        ``origin_id``, ``destination_id``, ``least_persons``, ``most_persons``; `inf`: no limit.

    Raises
    ------
    InputError
        If the estimate has no limits, or too many pairs.

    References
    ----------
    For two exact margins and all pairs open these are the bounds of Frechet and Hoeffding:
    ``max(0, r + c - N)`` and ``min(r, c)``.

    Examples
    --------
    >>> from mobility_geo.flows import estimate_from_margins, margins_table
    >>> found = estimate_from_margins(margins_table({"a": 6, "b": 4}, {"c": 7, "d": 3}))
    >>> cell_bounds(found)["least_persons"].tolist()
    [3.0, 0.0, 1.0, 0.0]
    """
    body = _body(estimate, most_pairs)
    least, most, _ = _extremes(body)
    frame = estimate.table[["origin_id", "destination_id"]].copy()
    return frame.assign(least_persons=least, most_persons=most)


def add_intervals(
    estimate: ODEstimate,
    *,
    rng: np.random.Generator,
    share: float = 0.9,
    draws: int = 1_000,
    most_pairs: int = MOST_PAIRS,
) -> ODEstimate:
    """Add what the input does not tell: bounds of each pair, and an interval of sampled matrices.

    Matrices that keep to the same limits are drawn evenly (hit-and-run along the null space of the
    sums). ``low_persons`` and ``high_persons`` hold the middle share of the draws, and the estimate
    itself; ``least_persons`` and ``most_persons`` hold all of them.

    Where a pair has no upper limit, as with counts that are lower bounds only, matrices have no end
    and none can be drawn evenly: the bounds themselves are the interval then, without a high where
    there is none, and a warning names the pairs.

    Parameters
    ----------
    estimate
        An estimate with limits.
    rng
        Generator, such as ``numpy.random.default_rng(1)``: the same seed gives the same intervals.
    share
        Share of the draws inside the interval.
    draws
        How many matrices.
    most_pairs
        Largest number of pairs that is tried.

    Returns
    -------
    ODEstimate
        The same flows; its parameters have ``free_dimensions``: in so many ways people can be moved
        between pairs without any sum telling. Where nothing was drawn they have ``open_pairs``
        instead: so many pairs without a high.

    Raises
    ------
    InputError
        If there are no limits, or too many pairs.

    Notes
    -----
    "Evenly" is a choice: no matrix is taken to be likelier than another. It says what the margins
    leave open, not how wrong the margins are.

    References
    ----------
    Smith, R. L. (1984). Efficient Monte Carlo procedures for generating points uniformly
    distributed over bounded regions. doi 10.1287/opre.32.6.1296.

    Examples
    --------
    >>> from mobility_geo.flows import estimate_from_margins, margins_table
    >>> found = estimate_from_margins(margins_table({"a": 6, "b": 4}, {"c": 7, "d": 3}))
    >>> table = add_intervals(found, rng=np.random.default_rng(1)).table
    >>> table[["least_persons", "flow_persons", "most_persons"]].iloc[0].round(2).tolist()
    [3.0, 4.2, 6.0]
    """
    if not 0 < share < 1 or draws < FEWEST_DRAWS:
        msg = (
            f"share must be between 0 and 1, not {share!r}, and draws at least {FEWEST_DRAWS}, "
            f"not {draws!r}"
        )
        raise InputError(msg)
    body = _body(estimate, most_pairs)
    least, most, middle = _extremes(body)
    if not np.isfinite(most).all():
        return _open_bounds(estimate, least, most)
    samples, dimensions = _hit_and_run(body, least, most, middle, draws, rng)
    tail = (1 - share) / 2
    ends = np.quantile(samples, [tail, 1 - tail], axis=0)
    flows = estimate.table["flow_persons"].to_numpy(dtype=float)
    said = list(estimate.warnings)
    halves = [np.quantile(half, [tail, 1 - tail], axis=0) for half in np.array_split(samples, 2)]
    width = np.maximum(ends[1] - ends[0], 1e-9)
    if dimensions and float((np.abs(halves[0] - halves[1]) / width).max()) > UNSTEADY:
        said.append("intervals are not steady yet: two halves of the draws differ; take more draws")
    table = estimate.table.assign(
        low_persons=np.minimum(ends[0], flows), high_persons=np.maximum(ends[1], flows),
        least_persons=np.minimum(least, flows), most_persons=np.maximum(most, flows),
    )  # fmt: skip
    more = {"free_dimensions": float(dimensions), "interval_share": share, "draws": float(draws)}
    return replace(
        estimate, table=table, warnings=tuple(said),
        parameters=MappingProxyType({**estimate.parameters, **more}),
    )  # fmt: skip


def _open_bounds(estimate: ODEstimate, least: FloatArray, most: FloatArray) -> ODEstimate:
    """Return an estimate with its bounds as intervals: some pairs have no most."""
    flows = estimate.table["flow_persons"].to_numpy(dtype=float)
    without = ~np.isfinite(most)
    names = name_pairs(estimate.table[without])
    low, high = np.minimum(least, flows), np.where(without, np.nan, np.maximum(most, flows))
    said = (
        f"{int(without.sum())} of {len(flows)} pairs have no upper limit: {labels(names)}; without "
        "an end no matrices can be drawn, so that low and high are the fewest and the most that "
        "the input allows, and a missing high is no limit; give a total, or highs"
    )
    return replace(
        estimate, warnings=(*estimate.warnings, said),
        table=estimate.table.assign(
            low_persons=low, high_persons=high, least_persons=low, most_persons=high
        ),
        parameters=MappingProxyType(
            {**estimate.parameters, "open_pairs": float(without.sum())}
        ),
    )  # fmt: skip


def add_chance_intervals(estimate: ODEstimate, *, share: float = 0.9) -> ODEstimate:
    """Add intervals of chance alone: each person leaving chooses by the shares of the estimate.

    Parameters
    ----------
    estimate
        Any estimate; for radiation and singly constrained models this is what chance does.
    share
        Share of the outcomes inside the interval.

    Returns
    -------
    ODEstimate
        The same flows, with the interval of a binomial number of people.

    Raises
    ------
    InputError
        If the share is not between 0 and 1.

    Notes
    -----
    If the model were right. People who travel together choose together: for groups of `k` the true
    interval is about ``sqrt(k)`` times as wide.

    Examples
    --------
    >>> from mobility_geo.flows import estimate_from_margins, margins_table
    >>> found = estimate_from_margins(margins_table({"a": 100}, {"c": 50, "d": 50}))
    >>> add_chance_intervals(found).table[["low_persons", "high_persons"]].iloc[0].tolist()
    [42.0, 58.0]
    """
    if not 0 < share < 1:
        msg = f"share must be between 0 and 1, not {share!r}"
        raise InputError(msg)
    table = estimate.table
    flows = table["flow_persons"].to_numpy(dtype=float)
    leaving = table.groupby("origin_id")["flow_persons"].transform("sum").to_numpy(dtype=float)
    number = np.rint(leaving)
    chance = np.divide(flows, leaving, out=np.zeros_like(flows), where=leaving > 0).clip(0, 1)
    tail = (1 - share) / 2
    low = np.asarray(stats.binom.ppf(tail, number, chance), dtype=float)
    high = np.asarray(stats.binom.ppf(1 - tail, number, chance), dtype=float)
    table = table.assign(
        low_persons=np.minimum(low.clip(min=0), flows), high_persons=np.maximum(high, flows)
    )
    return replace(
        estimate, table=table,
        parameters=MappingProxyType({**estimate.parameters, "interval_share": share}),
    )  # fmt: skip


def bootstrap_poisson(
    flows: pd.DataFrame,
    costs: pd.DataFrame,
    *,
    rng: np.random.Generator,
    share: float = 0.9,
    draws: int = 100,
    **options: Any,  # noqa: ANN401
) -> ODEstimate:
    """Fit a gravity model with intervals of flows and parameters, by a parametric bootstrap.

    Parameters
    ----------
    flows, costs
        See `fit_poisson`.
    rng
        Generator with the seed.
    share
        Share of the refitted models inside the intervals.
    draws
        How many times flows are drawn and the model fitted again.
    **options
        Further arguments of `fit_poisson`.

    Returns
    -------
    ODEstimate
        From `fit_poisson`, with intervals; parameters have ``rate_per_unit_low``, ``..._high`` and
        the like. Flows are drawn with the dispersion that was found, where it is above 1.

    Raises
    ------
    InputError
        If the model cannot be fitted.

    References
    ----------
    Efron, B., Tibshirani, R. J. (1993). An introduction to the bootstrap. Chapman and Hall.

    Examples
    --------
    >>> costs = pd.DataFrame([[1.0, 2.0], [2.0, 1.0]], index=["a", "b"], columns=["c", "d"])
    >>> seen = pd.DataFrame(
    ...     {"origin_id": list("aabb"), "destination_id": list("cdcd"),
    ...      "flow_persons": [30, 10, 10, 30]}
    ... )  # fmt: skip
    >>> found = bootstrap_poisson(seen, costs, rng=np.random.default_rng(1), draws=20)
    >>> found.parameters["rate_per_unit_low"] < 1.0986 < found.parameters["rate_per_unit_high"]
    True
    """
    if not 0 < share < 1 or draws < 2:  # noqa: PLR2004
        msg = f"share must be between 0 and 1, not {share!r}, and draws at least 2, not {draws!r}"
        raise InputError(msg)
    best = fit_poisson(flows, costs, **options)
    mean = best.table["flow_persons"].to_numpy(dtype=float)
    spread = max(1.0, best.parameters["dispersion"])
    fitted, values = [], []
    names = [name for name in best.parameters if f"{name}_error" in best.parameters]
    failed = 0
    ends = ["origin_id", "destination_id"]
    gone = pd.MultiIndex.from_frame(flows.loc[flows["flow_persons"].isna(), ends].astype(str))
    unseen = pd.MultiIndex.from_frame(best.table[ends]).isin(gone)
    for _ in range(draws):
        # Poisson with a variance of `spread` times the mean
        rate = mean if spread == 1 else rng.gamma(mean / (spread - 1) + 1e-12, spread - 1)
        seen = best.table.assign(flow_persons=np.where(unseen, np.nan, rng.poisson(rate)))
        try:
            one = fit_poisson(seen, costs, **options)
        except InputError:
            failed += 1
            continue
        fitted.append(one.table["flow_persons"].to_numpy(dtype=float))
        values.append([one.parameters[name] for name in names])
    if failed > draws / 2:
        msg = f"{failed} of {draws} drawn tables could not be fitted: there are too few people"
        raise InputError(msg)
    tail = (1 - share) / 2
    limits = np.quantile(np.array(fitted), [tail, 1 - tail], axis=0)
    edge = np.quantile(np.array(values), [tail, 1 - tail], axis=0)
    more = {f"{name}_low": float(v) for name, v in zip(names, edge[0], strict=True)}
    more |= {f"{name}_high": float(v) for name, v in zip(names, edge[1], strict=True)}
    said = [*best.warnings]
    if failed:
        said.append(f"{failed} of {draws} drawn tables could not be fitted and are left out")
    return replace(
        best, warnings=tuple(said),
        table=best.table.assign(
            low_persons=np.minimum(limits[0], mean), high_persons=np.maximum(limits[1], mean)
        ),
        parameters=MappingProxyType({**best.parameters, **more, "interval_share": share}),
    )  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Body:
    """All matrices within limits, as points: one coordinate per row of the table of pairs."""

    rows: npt.NDArray[np.float64]
    low: FloatArray
    high: FloatArray
    scale: float

    @property
    def count(self) -> int:
        """How many pairs."""
        return int(self.rows.shape[1])


def _body(estimate: ODEstimate, most_pairs: int) -> _Body:
    """Return the matrices within the limits of an estimate.

    Raises
    ------
    InputError
        If it has no limits, or too many pairs.
    """
    limits: ODLimits | None = estimate.limits
    if limits is None:
        msg = f"{estimate.method}: has no limits, so that nothing can be said of other matrices"
        raise InputError(msg)
    pairs = estimate.pairs()
    count = int(pairs.sum())
    if count > most_pairs:
        msg = (
            f"{count:,} pairs are too many for intervals (most_pairs={most_pairs:,}); group zones, "
            "or say a larger most_pairs and wait"
        )
        raise InputError(msg)
    # columns in the order of the table
    origin = pd.Index(estimate.origin_ids).get_indexer(pd.Index(estimate.table["origin_id"]))
    target = pd.Index(estimate.destination_ids).get_indexer(
        pd.Index(estimate.table["destination_id"])
    )
    place = np.full(pairs.shape, -1)
    place[pairs] = np.arange(count)
    rows = limits.rows(pairs).toarray()[:, place[origin, target]]
    low, high = limits.low(), limits.high()
    scale = max(1.0, float(low.max()), float(high[np.isfinite(high)].max(initial=0.0)))
    return _Body(rows=rows, low=low, high=high, scale=scale)


def _extremes(body: _Body) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the least and most of each pair, and a matrix inside: the mean of all extreme ones.

    Raises
    ------
    InputError
        If no matrix is within the limits.
    """
    top = np.isfinite(body.high)
    matrix = sparse.csr_array(np.vstack([-body.rows, body.rows[top]]))
    bound = np.concatenate([-body.low, body.high[top]]) / body.scale
    least, most = np.zeros(body.count), np.full(body.count, np.inf)
    total, number = np.zeros(body.count), 0
    for at in range(body.count):
        for sign in (1.0, -1.0):
            cost = np.zeros(body.count)
            cost[at] = sign
            found = least_cost(cost, matrix, bound)
            if found.status == UNBOUNDED:
                continue
            if not found.success:
                msg = f"bounds of a pair could not be found: {found.message}"
                raise InputError(msg)
            value = round(float(found.x[at]) * body.scale, 6)  # the solver rounds there
            if sign > 0:
                least[at] = value
            else:
                most[at] = value
            total += found.x * body.scale
            number += 1
    return least, np.maximum(most, least), total / max(number, 1)


def _hit_and_run(
    body: _Body,
    least: FloatArray,
    most: FloatArray,
    middle: FloatArray,
    draws: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, int]:
    """Return matrices drawn evenly, shape (draws, pairs), and in how many directions they differ.

    A step goes along a random direction of the null space to an even place between the walls.
    """
    small = NOTHING_PERSONS * body.scale
    width = most - least
    free = width > small
    sums = body.rows @ middle
    inside = (sums - body.low > small) & (body.high - sums > small)
    # a sum that sits on a limit in every matrix is exact
    exact = body.rows[~inside][:, free] * width[free]
    basis = linalg.null_space(exact, rcond=1e-10) if free.any() and len(exact) else np.eye(
        int(free.sum())
    )  # fmt: skip
    dimensions = int(basis.shape[1])
    if not dimensions:
        return np.tile(middle, (draws, 1)), 0
    walls = body.rows[inside][:, free] * width[free]
    low, high = body.low[inside], body.high[inside]
    x = middle.copy()
    y = middle[free] / width[free]
    samples = np.empty((draws, len(x)))
    thin = max(5, 6 * dimensions)
    used = walls @ y
    for draw in range(-(draws // 5), draws):
        for _ in range(thin):
            way = basis @ rng.standard_normal(dimensions)
            along = walls @ way
            with np.errstate(divide="ignore", invalid="ignore"):
                stops = -y / way
                back = np.max(stops[way > 0], initial=-np.inf)
                ahead = np.min(stops[way < 0], initial=np.inf)
                if len(along):
                    to_low, to_high = (low - used) / along, (high - used) / along
                    up, down = along > 0, along < 0
                    back = max(back, np.max(to_low[up], initial=-np.inf),
                               np.max(to_high[down], initial=-np.inf))  # fmt: skip
                    ahead = min(ahead, np.min(to_high[up], initial=np.inf),
                                np.min(to_low[down], initial=np.inf))  # fmt: skip
            if not ahead > back:
                continue
            step = rng.uniform(back, ahead)
            y = np.maximum(y + step * way, 0.0)
            used = walls @ y
        if draw >= 0:
            x[free] = y * width[free]
            samples[draw] = x
    return samples, dimensions

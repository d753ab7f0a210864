"""The matrix nearest to a prior one whose sums keep to their limits: entropy-maximising."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mobility_geo.flows.od_estimate import ODLimits

FloatArray = npt.NDArray[np.float64]

CLOSE_ENOUGH: Final = 1e-9
"""Largest difference of a sum from what it must be, as a share of all people."""

MOST_ROUNDS: Final = 20_000
NEWTON_STEPS: Final = 60


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Nearest:
    """A matrix nearest to a prior one, and how it was reached.

    Attributes
    ----------
    flows
        People, shape (origins, destinations).
    multipliers
        Logarithm of the factor of each sum, in the order of `ODLimits.low`: above 0 only where the
        sum is at its low, below 0 only where it is at its high.
    iterations
        Rounds over all sums.
    residual
        Largest difference of a sum from what it must be, in people.
    converged
        Whether that is small enough.
    """

    flows: FloatArray
    multipliers: FloatArray
    iterations: int
    residual: float
    converged: bool


def nearest_matrix(
    prior: FloatArray,
    limits: ODLimits,
    *,
    tolerance: float = CLOSE_ENOUGH,
    most_rounds: int = MOST_ROUNDS,
) -> Nearest:
    """Return the matrix nearest to a prior one, in relative entropy, whose sums keep to limits.

    It minimises ``sum(T ln(T / prior) - T + prior)``. Each sum has a factor that is remembered; in
    each round every factor is set to what its sum needs, and to 1 where the sum is inside its
    limits without any. For sums that are given exactly this is iterative proportional fitting.

    Parameters
    ----------
    prior
        Weights >= 0, shape (origins, destinations); 0 stays 0.
    limits
        Lows and highs of the sums.
    tolerance
        Largest difference that is accepted, as a share of all people.
    most_rounds
        Rounds after which it gives up.

    Returns
    -------
    Nearest
        Not converged if the limits contradict each other, or force pairs to 0 that are not 0 in
        the prior; `possible_pairs` tells which.

    References
    ----------
    Deming, W. E., Stephan, F. F. (1940). On a least squares adjustment of a sampled frequency
    table when the expected marginal totals are known. doi 10.1214/aoms/1177731829.

    Bregman, L. M. (1967). The relaxation method of finding the common point of convex sets. doi
    10.1016/0041-5553(67)90040-7.

    Censor, Y., Lent, A. (1981). An iterative row-action method for interval convex programming.
    doi 10.1007/BF00934676.

    Examples
    --------
    >>> from mobility_geo.flows.od_estimate import ODLimits
    >>> limits = ODLimits(
    ...     origin_low=np.array([6.0, 0.0]), origin_high=np.array([6.0, np.inf]),
    ...     destination_low=np.array([4.0, 5.0]), destination_high=np.array([4.0, 5.0]),
    ... )  # fmt: skip
    >>> nearest_matrix(np.ones((2, 2)), limits).flows.round(2).tolist()
    [[2.67, 3.33], [1.33, 1.67]]
    """
    n, m = limits.shape
    a, b, g = np.ones(n), np.ones(m), 1.0
    points = [] if limits.passing is None else _points(prior, limits)
    along = np.zeros(len(points))
    shaped = prior
    ends = np.concatenate([limits.low(), limits.high()])
    scale = max(1.0, float(ends[np.isfinite(ends)].max(initial=0.0)))
    residual, rounds = np.inf, 0
    with np.errstate(all="ignore"):  # limits that contradict each other overflow
        for rounds in range(1, most_rounds + 1):  # how many there were
            a = _factor(g * (shaped @ b), limits.origin_low, limits.origin_high)
            b = _factor(g * (a @ shaped), limits.destination_low, limits.destination_high)
            whole = np.array([float(a @ shaped @ b)])
            g = float(
                _factor(whole, np.array([limits.total_low]), np.array([limits.total_high]))[0]
            )
            if points:
                for k, (row, column, share) in enumerate(points):
                    others = _with_points(prior, points, along, skip=k)
                    flows = g * a[row] * b[column] * others[row, column]
                    along[k] = _step(
                        flows, share, limits.point_low[k], limits.point_high[k], along[k]
                    )
                shaped = _with_points(prior, points, along, skip=None)
            if rounds < 5 or rounds % 5 == 0:  # noqa: PLR2004  # the check costs as much as a round
                flows = g * a[:, None] * shaped * b
                multipliers = np.concatenate([_log(a), _log(b), _log(np.array([g])), along])
                residual = residual_persons(flows, multipliers, limits)
                if not np.isfinite(residual) or residual <= tolerance * scale:
                    break
        flows = g * a[:, None] * shaped * b
        multipliers = np.concatenate([_log(a), _log(b), _log(np.array([g])), along])
        residual = residual_persons(flows, multipliers, limits)
    return Nearest(
        flows=flows, multipliers=multipliers, iterations=rounds, residual=residual,
        converged=bool(residual <= tolerance * scale),
    )  # fmt: skip


def residual_persons(flows: FloatArray, multipliers: FloatArray, limits: ODLimits) -> float:
    """Return the largest difference of a sum from what it must be at the nearest matrix.

    Parameters
    ----------
    flows
        People, shape (origins, destinations).
    multipliers
        As in `Nearest`.
    limits
        Lows and highs.

    Returns
    -------
    float
        People: a sum with a multiplier above 0 must be at its low, below 0 at its high, else
        between them.

    Examples
    --------
    >>> from mobility_geo.flows.od_estimate import no_limits
    >>> residual_persons(np.ones((2, 2)), np.zeros(5), no_limits(2, 2))
    0.0
    """
    sums = [flows.sum(axis=1), flows.sum(axis=0), [flows.sum()]]
    if limits.passing is not None:
        sums.append(limits.passing @ flows.ravel())
    found = np.concatenate(sums)
    low, high = limits.low(), limits.high()
    wanted = np.clip(found, low, high)
    wanted = np.where(multipliers > 0, low, np.where(multipliers < 0, high, wanted))
    return float(np.abs(found - wanted).max())


def _factor(sums: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return by what each sum must be multiplied; 1 where it is inside its limits, or empty."""
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(sums < low, low / sums, np.where(sums > high, high / sums, 1.0))
    return np.where((sums > 0) & np.isfinite(factor), factor, 1.0)


def _log(factors: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.log(factors)


Points = list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], FloatArray]]


def _points(prior: FloatArray, limits: ODLimits) -> Points:
    """Return, for each monitoring point, rows, columns and shares of the pairs that pass it."""
    passing = limits.passing
    found: Points = []
    for k in range(len(limits.point_ids)):
        if passing is None:
            break
        part = slice(int(passing.indptr[k]), int(passing.indptr[k + 1]))
        row, column = np.divmod(passing.indices[part].astype(np.intp), prior.shape[1])
        share = np.asarray(passing.data[part], dtype=float)
        going = (prior[row, column] > 0) & (share > 0)
        found.append((row[going], column[going], share[going]))
    return found


def _with_points(
    prior: FloatArray, points: Points, along: FloatArray, *, skip: int | None
) -> FloatArray:
    """Return the prior with the factors of all monitoring points but one."""
    power = np.zeros_like(prior)
    for k, (row, column, share) in enumerate(points):
        if k != skip and along[k]:
            power[row, column] += along[k] * share
    return np.asarray(prior * np.exp(power), dtype=float)


def _step(flows: FloatArray, share: FloatArray, low: float, high: float, last: float) -> float:
    """Return the multiplier that brings the people who pass a point inside its limits."""
    count = float(share @ flows)
    if low <= count <= high or count == 0:
        return 0.0
    wanted = low if count < low else high
    if wanted == 0:
        return -np.inf
    if bool(np.all(share == share[0])):
        return float(np.log(wanted / count) / share[0])
    # the people who pass are convex in the multiplier: Newton on the logarithm of their number
    power = last
    for _ in range(NEWTON_STEPS):
        now = share * flows * np.exp(power * share)
        total = float(now.sum())
        change = float(np.log(wanted / total)) * total / float(now @ share)
        power += change
        if abs(change) < 1e-14 * max(1.0, abs(power)):
            break
    return power

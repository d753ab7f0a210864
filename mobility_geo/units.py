"""Units: the one place where real quantities become the whole numbers that engines add up.

Costs are quantised to 32-bit integers, with one unit per metric, so that every engine finds the
same path sums to the last bit. Path sums stay below ``2**29`` units: in time that is 621 days.
"""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from mobility_geo.errors import CostOverflowError, InputError

Metric = Literal["time_min", "length_m", "cost_xof", "risk"]

QUANTUM: Final[dict[str, float]] = {
    "time_min": 0.1 / 60.0,
    "length_m": 1.0,
    "cost_xof": 1.0,
    "risk": 1e-6,
}
"""Size of one integer unit: 0.1 s (in minutes), 1 m, 1 XOF, 1e-6 of risk."""

PATH_SUM_LIMIT: Final = 2**29
"""Path sums must stay below this many units."""

KM_M: Final = 1000.0
MIN_PER_H: Final = 60.0


def quantise(values: npt.ArrayLike, metric: Metric) -> npt.NDArray[np.int32]:
    """Round costs to whole units of their metric.

    Parameters
    ----------
    values
        Costs in the unit that the metric is named after, >= 0 and finite, any shape.
    metric
        Which metric, and so which unit: see `QUANTUM`.

    Returns
    -------
    numpy.ndarray
        int32, same shape, nearest unit (ties to even).

    Raises
    ------
    InputError
        If a value is negative or not finite.
    CostOverflowError
        If a single cost reaches 2**29 units.

    Examples
    --------
    >>> quantise([1.0, 0.25], "time_min").tolist()
    [600, 150]
    """
    raw = np.asarray(values, dtype=np.float64)
    lowest, highest = (float(raw.min()), float(raw.max())) if raw.size else (0.0, 0.0)
    if not (lowest >= 0 and highest < np.inf):  # either is NaN if any value is
        msg = f"{metric}: costs must be finite and >= 0; close an edge instead of costing it inf"
        raise InputError(msg)
    if np.rint(highest / QUANTUM[metric]) >= PATH_SUM_LIMIT:
        msg = (
            f"{metric}: a single edge costs {highest:g}, more than "
            f"{PATH_SUM_LIMIT * QUANTUM[metric]:g} that exact path sums allow"
        )
        raise CostOverflowError(msg)
    units = np.asarray(raw / QUANTUM[metric])
    return np.rint(units, out=units).astype(np.int32)


def dequantise(units: npt.ArrayLike, metric: Metric) -> npt.NDArray[np.float64]:
    """Turn path sums in units back into the quantity the metric is named after.

    Parameters
    ----------
    units
        Path sums in units, any shape; `inf` (unreachable) stays `inf`.
    metric
        Which metric.

    Returns
    -------
    numpy.ndarray
        float64, same shape.

    Examples
    --------
    >>> dequantise([600, 150], "time_min").tolist()
    [1.0, 0.25]
    """
    result: npt.NDArray[np.float64] = np.asarray(units, dtype=np.float64) * QUANTUM[metric]
    return result

"""What all kernels share: how they are compiled, and their two numbers."""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from mobility_geo.units import PATH_SUM_LIMIT

Function = TypeVar("Function", bound=Callable[..., Any])

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LIMIT: Final = PATH_SUM_LIMIT
"""Costs of input arcs, offsets and ways must stay below this."""

INF: Final = 2 * PATH_SUM_LIMIT - 1
"""Closed or unreachable. Two costs below `LIMIT` add up to less, two of these fit in int32."""


def compiled(function: Function) -> Function:
    """Compile a loop at its first call, keep it on disk, and let other threads run meanwhile."""
    return cast("Function", numba.njit(cache=True, nogil=True)(function))

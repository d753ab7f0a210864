"""Whole units: each cost to the nearest one, and nothing that exact sums do not allow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mobility_geo.errors import CostOverflowError, InputError
from mobility_geo.units import PATH_SUM_LIMIT, QUANTUM, dequantise, quantise

METRICS = st.sampled_from(sorted(QUANTUM))


@given(
    METRICS,
    hnp.arrays(float, hnp.array_shapes(min_dims=0, min_side=0), elements=st.floats(0, 100)),
)
def test_each_cost_becomes_the_nearest_whole_number(metric, costs):
    before = costs.copy()
    units = quantise(costs, metric)
    assert units.dtype == np.int32
    assert units.shape == costs.shape
    assert units.ravel().tolist() == [round(one / QUANTUM[metric]) for one in costs.ravel()]
    np.testing.assert_array_equal(costs, before)
    assert (abs(dequantise(units, metric) - costs) <= QUANTUM[metric] * 0.5000001).all()


@pytest.mark.parametrize("wrong", [-1e-9, -np.inf, np.inf, np.nan])
@pytest.mark.parametrize("others", [[], [0.0], [3.0, 4.0]])
@given(metric=METRICS)
def test_costs_that_cannot_be_added_up_are_refused(metric, wrong, others):
    for costs in ([wrong, *others], [*others, wrong]):
        with pytest.raises(InputError, match=f"{metric}: costs must be finite and >= 0"):
            quantise(costs, metric)


@given(METRICS)
def test_the_limit_is_exact(metric):
    most = (PATH_SUM_LIMIT - 1) * QUANTUM[metric]
    assert quantise([most], metric).tolist() == [PATH_SUM_LIMIT - 1]
    with pytest.raises(CostOverflowError, match=f"{metric}: a single edge costs"):
        quantise([0.0, PATH_SUM_LIMIT * QUANTUM[metric]], metric)

"""Prior matrices with pairs that are not told: neither 0, nor impossible."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.errors import InputError
from mobility_geo.flows import estimate_from_margins, fill_prior, margins_table


def long(values, rows="abcd", columns="wxyz"):
    values = np.asarray(values, dtype=float)
    return pd.DataFrame(
        {"origin_id": np.repeat(list(rows[: values.shape[0]]), values.shape[1]),
         "destination_id": list(columns[: values.shape[1]]) * values.shape[0],
         "flow_persons": values.ravel()}
    )  # fmt: skip


@given(
    rows=st.lists(st.floats(0.1, 1000), min_size=3, max_size=4),
    columns=st.lists(st.floats(0.1, 1000), min_size=3, max_size=4),
    gone=st.lists(st.integers(0, 2), min_size=1, max_size=2, unique=True),
)
@settings(max_examples=30)
def test_a_pair_of_two_independent_ends_comes_back(rows, columns, gone):
    whole = np.outer(rows, columns)
    holes = whole.copy()
    holes[gone, gone] = np.nan
    found = fill_prior(long(holes))["flow_persons"].to_numpy()
    assert found == pytest.approx(whole.ravel(), rel=1e-4)


def test_withheld_pairs_are_never_impossible():
    holes = [[5, np.nan, 0], [0, 3, np.nan], [np.nan, 0, 0], [np.nan, np.nan, np.nan]]
    filled = fill_prior(long(holes))
    told = ~np.isnan(np.array(holes).ravel())
    assert filled["flow_persons"][told].tolist() == [5, 0, 0, 3, 0, 0]
    assert (filled["flow_persons"][~told] > 0).all()
    assert filled["flow_persons"].max() < 100
    margins = margins_table({"a": 4, "b": 4, "c": 1, "d": 2}, {"w": 4, "x": 4, "y": 3})
    found = estimate_from_margins(margins, prior=filled)
    assert found.persons() == pytest.approx(11)
    as_zero = long(holes).fillna(0.0)
    with pytest.raises(InputError, match="cannot be placed"):
        estimate_from_margins(margins, prior=as_zero)


def test_a_missing_weight_is_an_error_that_names_the_pair():
    prior = long([[5, np.nan], [1, 3]])
    with pytest.raises(InputError, match=r"prior: 1 pairs without a figure: \['a to x'\]; give"):
        estimate_from_margins(margins_table({"a": 4, "b": 4}, {"w": 4, "x": 4}), prior=prior)


def test_absent_pairs_stay_absent_and_parts_make_a_pair_unknown():
    prior = long([[5, 2], [1, 3], [4, 2]]).drop(index=3)
    assert len(fill_prior(prior)) == 5
    more = pd.concat([prior, prior.iloc[[0]].assign(flow_persons=np.nan)], ignore_index=True)
    filled = fill_prior(more)
    assert len(filled) == 5
    assert filled["flow_persons"].iloc[0] == pytest.approx(4)
    with pytest.raises(InputError, match="one of them above 0"):
        fill_prior(long([[0, np.nan]]))
    with pytest.raises(InputError, match="numbers >= 0"):
        fill_prior(long([[-1, np.nan, 4]]))


def test_nothing_is_filled_between_blocks_that_no_known_pair_joins():
    nothing = np.nan
    with pytest.raises(InputError) as caught:
        fill_prior(long([[10, nothing], [nothing, 1000]]))
    told = str(caught.value)
    assert "2 pairs without a figure: ['a to x', 'b to w'] cannot be filled" in told
    assert "2 blocks" in told
    assert "['a'] to ['w']; ['b'] to ['x']; write a figure" in told
    # one figure that joins the blocks says the other
    joined = fill_prior(long([[10, 20], [nothing, 1000]]))
    assert joined["flow_persons"].tolist() == pytest.approx([10, 20, 500, 1000])
    # nor an end without any figure: its factor would be a mean over blocks
    with pytest.raises(InputError, match=r"1 pairs without a figure: \['c to w'\] cannot be"):
        fill_prior(long([[10, 0], [0, 1000], [nothing, 0]]).query("flow_persons != 0"))


def test_blocks_are_filled_within_themselves_where_nobody_goes_between_them():
    nothing = np.nan
    cells = long([[1, 2, 0, 0], [3, nothing, 0, 0], [0, 0, 50, 10], [0, 0, nothing, 40]])
    within = cells[cells["flow_persons"] != 0]
    filled = fill_prior(within).set_index(["origin_id", "destination_id"])["flow_persons"]
    assert filled["b", "x"] == pytest.approx(6)
    assert filled["d", "y"] == pytest.approx(200)


@given(
    known=st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=3, max_size=3).filter(
        lambda rows: any(map(any, rows))
    )
)
@settings(max_examples=40)
def test_a_prior_is_filled_if_and_only_if_factors_are_settled(known):
    """Oracle: missing logarithms follow from known ones if they are in the span of their rows."""
    known = np.array(known)
    design = np.array([[float(i == k) for k in range(3)] + [float(j == k) for k in range(3)]
                       for i in range(3) for j in range(3)])  # fmt: skip
    told = known.ravel()
    ends = np.concatenate([known.any(axis=1), known.any(axis=0)])
    inner = np.outer(ends[:3], ends[3:]).ravel()  # ends without any figure are a convention
    rank = np.linalg.matrix_rank(design[told])
    settled = np.linalg.matrix_rank(design[inner]) == rank
    whole = np.outer([1.0, 2, 5], [3.0, 1, 4])
    prior = long(np.where(known, whole, np.nan))
    if settled:
        found = fill_prior(prior)["flow_persons"].to_numpy()
        assert found[inner] == pytest.approx(whole.ravel()[inner], rel=1e-4)
    else:
        with pytest.raises(InputError, match="cannot be filled"):
            fill_prior(prior)

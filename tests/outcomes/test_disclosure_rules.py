"""What may be shared: rounding, withholding, and nothing that comes back by subtraction."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobility_geo.errors import ConservationError, InputError
from mobility_geo.outcomes.disclosure import (
    FIGURES,
    LEAST_CANDIDATES,
    SMALLEST_SHOWN,
    WITHHELD,
    PublicCount,
    feasible_range,
    public_count,
    round_two_figures,
    suppress,
)

PEOPLE = st.one_of(st.integers(0, 30), st.integers(0, 400), st.integers(0, 10**6))
COUNT = st.tuples(PEOPLE, PEOPLE, PEOPLE).map(lambda three: tuple(sorted(three)))
EXACT = PEOPLE.map(lambda one: (one, one, one))


def added(counts):
    return tuple(sum(count[place] for count in counts) for place in range(3))


@st.composite
def tables(draw):
    """Counts with a total that is split once or twice, as by zone and by reason."""
    cell = draw(st.sampled_from([COUNT, EXACT]))
    parts = {f"zone {n}": draw(cell) for n in range(draw(st.integers(1, 6)))}
    counts = {**parts, "all": added(parts.values())}
    sums = [("all", list(parts))]
    if draw(st.booleans()):
        # the same people, split another way
        left = dict.fromkeys(("reason 0", "reason 1"), (0, 0, 0))
        for number, count in enumerate(parts.values()):
            name = f"reason {number % 2}"
            left[name] = added([left[name], count])
        counts |= left
        sums.append(("all", list(left)))
    if draw(st.booleans()):
        counts["rest"] = draw(cell)
        counts["everybody"] = added([counts["all"], counts["rest"]])
        sums.append(("everybody", ["all", "rest"]))
    return counts, sums


@given(st.integers(SMALLEST_SHOWN, 10**9))
def test_rounding_keeps_two_figures_and_brackets(number):
    low, near, high = (round_two_figures(number, towards=way) for way in ("low", "nearest", "high"))
    assert low <= number <= high
    assert low <= near <= high
    assert abs(near - number) <= min(number - low, high - number) + 1e-9
    for rounded in (low, near, high):
        assert len(str(rounded).rstrip("0")) <= 2
        assert rounded >= SMALLEST_SHOWN


@given(COUNT)
def test_public_count_holds_its_interval_and_hides_the_small(count):
    low, value, high = count
    shown = public_count(low, value, high)
    if value < SMALLEST_SHOWN:
        assert shown == WITHHELD
        return
    assert shown.low is None or SMALLEST_SHOWN <= shown.low <= low
    assert (shown.low is None) == (low < SMALLEST_SHOWN)
    assert shown.high >= high
    assert (shown.low or 0) <= shown.value <= shown.high


@given(tables())
def test_no_withheld_count_comes_back(table):
    counts, sums = table
    shown = suppress(counts, sums)
    assert list(shown) == list(counts)
    for place, figure in enumerate(FIGURES):
        for key, count in counts.items():
            least, most = feasible_range(key, shown, sums, figure=figure)
            # what a reader works out is never wrong ...
            assert least - 1e-6 <= count[place] <= most + 1e-6
            # ... and never exact for a small count
            if count[place] < SMALLEST_SHOWN:
                top = math.floor(min(most, SMALLEST_SHOWN - 1) + 1e-6)
                assert top - math.ceil(least - 1e-6) + 1 >= LEAST_CANDIDATES


@given(tables())
def test_what_is_shown_is_the_rounded_count(table):
    counts, sums = table
    for key, count in suppress(counts, sums).items():
        assert count.withheld or count == public_count(*counts[key])
        assert count.withheld or count.value >= SMALLEST_SHOWN


def test_subtraction_alone_would_give_it_back():
    """The check can fail: without complementary suppression a count of 9 comes back."""
    naive = {key: public_count(n, n, n) for key, n in (("gao", 43), ("kidal", 9), ("all", 52))}
    assert feasible_range("kidal", naive, [("all", ["gao", "kidal"])]) == (9.0, 9.0)
    counts = {"gao": (43,) * 3, "kidal": (9,) * 3, "all": (52,) * 3}
    assert suppress(counts, [("all", ["gao", "kidal"])])["gao"].withheld


def test_headline_is_kept_where_another_count_will_do():
    counts = {"gao": (43,) * 3, "kidal": (9,) * 3, "mopti": (21,) * 3, "all": (73,) * 3}
    sums = [("all", ["gao", "kidal", "mopti"])]
    shown = suppress(counts, sums, keep=["all", "mopti"])
    assert not shown["all"].withheld
    assert not shown["mopti"].withheld
    assert shown["gao"].withheld


def test_rounding_alone_protects_large_tables():
    counts = {"gao": (50_400,) * 3, "kidal": (3,) * 3, "all": (50_403,) * 3}
    shown = suppress(counts, [("all", ["gao", "kidal"])])
    assert [key for key, count in shown.items() if count.withheld] == ["kidal"]


def test_count_outside_every_sum_stands_alone():
    assert suppress({"cut_off": (3, 5, 9)}, [])["cut_off"] == WITHHELD
    assert suppress({"cut_off": (5, 15, 29)}, [])["cut_off"] == PublicCount(None, 15, 29)


@pytest.mark.parametrize("count", [(-1, 5, 9), (7, 5, 9), (1, 5, 4)])
def test_impossible_counts_are_refused(count):
    with pytest.raises(InputError, match="low <= value <= high"):
        public_count(*count)


def test_sums_must_add_up_and_be_known():
    counts = {"a": (1, 1, 1), "all": (2, 2, 2)}
    with pytest.raises(InputError, match=r"'all' add up to \(1, 1, 1\)"):
        suppress(counts, [("all", ["a"])])
    with pytest.raises(InputError, match="'b', which is not a count"):
        suppress(counts, [("all", ["a", "b"])])


def test_contradiction_is_a_fault():
    shown = {"a": PublicCount(43, 43, 43), "all": PublicCount(30, 30, 30)}
    with pytest.raises(ConservationError, match="contradicts"):
        feasible_range("a", shown, [("all", ["a"])])


def test_small_number_is_never_rounded():
    with pytest.raises(InputError, match="withhold it"):
        round_two_figures(9, towards="nearest")

"""What keys take: ranges, boxes, systems, encodings, and the words that say so."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobility_geo.scenario.problems import Problems
from mobility_geo.scenario.values import (
    ANY_TEXTS,
    BOX,
    COUNTRY,
    CRS,
    ENCODING,
    METRIC_CRS,
    NUMBERS,
    TEXTS,
    check_values,
    choice,
    number,
    ranges,
    whole,
)


@pytest.mark.parametrize(
    ("takes", "good", "wrong"),
    [
        (BOX, [[-12.3, 10.1, 4.3, 25.0], [-180, -90, 180, 90]],
         [[1, 2], [4, 10, -12, 25], [0, 0, 0, 1], [0, 0, 1, 91], [0, 0, 181, 1],
          [0, 0, 1, math.inf],
          [0, 0, 1, True], ["0", 0, 1, 1], "box", {}]),
        (CRS, ["EPSG:4326", "EPSG:32630", 32630, "+proj=utm +zone=30"],
         ["foo", "", True, 1.5, -1, 10**30, "EPSG:4978", ["EPSG:4326"]]),
        (METRIC_CRS, ["EPSG:32630", 32630], ["EPSG:4326", 4326, "EPSG:2225", "x", False]),
        (ENCODING, ["utf-8", "cp1252", "latin-1", "utf-16"], ["utf-9", "rot13", "", 3, "a\0"]),
        (COUNTRY, ["MLI"], ["mli", "ML", "MLIX", "", 3, "MLI\n"]),
        (TEXTS, [["a"]], [[], [""], ["a", 1], "a", {"a": "b"}]),
        (ANY_TEXTS, [["a"], []], [[" "], [["a"]], "a"]),
        (NUMBERS, [[1, 2.5]], [[], [True], ["1"], [math.inf], [10**400], 1]),
        (choice("m", "cm"), ["m"], ["M", "", 1, ["m"], None]),
        (ranges("mm"), [{"a": [0, 1]}, {"a": [1, 2], "b": [0, 1]}],
         [{}, {"a": [1]}, {"a": [1, 1]}, {"a": [2, 1]}, {"a": [0, 2], "b": [1, 3]},
          {"a": [0, math.inf]}, {"a": 3}, [[0, 1]]]),
    ],
)  # fmt: skip
def test_what_fits_and_what_does_not(takes, good, wrong):
    assert all(takes.fits(value) for value in good)
    assert not [value for value in wrong if takes.fits(value)]


@pytest.mark.parametrize(
    ("takes", "words"),
    [
        (number(), "a finite number"),
        (number(least=0, unit="m"), "a finite number of at least 0 m"),
        (number(above=0), "a finite number above 0"),
        (number(above=0, most=1000, unit="h"), "a finite number above 0 and at most 1,000 h"),
        (number(most=3), "a finite number of at most 3"),
        (number(least=0.01, most=5, unit="km"), "a finite number, 0.01 to 5 km"),
        (whole(least=0, most=4), "a whole number, 0 to 4"),
        (choice("m", "cm"), 'one of "m", "cm"'),
    ],
)
def test_ranges_are_said_with_their_unit(takes, words):
    assert takes.words == words


@given(value=st.floats() | st.integers(), low=st.integers(-5, 5), size=st.integers(0, 5))
def test_a_number_fits_between_both_ends_and_nowhere_else(value, low, size):
    inside = math.isfinite(value) and low <= value <= low + size
    assert number(least=low, most=low + size).fits(value) == inside
    assert whole(least=low, most=low + size).fits(value) == (inside and isinstance(value, int))
    assert number(above=low, most=low + size).fits(value) == (inside and value != low)


def test_the_nearest_word_is_suggested_only_if_one_is_near():
    problems = Problems()
    takes = {"kind": choice("settlement", "camp")}
    check_values({"kind": "camps"}, takes, "[places]", problems)
    check_values({"kind": "zzz"}, takes, "", problems)
    check_values({"kind": 3, "other": 4}, takes, "", problems)
    assert problems.found == [
        "[places] kind: must be one of \"settlement\", \"camp\", not 'camps'; did you mean 'camp'?",
        'kind: must be one of "settlement", "camp", not \'zzz\'',
        'kind: must be one of "settlement", "camp", not 3',
    ]

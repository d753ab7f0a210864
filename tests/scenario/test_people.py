"""Residents as groups: whole people, none of them lost."""

import logging
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.datasets import load_mali
from mobility_geo.errors import ScenarioError, SchemaError, UnknownIdError
from mobility_geo.scenario import resident_groups
from mobility_geo.schema import GROUPS, PLACE_KINDS, check_table
from mobility_geo.testing.drawing import draw_network

SIZE = 6
BASE = draw_network("A-B-C#D-E-F")
HOW = {"profile": "truck", "destination_set": "towns"}


def peopled(people, *, zones=None, kinds=None):
    """The drawing with people at its places, A first."""
    places = BASE.places.sort_values("place_id").reset_index(drop=True)
    assert len(places) == SIZE
    places["population_persons"] = np.array(people, dtype=float)
    if zones is not None:
        places["pcode"] = [zone if zone is None else code
                           for zone, code in zip(zones, places["pcode"], strict=True)]  # fmt: skip
    if kinds is not None:
        places["kind"] = kinds
    return BASE.replace_tables(places=places)


def zone_of(places):
    return places["pcode"].fillna("in " + places["country"])


people = st.floats(0, 1e7, allow_subnormal=False) | st.floats(0, 2) | st.just(float("nan"))


@settings(max_examples=40)
@given(
    st.lists(people, min_size=SIZE, max_size=SIZE),
    st.lists(st.sampled_from([None, "own"]), min_size=SIZE, max_size=SIZE),
)
def test_nobody_is_lost_or_made_in_any_zone(counts, zones):
    network = peopled(counts, zones=zones)
    groups = check_table(resident_groups(network, **HOW), GROUPS)
    places = network.places.set_index("place_id")
    persons = groups.set_index("place_id")["persons"].reindex(places.index, fill_value=0)
    known = places["population_persons"].fillna(0)
    assert (groups["persons"] > 0).all()
    assert ((persons - known).abs() < 1).all()
    for _, rows in known.groupby(zone_of(places)):
        assert persons[rows.index].sum() == round(math.fsum(rows))
    # whole numbers stay what they are
    whole = known[known == np.floor(known)]
    assert (persons[whole.index] == whole).all()


@settings(max_examples=15)
@given(st.lists(people, min_size=SIZE, max_size=SIZE), st.permutations(range(SIZE)))
def test_the_order_of_places_does_not_matter(counts, order):
    network = peopled(counts)
    shuffled = network.replace_tables(places=network.places.iloc[list(order)])
    assert resident_groups(network, **HOW).equals(resident_groups(shuffled, **HOW))


def test_equal_fractions_go_to_the_first_by_id():
    groups = resident_groups(peopled([0.5, 0.5, 0.5, 0.4, 0.4, 0]), **HOW)
    # 1.5 people are two, half to even; 0.8 are one
    assert groups["place_id"].tolist() == ["A", "B", "D"]
    assert groups["persons"].tolist() == [1, 1, 1]
    assert groups["nationality"].tolist() == ["AAA", "AAA", "BBB"]


def test_villages_below_one_person_are_not_lost():
    # a raster leaves fractions: 0.9 people each are 3 in the zone, not none
    assert resident_groups(peopled([0.9, 0.9, 0.9, 0, 0, 0]), **HOW)["persons"].sum() == 3


def test_only_people_of_the_kinds_of_places_asked_for_are_residents(caplog):
    kinds = ["settlement", "camp", "transit_centre", "site", "pasture", "settlement"]
    network = peopled([10, 20, 30, 40, 50, 60], kinds=kinds)
    with caplog.at_level(logging.INFO):
        assert resident_groups(network, **HOW)["persons"].tolist() == [10, 60]
    assert "4 places of other kinds with 140 people are left out" in caplog.text
    everywhere = resident_groups(network, kinds=PLACE_KINDS, **HOW)
    assert everywhere["persons"].tolist() == [10, 20, 30, 40, 50, 60]
    assert set(everywhere["kind"]) == {"resident"}


def test_only_the_chosen_countries_and_zones():
    network = peopled([1.5, 1.5, 0, 2.5, 0, 0])
    assert resident_groups(network, countries=["AAA"], **HOW)["persons"].sum() == 3
    (code,) = set(network.places.loc[network.places["country"] == "BBB", "pcode"])
    assert resident_groups(network, pcodes=[code], **HOW)["persons"].tolist() == [2]
    assert resident_groups(network, countries=[], **HOW).empty


def test_the_built_in_country_keeps_its_census():
    groups = resident_groups(load_mali().network, countries=["MLI"], **HOW)
    assert groups["persons"].sum() == 14_528_662


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"kinds": ["setlement"]}, ScenarioError, "did you mean 'settlement'"),
        ({"countries": ["AAB"]}, UnknownIdError, "no place in 'AAB'"),
        ({"pcodes": ["ML99"]}, UnknownIdError, "no zone 'ML99'"),
        ({"base": "everybody"}, SchemaError, "base"),
    ],
)
def test_words_that_mean_nothing_are_refused(wrong, error, words):
    with pytest.raises(error, match=words):
        resident_groups(BASE, **HOW, **wrong)

"""Which row of the speed table counts for which edge."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.errors import UnknownIdError
from mobility_geo.network import edge_speeds
from mobility_geo.testing import draw_network
from mobility_geo.testing.drawing import PROFILES

NETWORK = draw_network("A---B==C~~D")
CLASSES, SURFACES = ("primary", "track", "none"), ("paved", "earth", "water")
ROWS = list(itertools.product(("road", "track", "river"), (*CLASSES, "*"), (*SURFACES, "*")))


def oracle(edge, rows):
    """Look for the row as the words say it: both given, then class, then surface, then none."""
    for road_class, surface in (
        (edge.road_class, edge.surface), (edge.road_class, "*"), ("*", edge.surface), ("*", "*"),
    ):  # fmt: skip
        if (edge.kind, road_class, surface) in rows:
            return rows[edge.kind, road_class, surface]
    return np.nan


@given(
    rows=st.dictionaries(st.sampled_from(ROWS), st.integers(1, 90).map(float), min_size=1),
    looks=st.lists(
        st.tuples(st.sampled_from(CLASSES), st.sampled_from(SURFACES)), min_size=3, max_size=3
    ),
)
@settings(max_examples=25)
def test_the_most_specific_row_wins(rows, looks):
    network = NETWORK.replace_tables(
        edges=NETWORK.edges.assign(
            road_class=[one for one, _ in looks], surface=[two for _, two in looks]
        ),
        speeds=pd.DataFrame(
            [("boat", *key, speed, "x") for key, speed in rows.items()],
            columns=["profile", "kind", "road_class", "surface", "speed_kph", "source"],
        ),
        profiles=PROFILES.assign(modes="road|track|river"),
    )
    expected = [oracle(edge, rows) for edge in network.edges.itertuples()]
    np.testing.assert_array_equal(edge_speeds(network, "boat"), expected)
    assert np.isnan(edge_speeds(network, "truck")).all()


def test_a_kind_that_is_no_mode_of_the_profile_cannot_be_passed():
    speeds = NETWORK.speeds.copy()
    speeds.loc[len(speeds)] = ["truck", "river", "*", "*", 99.0, "x"]
    network = NETWORK.replace_tables(speeds=speeds)
    found = dict(zip(network.edges["kind"], edge_speeds(network, "truck"), strict=True))
    assert found["road"] == 60
    assert found["track"] == 30
    assert np.isnan(found["river"])


def test_an_unknown_profile_is_named_with_the_nearest_one():
    with pytest.raises(UnknownIdError, match="no travel profile 'trucks'; did you mean 'truck'"):
        edge_speeds(NETWORK, "trucks")

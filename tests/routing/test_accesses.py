"""Accesses of some of the places are those that are found for these places alone."""

import dataclasses

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.routing import access_set
from mobility_geo.scenario import TravellerClass, conditions
from mobility_geo.testing.strategies import networks, scenarios

UNSHRUNK = (Phase.explicit, Phase.generate)


@given(network=networks(), data=st.data())
@settings(max_examples=10, phases=UNSHRUNK)
def test_some_places_are_as_if_they_were_asked_alone(network, data):
    laid = data.draw(scenarios(network))
    who = TravellerClass(profile=str(network.profiles["profile"].iloc[0]), nationality="AAA")
    costs = conditions(network, laid, None, who).dense()
    places = network.places["place_id"].tolist()
    order = data.draw(st.permutations(range(len(places))))
    chosen = order[: data.draw(st.integers(0, len(places)))]
    leaving = data.draw(st.booleans())
    some = access_set(network, costs, places, leaving=leaving).some(chosen)
    alone = access_set(network, costs, [places[one] for one in chosen], leaving=leaving)
    for item in dataclasses.fields(some):
        one, two = getattr(some, item.name), getattr(alone, item.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, two)
            assert one.dtype == two.dtype
        else:
            assert repr(one) == repr(two)

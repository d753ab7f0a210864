"""Trees between one place and all nodes, beside the ways between pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.datasets import load_toy
from mobility_geo.errors import InputError, UnknownIdError
from mobility_geo.network import Network
from mobility_geo.routing import access_set, find_shortest_tree, prepare_engine
from mobility_geo.routing.trees import grow_trees
from mobility_geo.scenario import ArcCosts, TravellerClass, conditions
from mobility_geo.testing.strategies import networks

WHO = TravellerClass(profile="truck", nationality="TOA")


def costs_of(network: Network) -> ArcCosts:
    case = load_toy()
    who = TravellerClass(
        profile=str(network.profiles["profile"].iloc[0]),
        nationality=str(network.places["country"].iloc[0]),
    )
    return conditions(network, case.scenario.baseline(), None, who).dense()


def check(network: Network, costs: ArcCosts, place: str, *, leaving: bool) -> None:
    tree = find_shortest_tree(network, costs, place, leaving=leaving)
    ends = access_set(network, costs, [place], leaving=leaving)
    nodes = np.arange(len(network.nodes), dtype=np.int32)
    sources = np.unique(ends.node).astype(np.int32) if leaving else nodes
    distance = grow_trees(network, costs.open, costs.time_min, sources)[0]
    for node in nodes:
        expected = np.inf
        for seed, offset in zip(ends.node, ends.time_min, strict=True):
            pair = (np.searchsorted(sources, seed), node) if leaving else (node, seed)
            expected = min(expected, distance[pair] + offset)
        assert tree.units[node] == expected
        arcs = tree.arcs(int(node))
        assert bool(costs.open[arcs].all())
        far = int(node)
        if len(arcs):
            tail, head = network.arcs.tail[arcs], network.arcs.head[arcs]
            assert tail[1:].tolist() == head[:-1].tolist()
            assert (head[-1] if leaving else tail[0]) == node
            far = int(tail[0] if leaving else head[-1])
        if np.isfinite(expected):
            offsets = ends.time_min[ends.node == far]
            assert int(costs.time_min[arcs].sum()) + int(offsets.min()) == expected
        else:
            assert not len(arcs)


@pytest.mark.parametrize("leaving", [True, False])
@pytest.mark.parametrize("engine", ["trees", "hierarchy"])
def test_the_toy_country(engine, leaving):
    network = load_toy().network
    if engine == "hierarchy":
        network = network.replace_tables()
        prepare_engine(network)
    costs = conditions(network, load_toy().scenario, None, WHO).dense()
    for place in network.places["place_id"]:
        check(network, costs, place, leaving=leaving)


def free_some(costs: ArcCosts, free: np.ndarray) -> ArcCosts:
    """Make arcs cost nothing: circles of them must not end up in a tree."""
    return ArcCosts(
        open=costs.open, time_min=np.where(free, 0, costs.time_min).astype(np.int32),
        length_m=costs.length_m, cost_xof=costs.cost_xof, risk=costs.risk,
        closed_arcs=costs.closed_arcs, access_open=costs.access_open,
        access_time_min=costs.access_time_min, access_risk=costs.access_risk,
    )  # fmt: skip


@given(network=networks(), seed=st.integers(0, 9), leaving=st.booleans(), fast=st.booleans())
@settings(max_examples=15, deadline=None)
def test_random_networks_with_arcs_that_cost_nothing(network, seed, leaving, fast):
    if fast:
        prepare_engine(network)
    costs = costs_of(network)
    rng = np.random.default_rng(seed)
    costs = free_some(costs, rng.random(len(network.arcs)) < 0.5)
    check(network, costs, str(network.places["place_id"].iloc[0]), leaving=leaving)


def test_bad_input_is_named():
    case = load_toy()
    costs = conditions(case.network, case.scenario, None, WHO).dense()
    with pytest.raises(UnknownIdError, match="no place 'nowhere'"):
        find_shortest_tree(case.network, costs, "nowhere")
    with pytest.raises(InputError, match="impedance must be one of"):
        find_shortest_tree(case.network, costs, "northtown", impedance="minutes")

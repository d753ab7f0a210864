"""Small random crises from a seed, and every set of reopenings tried out on them."""

import itertools

import numpy as np

from mobility_geo.flows import place_people
from mobility_geo.routing import find_group_ways
from mobility_geo.scenario import (
    Closure,
    Disruption,
    Limits,
    RiskCost,
    Selection,
    SpeedFactor,
    Who,
    border_closure,
)
from mobility_geo.testing import build_case, draw_network

DRAWN = draw_network("""
A---b#c---C
|   |     |
D===e---f F
|       | }
G-------+ h
""", countries=dict.fromkeys("AbDefG", "AAA") | dict.fromkeys("cCFh", "BBB"))  # fmt: skip


def random_crisis(seed, *, disruptions=4, capacities=None, limited=True, residents=False):
    """Return a case: four groups, two destinations, closures that only work together, budgets."""
    rng = np.random.default_rng(seed)
    places, edges = DRAWN.places["place_id"].tolist(), DRAWN.edges["edge_id"].tolist()
    effects = [Closure(), Closure(), Closure(), SpeedFactor(0.3)]
    effects += [RiskCost(0.005)] if limited else []
    laid = [
        Disruption(
            disruption_id=f"d{number}", kind="insecurity",
            what=Selection(edge_ids=tuple(rng.choice(edges, size=4, replace=False))),
            effects=(effects[rng.integers(len(effects))],),
            who=Who(profiles=("truck",)) if rng.random() < 0.2 else Who(),
        )
        for number in range(disruptions - 1)
    ]  # fmt: skip
    regime = str(rng.choice(["closed", "nationals_only"]))
    laid.append(border_closure(["b-c"], disruption_id="border", regime=regime))
    people = [
        {
            "place_id": str(rng.choice(places)), "persons": int(rng.integers(1, 500)),
            "profile": str(rng.choice(["truck", "foot", "boat"])),
            "time_limit_h": [None, 4.0, 48.0][rng.integers(3)],
            "risk_limit": [None, 0.1][rng.integers(2)] if limited else None,
            "base": "residents" if residents and rng.random() < 0.3 else "movers",
        }
        for _ in range(4)
    ]  # fmt: skip
    free = rng.random() < 0.5 if capacities is None else capacities
    to = [
        {"place_id": str(place), "capacity_persons": int(rng.integers(50, 600)) if free else None}
        for place in rng.choice(places, size=2, replace=False)
    ]
    return build_case(DRAWN, people, to, disruptions=laid, limits=Limits())


def freed_by_every_set(case, of=None):
    """Return the people (at a place) freed by every set of disruptions; nothing is skipped."""
    day = case.scenario.day(None)
    movers = case.groups[(case.groups["base"] == "movers").to_numpy(bool)]
    competing = bool(case.destinations["capacity_persons"].notna().any())
    open_now = case.destinations_on(day)
    before = place_people(find_group_ways(case, groups=movers), open_now).sum(axis=1)
    mine = movers["place_id"].isin([of] if of else movers["place_id"]).to_numpy(bool)
    short = before < movers["persons"].to_numpy()
    ids = sorted(one.disruption_id for one in case.scenario.active(day))
    found = {}
    for count in range(len(ids) + 1):
        for some in itertools.combinations(ids, count):
            ways = find_group_ways(case, case.scenario.without(ids=some), groups=movers)
            after = place_people(ways, open_now, keep=before).sum(axis=1)
            more = np.maximum(after - before, 0)
            found[frozenset(some)] = int(more[mine if competing else mine & short].sum())
    return found

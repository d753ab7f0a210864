"""Information gaps, each against the question asked again with that one thing turned out."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from random_crises import random_crisis

from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import CalendarError, InputError
from mobility_geo.outcomes import find_information_gaps, find_stranded
from mobility_geo.scenario import Closure, Disruption, Limits, RiskCost, Selection
from mobility_geo.schema import GAP_THINGS
from mobility_geo.testing import build_case, draw_network

TOY = load_toy()


def cannot_by_group(case, scenario=None):
    found = find_stranded(case, scenario, with_causes=False)
    told = found[(found["base"] == "movers") & found["status"].isin(["stranded", "isolated"])]
    movers = case.groups.loc[(case.groups["base"] == "movers").to_numpy(bool), "group_id"]
    return told.groupby("group_id")["persons"].sum().reindex(movers).fillna(0).to_numpy(int)


def shut(case, edges):
    one = Disruption(
        disruption_id="tried", kind="road", what=Selection(edge_ids=tuple(edges)),
        effects=(Closure(),), source="test",
    )  # fmt: skip
    return dataclasses.replace(case.scenario, disruptions=(*case.scenario.disruptions, one))


def unsure_of_people(case):
    groups = case.groups
    return dataclasses.replace(
        case,
        groups=groups.assign(
            persons_low=groups["persons"] // 3, persons_high=groups["persons"] * 2
        ),
    )


def with_persons(case, column, group):
    groups = case.groups.copy()
    row = (groups["group_id"] == group).to_numpy(bool)
    value = groups.loc[row, column].iloc[0]
    for name in ("persons", "persons_low", "persons_high"):
        groups.loc[row, name] = value
    return dataclasses.replace(case, groups=groups)


def by_hand(case, speed_error):
    """Return both ends of everything, asking anew each time."""
    before = cannot_by_group(case)
    now = int(before.sum())
    ends = {}
    edges = case.network.edges
    competing = case.destinations["capacity_persons"].notna().any()
    things = [("edge", name, [name]) for name in edges.loc[edges["crossing_id"].isna(), "edge_id"]]
    things += [
        ("crossing", name, edges.loc[(edges["crossing_id"] == name).to_numpy(bool), "edge_id"])
        for name in case.network.crossings["crossing_id"]
    ]
    for thing, name, closed in things:
        after = cannot_by_group(case, shut(case, closed))
        lost = after.sum() - now if competing else np.maximum(after - before, 0).sum()
        ends[thing, name] = (now, now + max(int(lost), 0))
    for one in case.scenario.disruptions:
        after = cannot_by_group(case, case.scenario.without(ids=[one.disruption_id]))
        left = min(after.sum(), now) if competing else np.minimum(after, before).sum()
        ends["disruption", one.disruption_id] = (int(left), now)
    for group in case.groups.loc[(case.groups["base"] == "movers").to_numpy(bool), "group_id"]:
        found = [
            int(cannot_by_group(with_persons(case, column, group)).sum())
            for column in ("persons_low", "persons_high")
        ]
        ends["group", group] = (min(found), max(found))
    speeds = case.network.speeds
    found = []
    for factor in (math.exp(-speed_error), math.exp(speed_error)):
        network = case.network.replace_tables(
            speeds=speeds.assign(speed_kph=speeds["speed_kph"] * factor)
        )
        found.append(int(cannot_by_group(dataclasses.replace(case, network=network)).sum()))
    ends["speeds", "all"] = (min(found), max(found))
    return ends


@pytest.mark.parametrize(("seed", "capacities"), [(0, False), (2, True)])
def test_each_gap_is_the_question_asked_again(seed, capacities):
    case = unsure_of_people(random_crisis(seed, capacities=capacities))
    found = find_information_gaps(case, speed_error=0.5)
    told = {
        (row.thing, row.id): (row.low_persons, row.high_persons)
        for row in found.itertuples(index=False)
    }
    expected = {key: ends for key, ends in by_hand(case, 0.5).items() if ends[0] < ends[1]}
    assert told == expected
    swings = found["swing_persons"].tolist()
    assert swings == sorted(swings, reverse=True)
    assert (found["swing_persons"] == found["high_persons"] - found["low_persons"]).all()


@pytest.mark.parametrize("seed", [1, 4])
def test_risk_and_money_count_on_large_networks_as_well(seed, monkeypatch):
    case = random_crisis(seed, capacities=False)
    small = find_information_gaps(case, speed_error=0)
    monkeypatch.setattr("mobility_geo.outcomes.chokepoints.RESOLVE_BELOW", 0)
    large = find_information_gaps(case, speed_error=0)
    assert_frame_equal(large.drop(columns="geometry"), small.drop(columns="geometry"))


def test_whom_a_lifting_takes_their_way_does_not_hide_whom_it_frees():
    """The road that opens is the way of those at B in time, and over the risk of those at A."""
    network = draw_network("""
A----B-------------C
     |             |
     E-------------+
""")
    laid = [
        Disruption(disruption_id=name, kind="insecurity", what=Selection(edge_ids=("B-E",)),
                   effects=(effect,))
        for name, effect in (("closed", Closure()), ("risky", RiskCost(1.0)))
    ]  # fmt: skip
    short = network.edges["edge_id"] == "B-E"
    edges = network.edges.assign(length_m=network.edges["length_m"].where(~short, 10.0))
    far = edges["edge_id"] == "B-C"
    edges["length_m"] = edges["length_m"].where(~far, 400_000.0)
    people = [{"place_id": "A", "persons": 50, "risk_limit": 0.001},
              {"place_id": "B", "persons": 80, "time_limit_h": 4.0}]  # fmt: skip
    case = build_case(network.replace_tables(edges=edges), people, "C", disruptions=laid)
    found = find_information_gaps(case, speed_error=0).set_index(["thing", "id"])
    assert cannot_by_group(case).tolist() == [0, 80]
    assert cannot_by_group(case, case.scenario.without(ids=["closed"])).tolist() == [50, 0]
    assert found.loc[("disruption", "closed"), "swing_persons"] == 80


def test_only_what_nobody_reported_lately_is_a_gap():
    network = draw_network("A---b---C")
    edges = network.edges.copy()
    edges["state_reported_on"] = pd.to_datetime(["2013-01-19", "2012-06-01"])
    network = network.replace_tables(edges=edges)
    case = build_case(network, {"A": 100}, to="C")

    def gaps(case, **more):
        found = find_information_gaps(case, speed_error=0, **more)
        return found.loc[found["thing"] == "edge", "id"].tolist()

    assert gaps(case) == []
    assert gaps(case, older_than_days=30) == [edges["edge_id"].iloc[1]]
    assert len(gaps(case, older_than_days=0)) == 2
    limited = dataclasses.replace(case, limits=Limits(unknown_after_days=30))
    found = find_information_gaps(limited, speed_error=0)
    assert found["last_reported"].tolist() == [pd.Timestamp("2012-06-01")]
    assert found[["low_persons", "high_persons"]].iloc[0].tolist() == [0, 100]


def test_gaps_are_mapped_where_the_thing_is():
    case = load_mali("mali-2013-01")
    told = []
    found = find_information_gaps(case, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    assert set(found["thing"]) <= set(GAP_THINGS)
    assert found.crs == case.network.crs
    kinds = {
        "group": {"Point"}, "crossing": {"Point"}, "edge": {"LineString"},
        "disruption": {"Polygon", "MultiPolygon"},
    }  # fmt: skip
    for thing, allowed in kinds.items():
        mine = found[(found["thing"] == thing).to_numpy(bool)]
        assert set(mine.geom_type.dropna()) <= allowed
    assert (found["thing"] != "speeds").all() or found.loc[
        found["thing"] == "speeds", "geometry"
    ].isna().all()
    points = case.network.places.set_index("place_id").geometry
    of = case.groups.set_index("group_id")["place_id"]
    for row in found[(found["thing"] == "group").to_numpy(bool)].head(5).itertuples():
        assert row.geometry.equals(points[of[row.id]])


def test_without_anything_unsure_there_is_no_gap():
    network = draw_network("A---b---C")
    edges = network.edges.assign(state_reported_on=pd.Timestamp("2013-01-20"))
    case = build_case(network.replace_tables(edges=edges), {"A": 100}, to="C")
    found = find_information_gaps(case)
    assert found.empty
    assert found.crs == network.crs


def test_what_cannot_be_asked():
    with pytest.raises(InputError, match="residents"):
        find_information_gaps(TOY, base="residents")
    with pytest.raises(InputError, match="base"):
        find_information_gaps(TOY, base="everybody")
    with pytest.raises(InputError, match="speed_error must be 0 to 2"):
        find_information_gaps(TOY, speed_error=math.nan)
    with pytest.raises(CalendarError):
        find_information_gaps(TOY, when="1990-01-01")

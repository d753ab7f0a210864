"""What holds for every question: nobody lost, closing helps nobody, opening strands nobody."""

import dataclasses
import datetime as dt

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.errors import ConservationError
from mobility_geo.network import attach_places
from mobility_geo.outcomes import compare, find_stranded, persons_freed
from mobility_geo.scenario import Closure, Disruption, Limits, Selection, border_closure
from mobility_geo.schema import REASONS
from mobility_geo.testing import assert_people_conserved, build_case, draw_network
from mobility_geo.testing.drawing import CRS
from mobility_geo.testing.strategies import cases, disruptions, networks

UNSHRUNK = (Phase.explicit, Phase.generate)
FIGURES = ["persons", "persons_low", "persons_high"]


def two_countries():
    """Draw two countries, a river, a place beside a road and one that is out of reach."""
    made = draw_network("""
    A---b#c---C
    |   |     |
    D===e     F
    |         }
    g~~~~~~~~~h
    """, countries=dict.fromkeys("AbDeg", "AAA") | dict.fromkeys("cCFh", "BBB"))  # fmt: skip
    more = gpd.GeoDataFrame(
        {"place_id": ["M", "Z"], "name": ["Mid", "Far"], "kind": "settlement", "country": "AAA",
         "approximate": False, "source": "drawn"},
        geometry=[shapely.Point(15_000, 1_000), shapely.Point(-90_000, 0)], crs=CRS,
    )  # fmt: skip
    places = pd.concat([made.places, more], ignore_index=True)
    edges = made.edges.copy()
    edges["state_reported_on"] = pd.Timestamp("2013-05-01")
    edges.loc[0, "state_reported_on"] = pd.NaT
    return made.replace_tables(
        places=places, edges=edges,
        accesses=attach_places(places, made.nodes, made.edges, made.waterways),
    )  # fmt: skip


NETWORK = two_countries()


def without_risk_and_money(case):
    """Budgets are tested on the least-time way, and a closure may lead to a safer, cheaper one."""
    return dataclasses.replace(
        case, groups=case.groups.assign(risk_limit=None, money_xof=None),
        limits=Limits(time_limit_h=case.limits.time_limit_h),
    )  # fmt: skip


def with_more(case, *more):
    laid = case.scenario
    return case.with_scenario(dataclasses.replace(laid, disruptions=(*laid.disruptions, *more)))


def people(found, *statuses):
    rows = found[found["status"].isin(statuses)]
    return rows.groupby("base")[FIGURES].sum().reindex(["movers", "residents"]).fillna(0)


@given(data=st.data())
@settings(max_examples=9, phases=UNSHRUNK)
def test_statuses_are_a_partition_of_the_people(data):
    case = data.draw(cases(NETWORK, groups=3, opening=True))
    found = find_stranded(case)
    assert_people_conserved(found, case.groups)
    assert set(found["group_id"]) == set(case.groups["group_id"])
    kept = found.set_index("group_id")[["place_id", "kind", "profile", "base", "nationality"]]
    asked = case.groups.set_index("group_id")[["place_id", "kind", "profile", "base",
                                               "nationality"]]  # fmt: skip
    assert (kept == asked.loc[kept.index]).all(axis=None)


@given(network=networks(), data=st.data())
@settings(max_examples=5, phases=UNSHRUNK)
def test_on_any_network_as_well(network, data):
    case = data.draw(cases(network, opening=True))
    assert_people_conserved(find_stranded(case), case.groups)
    assert_people_conserved(find_stranded(case.baseline()), case.groups)


@given(data=st.data())
@settings(max_examples=5, phases=UNSHRUNK)
def test_an_empty_scenario_strands_nobody(data):
    case = data.draw(cases(NETWORK, groups=3)).baseline()
    found = find_stranded(case)
    assert not set(found["status"]) & {"stranded", "cut_off"}
    assert found["cause"].isna().all()
    assert found["held_name"].isna().all()
    assert len(persons_freed(case)) == 0


@given(data=st.data())
@settings(max_examples=8, phases=UNSHRUNK)
def test_closing_more_never_lets_more_people_reach(data):
    places_limited = data.draw(st.booleans())
    case = without_risk_and_money(data.draw(cases(NETWORK, groups=3, capacities=places_limited)))
    more = data.draw(disruptions(NETWORK, disruption_id="more"))
    before, after = find_stranded(case), find_stranded(with_more(case, more))
    assert (people(after, "can_reach") <= people(before, "can_reach")).all(axis=None)
    assert people(after, "unknown").equals(people(before, "unknown"))
    if not places_limited:  # else a place that others cannot reach any more is free for them
        assert people(after, "isolated").equals(people(before, "isolated"))


@given(data=st.data())
@settings(max_examples=6, phases=UNSHRUNK)
def test_opening_a_border_strands_nobody(data):
    case = without_risk_and_money(data.draw(cases(NETWORK, groups=3)))
    case = with_more(case, border_closure(["b-c"], disruption_id="shut"))
    opened = case.with_scenario(case.scenario.without(kinds=["border"]))
    before, after = find_stranded(case), find_stranded(opened)
    assert (people(after, "stranded", "cut_off") <= people(before, "stranded", "cut_off")).all(
        axis=None
    )


@given(data=st.data())
@settings(max_examples=7, phases=UNSHRUNK)
def test_every_column_belongs_to_its_status(data):
    case = data.draw(cases(NETWORK, groups=3, opening=True))
    found = find_stranded(case)
    cannot = found["status"].isin(["stranded", "cut_off", "isolated"])
    lost = found["status"].isin(["stranded", "cut_off"])
    assert (found["reason"].notna() == cannot).all()
    assert (found["cause"].notna() == lost).all()
    assert (found["held_kind"].notna() == (found["status"] == "stranded")).all()
    somebody = found[found["persons_high"] > 0]
    there = somebody["destination_place_id"].notna()
    assert (there == (somebody["status"] == "can_reach")).all()
    assert found.loc[found["isolated_kind"].notna(), "status"].isin(["isolated"]).all()
    for row in found[cannot].itertuples():
        reasons = row.reasons_all.split("|")
        assert reasons[0] == row.reason
        assert len(set(reasons)) == len(reasons)
        assert set(reasons) <= set(REASONS)
    for row in found[lost].itertuples():
        causes = row.causes_all.split("|")
        assert row.cause == {1: causes[0]}.get(len(causes), "either")
        assert ("joint" in causes) <= (causes == ["joint"])
    reach = somebody[somebody["status"] == "can_reach"]
    assert (reach["time_min"] >= 0).all()
    # the way of today is the least-time way of today, which cannot beat that of a quiet day
    both = reach[reach["baseline_time_min"].notna() & ~reach["capacity_checked"]]
    if not any("open" in d.effect_words().split(", ") for d in case.scenario.disruptions):
        assert (both["time_min"] >= both["baseline_time_min"] - 1e-9).all() or (
            case.groups[["risk_limit", "money_xof"]].notna().any(axis=None)
        )


@given(data=st.data())
@settings(max_examples=4, phases=UNSHRUNK)
def test_the_order_of_groups_does_not_matter(data):
    case = data.draw(cases(NETWORK, groups=3))
    order = data.draw(st.permutations(range(len(case.groups))))
    turned = dataclasses.replace(case, groups=case.groups.iloc[order])
    one, two = (
        find_stranded(c).sort_values(["group_id", "status"]).reset_index(drop=True)
        for c in (case, turned)
    )
    pd.testing.assert_frame_equal(one, two)


@given(data=st.data())
@settings(max_examples=5, phases=UNSHRUNK)
def test_nobody_is_freed_twice_and_no_closure_of_another_day_frees(data):
    case = data.draw(cases(NETWORK, groups=3))
    found = find_stranded(case)
    freed = persons_freed(case)
    movers = case.groups[case.groups["base"] == "movers"]
    without = movers["persons"].sum() - people(found, "can_reach").loc["movers", "persons"]
    assert freed["disruption_id"].tolist() == [d.disruption_id for d in case.scenario.disruptions]
    assert (freed["persons_freed"] >= 0).all()
    assert (freed["persons_freed"] <= without).all()
    active = {d.disruption_id for d in case.scenario.active(case.scenario.when)}
    assert (freed.loc[~freed["disruption_id"].isin(active), "persons_freed"] == 0).all()


@given(data=st.data())
@settings(max_examples=5, phases=UNSHRUNK)
def test_comparing_keeps_everybody(data):
    case = data.draw(cases(NETWORK, groups=3))
    one, two = find_stranded(case.baseline()), find_stranded(case)
    change = compare(one, two)
    for column, table in (("status_before", one), ("status_after", two)):
        ours = change.groupby(["group_id", column])["persons"].sum()
        theirs = table.groupby(["group_id", "status"])["persons"].sum()
        theirs = theirs[theirs > 0]
        assert ours.to_dict() == theirs.to_dict()
    assert (change["changed"] == (change["status_before"] != change["status_after"])).all()
    assert not compare(two, two)["changed"].any()
    kept = change[~change["changed"].astype(bool)].groupby("group_id")["persons"].sum()
    sums = [t.groupby(["group_id", "status"])["persons"].sum() for t in (one, two)]
    both = pd.concat(sums, axis=1, keys=["one", "two"]).fillna(0)
    both.index.names = ["group_id", "status"]
    most = both.min(axis=1).groupby("group_id").sum().astype(int)
    assert kept.reindex(most.index).fillna(0).astype(int).to_dict() == most.to_dict()


def test_comparing_nobody_gives_a_table_that_can_be_used():
    found = find_stranded(build_case(NETWORK, {"A": 0}, "C"))
    change = compare(found, found)
    assert len(change[change["changed"]].groupby("group_id")["persons"].sum()) == 0


def test_tables_about_other_people_cannot_be_compared():
    case = build_case(NETWORK, {"A": 10}, "C")
    other = build_case(NETWORK, {"A": 11}, "C")
    less = build_case(NETWORK, {"A": 10, "C": 1}, "C")
    for one in (other, less):
        with pytest.raises(ConservationError, match="not about the same people"):
            compare(find_stranded(case), find_stranded(one))


def test_inputs_are_not_changed():
    shut = Disruption(disruption_id="d", kind="road", effects=(Closure(),),
                      what=Selection(edge_ids=("A-b",)))  # fmt: skip
    case = build_case(NETWORK, {"A": 10, "Z": 3}, "C", disruptions=[shut],
                      when=dt.date(2013, 3, 1))  # fmt: skip
    before = {name: getattr(case, name).copy() for name in ("groups", "destinations")}
    edges = case.network.edges.copy()
    one = find_stranded(case)
    one["persons"] = -1
    again = find_stranded(case)
    assert (again["persons"] >= 0).all()
    for name, table in before.items():
        pd.testing.assert_frame_equal(table, getattr(case, name))
    pd.testing.assert_frame_equal(pd.DataFrame(edges), pd.DataFrame(case.network.edges))

"""Sums for maps and pages: people are conserved however they are split."""

import copy

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_results import toy_results

from mobility_geo.datasets import load_toy
from mobility_geo.outcomes import solve_case, summaries
from mobility_geo.schema import CAUSES, REASONS


@pytest.fixture(scope="module")
def toy():
    """Results of the made-up crisis; tests must not change them."""
    return toy_results()


@pytest.fixture(scope="module")
def solved():
    return solve_case(load_toy())


def total(results, base, statuses=None):
    rows = results.status[results.status["base"] == base]
    if statuses is not None:
        rows = rows[rows["status"].isin(statuses)]
    return rows[list(summaries.PERSONS)].sum().tolist()


@pytest.mark.parametrize("which", ["toy", "solved"])
def test_every_split_sums_to_the_base(which, request):
    results = request.getfixturevalue(which)
    for base in ("movers", "residents"):
        by_status = summaries.people_by_status(results.status, base=base)
        low, value, high = summaries.people_total(results.status, base=base)
        assert by_status[list(summaries.PERSONS)].sum().tolist() == [value, low, high]
        assert total(results, base) == [value, low, high]
        for table in (summaries.status_by_zone(results), summaries.status_by_place(results)):
            for suffix, wanted in zip(summaries.SUFFIXES, (value, low, high), strict=True):
                assert table[f"{base}_persons{suffix}"].sum() == wanted
    stranded = total(results, "movers", ["stranded"])
    for columns in ("reason", "cause", ["reason", "cause"], "profile"):
        table = summaries.stranded_by(results.status, columns)
        assert table[list(summaries.PERSONS)].sum().tolist() == stranded
    held = summaries.held_at(results)
    assert held[list(summaries.PERSONS)].sum().tolist() == stranded


def test_zone_statuses_sum_to_the_zone(toy):
    table = summaries.status_by_zone(toy)
    for suffix in summaries.SUFFIXES:
        parts = ["can_reach", "stranded", "isolated", "unknown"]
        added = sum(table[f"{part}_persons{suffix}"] for part in parts)
        assert (added == table[f"movers_persons{suffix}"]).all()
        cannot = table[f"stranded_persons{suffix}"] + table[f"isolated_persons{suffix}"]
        assert (cannot == table[f"cannot_reach_persons{suffix}"]).all()


def test_people_outside_all_zones_are_not_lost():
    results = toy_results(status_changes=[(3, {"pcode": None}), (9, {"pcode": "XX99"})])
    table = summaries.status_by_zone(results)
    assert len(table) == len(results.case.network.zones) + 1
    last = table.iloc[-1]
    assert last["name"] == summaries.OUTSIDE_ZONES
    assert pd.isna(last["pcode"])
    assert last["geometry"] is None
    assert last["stranded_persons"] == 77
    assert last["residents_persons"] == 60_000
    assert table["movers_persons"].sum() == total(results, "movers")[0]
    assert table.crs == results.case.network.crs


def test_empty_base_has_zeros_and_no_shares(toy):
    table = summaries.people_by_status(toy.status.iloc[:0])
    assert table["persons"].tolist() == [0, 0, 0, 0]
    assert table["share"].isna().all()
    assert summaries.people_total(toy.status.iloc[:0]) == (0, 0, 0)


def test_main_reason_is_that_of_most_people(toy):
    table = summaries.status_by_zone(toy).set_index("pcode")
    assert table.loc["ML07", "main_reason"] == "border"
    assert table.loc["ML06", "main_cause"] == "insecurity"
    assert pd.isna(table.loc["DZ-11", "main_reason"])


@settings(max_examples=15)
@given(st.permutations(range(10)))
def test_row_order_is_irrelevant(toy, order):
    results = copy.copy(toy)
    wanted = summaries.status_by_place(results)
    held = summaries.held_at(results)
    results.status = results.status.iloc[order]
    pd.testing.assert_frame_equal(summaries.status_by_place(results), wanted)
    pd.testing.assert_frame_equal(summaries.held_at(results), held)


def test_held_people_without_a_node_are_shown_where_they_are(toy):
    held = summaries.held_at(toy)
    row = held[held["held_node_id"].isna()].iloc[0]
    places = toy.case.network.places.set_index("place_id").geometry
    assert row["held_name"] == "Portville"
    assert row["geometry"].equals(places["portville"])
    first = held.iloc[0]
    assert (first["held_name"], first["persons"]) == ("Tin Post", 4567)
    assert first["origins"] == "Oldtown"


def test_crossings_say_state_people_and_share(toy):
    states = summaries.crossing_states(toy).set_index("crossing_id")["state"]
    assert states.to_dict() == {"tin-post": "closed", "south-gate": "open"}
    table = summaries.people_by_crossing(toy)
    assert table[["least_time_persons", "logit_persons"]].to_numpy().tolist() == [[17_845, 17_000]]
    assert table["least_time_share"].tolist() == [1.0]


def test_crossing_is_as_open_as_its_most_open_edge():
    results = toy_results()
    edges = results.case.network.edges
    twin = edges[edges["crossing_id"] == "tin-post"].assign(edge_id="twin")
    network = results.case.network.replace_tables(edges=pd.concat([edges, twin]))
    results.case.network = network
    results.edge_conditions.loc[len(results.edge_conditions)] = {
        "edge_id": "twin", "state": "slower", "speed_factor": 0.5, "risk_per_km": 0.0,
        "disruption_ids": None,
    }  # fmt: skip
    states = summaries.crossing_states(results).set_index("crossing_id")["state"]
    assert states["tin-post"] == "slower"


def test_stations_count_people_in_reach_and_places_nearest(toy):
    table = summaries.waystation_reach(toy).set_index("waystation_id")
    assert table.loc["w-river", "movers_in_reach_persons"] == 16_912
    assert table.loc["w-river", "nearest_of_places"] == 2
    assert table.loc["w-river", "nearest_of_residents_persons"] == 100_000
    assert table.loc["w-river", "fastest_h"] == 5
    assert table.loc["w-desert", "places_in_reach"] == 0
    assert pd.isna(table.loc["w-desert", "fastest_h"])
    assert set(table.index) == set(toy.case.waystations["waystation_id"])


def test_closures_are_those_of_the_date(toy):
    assert summaries.closures_by_people_freed(toy)["persons_freed"].tolist() == [4567, 889, 0]
    later = toy_results()
    later.when = later.when.replace(month=3)  # the flood ended on 1 February
    assert set(summaries.active_disruptions(later)["disruption_id"]) == {
        "insecurity/north", "desert-closed",
    }  # fmt: skip
    edge = toy_results()
    edge.when = edge.when.replace(month=2, day=1)
    assert "delta" in set(summaries.active_disruptions(edge)["disruption_id"])


def test_flows_between_zones_weigh_time_by_people(toy):
    table = summaries.flows_between_zones(toy)
    assert table["flow_persons"].sum() == 17_845
    assert table["time_h"].round(3).tolist() == [15.0, 6.667]
    assert summaries.flows_between_zones(toy, rule="given").empty


def test_flows_by_edge_draw_the_largest_last(toy):
    table = summaries.flows_by_edge(toy)
    assert table["flow_persons"].is_monotonic_increasing
    assert (table["flow_persons"] > 0).all()
    assert (table["forward_persons"] + table["backward_persons"] == table["flow_persons"]).all()


def test_inputs_are_unchanged(toy):
    before = toy.status.copy(), toy.disruptions.copy(), toy.case.network.zones.copy()
    summaries.status_by_zone(toy)
    summaries.held_at(toy)
    summaries.closures_by_people_freed(toy)
    for was, now in zip(before, (toy.status, toy.disruptions, toy.case.network.zones), strict=True):
        pd.testing.assert_frame_equal(was, now)


def test_main_values_are_known_codes(solved):
    zones = summaries.status_by_zone(solved)
    assert set(zones["main_reason"].dropna()) <= set(REASONS)
    assert set(zones["main_cause"].dropna()) <= set(CAUSES)

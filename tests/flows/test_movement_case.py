"""Movement on a network of one's own: its conditions, crossings, transit centres, places."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import CalendarError, InputError, SchemaError
from mobility_geo.flows import (
    MovementParameters,
    movement_case,
    od_costs,
    simulate,
    simulate_ensemble,
)
from mobility_geo.flows.movement_case import KM_PER_H
from mobility_geo.scenario import Disruption, Selection, Throughput, TravellerClass, conditions


@pytest.fixture(scope="module")
def april():
    return load_mali("mali-2012-04")


@pytest.fixture(scope="module")
def run(april):
    return simulate(april)


def balanced(run):
    days = run.days
    there = days[["in_camps_persons", "in_transit_persons", "held_persons", "queued_persons"]]
    left = days["departed_persons"] - days["returned_persons"] - days["recounted_persons"]
    np.testing.assert_allclose(there.sum(axis=1), left, rtol=1e-9, atol=1e-6)


def test_all_movers_leave_and_nobody_is_lost(april, run):
    movers = april.groups.loc[april.groups["base"] == "movers", "persons"].sum()
    assert run.regime == "forecast"
    assert run.days["departed_persons"].iloc[-1] == pytest.approx(movers)
    balanced(run)
    short = simulate(movement_case(april, days=6)).edges
    assert short.equals(run.edges.iloc[: len(short)])


def test_nobody_passes_an_edge_that_is_closed_to_all_who_move(april, run):
    groups = april.groups[april.groups["base"] == "movers"]
    who = {TravellerClass(profile=row.profile, nationality=row.nationality, kind=row.kind)
           for row in groups.itertuples()}  # fmt: skip
    network = april.network
    for day in (2, 15, 31):
        date = run.days["date"].iloc[day]
        open_ = np.zeros(len(network.edges), dtype=bool)
        for one in who:
            costs = conditions(network, april.scenario, date, one).dense()
            np.logical_or.at(open_, network.arcs.edge, costs.open)
        used = set(run.edges.loc[run.edges["date"] == date, "edge_id"])
        assert used
        assert used <= set(network.edges["edge_id"][open_])
        assert not open_.all()


def test_transit_centres_forward_as_the_report_says(april, run):
    """IOM 2013, section II.2: Fassala to Mbera, Banibangou to Mangaize, Damba and Gandafabou to
    Mentao and Goudebo."""
    pairs = set(movement_case(april, days=1).forwarding_per_day)
    assert pairs == {
        ("fassala", "mbera"), ("nere", "mbera"), ("banibangou", "mangaize"), ("damba", "mentao"),
        ("damba", "goudebo"), ("gandafabou", "mentao"), ("gandafabou", "goudebo"),
    }  # fmt: skip
    assert run.days["forwarded_persons"].iloc[-1] > 1000
    last = run.wide().iloc[-1]
    # not open before October 2012
    assert last["goudebo"] == 0
    slow = simulate(movement_case(april, days=15, transit_days=1e9)).wide().iloc[-1]
    assert run.wide().iloc[14]["mbera"] > slow["mbera"]
    assert run.wide().iloc[14]["fassala"] < slow["fassala"]


def test_camps_take_people_in_only_while_they_are_open(run):
    # Tabareybarey opened on 29 May 2012
    assert (run.wide()["tabareybarey"] == 0).all()
    january = simulate(movement_case(load_mali("mali-2013-01"), days=10, leave_days=1)).wide()
    assert (january[["chinegodar", "ayorou"]] == 0).all(axis=None)
    assert january["tabareybarey"].iloc[-1] > 0


def test_a_journey_takes_the_time_of_the_network():
    case = load_toy()
    group = case.groups[case.groups["base"] == "movers"].iloc[[0]]
    one = dataclasses.replace(case.baseline(), groups=group)
    row = group.iloc[0]
    who = TravellerClass(profile=row["profile"], nationality=row["nationality"], kind=row["kind"])
    ends = one.destinations.loc[one.destinations["destination_set"] == row["destination_set"],
                                "place_id"]  # fmt: skip
    hours = od_costs(one.network, one.scenario, [row["place_id"]], list(ends), traveller=who) / 60
    nearest = float(hours.min(axis=1).iloc[0])
    parameters = MovementParameters(speed_km_per_day=KM_PER_H * nearest / 5, step_days=1.0)
    run = simulate(movement_case(one, days=20, leave_days=1), parameters=parameters)
    came = run.days["arrived_persons"].to_numpy()
    # all leave on day 1, and five days later the nearest place is reached
    assert run.days["departed_persons"].iloc[1] == pytest.approx(float(row["persons"]))
    assert came[5] == 0
    assert came[6] > 0


def limited(case, most):
    """Return the case with a most of people per day on each of its crossings."""
    crossings = list(case.network.crossings["crossing_id"])
    slow = Disruption(
        disruption_id="slow-posts", kind="border", name="few officers",
        what=Selection(crossing_ids=tuple(crossings)), effects=(Throughput(value=most),),
    )  # fmt: skip
    return case.with_scenario(
        dataclasses.replace(case.scenario, disruptions=(*case.scenario.disruptions, slow))
    )


def test_a_crossing_lets_its_throughput_pass_and_the_rest_queues(april, run):
    run_without = run.days
    case = limited(april, 200.0)
    run = simulate(movement_case(case, days=15))
    crossings = case.network.edges.dropna(subset=["crossing_id"]).set_index("edge_id")
    over = run.edges[run.edges["edge_id"].isin(crossings.index)]
    per_day = over.groupby(["date", "edge_id", "from_name"])["flow_persons"].sum()
    assert per_day.max() == pytest.approx(200)
    assert run.days["queued_persons"].iloc[-1] > 1000
    assert (run_without["queued_persons"] == 0).all()
    balanced(run)


def test_residents_leave_where_there_is_conflict_and_told_totals_are_split(april):
    homes = april.groups.loc[april.groups["base"] == "residents"].nlargest(3, "persons")
    place = homes["place_id"].iloc[0]
    conflict = pd.DataFrame({"place_id": [place], "start": ["2012-04-05"], "end": ["2012-04-10"]})
    span = {"leave_days": 1, "days": 16}
    calm = simulate(movement_case(april, **span))
    torn = simulate(movement_case(april, conflict=conflict, **span))
    more = torn.days["departed_persons"] - calm.days["departed_persons"]
    day = {date: number for number, date in enumerate(torn.days["date"])}
    assert more.iloc[day[dt.date(2012, 4, 4)]] == pytest.approx(0, abs=1e-6)
    persons = homes.groupby("place_id")["persons"].sum()[place]
    rate = MovementParameters().leave_share_per_day
    expected = persons * (1 - (1 - rate) ** 6)
    assert more.iloc[-1] == pytest.approx(expected, rel=1e-3)
    counts = pd.DataFrame({
        "place_id": ["mbera", "mbera", "mentao", "mentao"],
        "date": ["2012-03-30", "2012-04-14", "2012-03-30", "2012-04-14"],
        "persons": [10_000, 40_000, 2_000, 9_000],
    })  # fmt: skip
    split = simulate(movement_case(april, counts=counts, **span))
    assert split.regime == "split"
    assert split.wide().iloc[0][["mbera", "mentao"]].tolist() == [10_000, 2_000]
    assert split.wide().iloc[-1].sum() == pytest.approx(49_000)
    balance = split.days["in_camps_persons"]
    np.testing.assert_allclose(balance, split.wide().sum(axis=1))


def test_places_beside_the_road_are_left_and_reached():
    case = load_toy()
    rows = case.network.accesses.to_crs(case.network.edges.crs).copy()
    assert simulate(movement_case(case, days=30)).days["arrived_persons"].iloc[-1] > 0
    away = dataclasses.replace(
        case, network=case.network.replace_tables(accesses=rows.assign(off_road_m=5000.0))
    )
    near, far = (simulate(movement_case(one, days=30, leave_days=1)) for one in (case, away))
    assert far.days["arrived_persons"].iloc[-1] > 0
    assert (far.days["arrived_persons"] <= near.days["arrived_persons"] + 1e-9).all()


def test_bands_of_a_case_hold_its_run(april):
    made = movement_case(april, days=6)
    bands = simulate_ensemble(made, seed=3, runs=2, spread=0.1)
    assert (bands["people_low"] <= bands["people_high"] + 1e-9).all()
    assert bands["people_high"].sum() > bands["people_low"].sum()


def test_what_is_wrong_is_all_named(april):
    conflict = pd.DataFrame({"place_id": ["mopti", "atlantis", "gao"],
                             "start": ["2012-04-10", "2012-04-01", "?"],
                             "end": ["2012-04-01", "2012-04-02", "2012-04-02"]})  # fmt: skip
    counts = pd.DataFrame({"place_id": ["mbera", "nowhere"], "date": ["2012-04-01", "x"],
                           "persons": [-1, 5]})  # fmt: skip
    with pytest.raises(InputError) as caught:
        movement_case(april, days=0, leave_days=0, transit_days=0, conflict=conflict, counts=counts)
    words = "\n".join(caught.value.problems)
    for part in ("days must be", "leave_days", "transit_days", "no place 'atlantis'", "is no span",
                 "nowhere", "no number of persons"):  # fmt: skip
        assert part in words, part
    with pytest.raises(CalendarError):
        movement_case(april, start="2019-01-01")
    with pytest.raises(InputError, match="tells counts, and there are none"):
        simulate(april, regime="split")
    nobody = dataclasses.replace(april, groups=april.groups[april.groups["base"] == "residents"])
    with pytest.raises(InputError, match="no group of movers"):
        movement_case(nobody)
    with pytest.raises(InputError, match="counts: no column"):
        movement_case(april, counts=counts.drop(columns="date"))
    with pytest.raises(InputError, match="did you mean 'fassala'"):
        simulate(april, forwarding_per_day={("fasala", "mbera"): 0.1})
    with pytest.raises(InputError, match="too much to simulate"):
        simulate(april, parameters=MovementParameters(speed_km_per_day=0.01))


def test_a_station_forwards_to_places_that_exist(april):
    stations = april.waystations.copy()
    first = stations.index[stations["forwards_to"].notna()][:2]
    stations.loc[first[0], "forwards_to"] = "mberra|mentao"
    stations.loc[first[1], "forwards_to"] = stations.loc[first[1], "place_id"]
    with pytest.raises(SchemaError) as caught:
        dataclasses.replace(april, waystations=stations)
    assert len(caught.value.problems) == 2
    assert "did you mean 'mbera'" in caught.value.problems[0]
    assert "where it stands" in caught.value.problems[1]

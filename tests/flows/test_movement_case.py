"""Movement on a network of one's own: its conditions, crossings, transit centres, places."""

import dataclasses
import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from mobility_geo.batch.simulate import write_simulation
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
from mobility_geo.flows.simulation import share_passing
from mobility_geo.scenario import (
    Disruption,
    Selection,
    Throughput,
    TravellerClass,
    Who,
    conditions,
)
from mobility_geo.sources import read_displacement_case
from mobility_geo.testing.drawing import build_case, draw_network


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
    assert split.wide().iloc[0][["mbera", "mentao"]].tolist() == pytest.approx([10_000, 2_000])
    assert split.wide().iloc[-1].sum() == pytest.approx(49_000)
    # nobody of a total of those two is put anywhere else
    assert split.wide().iloc[-1].drop(["mbera", "mentao"]).sum() == 0
    assert any("have no counts" in words for words in split.findings)
    balance = split.days["in_camps_persons"]
    np.testing.assert_allclose(balance, split.wide().sum(axis=1))


CHAIN = "A-b#c-D"
FORK = "A--B--C\n   |\n   D"
DAILY = MovementParameters(step_days=1)


def slow(edge, most, who=None):
    return Disruption(disruption_id=f"slow-{most}", kind="border", what=Selection(edge_ids=(edge,)),
                      effects=(Throughput(value=most),), who=who or Who())  # fmt: skip


@pytest.mark.parametrize("step", [0.25, 1.0, 3.0])
def test_who_queues_is_counted_once(step):
    case = build_case(draw_network(CHAIN, step_km=5), {"A": 3000}, to="D",
                      disruptions=[slow("b-c", 20)])  # fmt: skip
    run = simulate(movement_case(case, days=40), parameters=MovementParameters(step_days=step))
    day = run.days.iloc[-1]
    # a short way: whoever left and has not passed waits before the crossing
    passed = run.edges.loc[run.edges["edge_id"] == "b-c", "flow_persons"].sum()
    assert passed == pytest.approx(20 * 39 if step < 3 else 20 * 3 * 13, rel=0.05)
    assert day["queued_persons"] == pytest.approx(day["departed_persons"] - passed)
    assert (run.days["in_transit_persons"] >= -1e-9).all()
    balanced(run)


def test_a_full_route_of_a_folder_leaves_nobody_less_than_none(reference_dir):
    case = read_displacement_case(reference_dir / "displacement" / "mali2012")
    run = simulate(case, regime="forecast", throughput_per_day={("Konna", "Douentza"): 5})
    assert run.days["queued_persons"].iloc[-1] > 1000
    assert (run.days["in_transit_persons"] >= -1e-6).all()


def test_a_throughput_for_some_keeps_nobody_else_back():
    people = [{"place_id": "A", "persons": 300, "nationality": one} for one in ("AAA", "BBB")]
    net = draw_network(CHAIN, step_km=5)
    some = slow("b-c", 2, Who(nationalities=("BBB",)))

    def came(groups, disruptions):
        case = build_case(net, groups, to="D", disruptions=disruptions)
        return simulate(movement_case(case, days=40)).days["arrived_persons"].iloc[-1]

    free = came(people[:1], [some])
    assert free == pytest.approx(300)
    held_back = came(people[1:], [some])
    assert held_back < 90
    assert came(people, [some]) == pytest.approx(free + held_back)
    # a limit for all, and a lower one for some
    assert came(people, [some, slow("b-c", 6)]) == pytest.approx(6 * 39, rel=0.05)


@given(
    wanted=st.lists(st.floats(0, 1e4), min_size=3, max_size=3),
    passed=st.lists(st.floats(0, 50), min_size=3, max_size=3),
    most=st.lists(st.sampled_from([5.0, 50.0, 200.0, np.inf]), min_size=3, max_size=3),
)  # fmt: skip
def test_no_class_and_no_classes_together_pass_more_than_they_may(wanted, passed, most):
    wanted, passed, most = (np.array(one) for one in (wanted, passed, most))
    share = share_passing(wanted, passed, most)
    assert ((share >= 0) & (share <= 1)).all()
    for number in set(most[np.isfinite(most)]):
        mine = most <= number
        room = max(number - passed[mine].sum(), 0)
        assert (wanted * share)[mine].sum() <= room + 1e-6
    assert (share[np.isinf(most)] == 1).all()


def test_the_order_of_groups_does_not_matter(april):
    other = dataclasses.replace(april, groups=april.groups.sample(frac=1, random_state=2))
    one, two = (simulate(movement_case(case, days=8)) for case in (april, other))
    np.testing.assert_allclose(one.wide(), two.wide(), rtol=1e-9, atol=1e-6)
    people = [{"place_id": "A", "persons": 500, "profile": one} for one in ("truck", "foot")]
    net = draw_network(FORK)
    wide = [
        simulate(movement_case(
            build_case(net, groups, to=["C", "D"],
                       stations=[{"place_id": "B", "forwards_to": "C|D"}]), days=15,
        )).wide() for groups in (people, people[::-1])
    ]  # fmt: skip
    np.testing.assert_allclose(*wide, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("stay", [7.0, 1.0, 0.5])
@pytest.mark.parametrize("targets", ["C", "C|D", "C|E"])
def test_the_mean_stay_in_a_transit_centre_is_that_asked_for(stay, targets):
    # E opens after all
    ends = [{"place_id": "C"}, {"place_id": "D"},
            {"place_id": "E", "open_from": pd.Timestamp("2013-12-01")}]  # fmt: skip
    case = build_case(
        draw_network("A--B--C\n   |\n   D-E"), {"A": 1000}, to=ends,
        stations=[{"place_id": "B", "forwards_to": targets}],
    )  # fmt: skip
    near = MovementParameters(near_km=1e-3, follow_share=0)
    run = simulate(movement_case(case, days=9, leave_days=1, transit_days=stay), parameters=near)
    there = run.wide()["B"].to_numpy()
    np.testing.assert_allclose(there[4:] / there[3:-1], np.exp(-1 / stay), rtol=1e-6)


def test_who_knows_of_no_way_waits_for_one():
    net = draw_network("A--B--C")
    open_ = pd.Timestamp("2013-02-01")
    case = build_case(net, {"A": 3000}, to=[{"place_id": "C", "open_from": open_}])
    run = simulate(movement_case(case, days=60))
    days = run.days.set_index("date")
    assert days["departed_persons"].loc[dt.date(2013, 1, 31)] == 0
    assert days["waiting_persons"].loc[dt.date(2013, 1, 31)] == pytest.approx(3000)
    assert run.wide()["C"].iloc[-1] == pytest.approx(3000)
    never = simulate(movement_case(case, days=20))
    assert any("still wait there" in words and "A" in words for words in never.findings)
    assert any("day has not come" in words for words in never.findings)
    # equal parts, and no more than that
    plain = simulate(movement_case(build_case(net, {"A": 3000}, to="C"), days=40)).days
    np.testing.assert_allclose(plain["departed_persons"].diff().iloc[1:31], 100)
    assert plain["departed_persons"].iloc[-1] == pytest.approx(3000)


def test_all_movers_are_somewhere():
    for name in ("mali-2012-08", "mali-2013-01"):
        case = load_mali(name)
        made = movement_case(case, days=12, leave_days=5)
        days = simulate(made).days
        total = case.groups.loc[case.groups["base"] == "movers", "persons"].sum()
        away = days["departed_persons"] - days["returned_persons"]
        assert (away + days["waiting_persons"]).iloc[-1] == pytest.approx(total)


def test_a_shorter_list_of_destinations_is_enough(april):
    ends = april.destinations
    few = ends[(ends["destination_set"] != "safety") | ends["place_id"].isin(["mbera", "bamako"])]
    made = movement_case(dataclasses.replace(april, destinations=few), days=4)
    assert set(made.forwarding_per_day) == {("fassala", "mbera"), ("nere", "mbera")}
    assert set(simulate(made).wide().columns) == {"mbera", "bamako", "fassala", "nere"}


def with_place(network, ways):
    """Return a network with a place P; `ways`: node, edge or None, metres off and along."""
    at = network.nodes.set_index("node_id").geometry
    x = np.mean([at[node].x for node, *_ in ways])
    place = network.places.iloc[[0]].copy().assign(place_id="P", name="P")
    point = shapely.Point(x, at[ways[0][0]].y)
    place = place.set_geometry([point], crs=network.crs)
    rows = [
        {"access_id": f"access/P/{n}", "place_id": "P", "node_id": node, "edge_id": edge,
         "off_road_m": off, "along_m": along, "geometry": shapely.LineString([point, at[node]])}
        for n, (node, edge, off, along) in enumerate(ways)
    ]  # fmt: skip
    more = gpd.GeoDataFrame(rows, crs=network.crs)
    return network.replace_tables(
        places=gpd.GeoDataFrame(pd.concat([network.places, place], ignore_index=True)),
        accesses=gpd.GeoDataFrame(pd.concat([network.accesses, more], ignore_index=True)),
    )


def test_nobody_passes_through_a_place_beside_the_road():
    apart = with_place(draw_network("A---b\n\nC---D", step_km=1),
                       [("b", None, 1000.0, 0.0), ("D", None, 1000.0, 0.0)])  # fmt: skip
    run = simulate(movement_case(build_case(apart, {"A": 1000, "P": 10}, to=["D"]), days=40))
    assert run.wide()["D"].iloc[-1] == pytest.approx(10)
    assert run.days["waiting_persons"].iloc[-1] == pytest.approx(1000)
    assert run.places["place"].value_counts().max() <= 40


def test_a_place_on_an_edge_is_no_way_round_a_full_crossing():
    for along in (1234.5, 20_000.0, 41_000.0):
        net = with_place(draw_network("A----b----C"),
                         [("b", "b-C", 0.0, along), ("C", "b-C", 0.0, 50_000 - along)])  # fmt: skip
        case = build_case(net, {"A": 1000, "P": 1}, to=["C"], disruptions=[slow("b-C", 3)])
        came = simulate(movement_case(case, days=20)).days["arrived_persons"].iloc[-1]
        assert came <= 3 * 19 + 1


def test_flows_along_a_part_of_an_edge_are_flows_of_it():
    net = with_place(draw_network("A----b----C"),
                     [("b", "b-C", 0.0, 20_000.0), ("C", "b-C", 0.0, 30_000.0)])  # fmt: skip
    run = simulate(movement_case(build_case(net, {"A": 1000}, to=["P"]), days=40))
    flows = run.edges.groupby(["edge_id", "from_name", "to_name"])["flow_persons"].sum()
    assert flows["b-C", "b", "P"] == pytest.approx(1000)
    assert run.wide()["P"].iloc[-1] == pytest.approx(1000)


def test_counts_are_not_told_before_they_are_made():
    case = build_case(draw_network("A----b----C"), {"A": 1000}, to=["C"])
    dates = ["2013-02-20", "2013-03-20", "2019-01-01"]
    counts = pd.DataFrame({"place_id": "C", "date": dates, "persons": [500, 900, 7]})
    made = movement_case(case, days=120, counts=counts)
    run = simulate(made, regime="assimilate", reports="published")
    known = (dt.date(2013, 2, 20) - made.crisis.start).days + 30
    assert (run.wide()["C"].iloc[:known] == 0).all()
    assert run.wide()["C"].iloc[known] >= 500
    assert any("0 people then" in words for words in run.findings)
    assert any("after the last day" in words for words in run.findings)


def test_conflict_may_have_blank_intensities_and_nothing_else_strange(april):
    place = april.groups.loc[april.groups["base"] == "residents", "place_id"].iloc[0]
    row = {"place_id": [place], "start": ["2012-04-05"], "end": ["2012-04-10"]}
    whole = movement_case(april, days=3, conflict=pd.DataFrame({**row, "start": ["2012-03-31"]}))
    blank = movement_case(april, days=3, conflict=pd.DataFrame(
        {**row, "start": ["2012-03-31"], "intensity": [""]}))  # fmt: skip
    assert whole.movers[-1].conflict.tolist() == blank.movers[-1].conflict.tolist()
    for wrong, words in (
        ({**row, "intensity": ["high"]}, "intensity must be 0 to 1, not 'high'"),
        ({**row, "intensty": [0.5]}, "did you mean 'intensity'"),
        ({**row, "end": ["2012-04-01"]}, "not before the start"),
        ({**row, "start": ["2019-01-01"], "end": ["2019-01-02"]}, "outside of the"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            movement_case(april, conflict=pd.DataFrame(wrong))
        assert len(caught.value.problems) == 1


def test_a_public_case_gives_no_map_of_movement(tmp_path):
    case = dataclasses.replace(load_toy(), audience="public")
    made = movement_case(case, days=3)
    with pytest.raises(InputError, match="audience is 'public'"):
        write_simulation(made.crisis, simulate(made), tmp_path / "x.gpkg")
    assert not (tmp_path / "x.gpkg").exists()


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
    for part in ("days must be", "leave_days", "transit_days"):
        assert part in words, part
    with pytest.raises(InputError) as caught:
        movement_case(april, conflict=conflict, counts=counts)
    words = "\n".join(caught.value.problems)
    for part in ("no place 'atlantis'", "not before the start", "nowhere", "rows ['1', '2'] have"):
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
    for wrong in ({"leave_days": 2.5}, {"days": True}, {"days": 1.5}):
        with pytest.raises(InputError, match="must be a whole number"):
            movement_case(april, **wrong)
    with pytest.raises(InputError, match="must be persons >= 0"):
        simulate(april, throughput_per_day={("gossi", "hombori"): None})
    with pytest.raises(InputError, match="more than all"):
        simulate(april, forwarding_per_day={("mbera", "mentao"): 0.7, ("mbera", "abala"): 0.6})
    with pytest.raises(InputError, match="news_days must be a whole number"):
        MovementParameters(news_days=1.5)
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

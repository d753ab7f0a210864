"""People over time: conserved, repeatable, held at closures, told only what the regime tells."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.errors import InputError
from mobility_geo.flows import MovementParameters, simulate, simulate_ensemble
from mobility_geo.flows.departures import choose_camps, pull_of_camps
from mobility_geo.flows.journeys import Atlas, movement_network
from mobility_geo.flows.movers import known_counts
from mobility_geo.flows.practice_case import practice_case, write_practice_case
from mobility_geo.flows.simulation import REGIMES
from mobility_geo.sources import read_displacement_case

FAST = MovementParameters(leave_share_per_day=0.01)


def changed(case, **tables):
    return dataclasses.replace(case, **tables)


def on(run, day):
    return run.days.iloc[day]


def held_at(run, place):
    rows = run.places[run.places["place"] == place]
    return dict(zip(rows["date"], rows["held_persons"] + rows["queued_persons"], strict=True))


def error(predicted, told):
    return float((np.abs(predicted - told).sum(axis=1) / np.maximum(told.sum(axis=1), 1)).mean())


@pytest.mark.parametrize("regime", REGIMES)
def test_nobody_is_lost_and_every_run_gives_the_same_bytes(regime):
    case = practice_case()
    one, two = (simulate(case, regime=regime, parameters=FAST) for _ in range(2))
    days = one.days
    there = days[["in_camps_persons", "in_transit_persons", "held_persons", "queued_persons"]]
    assert (there.to_numpy() >= -1e-9).all()
    first = case.daily_counts().iloc[0].sum()
    left = first + days["departed_persons"] - days["returned_persons"] - days["recounted_persons"]
    np.testing.assert_allclose(there.sum(axis=1), left, rtol=1e-9)
    assert one.predictions["people"].to_numpy().tobytes() == (
        two.predictions["people"].to_numpy().tobytes()
    )
    pd.testing.assert_frame_equal(one.edges, two.edges, check_exact=True)
    in_camps = one.places.groupby("date")["in_camp_persons"].sum()
    np.testing.assert_allclose(in_camps, days["in_camps_persons"], rtol=1e-9)


@settings(max_examples=15)
@given(
    leave=st.floats(0, 0.2), speed=st.floats(10, 500), news=st.integers(0, 40),
    follow=st.floats(0, 1), home=st.floats(0, 0.05), start=st.integers(0, 40),
    length=st.integers(0, 60),
)  # fmt: skip
def test_sums_hold_whatever_the_parameters_and_closures(
    leave, speed, news, follow, home, start, length
):
    case = practice_case()
    closures = case.closures.assign(start_day=start, end_day=start + length)
    calm = case.conflict.copy()
    calm[45:, 0] = 0
    run = simulate(
        changed(case, closures=closures, conflict=calm),
        regime="forecast",
        parameters=MovementParameters(
            leave_share_per_day=leave, speed_km_per_day=speed, news_days=news, follow_share=follow,
            return_share_per_day=home,
        ),
    )  # fmt: skip
    people = run.predictions["people"]
    assert (people >= -1e-9).all()
    assert people.notna().all()
    assert (run.days["departed_persons"].diff().dropna() >= -1e-9).all()


@pytest.mark.parametrize("regime", REGIMES)
def test_every_camp_balances_and_holds_what_is_predicted(regime):
    case = practice_case()
    run = simulate(
        case, regime=regime, parameters=dataclasses.replace(FAST, return_share_per_day=0.01),
        forwarding_per_day={("Dune", "Reed"): 0.1},
    )  # fmt: skip
    days = run.days
    first = case.daily_counts().iloc[0].sum()
    home_bound = first + days["arrived_persons"] - days["forwarded_persons"]
    left = home_bound - days["recounted_persons"] - days["in_camps_persons"]
    # whoever left a camp otherwise is on the way home or there
    assert (left >= -1e-6).all()
    assert days["forwarded_persons"].iloc[-1] > 0
    assert (days["arrived_persons"].diff().dropna() >= 0).all()
    if regime == "assimilate":
        return
    camps = run.places[run.places["in_camp_persons"] > 0]
    table = camps.pivot_table(index="date", columns="place", values="in_camp_persons")
    wide = run.wide()
    np.testing.assert_allclose(table.reindex_like(wide).fillna(0.0), wide, rtol=1e-9, atol=1e-9)


def chained(case, hops):
    """Return the case with the route from Nara to Dune cut into short ones."""
    middle = [f"stop{number}" for number in range(1, hops)]
    names = ["Nara", *middle, "Dune"]
    routes = case.routes[
        ~((case.routes["from_name"] == "Nara") & (case.routes["to_name"] == "Dune"))
    ]
    short = pd.DataFrame({"from_name": names[:-1], "to_name": names[1:],
                          "length_km": 130 / hops, "one_way": False})  # fmt: skip
    stops = pd.DataFrame({"name": middle, "country": "Practique", "kind": "town"})
    return changed(
        case,
        routes=pd.concat([routes, short], ignore_index=True),
        places=pd.concat([case.places, stops], ignore_index=True),
        conflict=np.hstack([case.conflict, np.zeros((case.days, len(middle)))]),
    )


@pytest.mark.parametrize("hops", [2, 13, 40])
@pytest.mark.parametrize("regime", ["split", "forecast"])
def test_a_way_takes_as_long_in_short_pieces(hops, regime):
    case = practice_case()
    slow = dataclasses.replace(FAST, speed_km_per_day=37, news_days=0)
    whole = simulate(case, regime=regime, parameters=slow)
    pieces = simulate(chained(case, hops), regime=regime, parameters=slow)
    np.testing.assert_allclose(whole.wide(), pieces.wide(), rtol=1e-9)


@pytest.mark.parametrize("step", [0.25, 1.0, 7.0])
def test_any_step_conserves_and_comes_to_much_the_same(step):
    case = practice_case()
    usual, other = (
        simulate(case, regime="forecast", parameters=dataclasses.replace(FAST, step_days=one))
        for one in (0.5, step)
    )
    assert len(other.days) == case.days
    np.testing.assert_allclose(other.wide().iloc[-1], usual.wide().iloc[-1], rtol=0.15)
    if step == 7:
        quiet = other.days["arrived_persons"].diff().iloc[1:].to_numpy() == 0
        assert quiet[np.arange(1, case.days) % 7 != 0].all()


def test_who_finds_no_open_way_turns_home():
    case = practice_case()
    closures = pd.DataFrame({
        "kind": "border", "name1": "Practique", "name2": ["Levant", "Septen"], "start_day": 20,
        "end_day": 90,
    })  # fmt: skip
    parameters = MovementParameters(
        leave_share_per_day=0.01, patience_days=2, news_days=30, speed_km_per_day=60
    )
    run = simulate(changed(case, closures=closures), regime="forecast", parameters=parameters)
    assert on(run, 19)["returned_persons"] == 0
    assert on(run, 60)["returned_persons"] > 100
    # after the news is everywhere nobody leaves, and all who were held are home again
    assert on(run, -1)["held_persons"] < 1
    assert on(run, -1)["departed_persons"] == pytest.approx(on(run, 55)["departed_persons"])


def test_split_keeps_each_total():
    case = practice_case()
    np.testing.assert_allclose(
        simulate(case).wide().sum(axis=1), case.daily_counts().sum(axis=1), rtol=1e-12
    )


def permuted(case, rng):
    """Give the counts after the first day to other camps; totals of every day stay."""
    daily = case.daily_counts()
    camps = list(daily.columns)
    rows = []
    for day in range(case.days):
        order = rng.permutation(camps) if day else camps
        rows += [
            {"camp": camp, "date": case.dates[day], "day": day, "people_reported": value,
             "people": value, "break": False}
            for camp, value in zip(order, daily.iloc[day], strict=True)
        ]  # fmt: skip
    table = pd.DataFrame(rows).sort_values(["camp", "day"], kind="stable", ignore_index=True)
    return changed(case, counts=table)


def test_split_is_told_totals_and_the_first_day_only():
    case = practice_case()
    other = permuted(case, np.random.default_rng(3))
    assert (other.daily_counts().sum(axis=1) == case.daily_counts().sum(axis=1)).all()
    assert not other.daily_counts().equals(case.daily_counts())
    one, two = simulate(case), simulate(other)
    assert one.predictions.equals(two.predictions)


@pytest.mark.parametrize("name", ["mali2012", "car2013", "syria2013"])
def test_split_of_the_reference_cases_is_told_no_more(name, reference_dir):
    whole = read_displacement_case(reference_dir / "displacement" / name)
    days = min(whole.days, 300)
    case = changed(whole, days=days, conflict=whole.conflict[:days])
    other = permuted(case, np.random.default_rng(5))
    assert simulate(case).predictions.equals(simulate(other).predictions)


def test_forecast_is_told_nothing_after_the_first_day():
    case = practice_case()
    counts = case.counts
    later = counts["day"] > 0
    more = counts.assign(people=np.where(later, counts["people"] * 7 + 11, counts["people"]))
    one = simulate(case, regime="forecast")
    two = simulate(changed(case, counts=more), regime="forecast")
    assert one.predictions.equals(two.predictions)


def sparse_reports(case, rng):
    """Return the case with a report of each camp every two or three weeks, none on a line."""
    rows = []
    for camp in case.camps:
        days = np.cumsum(rng.integers(10, 25, size=12))
        rows += [(camp, int(day), float(rng.integers(100, 5000))) for day in [0, *days]]
    counts = pd.DataFrame(rows, columns=["camp", "day", "people"])
    counts["date"] = [case.dates[0] + pd.Timedelta(days=day) for day in counts["day"]]
    return changed(case, counts=counts.assign(**{"break": False}))


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), lag=st.integers(1, 40), day=st.integers(1, 60))
def test_published_reports_are_not_told_before_they_are_out(seed, lag, day):
    case = sparse_reports(practice_case(), np.random.default_rng(seed))
    young = case.counts["day"] > day
    later = case.counts.assign(
        people=np.where(young, case.counts["people"] * 3 + 500, case.counts["people"])
    )
    told = {"regime": "assimilate", "reports": "published", "report_lag_days": lag}
    one = simulate(case, **told).wide()
    two = simulate(changed(case, counts=later), **told).wide()
    # the first report that differs comes after that day, and is known `lag` days later
    known = day + 1 + lag
    pd.testing.assert_frame_equal(one.iloc[:known], two.iloc[:known])
    first = int(case.counts.loc[young, "day"].min())
    if first + lag < case.days:
        assert not one.iloc[first + lag :].equals(two.iloc[first + lag :])


def test_what_is_known_is_what_a_reader_of_reports_knows():
    case = sparse_reports(practice_case(), np.random.default_rng(2))
    known, growth = known_counts(case, "published", 30)
    for number, camp in enumerate(case.camps):
        rows = case.counts[case.counts["camp"] == camp].sort_values("day")
        for day in range(case.days):
            told = rows[rows["day"] <= day]
            assert known[day, number] == told["people"].iloc[-1]
            before = max(day - 30, 0)
            then = np.interp(before, told["day"], told["people"])
            expected = (told["people"].iloc[-1] - then) / max(day - before, 1)
            assert growth[day, number] == pytest.approx(expected), (camp, day)


def test_a_count_of_every_day_is_told_no_later_than_the_lag():
    case = practice_case()
    daily = permuted(case, np.random.default_rng(1)).counts
    young = daily["day"] > 50
    other = daily.assign(people=np.where(young, daily["people"] * 3 + 5, daily["people"]))
    one = simulate(changed(case, counts=daily), regime="assimilate", report_lag_days=20).wide()
    two = simulate(changed(case, counts=other), regime="assimilate", report_lag_days=20).wide()
    pd.testing.assert_frame_equal(one.iloc[:71], two.iloc[:71])
    assert not one.iloc[71:].equals(two.iloc[71:])


def test_a_fall_by_re_registration_is_not_carried_on():
    case = practice_case()
    counts = pd.DataFrame(
        {"camp": "Dune", "day": [0, 20, 40, 60], "people": [1000, 1000, 400, 400],
         "break": [False, False, True, False]}
    )  # fmt: skip
    first = case.counts.drop_duplicates("camp")
    flagged = pd.concat([first[first["camp"] != "Dune"], counts], ignore_index=True)
    with_break = simulate(changed(case, counts=flagged), regime="assimilate").wide()["Dune"]
    # nobody came or left: only the count fell, by 30 persons a day
    assert with_break.iloc[70:].tolist() == [400.0] * (case.days - 70)
    fled = flagged.assign(**{"break": False})
    without = simulate(changed(case, counts=fled), regime="assimilate").wide()["Dune"]
    assert without.iloc[70] < 400


def test_nobody_crosses_a_closed_border_and_those_who_meet_it_are_held():
    case = practice_case()
    closures = case.closures.assign(start_day=40, end_day=60)
    # nobody hears of it, and a day's travel is short: people walk up to the border
    blind = MovementParameters(
        leave_share_per_day=0.01, news_days=1000, speed_km_per_day=60, patience_days=1e6
    )
    run = simulate(changed(case, closures=closures), regime="forecast", parameters=blind)
    into = run.edges[(run.edges["from_name"] == "Ford") & (run.edges["to_name"] == "Gate")]
    crossed = {(date - case.start).days for date in into["date"]}
    assert crossed & set(range(25, 40))
    assert not crossed & set(range(40, 60))
    assert 60 in crossed
    held = held_at(run, "Ford")
    assert held[case.dates[59]] > held[case.dates[45]] > 0
    assert held.get(case.dates[62], 0) < held[case.dates[59]]


def test_who_is_held_and_loses_patience_goes_elsewhere():
    case = practice_case()
    closures = case.closures.assign(start_day=40, end_day=90)

    def dune(patience):
        parameters = MovementParameters(
            leave_share_per_day=0.01, news_days=1000, speed_km_per_day=60, patience_days=patience
        )
        run = simulate(changed(case, closures=closures), regime="forecast", parameters=parameters)
        return run.wide().iloc[-1][["Dune", "Reed"]].sum(), on(run, -1)["held_persons"]

    (quick, held_quick), (slow, held_slow) = dune(2), dune(1e6)
    assert quick > slow
    assert held_quick < held_slow


def test_a_transit_centre_keeps_nobody_and_sends_everybody_on():
    run = simulate(practice_case(), regime="forecast", parameters=FAST)
    edges = run.edges.groupby(["from_name", "to_name"])["flow_persons"].sum()
    assert ("Gate", "Ford") not in edges.index
    assert edges["Gate", "Palm"] == pytest.approx(edges["Ford", "Gate"], rel=0.2)


def test_a_camp_that_forwards_empties_into_the_other():
    case = practice_case()
    kept = simulate(case, regime="forecast", parameters=FAST).wide().iloc[-1]
    sent = simulate(
        case, regime="forecast", parameters=FAST, forwarding_per_day={("Dune", "Reed"): 0.2}
    ).wide().iloc[-1]  # fmt: skip
    assert sent["Reed"] > 2 * kept["Reed"]
    assert sent["Dune"] < kept["Dune"] / 2


def test_a_full_crossing_lets_its_throughput_through_and_the_rest_queues():
    case = practice_case()
    run = simulate(
        case, regime="forecast", parameters=FAST, throughput_per_day={("Ford", "Gate"): 50}
    )
    into = run.edges[run.edges["to_name"] == "Gate"].set_index("date")["flow_persons"]
    assert into.max() == pytest.approx(50)
    assert on(run, -1)["queued_persons"] > 100
    assert held_at(run, "Ford")[case.dates[-1]] > 100


def test_people_go_home_where_conflict_has_ended_and_only_then():
    case = practice_case()
    calm = case.conflict.copy()
    calm[60:] = 0
    parameters = dataclasses.replace(FAST, return_share_per_day=0.02)
    run = simulate(changed(case, conflict=calm), regime="forecast", parameters=parameters)
    assert on(run, 59)["returned_persons"] == 0
    assert on(run, -1)["returned_persons"] > 100
    assert on(run, -1)["in_camps_persons"] < on(run, 65)["in_camps_persons"]


def test_a_told_fall_is_a_return_and_a_break_is_not():
    case = practice_case()
    rows = [("Palm", 0, 500), ("Palm", 90, 500), ("Dune", 0, 2000), ("Dune", 40, 2000),
            ("Dune", 50, 900), ("Dune", 90, 900), ("Reed", 0, 0), ("Reed", 90, 0)]  # fmt: skip
    counts = pd.DataFrame(rows, columns=["camp", "day", "people"])
    counts["break"] = False
    flagged = counts.assign(**{"break": (counts["day"] == 50)})
    home = simulate(changed(case, counts=counts))
    recount = simulate(changed(case, counts=flagged))
    last = on(home, -1)
    # the way home from Palm is closed: those wait before it
    assert last["held_persons"] == pytest.approx(1100 * 500 / 2500)
    assert last["returned_persons"] + last["held_persons"] == pytest.approx(1100)
    assert on(home, -1)["recounted_persons"] == 0
    assert on(recount, -1)["returned_persons"] == 0
    assert on(recount, -1)["recounted_persons"] == pytest.approx(1100)
    assert home.predictions.equals(recount.predictions)


def test_travel_takes_its_time():
    case = practice_case()
    parameters = dataclasses.replace(FAST, speed_km_per_day=30)
    run = simulate(case, regime="forecast", parameters=parameters)
    wide = run.wide()
    # Nara - Dune is 130 km: four days and a bit
    assert (wide["Dune"].iloc[:4] == 900).all()
    assert wide["Dune"].iloc[6] > 900


def test_choice_is_what_the_formulas_say():
    case = practice_case()
    network = movement_network(case)
    atlas = Atlas(network=network, aims=network.camps, day_km=100, news_days=0)
    parameters = MovementParameters(near_km=50, camp_number_power=0.25)
    pull, share = pull_of_camps(atlas, atlas.on(89), parameters)
    nara = case.places["name"].tolist().index("Nara")
    # Levant begins at the transit centre, 260 km away; Septen at Dune, 130 km
    inside = np.array([1 / 180, 1 / 240]) / (1 / 180 + 1 / 240)
    several = 1 / (inside**2).sum()
    levant, septen = 1 / 310, several**0.25 / 180
    assert pull[nara] == pytest.approx(levant + septen)
    expected = np.array([levant, *(septen * inside)]) / (levant + septen)
    np.testing.assert_allclose(share[nara], expected)
    _, closed = pull_of_camps(atlas, atlas.on(0), parameters)
    np.testing.assert_allclose(closed[nara], [0, *inside])


def test_followers_go_only_where_a_way_leads():
    share = np.array([[0.2, 0.8, 0.0]])
    np.testing.assert_allclose(choose_camps(share, np.array([30.0, 10, 999]), 1.0),
                               [[0.75, 0.25, 0]])  # fmt: skip
    np.testing.assert_allclose(choose_camps(share, np.zeros(3), 1.0), share)


def test_distances_are_those_of_networkx():
    import networkx as nx  # noqa: PLC0415

    case = practice_case()
    network = movement_network(case)
    for day in (0, 50):
        graph = nx.DiGraph()
        graph.add_nodes_from(range(len(network.names)))
        for arc in np.flatnonzero(~network.closed[network.state[day]]):
            graph.add_edge(int(network.tail[arc]), int(network.head[arc]),
                           km=float(network.length_km[0, arc]))  # fmt: skip
        km, arcs = network.roads(
            network.closed[network.state[day]], network.length_km[network.state[day]]
        ).distances_km(network.camps)
        for column, camp in enumerate(network.camps):
            found = nx.shortest_path_length(graph, target=int(camp), weight="km")
            for place in range(len(network.names)):
                assert km[place, column] == pytest.approx(found.get(place, np.inf))
                if place != camp and place in found:
                    arc = arcs[place, column]
                    assert network.tail[arc] == place
                    assert km[network.head[arc], column] + network.length_km[0, arc] == (
                        pytest.approx(km[place, column])
                    )


def test_bands_hang_on_the_seed_and_widen_with_the_spread():
    case = practice_case()
    one, same, other = (simulate_ensemble(case, seed=seed, runs=4) for seed in (1, 1, 2))
    assert one.equals(same)
    assert not one.equals(other)
    sure = {"spread": 0, "people_spread": 0, "length_spread": 0, "date_spread_days": 0}
    none = simulate_ensemble(case, seed=1, runs=4, **sure)
    np.testing.assert_allclose(none["people_low"], none["people_high"])
    np.testing.assert_allclose(none["people_low"], none["people"])
    for name, value in (("spread", 0.3), ("length_spread", 0.2), ("date_spread_days", 5.0)):
        bands = simulate_ensemble(case, seed=1, runs=4, **{**sure, name: value})
        assert (bands["people_high"] - bands["people_low"]).sum() > 0, name
    people = simulate_ensemble(
        case, seed=1, runs=4, regime="forecast", **{**sure, "people_spread": 0.2}
    )
    assert (people["people_high"] - people["people_low"]).sum() > 0


def test_the_one_set_of_parameters_beats_the_gravity_rule(reference_dir):
    scores = {}
    for name in ("mali2012", "car2013", "syria2013"):
        case = read_displacement_case(reference_dir / "displacement" / name)
        told = case.daily_counts().to_numpy(dtype=float)
        scores[name] = error(simulate(case).wide().to_numpy(), told)
        for reports in ("daily", "published"):
            late = simulate(case, regime="assimilate", reports=reports).wide().to_numpy()
            known, _ = known_counts(case, reports, 30)
            persistence = np.vstack([np.repeat(told[:1], 30, axis=0), known[:-30]])
            assert error(late, told) < error(persistence, told)
    assert scores["mali2012"] < 0.379
    assert scores["car2013"] < 0.725
    assert scores["syria2013"] < 0.329
    assert np.mean(list(scores.values())) < 0.37


def test_bad_arguments_are_all_named():
    case = practice_case()
    with pytest.raises(InputError, match=r"regime must be one of .* not 'splitt'.*did you mean"):
        simulate(case, regime="splitt")
    with pytest.raises(InputError, match="near_km must be") as caught:
        MovementParameters(near_km=-1, follow_share=2)
    assert len(caught.value.problems) == 2
    for step in (0.3, 1.5):
        with pytest.raises(InputError, match="a whole number of steps"):
            MovementParameters(step_days=step)
    with pytest.raises(InputError, match="reports must be one of") as caught:
        simulate(case, reports="weekly", report_lag_days=0)
    assert len(caught.value.problems) == 2
    with pytest.raises(InputError, match="no route leads from 'Gate' to 'Ford'"):
        simulate(case, throughput_per_day={("Gate", "Ford"): 5})
    with pytest.raises(InputError, match="'Ford' is no camp"):
        simulate(case, forwarding_per_day={("Ford", "Palm"): 0.5})
    with pytest.raises(InputError, match="report_lag_days"):
        simulate(case, regime="assimilate", report_lag_days=0)
    with pytest.raises(InputError, match="an ensemble needs"):
        simulate_ensemble(case, seed=1, runs=0)


@pytest.mark.parametrize("regime", REGIMES)
def test_a_crisis_without_conflict_ways_or_counts_still_gives_rows(regime, tmp_path):
    folder = write_practice_case(tmp_path / "bare")
    for name in ("routes.csv", "closures.csv", "sim_period.csv"):
        (folder / "input_csv" / name).unlink()
    for path in (folder / "source_data").glob("*.csv"):
        path.unlink()
    text = (folder / "input_csv" / "locations.csv").read_text()
    (folder / "input_csv" / "locations.csv").write_text(text.replace("conflict_zone", "town"))
    case = read_displacement_case(folder)
    run = simulate(case, regime=regime)
    assert run.predictions["people"].notna().all()
    assert any("no place is ever in conflict" in words for words in run.findings)

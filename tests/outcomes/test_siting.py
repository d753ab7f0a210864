"""Way stations on a network: single solves as oracle, limits, reasons, rotas, go or no-go."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest

from mobility_geo.batch import Draws, SingleClosures, make_plan, plan_scenarios
from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import InputError, UnknownIdError
from mobility_geo.export.siting import write_siting
from mobility_geo.outcomes import (
    go_or_no_go,
    site_mobile_stations,
    site_way_stations,
    siting,
)
from mobility_geo.outcomes.siting_rota import Rota, Tour
from mobility_geo.routing import find_group_ways
from mobility_geo.schema import SITE_ASSIGNMENT, SITES, UNSERVED_GROUPS, check_table
from mobility_geo.units import QUANTUM

TOY = load_toy()
MALI = load_mali("mali-2013-01")


def movers(case):
    return case.groups[(case.groups["base"] == "movers") & (case.groups["persons"] > 0)]


def all_ways(case, places, scenario=None):
    """Return usable times of each group of movers to places, by the engine that stranding uses."""
    scenario = case.scenario if scenario is None else scenario
    groups = movers(case).reset_index(drop=True)
    table = pd.DataFrame(
        [(one, place) for one in sorted(set(groups["destination_set"])) for place in places],
        columns=["destination_set", "place_id"],
    )
    ways = find_group_ways(case, scenario, scenario.day(None), groups=groups, destinations=table)
    return groups["persons"].to_numpy(), np.where(ways.within(), ways.time_min, np.inf)


def best_of_all(case, count, scenario=None):
    """Return (not served, people times minutes) of the best set of places, over all sets."""
    places = sorted(case.network.places["place_id"])
    people, time = all_ways(case, places, scenario)
    every = []
    for sites in itertools.combinations(range(len(places)), count):
        least = time[:, list(sites)].min(axis=1)
        served = np.isfinite(least)
        every.append((people[~served].sum(), people[served] @ least[served]))
    return min(every)


# ------------------------------------------------------------------ fixed stations
@pytest.mark.parametrize("count", [1, 2, 3])
def test_sites_of_the_toy_are_the_best_of_all(count):
    every = sorted(TOY.network.places["place_id"])
    found = site_way_stations(TOY, new_sites=count, keep_existing=False, candidates=every)
    lost, spent = best_of_all(TOY, count)
    assert found.unserved_persons == lost
    assert found.value == pytest.approx(spent)
    assert found.status == "optimal"


@pytest.mark.parametrize("case", [TOY, MALI], ids=["toy", "mali"])
@pytest.mark.parametrize("model", ["p_median", "max_cover", "set_cover", "capacitated"])
def test_every_person_is_served_or_has_a_reason(case, model):
    found = site_way_stations(
        case,
        new_sites=None if model == "set_cover" else 2,
        model=model,
        limit_h=48 if "cover" in model else None,
        capacity_persons=900 if model == "capacitated" else None,
    )
    for table, schema in ((found.sites, SITES), (found.assignment, SITE_ASSIGNMENT),
                          (found.unserved, UNSERVED_GROUPS)):  # fmt: skip
        check_table(table, schema)
    placed = found.assignment.groupby("group_id")["persons"].sum()
    without = found.unserved.set_index("group_id")["persons"]
    groups = movers(case).set_index("group_id")["persons"]
    assert placed.add(without, fill_value=0).reindex(groups.index).equals(groups.astype(float))
    assert found.served_persons == placed.sum()
    assert found.sites["served_persons"].sum() == pytest.approx(placed.sum())
    assert set(found.assignment["place_id"]) <= set(found.sites["place_id"])
    assert found.served_persons + found.unserved_persons == groups.sum()
    new = found.sites[found.sites["proposal"] == "new"]
    assert (new["served_persons"] > 0).all()
    if model == "max_cover":
        assert (found.assignment["time_min"] <= 48 * 60).all()
        assert found.value == found.served_persons
    if model == "capacitated":
        room = found.sites.set_index("place_id")["capacity_persons"]
        full = found.assignment.groupby("place_id")["persons"].sum()
        assert (full <= room.reindex(full.index).fillna(np.inf)).all()


def test_everybody_goes_to_the_nearest_open_station():
    found = site_way_stations(MALI, new_sites=3)
    sites = list(found.sites["place_id"])
    people, time = all_ways(MALI, sites)
    least = time.min(axis=1)
    mine = found.assignment.set_index("group_id")["time_min"].reindex(movers(MALI)["group_id"])
    assert np.array_equal(mine.isna(), ~np.isfinite(least))
    assert mine.dropna().to_numpy() == pytest.approx(least[np.isfinite(least)])
    assert found.value == pytest.approx(people[np.isfinite(least)] @ least[np.isfinite(least)])


def test_more_stations_never_serve_fewer():
    served = [site_way_stations(MALI, new_sites=count).served_persons for count in (0, 1, 2, 4)]
    assert served == sorted(served)
    assert served[-1] > served[0]


def test_no_station_in_a_dangerous_area_and_nobody_over_a_limit_of_risk():
    found = site_way_stations(MALI, new_sites=5, risk_limit=0.01)
    assert found.assignment["risk"].max() <= 0.01 + 1e-6
    assert len(found.excluded)
    assert not set(found.excluded["place_id"]) & set(found.sites["place_id"])
    assert (found.unserved["reason"] == "over_risk").any()
    with pytest.raises(InputError, match="all 1 lie in dangerous areas"):
        site_way_stations(
            MALI, new_sites=1, keep_existing=False,
            candidates=list(found.excluded["place_id"])[:1],
        )  # fmt: skip


def test_reasons_say_what_stands_against_it():
    near = site_way_stations(TOY, new_sites=1, keep_existing=False, model="max_cover", limit_h=0.4)
    assert set(near.unserved["reason"]) <= {"over_limit", "too_few_sites", "no_way"}
    assert near.unserved["explanation"].str.len().min() > 10
    full = site_way_stations(
        TOY, new_sites=1, keep_existing=False, model="capacitated", capacity_persons=100
    )
    assert full.served_persons == 100
    # only an open station can be full
    _, time = all_ways(TOY, list(full.sites["place_id"]))
    near = dict(zip(movers(TOY)["group_id"], np.isfinite(time).any(axis=1), strict=True))
    assert {"no_room"} < set(full.unserved["reason"])
    for row in full.unserved.itertuples():
        assert (row.reason == "no_room") == near[row.group_id]


def test_a_limit_holds_to_the_rounding_of_times_in_every_model():
    places = sorted(TOY.network.places["place_id"])
    _, time = all_ways(TOY, places)
    longest = time[np.isfinite(time)].max()
    words = {
        "keep_existing": False, "candidates": places,
        "limit_h": (longest - QUANTUM["time_min"] / 4) / 60,
    }  # fmt: skip
    everybody = site_way_stations(TOY, new_sites=len(places), **words).served_persons
    most = site_way_stations(TOY, new_sites=len(places), model="max_cover", **words)
    fewest = site_way_stations(TOY, model="set_cover", **words)
    assert most.value == most.served_persons == fewest.served_persons == everybody
    far = places[int(np.argwhere(time == longest)[0, 1])]
    alone = {**words, "candidates": [far]}
    within = site_way_stations(TOY, new_sites=1, **alone).served_persons
    found = site_way_stations(TOY, new_sites=1, model="max_cover", **alone)
    assert found.value == within


@pytest.mark.parametrize(("words", "told"), [
    ({"stop_h": -5}, "stop_h must be"), ({"stop_h": float("nan")}, "stop_h must be"),
    ({"reach_h": -1}, "reach_h must be"), ({"time_limit_s": 0}, "time_limit_s must be"),
    ({"units": 1.5}, "units must be a whole number"),
])  # fmt: skip
def test_no_rota_of_impossible_days(words, told):
    with pytest.raises(InputError, match=told):
        site_mobile_stations(TOY, **{"units": 1, **words})


def test_stations_that_nobody_needs_are_not_proposed():
    found = site_way_stations(TOY, new_sites=4, keep_existing=False)
    assert (found.sites["served_persons"] > 0).all()
    if len(found.sites) < 4:
        assert "would serve nobody" in found.warnings[0]


# ------------------------------------------------------------------ many scenarios
def closures(case):
    return plan_scenarios(make_plan(case, closures=SingleClosures(edges="all")))


@pytest.mark.parametrize("criterion", ["expected", "regret", "cvar"])
def test_robust_sites_of_the_toy_are_the_best_of_all(criterion):
    laid, probability = closures(TOY)
    places = sorted(TOY.network.places["place_id"])
    each = [all_ways(TOY, places, one) for one in laid]
    people = each[0][0]
    found = site_way_stations(
        TOY, new_sites=1, keep_existing=False, candidates=places, scenarios=laid,
        criterion=criterion, alpha=0.5, probability=probability,
    )  # fmt: skip

    def lost(site):
        return np.array([people[~np.isfinite(time[:, site])].sum() for _, time in each])

    def worth(figures):
        if criterion == "expected":
            return np.mean(figures)
        if criterion == "regret":
            return max(figures - np.min([lost(one) for one in range(len(places))], axis=0))
        count = len(figures)
        worst = np.sort(figures)[::-1]
        whole, rest = divmod(count / 2, 1)
        return (worst[: int(whole)].sum() + (rest * worst[int(whole)] if rest else 0)) / (count / 2)

    best = min(worth(lost(site)) for site in range(len(places)))
    unserved = found.scenarios["unserved_persons"].to_numpy()
    assert worth(unserved) == pytest.approx(best)
    assert found.status == "optimal"
    assert found.scenarios["probability"].sum() == pytest.approx(1)
    mine = places.index(found.sites["place_id"].iloc[0])
    assert unserved == pytest.approx(lost(mine))


@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        ("expected", "people served on average"),
        ("regret", "people not served more than need be"),
        ("cvar", "people not served in the worst scenarios"),
    ],
)
def test_a_value_says_what_it_counts(criterion, words):
    found = site_way_stations(
        TOY, new_sites=1, keep_existing=False, model="max_cover", limit_h=0.4,
        scenarios=[TOY.scenario] * 2, criterion=criterion,
    )  # fmt: skip
    served, lost = found.served_persons, found.unserved_persons
    assert found.quantity == words
    assert found.value == {"expected": served, "regret": 0, "cvar": lost}[criterion]
    assert lost > 0


def test_scenarios_count_by_their_probability():
    laid, _ = closures(TOY)
    alone = site_way_stations(TOY, new_sites=1, keep_existing=False, scenarios=[laid[2]])
    heavy = [1e-9] * len(laid)
    heavy[2] = 1.0
    found = site_way_stations(
        TOY, new_sites=1, keep_existing=False, scenarios=laid, probability=heavy
    )
    assert found.served_persons == pytest.approx(alone.served_persons, abs=1e-3)
    assert found.sites["served_persons"].sum() == pytest.approx(found.served_persons)


def test_the_order_of_scenarios_does_not_matter():
    laid, _ = closures(TOY)
    one = site_way_stations(TOY, new_sites=2, scenarios=laid, criterion="regret")
    # the first one says which stations are kept: it stays first
    other = site_way_stations(
        TOY, new_sites=2, scenarios=[laid[0], *laid[:0:-1]], criterion="regret"
    )
    assert one.sites["place_id"].tolist() == other.sites["place_id"].tolist()
    assert one.value == pytest.approx(other.value)


def test_draws_of_a_plan_weigh_as_often_as_they_came_out():
    disruptions = tuple(
        dataclasses.replace(one, probability=0.5) if number == 0 else one
        for number, one in enumerate(TOY.scenario.disruptions)
    )
    case = dataclasses.replace(
        TOY, scenario=dataclasses.replace(TOY.scenario, disruptions=disruptions)
    )
    plan = make_plan(case, draws=Draws(count=40, seed=3))
    laid, probability = plan_scenarios(plan)
    assert len(laid) == 2
    assert np.array(probability) * 40 == pytest.approx([one.weight for one in plan.scenarios])
    varied = make_plan(TOY, grid={"risk_limit": [0.1, 0.2]})
    with pytest.raises(InputError, match="the plan varies risk_limit"):
        plan_scenarios(varied)


# ------------------------------------------------------------------ mobile stations
def test_a_rota_serves_who_it_says_within_the_day():
    found = site_mobile_stations(MALI, units=2, days=3, profile="4x4", reach_h=2)
    hours = MALI.network.profiles.set_index("profile").loc["4x4", "hours_per_day"]
    assert (found.rota["day_min"] <= hours * 60 + 1e-6).all()
    assert found.rota["base_id"].nunique() <= 2
    assert found.rota["day"].max() <= 3
    assert found.rota["unit"].max() <= 2
    stops = {stop for row in found.rota["stop_ids"] for stop in row.split(">")}
    assert set(found.assignment["place_id"]) <= stops
    assert (found.assignment["time_min"] <= 120 + 1e-6).all()
    assert found.value == found.served_persons == found.assignment["persons"].sum()
    assert (found.sites["kind"] == "mobile").all()
    more = site_mobile_stations(MALI, units=3, days=3, profile="4x4", reach_h=2)
    assert more.served_persons >= found.served_persons


def test_units_that_share_a_base_have_their_own_days(monkeypatch):
    places = sorted(TOY.network.places.loc[TOY.network.places["kind"] == "settlement", "place_id"])
    tours = tuple(
        Tour(base=base, stops=(stop,), driving_min=0.0, day_min=0.0)
        for base, stop in ((0, 0), (0, 1), (0, 2), (1, 0))
    )
    rota = Rota(tours=tours, value=0.0, bound=0.0, status="optimal", seconds=0.0)
    monkeypatch.setattr(siting, "plan_rota", lambda *_, **__: rota)
    found = site_mobile_stations(TOY, units=3, days=2, candidates=places[:3])
    assert found.rota["base_id"].tolist() == [places[0]] * 3 + [places[1]]
    assert found.rota["unit"].tolist() == [1, 1, 2, 3]
    assert found.rota["day"].tolist() == [1, 2, 1, 1]


# ------------------------------------------------------------------ go or no-go
def test_go_needs_people_supply_and_a_safe_place():
    days = ["2013-01-05", "2013-01-20"]
    table = go_or_no_go(TOY, dates=days, supply_from=["southtown"])
    assert len(table) == 2 * TOY.waystations["place_id"].nunique()
    for row in table.itertuples():
        against = (
            not row.safe_place or row.reach_persons < 1 or not isinstance(row.supply_from_id, str)
        )
        assert row.go != against
        assert isinstance(row.reason, str) == against
    nobody = go_or_no_go(TOY, dates=days, supply_from=["southtown"], least_persons=10**9)
    assert not nobody["go"].any()
    strict = go_or_no_go(MALI, dates=["2013-01-20"], supply_from=["bamako"], risk_limit=0.0)
    lax = go_or_no_go(MALI, dates=["2013-01-20"], supply_from=["bamako"])
    assert strict["go"].sum() < lax["go"].sum()
    assert strict["reason"].str.contains("risk limit", na=False).any()


# ------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"new_sites": None}, "how many new stations"),
        ({"new_sites": 0, "keep_existing": False}, "how many new stations"),
        ({"new_sites": 99}, "99 are asked for besides the [0-9]+ kept, but there are"),
        ({"new_sites": 1.5}, "how many new stations"),
        ({"new_sites": 1, "gap": 1.0}, "gap must be"),
        ({"new_sites": 1, "probability": [1, 2]}, "one per scenario"),
        ({"new_sites": 1, "scenarios": [TOY.scenario], "probability": [0]}, "not all 0"),
        ({"new_sites": 1, "model": "best"}, "model must be one of"),
        ({"new_sites": 1, "model": "max_cover"}, "needs the longest journey"),
        ({"new_sites": 1, "model": "set_cover", "limit_h": 3}, "finds the number itself"),
        ({"new_sites": 1, "model": "capacitated"}, "needs the room"),
        ({"new_sites": 1, "model": "capacitated", "capacity_persons": 0}, "must be above 0"),
        ({"new_sites": 1, "capacity_persons": 5}, "has no capacities"),
        ({"new_sites": 1, "limit_h": float("nan")}, "must be >= 0 h"),
        ({"new_sites": 1, "base": "tourists"}, "the case has no tourists"),
        ({"new_sites": 1, "scenarios": []}, "scenarios: none given"),
        ({"new_sites": 1, "scenarios": [TOY.scenario] * 2, "model": "capacitated",
          "capacity_persons": 5}, "is for one scenario"),
        ({"new_sites": 1, "scenarios": [TOY.scenario] * 2, "criterion": "hope"},
         "criterion must be"),
        ({"new_sites": 1, "scenarios": [TOY.scenario] * 2, "probability": [1.0]},
         "one per scenario"),
        ({"new_sites": 1, "candidates": [], "keep_existing": False}, "no candidate sites"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_in_words(words, told):
    with pytest.raises(InputError, match=told):
        site_way_stations(TOY, **words)


def test_unknown_places_are_named_with_the_nearest_known():
    with pytest.raises(UnknownIdError, match="did you mean 'midtown'"):
        site_way_stations(TOY, new_sites=1, candidates=["midtwn"])
    with pytest.raises(UnknownIdError, match="no place"):
        go_or_no_go(TOY, dates=["2013-01-05"], supply_from=["nowhere"])
    with pytest.raises(InputError, match="dates: none given"):
        go_or_no_go(TOY, dates=[], supply_from=["southtown"])
    with pytest.raises(UnknownIdError, match="unknown profile"):
        site_mobile_stations(TOY, units=1, profile="sledge")


def test_a_case_without_people_is_refused():
    empty = dataclasses.replace(TOY, groups=TOY.groups.assign(persons=0, persons_low=0,
                                                              persons_high=0))  # fmt: skip
    with pytest.raises(InputError, match="no people"):
        site_way_stations(empty, new_sites=1)
    with pytest.raises(InputError, match="no people"):
        site_mobile_stations(empty, units=1)


def test_nothing_of_it_is_for_the_public(tmp_path):
    public = dataclasses.replace(TOY, audience="public")
    found = site_way_stations(public, new_sites=1)
    with pytest.raises(InputError, match="audience is 'public'"):
        write_siting(tmp_path / "s.gpkg", found)

"""Intervals: against every outcome by its chance, and each draw against a single run."""

import dataclasses
import datetime as dt
import itertools
import math

import numpy as np
import pandas as pd
import pytest
from random_crises import random_crisis
from scipy.stats import kstest, triang

from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import CalendarError, InputError, ScenarioError
from mobility_geo.outcomes import (
    Uncertainty,
    compare_intervals,
    find_decisions,
    find_information_gaps,
    find_intervals,
    find_stranded,
)
from mobility_geo.outcomes.intervals import (
    _Chance,
    _describe,
    draw_persons,
    figures,
    unreported_edges,
)
from mobility_geo.scenario import Closure, Disruption, Limits, Selection, draw_happening
from mobility_geo.scenario.chance import label_keys, normal_numbers, numbers_of
from mobility_geo.testing import build_case, draw_network

TOY = load_toy()
CERTAIN = {"speed_error": 0.0, "precision": None}
CHANCES = (0.2, 0.5, 0.7, 0.9)


def chancy(seed, **more):
    """Return a random crisis whose disruptions may not happen, the first two linked."""
    case = random_crisis(seed, **more)
    laid = tuple(
        dataclasses.replace(one, probability=share, group="both" if number < 2 else "")
        for number, (one, share) in enumerate(zip(case.scenario.disruptions, CHANCES, strict=True))
    )
    return dataclasses.replace(case, scenario=dataclasses.replace(case.scenario, disruptions=laid))


def unsure_of_people(case):
    groups = case.groups
    return dataclasses.replace(
        case,
        groups=groups.assign(
            persons_low=groups["persons"] // 2, persons_high=groups["persons"] * 2
        ),
    )


def people(case, scenario, base="movers"):
    """Return people by status from a single run."""
    found = find_stranded(case, scenario, with_causes=False)
    found = found[(found["base"] == base).to_numpy(bool)]
    return found.groupby("status")["persons"].sum().to_dict()


def cannot(case, scenario, base="movers"):
    told = people(case, scenario, base)
    return sum(told.get(name, 0) for name in ("stranded", "cut_off", "isolated"))


# ------------------------------------------------------------------ what the numbers are
@pytest.mark.parametrize("seed", [0, 2])
def test_the_mean_is_that_over_every_outcome_by_its_chance(seed):
    """The joint chance of two linked disruptions at correlation 1 is the smaller of the two."""
    case = chancy(seed)
    laid = case.scenario.disruptions
    expected = 0.0
    for happens in itertools.product([False, True], repeat=len(laid)):
        share = math.prod(
            CHANCES[at] if here else 1 - CHANCES[at] for at, here in enumerate(happens) if at > 1
        )
        a, b = CHANCES[:2]
        both = {(True, True): min(a, b), (True, False): max(a - b, 0),
                (False, True): max(b - a, 0), (False, False): 1 - max(a, b)}  # fmt: skip
        chosen = tuple(one for one, here in zip(laid, happens, strict=True) if here)
        scenario = dataclasses.replace(case.scenario, disruptions=chosen)
        expected += share * both[happens[:2]] * cannot(case, scenario)
    found = find_intervals(case, uncertainty=Uncertainty(seed=seed, most_draws=150, **CERTAIN))
    row = found.headline().set_index(["base", "figure"]).loc[("movers", "cannot_reach")]
    assert row["mean_persons"] == pytest.approx(
        expected, abs=4 * row["standard_error_persons"] + 1e-9
    )
    assert row["best_persons"] == cannot(case, case.scenario)


@pytest.mark.parametrize("seed", [0, 2])
def test_every_draw_is_a_single_run_of_what_was_drawn(seed):
    case = unsure_of_people(chancy(seed, residents=True))
    asked = Uncertainty(seed=seed, most_draws=3, precision=None, speed_error=0.4)
    found = find_intervals(case, uncertainty=asked)
    happening = draw_happening(case.scenario, 3, seed=seed)
    persons = draw_persons(case.groups, 3, seed=seed, correlation=1.0)
    speeds = case.network.speeds
    for number, row in found.draws.iterrows():
        kept = zip(case.scenario.disruptions, happening[number], strict=True)
        laid = dataclasses.replace(
            case.scenario, disruptions=tuple(one for one, here in kept if here)
        )
        faster = speeds.assign(speed_kph=speeds["speed_kph"] * row["speed_factor"])
        drawn = persons[number]
        other = dataclasses.replace(
            case, network=case.network.replace_tables(speeds=faster),
            groups=case.groups.assign(persons=drawn, persons_low=drawn, persons_high=drawn),
        )  # fmt: skip
        for base in ("movers", "residents"):
            told = people(other, laid, base)
            for figure in figures(base):
                if figure in {"persons", "cannot_reach"}:
                    continue
                assert row[f"{base}_{figure}"] == told.get(figure, 0), (number, base, figure)
            assert row[f"{base}_persons"] == sum(told.values())
            assert row[f"{base}_cannot_reach"] == cannot(other, laid, base)
        assert row["disruptions"] == happening[number].sum()


def test_people_of_a_draw_are_conserved_by_place_and_by_zone():
    case = load_mali("mali-2013-01")
    found = find_intervals(case, uncertainty=Uncertainty(most_draws=4, precision=None))
    for base in ("movers", "residents"):
        parts = [f"{base}_{name}" for name in figures(base) if name not in
                 {"persons", "cannot_reach"}]  # fmt: skip
        assert (found.draws[parts].sum(axis=1) == found.draws[f"{base}_persons"]).all()
    places, zones = found.places(), found.zones()
    level = zones["adm_level"].min()
    table = found.headline().set_index(["base", "figure"])
    for base, word in (("movers", "stranded"), ("residents", "cut_off")):
        mine = places[(places["base"] == base).to_numpy(bool)]
        mean = table.loc[(base, word), "mean_persons"]
        assert mine["stranded_mean_persons"].sum() == pytest.approx(mean)
        whole = zones[((zones["base"] == base) & (zones["adm_level"] == level)).to_numpy(bool)]
        coded = mine[mine["pcode"].notna().to_numpy(bool)]
        assert whole["mean_persons"].sum() == pytest.approx(coded["mean_persons"].sum())
        assert (mine["stranded_low_persons"] <= mine["stranded_high_persons"]).all()


def test_the_interval_of_a_known_distribution():
    """Everybody is stranded, so the people drawn are the headline: a triangular distribution."""
    shut = Disruption(disruption_id="shut", kind="road", what=Selection(edge_ids=("A-B",)),
                      effects=(Closure(),))  # fmt: skip
    people = [{"place_id": "A", "persons": 500, "persons_low": 400, "persons_high": 800}]
    case = build_case(draw_network("A---B"), people, to="B", disruptions=[shut])
    found = find_intervals(case, uncertainty=Uncertainty(most_draws=1000, **CERTAIN))
    row = found.headline().set_index(["base", "figure"]).loc[("movers", "stranded")]
    share = triang(0.25, loc=400, scale=400)
    for name, told in (("low", 0.05), ("high", 0.95)):
        error = row[f"{name}_error_persons"]
        assert row[f"{name}_persons"] == pytest.approx(share.ppf(told), abs=4 * error)
        rank = math.sqrt(told * (1 - told) / 1000) / share.pdf(share.ppf(told))
        assert error == pytest.approx(rank, rel=0.5)
    assert row["mean_persons"] == pytest.approx(share.mean(), abs=4 * row["standard_error_persons"])
    assert row["standard_error_persons"] == pytest.approx(share.std() / math.sqrt(1000), rel=0.05)
    assert row["median_persons"] == pytest.approx(share.ppf(0.5), rel=0.01)


# ------------------------------------------------------------------ people
@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_people_are_drawn_from_a_triangle_between_low_and_high(correlation):
    groups = pd.DataFrame({
        "group_id": list("abcd"), "persons_low": [0, 100, 5, 20], "persons": [1000, 100, 5, 80],
        "persons_high": [4000, 900, 5, 80],
    })  # fmt: skip
    found = draw_persons(groups, 8000, seed=2, correlation=correlation)
    assert (found >= groups["persons_low"].to_numpy()).all()
    assert (found <= groups["persons_high"].to_numpy()).all()
    assert (found[:, 2] == 5).all()
    for at in (0, 1, 3):
        low, best, high = (
            float(groups[name][at]) for name in ("persons_low", "persons", "persons_high")
        )
        share = triang((best - low) / (high - low), loc=low, scale=high - low)
        assert found[:, at].mean() == pytest.approx((low + best + high) / 3, rel=0.02)
        # whole people: half a person either way
        jitter = np.random.default_rng(0).uniform(-0.5, 0.5, 8000)
        assert kstest(found[:, at] + jitter, share.cdf).statistic < 0.03
    together = np.corrcoef(found[:, [0, 1]].T)[0, 1]
    if correlation == 0:
        assert abs(together) < 0.05
    if correlation == 1:
        order = np.lexsort((found[:, 1], found[:, 0]))
        assert (np.diff(found[order, 1]) >= 0).all()
    widest = found.sum(axis=1).std()
    independent = draw_persons(groups, 8000, seed=2, correlation=0.0).sum(axis=1).std()
    assert widest >= 0.98 * independent


def test_people_of_one_group_do_not_hang_on_which_others_are_there():
    groups = TOY.groups.assign(persons_high=TOY.groups["persons"] + 500)
    found = draw_persons(groups, 20, seed=1, correlation=0.4)
    some = draw_persons(groups.iloc[[2, 0]], 20, seed=1, correlation=0.4)
    assert (some == found[:, [2, 0]]).all()


def test_places_outside_every_zone_are_told_of_by_themselves():
    places = TOY.network.places
    pcode = places["pcode"].where(places["place_id"] != "northtown")
    network = TOY.network.replace_tables(places=places.assign(pcode=pcode))
    found = find_intervals(dataclasses.replace(TOY, network=network),
                           uncertainty=Uncertainty(most_draws=3))  # fmt: skip
    zones, place = found.zones(), found.places().set_index("place_id")
    outside = zones[zones["pcode"].isna()]
    assert outside["name"].tolist() == ["outside every zone"]
    assert outside["mean_persons"].tolist() == [place["mean_persons"]["northtown"]]
    lowest = zones[zones["adm_level"] == zones["adm_level"].max()]
    total = lowest["mean_persons"].sum() + outside["mean_persons"].sum()
    assert total == pytest.approx(place["mean_persons"].sum())


# ------------------------------------------------------------------ the same draws
def test_the_same_seed_gives_the_same_draws_and_more_begin_with_them():
    case = unsure_of_people(chancy(1))
    asked = Uncertainty(seed=9, most_draws=20, precision=None)
    one, two = (find_intervals(case, uncertainty=asked) for _ in range(2))
    assert one.draws.equals(two.draws)
    more = find_intervals(case, uncertainty=dataclasses.replace(asked, most_draws=30))
    assert more.draws.head(20).equals(one.draws)
    other = find_intervals(case, uncertainty=dataclasses.replace(asked, seed=10))
    assert not other.draws.equals(one.draws)


@pytest.mark.parametrize("seed", range(2))
def test_options_meet_the_same_draws_whatever_the_order_of_their_disruptions(seed):
    case = unsure_of_people(chancy(seed, capacities=False))
    asked = Uncertainty(seed=seed, most_draws=30, **CERTAIN)
    found = find_intervals(case, uncertainty=asked)
    turned = dataclasses.replace(case.scenario, disruptions=case.scenario.disruptions[::-1])
    same = find_intervals(case, turned, uncertainty=asked)
    assert same.draws.equals(found.draws)
    none = compare_intervals(found, same)
    assert (none[["mean_persons", "low_persons", "high_persons", "fewer_share"]] == 0).all().all()
    options = {
        one.disruption_id: find_intervals(
            case, case.scenario.without(ids=[one.disruption_id]), uncertainty=asked
        )
        for one in case.scenario.disruptions
    }
    ranks = []
    for start in (found, same):
        means = {
            name: compare_intervals(start, option)
            .set_index(["base", "figure"])["mean_persons"][("movers", "cannot_reach")]
            for name, option in options.items()
        }  # fmt: skip
        ranks.append(sorted(means, key=lambda name: (means[name], name)))
    assert ranks[0] == ranks[1]


def test_differences_are_those_of_each_draw_and_tighter_than_levels():
    case = load_mali("mali-2013-01")
    asked = Uncertainty(most_draws=20, precision=None)
    before = find_intervals(case, uncertainty=asked)
    lifted = case.scenario.without(ids=["algeria-closed"])
    after = find_intervals(case, lifted, uncertainty=asked)
    row = compare_intervals(before, after).set_index(["base", "figure"]).loc[
        ("movers", "cannot_reach")
    ]  # fmt: skip
    each = after.draws["movers_cannot_reach"] - before.draws["movers_cannot_reach"]
    assert row["mean_persons"] == pytest.approx(each.mean())
    assert row["standard_error_persons"] == pytest.approx(each.std(ddof=1) / math.sqrt(20))
    assert row["fewer_share"] == (each < 0).mean()
    assert row["standard_error_persons"] < row["unpaired_standard_error_persons"]
    assert (before.draws["movers_persons"] == after.draws["movers_persons"]).all()


def test_options_drawn_otherwise_cannot_be_compared():
    case = unsure_of_people(TOY)
    one, two = (
        find_intervals(case, uncertainty=Uncertainty(seed=seed, most_draws=4)) for seed in (1, 2)
    )
    with pytest.raises(InputError, match="not drawn alike"):
        compare_intervals(one, two)
    only = case.groups.assign(base="residents")
    asked = Uncertainty(seed=1, most_draws=4)
    other = find_intervals(dataclasses.replace(case, groups=only), uncertainty=asked)
    with pytest.raises(InputError, match="no headline in common"):
        compare_intervals(one, other)


# ------------------------------------------------------------------ how many draws
def test_draws_stop_once_the_headline_is_precise_enough_and_say_so_if_it_is_not():
    case = unsure_of_people(TOY)
    rough = find_intervals(case, uncertainty=Uncertainty(precision=0.05, speed_error=0.0))
    fine = find_intervals(
        case, uncertainty=Uncertainty(precision=0.01, speed_error=0.0, most_draws=5000)
    )
    for found, share in ((rough, 0.05), (fine, 0.01)):
        row = found.headline().set_index(["base", "figure"]).loc[("movers", "cannot_reach")]
        assert found.reached
        assert row["standard_error_persons"] <= share * found.best["movers_persons"]
    assert len(fine.draws) > len(rough.draws)
    short = find_intervals(
        case, uncertainty=Uncertainty(precision=1e-6, most_draws=100, speed_error=0.0)
    )
    assert not short.reached
    assert len(short.draws) == 100


RARE = Disruption(disruption_id="rare", kind="insecurity", what=Selection(edge_ids=("A-B",)),
                  effects=(Closure(),), probability=0.02)  # fmt: skip
CHAIN = draw_network("A----B----C----D")


def test_what_is_rare_is_not_taken_for_sure_because_it_did_not_come_up_yet():
    """Among 50 draws a chance of 1 in 50 comes up not once in 36 % of seeds; the mean is 20."""
    case = build_case(CHAIN, {"A": 1000}, "D", disruptions=[RARE])
    late = [s for s in range(20) if not draw_happening(case.scenario, 50, seed=s).any()]
    asked = Uncertainty(seed=late[0], speed_error=0.0, precision=0.05)
    found = find_intervals(case, uncertainty=asked)
    assert found.fewest_draws == len(found.draws) == 150
    assert found.draws["movers_cannot_reach"].any()
    assert not found.draws["movers_cannot_reach"].head(50).any()
    short = find_intervals(case, uncertainty=dataclasses.replace(asked, most_draws=60))
    assert len(short.draws) == 60 < short.fewest_draws


@pytest.mark.parametrize(
    ("open_chance", "fewest"), [(None, 0), (1.0, 0), (0.0, 0), (0.9, 30), (0.05, 60)]
)
def test_how_often_unreported_edges_must_be_drawn(open_chance, fewest):
    asked = Uncertainty(unreported_open=open_chance, most_draws=2)
    assert find_intervals(unsure_of_people(TOY), uncertainty=asked).fewest_draws == fewest


def test_people_who_are_in_the_high_figure_only_are_movers_as_well():
    people = [{"place_id": "A", "persons": 0, "persons_low": 0, "persons_high": 100}]
    likely = dataclasses.replace(RARE, probability=0.5)
    case = build_case(CHAIN, people, "D", disruptions=[likely])
    found = find_intervals(case, uncertainty=Uncertainty(precision=0.1, speed_error=0.0))
    assert found.base == "movers"
    row = found.headline().set_index(["base", "figure"]).loc[("movers", "cannot_reach")]
    assert found.reached
    assert 0 < row["standard_error_persons"] <= 0.1 * found.draws["movers_persons"].mean()
    same = compare_intervals(found, found)
    assert set(same["base"]) == {"movers"}
    assert not same["mean_persons"].any()
    told = find_decisions(case, uncertainty=Uncertainty(most_draws=60))
    assert told.base == "movers"
    assert told.gaps["thing"].tolist() == ["group"]
    nobody = dataclasses.replace(case, groups=case.groups.assign(persons_high=0))
    with pytest.raises(InputError, match="people are at no place at all"):
        find_information_gaps(nobody)


@pytest.mark.parametrize("size", [10, 39, 40, 400])
def test_the_error_of_an_end_is_told_where_draws_lie_beyond_it(size):
    """Where it is told, it is near the spread of that end over many times as many draws."""
    rng = np.random.default_rng(5)
    told = [_describe(rng.normal(size=size)) for _ in range(400)]
    errors = np.array([[one["low_error_persons"], one["high_error_persons"]] for one in told])
    assert np.isnan(errors).all() == np.isnan(errors).any() == (size < 40)
    if size >= 40:
        spread = np.std([[one["low_persons"], one["high_persons"]] for one in told], axis=0)
        assert errors.mean(axis=0) == pytest.approx(spread, rel=0.35)


def test_how_a_headline_settles():
    found = find_intervals(unsure_of_people(TOY), uncertainty=Uncertainty(
        most_draws=90, **CERTAIN))  # fmt: skip
    table = found.convergence()
    assert table["draws"].tolist() == [10, 20, 40, 80, 90]
    last = table.iloc[-1]
    row = found.headline().set_index(["base", "figure"]).loc[("movers", "cannot_reach")]
    assert last["mean_persons"] == row["mean_persons"]
    values = found.draws["movers_cannot_reach"].to_numpy()
    for size, mean in zip(table["draws"], table["mean_persons"], strict=True):
        assert mean == pytest.approx(values[:size].mean())
    with pytest.raises(InputError, match="no figure 'cut_off' of 'movers'; known are persons of"):
        found.convergence(figure="cut_off")


def test_progress_rises_to_the_end():
    told = []
    asked = Uncertainty(most_draws=70, **CERTAIN)
    find_intervals(unsure_of_people(TOY), uncertainty=asked, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


# ------------------------------------------------------------------ unreported edges
@pytest.mark.parametrize("seed", [0, 1])
def test_unreported_edges_that_are_surely_open_or_closed(seed):
    case = unsure_of_people(random_crisis(seed))
    day = case.scenario.when
    unsure = unreported_edges(case, day)
    assert len(unsure) == len(case.network.edges)
    asked = Uncertainty(seed=1, most_draws=10, **CERTAIN)
    none = find_intervals(case, uncertainty=asked)
    surely = find_intervals(case, uncertainty=dataclasses.replace(asked, unreported_open=1.0))
    assert surely.draws.equals(none.draws)
    never = find_intervals(case, uncertainty=dataclasses.replace(asked, unreported_open=0.0))
    assert (never.draws["unreported_closed"] == len(unsure)).all()
    to = set(case.destinations_on(day)["place_id"])
    there = case.groups["place_id"].isin(to).to_numpy(bool)
    if not there.any():
        assert (never.draws["movers_can_reach"] == 0).all()


def test_unreported_edges_close_as_often_as_was_said_and_a_road_as_a_whole():
    case = unsure_of_people(TOY)
    asked = Uncertainty(seed=3, most_draws=60, unreported_open=0.8, **CERTAIN)
    found = find_intervals(case, uncertainty=asked)
    size = len(unreported_edges(case, case.scenario.when))
    share = found.draws["unreported_closed"].mean() / size
    assert share == pytest.approx(0.2, abs=0.06)
    edges = case.network.edges.assign(ref="N1")
    road = dataclasses.replace(case, network=case.network.replace_tables(edges=edges))
    whole = find_intervals(road, uncertainty=asked).draws["unreported_closed"]
    assert set(whole) <= {0, size}
    assert (whole == size).mean() == pytest.approx(0.2, abs=4 * math.sqrt(0.16 / 60))
    apart = find_intervals(road, uncertainty=dataclasses.replace(asked, correlation=0.0)).draws[
        "unreported_closed"
    ]
    assert 0 < apart.mean() < size
    assert len(set(apart)) > 2


def test_an_edge_closes_in_the_same_draws_whichever_others_are_there():
    """The network of the one has an edge more, which moves all others by a row."""
    asked = Uncertainty(unreported_open=0.5, most_draws=20, seed=3)
    shut = []
    for drawn in ("B----C----D", "A----B----C----D"):
        case = build_case(draw_network(drawn), {"B": 10}, "D")
        chance = _Chance.of(case, case.scenario, case.scenario.when, asked)
        ids = case.network.edges["edge_id"].to_numpy()
        shut.append([set(ids[list(chance.closed(draw))]) - {"A-B"} for draw in range(20)])
    assert shut[0] == shut[1]
    assert len({frozenset(one) for one in shut[0]}) == 4


def test_numbers_of_labels_are_normal_and_have_nothing_to_do_with_each_other():
    keys = label_keys([f"edge {number}" for number in range(500)])
    assert len(set(keys.tolist())) == 500
    found = np.stack([numbers_of(1, f"draw {draw}", keys) for draw in range(200)])
    assert kstest(found.ravel(), "norm").pvalue > 0.01
    for side in (found, found.T):
        off = np.corrcoef(side)[~np.eye(len(side), dtype=bool)]
        assert np.abs(off).max() < 6 / math.sqrt(side.shape[1])
        assert off.std() == pytest.approx(1 / math.sqrt(side.shape[1]), rel=0.1)
    assert (numbers_of(2, "draw 0", keys) != found[0]).all()


def test_reports_grow_old():
    edges = TOY.network.edges.copy()
    edges["state_reported_on"] = pd.Timestamp("2013-01-01")
    case = dataclasses.replace(TOY, network=TOY.network.replace_tables(edges=edges))
    day = dt.date(2013, 1, 20)
    assert not len(unreported_edges(case, day))
    assert not len(unreported_edges(case, day, 19))
    assert len(unreported_edges(case, day, 18)) == len(edges)
    limited = dataclasses.replace(case, limits=Limits(unknown_after_days=18))
    assert len(unreported_edges(limited, day)) == len(edges)
    assert not len(unreported_edges(limited, day, 30))


def test_an_edge_that_is_drawn_is_no_longer_unknown():
    limited = dataclasses.replace(unsure_of_people(TOY), limits=Limits(unknown_after_days=10))
    asked = Uncertainty(most_draws=10, **CERTAIN)
    assert find_intervals(limited, uncertainty=asked).draws["movers_unknown"].any()
    drawn = dataclasses.replace(asked, unreported_open=0.5)
    # a place that no road leads to stays unknown
    apart = unsure_of_people(dataclasses.replace(TOY, limits=Limits()))
    never = find_intervals(apart, uncertainty=asked).draws["movers_unknown"]
    assert find_intervals(limited, uncertainty=drawn).draws["movers_unknown"].equals(never)


# ------------------------------------------------------------------ speeds
def test_the_factor_on_speeds_is_lognormal():
    asked = Uncertainty(seed=4, most_draws=8, precision=None, speed_error=0.3)
    logs = np.log(find_intervals(TOY, uncertainty=asked).draws["speed_factor"])
    assert logs.to_numpy() == pytest.approx(0.3 * normal_numbers(4, "speeds", 8))


# ------------------------------------------------------------------ bad input
def test_every_problem_of_what_is_uncertain_is_listed():
    with pytest.raises(InputError) as caught:
        Uncertainty(seed=-1, most_draws=1, precision=2, correlation=-0.1, people_correlation=1.5,
                    speed_error=math.nan, unreported_open=7, unreported_after_days=-1)  # fmt: skip
    assert len(caught.value.problems) == 8
    with pytest.raises(InputError, match="most_draws must be a whole number"):
        Uncertainty(most_draws=10.5)


def test_what_cannot_be_asked():
    one = TOY.groups["persons"]
    certain = dataclasses.replace(TOY, groups=TOY.groups.assign(persons_low=one, persons_high=one))
    with pytest.raises(InputError, match="nothing of this case is uncertain"):
        find_intervals(certain, uncertainty=Uncertainty(speed_error=0.0))
    with pytest.raises(InputError, match="nobody to ask about"):
        find_intervals(dataclasses.replace(TOY, groups=TOY.groups.head(0)))
    with pytest.raises(CalendarError):
        find_intervals(TOY, when="1990-01-01")
    with pytest.raises(ScenarioError, match="draws must be at least 1"):
        draw_persons(TOY.groups, 0, seed=0, correlation=1.0)

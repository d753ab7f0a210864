"""Siting on matrices against every set of sites, one after another."""

import itertools
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from mobility_geo.errors import InputError
from mobility_geo.outcomes import (
    capture_flows,
    plan_rota,
    siting_models,
    solve_capacitated,
    solve_max_cover,
    solve_p_median,
    solve_robust,
    solve_set_cover,
)
from mobility_geo.outcomes.siting_median import find_median, read_pmed
from mobility_geo.outcomes.siting_models import CRITERIA, _Answer, criterion_value

FEW = settings(max_examples=25)


@st.composite
def problems(draw, scenarios=1):
    """Return costs (scenarios, clients, sites) with forbidden pairs, people, a number, kept."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    clients, sites = int(rng.integers(2, 7)), int(rng.integers(2, 7))
    cost = rng.integers(0, 30, (scenarios, clients, sites)).astype(float)
    cost[rng.random(cost.shape) < draw(st.sampled_from([0.0, 0.2, 0.6]))] = np.inf
    people = rng.integers(0, 20, clients).astype(float)
    people[0] += 1
    cost[:, 0, 0] = 3.0  # somebody can be served
    number = int(rng.integers(1, sites + 1))
    kept = [int(rng.integers(sites))] if draw(st.booleans()) else []
    return cost, people, number, kept


def site_sets(sites, number, kept):
    return [one for one in itertools.combinations(range(sites), number) if set(kept) <= set(one)]


def figures(cost, people, sites):
    """Return people not served and people times cost, by scenario."""
    least = cost[:, :, list(sites)].min(axis=2)
    served = np.isfinite(least)
    return (people * ~served).sum(axis=1), (people * np.where(served, least, 0)).sum(axis=1)


# ------------------------------------------------------------------ against all sets of sites
@FEW
@given(problems())
def test_p_median_is_the_best_of_all_sets(problem):
    cost, people, number, kept = problem
    every = [figures(cost, people, one) for one in site_sets(cost.shape[2], number, kept)]
    best = min((lost[0], spent[0]) for lost, spent in every)
    found = solve_p_median(cost[0], people, sites=number, kept=kept)
    assert found.status == "optimal"
    assert len(found.sites) == number
    assert set(kept) <= set(found.sites)
    assert (found.unserved_persons[0], found.value) == pytest.approx(best)
    assert found.value == pytest.approx(found.bound)
    assert found.served_persons[0] + found.unserved_persons[0] == people.sum()
    served = found.assignment[0] >= 0
    assert np.isfinite(cost[0][served, found.assignment[0][served]]).all()


@FEW
@given(problems(), st.integers(0, 25))
def test_covering_is_the_best_of_all_sets(problem, limit):
    cost, people, number, kept = problem
    near = np.where(cost <= max(limit, 3), cost, np.inf)
    best = max(
        (people.sum() - figures(near, people, one)[0][0])
        for one in site_sets(cost.shape[2], number, kept)
    )
    found = solve_max_cover(cost[0], people, sites=number, kept=kept, limit=max(limit, 3))
    assert (found.value, found.bound, found.status) == (best, best, "optimal")
    fewest = solve_set_cover(cost[0], people, kept=kept, limit=max(limit, 3))
    everybody = figures(near, people, range(cost.shape[2]))[0][0]
    assert fewest.unserved_persons[0] == everybody
    smaller = [
        one
        for size in range(max(1, len(kept)), int(fewest.value))
        for one in site_sets(cost.shape[2], size, kept)
        if figures(near, people, one)[0][0] == everybody
    ]
    assert not smaller
    assert len(fewest.sites) == fewest.value == fewest.bound


def cheapest_flow(cost, people, room, sites):
    """Return most people placed and their least cost, by successive units of people."""
    import networkx as nx  # noqa: PLC0415

    graph = nx.DiGraph()
    for client, persons in enumerate(people):
        graph.add_edge("from", f"c{client}", capacity=int(persons), weight=0)
        for site in sites:
            if np.isfinite(cost[client, site]):
                graph.add_edge(f"c{client}", f"s{site}", weight=int(cost[client, site]))
    for site in sites:
        graph.add_edge(f"s{site}", "to", capacity=int(min(room[site], people.sum())), weight=0)
    flow = nx.max_flow_min_cost(graph, "from", "to")
    return sum(flow["from"].values()), nx.cost_of_flow(graph, flow)


@settings(max_examples=12)
@given(problems(), st.integers(0, 99))
def test_capacities_are_the_best_of_all_sets(problem, seed):
    cost, people, number, kept = problem
    room = np.random.default_rng(seed).integers(0, 25, cost.shape[2]).astype(float)
    room[0] = 5
    every = [
        cheapest_flow(cost[0], people, room, one) for one in site_sets(cost.shape[2], number, kept)
    ]
    best = min((-placed, spent) for placed, spent in every)
    found = solve_capacitated(cost[0], people, room, sites=number, kept=kept)
    assert (-found.served_value, found.value) == pytest.approx(best)
    assert found.status == "optimal"
    assert (found.persons.sum(axis=0) <= room).all()
    assert (found.persons.sum(axis=1) <= people).all()
    assert not found.persons[~np.isfinite(cost[0])].any()


@pytest.mark.parametrize("criterion", ["expected", "regret", "cvar"])
@settings(max_examples=12)
@given(problem=problems(scenarios=3), seed=st.integers(0, 99), dead=st.booleans())
def test_robust_sites_are_the_best_of_all_sets(criterion, problem, seed, dead):
    cost, people, number, kept = problem
    if dead:  # a scenario in which nobody can be served
        cost[2] = np.inf
    share = np.random.default_rng(seed).dirichlet(np.ones(3))
    sets = site_sets(cost.shape[2], number, kept)
    every = [figures(cost, people, one) for one in sets]
    alone = [min((lost[s], spent[s]) for lost, spent in every) for s in range(3)]
    least_lost, least_spent = (np.array(column) for column in zip(*alone, strict=True))

    def aims(lost, spent):
        first = criterion_value(lost, share, criterion, alone=least_lost, alpha=0.6)
        last = criterion_value(spent, share, criterion, alone=least_spent, alpha=0.6)
        return tuple(round(one, 6) for one in (first, share @ lost, last, share @ spent))

    best = min(aims(*one) for one in every)
    found = solve_robust(
        cost, people, sites=number, criterion=criterion, probability=share, alpha=0.6, kept=kept
    )
    assert len(found.sites) == number
    assert aims(*figures(cost, people, found.sites)) == pytest.approx(best, abs=1e-5)
    assert found.value == pytest.approx(best[2], abs=1e-4)
    assert found.status == "optimal"


def test_a_scenario_in_which_nobody_is_served_changes_no_regret():
    one, other = np.full((2, 4, 2), np.inf)
    one[0, 0] = other[1, 1] = other[3, 0] = 1
    alive = [one, other, other]
    for laid in (alive, [np.full((4, 2), np.inf), *alive]):
        found = solve_robust(laid, [30, 70, 20, 45], sites=1, criterion="regret")
        assert (found.sites, found.served_value, found.status) == ((0,), 25, "optimal")


def test_of_the_same_worst_scenarios_the_least_on_average_is_taken():
    cost = [[[100, 100], [100, 100]], [[50, 10], [50, 50]]]
    assert solve_robust(cost, [5, 5], sites=1, criterion="cvar", alpha=0.5).sites == (1,)


@pytest.mark.parametrize("criterion", ["expected", "regret", "cvar"])
def test_few_people_among_millions_are_not_rounding(criterion):
    cost = np.broadcast_to([[60, 1], [1, np.inf]], (3, 2, 2))
    found = solve_robust(cost, [1.45e7, 4], sites=1, criterion=criterion)
    assert (found.sites, found.status) == ((0,), "optimal")
    alone = [[60, 1, np.inf], [1, np.inf, np.inf], [np.inf, np.inf, 1]]
    assert solve_p_median(alone, [1.45e7, 2, 10], sites=1).sites == (0,)
    assert solve_max_cover(alone, [1.45e7, 2, 10], sites=1, limit=100).value == 1.45e7 + 2


def test_out_of_time_nothing_is_proven_of_a_figure_that_may_be_below_0(monkeypatch):
    late = SimpleNamespace(status=1, x=None, mip_dual_bound=None, message="time")
    monkeypatch.setattr(siting_models, "milp", lambda *_, **__: late)
    earlier = _Answer(x=np.array([1.0]), fun=0.0, bound=0.0, status=0)
    found = siting_models.solve_program(
        np.ones(1), csr_array((0, 1)), np.zeros(0), np.array([-5.0]), np.array([9.0]), 0, 0.0, 1.0,
        fallback=earlier,
    )  # fmt: skip
    # the figure of this aim, not that of the earlier one
    assert (found.fun, found.bound, found.status) == (1, -5, siting_models.STOPPED)


def test_criteria_are_what_they_are_called():
    figures_, share = np.array([1.0, 2.0, 10.0]), np.array([0.5, 0.3, 0.2])
    assert criterion_value(figures_, share, "expected") == pytest.approx(3.1)
    assert criterion_value(figures_, share, "regret", alone=np.array([1, 0, 9])) == 2
    # the worst half: all of 10, and 0.3 of 2
    assert criterion_value(figures_, share, "cvar", alpha=0.5) == pytest.approx((2 + 0.6) / 0.5)


def least_day(drive, base, stops):
    """Return the least driving of a day with these stops, over every order of them."""
    return min(
        sum(drive[a, b] for a, b in itertools.pairwise([base, *order, base]))
        for order in itertools.permutations(stops)
    )


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 2), (2, 1)]))
def test_a_rota_is_the_best_of_all_plans(seed, fleet):
    rng = np.random.default_rng(seed)
    units, days = fleet
    # one-way minutes that no map need allow: a leg over a limit of risk is forbidden by itself
    drive = rng.integers(0, 90, (4, 4)).astype(float)
    drive[rng.random((4, 4)) < 0.2] = np.inf
    np.fill_diagonal(drive, 0)
    reach = rng.random((6, 4)) < 0.3
    reach[0, 0] = True
    people = rng.integers(1, 30, 6).astype(float)
    day, stop = 220.0, float(rng.integers(1, 60))
    tours = [
        (base, stops, least_day(drive, base, stops))
        for base in range(4)
        for size in (1, 2, 3)
        for stops in itertools.combinations(np.flatnonzero(reach.any(axis=0)), size)
        if least_day(drive, base, stops) + stop * size <= day
    ]
    plans = [(one,) for one in tours] + [
        (one, other)
        for one, other in itertools.combinations(tours, 2)
        if units == 2 or one[0] == other[0]
    ]

    def worth(plan):
        seen = reach[:, [stop for _, stops, _ in plan for stop in stops]].any(axis=1)
        return -people[seen].sum(), sum(1 + driving for _, _, driving in plan)

    best = min(worth(plan) for plan in plans)
    rota = plan_rota(drive, reach, people, units=units, days=days, day_min=day, stop_min=stop)
    found = [(tour.base, tour.stops, tour.driving_min) for tour in rota.tours]
    assert worth(found) == pytest.approx(best)
    assert (rota.value, rota.status) == (-best[0], "optimal")
    assert len({tour.base for tour in rota.tours}) <= units
    assert len(rota.tours) <= units * days
    for tour in rota.tours:
        assert tour.driving_min == least_day(drive, tour.base, tour.stops)
        assert tour.day_min == tour.driving_min + stop * len(tour.stops) <= day


def test_a_rota_of_the_same_people_drives_the_least():
    rota = plan_rota(
        [[0, 1, 23], [18, 0, 41], [53, 54, 0]],
        [[1, 0, 0], [1, 0, 0], [1, 1, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0]],
        [24, 16, 19, 9, 8, 17], units=1, days=2, day_min=292, stop_min=31, most_stops=1,
    )  # fmt: skip
    assert (rota.value, sum(tour.driving_min for tour in rota.tours)) == (68, 0)


@FEW
@given(st.integers(0, 2**32 - 1))
def test_captured_flows_are_the_most_of_all_sets(seed):
    rng = np.random.default_rng(seed)
    passes = rng.random((6, 5)) < 0.4
    passes[0, 0] = True
    people = rng.integers(0, 9, 6).astype(float)
    people[0] += 1
    number = int(rng.integers(1, 6))
    best = max(
        people[passes[:, list(one)].any(axis=1)].sum()
        for one in itertools.combinations(range(5), number)
    )
    found = capture_flows(passes, people, points=number)
    assert (found.value, found.status) == (best, "optimal")
    kept = capture_flows(passes, people, points=number, kept=[3])
    assert kept.points[0] == 3
    assert kept.value == max(
        people[passes[:, list(one)].any(axis=1)].sum() for one in site_sets(5, number, [3])
    )


@FEW
@given(st.integers(0, 2**32 - 1), st.sampled_from(CRITERIA))
def test_points_that_hold_up_under_scenarios_are_the_best_of_all_sets(seed, criterion):
    rng = np.random.default_rng(seed)
    flows, count, scenarios = 12, 5, int(rng.integers(2, 5))
    passes = rng.random((flows, count)) < 0.35
    passes[0, 0] = True
    people = rng.integers(0, 9, flows).astype(float)
    people[0] += 1
    of = rng.integers(0, scenarios, flows)
    share = rng.integers(0, 3, scenarios).astype(float)
    share[of[0]] += 1
    number, alpha = int(rng.integers(1, 4)), float(rng.choice([0.0, 0.5, 0.9]))
    kept = [3] if rng.random() < 0.3 else []
    every = list(site_sets(count, number, kept))
    seen = np.array([
        [people[(of == one) & passes[:, list(chosen)].any(axis=1)].sum()
         for one in range(scenarios)]
        for chosen in every
    ])  # fmt: skip
    mean = seen @ (share / share.sum())
    lost = np.array([people[of == one].sum() for one in range(scenarios)])
    if criterion == "expected":
        figure = -mean
    elif criterion == "regret":
        figure = (seen.max(axis=0) - seen).max(axis=1)
    else:
        figure = np.array([
            criterion_value(lost - row, share / share.sum(), "cvar", alpha=alpha) for row in seen
        ])  # fmt: skip
    best = np.isclose(figure, figure.min(), atol=1e-9)
    found = capture_flows(
        passes, people, points=number, kept=kept, scenario=of, criterion=criterion,
        probability=share, alpha=alpha,
    )  # fmt: skip
    told = found.value if criterion != "expected" else -found.value
    assert told == pytest.approx(figure.min(), abs=1e-6)
    assert found.bound == found.value
    assert found.status == "optimal"
    # of equals those that see most on average
    assert found.seen @ (share / share.sum()) == pytest.approx(mean[best].max(), abs=1e-6)
    assert set(kept) <= set(found.points)
    assert len(found.points) <= number


# ------------------------------------------------------------------ properties
@settings(max_examples=15)
@given(problems())
def test_one_more_site_never_serves_fewer_or_makes_the_same_people_wait(problem):
    cost, people, number, kept = problem
    if number == cost.shape[2]:
        number -= 1
    if number < max(1, len(kept)):
        return
    fewer = solve_p_median(cost[0], people, sites=number, kept=kept)
    more = solve_p_median(cost[0], people, sites=number + 1, kept=kept)
    assert more.served_persons[0] >= fewer.served_persons[0]
    if more.served_persons[0] == fewer.served_persons[0]:
        assert more.value <= fewer.value + 1e-6


@pytest.mark.parametrize("criterion", ["expected", "regret", "cvar"])
def test_the_order_of_scenarios_does_not_matter(criterion):
    rng = np.random.default_rng(4)
    cost = rng.integers(1, 40, (4, 8, 6)).astype(float)
    cost[rng.random(cost.shape) < 0.3] = np.inf
    people, share = rng.integers(1, 50, 8).astype(float), np.array([0.1, 0.2, 0.3, 0.4])
    order = [2, 0, 3, 1]
    one, other = (
        solve_robust(cost[rows], people, sites=2, criterion=criterion, probability=share[rows],
                     alpha=0.5)
        for rows in ([0, 1, 2, 3], order)
    )  # fmt: skip
    assert one.value == pytest.approx(other.value)
    assert one.served_value == pytest.approx(other.served_value)


def test_a_forbidden_assignment_is_never_taken_and_never_costs():
    found = solve_p_median([[np.inf, 5.0], [1.0, np.inf], [np.inf, np.inf]], [9, 1, 4], sites=1)
    assert found.sites == (1,)
    assert found.assignment.tolist() == [[1, -1, -1]]
    assert (found.value, found.served_persons[0], found.unserved_persons[0]) == (45, 9, 5)
    assert found.uncoverable == (2,)


# ------------------------------------------------------------------ the large core
def random_graph(vertices, seed):
    """Return distances in a graph drawn as those of the OR-Library."""
    rng = np.random.default_rng(seed)
    length = np.full((vertices, vertices), np.inf)
    ends = [(one, one + 1) for one in range(vertices - 1)]
    ends += [tuple(rng.choice(vertices, 2, replace=False)) for _ in range(vertices**2 // 50)]
    for one, other in ends:
        length[one, other] = length[other, one] = rng.integers(1, 101)
    np.fill_diagonal(length, 0)
    for middle in range(vertices):
        np.minimum(length, length[:, middle, None] + length[None, middle], out=length)
    return length


@pytest.mark.parametrize("sites", [3, 12, 40])
def test_the_proof_agrees_with_a_plain_whole_number_program(sites):
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415
    from scipy.sparse import coo_array, vstack  # noqa: PLC0415

    size = 60
    cost = random_graph(size, sites)
    at = np.arange(size * size)
    each = coo_array((np.ones(size * size), (at // size, size + at)), (size, size + size**2))
    inside = coo_array(
        (np.tile([1.0, -1.0], size * size).reshape(-1, 2).T.ravel(),
         (np.tile(at, 2), np.concatenate([at % size, size + at]))), (size**2, size + size**2),
    )  # fmt: skip
    number = csr_array(np.concatenate([np.ones(size), np.zeros(size**2)])[None, :])
    plain = milp(
        np.concatenate([np.zeros(size), cost.ravel()]),
        constraints=[
            LinearConstraint(vstack([each.tocsr(), number]).tocsr(),
                             lb=[1] * size + [sites], ub=[1] * size + [sites]),
            LinearConstraint(inside.tocsr(), lb=0),
        ],
        bounds=Bounds(0, 1), integrality=np.concatenate([np.ones(size), np.zeros(size**2)]),
    )  # fmt: skip
    found = find_median(cost, sites=sites, rng=np.random.default_rng(0))
    assert found.proven
    assert found.value == pytest.approx(plain.fun)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_or_library_problems_reach_their_optimum(reference_dir, number):
    folder = reference_dir / "pmedian"
    if not folder.is_dir():
        pytest.skip(f"no OR-Library problems in {folder}")
    lines = (folder / "optimum.txt").read_text(encoding="utf-8").splitlines()[1:]
    optimum = {name: float(value) for name, value in (line.split() for line in lines if line)}
    cost, sites = read_pmed(folder / f"pmed{number}.txt")
    found = solve_p_median(cost, sites=sites)
    assert found.value == found.bound == optimum[f"pmed{number}"]
    assert (found.status, len(found.sites)) == ("optimal", sites)
    assert cost[:, list(found.sites)].min(axis=1).sum() == found.value


def test_an_answer_out_of_time_says_what_is_proven():
    cost = random_graph(150, 1)
    begun = time.monotonic()
    found = find_median(cost, sites=6, rng=np.random.default_rng(0), time_limit_s=0.01)
    assert time.monotonic() - begun < 5
    assert not found.proven
    assert 0 <= found.bound < found.value
    assert cost[:, list(found.sites)].min(axis=1).sum() == found.value
    hasty = solve_p_median(cost, sites=6, time_limit_s=0.01)
    assert hasty.status == "time_limit"
    assert hasty.gap > 0


def test_a_gap_that_is_asked_for_holds():
    cost = random_graph(120, 2) + 0.123
    found = solve_p_median(cost, sites=6, gap=0.05)
    exact = solve_p_median(cost, sites=6)
    assert exact.status == "optimal"
    assert found.bound <= exact.value <= found.value
    assert found.value - found.bound <= 0.05 * found.value + 1e-9


def test_the_same_seed_gives_the_same_sites():
    cost = random_graph(80, 3)
    one, other = (solve_p_median(cost, sites=7, seed=5) for _ in range(2))
    assert one.sites == other.sites


# ------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: solve_p_median(np.zeros((2, 0)), sites=1), "no candidate sites"),
        (lambda: solve_p_median([[1, 2]], sites=3), "3 are asked for, but there are 2 candidates"),
        (lambda: solve_p_median([[1, 2]], [0], sites=1), "no people"),
        (lambda: solve_p_median([[1, 2]], sites=0), "at least 1 must be open"),
        (lambda: solve_p_median([[1, -2]], sites=1), "cost must be >= 0"),
        (lambda: solve_p_median([[1, 2]], [np.nan], sites=1), "finite and >= 0"),
        (lambda: solve_p_median([[1, 2]], sites=1, kept=[7]), "no such candidates"),
        (lambda: solve_p_median([[np.inf]], sites=1), "can be reached by anybody"),
        (lambda: solve_p_median([[1, 2]], sites=1.5), "sites must be a whole number, not 1.5"),
        (lambda: solve_p_median([[1, 2]], sites=1, gap=1.0), "less than 1, not 1.0"),
        (lambda: solve_p_median([[1, 2]], sites=1, gap=np.nan), "less than 1, not nan"),
        (lambda: solve_p_median([[1, 2]], sites=1, time_limit_s=0), "above 0 s, not 0"),
        (lambda: solve_robust([[[1.0]]], sites=1, time_limit_s=np.nan), "above 0 s, not nan"),
        (lambda: solve_robust([[[np.inf]]], sites=1, criterion="regret"), "no candidate site"),
        (lambda: solve_robust([[[np.inf]]], sites=1, criterion="cvar"), "reached by anybody"),
        (lambda: solve_capacitated([[np.inf, np.inf]], [3], [1, 1], sites=1), "by anybody"),
        (lambda: solve_capacitated([[1, 2]], [3], [0.5, 0.5], sites=1), "has room for 0 people"),
        (lambda: capture_flows([[1]], [1], points=1.5), "points must be a whole number"),
        (lambda: capture_flows([[1]], [1], points=1, gap=-1), "less than 1, not -1"),
        (lambda: plan_rota([[0]], [[True]], [1], units=1, days=1, day_min=9, stop_min=np.nan),
         "stop_min must be >= 0 min"),
        (lambda: plan_rota([[0]], [[True]], [1], units=1.5, days=1, day_min=9, stop_min=1),
         "units must be a whole number"),
        (lambda: solve_set_cover([[9.0]], limit=4), "within the limit of 4 of anybody"),
        (lambda: solve_capacitated([[1.0]], [3], [0], sites=1), "room for 0 people"),
        (lambda: solve_capacitated([[1.0]], [3], [-1], sites=1), "capacity must be >= 0"),
        (lambda: solve_capacitated([[1.0]], [1.5], [2], sites=1), "whole numbers"),
        (lambda: solve_robust([[1.0]], sites=1), "(scenarios, clients, candidates)"),
        (lambda: solve_robust([[[1.0]]], sites=1, alpha=1.0), "less than 1"),
        (lambda: solve_robust([[[1.0]]], sites=1, probability=[0]), "not all 0"),
        (lambda: solve_robust([[[1.0]]], sites=1, criterion="best"), "expected, regret, cvar"),
        (lambda: capture_flows(np.zeros((2, 0)), [1, 1], points=1), "no candidates"),
        (lambda: capture_flows([[1]], [0], points=1), "nobody is on the way"),
        (lambda: capture_flows([[1]], [1], points=2), "1 to 1 are possible"),
        (lambda: capture_flows([[1]], [1], points=1, scenario=[-1]), "a number per flow, 0 to 0"),
        (lambda: capture_flows([[1]], [1], points=1, scenario=[0.5]), "a number per flow"),
        (
            lambda: capture_flows([[1]], [1], points=1, scenario=[2], probability=[1, 1]),
            "a number per flow, 0 to 1",
        ),
        (lambda: capture_flows([[1]], [1], points=1, probability=[-1]), "probability: one per"),
        (lambda: capture_flows([[1]], [1], points=1, criterion="worst"), "criterion must be one"),
        (lambda: plan_rota([[0]], [[True]], [0], units=1, days=1, day_min=9, stop_min=1),
         "nobody to plan a rota for"),
        (lambda: plan_rota([[0]], [[True]], [1], units=0, days=1, day_min=9, stop_min=1),
         "units must be a whole number, at least 1"),
        (lambda: plan_rota([[0]], [[True]], [1], units=1, days=1, day_min=9, stop_min=10),
         "no tour serves anybody"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_in_words(call, words):
    with pytest.raises(InputError) as caught:
        call()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3 1 1  1 2", "holds 5 numbers"),
        ("3 1 1  1 9 4", "ends of edges must be 1 to 3"),
        ("a b c", "numbers only"),
    ],
)
def test_files_that_are_no_problem_of_the_library_are_refused(tmp_path, text, words):
    path = tmp_path / "p.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_pmed(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_pmed(tmp_path / "none.txt")

"""Score the simulation of movement against UNHCR's counts, beside simple rules, in one run.

Run: python benchmarks/displacement.py [--sensitivity] [--leave-one-out]. Cases are read from the
folder that MOBILITY_GEO_REFERENCE names. The error is the mean over days of the sum over camps of
|predicted - counted|, over the sum of people counted. Rules in the split regime are told what the
simulation is told: people in camps on the first day, and the total of each day. Late reports are
told in two ways, each beside a rule that is told the same: a count of every day, on lines between
reports, or nothing but the reports. Venezuela is not averaged: its counts are interpolated from
figures of countries.
"""

import argparse
import dataclasses
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mobility_geo.flows import MovementParameters, simulate
from mobility_geo.flows.journeys import Atlas, movement_network
from mobility_geo.flows.movers import Reports, known_counts
from mobility_geo.flows.simulation import Regime
from mobility_geo.sources import DisplacementCase, read_displacement_case

Days = npt.NDArray[np.float64]

CASES = ("mali2012", "car2013", "syria2013")
ASIDE = ("venezuela2022",)
LAG_DAYS = 30
# parameters, what they are doubled and halved in, and values to try where doubling says nothing
VARIED: dict[str, tuple[Regime, tuple[float, ...]]] = {
    "near_km": ("split", ()), "camp_number_power": ("split", ()), "follow_share": ("split", ()),
    "speed_km_per_day": ("split", ()), "news_days": ("split", (0, 7)),
    "patience_days": ("split", ()), "step_days": ("split", (0.25, 1, 7)),
    "leave_share_per_day": ("forecast", ()), "return_share_per_day": ("forecast", (0.001, 0.01)),
    "trend_keep_per_day": ("assimilate", (0.7, 0.95)), "trend_days": ("assimilate", ()),
}  # fmt: skip
GRID = {
    "near_km": (1.0, 25.0, 50.0, 100.0, 200.0), "camp_number_power": (0.0, 0.25, 0.5, 1.0),
    "follow_share": (0.0, 0.25, 0.5, 0.75),
}  # fmt: skip


def error(predicted: Days, counted: Days) -> float:
    """Return the mean error over days; both are days by camps."""
    sums = np.maximum(counted.sum(axis=1), 1)
    return float((np.abs(predicted - counted).sum(axis=1) / sums).mean())


def equal_share(case: DisplacementCase, counted: Days) -> Days:
    """Return every arrival shared equally among camps."""
    return follow_rule(case, counted, lambda _day: np.ones((1, counted.shape[1])))


def gravity(case: DisplacementCase, counted: Days) -> Days:
    """Return arrivals of every zone in conflict shared by 1 / (distance + 1 km), zones alike."""
    network = movement_network(case)
    homes = np.flatnonzero((case.conflict > 0).any(axis=0))
    atlas = Atlas(
        network=network, aims=np.concatenate([network.camps, homes]), day_km=200.0, news_days=0
    )

    def weights(day: int) -> Days:
        active = homes[case.conflict[day, homes] > 0]
        km = atlas.on(day).true_km[active, : counted.shape[1]]
        return np.asarray(np.where(np.isfinite(km), 1 / (np.where(np.isfinite(km), km, 0) + 1), 0))

    return follow_rule(case, counted, weights)


def follow_rule(case: DisplacementCase, counted: Days, weights: Callable[[int], Days]) -> Days:
    """Return people in camps if arrivals are shared by weights, and all camps shrink alike."""
    totals = counted.sum(axis=1)
    now = counted[0].astype(float)
    predicted = np.zeros_like(counted, dtype=float)
    predicted[0] = now
    for day in range(1, case.days):
        change = totals[day] - totals[day - 1]
        table = weights(day)
        table = table[table.sum(axis=1) > 0]
        if change >= 0 and len(table):
            now = now + change * (table / table.sum(axis=1, keepdims=True)).mean(axis=0)
        elif now.sum() > 0:
            now = now * (1 + change / now.sum())
        predicted[day] = now
    return predicted


def persistence(counted: Days, days: int) -> Days:
    """Return the report of so many days ago; before, the first one."""
    return counted[np.maximum(np.arange(len(counted)) - days, 0)]


def last_report(case: DisplacementCase, days: int) -> Days:
    """Return the last report that is at least so many days old; before, the first day."""
    known, _ = known_counts(case, "published", 30)
    return known[np.maximum(np.arange(case.days) - days, 0)]


def score(
    case: DisplacementCase,
    counted: Days,
    regime: Regime = "split",
    parameters: MovementParameters | None = None,
    reports: Reports = "daily",
) -> float:
    """Return the error of the simulation."""
    run = simulate(
        case, regime=regime, parameters=parameters, reports=reports, report_lag_days=LAG_DAYS
    )
    return error(run.wide().to_numpy(), counted)


def print_sensitivity(found: dict[str, tuple[DisplacementCase, Days]]) -> None:
    """Print the mean error with one parameter changed."""
    base = MovementParameters()
    print("\nMean error with one parameter changed, in the regime that hangs on it:\n")
    print("| parameter | regime | as it ships | changed |")
    print("|---|---|---|---|")
    for name, (regime, tried) in VARIED.items():
        now = getattr(base, name)
        most = 1.0 if name.endswith(("share", "power", "per_day")) and now <= 1 else np.inf
        values = tried or (now * 0.5, min(now * 2, most))
        row = []
        for value in (now, *values):
            whole = int(value) if isinstance(now, int) else value
            other = dataclasses.replace(base, **{name: whole})
            mean = np.mean([score(*found[case], regime, other) for case in CASES])
            row.append(f"{whole:g}: {mean:.3f}")
        print(f"| `{name}` | {regime} | {row[0]} |", ", ".join(row[1:]), "|")


def print_leave_one_out(found: dict[str, tuple[DisplacementCase, Days]]) -> None:
    """Print how well parameters do that were chosen without the case they are scored on."""
    names = list(GRID)
    sets = list(itertools.product(*GRID.values()))
    scores = np.array([
        [score(*found[case], "split", dataclasses.replace(
            MovementParameters(), **dict(zip(names, values, strict=True))))
         for case in CASES] for values in sets
    ])  # fmt: skip
    base = [score(*found[case]) for case in CASES]
    print(f"\nLeaving one case out: the best of {len(sets)} sets on the other two, split\n")
    print("| case left out | parameters chosen | error there | as it ships | best set for it |")
    print("|---|---|---|---|---|")
    held = []
    for number, case in enumerate(CASES):
        others = [one for one in range(len(CASES)) if one != number]
        best = int(np.argmin(scores[:, others].mean(axis=1)))
        held.append(scores[best, number])
        words = ", ".join(
            f"{name} {value:g}" for name, value in zip(names, sets[best], strict=True)
        )
        print(f"| {case} | {words} | {held[-1]:.3f} | {base[number]:.3f} |"
              f" {scores[:, number].min():.3f} |")  # fmt: skip
    print(f"| mean | | {np.mean(held):.3f} | {np.mean(base):.3f} |"
          f" {scores.min(axis=0).mean():.3f} |")  # fmt: skip
    whole = scores.mean(axis=1)
    print(f"\nMean error over all sets: {whole.min():.3f} to {whole.max():.3f}, median"
          f" {np.median(whole):.3f}")  # fmt: skip


def main() -> None:
    """Print the scores."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--sensitivity", action="store_true", help="vary each parameter")
    asked.add_argument(
        "--leave-one-out", action="store_true", help="choose parameters without the scored case"
    )
    given = asked.parse_args()
    place = os.environ.get("MOBILITY_GEO_REFERENCE")
    if not place:
        print("displacement: skipped, as MOBILITY_GEO_REFERENCE names no folder of reference data")
        return
    found = {}
    for name in (*CASES, *ASIDE):
        case = read_displacement_case(Path(place) / "displacement" / name)
        found[name] = (case, case.daily_counts().to_numpy(dtype=float))
    columns: dict[str, Callable[[DisplacementCase, Days], float]] = {
        "split: simulation": score,
        "gravity, 1 / (d + 1 km)": lambda c, n: error(gravity(c, n), n),
        "equal share": lambda c, n: error(equal_share(c, n), n),
        "forecast: simulation": lambda c, n: score(c, n, "forecast"),
        "first day kept": lambda _c, n: error(persistence(n, len(n)), n),
        "assimilate, a count of every day: simulation": lambda c, n: score(c, n, "assimilate"),
        f"count of {LAG_DAYS} days ago": lambda _c, n: error(persistence(n, LAG_DAYS), n),
        "assimilate, reports only: simulation": lambda c, n: score(
            c, n, "assimilate", reports="published"
        ),
        f"last report at least {LAG_DAYS} days old": lambda c, n: error(
            last_report(c, LAG_DAYS), n
        ),
    }  # fmt: skip
    print("| |", " | ".join(CASES), "| mean |", " | ".join(ASIDE), "|")
    print("|---" * (len(CASES) + len(ASIDE) + 2) + "|")
    for label, measure in columns.items():
        scores = [measure(*found[name]) for name in CASES]
        aside = [measure(*found[name]) for name in ASIDE]
        row = [f"{one:.3f}" for one in (*scores, np.mean(scores), *aside)]
        print(f"| {label} |", " | ".join(row), "|")
    if given.sensitivity:
        print_sensitivity(found)
    if given.leave_one_out:
        print_leave_one_out(found)


if __name__ == "__main__":
    main()

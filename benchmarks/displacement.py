"""Score the simulation of movement against UNHCR's counts, beside simple rules, in one run.

Run: python benchmarks/displacement.py [--sensitivity]. Cases are read from the folder that
MOBILITY_GEO_REFERENCE names. The error is the mean over days of the sum over camps of |predicted -
counted|, over the sum of people counted. Rules in the split regime are told what the simulation is
told: people in camps on the first day, and the total of each day. Venezuela is not averaged: its
counts are interpolated from figures of countries.
"""

import argparse
import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mobility_geo.flows import MovementParameters, simulate
from mobility_geo.flows.journeys import Atlas, movement_network
from mobility_geo.sources import DisplacementCase, read_displacement_case

Days = npt.NDArray[np.float64]

CASES = ("mali2012", "car2013", "syria2013")
ASIDE = ("venezuela2022",)
LAG_DAYS = 30
VARIED = (
    "near_km", "camp_number_power", "follow_share", "speed_km_per_day", "patience_days",
)  # fmt: skip


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


def split_error(
    case: DisplacementCase, counted: Days, parameters: MovementParameters | None = None
) -> float:
    """Return the error of the simulation that is told the totals."""
    return error(simulate(case, parameters=parameters).wide().to_numpy(), counted)


def main() -> None:
    """Print the scores.

    Raises
    ------
    SystemExit
        If it is not said where the cases are.
    """
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--sensitivity", action="store_true", help="vary each parameter")
    sensitivity = asked.parse_args().sensitivity
    place = os.environ.get("MOBILITY_GEO_REFERENCE")
    if not place:
        msg = "set MOBILITY_GEO_REFERENCE to the folder of the reference data"
        raise SystemExit(msg)
    found = {}
    for name in (*CASES, *ASIDE):
        case = read_displacement_case(Path(place) / "displacement" / name)
        found[name] = (case, case.daily_counts().to_numpy(dtype=float))
    columns = {
        "simulation, split": split_error,
        "gravity rule, split": lambda c, n: error(gravity(c, n), n),
        "equal share, split": lambda c, n: error(equal_share(c, n), n),
        "simulation, forecast": lambda c, n: error(
            simulate(c, regime="forecast").wide().to_numpy(), n
        ),
        "first day kept": lambda _c, n: error(persistence(n, len(n)), n),
        "simulation, assimilate": lambda c, n: error(
            simulate(c, regime="assimilate", report_lag_days=LAG_DAYS).wide().to_numpy(), n
        ),
        f"report of {LAG_DAYS} days ago": lambda _c, n: error(persistence(n, LAG_DAYS), n),
    }
    print("| |", " | ".join(CASES), "| mean |", " | ".join(ASIDE), "|")
    print("|---" * (len(CASES) + len(ASIDE) + 2) + "|")
    for label, measure in columns.items():
        scores = [measure(*found[name]) for name in CASES]
        aside = [measure(*found[name]) for name in ASIDE]
        row = [f"{one:.3f}" for one in (*scores, np.mean(scores), *aside)]
        print(f"| {label} |", " | ".join(row), "|")
    if not sensitivity:
        return
    print("\nMean error, split, with one parameter halved and doubled:\n")
    base = MovementParameters()
    for name in VARIED:
        row = []
        for factor in (0.5, 2.0):
            value = min(getattr(base, name) * factor, 1.0 if name.endswith("share") else np.inf)
            other = dataclasses.replace(base, **{name: value})
            mean = np.mean([split_error(*found[case], other) for case in CASES])
            row.append(f"{value:g}: {mean:.3f}")
        print(f"| `{name}` | {getattr(base, name):g} |", " | ".join(row), "|")


if __name__ == "__main__":
    main()

"""`mobility-geo simulate`: movement over time of a displacement crisis."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import check_output_file
from mobility_geo.errors import InputError, OutputError

if TYPE_CHECKING:
    import pandas as pd

    from mobility_geo.flows.simulation import Regime
    from mobility_geo.sources.displacement_case import DisplacementCase


def simulate_command(
    folder: str,
    out: str,
    *,
    regime: "Regime",
    layers: str | None,
    ensemble: int,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate a folder and write predictions.

    Parameters
    ----------
    folder
        In the layout of Flee.
    out
        CSV file to write: date, camp, people.
    regime
        What is told.
    layers
        GeoPackage to write as well; None: none.
    ensemble
        Number of runs with uncertain parameters for a band; 0: no band.
    seed
        Of the random numbers of the ensemble.
    as_json
        Print one JSON object on standard output instead of a table.
    quiet
        Print nothing.

    Raises
    ------
    InputError
        If the number of runs is below 0.
    """
    started = time.perf_counter()
    if ensemble < 0:
        msg = f"--ensemble must be 0 or more runs, not {ensemble}"
        raise InputError(msg)
    for file in (out, layers):
        if file is not None:
            _make_folder(file)
            check_output_file(file)
    from mobility_geo.batch.simulate import write_predictions, write_simulation
    from mobility_geo.flows.simulation import simulate, simulate_ensemble
    from mobility_geo.sources.displacement_case import read_displacement_case

    case = read_displacement_case(folder)
    result = simulate(case, regime=regime)
    predictions = result.predictions
    if ensemble:
        predictions = simulate_ensemble(case, seed=seed, runs=ensemble, regime=regime)
    files = [write_predictions(predictions, out)]
    if layers is not None:
        files.append(write_simulation(case, result, layers, predictions))
    warnings = (*_words(case), *result.findings)
    seconds = time.perf_counter() - started
    if as_json:
        last = result.days.iloc[-1].drop("date")
        data = {
            "case": case.name,
            "regime": regime,
            "first_day": str(case.dates[0]),
            "days": case.days,
            "camps": len(case.camps),
            "files": [str(file) for file in files],
            "last_day": {str(key): round(float(value), 3) for key, value in last.items()},
            "last_day_by_camp": _last(predictions),
            "seed": seed if ensemble else None,
            "seconds": round(seconds, 2),
        }
        print(envelope("simulate", "success", data=data, warnings=warnings))
        return
    if quiet:
        return
    _print_table(case, predictions, regime)
    for warning in warnings:
        print(f"note: {warning}", file=sys.stderr)
    print(f"\n{', '.join(str(file) for file in files)} ({seconds:.1f} s)")
    print("Modelled, not observed.")


def _make_folder(file: str) -> None:
    try:
        Path(file).resolve().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{file}: its folder cannot be made: {error.strerror}; take another one"
        raise OutputError(msg) from error


def _words(case: "DisplacementCase") -> tuple[str, ...]:
    rows = case.findings
    return tuple(
        f"{row.table}: {row.check}, {row.id}: {row.finding}"
        for row in rows[rows["severity"] != "note"].itertuples()
    )


def _last(predictions: "pd.DataFrame") -> list[dict[str, object]]:
    rows = predictions[predictions["date"] == predictions["date"].max()]
    numbers = [column for column in rows.columns if column.startswith("people")]
    return [
        {"camp": row["camp"], **{name: round(float(row[name]), 3) for name in numbers}}
        for row in rows.to_dict("records")
    ]


def _print_table(case: "DisplacementCase", predictions: "pd.DataFrame", regime: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, title=f"{case.name}, {regime}: people on {case.dates[-1]}",
                  title_justify="left", title_style="bold")  # fmt: skip
    for name in _last(predictions)[0] if case.camps else ["camp"]:
        words = str(name).removeprefix("people_")
        table.add_column(words, justify="left" if name == "camp" else "right")
    for row in _last(predictions):
        table.add_row(*[value if isinstance(value, str) else f"{value:,.0f}"
                        for value in row.values()])  # fmt: skip
    Console().print(table)

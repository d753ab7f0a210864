"""`mobility-geo simulate`: movement over time of a displacement crisis."""

import dataclasses
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import check_output_file, read_case
from mobility_geo.errors import InputError, OutputError
from mobility_geo.schema import suggest

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from mobility_geo.flows import MovementCase, MovementParameters
    from mobility_geo.flows.movers import Reports
    from mobility_geo.flows.simulation import Regime, RunOptions
    from mobility_geo.network import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementRequest:
    """What is asked of a simulation.

    Parameters
    ----------
    regime
        What is told; None: `split` of a folder or where something was counted, else `forecast`.
    reports, lag_days
        What `assimilate` is told, and how old it is.
    layers
        GeoPackage to write as well; None: none.
    ensemble, seed
        Number of runs with uncertain parameters and inputs for a band, 0: none, and their seed.
    throughput
        ``FROM>TO=PERSONS``: most people a day on a route.
    forward
        ``FROM>TO=SHARE``: share of a transit centre that is brought on per day.
    parameters
        ``NAME=VALUE``: of movement.
    start, days, leave_days, transit_days
        Of a scenario: first day, number of days, days over which movers leave, stay in transit.
    counts, conflict
        Of a scenario: tables of people counted, and of conflict where residents leave.
    """

    regime: "Regime | None" = None
    reports: "Reports" = "daily"
    lag_days: int = 30
    layers: str | None = None
    ensemble: int = 0
    seed: int = 1
    throughput: tuple[str, ...] = ()
    forward: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    start: str | None = None
    days: int | None = None
    leave_days: int | None = None
    transit_days: float | None = None
    counts: str | None = None
    conflict: str | None = None


SCENARIO_ONLY = ("start", "days", "leave_days", "transit_days", "counts", "conflict")


def simulate_command(
    source: str, out: str, asked: MovementRequest, *, as_json: bool, quiet: bool
) -> None:
    """Simulate a folder or a scenario and write predictions.

    Parameters
    ----------
    source
        Folder in the layout of Flee, or a scenario: built-in name or file.
    out
        CSV file to write: date, camp, people.
    asked
        What is asked.
    as_json
        Print one JSON object on standard output instead of a table.
    quiet
        Print nothing.

    Raises
    ------
    InputError
        Lists every option that does not fit.
    """
    started = time.perf_counter()
    is_folder = Path(source).is_dir()
    throughput, forward = _check(asked, is_folder=is_folder)
    for file in (out, asked.layers):
        if file is not None:
            _make_folder(file)
            check_output_file(file)
    from rich.console import Console

    from mobility_geo.batch.simulate import write_predictions, write_simulation
    from mobility_geo.cli.run import shown_progress
    from mobility_geo.flows.simulation import simulate, simulate_ensemble

    parameters = _parameters(asked.parameters)
    with shown_progress(Console(stderr=True), quiet=quiet or as_json) as progress:
        case, network, warnings = _read(source, asked, progress, is_folder=is_folder)
        options: RunOptions = {
            "regime": asked.regime, "throughput_per_day": throughput, "forwarding_per_day": forward,
            "reports": asked.reports, "report_lag_days": asked.lag_days,
        }  # fmt: skip
        progress("Days", 0.3)
        result = simulate(case, parameters=parameters, **options)
        predictions = result.predictions
        if asked.ensemble:
            predictions = simulate_ensemble(
                case, seed=asked.seed, runs=asked.ensemble, parameters=parameters,
                progress=lambda step, done: progress(step, 0.3 + 0.6 * done), **options,
            )  # fmt: skip
        progress("Files", 0.95)
        files = [write_predictions(predictions, out)]
        if asked.layers is not None:
            files.append(
                write_simulation(case.crisis, result, asked.layers, predictions, network=network)
            )
        progress("Done", 1.0)
    warnings = (*warnings, *result.findings, *_told(result.regime, asked))
    seconds = time.perf_counter() - started
    if as_json:
        last = result.days.iloc[-1].drop("date")
        data = {
            "case": case.crisis.name,
            "regime": result.regime,
            "reports": asked.reports if result.regime == "assimilate" else None,
            "first_day": str(case.crisis.dates[0]),
            "days": case.crisis.days,
            "camps": len(case.crisis.camps),
            "files": [str(file) for file in files],
            "last_day": {str(key): round(float(value), 3) for key, value in last.items()},
            "last_day_by_camp": _last(predictions),
            "parameters": dataclasses.asdict(result.parameters),
            "seed": asked.seed if asked.ensemble else None,
            "seconds": round(seconds, 2),
        }
        print(envelope("simulate", "success", data=data, warnings=warnings))
        return
    if quiet:
        return
    _print_table(case, predictions, result.regime)
    last_row = result.days.iloc[-1]
    words = ("in_transit", "held", "queued", "waiting", "returned")
    print("; ".join(f"{last_row[f'{name}_persons']:,.0f} {name.replace('_', ' ')}"
                    for name in words))  # fmt: skip
    for warning in warnings:
        print(f"note: {warning}", file=sys.stderr)
    print(f"\n{', '.join(str(file) for file in files)} ({seconds:.1f} s)")
    print("Modelled, not observed. Internal: it shows where people are and which ways they take.")


def _check(
    asked: MovementRequest, *, is_folder: bool
) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    """Check what goes together, before any work; return throughputs and forwarding.

    Raises
    ------
    InputError
        Lists every problem.
    """
    problems = []
    if asked.ensemble < 0:
        problems.append(f"--ensemble must be 0 or more runs, not {asked.ensemble}")
    given = [name for name in SCENARIO_ONLY if getattr(asked, name) is not None]
    if is_folder and given:
        words = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        problems.append(f"{words}: for a scenario only; a folder has its own days and counts")
    pairs = []
    for option, texts, what in (("--throughput", asked.throughput, "PERSONS"),
                                ("--forward", asked.forward, "SHARE")):  # fmt: skip
        found: dict[tuple[str, str], float] = {}
        for text in texts:
            ends, _, number = text.rpartition("=")
            first, _, second = ends.partition(">")
            try:
                found[first.strip(), second.strip()] = float(number)
            except ValueError:
                second = ""
            if not (first.strip() and second.strip()):
                problems.append(f'{option} must be "FROM>TO={what}", not {text!r}')
        pairs.append(found)
    if problems:
        raise InputError(problems)
    return pairs[0], pairs[1]


def _parameters(texts: tuple[str, ...]) -> "MovementParameters":
    """Return the parameters that ship, with those that are given.

    Raises
    ------
    InputError
        If a name is unknown or a value is no number.
    """
    from mobility_geo.flows import MovementParameters

    kinds = {field.name: field.type for field in dataclasses.fields(MovementParameters)}
    found: dict[str, float] = {}
    problems = []
    for text in texts:
        name, _, value = text.partition("=")
        try:
            number = float(value)
        except ValueError:
            problems.append(f"--parameter must be NAME=VALUE, not {text!r}")
            continue
        if name not in kinds:
            problems.append(f"--parameter: no {name!r}{suggest(name, kinds)}; known:"
                            f" {', '.join(kinds)}")  # fmt: skip
            continue
        found[name] = int(number) if kinds[name] is int and number.is_integer() else number
    if problems:
        raise InputError(problems)
    return MovementParameters(**found)  # type: ignore[arg-type]


def _read(
    source: str,
    asked: MovementRequest,
    progress: "Callable[[str, float], None]",
    *,
    is_folder: bool,
) -> "tuple[MovementCase, Network | None, tuple[str, ...]]":
    from mobility_geo.flows.movement_case import LEAVE_DAYS, TRANSIT_DAYS, movement_case
    from mobility_geo.flows.movers import folder_case
    from mobility_geo.outcomes.disclosure import refuse_public
    from mobility_geo.sources.displacement_case import read_displacement_case
    from mobility_geo.sources.rows import read_rows

    progress("Reading", 0.0)
    if is_folder or not (source.endswith(".toml") or Path(source).is_file() or _is_name(source)):
        crisis = read_displacement_case(source)
        words = tuple(
            f"{row.table}: {row.check}, {row.id}: {row.finding}"
            for row in crisis.findings[crisis.findings["severity"] != "note"].itertuples()
        )
        return folder_case(crisis), None, words
    case = read_case(source)
    refuse_public(case, "Movement over time")
    counts, conflict = (None if path is None else read_rows(path).frame
                        for path in (asked.counts, asked.conflict))  # fmt: skip
    made = movement_case(
        case, start=asked.start, days=asked.days, counts=counts, conflict=conflict,
        leave_days=LEAVE_DAYS if asked.leave_days is None else asked.leave_days,
        transit_days=TRANSIT_DAYS if asked.transit_days is None else asked.transit_days,
        progress=lambda step, done: progress(step, 0.3 * done),
    )  # fmt: skip
    return made, case.network, ()


def _is_name(source: str) -> bool:
    """Say whether a source looks like the name of a scenario, not like a path."""
    return "/" not in source and "\\" not in source


def _told(regime: str, asked: MovementRequest) -> tuple[str, ...]:
    """Say what `assimilate` is told, where it holds something of later reports."""
    if regime != "assimilate" or asked.reports != "daily":
        return ()
    words = (
        "assimilate is told a count of every day, on lines between reports: where they are far"
        " apart it holds something of the later one; --reports published tells the reports only"
    )
    return (words,)


def _make_folder(file: str) -> None:
    try:
        Path(file).resolve().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{file}: its folder cannot be made: {error.strerror}; take another one"
        raise OutputError(msg) from error


def _last(predictions: "pd.DataFrame") -> list[dict[str, object]]:
    rows = predictions[predictions["date"] == predictions["date"].max()]
    numbers = [column for column in rows.columns if column.startswith("people")]
    return [
        {"camp": row["camp"], **{name: round(float(row[name]), 3) for name in numbers}}
        for row in rows.to_dict("records")
    ]


def _print_table(case: "MovementCase", predictions: "pd.DataFrame", regime: str) -> None:
    from rich.console import Console
    from rich.table import Table

    crisis = case.crisis
    table = Table(box=None, title=f"{crisis.name}, {regime}: people on {crisis.dates[-1]}",
                  title_justify="left", title_style="bold")  # fmt: skip
    for name in _last(predictions)[0] if crisis.camps else ["camp"]:
        words = str(name).removeprefix("people_")
        table.add_column(words, justify="left" if name == "camp" else "right")
    for row in _last(predictions):
        table.add_row(*[value if isinstance(value, str) else f"{value:,.0f}"
                        for value in row.values()])  # fmt: skip
    Console().print(table)

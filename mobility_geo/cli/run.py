"""`mobility-geo run`: a scenario from data to answers."""

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import read_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from mobility_geo.outcomes import Results
    from mobility_geo.outcomes.results import Progress

PLAIN_EVERY_S = 5.0


def run(
    scenario: str,
    out: str,
    *,
    when: str | None,
    as_json: bool,
    quiet: bool,
    decide: bool = False,
    seed: int = 0,
) -> None:
    """Run a scenario and print what was found.

    Parameters
    ----------
    scenario
        Name of a built-in scenario, or path of a scenario file.
    out
        Folder for the results.
    when
        Day to ask for; None: the scenario's own.
    as_json
        Print one JSON object on standard output instead of tables.
    quiet
        Neither progress nor tables.
    decide
        Write what a decision needs, too.
    seed
        Of its draws.
    """
    from rich.console import Console

    talk = Console(stderr=True)
    started = time.perf_counter()
    if not quiet:
        talk.print(f"[bold]{scenario}[/]: reading", highlight=False)
    from mobility_geo.batch import run_case
    from mobility_geo.outcomes import Uncertainty

    case = read_case(scenario)
    drawn = Uncertainty(seed=seed) if decide else None
    with shown_progress(talk, quiet=quiet) as progress:
        results, files = run_case(case, out, when=when, decide=drawn, progress=progress)
    seconds = time.perf_counter() - started
    if as_json:
        data = {
            "scenario": case.name,
            "title": case.title,
            "when": results.when.isoformat(),
            "out": str(Path(out)),
            "files": [str(file) for file in files],
            "seconds": round(seconds, 1),
            **results.headline(),
            "by_region": _by_region(results),
            "crossings": _crossings(results),
            "run": results.run_info,
        }
        print(envelope("run", "success", data=data, warnings=results.warnings))
        return
    if quiet:
        return
    _print_tables(Console(), results)
    for warning in results.warnings:
        talk.print(f"note: {warning}", highlight=False, soft_wrap=True)
    names = ", ".join(str(file.relative_to(out)) for file in files if file.parent == Path(out))
    print(f"\n{out}: {names}, tables/ ({seconds:.0f} s)")
    print("Modelled, not observed. brief.html may be shared; everything else is internal.")


@contextmanager
def shown_progress(console: "Console", *, quiet: bool) -> "Iterator[Progress]":
    """Show progress: a bar in a terminal, a line per step and every few seconds in a log."""
    if quiet:
        yield lambda _step, _done: None
    elif console.is_terminal:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        ) as bar:
            task = bar.add_task("", total=1.0)
            yield lambda step, done: bar.update(task, description=step, completed=done)
    else:
        yield _Lines()


class _Lines:
    """Prints a line for each new step, and every few seconds within one."""

    def __init__(self) -> None:
        self.step, self.time = "", 0.0

    def __call__(self, step: str, done: float, /) -> None:
        now = time.monotonic()
        if step != self.step or now - self.time > PLAIN_EVERY_S:
            self.step, self.time = step, now
            print(f"{done:4.0%} {step}", file=sys.stderr, flush=True)


def _by_region(results: "Results") -> list[dict[str, object]]:
    from mobility_geo.outcomes.summaries import status_by_zone
    from mobility_geo.schema import is_missing

    zones = status_by_zone(results)
    columns = ["pcode", "name", "movers_persons", "can_reach_persons", "stranded_persons",
               "isolated_persons", "unknown_persons", "residents_persons",
               "cut_off_persons"]  # fmt: skip
    anybody = (zones["movers_persons"] + zones["residents_persons"]) > 0
    rows = zones.loc[anybody.to_numpy(dtype=bool), columns]
    # people outside all zones are in a row without code
    return [
        {
            "pcode": None if is_missing(row["pcode"]) else str(row["pcode"]),
            "name": str(row["name"]),
            **{str(key): int(row[key]) for key in columns[2:]},
        }
        for row in rows.to_dict("records")
    ]


def _crossings(results: "Results") -> list[dict[str, object]]:
    flows = results.crossing_flows
    return [
        {"rule": str(row["rule"]), "crossing_id": str(row["crossing_id"]),
         "name": str(row["crossing_name"]), "into_country": str(row["into_country"]),
         "flow_persons": int(row["flow_persons"])}
        for row in flows.to_dict("records")
    ]  # fmt: skip


def _print_tables(console: "Console", results: "Results") -> None:
    from rich.table import Table

    head = results.headline()
    case = results.case
    console.print(f"[bold]{case.title}[/], {results.when:%d %B %Y}", highlight=False)

    def people(block: object) -> tuple[str, str]:
        values = dict(block)  # type: ignore[call-overload]
        return f"{values['best']:,}", f"{values['low']:,} to {values['high']:,}"

    table = Table(box=None)
    table.add_column("")
    table.add_column("people", justify="right")
    table.add_column("low to high", justify="right", style="dim")
    movers, residents = dict(head["movers"]), dict(head["residents"])  # type: ignore[call-overload]
    table.add_row("People on the move", *people(movers["persons"]))
    table.add_row("  can reach a destination", *people(movers["can_reach"]))
    table.add_row("  stranded", *people(movers["stranded"]), style="bold")
    status = results.status
    stranded = status[(status["status"] == "stranded").to_numpy(dtype=bool)]
    for column, words in (("reason", "reason"), ("causes_all", "cause")):
        for name, rows in sorted(
            stranded.groupby(column), key=lambda item: -int(item[1]["persons"].sum())
        ):
            low, high = int(rows["persons_low"].sum()), int(rows["persons_high"].sum())
            label = f"    {words}: {str(name).replace('_', ' ').replace('|', ' or ')}"
            table.add_row(label, f"{int(rows['persons'].sum()):,}", f"{low:,} to {high:,}")
    table.add_row("  isolated (even without the crisis)", *people(movers["isolated"]))
    table.add_row("  unknown", *people(movers["unknown"]))
    if residents["persons"]["best"]:
        table.add_row("Residents asked about", *people(residents["persons"]))
        table.add_row("  would be cut off", *people(residents["cut_off"]), style="bold")
    console.print(table)
    regions = Table(title="By region where they are", title_justify="left", title_style="bold",
                    box=None)  # fmt: skip
    for name in ("region", "moving", "can reach", "stranded", "isolated", "unknown",
                 "residents", "cut off"):  # fmt: skip
        left = name == "region"
        regions.add_column(name, justify="left" if left else "right", no_wrap=left)
    for row in _by_region(results):
        values = [f"{value:,}" for key, value in row.items() if key not in {"pcode", "name"}]
        code = f" ({row['pcode']})" if row["pcode"] else ""
        regions.add_row(f"{row['name']}{code}", *values)
    console.print(regions)
    flows = results.crossing_flows
    if len(flows):
        _print_crossings(console, results)


def _print_crossings(console: "Console", results: "Results") -> None:
    from rich.table import Table

    from mobility_geo.outcomes.summaries import people_by_crossing

    table = Table(title="People per crossing", title_justify="left", title_style="bold", box=None)
    rows = people_by_crossing(results)
    rules = [name for name in rows.columns if str(name).endswith("_persons")]
    for name in ("crossing", "into"):
        table.add_column(name)
    for name in rules:
        table.add_column(str(name).removesuffix("_persons").replace("_", " "), justify="right")
    for row in rows.head(12).to_dict("records"):
        table.add_row(
            str(row["name"]), str(row["into_country"]), *[f"{int(row[name]):,}" for name in rules]
        )
    console.print(table)
    if len(rows) > 12:  # noqa: PLR2004
        console.print(f"... and {len(rows) - 12} more: tables/crossing_flows.csv", style="dim")

"""`mobility-geo sweep`: one question under many scenarios."""

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mobility_geo.cli import exits
from mobility_geo.cli.envelope import envelope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Client
    from rich.console import Console

    from mobility_geo.batch import SweepRun
    from mobility_geo.outcomes.results import Progress

PLAIN_EVERY_S = 5.0
CONNECT_S = 20.0
MOST_FAILURES = 5


def sweep_command(
    plan: str,
    out: str,
    *,
    workers: int | None,
    scheduler: str | None,
    resume: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run a plan and print what came out of it.

    Parameters
    ----------
    plan
        Path of a plan.
    out
        Folder for the results.
    workers
        Processes on this machine; None: one per processor.
    scheduler
        Address of a Dask scheduler that does the work instead.
    resume
        Go on with an earlier sweep of the same plan in the folder; False: begin anew.
    as_json
        Print one JSON object on standard output instead of tables.
    quiet
        Neither progress nor tables.

    Returns
    -------
    int
        Exit code: done, or done in part.
    """
    from rich.console import Console

    talk = Console(stderr=True)
    if not quiet:
        talk.print(f"[bold]{plan}[/]: reading", highlight=False)
    from mobility_geo.batch import read_plan, run_sweep

    asked = read_plan(plan)
    if not quiet:
        talk.print(f"{len(asked.scenarios):,} scenarios", highlight=False)
    with (
        _connected(scheduler) as client,
        sweep_progress(talk, quiet=quiet) as progress,
    ):
        run = run_sweep(
            asked, out, workers=workers, client=client, resume=resume, progress=progress
        )
    code = exits.SUCCESS if run.complete else exits.PARTIAL
    if as_json:
        data = {
            "plan": asked.name, "out": str(Path(out)), "scenarios": run.scenarios,
            "answered": run.answered, "kept_from_before": run.kept, "failed": len(run.failures),
            "failures": run.failures.to_dict("records"), "seconds": round(run.seconds, 1),
            "files": [str(file) for file in run.files],
        }  # fmt: skip
        print(
            envelope(
                "sweep", "success" if run.complete else "partial", data=data, exit_code=code
            )
        )  # fmt: skip
        return code
    if not run.complete:
        _print_failures(talk, run)
    if not quiet:
        _print_summary(Console(), run)
        print(f"\n{out}: report.html, summary.gpkg, summary/, scenarios/, plan.csv"
              f" ({run.seconds:.0f} s)")  # fmt: skip
        print("Modelled, not observed. Everything here is internal.")
    return code


@contextmanager
def _connected(address: str | None) -> "Iterator[Client | None]":
    """Connect to a cluster, if an address is given.

    Raises
    ------
    InputError
        If nobody answers there, or the library is not there.
    """
    if address is None:
        yield None
        return
    from mobility_geo.errors import InputError

    try:
        from distributed import Client
    except ImportError as error:
        msg = "--scheduler needs Dask: pip install 'mobility-geo[dask]'"
        raise InputError(msg) from error
    try:
        client = Client(address, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        msg = f"--scheduler {address}: no Dask scheduler answers there ({error})"
        raise InputError(msg) from error
    with client:
        yield client


@contextmanager
def sweep_progress(console: "Console", *, quiet: bool = False) -> "Iterator[Progress]":
    """Show progress with the time left: a bar in a terminal or notebook, plain lines in a log.

    Parameters
    ----------
    console
        Where; in a notebook `rich.console.Console` finds out by itself.
    quiet
        Show nothing.

    Yields
    ------
    Progress
        To call with a step and the share done.
    """
    if quiet:
        yield lambda _step, _done: None
    elif console.is_terminal or console.is_jupyter:
        from rich.progress import BarColumn, Progress, TextColumn

        with Progress(
            BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.description}"), console=console, transient=console.is_terminal,
        ) as bar:  # fmt: skip
            task = bar.add_task("", total=1.0)
            yield lambda step, done: bar.update(task, description=step, completed=done)
    else:
        yield _Lines()


class _Lines:
    """Prints a line every few seconds, and the last one."""

    def __init__(self) -> None:
        self.time = -PLAIN_EVERY_S

    def __call__(self, step: str, done: float, /) -> None:
        now = time.monotonic()
        if now - self.time >= PLAIN_EVERY_S or done >= 1:
            self.time = now
            print(f"{done:4.0%} {step}", file=sys.stderr, flush=True)


def _print_failures(talk: "Console", run: "SweepRun") -> None:
    talk.print(
        f"{len(run.failures):,} of {run.scenarios:,} scenarios could not be answered:",
        highlight=False,
    )
    for row in run.failures.head(MOST_FAILURES).to_dict("records"):
        talk.print(f"  - {row['label']}: {row['reason']}", highlight=False, markup=False,
                   soft_wrap=True)  # fmt: skip
    if len(run.failures) > MOST_FAILURES:
        talk.print(f"  ... and {len(run.failures) - MOST_FAILURES:,} more: failures.csv")


def _print_summary(console: "Console", run: "SweepRun") -> None:
    import pandas as pd
    from rich.table import Table

    spread = pd.read_csv(run.folder / "summary" / "spread.csv")
    kept = f", {run.kept:,} of them from before" if run.kept else ""
    console.print(f"{run.answered:,} of {run.scenarios:,} scenarios answered{kept}",
                  highlight=False)  # fmt: skip
    table = Table(box=None)
    table.add_column("")
    names = ("mean", "p10", "median", "p90", "least", "most")
    for name in names:
        table.add_column(name, justify="right")
    for row in spread.to_dict("records"):
        label = str(row["figure"]).removesuffix("_persons").replace("_", " ")
        if label == "travel h":
            continue
        style = "bold" if label in {"stranded", "cut off"} else None
        table.add_row(label, *(f"{float(row[name]):,.0f}" for name in names), style=style)
    console.print(table)

"""Solve a case and leave everything in one folder, or nothing."""

import datetime as dt
from pathlib import Path

from mobility_geo.export import staged_folder, write_manifest, write_results_into
from mobility_geo.export.decisions import write_decisions_data
from mobility_geo.outcomes import Results, Uncertainty, find_decisions, solve_case
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.outcomes.results import Progress
from mobility_geo.report import write_brief, write_decisions, write_report
from mobility_geo.scenario import Case


def run_case(
    case: Case,
    folder: str | Path,
    *,
    when: dt.date | str | None = None,
    decide: Uncertainty | None = None,
    progress: Progress | None = None,
) -> tuple[Results, list[Path]]:
    """Solve a case and write its results, report and brief.

    Everything is written aside and put in place at the end in one step: after an error, Ctrl-C
    or a full disk the folder is what it was before.

    Parameters
    ----------
    case
        The question.
    folder
        Where the results go; an earlier run there is replaced as a whole.
    when
        Day; the scenario's own if left out.
    decide
        Write ``decisions.html`` and ``decisions.gpkg``, too: how sure the answer is under this
        uncertainty, where to assess next, chokepoints, reopenings.
    progress
        Called with each step and the share done, 0 to 1.

    Returns
    -------
    results
        As from `solve_case`.
    files
        What was written: ``results.gpkg``, ``results.qgz``, ``report.html``, ``brief.html``,
        ``tables/*.csv``, ``manifest.json``; for the audience ``public`` only the brief and the
        manifest, because everything else shows where people are held.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    InputError
        If a decision is asked for and the case is for the public, has nobody, or nothing of it is
        uncertain.
    OutputError
        If the folder cannot be written, or holds something else than an earlier run.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results, files = run_case(load_toy(), f"{folder}/toy")
    >>> "report.html" in [file.name for file in files]
    True
    """

    def tell(step: str, done: float) -> None:
        if progress is not None:
            progress(step, done)

    if decide is not None:
        refuse_public(case, "What a decision needs")
    target = Path(folder)
    with staged_folder(target) as stage:
        # the folder is asked for first: no minute of work for a place that cannot be written
        whole = 1.0 if decide is None else 0.4
        results = solve_case(
            case, when,
            progress=lambda step, done: tell(step, 0.5 * whole * done) if done < 1 else None,
        )  # fmt: skip
        if case.audience == "internal":
            tell("GeoPackage, QGIS project, tables", 0.5 * whole)
            write_results_into(results, stage)
            tell("Report", 0.75 * whole)
            write_report(results, stage / "report.html")
        tell("Brief", 0.9 * whole)
        write_brief(results, stage / "brief.html")
        if decide is not None:
            found = find_decisions(
                case, when, uncertainty=decide,
                progress=lambda step, done: tell(step, whole + 0.5 * done),
            )  # fmt: skip
            tell("Decisions", 0.9)
            write_decisions_data(found, stage / "decisions.gpkg")
            write_decisions(found, stage / "decisions.html")
        write_manifest(results, stage)
        written = sorted(path.relative_to(stage) for path in stage.rglob("*") if path.is_file())
    tell("Done", 1.0)
    return results, [target / path for path in written]

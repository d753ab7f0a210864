"""`mobility-geo intervals` and `gaps`: how sure a headline is, and where to look next."""

from pathlib import Path
from typing import TYPE_CHECKING

from mobility_geo.cli.decisions import show_rows
from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import check_output_file, read_case
from mobility_geo.cli.run import shown_progress
from mobility_geo.cli.site import rows_of
from mobility_geo.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from mobility_geo.outcomes import Intervals, Uncertainty

INTERVAL_COLUMNS = {
    "what": "", "best_persons": "single run", "mean_persons": "mean",
    "standard_error_persons": "error", "low_persons": "low", "high_persons": "high",
}  # fmt: skip


def intervals_command(
    scenario: str,
    *,
    out: str | None,
    against: str | None,
    lift: list[str],
    when: str | None,
    uncertainty: "Uncertainty",
    as_json: bool,
    quiet: bool,
) -> None:
    """Print every headline with its interval, and the difference that another option makes.

    Parameters
    ----------
    scenario
        Name of a built-in scenario, or path of a scenario file.
    out
        GeoPackage to write; None: none.
    against
        Scenario to compare with, under the same draws; None: none.
    lift
        Ids of disruptions without which to compare instead.
    when
        Day; None: the scenario's own.
    uncertainty
        What is drawn, and how often.
    as_json
        Print one JSON object on standard output instead of tables.
    quiet
        Print nothing.

    Raises
    ------
    InputError
        If both `against` and `lift` are given, a disruption is not there, or a case is for the
        public.
    """
    if out is not None:
        check_output_file(out)
    if against is not None and lift:
        msg = "take either --against or --lift: one option is compared at a time"
        raise InputError(msg)
    from dataclasses import replace

    from rich.console import Console

    from mobility_geo.export.intervals import write_intervals
    from mobility_geo.outcomes import compare_intervals, find_intervals
    from mobility_geo.outcomes.disclosure import refuse_public
    from mobility_geo.schema import suggest

    case = read_case(scenario)
    refuse_public(case, "An interval of exact counts")
    known = [one.disruption_id for one in case.scenario.disruptions]
    gone = [name for name in lift if name not in known]
    if gone:
        raise InputError([f"no disruption {name!r}{suggest(name, known)}" for name in gone])
    other = case if against is None else read_case(against)
    refuse_public(other, "An interval of exact counts")
    option = other.scenario.without(ids=lift)
    compared = against is not None or bool(lift)
    share = 0.5 if compared else 1.0
    differences = None
    with shown_progress(Console(stderr=True), quiet=quiet) as progress:
        found = find_intervals(
            case, when=when, uncertainty=uncertainty,
            progress=lambda done: progress("Draws", share * done),
        )  # fmt: skip
        if compared:
            again = replace(uncertainty, most_draws=len(found.draws), precision=None)
            second = find_intervals(
                other, option, when, uncertainty=again,
                progress=lambda done: progress("The same draws again", share + share * done),
            )  # fmt: skip
            differences = compare_intervals(found, second)
    if out is not None:
        write_intervals(found, out, differences)
    if as_json:
        data = {
            "scenario": case.name, "when": found.when.isoformat(), "out": out,
            "against": against, "lift": lift, "seed": uncertainty.seed,
            "draws": len(found.draws), "precision_reached": found.reached,
            "fewest_draws": found.fewest_draws,
            "varied": list(found.varied), "intervals": rows_of(found.headline()),
            "convergence": rows_of(found.convergence(base=found.base)),
            "differences": [] if differences is None else rows_of(differences),
        }  # fmt: skip
        print(envelope("intervals", "success", data=data))
    elif not quiet:
        _print(found, differences, against or "without " + ", ".join(lift))
        if out is not None:
            print(f"{Path(out)}: written. Internal: it shows where people are stranded.")


def _told(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return the rows that anybody is in, with what they are about in words."""
    figures = ["best_persons", "mean_persons", "low_persons", "high_persons"]
    rows = table[(table[figures] != 0).any(axis=1).to_numpy(dtype=bool)]
    what = rows["base"] + " " + rows["figure"].str.replace("_", " ").replace("persons", "in all")
    return rows.assign(what=what)


def _print(found: "Intervals", differences: "pd.DataFrame | None", option: str) -> None:
    print(f"{found.case.title or found.case.name}, {found.when}: {len(found.draws):,} draws, "
          f"seed {found.uncertainty.seed}")  # fmt: skip
    print("Drawn: " + "; ".join(found.varied))
    show_rows(_told(found.headline()), "People: nine tenths of the draws lie from low to high",
              INTERVAL_COLUMNS)  # fmt: skip
    columns = {"draws": "draws", "mean_persons": "mean", "standard_error_persons": "error",
               "low_persons": "low", "low_error_persons": "error", "high_persons": "high",
               "high_error_persons": "error"}  # fmt: skip
    show_rows(found.convergence(base=found.base),
              f"How it settles: {found.base} who cannot reach", columns)  # fmt: skip
    if not found.reached:
        print("note: the precision asked for was not reached: take more --draws")
    if len(found.draws) < found.fewest_draws:
        print(f"note: the rarest of what is drawn needs {found.fewest_draws:,} draws to come up "
              "almost surely: take more --draws")  # fmt: skip
    if differences is not None:
        columns = {
            "what": "", "mean_persons": "mean", "standard_error_persons": "error",
            "low_persons": "low", "high_persons": "high",
            "unpaired_standard_error_persons": "unpaired", "fewer_share": "fewer in",
        }  # fmt: skip
        shown = differences.assign(
            fewer_share=differences["fewer_share"].map(lambda share: f"{share:.0%}")
        )
        show_rows(_told(shown), f"Difference, draw by draw: {option}", columns)
    print("Modelled, not observed. What nobody thought of is not in an interval.")


def gaps_command(
    scenario: str,
    *,
    out: str | None,
    base: str,
    older_than: int | None,
    speed_error: float,
    when: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print what would move the headline most if it turned out otherwise.

    Parameters
    ----------
    scenario
        Name of a built-in scenario, or path of a scenario file.
    out
        GeoPackage to write; None: none.
    base, older_than, speed_error, when
        As for `mobility_geo.outcomes.find_information_gaps`.
    as_json
        Print one JSON object on standard output instead of a table.
    quiet
        Print nothing.
    """
    if out is not None:
        check_output_file(out)
    from rich.console import Console

    from mobility_geo.export.intervals import write_gaps
    from mobility_geo.outcomes import find_information_gaps
    from mobility_geo.outcomes.disclosure import refuse_public

    case = read_case(scenario)
    refuse_public(case, "A map of information gaps")
    with shown_progress(Console(stderr=True), quiet=quiet) as progress:
        found = find_information_gaps(
            case, when=when, base=base, older_than_days=older_than, speed_error=speed_error,
            progress=lambda done: progress("Information gaps", done),
        )  # fmt: skip
    if out is not None:
        write_gaps(case, found, out, when=when)
    table = found.drop(columns="geometry")
    if as_json:
        data = {"scenario": case.name, "when": case.scenario.day(when).isoformat(), "out": out,
                "base": base, "gaps": rows_of(table)}  # fmt: skip
        print(envelope("gaps", "success", data=data))
    elif not quiet:
        columns = {
            "thing": "", "label": "", "otherwise": "it may turn out", "low_persons": "from",
            "high_persons": "to", "swing_persons": "swing",
        }  # fmt: skip
        if len(table):
            show_rows(table, "People who cannot reach, if one thing turned out otherwise", columns)
        else:
            print("Nothing moves the headline: whatever turned out otherwise, it would stay.")
        if out is not None:
            print(f"{Path(out)}: written. Internal: it shows where people can be stopped.")

"""`mobility-geo chokepoints`, `explain`, `compare` and `access`: what does it, and to whom."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import check_output_file, read_case
from mobility_geo.cli.run import shown_progress
from mobility_geo.cli.site import rows_of
from mobility_geo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from mobility_geo.outcomes import Chokepoints
    from mobility_geo.scenario import Case

MOST_ROWS = 15


def chokepoints_command(  # noqa: PLR0913
    scenario: str,
    *,
    out: str | None,
    of: str | None,
    base: str,
    when: str | None,
    reopenings: int | None,
    shapley: bool,
    orders: int,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print what each edge, crossing and node means to people, and what to reopen first.

    Parameters
    ----------
    scenario
        Name of a built-in scenario, or path of a scenario file.
    out
        GeoPackage to write; None: none.
    of, base, when
        As for `mobility_geo.outcomes.find_chokepoints`.
    reopenings
        Also the best sets of up to so many reopenings; None: not asked.
    shapley
        Also shares of the disruptions in what they do together.
    orders, seed
        Orders drawn for the shares where there are too many, and the seed.
    as_json
        Print one JSON object on standard output instead of tables.
    quiet
        Print nothing.

    Raises
    ------
    InputError
        If reopenings are asked for residents, or the case is for the public.
    """
    if out is not None:
        check_output_file(out)
    if base != "movers" and (reopenings is not None or shapley):
        msg = "--reopenings and --shapley are about people on the move: leave out --base"
        raise InputError(msg)
    import numpy as np
    from rich.console import Console

    from mobility_geo.export.chokepoints import write_chokepoints
    from mobility_geo.outcomes import find_chokepoints, reopening_curve, shapley_shares
    from mobility_geo.outcomes.disclosure import refuse_public

    case = read_case(scenario)
    refuse_public(case, "Chokepoints")
    tables: dict[str, pd.DataFrame] = {}
    notes = _old_reports(case)
    with shown_progress(Console(stderr=True), quiet=quiet) as progress:
        found = find_chokepoints(
            case, when=when, base=base, of=of, progress=lambda done: progress("Chokepoints", done)
        )
        if of is not None:
            tables |= _region_cuts(case, of, when, base, notes)
        if reopenings is not None:
            tables["reopenings"] = reopening_curve(
                case, when=when, of=of, most=reopenings,
                progress=lambda done: progress("Reopenings", done),
            )  # fmt: skip
        if shapley:
            tables["shapley_shares"] = shapley_shares(
                case, when=when, of=of, rng=np.random.default_rng(seed), orders=orders,
                progress=lambda done: progress("Shares", done),
            )  # fmt: skip
    if out is not None:
        write_chokepoints(case, found, out, tables)
    if as_json:
        data = {
            "scenario": case.name, "when": found.when.isoformat(), "out": out, "of": of,
            "persons": found.persons, "reaching_persons": found.reaching_persons,
            "budgets": found.budgets, "chokepoints": rows_of(found.table),
            "every_way": rows_of(found.every_way()),
            **{name: _rows(table) for name, table in tables.items()},
        }  # fmt: skip
        print(envelope("chokepoints", "success", data=data, warnings=tuple(notes)))
    elif not quiet:
        whom = f"{base} of {of}" if of else base
        print(f"{found.reaching_persons:,} of {found.persons:,} {whom} reach a destination on "
              f"{found.when}")  # fmt: skip
        _print_chokepoints(found, tables)
        for note in notes:
            print(f"note: {note}")
        _tell_file(out)


def _old_reports(case: "Case") -> list[str]:
    """Say that people who are unknown count as reaching, where somebody may be unknown."""
    days = case.limits.unknown_after_days
    if days is None:
        return []
    note = (
        f"roads that nobody reported on for {days:,} days are taken to be open: people whose "
        "answer hangs on one, elsewhere unknown, count as reaching"
    )
    return [note]


def _region_cuts(
    case: "Case", of: str, when: str | None, base: str, notes: list[str]
) -> "dict[str, pd.DataFrame]":
    """Return the narrowest place, or add a note why there is none: all else can be told."""
    from mobility_geo.outcomes.mincut import cut_table, find_region_cuts

    try:
        return {"region_cuts": cut_table(find_region_cuts(case, of, when=when, base=base))}
    except InputError as error:
        notes.append(str(error))
        return {}


TABLES = {
    "region_cuts": (
        "Narrowest place towards safety",
        {"traveller": "", "persons": "people", "persons_per_day": "a day", "cut_labels": "where"},
    ),
    "reopenings": (
        "Best sets of reopenings",
        {"reopened": "lift", "disruption_ids": "which", "freed_persons": "free",
         "lost_persons": "lose", "bound_persons": "at most"},
    ),
    "shapley_shares": (
        "Shares of the disruptions in the people whom all of them together strand",
        {"disruption_id": "", "share_persons": "share", "standard_error_persons": "error",
         "alone_persons": "alone"},
    ),
}  # fmt: skip


def _print_chokepoints(found: "Chokepoints", tables: "dict[str, pd.DataFrame]") -> None:
    for thing in ("crossing", "edge"):
        rows = found.table[(found.table["thing"] == thing).to_numpy(dtype=bool)]
        columns = {
            "label": "", "through_persons": "pass it", "every_way_persons": "no way else",
            "reach_change_persons": "who reach", "change_person_h": "person-hours",
        }  # fmt: skip
        show_rows(rows, f"If one {thing} closed: people, and what would change", columns)
    every = found.every_way()
    if len(every):
        print("Every way out passes: " + ", ".join(every["label"].head(MOST_ROWS)))
    for name, table in tables.items():
        show_rows(table, *TABLES[name])
    if found.budgets == "time":
        print("note: limits of risk and money were not tested, as the network is large")
    print("Modelled, not observed. A reopening that frees people gives a way, not a safe one.")


def explain_command(
    scenario: str, place: str, *, out: str | None, when: str | None, as_json: bool
) -> None:
    """Print why people at a place are stranded, and what would reopen their way.

    Parameters
    ----------
    scenario
        Name of a built-in scenario, or path of a scenario file.
    place
        Id, name or other spelling of a place.
    out
        GeoPackage with the way to write; None: none.
    when
        Day; None: the scenario's own.
    as_json
        Print one JSON object on standard output instead of sentences.
    """
    if out is not None:
        check_output_file(out)
    from mobility_geo.export.chokepoints import write_explanation
    from mobility_geo.outcomes.disclosure import refuse_public
    from mobility_geo.outcomes.explain import explain, explain_on_map, what_reopens

    case = read_case(scenario)
    refuse_public(case, "An explanation")
    told = explain(case, place, when=when)
    words = what_reopens(case, place, when=when)
    if out is not None or as_json:
        ways = explain_on_map(case, place, when=when)
        if out is not None:
            write_explanation(case, told, ways, words, out)
        if as_json:
            data = {
                "scenario": case.name, "when": case.scenario.day(when).isoformat(), "out": out,
                "place": told.place_name, "sentences": list(told.sentences),
                "reopenings": list(words), "ways": rows_of(ways.drop(columns="geometry")),
            }  # fmt: skip
            print(envelope("explain", "success", data=data))
            return
    for sentence in (*told.sentences, *words):
        print(sentence)
    _tell_file(out)


def compare_command(
    before: str,
    after: str,
    *,
    when_before: str | None,
    when_after: str | None,
    out: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print who changed status between two scenarios or days, and which flows moved.

    Parameters
    ----------
    before, after
        Scenarios: names or paths; the same one twice for two days.
    when_before, when_after
        Days; None: those of the scenarios.
    out
        GeoPackage to write; None: none.
    as_json
        Print one JSON object on standard output instead of tables.
    quiet
        Print nothing.
    """
    if out is not None:
        check_output_file(out)
    from mobility_geo.export.chokepoints import write_comparison
    from mobility_geo.outcomes.compare import compare_cases
    from mobility_geo.outcomes.disclosure import refuse_public

    cases = read_case(before), read_case(after)
    for case in cases:
        refuse_public(case, "A comparison place by place")
    found = compare_cases(*cases, when_before=when_before, when_after=when_after)
    if out is not None:
        write_comparison(found, out)
    summary, places = found.summary(), found.places().drop(columns="geometry")
    flows = found.edge_flows[(found.edge_flows["change_persons"] != 0).to_numpy(dtype=bool)]
    if as_json:
        data = {
            "before": cases[0].name, "when_before": found.when_before.isoformat(),
            "after": cases[1].name, "when_after": found.when_after.isoformat(), "out": out,
            "summary": rows_of(summary), "places": rows_of(places), "edge_flows": rows_of(flows),
            "crossing_flows": rows_of(found.crossing_flows),
        }  # fmt: skip
        print(envelope("compare", "success", data=data, warnings=found.notes))
        return
    if quiet:
        return
    days = f"{found.when_before} and {found.when_after}"
    columns = {"base": "", "status_before": "before", "status_after": "after", "persons": "people"}
    show_rows(summary, days, columns)
    columns = {"name": "", "lost_persons": "can no longer reach", "regained_persons": "reach again"}
    for base in ("movers", "residents"):
        rows = places[(places["base"] == base).to_numpy(dtype=bool)]
        show_rows(rows, f"Places where most {base} changed", columns)
    crossings = found.crossing_flows
    moved = crossings[(crossings["change_persons"] != 0).to_numpy(dtype=bool)]
    columns = {"rule": "", "crossing_name": "", "before_persons": "before",
               "after_persons": "after"}  # fmt: skip
    show_rows(moved, "Crossings", columns)
    for note in found.notes:
        print(f"note: {note}")
    _tell_file(out)


def access_command(
    scenario: str,
    *,
    out: str | None,
    base: str,
    everything: bool,
    when: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print or write the access table of a Logistics Cluster meeting.

    Parameters
    ----------
    scenario
        Name of a built-in scenario, or path of a scenario file.
    out
        File that ends with .csv, .xlsx or .gpkg; None: none.
    base, everything, when
        As for `mobility_geo.outcomes.access_table`.
    as_json
        Print one JSON object on standard output instead of a table.
    quiet
        Print nothing.
    """
    from mobility_geo.export.chokepoints import (
        TABLE_SUFFIXES,
        check_suffix,
        write_access_table,
    )
    from mobility_geo.outcomes.disclosure import refuse_public

    if out is not None:
        check_suffix(out, TABLE_SUFFIXES)
        check_output_file(out)
    from mobility_geo.outcomes.access_table import access_table

    case = read_case(scenario)
    refuse_public(case, "The access table")
    table = access_table(case, when=when, base=base, everything=everything)
    if out is not None:
        write_access_table(case, table, out)
    plain = table.drop(columns="geometry")
    if as_json:
        data = {"scenario": case.name, "when": case.scenario.day(when).isoformat(), "out": out,
                "segments": rows_of(plain)}  # fmt: skip
        print(envelope("access", "success", data=data, warnings=tuple(_old_reports(case))))
        return
    if quiet:
        return
    columns = {"segment": "", "vehicle": "", "state": "", "usual_persons": "usually",
               "today_persons": "today", "every_way_persons": "no other way",
               "disruption_ids": "changed by"}  # fmt: skip
    show_rows(plain, "Access, by the people who depend on it", columns)
    for note in _old_reports(case):
        print(f"note: {note}")
    _tell_file(out)


def show_rows(table: "pd.DataFrame", title: str, columns: dict[str, str]) -> None:
    """Print the first rows of a table; say how many there are more.

    Parameters
    ----------
    table, title
        What to print, and what stands above it; a table without rows is not printed.
    columns
        Columns to print, and the words above them.
    """
    from rich.console import Console
    from rich.table import Table

    if not len(table):
        return
    numbers = [table[name].dtype.kind in "if" for name in columns]
    shown = Table(title=title, title_justify="left", title_style="bold", box=None)
    for words, number in zip(columns.values(), numbers, strict=True):
        shown.add_column(words, justify="right" if number else "left", no_wrap=number)
    for row in rows_of(table[list(columns)].head(MOST_ROWS)):
        shown.add_row(*(_cell(value) for value in row.values()))
    Console().print(shown)
    if len(table) > MOST_ROWS:
        print(f"... and {len(table) - MOST_ROWS:,} more: take --output json, or --out")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return "no limit"
    if isinstance(value, float) and 0 < abs(value) < 1:
        return f"{value:.2g}"  # a person every few days is not nobody
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,.0f}"
    return str(value)


def _rows(table: "pd.DataFrame") -> "Sequence[dict[str, object]]":
    """Return rows for JSON, which has no infinity: no limit is null."""
    return [
        {key: None if isinstance(value, float) and math.isinf(value) else value
         for key, value in row.items()}
        for row in rows_of(table)
    ]  # fmt: skip


def _tell_file(out: str | None) -> None:
    if out is not None:
        print(f"{Path(out)}: written. Internal: it shows where people can be stopped.")

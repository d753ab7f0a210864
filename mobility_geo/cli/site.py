"""`mobility-geo site`: where way stations should stand, and whether they can work."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import check_output_file, read_case
from mobility_geo.cli.run import shown_progress
from mobility_geo.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from mobility_geo.outcomes import SitingResult
    from mobility_geo.scenario import Case, Scenario

ALPHA: Final = 0.9
"""What ``--alpha`` is if left out."""


def pmed_command(path: str, *, seed: int, gap: float, time_limit_s: float, as_json: bool) -> None:
    """Solve a p-median problem of the OR-Library and print value, bound, gap and sites.

    Parameters
    ----------
    path
        File of the library.
    seed, gap, time_limit_s
        As for `mobility_geo.outcomes.solve_p_median`.
    as_json
        Print one JSON object.
    """
    from mobility_geo.outcomes.siting_median import read_pmed
    from mobility_geo.outcomes.siting_models import solve_p_median

    cost, sites = read_pmed(path)
    found = solve_p_median(cost, sites=sites, seed=seed, gap=gap, time_limit_s=time_limit_s)
    numbers = [one + 1 for one in found.sites]
    if as_json:
        data = {
            "file": path, "vertices": len(cost), "p": sites, "value": found.value,
            "bound": found.bound, "gap": found.gap, "status": found.status, "seed": seed,
            "unserved": float(found.unserved_persons[0]), "seconds": round(found.seconds, 2),
            "sites": numbers,
        }  # fmt: skip
        print(envelope("site", "success", data=data))
        return
    print(f"{path}: {len(cost)} vertices, p = {sites}")
    print(f"value {found.value:.10g}  bound {found.bound:.10g}  gap {found.gap:.4%}  "
          f"{found.status}  {found.seconds:.1f} s")  # fmt: skip
    if found.unserved_persons[0]:
        print(f"{found.unserved_persons[0]:.0f} vertices have no way to any of the sites")
    print("sites " + " ".join(str(one) for one in numbers))


def site_command(  # noqa: PLR0913
    scenario: str | None,
    *,
    out: str | None,
    new_sites: int | None,
    model: str,
    limit_h: float | None,
    candidates: Sequence[str],
    keep: bool,
    capacity_persons: float | None,
    base: str,
    risk_limit: float | None,
    when: str | None,
    under: Sequence[str],
    plan: str | None,
    criterion: str,
    alpha: float,
    mobile: int | None,
    days: int,
    stop_h: float,
    reach_h: float,
    profile: str | None,
    supply_from: Sequence[str],
    on: Sequence[str],
    seed: int,
    gap: float,
    time_limit_s: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Propose way stations and print them; with `supply_from` also say on which days they work.

    Parameters
    ----------
    scenario
        Name of a built-in scenario, or path of a scenario file; None: the plan says.
    out
        GeoPackage to write; None: none.
    new_sites, model, limit_h, candidates, capacity_persons, base, risk_limit, when
        As for `mobility_geo.outcomes.site_way_stations`.
    keep
        Keep the way stations of the case.
    under
        More scenarios of the same network to hold up under.
    plan
        Sweep plan: hold up under all of its scenarios, each as likely as it came out.
    criterion, alpha, seed, gap, time_limit_s
        As for `mobility_geo.outcomes.site_way_stations`.
    mobile
        Units of mobile stations; None: fixed ones.
    days, stop_h, reach_h, profile
        As for `mobility_geo.outcomes.site_mobile_stations`.
    supply_from, on
        Starts of supply, and days to ask for.
    as_json
        Print one JSON object on standard output instead of tables.
    quiet
        Print nothing.

    Raises
    ------
    InputError
        If a scenario of `under` is of another network, or options contradict each other.
    """
    several = bool(under) or plan is not None
    check_options(
        (
            *over_scenarios(under, plan, criterion, alpha),
            (bool(on) and not supply_from, "--on asks for go or no-go: give --supply-from too"),
            (
                mobile is not None and several,
                "a rota is for one scenario: leave out --under and --plan, or --mobile",
            ),
            (
                mobile is not None and (new_sites is not None or model != "p_median"),
                "--mobile places units: leave out --new and --model, or --mobile",
            ),
            (
                mobile is not None and (limit_h is not None or capacity_persons is not None),
                "--limit and --capacity are for fixed stations: leave them out, or --mobile",
            ),
            (mobile is None and profile is not None, "--profile is for --mobile"),
        )
    )
    if out is not None:
        check_output_file(out)
    from rich.console import Console

    from mobility_geo.export.siting import write_siting
    from mobility_geo.outcomes import go_or_no_go, site_mobile_stations, site_way_stations
    from mobility_geo.outcomes.disclosure import refuse_public

    case, scenarios, probability = read_scenarios(scenario, under, plan)
    refuse_public(case, "Way stations")
    named = [case.network.find_place(name) for name in candidates] or None
    if mobile is not None:
        result = site_mobile_stations(
            case, units=mobile, days=days, profile=profile, stop_h=stop_h, reach_h=reach_h,
            candidates=named, base=base, risk_limit=risk_limit, when=when, gap=gap,
            time_limit_s=time_limit_s,
        )  # fmt: skip
    else:
        with shown_progress(Console(stderr=True), quiet=quiet or not scenarios) as progress:
            result = site_way_stations(
                case, new_sites=new_sites, model=model,  # type: ignore[arg-type]
                limit_h=limit_h, candidates=named, keep_existing=keep,
                capacity_persons=capacity_persons, base=base, risk_limit=risk_limit,
                when=when, scenarios=scenarios, probability=probability,
                criterion=criterion,  # type: ignore[arg-type]
                alpha=alpha, seed=seed, gap=gap, time_limit_s=time_limit_s, progress=progress,
            )  # fmt: skip
    go = None
    if supply_from and len(result.sites):
        go = go_or_no_go(
            case, dates=list(on) or [result.when],
            supply_from=[case.network.find_place(name) for name in supply_from],
            stations=list(result.sites["place_id"]), base=base, risk_limit=risk_limit,
        )  # fmt: skip
    if out is not None:
        write_siting(out, result, go)
    if as_json:
        print(envelope("site", "success", data=_data(case, result, go, out),
                       warnings=result.warnings))  # fmt: skip
    elif not quiet:
        _print_result(result, go)
        if out is not None:
            print(f"{Path(out)}: open it in QGIS; it opens styled. Internal: it shows places.")


def over_scenarios(
    under: Sequence[str], plan: str | None, criterion: str, alpha: float
) -> list[tuple[bool, str]]:
    """Return what may be wrong with options about many scenarios, for `check_options`.

    Parameters
    ----------
    under, plan, criterion, alpha
        The options.

    Returns
    -------
    list of tuple
        Whether it is wrong, and what to say then.
    """
    several = bool(under) or plan is not None
    return [
        (bool(under) and plan is not None, "--under: leave it out, or --plan"),
        (
            not several and criterion != "expected",
            "--criterion is over scenarios: give --under or --plan too",
        ),
        (
            criterion == "cvar" and not 0 <= alpha < 1,
            f"--alpha must be at least 0 and less than 1, not {alpha!r}",
        ),
        (criterion != "cvar" and alpha != ALPHA, "--alpha is for --criterion cvar"),
    ]


def check_options(checks: "Sequence[tuple[bool, str]]") -> None:
    """Refuse options that would be ignored, before any work.

    Parameters
    ----------
    checks
        Whether something is wrong, and what to say then.

    Raises
    ------
    InputError
        Lists them all.
    """
    problems = [words for wrong, words in checks if wrong]
    if problems:
        raise InputError(problems)


def read_scenarios(
    scenario: str | None, under: Sequence[str], plan: str | None
) -> "tuple[Case, list[Scenario] | None, list[float] | None]":
    """Return the question, the scenarios to hold up under if there are several, and how likely.

    Parameters
    ----------
    scenario, under, plan
        The options: names or paths.

    Returns
    -------
    tuple
        None and None: one scenario, that of the question.

    Raises
    ------
    InputError
        If they are of several networks, or the plan varies what is no scenario.
    """
    if plan is not None:
        from mobility_geo.batch import plan_scenarios, read_plan

        read = read_plan(plan)
        laid, weights = plan_scenarios(read)
        return read.case, laid, weights
    case = read_case(scenario or "")
    others = [read_case(name) for name in under]
    strange = [
        one.name for one in others if one.network.content_hash() != case.network.content_hash()
    ]
    if strange:
        msg = f"--under: {', '.join(strange)} is about another network than {case.name}"
        raise InputError(msg)
    return case, [case.scenario, *(one.scenario for one in others)] if others else None, None


def _data(
    case: "Case", result: "SitingResult", go: "pd.DataFrame | None", out: str | None
) -> dict[str, object]:
    return {
        "scenario": case.name, "when": result.when.isoformat(), "out": out,
        "model": result.model, "criterion": result.criterion, "value": result.value,
        "bound": result.bound, "gap": result.gap, "status": result.status,
        "seconds": round(result.seconds, 2), "served_persons": result.served_persons,
        "unserved_persons": result.unserved_persons,
        "sites": rows_of(result.sites.drop(columns="geometry")),
        "unserved": rows_of(result.unserved), "rota": rows_of(result.rota),
        "excluded": rows_of(result.excluded), "scenarios": rows_of(result.scenarios),
        "go_no_go": [] if go is None else rows_of(go),
    }  # fmt: skip


def rows_of(table: "pd.DataFrame") -> list[dict[str, object]]:
    """Return the rows of a table for JSON: nothing is NaN, days are text.

    Parameters
    ----------
    table
        A table without shapes.

    Returns
    -------
    list of dict
        One per row.
    """
    from mobility_geo.schema import is_missing

    def plain(value: object) -> object:
        if is_missing(value):
            return None
        return value.date().isoformat() if hasattr(value, "date") else value

    return [
        {str(key): plain(value) for key, value in row.items()} for row in table.to_dict("records")
    ]


def _print_result(result: "SitingResult", go: "pd.DataFrame | None") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    sites = Table("place", "", "kind", "serves", "mean h", "longest h", title="Way stations")
    for row in rows_of(result.sites.drop(columns="geometry")):
        sites.add_row(str(row["name"]), str(row["proposal"]), str(row["kind"]),
                      f"{row['served_persons']:,.0f}", _hours(row, "time_min"),
                      _hours(row, "longest_min"))  # fmt: skip
    console.print(sites)
    if len(result.rota):
        rota = Table("unit", "base", "day", "stops", "driving h", title="Rota")
        for row in rows_of(result.rota):
            rota.add_row(str(row["unit"]), str(row["base_id"]), str(row["day"]),
                         str(row["stop_ids"]), _hours(row, "driving_min"))  # fmt: skip
        console.print(rota)
    print(f"{result.served_persons:,.0f} people served, {result.unserved_persons:,.0f} not; "
          f"{result.model}: {result.quantity} {result.value:,.0f}, bound {result.bound:,.0f}, "
          f"gap {result.gap:.2%}, {result.status} ({result.seconds:.1f} s)")  # fmt: skip
    if len(result.unserved):
        several = len(result.scenarios) > 1
        table = Table("people on average" if several else "people", "at", "why",
                      title="Without a way station")  # fmt: skip
        for row in rows_of(_unserved_by_place(result).head(12)):
            table.add_row(f"{row['persons']:,.0f}", str(row["origin_id"]), str(row["explanation"]))
        console.print(table)
    if go is not None:
        days = Table("station", "day", "", "people reach it", "why not", title="Go or no-go")
        for row in rows_of(go):
            days.add_row(str(row["name"]), str(row["date"]), "go" if row["go"] else "no-go",
                         f"{row['reach_persons']:,}", str(row["reason"] or ""))  # fmt: skip
        console.print(days)
    for warning in result.warnings:
        print(f"note: {warning}")
    print("Modelled, not observed; not a decision. Conditional on security on the day.")


def _unserved_by_place(result: "SitingResult") -> "pd.DataFrame":
    """Return people without a station by place and reason, on average, the most first."""
    likely = result.scenarios.set_index("scenario")["probability"]
    table = result.unserved
    table = table.assign(persons=table["persons"] * table["scenario"].map(likely))
    grouped = table.groupby(["origin_id", "explanation"])["persons"].sum().reset_index()
    return grouped.sort_values("persons", ascending=False, ignore_index=True)


def _hours(row: "Mapping[str, object]", column: str) -> str:
    value = row[column]
    return "" if value is None else f"{float(str(value)) / 60:.1f}"

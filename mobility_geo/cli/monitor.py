"""`mobility-geo monitor`: where flows should be counted."""

from collections.abc import Sequence
from pathlib import Path

from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import check_output_file
from mobility_geo.cli.site import check_options, over_scenarios, read_scenarios, rows_of


def monitor_command(  # noqa: PLR0913
    scenario: str | None,
    *,
    out: str | None,
    new_points: int,
    aim: str,
    existing: Sequence[str],
    candidates: str,
    rule: str,
    when: str | None,
    under: Sequence[str],
    plan: str | None,
    criterion: str,
    alpha: float,
    gap: float,
    time_limit_s: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Propose monitoring points for the flows of a scenario and print them.

    Parameters
    ----------
    scenario
        Name of a built-in scenario, or path of a scenario file; None: that of the plan.
    out
        GeoPackage to write; None: none.
    new_points, aim, existing, candidates, rule, when, criterion, alpha, gap, time_limit_s
        As for `mobility_geo.outcomes.place_monitoring_points`.
    under
        More scenarios to hold up under.
    plan
        A sweep plan: hold up under all of its scenarios.
    as_json
        Print one JSON object on standard output instead of a table.
    quiet
        Print nothing.

    Raises
    ------
    InputError
        If a scenario of `under` is of another network, or options contradict each other.
    """
    check_options(
        [
            ((scenario is None) == (plan is None), "name a scenario, or a sweep plan with --plan"),
            *over_scenarios(under, plan, criterion, alpha),
        ]
    )
    if out is not None:
        check_output_file(out)
    from mobility_geo.export.siting import write_siting
    from mobility_geo.flows import choose_destinations
    from mobility_geo.outcomes import place_monitoring_points
    from mobility_geo.outcomes.disclosure import refuse_public

    case, scenarios, weights = read_scenarios(scenario, under, plan)
    refuse_public(case, "Monitoring points")
    od = [choose_destinations(case, one, when) for one in scenarios or [case.scenario]]
    result = place_monitoring_points(
        case, od, new_points=new_points,
        aim=aim,  # type: ignore[arg-type]
        existing=existing, candidates=candidates,  # type: ignore[arg-type]
        rule=rule, when=when, scenarios=scenarios, probability=weights,
        criterion=criterion,  # type: ignore[arg-type]
        alpha=alpha, gap=gap, time_limit_s=time_limit_s,
    )  # fmt: skip
    if out is not None:
        write_siting(out, result)
    rows = rows_of(result.points.drop(columns="geometry"))
    if as_json:
        data = {
            "scenario": case.name, "when": result.when.isoformat(), "out": out, "aim": result.aim,
            "rule": result.rule, "criterion": result.criterion,
            "value": result.value, "bound": result.bound, "gap": result.gap,
            "status": result.status, "seconds": round(result.seconds, 2),
            "flowing_persons": result.flowing_persons, "seen_persons": result.seen_persons,
            "unseeable_persons": result.unseeable_persons, "points": rows,
            "scenarios": rows_of(result.scenarios),
        }  # fmt: skip
        print(envelope("monitor", "success", data=data, warnings=result.warnings))
        return
    if quiet:
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("", "point", "", "pass it", "not seen before", "seen so far",
                  title="Monitoring points")  # fmt: skip
    for row in rows:
        table.add_row(str(row["rank"]), f"{row['name']} ({row['point_id']})",
                      str(row["proposal"]), f"{row['passing_persons']:,.0f}",
                      f"{row['added_persons']:,.0f}", f"{row['seen_persons']:,.0f}")  # fmt: skip
    Console().print(table)
    count = len(result.scenarios)
    mean = f" on average over {count:,} scenarios" if count > 1 else ""
    print(f"{result.seen_persons:,.0f} of {result.flowing_persons:,.0f} people on the way are "
          f"seen{mean}, each once; {result.unseeable_persons:,.0f} pass no candidate. gap "
          f"{result.gap:.2%}, {result.status} ({result.seconds:.1f} s)")  # fmt: skip
    if result.criterion != "expected":
        unit = "people" if result.aim == "people" else "people by which flows are uncertain"
        words = {
            "regret": "the largest difference to the best points for a scenario alone",
            "cvar": "not seen on average in the worst scenarios",
        }
        print(f"{result.criterion}: {result.value:,.0f} {unit}, "
              f"{words[result.criterion]}; at least {result.bound:,.0f}")  # fmt: skip
    for warning in result.warnings:
        print(f"note: {warning}")
    print("Modelled, not observed. A count is passages, not persons.")
    if out is not None:
        print(f"{Path(out)}: open it in QGIS; it opens styled. Internal: it shows chokepoints.")

"""`mobility-geo assign SCENARIO`: flows of a case over its network, with queues and congestion."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mobility_geo.cli import exits
from mobility_geo.cli.decisions import show_rows
from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import check_output_file, read_case
from mobility_geo.cli.site import rows_of
from mobility_geo.errors import InputError, UnknownIdError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mobility_geo.batch.od import GivenFlows
    from mobility_geo.flows import EdgeFlows, ODMatrix
    from mobility_geo.flows.equilibrium import Progress
    from mobility_geo.scenario import Case

CASE_METHODS = ("equilibrium", "stochastic", "dial", "dissimilar", "all-or-nothing")
UNMATCHED = ("error", "leave_out")
SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFlows:
    """What is asked of the flows of a case.

    Parameters
    ----------
    method
        One of `CASE_METHODS`.
    od
        Table of flows, see `mobility_geo.batch.od.read_flows`; None: people choose destinations by
        `rule`.
    profile, nationality, kind
        How the people of this table travel; None: as its groups say.
    date, latest, sum_dates, unlocated, aliases, unmatched
        As `mobility_geo.batch.od.read_flows` takes them, aliases as ``NAME=ID``.
    rule
        ``least_time`` or ``logit``.
    delays
        Table of edges on which people hold each other up; None: none.
    days
        Over how many days the flows are spread.
    budget_h
        Longest journey that people take on, hours, queues included; None: that of each group.
    theta
        Weight of time in the logit methods, per hour.
    gap, max_iterations
        When to stop.
    select
        Ids of edges and crossings: who uses them?
    when
        Day; None: the scenario's own.
    """

    method: str = "equilibrium"
    od: str | None = None
    rule: str = "least_time"
    delays: str | None = None
    days: float = 1.0
    budget_h: float | None = None
    theta: float | None = None
    gap: float = 1e-6
    max_iterations: int = 1000
    select: tuple[str, ...] = ()
    when: str | None = None
    profile: str | None = None
    nationality: str | None = None
    kind: str | None = None
    date: str | None = None
    latest: bool = False
    sum_dates: bool = False
    unlocated: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    unmatched: str = "error"


def assign_case_command(
    scenario: str, out: str, asked: CaseFlows, *, as_json: bool, quiet: bool
) -> int:
    """Assign the flows of a case and write them to a GeoPackage.

    Parameters
    ----------
    scenario
        Name of a built-in scenario, or path of a scenario file.
    out
        GeoPackage to write.
    asked
        What is asked.
    as_json
        Print one JSON object on standard output instead of tables.
    quiet
        Print nothing.

    Returns
    -------
    int
        Exit code: partial if the gap was not reached.

    Raises
    ------
    InputError
        If the method is unknown, a logit method has no theta, or edges are selected from flows
        that do not tell ways apart.
    """
    _check(out, asked)
    check_output_file(out)
    from rich.console import Console

    from mobility_geo.cli.run import shown_progress
    from mobility_geo.export.flows import write_loads
    from mobility_geo.flows import select_edge
    from mobility_geo.outcomes.disclosure import refuse_public

    case = read_case(scenario)
    refuse_public(case, "A map of flows")
    day = case.scenario.day(asked.when)
    _check_selected(case, asked.select)
    with shown_progress(Console(stderr=True), quiet=quiet) as progress:
        progress("Origins and destinations", 0.0)
        given = _od(case, asked)
        case = given.case
        progress("Assignment", 0.2)
        flows = _assign(case, given.od, asked, lambda now: progress(
            f"Iteration {now.iteration}, gap {now.gap:.1e}", 0.2 + 0.7 * _done(now.gap, asked.gap)
        ))  # fmt: skip
        selected = select_edge(flows, asked.select) if asked.select else None
        progress("GeoPackage", 0.9)
        write_loads(case, flows, out, asked.when, selected=selected)
        progress("Done", 1.0)
    code = exits.SUCCESS if flows.converged else exits.PARTIAL
    warnings = list(flows.warnings())
    if not flows.converged:
        warnings.append(
            f"stopped before a gap of {asked.gap:g} was reached; allow more with --max-iterations"
        )
    served, left = (float(flows.od[name].sum()) for name in ("served_persons", "unserved_persons"))
    if as_json:
        data = {
            "scenario": case.name, "when": day.isoformat(), "out": out, "method": asked.method,
            "gap": flows.gap, "converged": flows.converged, "served_persons": served,
            "unserved_persons": left, "left_out_persons": given.left_out_persons,
            "notes": list(given.notes), "crossings": rows_of(flows.crossings),
            "over_throughput": rows_of(flows.over_throughput),
            "selected": [] if selected is None else rows_of(selected),
        }  # fmt: skip
        print(
            envelope(
                "assign", "success" if flows.converged else "partial", data=data,
                warnings=tuple(warnings), exit_code=code,
            )
        )  # fmt: skip
    elif not quiet:
        talk = Console(stderr=True)
        for line in given.notes:
            talk.print(line, style="dim", highlight=False, soft_wrap=True, markup=False)
        print(f"{case.title or case.name}, {day}: {asked.method}, {served:,.0f} people on their "
              f"way, {left:,.0f} do not go")  # fmt: skip
        _print(case, flows)
        if selected is not None:
            show_rows(selected.head(SHOWN), f"Who uses {', '.join(asked.select)}", {
                "origin_id": "from", "destination_id": "to", "group_id": "group",
                "flow_persons": "people", "share": "share of them"})  # fmt: skip
        for line in warnings:
            print(f"note: {line}")
        print(f"{Path(out)}: written. Internal: it shows which ways people take.")
    return code


def _check(out: str, asked: CaseFlows) -> None:  # noqa: C901  # each fault has its sentence
    """Check what goes together, before any work.

    Raises
    ------
    InputError
        Lists every problem.
    """
    problems = []
    if asked.method not in CASE_METHODS:
        problems.append(f"--method must be one of {', '.join(CASE_METHODS)}, not {asked.method!r}")
    if asked.method in {"stochastic", "dial", "dissimilar"} and asked.theta is None:
        problems.append(f"--method {asked.method} needs --theta, per hour, such as --theta 0.5")
    if asked.method == "stochastic" and asked.delays is None:
        problems.append("--method stochastic needs --delays: without delays it is --method dial")
    if asked.method in {"dial", "dissimilar", "all-or-nothing"} and asked.delays is not None:
        problems.append(f"--delays have no effect on --method {asked.method}")
    if asked.method in {"stochastic", "dial"} and asked.select:
        problems.append("--select needs a method that tells ways apart: equilibrium, dissimilar or "
                        "all-or-nothing")  # fmt: skip
    if asked.method != "equilibrium" and asked.budget_h is not None:
        problems.append("--budget-h goes with --method equilibrium only")
    about_od = (asked.profile, asked.nationality, asked.kind, asked.date, asked.latest,
                asked.sum_dates, asked.unlocated, asked.aliases)  # fmt: skip
    if asked.od is None and any(about_od):
        problems.append("--profile, --nationality, --kind, --date, --latest, --sum-dates, "
                        "--unlocated and --alias are about --od; give it")  # fmt: skip
    if bool(asked.profile) != bool(asked.nationality) or (asked.kind and not asked.profile):
        problems.append("who travels needs --profile and --nationality")
    if asked.unmatched not in UNMATCHED:
        problems.append(f"--unmatched must be {' or '.join(UNMATCHED)}, not {asked.unmatched!r}")
    if Path(out).suffix.lower() != ".gpkg":
        problems.append(f"--out must end in .gpkg for a scenario, not {out!r}")
    if problems:
        raise InputError(problems)


def _check_selected(case: "Case", names: tuple[str, ...]) -> None:
    """Check that edges and crossings are there.

    Raises
    ------
    UnknownIdError
        Lists what is neither.
    """
    from mobility_geo.schema import suggest

    edges = case.network.edges
    known = {*edges["edge_id"], *edges["crossing_id"].dropna()}
    strange = [name for name in names if name not in known]
    if strange:
        raise UnknownIdError(
            [f"--select: no edge or crossing {one!r}{suggest(one, known)}" for one in strange]
        )


def _od(case: "Case", asked: CaseFlows) -> "GivenFlows":
    from mobility_geo.batch.od import GivenFlows, read_flows
    from mobility_geo.cli.od import alias_pairs
    from mobility_geo.flows import choose_destinations
    from mobility_geo.scenario import TravellerClass

    if asked.od is None:
        od = choose_destinations(case, when=asked.when, rules=[asked.rule])
        return GivenFlows(case=case, od=od)
    traveller = None
    if asked.profile and asked.nationality:
        traveller = TravellerClass(
            profile=asked.profile, nationality=asked.nationality, kind=asked.kind or "resident"
        )
    return read_flows(
        asked.od, case, traveller=traveller, date=asked.date, latest=asked.latest,
        sum_dates=asked.sum_dates, aliases=alias_pairs(asked.aliases), unlocated=asked.unlocated,
        unmatched="leave_out" if asked.unmatched == "leave_out" else "error",
    )  # fmt: skip


def _assign(
    case: "Case", od: "ODMatrix", asked: CaseFlows, progress: "Callable[[Progress], None]"
) -> "EdgeFlows":
    import pandas as pd

    from mobility_geo.flows import assign_all_or_nothing, assign_equilibrium, assign_logit

    try:
        delays = None if asked.delays is None else pd.read_csv(asked.delays)
    except (OSError, ValueError) as error:
        msg = f"{asked.delays}: cannot be read: {error}"
        raise InputError(msg) from error
    if asked.method == "all-or-nothing":
        return assign_all_or_nothing(case, od, when=asked.when, days=asked.days)
    if asked.method == "equilibrium":
        return assign_equilibrium(
            case, od, when=asked.when, delays=delays, days=asked.days,
            budget_min=None if asked.budget_h is None else 60 * asked.budget_h,
            gap=asked.gap, max_iterations=asked.max_iterations, progress=progress,
        )  # fmt: skip
    return assign_logit(
        case, od, when=asked.when, theta_per_h=asked.theta or 0.0, delays=delays, days=asked.days,
        ways="dissimilar" if asked.method == "dissimilar" else "efficient", gap=asked.gap,
        max_iterations=asked.max_iterations,
    )  # fmt: skip


def _done(gap: float, wanted: float) -> float:
    """Return how far a gap has come, 0 to 1, on the scale of its logarithm."""
    import math

    if gap <= 0 or wanted <= 0:
        return 1.0
    return min(max(math.log(gap) / math.log(min(wanted, 0.5)), 0.0), 1.0)


def _print(case: "Case", flows: "EdgeFlows") -> None:
    names = dict(zip(case.network.crossings["crossing_id"], case.network.crossings["name"],
                     strict=True))  # fmt: skip
    table = flows.crossings[(flows.crossings["flow_persons"] > 0).to_numpy(dtype=bool)]
    table = table.assign(
        name=[names.get(one, one) for one in table["crossing_id"]],
        flow_persons=table["flow_persons"].round().astype("int64"),
    )
    columns = {"name": "crossing", "into_country": "into", "flow_persons": "people"}
    if "queue_min" in table:
        table["queue_h"] = (table["queue_min"] / 60).round(1)
        columns["queue_h"] = "queue, h"
    show_rows(table.sort_values("flow_persons", ascending=False).head(SHOWN),
              "People per crossing", columns)  # fmt: skip

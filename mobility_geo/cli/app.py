"""The commands, and how each ends."""

import sys
import traceback
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from mobility_geo.cli import exits
from mobility_geo.cli.assign import assign_command
from mobility_geo.cli.assign_case import CaseFlows, assign_case_command
from mobility_geo.cli.decisions import (
    access_command,
    chokepoints_command,
    compare_command,
    explain_command,
)
from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.intervals import gaps_command, intervals_command
from mobility_geo.cli.isochrones import isochrones_command
from mobility_geo.cli.monitor import monitor_command
from mobility_geo.cli.network import audit_command, build_command, info_command
from mobility_geo.cli.od import estimate_command
from mobility_geo.cli.routes import routes_command
from mobility_geo.cli.run import run
from mobility_geo.cli.scenarios import copy_command, list_command
from mobility_geo.cli.simulate import MovementRequest, simulate_command
from mobility_geo.cli.site import ALPHA, pmed_command, site_command
from mobility_geo.cli.sweep import sweep_command
from mobility_geo.cli.warmup import warmup_command
from mobility_geo.errors import ConservationError, InputError, MobilityGeoError, OutputError

EPILOG = "Exit codes: " + "; ".join(f"{code} {words}" for code, words in exits.MEANING.items())

app = typer.Typer(
    name="mobility-geo",
    help="Who is stranded, why, and which way stations can still be reached.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
scenarios = typer.Typer(
    help="List the built-in scenarios, or copy one to start your own.",
    invoke_without_command=True,
)
app.add_typer(scenarios, name="scenarios")
networks = typer.Typer(
    help="Build a network from your own files, look for faults in it, say what is in it.",
    no_args_is_help=True,
)
app.add_typer(networks, name="network")
od = typer.Typer(
    help="Estimate who goes from where to where, from margins, counts and costs.",
    no_args_is_help=True,
)
app.add_typer(od, name="od")


class Output(StrEnum):
    """Form of what is printed on standard output."""

    TEXT = "text"
    JSON = "json"


def _version(value: bool) -> None:  # noqa: FBT001
    if value:
        from importlib.metadata import version

        print(f"mobility-geo {version('mobility-geo')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Who is stranded, why, and which way stations can still be reached."""


OutputOption = Annotated[
    Output,
    typer.Option("--output", help="'json' prints one JSON object; talk goes to standard error."),
]


class OverScenarios(StrEnum):
    """What counts over many scenarios."""

    EXPECTED = "expected"
    REGRET = "regret"
    CVAR = "cvar"


WhenOption = Annotated[
    str | None, typer.Option("--when", help="Day to ask for; else the scenario's own.")
]
BaseOption = Annotated[str, typer.Option("--base", help="movers or residents.")]
UnderOption = Annotated[
    list[str] | None,
    typer.Option("--under", help="One more scenario to hold up under; may be repeated."),
]
PlanOption = Annotated[
    str | None,
    typer.Option("--plan", help="Sweep plan (.toml): hold up under all of its scenarios."),
]
CriterionOption = Annotated[
    OverScenarios, typer.Option("--criterion", help="What counts over scenarios.")
]
AlphaOption = Annotated[
    float, typer.Option("--alpha", help="cvar looks at the worst 1 - alpha of scenarios.")
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", help="Way of travelling, such as truck.")
]
NationalityOption = Annotated[
    str | None, typer.Option("--nationality", help="Passport at borders, such as MLI.")
]
UnlocatedOption = Annotated[
    list[str] | None,
    typer.Option("--unlocated", help="Name that is no place, such as other; may be repeated."),
]
AliasOption = Annotated[
    list[str] | None,
    typer.Option("--alias", help="NAME=ID: what a name of your files means; may be repeated."),
]
DateOption = Annotated[
    str | None,
    typer.Option("--date", help="Of several dates in a table take 2013-01-14, 2013-01 or 2013."),
]
LatestOption = Annotated[
    bool,
    typer.Option("--latest", help="Of several dates the last; of stocks that of each destination."),
]
SumDatesOption = Annotated[
    bool, typer.Option("--sum-dates", help="Add up flows of several dates; stocks never.")
]
GapOption = Annotated[float, typer.Option("--gap", help="Relative gap at which to stop.")]
TimeLimitOption = Annotated[
    float, typer.Option("--time-limit", help="Seconds after which to stop.")
]


@app.command("run")
def run_command(
    scenario: Annotated[
        str,
        typer.Argument(help="Name of a built-in scenario, or path of a scenario file (.toml)."),
    ],
    out: Annotated[
        str, typer.Option("--out", help="Folder for the results; replaced as a whole when done.")
    ],
    *,
    when: Annotated[
        str | None,
        typer.Option("--when", help="Day to ask for, such as 2013-01-25; else the scenario's own."),
    ] = None,
    decide: Annotated[
        bool,
        typer.Option(
            "--decide",
            help="Also: how sure it is, where to assess next, chokepoints, reopenings.",
        ),
    ] = False,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of the draws of --decide: same seed, same draws.")
    ] = 0,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Answer a scenario: who is stranded and why, what can be reached, which ways people take.

    Leaves in the folder: results.gpkg and results.qgz (open the second in QGIS), report.html
    (internal), brief.html (one page, may be shared), tables/*.csv and manifest.json; with --decide
    decisions.html and decisions.gpkg (internal), which take some time more.

    Examples:  mobility-geo run mali-2013-01 --out out/january --decide
               mobility-geo run my-case/case.toml --out out/mine --when 2013-02-03
    """
    as_json = output is Output.JSON
    _end(
        "run",
        lambda: run(
            scenario, out, when=when, as_json=as_json, quiet=quiet, decide=decide, seed=seed
        ),
        as_json=as_json,
    )


@app.command("sweep")
def sweep(
    plan: Annotated[str, typer.Argument(help="Path of a plan (.toml).")],
    out: Annotated[
        str, typer.Option("--out", help="Folder for the results; a sweep goes on where it was.")
    ],
    *,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes on this machine; else one per processor."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler", help="Address of a Dask scheduler, such as tcp://10.0.0.5:8786."
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume/--no-resume", help="Keep what is answered, or begin anew."),
    ] = True,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Answer one question under many scenarios, and sum up over them.

    The plan lists scenarios, days of a calendar, a grid of limits, draws by chance, or single
    closures; every key: the page "Sweep plan" of the documentation. Stop it with Ctrl-C and call
    it again: it goes on. Leaves in the folder: report.html and summary.gpkg (both internal),
    summary/*.csv, scenarios/*.parquet, plan.csv, failures.csv and manifest.json.

    Example:  mobility-geo sweep closures.toml --out out/closures
    """
    as_json = output is Output.JSON
    _end(
        "sweep",
        lambda: sweep_command(
            plan, out, workers=workers, scheduler=scheduler, resume=resume, as_json=as_json,
            quiet=quiet,
        ),
        as_json=as_json,
    )  # fmt: skip


@app.command("routes")
def routes(  # noqa: PLR0913
    requests: Annotated[
        str,
        typer.Argument(help="CSV or XLSX with origin, destination; date, profile, nationality."),
    ],
    scenario: Annotated[
        str,
        typer.Option(
            "--scenario", help="Name of a built-in scenario, or path of a scenario file (.toml)."
        ),
    ],
    out: Annotated[
        str, typer.Option("--out", help="GeoPackage to write; replaced when it is complete.")
    ],
    *,
    when: Annotated[
        str | None, typer.Option("--when", help="Day of requests without a date.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="Travel profile of requests without one.")
    ] = None,
    nationality: Annotated[
        str | None, typer.Option("--nationality", help="Nationality of requests without one.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Kind of people of requests without one.")
    ] = None,
    alternatives: Annotated[
        int, typer.Option("--alternatives", min=0, help="So many routes beside the quickest one.")
    ] = 0,
    overlap: Annotated[
        float,
        typer.Option(
            "--overlap",
            min=0.0,
            max=0.99,
            help="Largest share of its length that a route has in common with another one.",
        ),
    ] = 0.5,
    gpx: Annotated[
        str | None, typer.Option("--gpx", help="GPX file to write as well: a track per route.")
    ] = None,
    csv: Annotated[
        str | None, typer.Option("--csv", help="CSV file to write as well: a row per route.")
    ] = None,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Plan a route for each of many requests, or say why there is none.

    Exit code 6 if a request has no route: each such one is in the files with its reason, the
    disruptions each of which, lifted alone, would free it, and the day from which it works.

    Example:  mobility-geo routes requests.csv --scenario mali-2013-01 --out routes.gpkg
    """
    as_json = output is Output.JSON
    _end(
        "routes",
        lambda: routes_command(
            requests, scenario, out, when=when, profile=profile, nationality=nationality,
            kind=kind, alternatives=alternatives, overlap=overlap, gpx=gpx, csv=csv,
            as_json=as_json, quiet=quiet,
        ),
        as_json=as_json,
    )  # fmt: skip


@scenarios.callback()
def scenarios_command(context: typer.Context, *, output: OutputOption = Output.TEXT) -> None:
    """List the built-in scenarios, a line each."""
    if context.invoked_subcommand is None:
        as_json = output is Output.JSON
        _end("scenarios", lambda: list_command(as_json=as_json), as_json=as_json)


@scenarios.command("copy")
def scenarios_copy(
    name: Annotated[str, typer.Argument(help="Name of a built-in scenario.")],
    folder: Annotated[str, typer.Argument(help="Folder to copy it to; made if it is not there.")],
    *,
    output: OutputOption = Output.TEXT,
) -> None:
    """Copy a built-in scenario with its data, to edit and run as your own."""
    as_json = output is Output.JSON
    _end("scenarios copy", lambda: copy_command(name, folder, as_json=as_json), as_json=as_json)


NetworkArgument = Annotated[
    str, typer.Argument(help="Path of a network (.gpkg), or 'sahel' for the built-in one.")
]


@networks.command("build")
def network_build(
    config: Annotated[str, typer.Argument(help="Path of a network file (.toml).")],
    out: Annotated[str, typer.Option("--out", help="GeoPackage to write; replaced when done.")],
    *,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Build a network from boundaries, roads, places and people, and audit it.

    The network file names your files: COD-AB or other boundaries, an OpenStreetMap extract
    (.osm.pbf) or any layer of lines, places with or without people, a population raster.
    [walking] attaches far villages on foot, around water and over fords. Every key: the page
    "Network file" of the documentation.

    Example:  mobility-geo network build my-country.toml --out my-country.gpkg
    """
    as_json = output is Output.JSON
    _end(
        "network build",
        lambda: build_command(config, out, as_json=as_json, quiet=quiet),
        as_json=as_json,
    )


@networks.command("audit")
def network_audit(
    network: NetworkArgument,
    *,
    out: Annotated[
        str | None, typer.Option("--out", help="GeoPackage for the findings, to look at in QGIS.")
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """List what may be wrong with a network, the worst first, with the people it could touch.

    Example:  mobility-geo network audit my-country.gpkg --out findings.gpkg
    """
    as_json = output is Output.JSON
    _end("network audit", lambda: audit_command(network, out, as_json=as_json), as_json=as_json)


@networks.command("info")
def network_info(network: NetworkArgument, *, output: OutputOption = Output.TEXT) -> None:
    """Say what is in a network: edges by kind, places, people, crossings, extent.

    Example:  mobility-geo network info sahel
    """
    as_json = output is Output.JSON
    _end("network info", lambda: info_command(network, as_json=as_json), as_json=as_json)


@app.command("assign")
def assign(  # noqa: PLR0913
    scenario: Annotated[
        str | None,
        typer.Argument(
            help="Name of a built-in scenario, or path of a scenario file (.toml); or give --tntp."
        ),
    ] = None,
    *,
    tntp: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--tntp", metavar="NET TRIPS", help="Network and trips, files of the TNTP collection."
        ),
    ] = None,
    out: Annotated[
        str,
        typer.Option("--out", help="Of a scenario: GeoPackage to write; of --tntp: CSV file."),
    ],
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help="equilibrium, stochastic, dial, all-or-nothing; of a scenario dissimilar, too.",
        ),
    ] = "equilibrium",
    gap: Annotated[float, typer.Option("--gap", help="Relative gap to reach.")] = 1e-6,
    theta: Annotated[
        float | None,
        typer.Option(
            "--theta",
            help="Weight of cost in stochastic, dial and dissimilar; of a scenario per hour.",
        ),
    ] = None,
    od_table: Annotated[
        str | None,
        typer.Option(
            "--od",
            help="Of a scenario: table from od estimate, od_flows.csv of a run, or any table from, "
            "to, persons or matrix; else people choose by --rule.",
        ),
    ] = None,
    profile: ProfileOption = None,
    nationality: NationalityOption = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="Kind of the people of --od, such as refugee; else resident."),
    ] = None,
    date: DateOption = None,
    latest: LatestOption = False,
    sum_dates: SumDatesOption = False,
    unlocated: UnlocatedOption = None,
    alias: AliasOption = None,
    unmatched: Annotated[
        str, typer.Option("--unmatched", help="Names that fit no place: error or leave_out.")
    ] = "error",
    rule: Annotated[
        str, typer.Option("--rule", help="How people choose: least_time or logit.")
    ] = "least_time",
    delays: Annotated[
        str | None,
        typer.Option(
            "--delays", help="CSV: edge_id, b, power, capacity_persons_per_day. Else none."
        ),
    ] = None,
    days: Annotated[
        float, typer.Option("--days", help="Over so many days the people of a scenario travel.")
    ] = 1.0,
    budget_h: Annotated[
        float | None,
        typer.Option("--budget-h", help="Longest journey, queues included; else of each group."),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option("--select", help="Who uses this edge or crossing? More than once."),
    ] = None,
    when: WhenOption = None,
    toll_factor: Annotated[
        float | None,
        typer.Option("--toll-factor", help="TNTP: cost of a unit of toll; else the file's."),
    ] = None,
    distance_factor: Annotated[
        float | None,
        typer.Option("--distance-factor", help="TNTP: cost of a unit of length; else the file's."),
    ] = None,
    max_iterations: Annotated[
        int, typer.Option("--max-iterations", help="Stop after so many, gap reached or not.")
    ] = 10_000,
    time_limit_s: Annotated[
        float | None, typer.Option("--time-limit-s", help="TNTP: stop after so many seconds.")
    ] = None,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Assign trips to a network: flows at which nobody finds a quicker way, or another method.

    Of a scenario: people per edge and crossing with queues where a crossing is full, who uses an
    edge, as layers for QGIS. Of --tntp: links keep the order of the network file; parallel ones
    stay apart, and nodes before the first through node are not passed. Ends with code 6 if it
    stops before the gap is reached.

    A table of --od says who goes from where to where; --profile and --nationality say how. Its
    names or P-codes are matched to places, and whom that leaves out is told. In od_flows.csv of a
    run the groups of the scenario say how people travel.

    Examples:  mobility-geo assign mali-2013-01 --select inabao --out flows.gpkg
               mobility-geo assign mali-2013-02-return --od od.csv --profile truck
               --nationality MLI --out flows.gpkg
               mobility-geo assign --tntp net.tntp trips.tntp --gap 1e-8 --out flows.csv
    """
    as_json = output is Output.JSON

    def work() -> int:
        if (scenario is None) == (tntp is None):
            msg = "give either a scenario or --tntp NET TRIPS"
            raise InputError(msg)
        if tntp is not None:
            return assign_command(
                tntp, out, method=method, gap=gap, theta=theta, toll_factor=toll_factor,
                distance_factor=distance_factor, max_iterations=max_iterations,
                time_limit_s=time_limit_s, as_json=as_json, quiet=quiet,
            )  # fmt: skip
        asked = CaseFlows(
            method=method, od=od_table, rule=rule, delays=delays, days=days, budget_h=budget_h,
            theta=theta, gap=gap, max_iterations=max_iterations, select=tuple(select or ()),
            when=when, profile=profile, nationality=nationality, kind=kind, date=date,
            latest=latest, sum_dates=sum_dates, unlocated=tuple(unlocated or ()),
            aliases=tuple(alias or ()), unmatched=unmatched,
        )  # fmt: skip
        return assign_case_command(scenario or "", out, asked, as_json=as_json, quiet=quiet)

    _end("assign", work, as_json=as_json)


@app.command("isochrones")
def isochrones(  # noqa: PLR0913
    scenario: Annotated[
        str,
        typer.Argument(help="Name of a built-in scenario, or path of a scenario file (.toml)."),
    ],
    place: Annotated[
        list[str],
        typer.Option(
            "--place", help="Id or name of a place; may be repeated. 'waystations': all of them."
        ),
    ],
    out: Annotated[str, typer.Option("--out", help="GeoPackage to write; replaced when done.")],
    *,
    hours: Annotated[
        str, typer.Option("--hours", help="Ends of the bands in hours, commas between them.")
    ] = "1,2,4,8",
    towards: Annotated[
        bool, typer.Option("--to", help="From how far people get to the places, not from them.")
    ] = False,
    when: WhenOption = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="Travel profile; else that of most movers.")
    ] = None,
    resolution_m: Annotated[
        float | None, typer.Option("--resolution", help="Side of the cells in metres.")
    ] = None,
    max_walk_km: Annotated[
        float, typer.Option("--max-walk", help="Longest way off the road in km.")
    ] = 20.0,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No summary.")] = False,
) -> None:
    """Draw how far people get from places, or to them, within so many hours.

    Leaves a GeoPackage with the areas by hours, the nearest place in time, and the places. Off the
    road people walk; not across rivers, closed areas or borders.

    Examples:  mobility-geo isochrones mali-2013-01 --place Gao --hours 6,12,24 --out gao.gpkg
               mobility-geo isochrones mali-2013-01 --place waystations --to --out reach.gpkg
    """
    as_json = output is Output.JSON
    _end(
        "isochrones",
        lambda: isochrones_command(
            scenario, place, out, hours=hours, towards=towards, when=when, profile=profile,
            resolution_m=resolution_m, max_walk_km=max_walk_km, as_json=as_json, quiet=quiet,
        ),
        as_json=as_json,
    )  # fmt: skip


class Regime(StrEnum):
    """What a simulation is told besides conflict and closures."""

    SPLIT = "split"
    FORECAST = "forecast"
    ASSIMILATE = "assimilate"


class Reports(StrEnum):
    """Counts that assimilation is told."""

    DAILY = "daily"
    PUBLISHED = "published"


@app.command("simulate")
def simulate(  # noqa: PLR0913
    source: Annotated[
        str,
        typer.Argument(
            help="Folder in the layout of Flee (input_csv/ and source_data/), or a scenario: "
            "built-in name or .toml file."
        ),
    ],
    out: Annotated[str, typer.Option("--out", help="CSV file to write: date, camp, people.")],
    *,
    regime: Annotated[
        Regime | None,
        typer.Option(
            "--regime",
            help="split: told each day's total; forecast: told nothing after the first day;"
            " assimilate: told the counts up to 30 days ago. Else split, or forecast for a"
            " scenario without --counts.",
        ),
    ] = None,
    reports: Annotated[
        Reports,
        typer.Option(
            "--reports",
            help="Counts that assimilate is told. daily: one a day, on lines between reports;"
            " published: the reports only.",
        ),
    ] = Reports.DAILY,
    lag_days: Annotated[
        int, typer.Option("--lag-days", help="Age of the latest count that assimilate knows.")
    ] = 30,
    layers: Annotated[
        str | None,
        typer.Option("--layers", help="GeoPackage to write as well; QGIS plays it day by day."),
    ] = None,
    ensemble: Annotated[
        int,
        typer.Option(
            "--ensemble", help="Runs with uncertain parameters and inputs, for a band; 0: none."
        ),
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Of the random numbers of the runs.")] = 1,
    throughput: Annotated[
        list[str] | None,
        typer.Option(
            "--throughput",
            help='"FROM>TO=PERSONS": most people a day on a route; more queue. May be repeated.',
        ),
    ] = None,
    forward: Annotated[
        list[str] | None,
        typer.Option(
            "--forward",
            help='"FROM>TO=SHARE": share of a transit centre brought on per day. May be repeated.',
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            help="NAME=VALUE of movement, such as return_share_per_day=0.001 or step_days=7. May"
            " be repeated.",
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", help="Scenario: first day; else that of its calendar.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", help="Scenario: number of days; else its calendar.")
    ] = None,
    leave_days: Annotated[
        int | None,
        typer.Option("--leave-days", help="Scenario: movers leave over so many days; else 30."),
    ] = None,
    transit_days: Annotated[
        float | None,
        typer.Option("--transit-days", help="Scenario: mean stay in a transit centre; else 7."),
    ] = None,
    counts: Annotated[
        str | None,
        typer.Option("--counts", help="Scenario: table place_id, date, persons of people counted."),
    ] = None,
    conflict: Annotated[
        str | None,
        typer.Option(
            "--conflict", help="Scenario: table place_id, start, end: residents leave there."
        ),
    ] = None,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Simulate how people move from places in conflict to camps, day after day.

    People are real numbers: one run is the expectation, and gives the same file every time. A
    scenario is simulated on its own network: closures, seasons, speeds, borders and crossings of
    each day, queues where a crossing is full, transit centres that forward.

    Examples:  mobility-geo simulate conflicts/mali2012 --regime split --out predictions.csv
               mobility-geo simulate my-crisis --regime forecast --out f.csv --layers f.gpkg
               mobility-geo simulate mali-2012-04 --out april.csv --layers april.gpkg
    """
    as_json = output is Output.JSON
    asked = MovementRequest(
        regime=None if regime is None else regime.value, reports=reports.value, lag_days=lag_days,
        layers=layers, ensemble=ensemble, seed=seed, throughput=tuple(throughput or ()),
        forward=tuple(forward or ()), parameters=tuple(parameter or ()), start=start, days=days,
        leave_days=leave_days, transit_days=transit_days, counts=counts, conflict=conflict,
    )  # fmt: skip
    _end(
        "simulate",
        lambda: simulate_command(source, out, asked, as_json=as_json, quiet=quiet),
        as_json=as_json,
    )


@od.command("estimate")
def od_estimate(  # noqa: PLR0913
    out: Annotated[
        str, typer.Option("--out", help="Table to write: .csv, .parquet or .json; replaced.")
    ],
    *,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help="margins: the flattest matrix with these margins. gravity: the same, but cost "
            "deters. fit: gravity fitted to observed movements. radiation: to the nearest larger "
            "places. counts: an older matrix corrected by counts at monitoring points.",
        ),
    ] = "margins",
    origins: Annotated[
        str | None,
        typer.Option("--origins", help="Table of who leaves: zone and persons, or low and high."),
    ] = None,
    destinations: Annotated[
        str | None, typer.Option("--destinations", help="Table of who arrives, in the same form.")
    ] = None,
    margins: Annotated[
        str | None,
        typer.Option("--margins", help="Both in one table, with a column side: from, to, total."),
    ] = None,
    total: Annotated[
        float | None, typer.Option("--total", help="All people, where margins are incomplete.")
    ] = None,
    observed: Annotated[
        str | None,
        typer.Option(
            "--observed",
            help="Movements: long or wide table, DTM flow monitoring, .tntp, .omx. For margins and "
            "counts the matrix to start from, for fit what is fitted.",
        ),
    ] = None,
    date: DateOption = None,
    latest: LatestOption = False,
    sum_dates: SumDatesOption = False,
    missing_prior: Annotated[
        str,
        typer.Option(
            "--missing-prior",
            help="Pairs of --observed without a figure (*), in margins and counts: error, or "
            "neutral: the weight of their two ends.",
        ),
    ] = "error",
    costs: Annotated[
        str | None,
        typer.Option("--costs", help="Table of costs; blank, inf or no row: there is no way."),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            "--scenario", help="Compute the costs under a scenario: a built-in one, or a .toml."
        ),
    ] = None,
    zones: Annotated[
        str | None,
        typer.Option(
            "--zones",
            help="Without a scenario: zones with codes and names (.gpkg, .csv) to match names to.",
        ),
    ] = None,
    when: Annotated[
        str | None, typer.Option("--when", help="Day of these costs; else the scenario's own.")
    ] = None,
    profile: ProfileOption = None,
    nationality: NationalityOption = None,
    impedance: Annotated[
        str, typer.Option("--impedance", help="time_min, length_m, cost_xof or risk.")
    ] = "time_min",
    deterrence: Annotated[
        str, typer.Option("--deterrence", help="exponential, power or tanner.")
    ] = "exponential",
    rate: Annotated[
        float | None, typer.Option("--rate", help="Deterrence per unit of cost (per minute).")
    ] = None,
    power: Annotated[float | None, typer.Option("--power", help="Power of the cost.")] = None,
    mean_cost: Annotated[
        float | None,
        typer.Option("--mean-cost", help="Mean cost that people travel: finds the deterrence."),
    ] = None,
    constraint: Annotated[
        str,
        typer.Option("--constraint", help="Margins to keep to: both, origins, destinations, none."),
    ] = "both",
    population: Annotated[
        str | None, typer.Option("--population", help="Table of people by place, for radiation.")
    ] = None,
    counts: Annotated[
        str | None,
        typer.Option("--counts", help="Table point, persons: at least so many passed."),
    ] = None,
    points: Annotated[
        str | None, typer.Option("--points", help="Table point, edge: which edges it watches.")
    ] = None,
    counts_method: Annotated[
        str,
        typer.Option(
            "--counts-method",
            help="entropy: the prior changed least so that counts are met; least_squares: counts "
            "and prior have errors; gradient: steps towards the counts.",
        ),
    ] = "entropy",
    trust: Annotated[
        float, typer.Option("--trust", help="Weight of counts against the prior in least_squares.")
    ] = 1.0,
    unlocated: UnlocatedOption = None,
    alias: AliasOption = None,
    unmatched: Annotated[
        str,
        typer.Option("--unmatched", help="Names that fit no place: error, keep or leave_out."),
    ] = "error",
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", help="Share by which margins may move if they contradict."),
    ] = 0.0,
    draws: Annotated[
        int, typer.Option("--draws", help="Matrices to draw for intervals, such as 1000; 0: none.")
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the draws.")] = 1,
    share: Annotated[float, typer.Option("--share", help="Share inside the intervals.")] = 0.9,
    layers: Annotated[
        str | None,
        typer.Option("--layers", help="GeoPackage to write, too: arrows; needs --scenario."),
    ] = None,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Estimate an OD matrix: how many people go from each origin to each destination.

    Situation reports give margins: so many left here, so many arrived there. This finds the matrix
    that claims least beyond them. Margins may be intervals or missing; what contradicts is named.
    Writes a row per pair that has a way, and a .json beside it: what was read and matched, which
    margins were moved, the numbers of the model, the seed.

    Examples:  mobility-geo od estimate --origins from.csv --destinations to.csv --out od.csv
               mobility-geo od estimate --method gravity --margins returns.csv --unlocated other
               --scenario mali-2013-02-return --profile truck --nationality MLI --rate 0.001
               --draws 1000 --out od.csv
               mobility-geo assign mali-2013-02-return --od od.csv --unlocated other
               --profile truck --nationality MLI --out flows.gpkg
    """
    as_json = output is Output.JSON
    _end(
        "od estimate",
        lambda: estimate_command(
            out, as_json=as_json, quiet=quiet, aliases=alias or [], layers=layers, method=method,
            origins=origins, destinations=destinations, margins=margins, total_persons=total,
            observed=observed, date=date, latest=latest, sum_dates=sum_dates, costs=costs,
            scenario=scenario, when=when, profile=profile, nationality=nationality,
            impedance=impedance, deterrence=deterrence, rate=rate, power=power, mean_cost=mean_cost,
            constraint=constraint, population=population, counts=counts, points=points,
            missing_prior=missing_prior, counts_method=counts_method, trust=trust, zones=zones,
            unlocated=tuple(unlocated or ()), unmatched=unmatched, tolerance=tolerance,
            draws=draws, seed=seed, share=share,
        ),
        as_json=as_json,
    )  # fmt: skip


@app.command("warmup")
def warmup(*, output: OutputOption = Output.TEXT) -> None:
    """Compile the engine for large networks now, once on this machine, not at the first question.

    Networks below 20,000 nodes do not need it.

    Example:  mobility-geo warmup
    """
    as_json = output is Output.JSON
    _end("warmup", lambda: warmup_command(as_json=as_json), as_json=as_json)


class SiteModel(StrEnum):
    """What way stations are placed for."""

    P_MEDIAN = "p_median"
    MAX_COVER = "max_cover"
    SET_COVER = "set_cover"
    CAPACITATED = "capacitated"


@app.command("site")
def site(  # noqa: PLR0913
    scenario: Annotated[
        str | None,
        typer.Argument(help="Name of a built-in scenario, or path of a scenario file (.toml)."),
    ] = None,
    *,
    out: Annotated[
        str | None, typer.Option("--out", help="GeoPackage to write; replaced when done.")
    ] = None,
    new_sites: Annotated[
        int | None, typer.Option("--new", help="New stations, besides those kept.")
    ] = None,
    model: Annotated[
        SiteModel, typer.Option("--model", help="What they are placed for.")
    ] = SiteModel.P_MEDIAN,
    limit_h: Annotated[
        float | None, typer.Option("--limit", help="Longest journey to a station, hours.")
    ] = None,
    candidate: Annotated[
        list[str] | None,
        typer.Option("--candidate", help="Id or name of a place; may be repeated. Else: all."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Keep the way stations of the case.")
    ] = True,
    capacity: Annotated[
        float | None, typer.Option("--capacity", help="Room of each new station, people.")
    ] = None,
    base: BaseOption = "movers",
    risk_limit: Annotated[
        float | None,
        typer.Option("--risk-limit", help="Highest risk of a way, besides those of the case."),
    ] = None,
    when: WhenOption = None,
    under: UnderOption = None,
    plan: PlanOption = None,
    criterion: CriterionOption = OverScenarios.EXPECTED,
    alpha: AlphaOption = ALPHA,
    mobile: Annotated[
        int | None, typer.Option("--mobile", help="Units of mobile stations, instead of --new.")
    ] = None,
    days: Annotated[int, typer.Option("--days", help="Days of the rota.")] = 5,
    stop_h: Annotated[float, typer.Option("--stop", help="Hours at a stop.")] = 2.0,
    reach_h: Annotated[
        float, typer.Option("--reach", help="Hours that people may need to a stop.")
    ] = 1.0,
    profile: Annotated[
        str | None, typer.Option("--profile", help="How a unit drives; else as most movers.")
    ] = None,
    supply_from: Annotated[
        list[str] | None,
        typer.Option("--supply-from", help="Place where trucks start: says go or no-go."),
    ] = None,
    on: Annotated[
        list[str] | None, typer.Option("--on", help="Day of go or no-go; may be repeated.")
    ] = None,
    pmed: Annotated[
        str | None,
        typer.Option("--pmed", help="Solve a p-median file of the OR-Library instead."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the random starts of the search.")] = 0,
    gap: GapOption = 0.0,
    time_limit: TimeLimitOption = 300.0,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No summary.")] = False,
) -> None:
    """Propose where way stations should stand, fixed or mobile, and say whether they can work.

    Nobody is sent over a limit of risk, time or money, and no station is proposed in an area of
    severe insecurity or mines. Who would have no station is listed with the reason. Value, bound
    and gap say how good the answer is proven to be.

    Examples:  mobility-geo site mali-2013-01 --new 3 --out sites.gpkg
               mobility-geo site mali-2013-01 --new 3 --under mali-2012-04 --criterion regret
               mobility-geo site --plan plan.toml --new 3 --criterion cvar
               mobility-geo site mali-2013-01 --mobile 2 --profile 4x4
               mobility-geo site --pmed pmed1.txt
    """
    as_json = output is Output.JSON

    def work() -> None:
        if sum(one is not None for one in (scenario, pmed, plan)) != 1:
            msg = (
                "name a scenario, a sweep plan with --plan, or a file of the OR-Library with "
                "--pmed: one of the three"
            )
            raise InputError(msg)
        if pmed is not None:
            pmed_command(pmed, seed=seed, gap=gap, time_limit_s=time_limit, as_json=as_json)
        else:
            site_command(
                scenario, out=out, new_sites=new_sites, model=model.value, limit_h=limit_h,
                candidates=candidate or [], keep=keep, capacity_persons=capacity, base=base,
                risk_limit=risk_limit, when=when, under=under or [], plan=plan,
                criterion=criterion.value, alpha=alpha, mobile=mobile, days=days, stop_h=stop_h,
                reach_h=reach_h,
                profile=profile, supply_from=supply_from or [], on=on or [], seed=seed, gap=gap,
                time_limit_s=time_limit, as_json=as_json, quiet=quiet,
            )  # fmt: skip

    _end("site", work, as_json=as_json)


@app.command("monitor")
def monitor(  # noqa: PLR0913
    scenario: Annotated[
        str | None,
        typer.Argument(help="Name of a built-in scenario, or path of a scenario file (.toml)."),
    ] = None,
    *,
    out: Annotated[
        str | None, typer.Option("--out", help="GeoPackage to write; replaced when done.")
    ] = None,
    new_points: Annotated[
        int, typer.Option("--new", help="New points, besides those that exist.")
    ] = 5,
    aim: Annotated[
        str, typer.Option("--aim", help="people: most people; uncertainty: most of what is unsure.")
    ] = "people",
    existing: Annotated[
        list[str] | None,
        typer.Option("--existing", help="Edge or crossing with a point already; repeatable."),
    ] = None,
    candidates: Annotated[
        str, typer.Option("--candidates", help="both, edges or crossings.")
    ] = "both",
    rule: Annotated[
        str, typer.Option("--rule", help="How people choose: least_time or logit.")
    ] = "least_time",
    when: WhenOption = None,
    under: UnderOption = None,
    plan: PlanOption = None,
    criterion: CriterionOption = OverScenarios.EXPECTED,
    alpha: AlphaOption = ALPHA,
    gap: GapOption = 0.0,
    time_limit: TimeLimitOption = 60.0,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No summary.")] = False,
) -> None:
    """Propose where to count people on the way, so that few points see the most, each once.

    Example:  mobility-geo monitor mali-2013-01 --new 5 --out points.gpkg

    Example:  mobility-geo monitor mali-2013-01 --under mali-2012-08 --criterion regret
    """
    as_json = output is Output.JSON
    _end(
        "monitor",
        lambda: monitor_command(
            scenario, out=out, new_points=new_points, aim=aim, existing=existing or [],
            candidates=candidates, rule=rule, when=when, under=under or [], plan=plan,
            criterion=criterion.value, alpha=alpha, gap=gap, time_limit_s=time_limit,
            as_json=as_json, quiet=quiet,
        ),
        as_json=as_json,
    )  # fmt: skip


@app.command("chokepoints")
def chokepoints(  # noqa: PLR0913
    scenario: Annotated[
        str,
        typer.Argument(help="Name of a built-in scenario, or path of a scenario file (.toml)."),
    ],
    *,
    out: Annotated[
        str | None, typer.Option("--out", help="GeoPackage to write; replaced when done.")
    ] = None,
    of: Annotated[
        str | None, typer.Option("--of", help="Only people at a place or in a zone: code or name.")
    ] = None,
    base: BaseOption = "movers",
    when: WhenOption = None,
    reopenings: Annotated[
        int | None,
        typer.Option("--reopenings", min=1, help="Also the best sets of up to so many."),
    ] = None,
    shapley: Annotated[
        bool, typer.Option("--shapley", help="Also the share of each disruption.")
    ] = False,
    orders: Annotated[
        int,
        typer.Option("--orders", min=2, help="Orders drawn for the shares, where there are many."),
    ] = 100,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of these draws.")] = 0,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Say what each road, crossing and node means to people, and what to reopen first.

    Examples:  mobility-geo chokepoints mali-2013-01 --out chokepoints.gpkg
               mobility-geo chokepoints mali-2013-01 --of Kidal --reopenings 3 --shapley
    """
    as_json = output is Output.JSON
    _end(
        "chokepoints",
        lambda: chokepoints_command(
            scenario, out=out, of=of, base=base, when=when, reopenings=reopenings,
            shapley=shapley, orders=orders, seed=seed, as_json=as_json, quiet=quiet,
        ),
        as_json=as_json,
    )  # fmt: skip


@app.command("intervals")
def intervals(  # noqa: PLR0913
    scenario: Annotated[
        str,
        typer.Argument(help="Name of a built-in scenario, or path of a scenario file (.toml)."),
    ],
    *,
    out: Annotated[
        str | None, typer.Option("--out", help="GeoPackage to write; replaced when done.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", help="Scenario to compare with, under the same draws."),
    ] = None,
    lift: Annotated[
        list[str] | None,
        typer.Option("--lift", help="Compare with this disruption lifted; more than once."),
    ] = None,
    draws: Annotated[int, typer.Option("--draws", min=2, help="So many draws at most.")] = 1000,
    precision: Annotated[
        float,
        typer.Option(
            "--precision",
            min=0,
            max=1,
            help="Stop once the standard error of the people who cannot reach is below this share "
            "of all people; 0: take all draws.",
        ),
    ] = 0.005,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same draws.")] = 0,
    correlation: Annotated[
        float,
        typer.Option(
            "--correlation", min=0, max=1, help="How far disruptions of one group fall together."
        ),
    ] = 1.0,
    people_correlation: Annotated[
        float,
        typer.Option(
            "--people-correlation",
            min=0,
            max=1,
            help="How far numbers of people are too low or too high together.",
        ),
    ] = 1.0,
    speed_error: Annotated[
        float,
        typer.Option(
            "--speed-error",
            min=0,
            max=2,
            help="Standard deviation of the logarithm of all speeds; 0: certain.",
        ),
    ] = 0.25,
    unreported_open: Annotated[
        float | None,
        typer.Option(
            "--unreported-open",
            min=0,
            max=1,
            help="Chance that an edge is open that nobody reported; else it is open.",
        ),
    ] = None,
    unreported_after: Annotated[
        int | None,
        typer.Option("--unreported-after", min=0, help="A report is too old after so many days."),
    ] = None,
    when: WhenOption = None,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Say how sure the headlines are: numbers of people, closures, speeds, unreported roads.

    Examples:  mobility-geo intervals mali-2013-01 --out sure.gpkg
               mobility-geo intervals mali-2013-01 --lift algeria-closed
               mobility-geo intervals mali-2013-01 --unreported-open 0.95 --draws 400
    """
    as_json = output is Output.JSON

    def do() -> None:
        from mobility_geo.outcomes import Uncertainty

        asked = Uncertainty(
            seed=seed, most_draws=draws, precision=precision or None, correlation=correlation,
            people_correlation=people_correlation, speed_error=speed_error,
            unreported_open=unreported_open, unreported_after_days=unreported_after,
        )  # fmt: skip
        intervals_command(
            scenario, out=out, against=against, lift=lift or [], when=when, uncertainty=asked,
            as_json=as_json, quiet=quiet,
        )  # fmt: skip

    _end("intervals", do, as_json=as_json)


@app.command("gaps")
def gaps(
    scenario: Annotated[
        str,
        typer.Argument(help="Name of a built-in scenario, or path of a scenario file (.toml)."),
    ],
    *,
    out: Annotated[
        str | None, typer.Option("--out", help="GeoPackage to write; replaced when done.")
    ] = None,
    base: BaseOption = "movers",
    older_than: Annotated[
        int | None,
        typer.Option(
            "--older-than", min=0, help="A report on an edge is too old after so many days."
        ),
    ] = None,
    speed_error: Annotated[
        float,
        typer.Option(
            "--speed-error",
            min=0,
            max=2,
            help="How far speeds may be off, as a standard deviation of the logarithm.",
        ),
    ] = 0.25,
    when: WhenOption = None,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
) -> None:
    """Say where to look next: what would move the headline most if it turned out otherwise.

    Example:  mobility-geo gaps mali-2013-01 --out gaps.gpkg
    """
    as_json = output is Output.JSON
    _end(
        "gaps",
        lambda: gaps_command(
            scenario, out=out, base=base, older_than=older_than, speed_error=speed_error,
            when=when, as_json=as_json, quiet=quiet,
        ),
        as_json=as_json,
    )  # fmt: skip


@app.command("explain")
def explain(
    scenario: Annotated[
        str,
        typer.Argument(help="Name of a built-in scenario, or path of a scenario file (.toml)."),
    ],
    place: Annotated[str, typer.Argument(help="Id, name or other spelling of a place.")],
    *,
    out: Annotated[
        str | None, typer.Option("--out", help="GeoPackage with the way; replaced when done.")
    ] = None,
    when: WhenOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Say why people at a place cannot leave, where their way breaks, and what would reopen it.

    Example:  mobility-geo explain mali-2013-01 Kidal --out kidal.gpkg
    """
    as_json = output is Output.JSON
    _end(
        "explain",
        lambda: explain_command(scenario, place, out=out, when=when, as_json=as_json),
        as_json=as_json,
    )


@app.command("compare")
def compare(
    before: Annotated[str, typer.Argument(help="Scenario: a name, or a path.")],
    after: Annotated[str, typer.Argument(help="Scenario; the same one for two days.")],
    *,
    when_before: Annotated[
        str | None, typer.Option("--when-before", help="Day of the first one.")
    ] = None,
    when_after: Annotated[
        str | None, typer.Option("--when-after", help="Day of the second one.")
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", help="GeoPackage to write; replaced when done.")
    ] = None,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No summary.")] = False,
) -> None:
    """Set two scenarios, days or networks side by side: who changed status, which flows moved.

    The people must be the same in both: groups, places and numbers.

    Example:  mobility-geo compare mali-2013-01 mali-2013-01 --when-before 2013-01-12
    """
    as_json = output is Output.JSON
    _end(
        "compare",
        lambda: compare_command(
            before, after, when_before=when_before, when_after=when_after, out=out,
            as_json=as_json, quiet=quiet,
        ),
        as_json=as_json,
    )  # fmt: skip


@app.command("access")
def access(
    scenario: Annotated[
        str,
        typer.Argument(help="Name of a built-in scenario, or path of a scenario file (.toml)."),
    ],
    *,
    out: Annotated[
        str | None, typer.Option("--out", help="File to write: .csv, .xlsx or .gpkg.")
    ] = None,
    base: BaseOption = "movers",
    everything: Annotated[
        bool, typer.Option("--everything", help="Also open segments that nobody passes.")
    ] = False,
    when: WhenOption = None,
    output: OutputOption = Output.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", help="No summary.")] = False,
) -> None:
    """Make the access table: segment, vehicle class, state, source, and who depends on it.

    Example:  mobility-geo access mali-2013-01 --out access.xlsx
    """
    as_json = output is Output.JSON
    _end(
        "access",
        lambda: access_command(
            scenario, out=out, base=base, everything=everything, when=when, as_json=as_json,
            quiet=quiet,
        ),
        as_json=as_json,
    )  # fmt: skip


def _end(command: str, work: Callable[[], int | None], *, as_json: bool) -> None:
    """Do the work, turn errors into a message and an exit code.

    Work that was done in part returns its exit code; it has said itself what is missing.

    Raises
    ------
    typer.Exit
        With the code, unless all went well.
    """
    try:
        code = work() or exits.SUCCESS
    except KeyboardInterrupt:
        _fail(command, exits.INTERRUPTED, ("interrupted",), as_json=as_json)
    except ConservationError as error:
        _fail(command, exits.CONSERVATION, (str(error),), as_json=as_json)
    except OutputError as error:
        _fail(command, exits.OUTPUT, (str(error),), as_json=as_json)
    except MobilityGeoError as error:
        problems = tuple(getattr(error, "problems", ())) or (str(error),)
        _fail(command, exits.INPUT, problems, as_json=as_json)
    except BrokenPipeError:
        # the reader of standard output went away, as `head` does
        sys.stderr.close()
        raise typer.Exit(exits.SUCCESS) from None
    except Exception as error:  # noqa: BLE001
        traceback.print_exc()
        _fail(command, exits.FAULT, (f"{type(error).__name__}: {error}",), as_json=as_json)
    else:
        if code:
            raise typer.Exit(code)


def _fail(command: str, code: int, problems: tuple[str, ...], *, as_json: bool) -> None:
    if len(problems) == 1:
        print(f"error: {problems[0]}", file=sys.stderr)
    else:
        print(f"error: {len(problems)} problems found", file=sys.stderr)
        for problem in problems:
            print(f"  - {problem}", file=sys.stderr)
    if as_json:
        print(envelope(command, "error", errors=problems, exit_code=code))
    raise typer.Exit(code)


def main() -> None:
    """Run the command line."""
    app()

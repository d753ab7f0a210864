"""`mobility-geo routes`: a route for each of many requests."""

import time
from typing import TYPE_CHECKING

from mobility_geo.cli import exits
from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import check_output_file, read_case
from mobility_geo.cli.run import shown_progress

if TYPE_CHECKING:
    from rich.console import Console

    from mobility_geo.batch import Routes

MOST_SHOWN = 12
"""So many requests without a route are told one by one."""


def routes_command(  # noqa: PLR0913
    requests: str,
    scenario: str,
    out: str,
    *,
    when: str | None,
    profile: str | None,
    nationality: str | None,
    kind: str | None,
    alternatives: int,
    overlap: float,
    gpx: str | None,
    csv: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Plan routes, write them, and say what has none.

    Parameters
    ----------
    requests
        Path of the table of requests.
    scenario
        Name of a built-in scenario, or path of a scenario file.
    out, gpx, csv
        Files to write; None: not that one.
    when, profile, nationality, kind
        For requests that do not say; None: those of the scenario.
    alternatives, overlap
        How many routes beside the quickest one, and what share they may have in common.
    as_json
        Print one JSON object on standard output instead of tables.
    quiet
        Neither progress nor tables.

    Returns
    -------
    int
        Exit code: `exits.PARTIAL` if a request has no route.
    """
    from rich.console import Console

    for file in (out, gpx, csv):
        if file is not None:
            check_output_file(file)
    talk = Console(stderr=True)
    started = time.perf_counter()
    if not quiet:
        talk.print(f"[bold]{scenario}[/]: reading", highlight=False)
    from mobility_geo.batch import plan_routes, write_routes
    from mobility_geo.batch.routes import check_targets

    case = read_case(scenario)
    check_targets(case, out, gpx=gpx, csv=csv)
    with shown_progress(talk, quiet=quiet) as progress:
        found = plan_routes(
            case, requests, when=when, profile=profile, nationality=nationality, kind=kind,
            alternatives=alternatives, overlap=overlap, progress=progress,
        )  # fmt: skip
        files = write_routes(found, out, gpx=gpx, csv=csv)
    seconds = time.perf_counter() - started
    unmet = len(found.unmet())
    code = exits.PARTIAL if unmet else exits.SUCCESS
    if as_json:
        data = {
            "scenario": case.name,
            "requests": len(found.requests),
            "planned": len(found.requests) - unmet,
            "without_route": unmet,
            "reasons": _reasons(found),
            "routes": len(found.routes),
            "legs": len(found.legs),
            "files": [str(file) for file in files],
            "seconds": round(seconds, 1),
            "settings": dict(found.settings),
        }
        print(envelope("routes", "partial" if unmet else "success", data=data, exit_code=code))
    elif not quiet:
        _print(Console(), found)
        print(f"{', '.join(str(file) for file in files)} ({seconds:.0f} s)")
        print("Modelled, not observed: that there is a route does not say that it is safe. The "
              "files are internal.")  # fmt: skip
    return code


def _reasons(found: "Routes") -> dict[str, int]:
    """Return how many requests have no route for which reason, most first."""
    counts = found.unmet()["reason"].value_counts()
    return {str(name): int(number) for name, number in counts.items()}


def _print(console: "Console", found: "Routes") -> None:
    unmet = found.unmet()
    planned = len(found.requests) - len(unmet)
    console.print(
        f"[bold]{planned:,} of {len(found.requests):,} requests have a route[/]; "
        f"{len(found.routes):,} routes in all", highlight=False,
    )  # fmt: skip
    for name, number in _reasons(found).items():
        console.print(f"  {number:,} without: {name.replace('_', ' ')}", highlight=False)
    for row in unmet.head(MOST_SHOWN).to_dict("records"):
        console.print(
            f"  {row['request_id']}: {row['origin_name']} to {row['destination_name']}, "
            f"{row['date']:%Y-%m-%d}, {row['profile']}: {row['explanation']}",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
    if len(unmet) > MOST_SHOWN:
        console.print(f"  ... and {len(unmet) - MOST_SHOWN:,} more: layer planned_requests",
                      style="dim")  # fmt: skip

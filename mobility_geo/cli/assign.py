"""`mobility-geo assign`: trips over a network, with congestion or without."""

import os
import sys
import time
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from mobility_geo.cli import exits
from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import check_output_file
from mobility_geo.errors import InputError, OutputError

if TYPE_CHECKING:
    import pandas as pd

    from mobility_geo.flows import AssignmentGraph, Equilibrium, LogitFlows, Progress, Trips

METHODS = ("equilibrium", "stochastic", "dial", "all-or-nothing")
LINES_EVERY_S = 1.0


def assign_command(  # noqa: PLR0913
    files: tuple[str, str],
    out: str,
    *,
    method: str,
    gap: float,
    theta: float | None,
    toll_factor: float | None,
    distance_factor: float | None,
    max_iterations: int,
    time_limit_s: float | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Assign the trips of a TNTP file to a TNTP network and write the flow of every link.

    Parameters
    ----------
    files
        Paths of the network and of the trips.
    out
        CSV file to write: from, to, flow, in the order of the network file.
    method
        One of `METHODS`.
    gap
        Relative gap to reach.
    theta
        Weight of cost in the logit methods, per unit of cost.
    toll_factor, distance_factor
        Cost of a unit of toll and of length; None: as the network file says.
    max_iterations, time_limit_s
        When to stop before the gap is reached.
    as_json
        Print one JSON object on standard output instead of a summary.
    quiet
        Neither progress nor summary.

    Returns
    -------
    int
        Exit code: partial if the gap was not reached, or somebody found no way.

    Raises
    ------
    InputError
        If the method is unknown, or a logit method has no theta.
    OutputError
        If `out` cannot be written, or is one of the files read.
    """
    if method not in METHODS:
        msg = f"--method must be one of {', '.join(METHODS)}, not {method!r}"
        raise InputError(msg)
    if method in {"stochastic", "dial"} and theta is None:
        msg = f"--method {method} needs --theta, per unit of cost, such as --theta 0.5"
        raise InputError(msg)
    place = _check_place(out, files)
    from mobility_geo.flows import AssignmentGraph, Trips
    from mobility_geo.sources import read_tntp_network, read_tntp_trips

    network, table = read_tntp_network(files[0]), read_tntp_trips(files[1])
    graph = AssignmentGraph.from_tntp(
        network, toll_factor=toll_factor, distance_factor=distance_factor
    )
    trips = Trips.from_tntp(table, network)
    warnings = [
        f"{file}: {row.check}, {row.id}: {row.finding}"
        for file, findings in ((network.file, network.findings), (table.file, table.findings))
        for row in findings.itertuples()
    ]
    told = None if quiet else _Lines()
    stop = {"max_iterations": max_iterations, "time_limit_s": time_limit_s, "progress": told}
    facts = _solve(graph, trips, method, gap=gap, theta=theta, stop=stop)
    lost = float(facts["unserved"])
    if lost > 0:
        warnings.append(f"{lost:g} trips have no way from their origin to their destination")
    if not facts["converged"]:
        warnings.append(
            f"stopped at a gap of {facts['gap']:.3g} before {gap:g} was reached; allow more "
            "with --max-iterations or --time-limit-s"
        )
    flows = network.links[["from", "to"]].assign(flow=facts.pop("flow"))
    _write(flows, place)
    code = exits.SUCCESS if facts["converged"] and not lost else exits.PARTIAL
    if as_json:
        data = {"out": out, "method": method, "links": len(flows), "pairs": len(trips), **facts}
        print(
            envelope(
                "assign", "success" if code == exits.SUCCESS else "partial", data=data,
                warnings=tuple(warnings), exit_code=code,
            )
        )  # fmt: skip
        return code
    for line in warnings:
        print(f"warning: {line}", file=sys.stderr)
    if not quiet:
        print(
            f"{out}: flows of {len(flows):,} links; {method}, relative gap {facts['gap']:.3g} "
            f"after {facts['iterations']} iterations, {facts['seconds']:.2f} s"
        )
        print(
            f"Beckmann objective {facts['objective']:.12g}, total cost {facts['total_cost']:.12g}"
        )
    return code


def _solve(
    graph: "AssignmentGraph",
    trips: "Trips",
    method: str,
    *,
    gap: float,
    theta: float | None,
    stop: dict[str, Any],
) -> dict[str, Any]:
    from mobility_geo import flows

    found: Equilibrium | LogitFlows
    if method == "equilibrium":
        found = flows.solve_equilibrium(graph, trips, gap=gap, **stop)
    elif method == "all-or-nothing":
        found = flows.load_all_or_nothing(graph, trips)
    elif method == "dial":
        found = flows.assign_dial(graph, trips, theta=theta or 0.0)
    else:
        found = flows.solve_stochastic(graph, trips, theta=theta or 0.0, gap=gap, **stop)
    used = found.flow > 0
    return {
        "flow": found.flow,
        "gap": float(found.gap),
        "gap_asked": gap,
        "converged": bool(found.converged),
        "iterations": found.iterations,
        "seconds": round(found.seconds, 4),
        "objective": graph.curves.integral(found.flow),
        "total_cost": float((found.flow[used] * found.cost[used]).sum()),
        "unserved": float(found.unserved.sum()),
    }


class _Lines:
    """Prints how far it has come, every second."""

    def __init__(self) -> None:
        self.time = time.monotonic()

    def __call__(self, now: "Progress", /) -> None:
        clock = time.monotonic()
        if clock - self.time > LINES_EVERY_S:
            self.time = clock
            print(
                f"iteration {now.iteration}: gap {now.gap:.2e}, {now.seconds:.0f} s",
                file=sys.stderr,
                flush=True,
            )


def _check_place(out: str, files: tuple[str, str]) -> Path:
    """Check that a file can be written, before minutes of work for it.

    Raises
    ------
    OutputError
        If it cannot be, or is one of the files read.
    """
    check_output_file(out)
    if Path(out).resolve() in {Path(file).resolve() for file in files}:
        msg = f"{out}: is one of the files that are read; take another name"
        raise OutputError(msg)
    return Path(out)


def _write(table: "pd.DataFrame", place: Path) -> None:
    """Write a table as CSV, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from mobility_geo.geopackage import failure_reason, sync

    part: Path | None = None
    try:
        with NamedTemporaryFile(
            "w", dir=place.absolute().parent, prefix=f".{place.name}.", suffix=".partial",
            delete=False, encoding="utf-8", newline="",
        ) as file:  # fmt: skip
            part = Path(file.name)
            table.to_csv(file, index=False, lineterminator="\n")
        mask = os.umask(0)
        os.umask(mask)
        part.chmod(0o666 & ~mask)
        sync(part)
        part.replace(place)
    except OSError as error:
        msg = f"{place}: could not be written: {failure_reason(error, place.absolute().parent)}"
        raise OutputError(msg) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)

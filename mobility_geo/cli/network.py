"""`mobility-geo network`: build a network from files, look for faults, say what is in it."""

from pathlib import Path
from typing import TYPE_CHECKING

from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import check_output_file
from mobility_geo.cli.run import shown_progress
from mobility_geo.errors import OutputError

if TYPE_CHECKING:
    import geopandas as gpd
    from rich.console import Console

    from mobility_geo.network import Network

MOST_ROWS = 15


def build_command(config: str, out: str, *, as_json: bool, quiet: bool) -> None:
    """Build a network and write it, with its findings, to a GeoPackage.

    Parameters
    ----------
    config
        Path of the network file (TOML).
    out
        GeoPackage to write.
    as_json
        Print one JSON object on standard output instead of tables.
    quiet
        Neither progress nor tables.

    Raises
    ------
    OutputError
        If `out` cannot be written, or is one of the input files, before any work is done.
    """
    from rich.console import Console

    talk = Console(stderr=True)
    check_output_file(out)
    from mobility_geo.batch.build import build_from_config, input_files
    from mobility_geo.export import write_audited_network

    if Path(out).resolve() in {file.resolve() for file in input_files(config)}:
        msg = f"{out}: is one of the files that the network is built from; take another name"
        raise OutputError(msg)
    with shown_progress(talk, quiet=quiet) as progress:
        built = build_from_config(
            config, progress=lambda step, done: progress(step, 0.95 * done) if done < 1 else None
        )
        progress("Writing", 0.95)
        write_audited_network(built.network, out, built.findings, built.more)
        progress("Done", 1.0)
    licences = list(dict.fromkeys(f"{one.file}: {one.licence}" for one in built.readings))
    if as_json:
        data = {
            "out": out,
            **network_numbers(built.network),
            "findings": _counts(built.findings),
            "readings": [
                {"file": one.file, "publisher": one.publisher, "rows_read": one.rows_read,
                 "rows_kept": one.rows_kept, "licence": one.licence, "columns": dict(one.columns)}
                for one in built.readings
            ],
        }  # fmt: skip
        print(envelope("network build", "success", data=data))
        return
    if quiet:
        return
    console = Console()
    for one in built.readings:
        print(one.words()[0])
    _print_numbers(console, built.network)
    _print_findings(console, built.findings)
    for line in licences:
        talk.print(f"licence: {line}", highlight=False, soft_wrap=True)
    print(f"\n{out}: open it in QGIS; the layer 'findings' is on top")


def audit_command(network: str, out: str | None, *, as_json: bool) -> None:
    """List what may be wrong with a network.

    Parameters
    ----------
    network
        Path of a network GeoPackage, or ``sahel`` for the built-in one.
    out
        GeoPackage for the findings; None: only printed.
    as_json
        Print one JSON object.

    Raises
    ------
    OutputError
        If `out` cannot be written, or is the network itself.
    """
    from rich.console import Console

    if out is not None:
        check_output_file(out)
        if Path(out).resolve() == Path(network).resolve():
            msg = f"{out}: is the network itself, which findings would replace; take another name"
            raise OutputError(msg)
    from mobility_geo.network import audit_network

    findings = audit_network(open_network(network))
    if out is not None:
        from mobility_geo.export import findings_layer
        from mobility_geo.geopackage import write_geopackage

        write_geopackage(out, [findings_layer(findings)], crs=4326, title="Findings")
    if as_json:
        import pandas as pd

        rows = pd.DataFrame(findings.drop(columns="geometry")).to_json(orient="records")
        import json

        data = {"network": network, "out": out, "findings": json.loads(rows)}
        print(envelope("network audit", "success", data=data))
        return
    _print_findings(Console(), findings)
    if out is not None:
        print(f"\n{out}: open it in QGIS over the network")


def info_command(network: str, *, as_json: bool) -> None:
    """Say what is in a network.

    Parameters
    ----------
    network
        Path of a network GeoPackage, or ``sahel`` for the built-in one.
    as_json
        Print one JSON object.
    """
    from rich.console import Console

    opened = open_network(network)
    if as_json:
        data = {"network": network, **network_numbers(opened)}
        print(envelope("network info", "success", data=data))
        return
    _print_numbers(Console(), opened)


def open_network(name: str) -> "Network":
    """Return a network by its path, or the built-in one by its name.

    Parameters
    ----------
    name
        Path of a GeoPackage, or ``sahel``.

    Returns
    -------
    Network
        Checked.
    """
    from mobility_geo.network import read_network

    if name == "sahel" and not Path(name).exists():
        from mobility_geo.datasets import load_mali

        return load_mali().network
    return read_network(name)


def network_numbers(network: "Network") -> dict[str, object]:
    """Return what is in a network, in numbers, by name.

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    dict
        Ready for JSON.
    """
    edges, places = network.edges, network.places
    by_kind = edges.groupby("kind")["length_m"].agg(["count", "sum"])
    west, south, east, north = network.nodes.to_crs(4326).total_bounds
    attached = places["place_id"].isin(network.accesses["place_id"])
    people = places["population_persons"].fillna(0)
    return {
        "name": network.name,
        "bounds_lonlat": [round(float(v), 4) for v in (west, south, east, north)],
        "crs": network.crs.name,
        "nodes": len(network.nodes),
        "edges": {str(kind): {"edges": int(row["count"]), "km": round(float(row["sum"]) / 1000, 1)}
                  for kind, row in by_kind.iterrows()},
        "zones": len(network.zones),
        "crossings": {"official": int(network.crossings["official"].sum()),
                      "informal": int((~network.crossings["official"]).sum())},
        "places": len(places),
        "places_attached": int(attached.sum()),
        "residents_persons": round(float(people.sum())),
        "residents_attached_persons": round(float(people[attached].sum())),
        "profiles": network.profiles["profile"].tolist(),
        "content_hash": network.content_hash(),
    }  # fmt: skip


def _print_numbers(console: "Console", network: "Network") -> None:
    from rich.table import Table

    numbers = network_numbers(network)
    table = Table(title=f"Network {network.name}", title_justify="left", box=None,
                  show_header=False)  # fmt: skip
    edges, posts = numbers["edges"], numbers["crossings"]
    if not isinstance(edges, dict) or not isinstance(posts, dict):
        return
    for kind, row in edges.items():
        table.add_row(f"{kind} edges", f"{row['edges']:,}", f"{row['km']:,.0f} km")
    table.add_row("nodes", f"{numbers['nodes']:,}")
    table.add_row("crossings", f"{posts['official']:,} official", f"{posts['informal']:,} informal")
    table.add_row("zones", f"{numbers['zones']:,}")
    table.add_row("places", f"{numbers['places']:,}", f"{numbers['places_attached']:,} attached")
    table.add_row("residents", f"{numbers['residents_persons']:,}",
                  f"{numbers['residents_attached_persons']:,} attached")  # fmt: skip
    console.print(table)


def _counts(findings: "gpd.GeoDataFrame") -> list[dict[str, object]]:
    grouped = findings.groupby(["severity", "check"], sort=False)
    return [
        {"severity": str(severity), "check": str(check), "findings": len(rows),
         "persons": int(rows["persons"].sum()), "first": str(rows["finding"].iloc[0])}
        for (severity, check), rows in grouped
    ]  # fmt: skip


def _print_findings(console: "Console", findings: "gpd.GeoDataFrame") -> None:
    from rich.table import Table

    if not len(findings):
        console.print("Nothing was found that may be wrong.")
        return
    table = Table(title="Findings", title_justify="left", title_style="bold", box=None)
    for name, right in (("severity", False), ("check", False), ("findings", True),
                        ("residents touched", True), ("the first", False)):  # fmt: skip
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    counts = _counts(findings)
    for row in counts[:MOST_ROWS]:
        table.add_row(
            str(row["severity"]), str(row["check"]), f"{row['findings']:,}", f"{row['persons']:,}",
            str(row["first"]),
        )  # fmt: skip
    console.print(table)
    if len(counts) > MOST_ROWS:
        console.print(f"... and {len(counts) - MOST_ROWS} more kinds", style="dim")

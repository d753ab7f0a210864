"""`mobility-geo od`: estimate who goes from where to where."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mobility_geo.cli.envelope import envelope
from mobility_geo.cli.files import check_output_file, read_case
from mobility_geo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from mobility_geo.flows import ODEstimate

MOST_ACROSS = 8
MOST_DOWN = 15


def estimate_command(
    out: str,
    *,
    as_json: bool,
    quiet: bool,
    aliases: list[str],
    layers: str | None = None,
    **options: Any,  # noqa: ANN401
) -> None:
    """Estimate an OD matrix and write it.

    Parameters
    ----------
    out
        File for the table.
    as_json
        Print one JSON object on standard output instead of a matrix.
    quiet
        Print nothing but errors.
    aliases
        ``name=id``: what names of the files mean.
    layers
        GeoPackage to write, too; None: none.
    **options
        Fields of `mobility_geo.batch.od.ODRequest`.

    Raises
    ------
    InputError
        If layers are asked for without a scenario.
    """
    if layers is not None:
        check_output_file(layers)
        if not options.get("scenario"):
            msg = "--layers needs --scenario: places are known by it"
            raise InputError(msg)
    from rich.console import Console

    from mobility_geo.batch.od import (
        ODRequest,
        check_od_place,
        describe_od,
        estimate_od,
        flow_records,
        with_today,
        write_od,
    )

    pairs = alias_pairs(aliases)
    request = with_today(replace(ODRequest(**options), aliases=pairs))
    check_od_place(out)
    estimate, notes = estimate_od(request)
    about = describe_od(estimate, request, notes)
    files = [str(file) for file in write_od(estimate, about, out)]
    if layers is not None:
        from mobility_geo.export.flows import write_od_layers

        case = read_case(str(request.scenario))
        files.append(str(write_od_layers(case, estimate, layers, request.when)))
    if as_json:
        data = {**about, "files": files, "flows": flow_records(estimate)}
        print(envelope("od estimate", "success", data=data, warnings=estimate.warnings))
        return
    if quiet:
        return
    talk = Console(stderr=True)
    for line in notes:
        talk.print(line, style="dim", highlight=False, soft_wrap=True, markup=False)
    _print_matrix(Console(), estimate)
    for warning in estimate.warnings:
        talk.print(f"note: {warning}", highlight=False, soft_wrap=True, markup=False)
    print(f"\n{', '.join(files)}")
    print("Estimated, not observed. Internal: small numbers can point at people.")


def alias_pairs(aliases: "Iterable[str]") -> dict[str, str]:
    """Return what names of a file mean.

    Parameters
    ----------
    aliases
        ``name=id``.

    Returns
    -------
    dict
        Ids by name.

    Raises
    ------
    InputError
        If an alias is not of that form.

    Examples
    --------
    >>> alias_pairs(["Tombouctou=timbuktu"])
    {'Tombouctou': 'timbuktu'}
    """
    wrong = [one for one in aliases if "=" not in one]
    if wrong:
        msg = f"--alias must be NAME=ID, not {', '.join(map(repr, wrong))}"
        raise InputError(msg)
    return dict(one.split("=", 1) for one in aliases)


def _print_matrix(console: "Console", estimate: "ODEstimate") -> None:
    """Print the matrix with its sums, what was moved, and the numbers of the model."""
    from rich.table import Table

    matrix = estimate.matrix()
    shown = matrix.iloc[:MOST_DOWN, :MOST_ACROSS]
    table = Table(title=f"People, {estimate.method}", title_justify="left", box=None)
    table.add_column("from / to", overflow="fold")
    for head in shown.columns:
        table.add_column(str(head), justify="right", overflow="fold")
    table.add_column("all", justify="right", style="bold")
    leaving = matrix.sum(axis=1).tolist()
    for name, row, whole in zip(shown.index, shown.to_numpy(), leaving, strict=False):
        table.add_row(str(name), *(f"{value:,.1f}" for value in row), f"{whole:,.1f}")
    sums = matrix.sum()[list(shown.columns)]
    table.add_row("all", *(f"{v:,.1f}" for v in sums), f"{estimate.persons():,.1f}", style="bold")
    console.print(table)
    if shown.shape != matrix.shape:
        n, m = matrix.shape
        console.print(f"... {n} origins and {m} destinations in all", style="dim")
    if len(estimate.relaxed):
        moved = Table(title="Moved, because margins contradict each other",
                      title_justify="left", box=None)  # fmt: skip
        for head in ("margin", "before", "after"):
            moved.add_column(head, justify="left" if head == "margin" else "right")
        for one in estimate.relaxed.itertuples():
            moved.add_row(f"{one.side} {one.zone_id}, {one.end}", f"{one.before_persons:,.1f}",
                          f"{one.after_persons:,.1f}")  # fmt: skip
        console.print(moved)
    if estimate.parameters:
        words = ", ".join(f"{word} {value:,.5g}" for word, value in estimate.parameters.items())
        console.print(words, highlight=False, soft_wrap=True)

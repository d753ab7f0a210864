"""Chokepoints, explanations, comparisons and the access table as files: styled, internal."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from mobility_geo.errors import InputError, OutputError
from mobility_geo.export.columns import describe
from mobility_geo.export.internal import internal_layer, plain_table
from mobility_geo.export.layers import ground_layers
from mobility_geo.export.notice import NOTICE
from mobility_geo.export.qml import (
    Category,
    Style,
    categorised,
    labels,
    line,
    marker,
    scaled,
    symbol,
)
from mobility_geo.export.styles import BLUE, GREEN, GREY, ORANGE, RED, people_symbol
from mobility_geo.export.tables import write_table
from mobility_geo.geopackage import Layer, write_geopackage
from mobility_geo.outcomes.chokepoints import Chokepoints
from mobility_geo.outcomes.compare import Comparison
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.outcomes.explain import Explanation
from mobility_geo.scenario import Case
from mobility_geo.schema import (
    ACCESS_TABLE,
    CHOKEPOINTS,
    EXPLAINED_WAYS,
    FLOW_CHANGES,
    REOPENINGS,
    SHAPLEY_SHARES,
)

TABLE_SUFFIXES: Final = (".csv", ".xlsx", ".gpkg")


def chokepoint_layers(case: Case, found: Chokepoints) -> list[Layer]:
    """Return chokepoints as layers of a result file.

    Parameters
    ----------
    case
        The question.
    found
        From `find_chokepoints`.

    Returns
    -------
    list of Layer
        ``chokepoint_nodes``, ``chokepoint_crossings`` and ``chokepoint_edges``.

    Raises
    ------
    InputError
        If the case is for the public.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.chokepoints import find_chokepoints
    >>> [layer.name for layer in chokepoint_layers(load_toy(), find_chokepoints(load_toy()))]
    ['chokepoint_nodes', 'chokepoint_crossings', 'chokepoint_edges']
    """
    refuse_public(case, "Chokepoints")
    network = case.network
    layers = []
    for thing, frame, column, kind in (
        ("node", network.nodes, "node_id", "Point"),
        ("crossing", network.crossings, "crossing_id", "Point"),
        ("edge", network.edges, "edge_id", "LineString"),
    ):
        rows = found.table[(found.table["thing"] == thing).to_numpy(dtype=bool)]
        at = pd.Index(frame[column]).get_indexer(pd.Index(rows["id"]))
        shapes = frame.geometry.to_numpy()[at]
        layer = gpd.GeoDataFrame(rows.reset_index(drop=True), geometry=shapes, crs=network.crs)
        look = _line_look(layer) if thing == "edge" else _point_look(layer, thing)
        name = {"node": "nodes", "crossing": "crossings", "edge": "edges"}[thing]
        layers.append(
            internal_layer(f"chokepoint_{name}", f"Chokepoints: {name}", layer, CHOKEPOINTS, look,
                   "LineString" if kind == "LineString" else "Point")
        )  # fmt: skip
    return layers


def write_chokepoints(
    case: Case,
    found: Chokepoints,
    path: str | Path,
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> Path:
    """Write chokepoints to a GeoPackage that opens styled.

    Parameters
    ----------
    case
        The question.
    found
        From `find_chokepoints`.
    path
        The file; replaced as a whole, or left as it was.
    tables
        Further tables by name: ``reopenings``, ``shapley_shares``, ``region_cuts``.

    Returns
    -------
    pathlib.Path
        The file, with the layers ``chokepoint_edges``, ``chokepoint_crossings`` and
        ``chokepoint_nodes``.

    Raises
    ------
    InputError
        If the case is for the public.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.chokepoints import find_chokepoints
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_chokepoints(load_toy(), find_chokepoints(load_toy()), f"{folder}/a.gpkg").name
    'a.gpkg'
    """
    layers = chokepoint_layers(case, found)
    schemas = {"reopenings": REOPENINGS, "shapley_shares": SHAPLEY_SHARES}
    for name, table in (tables or {}).items():
        layers.append(plain_table(name, table, *([schemas[name]] if name in schemas else [])))
    layers += ground_layers(case, found.when)
    return write_geopackage(path, layers, title=f"{case.title or case.name}: chokepoints",
                            abstract=NOTICE)  # fmt: skip


def write_explanation(
    case: Case, told: Explanation, ways: gpd.GeoDataFrame, words: tuple[str, ...], path: str | Path
) -> Path:
    """Write an explanation, in words and as ways, to a GeoPackage that opens styled.

    Parameters
    ----------
    case
        The question.
    told
        From `explain`.
    ways
        From `explain_on_map`.
    words
        From `what_reopens`.
    path
        The file; replaced as a whole, or left as it was.

    Returns
    -------
    pathlib.Path
        The file, with the layer ``explained_ways`` and the table ``explanation``.

    Raises
    ------
    InputError
        If the case is for the public.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.explain import explain, explain_on_map
    >>> case, place = load_toy(), "Northtown"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     told, ways = explain(case, place), explain_on_map(case, place)
    ...     write_explanation(case, told, ways, (), f"{folder}/a.gpkg").name
    'a.gpkg'
    """
    refuse_public(case, "An explanation")
    categories = [
        Category(value=value, label=label, symbol=symbol("line", look))
        for value, label, look in (
            ("usual broken", "closed today", line(RED, width=1.6)),
            ("usual open", "usual way: they get so far", line(BLUE, width=1.0)),
            ("usual beyond", "usual way, behind the break", line(GREY, width=0.8, dash=(2, 1.2))),
            ("today open", "way of today", line(GREEN, width=0.9, dash=(4, 1.2))),
        )
    ]
    frame = ways.copy()
    frame.insert(0, "map_class", frame["way"] + " " + frame["part"])
    style = Style(
        renderer=categorised("map_class", categories), title='"edge_id"',
        map_tip='<b>[% "edge_id" %]</b>: [% "map_class" %]<br>'
        "[% coalesce(\"disruption_ids\",'') %]",
    )  # fmt: skip
    layers = [
        internal_layer("explained_ways", f"Ways from {told.place_name}", frame, EXPLAINED_WAYS,
                       style, "LineString"),
        plain_table("explanation",
                    pd.DataFrame({"sentence": [*told.sentences, *words]}, dtype="str")),
    ]  # fmt: skip
    layers += ground_layers(case, told.when)
    return write_geopackage(path, layers, title=f"Why {told.place_name}?", abstract=NOTICE)


def write_comparison(found: Comparison, path: str | Path) -> Path:
    """Write a comparison to a GeoPackage that opens styled.

    Parameters
    ----------
    found
        From `compare_cases`.
    path
        The file; replaced as a whole, or left as it was.

    Returns
    -------
    pathlib.Path
        The file, with the layers ``changed_movers`` and ``changed_residents`` (each only if some
        changed) and ``flow_changes``, and the tables ``status_changes``, ``status_summary`` and
        ``crossing_changes``.

    Raises
    ------
    InputError
        If a case is for the public.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.compare import compare_cases
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_comparison(compare_cases(load_toy(), load_toy()), f"{folder}/a.gpkg").name
    'a.gpkg'
    """
    for case in (found.before, found.after):
        refuse_public(case, "A comparison place by place")
    layers = [
        *_changed_layers(found.places()),
        _flow_layer(found),
        plain_table("status_summary", found.summary()),
        plain_table("status_changes", found.statuses),
        plain_table("crossing_changes", found.crossing_flows, FLOW_CHANGES),
    ]
    layers += ground_layers(found.after, found.when_after)
    title = (
        f"{found.before.name} on {found.when_before} and {found.after.name} on {found.when_after}"
    )
    return write_geopackage(path, layers, title=title, abstract=NOTICE)


def write_access_table(case: Case, table: gpd.GeoDataFrame, path: str | Path) -> Path:
    """Write the access table as CSV, as a workbook, or as a layer, by the ending of the file.

    Parameters
    ----------
    case
        The question.
    table
        From `access_table`.
    path
        A file that ends with ``.csv``, ``.xlsx`` or ``.gpkg``.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        If the case is for the public, or the ending is another one.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.access_table import access_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_access_table(load_toy(), access_table(load_toy()), f"{folder}/a.csv").name
    'a.csv'
    """
    refuse_public(case, "The access table")
    file = check_suffix(path, TABLE_SUFFIXES)
    plain = pd.DataFrame(table.drop(columns="geometry"))
    if file.suffix.lower() == ".gpkg":
        return write_geopackage(file, [_access_layer(table)], abstract=NOTICE,
                                title=f"{case.title or case.name}: access")  # fmt: skip
    write: Callable[[pd.DataFrame, Path], object] = (
        write_table if file.suffix.lower() == ".csv" else _write_workbook
    )
    part = file.with_name(f".{file.stem}.part{file.suffix}")
    try:
        write(plain, part)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        msg = f"{path}: could not be written: {error.strerror or error}"
        raise OutputError(msg) from error
    return file


def check_suffix(path: str | Path, suffixes: tuple[str, ...]) -> Path:
    """Return a path whose ending says what to write.

    Parameters
    ----------
    path
        The file.
    suffixes
        Endings that are known.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        If it ends otherwise.

    Examples
    --------
    >>> check_suffix("a.GPKG", (".gpkg",)).name
    'a.GPKG'
    """
    file = Path(path)
    if file.suffix.lower() not in suffixes:
        msg = f"{path}: must end with {' or '.join(suffixes)}: the ending says what to write"
        raise InputError(msg)
    return file


def _write_workbook(table: pd.DataFrame, path: Path) -> None:
    words = describe([str(name) for name in table.columns], ACCESS_TABLE)
    shown = table.copy()
    for name in ("since", "until", "last_verified"):
        shown[name] = shown[name].dt.date
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        shown.to_excel(book, sheet_name="access", index=False, freeze_panes=(1, 3))
        pd.DataFrame(
            [(name, *words[name]) for name in words], columns=["column", "in words", "meaning"]
        ).to_excel(book, sheet_name="columns", index=False)
        pd.DataFrame({"read this": [NOTICE]}).to_excel(book, sheet_name="notice", index=False)


# ------------------------------------------------------------------ layers and their looks
_TIP: Final = (
    '<b>[% "label" %]</b><br>[% format_number("through_persons",0) %] people pass, '
    '[% format_number("every_way_persons",0) %] of them have no other way<br>'
    "if it closed: [% coalesce(format_number(\"reach_change_persons\",0),'not told') %] who "
    "reach, [% coalesce(format_number(\"change_person_h\",0),'not told') %] person-hours"
)


def _classes(frame: gpd.GeoDataFrame) -> None:
    """Say of each thing what its closure would do first of all."""
    frame.insert(0, "map_class", np.select(
        [frame["every_way_persons"] > 0, frame["lost_persons"].fillna(0) > 0],
        ["only way", "lost"], "detour",
    ))  # fmt: skip
    frame["map_class"] = frame["map_class"].astype("str")


_CLASSES: Final = (
    ("only way", "some people have no other way", RED),
    ("lost", "some people would no longer reach", ORANGE),
    ("detour", "people would lose time only", BLUE),
)


def _line_look(frame: gpd.GeoDataFrame) -> Style:
    _classes(frame)
    largest = float(max([1, *frame["through_persons"]]))
    width = scaled("through_persons", largest, 0.4, 3.5)
    return Style(
        renderer=categorised(
            "map_class",
            [Category(value=value, label=label,
                      symbol=symbol("line", line(colour, width_expression=width)))
             for value, label, colour in _CLASSES],
        ),
        labels=labels('"label"', placement="line", size=7, show='"every_way_persons">0'),
        title='"label"', map_tip=_TIP,
    )  # fmt: skip


def _point_look(frame: gpd.GeoDataFrame, thing: str) -> Style:
    _classes(frame)
    largest = float(max([1, *frame["through_persons"]]))
    size = scaled("through_persons", largest, 1.5, 7.0)
    shape = "square" if thing == "crossing" else "circle"
    return Style(
        renderer=categorised(
            "map_class",
            [Category(value=value, label=label, symbol=symbol("marker", marker(
                shape, colour, size_expression=size, outline="#ffffff", outline_width=0.2)))
             for value, label, colour in _CLASSES],
        ),
        labels=labels('"label"', placement="point", size=7, show='"every_way_persons">0'),
        title='"label"', map_tip=_TIP,
    )  # fmt: skip


def _changed_layers(places: gpd.GeoDataFrame) -> list[Layer]:
    """Return movers above residents, each with a shape of its own: they are never added up."""
    layers = []
    for base in ("movers", "residents"):
        rows = places[(places["base"] == base).to_numpy(dtype=bool)].reset_index(drop=True)
        if not len(rows):
            continue
        size = scaled("changed_persons", float(max(rows["changed_persons"])), 2.0, 9.0)
        style = Style(
            renderer=categorised("change", [
                Category(
                    value=value, label=f"{base}: {label}",
                    symbol=people_symbol(base, colour, size),
                )
                for value, label, colour in (
                    ("lost", "could reach before, cannot now", RED),
                    ("regained", "could not before, can now", GREEN),
                    ("other", "changed otherwise", GREY),
                )
            ]),
            title='"name"',
            labels=labels('"name"', placement="point", size=7) if base == "movers" else None,
            map_tip=f'<b>[% "name" %]</b>: [% format_number("changed_persons",0) %] {base}, '
            '[% "change" %]',
        )  # fmt: skip
        title = f"Which {base} changed status"
        layers.append(internal_layer(f"changed_{base}", title, rows, None, style, "Point"))
    return layers


def _flow_layer(found: Comparison) -> Layer:
    """Return the edges whose flow changed, wherever they are found."""
    rows = found.edge_flows[(found.edge_flows["change_persons"] != 0).to_numpy(dtype=bool)]
    crs = found.after.network.crs
    shapes = pd.concat(
        [
            case.network.edges.to_crs(crs).set_index("edge_id").geometry
            for case in (found.after, found.before)
        ]
    )
    shapes = shapes[~shapes.index.duplicated()]
    frame = gpd.GeoDataFrame(
        rows.reset_index(drop=True), geometry=shapes.loc[rows["edge_id"]].to_numpy(), crs=crs
    )
    change = np.where(frame["change_persons"] > 0, "more", "fewer").astype(object)
    frame.insert(0, "change", change)
    frame["change"] = frame["change"].astype("str")
    frame.insert(1, "size_persons", frame["change_persons"].abs())
    largest = float(max([1, *frame["size_persons"]]))
    width = scaled("size_persons", largest, 0.4, 3.5)
    first = frame["rule"].min() if len(frame) else "least_time"
    style = Style(
        renderer=categorised(
            "change",
            [Category(value=value, label=label,
                      symbol=symbol("line", line(colour, width_expression=width)))
             for value, label, colour in (("more", "more people than before", ORANGE),
                                          ("fewer", "fewer people than before", BLUE))],
        ),
        labels=labels('format_number("change_persons",0)', placement="line", size=7,
                      show=f"\"rule\"='{first}'"),
        title='"edge_id"',
        map_tip='<b>[% "edge_id" %]</b> ([% "rule" %]): [% "before_persons" %] before, '
        '[% "after_persons" %] after',
    )  # fmt: skip
    return internal_layer(
        "flow_changes", "Which flows moved", frame, FLOW_CHANGES, style, "LineString"
    )


def _access_layer(table: gpd.GeoDataFrame) -> Layer:
    looks = (
        ("closed", "closed", RED), ("partly_closed", "closed to some, or one way", ORANGE),
        ("riskier", "riskier", "#e8743b"), ("slower", "slower", "#eba94a"),
        ("out_of_season", "out of season", "#8c510a"), ("open", "open", GREEN),
    )  # fmt: skip
    style = Style(
        renderer=categorised(
            "state",
            [Category(value=value, label=label, symbol=symbol("line", line(colour, width=0.9)))
             for value, label, colour in looks],
        ),
        labels=labels('"ref"', placement="line", size=7, show='"ref" is not null'),
        title='"segment"',
        map_tip='<b>[% "segment" %]</b>, [% "vehicle" %]: [% "state" %]<br>'
        '[% format_number("usual_persons",0) %] people on a normal day, '
        '[% format_number("today_persons",0) %] now<br>[% "source" %]',
    )  # fmt: skip
    return internal_layer("access_table", "Access by segment and vehicle", table, ACCESS_TABLE,
                          style, "LineString")  # fmt: skip

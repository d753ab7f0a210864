"""A network file to look at in QGIS: its layers styled, with what was found and changed on top."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from mobility_geo.export.qml import (
    Category,
    Style,
    Symbol,
    categorised,
    fill,
    labels,
    line,
    marker,
    single,
    symbol,
)
from mobility_geo.export.styles import nodes as node_style
from mobility_geo.export.styles import with_aliases
from mobility_geo.geopackage import Layer
from mobility_geo.network import Network
from mobility_geo.network.file import write_network
from mobility_geo.schema import FINDINGS

SEVERITY_LOOKS: Final = (
    ("error", "wrong: an answer from it would be", "triangle", "#b2182b", 3.4),
    ("warning", "changed, left out or doubtful", "diamond", "#ef8a62", 2.8),
    ("note", "to know", "circle", "#67a9cf", 2.0),
)
KIND_LOOKS: Final = (
    ("road", "Road", "#6b6459", 0.5, None),
    ("track", "Track", "#9b8f7a", 0.4, (1.6, 0.9)),
    ("river", "River", "#6fa8c9", 0.9, None),
    ("ferry", "Ferry", "#2b7bba", 0.6, (2.0, 1.0)),
    ("walk", "On foot", "#4d9221", 0.4, (0.6, 0.8)),
    ("corridor", "Corridor of herds", "#8c510a", 0.4, (0.6, 0.8)),
    ("crossing", "Border crossing", "#762a83", 1.0, None),
    ("transfer", "Landing", "#777777", 0.3, None),
)


def write_audited_network(
    network: Network,
    path: str | Path,
    findings: gpd.GeoDataFrame,
    more: Mapping[str, pd.DataFrame] | None = None,
) -> Path:
    """Write a network with its findings, styled: open it in QGIS and look.

    Parameters
    ----------
    network
        The network.
    path
        GeoPackage; replaced as a whole, or left as it was.
    findings
        From `audit_network` and from readers; schema `mobility_geo.schema.FINDINGS`.
    more
        Further tables by name, such as ``topology_changes``.

    Returns
    -------
    pathlib.Path
        The file; `read_network` reads it as any other.

    Raises
    ------
    OutputError
        If it cannot be written; nothing half-written stays behind.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.network import audit_network, read_network
    >>> network = load_toy().network
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_audited_network(network, f"{folder}/toy.gpkg", audit_network(network))
    ...     read_network(file).content_hash() == network.content_hash()
    True
    """
    layers = [findings_layer(findings)]
    for name, table in (more or {}).items():
        if len(table):
            layers.append(Layer(name=name, frame=table, title=name.replace("_", " ").capitalize()))
    return write_network(network, path, more=layers, styles=network_styles())


def findings_layer(findings: gpd.GeoDataFrame) -> Layer:
    """Return findings as a layer that opens styled.

    Parameters
    ----------
    findings
        Schema `mobility_geo.schema.FINDINGS`.

    Returns
    -------
    Layer
        For `mobility_geo.geopackage.write_geopackage`.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.network import audit_network
    >>> findings_layer(audit_network(load_toy().network)).name
    'findings'
    """
    aliases = {
        column.name: f"{column.name} ({column.unit})" if column.unit else column.name
        for column in FINDINGS.columns
    }
    return Layer(
        name=FINDINGS.name, frame=findings, title="Findings", abstract=FINDINGS.meaning,
        columns={column.name: (aliases[column.name], column.meaning)
                 for column in FINDINGS.columns},
        style=with_aliases(findings_style(), aliases), geometry_type="Point",
    )  # fmt: skip


def findings_style() -> Style:
    """Return the look of findings: shape and colour by severity, named from near by.

    Returns
    -------
    Style
        With a map tip that tells what was found, and how many people it could touch.

    Examples
    --------
    >>> "to know" in findings_style().qml()
    True
    """
    categories = [
        Category(
            value=value, label=label,
            symbol=symbol("marker", marker(shape, colour, size=size, outline="#ffffff",
                                           outline_width=0.2)),
        )
        for value, label, shape, colour, size in SEVERITY_LOOKS
    ]  # fmt: skip
    return Style(
        renderer=categorised("severity", categories),
        labels=labels('"check"', placement="point", size=7, show="@map_scale<500000"),
        title='"check" || \': \' || "id"',
        map_tip=(
            '<b>[% "check" %]</b> ([% "severity" %]): [% "table" %] [% "id" %]<br>'
            '[% "finding" %]<br>[% CASE WHEN "persons">0 THEN '
            "format_number(\"persons\",0) || ' residents' ELSE '' END %]"
        ),
    )  # fmt: skip


def network_styles() -> dict[str, str]:
    """Return the looks of the layers of a network file, as QML by layer.

    Returns
    -------
    dict of str to str
        Ready for `mobility_geo.geopackage.Layer`.

    Examples
    --------
    >>> sorted(network_styles())
    ['accesses', 'crossings', 'edges', 'nodes', 'places', 'waterways', 'zones']
    """
    kinds = [
        Category(value=value, label=label,
                 symbol=symbol("line", line(colour, width=width, dash=dash) if dash
                               else line(colour, width=width)))
        for value, label, colour, width, dash in KIND_LOOKS
    ]  # fmt: skip

    def points(shape: str, colour: str, size: float) -> Symbol:
        return symbol("marker", marker(shape, colour, size=size, outline="#333333",
                                       outline_width=0.15))  # fmt: skip

    looks = {
        "edges": Style(renderer=categorised("kind", kinds), title='coalesce("ref","edge_id")'),
        "nodes": node_style(gpd.GeoDataFrame()),
        "places": Style(
            renderer=single(points("circle", "#ffffff", 1.8)), title='"name"',
            labels=labels('"name"', placement="point", size=7, show="@map_scale<1500000"),
        ),
        "crossings": Style(renderer=single(points("square", "#762a83", 2.4)), title='"name"'),
        "accesses": Style(renderer=single(
            symbol("line", line("#c51b7d", width=0.25, dash=(0.8, 0.8))))),
        "waterways": Style(renderer=single(symbol("line", line("#6fa8c9", width=0.6)))),
        "zones": Style(
            renderer=single(symbol("fill", fill("#f7f4ee", outline="#b9b1a3", alpha=0.5))),
            title='"name"',
        ),
    }  # fmt: skip
    return {name: style.qml() for name, style in looks.items()}

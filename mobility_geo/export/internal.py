"""Layers and tables that say of themselves that they are internal."""

import geopandas as gpd
import pandas as pd

from mobility_geo.export.columns import describe
from mobility_geo.export.notice import NOTICE
from mobility_geo.export.qml import Style
from mobility_geo.export.styles import with_aliases
from mobility_geo.geopackage import GeometryName, Layer
from mobility_geo.schema import TableSchema


def internal_layer(
    name: str, title: str, frame: gpd.GeoDataFrame, schema: TableSchema | None, style: Style,
    kind: GeometryName,
) -> Layer:  # fmt: skip
    """Return a styled layer with every column in words, marked as internal.

    Parameters
    ----------
    name, title
        Of the layer.
    frame
        Its rows.
    schema
        That says what the columns mean; None: none.
    style
        Its look.
    kind
        Type of its geometry.

    Returns
    -------
    Layer
        For `write_geopackage`.
    """
    names = [str(column) for column in frame.columns if column != "geometry"]
    columns = describe(names, *([schema] if schema else []))
    aliases = {column: words[0] for column, words in columns.items()}
    return Layer(
        name=name, frame=frame, title=f"{title} (internal)", columns=columns, geometry_type=kind,
        abstract=f"{schema.meaning + '. ' if schema else ''}{NOTICE}",
        style=with_aliases(style, aliases),
    )  # fmt: skip


def plain_table(name: str, table: pd.DataFrame, *schemas: TableSchema) -> Layer:
    """Return a table without geometry with every column in words, marked as internal.

    Parameters
    ----------
    name
        Of the table.
    table
        Its rows.
    *schemas
        That say what the columns mean.

    Returns
    -------
    Layer
        For `write_geopackage`.

    Examples
    --------
    >>> plain_table("shares", pd.DataFrame({"share": [0.5]})).title
    'Shares (internal)'
    """
    return Layer(
        name=name, frame=table, title=f"{name.replace('_', ' ').capitalize()} (internal)",
        abstract=NOTICE, columns=describe([str(column) for column in table.columns], *schemas),
    )  # fmt: skip

"""A network in one GeoPackage: described, and read back identical."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd

from mobility_geo.errors import GeoPackageError
from mobility_geo.geopackage import Layer, read_layers, write_geopackage
from mobility_geo.network.model import Network
from mobility_geo.schema import NETWORK_TABLES, SCHEMAS

INFO = "network_info"
DRAW_ORDER = (
    "crossings", "places", "accesses", "nodes", "edges", "waterways", "zones",
    "seasons", "profiles", "speeds",
)  # fmt: skip


def write_network(
    network: Network,
    path: str | Path,
    *,
    more: Sequence[Layer] = (),
    styles: Mapping[str, str] | None = None,
) -> Path:
    """Write a network to a GeoPackage, all tables in one file.

    Parameters
    ----------
    network
        The network.
    path
        The file; replaced as a whole when everything is written, or left as it was.
    more
        Further layers for people to look at, such as findings; `read_network` passes them by.
    styles
        QML by layer, for QGIS; see `mobility_geo.export.network_styles`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OutputError
        If it cannot be written; nothing half-written stays behind.

    Notes
    -----
    Layers are in the network's own coordinate reference system, so that `read_network` returns
    the same coordinates to the last bit.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_network(network, f"{folder}/toy.gpkg")
    ...     read_network(file).content_hash() == network.content_hash()
    True
    """
    layers = [
        Layer(
            name=name,
            frame=getattr(network, name),
            title=name.capitalize(),
            abstract=SCHEMAS[name].meaning,
            style=(styles or {}).get(name),
            columns={
                column.name: (column.name, f"{column.meaning} ({column.unit})" if column.unit
                              else column.meaning)
                for column in SCHEMAS[name].columns
            },
        )
        for name in DRAW_ORDER
    ]  # fmt: skip
    info = pd.DataFrame({"key": ["name"], "value": [network.name]})
    about = Layer(name=INFO, frame=info, title="About", abstract="What the network is called")
    return write_geopackage(path, [*more, *layers, about], crs=None, title=network.name)


def read_network(path: str | Path) -> Network:
    """Read a network that `write_network` wrote, or that someone edited in QGIS since.

    Parameters
    ----------
    path
        A GeoPackage with the layers of `mobility_geo.schema.NETWORK_TABLES`.

    Returns
    -------
    Network
        Checked as always.

    Raises
    ------
    GeoPackageError
        If the file is missing, broken, or lacks a layer.
    SchemaError
        Lists every problem of every table.

    Examples
    --------
    >>> read_network("nowhere.gpkg")
    Traceback (most recent call last):
    mobility_geo.errors.GeoPackageError: nowhere.gpkg: no such file
    """
    tables = read_layers(path, [schema.name for schema in NETWORK_TABLES])
    layers = {name: table for name, table in tables.items() if isinstance(table, gpd.GeoDataFrame)}
    for schema in NETWORK_TABLES:
        if schema.geometry is not None and schema.name not in layers:
            msg = f"{path}: layer {schema.name!r} has no geometry"
            raise GeoPackageError(msg)
    return Network(
        name=_name(path), zones=layers["zones"], nodes=layers["nodes"],
        edges=layers["edges"], crossings=layers["crossings"], places=layers["places"],
        accesses=layers["accesses"], waterways=layers["waterways"], seasons=tables["seasons"],
        profiles=tables["profiles"], speeds=tables["speeds"],
    )  # fmt: skip


def _name(path: str | Path) -> str:
    """Return the name that a network was written with; that of the file, if nothing says it."""
    try:
        info = read_layers(path, [INFO])[INFO]
    except GeoPackageError:
        return Path(path).stem
    return str(info.set_index("key")["value"]["name"])

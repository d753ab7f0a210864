"""Tables of nodes and links: the General Modeling Network Specification, or lines in a CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import CRSError, InputError, labels
from mobility_geo.schema import suggest
from mobility_geo.sources.files import in_wgs84
from mobility_geo.sources.reading import Finding
from mobility_geo.sources.rows import match_columns, read_rows

TABLE_ENDINGS: Final = (".csv", ".tsv", ".txt", ".xlsx")
METRES: Final[Mapping[str, float]] = MappingProxyType(
    {
        "m": 1.0, "meter": 1.0, "meters": 1.0, "metre": 1.0, "metres": 1.0,
        "km": 1000.0, "kilometer": 1000.0, "kilometers": 1000.0, "kilometre": 1000.0,
        "kilometres": 1000.0,
        "mi": 1609.344, "mile": 1609.344, "miles": 1609.344,
        "ft": 0.3048, "foot": 0.3048, "feet": 0.3048,
    }
)  # fmt: skip
"""Units of length, in metres (exact by definition)."""

SHAPE_NAMES: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "geometry": ("geometry", "wkt", "geom", "the_geom"),
        "geometry_id": ("geometry_id",),
        "from_node_id": ("from_node_id", "a_node"),
        "to_node_id": ("to_node_id", "b_node"),
    }
)
NODE_NAMES: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {"node_id": ("node_id", "id"), "x": ("x_coord", "x", "lon"), "y": ("y_coord", "y", "lat"),
     "name": ("name",)}
)  # fmt: skip
CONFIG_NAMES: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {"long_length": ("long_length",), "crs": ("crs",)}
)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class LinkTable:
    """Links with their lines, and what stands in the tables beside them.

    Parameters
    ----------
    lines
        The rows with their geometry, WGS 84; None where there is none.
    nodes
        ``node_id``, ``name`` and the place, WGS 84; None if there is no table of nodes.
    straight
        Which links have no geometry but the straight line between their nodes, shape (n,).
    length_unit
        Metres in a unit of ``length``; None if the tables do not say it.
    findings
        What was corrected to read them.
    """

    lines: gpd.GeoDataFrame
    nodes: gpd.GeoDataFrame | None
    straight: npt.NDArray[np.bool_]
    length_unit: float | None
    findings: tuple[Finding, ...]


def length_unit_m(unit: str) -> float:
    """Return how many metres a unit of length has.

    Parameters
    ----------
    unit
        Such as ``m``, ``km``, ``miles``, ``feet``.

    Returns
    -------
    float
        Metres.

    Raises
    ------
    InputError
        If the unit is not known.

    Examples
    --------
    >>> length_unit_m("Miles")
    1609.344
    """
    word = unit.strip().lower()
    if word not in METRES:
        msg = f"length unit {unit!r} is not known{suggest(word, METRES)}"
        raise InputError(msg)
    return METRES[word]


def read_link_table(
    path: str | Path,
    *,
    crs: pyproj.CRS | str | int | None = None,
    columns: Mapping[str, str] | None = None,
) -> LinkTable:
    """Read a table of links with WKT lines, or with the ids of nodes that lie beside it.

    Parameters
    ----------
    path
        ``link.csv`` of GMNS, or any CSV with a column of WKT. ``node.csv``, ``geometry.csv`` and
        ``config.csv`` of the same folder are read if they are there.
    crs
        Coordinate reference system; needed if no ``config.csv`` says it.
    columns
        Our columns and theirs: ``geometry``, ``from_node_id``, ``to_node_id``.

    Returns
    -------
    LinkTable
        The lines in the direction from ``from_node_id`` to ``to_node_id``, as ``dir_flag`` says.

    Raises
    ------
    InputError
        If a table cannot be read, WKT is broken, a node is not in the table of nodes, or there is
        no geometry at all.
    CRSError
        If nothing says the coordinate reference system.

    References
    ----------
    General Modeling Network Specification (zephyr-data-specs/GMNS), link.schema.json and
    config.schema.json: dir_flag -1 means that the shape runs from to_node_id to from_node_id;
    lengths are in the unit long_length of config.csv.

    Examples
    --------
    >>> read_link_table("nowhere/link.csv")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere/link.csv: no such file
    """
    file = Path(path)
    rows = read_rows(path)
    frame = rows.frame.reset_index(drop=True)
    shown = {key: value for key, value in (columns or {}).items() if key in SHAPE_NAMES}
    found = match_columns(frame.columns, SHAPE_NAMES, where=file.name, given=shown)
    notes = list(rows.findings)
    config, unit = _config(file)
    system = crs if crs is not None else config
    if system is None:
        msg = (
            f"{file.name}: a table states no coordinate reference system, and there is no "
            "config.csv that does; say it with crs=..., for example crs=4326"
        )
        raise CRSError(msg)
    nodes = _nodes(file, system)
    text = frame[found["geometry"]] if "geometry" in found else pd.Series(None, frame.index)
    shapes = _shapes(text, file.name)
    if "geometry_id" in found:
        beside = _beside(file, frame[found["geometry_id"]])
        shapes = np.where(shapely.is_missing(shapes), beside, shapes)
    if "dir_flag" in frame.columns:
        back = (pd.to_numeric(frame["dir_flag"], errors="coerce") == -1).to_numpy()
        shapes[back] = shapely.reverse(shapes[back])
    straight = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    lines = gpd.GeoDataFrame(frame, geometry=shapes, crs=None)
    if not bool(straight.all()):
        lines, told = in_wgs84(lines, file.name, crs=system)
        notes += [one for one in told if one.check not in {"no geometry", "crs given"}]
    else:
        lines = lines.set_crs(4326)
    if bool(straight.any()):
        if nodes is None or "from_node_id" not in found or "to_node_id" not in found:
            if bool(straight.all()):
                msg = (
                    f"{file.name}: no geometry: neither a column of WKT, nor a node.csv beside it "
                    "with the ids of from_node_id and to_node_id"
                )
                raise InputError(msg)
            straight[:] = False
        else:
            lines = _with_straight(lines, straight, nodes, found, file.name)
    return LinkTable(
        lines=lines, nodes=nodes, straight=straight, length_unit=unit, findings=tuple(notes)
    )


def _shapes(text: "pd.Series[str]", name: str) -> npt.NDArray[np.object_]:
    """Return the lines of a column of WKT.

    Raises
    ------
    InputError
        If WKT is broken.
    """
    cells = text.astype(object).where(text.notna(), None)
    shapes = shapely.from_wkt(cells.to_numpy(dtype=object), on_invalid="ignore")
    broken = shapely.is_missing(shapes) & cells.notna().to_numpy()
    if bool(broken.any()):
        where = (np.flatnonzero(broken) + 2).tolist()
        msg = (
            f"{name}: the geometry is no WKT in {int(broken.sum())} rows, e.g. lines "
            f"{labels(where)}; expected such as LINESTRING (-3 16, -3.1 16.2)"
        )
        raise InputError(msg)
    return np.asarray(shapes, dtype=object)


def _config(file: Path) -> tuple[str | None, float | None]:
    """Return the coordinate system and the unit of length that ``config.csv`` says."""
    beside = file.with_name("config.csv")
    if not beside.is_file():
        return None, None
    frame = read_rows(beside).frame
    found = match_columns(frame.columns, CONFIG_NAMES, where=beside.name)
    first = {ours: frame[theirs].dropna().tolist() for ours, theirs in found.items()}
    system = first.get("crs") or [None]
    unit = first.get("long_length") or [None]
    return system[0], None if unit[0] is None else length_unit_m(str(unit[0]))


def _nodes(file: Path, system: pyproj.CRS | str | int) -> gpd.GeoDataFrame | None:
    """Return the nodes of ``node.csv``.

    Raises
    ------
    InputError
        If an id repeats, or a position is missing.
    """
    beside = file.with_name("node.csv")
    if not beside.is_file() or beside == file:
        return None
    frame = read_rows(beside).frame
    found = match_columns(
        frame.columns, NODE_NAMES, where=beside.name, needed=("node_id", "x", "y")
    )
    at = [pd.to_numeric(frame[found[axis]], errors="coerce") for axis in ("x", "y")]
    ids = frame[found["node_id"]]
    wrong = at[0].isna() | at[1].isna() | ids.isna()
    twice = ids.duplicated()
    for rows, what in ((wrong, "have no id or no position"), (twice, "have an id that repeats")):
        if bool(rows.any()):
            msg = f"{beside.name}: {int(rows.sum())} nodes {what}, e.g. {labels(ids[rows])}"
            raise InputError(msg)
    table = gpd.GeoDataFrame(
        {"node_id": ids.to_numpy(), "name": frame[found["name"]] if "name" in found else None},
        geometry=gpd.points_from_xy(at[0], at[1]), crs=None,
    )  # fmt: skip
    return in_wgs84(table, beside.name, crs=system)[0]


def _beside(file: Path, ids: "pd.Series[str]") -> npt.NDArray[np.object_]:
    """Return the lines of ``geometry.csv`` by id; None where it has none."""
    beside = file.with_name("geometry.csv")
    if not beside.is_file():
        return np.full(len(ids), None, dtype=object)
    frame = read_rows(beside).frame
    names = {"geometry_id": ("geometry_id",), "geometry": ("geometry",)}
    found = match_columns(frame.columns, names, where=beside.name, needed=tuple(names))
    shapes = pd.Series(
        _shapes(frame[found["geometry"]], beside.name), index=frame[found["geometry_id"]]
    )
    shapes = shapes[~shapes.index.duplicated()]
    return np.asarray(shapes.reindex(ids.to_numpy()).to_numpy(dtype=object))


def _with_straight(
    lines: gpd.GeoDataFrame,
    straight: npt.NDArray[np.bool_],
    nodes: gpd.GeoDataFrame,
    found: Mapping[str, str],
    name: str,
) -> gpd.GeoDataFrame:
    """Return the links with straight lines between nodes where they have no geometry.

    Raises
    ------
    InputError
        If a node is not in the table of nodes.
    """
    place = pd.Series(np.arange(len(nodes)), index=nodes["node_id"])
    ends = [
        place.reindex(lines.loc[straight, found[end]]).to_numpy(dtype=float)
        for end in ("from_node_id", "to_node_id")
    ]
    lost = np.isnan(ends[0]) | np.isnan(ends[1])
    if bool(lost.any()):
        some = lines.loc[straight, [found["from_node_id"], found["to_node_id"]]][lost]
        msg = (
            f"{name}: {int(lost.sum())} links without geometry have nodes that node.csv does not "
            f"have, e.g. {labels([' to '.join(map(str, row)) for row in some.to_numpy()])}"
        )
        raise InputError(msg)
    xy = shapely.get_coordinates(nodes.geometry.to_numpy())
    both = np.stack([xy[end.astype(np.int64)] for end in ends], axis=1)
    shapes = lines.geometry.to_numpy().copy()
    shapes[straight] = shapely.linestrings(both)
    return lines.set_geometry(shapes, crs=4326)

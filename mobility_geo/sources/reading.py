"""What a reader gives back: tables, what it did to them, and under which licence they come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from mobility_geo.errors import InputError
from mobility_geo.schema import FINDINGS

SEVERITIES: Final = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that somebody should know about the data.

    Parameters
    ----------
    check
        What was looked for, in two or three words: ``duplicate p-code``.
    severity
        ``error`` (an answer from it would be wrong), ``warning`` (changed, dropped or doubtful)
        or ``note``.
    table
        Name of the table concerned.
    id
        Row concerned; of several, how many and which: ``12 rows, e.g. ['ML01']``.
    finding
        What was found and what was done, in a sentence.
    value, unit
        How much: rows, metres, persons.
    persons
        How many people it could touch; 0 if none or not known.
    geometry
        Where, WGS 84 longitude and latitude; a point on it is kept.
    """

    check: str
    severity: str
    table: str
    id: str
    finding: str
    value: float = float("nan")
    unit: str = ""
    persons: float = 0.0
    geometry: shapely.Geometry | None = None


def findings_table(rows: "list[Finding] | tuple[Finding, ...]") -> gpd.GeoDataFrame:
    """Return findings as a layer of points, the worst first.

    Parameters
    ----------
    rows
        Findings, in any order.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `mobility_geo.schema.FINDINGS`, WGS 84; no geometry where a finding has no place.

    Raises
    ------
    InputError
        If a severity is unknown.

    Examples
    --------
    >>> one = Finding(check="no name", severity="note", table="places", id="p1", finding="none")
    >>> findings_table([one])["check"].tolist()
    ['no name']
    """
    wrong = [row.severity for row in rows if row.severity not in SEVERITIES]
    if wrong:
        msg = f"unknown severity {wrong[0]!r}; known: {', '.join(SEVERITIES)}"
        raise InputError(msg)
    order = sorted(rows, key=lambda row: (SEVERITIES.index(row.severity), row.check, row.id))
    dtypes = {"text": "str", "float": "float64", "int": "int64"}
    values = {
        column.name: [getattr(row, column.name) for row in order] for column in FINDINGS.columns
    }
    values["persons"] = [round(row.persons) for row in order]
    frame = pd.DataFrame(
        {
            column.name: pd.Series(values[column.name], dtype=dtypes[column.dtype])
            for column in FINDINGS.columns
        }
    )
    shapes = np.array([row.geometry for row in order], dtype=object)
    # a point on nothing is empty, which no map can show
    points = shapely.point_on_surface(shapes)
    points[shapely.is_empty(shapes)] = None
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(points, crs=4326), crs=4326)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Reading:
    """Tables from a file, and everything that was done on the way.

    Parameters
    ----------
    file
        The file that was read, by name.
    publisher
        Whose form it has, such as ``OCHA COD-AB`` or ``any layer of lines``.
    licence
        Terms to state with results, or that none was found and whom to ask.
    tables
        Tables by name, each as `mobility_geo.schema` says.
    findings
        What was dropped, corrected or looks doubtful.
    columns
        Which column of the file each of ours is from.
    rows_read, rows_kept
        How many rows the file had, and how many are in the tables.
    """

    file: str
    publisher: str
    licence: str
    tables: Mapping[str, pd.DataFrame]
    rows_read: int
    rows_kept: int
    findings: gpd.GeoDataFrame = field(default_factory=lambda: findings_table([]))
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def table(self) -> pd.DataFrame:
        """The only table.

        Raises
        ------
        InputError
            If there are several: take one from `tables`.
        """
        if len(self.tables) != 1:
            msg = f"{self.file}: has the tables {', '.join(self.tables)}; take one of .tables"
            raise InputError(msg)
        return next(iter(self.tables.values()))

    @property
    def layer(self) -> gpd.GeoDataFrame:
        """The only table, which has a geometry.

        Raises
        ------
        InputError
            If there are several, or it has none.
        """
        table = self.table
        if not isinstance(table, gpd.GeoDataFrame):
            msg = f"{self.file}: the table has no geometry"
            raise InputError(msg)
        return table

    def words(self) -> tuple[str, ...]:
        """Return what was read, dropped and corrected, a sentence each, for people.

        Returns
        -------
        tuple of str
            The licence is the last.
        """
        lines = [f"{self.file}: {self.publisher}, {self.rows_kept:,} of {self.rows_read:,} rows"]
        if self.columns:
            pairs = ", ".join(f"{ours} from {theirs!r}" for ours, theirs in self.columns.items())
            lines.append(f"columns: {pairs}")
        lines += [
            f"{row.severity}: {row.check}, {row.id}: {row.finding}"
            for row in self.findings.itertuples()
        ]
        return (*lines, f"licence: {self.licence}")

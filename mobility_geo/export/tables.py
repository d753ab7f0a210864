"""Result tables as CSV: the same results give the same bytes."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from mobility_geo.export.columns import alias, meaning
from mobility_geo.network import audit_network
from mobility_geo.outcomes.results import Results
from mobility_geo.outcomes.summaries import held_at, status_by_place, status_by_zone
from mobility_geo.schema import SCHEMAS

DECIMALS: Final = (
    ("risk_per_km", 6), ("risk", 6), ("_share", 4), ("probability", 4), ("speed_factor", 4),
    ("_min", 1), ("_h", 2), ("_m", 0), ("_xof", 0), ("_persons", 0), ("_kph", 2),
)  # fmt: skip
"""Decimals by the end of a column's name, first that fits; other numbers have six digits."""

ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "status": ("base", "place_id", "group_id", "status", "reason", "cause", "held_node_id"),
    "reachable": (
        "place_id",
        "profile",
        "kind",
        "nationality",
        "exposure_class",
        "rank",
        "waystation_id",
    ),
    "od_flows": ("rule", "group_id", "destination_id"),
    "edge_flows": ("rule", "edge_id"),
    "crossing_flows": ("rule", "crossing_id", "into_country"),
    "catchments": ("place_id",),
    "status_by_zone": ("pcode",),
    "status_by_place": ("place_id",),
    "held_at": ("held_name", "held_node_id"),
    "edge_conditions": ("edge_id",),
    "disruptions": ("disruption_id",),
    "model_against_report": (),
    "network_audit": (),
}
"""Columns that rows are sorted by; none: the order of the table is kept."""


def result_tables(results: Results) -> dict[str, pd.DataFrame]:
    """Return the tables of the results that are written as CSV.

    Parameters
    ----------
    results
        Results of a case.

    Returns
    -------
    dict
        Tables without geometry by file name, and ``columns``: what every column means.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> list(result_tables(solve_case(load_toy())))[:3]
    ['status', 'reachable', 'od_flows']
    """
    frames: dict[str, pd.DataFrame] = {
        "status": results.status,
        "reachable": results.reachable,
        "od_flows": results.od_flows,
        "edge_flows": results.edge_flows,
        "crossing_flows": results.crossing_flows,
        "catchments": results.catchments,
        "status_by_zone": status_by_zone(results),
        "status_by_place": status_by_place(results),
        "held_at": held_at(results),
        "edge_conditions": results.edge_conditions,
        "disruptions": results.disruptions,
        "model_against_report": results.comparison,
        "network_audit": pd.DataFrame(audit_network(results.case.network).drop(columns="geometry")),
    }
    tables = {name: _sorted(_plain(frame), ORDER[name]) for name, frame in frames.items()}
    tables["columns"] = column_table(tables)
    return tables


def column_table(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what every column of some tables means.

    Parameters
    ----------
    tables
        Tables by name.

    Returns
    -------
    pandas.DataFrame
        ``table``, ``column``, ``in_words`` and ``meaning``.

    Examples
    --------
    >>> column_table({"zones": pd.DataFrame({"pcode": []})})["in_words"].tolist()
    ['P-code']
    """
    rows = [
        (
            table,
            str(column),
            alias(str(column)),
            meaning(str(column), [SCHEMAS[table]] if table in SCHEMAS else []),
        )
        for table, frame in tables.items()
        for column in frame.columns
    ]
    return pd.DataFrame(rows, columns=["table", "column", "in_words", "meaning"])


def write_tables(results: Results, folder: str | Path) -> list[Path]:
    """Write the tables of the results as CSV files.

    UTF-8, comma, LF; dates as ISO 8601, flags as true and false, missing values as nothing;
    numbers with the decimals of `DECIMALS`; rows in a fixed order.

    Parameters
    ----------
    results
        Results of a case.
    folder
        Folder to write to; it must exist.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    OSError
        If a file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes.results import solve_case
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file.name for file in write_tables(solve_case(load_toy()), folder)][-1]
    'columns.csv'
    """
    return [
        write_table(table, Path(folder) / f"{name}.csv")
        for name, table in result_tables(results).items()
    ]


def write_table(table: pd.DataFrame, path: str | Path) -> Path:
    """Write one table as CSV; see `write_tables` for the form.

    Parameters
    ----------
    table
        The table; rows are written in its order.
    path
        The file.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_table(pd.DataFrame({"time_min": [1 / 3]}), f"{folder}/x.csv")
    ...     file.read_text(encoding="utf-8").splitlines()
    ['time_min', '0.3']
    """
    file = Path(path)
    words = pd.DataFrame({name: _words(str(name), table[name]) for name in table.columns})
    text = words.to_csv(index=False, lineterminator="\n")
    file.write_text(text, encoding="utf-8", newline="\n")
    return file


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    if isinstance(frame, gpd.GeoDataFrame):
        return pd.DataFrame(frame.drop(columns=frame.active_geometry_name))
    return frame


def _sorted(frame: pd.DataFrame, first: Iterable[str]) -> pd.DataFrame:
    keys = [name for name in first if name in frame.columns]
    if not keys:
        return frame.reset_index(drop=True)
    # the rest of the columns decides between rows of the same key
    rest = [name for name in frame.columns if name not in keys]
    return frame.sort_values([*keys, *rest], kind="stable", ignore_index=True)


def _decimals(name: str) -> int | None:
    for end, decimals in DECIMALS:
        if name == end or name.endswith(end):
            return decimals
    for suffix in ("_low", "_high", "_median", "_max"):
        if name.endswith(suffix):
            return _decimals(name.removesuffix(suffix))
    return None


def _words(name: str, series: "pd.Series[Any]") -> list[str | None]:
    """Return the values of a column as they stand in the file."""
    kind = series.dtype
    say: Callable[[Any], str] = str
    if pd.api.types.is_bool_dtype(kind):
        say = _flag
    elif pd.api.types.is_datetime64_any_dtype(kind):
        known = pd.to_datetime(series.dropna())
        whole = bool((known == known.dt.normalize()).all())
        pattern = "%Y-%m-%d" if whole else "%Y-%m-%dT%H:%M:%S"
        say = partial(_date, pattern)
    elif pd.api.types.is_integer_dtype(kind):
        say = _whole
    elif pd.api.types.is_float_dtype(kind):
        say = partial(_number, _decimals(name))
    missing = series.isna().tolist()
    return [None if gone else say(value) for value, gone in zip(series, missing, strict=True)]


def _flag(value: bool) -> str:  # noqa: FBT001
    return "true" if value else "false"


def _date(pattern: str, value: pd.Timestamp) -> str:
    return value.strftime(pattern)


def _whole(value: int) -> str:
    return str(int(value))


def _number(decimals: int | None, value: float) -> str:
    if decimals is None:
        return f"{value:.6g}"
    text = f"{value:.{decimals}f}"
    # -0.0 and 0.0 are the same number and must be the same bytes
    return text.removeprefix("-") if float(text) == 0 else text

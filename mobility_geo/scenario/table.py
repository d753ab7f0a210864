"""Disruptions as tables, and in files: GeoPackage, CSV and TOML, back and forth without loss."""

import contextlib
import csv
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import tomli_w

from mobility_geo.errors import InputError, OutputError, ScenarioError, SchemaError, labels
from mobility_geo.geopackage import Layer, failure_reason, read_layers, write_geopackage
from mobility_geo.scenario.disruptions import (
    CapacityFactor,
    Closure,
    DepthCurve,
    DepthSpeed,
    Disruption,
    Effect,
    Exposure,
    ExtraCost,
    ExtraWait,
    OpeningHours,
    Quantity,
    Regime,
    RiskCost,
    Selection,
    SpeedFactor,
    Stretches,
    Throughput,
    Who,
)
from mobility_geo.scenario.rows import day_of, text_of
from mobility_geo.schema import (
    DEPTH_CURVES,
    DISRUPTION_STRETCHES,
    DISRUPTIONS,
    TableSchema,
    check_table,
    is_missing,
    records,
    reference_problems,
    suggest,
)

SELECTED: Final = (
    "edge_ids", "crossing_ids", "refs", "place_ids", "edge_kinds", "surfaces", "road_classes",
    "countries", "reaches", "rainfall_classes",
)  # fmt: skip
WHO: Final[Mapping[str, str]] = {
    "profiles": "profiles", "people_kinds": "kinds", "nationalities": "nationalities",
    "exposure_classes": "exposure_classes",
}  # fmt: skip
VALUES: Final[Mapping[str, type]] = {
    "speed_factor": SpeedFactor, "wait_min": ExtraWait, "cost_xof_per_km": ExtraCost,
    "risk_per_km": RiskCost, "capacity_factor": CapacityFactor,
    "throughput_persons_per_day": Throughput, "regime": Regime,
}  # fmt: skip
"""Column of each effect that is one value."""

EXPOSURE: Final[Mapping[str, str]] = {
    "risk_per_exposure": "risk_per_exposure", "slow_from_exposure": "slow_from",
    "exposure_speed_factor": "speed_factor", "close_from_exposure": "close_from",
}  # fmt: skip
WKT: Final = "geometry_wkt"
"""Column of a CSV file, and key of a TOML file, that holds the area."""

WKT_DECIMALS: Final = 25
"""Enough for every bit of a coordinate; -1 (as many as needed) drops the last one of some."""

ENDINGS: Final = (".gpkg", ".csv", ".toml")

MEASURED: Final[Mapping[type, Quantity]] = {DepthSpeed: "depth_m", Exposure: "exposure"}
"""What must have been measured for an effect."""

Tables = dict[str, pd.DataFrame]


def disruption_tables(disruptions: Iterable[Disruption]) -> Tables:
    """Return disruptions as tables.

    Parameters
    ----------
    disruptions
        For example `Scenario.disruptions`.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``disruptions`` (a GeoDataFrame in WGS 84; no geometry where a disruption has no area),
        ``disruption_stretches`` and ``depth_curves``; see `mobility_geo.schema`.

    Raises
    ------
    ScenarioError
        If two disruptions share the name of a curve of depth that is not the same, or a table
        cannot say that one was measured and hits nothing.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> tables = disruption_tables(load_toy().scenario.disruptions)
    >>> tables["disruptions"]["kind"].tolist()
    ['insecurity', 'border']
    """
    ordered = list(disruptions)
    curves = _all_curves(ordered)
    frame = pd.DataFrame([_row(one, curves) for one in ordered], columns=list(DISRUPTIONS.names))
    areas = gpd.GeoSeries(
        np.array([one.what.area for one in ordered], dtype=object), index=frame.index, crs=4326
    )
    table = check_table(frame, DISRUPTIONS)
    return {
        DISRUPTIONS.name: gpd.GeoDataFrame(table, geometry=areas, crs=4326),
        DISRUPTION_STRETCHES.name: _stretch_table(ordered),
        DEPTH_CURVES.name: _curve_table(curves),
    }


def _row(one: Disruption, known: Sequence[DepthCurve]) -> dict[str, object]:
    """Return a disruption as a row.

    Raises
    ------
    ScenarioError
        If a table cannot tell it.
    """
    measured = one.what.stretches
    if measured is not None and not len(measured) and not _quantity(one.effects):
        # without its stretches it would come back as hitting all that the other columns say
        msg = (
            f"disruption {one.disruption_id!r}: measured on no stretch, which a table cannot say; "
            "leave it out"
        )
        raise ScenarioError(msg)
    row: dict[str, object] = {
        "disruption_id": one.disruption_id, "kind": one.kind, "name": one.name or None,
        "informal": one.what.informal, "into": one.what.into or None,
        "direction": one.what.direction, "start": one.start, "end": one.end,
        "months": _join(map(str, one.months)), "close": False, "probability": one.probability,
        "group": one.group or None, "severity": one.severity, "source": one.source or None,
        "confidence": one.confidence,
    }  # fmt: skip
    row |= {name: _join(getattr(one.what, name)) for name in SELECTED}
    row |= {name: _join(getattr(one.who, field)) for name, field in WHO.items()}
    columns = {effect: name for name, effect in VALUES.items()}
    for effect in one.effects:
        match effect:
            case Closure():
                row["close"] = True
            case OpeningHours(opens_hour=opens, closes_hour=closes):
                row |= {"opens_hour": opens, "closes_hour": closes}
            case DepthSpeed(curves=curves):
                row["depth_curve"] = _join(_curve_names(curves, known))
            case Exposure():
                row |= {name: getattr(effect, field) for name, field in EXPOSURE.items()}
            case _:
                row[columns[type(effect)]] = effect.value
    return row


def _stretch_table(disruptions: Sequence[Disruption]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "disruption_id": one.disruption_id, "quantity": measured.quantity,
                "edge_id": measured.edge_ids, "start_share": measured.start,
                "end_share": measured.end, "value": measured.value,
            }
        )
        for one in disruptions
        if (measured := one.what.stretches) is not None
    ]  # fmt: skip
    names = list(DISRUPTION_STRETCHES.names)
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    return check_table(frame, DISRUPTION_STRETCHES)


def _all_curves(disruptions: Sequence[Disruption]) -> list[DepthCurve]:
    """Return every curve of depth once.

    Raises
    ------
    ScenarioError
        If two that differ have the same name and class.
    """
    kept: dict[tuple[str, str], DepthCurve] = {}
    for one in disruptions:
        for effect in one.effects:
            for curve in effect.curves if isinstance(effect, DepthSpeed) else ():
                key = (curve.curve, curve.vehicle_class)
                if kept.setdefault(key, curve) != curve:
                    msg = f"two different curves are called {' / '.join(key)}; rename one"
                    raise ScenarioError(msg)
    return list(kept.values())


def _curve_table(curves: Sequence[DepthCurve]) -> pd.DataFrame:
    rows = [
        {**{name: getattr(curve, name) for name in DEPTH_CURVES.names},
         "profiles": _join(curve.profiles), "source": curve.source or "not stated"}
        for curve in curves
    ]  # fmt: skip
    return check_table(pd.DataFrame(rows, columns=list(DEPTH_CURVES.names)), DEPTH_CURVES)


def _curves_named(names: Iterable[str], known: Sequence[DepthCurve]) -> tuple[DepthCurve, ...]:
    """Return the curves of some names; ``curve/class`` is one class of a curve.

    Raises
    ------
    ScenarioError
        If there is none of a name.
    """
    found: list[DepthCurve] = []
    for name in names:
        of = [one for one in known if one.curve == name] or [
            one for one in known if f"{one.curve}/{one.vehicle_class}" == name
        ]
        if not of:
            msg = f"no depth curve {name!r}{suggest(name, {one.curve for one in known})}"
            raise ScenarioError(msg)
        found += of
    return tuple(found)


def _curve_names(curves: Sequence[DepthCurve], known: Sequence[DepthCurve]) -> list[str]:
    """Return names that give back these curves and no others, in their order.

    Raises
    ------
    ScenarioError
        If there are none.
    """
    whole = list(dict.fromkeys(one.curve for one in curves))
    single = [f"{one.curve}/{one.vehicle_class}" for one in curves]
    for names in (whole, single):
        with contextlib.suppress(ScenarioError):
            if _curves_named(names, known) == tuple(curves):
                return names
    msg = f"depth curves {labels(whole)}: a name is taken twice; rename one"
    raise ScenarioError(msg)


def _quantity(effects: Iterable[Effect]) -> Quantity | None:
    """Return what must have been measured for some effects; None if nothing."""
    return next((MEASURED[type(one)] for one in effects if type(one) in MEASURED), None)


def _join(items: Iterable[str]) -> str | None:
    """Return items with bars between them; bars in them are escaped."""
    words = [item.replace("\\", r"\\").replace("|", r"\|") for item in items]
    return "|".join(words) or None


def _split(value: object) -> tuple[str, ...]:
    if is_missing(value):
        return ()
    words = re.findall(r"(?:\\.|[^|\\])+", str(value))
    return tuple(re.sub(r"\\(.)", r"\1", word.strip()) for word in words if word.strip())


def disruptions_from_tables(
    tables: Mapping[str, pd.DataFrame], *, curves: Iterable[DepthCurve] = ()
) -> tuple[Disruption, ...]:
    """Return disruptions from the tables of `disruption_tables`, or from hand-made ones.

    Parameters
    ----------
    tables
        ``disruptions`` is needed, ``disruption_stretches`` and ``depth_curves`` where disruptions
        are measured. Columns that may be left out are.
    curves
        Curves of depth that `depth_curve` may name besides those of the tables, which count
        first.

    Returns
    -------
    tuple of Disruption
        In the order of the table.

    Raises
    ------
    SchemaError
        Lists every problem of the tables: columns that are not known, values out of range.
    ScenarioError
        Lists every disruption that is wrong.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"disruption_id": ["a"], "kind": ["road"], "refs": ["RN6"], "close": [True]}
    ... )
    >>> disruptions_from_tables({"disruptions": table})[0].effect_words()
    'closed'
    """
    found = {name: pd.DataFrame(table) for name, table in tables.items()}
    table = _known_columns(found[DISRUPTIONS.name], DISRUPTIONS)
    stretches = _known_columns(
        found.get(DISRUPTION_STRETCHES.name, _empty(DISRUPTION_STRETCHES)), DISRUPTION_STRETCHES
    )
    made = curves_from_table(found.get(DEPTH_CURVES.name, _empty(DEPTH_CURVES)))
    own = {curve.curve for curve in made}
    made += [curve for curve in curves if curve.curve not in own]
    problems = reference_problems({"disruptions": table, "disruption_stretches": stretches})
    if problems:
        raise SchemaError(problems)
    areas = found[DISRUPTIONS.name].get("geometry", [None] * len(table))
    measured = dict(iter(stretches.groupby("disruption_id")))
    # a table without rows of a disruption says that it was measured, and found nowhere
    none = stretches.iloc[:0] if DISRUPTION_STRETCHES.name in found else None
    disruptions = []
    for row, area in zip(records(table), areas, strict=True):
        try:
            there = measured.get(row["disruption_id"])
            disruptions.append(_disruption(row, area, there, none, made))
        except InputError as error:
            where = f"disruption {row['disruption_id']!r}"
            problems += [
                text if text.startswith("disruption") else f"{where}: {text}"
                for text in error.problems
            ]
    if problems:
        raise ScenarioError(problems)
    return tuple(disruptions)


def _empty(schema: TableSchema) -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in schema.names})


def _known_columns(frame: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """Return a checked table; a column that nothing answers to would be without effect.

    Raises
    ------
    SchemaError
        Lists every problem.
    """
    known = (*schema.names, "geometry", WKT, "fid")
    unknown = [str(name) for name in frame.columns if name not in known]
    if unknown:
        raise SchemaError(
            [f"{schema.name}: unknown column {name!r}{suggest(name, schema.names)}"
             for name in unknown]
        )  # fmt: skip
    plain = pd.DataFrame(frame.drop(columns=["geometry", WKT, "fid"], errors="ignore"))
    return check_table(plain, schema)


def curves_from_table(table: pd.DataFrame) -> list[DepthCurve]:
    """Return curves of depth from a table.

    Parameters
    ----------
    table
        Schema `mobility_geo.schema.DEPTH_CURVES`.

    Returns
    -------
    list of DepthCurve
        In the order of the table.

    Raises
    ------
    SchemaError
        If the table breaks its schema, or has a column that means nothing.
    ScenarioError
        If a curve is wrong.

    Examples
    --------
    >>> row = {"curve": "mine", "vehicle_class": "car", "profiles": "truck|4x4",
    ...        "impassable_m": 0.3, "source": "own work"}  # fmt: skip
    >>> curves_from_table(pd.DataFrame([row]))[0].profiles
    ('truck', '4x4')
    """
    made = []
    for row in records(_known_columns(table, DEPTH_CURVES)):
        number = {
            name: None if is_missing(row[name]) else float(row[name])
            for name in ("impassable_m", "quadratic", "linear", "constant", "navigable_m")
        }
        made.append(
            DepthCurve(
                curve=row["curve"], vehicle_class=row["vehicle_class"],
                profiles=_split(row["profiles"]),
                source="" if row["source"] == "not stated" else row["source"], **number,
            )
        )  # fmt: skip
    return made


def _disruption(
    row: dict[str, Any],
    area: shapely.Geometry | None,
    measured: pd.DataFrame | None,
    none: pd.DataFrame | None,
    curves: Sequence[DepthCurve],
) -> Disruption:
    """Return the disruption of a row.

    Raises
    ------
    ScenarioError
        If it is wrong.
    """
    months = _split(row["months"])
    words = [month for month in months if not month.isdecimal()]
    if words:
        msg = f"months must be whole numbers 1 to 12, | between them, not {words[0]!r}"
        raise ScenarioError(msg)
    effects = _effects(row, curves)
    quantity = _quantity(effects)
    if quantity and measured is None:
        if none is None:
            msg = (
                f"needs measured stretches of {quantity}; give them in the table "
                f"{DISRUPTION_STRETCHES.name!r}"
            )
            raise ScenarioError(msg)
        measured = none
    return Disruption(
        disruption_id=row["disruption_id"], kind=row["kind"], name=text_of(row["name"]),
        what=Selection(
            area=None if is_missing(area) else area, stretches=_stretches(measured, quantity),
            informal=bool(row["informal"]), into=text_of(row["into"]), direction=row["direction"],
            **{name: _split(row[name]) for name in SELECTED},
        ),
        who=Who(**{field: _split(row[name]) for name, field in WHO.items()}),
        start=day_of(row["start"]), end=day_of(row["end"]),
        months=tuple(map(int, months)), effects=effects, probability=float(row["probability"]),
        group=text_of(row["group"]),
        severity=None if is_missing(row["severity"]) else int(row["severity"]),
        source=text_of(row["source"]), confidence=row["confidence"],
    )  # fmt: skip


def _stretches(measured: pd.DataFrame | None, quantity: Quantity | None) -> Stretches | None:
    """Return measured stretches; those of a quantity, if there are none.

    Raises
    ------
    ScenarioError
        If a disruption has several quantities.
    """
    if measured is None:
        return None
    quantities: list[Any] = measured["quantity"].unique().tolist() or [quantity]
    if len(quantities) > 1:
        msg = f"measured stretches must be of one quantity, not {labels(quantities)}"
        raise ScenarioError(msg)
    return Stretches(
        quantity=quantities[0],
        edge_ids=measured["edge_id"].to_numpy(dtype=object),
        start=measured["start_share"].to_numpy(dtype=float),
        end=measured["end_share"].to_numpy(dtype=float),
        value=measured["value"].to_numpy(dtype=float),
    )  # fmt: skip


def _effects(row: dict[str, Any], curves: Sequence[DepthCurve]) -> tuple[Effect, ...]:
    """Return the effects of a row.

    Raises
    ------
    ScenarioError
        If one of two hours is missing, or a curve of depth is not known.
    """
    made: list[Effect] = [Closure()] if bool(row["close"]) else []
    made += [kind(row[name]) for name, kind in VALUES.items() if not is_missing(row[name])]
    hours = [row["opens_hour"], row["closes_hour"]]
    if not all(map(is_missing, hours)):
        if any(map(is_missing, hours)):
            msg = "opens_hour and closes_hour go together; one is missing"
            raise ScenarioError(msg)
        made.append(OpeningHours(*hours))
    names = _split(row["depth_curve"])
    if names:
        made.append(DepthSpeed(curves=_curves_named(names, curves)))
    exposure = {field: row[name] for name, field in EXPOSURE.items() if not is_missing(row[name])}
    if exposure:
        made.append(Exposure(**exposure))
    return tuple(made)


# ------------------------------------------------------------------ files
def write_disruptions(disruptions: Iterable[Disruption], path: str | Path) -> list[Path]:
    """Write disruptions to a file, or to one and others beside it.

    Parameters
    ----------
    disruptions
        For example `Scenario.disruptions`.
    path
        ``.gpkg``: layers ``disruptions``, ``disruption_stretches``, ``depth_curves``; ``.csv``: a
        table with the area as text, and beside it ``NAME.disruption_stretches.csv`` and
        ``NAME.depth_curves.csv`` where there are any, else such files are removed; ``.toml``: a
        table ``[[disruptions]]`` for each, the same two beside it.

    Returns
    -------
    list of pathlib.Path
        What was written, the file itself first.

    Raises
    ------
    InputError
        If the ending is none of these.
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> made = load_toy().scenario.disruptions
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write_disruptions(made, f"{folder}/toy.gpkg")
    ...     [one.disruption_id for one in read_disruptions(files[0])]
    ['front', 'border']
    """
    file = Path(path)
    _check_ending(file)
    ordered = list(disruptions)
    tables = disruption_tables(ordered)
    if file.suffix.lower() == ".gpkg":
        schemas = (DISRUPTIONS, DISRUPTION_STRETCHES, DEPTH_CURVES)
        layers = [
            Layer(
                name=schema.name, frame=tables[schema.name], title=schema.name.replace("_", " "),
                abstract=schema.meaning,
                columns={c.name: (c.name, f"{c.meaning} ({c.unit})" if c.unit else c.meaning)
                         for c in schema.columns},
                geometry_type="MultiPolygon" if schema is DISRUPTIONS else None,
            )
            for schema in schemas
        ]  # fmt: skip
        return [write_geopackage(file, layers, crs=None, title=file.stem)]
    frame = pd.DataFrame(tables["disruptions"])
    frame = frame.rename(columns={"geometry": WKT})
    frame[WKT] = [
        None if area is None else shapely.to_wkt(area, rounding_precision=WKT_DECIMALS)
        for area in tables["disruptions"].geometry
    ]
    measured = any(one.what.stretches is not None for one in ordered)
    beside = {
        _beside(file, name): _csv_text(tables[name]) if there else None
        for name, there in (
            (DISRUPTION_STRETCHES.name, measured),
            (DEPTH_CURVES.name, len(tables[DEPTH_CURVES.name]) > 0),
        )
    }
    text = _csv_text(frame) if file.suffix.lower() == ".csv" else _toml(frame)
    written = []
    for target, content in {file: text, **beside}.items():
        part = target.with_name(f".{target.name}.part")
        try:
            if content is None:
                # one of an older scenario would be taken for a part of this one
                target.unlink(missing_ok=True)
                continue
            part.write_text(content, encoding="utf-8", newline="")
            part.replace(target)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            msg = f"{target}: cannot be written: {failure_reason(error, target.parent)}"
            raise OutputError(msg) from error
        written.append(target)
    return written


def _beside(file: Path, name: str) -> Path:
    return file.with_name(f"{file.stem}.{name}.csv")


def _csv_text(frame: pd.DataFrame) -> str:
    text = frame.to_csv(index=False)
    # a line break of its own kind is quoted, one of another kind is not
    return frame.to_csv(index=False, quoting=csv.QUOTE_ALL) if "\r" in text else text


def _check_ending(file: Path) -> None:
    """Check the ending of a file.

    Raises
    ------
    InputError
        If it is none of those that disruptions are kept in.
    """
    if file.suffix.lower() not in ENDINGS:
        msg = f"{file}: disruptions are kept in {', '.join(ENDINGS)}, not {file.suffix!r}"
        raise InputError(msg)


def _toml(frame: pd.DataFrame) -> str:
    def plain(value: object) -> object:
        if isinstance(value, pd.Timestamp):
            return value.date()
        return value.item() if isinstance(value, np.generic) else value

    rows = [
        {name: plain(value) for name, value in row.items() if not is_missing(value)}
        for row in records(frame)
    ]
    return tomli_w.dumps({"disruptions": rows})


def read_disruptions(
    path: str | Path, *, curves: Iterable[DepthCurve] = ()
) -> tuple[Disruption, ...]:
    """Read disruptions from a file of `write_disruptions`, or one that somebody made.

    Parameters
    ----------
    path
        GeoPackage, CSV or TOML; see `write_disruptions` for the form.
    curves
        Curves of depth that may be named besides those of the file.

    Returns
    -------
    tuple of Disruption
        In the order of the file.

    Raises
    ------
    InputError
        If the file is missing or of another form.
    SchemaError
        Lists every problem of the tables.
    ScenarioError
        Lists every disruption that is wrong.

    Examples
    --------
    >>> read_disruptions("nowhere.csv")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.csv: no such file
    """
    file = Path(path)
    if not file.is_file():
        msg = f"{path}: no such file"
        raise InputError(msg)
    _check_ending(file)
    tables: Tables
    if file.suffix.lower() == ".gpkg":
        there = read_layers(file)
        names = (DISRUPTIONS.name, DISRUPTION_STRETCHES.name, DEPTH_CURVES.name)
        tables = {name: there[name] for name in names if name in there}
        if DISRUPTIONS.name not in tables:
            msg = f"{path}: no layer {DISRUPTIONS.name!r}{suggest(DISRUPTIONS.name, there)}"
            raise InputError(msg)
        shapes = tables[DISRUPTIONS.name]
        if isinstance(shapes, gpd.GeoDataFrame):
            tables[DISRUPTIONS.name] = shapes.to_crs(4326)
    else:
        frame = _csv(file) if file.suffix.lower() == ".csv" else _toml_rows(file)
        tables = {DISRUPTIONS.name: _with_areas(frame, file)}
        for name in (DISRUPTION_STRETCHES.name, DEPTH_CURVES.name):
            if _beside(file, name).is_file():
                tables[name] = _csv(_beside(file, name))
    try:
        return disruptions_from_tables(tables, curves=curves)
    except InputError as error:
        raise type(error)([f"{file.name}: {problem}" for problem in error.problems]) from None


def _csv(file: Path) -> pd.DataFrame:
    """Read a table of text.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        return pd.read_csv(file, dtype=str, keep_default_na=False, na_values=[""])
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        msg = f"{file}: not a table in UTF-8: {error}"
        raise InputError(msg) from error


def _toml_rows(file: Path) -> pd.DataFrame:
    """Read the tables of a TOML file.

    Raises
    ------
    InputError
        If it is no TOML file, or has something else in it.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        msg = f"{file}: not a TOML file: {error}"
        raise InputError(msg) from error
    rows = content.get("disruptions")
    if (
        set(content) != {"disruptions"}
        or not isinstance(rows, list)
        or not all(isinstance(row, dict) for row in rows)
    ):
        msg = f"{file}: must hold tables headed [[disruptions]] and nothing else"
        raise InputError(msg)
    return pd.DataFrame(rows) if rows else _empty(DISRUPTIONS)


def _with_areas(frame: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Return the table with its areas.

    Raises
    ------
    InputError
        If the text of an area is none.
    """
    if WKT not in frame.columns:
        return frame
    text = [None if is_missing(value) else str(value) for value in frame[WKT]]
    areas = shapely.from_wkt(text, on_invalid="ignore")
    bad = [i for i, (one, area) in enumerate(zip(text, areas, strict=True)) if one and area is None]
    if bad:
        key = DISRUPTIONS.key[0]
        rows = frame[key].iloc[bad] if key in frame else [i + 1 for i in bad]
        msg = (
            f"{file.name}: {WKT} is no well-known text; wrong in {len(bad)} "
            f"row{'s' if len(bad) > 1 else ''}, e.g. {labels(rows)}"
        )
        raise InputError(msg)
    plain = frame.drop(columns=WKT)
    plain["geometry"] = np.asarray(areas, dtype=object)
    return plain

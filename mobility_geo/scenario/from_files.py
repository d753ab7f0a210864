"""Disruptions from files that a block of a scenario file names: floods, events, road tables."""

import datetime as dt
import glob
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from mobility_geo.errors import InputError, ScenarioError
from mobility_geo.network import Network
from mobility_geo.network.accesses import lines_to_measure
from mobility_geo.scenario.access import disruptions_from_constraints
from mobility_geo.scenario.disruptions import Closure, Disruption, Effect, Exposure
from mobility_geo.scenario.exposure import insecurity_from_events, insecurity_from_incidents
from mobility_geo.scenario.floods import (
    DEFAULT_CURVE,
    flood_from_areas,
    flood_from_depth,
    flood_from_extent,
)
from mobility_geo.scenario.problems import Problems
from mobility_geo.scenario.values import (
    ANY_TEXT,
    ANY_TEXTS,
    DAY,
    FLAG,
    MOST_DAYS,
    NUMBERS,
    PATH,
    TEXT,
    Takes,
    check_endings,
    check_values,
    choice,
    number,
    whole,
    words_by_name,
)
from mobility_geo.schema import CONFIDENCES, DISRUPTION_KINDS
from mobility_geo.sources import (
    Reading,
    flood_dates,
    measure_flood_depth,
    measure_flood_extent,
    read_constraints,
    read_events,
    read_flood_areas,
    read_incidents,
)

_COLUMNS: Final = words_by_name('name = "NOM"')
_BAND: Final = whole(least=1, most=65_535)

READ_WITH: Final[Mapping[str, Mapping[str, Takes]]] = {
    "depth": {
        "unit": choice("m", "cm", "mm"), "curve": TEXT, "band": _BAND, "nodata": number(),
        "freeboard_m": number(least=0, most=100, unit="m"),
    },
    "extent": {"wet_values": NUMBERS, "band": _BAND, "bridges_flooded": FLAG},
    "water": {"columns": _COLUMNS, "layer": TEXT, "permanent": ANY_TEXTS},
    "events": {
        "columns": _COLUMNS, "sheet": TEXT, "layer": TEXT, "day_first": FLAG,
        "max_geo_precision": whole(least=1, most=3),
    },
    "incidents": {
        "columns": _COLUMNS, "sheet": TEXT, "day_first": FLAG,
        "days": whole(least=1, most=MOST_DAYS, unit="days"),
        "unresolved": choice("error", "finding"),
    },
    "constraints": {
        "columns": _COLUMNS, "sheet": TEXT, "unresolved": choice("error", "finding"),
    },
}  # fmt: skip
"""Keys that go with each file, and what they take."""

TABLES: Final[Mapping[str, Mapping[str, Mapping[str, Takes]]]] = {
    "events": {
        "kernel": {
            "bandwidth_km": number(least=0.01, most=1_000, unit="km"),
            "cutoff_km": number(least=0.01, most=5_000, unit="km"),
            "half_life_days": number(least=0.1, most=MOST_DAYS, unit="days"),
            "max_age_days": number(least=0, most=MOST_DAYS, unit="days"),
            "step_days": whole(least=1, most=MOST_DAYS, unit="days"),
            "piece_m": number(least=10, most=100_000, unit="m"),
            "weight_per_fatality": number(least=0, most=1_000, unit="per person killed"),
            "mine_bandwidth_km": number(least=0.01, most=1_000, unit="km"),
        },
        "exposure": {
            "risk_per_exposure": number(least=0, most=1_000, unit="per km"),
            "slow_from": number(least=0),
            "close_from": number(least=0),
            "speed_factor": number(above=0, most=1),
        },
    },
}
"""Tables inside of a block that go with each file, and what their keys take."""

FILES: Final = tuple(READ_WITH)
"""Keys of a disruption that name a file to make disruptions of; one of them, if any."""

WITHOUT: Final[Mapping[str, frozenset[str]]] = {
    "depth": frozenset({"effect", "levels"}),
    "extent": frozenset({"levels"}),
    "water": frozenset({"levels", "start", "end"}),
    "events": frozenset({"effect", "levels"}),
    "incidents": frozenset({"effect", "start", "end"}),
    "constraints": frozenset({"effect", "levels", "start", "end"}),
}
"""Keys that other blocks have, and that would be without effect: the file says it row by row."""

SHARED: Final[Mapping[str, Takes]] = {
    "id": TEXT, "name": ANY_TEXT, "source": ANY_TEXT, "group": ANY_TEXT,
    "confidence": choice(*CONFIDENCES), "probability": number(least=0, most=1),
    "start": DAY, "end": DAY,
}  # fmt: skip
"""Keys that go with every file; `kind`, `effect` and `levels` come on top."""

MAKES: Final[Mapping[str, str]] = {
    "depth": "flood", "extent": "flood", "water": "flood", "events": "insecurity",
    "incidents": "insecurity", "constraints": "road",
}  # fmt: skip
"""Kind of the disruptions that each file makes; mines among events are a kind of their own."""


def disruptions_from_files(
    block: Mapping[str, Any],
    where: str,
    folder: Path,
    problems: Problems,
    network: Network,
    span: tuple[dt.date, dt.date],
    effects: tuple[Effect, ...],
    levels: Mapping[str, tuple[Effect, ...]],
) -> list[Disruption]:
    """Return the disruptions of a block that names a file.

    Parameters
    ----------
    block
        The block; one of its keys is in `FILES`.
    where
        What to call it in messages.
    folder
        Paths are relative to it.
    problems
        Takes what is wrong, and what people should know.
    network
        What is hit.
    span
        First and last day of the calendar.
    effects, levels
        What the block says that happens, and by severity.

    Returns
    -------
    list of Disruption
        Empty if something is wrong.
    """
    kinds = [key for key in FILES if key in block]
    if len(kinds) > 1:
        problems.found.append(f"{where}: give one of {', '.join(kinds)}, not all")
        return []
    key = kinds[0]
    before = len(problems.found)
    files = _files(block[key], where, key, folder, problems)
    _check_block(block, key, where, problems)
    takes = READ_WITH[key]
    sound = {name: one for name, one in block.items() if name in takes and takes[name].fits(one)}
    for file in files or ():
        check_endings(sound, file, where, problems)
    if files is None or len(problems.found) > before:
        return []
    goes_with = (*takes, *TABLES.get(key, {}))
    chosen = {name: block[name] for name in goes_with if name in block}
    dates = {name: block.get(name) or day for name, day in zip(("start", "end"), span, strict=True)}
    more = {
        name: block[name]
        for name in ("probability", "group", "confidence", "name")
        if name in block
    }
    makers: dict[str, Callable[[], list[Disruption]]] = {
        "depth": lambda: _from_depth(network, files, block, chosen, problems),
        "extent": lambda: _from_extent(network, files, block, chosen, effects, problems),
        "water": lambda: _from_water(files, block, chosen, effects, problems),
        "events": lambda: _from_events(network, files, block, chosen, dates, problems),
        "incidents": lambda: _from_incidents(network, files, block, chosen, levels, problems),
        "constraints": lambda: _from_constraints(network, files, block, chosen, problems),
    }
    try:
        made = makers[key]()
        if not made:
            problems.notes.append(f"{block['id']}: nothing comes of {block[key]}: no disruption")
        return [replace(one, source=block["source"] or one.source, **more) for one in made]
    except InputError as error:
        problems.found += [
            text if text.startswith(where) else f"{where}: {text}" for text in error.problems
        ]
    return []


def _check_block(block: Mapping[str, Any], file: str, where: str, problems: Problems) -> None:
    """Note the keys of a block that do not go with its file, and every wrong value."""
    tables = TABLES.get(file, {})
    takes = {**SHARED, **READ_WITH[file], file: PATH}
    known = {*takes, *tables, "kind", "effect", "levels"} - WITHOUT[file]
    problems.found += [
        f"{where}: key {name!r} does not go with {file!r}" for name in block if name not in known
    ]
    check_values(block, {name: takes[name] for name in known & set(takes)}, where, problems)
    for name, inner in tables.items():
        check_values(block.get(name, {}), inner, f"{where} {name}", problems)
    kind = block["kind"]
    if kind in DISRUPTION_KINDS and kind != MAKES[file]:
        problems.found.append(f"{where} kind: must be {MAKES[file]!r} with {file!r}, not {kind!r}")
    check_values({"kind": kind}, {"kind": choice(*DISRUPTION_KINDS)}, where, problems)


def _files(
    value: object, where: str, key: str, folder: Path, problems: Problems
) -> list[Path] | None:
    """Return the file or files that a key names; a pattern such as ``floods/*.tif`` is several.

    A value that cannot be a path is left to the check of values.
    """
    if not PATH.fits(value):
        return None
    name = str(value)
    if "*" in name:
        # a pattern may begin at the root, which that of pathlib may not
        names = sorted(glob.glob(name, root_dir=folder))  # noqa: PTH207
        files = [folder / one for one in names]
        found = [one for one in files if one.is_file()]
        if not found:
            problems.found.append(f"{where} {key}: no file is like {name!r}")
        return found or None
    file = problems.file(name, folder, f"{where} {key}")
    return None if file is None else [file]


def _tell(problems: Problems, where: str, reading: Reading) -> None:
    """Keep what a reader dropped or corrected, for the notes of the results."""
    problems.notes += [
        f"{where}: {row.check}, {row.id}: {row.finding}"
        for row in reading.findings.itertuples()
        if row.severity != "note"
    ]


def _single(files: list[Path], what: str) -> Path:
    """Return the only file.

    Raises
    ------
    ScenarioError
        If there are several.
    """
    if len(files) > 1:
        msg = f"{what}: one file is expected, not {len(files)}"
        raise ScenarioError(msg)
    return files[0]


def _measured(
    files: list[Path],
    measure: Callable[[Path], Reading],
    where: str,
    problems: Problems,
) -> Reading | dict[dt.date, Reading]:
    """Return what was measured on a raster, or on several by day; doubts are kept for the notes."""
    days = flood_dates(files) if len(files) > 1 else {dt.date.min: files[0]}
    readings = {day: measure(file) for day, file in days.items()}
    for reading in readings.values():
        _tell(problems, where, reading)
    return readings if len(files) > 1 else readings[dt.date.min]


def _lines(network: Network) -> gpd.GeoDataFrame:
    lines = lines_to_measure(network)
    return gpd.GeoDataFrame(lines[(lines["kind"] != "transfer").to_numpy(dtype=bool)])


def _from_depth(
    network: Network,
    files: list[Path],
    block: Mapping[str, Any],
    chosen: dict[str, Any],
    problems: Problems,
) -> list[Disruption]:
    curve = chosen.pop("curve", DEFAULT_CURVE)
    lines = _lines(network)
    depth = _measured(
        files,
        lambda file: measure_flood_depth(lines, file, **chosen),
        block["id"],
        problems,
    )
    return list(
        flood_from_depth(
            network, depth, curve=curve, disruption_id=block["id"], start=block.get("start"),
            end=block.get("end"),
        )
    )  # fmt: skip


def _from_extent(
    network: Network,
    files: list[Path],
    block: Mapping[str, Any],
    chosen: dict[str, Any],
    effects: tuple[Effect, ...],
    problems: Problems,
) -> list[Disruption]:
    lines = _lines(network)
    extent = _measured(
        files,
        lambda file: measure_flood_extent(lines, file, **chosen),
        block["id"],
        problems,
    )
    return list(
        flood_from_extent(
            network, extent, effects=effects or (Closure(),), disruption_id=block["id"],
            start=block.get("start"), end=block.get("end"),
        )
    )  # fmt: skip


def _from_water(
    files: list[Path],
    block: Mapping[str, Any],
    chosen: dict[str, Any],
    effects: tuple[Effect, ...],
    problems: Problems,
) -> list[Disruption]:
    reading = read_flood_areas(_single(files, "water"), **chosen)
    _tell(problems, block["id"], reading)
    return list(
        flood_from_areas(reading, effects=effects or (Closure(),), disruption_id=block["id"])
    )


def _from_events(
    network: Network,
    files: list[Path],
    block: Mapping[str, Any],
    chosen: dict[str, Any],
    dates: Mapping[str, dt.date],
    problems: Problems,
) -> list[Disruption]:
    kernel, exposure = chosen.pop("kernel", {}), chosen.pop("exposure", {})
    reading = read_events(_single(files, "events"), **chosen)
    _tell(problems, block["id"], reading)
    return list(
        insecurity_from_events(
            network, reading.layer, start=dates["start"], end=dates["end"],
            effect=Exposure(**exposure), disruption_id=block["id"], **kernel,
        )
    )  # fmt: skip


def _from_incidents(
    network: Network,
    files: list[Path],
    block: Mapping[str, Any],
    chosen: dict[str, Any],
    levels: Mapping[str, tuple[Effect, ...]],
    problems: Problems,
) -> list[Disruption]:
    how = {name: chosen.pop(name) for name in ("days", "unresolved") if name in chosen}
    reading = read_incidents(_single(files, "incidents"), **chosen)
    _tell(problems, block["id"], reading)
    made, findings = insecurity_from_incidents(
        network, reading.table, {int(level): effects for level, effects in levels.items()},
        disruption_id=block["id"], **how,
    )  # fmt: skip
    _tell_findings(problems, block["id"], findings)
    return list(made)


def _from_constraints(
    network: Network,
    files: list[Path],
    block: Mapping[str, Any],
    chosen: dict[str, Any],
    problems: Problems,
) -> list[Disruption]:
    how = {name: chosen.pop(name) for name in ("unresolved",) if name in chosen}
    reading = read_constraints(_single(files, "constraints"), **chosen)
    _tell(problems, block["id"], reading)
    made, findings = disruptions_from_constraints(
        network, pd.DataFrame(reading.table), disruption_id=block["id"], **how
    )
    _tell_findings(problems, block["id"], findings)
    return list(made)


def _tell_findings(problems: Problems, where: str, findings: gpd.GeoDataFrame) -> None:
    problems.notes += [f"{where}: {row.check}, {row.id}: {row.finding}"
                       for row in findings.itertuples() if row.severity != "note"]  # fmt: skip

"""Disruptions from files that a block of a scenario file names: floods, events, road tables."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from mobility_geo.errors import InputError, ScenarioError
from mobility_geo.network import Network
from mobility_geo.scenario.access import disruptions_from_constraints
from mobility_geo.scenario.disruptions import Closure, Disruption, Effect, Exposure
from mobility_geo.scenario.exposure import insecurity_from_events, insecurity_from_incidents
from mobility_geo.scenario.floods import (
    DEFAULT_CURVE,
    flood_from_areas,
    flood_from_depth,
    flood_from_extent,
)
from mobility_geo.scenario.problems import Problems, shown
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

FILES: Final = ("depth", "extent", "water", "events", "incidents", "constraints")
"""Keys of a disruption that name a file to make disruptions of; one of them, if any."""

READ_WITH: Final[Mapping[str, tuple[str, ...]]] = {
    "depth": ("unit", "curve", "freeboard_m", "band", "nodata"),
    "extent": ("wet_values", "band", "bridges_flooded"),
    "water": ("columns", "layer", "permanent"),
    "events": ("columns", "sheet", "layer", "day_first", "max_geo_precision", "kernel", "exposure"),
    "incidents": ("columns", "sheet", "day_first", "days", "unresolved"),
    "constraints": ("columns", "sheet", "unresolved"),
}
"""Keys that go with each file."""

WITHOUT: Final[Mapping[str, frozenset[str]]] = {
    "depth": frozenset({"effect", "levels"}),
    "extent": frozenset({"levels"}),
    "water": frozenset({"levels", "start", "end"}),
    "events": frozenset({"effect", "levels"}),
    "incidents": frozenset({"effect", "start", "end"}),
    "constraints": frozenset({"effect", "levels", "start", "end"}),
}
"""Keys that other blocks have, and that would be without effect: the file says it row by row."""

SHARED: Final = frozenset(
    {"id", "name", "kind", "source", "confidence", "start", "end", "probability", "group",
     "effect", "levels"}
)  # fmt: skip

MAKES: Final[Mapping[str, str]] = {
    "depth": "flood", "extent": "flood", "water": "flood", "events": "insecurity",
    "incidents": "insecurity", "constraints": "road",
}  # fmt: skip
"""Kind of the disruptions that each file makes; mines among events are a kind of their own."""

UNRESOLVED: Final = ("error", "finding")
KINDS_OF_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("unit", "curve", "layer", "sheet", "name", "group"),
    "number": ("freeboard_m", "nodata", "probability"),
    "whole": ("band", "days", "max_geo_precision"),
    "flag": ("bridges_flooded", "day_first"),
    "words": ("permanent",),
    "date": ("start", "end"),
    "numbers": ("kernel", "exposure"),
}
"""Keys of a block by what they hold; `columns`, `wet_values` and words to choose from come on
top."""


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
    strange = sorted((set(block) - SHARED - {key, *READ_WITH[key]}) | (set(block) & WITHOUT[key]))
    problems.found += [f"{where}: key {name!r} does not go with {key!r}" for name in strange]
    files = _files(block[key], where, key, folder, problems)
    before = len(problems.found)
    _check_values(block, key, where, problems)
    if strange or files is None or len(problems.found) > before:
        return []
    chosen = {name: block[name] for name in READ_WITH[key] if name in block}
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
        return [replace(one, source=block["source"] or one.source, **more) for one in made]
    except InputError as error:
        problems.found += [
            text if text.startswith(where) else f"{where}: {text}" for text in error.problems
        ]
    return []


def _check_values(block: Mapping[str, Any], file: str, where: str, problems: Problems) -> None:
    """Note every value of a block that is not of the kind its key takes."""
    kind = problems.choice(block["kind"], DISRUPTION_KINDS, f"{where} kind")
    if kind != MAKES[file] and block["kind"] in DISRUPTION_KINDS:
        problems.found.append(f"{where} kind: must be {MAKES[file]!r} with {file!r}, not {kind!r}")
    checks: dict[str, Callable[[object, str], object]] = {
        "text": problems.text, "number": problems.number, "flag": problems.flag,
        "words": problems.words, "date": problems.day,
        "whole": lambda value, at: _check_whole(value, at, problems),
        "numbers": lambda value, at: _check_numbers(value, at, problems),
    }  # fmt: skip
    for holds, keys in KINDS_OF_VALUES.items():
        for key in keys:
            if key in block:
                checks[holds](block[key], f"{where} {key}")
    for key, known in (("confidence", CONFIDENCES), ("unresolved", UNRESOLVED)):
        if key in block:
            problems.choice(block[key], known, f"{where} {key}")
    problems.label(block["id"], f"{where} id")
    problems.text(block["source"], f"{where} source")
    for key, sound, example in (
        ("columns", _are_texts, '{ name = "NOM" }'), ("wet_values", _are_numbers, "[1, 2]"),
    ):  # fmt: skip
        if key in block and not sound(block[key]):
            problems.found.append(
                f"{where} {key}: must be such as {example}, not {shown(block[key])}"
            )


def _check_whole(value: object, where: str, problems: Problems) -> None:
    if type(value) is not int:
        problems.found.append(f"{where}: must be a whole number, not {shown(value)}")


def _check_numbers(table: object, where: str, problems: Problems) -> None:
    """Note what is no number in a table of numbers, whose keys are looked at elsewhere."""
    for key, value in table.items() if isinstance(table, dict) else ():
        if key == "step_days":
            _check_whole(value, f"{where} {key}", problems)
        else:
            problems.number(value, f"{where} {key}")


def _are_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _are_numbers(value: object) -> bool:
    return isinstance(value, list) and all(type(one) in {int, float} for one in value)


def _files(
    value: object, where: str, key: str, folder: Path, problems: Problems
) -> list[Path] | None:
    """Return the file or files that a key names; a pattern such as ``floods/*.tif`` is several."""
    if isinstance(value, str) and "*" in value:
        found = sorted(folder.glob(value))
        if not found:
            problems.found.append(f"{where} {key}: no file is like {value!r}")
        return found or None
    path = problems.file(value, folder, f"{where} {key}")
    return None if path is None else [path]


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
    edges = network.edges
    return gpd.GeoDataFrame(edges[(edges["kind"] != "transfer").to_numpy(dtype=bool)])


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
        files, lambda file: measure_flood_depth(lines, file, **chosen), block["id"], problems
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
        files, lambda file: measure_flood_extent(lines, file, **chosen), block["id"], problems
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

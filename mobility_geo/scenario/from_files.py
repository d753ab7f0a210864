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
from mobility_geo.scenario.problems import Problems
from mobility_geo.sources import (
    Reading,
    flood_dates,
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

SHARED: Final = frozenset(
    {"id", "name", "kind", "source", "confidence", "start", "end", "probability", "group",
     "effect", "levels"}
)  # fmt: skip


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
    strange = sorted(set(block) - SHARED - {key, *READ_WITH[key]})
    problems.found += [f"{where}: key {name!r} does not go with {key!r}" for name in strange]
    files = _files(block[key], where, key, folder, problems)
    if strange or files is None:
        return []
    chosen = {name: block[name] for name in READ_WITH[key] if name in block}
    dates = {name: block.get(name) or day for name, day in zip(("start", "end"), span, strict=True)}
    more = {
        name: block[name]
        for name in ("probability", "group", "confidence", "name")
        if name in block
    }
    makers: dict[str, Callable[[], list[Disruption]]] = {
        "depth": lambda: _from_depth(network, files, block, chosen),
        "extent": lambda: _from_extent(network, files, block, chosen, effects),
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
    except TypeError as error:
        problems.found.append(f"{where}: {error}")
    return []


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


def _rasters(files: list[Path]) -> Any:  # noqa: ANN401 - a file, or files by day
    return files[0] if len(files) == 1 else flood_dates(files)


def _from_depth(
    network: Network, files: list[Path], block: Mapping[str, Any], chosen: dict[str, Any]
) -> list[Disruption]:
    curve = chosen.pop("curve", DEFAULT_CURVE)
    return list(
        flood_from_depth(
            network, _rasters(files), curve=curve, disruption_id=block["id"],
            start=block.get("start"), end=block.get("end"), **chosen,
        )
    )  # fmt: skip


def _from_extent(
    network: Network,
    files: list[Path],
    block: Mapping[str, Any],
    chosen: dict[str, Any],
    effects: tuple[Effect, ...],
) -> list[Disruption]:
    return list(
        flood_from_extent(
            network, _rasters(files), effects=effects or (Closure(),), disruption_id=block["id"],
            start=block.get("start"), end=block.get("end"), **chosen,
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

"""Disruptions as blocks of TOML: ``[[disruption]]`` tables, and the layers that they name."""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from mobility_geo.errors import (
    CalendarError,
    ScenarioError,
    UnknownIdError,
)
from mobility_geo.network import Network
from mobility_geo.scenario.disruptions import (
    LARGEST_LAT,
    LARGEST_LON,
    CapacityFactor,
    Closure,
    Disruption,
    Effect,
    ExtraCost,
    ExtraWait,
    OpeningHours,
    Regime,
    RiskCost,
    Selection,
    SpeedFactor,
    Throughput,
    Who,
)
from mobility_geo.scenario.from_files import FILES, disruptions_from_files
from mobility_geo.scenario.problems import KEYS, Problems, shown
from mobility_geo.scenario.rows import AREAS, LEVELS, area_rows
from mobility_geo.schema import CONFIDENCES, DISRUPTION_KINDS, REGIMES
from mobility_geo.sources import read_layer
from mobility_geo.units import KM_M

LISTS: Final = (
    "edges", "refs", "places", "edge_kinds", "surfaces", "road_classes", "countries", "reaches",
    "rainfall_classes", "profiles", "kinds", "nationalities", "exposure_classes",
)  # fmt: skip
"""Keys of a disruption that are lists of words; crossings, also by name, come on top."""

LARGEST_RADIUS_KM: Final = 5000.0


def _effects(table: object, where: str, problems: Problems) -> tuple[Effect, ...]:
    block = problems.keys(table, "disruption.effect", where)
    made: list[Effect] = []
    kinds: dict[str, Callable[[float], Effect]] = {
        "speed_factor": SpeedFactor, "wait_min": ExtraWait, "cost_xof_per_km": ExtraCost,
        "risk_per_km": RiskCost, "capacity_factor": CapacityFactor,
        "throughput_persons_per_day": Throughput,
    }  # fmt: skip
    if block.get("close") is True:
        made.append(Closure())
    elif "close" in block:
        problems.found.append(f"{where} close: can only be true")
    if "hours" in block:
        opens_closes = problems.numbers(block["hours"], 2, f"{where} hours")
        hours = problems.attempt(lambda: OpeningHours(*opens_closes), where)
        made += [hours] if hours and opens_closes else []
    if "regime" in block:
        made.append(Regime(problems.choice(block["regime"], REGIMES, f"{where} regime")))
    for key, make in kinds.items():
        value = problems.number(block[key], f"{where} {key}") if key in block else None
        if value is not None:
            effect = problems.attempt(partial(make, value), where)
            made += [effect] if effect else []
    return tuple(made)


def circle(lon: float, lat: float, radius_km: float) -> shapely.Polygon:
    """Return a circle on the ellipsoid as a polygon of 64 sides.

    Parameters
    ----------
    lon, lat
        Centre, degrees, -180 to 180 and -90 to 90.
    radius_km
        Radius, km, above 0 and at most 5,000.

    Returns
    -------
    shapely.Polygon
        WGS 84 longitude and latitude.

    Raises
    ------
    ScenarioError
        If a number is out of its range, or the circle holds a pole or the antimeridian.

    Examples
    --------
    >>> round(circle(0, 0, 111.319).bounds[2], 2)
    1.0
    """
    problems = [
        f"{name} must be {words}, not {value:g}"
        for name, value, words, fits in (
            ("lon", lon, "-180 to 180 degrees", -LARGEST_LON <= lon <= LARGEST_LON),
            ("lat", lat, "-90 to 90 degrees", -LARGEST_LAT <= lat <= LARGEST_LAT),
            ("radius_km", radius_km, f"above 0 and at most {LARGEST_RADIUS_KM:g} km",
             0 < radius_km <= LARGEST_RADIUS_KM),
        )
        if not fits
    ]  # fmt: skip
    if problems:
        raise ScenarioError(problems)
    azimuth = np.linspace(0, 360, 64, endpoint=False)
    ones = np.ones(64)
    x, y, _ = pyproj.Geod(ellps="WGS84").fwd(
        ones * lon, ones * lat, azimuth, ones * radius_km * KM_M
    )
    if np.ptp(x) > LARGEST_LON:
        msg = "the circle holds a pole or crosses the meridian of 180 degrees"
        raise ScenarioError(msg)
    return shapely.Polygon(np.column_stack([x, y]))


def disruptions_from_blocks(
    content: dict[str, Any],
    folder: Path,
    problems: Problems,
    network: Network | None,
    span: tuple[dt.date, dt.date] | None,
) -> list[Disruption]:
    """Return the disruptions of the ``[[disruption]]`` tables; what is wrong goes to `problems`."""
    made: list[Disruption] = []
    blocks = problems.tables(content.get("disruption", []), "disruption")
    for number, item in enumerate(blocks, start=1):
        name = item.get("id") if isinstance(item, dict) else None
        where = f"disruption {name!r}" if isinstance(name, str) else f"disruption number {number}"
        before = len(problems.found)
        needed = ("id", "kind", "source")
        block = problems.keys(item, "disruption", where, needed)
        if not set(needed) <= set(block):
            continue
        from_file = any(key in block for key in FILES)
        levels = _levels(block, where, problems)
        effects = _effects(block.get("effect", {}), f"{where} effect", problems)
        if "areas" in block and "circle" in block:
            problems.found.append(f"{where}: give areas or a circle, not both")
        area = _circle(block["circle"], where, problems) if "circle" in block else None
        layer = _areas(block["areas"], where, folder, problems) if "areas" in block else None
        for key in ("kernel", "exposure"):
            problems.keys(block.get(key, {}), f"disruption.{key}", f"{where} {key}")
        sound = len(problems.found) == before
        if from_file:
            if sound and network is not None and span is not None:
                made += disruptions_from_files(
                    block, where, folder, problems, network, span, effects, levels
                )
        elif layer is None:
            one = _one(block, where, area, effects, problems, network, sound=sound)
            made += [one] if one else []
        else:
            made += _area_disruptions(block, where, layer, levels, effects, problems, network,
                                      sound=sound)  # fmt: skip
    return made


def _levels(block: dict[str, Any], where: str, problems: Problems) -> dict[str, tuple[Effect, ...]]:
    """Return the effects of each severity."""
    if "levels" not in block:
        return {}
    if "areas" not in block and "incidents" not in block:
        problems.found.append(f"{where}: levels need areas with a severity; else give effect")
    if not isinstance(block["levels"], dict):
        problems.found.append(
            f"{where} levels: must be a table of severities, not {shown(block['levels'])}"
        )
        return {}
    problems.found += [
        f"{where} levels: a severity is 1 to 4, not {shown(key)}"
        for key in block["levels"]
        if key not in map(str, LEVELS)
    ]
    return {
        key: _effects(value, f"{where} levels {key}", problems)
        for key, value in block["levels"].items()
    }


def _circle(table: object, where: str, problems: Problems) -> shapely.Polygon | None:
    needed = KEYS["disruption.circle"]
    ring = problems.keys(table, "disruption.circle", f"{where} circle", needed)
    if not set(needed) <= set(ring):
        return None
    lon, lat, radius = (problems.number(ring[key], f"{where} circle {key}") for key in needed)
    if lon is None or lat is None or radius is None:
        return None
    return problems.attempt(lambda: circle(lon, lat, radius), f"{where} circle")


def _one(
    block: dict[str, Any],
    where: str,
    area: shapely.Geometry | None,
    effects: tuple[Effect, ...],
    problems: Problems,
    network: Network | None,
    more: Mapping[str, Any] | None = None,
    *,
    sound: bool,
) -> Disruption | None:
    """Return a disruption, unless its table or what came before is not sound.

    `more` is what a layer says of one of its areas.
    """

    def words(key: str) -> tuple[str, ...]:
        return problems.words(block[key], f"{where} {key}") if key in block else ()

    def text(key: str, default: str) -> str:
        return problems.text(block.get(key, default), f"{where} {key}")

    before = len(problems.found)
    crossings, places = words("crossings"), words("places")
    if network is not None:
        crossings = _found(network.find_crossing, crossings, where, problems)
        places = _found(network.find_place, places, where, problems)
    months = problems.months(block.get("months", []), f"{where} months")
    dates = {key: problems.day(block.get(key), f"{where} {key}") for key in ("start", "end")}
    probability = problems.number(block.get("probability", 1.0), f"{where} probability")
    given: dict[str, Any] = {
        "disruption_id": problems.label(block["id"], f"{where} id"), "name": text("name", ""),
        "source": text("source", ""), "confidence": problems.choice(
            block.get("confidence", "medium"), CONFIDENCES, f"{where} confidence"
        ),
        "kind": problems.choice(block["kind"], DISRUPTION_KINDS, f"{where} kind"),
        "group": text("group", ""), "months": months, **dates, **(more or {}),
    }  # fmt: skip
    direction = problems.choice(
        block.get("direction", "both"), ("both", "forward", "backward"), f"{where} direction"
    )
    informal = problems.flag(block.get("informal", False), f"{where} informal")
    into = text("into", "")
    listed = {key: words(key) for key in LISTS}
    if probability is None or not sound or len(problems.found) > before:
        return None
    try:
        what = Selection(
            area=area, edge_ids=listed["edges"], crossing_ids=crossings, refs=listed["refs"],
            edge_kinds=listed["edge_kinds"], surfaces=listed["surfaces"],
            road_classes=listed["road_classes"], countries=listed["countries"],
            reaches=listed["reaches"], rainfall_classes=listed["rainfall_classes"],
            place_ids=places, informal=informal, into=into, direction=direction,
        )  # fmt: skip
        return Disruption(
            what=what, effects=effects, probability=probability,
            who=Who(profiles=listed["profiles"], kinds=listed["kinds"],
                    nationalities=listed["nationalities"],
                    exposure_classes=listed["exposure_classes"]),
            **given,
        )  # fmt: skip
    except (ScenarioError, CalendarError) as error:
        place = f"disruption {given['disruption_id']!r}"
        problems.found += [
            line if line.startswith("disruption") else f"{place}: {line}" for line in error.problems
        ]
        return None


def _found(
    find: Callable[[str], str], names: tuple[str, ...], where: str, problems: Problems
) -> tuple[str, ...]:
    """Return the ids of some names, and note those that nothing is called."""
    ids: list[str] = []
    for name in names:
        try:
            ids.append(find(name))
        except UnknownIdError as error:
            problems.found += [f"{where}: {text}" for text in error.problems]
    return tuple(ids)


def _areas(name: object, where: str, folder: Path, problems: Problems) -> gpd.GeoDataFrame | None:
    """Read the layer of areas that a disruption names."""
    path = problems.file(name, folder, f"{where} areas")
    return None if path is None else problems.attempt(lambda: read_layer(path, AREAS), where)


def _area_disruptions(
    block: dict[str, Any],
    where: str,
    areas: gpd.GeoDataFrame,
    levels: dict[str, tuple[Effect, ...]],
    effects: tuple[Effect, ...],
    problems: Problems,
    network: Network | None,
    *,
    sound: bool,
) -> list[Disruption]:
    made = []
    for area_id, shape, said in area_rows(areas):
        severity = said["severity"]
        happens = levels.get(str(severity), ()) or effects
        if sound and not happens:
            problems.found.append(f"{where}: no level for severity {severity} of area {area_id!r}")
            continue
        more = {"disruption_id": f"{block['id']}/{area_id}", "name": area_id} | said
        one = _one(block, where, shape, happens, problems, network, more, sound=sound)
        made += [one] if one else []
    return made

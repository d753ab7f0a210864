"""Scenario files: TOML that a person can read aloud; every unknown key is an error."""

import datetime as dt
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import (
    CalendarError,
    InputError,
    MobilityGeoError,
    ScenarioError,
    UnknownIdError,
)
from mobility_geo.network import Network, read_network
from mobility_geo.scenario.case import Case, Limits
from mobility_geo.scenario.disruptions import (
    CapacityFactor,
    Closure,
    Disruption,
    Effect,
    ExtraCost,
    ExtraWait,
    Regime,
    RiskCost,
    Selection,
    SpeedFactor,
    Who,
)
from mobility_geo.scenario.scenario import Scenario
from mobility_geo.schema import (
    DESTINATIONS,
    GROUPS,
    TARGETS,
    WAYSTATIONS,
    Column,
    TableSchema,
    conform,
    is_missing,
    records,
    suggest,
)
from mobility_geo.sources import read_layer, read_table

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("name", "title", "description", "when", "calendar", "network", "audience", "people",
         "destinations", "waystations", "limits", "borders", "choice", "assumptions", "compare",
         "disruption"),
    "calendar": ("start", "end"),
    "people": ("groups", "residents"),
    "people.residents": ("countries", "pcodes", "profile", "destination_set"),
    "destinations": ("table",),
    "waystations": ("table",),
    "limits": ("time_limit_h", "risk_limit", "unknown_after_days"),
    "borders": ("informal",),
    "choice": ("logit_scale_per_h",),
    "assumptions": ("text", "source"),
    "compare": ("targets",),
    "disruption": ("id", "name", "kind", "areas", "levels", "edges", "refs", "circle",
                   "crossings", "edge_kinds", "surfaces", "road_classes", "countries", "informal",
                   "into", "direction", "profiles", "kinds", "nationalities", "exposure_classes",
                   "effect", "start", "end", "probability", "group", "source", "confidence"),
    "disruption.circle": ("lon", "lat", "radius_km"),
    "disruption.effect": ("close", "speed_factor", "wait_min", "cost_xof_per_km", "risk_per_km",
                          "capacity_factor", "regime"),
}  # fmt: skip
REQUIRED: Final = ("name", "when", "calendar", "network", "people", "destinations")

AREAS: Final = TableSchema(
    name="areas",
    meaning="Areas of a disruption, graded by severity",
    key=("area_id",),
    geometry="MultiPolygon",
    columns=(
        Column(name="area_id", dtype="text", meaning="id"),
        Column(name="name", dtype="text", meaning="name", nullable=True, required=False),
        Column(name="severity", dtype="int", meaning="1 (low) to 4 (high)", minimum=1, maximum=4,
               required=False, default=1),
        Column(name="start", dtype="date", meaning="first day", nullable=True, required=False),
        Column(name="end", dtype="date", meaning="last day", nullable=True, required=False),
        Column(name="source", dtype="text", meaning="source", nullable=True, required=False),
        Column(name="confidence", dtype="text", meaning="confidence", nullable=True,
               required=False),
    ),
)  # fmt: skip

Made = TypeVar("Made")


@dataclass(slots=True)
class _Problems:
    """Collects what is wrong, so that one error can list everything."""

    found: list[str] = field(default_factory=list)

    def keys(self, table: object, name: str, where: str) -> dict[str, Any]:
        """Return a TOML table after noting its unknown keys."""
        if not isinstance(table, dict):
            self.found.append(f"{where}: must be a table of keys, not {table!r}")
            return {}
        known = KEYS[name]
        self.found += [
            f"{where}: unknown key {key!r}{suggest(key, known)}"
            for key in table
            if key not in known
        ]
        return table

    def number(self, value: object, where: str) -> float:
        """Return a number, or note that it is none."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.found.append(f"{where}: must be a number, not {value!r}")
            return 0.0
        return float(value)

    def words(self, value: object, where: str) -> tuple[str, ...]:
        """Return a list of words, or note that it is none."""
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.found.append(f'{where}: must be a list of texts, such as ["a", "b"], not {value!r}')
        return ()

    def day(self, value: object, where: str) -> dt.date | None:
        """Return a date, or note that it is none."""
        if value is None:
            return None
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        self.found.append(f"{where}: must be a date such as 2013-01-20 (no quotes), not {value!r}")
        return None

    def attempt(self, make: Callable[[], Made]) -> Made | None:
        """Return what `make` returns, or note what was wrong and return None."""
        try:
            return make()
        except InputError as error:
            self.found += error.problems
            return None


def read_case(
    path: str | Path, *, networks: Mapping[str, Callable[[], Network]] | None = None
) -> Case:
    """Read a scenario file and everything it names.

    Parameters
    ----------
    path
        TOML. Paths in it are relative to it.
    networks
        Built-in networks by name; `mobility_geo.datasets.load_case` gives them.

    Returns
    -------
    Case
        Checked.

    Raises
    ------
    ScenarioError
        Lists every problem of the file and the tables it names: unknown keys with the nearest
        known one, wrong values, unknown places, crossings and profiles.

    Examples
    --------
    >>> read_case("nowhere.toml")
    Traceback (most recent call last):
    mobility_geo.errors.ScenarioError: nowhere.toml: no such file
    """
    file = Path(path)
    if not file.is_file():
        msg = f"{path}: no such file"
        raise ScenarioError(msg)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: not a TOML file: {error}"
        raise ScenarioError(msg) from error
    problems = _Problems()
    case = _case(content, file, problems, networks or {})
    if problems.found or case is None:
        raise ScenarioError([f"{file.name}: {problem}" for problem in problems.found])
    return case


def _case(
    content: dict[str, Any],
    file: Path,
    problems: _Problems,
    networks: Mapping[str, Callable[[], Network]],
) -> Case | None:
    problems.keys(content, "", "scenario")
    problems.found += [f"key {key!r} is missing" for key in REQUIRED if key not in content]
    tables = {
        name: problems.keys(content.get(name, {}), name, f"[{name}]")
        for name in ("calendar", "people", "destinations", "waystations", "limits", "borders",
                     "choice", "compare")
    }  # fmt: skip
    network = _network(str(content.get("network", "")), file, problems, networks)
    disruptions = _disruptions(content, file.parent, problems, network)
    informal = tables["borders"].get("informal", "open")
    if informal == "closed":
        disruptions.append(
            Disruption(
                disruption_id="informal-crossings-closed", kind="border",
                what=Selection(informal=True, edge_kinds=("crossing",)),
                effects=(Regime("closed"),), name="Informal crossings closed",
                source="scenario file", confidence="medium",
            )
        )  # fmt: skip
    elif informal != "open":
        problems.found.append(f"[borders] informal: must be open or closed, not {informal!r}")
    scenario = _scenario(content, tables["calendar"], disruptions, problems)
    limits = problems.attempt(lambda: Limits(**{
        key: value for key, value in tables["limits"].items() if key in KEYS["limits"]
    }))  # fmt: skip
    groups = _groups(tables["people"], file.parent, problems, network)
    destinations = _table(tables["destinations"].get("table"), DESTINATIONS, file.parent, problems)
    stations = _waystations(tables["waystations"].get("table"), file.parent, problems, network)
    targets = _table(tables["compare"].get("targets"), TARGETS, file.parent, problems)
    scale = problems.number(
        tables["choice"].get("logit_scale_per_h", 0.1), "[choice] logit_scale_per_h"
    )
    assumptions = [
        problems.keys(item, "assumptions", "[[assumptions]]")
        for item in content.get("assumptions", [])
    ]
    if problems.found or network is None or scenario is None or limits is None or stations is None:
        return None
    return problems.attempt(lambda: Case(
        network=network, scenario=scenario, groups=groups, destinations=destinations,
        waystations=stations, targets=targets, limits=limits, logit_scale_per_h=scale,
        title=str(content.get("title", content["name"])),
        description=" ".join(str(content.get("description", "")).split()),
        audience=str(content.get("audience", "internal")),
        assumptions=pd.DataFrame(
            {key: [str(item.get(key, "")) for item in assumptions] for key in ("text", "source")},
            dtype="str",
        ),
    ))  # fmt: skip


def _network(
    name: str, file: Path, problems: _Problems, networks: Mapping[str, Callable[[], Network]]
) -> Network | None:
    if name in networks:
        return networks[name]()
    path = file.parent / name
    if name.endswith(".gpkg"):
        try:
            return read_network(path)
        except MobilityGeoError as error:
            problems.found += list(getattr(error, "problems", (str(error),)))
            return None
    if name:
        problems.found.append(
            f"network: no built-in network {name!r}{suggest(name, networks)}, and not the path "
            "of a .gpkg file"
        )
    return None


def _scenario(
    content: dict[str, Any],
    calendar: dict[str, Any],
    disruptions: list[Disruption],
    problems: _Problems,
) -> Scenario | None:
    when = problems.day(content.get("when"), "when")
    start = problems.day(calendar.get("start"), "calendar start")
    end = problems.day(calendar.get("end"), "calendar end")
    if when is None or start is None or end is None:
        if "calendar" in content:
            problems.found += [
                f"calendar: {key!r} is missing" for key in KEYS["calendar"] if key not in calendar
            ]
        return None
    made = problems.attempt(lambda: Scenario(
        name=str(content.get("name", "")), when=when, start=start, end=end,
        disruptions=tuple(disruptions),
    ))  # fmt: skip
    if made is not None:
        outside = [
            d.disruption_id for d in disruptions
            if (d.end is not None and d.end < start) or (d.start is not None and d.start > end)
        ]  # fmt: skip
        problems.found += [
            f"disruption {name!r}: its dates never meet the calendar {start} to {end}"
            for name in outside
            if "/" not in name  # areas of a shared file may belong to other scenarios
        ]
    return made


def _table(name: object, schema: TableSchema, folder: Path, problems: _Problems) -> pd.DataFrame:
    empty = pd.DataFrame({column: [] for column in schema.names})
    if name is None:
        return conform(empty, schema)[0]
    table = problems.attempt(lambda: read_table(folder / str(name), schema))
    return conform(empty, schema)[0] if table is None else table


def _groups(
    people: dict[str, Any], folder: Path, problems: _Problems, network: Network | None
) -> pd.DataFrame:
    groups = _table(people.get("groups"), GROUPS, folder, problems)
    if "residents" not in people:
        return groups
    block = problems.keys(people["residents"], "people.residents", "[people.residents]")
    needed = [key for key in ("countries", "profile", "destination_set") if key not in block]
    problems.found += [f"[people.residents]: key {key!r} is missing" for key in needed]
    if network is None or needed:
        return groups
    places = network.places
    chosen = (places["kind"] == "settlement") & (places["population_persons"] >= 1)
    chosen &= places["country"].isin(
        problems.words(block["countries"], "[people.residents] countries")
    )
    if "pcodes" in block:
        wanted = problems.words(block["pcodes"], "[people.residents] pcodes")
        known = set(network.zones["pcode"])
        problems.found += [
            f"[people.residents] pcodes: no zone {code!r}{suggest(code, known)}"
            for code in wanted
            if code not in known
        ]
        chosen &= places["pcode"].isin(wanted)
    residents = places[chosen.to_numpy(dtype=bool)]
    persons = np.rint(residents["population_persons"]).astype("int64")
    made = pd.DataFrame(
        {
            "group_id": "residents-" + residents["place_id"],
            "base": "residents",
            "place_id": residents["place_id"],
            "origin_pcode": residents["pcode"],
            "kind": "resident",
            "nationality": residents["country"],
            "profile": str(block["profile"]),
            "trip": "one_way",
            "destination_set": str(block["destination_set"]),
            "persons": persons,
            "persons_low": persons,
            "persons_high": persons,
            "source": residents["source"],
        }
    )
    return conform(pd.concat([groups, made], ignore_index=True), GROUPS)[0]


def _waystations(
    name: object, folder: Path, problems: _Problems, network: Network | None
) -> gpd.GeoDataFrame | None:
    if network is None:
        return None
    plain = TableSchema(
        name=WAYSTATIONS.name, meaning=WAYSTATIONS.meaning, columns=WAYSTATIONS.columns,
        key=WAYSTATIONS.key,
    )  # fmt: skip
    table = _table(name, plain, folder, problems)
    where = network.place_rows.get_indexer(pd.Index(table["place_id"]))
    problems.found += [
        f"waystations: no place {place!r}{suggest(str(place), network.place_rows)}"
        for place, row in zip(table["place_id"], where, strict=True)
        if row < 0
    ]
    if (where < 0).any():
        return None
    points = network.places.geometry.array[where]
    return gpd.GeoDataFrame(table, geometry=points, crs=network.crs)


def _effects(table: object, where: str, problems: _Problems) -> tuple[Effect, ...]:
    block = problems.keys(table, "disruption.effect", where)
    made: list[Effect] = []
    kinds: dict[str, Callable[[float], Effect]] = {
        "speed_factor": SpeedFactor, "wait_min": ExtraWait, "cost_xof_per_km": ExtraCost,
        "risk_per_km": RiskCost, "capacity_factor": CapacityFactor,
    }  # fmt: skip
    if block.get("close") is True:
        made.append(Closure())
    elif "close" in block:
        problems.found.append(f"{where} close: can only be true")
    if "regime" in block:
        regime = problems.attempt(lambda: Regime(str(block["regime"])))
        made += [regime] if regime else []
    for key, make in kinds.items():
        if key in block:
            value = problems.number(block[key], f"{where} {key}")
            effect = problems.attempt(partial(make, value))
            made += [effect] if effect else []
    return tuple(made)


def circle(lon: float, lat: float, radius_km: float) -> shapely.Polygon:
    """Return a circle on the ellipsoid as a polygon of 64 sides.

    Parameters
    ----------
    lon, lat
        Centre, degrees.
    radius_km
        Radius, km, > 0.

    Returns
    -------
    shapely.Polygon
        WGS 84 longitude and latitude.

    Examples
    --------
    >>> round(circle(0, 0, 111.319).bounds[2], 2)
    1.0
    """
    azimuth = np.linspace(0, 360, 64, endpoint=False)
    ones = np.ones(64)
    x, y, _ = pyproj.Geod(ellps="WGS84").fwd(
        ones * lon, ones * lat, azimuth, ones * radius_km * 1000
    )
    return shapely.Polygon(np.column_stack([x, y]))


def _disruptions(
    content: dict[str, Any], folder: Path, problems: _Problems, network: Network | None
) -> list[Disruption]:
    made: list[Disruption] = []
    for number, item in enumerate(content.get("disruption", []), start=1):
        name = item.get("id", f"number {number}") if isinstance(item, dict) else number
        where = f"disruption {name!r}"
        block = problems.keys(item, "disruption", where)
        missing = [key for key in ("id", "kind", "source") if key not in block]
        problems.found += [f"{where}: key {key!r} is missing" for key in missing]
        if missing:
            continue
        if "levels" in block:
            levels = {
                str(key): _effects(value, f"{where} levels {key}", problems)
                for key, value in block["levels"].items()
            }
        else:
            levels = {}
        effects = _effects(block.get("effect", {}), f"{where} effect", problems)
        if "areas" in block:
            made += _area_disruptions(block, where, folder, levels, effects, problems, network)
            continue
        area = None
        if "circle" in block:
            ring = problems.keys(block["circle"], "disruption.circle", f"{where} circle")
            numbers = {
                key: problems.number(ring.get(key), f"{where} circle {key}")
                for key in ("lon", "lat", "radius_km")
            }
            area = circle(**numbers)
        one = _one(block, where, area, effects, problems, network)
        made += [one] if one else []
    return made


def _one(
    block: dict[str, Any],
    where: str,
    area: shapely.Geometry | None,
    effects: tuple[Effect, ...],
    problems: _Problems,
    network: Network | None,
    more: Mapping[str, Any] | None = None,
) -> Disruption | None:
    def words(key: str) -> tuple[str, ...]:
        return problems.words(block[key], f"{where} {key}") if key in block else ()

    crossings = words("crossings")
    if network is not None:
        found = [_crossing(network, name, where, problems) for name in crossings]
        crossings = tuple(name for name in found if name)
    dates = {key: problems.day(block.get(key), f"{where} {key}") for key in ("start", "end")}
    probability = problems.number(block.get("probability", 1.0), f"{where} probability")
    try:
        what = Selection(
            area=area, edge_ids=words("edges"), crossing_ids=crossings, refs=words("refs"),
            edge_kinds=words("edge_kinds"), surfaces=words("surfaces"),
            road_classes=words("road_classes"), countries=words("countries"),
            informal=bool(block.get("informal", False)), into=str(block.get("into", "")),
            direction=str(block.get("direction", "both")),
        )  # fmt: skip
        given: dict[str, Any] = {
            "disruption_id": str(block["id"]), "name": str(block.get("name", "")),
            "source": str(block["source"]), "confidence": str(block.get("confidence", "medium")),
            **dates, **(more or {}),
        }  # fmt: skip
        return Disruption(
            kind=str(block["kind"]), what=what, effects=effects,
            who=Who(profiles=words("profiles"), kinds=words("kinds"),
                    nationalities=words("nationalities"),
                    exposure_classes=words("exposure_classes")),
            probability=probability, group=str(block.get("group", "")), **given,
        )  # fmt: skip
    except (ScenarioError, CalendarError) as error:
        problems.found += [
            text if text.startswith("disruption") else f"{where}: {text}" for text in error.problems
        ]
        return None


def _crossing(network: Network, name: str, where: str, problems: _Problems) -> str:
    try:
        return network.find_crossing(name)
    except UnknownIdError as error:
        problems.found += [f"{where}: {text}" for text in error.problems]
        return ""


def _area_disruptions(
    block: dict[str, Any],
    where: str,
    folder: Path,
    levels: dict[str, tuple[Effect, ...]],
    effects: tuple[Effect, ...],
    problems: _Problems,
    network: Network | None,
) -> list[Disruption]:
    areas = problems.attempt(lambda: read_layer(folder / str(block["areas"]), AREAS))
    if areas is None:
        return []
    made = []
    shapes = areas.geometry.to_crs(4326)
    for row, shape in zip(records(areas), shapes, strict=True):
        area_id, severity = str(row["area_id"]), int(row["severity"])
        happens = levels.get(str(severity), ()) or effects
        if not happens:
            problems.found.append(f"{where}: no level for severity {severity} of area {area_id!r}")
            continue
        more = {
            "disruption_id": f"{block['id']}/{area_id}",
            "name": _text(row["name"], area_id),
            "severity": severity,
            "source": _text(row["source"], str(block["source"])),
            "confidence": _text(row["confidence"], str(block.get("confidence", "medium"))),
        }
        for key in ("start", "end"):
            if not is_missing(row[key]):
                more[key] = row[key].date()
        one = _one(block, f"{where} area {area_id!r}", shape, happens, problems, network, more)
        made += [one] if one else []
    return made


def _text(value: object, fallback: str) -> str:
    return fallback if is_missing(value) else str(value)

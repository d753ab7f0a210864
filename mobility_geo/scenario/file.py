"""Scenario files: TOML that a person can read aloud; every unknown key is an error."""

import datetime as dt
import math
import tomllib
from collections.abc import Callable, Collection, Mapping
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
from mobility_geo.scenario.case import AUDIENCES, Case, Limits
from mobility_geo.scenario.disruptions import (
    LARGEST_LAT,
    LARGEST_LON,
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
    CONFIDENCES,
    DESTINATIONS,
    DISRUPTION_KINDS,
    GROUPS,
    REGIMES,
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
LEVELS: Final = ("1", "2", "3", "4")
"""Severities of areas."""

LISTS: Final = (
    "edges", "refs", "edge_kinds", "surfaces", "road_classes", "countries", "profiles", "kinds",
    "nationalities", "exposure_classes",
)  # fmt: skip
"""Keys of a disruption that are lists of words; crossings, also by name, come on top."""

LARGEST_RADIUS_KM: Final = 5000.0

MOST_SHOWN: Final = 60
"""So many characters of a wrong value are shown in a message."""

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
               required=False, allowed=CONFIDENCES),
    ),
)  # fmt: skip

Made = TypeVar("Made")


@dataclass(slots=True)
class _Problems:
    """Collects what is wrong, so that one error can list everything."""

    found: list[str] = field(default_factory=list)

    def keys(
        self, table: object, name: str, where: str, needed: Collection[str] = ()
    ) -> dict[str, Any]:
        """Return a TOML table after noting its unknown keys, and those that are missing."""
        if not isinstance(table, dict):
            self.found.append(f"{where}: must be a table of keys, not {_shown(table)}")
            return {}
        known = KEYS[name]
        self.found += [
            f"{where}: unknown key {key!r}{suggest(key, known)}"
            for key in table
            if key not in known
        ]
        self.found += [f"{where}: key {key!r} is missing" for key in needed if key not in table]
        return table

    def tables(self, value: object, name: str) -> list[object]:
        """Return the tables written with double brackets, or note that it is none."""
        if isinstance(value, list):
            return value
        self.found.append(f"{name}: write each as a table headed [[{name}]], not {_shown(value)}")
        return []

    def number(self, value: object, where: str) -> float | None:
        """Return a finite number, or note that it is none."""
        if not isinstance(value, bool) and isinstance(value, int | float):
            try:
                number = float(value)
            except OverflowError:
                number = math.inf
            if math.isfinite(number):
                return number
        self.found.append(f"{where}: must be a finite number, not {_shown(value)}")
        return None

    def text(self, value: object, where: str) -> str:
        """Return a text, or note that it is none."""
        if isinstance(value, str):
            return value
        self.found.append(f'{where}: must be a text, such as "a", not {_shown(value)}')
        return ""

    def label(self, value: object, where: str) -> str:
        """Return a text that is not blank, or note that it is none."""
        text = self.text(value, where)
        if isinstance(value, str) and not text.strip():
            self.found.append(f"{where}: must not be empty")
        return text

    def choice(self, value: object, known: Collection[str], where: str) -> str:
        """Return one of some known words, or note that it is none."""
        word = self.text(value, where)
        if word in known:
            return word
        if isinstance(value, str):
            self.found.append(f"{where}: unknown value {_shown(word)}{suggest(word, known)}")
        return next(iter(known))

    def flag(self, value: object, where: str) -> bool:
        """Return true or false, or note that it is neither."""
        if isinstance(value, bool):
            return value
        self.found.append(f"{where}: must be true or false (no quotes), not {_shown(value)}")
        return False

    def words(self, value: object, where: str) -> tuple[str, ...]:
        """Return a list of words, or note that it is none."""
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.found.append(
            f'{where}: must be a list of texts, such as ["a", "b"], not {_shown(value)}'
        )
        return ()

    def file(self, value: object, folder: Path, where: str) -> Path | None:
        """Return the path of a file that is there, or note that there is none."""
        name = self.text(value, where)
        if not isinstance(value, str):
            return None
        try:
            if (folder / name).is_file():
                return folder / name
        except (OSError, ValueError):
            pass  # no file can have such a name
        self.found.append(f"{where}: {_shown(name)}: no such file")
        return None

    def day(self, value: object, where: str) -> dt.date | None:
        """Return a date, or note that it is none."""
        if value is None:
            return None
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        self.found.append(
            f"{where}: must be a date such as 2013-01-20 (no quotes, no hour), not {_shown(value)}"
        )
        return None

    def attempt(self, make: Callable[[], Made], where: str = "") -> Made | None:
        """Return what `make` returns, or note what was wrong and return None."""
        try:
            return make()
        except InputError as error:
            self.found += [f"{where}: {text}" if where else text for text in error.problems]
            return None


def _shown(value: object) -> str:
    """Return a value as text for a message, cut if it is long."""
    text = str(value) if isinstance(value, dt.date | dt.time) else repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


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
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise ScenarioError(msg) from error
    except (ValueError, RecursionError) as error:
        # a ValueError also for bytes that are not UTF-8 and for whole numbers without end
        msg = f"{path}: not a TOML file: {error}"
        raise ScenarioError(msg) from error
    problems = _Problems()
    case = _case(content, file, problems, networks or {})
    if problems.found or case is None:
        # the areas of a layer share the keys of their disruption, and so its faults
        found = list(dict.fromkeys(problems.found))
        raise ScenarioError([f"{file.name}: {problem}" for problem in found])
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
    network = _network(content.get("network"), file, problems, networks)
    disruptions = _disruptions(content, file.parent, problems, network)
    informal = problems.choice(
        tables["borders"].get("informal", "open"), ("open", "closed"), "[borders] informal"
    )
    if informal == "closed":
        disruptions.append(
            Disruption(
                disruption_id="informal-crossings-closed", kind="border",
                what=Selection(informal=True, edge_kinds=("crossing",)),
                effects=(Regime("closed"),), name="Informal crossings closed",
                source="scenario file", confidence="medium",
            )
        )  # fmt: skip
    scenario = _scenario(content, tables["calendar"], disruptions, problems)
    limits = problems.attempt(lambda: Limits(**{
        key: value for key, value in tables["limits"].items() if key in KEYS["limits"]
    }))  # fmt: skip
    title = problems.text(content.get("title", ""), "title")
    description = problems.text(content.get("description", ""), "description")
    audience = problems.choice(content.get("audience", "internal"), AUDIENCES, "audience")
    groups = _groups(tables["people"], file.parent, problems, network)
    destinations = _table(
        tables["destinations"].get("table"), "[destinations] table", DESTINATIONS, file.parent,
        problems,
    )  # fmt: skip
    if "destinations" in content and "table" not in tables["destinations"]:
        problems.found.append("[destinations]: key 'table' is missing")
    stations = _waystations(tables["waystations"].get("table"), file.parent, problems, network)
    targets = _table(
        tables["compare"].get("targets"), "[compare] targets", TARGETS, file.parent, problems
    )
    scale = problems.number(
        tables["choice"].get("logit_scale_per_h", 0.1), "[choice] logit_scale_per_h"
    )
    assumptions = _assumptions(content.get("assumptions", []), problems)
    if problems.found or network is None or scenario is None or limits is None or stations is None:
        return None
    return problems.attempt(lambda: Case(
        network=network, scenario=scenario, groups=groups, destinations=destinations,
        waystations=stations, targets=targets, limits=limits, logit_scale_per_h=scale or 0.0,
        title=title or scenario.name, description=" ".join(description.split()),
        audience=audience, assumptions=assumptions,
    ))  # fmt: skip


def _assumptions(value: object, problems: _Problems) -> pd.DataFrame:
    blocks = [
        problems.keys(item, "assumptions", "[[assumptions]]")
        for item in problems.tables(value, "assumptions")
    ]
    return pd.DataFrame(
        {
            key: [problems.text(one.get(key, ""), f"[[assumptions]] {key}") for one in blocks]
            for key in KEYS["assumptions"]
        },
        dtype="str",
    )


def _network(
    value: object, file: Path, problems: _Problems, networks: Mapping[str, Callable[[], Network]]
) -> Network | None:
    if value is None:
        return None
    name = problems.label(value, "network")
    if name in networks:
        return networks[name]()
    if name.endswith(".gpkg"):
        path = problems.file(name, file.parent, "network")
        if path is None:
            return None
        try:
            return read_network(path)
        except MobilityGeoError as error:
            problems.found += list(getattr(error, "problems", (str(error),)))
            return None
    if name.strip():
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
    name = problems.label(content["name"], "name") if "name" in content else ""
    when = problems.day(content.get("when"), "when")
    start = problems.day(calendar.get("start"), "calendar start")
    end = problems.day(calendar.get("end"), "calendar end")
    if when is None or start is None or end is None:
        if isinstance(content.get("calendar"), dict):
            problems.found += [
                f"calendar: {key!r} is missing" for key in KEYS["calendar"] if key not in calendar
            ]
        return None
    made = problems.attempt(lambda: Scenario(
        name=name, when=when, start=start, end=end,
        disruptions=tuple(disruptions),
    ))  # fmt: skip
    if made is not None:
        outside = [
            d.disruption_id for d in disruptions
            if (d.end is not None and d.end < start) or (d.start is not None and d.start > end)
        ]  # fmt: skip
        problems.found += [
            f"disruption {one!r}: its dates never meet the calendar {start} to {end}"
            for one in outside
            if "/" not in one  # areas of a shared file may belong to other scenarios
        ]
    return made


def _table(
    name: object, where: str, schema: TableSchema, folder: Path, problems: _Problems
) -> pd.DataFrame:
    """Read the table that a key names; an empty one if there is none, or it is wrong."""
    table = None
    if name is not None:
        path = problems.file(name, folder, where)
        if path is not None:
            table = problems.attempt(lambda: read_table(path, schema))
    empty = pd.DataFrame({column: [] for column in schema.names})
    return conform(empty, schema)[0] if table is None else table


def _groups(
    people: dict[str, Any], folder: Path, problems: _Problems, network: Network | None
) -> pd.DataFrame:
    groups = _table(people.get("groups"), "[people] groups", GROUPS, folder, problems)
    if "residents" not in people:
        return groups
    needed = ("countries", "profile", "destination_set")
    block = problems.keys(people["residents"], "people.residents", "[people.residents]", needed)
    if network is None or not set(needed) <= set(block):
        return groups
    profile, destination_set = (
        problems.label(block[key], f"[people.residents] {key}")
        for key in ("profile", "destination_set")
    )
    places = network.places
    chosen = (places["kind"] == "settlement") & (places["population_persons"] >= 1)
    countries = problems.words(block["countries"], "[people.residents] countries")
    homes = set(places["country"])
    problems.found += [
        f"[people.residents] countries: no place in {code!r}{suggest(code, homes)}"
        for code in countries
        if code not in homes
    ]
    chosen &= places["country"].isin(countries)
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
            "profile": profile,
            "trip": "one_way",
            "destination_set": destination_set,
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
    table = _table(name, "[waystations] table", plain, folder, problems)
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
        ones * lon, ones * lat, azimuth, ones * radius_km * 1000
    )
    if np.ptp(x) > LARGEST_LON:
        msg = "the circle holds a pole or crosses the meridian of 180 degrees"
        raise ScenarioError(msg)
    return shapely.Polygon(np.column_stack([x, y]))


def _disruptions(
    content: dict[str, Any], folder: Path, problems: _Problems, network: Network | None
) -> list[Disruption]:
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
        levels = _levels(block, where, problems)
        effects = _effects(block.get("effect", {}), f"{where} effect", problems)
        if "areas" in block and "circle" in block:
            problems.found.append(f"{where}: give areas or a circle, not both")
        area = _circle(block["circle"], where, problems) if "circle" in block else None
        layer = _areas(block["areas"], where, folder, problems) if "areas" in block else None
        sound = len(problems.found) == before
        if layer is None:
            one = _one(block, where, area, effects, problems, network, sound=sound)
            made += [one] if one else []
        else:
            made += _area_disruptions(block, where, layer, levels, effects, problems, network,
                                      sound=sound)  # fmt: skip
    return made


def _levels(
    block: dict[str, Any], where: str, problems: _Problems
) -> dict[str, tuple[Effect, ...]]:
    """Return the effects of each severity."""
    if "levels" not in block:
        return {}
    if "areas" not in block:
        problems.found.append(f"{where}: levels need areas with a severity; else give effect")
    if not isinstance(block["levels"], dict):
        problems.found.append(
            f"{where} levels: must be a table of severities, not {_shown(block['levels'])}"
        )
        return {}
    problems.found += [
        f"{where} levels: a severity is 1 to 4, not {_shown(key)}"
        for key in block["levels"]
        if key not in LEVELS
    ]
    return {
        key: _effects(value, f"{where} levels {key}", problems)
        for key, value in block["levels"].items()
    }


def _circle(table: object, where: str, problems: _Problems) -> shapely.Polygon | None:
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
    problems: _Problems,
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
    crossings = words("crossings")
    if network is not None:
        found = [_crossing(network, name, where, problems) for name in crossings]
        crossings = tuple(name for name in found if name)
    dates = {key: problems.day(block.get(key), f"{where} {key}") for key in ("start", "end")}
    probability = problems.number(block.get("probability", 1.0), f"{where} probability")
    given: dict[str, Any] = {
        "disruption_id": problems.label(block["id"], f"{where} id"), "name": text("name", ""),
        "source": text("source", ""), "confidence": problems.choice(
            block.get("confidence", "medium"), CONFIDENCES, f"{where} confidence"
        ),
        "kind": problems.choice(block["kind"], DISRUPTION_KINDS, f"{where} kind"),
        "group": text("group", ""), **dates, **(more or {}),
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
            informal=informal, into=into, direction=direction,
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


def _crossing(network: Network, name: str, where: str, problems: _Problems) -> str:
    try:
        return network.find_crossing(name)
    except UnknownIdError as error:
        problems.found += [f"{where}: {text}" for text in error.problems]
        return ""


def _areas(name: object, where: str, folder: Path, problems: _Problems) -> gpd.GeoDataFrame | None:
    """Read the layer of areas that a disruption names."""
    path = problems.file(name, folder, f"{where} areas")
    return None if path is None else problems.attempt(lambda: read_layer(path, AREAS), where)


def _area_disruptions(
    block: dict[str, Any],
    where: str,
    areas: gpd.GeoDataFrame,
    levels: dict[str, tuple[Effect, ...]],
    effects: tuple[Effect, ...],
    problems: _Problems,
    network: Network | None,
    *,
    sound: bool,
) -> list[Disruption]:
    made = []
    shapes = areas.geometry.to_crs(4326)
    for row, shape in zip(records(areas), shapes, strict=True):
        area_id, severity = str(row["area_id"]), int(row["severity"])
        happens = levels.get(str(severity), ()) or effects
        if sound and not happens:
            problems.found.append(f"{where}: no level for severity {severity} of area {area_id!r}")
            continue
        more = {
            "disruption_id": f"{block['id']}/{area_id}",
            "name": _text(row["name"], area_id),
            "severity": severity,
        }
        for key in ("source", "confidence"):
            if not is_missing(row[key]):
                more[key] = str(row[key])
        for key in ("start", "end"):
            if not is_missing(row[key]):
                more[key] = row[key].date()
        one = _one(block, where, shape, happens, problems, network, more, sound=sound)
        made += [one] if one else []
    return made


def _text(value: object, fallback: str) -> str:
    return fallback if is_missing(value) else str(value)

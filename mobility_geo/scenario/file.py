"""Scenario files: TOML that a person can read aloud; every unknown key is an error."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from mobility_geo.errors import MobilityGeoError, ScenarioError
from mobility_geo.network import Network, read_network
from mobility_geo.scenario.blocks import disruptions_from_blocks
from mobility_geo.scenario.case import AUDIENCES, Case, Limits
from mobility_geo.scenario.disruptions import Disruption, Regime, Selection
from mobility_geo.scenario.floods import load_depth_curves
from mobility_geo.scenario.people import resident_groups
from mobility_geo.scenario.problems import KEYS, Problems
from mobility_geo.scenario.scenario import Scenario
from mobility_geo.scenario.table import read_disruptions
from mobility_geo.schema import (
    DESTINATIONS,
    GROUPS,
    TARGETS,
    WAYSTATIONS,
    TableSchema,
    conform,
    suggest,
)
from mobility_geo.sources import read_table

REQUIRED: Final = ("name", "when", "calendar", "network", "people", "destinations")


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
    problems = Problems()
    case = _case(content, file, problems, networks or {})
    if problems.found or case is None:
        # the areas of a layer share the keys of their disruption, and so its faults
        found = list(dict.fromkeys(problems.found))
        raise ScenarioError([f"{file.name}: {problem}" for problem in found])
    return case


def _case(
    content: dict[str, Any],
    file: Path,
    problems: Problems,
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
    span = problems.span(tables["calendar"])
    disruptions = disruptions_from_blocks(content, file.parent, problems, network, span)
    if "disruptions" in content:
        path = problems.file(content["disruptions"], file.parent, "disruptions")
        curves = load_depth_curves()
        listed = None if path is None else problems.attempt(
            lambda: read_disruptions(path, curves=curves)
        )  # fmt: skip
        disruptions += listed or ()
    informal = problems.choice(
        tables["borders"].get("informal", "open"), ("open", "closed"), "[borders] informal"
    )
    if informal == "closed":
        disruptions.append(
            Disruption(
                disruption_id="informal-crossings-closed", kind="border",
                what=Selection(informal=True),
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
        audience=audience, assumptions=assumptions, notes=tuple(problems.notes),
    ))  # fmt: skip


def _assumptions(value: object, problems: Problems) -> pd.DataFrame:
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
    value: object, file: Path, problems: Problems, networks: Mapping[str, Callable[[], Network]]
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
    problems: Problems,
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
    name: object, where: str, schema: TableSchema, folder: Path, problems: Problems
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
    people: dict[str, Any], folder: Path, problems: Problems, network: Network | None
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
    countries = problems.words(block["countries"], "[people.residents] countries")
    pcodes = problems.words(block.get("pcodes", []), "[people.residents] pcodes")
    kinds = problems.words(block.get("kinds", ["settlement"]), "[people.residents] kinds")
    made = problems.attempt(
        lambda: resident_groups(
            network, profile=profile, destination_set=destination_set, countries=countries,
            pcodes=pcodes if "pcodes" in block else None, kinds=kinds,
        ),
        "[people.residents]",
    )  # fmt: skip
    return groups if made is None else conform(pd.concat([groups, made]), GROUPS)[0]


def _waystations(
    name: object, folder: Path, problems: Problems, network: Network | None
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

"""Build a network from the files that an analyst has: one TOML file says which."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import InputError, ScenarioError, labels
from mobility_geo.network import (
    Network,
    attach_by_walking,
    audit_network,
    build_network,
    cut_at_borders,
)
from mobility_geo.network.build import no_rows
from mobility_geo.scenario.problems import Problems, shown
from mobility_geo.schema import (
    EDGES,
    NODES,
    PLACES,
    PROFILES,
    SEASONS,
    SPEEDS,
    WATERWAYS,
    ZONES,
    TableSchema,
)
from mobility_geo.sources import (
    Finding,
    Reading,
    add_population,
    check_places,
    check_zones,
    findings_table,
    population_to_places,
    read_boundaries,
    read_crossings,
    read_graphml,
    read_osm_pbf,
    read_places,
    read_population_table,
    read_roads,
    read_table,
    read_waterways,
)
from mobility_geo.sources.rasters import cell_positions, change_to, interpolate_at, open_raster

Progress = Callable[[str, float], None]

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("name", "country", "crs", "max_distance_m", "boundaries", "roads", "places", "people",
         "crossings", "waterways", "walking", "rainfall", "profiles", "speeds", "seasons"),
    "boundaries": ("file", "layer", "level", "columns", "country", "language", "pcode_vintage",
                   "crs", "encoding"),
    "roads": ("file", "form", "layer", "columns", "classes", "surfaces", "country", "crs",
              "snap_m", "bbox"),
    "places": ("file", "columns", "kind", "country", "sheet", "layer", "crs", "encoding",
               "mend_signs"),
    "people": ("raster", "quantity", "known_total", "band", "max_distance_m", "table", "columns",
               "level", "sheet"),
    "crossings": ("file", "layer", "sheet", "columns", "crs", "near_post_m"),
    "waterways": ("file", "layer", "columns", "crs"),
    "walking": ("elevation", "landcover", "max_hours", "resolution_m"),
    "rainfall": ("raster", "classes"),
}  # fmt: skip
MAX_DISTANCE_M: Final = 15_000.0
"""Longest way off the road from a place to the network, unless the file says another."""

ROAD_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "osm_pbf": ("classes", "bbox"),
    "graphml": ("crs",),
    "lines": ("layer", "columns", "classes", "surfaces", "country", "crs", "snap_m"),
}
"""Forms of a file of roads, and the keys that go with each."""

PEOPLE_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "raster": ("quantity", "known_total", "band", "max_distance_m"),
    "table": ("columns", "level", "sheet"),
}
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("layer", "form", "country", "kind", "sheet", "encoding", "language", "pcode_vintage",
             "quantity"),
    "number": ("snap_m", "near_post_m", "known_total", "max_distance_m", "max_hours",
               "resolution_m"),
    "whole": ("level", "band"),
    "flag": ("mend_signs",),
    "words": ("columns", "surfaces"),
}  # fmt: skip
"""Keys of tables by what they hold; `crs`, `bbox`, `classes` and the files are looked at apart."""

NEEDED: Final = ("name", "roads", "places")


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class BuiltNetwork:
    """A network, and everything that was found on the way to it.

    Parameters
    ----------
    network
        The network.
    findings
        From every reader, every check and the audit, the worst first; schema
        `mobility_geo.schema.FINDINGS`.
    readings
        What was read, in its order: each says its licence.
    more
        Further layers to look at: changes of the topology, people too far from any place.
    """

    network: Network
    findings: gpd.GeoDataFrame
    readings: tuple[Reading, ...]
    more: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def build_from_config(path: str | Path, *, progress: Progress | None = None) -> BuiltNetwork:
    """Build a network from the files that a TOML file names.

    Parameters
    ----------
    path
        TOML; paths in it are relative to it. Every key is in the reference of the command line.
    progress
        Called with each step and the share done, 0 to 1.

    Returns
    -------
    BuiltNetwork
        The network with its findings.

    Raises
    ------
    ScenarioError
        Lists every problem of the file: unknown keys with the nearest known one, missing files.
    InputError
        If a file that it names cannot be read; see the readers.

    Examples
    --------
    >>> build_from_config("nowhere.toml")
    Traceback (most recent call last):
    mobility_geo.errors.ScenarioError: nowhere.toml: no such file
    """
    file = Path(path)
    content = _content(file)
    tell = progress or _silent
    readings: list[Reading] = []
    notes: list[Finding] = []
    more: dict[str, pd.DataFrame] = {}

    def read(reading: Reading) -> Reading:
        readings.append(reading)
        return reading

    tell("Boundaries", 0.0)
    levels = [read(read_boundaries(**block)).layer for block in content["boundaries"]]
    zones = _finest(levels, notes)
    tell("Roads", 0.05)
    nodes, edges = _roads(content, readings, more, tell)
    tell("Borders", 0.45)
    posts = None
    near: dict[str, float] = {}
    if content["crossings"]:
        block = dict(content["crossings"][0])
        near = {"near_post_m": block.pop("near_post_m")} if "near_post_m" in block else {}
        posts = read(read_crossings(**block)).layer
    nodes, edges, posts, found = cut_at_borders(nodes, edges, zones, posts, **near)
    notes += found
    rivers = [read(read_waterways(**block)).layer for block in content["waterways"]]
    tell("Places", 0.5)
    places = _places(content, zones, readings, notes)
    tell("People", 0.6)
    places, zones = _people(content, places, zones, readings, more)
    if content["rainfall"]:
        edges = _with_rainfall(edges, notes, **content["rainfall"][0])
    tell("Network", 0.7)
    rules = _rules(content)
    network = build_network(
        name=content["name"], zones=zones, nodes=nodes, edges=edges, crossings=posts,
        places=places, waterways=_stacked(rivers, WATERWAYS), profiles=rules["profiles"],
        speeds=rules["speeds"], seasons=rules["seasons"], crs=content.get("crs"),
        max_distance_m=content.get("max_distance_m", MAX_DISTANCE_M),
    )  # fmt: skip
    walked = findings_table([])
    if content["walking"]:
        tell("Ways off the road", 0.8)
        network, walked = attach_by_walking(network, **content["walking"][0])
    tell("Audit", 0.95)
    parts = [findings_table(notes), *(one.findings for one in readings), walked,
             audit_network(network)]  # fmt: skip
    tell("Done", 1.0)
    return BuiltNetwork(
        network=network, findings=_merged(parts), readings=tuple(readings), more=more
    )


def _silent(_step: str, _done: float) -> None:
    pass


def _merged(parts: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return all findings in one layer, the worst first."""
    frames = [part for part in parts if len(part)]
    if not frames:
        return findings_table([])
    merged = pd.concat(frames, ignore_index=True)
    rank = merged["severity"].map({"error": 0, "warning": 1, "note": 2})
    order = np.lexsort((-merged["persons"].to_numpy(dtype=float), rank.to_numpy()))
    return gpd.GeoDataFrame(merged.iloc[order].reset_index(drop=True), crs=4326)


# ------------------------------------------------------------------ the file
def _content(file: Path) -> dict[str, Any]:
    """Return what a file says, checked, each table as a list of keyword arguments.

    Raises
    ------
    ScenarioError
        Lists every problem.
    """
    if not file.is_file():
        msg = f"{file}: no such file"
        raise ScenarioError(msg)
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        msg = f"{file}: not a TOML file: {error}"
        raise ScenarioError(msg) from error
    problems = Problems(known=KEYS)
    problems.keys(raw, "", "network file")
    problems.found += [f"key {key!r} is missing" for key in NEEDED if key not in raw]
    content: dict[str, Any] = {key: raw[key] for key in ("country", "crs") if key in raw}
    content["name"] = problems.label(raw.get("name", "x"), "name")
    if "max_distance_m" in raw:
        content["max_distance_m"] = problems.number(raw["max_distance_m"], "max_distance_m")
    if "country" in raw:
        problems.label(raw["country"], "country")
    if "crs" in raw:
        _check_crs(raw["crs"], "crs", problems)
    for key in ("profiles", "speeds", "seasons"):
        if key in raw:
            content[key] = problems.file(raw[key], file.parent, key)
    for table in (key for key in KEYS if key):
        blocks = raw.get(table, [])
        listed = blocks if isinstance(blocks, list) else [blocks]
        content[table] = [
            _block(block, table, file.parent, problems, content.get("country")) for block in listed
        ]
    problems.found += [
        f"[{key}]: give it once"
        for key in ("people", "crossings", "walking", "rainfall")
        if len(content[key]) > 1
    ]
    if problems.found:
        raise ScenarioError([f"{file.name}: {problem}" for problem in problems.found])
    return content


FILES: Final = ("file", "raster", "table", "elevation", "landcover")


def _block(
    block: object, table: str, folder: Path, problems: Problems, country: str | None
) -> dict[str, Any]:
    """Return the keys of a table as arguments of its reader; files are looked up."""
    where = f"[{table}]"
    needed = KEYS[table] if table == "rainfall" else {"file"} & set(KEYS[table])
    found = dict(problems.keys(block, table, where, needed))
    for key, value in found.items():
        if key not in FILES and key in KEYS[table]:
            _check_value(key, value, f"{where} {key}", problems)
    for key in FILES:
        if key in found:
            found[key] = _path(found[key], folder, f"{where} {key}", problems)
    if "file" in found:
        found["path"] = found.pop("file")
    if table == "roads":
        _check_form(found, where, problems)
    if table == "people":
        _check_people(found, where, problems)
    if country is not None and "country" in KEYS[table]:
        found.setdefault("country", country)
    return found


def _check_value(key: str, value: object, where: str, problems: Problems) -> None:
    """Note a value that is not of the kind its key takes."""
    holds = next((kind for kind, keys in VALUES.items() if key in keys), key)
    checks: dict[str, Callable[[], object]] = {
        "text": lambda: problems.label(value, where),
        "number": lambda: _check_above_zero(value, where, problems),
        "flag": lambda: problems.flag(value, where),
        "crs": lambda: _check_crs(value, where, problems),
        "bbox": lambda: problems.numbers(value, 4, where),
    }
    if holds in checks:
        checks[holds]()
    elif holds == "whole" and type(value) is not int:
        problems.found.append(f"{where}: must be a whole number, not {shown(value)}")
    elif holds == "words" and not _are_words(value):
        problems.found.append(
            f'{where}: must be a table of texts, such as {{ name = "NOM" }}, not {shown(value)}'
        )
    elif where == "[rainfall] classes" and not _are_ranges(value):
        problems.found.append(
            f"{where}: must be a table such as {{ wet = [600, 1200] }}, not {shown(value)}"
        )


def _check_above_zero(value: object, where: str, problems: Problems) -> None:
    number = problems.number(value, where)
    if number is not None and number <= 0:
        problems.found.append(f"{where}: must be above 0, not {number:g}")


def _are_words(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _are_ranges(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, list)
        and len(one) == 2  # noqa: PLR2004
        and all(type(end) in {int, float} for end in one)
        for one in value.values()
    )


def _check_crs(value: object, where: str, problems: Problems) -> None:
    try:
        known = type(value) in {str, int} and bool(pyproj.CRS.from_user_input(value))
    except pyproj.exceptions.CRSError:
        known = False
    if not known:
        problems.found.append(
            f'{where}: must be a coordinate reference system such as "EPSG:32630", not '
            f"{shown(value)}"
        )


def _check_people(found: dict[str, Any], where: str, problems: Problems) -> None:
    """Note a table of people that says both where they come from, or neither."""
    if ("raster" in found) == ("table" in found):
        problems.found.append(f"{where}: give a raster or a table")
        return
    source = "raster" if "raster" in found else "table"
    problems.found += [
        f"{where}: key {key!r} does not go with a {source}"
        for key in found
        if key in KEYS["people"] and key not in {source, *PEOPLE_KEYS[source]}
    ]


def _check_form(found: dict[str, Any], where: str, problems: Problems) -> None:
    """Note keys that do not go with the form of a file of roads; the form is made explicit."""
    path = found.get("path")
    if "form" not in found and path is not None:
        found["form"] = _form(path)
    form = found.get("form")
    if not isinstance(form, str):
        return
    if form not in ROAD_KEYS:
        problems.found.append(
            f"{where} form: must be one of {', '.join(ROAD_KEYS)}, not {shown(form)}"
        )
        return
    problems.found += [
        f"{where}: key {key!r} does not go with a file of form {form!r}"
        for key in found
        if key in KEYS["roads"] and key not in {"file", "form", "country", *ROAD_KEYS[form]}
    ]
    if "classes" in found and form == "osm_pbf":
        problems.words(found["classes"], f"{where} classes")
    elif "classes" in found and not _are_words(found["classes"]):
        problems.found.append(
            f'{where} classes: must be a table, such as {{ RN = "primary" }}, not '
            f"{shown(found['classes'])}"
        )


def _path(value: object, folder: Path, where: str, problems: Problems) -> Path | None:
    """Return the path of a file, which may be a member of an archive."""
    name = problems.text(value, where)
    if ".zip/" in name and (folder / name[: name.index(".zip/") + 4]).is_file():
        return folder / name
    return problems.file(value, folder, where)


# ------------------------------------------------------------------ its parts
def _finest(levels: list[gpd.GeoDataFrame], notes: list[Finding]) -> gpd.GeoDataFrame:
    """Return the zones of the finest level of each country; coarser ones serve to check codes."""
    if not levels:
        return _stacked([], ZONES)
    every = pd.concat(levels, ignore_index=True)
    chosen = []
    for _, one_country in every.groupby("country", sort=True):
        found = one_country["adm_level"]
        by_level = {level: gpd.GeoDataFrame(one_country[found == level].reset_index(drop=True),
                                            crs=4326)
                    for level in sorted(found.astype("int64").unique().tolist())}  # fmt: skip
        for level, zones in by_level.items():
            notes += check_zones(zones, by_level.get(level - 1))
        chosen.append(by_level[max(by_level)])
    return gpd.GeoDataFrame(pd.concat(chosen, ignore_index=True), crs=4326)


def _stacked(layers: list[gpd.GeoDataFrame], schema: TableSchema) -> gpd.GeoDataFrame:
    if not layers:
        return no_rows(schema)
    if len(layers) == 1:
        return layers[0]
    stacked = gpd.GeoDataFrame(pd.concat(layers, ignore_index=True), crs=4326)
    key = schema.key[0]
    again = stacked.groupby(key).cumcount()
    # the same id in two files is not the same thing
    stacked[key] = stacked[key].where(again == 0, stacked[key] + "/" + (again + 1).astype(str))
    return stacked


def _roads(
    content: dict[str, Any],
    readings: list[Reading],
    more: dict[str, pd.DataFrame],
    tell: Progress,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return nodes and edges of all files of roads.

    Raises
    ------
    InputError
        If an id stands in two files.
    """
    made: list[tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]] = []
    changes = []
    for block in content["roads"]:
        arguments = dict(block)
        form = arguments.pop("form")

        def step(what: str, share: float) -> None:
            tell(what, 0.05 + 0.4 * share)

        if form == "osm_pbf":
            arguments.pop("country", None)
            reading = read_osm_pbf(**arguments, progress=step)
        elif form == "graphml":
            arguments.pop("country", None)
            reading = read_graphml(**arguments)
        else:
            reading = read_roads(**arguments, progress=step)
        readings.append(reading)
        made.append((_layer(reading, "nodes"), _layer(reading, "edges")))
        if "changes" in reading.tables:
            changes.append(reading.tables["changes"])
    if changes:
        stacked = pd.concat(changes, ignore_index=True)
        more["topology_changes"] = gpd.GeoDataFrame(stacked, crs=4326)
    nodes = pd.concat([one for one, _ in made], ignore_index=True)
    edges = pd.concat([one for _, one in made], ignore_index=True)
    twice = nodes[nodes["node_id"].duplicated()]
    if len(twice) or bool(edges["edge_id"].duplicated().any()):
        msg = (
            "[roads]: two files use the same ids, e.g. "
            f"{twice['node_id'].tolist()[:3]}; merge the layers in QGIS first"
        )
        raise InputError(msg)
    return (
        gpd.GeoDataFrame(nodes.reindex(columns=[*NODES.names, "geometry"]), crs=4326),
        gpd.GeoDataFrame(edges.reindex(columns=[*EDGES.names, "geometry"]), crs=4326),
    )


def _layer(reading: Reading, name: str) -> gpd.GeoDataFrame:
    table = reading.tables[name]
    return table if isinstance(table, gpd.GeoDataFrame) else gpd.GeoDataFrame(table)


def _form(path: Path) -> str:
    endings = {".pbf": "osm_pbf", ".osm": "osm_pbf", ".graphml": "graphml"}
    return endings.get(path.suffix.lower(), "lines")


def _places(
    content: dict[str, Any],
    zones: gpd.GeoDataFrame,
    readings: list[Reading],
    notes: list[Finding],
) -> gpd.GeoDataFrame:
    """Return the places of all files, each with the code of the zone it lies in."""
    layers = []
    for block in content["places"]:
        arguments = dict(block)
        mend = bool(arguments.pop("mend_signs", False))
        lands = _of_one_level(zones, arguments.get("country"))
        reading = read_places(**arguments, zones=lands if len(zones) else None)
        readings.append(reading)
        layer = reading.layer
        if len(zones):
            layer, found = check_places(layer, lands, mend_signs=mend)
            notes += found
        layers.append(layer)
    places = _stacked(layers, PLACES)
    if not len(zones):
        return places
    known = places["pcode"].isin(zones["pcode"])
    strange = places["pcode"].notna() & ~known
    if bool(strange.any()):
        notes.append(
            Finding(check="p-code of another level", severity="note", table="places",
                    id=f"{int(strange.sum())} places, e.g. "
                       f"{labels(places.loc[strange, 'pcode'])}",
                    value=float(strange.sum()), unit="places",
                    finding="no zone has the code: that of the zone where they lie is taken")
        )  # fmt: skip
    lies_in = _zone_of(places, zones)
    places = places.assign(pcode=places["pcode"].where(known, lies_in))
    outside = places["pcode"].isna()
    if bool(outside.any()):
        notes.append(
            Finding(check="outside all zones", severity="warning", table="places",
                    id=f"{int(outside.sum())} places", value=float(outside.sum()), unit="places",
                    persons=float(places.loc[outside, "population_persons"].fillna(0).sum()),
                    finding="lie in no zone: counted under no code")
        )  # fmt: skip
    return places


def _of_one_level(zones: gpd.GeoDataFrame, country: str | None) -> gpd.GeoDataFrame:
    """Return zones as if all were of the level of a country, which says which P-codes to take."""
    own = zones.loc[zones["country"] == country, "adm_level"]
    return zones.assign(adm_level=int(own.max())) if len(own) else zones


def _zone_of(places: gpd.GeoDataFrame, zones: gpd.GeoDataFrame) -> pd.Series:
    code = np.full(len(places), None, dtype=object)
    if len(zones):
        tree = shapely.STRtree(places.geometry.to_numpy())
        zone, row = tree.query(zones.geometry.to_numpy(), predicate="intersects")
        code[row[::-1]] = zones["pcode"].to_numpy(dtype=object)[zone[::-1]]
    return pd.Series(code, index=places.index, dtype="str")


def _people(
    content: dict[str, Any],
    places: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    readings: list[Reading],
    more: dict[str, pd.DataFrame],
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return places and zones with their people."""
    if not content["people"]:
        return places, zones
    block = dict(content["people"][0])
    raster, table = block.pop("raster", None), block.pop("table", None)
    if raster is not None:
        reading = population_to_places(raster, places, zones if len(zones) else None, **block)
        readings.append(reading)
        places = _layer(reading, "places")
        if "remainder" in reading.tables:
            more["people_far_from_places"] = reading.tables["remainder"]
        return places, zones
    reading = read_population_table(table, zones, **block)
    readings.append(reading)
    return places, add_population(zones, reading.table, unmatched="leave")


def _with_rainfall(
    edges: gpd.GeoDataFrame,
    notes: list[Finding],
    raster: Path,
    classes: Mapping[str, list[float]],
) -> gpd.GeoDataFrame:
    """Return edges with the rainfall class of their middle: from a to below b mm a year."""
    middle = shapely.line_interpolate_point(edges.geometry.to_numpy(), 0.5, normalized=True)
    with open_raster(raster) as dataset:
        at = cell_positions(
            shapely.get_coordinates(middle), change_to(dataset, pyproj.CRS(4326)), dataset
        )
        rain_mm = interpolate_at(*at, dataset)
    named = np.full(len(edges), None, dtype=object)
    for name, (least, most) in classes.items():
        named[(rain_mm >= least) & (rain_mm < most)] = name
    bare = pd.isna(named)
    if bare.any():
        notes.append(
            Finding(check="no rainfall class", severity="warning", table="edges",
                    id=f"{int(bare.sum())} edges", value=float(bare.sum()), unit="edges",
                    finding="outside the raster, or of every class: no season by rainfall class "
                            "holds there")
        )  # fmt: skip
    return edges.assign(rainfall_class=pd.Series(named, index=edges.index, dtype="str"))


def _rules(content: dict[str, Any]) -> dict[str, pd.DataFrame | None]:
    """Return the given profiles, speeds and seasons; None stands for the default."""
    return {
        schema.name: read_table(content[schema.name], schema) if schema.name in content else None
        for schema in (PROFILES, SPEEDS, SEASONS)
    }

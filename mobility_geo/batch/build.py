"""Build a network from the files that an analyst has: one TOML file says which."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import InputError, ScenarioError, labels
from mobility_geo.network import (
    Network,
    assign_countries,
    attach_by_walking,
    audit_network,
    build_network,
    cut_at_borders,
)
from mobility_geo.network.build import no_rows
from mobility_geo.network.friction import read_landcover_speeds
from mobility_geo.scenario.problems import Problems
from mobility_geo.scenario.values import (
    BOX,
    COUNTRY,
    CRS,
    ENCODING,
    FLAG,
    METRIC_CRS,
    PATH,
    TEXT,
    TEXTS,
    Takes,
    check_endings,
    check_values,
    choice,
    code,
    number,
    ranges,
    whole,
    words_by_name,
)
from mobility_geo.schema import (
    EDGES,
    NODES,
    PLACE_KINDS,
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
from mobility_geo.sources.boundaries import LEVELS
from mobility_geo.sources.files import read_features
from mobility_geo.sources.geodesy import GEOD
from mobility_geo.sources.population import QUANTITIES
from mobility_geo.sources.rasters import cell_positions, change_to, interpolate_at, open_raster

Progress = Callable[[str, float], None]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]

MAX_DISTANCE_M: Final = 15_000.0
"""Longest way off the road from a place to the network, unless the file says another."""

SAME_PLACE_M: Final = 1.0
"""Nodes and places of two files with one id are the same within so many metres."""

SAME_LINE_DEG: Final = 1e-5
"""Lines of two files are the same if no vertex is farther off, degrees: a metre."""

SHARED_LINE_DEG: Final = 1e-4
"""Lines that run together for longer than this, degrees, are of one road; 11 m."""

UNLIKE: Final = ("edge_id", "from_node_id", "to_node_id", "length_m", "source")
"""Columns that may differ between two files without a word."""

_COLUMNS: Final = words_by_name('name = "NOM"')
_LEVEL: Final = whole(least=min(LEVELS), most=max(LEVELS))
_FAR: Final = number(above=0, most=1_000_000, unit="m")

ROADS: Final[Mapping[str, Mapping[str, Takes]]] = {
    "osm_pbf": {"classes": TEXTS, "bbox": BOX},
    "graphml": {"crs": CRS},
    "lines": {
        "layer": TEXT, "columns": _COLUMNS, "classes": words_by_name('RN = "primary"'),
        "surfaces": words_by_name('BIT = "paved"'), "country": COUNTRY, "crs": CRS,
        "snap_m": number(least=0, most=1_000, unit="m"),
    },
}  # fmt: skip
"""Forms of a file of roads, and what the keys that go with each take."""

PEOPLE: Final[Mapping[str, Mapping[str, Takes]]] = {
    "raster": {
        "quantity": choice(*QUANTITIES), "band": whole(least=1, most=65_535),
        "known_total": number(above=0, most=1e10, unit="persons"), "max_distance_m": _FAR,
    },
    "table": {"columns": _COLUMNS, "level": _LEVEL, "sheet": TEXT},
}  # fmt: skip
"""Where people come from, and what the keys that go with each take."""

TAKES: Final[Mapping[str, Mapping[str, Takes]]] = {
    "": {
        "name": TEXT, "country": COUNTRY, "crs": METRIC_CRS, "max_distance_m": _FAR,
        "profiles": PATH, "speeds": PATH, "seasons": PATH,
    },
    "boundaries": {
        "file": PATH, "layer": TEXT, "level": _LEVEL, "columns": _COLUMNS,
        "country": COUNTRY, "language": code(r"[a-z]{2}", 'two letters such as "fr"'),
        "pcode_vintage": TEXT, "crs": CRS, "encoding": ENCODING,
    },
    "roads": {"file": PATH, "form": choice(*ROADS)},
    "places": {
        "file": PATH, "columns": _COLUMNS, "kind": choice(*PLACE_KINDS), "country": COUNTRY,
        "sheet": TEXT, "layer": TEXT, "crs": CRS, "encoding": ENCODING,
        "mend_signs": FLAG,
    },
    "people": {"raster": PATH, "table": PATH},
    "crossings": {
        "file": PATH, "layer": TEXT, "sheet": TEXT, "columns": _COLUMNS, "crs": CRS,
        "near_post_m": number(least=0, most=100_000, unit="m"),
    },
    "waterways": {"file": PATH, "layer": TEXT, "columns": _COLUMNS, "crs": CRS},
    "walking": {
        "elevation": PATH, "landcover": PATH, "landcover_speeds": PATH, "water": PATH,
        "fords": PATH, "max_hours": number(above=0, most=1_000, unit="h"),
        "resolution_m": number(least=1, most=50_000, unit="m"),
    },
    "rainfall": {"raster": PATH, "classes": ranges("mm a year")},
}  # fmt: skip
"""What every key of a network file takes; those of roads and people by their form come on top."""

FORMS: Final[Mapping[str, Mapping[str, Mapping[str, Takes]]]] = {"roads": ROADS, "people": PEOPLE}

TABLES: Final = tuple(name for name in TAKES if name)

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": (*TAKES[""], *TABLES),
    **{
        name: tuple(
            dict.fromkeys(
                [*TAKES[name], *(key for form in FORMS.get(name, {}).values() for key in form)]
            )
        )
        for name in TABLES
    },
}
"""Every key of each table, for those who mistype one."""

FILES: Final = (
    "file", "raster", "table", "elevation", "landcover", "landcover_speeds", "water", "fords",
)  # fmt: skip
"""Keys of tables that name a file."""

NEEDED: Final = ("name", "roads", "places")
ONCE: Final = ("people", "crossings", "walking", "rainfall")


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

    walking = _walking(content, readings)
    tell("Boundaries", 0.0)
    levels = [read(read_boundaries(**block)).layer for block in content["boundaries"]]
    zones = _finest(levels, notes)
    tell("Roads", 0.05)
    nodes, edges = _roads(content, readings, notes, more, tell)
    tell("Borders", 0.45)
    posts = None
    near: dict[str, float] = {}
    if content["crossings"]:
        block = dict(content["crossings"][0])
        near = {"near_post_m": block.pop("near_post_m")} if "near_post_m" in block else {}
        posts = read(read_crossings(**block)).layer
    # a country that was said of a whole file holds where no zone says where a node lies
    home = assign_countries(nodes, zones)
    nodes = nodes.assign(country=home.where(home.notna(), nodes["country"]))
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
        places=places, waterways=_stacked(rivers, WATERWAYS, notes), profiles=rules["profiles"],
        speeds=rules["speeds"], seasons=rules["seasons"], crs=content.get("crs"),
        max_distance_m=content.get("max_distance_m", MAX_DISTANCE_M),
    )  # fmt: skip
    walked = findings_table([])
    if walking is not None:
        network, walked = attach_by_walking(
            network, **walking, progress=lambda step, done: tell(step, 0.8 + 0.15 * done)
        )
    tell("Audit", 0.95)
    parts = [findings_table(notes), *(one.findings for one in readings), walked,
             audit_network(network)]  # fmt: skip
    tell("Done", 1.0)
    return BuiltNetwork(
        network=network, findings=_merged(parts), readings=tuple(readings), more=more
    )


def input_files(path: str | Path) -> tuple[Path, ...]:
    """Return the files that a network file names, itself first; none is read but itself.

    Parameters
    ----------
    path
        TOML, as for `build_from_config`.

    Returns
    -------
    tuple of pathlib.Path
        All are there.

    Raises
    ------
    ScenarioError
        Lists every problem of the file.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import write_practice_files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = input_files(write_practice_files(folder)["network"])
    >>> files[0].name, len(files)
    ('network.toml', 10)
    """
    file = Path(path)
    content = _content(file)
    blocks = [content, *(block for table in TABLES for block in content[table])]
    found = [value for block in blocks for value in block.values() if isinstance(value, Path)]
    return (file, *found)


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
    except OSError as error:
        msg = f"{file}: cannot be read: {error.strerror}"
        raise ScenarioError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{file}: not a TOML file: {error}"
        raise ScenarioError(msg) from error
    problems = Problems(known=KEYS)
    problems.keys(raw, "", "network file")
    problems.found += [f"key {key!r} is missing" for key in NEEDED if key not in raw]
    check_values(raw, TAKES[""], "", problems)
    content: dict[str, Any] = {
        key: value for key, value in raw.items() if key in TAKES[""] and TAKES[""][key].fits(value)
    }
    for key in ("profiles", "speeds", "seasons"):
        if key in content:
            content[key] = problems.file(content[key], file.parent, key)
    for table in TABLES:
        content[table] = [
            _block(block, table, where, file.parent, problems, content.get("country"))
            for where, block in _blocks(raw, table, problems)
        ]
    problems.found += _without_effect(content)
    if problems.found:
        raise ScenarioError([f"{file.name}: {problem}" for problem in problems.found])
    return content


def _blocks(raw: Mapping[str, object], table: str, problems: Problems) -> list[tuple[str, object]]:
    """Return the blocks of a table, each with what to call it."""
    if table not in raw:
        return []
    blocks = raw[table]
    if not isinstance(blocks, list):
        return [(f"[{table}]", blocks)]
    if not blocks:
        none = "" if table in NEEDED else "; leave it out for none"
        problems.found.append(
            f"{table}: must be one or more tables headed [[{table}]], not []{none}"
        )
    if len(blocks) > 1 and table in ONCE:
        problems.found.append(f"[{table}]: give it once, not {len(blocks)} times")
    if len(blocks) == 1:
        return [(f"[{table}]", blocks[0])]
    return [(f"[[{table}]] number {row}", block) for row, block in enumerate(blocks, start=1)]


def _block(
    block: object, table: str, where: str, folder: Path, problems: Problems, country: str | None
) -> dict[str, Any]:
    """Return the keys of a table as arguments of its reader; files are looked up."""
    needed = KEYS[table] if table == "rainfall" else {"file"} & set(KEYS[table])
    found = dict(problems.keys(block, table, where, needed))
    if table == "roads" and "form" not in found and PATH.fits(found.get("file")):
        found["form"] = _form(Path(found["file"]))
    takes = {**TAKES[table], **_takes_by_form(found, table, where, problems)}
    check_values(found, takes, where, problems)
    for key in FILES:
        if key in found and PATH.fits(found[key]):
            found[key] = _path(found[key], folder, f"{where} {key}", problems)
    file = found.get("file", found.get("table"))
    if isinstance(file, Path):
        sound = {key: one for key, one in found.items() if key in takes and takes[key].fits(one)}
        check_endings(sound, file, where, problems)
    if "file" in found:
        found["path"] = found.pop("file")
    if country is not None and "country" in takes:
        found.setdefault("country", country)
    return found


def _takes_by_form(
    found: Mapping[str, Any], table: str, where: str, problems: Problems
) -> Mapping[str, Takes]:
    """Return what keys take that only go with a form of file, and note those of other forms."""
    forms = FORMS.get(table)
    if forms is None:
        return {}
    if table == "people":
        given = [form for form in forms if form in found]
        if len(given) != 1:
            problems.found.append(f"{where}: give a raster or a table")
        form = given[0] if len(given) == 1 else None
        what = f"a {form}"
    else:
        form = found.get("form")
        form = form if isinstance(form, str) and form in forms else None
        what = f"a file of form {form!r}"
    if form is None:
        every = [key for takes in forms.values() for key in takes]
        # of a key that takes something else in each form nothing is known
        return {
            key: one for takes in forms.values() for key, one in takes.items()
            if every.count(key) == 1
        }  # fmt: skip
    problems.found += [
        f"{where}: key {key!r} does not go with {what}"
        for key in found
        if key in KEYS[table] and key not in {*TAKES[table], *forms[form]}
    ]
    return forms[form]


def _without_effect(content: Mapping[str, Any]) -> list[str]:
    """Return the keys that do nothing without another one."""
    walking = content["walking"][0] if content["walking"] else {}
    problems = []
    if "landcover_speeds" in walking and "landcover" not in walking:
        problems.append("[walking] landcover_speeds: needs landcover, the raster of its classes")
    if "fords" in walking and "water" not in walking and not content["waterways"]:
        problems.append("[walking] fords: needs water or [[waterways]], which they lead across")
    if not content["boundaries"] and any(
        one.get("mend_signs") is True for one in content["places"]
    ):
        problems.append("[places] mend_signs: needs [[boundaries]], which say where a place lies")
    return problems


def _path(value: str, folder: Path, where: str, problems: Problems) -> Path | None:
    """Return the path of a file, which may be a member of an archive."""
    if ".zip/" in value and (folder / value[: value.index(".zip/") + 4]).is_file():
        return folder / value
    return problems.file(value, folder, where)


# ------------------------------------------------------------------ its parts
def _finest(levels: list[gpd.GeoDataFrame], notes: list[Finding]) -> gpd.GeoDataFrame:
    """Return the zones of the finest level of each country; coarser ones serve to check codes."""
    if not levels:
        return no_rows(ZONES)
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


def _walking(content: Mapping[str, Any], readings: list[Reading]) -> dict[str, Any] | None:
    """Return the arguments of ways on foot, read first: what is wrong costs no long wait."""
    if not content["walking"]:
        return None
    arguments = dict(content["walking"][0])
    if "landcover_speeds" in arguments:
        read_landcover_speeds(arguments["landcover_speeds"])
    for key, least in (("water", 1), ("fords", 0)):
        if key in arguments:
            reading = _read_shapes(arguments[key], key, least)
            readings.append(reading)
            arguments[key] = _layer(reading, key)
    return arguments


def _read_shapes(file: Path, key: str, least: int) -> Reading:
    """Read water that nobody walks across, or fords.

    Raises
    ------
    InputError
        If there is no shape, or a point where only lines and polygons serve.
    """
    frame, found = read_features(file)
    kept = frame[~(frame.geometry.isna() | frame.geometry.is_empty)].reset_index(drop=True)
    if kept.empty:
        msg = f"[walking] {key}: {file.name}: no shape in it"
        raise InputError(msg)
    flat = np.flatnonzero(shapely.get_dimensions(kept.geometry.to_numpy()) < least)
    if len(flat):
        msg = (
            f"[walking] {key}: {file.name}: must be lines or polygons, not points; wrong in "
            f"{len(flat)} rows, e.g. {labels(flat + 1)}: draw them as lines"
        )
        raise InputError(msg)
    twisted = ~kept.geometry.is_valid
    findings = list(found)
    if bool(twisted.any()):
        findings.append(
            Finding(check="invalid shape", severity="note", table=file.name,
                    id=f"{int(twisted.sum())} rows, e.g. {labels(np.flatnonzero(twisted) + 1)}",
                    value=float(twisted.sum()), unit="rows", finding="mended")
        )  # fmt: skip
    shapes = shapely.make_valid(shapely.force_2d(kept.geometry.to_numpy()))
    return Reading(
        file=file.name, publisher="any layer of shapes",
        licence=f"as {file.name} states; not found in it",
        tables={key: gpd.GeoDataFrame(geometry=shapes, crs=4326)}, rows_read=len(frame),
        rows_kept=len(kept), findings=findings_table(findings),
    )  # fmt: skip


# ------------------------------------------------------------------ several files of one kind
def _stacked(
    layers: list[gpd.GeoDataFrame], schema: TableSchema, notes: list[Finding]
) -> gpd.GeoDataFrame:
    """Return layers as one; an id that an earlier layer has too is another thing, and renamed."""
    if not layers:
        return no_rows(schema)
    if len(layers) == 1:
        return layers[0]
    stacked = gpd.GeoDataFrame(pd.concat(layers, ignore_index=True), crs=4326)
    key = schema.key[0]
    given = stacked[key]
    again = given.duplicated().to_numpy(dtype=bool)
    if not again.any():
        return stacked
    names = given.to_numpy(dtype=object).copy()
    names[again] = _free_ids(names[again], names)
    first = pd.Series(np.flatnonzero(~again), index=given[~again])
    notes.append(_renamed(given[again], names[again], schema.name))
    if schema is PLACES:
        repeat = np.flatnonzero(again)
        points = stacked.geometry.to_numpy()
        there = points[first.reindex(given.iloc[repeat]).to_numpy()]
        same = repeat[_distance_m(points[repeat], there) <= SAME_PLACE_M]
        if len(same):
            persons = float(stacked["population_persons"].iloc[same].fillna(0).sum())
            notes.append(
                Finding(check="place in two files", severity="warning", table=schema.name,
                        id=f"{len(same)} places, e.g. {labels(given.iloc[same])}",
                        value=float(len(same)), unit="places", persons=persons,
                        finding="same id and same position: both are kept, and their people count "
                                "twice; leave them out of one of the files")
            )  # fmt: skip
    return stacked.assign(**{key: pd.Series(names, index=stacked.index, dtype="str")})


def _free_ids(ids: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Return a free id for each of some that are taken: the id, a stroke and the first number."""
    known = set(taken)
    made = []
    for one in ids:
        number = next(k for k in count(2) if f"{one}/{k}" not in known)
        made.append(f"{one}/{number}")
        known.add(made[-1])
    return made


def _renamed(ids: "pd.Series[str]", names: Iterable[object], table: str, why: str = "") -> Finding:
    return Finding(
        check="id in two files", severity="note", table=table,
        id=f"{len(ids)} {table}, e.g. {labels(ids)}", value=float(len(ids)), unit=table,
        finding=f"a file before has the ids too{why}: they are now {labels(names)}",
    )  # fmt: skip


def _distance_m(points: Shapes, others: Shapes) -> npt.NDArray[np.float64]:
    """Return how far each point is from the other in its row, m, on the ellipsoid."""
    here, there = shapely.get_coordinates(points), shapely.get_coordinates(others)
    return np.asarray(GEOD.inv(here[:, 0], here[:, 1], there[:, 0], there[:, 1])[2])


Roads = tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]


def _roads(
    content: dict[str, Any],
    readings: list[Reading],
    notes: list[Finding],
    more: dict[str, pd.DataFrame],
    tell: Progress,
) -> Roads:
    """Return nodes and edges of all files of roads."""
    made: Roads | None = None
    changes = []
    size = len(content["roads"])
    for row, block in enumerate(content["roads"]):
        arguments = dict(block)
        form = arguments.pop("form")

        def step(what: str, share: float, row: int = row) -> None:
            tell(what, 0.05 + 0.4 * (row + share) / size)

        if form == "osm_pbf":
            reading = read_osm_pbf(**arguments, progress=step)
        elif form == "graphml":
            reading = read_graphml(**arguments)
        else:
            reading = read_roads(**arguments, progress=step)
        readings.append(reading)
        nodes, edges = _layer(reading, "nodes"), _layer(reading, "edges")
        # ids as the file has them: the next file is compared by these
        roads = nodes.assign(given=nodes["node_id"]), edges.assign(given=edges["edge_id"])
        made = roads if made is None else _joined(made, roads, reading.file, notes)
        if "changes" in reading.tables:
            changes.append(reading.tables["changes"])
    if changes:
        stacked = pd.concat(changes, ignore_index=True)
        more["topology_changes"] = gpd.GeoDataFrame(stacked, crs=4326)
    nodes, edges = made or (no_rows(NODES), no_rows(EDGES))
    return (
        gpd.GeoDataFrame(nodes.reindex(columns=[*NODES.names, "geometry"]), crs=4326),
        gpd.GeoDataFrame(edges.reindex(columns=[*EDGES.names, "geometry"]), crs=4326),
    )


def _joined(made: Roads, new: Roads, file: str, notes: list[Finding]) -> Roads:
    """Return roads with those of one more file, joined where both have a node.

    A node of the same id at the same position is one node, an edge of the same id, ends and line
    is one edge; what has the same id and is something else gets another id.
    """
    nodes, edges = new
    old, own = _pairs(made[0], nodes, "node_id")
    same = _distance_m(
        made[0].geometry.to_numpy()[old], nodes.geometry.to_numpy()[own]
    ) <= SAME_PLACE_M  # fmt: skip
    names, joined = _names(made[0], nodes, "node_id", old[same], own[same])
    _tell_joined(nodes, names, joined, "nodes", notes, Finding(
        check="node in two files", severity="note", table="nodes", id="",
        finding=f"same id and same position: the roads of {file} are joined there to those of "
                "the files before",
    ))  # fmt: skip
    name_of = dict(zip(nodes["node_id"], names, strict=True))
    edges = edges.assign(
        from_node_id=edges["from_node_id"].map(name_of),
        to_node_id=edges["to_node_id"].map(name_of),
    )
    nodes = nodes.assign(node_id=pd.Series(names, index=nodes.index, dtype="str"))[~joined]
    old, own = _pairs(made[1], edges, "edge_id")
    one, other = made[1].iloc[old], edges.iloc[own]
    lines, others = one.geometry.to_numpy(), other.geometry.to_numpy()
    same = shapely.equals_exact(lines, others, tolerance=SAME_LINE_DEG)
    for end in ("from_node_id", "to_node_id"):
        same &= (one[end].to_numpy() == other[end].to_numpy()).astype(bool)
    names, twice = _names(made[1], edges, "edge_id", old[same], own[same])
    differ = _differing(one[same], other[same])
    _tell_joined(edges, names, twice, "edges", notes, Finding(
        check="edge in two files", severity="note", table="edges", id="",
        finding=f"same id and same line, also in {file}: kept once, as the file before says"
                + (f"; {differ}" if differ else ""),
    ))  # fmt: skip
    part = ~same
    shared = shapely.intersection(lines[part], shapely.buffer(others[part], SAME_LINE_DEG))
    part[part] = shapely.length(shared) > SHARED_LINE_DEG
    if bool(part.any()):
        notes.append(
            Finding(check="edge partly in two files", severity="warning", table="edges",
                    id=f"{int(part.sum())} edges, e.g. {labels(other.loc[part, 'edge_id'])}",
                    value=float(part.sum()), unit="edges",
                    finding=f"cut otherwise in {file} than in the file before: the road is there "
                            "twice, so what is said of one edge does not hold for the other; "
                            "merge the files first, or give each a bbox")
        )  # fmt: skip
    edges = edges.assign(edge_id=pd.Series(names, index=edges.index, dtype="str"))[~twice]
    return _both(made[0], nodes), _both(made[1], edges)


def _both(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    frames = [frame for frame in (one, other) if len(frame)]
    return gpd.GeoDataFrame(pd.concat(frames or [one], ignore_index=True), crs=4326)


def _pairs(made: gpd.GeoDataFrame, new: gpd.GeoDataFrame, key: str) -> tuple[IntArray, IntArray]:
    """Return rows of both that had one id in their files."""
    old = pd.DataFrame({"id": made["given"].to_numpy(), "old": np.arange(len(made))})
    own = pd.DataFrame({"id": new[key].to_numpy(), "own": np.arange(len(new))})
    pairs = old.merge(own, on="id")
    return pairs["old"].to_numpy(dtype=np.int64), pairs["own"].to_numpy(dtype=np.int64)


def _names(
    made: gpd.GeoDataFrame, new: gpd.GeoDataFrame, key: str, old: IntArray, own: IntArray
) -> tuple[Shapes, BoolArray]:
    """Return the ids that new rows get, and which are there already: rows `own`, as `old`."""
    names = new[key].to_numpy(dtype=object).copy()
    joined = np.zeros(len(new), dtype=bool)
    joined[own] = True
    taken = set(made[key]) | set(made["given"])
    other = np.array([name in taken for name in names], dtype=bool) & ~joined
    names[other] = _free_ids(names[other], taken | set(names))
    names[own] = made[key].to_numpy(dtype=object)[old]
    return names, joined


def _tell_joined(
    new: gpd.GeoDataFrame, names: Shapes, joined: BoolArray, table: str, notes: list[Finding],
    told: Finding,
) -> None:  # fmt: skip
    """Tell which rows of a file are in those before, and which ids are and mean something else."""
    ids = new["given"]
    size = int(joined.sum())
    if size:
        notes.append(
            replace(told, id=f"{size} {table}, e.g. {labels(ids[joined])}", value=float(size),
                    unit=table)
        )  # fmt: skip
    other = (ids.to_numpy(dtype=object) != names) & ~joined
    if bool(other.any()):
        notes.append(_renamed(ids[other], names[other], table, " for something else"))


def _differing(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> str:
    """Return in which columns the same edges of two files differ, and how many do."""
    told = []
    for column in EDGES.names:
        if column in UNLIKE or not {column} <= set(one.columns) & set(other.columns):
            continue
        left, right = (frame[column].to_numpy(dtype=object) for frame in (one, other))
        size = int(((left != right) & ~(pd.isna(left) & pd.isna(right))).sum())
        if size:
            told.append(f"{column} differs in {size}")
    return ", ".join(told)


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
    places = _stacked(layers, PLACES, notes)
    if not len(zones):
        coded = places["pcode"].notna()
        if bool(coded.any()):
            notes.append(
                Finding(check="p-code without zones", severity="note", table="places",
                        id=f"{int(coded.sum())} places, e.g. "
                           f"{labels(places.loc[coded, 'pcode'])}",
                        value=float(coded.sum()), unit="places",
                        finding="no boundaries are given, so codes are left out: counted under "
                                "no code")
            )  # fmt: skip
        return places.assign(pcode=pd.Series(None, index=places.index, dtype="str"))
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

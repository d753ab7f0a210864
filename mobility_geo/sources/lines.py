"""Roads from any layer of lines: columns and words as their publishers write them."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import pyproj
import shapely

from mobility_geo.errors import InputError, labels
from mobility_geo.schema import CONFIDENCES, EDGE_KINDS, EDGES, NODES, check_table, suggest
from mobility_geo.sources.archives import gdal_path
from mobility_geo.sources.builtin import data_folder
from mobility_geo.sources.endpoints import keep_given_nodes
from mobility_geo.sources.files import VECTOR_ENDINGS, match_columns, plain_name, read_features
from mobility_geo.sources.geodesy import metric_crs
from mobility_geo.sources.gmns import TABLE_ENDINGS, length_unit_m, read_link_table
from mobility_geo.sources.osm_tags import tag_meanings
from mobility_geo.sources.reading import Finding, Reading, findings_table
from mobility_geo.sources.topology import build_topology, topology_findings

ROAD_NAMES: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "edge_id": ("edge_id", "link_id", "rfid", "rfid_c", "osm_id", "osmid", "road_id", "id",
                    "objectid", "ogc_fid"),
        "from_node_id": ("from_node_id", "a_node", "node_a", "from_node", "from_id", "fnode",
                         "source_node", "u", "from"),
        "to_node_id": ("to_node_id", "b_node", "node_b", "to_node", "to_id", "tnode",
                       "target_node", "v", "to"),
        "kind": ("kind",),
        "road_class": ("road_class", "highway", "fclassname", "fclass", "facility_type",
                       "link_type", "road_type", "roadtype", "rd_class", "rdclass", "class",
                       "gp_rtp", "type_route", "categorie", "classe", "type"),
        "surface": ("surface", "srftpe", "srftype", "surface_type", "surfacetype", "surf_type",
                    "revetement", "pavement"),
        "tracktype": ("tracktype",),
        "smoothness": ("smoothness",),
        "oneway": ("oneway", "one_way", "sens_unique"),
        "directed": ("directed",),
        "direction": ("direction",),
        "bridge": ("bridge", "is_bridge", "pont"),
        "tunnel": ("tunnel", "is_tunnel"),
        "layer": ("layer", "level", "z_level"),
        "ref": ("ref", "route_no", "road_no", "roadno", "rtenme", "ref_no", "numero"),
        "name": ("name", "nom", "road_name", "roadname", "onme", "nom_route", "street_name"),
        "country": ("country", "iso3", "admin0pcod"),
        "all_season": ("all_season", "allseason"),
        "length": ("length", "length_m", "distance", "shape_leng"),
        "confidence": ("confidence",),
        "geometry": ("geometry", "wkt", "geom", "the_geom"),
    }
)  # fmt: skip
"""Our columns, and what publishers call them, the surest first."""

CLASSES: Final = ("primary", "secondary", "tertiary", "track", "walk", "ferry", "transfer",
                  "left out")  # fmt: skip
SURFACES: Final = ("paved", "gravel", "earth", "sand", "water", "none")
COUNTRY_CODE: Final = re.compile(r"[A-Z]{3}")
UNSDI: Final = "gROADS, WFP or another layer of UNSDI-T"
LICENCES: Final = MappingProxyType(
    {
        "OpenStreetMap": "ODbL 1.0; © OpenStreetMap contributors must be named",
        UNSDI: "as the publisher states; of gROADS: free, CIESIN and ITOS 2013 must be cited "
        "(doi 10.7927/H4VD6WCT)",
    }
)

Progress = Callable[[str, float], None]
Shapes = npt.NDArray[np.object_]
Flags = npt.NDArray[np.bool_]


def read_roads(  # noqa: PLR0913
    path: str | Path,
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    crs: pyproj.CRS | str | int | None = None,
    country: str | None = None,
    kind: str | None = None,
    classes: Mapping[str, str] | None = None,
    surfaces: Mapping[str, str] | None = None,
    snap_m: float = 10.0,
    node_crossings: bool = False,
    length_unit: str | None = None,
    progress: Progress | None = None,
) -> Reading:
    """Read roads from any layer of lines, and make nodes and edges of them.

    Parameters
    ----------
    path
        GeoPackage, Shapefile, GeoJSON or anything that GDAL reads; ``link.csv`` of GMNS with its
        ``node.csv`` and ``config.csv`` beside it; a CSV with a column of WKT.
    layer
        Which layer, if several have lines.
    columns
        Our columns and theirs, where they are not found: see `ROAD_NAMES`. An empty text leaves
        one out, such as ``{"from_node_id": ""}``.
    crs
        Coordinate reference system, where the file states none or a wrong one.
    country
        ISO 3166-1 alpha-3 code of all roads, where the file does not say it.
    kind
        Kind of all edges, one of `mobility_geo.schema.EDGE_KINDS`, whatever their class.
    classes
        Words for classes of the file, and what they mean: one of `CLASSES`.
    surfaces
        Words for surfaces of the file, and what they mean: one of `SURFACES`.
    snap_m
        Ends within so many metres on the ground are joined.
    node_crossings
        Whether lines that cross meet; never on bridges, in tunnels, or of different layers.
    length_unit
        Unit of the column of lengths, such as ``km``; with it lengths are checked, and links
        without geometry have theirs.
    progress
        Called with what is done and the share done, 0 to 1.

    Returns
    -------
    Reading
        Tables ``nodes`` and ``edges`` as in `mobility_geo.schema`, and ``changes`` as
        `mobility_geo.sources.topology.build_topology` tells them; WGS 84. If the file has ids of
        nodes they are kept, and checked against the lines. Lengths are measured on the ellipsoid.
        Classes and surfaces that are missing or unknown are assumed and counted, and make the
        confidence ``low``.

    Raises
    ------
    InputError
        If the file cannot be read, has no lines, or a word given is not one of ours.
    CRSError
        If nothing says the coordinate reference system, or lines cross the antimeridian.

    Examples
    --------
    >>> read_roads("nowhere.gpkg")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.gpkg: no such file
    """
    tell = progress or _silent
    _check_words(kind, classes, surfaces, country)
    file = Path(path)
    name = file.name
    tell("Roads: file", 0.0)
    frame, places, straight, unit, notes = _opened(path, layer, columns, crs)
    dropped = tuple(ours for ours, theirs in (columns or {}).items() if theirs == "")
    found = _columns(frame, name, columns, dropped)
    publisher = _publisher(frame, file)
    rows_read = len(frame)
    frame, straight = _only_lines(frame, straight, notes, name)
    metric_crs(frame)  # refuses what crosses the antimeridian
    tell("Roads: words", 0.1)
    lines = _attributes(frame, found, publisher, name, kind, classes, surfaces, notes)
    lines["country"] = _countries(frame, found, country, notes)
    lines["edge_id"] = _edge_ids(frame, found, file.stem, notes)
    lines["length_given"] = _given_lengths(frame, found, unit, length_unit, publisher)
    lines["straight"] = straight
    out = (lines["kind"] == "left out").to_numpy()
    if bool(out.any()):
        notes.append(_counted("not a road", lines.loc[out, "edge_id"], "note",
                              "classes that nobody travels on; left out"))  # fmt: skip
    lines = lines[~out]
    if lines.empty:
        msg = f"{name}: no road is left of {rows_read} rows; see classes=..."
        raise InputError(msg)
    given = _ids_of_nodes(frame.loc[lines.index], found, notes)

    def step(what: str, share: float) -> None:
        tell(what, 0.2 + 0.75 * share)

    kept_ids = given is not None and bool((lines.geometry.geom_type == "LineString").all())
    if given is not None and not kept_ids:
        notes.append(
            Finding(check="ids of nodes not kept", severity="warning", table="edges",
                    id="all rows", finding="some lines are in several pieces; nodes are made of "
                                           "the ends of lines instead")
        )  # fmt: skip
    if given is not None and kept_ids:
        # a line that was turned has its nodes the other way round, too
        given = np.where(lines[["turned"]].to_numpy(), given[:, ::-1], given)
        lines["from_node_id"], lines["to_node_id"] = given[:, 0], given[:, 1]
        nodes, edges, changes, told = keep_given_nodes(lines, snap_m=snap_m, places=places)
        notes += [*told, *topology_findings(changes)]
    else:
        nodes, edges, changes = build_topology(
            lines, snap_m=snap_m, node_crossings=node_crossings, progress=step
        )
        notes += topology_findings(changes)
    edges = _with_lengths(edges, notes)
    twisted = ~shapely.is_simple(edges.geometry.to_numpy())
    ring = (edges["from_node_id"] == edges["to_node_id"]).to_numpy()
    if bool((twisted & ~ring).any()):
        notes.append(_counted("crosses itself", edges.loc[twisted & ~ring, "edge_id"], "note",
                              "lines that cross themselves; no junction is made there",
                              edges.geometry[twisted & ~ring].iloc[0]))  # fmt: skip
    nodes["country"] = country
    tell("Roads: tables", 0.95)
    tables = {
        "nodes": check_table(nodes, NODES),
        "edges": check_table(edges[[*(c for c in EDGES.names if c in edges), "geometry"]], EDGES),
        "changes": changes,
    }
    tell("Roads: tables", 1.0)
    return Reading(
        file=name, publisher=publisher,
        licence=next((text for key, text in LICENCES.items() if publisher.startswith(key)),
                     f"as {name} states; not found in it"),
        tables=tables, rows_read=rows_read, rows_kept=int(lines.index.nunique()),
        findings=findings_table(notes), columns={k: v for k, v in found.items() if k != "geometry"},
    )  # fmt: skip


def _silent(_step: str, _share: float) -> None:
    pass


def _counted(
    check: str,
    ids: "pd.Series[str] | pd.Series[int]",
    severity: str,
    finding: str,
    geometry: shapely.Geometry | None = None,
) -> Finding:
    return Finding(
        check=check, severity=severity, table="edges",
        id=f"{len(ids)} rows, e.g. {labels(ids)}", value=len(ids), unit="rows", finding=finding,
        geometry=geometry,
    )  # fmt: skip


def _check_words(
    kind: str | None,
    classes: Mapping[str, str] | None,
    surfaces: Mapping[str, str] | None,
    country: str | None,
) -> None:
    """Check what the user says.

    Raises
    ------
    InputError
        Lists every word that is not one of ours.
    """
    problems = []
    if kind is not None and kind not in EDGE_KINDS:
        problems.append(f"kind: {kind!r} is no kind of edge{suggest(kind, EDGE_KINDS)}")
    for name, given, known in (("classes", classes, CLASSES), ("surfaces", surfaces, SURFACES)):
        problems += [
            f"{name}: {theirs!r} is said to be {ours!r}, which is none{suggest(str(ours), known)}"
            for theirs, ours in (given or {}).items()
            if ours not in known
        ]
    if country is not None and not COUNTRY_CODE.fullmatch(country):
        problems.append(f"country: {country!r} is no ISO 3166-1 alpha-3 code such as 'MLI'")
    if problems:
        raise InputError(problems)


# ------------------------------------------------------------------ the file
def _opened(
    path: str | Path,
    layer: str | None,
    columns: Mapping[str, str] | None,
    crs: pyproj.CRS | str | int | None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None, Flags, float | None, list[Finding]]:
    """Return the layer in WGS 84, places of nodes, which lines are straight, unit, findings."""
    file = Path(path)
    if file.suffix.lower() in TABLE_ENDINGS:
        table = read_link_table(path, crs=crs, columns=columns)
        notes = list(table.findings)
        if bool(table.straight.any()):
            count = int(table.straight.sum())
            notes.append(
                Finding(check="straight lines", severity="warning", table="edges",
                        id=f"{count} rows", value=count, unit="rows",
                        finding="no geometry: drawn straight between their nodes, so lengths are "
                                "too short unless the file gives them with a known unit")
            )  # fmt: skip
        return table.lines, table.nodes, table.straight, table.length_unit, notes
    chosen = layer if layer is not None else _line_layer(path)
    frame, told = read_features(path, layer=chosen, crs=crs)
    frame = frame.reset_index(drop=True)
    return frame, None, np.zeros(len(frame), dtype=bool), None, list(told)


def _line_layer(path: str | Path) -> str | None:
    """Return the only layer of lines among others, if there is just one."""
    source = gdal_path(path, VECTOR_ENDINGS)
    try:
        listed = [(str(name), str(kind)) for name, kind in pyogrio.list_layers(source).tolist()]
    except pyogrio.errors.DataSourceError:
        return None  # the reader says what is wrong
    lines = [name for name, kind in listed if "LineString" in kind]
    return lines[0] if len(lines) == 1 and len(listed) > 1 else None


def _columns(
    frame: gpd.GeoDataFrame,
    name: str,
    columns: Mapping[str, str] | None,
    dropped: Sequence[str],
) -> dict[str, str]:
    given = {ours: theirs for ours, theirs in (columns or {}).items() if theirs != ""}
    aliases = {ours: words for ours, words in ROAD_NAMES.items() if ours not in dropped}
    names = [str(column) for column in frame.columns if column != frame.geometry.name]
    if given.get("geometry") == frame.geometry.name:
        given.pop("geometry")
    found = match_columns(names, aliases, where=name, given=given)
    for one, other in (("from_node_id", "to_node_id"), ("to_node_id", "from_node_id")):
        if one in found and other not in found and one not in given:
            del found[one]
    return found


def _publisher(frame: gpd.GeoDataFrame, file: Path) -> str:
    """Return whose form the columns have."""
    names = {plain_name(str(column)) for column in frame.columns}
    forms = (
        ("GMNS", {"linkid", "fromnodeid", "tonodeid"}),
        ("ra2ce", {"rfidc"}),
        ("AequilibraE", {"linkid", "anode", "bnode", "direction"}),
        ("OpenStreetMap, as Geofabrik exports it", {"osmid", "fclass"}),
        ("OpenStreetMap, a layer of lines", {"osmid", "highway"}),
        (UNSDI, {"fclass", "exs"}),
        ("GRIP", {"gprtp"}),
    )
    kind = "any table of lines" if file.suffix.lower() in TABLE_ENDINGS else "any layer of lines"
    return next((form for form, needed in forms if needed <= names), kind)


def _only_lines(
    frame: gpd.GeoDataFrame, straight: Flags, notes: list[Finding], name: str
) -> tuple[gpd.GeoDataFrame, Flags]:
    """Return the rows that have a line; what else there is, is counted.

    Raises
    ------
    InputError
        If there is no line.
    """
    shapes = frame.geometry.to_numpy()
    high = shapely.has_z(shapes)
    if bool(high.any()):
        notes.append(
            Finding(check="heights", severity="note", table="edges", id=f"{int(high.sum())} rows",
                    value=int(high.sum()), unit="rows", finding="heights of vertices; left out")
        )  # fmt: skip
    parts, row = shapely.get_parts(shapely.force_2d(shapes), return_index=True)
    # collections can hold lines as well
    deeper = shapely.get_type_id(parts) > 3  # noqa: PLR2004
    if bool(deeper.any()):
        inner, at = shapely.get_parts(parts[deeper], return_index=True)
        parts = np.concatenate([parts[~deeper], inner])
        row = np.concatenate([row[~deeper], row[deeper][at]])
    line = np.isin(shapely.get_type_id(parts), (1, 2)) & ~shapely.is_empty(parts)
    has = np.bincount(row[line], minlength=len(frame)) > 0
    other = np.bincount(row[~line & ~shapely.is_empty(parts)], minlength=len(frame)) > 0
    empty = ~has & ~other
    if bool(other.any()):
        kinds = frame.geometry.geom_type[other].value_counts()
        notes.append(
            Finding(check="not a line", severity="warning", table="edges",
                    id=f"{int(other.sum())} rows, e.g. {labels(np.flatnonzero(other))}",
                    value=int(other.sum()), unit="rows",
                    finding="left out: " + ", ".join(f"{n} {kind}" for kind, n in kinds.items()))
        )  # fmt: skip
    if bool(empty.any()) and not any(note.check == "no geometry" for note in notes):
        notes.append(
            Finding(check="no geometry", severity="warning", table="edges",
                    id=f"{int(empty.sum())} rows, e.g. {labels(np.flatnonzero(empty))}",
                    value=int(empty.sum()), unit="rows", finding="rows without geometry; left out")
        )  # fmt: skip
    if not bool(has.any()):
        msg = f"{name}: no line in it; roads must be lines"
        raise InputError(msg)
    order = np.argsort(row[line], kind="stable")
    place = np.unique(row[line][order], return_inverse=True)[1]
    many: Shapes = np.asarray(shapely.multilinestrings(parts[line][order], indices=place))
    several = shapely.get_num_geometries(many) > 1
    merged = np.asarray(shapely.line_merge(many), dtype=object)
    single = shapely.get_parts(many[~several])
    # a line that was whole stays as it was drawn
    merged[~several] = single
    left = shapely.get_num_geometries(merged) > 1
    if bool(several.any()):
        pieces = int(shapely.get_num_geometries(merged[left]).sum())
        notes.append(
            Finding(check="several lines in a row", severity="note", table="edges",
                    id=f"{int(several.sum())} rows", value=int(several.sum()), unit="rows",
                    finding=f"{int((several & ~left).sum())} are one line in pieces; "
                            f"{int(left.sum())} became {pieces} lines")
        )  # fmt: skip
    kept = frame[has].set_geometry(merged, crs=4326)
    return kept, straight[has]


# ------------------------------------------------------------------ columns
def _cells(frame: gpd.GeoDataFrame, found: Mapping[str, str], ours: str) -> "pd.Series[str]":
    """Return a column as text, missing cells empty; all empty if there is none."""
    if ours not in found:
        return pd.Series("", index=frame.index, dtype=object)
    column = frame[found[ours]]
    return column.astype(object).where(column.notna(), "").map(_cell)


def _cell(value: object) -> str:
    """Return a value as text: whole numbers without a point, of a list its first item."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, list | tuple | np.ndarray):
        return str(value[0]) if len(value) else ""
    text = str(value).strip()
    if text.startswith("[") and text.endswith("]"):
        return text[1:-1].split(",")[0].strip(" '\"")
    return text


@cache
def road_words() -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Return what words in layers of roads mean, by field and plain word.

    Returns
    -------
    Mapping
        Field, then word without case, accents, blanks and underscores: class or surface, and kind.
        From ``road_words.csv`` and ``osm_tags.csv`` of the built-in data, each with its source.

    Examples
    --------
    >>> road_words()["class"]["routenationale"]
    ('primary', 'road')
    """
    known: dict[str, dict[str, tuple[str, str]]] = {}
    tags = tag_meanings()
    for (key, word), kind in tags.kind.items():
        if key in {"highway", "route"}:
            known.setdefault("class", {})[plain_name(word)] = (tags.road_class[key, word], kind)
        if key == "smoothness":
            known.setdefault("smoothness", {})[plain_name(word)] = (
                tags.road_class[key, word], kind,
            )  # fmt: skip
    for (key, word), surface in tags.surface.items():
        if key in {"surface", "tracktype"}:
            known.setdefault(key, {})[plain_name(word)] = (surface, "")
    # what a road of a class is usually like
    for road_class in ("primary", "secondary", "tertiary", "track"):
        known.setdefault("usual", {})[road_class] = (tags.surface["highway", road_class], "")
    table = pd.read_csv(data_folder() / "network" / "road_words.csv", dtype=str)
    cells = table[["field", "word", "value", "kind"]].fillna("").to_numpy()
    for field, word, value, kind in cells:
        plain = plain_name(word) or word
        known.setdefault(field, {}).setdefault(plain, (value, kind))
    return MappingProxyType(known)


def _attributes(
    frame: gpd.GeoDataFrame,
    found: Mapping[str, str],
    publisher: str,
    name: str,
    kind: str | None,
    classes: Mapping[str, str] | None,
    surfaces: Mapping[str, str] | None,
    notes: list[Finding],
) -> gpd.GeoDataFrame:
    """Return the lines with our columns; lines against their one-way direction are turned."""
    ids = pd.Series(np.asarray(frame.index, dtype=np.int64) + 1, index=frame.index)
    road_class, kinds, sure = _classes(frame, found, classes, notes, ids)
    road_class, kinds, sure = _with_kind(frame, found, kind, road_class, kinds, sure)
    road_class, kinds = _roughened(frame, found, road_class, kinds, notes, ids)
    surface, firm = _surfaces(frame, found, kinds, road_class, surfaces, notes, ids)
    driven = kinds.isin(["road", "track"])
    hard = (kinds == "track") & (surface == "paved")
    if bool(hard.any()):
        road_class = road_class.mask(hard, "tertiary")
        kinds = kinds.mask(hard, "road")
        notes.append(_counted("paved tracks", ids[hard], "note", "read as tertiary roads"))
    oneway, back = _oneway(frame, found, notes, ids)
    shapes = frame.geometry.to_numpy().copy()
    shapes[back] = shapely.reverse(shapes[back])
    season = pd.Series(surface.isin(["paved", "gravel"]) | ~driven, index=frame.index)
    if "all_season" in found:
        said = _cells(frame, found, "all_season").map(_yes).to_numpy(dtype=object)
        season = pd.Series(np.where(pd.isna(said), season, said), index=frame.index).astype(bool)
    level = pd.to_numeric(_cells(frame, found, "layer"), errors="coerce").fillna(0)
    bridge = _flag(frame, found, "bridge")
    rated = np.where(sure & firm, "medium", "low")
    confidence = pd.Series(rated, index=frame.index, dtype="str")
    if "confidence" in found:
        stated = _cells(frame, found, "confidence")
        confidence = confidence.where(~stated.isin(CONFIDENCES), stated)
    texts = {key: _cells(frame, found, key) for key in ("ref", "name")}
    return gpd.GeoDataFrame(
        {
            "kind": kinds, "road_class": road_class, "surface": surface, "oneway": oneway,
            "all_season": season, "bridge": bridge, "tunnel": _flag(frame, found, "tunnel"),
            "layer": level, "wait_min": 0.0, "source": f"{name}: {publisher}",
            "confidence": confidence, "turned": back,
            **{key: cells.where(cells != "", None).astype("str") for key, cells in texts.items()},
        },
        geometry=shapes, crs=4326, index=frame.index,
    )  # fmt: skip


def _classes(
    frame: gpd.GeoDataFrame,
    found: Mapping[str, str],
    classes: Mapping[str, str] | None,
    notes: list[Finding],
    ids: "pd.Series[int]",
) -> tuple["pd.Series[str]", "pd.Series[str]", "pd.Series[bool]"]:
    """Return class and kind of each line by the words of the file, and whether it is known."""
    words = road_words()
    text = _cells(frame, found, "road_class")
    numbered = {"fclass": "groads class", "gprtp": "grip class"}
    field = numbered.get(plain_name(found.get("road_class", "")), "class")
    if field != "class" and not bool(text[text != ""].str.fullmatch(r"\d+").all()):
        field = "class"
    if field != "class":
        text = text.where(text != "0", "")
    known = {**words[field], **{plain_name(k): _class(v) for k, v in (classes or {}).items()}}
    values = list(pd.unique(text))
    meant = [known.get(plain_name(word)) if word else None for word in values]
    fallback = words["class"]["*"]
    road_class = text.map({k: (v or fallback)[0] for k, v in zip(values, meant, strict=True)})
    kinds = text.map({k: (v or fallback)[1] for k, v in zip(values, meant, strict=True)})
    sure = text.map({k: v is not None for k, v in zip(values, meant, strict=True)}).astype(bool)
    if "kind" not in found:
        _tell_words("class", text, sure, fallback[0], notes, ids)
    return road_class, kinds, sure


def _with_kind(
    frame: gpd.GeoDataFrame,
    found: Mapping[str, str],
    kind: str | None,
    road_class: "pd.Series[str]",
    kinds: "pd.Series[str]",
    sure: "pd.Series[bool]",
) -> tuple["pd.Series[str]", "pd.Series[str]", "pd.Series[bool]"]:
    """Return class and kind where the user, or a column of ours, says the kind."""
    if kind is None and "kind" not in found:
        return road_class, kinds, sure
    said = _cells(frame, found, "kind") if kind is None else pd.Series(kind, index=frame.index)
    told = said.isin(EDGE_KINDS) & (kinds != "left out")
    kinds = kinds.where(~told, said)
    driven = kinds.isin(["road", "crossing", "left out"])
    road_class = road_class.mask(told & (kinds == "track"), "track")
    road_class = road_class.mask(told & ~driven & (kinds != "track"), "none")
    road_class = road_class.mask(told & driven & (road_class == "none"), "tertiary")
    return road_class, kinds, sure | (told & ~driven)


def _roughened(
    frame: gpd.GeoDataFrame,
    found: Mapping[str, str],
    road_class: "pd.Series[str]",
    kinds: "pd.Series[str]",
    notes: list[Finding],
    ids: "pd.Series[int]",
) -> tuple["pd.Series[str]", "pd.Series[str]"]:
    """Return class and kind with the smoothness of OpenStreetMap taken into account."""
    worse = road_words()["smoothness"]
    rough = _cells(frame, found, "smoothness").map(plain_name)
    rougher = rough.isin(list(worse)) & kinds.isin(["road", "track"])
    if not bool(rougher.any()):
        return road_class, kinds
    notes.append(_counted("rough roads", ids[rougher], "note",
                          "so rough that they are taken for tracks or ways on foot"))  # fmt: skip
    return (
        road_class.mask(rougher, rough.map({word: value for word, (value, _) in worse.items()})),
        kinds.mask(rougher, rough.map({word: one for word, (_, one) in worse.items()})),
    )


def _class(word: str) -> tuple[str, str]:
    """Return class and kind of what the user may call a class."""
    if word in {"walk", "ferry", "transfer", "left out"}:
        return "none", word
    return word, "track" if word == "track" else "road"


def _tell_words(
    what: str,
    text: "pd.Series[str]",
    known: "pd.Series[bool]",
    read_as: str,
    notes: list[Finding],
    ids: "pd.Series[int]",
) -> None:
    """Tell of words that nobody knows, and of cells without a word."""
    plural = "classes" if what == "class" else f"{what}s"
    missing = ~known & (text == "")
    if bool(missing.any()):
        notes.append(_counted(f"no {what}", ids[missing], "warning",
                              f"no {what} given; read as {read_as}"))  # fmt: skip
    strange = ~known & (text != "")
    if bool(strange.any()):
        counts = text[strange].value_counts()
        shown = ", ".join(f"{word!r} ({n})" for word, n in counts.head(6).items())
        more = f" and {len(counts) - 6} more" if len(counts) > 6 else ""  # noqa: PLR2004
        notes.append(
            _counted(f"unknown {what}", ids[strange], "warning",
                     f"{shown}{more}: read as {read_as}; say what they mean with {plural}=...")
        )  # fmt: skip


def _surfaces(
    frame: gpd.GeoDataFrame,
    found: Mapping[str, str],
    kinds: "pd.Series[str]",
    road_class: "pd.Series[str]",
    surfaces: Mapping[str, str] | None,
    notes: list[Finding],
    ids: "pd.Series[int]",
) -> tuple["pd.Series[str]", "pd.Series[bool]"]:
    """Return the surface of each line, and whether the file says it."""
    words = road_words()
    text = _cells(frame, found, "surface")
    known = {word: value for word, (value, _) in words["surface"].items()}
    known |= {plain_name(word): word for word in SURFACES}
    known |= {plain_name(word): value for word, value in (surfaces or {}).items()}
    surface = text.map({word: known.get(plain_name(word)) for word in pd.unique(text)})
    graded = _cells(frame, found, "tracktype").map(plain_name)
    surface = surface.where(
        surface.notna(), graded.map({k: v for k, (v, _) in words["tracktype"].items()})
    )
    surface = surface.mask(kinds == "walk", "none").mask(kinds == "transfer", "none")
    surface = surface.mask(kinds.isin(["ferry", "river"]), "water")
    said = surface.notna()
    usual = road_class.map({k: v for k, (v, _) in words["usual"].items()}).fillna("earth")
    shown = ", ".join(f"{one} {value}" for one, (value, _) in words["usual"].items())
    _tell_words("surface", text, said | (kinds == "left out"), f"usual of the class ({shown})",
                notes, ids)  # fmt: skip
    return surface.where(said, usual).astype("str"), said


def _yes(word: str) -> bool | None:
    plain = word.strip().lower()
    if plain in {"yes", "y", "true", "t", "1", "oui", "o", "vrai"}:
        return True
    if plain in {"no", "n", "false", "f", "0", "non", "faux"}:
        return False
    return None


def _flag(frame: gpd.GeoDataFrame, found: Mapping[str, str], ours: str) -> Flags:
    """Say where a tag such as bridge is set: any word but no."""
    text = _cells(frame, found, ours).str.lower()
    return ~text.isin(["", "no", "n", "non", "0", "f", "false", "none", "nan"]).to_numpy()


def _oneway(
    frame: gpd.GeoDataFrame,
    found: Mapping[str, str],
    notes: list[Finding],
    ids: "pd.Series[int]",
) -> tuple[Flags, Flags]:
    """Say which lines are one-way, and which of them run against their direction."""
    none = np.zeros(len(frame), dtype=bool)
    if "direction" in found and "oneway" not in found:
        text = _cells(frame, found, "direction")
        if bool(text.isin(["1", "0", "-1", ""]).all()):
            return text.isin(["1", "-1"]).to_numpy(), (text == "-1").to_numpy()
    key = "oneway" if "oneway" in found else "directed"
    if key not in found:
        return none, none
    text = _cells(frame, found, key).str.lower()
    letters = set(text) <= {"f", "t", "b", ""} and "b" in set(text)
    forth, back = {"yes", "y", "true", "t", "1", "ft", "oui", "o"}, {"-1", "reverse", "tf"}
    if letters:
        # Geofabrik: F along the line, T against it, B both ways
        forth, back = {"f"}, {"t"}
    both = {"no", "n", "false", "f", "0", "b", "non", "", "alternating", "reversible"}
    strange = ~text.isin(forth | back | both)
    if bool(strange.any()):
        words = text[strange].unique()[:4].tolist()
        notes.append(
            _counted("unknown oneway", ids[strange], "warning", f"{words}: read as both ways")
        )
    against = text.isin(back).to_numpy()
    return text.isin(forth).to_numpy() | against, against


def _countries(
    frame: gpd.GeoDataFrame,
    found: Mapping[str, str],
    country: str | None,
    notes: list[Finding],
) -> "pd.Series[str]":
    if country is not None:
        return pd.Series(country, index=frame.index, dtype="str")
    text = _cells(frame, found, "country")
    good = text.str.fullmatch(COUNTRY_CODE.pattern)
    wrong = ~good & (text != "")
    if bool(wrong.any()):
        notes.append(
            Finding(check="no country code", severity="note", table="edges",
                    id=f"{int(wrong.sum())} rows, e.g. {labels(text[wrong].unique())}",
                    value=int(wrong.sum()), unit="rows",
                    finding="not an ISO 3166-1 alpha-3 code; left out; say country=...")
        )  # fmt: skip
    return text.where(good, None).astype("str")


def _edge_ids(
    frame: gpd.GeoDataFrame, found: Mapping[str, str], stem: str, notes: list[Finding]
) -> "pd.Series[str]":
    """Return the ids of the file if they are complete and none repeats, else file and row."""
    text = _cells(frame, found, "edge_id")
    again = text.duplicated(keep=False)
    if "edge_id" in found and not bool(again.any()) and not bool((text == "").any()):
        return text.astype("str")
    if "edge_id" in found:
        count = int((again | (text == "")).sum())
        notes.append(
            Finding(check="ids of edges", severity="note", table="edges", id=f"{count} rows",
                    value=count, unit="rows",
                    finding=f"{found['edge_id']!r} repeats or is missing; ids are made of the name "
                            "of the file and the row")
        )  # fmt: skip
    rows = np.asarray(frame.index, dtype=np.int64) + 1
    return pd.Series([f"{stem}-{row}" for row in rows.tolist()], index=frame.index, dtype="str")


def _ids_of_nodes(
    frame: gpd.GeoDataFrame, found: Mapping[str, str], notes: list[Finding]
) -> "npt.NDArray[np.object_] | None":
    """Return the ids of both nodes of each line, or None if the file has none or not all."""
    if "from_node_id" not in found:
        return None
    ends = [_cells(frame, found, end) for end in ("from_node_id", "to_node_id")]
    gone = (ends[0] == "") | (ends[1] == "")
    if bool(gone.any()):
        notes.append(
            Finding(check="ids of nodes not kept", severity="warning", table="edges",
                    id=f"{int(gone.sum())} rows", value=int(gone.sum()), unit="rows",
                    finding="without an id of a node; nodes are made of the ends of lines instead")
        )  # fmt: skip
        return None
    return np.column_stack([end.to_numpy(dtype=object) for end in ends])


# ------------------------------------------------------------------ lengths
def _given_lengths(
    frame: gpd.GeoDataFrame,
    found: Mapping[str, str],
    unit: float | None,
    said: str | None,
    publisher: str,
) -> "pd.Series[float]":
    """Return the lengths of the file in metres; missing where the unit is not known."""
    factor = length_unit_m(said) if said is not None else unit
    if factor is None and (
        publisher in {"ra2ce", "AequilibraE"} or found.get("length", "") == "length_m"
    ):
        factor = 1.0
    if "length" not in found or factor is None:
        return pd.Series(np.nan, index=frame.index)
    return pd.to_numeric(frame[found["length"]], errors="coerce").astype(float) * factor


def _with_lengths(edges: gpd.GeoDataFrame, notes: list[Finding]) -> gpd.GeoDataFrame:
    """Return edges with the lengths of the file where they have no shape; others are compared."""
    given = edges["length_given"].to_numpy(dtype=float)
    measured = edges["length_m"].to_numpy(dtype=float)
    straight = edges["straight"].to_numpy(dtype=bool)
    whole = ~edges["edge_id"].str.contains(r"/\d+$")
    taken = straight & np.isfinite(given) & (given >= 0.99 * measured)
    edges["length_m"] = np.where(taken, given, measured)
    edges["confidence"] = edges["confidence"].mask(straight & ~taken, "low")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = given / measured
    off = np.isfinite(ratio) & whole.to_numpy() & ~straight & (np.abs(ratio - 1) > 0.1)  # noqa: PLR2004
    if bool(off.any()):
        notes.append(
            _counted("length differs", edges.loc[off, "edge_id"], "warning",
                     "the length given is more than 10 % off the one measured on the ellipsoid "
                     f"(median {np.median(ratio[off]):.3g} times it); the measured one is taken",
                     edges.geometry[off].iloc[0])
        )  # fmt: skip
    return edges

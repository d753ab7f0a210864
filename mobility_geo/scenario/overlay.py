"""Where a disruption hits the network: intervals along edges, by true intersection.

The overlay of a selection on a network is computed once and reused for every date, traveller
and draw, for as long as both objects live.
"""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary, WeakSet

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from mobility_geo.errors import MobilityGeoError, OutputError, ScenarioError
from mobility_geo.network import Network
from mobility_geo.network.accesses import (
    OFF_ROAD_KIND,
    check_measured,
    is_off_road,
    off_road_lines,
)
from mobility_geo.scenario.disruptions import LARGEST_LAT, Selection, Stretches
from mobility_geo.scenario.scenario import Scenario

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]

AREA_SEGMENT_DEG: Final = 0.1
"""Long sides of areas are divided before they are projected."""

MARGIN_DEG: Final = 1.0
FRAME_SEGMENT_M: Final = 50_000.0
"""Areas are cut off this far from the network, whose frame is divided so before it is projected."""

POINT_BUFFER_M: Final = 12_000.0
LINE_BUFFER_M: Final = 4_000.0

JOIN_SHARE: Final = 1e-9
"""Stretches this near to each other are one, as a share of the length of the edge."""

MOST_CORNERS: Final = 256
"""Areas with more corners are divided, so that each edge meets a small piece of them only."""

BESIDE_M: Final = 200.0
BESIDE_TIMES: Final = 3.0
"""Carriageways of a road are hit together this near, m, or so many times as far as the nearest."""

METHOD: Final = "3"
"""Changes with the way in which areas are laid over edges: what was kept before is not used."""

SELECTED_COLUMNS: Final = (
    "edge_id", "from_node_id", "to_node_id", "kind", "road_class", "surface", "ref", "country",
    "crossing_id", "reach", "rainfall_class", "carriageway_group",
)  # fmt: skip
"""Columns of edges that a selection asks for."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Hits:
    """Stretches of edges: row of the edge, and the stretch as shares of its length, 0 to 1.

    `value` is what was measured on each stretch, for selections of measured stretches. The same
    serves for the ways off the road: rows are then of ``accesses``.
    """

    edge: IntArray
    start: FloatArray
    end: FloatArray
    value: FloatArray | None = None

    def edges(self) -> IntArray:
        """Return the rows of the edges hit, each once, ascending."""
        unique: IntArray = np.unique(self.edge)
        return unique

    def shares(self, size: int) -> FloatArray:
        """Return the share of each edge that is hit, 0 to 1, for all `size` edges."""
        total = np.bincount(self.edge, weights=self.end - self.start, minlength=size)
        shares: FloatArray = np.minimum(total, 1.0)
        return shares


_CACHE: WeakKeyDictionary[Network, WeakKeyDictionary[Selection, tuple[Hits, Hits]]] = (
    WeakKeyDictionary()
)
_LINES: WeakKeyDictionary[Network, tuple["_Lines", "_Lines"]] = WeakKeyDictionary()
_BOUNDS: WeakKeyDictionary[Network, shapely.Polygon] = WeakKeyDictionary()
_ROADS: WeakKeyDictionary[Network, tuple[IntArray, IntArray]] = WeakKeyDictionary()
_KEYS: WeakKeyDictionary[Network, str] = WeakKeyDictionary()
_SHAPELESS: WeakSet[Network] = WeakSet()


def disruption_edges(network: Network, what: Selection) -> Hits:
    """Return the stretches of edges that a selection hits.

    Parameters
    ----------
    network
        The network.
    what
        The selection. An area hits an edge along the stretch that lies in it, even if both ends
        lie outside; touching the boundary in a point does not count. If one carriageway of a
        road is hit, so are the others beside it, unless the selection is of one direction.

    Returns
    -------
    Hits
        Rows of edges with the stretch as shares of the length.

    Raises
    ------
    UnknownIdError
        If measured stretches name edges that are not there.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> len(disruption_edges(network, Selection(edge_kinds=("river",))).edges())
    2
    """
    return _both_hits(network, what)[0]


def disruption_accesses(network: Network, what: Selection) -> Hits:
    """Return the stretches of ways off the road, between places and edges, that a selection hits.

    Parameters
    ----------
    network
        The network.
    what
        The selection. Off the road counts as the edge kind ``walk``, in the country of the place;
        what narrows the choice to roads, rivers, crossings or a direction hits nothing there.

    Returns
    -------
    Hits
        Rows of ``accesses`` with the stretch as shares of the part off the road.

    Raises
    ------
    UnknownIdError
        If measured stretches name edges that are not there.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> len(disruption_accesses(network, Selection(edge_kinds=("river",))).edges())
    0
    """
    return _both_hits(network, what)[1]


def _both_hits(network: Network, what: Selection) -> tuple[Hits, Hits]:
    """Return the hits on edges and on accesses, found once."""
    memory = _CACHE.setdefault(network, WeakKeyDictionary())
    if what not in memory:
        memory[what] = _hits(network, what)
    return memory[what]


def prepare_overlay(
    network: Network,
    scenario: Scenario,
    *,
    cache: str | Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> int:
    """Lay every disruption of a scenario over a network, once, so that conditions come at once.

    Nothing needs this: `conditions` lays over what it has not met yet. On a large network it
    shows progress, and with a folder it keeps what was found there, named by the content of the
    network and of the selection, so that the next process finds it.

    Parameters
    ----------
    network
        The network.
    scenario
        Its disruptions are laid over, whatever their dates.
    cache
        Folder to keep results in and to look for them; made if it is not there. None: memory only.
    progress
        Called with a step and the share done, 0 to 1.

    Returns
    -------
    int
        How many disruptions had to be laid over; the rest was known.

    Raises
    ------
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> prepare_overlay(case.network, case.scenario) <= len(case.scenario.disruptions)
    True
    """
    memory = _CACHE.setdefault(network, WeakKeyDictionary())
    folder = None if cache is None else _cache_folder(network, Path(cache))
    laid = 0
    for number, disruption in enumerate(scenario.disruptions):
        what = disruption.what
        if progress is not None:
            progress("Disruptions over the network", number / len(scenario.disruptions))
        file = None if folder is None else folder / f"{selection_key(what)}.npz"
        kept = memory.get(what)
        if kept is not None:
            # another process looks for it there
            if file is not None and not file.exists():
                _write_hits(kept, file)
            continue
        kept = None if file is None else _read_hits(file, network)
        if kept is None:
            laid += 1
            kept = _hits(network, what)
            if file is not None:
                _write_hits(kept, file)
        memory[what] = kept
    if progress is not None:
        progress("Disruptions over the network", 1.0)
    return laid


def overlay_key(network: Network) -> str:
    """Return a hash of all of a network that says what a disruption hits.

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    str
        32 hexadecimal digits; the same for the same content on every machine.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> len(overlay_key(load_toy().network))
    32
    """
    if network not in _KEYS:
        digest = hashlib.blake2b(METHOD.encode(), digest_size=16)
        digest.update(network.crs.to_wkt().encode())
        for layer in (network.edges, network.accesses):
            digest.update(b"".join(shapely.to_wkb(layer.geometry.to_numpy()).tolist()))
        for table, columns in (
            (network.edges, SELECTED_COLUMNS),
            (network.crossings, ("crossing_id", "official")),
            (network.accesses, ("access_id", "place_id", "node_id", "edge_id")),
            (network.places, ("place_id", "country")),
        ):
            hashed = pd.util.hash_pandas_object(pd.DataFrame(table[list(columns)]), index=False)
            digest.update(hashed.to_numpy().tobytes())
        _KEYS[network] = digest.hexdigest()
    return _KEYS[network]


def set_overlay_key(network: Network, key: str) -> None:
    """Let a network without the shapes of its edges have the key that it had with them.

    What disruptions hit is looked for under it, and never found out from the network itself.

    Parameters
    ----------
    network
        The network.
    key
        From `overlay_key`, of the whole network.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> set_overlay_key(network, overlay_key(network))
    """
    _KEYS[network] = key
    _SHAPELESS.add(network)


def _cache_folder(network: Network, cache: Path) -> Path:
    """Return the folder for hits on a network of this content.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    folder = cache / "overlay" / overlay_key(network)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder}: cannot be made: {error.strerror}"
        raise OutputError(msg) from error
    return folder


def selection_key(what: Selection) -> str:
    """Return a hash of the content of a selection.

    Parameters
    ----------
    what
        The selection.

    Returns
    -------
    str
        32 hexadecimal digits; the same for the same content on every machine.

    Examples
    --------
    >>> one, two = Selection(refs=("RN6",)), Selection(refs=("RN6",))
    >>> selection_key(one) == selection_key(two)
    True
    """
    digest = hashlib.blake2b(digest_size=16)
    for item in fields(what):
        value = getattr(what, item.name)
        digest.update(item.name.encode())
        if isinstance(value, shapely.Geometry):
            digest.update(shapely.to_wkb(value))
        elif isinstance(value, Stretches):
            digest.update(f"{value.quantity}{value.edge_ids.tolist()!r}".encode())
            for array in (value.start, value.end, value.value):
                digest.update(array.tobytes())
        else:
            digest.update(repr(value).encode())
    return digest.hexdigest()


def _read_hits(file: Path, network: Network) -> tuple[Hits, Hits] | None:
    """Return hits that were kept; None if none were, or the file is damaged."""
    found = []
    try:
        # opened here: numpy leaves the file open where it is no archive
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            for layer in ("edges", "accesses"):
                arrays = {item.name: kept.get(f"{layer}.{item.name}") for item in fields(Hits)}
                hits = Hits(**arrays)
                given = [hits.start, hits.end, *([] if hits.value is None else [hits.value])]
                size = len(getattr(network, layer))
                whole = all(array.shape == hits.edge.shape for array in given)
                inside = hits.edge.min(initial=0) >= 0 and hits.edge.max(initial=-1) < size
                if not (whole and inside):
                    return None
                found.append(hits)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError,
            zipfile.BadZipFile):  # fmt: skip
        return None
    return found[0], found[1]


def _write_hits(both: tuple[Hits, Hits], file: Path) -> None:
    """Keep hits in a file, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    arrays = {
        f"{layer}.{item.name}": array
        for layer, hits in zip(("edges", "accesses"), both, strict=True)
        for item in fields(Hits)
        if (array := getattr(hits, item.name)) is not None
    }
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as part:
                np.savez(part, **arrays)
            Path(name).replace(file)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        msg = f"{file}: cannot be written: {error.strerror}"
        raise OutputError(msg) from error


def project_area(network: Network, area: shapely.Geometry) -> shapely.Geometry:
    """Return an area of a selection in the coordinate reference system of a network.

    What lies far from the network is cut off: the projection may not reach so far.

    Raises
    ------
    ScenarioError
        If it cannot be projected.
    """
    if network not in _BOUNDS:
        low_x, low_y, high_x, high_y = network.edges.total_bounds
        around = shapely.box(
            low_x - FRAME_SEGMENT_M, low_y - FRAME_SEGMENT_M, high_x + FRAME_SEGMENT_M,
            high_y + FRAME_SEGMENT_M,
        )  # fmt: skip
        drawn = gpd.GeoSeries([shapely.segmentize(around, FRAME_SEGMENT_M)], crs=network.crs)
        west, south, east, north = drawn.to_crs(4326).total_bounds
        _BOUNDS[network] = shapely.box(
            west - MARGIN_DEG, max(south - MARGIN_DEG, -LARGEST_LAT), east + MARGIN_DEG,
            min(north + MARGIN_DEG, LARGEST_LAT),
        )  # fmt: skip
    frame = _BOUNDS[network]
    inside = area if shapely.covers(frame, area) else shapely.intersection(area, frame)
    parts = [part for part in shapely.get_parts(inside) if part.geom_type == "Polygon"]
    fine = shapely.segmentize(shapely.MultiPolygon(parts), AREA_SEGMENT_DEG)
    shape = gpd.GeoSeries([fine], crs=4326).to_crs(network.crs).iloc[0]
    if not bool(np.isfinite(shapely.get_coordinates(shape)).all()):
        msg = "the area cannot be projected to the coordinate reference system of the network"
        raise ScenarioError(msg)
    return shape if shape.is_valid else shapely.make_valid(shape)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Lines:
    """Lines that areas are laid over, and where they are."""

    shapes: Shapes
    tree: shapely.STRtree
    ids: pd.Index


def _lines(network: Network) -> tuple[_Lines, _Lines]:
    """Return the lines of edges, and those of ways off the road."""
    if network not in _LINES:
        edges, off_road = network.edges.geometry.to_numpy(), off_road_lines(network.accesses)
        _LINES[network] = (
            _Lines(shapes=edges, tree=shapely.STRtree(edges), ids=network.edge_rows),
            _Lines(shapes=off_road, tree=shapely.STRtree(off_road), ids=network.access_rows),
        )
    return _LINES[network]


def _hits(network: Network, what: Selection) -> tuple[Hits, Hits]:
    """Return the hits on edges and on accesses.

    Raises
    ------
    MobilityGeoError
        If the network has lost its shapes.
    """
    if what.stretches is not None:
        check_measured(network, what.stretches.edge_ids)
    area = None if what.area is None else project_area(network, what.area)
    chosen, chosen_accesses = _chosen(network, what), _chosen_accesses(network, what)
    if network in _SHAPELESS:
        msg = "a fault of the toolkit: a disruption was not laid over the network beforehand"
        raise MobilityGeoError(msg)
    on_road, off_road = _lines(network)
    edges = _laid_over(on_road, chosen, area, what.stretches)
    accesses = _laid_over(off_road, chosen_accesses, area, what.stretches)
    if what.direction == "both":
        # water stands as high on one carriageway as on the other, whatever a raster says of each
        flooded = what.stretches is not None and what.stretches.quantity == "depth_m"
        edges = _whole_road(network, edges, also_hit=flooded)
    return _highest(edges), _highest(accesses)


def _laid_over(
    lines: _Lines,
    chosen: npt.NDArray[np.bool_],
    area: shapely.Geometry | None,
    stretches: Stretches | None,
) -> Hits:
    """Return the stretches of chosen lines that lie in an area or were measured, else all."""
    if stretches is not None:
        row = lines.ids.get_indexer(pd.Index(stretches.edge_ids, dtype=lines.ids.dtype))
        mine = (row >= 0) & chosen[row] if len(chosen) else np.zeros(len(row), dtype=bool)
        return Hits(edge=row[mine].astype(np.int32), start=stretches.start[mine],
                    end=stretches.end[mine], value=stretches.value[mine])  # fmt: skip
    if area is not None:
        return _area_hits(lines, chosen, area)
    rows = np.flatnonzero(chosen).astype(np.int32)
    return Hits(edge=rows, start=np.zeros(len(rows)), end=np.ones(len(rows)))


def _chosen(network: Network, what: Selection) -> npt.NDArray[np.bool_]:
    """Say for each edge whether it meets every condition but place on the map."""
    edges = network.edges
    chosen = np.ones(len(edges), dtype=bool)
    for values, column in (
        (what.edge_ids, "edge_id"),
        (what.refs, "ref"),
        (what.crossing_ids, "crossing_id"),
        (what.edge_kinds, "kind"),
        (what.surfaces, "surface"),
        (what.road_classes, "road_class"),
        (what.countries, "country"),
        (what.reaches, "reach"),
        (what.rainfall_classes, "rainfall_class"),
    ):
        if values:
            chosen &= edges[column].isin(values).to_numpy(dtype=bool)
    if what.informal:
        informal = network.crossings.loc[~network.crossings["official"], "crossing_id"]
        chosen &= edges["crossing_id"].isin(informal).to_numpy(dtype=bool)
    if what.place_ids:
        chosen &= _at_places(network, what.place_ids)
    return chosen


def _chosen_accesses(network: Network, what: Selection) -> npt.NDArray[np.bool_]:
    """Say for each access whether its way off the road meets every condition but place."""
    accesses = network.accesses
    on_roads = (
        what.edge_ids, what.crossing_ids, what.refs, what.surfaces, what.road_classes,
        what.reaches, what.rainfall_classes, what.informal, what.into, what.direction != "both",
    )  # fmt: skip
    if any(on_roads) or (what.edge_kinds and OFF_ROAD_KIND not in what.edge_kinds):
        return np.zeros(len(accesses), dtype=bool)
    chosen = is_off_road(accesses)
    if what.place_ids:
        chosen &= accesses["place_id"].isin(what.place_ids).to_numpy(dtype=bool)
    if what.countries:
        place = network.place_rows.get_indexer(pd.Index(accesses["place_id"]))
        home = network.places["country"].isin(what.countries).to_numpy(dtype=bool)
        chosen &= home[place]
    return chosen


def _at_places(network: Network, place_ids: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Say for each edge whether it passes a place, or ends at its node."""
    edges = network.edges
    ways = network.accesses[network.accesses["place_id"].isin(place_ids)]
    at_node = ways.loc[ways["edge_id"].isna(), "node_id"]
    passing: npt.NDArray[np.bool_] = (
        edges["edge_id"].isin(ways["edge_id"].dropna())
        | edges["from_node_id"].isin(at_node)
        | edges["to_node_id"].isin(at_node)
    ).to_numpy(dtype=bool)
    return passing


def _area_hits(all_lines: _Lines, chosen: npt.NDArray[np.bool_], shape: shapely.Geometry) -> Hits:
    pieces = divide_area(shape)
    _, found = all_lines.tree.query(pieces, predicate="intersects")
    near = np.unique(found[chosen[found]]).astype(np.int32)
    lines = all_lines.shapes[near]
    shapely.prepare(shape)
    within = shapely.contains_properly(shape, lines)
    whole = near[within]
    cut, start, end = _cut_by(lines[~within], pieces)
    partly = near[~within][cut]
    order = np.argsort(np.concatenate([whole, partly]), kind="stable")
    return Hits(
        edge=np.concatenate([whole, partly])[order],
        start=np.concatenate([np.zeros(len(whole)), start])[order],
        end=np.concatenate([np.ones(len(whole)), end])[order],
    )


def divide_area(shape: shapely.Geometry) -> Shapes:
    """Divide an area into polygons of few corners, which together are the area.

    Parameters
    ----------
    shape
        Polygon or multipolygon.

    Returns
    -------
    numpy.ndarray
        Polygons, each with at most 256 corners; they touch, but do not overlap.

    Examples
    --------
    >>> circle = shapely.Point(0, 0).buffer(1, quad_segs=500)
    >>> parts = divide_area(circle)
    >>> len(parts) > 1, bool(abs(shapely.area(parts).sum() - circle.area) < 1e-9)
    (True, True)
    """
    done: list[Shapes] = []
    todo: Shapes = shapely.get_parts(shape)
    while len(todo):
        todo = todo[shapely.get_type_id(todo) == shapely.GeometryType.POLYGON]
        small = shapely.get_num_coordinates(todo) <= MOST_CORNERS
        done.append(todo[small])
        large = todo[~small]
        west, south, east, north = shapely.bounds(large).reshape(-1, 4).T
        wide = east - west >= north - south
        middle = np.where(wide, (west + east) / 2, (south + north) / 2)
        halves = [
            shapely.box(west, south, np.where(wide, middle, east), np.where(wide, north, middle)),
            shapely.box(np.where(wide, middle, west), np.where(wide, south, middle), east, north),
        ]
        todo = np.concatenate([shapely.get_parts(shapely.intersection(large, h)) for h in halves])
    return np.concatenate(done) if done else np.empty(0, dtype=object)


def _cut_by(lines: Shapes, areas: Shapes) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the stretches of lines in areas: position of the line, start and end as shares."""
    corners, owner = shapely.get_coordinates(lines, return_index=True)
    first = np.flatnonzero(owner[:-1] == owner[1:])
    lengths = np.hypot(*(corners[first + 1] - corners[first]).T)
    line = owner[first]
    total = np.bincount(line, weights=lengths, minlength=len(lines))
    # where each piece begins on its line; piece by piece, because a position on a line that
    # crosses itself is not unique
    run = np.cumsum(lengths) - lengths
    new = np.flatnonzero(np.diff(line, prepend=-1))
    begun = run - np.repeat(run[new], np.diff(np.append(new, len(line))))
    pieces: Shapes = np.asarray(
        shapely.linestrings(np.stack([corners[first], corners[first + 1]], axis=1))
    )
    piece, area = shapely.STRtree(areas).query(pieces, predicate="intersects")
    inside, pair = shapely.get_parts(
        shapely.intersection(pieces[piece], areas[area]), return_index=True
    )
    long = (shapely.get_type_id(inside) == shapely.GeometryType.LINESTRING) & (
        shapely.length(inside) > 0
    )
    inside, at = inside[long], piece[pair[long]]
    ends = np.stack(
        [
            np.hypot(
                *(shapely.get_coordinates(shapely.get_point(inside, k)) - corners[first[at]]).T
            )
            for k in (0, -1)
        ]
    )
    scale = np.maximum(total[line[at]], 1e-9)
    start = np.clip((begun[at] + ends.min(axis=0)) / scale, 0.0, 1.0)
    end = np.clip((begun[at] + ends.max(axis=0)) / scale, 0.0, 1.0)
    return join_stretches(line[at].astype(np.int32), start, end)


def join_stretches(
    owner: IntArray, start: FloatArray, end: FloatArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Join stretches of one owner that touch or overlap.

    Parameters
    ----------
    owner
        Number of the edge of each stretch.
    start, end
        Shares of its length, 0 to 1.

    Returns
    -------
    owner, start, end
        Ascending; no two stretches of an owner touch, and none is empty.

    Examples
    --------
    >>> found = join_stretches(
    ...     np.array([1, 0, 1]), np.array([0.2, 0.0, 0.5]), np.array([0.5, 1.0, 0.7])
    ... )
    >>> [part.tolist() for part in found]
    [[0, 1], [0.0, 0.2], [1.0, 0.7]]
    """
    there = end - start > JOIN_SHARE
    owner, start, end = owner[there], start[there], end[there]
    if not len(owner):
        return owner, start, end
    order = np.lexsort((end, start, owner))
    owner, start, end = owner[order], start[order], end[order]
    rank = 2.0 * np.cumsum(np.diff(owner, prepend=owner[0]) != 0)
    reached = np.maximum.accumulate(rank + end)
    begins = np.append(True, rank[1:] + start[1:] > reached[:-1] + JOIN_SHARE)
    first = np.flatnonzero(begins)
    return owner[first], start[first], np.maximum.reduceat(end, first)


def pieces_of_stretches(
    owner: IntArray, start: FloatArray, end: FloatArray
) -> tuple[IntArray, FloatArray, FloatArray, IntArray, IntArray]:
    """Cut ways wherever a stretch begins or ends, and say which stretches cover which piece.

    Parameters
    ----------
    owner
        Number of the way of each stretch.
    start, end
        Stretches as shares of the way, 0 to 1, start <= end; they may overlap, in any order.

    Returns
    -------
    owner, start, end
        Of each piece, ascending; the last of each way is empty, and nothing covers it.
    stretch, piece
        Pairs: which stretch covers which piece, by number.

    Examples
    --------
    >>> found = pieces_of_stretches(np.array([0, 0]), np.array([0.0, 0.5]), np.array([0.6, 0.9]))
    >>> [part.tolist() for part in found[1:]]
    [[0.0, 0.5, 0.6, 0.9], [0.5, 0.6, 0.9, 0.9], [0, 0, 1, 1], [0, 1, 1, 2]]
    """
    both, at = np.concatenate([owner, owner]), np.concatenate([start, end])
    order = np.lexsort((at, both))
    new = np.diff(both[order], prepend=-1) != 0
    new[1:] |= np.diff(at[order]) != 0
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    cuts, of = at[order][new], both[order][new]
    first, last = number[: len(owner)], number[len(owner) :]
    count = last - first
    piece = np.arange(count.sum()) + np.repeat(first - (np.cumsum(count) - count), count)
    until = np.append(cuts[1:], cuts[-1:])
    ends = np.where(np.diff(of, append=-1) != 0, cuts, until)
    return of, cuts, ends, np.repeat(np.arange(len(owner)), count), piece


def _highest(hits: Hits) -> Hits:
    """Return measured stretches that do not overlap: where they did, the highest value counts."""
    if hits.value is None or not len(hits.edge):
        return hits
    edge, start, end, stretch, piece = pieces_of_stretches(hits.edge, hits.start, hits.end)
    value = np.full(len(edge), -1.0)
    np.maximum.at(value, piece, hits.value[stretch])
    kept = value >= 0
    return Hits(edge=edge[kept], start=start[kept], end=end[kept], value=value[kept])


def stretches_inside(
    line: shapely.LineString, shape: shapely.Geometry
) -> list[tuple[float, float]]:
    """Return the stretches of a line that lie in an area, as shares of its length.

    Parameters
    ----------
    line, shape
        In the same coordinate reference system; the line may cross or close itself.

    Returns
    -------
    list of (float, float)
        Start and end, 0 to 1, ascending and not touching; touching the boundary in a point does
        not count.

    Examples
    --------
    >>> stretches_inside(shapely.LineString([(0, 0), (4, 0)]), shapely.box(1, -1, 2, 1))
    [(0.25, 0.5)]
    """
    lines = np.array([line], dtype=object)
    _, start, end = _cut_by(lines, divide_area(shape))
    return list(zip(start.tolist(), end.tolist(), strict=True))


def _carriageways(network: Network) -> tuple[IntArray, IntArray]:
    """Return the edges that are carriageways, and the number of the road of each edge; -1: none."""
    if network not in _ROADS:
        number, _ = pd.factorize(network.edges["carriageway_group"], use_na_sentinel=True)
        _ROADS[network] = (
            np.flatnonzero(number >= 0).astype(np.int32), number.astype(np.int32)
        )  # fmt: skip
    return _ROADS[network]


def _whole_road(network: Network, hits: Hits, *, also_hit: bool) -> Hits:
    """Hit every carriageway of a road that is hit in one of them.

    `also_hit` says whether those that are hit by themselves take from the others as well.
    """
    there, number = _carriageways(network)
    if not len(hits.edge) or not len(there):
        return hits
    mine = pd.DataFrame({"hit": np.arange(len(hits.edge)), "group": number[hits.edge]})
    all_of = pd.DataFrame({"twin": there, "group": number[there]})
    if not also_hit:
        all_of = all_of[~np.isin(there, hits.edge)]
    pairs = mine[mine["group"] >= 0].merge(all_of, on="group")
    hit, twin = pairs["hit"].to_numpy(dtype=np.intp), pairs["twin"].to_numpy(dtype=np.intp)
    other = hits.edge[hit] != twin
    hit, twin = hit[other], twin[other]
    if not len(hit):
        return hits
    lines = network.edges.geometry.to_numpy()
    # the twin may be drawn the other way
    beside = np.stack(
        [
            shapely.line_locate_point(
                lines[twin],
                shapely.line_interpolate_point(lines[hits.edge[hit]], at[hit], normalized=True),
                normalized=True,
            )
            for at in (hits.start, hits.end)
        ]
    )
    start, end = beside.min(axis=0), beside.max(axis=0)
    middle = shapely.line_interpolate_point(lines[twin], (start + end) / 2, normalized=True)
    # of a long dual road only what runs beside the hit, not every piece of it
    apart = shapely.distance(middle, lines[hits.edge[hit]])
    nearest = np.full(len(hits.edge), np.inf)
    np.minimum.at(nearest, hit, apart)
    near = apart <= np.maximum(BESIDE_M, BESIDE_TIMES * nearest[hit])
    hit, twin, start, end = hit[near], twin[near], start[near], end[near]
    value = None
    if hits.value is None:
        edge, start, end = join_stretches(twin.astype(np.int32), start, end)
    else:
        long = end - start > JOIN_SHARE
        edge, start, end = twin[long].astype(np.int32), start[long], end[long]
        value = np.concatenate([hits.value, hits.value[hit[long]]])
    return Hits(
        edge=np.concatenate([hits.edge, edge]),
        start=np.concatenate([hits.start, start]),
        end=np.concatenate([hits.end, end]),
        value=value,
    )


def footprints(network: Network, scenario: Scenario) -> gpd.GeoDataFrame:
    """Return the disruptions of a scenario as areas for a map.

    Parameters
    ----------
    network
        The network.
    scenario
        The scenario.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per disruption, in the network's coordinate reference system: ``disruption_id``,
        ``name``, ``kind``, ``severity``, ``effect`` (in words), ``start``, ``end``,
        ``edges_touched``, ``probability``, ``source``, ``confidence``, and the area: its own,
        or a margin of 12 km about crossings and of 4 km along edges.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> footprints(case.network, case.scenario)["kind"].tolist()
    ['insecurity', 'border']
    """
    rows = []
    for disruption in scenario.disruptions:
        hits = disruption_edges(network, disruption.what)
        touched = hits.edges()
        if disruption.what.area is not None:
            shape = project_area(network, disruption.what.area)
        else:
            lines = network.edges.geometry.to_numpy()[touched]
            at_border = bool(disruption.what.crossing_ids)
            margin = POINT_BUFFER_M if at_border else LINE_BUFFER_M
            shape = shapely.union_all(shapely.buffer(lines, margin))
        parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
        rows.append(
            {
                "disruption_id": disruption.disruption_id,
                "name": disruption.name or disruption.disruption_id,
                "kind": disruption.kind,
                "severity": disruption.severity,
                "effect": disruption.effect_words(),
                "start": disruption.start,
                "end": disruption.end,
                "edges_touched": len(touched),
                "probability": disruption.probability,
                "source": disruption.source,
                "confidence": disruption.confidence,
                "geometry": shapely.MultiPolygon(parts),
            }
        )
    columns = [
        "disruption_id", "name", "kind", "severity", "effect", "start", "end", "edges_touched",
        "probability", "source", "confidence", "geometry",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    frame["severity"] = frame["severity"].astype("Int64")
    frame["edges_touched"] = frame["edges_touched"].astype("int64")
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=network.crs)

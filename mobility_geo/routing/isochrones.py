"""How far people get in so many hours: areas of time, over the roads and off them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from rasterio.features import rasterize, shapes
from rasterio.transform import Affine
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from mobility_geo.errors import InputError
from mobility_geo.network import Network
from mobility_geo.network.friction import FrictionSurface, friction_surface, walking_moves
from mobility_geo.network.profiles import profile_row
from mobility_geo.routing.shortest_tree import find_shortest_tree
from mobility_geo.scenario import ArcCosts
from mobility_geo.units import KM_M, MIN_PER_H, QUANTUM

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

WALKED_FROM: Final = ("road", "track", "walk", "corridor")
"""People leave edges of these kinds anywhere; boats and ferries only at their landings."""

CELLS: Final = 400_000
"""So many cells a grid has at most where no resolution is asked for."""

LEAST_RESOLUTION_M: Final = 250.0
MOST_WALK_KM: Final = 20.0
"""How far from a road that is reached people are taken to walk, unless told otherwise."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ReachGrid:
    """Time to or from the nearest of some places, on a grid.

    Attributes
    ----------
    surface
        The ground.
    time_min
        float64, shape of the surface; `inf`: out of reach.
    nearest
        Position of the place that is nearest in time, int32, same shape; -1: none.
    """

    surface: FrictionSurface
    time_min: FloatArray
    nearest: IntArray


def reach_grid(
    network: Network,
    costs: ArcCosts,
    place_ids: Sequence[str],
    *,
    profile: str,
    hours: float,
    leaving: bool = True,
    resolution_m: float | None = None,
    max_walk_km: float = MOST_WALK_KM,
    closed: gpd.GeoSeries | None = None,
) -> ReachGrid:
    """Find the time from the nearest of some places to every cell of a grid, or back.

    Parameters
    ----------
    network
        The network.
    costs
        Costs of its arcs, from `Conditions.dense`.
    place_ids
        The places.
    profile
        How people travel; gives their speed off the road.
    hours
        Longest journey, h, > 0.
    leaving
        True: from the places; False: to them.
    resolution_m
        Side of a cell, m; if left out, so that the grid has 400,000 cells at most, and 250 m at
        least.
    max_walk_km
        Ground farther than this on foot from every point that people pass is out of reach, km,
        > 0.
    closed
        Areas that nobody walks through.

    Returns
    -------
    ReachGrid
        Off the road people go on foot, at the profile's speed, from any point of the roads that
        they pass; not through waterways that are barriers, closed areas, or another country.

    Raises
    ------
    InputError
        If there is no place, or a number is not above 0.
    UnknownIdError
        If a place does not exist.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.scenario import TravellerClass, conditions
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> costs = conditions(case.network, case.scenario.baseline(), None, who).dense()
    >>> grid = reach_grid(case.network, costs, ["northtown"], profile="truck", hours=2)
    >>> float(grid.time_min.min()) < 30
    True
    """
    wrong = [
        f"{name} must be > 0 {unit}, not {value:g}"
        for name, value, unit in (
            ("hours", hours, "h"), ("max_walk_km", max_walk_km, "km"),
            ("resolution_m", 1.0 if resolution_m is None else resolution_m, "m"),
        )
        if not (value > 0 and np.isfinite(value))
    ]  # fmt: skip
    if not len(place_ids):
        wrong.append("no place given to start from")
    if wrong:
        raise InputError(wrong)
    network.place_positions(place_ids)
    limit = hours * MIN_PER_H
    kph = float(profile_row(network, profile)["off_road_kph"])
    node_min, node_place = _node_times(network, costs, place_ids, leaving=leaving)
    home = network.places.geometry.to_numpy()[network.place_positions(place_ids)]
    start = _Starts(
        points=shapely.get_coordinates(home), time_min=np.zeros(len(home)),
        place=np.arange(len(home), dtype=np.int32),
    )  # fmt: skip
    rough = start.joined(_node_starts(network, node_min, node_place, limit))
    reach_m = min(max_walk_km, kph * hours) * KM_M
    low, high = rough.points.min(axis=0) - reach_m, rough.points.max(axis=0) + reach_m
    if resolution_m is None:
        area = float(np.prod(high - low))
        resolution_m = max(LEAST_RESOLUTION_M, float(np.ceil(np.sqrt(area / CELLS) / 50) * 50))
    waterways = network.waterways
    surface = friction_surface(
        (low[0], low[1], high[0], high[1]), crs=network.crs, resolution_m=resolution_m,
        barriers=waterways.loc[waterways["barrier"].to_numpy(dtype=bool)].geometry, closed=closed,
    )  # fmt: skip
    starts = rough.joined(
        _edge_starts(network, costs, node_min, node_place, limit, resolution_m, leaving=leaving)
    )
    minutes_per_m = MIN_PER_H / KM_M / kph
    moves = _moves(surface, network)
    moves = (moves if leaving else moves.T.tocsr()) * minutes_per_m
    time, nearest = _spread(
        surface, moves, starts, len(place_ids), limit, max_walk_km * KM_M * minutes_per_m
    )
    return ReachGrid(surface=surface, time_min=time, nearest=nearest)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Starts:
    """Points that people walk on from: when they are there, from which place."""

    points: FloatArray
    time_min: FloatArray
    place: IntArray

    def joined(self, other: "_Starts") -> "_Starts":
        """Return these and others."""
        return _Starts(
            points=np.concatenate([self.points, other.points]),
            time_min=np.concatenate([self.time_min, other.time_min]),
            place=np.concatenate([self.place, other.place]),
        )


def _node_times(
    network: Network, costs: ArcCosts, place_ids: Sequence[str], *, leaving: bool
) -> tuple[FloatArray, IntArray]:
    """Return the time of the nearest place at each node, and which place it is."""
    best = np.full(len(network.nodes), np.inf)
    which = np.full(len(network.nodes), -1, dtype=np.int32)
    for number, place in enumerate(place_ids):
        units = find_shortest_tree(network, costs, place, leaving=leaving).units
        closer = units < best
        best[closer], which[closer] = units[closer], number
    return best * QUANTUM["time_min"], which


def _node_starts(
    network: Network, node_min: FloatArray, node_place: IntArray, limit: float
) -> _Starts:
    rows = np.flatnonzero(node_min <= limit)
    return _Starts(points=network.node_xy[rows], time_min=node_min[rows], place=node_place[rows])


def _edge_starts(
    network: Network,
    costs: ArcCosts,
    node_min: FloatArray,
    node_place: IntArray,
    limit: float,
    spacing_m: float,
    *,
    leaving: bool,
) -> _Starts:
    """Return points along the edges that are passed within the limit, a cell apart at most."""
    arcs = network.arcs
    kind = network.edges["kind"].isin(WALKED_FROM).to_numpy()
    near = arcs.tail if leaving else arcs.head
    rows = np.flatnonzero(costs.open & kind[arcs.edge] & (node_min[near] < limit))
    lines = network.edges.geometry.to_numpy()[arcs.edge[rows]]
    length = shapely.length(lines)
    pieces = np.maximum(np.ceil(length / spacing_m), 1).astype(np.int64)
    # the ends are nodes, which have been taken already
    row = np.repeat(np.arange(len(rows)), pieces - 1)
    ends = np.cumsum(pieces - 1)
    step = np.arange(len(row)) - np.repeat(ends - (pieces - 1), pieces - 1) + 1
    share = step / pieces[row]
    arc = rows[row]
    travelled = np.where(arcs.forward[arc] == leaving, share, 1 - share)
    spent = node_min[near[arc]] + travelled * costs.time_min[arc] * QUANTUM["time_min"]
    kept = spent <= limit
    points = shapely.line_interpolate_point(lines[row[kept]], share[kept], normalized=True)
    return _Starts(
        points=shapely.get_coordinates(points).reshape(-1, 2), time_min=spent[kept],
        place=node_place[near[arc[kept]]],
    )  # fmt: skip


def _moves(surface: FrictionSurface, network: Network) -> csr_array:
    """Return the steps from cell to cell in flat metres, none of them across a border."""
    moves = walking_moves(surface)
    country = _country_of_cells(surface, network).ravel()
    table = moves.tocoo()
    row, column = table.coords
    kept = country[row] == country[column]
    size = len(country)
    return coo_array(
        (table.data[kept], (row[kept], column[kept])), shape=(size, size)
    ).tocsr()  # fmt: skip


def _country_of_cells(surface: FrictionSurface, network: Network) -> IntArray:
    """Return a number per country for the cells in it; 0: in none."""
    zones = network.zones
    names = sorted(set(zones["country"].dropna()))
    number = zones["country"].map({name: i for i, name in enumerate(names, start=1)})
    pairs = [
        (shape, int(code))
        for shape, code in zip(zones.geometry, number, strict=True)
        if not shapely.is_missing(shape) and not shape.is_empty and not pd.isna(code)
    ]
    if not pairs:
        return np.zeros(surface.shape, dtype=np.int32)
    return np.asarray(
        rasterize(pairs, out_shape=surface.shape, transform=_transform(surface), fill=0,
                  dtype="int32")
    )  # fmt: skip


def _transform(surface: FrictionSurface) -> Affine:
    size = surface.resolution_m
    return Affine(size, 0.0, surface.left_m, 0.0, -size, surface.top_m)


def _spread(
    surface: FrictionSurface,
    moves: csr_array,
    starts: _Starts,
    places: int,
    limit: float,
    walk_limit: float,
) -> tuple[FloatArray, IntArray]:
    """Walk on from the starts: return the time of each cell, and the place it is nearest to."""
    cell = surface.cells(starts.points)
    inside = cell >= 0
    cell, time, place = cell[inside], starts.time_min[inside], starts.place[inside]
    order = np.lexsort((place, time, cell))
    cell, time, place = cell[order], time[order], place[order]
    first = np.ones(len(cell), dtype=bool)
    first[1:] = cell[1:] != cell[:-1]
    cell, time, place = cell[first], time[first], place[first]
    size = moves.shape[0]
    found = np.full(size, np.inf)
    nearest = np.full(size, -1, dtype=np.int32)
    # a row per place leads to the cells that its people step off at; a minute more than it takes,
    # because a sparse graph has no arcs that cost nothing
    table = moves.tocoo()
    row, column = table.coords
    graph = coo_array(
        (np.concatenate([table.data, time + 1.0]),
         (np.concatenate([row, place + size]), np.concatenate([column, cell]))),
        shape=(size + places, size + places),
    ).tocsr()  # fmt: skip
    roots = np.arange(size, size + places)
    total, _, source = dijkstra(
        graph, directed=True, indices=roots, return_predecessors=True, min_only=True,
        limit=limit + 1.0,
    )  # fmt: skip
    close = dijkstra(moves, directed=True, indices=cell, min_only=True, limit=walk_limit)
    reached = np.isfinite(total[:size]) & np.isfinite(close)
    found[reached] = total[:size][reached] - 1.0
    nearest[reached] = (source[:size][reached] - size).astype(np.int32)
    return found.reshape(surface.shape), nearest.reshape(surface.shape)


def time_bands(grid: ReachGrid, hours: Sequence[float]) -> gpd.GeoDataFrame:
    """Return the areas that are reached within each number of hours, but not within the one before.

    Parameters
    ----------
    grid
        From `reach_grid`.
    hours
        Ends of the bands, h, rising.

    Returns
    -------
    geopandas.GeoDataFrame
        ``from_h``, ``to_h``, a multipolygon each; bands that reach nothing have no row.

    Raises
    ------
    InputError
        If the hours do not rise from above 0.

    Examples
    --------
    >>> from mobility_geo.network.friction import friction_surface
    >>> plain = friction_surface((0, 0, 500, 250), crs=32630)
    >>> grid = ReachGrid(
    ...     surface=plain, time_min=np.array([[5.0, 70.0]]), nearest=np.zeros((1, 2), np.int32)
    ... )
    >>> time_bands(grid, [1, 2])[["from_h", "to_h"]].to_numpy().tolist()
    [[0.0, 1.0], [1.0, 2.0]]
    """
    ends = np.asarray(list(hours), dtype=np.float64)
    if not len(ends) or not bool(np.all(np.diff(ends, prepend=0.0) > 0)):
        msg = f"hours must rise from above 0, not {list(hours)}"
        raise InputError(msg)
    band = np.searchsorted(ends * MIN_PER_H, grid.time_min, side="left").astype(np.int32)
    band[~np.isfinite(grid.time_min) | (band >= len(ends))] = -1
    number, areas = _areas(grid, band)
    begins = np.concatenate([[0.0], ends[:-1]])
    return gpd.GeoDataFrame(
        {"from_h": begins[number], "to_h": ends[number]}, geometry=areas, crs=grid.surface.crs
    )


def nearest_areas(grid: ReachGrid, place_ids: Sequence[str]) -> gpd.GeoDataFrame:
    """Return the areas from which each place is the nearest in time.

    Parameters
    ----------
    grid
        From `reach_grid`, with ``leaving=False`` for places that people go to.
    place_ids
        The places it was made for.

    Returns
    -------
    geopandas.GeoDataFrame
        ``place_id`` and a multipolygon each; a place that is nearest nowhere has no row.

    Examples
    --------
    >>> from mobility_geo.network.friction import friction_surface
    >>> plain = friction_surface((0, 0, 500, 250), crs=32630)
    >>> grid = ReachGrid(
    ...     surface=plain, time_min=np.zeros((1, 2)), nearest=np.array([[1, -1]], np.int32)
    ... )
    >>> nearest_areas(grid, ["one", "two"])["place_id"].tolist()
    ['two']
    """
    number, areas = _areas(grid, grid.nearest)
    ids = np.array(list(place_ids), dtype=object)[number]
    return gpd.GeoDataFrame(
        {"place_id": pd.Series(ids, dtype="str")}, geometry=areas, crs=grid.surface.crs
    )


def _areas(grid: ReachGrid, number: IntArray) -> tuple[Longs, list[shapely.MultiPolygon]]:
    """Return the numbers in a grid, ascending, and the area of each; -1 is left out."""
    found: dict[int, list[shapely.Polygon]] = {}
    for outline, value in shapes(number, mask=number >= 0, transform=_transform(grid.surface)):
        found.setdefault(int(value), []).append(
            shapely.Polygon(outline["coordinates"][0], outline["coordinates"][1:])
        )
    order = sorted(found)
    return np.array(order, dtype=np.int64), [shapely.MultiPolygon(found[one]) for one in order]

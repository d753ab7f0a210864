"""Where a disruption hits the network: intervals along edges, by true intersection.

The overlay of a selection on a network is computed once and reused for every date, traveller
and draw, for as long as both objects live.
"""

from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from mobility_geo.network import Network
from mobility_geo.scenario.disruptions import Selection
from mobility_geo.scenario.scenario import Scenario

AREA_SEGMENT_DEG: Final = 0.1
"""Long sides of areas are divided before they are projected."""

POINT_BUFFER_M: Final = 12_000.0
LINE_BUFFER_M: Final = 4_000.0

JOIN_M: Final = 1e-6
"""Stretches this near to each other are one, in metres."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Hits:
    """Stretches of edges: row of the edge, and the stretch as shares of its length, 0 to 1."""

    edge: npt.NDArray[np.int32]
    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]

    def edges(self) -> npt.NDArray[np.int32]:
        """Return the rows of the edges hit, each once, ascending."""
        unique: npt.NDArray[np.int32] = np.unique(self.edge)
        return unique

    def shares(self, size: int) -> npt.NDArray[np.float64]:
        """Return the share of each edge that is hit, 0 to 1, for all `size` edges."""
        total = np.bincount(self.edge, weights=self.end - self.start, minlength=size)
        shares: npt.NDArray[np.float64] = np.minimum(total, 1.0)
        return shares


_CACHE: WeakKeyDictionary[Network, WeakKeyDictionary[Selection, Hits]] = WeakKeyDictionary()


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

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> len(disruption_edges(network, Selection(edge_kinds=("river",))).edges())
    2
    """
    memory = _CACHE.setdefault(network, WeakKeyDictionary())
    if what not in memory:
        memory[what] = _hits(network, what)
    return memory[what]


def project_area(network: Network, area: shapely.Geometry) -> shapely.Geometry:
    """Return an area of a selection in the coordinate reference system of a network."""
    fine = shapely.segmentize(area, AREA_SEGMENT_DEG)
    return gpd.GeoSeries([fine], crs=4326).to_crs(network.crs).iloc[0]


def _hits(network: Network, what: Selection) -> Hits:
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
    ):
        if values:
            chosen &= edges[column].isin(values).to_numpy(dtype=bool)
    if what.informal:
        informal = network.crossings.loc[~network.crossings["official"], "crossing_id"]
        chosen &= edges["crossing_id"].isin(informal).to_numpy(dtype=bool)
    rows = np.flatnonzero(chosen).astype(np.int32)
    if what.area is None:
        hits = Hits(edge=rows, start=np.zeros(len(rows)), end=np.ones(len(rows)))
    else:
        hits = _area_hits(network, rows, what.area)
    return _whole_road(network, hits) if what.direction == "both" else hits


def _area_hits(network: Network, rows: npt.NDArray[np.int32], area: shapely.Geometry) -> Hits:
    shape = project_area(network, area)
    shapely.prepare(shape)
    lines = network.edges.geometry.to_numpy()
    near = rows[shapely.intersects(shape, lines[rows])]
    out: list[tuple[int, float, float]] = []
    for row in near:
        out += [(int(row), start, end) for start, end in stretches_inside(lines[row], shape)]
    table = np.array(out, dtype=np.float64).reshape(-1, 3)
    return Hits(edge=table[:, 0].astype(np.int32), start=table[:, 1], end=table[:, 2])


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
    corners = shapely.get_coordinates(line)
    # piece by piece, because a position on a line that crosses itself is not unique
    pieces = np.asarray(shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1)))
    lengths = shapely.length(pieces)
    before = np.concatenate([[0.0], np.cumsum(lengths)])
    found: list[tuple[float, float]] = []
    inside_of = np.asarray(shapely.intersection(pieces, shape))
    for piece, offset, inside in zip(pieces, before[:-1], inside_of, strict=True):
        for part in shapely.get_parts(inside):
            if part.geom_type == "LineString" and part.length > 0:
                ends = shapely.line_locate_point(piece, shapely.get_point(part, [0, -1]))
                found.append((float(offset + ends.min()), float(offset + ends.max())))
    joined: list[tuple[float, float]] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1] + JOIN_M:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    total = max(float(before[-1]), 1e-9)
    return [(start / total, min(end / total, 1.0)) for start, end in joined]


def _whole_road(network: Network, hits: Hits) -> Hits:
    """Hit every carriageway of a road that is hit in one of them."""
    group = network.edges["carriageway_group"]
    if not bool(group.notna().any()):
        return hits
    lines = network.edges.geometry.to_numpy()
    extra: list[tuple[int, float, float]] = []
    have = set(hits.edge.tolist())
    for row, start, end in zip(hits.edge, hits.start, hits.end, strict=True):
        name = group.iloc[int(row)]
        if pd.notna(name):
            twins = np.flatnonzero((group == name).to_numpy(dtype=bool))
            ends = shapely.line_interpolate_point(lines[row], [start, end], normalized=True)
            for twin in twins:
                if int(twin) in have:
                    continue
                # the twin may be drawn the other way
                beside = shapely.line_locate_point(lines[twin], ends, normalized=True)
                extra.append((int(twin), float(beside.min()), float(beside.max())))
    joined: list[tuple[int, float, float]] = []
    for row, start, end in sorted(set(extra)):
        if joined and joined[-1][0] == row and start <= joined[-1][2]:
            joined[-1] = (row, joined[-1][1], max(joined[-1][2], end))
        else:
            joined.append((row, start, end))
    table = np.array(joined, dtype=np.float64).reshape(-1, 3)
    return Hits(
        edge=np.concatenate([hits.edge, table[:, 0].astype(np.int32)]),
        start=np.concatenate([hits.start, table[:, 1]]),
        end=np.concatenate([hits.end, table[:, 2]]),
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

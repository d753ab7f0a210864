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
        road is hit, so are the others, over the same share.

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
    return _whole_road(network, hits)


def _area_hits(network: Network, rows: npt.NDArray[np.int32], area: shapely.Geometry) -> Hits:
    shape = project_area(network, area)
    shapely.prepare(shape)
    lines = network.edges.geometry.to_numpy()
    near = rows[shapely.intersects(shape, lines[rows])]
    out: list[tuple[int, float, float]] = []
    for row in near:
        line: shapely.LineString = lines[row]
        inside = shapely.line_merge(shapely.intersection(line, shape))
        for part in shapely.get_parts(inside):
            if part.geom_type != "LineString" or part.length == 0:
                continue
            ends = shapely.line_locate_point(
                line, shapely.get_point(part, [0, -1]), normalized=True
            )
            out.append((int(row), float(ends.min()), float(ends.max())))
    table = np.array(out, dtype=np.float64).reshape(-1, 3)
    return Hits(edge=table[:, 0].astype(np.int32), start=table[:, 1], end=table[:, 2])


def _whole_road(network: Network, hits: Hits) -> Hits:
    """Hit every carriageway of a road that is hit in one of them."""
    group = network.edges["carriageway_group"]
    if not bool(group.notna().any()):
        return hits
    extra: list[tuple[int, float, float]] = []
    have = set(hits.edge.tolist())
    for row, start, end in zip(hits.edge, hits.start, hits.end, strict=True):
        name = group.iloc[int(row)]
        if pd.notna(name):
            twins = np.flatnonzero((group == name).to_numpy(dtype=bool))
            extra += [(int(twin), start, end) for twin in twins if int(twin) not in have]
    table = np.array(sorted(set(extra)), dtype=np.float64).reshape(-1, 3)
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

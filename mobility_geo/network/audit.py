"""What may be wrong with a network, before anyone trusts an answer from it."""

from weakref import WeakKeyDictionary

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mobility_geo.network.model import Network
from mobility_geo.sources.geodesy import GEOD, geodesic_length_m
from mobility_geo.sources.reading import Finding, findings_table

DUPLICATE_M = 1_000.0
FAR_M = 5_000.0
SHORT_M = 1_000.0
DISTORTION = 0.02
STRAIGHT = 0.999
WINDING = 3.0
MOST_FRAGMENTS = 200
"""So many parts without places are listed one by one; the rest is counted together."""

FloatArray = npt.NDArray[np.float64]


def audit_network(network: Network) -> gpd.GeoDataFrame:
    """List what may be wrong with a network, each with its place and the people it could touch.

    Checked are: parts of the network that are not connected with the largest one, places that
    are not attached or far from the network, places of the same name or at the same spot, edges
    without a speed for any profile, dead ends at settlements without a place, lengths that are
    shorter than the straight line or more than three times as long, missing attributes,
    crossings that no edge passes, and how far the projection distorts lengths (which touches
    buffers and maps only: lengths are geodesic).

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per finding, schema `mobility_geo.schema.FINDINGS`, the worst first: ``persons``
        are the residents of the places concerned, and for an edge or node of the places that
        attach to it; the geometry is a point in WGS 84, missing where a finding is about the whole
        network. Empty if there is nothing to say.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> audit_network(load_toy().network)[["check", "id"]].iloc[0].tolist()
    ['not attached', 'oasis']
    """
    people = network.places.set_index("place_id")["population_persons"].fillna(0)
    found: list[Finding] = []
    for part in (
        _fragments(network, people),
        _snaps(network, people),
        _twins(network, people),
        _edges(network, people),
        _dead_ends(network),
        _gaps(network),
        _projection(network),
    ):
        found += part
    return findings_table(found)


_LONLAT: WeakKeyDictionary[Network, dict[str, npt.NDArray[np.object_]]] = WeakKeyDictionary()


def _lonlat(network: Network, table: str) -> npt.NDArray[np.object_]:
    """Return the shapes of a table in WGS 84."""
    memory = _LONLAT.setdefault(network, {})
    if table not in memory:
        memory[table] = getattr(network, table).to_crs(4326).geometry.to_numpy()
    return memory[table]


def components(network: Network) -> "np.typing.NDArray[np.int32]":
    """Return the number of the connected part of each node, ways of all kinds, both directions.

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    numpy.ndarray
        int32, one per node; 0 is the part with the most nodes.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> int(components(load_toy().network).max())
    0
    """
    arcs, size = network.arcs, len(network.nodes)
    matrix = coo_array((np.ones(len(arcs)), (arcs.tail, arcs.head)), shape=(size, size))
    _, label = connected_components(matrix.tocsr(), directed=True, connection="weak")
    counts = np.bincount(label)
    rank = np.empty(len(counts), dtype=np.int32)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts), dtype=np.int32)
    return rank[label]


def _fragments(network: Network, people: "pd.Series[float]") -> list[Finding]:
    part = components(network)
    count = int(part.max(initial=0)) + 1
    sizes = np.bincount(part, minlength=count)
    first = np.full(count, -1)
    first[part[::-1]] = np.arange(len(part))[::-1]
    ways = network.accesses[["place_id", "node_id"]]
    on = part[network.node_positions(ways["node_id"].tolist())]
    placed = pd.DataFrame({"part": on, "place_id": ways["place_id"].to_numpy()}).drop_duplicates()
    persons = placed["place_id"].map(people).fillna(0).groupby(placed["part"]).sum()
    places = placed.groupby("part")["place_id"].count()
    ids, points = network.nodes["node_id"].to_numpy(), _lonlat(network, "nodes")
    inhabited = [number for number in range(1, count) if number in places.index]
    empty = [number for number in range(1, count) if number not in places.index]
    found = [
        Finding(
            check="fragment", severity="warning" if number in places.index else "note",
            table="nodes", id=str(ids[first[number]]), value=float(sizes[number]), unit="nodes",
            persons=float(persons.get(number, 0)), geometry=points[first[number]],
            finding=f"{sizes[number]} nodes and {int(places.get(number, 0))} places are not "
                    "connected with the rest",
        )
        for number in [*inhabited, *empty[:MOST_FRAGMENTS]]
    ]  # fmt: skip
    if len(empty) > MOST_FRAGMENTS:
        more = empty[MOST_FRAGMENTS:]
        nodes = int(sizes[more].sum())
        found.append(
            Finding(check="fragment", severity="note", table="nodes", id=f"{len(more)} more parts",
                    value=nodes, unit="nodes",
                    finding=f"{len(more)} smaller parts without places are not connected with the "
                            f"rest, {nodes} nodes in all")
        )  # fmt: skip
    return found


def _snaps(network: Network, people: "pd.Series[float]") -> list[Finding]:
    best = network.accesses.groupby("place_id")["off_road_m"].min()
    ids = network.places["place_id"]
    apart = ids.map(best).to_numpy(dtype=float)
    points = _lonlat(network, "places")
    missing = np.flatnonzero(np.isnan(apart))
    far = np.flatnonzero(apart > FAR_M)
    return [
        Finding(check="not attached", severity="warning", table="places", id=ids.iloc[row],
                unit="m", persons=float(people.iloc[row]), geometry=points[row],
                finding="farther from the network than the limit, or behind a river: unknown")
        for row in missing
    ] + [
        Finding(check="far from the network", severity="warning", table="places", id=ids.iloc[row],
                value=float(apart[row]), unit="m", persons=float(people.iloc[row]),
                geometry=points[row], finding=f"{apart[row] / 1000:.1f} km off the road")
        for row in far
    ]  # fmt: skip


def _twins(network: Network, people: "pd.Series[float]") -> list[Finding]:
    places, points = network.places, _lonlat(network, "places")
    names = places["name"].str.casefold() + "/" + places["country"]
    twice = np.flatnonzero(names.duplicated(keep=False).to_numpy(dtype=bool))
    ids = places["place_id"].to_numpy()
    found = [
        Finding(check="same name", severity="note", table="places", id=ids[row],
                persons=float(people.iloc[row]), geometry=points[row],
                finding="another place of the country has this name")
        for row in twice
    ]  # fmt: skip
    shapes = places.geometry.to_numpy()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=DUPLICATE_M)
    pairs = left < right
    left, right = left[pairs], right[pairs]
    apart = shapely.distance(shapes[left], shapes[right])
    found += [
        Finding(check="same spot", severity="note", table="places", id=ids[a],
                value=float(gap), unit="m", geometry=points[a],
                persons=float(people.iloc[a] + people.iloc[b]),
                finding=f"less than 1 km from {ids[b]!r}")
        for a, b, gap in zip(left, right, apart, strict=True)
    ]  # fmt: skip
    return found


def _people_at(network: Network, people: "pd.Series[float]") -> "pd.Series[float]":
    """Return the residents of the places that attach to each edge, or to one of its ends."""
    ways = network.accesses[["place_id", "node_id", "edge_id"]]
    edges = network.edges[["edge_id", "from_node_id", "to_node_id"]]
    ends = edges.melt("edge_id", value_name="node_id")[["edge_id", "node_id"]]
    direct = ways.loc[ways["edge_id"].notna(), ["place_id", "edge_id"]]
    at_node = ways.loc[ways["edge_id"].isna(), ["place_id", "node_id"]].merge(ends, on="node_id")
    pairs = pd.concat([direct, at_node[["place_id", "edge_id"]]]).drop_duplicates()
    return pairs["place_id"].map(people).fillna(0).groupby(pairs["edge_id"]).sum()


def _edges(network: Network, people: "pd.Series[float]") -> list[Finding]:
    edges = network.edges
    speeds = network.speeds[["kind", "road_class", "surface"]]
    usable = {tuple(row) for row in speeds.to_numpy()}
    what = edges[["kind", "road_class", "surface"]]
    classes = what.drop_duplicates()
    bare = {
        (kind, road_class, surface)
        for kind, road_class, surface in classes.to_numpy()
        if not any((kind, c, s) in usable for c in (road_class, "*") for s in (surface, "*"))
    }
    uncovered = np.flatnonzero(pd.MultiIndex.from_frame(what).isin(list(bare)))
    ends = [network.node_positions(edges[name].tolist()) for name in ("from_node_id", "to_node_id")]
    corners = shapely.get_coordinates(_lonlat(network, "nodes"))
    (x1, y1), (x2, y2) = (corners[rows].T for rows in ends)
    straight = np.asarray(GEOD.inv(x1, y1, x2, y2)[2])
    length = edges["length_m"].to_numpy(dtype=float)
    ratio = np.divide(length, straight, out=np.ones(len(edges)), where=straight > 1)
    short = np.flatnonzero(ratio < STRAIGHT)
    winding = np.flatnonzero(ratio > WINDING)
    lines = _lonlat(network, "edges")
    touched = edges["edge_id"].map(_people_at(network, people)).fillna(0).to_numpy(dtype=float)
    ids = edges["edge_id"].to_numpy()

    def finding(row: int, check: str, severity: str, value: float, unit: str, text: str) -> Finding:
        return Finding(check=check, severity=severity, table="edges", id=ids[row], value=value,
                       unit=unit, persons=float(touched[row]), geometry=lines[row],
                       finding=text)  # fmt: skip

    return [
        *(
            finding(row, "no speed", "warning", np.nan, "km/h",
                    f"no profile has a speed on {' / '.join(what.iloc[row])}: nobody can pass")
            for row in uncovered.tolist()
        ),
        *(
            finding(row, "shorter than straight", "error", float(ratio[row]), "",
                    "length_m is less than the straight line: wrong unit or wrong ends")
            for row in short.tolist()
        ),
        *(
            finding(row, "very winding", "note", float(ratio[row]), "",
                    "length_m is more than three times the straight line")
            for row in winding.tolist()
        ),
    ]  # fmt: skip


def _dead_ends(network: Network) -> list[Finding]:
    """Find settlements on one edge only that no place stands for: nobody is counted there."""
    ends = pd.concat([network.edges["from_node_id"], network.edges["to_node_id"]]).value_counts()
    nodes = network.nodes
    once = nodes["node_id"].map(ends) == 1
    alone = (nodes["kind"] == "settlement") & once
    alone &= ~nodes["node_id"].isin(network.accesses["node_id"])
    points = _lonlat(network, "nodes")
    return [
        Finding(check="dead end", severity="note", table="nodes", id=nodes["node_id"].iloc[row],
                value=1, unit="edges", geometry=points[row],
                finding="a road ends at this settlement, and no place stands for its people")
        for row in np.flatnonzero(alone.to_numpy(dtype=bool))
    ]  # fmt: skip


def _gaps(network: Network) -> list[Finding]:
    edges, places = network.edges, network.places
    settled = places["kind"] == "settlement"
    found = [
        Finding(check=check, severity="note", table=table, id=f"{int(hit.sum())} {table}",
                value=float(hit.mean()), unit="share", finding=text)
        for check, table, hit, text in (
            ("no state report", "edges", edges["state_reported_on"].isna(),
             "nobody reported the state of these edges; they count as usable"),
            ("low confidence", "edges", edges["confidence"] == "low",
             "position, class or surface are uncertain"),
            ("no population", "places", places["population_persons"].isna() & settled,
             "settlements without population count as empty"),
        )
        if bool(hit.any())
    ]  # fmt: skip
    posts, points = network.crossings["crossing_id"], _lonlat(network, "crossings")
    unused = ~posts.isin(edges["crossing_id"].dropna())
    return found + [
        Finding(check="crossing without edge", severity="warning", table="crossings",
                id=posts.iloc[row], geometry=points[row], finding="no edge passes this crossing")
        for row in np.flatnonzero(unused.to_numpy(dtype=bool))
    ]  # fmt: skip


def _projection(network: Network) -> list[Finding]:
    """State how far lengths in the metric projection are from those on the ellipsoid."""
    geodesic = geodesic_length_m(network.edges).to_numpy(dtype=float)
    long = np.flatnonzero(geodesic > SHORT_M)
    if not len(long):
        return []
    ratio = network.edges.geometry.length.to_numpy(dtype=float)[long] / geodesic[long]
    worst = int(np.abs(ratio - 1).argmax())
    off = float(ratio[worst] - 1)
    row = long[worst]
    return [
        Finding(check="projection", severity="warning" if abs(off) > DISTORTION else "note",
                table="edges", id=network.edges["edge_id"].iloc[row], value=off, unit="share",
                geometry=_lonlat(network, "edges")[row],
                finding=f"lengths in the projection are off by {off:+.2%} at most; lengths in the "
                        "tables are geodesic")
    ]  # fmt: skip

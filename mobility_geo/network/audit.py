"""What may be wrong with a network, before anyone trusts an answer from it."""

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mobility_geo.network.build import GEOD, geodesic_length_m
from mobility_geo.network.model import Network
from mobility_geo.schema import records

DUPLICATE_M = 1_000.0
FAR_M = 5_000.0
SHORT_M = 1_000.0
DISTORTION = 0.02
STRAIGHT = 0.999
WINDING = 3.0
AUDIT_COLUMNS = ("check", "severity", "table", "id", "value", "unit", "persons", "finding")


def audit_network(network: Network) -> pd.DataFrame:
    """List what may be wrong with a network, each with the people it could touch.

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
    pandas.DataFrame
        One row per finding: ``check``, ``severity`` (error, warning, note), ``table``, ``id``,
        ``value`` and its ``unit``, ``persons`` (residents of the places concerned; 0 if none),
        ``finding`` in words. Empty if there is nothing to say.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> audit_network(load_toy().network)[["check", "id"]].iloc[0].tolist()
    ['not attached', 'oasis']
    """
    rows: list[dict[str, object]] = []
    people = network.places.set_index("place_id")["population_persons"].fillna(0)
    for found in (
        _fragments(network, people),
        _snaps(network, people),
        _twins(network, people),
        _edges(network),
        _dead_ends(network),
        _gaps(network),
        _projection(network),
    ):
        rows += found
    table = pd.DataFrame(rows, columns=list(AUDIT_COLUMNS))
    rank = {"error": 0, "warning": 1, "note": 2}
    order = table.assign(_rank=table["severity"].map(rank)).sort_values(
        ["_rank", "check", "id"], kind="stable"
    )
    return order.drop(columns="_rank").reset_index(drop=True)


def _finding(
    check: str, severity: str, table: str, name: str, value: float, unit: str, persons: float,
    finding: str,
) -> dict[str, object]:  # fmt: skip
    return dict(
        zip(AUDIT_COLUMNS, (check, severity, table, name, value, unit, round(persons), finding),
            strict=True)
    )  # fmt: skip


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


def _fragments(network: Network, people: "pd.Series[float]") -> list[dict[str, object]]:
    part = components(network)
    node_part = pd.Series(part, index=network.node_rows)
    rows = []
    for number in range(1, int(part.max(initial=0)) + 1):
        nodes = node_part.index[node_part == number]
        places = network.accesses.loc[network.accesses["node_id"].isin(nodes), "place_id"].unique()
        rows.append(
            _finding(
                "fragment", "warning" if len(places) else "note", "nodes", str(nodes[0]),
                len(nodes), "nodes", float(people.reindex(places).sum()),
                f"{len(nodes)} nodes and {len(places)} places are not connected with the rest",
            )
        )  # fmt: skip
    return rows


def _snaps(network: Network, people: "pd.Series[float]") -> list[dict[str, object]]:
    rows = []
    best = network.accesses.groupby("place_id")["off_road_m"].min()
    for place_id in network.places["place_id"]:
        persons = float(people[place_id])
        if place_id not in best.index:
            rows.append(
                _finding("not attached", "warning", "places", place_id, np.nan, "m", persons,
                         "farther from the network than the limit, or behind a river: unknown")
            )  # fmt: skip
        elif best[place_id] > FAR_M:
            rows.append(
                _finding("far from the network", "warning", "places", place_id,
                         float(best[place_id]), "m", persons,
                         f"{best[place_id] / 1000:.1f} km off the road")
            )  # fmt: skip
    return rows


def _twins(network: Network, people: "pd.Series[float]") -> list[dict[str, object]]:
    rows = []
    places = network.places
    names = places["name"].str.casefold() + "/" + places["country"]
    for place_id, twice in zip(places["place_id"], names.duplicated(keep=False), strict=True):
        if twice:
            rows.append(
                _finding("same name", "note", "places", place_id, np.nan, "",
                         float(people[place_id]), "another place of the country has this name")
            )  # fmt: skip
    shapes = places.geometry.to_numpy()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=DUPLICATE_M)
    for a, b in zip(left, right, strict=True):
        if a < b:
            one, two = places["place_id"].iloc[int(a)], places["place_id"].iloc[int(b)]
            rows.append(
                _finding("same spot", "note", "places", one,
                         float(shapely.distance(shapes[a], shapes[b])), "m",
                         float(people[one] + people[two]), f"less than 1 km from {two!r}")
            )  # fmt: skip
    return rows


def _edges(network: Network) -> list[dict[str, object]]:
    edges = network.edges
    rows = []
    usable = {tuple(row) for row in network.speeds[["kind", "road_class", "surface"]].to_numpy()}

    def covered(kind: str, road_class: str, surface: str) -> bool:
        return any((kind, c, s) in usable for c in (road_class, "*") for s in (surface, "*"))

    tail = network.node_rows.get_indexer(pd.Index(edges["from_node_id"]))
    head = network.node_rows.get_indexer(pd.Index(edges["to_node_id"]))
    points = network.nodes.to_crs(4326).geometry
    straight = _geodesic(points.iloc[tail], points.iloc[head])
    for position, edge in enumerate(records(edges)):
        edge_id, what = str(edge["edge_id"]), (edge["kind"], edge["road_class"], edge["surface"])
        if not covered(*what):
            rows.append(
                _finding("no speed", "warning", "edges", edge_id, np.nan, "km/h", 0,
                         f"no profile has a speed on {' / '.join(what)}: nobody can pass")
            )  # fmt: skip
        length_m = float(edge["length_m"])
        ratio = length_m / straight[position] if straight[position] > 1 else 1.0
        if ratio < STRAIGHT:
            rows.append(
                _finding("shorter than straight", "error", "edges", edge_id, ratio, "",
                         0, "length_m is less than the straight line: wrong unit or wrong ends")
            )  # fmt: skip
        elif ratio > WINDING:
            rows.append(
                _finding("very winding", "note", "edges", edge_id, ratio, "", 0,
                         "length_m is more than three times the straight line")
            )  # fmt: skip
    return rows


def _geodesic(one: pd.Series, two: pd.Series) -> "np.typing.NDArray[np.float64]":
    _, _, distance = GEOD.inv(
        [p.x for p in one], [p.y for p in one], [p.x for p in two], [p.y for p in two]
    )
    return np.asarray(distance)


def _dead_ends(network: Network) -> list[dict[str, object]]:
    """Find settlements on one edge only that no place stands for: nobody is counted there."""
    ends = pd.concat([network.edges["from_node_id"], network.edges["to_node_id"]]).value_counts()
    settled = network.nodes.loc[network.nodes["kind"] == "settlement", "node_id"]
    attached = set(network.accesses["node_id"])
    return [
        _finding("dead end", "note", "nodes", str(node), 1, "edges", 0,
                 "a road ends at this settlement, and no place stands for its people")
        for node in settled
        if ends.get(node, 0) == 1 and node not in attached
    ]  # fmt: skip


def _gaps(network: Network) -> list[dict[str, object]]:
    rows = []
    unreported = network.edges["state_reported_on"].isna()
    if bool(unreported.any()):
        rows.append(
            _finding("no state report", "note", "edges", f"{int(unreported.sum())} edges",
                     float(unreported.mean()), "share", 0,
                     "nobody reported the state of these edges; they count as usable")
        )  # fmt: skip
    low = network.edges["confidence"] == "low"
    if bool(low.any()):
        rows.append(
            _finding("low confidence", "note", "edges", f"{int(low.sum())} edges",
                     float(low.mean()), "share", 0, "position, class or surface are uncertain")
        )  # fmt: skip
    missing = network.places["population_persons"].isna() & (network.places["kind"] == "settlement")
    if bool(missing.any()):
        rows.append(
            _finding("no population", "note", "places", f"{int(missing.sum())} places",
                     float(missing.mean()), "share", 0,
                     "settlements without population count as empty")
        )  # fmt: skip
    passed = set(network.edges["crossing_id"].dropna())
    rows += [
        _finding("crossing without edge", "warning", "crossings", name, np.nan, "", 0,
                 "no edge passes this crossing")
        for name in network.crossings["crossing_id"]
        if name not in passed
    ]  # fmt: skip
    return rows


def _projection(network: Network) -> list[dict[str, object]]:
    """State how far lengths in the metric projection are from those on the ellipsoid."""
    geodesic = geodesic_length_m(network.edges).to_numpy(dtype=float)
    long = geodesic > SHORT_M
    if not bool(long.any()):
        return []
    ratio = network.edges.geometry.length.to_numpy(dtype=float)[long] / geodesic[long]
    worst = int(np.abs(ratio - 1).argmax())
    off = float(ratio[worst] - 1)
    return [
        _finding("projection", "warning" if abs(off) > DISTORTION else "note", "edges",
                 str(network.edges["edge_id"].to_numpy()[long][worst]), off, "share", 0,
                 f"lengths in the projection are off by {off:+.2%} at most; lengths in the tables "
                 "are geodesic")
    ]  # fmt: skip

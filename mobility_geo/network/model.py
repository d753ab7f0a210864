"""The `Network`: checked tables in one metric coordinate reference system, never changed."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict, Unpack
from weakref import WeakKeyDictionary

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from mobility_geo.errors import CRSError, SchemaError, UnknownIdError, labels
from mobility_geo.schema import (
    EDGE_KINDS,
    NETWORK_TABLES,
    conform,
    records,
    reference_problems,
    split_list,
    suggest,
)

IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

MOST_NAMED = 10
"""So many unknown ids are named in one error."""

END_TOLERANCE_M = 1.0
"""An edge must end this near to its nodes, in metres."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Arcs:
    """Directed arcs of a network: two per edge, one per one-way edge.

    All arrays but the last have one entry per arc. `edge` is the row of the edge, `forward` says
    whether the arc runs along the direction of the line: the first arcs do, in the order of the
    edges. `backward` has for each edge the arc against its line; -1: there is none.
    """

    tail: IntArray
    head: IntArray
    edge: IntArray
    forward: BoolArray
    backward: IntArray

    def __len__(self) -> int:
        """Return the number of arcs."""
        return len(self.tail)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class AccessArrays:
    """Accesses of a network as arrays: rows of its tables instead of ids.

    `node` and `edge` (-1: the place is at the node itself) have one entry per access, in the order
    of the table; so have the metres off the road, the metres along the edge and the length of the
    edge, 0 where there is none. The accesses of place `i` are
    ``by_place[pointer[i]:pointer[i + 1]]``.
    """

    node: IntArray
    edge: IntArray
    off_road_m: FloatArray
    along_m: FloatArray
    edge_m: FloatArray
    by_place: IntArray
    pointer: IntArray


class NetworkTables(TypedDict, total=False):
    """Tables of a network by name, for `Network.replace_tables`."""

    zones: gpd.GeoDataFrame
    nodes: gpd.GeoDataFrame
    edges: gpd.GeoDataFrame
    crossings: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    accesses: gpd.GeoDataFrame
    waterways: gpd.GeoDataFrame
    seasons: pd.DataFrame
    profiles: pd.DataFrame
    speeds: pd.DataFrame


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, weakref_slot=True)
class Network:
    """A network of roads, tracks, rivers and border crossings, with its places and travellers.

    Every table is checked against its schema (`mobility_geo.schema`), all geometry is in one
    metric coordinate reference system, and every id that is referred to exists. Rows are sorted by
    key, so that the order in which they were given never matters. Make one with `build_network`,
    `read_network` or `from_networkx`.

    Parameters
    ----------
    name
        Name of the network.
    zones, nodes, edges, crossings, places, accesses, waterways
        Layers, all in the same projected coordinate reference system in metres.
    seasons, profiles, speeds
        The normal year, the ways of travelling and their speeds.

    Raises
    ------
    SchemaError
        Lists every problem of every table, with row labels.
    CRSError
        If a layer has no coordinate reference system, another one than the rest, or not metres.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> len(network.edges) < len(network.arcs)
    True
    """

    name: str
    zones: gpd.GeoDataFrame
    nodes: gpd.GeoDataFrame
    edges: gpd.GeoDataFrame
    crossings: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    accesses: gpd.GeoDataFrame
    waterways: gpd.GeoDataFrame
    seasons: pd.DataFrame
    profiles: pd.DataFrame
    speeds: pd.DataFrame
    arcs: Arcs = field(init=False, repr=False)
    access_arrays: AccessArrays = field(init=False, repr=False)
    node_xy: FloatArray = field(init=False, repr=False)
    node_rows: pd.Index = field(init=False, repr=False)
    edge_rows: pd.Index = field(init=False, repr=False)
    access_rows: pd.Index = field(init=False, repr=False)
    place_rows: pd.Index = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check every table, then number nodes, edges and places.

        Raises
        ------
        SchemaError
            Lists every problem of every table, with row labels.
        CRSError
            If a layer is not in metres, or in another system than the layers before it.
        """
        problems: list[str] = []
        crs_problems = _crs_problems(self)
        for schema in NETWORK_TABLES:
            table, found = conform(getattr(self, schema.name), schema)
            if not found:
                # one order for the same content, so that ties fall the same way
                table = table.sort_values(list(schema.key), kind="stable")
            object.__setattr__(self, schema.name, table.reset_index(drop=True))
            problems += found
        if problems:
            raise SchemaError(problems)
        if crs_problems:
            raise CRSError(crs_problems)
        problems += reference_problems({s.name: getattr(self, s.name) for s in NETWORK_TABLES})
        if problems:
            raise SchemaError(problems)
        object.__setattr__(self, "node_xy", shapely.get_coordinates(self.nodes.geometry.to_numpy()))
        object.__setattr__(self, "node_rows", pd.Index(self.nodes["node_id"]))
        object.__setattr__(self, "edge_rows", pd.Index(self.edges["edge_id"]))
        object.__setattr__(self, "access_rows", pd.Index(self.accesses["access_id"]))
        object.__setattr__(self, "place_rows", pd.Index(self.places["place_id"]))
        problems += _edge_problems(self)
        problems += _list_problems(self)
        if problems:
            raise SchemaError(problems)
        object.__setattr__(self, "arcs", _make_arcs(self))
        object.__setattr__(self, "access_arrays", _make_access_arrays(self))

    @property
    def crs(self) -> pyproj.CRS:
        """Coordinate reference system of every layer; in metres."""
        return pyproj.CRS(self.edges.crs)

    def edge_positions(self, edge_ids: Iterable[str]) -> IntArray:
        """Return the rows of edges.

        Parameters
        ----------
        edge_ids
            Ids of edges.

        Returns
        -------
        numpy.ndarray
            int32, one per id.

        Raises
        ------
        UnknownIdError
            Names every id that is not there, with the nearest one that is.
        """
        return _positions(self.edge_rows, edge_ids, "edge")

    def node_positions(self, node_ids: Iterable[str]) -> IntArray:
        """Return the rows of nodes; see `edge_positions`."""
        return _positions(self.node_rows, node_ids, "node")

    def place_positions(self, place_ids: Iterable[str]) -> IntArray:
        """Return the rows of places; see `edge_positions`."""
        # asked for a few at a time, again and again
        rows = _PLACES.get(self)
        if rows is None:
            rows = _PLACES[self] = {str(name): row for row, name in enumerate(self.place_rows)}
        wanted = list(place_ids)
        found = [rows.get(name, -1) for name in wanted]
        if -1 in found:
            return _positions(self.place_rows, wanted, "place")
        return np.array(found, dtype=np.int32)

    def find_place(self, name: str) -> str:
        """Return the id of the place with this id, name or other spelling.

        Parameters
        ----------
        name
            Id, name or one of the other spellings; case does not matter.

        Returns
        -------
        str
            The `place_id`.

        Raises
        ------
        UnknownIdError
            If no place is called so, or several are; names the nearest ones.

        Examples
        --------
        >>> from mobility_geo.datasets import load_toy
        >>> load_toy().network.find_place("Northtown")
        'northtown'
        """
        return _find(self.places, "place", name, ("place_id", "name", "name_alt"))

    def find_crossing(self, name: str) -> str:
        """Return the id of the crossing with this id or name; see `find_place`."""
        return _find(self.crossings, "crossing", name, ("crossing_id", "name"))

    def replace_tables(self, **tables: Unpack[NetworkTables]) -> "Network":
        """Return a new network with some tables replaced, all checked again.

        Parameters
        ----------
        **tables
            Tables by name, such as ``edges=...``.

        Returns
        -------
        Network
            This one is not changed.
        """
        return replace(self, **tables)

    def content_hash(self) -> str:
        """Return a sha256 over the content of all tables.

        Returns
        -------
        str
            64 hexadecimal digits; the same for the same content on every machine.
        """
        digest = hashlib.sha256(self.name.encode())
        for schema in NETWORK_TABLES:
            table = getattr(self, schema.name)
            digest.update(schema.name.encode())
            if isinstance(table, gpd.GeoDataFrame):
                rounded = shapely.set_precision(
                    table.to_crs(4326).geometry.to_numpy(), 1e-7, mode="pointwise"
                )
                digest.update(b"".join(shapely.to_wkb(rounded, byte_order=1).tolist()))
                table = pd.DataFrame(table.drop(columns=table.active_geometry_name))
            digest.update(
                table.to_csv(index=False, float_format="%.10g", lineterminator="\n").encode()
            )
        return digest.hexdigest()


def _crs_problems(network: Network) -> list[str]:
    problems = []
    first: pyproj.CRS | None = None
    for schema in NETWORK_TABLES:
        table = getattr(network, schema.name)
        if not isinstance(table, gpd.GeoDataFrame) or table.active_geometry_name is None:
            continue  # its schema says so
        if table.crs is None:
            continue  # its schema says so
        crs = pyproj.CRS(table.crs)
        if not crs.is_projected or any(
            axis.unit_conversion_factor != 1.0 for axis in crs.axis_info[:2]
        ):
            problems.append(
                f"{schema.name}: {crs.name!r} is not in metres; project it with .to_crs(...) or "
                "let build_network() do so"
            )
        elif first is not None and crs != first:
            problems.append(
                f"{schema.name}: is in {crs.name!r}, the layers before it in {first.name!r}"
            )
        else:
            first = crs
    return problems


def _edge_problems(network: Network) -> list[str]:
    edges = network.edges
    problems = []
    at_border = edges["crossing_id"].notna()
    wrong = at_border != (edges["kind"] == "crossing")
    wrong &= ~(at_border & edges["kind"].isin(["river", "ferry"]))
    if bool(wrong.any()):
        problems.append(
            "edges: an edge has a crossing_id if, and only if, it is of kind 'crossing', or "
            "a 'river' or 'ferry' across a border; wrong in "
            f"{int(wrong.sum())} rows, e.g. {labels(edges.loc[wrong, 'edge_id'])}"
        )
    both = network.access_rows.intersection(network.edge_rows)
    if len(both):
        problems.append(f"accesses: an access_id is the id of an edge as well: {labels(both)}")
    nodes = network.nodes
    points, lines = nodes.geometry.to_numpy(), edges.geometry.to_numpy()
    tail = points[network.node_rows.get_indexer(pd.Index(edges["from_node_id"]))]
    head = points[network.node_rows.get_indexer(pd.Index(edges["to_node_id"]))]
    off = np.maximum(
        shapely.distance(shapely.get_point(lines, 0), tail),
        shapely.distance(shapely.get_point(lines, -1), head),
    )
    apart = off > END_TOLERANCE_M
    if bool(apart.any()):
        problems.append(
            f"edges: the line must end within {END_TOLERANCE_M:g} m of its nodes; wrong in "
            f"{int(apart.sum())} rows, e.g. {labels(edges.loc[apart, 'edge_id'])}"
        )
    country = nodes.set_index("node_id")["country"]
    sides = network.crossings.set_index("crossing_id")[["country_a", "country_b"]]
    for edge in records(edges[at_border]):
        ends = {country[edge["from_node_id"]], country[edge["to_node_id"]]}
        if ends != set(sides.loc[edge["crossing_id"]]):
            problems.append(
                f"edges: crossing edge {edge['edge_id']!r} must join a node in each of the two "
                f"countries of crossing {edge['crossing_id']!r}"
            )
    return problems


def _list_problems(network: Network) -> list[str]:
    """Find words in text lists that nothing answers to: they would be without effect, silently."""
    profiles = [str(name) for name in network.profiles["profile"]]
    months = [str(month) for month in range(1, 13)]
    known = {
        ("profiles", "modes"): list(EDGE_KINDS), ("seasons", "months"): months,
        ("seasons", "kinds"): list(EDGE_KINDS), ("seasons", "profiles"): profiles,
    }  # fmt: skip
    tables = {"profiles": network.profiles, "seasons": network.seasons}
    problems = [
        f"{table}: column {column!r} of {row.iloc[0]!r} has the unknown word "
        f"{word!r}{suggest(word, words)}"
        for (table, column), words in known.items()
        for _, row in tables[table].iterrows()
        for word in split_list(row[column])
        if word not in words
    ]
    stopped = (network.seasons["effect"] == "speed_factor") & (network.seasons["value"] <= 0)
    if bool(stopped.any()):
        names = labels(network.seasons.loc[stopped, "season_id"])
        problems.append(f"seasons: a speed_factor must be above 0; wrong in {names}: use close")
    return problems


def _make_arcs(network: Network) -> Arcs:
    edges = network.edges
    tail = network.node_rows.get_indexer(pd.Index(edges["from_node_id"])).astype(np.int32)
    head = network.node_rows.get_indexer(pd.Index(edges["to_node_id"])).astype(np.int32)
    both = np.flatnonzero(~edges["oneway"].to_numpy(dtype=bool)).astype(np.int32)
    rows = np.arange(len(edges), dtype=np.int32)
    backward = np.full(len(edges), -1, dtype=np.int32)
    backward[both] = np.arange(len(edges), len(edges) + len(both), dtype=np.int32)
    return Arcs(
        tail=np.concatenate([tail, head[both]]),
        head=np.concatenate([head, tail[both]]),
        edge=np.concatenate([rows, both]),
        forward=np.concatenate([np.ones(len(rows), bool), np.zeros(len(both), bool)]),
        backward=backward,
    )


def _make_access_arrays(network: Network) -> AccessArrays:
    table = network.accesses
    place = network.place_rows.get_indexer(pd.Index(table["place_id"]))
    by_place = np.argsort(place, kind="stable")
    edge = network.edge_rows.get_indexer(pd.Index(table["edge_id"])).astype(np.int32)
    mid = edge >= 0
    length_m = np.zeros(len(edge))
    length_m[mid] = network.edges["length_m"].to_numpy(dtype=float)[edge[mid]]
    return AccessArrays(
        node=network.node_rows.get_indexer(pd.Index(table["node_id"])).astype(np.int32),
        edge=edge,
        off_road_m=table["off_road_m"].to_numpy(dtype=float),
        along_m=np.where(mid, table["along_m"].to_numpy(dtype=float), 0.0),
        edge_m=length_m,
        by_place=by_place.astype(np.int32),
        pointer=np.searchsorted(place[by_place], np.arange(len(network.places) + 1)).astype(
            np.int32
        ),
    )


_PLACES: WeakKeyDictionary[Network, dict[str, int]] = WeakKeyDictionary()


def _positions(index: pd.Index, ids: Iterable[str], what: str) -> IntArray:
    wanted = list(ids)
    rows = index.get_indexer(pd.Index(wanted, dtype=index.dtype))
    missing = [name for name, row in zip(wanted, rows, strict=True) if row < 0]
    if missing:
        known = list(index)
        more = len(missing) - MOST_NAMED
        problems = [f"no {what} {name!r}{suggest(name, known)}" for name in missing[:MOST_NAMED]]
        raise UnknownIdError([*problems, *([f"and {more:,} more"] if more > 0 else [])])
    return rows.astype(np.int32)


def _find(table: pd.DataFrame, what: str, name: str, columns: Sequence[str]) -> str:
    wanted = name.strip().casefold()
    key = columns[0]
    for column in columns:
        spellings = table[column].fillna("").str.casefold().str.split("|")
        hit = spellings.map(lambda words: wanted in [word.strip() for word in words])
        found = table.loc[hit.to_numpy(dtype=bool), key]
        if len(found) == 1:
            return str(found.iloc[0])
        if len(found) > 1:
            msg = f"several {what}s are called {name!r}: {labels(found, 10)}; give the id"
            raise UnknownIdError(msg)
    known = [*table[key], *table["name"].dropna()]
    msg = f"no {what} {name!r}{suggest(name, known)}"
    raise UnknownIdError(msg)

"""To and from networkx, in the conventions of osmnx."""

import networkx as nx
import pandas as pd
import pyproj

from mobility_geo.errors import CRSError, InputError
from mobility_geo.network.build import build_network, no_rows
from mobility_geo.network.model import Network
from mobility_geo.schema import (
    CROSSINGS,
    PLACES,
    WATERWAYS,
    ZONES,
    records,
)
from mobility_geo.sources.graphs import graph_tables

TABLES_KEY = "mobility_geo_tables"


def to_networkx(network: Network) -> "nx.MultiDiGraph[str]":
    """Return the network as a directed multigraph in the conventions of osmnx.

    Nodes carry ``x``, ``y`` and the columns of `Network.nodes`; each arc is one directed edge,
    keyed by 0, 1, ... among parallels, with ``length`` in metres, ``geometry`` in its direction
    of travel and the columns of `Network.edges`. The other tables travel in the attributes of
    the graph, so that `from_networkx` returns an identical network.

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    networkx.MultiDiGraph
        With ``graph["crs"]``, as osmnx has it.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> graph = to_networkx(network)
    >>> graph.number_of_edges() == len(network.arcs)
    True
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(crs=network.crs.to_wkt(), name=network.name)
    graph.graph[TABLES_KEY] = {
        table: getattr(network, table).copy()
        for table in ("zones", "crossings", "places", "accesses", "waterways", "seasons",
                      "profiles", "speeds")
    }  # fmt: skip
    points = network.nodes.geometry
    plain = pd.DataFrame(network.nodes.drop(columns=points.name))
    for record, x, y in zip(records(plain), points.x, points.y, strict=True):
        graph.add_node(str(record["node_id"]), x=x, y=y, **record)
    lines = network.edges.geometry
    rows = records(pd.DataFrame(network.edges.drop(columns=lines.name)))
    for edge, forward in zip(network.arcs.edge, network.arcs.forward, strict=True):
        record, line = rows[edge], lines.iloc[int(edge)]
        ends = str(record["from_node_id"]), str(record["to_node_id"])
        graph.add_edge(
            *(ends if forward else ends[::-1]),
            length=record["length_m"],
            geometry=line if forward else line.reverse(),
            reversed=not forward,
            **record,
        )
    return graph


def from_networkx(
    graph: "nx.MultiDiGraph[str]",
    *,
    name: str | None = None,
    profiles: pd.DataFrame | None = None,
    speeds: pd.DataFrame | None = None,
    seasons: pd.DataFrame | None = None,
    crs: pyproj.CRS | str | int | None = None,
) -> Network:
    """Return a network from a graph of `to_networkx`, or from an osmnx graph as it comes.

    For an osmnx graph, the two directions of one way become one edge; ``highway`` and
    ``surface`` become class and surface (without ``surface``: paved for primary roads, gravel
    for secondary, earth else); ``route=ferry`` becomes a ferry. Such a graph has no border
    crossings, zones or places: add them with `Network.replace_tables`.

    Parameters
    ----------
    graph
        With ``graph["crs"]`` and ``x``, ``y`` on the nodes.
    name
        Name of the network; the graph's own if left out.
    profiles, speeds, seasons
        Needed unless the graph is from `to_networkx`; the tables of `load_mali().network` serve.
    crs
        Metric coordinate reference system; the graph's own if it is metric, else centred on it.

    Returns
    -------
    Network
        Checked.

    Raises
    ------
    CRSError
        If the graph has no ``crs``.
    InputError
        If the graph is empty, nodes have no ``x`` and ``y``, or a table is missing.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> from_networkx(to_networkx(network)).content_hash() == network.content_hash()
    True
    """
    if "crs" not in graph.graph:
        msg = "the graph has no graph['crs']; osmnx sets it, else set it to an EPSG code or WKT"
        raise CRSError(msg)
    if not graph.number_of_edges():
        msg = "the graph has no edges"
        raise InputError(msg)
    tables = dict(graph.graph.get(TABLES_KEY, {}))
    for key, table in (("profiles", profiles), ("speeds", speeds), ("seasons", seasons)):
        if table is not None:
            tables[key] = table
        elif key not in tables:
            msg = f"the graph brings no {key}; give {key}=..., e.g. load_mali().network.{key}"
            raise InputError(msg)
    source = pyproj.CRS(graph.graph["crs"])
    nodes, edges = graph_tables(graph, source)
    for schema in (ZONES, CROSSINGS, PLACES, WATERWAYS):
        tables.setdefault(schema.name, no_rows(schema, source))
    return build_network(
        name=name or str(graph.graph.get("name") or "network"),
        nodes=nodes,
        edges=edges,
        crs=crs or (source if source.is_projected else None),
        **tables,
    )

"""Edges whose nodes have ids already: keep the ids, and check them against the lines."""

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from mobility_geo.errors import InputError, labels
from mobility_geo.sources.geodesy import GEOD, line_lengths_m
from mobility_geo.sources.reading import Finding

FAR_M: Final = 1000.0
"""If half of all ends lie so far from their nodes, the ids belong to something else."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def keep_given_nodes(
    lines: gpd.GeoDataFrame, *, snap_m: float = 10.0, places: gpd.GeoDataFrame | None = None
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame, tuple[Finding, ...]]:
    """Return nodes and edges by the ids that the lines bring, and how well they fit.

    Parameters
    ----------
    lines
        LineStrings in WGS 84 with ``edge_id``, ``from_node_id`` and ``to_node_id``, none missing.
    snap_m
        Ends within so many metres of their node are moved to it; others are reported.
    places
        Where the nodes are: ``node_id``, ``name``, points in WGS 84. Left out: where most of the
        lines of a node end.

    Returns
    -------
    nodes, edges, changes
        As from `mobility_geo.sources.topology.build_topology`.
    findings
        Lines drawn against their ids, ends far from their node, nodes on one spot.

    Raises
    ------
    InputError
        If half of the ends lie more than 1 km from their node: the ids are of something else.

    Examples
    --------
    >>> lines = gpd.GeoDataFrame(
    ...     {"edge_id": ["a"], "from_node_id": ["2"], "to_node_id": ["5"]},
    ...     geometry=gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 1 0)"]),
    ...     crs=4326,
    ... )
    >>> keep_given_nodes(lines)[0]["node_id"].tolist()
    ['2', '5']
    """
    size = len(lines)
    shapes = lines.geometry.to_numpy()
    both = pd.concat([lines["from_node_id"], lines["to_node_id"]])
    node, names = pd.factorize(both, sort=True)
    node = node.astype(np.int64)
    tips = np.concatenate([_tip(shapes, 0), _tip(shapes, -1)])
    table, missing = _positions(node, pd.Index(names, dtype="str"), tips, places)
    against = _against(node, table, tips, snap_m)
    shapes = np.where(against, shapely.reverse(shapes), shapes)
    tips = np.concatenate([_tip(shapes, 0), _tip(shapes, -1)])
    away = _apart(tips, table[node])
    if float(np.median(away)) > FAR_M:
        msg = (
            f"the ends of half of the lines lie more than {np.median(away) / 1000:,.0f} km from "
            "the nodes that their ids name; give other columns, or leave them out with "
            "columns={'from_node_id': '', 'to_node_id': ''}"
        )
        raise InputError(msg)
    near = (away > 0) & (away <= snap_m)
    moved, changes = _moved(lines, shapes, near, table[node], away)
    findings = _fits(lines, against, away, node, np.asarray(names), table, missing, snap_m)
    nodes = gpd.GeoDataFrame(
        {
            "node_id": pd.Series(names, dtype="str"), "kind": "junction",
            "name": _names_of(pd.Index(names, dtype="str"), places),
            "country": pd.Series(None, index=range(len(names)), dtype="str"),
            "degree": np.bincount(node, minlength=len(names)),
        },
        geometry=shapely.points(table), crs=4326,
    )  # fmt: skip
    edges = lines.set_geometry(moved, crs=4326).reset_index(drop=True)
    edges["length_m"] = line_lengths_m(np.asarray(moved, dtype=object))
    assert len(edges) == size  # noqa: S101
    return nodes, edges, changes, findings


def _tip(shapes: npt.NDArray[np.object_], at: int) -> Floats:
    return np.asarray(shapely.get_coordinates(shapely.get_point(shapes, at)), dtype=float)


def _apart(one: Floats, other: Floats) -> Floats:
    return np.asarray(GEOD.inv(one[:, 0], one[:, 1], other[:, 0], other[:, 1])[2], dtype=float)


def _positions(
    node: Ints, names: "pd.Index[str]", tips: Floats, places: gpd.GeoDataFrame | None
) -> tuple[Floats, int]:
    """Return where each node is: by the table of places, else where most of its lines end."""
    size = len(node) // 2
    # a line drawn against its ids has its node at the other end: both count, its own end more
    other = np.concatenate([tips[size:], tips[:size]])
    votes = pd.DataFrame(
        {
            "node": np.concatenate([node, node]),
            "x": np.concatenate([tips[:, 0], other[:, 0]]),
            "y": np.concatenate([tips[:, 1], other[:, 1]]),
            "weight": np.repeat([1.5, 1.0], 2 * size),
        }
    )
    sums = votes.groupby(["node", "x", "y"], sort=True)["weight"].sum().reset_index()
    best = sums.sort_values(["node", "weight", "x", "y"], ascending=[True, False, True, True])
    table = best.drop_duplicates("node")[["x", "y"]].to_numpy(dtype=float)
    if places is None:
        return table, 0
    at = pd.Index(places["node_id"].astype("str")).get_indexer(names)
    xy = shapely.get_coordinates(places.geometry.to_numpy())
    table[at >= 0] = xy[at[at >= 0]]
    return table, int((at < 0).sum())


def _against(node: Ints, table: Floats, tips: Floats, snap_m: float) -> npt.NDArray[np.bool_]:
    """Say which lines are drawn from their last node to their first."""
    size = len(node) // 2
    turned = np.concatenate([tips[size:], tips[:size]])
    along = _apart(tips, table[node])
    back = _apart(turned, table[node])
    return np.asarray(back[:size] + back[size:] + snap_m < along[:size] + along[size:])


def _moved(
    lines: gpd.GeoDataFrame,
    shapes: npt.NDArray[np.object_],
    near: npt.NDArray[np.bool_],
    goal: Floats,
    away: Floats,
) -> tuple[npt.NDArray[np.object_], gpd.GeoDataFrame]:
    """Move ends that are near their node onto it."""
    size = len(shapes)
    corners, owner = shapely.get_coordinates(shapes, return_index=True)
    start = np.searchsorted(owner, np.arange(size + 1))
    ends = np.concatenate([start[:-1], start[1:] - 1])
    corners[ends[near]] = goal[near]
    made = np.asarray(shapely.linestrings(corners, indices=owner), dtype=object).reshape(-1)
    row = np.flatnonzero(near) % size
    changes = gpd.GeoDataFrame(
        {
            "change": pd.Series("end snapped", index=range(len(row)), dtype="str"),
            "edge_id": pd.Series(lines["edge_id"].to_numpy()[row], dtype="str"),
            "distance_m": away[near],
            "note": pd.Series("", index=range(len(row)), dtype="str"),
        },
        geometry=shapely.points(goal[near]),
        crs=4326,
    )
    return made, changes


def _names_of(names: "pd.Index[str]", places: gpd.GeoDataFrame | None) -> "pd.Series[str]":
    if places is None or "name" not in places:
        return pd.Series(None, index=range(len(names)), dtype="str")
    known = pd.Series(places["name"].to_numpy(), index=places["node_id"].astype("str"))
    return pd.Series(known.reindex(names).to_numpy(), dtype="str")


def _fits(
    lines: gpd.GeoDataFrame,
    against: npt.NDArray[np.bool_],
    away: Floats,
    node: Ints,
    names: npt.NDArray[np.object_],
    table: Floats,
    missing: int,
    snap_m: float,
) -> tuple[Finding, ...]:
    ids = lines["edge_id"].to_numpy(dtype=object)
    found = []
    if bool(against.any()):
        found.append(
            Finding(check="drawn backwards", severity="note", table="edges",
                    id=f"{int(against.sum())} rows, e.g. {labels(ids[against])}",
                    value=int(against.sum()), unit="rows",
                    finding="lines run from to_node_id to from_node_id; turned round")
        )  # fmt: skip
    far = away > snap_m
    if bool(far.any()):
        row = np.flatnonzero(far) % len(ids)
        worst = int(np.argmax(away))
        found.append(
            Finding(check="end far from node", severity="warning", table="edges",
                    id=f"{len(row)} ends, e.g. {labels(ids[np.unique(row)])}",
                    value=float(away.max()), unit="m",
                    finding=f"ends lie more than {snap_m:g} m from the node that their id names, "
                            f"at most {away.max():,.0f} m; the ids are kept, the lines too; a "
                            "larger snap_m moves them",
                    geometry=shapely.Point(table[node[worst]]))
        )  # fmt: skip
    _, first, count = np.unique(table @ np.array([1, 1j]), return_index=True, return_counts=True)
    if bool((count > 1).any()):
        some = names[first[count > 1]]
        found.append(
            Finding(check="nodes on one spot", severity="warning", table="nodes",
                    id=f"{len(some)} places, e.g. {labels(some)}", value=len(some), unit="places",
                    finding="nodes of different ids lie on one spot, and are not joined",
                    geometry=shapely.Point(table[first[count > 1][0]]))
        )  # fmt: skip
    if missing:
        found.append(
            Finding(check="node not in table", severity="warning", table="nodes",
                    id=f"{missing} nodes", value=missing, unit="nodes",
                    finding="not in the table of nodes; placed where their lines end")
        )  # fmt: skip
    return tuple(found)

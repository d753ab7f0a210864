"""Where roads cross borders: countries of nodes, and crossings as edges of their own."""

from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from shapely.ops import substring

from mobility_geo.errors import labels
from mobility_geo.network.build import no_rows
from mobility_geo.schema import CROSSINGS, EDGES, NODES, is_missing
from mobility_geo.sources.geodesy import GEOD
from mobility_geo.sources.reading import Finding

HALF_M: Final = 50.0
"""A crossing is a piece of road of twice this length, in metres."""

GAP_M: Final = 5_000.0
"""A point outside of all zones belongs to the nearest one within so many metres (assumption)."""

DEGREE_M: Final = 111_195.0

NEAR_POST_M: Final = 5_000.0
"""A road this near to a given crossing of the same two countries passes it, in metres."""

Shapes = npt.NDArray[np.object_]
Row = dict[str, Any]


def assign_countries(points: gpd.GeoDataFrame, zones: gpd.GeoDataFrame) -> pd.Series:
    """Return the country that each point lies in.

    Parameters
    ----------
    points
        Any points.
    zones
        Schema `mobility_geo.schema.ZONES`.

    Returns
    -------
    pandas.Series
        ISO 3166-1 alpha-3 codes as text, missing farther than 5 km outside of all zones; of two
        zones that overlap the one with the first code counts.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> assign_countries(network.nodes, network.zones).notna().any()
    np.True_
    """
    country: Shapes = np.full(len(points), None, dtype=object)
    if len(zones) and len(points):
        ordered = zones.to_crs(pyproj.CRS(points.crs)).sort_values("pcode", ascending=False)
        land, codes = ordered.geometry.to_numpy(), ordered["country"].to_numpy(dtype=object)
        shapes = points.geometry.to_numpy()
        zone, row = shapely.STRtree(shapes).query(land, predicate="intersects")
        country[row] = codes[zone]
        # zones of two publishers leave gaps and slivers along a border: it belongs to the nearest
        lost = np.flatnonzero(pd.isna(country))
        reach = GAP_M / DEGREE_M if pyproj.CRS(points.crs).is_geographic else GAP_M
        if len(lost):
            mine, near = shapely.STRtree(land).query_nearest(
                shapes[lost], max_distance=reach, all_matches=False
            )
            country[lost[mine]] = codes[near]
    return pd.Series(country, index=points.index, dtype="str")


def cut_at_borders(
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    crossings: gpd.GeoDataFrame | None = None,
    *,
    near_post_m: float = NEAR_POST_M,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame, list[Finding]]:
    """Give nodes their country, and make a crossing of each road that leads into another one.

    An edge between nodes of two countries is cut in three where it leaves the first: the middle
    piece, 100 m long, becomes an edge of kind ``crossing``. It is the given crossing of the two
    countries if there is one near; else an informal crossing is made, which is open and has no
    formalities. Waterways stay as they are: boats cross borders at ports.

    Parameters
    ----------
    nodes, edges
        WGS 84; schemas `NODES` and `EDGES`.
    zones
        Zones of all countries concerned; schema `ZONES`.
    crossings
        Known border crossings; schema `CROSSINGS`.
    near_post_m
        How near a road must come to a given crossing to pass it, in metres.

    Returns
    -------
    nodes, edges, crossings
        Copies, with what was added.
    findings
        How many crossings were recognised and made, and which given ones no road passes.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> n = load_toy().network
    >>> made = cut_at_borders(n.nodes.to_crs(4326), n.edges.to_crs(4326), n.zones.to_crs(4326))
    >>> len(made[1]) >= len(n.edges)
    True
    """
    nodes, edges = nodes.copy(), edges.copy()
    home = assign_countries(nodes, zones)
    given = nodes["country"] if "country" in nodes else pd.Series(None, nodes.index, dtype="str")
    nodes["country"] = given.where(given.notna(), home)
    of = dict(zip(nodes["node_id"], nodes["country"], strict=True))
    start, end = edges["from_node_id"].map(of), edges["to_node_id"].map(of)
    owner = start.where(start.notna(), end)
    edges["country"] = edges["country"].where(edges["country"].notna(), owner) if (
        "country" in edges
    ) else owner  # fmt: skip
    across = start.notna() & end.notna() & (start != end)
    by_boat = across & edges["kind"].isin(["river", "ferry"])
    leaving = start.notna() != end.notna()
    across &= ~edges["kind"].isin(["crossing", "river", "ferry"])
    posts = no_rows(CROSSINGS) if crossings is None else crossings.to_crs(4326).copy()
    lands = zones.to_crs(4326).dissolve("country").geometry
    rows = np.flatnonzero(across.to_numpy(dtype=bool))
    pieces: list[Row] = []
    new_nodes: list[Row] = []
    made: list[Row] = []
    used: set[str] = set()
    for row, a, b in zip(rows, start.iloc[rows], end.iloc[rows], strict=True):
        record = {str(name): value for name, value in edges.iloc[row].items()}
        at, share = _border_point(record["geometry"], lands.get(a))
        post = _post_near(posts, at, {a, b}, near_post_m)
        if post is None:
            post = f"informal-{record['edge_id']}"
            made.append(_informal(post, record, at, str(a), str(b)))
        used.add(post)
        cut, ends = _cut(record, share, str(a), str(b), post)
        pieces += cut
        new_nodes += ends
    kept = edges[~across.to_numpy(dtype=bool)]
    findings = _border_findings(posts, used, len(rows), len(made))
    dips = _dips(edges, start, end, lands)
    findings += _doubts(edges, {"by boat": by_boat, "out": leaving, "dip": dips})
    return (
        _extended(nodes, new_nodes, list(NODES.names)),
        _extended(kept, pieces, list(EDGES.names)),
        _extended(posts, made, list(CROSSINGS.names)),
        findings,
    )


DOUBTS: Final = {
    "by boat": (
        "border by boat",
        (
            "rivers or ferries lead into another country without a crossing: no regime of a border "
            "stops them; make crossings of them by hand"
        ),
    ),
    "out": (
        "out of all zones",
        (
            "lead out of all zones: no border is known there, so none can be closed; add the "
            "boundaries of the neighbour"
        ),
    ),
    "dip": (
        "abroad and back",
        (
            "begin and end in one country and pass another: they count as inland; split them at "
            "the border"
        ),
    ),
}


def _doubts(edges: gpd.GeoDataFrame, doubtful: dict[str, pd.Series]) -> list[Finding]:
    """Tell the edges that cross a border, or may, and are no crossing."""
    found = []
    for key, hit in doubtful.items():
        ids = edges.loc[hit.to_numpy(dtype=bool), "edge_id"]
        if len(ids):
            check, text = DOUBTS[key]
            found.append(
                Finding(check=check, severity="warning", table="edges", value=float(len(ids)),
                        unit="edges", id=f"{len(ids)} edges, e.g. {labels(ids)}", finding=text)
            )  # fmt: skip
    return found


def _dips(
    edges: gpd.GeoDataFrame, start: pd.Series, end: pd.Series, lands: gpd.GeoSeries
) -> pd.Series:
    """Say which roads begin and end in one country, and pass another on the way."""
    lines = edges.geometry.to_numpy()
    inland = ((start == end) & start.notna()).to_numpy(dtype=bool)
    inland = inland & edges["kind"].isin(["road", "track", "walk"]).to_numpy(dtype=bool)
    abroad = np.zeros(len(edges), dtype=bool)
    rows = np.flatnonzero(inland)
    for code, land in lands.items():
        others = rows[(start.iloc[rows] != code).to_numpy(dtype=bool)]
        shapely.prepare(land)
        hit = others[shapely.intersects(land, lines[others])]
        cut = shapely.length(shapely.intersection(lines[hit], land))
        abroad[hit[cut * DEGREE_M > HALF_M]] = True
    return pd.Series(abroad, index=edges.index)


def _border_point(
    line: shapely.LineString, land: shapely.Geometry | None
) -> tuple[shapely.Point, float]:
    """Return where a line leaves the country that it begins in, and at which share of its length.

    A line whose first part does not reach the border of a coarse map, or of a country that is not
    on it, is cut in the middle.
    """
    share = 0.5 if land is None else _share_inside(line, land)
    share = share if 0 < share < 1 else 0.5
    return shapely.line_interpolate_point(line, share, normalized=True), share


def _share_inside(line: shapely.LineString, land: shapely.Geometry) -> float:
    """Return which share of a line lies before the point where it first leaves an area."""
    # piece by piece, because a position on a line that crosses itself is not unique
    corners = shapely.get_coordinates(line)
    pieces: Shapes = np.asarray(shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1)))
    lengths = np.hypot(*np.diff(corners, axis=0).T)
    out = np.flatnonzero(~shapely.covers(land, pieces))
    if not len(out):
        return 1.0
    first = int(out[0])
    begin = shapely.Point(corners[first])
    inside = shapely.get_parts(shapely.intersection(pieces[first], land))
    reached = [
        max(begin.distance(shapely.Point(corner)) for corner in part.coords)
        for part in inside
        if begin.dwithin(part, 0)
    ]
    gone = float(lengths[:first].sum()) + max(reached, default=0.0)
    return gone / float(lengths.sum())


def _post_near(
    posts: gpd.GeoDataFrame, at: shapely.Point, sides: set[object], near_m: float
) -> str | None:
    """Return the nearest given crossing of two countries, if there is one near."""
    fits = posts[
        [{a, b} == sides for a, b in zip(posts["country_a"], posts["country_b"], strict=True)]
    ]
    if fits.empty:
        return None
    size = len(fits)
    points = fits.geometry
    apart = GEOD.inv([at.x] * size, [at.y] * size, points.x.tolist(), points.y.tolist())[2]
    nearest = int(np.argmin(apart))
    return str(fits["crossing_id"].iloc[nearest]) if apart[nearest] <= near_m else None


def _informal(post: str, record: Row, at: shapely.Point, a: str, b: str) -> Row:
    name = record.get("ref") if not is_missing(record.get("ref")) else record.get("name")
    return {
        "crossing_id": post, "name": f"Informal crossing {a}-{b}"
        + ("" if is_missing(name) else f" ({name})"), "country_a": a, "country_b": b,
        "official": False, "regime": "open", "processing_min": 0.0,
        "source": f"made where edge {record['edge_id']} crosses the border of the zones",
        "confidence": "low", "geometry": at,
    }  # fmt: skip


def _cut(record: Row, share: float, a: str, b: str, post: str) -> tuple[list[Row], list[Row]]:
    """Cut an edge in three about a share of its length; the middle is the crossing."""
    line, length = record["geometry"], float(str(record["length_m"]))
    half = min(HALF_M / max(length, 1.0), 0.4 * share, 0.4 * (1 - share))
    cuts = (0.0, share - half, share + half, 1.0)
    names = (f"{record['edge_id']}@{a}", f"{record['edge_id']}@{b}")
    stops = (record["from_node_id"], *names, record["to_node_id"])
    parts = []
    for number, (country, kind) in enumerate(((a, None), (a, "crossing"), (b, None))):
        piece = substring(line, cuts[number], cuts[number + 1], normalized=True)
        part = record | {
            "edge_id": f"{record['edge_id']}/{number + 1}", "from_node_id": stops[number],
            "to_node_id": stops[number + 1], "country": country, "geometry": piece,
            "length_m": length * (cuts[number + 1] - cuts[number]),
            "wait_min": float(str(record["wait_min"])) if number == 0 else 0.0,
        }  # fmt: skip
        if kind:
            part |= {"kind": kind, "crossing_id": post}
        parts.append(part)
    ends: list[Row] = [
        {"node_id": name, "kind": "crossing", "name": None, "country": country,
         "geometry": shapely.Point(parts[1]["geometry"].coords[corner])}
        for name, country, corner in ((names[0], a, 0), (names[1], b, -1))
    ]  # fmt: skip
    return parts, ends


def _extended(table: gpd.GeoDataFrame, rows: list[Row], names: list[str]) -> gpd.GeoDataFrame:
    """Return a layer with rows added, in the columns of its schema."""
    kept = table.reindex(columns=[*names, "geometry"]).reset_index(drop=True)
    if not rows:
        return kept
    added = pd.DataFrame(rows).reindex(columns=kept.columns)
    for name in names:
        if kept[name].isna().all():
            # a column of nothing but gaps has whatever type it happened to be made with
            kept[name] = kept[name].astype(added[name].dtype)
    frame = pd.concat([kept, added], ignore_index=True) if len(kept) else added
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def _border_findings(
    posts: gpd.GeoDataFrame, used: set[str], across: int, made: int
) -> list[Finding]:
    found = []
    if across:
        found.append(
            Finding(check="border crossing", severity="note", table="edges", id=f"{across} edges",
                    value=across, unit="edges",
                    finding=f"lead into another country: {across - made} pass a given crossing, "
                            f"{made} informal crossings were made and count as open")
        )  # fmt: skip
    found += [
        Finding(check="crossing without road", severity="warning", table="crossings",
                id=str(post), geometry=point,
                finding="no road across the border comes near this crossing")
        for post, point in zip(posts["crossing_id"], posts.geometry, strict=True)
        if post not in used
    ]  # fmt: skip
    return found

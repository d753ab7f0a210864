"""Find the edges that people mean by the number of a road, or by the places at its ends."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from mobility_geo.network import Network
from mobility_geo.schema import is_missing, suggest
from mobility_geo.sources.reading import Finding
from mobility_geo.units import KM_M

STRETCH_KINDS: Final = ("road", "track", "crossing", "ferry")
"""Edges that a stretch between two places may run over."""

OFF_ROAD_FACTOR: Final = 20.0
"""A way that leaves the numbered road counts so many times its length: only to bridge a gap."""

NEAR_NODE_M: Final = 1.0
"""A place this near to a node stands at it."""

ROAD_WORDS: Final = (
    ("routenationale", "rn"), ("nationalroad", "rn"), ("nationale", "rn"),
    ("routeregionale", "rr"), ("regionale", "rr"),
    ("routelocale", "rl"), ("route", ""), ("road", ""),
)  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Stretch:
    """Edges that were meant, or what is wrong.

    Parameters
    ----------
    edge_ids, crossing_ids
        What was found; if crossings are given, nothing else is.
    problem
        Why nothing was found, with the nearest known name; empty if something was.
    notes
        What somebody should know about what was found.
    point
        A point of it, WGS 84 longitude and latitude.
    """

    edge_ids: tuple[str, ...] = ()
    crossing_ids: tuple[str, ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()
    point: shapely.Point | None = None


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Way:
    """Edges of the shortest way, and the rows of `accesses` that it begins and ends with."""

    edges: tuple[int, ...]
    accesses: tuple[int, int]


def plain_words(name: str) -> str:
    """Return a name as it is compared: no case, accents, blanks or signs.

    Examples
    --------
    >>> plain_words("N'Tillit"), plain_words("Ségou")
    ('ntillit', 'segou')
    """
    bare = unicodedata.normalize("NFKD", name.replace("œ", "oe").replace("ß", "ss"))
    kept = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", "", kept.casefold())


def plain_ref(ref: str) -> str:
    """Return the number of a road as it is compared.

    Examples
    --------
    >>> plain_ref("RN 6"), plain_ref("Route Nationale n° 06"), plain_ref("N-6")
    ('rn6', 'rn6', 'n6')
    """
    text = plain_words(re.sub(r"\bn\s*[°º]\s*", "", ref, flags=re.IGNORECASE))
    for words, short in ROAD_WORDS:
        text = text.replace(words, short)
    return re.sub(r"(?<=[a-z])0+(?=\d)", "", text)


@dataclass(frozen=True, eq=False)
class RoadFinder:
    """Finds stretches of a network by road number, name and places; indexes are built once.

    Parameters
    ----------
    network
        The network.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> RoadFinder(load_toy().network).find(from_place="Northtown", to_place="midtown").edge_ids
    ('north-mid',)
    """

    network: Network

    def find(
        self, *, ref: str = "", road_name: str = "", from_place: str = "", to_place: str = ""
    ) -> Stretch:
        """Return the edges that are meant.

        Parameters
        ----------
        ref
            Number of the road: ``RN16``, ``RN 16`` and ``Route nationale 16`` are one.
        road_name
            Name of the road or border crossing, looked at if there is no number.
        from_place, to_place
            Places at the ends, by id, name or other spelling, with or without accents; crossings
            and named junctions as well. Two places: the shortest way between them, over the road
            if it is said. One place: the edges (of the road) that meet there.

        Returns
        -------
        Stretch
            With `problem` if a road or place is not known, or no way joins the two.
        """
        road, crossing, problems = self._road(ref.strip(), road_name.strip())
        ends: list[npt.NDArray[np.int64]] = []
        names = [name.strip() for name in (from_place, to_place) if name.strip()]
        for name in names:
            rows, problem = self._ends(name)
            ends.append(rows)
            problems += [problem] if problem else []
        if problems:
            return Stretch(problem="; ".join(problems))
        if crossing:
            return Stretch(crossing_ids=(crossing,), point=self._crossing_point(crossing))
        said = f"road {(ref or road_name).strip()!r}" if road is not None else "road"
        if len(ends) == 2:  # noqa: PLR2004
            return self._between(road, said, names, ends)
        if len(ends) == 1:
            return self._meeting(road, said, names[0], ends[0])
        if road is None:
            return Stretch(problem="names neither a road nor a place")
        length = self._km(road)
        note = f"no place is said: all {len(road)} edges of {said} are hit, {length:,.0f} km"
        return self._stretch(road, [note])

    # ------------------------------------------------------------ roads

    @cached_property
    def _refs(self) -> dict[str, npt.NDArray[np.int64]]:
        return self._by_word("ref", split=True)

    @cached_property
    def _names(self) -> dict[str, npt.NDArray[np.int64]]:
        return self._by_word("name", split=False)

    def _by_word(self, column: str, *, split: bool) -> dict[str, npt.NDArray[np.int64]]:
        found: dict[str, list[npt.NDArray[np.int64]]] = {}
        codes, words = pd.factorize(self.network.edges[column])
        order = np.argsort(codes, kind="stable")
        cuts = np.searchsorted(codes[order], np.arange(len(words) + 1))
        for number, text in enumerate(words):
            parts = re.split(r"[;|,/]", str(text)) if split else [str(text)]
            for part in parts:
                word = plain_ref(part) if split else plain_words(part)
                if word:
                    found.setdefault(word, []).append(order[cuts[number] : cuts[number + 1]])
        return {word: np.unique(np.concatenate(rows)) for word, rows in found.items()}

    def _road(self, ref: str, name: str) -> tuple[npt.NDArray[np.int64] | None, str, list[str]]:
        """Return rows of the edges of a road, or a crossing, and what is wrong."""
        if ref:
            found = self._numbered(ref)
            if found is not None:
                return found, "", []
            if not name:
                known = self.network.edges["ref"].dropna().unique()
                return None, "", [f"no road {ref!r} in the network{suggest(ref, known)}"]
        if not name:
            return None, "", []
        found = self._names.get(plain_words(name))
        if found is None:
            found = self._numbered(name)
        if found is not None:
            return found, "", []
        crossing = self._crossings.get(plain_words(name))
        if crossing:
            return None, crossing, []
        refs = self.network.edges["ref"].dropna().unique()
        named = [*self.network.edges["name"].dropna().unique(), *self.network.crossings["name"]]
        words = dict.fromkeys(refs if re.search(r"\d", name) else named)
        both = f"{ref!r} or {name!r}" if ref else repr(name)
        return None, "", [f"no road or crossing {both} in the network{suggest(name, words)}"]

    def _numbered(self, ref: str) -> npt.NDArray[np.int64] | None:
        """Return the edges with a road number; N16 is RN16 where only one of them exists."""
        rows = [
            self._refs.get(word, self._refs.get(other))
            for part in re.split(r"[;|,/]", ref)
            if (word := plain_ref(part))
            for other in (f"r{word}" if word.startswith("n") else word.removeprefix("r"),)
        ]
        there = [row for row in rows if row is not None]
        if not there or len(there) < len(rows):
            return None
        return np.unique(np.concatenate(there))

    # ------------------------------------------------------------ places

    @cached_property
    def _crossings(self) -> dict[str, str]:
        table = self.network.crossings
        named = {plain_words(str(n)): str(i) for i, n in zip(table["crossing_id"], table["name"],
                                                             strict=True)}  # fmt: skip
        return named | {plain_words(str(name)): str(name) for name in table["crossing_id"]}

    def _crossing_point(self, crossing_id: str) -> shapely.Point:
        table = self.network.crossings
        points = table.loc[table["crossing_id"] == crossing_id].geometry.to_crs(4326)
        return shapely.Point(shapely.get_coordinates(points.to_numpy())[0])

    @cached_property
    def _places(self) -> tuple[dict[str, set[str]], ...]:
        """Ids of places by id, name and other spellings."""
        table = self.network.places
        ids = table["place_id"].astype(str).tolist()
        books: list[dict[str, set[str]]] = []
        for column in ("place_id", "name", "name_alt"):
            book: dict[str, set[str]] = {}
            for place, text in zip(ids, table[column], strict=True):
                for word in () if is_missing(text) else str(text).split("|"):
                    book.setdefault(plain_words(word), set()).add(place)
            books.append(book)
        return tuple(books)

    @cached_property
    def _nodes(self) -> dict[str, list[int]]:
        """Rows of nodes by name and id, of those that are no place; and of crossings."""
        found: dict[str, list[int]] = {}
        nodes = self.network.nodes
        for row, (node, name) in enumerate(zip(nodes["node_id"], nodes["name"], strict=True)):
            for text in {
                plain_words(str(node)),
                "" if is_missing(name) else plain_words(str(name)),
            }:
                if text:
                    found.setdefault(text, []).append(row)
        edges = self.network.edges
        posts = edges[edges["crossing_id"].notna()]
        ends = [self.network.node_rows.get_indexer(pd.Index(posts[column]))
                for column in ("from_node_id", "to_node_id")]  # fmt: skip
        for word, crossing in self._crossings.items():
            rows = np.flatnonzero((posts["crossing_id"] == crossing).to_numpy(dtype=bool))
            found.setdefault(word, []).extend(int(end[row]) for end in ends for row in rows)
        return found

    @cached_property
    def _by_place(self) -> dict[str, npt.NDArray[np.int64]]:
        groups = self.network.accesses.groupby("place_id").indices
        return {str(place): np.asarray(rows, dtype=np.int64) for place, rows in groups.items()}

    def _ends(self, name: str) -> tuple[npt.NDArray[np.int64], str]:
        """Return where a place meets the network, and what is wrong.

        A row of `accesses` is its number; a node, by row, is -1 - row.
        """
        nothing = np.zeros(0, dtype=np.int64)
        spellings = [name, re.sub(r"\s*\(.*?\)\s*", " ", name).strip()]
        for word in dict.fromkeys(plain_words(text) for text in spellings):
            for book in self._places:
                hits = sorted(book.get(word, ()))
                if len(hits) > 1:
                    return (
                        nothing,
                        f"several places are called {name!r}: {', '.join(hits)}; give the id",
                    )
                if hits:
                    rows = self._by_place.get(hits[0], nothing)
                    if len(rows):
                        return rows, ""
                    if word not in self._nodes:
                        return nothing, f"place {name!r} does not attach to the network"
            if word in self._nodes:
                return -1 - np.asarray(self._nodes[word], dtype=np.int64), ""
        table = self.network.places
        known = [*table["name"], *table["name_alt"].dropna().str.split("|").explode(),
                 *table["place_id"], *self.network.crossings["name"],
                 *self.network.nodes["name"].dropna()]  # fmt: skip
        return nothing, f"no place {name!r} in the network{suggest(name, known)}"

    # ------------------------------------------------------------ stretches

    def _between(
        self,
        road: npt.NDArray[np.int64] | None,
        said: str,
        names: list[str],
        ends: list[npt.NDArray[np.int64]],
    ) -> Stretch:
        """Return the edges between two places."""
        one, two = names
        land = np.flatnonzero(self.network.edges["kind"].isin(STRETCH_KINDS).to_numpy(dtype=bool))
        length = self.network.edges["length_m"].to_numpy(dtype=np.float64)
        if road is None:
            way = self._shortest(land, length, ends)
        else:
            way = self._shortest(road, length, ends)
            if way is None:
                # the place may lie beside the road, or the road have a gap in the data
                dear = np.full(len(length), OFF_ROAD_FACTOR)
                dear[road] = 1.0
                way = self._shortest(np.union1d(land, road), dear * length, ends)
                if way is not None:
                    return self._gapped(road, said, names, way)
        if way is None:
            return Stretch(problem=f"no way over land joins {one!r} and {two!r}")
        rows, notes = self._with_ends(way, road)
        if not rows:
            return Stretch(problem=f"{one!r} and {two!r} meet the network at one node: no edge "
                                   "lies between them")  # fmt: skip
        return self._stretch(sorted(rows), notes)

    def _gapped(
        self, road: npt.NDArray[np.int64], said: str, names: list[str], way: _Way
    ) -> Stretch:
        """Return the edges of a road on a way that leaves it."""
        one, two = names
        kept = np.intersect1d(np.array(way.edges, dtype=np.int64), road)
        if not len(kept):
            return Stretch(problem=f"{said} has no stretch between {one!r} and {two!r}")
        away = self._km(set(way.edges) - set(kept.tolist()))
        note = (
            f"{said} does not join {one!r} and {two!r} by itself: its edges on the way between "
            f"them are hit, {away:,.0f} km of other roads are not"
        )
        return self._stretch(kept, [note])

    def _with_ends(
        self, way: _Way, road: npt.NDArray[np.int64] | None
    ) -> tuple[set[int], list[str]]:
        """Return the edges of a way with those in whose middle its places lie."""
        rows, notes = set(way.edges), []
        accesses, length = self.network.accesses, self.network.edges["length_m"].to_numpy()
        for end in way.accesses:
            edge = None if end < 0 else accesses["edge_id"].iloc[end]
            if edge is None or is_missing(edge):
                continue
            along = float(accesses["along_m"].iloc[end])
            row = int(self.network.edge_positions([str(edge)])[0])
            if row in rows or along <= NEAR_NODE_M or (road is not None and row not in road):
                continue
            rows.add(row)
            notes.append(
                f"{along / KM_M:,.1f} km of edge {edge!r} lie between the places; all "
                f"{length[row] / KM_M:,.1f} km of it are hit"
            )
        return rows, notes

    def _meeting(
        self,
        road: npt.NDArray[np.int64] | None,
        said: str,
        name: str,
        ends: npt.NDArray[np.int64],
    ) -> Stretch:
        """Return the edges that meet at a place."""
        nodes = set(self._nodes_of(ends).tolist())
        tail, head = self._tails, self._heads
        meets = np.isin(tail, list(nodes)) | np.isin(head, list(nodes))
        own = self.network.accesses["edge_id"].iloc[ends[ends >= 0]].dropna()
        if len(own):
            # a place in the middle of an edge is on that edge, not at its ends
            meets = np.zeros(len(tail), dtype=bool)
            meets[self.network.edge_positions([str(edge) for edge in own])] = True
        land = self.network.edges["kind"].isin(STRETCH_KINDS).to_numpy(dtype=bool)
        rows = np.flatnonzero(meets & land)
        if road is not None:
            rows = np.intersect1d(rows, road)
        if not len(rows):
            return Stretch(problem=f"no edge of {said} meets {name!r}")
        note = (
            f"only one place is said: the {len(rows)} edges of {said} that meet {name!r} are hit, "
            f"{self._km(rows):,.0f} km"
        )
        return self._stretch(rows, [note])

    @cached_property
    def _tails(self) -> npt.NDArray[np.int64]:
        ids = pd.Index(self.network.edges["from_node_id"])
        return self.network.node_rows.get_indexer(ids).astype(np.int64)

    @cached_property
    def _heads(self) -> npt.NDArray[np.int64]:
        ids = pd.Index(self.network.edges["to_node_id"])
        return self.network.node_rows.get_indexer(ids).astype(np.int64)

    def _nodes_of(self, ends: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        accesses = self.network.accesses
        ids = pd.Index(accesses["node_id"].iloc[np.maximum(ends, 0)]) if len(accesses) else None
        at = self.network.node_rows.get_indexer(ids) if ids is not None else np.zeros(len(ends))
        return np.where(ends >= 0, at, -1 - ends).astype(np.int64)

    def _extra(self, ends: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the way from a place to each of its nodes, m."""
        accesses = self.network.accesses
        if not len(accesses):
            return np.zeros(len(ends))
        row = np.maximum(ends, 0)
        way = (accesses["off_road_m"] + accesses["along_m"]).to_numpy(dtype=np.float64)[row]
        return np.where(ends >= 0, way, 0.0)

    def _shortest(
        self,
        rows: npt.NDArray[np.int64],
        length: npt.NDArray[np.float64],
        ends: list[npt.NDArray[np.int64]],
    ) -> _Way | None:
        """Return the shortest way between two places over some edges, one-way or not."""
        size = len(self.network.nodes)
        tail, head, cost = self._tails[rows], self._heads[rows], np.maximum(length[rows], 1e-3)
        # parallel edges: the shortest, and of equal ones the first
        low, high = np.minimum(tail, head), np.maximum(tail, head)
        order = np.lexsort((rows, cost, high, low))
        first = np.ones(len(order), dtype=bool)
        first[1:] = (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1])
        kept = order[first]
        edge_of = {(int(a), int(b)): int(r) for a, b, r in zip(low[kept], high[kept], rows[kept],
                                                               strict=True)}  # fmt: skip
        graph = csr_array((cost[kept], (low[kept], high[kept])), shape=(size, size))
        starts, stops = self._nodes_of(ends[0]), self._nodes_of(ends[1])
        distance, before = dijkstra(graph, directed=False, indices=starts, return_predecessors=True)
        total = distance[:, stops] + self._extra(ends[0])[:, None] + self._extra(ends[1])[None, :]
        if not total.size or not np.isfinite(total).any():
            return None
        i, j = np.unravel_index(int(np.argmin(total)), total.shape)
        path: list[int] = []
        node = int(stops[j])
        while node != int(starts[i]):
            previous = int(before[i, node])
            path.append(edge_of[min(previous, node), max(previous, node)])
            node = previous
        return _Way(edges=tuple(path), accesses=(int(ends[0][i]), int(ends[1][j])))

    def _km(self, rows: Iterable[int]) -> float:
        picked = np.fromiter(rows, dtype=np.int64)
        return float(self.network.edges["length_m"].to_numpy()[picked].sum()) / KM_M

    def _stretch(self, rows: Iterable[int], notes: list[str]) -> Stretch:
        picked = np.fromiter(rows, dtype=np.int64)
        edges = self.network.edges.iloc[picked]
        first = self.network.edges.geometry.to_numpy()[picked[:1]]
        lines = gpd.GeoSeries(first, crs=self.network.crs).to_crs(4326).to_numpy()
        middle = np.asarray(shapely.line_interpolate_point(lines, 0.5, normalized=True))
        return Stretch(
            edge_ids=tuple(sorted(edges["edge_id"].astype(str))), notes=tuple(notes),
            point=middle[0],
        )  # fmt: skip


def problem_finding(table: str, row_id: str, problem: str) -> Finding:
    """Return the finding for a row whose road or places are not known.

    Examples
    --------
    >>> problem_finding("incidents", "7", "no road 'RN99'").severity
    'warning'
    """
    return Finding(
        check="not located", severity="warning", table=table, id=row_id, value=1, unit="rows",
        finding=f"{problem}; left out",
    )  # fmt: skip

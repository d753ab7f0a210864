r"""Networks drawn in text, small enough to check by hand.

::

    A---b#c---C        A, C    settlements, each with a place of the same id
    |   |    :         b, c    nodes without a place
    +---D~~~~E         - |     road           = :  track
                       ~ }     river          #    border crossing
                       < >     one-way (in a horizontal line)      +    bend

Every character of a line, bends included, and the step from the last one to the node is one
step, 10 km unless asked otherwise: ``A---b`` is 40 km.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Final

import geopandas as gpd
import pandas as pd
import pyproj
import shapely
from shapely import Polygon

from mobility_geo.errors import InputError
from mobility_geo.network import Network, build_network
from mobility_geo.scenario import Case, Disruption, Limits, Scenario
from mobility_geo.schema import (
    DESTINATIONS,
    EDGES,
    GROUPS,
    SEASONS,
    TARGETS,
    WAYSTATIONS,
    empty_table,
)

CRS: Final = pyproj.CRS.from_proj4("+proj=laea +lat_0=15 +lon_0=0 +datum=WGS84 +units=m")
"""Metres; the upper left corner of a drawing is at 15 N, 0 E."""

SOURCE: Final = "drawn"
KINDS: Final[Mapping[str, str]] = {
    "-": "road", "|": "road", "<": "", ">": "", "=": "track", ":": "track", "~": "river",
    "}": "river", "#": "crossing", "+": "",
}  # fmt: skip
CLASS_SURFACE: Final[Mapping[str, tuple[str, str]]] = {
    "road": ("primary", "paved"), "track": ("track", "earth"), "river": ("none", "water"),
    "crossing": ("primary", "paved"),
}  # fmt: skip
FLAT: Final = frozenset("-=~#<>+")
STEEP: Final = frozenset("|:}#+")
PROFILES: Final = pd.DataFrame(
    {
        "profile": ["truck", "foot", "boat"],
        "label": ["Truck", "On foot", "By boat"],
        "modes": ["road|track|crossing", "road|track|crossing", "river|road|track|crossing"],
        "off_road_kph": [3.0, 3.0, 3.0],
        "hours_per_day": [10.0, 8.0, 10.0],
        "cost_xof_per_km": [10.0, 0.0, 5.0],
        "source": SOURCE,
    }
)
SPEEDS: Final = pd.DataFrame(
    [
        ("truck", "road", "*", "*", 60.0), ("truck", "track", "*", "*", 30.0),
        ("truck", "crossing", "*", "*", 60.0), ("foot", "road", "*", "*", 6.0),
        ("foot", "track", "*", "*", 6.0), ("foot", "crossing", "*", "*", 6.0),
        ("boat", "river", "*", "*", 12.0), ("boat", "road", "*", "*", 6.0),
        ("boat", "track", "*", "*", 6.0), ("boat", "crossing", "*", "*", 6.0),
    ],
    columns=["profile", "kind", "road_class", "surface", "speed_kph"],
).assign(source=SOURCE)  # fmt: skip


Cell = tuple[int, int]
Shapes = Mapping[str, shapely.Point]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Line:
    """One line of a drawing: its cells, the nodes at both ends included."""

    cells: tuple[Cell, ...]
    kind: str
    oneway: bool


def draw_network(
    picture: str,
    *,
    name: str = "drawn",
    step_km: float = 10.0,
    countries: Mapping[str, str] | None = None,
    crossings: Mapping[str, object] | None = None,
    seasons: pd.DataFrame | None = None,
) -> Network:
    """Return the network of a drawing.

    Edges are called by their nodes in reading order, such as ``A-b``, a second one between the
    same nodes ``A-b-2``; crossings by their edge. A truck drives 60 km/h on roads and crossings
    and 30 km/h on tracks, for 10 XOF/km; people on foot make 6 km/h for nothing; boats make
    12 km/h on rivers, for 5 XOF/km, and their passengers walk on land.

    Parameters
    ----------
    picture
        The drawing, see the module; blank lines about it and its indentation do not matter.
    name
        Name of the network.
    step_km
        Length of one character, km, > 0.
    countries
        ISO code by node; if left out, what hangs together without crossings is one country:
        ``AAA``, then ``BBB``, ...
    crossings
        Columns of all crossings, such as ``regime``; open, official and quick if left out.
    seasons
        Schema `SEASONS`; none if left out.

    Returns
    -------
    Network
        Checked; lengths are as drawn, to the metre.

    Raises
    ------
    InputError
        If the drawing is empty, has a strange character or a node twice, or a line of it ends
        nowhere or has two kinds.

    Examples
    --------
    >>> network = draw_network("A---b#c==D")
    >>> network.edges[["edge_id", "kind", "length_m"]].to_numpy().tolist()
    [['A-b', 'road', 40000.0], ['b-c', 'crossing', 20000.0], ['c-D', 'track', 30000.0]]
    >>> network.nodes[["node_id", "country"]].to_numpy().tolist()
    [['A', 'AAA'], ['D', 'BBB'], ['b', 'AAA'], ['c', 'BBB']]
    """
    cells = _cells(picture)
    lines = _lines(cells)
    marks = {cell: mark for cell, mark in cells.items() if mark.isalpha()}
    country = dict(countries) if countries is not None else _countries(marks, lines)
    step_m = step_km * 1000.0
    points = {mark: shapely.Point(c * step_m, -r * step_m) for (r, c), mark in marks.items()}
    edges = _edges(lines, marks, country, step_m)
    return build_network(
        name=name,
        zones=_zones(points, country),
        nodes=_nodes(points, country, edges),
        edges=edges,
        crossings=_crossings(edges, country, crossings or {}),
        places=_places(points, country),
        waterways=gpd.GeoDataFrame({"waterway_id": [], "source": []}, geometry=[], crs=CRS),
        seasons=empty_table(SEASONS) if seasons is None else seasons,
        profiles=PROFILES,
        speeds=SPEEDS,
        crs=CRS,
    )


def _cells(picture: str) -> dict[Cell, str]:
    found = {
        (row, column): mark
        for row, text in enumerate(dedent(picture.strip("\n")).splitlines())
        for column, mark in enumerate(text)
        if not mark.isspace()
    }
    nodes = [mark for mark in found.values() if mark.isalpha()]
    problems = [f"{mark!r} means nothing in a drawing"
                for mark in found.values() if not mark.isalpha() and mark not in KINDS]  # fmt: skip
    problems += [f"node {mark!r} is drawn twice" for mark in set(nodes) if nodes.count(mark) > 1]
    if problems or not nodes:
        raise InputError(problems or "the drawing is empty")
    return found


def _follow(
    cells: Mapping[Cell, str], start: Cell, step: Cell
) -> tuple[Cell, ...] | None:  # fmt: skip
    """Return the cells of the line that leaves a node in a direction; None if none does.

    Raises
    ------
    InputError
        If the line ends nowhere or forks.
    """
    if cells.get((start[0] + step[0], start[1] + step[1]), " ") not in _marks(step):
        return None
    path = [start]
    while True:
        here = (path[-1][0] + step[0], path[-1][1] + step[1])
        path.append(here)
        mark = cells[here]
        if mark.isalpha():
            return tuple(path)
        turns = [step, step[::-1], (-step[1], -step[0])] if mark == "+" else [step]
        ahead = [
            turn for turn in turns
            if (sign := cells.get((here[0] + turn[0], here[1] + turn[1]), " ")).isalpha()
            or sign in _marks(turn)
        ]  # fmt: skip
        if len(ahead) != 1:
            msg = f"the line ends nowhere, or forks, at row {here[0] + 1}, column {here[1] + 1}"
            raise InputError(msg)
        step = ahead[0]


def _marks(step: Cell) -> frozenset[str]:
    return FLAT if step[0] == 0 else STEEP


def _line(cells: Mapping[Cell, str], path: tuple[Cell, ...]) -> _Line:
    marks = [cells[cell] for cell in path[1:-1]]
    kinds = {KINDS[mark] for mark in marks} - {""}
    arrows = {mark for mark in marks if mark in "<>"}
    if len(kinds) != 1 or len(arrows) > 1 or path[0] == path[-1]:
        msg = f"not a line between two nodes: {cells[path[0]]}{''.join(marks)}{cells[path[-1]]}"
        raise InputError(msg)
    if arrows:
        at = next(i for i, cell in enumerate(path) if cells[cell] in arrows)
        rightwards = path[at + 1][1] > path[at][1]
        if rightwards != (arrows == {">"}):
            path = path[::-1]
    return _Line(cells=path, kind=kinds.pop(), oneway=bool(arrows))


def _lines(cells: Mapping[Cell, str]) -> list[_Line]:
    paths = [
        path
        for cell, mark in cells.items()
        if mark.isalpha()
        for step in ((0, 1), (1, 0), (0, -1), (-1, 0))
        if (path := _follow(cells, cell, step)) is not None
    ]
    # every line is found from both its ends
    return [_line(cells, path) for path in paths if path[0] <= path[-1]]


def _countries(nodes: Mapping[Cell, str], lines: Sequence[_Line]) -> dict[str, str]:
    """Give every part that hangs together without crossings its own country."""
    part = {mark: mark for mark in nodes.values()}
    for line in lines:
        if line.kind != "crossing":
            one, two = part[nodes[line.cells[0]]], part[nodes[line.cells[-1]]]
            part = {mark: one if of == two else of for mark, of in part.items()}
    order = list(dict.fromkeys(part.values()))
    return {mark: chr(ord("A") + order.index(of)) * 3 for mark, of in part.items()}


def _edges(
    lines: Sequence[_Line], marks: Mapping[Cell, str], country: Mapping[str, str], step_m: float
) -> gpd.GeoDataFrame:
    rows: list[dict[str, object]] = []
    drawn: Counter[str] = Counter()
    for line in lines:
        one, two = marks[line.cells[0]], marks[line.cells[-1]]
        drawn[f"{one}-{two}"] += 1
        number = drawn[f"{one}-{two}"]
        edge_id = f"{one}-{two}" + (f"-{number}" if number > 1 else "")
        rows.append(
            {
                "edge_id": edge_id, "from_node_id": one, "to_node_id": two, "kind": line.kind,
                "road_class": CLASS_SURFACE[line.kind][0],
                "surface": CLASS_SURFACE[line.kind][1], "oneway": line.oneway,
                "length_m": (len(line.cells) - 1) * step_m, "wait_min": 0.0,
                "country": country[one],
                "crossing_id": edge_id if line.kind == "crossing" else None,
                "source": SOURCE, "confidence": "high",
                "geometry": shapely.LineString([(c * step_m, -r * step_m) for r, c in line.cells]),
            }
        )  # fmt: skip
    columns = [*EDGES.names, "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=CRS)


def _nodes(
    points: Shapes, country: Mapping[str, str], edges: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:  # fmt: skip
    ends = {
        kind: set(rows["from_node_id"]) | set(rows["to_node_id"])
        for kind, rows in edges.groupby("kind")
    }

    def kind(mark: str) -> str:
        if mark.isupper():
            return "settlement"
        if mark in ends.get("crossing", ()):
            return "crossing"
        return "port" if mark in ends.get("river", ()) else "junction"

    return gpd.GeoDataFrame(
        {
            "node_id": list(points),
            "kind": [kind(mark) for mark in points],
            "name": [f"Town {mark}" if mark.isupper() else None for mark in points],
            "country": [country[mark] for mark in points],
        },
        geometry=list(points.values()),
        crs=CRS,
    )


def _crossings(
    edges: gpd.GeoDataFrame, country: Mapping[str, str], given: Mapping[str, object]
) -> gpd.GeoDataFrame:
    rows = edges[(edges["kind"] == "crossing").to_numpy(dtype=bool)]
    columns = {
        "crossing_id": rows["edge_id"].tolist(),
        "name": [f"Post {name}" for name in rows["edge_id"]],
        "country_a": [country[mark] for mark in rows["from_node_id"]],
        "country_b": [country[mark] for mark in rows["to_node_id"]],
        "official": True, "regime": "open", "processing_min": 0.0, "source": SOURCE,
        "confidence": "high",
    }  # fmt: skip
    middle = [line.interpolate(0.5, normalized=True) for line in rows.geometry]
    return gpd.GeoDataFrame({**columns, **given}, geometry=middle, crs=CRS)


def _places(points: Shapes, country: Mapping[str, str]) -> gpd.GeoDataFrame:
    towns = [mark for mark in points if mark.isupper()]
    return gpd.GeoDataFrame(
        {
            "place_id": towns, "name": [f"Town {mark}" for mark in towns], "kind": "settlement",
            "country": [country[mark] for mark in towns],
            "pcode": [f"{country[mark]}1" for mark in towns], "population_persons": 1000.0,
            "source": SOURCE,
        },
        geometry=[points[mark] for mark in towns],
        crs=CRS,
    )  # fmt: skip


def _zones(points: Shapes, country: Mapping[str, str]) -> gpd.GeoDataFrame:
    codes = list(dict.fromkeys(country[mark] for mark in points))
    shapes = [
        shapely.union_all(
            [p.buffer(5_000.0) for mark, p in points.items() if country[mark] == code]
        )
        for code in codes
    ]
    return gpd.GeoDataFrame(
        {
            "pcode": [f"{code}1" for code in codes], "name": [f"Land {code}" for code in codes],
            "adm_level": 1, "country": codes, "pcode_vintage": SOURCE, "source": SOURCE,
        },
        geometry=[
            shapely.MultiPolygon([p for p in shapely.get_parts(shape) if isinstance(p, Polygon)])
            for shape in shapes
        ],
        crs=CRS,
    )  # fmt: skip


def build_case(
    network: Network,
    people: Mapping[str, int] | Sequence[Mapping[str, object]],
    to: Iterable[str] | Sequence[Mapping[str, object]],
    *,
    disruptions: Iterable[Disruption] = (),
    when: dt.date = dt.date(2013, 1, 20),
    stations: Sequence[Mapping[str, object]] = (),
    limits: Limits | None = None,
    targets: pd.DataFrame | None = None,
) -> Case:
    """Return a question about a small network, with as little to write as possible.

    Parameters
    ----------
    network
        The network.
    people
        Persons by place; or one mapping per group with the columns of `GROUPS` that matter,
        ``place_id`` and ``persons`` at least. Else: refugees with a truck who move.
    to
        Places that everybody may go to; or one mapping per row of `DESTINATIONS`.
    disruptions
        What happens; the calendar is the year of `when`.
    when
        Day that the question is asked for.
    stations
        One mapping per way station, ``place_id`` at least.
    limits
        Budgets of those who have none of their own.
    targets
        Published figures, schema `TARGETS`.

    Returns
    -------
    Case
        Checked.

    Raises
    ------
    SchemaError
        If the tables do not fit together.

    Examples
    --------
    >>> case = build_case(draw_network("A---B"), {"A": 100}, to="B")
    >>> case.groups[["group_id", "persons", "persons_low"]].to_numpy().tolist()
    [['A-1', 100, 100]]
    """
    country = network.places.set_index("place_id")["country"]
    if isinstance(people, Mapping):
        people = [{"place_id": name, "persons": persons} for name, persons in people.items()]
    rows = [{"place_id": one} if isinstance(one, str) else dict(one) for one in to]
    home = {place: str(country.get(place, "")) for place in [one["place_id"] for one in people]}
    groups = pd.DataFrame(
        [
            {
                "group_id": f"{one['place_id']}-{number}", "base": "movers", "kind": "refugee",
                "nationality": home[one["place_id"]], "profile": "truck", "trip": "one_way",
                "destination_set": "safety", "persons_low": one["persons"],
                "persons_high": one["persons"], "source": SOURCE, **one,
            }
            for number, one in enumerate(people, start=1)
        ],
        columns=list(GROUPS.names),
    )  # fmt: skip
    destinations = pd.DataFrame(
        [{"destination_set": "safety", "kind": "settlement", "source": SOURCE, **row}
         for row in rows],
        columns=list(DESTINATIONS.names),
    )  # fmt: skip
    waystations = pd.DataFrame(
        [
            {
                "waystation_id": f"station-{one['place_id']}",
                "name": f"Station {one['place_id']}", "kind": "fixed", "hypothetical": True,
                "source": SOURCE, **one,
            }
            for one in stations
        ],
        columns=list(WAYSTATIONS.names),
    )  # fmt: skip
    at = network.place_positions(waystations["place_id"])
    return Case(
        network=network,
        scenario=Scenario(
            name="drawn", when=when, start=dt.date(when.year, 1, 1),
            end=dt.date(when.year, 12, 31), disruptions=tuple(disruptions),
        ),
        groups=groups,
        destinations=destinations,
        waystations=gpd.GeoDataFrame(
            waystations, geometry=network.places.geometry.array[at], crs=network.crs
        ),
        targets=empty_table(TARGETS) if targets is None else targets,
        limits=limits or Limits(),
    )  # fmt: skip

"""Hypothesis strategies: small random networks, scenarios, questions and costs.

Networks have parallel edges, dead ends, parts that do not hang together, accents, missing values
and dates, so that what holds for them is likely to hold for yours.
"""

import datetime as dt
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import strategies as st

from mobility_geo.network import Network, build_network
from mobility_geo.routing import AccessSet
from mobility_geo.scenario import (
    ArcCosts,
    CapacityFactor,
    Case,
    Closure,
    Disruption,
    Effect,
    ExtraCost,
    ExtraWait,
    Limits,
    Regime,
    RiskCost,
    Scenario,
    Selection,
    SpeedFactor,
    Who,
)
from mobility_geo.schema import (
    CONFIDENCES,
    CROSSINGS,
    EDGES,
    NODES,
    PEOPLE_KINDS,
    PLACES,
    REGIMES,
    SEASONS,
    WATERWAYS,
)
from mobility_geo.testing.drawing import CRS, PROFILES, SOURCE, SPEEDS, build_case

GRID_M = 20_000.0
COUNTRIES = ("AAA", "BBB")
PERSONS_MOST = 500
DAYS = st.dates(dt.date(2013, 1, 1), dt.date(2013, 12, 31))


def words() -> st.SearchStrategy[str]:
    """Return names as people write them: accents, apostrophes, other scripts, odd words.

    Returns
    -------
    SearchStrategy
        Text without blanks at its ends, never empty.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> @settings(max_examples=5, database=None)
    ... @given(words())
    ... def check(name):
    ...     assert name == name.strip() != ""
    >>> check()
    """
    letters = st.text("aZ09éèçïŋÉß'-\"&<;,. %ⵜباو", min_size=1, max_size=12)
    odd = st.sampled_from(["nan", "None", "NA", "null", "true", "007", "1e5", "Ségou", "N'Tillit"])
    return (letters | odd).map(str.strip).filter(bool)


@st.composite
def networks(
    draw: st.DrawFn, *, nodes: int = 6, edges: int = 9, attached: bool = False
) -> Network:  # fmt: skip
    """Return small networks of two countries with everything that a network can hold.

    Parameters
    ----------
    draw
        Given by hypothesis.
    nodes, edges
        Most of each, nodes >= 2.
    attached
        Every place stands at a node; else some lie off the road, or too far away.

    Returns
    -------
    SearchStrategy
        Of `Network`.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> @settings(max_examples=2, database=None, deadline=None)
    ... @given(networks(nodes=3, edges=2))
    ... def check(network):
    ...     assert len(network.edges) <= len(network.arcs)
    >>> check()
    """
    cell = st.tuples(st.integers(0, 4), st.integers(0, 4))
    spots = draw(st.lists(cell, min_size=2, max_size=nodes, unique=True))
    points = [shapely.Point(x * GRID_M, y * GRID_M) for x, y in spots]
    country = [COUNTRIES[draw(st.integers(0, 1)) if i else 0] for i in range(len(spots))]
    node_ids = [f"n{i}" for i in range(len(spots))]
    node_rows: list[dict[str, object]] = [
        {"node_id": name, "kind": draw(st.sampled_from(["settlement", "junction", "port"])),
         "name": draw(st.none() | words()), "country": land, "geometry": point}
        for name, land, point in zip(node_ids, country, points, strict=True)
    ]  # fmt: skip
    ends = st.tuples(st.integers(0, len(spots) - 1), st.integers(0, len(spots) - 1))
    pairs = draw(st.lists(ends.filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=edges))
    crossing_rows: list[dict[str, object]] = []
    edge_rows: list[dict[str, object]] = []
    for number, (one, two) in enumerate(pairs):
        crossing = country[one] != country[two]
        line = _line(draw, points[one], points[two])
        if crossing:
            crossing_rows.append(_crossing(draw, f"c{number}", line))
        edge_rows.append(
            {
                "edge_id": f"e{number}", "from_node_id": node_ids[one],
                "to_node_id": node_ids[two], **_edge(draw, crossing=crossing),
                "length_m": line.length * draw(st.sampled_from([1.0, 1.25, 2.0])),
                "country": draw(st.sampled_from([None, country[one]])),
                "crossing_id": f"c{number}" if crossing else None, "geometry": line,
            }
        )  # fmt: skip
    return build_network(
        name=draw(words()),
        zones=_zones(),
        nodes=_layer(node_rows, NODES.names),
        edges=_layer(edge_rows, EDGES.names),
        crossings=_layer(crossing_rows, CROSSINGS.names),
        places=_places(draw, points, country, attached=attached),
        waterways=_layer(_waterways(draw, attached=attached), WATERWAYS.names),
        seasons=_seasons(draw, rivers=any(row["reach"] for row in edge_rows)),
        profiles=PROFILES,
        speeds=SPEEDS,
        crs=CRS,
    )


def _layer(rows: list[dict[str, object]], columns: Sequence[str]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(rows, columns=[*columns, "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=CRS)


def _line(draw: st.DrawFn, one: shapely.Point, two: shapely.Point) -> shapely.LineString:
    bend = draw(st.sampled_from([0.0, -0.4, 0.4]))
    if not bend:
        return shapely.LineString([one, two])
    middle = ((one.x + two.x) / 2 + bend * (two.y - one.y),
              (one.y + two.y) / 2 - bend * (two.x - one.x))  # fmt: skip
    return shapely.LineString([(one.x, one.y), middle, (two.x, two.y)])


def _edge(draw: st.DrawFn, *, crossing: bool) -> dict[str, object]:
    kind = "crossing" if crossing else draw(st.sampled_from(["road", "road", "track", "river"]))
    return {
        "kind": kind,
        "road_class": draw(st.sampled_from(["primary", "track", "none"])),
        "surface": draw(st.sampled_from(["paved", "earth", "water"])),
        "ref": draw(st.none() | st.sampled_from(["RN6", "RN16"])),
        "name": draw(st.none() | words()),
        "oneway": draw(st.booleans()),
        "all_season": draw(st.booleans()),
        "bridge": draw(st.booleans()),
        "wait_min": draw(st.sampled_from([0.0, 0.0, 37.5])),
        "reach": "bend" if kind == "river" else None,
        "carriageway_group": draw(st.sampled_from([None, None, "dual"])),
        "state_reported_on": draw(st.none() | DAYS.map(pd.Timestamp)),
        "source": SOURCE,
        "confidence": draw(st.sampled_from(CONFIDENCES)),
    }


def _crossing(draw: st.DrawFn, name: str, line: shapely.LineString) -> dict[str, object]:
    return {
        "crossing_id": name, "name": draw(words()), "country_a": COUNTRIES[0],
        "country_b": COUNTRIES[1], "official": draw(st.booleans()),
        "regime": draw(st.sampled_from(["open", *REGIMES])),
        "opens_hour": draw(st.none() | st.just(6.0)), "closes_hour": None,
        "throughput_persons_per_day": draw(st.none() | st.just(250.0)),
        "processing_min": draw(st.sampled_from([0.0, 30.0])), "source": SOURCE,
        "confidence": "medium", "geometry": line.interpolate(0.5, normalized=True),
    }  # fmt: skip


def _zones() -> gpd.GeoDataFrame:
    halves = [shapely.box(-1e5, -1e5, 4e4, 2e5), shapely.box(4e4, -1e5, 2e5, 2e5)]
    return gpd.GeoDataFrame(
        {"pcode": ["A01", "B01"], "name": ["Één", "Deux"], "adm_level": 1,
         "country": list(COUNTRIES), "pcode_vintage": SOURCE, "population_persons": [None, 5.0],
         "source": SOURCE},
        geometry=[shapely.MultiPolygon([half]) for half in halves], crs=CRS,
    )  # fmt: skip


def _places(
    draw: st.DrawFn, points: list[shapely.Point], country: list[str], *, attached: bool
) -> gpd.GeoDataFrame:  # fmt: skip
    rows: list[dict[str, object]] = []
    for number, (point, land) in enumerate(zip(points, country, strict=True)):
        away = 0.0 if attached else draw(st.sampled_from([0.0, 60.0, 4_000.0, 90_000.0]))
        rows.append(
            {
                "place_id": f"p{number}", "name": draw(words()),
                "name_alt": draw(st.none() | words()), "kind": "settlement", "country": land,
                "pcode": draw(st.sampled_from([None, f"{land[0]}01"])),
                "population_persons": draw(st.none() | st.just(1234.0)),
                "approximate": draw(st.booleans()), "source": SOURCE,
                "geometry": shapely.Point(point.x + away, point.y + away / 3),
            }
        )  # fmt: skip
    return _layer(rows, PLACES.names)


def _waterways(draw: st.DrawFn, *, attached: bool) -> list[dict[str, object]]:
    if attached or not draw(st.booleans()):
        return []
    line = shapely.LineString([(2_500.0, -1e5), (2_500.0, 2e5)])
    return [{"waterway_id": "w", "name": draw(st.none() | words()),
             "barrier": draw(st.booleans()), "source": SOURCE, "geometry": line}]  # fmt: skip


def _seasons(draw: st.DrawFn, *, rivers: bool) -> pd.DataFrame:
    rows = [
        {"season_id": "low-water", "label": "Étiage", "kinds": "river",
         "reaches": "bend" if rivers else None,
         "months": draw(st.sampled_from(["1|2", "4|5|6"])), "effect": "close", "value": 0.0,
         "source": SOURCE},
        {"season_id": "rain", "label": "Saison des pluies", "kinds": "track|road",
         "months": draw(st.sampled_from(["1", "6|7|8|9"])), "effect": "speed_factor",
         "value": 0.5, "all_season": False, "source": SOURCE},
    ]  # fmt: skip
    return pd.DataFrame(rows[: draw(st.integers(0, 2))], columns=list(SEASONS.names))


@st.composite
def disruptions(
    draw: st.DrawFn, network: Network, *, disruption_id: str = "d", opening: bool = False
) -> Disruption:
    """Return disruptions that fit a network: areas, edges, kinds of edges and borders.

    Parameters
    ----------
    draw
        Given by hypothesis.
    network
        What they will be laid over.
    disruption_id
        Id.
    opening
        Also regimes that may open a crossing which is closed in normal times.

    Returns
    -------
    SearchStrategy
        Of `Disruption`.

    Examples
    --------
    >>> from hypothesis import find
    >>> from mobility_geo.testing import draw_network
    >>> find(disruptions(draw_network("A---B")), lambda one: True).disruption_id
    'd'
    """
    effects: list[Effect] = draw(
        st.lists(
            st.just(Closure())
            | st.sampled_from([0.25, 0.9, 1.0]).map(SpeedFactor)
            | st.sampled_from([0.0, 12.5]).map(ExtraCost)
            | st.sampled_from([0.0, 0.003]).map(RiskCost)
            | st.sampled_from([0.5, 1.0]).map(CapacityFactor),
            min_size=1, max_size=2, unique_by=type,
        )
    )  # fmt: skip
    crossings = list(network.crossings["crossing_id"])
    kind = draw(st.sampled_from(["insecurity", "flood", "road", "border"]))
    if kind == "border" and crossings:
        regimes = REGIMES if opening else ("closed",)
        what = Selection(
            crossing_ids=tuple(draw(_some(crossings))),
            into=draw(st.sampled_from(["", *COUNTRIES])),
        )
        effects = [*effects[:1], Regime(draw(st.sampled_from(regimes))), ExtraWait(45.0)]
    elif kind == "road":
        edge_ids = list(network.edges["edge_id"])
        direction = draw(st.sampled_from(["both", "forward", "backward"]))
        what = Selection(edge_ids=tuple(draw(_some(edge_ids))), direction=direction)
        effects = [*effects, *draw(st.sampled_from([(), (ExtraWait(0.0),), (ExtraWait(45.0),)]))]
    else:
        what = Selection(area=draw(areas(network)), edge_kinds=draw(
            st.sampled_from([(), ("road",), ("road", "track", "crossing")])))  # fmt: skip
        kind = "flood" if kind == "border" else kind
    who = draw(
        st.sampled_from([Who(), Who(), Who(profiles=("truck",)), Who(kinds=("refugee",)),
                         Who(nationalities=("AAA",))])
    )  # fmt: skip
    start, end = draw(st.none() | DAYS), draw(st.none() | DAYS)
    if start is not None and end is not None and end < start:
        start, end = end, start
    return Disruption(disruption_id=disruption_id, kind=kind, what=what, effects=tuple(effects),
                      who=who, start=start, end=end, source=SOURCE)  # fmt: skip


def _some(items: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(items), min_size=1, max_size=3, unique=True)


@st.composite
def areas(draw: st.DrawFn, network: Network) -> shapely.Geometry:
    """Return polygons about a network, in longitude and latitude: boxes, rings and parts.

    Parameters
    ----------
    draw
        Given by hypothesis.
    network
        The network.

    Returns
    -------
    SearchStrategy
        Of valid polygons and multipolygons in WGS 84.

    Examples
    --------
    >>> from hypothesis import find
    >>> from mobility_geo.testing import draw_network
    >>> find(areas(draw_network("A---B")), lambda area: True).is_valid
    True
    """
    west, south, east, north = network.edges.total_bounds
    at = st.floats(0, 1, allow_nan=False)
    shapes: list[shapely.Geometry] = []
    for _ in range(draw(st.integers(1, 2))):
        x = west + (east - west) * draw(at)
        y = south + (north - south) * draw(at)
        size = draw(st.sampled_from([3_000.0, 12_000.0, 60_000.0]))
        shape: shapely.Geometry = shapely.box(x - size, y - size / 2, x + size, y + size / 2)
        if draw(st.booleans()):
            shape = shapely.difference(shape, shapely.Point(x, y).buffer(size / 3))
        shapes.append(shape)
    area = gpd.GeoSeries([shapely.union_all(shapes)], crs=network.crs).to_crs(4326).iloc[0]
    return area if area.is_valid else area.buffer(0)


@st.composite
def scenarios(
    draw: st.DrawFn, network: Network, *, most: int = 4, opening: bool = False
) -> Scenario:
    """Return scenarios of the year 2013 that fit a network.

    Parameters
    ----------
    draw
        Given by hypothesis.
    network
        What they will be laid over.
    most
        Most disruptions.
    opening
        As in `disruptions`.

    Returns
    -------
    SearchStrategy
        Of `Scenario`.

    Examples
    --------
    >>> from hypothesis import find
    >>> from mobility_geo.testing import draw_network
    >>> find(scenarios(draw_network("A---B")), lambda one: True).disruptions
    ()
    """
    number = draw(st.integers(0, most))
    made = [draw(disruptions(network, disruption_id=f"d{i}", opening=opening))
            for i in range(number)]  # fmt: skip
    return Scenario(
        name="random", when=draw(DAYS), start=dt.date(2013, 1, 1), end=dt.date(2013, 12, 31),
        disruptions=tuple(made),
    )  # fmt: skip


@st.composite
def cases(
    draw: st.DrawFn,
    network: Network,
    *,
    groups: int = 4,
    capacities: bool = True,
    opening: bool = False,
) -> Case:
    """Return questions about a network: groups, destinations, budgets, a scenario.

    Parameters
    ----------
    draw
        Given by hypothesis.
    network
        The network; needs places.
    groups
        Most groups, >= 1.
    capacities
        Some destinations have a limited number of places.
    opening
        As in `disruptions`.

    Returns
    -------
    SearchStrategy
        Of `Case`.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from mobility_geo.testing import draw_network
    >>> @settings(max_examples=2, database=None, deadline=None)
    ... @given(cases(draw_network("A---B")))
    ... def check(case):
    ...     assert (case.groups["persons"] >= case.groups["persons_low"]).all()
    >>> check()
    """
    places = list(network.places["place_id"])
    people = []
    for _ in range(draw(st.integers(1, groups))):
        persons = draw(st.integers(0, PERSONS_MOST))
        people.append(
            {
                "place_id": draw(st.sampled_from(places)), "persons": persons,
                "persons_low": draw(st.integers(0, persons)),
                "persons_high": draw(st.integers(persons, 2 * PERSONS_MOST)),
                "base": draw(st.sampled_from(["movers", "movers", "residents"])),
                "kind": draw(st.sampled_from(PEOPLE_KINDS)),
                "nationality": draw(st.sampled_from(COUNTRIES)),
                "profile": draw(st.sampled_from(list(network.profiles["profile"]))),
                "time_limit_h": draw(st.none() | st.sampled_from([0.5, 4.0, 48.0])),
                "risk_limit": draw(st.none() | st.sampled_from([0.0, 0.1])),
                "money_xof": draw(st.none() | st.sampled_from([0.0, 800.0])),
            }
        )  # fmt: skip
    free = st.none() | st.integers(0, PERSONS_MOST) if capacities else st.none()
    to = [
        {"place_id": place, "capacity_persons": draw(free)}
        for place in draw(st.lists(st.sampled_from(places), min_size=1, max_size=3, unique=True))
    ]
    scenario = draw(scenarios(network, opening=opening))
    limits = draw(
        st.sampled_from([Limits(), Limits(time_limit_h=10, risk_limit=0.2),
                         Limits(unknown_after_days=90)])
    )  # fmt: skip
    made = build_case(network, people, to, when=scenario.when, limits=limits)
    return made.with_scenario(scenario)


@st.composite
def arc_costs(draw: st.DrawFn, network: Network, *, most: int = 9) -> ArcCosts:
    """Return arbitrary costs of the arcs of a network: closed ones, free ones, equal ones.

    Parameters
    ----------
    draw
        Given by hypothesis.
    network
        The network.
    most
        Most units that an arc costs; a small number makes many ties.

    Returns
    -------
    SearchStrategy
        Of `ArcCosts`.

    Examples
    --------
    >>> from hypothesis import find
    >>> from mobility_geo.testing import draw_network
    >>> find(arc_costs(draw_network("A---B")), lambda one: True).open.tolist()
    [False, False]
    """
    size = len(network.arcs)
    usable = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), dtype=bool)

    def metric() -> "np.typing.NDArray[np.int32]":
        units = draw(st.lists(st.integers(0, most), min_size=size, max_size=size))
        return np.where(usable, np.array(units, dtype=np.int32), 0).astype(np.int32)

    return ArcCosts(
        open=usable, time_min=metric(), length_m=metric(), cost_xof=metric(), risk=metric()
    )


@st.composite
def access_sets(
    draw: st.DrawFn, network: Network, *, places: int = 3, most: int = 9, prefix: str = "x"
) -> AccessSet:
    """Return arbitrary accesses of made-up places: none, one or several each.

    Parameters
    ----------
    draw
        Given by hypothesis.
    network
        The network.
    places, most
        Most places, and most units that an access costs.
    prefix
        Ids of the places are this and a number.

    Returns
    -------
    SearchStrategy
        Of `AccessSet`.

    Examples
    --------
    >>> from hypothesis import find
    >>> from mobility_geo.testing import draw_network
    >>> len(find(access_sets(draw_network("A---B")), lambda one: True))
    0
    """
    counts = draw(st.lists(st.integers(0, 3), max_size=places))
    size = sum(counts)

    def units(highest: int) -> "np.typing.NDArray[np.int32]":
        drawn = draw(st.lists(st.integers(0, highest), min_size=size, max_size=size))
        return np.array(drawn, dtype=np.int32)

    return AccessSet(
        place_ids=tuple(f"{prefix}{i}" for i in range(len(counts))),
        pointer=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        node=units(len(network.nodes) - 1), time_min=units(most), length_m=units(most),
        cost_xof=units(most), risk=units(most),
    )  # fmt: skip

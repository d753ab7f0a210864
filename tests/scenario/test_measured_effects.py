"""Conditions against a slow loop over arcs that shares nothing with them, and measured effects."""

import dataclasses
import datetime as dt
import functools
import itertools
from fractions import Fraction

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobility_geo.errors import UnknownIdError
from mobility_geo.network import attach_places
from mobility_geo.scenario import (
    CapacityFactor,
    Closure,
    DepthCurve,
    DepthSpeed,
    Disruption,
    Exposure,
    ExtraCost,
    ExtraWait,
    OpeningHours,
    Regime,
    RiskCost,
    Scenario,
    Selection,
    SpeedFactor,
    Stretches,
    Throughput,
    TravellerClass,
    Who,
    conditions,
)
from mobility_geo.scenario.conditions import hours_wait_min, slowness
from mobility_geo.schema import PEOPLE_KINDS, REGIMES
from mobility_geo.testing import draw_network
from mobility_geo.testing.drawing import CRS

UNSHRUNK = (Phase.explicit, Phase.generate)
FIRST, LAST = dt.date(2013, 1, 1), dt.date(2013, 12, 31)
KPH = {
    ("truck", "road"): 60, ("truck", "track"): 30, ("truck", "crossing"): 60,
    ("foot", "road"): 6, ("foot", "track"): 6, ("foot", "crossing"): 6,
    ("boat", "river"): 12, ("boat", "road"): 6, ("boat", "track"): 6, ("boat", "crossing"): 6,
}  # fmt: skip
FARE = {"truck": 10, "foot": 0, "boat": 5}
WET, LOW_WATER = (6, 7, 8, 9), (3, 4, 5)


def make_network():
    """Two countries and a river, two posts with hours, one of them informal, wet and dry roads."""
    drawn = draw_network("""
    A---b#c---C
    |   |     }
    |   D=====E
    |   |     }
    F---G#H=>=I
    """, countries=dict.fromkeys("AbDFGE", "AAA") | dict.fromkeys("cCHI", "BBB"),
        seasons=pd.DataFrame([
            {"season_id": "rain", "label": "rain", "kinds": "track", "rainfall_classes": "wet",
             "months": "|".join(map(str, WET)), "effect": "speed_factor", "value": 0.5,
             "source": "drawn"},
            {"season_id": "low", "label": "low water", "kinds": "river", "reaches": "upper",
             "months": "|".join(map(str, LOW_WATER)), "effect": "close", "value": 0.0,
             "source": "drawn"},
        ], columns=["season_id", "label", "kinds", "surfaces", "reaches", "rainfall_classes",
                    "countries", "profiles", "all_season", "months", "effect", "value", "source"]),
    )  # fmt: skip
    edges, crossings = drawn.edges, drawn.crossings
    ids = edges["edge_id"]
    edges = edges.assign(
        ref=ids.map({"A-b": "RN6", "c-C": "RN6", "D-E": "RN16"}),
        reach=ids.map({"C-E": "upper", "E-I": "lower"}),
        rainfall_class=ids.map({"D-E": "wet", "H-I": "dry", "A-b": "wet"}),
        wait_min=ids.map({"C-E": 30.0}).fillna(0.0),
    )
    crossings = crossings.assign(
        official=crossings["crossing_id"] == "b-c",
        opens_hour=crossings["crossing_id"].map({"b-c": 6.0}),
        closes_hour=crossings["crossing_id"].map({"b-c": 18.0}),
        throughput_persons_per_day=crossings["crossing_id"].map({"b-c": 200.0}),
        processing_min=crossings["crossing_id"].map({"b-c": 45.0}).fillna(0.0),
        regime=crossings["crossing_id"].map({"G-H": "nationals_only"}).fillna("open"),
    )
    more = gpd.GeoDataFrame(
        {"place_id": ["off", "far"], "name": ["off", "far"], "kind": "settlement",
         "country": ["AAA", "BBB"], "approximate": False, "source": "drawn"},
        geometry=[shapely.Point(15_000, 4_000), shapely.Point(65_000, 6_000)], crs=CRS,
    )  # fmt: skip
    places = pd.concat([drawn.places, more], ignore_index=True)
    accesses = attach_places(places, drawn.nodes, edges, drawn.waterways)
    return drawn.replace_tables(edges=edges, crossings=crossings, places=places, accesses=accesses)


NETWORK = make_network()
EDGES = NETWORK.edges.set_index("edge_id").to_dict("index")
POSTS = NETWORK.crossings.set_index("crossing_id").to_dict("index")
COUNTRY = NETWORK.nodes.set_index("node_id")["country"].to_dict()
IDS = list(EDGES)
WAYS = [*IDS, *NETWORK.accesses["access_id"]]
HOMES = NETWORK.places.set_index("place_id")["country"].to_dict()
OFF_ROAD_KPH = NETWORK.profiles.set_index("profile")["off_road_kph"].to_dict()
CURVES = (
    DepthCurve(curve="c", vehicle_class="car", profiles=("truck",), impassable_m=0.3,
               quadratic=0.0009, linear=-0.5529, constant=86.9448),
    DepthCurve(curve="c", vehicle_class="boat", profiles=("boat",), impassable_m=1.2,
               quadratic=0.0, linear=-0.004, constant=5.0, navigable_m=1.0),
)  # fmt: skip


# ------------------------------------------------------------------ the slow oracle
@functools.cache
def projected(area):
    return gpd.GeoSeries([area], crs=4326).to_crs(CRS).iloc[0]


def missing(value):
    return value is None or value != value  # noqa: PLR0124


def lets_pass(regime, traveller, into):
    if traveller.nationality == into and regime in {"refugees_only", "nationals_only"}:
        return True
    return regime in {"open", "escorted"} or (
        regime == "refugees_only" and traveller.kind == "refugee"
    )


def places_at(edge_id):
    """Return the places that an edge passes or ends at: in a drawing most stand at nodes."""
    accesses = NETWORK.accesses
    passing = set(accesses.loc[accesses["edge_id"] == edge_id, "place_id"])
    return {EDGES[edge_id]["from_node_id"], EDGES[edge_id]["to_node_id"]} | passing


def stretches_of(what, edge_id, *, forward):
    """Return start, end and measured value of the stretches of an arc that a selection hits."""
    edge = EDGES[edge_id]
    informal = not missing(edge["crossing_id"]) and not POSTS[edge["crossing_id"]]["official"]
    into = COUNTRY[edge["to_node_id" if forward else "from_node_id"]]
    tests = [
        not what.edge_ids or edge_id in what.edge_ids,
        not what.refs or edge["ref"] in what.refs,
        not what.crossing_ids or edge["crossing_id"] in what.crossing_ids,
        not what.edge_kinds or edge["kind"] in what.edge_kinds,
        not what.surfaces or edge["surface"] in what.surfaces,
        not what.road_classes or edge["road_class"] in what.road_classes,
        not what.countries or edge["country"] in what.countries,
        not what.reaches or edge["reach"] in what.reaches,
        not what.rainfall_classes or edge["rainfall_class"] in what.rainfall_classes,
        not what.place_ids or places_at(edge_id) & set(what.place_ids),
        not what.informal or informal,
        not what.into or (edge["kind"] == "crossing" and into == what.into),
        what.direction in {"both", "forward" if forward else "backward"},
    ]
    if not all(tests):
        return []
    if what.stretches is not None:
        rows = zip(what.stretches.edge_ids, what.stretches.start, what.stretches.end,
                   what.stretches.value, strict=True)  # fmt: skip
        return [(a, b, value) for name, a, b, value in rows if name == edge_id]
    if what.area is not None:
        line = edge["geometry"]
        inside = line.intersection(projected(what.area))
        parts = []
        for part in shapely.get_parts(inside):
            if part.length > 1e-9 * line.length:
                ends = [line.project(shapely.Point(xy), normalized=True) for xy in part.coords]
                parts.append((min(ends), max(ends), 0.0))
        return joined(parts)
    return [(0.0, 1.0, 0.0)]


def joined(parts):
    out = []
    for start, end, value in sorted(parts):
        if out and start <= out[-1][1] + 1e-9:
            out[-1] = (out[-1][0], max(out[-1][1], end), value)
        else:
            out.append((start, end, value))
    return out


def covered(parts):
    """Return which share of the way lies in stretches, however they overlap."""
    cuts = sorted({0.0, 1.0, *(x for a, b in parts for x in (a, b))})
    return sum(b - a for a, b in itertools.pairwise(cuts)
               if any(c <= a and b <= d for c, d in parts))  # fmt: skip


def time_factor(slow):
    """Return time over free time: on each piece the lowest factor."""
    cuts = sorted({0.0, 1.0, *(x for a, b, _ in slow for x in (a, b))})
    return sum(
        (b - a) / min([1.0, *(f for c, d, f in slow if c <= a and b <= d)])
        for a, b in itertools.pairwise(cuts)
    )


def night_min(opens, closes):
    if missing(opens) or missing(closes):
        return 0.0
    return 60 * (24 - (closes - opens)) ** 2 / 48


def is_meant(one, traveller, day):
    """Say whether a disruption concerns a traveller on a day."""
    who = one.who
    return all([
        not who.profiles or traveller.profile in who.profiles,
        not who.kinds or traveller.kind in who.kinds,
        not who.nationalities or traveller.nationality in who.nationalities,
        not who.exposure_classes or traveller.exposure_class in who.exposure_classes,
        one.probability > 0,
        one.start is None or one.start <= day,
        one.end is None or day <= one.end,
        not one.months or day.month in one.months,
    ])  # fmt: skip


def expected(edge_id, traveller, day, made, *, forward):  # noqa: C901, PLR0912, PLR0915
    """Return what holds on an arc, from the words of the definitions alone."""
    edge = EDGES[edge_id]
    kind, profile = edge["kind"], traveller.profile
    km = edge["length_m"] / 1000
    kph = KPH.get((profile, kind))
    post = None if missing(edge["crossing_id"]) else POSTS[edge["crossing_id"]]
    in_season = not (kind == "river" and edge["reach"] == "upper" and day.month in LOW_WATER)
    wet = kind == "track" and edge["rainfall_class"] == "wet" and day.month in WET
    free = None if kph is None else kph * (0.5 if wet else 1)
    into = COUNTRY[edge["to_node_id" if forward else "from_node_id"]]
    passable = kph is not None
    allowed = post is None or lets_pass(post["regime"], traveller, into)
    base_open = passable and in_season and allowed
    never = False
    wait = edge["wait_min"]
    cost, risk = km * FARE[profile], 0.0
    factor, fewest = 1.0, np.inf
    opens = closes = None
    if post is not None:
        wait += post["processing_min"] + night_min(post["opens_hour"], post["closes_hour"])
        opens, closes = post["opens_hour"], post["closes_hour"]
    capacity = np.inf
    if post is not None and not missing(post["throughput_persons_per_day"]):
        capacity = post["throughput_persons_per_day"]
    slow, shut, deep, regimes, hours = [], [], [], [], []
    for one in made:
        meant = is_meant(one, traveller, day)
        parts = stretches_of(one.what, edge_id, forward=forward) if meant else []
        if not parts:
            continue
        share = min(sum(b - a for a, b, _ in parts), 1.0)
        for effect in one.effects:
            match effect:
                case Closure():
                    shut += [(a, b) for a, b, _ in parts]
                case SpeedFactor():
                    slow += [(a, b, effect.value) for a, b, _ in parts]
                case ExtraWait():
                    wait += effect.value
                case ExtraCost():
                    cost += effect.value * km * share
                case RiskCost():
                    risk += effect.value * km * share
                case CapacityFactor():
                    factor = min(factor, effect.value)
                    shut += [(a, b) for a, b, _ in parts] if effect.value == 0 else []
                case Throughput():
                    fewest = min(fewest, effect.value)
                    shut += [(a, b) for a, b, _ in parts] if effect.value == 0 else []
                case Regime() if post is not None:
                    regimes.append(effect.value)
                case OpeningHours() if post is not None:
                    hours.append((effect.opens_hour, effect.closes_hour))
                case DepthSpeed():
                    curve = next((c for c in effect.curves if profile in c.profiles), None)
                    if curve is None:
                        continue
                    if kind == "river":
                        if curve.navigable_m is not None:
                            deep += [(a, b) for a, b, v in parts if v >= curve.navigable_m]
                        continue
                    for a, b, depth in parts:
                        mm, most = depth * 1000, np.inf
                        if curve.constant is not None:
                            most = curve.quadratic * mm**2 + curve.linear * mm + curve.constant
                        if curve.impassable_m is not None and depth >= curve.impassable_m:
                            most = 0
                        if most <= 0:
                            shut.append((a, b))
                        elif free is not None and most < free:
                            slow.append((a, b, most / free))
                case Exposure():
                    for a, b, value in parts:
                        risk += value * effect.risk_per_exposure * km * (b - a)
                        if effect.slow_from is not None and value >= effect.slow_from:
                            slow.append((a, b, effect.speed_factor))
                        if effect.close_from is not None and value >= effect.close_from:
                            shut.append((a, b))
    closed = bool(shut)
    if hours:
        late = max([a for a, _ in hours] + ([] if missing(opens) else [opens]))
        early = min([b for _, b in hours] + ([] if missing(closes) else [closes]))
        narrowed = late > 0 or early < 24
        never = narrowed and early <= late
        if narrowed and not never:
            wait += night_min(late, early) - night_min(opens, closes)
    usable = base_open and not closed
    if covered(deep) > 1 - 1e-6 and not in_season and passable and not closed:
        usable = True
    if regimes:
        usable = passable and in_season and not closed
        usable &= all(lets_pass(regime, traveller, into) for regime in regimes)
    usable &= not never
    whole = any(a <= 0 and b >= 1 for a, b in shut)
    partly = base_open and not usable and not whole and not regimes and not never
    moving = 0.0 if free is None else km / free * 60
    return {
        "open": usable, "time": moving * time_factor(slow) + wait, "cost": cost, "risk": risk,
        "capacity": min(capacity * factor, fewest) if factor > 0 else 0.0,
        "shut": sorted(shut) if partly else [], "base_open": base_open,
    }  # fmt: skip


def assert_as_expected(made, traveller, day):
    scenario = Scenario(name="s", when=day, start=FIRST, end=LAST, disruptions=tuple(made))
    found = conditions(NETWORK, scenario, None, traveller)
    base = found.base
    length = NETWORK.edges["length_m"].to_numpy()[NETWORK.arcs.edge]
    fares = np.zeros(len(base.open))
    fares[: len(length)] = length / 1000 * base.xof_per_km
    state = {
        "open": base.open.copy(), "time": base.moving_min + base.wait_min,
        "cost": fares, "risk": np.zeros(len(base.open)),
        "capacity": base.capacity.copy(),
    }  # fmt: skip
    for name, array in (("open", found.open), ("time", found.time_min), ("risk", found.risk)):
        state[name][found.arc] = array
    state["cost"][found.dearer_arc] = found.cost_xof
    state["capacity"][found.limited_arc] = found.capacity
    shut = found.closed_stretches
    edge_ids = NETWORK.edges["edge_id"].tolist()
    for arc, (row, forward) in enumerate(
        zip(NETWORK.arcs.edge.tolist(), NETWORK.arcs.forward.tolist(), strict=True)
    ):
        want = expected(edge_ids[row], traveller, day, made, forward=forward)
        where = (edge_ids[row], forward)
        assert bool(base.open[arc]) is bool(want["base_open"]), where
        assert bool(state["open"][arc]) is bool(want["open"]), where
        for name in ("time", "cost", "risk"):
            assert state[name][arc] == pytest.approx(want[name], rel=1e-6, abs=1e-9), (where, name)
        if want["open"]:
            assert state["capacity"][arc] == pytest.approx(want["capacity"]), where
        assert sorted(shut.get(arc, ())) == [pytest.approx(part) for part in want["shut"]], where
    for number, access in enumerate(NETWORK.accesses.to_dict("records"), start=len(NETWORK.arcs)):
        want = expected_off_road(access, traveller, day, made)
        where = access["access_id"]
        assert base.open[number], where
        assert bool(state["open"][number]) is want["open"], where
        for name in ("time", "risk"):
            assert state[name][number] == pytest.approx(want[name], rel=1e-6, abs=1e-9), where
        assert state["cost"][number] == 0, where
        assert state["capacity"][number] == np.inf, where
        assert number not in shut, where
    return found


def stretches_off_road(what, access):
    """Return the stretches of a way off the road that a selection hits."""
    roads = [what.edge_ids, what.refs, what.crossing_ids, what.surfaces, what.road_classes,
             what.reaches, what.rainfall_classes, what.informal, what.into,
             what.direction != "both"]  # fmt: skip
    home = HOMES[access["place_id"]]
    if not access["off_road_m"]:
        return []
    if any(roads) or (what.edge_kinds and "walk" not in what.edge_kinds):
        return []
    if (what.place_ids and access["place_id"] not in what.place_ids) or (
        what.countries and home not in what.countries
    ):
        return []
    if what.stretches is not None:
        rows = zip(what.stretches.edge_ids, what.stretches.start, what.stretches.end,
                   what.stretches.value, strict=True)  # fmt: skip
        return [(a, b, value) for name, a, b, value in rows if name == access["access_id"]]
    if what.area is not None:
        corners = list(access["geometry"].coords)
        line = shapely.LineString(corners[:2])  # straight from the place to the foot point
        inside = line.intersection(projected(what.area))
        return joined([
            (*sorted(line.project(shapely.Point(xy), normalized=True) for xy in part.coords), 0.0)
            for part in shapely.get_parts(inside) if part.length > 1e-9 * line.length
        ])  # fmt: skip
    return [(0.0, 1.0, 0.0)]


def expected_off_road(access, traveller, day, made):  # noqa: C901, PLR0912
    """Return what holds on a way off the road, from the words of the definitions alone."""
    km, profile = access["off_road_m"] / 1000, traveller.profile
    kph = OFF_ROAD_KPH[profile]
    risk, slow, shut = 0.0, [], False
    for one in made:
        parts = stretches_off_road(one.what, access) if is_meant(one, traveller, day) else []
        share = min(sum(b - a for a, b, _ in parts), 1.0)
        for effect in one.effects if parts else ():
            match effect:
                case Closure() | CapacityFactor(value=0) | Throughput(value=0):
                    shut = True
                case SpeedFactor():
                    slow += [(a, b, effect.value) for a, b, _ in parts]
                case RiskCost():
                    risk += effect.value * km * share
                case DepthSpeed():
                    curve = next((c for c in effect.curves if profile in c.profiles), None)
                    for a, b, depth in parts if curve is not None else ():
                        mm, most = depth * 1000, np.inf
                        if curve.constant is not None:
                            most = curve.quadratic * mm**2 + curve.linear * mm + curve.constant
                        if curve.impassable_m is not None and depth >= curve.impassable_m:
                            most = 0
                        shut |= most <= 0
                        if km and 0 < most < kph:
                            slow.append((a, b, most / kph))
                case Exposure():
                    for a, b, value in parts:
                        risk += value * effect.risk_per_exposure * km * (b - a)
                        if effect.slow_from is not None and value >= effect.slow_from:
                            slow.append((a, b, effect.speed_factor))
                        shut |= effect.close_from is not None and value >= effect.close_from
    return {"open": not shut, "time": km / kph * 60 * time_factor(slow), "risk": risk}


# ------------------------------------------------------------------ what may be drawn
@st.composite
def measured_stretches(draw, quantity, values, edge_ids=IDS):
    """Return stretches that do not overlap, some of them touching, some edges bare."""
    rows = []
    for edge_id in draw(st.lists(st.sampled_from(edge_ids), max_size=5, unique=True)):
        cuts = sorted(draw(st.sets(st.sampled_from([0.0, 0.125, 0.3, 0.5, 0.75, 1.0]),
                                   min_size=2, max_size=5)))  # fmt: skip
        for start, end in itertools.pairwise(cuts):
            if draw(st.integers(0, 4)):
                rows.append((edge_id, start, end, draw(st.sampled_from(values))))
    columns = list(zip(*rows, strict=True)) or [[], [], [], []]
    ids, start, end, value = (np.array(column) for column in columns)
    return Stretches(quantity=quantity, edge_ids=ids.astype(object), start=start, end=end,
                     value=value)  # fmt: skip


DEPTHS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.8, 1.0, 2.0)
EXPOSURES = (0.0, 0.25, 1.0, 3.5)
PLAIN = {
    Closure: st.just(Closure()),
    SpeedFactor: st.sampled_from([0.1, 0.25, 0.7, 1.0]).map(SpeedFactor),
    ExtraCost: st.sampled_from([0.0, 12.5]).map(ExtraCost),
    RiskCost: st.sampled_from([0.0, 0.003, 0.1]).map(RiskCost),
    CapacityFactor: st.sampled_from([0.0, 0.5, 1.0]).map(CapacityFactor),
    Throughput: st.sampled_from([0.0, 20.0, 1e4]).map(Throughput),
}
DEPTH = st.sampled_from([CURVES, CURVES[:1], CURVES[1:]]).map(lambda c: DepthSpeed(curves=c))
EXPOSURE = st.builds(
    Exposure, risk_per_exposure=st.sampled_from([0.0, 0.01]),
    slow_from=st.sampled_from([None, 0.0, 1.0]), speed_factor=st.sampled_from([0.5, 0.9]),
    close_from=st.sampled_from([None, None, 3.5]),
)  # fmt: skip
HOURS = st.sampled_from([(0.0, 24.0), (6.0, 18.0), (8.0, 20.0), (5.0, 7.5), (18.0, 24.0)])


def subsets(values, least=0):
    return st.lists(st.sampled_from(values), min_size=least, max_size=2, unique=True).map(tuple)


def some(**options):
    """Return words for some of the fields of a selection, at least one of them."""
    fields = {name: st.just(()) | subsets(values, 1) for name, values in options.items()}
    return st.fixed_dictionaries(fields).filter(lambda made: any(made.values()))


AREAS = st.builds(
    lambda x, y, w, h: gpd.GeoSeries(
        [shapely.segmentize(shapely.box(x, y, x + w, y + h), 5_000)], crs=CRS
    ).to_crs(4326).iloc[0],
    st.integers(-5_000, 90_000), st.integers(-45_000, 5_000),
    st.sampled_from([700, 20_000, 60_000]),
    st.sampled_from([900, 15_000]),
)  # fmt: skip


@st.composite
def everything(draw, name):
    """Return a disruption of any kind with effects of any kind that it may have."""
    form = draw(st.sampled_from(["words", "words", "edges", "posts", "area", "depth", "exposure"]))
    kinds = draw(st.lists(st.sampled_from(list(PLAIN)), max_size=3, unique=True))
    effects = [draw(PLAIN[kind]) for kind in kinds if kind is not Closure or draw(st.booleans())]
    direction = draw(st.sampled_from(["both", "both", "forward", "backward"]))
    narrow = {"direction": direction, "into": draw(st.sampled_from(["", "", "AAA", "BBB"]))}
    if form == "words":
        narrow |= draw(
            some(edge_kinds=("road", "track", "river", "walk"),
                 surfaces=("paved", "earth", "water"),
                 road_classes=("primary", "track"), refs=("RN6", "RN16"),
                 countries=("AAA", "BBB"), reaches=("upper", "lower"),
                 rainfall_classes=("wet", "dry"), place_ids=(*"ACDEFGHI", "off", "far"))
        )  # fmt: skip
        if narrow["countries"] and draw(st.booleans()):
            effects.append(draw(HOURS.map(lambda h: OpeningHours(*h))))
    elif form == "edges":
        narrow["edge_ids"] = draw(subsets(IDS, 1))
        effects.append(ExtraWait(draw(st.sampled_from([0.0, 7.5]))))
    elif form == "posts":
        narrow |= draw(st.sampled_from([{"informal": True}, {"crossing_ids": ("b-c",)},
                                        {"crossing_ids": ("b-c", "G-H")}]))  # fmt: skip
        effects += draw(st.lists(st.sampled_from(REGIMES).map(Regime), max_size=1))
        effects += draw(st.lists(HOURS.map(lambda h: OpeningHours(*h)), max_size=1))
        effects.append(ExtraWait(3.0))
    elif form == "area":
        narrow["area"] = draw(AREAS)
    elif form == "depth":
        narrow["stretches"] = draw(measured_stretches("depth_m", DEPTHS, WAYS))
        effects.append(draw(DEPTH))
    else:
        narrow["stretches"] = draw(measured_stretches("exposure", EXPOSURES, WAYS))
        effects.append(draw(EXPOSURE))
    who = draw(st.sampled_from([Who(), Who(), Who(), Who(profiles=("truck", "boat")),
                                Who(kinds=("refugee",)), Who(nationalities=("AAA",)),
                                Who(exposure_classes=("x",))]))  # fmt: skip
    dates = draw(st.sampled_from([{}, {}, {}, {"start": dt.date(2013, 5, 1)},
                                  {"end": dt.date(2013, 9, 30)}]))  # fmt: skip
    return Disruption(
        disruption_id=name, kind=draw(st.sampled_from(["insecurity", "flood", "service"])),
        what=Selection(**narrow), who=who, effects=tuple(effects or [RiskCost(0.5)]),
        months=draw(st.sampled_from([(), (), (), (3, 4, 7), (12,)])),
        probability=draw(st.sampled_from([1.0, 1.0, 1.0, 0.2, 0.0])), **dates,
    )  # fmt: skip


@st.composite
def many(draw, most=5):
    return [draw(everything(f"d{i}")) for i in range(draw(st.integers(1, most)))]


TRAVELLERS = st.builds(
    TravellerClass, profile=st.sampled_from(["truck", "foot", "boat"]),
    kind=st.sampled_from(PEOPLE_KINDS), nationality=st.sampled_from(["AAA", "BBB", "CCC"]),
    exposure_class=st.sampled_from(["", "x"]),
)  # fmt: skip
MONTHS = st.sampled_from([dt.date(2013, 1, 20), dt.date(2013, 4, 30), dt.date(2013, 7, 1),
                          dt.date(2013, 12, 31)])  # fmt: skip
TRUCK = TravellerClass(profile="truck", nationality="AAA")
BOAT = TravellerClass(profile="boat", nationality="AAA")
DRY_DAY, LOW_DAY = dt.date(2013, 1, 20), dt.date(2013, 4, 15)


@given(made=many(), traveller=TRAVELLERS, day=MONTHS)
@settings(max_examples=100, phases=UNSHRUNK)
def test_conditions_are_what_a_slow_loop_over_arcs_says(made, traveller, day):
    assert_as_expected(made, traveller, day)


@given(data=st.data(), traveller=TRAVELLERS, day=MONTHS)
@settings(max_examples=30, phases=UNSHRUNK)
def test_neither_the_order_of_disruptions_nor_of_effects_matters_to_the_last_bit(
    data, traveller, day
):
    made = data.draw(many())
    turned = [
        dataclasses.replace(one, effects=tuple(data.draw(st.permutations(one.effects))))
        for one in data.draw(st.permutations(made))
    ]
    assert_bitwise_equal(laid(made, day, traveller), laid(turned, day, traveller))


def test_the_order_of_effects_does_not_matter_where_sums_are_rounded():
    """0.1 + 0.2 + 0.3 depends on the order in its last bit: risk of two kinds on one edge."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        first, second, third, value = rng.random(4)
        effects = (RiskCost(second), Exposure(risk_per_exposure=third))
        rows = [("A-b", 0.0, 0.9, value)]
        on = Disruption(disruption_id="a", kind="mine", effects=(RiskCost(first),),
                        what=Selection(edge_ids=("A-b",)))  # fmt: skip
        one, two = (
            laid([on, measured("exposure", rows, *order)]) for order in (effects, effects[::-1])
        )
        assert_bitwise_equal(one, two)


def laid(made, day=DRY_DAY, traveller=TRUCK, network=NETWORK):
    scenario = Scenario(name="s", when=day, start=FIRST, end=LAST, disruptions=tuple(made))
    return conditions(network, scenario, None, traveller)


def assert_bitwise_equal(one, two):
    for name in ("arc", "open", "time_min", "risk", "dearer_arc", "cost_xof", "limited_arc",
                 "capacity", "shut_arc", "shut_start", "shut_end"):  # fmt: skip
        left, right = getattr(one, name), getattr(two, name)
        assert left.dtype == right.dtype, name
        assert left.tobytes() == right.tobytes(), name


@given(made=many(), traveller=TRAVELLERS, day=MONTHS)
@settings(max_examples=25, phases=UNSHRUNK)
def test_a_closure_more_makes_nothing_faster_cheaper_or_safer(made, traveller, day):
    before = laid(made, day, traveller)
    names = IDS[::2]
    closing = Disruption(disruption_id="more", kind="road", effects=(Closure(),),
                         what=Selection(edge_ids=tuple(names)))  # fmt: skip
    after = laid([*made, closing], day, traveller).dense()
    once = before.dense()
    assert not (after.open & ~once.open).any()
    chosen = np.isin(NETWORK.edges["edge_id"].to_numpy()[NETWORK.arcs.edge], names)
    assert not after.open[chosen].any()
    np.testing.assert_array_equal(after.open[~chosen], once.open[~chosen])
    both = after.open & once.open
    for metric in ("time_min", "cost_xof", "risk", "length_m"):
        np.testing.assert_array_equal(getattr(after, metric)[both], getattr(once, metric)[both])


def test_nothing_is_the_baseline_bit_for_bit():
    for profile, day in itertools.product(("truck", "foot", "boat"), (DRY_DAY, LOW_DAY)):
        who = TravellerClass(profile=profile, nationality="AAA")
        idle = [Disruption(disruption_id="x", kind="flood", what=Selection(edge_kinds=("road",)),
                           effects=(Closure(),), probability=0.0),
                Disruption(disruption_id="y", kind="flood", what=Selection(edge_kinds=("ferry",)),
                           effects=(Closure(),))]  # fmt: skip
        for made in ([], idle):
            found = laid(made, day, who)
            assert len(found.arc) == len(found.shut_arc) == 0
            assert not found.disruptions
            found.base.open.sum()
            dense = found.dense()
            np.testing.assert_array_equal(
                np.concatenate([dense.open, dense.access_open]), found.base.open
            )


# ------------------------------------------------------------------ slowness
@given(data=st.data(), size=st.integers(1, 4))
@settings(max_examples=80)
def test_slowness_is_the_sum_over_pieces_in_exact_numbers(data, size):
    share = st.fractions(0, 1, max_denominator=64)
    rows = []
    for _ in range(data.draw(st.integers(0, 8))):
        start, end = sorted(data.draw(st.tuples(share, share)))
        factor = data.draw(st.fractions(Fraction(1, 50), 1, max_denominator=50))
        rows.append((data.draw(st.integers(0, size - 1)), start, end, factor))
    found = slowness(
        np.array([r[0] for r in rows], dtype=np.int32),
        *(np.array([float(r[i]) for r in rows]) for i in (1, 2, 3)), size,
    )  # fmt: skip
    for owner in range(size):
        mine = [row[1:] for row in rows if row[0] == owner]
        cuts = sorted({Fraction(0), Fraction(1), *(x for a, b, _ in mine for x in (a, b))})
        exact = sum(
            (b - a) / min([Fraction(1), *(f for c, d, f in mine if c <= a and b <= d)])
            for a, b in itertools.pairwise(cuts)
        )
        assert found[owner] == pytest.approx(float(exact), rel=1e-12)


def test_slowness_of_nothing_is_one_exactly():
    nothing = np.empty(0)
    assert slowness(nothing.astype(np.int32), nothing, nothing, nothing, 3).tolist() == [1, 1, 1]
    full = slowness(np.array([1]), np.zeros(1), np.ones(1), np.ones(1), 2)
    assert full.tolist() == [1.0, 1.0]


# ------------------------------------------------------------------ opening hours
@pytest.mark.parametrize(
    ("opens", "closes", "minutes"),
    [(0, 24, 0), (6, 18, 180), (0, 12, 180), (12, 24, 180), (8, 9, 23**2 / 48 * 60),
     (np.nan, 18, 0), (6, np.nan, 0)],
)  # fmt: skip
def test_the_wait_for_a_post_to_open_is_the_square_of_the_night_over_48_h(opens, closes, minutes):
    assert float(hours_wait_min(opens, closes)) == pytest.approx(minutes)


def test_the_wait_is_the_mean_over_all_minutes_of_arrival():
    opens, closes = 7.0, 19.5
    arrival = (np.arange(24 * 3600) + 0.5) / 3600
    wait = np.where(arrival < opens, opens - arrival,
                    np.where(arrival > closes, 24 + opens - arrival, 0.0))  # fmt: skip
    assert float(hours_wait_min(opens, closes)) == pytest.approx(60 * wait.mean(), rel=1e-6)


class TestOpeningHours:
    """The post b-c is open 6 to 18 in normal times: 20 km, 45 min formalities, 180 min of night."""

    NORMAL = 20 + 45 + 180

    def minutes(self, *hours):
        made = [
            Disruption(disruption_id=f"h{i}", kind="border", effects=(OpeningHours(*pair),),
                       what=Selection(crossing_ids=("b-c",)))
            for i, pair in enumerate(hours)
        ]  # fmt: skip
        found = laid(made)
        row = int(NETWORK.edge_positions(["b-c"])[0])
        dense = found.dense()
        return dense.time_min[row] / 600 if dense.open[row] else None

    def test_normal_hours_are_in_the_baseline(self):
        assert self.minutes() == self.NORMAL
        assert self.minutes((0, 24)) == self.NORMAL
        assert self.minutes((5, 19)) == self.NORMAL

    def test_hours_overlap_with_the_normal_ones_and_with_each_other(self):
        assert self.minutes((8, 22)) == pytest.approx(65 + 14**2 / 48 * 60)
        assert self.minutes((8, 22), (4, 16)) == pytest.approx(65 + 16**2 / 48 * 60)

    def test_hours_that_leave_none_close(self):
        assert self.minutes((18, 24)) is None
        assert self.minutes((6, 10), (10, 18)) is None

    def test_hours_in_a_country_are_those_of_its_posts_not_of_its_roads(self):
        made = Disruption(disruption_id="curfew", kind="border", effects=(OpeningHours(8, 18),),
                          what=Selection(countries=("AAA", "BBB")))  # fmt: skip
        found = laid([made])
        changed = set(NETWORK.edges["edge_id"].to_numpy()[NETWORK.arcs.edge[found.arc]])
        assert changed == {"b-c", "G-H"}


def test_leaving_borders_aside_leaves_every_regime_aside():
    """A regime may come with something else, such as risk: only the regime is left aside."""
    made = Disruption(disruption_id="x", kind="insecurity", effects=(Regime("closed"), RiskCost(1)),
                      what=Selection(crossing_ids=("b-c",)))  # fmt: skip
    scenario = Scenario(name="s", when=DRY_DAY, start=FIRST, end=LAST, disruptions=(made,))
    row = int(NETWORK.edge_positions(["b-c"])[0])
    assert not conditions(NETWORK, scenario, None, TRUCK).dense().open[row]
    aside = conditions(NETWORK, scenario, None, TRUCK, ignore_borders=True).dense()
    assert aside.open[row]
    assert aside.risk[row] == 20_000_000


# ------------------------------------------------------------------ depth of water
def measured(quantity, rows, *effects, name="w", **more):
    columns = list(zip(*rows, strict=True))
    made = Stretches(quantity=quantity, edge_ids=np.array(columns[0], dtype=object),
                     start=np.array(columns[1]), end=np.array(columns[2]),
                     value=np.array(columns[3]))  # fmt: skip
    kind = "flood" if quantity == "depth_m" else "insecurity"
    return Disruption(disruption_id=name, kind=kind, what=Selection(stretches=made, **more),
                      effects=effects)  # fmt: skip


def water(rows, name="w", curves=CURVES, **more):
    return measured("depth_m", rows, DepthSpeed(curves=curves), name=name, **more)


def minutes(found, edge_id, *, forward=True):
    arcs, row = found.network.arcs, int(found.network.edge_positions([edge_id])[0])
    arc = int(np.flatnonzero((arcs.edge == row) & (arcs.forward == forward))[0])
    dense = found.dense()
    return dense.time_min[arc] / 600 if dense.open[arc] else None


class TestDepthOfWater:
    """A-b is 40 km of road at 60 km/h, D-E 60 km of track at 30 km/h, both of a truck."""

    @pytest.mark.parametrize(
        ("depth", "kph"), [(0.0, 60), (0.04, 60), (0.1, 40.6548), (0.2, 12.3648), (0.2999, None)]
    )
    def test_speed_is_the_lower_of_free_flow_and_the_curve(self, depth, kph):
        kph = kph or 0.0009 * 299.9**2 - 0.5529 * 299.9 + 86.9448
        found = laid([water([("A-b", 0.0, 1.0, depth)])])
        assert minutes(found, "A-b") == pytest.approx(40 / kph * 60, abs=2e-3)

    def test_a_slow_track_is_slowed_only_by_water_that_makes_it_slower(self):
        assert minutes(laid([water([("D-E", 0.0, 1.0, 0.1)])]), "D-E") == 120  # 40.65 > 30 km/h
        assert minutes(laid([water([("D-E", 0.0, 1.0, 0.2)])]), "D-E") == pytest.approx(
            60 / 12.3648 * 60, abs=2e-3
        )

    def test_in_the_rain_free_flow_is_that_of_the_rain(self):
        rain = dt.date(2013, 7, 15)  # 15 km/h on this track
        assert minutes(laid([water([("D-E", 0.0, 1.0, 0.1)])], rain), "D-E") == 240
        assert minutes(laid([water([("D-E", 0.0, 1.0, 0.2)])], rain), "D-E") == pytest.approx(
            60 / 12.3648 * 60, abs=2e-3
        )

    def test_each_stretch_counts_by_its_own_depth(self):
        found = laid([water([("A-b", 0.0, 0.25, 0.1), ("A-b", 0.25, 0.5, 0.2)])])
        assert minutes(found, "A-b") == pytest.approx(
            10 / 40.6548 * 60 + 10 / 12.3648 * 60 + 20, abs=2e-3
        )

    def test_at_the_cut_it_is_closed_and_only_there(self):
        for depth, shut in ((0.3, True), (0.29999999, True), (0.2999, False), (5.0, True)):
            found = laid([water([("A-b", 0.5, 0.6, depth), ("A-b", 0.6, 0.7, 0.1)])])
            assert (minutes(found, "A-b") is None) is shut
            stretches = found.closed_stretches
            assert list(stretches.values()) == ([((0.5, 0.6),)] * 2 if shut else [])

    def test_the_rest_of_a_partly_closed_edge_stays_usable(self):
        found = laid([water([("A-b", 0.5, 0.6, 0.4), ("A-b", 0.8, 0.9, 0.4)])]).dense()
        parts = list(found.closed_arcs.values())
        assert len(parts) == 2
        for part in parts:
            assert part.leaves_open(0.0, 0.5)
            assert part.leaves_open(0.6, 0.8)
            assert part.leaves_open(0.95, 1.0)
            assert not part.leaves_open(0.5, 0.51)
            assert not part.leaves_open(0.0, 1.0)
            assert part.time_min == 40 * 600

    def test_closed_all_along_is_not_partly_closed(self):
        found = laid([water([("A-b", 0.0, 1.0, 0.4)])])
        assert minutes(found, "A-b") is None
        assert not found.closed_stretches

    def test_who_has_no_curve_is_not_touched(self):
        foot = TravellerClass(profile="foot", nationality="AAA")
        found = laid([water([(name, 0.0, 1.0, 2.0) for name in IDS])], traveller=foot)
        assert len(found.arc) == 0

    def test_waves_do_not_slow_boats_and_ferries(self):
        network = NETWORK.replace_tables(
            edges=NETWORK.edges.assign(
                kind=NETWORK.edges["kind"].where(NETWORK.edges["edge_id"] != "E-I", "ferry"),
            ),
            profiles=NETWORK.profiles.assign(
                modes=[f"{modes}|ferry" for modes in NETWORK.profiles["modes"]]
            ),
            speeds=pd.concat(
                [NETWORK.speeds, NETWORK.speeds.iloc[:1].assign(profile="truck", kind="ferry",
                                                                speed_kph=50.0)]
            ),
        )  # fmt: skip
        for depth in (0.1, 0.5, 3.0):
            found = laid([water([("E-I", 0.0, 1.0, depth)])], network=network)
            assert minutes(found, "E-I") is not None
            assert len(found.arc) == 0


class TestBoatsNeedDeepWater:
    """C-E is a river that is closed from March to May; a boat needs 1 m."""

    def open(self, *rows, day=LOW_DAY, traveller=BOAT, more=()):
        return minutes(laid([water(rows), *more], day, traveller), "C-E")

    def test_out_of_season_it_is_closed_and_deep_water_opens_it(self):
        assert self.open(("A-b", 0.0, 0.1, 0.0)) is None
        assert self.open(("C-E", 0.0, 1.0, 1.0)) == 20 / 12 * 60 + 30
        assert self.open(("C-E", 0.0, 1.0, 0.9999999)) is not None  # 1 m read from a file
        assert self.open(("C-E", 0.0, 1.0, 0.99)) is None

    def test_one_shallow_is_enough_to_stop_it(self):
        assert self.open(("C-E", 0.0, 0.5, 2.0), ("C-E", 0.5, 1.0, 3.0)) is not None
        assert self.open(("C-E", 0.0, 0.5, 2.0), ("C-E", 0.5, 0.99, 3.0)) is None
        assert self.open(("C-E", 0.0, 0.5, 2.0), ("C-E", 0.5, 0.6, 0.2), ("C-E", 0.6, 1, 2)) is None

    def test_the_same_water_measured_twice_is_not_twice_as_long(self):
        assert self.open(("C-E", 0.0, 0.6, 2.0), ("C-E", 0.0, 0.5, 2.0)) is None
        assert self.open(("C-E", 0.0, 0.6, 2.0), ("C-E", 0.4, 1.0, 2.0)) is not None

    def test_what_else_closes_it_keeps_it_closed(self):
        front = Disruption(disruption_id="f", kind="insecurity", effects=(Closure(),),
                           what=Selection(edge_ids=("C-E",)))  # fmt: skip
        assert self.open(("C-E", 0.0, 1.0, 2.0), more=[front]) is None

    def test_a_truck_gets_no_boat(self):
        assert self.open(("C-E", 0.0, 1.0, 2.0), traveller=TRUCK) is None

    def test_in_season_depth_changes_nothing(self):
        for depth in (0.2, 2.0):
            made = water([("C-E", 0.0, 1.0, depth)])
            assert len(laid([made], DRY_DAY, BOAT).arc) == 0

    def test_water_does_not_open_what_is_closed_for_another_reason(self):
        """Crossings under a regime, one-way streets, and seasons of roads stay as they are."""
        shut = NETWORK.replace_tables(crossings=NETWORK.crossings.assign(regime="closed"))
        rows = [(name, 0.0, 1.0, 2.0) for name in IDS]
        before = laid([], LOW_DAY, BOAT, shut).dense().open
        after = laid([water(rows)], LOW_DAY, BOAT, shut).dense().open
        opened = shut.edges["edge_id"].to_numpy()[shut.arcs.edge[after & ~before]]
        assert set(opened) == {"C-E"}


class TestExposure:
    """A-b is 40 km: 400 units of time free, risk per km and unit of exposure."""

    def found(self, *rows, made=None, more=()):
        effect = made or Exposure(risk_per_exposure=0.01)
        return laid([measured("exposure", rows, effect), *more])

    def risk(self, found, edge_id="A-b"):
        row = int(NETWORK.edge_positions([edge_id])[0])
        at = np.flatnonzero(found.arc == row)
        return float(found.risk[at[0]]) if len(at) else 0.0

    @given(value=st.floats(0, 100), times=st.floats(0, 10), share=st.floats(0.01, 1.0))
    @settings(max_examples=30, phases=UNSHRUNK)
    def test_risk_is_exposure_times_length(self, value, times, share):
        effect = Exposure(risk_per_exposure=times)
        found = self.found(("A-b", 0.0, share, value), made=effect)
        assert self.risk(found) == pytest.approx(value * times * share * 40)

    def test_risk_is_linear(self):
        one = self.risk(self.found(("A-b", 0.0, 0.5, 1.0), ("A-b", 0.5, 1.0, 3.0)))
        two = self.risk(self.found(("A-b", 0.0, 0.5, 2.0), ("A-b", 0.5, 1.0, 6.0)))
        assert two == pytest.approx(2 * one) == pytest.approx(2 * 0.01 * (20 + 60))

    def test_slower_and_closed_from_the_threshold_on(self):
        effect = Exposure(slow_from=1.0, speed_factor=0.25, close_from=5.0)
        rows = (("A-b", 0.0, 0.25, 0.999), ("A-b", 0.25, 0.5, 1.0), ("A-b", 0.5, 0.75, 4.999))
        assert minutes(self.found(*rows, made=effect), "A-b") == pytest.approx(20 + 4 * 20)
        shut = self.found(*rows, ("A-b", 0.75, 1.0, 5.0), made=effect)
        assert minutes(shut, "A-b") is None
        assert set(shut.closed_stretches.values()) == {((0.75, 1.0),)}

    def test_without_thresholds_it_is_risk_alone(self):
        found = self.found(("A-b", 0.0, 1.0, 100.0))
        assert minutes(found, "A-b") == 40
        assert not found.closed_stretches


class TestSeveralMeasuredDisruptions:
    def test_the_worst_speed_counts_where_they_overlap_and_risks_add_up(self):
        made = [
            measured("exposure", [("A-b", 0.0, 0.5, 2.0)],
                     Exposure(risk_per_exposure=0.01, slow_from=1, speed_factor=0.5), name="x"),
            measured("exposure", [("A-b", 0.25, 0.75, 3.0)],
                     Exposure(risk_per_exposure=0.02, slow_from=1, speed_factor=0.2), name="y"),
            water([("A-b", 0.5, 1.0, 0.1)], name="z"),
        ]  # fmt: skip
        # 0-10 km at 1/2, 10-30 at 1/5, 30-40 by the water
        want = 10 * 2 + 20 * 5 + 10 / 40.6548 * 60
        for order in itertools.permutations(made):
            found = laid(order)
            assert minutes(found, "A-b") == pytest.approx(want, abs=2e-3)
            assert found.risk[0] == pytest.approx(0.01 * 2 * 20 + 0.02 * 3 * 20)

    def test_closed_wins(self):
        deep = water([("A-b", 0.5, 0.6, 0.5)], name="deep")
        low = water([("A-b", 0.0, 1.0, 0.05)], name="low")
        for order in ([deep, low], [low, deep]):
            found = laid(order)
            assert minutes(found, "A-b") is None
            assert set(found.closed_stretches.values()) == {((0.5, 0.6),)}

    @given(data=st.data(), day=MONTHS)
    @settings(max_examples=20, phases=UNSHRUNK)
    def test_more_water_never_helps_on_land_nor_more_exposure_anywhere(self, data, day):
        deeper = data.draw(st.sampled_from([0.0, 0.05, 0.3]))
        for quantity, values, effect in (
            ("depth_m", DEPTHS, DepthSpeed(curves=CURVES)),
            ("exposure", EXPOSURES, data.draw(EXPOSURE)),
        ):
            dry = [name for name in IDS if EDGES[name]["kind"] != "river"]
            once = data.draw(measured_stretches(quantity, values, dry))
            more = dataclasses.replace(once, value=once.value + deeper)
            one, two = (
                laid([Disruption(disruption_id="w", kind="flood", effects=(effect,),
                                 what=Selection(stretches=made))], day).dense()
                for made in (once, more)
            )  # fmt: skip
            assert not (two.open & ~one.open).any()
            both = one.open & two.open
            assert (two.time_min[both] >= one.time_min[both]).all()
            assert (two.risk[both] >= one.risk[both]).all()


def test_carriageways_share_what_was_measured_on_two_of_them_once():
    """Both hit carriageways pass on the same exposure; the third has it once, the worst of both."""
    drawn = draw_network("""
    A---------B
    C---------D
    E---------F
    """)
    network = drawn.replace_tables(edges=drawn.edges.assign(carriageway_group="n1"))
    rows = [("A-B", 0.2, 0.4, 1.0), ("C-D", 0.2, 0.4, 3.0)]
    made = measured("exposure", rows, Exposure(risk_per_exposure=0.01))
    found = laid([made], network=network)
    by_edge = dict(zip(network.edges["edge_id"].to_numpy()[network.arcs.edge[found.arc]],
                       found.risk.tolist(), strict=True))  # fmt: skip
    assert by_edge == pytest.approx({"A-B": 0.2, "C-D": 0.6, "E-F": 0.6})


def test_edges_that_are_not_there_are_named():
    with pytest.raises(UnknownIdError, match="measured on 1 edges that are not there"):
        laid([water([("A-bb", 0.0, 1.0, 0.1)])])

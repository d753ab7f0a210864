r"""A small made-up crisis with results, for maps and pages; every table follows its schema.

                 desert (DZA)
      ---------- tin-post (closed) ----------
      hotwell (track) |
                    oldtown --- <script>ville
                      |            \
                   rivertown ===river=== portville
                      |
      ---------- south-gate (open) ----------
                    farcamp (BFA)
"""

import datetime as dt
from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import shapely

from mobility_geo.network import build_network
from mobility_geo.schema import (
    CATCHMENTS,
    COMPARISON,
    CROSSING_FLOWS,
    EDGE_FLOWS,
    GROUPS,
    OD_FLOWS,
    REACHABLE,
    STATUS,
    WAYSTATIONS,
    check_table,
)

WGS84 = "EPSG:4326"
NASTY = "</script><script>alert('x')</script>ville"
STATES = {"e1": "riskier", "e5": "slower", "e6": "closed", "e8": "closed", "e11": "out_of_season"}
HELD_NAMES = ("Tin Post", "Hotwell")


def _layer(rows, columns):
    frame = pd.DataFrame(rows, columns=[*columns, "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=WGS84)


def _zones():
    def box(*bounds):
        return shapely.MultiPolygon([shapely.box(*bounds)])

    columns = ["pcode", "name", "adm_level", "country", "parent_pcode", "pcode_vintage",
               "population_persons", "source"]  # fmt: skip
    rows = [
        ("ML06", "Tombouctou", 1, "MLI", None, "toy", 90_000.0, "toy", box(-4, 17, 0, 20)),
        ("ML07", "Gao <b>&amp;", 1, "MLI", None, "toy", 80_000.0, "toy", box(0, 17, 4, 20)),
        ("ML05", "Mopti", 1, "MLI", None, "toy", 200_000.0, "toy", box(-4, 14, 0, 17)),
        ("ML04", "Ségou", 1, "MLI", None, "toy", 200_000.0, "toy", box(0, 14, 4, 17)),
        ("DZ-11", "Sahara", 1, "DZA", None, "toy", None, "toy", box(-4, 20, 4, 22)),
        ("BF-SAH", "Sahel", 1, "BFA", None, "toy", None, "toy", box(-4, 12, 4, 14)),
    ]
    return _layer(rows, columns)


POINTS = {
    "oldtown": (0.5, 18.0), "nasty": (2.5, 18.2), "rivertown": (0.4, 16.0),
    "portville": (2.8, 15.5), "farcamp": (0.5, 13.2), "hotwell": (-1.8, 19.0),
    "desert": (0.6, 21.0), "tin-post-mli": (0.55, 19.995), "tin-post-dza": (0.55, 20.005),
    "south-gate-mli": (0.45, 14.005), "south-gate-bfa": (0.45, 13.995),
    "port-rivertown": (0.42, 15.99), "port-portville": (2.79, 15.49),
}  # fmt: skip


def _places():
    columns = ["place_id", "name", "name_alt", "kind", "country", "pcode", "population_persons",
               "approximate", "source"]  # fmt: skip
    about = {
        "oldtown": ("Oldtown", "settlement", "MLI", "ML07", 40_000.0),
        "nasty": (NASTY, "settlement", "MLI", "ML07", 3000.0),
        "rivertown": ("N'Rivière & co", "settlement", "MLI", "ML04", 60_000.0),
        "portville": ("Portville", "settlement", "MLI", "ML04", 20_000.0),
        "farcamp": ("Farcamp", "camp", "BFA", "BF-SAH", None),
        "hotwell": ("Hotwell", "settlement", "MLI", "ML06", 700.0),
        "desert": ("Desert Fort", "settlement", "DZA", "DZ-11", 1500.0),
    }
    rows = [
        (key, name, None, kind, country, pcode, people, key == "hotwell", "toy",
         shapely.Point(POINTS[key]))
        for key, (name, kind, country, pcode, people) in about.items()
    ]  # fmt: skip
    return _layer(rows, columns)


def _nodes():
    kinds = {"port": "port", "tin-": "crossing", "sout": "crossing"}
    country = {"farcamp": "BFA", "desert": "DZA", "tin-post-dza": "DZA", "south-gate-bfa": "BFA"}
    rows = [
        (key, "port" if key.startswith("port-") else kinds.get(key[:4], "settlement")
         if key != "portville" else "settlement", key.replace("-", " ").title(),
         country.get(key, "MLI"), shapely.Point(xy))
        for key, xy in POINTS.items()
    ]  # fmt: skip
    return _layer(rows, ["node_id", "kind", "name", "country"])


def _edges():
    ends = [
        ("oldtown", "nasty", "road", "secondary", "paved", None, None),
        ("oldtown", "rivertown", "road", "primary", "paved", None, None),
        ("rivertown", "south-gate-mli", "road", "primary", "gravel", None, None),
        ("south-gate-mli", "south-gate-bfa", "crossing", "primary", "gravel", "south-gate", None),
        ("south-gate-bfa", "farcamp", "road", "primary", "gravel", None, None),
        ("oldtown", "tin-post-mli", "track", "track", "sand", None, None),
        ("tin-post-mli", "tin-post-dza", "crossing", "track", "sand", "tin-post", None),
        ("tin-post-dza", "desert", "track", "track", "sand", None, None),
        ("oldtown", "hotwell", "track", "track", "earth", None, None),
        ("nasty", "portville", "road", "tertiary", "earth", None, None),
        ("rivertown", "port-rivertown", "transfer", "none", "none", None, None),
        ("port-rivertown", "port-portville", "river", "none", "water", None, "toy-reach"),
        ("port-portville", "portville", "transfer", "none", "none", None, None),
    ]
    columns = ["edge_id", "from_node_id", "to_node_id", "kind", "road_class", "surface", "name",
               "wait_min", "crossing_id", "reach", "source", "confidence"]  # fmt: skip
    rows = [
        (f"e{number}", tail, head, kind, road, surface, f"{tail} to {head}", 0.0, crossing, reach,
         "toy", "high", shapely.LineString([POINTS[tail], POINTS[head]]))
        for number, (tail, head, kind, road, surface, crossing, reach) in enumerate(ends)
    ]  # fmt: skip
    return _layer(rows, columns)


def _crossings():
    columns = ["crossing_id", "name", "country_a", "country_b", "official", "regime",
               "processing_min", "source", "confidence"]  # fmt: skip
    rows = [
        ("tin-post", "Tin Post", "MLI", "DZA", True, "open", 60.0, "toy", "high",
         shapely.Point(0.55, 20.0)),
        ("south-gate", "South Gate", "MLI", "BFA", True, "open", 30.0, "toy", "high",
         shapely.Point(0.45, 14.0)),
    ]  # fmt: skip
    return _layer(rows, columns)


def toy_network():
    profiles = pd.DataFrame(
        [("truck", "Truck", "road|track|crossing", 10.0, 10.0, 25.0, "toy"),
         ("pinasse", "Pinasse", "river|transfer|road", 4.0, 12.0, 10.0, "toy")],
        columns=["profile", "label", "modes", "off_road_kph", "hours_per_day", "cost_xof_per_km",
                 "source"],
    )  # fmt: skip
    speeds = pd.DataFrame(
        [("truck", "road", "*", "*", 50.0, "toy")],
        columns=["profile", "kind", "road_class", "surface", "speed_kph", "source"],
    )
    seasons = pd.DataFrame(
        [("rain", "rain", "road", "earth", None, None, None, None, "7|8", "speed_factor", 0.5,
          "toy")],
        columns=["season_id", "label", "kinds", "surfaces", "reaches", "countries", "profiles",
                 "all_season", "months", "effect", "value", "source"],
    )  # fmt: skip
    river = shapely.LineString([(-4, 16.3), (0.3, 15.8), (2.9, 15.3), (4, 14.6)])
    return build_network(
        name="toy",
        zones=_zones(),
        nodes=_nodes(),
        edges=_edges(),
        crossings=_crossings(),
        places=_places(),
        waterways=_layer([("w1", "Toy river", True, "toy", river)],
                         ["waterway_id", "name", "barrier", "source"]),
        seasons=seasons,
        profiles=profiles,
        speeds=speeds,
    )  # fmt: skip


def _status(changes=()):
    def row(group, base, place, pcode, status, people, **more):
        low, persons, high = people
        return {
            "group_id": group, "base": base, "place_id": place, "pcode": pcode, "country": "MLI",
            "kind": "resident" if base == "residents" else "idp", "nationality": "MLI",
            "profile": "truck", "trip": "one_way", "destination_set": "camps", "status": status,
            "persons": persons, "persons_low": low, "persons_high": high, **more,
        }  # fmt: skip

    border = {"reason": "border", "reasons_all": "border|over_time", "cause": "border",
              "causes_all": "border", "held_node_id": "tin-post-mli", "held_name": "Tin Post",
              "held_kind": "crossing", "held_crossing_id": "tin-post"}  # fmt: skip
    risk = {"reason": "over_risk", "reasons_all": "over_risk", "cause": "insecurity",
            "causes_all": "insecurity", "held_node_id": "hotwell", "held_name": "Hotwell",
            "held_kind": "dispersed"}  # fmt: skip
    few = {"reason": "no_mode", "reasons_all": "no_mode", "cause": "flood", "causes_all": "flood"}
    can = {"destination_place_id": "farcamp", "time_min": 900.0, "baseline_time_min": 800.0,
           "length_m": 500_000.0, "cost_xof": 12_500.0, "risk": 0.1}  # fmt: skip
    rows = [
        row("g1", "movers", "oldtown", "ML07", "can_reach", (11_200, 12_345, 14_000), **can),
        row("g1", "movers", "oldtown", "ML07", "stranded", (3900, 4567, 5900), **border),
        row("g2", "movers", "nasty", "ML07", "stranded", (700, 812, 900), **risk),
        row("g3", "movers", "hotwell", "ML06", "stranded", (60, 77, 90), **risk),
        row("g4", "movers", "portville", "ML04", "stranded", (3, 7, 12), **few),
        row("g4", "movers", "portville", "ML04", "isolated", (2, 4, 5), isolated_kind="seasonal"),
        row("g5", "movers", "rivertown", "ML04", "can_reach", (5000, 5500, 6000), **can),
        row("g6", "movers", "hotwell", "ML06", "unknown", (200, 230, 400)),
        row("r1", "residents", "oldtown", "ML07", "cut_off", (39_000, 40_000, 41_000), **risk),
        row("r2", "residents", "rivertown", "ML04", "can_reach", (60_000,) * 3, **can),
    ]
    for number, change in changes:
        rows[number] = {**rows[number], **change}
    # columns that the toy does not need get their defaults
    return check_table(pd.DataFrame(rows), STATUS)


def _groups(status):
    known = [name for name in GROUPS.names if name in status.columns]
    rows = status.drop_duplicates("group_id")[known].copy()
    sums = status.groupby("group_id")[["persons", "persons_low", "persons_high"]].sum()
    for column in sums:
        rows[column] = rows["group_id"].map(sums[column])
    rows["source"] = "toy"
    return check_table(rows, GROUPS)


def _stations():
    columns = ["waystation_id", "name", "place_id", "kind", "hypothetical", "capacity_persons",
               "open_from", "open_until", "source"]  # fmt: skip
    rows = [
        ("w-far", "Farcamp <i>&", "farcamp", "camp", False, 20_000.0, None, None, "toy",
         shapely.Point(POINTS["farcamp"])),
        ("w-river", "Relais", "rivertown", "fixed", True, None, None, None, "toy",
         shapely.Point(POINTS["rivertown"])),
        ("w-desert", "Desert stop", "desert", "mobile", True, None, None, None, "toy",
         shapely.Point(POINTS["desert"])),
    ]  # fmt: skip
    return _layer(rows, columns)


def _flow_tables():
    od = pd.DataFrame(
        [
            ("least_time", "g1", "oldtown", "farcamp", "BFA", "BF-SAH", 12_345, 0, 900.0,
             "south-gate"),
            ("least_time", "g5", "rivertown", "farcamp", "BFA", "BF-SAH", 5500, 0, 400.0,
             "south-gate"),
            ("least_time", "g2", "nasty", None, None, None, 0, 812, None, None),
            ("logit", "g1", "oldtown", "farcamp", "BFA", "BF-SAH", 12_345, 0, 900.0,
             "south-gate"),
        ],
        columns=["rule", "group_id", "origin_id", "destination_id", "destination_country",
                 "destination_pcode", "flow_persons", "unserved_persons", "time_min",
                 "crossing_ids"],
    )  # fmt: skip
    edge = pd.DataFrame(
        [("least_time", "e1", 12_345, 12_345, 0), ("least_time", "e2", 17_845, 17_845, 0),
         ("least_time", "e3", 17_845, 17_845, 0), ("least_time", "e4", 17_845, 17_845, 0),
         ("least_time", "e0", 0, 0, 0), ("least_time", "e9", 310, 0, 310),
         ("logit", "e2", 9, 9, 0)],
        columns=["rule", "edge_id", "flow_persons", "forward_persons", "backward_persons"],
    )  # fmt: skip
    crossing = pd.DataFrame(
        [("least_time", "south-gate", "South Gate", "BFA", 17_845),
         ("logit", "south-gate", "South Gate", "BFA", 17_000)],
        columns=["rule", "crossing_id", "crossing_name", "into_country", "flow_persons"],
    )  # fmt: skip
    return (check_table(od, OD_FLOWS), check_table(edge, EDGE_FLOWS),
            check_table(crossing, CROSSING_FLOWS))  # fmt: skip


def _reach_tables(network):
    reach = pd.DataFrame(
        [("oldtown", "Oldtown", "truck", "idp", "MLI", "w-river", "Relais", 1, 300.0, 250.0,
          223_000.0, 5600.0, 0.02, "road", None),
         ("oldtown", "Oldtown", "truck", "idp", "MLI", "w-far", "Farcamp <i>&", 2, 900.0, 800.0,
          533_000.0, 13_000.0, 0.1, "road>crossing>road", "south-gate")],
        columns=["place_id", "place_name", "profile", "kind", "nationality", "waystation_id",
                 "waystation_name", "rank", "time_min", "baseline_time_min", "length_m",
                 "cost_xof", "risk", "modes", "crossing_ids"],
    )  # fmt: skip
    names = network.places.set_index("place_id")
    near = pd.DataFrame(
        [(key, names["name"][key], names["pcode"][key], station, name, time,
          names["population_persons"][key])
         for key, station, name, time in (("oldtown", "w-river", "Relais", 300.0),
                                          ("rivertown", "w-river", "Relais", 0.0),
                                          ("hotwell", None, None, None))],
        columns=["place_id", "place_name", "pcode", "waystation_id", "waystation_name",
                 "time_min", "population_persons"],
    )  # fmt: skip
    return check_table(reach, REACHABLE), check_table(near, CATCHMENTS)


def _disruptions(network):
    rows = [
        ("insecurity/north", "North & <u>west</u>", "insecurity", 4.0, "closed",
         dt.date(2013, 1, 11), None, 3, 2, 889, 1.0, "toy report", "medium",
         shapely.MultiPolygon([shapely.box(-3, 18.4, 0.2, 19.7)])),
        ("desert-closed", "Desert border", "border", None, "regime closed", dt.date(2013, 1, 14),
         None, 1, 1, 4567, 1.0, "toy report", "high",
         shapely.MultiPolygon([shapely.box(0.5, 19.95, 0.6, 20.05)])),
        ("delta", "Delta flood", "flood", None, "closed", dt.date(2012, 8, 1),
         dt.date(2013, 2, 1), 1, 1, 0, 1.0, "toy report", "low",
         shapely.MultiPolygon([shapely.box(1.5, 15.2, 2.4, 16.2)])),
    ]  # fmt: skip
    columns = ["disruption_id", "name", "kind", "severity", "effect", "start", "end",
               "edges_touched", "edges_closed", "persons_freed", "probability", "source",
               "confidence"]  # fmt: skip
    return _layer(rows, columns).to_crs(network.crs)


def _comparison():
    rows = [
        {"figure_id": "f1", "label": "Share of movers abroad", "unit": "share", "published": 0.40,
         "modelled": 0.36, "modelled_low": 0.30, "modelled_high": 0.41, "error": -0.04,
         "modelled_logit": 0.38, "error_logit": -0.02, "verdict": "error",
         "used_as_input": False, "source": "toy report, p. 3"},
        {"figure_id": "f2", "label": "Main crossing into Burkina Faso",
         "published_text": "south-gate", "modelled_text": "south-gate", "verdict": "agrees",
         "used_as_input": False, "source": "toy report, p. 3"},
        {"figure_id": "f3", "label": "Displaced in all", "unit": "persons", "published": 23_542.0,
         "modelled": 23_542.0, "error": 0.0, "verdict": "input", "used_as_input": True,
         "source": "toy report, p. 1"},
        {"figure_id": "f4", "label": "Held at Tin Post", "unit": "persons",
         "published_low": 4000.0, "published_high": 6000.0, "modelled": 4567.0,
         "modelled_low": 3900.0, "modelled_high": 5900.0, "verdict": "agrees",
         "used_as_input": False, "source": "toy report, p. 4"},
    ]  # fmt: skip
    return check_table(pd.DataFrame(rows), COMPARISON)


def toy_results(*, status_changes=(), audience="internal", title="Toy <crisis> & co"):
    """Return results-like tables of the toy crisis."""
    network = toy_network()
    status = _status(status_changes)
    baseline = status.copy()
    freed = baseline["status"].isin(["stranded", "cut_off"])
    baseline.loc[freed, "status"] = "can_reach"
    od, edge, crossing = _flow_tables()
    reach, near = _reach_tables(network)
    case = SimpleNamespace(
        name="toy",
        title=title,
        description="Nobody lives here. 5 people are held at Tin Post.",
        when=dt.date(2013, 1, 20),
        network=network,
        groups=_groups(status),
        waystations=check_table(_stations(), WAYSTATIONS).to_crs(network.crs),
        assumptions=pd.DataFrame(
            {"text": ["Trucks run <every> day."], "source": ["own work: toy assumption"]}
        ),
        limits=SimpleNamespace(time_limit_h=240.0, risk_limit=0.5, unknown_after_days=None),
        logit_scale_per_h=0.1,
        audience=audience,
    )
    states = pd.DataFrame(
        {
            "edge_id": network.edges["edge_id"],
            "state": network.edges["edge_id"].map(STATES).fillna("open"),
            "speed_factor": 1.0,
            "risk_per_km": 0.0,
            "disruption_ids": None,
        }
    )  # fmt: skip
    return SimpleNamespace(
        case=case,
        when=case.when,
        status=status,
        baseline=baseline,
        reachable=reach,
        od_flows=od,
        edge_flows=edge,
        crossing_flows=crossing,
        catchments=near,
        edge_conditions=states,
        disruptions=_disruptions(network),
        comparison=_comparison(),
        warnings=("places: 1 place is approximate: Hotwell",),
        run_info={"version": "0.1.0", "scenario_sha256": "ab" * 32, "network_sha256": "cd" * 32,
                  "seed": "none"},
    )  # fmt: skip

"""Routes for many requests: each planned as if it were asked alone, or with its true reason."""

import datetime as dt
import itertools
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobility_geo.batch import check_requests, plan_routes, read_requests, routes, write_routes
from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import InputError, OutputError
from mobility_geo.outcomes import find_stranded
from mobility_geo.routing import find_ways, journey, prepare_engine
from mobility_geo.scenario import (
    Closure,
    Disruption,
    ExtraWait,
    Limits,
    RiskCost,
    Selection,
    TravellerClass,
)
from mobility_geo.testing import build_case, draw_network
from mobility_geo.testing.strategies import cases, networks
from mobility_geo.units import QUANTUM

METRICS = ("time_min", "length_m", "cost_xof", "risk")
TRUCK = {"profile": "truck", "nationality": "AAA", "kind": "refugee"}
PICTURE = """
    A---b---C
    |       |
    +---D---+
        =
        =
        E###F
"""


def every_pair(case):
    places = list(case.network.places["place_id"])
    return pd.DataFrame(itertools.product(places, places), columns=["origin", "destination"])


def closed(name, edges, start=None, end=None, kind="road"):
    return Disruption(
        disruption_id=name, kind=kind, what=Selection(edge_ids=tuple(edges)),
        effects=(Closure(),), start=start, end=end,
    )  # fmt: skip


def asked(*pairs, **more):
    return pd.DataFrame(pairs, columns=["origin", "destination"]).assign(**more)


def check_against_ways(case, found, traveller, when=None):
    """Compare with every way solved for itself, and legs and lines with their routes."""
    places = list(case.network.places["place_id"])
    ways = find_ways(
        case.network, case.scenario, places, places, traveller=traveller, when=when
    )  # fmt: skip
    at = {place: number for number, place in enumerate(places)}
    requests = found.requests.set_index("request_id")
    totals = ways.totals()
    i, j = (requests[name].map(at).to_numpy() for name in ("origin_id", "destination_id"))
    assert np.array_equal(requests["outcome"] == "planned", np.isfinite(ways.units[i, j]))
    first = found.routes[found.routes["route"] == 1].set_index("request_id")
    planned = requests.index[requests["outcome"] == "planned"]
    assert list(first.index) == list(planned)
    legs = found.legs.groupby(["request_id", "route"])
    for name in METRICS:
        right = totals[name][i, j][np.isfinite(ways.units[i, j])]
        np.testing.assert_allclose(first[name], right, atol=QUANTUM[name] / 2)
        summed = legs[name].sum()
        for request, value in first[name].items():
            assert value == pytest.approx(summed.get((request, 1), 0.0), abs=QUANTUM[name] / 2)
    for request, route in first.iterrows():
        way = ways.arcs(at[requests["origin_id"][request]], at[requests["destination_id"][request]])
        told = journey(case.network, way)
        crossings = route["crossing_ids"] if isinstance(route["crossing_ids"], str) else ""
        assert crossings == ">".join(told.crossing_ids)
        assert bool(set(told.modes) <= set(route["modes"].split(">")))


def check_lines(case, found):
    """Lines begin and end where they should, and legs of a route join to its line."""
    points = case.network.places.to_crs(4326).set_index("place_id").geometry
    requests = found.requests.set_index("request_id")
    for row in found.routes.itertuples():
        if row.geometry is None:
            assert row.modes == "at the place" or row.length_m <= 1
            continue
        request = requests.loc[row.request_id]
        ends = points[request["origin_id"]], points[request["destination_id"]]
        coordinates = row.geometry.coords
        for corner, point in zip((coordinates[0], coordinates[-1]), ends, strict=True):
            # degrees: places at a node may stand a little beside it
            assert np.hypot(corner[0] - point.x, corner[1] - point.y) < 2e-3
        mine = found.legs[
            (found.legs["request_id"] == row.request_id) & (found.legs["route"] == row.route)
        ]
        assert list(mine["leg"]) == list(range(1, len(mine) + 1))
        assert bool((mine["mode"].to_numpy()[1:] != mine["mode"].to_numpy()[:-1]).all())
        drawn = [one for one in mine.geometry if one is not None]
        assert sum(one.length for one in drawn) == pytest.approx(row.geometry.length, rel=1e-6)
        for one, two in itertools.pairwise(drawn):
            assert np.hypot(*np.subtract(one.coords[-1], two.coords[0])) < 1e-4
        assert bool((mine["wait_min"] <= mine["time_min"]).all())


@settings(max_examples=8)
@given(networks(), st.booleans(), st.data())
def test_every_request_is_answered_as_if_it_were_asked_alone(network, small, data):
    case = data.draw(cases(network, opening=True))
    profile = data.draw(st.sampled_from(list(case.network.profiles["profile"])))
    who = TravellerClass(profile=profile, nationality="AAA", kind="refugee")
    table = every_pair(case)
    # the limits of the case count as well; this test is about ways
    case = replace(case, limits=Limits())
    most = routes.MOST_CELLS
    routes.MOST_CELLS = 4 if small else most
    try:
        found = plan_routes(case, table, profile=profile, nationality="AAA", kind="refugee")
    finally:
        routes.MOST_CELLS = most
    check_against_ways(case, found, who)
    check_lines(case, found)
    assert found.requests["request_id"].tolist() == [str(n + 1) for n in range(len(table))]
    unmet = found.unmet()
    assert bool(unmet["reason"].notna().all())
    assert bool((unmet["explanation"].str.len() > 10).all())


@settings(max_examples=6)
@given(networks(), st.data())
def test_reasons_are_those_of_the_stranded(network, data):
    """People with the same journey are stranded or isolated for the same reasons."""
    case = data.draw(cases(network))
    places = list(case.network.places["place_id"])
    one = case.groups.iloc[[0]].assign(
        persons=1, persons_low=1, persons_high=1, money_xof=np.nan, time_limit_h=np.nan,
        risk_limit=np.nan, exposure_class=None, base="movers",
    )  # fmt: skip
    for target in places[:2]:
        goal = case.destinations.iloc[[0]].assign(
            place_id=target, destination_set=one["destination_set"].iloc[0],
            capacity_persons=np.nan, open_from=pd.NaT, open_until=pd.NaT,
        )  # fmt: skip
        single = replace(case, groups=one, destinations=goal)
        status = find_stranded(single).iloc[0]
        person = one.iloc[0]
        found = plan_routes(
            single, asked((person["place_id"], target)), profile=person["profile"],
            nationality=person["nationality"], kind=person["kind"],
        ).requests.iloc[0]  # fmt: skip
        if status["status"] == "can_reach":
            assert found["outcome"] == "planned"
        elif status["status"] in {"stranded", "isolated"}:
            assert found["outcome"] == "no_way"
            assert found["reason"] == status["reason"]
            assert found["reasons_all"] == status["reasons_all"]
            if status["status"] == "stranded":
                assert found["causes_all"] == status["causes_all"]


def test_the_fast_engine_and_the_built_in_network_give_the_same():
    case = load_mali("mali-2013-01")
    rng = np.random.default_rng(5)
    names = case.network.places["name"].to_numpy()
    table = pd.DataFrame(rng.choice(names, (150, 2)), columns=["origin", "destination"])
    who = {"profile": "truck", "nationality": "MLI", "kind": "refugee"}
    slow = plan_routes(case, table, **who)
    assert len(slow.routes) > 50
    check_lines(case, slow)
    # a copy, so that later tests do not meet the other engine
    network = case.network.replace_tables(edges=case.network.edges)
    prepare_engine(network)
    fast = plan_routes(replace(case, network=network), table, **who)
    pd.testing.assert_series_equal(slow.routes["time_min"], fast.routes["time_min"])
    pd.testing.assert_frame_equal(
        slow.requests.drop(columns="explanation"), fast.requests.drop(columns="explanation")
    )


def test_lengths_are_those_of_the_lines():
    network = draw_network(PICTURE)
    case = build_case(network, {}, ())
    found = plan_routes(case, every_pair(case), **TRUCK)
    geod = pyproj.Geod(ellps="WGS84")
    for row in found.routes.itertuples():
        if row.geometry is not None:
            assert geod.geometry_length(row.geometry) == pytest.approx(row.length_m, rel=0.01)


def test_legs_tell_modes_names_waits_and_crossings():
    found = plan_routes(load_toy(), asked(("Northtown", "Southtown")), profile="boat",
                        nationality="TOA")  # fmt: skip
    legs = found.legs
    assert legs["mode"].tolist() == ["track", "transfer", "river", "transfer"]
    assert legs["from_name"].tolist() == [
        "Northtown", "Rivertown", "Port of Rivertown", "Port of Southtown",
    ]  # fmt: skip
    assert legs["to_name"].tolist()[-1] == "Southtown"
    assert legs["wait_min"].tolist() == [0.0, 120.0, 0.0, 10.0]
    assert found.routes["modes"].tolist() == ["track>river"]
    toy = load_toy()
    open_border = toy.with_scenario(toy.scenario.baseline())
    over = plan_routes(open_border, asked(("Northtown", "Farpost")), profile="truck")
    assert over.routes[["crossing_ids", "crossing_names"]].iloc[0].tolist() == ["gate", "Gate"]
    assert over.legs["mode"].tolist() == ["road", "crossing", "road"]
    assert over.legs["wait_min"].tolist() == [0.0, 30.0, 0.0]


def test_waits_of_disruptions_are_told_apart_from_slower_roads():
    network = draw_network("A---b---C")
    wait = Disruption(
        disruption_id="post", kind="insecurity", what=Selection(edge_ids=("A-b",)),
        effects=(ExtraWait(45.0),),
    )  # fmt: skip
    case = build_case(network, {}, (), disruptions=[wait])
    found = plan_routes(case, asked(("A", "C")), **TRUCK)
    quiet = plan_routes(case.baseline(), asked(("A", "C")), **TRUCK)
    assert found.routes["wait_min"].iloc[0] == pytest.approx(45.0)
    longer = found.routes["time_min"].iloc[0] - quiet.routes["time_min"].iloc[0]
    assert longer == pytest.approx(45.0, abs=0.01)


def test_the_disruption_that_does_it_and_the_day_from_which_it_works():
    network = draw_network("A---b---C")
    case = build_case(
        network, {}, (),
        disruptions=[
            closed("first", ["A-b"], dt.date(2013, 1, 10), dt.date(2013, 2, 9)),
            closed("again", ["A-b"], dt.date(2013, 2, 20), dt.date(2013, 3, 1)),
            closed("other", ["b-C"], dt.date(2013, 2, 1), dt.date(2013, 2, 28)),
        ],
    )  # fmt: skip
    dates = ["2013-01-09", "2013-01-10", "2013-02-05", "2013-02-12", "2013-02-25", "2013-03-01",
             "2013-03-02"]  # fmt: skip
    found = plan_routes(case, asked(*[("A", "C")] * 7, date=dates), **TRUCK).requests
    assert found["outcome"].tolist() == ["planned", *["no_way"] * 5, "planned"]
    opens = found["opens_on"].dt.strftime("%Y-%m-%d").fillna("").tolist()
    assert opens == ["", *["2013-03-02"] * 5, ""]
    assert found["disruption_ids"].fillna("").tolist() == [
        "", "first", "", "other", "", "again", "",
    ]  # fmt: skip
    assert found["date"].dt.strftime("%Y-%m-%d").tolist() == dates


def test_a_gap_between_closures_is_found():
    network = draw_network("A---b---C")
    case = build_case(
        network, {}, (),
        disruptions=[
            closed("one", ["A-b"], dt.date(2013, 1, 1), dt.date(2013, 1, 31)),
            closed("two", ["A-b"], dt.date(2013, 2, 3), None),
        ],
    )  # fmt: skip
    found = plan_routes(case, asked(("A", "C"), ("A", "C"), date=["2013-01-15", "2013-02-03"]),
                        **TRUCK).requests  # fmt: skip
    assert found["opens_on"].dt.date.tolist()[0] == dt.date(2013, 2, 1)
    assert bool(found["opens_on"].isna()[1])
    assert found["explanation"].iloc[1].endswith("no way until 2013-12-31")


def test_limits_count_and_an_alternative_may_keep_to_them():
    network = draw_network("""
        A---b---C
        |       |
        +---d---+
    """)
    risk = Disruption(
        disruption_id="mines", kind="mine", what=Selection(edge_ids=("A-b",)),
        effects=(RiskCost(0.01),),
    )  # fmt: skip
    case = build_case(network, {}, (), disruptions=[risk], limits=Limits(risk_limit=0.1))
    alone = plan_routes(case, asked(("A", "C")), **TRUCK).requests.iloc[0]
    assert [alone[name] for name in ("outcome", "reason", "disruption_ids")] == [
        "no_way", "over_risk", "mines",
    ]  # fmt: skip
    more = plan_routes(case, asked(("A", "C")), alternatives=2, **TRUCK)
    assert more.requests["outcome"].tolist() == ["planned"]
    assert more.routes["risk"].tolist() == [0.0]
    assert more.routes["route"].tolist() == [1]
    late = build_case(network, {}, (), limits=Limits(time_limit_h=1.0))
    assert plan_routes(late, asked(("A", "C")), **TRUCK).requests["reason"].tolist() == [
        "over_time"
    ]
    exact = build_case(network, {}, (), limits=Limits(time_limit_h=80 / 60))
    minutes = plan_routes(build_case(network, {}, ()), asked(("A", "C")), **TRUCK).routes
    keeps = minutes["time_min"].iloc[0] <= 80
    assert (len(plan_routes(exact, asked(("A", "C")), **TRUCK).routes) == 1) == keeps


def test_alternatives_come_by_time_and_share_no_more_than_asked():
    case = load_mali("mali-2013-01").baseline()
    found = plan_routes(
        case, asked(("Bamako", "Gao"), ("Kayes", "Mopti")), alternatives=3, overlap=0.4,
        profile="truck", nationality="MLI",
    )  # fmt: skip
    for _, rows in found.routes.groupby("request_id"):
        assert rows["route"].tolist() == list(range(1, len(rows) + 1))
        assert bool(rows["time_min"].is_monotonic_increasing)
        assert rows["overlap_share"].iloc[0] == 0
        assert bool((rows["overlap_share"] <= 0.4).all())
    assert found.requests["routes"].sum() == len(found.routes) > 2
    assert "with" in found.requests["explanation"].iloc[0]
    check_lines(case, found)


def test_a_place_off_the_network_is_unknown_not_cut_off():
    found = plan_routes(load_toy(), asked(("Oasis", "Midtown"), ("Oasis", "Oasis"))).requests
    assert found["outcome"].tolist() == ["unknown", "planned"]
    assert found["reason"].fillna("").tolist() == ["off_network", ""]


def test_edges_that_nobody_reported_on_are_counted():
    network = draw_network("A---b---C")
    told = network.edges.assign(
        state_reported_on=[pd.Timestamp("2013-01-19") if name == "A-b" else pd.NaT
                           for name in network.edges["edge_id"]]
    )  # fmt: skip
    network = network.replace_tables(edges=told)
    case = build_case(network, {}, (), limits=Limits(unknown_after_days=10))
    row = plan_routes(case, asked(("A", "C")), **TRUCK).routes.iloc[0]
    assert row["unreported_m"] == pytest.approx(row["length_m"] / 2, rel=0.01)
    silent = plan_routes(build_case(network, {}, ()), asked(("A", "C")), **TRUCK).routes
    assert bool(silent["unreported_m"].isna().all())


def test_requests_are_not_changed_and_their_order_does_not_matter():
    case = load_toy()
    table = every_pair(case)
    before = table.copy()
    found = plan_routes(case, table, nationality="TOA", profile="truck")
    pd.testing.assert_frame_equal(table, before)
    mixed = table.assign(request_id=[str(n + 1) for n in range(len(table))]).sample(
        frac=1, random_state=3
    )
    other = plan_routes(case, mixed, nationality="TOA", profile="truck")
    one, two = (one.requests.sort_values("request_id", ignore_index=True) for one in (found, other))
    pd.testing.assert_frame_equal(one, two)
    assert other.requests["request_id"].tolist() == mixed["request_id"].tolist()


def test_progress_goes_to_the_end():
    steps = []
    plan_routes(
        load_toy(), every_pair(load_toy()), alternatives=1,
        progress=lambda step, done: steps.append((step, done)),
    )  # fmt: skip
    assert steps[0] == ("Ways", 0.0)
    assert steps[-1] == ("Done", 1.0)
    assert all(0 <= done <= 1 for _, done in steps)


# ------------------------------------------------------------------ requests
def test_requests_take_names_dates_and_defaults(tmp_path):
    file = tmp_path / "asked.csv"
    file.write_text(
        "id;From;to;day;profile;note\n"
        "a;Northtown;MIDTOWN;2013-02-01;Foot;école\n\n"
        "b;midtown;southtown;20130203;;\n",
        encoding="utf-8",
    )  # fmt: skip
    case = load_toy()
    found = read_requests(file, case, nationality="tob")
    assert found["request_id"].tolist() == ["a", "b"]
    assert found["origin_id"].tolist() == ["northtown", "midtown"]
    assert found["date"].dt.strftime("%m%d").tolist() == ["0201", "0203"]
    assert found["profile"].tolist() == ["foot", "truck"]
    assert set(found["nationality"]) == {"TOB"}
    assert set(found["kind"]) == {"refugee"}
    assert found["note"].fillna("").tolist() == ["école", ""]
    planned = plan_routes(case, file)
    assert planned.requests["note"].fillna("").tolist() == ["école", ""]


def test_all_problems_are_told_at_once_with_their_rows():
    table = pd.DataFrame(
        {
            "request_id": ["a", "b", "b", "d"],
            "origin": ["Northtown", "Midtwn", "Midtwn", None],
            "destination": ["Southtown"] * 3 + ["Nowhere"],
            "date": ["2013-01-20", "soon", "2015-01-01", None],
            "profile": ["truck", "plane", None, None],
            "nationality": ["TOA", "Mali", None, None],
            "kind": ["refugee", "tourist", None, None],
        }
    )
    with pytest.raises(InputError) as caught:
        check_requests(table, load_toy(), where="asked.csv")
    told = "\n".join(caught.value.problems)
    for words in (
        "asked.csv: origin: no place 'Midtwn'; did you mean 'Midtown'? (rows 2, 3)",
        "asked.csv: origin: missing (row 4)",
        "asked.csv: destination: no place 'Nowhere'",
        "not a date: 'soon'; write it as 2013-01-20 (row 2)",
        "2015-01-01 lies outside the calendar of 'toy'",
        "no travel profile 'plane'",
        "no nationality 'Mali'; write the ISO 3166-1 alpha-3 code, such as MLI (row 2)",
        "no kind of people 'tourist'",
        "request_id: must be unique (rows 2, 3)",
    ):
        assert words in told, told
    assert len(caught.value.problems) == 9


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (["origin"], "no column for 'destination'"),
        (["origin", "destination", "profil"], "no use for column 'profil'; did you mean 'profile'"),
        (["origin", "destination", "reason"], "column 'reason' is one of the results"),
        (["origin", "origin_lat", "origin_lon", "destination"], "are positions"),
    ],
)
def test_columns_that_cannot_be_used_are_refused(columns, words):
    table = pd.DataFrame({name: ["midtown"] for name in columns})
    with pytest.raises(InputError, match=words):
        check_requests(table, load_toy())


def test_wrong_defaults_and_no_rows_are_told():
    one = asked(("midtown", "southtown"))
    with pytest.raises(InputError, match="profile of rows without one: no travel profile 'car'"):
        check_requests(one, load_toy(), profile="car")
    with pytest.raises(InputError, match="has no rows"):
        check_requests(one.iloc[:0], load_toy())
    with pytest.raises(InputError, match="alternatives must be >= 0"):
        plan_routes(load_toy(), one, alternatives=-1)


def test_a_flood_of_problems_is_cut_short():
    table = asked(*[(f"x{n}", "midtown") for n in range(150)])
    with pytest.raises(InputError, match="and 50 more problems"):
        check_requests(table, load_toy())


# ------------------------------------------------------------------ files
def test_files_are_refused_before_anything_is_written(tmp_path):
    found = plan_routes(load_toy(), asked(("midtown", "southtown")))
    with pytest.raises(OutputError, match="there is no folder"):
        write_routes(found, tmp_path / "none" / "routes.gpkg")
    with pytest.raises(InputError, match=r"must end in \.gpx"):
        write_routes(found, tmp_path / "routes.gpkg", gpx=tmp_path / "routes.xml")
    public = replace(found, case=replace(load_toy(), audience="public"))
    with pytest.raises(InputError, match="audience is 'public'"):
        write_routes(public, tmp_path / "routes.gpkg")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_gpx_leaves_the_older_one(tmp_path, monkeypatch):
    found = plan_routes(load_toy(), asked(("Northtown", "Midtown")))
    file = tmp_path / "routes.gpx"
    file.write_text("older", encoding="utf-8")

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(routes, "write_gpx", full)
    with pytest.raises(OutputError, match="no space left on the disk"):
        write_routes(found, tmp_path / "routes.gpkg", gpx=file)
    assert file.read_text(encoding="utf-8") == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["routes.gpkg", "routes.gpx"]


def test_nothing_but_unmet_requests_can_be_written(tmp_path):
    found = plan_routes(load_toy(), asked(("Oasis", "Midtown")))
    files = write_routes(found, tmp_path / "r.gpkg", gpx=tmp_path / "r.gpx", csv=tmp_path / "r.csv")
    assert len(found.routes) == 0
    assert len(gpd.read_file(files[0], layer="unmet_requests")) == 1
    assert len(pd.read_csv(files[2])) == 1

"""`mobility-geo assign SCENARIO`, and OD matrices as layers."""

import json
import pathlib
from types import SimpleNamespace

import pandas as pd
import pyogrio
import pytest
from typer.testing import CliRunner

from mobility_geo.cli import exits
from mobility_geo.cli.app import app
from mobility_geo.datasets import copy_scenario, load_mali
from mobility_geo.flows import assign_equilibrium, choose_destinations, select_edge

NAME = "mali-2013-01"


def mobility_geo(*words):
    done = CliRunner(env={"COLUMNS": "160"}).invoke(
        app, [str(word) for word in words], catch_exceptions=False
    )
    return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)


@pytest.fixture(scope="module")
def expected():
    case = load_mali(NAME)
    return assign_equilibrium(case, choose_destinations(case, rules=["least_time"]))


def test_flows_and_who_uses_a_crossing_as_layers(tmp_path, expected):
    out = tmp_path / "flux é.gpkg"
    done = mobility_geo("assign", NAME, "--select", "inabao", "--out", out, "--output", "json")
    assert done.returncode == exits.SUCCESS, done.stderr
    data = json.loads(done.stdout)["data"]
    assert data["served_persons"] == pytest.approx(expected.od["served_persons"].sum())
    assert data["unserved_persons"] == pytest.approx(expected.od["unserved_persons"].sum())
    edges = pyogrio.read_dataframe(out, layer="edge_loads")
    told = expected.edges.set_index("edge_id")["flow_persons"]
    assert edges.set_index("edge_id")["flow_persons"].to_dict() == pytest.approx(told.to_dict())
    assert set(edges.geom_type) == {"LineString"}
    assert (pd.to_datetime(edges["date"]) == pd.Timestamp("2013-01-20")).all()
    using = select_edge(expected, "inabao")["flow_persons"].sum()
    layer = pyogrio.read_dataframe(out, layer="selected_flows")
    assert layer["flow_persons"].sum() == pytest.approx(using)
    assert sum(row["flow_persons"] for row in data["selected"]) == pytest.approx(using)
    crossings = pyogrio.read_dataframe(out, layer="crossing_loads").set_index("crossing_id")
    assert crossings.loc["inabao", "flow_persons"] == pytest.approx(using)
    by_class = pyogrio.read_dataframe(out, layer="class_loads")
    assert set(by_class.geom_type) == {"LineString"}
    summed = by_class.groupby("edge_id")["flow_persons"].sum().to_dict()
    assert summed == pytest.approx(told.to_dict())
    assert by_class["nationality"].nunique() + by_class["profile"].nunique() > 2
    names = {name for name, _ in pyogrio.list_layers(out)}
    assert {
        "group_loads",
        "crossings_over_throughput",
        "ways",
        "od_loads",
        "selected_groups",
        "edges",
        "zones",
    } <= names


def test_flows_of_a_table_with_congestion_on_an_edge(tmp_path, expected):
    case = load_mali(NAME)
    od = choose_destinations(case, rules=["least_time"])
    od.table.to_csv(tmp_path / "od.csv", index=False)
    busiest = expected.edges.nlargest(1, "flow_persons")["edge_id"].item()
    delays = {"edge_id": [busiest], "b": [5.0], "power": [2.0], "capacity_persons_per_day": [100.0]}
    pd.DataFrame(delays).to_csv(tmp_path / "delays.csv", index=False)
    words = ["--od", tmp_path / "od.csv", "--delays", tmp_path / "delays.csv", "--days", 2]
    done = mobility_geo("assign", NAME, *words, "--out", tmp_path / "f.gpkg")
    assert done.returncode == exits.SUCCESS, done.stderr
    found = assign_equilibrium(case, od, delays=pd.DataFrame(delays), days=2)
    edges = pyogrio.read_dataframe(tmp_path / "f.gpkg", layer="edge_loads").set_index("edge_id")
    told = found.edges.set_index("edge_id")
    assert edges["flow_persons"].to_dict() == pytest.approx(told["flow_persons"].to_dict())
    assert edges.loc[busiest, "forward_min"] == pytest.approx(told.loc[busiest, "forward_min"])
    assert "People per crossing" in done.stdout


@pytest.mark.parametrize("method", ["all-or-nothing", "dissimilar"])
def test_methods_without_queues_name_the_crossings_that_would_be_too_full(tmp_path, method):
    copy_scenario(NAME, tmp_path)
    file = tmp_path / f"{NAME}.toml"
    slow = """
[[disruption]]
id = "slow-post"
kind = "border"
crossings = ["inabao"]
source = "invented"
effect = { throughput_persons_per_day = 40 }
"""
    file.write_text(file.read_text("utf-8") + slow, encoding="utf-8")
    out = tmp_path / "flows.gpkg"
    words = ["assign", file, "--method", method, "--theta", 1, "--days", 30, "--out", out]
    done = mobility_geo(*words)
    assert done.returncode == exits.SUCCESS, done.stderr
    assert "Inabao into BFA" in done.stdout
    assert "more than its throughput of 40" in " ".join(done.stdout.split())
    found = json.loads(mobility_geo(*words, "--output", "json").stdout)
    (row,) = found["data"]["over_throughput"]
    assert (row["crossing_id"], row["throughput_persons_per_day"]) == ("inabao", 40)
    assert row["flow_persons_per_day"] > 40
    assert any("Inabao" in line for line in found["warnings"])
    table = pyogrio.read_dataframe(out, layer="crossings_over_throughput")
    assert table["crossing_id"].tolist() == ["inabao"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give either a scenario or --tntp"),
        ([NAME, "--tntp", "a", "b"], "give either a scenario or --tntp"),
        ([NAME, "--method", "magic"], "--method must be one of"),
        ([NAME, "--method", "dial"], "needs --theta"),
        ([NAME, "--method", "dial", "--theta", "1", "--select", "inabao"], "tells ways apart"),
        ([NAME, "--method", "dissimilar", "--theta", "1", "--budget-h", "3"], "--budget-h goes"),
        ([NAME, "--select", "inaboa"], "did you mean 'inabao'"),
        ([NAME, "--delays", "nothing.csv"], "nothing.csv: cannot be read"),
        ([NAME, "--od", "nothing.csv"], "nothing.csv"),
        ([NAME, "--days", "0"], "days must be > 0"),
        ([NAME, "--profile", "truck"], "are about --od; give it"),
        ([NAME, "--od", "x.csv", "--profile", "truck"], "needs --profile and --nationality"),
        ([NAME, "--od", "x.csv", "--unmatched", "keep"], "--unmatched must be error or leave_out"),
        ([NAME, "--od", "x.csv"], "give --profile and --nationality"),
        ([NAME, "--rule", "dice"], "dice"),
    ],
)
def test_what_cannot_be_asked_is_said(tmp_path, words, message):
    done = mobility_geo("assign", *words, "--out", tmp_path / "x.gpkg")
    assert done.returncode in {exits.INPUT, exits.USAGE}
    assert message in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_another_ending_and_the_public_are_refused(tmp_path):
    done = mobility_geo("assign", NAME, "--out", tmp_path / "x.csv")
    assert "--out must end in .gpkg" in done.stderr
    copy_scenario(NAME, tmp_path)
    file = tmp_path / f"{NAME}.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("when = ", 'audience = "public"\nwhen = ', 1), encoding="utf-8")
    done = mobility_geo("assign", file, "--out", tmp_path / "x.gpkg")
    assert done.returncode == exits.INPUT
    assert "audience is 'public'" in " ".join(done.stderr.split())
    assert not (tmp_path / "x.gpkg").exists()


def test_an_estimated_matrix_as_arrows(tmp_path):
    for name, rows in (("from", "bamako,60\nmopti,40\nother,5"), ("to", "timbuktu,70\ngao,35")):
        (tmp_path / f"{name}.csv").write_text(f"zone,persons\n{rows}\n", encoding="utf-8")
    words = ["od", "estimate", "--origins", tmp_path / "from.csv", "--destinations",
             tmp_path / "to.csv", "--unlocated", "other", "--out", tmp_path / "od.csv",
             "--layers", tmp_path / "od.gpkg"]  # fmt: skip
    done = mobility_geo(*words)
    assert done.returncode == exits.INPUT
    assert "--layers needs --scenario" in done.stderr
    words += ["--scenario", "mali-2013-02-return", "--method", "gravity", "--rate", "0.001"]
    done = mobility_geo(*words, "--profile", "truck", "--nationality", "MLI")
    assert done.returncode == exits.SUCCESS, done.stderr
    layer = pyogrio.read_dataframe(tmp_path / "od.gpkg", layer="od_estimates")
    assert layer["flow_persons"].sum() == pytest.approx(105)
    assert layer.geometry.isna().tolist() == (layer["origin_id"] == "other").tolist()
    assert "od.gpkg" in done.stdout
    assert pathlib.Path(tmp_path / "od.csv").stat().st_size > 0


RETURN = "mali-2013-02-return"
WHO = ("--profile", "road_and_pinasse", "--nationality", "MLI")


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_an_estimate_is_assigned_and_its_total_kept(tmp_path, ending):
    for name, rows in (("from", "Bamako,998\nMopti,507\nother,292"),
                       ("to", "Tombouctou,1028\nGao,306\nSégou,463")):  # fmt: skip
        (tmp_path / f"{name}.csv").write_text(f"zone,persons\n{rows}\n", encoding="utf-8")
    od = tmp_path / f"od.{ending}"
    words = ("--origins", tmp_path / "from.csv", "--destinations", tmp_path / "to.csv")
    done = mobility_geo("od", "estimate", *words, "--out", od)
    assert done.returncode == exits.SUCCESS, done.stderr
    words = ("assign", RETURN, "--od", od, *WHO, "--method", "all-or-nothing", "--out",
             tmp_path / "f.gpkg")  # fmt: skip
    done = mobility_geo(*words, "--output", "json")
    assert done.returncode == exits.INPUT
    assert "'other' is not known" in done.stdout
    done = mobility_geo(*words, "--output", "json", "--unlocated", "other")
    assert done.returncode == exits.SUCCESS, done.stderr
    data = json.loads(done.stdout)["data"]
    assert data["left_out_persons"] == pytest.approx(292)
    whole = data["served_persons"] + data["unserved_persons"] + data["left_out_persons"]
    assert whole == pytest.approx(1797)
    assert data["served_persons"] > 0
    told = " ".join(data["notes"])
    assert "'Tombouctou' is 'timbuktu'" in told
    assert "292 persons from or to ['other'] are not assigned" in told
    assert "rounded to whole people, 1,505 to 1,505 in all" in told
    layer = pyogrio.read_dataframe(tmp_path / "f.gpkg", layer="od_loads")
    assert layer["served_persons"].sum() == pytest.approx(data["served_persons"])
    assert set(layer["origin_id"]) == {"bamako", "mopti"}


def test_a_wide_table_with_a_withheld_cell_and_names_that_fit_no_place(tmp_path):
    (tmp_path / "od.csv").write_text("de,Gao,Tombouctou,Atlantis\nBamako,132,444,7\nMopti,*,8,1\n")
    words = ("assign", RETURN, "--od", tmp_path / "od.csv", *WHO, "--method", "all-or-nothing",
             "--out", tmp_path / "f.gpkg")  # fmt: skip
    done = mobility_geo(*words)
    assert done.returncode == exits.INPUT
    assert "'Atlantis' is not known" in done.stderr
    done = mobility_geo(*words, "--unmatched", "leave_out")
    assert done.returncode == exits.SUCCESS, done.stderr
    told = " ".join(done.stderr.split())
    assert "1 pairs without a figure: ['Mopti to Gao']; not assigned" in told
    assert "with 8 persons fit no place_id" in told
    assert "584 people on their way" in done.stdout
    done = mobility_geo(*words, "--alias", "Atlantis")
    assert "--alias must be NAME=ID" in done.stderr
    done = mobility_geo(*words, "--alias", "Atlantis=gao", "--output", "json")
    assert json.loads(done.stdout)["data"]["served_persons"] == pytest.approx(592)


def test_flows_of_two_days_are_not_assigned_together(tmp_path):
    (tmp_path / "od.csv").write_text("date,from,to,persons\n2013-01-14,gao,mopti,5\n"
                                     "2013-01-15,gao,mopti,7\n")  # fmt: skip
    words = ("assign", RETURN, "--od", tmp_path / "od.csv", *WHO, "--method", "all-or-nothing",
             "--out", tmp_path / "f.gpkg", "--output", "json")  # fmt: skip
    assert "flows of several dates" in mobility_geo(*words).stdout
    done = mobility_geo(*words, "--latest")
    assert json.loads(done.stdout)["data"]["served_persons"] == pytest.approx(7)


def test_groups_and_a_traveller_are_one_too_many(tmp_path):
    choose_destinations(load_mali(NAME), rules=["least_time"]).table.to_csv(
        tmp_path / "od.csv", index=False
    )
    done = mobility_geo("assign", NAME, "--od", tmp_path / "od.csv", *WHO, "--out",
                        tmp_path / "f.gpkg")  # fmt: skip
    assert done.returncode == exits.INPUT
    assert "has groups, which say how people travel" in done.stderr


def test_help_teaches_what_a_table_of_flows_may_be():
    told = " ".join(mobility_geo("assign", "--help").stdout.replace("\u2502", " ").split())
    for word in ("table from od estimate", "--nationality", "--unlocated", "--date", "--od od.csv"):
        assert word in told

"""The commands chokepoints, explain, compare and access: what they write, print, how they end."""

import dataclasses
import json
from types import SimpleNamespace

import pandas as pd
import pyogrio
import pytest
from typer.testing import CliRunner

from mobility_geo.cli import exits
from mobility_geo.cli.app import app
from mobility_geo.cli.decisions import show_rows
from mobility_geo.datasets import load_toy
from mobility_geo.errors import InputError
from mobility_geo.export.chokepoints import write_access_table
from mobility_geo.outcomes import access_table
from mobility_geo.scenario import Limits

DAYS = ("--when-before", "2013-01-12", "--when-after", "2013-02-10")


def mobility_geo(*words):
    done = CliRunner(env={"COLUMNS": "160"}).invoke(
        app, [str(word) for word in words], catch_exceptions=False
    )
    return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)


def layers(path):
    return {name for name, _ in pyogrio.list_layers(path)}


def test_chokepoints_of_a_region_with_reopenings_and_shares(tmp_path):
    out = tmp_path / "goulets é.gpkg"
    words = ["chokepoints", "mali-2013-01", "--of", "Ménaka", "--reopenings", 1, "--shapley",
             "--orders", 3]  # fmt: skip
    done = mobility_geo(*words, "--out", out, "--output", "json")
    assert done.returncode == exits.SUCCESS, done.stderr
    assert {"chokepoint_edges", "chokepoint_crossings", "chokepoint_nodes", "reopenings",
            "shapley_shares", "region_cuts"} <= layers(out)  # fmt: skip
    data = json.loads(done.stdout)["data"]
    assert len(data["region_cuts"])
    edges = pyogrio.read_dataframe(out, layer="chokepoint_edges")
    assert len(edges) == sum(row["thing"] == "edge" for row in data["chokepoints"])
    told = mobility_geo(*words)
    for text in ("If one edge closed", "Narrowest place", "not a safe one"):
        assert text in told.stdout


def test_a_region_that_holds_every_destination_is_answered_all_the_same(monkeypatch, tmp_path):
    toy = load_toy()
    to = toy.destinations[toy.destinations["place_id"] == "southtown"].reset_index(drop=True)
    case = dataclasses.replace(toy, destinations=to)
    monkeypatch.setattr("mobility_geo.cli.decisions.read_case", lambda _name: case)
    words = ["chokepoints", "toy", "--of", "South", "--when", "2013-01-05", "--out",
             tmp_path / "a.gpkg"]  # fmt: skip
    done = mobility_geo(*words, "--output", "json")
    assert done.returncode == exits.SUCCESS, done.stderr
    told = json.loads(done.stdout)
    assert "region_cuts" not in told["data"]
    assert told["data"]["chokepoints"]
    assert "nothing lies between them and safety" in told["warnings"][0]
    assert "chokepoint_edges" in layers(tmp_path / "a.gpkg")
    assert "note: everywhere that the people of 'South' may go" in mobility_geo(*words).stdout


@pytest.mark.parametrize("command", ["chokepoints", "access"])
def test_that_unknown_people_count_as_reaching_is_told_where_there_may_be_some(
    command, monkeypatch
):
    case = load_toy()
    for limits, told in ((Limits(), False), (Limits(unknown_after_days=30), True)):
        asked = dataclasses.replace(case, limits=limits)
        monkeypatch.setattr("mobility_geo.cli.decisions.read_case", lambda _name, it=asked: it)
        text = " ".join(mobility_geo(command, "toy").stdout.split())
        assert ("elsewhere unknown, count as reaching" in text) == told
        data = json.loads(mobility_geo(command, "toy", "--output", "json").stdout)
        assert bool(data["warnings"]) == told


@pytest.mark.parametrize("more", [("--seed", -1), ("--orders", 1)])
def test_draws_of_shares_have_limits(more):
    done = mobility_geo("chokepoints", "mali-2013-01", "--shapley", *more)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_trickle_is_not_nothing(capsys):
    show_rows(pd.DataFrame({"persons_per_day": [0.25, 0.0, 12.4]}), "", {"persons_per_day": ""})
    assert capsys.readouterr().out.split() == ["0.25", "0", "12"]


def test_an_explanation_in_words_and_as_a_way(tmp_path):
    done = mobility_geo("explain", "mali-2013-01", "Kidal", "--out", tmp_path / "k.gpkg")
    assert done.returncode == exits.SUCCESS, done.stderr
    assert "Lifting algeria-closed alone would free" in done.stdout
    ways = pyogrio.read_dataframe(tmp_path / "k.gpkg", layer="explained_ways")
    assert {"open", "broken"} <= set(ways["part"])
    data = json.loads(mobility_geo("explain", "mali-2013-01", "Kidal", "--output", "json").stdout)
    assert len(data["data"]["ways"]) == len(ways)


def test_two_days_side_by_side(tmp_path):
    words = ["compare", "mali-2013-01", "mali-2013-01", *DAYS, "--out", tmp_path / "c.gpkg"]
    done = mobility_geo(*words, "--output", "json")
    assert done.returncode == exits.SUCCESS, done.stderr
    out = tmp_path / "c.gpkg"
    assert {"changed_movers", "changed_residents", "flow_changes", "status_summary"} <= layers(out)
    data = json.loads(done.stdout)["data"]
    for base in ("movers", "residents"):
        changed = sum(row["persons"] for row in data["summary"]
                      if row["base"] == base and row["changed"])  # fmt: skip
        layer = pyogrio.read_dataframe(out, layer=f"changed_{base}")
        assert set(layer["base"]) == {base}
        assert layer["changed_persons"].sum() == changed > 0
    assert (data["when_before"], data["when_after"]) == ("2013-01-12", "2013-02-10")


def test_the_access_table_in_words_and_json(tmp_path):
    out = tmp_path / "a.gpkg"
    done = mobility_geo("access", "mali-2013-01", "--out", out, "--output", "json")
    assert done.returncode == exits.SUCCESS, done.stderr
    layer = pyogrio.read_dataframe(out, layer="access_table")
    told = [row["edge_id"] for row in json.loads(done.stdout)["data"]["segments"]]
    assert told == layer["edge_id"].tolist()


def test_the_access_table_as_csv_and_workbook(tmp_path):
    case = load_toy()
    table = access_table(case)
    for name in ("a.csv", "a.xlsx"):
        write_access_table(case, table, tmp_path / name)
    book = pd.read_excel(tmp_path / "a.xlsx", sheet_name=None)
    assert len(book["access"]) == len(pd.read_csv(tmp_path / "a.csv")) == len(table)
    assert {"columns", "notice"} <= set(book)
    public = dataclasses.replace(case, audience="public")
    with pytest.raises(InputError, match="audience is 'public'"):
        write_access_table(public, table, tmp_path / "b.csv")
    assert not (tmp_path / "b.csv").exists()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("chokepoints", "mali-2013-01", "--of", "Atlantis"), exits.INPUT, "Atlantis"),
        (("chokepoints", "mali-2013-01", "--base", "residents", "--shapley"), exits.INPUT,
         "people on the move"),
        (("explain", "mali-2013-01", "Kidall"), exits.INPUT, "Kidal"),
        (("compare", "mali-2013-01", "mali-2012-04"), exits.INPUT, "groups"),
        (("compare", "mali-2013-01", "mali-2013-01", "--when-before", "2012-01-01"), exits.INPUT,
         "outside the calendar"),
        (("access", "mali-2013-01", "--out", "a.docx"), exits.INPUT, "must end with"),
        (("access", "mali-2013-01", "--out", "no such folder/a.csv"), exits.OUTPUT,
         "does not exist"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_in_words(words, code, told):
    done = mobility_geo(*words)
    assert done.returncode == code, done.stdout
    assert told in " ".join(done.stderr.split())

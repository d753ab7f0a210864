"""The command routes: what it writes, prints, and how it ends."""

import json
from types import SimpleNamespace

import pandas as pd
import pyogrio
import pytest
from typer.testing import CliRunner

from mobility_geo.cli import exits
from mobility_geo.cli.app import app

ENVELOPE = ["schema_version", "command", "status", "exit_code", "data", "warnings", "errors"]


def mobility_geo(*words):
    done = CliRunner(env={"COLUMNS": "120"}).invoke(
        app, [str(word) for word in words], catch_exceptions=False
    )
    return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)


@pytest.fixture(scope="module")
def requests(tmp_path_factory):
    file = tmp_path_factory.mktemp("demandes é") / "requests.csv"
    file.write_text(
        "request_id,origin,destination,date\n"
        "south,Bamako,Mopti,2013-01-20\n"
        "north,Tessalit,Tamanrasset,2013-01-20\n",
        encoding="utf-8",
    )
    return file


def test_a_request_without_a_way_ends_in_part_and_has_its_reason(requests, tmp_path):
    out = tmp_path / "routes.gpkg"
    done = mobility_geo(
        "routes", requests, "--scenario", "mali-2013-01", "--out", out, "--csv",
        tmp_path / "r.csv", "--gpx", tmp_path / "r.gpx", "--output", "json", "--profile", "truck",
    )  # fmt: skip
    assert done.returncode == exits.PARTIAL, done.stderr
    told = json.loads(done.stdout)
    assert list(told) == ENVELOPE
    assert (told["command"], told["status"], told["exit_code"]) == ("routes", "partial", 6)
    data = told["data"]
    assert (data["requests"], data["planned"], data["without_route"]) == (2, 1, 1)
    assert sum(data["reasons"].values()) == 1
    table = pd.read_csv(tmp_path / "r.csv").set_index("request_id")
    assert table.loc["south", "outcome"] == "planned"
    assert table.loc["north", "reason"] in data["reasons"]
    assert len(pyogrio.read_dataframe(out, layer="routes")) == data["routes"] == 1
    assert len(pyogrio.read_dataframe(tmp_path / "r.gpx", layer="tracks")) == 1


def test_all_planned_is_a_success_in_words(tmp_path):
    one = tmp_path / "one.csv"
    one.write_text("origin,destination\nBamako,Mopti\n", encoding="utf-8")
    done = mobility_geo("routes", one, "--scenario", "mali-2013-01", "--out",
                        tmp_path / "r.gpkg", "--alternatives", "1")  # fmt: skip
    assert done.returncode == exits.SUCCESS, done.stderr
    assert "1 of 1 requests have a route; 2 routes in all" in done.stdout
    assert "does not say that it is safe" in " ".join(done.stdout.split())


def test_problems_of_the_file_are_listed_and_nothing_is_written(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("origin,destination,date\nBamko,Mopti,\nGao,,2020-01-01\n", encoding="utf-8")
    done = mobility_geo("routes", bad, "--scenario", "mali-2013-01", "--out", tmp_path / "r.gpkg")
    assert done.returncode == exits.INPUT
    assert "3 problems found" in done.stderr
    for words in ("did you mean 'Bamako'? (row 1)", "missing (row 2)", "outside the calendar"):
        assert words in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["bad.csv"]


def test_a_folder_that_is_not_there_is_told_before_the_work(requests, tmp_path):
    done = mobility_geo("routes", requests, "--scenario", "mali-2013-01", "--out",
                        tmp_path / "none" / "r.gpkg")  # fmt: skip
    assert done.returncode == exits.OUTPUT
    assert "its folder does not exist" in done.stderr

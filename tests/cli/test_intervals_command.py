"""The commands intervals and gaps: what they print, write and refuse."""

import dataclasses
import json
from types import SimpleNamespace

import pandas as pd
import pyogrio
import pytest
from typer.testing import CliRunner

from mobility_geo.cli import exits
from mobility_geo.cli.app import app
from mobility_geo.cli.intervals import _told
from mobility_geo.datasets import copy_scenario, load_toy

MALI = "mali-2013-01"


def mobility_geo(*words):
    done = CliRunner(env={"COLUMNS": "160"}).invoke(
        app, [str(word) for word in words], catch_exceptions=False
    )
    return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)


def layers(path):
    return {name for name, _ in pyogrio.list_layers(path)}


def data_of(done):
    assert done.returncode == exits.SUCCESS, done.stderr
    return json.loads(done.stdout)["data"]


def test_intervals_with_an_option_lifted(tmp_path):
    out = tmp_path / "wie sicher é.gpkg"
    words = ["intervals", MALI, "--draws", 4, "--lift", "algeria-closed", "--seed", 3,
             "--out", out]  # fmt: skip
    data = data_of(mobility_geo(*words, "--output", "json"))
    assert data["draws"] == 4
    assert data["convergence"][-1]["draws"] == 4
    assert not data["precision_reached"]
    change = {(row["base"], row["figure"]): row for row in data["differences"]}
    assert change["movers", "cannot_reach"]["mean_persons"] < 0
    assert {"place_intervals_movers", "place_intervals_residents", "intervals", "zone_intervals",
            "convergence_movers", "draws", "interval_differences"} <= layers(out)  # fmt: skip
    told = pyogrio.read_dataframe(out, layer="interval_differences")
    assert len(told) == len(data["differences"])
    assert len(pyogrio.read_dataframe(out, layer="draws")) == 4
    places = pyogrio.read_dataframe(out, layer="place_intervals_movers")
    assert places.geometry.notna().all()
    again = mobility_geo(*words)
    for text in (
        "4 draws, seed 3",
        "Drawn: people of",
        "How it settles",
        "take more --draws",
        "Difference, draw by draw: without algeria-closed",
        "Modelled, not observed",
    ):
        assert text in again.stdout


def test_two_scenarios_under_the_same_draws(tmp_path):
    copy_scenario(MALI, tmp_path)
    copy = tmp_path / f"{MALI}.toml"
    data = data_of(mobility_geo("intervals", MALI, "--against", copy, "--draws", 3,
                                "--output", "json"))  # fmt: skip
    assert data["differences"]
    assert all(row["mean_persons"] == 0 for row in data["differences"])


def test_gaps_on_a_map(tmp_path):
    out = tmp_path / "g.gpkg"
    data = data_of(mobility_geo("gaps", MALI, "--out", out, "--output", "json"))
    assert {"gap_groups", "gap_crossings", "gap_edges", "gap_disruptions"} <= layers(out)
    table = pyogrio.read_dataframe(out, layer="information_gaps")
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert [row["id"] for row in data["gaps"]] == table["id"].tolist()
    for thing, layer in (("group", "gap_groups"), ("edge", "gap_edges")):
        mapped = pyogrio.read_dataframe(out, layer=layer)
        assert len(mapped) == (table["thing"] == thing).sum()


def test_gaps_in_words(monkeypatch):
    monkeypatch.setattr("mobility_geo.cli.intervals.read_case", lambda _name: load_toy())
    told = mobility_geo("gaps", "toy").stdout
    assert "People who cannot reach, if one thing turned out otherwise" in told
    assert "1,400" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["intervals", MALI, "--lift", "algeria"], "no disruption 'algeria'"),
        (["intervals", MALI, "--lift", "algeria-closed", "--against", MALI],
         "take either --against or --lift"),
        (["intervals", MALI, "--when", "2019-01-01"], "2019-01-01"),
        (["gaps", MALI, "--base", "everybody"], "base"),
        (["gaps", "mali-2013"], "mali-2013"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_answered(words, message):
    done = mobility_geo(*words)
    assert done.returncode not in {exits.SUCCESS, 1}
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["intervals", "gaps"])
def test_neither_is_for_the_public(tmp_path, command):
    copy_scenario(MALI, tmp_path)
    copy = tmp_path / f"{MALI}.toml"
    text = copy.read_text(encoding="utf-8")
    copy.write_text(text.replace("when = ", 'audience = "public"\nwhen = ', 1), encoding="utf-8")
    out = tmp_path / "o.gpkg"
    for more in (["--out", out], [], ["--output", "json"]):
        done = mobility_geo(command, copy, *more)
        assert done.returncode != exits.SUCCESS
        assert "audience is 'public'" in " ".join((done.stdout + done.stderr).split())
        assert '"data":' not in done.stdout.replace('"data": null', "")
    assert not out.exists()


def test_an_interval_is_not_compared_with_one_for_the_public(tmp_path):
    copy_scenario(MALI, tmp_path)
    copy = tmp_path / f"{MALI}.toml"
    text = copy.read_text(encoding="utf-8")
    copy.write_text(text.replace("when = ", 'audience = "public"\nwhen = ', 1), encoding="utf-8")
    done = mobility_geo("intervals", MALI, "--against", copy, "--draws", 2)
    assert done.returncode == exits.INPUT
    assert "audience is 'public'" in " ".join(done.stderr.split())


def test_a_difference_in_few_draws_is_told():
    """Ends and single runs are the same; only the mean is not."""
    row = dict.fromkeys(["best_persons", "low_persons", "high_persons"], 0)
    means = {"stranded": -17.5, "unknown": 0}
    table = pd.DataFrame([{"base": "movers", "figure": figure, "mean_persons": mean, **row}
                          for figure, mean in means.items()])  # fmt: skip
    assert _told(table)["what"].tolist() == ["movers stranded"]


def test_draws_too_few_for_what_is_rare_are_told(monkeypatch):
    case = load_toy()
    laid = tuple(dataclasses.replace(one, probability=0.001) for one in case.scenario.disruptions)
    rare = dataclasses.replace(case, scenario=dataclasses.replace(case.scenario, disruptions=laid))
    monkeypatch.setattr("mobility_geo.cli.intervals.read_case", lambda _name: rare)
    told = mobility_geo("intervals", "toy", "--draws", 20).stdout
    assert "needs 3,000 draws to come up almost surely" in told

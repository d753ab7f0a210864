"""The commands site and monitor: what they write and print, and how they end."""

import json
from types import SimpleNamespace

import pyogrio
import pytest
from typer.testing import CliRunner

from mobility_geo.cli import exits
from mobility_geo.cli.app import app


def mobility_geo(*words):
    done = CliRunner(env={"COLUMNS": "160"}).invoke(
        app, [str(word) for word in words], catch_exceptions=False
    )
    return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)


def layers(path):
    return [name for name, _ in pyogrio.list_layers(path)]


def test_sites_in_a_file_a_table_and_json(tmp_path):
    out = tmp_path / "gîtes d'étape.gpkg"
    done = mobility_geo("site", "mali-2013-01", "--new", 3, "--out", out, "--supply-from", "Bamako",
                        "--on", "2013-01-20", "--on", "2013-02-05")  # fmt: skip
    assert done.returncode == exits.SUCCESS, done.stderr
    assert {"sites", "unserved_groups", "site_assignment", "go_no_go", "edges", "zones"} <= set(
        layers(out)
    )
    sites = pyogrio.read_dataframe(out, layer="sites")
    assert (sites["proposal"] == "new").sum() <= 3
    for name in sites["name"]:
        assert name[:12] in done.stdout
    assert "gap 0.00%, optimal" in done.stdout
    assert "not a decision" in done.stdout
    told = json.loads(
        mobility_geo("site", "mali-2013-01", "--new", 3, "--output", "json").stdout
    )["data"]  # fmt: skip
    assert [row["place_id"] for row in told["sites"]] == sites["place_id"].tolist()
    assert told["served_persons"] + told["unserved_persons"] == sum(
        row["served_persons"] + row["unserved_persons"] for row in told["scenarios"]
    )


def test_a_plan_gives_the_scenarios_to_hold_up_under(tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'scenario = "mali-2013-01"\n[single_closures]\ncrossings = ["inabao", "fassala"]\n',
        encoding="utf-8",
    )
    done = mobility_geo("site", "--plan", plan, "--new", 2, "--criterion", "regret",
                        "--output", "json", "--quiet")  # fmt: skip
    assert done.returncode == exits.SUCCESS, done.stdout
    told = json.loads(done.stdout)["data"]
    assert (len(told["scenarios"]), told["criterion"]) == (3, "regret")
    text = mobility_geo("site", "--plan", plan, "--new", 2)
    assert "people on average" in text.stdout
    assert "Ways to the candidates" in text.stderr


def test_units_that_drive_a_rota(tmp_path):
    out = tmp_path / "rota.gpkg"
    done = mobility_geo("site", "mali-2013-01", "--mobile", 1, "--days", 2, "--profile", "4x4",
                        "--reach", 2, "--out", out)  # fmt: skip
    assert done.returncode == exits.SUCCESS, done.stderr
    assert "rota" in layers(out)
    assert len(pyogrio.read_dataframe(out, layer="rota")) <= 2
    assert "Rota" in done.stdout


def test_a_problem_of_the_library(reference_dir, tmp_path):
    folder = reference_dir / "pmedian"
    if not folder.is_dir():
        pytest.skip(f"no OR-Library problems in {folder}")
    done = mobility_geo("site", "--pmed", folder / "pmed1.txt", "--output", "json")
    told = json.loads(done.stdout)["data"]
    assert (told["value"], told["bound"], told["status"]) == (5819, 5819, "optimal")
    assert "value 5819" in mobility_geo("site", "--pmed", folder / "pmed1.txt").stdout
    assert mobility_geo("site", "--pmed", tmp_path / "none").returncode == exits.INPUT


def test_points_in_a_file_a_table_and_json(tmp_path):
    out = tmp_path / "points.gpkg"
    done = mobility_geo("monitor", "mali-2013-01", "--new", 3, "--out", out)
    assert done.returncode == exits.SUCCESS, done.stderr
    points = pyogrio.read_dataframe(out, layer="monitoring_points")
    assert len(points) == 3
    assert "each once" in done.stdout
    told = json.loads(
        mobility_geo("monitor", "mali-2013-01", "--new", 1, "--existing",
                     points["point_id"].iloc[1], "--output", "json").stdout
    )["data"]  # fmt: skip
    assert told["points"][0]["proposal"] == "kept"
    assert told["seen_persons"] == told["points"][-1]["seen_persons"]


def test_points_that_hold_up_under_scenarios_and_a_plan(tmp_path):
    words = ("monitor", "mali-2013-01", "--under", "mali-2012-08", "--new", 2)
    done = mobility_geo(*words, "--criterion", "regret")
    assert "on average over 2 scenarios" in done.stdout
    assert "regret: " in done.stdout
    told = json.loads(mobility_geo(*words, "--output", "json").stdout)["data"]
    rows = told["scenarios"]
    assert [row["probability"] for row in rows] == [0.5, 0.5]
    for name in ("flowing_persons", "seen_persons"):
        assert told[name] == pytest.approx(sum(row[name] for row in rows) / 2)
    assert told["value"] == pytest.approx(told["seen_persons"])
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'name = "closures"\nscenario = "mali-2013-01"\n[grid]\nwithout = [[], ["insecurity"]]\n',
        encoding="utf-8",
    )
    done = mobility_geo("monitor", "--plan", plan, "--criterion", "cvar", "--alpha", 0.5)
    assert "cvar: " in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("site",), "one of the three"),
        (("site", "mali-2013-01", "--pmed", "a.txt"), "one of the three"),
        (("site", "mali-2013-01"), "how many new stations"),
        (("site", "mali-2013-01", "--new", "2", "--candidate", "Gaoo"), "Gao"),
        (("site", "mali-2013-01", "--mobile", "1", "--under", "mali-2012-04"), "one scenario"),
        (("site", "mali-2013-01", "--new", "1", "--supply-from", "Atlantis"), "Atlantis"),
        (("site", "mali-2013-01", "--mobile", "1", "--new", "1"), "leave out --new"),
        (("site", "mali-2013-01", "--mobile", "1", "--limit", "1"), "fixed stations"),
        (("site", "mali-2013-01", "--new", "1", "--profile", "4x4"), "--profile is for --mobile"),
        (("site", "mali-2013-01", "--new", "1", "--on", "2013-01-20"), "give --supply-from"),
        (("site", "mali-2013-01", "--new", "1", "--criterion", "regret"), "over scenarios"),
        (("site", "mali-2013-01", "--new", "1", "--alpha", "0.5"), "is for --criterion cvar"),
        (("site", "--plan", "p.toml", "--under", "mali-2012-04", "--new", "1"), "or --plan"),
        (
            (
                "site",
                "mali-2013-01",
                "--under",
                "mali-2012-04",
                "--new",
                "1",
                "--criterion",
                "cvar",
                "--alpha",
                "1",
            ),
            "less than 1",
        ),
        (("monitor", "mali-2013-01", "--aim", "luck"), "aim must be"),
        (("monitor", "mali-2013-01", "--existing", "a bridge"), "a bridge"),
        (("monitor", "mali-2014"), "did you mean"),
        (("monitor",), "name a scenario, or a sweep plan"),
        (("monitor", "mali-2013-01", "--plan", "p.toml"), "name a scenario, or a sweep plan"),
        (("monitor", "mali-2013-01", "--criterion", "regret"), "over scenarios"),
    ],
)
def test_what_cannot_be_asked_is_said_in_words(words, told):
    done = mobility_geo(*words)
    assert done.returncode in {exits.INPUT, exits.USAGE}, done.stdout
    assert told in done.stderr


@pytest.mark.parametrize("words", [("site", "--new", "1"), ("monitor",), ("chokepoints",),
                                   ("access",), ("explain", "Kidal")])  # fmt: skip
def test_nothing_of_it_is_for_the_public(tmp_path, words):
    assert mobility_geo("scenarios", "copy", "mali-2013-01", tmp_path).returncode == 0
    file = tmp_path / "mali-2013-01.toml"
    text = file.read_text("utf-8")
    changed = text.replace('audience = "internal"', 'audience = "public"')
    if changed == text:
        changed = text.replace("when = ", 'audience = "public"\nwhen = ', 1)
    file.write_text(changed, encoding="utf-8")
    done = mobility_geo(words[0], file, *words[1:])
    assert done.returncode == exits.INPUT, done.stdout
    assert "audience is 'public'" in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_a_file_that_cannot_be_written_is_told_before_the_work(tmp_path):
    done = mobility_geo("monitor", "mali-2013-01", "--out", tmp_path / "no" / "p.gpkg")
    assert done.returncode == exits.OUTPUT
    assert "does not exist" in done.stderr

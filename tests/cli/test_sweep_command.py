"""The command sweep: what it leaves, prints, and how it ends."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from mobility_geo.cli import exits, sweep
from mobility_geo.cli.app import app

PLAN = """\
name = "Two limits"
scenario = "mali-2013-01"

[grid]
risk_limit_factor = [0.5, 1]

[answers]
tables = ["status"]
"""


def mobility_geo(*words):
    return subprocess.run(
        [sys.executable, "-m", "mobility_geo.cli", *map(str, words)], capture_output=True,
        text=True, encoding="utf-8", check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "120"},
    )  # fmt: skip


def here(*words):
    """Run the command in this process."""
    done = CliRunner(env={"COLUMNS": "120"}).invoke(
        app, [str(word) for word in words], catch_exceptions=False
    )
    return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)


@pytest.fixture
def plan(tmp_path):
    file = tmp_path / "plan é.toml"
    file.write_text(PLAN, encoding="utf-8")
    return file


def test_it_answers_and_goes_on(plan, tmp_path):
    out = tmp_path / "out put"
    done = mobility_geo("sweep", plan, "--out", out, "--workers", 1, "--output", "json")
    assert done.returncode == exits.SUCCESS, done.stderr
    told = json.loads(done.stdout)
    assert (told["command"], told["status"], told["exit_code"]) == ("sweep", "success", 0)
    assert told["data"]["answered"] == told["data"]["scenarios"] == 2
    assert told["data"]["kept_from_before"] == 0
    # plain lines with the time left, as standard error is no terminal
    assert "1 of 2 scenarios, about " in done.stderr
    assert "\x1b" not in done.stderr
    assert {"report.html", "summary.gpkg", "manifest.json"} <= {p.name for p in out.iterdir()}
    again = here("sweep", plan, "--out", out)
    assert again.returncode == exits.SUCCESS, again.stderr
    assert "2 of 2 scenarios answered, 2 of them from before" in again.stdout
    other = PLAN.replace("0.5", "0.7")
    plan.write_text(other, encoding="utf-8")
    refused = here("sweep", plan, "--out", out)
    assert refused.returncode == exits.OUTPUT, refused.stderr
    assert "belongs to another plan" in refused.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('scenario = "mali-2013-01"\n', "no scenarios"),
        ('scenario = "mali-2013-01"\n[grids]\nrisk_limit = [1]\n', "did you mean 'grid'"),
        (
            'scenario = "mali-2013-01"\n[single_closures]\ncrossings = ["inabo"]\n',
            "did you mean 'inabao'",
        ),
    ],
)
def test_a_wrong_plan_is_refused_before_anything_is_made(plan, tmp_path, text, words):
    plan.write_text(text, encoding="utf-8")
    done = here("sweep", plan, "--out", tmp_path / "out")
    assert done.returncode == exits.INPUT
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_nobody_at_the_address_is_told(plan, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(sweep, "CONNECT_S", 0.5)
    words = ["sweep", str(plan), "--out", str(tmp_path / "out"), "--scheduler",
             "tcp://127.0.0.1:9"]  # fmt: skip
    done = CliRunner(env={"COLUMNS": "160"}).invoke(app, words, catch_exceptions=False)
    assert done.exit_code == exits.INPUT
    assert "no Dask scheduler answers there" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr

"""The command line: what it prints, how it ends, what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from mobility_geo.cli import exits
from mobility_geo.cli.app import app

ENVELOPE = ["schema_version", "command", "status", "exit_code", "data", "warnings", "errors"]


def mobility_geo(*words, process=False):
    """Run the command in a process of its own, as a user would, or in this one."""
    if process:
        return subprocess.run(
            [sys.executable, "-m", "mobility_geo.cli", *map(str, words)],
            capture_output=True, text=True, encoding="utf-8", check=False,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "120"},
        )  # fmt: skip
    done = CliRunner(env={"COLUMNS": "120"}).invoke(
        app, [str(word) for word in words], catch_exceptions=False
    )
    return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """Return a scenario copied into a folder with a space and accents in its name."""
    folder = tmp_path_factory.mktemp("données de Léré")
    done = mobility_geo("scenarios", "copy", "mali-2013-02-return", folder)
    assert done.returncode == exits.SUCCESS, done.stderr
    return folder / "mali-2013-02-return.toml"


@pytest.fixture(scope="module")
def finished(copied, tmp_path_factory):
    """Return a finished run of the copied scenario, asked for as JSON."""
    out = tmp_path_factory.mktemp("sortie é") / "run"
    return mobility_geo("run", copied, "--out", out, "--output", "json", process=True), out


def test_help_teaches_and_lists_the_exit_codes():
    told = mobility_geo("run", "--help").stdout
    assert "mali-2013-01" in told
    assert "report.html" in told
    top = " ".join(mobility_geo("--help").stdout.split())
    for code in exits.MEANING:
        assert str(code) in top


def test_scenarios_lists_one_per_line():
    told = mobility_geo("scenarios").stdout.strip().splitlines()
    names = [line.split()[0] for line in told]
    assert {"baseline", "mali-2012-04", "mali-2012-08", "mali-2013-01", "mali-2013-02-return"} <= (
        set(names)
    )
    assert len(names) == len(set(names))


def test_scenarios_as_json_has_the_same_envelope():
    done = mobility_geo("scenarios", "--output", "json")
    found = json.loads(done.stdout)
    assert list(found) == ENVELOPE
    assert {"name", "when", "title", "file"} == set(found["data"]["scenarios"][0])


def test_copy_never_overwrites(copied):
    before = copied.read_bytes()
    copied.write_bytes(before + b"# mine\n")
    done = mobility_geo("scenarios", "copy", "mali-2013-02-return", copied.parent)
    assert done.returncode == exits.OUTPUT
    assert "already holds" in done.stderr
    assert copied.read_bytes().endswith(b"# mine\n")


def test_run_as_json_keeps_talk_off_standard_output(finished):
    done, out = finished
    assert done.returncode == exits.SUCCESS, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == ENVELOPE
    assert found["status"] == "success"
    movers = found["data"]["movers"]
    parts = ("can_reach", "stranded", "isolated", "unknown")
    for figure in ("best", "low", "high"):
        assert sum(movers[name][figure] for name in parts) == movers["persons"][figure]
    assert "Report" in done.stderr
    assert all(os.path.exists(name) for name in found["data"]["files"])  # noqa: PTH110
    assert str(out) == found["data"]["out"]


def test_run_leaves_what_it_says(finished):
    _, out = finished
    names = {path.name for path in out.iterdir()}
    assert names == {
        "results.gpkg", "results.qgz", "report.html", "brief.html", "tables", "manifest.json",
    }  # fmt: skip
    assert not [path for path in out.parent.iterdir() if path != out], "something was left aside"


def test_second_run_gives_the_same_bytes_in_the_tables_and_prints_a_short_one(finished, copied):
    _, out = finished
    before = {path.name: path.read_bytes() for path in (out / "tables").iterdir()}
    done = mobility_geo("run", copied, "--out", out)
    assert done.returncode == exits.SUCCESS, done.stderr
    after = {path.name: path.read_bytes() for path in (out / "tables").iterdir()}
    assert before == after
    for words in ("stranded", "reason:", "cause:", "isolated", "unknown", "would be cut off",
                  "By region"):  # fmt: skip
        assert words in done.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("when = 2013-02-03", "when = 2099-01-01"), "outside the calendar"),
        (("kind = ", "knid = "), "did you mean 'kind'?"),
        (("[limits]", "[limit]"), "did you mean 'limits'?"),
        (('groups = "', 'groups = "no-'), "no such file"),
    ],
)
def test_bad_scenario_is_one_clear_error_and_leaves_nothing(copied, tmp_path, change, words):
    text = copied.read_text(encoding="utf-8")
    old, new = change
    if old.startswith("when"):
        old = next(line for line in text.splitlines() if line.startswith("when ="))
    assert old in text
    wrong = copied.with_name(f"wrong-{tmp_path.name}.toml")
    wrong.write_text(text.replace(old, new), encoding="utf-8")
    done = mobility_geo("run", wrong, "--out", tmp_path / "out", "--output", "json")
    wrong.unlink()
    assert done.returncode == exits.INPUT
    found = json.loads(done.stdout)
    assert found["status"] == "error"
    assert any(words in problem for problem in found["errors"]), found["errors"]
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_all_problems_are_listed_at_once(copied, tmp_path):
    text = copied.read_text(encoding="utf-8").replace("[limits]", "[limit]")
    wrong = copied.with_name("wrong-twice.toml")
    wrong.write_text(text + '\n[[disruption]]\nid = "x"\nkind = "flod"\nsource = "s"\n'
                     'crossings = ["Inabo"]\n', encoding="utf-8")  # fmt: skip
    done = mobility_geo("run", wrong, "--out", tmp_path / "out")
    assert done.returncode == exits.INPUT
    for words in ("'limits'", "did you mean 'inabao'?"):
        assert words.lower() in done.stderr.lower()


def test_unknown_name_suggests_the_nearest(tmp_path):
    done = mobility_geo("run", "mali-2013-1", "--out", tmp_path / "out")
    assert done.returncode == exits.INPUT
    assert "did you mean 'mali-2013-01'?" in done.stderr


def test_a_day_outside_the_calendar_is_refused(tmp_path):
    done = mobility_geo("run", "mali-2013-01", "--out", tmp_path / "out", "--when", "2020-01-01")
    assert done.returncode == exits.INPUT
    assert "outside the calendar" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_someone_else_is_never_replaced(tmp_path):
    mine = tmp_path / "thesis"
    mine.mkdir()
    (mine / "chapter.txt").write_text("years of work", encoding="utf-8")
    done = mobility_geo("run", "mali-2013-02-return", "--out", mine)
    assert done.returncode == exits.OUTPUT
    assert (mine / "chapter.txt").read_text(encoding="utf-8") == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]


def test_wrong_command_line_is_a_usage_error():
    assert mobility_geo("run").returncode == exits.USAGE
    assert mobility_geo("walk").returncode == exits.USAGE


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_half_way_leaves_nothing(tmp_path):
    out = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-m", "mobility_geo.cli", "run", "mali-2013-01", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stderr:
            if "Way stations" in line or "Flows" in line:
                process.send_signal(signal.SIGINT)
                break
        else:
            pytest.fail("the run ended before it could be interrupted")
        process.wait(timeout=60)
        time.sleep(0.1)
    assert process.returncode == exits.INTERRUPTED
    assert list(tmp_path.iterdir()) == []


def test_warmup_compiles_and_says_how_long_it_took():
    done = mobility_geo("warmup", "--output", "json")
    assert done.returncode == exits.SUCCESS, done.stderr
    told = json.loads(done.stdout)
    assert list(told) == ENVELOPE
    assert told["data"]["compile_s"] >= 0
    assert "ready" in mobility_geo("warmup").stdout

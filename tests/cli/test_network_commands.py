"""`mobility-geo network`: from files to a network, to findings, to a run; and how it refuses."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pyogrio
import pytest
from typer.testing import CliRunner

from mobility_geo.cli import exits
from mobility_geo.cli.app import app
from mobility_geo.datasets import write_practice_files
from mobility_geo.network import read_network
from mobility_geo.schema import FINDINGS

ENVELOPE = ["schema_version", "command", "status", "exit_code", "data", "warnings", "errors"]
COMMAND = [sys.executable, "-m", "mobility_geo.cli"]


def mobility_geo(*words):
    """Run the command in this process: what it prints, and how it ends."""
    words = [str(word) for word in words]
    done = CliRunner(env={"COLUMNS": "160"}).invoke(app, words, catch_exceptions=False)
    return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return the practice country in a folder with blanks and accents in its name."""
    return write_practice_files(tmp_path_factory.mktemp("données de Practique"))


@pytest.fixture(scope="module")
def built(files):
    """Return a network built on the command line, asked for as JSON."""
    out = files["network"].with_name("réseau 1.gpkg")
    return mobility_geo("network", "build", files["network"], "--out", out, "--output", "json"), out


def changed(files, name, old, new):
    """Return a network file beside the others, with a change."""
    text = files["network"].read_text("utf-8")
    assert old in text
    path = files["network"].with_name(name)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


# ------------------------------------------------------------------ build
def test_build_as_json_says_what_was_read_made_and_found(built, files):
    done, out = built
    assert done.returncode == exits.SUCCESS, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == ENVELOPE
    assert (found["command"], found["status"]) == ("network build", "success")
    data = found["data"]
    assert data["out"] == str(out)
    assert data["name"] == "practique"
    assert data["edges"]["ferry"]["edges"] == 1
    assert data["crossings"] == {"official": 1, "informal": 1}
    assert data["places"] == data["places_attached"] == 81
    assert 0 < data["residents_attached_persons"] <= data["residents_persons"]
    readings = {one["file"]: one for one in data["readings"]}
    expected = ("regions", "districts", "neighbour", "roads", "river", "crossings", "settlements",
                "camps", "people")  # fmt: skip
    assert set(readings) == {files[what].name for what in expected}
    assert all(one["licence"] and one["rows_kept"] <= one["rows_read"] for one in readings.values())
    checks = {one["check"] for one in data["findings"]}
    assert {"sign of longitude", "encoding", "fragment", "border crossing"} <= checks
    ranks = [("error", "warning", "note").index(one["severity"]) for one in data["findings"]]
    assert ranks == sorted(ranks)


def test_talk_of_a_build_is_on_standard_error_and_ends_with_all_done(built):
    done, _ = built
    lines = [line for line in done.stderr.splitlines() if "%" in line]
    shares = [int(line.split("%")[0]) for line in lines]
    assert shares == sorted(shares)
    assert lines[-1].split() == ["100%", "Done"]


def test_the_network_is_read_again_and_its_findings_lie_beside_it(built):
    done, out = built
    network = read_network(out)
    assert network.content_hash() == json.loads(done.stdout)["data"]["content_hash"]
    layers = {name for name, _ in pyogrio.list_layers(out)}
    assert {"findings", "people_far_from_places", "edges", "places"} <= layers
    findings = pyogrio.read_dataframe(out, layer="findings")
    assert set(FINDINGS.names) <= set(findings.columns)


def test_build_prints_numbers_findings_and_licences(files, tmp_path):
    done = mobility_geo("network", "build", files["network"], "--out", tmp_path / "n.gpkg")
    assert done.returncode == exits.SUCCESS, done.stderr
    for words in ("OCHA COD-AB, 12 of 12 rows", "Network practique", "1 official", "Findings",
                  "sign of longitude", "open it in QGIS"):  # fmt: skip
        assert words in done.stdout
    assert "licence: roads.osm.pbf: " in done.stderr


def test_a_quiet_build_in_another_folder_says_nothing_and_gives_the_same(files, built, tmp_path):
    done = subprocess.run(
        [*COMMAND, "network", "build", str(files["network"]), "--out", "n.gpkg", "--quiet"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (exits.SUCCESS, b"", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["n.gpkg"]
    again = read_network(tmp_path / "n.gpkg").content_hash()
    assert again == json.loads(built[0].stdout)["data"]["content_hash"]


# ------------------------------------------------------------------ refused
def refused(files, tmp_path, config, *, code=exits.INPUT):
    """Return what is said when a build is refused; nothing may be left behind."""
    before = set(files["network"].parent.iterdir()) | {config}
    out = tmp_path / "n.gpkg"
    done = mobility_geo("network", "build", config, "--out", out, "--output", "json")
    assert done.returncode == code, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == ENVELOPE
    assert (found["status"], found["exit_code"], found["data"]) == ("error", code, None)
    assert "Traceback" not in done.stderr
    assert not out.exists()
    assert set(files["network"].parent.iterdir()) == before
    return "\n".join(found["errors"])


def test_every_problem_of_a_network_file_is_told_at_once(files, tmp_path):
    text = 'name = ""\ncuntry = "XPA"\n[[boundaries]]\nfile = "none.shp"\nlevle = 1\n'
    config = files["network"].with_name("wrong.toml")
    config.write_text(text, encoding="utf-8")
    said = refused(files, tmp_path, config)
    for words in (
        "unknown key 'cuntry'; did you mean 'country'?",
        "unknown key 'levle'; did you mean 'level'?",
        "key 'roads' is missing", "key 'places' is missing", "'none.shp': no such file",
        "name: must be a text that is not empty",
    ):  # fmt: skip
        assert words in said
    config.unlink()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('file = "roads.osm.pbf"', 'file = "raods.osm.pbf"', "'raods.osm.pbf': no such file"),
        ('kind = "camp"', 'kind = "camps"', "did you mean 'camp'"),
        ('name = "practique"', 'name = "practique"\ncrs = "EPSG:4326"', "metr"),
    ],
)
def test_a_wrong_value_ends_with_its_exit_code(files, tmp_path, old, new, words):
    config = changed(files, "wrong.toml", old, new)
    said = refused(files, tmp_path, config)
    assert words in said
    config.unlink()


def test_a_file_that_is_none_is_refused_by_its_name(files, tmp_path):
    broken = files["network"].with_name("broken.osm.pbf")
    broken.write_bytes(files["roads"].read_bytes()[:4000])
    config = changed(files, "wrong.toml", "roads.osm.pbf", "broken.osm.pbf")
    said = refused(files, tmp_path, config)
    assert "broken.osm.pbf" in said
    config.unlink()
    broken.unlink()


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_network_file_that_is_not_there(tmp_path, name):
    done = mobility_geo("network", "build", tmp_path / name, "--out", tmp_path / "n.gpkg")
    assert done.returncode == exits.INPUT
    assert "no such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_for_the_network_that_is_not_there_is_an_output_error(files, tmp_path):
    out = tmp_path / "nowhere" / "n.gpkg"
    done = mobility_geo("network", "build", files["network"], "--out", out)
    assert done.returncode == exits.OUTPUT, done.stderr
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Roads" not in done.stderr, "minutes of work for a place that cannot be written"
    assert list(tmp_path.iterdir()) == []


def in_a_process(*words, cwd=None):
    """Run the command in a process of its own: what it prints, and how it ends."""
    return subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, check=False, cwd=cwd, text=True,
        encoding="utf-8", env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"},
    )  # fmt: skip


def test_a_path_with_blanks_and_accents_in_a_process(files, tmp_path):
    out = tmp_path / "sortie d'été" / "réseau n° 1.gpkg"
    out.parent.mkdir()
    done = in_a_process("network", "build", files["network"], "--out", out)
    assert done.returncode == exits.SUCCESS, done.stderr
    assert f"{out}: open it in QGIS" in done.stdout
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    assert read_network(out).name == "practique"


def test_a_missing_input_file_in_a_process(files, tmp_path):
    config = changed(files, "wrong.toml", 'file = "river.geojson"', 'file = "fleuve.geojson"')
    done = in_a_process("network", "build", config, "--out", tmp_path / "n.gpkg")
    config.unlink()
    assert done.returncode == exits.INPUT
    assert "wrong.toml: [waterways] file: 'fleuve.geojson': no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_told_before_the_work(files):
    place = Path("/proc/self")  # nobody can make a file there, whoever runs the tests
    if not place.is_dir():
        pytest.skip("no folder that is read-only for everybody")
    done = in_a_process("network", "build", files["network"], "--out", place / "n.gpkg")
    assert done.returncode == exits.OUTPUT, done.stderr
    assert f"{place / 'n.gpkg'}: its folder cannot be written to" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Roads" not in done.stderr


def test_a_folder_that_is_full_or_locked_later_on_leaves_nothing(files, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mobility_geo.geopackage.tempfile.mkdtemp", full)
    done = mobility_geo("network", "build", files["network"], "--out", tmp_path / "n.gpkg")
    assert done.returncode == exits.OUTPUT, done.stderr
    assert "no space left on the disk" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_network_never_replaces_what_it_is_built_from(files, built, tmp_path):
    before = files["people"].read_bytes()
    for name in ("people", "network"):
        done = mobility_geo("network", "build", files["network"], "--out", files[name])
        assert done.returncode == exits.OUTPUT
        assert "is one of the files that the network is built from" in done.stderr
    assert files["people"].read_bytes() == before
    done = mobility_geo("network", "build", files["network"], "--out", tmp_path)
    assert done.returncode == exits.OUTPUT
    assert "is a folder; name a file in it" in done.stderr
    _, network = built
    done = mobility_geo("network", "audit", network, "--out", network)
    assert done.returncode == exits.OUTPUT
    assert "is the network itself" in done.stderr
    assert read_network(network).name == "practique"


def test_ctrl_c_half_way_leaves_what_was_there(files, tmp_path):
    out = tmp_path / "n.gpkg"
    out.write_bytes(b"the one before")
    with subprocess.Popen(
        [*COMMAND, "network", "build", str(files["network"]), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    ) as process:
        for line in process.stderr:
            if "People" in line:
                process.send_signal(signal.SIGINT)
                break
        else:
            pytest.fail("the build ended before it could be interrupted")
        process.wait(timeout=60)
        rest = process.stderr.read()
    assert process.returncode == exits.INTERRUPTED
    assert "interrupted" in rest
    assert "Traceback" not in rest
    assert [path.name for path in tmp_path.iterdir()] == ["n.gpkg"]
    assert out.read_bytes() == b"the one before"


# ------------------------------------------------------------------ audit and info
def test_audit_lists_the_worst_first_and_writes_a_layer(built, tmp_path):
    _, network = built
    out = tmp_path / "findings.gpkg"
    done = mobility_geo("network", "audit", network, "--out", out, "--output", "json")
    assert done.returncode == exits.SUCCESS, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == ENVELOPE
    rows = found["data"]["findings"]
    assert set(rows[0]) == set(FINDINGS.names)
    assert "fragment" in {row["check"] for row in rows}
    layer = pyogrio.read_dataframe(out, layer="findings")
    assert len(layer) == len(rows)
    shown = mobility_geo("network", "audit", network)
    assert "Findings" in shown.stdout
    assert "residents touched" in shown.stdout


def test_info_tells_the_numbers_of_the_build(built):
    done, network = built
    found = json.loads(mobility_geo("network", "info", network, "--output", "json").stdout)
    assert list(found) == ENVELOPE
    numbers = dict(found["data"])
    assert numbers.pop("network") == str(network)
    assert numbers == {key: json.loads(done.stdout)["data"][key] for key in numbers}
    shown = mobility_geo("network", "info", network).stdout
    assert "Network practique" in shown
    assert f"{numbers['residents_persons']:,}" in shown


@pytest.mark.parametrize("command", ["audit", "info"])
def test_a_network_that_is_none_is_refused(files, tmp_path, command):
    (tmp_path / "text.gpkg").write_text("not a database")
    for path in (tmp_path / "nowhere.gpkg", tmp_path / "text.gpkg", files["districts"]):
        done = mobility_geo("network", command, path, "--output", "json")
        assert done.returncode == exits.INPUT, done.stderr
        assert list(json.loads(done.stdout)) == ENVELOPE
        assert "Traceback" not in done.stderr
        assert path.name in done.stderr


def test_the_built_in_network_has_a_name():
    found = json.loads(mobility_geo("network", "info", "sahel", "--output", "json").stdout)
    assert found["data"]["edges"]["river"]["edges"] > 0


# ------------------------------------------------------------------ and a run with it
def test_the_practice_scenario_runs_on_the_network_just_built(built, files, tmp_path):
    _, network = built
    scenario = files["scenario"].with_name("mine.toml")
    text = files["scenario"].read_text("utf-8").replace("network.gpkg", network.name)
    scenario.write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    done = mobility_geo("run", scenario, "--out", out, "--output", "json")
    scenario.unlink()
    assert done.returncode == exits.SUCCESS, done.stderr
    found = json.loads(done.stdout)
    movers = found["data"]["movers"]
    parts = ("can_reach", "stranded", "isolated", "unknown")
    for figure in ("best", "low", "high"):
        assert sum(movers[name][figure] for name in parts) == movers["persons"][figure]
    assert movers["stranded"]["best"] > 0
    assert found["data"]["residents"]["cut_off"]["best"] > 0
    assert any("duplicate id" in note for note in found["warnings"])
    page = (out / "report.html").read_text("utf-8")
    assert "Practique (invented)" in page

"""All result files together: complete, described, the same each time, or not there at all."""

import dataclasses
import errno
import hashlib
import json
import sqlite3
import sys
import textwrap
from pathlib import Path
from subprocess import run

import pytest

from mobility_geo.errors import InputError, OutputError
from mobility_geo.export import write, write_manifest, write_results, write_results_into
from mobility_geo.export.layers import LAYERS
from mobility_geo.export.tables import ORDER
from mobility_geo.geopackage import read_layers

NAMES = sorted(
    ["manifest.json", "results.gpkg", "results.qgz", "tables/columns.csv"]
    + [f"tables/{name}.csv" for name in ORDER]
)


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def older(toy, tmp_path):
    target = tmp_path / "Années 2012, l'été" / "out"
    write_results(toy, target)
    return target


def test_all_files_are_there_and_returned(toy, tmp_path):
    made = write_results(toy, tmp_path / "out")
    assert [path.relative_to(tmp_path / "out").as_posix() for path in made] == NAMES
    assert sorted(files(tmp_path / "out")) == NAMES
    assert tuple(read_layers(tmp_path / "out" / "results.gpkg")) == LAYERS


def test_two_runs_give_the_same_bytes_but_for_times(toy, older, tmp_path):
    write_results(toy, tmp_path / "again")
    one, two = files(older), files(tmp_path / "again")
    for name in NAMES:
        if name not in {"manifest.json", "results.gpkg"}:
            assert one[name] == two[name], name
    first, second = (json.loads(side["manifest.json"]) for side in (one, two))
    for manifest in (first, second):
        manifest.pop("written_at")
    assert first == second


def test_layers_are_the_same_in_two_runs(toy, older, tmp_path):
    write_results(toy, tmp_path / "again")
    for name in LAYERS:
        rows = []
        for folder in (older, tmp_path / "again"):
            connection = sqlite3.connect(folder / "results.gpkg")
            rows.append(connection.execute(f"SELECT * FROM {name}").fetchall())  # noqa: S608
            connection.close()
        assert rows[0] == rows[1]


def test_the_manifest_says_what_was_done(toy, older):
    manifest = json.loads((older / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["written_by"] == "mobility_geo"
    assert manifest["case"] == "toy"
    assert manifest["when"] == toy.when.isoformat()
    assert manifest["run"]["network_sha256"] == toy.case.network.content_hash()
    assert manifest["headline"] == toy.headline()
    assert manifest["rows"]["status"] == len(toy.status)
    assert manifest["warnings"] == list(toy.warnings)
    assert set(manifest["files"]) == set(NAMES) - {"manifest.json"}
    for name, raw in files(older).items():
        if name == "manifest.json":
            continue
        about = manifest["files"][name]
        assert about["bytes"] == len(raw)
        if not name.endswith(".gpkg"):
            assert about["sha256"] == hashlib.sha256(raw).hexdigest()


def test_a_second_run_replaces_the_first(nobody, older):
    write_results(nobody, older)
    assert sorted(files(older)) == NAMES
    assert len(read_layers(older / "results.gpkg", ["stranded"])["stranded"]) == 0
    assert [path.name for path in older.parent.iterdir()] == ["out"]


def test_the_public_gets_none_of_it(toy, tmp_path):
    public = dataclasses.replace(toy, case=dataclasses.replace(toy.case, audience="public"))
    with pytest.raises(InputError, match="audience is 'public'"):
        write_results(public, tmp_path / "out")
    with pytest.raises(InputError, match="audience is 'public'"):
        write_results_into(public, tmp_path)
    assert list(tmp_path.iterdir()) == []
    text = write_manifest(public, tmp_path).read_text(encoding="utf-8")
    assert "headline" not in text
    assert "INTERNAL" not in text


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("write_geopackage", KeyboardInterrupt()),
        ("write_project", OSError(errno.ENOSPC, "full")),
        ("write_tables", KeyboardInterrupt()),
        ("write_tables", OSError(errno.ENOSPC, "full")),
        ("write_manifest", KeyboardInterrupt()),
    ],
    ids=repr,
)
def test_a_fault_at_any_step_leaves_the_older_results(nobody, older, monkeypatch, fault, step):
    before = files(older)

    def fail(*_, **__):
        raise fault

    monkeypatch.setattr(write, step, fail)
    with pytest.raises(OutputError if isinstance(fault, OSError) else KeyboardInterrupt):
        write_results(nobody, older)
    assert files(older) == before
    assert [path.name for path in older.parent.iterdir()] == ["out"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
@pytest.mark.parametrize("limit", [3_000, 150_000])
def test_a_disk_that_fills_up_leaves_the_older_results(older, limit):
    before = files(older)
    code = f"""
        import resource, signal
        from mobility_geo.datasets import load_toy
        from mobility_geo.errors import OutputError
        from mobility_geo.export import write_results
        from mobility_geo.outcomes import solve_case
        results = solve_case(load_toy())
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        try:
            write_results(results, {str(older)!r})
        except OutputError as error:
            print(error)
    """
    done = run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert "nothing was changed" in done.stdout
    assert ".partial" not in done.stdout
    assert files(older) == before
    assert [path.name for path in older.parent.iterdir()] == ["out"]


def test_paths_may_be_text(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert write_results(toy, "out")[0] == Path("out/manifest.json")

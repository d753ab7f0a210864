"""A whole run lands as a whole, or leaves everything as it was."""

import dataclasses
import errno
import json

import pyogrio
import pytest

import mobility_geo.batch.run as batch
from mobility_geo.batch import run_case
from mobility_geo.datasets import load_mali, load_toy
from mobility_geo.errors import CalendarError, InputError, OutputError
from mobility_geo.outcomes import Uncertainty


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_run_leaves_every_file_and_tells_its_progress(tmp_path):
    told = []
    results, files = run_case(
        load_toy(), tmp_path / "out", progress=lambda *step: told.append(step)
    )
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "results.gpkg", "results.qgz", "report.html", "brief.html", "tables", "manifest.json",
    }  # fmt: skip
    assert all(path.is_file() for path in files)
    shares = [done for _, done in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert results.headline()["movers"]["stranded"]["best"] == 1400
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert {"report.html", "brief.html", "results.gpkg"} <= set(manifest["files"])


def test_a_run_for_a_decision_leaves_its_page_and_its_layers(tmp_path):
    told = []
    run_case(
        load_toy(), tmp_path / "out", decide=Uncertainty(most_draws=4),
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    layers = {name for name, _ in pyogrio.list_layers(tmp_path / "out" / "decisions.gpkg")}
    assert {"place_intervals_movers", "gap_edges", "chokepoint_edges", "reopenings"} <= layers
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert {"decisions.html", "decisions.gpkg", "report.html"} <= set(manifest["files"])
    shares = [done for _, done in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_decision_for_the_public_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "solve_case", lambda *_args, **_more: pytest.fail("worked"))
    case = dataclasses.replace(load_toy(), audience="public")
    with pytest.raises(InputError, match="audience is 'public'"):
        run_case(case, tmp_path / "out", decide=Uncertainty(most_draws=4))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "out"
    run_case(load_toy(), out)
    return out


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("write_results_into", FULL),
        ("write_report", KeyboardInterrupt()),
        ("write_brief", FULL),
    ],
)
def test_whatever_happens_the_folder_is_what_it_was(finished, monkeypatch, step, error):
    before = contents(finished)

    def fail(*_args, **_options):
        raise error

    monkeypatch.setattr(batch, step, fail)
    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else OutputError
    with pytest.raises(expected):
        run_case(load_toy(), finished)
    assert contents(finished) == before
    assert [path.name for path in finished.parent.iterdir()] == ["out"]


def test_a_wrong_day_leaves_nothing(tmp_path):
    with pytest.raises(CalendarError, match="outside the calendar"):
        run_case(load_toy(), tmp_path / "out", when="1999-01-01")
    assert list(tmp_path.iterdir()) == []


def test_for_the_public_only_what_may_be_shared_is_written(tmp_path):
    case = dataclasses.replace(load_mali("mali-2013-02-return"), audience="public")
    _, files = run_case(case, tmp_path / "out")
    assert sorted(path.name for path in files) == ["brief.html", "manifest.json"]
    text = (tmp_path / "out" / "manifest.json").read_text(encoding="utf-8")
    assert "headline" not in json.loads(text)

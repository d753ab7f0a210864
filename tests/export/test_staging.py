"""Folders appear as a whole, and other people's files stay where they are."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from mobility_geo.errors import CalendarError, OutputError
from mobility_geo.export import staging
from mobility_geo.export.staging import read_manifest, staged_folder


def write_ours(stage, text="new"):
    (stage / "tables").mkdir()
    (stage / "tables" / "a.csv").write_text(text, encoding="utf-8")
    (stage / "report.html").write_text(text, encoding="utf-8")
    files = {"tables/a.csv": {}, "report.html": {}}
    manifest = {"written_by": "mobility_geo", "files": files}
    (stage / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def older(tmp_path):
    target = tmp_path / "Résultats de l'été" / "out 1"
    with staged_folder(target) as stage:
        write_ours(stage, "old")
    return target


def write_and_fail(target, fault):
    with staged_folder(target) as stage:
        write_ours(stage)
        raise fault


def only(target):
    """Nothing is left beside the target."""
    return [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_new_folder_appears_with_the_folders_above_it(older):
    assert tree(older)["report.html"] == "old"
    assert only(older)


def test_an_older_folder_is_replaced_as_a_whole(older):
    with staged_folder(older) as stage:
        (stage / "brief.html").write_text("new", encoding="utf-8")
    assert tree(older) == {"brief.html": "new"}
    assert only(older)


def test_an_empty_folder_may_be_used(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    with staged_folder(target) as stage:
        write_ours(stage)
    assert tree(target)["report.html"] == "new"


@pytest.mark.parametrize("fault", [
    KeyboardInterrupt(), MemoryError(), ValueError("x"), CalendarError("x"), OutputError("x"),
    OSError(errno.ENOSPC, "No space left on device"),
], ids=repr)  # fmt: skip
def test_a_fault_leaves_the_older_folder(older, fault):
    before = tree(older)
    expected = OutputError if isinstance(fault, OSError) else type(fault)
    with pytest.raises(expected) as caught:
        write_and_fail(older, fault)
    if getattr(fault, "errno", None) == errno.ENOSPC:
        assert "nothing was changed: no space left on the disk" in str(caught.value)
    assert tree(older) == before
    assert only(older)


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), ValueError("x")], ids=repr)
def test_a_fault_leaves_nothing_where_there_was_nothing(tmp_path, fault):
    with pytest.raises(type(fault)):
        write_and_fail(tmp_path / "a" / "b" / "out", fault)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), OSError(errno.EIO, "broken")], ids=repr)
@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_fault_at_the_renames_leaves_the_old_or_the_new(older, monkeypatch, fault, call, done):
    before = tree(older)
    rename, calls = Path.rename, []

    def fail(self, target):
        calls.append(self)
        # the first two calls are the exchange; later ones put things back
        if len(calls) == call:
            if done:
                rename(self, target)
            raise fault
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    expected = OutputError if isinstance(fault, OSError) else KeyboardInterrupt
    with pytest.raises(expected), staged_folder(older) as stage:
        write_ours(stage)
    monkeypatch.undo()
    new = {name: text.replace("old", "new") for name, text in before.items()}
    assert tree(older) == (new if call == 2 and done else before)
    assert only(older)


def test_a_power_cut_between_the_renames_is_mended_by_the_next_run(older):
    before = tree(older)
    older.rename(older.with_name(f".{older.name}.previous"))
    with pytest.raises(ValueError, match="x"), staged_folder(older):
        raise ValueError("x")  # noqa: EM101
    assert tree(older) == before
    assert only(older)


def test_what_a_finished_run_could_not_remove_goes_with_the_next(older):
    shutil.copytree(older, older.with_name(f".{older.name}.previous"))
    with staged_folder(older) as stage:
        write_ours(stage)
    assert tree(older)["report.html"] == "new"
    assert only(older)


@pytest.mark.parametrize("name", ["notes.txt", "tables/mine.xlsx", "photos/a.jpg"])
def test_other_peoples_files_are_not_touched(older, name):
    mine = older / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine", encoding="utf-8")
    before = tree(older)
    with pytest.raises(OutputError, match="not results") as caught, staged_folder(older):
        pytest.fail("nothing must be computed for a folder that cannot be used")
    assert name in str(caught.value)
    assert tree(older) == before


@pytest.mark.parametrize("content", [None, "{", "[]", '{"written_by": "somebody"}'])
def test_a_folder_of_somebody_else_is_not_touched(tmp_path, content):
    target = tmp_path / "photos"
    target.mkdir()
    (target / "a.jpg").write_text("mine", encoding="utf-8")
    if content is not None:
        (target / "manifest.json").write_text(content, encoding="utf-8")
    before = tree(target)
    with pytest.raises(OutputError, match="did not write"), staged_folder(target):
        pytest.fail("not reached")
    assert tree(target) == before
    assert read_manifest(target) is None


def test_what_systems_leave_behind_is_no_obstacle(older):
    (older / ".DS_Store").write_text("x", encoding="utf-8")
    (older / "results.qgz~").write_text("x", encoding="utf-8")
    with staged_folder(older) as stage:
        write_ours(stage)
    assert "results.qgz~" not in tree(older)


def test_a_file_that_is_being_edited_is_not_replaced(older):
    (older / "results.gpkg-wal").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="being edited in another program"), staged_folder(older):
        pytest.fail("not reached")


def test_overwriting_can_be_ruled_out(older):
    with (
        pytest.raises(OutputError, match="holds results already"),
        staged_folder(older, overwrite=False),
    ):
        pytest.fail("not reached")


def test_a_target_that_is_a_file_or_a_link(tmp_path):
    file = tmp_path / "out"
    file.write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="is a file or a link"), staged_folder(file):
        pytest.fail("not reached")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    with pytest.raises(OutputError, match="is a file or a link"), staged_folder(tmp_path / "link"):
        pytest.fail("not reached")


def test_a_folder_above_that_is_a_file(tmp_path):
    (tmp_path / "a").write_text("x", encoding="utf-8")
    with (
        pytest.raises(OutputError, match="nothing was changed"),
        staged_folder(tmp_path / "a" / "out"),
    ):
        pytest.fail("not reached")


@pytest.mark.skipif(os.name != "posix", reason="rights as on Unix")
def test_the_folder_can_be_read_by_others(older):
    mask = os.umask(0)
    os.umask(mask)
    assert older.stat().st_mode & 0o777 == 0o777 & ~mask


def test_messages_name_the_target_and_not_the_folder_beside_it(older):
    def name_a_file(stage):
        msg = f"{stage / 'results.gpkg'}: could not be written"
        raise OutputError(msg)

    with pytest.raises(OutputError) as caught, staged_folder(older) as stage:
        name_a_file(stage)
    assert str(caught.value) == f"{older / 'results.gpkg'}: could not be written"


def test_relative_targets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with staged_folder("out") as stage:
        write_ours(stage)
    assert tree(tmp_path / "out")["report.html"] == "new"


def test_the_names_on_the_disk_are_those_of_the_module():
    assert staging.MANIFEST == "manifest.json"
    assert staging.WRITTEN_BY == "mobility_geo"

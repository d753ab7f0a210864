"""Arrays that processes share: the same values, on disk once, and memory where disk fails."""

import mmap

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from mobility_geo import sharing
from mobility_geo.batch import SingleClosures, make_plan
from mobility_geo.batch import sweep_jobs as jobs
from mobility_geo.datasets import load_toy
from mobility_geo.routing import prepare_engine


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for all arrays, however small."""
    monkeypatch.setattr(sharing, "LEAST_BYTES", 1)
    place = tmp_path / "partagé"
    sharing.share_arrays(place)
    yield place
    sharing.share_arrays(None)


def is_mapped(array):
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap.mmap)


def files(folder):
    return [file.name for file in folder.iterdir()] if folder.is_dir() else []


@given(hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0)))
def test_values_stay_bit_for_bit(tmp_path_factory, array):
    before = array.copy()
    for place in (None, tmp_path_factory.getbasetemp() / "every"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sharing, "LEAST_BYTES", 1)
            patch.setattr(sharing, "_FOLDER", [] if place is None else [place])
            got = sharing.shared(array.copy())
        assert is_mapped(got) == (place is not None and array.nbytes > 0)
        assert got.dtype == before.dtype
        assert got.shape == before.shape
        assert got.tobytes() == before.tobytes()
        assert not got.flags.writeable


def test_one_file_for_the_same_values(folder):
    first = sharing.shared(np.arange(9.0))
    other = sharing.shared(np.arange(9.0)[::-1])
    again = sharing.shared(np.arange(18.0)[::2] / 2)
    assert is_mapped(first)
    assert first.tolist() == again.tolist() == other[::-1].tolist()
    assert len(files(folder)) == 2
    # the same bytes as other numbers are something else
    assert sharing.shared(np.arange(9.0).view(np.int64)).dtype == np.int64
    assert len(files(folder)) == 3


def test_small_arrays_stay_in_memory(folder, monkeypatch):
    monkeypatch.setattr(sharing, "LEAST_BYTES", 100)
    assert not is_mapped(sharing.shared(np.arange(3)))
    assert not files(folder)


def test_the_first_to_make_something_makes_it_for_all(folder):
    ours = sharing.shared_by_name("costs", lambda: np.array([1, 2]))
    theirs = sharing.shared_by_name("costs", lambda: pytest.fail("made twice"))
    assert ours.values.tolist() == theirs.values.tolist() == [1, 2]

    def slow():
        sharing.shared_by_name("race", lambda: np.array([5]))
        return np.array([6])

    assert sharing.shared_by_name("race", slow).values.tolist() == [5]
    assert sorted(files(folder)) == ["costs.npy", "race.npy"]


@pytest.mark.parametrize("on_disk", [True, False])
@pytest.mark.parametrize("gone", [True, False])
def test_copies_can_be_changed_and_the_original_stays(folder, on_disk, gone):
    sharing.share_arrays(folder if on_disk else None)
    original = sharing.shared_by_name("costs", lambda: np.array([1, 2]))
    if gone and on_disk:
        original.file.unlink()
    one, two = original.copy(), original.copy()
    one[0] = 7
    assert (one.tolist(), two.tolist(), original.values.tolist()) == ([7, 2], [1, 2], [1, 2])
    assert original.copy().tolist() == [1, 2]
    assert is_mapped(one) == (on_disk and not gone)


def test_where_nothing_can_be_written_memory_serves(folder, monkeypatch):
    monkeypatch.setattr(sharing, "MOST_BYTES", 1000)
    kept = sharing.shared(np.arange(50))
    late = sharing.shared(np.arange(90))
    assert is_mapped(kept)
    assert not is_mapped(late)
    assert late.tolist() == list(range(90))

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert sharing.shared(np.arange(7)).tolist() == list(range(7))
    assert len(files(folder)) == 1
    monkeypatch.undo()
    (folder.parent / "file").write_text("not a folder")
    sharing.share_arrays(folder.parent / "file")
    monkeypatch.setattr(sharing, "LEAST_BYTES", 1)
    assert sharing.shared(np.arange(7)).tolist() == list(range(7))


def test_a_sweep_answers_the_same_with_shared_arrays(folder, tmp_path):
    """Two workers of one folder, the second of which finds what the first one has made."""
    plan = make_plan(
        load_toy(), grid={"without": [[], ["front"]]}, closures=SingleClosures(crossings="all")
    )
    sharing.share_arrays(None)
    question = jobs.question_of(plan)
    expected = [jobs.answer(question, one) for one in plan.scenarios]
    jobs.share_question(question, plan.scenarios, tmp_path / "work", lambda *_step: None)
    sharing.share_arrays(folder)
    written = []
    for scenarios in (plan.scenarios, plan.scenarios[::-1]):
        worker = jobs.load_shared(tmp_path / "work")
        prepare_engine(worker.case.network)
        got = {one.scenario_id: jobs.answer(worker, one) for one in scenarios}
        assert [got[one.scenario_id] for one in plan.scenarios] == expected
        written.append(sorted(files(folder)))
    assert any("time_min" in name for name in written[0])
    assert written[0] == written[1]

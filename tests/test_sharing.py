"""Arrays that processes share: the same values, on disk once, and memory where disk fails."""

import mmap
import shutil
import subprocess
import sys

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
    monkeypatch.setattr(sharing, "LEAST_COPY_BYTES", 1)
    monkeypatch.setattr(sharing, "RESERVE_BYTES", 0)
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
            patch.setattr(sharing, "RESERVE_BYTES", 0)
            sharing.share_arrays(place)
            given_ = array.copy()
            got = sharing.shared(given_)
            sharing.share_arrays(None)
        assert not given_.flags.writeable
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
@pytest.mark.parametrize("then", ["stays", "is removed", "is another"])
def test_copies_can_be_changed_and_the_original_stays(folder, on_disk, then):
    sharing.share_arrays(folder if on_disk else None)
    original = sharing.shared_by_name("costs", lambda: np.array([1, 2]))
    if on_disk and then != "stays":
        (folder / "costs.npy").unlink()
    if on_disk and then == "is another":
        assert sharing.shared_by_name("costs", lambda: np.array([8, 9])).values.tolist() == [8, 9]
    one, two = original.copy(), original.copy()
    one[0] = 7
    assert (one.tolist(), two.tolist(), original.values.tolist()) == ([7, 2], [1, 2], [1, 2])
    assert original.copy().tolist() == [1, 2]
    assert is_mapped(one) == on_disk


@pytest.mark.usefixtures("folder")
def test_small_copies_keep_no_file_open(monkeypatch):
    monkeypatch.setattr(sharing, "LEAST_COPY_BYTES", 100)
    assert not is_mapped(sharing.shared_by_name("few", lambda: np.arange(3)).copy())


def test_where_nothing_can_be_written_memory_serves(folder, monkeypatch):
    monkeypatch.setattr(sharing, "MOST_BYTES", 1000)
    kept = sharing.shared(np.arange(50))
    late = sharing.shared(np.arange(90))
    assert is_mapped(kept)
    assert not is_mapped(late)
    assert late.tolist() == list(range(90))
    monkeypatch.setattr(sharing, "MOST_BYTES", 1e9)
    monkeypatch.setattr(sharing, "RESERVE_BYTES", shutil.disk_usage(folder).total)
    assert not is_mapped(sharing.shared(np.arange(8)))
    monkeypatch.setattr(sharing, "RESERVE_BYTES", 0)
    shutil.rmtree(folder)
    assert sharing.shared(np.arange(7)).tolist() == list(range(7))
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_memory(folder):
    (folder.parent / "file").write_text("not a folder")
    sharing.share_arrays(folder.parent / "file")
    assert not is_mapped(sharing.shared(np.arange(7)))


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("short", [1, 100, 5000, 200_000, 8_000_000])
def test_a_disk_that_is_full_in_the_end_leaves_no_file(tmp_path, short):
    """The last bytes of a file may be the ones that do not fit; then all goes on in memory."""
    script = f"""
import resource, signal, sys
import numpy as np
from pathlib import Path
from mobility_geo import sharing
sharing.RESERVE_BYTES = sharing.LEAST_COPY_BYTES = 0
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sharing.share_arrays(Path({str(tmp_path / "full")!r}))
many = np.arange(1_000_000)
whole = many.nbytes + 128
resource.setrlimit(resource.RLIMIT_FSIZE, (max(whole - {short}, 0), resource.RLIM_INFINITY))
assert np.array_equal(sharing.shared(many.copy()), many)
assert not list(Path({str(tmp_path / "full")!r}).iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert np.array_equal(sharing.shared(many.copy()), many)
assert [one.suffix for one in Path({str(tmp_path / "full")!r}).iterdir()] == [".npy"]
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("left", [0, 5, 20, 130, 500])
def test_a_damaged_file_is_none(folder, left):
    sharing.shared_by_name("costs", lambda: np.arange(99))
    file = folder / "costs.npy"
    file.write_bytes(file.read_bytes()[:left])
    assert sharing.shared_by_name("costs", lambda: np.arange(99)).values.tolist() == list(range(99))


def test_processes_at_the_same_time_find_the_same(tmp_path):
    script = f"""
import sys, hashlib
import numpy as np
from pathlib import Path
from mobility_geo import sharing
sharing.LEAST_BYTES = 1
sharing.RESERVE_BYTES = 0
sharing.share_arrays(Path({str(tmp_path)!r}))
print("ready", flush=True)
sys.stdin.readline()
for number in range(60):
    array = np.random.default_rng(number).random(3000)
    assert np.array_equal(sharing.shared(array.copy()), array)
    one = sharing.shared_by_name(f"own-{{number}}", lambda: array + int(sys.argv[1]))
    assert one.copy().tobytes() == one.values.tobytes()
    assert round(float(one.values[0] - array[0])) in (0, 1)
"""
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(number)], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)
        for number in range(2)
    ]  # fmt: skip
    for one in running:
        assert one.stdout.readline() == "ready\n"
    for one in running:
        one.communicate("go\n", timeout=120)
    assert [one.returncode for one in running] == [0, 0]
    assert len(files(tmp_path)) == 120


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
    # the normal state of a month, which every question asks for, by its content
    assert sum(len(name) == len("0" * 40 + ".npy") for name in written[0]) >= 5
    assert written[0] == written[1]

"""Sweeps: every answer is that of a single solve, and nothing stops one for good."""

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest

from mobility_geo.batch import Draws, SingleClosures, make_plan, read_sweep, run_sweep
from mobility_geo.batch import sweep as sweeping
from mobility_geo.batch import sweep_jobs as jobs
from mobility_geo.datasets import load_toy
from mobility_geo.errors import InputError, OutputError
from mobility_geo.flows import assign_all_or_nothing, choose_destinations
from mobility_geo.network import build_network
from mobility_geo.outcomes import catchments, find_stranded, reachable_waystations
from mobility_geo.scenario import Disruption, Regime, Selection

TOY = load_toy()
GRID = {"without": [[], ["front"]], "time_limit_h": [3.0, float("inf")]}


def small_plan(case=TOY):
    return make_plan(case, grid=GRID, closures=SingleClosures(crossings="all"))


def results(folder):
    return {file.name: file.read_bytes() for file in (Path(folder) / "scenarios").iterdir()}


def tables(folder):
    names = sorted((Path(folder) / "summary").iterdir())
    return {file.name: file.read_bytes() for file in names}


def stop_at(monkeypatch, number, error):
    """Let the answer of that number fail, and count them."""
    answered = []
    real = sweeping.guarded_answer

    def counted(question, scenario):
        answered.append(scenario.scenario_id)
        if len(answered) == number:
            raise error
        return real(question, scenario)

    monkeypatch.setattr(sweeping, "guarded_answer", counted)
    return answered


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep in this process, from begin to end."""
    return run_sweep(small_plan(), tmp_path_factory.mktemp("balayage é") / "one", workers=1)


def test_every_answer_is_that_of_a_single_solve(whole):
    plan = small_plan()
    assert whole.complete
    assert len(plan.scenarios) == 4 * (1 + len(TOY.network.crossings))
    for one in plan.scenarios:
        limits = dict(one.parameters)
        hours = limits["time_limit_h"]
        case = dataclasses.replace(
            TOY,
            limits=dataclasses.replace(TOY.limits, time_limit_h=None if np.isinf(hours) else hours),
        )
        laid = TOY.scenario.without(ids=limits["without"])
        if one.closed_crossing:
            shut = Disruption(
                disruption_id="shut", kind="border",
                what=Selection(crossing_ids=(one.closed_crossing,)), effects=(Regime("closed"),),
            )  # fmt: skip
            laid = dataclasses.replace(laid, disruptions=(*laid.disruptions, shut))
        asked = [one.scenario_id]
        status = whole.sweep.table("status", asked).set_index("group_id")
        expected = find_stranded(case, laid, one.when).set_index("group_id")
        for name in ("status", "persons", "time_min"):
            pd.testing.assert_series_equal(
                status[name].sort_index(), expected[name].sort_index(), check_dtype=False
            )
        stations = whole.sweep.table("stations", asked)
        within = reachable_waystations(case, laid, one.when)
        keys = ["place_id", "profile", "waystation_id"]
        assert sorted(map(tuple, stations[keys].to_numpy())) == sorted(
            map(tuple, within[keys].to_numpy())
        )
        nearest = whole.sweep.table("nearest", asked).set_index("place_id")["waystation_id"]
        by_place = catchments(case, laid, one.when).set_index("place_id")["waystation_id"]
        assert nearest.to_dict() == by_place.dropna().to_dict()
        flows = assign_all_or_nothing(
            case, choose_destinations(case, laid, one.when, rules=("least_time",)), laid, one.when
        )
        got = whole.sweep.table("edge_flows", asked)
        assert got.set_index("edge_id")["persons"].to_dict() == (
            flows.edges.set_index("edge_id")["flow_persons"].to_dict()
        )


def test_processes_give_the_same_bytes(whole, tmp_path):
    told = []
    run = run_sweep(
        small_plan(), tmp_path / "two", workers=2, progress=lambda _step, done: told.append(done)
    )
    assert results(run.folder) == results(whole.folder)
    assert tables(run.folder) == tables(whole.folder)
    assert told == sorted(told)
    assert told[-1] == 1
    assert not (run.folder / ".work").exists()


class LosesWorkers:
    """A client of a cluster whose connections break a few times."""

    def __init__(self, times):
        self.left = times

    def scatter(self, question, **_more):
        self.left -= 1
        if self.left >= 0:
            msg = "in <TCP (closed)>: Stream is closed"
            raise OSError(msg)
        return question


def test_a_question_reaches_a_cluster_that_loses_a_worker_meanwhile(monkeypatch):
    monkeypatch.setattr(sweeping, "CLUSTER_PAUSE_S", 0.0)
    send = sweeping._sent_to_all  # noqa: SLF001
    assert send(LosesWorkers(sweeping.ATTEMPTS - 1), "question") == "question"
    with pytest.raises(OSError, match="Stream is closed"):
        send(LosesWorkers(sweeping.ATTEMPTS), "question")


def test_a_killed_sweep_goes_on_and_ends_the_same(whole, tmp_path):
    script = (
        "from mobility_geo.batch import SingleClosures, make_plan, run_sweep\n"
        "from mobility_geo.datasets import load_toy\n"
        "if __name__ == '__main__':\n"
        "    inf = float('inf')\n"
        "    grid = {'without': [[], ['front']], 'time_limit_h': [3.0, inf]}\n"
        "    plan = make_plan(load_toy(), grid=grid, closures=SingleClosures(crossings='all'))\n"
        f"    run_sweep(plan, {str(tmp_path / 'killed')!r}, workers=2)\n"
    )
    file = tmp_path / "sweep_it.py"
    file.write_text(script, encoding="utf-8")
    running = subprocess.Popen([sys.executable, str(file)], start_new_session=True)
    try:
        for _ in range(3000):
            there = list((tmp_path / "killed" / "scenarios").glob("[!.]*.parquet"))
            if len(there) >= 2 or running.poll() is not None:
                break
            time.sleep(0.02)
        assert there
        os.kill(running.pid, signal.SIGKILL)
    finally:
        running.kill()
        running.wait()
    run = run_sweep(small_plan(), tmp_path / "killed", workers=1)
    assert run.kept >= len(there) - 1
    assert run.complete
    assert results(run.folder) == results(whole.folder)
    assert tables(run.folder) == tables(whole.folder)
    again = run_sweep(small_plan(), tmp_path / "killed", workers=1)
    assert again.kept == again.scenarios


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_while_processes_start_is_silent_in_them(tmp_path):
    """The others import for seconds, and whoever presses Ctrl-C presses it for them as well."""
    file = tmp_path / "sweep_it.py"
    file.write_text(
        "import sys, signal\n"
        "from mobility_geo.batch import make_plan, run_sweep\n"
        "from mobility_geo.datasets import load_toy\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "if __name__ == '__main__':\n"
        "    plan = make_plan(load_toy(), grid={'time_limit_h': list(range(1, 60))})\n"
        "    tell = lambda step, _share: print(step, flush=True)\n"
        "    try:\n"
        f"        run_sweep(plan, {str(tmp_path / 'out')!r}, workers=2, progress=tell)\n"
        "    except KeyboardInterrupt:\n"
        "        sys.exit(130)\n",
        encoding="utf-8",
    )
    with subprocess.Popen(
        [sys.executable, str(file)], start_new_session=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        for line in running.stdout:
            if "Sharing the network" in line:
                break
        time.sleep(0.6)
        os.killpg(running.pid, signal.SIGINT)
        # standard error ends when the last of the others has ended
        complaint = running.stderr.read()
        assert running.wait(timeout=60) == 130
    assert complaint == ""


def test_ctrl_c_keeps_what_is_answered(whole, tmp_path, monkeypatch):
    stop_at(monkeypatch, 4, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run_sweep(small_plan(), tmp_path / "out", workers=1)
    assert len(results(tmp_path / "out")) == 3
    assert not (tmp_path / "out" / "report.html").exists()
    monkeypatch.undo()
    run = run_sweep(small_plan(), tmp_path / "out", workers=1)
    assert run.kept == 3
    assert results(run.folder) == results(whole.folder)


def test_half_a_file_is_no_answer(whole, tmp_path, monkeypatch):
    run = run_sweep(small_plan(), tmp_path / "out", workers=1)
    files = sorted((run.folder / "scenarios").iterdir())
    content = files[0].read_bytes()
    files[0].write_bytes(content[: len(content) // 2])
    files[1].write_bytes(b"")
    files[2].write_bytes(files[3].read_bytes())
    (run.folder / "scenarios" / f".{files[4].name}.part").write_bytes(content)
    answered = stop_at(monkeypatch, 0, RuntimeError())
    again = run_sweep(small_plan(), tmp_path / "out", workers=1)
    assert sorted(answered) == sorted(file.stem for file in files[:3])
    assert again.kept == again.scenarios - 3
    assert results(again.folder) == results(whole.folder)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: make_plan(TOY, grid={"risk_limit": [0.1]}), "another plan"),
        (
            lambda: small_plan(dataclasses.replace(TOY, logit_scale_per_h=0.9)),
            "another question",
        ),
        (
            lambda: small_plan(
                dataclasses.replace(
                    TOY,
                    network=dataclasses.replace(
                        TOY.network,
                        edges=TOY.network.edges.assign(length_m=TOY.network.edges["length_m"] * 2),
                    ),
                )
            ),
            "another network",
        ),
    ],
)
def test_results_of_another_question_are_not_mixed_in(whole, other, words):
    before = results(whole.folder)
    with pytest.raises(OutputError, match=words):
        run_sweep(other(), whole.folder, workers=1)
    assert results(whole.folder) == before


def test_another_version_is_not_mixed_in(whole, monkeypatch):
    monkeypatch.setattr(sweeping, "version", lambda _name: "99.0")
    with pytest.raises(OutputError, match="version of the toolkit"):
        run_sweep(small_plan(), whole.folder, workers=1)


def test_begin_anew_removes_the_earlier_one(tmp_path):
    run_sweep(small_plan(), tmp_path / "out", workers=1)
    run = run_sweep(
        make_plan(TOY, grid={"risk_limit": [0.1]}), tmp_path / "out", workers=1, resume=False
    )
    assert run.kept == 0
    assert len(results(run.folder)) == 1


def test_other_peoples_files_are_left_alone(tmp_path):
    file = tmp_path / "thesis.txt"
    file.write_text("years", encoding="utf-8")
    for resume in (True, False):
        with pytest.raises(OutputError, match=r"thesis\.txt"):
            run_sweep(small_plan(), tmp_path, workers=1, resume=resume)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(OutputError, match="is a file"):
        run_sweep(small_plan(), file, workers=1)


def test_two_sweeps_do_not_share_a_folder(whole):
    with (
        sweeping._locked(whole.folder),  # noqa: SLF001
        pytest.raises(OutputError, match="another sweep is running"),
    ):
        run_sweep(small_plan(), whole.folder, workers=1)
    assert run_sweep(small_plan(), whole.folder, workers=1).complete


def test_a_full_disk_loses_no_answer(whole, tmp_path, monkeypatch):
    real, stored = sweeping._write, []  # noqa: SLF001

    def full(file, content):
        if file.suffix == ".parquet":
            stored.append(file)
            if len(stored) == 3:
                raise OSError(errno.ENOSPC, "No space left on device")
        real(file, content)

    monkeypatch.setattr(sweeping, "_write", full)
    with pytest.raises(OutputError, match=r"(?i)(space|full).*go on"):
        run_sweep(small_plan(), tmp_path / "out", workers=1)
    monkeypatch.undo()
    assert len(results(tmp_path / "out")) == 2
    run = run_sweep(small_plan(), tmp_path / "out", workers=1)
    assert run.kept == 2
    assert results(run.folder) == results(whole.folder)


def test_a_scenario_that_fails_is_listed_and_the_rest_goes_on(whole, tmp_path, monkeypatch):
    real = jobs.find_stranded

    def refuses_closures(case, laid, day, **more):
        if any(one.disruption_id.startswith("sweep:") for one in laid.disruptions):
            msg = "no such bridge"
            raise InputError(msg)
        return real(case, laid, day, **more)

    monkeypatch.setattr(jobs, "find_stranded", refuses_closures)
    run = run_sweep(small_plan(), tmp_path / "out", workers=1)
    bad = [one.scenario_id for one in small_plan().scenarios if one.closed_crossing]
    assert not run.complete
    assert run.failures["scenario_id"].tolist() == bad
    assert set(run.failures["reason"]) == {"no such bridge"}
    assert run.answered == run.scenarios - len(bad)
    assert pd.read_csv(run.folder / "failures.csv")["scenario_id"].tolist() == bad
    assert "no such bridge" in (run.folder / "report.html").read_text(encoding="utf-8")
    monkeypatch.undo()
    mended = run_sweep(small_plan(), tmp_path / "out", workers=1)
    assert mended.kept == run.answered
    assert results(mended.folder) == results(whole.folder)


def test_a_worker_without_shapes_never_lays_over_by_itself(tmp_path):
    plan = small_plan()
    question = jobs.question_of(plan)
    whole_answers = [jobs.answer(question, one) for one in plan.scenarios]
    jobs.share_question(question, plan.scenarios, tmp_path, lambda _step, _done: None)
    # what this process had laid before, others find there, too
    shared = jobs.load_shared(tmp_path)
    assert [jobs.answer(shared, one) for one in plan.scenarios] == whole_answers
    shared = jobs.load_shared(tmp_path)
    for file in (tmp_path / "cache").rglob("*.npz"):
        file.unlink()
    front = [one for one in plan.scenarios if not dict(one.parameters)["without"]]
    for one in [*front, *front]:
        state, why = jobs.guarded_answer(shared, one)
        assert state == "failed"
        assert "not laid over the network beforehand" in why
    # nor does another one find what it may have left
    other = jobs.load_shared(tmp_path)
    assert {jobs.guarded_answer(other, one)[0] for one in front} == {"failed"}


def test_a_worker_shares_its_large_arrays(tmp_path, monkeypatch):
    named = []
    monkeypatch.setattr(jobs, "share_arrays", named.append)
    monkeypatch.setattr(jobs.signal, "signal", lambda *_: None)
    plan = small_plan()
    jobs.share_question(jobs.question_of(plan), plan.scenarios, tmp_path, lambda *_: None)
    jobs.start_worker(str(tmp_path))
    assert named == [tmp_path / "shared"]
    assert jobs.run_here(plan.scenarios[0])[0] == "done"


def test_summaries_are_those_of_all_rows(tmp_path):
    scenario = TOY.scenario
    changed = tuple(
        dataclasses.replace(one, probability=p)
        for one, p in zip(scenario.disruptions, (0.3, 0.6), strict=True)
    )
    case = TOY.with_scenario(dataclasses.replace(scenario, disruptions=changed))
    plan = make_plan(case, draws=Draws(count=50, seed=7))
    run = run_sweep(plan, tmp_path / "out", workers=1)
    found = read_sweep(run.folder)
    weights = found.scenarios.set_index("scenario_id")["weight"]
    assert weights.sum() == 50
    # every draw as a row of its own: plain means and quantiles
    ids = np.repeat(weights.index.to_numpy(), weights.to_numpy())
    status = found.table("status")
    held = status[status["status"] == "stranded"]
    by = held.pivot_table(index="place_id", columns="scenario_id", values="persons", aggfunc="sum")
    by = by.reindex(columns=weights.index).fillna(0)
    places = pd.read_csv(run.folder / "summary" / "places.csv").set_index("place_id")
    assert len(by)
    for place_id, row in by.iterrows():
        draws = row.loc[ids].to_numpy()
        told = places.loc[place_id]
        assert told["stranded_probability"] == pytest.approx((draws > 0).mean(), abs=1e-4)
        assert told["stranded_mean_persons"] == pytest.approx(draws.mean(), abs=0.5)
        for name, share in (("p10", 0.1), ("median", 0.5), ("p90", 0.9)):
            expected = np.quantile(draws, share, method="inverted_cdf")
            assert told[f"stranded_{name}_persons"] == expected
        assert told["stranded_worst_persons"] == draws.max()
    stations = pd.read_csv(run.folder / "summary" / "stations.csv").set_index("waystation_id")
    within = found.table("stations")
    for station_id, told in stations.iterrows():
        some = set(within.loc[within["waystation_id"] == station_id, "scenario_id"])
        share = np.isin(ids, list(some)).mean()
        assert told["reachable_probability"] == pytest.approx(share, abs=1e-4)
    layers = {str(name) for name in pyogrio.list_layers(run.folder / "summary.gpkg")[:, 0]}
    assert {"places", "waystations", "edges", "scenarios"} <= layers
    content = json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))
    assert content["random_seed"] == 7


def test_what_cannot_be_swept_is_refused(tmp_path):
    with pytest.raises(InputError, match="public"):
        run_sweep(small_plan(dataclasses.replace(TOY, audience="public")), tmp_path / "a")
    with pytest.raises(InputError, match="at least 1"):
        run_sweep(small_plan(), tmp_path / "b", workers=0)
    with pytest.raises(InputError, match="did you mean 'status'"):
        run_sweep(small_plan(), tmp_path / "c", workers=1).sweep.table("statuss")


def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(whole, tmp_path):
    distributed = pytest.importorskip("distributed")
    env = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s"}
    dask = [sys.executable, "-m", "dask"]
    started = []

    def start(*words):
        process = subprocess.Popen(
            [*dask, *map(str, words)], env=env, cwd=tmp_path, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(process)
        return process

    try:
        start("scheduler", "--host", "127.0.0.1", "--port", 0, "--no-dashboard",
              "--scheduler-file", "cluster.json")  # fmt: skip
        for _ in range(300):
            if (tmp_path / "cluster.json").exists():
                break
            time.sleep(0.1)
        address = json.loads((tmp_path / "cluster.json").read_text(encoding="utf-8"))["address"]
        workers = [
            start("worker", address, "--nthreads", 1, "--no-nanny", "--no-dashboard",
                  "--name", name, "--local-directory", tmp_path / name)
            for name in ("first", "second")
        ]  # fmt: skip
        with distributed.Client(address, timeout=30) as client:
            client.wait_for_workers(2, timeout=60)

            def lose(_step, done):
                if done > 0.1 and workers[0].poll() is None:
                    workers[0].send_signal(signal.SIGKILL)
                    workers[0].wait()

            run = run_sweep(small_plan(), tmp_path / "far", client=client, progress=lose)
        assert workers[0].poll() is not None
        assert run.complete
        assert results(run.folder) == results(whole.folder)
        assert tables(run.folder) == tables(whole.folder)
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_network_without_crossings_is_summed_up(tmp_path):
    network = TOY.network
    tables = ("nodes", "zones", "places", "accesses", "seasons", "profiles", "speeds", "waterways")
    inland = build_network(
        name="inland", crs=network.crs, crossings=network.crossings.iloc[:0],
        edges=network.edges[network.edges["kind"] != "crossing"].reset_index(drop=True),
        **{name: getattr(network, name) for name in tables},
    )  # fmt: skip
    case = dataclasses.replace(TOY, network=inland, scenario=TOY.scenario.without(ids=["border"]))
    run = run_sweep(make_plan(case, grid={"without": [[], ["front"]]}), tmp_path, workers=1)
    assert run.complete
    assert pyogrio.read_info(tmp_path / "summary.gpkg", layer="crossings")["features"] == 0
    assert pyogrio.read_info(tmp_path / "summary.gpkg", layer="places")["features"] == len(
        network.places
    )

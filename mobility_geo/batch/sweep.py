"""Run a plan: every scenario once, each result in a file of its own; what is there is kept."""

import contextlib
import datetime as dt
import json
import multiprocessing
import os
import platform
import shutil
import signal
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import pandas as pd

from mobility_geo.batch.plan import SweepPlan, SweepScenario
from mobility_geo.batch.sweep_jobs import (
    Outcome,
    Question,
    Tell,
    guarded_answer,
    question_of,
    run_here,
    run_on_cluster,
    share_question,
    start_worker,
)
from mobility_geo.batch.sweep_report import write_summary
from mobility_geo.batch.sweep_results import (
    PART,
    SCENARIOS,
    SUMMARY_FILES,
    Sweep,
    is_answered,
    plan_table,
    write_plan_table,
)
from mobility_geo.errors import InputError, MobilityGeoError, OutputError
from mobility_geo.export.staging import MANIFEST, WRITTEN_BY
from mobility_geo.geopackage import failure_reason, sync
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.outcomes.results import Progress

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as ClusterFuture

IDENTITY: Final = "sweep.json"
LOCK: Final = ".lock"
WORK: Final = ".work"

ATTEMPTS: Final = 3
"""A scenario whose worker dies so often is listed as failed."""

CLUSTER_PAUSE_S: Final = 1.0
"""So long it takes a cluster to notice that a worker is gone."""

BREAKS: Final = 8
"""So many dead workers on end, with no answer between them, end the sweep."""

IN_FLIGHT: Final = 2
"""Scenarios per worker that are handed out: one to do, and the next."""

MAY_DIFFER: Final = ("toolkit", "network_sha256", "question_sha256", "plan_sha256")

DIED: Final = f"its worker process died {ATTEMPTS} times: killed, or out of memory"
DYING: Final = (
    "the worker processes die as soon as they start: out of memory, or a script without the line "
    'if __name__ == "__main__": - take fewer workers'
)

Outcomes = Generator[tuple[SweepScenario, Outcome], None, None]
Running = dict[Future[Outcome], SweepScenario]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SweepRun:
    """What came of a sweep.

    Attributes
    ----------
    folder
        Where everything is.
    scenarios, answered, kept
        How many the plan has, have their result now, and had it from an earlier run.
    failures
        ``scenario_id``, ``label``, ``reason``; no rows: none failed.
    sweep
        To read the results by.
    files
        Summaries, report and manifest.
    seconds
        How long it took.
    """

    folder: Path
    scenarios: int
    answered: int
    kept: int
    failures: pd.DataFrame
    sweep: Sweep
    files: tuple[Path, ...]
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether every scenario of the plan was answered."""
        return self.answered == self.scenarios


def run_sweep(
    plan: SweepPlan,
    folder: str | Path,
    *,
    workers: int | None = None,
    client: "Client | None" = None,
    resume: bool = True,
    progress: Progress | None = None,
) -> SweepRun:
    """Answer every scenario of a plan, and summarise over them.

    Stopped at any moment, by Ctrl-C or a lost machine, it loses what the workers were at; called
    again it goes on with the rest. A scenario that cannot be answered is listed with its reason.

    Parameters
    ----------
    plan
        From `make_plan` or `mobility_geo.batch.read_plan`.
    folder
        For the results; an earlier sweep of the same plan there is continued.
    workers
        Processes on this machine; as many as it has processors if left out, 1: this process
        itself. More than one starts processes, so that a script needs the line
        ``if __name__ == "__main__":`` before it calls this.
    client
        A `distributed.Client` of a Dask cluster that does the work instead; the results are the
        same, byte for byte. Workers need the same version of this toolkit.
    resume
        False: remove the results of an earlier sweep in the folder, and begin anew.
    progress
        Called with a step and the share done, 0 to 1.

    Returns
    -------
    SweepRun
        With the scenarios that failed, and the results to read.

    Raises
    ------
    InputError
        If the case is for the public, or the number of workers is less than 1.
    OutputError
        If the folder belongs to another plan, network or version, holds other files, is used by
        another sweep just now, or the disk is full. Results that are there stay there.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.batch import make_plan
    >>> from mobility_geo.datasets import load_toy
    >>> plan = make_plan(load_toy(), grid={"without": [[], ["front"]]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = run_sweep(plan, folder, workers=1)
    >>> run.answered, run.complete
    (2, True)
    """
    begun = time.monotonic()
    refuse_public(plan.case, "A sweep")
    if workers is not None and workers < 1:
        msg = f"workers must be at least 1, not {workers}"
        raise InputError(msg)
    place = Path(folder).absolute()

    def tell(step: str, done: float) -> None:
        if progress is not None:
            progress(step, done)

    with _told_errors(place), _locked(place):
        _claim(place, plan, resume=resume)
        todo = [
            one for one in plan.scenarios
            if not is_answered(place, one.scenario_id, one.content_hash)
        ]  # fmt: skip
        kept = len(plan.scenarios) - len(todo)
        failures: list[tuple[str, str, str]] = []
        count = min(workers or _processors(), len(todo))
        work = place / WORK
        with contextlib.closing(_outcomes(plan, todo, count, client, work, tell)) as outcomes:
            first = time.monotonic()
            for number, (scenario, (_, value)) in enumerate(outcomes, start=1):
                if isinstance(value, bytes):
                    _store(place, scenario, value)
                else:
                    failures.append((scenario.scenario_id, scenario.label, value))
                left_s = (time.monotonic() - first) / number * (len(todo) - number)
                tell(
                    _words(kept + number, len(plan.scenarios), len(failures), left_s),
                    0.97 * (kept + number) / len(plan.scenarios),
                )
        tell("Summary over the scenarios", 0.97)
        listed = pd.DataFrame(failures, columns=["scenario_id", "label", "reason"], dtype="str")
        sweep = Sweep(folder=place, scenarios=plan_table(plan, place))
        files = write_summary(sweep, plan, listed)
        files = (*files, _write_manifest(place, plan, listed, sweep))
    tell("Done", 1.0)
    return SweepRun(
        folder=place, scenarios=len(plan.scenarios),
        answered=int(sweep.scenarios["answered"].sum()), kept=kept, failures=listed, sweep=sweep,
        files=files, seconds=time.monotonic() - begun,
    )  # fmt: skip


def _words(done: int, total: int, failed: int, left_s: float) -> str:
    bad = f", {failed:,} failed" if failed else ""
    left = f", about {_duration(left_s)} left" if done < total else ""
    return f"{done:,} of {total:,} scenarios{bad}{left}"


def _duration(seconds: float) -> str:
    """Return a time in words."""
    if seconds < 90:  # noqa: PLR2004
        return f"{max(seconds, 1):.0f} s"
    if seconds < 5400:  # noqa: PLR2004
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# ------------------------------------------------------------------ the folder
@contextlib.contextmanager
def _told_errors(place: Path) -> Iterator[None]:
    """Say what went wrong with the folder in our own words.

    Raises
    ------
    MobilityGeoError
        As it came.
    OutputError
        Instead of an error of the system.
    """
    try:
        yield
    except MobilityGeoError:
        raise
    except OSError as error:
        msg = (
            f"{place}: could not be written: {failure_reason(error)}. The scenarios answered so "
            "far are kept; see to that, and run the same sweep again to go on"
        )
        raise OutputError(msg) from error


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Keep a folder for one sweep; the system lets go of it however this process ends.

    Raises
    ------
    OutputError
        If another sweep has it.
    """
    if place.exists() and not place.is_dir():
        msg = f"{place}: is a file, not a folder; choose another place"
        raise OutputError(msg)
    place.mkdir(parents=True, exist_ok=True)
    file = place / LOCK
    while True:
        opened = file.open("a+", encoding="utf-8")
        if not _try_lock(opened):
            opened.seek(0)
            who = opened.read().strip() or "another process"
            opened.close()
            msg = (
                f"{place}: another sweep is running in this folder, {who}; wait until it is "
                "done, or choose another folder"
            )
            raise OutputError(msg)
        with contextlib.suppress(OSError):
            if os.fstat(opened.fileno()).st_ino == file.stat().st_ino:
                break
        opened.close()  # the one before has just removed it
    try:
        opened.truncate(0)
        opened.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        opened.flush()
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink()
        opened.close()
        with contextlib.suppress(OSError):
            place.rmdir()  # only if nothing came of it


def _try_lock(opened: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415

            opened.seek(1024)  # behind the words, which others read
            msvcrt.locking(opened.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415

            fcntl.flock(opened.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _claim(place: Path, plan: SweepPlan, *, resume: bool) -> None:
    """Make the folder that of the plan, or refuse it.

    Stopped at any point, it leaves a folder that the next call takes.

    Raises
    ------
    OutputError
        If it holds something else.
    """
    mine = _identity(plan)
    there = sorted(
        path.name for path in place.iterdir()
        if path.name != LOCK and not (path.name.startswith(".") and path.name.endswith(PART))
    )  # fmt: skip
    known = {IDENTITY, SCENARIOS, WORK, MANIFEST, *SUMMARY_FILES}
    others = [name for name in there if name not in known]
    theirs = _read_json(place / IDENTITY)
    ours = theirs.get("written_by") == WRITTEN_BY
    if (there and not ours) or (others and not resume):
        msg = (
            f"{place}: holds files that are not of a sweep, such as {(others or there)[0]!r}; "
            "choose another folder"
        )
        raise OutputError(msg)
    if ours and resume:
        other = [name for name in MAY_DIFFER if theirs.get(name) != mine[name]]
        if other:
            names = {"toolkit": "version of the toolkit", "network_sha256": "network",
                     "question_sha256": "question", "plan_sha256": "plan"}  # fmt: skip
            words = names[other[0]]
            msg = (
                f"{place}: belongs to another {words} ({theirs.get('name')!r}, "
                f"{theirs.get('toolkit')}); its results are not mixed with others. Choose "
                "another folder, or begin anew here without resuming, which removes them"
            )
            raise OutputError(msg)
    if not resume:
        # what says whose the folder is goes last: stopped in between, it can be called again
        for name in sorted(there, key=lambda name: name == IDENTITY):
            path = place / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not ours or not resume:
        text = json.dumps(mine, ensure_ascii=False, indent=2) + "\n"
        _write(place / IDENTITY, text.encode())
    shutil.rmtree(place / WORK, ignore_errors=True)
    (place / SCENARIOS).mkdir(exist_ok=True)
    for half in (*place.glob(f".*{PART}"), *(place / SCENARIOS).glob(f".*{PART}")):
        half.unlink()
    # what is summed up of fewer scenarios does not stand beside more of them
    (place / MANIFEST).unlink(missing_ok=True)
    write_plan_table(plan, place)


def _identity(plan: SweepPlan) -> dict[str, object]:
    return {
        "written_by": WRITTEN_BY, "sweep_version": 1, "name": plan.name,
        "toolkit": f"mobility-geo {version('mobility-geo')}", "scenarios": len(plan.scenarios),
        "varies": list(plan.axes), "random_seed": plan.draws.seed if plan.draws else None,
        "network": plan.case.network.name, "network_sha256": plan.network_hash,
        "question_sha256": plan.question_hash, "plan_sha256": plan.plan_hash,
    }  # fmt: skip


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _store(place: Path, scenario: SweepScenario, content: bytes) -> None:
    _write(place / SCENARIOS / f"{scenario.scenario_id}.parquet", content)


def _write(file: Path, content: bytes) -> None:
    """Write a file aside, onto the disk, and rename it: whole or not there.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    aside = file.with_name(f".{file.name}{PART}")
    try:
        with aside.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        aside.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    sync(file.parent)


def _write_manifest(place: Path, plan: SweepPlan, failures: pd.DataFrame, sweep: Sweep) -> Path:
    answered = int(sweep.scenarios["answered"].sum())
    content = {
        **_identity(plan), "manifest_version": 1,
        "written_at": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("mobility-geo", "numpy", "pandas",
                                                      "pyarrow", "scipy")},
        "answers": list(plan.answers.tables), "causes": plan.answers.causes,
        "draws": plan.draws.count if plan.draws else None,
        "answered": answered, "failed": len(failures),
        "failures": failures.to_dict("records"),
    }  # fmt: skip
    file = place / MANIFEST
    _write(file, (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())
    return file


# ------------------------------------------------------------------ the workers
def _outcomes(
    plan: SweepPlan, todo: Sequence[SweepScenario], workers: int, client: "Client | None",
    work: Path, tell: Tell,
) -> Outcomes:  # fmt: skip
    """Answer scenarios as they come, by whoever does the work."""
    if not todo:
        return
    question = question_of(plan)
    if client is not None:
        yield from _on_cluster(question, todo, client, tell)
    elif workers == 1:
        for scenario in todo:
            yield scenario, guarded_answer(question, scenario)
    else:
        work.mkdir()
        try:
            share_question(question, todo, work, tell)
            yield from _in_processes(work, todo, workers)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _in_processes(work: Path, todo: Sequence[SweepScenario], workers: int) -> Outcomes:
    """Answer scenarios in processes; a dead one costs the scenarios that were in flight a retry.

    Raises
    ------
    MobilityGeoError
        If processes die again and again before they answer anything.
    """
    waiting, suspects = deque(todo), deque[SweepScenario]()
    running: Running = {}
    deaths: Counter[str] = Counter()
    breaks = 0
    pool = _Pool(work, workers)
    try:
        while waiting or suspects or running:
            # who was in flight when a worker died goes alone, so that only the culprit fails
            if suspects:
                broken = pool.hand_out(suspects, running, 1)
            else:
                broken = pool.hand_out(waiting, running, IN_FLIGHT * workers)
            dead = []
            for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                scenario = running.pop(future)
                try:
                    outcome = future.result()
                except BrokenProcessPool:
                    dead.append(scenario)
                    continue
                breaks = 0
                yield scenario, outcome
            if not (broken or dead):
                continue
            dead += running.values()
            running.clear()
            pool.end()
            breaks += 1
            if breaks > BREAKS:
                raise MobilityGeoError(DYING)
            for scenario in dead:
                deaths[scenario.scenario_id] += 1
                if deaths[scenario.scenario_id] < ATTEMPTS:
                    suspects.append(scenario)
                else:
                    yield scenario, ("failed", DIED)
            pool = _Pool(work, workers)
    finally:
        pool.end()


def _context() -> BaseContext:
    """Return how processes are started: on Linux from one that has imported what all need.

    They share its memory, and start in a moment. Elsewhere frameworks of the system do not bear it.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([start_worker.__module__])
    # Ctrl-C is for this process to deal with, from the first moment of the others; the tracker
    # sees to that itself, and lets signals through again
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    # interrupted while the others import, those that would be started later complain
    first = context.Process(target=_say_nothing, daemon=True)
    first.start()
    first.join()
    return context


def _say_nothing() -> None:
    """Show that processes can be started."""


class _Pool:
    """Processes that share a question, and can be ended at once."""

    def __init__(self, work: Path, workers: int) -> None:
        self.before = {child.pid for child in multiprocessing.active_children()}
        self.executor = ProcessPoolExecutor(
            workers, mp_context=_context(), initializer=start_worker, initargs=(str(work),)
        )

    def hand_out(self, queue: deque[SweepScenario], running: Running, most: int) -> bool:
        """Give scenarios to the processes until `most` run; True: a process is dead."""
        try:
            while queue and len(running) < most:
                running[self.executor.submit(run_here, queue[0])] = queue[0]
                queue.popleft()
        except BrokenProcessPool:
            return True
        return False

    def end(self) -> None:
        """End the processes; what they are at is lost."""
        self.executor.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            if child.pid not in self.before:
                child.terminate()
        self.executor.shutdown(wait=True)


def _sent_to_all(client: "Client", question: Question) -> "ClusterFuture[Question]":
    """Send a question to all workers of a cluster; one may be lost on the way.

    Raises
    ------
    OSError
        If it fails again and again.
    """
    for left in reversed(range(ATTEMPTS)):
        try:
            sent: ClusterFuture[Question] = client.scatter(question, broadcast=True, hash=False)
        except OSError:
            if not left:
                raise
            time.sleep(CLUSTER_PAUSE_S)
        else:
            break
    return sent


def _on_cluster(
    question: Question, todo: Sequence[SweepScenario], client: "Client", tell: Tell
) -> Outcomes:
    """Answer scenarios on a Dask cluster; it deals with lost workers, within limits."""
    from distributed import as_completed  # noqa: PLC0415

    tell("Sending the question to the cluster", 0.0)

    def submit(some: Sequence[SweepScenario]) -> "dict[ClusterFuture[Outcome], SweepScenario]":
        shared = _sent_to_all(client, question)
        return {
            client.submit(
                run_on_cluster, shared, one, pure=False, retries=ATTEMPTS,
                key=f"mobility-geo-{one.scenario_id}-{time.monotonic_ns()}",
            ): one
            for one in some
        }  # fmt: skip

    left: Counter[str] = Counter({one.scenario_id: ATTEMPTS - 1 for one in todo})
    futures = submit(todo)
    try:
        coming = as_completed(futures, raise_errors=False)
        for future in coming:
            scenario = futures.pop(future)
            if future.status == "finished":
                yield scenario, future.result()
                continue
            # the question went with the last worker that had it
            if future.cancelled() and left[scenario.scenario_id]:
                left[scenario.scenario_id] -= 1
                again = submit([scenario])
                futures |= again
                coming.update(again)
                continue
            error = future.exception()
            yield scenario, ("failed", f"the cluster gave up: {type(error).__name__}: {error}")
    finally:
        client.cancel(list(futures))

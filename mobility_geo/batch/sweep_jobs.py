"""One scenario of a sweep, from the question to the bytes of its file; and how workers get both.

Embedded workers map the question into memory from files, so that they share it; what only lays
disruptions over the network, the shapes of edges and nodes, stays behind: that is done once,
beforehand.
"""

import contextlib
import copy
import ctypes
import datetime as dt
import io
import mmap
import os
import pickle
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from geopandas.array import GeometryArray
from shapely.geometry.base import BaseGeometry

from mobility_geo.batch.plan import (
    Answers,
    Parameters,
    SweepPlan,
    SweepScenario,
    closing,
    lay_scenario,
    under_parameters,
)
from mobility_geo.errors import InputError, MobilityGeoError
from mobility_geo.flows import assign_all_or_nothing, choose_destinations
from mobility_geo.network import Network
from mobility_geo.outcomes import catchments, find_stranded
from mobility_geo.outcomes.reachable import main_traveller, safe_waystations
from mobility_geo.routing import access_set, solve_ways
from mobility_geo.routing.engine import LEAST_NODES, METRICS
from mobility_geo.routing.groups import budget_units, travellers_of
from mobility_geo.routing.prepared import prepare_engine
from mobility_geo.routing.skims import skim_table
from mobility_geo.scenario import Case, Scenario, conditions, prepare_overlay
from mobility_geo.scenario.overlay import overlay_key, set_overlay_key
from mobility_geo.schema import REACHABLE, SWEEP, TableSchema, empty_table
from mobility_geo.sharing import share_arrays
from mobility_geo.units import QUANTUM

Outcome = tuple[str, bytes | str]
"""``done`` and the bytes of a file, or ``failed`` and the reason."""

Tell = Callable[[str, float], None]

FILE_VERSION: Final = "1"
COMPRESSION: Final = "zstd"
COMPRESSION_LEVEL: Final = 3
ALIGNMENT: Final = 64

M_MMAP_THRESHOLD: Final = -3  # malloc.h of the GNU C library
LARGE_BYTES: Final = 4_000_000

ORDER: Final = {
    "status": ("base", "place_id", "group_id", "status"),
    "stations": ("place_id", "profile", "kind", "nationality", "exposure_class", "waystation_id"),
    "nearest": ("place_id",),
    "edge_flows": ("rule", "edge_id"),
    "crossing_flows": ("rule", "crossing_id", "into_country"),
    "skims": ("place_id", "destination_id"),
}
"""The tables of a file in their order, and the columns that their rows are sorted by."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Question:
    """What every worker needs, whichever scenario it answers.

    Attributes
    ----------
    case, sources, answers
        As in a `SweepPlan`.
    toolkit
        Version of this toolkit.
    cache
        Folder of disruptions that are laid over the network, and of the engine; None: this
        network has its shapes and lays them over itself.
    network_key
        Of the network with its shapes, if there is such a folder.
    """

    case: Case
    sources: tuple[Scenario, ...]
    answers: Answers
    toolkit: str
    cache: Path | None = None
    network_key: str = ""
    cases: dict[Parameters, Case] = field(default_factory=dict)


def question_of(plan: SweepPlan) -> Question:
    """Return what the workers of a plan need.

    Parameters
    ----------
    plan
        The plan.

    Returns
    -------
    Question
        With the whole network.

    Examples
    --------
    >>> from mobility_geo.batch.plan import make_plan
    >>> from mobility_geo.datasets import load_toy
    >>> plan = make_plan(load_toy(), grid={"risk_limit": [0.1]})
    >>> answer(question_of(plan), plan.scenarios[0])[:4]
    b'PAR1'
    """
    return Question(
        case=plan.case, sources=plan.sources, answers=plan.answers,
        toolkit=version("mobility-geo"),
    )  # fmt: skip


# ------------------------------------------------------------------ one scenario
def lay_out(question: Question, scenario: SweepScenario) -> tuple[Case, Scenario]:
    """Return the question and the disruptions of one scenario.

    Parameters
    ----------
    question, scenario
        What is asked.

    Returns
    -------
    case
        With the parameters of the scenario.
    laid
        Its disruptions, on its day.

    Raises
    ------
    InputError
        If it names what the network does not have.
    """
    case = question.cases.get(scenario.parameters)
    if case is None:
        case = under_parameters(question.case, scenario.parameters)
        question.cases[scenario.parameters] = case
    laid = lay_scenario(question.sources[scenario.source], scenario)
    laid.check(case.network, case.groups)
    return case, laid


def answer(question: Question, scenario: SweepScenario) -> bytes:
    """Answer one scenario.

    Parameters
    ----------
    question, scenario
        What is asked.

    Returns
    -------
    bytes
        A Parquet file with the schema `mobility_geo.schema.SWEEP`; the same question gives the
        same bytes.

    Raises
    ------
    InputError
        If the scenario names what is not there, or lies outside its calendar.
    MobilityGeoError
        If a worker without the shapes of the network lacks what was found by them.
    """
    case, laid = lay_out(question, scenario)
    day, asked = scenario.when, question.answers
    prepare_overlay(case.network, laid, cache=question.cache)
    found: dict[str, pd.DataFrame] = {}
    if "status" in asked.tables:
        found["status"] = find_stranded(case, laid, day, with_causes=asked.causes)
    if "stations" in asked.tables:
        found["stations"] = stations_within_reach(case, laid, day)
    if "nearest" in asked.tables:
        nearest = catchments(case, laid, day)
        found["nearest"] = nearest[nearest["waystation_id"].notna()]
    if "flows" in asked.tables:
        od = choose_destinations(case, laid, day, rules=asked.rules)
        flows = assign_all_or_nothing(case, od, laid, day)
        found["edge_flows"] = flows.edges.rename(columns={"flow_persons": "persons"})
        found["crossing_flows"] = flows.crossings.rename(columns={"flow_persons": "persons"})
    if "skims" in asked.tables:
        who = main_traveller(case)
        who = replace(who, profile=asked.profile or who.profile)
        skims = skim_table(
            case.network, laid, asked.origins, asked.destinations, traveller=who, when=day
        )
        found["skims"] = skims.rename(columns={"origin_id": "place_id"}).assign(
            profile=who.profile, kind=who.kind, nationality=who.nationality
        )
    return _file(scenario, found)


def stations_within_reach(case: Case, laid: Scenario, day: dt.date) -> pd.DataFrame:
    """List the way stations that each group's place can reach.

    Parameters
    ----------
    case, laid, day
        What is asked.

    Returns
    -------
    pandas.DataFrame
        Columns and rows of `mobility_geo.outcomes.reachable_waystations`, without names, rank,
        baseline, and the modes and crossings of each way, which take most of its time.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> found = stations_within_reach(case, case.scenario, case.scenario.when)
    >>> found.loc[found["place_id"] == "northtown", "waystation_id"].tolist()
    ['station-midtown']
    """
    network, groups = case.network, case.groups
    stations = safe_waystations(case, laid, day)
    ends = list(stations["place_id"])
    budget = budget_units(groups, case.limits)
    travellers = travellers_of(groups)
    parts = []
    for traveller in sorted(set(travellers)):
        mine = np.array([one == traveller for one in travellers])
        places, of = np.unique(groups["place_id"].to_numpy(dtype=object)[mine], return_inverse=True)
        costs = conditions(network, laid, day, traveller).dense()
        ways = solve_ways(
            network, costs, access_set(network, costs, places),
            access_set(network, costs, ends, leaving=False),
        )  # fmt: skip
        total = ways.totals()
        counts = ways.reachable()
        for metric in ("time_min", "risk"):
            # of the groups at a place that travel alike the strictest
            lowest = np.full(len(places), np.inf)
            np.minimum.at(lowest, of, budget[metric][mine])
            counts &= np.rint(total[metric] / QUANTUM[metric]) <= lowest[:, None]
        row, column = np.nonzero(counts)
        sums = {str(metric): values[row, column] for metric, values in total.items()}
        parts.append(
            pd.DataFrame(
                {
                    "place_id": places[row], "profile": traveller.profile,
                    "kind": traveller.kind, "nationality": traveller.nationality,
                    "exposure_class": traveller.exposure_class or None,
                    "waystation_id": stations["waystation_id"].to_numpy(dtype=object)[column],
                    **sums,
                }
            )
        )  # fmt: skip
    if not parts:
        return empty_table(REACHABLE)
    table = pd.concat(parts, ignore_index=True)
    return table.astype({name: "str" for name in table.columns if name not in METRICS})


def guarded_answer(question: Question, scenario: SweepScenario) -> Outcome:
    """Answer one scenario, or say why it could not be answered.

    Parameters
    ----------
    question, scenario
        What is asked.

    Returns
    -------
    tuple
        ``done`` and the bytes of its file, or ``failed`` and the reason.
    """
    here = version("mobility-geo")
    if question.toolkit != here:
        return "failed", f"the worker has mobility-geo {here}, not {question.toolkit}"
    try:
        return "done", answer(question, scenario)
    except InputError as error:
        return "failed", "; ".join(error.problems)
    except MobilityGeoError as error:
        return "failed", str(error)
    except MemoryError:
        return "failed", "out of memory; take fewer workers"
    except Exception as error:  # noqa: BLE001 # one scenario must not end the sweep
        return "failed", f"a fault of the toolkit, {type(error).__name__}: {error}"


def _file(scenario: SweepScenario, found: dict[str, pd.DataFrame]) -> bytes:
    """Return the tables of a scenario as one Parquet file."""
    schema = arrow_schema(SWEEP)
    parts = []
    for name, keys in ORDER.items():
        if name not in found:
            continue
        rows = found[name].sort_values(list(keys), kind="stable", na_position="first")
        rows = rows.assign(scenario_id=scenario.scenario_id, table=name)
        parts.append(
            pa.table(
                [
                    pa.array(rows[column.name], type=column.type, from_pandas=True)
                    if column.name in rows else pa.nulls(len(rows), column.type)
                    for column in schema
                ],
                schema=schema,
            )
        )  # fmt: skip
    whole = pa.concat_tables(parts) if parts else schema.empty_table()
    whole = whole.replace_schema_metadata(
        {
            "mobility_geo.file_version": FILE_VERSION,
            "mobility_geo.scenario_id": scenario.scenario_id,
            "mobility_geo.content_hash": scenario.content_hash,
        }
    )
    out = io.BytesIO()
    pq.write_table(
        whole.combine_chunks(), out, compression=COMPRESSION,
        compression_level=COMPRESSION_LEVEL, write_page_checksum=True, write_statistics=False,
        version="2.6",
    )  # fmt: skip
    return out.getvalue()


def arrow_schema(schema: TableSchema) -> pa.Schema:
    """Return a schema as Arrow has it.

    Parameters
    ----------
    schema
        Without geometry.

    Returns
    -------
    pyarrow.Schema
        Text as string, whole numbers as int64, numbers as float64.

    Examples
    --------
    >>> arrow_schema(SWEEP).field("persons").type
    DataType(int64)
    """
    types = {"text": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(),
             "date": pa.date32()}  # fmt: skip
    return pa.schema([(column.name, types[column.dtype]) for column in schema.columns])


# ------------------------------------------------------------------ embedded workers
def share_question(
    question: Question, scenarios: Sequence[SweepScenario], folder: Path, tell: Tell
) -> None:
    """Put a question into a folder, for workers to map into their memory.

    Parameters
    ----------
    question
        With the whole network.
    scenarios
        Their disruptions are laid over the network here, once.
    folder
        An empty folder.
    tell
        Called with a step and the share done.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    network = question.case.network
    cache = folder / "cache"
    closed = {one.disruption_id: one for scenario in scenarios if (one := closing(scenario))}
    every = [
        *((source, one) for source in question.sources for one in source.disruptions),
        *((question.sources[0], one) for one in closed.values()),
    ]
    for number, (source, disruption) in enumerate(every):
        tell("Laying the disruptions over the network", 0.0 * number)
        try:
            prepare_overlay(network, replace(source, disruptions=(disruption,)), cache=cache)
        except InputError:
            continue  # its scenarios fail, and say why
    if len(network.nodes) >= LEAST_NODES:
        prepare_engine(network, cache=cache, progress=tell)
    tell("Sharing the network with the workers", 0.0)
    buffers: list[pickle.PickleBuffer] = []
    packed = io.BytesIO()
    bare = replace(question.case, network=_without_shapes(network))
    _Packer(packed, protocol=5, buffer_callback=buffers.append).dump(
        replace(question, case=bare, cache=cache, network_key=overlay_key(network), cases={})
    )
    (folder / "question.pickle").write_bytes(packed.getvalue())
    ends = [0]
    with (folder / "arrays.bin").open("wb") as file:
        for buffer in buffers:
            raw = buffer.raw()
            file.write(raw)
            file.write(bytes(-raw.nbytes % ALIGNMENT))
            ends.append(ends[-1] + raw.nbytes + -raw.nbytes % ALIGNMENT)
        file.write(bytes(ALIGNMENT))  # an empty file cannot be mapped
    sizes = [buffer.raw().nbytes for buffer in buffers]
    np.save(folder / "arrays.npy", np.array([ends[:-1], sizes], dtype=np.int64))


def load_shared(folder: Path) -> Question:
    """Return the question of a folder; its arrays are mapped, not read.

    Parameters
    ----------
    folder
        Written by `share_question`.

    Returns
    -------
    Question
        Without the shapes of edges and nodes of the network.

    Raises
    ------
    InputError
        If the folder holds something else.
    """
    starts, sizes = np.load(folder / "arrays.npy")
    with (folder / "arrays.bin").open("rb") as file:
        # copy-on-write, as kernels are compiled for arrays that may be written to
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    buffers = [view[at : at + size] for at, size in zip(starts, sizes, strict=True)]
    packed = (folder / "question.pickle").read_bytes()
    question = pickle.loads(packed, buffers=buffers)  # noqa: S301 # our own file, just written
    if not isinstance(question, Question):
        msg = f"{folder}: not a question of a sweep"
        raise InputError(msg)
    set_overlay_key(question.case.network, question.network_key)
    return question


def _without_shapes(network: Network) -> Network:
    """Return a network whose edges and nodes have empty shapes: a million of them take memory."""
    bare = copy.copy(network)
    for name, shape in (("edges", shapely.LineString()), ("nodes", shapely.Point())):
        table = getattr(network, name)
        shapes = _repeated(shape, len(table), network.crs)
        object.__setattr__(bare, name, table.assign(**{table.active_geometry_name: shapes}))
    return bare


class _Packer(pickle.Pickler):
    """Packs points as their coordinates, and empty shapes as their number."""

    def reducer_override(self, obj: object) -> Any:  # noqa: ANN401
        """Say how to pack one object."""
        if isinstance(obj, GeometryArray) and len(obj):
            shapes = np.asarray(obj)
            if (shapes == shapes[0]).all() and shapely.is_empty(shapes[0]):
                return _repeated, (shapes[0], len(shapes), obj.crs)
            kinds = np.unique(shapely.get_type_id(shapes)).tolist()
            empty = shapely.is_empty(shapes) | shapely.has_z(shapes)
            if kinds == [shapely.GeometryType.POINT] and not empty.any():
                return _points, (shapely.get_coordinates(shapes), obj.crs)
        return NotImplemented


def _repeated(shape: BaseGeometry, size: int, crs: pyproj.CRS) -> GeometryArray:
    return GeometryArray(np.full(size, shape, dtype=object), crs=crs)


def _points(coordinates: npt.NDArray[np.float64], crs: pyproj.CRS) -> GeometryArray:
    return GeometryArray(np.asarray(shapely.points(coordinates), dtype=object), crs=crs)


_HERE: dict[str, Question] = {}


def start_worker(folder: str) -> None:
    """Make a process a worker: it shares the question, and ends when its parent does.

    Parameters
    ----------
    folder
        Written by `share_question`.
    """
    # Ctrl-C is for the parent to deal with
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _give_memory_back()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    share_arrays(Path(folder) / "shared")
    question = load_shared(Path(folder))
    network = question.case.network
    if len(network.nodes) >= LEAST_NODES:
        prepare_engine(network, cache=question.cache)
    _HERE["question"] = question


def _give_memory_back() -> None:
    """Let large arrays go back to the system at once, where its C library keeps them for later."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def run_here(scenario: SweepScenario) -> Outcome:
    """Answer one scenario in a worker that `start_worker` made.

    Parameters
    ----------
    scenario
        What is asked.

    Returns
    -------
    tuple
        As from `guarded_answer`.
    """
    return guarded_answer(_HERE["question"], scenario)


_ONE_AT_A_TIME = threading.Lock()


def run_on_cluster(question: Question, scenario: SweepScenario) -> Outcome:
    """Answer one scenario on a worker of a cluster, one at a time per process.

    Parameters
    ----------
    question, scenario
        What is asked.

    Returns
    -------
    tuple
        As from `guarded_answer`.
    """
    with _ONE_AT_A_TIME:
        return guarded_answer(question, scenario)

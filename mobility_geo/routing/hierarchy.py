"""The fast engine: a hierarchy that is prepared once per network and takes costs in moments.

The nodes are eliminated in an order that leaves few arcs behind; the arcs that elimination adds
depend on the topology alone. Customization gives them costs; after a disruption only the costs that
change are computed again, and can be put back. Answers are those of Dijkstra to the last unit.

Costs are whole numbers below 2**29 (`LIMIT`), closed arcs cost `INF`. Ways must cost less than
2**29 as well. That costs nearly nothing to check exactly: two numbers below `LIMIT` add up to one
that is still less than `INF`, so the first node of a way at which its cost reaches the limit has a
cost that shows it. Only where such a number was seen and an end seems out of reach, the question
is asked a second time with all costs 0, which tells far away from cut off.

Many threads may ask at the same time; while one changes a metric, no other may use that metric. A
hierarchy can be shared by processes too.
"""

import hashlib
import json
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal, get_args
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.linalg import splu

from mobility_geo.errors import CostOverflowError, InputError, OutputError, labels
from mobility_geo.routing.kernels import (
    customization,
    elimination,
    matrices,
    sweeps,
    unpacking,
)
from mobility_geo.routing.kernels.compiled import INF, LIMIT

__all__ = [
    "INF",
    "LIMIT",
    "Accesses",
    "Ends",
    "Hierarchy",
    "HierarchyMetric",
    "MatrixPlan",
    "Nearest",
    "NearestChange",
    "Undo",
    "assign_flows",
    "best_accesses",
    "build_hierarchy",
    "change_of",
    "compile_kernels",
    "copy_metric",
    "customize",
    "distances",
    "ends_at",
    "hierarchy_key",
    "nearest",
    "nearest_changes",
    "one_to_all",
    "path_sums",
    "paths",
    "plan_distances",
    "read_hierarchy",
    "recustomize",
    "restore",
    "write_hierarchy",
]

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Order = Literal["minimum degree", "nested dissection"]
Direction = Literal["to", "from"]

VERSION: Final = 1
"""Of the files of a hierarchy: another version is prepared anew."""

SLACK: Final = 0.1
"""Share of a full customization that changes may cost on top of one before the rest is full."""

ROW_STEPS: Final = 3
"""Steps that take as long as to mark one changed input arc."""

BLOCK_NODES: Final = 64
"""Nodes that follow each other in the order, and so lie near each other on the ground."""

MOST_BLOCKS: Final = 0.4
"""Changes in more than this share of the blocks of nodes are scattered: all is done in full."""

LEAST_BLOCKS: Final = 16
"""Changes in so few blocks are never scattered."""

MATRIX_LANES: Final = 64
"""Most destinations that are treated side by side in a matrix; a multiple of 16."""

TREE_LANES: Final = 32
"""Most trees that are grown side by side: 128 bytes per node; a multiple of 16."""

FLOW_TARGETS: Final = 1024
"""Most destinations whose flows climb at the same time."""

SUM_TARGETS: Final = 256
"""Most destinations whose ancestors are held while values are summed along ways."""

MANY: Final = 0.1
"""Share of the arcs above which nearest ends are swept anew rather than followed."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, weakref_slot=True)
class Hierarchy:
    """The topology of a network with the arcs that elimination adds.

    Attributes
    ----------
    order, rank
        Node of each rank, and rank of each node, int32.
    parent, depth
        By rank: parent in the elimination tree (-1: a root), and steps to the root, int32.
    pointer, head, tail
        Arcs from each rank to its higher neighbours, sorted; int64 (nodes + 1), int32.
    down_pointer, down_arc, down_tail
        The same arcs by their head.
    arc_of, upward
        For each input arc the arc that it lies on (-1: a loop), and 1 if it runs upward.
    input_pointer, input_arc
        The input arcs on each arc.
    steps_before
        Lower triangles of all ranks before each one, int64: the work of a customization.
    key
        Hash of the input.
    """

    order: Ints
    rank: Ints
    parent: Ints
    depth: Ints
    pointer: Longs
    head: Ints
    tail: Ints
    down_pointer: Longs
    down_arc: Ints
    down_tail: Ints
    arc_of: Ints
    upward: Bytes
    input_pointer: Ints
    input_arc: Ints
    steps_before: Longs
    key: str

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.order)

    @property
    def arcs(self) -> int:
        """Number of arcs, those that elimination adds included."""
        return len(self.head)

    @property
    def triangles(self) -> int:
        """Number of lower triangles, which a full customization goes through."""
        return int(self.steps_before[-1])


ARRAYS: Final = tuple(field.name for field in fields(Hierarchy) if field.name != "key")


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class HierarchyMetric:
    """Costs of all arcs of a hierarchy; `recustomize` and `restore` change them in place.

    A metric whose change was interrupted, by Ctrl-C for instance, is to be customized anew.

    Attributes
    ----------
    weights
        Costs of the input arcs, int32; `INF`: closed.
    up, down
        Costs of each arc of the hierarchy upward and downward, int32.
    over
        One int64: how many of these are finite but over the limit.
    """

    weights: Ints
    up: Ints
    down: Ints
    over: Longs


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Undo:
    """What a partial customization has changed: arcs and input arcs with what they cost before.

    Where the rest was customized in full, `all_up` and `all_down` are what all last arcs cost.
    `steps` is the work done, to compare with `Hierarchy.triangles`.
    """

    arc: Ints
    up: Ints
    down: Ints
    all_up: Ints
    all_down: Ints
    input_arc: Ints
    weight: Ints
    over: int
    steps: int


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Ends:
    """Places where ways begin or end: each is a list of (node, offset).

    The accesses of place `i` are the entries ``pointer[i]`` to ``pointer[i + 1]`` of the other
    arrays; all int32. A place may have none.
    """

    pointer: Ints
    node: Ints
    offset: Ints

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.pointer) - 1


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class MatrixPlan:
    """What distances between the same nodes need, whatever they cost: ancestors and their arcs."""

    node_of: Ints
    row_pointer: Longs
    row_head: Ints
    side: Bytes


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Accesses:
    """Best ways between places, and by which access they leave and arrive.

    `units` is int32, shape (sources, targets), `INF`: unreachable. `start` and `stop` are
    positions in the arrays of the ends, -1: unreachable.
    """

    units: Ints
    start: Ints
    stop: Ints


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Nearest:
    """The nearest of a set for each node.

    `distance` is int32, `INF`: none can be reached; `label` is int32, -1: none. The other
    attributes are by rank and serve `nearest_changes`.
    """

    distance: Ints
    label: Ints
    direction: Direction
    seed_node: Ints
    seed_key: Longs
    ancestors: Ints
    slot: Ints
    climbed: Longs
    key: Longs
    pending: Bytes


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class NearestChange:
    """Nodes, ascending, whose nearest end or distance changes, and the new ones."""

    node: Ints
    distance: Ints
    label: Ints


def build_hierarchy(
    tail: npt.ArrayLike, head: npt.ArrayLike, nodes: int, *, order: Order = "minimum degree"
) -> Hierarchy:
    """Prepare a network for ways under any costs.

    Parameters
    ----------
    tail, head
        Ends of the directed arcs, 0 to `nodes` - 1. Loops and parallel arcs may occur.
    nodes
        Number of nodes.
    order
        How the order of elimination is found: ``minimum degree`` by SuperLU, or ``nested
        dissection`` by METIS, if `pymetis` is installed: less deep, but slower to find.

    Returns
    -------
    Hierarchy
        Good for any costs on these arcs.

    Raises
    ------
    InputError
        If an arc has no such node, or `pymetis` is asked for and not installed.

    References
    ----------
    Dibbelt, J., Strasser, B., Wagner, D. (2016). Customizable contraction hierarchies. doi
    10.1145/2886843. Liu, J. W. H. (1985). Modification of the minimum-degree algorithm by
    multiple elimination. doi 10.1145/214392.214398.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0, 1, 2, 3], [1, 2, 3, 0], 4)
    >>> hierarchy.arcs, hierarchy.triangles
    (5, 2)
    """
    one, two = _whole(tail, "tail"), _whole(head, "head")
    if one.shape != two.shape:
        msg = f"arcs: {len(one)} tails but {len(two)} heads"
        raise InputError(msg)
    if not 0 <= nodes <= np.iinfo(np.int32).max:
        msg = f"nodes must be 0 to 2**31 - 1, not {nodes}"
        raise InputError(msg)
    wrong = np.flatnonzero((one < 0) | (one >= nodes) | (two < 0) | (two >= nodes))
    if wrong.size:
        msg = (
            f"arcs: ends must be nodes 0 to {nodes - 1}; wrong in {len(wrong)} rows, e.g. "
            f"{labels(wrong)}"
        )
        raise InputError(msg)
    _one_of("order", order, Order)
    pointer, adjacent = _neighbours(one, two, nodes)
    found = _eliminate(pointer, adjacent, order)
    for refined in (True, False):
        rank = np.empty(nodes, dtype=np.int32)
        rank[found] = np.arange(nodes, dtype=np.int32)
        by_rank = elimination.permute(pointer, adjacent, found, rank)
        if refined:
            found = found[elimination.postorder(elimination.elimination_tree(*by_rank))]
    parent, up_pointer, up_head = elimination.chordal_arcs(*by_rank)
    up_tail = np.empty(len(up_head), dtype=np.int32)
    elimination.arc_tails(up_pointer, up_tail)
    down_pointer, down_arc, down_tail = elimination.arcs_by_head(up_pointer, up_head)
    arc_of = np.empty(len(one), dtype=np.int32)
    upward = np.empty(len(one), dtype=np.uint8)
    elimination.place_inputs(up_pointer, up_head, rank[one], rank[two], arc_of, upward)
    input_pointer, input_arc = elimination.inputs_by_arc(arc_of, len(up_head))
    depth = np.empty(nodes, dtype=np.int32)
    steps_before = elimination.count_steps(
        up_pointer, down_pointer, down_arc, down_tail, parent, depth
    )
    return Hierarchy(
        order=found, rank=rank, parent=parent, depth=depth, pointer=up_pointer, head=up_head,
        tail=up_tail, down_pointer=down_pointer, down_arc=down_arc, down_tail=down_tail,
        arc_of=arc_of, upward=upward, input_pointer=input_pointer, input_arc=input_arc,
        steps_before=steps_before, key=hierarchy_key(one, two, nodes, order=order),
    )  # fmt: skip


def hierarchy_key(
    tail: npt.ArrayLike, head: npt.ArrayLike, nodes: int, *, order: Order = "minimum degree"
) -> str:
    """Return the hash of what a hierarchy is built from.

    Parameters
    ----------
    tail, head, nodes, order
        See `build_hierarchy`.

    Returns
    -------
    str
        64 hexadecimal digits; also depends on the version of the files.

    Raises
    ------
    InputError
        If the ends are not whole numbers.

    Examples
    --------
    >>> hierarchy_key([0], [1], 2) == hierarchy_key([1], [0], 2)
    False
    """
    text = hashlib.sha256(f"hierarchy {VERSION} {nodes} {order}\n".encode())
    for ends, name in ((tail, "tail"), (head, "head")):
        text.update(_whole(ends, name).astype("<i4", copy=False).tobytes())
    return text.hexdigest()


def _whole(values: npt.ArrayLike, name: str) -> Ints:
    """Return whole numbers as a plain int32 array that kernels take without compiling anew.

    Raises
    ------
    InputError
        If they are not whole, or do not fit.
    """
    raw = np.asarray(values)
    if raw.size == 0:
        return np.empty(0, dtype=np.int32)
    if raw.ndim != 1 or raw.dtype.kind not in "iu":
        msg = f"{name}: expected a list of whole numbers, found {raw.dtype} of shape {raw.shape}"
        raise InputError(msg)
    bounds = np.iinfo(np.int32)
    if raw.dtype != np.int32 and (int(raw.min()) < bounds.min or int(raw.max()) > bounds.max):
        msg = f"{name}: numbers must fit in 32 bits, found up to {raw.max()}"
        raise InputError(msg)
    plain = np.ascontiguousarray(raw, dtype=np.int32)
    return plain if plain.flags.writeable else plain.copy()


def _one_of(name: str, value: str, allowed: object) -> None:
    """Refuse a word that is not one of a `Literal`.

    Raises
    ------
    InputError
        If it is another.
    """
    words = get_args(allowed)
    if value not in words:
        msg = f"{name} must be {' or '.join(repr(word) for word in words)}, not {value!r}"
        raise InputError(msg)


def _neighbours(tail: Ints, head: Ints, nodes: int) -> tuple[Longs, Ints]:
    """Return the neighbours of each node, directions, loops and parallels left out."""
    keep = tail != head
    one, two = tail[keep], head[keep]
    ones = np.ones(2 * len(one), dtype=np.int32)
    matrix = coo_array(
        (ones, (np.concatenate([one, two]), np.concatenate([two, one]))), shape=(nodes, nodes)
    ).tocsr()
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)


def _eliminate(pointer: Longs, adjacent: Ints, order: Order) -> Ints:
    """Return the nodes in their order of elimination.

    Raises
    ------
    InputError
        If METIS is not there.
    """
    nodes = len(pointer) - 1
    if order == "nested dissection":
        try:
            pymetis = import_module("pymetis")
        except ImportError as error:
            msg = "order 'nested dissection' needs pymetis: pip install pymetis"
            raise InputError(msg) from error
        if not len(adjacent):
            return np.arange(nodes, dtype=np.int32)
        permutation, _ = pymetis.nested_dissection(xadj=pointer.astype(np.int32), adjncy=adjacent)
        return np.asarray(permutation, dtype=np.int32)
    if not len(adjacent):
        return np.arange(nodes, dtype=np.int32)
    # a dominant diagonal: no pivoting disturbs the order
    minus = csc_array(
        (np.full(len(adjacent), -1.0, dtype=np.float32), adjacent, pointer.astype(np.int32)),
        shape=(nodes, nodes),
    )
    degree = np.diff(pointer).astype(np.float32) + 1
    factors = splu(
        (minus + diags_array(degree, dtype=np.float32)).tocsc(), permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0, options={"SymmetricMode": True},
    )  # fmt: skip
    found = np.empty(nodes, dtype=np.int32)
    found[factors.perm_c] = np.arange(nodes, dtype=np.int32)
    return found


def write_hierarchy(hierarchy: Hierarchy, folder: Path) -> None:
    """Write a hierarchy into a folder of its own, whole or not at all.

    Parameters
    ----------
    hierarchy
        From `build_hierarchy`.
    folder
        Folder that is made, or replaced.

    Raises
    ------
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     hierarchy = build_hierarchy([0], [1], 2)
    ...     write_hierarchy(hierarchy, Path(place) / "roads")
    ...     read_hierarchy(Path(place) / "roads", hierarchy.key).arcs
    1
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        msg = f"{folder}: cannot be written: {error.strerror}"
        raise OutputError(msg) from error
    try:
        sums = {}
        for name in ARRAYS:
            array = getattr(hierarchy, name)
            np.save(staging / f"{name}.npy", array, allow_pickle=False)
            sums[name] = _checksum(array)
        about = {"version": VERSION, "key": hierarchy.key, "arrays": sums}
        (staging / "hierarchy.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        if folder.exists():
            folder.rename(staging / "replaced")
        # the folder that was replaced goes along, so that at no time two things have one name
        staging.rename(folder)
        shutil.rmtree(folder / "replaced", ignore_errors=True)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        msg = f"{folder}: cannot be written: {error.strerror}"
        raise OutputError(msg) from error


def _checksum(array: npt.NDArray[Any]) -> list[Any]:
    """Return type, size and CRC-32 of an array."""
    return [array.dtype.str, array.size, zlib.crc32(array.view(np.uint8).data)]


def read_hierarchy(folder: Path, key: str) -> Hierarchy:
    """Read a hierarchy, mapped into memory so that processes share it.

    Parameters
    ----------
    folder
        Written by `write_hierarchy`.
    key
        What it must have been built from, see `hierarchy_key`.

    Returns
    -------
    Hierarchy
        As it was written.

    Raises
    ------
    InputError
        If there is none, it is of another network or version, or damaged.

    Examples
    --------
    >>> read_hierarchy(Path("nowhere"), "")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere: no hierarchy that can be read; prepare it again
    """
    try:
        about = json.loads((folder / "hierarchy.json").read_text(encoding="utf-8"))
        known = about["version"], about["key"]
        # copy-on-write, as kernels are compiled for arrays that may be written to
        arrays = {
            name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False))
            for name in ARRAYS
        }
        damaged = [name for name in ARRAYS if _checksum(arrays[name]) != about["arrays"][name]]
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        msg = f"{folder}: no hierarchy that can be read; prepare it again"
        raise InputError(msg) from error
    if known != (VERSION, key):
        msg = f"{folder}: a hierarchy of another network or version; prepare it again"
        raise InputError(msg)
    if damaged:
        msg = f"{folder}: damaged: {labels(damaged)}; prepare it again"
        raise InputError(msg)
    return Hierarchy(**arrays, key=key)


def customize(hierarchy: Hierarchy, weights: npt.ArrayLike) -> HierarchyMetric:
    """Give costs to all arcs of a hierarchy.

    Parameters
    ----------
    hierarchy
        From `build_hierarchy`.
    weights
        Whole cost of each input arc, 0 to `LIMIT` - 1, or `INF`: closed.

    Returns
    -------
    HierarchyMetric
        For queries, from many threads at the same time if need be.

    Raises
    ------
    InputError
        If there is not one cost per arc, or one is negative.
    CostOverflowError
        If a cost is not below the limit.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0, 1, 0], [1, 2, 2], 3)
    >>> metric = customize(hierarchy, [3, 4, 9])
    >>> distances(hierarchy, metric, ends_at([0]), ends_at([2])).tolist()
    [[7]]
    """
    own = _whole(weights, "weights")
    own = own.copy() if own is weights else own
    if len(own) != len(hierarchy.arc_of):
        msg = f"weights: {len(own)} costs for {len(hierarchy.arc_of)} arcs"
        raise InputError(msg)
    _check_weights(own)
    up, down = (np.full(hierarchy.arcs, INF, dtype=np.int32) for _ in range(2))
    metric = HierarchyMetric(weights=own, up=up, down=down, over=np.zeros(1, dtype=np.int64))
    with _working_memory(hierarchy) as work:
        metric.over[0] = _customize_above(hierarchy, metric, 0, work)
    return metric


def _customize_above(
    hierarchy: Hierarchy, metric: HierarchyMetric, node: int, work: dict[str, npt.NDArray[Any]]
) -> int:
    """Compute all costs from a node on; return by how many those over the limit change."""
    return customization.customize_above(
        node, hierarchy.pointer, hierarchy.head, hierarchy.down_pointer, hierarchy.down_arc,
        hierarchy.down_tail, hierarchy.arc_of, hierarchy.upward, metric.weights, metric.up,
        metric.down, work["pending"], work["flag"], work["count"], work["place"],
    )  # fmt: skip


def _check_weights(weights: Ints) -> None:
    """Refuse costs that exact sums do not allow.

    Raises
    ------
    InputError
        If one is negative.
    CostOverflowError
        If one is not below the limit.
    """
    row = customization.find_bad_weight(weights)
    if row < 0:
        return
    if weights[row] < 0:
        msg = f"weights: costs must be >= 0; row {row} costs {weights[row]}"
        raise InputError(msg)
    msg = (
        f"weights: row {row} costs {weights[row]} units, 2**29 or more; take a coarser unit, or "
        f"close the arc"
    )
    raise CostOverflowError(msg)


WORKING_MEMORY: WeakKeyDictionary[Hierarchy, list[dict[str, npt.NDArray[Any]]]] = (
    WeakKeyDictionary()
)
"""Of every hierarchy, what is not in use: as many as threads have worked at the same time."""


@contextmanager
def _working_memory(hierarchy: Hierarchy) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """Lend memory that kernels find clean and leave clean; what was interrupted is thrown away."""
    unused = WORKING_MEMORY.setdefault(hierarchy, [])
    try:
        work = unused.pop()
    except IndexError:
        nodes, arcs = hierarchy.nodes, hierarchy.arcs
        ints = ("place", nodes), ("log_arc", arcs), ("log_up", arcs), ("log_down", arcs)
        work = {name: np.empty(size, dtype=np.int32) for name, size in ints}
        work["pending"] = _pending(nodes)
        work["flag"] = np.zeros(arcs, dtype=np.uint8)
        work["count"] = np.zeros(nodes, dtype=np.int32)
    yield work
    unused.append(work)


def _pending(nodes: int) -> Bytes:
    """Return a mark per node, padded so that eight can be looked at in one."""
    return np.zeros(-(-nodes // 8) * 8, dtype=np.uint8)


def copy_metric(metric: HierarchyMetric) -> HierarchyMetric:
    """Return a copy of a metric, to change.

    Parameters
    ----------
    metric
        From `customize`.

    Returns
    -------
    HierarchyMetric
        Shares nothing with the first one.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0], [1], 2)
    >>> copy_metric(customize(hierarchy, [3])).weights.tolist()
    [3]
    """
    return HierarchyMetric(**{one.name: getattr(metric, one.name).copy() for one in fields(metric)})


def recustomize(
    hierarchy: Hierarchy, metric: HierarchyMetric, arcs: npt.ArrayLike, weights: npt.ArrayLike
) -> Undo:
    """Change the costs of some input arcs, and all that depends on them, in place.

    Parameters
    ----------
    hierarchy
        From `build_hierarchy`.
    metric
        From `customize`; the same afterwards as a full customization would give.
    arcs
        Rows of the input arcs; of a row named twice, the last cost holds.
    weights
        Their costs, as for `customize`.

    Returns
    -------
    Undo
        For `restore`. Changes can be stacked and are then undone in reverse order.

    Raises
    ------
    InputError
        If a row does not exist, or a cost is negative; nothing is changed.
    CostOverflowError
        If a cost is not below the limit; nothing is changed.

    Notes
    -----
    Changes of arcs that lie together are cheap; where they lie all over the network, all is
    customized in full. The work is counted; as soon as it exceeds by more than `SLACK` of a whole
    customization what one would have taken up to the same node, the rest is customized in full.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0, 1, 0], [1, 2, 2], 3)
    >>> metric = customize(hierarchy, [3, 4, 9])
    >>> undo = recustomize(hierarchy, metric, [1], [INF])
    >>> distances(hierarchy, metric, ends_at([0]), ends_at([2])).tolist()
    [[9]]
    """
    rows, costs = _whole(arcs, "arcs"), _whole(weights, "weights")
    size = len(hierarchy.arc_of)
    if len(rows) != len(costs):
        msg = f"weights: {len(costs)} costs for {len(rows)} arcs"
        raise InputError(msg)
    if rows.size and (int(rows.min()) < 0 or int(rows.max()) >= size):
        wrong = rows[(rows < 0) | (rows >= size)]
        msg = f"arcs: must be 0 to {size - 1}; wrong in {len(wrong)} rows, e.g. {labels(wrong)}"
        raise InputError(msg)
    _check_weights(costs)
    if bool(np.any(rows[1:] < rows[:-1])):
        # neighbours in the order of rows are near in memory; of a row named twice the last holds
        by_row = np.argsort(rows, kind="stable")
        rows, costs = rows[by_row], costs[by_row]
    before = np.empty(len(rows), dtype=np.int32)
    allowance = int(SLACK * hierarchy.triangles)
    with _working_memory(hierarchy) as work:
        if len(rows) * ROW_STEPS > allowance or _scattered(hierarchy, rows):
            before[:] = metric.weights[rows]
            metric.weights[rows] = costs
            logged = over = node = steps = 0
        else:
            logged, over, steps, node = customization.customize_some(
                hierarchy.pointer, hierarchy.head, hierarchy.tail, hierarchy.down_pointer,
                hierarchy.down_arc, hierarchy.down_tail, hierarchy.steps_before,
                hierarchy.input_pointer, hierarchy.input_arc, hierarchy.arc_of, hierarchy.upward,
                rows, costs, allowance, metric.weights, metric.up, metric.down, work["pending"],
                work["pending"].view(np.uint64), work["flag"], work["count"], work["place"], before,
                work["log_arc"], work["log_up"], work["log_down"],
            )  # fmt: skip
        first = hierarchy.pointer[node]
        all_up, all_down = metric.up[first:].copy(), metric.down[first:].copy()
        if node < hierarchy.nodes:
            over += _customize_above(hierarchy, metric, node, work)
            steps += hierarchy.triangles - int(hierarchy.steps_before[node])
        metric.over[0] += over
        return Undo(
            arc=work["log_arc"][:logged].copy(), up=work["log_up"][:logged].copy(),
            down=work["log_down"][:logged].copy(), all_up=all_up, all_down=all_down,
            input_arc=rows.copy(), weight=before, over=over, steps=steps,
        )  # fmt: skip


def _scattered(hierarchy: Hierarchy, rows: Ints) -> bool:
    """Say whether input arcs lie all over the network."""
    hit = np.zeros(hierarchy.nodes // BLOCK_NODES + 1, dtype=np.bool_)
    most = max(LEAST_BLOCKS, MOST_BLOCKS * len(hit))
    if len(rows) <= most:
        return False
    hit[hierarchy.tail[hierarchy.arc_of[rows]] // BLOCK_NODES] = True
    return int(np.count_nonzero(hit)) > most


def change_of(metric: HierarchyMetric, undo: Undo) -> Undo:
    """Return what a partial customization made of the costs that it changed.

    Parameters
    ----------
    metric
        As `recustomize` left it.
    undo
        What it returned.

    Returns
    -------
    Undo
        With it `restore` turns a copy of the metric before into that after, without the work.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0], [1], 2)
    >>> base = customize(hierarchy, [3])
    >>> metric = copy_metric(base)
    >>> change = change_of(metric, recustomize(hierarchy, metric, [0], [8]))
    >>> restore(base, change)
    >>> base.weights.tolist()
    [8]
    """
    first = len(metric.up) - len(undo.all_up)
    return Undo(
        arc=undo.arc, up=metric.up[undo.arc], down=metric.down[undo.arc],
        all_up=metric.up[first:].copy(), all_down=metric.down[first:].copy(),
        input_arc=undo.input_arc, weight=metric.weights[undo.input_arc], over=-undo.over,
        steps=undo.steps,
    )  # fmt: skip


def restore(metric: HierarchyMetric, undo: Undo) -> None:
    """Put a metric back to what it was before a partial customization, bit for bit.

    Parameters
    ----------
    metric
        As `recustomize` left it.
    undo
        What it returned.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0], [1], 2)
    >>> metric = customize(hierarchy, [3])
    >>> restore(metric, recustomize(hierarchy, metric, [0], [8]))
    >>> metric.up.max() + metric.down.min() in {3, 3 + INF}
    True
    """
    customization.restore_costs(
        undo.arc, undo.up, undo.down, undo.all_up, undo.all_down, undo.input_arc, undo.weight,
        metric.weights, metric.up, metric.down,
    )  # fmt: skip
    metric.over[0] -= undo.over


def ends_at(nodes: npt.ArrayLike) -> Ends:
    """Return places that are nodes.

    Parameters
    ----------
    nodes
        One node per place.

    Returns
    -------
    Ends
        Without offsets.

    Raises
    ------
    InputError
        If the nodes are not whole numbers.

    Examples
    --------
    >>> ends_at([4, 7]).pointer.tolist()
    [0, 1, 2]
    """
    node = _whole(nodes, "nodes")
    return Ends(
        pointer=np.arange(len(node) + 1, dtype=np.int32), node=node, offset=np.zeros_like(node)
    )


def _checked(hierarchy: Hierarchy, ends: Ends, name: str) -> Ends:
    """Return ends as plain arrays, or say what is wrong with them.

    Raises
    ------
    InputError
        If a node does not exist, or the arrays do not fit together.
    CostOverflowError
        If an offset is not below the limit.
    """
    pointer, node = _whole(ends.pointer, name), _whole(ends.node, name)
    offset = _whole(ends.offset, name)
    if (
        not len(pointer)
        or pointer[0] != 0
        or pointer[-1] != len(node)
        or len(node) != len(offset)
        or bool(np.any(np.diff(pointer) < 0))
    ):
        msg = f"{name}: pointer must rise from 0 to the number of nodes and offsets"
        raise InputError(msg)
    if node.size and (int(node.min()) < 0 or int(node.max()) >= hierarchy.nodes):
        wrong = node[(node < 0) | (node >= hierarchy.nodes)]
        msg = (
            f"{name}: nodes must be 0 to {hierarchy.nodes - 1}; wrong in {len(wrong)} rows, e.g. "
            f"{labels(wrong)}"
        )
        raise InputError(msg)
    if offset.size and int(offset.min()) < 0:
        msg = f"{name}: offsets must be >= 0, found {offset.min()}"
        raise InputError(msg)
    if offset.size and int(offset.max()) >= LIMIT:
        msg = f"{name}: an offset is {offset.max()} units, 2**29 or more; take a coarser unit"
        raise CostOverflowError(msg)
    return Ends(pointer=pointer, node=node, offset=offset)


def plan_distances(
    hierarchy: Hierarchy, source_nodes: npt.ArrayLike, target_nodes: npt.ArrayLike
) -> MatrixPlan:
    """Prepare distances between nodes for any number of metrics.

    Parameters
    ----------
    hierarchy
        From `build_hierarchy`.
    source_nodes, target_nodes
        All nodes by which places will be left or reached.

    Returns
    -------
    MatrixPlan
        For `distances` between these nodes, or some of them.

    Raises
    ------
    InputError
        If a node does not exist.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0, 1], [1, 2], 3)
    >>> len(plan_distances(hierarchy, [0], [2]).node_of) <= 3
    True
    """
    ranks = [
        hierarchy.rank[_checked(hierarchy, ends_at(nodes), name).node]
        for nodes, name in ((source_nodes, "sources"), (target_nodes, "targets"))
    ]
    found = matrices.find_ancestors(hierarchy.parent, hierarchy.pointer, hierarchy.head, *ranks)
    node_of, row_pointer, row_head, side = found
    return MatrixPlan(node_of=node_of, row_pointer=row_pointer, row_head=row_head, side=side)


def distances(
    hierarchy: Hierarchy,
    metric: HierarchyMetric,
    sources: Ends,
    targets: Ends,
    *,
    plan: MatrixPlan | None = None,
) -> Ints:
    """Return the cost of the best way from each source to each target.

    Parameters
    ----------
    hierarchy, metric
        From `build_hierarchy` and `customize`.
    sources, targets
        Places, with offsets in units of the metric.
    plan
        From `plan_distances` for these nodes, to save a third of the time.

    Returns
    -------
    numpy.ndarray
        int32, shape (sources, targets); `INF`: unreachable.

    Raises
    ------
    InputError
        If a node does not exist, or is not in the plan.
    CostOverflowError
        If a way costs 2**29 units or more.

    References
    ----------
    Delling, D., Goldberg, A. V., Werneck, R. F. (2011). Faster batched shortest paths in road
    networks. doi 10.4230/OASIcs.ATMOS.2011.52.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0, 1], [1, 2], 3)
    >>> metric = customize(hierarchy, [3, 4])
    >>> distances(hierarchy, metric, ends_at([0, 1]), ends_at([2])).tolist()
    [[7], [4]]
    """
    sources = _checked(hierarchy, sources, "sources")
    targets = _checked(hierarchy, targets, "targets")
    plan = plan or plan_distances(hierarchy, sources.node, targets.node)
    units, over = _matrix(hierarchy, metric, sources, targets, plan)
    _refuse_overflow(hierarchy, metric, units, sources, targets, plan, over=over)
    return units


def _matrix(
    hierarchy: Hierarchy, metric: HierarchyMetric, sources: Ends, targets: Ends, plan: MatrixPlan
) -> tuple[Ints, bool]:
    """Return costs, and whether some of them may be infinite only because they are too high.

    Raises
    ------
    InputError
        If a node is not in the plan.
    """
    rows = []
    for ends, bit, name in ((sources, 2, "sources"), (targets, 1, "targets")):
        rank = hierarchy.rank[ends.node]
        row = np.searchsorted(plan.node_of, rank).astype(np.int32)
        row[row == len(plan.node_of)] = 0
        if rank.size and (
            not len(plan.node_of)
            or not bool(np.all((plan.node_of[row] == rank) & (plan.side[row] & bit > 0)))
        ):
            msg = f"{name}: not all nodes are in the plan; make a plan for all of them"
            raise InputError(msg)
        rows.append(row)
    units = np.empty((len(sources), len(targets)), dtype=np.int32)
    lanes = _lanes(len(targets), MATRIX_LANES)
    over = matrices.fill_matrix(
        hierarchy.pointer, plan.node_of, plan.row_pointer, plan.row_head, plan.side, metric.up,
        metric.down, sources.pointer, rows[0], sources.offset, targets.pointer, rows[1],
        targets.offset, lanes, _labels(len(plan.node_of), lanes), units,
    )  # fmt: skip
    return units, bool(over) or int(metric.over[0]) > 0


def _lanes(count: int, most: int) -> int:
    """Return how many things to treat side by side: full cache lines, in blocks of equal size."""
    blocks = max(1, -(-count // most))
    return max(1, -(-count // (16 * blocks))) * 16


def _labels(rows: int, lanes: int) -> Ints:
    """Return memory for labels that begins with a cache line."""
    raw = np.empty(rows * lanes + 16, dtype=np.int32)
    begin = -raw.ctypes.data % 64 // 4
    return raw[begin : begin + rows * lanes]


def _refuse_overflow(
    hierarchy: Hierarchy,
    metric: HierarchyMetric,
    units: Ints,
    sources: Ends,
    targets: Ends,
    plan: MatrixPlan | None,
    *,
    over: bool,
) -> None:
    """Raise an error if a way costs 2**29 or more, told apart exactly from no way at all.

    Raises
    ------
    CostOverflowError
        If one does.
    """
    too_high = (units >= LIMIT) & (units < INF)
    if over and bool((units == INF).any()):
        plan = plan or plan_distances(hierarchy, sources.node, targets.node)
        free = customize(hierarchy, np.where(metric.weights < INF, 0, INF).astype(np.int32))
        reachable, _ = _matrix(
            hierarchy, free, _without_offsets(sources), _without_offsets(targets), plan
        )
        too_high |= (units == INF) & (reachable < INF)
    elif not too_high.any():
        return
    if bool(too_high.any()):
        pairs = [(int(i), int(j)) for i, j in np.argwhere(too_high)]
        msg = (
            f"{len(pairs)} ways cost 2**29 units or more, e.g. (source, target) {labels(pairs)}; "
            f"take a coarser unit"
        )
        raise CostOverflowError(msg)


def _without_offsets(ends: Ends) -> Ends:
    """Return the same places with offsets of 0."""
    return Ends(pointer=ends.pointer, node=ends.node, offset=np.zeros_like(ends.offset))


def best_accesses(
    hierarchy: Hierarchy, metric: HierarchyMetric, sources: Ends, targets: Ends
) -> Accesses:
    """Return the best ways between places, and by which access they leave and arrive.

    Parameters
    ----------
    hierarchy, metric, sources, targets
        See `distances`.

    Returns
    -------
    Accesses
        Of equals the first access of the source counts, then the first one of the target.

    Raises
    ------
    InputError
        If a node does not exist.
    CostOverflowError
        If a way costs 2**29 units or more.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0, 1], [1, 2], 3)
    >>> metric = customize(hierarchy, [3, 4])
    >>> best_accesses(hierarchy, metric, ends_at([0]), ends_at([2, 0])).units.tolist()
    [[7, 0]]
    """
    sources = _checked(hierarchy, sources, "sources")
    targets = _checked(hierarchy, targets, "targets")
    source_nodes, row = _numbered(sources.node, "sources")
    target_nodes, column = _numbered(targets.node, "targets")
    plan = plan_distances(hierarchy, source_nodes, target_nodes)
    between, over = _matrix(hierarchy, metric, ends_at(source_nodes), ends_at(target_nodes), plan)
    ways = _choose(between, sources, targets, row, column)
    _refuse_overflow(hierarchy, metric, ways.units, sources, targets, plan, over=over)
    return ways


def _choose(between: Ints, sources: Ends, targets: Ends, row: Ints, column: Ints) -> Accesses:
    """Take the best pair of accesses of each pair of places from costs between their nodes."""
    shape = (len(sources), len(targets))
    units, start, stop = (np.empty(shape, dtype=np.int32) for _ in range(3))
    matrices.choose_accesses(
        between, sources.pointer, row, sources.offset, targets.pointer,
        column, targets.offset, units, start, stop,
    )  # fmt: skip
    return Accesses(units=units, start=start, stop=stop)


def nearest(
    hierarchy: Hierarchy,
    metric: HierarchyMetric,
    node: npt.ArrayLike,
    offset: npt.ArrayLike,
    label: npt.ArrayLike,
    *,
    direction: Direction = "to",
) -> Nearest:
    """Find the nearest of a set of places for every node.

    Parameters
    ----------
    hierarchy, metric
        From `build_hierarchy` and `customize`.
    node, offset, label
        Accesses of the places: their nodes, their costs in units, and a number per place, >= 0.
    direction
        ``to``: the way leads from each node to the place; ``from``: from the place to the node.

    Returns
    -------
    Nearest
        Of places that are equally near, the one of the lowest label.

    Raises
    ------
    InputError
        If a node does not exist, or a label is negative.
    CostOverflowError
        If a node is 2**29 units or more away from the nearest place.

    References
    ----------
    Delling, D., Goldberg, A. V., Nowatzyk, A., Werneck, R. F. (2013). PHAST: hardware-accelerated
    shortest path trees. doi 10.1016/j.jpdc.2012.02.007.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0, 1], [1, 2], 3)
    >>> metric = customize(hierarchy, [3, 4])
    >>> nearest(hierarchy, metric, [2, 1], [0, 0], [5, 9]).label.tolist()
    [9, 9, 5]
    """
    _one_of("direction", direction, Direction)
    raw = _whole(node, "node")
    ends = _checked(
        hierarchy,
        Ends(pointer=np.array([0, len(raw)], dtype=np.int32), node=raw,
             offset=_whole(offset, "offset")),
        "nearest",
    )  # fmt: skip
    names = _whole(label, "label")
    if len(names) != len(raw) or (names.size and int(names.min()) < 0):
        msg = "label: expected one number >= 0 per node"
        raise InputError(msg)
    seed_node = hierarchy.rank[ends.node]
    seed_key = (ends.offset.astype(np.int64) << 32) | names
    climbing, descending = _by_direction(metric, direction)
    ancestors = sweeps.mark_ancestors(hierarchy.parent, seed_node)
    slot = np.full(hierarchy.nodes, -1, dtype=np.int32)
    slot[ancestors] = np.arange(len(ancestors), dtype=np.int32)
    key = np.empty(hierarchy.nodes, dtype=np.int64)
    sweeps.climb(hierarchy.pointer, hierarchy.head, climbing, ancestors, seed_node, seed_key, key)
    climbed = key[ancestors]
    sweeps.descend(hierarchy.pointer, hierarchy.head, descending, ancestors, key)
    distance = np.empty(hierarchy.nodes, dtype=np.int32)
    found = np.empty(hierarchy.nodes, dtype=np.int32)
    over = sweeps.read_keys(key, hierarchy.rank, distance, found)
    if over >= 0:
        msg = f"node {over} is 2**29 units or more from the nearest place; take a coarser unit"
        raise CostOverflowError(msg)
    return Nearest(
        distance=distance, label=found, direction=direction, seed_node=seed_node,
        seed_key=seed_key, ancestors=ancestors, slot=slot, climbed=climbed, key=key,
        pending=_pending(hierarchy.nodes),
    )  # fmt: skip


def _by_direction(metric: HierarchyMetric, direction: Direction) -> tuple[Ints, Ints]:
    """Return the costs that ends climb by, and those that nodes are then reached by."""
    return (metric.down, metric.up) if direction == "to" else (metric.up, metric.down)


def nearest_changes(
    hierarchy: Hierarchy, metric: HierarchyMetric, base: Nearest, undo: Undo | Iterable[Undo]
) -> NearestChange:
    """Find what a partial customization changes in the nearest places.

    Parameters
    ----------
    hierarchy, metric
        As `recustomize` left it.
    base
        From `nearest`, before that. It stays as it is; one thread at a time may use it.
    undo
        What `recustomize` returned; several if it was called several times since.

    Returns
    -------
    NearestChange
        Only the nodes for which something changes.

    Raises
    ------
    CostOverflowError
        If a node is now 2**29 units or more away from the nearest place.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0, 1], [1, 2], 3)
    >>> metric = customize(hierarchy, [3, 4])
    >>> base = nearest(hierarchy, metric, [2], [0], [0])
    >>> undo = recustomize(hierarchy, metric, [0], [INF])
    >>> nearest_changes(hierarchy, metric, base, undo).node.tolist()
    [0]
    """
    undos = (undo,) if isinstance(undo, Undo) else tuple(undo)
    arcs = undos[0].arc if len(undos) == 1 else np.concatenate(
        [np.empty(0, dtype=np.int32), *(one.arc for one in undos)]
    )  # fmt: skip
    climbing, descending = _by_direction(metric, base.direction)
    # the keys of ancestors are climbed for anew, in the place of those that hold at present
    held = base.key[base.ancestors]
    sweeps.climb(
        hierarchy.pointer, hierarchy.head, climbing, base.ancestors, base.seed_node,
        base.seed_key, base.key,
    )  # fmt: skip
    climbed = base.key[base.ancestors]
    base.key[base.ancestors] = held
    log_node = np.empty(hierarchy.nodes, dtype=np.int32)
    log_key = np.empty(hierarchy.nodes, dtype=np.int64)
    everything = len(arcs) > MANY * hierarchy.arcs or any(len(one.all_up) for one in undos)
    logged = sweeps.descend_changes(
        hierarchy.pointer, hierarchy.head, hierarchy.down_pointer, hierarchy.down_arc,
        hierarchy.down_tail, hierarchy.tail, descending, base.ancestors, base.climbed, climbed,
        arcs, int(everything), base.slot, base.pending, base.pending.view(np.uint64), base.key,
        log_node, log_key,
    )  # fmt: skip
    ranks, keys = log_node[:logged], log_key[:logged]
    sweeps.swap_keys(ranks, keys, base.key)
    node = hierarchy.order[ranks]
    by_node = np.argsort(node)
    node, keys = node[by_node], keys[by_node]
    distance = (keys >> 32).astype(np.int32)
    label = np.where(distance < INF, keys & 0xFFFFFFFF, -1).astype(np.int32)
    far = node[(distance >= LIMIT) & (distance < INF)]
    if far.size:
        msg = f"nodes {labels(far)} are 2**29 units or more from the nearest place"
        raise CostOverflowError(msg)
    return NearestChange(node=node, distance=distance, label=label)


def one_to_all(
    hierarchy: Hierarchy,
    metric: HierarchyMetric,
    ends: Ends,
    *,
    direction: Direction = "from",
    out: Ints | None = None,
) -> Ints:
    """Return the cost of the best way from each place to every node, or back.

    Parameters
    ----------
    hierarchy, metric
        From `build_hierarchy` and `customize`.
    ends
        Places.
    direction
        ``from``: the ways lead from the places to the nodes; ``to``: from nodes to places.
    out
        Array for the answer, so that many questions need no new memory, which takes up to a
        quarter of the time.

    Returns
    -------
    numpy.ndarray
        int32, shape (places, nodes); `INF`: unreachable.

    Raises
    ------
    InputError
        If a node does not exist, or `out` has another shape or type.
    CostOverflowError
        If a node is 2**29 units or more away.

    References
    ----------
    Delling, D., Goldberg, A. V., Nowatzyk, A., Werneck, R. F. (2013). PHAST: hardware-accelerated
    shortest path trees. doi 10.1016/j.jpdc.2012.02.007.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0, 1], [1, 2], 3)
    >>> one_to_all(hierarchy, customize(hierarchy, [3, 4]), ends_at([0])).tolist()
    [[0, 3, 7]]
    """
    _one_of("direction", direction, Direction)
    ends = _checked(hierarchy, ends, "ends")
    climbing, descending = _by_direction(metric, direction)
    shape = (len(ends), hierarchy.nodes)
    if out is None:
        out = np.empty(shape, dtype=np.int32)
    elif out.shape != shape or out.dtype != np.int32 or not out.flags.carray:
        found = f"{out.dtype} {out.shape}"
        msg = f"out: expected int32 in rows, writable, of shape {shape}; found {found}"
        raise InputError(msg)
    most = min(TREE_LANES, _lanes(len(ends), len(ends) or 1))
    labels_of_all = _labels(hierarchy.nodes, most)
    for begin in range(0, len(ends), most):
        lanes = min(most, _lanes(len(ends) - begin, len(ends)))  # the last ones need not fill all
        label = labels_of_all[: hierarchy.nodes * lanes]
        pointer = ends.pointer[begin : begin + lanes + 1]
        seeds = hierarchy.rank[ends.node[pointer[0] : pointer[-1]]]
        over = sweeps.grow_trees(
            hierarchy.pointer, hierarchy.head, hierarchy.rank, climbing, descending,
            sweeps.mark_ancestors(hierarchy.parent, seeds), pointer - pointer[0], seeds,
            ends.offset[pointer[0] : pointer[-1]], lanes, label, out[begin : begin + lanes],
        )  # fmt: skip
        if over >= 0:
            msg = f"place {begin + over}: a node is 2**29 units or more away; take a coarser unit"
            raise CostOverflowError(msg)
    return out


def paths(
    hierarchy: Hierarchy, metric: HierarchyMetric, sources: npt.ArrayLike, targets: npt.ArrayLike
) -> tuple[Longs, Ints]:
    """Return the input arcs of the best way from each source to the target beside it.

    Parameters
    ----------
    hierarchy, metric
        From `build_hierarchy` and `customize`.
    sources, targets
        Nodes, as many of one as of the other.

    Returns
    -------
    tuple of numpy.ndarray
        Pointer, int64, one more than pairs, and input arcs, int32: those of pair `i` are the
        entries ``pointer[i]`` to ``pointer[i + 1]``. None: no way, or both nodes are one.

    Raises
    ------
    InputError
        If a node does not exist, or not every source has a target.

    Notes
    -----
    Ways pass no node twice. Among ways of equal cost the one that leads over nodes eliminated
    earlier is taken; of parallel arcs the cheapest, then the first.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0, 1, 1], [1, 2, 2], 3)
    >>> pointer, arcs = paths(hierarchy, customize(hierarchy, [3, 9, 4]), [0, 2], [2, 0])
    >>> pointer.tolist(), arcs.tolist()
    ([0, 2, 2], [0, 2])
    """
    one, two = _pairs(hierarchy, sources, targets)
    pointer = np.zeros(len(one) + 1, dtype=np.int64)
    arcs = unpacking.unpack_ways(
        hierarchy.rank[one], hierarchy.rank[two], hierarchy.parent, hierarchy.depth,
        hierarchy.pointer, hierarchy.head, hierarchy.tail, hierarchy.down_pointer,
        hierarchy.down_arc, hierarchy.down_tail, hierarchy.input_pointer, hierarchy.input_arc,
        hierarchy.upward, metric.weights, metric.up, metric.down, pointer,
    )  # fmt: skip
    return pointer, arcs


def path_sums(
    hierarchy: Hierarchy,
    metric: HierarchyMetric,
    sources: npt.ArrayLike,
    targets: npt.ArrayLike,
    values: Sequence[npt.ArrayLike],
) -> Longs:
    """Sum other values of the input arcs along the ways of `paths`.

    Parameters
    ----------
    hierarchy, metric, sources, targets
        See `paths`.
    values
        Lists of whole numbers, each with one per input arc.

    Returns
    -------
    numpy.ndarray
        int64, shape (values, pairs); 0: no way, or both nodes are one.

    Raises
    ------
    InputError
        If a node does not exist, not every source has a target, or not every arc a value.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0, 1, 1], [1, 2, 2], 3)
    >>> metric = customize(hierarchy, [3, 9, 4])
    >>> path_sums(hierarchy, metric, [0, 2], [2, 0], [[3, 9, 4], [1, 1, 1]]).tolist()
    [[7, 0], [2, 0]]
    """
    one, two = _pairs(hierarchy, sources, targets)
    given = [_whole(each, "values") for each in values]
    if any(len(each) != len(hierarchy.arc_of) for each in given):
        msg = f"values: expected one for each of {len(hierarchy.arc_of)} arcs"
        raise InputError(msg)
    sums = np.zeros((len(given), len(one)), dtype=np.int64)
    if not sums.size:
        return sums
    table = np.column_stack(given)
    leaving, row = _numbered(one, "sources")
    reached, column = _numbered(two, "targets")
    # in blocks of targets, whose ancestors are held at the same time
    order = np.lexsort((row, column // SUM_TARGETS))
    block_of = column[order] // SUM_TARGETS
    for block in range(int(block_of[-1]) + 1):
        first = block * SUM_TARGETS
        pairs = order[slice(*np.searchsorted(block_of, [block, block + 1]))]
        found = np.empty((len(pairs), len(given)), dtype=np.int64)
        unpacking.sum_ways(
            hierarchy.rank[leaving], hierarchy.rank[reached[first : first + SUM_TARGETS]],
            np.searchsorted(row[pairs], np.arange(len(leaving) + 1)), column[pairs] - first,
            hierarchy.parent, hierarchy.depth, hierarchy.pointer, hierarchy.head, hierarchy.tail,
            hierarchy.down_pointer, hierarchy.down_arc, hierarchy.down_tail,
            hierarchy.input_pointer, hierarchy.input_arc, hierarchy.upward, metric.weights,
            metric.up, metric.down, table, np.zeros(2 * hierarchy.arcs, dtype=np.int32), found,
        )  # fmt: skip
        sums[:, pairs] = found.T
    return sums


def _pairs(
    hierarchy: Hierarchy, sources: npt.ArrayLike, targets: npt.ArrayLike
) -> tuple[Ints, Ints]:
    """Return nodes side by side.

    Raises
    ------
    InputError
        If one does not exist, or not every source has a target.
    """
    one = _checked(hierarchy, ends_at(sources), "sources").node
    two = _checked(hierarchy, ends_at(targets), "targets").node
    if len(one) != len(two):
        msg = f"targets: {len(two)} for {len(one)} sources"
        raise InputError(msg)
    return one, two


def _numbered(nodes: Ints, name: str) -> tuple[Ints, Ints]:
    """Return the nodes that occur, ascending, and the position of each given one among them."""
    found, position = np.unique(_whole(nodes, name), return_inverse=True)
    return found, position.astype(np.int32)


def assign_flows(
    hierarchy: Hierarchy,
    metric: HierarchyMetric,
    sources: Ends,
    targets: Ends,
    flow: npt.ArrayLike,
) -> tuple[Floats, Accesses]:
    """Send all people of each pair along its best way.

    Parameters
    ----------
    hierarchy, metric, sources, targets
        See `distances`.
    flow
        People of each pair, >= 0, shape (sources, targets).

    Returns
    -------
    tuple
        People on each input arc, float64, and the ways taken. Pairs without a way
        (``units == INF``) put nobody on arcs. The load is the sum over the ways of `paths`.

    Raises
    ------
    InputError
        If `flow` has another shape, is negative or not finite, or a node does not exist.
    CostOverflowError
        If a way costs 2**29 units or more.

    Examples
    --------
    >>> hierarchy = build_hierarchy([0, 1, 1], [1, 2, 2], 3)
    >>> metric = customize(hierarchy, [3, 9, 4])
    >>> assign_flows(hierarchy, metric, ends_at([0, 1]), ends_at([2]), [[5], [2]])[0].tolist()
    [5.0, 0.0, 7.0]
    """
    people = np.array(flow, dtype=np.float64, order="C")
    if people.shape != (len(sources), len(targets)):
        msg = f"flow: expected shape {(len(sources), len(targets))}, found {people.shape}"
        raise InputError(msg)
    if people.size and not bool(np.all(np.isfinite(people) & (people >= 0))):
        msg = "flow: expected finite numbers of people >= 0"
        raise InputError(msg)
    sources = _checked(hierarchy, sources, "sources")
    targets = _checked(hierarchy, targets, "targets")
    leaving, row_of = _numbered(sources.node, "sources")
    reached, column_of = _numbered(targets.node, "targets")
    # where no access is to be chosen, costs come out as people climb
    alone = _one_access_each(sources) and _one_access_each(targets)
    if alone:
        shape = people.shape
        start = np.repeat(np.arange(shape[0], dtype=np.int32), shape[1]).reshape(shape)
        stop = np.tile(np.arange(shape[1], dtype=np.int32), shape[0]).reshape(shape)
    else:
        ways = best_accesses(hierarchy, metric, sources, targets)
        start, stop = ways.start, ways.stop
    between = np.full((len(leaving), len(reached)), INF, dtype=np.int32)
    over = int(metric.over[0]) > 0
    loads = np.zeros(len(hierarchy.arc_of))
    # zeros cost nothing before they are used, and few arcs are
    flow_up, flow_down = np.zeros(hierarchy.arcs), np.zeros(hierarchy.arcs)
    with _working_memory(hierarchy) as work:
        # blocks of targets bound the memory: a row per target and level of the tree
        for begin in range(0, len(reached), FLOW_TARGETS):
            block = reached[begin : begin + FLOW_TARGETS]
            grouped = unpacking.group_flows(
                people, start, stop, row_of, column_of, len(leaving), begin, begin + len(block),
                -1.0 if alone else 0.0,
            )  # fmt: skip
            over |= unpacking.climb_flows(
                hierarchy.rank[leaving], hierarchy.rank[block], *grouped, hierarchy.parent,
                hierarchy.depth, hierarchy.pointer, hierarchy.head, hierarchy.tail, metric.up,
                metric.down, flow_up, flow_down, work["pending"], begin, between,
            )  # fmt: skip
        if alone:
            ways = _choose(between, sources, targets, row_of, column_of)
            _refuse_overflow(hierarchy, metric, ways.units, sources, targets, None, over=over)
        unpacking.push_flows(
            hierarchy.pointer, hierarchy.head, hierarchy.tail, hierarchy.down_pointer,
            hierarchy.down_arc, hierarchy.down_tail, hierarchy.input_pointer,
            hierarchy.input_arc, hierarchy.upward, hierarchy.steps_before, metric.weights,
            metric.up, metric.down, flow_up, flow_down, work["pending"],
            work["pending"].view(np.uint64), loads,
        )  # fmt: skip
    return loads, ways


def _one_access_each(ends: Ends) -> bool:
    """Say whether every place has exactly one access."""
    return len(ends) == len(ends.node) and bool((np.diff(ends.pointer) == 1).all())


def compile_kernels() -> float:
    """Compile all loops of the engine that are not kept on disk yet.

    Returns
    -------
    float
        Seconds it took: about 15 at the first time on a machine, below 1 from then on.

    Examples
    --------
    >>> compile_kernels() < 120
    True
    """
    begun = time.perf_counter()
    hierarchy = build_hierarchy([0, 1, 2, 0], [1, 2, 0, 2], 3)
    metric = customize(hierarchy, [1, 2, 3, 4])
    one, two = ends_at([0]), ends_at([2])
    base = nearest(hierarchy, metric, [0], [0], [0])
    undo = recustomize(hierarchy, metric, [], [])  # no change, so that nothing is done in full
    nearest_changes(hierarchy, metric, base, undo)
    restore(metric, undo)
    one_to_all(hierarchy, metric, one)
    paths(hierarchy, metric, [0], [2])
    path_sums(hierarchy, metric, [0], [2], [metric.weights])
    assign_flows(hierarchy, metric, one, two, [[1.0]])
    return time.perf_counter() - begun

"""Networks, trips and flows in the text form of the Transportation Networks collection (TNTP)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import InputError, labels
from mobility_geo.sources.reading import Finding, findings_table

NUMBERS: Final = (
    "from", "to", "capacity", "length", "free_flow_time", "b", "power", "speed", "toll", "type",
)  # fmt: skip
"""Columns of a network file, in their order; those after `power` may be missing."""

LEAST_COLUMNS: Final = 7
HEADINGS: Final = {
    "init node": "from", "tail node": "from", "tail": "from", "from": "from",
    "term node": "to", "head node": "to", "head": "to", "to": "to",
    "capacity": "capacity", "total capacity": "capacity", "length": "length",
    "free flow time": "free_flow_time", "fftt": "free_flow_time", "b": "b", "alpha": "b",
    "power": "power", "beta": "power", "speed": "speed", "speed limit": "speed",
    "ff speed": "speed", "toll": "toll", "type": "type", "link type": "type",
}  # fmt: skip
"""Words over the columns of the files of the collection; units in brackets are left out."""

_TAG = re.compile(r"<([^>]*)>(.*)")
_UNIT = re.compile(r"\([^)]*\)")
_ORIGIN = re.compile(r"origin\s*:?\s*(\S+)", re.IGNORECASE)
_MOST_SHOWN = 5
_TOTAL_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TntpNetwork:
    """A network file: links in the order of the file, in its own units.

    Attributes
    ----------
    file
        Its name.
    zones, nodes, first_through_node
        As the file says. Nodes before `first_through_node` only start and end trips.
    node_ids
        Numbers of all nodes, int64, from the smallest on: those at which links end, and those of
        zones.
    any_zone
        Whether nodes are not numbered from 1 on, so that every node may be a zone. Else zones
        are the nodes from 1 on.
    links
        Columns ``from``, ``to`` (int64) and ``capacity``, ``length``, ``free_flow_time``, ``b``,
        ``power``, ``speed``, ``toll``, ``type`` (float64); 0 where the file has no such column.
    toll_factor, distance_factor
        Cost of a unit of toll and of length, in units of time, as the file says; else 0.
    findings
        What looks doubtful.
    """

    file: str
    zones: int
    nodes: int
    first_through_node: int
    node_ids: npt.NDArray[np.int64]
    any_zone: bool
    links: pd.DataFrame
    toll_factor: float = 0.0
    distance_factor: float = 0.0
    findings: gpd.GeoDataFrame = field(default_factory=lambda: findings_table([]))


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TntpTrips:
    """A trips file: how many want to go from zone to zone.

    Attributes
    ----------
    file
        Its name.
    zones
        As the file says.
    table
        Columns ``origin``, ``destination`` (int64) and ``trips`` (float64), in the order of the
        file, each pair once; pairs within a zone, and pairs without trips, included.
    findings
        What looks doubtful: totals that do not agree, pairs named twice.
    """

    file: str
    zones: int
    table: pd.DataFrame
    findings: gpd.GeoDataFrame = field(default_factory=lambda: findings_table([]))


def read_tntp_network(path: str | Path) -> TntpNetwork:
    r"""Read a network file (``*_net.tntp``).

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    TntpNetwork
        Links in the order of the file, parallel ones included.

    Raises
    ------
    InputError
        If the file cannot be read, or lists every line that is wrong.

    References
    ----------
    Transportation Networks for Research Core Team. Transportation Networks for Research.
    https://github.com/bstabler/TransportationNetworks

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "one_net.tntp")
    ...     _ = file.write_text("<NUMBER OF NODES> 2\n<END OF METADATA>\n1 2 9 1 5 0.15 4 ;")
    ...     read_tntp_network(file).links[["from", "to", "b"]].to_numpy().tolist()
    [[1.0, 2.0, 0.15]]
    """
    path = Path(path)
    facts, lines = _read_lines(path)
    problems: list[str] = []
    heading = [line for _, line in lines if line.startswith("~")]
    rows, columns = [], _columns(heading)
    needed = max(columns.index(name) for name in NUMBERS[:LEAST_COLUMNS]) + 1
    for number, line in lines:
        words = line.split("~", 1)[0].replace(";", " ").replace(",", " ").split()
        if not words:
            continue
        try:
            values = [float(word) for word in words]
        except ValueError:
            problems.append(f"line {number}: {line[:60]!r} is not a row of numbers")
            continue
        if not needed <= len(values) <= len(columns):
            problems.append(
                f"line {number}: {len(values)} numbers; expected {needed} to {len(columns)} "
                f"({', '.join(columns)})"
            )
            continue
        rows.append(dict(zip(columns, values, strict=False)) | {"line": float(number)})
    frame = pd.DataFrame(rows, columns=[*NUMBERS, "line"], dtype=np.float64)
    frame = frame.fillna(dict.fromkeys(NUMBERS[LEAST_COLUMNS:], 0.0))
    problems += _link_problems(frame)
    if not rows and not problems:
        problems.append("no links: is it a network file (*_net.tntp)?")
    if problems:
        raise InputError(_named(path, problems))
    most = int(frame[["from", "to"]].to_numpy().max())
    nodes = _whole(facts, "number of nodes", most, path)
    zones = _whole(facts, "number of zones", nodes, path)
    first = _whole(facts, "first thru node", 1, path)
    findings = []
    ends = np.unique(frame[["from", "to"]].to_numpy(dtype=np.int64))
    any_zone = len(ends) <= nodes < most
    if most > nodes and not any_zone:
        findings.append(
            Finding(
                check="number of nodes", severity="warning", table="links", id=f"node {most}",
                finding=f"the file says {nodes} nodes; links lead to node {most}, which was read",
                value=most,
            )
        )  # fmt: skip
        nodes = max(nodes, len(ends))
    stated = _whole(facts, "number of links", len(frame), path)
    if stated != len(frame):
        findings.append(
            Finding(
                check="number of links", severity="warning", table="links", id="all rows",
                finding=f"the file says {stated} links and has {len(frame)}; all were read",
                value=len(frame),
            )
        )  # fmt: skip
    findings += _capacity_findings(frame)
    links = frame[list(NUMBERS)].astype({"from": np.int64, "to": np.int64})
    return TntpNetwork(
        file=path.name, zones=zones, nodes=nodes, first_through_node=first, links=links,
        node_ids=ends if any_zone else np.union1d(ends, np.arange(1, zones + 1)),
        any_zone=any_zone,
        toll_factor=_real(facts, "toll factor", path),
        distance_factor=_real(facts, "distance factor", path),
        findings=findings_table(findings),
    )  # fmt: skip


def read_tntp_trips(path: str | Path) -> TntpTrips:
    r"""Read a trips file (``*_trips.tntp``).

    Parameters
    ----------
    path
        The file. ``Origin 1`` starts the trips of a zone; pairs ``2 : 100.0;`` follow, in as
        many lines as it pleases.

    Returns
    -------
    TntpTrips
        A pair that is named twice has the sum, and a finding.

    Raises
    ------
    InputError
        If the file cannot be read, or lists every line that is wrong.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "one_trips.tntp")
    ...     _ = file.write_text("<NUMBER OF ZONES> 2\n<END OF METADATA>\nOrigin 1\n 2 : 6.0;")
    ...     read_tntp_trips(file).table.to_numpy().tolist()
    [[1.0, 2.0, 6.0]]
    """
    path = Path(path)
    facts, lines = _read_lines(path)
    pairs, problems = _read_pairs(lines)
    table = pd.DataFrame(pairs, columns=["origin", "destination", "trips"]).astype(
        {"origin": np.int64, "destination": np.int64, "trips": np.float64}
    )
    if not len(table) and not problems:
        problems.append("no trips: is it a trips file (*_trips.tntp)?")
    zones = _whole(facts, "number of zones", int(table[["origin", "destination"]].max().max())
                   if len(table) else 0, path)  # fmt: skip
    for column in ("origin", "destination"):
        wrong = table.loc[table[column] < 1, column].unique().tolist()
        if wrong:
            problems.append(f"{column} must be a zone, 1 or more, not {labels(wrong)}")
    if problems:
        raise InputError(_named(path, problems))
    return TntpTrips(
        file=path.name, zones=zones, findings=findings_table(_trip_findings(table, facts, path)),
        table=table.groupby(["origin", "destination"], sort=False)["trips"].sum().reset_index(),
    )  # fmt: skip


def _read_pairs(
    lines: Iterable[tuple[int, str]],
) -> tuple[list[tuple[int, int, float]], list[str]]:
    """Return origin, destination and trips of every pair, and what is wrong in which line."""
    pairs: list[tuple[int, int, float]] = []
    problems: list[str] = []
    origin: int | None = None
    for number, line in lines:
        text = line.split("~", 1)[0].strip()
        heading = _ORIGIN.match(text)
        if heading:
            name = heading[1].rstrip(";")
            origin = int(name) if name.isdigit() else None
            if origin is None:
                problems.append(f"line {number}: origin {name!r} is not the number of a zone")
            text = text[heading.end() :]
        for item in text.split(";"):
            if not item.strip():
                continue
            end, _, value = item.partition(":")
            try:
                pair = int(end), float(value)
            except ValueError:
                problems.append(f"line {number}: {item.strip()[:60]!r} is not 'zone : trips'")
                continue
            if origin is None:
                problems.append(f"line {number}: trips before any 'Origin' line")
                break
            if not (np.isfinite(pair[1]) and pair[1] >= 0):
                problems.append(f"line {number}: {pair[1]:g} trips to {pair[0]}; must be >= 0")
            pairs.append((origin, *pair))
    return pairs, problems


def read_tntp_flows(path: str | Path) -> pd.DataFrame:
    """Read a file of link flows (``*_flow.tntp``).

    Parameters
    ----------
    path
        The file: ``From To Volume Cost`` in each line, with or without a heading.

    Returns
    -------
    pandas.DataFrame
        Columns ``from``, ``to`` (int64), ``flow``, ``cost`` (float64), in the order of the file.

    Raises
    ------
    InputError
        If the file cannot be read, or lists every line that is wrong.
    """
    path = Path(path)
    _, lines = _read_lines(path)
    rows, problems = [], []
    columns = ("from", "to", "flow", "cost")
    for number, line in lines:
        words = line.split("~", 1)[0].replace(";", " ").replace(":", " ").split()
        if not words or words[0].casefold() in {"from", "init_node", "tail"}:
            continue
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = []
        if not len(columns) - 1 <= len(values) <= len(columns):
            problems.append(f"line {number}: {line[:60]!r} is not 'from to flow cost'")
        else:
            rows.append([*values, np.nan][: len(columns)])
    if not rows and not problems:
        problems.append("no flows: is it a flow file (*_flow.tntp)?")
    if problems:
        raise InputError(_named(path, problems))
    frame = pd.DataFrame(rows, columns=list(columns), dtype=np.float64)
    return frame.astype({"from": np.int64, "to": np.int64})


def _read_lines(path: Path) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """Return the metadata, by tag in small letters, and the other lines with their numbers.

    Raises
    ------
    InputError
        If there is no such file, or it is not text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise InputError(msg) from error
    facts: dict[str, str] = {}
    lines = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        tag = _TAG.match(line)
        if tag:
            facts[" ".join(tag[1].split()).casefold()] = tag[2].split("~", 1)[0].strip(" \t;:")
        elif line:
            lines.append((number, line))
    return facts, lines


def _columns(headings: list[str]) -> list[str]:
    """Return the columns of a network file: by its heading where that can be read."""
    for heading in headings:
        text = _UNIT.sub("", heading.replace(";", " ").strip("~ ")).casefold()
        # names of two words stand between tabs, or have an underscore
        for cells in (text.split("\t"), text.split()):
            names = [" ".join(cell.replace("_", " ").split()) for cell in cells]
            columns = [
                HEADINGS.get(name, f"other {at}") for at, name in enumerate(filter(None, names))
            ]
            if set(NUMBERS[:LEAST_COLUMNS]) <= set(columns):
                # some headings leave out the last columns
                missing = [name for name in NUMBERS if name not in columns]
                return columns + missing[: max(0, len(NUMBERS) - len(columns))]
    return list(NUMBERS)


def _names(frame: pd.DataFrame) -> list[str]:
    return [f"{int(one)}-{int(two)}" for one, two in zip(frame["from"], frame["to"], strict=True)]


def _capacity_findings(frame: pd.DataFrame) -> list[Finding]:
    """Say which links have no capacity, and what that does."""
    findings = []
    never = (frame["capacity"] <= 0) & (frame["b"] * frame["power"] * frame["free_flow_time"] > 0)
    if bool(never.any()):
        findings.append(
            Finding(
                check="no capacity", severity="warning", table="links",
                id=f"{int(never.sum())} links, e.g. {labels(_names(frame[never]))}",
                finding="cost grows over a capacity of 0: nobody can use them",
                value=int(never.sum()),
            )
        )  # fmt: skip
    free = (frame["capacity"] <= 0) & (frame["b"] * frame["power"] > 0) & ~never
    if bool(free.any()):
        findings.append(
            Finding(
                check="no capacity and no time", severity="warning", table="links",
                id=f"{int(free.sum())} links, e.g. {labels(_names(frame[free]))}",
                finding="capacity and free flow time are 0: the time stays 0 at any flow; are they "
                "closed? Then take them out",
                value=int(free.sum()),
            )
        )  # fmt: skip
    return findings


def _link_problems(frame: pd.DataFrame) -> list[str]:
    problems = []
    for name in NUMBERS[:LEAST_COLUMNS]:
        values = frame[name].to_numpy()
        if name in {"from", "to"}:
            wrong, words = ~((values >= 1) & (values == np.rint(values))), "a node, 1 or more"
        else:
            wrong, words = ~(np.isfinite(values) & (values >= 0)), "a number >= 0"
        if bool(wrong.any()):
            lines = frame.loc[wrong, "line"].astype(int).tolist()
            problems.append(
                f"{name!r} must be {words}; wrong in {len(lines)} links, e.g. lines {labels(lines)}"
            )
    return problems


def _trip_findings(table: pd.DataFrame, facts: dict[str, str], path: Path) -> list[Finding]:
    findings = []
    twice = table.duplicated(["origin", "destination"])
    if bool(twice.any()):
        pairs = table.loc[twice, ["origin", "destination"]].itertuples(index=False)
        findings.append(
            Finding(
                check="pair twice", severity="warning", table="trips",
                id=f"{int(twice.sum())} pairs, e.g. {labels([f'{a}-{b}' for a, b in pairs])}",
                finding="named more than once; their trips were added up", value=int(twice.sum()),
            )
        )  # fmt: skip
    stated = _whole(facts, "number of zones", 0, path)
    beyond = table[["origin", "destination"]].max(axis=1) > stated
    if stated and bool(beyond.any()):
        findings.append(
            Finding(
                check="number of zones", severity="warning", table="trips",
                id=f"{int(beyond.sum())} pairs",
                finding=f"the file says {stated} zones; pairs of zones beyond were read",
                value=int(beyond.sum()),
            )
        )  # fmt: skip
    total, found = _real(facts, "total od flow", path), float(table["trips"].sum())
    if total and abs(found - total) > _TOTAL_TOLERANCE * total:
        findings.append(
            Finding(
                check="total of trips", severity="warning", table="trips", id="all rows",
                finding=f"the file says {total:g} trips and has {found:g}; all were read",
                value=found,
            )
        )  # fmt: skip
    return findings


def _real(facts: dict[str, str], tag: str, path: Path) -> float:
    """Return a number of the metadata, 0 if it is not there.

    Raises
    ------
    InputError
        If it is not a number >= 0.
    """
    words = facts.get(tag, "").split()
    if not words:
        return 0.0
    try:
        value = float(words[0])
    except ValueError:
        value = -1.0
    if not value >= 0:
        msg = f"{path.name}: <{tag.upper()}> must be a number >= 0, not {words[0]!r}"
        raise InputError(msg)
    return value


def _whole(facts: dict[str, str], tag: str, otherwise: int, path: Path) -> int:
    """Return a whole number of the metadata.

    Raises
    ------
    InputError
        If it is not a whole number.
    """
    if not facts.get(tag):
        return otherwise
    value = _real(facts, tag, path)
    if value != int(value):
        msg = f"{path.name}: <{tag.upper()}> must be a whole number, not {facts[tag]!r}"
        raise InputError(msg)
    return int(value)


def _named(path: Path, problems: list[str]) -> list[str]:
    more = len(problems) - _MOST_SHOWN
    shown = [f"{path.name}: {problem}" for problem in problems[:_MOST_SHOWN]]
    return [*shown, *([f"{path.name}: and {more:,} more"] if more > 0 else [])]

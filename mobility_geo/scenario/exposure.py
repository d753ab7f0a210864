"""Events, areas and incidents into disruptions: exposure to insecurity along edges."""

import datetime as dt
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.spatial import KDTree

from mobility_geo.errors import (
    CalendarError,
    InputError,
    ScenarioError,
    UnknownIdError,
    labels,
)
from mobility_geo.network import Network
from mobility_geo.network.accesses import lines_to_measure
from mobility_geo.scenario.disruptions import (
    Disruption,
    Effect,
    Exposure,
    Selection,
    Stretches,
)
from mobility_geo.scenario.roads import RoadFinder, problem_finding
from mobility_geo.scenario.rows import area_rows, disruptions_of_areas, text_of
from mobility_geo.schema import EVENTS, INCIDENTS, check_table, records, suggest
from mobility_geo.sources.reading import Finding, findings_table
from mobility_geo.units import KM_M

LOG = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

BANDWIDTHS: Final = 3.0
"""The kernel ends at so many bandwidths, unless asked otherwise."""

BLUR_KM: Final[Mapping[int, float | None]] = MappingProxyType({1: 0.0, 2: 15.0, 3: 50.0})
"""How far an event may lie from its point, by precision: standard deviation per axis, km.

assumption: 2 is near a named place, 3 stands for a region; say your own with ``blur_km``.
"""

LEAST_EXPOSURE: Final = 1e-9
"""Less than this is nothing: risk is counted in steps of 1e-6."""

EDGES_AT_ONCE: Final = 20_000
PAIRS_AT_ONCE: Final = 3_000_000
VALUES_AT_ONCE: Final = 10_000_000
"""So many edges, pairs of a piece and a place, and values are in memory at a time."""

MINE_WORDS: Final = re.compile(
    r"\b(land ?-?mines?|mines?|ied|ieds|uxo|improvised explosive|unexploded|engins? explosifs?"
    r"|eei)\b",
    flags=re.IGNORECASE,
)
"""Types of events that leave explosives in the ground."""

CLEARANCE_COLUMNS: Final = ("event_id", "cleared_on")

Progress = Callable[[str, float], None]
Unresolved = Literal["error", "finding"]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Spots:
    """Places where something happened: position in metres, kernel and where it ends.

    `peak` is the value of the kernel at distance 0: below 1 where it was widened, so that its
    total over the plane stays the same.
    """

    xy: FloatArray
    bandwidth_m: FloatArray
    cutoff_m: FloatArray
    peak: FloatArray


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Ages:
    """How age weighs on events: those that count on the same days are of one kind.

    Shape (events,): `kind`, -1 for an event that never counts, and `first`, what is left of it
    on the first day that it counts. `factor`: what is left of that on each day, shape (kinds,
    days); 0 on days on which it does not count.
    """

    kind: IntArray
    first: FloatArray
    factor: FloatArray


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Pieces:
    """Pieces of edges: row of the edge, shares of its line, and the line of the piece."""

    edge: IntArray
    start: FloatArray
    end: FloatArray
    line: npt.NDArray[np.object_]


def event_exposure(  # noqa: PLR0913
    network: Network,
    events: gpd.GeoDataFrame,
    when: dt.date,
    *,
    bandwidth_km: float = 10.0,
    cutoff_km: float | None = None,
    half_life_days: float = 30.0,
    max_age_days: float | None = None,
    decay: bool = True,
    weights: Mapping[str, float] | None = None,
    weight_per_fatality: float = 0.0,
    blur_km: Mapping[int, float | None] = BLUR_KM,
    piece_m: float = 1000.0,
    progress: Progress | None = None,
) -> Stretches:
    """Return the exposure to insecurity along the edges of a network on a day.

    Each event up to that day adds ``w exp(-d^2 / (2 h^2)) 0.5^(a / half-life)`` to each piece of
    edge, with its weight w, the distance d of the piece from its point, the bandwidth h and its
    age a. The value of a piece takes the nearest point of the piece for each event.

    Parameters
    ----------
    network
        The network.
    events
        Schema `mobility_geo.schema.EVENTS`, as from `mobility_geo.sources.events.read_events`.
    when
        Day; later events never count.
    bandwidth_km
        h, km, above 0.
    cutoff_km
        Farther events do not count, km, above 0; three bandwidths if left out.
    half_life_days
        After so many days an event counts half, days, above 0.
    max_age_days
        Older events do not count, days, >= 0; None: all count.
    decay
        False: age does not matter.
    weights
        Weight by ``sub_event_type`` or else ``event_type``, >= 0; other types weigh 1.
    weight_per_fatality
        Added to the weight for each person killed, >= 0.
    blur_km
        By ``geo_precision`` how far the event may lie from its point: standard deviation on each
        axis, km, >= 0; None: such events are left out. The kernel becomes the sum of both
        spreads, H^2 = h^2 + b^2, and falls by h^2 / H^2, so that its total over the plane is that
        of an event whose place is known; its end moves out to ``cutoff_km`` H / h.
    piece_m
        Edges are cut into equal pieces of at most this length, m, above 0.
    progress
        Called with what is done, in words, and the share that is done, 0 to 1.

    Returns
    -------
    Stretches
        Quantity ``exposure``; pieces of less than 1e-9 are not in it.

    Raises
    ------
    ScenarioError
        If a parameter is out of its range, or a weight is for a type that no event has.
    SchemaError
        If events break their schema.

    References
    ----------
    Silverman, B. W. (1986). Density Estimation for Statistics and Data Analysis. Chapman and
    Hall, chapter 4: the normal kernel; spreads of independent errors add as variances.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> import pandas as pd
    >>> network = load_toy().network
    >>> spot = network.nodes.to_crs(4326).geometry.iloc[[0]]
    >>> rows = {"event_id": "1", "event_date": pd.Timestamp("2013-01-01"), "geo_precision": 1}
    >>> events = gpd.GeoDataFrame([rows | {"source": "x"}], geometry=spot.array, crs=4326)
    >>> float(event_exposure(network, events, dt.date(2013, 1, 31)).value.max().round(6))
    0.5
    """
    kernel = _checked_kernel(bandwidth_km, cutoff_km, blur_km)
    _check_range(half_life_days=half_life_days, piece_m=piece_m)
    known = _events(events)
    weight = _weights(known, weights, weight_per_fatality)
    spots, which = _spots(network, known, kernel)
    ages = _ages(known, [when], half_life_days if decay else None, max_age_days)
    edge, start, end, value = _exposure(network, spots, which, weight, ages, piece_m, progress)
    return _stretches(_ids(network), edge, start, end, value[:, 0])


def insecurity_from_events(  # noqa: PLR0913
    network: Network,
    events: gpd.GeoDataFrame,
    *,
    start: dt.date,
    end: dt.date,
    step_days: int = 10,
    effect: Exposure | None = None,
    bandwidth_km: float = 10.0,
    cutoff_km: float | None = None,
    half_life_days: float = 30.0,
    max_age_days: float | None = None,
    weights: Mapping[str, float] | None = None,
    weight_per_fatality: float = 0.0,
    blur_km: Mapping[int, float | None] = BLUR_KM,
    piece_m: float = 1000.0,
    mine_bandwidth_km: float = 1.0,
    clearances: pd.DataFrame | None = None,
    disruption_id: str = "events",
    source: str = "",
    progress: Progress | None = None,
) -> tuple[Disruption, ...]:
    """Return dated events as disruptions: one per step of days, and one per mine.

    Parameters
    ----------
    network, events, bandwidth_km, cutoff_km, half_life_days, max_age_days, weights, \
weight_per_fatality, blur_km, piece_m, progress
        See `event_exposure`.
    start, end
        First and last day of the span, both included.
    step_days
        Exposure is that of the first day of each step and holds for so many days, >= 1: an event
        counts from the step after it on, so nothing is known before it happens.
    effect
        What exposure does; risk alone if left out. For mines as well.
    mine_bandwidth_km, clearances
        See `mines_from_events`; mines and other explosives in the ground do not fade.
    disruption_id
        Beginning of the ids.
    source
        Where the events come from.

    Returns
    -------
    tuple of Disruption
        Of kind ``insecurity`` and group ``insecurity``, then of kind ``mine``. A step without
        exposure has no disruption.

    Raises
    ------
    ScenarioError
        If a parameter is out of its range, or a weight is for a type that no event has.
    CalendarError
        If the span ends before it starts.
    SchemaError
        If events break their schema.
    UnknownIdError
        If a clearance is for an event that is not there.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> spot = network.nodes.to_crs(4326).geometry.iloc[[0]]
    >>> rows = {"event_id": "1", "event_date": pd.Timestamp("2013-01-01"), "geo_precision": 1}
    >>> events = gpd.GeoDataFrame([rows | {"source": "x"}], geometry=spot.array, crs=4326)
    >>> span = {"start": dt.date(2013, 1, 1), "end": dt.date(2013, 1, 15)}
    >>> [one.disruption_id for one in insecurity_from_events(network, events, **span)]
    ['events/2013-01-01', 'events/2013-01-11']
    """
    if end < start:
        msg = f"the span ends on {end}, before it starts on {start}"
        raise CalendarError(msg)
    if step_days < 1:
        msg = f"step_days must be at least 1 day, not {step_days}"
        raise ScenarioError(msg)
    kernel = _checked_kernel(bandwidth_km, cutoff_km, blur_km)
    _check_range(half_life_days=half_life_days, piece_m=piece_m)
    effects = (effect or Exposure(),)
    known = _events(events)
    mines = is_mine(known)
    other = known[~mines]
    weight = _weights(known, weights, weight_per_fatality)[~mines]
    spots, which = _spots(network, other, kernel)
    firsts = [start + dt.timedelta(days=n) for n in range(0, (end - start).days + 1, step_days)]
    ages = _ages(other, firsts, half_life_days, max_age_days)
    edge, begin, stop, value = _exposure(network, spots, which, weight, ages, piece_m, progress)
    alike = np.bincount(ages.kind[(ages.kind >= 0) & (which >= 0)], minlength=len(ages.factor))
    counted = alike @ (ages.factor > 0)
    made = []
    ids = _ids(network)
    for column, first in enumerate(firsts):
        hit = value[:, column] >= LEAST_EXPOSURE
        if not hit.any():
            continue
        what = _stretches(ids, edge[hit], begin[hit], stop[hit], value[hit, column])
        made.append(
            Disruption(
                disruption_id=f"{disruption_id}/{first}", kind="insecurity",
                what=Selection(stretches=what), effects=effects, start=first,
                end=min(first + dt.timedelta(days=step_days - 1), end), group="insecurity",
                name=f"exposure to {counted[column]:,} events up to {first}", source=source,
            )
        )  # fmt: skip
    cleared = _clearances(known, clearances)
    made += _mines(
        network, known[mines], end, _checked_kernel(mine_bandwidth_km, None, blur_km), cleared,
        effects, piece_m, f"{disruption_id}/mine", source,
    )  # fmt: skip
    return tuple(made)


def mines_from_events(  # noqa: PLR0913
    network: Network,
    events: gpd.GeoDataFrame,
    *,
    end: dt.date | None = None,
    bandwidth_km: float = 1.0,
    blur_km: Mapping[int, float | None] = BLUR_KM,
    clearances: pd.DataFrame | None = None,
    effect: Exposure | None = None,
    piece_m: float = 1000.0,
    disruption_id: str = "mine",
    source: str = "",
) -> tuple[Disruption, ...]:
    """Return events of mines and other explosives as disruptions that do not fade.

    Parameters
    ----------
    network, events, blur_km, piece_m
        See `event_exposure`; events of other types are left alone.
    end
        Last day of interest: later events are left out.
    bandwidth_km
        Bandwidth of the kernel, km, above 0; assumption: 1 km.
    clearances
        Columns ``event_id`` and ``cleared_on``: from that day on the road is free of it; an event
        that is not in it lasts for ever.
    effect
        What exposure does; risk alone if left out.
    disruption_id
        Beginning of the ids.
    source
        Where the events come from.

    Returns
    -------
    tuple of Disruption
        Of kind ``mine``, one per event that has an edge within three bandwidths.

    Raises
    ------
    ScenarioError
        If a parameter is out of its range.
    SchemaError
        If events break their schema.
    UnknownIdError
        If a clearance is for an event that is not there.
    InputError
        If the table of clearances lacks a column or has a date that is none.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> network = load_toy().network
    >>> spot = network.nodes.to_crs(4326).geometry.iloc[[0]]
    >>> rows = {"event_id": "7", "event_date": pd.Timestamp("2013-01-01"), "geo_precision": 1,
    ...         "sub_event_type": "Remote explosive/landmine/IED", "source": "x"}  # fmt: skip
    >>> events = gpd.GeoDataFrame([rows], geometry=spot.array, crs=4326)
    >>> [(one.kind, one.start.year, one.end) for one in mines_from_events(network, events)]
    [('mine', 2013, None)]
    """
    _check_range(piece_m=piece_m)
    known = _events(events)
    return _mines(
        network, known[is_mine(known)], end, _checked_kernel(bandwidth_km, None, blur_km),
        _clearances(known, clearances), (effect or Exposure(),), piece_m, disruption_id, source,
    )  # fmt: skip


def is_mine(events: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Say which events are of mines, improvised explosives or unexploded ordnance.

    Parameters
    ----------
    events
        With ``event_type`` and ``sub_event_type``, or neither.

    Returns
    -------
    numpy.ndarray
        bool, one per event: by words in the finer type, or else in the type.

    Examples
    --------
    >>> is_mine(pd.DataFrame({"sub_event_type": ["Remote explosive/landmine/IED", "Attack"]}))
    array([ True, False])
    """
    mine = np.zeros(len(events), dtype=bool)
    for column in ("event_type", "sub_event_type"):
        if column in events.columns:
            codes, words = pd.factorize(events[column])
            hit = np.array([bool(MINE_WORDS.search(str(word))) for word in words] + [False])
            mine |= hit[codes]
    return mine


def events_used(
    events: gpd.GeoDataFrame,
    when: dt.date,
    *,
    max_age_days: float | None = None,
    blur_km: Mapping[int, float | None] = BLUR_KM,
) -> gpd.GeoDataFrame:
    """Return which events count on a day and which do not, and whose kernel is widened.

    Parameters
    ----------
    events, when, max_age_days, blur_km
        See `event_exposure`.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `mobility_geo.schema.FINDINGS`.

    Raises
    ------
    ScenarioError
        If a precision has no entry in `blur_km`, or a negative one.
    SchemaError
        If events break their schema.

    Examples
    --------
    >>> rows = {"event_id": "1", "event_date": pd.Timestamp("2013-01-01"), "geo_precision": 2}
    >>> spot = gpd.GeoSeries.from_xy([0], [15], crs=4326)
    >>> events = gpd.GeoDataFrame([rows | {"source": "x"}], geometry=spot, crs=4326)
    >>> events_used(events, dt.date(2013, 2, 1))["finding"].tolist()
    ['placed to precision 2 only: kernel widened by 15 km']
    """
    _checked_kernel(1.0, None, blur_km)
    known = _events(events)
    age = _age_days(known, when)
    precision = known["geo_precision"].to_numpy()
    sets = {f"after {when}: left out": age < 0}
    if max_age_days is not None:
        sets[f"more than {max_age_days:g} days before {when}: left out"] = age > max_age_days
    for level in np.unique(precision):
        blur = blur_km[int(level)]
        if blur != 0:
            happens = "left out" if blur is None else f"kernel widened by {blur:g} km"
            sets[f"placed to precision {level} only: {happens}"] = precision == level
    ids = known["event_id"].to_numpy(dtype=object)
    return findings_table(
        [
            Finding(check="events used", severity="note", table="events", value=int(hit.sum()),
                    unit="rows", id=f"{_count(int(hit.sum()))}, e.g. {labels(ids[hit][:4])}",
                    finding=words)
            for words, hit in sets.items() if hit.any()
        ]
    )  # fmt: skip


def insecurity_from_areas(
    areas: gpd.GeoDataFrame,
    levels: Mapping[int, Iterable[Effect]],
    *,
    disruption_id: str = "areas",
    edge_kinds: tuple[str, ...] = (),
    start: dt.date | None = None,
    end: dt.date | None = None,
    group: str = "insecurity",
    source: str = "",
) -> tuple[Disruption, ...]:
    """Return areas with a severity as disruptions, one per area.

    Parameters
    ----------
    areas
        Polygons with ``area_id`` and ``severity`` (1 to 4), and perhaps ``name``, ``start``,
        ``end``, ``source``, ``confidence``, as from
        `mobility_geo.sources.events.read_insecurity_areas`.
    levels
        What happens, by severity.
    disruption_id
        Beginning of the ids.
    edge_kinds
        Only edges of these kinds; all if none.
    start, end, source
        For areas that do not say their own.
    group
        Correlation group.

    Returns
    -------
    tuple of Disruption
        Of kind ``insecurity``.

    Raises
    ------
    ScenarioError
        If a severity has no level, or an area is not valid; lists all of them.
    InputError
        If an area has no id or severity, or a day that is none.
    CRSError
        If the layer has no coordinate reference system.

    Examples
    --------
    >>> from mobility_geo.scenario import Closure
    >>> box = gpd.GeoSeries([shapely.box(-4, 14, -3, 15)], crs=4326)
    >>> areas = gpd.GeoDataFrame({"area_id": ["a"], "severity": [3]}, geometry=box)
    >>> [one.disruption_id for one in insecurity_from_areas(areas, {3: [Closure()]})]
    ['areas/a']
    """
    chosen = {int(level): tuple(effects) for level, effects in levels.items()}
    ids: dict[int | None, list[str]] = {}
    for area_id, _, said in area_rows(areas):
        ids.setdefault(said.get("severity"), []).append(area_id)
    if None in ids:
        msg = f"areas: no severity of {labels(ids[None])}; say 1 (low) to 4 (high)"
        raise InputError(msg)
    missing = sorted(level for level in ids if level is not None and level not in chosen)
    if missing:
        raise ScenarioError(
            [
                f"areas: no level for severity {level} of {labels(ids[level])}; say what happens "
                "there"
                for level in missing
            ]
        )

    def make(area_id: str, shape: shapely.Geometry, said: dict[str, Any]) -> Disruption:
        own = {"name": area_id, "start": start, "end": end, "source": source} | said
        return Disruption(
            disruption_id=f"{disruption_id}/{area_id}", kind="insecurity",
            what=Selection(area=shape, edge_kinds=edge_kinds), group=group,
            effects=chosen[said["severity"]], **own,
        )  # fmt: skip

    return disruptions_of_areas(areas, make)


def insecurity_from_incidents(
    network: Network,
    incidents: pd.DataFrame,
    levels: Mapping[int, Iterable[Effect]],
    *,
    days: int = 30,
    unresolved: Unresolved = "error",
    disruption_id: str = "incident",
    group: str = "insecurity",
) -> tuple[tuple[Disruption, ...], gpd.GeoDataFrame]:
    """Return incidents on roads as disruptions of the stretches where they happened.

    Parameters
    ----------
    network
        The network; a stretch is found by the number of the road, by the places at its ends, or
        by both, see `mobility_geo.scenario.roads.RoadFinder`.
    incidents
        Schema `mobility_geo.schema.INCIDENTS`, as from
        `mobility_geo.sources.events.read_incidents`.
    levels
        What happens, by severity 1 to 4.
    days
        An incident holds from its day on for so many days, that one included, >= 1.
    unresolved
        ``error``: a road or place that the network does not know is an error; ``finding``: such
        incidents are left out, and a finding each says so.
    disruption_id
        Beginning of the ids.
    group
        Correlation group.

    Returns
    -------
    disruptions
        Of kind ``insecurity``, one per incident.
    findings
        Schema `mobility_geo.schema.FINDINGS`: what was left out, and stretches that are longer
        than said, because whole edges are hit.

    Raises
    ------
    ScenarioError
        If a severity has no level, `days` is below 1, or (with ``error``) roads or places are not
        known: lists them all, with the nearest known name.
    SchemaError
        If incidents break their schema.

    Examples
    --------
    >>> from mobility_geo.datasets import load_mali
    >>> from mobility_geo.scenario import SpeedFactor
    >>> row = {"incident_id": "1", "incident_date": "2013-01-20", "ref": "RN 16",
    ...        "from_place": "Gossi", "to_place": "Hombori", "severity": 2,
    ...        "source": "x"}  # fmt: skip
    >>> made, _ = insecurity_from_incidents(
    ...     load_mali().network, pd.DataFrame([row]), {2: [SpeedFactor(0.5)]}
    ... )
    >>> made[0].end, len(made[0].what.edge_ids) > 0
    (datetime.date(2013, 2, 18), True)
    """
    if days < 1:
        msg = f"days must be at least 1, not {days}"
        raise ScenarioError(msg)
    table = check_table(incidents, INCIDENTS)
    chosen = {int(level): tuple(effects) for level, effects in levels.items()}
    missing = sorted(set(table["severity"]) - set(chosen))
    if missing:
        raise ScenarioError(
            [
                f"incidents: no level for severity {level} of "
                f"{labels(table.loc[table['severity'] == level, 'incident_id'])}"
                for level in missing
            ]
        )
    finder = RoadFinder(network)
    made: list[Disruption] = []
    problems: list[str] = []
    findings: list[Finding] = []
    for row in records(table):
        name = f"incident {row['incident_id']!r}"
        stretch = finder.find(
            ref=text_of(row["ref"]), from_place=text_of(row["from_place"]),
            to_place=text_of(row["to_place"]),
        )  # fmt: skip
        if stretch.problem:
            problems.append(f"{name}: {stretch.problem}")
            findings.append(problem_finding("incidents", str(row["incident_id"]), stretch.problem))
            continue
        findings += [
            Finding(check="stretch", severity="note", table="incidents",
                    id=str(row["incident_id"]), finding=note, geometry=stretch.point)
            for note in stretch.notes
        ]  # fmt: skip
        first = row["incident_date"].date()
        made.append(
            Disruption(
                disruption_id=f"{disruption_id}/{row['incident_id']}", kind="insecurity",
                what=Selection(edge_ids=stretch.edge_ids, crossing_ids=stretch.crossing_ids),
                effects=chosen[int(row["severity"])], start=first,
                end=first + dt.timedelta(days=days - 1), group=group,
                severity=int(row["severity"]),
                name=text_of(row["incident_type"], name), source=str(row["source"]),
            )
        )  # fmt: skip
    if problems and unresolved == "error":
        raise ScenarioError(problems)
    return tuple(made), findings_table(findings)


# ---------------------------------------------------------------- how exposure is measured


def cut_edges(
    lines: npt.NDArray[np.object_], piece_m: float
) -> tuple[IntArray, FloatArray, FloatArray, npt.NDArray[np.object_]]:
    """Cut lines into equal pieces of at most a length.

    Parameters
    ----------
    lines
        LineStrings in metres, shape (n,).
    piece_m
        Most length of a piece, m, above 0.

    Returns
    -------
    row, start, end
        Line of each piece, and the piece as shares of it, shape (m,).
    piece
        LineStrings, shape (m,), in the order of the lines.

    Examples
    --------
    >>> line = shapely.LineString([(0, 0), (2, 0), (2, 1)])
    >>> cut_edges(np.array([line]), 1.5)[3].tolist()
    [<LINESTRING (0 0, 1.5 0)>, <LINESTRING (1.5 0, 2 0, 2 1)>]
    """
    length = shapely.length(lines)
    # 3000.0000001 m are three pieces of 1 km, not four
    count = np.maximum(np.ceil(length / piece_m - 1e-9), 1).astype(np.int64)
    base = np.concatenate([[0], np.cumsum(count)])
    row = np.repeat(np.arange(len(lines)), count)
    number = np.arange(base[-1]) - base[row]
    start, end = number / count[row], (number + 1) / count[row]
    begin = shapely.get_coordinates(shapely.line_interpolate_point(lines[row], start * length[row]))
    stop = shapely.get_coordinates(shapely.line_interpolate_point(lines[row], end * length[row]))
    corner, line = shapely.get_coordinates(lines, return_index=True)
    step = np.zeros(len(corner))
    step[1:] = np.where(line[1:] == line[:-1], np.hypot(*(corner[1:] - corner[:-1]).T), 0.0)
    walked = np.cumsum(step)
    at = walked - walked[np.searchsorted(line, np.arange(len(lines)))][line]
    inner = np.zeros(len(corner), dtype=bool)
    inner[1:-1] = (line[1:-1] == line[:-2]) & (line[1:-1] == line[2:])
    corner, line, at = corner[inner], line[inner], at[inner]
    share = at / np.where(length > 0, length, 1.0)[line]
    owner = base[line] + np.minimum((share * count[line]).astype(np.int64), count[line] - 1)
    piece = np.arange(base[-1])
    ids = np.concatenate([piece, owner, piece])
    rank = np.repeat([0, 1, 2], [len(piece), len(owner), len(piece)])
    order = np.lexsort((np.arange(len(ids)), rank, ids))
    points = np.concatenate([begin, corner, stop])[order]
    return row, start, end, np.asarray(shapely.linestrings(points, indices=ids[order]))


def _contributions(
    network: Network, spots: _Spots, piece_m: float, progress: Progress | None, columns: int = 1
) -> Iterator[tuple[_Pieces, IntArray, IntArray, FloatArray]]:
    """Yield pieces, and per pair of a piece and a spot within its end: both, and the kernel.

    So many columns of values per piece fit into memory with them.
    """
    lines = lines_to_measure(network).geometry.to_numpy()
    reach = float(spots.cutoff_m.max()) if len(spots.xy) else 0.0
    bounds = shapely.bounds(lines)
    near = np.zeros(len(lines), dtype=bool)
    if len(spots.xy):
        low, high = spots.xy.min(axis=0) - reach, spots.xy.max(axis=0) + reach
        near = ((bounds[:, :2] <= high) & (bounds[:, 2:] >= low)).all(axis=1)
    rows = np.flatnonzero(near)
    kinds = [np.flatnonzero(spots.cutoff_m == cut) for cut in np.unique(spots.cutoff_m)]
    trees = [KDTree(spots.xy[members]) for members in kinds]
    share = np.maximum(
        np.ceil(shapely.length(lines[rows]) / piece_m) * columns / VALUES_AT_ONCE, 1 / EDGES_AT_ONCE
    )
    portion = np.cumsum(share).astype(np.int64)
    for number in np.unique(portion):
        some = rows[portion == number]
        row, start, end, piece = cut_edges(lines[some], piece_m)
        middle = shapely.get_coordinates(
            shapely.line_interpolate_point(piece, 0.5, normalized=True)
        )
        half = shapely.length(piece) / 2
        for members, tree in zip(kinds, trees, strict=True):
            radius = half + spots.cutoff_m[members[0]]
            count = tree.query_ball_point(middle, radius, return_length=True)
            for part in _batches(np.asarray(count)):
                pairs = KDTree(middle[part]).sparse_distance_matrix(
                    tree, float(radius[part].max()), output_type="ndarray"
                )
                one, two = part[pairs["i"]], members[pairs["j"]]
                distance = _distance(piece, one, spots.xy[two])
                hit = distance <= spots.cutoff_m[two]
                one, two, distance = one[hit], two[hit], distance[hit]
                value = spots.peak[two] * np.exp(-0.5 * (distance / spots.bandwidth_m[two]) ** 2)
                yield _Pieces(edge=some[row], start=start, end=end, line=piece), one, two, value
        if progress is not None:
            progress("Exposure along edges", float((portion <= number).mean()))


def _batches(count: IntArray) -> Iterator[IntArray]:
    """Yield the pieces that have neighbours, as many at a time as fit into memory."""
    have = np.flatnonzero(count)
    batch = np.cumsum(count[have]) // PAIRS_AT_ONCE
    for number in np.unique(batch):
        yield have[batch == number]


def _distance(piece: npt.NDArray[np.object_], which: IntArray, points: FloatArray) -> FloatArray:
    """Return the distance of points from pieces, m; straight pieces without shapely's overhead."""
    straight = shapely.get_num_points(piece) == 2  # noqa: PLR2004
    out = np.empty(len(which))
    easy = straight[which]
    a = shapely.get_coordinates(shapely.get_point(piece, 0))[which[easy]]
    b = shapely.get_coordinates(shapely.get_point(piece, -1))[which[easy]]
    along, off = b - a, points[easy] - a
    square = (along**2).sum(axis=1)
    share = np.clip((along * off).sum(axis=1) / np.where(square > 0, square, 1.0), 0.0, 1.0)
    out[easy] = np.hypot(*(off - share[:, None] * along).T)
    hard = ~easy
    out[hard] = shapely.distance(piece[which[hard]], shapely.points(points[hard]))
    return out


def _exposure(
    network: Network,
    spots: _Spots,
    which: IntArray,
    weight: FloatArray,
    ages: _Ages,
    piece_m: float,
    progress: Progress | None,
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Return edge, start, end of the pieces that are exposed, and exposure, shape (n, days)."""
    kinds, days = ages.factor.shape
    placed = (which >= 0) & (ages.kind >= 0)
    # one entry per spot and kind of age: never events times days
    total = csr_array(
        ((weight * ages.first)[placed], (which[placed], ages.kind[placed])),
        shape=(len(spots.xy), kinds),
    )
    # so old that all of them together are nothing
    alive = np.flatnonzero(np.asarray(total.sum(axis=1)) * len(spots.xy) >= LEAST_EXPOSURE)
    spots = _Spots(
        xy=spots.xy[alive], bandwidth_m=spots.bandwidth_m[alive],
        cutoff_m=spots.cutoff_m[alive], peak=spots.peak[alive],
    )  # fmt: skip
    total = total[alive]
    found: list[tuple[IntArray, FloatArray, FloatArray, FloatArray]] = []
    edge_rows: npt.NDArray[np.object_] | None = None
    by_kind = np.zeros((0, kinds))
    pieces: _Pieces | None = None

    def keep() -> None:
        if pieces is not None:
            value = by_kind @ ages.factor
            hit = (value >= LEAST_EXPOSURE).any(axis=1)
            found.append((pieces.edge[hit], pieces.start[hit], pieces.end[hit], value[hit]))

    for now, one, two, kernel in _contributions(network, spots, piece_m, progress, kinds + days):
        if now.line is not edge_rows:
            keep()
            pieces, edge_rows = now, now.line
            by_kind = np.zeros((len(now.edge), kinds))
        matrix = csr_array((kernel, (one, two)), shape=(len(by_kind), len(alive)))
        product = (matrix @ total).tocoo()
        by_kind[product.row, product.col] += product.data
    keep()
    if not found:
        nothing = np.zeros(0)
        return np.zeros(0, dtype=np.int64), nothing, nothing, np.zeros((0, days))
    edge, start, end, values = (np.concatenate(column) for column in zip(*found, strict=True))
    return edge, start, end, values


def _ids(network: Network) -> npt.NDArray[np.object_]:
    return np.asarray(lines_to_measure(network)["edge_id"].to_numpy(dtype=object))


def _stretches(
    all_ids: npt.NDArray[np.object_], edge: IntArray, start: FloatArray, end: FloatArray,
    value: FloatArray,
) -> Stretches:  # fmt: skip
    ids = all_ids[edge]
    return Stretches(quantity="exposure", edge_ids=ids, start=start, end=end, value=value)


def _mines(
    network: Network,
    mines: gpd.GeoDataFrame,
    last: dt.date | None,
    kernel: tuple[float, float, Mapping[int, float | None]],
    cleared: Mapping[str, dt.date],
    effects: tuple[Effect, ...],
    piece_m: float,
    disruption_id: str,
    source: str,
) -> tuple[Disruption, ...]:
    """Return a disruption for each mine with an edge near it."""
    if last is not None:
        mines = mines[(mines["event_date"] <= pd.Timestamp(last)).to_numpy(dtype=bool)]
    spots, which = _spots(network, mines, kernel)
    at: dict[int, list[tuple[IntArray, FloatArray, FloatArray, FloatArray]]] = {}
    for pieces, one, two, value in _contributions(network, spots, piece_m, None):
        order = np.argsort(two, kind="stable")
        cuts = np.flatnonzero(np.diff(two[order])) + 1
        for part in np.split(order, cuts):
            big = part[value[part] >= LEAST_EXPOSURE]
            if len(big):
                rows = one[big]
                at.setdefault(int(two[big[0]]), []).append(
                    (pieces.edge[rows], pieces.start[rows], pieces.end[rows], value[big])
                )
    made, ids = [], _ids(network)
    for row, spot in sorted(
        zip(records(pd.DataFrame(mines[["event_id", "event_date", "source"]])), which.tolist(),
            strict=True),
        key=lambda pair: str(pair[0]["event_id"]),
    ):  # fmt: skip
        if spot not in at:
            continue
        first = row["event_date"].date()
        free = cleared.get(str(row["event_id"]))
        if free is not None and free <= first:
            continue
        edge, start, end, value = (np.concatenate(c) for c in zip(*at[spot], strict=True))
        made.append(
            Disruption(
                disruption_id=f"{disruption_id}/{row['event_id']}", kind="mine",
                what=Selection(stretches=_stretches(ids, edge, start, end, value)),
                effects=effects, start=first,
                end=None if free is None else free - dt.timedelta(days=1),
                name=f"mine, event {row['event_id']} of {first}",
                source=source or text_of(row["source"]),
            )
        )  # fmt: skip
    return tuple(made)


def _clearances(events: pd.DataFrame, clearances: pd.DataFrame | None) -> dict[str, dt.date]:
    """Return the day on which each event was cleared.

    Raises
    ------
    InputError
        If a column is missing, or a date is none.
    UnknownIdError
        If an event is not there.
    """
    if clearances is None:
        return {}
    lacking = [name for name in CLEARANCE_COLUMNS if name not in clearances.columns]
    if lacking:
        msg = f"clearances: no column {lacking[0]!r}{suggest(lacking[0], clearances.columns)}"
        raise InputError(msg)
    ids = [str(name) for name in clearances["event_id"]]
    days = pd.to_datetime(clearances["cleared_on"], errors="coerce", format="ISO8601")
    if bool(days.isna().any()):
        wrong = [name for name, gone in zip(ids, days.isna(), strict=True) if gone]
        msg = (
            "clearances: column 'cleared_on' must be a date such as 2013-01-31; wrong in "
            f"{_count(len(wrong))}, e.g. {labels(wrong)}"
        )
        raise InputError(msg)
    known = set(events["event_id"].astype(str))
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise UnknownIdError(
            [f"clearances: no event {name!r}{suggest(name, known)}" for name in unknown]
        )
    # an event in two rows is clear when the last of them says so
    latest: dict[str, dt.date] = {}
    for name, day in zip(ids, days.dt.date, strict=True):
        latest[name] = max(day, latest.get(name, day))
    return latest


def _spots(
    network: Network,
    events: gpd.GeoDataFrame,
    kernel: tuple[float, float, Mapping[int, float | None]],
) -> tuple[_Spots, IntArray]:
    """Return the different spots of events, and which is whose; -1: left out."""
    bandwidth, cutoff, blur_km = kernel
    points = events.geometry if events.crs == network.crs else events.geometry.to_crs(network.crs)
    xy = np.column_stack([points.x.to_numpy(), points.y.to_numpy()]).astype(np.float64)
    blur = np.array([blur_km.get(level) if level in blur_km else None for level in range(4)],
                    dtype=np.float64) * KM_M  # fmt: skip
    own = blur[events["geo_precision"].to_numpy(dtype=np.int64)]
    # what cannot be projected lies on the other side of the globe
    usable = np.isfinite(own) & np.isfinite(xy).all(axis=1)
    left = int((~np.isfinite(own)).sum())
    widened = int((own > 0).sum())
    if left or widened:
        LOG.info("events: %d placed roughly: kernel widened; %d left out", widened, left)
    rows = np.column_stack([xy, own])[usable]
    unique, inverse = np.unique(rows, axis=0, return_inverse=True)
    which = np.full(len(events), -1, dtype=np.int64)
    which[usable] = inverse.reshape(-1)
    wide = np.hypot(bandwidth, unique[:, 2])
    return _Spots(
        xy=unique[:, :2], bandwidth_m=wide, cutoff_m=cutoff * wide / bandwidth,
        peak=(bandwidth / wide) ** 2,
    ), which  # fmt: skip


def _checked_kernel(
    bandwidth_km: float, cutoff_km: float | None, blur_km: Mapping[int, float | None]
) -> tuple[float, float, Mapping[int, float | None]]:
    """Return bandwidth and cutoff in metres, and the blur.

    Raises
    ------
    ScenarioError
        If a value is out of its range.
    """
    end = BANDWIDTHS * bandwidth_km if cutoff_km is None else cutoff_km
    _check_range(bandwidth_km=bandwidth_km, cutoff_km=end)
    wrong = [
        f"blur_km: precision {level} must be >= 0 km or None, not {blur_km.get(level, 'missing')}"
        for level in (1, 2, 3)
        if level not in blur_km
        or not ((blur := blur_km[level]) is None or 0 <= blur < float("inf"))
    ]
    if wrong:
        raise ScenarioError(wrong)
    return bandwidth_km * KM_M, end * KM_M, blur_km


def _check_range(**values: float) -> None:
    """Check values that must be above 0.

    Raises
    ------
    ScenarioError
        If one is not.
    """
    wrong = [
        f"{name} must be above 0 and finite, not {value:g}"
        for name, value in values.items()
        if not 0 < value < float("inf")
    ]
    if wrong:
        raise ScenarioError(wrong)


def _events(events: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return events with the dtypes that are needed; checked in full only where they are not."""
    sound = (
        hasattr(events, "active_geometry_name")
        and events.active_geometry_name is not None
        and events.crs is not None
        and {"event_id", "event_date", "geo_precision", "source"} <= set(events.columns)
        and events["event_date"].dtype.kind == "M"
        and events["geo_precision"].dtype.kind in "iu"
        and not bool(events["event_date"].isna().any())
        and bool(events["geo_precision"].between(1, 3).all())
        and events["event_id"].is_unique
        and bool((shapely.get_type_id(events.geometry.to_numpy()) == 0).all())
    )
    return events if sound else check_table(events, EVENTS)


def _age_days(events: pd.DataFrame, when: dt.date) -> FloatArray:
    days = np.datetime64(when, "D") - events["event_date"].to_numpy().astype("datetime64[D]")
    return days.astype(np.float64)


def _ages(
    events: pd.DataFrame,
    when: list[dt.date],
    half_life_days: float | None,
    max_age_days: float | None,
) -> _Ages:
    """Return how age weighs on events on some days, ascending."""
    happened = events["event_date"].to_numpy().astype("datetime64[D]").astype(np.float64)
    days = np.array(when, dtype="datetime64[D]").astype(np.float64)
    enters = np.searchsorted(days, happened)
    oldest = np.inf if max_age_days is None else max_age_days
    leaves = np.searchsorted(days, happened + oldest, side="right")
    counts = enters < leaves
    pair = enters * (len(days) + 1) + leaves
    kinds, of = np.unique(pair[counts], return_inverse=True)
    kind = np.full(len(events), -1, dtype=np.int64)
    kind[counts] = of.reshape(-1)
    enter, leave = np.divmod(kinds, len(days) + 1)
    step = np.arange(len(days))
    there = (step >= enter[:, None]) & (step < leave[:, None])
    first, factor = np.zeros(len(events)), there.astype(np.float64)
    first[counts] = _left_over(days[enters[counts]] - happened[counts], half_life_days)
    factor[there] = _left_over((days - days[enter][:, None])[there], half_life_days)
    return _Ages(kind=kind, first=first, factor=factor)


def _left_over(age_days: FloatArray, half_life_days: float | None) -> FloatArray:
    """Return what is left of events after some days."""
    if half_life_days is None:
        return np.ones(age_days.shape)
    return np.asarray(0.5 ** (age_days / half_life_days), dtype=np.float64)


def _weights(
    events: pd.DataFrame, weights: Mapping[str, float] | None, per_fatality: float
) -> FloatArray:
    """Return the weight of each event.

    Raises
    ------
    ScenarioError
        If a weight is negative or not finite, or for a type that no event has.
    """
    problems = [
        f"weights: {name!r} must be finite and >= 0, not {value:g}"
        for name, value in {**(weights or {}), "weight_per_fatality": per_fatality}.items()
        if not 0 <= value < float("inf")
    ]
    given = {name.casefold(): value for name, value in (weights or {}).items()}
    out = np.ones(len(events))
    seen: dict[str, str] = {}
    # the finer type is looked at last, and wins
    for column in ("event_type", "sub_event_type"):
        if column not in events.columns:
            continue
        codes, words = pd.factorize(events[column])
        seen |= {str(word).casefold(): str(word) for word in words}
        value = np.array([given.get(str(w).casefold(), np.nan) for w in words] + [np.nan])[codes]
        out = np.where(np.isnan(value), out, value)
    problems += [
        f"weights: no event is of type {name!r}{suggest(name, seen.values())}"
        for name in (weights or {})
        if name.casefold() not in seen and len(events)
    ]
    if problems:
        raise ScenarioError(problems)
    if per_fatality and "fatalities_persons" in events.columns:
        killed = events["fatalities_persons"].to_numpy(dtype=np.float64, na_value=np.nan)
        out = out + per_fatality * np.nan_to_num(killed)
    return out


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"

"""Everything a run answers, in one frozen object."""

import datetime as dt
import hashlib
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd

from mobility_geo.errors import labels
from mobility_geo.flows import assign_all_or_nothing, choose_destinations
from mobility_geo.outcomes.attribution import persons_freed
from mobility_geo.outcomes.reachable import (
    catchments,
    main_traveller,
    reachable_waystations,
)
from mobility_geo.outcomes.stranded import find_stranded
from mobility_geo.outcomes.targets import compare_with_targets
from mobility_geo.routing import find_group_ways
from mobility_geo.routing.groups import travellers_of
from mobility_geo.scenario import Case, conditions, footprints, idle_disruptions
from mobility_geo.scenario.disruptions import CapacityFactor, Closure, Regime
from mobility_geo.scenario.overlay import selection_key
from mobility_geo.schema import (
    COMPARISON,
    DESTINATIONS,
    GROUPS,
    TARGETS,
    WAYSTATIONS,
    empty_table,
)
from mobility_geo.units import Metric

BUDGET_METRICS: tuple[Metric, ...] = ("risk", "cost_xof")


class Progress(Protocol):
    """What is told about a long job: a step in words, and the share done, 0 to 1."""

    def __call__(self, step: str, done: float, /) -> None:
        """Take note."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Results:
    """Results of one case on one day.

    Attributes
    ----------
    case, when
        The question.
    status, baseline
        Schema `STATUS`, under the scenario and on the same day without disruptions.
    reachable, od_flows, edge_flows, crossing_flows, catchments
        Schemas of the same names; flows are those of the movers.
    edge_conditions
        ``edge_id``, ``state`` (``open``, ``slower``, ``riskier``, ``partly_closed``: closed to
        some profiles of the case's groups, ``closed``, ``out_of_season``, ``not_passable``),
        ``speed_factor``, ``risk_per_km``, ``disruption_ids``.
    disruptions
        As from `footprints`, with ``edges_closed`` and ``persons_freed``.
    comparison
        Schema `COMPARISON`; empty if the case has no targets.
    warnings
        What the reader should know.
    run_info
        Version, hashes and counts.
    """

    case: Case
    when: dt.date
    status: pd.DataFrame
    baseline: pd.DataFrame
    reachable: pd.DataFrame
    od_flows: pd.DataFrame
    edge_flows: pd.DataFrame
    crossing_flows: pd.DataFrame
    catchments: pd.DataFrame
    edge_conditions: pd.DataFrame
    disruptions: gpd.GeoDataFrame
    comparison: pd.DataFrame = field(default_factory=lambda: empty_table(COMPARISON))
    warnings: tuple[str, ...] = ()
    run_info: dict[str, str] = field(default_factory=dict)

    def headline(self) -> dict[str, object]:
        """Return the figures that are told first.

        Returns
        -------
        dict
            ``movers`` and ``residents``, each with ``persons`` and one entry per status, each of
            these with ``best``, ``low`` and ``high`` people; ``cannot_reach`` is stranded (or cut
            off) and isolated together; ``stranded_by_reason`` and ``stranded_by_cause`` are
            people of the movers; where lifting any one of several kinds of disruption would free
            them, the cause names all of these.

        Examples
        --------
        >>> from mobility_geo.datasets import load_toy
        >>> solve_case(load_toy()).headline()["movers"]["stranded"]
        {'best': 1400, 'low': 1200, 'high': 1600}
        """
        told: dict[str, object] = {}
        for base, statuses in (
            ("movers", ("can_reach", "stranded", "isolated", "unknown")),
            ("residents", ("can_reach", "cut_off", "isolated", "unknown")),
        ):
            rows = self.status[(self.status["base"] == base).to_numpy(dtype=bool)]
            block = {"persons": _people(rows)}
            for status in statuses:
                block[status] = _people(rows[(rows["status"] == status).to_numpy(dtype=bool)])
            cannot = rows["status"].isin([statuses[1], "isolated"])
            block["cannot_reach"] = _people(rows[cannot.to_numpy(dtype=bool)])
            told[base] = block
        stranded = self.status[(self.status["status"] == "stranded").to_numpy(dtype=bool)]
        reasons = stranded.groupby("reason")["persons"].sum()
        told["stranded_by_reason"] = {str(key): int(value) for key, value in reasons.items()}
        causes = stranded.groupby("causes_all")["persons"].sum()
        told["stranded_by_cause"] = {
            str(key).replace("|", " or "): int(value) for key, value in causes.items()
        }
        return told


def _people(rows: pd.DataFrame) -> dict[str, int]:
    return {
        "best": int(rows["persons"].sum()), "low": int(rows["persons_low"].sum()),
        "high": int(rows["persons_high"].sum()),
    }  # fmt: skip


def solve_case(
    case: Case,
    when: dt.date | str | None = None,
    *,
    progress: Progress | None = None,
) -> Results:
    """Answer everything about a case: statuses, way stations, flows, causes, comparison.

    Parameters
    ----------
    case
        The question.
    when
        Day; the scenario's own if left out.
    progress
        Called with each step and the share done.

    Returns
    -------
    Results
        The answers; nothing is written.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    ConservationError
        If people got lost: a fault of the toolkit.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> sorted(solve_case(load_toy()).status["status"].unique())
    ['can_reach', 'stranded', 'unknown']
    """

    def tell(step: str, done: float) -> None:
        if progress is not None:
            progress(step, done)

    day = case.scenario.day(when)
    tell("Statuses, reasons and causes", 0.0)
    status = find_stranded(case, when=day)
    tell("The same day without disruptions", 0.25)
    baseline = find_stranded(case, case.scenario.baseline(), day, with_causes=False)
    tell("Way stations within reach", 0.35)
    stations = reachable_waystations(case, when=day)
    nearest = catchments(case, when=day)
    tell("Flows", 0.45)
    od = choose_destinations(case, when=day)
    flows = assign_all_or_nothing(case, od, when=day)
    tell("State of the edges", 0.6)
    states, closed = edge_conditions(case, day)
    tell("What each closure does", 0.65)
    freed = persons_freed(
        case, when=day, progress=lambda done: tell("What each closure does", 0.65 + 0.3 * done)
    )
    shapes = footprints(case.network, case.scenario)
    shapes.insert(8, "edges_closed", shapes["disruption_id"].map(closed).fillna(0).astype("int64"))
    shapes.insert(9, "persons_freed", shapes["disruption_id"].map(
        freed.set_index("disruption_id")["persons_freed"]).fillna(0).astype("int64"))  # fmt: skip
    results = Results(
        case=case, when=day, status=status, baseline=baseline, reachable=stations,
        od_flows=od.table, edge_flows=flows.edges, crossing_flows=flows.crossings,
        catchments=nearest, edge_conditions=states, disruptions=shapes,
        warnings=_warnings(case, day, status), run_info=_run_info(case, day),
    )  # fmt: skip
    tell("Comparison with published figures", 0.97)
    compared = replace(results, comparison=compare_with_targets(results))
    tell("Done", 1.0)
    return compared


def edge_conditions(case: Case, day: dt.date) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the state of each edge over all travellers of a case, and how many each closes.

    Parameters
    ----------
    case
        The question.
    day
        Date.

    Returns
    -------
    conditions
        As `Results.edge_conditions`: one row per edge.
    closed
        Number of edges that each disruption closes to somebody.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> table, closed = edge_conditions(case, case.scenario.when)
    >>> len(table) == len(case.network.edges), max(closed.values()) > 0
    (True, True)
    """
    travellers = sorted(set(travellers_of(case.groups)))
    frames = []
    closing: dict[str, set[str]] = {}
    closers = {
        d.disruption_id
        for d in case.scenario.disruptions
        if any(isinstance(effect, Closure | Regime) for effect in d.effects)
    }
    for traveller in travellers:
        held = conditions(case.network, case.scenario, day, traveller)
        states = held.edge_states()
        frames.append(states)
        closed_here = set(states.loc[states["state"].isin(["closed", "partly_closed"]), "edge_id"])
        for row in held.causes.itertuples():
            if row.edge_id in closed_here and row.disruption_id in closers:
                closing.setdefault(str(row.disruption_id), set()).add(str(row.edge_id))
    first = frames[0] if frames else None
    if first is None:
        quiet = conditions(case.network, case.scenario, day, main_traveller(case))
        first = quiet.edge_states()
        frames = [first]
    words = np.stack([frame["state"].to_numpy(dtype=object) for frame in frames])
    passable = words != "not_passable"
    shut = ((words == "closed") | (words == "partly_closed")) & passable
    state = np.full(words.shape[1], "open", dtype=object)
    for name in ("riskier", "slower"):
        state[(words == name).any(axis=0)] = name
    state[shut.any(axis=0)] = "partly_closed"
    ended = (words == "closed") | ~passable | (words == "out_of_season")
    state[shut.any(axis=0) & ended.all(axis=0)] = "closed"
    only_season = ((words == "out_of_season") | ~passable).all(axis=0) & passable.any(axis=0)
    state[only_season] = "out_of_season"
    state[~passable.any(axis=0)] = "not_passable"
    ids = [
        "|".join(dict.fromkeys(n for text in column if isinstance(text, str)
                               for n in text.split("|")))
        for column in zip(*(frame["disruption_ids"] for frame in frames), strict=True)
    ]  # fmt: skip
    table = pd.DataFrame(
        {
            "edge_id": first["edge_id"],
            "state": pd.Series(state).astype("str"),
            "speed_factor": np.min([f["speed_factor"] for f in frames], axis=0),
            "risk_per_km": np.max([f["risk_per_km"] for f in frames], axis=0),
            "disruption_ids": pd.Series([text or None for text in ids], dtype="str"),
        }
    )
    return table, {name: len(edges) for name, edges in closing.items()}


def _warnings(case: Case, day: dt.date, status: pd.DataFrame) -> tuple[str, ...]:
    """Return what the reader of the results should know."""
    found = [*case.notes, *_budget_warnings(case, day, status)]
    if not (case.groups["base"] == "movers").any():
        found.append("Nobody is on the move in this case: the group table has no movers.")
    if (case.groups["base"] == "residents").any():
        found.append(
            "Residents are counted as the places of the network have them, from their source: not "
            "those present on the day. Nobody who has left or come since is counted."
        )
    open_sets = set(case.destinations_on(day)["destination_set"])
    without = sorted(set(case.groups["destination_set"]) - open_sets)
    if without:
        found.append(
            f"No destination is open on {day} in {labels(without)}: the people who depend on it "
            "count as unknown."
        )
    table = case.network.crossings
    limited = table[["throughput_persons_per_day", "opens_hour", "closes_hour"]].notna()
    partly = [
        d for d in case.scenario.active(day)
        if any(isinstance(e, CapacityFactor) and e.value > 0 for e in d.effects)
    ]  # fmt: skip
    if partly or bool(limited.to_numpy().any()):
        found.append(
            "Hours and people per day of crossings, and capacity factors above 0, are kept but "
            "not applied: a crossing passes everybody or nobody."
        )
    unknown = int(status.loc[status["status"] == "unknown", "persons"].sum())
    if unknown:
        found.append(f"The status of {unknown:,} people is unknown; see the status table.")
    if not case.destinations["capacity_persons"].notna().any():
        found.append(
            "No destination has a stated capacity: 'can reach' is a demand, not a promise."
        )
    unsure = [d for d in case.scenario.disruptions if d.probability < 1]
    if unsure:
        found.append(
            f"{len(unsure)} disruptions have a probability below 1 and count as happening here."
        )
    idle = idle_disruptions(case.network, case.scenario, day)
    if idle:
        found.append(f"Active, but hitting no edge of the network: {labels(idle)}.")
    if case.network.edges["state_reported_on"].isna().all():
        found.append(
            "Nobody reported the state of any edge of the network: edges count as passable unless "
            "a disruption says otherwise."
        )
    return tuple(found)


def _budget_warnings(case: Case, day: dt.date, status: pd.DataFrame) -> list[str]:
    """Say for how many of the stranded a slower or dearer way would stay inside all budgets."""
    over = status[status["reason"].isin(["over_risk", "over_money"]).to_numpy(dtype=bool)]
    over = over[(over["status"] == "stranded").to_numpy(dtype=bool)]
    if not len(over):
        return []
    groups = case.groups[case.groups["group_id"].isin(over["group_id"]).to_numpy(dtype=bool)]
    other = np.zeros(len(groups), dtype=bool)
    for impedance in BUDGET_METRICS:
        ways = find_group_ways(case, None, day, groups=groups, impedance=impedance)
        other |= ways.within().any(axis=1)
    names = set(groups["group_id"].to_numpy()[other])
    people = int(over.loc[over["group_id"].isin(names), "persons"].sum())
    if not people:
        return []
    sentence = (
        f"Budgets are tested on the quickest way. For {people:,} of the stranded over a budget, a "
        "slower way would stay inside all of their budgets."
    )
    return [sentence]


def _sha(tables: list[pd.DataFrame], words: list[str]) -> str:
    digest = hashlib.sha256("\n".join(words).encode())
    for table in tables:
        digest.update(table.to_csv(index=False, lineterminator="\n").encode())
    return digest.hexdigest()


def case_hash(case: Case) -> str:
    """Return a sha256 over everything of a case but its network.

    Parameters
    ----------
    case
        The case.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case_hash(load_toy()) == case_hash(load_toy())
    True
    """
    words = [case.name, repr(case.limits), str(case.logit_scale_per_h), case.audience]
    words += [str((case.scenario.when, case.scenario.start, case.scenario.end))]
    for d in sorted(case.scenario.disruptions, key=lambda one: one.disruption_id):
        words.append(
            repr((d.disruption_id, d.kind, selection_key(d.what), d.who, d.effects, d.start, d.end,
                  d.months, d.probability, d.group, d.severity))
        )  # fmt: skip
    tables = [
        case.groups[list(GROUPS.names)], case.destinations[list(DESTINATIONS.names)],
        pd.DataFrame(case.waystations)[list(WAYSTATIONS.names)], case.targets[list(TARGETS.names)],
        case.assumptions,
    ]  # fmt: skip
    return _sha(tables, words)


def _run_info(case: Case, day: dt.date) -> dict[str, str]:
    network = case.network
    return {
        "toolkit": f"mobility-geo {version('mobility-geo')}",
        "scenario": case.name,
        "title": case.title,
        "when": day.isoformat(),
        "calendar": f"{case.scenario.start} to {case.scenario.end}",
        "audience": case.audience,
        "scenario_sha256": case_hash(case),
        "network": network.name,
        "network_sha256": network.content_hash(),
        "network_crs": network.crs.to_wkt(),
        "nodes": str(len(network.nodes)),
        "edges": str(len(network.edges)),
        "places": str(len(network.places)),
        "groups": str(len(case.groups)),
        "disruptions": str(len(case.scenario.disruptions)),
        "disruptions_active": str(len(case.scenario.active(day))),
        "random_seed": "none: nothing is drawn",
    }

"""Load people onto the network: edges, crossings, and those who cannot be loaded."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mobility_geo.errors import ConservationError, UnknownIdError
from mobility_geo.flows.od import ODMatrix
from mobility_geo.routing import access_set, solve_ways
from mobility_geo.routing.groups import travellers_of
from mobility_geo.scenario import Case, Scenario, conditions
from mobility_geo.schema import (
    CROSSING_FLOWS,
    EDGE_FLOWS,
    check_table,
    empty_table,
    suggest,
)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class EdgeFlows:
    """People per edge and per crossing, and those who could not be loaded.

    Attributes
    ----------
    edges
        Schema `EDGE_FLOWS`; edges that nobody uses have no row.
    crossings
        Schema `CROSSING_FLOWS`; by country that is entered.
    served_persons, unserved_persons
        By rule.
    """

    edges: pd.DataFrame
    crossings: pd.DataFrame
    served_persons: dict[str, int]
    unserved_persons: dict[str, int]


def assign_all_or_nothing(
    case: Case,
    od: ODMatrix,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
) -> EdgeFlows:
    """Load every origin-destination flow onto its least-time way.

    Parameters
    ----------
    case
        The question; its groups say how each flow travels.
    od
        Flows, from `choose_destinations` or a table of your own.
    scenario, when
        Scenario and day to take instead of the case's own.

    Returns
    -------
    EdgeFlows
        Conserved: at every node what comes in and starts goes out or ends. A flow whose
        destination cannot be reached counts as unserved.

    Raises
    ------
    UnknownIdError
        If a group is not in the case, or an origin or destination is no place of the network.
    ConservationError
        If people got lost: a fault of the toolkit.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import choose_destinations
    >>> case = load_toy()
    >>> flows = assign_all_or_nothing(case, choose_destinations(case))
    >>> flows.served_persons["least_time"], flows.unserved_persons["least_time"]
    (300, 1450)
    """
    network = case.network
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    check_ids(case, od.table)
    groups = case.groups.set_index("group_id", drop=False)
    edge_rows: list[pd.DataFrame] = [empty_table(EDGE_FLOWS)]
    crossing_rows: list[dict[str, object]] = []
    served: dict[str, int] = {}
    unserved: dict[str, int] = {}
    for rule in od.rules():
        table = od.table[(od.table["rule"] == rule).to_numpy(dtype=bool)]
        load = np.zeros(len(network.arcs), dtype=np.int64)
        unserved[rule] = int(table["unserved_persons"].sum())
        served[rule] = 0
        flowing = table[(table["flow_persons"] > 0).to_numpy(dtype=bool)]
        travellers = travellers_of(groups.loc[flowing["group_id"]])
        for traveller in sorted(set(travellers)):
            rows = flowing[[one == traveller for one in travellers]]
            costs = conditions(network, laid, day, traveller).dense()
            starts = sorted(set(rows["origin_id"]))
            ends = sorted(set(rows["destination_id"]))
            ways = solve_ways(
                network,
                costs,
                access_set(network, costs, starts),
                access_set(network, costs, ends, leaving=False),
            )
            people = np.zeros((len(starts), len(ends)))
            at = (pd.Index(starts).get_indexer(rows["origin_id"]),
                  pd.Index(ends).get_indexer(rows["destination_id"]))  # fmt: skip
            np.add.at(people, at, rows["flow_persons"].to_numpy(dtype=float))
            reached = ways.reachable()
            served[rule] += int(people[reached].sum())
            unserved[rule] += int(people[~reached].sum())
            load += np.rint(ways.load(people)).astype(np.int64)
        if served[rule] + unserved[rule] != od.persons(rule):
            msg = f"{rule}: loaded {served[rule]} + {unserved[rule]} of {od.persons(rule)} people"
            raise ConservationError(msg)
        edge_rows.append(_edge_table(case, rule, load))
        crossing_rows += _crossing_rows(case, rule, load)
    return EdgeFlows(
        edges=check_table(pd.concat(edge_rows, ignore_index=True), EDGE_FLOWS),
        crossings=check_table(
            pd.DataFrame(crossing_rows, columns=list(CROSSING_FLOWS.names)), CROSSING_FLOWS
        ),
        served_persons=served,
        unserved_persons=unserved,
    )


def check_ids(case: Case, table: pd.DataFrame) -> None:
    """Check that a table of flows is about the groups and places of a case.

    Raises
    ------
    UnknownIdError
        Lists every id that is not there, with the nearest known one.
    """
    problems = []
    for column, what, known in (
        ("group_id", "group", case.groups["group_id"]),
        ("origin_id", "place", case.network.places["place_id"]),
        ("destination_id", "place", case.network.places["place_id"]),
    ):
        used = table[column].dropna()
        problems += [
            f"od_flows: column {column!r} names no {what} of the case: {name!r}"
            f"{suggest(str(name), known)}"
            for name in used[~used.isin(known)].unique()
        ]
    if problems:
        raise UnknownIdError(problems)


def _edge_table(case: Case, rule: str, load: "np.typing.NDArray[np.int64]") -> pd.DataFrame:
    arcs = case.network.arcs
    loaded = np.flatnonzero(load)
    used, at = np.unique(arcs.edge[loaded], return_inverse=True)
    both = np.zeros((2, len(used)), dtype=np.int64)
    np.add.at(both, (arcs.forward[loaded].astype(np.intp), at), load[loaded])
    backward, forward = both
    return pd.DataFrame(
        {
            "rule": pd.Series([rule] * len(used), dtype="str"),
            "edge_id": case.network.edges["edge_id"].iloc[used].to_numpy(),
            "flow_persons": forward + backward,
            "forward_persons": forward,
            "backward_persons": backward,
        }
    )


def _crossing_rows(
    case: Case, rule: str, load: "np.typing.NDArray[np.int64]"
) -> list[dict[str, object]]:
    network = case.network
    loaded = np.flatnonzero(load)
    crossing = network.edges["crossing_id"].iloc[network.arcs.edge[loaded]]
    border = crossing.notna().to_numpy(dtype=bool)
    into = network.nodes["country"].iloc[network.arcs.head[loaded[border]]]
    names = network.crossings.set_index("crossing_id")["name"]
    total: Counter[tuple[str, str]] = Counter()
    for name, country, people in zip(crossing[border], into, load[loaded[border]], strict=True):
        total[str(name), str(country)] += int(people)
    return [
        {
            "rule": rule, "crossing_id": name, "crossing_name": names[name],
            "into_country": country, "flow_persons": people,
        }
        for (name, country), people in sorted(total.items(), key=lambda item: (-item[1], item[0]))
    ]  # fmt: skip

"""What would have to close to cut a region off from safety: the narrowest place on all ways."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from mobility_geo.errors import InputError
from mobility_geo.network import Network
from mobility_geo.outcomes.chokepoints import (
    asked_groups,
    edge_labels,
    region_places,
    safety_graph,
)
from mobility_geo.routing.groups import travellers_of
from mobility_geo.scenario import Case, Conditions, Scenario, conditions

MOST_FLOW: Final = 2**31 - 1
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class RegionCut:
    """The narrowest place between the people of a region and where they may go.

    Attributes
    ----------
    persons
        People of the region who travel so.
    traveller
        In words: profile, kind of people, nationality.
    persons_per_day
        Most people per day who get through, `inf` where some way has no stated limit; 0: no way.
    limiting_ids
        Edges that set this limit.
    edges
        Fewest edges whose closure leaves no way; None: they need no edge to get there.
    cut_ids, cut_labels
        These edges; of several cuts of that size the one nearest to the people.
    """

    persons: int
    traveller: str
    persons_per_day: float
    limiting_ids: tuple[str, ...]
    edges: int | None
    cut_ids: tuple[str, ...]
    cut_labels: tuple[str, ...]


def find_region_cuts(
    case: Case,
    region: str,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    base: str = "movers",
) -> tuple[RegionCut, ...]:
    """Find the narrowest place between a region and safety, for each way of travelling.

    Parameters
    ----------
    case
        The question.
    region
        Code or name of a zone, or a place.
    scenario, when
        Scenario and day to take instead of the case's own.
    base
        ``movers`` or ``residents``.

    Returns
    -------
    tuple of RegionCut
        One per class of travellers and set of destinations, most people first.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    InputError
        If nobody is in the region, or everywhere that they may go lies in it.
    UnknownIdError
        If there is no such place or zone.

    Notes
    -----
    The most people per day that get through equals the narrowest cut (Ford & Fulkerson 1956).
    Only limits that are stated count: persons per day of crossings, and capacities that
    disruptions lower. Destinations inside the region do not count. What is cut are edges between
    nodes; the way from a door to the first node is never cut, and a limit holds for each edge and
    direction by itself, not for two edges at one post together.

    References
    ----------
    Ford, L. R., Fulkerson, D. R. (1956). Maximal flow through a network. doi
    10.4153/CJM-1956-045-5. Solved with `scipy.sparse.csgraph.maximum_flow`.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> cut = find_region_cuts(case, "Northtown", case.scenario.baseline())[0]
    >>> cut.edges, cut.persons_per_day
    (2, inf)
    """
    network = case.network
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    groups = asked_groups(case, base=base, of=region)
    inside = set(region_places(network, region))
    destinations = case.destinations_on(day)
    labels = edge_labels(network)
    travellers = travellers_of(groups)
    sets = groups["destination_set"].tolist()
    found = []
    for traveller, name in sorted(set(zip(travellers, sets, strict=True))):
        to = set(destinations.loc[destinations["destination_set"] == name, "place_id"]) - inside
        mine = [job == (traveller, name) for job in zip(travellers, sets, strict=True)]
        if not to:
            continue
        held = conditions(network, laid, day, traveller)
        people = groups[mine]
        per_day, limiting, count, cut = _cut(
            network, held, sorted(set(people["place_id"])), sorted(to)
        )
        ids = network.edges["edge_id"].to_numpy(dtype=object)
        found.append(
            RegionCut(
                persons=int(people["persons"].sum()),
                traveller=f"{traveller.profile}, {traveller.kind}, {traveller.nationality}",
                persons_per_day=per_day,
                limiting_ids=tuple(str(ids[edge]) for edge in limiting),
                edges=count,
                cut_ids=tuple(str(ids[edge]) for edge in cut),
                cut_labels=tuple(str(labels.iloc[edge]) for edge in cut),
            )
        )
    if not found:
        msg = (
            f"everywhere that the people of {region!r} may go lies in {region!r}, or nowhere is "
            f"open on {day}: nothing lies between them and safety"
        )
        raise InputError(msg)
    return tuple(sorted(found, key=lambda one: -one.persons))


def cut_table(cuts: tuple[RegionCut, ...]) -> pd.DataFrame:
    """Return the cuts of a region as a table.

    Parameters
    ----------
    cuts
        From `find_region_cuts`.

    Returns
    -------
    pandas.DataFrame
        One row per way of travelling; ``persons_per_day`` is missing where no limit is stated.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> cut_table(find_region_cuts(load_toy(), "Northtown"))["edges"].tolist()
    [0]
    """
    return pd.DataFrame(
        {
            "traveller": [one.traveller for one in cuts],
            "persons": [one.persons for one in cuts],
            "edges": pd.array([one.edges for one in cuts], dtype="Int64"),
            "cut_ids": ["|".join(one.cut_ids) for one in cuts],
            "cut_labels": ["; ".join(one.cut_labels) for one in cuts],
            "persons_per_day": [
                one.persons_per_day if np.isfinite(one.persons_per_day) else None for one in cuts
            ],
            "limiting_ids": ["|".join(one.limiting_ids) for one in cuts],
        }
    )


def _cut(
    network: Network, held: Conditions, origins: list[str], destinations: list[str]
) -> tuple[float, list[int], int | None, list[int]]:
    graph = safety_graph(network, held.dense(), origins, destinations)
    # the people of the whole region leave from one more node
    source = graph.size
    starts = graph.nodes + np.arange(len(graph.origins))
    tail = np.concatenate([graph.tail, np.full(len(starts), source)])
    head = np.concatenate([graph.head, starts])
    edge = np.concatenate([graph.edge, np.full(len(starts), -1)])
    arc = np.concatenate([graph.arc, np.full(len(starts), -1)])
    capacity = held.throughput()
    on_network = arc >= 0
    per_day = np.where(on_network, capacity[arc], np.inf)
    most, limiting = _narrowest(tail, head, per_day, edge, source, graph.sink)
    ones = np.where(on_network, 1.0, np.inf)
    fewest, cut = _narrowest(tail, head, ones, edge, source, graph.sink)
    return most, limiting, int(fewest) if np.isfinite(fewest) else None, cut


def _narrowest(
    tail: IntArray, head: IntArray, limit: npt.NDArray[np.float64], edge: IntArray, source: int,
    sink: int,
) -> tuple[float, list[int]]:  # fmt: skip
    """Return the most that gets through, and the edges where no more does.

    The solver takes whole numbers: limits are counted in thousandths where these fit, so that one
    person every few days is not none.

    Raises
    ------
    InputError
        If the limits sum to 2,147,483,647 or more, which is more people than there are to move.
    """
    finite = np.isfinite(limit)
    endless = float(limit[finite].sum()) + 1.0
    if endless >= MOST_FLOW:
        msg = f"limits of persons per day sum to {endless:,.0f}; lower them below {MOST_FLOW:,}"
        raise InputError(msg)
    steps = next(many for many in (1000, 100, 10, 1) if endless * many < MOST_FLOW)
    # limits in steps, the smallest of them one: only what is closed is 0
    whole = np.maximum(np.floor(limit[finite] * steps + 1e-6), limit[finite] > 0)
    endless = float(whole.sum()) + 1.0
    capacity = np.full(len(limit), endless)
    capacity[finite] = whole
    size = max(int(head.max()), source) + 1
    # parallel arcs add up, as they should; without limit stays without limit
    summed = coo_array((capacity, (tail, head)), shape=(size, size)).tocsr()
    summed.data = np.minimum(summed.data, endless)
    matrix = summed.astype(np.int32)
    flow = maximum_flow(matrix, source, sink)
    if flow.flow_value >= endless:
        return np.inf, []
    left = (matrix - flow.flow).tocsr()
    left.data = (left.data > 0).astype(np.int32)
    left.eliminate_zeros()
    near = np.zeros(size, dtype=bool)
    near[breadth_first_order(left, source, return_predecessors=False)] = True
    across = near[tail] & ~near[head] & (edge >= 0)
    return float(flow.flow_value) / steps, sorted({int(one) for one in edge[across]})

"""Load people onto the network: edges, crossings, and those who cannot be loaded."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import ConservationError, InputError, UnknownIdError
from mobility_geo.flows.od import ODMatrix
from mobility_geo.network import Network
from mobility_geo.routing import access_set, solve_ways
from mobility_geo.routing.groups import travellers_of
from mobility_geo.scenario import ArcCosts, Case, Conditions, Scenario, conditions
from mobility_geo.schema import CROSSING_FLOWS, EDGE_FLOWS, check_table, suggest
from mobility_geo.units import QUANTUM

FloatArray = npt.NDArray[np.float64]
Persons = npt.NDArray[np.int64] | npt.NDArray[np.float64]

WHO = ("profile", "kind", "nationality", "exposure_class")
"""What makes a class of travellers."""

PEOPLE = ("flow_persons", "forward_persons", "backward_persons")

CROSSING = ("rule", "crossing_id", "into_country")

PAIR = ("rule", "group_id", "origin_id", "destination_id")


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class EdgeFlows:
    """People per edge and per crossing, by class, and those who could not be loaded.

    All ways of assigning people return it. `assign_all_or_nothing` counts whole people; the others
    give real numbers: an expectation, not heads.

    Attributes
    ----------
    edges
        By rule and edge: ``flow_persons``, ``forward_persons`` and ``backward_persons``; edges
        that nobody uses have no row. Where time depends on the method, also ``forward_min`` and
        ``backward_min``: what it takes at these flows those for whom it takes least, queues
        included; `inf` where nobody may pass.
    classes
        The same people by rule, group and edge, with the ``profile``, ``kind``, ``nationality``
        and ``exposure_class`` of the group. ``group_id`` is missing where ways are not told
        apart. See `by_class`.
    crossings
        By rule, crossing and country that is entered: ``flow_persons``, and of
        `assign_equilibrium` and `assign_logit` ``queue_min``, how long people wait because it is
        full.
    ways
        Ways of each pair, one a row: ``persons``, ``time_min``, and ``edge_ids`` and
        ``crossing_ids`` in their order, ``|`` between them. Empty for Dial's loading, which does
        not tell ways apart.
    od
        The pairs: ``served_persons``, ``unserved_persons``, and ``time_min`` of the least way at
        the end, `inf` where there is none.
    over_throughput
        By rule, crossing and country that is entered, where more people pass in a day than the
        crossing lets pass: ``flow_persons_per_day``, ``throughput_persons_per_day``. Empty where
        queues are part of the method.
    gap
        Relative gap by rule; 0 where nothing is iterated.
    converged
        Whether every rule reached the gap that was asked for.
    """

    edges: pd.DataFrame
    classes: pd.DataFrame
    crossings: pd.DataFrame
    ways: pd.DataFrame
    od: pd.DataFrame
    over_throughput: pd.DataFrame
    gap: dict[str, float]
    converged: bool

    @property
    def served_persons(self) -> dict[str, float]:
        """People who are on their way, by rule."""
        return self._sums("served_persons")

    @property
    def unserved_persons(self) -> dict[str, float]:
        """People who could not be loaded, by rule."""
        return self._sums("unserved_persons")

    def _sums(self, column: str) -> dict[str, float]:
        sums = self.od.groupby("rule")[column].sum()
        return dict(zip(sums.index.astype(str), sums.tolist(), strict=True))

    def by_class(self, *columns: str) -> pd.DataFrame:
        """Add up the people on each edge by what they are.

        Parameters
        ----------
        *columns
            Of ``group_id``, ``profile``, ``kind``, ``nationality`` and ``exposure_class``; left
            out: all but the group.

        Returns
        -------
        pandas.DataFrame
            By ``rule``, the columns and ``edge_id``: ``flow_persons``, ``forward_persons`` and
            ``backward_persons``. They add up to those of `edges`.

        Raises
        ------
        InputError
            If there is no such column, or groups are not told apart.

        Examples
        --------
        >>> from mobility_geo.datasets import load_toy
        >>> from mobility_geo.flows import choose_destinations
        >>> case = load_toy()
        >>> flows = assign_all_or_nothing(case, choose_destinations(case, rules=["least_time"]))
        >>> flows.by_class("nationality")[["nationality", "edge_id", "flow_persons"]].head(1)
          nationality      edge_id  flow_persons
        0         TOA  board-river           300
        """
        wanted = columns or WHO
        strange = [name for name in wanted if name not in {"group_id", *WHO}]
        if strange:
            known = ("group_id", *WHO)
            raise InputError(
                [
                    f"by_class takes {', '.join(known)}, not {one!r}{suggest(one, known)}"
                    for one in strange
                ]
            )
        if "group_id" in wanted and bool(self.classes["group_id"].isna().any()):
            msg = (
                "these flows do not tell groups apart; leave out 'group_id', or take a method that "
                "tells ways apart: all-or-nothing, equilibrium or dissimilar ways"
            )
            raise InputError(msg)
        key = ["rule", *dict.fromkeys(wanted), "edge_id"]
        # nobody without an exposure class may get lost
        summed = self.classes.groupby(key, dropna=False)[list(PEOPLE)].sum()
        found: pd.DataFrame = summed.reset_index()
        return found

    def warnings(self) -> tuple[str, ...]:
        """Say in one sentence each what these flows leave out of account.

        Returns
        -------
        tuple of str
            One for each crossing that more people pass in a day than it lets pass.

        Examples
        --------
        >>> from mobility_geo.datasets import load_toy
        >>> from mobility_geo.flows import choose_destinations
        >>> case = load_toy()
        >>> assign_all_or_nothing(case, choose_destinations(case)).warnings()
        ()
        """
        over = self.over_throughput
        told = ("rule", "crossing_name", "into_country")
        numbers = over[[f"{name}_persons_per_day" for name in ("flow", "throughput")]]
        return tuple(
            f"{rule}: {name} into {country}: {flow:,.0f} people a day, {flow - most:,.0f} more "
            f"than its throughput of {most:,.0f}; nobody queues by this method: take equilibrium, "
            "or spread the flows over more days"
            for (rule, name, country), (flow, most) in zip(
                over[list(told)].itertuples(index=False, name=None),
                numbers.to_numpy(dtype=np.float64).tolist(),
                strict=True,
            )
        )


def assign_all_or_nothing(
    case: Case,
    od: ODMatrix,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    days: float = 1.0,
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
    days
        Over how many days, > 0, the flows are spread evenly: it only matters for the comparison
        with the throughput of crossings.

    Returns
    -------
    EdgeFlows
        Whole people, conserved: at every node what comes in and starts goes out or ends. A flow
        whose destination cannot be reached counts as unserved.

    Raises
    ------
    UnknownIdError
        If a group is not in the case, or an origin or destination is no place of the network.
    InputError
        If `days` is out of range.
    ConservationError
        If people got lost: a fault of the toolkit.

    Notes
    -----
    Nobody minds how many others take the same way, and no crossing is ever full: `over_throughput`
    names those that would be. Of two equally quick ways one takes all.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import choose_destinations
    >>> case = load_toy()
    >>> flows = assign_all_or_nothing(case, choose_destinations(case))
    >>> flows.served_persons["least_time"], flows.unserved_persons["least_time"]
    (300, 1450)
    """
    check_days(days)
    network = case.network
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    check_ids(case, od.table)
    groups = case.groups.set_index("group_id", drop=False)
    parts = []
    # without any flows the tables are empty, not missing
    for rule in od.rules() or ("",):
        table = od.table[(od.table["rule"] == rule).to_numpy(dtype=bool)].reset_index(drop=True)
        people = table["flow_persons"].to_numpy(dtype=np.int64)
        going = np.flatnonzero(people > 0)
        travellers = travellers_of(groups.loc[table["group_id"].iloc[going]])
        minutes = np.full(len(table), np.inf)
        arcs: dict[int, npt.NDArray[np.int32]] = {}
        held: list[Conditions] = []
        dense: list[ArcCosts] = []
        kind = np.zeros(len(table), dtype=np.int64)
        for traveller in sorted(set(travellers)):
            rows = going[[one == traveller for one in travellers]]
            kind[rows] = len(held)
            held.append(conditions(network, laid, day, traveller))
            costs = held[-1].dense()
            dense.append(costs)
            origin, destination = table["origin_id"].iloc[rows], table["destination_id"].iloc[rows]
            starts, ends = sorted(set(origin)), sorted(set(destination))
            ways = solve_ways(
                network,
                costs,
                access_set(network, costs, starts),
                access_set(network, costs, ends, leaving=False),
            )
            pairs = zip(pd.Index(starts).get_indexer(origin),
                        pd.Index(ends).get_indexer(destination), strict=True)  # fmt: skip
            taken: dict[tuple[int, int], npt.NDArray[np.int32]] = {}
            for row, (one, two) in zip(rows.tolist(), pairs, strict=True):
                pair = int(one), int(two)
                minutes[row] = ways.units[pair] * QUANTUM["time_min"]
                if np.isfinite(minutes[row]):
                    if pair not in taken:
                        taken[pair] = ways.arcs(*pair)
                    arcs[row] = taken[pair]
        served = np.where(np.isfinite(minutes), people, 0)
        left = table["unserved_persons"].to_numpy(dtype=np.int64) + people - served
        if rule and int(served.sum() + left.sum()) != od.persons(rule):
            msg = f"{rule}: loaded {served.sum()} + {left.sum()} of {od.persons(rule)} people"
            raise ConservationError(msg)
        rows = np.array(sorted(arcs), dtype=np.int64)
        links = [arcs[row] for row in rows.tolist()]
        by_kind = np.zeros((len(held), len(network.arcs)), dtype=np.int64)
        for row, way in zip(rows.tolist(), links, strict=True):
            by_kind[kind[row], way] += people[row]
        load = by_kind.sum(axis=0)
        parts.append(
            EdgeFlows(
                edges=edge_table(network, load).assign(rule=rule)[list(EDGE_FLOWS.names)],
                classes=class_table(case, table, rows, people[rows], links),
                crossings=crossing_table(case, rule, load)[list(CROSSING_FLOWS.names)],
                ways=way_table(network, table, rows, people[rows], minutes[rows], links),
                od=table[list(PAIR)].assign(
                    served_persons=served, unserved_persons=left, time_min=minutes
                ),
                over_throughput=over_throughput(case, rule, by_kind / days, held, dense),
                gap={rule: 0.0} if rule else {},
                converged=True,
            )
        )
    found = join_parts(parts)
    return replace(
        found,
        edges=check_table(found.edges, EDGE_FLOWS),
        crossings=check_table(found.crossings, CROSSING_FLOWS),
    )


def join_parts(parts: Sequence[EdgeFlows]) -> EdgeFlows:
    """Return the flows of all rules as one."""

    def tables(name: str) -> pd.DataFrame:
        found: list[pd.DataFrame] = [getattr(part, name) for part in parts]
        some = [one for one in found if len(one)]
        if some:
            return pd.concat(some, ignore_index=True)
        # columns of text that come from operations on no rows cannot be joined with others
        return pd.DataFrame(
            {key: pd.Series([], dtype=kind) for key, kind in found[0].dtypes.items()}
        )

    return EdgeFlows(
        edges=tables("edges"), classes=tables("classes"), crossings=tables("crossings"),
        ways=tables("ways"), od=tables("od"), over_throughput=tables("over_throughput"),
        gap={rule: gap for part in parts for rule, gap in part.gap.items()},
        converged=all(part.converged for part in parts),
    )  # fmt: skip


def check_days(days: float) -> None:
    """Check over how many days flows are spread.

    Raises
    ------
    InputError
        If it is no number above 0.
    """
    if not (np.isfinite(days) and days > 0):
        msg = f"days must be > 0; it is {days:g}"
        raise InputError(msg)


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


def edge_table(network: Network, load: Persons) -> pd.DataFrame:
    """Return the people on each edge, in both directions, from those on arcs."""
    arcs = network.arcs
    loaded = np.flatnonzero(load)
    used, at = np.unique(arcs.edge[loaded], return_inverse=True)
    both = np.zeros((2, len(used)), dtype=load.dtype)
    np.add.at(both, (arcs.forward[loaded].astype(np.intp), at), load[loaded])
    backward, forward = both
    return pd.DataFrame(
        {
            "edge_id": network.edges["edge_id"].iloc[used].to_numpy(),
            "flow_persons": forward + backward,
            "forward_persons": forward,
            "backward_persons": backward,
        }
    ).astype({"edge_id": "str"})


def class_table(
    case: Case,
    pairs: pd.DataFrame,
    rows: npt.NDArray[np.int64],
    persons: Persons,
    links: Sequence[npt.NDArray[np.int32]],
) -> pd.DataFrame:
    """Return the people on each edge by group, from ways: `rows` says the pair of each."""
    network = case.network
    arcs = network.arcs
    names, group = np.unique(pairs["group_id"].iloc[rows].to_numpy(dtype=object),
                             return_inverse=True)  # fmt: skip
    length = [len(one) for one in links]
    arc = np.concatenate([np.zeros(0, dtype=np.int32), *links])
    passed = pd.DataFrame(
        {
            "group": np.repeat(group, length),
            "edge": arcs.edge[arc],
            "forward_persons": np.where(arcs.forward[arc], np.repeat(persons, length), 0),
            "backward_persons": np.where(arcs.forward[arc], 0, np.repeat(persons, length)),
        }
    )
    found = passed.groupby(["group", "edge"], as_index=False).sum()
    who = case.groups.set_index("group_id").loc[names[found["group"]], list(WHO)]
    edges = network.edges["edge_id"].iloc[found["edge"]]
    table = pd.DataFrame(
        {
            "rule": pd.Series(pairs["rule"].iloc[:1].tolist() * len(found), dtype="str"),
            "group_id": pd.Series(names[found["group"]], dtype="str"),
            **{name: pd.Series(who[name].astype("str").to_numpy(), dtype="str") for name in WHO},
            "edge_id": pd.Series(edges.to_numpy(), dtype="str"),
            "flow_persons": found["forward_persons"] + found["backward_persons"],
            "forward_persons": found["forward_persons"],
            "backward_persons": found["backward_persons"],
        }
    )
    return table.astype(dict.fromkeys(PEOPLE, persons.dtype))


def way_table(
    network: Network,
    pairs: pd.DataFrame,
    rows: npt.NDArray[np.int64],
    persons: Persons,
    minutes: FloatArray,
    links: Sequence[npt.NDArray[np.int32]],
) -> pd.DataFrame:
    """Return ways, one a row; `rows` says the pair of each, `links` its arcs."""
    arc = np.concatenate([np.zeros(0, dtype=np.int32), *links])
    used, at = np.unique(network.arcs.edge[arc], return_inverse=True)
    edges = network.edges.iloc[used]
    names = edges["edge_id"].to_numpy(dtype=object)
    at_border = edges["crossing_id"].fillna("").to_numpy(dtype=object)
    taken = np.split(at, np.cumsum([len(one) for one in links]))[: len(links)]
    return pairs.iloc[rows][list(PAIR)].reset_index(drop=True).assign(
        persons=persons,
        time_min=minutes,
        edge_ids=pd.Series(["|".join(names[one]) for one in taken], dtype="str"),
        crossing_ids=pd.Series(
            ["|".join(filter(None, at_border[one])) for one in taken], dtype="str"
        ),
    )  # fmt: skip


def crossing_table(
    case: Case,
    rule: str,
    load: Persons,
    queue: FloatArray | None = None,
) -> pd.DataFrame:
    """Return the people per crossing and country that is entered, and how long they wait."""
    used, table = _at_border(case.network, rule, load)
    table["flow_persons"] = load[used]
    table["queue_min"] = np.zeros(len(used)) if queue is None else queue[used]
    table = table.groupby(list(CROSSING), as_index=False).agg(
        flow_persons=("flow_persons", "sum"), queue_min=("queue_min", "max")
    )
    table.insert(2, "crossing_name", _names(case.network, table["crossing_id"]))
    return table.sort_values(
        ["flow_persons", *CROSSING], ascending=[False, True, True, True], ignore_index=True
    )


def over_throughput(
    case: Case,
    rule: str,
    load_per_day: FloatArray,
    held: Sequence[Conditions],
    costs: Sequence[ArcCosts],
) -> pd.DataFrame:
    """Return the crossings that more people pass in a day than they let pass.

    `load_per_day` is by class and arc. A throughput for some classes is held against those it is
    for; of several that are exceeded the one by which most is told.
    """
    used, table = _at_border(case.network, rule, load_per_day.sum(axis=0))
    load, limits = load_per_day[:, used], arc_throughput(used, held, costs)
    rows = []
    # the edges of one crossing share its throughput
    for key, part in table.groupby(list(CROSSING)):
        flow, most = load[:, part.index], limits[:, part.index].min(axis=1)
        over = [
            (float(flow[most <= number].sum()), float(number))
            for number in np.unique(most[np.isfinite(most)])
        ]
        over = [pair for pair in over if pair[0] > (1 + 1e-9) * pair[1]]
        if over:
            rows.append((*key, *max(over, key=lambda pair: pair[0] - pair[1])))
    names = [*CROSSING, "flow_persons_per_day", "throughput_persons_per_day"]
    found = pd.DataFrame(rows, columns=names).astype(
        dict.fromkeys(CROSSING, "str") | dict.fromkeys(names[-2:], "float64")
    )
    found.insert(2, "crossing_name", _names(case.network, found["crossing_id"]))
    return found


def arc_throughput(
    arcs: npt.NDArray[np.int64], held: Sequence[Conditions], costs: Sequence[ArcCosts]
) -> FloatArray:
    """Return how many people a day each arc lets pass, by class.

    Parameters
    ----------
    arcs
        Rows of `Network.arcs`.
    held, costs
        Conditions of each class, and the same dense.

    Returns
    -------
    numpy.ndarray
        Shape (classes, arcs); `inf` where there is no limit, or the arc is closed to the class,
        which says nothing about the others.
    """
    limits = np.full((len(held), len(arcs)), np.inf)
    for row, one, cost in zip(limits, held, costs, strict=True):
        row[:] = np.where(cost.open[arcs], one.throughput()[arcs], np.inf)
    return limits


def _at_border(
    network: Network, rule: str, load: Persons
) -> tuple[npt.NDArray[np.int64], pd.DataFrame]:
    """Return the arcs with people that pass a crossing; which, and into which country."""
    arcs = network.arcs
    used = np.flatnonzero(load > 0)
    crossing = network.edges["crossing_id"].iloc[arcs.edge[used]]
    there = crossing.notna().to_numpy(dtype=bool)
    used = used[there]
    into = network.nodes["country"].iloc[arcs.head[used]]
    return used, pd.DataFrame(
        {
            "rule": pd.Series([rule] * len(used), dtype="str"),
            "crossing_id": pd.Series(crossing[there].to_numpy(), dtype="str"),
            "into_country": pd.Series(into.to_numpy(), dtype="str"),
        }
    )


def _names(network: Network, crossings: pd.Series) -> pd.Series:
    names = network.crossings.set_index("crossing_id")["name"]
    found: pd.Series = crossings.map(names).astype("str")
    return found

"""Status of every person: can reach, stranded, isolated or unknown; why, and where held."""

import calendar
import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from mobility_geo.errors import ConservationError
from mobility_geo.flows import round_to_total
from mobility_geo.network import Network
from mobility_geo.outcomes.capacity import placed_persons
from mobility_geo.routing import GroupWays, find_group_ways
from mobility_geo.scenario import Case, Scenario
from mobility_geo.scenario.disruptions import CAUSE_OF_KIND
from mobility_geo.schema import CAUSES, STATUS, check_table, records

GROUP_COLUMNS = (
    "group_id", "base", "place_id", "kind", "nationality", "profile", "trip", "destination_set",
)  # fmt: skip
"""What every row of statuses repeats of its group."""

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def find_stranded(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    with_causes: bool = True,
) -> pd.DataFrame:
    """Find who can reach a destination, who is stranded, isolated or unknown, and why.

    Stranded (residents: cut off) are those who could reach an allowed destination inside every
    budget on the same date without any disruption, and cannot under the scenario. Isolated could
    not even then. Unknown are those whose place is not attached to the network, or whose answer
    hangs on an edge last reported longer ago than ``case.limits.unknown_after_days``.

    Parameters
    ----------
    case
        The question.
    scenario, when
        Scenario and day to take instead of the case's own.
    with_causes
        Also find which kind of disruption does it; needs six more solves for the stranded.

    Returns
    -------
    pandas.DataFrame
        Schema `STATUS`: one row per group and outcome. People are conserved to the person, in
        the best, the low and the high figure.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    ConservationError
        If people got lost: a fault of the toolkit.

    Notes
    -----
    Budgets are tested on the least-time way; a slower way that stays inside a risk or money
    budget is not looked for. Stranded is not trapped (unable to move and needing to; Black &
    Collyer, Forced Migration Review 45, 2014), nor IOM's legal term of a stranded migrant, nor
    OCHA's hard to reach, which looks from the aid side.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> found = find_stranded(load_toy())
    >>> found.groupby("status")["persons"].sum().to_dict()
    {'can_reach': 300, 'stranded': 1400, 'unknown': 50}
    >>> found[["reason", "causes_all", "held_name"]].iloc[0].tolist()
    ['no_mode', 'insecurity|border', 'Gate']
    """
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    question = _Question(case=case, scenario=laid, day=day)
    now = question.ways(laid)
    base = question.ways(laid.baseline())
    groups = now.groups
    persons = groups["persons"].to_numpy(dtype=np.int64)
    reached = question.placed(now)
    reached_base = question.placed(base)
    unattached = _unattached(case, groups)
    hanging = question.hangs_on_old_reports(reached)
    unknown = np.where(unattached, persons, hanging)
    can = np.minimum(reached, persons - unknown)
    lost = persons - unknown - can
    stranded = np.minimum(np.maximum(reached_base - can, 0), lost)
    isolated = lost - stranded
    reasons = _Reasons.find(question, now, np.flatnonzero(lost > 0), reached)
    causes = (
        question.causes(np.flatnonzero(stranded > 0), reached)
        if with_causes
        else {int(row): () for row in np.flatnonzero(stranded > 0)}
    )
    seasonal = question.reaches_in_another_month(np.flatnonzero(isolated > 0))
    target = now.nearest(now.within())
    usual = base.nearest(base.within())
    rows: list[dict[str, object]] = []
    for i, group in enumerate(records(groups)):
        parts = {"can_reach": can[i], "stranded": stranded[i], "isolated": isolated[i],
                 "unknown": unknown[i]}  # fmt: skip
        low, high = (_spread(list(parts.values()), int(group[name]))
                     for name in ("persons_low", "persons_high"))  # fmt: skip
        for number, (status, count) in enumerate(parts.items()):
            if count == 0 and not (persons[i] == 0 and number == 0):
                continue
            row: dict[str, object] = {
                **{name: group[name] for name in GROUP_COLUMNS}, "status": status,
                "persons": int(count), "persons_low": int(low[number]),
                "persons_high": int(high[number]),
            }  # fmt: skip
            if usual[i] >= 0:
                row["baseline_time_min"] = float(base.time_min[i, usual[i]])
            if status == "can_reach" and target[i] >= 0:
                j = int(target[i])
                row |= {"destination_place_id": now.destination_ids[j],
                        "time_min": float(now.time_min[i, j]),
                        "length_m": float(now.length_m[i, j]),
                        "cost_xof": float(now.cost_xof[i, j]),
                        "risk": float(now.risk[i, j])}  # fmt: skip
            if status in {"stranded", "isolated"}:
                row |= reasons.words(i, full=bool(reached[i] > 0))
            if status == "isolated":
                row["isolated_kind"] = "seasonal" if i in seasonal else "permanent"
            if status == "stranded":
                row["status"] = "cut_off" if group["base"] == "residents" else "stranded"
                row |= _cause_words(causes[i])
                if group["base"] == "movers":
                    row |= _held(case, now, base, i, int(usual[i]), str(row["reason"]))
            rows.append(row)
    table = pd.DataFrame(rows, columns=list(STATUS.names))
    place = case.network.places.set_index("place_id")
    table["pcode"] = table["place_id"].map(place["pcode"])
    table["country"] = table["place_id"].map(place["country"])
    table = check_table(table, STATUS)
    _check_conserved(table, groups)
    return table


def _spread(parts: list[int], total: int) -> IntArray:
    """Spread the low or high figure as the best one; without a best figure, all are in the first.

    Parameters
    ----------
    parts
        Best figure by outcome, people.
    total
        Low or high figure, people.

    Returns
    -------
    numpy.ndarray
        int64, one per outcome; sums to `total`.
    """
    return round_to_total(parts if any(parts) else [1, *([0] * (len(parts) - 1))], total)


def _check_conserved(table: pd.DataFrame, groups: pd.DataFrame) -> None:
    """Check that every group keeps its people.

    Raises
    ------
    ConservationError
        If it does not.
    """
    for column in ("persons", "persons_low", "persons_high"):
        found = table.groupby("group_id")[column].sum()
        asked = groups.set_index("group_id")[column]
        wrong = asked[found.reindex(asked.index).fillna(0) != asked]
        if len(wrong):
            msg = f"{column} not conserved for groups {wrong.index.tolist()[:3]}"
            raise ConservationError(msg)


def _unattached(case: Case, groups: pd.DataFrame) -> BoolArray:
    attached = set(case.network.accesses["place_id"])
    return ~groups["place_id"].isin(attached).to_numpy(dtype=bool)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Question:
    """One case, scenario and day; answers variations of the question for some groups."""

    case: Case
    scenario: Scenario
    day: dt.date

    def ways(
        self,
        scenario: Scenario,
        rows: IntArray | None = None,
        *,
        any_mode: bool = False,
        ignore_borders: bool = False,
        also_closed: Collection[int] = (),
    ) -> GroupWays:
        """Find the ways of all groups, or of some rows of them."""
        groups = self.case.groups if rows is None else self.case.groups.iloc[rows]
        return find_group_ways(
            self.case, scenario, self.day if scenario.start <= self.day <= scenario.end else None,
            groups=groups, any_mode=any_mode, ignore_borders=ignore_borders,
            also_closed=also_closed,
        )  # fmt: skip

    def placed(self, ways: GroupWays) -> IntArray:
        """Place movers and residents apart: residents only might move."""
        open_now = self.case.destinations_on(self.day)
        result = np.zeros(len(ways.groups), dtype=np.int64)
        for base in ("movers", "residents"):
            rows = np.flatnonzero((ways.groups["base"] == base).to_numpy(dtype=bool))
            if len(rows):
                result[rows] = placed_persons(_some(ways, rows), open_now)
        return result

    def hangs_on_old_reports(self, reached: IntArray) -> IntArray:
        """Return how many people of each group could no longer reach if old reports were wrong."""
        days = self.case.limits.unknown_after_days
        reported = self.case.network.edges["state_reported_on"]
        if days is None or not bool(reported.notna().any()):
            return np.zeros_like(reached)
        old = pd.Timestamp(self.day) - reported > pd.Timedelta(days=days)
        edges = np.flatnonzero(old.to_numpy(dtype=bool))
        if not len(edges):
            return np.zeros_like(reached)
        without = self.placed(self.ways(self.scenario, also_closed=edges.tolist()))
        hanging: IntArray = np.maximum(reached - without, 0)
        return hanging

    def causes(self, rows: IntArray, reached: IntArray) -> dict[int, tuple[str, ...]]:
        """Return for each stranded group the causes whose lifting alone frees some of it."""
        found: dict[int, list[str]] = {int(row): [] for row in rows}
        if not len(rows):
            return {}
        active = {CAUSE_OF_KIND[d.kind] for d in self.scenario.active(self.day)}
        for cause in (name for name in CAUSES if name in active):
            kinds = [kind for kind, of in CAUSE_OF_KIND.items() if of == cause]
            lifted = self.freed(self.scenario.without(kinds=kinds), rows, reached)
            for row in rows[lifted > 0]:
                found[int(row)].append(cause)
        return {row: tuple(causes) for row, causes in found.items()}

    def freed(self, scenario: Scenario, rows: IntArray, reached: IntArray) -> IntArray:
        """Return how many more people of some groups reach under another scenario."""
        if self.case.destinations["capacity_persons"].notna().any():
            after = self.placed(self.ways(scenario))[rows]  # everybody competes for places
        else:
            after = self.placed(self.ways(scenario, rows))
        more: IntArray = np.maximum(after - reached[rows], 0)
        return more

    def reaches_in_another_month(self, rows: IntArray) -> set[int]:
        """Return the groups that reach a destination in the normal season of another month."""
        found: set[int] = set()
        for month in range(1, 13):
            rest = np.array([row for row in rows if int(row) not in found], dtype=np.int64)
            if not len(rest):
                break
            day = dt.date(self.day.year, month, calendar.monthrange(self.day.year, month)[1])
            quiet = Scenario(name=self.scenario.name, when=day, start=day, end=day)
            ways = find_group_ways(self.case, quiet, groups=self.case.groups.iloc[rest])
            found |= {int(row) for row in rest[ways.within().any(axis=1)]}
        return found


def _some(ways: GroupWays, rows: IntArray) -> GroupWays:
    return GroupWays(
        case=ways.case, groups=ways.groups.iloc[rows].reset_index(drop=True),
        destination_ids=ways.destination_ids, allowed=ways.allowed[rows],
        time_min=ways.time_min[rows], length_m=ways.length_m[rows],
        cost_xof=ways.cost_xof[rows], risk=ways.risk[rows], in_risk=ways.in_risk[rows],
        in_time=ways.in_time[rows], in_money=ways.in_money[rows], ways=ways.ways, held=ways.held,
    )  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Reasons:
    """The first reason of each group that cannot reach, and every reason by itself."""

    first: dict[int, str]
    every: dict[int, list[str]]

    def words(self, row: int, *, full: bool) -> dict[str, object]:
        """Return the reason columns; groups of which some reach lack capacity only."""
        if full:
            return {"reason": "over_capacity", "reasons_all": "over_capacity"}
        return {"reason": self.first[row], "reasons_all": "|".join(self.every[row])}

    @classmethod
    def find(
        cls, question: _Question, now: GroupWays, rows: IntArray, reached: IntArray
    ) -> "_Reasons":
        first: dict[int, str] = {}
        every: dict[int, list[str]] = {}
        rows = rows[reached[rows] == 0]
        if not len(rows):
            return cls(first=first, every=every)
        served = question.scenario.without(kinds=["service"])

        def linked(
            *, any_mode: bool = False, ignore_borders: bool = False, service: bool = False
        ) -> BoolArray:
            scenario = question.scenario if service else served
            ways = question.ways(scenario, rows, any_mode=any_mode, ignore_borders=ignore_borders)
            return np.asarray(ways.path().any(axis=1))

        tests = {
            "disconnected": linked(any_mode=True, ignore_borders=True),
            "border": linked(any_mode=True),
            "no_mode": linked(),
            "no_service": linked(service=True),
        }
        alone = {
            "border": tests["border"],
            "no_mode": linked(ignore_borders=True),
            "no_service": linked(any_mode=True, ignore_borders=True, service=True),
        }
        some = _some(now, rows)
        path = some.path()
        budgets = {"over_risk": some.in_risk, "over_time": some.in_time,
                   "over_money": some.in_money}  # fmt: skip
        for position, row in enumerate(rows):
            ok = path[position].copy()
            reason = next((name for name, test in tests.items() if not test[position]), "")
            own = []
            if tests["disconnected"][position]:
                own += [name for name, test in alone.items() if not test[position]]
            for name, inside in budgets.items():
                if path[position].any() and not (path[position] & inside[position]).any():
                    own.append(name)
                ok &= inside[position]
                if not reason and not ok.any():
                    reason = name
            reason = reason or "over_capacity"
            first[int(row)] = reason
            every[int(row)] = [reason, *(name for name in own if name != reason)]
        return cls(first=first, every=every)


def _cause_words(causes: tuple[str, ...]) -> dict[str, object]:
    if not causes:
        return {"cause": "joint", "causes_all": "joint"}
    return {"cause": causes[0], "causes_all": "|".join(causes)}


def _held(
    case: Case, now: GroupWays, base: GroupWays, row: int, column: int, reason: str
) -> dict[str, object]:  # fmt: skip
    """Find the last place that is reached on the way they would have gone in the baseline."""
    network = case.network
    group = now.groups.iloc[row]
    traveller = now.traveller(row)
    arcs = base.arcs(row, column)
    costs = now.held[traveller].dense()
    start = network.accesses.loc[network.accesses["place_id"] == group["place_id"], "node_id"]
    node = int(network.arcs.tail[arcs[0]]) if len(arcs) else int(
        network.node_positions([start.iloc[0]])[0])  # fmt: skip
    spent = {"time_min": 0.0, "cost_xof": 0.0, "risk": 0.0}
    limit = _budgets(case, group)
    blocking = -1
    for arc in arcs:
        if not costs.open[arc]:
            blocking = int(arc)
            break
        spent["time_min"] += float(costs.time_min[arc])
        spent["cost_xof"] += float(costs.cost_xof[arc])
        spent["risk"] += float(costs.risk[arc])
        if any(spent[name] > limit[name] for name in limit):
            blocking = int(arc)
            break
        node = int(network.arcs.head[arc])
    if reason == "over_capacity":
        return _held_words(network, node, "station", None)
    crossing = None
    if blocking >= 0:
        name = network.edges["crossing_id"].iloc[int(network.arcs.edge[blocking])]
        crossing = None if pd.isna(name) else str(name)
    kind = str(network.nodes["kind"].iloc[node])
    held_kind = "crossing" if crossing or kind == "crossing" else (
        "settlement" if kind in {"settlement", "port"} else "dispersed")  # fmt: skip
    if held_kind == "crossing" and crossing is None:
        crossing = _crossing_at(case, node)
    return _held_words(network, node, held_kind, crossing)


def _budgets(case: Case, group: pd.Series) -> dict[str, float]:
    def pick(own: float, default: float | None, scale: float) -> float:
        value = default if np.isnan(own) else own
        return np.inf if value is None else float(value) * scale

    return {
        "time_min": pick(group["time_limit_h"], case.limits.time_limit_h, 36_000),
        "cost_xof": pick(group["money_xof"], None, 1),
        "risk": pick(group["risk_limit"], case.limits.risk_limit, 1e6),
    }


def _crossing_at(case: Case, node: int) -> str | None:
    network = case.network
    node_id = network.nodes["node_id"].iloc[node]
    edges = network.edges[network.edges["crossing_id"].notna()]
    here = edges[(edges["from_node_id"] == node_id) | (edges["to_node_id"] == node_id)]
    return str(here["crossing_id"].iloc[0]) if len(here) else None


def _held_words(
    network: Network, node: int, held_kind: str, crossing: str | None
) -> dict[str, object]:
    row = network.nodes.iloc[node]
    name = row["name"]
    if crossing is not None:
        found = network.crossings.loc[network.crossings["crossing_id"] == crossing, "name"]
        name = found.iloc[0]
    elif pd.isna(name):
        nearest = int(shapely.distance(network.places.geometry.to_numpy(), row.geometry).argmin())
        name = f"near {network.places['name'].iloc[nearest]}"
    return {
        "held_node_id": str(row["node_id"]), "held_name": str(name), "held_kind": held_kind,
        "held_crossing_id": crossing,
    }  # fmt: skip

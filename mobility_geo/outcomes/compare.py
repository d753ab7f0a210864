"""Two days, scenarios or networks side by side: who changed status, and which flows moved."""

import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from mobility_geo.errors import ConservationError, InputError, labels
from mobility_geo.flows import assign_all_or_nothing, choose_destinations, round_to_total
from mobility_geo.outcomes.stranded import find_stranded
from mobility_geo.routing.groups import budget_units
from mobility_geo.scenario import Case
from mobility_geo.schema import CROSSING_FLOWS, FLOW_CHANGES, check_table


def compare(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Compare the statuses of the same groups on two dates or under two scenarios.

    Parameters
    ----------
    before, after
        Two tables of `find_stranded`, of the same groups.

    Returns
    -------
    pandas.DataFrame
        ``group_id``, ``base``, ``place_id``, ``status_before``, ``status_after``, ``persons``
        and ``changed``; one row per group and pair of statuses. Within a group that is split,
        as many people as possible keep their status.

    Raises
    ------
    ConservationError
        If a group has other people in the two tables.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import find_stranded
    >>> case = load_toy()
    >>> change = compare(find_stranded(case.baseline()), find_stranded(case))
    >>> change[change["changed"]].groupby(["status_before", "status_after"])["persons"].sum()
    status_before  status_after
    can_reach      stranded        1400
    Name: persons, dtype: int64
    """
    left, right = _by_status(before), _by_status(after)
    if _totals(left) != _totals(right):
        msg = "the two tables are not about the same people; compare runs with the same groups"
        raise ConservationError(msg)
    who = before.drop_duplicates("group_id").set_index("group_id")[["base", "place_id"]]
    rows: list[dict[str, object]] = []
    for group in who.index.astype(str):
        was, now = left[group], right[group]
        moves: dict[tuple[str, str], int] = {}
        for status in set(was) & set(now):
            same = min(was[status], now[status])
            moves[status, status] = same
            was[status] -= same
            now[status] -= same
        for status, people in was.items():
            total = sum(now.values())
            if people and total:
                parts = round_to_total([now[key] for key in now], people)
                for key, part in zip(list(now), parts, strict=True):
                    moves[status, key] = moves.get((status, key), 0) + int(part)
                    now[key] -= int(part)
        rows += [
            {
                "group_id": group, "base": who.loc[group, "base"],
                "place_id": who.loc[group, "place_id"], "status_before": old,
                "status_after": new, "persons": people, "changed": old != new,
            }
            for (old, new), people in sorted(moves.items())
            if people
        ]  # fmt: skip
    columns = ["group_id", "base", "place_id", "status_before", "status_after", "persons",
               "changed"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"persons": "int64", "changed": "bool"})


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Comparison:
    """Two answers to one question side by side.

    Attributes
    ----------
    before, after
        The cases that were compared.
    when_before, when_after
        Their days.
    statuses
        As from `compare`: people by group, and by status before and after.
    edge_flows
        Schema `FLOW_CHANGES`, the largest change first; edges that nobody uses have no row.
    crossing_flows
        The same by ``crossing_id`` and ``into_country``, with ``crossing_name``.
    notes
        What a reader should know, such as edges that are in one network only, or other budgets.
    """

    before: Case
    after: Case
    when_before: dt.date
    when_after: dt.date
    statuses: pd.DataFrame
    edge_flows: pd.DataFrame
    crossing_flows: pd.DataFrame
    notes: tuple[str, ...]

    def summary(self) -> pd.DataFrame:
        """Return people by base, and status before and after.

        Returns
        -------
        pandas.DataFrame
            ``base``, ``status_before``, ``status_after``, ``persons``, ``changed``.
        """
        keys = ["base", "status_before", "status_after", "changed"]
        return self.statuses.groupby(keys)["persons"].sum().reset_index()

    def places(self) -> gpd.GeoDataFrame:
        """Return the places where somebody changed status, movers and residents apart.

        Returns
        -------
        geopandas.GeoDataFrame
            Points; ``base``, ``place_id``, ``name``, ``changed_persons``, and of these
            ``lost_persons`` (could reach before, cannot now), ``regained_persons`` (the other way
            round) and ``other_persons``; ``change`` is what most of them had: ``lost``,
            ``regained`` or ``other``. By base, most people first.
        """
        rows = self.statuses[self.statuses["changed"].to_numpy(dtype=bool)]
        was, now = rows["status_before"] == "can_reach", rows["status_after"] == "can_reach"
        table = (
            pd.DataFrame(
                {
                    "base": rows["base"],
                    "place_id": rows["place_id"],
                    "changed_persons": rows["persons"],
                    "lost_persons": rows["persons"].where(was, 0),
                    "regained_persons": rows["persons"].where(now, 0),
                    "other_persons": rows["persons"].where(~was & ~now, 0),
                }
            )
            .groupby(["base", "place_id"], as_index=False)
            .sum()
            .sort_values(["base", "changed_persons", "place_id"], ascending=[True, False, True],
                         ignore_index=True)
        )  # fmt: skip
        columns = ["lost_persons", "regained_persons", "other_persons"]
        most = table[columns].to_numpy().argmax(axis=1) if len(table) else []
        table["change"] = [("lost", "regained", "other")[number] for number in most]
        places = self.after.network.places.set_index("place_id")
        at = places.loc[table["place_id"]]
        table.insert(2, "name", at["name"].to_numpy())
        words = dict.fromkeys(("base", "place_id", "name", "change"), "str")
        found = table.astype(dict.fromkeys(["changed_persons", *columns], "int64") | words)
        return gpd.GeoDataFrame(found, geometry=at.geometry.to_numpy(), crs=places.crs)


def compare_cases(
    before: Case,
    after: Case,
    *,
    when_before: dt.date | str | None = None,
    when_after: dt.date | str | None = None,
) -> Comparison:
    """Compare two days, two scenarios, or two networks, for the same people.

    Parameters
    ----------
    before, after
        Two cases with the same groups; the same case twice for two days.
    when_before, when_after
        Days; those of the scenarios if left out.

    Returns
    -------
    Comparison
        Who changed status, and which flows moved. Edges are the same if their id is.

    Raises
    ------
    InputError
        If the groups differ in who they are, how many, where they begin, how they travel, or
        which destinations count for them.
    CalendarError
        If a day lies outside its calendar.
    ConservationError
        If people got lost: a fault of the toolkit.

    Notes
    -----
    Flows are those of the movers, by the rules of `choose_destinations`. A flow that moves from
    one edge to another shows as less on the one and more on the other.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> found = compare_cases(case, case, when_before="2013-01-05")
    >>> found.summary()[["status_before", "status_after", "persons"]].values.tolist()
    [['can_reach', 'can_reach', 300], ['can_reach', 'stranded', 1400], ['unknown', 'unknown', 50]]
    """
    _check_same_people(before, after)
    days = before.scenario.day(when_before), after.scenario.day(when_after)
    statuses, edges, crossings = [], [], []
    for case, day in zip((before, after), days, strict=True):
        statuses.append(find_stranded(case, when=day, with_causes=False))
        flows = assign_all_or_nothing(case, choose_destinations(case, when=day), when=day)
        edges.append(flows.edges)
        crossings.append(flows.crossings)
    ids = [set(case.network.edges["edge_id"]) for case in (before, after)]
    moved = _changes(edges[0], edges[1], ["rule", "edge_id"])
    moved["found_in"] = [
        "both" if edge in ids[0] and edge in ids[1] else "before" if edge in ids[0] else "after"
        for edge in moved["edge_id"]
    ]
    keys = ["rule", "crossing_id", "crossing_name", "into_country"]
    notes = [
        f"{len(only):,} edges are only in the network {word}: {labels(sorted(only))}"
        for word, only in (("before", ids[0] - ids[1]), ("after", ids[1] - ids[0]))
        if only
    ]
    notes += _other_budgets(before, after)
    return Comparison(
        before=before, after=after, when_before=days[0], when_after=days[1],
        statuses=compare(statuses[0], statuses[1]),
        edge_flows=check_table(moved, FLOW_CHANGES),
        crossing_flows=_changes(
            crossings[0][list(CROSSING_FLOWS.names)], crossings[1][list(CROSSING_FLOWS.names)], keys
        ),
        notes=tuple(notes),
    )  # fmt: skip


def _changes(before: pd.DataFrame, after: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the flows of two tables side by side, the largest change first."""
    columns = [*keys, "flow_persons"]
    both = before[columns].merge(
        after[columns], on=keys, how="outer", suffixes=("_before", "_after")
    )
    table = both[keys].copy()
    for word in ("before", "after"):
        table[f"{word}_persons"] = both[f"flow_persons_{word}"].fillna(0).astype("int64")
    table["change_persons"] = table["after_persons"] - table["before_persons"]
    size = -table["change_persons"].abs()
    order = table.assign(size=size).sort_values(["rule", "size", *keys[1:]], kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _check_same_people(before: Case, after: Case) -> None:
    """Check that two cases are about the same people.

    Raises
    ------
    InputError
        Says which groups differ.
    """
    counts = ["base", "place_id", "persons", "persons_low", "persons_high"]
    travel = ["kind", "nationality", "exposure_class", "profile", "destination_set"]
    left, right = (
        case.groups.set_index("group_id")[counts + travel].astype(object).fillna("")
        for case in (before, after)
    )
    problems = [
        f"groups only in the case {word}: {len(only)}, e.g. {labels(sorted(only))}"
        for word, only in (
            ("before", set(left.index) - set(right.index)),
            ("after", set(right.index) - set(left.index)),
        )
        if only
    ]
    both = left.index.intersection(right.index)
    for columns, words in (
        (counts, "with other people, or at another place"),
        (travel, f"that differ in {', '.join(travel[:-1])} or {travel[-1]}"),
    ):
        differ = (left.loc[both, columns] != right.loc[both, columns]).any(axis=1)
        if bool(differ.any()):
            names = sorted(both[differ.to_numpy(dtype=bool)])
            problems.append(f"groups {words}: {len(names)}, e.g. {labels(names)}")
    if problems:
        problems.append(
            "compare the same people under two days, scenarios or networks; for other people, "
            "give one case the groups of the other"
        )
        raise InputError(problems)


def _other_budgets(before: Case, after: Case) -> list[str]:
    """Say which of the same groups have another limit of time, risk or money."""
    ids = sorted(before.groups["group_id"])
    left, right = (
        budget_units(case.groups.set_index("group_id").loc[ids], case.limits)
        for case in (before, after)
    )
    words = {"time_min": "time", "risk": "risk", "cost_xof": "money"}
    notes = []
    for metric, limits in left.items():
        word = words[metric]
        names = [name for name, one, two in zip(ids, limits, right[metric], strict=True)
                 if one != two]  # fmt: skip
        if names:
            notes.append(
                f"groups with another limit of {word}: {len(names):,}, e.g. {labels(names)}"
            )
    return notes


def _by_status(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return people by group and status, statuses without people left out."""
    people: dict[str, dict[str, int]] = {}
    columns = (table[name] for name in ("group_id", "status", "persons"))
    for group, status, persons in zip(*columns, strict=True):
        of_group = people.setdefault(str(group), {})
        if persons > 0:
            of_group[str(status)] = of_group.get(str(status), 0) + int(persons)
    return {group: dict(sorted(of_group.items())) for group, of_group in people.items()}


def _totals(people: dict[str, dict[str, int]]) -> dict[str, int]:
    return {group: sum(of_group.values()) for group, of_group in people.items()}

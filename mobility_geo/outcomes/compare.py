"""Two sets of statuses side by side: who changed, and from what to what."""

import pandas as pd

from mobility_geo.errors import ConservationError
from mobility_geo.flows import round_to_total


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

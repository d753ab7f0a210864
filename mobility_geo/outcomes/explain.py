"""Why is this place stranded? An answer in words."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mobility_geo.errors import InputError
from mobility_geo.network.profiles import profile_row
from mobility_geo.outcomes.stranded import find_stranded
from mobility_geo.routing import GroupWays, find_group_ways, journey
from mobility_geo.scenario import Case, Scenario
from mobility_geo.schema import records
from mobility_geo.units import MIN_PER_H

REASON_WORDS = {
    "disconnected": "no way is left at all, by any means",
    "border": "every way left leads over a crossing that is closed to them",
    "no_mode": "a way is left, but not by the means they have",
    "no_service": "the means exist, but no transport runs",
    "over_risk": "a way is left, but its risk is over the limit",
    "over_time": "a way is left, but it takes longer than they can stand",
    "over_money": "a way is left, but it costs more than they have",
    "over_capacity": "destinations can be reached, but have no free place",
}
MOST_NAMES = 10
"""So many places are named in a message."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Explanation:
    """What was found about one place, in sentences; printing it shows them."""

    place_id: str
    place_name: str
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        """Return the sentences, one per line."""
        return "\n".join(self.sentences)

    def _repr_markdown_(self) -> str:
        """Show the sentences as a list in a notebook."""
        return f"**{self.place_name}**\n\n" + "\n".join(f"- {text}" for text in self.sentences)


def explain(
    case: Case,
    place: str,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    status: pd.DataFrame | None = None,
) -> Explanation:
    """Explain the status of the people at a place.

    Parameters
    ----------
    case
        The question.
    place
        Id, name or other spelling of a place.
    scenario, when
        Scenario and day to take instead of the case's own.
    status
        Result of `find_stranded` for the same scenario and day, if it is at hand.

    Returns
    -------
    Explanation
        Where the way they would have gone breaks, why, and what would free them.

    Raises
    ------
    UnknownIdError
        If there is no such place.
    InputError
        If no group of the case is there.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> print(explain(load_toy(), "Northtown"))  # doctest: +ELLIPSIS
    1,000 people (900 to 1,200) at Northtown by truck: stranded.
    Normally they reach Farpost in 3.3 h by road, over Gate.
    Now a way is left, but not by the means they have.
    They get as far as Gate.
    Lifting insecurity or border alone would free them; that says a modelled way would exist, ...
    Closed on their usual way: border (closed).
    """
    place_id = case.network.find_place(place)
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    mine = case.groups[(case.groups["place_id"] == place_id).to_numpy(dtype=bool)]
    name = str(case.network.places.set_index("place_id")["name"][place_id])
    if not len(mine):
        msg = f"no group of the case is at {name!r}; groups are at {_places(case)}"
        raise InputError(msg)
    found = find_stranded(case, laid, day) if status is None else status
    rows = found[found["group_id"].isin(mine["group_id"])]
    normal = find_group_ways(case, laid.baseline(), day, groups=mine)
    now = find_group_ways(case, laid, day, groups=mine)
    group_ids = normal.groups["group_id"].tolist()
    sentences: list[str] = []
    for row in records(rows):
        group = group_ids.index(row["group_id"])
        usual = int(normal.nearest(normal.within())[group])
        sentences.append(_people_words(case, name, row))
        if usual >= 0:
            sentences.append(f"Normally they reach {_way(case, normal, group, usual)}.")
        if row["status"] == "can_reach":
            nearest = int(now.nearest(now.within())[group])
            sentences.append(f"Now they reach {_way(case, now, group, nearest)}.")
        sentences += _why_words(row)
        if row["status"] in {"stranded", "cut_off"} and usual >= 0:
            sentences += _broken_words(case, normal, now, group, usual)
    return Explanation(place_id=place_id, place_name=name, sentences=tuple(sentences))


def _people_words(case: Case, place_name: str, row: Mapping[str, Any]) -> str:
    """Say who is meant, and their status; `row` is one of `STATUS`."""
    labels = case.network.profiles.set_index("profile")["label"]
    who = "residents" if row["base"] == "residents" else "people"
    status = str(row["status"]).replace("_", " ")
    return (
        f"{row['persons']:,} {who} ({row['persons_low']:,} to {row['persons_high']:,}) at "
        f"{place_name} {_by(str(labels[row['profile']]))}: {status}."
    )


def _why_words(row: Mapping[str, Any]) -> list[str]:
    """Say why, as far as the row of `STATUS` knows, and what would free them."""
    words: list[str] = []
    if row["status"] == "unknown":
        words.append(
            "The place is too far from the network to say, or the answer hangs on an edge "
            "that nobody has reported on for long."
        )
    if isinstance(row["reason"], str):
        words.append(f"Now {REASON_WORDS[row['reason']]}.")
    if isinstance(row["held_name"], str):
        words.append(f"They get as far as {row['held_name']}.")
    if isinstance(row["causes_all"], str):
        causes = row["causes_all"].split("|")
        lifted = (
            "No single kind of disruption is to blame: only lifting several would free them"
            if causes == ["joint"]
            else f"Lifting {' or '.join(causes)} alone would free them"
        )
        words.append(f"{lifted}; that says a modelled way would exist, not that it is safe.")
    return words


def _by(label: str) -> str:
    """Say how people travel: "by truck", "on foot", "with a herd"."""
    words = label if label[1:2].isupper() else f"{label[:1].lower()}{label[1:]}"
    return words if words.startswith(("on ", "by ", "with ")) else f"by {words}"


def _duration(hours: float, hours_per_day: float) -> str:
    """Say how long a way takes; longer than a day of travel, in days as well."""
    if hours <= hours_per_day:
        return f"{hours:,.1f} h"
    # what is a hair over a whole number of days is not a day more
    days = math.ceil(round(hours / hours_per_day, 6))
    return f"{hours:,.0f} h on the move, about {days:,} days,"


def _places(case: Case) -> str:
    names = sorted(set(case.groups["place_id"]))
    return ", ".join(names[:MOST_NAMES]) + (", ..." if len(names) > MOST_NAMES else "")


def _way(case: Case, ways: GroupWays, row: int, column: int) -> str:
    way = journey(case.network, ways.arcs(row, column))
    places = case.network.places.set_index("place_id")["name"]
    profile = profile_row(case.network, ways.traveller(row).profile)
    takes = _duration(
        float(ways.time_min[row, column]) / MIN_PER_H, float(profile["hours_per_day"])
    )
    text = f"{places[ways.destination_ids[column]]} in {takes}"
    if way.modes:
        text += f" by {', then '.join(way.modes)}"
    text = text.removesuffix(",")
    if way.crossing_ids:
        names = case.network.crossings.set_index("crossing_id")["name"]
        text += f", over {', '.join(names[name] for name in way.crossing_ids)}"
    return text


def _broken_words(
    case: Case, normal: GroupWays, now: GroupWays, row: int, column: int
) -> list[str]:
    """Say which disruptions close the way of a normal day; nothing if none does."""
    usual, today = (ways.ways[ways.traveller(row)] for ways in (normal, now))
    edges = case.network.edges["edge_id"].to_numpy()
    accesses = case.network.accesses
    closed = [
        str(edges[case.network.arcs.edge[arc]])
        for arc in normal.arcs(row, column)
        if not today.costs.open[arc]
    ]
    i = usual.origins.place_ids.index(str(now.groups["place_id"].iloc[row]))
    for access, then, still in (
        (int(usual.access_from[i, column]), usual.origins, today.origins),
        (int(usual.access_to[i, column]), usual.destinations, today.destinations),
    ):
        if access >= 0 and int(then.row[access]) not in still.row:
            way = accesses.iloc[int(then.row[access])]
            closed += [str(way[name]) for name in ("access_id", "edge_id") if pd.notna(way[name])]
    causes = now.held[now.traveller(row)].causes
    closing: list[str] = []
    for name in closed:
        hit = causes[causes["edge_id"] == name]
        shut = hit[hit["effect"].str.contains("closed|only")]
        closing += [f"{cause['disruption_id']} ({cause['effect']})" for cause in records(shut)]
    return [f"Closed on their usual way: {', '.join(dict.fromkeys(closing))}."] if closing else []

"""Information gaps: what moves the headline most if it turned out otherwise than assumed."""

import datetime as dt
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import InputError
from mobility_geo.outcomes.chokepoints import asked_groups, edge_labels, find_chokepoints
from mobility_geo.outcomes.intervals import SPEED_ERROR, unreported_edges
from mobility_geo.outcomes.stranded import count_people
from mobility_geo.routing import GroupWays, find_group_ways
from mobility_geo.scenario import Case, Scenario
from mobility_geo.scenario.overlay import footprints
from mobility_geo.schema import CONFIDENCES, INFORMATION_GAPS, check_table

IntArray = npt.NDArray[np.int64]


def find_information_gaps(
    case: Case,
    scenario: Scenario | None = None,
    when: dt.date | str | None = None,
    *,
    base: str = "movers",
    older_than_days: int | None = None,
    speed_error: float = SPEED_ERROR,
    progress: Callable[[float], None] | None = None,
) -> gpd.GeoDataFrame:
    """Find what to look at next: one thing at a time turns out otherwise, the rest is as assumed.

    An edge or crossing whose state nobody reported lately, taken to be open, turns out to be
    closed; a disruption turns out not to hold; a group has its low or its high number of people;
    all speeds are lower or higher. The swing is how far the number of people who cannot reach
    moves between the two ends.

    Parameters
    ----------
    case
        The question.
    scenario, when
        Scenario and day to take instead of the case's own.
    base
        ``movers`` or ``residents``.
    older_than_days
        Reports older than this are none; None: what the limits of the case say, else every edge
        that was never reported.
    speed_error
        Speeds turn out lower or higher by this, as a standard deviation of their logarithm.
    progress
        Called with the share done, 0 to 1.

    Returns
    -------
    geopandas.GeoDataFrame
        Schema `INFORMATION_GAPS`, the largest swing first; what moves nothing has no row. The
        geometry is the line of an edge, the point of a crossing or of the place of a group, the
        area of a disruption, and nothing for speeds.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    InputError
        If the case has nobody of that base, or `speed_error` is not 0 to 2.

    Notes
    -----
    People whose answer hangs on an old report count as reaching here, because that is assumed
    until somebody looks. Swings of several things do not add up. Budgets are tested on the quickest
    way, so a closure can make the quickest way a safer one, and a reopening a riskier one: such
    people are not counted, because a way that ends is no gain, nor a new one a loss. Where free
    places are counted, people take them from each other, and the net change is told.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> found = find_information_gaps(load_toy())
    >>> found.loc[found["thing"] != "group", ["thing", "id", "swing_persons"]].values.tolist()[:2]
    [['disruption', 'border', 1400], ['disruption', 'front', 1400]]
    """
    laid = case.scenario if scenario is None else scenario
    day = laid.day(when)
    if not 0 <= speed_error <= 2:  # noqa: PLR2004 # a factor of seven either way
        msg = f"speed_error must be 0 to 2, not {speed_error!r}"
        raise InputError(msg)
    tell = progress or (lambda _done: None)
    unreported = unreported_edges(case, day, older_than_days)
    asking = _Asking.of(case, laid, day, base)
    rows = _edges(asking, unreported, lambda done: tell(0.5 * done))
    rows += _disruptions(asking, lambda done: tell(0.5 + 0.4 * done))
    rows += _groups(asking)
    rows += _speeds(asking, speed_error)
    tell(1.0)
    rows = [row for row in rows if row["swing_persons"]]
    rows.sort(key=lambda row: (-row["swing_persons"], row["thing"], row["id"]))
    shapes = [row.pop("geometry") for row in rows]
    table = pd.DataFrame(rows, columns=list(INFORMATION_GAPS.names))
    table["last_reported"] = pd.to_datetime(table["last_reported"])
    checked = check_table(table, INFORMATION_GAPS)
    return gpd.GeoDataFrame(checked, geometry=shapes, crs=case.network.crs)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Asking:
    """The question, about one base of people, solved as assumed."""

    case: Case
    scenario: Scenario
    day: dt.date
    base: str
    persons: IntArray
    now: GroupWays
    usual: GroupWays
    cannot: int

    @classmethod
    def of(cls, case: Case, scenario: Scenario, day: dt.date, base: str) -> "_Asking":
        """Solve the question once, as everything is assumed."""
        people = asked_groups(case, base=base)
        asked = replace(
            case, groups=people, limits=replace(case.limits, unknown_after_days=None)
        )  # what hangs on an old report is what this is about
        found = cls(
            case=asked, scenario=scenario, day=day, base=base,
            persons=people["persons"].to_numpy(np.int64),
            now=find_group_ways(asked, scenario, day),
            usual=find_group_ways(asked, scenario.baseline(), day), cannot=0,
        )  # fmt: skip
        return replace(found, cannot=found.count(found.now))

    @property
    def competing(self) -> bool:
        """Say whether people take free places from each other."""
        return bool(self.case.destinations["capacity_persons"].notna().any())

    def each(
        self, now: GroupWays, persons: IntArray | None = None, usual: GroupWays | None = None,
        speed_factor: float = 1.0,
    ) -> IntArray:  # fmt: skip
        """Return how many people of each group cannot reach."""
        counts = count_people(
            self.case, self.scenario, self.day, now, usual or self.usual,
            self.persons if persons is None else persons, speed_factor=speed_factor,
        )  # fmt: skip
        return np.asarray(counts["stranded"] + counts["isolated"])

    def count(self, now: GroupWays) -> int:
        """Return how many people cannot reach."""
        return int(self.each(now).sum())

    def freeing(self, now: GroupWays) -> int:
        """Return how many people cannot reach if a disruption is lifted: who it frees is gone.

        Whom a quicker way over a budget takes their way is not counted against them; where free
        places are counted, one person's place is another's, and only the sum says something.
        """
        before, after = self.each(self.now), self.each(now)
        if self.competing:
            return min(int(after.sum()), self.cannot)
        return int(np.minimum(before, after).sum())

    def closing(self, edges: Collection[int]) -> int:
        """Return how many people cannot reach if some edges are closed as well."""
        return self.count(find_group_ways(self.case, self.scenario, self.day, also_closed=edges))

    def row(self, thing: str, name: str, label: str, ends: tuple[int, int], **more: Any) -> dict[str, Any]:  # noqa: ANN401, E501  # fmt: skip
        """Return a row of the table."""
        low, high = min(ends), max(ends)
        return {
            "thing": thing, "id": name, "label": label, "low_persons": low, "high_persons": high,
            "swing_persons": high - low, "probability": None, "last_reported": None,
            "confidence": None, "geometry": None, **more,
        }  # fmt: skip


def _edges(
    asking: _Asking, unreported: IntArray, tell: Callable[[float], None]
) -> list[dict[str, Any]]:
    """Ask of every unreported edge and crossing that somebody passes what its closing would do."""
    network = asking.case.network
    found = find_chokepoints(
        asking.case, asking.scenario, asking.day, base=asking.base, budgets="all",
        progress=lambda done: tell(done if not asking.competing else 0.5 * done),
    ).table  # fmt: skip
    at_border = network.edges["crossing_id"].to_numpy(dtype=object)
    reported = network.edges["state_reported_on"]
    labels = edge_labels(network).to_numpy(dtype=object)
    old = set(unreported.tolist())
    crossing = network.crossings.set_index("crossing_id")
    rows = []
    chosen = found[found["thing"].isin(["edge", "crossing"]).to_numpy(dtype=bool)]
    for number, (thing, name, gone) in enumerate(
        zip(chosen["thing"], chosen["id"], chosen["lost_persons"], strict=True), start=1
    ):
        if thing == "edge":
            edges = [int(network.edge_positions([name])[0])]
            if isinstance(at_border[edges[0]], str):
                continue  # its crossing stands for it
        else:
            edges = np.flatnonzero(at_border == name).tolist()
        if not old & set(edges):
            continue
        if asking.competing:
            lost = max(asking.closing(edges) - asking.cannot, 0)
            tell(0.5 + 0.5 * number / len(chosen))
        else:
            lost = int(gone)
        label = labels[edges[0]] if thing == "edge" else str(crossing["name"][name])
        shape = network.edges.geometry.iloc[edges[0]]
        rows.append(
            asking.row(
                thing, name, label, (asking.cannot, asking.cannot + lost), assumed="open",
                otherwise="closed", last_reported=reported.iloc[edges].max(),
                geometry=shape if thing == "edge" else crossing.geometry[name],
            )
        )  # fmt: skip
    return rows


def _disruptions(asking: _Asking, tell: Callable[[float], None]) -> list[dict[str, Any]]:
    """Ask of every disruption that holds on the day what it would be if it did not."""
    active = asking.scenario.active(asking.day)
    shapes = footprints(asking.case.network, replace(asking.scenario, disruptions=active))
    area = dict(zip(shapes["disruption_id"], shapes.geometry, strict=True))
    rows = []
    for number, one in enumerate(active, start=1):
        lifted = asking.scenario.without(ids=[one.disruption_id])
        without = asking.freeing(find_group_ways(asking.case, lifted, asking.day))
        rows.append(
            asking.row(
                "disruption", one.disruption_id, one.name or one.disruption_id,
                (asking.cannot, without),
                assumed=f"holds: {one.effect_words()}",
                otherwise="does not hold",
                probability=one.probability if one.probability < 1 else None,
                confidence=one.confidence if one.confidence in CONFIDENCES else None,
                geometry=area[one.disruption_id],
            )
        )  # fmt: skip
        tell(number / len(active))
    return rows


def _groups(asking: _Asking) -> list[dict[str, Any]]:
    """Ask of every group what its low and its high number of people would do."""
    groups = asking.case.groups
    ends = [groups[name].to_numpy(np.int64) for name in ("persons_low", "persons_high")]
    wide = np.flatnonzero(ends[0] < ends[1])
    if asking.competing:
        totals = []
        for persons in ends:
            column = np.full(len(groups), asking.cannot, dtype=np.int64)
            for at in wide.tolist():
                changed = asking.persons.copy()
                changed[at] = persons[at]
                column[at] = asking.each(asking.now, changed).sum()
            totals.append(column)
    else:
        # nobody takes a place from anybody: groups are counted apart
        best = asking.each(asking.now)
        totals = [asking.cannot - best + asking.each(asking.now, persons) for persons in ends]
    place = asking.case.network.places.set_index("place_id")
    rows = []
    for at in wide.tolist():
        group = groups.iloc[at]
        where = place.loc[group["place_id"]]
        rows.append(
            asking.row(
                "group", str(group["group_id"]),
                f"{where['name']}: {group['kind'].replace('_', ' ')}, {group['profile']}",
                (int(totals[0][at]), int(totals[1][at])),
                assumed=f"{group['persons']:,} people",
                otherwise=f"{group['persons_low']:,} to {group['persons_high']:,} people",
                geometry=where.geometry,
            )
        )  # fmt: skip
    return rows


def _speeds(asking: _Asking, speed_error: float) -> list[dict[str, Any]]:
    """Ask what lower and higher speeds would do, in the baseline as well."""
    if not speed_error:
        return []
    totals = []
    for factor in (math.exp(-speed_error), math.exp(speed_error)):
        now, usual = (
            find_group_ways(asking.case, laid, asking.day, speed_factor=factor)
            for laid in (asking.scenario, asking.scenario.baseline())
        )
        totals.append(int(asking.each(now, usual=usual, speed_factor=factor).sum()))
    low, high = math.exp(-speed_error), math.exp(speed_error)
    return [
        asking.row(
            "speeds", "all", "all speeds", (min(totals), max(totals)),
            assumed="as in the table of speeds", otherwise=f"times {low:.2f} to {high:.2f}",
        )
    ]  # fmt: skip

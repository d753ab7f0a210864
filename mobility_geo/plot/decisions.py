"""Maps for a decision: chances, information gaps, chokepoints, way stations, monitoring points."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mobility_geo.errors import InputError
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.plot import palette, situation, words
from mobility_geo.plot.scale import positions
from mobility_geo.plot.situation import Label, LegendGroup, Surround
from mobility_geo.schema import records

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from mobility_geo.outcomes import (
        Chokepoints,
        Intervals,
        MonitoringResult,
        SitingResult,
    )
    from mobility_geo.outcomes.summaries import Base
    from mobility_geo.scenario import Case

CHANCE_CLASSES: Final = (
    (0.9, "#7f0000", "in nine of ten draws, or more"),
    (0.5, "#d7301f", "more often than not"),
    (0.1, "#fc8d59", "in one of ten draws, or more"),
    (0.0, "#fdd49e", "more rarely"),
)
"""Lowest chance of a class, its colour and its words."""

LOSS_COLOURS: Final = ("#fdd49e", "#fc8d59", "#e34a33", "#b30000", "#67000d")
_LARGEST_MARK_PT2: Final = 420.0


def plot_chances(
    found: "Intervals", ax: "Axes | None" = None, *, base: "Base" = "movers"
) -> "Axes":
    """Draw the chance of being stranded (residents: cut off) at each place.

    Parameters
    ----------
    found
        From `mobility_geo.outcomes.find_intervals`.
    ax
        Axes to draw on; a new A4 page if left out.
    base
        People on the move, or residents.

    Returns
    -------
    matplotlib.axes.Axes
        In the network's metric coordinate reference system.

    Raises
    ------
    InputError
        If the case is for the public.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import Uncertainty, find_intervals
    >>> drawn = Uncertainty(most_draws=10, precision=None)
    >>> plot_chances(find_intervals(load_toy(), uncertainty=drawn)).get_aspect()
    1.0
    """
    refuse_public(found.case, "The chance of being stranded at each place")
    places = found.places()
    places = places[(places["base"] == base).to_numpy(dtype=bool)]
    shown = places[(places["stranded_mean_persons"] > 0).to_numpy(dtype=bool)]
    word = {"movers": "stranded", "residents": "cut off"}[base]
    sheet = _Sheet.open(found.case, found.when, ax, shown, places)
    largest = float(max([1.0, *shown["stranded_mean_persons"]]))
    entries: list[tuple[Artist, str]] = []
    rest = np.ones(len(shown), dtype=bool)
    chance = shown["stranded_probability"].to_numpy(dtype=np.float64)
    for lowest, colour, text in CHANCE_CLASSES:
        mine = rest & (chance >= lowest)
        rest &= ~mine
        if mine.any():
            sheet.points(shown[mine], "stranded_mean_persons", largest, "o", colour, 4 - lowest)
            entries.append((situation.circle_handle(60, face=colour, edge="white"), text))
    sheet.legend(f"Chance of being {word}", entries)
    sheet.sizes(f"People {word}, mean of the draws", largest)
    labels = sheet.labels(
        shown, "stranded_mean_persons", largest,
        lambda row: f"{row['name']}\n{words.percent(row['stranded_probability'])}: "
        f"{words.whole(row['stranded_low_persons'])} to "
        f"{words.whole(row['stranded_high_persons'])}",
    )  # fmt: skip
    return sheet.finish(
        f"How likely {base} are {word}",
        f"{len(found.draws):,} draws, seed {found.uncertainty.seed}; nine tenths of them lie "
         f"between the two numbers. Drawn: {'; '.join(found.varied)}.",
        labels,
    )  # fmt: skip


def plot_gap_map(
    case: "Case",
    gaps: gpd.GeoDataFrame,
    ax: "Axes | None" = None,
    *,
    when: dt.date | str | None = None,
    most: int = 20,
) -> "Axes":
    """Draw where to assess next: what would move the headline most if it turned out otherwise.

    Parameters
    ----------
    case
        The question.
    gaps
        From `mobility_geo.outcomes.find_information_gaps`.
    ax
        Axes to draw on; a new A4 page if left out.
    when
        Day that the gaps were asked for; None: the scenario's own.
    most
        So many are labelled at most.

    Returns
    -------
    matplotlib.axes.Axes
        In the network's metric coordinate reference system.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    InputError
        If the case is for the public, or `most` is less than 1.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import find_information_gaps
    >>> plot_gap_map(load_toy(), find_information_gaps(load_toy())).get_aspect()
    1.0
    """
    refuse_public(case, "A map of information gaps")
    _check_most(most)
    ranked = gaps.assign(rank=np.arange(1, len(gaps) + 1))
    kind = {name: ranked[(ranked["thing"] == name).to_numpy(dtype=bool)]
            for name in ("disruption", "edge", "crossing", "group")}  # fmt: skip
    spots = pd.concat([_middles(kind[name]) for name in ("edge", "crossing", "group")])
    sheet = _Sheet.open(case, case.scenario.day(when), ax, spots, case.network.places)
    largest = float(max([1, *gaps["swing_persons"]]))
    entries: list[tuple[Artist, str]] = []
    areas = _areas(kind["disruption"])
    if len(areas):
        red = palette.DISRUPTION_COLOURS["insecurity"]
        situation.draw_zones(sheet.ax, areas, facecolor=f"{red}22", edgecolor=red, linewidth=1.0,
                             zorder=2.5, gid="gap-disruptions")  # fmt: skip
        entries.append((Patch(facecolor=f"{red}22", edgecolor=red), "Does a disruption hold?"))
    if len(kind["edge"]):
        sheet.lines(kind["edge"], "swing_persons", largest, ["#8c510a"])
        entries.append((Line2D([], [], color="#8c510a", linewidth=3), "Is the way open?"))
    for name, mark, colour, text in (
        ("crossing", "s", "#6a3d9a", "Is the crossing open?"),
        ("group", "o", "#2b8cbe", "How many people are there?"),
    ):
        if len(kind[name]):
            sheet.points(kind[name], "swing_persons", largest, mark, colour, 4)
            handle = Line2D([], [], linestyle="none", marker=mark, markersize=8, color=colour,
                            markeredgecolor="white")  # fmt: skip
            entries.append((handle, text))
    sheet.legend("What nobody knows for sure", entries)
    sheet.sizes("People by whom the headline moves", largest)
    inside = kind["disruption"].loc[areas.index].set_geometry(areas.representative_point())
    labels = [
        label
        for rows, size in ((spots, largest), (inside, math.inf))
        for label in sheet.labels(
            rows[(rows["rank"] <= most).to_numpy(dtype=bool)], "swing_persons", size,
            lambda row: f"{row['rank']}. {row['label']}\n{words.whole(row['swing_persons'])}",
        )
    ]  # fmt: skip
    return sheet.finish(
        "Where to assess next",
        "Numbers are ranks by how far the people who cannot reach would move if this one thing "
         "turned out otherwise; what has no place on the map is in the table.",
        labels,
    )  # fmt: skip


def plot_chokepoints(
    case: "Case", found: "Chokepoints", ax: "Axes | None" = None, *, most: int = 12
) -> "Axes":
    """Draw what people would lose if one way or crossing closed. Never for sharing.

    Parameters
    ----------
    case
        The question.
    found
        From `mobility_geo.outcomes.find_chokepoints`.
    ax
        Axes to draw on; a new A4 page if left out.
    most
        So many are labelled at most.

    Returns
    -------
    matplotlib.axes.Axes
        In the network's metric coordinate reference system.

    Raises
    ------
    InputError
        If the case is for the public, or `most` is less than 1.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import find_chokepoints
    >>> case = load_toy()
    >>> found = find_chokepoints(case, case.scenario.baseline())
    >>> plot_chokepoints(case, found).get_aspect()
    1.0
    """
    refuse_public(case, "Chokepoints")
    _check_most(most)
    edges, crossings = (
        _with_shape(found.table, thing, frame, column)
        for thing, frame, column in (
            ("edge", case.network.edges, "edge_id"),
            ("crossing", case.network.crossings, "crossing_id"),
        )
    )
    used = pd.concat([edges, crossings])
    sheet = _Sheet.open(case, found.when, ax, used, case.network.places)
    largest = float(max([1, *used["lost_persons"].fillna(0)]))
    unharmed = edges[~(edges["lost_persons"] > 0).to_numpy(dtype=bool)]
    entries: list[tuple[Artist, str]] = []
    if len(unharmed):
        situation.draw_lines(sheet.ax, unharmed.geometry, colors="#6baed6", linewidths=1.4,
                             zorder=3, gid="edges-with-another-way")  # fmt: skip
        handle = Line2D([], [], color="#6baed6", linewidth=1.4)
        entries.append((handle, "People pass; they have another way"))
    harmed = edges[(edges["lost_persons"] > 0).to_numpy(dtype=bool)]
    entries = [*sheet.lines(harmed, "lost_persons", largest, LOSS_COLOURS), *entries]
    passed = crossings[(crossings["through_persons"] > 0).to_numpy(dtype=bool)]
    if len(passed):
        sheet.points(passed, "lost_persons", largest, "D", "#67000d", 5, area_pt2=140)
        handle = Line2D([], [], linestyle="none", marker="D", markersize=6, color="#67000d",
                        markeredgecolor="white")  # fmt: skip
        entries.append((handle, "Border crossing that people pass"))
    sheet.legend("People who could no longer reach if it closed", entries)
    top = _middles(used[(used["lost_persons"] > 0).to_numpy(dtype=bool)])
    top = top.sort_values(["lost_persons", "id"], ascending=[False, True]).head(most)
    labels = sheet.labels(
        top, "lost_persons", largest,
        lambda row: f"{row['label']}\n{words.whole(row['lost_persons'])}",
    )  # fmt: skip
    return sheet.finish(
        "If one way or crossing closed",
        f"Of {words.whole(found.persons)} people asked about, "
         f"{words.whole(found.reaching_persons)} can reach now. One closure at a time; free "
         "places at destinations are not counted.",
        labels,
    )  # fmt: skip


def plot_sites(result: "SitingResult", ax: "Axes | None" = None) -> "Axes":
    """Draw where way stations are proposed, who they serve, and who has none.

    Parameters
    ----------
    result
        From `mobility_geo.outcomes.site_way_stations` or `site_mobile_stations`.
    ax
        Axes to draw on; a new A4 page if left out.

    Returns
    -------
    matplotlib.axes.Axes
        In the network's metric coordinate reference system.

    Raises
    ------
    InputError
        If the case is for the public.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import site_way_stations
    >>> plot_sites(site_way_stations(load_toy(), new_sites=1)).get_aspect()
    1.0
    """
    refuse_public(result.case, "Way stations")
    case = result.case
    share = dict(zip(result.scenarios["scenario"], result.scenarios["probability"], strict=True))
    served = _mean_by_origin(result.assignment, share, ["origin_id", "place_id"])
    without = _mean_by_origin(result.unserved, share, ["origin_id"])
    places = case.network.places.set_index("place_id")
    lines = gpd.GeoDataFrame(
        served, crs=case.network.crs,
        geometry=[
            shapely.LineString([places.geometry[row[end]] for end in ("origin_id", "place_id")])
            for row in records(served)
        ],
    )  # fmt: skip
    left = gpd.GeoDataFrame(
        without.assign(name=[str(places["name"][one]) for one in without["origin_id"]]),
        geometry=[places.geometry[one] for one in without["origin_id"]], crs=case.network.crs,
    )  # fmt: skip
    sites = result.sites
    sheet = _Sheet.open(case, result.when, ax, pd.concat([sites, lines, left]),
                        case.network.places)  # fmt: skip
    largest = float(max([1.0, *left["persons"], *lines["persons"]]))
    entries: list[tuple[Artist, str]] = []
    if len(lines):
        situation.draw_lines(sheet.ax, lines.geometry, colors=palette.STATION_COLOUR,
                             linewidths=np.maximum(4 * lines["persons"] / largest, 0.5).tolist(),
                             alpha=0.55, zorder=3.5, gid="site-assignment")  # fmt: skip
        handle = Line2D([], [], color=palette.STATION_COLOUR, linewidth=2, alpha=0.55)
        entries.append((handle, "Who goes there (straight, not the way they take)"))
    if len(left):
        sheet.points(left, "persons", largest, "o", palette.STATUS_COLOURS["stranded"], 4)
        face = palette.STATUS_COLOURS["stranded"]
        entries.append((situation.circle_handle(60, face=face, edge="white"),
                        "People without a way station"))  # fmt: skip
    for proposal, mark, text in (("kept", "^", "Way station, kept"), ("new", "*", "Proposed")):
        rows = sites[(sites["proposal"] == proposal).to_numpy(dtype=bool)]
        if len(rows):
            size = 240 if proposal == "new" else 110
            sheet.ax.scatter(rows.geometry.x, rows.geometry.y, marker=mark, s=size,
                             color=palette.STATION_COLOUR, edgecolor="white", linewidth=1.1,
                             zorder=7, gid=f"sites-{proposal}")  # fmt: skip
            handle = Line2D([], [], linestyle="none", marker=mark, markersize=11,
                            color=palette.STATION_COLOUR, markeredgecolor="white")  # fmt: skip
            entries.append((handle, text))
    sheet.legend("Way stations", entries)
    labels = [
        Label(x=x, y=y, text=f"{row['name']}\n{words.whole(row['served_persons'])}",
              weight=1e9 + float(row["served_persons"]), radius_pt=7, size_pt=8, bold=True)
        for (x, y), row in zip(positions(sites), records(sites), strict=True)
    ]  # fmt: skip
    labels += sheet.labels(
        left, "persons", largest, lambda row: f"{row['name']}: {words.whole(row['persons'])}"
    )
    many = len(result.scenarios)
    over = f"on average over {many:,} scenarios ({result.criterion})" if many > 1 else "served"
    return sheet.finish(
        "Where way stations could stand",
        f"{words.whole(result.served_persons)} people {over}, "
         f"{words.whole(result.unserved_persons)} without a station. Model: "
         f"{result.model.replace('_', ' ')}; {result.status.replace('_', ' ')}, gap "
         f"{100 * result.gap:.1f} %. A model, not a decision: nobody looked at the ground.",
        labels,
    )  # fmt: skip


def plot_monitoring_points(result: "MonitoringResult", ax: "Axes | None" = None) -> "Axes":
    """Draw where few points see most people on the way, in the order of what each adds.

    Parameters
    ----------
    result
        From `mobility_geo.outcomes.place_monitoring_points`.
    ax
        Axes to draw on; a new A4 page if left out.

    Returns
    -------
    matplotlib.axes.Axes
        In the network's metric coordinate reference system.

    Raises
    ------
    InputError
        If the case is for the public.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import choose_destinations
    >>> from mobility_geo.outcomes import place_monitoring_points
    >>> case = load_toy()
    >>> found = place_monitoring_points(case, choose_destinations(case), new_points=1)
    >>> plot_monitoring_points(found).get_aspect()
    1.0
    """
    refuse_public(result.case, "Monitoring points")
    points = result.points
    movers = result.case.groups[(result.case.groups["base"] == "movers").to_numpy(dtype=bool)]
    network = result.case.network
    asked = network.places[network.places["place_id"].isin(movers["place_id"])]
    sheet = _Sheet.open(result.case, result.when, ax, pd.concat([points, asked]), network.places)
    largest = float(max([1.0, *points["passing_persons"]]))
    entries: list[tuple[Artist, str]] = []
    for proposal, colour, text in (("new", "#08519c", "New"), ("kept", "#6baed6", "Kept")):
        rows = points[(points["proposal"] == proposal).to_numpy(dtype=bool)]
        if len(rows):
            sheet.points(rows, "passing_persons", largest, "h", colour, 6)
            handle = Line2D([], [], linestyle="none", marker="h", markersize=9, color=colour,
                            markeredgecolor="white")  # fmt: skip
            entries.append((handle, text))
    sheet.legend("Points where people are counted", entries)
    sheet.sizes("People who pass", largest)
    labels = sheet.labels(
        points, "passing_persons", largest,
        lambda row: f"{row['rank']}. {row['name']}\n{words.whole(row['passing_persons'])} pass, "
        f"{words.whole(row['added_persons'])} of them seen nowhere before",
    )  # fmt: skip
    return sheet.finish(
        "Where to count people on the way",
        f"{words.whole(result.seen_persons)} of {words.whole(result.flowing_persons)} people on "
         f"the way pass at least one point ({result.status.replace('_', ' ')}). A count is "
         "passages, not persons.",
        labels,
    )  # fmt: skip


def _check_most(most: int) -> None:
    """Check the number of labels.

    Raises
    ------
    InputError
        If it is less than 1.
    """
    if most < 1:
        msg = f"most must be at least 1, not {most}"
        raise InputError(msg)


def _with_shape(
    table: pd.DataFrame, thing: str, frame: gpd.GeoDataFrame, column: str
) -> gpd.GeoDataFrame:
    rows = table[(table["thing"] == thing).to_numpy(dtype=bool)].reset_index(drop=True)
    at = pd.Index(frame[column]).get_indexer(pd.Index(rows["id"]))
    return gpd.GeoDataFrame(rows, geometry=frame.geometry.to_numpy()[at], crs=frame.crs)


def _areas(frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    shapes = frame.geometry
    held = shapes.geom_type.isin(["Polygon", "MultiPolygon"]) & ~shapes.is_empty
    return frame[held.to_numpy(dtype=bool)].geometry


def _middles(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return points: that of each point, and the middle of each line."""
    return frame.set_geometry(
        gpd.GeoSeries(
            [
                shape.interpolate(0.5, normalized=True)
                if isinstance(shape, shapely.LineString)
                else shape
                for shape in frame.geometry
            ],
            index=frame.index, crs=frame.crs,
        )
    )  # fmt: skip


def _mean_by_origin(table: pd.DataFrame, share: dict[Any, float], keys: list[str]) -> pd.DataFrame:
    """Return people on average over the scenarios."""
    weighted = table.assign(persons=table["persons"] * table["scenario"].map(share))
    return weighted.groupby(keys)["persons"].sum().reset_index()


@dataclass(eq=False, slots=True, kw_only=True)
class _Sheet:
    """One map sheet while it is drawn."""

    case: "Case"
    when: dt.date
    ax: "Axes"
    bounds: situation.Bounds
    groups: list[LegendGroup]
    base: list[LegendGroup]
    obstacles: list[tuple[float, float, float]]

    @classmethod
    def open(
        cls, case: "Case", when: dt.date, ax: "Axes | None", *layers: gpd.GeoDataFrame
    ) -> "_Sheet":
        """Open a sheet that shows the first layer with any row, over the roads."""
        sheet = situation.open_sheet(ax)
        bounds = situation.set_extent(sheet, situation.extent(*layers))
        base = situation.draw_base(sheet, case.network, bounds)
        situation.draw_roads(sheet, case.network.edges)
        return cls(case=case, when=when, ax=sheet, bounds=bounds, groups=[], base=base,
                   obstacles=[])  # fmt: skip

    def points(
        self, rows: gpd.GeoDataFrame, people: str, largest: float, marker: str, colour: str,
        zorder: float, *, area_pt2: float = _LARGEST_MARK_PT2,
    ) -> None:  # fmt: skip
        """Draw points sized by people."""
        areas = situation.circle_area_pt2(rows[people].fillna(0), largest, area_pt2=area_pt2)
        self.ax.scatter(rows.geometry.x, rows.geometry.y, s=areas, marker=marker, color=colour,
                        edgecolor="white", linewidth=0.8, zorder=zorder,
                        gid=f"points-{people}-{marker}-{colour}")  # fmt: skip
        self.obstacles += [
            (x, y, float(np.sqrt(area) / 2))
            for (x, y), area in zip(positions(rows), areas, strict=True)
        ]

    def lines(
        self, rows: gpd.GeoDataFrame, people: str, largest: float, colours: Sequence[str]
    ) -> list[tuple["Artist", str]]:
        """Draw lines wider, and darker where there are several colours, with more people."""
        if not len(rows):
            return []
        breaks = palette.flow_breaks(largest)
        at = [int(number) for number in palette.class_of(rows[people].to_numpy(float), breaks)]
        widths = palette.FLOW_WIDTHS_PT[-len(breaks) :]
        shades = list(colours[-len(breaks) :]) if len(colours) > 1 else [*colours] * len(breaks)
        situation.draw_lines(self.ax, rows.geometry, colors="white", zorder=3.4,
                             linewidths=[widths[one] + 1.2 for one in at],
                             gid=f"lines-{people}-casing")  # fmt: skip
        situation.draw_lines(self.ax, rows.geometry, colors=[shades[one] for one in at],
                             linewidths=[widths[one] for one in at], zorder=3.5,
                             gid=f"lines-{people}")  # fmt: skip
        texts = [f"{words.whole(low)} or more" for low in breaks]
        texts[0] = f"under {words.whole(breaks[1])}" if len(breaks) > 1 else "any"
        return [
            (Line2D([], [], color=shades[one], linewidth=widths[one]), texts[one])
            for one in sorted(set(at), reverse=True)
        ]

    def legend(self, heading: str, entries: Sequence[tuple["Artist", str]]) -> None:
        """Add a group to the legend."""
        if not entries:
            entries = [(Patch(visible=False), "Nothing to show")]
        self.groups.append(LegendGroup(heading=heading, entries=entries))

    def sizes(self, heading: str, largest: float) -> None:
        """Add circles with their number of people to the legend."""
        steps = palette.size_steps(largest)
        areas = situation.circle_area_pt2(steps, largest, area_pt2=_LARGEST_MARK_PT2)
        self.legend(heading, [
            (situation.circle_handle(float(area)), f"{words.whole(step)} people")
            for step, area in zip(steps, areas, strict=True)
        ])  # fmt: skip

    def labels(
        self, rows: gpd.GeoDataFrame, people: str, largest: float, text: Any  # noqa: ANN401
    ) -> list[Label]:  # fmt: skip
        """Return a label for each row, those of most people first."""
        areas = situation.circle_area_pt2(rows[people].fillna(0), largest,
                                          area_pt2=_LARGEST_MARK_PT2)  # fmt: skip
        return [
            Label(x=x, y=y, text=text(row), weight=float(row[people]),
                  radius_pt=float(np.sqrt(area) / 2), size_pt=7)
            for (x, y), row, area in zip(positions(rows), records(rows), areas, strict=True)
        ]  # fmt: skip

    def finish(self, title: str, note: str, labels: list[Label]) -> "Axes":
        """Write title, labels, legend and notes."""
        network = self.case.network
        around = Surround(
            title=title,
            subtitle=f"{self.case.title or self.case.name}. {words.day(self.when)}",
            legend=[*self.groups, *self.base],
            notes=[
                note,
                f"{words.source_note(network)} {situation.projection_note(network.crs)}",
            ],
        )
        situation.finish(self.ax, network, self.bounds, around, labels=labels,
                         obstacles=self.obstacles)  # fmt: skip
        return self.ax

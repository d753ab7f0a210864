"""Situation maps on paper: network, status, flows, where people are held, and one for sharing."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from mobility_geo.outcomes import summaries
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.plot import palette, situation, words
from mobility_geo.plot.scale import positions
from mobility_geo.plot.situation import Label, LegendGroup, Surround
from mobility_geo.schema import records

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from mobility_geo.network import Network
    from mobility_geo.outcomes.disclosure import PublicCount
    from mobility_geo.outcomes.results import Results

_Dashes = Literal["solid"] | tuple[float, tuple[float, ...]]
_ROADS: Final[tuple[tuple[str, dict[str, tuple[str, ...]], str, float, _Dashes], ...]] = (
    ("paved", {"kind": ("road",), "surface": ("paved",)}, "#5b5248", 1.9, "solid"),
    ("gravel", {"kind": ("road",), "surface": ("gravel",)}, "#a67c52", 1.5, "solid"),
    ("earth", {"kind": ("road",), "surface": ("earth",)}, "#c49a5a", 1.2, (0, (5, 1.5))),
    ("track", {"kind": ("track", "walk", "corridor")}, "#c49a5a", 0.9, (0, (2, 1.6))),
    ("river", {"kind": ("river", "ferry")}, "#2b8cbe", 2.2, (0, (6, 1.2, 1.2, 1.2))),
)  # fmt: skip
_ROAD_WORDS: Final = {
    "paved": "Road, paved", "gravel": "Road, gravel", "earth": "Road, earth",
    "track": "Track or footpath", "river": "River leg or ferry",
}  # fmt: skip
_PLACE_MARKS: Final = {
    "settlement": ("o", "#ffffff", "Settlement"),
    "camp": ("s", "#1b7837", "Camp"),
    "transit_centre": ("D", "#78c679", "Transit centre"),
    "site": ("P", "#78c679", "Site"),
    "pasture": ("v", "#c2e699", "Pasture"),
}
_AREAS: Final = (
    ("insecurity", 0, 2, "//", 0.32, "Insecurity, severity 1 or 2"),
    ("insecurity", 3, 3, "/////", 0.5, "Insecurity, severity 3"),
    ("insecurity", 4, 9, "xxxxx", 0.6, "Insecurity, severity 4"),
    ("flood", 0, 9, "....", 0.5, "Flood"),
    ("mine", 0, 9, "++", 0.5, "Mines"),
)
"""Kind, severity from and to, hatch, opacity, words; areas of other kinds are not hatched."""

_CLOSED_WAYS: Final[tuple[tuple[str, _Dashes, str], ...]] = (
    ("closed", "solid", "Way closed"),
    ("partly_closed", (0, (3, 1.5)), "Way closed to some"),
    ("out_of_season", (0, (1, 1.5)), "River leg or road out of season"),
)
_BEFORE_ALL: Final = 1e9
"""Added to the weight of labels that are placed before those of towns."""

_MOST_LABELS: Final = 60


def plot_network(network: "Network", ax: "Axes | None" = None) -> "Axes":
    """Draw a network: roads by surface, river legs, crossings by regime, places by kind.

    Parameters
    ----------
    network
        The network.
    ax
        Axes to draw on; a new A4 page if left out. Show that page in a notebook with
        ``plot_network(network).figure``, save it with ``.figure.savefig(path)``.

    Returns
    -------
    matplotlib.axes.Axes
        In the network's metric coordinate reference system.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> plot_network(load_toy().network).get_aspect()
    1.0
    """
    ax = situation.open_sheet(ax)
    bounds = situation.set_extent(ax, situation.extent(network.edges, network.places))
    legend = situation.draw_base(ax, network, bounds)
    roads: list[tuple[Artist, str]] = []
    for name, wanted, colour, width, style in _ROADS:
        rows = network.edges
        for column, values in wanted.items():
            rows = rows[rows[column].isin(values)]
        if len(rows):
            situation.draw_lines(ax, rows.geometry, colors=colour, linewidths=width,
                                 linestyle=style, zorder=3, gid=f"edges-{name}")  # fmt: skip
            handle = Line2D([], [], color=colour, linewidth=width, linestyle=style)
            roads.append((handle, _ROAD_WORDS[name]))
    legend.insert(0, LegendGroup(heading="Ways", entries=roads))
    legend.insert(1, _draw_crossings(ax, network.crossings))
    legend.insert(2, _draw_places(ax, network.places))
    around = Surround(
        title=f"Network {network.name!r}",
        subtitle=(
            f"{words.whole(len(network.edges))} edges, "
            f"{words.whole(len(network.places))} places, "
            f"{words.whole(len(network.crossings))} border crossings"
        ),
        legend=legend,
        notes=[words.source_note(network), situation.projection_note(network.crs)],
        internal=False,
    )
    situation.finish(
        ax,
        network,
        bounds,
        around,
        labels=_place_labels(network.places),
    )
    return ax


def plot_status(
    results: "Results", ax: "Axes | None" = None, *, base: summaries.Base = "movers"
) -> "Axes":
    """Draw who can still reach a destination and who is stranded, by place and by zone.

    Parameters
    ----------
    results
        Results of a scenario.
    ax
        Axes to draw on; a new A4 page if left out.
    base
        People on the move, or residents who would be cut off.

    Returns
    -------
    matplotlib.axes.Axes
        In the network's metric coordinate reference system.

    Raises
    ------
    InputError
        If the case is for the public: places are not for sharing, see `plot_public_status`.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import solve_case
    >>> plot_status(solve_case(load_toy())).get_aspect()
    1.0
    """
    refuse_public(results.case, "A map by place")
    network = results.case.network
    places = summaries.status_by_place(results)
    places = places[places[f"{base}_persons"] > 0]
    ax = situation.open_sheet(ax)
    bounds = situation.set_extent(ax, situation.extent(places, network.places))
    legend = situation.draw_base(ax, network, bounds)
    share = "cannot_reach_share" if base == "movers" else "cut_off_share"
    shares = _draw_shares(ax, summaries.status_by_zone(results), share, bounds)
    situation.draw_roads(ax, network.edges)
    closures = _draw_closures(ax, results)
    pies, obstacles = _draw_pies(ax, places, base)
    heading = {
        "movers": "Share of people on the move who cannot reach a destination, by zone",
        "residents": "Share of residents who would be cut off, by zone",
    }[base]
    around = Surround(
        title={
            "movers": "Who can reach a destination, and who is stranded",
            "residents": "Residents who would be cut off",
        }[base],
        subtitle=_subtitle(results),
        legend=[
            pies,
            LegendGroup(heading=heading, entries=shares),
            closures,
            *legend,
        ],
        notes=_notes(results),
    )
    situation.finish(
        ax,
        network,
        bounds,
        around,
        labels=_people_labels(places, base, obstacles),
        obstacles=obstacles,
    )
    return ax


def plot_flows(
    results: "Results", ax: "Axes | None" = None, *, rule: summaries.Rule = "least_time"
) -> "Axes":
    """Draw how many people pass each edge and crossing, and where they arrive.

    Parameters
    ----------
    results
        Results of a scenario.
    ax
        Axes to draw on; a new A4 page if left out.
    rule
        Rule by which destinations are chosen.

    Returns
    -------
    matplotlib.axes.Axes
        In the network's metric coordinate reference system.

    Raises
    ------
    InputError
        If the case is for the public: crossings with people are not for sharing.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import solve_case
    >>> plot_flows(solve_case(load_toy())).get_aspect()
    1.0
    """
    refuse_public(results.case, "A map of flows")
    network = results.case.network
    edges = summaries.flows_by_edge(results, rule=rule)
    arrivals = _arrivals(results, rule)
    ax = situation.open_sheet(ax)
    bounds = situation.set_extent(ax, situation.extent(edges, arrivals, network.places))
    legend = situation.draw_base(ax, network, bounds)
    situation.draw_roads(ax, network.edges)
    closures = _draw_closures(ax, results, areas=False)
    flows = _draw_flows(ax, edges)
    ends, obstacles = _draw_arrivals(ax, arrivals)
    crossings = summaries.people_by_crossing(results)
    labels = _flow_labels(results, arrivals, crossings, rule)
    passed = crossings[crossings.get(f"{rule}_persons", pd.Series(0, crossings.index)) > 0]
    ax.scatter(passed.geometry.x, passed.geometry.y, marker="D", s=26, color="white",
               edgecolor="#222222", linewidth=1.1, zorder=6, gid="crossings-passed")  # fmt: skip
    if len(passed):
        handle = Line2D([], [], linestyle="none", marker="D", markersize=5.5, color="white",
                        markeredgecolor="#222222")  # fmt: skip
        ends.append((handle, "Border crossing, with people who pass"))
    around = Surround(
        title="People per road, river leg and crossing",
        subtitle=_subtitle(results),
        legend=[
            LegendGroup(
                heading=f"People who pass, both directions ({words.label('rule', rule)})",
                entries=flows,
            ),
            LegendGroup(heading="People who arrive", entries=ends),
            closures,
            *legend,
        ],
        notes=_notes(results),
    )
    situation.finish(
        ax,
        network,
        bounds,
        around,
        labels=labels,
        obstacles=obstacles,
    )
    return ax


def plot_held_at(results: "Results", ax: "Axes | None" = None) -> "Axes":
    """Draw where stranded people are held up on their way. Never for sharing.

    Parameters
    ----------
    results
        Results of a scenario.
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
    >>> from mobility_geo.outcomes import solve_case
    >>> plot_held_at(solve_case(load_toy())).get_aspect()
    1.0
    """
    refuse_public(results.case, "A map of where people are held")
    network = results.case.network
    held = summaries.held_at(results)
    held = held[held.geometry.notna() & (held["persons"] > 0)]
    ax = situation.open_sheet(ax)
    movers = summaries.status_by_place(results)
    shown = [held.geometry, movers.geometry[movers["movers_persons"] > 0]]
    people = gpd.GeoDataFrame(geometry=pd.concat(shown, ignore_index=True))
    bounds = situation.set_extent(ax, situation.extent(people, network.places))
    legend = situation.draw_base(ax, network, bounds)
    situation.draw_roads(ax, network.edges)
    closures = _draw_closures(ax, results)
    entries, areas = _draw_held(ax, held)
    labels = [
        Label(
            x=x,
            y=y,
            text=f"{row['held_name']}\n"
            f"{words.interval(row['persons_low'], row['persons'], row['persons_high'])}",
            weight=float(row["persons"]) + _BEFORE_ALL,
            radius_pt=float(np.sqrt(area) / 2),
            size_pt=8,
            bold=True,
        )
        for (x, y), row, area in zip(positions(held), records(held), areas, strict=True)
    ]
    around = Surround(
        title="Where stranded people are held up on their way",
        subtitle=_subtitle(results),
        legend=[
            LegendGroup(heading="Stranded people, where held up", entries=entries),
            closures,
            *legend,
        ],
        notes=_notes(results),
    )
    situation.finish(
        ax,
        network,
        bounds,
        around,
        labels=[
            *labels,
            *_place_labels(network.places[~network.places["name"].isin(held["held_name"])]),
        ],
    )
    return ax


def plot_public_status(
    results: "Results",
    shown: "Mapping[str, PublicCount]",
    ax: "Axes | None" = None,
    *,
    regions: gpd.GeoDataFrame | None = None,
    language: words.Language = "en",
    legend: bool = True,
) -> "Axes":
    """Draw how many people are stranded in each zone, in classes and without points: for sharing.

    Parameters
    ----------
    results
        Results of a scenario.
    shown
        What may be shared of the number stranded, by P-code; see
        `mobility_geo.outcomes.disclosure.suppress`. A zone that is not named has nobody on the
        move.
    ax
        Axes to draw on; a new page if left out.
    regions
        Areas to shade, with `pcode` and `name`; the zones of the network if left out.
    language
        English or French.
    legend
        Whether to draw the legend in the map.

    Returns
    -------
    matplotlib.axes.Axes
        In the network's metric coordinate reference system; no place, road, crossing or closure.
    """
    network = results.case.network
    ax = situation.open_sheet(ax)
    zones = network.zones if regions is None else regions
    inside = zones[zones["pcode"].isin(shown) & zones.geometry.notna()]
    bounds = situation.set_extent(ax, situation.extent(inside if len(inside) else zones))
    situation.draw_base(ax, network, bounds)
    _draw_public_zones(ax, zones, shown, bounds)
    ax.apply_aspect()
    spots = inside.representative_point()
    labels = [
        Label(x=x, y=y, text=str(name), weight=float(area), radius_pt=0, size_pt=9)
        for name, (x, y), area in zip(inside["name"], positions(spots), inside.area, strict=True)
    ]
    situation.place_labels(ax, labels)
    if legend:
        entries = public_legend(language)
        drawn = ax.legend(
            [Patch(facecolor=colour, edgecolor=_PUBLIC_LINE) for colour, _ in entries],
            [text for _, text in entries],
            loc="lower left",
            fontsize=9,
            title=PUBLIC_WORDS[language]["heading"],
            title_fontsize=9,
            alignment="left",
            framealpha=0.92,
            edgecolor="none",
        )
        drawn.set_zorder(9)
    return ax


def public_legend(language: words.Language = "en") -> list[tuple[str, str]]:
    """Return the classes of the map for sharing.

    Parameters
    ----------
    language
        English or French.

    Returns
    -------
    list of tuple
        Colour and words, the largest class first.

    Examples
    --------
    >>> public_legend()[0][1], public_legend("fr")[-1][1]
    ('20,000 or more', 'hors de la question')
    """
    text = PUBLIC_WORDS[language]
    ends = [words.whole(number, language=language) for number in PUBLIC_BREAKS]
    entries = [(_PUBLIC_COLOURS[-1], text["from"].format(low=ends[-1]))]
    for number in reversed(range(len(ends) - 1)):
        between = text["between"].format(low=ends[number], high=ends[number + 1])
        entries.append((_PUBLIC_COLOURS[number], between))
    return [
        *entries,
        (palette.WITHHELD_COLOUR, text["withheld"]),
        (palette.LAND_COLOUR, text["nobody"]),
    ]


PUBLIC_WORDS: Final[dict[words.Language, dict[str, str]]] = {
    "en": {
        "heading": "Stranded people on the move",
        "from": "{low} or more",
        "between": "{low} to under {high}",
        "withheld": "fewer than 10, or withheld",
        "nobody": "outside the question",
    },
    "fr": {
        "heading": "Personnes en mouvement bloquées",
        "from": "{low} ou plus",
        "between": "de {low} à moins de {high}",
        "withheld": "moins de 10, ou non publié",
        "nobody": "hors de la question",
    },
}
PUBLIC_BREAKS: Final = (10.0, 1000.0, 5000.0, 20_000.0)
_PUBLIC_LINE: Final = "#6b665e"
_PUBLIC_COLOURS: Final = ("#fee8c8", "#fdbb84", "#ef6548", "#a3160f")


def _subtitle(results: "Results") -> str:
    title = results.case.title or results.case.name
    return f"{title}. {words.day(results.when)}"


def _notes(results: "Results") -> list[str]:
    network = results.case.network
    toolkit = results.run_info.get("toolkit", "mobility-geo")
    returning = bool((results.status["trip"] == "return").any())
    return [
        *([words.RETURN_SENTENCES["en"]] if returning else []),
        (
            f"{words.source_note(network)} Results: modelled with {toolkit}. "
            f"{situation.projection_note(network.crs)}"
        ),
    ]


def _draw_crossings(ax: "Axes", crossings: gpd.GeoDataFrame) -> LegendGroup:
    entries: list[tuple[Artist, str]] = []
    for official, marker, text in ((True, "D", "official post"), (False, "d", "informal")):
        for regime, colour in (
            ("open", "#ffffff"), ("refugees_only", "#fdb863"), ("nationals_only", "#fdb863"),
            ("escorted", "#fdb863"), ("closed", "#b2182b"),
        ):  # fmt: skip
            rows = crossings[(crossings["official"] == official) & (crossings["regime"] == regime)]
            if not len(rows):
                continue
            ax.scatter(rows.geometry.x, rows.geometry.y, marker=marker, s=30, color=colour,
                       edgecolor="#4a2c6f", linewidth=1.2, zorder=6,
                       gid=f"crossings-{regime}")  # fmt: skip
            handle = Line2D([], [], linestyle="none", marker=marker, markersize=5.5, color=colour,
                            markeredgecolor="#4a2c6f", markeredgewidth=1.2)  # fmt: skip
            entries.append((handle, f"{words.label('regime', regime).capitalize()}, {text}"))
    return LegendGroup(heading="Border crossings, normal regime", entries=entries)


def _draw_places(ax: "Axes", places: gpd.GeoDataFrame) -> LegendGroup:
    entries: list[tuple[Artist, str]] = []
    for kind, (marker, colour, text) in _PLACE_MARKS.items():
        rows = places[places["kind"] == kind]
        if not len(rows):
            continue
        size = 12 if kind == "settlement" else 34
        ax.scatter(rows.geometry.x, rows.geometry.y, marker=marker, s=size, color=colour,
                   edgecolor="#222222", linewidth=0.8, zorder=5, gid=f"places-{kind}")  # fmt: skip
        handle = Line2D([], [], linestyle="none", marker=marker, markersize=float(np.sqrt(size)),
                        color=colour, markeredgecolor="#222222", markeredgewidth=0.8)  # fmt: skip
        entries.append((handle, text))
    return LegendGroup(heading="Places", entries=entries)


def _place_labels(places: gpd.GeoDataFrame) -> list[Label]:
    people = places["population_persons"].fillna(0)
    # camps have no residents but matter to the reader as much as a large town
    weight = people.where(places["kind"] == "settlement", people.max() if len(people) else 0)
    return [
        Label(x=x, y=y, text=str(name), weight=float(size), radius_pt=2.5, size_pt=7)
        for name, (x, y), size in zip(places["name"], positions(places), weight, strict=True)
    ]


def _draw_shares(
    ax: "Axes", zones: gpd.GeoDataFrame, column: str, bounds: situation.Bounds
) -> list[tuple["Artist", str]]:
    shapes = situation.simple_zones(zones, bounds)
    shapes = shapes[shapes[column].notna()]
    entries: list[tuple[Artist, str]] = []
    breaks = (0.0, *palette.SHARE_BREAKS)
    classes = palette.class_of(shapes[column].to_numpy(dtype=float), breaks)
    for number, colour in enumerate(palette.SHARE_COLOURS):
        rows = shapes[classes == number]
        if len(rows):
            situation.draw_zones(ax, rows.geometry, facecolor=colour, edgecolor=palette.ZONE_LINE,
                                 linewidth=0.6, zorder=1.2, gid=f"share-{number}")  # fmt: skip
        low = f"{breaks[number] * 100:.0f}"
        high = f"{breaks[number + 1] * 100:.0f}" if number + 1 < len(breaks) else ""
        text = f"{low} to under {high} %" if high else f"{low} % or more"
        entries.append((Patch(facecolor=colour, edgecolor=palette.ZONE_LINE), text))
    nobody = Patch(facecolor=palette.NOBODY_COLOUR, edgecolor=palette.ZONE_LINE)
    return [*entries, (nobody, "Nobody counted there")]


def _draw_closures(ax: "Axes", results: "Results", *, areas: bool = True) -> LegendGroup:
    entries: list[tuple[Artist, str]] = []
    disruptions = summaries.active_disruptions(results)
    severity = pd.to_numeric(disruptions["severity"]).fillna(0)
    for kind, low, high, hatch, alpha, text in _AREAS if areas else ():
        chosen = (disruptions["kind"] == kind) & severity.between(low, high)
        area = disruptions[chosen.to_numpy(dtype=bool)]
        shapes = area.geometry[area.geometry.notna() & ~area.is_empty]
        if not len(shapes):
            continue
        colour = palette.DISRUPTION_COLOURS[kind]
        situation.draw_zones(ax, shapes, facecolor="none", edgecolor=colour, linewidth=0.8,
                             hatch=hatch, alpha=alpha, zorder=2.5,
                             gid=f"disruptions-{kind}-{low}")  # fmt: skip
        patch = Patch(facecolor="none", edgecolor=colour, hatch=hatch, alpha=alpha + 0.1)
        patch.set_hatch_linewidth(0.6)
        entries.append((patch, text))
    states = results.edge_conditions.set_index("edge_id")["state"]
    edges = results.case.network.edges
    state = edges["edge_id"].map(states)
    for name, style, text in _CLOSED_WAYS:
        rows = edges[(state == name) & ~edges["kind"].isin(["crossing", "transfer"])]
        if len(rows):
            colour = palette.WATER_COLOUR if name == "out_of_season" else palette.CLOSED_COLOUR
            situation.draw_lines(ax, rows.geometry, colors=colour, linewidths=1.6,
                                 linestyle=style, zorder=3.5, gid=f"edges-{name}")  # fmt: skip
            handle = Line2D([], [], color=colour, linewidth=1.6, linestyle=style)
            entries.append((handle, text))
    crossings = results.case.network.crossings.merge(
        summaries.crossing_states(results), on="crossing_id"
    )
    for name, marker, text in (
        ("closed", "X", "Border crossing, closed"),
        ("partly_closed", "P", "Border crossing, closed to some"),
    ):
        rows = crossings[crossings["state"] == name]
        if len(rows):
            ax.scatter(rows.geometry.x, rows.geometry.y, marker=marker, s=52,
                       color=palette.CLOSED_COLOUR, edgecolor="white", linewidth=0.9, zorder=6.5,
                       gid=f"crossings-{name}")  # fmt: skip
            handle = Line2D([], [], linestyle="none", marker=marker, markersize=7,
                            color=palette.CLOSED_COLOUR, markeredgecolor="white")  # fmt: skip
            entries.append((handle, text))
    return LegendGroup(heading="Closures on this date", entries=entries)


def _draw_pies(
    ax: "Axes", places: gpd.GeoDataFrame, base: summaries.Base
) -> tuple[LegendGroup, list[tuple[float, float, float]]]:
    column = f"{base}_persons"
    prefix = {"movers": "", "residents": "residents_"}[base]
    places = places.sort_values(column, ascending=False)
    largest = float(places[column].max()) if len(places) else 1.0
    areas = situation.circle_area_pt2(places[column], largest)
    obstacles = []
    for area, row, point in zip(areas, records(places), positions(places), strict=True):
        start = 0.0
        for status in summaries.STATUS_ORDER[base]:
            name = status if status in {"stranded", "cut_off"} else f"{prefix}{status}"
            share = row[f"{name}_persons"] / row[column]
            if share <= 0:
                continue
            _draw_wedge(ax, point, area, start, start + share, palette.STATUS_COLOURS[status])
            start += share
        ax.scatter([point[0]], [point[1]], s=area, facecolor="none", edgecolor="white",
                   linewidth=0.9, zorder=5.2, gid="pie-rim")  # fmt: skip
        obstacles.append((*point, float(np.sqrt(area) / 2)))
    who = {"movers": "People on the move, where they are", "residents": "Residents"}[base]
    entries: list[tuple[Artist, str]] = [
        (Patch(facecolor=palette.STATUS_COLOURS[status]), words.label("status", status))
        for status in summaries.STATUS_ORDER[base]
    ]
    entries += [
        (situation.circle_handle(float(situation.circle_area_pt2([step], largest)[0])),
         f"{words.whole(step)} people")
        for step in palette.size_steps(largest)
    ]  # fmt: skip
    return LegendGroup(heading=who, entries=entries), obstacles


def _draw_wedge(
    ax: "Axes", point: tuple[float, float], area: float, start: float, end: float, colour: str
) -> None:
    # clockwise from the top, as on a clock
    angles = np.pi / 2 - 2 * np.pi * np.linspace(start, end, max(int(60 * (end - start)), 2))
    rim = np.column_stack([np.cos(angles), np.sin(angles)])
    shape = rim if end - start >= 1 else np.vstack([[0, 0], rim, [0, 0]])
    # a marker is scaled to its own largest coordinate; the area has to undo that
    reach = float(np.abs(shape).max())
    ax.scatter([point[0]], [point[1]], marker=Path(shape), s=area * reach**2,
               facecolor=colour, linewidth=0, zorder=5.1, gid="pie-wedge")  # fmt: skip


def _people_labels(
    places: gpd.GeoDataFrame,
    base: summaries.Base,
    obstacles: Sequence[tuple[float, float, float]],
) -> list[Label]:
    radius = {(x, y): size for x, y, size in obstacles}
    top = places.sort_values([f"{base}_persons", "place_id"], ascending=[False, True])
    top = top.iloc[:_MOST_LABELS]
    return [
        Label(
            x=point[0],
            y=point[1],
            text=str(name),
            weight=float(people),
            radius_pt=radius[point],
            size_pt=8,
            bold=True,
        )
        for name, point, people in zip(
            top["name"], positions(top), top[f"{base}_persons"], strict=True
        )
    ]


def _draw_flows(ax: "Axes", edges: gpd.GeoDataFrame) -> list[tuple["Artist", str]]:
    if not len(edges):
        return [(Patch(visible=False), "Nobody travels")]
    people = edges["flow_persons"].to_numpy(dtype=float)
    breaks = palette.flow_breaks(float(people.max()))
    colours = palette.FLOW_COLOURS[-len(breaks) :]
    widths = palette.FLOW_WIDTHS_PT[-len(breaks) :]
    classes = [int(number) for number in palette.class_of(people, breaks)]
    situation.draw_lines(ax, edges.geometry, colors="white", zorder=4.0, gid="flows-casing",
                         linewidths=[widths[number] + 1.4 for number in classes])  # fmt: skip
    situation.draw_lines(ax, edges.geometry, colors=[colours[number] for number in classes],
                         linewidths=[widths[number] for number in classes], zorder=4.1,
                         gid="flows")  # fmt: skip
    _draw_arrows(ax, edges, classes, widths)
    entries: list[tuple[Artist, str]] = []
    for number in reversed(range(len(breaks))):
        low = words.whole(breaks[number])
        text = f"{low} or more" if number + 1 == len(breaks) else (
            f"{low} to under {words.whole(breaks[number + 1])}"
        )  # fmt: skip
        if number == 0:
            text = f"under {words.whole(breaks[1])}" if len(breaks) > 1 else "any"
        handle = Line2D([], [], color=colours[number], linewidth=widths[number],
                        solid_capstyle="butt")  # fmt: skip
        entries.append((handle, text))
    arrow = Line2D([], [], linestyle="none", marker=">", markersize=5, color="white",
                   markeredgecolor="#08306b", markeredgewidth=0.8)  # fmt: skip
    return [*entries, (arrow, "Direction that most people take")]


def _draw_arrows(
    ax: "Axes",
    edges: gpd.GeoDataFrame,
    classes: Sequence[int],
    widths: Sequence[float],
) -> None:
    ax.apply_aspect()
    left, right = ax.get_xlim()
    unit = (right - left) / ax.get_window_extent().width * situation.dots_per_inch(ax) / 72
    arrow = Path(np.array([[-0.6, -0.7], [0.8, 0.0], [-0.6, 0.7], [-0.6, -0.7]]))
    for row, number in zip(records(edges), classes, strict=True):
        line = row["geometry"]
        if line.length < 26 * unit:  # too short on the page to carry an arrow
            continue
        ends = shapely.get_coordinates(
            shapely.line_interpolate_point(line, [0.48, 0.52], normalized=True)
        )
        if row["backward_persons"] > row["forward_persons"]:
            ends = ends[::-1]
        angle = float(np.arctan2(*(ends[1] - ends[0])[::-1]))
        marker = MarkerStyle(arrow, transform=Affine2D().rotate(angle))
        middle = ends.mean(axis=0)
        ax.scatter([middle[0]], [middle[1]], marker=marker, s=(widths[number] + 3.6) ** 2,
                   facecolor="white", edgecolor="#08306b", linewidth=0.7, zorder=4.5,
                   gid="flow-arrow")  # fmt: skip


def _arrivals(results: "Results", rule: str) -> gpd.GeoDataFrame:
    flows = results.od_flows
    flows = flows[(flows["rule"] == rule) & (flows["flow_persons"] > 0)]
    sums = flows.groupby("destination_id")["flow_persons"].sum().rename("flow_persons")
    places = results.case.network.places
    return places.merge(sums, left_on="place_id", right_index=True).sort_values(
        ["flow_persons", "place_id"], ascending=[False, True], ignore_index=True
    )


def _draw_arrivals(
    ax: "Axes", arrivals: gpd.GeoDataFrame
) -> tuple[list[tuple["Artist", str]], list[tuple[float, float, float]]]:
    if not len(arrivals):
        return [], []
    largest = float(arrivals["flow_persons"].max())
    areas = situation.circle_area_pt2(arrivals["flow_persons"], largest, area_pt2=420)
    ax.scatter(arrivals.geometry.x, arrivals.geometry.y, s=areas, marker="o", zorder=5,
               facecolor=palette.STATION_COLOUR, edgecolor="white", linewidth=0.9, alpha=0.9,
               gid="arrivals")  # fmt: skip
    entries: list[tuple[Artist, str]] = [
        (situation.circle_handle(
            float(situation.circle_area_pt2([step], largest, area_pt2=420)[0]),
            face=palette.STATION_COLOUR, edge="white"),
         words.whole(step))
        for step in palette.size_steps(largest)
    ]  # fmt: skip
    obstacles = [
        (*point, float(np.sqrt(area) / 2))
        for point, area in zip(positions(arrivals), areas, strict=True)
    ]
    return entries, obstacles


def _flow_labels(
    results: "Results", arrivals: gpd.GeoDataFrame, crossings: gpd.GeoDataFrame, rule: str
) -> list[Label]:
    largest = float(arrivals["flow_persons"].max()) if len(arrivals) else 1.0
    areas = situation.circle_area_pt2(arrivals["flow_persons"], largest, area_pt2=420)
    labels = [
        Label(
            x=x,
            y=y,
            text=f"{row['name']} {words.whole(row['flow_persons'])}",
            weight=float(row["flow_persons"]) + largest,
            radius_pt=float(np.sqrt(area) / 2),
            size_pt=8,
            bold=True,
            colour="#0f4d22",
        )
        for (x, y), row, area in zip(positions(arrivals), records(arrivals), areas, strict=True)
    ]
    column = f"{rule}_persons"
    if column in crossings.columns:
        sums = crossings.groupby("crossing_id")[column].sum()
        passed = crossings.drop_duplicates("crossing_id")
        labels += [
            Label(x=x, y=y, text=f"{row['name']} {words.whole(sums[row['crossing_id']])}",
                  weight=float(sums[row["crossing_id"]]) + largest / 2, radius_pt=4, size_pt=7.5)
            for (x, y), row in zip(positions(passed), records(passed), strict=True)
            if sums[row["crossing_id"]] > 0
        ]  # fmt: skip
    origins = summaries.status_by_place(results)
    origins = origins[origins["movers_persons"] > 0]
    labels += [
        Label(x=x, y=y, text=str(row["name"]), weight=row["movers_persons"] / 1e9, radius_pt=2,
              size_pt=7, colour="#555555")
        for (x, y), row in zip(positions(origins), records(origins), strict=True)
    ]  # fmt: skip
    return labels


def _draw_held(
    ax: "Axes", held: gpd.GeoDataFrame
) -> tuple[list[tuple["Artist", str]], list[float]]:
    largest = float(held["persons"].max()) if len(held) else 1.0
    areas = situation.circle_area_pt2(held["persons"], largest, area_pt2=1100)
    marks = {"crossing": ("s", "-", "99"), "settlement": ("o", "-", "99"),
             "dispersed": ("o", ":", "22"), "station": ("^", "-", "99")}  # fmt: skip
    entries: list[tuple[Artist, str]] = []
    kinds = held["held_kind"].fillna("settlement")
    for kind, (marker, style, opacity) in marks.items():
        here = (kinds == kind).to_numpy(dtype=bool)
        if not here.any():
            continue
        ax.scatter(held.geometry.x[here], held.geometry.y[here], s=areas[here], marker=marker,
                   facecolor=f"{palette.HELD_COLOUR}{opacity}", edgecolor="#5c0f0a",
                   linewidth=1.1, linestyle=style, zorder=5, gid=f"held-{kind}")  # fmt: skip
        ax.scatter(held.geometry.x[here], held.geometry.y[here], s=6, marker="o",
                   color="#5c0f0a", zorder=5.1, gid="held-point")  # fmt: skip
        handle = Line2D([], [], linestyle="none", marker=marker, markersize=10,
                        markerfacecolor=f"{palette.HELD_COLOUR}{opacity}",
                        markeredgecolor="#5c0f0a")  # fmt: skip
        entries.append((handle, words.label("held_kind", kind)))
    entries += [
        (situation.circle_handle(float(area)), f"{words.whole(step)} people")
        for step, area in zip(
            palette.size_steps(largest),
            situation.circle_area_pt2(palette.size_steps(largest), largest, area_pt2=1100),
            strict=True,
        )
    ]  # fmt: skip
    return entries, [float(area) for area in areas]


def _draw_public_zones(
    ax: "Axes",
    zones: gpd.GeoDataFrame,
    shown: "Mapping[str, PublicCount]",
    bounds: situation.Bounds,
) -> None:
    near = situation.simple_zones(zones, bounds)
    value = near["pcode"].map({code: count.value for code, count in shown.items()})
    withheld = near[(near["pcode"].isin(shown) & value.isna()).to_numpy(dtype=bool)]
    counted = near[value.notna().to_numpy(dtype=bool)]
    classes = palette.class_of(value.dropna().to_numpy(dtype=float), PUBLIC_BREAKS)
    for number, colour in enumerate(_PUBLIC_COLOURS):
        rows = counted[classes == number]
        if len(rows):
            situation.draw_zones(ax, rows.geometry, facecolor=colour, edgecolor=_PUBLIC_LINE,
                                 linewidth=0.7, zorder=1.5, gid=f"public-{number}")  # fmt: skip
    if len(withheld):
        situation.draw_zones(ax, withheld.geometry, facecolor=palette.WITHHELD_COLOUR,
                             edgecolor=_PUBLIC_LINE, linewidth=0.7, zorder=1.5,
                             gid="public-withheld")  # fmt: skip

"""The frame of a situation map: extent, base map, legend, labels, scale bar, north, notes."""

import io
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from matplotlib import patheffects
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.legend_handler import HandlerBase
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnchoredOffsetbox, DrawingArea
from matplotlib.patches import Patch, Polygon, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from mobility_geo.plot import palette, words
from mobility_geo.plot.scale import north_deg, scale_bar
from mobility_geo.units import KM_M

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.offsetbox import OffsetBox

    from mobility_geo.network import Network

Bounds = tuple[float, float, float, float]
PAGE_IN: Final = (11.69, 8.27)
"""A4, landscape, in inches."""

MAP_BOX: Final = (0.025, 0.105, 0.725, 0.785)
"""Left, bottom, width and height of the map on the page; the legend stands to its right."""

_MARGIN: Final = 0.06
_SMALLEST_M: Final = 20_000.0
_HALO: Final = [patheffects.withStroke(linewidth=2.2, foreground="white", alpha=0.9)]
_LEGEND_LINE: Final = 36
_LEGEND_PT: Final = 7.8
_HANDLE_LENGTH: Final = 3.0
_NAMED_SHARE: Final = 0.012
"""A country that takes less of the map than this share is not named on it."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Label:
    """Text beside a point; labels that count more are placed first, others may be left out."""

    x: float
    y: float
    text: str
    weight: float
    radius_pt: float = 3.0
    size_pt: float = 7.5
    bold: bool = False
    colour: str = "#222222"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class LegendGroup:
    """A heading of the legend with its entries: (artist, words)."""

    heading: str
    entries: Sequence[tuple["Artist", str]]


def dots_per_inch(ax: "Axes") -> float:
    """Return the resolution at which positions in the figure are counted."""
    figure = ax.get_figure(root=True)
    return float(figure.dpi) if figure is not None else 100.0


class Sheet(Figure):
    """A figure that a notebook shows as a picture.

    It is not registered with pyplot, so it is freed with its last reference. A notebook shows plain
    figures only once pyplot has been imported; before that it prints their type.
    """

    def _repr_png_(self) -> bytes:
        drawn = io.BytesIO()
        self.savefig(drawn, format="png", bbox_inches="tight")
        return drawn.getvalue()


def open_sheet(ax: "Axes | None") -> "Axes":
    """Return the axes to draw on: those given, or new ones on an A4 page of their own."""
    if ax is not None:
        return ax
    figure = Sheet(figsize=PAGE_IN, facecolor="white")
    return figure.add_axes(MAP_BOX)


def set_extent(ax: "Axes", bounds: Bounds) -> Bounds:
    """Show an extent with a margin, widened to the shape of the axes; return what is shown."""
    left, bottom, right, top = bounds
    width = max(right - left, _SMALLEST_M) * (1 + 2 * _MARGIN)
    height = max(top - bottom, _SMALLEST_M) * (1 + 2 * _MARGIN)
    box = ax.get_window_extent()
    shape = box.width / box.height
    width, height = max(width, height * shape), max(height, width / shape)
    x, y = (left + right) / 2, (bottom + top) / 2
    ax.set_xlim(x - width / 2, x + width / 2)
    ax.set_ylim(y - height / 2, y + height / 2)
    ax.set_aspect("equal")
    ax.set_facecolor(palette.OUTSIDE_COLOUR)
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ax.spines.values():
        side.set_color("#555555")
        side.set_linewidth(0.8)
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def extent(*layers: gpd.GeoDataFrame) -> Bounds:
    """Return the bounds of the first layer that has any row."""
    for layer in layers:
        shapes = layer.geometry[layer.geometry.notna()]
        if len(shapes):
            ends = np.asarray(shapes.total_bounds)
            return float(ends[0]), float(ends[1]), float(ends[2]), float(ends[3])
    return 0.0, 0.0, 1.0, 1.0


def simple_zones(zones: gpd.GeoDataFrame, bounds: Bounds) -> gpd.GeoDataFrame:
    """Return the zones within an extent, no finer than the page can show, borders still shared."""
    near = zones[zones.geometry.notna()].reset_index(drop=True)
    near = near[near.intersects(shapely.box(*bounds))].reset_index(drop=True)
    tolerance = (bounds[2] - bounds[0]) / 3000
    shapes = shapely.coverage_simplify(np.asarray(near.geometry.array), tolerance)
    clipped = near.copy()
    clipped.geometry = gpd.GeoSeries(
        shapely.clip_by_rect(shapes, *bounds), index=near.index, crs=zones.crs
    )
    return clipped[~clipped.is_empty].reset_index(drop=True)


def draw_zones(
    ax: "Axes",
    shapes: Iterable[shapely.Geometry],
    *,
    facecolor: object = "none",
    edgecolor: str = "none",
    linewidth: float = 0.0,
    hatch: str | None = None,
    alpha: float | None = None,
    zorder: float = 1.0,
    gid: str,
) -> None:
    """Draw polygons as one artist."""
    paths = [path for path in map(_polygon_path, shapes) if path is not None]
    artist = PathCollection(
        paths,
        facecolors=facecolor,
        edgecolors=edgecolor,
        linewidths=linewidth,
        hatch=hatch,
        alpha=alpha,
        zorder=zorder,
    )
    artist.set_hatch_linewidth(0.6)
    artist.set_gid(gid)
    ax.add_collection(artist, autolim=False)


def draw_lines(
    ax: "Axes",
    shapes: Iterable[shapely.Geometry],
    *,
    colors: object,
    linewidths: object,
    linestyle: object = "solid",
    alpha: float | None = None,
    zorder: float = 2.0,
    gid: str,
) -> None:
    """Draw lines as one artist, in the order given."""
    parts = [shapely.get_coordinates(part) for shape in shapes for part in shapely.get_parts(shape)]
    artist = LineCollection(
        parts,
        colors=colors,
        linewidths=linewidths,
        linestyles=linestyle,
        alpha=alpha,
        zorder=zorder,
        capstyle="round",
    )
    artist.set_gid(gid)
    ax.add_collection(artist, autolim=False)


def draw_base(ax: "Axes", network: "Network", bounds: Bounds) -> list[LegendGroup]:
    """Draw land, admin units, countries and rivers; return their legend."""
    zones = simple_zones(network.zones, bounds)
    draw_zones(
        ax,
        zones.geometry,
        facecolor=palette.LAND_COLOUR,
        edgecolor=palette.ZONE_LINE,
        linewidth=0.5,
        zorder=1.0,
        gid="zones",
    )
    countries = zones.dissolve("country").geometry
    draw_lines(
        ax,
        countries.boundary,
        colors=palette.COUNTRY_LINE,
        linewidths=1.1,
        zorder=2.2,
        gid="countries",
    )
    groups = [
        (
            Patch(facecolor=palette.LAND_COLOUR, edgecolor=palette.ZONE_LINE, linewidth=0.7),
            "Administrative unit",
        ),
        (Line2D([], [], color=palette.COUNTRY_LINE, linewidth=1.2), "Country border, as drawn"),
        (
            Patch(facecolor=palette.OUTSIDE_COLOUR, edgecolor="#aaaaaa", linewidth=0.5),
            "Not covered by the data",
        ),
    ]
    if len(network.waterways):
        draw_lines(
            ax,
            shapely.clip_by_rect(np.asarray(network.waterways.geometry.array), *bounds),
            colors=palette.WATER_COLOUR,
            linewidths=1.0,
            zorder=2.1,
            gid="waterways",
        )
        groups.append((Line2D([], [], color=palette.WATER_COLOUR, linewidth=1.2), "River"))
    return [LegendGroup(heading="Base map", entries=groups)]


def draw_roads(ax: "Axes", edges: gpd.GeoDataFrame, *, zorder: float = 2.4) -> None:
    """Draw all edges thinly, as background."""
    land = edges[~edges["kind"].isin(["transfer", "river"])]
    paved = land["surface"] == "paved"
    draw_lines(
        ax, land.geometry[~paved], colors=palette.ROAD_COLOUR, linewidths=0.6,
        linestyle=(0, (4, 2)), zorder=zorder, gid="edges-unpaved",
    )  # fmt: skip
    draw_lines(
        ax, land.geometry[paved], colors=palette.ROAD_COLOUR, linewidths=0.9, zorder=zorder,
        gid="edges-paved",
    )  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Surround:
    """What stands around a map: words above, legend beside, notes below."""

    title: str
    subtitle: str
    legend: Sequence[LegendGroup]
    notes: Sequence[str] = ()
    internal: bool = True


def finish(
    ax: "Axes",
    network: "Network",
    bounds: Bounds,
    around: Surround,
    *,
    labels: Sequence[Label] = (),
    obstacles: Sequence[tuple[float, float, float]] = (),
) -> None:
    """Add title, scale bar, north arrow, labels, legend and notes."""
    _draw_titles(ax, around.title, around.subtitle, internal=around.internal)
    _draw_scale_bar(ax, network.crs, bounds)
    _draw_north(ax, network.crs, bounds)
    place_labels(ax, labels, obstacles, countries=_country_shapes(network.zones, bounds))
    _draw_legend(ax, around.legend)
    lines = [*around.notes, " ".join(words.STATEMENTS["en"])]
    width = max(int(ax.get_window_extent().width / dots_per_inch(ax) * 27), 40)
    ax.annotate(
        "\n".join(line for note in lines for line in textwrap.wrap(note, width)),
        xy=(0, 0), xycoords="axes fraction", xytext=(0, -6), textcoords="offset points",
        va="top", ha="left", fontsize=6.6, color="#444444", annotation_clip=False, gid="notes",
        linespacing=1.35, parse_math=False,
    )  # fmt: skip


def projection_note(crs: pyproj.CRS) -> str:
    """Return the projection of a map in words."""
    operation = crs.coordinate_operation
    method = operation.method_name if operation is not None else crs.name
    return f"Projection: {method}, WGS 84."


def place_labels(
    ax: "Axes",
    labels: Sequence[Label],
    obstacles: Sequence[tuple[float, float, float]] = (),
    *,
    countries: Mapping[str, shapely.Geometry] | None = None,
) -> list[Text]:
    """Write labels beside their points so that none lies on another, on a marker or outside.

    Parameters
    ----------
    ax
        Axes with their final limits.
    labels
        Labels; those with the largest weight are placed first, and one that finds no free spot
        is left out.
    obstacles
        Markers that must stay visible: x, y, and radius in points.
    countries
        Shapes of countries by name; the names go where they are in nobody's way.

    Returns
    -------
    list of matplotlib.text.Text
        What was written, in the order of placing.
    """
    ax.apply_aspect()
    scale = dots_per_inch(ax) / 72
    frame = ax.get_window_extent()
    taken: list[tuple[float, float, float, float]] = []
    markers = [*obstacles, *((item.x, item.y, item.radius_pt) for item in labels)]
    for x, y, radius in markers:
        px, py = ax.transData.transform((x, y))
        taken.append((px - radius * scale, py - radius * scale,
                      px + radius * scale, py + radius * scale))  # fmt: skip
    written: list[Text] = []
    inside = (frame.x0 + 2, frame.y0 + 2, frame.x1 - 2, frame.y1 - 2)
    for item in sorted(labels, key=lambda label: (-label.weight, label.text)):
        px, py = ax.transData.transform((item.x, item.y))
        if not (inside[0] < px < inside[2] and inside[1] < py < inside[3]):
            continue
        width, height = _text_size_pt(item)
        for dx, dy, ha, va in _spots(item.radius_pt + 1.5):
            left = px + dx * scale - {"left": 0, "center": width / 2, "right": width}[ha] * scale
            low = py + dy * scale - {"bottom": 0, "center": height / 2, "top": height}[va] * scale
            box = (left, low, left + width * scale, low + height * scale)
            if not _within(box, inside) or any(_overlap(box, other) for other in taken):
                continue
            taken.append(box)
            note = ax.annotate(
                item.text, xy=(item.x, item.y), xytext=(dx, dy), textcoords="offset points",
                ha=ha, va=va, fontsize=item.size_pt, color=item.colour, zorder=9,
                fontweight="bold" if item.bold else "normal", path_effects=_HALO, gid="label",
                parse_math=False,
            )  # fmt: skip
            written.append(note)
            break
    for name, shape in (countries or {}).items():
        written += _name_country(ax, name, shape, taken)
    return written


def _country_shapes(zones: gpd.GeoDataFrame, bounds: Bounds) -> dict[str, shapely.Geometry]:
    shapes = simple_zones(zones, bounds).dissolve("country").geometry
    large = shapes[shapes.area > _NAMED_SHARE * shapely.box(*bounds).area]
    return {words.label("country", code).upper(): shape for code, shape in large.items()}


def _name_country(
    ax: "Axes", name: str, shape: shapely.Geometry, taken: list[tuple[float, float, float, float]]
) -> list[Text]:
    """Write the name of a country well inside it, away from all that is written already."""
    part = max(shapely.get_parts(shape), key=lambda piece: piece.area)
    circle = shapely.maximum_inscribed_circle(part, tolerance=part.length / 400)
    middle = shapely.Point(shapely.get_coordinates(circle)[0])
    left, low, right, high = part.bounds
    grid = np.meshgrid(np.linspace(left, right, 25)[1:-1], np.linspace(low, high, 25)[1:-1])
    spots = shapely.points(grid[0].ravel(), grid[1].ravel())
    spots = np.asarray(spots)[shapely.contains(part, np.asarray(spots))]
    spots = spots[np.argsort(-shapely.distance(part.boundary, spots), kind="stable")]
    text = "\N{HAIR SPACE}".join(name)
    label = Label(x=0, y=0, text=text, weight=0, size_pt=9.5)
    width, height = (size * dots_per_inch(ax) / 72 for size in _text_size_pt(label))
    for spot in [middle, *spots]:
        px, py = ax.transData.transform((spot.x, spot.y))
        box = (px - width / 2, py - height / 2, px + width / 2, py + height / 2)
        corners = ax.transData.inverted().transform([box[:2], box[2:]])
        inside = shapely.box(*corners.ravel()).within(part)
        if inside and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            return [
                ax.text(spot.x, spot.y, text, fontsize=label.size_pt, color="#7a756c", ha="center",
                        va="center", zorder=2.6, path_effects=_HALO, gid="country-name",
                        parse_math=False)
            ]  # fmt: skip
    return []


def _spots(gap: float) -> list[tuple[float, float, str, str]]:
    slant = gap * 0.75
    near = [
        (gap, 0, "left", "center"), (slant, slant, "left", "bottom"),
        (slant, -slant, "left", "top"), (0, gap, "center", "bottom"),
        (0, -gap, "center", "top"), (-gap, 0, "right", "center"),
        (-slant, slant, "right", "bottom"), (-slant, -slant, "right", "top"),
    ]  # fmt: skip
    far = [(dx * 2 + 2 * np.sign(dx), dy * 2 + 2 * np.sign(dy), ha, va) for dx, dy, ha, va in near]
    return [*near, *far]


def _text_size_pt(item: Label) -> tuple[float, float]:
    font = FontProperties(weight="bold" if item.bold else "normal", size=item.size_pt)
    lines = item.text.split("\n")
    widths = [
        text_to_path.get_text_width_height_descent(line, font, ismath=False)[0] for line in lines
    ]
    return max(widths) + 1, item.size_pt * (1.25 * len(lines))


def _overlap(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _within(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]


def _polygon_path(shape: shapely.Geometry) -> Path | None:
    rings: list[npt.NDArray[np.float64]] = []
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon" and not part.is_empty:
            rings += [shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors)]
    if not rings:
        return None
    codes = []
    for ring in rings:
        code = np.full(len(ring), Path.LINETO, dtype=Path.code_type)
        code[0], code[-1] = Path.MOVETO, Path.CLOSEPOLY
        codes.append(code)
    return Path(np.concatenate(rings), np.concatenate(codes))


def _draw_titles(ax: "Axes", title: str, subtitle: str, *, internal: bool) -> None:
    width_in = ax.get_window_extent().width / dots_per_inch(ax)
    lines = textwrap.wrap(subtitle, max(int(width_in * 11.5), 30)) or [""]
    place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points",
                             "annotation_clip": False, "parse_math": False}  # fmt: skip
    ax.annotate("\n".join(lines), xy=(0, 1), xytext=(0, 7), va="bottom", fontsize=9.5,
                color="#444444", gid="subtitle", **place)  # fmt: skip
    ax.annotate(title, xy=(0, 1), xytext=(0, 11 + 12.5 * len(lines)), va="bottom", fontsize=15,
                fontweight="bold", gid="title", **place)  # fmt: skip
    if internal:
        ax.annotate("INTERNAL: not for sharing", xy=(1, 1), xytext=(-4, 29), va="bottom",
                    ha="right", fontsize=8, fontweight="bold", color="white", gid="internal",
                    bbox={"boxstyle": "square,pad=0.35", "color": palette.INTERNAL_COLOUR},
                    **place)  # fmt: skip


def _draw_scale_bar(ax: "Axes", crs: pyproj.CRS, bounds: Bounds) -> None:
    """Draw the scale bar right of the map, at its foot, where it hides nothing."""
    length_m, width = scale_bar(crs, bounds, share=0.19)
    left, bottom, right, top = bounds
    x, y = right + 0.022 * (right - left), bottom + 0.006 * (top - bottom)
    height = 0.009 * (top - bottom)
    for number in range(4):
        ax.add_patch(Rectangle(
            (x + number * width / 4, y), width / 4, height, zorder=9.6, linewidth=0.6,
            facecolor="black" if number % 2 == 0 else "white", edgecolor="black",
            clip_on=False, gid=f"scale-bar-{number}",
        ))  # fmt: skip
    kilometres = length_m / KM_M
    # a short bar has no room for three numbers
    roomy = width > 0.13 * (right - left)
    for part in (0.0, 0.5, 1.0) if roomy else (0.0, 1.0):
        unit = " km" if part == 1 else ""
        ax.annotate(
            f"{kilometres * part:g}{unit}", xy=(x + part * width, y + height), xytext=(0, 2),
            textcoords="offset points", ha="center", va="bottom", fontsize=7, gid="scale-text",
            annotation_clip=False, parse_math=False,
        )  # fmt: skip


def _draw_north(ax: "Axes", crs: pyproj.CRS, bounds: Bounds) -> None:
    angle = np.radians(north_deg(crs, (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([12.0, 14.0])
    area = DrawingArea(24, 40)
    half = np.array([[0, 13], [0, -7], [-7, -12]])
    for sign, colour in ((1, "black"), (-1, "white")):
        points = (half * [sign, 1]) @ turn + centre
        area.add_artist(Polygon(points, facecolor=colour, edgecolor="black", linewidth=0.8,
                                gid="north-arrow"))  # fmt: skip
    tip = np.array([0, 14.5]) @ turn + centre
    area.add_artist(Text(float(tip[0]), float(tip[1]), "N", ha="center", va="bottom", fontsize=9,
                         fontweight="bold", gid="north-text"))  # fmt: skip
    box = AnchoredOffsetbox(
        loc="lower left", child=area, pad=0, borderpad=0, frameon=False,
        bbox_to_anchor=(1.27, 0.0), bbox_transform=ax.transAxes,
    )  # fmt: skip
    box.set_clip_on(False)
    ax.add_artist(box)


class _HeadingHandler(HandlerBase):
    """Write a heading where the sample of an entry would be, so that both begin at one line."""

    def legend_artist(
        self,
        legend: Legend,  # noqa: ARG002 - asked for by the base class
        orig_handle: "Artist",
        fontsize: float,
        handlebox: "OffsetBox",
    ) -> "Artist":
        """Return the heading as the artist of a legend entry."""
        text = Text(
            0, 0, str(orig_handle.get_label()), fontsize=fontsize,
            fontweight="bold", va="baseline", linespacing=1.15, parse_math=False, gid="heading",
        )  # fmt: skip
        handlebox.add_artist(text)  # type: ignore[attr-defined] # it is a DrawingArea
        return text


def _draw_legend(ax: "Axes", groups: Sequence[LegendGroup]) -> None:
    handles: list[Artist] = []
    texts: list[str] = []
    for group in groups:
        if not group.entries:
            continue
        if handles:
            handles.append(Patch(visible=False))
            texts.append("")
        lines = textwrap.wrap(group.heading, _LEGEND_LINE + 4)
        # all but the last line stand in the blank lines of the text beside it
        handles.append(_Heading(visible=False, label="\n".join(lines)))
        texts.append("\n" * (len(lines) - 1))
        for handle, text in group.entries:
            handles.append(handle)
            texts.append(_padded("\n".join(textwrap.wrap(text, _LEGEND_LINE)), handle))
    legend = ax.legend(
        handles, texts, loc="upper left", bbox_to_anchor=(1.012, 1.0), borderaxespad=0,
        frameon=False, fontsize=_LEGEND_PT, handlelength=_HANDLE_LENGTH, handleheight=1.0,
        handletextpad=0.8, labelspacing=0.5, alignment="left",
        handler_map={_Heading: _HeadingHandler()},
    )  # fmt: skip
    legend.set_gid("legend")
    for handle, written in zip(handles, legend.get_texts(), strict=True):
        written.set_parse_math(False)
        if type(handle) is Patch and not handle.get_visible():
            written.set_fontsize(1.5)


class _Heading(Patch):
    """Stands for a heading in the list of legend entries."""


def _padded(text: str, handle: "Artist") -> str:
    """Add blank lines around a text whose circle is taller than its line."""
    if not isinstance(handle, Line2D) or handle.get_linestyle() not in {"none", "None"}:
        return text
    beyond = max(handle.get_markersize() - 1.7 * _LEGEND_PT, 0) / (2.4 * _LEGEND_PT)
    lines = max(int(np.ceil(beyond - 0.1)), 0)
    return "\n" * lines + text + "\n" * lines


def circle_area_pt2(
    people: npt.ArrayLike, largest: float, *, area_pt2: float = 520.0
) -> npt.NDArray[np.float64]:
    """Return marker areas in proportion to people; no circle is too small to be seen."""
    values = np.asarray(people, dtype=np.float64)
    return np.maximum(area_pt2 * values / max(largest, 1.0), 14.0)


def circle_handle(area_pt2: float, *, face: str = "none", edge: str = "#333333") -> Line2D:
    """Return a circle of this marker area for the legend."""
    return Line2D(
        [], [], linestyle="none", marker="o", markersize=float(np.sqrt(area_pt2)),
        markerfacecolor=face, markeredgecolor=edge, markeredgewidth=0.8,
    )  # fmt: skip

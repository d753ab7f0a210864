"""QGIS styles as text: symbols, renderers, labels, and the QML that holds them.

Everything is written so that QGIS 3.22 and later read it. An attribute that is left out of QML is
read as 0, not as what the dialog would offer, so labels name all that matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal
from xml.etree import ElementTree as ET

from mobility_geo.geopackage import QGIS_DOCTYPE

QGIS_VERSION: Final = "3.22.0"
"""Oldest QGIS that reads the styles; newer ones bring them up to date when reading."""

Kind = Literal["marker", "line", "fill"]
Placement = Literal["point", "line", "polygon"]

_PLACEMENTS: Final[dict[Placement, str]] = {"point": "6", "line": "2", "polygon": "1"}


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Symbol:
    """A symbol: one or more symbol layers, drawn from the first to the last."""

    kind: Kind
    layers: tuple[ET.Element, ...]
    alpha: float = 1.0

    def element(self, name: str) -> ET.Element:
        """Return the symbol as XML, under the name by which a renderer refers to it."""
        made = ET.Element(
            "symbol", type=self.kind, name=name, alpha=f"{self.alpha:g}", clip_to_extent="1",
            force_rhr="0",
        )  # fmt: skip
        made.extend(self.layers)
        return made


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Category:
    """One entry of a legend by category; value None stands for all other values."""

    value: str | bool | None
    label: str
    symbol: Symbol
    shown: bool = True


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Class:
    """One entry of a legend by number: from `lower` to `upper`, both included."""

    lower: float
    upper: float
    label: str
    symbol: Symbol


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Sizes:
    """Legend of marker sizes: (size in mm, text) of each example."""

    title: str
    examples: tuple[tuple[float, str], ...]
    symbol: Symbol


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Style:
    """All that QGIS keeps of the look of one layer."""

    renderer: ET.Element | None = None
    labels: ET.Element | None = None
    temporal: ET.Element | None = None
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    title: str = ""
    map_tip: str = ""
    opacity: float = 1.0
    smallest_scale: int | None = None

    def qml(self) -> str:
        """Return the style as the text of a QML file."""
        root = ET.Element(
            "qgis", version=QGIS_VERSION, styleCategories="AllStyleCategories",
            labelsEnabled=_flag(on=self.labels is not None),
            hasScaleBasedVisibilityFlag=_flag(on=self.smallest_scale is not None),
            minScale=str(self.smallest_scale or 100_000_000), maxScale="0",
        )  # fmt: skip
        for part in (self.temporal, self.renderer, self.labels):
            if part is not None:
                root.append(part)
        for name, text in (
            ("blendMode", "0"), ("featureBlendMode", "0"), ("layerOpacity", f"{self.opacity:g}"),
            ("previewExpression", self.title), ("mapTip", self.map_tip),
        ):  # fmt: skip
            ET.SubElement(root, name).text = text
        if self.aliases:
            names = ET.SubElement(root, "aliases")
            for column, alias in self.aliases.items():
                ET.SubElement(names, "alias", field=column, name=alias, index="-1")
        return to_text(root)


def to_text(root: ET.Element) -> str:
    """Return XML as the text of a QGIS file, with its document type.

    Parameters
    ----------
    root
        The outermost element.

    Returns
    -------
    str
        Characters that XML cannot hold are left out.

    Examples
    --------
    >>> to_text(ET.Element("qgis")).splitlines()[1]
    '<qgis />'
    """
    text = ET.tostring(root, encoding="unicode")
    allowed = "".join(c for c in text if c >= " " or c in "\t\n\r")
    return f"{QGIS_DOCTYPE}\n{allowed}"


def _flag(*, on: bool) -> str:
    return "1" if on else "0"


def rgba(colour: str, alpha: float = 1.0) -> str:
    """Return a colour as QGIS writes it.

    Parameters
    ----------
    colour
        Such as ``#d55e00``.
    alpha
        0 (not seen) to 1.

    Returns
    -------
    str
        Red, green, blue and alpha, 0 to 255.

    Examples
    --------
    >>> rgba("#d55e00", 0.5)
    '213,94,0,128'
    """
    digits = colour.removeprefix("#")
    channels = (int(digits[at : at + 2], 16) for at in (0, 2, 4))
    return ",".join(map(str, (*channels, round(alpha * 255))))


# ------------------------------------------------------------------ expressions
def quoted(column: str) -> str:
    """Return a column as it is named in an expression of QGIS.

    Parameters
    ----------
    column
        Name of the column.

    Returns
    -------
    str
        In double quotes.

    Examples
    --------
    >>> quoted("persons")
    '"persons"'
    """
    doubled = column.replace('"', '""')
    return f'"{doubled}"'


def literal(text: str) -> str:
    """Return a text as it stands in an expression of QGIS.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    str
        In single quotes.

    Examples
    --------
    >>> literal("N'Tillit")
    "'N''Tillit'"
    """
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def scaled(column: str, largest: float, smallest_mm: float, largest_mm: float) -> str:
    """Return an expression for a size in millimetres that grows with the root of a number.

    Parameters
    ----------
    column
        Column with the number, >= 0.
    largest
        Number that is drawn largest.
    smallest_mm, largest_mm
        Sizes for 0 (and for missing numbers) and for `largest`.

    Returns
    -------
    str
        Expression of QGIS.

    Examples
    --------
    >>> scaled("persons", 400, 1, 5)
    'coalesce(1 + 4*sqrt(min("persons",400)/400.0),1)'
    """
    if largest <= 0:
        return f"{smallest_mm:g}"
    span = largest_mm - smallest_mm
    root = f"sqrt(min({quoted(column)},{largest:g})/{float(largest)!r})"
    return f"coalesce({smallest_mm:g} + {span:g}*{root},{smallest_mm:g})"


def _properties(parent: ET.Element, tag: str, expressions: Mapping[str, str]) -> None:
    if not expressions:
        return
    outer = ET.SubElement(ET.SubElement(parent, tag), "Option", type="Map")
    ET.SubElement(outer, "Option", type="QString", name="name", value="")
    inner = ET.SubElement(outer, "Option", type="Map", name="properties")
    for name, expression in expressions.items():
        entry = ET.SubElement(inner, "Option", type="Map", name=name)
        ET.SubElement(entry, "Option", type="bool", name="active", value="true")
        ET.SubElement(entry, "Option", type="QString", name="expression", value=expression)
        ET.SubElement(entry, "Option", type="int", name="type", value="3")
    ET.SubElement(outer, "Option", type="QString", name="type", value="collection")


# ------------------------------------------------------------------ symbols
def _layer(
    kind: str, properties: Mapping[str, object], expressions: Mapping[str, str] | None = None
) -> ET.Element:
    made = ET.Element("layer", {"class": kind, "enabled": "1", "pass": "0", "locked": "0"})
    options = ET.SubElement(made, "Option", type="Map")
    for name, value in properties.items():
        ET.SubElement(options, "Option", type="QString", name=name, value=str(value))
    for name, value in properties.items():
        # releases before 3.18 read these
        ET.SubElement(made, "prop", k=name, v=str(value))
    _properties(made, "data_defined_properties", expressions or {})
    return made


def symbol(kind: Kind, *layers: ET.Element, alpha: float = 1.0) -> Symbol:
    """Put symbol layers together.

    Parameters
    ----------
    kind
        What it draws.
    *layers
        From the lowest to the topmost.
    alpha
        0 (not seen) to 1.

    Returns
    -------
    Symbol
        For a renderer.

    Examples
    --------
    >>> symbol("line", line("#000000")).element("0").get("type")
    'line'
    """
    return Symbol(kind=kind, layers=layers, alpha=alpha)


def marker(
    shape: str,
    colour: str,
    *,
    size: float = 3.0,
    alpha: float = 1.0,
    outline: str = "#ffffff",
    outline_width: float = 0.3,
    size_expression: str | None = None,
) -> ET.Element:
    """Return a simple marker.

    Parameters
    ----------
    shape
        As QGIS calls it: circle, square, diamond, triangle, pentagon, star, cross2, ...
    colour, alpha
        Of the inside; alpha 0 leaves a ring.
    size, outline_width
        Millimetres.
    outline
        Colour of the edge.
    size_expression
        Size in millimetres as an expression of QGIS.

    Returns
    -------
    xml.etree.ElementTree.Element
        A symbol layer.

    Examples
    --------
    >>> marker("circle", "#0072b2").get("class")
    'SimpleMarker'
    """
    return _layer(
        "SimpleMarker",
        {
            "name": shape, "color": rgba(colour, alpha), "size": size, "size_unit": "MM",
            "outline_color": rgba(outline), "outline_style": "solid",
            "outline_width": outline_width, "outline_width_unit": "MM", "joinstyle": "miter",
            "scale_method": "diameter", "horizontal_anchor_point": 1, "vertical_anchor_point": 1,
        },
        {"size": size_expression} if size_expression else None,
    )  # fmt: skip


def line(
    colour: str,
    *,
    width: float = 0.4,
    alpha: float = 1.0,
    dash: Sequence[float] = (),
    cap: Literal["round", "flat"] = "round",
    width_expression: str | None = None,
) -> ET.Element:
    """Return a simple line.

    Parameters
    ----------
    colour, alpha
        Of the line.
    width
        Millimetres.
    dash
        Lengths of dashes and gaps in turn, millimetres; none: drawn through.
    cap
        Ends of the line and of its dashes.
    width_expression
        Width in millimetres as an expression of QGIS.

    Returns
    -------
    xml.etree.ElementTree.Element
        A symbol layer.

    Examples
    --------
    >>> line("#000000", dash=(2, 1)).find("prop[@k='customdash']").get("v")
    '2;1'
    """
    return _layer(
        "SimpleLine",
        {
            "line_color": rgba(colour, alpha), "line_style": "solid", "line_width": width,
            "line_width_unit": "MM", "capstyle": "flat" if dash else cap, "joinstyle": "round",
            "use_custom_dash": _flag(on=bool(dash)),
            "customdash": ";".join(f"{part:g}" for part in dash) or "5;2",
            "customdash_unit": "MM",
        },
        {"outlineWidth": width_expression} if width_expression else None,
    )  # fmt: skip


def along(*layers: ET.Element, interval: float = 4.0) -> ET.Element:
    """Repeat a marker along a line.

    Parameters
    ----------
    *layers
        Symbol layers of the marker.
    interval
        Millimetres from one to the next.

    Returns
    -------
    xml.etree.ElementTree.Element
        A symbol layer.

    Examples
    --------
    >>> along(marker("cross2", "#000000")).get("class")
    'MarkerLine'
    """
    made = _layer(
        "MarkerLine",
        {
            "placement": "interval", "interval": interval, "interval_unit": "MM", "rotate": 1,
            "offset_along_line": interval / 2, "offset_along_line_unit": "MM", "ring_filter": 0,
            "average_angle_length": 4, "average_angle_unit": "MM", "offset": 0,
            "offset_unit": "MM",
        },
    )  # fmt: skip
    made.append(Symbol(kind="marker", layers=layers).element("@0@0"))
    return made


def arrow(
    colour: str, *, width: float = 0.6, alpha: float = 1.0, width_expression: str | None = None
) -> ET.Element:
    """Return an arrow that bends through the middle point of a line of three points.

    Parameters
    ----------
    colour, alpha
        Of the arrow.
    width
        Millimetres, at its head; it starts with a third of that.
    width_expression
        Width in millimetres as an expression of QGIS.

    Returns
    -------
    xml.etree.ElementTree.Element
        A symbol layer.

    Examples
    --------
    >>> arrow("#000000").get("class")
    'ArrowLine'
    """
    wide = width_expression or f"{width:g}"
    made = _layer(
        "ArrowLine",
        {
            "arrow_type": 0, "arrow_width": width, "arrow_width_unit": "MM",
            "arrow_start_width": width / 3, "arrow_start_width_unit": "MM", "head_length": 1.5,
            "head_length_unit": "MM", "head_thickness": 1.2, "head_thickness_unit": "MM",
            "head_type": 0, "is_curved": 1, "is_repeated": 0, "offset": 0, "offset_unit": "MM",
            "ring_filter": 0,
        },
        {
            "arrowWidth": wide, "arrowStartWidth": f"0.3*({wide})",
            "arrowHeadLength": f"1.1*({wide})+1", "arrowHeadThickness": f"0.7*({wide})+0.5",
        },
    )  # fmt: skip
    inside = _layer(
        "SimpleFill",
        {
            "color": rgba(colour, alpha), "style": "solid", "outline_color": rgba("#ffffff"),
            "outline_style": "solid", "outline_width": 0.1, "outline_width_unit": "MM",
            "joinstyle": "miter", "offset": "0,0", "offset_unit": "MM",
        },
    )  # fmt: skip
    made.append(Symbol(kind="fill", layers=(inside,)).element("@0@0"))
    return made


def fill(
    colour: str | None,
    *,
    alpha: float = 1.0,
    outline: str | None = "#666666",
    outline_width: float = 0.2,
    outline_style: Literal["solid", "dash", "dot", "dash dot"] = "solid",
    colour_expression: str | None = None,
) -> ET.Element:
    """Return a plain fill.

    Parameters
    ----------
    colour, alpha
        Of the inside; no colour leaves it empty.
    outline, outline_width, outline_style
        Of the edge, width in millimetres; no outline draws none.
    colour_expression
        Colour of the inside as an expression of QGIS.

    Returns
    -------
    xml.etree.ElementTree.Element
        A symbol layer.

    Examples
    --------
    >>> fill(None).find("prop[@k='style']").get("v")
    'no'
    """
    return _layer(
        "SimpleFill",
        {
            "color": rgba(colour or "#ffffff", alpha), "style": "solid" if colour else "no",
            "outline_color": rgba(outline or "#ffffff"),
            "outline_style": outline_style if outline else "no", "outline_width": outline_width,
            "outline_width_unit": "MM", "joinstyle": "round", "offset": "0,0",
            "offset_unit": "MM",
        },
        {"fillColor": colour_expression} if colour_expression else None,
    )  # fmt: skip


def hatch(
    colour: str,
    *,
    angle: float = 45.0,
    distance: float = 2.5,
    width: float = 0.3,
    distance_expression: str | None = None,
) -> ET.Element:
    """Return parallel lines that fill an area.

    Parameters
    ----------
    colour
        Of the lines.
    angle
        Degrees, counted anticlockwise from the east.
    distance, width
        Millimetres.
    distance_expression
        Distance in millimetres as an expression of QGIS.

    Returns
    -------
    xml.etree.ElementTree.Element
        A symbol layer.

    Examples
    --------
    >>> hatch("#000000").get("class")
    'LinePatternFill'
    """
    made = _layer(
        "LinePatternFill",
        {
            "angle": angle, "color": rgba(colour), "distance": distance, "distance_unit": "MM",
            "line_width": width, "line_width_unit": "MM", "offset": 0, "offset_unit": "MM",
            "outline_width_unit": "MM",
        },
        {"lineDistance": distance_expression} if distance_expression else None,
    )  # fmt: skip
    made.append(Symbol(kind="line", layers=(line(colour, width=width),)).element("@0@0"))
    return made


def dots(*layers: ET.Element, distance: float = 3.0) -> ET.Element:
    """Return markers in rows that fill an area.

    Parameters
    ----------
    *layers
        Symbol layers of the marker.
    distance
        Millimetres from one to the next.

    Returns
    -------
    xml.etree.ElementTree.Element
        A symbol layer.

    Examples
    --------
    >>> dots(marker("circle", "#000000")).get("class")
    'PointPatternFill'
    """
    made = _layer(
        "PointPatternFill",
        {
            "distance_x": distance, "distance_x_unit": "MM", "distance_y": distance,
            "distance_y_unit": "MM", "displacement_x": distance / 2, "displacement_x_unit": "MM",
            "displacement_y": 0, "displacement_y_unit": "MM", "offset_x": 0,
            "offset_x_unit": "MM", "offset_y": 0, "offset_y_unit": "MM",
            "outline_width_unit": "MM",
        },
    )  # fmt: skip
    made.append(Symbol(kind="marker", layers=layers).element("@0@0"))
    return made


# ------------------------------------------------------------------ renderers
def _renderer(kind: str, **attributes: str) -> ET.Element:
    fixed = {"type": kind, "forceraster": "0", "symbollevels": "0", "enableorderby": "0"}
    return ET.Element("renderer-v2", {**fixed, **attributes})


def _add_symbols(parent: ET.Element, symbols: Sequence[Symbol]) -> None:
    holder = ET.SubElement(parent, "symbols")
    holder.extend(one.element(str(at)) for at, one in enumerate(symbols))


def _finish(renderer: ET.Element, order_by: str | None, sizes: Sizes | None = None) -> ET.Element:
    ET.SubElement(renderer, "rotation")
    ET.SubElement(renderer, "sizescale")
    if sizes is not None:
        source = ET.SubElement(renderer, "source-symbol")
        source.append(sizes.symbol.element("0"))
        legend = ET.SubElement(
            renderer, "data-defined-size-legend", type="collapsed", valign="bottom",
            title=sizes.title,
        )  # fmt: skip
        legend.append(sizes.symbol.element("source"))
        classes = ET.SubElement(legend, "classes")
        for size, label in sizes.examples:
            ET.SubElement(classes, "class", size=f"{size:g}", label=label)
        ET.SubElement(
            legend, "text-style", align="1", font="Sans Serif,8,-1,5,50,0,0,0,0,0",
            color=rgba("#222222"),
        )  # fmt: skip
        legend.append(Symbol(kind="line", layers=(line("#666666", width=0.2),)).element("line"))
    if order_by is not None:
        renderer.set("enableorderby", "1")
        orders = ET.SubElement(renderer, "orderby")
        ET.SubElement(orders, "orderByClause", asc="1", nullsFirst="1").text = order_by
    return renderer


def single(one: Symbol) -> ET.Element:
    """Draw every row with the same symbol.

    Parameters
    ----------
    one
        The symbol.

    Returns
    -------
    xml.etree.ElementTree.Element
        A renderer.

    Examples
    --------
    >>> single(symbol("fill", fill("#ffffff"))).get("type")
    'singleSymbol'
    """
    made = _renderer("singleSymbol")
    _add_symbols(made, [one])
    return _finish(made, None)


def categorised(
    expression: str,
    categories: Sequence[Category],
    *,
    order_by: str | None = None,
    sizes: Sizes | None = None,
) -> ET.Element:
    """Draw rows by category.

    Parameters
    ----------
    expression
        Column or expression of QGIS that gives the category.
    categories
        In the order of the legend. Add one with the value None, or rows of any other value stay
        undrawn.
    order_by
        Expression by which rows are drawn, smallest first.
    sizes
        Legend of sizes, if every symbol has the same expression for its size.

    Returns
    -------
    xml.etree.ElementTree.Element
        A renderer.

    Examples
    --------
    >>> dot = symbol("marker", marker("circle", "#000000"))
    >>> categorised("kind", [Category(value=None, label="any", symbol=dot)]).get("attr")
    'kind'
    """
    made = _renderer("categorizedSymbol", attr=expression)
    holder = ET.SubElement(made, "categories")
    for at, one in enumerate(categories):
        is_flag = isinstance(one.value, bool)
        text = "" if one.value is None else str(one.value)
        ET.SubElement(
            holder, "category", value=text.lower() if is_flag else text,
            type="bool" if is_flag else "string", label=one.label, symbol=str(at),
            render="true" if one.shown else "false",
        )  # fmt: skip
    _add_symbols(made, [one.symbol for one in categories])
    return _finish(made, order_by, sizes)


def graduated(expression: str, classes: Sequence[Class]) -> ET.Element:
    """Draw rows by classes of a number.

    Parameters
    ----------
    expression
        Column or expression of QGIS. Rows where it is NULL are not drawn at all: give them a
        number with ``coalesce`` and a class of their own.
    classes
        In the order of the legend; where two hold a number, the first counts.

    Returns
    -------
    xml.etree.ElementTree.Element
        A renderer.

    Examples
    --------
    >>> plain = symbol("fill", fill("#ffffff"))
    >>> graduated("share", [Class(lower=0, upper=1, label="any", symbol=plain)]).get("type")
    'graduatedSymbol'
    """
    made = _renderer("graduatedSymbol", attr=expression, graduatedMethod="GraduatedColor")
    holder = ET.SubElement(made, "ranges")
    for at, one in enumerate(classes):
        ET.SubElement(
            holder, "range", lower=repr(float(one.lower)), upper=repr(float(one.upper)),
            label=one.label, symbol=str(at), render="true",
        )  # fmt: skip
    _add_symbols(made, [one.symbol for one in classes])
    return _finish(made, None)


# ------------------------------------------------------------------ labels and time
def text_style(
    text: str, *, size: float, colour: str, bold: bool = False, italic: bool = False,
    halo: bool = True,
) -> ET.Element:  # fmt: skip
    """Return the look of a text.

    Parameters
    ----------
    text
        Expression of QGIS.
    size
        Points.
    colour
        Of the letters.
    bold, italic
        Of the letters.
    halo
        Whether the letters have a white rim.

    Returns
    -------
    xml.etree.ElementTree.Element
        For labels and scale bars.

    Examples
    --------
    >>> text_style('"name"', size=8, colour="#000000").get("fieldName")
    '"name"'
    """
    made = ET.Element(
        "text-style", fieldName=text, isExpression="1", fontFamily="Sans Serif",
        fontSize=f"{size:g}", fontSizeUnit="Point", textColor=rgba(colour), textOpacity="1",
        namedStyle="Bold" if bold else "Italic" if italic else "Regular",
        fontWeight="75" if bold else "50", fontItalic=_flag(on=italic), multilineHeight="0.9",
        textOrientation="horizontal", fontKerning="1",
    )  # fmt: skip
    ET.SubElement(
        made, "text-buffer", bufferDraw=_flag(on=halo), bufferSize="0.7", bufferSizeUnits="MM",
        bufferColor=rgba("#ffffff"), bufferOpacity="0.85", bufferNoFill="1",
        bufferJoinStyle="128",
    )  # fmt: skip
    return made


def labels(
    text: str,
    *,
    placement: Placement,
    size: float = 8.0,
    colour: str = "#222222",
    bold: bool = False,
    italic: bool = False,
    priority: int | str = 5,
    show: str | None = None,
    always: bool = False,
) -> ET.Element:
    """Label rows.

    Parameters
    ----------
    text
        Expression of QGIS.
    placement
        What is labelled.
    size
        Points.
    colour, bold, italic
        Of the letters.
    priority
        0 to 10, or an expression; where labels do not all fit, higher ones win.
    show
        Expression that says of a row whether it is labelled; ``@map_scale`` is the denominator
        of the scale.
    always
        Whether a label is shown even where it covers others, in a map of a country or less.

    Returns
    -------
    xml.etree.ElementTree.Element
        For a style.

    Examples
    --------
    >>> labels('"name"', placement="point").get("type")
    'simple'
    """
    made = ET.Element("labeling", type="simple")
    settings = ET.SubElement(made, "settings", calloutType="simple")
    settings.append(text_style(text, size=size, colour=colour, bold=bold, italic=italic))
    ET.SubElement(settings, "text-format", multilineAlign="3", wrapChar="", autoWrapLength="0")
    ET.SubElement(
        settings, "placement", placement=_PLACEMENTS[placement], dist="1.2",
        distUnits="MM", predefinedPositionOrder="TR,TL,BR,BL,R,L,TSR,BSR", offsetType="1",
        quadOffset="4", centroidInside="1", centroidWhole="0", fitInPolygonOnly="0",
        priority=str(priority if isinstance(priority, int) else 5), placementFlags="10",
        polygonPlacementFlags="2",
        lineAnchorPercent="0.5", lineAnchorType="0", maxCurvedCharAngleIn="25",
        maxCurvedCharAngleOut="-25",
    )  # fmt: skip
    ET.SubElement(
        settings, "rendering", drawLabels="1", obstacle="1", obstacleType="1",
        obstacleFactor="1", maxNumLabels="2000", fontMinPixelSize="3", fontMaxPixelSize="10000",
        scaleVisibility="0", scaleMin="0", scaleMax="0", displayAll="0",
        upsidedownLabels="0", mergeLines="1", minFeatureSize="0",
    )  # fmt: skip
    by_row = {
        "Show": show, "Priority": priority if isinstance(priority, str) else None,
        "AlwaysShow": "@map_scale<12000000" if always else None,
    }  # fmt: skip
    _properties(settings, "dd_properties", {key: text for key, text in by_row.items() if text})
    return made


def temporal(start: str, end: str) -> ET.Element:
    """Let QGIS show rows on the days from one column to another, both included.

    Parameters
    ----------
    start, end
        Columns with dates; a missing date is an open end.

    Returns
    -------
    xml.etree.ElementTree.Element
        For a style.

    Examples
    --------
    >>> temporal("start", "end").get("mode")
    '4'
    """
    # a date alone is compared as text with the start of a day, and then comes before it
    first, last = (
        f'coalesce(to_datetime("{column}"), make_datetime({year},1,1,0,0,0))'
        for column, year in ((start, 1), (end, 9000))
    )
    made = ET.Element(
        "temporal", enabled="1", mode="4", startField=start, endField=end, durationField="",
        fixedDuration="0", durationUnit="d", accumulate="0", limitMode="1", startExpression=first,
        endExpression=f"{last} + to_interval('86399 seconds')",
    )  # fmt: skip
    ends = ET.SubElement(made, "fixedRange")
    ET.SubElement(ends, "start")
    ET.SubElement(ends, "end")
    return made

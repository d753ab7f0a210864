"""The QGIS project beside a result file: themes, print layouts, time, all in relative paths."""

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pyproj

from mobility_geo.export.notice import MARK, NOTICE
from mobility_geo.export.qml import QGIS_VERSION, Symbol, fill, text_style, to_text
from mobility_geo.geopackage import Layer

Bounds = tuple[float, float, float, float]

PROJECT_CRS: Final = "EPSG:4326"
"""Degrees, as the layers are stored; QGIS measures on the ellipsoid whatever the project's is."""

ELLIPSOID: Final = "EPSG:7030"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Theme:
    """A question, with the layers that answer it; also the name of its print layout."""

    name: str
    layers: tuple[str, ...]


THEMES: Final = (
    Theme(
        name="1 Who is stranded, and where held",
        layers=("crossings", "places", "stranded", "stranded_held_at", "disruptions", "edges",
                "zones"),
    ),
    Theme(
        name="2 Way stations within reach",
        layers=("waystations", "places", "reachable", "catchments", "zones"),
    ),
    Theme(
        name="3 Flows of people",
        layers=("crossings", "places", "edge_flows", "edges", "zones"),
    ),
    Theme(
        name="4 Origins and destinations",
        layers=("places", "od_flows", "zones"),
    ),
    Theme(
        name="5 Network and disruptions",
        layers=("crossings", "disruptions", "edges", "nodes", "zones"),
    ),
    Theme(
        name="6 People by zone",
        layers=("crossings", "edges", "status_by_zone", "zones"),
    ),
)  # fmt: skip
"""The first one is shown when the project opens."""

GROUPS: Final = (
    ("Crossings and stations", ("crossings", "waystations")),
    ("People", ("places", "stranded", "stranded_held_at")),
    ("Reach and flows", ("reachable", "od_flows", "edge_flows")),
    ("Disruptions and network", ("disruptions", "edges", "nodes")),
    ("Areas", ("catchments", "status_by_zone", "zones")),
    ("About", ("run_info",)),
)
"""Groups of the layer tree; together they keep the drawing order."""

PAGE_MM: Final = (297.0, 210.0)
MAP_MM: Final = (10.0, 22.0, 205.0, 168.0)
_GEOMETRIES: Final = {"Point": "Point", "LineString": "Line", "Polygon": "Polygon"}


def write_project(
    path: str | Path,
    layers: Sequence[Layer],
    *,
    data: str,
    title: str,
    subtitle: str = "",
    extent: Bounds | None = None,
    period: tuple[dt.date, dt.date] | None = None,
) -> Path:
    """Write a QGIS project for the layers of a GeoPackage that stands beside it.

    Parameters
    ----------
    path
        The file, ``.qgz``.
    layers
        The layers as they were written, topmost first, each with its style.
    data
        Name of the GeoPackage in the same folder.
    title, subtitle
        Title of the project and of its print layouts, and the line below it.
    extent
        West, south, east, north to open with, degrees; all layers if left out.
    period
        First and last day of the temporal controller.

    Returns
    -------
    pathlib.Path
        The file.

    Notes
    -----
    The same layers give the same bytes.

    Examples
    --------
    >>> import tempfile
    >>> import shapely
    >>> frame = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(0, 0)], crs=4326)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_project(f"{folder}/x.qgz", [Layer(name="places", frame=frame)],
    ...                          data="x.gpkg", title="X")
    ...     zipfile.ZipFile(file).namelist()
    ['x.qgs']
    """  # fmt: skip
    file = Path(path)
    shown = extent if extent is not None else layers_extent(layers)
    root = _project(layers, data=data, title=title, subtitle=subtitle, extent=shown, period=period)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        # a fixed time, so that the same project is the same file
        entry = zipfile.ZipInfo(f"{file.stem}.qgs", date_time=(1980, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, to_text(root))
    file.write_bytes(packed.getvalue())
    return file


def layers_extent(layers: Sequence[Layer], *, margin: float = 0.06) -> Bounds:
    """Return the extent of layers in degrees.

    Parameters
    ----------
    layers
        Any layers.
    margin
        What is added on each side, as a share of the larger side.

    Returns
    -------
    tuple of float
        West, south, east, north; of the whole world if nothing has a place.

    Examples
    --------
    >>> import shapely
    >>> frame = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 10, 5)], crs=4326)
    >>> layers_extent([Layer(name="zones", frame=frame)], margin=0.1)
    (-1.0, -1.0, 11.0, 6.0)
    """
    bounds = [
        layer.frame.to_crs(4326).total_bounds
        for layer in layers
        if isinstance(layer.frame, gpd.GeoDataFrame) and len(layer.frame)
    ]
    finite = [one for one in bounds if bool(np.isfinite(one).all())]
    if not finite:
        return (-180.0, -90.0, 180.0, 90.0)
    table = np.array(finite)
    west, south = table[:, :2].min(axis=0)
    east, north = table[:, 2:].max(axis=0)
    pad = margin * max(east - west, north - south, 0.1)
    return (float(west - pad), float(south - pad), float(east + pad), float(north + pad))


# ------------------------------------------------------------------ the project
def _project(
    layers: Sequence[Layer],
    *,
    data: str,
    title: str,
    subtitle: str,
    extent: Bounds,
    period: tuple[dt.date, dt.date] | None,
) -> ET.Element:
    root = ET.Element("qgis", version=QGIS_VERSION, projectname=title)
    ET.SubElement(root, "title").text = title
    about = ET.SubElement(root, "projectMetadata")
    for name, text in (
        ("identifier", ""), ("parentidentifier", ""), ("language", "en"), ("type", "dataset"),
        ("title", title), ("abstract", NOTICE),
    ):  # fmt: skip
        ET.SubElement(about, name).text = text
    ET.SubElement(root, "projectCrs").append(_crs(PROJECT_CRS))
    first = set(THEMES[0].layers) & {layer.name for layer in layers}
    root.append(_tree(layers, data, first))
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
    ET.SubElement(canvas, "units").text = "degrees"
    _corners(ET.SubElement(canvas, "extent"), extent)
    ET.SubElement(canvas, "rotation").text = "0"
    ET.SubElement(canvas, "destinationsrs").append(_crs(PROJECT_CRS))
    maps = ET.SubElement(root, "projectlayers")
    maps.extend(_map_layer(layer, data) for layer in layers)
    order = ET.SubElement(root, "layerorder")
    for layer in layers:
        ET.SubElement(order, "layer", id=_layer_id(layer.name))
    root.append(_properties())
    presets = ET.SubElement(root, "visibility-presets")
    presets.extend(_preset(theme, layers) for theme in THEMES)
    views = ET.SubElement(root, "ProjectViewSettings", UseProjectScales="0")
    west, south, east, north = (str(value) for value in extent)
    view = ET.SubElement(views, "DefaultViewExtent", xmin=west, ymin=south, xmax=east, ymax=north)
    view.append(_crs(PROJECT_CRS))
    if period is not None:
        times = ET.SubElement(
            root, "ProjectTimeSettings", frameRate="1", timeStep="1", timeStepUnit="d",
            cumulativeTemporalRange="0",
        )  # fmt: skip
        span = ET.SubElement(times, "TemporalRange")
        ET.SubElement(span, "start").text = f"{period[0].isoformat()}T00:00:00Z"
        ET.SubElement(span, "end").text = f"{period[1].isoformat()}T23:59:59Z"
    layouts = ET.SubElement(root, "Layouts")
    layouts.extend(_layout(theme, layers, data, title, subtitle, extent) for theme in THEMES)
    return root


def _crs(code: str) -> ET.Element:
    """Return a coordinate reference system; QGIS heeds the code only beside a number srsid."""
    crs = pyproj.CRS(code)
    made = ET.Element("spatialrefsys")
    ET.SubElement(made, "wkt").text = crs.to_wkt()
    ET.SubElement(made, "srsid").text = "1"
    ET.SubElement(made, "authid").text = code
    return made


def _corners(parent: ET.Element, extent: Bounds) -> None:
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), extent, strict=True):
        ET.SubElement(parent, name).text = str(value)


def _layer_id(name: str) -> str:
    return f"{name}_mobility_geo"


def _source(name: str, data: str) -> str:
    return f"./{data}|layername={name}"


def _tree_layer(layer: Layer, data: str, *, checked: bool, expanded: bool) -> ET.Element:
    made = ET.Element(
        "layer-tree-layer", id=_layer_id(layer.name), name=layer.title or layer.name,
        source=_source(layer.name, data), providerKey="ogr",
        checked="Qt::Checked" if checked else "Qt::Unchecked",
        expanded="1" if expanded else "0", legend_exp="", legend_split_behavior="0",
        patch_size="-1,-1",
    )  # fmt: skip
    ET.SubElement(ET.SubElement(made, "customproperties"), "Option")
    return made


def _tree(layers: Sequence[Layer], data: str, visible: set[str]) -> ET.Element:
    root = ET.Element("layer-tree-group")
    ET.SubElement(ET.SubElement(root, "customproperties"), "Option")
    by_name = {layer.name: layer for layer in layers}
    grouped = {name for _, names in GROUPS for name in names}
    for title, names in GROUPS:
        present = [by_name[name] for name in names if name in by_name]
        if not present:
            continue
        any_seen = any(layer.name in visible for layer in present)
        group = ET.SubElement(
            root, "layer-tree-group", name=title, checked="Qt::Checked",
            expanded="1" if any_seen else "0",
        )  # fmt: skip
        ET.SubElement(ET.SubElement(group, "customproperties"), "Option")
        group.extend(
            _tree_layer(
                layer, data, checked=layer.name in visible,
                expanded=layer.name in visible and layer.name not in {"zones", "edges"},
            )
            for layer in present
        )  # fmt: skip
    root.extend(
        _tree_layer(layer, data, checked=True, expanded=True)
        for layer in layers
        if layer.name not in grouped
    )
    return root


def _map_layer(layer: Layer, data: str) -> ET.Element:
    frame = layer.frame
    kind = "No geometry"
    if isinstance(frame, gpd.GeoDataFrame):
        named = [layer.geometry_type, *frame.geom_type.dropna(), "Point"]
        kind = _GEOMETRIES[str(next(one for one in named if one)).removeprefix("Multi")]
    style = _style_root(layer)
    made = ET.Element(
        "maplayer", {**style.attrib, "type": "vector", "geometry": kind,
                     "autoRefreshEnabled": "0", "autoRefreshTime": "0"},
    )  # fmt: skip
    made.attrib.pop("version", None)
    for name, text in (
        ("id", _layer_id(layer.name)), ("datasource", _source(layer.name, data)),
        ("shortname", layer.name), ("title", layer.title), ("abstract", layer.abstract),
        ("layername", layer.title or layer.name),
    ):  # fmt: skip
        ET.SubElement(made, name).text = text
    if kind != "No geometry":
        ET.SubElement(made, "srs").append(_crs(PROJECT_CRS))
    about = ET.SubElement(made, "resourceMetadata")
    for name, text in (
        ("identifier", layer.name), ("parentidentifier", ""), ("language", "en"),
        ("type", "dataset"), ("title", layer.title), ("abstract", layer.abstract),
    ):  # fmt: skip
        ET.SubElement(about, name).text = text
    provider = ET.SubElement(made, "provider", encoding="UTF-8")
    provider.text = "ogr"
    made.extend(deepcopy(part) for part in style)
    return made


def _properties() -> ET.Element:
    root = ET.Element("properties")
    for group, name, kind, value in (
        ("Paths", "Absolute", "bool", "false"),
        ("SpatialRefSys", "ProjectionsEnabled", "int", "1"),
        ("Measure", "Ellipsoid", "QString", ELLIPSOID),
        ("Measurement", "DistanceUnits", "QString", "km"),
        ("Measurement", "AreaUnits", "QString", "km2"),
        ("PositionPrecision", "Automatic", "bool", "true"),
    ):
        holder = root.find(group)
        if holder is None:
            holder = ET.SubElement(root, group)
        ET.SubElement(holder, name, type=kind).text = value
    return root


def _preset(theme: Theme, layers: Sequence[Layer]) -> ET.Element:
    made = ET.Element(
        "visibility-preset",
        {"name": theme.name, "has-expanded-info": "1", "has-checked-group-info": "1"},
    )
    for layer in layers:
        if layer.name in theme.layers:
            key = _layer_id(layer.name)
            ET.SubElement(made, "layer", id=key, visible="1", expanded="1", style="default")
            ticked = _ticked(layer)
            if ticked is not None:
                # without this list a theme ticks everything
                nodes = ET.SubElement(made, "checked-legend-nodes", id=key)
                for at in ticked:
                    ET.SubElement(nodes, "checked-legend-node", id=str(at))
    checked = ET.SubElement(made, "checked-group-nodes")
    for title, _ in GROUPS:
        ET.SubElement(checked, "checked-group-node", id=title)
    opened = ET.SubElement(made, "expanded-group-nodes")
    for title, names in GROUPS:
        if set(names) & set(theme.layers):
            ET.SubElement(opened, "expanded-group-node", id=title)
    return made


def _present(layer: Layer) -> list[int]:
    """Return which nodes of a layer's legend have something on the map.

    A legend on paper shows what there is; the layer tree keeps all that there could be.
    """
    renderer = _style_root(layer).find("renderer-v2")
    frame = layer.frame
    if "active" in frame.columns:
        frame = frame[frame["active"].to_numpy(dtype=bool)]
    if renderer is None or not len(frame):
        return []
    # the legend of sizes is two nodes, its title and its circles, before the categories
    first = 0 if renderer.find("data-defined-size-legend") is None else 2
    column = "kind" if layer.name == "disruptions" else renderer.get("attr", "")
    listed = renderer.findall("categories/category")
    if column in frame.columns:
        held = {_word(value) for value in frame[column].dropna()}
        rest = bool(frame[column].isna().any()) or not held <= {str(c.get("value")) for c in listed}
        drawn = [c.get("value") in held if c.get("value") else rest for c in listed]
    else:
        drawn = [True] * len(listed)
    ticked = [c.get("render") == "true" for c in listed]
    nodes = list(range(first, first + len(renderer.findall("ranges/range"))))
    nodes += [first + at for at, both in enumerate(zip(drawn, ticked, strict=True)) if all(both)]
    return [*range(first), *nodes] if nodes or first else [0]


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ticked(layer: Layer) -> list[int] | None:
    """Return which categories of a style are ticked; None if all are."""
    root = _style_root(layer)
    ticks = [
        one.get("render") == "true" for one in root.iterfind("renderer-v2/categories/category")
    ]
    return None if all(ticks) else [at for at, tick in enumerate(ticks) if tick]


def _style_root(layer: Layer) -> ET.Element:
    if layer.style is None:
        return ET.Element("qgis")
    return ET.fromstring(layer.style)  # noqa: S314 (text of this package)


# ------------------------------------------------------------------ print layouts
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Box:
    """Where an item stands on the page, in millimetres, and how high in the stack."""

    x: float
    y: float
    width: float
    height: float
    level: int


_PAGE, _MAP, _PICTURE, _LABEL, _LEGEND, _SCALE_BAR = (
    "65638",
    "65639",
    "65640",
    "65641",
    "65642",
    "65646",
)


def _item(kind: str, box: _Box, key: str, *, frame: bool = False, back: bool = False,
          **attributes: str) -> ET.Element:  # fmt: skip
    made = ET.Element(
        "LayoutItem",
        {
            "type": kind, "uuid": key, "templateUuid": key,
            "position": f"{box.x:g},{box.y:g},mm", "positionOnPage": f"{box.x:g},{box.y:g},mm",
            "size": f"{box.width:g},{box.height:g},mm", "referencePoint": "0", "visibility": "1",
            "opacity": "1", "blendMode": "0", "zValue": str(box.level), "itemRotation": "0",
            "frame": str(frame).lower(), "outlineWidthM": "0.3,mm", "frameJoinStyle": "miter",
            "background": str(back).lower(), "positionLock": "false", **attributes,
        },
    )  # fmt: skip
    ET.SubElement(made, "FrameColor", red="60", green="60", blue="60", alpha="255")
    ET.SubElement(made, "BackgroundColor", red="255", green="255", blue="255", alpha="255")
    return made


def _text_item(
    text: str, box: _Box, key: str, *, points: float, bold: bool = False, red: bool = False,
    right: bool = False,
) -> ET.Element:  # fmt: skip
    made = _item(
        _LABEL, box, key, labelText=text, htmlState="0", halign="2" if right else "1",
        valign="32", marginX="0", marginY="0",
    )  # fmt: skip
    weight = 75 if bold else 50
    ET.SubElement(
        made, "LabelFont", style="Bold" if bold else "",
        description=f"Sans Serif,{points:g},-1,5,{weight},0,0,0,0,0",
    )  # fmt: skip
    ET.SubElement(made, "FontColor", red="176" if red else "30", green="0" if red else "30",
                  blue="32" if red else "30", alpha="255")  # fmt: skip
    return made


def _fitted(extent: Bounds) -> Bounds:
    """Widen an extent to the shape of the map on the page, or QGIS would cut it."""
    west, south, east, north = extent
    shape = MAP_MM[2] / MAP_MM[3]
    if (east - west) / (north - south) < shape:
        more = ((north - south) * shape - (east - west)) / 2
        return (west - more, south, east + more, north)
    more = ((east - west) / shape - (north - south)) / 2
    return (west, south - more, east, north + more)


def _bar_km(extent: Bounds) -> float:
    """Return a round length for one segment of the scale bar, about a tenth of the map's width."""
    west, south, east, north = extent
    middle = (south + north) / 2
    _, _, width = pyproj.Geod(ellps="WGS84").inv(west, middle, east, middle)
    wanted = max(float(width) / 1000 / 10, 1e-3)
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(max(step * power for step in (1, 2, 5) if step * power <= wanted * 1.0001))


def _layout(
    theme: Theme,
    layers: Sequence[Layer],
    data: str,
    title: str,
    subtitle: str,
    extent: Bounds,
) -> ET.Element:
    number = THEMES.index(theme) + 1

    def key(at: int) -> str:
        return f"{{00000000-0000-4000-8000-{number:04d}{at:08d}}}"

    shown = _fitted(extent)
    made = ET.Element(
        "Layout", name=theme.name, units="mm", printResolution="300", worldFileMap=key(1)
    )
    ET.SubElement(made, "Snapper", tolerance="5", snapToItems="1", snapToGrid="0",
                  snapToGuides="1")  # fmt: skip
    ET.SubElement(made, "Grid", resolution="10", resUnits="mm", offsetX="0", offsetY="0",
                  offsetUnits="mm")  # fmt: skip
    pages = ET.SubElement(made, "PageCollection")
    paper = Symbol(kind="fill", layers=(fill("#ffffff", outline=None),))
    pages.append(paper.element(""))
    # a page above level 0 would hide everything on it
    page = _item(_PAGE, _Box(x=0, y=0, width=PAGE_MM[0], height=PAGE_MM[1], level=0), key(0),
                 back=True)  # fmt: skip
    page.append(paper.element(""))
    pages.append(page)
    ET.SubElement(pages, "GuideCollection", visible="1")
    x, y, width, height = MAP_MM
    side = x + width + 4
    the_map = _item(
        _MAP, _Box(x=x, y=y, width=width, height=height, level=1), key(1), frame=True, back=True,
        mapRotation="0", keepLayerSet="false", followPreset="true", followPresetName=theme.name,
        drawCanvasItems="true", mapFlags="0", labelMargin="0,mm",
    )  # fmt: skip
    west, south, east, north = (str(value) for value in shown)
    ET.SubElement(the_map, "Extent", xmin=west, ymin=south, xmax=east, ymax=north)
    ET.SubElement(the_map, "LayerSet")
    made.append(the_map)
    question = theme.name.split(" ", 1)[1]
    made.append(_text_item(title, _Box(x=x, y=5, width=225, height=9, level=2), key(2),
                           points=15, bold=True))  # fmt: skip
    line = f"{question}. {subtitle}" if subtitle else question
    made.append(_text_item(line, _Box(x=x, y=14, width=225, height=7, level=3), key(3), points=10))
    made.append(_text_item(MARK, _Box(x=237, y=5, width=50, height=9, level=4), key(4), points=15,
                           bold=True, red=True, right=True))  # fmt: skip
    note = (
        f"{NOTICE}\nLayers of {data}; coordinates in degrees (WGS 84). Made with mobility_geo; "
        "sources of the data are in the columns 'source' and in the table run_info."
    )
    made.append(_text_item(note, _Box(x=x, y=y + height + 2, width=277, height=14, level=5), key(5),
                           points=7.5))  # fmt: skip
    legend_box = _Box(x=side, y=y, width=PAGE_MM[0] - 10 - side, height=height, level=6)
    made.append(_legend(theme, layers, data, legend_box, key(6), key(1)))
    bar_box = _Box(x=x + width - 58, y=y + height - 13, width=55, height=10, level=7)
    made.append(_scale_bar(shown, bar_box, key(7), key(1)))
    made.append(
        _item(
            _PICTURE, _Box(x=x + width - 13, y=y + 3, width=10, height=12, level=8),
            key(8), mapUuid=key(1), file=":/images/north_arrows/layout_default_north_arrow.svg",
            mode="2", resizeMode="0", anchorPoint="0", northMode="0", northOffset="0",
            pictureRotation="0", svgFillColor="60,60,60,255", svgBorderColor="60,60,60,255",
            svgBorderWidth="0.2",
        )
    )  # fmt: skip
    ET.SubElement(made, "Atlas", enabled="0", hideCoverage="0", coverageLayer="", sortFeatures="0",
                  filterFeatures="0", pageNameExpression="",
                  filenamePattern="'output_'||@atlas_featurenumber")  # fmt: skip
    return made


def _legend(
    theme: Theme, layers: Sequence[Layer], data: str, box: _Box, key: str, map_key: str
) -> ET.Element:
    made = _item(
        _LEGEND, box, key, map_uuid=map_key, title="", titleAlignment="1", columnCount="1",
        splitLayer="0", equalColumnWidth="0", symbolWidth="6", symbolHeight="3.2", boxSpace="0",
        columnSpace="2", lineSpacing="0.6", resizeToContents="1", wrapChar="",
        fontColor="#1e1e1e", legendFilterByAtlas="0", legendFilterByMap="0", symbolAlignment="1",
        rasterBorder="0", wmsLegendWidth="50", wmsLegendHeight="25", minSymbolSize="0",
        maxSymbolSize="0",
    )  # fmt: skip
    styles = ET.SubElement(made, "styles")
    for name, points, bold, above in (
        ("title", 10, True, 0.0), ("group", 8.5, True, 2.0), ("subgroup", 8, True, 2.2),
        ("symbol", 7, False, 0.9), ("symbolLabel", 7, False, 0.6),
    ):  # fmt: skip
        one = ET.SubElement(
            styles, "style", name=name, alignment="1", indent="0", marginTop=f"{above:g}",
            marginBottom="0", marginLeft="1.5" if name == "symbolLabel" else "0",
        )  # fmt: skip
        weight = 75 if bold else 50
        ET.SubElement(
            one, "styleFont", style="Bold" if bold else "",
            description=f"Sans Serif,{points:g},-1,5,{weight},0,0,0,0,0",
        )  # fmt: skip
    tree = ET.SubElement(made, "layer-tree-group")
    ET.SubElement(ET.SubElement(tree, "customproperties"), "Option")
    for layer in layers:
        shown = _present(layer)
        if layer.name in theme.layers and layer.name != "zones" and shown:
            entry = _tree_layer(layer, data, checked=True, expanded=True)
            options = entry.find("customproperties/Option")
            if options is not None:
                options.set("type", "Map")
                ET.SubElement(
                    options, "Option", type="QString", name="legend/node-order",
                    value=",".join(map(str, shown)),
                )  # fmt: skip
            tree.append(entry)
    return made


def _scale_bar(extent: Bounds, box: _Box, key: str, map_key: str) -> ET.Element:
    made = _item(
        _SCALE_BAR, box, key, back=True, mapUuid=map_key, style="Line Ticks Up", unitType="km",
        unitLabel="km", numMapUnitsPerScaleBarUnit="1", numSegments="2", numSegmentsLeft="0",
        numUnitsPerSegment=f"{_bar_km(extent):g}", height="2", segmentSizeMode="0",
        segmentMillimeters="20", minBarWidth="30", maxBarWidth="60", labelBarSpace="1",
        boxContentSpace="1.5", outlineWidth="0.3", lineJoinStyle="miter", lineCapStyle="square",
        alignment="0", labelVerticalPlacement="0", labelHorizontalPlacement="0",
    )  # fmt: skip
    made.append(text_style("", size=7.5, colour="#1e1e1e", halo=False))
    return made

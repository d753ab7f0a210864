"""A `Map`: an interactive map as one page that works without any connection."""

import html
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import shapely
from markupsafe import Markup

from mobility_geo.plot import pages, words

Rows = Sequence[tuple[str, str]]
Style = Mapping[str, object]

DECIMALS: Final = 5
"""Decimals of degrees in a page: about a metre."""

MANY_SHAPES: Final = 8000
"""From this many shapes on, lines and areas share one canvas, and have no cards."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Feature:
    """One thing on the map: shape, style, and the card that a click opens."""

    shape: shapely.Geometry
    style: int = 0
    title: str = ""
    rows: Rows = ()
    own_style: Style = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class MapLayer:
    """Things that are switched on and off together; shapes in longitude and latitude."""

    name: str
    kind: Literal["areas", "lines", "points"]
    styles: Sequence[Style]
    features: Sequence[Feature]
    shown: bool = True


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Name:
    """A name at a point, degrees; the first are kept where names would lie on each other."""

    lon: float
    lat: float
    text: str
    offset_px: float = 0.0
    strength: Literal["plain", "strong", "country"] = "plain"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class LegendBox:
    """A heading of the legend and its entries: style with ``shape`` and ``text``."""

    heading: str
    entries: Sequence[Style]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Map:
    """An interactive map; Jupyter shows it, `save` writes it, and it never asks a server.

    Parameters
    ----------
    title, subtitle
        Above the map.
    layers
        From the lowest to the highest.
    bounds
        Extent shown first, degrees: west, south, east, north.
    names
        Names to write, the most important first.
    legend
        Legend.
    notes
        Sentences below the map, before the three that every map carries.
    internal
        Mark the map as not for sharing.

    Examples
    --------
    >>> made = Map(title="A map", layers=[], bounds=(-12.0, 10.0, 4.0, 25.0))
    >>> made
    Map('A map', 0 layers)
    >>> "http-equiv" in made.to_html()
    True
    """

    title: str
    layers: Sequence[MapLayer]
    bounds: tuple[float, float, float, float]
    subtitle: str = ""
    names: Sequence[Name] = ()
    legend: Sequence[LegendBox] = ()
    notes: Sequence[str] = ()
    internal: bool = True

    def __repr__(self) -> str:
        """Return title and number of layers."""
        return f"Map({self.title!r}, {len(self.layers)} layers)"

    def content(self) -> dict[str, object]:
        """Return what the page draws, as data.

        Returns
        -------
        dict
            Layers, names, legend and bounds; coordinates are latitude and longitude in degrees,
            rounded to five decimals.
        """
        west, south, east, north = (round(float(end), DECIMALS) for end in self.bounds)
        shapes = sum(len(layer.features) for layer in self.layers if layer.kind != "points")
        many = shapes > MANY_SHAPES
        return {
            "many": many,
            "bounds": [[south, west], [north, east]],
            "layers": [_layer_content(layer, many=many) for layer in self.layers],
            "names": [
                {
                    "g": [round(name.lat, DECIMALS), round(name.lon, DECIMALS)],
                    "t": name.text,
                    "c": f"mg-{name.strength}",
                    "o": round(name.offset_px, 1),
                }
                for name in self.names
            ],
            "legend": [
                {"heading": box.heading, "entries": [dict(entry) for entry in box.entries]}
                for box in self.legend
            ],
        }

    def block(self, element_id: str, *, scroll: bool = True) -> Markup:
        """Return the map as a part of a page that also carries `pages.map_assets`.

        Parameters
        ----------
        element_id
            Id for its data, unique on the page.
        scroll
            Whether the mouse wheel zooms; on a long page it should scroll the page instead.

        Returns
        -------
        markupsafe.Markup
            The element and its data.
        """
        element = Markup(
            '<div class="mg-map" role="region" aria-label="{}" data-map="{}" data-scroll="{}">'
            "</div>"
        ).format(f"Interactive map: {self.title}", element_id, "on" if scroll else "off")
        return element + pages.json_block(self.content(), element_id=element_id)

    def to_html(self) -> str:
        """Return the whole page.

        Returns
        -------
        str
            One page with scripts, styles and data inside; its content security policy forbids
            every request.
        """
        css, scripts = pages.map_assets()
        # both are files of this package, not data
        page = pages.templates("mobility_geo.plot", "page").get_template("map.html.j2")
        return page.render(
            policy=pages.security_policy(scripts),
            title=self.title,
            subtitle=self.subtitle,
            internal=self.internal,
            notes=self.notes,
            statements=words.STATEMENTS["en"],
            css=Markup(css),  # noqa: S704
            scripts=[Markup(script) for script in scripts],  # noqa: S704
            block=self.block("map-data"),
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page.

        Parameters
        ----------
        path
            Where; the folder must exist.

        Returns
        -------
        pathlib.Path
            Where it is.

        Raises
        ------
        OutputError
            If it could not be written; nothing half-written is left.
        """
        return pages.write_page(path, self.to_html())

    def _repr_html_(self) -> str:
        """Return the page in a frame, for Jupyter."""
        return (
            f'<iframe title="{html.escape(self.title, quote=True)}" '
            f'srcdoc="{html.escape(self.to_html(), quote=True)}" sandbox="allow-scripts" '
            'style="width:100%;height:600px;border:1px solid #999" loading="lazy"></iframe>'
        )


def _layer_content(layer: MapLayer, *, many: bool) -> dict[str, object]:
    plain = many and layer.kind != "points"
    return {
        "name": f"{layer.name} (no cards: {words.whole(len(layer.features))} shapes)"
        if plain and len(layer.features) > MANY_SHAPES
        else layer.name,
        "kind": layer.kind,
        "shown": layer.shown,
        "styles": [dict(style) for style in layer.styles],
        "features": _grouped(layer)
        if plain and len(layer.features) > MANY_SHAPES
        else [_feature_content(feature) for feature in layer.features],
    }


def _feature_content(feature: Feature) -> dict[str, object]:
    content: dict[str, object] = {"g": _coordinates(feature.shape), "s": feature.style}
    if feature.title:
        content["t"] = feature.title
        content["r"] = [list(row) for row in feature.rows]
    if feature.own_style:
        content["o"] = dict(feature.own_style)
    return content


def _grouped(layer: MapLayer) -> list[dict[str, object]]:
    """Join the shapes of each style into one, as a browser cannot hold tens of thousands."""
    grouped: list[dict[str, object]] = []
    for style in range(len(layer.styles)):
        parts = [
            part
            for feature in layer.features
            if feature.style == style
            for part in shapely.get_parts(feature.shape)
        ]
        if parts:
            grouped.append({"g": [_coordinates(part) for part in parts], "s": style})
    return grouped


def _coordinates(shape: shapely.Geometry) -> list[object]:
    """Return latitudes and longitudes, nested as Leaflet wants them."""
    pairs = np.round(shapely.get_coordinates(shape)[:, ::-1], DECIMALS) + 0.0
    if isinstance(shape, shapely.Point):
        one: list[object] = pairs[0].tolist()
        return one
    if isinstance(shape, shapely.LineString):  # a LinearRing is one
        many: list[object] = pairs.tolist()
        return many
    if isinstance(shape, shapely.Polygon):
        return [_coordinates(ring)[:-1] for ring in (shape.exterior, *shape.interiors)]
    return [_coordinates(part) for part in shapely.get_parts(shape) if not shapely.is_empty(part)]


def degrees(layer: gpd.GeoDataFrame, *, tolerance_m: float = 0.0) -> gpd.GeoSeries:
    """Return the shapes of a layer in longitude and latitude, simplified if asked.

    Parameters
    ----------
    layer
        In a metric coordinate reference system.
    tolerance_m
        Polygons and lines are simplified by this much, metres; polygons keep shared borders.

    Returns
    -------
    geopandas.GeoSeries
        Degrees, index as the layer.

    Examples
    --------
    >>> points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([500_000], [0]), crs=32630)
    >>> [round(end, 6) + 0.0 for end in degrees(points).iloc[0].coords[0]]
    [-3.0, 0.0]
    """
    shapes = layer.geometry
    if tolerance_m > 0 and len(shapes):
        kinds = set(shapes.geom_type)
        array = np.asarray(shapes.array)
        simple = (
            shapely.coverage_simplify(array, tolerance_m)
            if kinds <= {"Polygon", "MultiPolygon"}
            else shapely.simplify(array, tolerance_m)
        )
        shapes = gpd.GeoSeries(simple, index=layer.index, crs=layer.crs)
    return shapes.to_crs(4326)

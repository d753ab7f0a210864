"""Areas of time as layers that open styled in QGIS."""

from pathlib import Path
from typing import Final

import geopandas as gpd

from mobility_geo.export.layers import described_layer
from mobility_geo.export.notice import CONDITIONAL
from mobility_geo.export.qml import (
    Category,
    Class,
    Style,
    categorised,
    fill,
    graduated,
    marker,
    single,
    symbol,
)
from mobility_geo.export.qml import labels as label_style
from mobility_geo.export.styles import AREA_COLOURS, DARK, ORANGE
from mobility_geo.geopackage import Layer, write_geopackage
from mobility_geo.schema import ISOCHRONES, NEAREST_AREAS, PLACES

BAND_COLOURS: Final = ("#08519c", "#3182bd", "#6baed6", "#9ecae1", "#c6dbef")


def isochrone_layers(
    bands: gpd.GeoDataFrame, nearest: gpd.GeoDataFrame, places: gpd.GeoDataFrame
) -> list[Layer]:
    """Return areas of time, and the places they are about, as layers.

    Parameters
    ----------
    bands, nearest
        From `mobility_geo.outcomes.isochrones`.
    places
        The places that ways begin or end at; rows of the places of a network.

    Returns
    -------
    list of Layer
        ``start_places`` on top, ``isochrones``, ``nearest_areas``.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import isochrones
    >>> case = load_toy()
    >>> found = isochrones(case, ["northtown"], hours=[1, 3])
    >>> [layer.name for layer in isochrone_layers(*found, case.network.places[:1])]
    ['start_places', 'isochrones', 'nearest_areas']
    """
    return [
        described_layer(
            "start_places", places, _start_style, "Point", "Places that the areas are about",
            "Where the ways begin, or end.", PLACES,
        ),
        described_layer(
            "isochrones", bands, _band_style, "MultiPolygon", "Areas of time",
            "How far people get, or from how far they come, within so many hours, over the roads "
            f"and off them; areas do not overlap. {CONDITIONAL}", ISOCHRONES,
        ),
        described_layer(
            "nearest_areas", nearest, _nearest_style, "MultiPolygon", "Nearest place in time",
            "Which of the places is the nearest in time, within the last area of time. "
            f"{CONDITIONAL}", NEAREST_AREAS,
        ),
    ]  # fmt: skip


def write_isochrones(
    path: str | Path,
    bands: gpd.GeoDataFrame,
    nearest: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
) -> Path:
    """Write areas of time to a GeoPackage, in longitude and latitude.

    Parameters
    ----------
    path
        GeoPackage; replaced as a whole, or left as it was.
    bands, nearest, places
        As for `isochrone_layers`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OutputError
        If it cannot be written; nothing half-written stays behind.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import isochrones
    >>> case = load_toy()
    >>> found = isochrones(case, ["northtown"], hours=[1, 3])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_isochrones(f"{folder}/areas.gpkg", *found, case.network.places[:1]).name
    'areas.gpkg'
    """
    return write_geopackage(path, isochrone_layers(bands, nearest, places))


def _start_style(frame: gpd.GeoDataFrame) -> Style:
    _ = frame
    star = marker("star", ORANGE, size=4.0, outline=DARK, outline_width=0.2)
    return Style(
        renderer=single(symbol("marker", star)), title='"name"',
        labels=label_style('"name"', placement="point", size=8.5),
    )  # fmt: skip


def _band_style(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of bands: the nearer the darker, with the hours written on them."""
    classes = [
        Class(
            lower=float(high), upper=float(high), label=f"{low:g} to {high:g} h",
            symbol=symbol("fill", fill(_colour(row, len(frame)), outline="#ffffff",
                                       outline_width=0.1), alpha=0.75),
        )
        for row, (low, high) in enumerate(zip(frame["from_h"], frame["to_h"], strict=True))
    ]  # fmt: skip
    return Style(
        renderer=graduated("to_h", classes),
        labels=label_style("\"to_h\" || ' h'", placement="polygon", size=7.5, priority=3),
        title="\"from_h\" || ' to ' || \"to_h\" || ' h'",
    )


def _colour(row: int, rows: int) -> str:
    """Return a colour, from the darkest to the lightest over all rows."""
    last = len(BAND_COLOURS) - 1
    return BAND_COLOURS[round(row * last / max(rows - 1, 1)) if rows > 1 else 2]


def _nearest_style(frame: gpd.GeoDataFrame) -> Style:
    categories = [
        Category(
            value=str(place), label=str(name),
            symbol=symbol("fill", fill(AREA_COLOURS[row % len(AREA_COLOURS)], outline=DARK,
                                       outline_width=0.3), alpha=0.8),
        )
        for row, (place, name) in enumerate(
            zip(frame["place_id"], frame["place_name"], strict=True)
        )
    ]  # fmt: skip
    return Style(
        renderer=categorised("place_id", categories),
        labels=label_style('"place_name"', placement="polygon", size=7.5, priority=3),
        title='"place_name"',
    )

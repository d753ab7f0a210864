"""Planned routes as files: layers that open styled in QGIS, GPX tracks, and one plain table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import geopandas as gpd
import pandas as pd
import shapely

from mobility_geo.export.columns import describe
from mobility_geo.export.notice import CONDITIONAL, NOTICE
from mobility_geo.export.qml import (
    Category,
    Style,
    categorised,
    labels,
    line,
    marker,
    symbol,
)
from mobility_geo.export.styles import REASONS, with_aliases
from mobility_geo.geopackage import GeometryName, Layer
from mobility_geo.schema import PLANNED_REQUESTS, ROUTE_LEGS, ROUTES, TableSchema, is_missing
from mobility_geo.units import KM_M, MIN_PER_H

ROUTE_COLUMNS: Final = tuple(name for name in ROUTES.names if name not in PLANNED_REQUESTS.names)
"""What a route adds to the row of its request."""

RANK_LOOKS: Final = (
    ("1", "quickest route", "#1f6bae", 1.0, None),
    ("2", "second", "#1b7837", 0.7, (3.0, 1.2)),
    ("3", "third", "#d55e00", 0.7, (1.4, 1.0)),
    ("more", "further alternatives", "#8c8c8c", 0.6, (0.6, 0.9)),
)
MODE_LOOKS: Final = (
    ("road", "Road", "#6b6459", 0.8, None),
    ("track", "Track", "#9b8f7a", 0.8, (1.6, 0.9)),
    ("river", "River", "#2b8cbe", 1.1, None),
    ("ferry", "Ferry", "#2b7bba", 0.9, (2.0, 1.0)),
    ("walk", "On foot", "#4d9221", 0.7, (0.6, 0.8)),
    ("corridor", "Corridor of herds", "#8c510a", 0.7, (0.6, 0.8)),
    ("crossing", "Border crossing", "#762a83", 1.4, None),
    ("transfer", "Boarding and landing", "#777777", 0.6, (0.4, 0.6)),
    ("off_road", "Off the road", "#c51b7d", 0.5, (0.8, 0.8)),
)
WGS84: Final = 4326
DECIMALS: Final = 6
"""Of degrees in a GPX file: about a tenth of a metre."""


def route_layers(
    requests: pd.DataFrame,
    routes: gpd.GeoDataFrame,
    legs: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    about: Mapping[str, str],
) -> list[Layer]:
    """Return the layers of a file of routes, styled and described.

    Parameters
    ----------
    requests
        Schema `PLANNED_REQUESTS`.
    routes, legs
        Schemas `ROUTES` and `ROUTE_LEGS`, with lines.
    places
        Places of the network: where the requests without a way are shown.
    about
        What was asked, in words.

    Returns
    -------
    list of Layer
        ``unmet_requests``, ``routes``, ``route_legs``, ``planned_requests``, ``run_info``.

    Examples
    --------
    >>> from mobility_geo.batch import plan_routes
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> asked = pd.DataFrame({"origin": ["Northtown"], "destination": ["Midtown"]})
    >>> found = plan_routes(case, asked)
    >>> layers = route_layers(found.requests, found.routes, found.legs, case.network.places, {})
    >>> [layer.name for layer in layers]
    ['unmet_requests', 'routes', 'route_legs', 'planned_requests', 'run_info']
    """
    unmet = requests[(requests["outcome"] != "planned").to_numpy(dtype=bool)]
    points = dict(zip(places["place_id"], places.to_crs(WGS84).geometry, strict=True))
    routes = routes.copy()
    routes.insert(2, "map_class", _rank_classes(routes["route"]))
    run = pd.DataFrame(list(about.items()), columns=["key", "value"]).astype("str")
    return [
        _layer(
            "unmet_requests",
            gpd.GeoDataFrame(
                unmet.reset_index(drop=True),
                geometry=[points[place] for place in unmet["origin_id"]], crs=WGS84,
            ),
            unmet_style(), "Point", "Routes asked for without a way",
            "At the place of origin: why there is no way, which disruptions, each lifted alone, "
            "would free it, and from which day on there is one. A modelled way would exist; it is "
            "not said to be safe.", PLANNED_REQUESTS,
        ),
        _layer(
            "routes", routes, route_style(), "LineString", "Routes",
            f"The quickest way of each route asked for, and its alternatives. {CONDITIONAL}",
            ROUTES,
        ),
        _layer(
            "route_legs", legs, leg_style(), "LineString", "Legs of the routes",
            f"Stretches travelled by one mode. {CONDITIONAL}", ROUTE_LEGS,
        ),
        Layer(
            name="planned_requests", frame=requests, title="Routes asked for",
            abstract=f"{NOTICE} {PLANNED_REQUESTS.meaning}.",
            columns=describe(map(str, requests.columns), PLANNED_REQUESTS),
        ),
        Layer(
            name="run_info", frame=run, title="About these routes",
            abstract=f"{NOTICE} What was asked, of what.", columns=describe(["key", "value"]),
        ),
    ]  # fmt: skip


def _layer(
    name: str, frame: gpd.GeoDataFrame, style: Style, kind: GeometryName, title: str,
    abstract: str, schema: TableSchema,
) -> Layer:  # fmt: skip
    docs = describe([str(one) for one in frame.columns if one != "geometry"], schema)
    return Layer(
        name=name, frame=frame, title=title, abstract=f"{NOTICE} {abstract}", columns=docs,
        style=with_aliases(style, {key: words for key, (words, _) in docs.items()}),
        geometry_type=kind,
    )  # fmt: skip


def _rank_classes(rank: pd.Series) -> pd.Series:
    known = [value for value, *_ in RANK_LOOKS]
    return rank.astype("int64").astype("str").where(rank < len(known), known[-1]).astype("str")


def route_style() -> Style:
    """Return the look of routes: the quickest one wide, alternatives broken.

    Returns
    -------
    Style
        With a map tip that tells time, length and crossings.

    Examples
    --------
    >>> "quickest route" in route_style().qml()
    True
    """
    categories = [
        Category(value=value, label=label, symbol=symbol(
            "line", line(colour, width=width, dash=dash) if dash else line(colour, width=width)))
        for value, label, colour, width, dash in RANK_LOOKS
    ]  # fmt: skip
    return Style(
        renderer=categorised("map_class", categories, order_by='-"route"'),
        labels=labels("\"request_id\" || ' / ' || \"route\"", placement="line", size=7,
                      colour="#123f66", show="@map_scale<3000000"),
        title="\"origin_name\" || ' to ' || \"destination_name\" || ' / ' || \"route\"",
        map_tip=(
            '<b>[% "origin_name" %] to [% "destination_name" %]</b>, route [% "route" %]<br>'
            '[% format_number("time_min"/60,1) %] h, [% format_number("length_m"/1000,0) %] km, '
            '[% "modes" %]<br>crossings: [% coalesce("crossing_names",\'none\') %]'
        ),
    )  # fmt: skip


def leg_style() -> Style:
    """Return the look of legs: by mode.

    Returns
    -------
    Style
        Shown below the routes.

    Examples
    --------
    >>> "Off the road" in leg_style().qml()
    True
    """
    categories = [
        Category(value=value, label=label, symbol=symbol(
            "line", line(colour, width=width, dash=dash) if dash else line(colour, width=width)))
        for value, label, colour, width, dash in MODE_LOOKS
    ]  # fmt: skip
    return Style(
        renderer=categorised("mode", categories),
        title="\"request_id\" || ' / ' || \"route\" || ' / ' || \"leg\"",
        map_tip=(
            '[% "mode" %]: [% format_number("time_min"/60,1) %] h, of it waiting '
            '[% format_number("wait_min"/60,1) %] h; [% format_number("length_m"/1000,0) %] km'
        ),
    )  # fmt: skip


def unmet_style() -> Style:
    """Return the look of requests without a way: shape and colour by reason.

    Returns
    -------
    Style
        With a map tip that tells what would free them.

    Examples
    --------
    >>> "a border is closed to them" in unmet_style().qml()
    True
    """
    looks = {**REASONS, "off_network": ("too far from the network to say", "circle", "#ffffff")}
    categories = [
        Category(value=value, label=label, symbol=symbol(
            "marker", marker(shape, colour, size=3.2, outline="#333333", outline_width=0.2)))
        for value, (label, shape, colour) in looks.items()
    ]  # fmt: skip
    return Style(
        renderer=categorised("reason", categories),
        title='"origin_name" || \' to \' || "destination_name"',
        map_tip='<b>[% "origin_name" %] to [% "destination_name" %]</b><br>[% "explanation" %]',
    )


def request_table(requests: pd.DataFrame, routes: pd.DataFrame) -> pd.DataFrame:
    """Return one row per route, and one per request without a route.

    Parameters
    ----------
    requests
        Schema `PLANNED_REQUESTS`.
    routes
        Schema `ROUTES`.

    Returns
    -------
    pandas.DataFrame
        In the order of the requests; every one of them occurs.

    Examples
    --------
    >>> from mobility_geo.batch import plan_routes
    >>> from mobility_geo.datasets import load_toy
    >>> asked = pd.DataFrame({"origin": "Northtown", "destination": ["Midtown", "Southtown"]})
    >>> found = plan_routes(load_toy(), asked)
    >>> len(request_table(found.requests, found.routes))
    2
    """
    plain = pd.DataFrame(routes)[["request_id", *ROUTE_COLUMNS]]
    table = requests.merge(plain, on="request_id", how="left", validate="one_to_many")
    table["route"] = table["route"].astype("Int64")
    return table


def write_gpx(routes: gpd.GeoDataFrame, path: str | Path, *, name: str = "Routes") -> Path:
    """Write routes as GPX 1.1: one track per route, for a receiver or a phone.

    Parameters
    ----------
    routes
        Schema `ROUTES`, with lines in longitude and latitude; routes without a line have no
        track.
    path
        The file.
    name
        Title of the file.

    Returns
    -------
    pathlib.Path
        The file; the same routes give the same bytes.

    Raises
    ------
    OSError
        If it cannot be written.

    References
    ----------
    Topografix (2004). GPX 1.1 schema. http://www.topografix.com/GPX/1/1/gpx.xsd

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.batch import plan_routes
    >>> from mobility_geo.datasets import load_toy
    >>> asked = pd.DataFrame({"origin": ["Northtown"], "destination": ["Midtown"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_gpx(plan_routes(load_toy(), asked).routes, f"{folder}/routes.gpx")
    ...     file.read_text(encoding="utf-8").count("<trk>")
    1
    """
    file = Path(path)
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<gpx version="1.1" creator="mobility_geo" xmlns="http://www.topografix.com/GPX/1/1" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.'
            'topografix.com/GPX/1/1 http://www.topografix.com/GPX/1/1/gpx.xsd">\n'
            f"<metadata><name>{_xml(name)}</name><desc>{_xml(f'{NOTICE} {CONDITIONAL}')}</desc>"
            "</metadata>\n"
        )
        plain = pd.DataFrame(routes.drop(columns=routes.active_geometry_name))
        rows = plain.to_dict("records")
        for row, shape in zip(rows, routes.geometry.to_numpy(), strict=True):
            if shape is None or shape.is_empty:
                continue
            over = "" if is_missing(row["crossing_names"]) else f", over {row['crossing_names']}"
            about = (
                f"{row['date']:%Y-%m-%d}, {row['profile']}: {row['time_min'] / MIN_PER_H:.1f} h, "
                f"{row['length_m'] / KM_M:.0f} km{over}"
            )
            title = f"{row['request_id']}: {row['origin_name']} to {row['destination_name']}"
            if row["route"] > 1:
                title += f", alternative {row['route'] - 1}"
            out.write(
                f"<trk><name>{_xml(title)}</name><desc>{_xml(about)}</desc>"
                f"<type>{_xml(row['modes'])}</type><trkseg>\n"
            )
            out.writelines(
                f'<trkpt lat="{lat:.{DECIMALS}f}" lon="{lon:.{DECIMALS}f}"/>\n'
                for lon, lat in shapely.get_coordinates(shape).tolist()
            )
            out.write("</trkseg></trk>\n")
        out.write("</gpx>\n")
    return file


def _xml(text: object) -> str:
    """Return a text for XML: characters that it cannot hold are left out."""
    return escape("".join(one for one in str(text) if one >= " " or one in "\t\n"))

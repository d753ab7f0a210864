"""Proposed way stations and monitoring points as layers that open styled in QGIS."""

from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from mobility_geo.export.columns import describe
from mobility_geo.export.layers import described_layer, ground_layers
from mobility_geo.export.notice import CONDITIONAL, NOTICE
from mobility_geo.export.qml import (
    Category,
    Style,
    categorised,
    line,
    marker,
    single,
    symbol,
)
from mobility_geo.export.qml import labels as label_style
from mobility_geo.export.styles import DARK, GREEN, GREY, ORANGE, PURPLE, RED, WHITE, YELLOW
from mobility_geo.geopackage import Layer, write_geopackage
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.outcomes.monitoring import MonitoringResult
from mobility_geo.outcomes.siting import SitingResult
from mobility_geo.scenario import Case
from mobility_geo.schema import (
    GO_NO_GO,
    MONITORING_POINTS,
    ROTA,
    SITE_ASSIGNMENT,
    SITES,
    UNSERVED_GROUPS,
)

REASON_LOOKS: Final = (
    ("no_way", "no way", RED), ("over_risk", "over the risk limit", PURPLE),
    ("over_time", "over the time limit", ORANGE), ("over_money", "over the money", YELLOW),
    ("over_limit", "too far for this model", YELLOW),
    ("too_few_sites", "too few stations", GREY), ("no_room", "no room", DARK),
)  # fmt: skip


def siting_layers(result: SitingResult, go: pd.DataFrame | None = None) -> list[Layer]:
    """Return proposed way stations, who goes where and who has none, as layers.

    Parameters
    ----------
    result
        From `site_way_stations` or `site_mobile_stations`.
    go
        From `go_or_no_go`, if asked.

    Returns
    -------
    list of Layer
        ``sites`` on top, ``unserved_groups``, ``site_assignment``; then tables.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import site_way_stations
    >>> found = site_way_stations(load_toy(), new_sites=1)
    >>> [layer.name for layer in siting_layers(found)][:3]
    ['sites', 'unserved_groups', 'site_assignment']
    """
    day = result.when.isoformat()
    layers = [
        described_layer(
            "sites", result.sites, _site_style, "Point", "Way stations: proposed and kept",
            f"Where way stations should stand on {day}, with the people each would serve: a model "
            f"({result.model}, {result.status}), not a decision. {CONDITIONAL}", SITES,
        ),
        described_layer(
            "unserved_groups", _at_origin(result.case, result.unserved), _unserved_style, "Point",
            "People without a way station", "Who would have none of these stations, and why.",
            UNSERVED_GROUPS,
        ),
        described_layer(
            "site_assignment", _to_site(result.case, result.assignment), _assignment_style,
            "LineString", "Who goes to which way station",
            "Straight lines from where people are to their station, not the way they take; rows "
            f"without a line stay where they are. {CONDITIONAL}", SITE_ASSIGNMENT,
        ),
    ]  # fmt: skip
    tables = [("rota", result.rota, "Rota of mobile way stations", ROTA)]
    if go is not None:
        tables.append(("go_no_go", go, "Whether a way station can work on a day", GO_NO_GO))
    for name, table, title, schema in tables:
        if len(table):
            columns = describe([str(column) for column in table.columns], schema)
            abstract = f"{NOTICE} {schema.meaning}."
            layers.append(
                Layer(name=name, frame=table, title=title, abstract=abstract, columns=columns)
            )
    if len(result.excluded):
        layers.append(
            Layer(
                name="excluded_candidates", frame=result.excluded,
                title="Candidates that were never proposed", abstract=NOTICE,
            )
        )  # fmt: skip
    return layers


def monitoring_layers(result: MonitoringResult) -> list[Layer]:
    """Return monitoring points as a layer.

    Parameters
    ----------
    result
        From `place_monitoring_points`.

    Returns
    -------
    list of Layer
        ``monitoring_points``.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import choose_destinations
    >>> from mobility_geo.outcomes import place_monitoring_points
    >>> case = load_toy()
    >>> found = place_monitoring_points(case, choose_destinations(case), new_points=1)
    >>> monitoring_layers(found)[0].name
    'monitoring_points'
    """
    return [
        described_layer(
            "monitoring_points", result.points, _point_style, "Point", "Flow-monitoring points",
            f"Where to count people on the way on {result.when.isoformat()}, so that most are "
            f"seen once ({result.aim}, {result.status}). A count is passages, not persons. "
            f"{CONDITIONAL}", MONITORING_POINTS,
        )
    ]  # fmt: skip


def write_siting(
    path: str | Path, result: SitingResult | MonitoringResult, go: pd.DataFrame | None = None
) -> Path:
    """Write way stations or monitoring points to a GeoPackage that opens styled.

    Parameters
    ----------
    path
        GeoPackage; replaced as a whole, or left as it was.
    result, go
        As for `siting_layers` and `monitoring_layers`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        If the case is for the public: the file shows places, and where people are.
    OutputError
        If it cannot be written; nothing half-written stays behind.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import site_way_stations
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = site_way_stations(load_toy(), new_sites=1)
    ...     write_siting(f"{folder}/sites.gpkg", found).name
    'sites.gpkg'
    """
    refuse_public(result.case, "Way stations and monitoring points")
    layers = (
        siting_layers(result, go) if isinstance(result, SitingResult) else monitoring_layers(result)
    )
    layers += ground_layers(result.case, result.when)
    title = result.case.title or result.case.name
    return write_geopackage(path, layers, title=title, abstract=NOTICE)


def _points(case: Case, ids: "pd.Series[str]") -> gpd.GeoSeries:
    places = case.network.places.geometry
    return gpd.GeoSeries(
        places.to_numpy()[case.network.place_positions(list(ids))], crs=case.network.crs
    )


def _at_origin(case: Case, table: pd.DataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table, geometry=_points(case, table["origin_id"]).array,
                            crs=case.network.crs)  # fmt: skip


def _to_site(case: Case, table: pd.DataFrame) -> gpd.GeoDataFrame:
    starts = shapely.get_coordinates(_points(case, table["origin_id"]).to_numpy())
    ends = shapely.get_coordinates(_points(case, table["place_id"]).to_numpy())
    lines = shapely.linestrings(np.stack([starts, ends], axis=1)) if len(table) else np.array([])
    shapes = gpd.GeoSeries(lines, crs=case.network.crs)
    away = (table["origin_id"] != table["place_id"]).to_numpy(dtype=bool)
    return gpd.GeoDataFrame(table, geometry=shapes.where(away).array, crs=case.network.crs)


def _site_style(frame: gpd.GeoDataFrame) -> Style:
    _ = frame
    new = marker("star", ORANGE, size=5.0, outline=WHITE, outline_width=0.4)
    kept = marker("square", GREEN, size=3.6, outline=WHITE, outline_width=0.4)
    return Style(
        renderer=categorised(
            "proposal",
            [Category(value="new", label="Proposed", symbol=symbol("marker", new)),
             Category(value="kept", label="There already, kept", symbol=symbol("marker", kept))],
        ),
        labels=label_style(
            'concat("name", if("served_persons">0, '
            "concat(': ', format_number(\"served_persons\",0)), ''))", placement="point", size=8,
        ),
        title='"name"',
        map_tip=(
            '<b>[% "name" %]</b> ([% "proposal" %], [% "kind" %])<br>would serve '
            '[% format_number("served_persons",0) %] people, the farthest '
            '[% coalesce(format_number("longest_min"/60,1),0) %] h away'
        ),
    )  # fmt: skip


def _unserved_style(frame: gpd.GeoDataFrame) -> Style:
    _ = frame
    categories = [
        Category(value=value, label=label,
                 symbol=symbol("marker", marker("circle", colour, size=3.0, outline=WHITE,
                                                outline_width=0.3)))
        for value, label, colour in REASON_LOOKS
    ]  # fmt: skip
    return Style(
        renderer=categorised("reason", categories), title='"group_id"',
        map_tip='<b>[% format_number("persons",0) %] people</b>: [% "explanation" %]',
    )  # fmt: skip


def _assignment_style(frame: gpd.GeoDataFrame) -> Style:
    _ = frame
    return Style(
        renderer=single(symbol("line", line(GREY, width=0.35))), title='"group_id"',
        map_tip='[% format_number("persons",0) %] people, [% format_number("time_min"/60,1) %] h',
    )  # fmt: skip


def _point_style(frame: gpd.GeoDataFrame) -> Style:
    _ = frame
    new = marker("diamond", ORANGE, size=4.6, outline=DARK, outline_width=0.3)
    kept = marker("diamond", GREEN, size=3.8, outline=DARK, outline_width=0.3)
    return Style(
        renderer=categorised(
            "proposal",
            [Category(value="new", label="Proposed", symbol=symbol("marker", new)),
             Category(value="kept", label="There already, kept", symbol=symbol("marker", kept))],
        ),
        labels=label_style('"rank" || \'. \' || "name"', placement="point", size=8),
        title='"name"',
        map_tip=(
            '<b>[% "name" %]</b>: [% format_number("passing_persons",0) %] people pass; '
            '[% format_number("added_persons",0) %] whom no point before it sees'
        ),
    )  # fmt: skip

"""Assigned flows and estimated OD matrices as layers that open styled in QGIS: internal."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from mobility_geo.export.internal import internal_layer, plain_table
from mobility_geo.export.layers import BULGE, bent_lines, ground_layers, shapes_of
from mobility_geo.export.notice import NOTICE
from mobility_geo.export.qml import (
    Style,
    arrow,
    labels,
    line,
    marker,
    scaled,
    single,
    symbol,
    temporal,
)
from mobility_geo.export.styles import BLUE, ORANGE, PURPLE, WHITE
from mobility_geo.flows import EdgeFlows, ODEstimate
from mobility_geo.geopackage import Layer, write_geopackage
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.scenario import Case
from mobility_geo.schema import EDGES, OD_ESTIMATES


def load_layers(
    case: Case,
    flows: EdgeFlows,
    when: dt.date | str | None = None,
    *,
    selected: pd.DataFrame | None = None,
) -> list[Layer]:
    """Return assigned flows as layers, each row with its day.

    Parameters
    ----------
    case
        The question.
    flows
        From `assign_all_or_nothing`, `assign_equilibrium` or `assign_logit`.
    when
        Day of the flows; None: the scenario's own.
    selected
        From `select_edge`: who uses some edges.

    Returns
    -------
    list of Layer
        ``crossing_loads``, ``selected_flows`` if asked, ``edge_loads``, ``class_loads`` (the same
        by class of travellers), and the tables ``group_loads``, ``ways``, ``od_loads``,
        ``crossings_over_throughput`` and, if asked, ``selected_groups``.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    InputError
        If the case is for the public.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import assign_equilibrium, choose_destinations
    >>> case = load_toy()
    >>> flows = assign_equilibrium(case, choose_destinations(case, rules=["least_time"]))
    >>> [layer.name for layer in load_layers(case, flows)][:2]
    ['crossing_loads', 'edge_loads']
    """
    refuse_public(case, "A map of flows")
    day = case.scenario.day(when)
    network = case.network
    crossing = _placed(network.crossings, "crossing_id", ["name"], flows.crossings, day)
    about = ["kind", "road_class", "surface", "ref", "name", "crossing_id", "length_m"]
    edges = _placed(network.edges, "edge_id", about, flows.edges, day)
    # the kind of an edge and the kind of people are two things
    by_class = flows.by_class().rename(columns={"kind": "people_kind"})
    classes = _placed(network.edges, "edge_id", about, by_class, day)
    layers = [
        internal_layer("crossing_loads", "People and queues at crossings", crossing, None,
                       _crossing_style(crossing), "Point"),
        internal_layer("edge_loads", "People per edge, assigned", edges, EDGES,
                       _edge_style(edges), "LineString"),
        internal_layer("class_loads", "People per edge by class of travellers", classes, EDGES,
                       _class_style(classes), "LineString"),
    ]  # fmt: skip
    if selected is not None:
        pairs = selected.groupby(["rule", "origin_id", "destination_id"])["flow_persons"].sum()
        rows = _pairs(case, pairs.reset_index(), day)
        layers.insert(1, internal_layer("selected_flows", "Who uses the edges asked for", rows,
                                        None, _pair_style(rows, PURPLE), "LineString"))  # fmt: skip
    tables = {"group_loads": flows.classes, "ways": flows.ways, "od_loads": flows.od,
              "crossings_over_throughput": flows.over_throughput}  # fmt: skip
    if selected is not None:
        tables["selected_groups"] = selected
    return [
        *layers,
        *(plain_table(name, one.assign(date=pd.Timestamp(day)))
          for name, one in tables.items()),
    ]  # fmt: skip


def write_loads(
    case: Case,
    flows: EdgeFlows,
    path: str | Path,
    when: dt.date | str | None = None,
    *,
    selected: pd.DataFrame | None = None,
) -> Path:
    """Write assigned flows to a GeoPackage that opens styled.

    Parameters
    ----------
    case, flows, when, selected
        As for `load_layers`.
    path
        The file; replaced as a whole, or left as it was.

    Returns
    -------
    pathlib.Path
        The file, with the layers of `load_layers`.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    InputError
        If the case is for the public.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import assign_equilibrium, choose_destinations
    >>> case = load_toy()
    >>> flows = assign_equilibrium(case, choose_destinations(case, rules=["least_time"]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_loads(case, flows, f"{folder}/flows.gpkg").name
    'flows.gpkg'
    """
    layers = load_layers(case, flows, when, selected=selected)
    layers += ground_layers(case, case.scenario.day(when))
    title = f"{case.title or case.name}: assigned flows"
    return write_geopackage(path, layers, title=title, abstract=NOTICE)


def write_od_layers(
    case: Case, estimate: ODEstimate, path: str | Path, when: dt.date | str | None = None
) -> Path:
    """Write an estimated OD matrix to a GeoPackage: bent arrows, as wide as the flow.

    Parameters
    ----------
    case
        Has the places; rows of zones that are no place of it have no line.
    estimate
        The matrix.
    path
        The file; replaced as a whole, or left as it was.
    when
        Day of the flows; None: the scenario's own.

    Returns
    -------
    pathlib.Path
        The file, with the layer ``od_estimates``.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.
    InputError
        If the case is for the public.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import estimate_from_margins, margins_table
    >>> found = estimate_from_margins(margins_table({"northtown": 9}, {"midtown": 9}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_od_layers(load_toy(), found, f"{folder}/od.gpkg").name
    'od.gpkg'
    """
    refuse_public(case, "A map of flows")
    day = case.scenario.day(when)
    rows = _pairs(case, estimate.table[estimate.table["flow_persons"] > 0], day)
    layer = internal_layer("od_estimates", f"People from origin to destination, {estimate.method}",
                           rows, OD_ESTIMATES, _pair_style(rows, BLUE), "LineString")  # fmt: skip
    title = f"{case.title or case.name}: estimated flows"
    return write_geopackage(path, [layer, *ground_layers(case, day)], title=title, abstract=NOTICE)


def _placed(
    frame: gpd.GeoDataFrame, key: str, about: list[str], flows: pd.DataFrame, day: dt.date
) -> gpd.GeoDataFrame:
    """Return flows with what they pass and its geometry, and the day."""
    told = flows.merge(frame[[key, *about, "geometry"]], on=key, how="left")
    told.insert(0, "date", pd.Timestamp(day))
    # no number of minutes says that nobody may pass
    return gpd.GeoDataFrame(told.replace(np.inf, np.nan), geometry="geometry", crs=frame.crs)


def _pairs(case: Case, table: pd.DataFrame, day: dt.date) -> gpd.GeoDataFrame:
    """Return flows between places as bent lines; None where one end is no place, or both one."""
    places = case.network.places
    names = dict(zip(places["place_id"], places["name"], strict=True))
    told = table.reset_index(drop=True)
    told.insert(0, "date", pd.Timestamp(day))
    for end in ("origin", "destination"):
        told[f"{end}_name"] = [names.get(one, one) for one in told[f"{end}_id"]]
    lines = bent_lines(
        shapes_of(places, "place_id", told["origin_id"]),
        shapes_of(places, "place_id", told["destination_id"]), bulge=BULGE,
    )  # fmt: skip
    return gpd.GeoDataFrame(told, geometry=lines, crs=places.crs)


def _largest(frame: gpd.GeoDataFrame, column: str = "flow_persons") -> float:
    return float(max([1.0, *frame[column]]))


def _dated(style: Style) -> Style:
    return replace(style, temporal=temporal("date", "date"))


def _edge_style(frame: gpd.GeoDataFrame, colour: str = "#1f6bae", of: str = "") -> Style:
    """Return lines as wide as the flow; `of` says in the tip whose it is."""
    largest = _largest(frame)
    return _dated(
        Style(
            renderer=single(
                symbol(
                    "line",
                    line(WHITE, width_expression=scaled("flow_persons", largest, 0.7, 4.5),
                         alpha=0.7),
                    line(colour, width_expression=scaled("flow_persons", largest, 0.3, 4.0)),
                )
            ),
            labels=labels(
                'format_number("flow_persons",0)', placement="line", size=7, colour="#123f66",
                show=f'"flow_persons">={max(largest * 0.08, 1):g}',
            ),
            title='coalesce("name","ref","edge_id")',
            map_tip='[% coalesce("name","ref","edge_id") %]: '
            f'<b>[% format_number("flow_persons",0) %]</b> people{of}<br>there '
            '[% format_number("forward_persons",0) %], back '
            '[% format_number("backward_persons",0) %]',
        )
    )  # fmt: skip


def _class_style(frame: gpd.GeoDataFrame) -> Style:
    # several classes lie over one another on each edge: filter the layer to see one
    who = " ".join(
        f"[% coalesce(\"{name}\",'') %]" for name in ("profile", "people_kind", "nationality")
    )
    return _edge_style(frame, PURPLE, f": {who}")


def _crossing_style(frame: gpd.GeoDataFrame) -> Style:
    largest = _largest(frame)
    label, tip = '"name" || \' \' || format_number("flow_persons",0)', ""
    if "queue_min" in frame:
        label += (
            " || if(\"queue_min\">0, ', queue ' || format_number(\"queue_min\"/60,1) || ' h', '')"
        )
        tip = ', queue [% format_number("queue_min",0) %] min'
    return _dated(
        Style(
            renderer=single(
                symbol("marker", marker(
                    "circle", ORANGE, outline=WHITE, outline_width=0.3,
                    size_expression=scaled("flow_persons", largest, 1.5, 8.0)))
            ),
            labels=labels(
                label, placement="point", size=7, show='"flow_persons">0',
            ),
            title='"name"',
            map_tip='<b>[% "name" %]</b>: [% format_number("flow_persons",0) %] people' + tip,
        )
    )  # fmt: skip


def _pair_style(frame: gpd.GeoDataFrame, colour: str) -> Style:
    largest = _largest(frame)
    between = (
        '<br>[% format_number("low_persons",0) %] to [% format_number("high_persons",0) %]'
        if "low_persons" in frame
        else ""
    )
    return _dated(
        Style(
            renderer=single(
                symbol("line", arrow(colour, width_expression=scaled("flow_persons", largest, 0.15,
                                                                     2.6)), alpha=0.8)
            ),
            labels=labels(
                'format_number("flow_persons",0)', placement="line", size=7, colour="#123f66",
                bold=True, show=f'"flow_persons">={max(largest * 0.05, 1):g}',
            ),
            title="\"origin_name\" || ' to ' || \"destination_name\"",
            map_tip='<b>[% "origin_name" %] to [% "destination_name" %]</b>: '
            f'[% format_number("flow_persons",0) %] people{between}',
        )
    )  # fmt: skip

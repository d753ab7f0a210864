"""Movement over time as files: predictions for a table, people and flows per day for QGIS."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from mobility_geo.errors import OutputError
from mobility_geo.export.notice import NOTICE
from mobility_geo.export.qml import (
    Style,
    labels,
    line,
    marker,
    scaled,
    single,
    symbol,
    temporal,
)
from mobility_geo.flows.simulation import Simulation
from mobility_geo.geopackage import Layer, failure_reason, write_geopackage
from mobility_geo.network import Network
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.sources.displacement_case import DisplacementCase, place_points

Objects = npt.NDArray[np.object_]

BLUE: Final = "#1f6bae"
ORANGE: Final = "#d55e00"
WHITE: Final = "#ffffff"
LARGEST_MM: Final = 14.0
WIDEST_MM: Final = 4.0

_COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "date": ("Date", "Day; the temporal controller shows one at a time"),
    "place": ("Place", "Name or id of the place"),
    "title": ("Name", "Name of the place"),
    "edge_id": ("Edge", "Edge of the network"),
    "country": ("Country", "Country of the place"),
    "kind": ("Kind", "camp, conflict_zone, town or hub (transit centre)"),
    "persons": ("People (persons)", "In camp, held and queued, expected number"),
    "in_camp_persons": ("In camp (persons)", "People who live in the camp, expected number"),
    "held_persons": ("Held (persons)", "People on the way who are held before a closure"),
    "queued_persons": ("Queued (persons)", "People who wait before a crossing that is full"),
    "from_name": ("From", "Place where people set out"),
    "to_name": ("To", "Place where they are going on this route"),
    "flow_persons": ("People (persons)", "People who set out on the route on the day"),
    "in_camps_persons": ("In camps (persons)", "People in all camps"),
    "in_transit_persons": ("In transit (persons)", "People on the way"),
    "waiting_persons": ("Waiting (persons)", "People who want to have left and know of no way"),
    "departed_persons": ("Departed (persons)", "People who left since the first day"),
    "arrived_persons": ("Arrived (persons)", "People who came to a camp since the first day"),
    "forwarded_persons": ("Forwarded (persons)", "People brought on from transit centres"),
    "returned_persons": ("Returned (persons)", "People who came home since the first day"),
    "recounted_persons": (
        "Recounted (persons)",
        "Taken out of camps by counts; negative: added",
    ),
    "camp": ("Camp", "Name of the camp"),
    "people": ("People (persons)", "Predicted number of people in the camp"),
    "people_low": ("Low (persons)", "Low end of the band over uncertain parameters"),
    "people_high": ("High (persons)", "High end of the band over uncertain parameters"),
}


def write_predictions(predictions: pd.DataFrame, path: str | Path) -> Path:
    """Write predictions as CSV with the columns date, camp, people; as a whole or not at all.

    Parameters
    ----------
    predictions
        As in `mobility_geo.flows.Simulation`, or with a band as from
        `mobility_geo.flows.simulate_ensemble`.
    path
        The file; its folder must exist.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> rows = pd.DataFrame({"date": ["2012-02-29"], "camp": ["Abala"], "people": [1.5]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_predictions(rows, f"{folder}/x.csv").read_text().splitlines()
    ['date,camp,people', '2012-02-29,Abala,1.500']
    """
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".csv")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            predictions.to_csv(file, index=False, float_format="%.3f", lineterminator="\n")
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except OSError as error:
        msg = f"{path}: {failure_reason(error, target.parent)}"
        raise OutputError(msg) from error
    return target


def simulation_layers(
    case: DisplacementCase,
    simulation: Simulation,
    predictions: pd.DataFrame | None = None,
    *,
    network: Network | None = None,
) -> list[Layer]:
    """Return the layers and tables of a simulation for a GeoPackage.

    Parameters
    ----------
    case
        What was simulated.
    simulation
        What was found.
    predictions
        With a band, instead of those of the simulation.
    network
        The network that people moved on, for the shapes of its edges; straight lines without.

    Returns
    -------
    list of Layer
        ``people_per_day`` (points), ``flows_per_day`` (lines), ``predictions``, ``days``,
        ``findings``. The first two have the day in ``date``: QGIS's temporal controller plays
        them.

    Raises
    ------
    InputError
        If the case is for the public.
    """
    refuse_public(simulation, "A map of movement")
    points = place_points(case.places)
    row = {str(name): number for number, name in enumerate(points["name"])}
    shapes = np.asarray(points.geometry.array, dtype=object)
    people = simulation.places.copy()
    at = np.array([row[str(name)] for name in people["place"]], dtype=np.int64)
    people["persons"] = people[["in_camp_persons", "held_persons", "queued_persons"]].sum(axis=1)
    for number, column in enumerate(("title", "country", "kind")):
        names = points[column] if column in points else points["name"]
        people.insert(2 + number, column, names.to_numpy(dtype=object)[at])
    people["date"] = pd.to_datetime(people["date"])
    by_place = gpd.GeoDataFrame(people, geometry=shapes[at], crs="EPSG:4326")

    edges = simulation.edges.copy()
    edges["date"] = pd.to_datetime(edges["date"])
    lines = _lines(edges, row, shapes, network)
    by_edge = gpd.GeoDataFrame(edges, geometry=lines, crs="EPSG:4326")

    forecasts = simulation.predictions if predictions is None else predictions
    tables = {"predictions": forecasts.copy(), "days": simulation.days.copy()}
    for table in tables.values():
        table["date"] = pd.to_datetime(table["date"])
    return [
        Layer(
            name="people_per_day", frame=by_place, geometry_type="Point", title="People per day",
            abstract=f"{NOTICE} Expected people in camps, held and queued, per day.",
            columns=_columns(by_place), style=_points_style(by_place).qml(),
        ),
        Layer(
            name="flows_per_day", frame=by_edge, geometry_type="LineString",
            title="People on the way per day",
            abstract=f"{NOTICE} Expected people who set out on each route, per day and direction.",
            columns=_columns(by_edge), style=_lines_style(by_edge).qml(),
        ),
        Layer(
            name="predictions", frame=tables["predictions"], title="People per camp and day",
            abstract=f"{NOTICE} Regime: {simulation.regime}.",
            columns=_columns(tables["predictions"]),
        ),
        Layer(
            name="days", frame=tables["days"], title="All people per day",
            abstract=f"{NOTICE} In camps + in transit + held + queued = people on the first day"
            " + departed - returned - recounted.",
            columns=_columns(tables["days"]),
        ),
        Layer(
            name="findings", frame=case.findings.drop(columns="geometry"),
            title="What was corrected, guessed or looks doubtful", abstract=NOTICE,
        ),
    ]  # fmt: skip


def _lines(
    edges: pd.DataFrame, row: Mapping[str, int], shapes: Objects, network: Network | None
) -> Objects:
    """Return lines of edges in the direction in which people go; straight ones of routes."""
    ends = np.array([[row[str(name)] for name in edges[column]]
                     for column in ("from_name", "to_name")], dtype=np.int64)  # fmt: skip
    first, second = shapes[ends]
    if network is not None:
        at = network.edge_positions(edges["edge_id"].astype(str))
        found = np.asarray(network.edges.to_crs(4326).geometry.array, dtype=object)[at]
        start = shapely.get_point(found, 0)
        back = shapely.distance(start, first) > shapely.distance(start, second)
        found[back] = shapely.reverse(found[back])
        return found
    known = ~(shapely.is_empty(first) | shapely.is_empty(second))
    xy = np.stack([shapely.get_coordinates(some[known]) for some in (first, second)], axis=1)
    lines = np.full(len(edges), shapely.LineString(), dtype=object)
    if known.any():
        lines[known] = shapely.linestrings(xy)
    return lines


def write_simulation(
    case: DisplacementCase,
    simulation: Simulation,
    path: str | Path,
    predictions: pd.DataFrame | None = None,
    *,
    network: Network | None = None,
) -> Path:
    """Write a simulation to a GeoPackage that QGIS's temporal controller plays.

    Parameters
    ----------
    case, simulation, predictions, network
        As for `simulation_layers`.
    path
        The file; its folder must exist.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> from mobility_geo.flows import simulate
    >>> from mobility_geo.flows.practice_case import practice_case
    >>> case = practice_case()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_simulation(case, simulate(case), f"{folder}/x.gpkg").name
    'x.gpkg'
    """
    return write_geopackage(
        path,
        simulation_layers(case, simulation, predictions, network=network),
        title=f"{case.name}: movement over time, {simulation.regime}",
        abstract=NOTICE,
    )


def _columns(frame: pd.DataFrame) -> dict[str, tuple[str, str]]:
    return {str(name): _COLUMNS[str(name)] for name in frame.columns if str(name) in _COLUMNS}


def _shown(frame: gpd.GeoDataFrame) -> str:
    """Return an expression: the day that is played, or the last one while time stands still."""
    last = frame["date"].max()
    day = "9999-01-01" if pd.isna(last) else str(last.date())
    return f"(@map_start_time IS NOT NULL OR \"date\" = to_date('{day}'))"


def _only(shown: str, size: str) -> str:
    return f"CASE WHEN {shown} THEN {size} ELSE 0 END"


def _points_style(frame: gpd.GeoDataFrame) -> Style:
    largest = max(float(frame["persons"].max()) if len(frame) else 1.0, 1.0)
    shown = _shown(frame)
    size = _only(shown, scaled("persons", largest, 1.0, LARGEST_MM))
    return Style(
        renderer=single(
            symbol("marker", marker("circle", ORANGE, size_expression=size), alpha=0.8)
        ),
        labels=labels(
            '"title" || \' \' || format_number("persons",0)', placement="point", size=8,
            priority=f'scale_linear("persons",0,{largest:g},0,10)',
            show=f'{shown} AND "persons">={max(largest * 0.01, 1):g}',
        ),
        temporal=temporal("date", "date"),
        title='"title"',
        map_tip='[% "title" %]: <b>[% format_number("persons",0) %]</b> people',
    )  # fmt: skip


def _lines_style(frame: gpd.GeoDataFrame) -> Style:
    largest = max(float(frame["flow_persons"].max()) if len(frame) else 1.0, 1.0)
    shown = _shown(frame)
    inner, outer = (_only(shown, scaled("flow_persons", largest, low, high))
                    for low, high in ((0.2, WIDEST_MM), (0.5, 4.5)))  # fmt: skip
    return Style(
        renderer=single(
            symbol("line", line(WHITE, width_expression=outer),
                   line(BLUE, width_expression=inner), alpha=0.85)
        ),
        temporal=temporal("date", "date"),
        title='"from_name" || \' - \' || "to_name"',
        map_tip='[% "from_name" %] - [% "to_name" %]: '
        '<b>[% format_number("flow_persons",0) %]</b> people',
    )  # fmt: skip

"""Intervals and information gaps as files: styled, internal."""

import datetime as dt
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from mobility_geo.export.internal import internal_layer, plain_table
from mobility_geo.export.layers import ground_layers
from mobility_geo.export.notice import NOTICE
from mobility_geo.export.qml import (
    Category,
    Style,
    categorised,
    fill,
    labels,
    line,
    marker,
    scaled,
    symbol,
)
from mobility_geo.export.styles import ORANGE, RED, people_symbol
from mobility_geo.geopackage import GeometryName, Layer, write_geopackage
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.outcomes.intervals import Intervals
from mobility_geo.scenario import Case
from mobility_geo.schema import (
    INFORMATION_GAPS,
    INTERVAL_DIFFERENCES,
    INTERVALS,
    PLACE_INTERVALS,
)

CHANCES: Final = (
    ("nearly sure", 0.9, "stranded in nine of ten draws, or more", "#7f0000"),
    ("likely", 0.5, "more often than not", RED),
    ("possible", 0.1, "in one of ten draws, or more", ORANGE),
    ("unlikely", 0.0, "more rarely", "#fdd49e"),
)
"""Class of the map, its lowest chance, its words and its colour."""


def interval_layers(found: Intervals, differences: pd.DataFrame | None = None) -> list[Layer]:
    """Return intervals as layers and tables of a result file.

    Parameters
    ----------
    found
        From `find_intervals`.
    differences
        From `compare_intervals`; None: none.

    Returns
    -------
    list of Layer
        ``place_intervals_movers`` and ``place_intervals_residents``, ``intervals``, for each of
        the two ``convergence_movers`` and so on, ``zone_intervals``, ``draws``, and
        ``interval_differences`` if there are some.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import Uncertainty, find_intervals
    >>> drawn = Uncertainty(most_draws=20, precision=None)
    >>> layers = interval_layers(find_intervals(load_toy(), uncertainty=drawn))
    >>> [layer.name for layer in layers][:2]
    ['place_intervals_movers', 'intervals']
    """
    refuse_public(found.case, "The chance of being stranded at each place")
    layers = [
        *_place_layers(found.places()),
        plain_table("intervals", found.headline(), INTERVALS),
        *(
            plain_table(f"convergence_{base}", found.convergence(base=base))
            for base in sorted(set(found.headline()["base"]))
        ),
        plain_table("zone_intervals", found.zones()),
        plain_table("draws", found.draws),
    ]  # fmt: skip
    if differences is not None:
        layers.append(plain_table("interval_differences", differences, INTERVAL_DIFFERENCES))
    return layers


def _place_layers(places: gpd.GeoDataFrame) -> list[Layer]:
    """Return movers above residents, each with a shape of its own on the same scale."""
    places = places.assign(map_class=_chance_class(places["stranded_probability"]))
    layers = []
    for base, word in (("movers", "stranded"), ("residents", "cut off")):
        rows = places[(places["base"] == base).to_numpy(dtype=bool)].reset_index(drop=True)
        if not len(rows):
            continue
        largest = float(max([1.0, *rows["stranded_mean_persons"]]))
        size = scaled("stranded_mean_persons", largest, 1.5, 9.0)
        style = Style(
            renderer=categorised("map_class", [
                Category(
                    value=name, label=f"{word}: {told}",
                    symbol=people_symbol(base, colour, size),
                )
                for name, _, told, colour in CHANCES
            ]),
            title='"name"',
            labels=labels(
                "\"name\" || ' ' || round(100 * \"stranded_probability\") || ' %'",
                placement="point", size=7, show='"stranded_mean_persons">=1',
            ) if base == "movers" else None,
            map_tip=f'<b>[% "name" %]</b>, {base}: {word} '
            '[% format_number("stranded_mean_persons",0) %] people, in nine of ten draws '
            '[% format_number("stranded_low_persons",0) %] to '
            '[% format_number("stranded_high_persons",0) %]',
        )  # fmt: skip
        title = f"Chance that {base} are {word}"
        layers.append(
            internal_layer(f"place_intervals_{base}", title, rows, PLACE_INTERVALS, style, "Point")
        )
    return layers


def _chance_class(chance: pd.Series) -> pd.Series:
    conditions = [chance >= lowest for _, lowest, _, _ in CHANCES]
    names = np.select(conditions, [name for name, *_ in CHANCES], CHANCES[-1][0])
    return pd.Series(names, index=chance.index, dtype="str")


def gap_layers(gaps: gpd.GeoDataFrame) -> list[Layer]:
    """Return information gaps as layers of a result file.

    Parameters
    ----------
    gaps
        From `find_information_gaps`.

    Returns
    -------
    list of Layer
        ``gap_groups``, ``gap_crossings``, ``gap_edges`` and ``gap_disruptions``, and everything
        by rank in the table ``information_gaps``.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import find_information_gaps
    >>> [layer.name for layer in gap_layers(find_information_gaps(load_toy()))][-1]
    'information_gaps'
    """
    ranked = gaps.copy()
    ranked.insert(0, "rank", np.arange(1, len(gaps) + 1))
    largest = float(max([1, *gaps["swing_persons"]]))
    width = scaled("swing_persons", largest, 0.5, 4.0)
    size = scaled("swing_persons", largest, 1.5, 9.0)
    tip = (
        '<b>[% "rank" %]. [% "label" %]</b><br>taken for: [% "assumed" %]; it may be: '
        '[% "otherwise" %]<br>people who cannot reach: [% format_number("low_persons",0) %] to '
        '[% format_number("high_persons",0) %]'
    )
    kinds: tuple[tuple[str, str, GeometryName, object], ...] = (
        ("group", "groups", "Point",
         marker("circle", "#2b8cbe", outline="#ffffff", outline_width=0.2, size_expression=size)),
        ("crossing", "crossings", "Point",
         marker("square", "#6a3d9a", outline="#ffffff", outline_width=0.2, size_expression=size)),
        ("edge", "edges", "LineString", line("#b15928", width_expression=width)),
        ("disruption", "disruptions", "MultiPolygon",
         fill(RED, alpha=0.18, outline=RED, outline_width=0.5)),
    )  # fmt: skip
    layers = []
    for thing, plural, geometry, look in kinds:
        rows = ranked[(ranked["thing"] == thing).to_numpy(dtype=bool)].reset_index(drop=True)
        what = {"Point": "marker", "LineString": "line", "MultiPolygon": "fill"}[geometry]
        style = Style(
            renderer=categorised(
                "thing", [Category(value=thing, label=f"{plural}, by swing of the headline",
                                   symbol=symbol(what, look))],  # type: ignore[arg-type]
            ),
            labels=labels(
                "\"rank\" || '. ' || format_number(\"swing_persons\",0)",
                placement="line" if what == "line" else "point", size=7,
                show='"rank"<=20',
            ),
            title='"label"', map_tip=tip,
        )  # fmt: skip
        layers.append(
            internal_layer(f"gap_{plural}", f"Information gaps: {plural}", rows, INFORMATION_GAPS,
                           style, geometry)
        )  # fmt: skip
    layers.append(
        plain_table("information_gaps", pd.DataFrame(ranked.drop(columns="geometry")),
                    INFORMATION_GAPS)
    )  # fmt: skip
    return layers


def write_intervals(
    found: Intervals, path: str | Path, differences: pd.DataFrame | None = None
) -> Path:
    """Write intervals to a GeoPackage that opens styled.

    Parameters
    ----------
    found
        From `find_intervals`.
    path
        The file; replaced as a whole, or left as it was.
    differences
        From `compare_intervals`; None: none.

    Returns
    -------
    pathlib.Path
        The file, with the layers of `interval_layers`.

    Raises
    ------
    InputError
        If the case is for the public.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import Uncertainty, find_intervals
    >>> found = find_intervals(load_toy(), uncertainty=Uncertainty(most_draws=20, precision=None))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_intervals(found, f"{folder}/a.gpkg").name
    'a.gpkg'
    """
    layers = interval_layers(found, differences)
    layers += ground_layers(found.case, found.when)
    title = f"{found.case.title or found.case.name}: how sure"
    return write_geopackage(path, layers, title=title, abstract=NOTICE)


def write_gaps(
    case: Case, gaps: gpd.GeoDataFrame, path: str | Path, *, when: dt.date | str | None = None
) -> Path:
    """Write information gaps to a GeoPackage that opens styled.

    Parameters
    ----------
    case
        The question.
    gaps
        From `find_information_gaps`.
    path
        The file; replaced as a whole, or left as it was.
    when
        Day that the gaps were asked for; None: the scenario's own.

    Returns
    -------
    pathlib.Path
        The file, with the layers of `gap_layers`.

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
    >>> from mobility_geo.outcomes import find_information_gaps
    >>> case = load_toy()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_gaps(case, find_information_gaps(case), f"{folder}/a.gpkg").name
    'a.gpkg'
    """
    refuse_public(case, "A map of information gaps")
    layers = [*gap_layers(gaps), *ground_layers(case, case.scenario.day(when))]
    title = f"{case.title or case.name}: where to look next"
    return write_geopackage(path, layers, title=title, abstract=NOTICE)

"""What a sweep leaves besides its results: tables, a GeoPackage that opens styled, and a report."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from mobility_geo.batch.sweep_results import (
    FAILURES,
    GEOPACKAGE,
    REPORT,
    SUMMARY,
    Summary,
    Sweep,
    summarise,
)
from mobility_geo.export.columns import describe
from mobility_geo.export.notice import NOTICE
from mobility_geo.export.qml import (
    Class,
    Style,
    graduated,
    labels,
    line,
    marker,
    scaled,
    symbol,
)
from mobility_geo.export.styles import with_aliases
from mobility_geo.export.tables import write_table
from mobility_geo.geopackage import Layer, write_geopackage
from mobility_geo.plot import pages, words
from mobility_geo.report.tables import Cell, Table, number, text
from mobility_geo.schema import records

if TYPE_CHECKING:
    from mobility_geo.batch.plan import SweepPlan

MOST_ROWS: Final = 25
"""Rows of a table of the report; the whole of it is in the folder ``summary``."""

STEPS: Final = (
    (0.0, 0.0, "never", "#ffffff"), (0.0, 0.1, "up to 10 %", "#fee8c8"),
    (0.1, 0.33, "10 to 33 %", "#fdbb84"), (0.33, 0.67, "33 to 67 %", "#ef6548"),
    (0.67, 1.0, "67 to 100 %", "#99000d"),
)  # fmt: skip
"""Classes of a probability that is bad news: bounds, words, colour."""

GOOD: Final = ("#b2182b", "#fddbc7", "#d1e5f0", "#67a9cf", "#2166ac")
"""Colours of the same classes where a high probability is good news."""

MEANINGS: Final[Mapping[str, str]] = {
    "stranded_probability": "share of the scenarios in which anybody there is stranded",
    "cut_off_probability": "share of the scenarios in which residents there are cut off",
    "station_probability": "share of the scenarios in which any way station is within reach",
    "reachable_probability": "share of the scenarios in which it is reached from anywhere asked",
    "used_probability": "share of the scenarios in which anybody passes",
    "nearest_waystation_id": "station that is the nearest in most scenarios",
    "places_in_reach_mean": "places that reach it, mean over the scenarios",
    "movers_persons": "people on the move who are there (persons)",
    "residents_persons": "residents asked about who are there (persons)",
    "stranded_change_persons": "stranded with it closed, less stranded without (persons)",
    "can_reach_change_persons": "the same of those who can reach (persons)",
    "cut_off_change_persons": "the same of residents cut off (persons)",
    "travel_change_h": "the same of the hours that those who can reach travel, all together (h)",
}
_OVER: Final = {
    "mean": "mean over the scenarios", "p10": "10 % of the scenarios have this or less",
    "median": "half of the scenarios have this or less",
    "p90": "90 % of the scenarios have this or less", "worst": "the worst of the scenarios",
    "least": "the least of the scenarios",
}  # fmt: skip
_WHAT: Final = {
    "stranded": "people stranded", "cut_off": "residents cut off", "flow": "people who pass",
    "nearest": "time to the nearest way station", "movers_in_reach": "people who reach it",
}  # fmt: skip


def write_summary(sweep: Sweep, plan: "SweepPlan", failures: pd.DataFrame) -> tuple[Path, ...]:
    """Sum a sweep up, and write tables, GeoPackage and report into its folder.

    Parameters
    ----------
    sweep, plan
        The results and their plan.
    failures
        ``scenario_id``, ``label``, ``reason``.

    Returns
    -------
    tuple of pathlib.Path
        The files. The same results give the same bytes of all but the GeoPackage.

    Raises
    ------
    OutputError
        If a file cannot be written, or a result is damaged.
    """
    place = sweep.folder
    summary = summarise(sweep, plan.case, plan.answers.tables)
    files = [_table(failures, place / FAILURES)]
    (place / SUMMARY).mkdir(exist_ok=True)
    files += [
        _table(table, place / SUMMARY / f"{name}.csv") for name, table in summary.tables().items()
    ]
    if len(summary.scenarios):
        layers = summary_layers(summary, plan)
        files.append(
            write_geopackage(
                place / GEOPACKAGE, layers, title=plan.case.title or plan.name, abstract=NOTICE
            )
        )
    files.append(write_sweep_report(summary, plan, failures, place / REPORT))
    return tuple(files)


def _table(table: pd.DataFrame, file: Path) -> Path:
    aside = file.with_name(f".{file.name}.part")
    write_table(table, aside).replace(file)
    return file


# ------------------------------------------------------------------ layers
def summary_layers(summary: Summary, plan: "SweepPlan") -> list[Layer]:
    """Return the layers of a summary, each with its style.

    Parameters
    ----------
    summary, plan
        What is shown.

    Returns
    -------
    list of Layer
        Topmost first: ``waystations``, ``places``, ``crossings``, ``closures`` (of single
        closures), ``edge_flows``, ``edges``, ``scenarios``.
    """
    network, case = plan.case.network, plan.case
    shapes = {
        "waystation_id": case.waystations.set_index("waystation_id").geometry,
        "place_id": network.places.set_index("place_id").geometry,
        "crossing_id": network.crossings.set_index("crossing_id").geometry,
        "edge_id": network.edges.set_index("edge_id").geometry,
    }
    names = network.edges.set_index("edge_id")[["name", "ref", "kind"]]

    def on_map(table: pd.DataFrame, key: str) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(
            table.reset_index(drop=True),
            geometry=shapes[key].reindex(table[key]).array, crs=network.crs,
        )  # fmt: skip

    rule = plan.answers.rules[0] if plan.answers.rules else ""
    flows = summary.edges[(summary.edges["rule"] == rule).to_numpy(dtype=bool)]
    posts = summary.crossings[(summary.crossings["rule"] == rule).to_numpy(dtype=bool)]
    named = network.crossings.set_index("crossing_id")["name"]
    posts = posts.assign(name=posts["crossing_id"].map(named))
    layers = [
        _layer("waystations", on_map(summary.stations, "waystation_id"), "Point",
               "Way stations: how likely they are reached", _stations_style),
        _layer("places", on_map(summary.places, "place_id"), "Point",
               "Places: how likely people there are stranded", _places_style),
        _layer("crossings", on_map(posts, "crossing_id"), "Point",
               "Border crossings: people who pass", _crossings_style),
    ]  # fmt: skip
    if "edge_id" in summary.closures or len(summary.closures):
        closed = summary.closures.dropna(subset=["closed_edge"]).rename(
            columns={"closed_edge": "edge_id"}
        )
        if len(closed):
            closed = closed.drop(columns=["closed_crossing", "parameters"])
            layers.append(
                _layer("closures", on_map(closed.join(names, on="edge_id"), "edge_id"),
                       "LineString", "Edges: what closing one alone changes", _closures_style)
            )  # fmt: skip
    layers += [
        _layer("edge_flows", on_map(flows.join(names, on="edge_id"), "edge_id"), "LineString",
               "Edges: people who pass", _flows_style),
        _layer("edges", gpd.GeoDataFrame(network.edges[["edge_id", "name", "ref", "kind",
               "geometry"]]), "LineString", "Network", _edges_style),
        Layer(name="scenarios", frame=summary.scenarios, title="Scenarios", abstract=NOTICE,
              columns=_docs(summary.scenarios)),
    ]  # fmt: skip
    return layers


def _docs(frame: pd.DataFrame) -> dict[str, tuple[str, str]]:
    names = [str(name) for name in frame.columns if name != "geometry"]
    docs = describe(names)
    return {name: (said, column_meaning(name) or known) for name, (said, known) in docs.items()}


def column_meaning(name: str) -> str:
    """Return what a column of a summary means; empty if it is none of those.

    Parameters
    ----------
    name
        Name of the column.

    Returns
    -------
    str
        A few words, with the unit.

    Examples
    --------
    >>> column_meaning("flow_p90_persons")
    'people who pass: 90 % of the scenarios have this or less (persons)'
    """
    if name in MEANINGS:
        return MEANINGS[name]
    for start, what in _WHAT.items():
        for part, over in _OVER.items():
            if name == f"{start}_{part}_scenario_id":
                return f"{what}: scenario of {over}"
            for unit in ("persons", "min"):
                if name == f"{start}_{part}_{unit}":
                    return f"{what}: {over} ({unit})"
    return ""


def _layer(name: str, frame: gpd.GeoDataFrame, kind: Any, title: str, style: Any) -> Layer:  # noqa: ANN401
    docs = _docs(frame)
    return Layer(
        name=name, frame=frame, title=title, abstract=f"{NOTICE} Over the scenarios of a sweep.",
        columns=docs, geometry_type=kind,
        style=with_aliases(style(frame), {key: said for key, (said, _) in docs.items()}),
    )  # fmt: skip


def _most(frame: pd.DataFrame, column: str) -> float:
    if column not in frame or not len(frame):
        return 0.0
    return float(np.nan_to_num(pd.to_numeric(frame[column], errors="coerce").max()))


def _points(shape: str, colours: tuple[str, ...], size: dict[str, Any]) -> list[Class]:
    return [
        Class(
            lower=low, upper=high, label=label,
            symbol=symbol("marker", marker(shape, colour, outline="#444444", outline_width=0.3,
                                           **size)),
        )
        for (low, high, label, _), colour in zip(STEPS, colours, strict=True)
    ]  # fmt: skip


def _places_style(frame: gpd.GeoDataFrame) -> Style:
    largest = _most(frame, "movers_persons")
    size = scaled("movers_persons", largest, 1.6, 7.0)
    has = "stranded_probability" in frame
    shown = '"stranded_probability"' if has else "0"
    return Style(
        renderer=graduated(
            f"coalesce({shown},0)",
            _points("circle", tuple(step[3] for step in STEPS), {"size_expression": size}),
        ),
        labels=labels(
            '"name"', placement="point", size=8, priority='min(10,3+log10(1+"movers_persons"))',
            show=f"coalesce({shown},0)>0 or @map_scale<3000000",
        ),
        title='"name"',
        map_tip=(
            '<b>[% "name" %]</b><br>on the move: [% format_number("movers_persons",0) %]'
            + (
                '<br>stranded in [% round(100*coalesce("stranded_probability",0)) %] % of the '
                'scenarios; mean [% format_number(coalesce("stranded_mean_persons",0),0) %], worst '
                '[% format_number(coalesce("stranded_worst_persons",0),0) %]' if has else ""
            )
        ),
    )  # fmt: skip


def _stations_style(frame: gpd.GeoDataFrame) -> Style:
    has = "reachable_probability" in frame
    shown = 'coalesce("reachable_probability",0)' if has else "0"
    return Style(
        renderer=graduated(shown, _points("square", GOOD, {"size": 3.6})),
        labels=labels('"name"', placement="point", size=7, priority=5, show="@map_scale<8000000"),
        title='"name"',
        map_tip=(
            '<b>[% "name" %]</b><br>reached in [% round(100*' + shown + ") %] % of the scenarios"
        ),
    )  # fmt: skip


def _crossings_style(frame: gpd.GeoDataFrame) -> Style:
    largest = _most(frame, "flow_mean_persons")
    size = scaled("flow_mean_persons", largest, 2.0, 7.0)
    return Style(
        renderer=graduated(
            'coalesce("used_probability",0)',
            _points("diamond", ("#ffffff", "#dadaeb", "#bcbddc", "#807dba", "#54278f"),
                    {"size_expression": size}),
        ),
        labels=labels('"name"', placement="point", size=7, priority=5, show="@map_scale<8000000"),
        title='"name"',
        map_tip=(
            '<b>[% "name" %]</b>, into [% "into_country" %]<br>mean '
            '[% format_number("flow_mean_persons",0) %] people, most '
            '[% format_number("flow_worst_persons",0) %]'
        ),
    )  # fmt: skip


def _flows_style(frame: gpd.GeoDataFrame) -> Style:
    width = scaled("flow_mean_persons", _most(frame, "flow_mean_persons"), 0.3, 4.0)
    return Style(
        renderer=graduated(
            '"flow_mean_persons"',
            [
                Class(lower=0, upper=max(_most(frame, "flow_mean_persons"), 1),
                      label="people, mean over the scenarios",
                      symbol=symbol("line", line("#1f6bae", width_expression=width), alpha=0.85)),
            ],
        ),
        title='coalesce("name","ref","edge_id")',
        map_tip=(
            '[% coalesce("name","ref","edge_id") %]: mean '
            '<b>[% format_number("flow_mean_persons",0) %]</b> people, most '
            '[% format_number("flow_worst_persons",0) %]; used in '
            '[% round(100*"used_probability") %] % of the scenarios'
        ),
    )  # fmt: skip


def _closures_style(frame: gpd.GeoDataFrame) -> Style:
    largest = max(_most(frame, "stranded_change_persons"), 1.0)
    steps = [
        (-1e12, 0.0, "nobody more stranded", "#d0d0d0", 0.5),
        (0.0, largest * 0.1, f"up to {largest * 0.1:,.0f} more stranded", "#fdbb84", 1.0),
        (largest * 0.1, largest * 0.5, f"up to {largest * 0.5:,.0f}", "#ef6548", 1.6),
        (largest * 0.5, largest, f"up to {largest:,.0f}", "#99000d", 2.4),
    ]
    return Style(
        renderer=graduated(
            '"stranded_change_persons"',
            [
                Class(lower=low, upper=high, label=label,
                      symbol=symbol("line", line(colour, width=width)))
                for low, high, label, colour, width in steps
            ],
        ),
        title='coalesce("name","ref","edge_id")',
        map_tip=(
            'closing [% coalesce("name","ref","edge_id") %] alone: '
            '<b>[% format_number("stranded_change_persons",0) %]</b> more stranded, '
            '[% format_number("travel_change_h",0) %] more hours on the way'
        ),
    )  # fmt: skip


def _edges_style(_frame: gpd.GeoDataFrame) -> Style:
    return Style(
        renderer=graduated(
            "1", [Class(lower=0, upper=2, label="road, track, river or crossing",
                        symbol=symbol("line", line("#b5aea0", width=0.3)))]
        ),
        title='coalesce("name","ref","edge_id")',
    )  # fmt: skip


# ------------------------------------------------------------------ report
def write_sweep_report(
    summary: Summary, plan: "SweepPlan", failures: pd.DataFrame, path: str | os.PathLike[str]
) -> Path:
    """Write the report of a sweep: one page, without pictures, that asks no server for anything.

    Parameters
    ----------
    summary, plan, failures
        What is told.
    path
        The file.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OutputError
        If it could not be written.
    """
    template = pages.templates("mobility_geo.report", "templates").get_template("sweep.html.j2")
    page = template.render(
        policy=pages.security_policy([]),
        title=plan.case.title or plan.name, plan=plan,
        varies=", ".join(plan.axes).replace("_", " "),
        network=plan.case.network.name, answered=len(summary.scenarios),
        planned=len(plan.scenarios), draws=plan.draws,
        statements=words.STATEMENTS["en"], sentences=_sentences(summary),
        spread=_spread_table(summary), worst=_worst_table(summary), places=_place_table(summary),
        stations=_station_table(summary), crossings=_crossing_table(summary, plan),
        closures=_closure_table(summary), failures=_failure_table(failures),
        tables=", ".join(f"{SUMMARY}/{name}.csv" for name in summary.tables()),
    )  # fmt: skip
    return pages.write_page(path, page)


def _sentences(summary: Summary) -> list[str]:
    spread = {row["figure"]: row for row in records(summary.spread)}
    told = []
    for figure, what in (
        ("stranded_persons", "people on the move are stranded"),
        ("cut_off_persons", "residents would be cut off"),
    ):
        row = spread.get(figure)
        if row and row["most"]:
            told.append(
                f"{words.whole(row['mean'])} {what} in the mean of the scenarios; in half of them "
                f"{words.whole(row['median'])} or fewer, in the worst {words.whole(row['most'])}."
            )
        elif row:
            told.append(f"In no scenario {what}.")
    return told or ["No statuses were asked for."]


def _percent(value: float) -> Cell:
    return Cell(text=words.percent(value), number=True)


def _spread_table(summary: Summary) -> Table:
    labels_of = dict(zip(summary.scenarios["scenario_id"], summary.scenarios["label"], strict=True))
    rows = [
        [
            text(_FIGURES[row["figure"]]),
            *(number(row[name]) for name in ("mean", "p10", "median", "p90")),
            Cell(text=words.whole(row["least"]), below=labels_of[row["least_scenario_id"]],
                 number=True),
            Cell(text=words.whole(row["most"]), below=labels_of[row["most_scenario_id"]],
                 number=True),
        ]
        for row in records(summary.spread)
    ]  # fmt: skip
    return Table(
        caption="Over all scenarios",
        columns=["", "mean", "10 % have at most", "half have at most", "90 % have at most",
                 "least", "most"],
        rows=rows, empty="no statuses were asked for.",
    )  # fmt: skip


_FIGURES: Final = {
    "can_reach_persons": "Can reach a destination", "stranded_persons": "Stranded",
    "isolated_persons": "Isolated even without the crisis", "unknown_persons": "Unknown",
    "cut_off_persons": "Residents cut off",
    "travel_h": "Hours on the way of those who can reach, all together",
}  # fmt: skip


def _worst_table(summary: Summary) -> Table:
    table = summary.scenarios
    table = table.sort_values(
        ["stranded_persons", "cut_off_persons", "scenario_id"], ascending=[False, False, True]
    )
    rows = [
        [text(row["label"]), number(row["weight"]),
         *(number(row[name]) for name in ("can_reach_persons", "stranded_persons",
                                          "isolated_persons", "cut_off_persons"))]
        for row in records(table.head(MOST_ROWS))
    ]  # fmt: skip
    return Table(
        caption="Scenarios with the most people stranded",
        columns=["scenario", "weight", "can reach", "stranded", "isolated", "residents cut off"],
        rows=rows,
    )  # fmt: skip


def _place_table(summary: Summary) -> Table:
    table = summary.places
    if "stranded_probability" not in table:
        return Table(caption="Places", columns=[], rows=[], empty="no statuses were asked for.")
    table = table[(table["movers_persons"] > 0).to_numpy(dtype=bool)].sort_values(
        ["stranded_mean_persons", "place_id"], ascending=[False, True]
    )
    has = "station_probability" in table
    rows = [
        [
            text(row["name"]), number(row["movers_persons"]), _percent(row["stranded_probability"]),
            number(row["stranded_mean_persons"]), number(row["stranded_worst_persons"]),
            *(
                [_percent(row["station_probability"]),
                 Cell(text=words.hours(row["nearest_median_min"] / 60)
                      if row["nearest_median_min"] == row["nearest_median_min"]
                      else words.NOTHING, number=True)]
                if has else []
            ),
        ]
        for row in records(table.head(MOST_ROWS))
    ]  # fmt: skip
    more = ["any station in reach", "time to the nearest, median"] if has else []
    return Table(
        caption="Places, by people stranded in the mean",
        columns=["place", "on the move", "anybody stranded", "stranded, mean", "stranded, worst",
                 *more],
        rows=rows,
    )  # fmt: skip


def _station_table(summary: Summary) -> Table:
    table = summary.stations
    if "reachable_probability" not in table:
        return Table(
            caption="Way stations", columns=[], rows=[], empty="no stations were asked for."
        )
    table = table.sort_values(["reachable_probability", "name"], ascending=[True, True])
    rows = [
        [
            text(row["name"]), _percent(row["reachable_probability"]),
            number(row["movers_in_reach_mean_persons"]),
            number(row["movers_in_reach_least_persons"]),
            Cell(text=f"{row['places_in_reach_mean']:.1f}", number=True),
        ]
        for row in records(table.head(2 * MOST_ROWS))
    ]  # fmt: skip
    return Table(
        caption="Way stations, the least certain first",
        columns=["station", "reached", "people in reach, mean", "least", "places in reach, mean"],
        rows=rows,
    )  # fmt: skip


def _crossing_table(summary: Summary, plan: "SweepPlan") -> Table:
    named = plan.case.network.crossings.set_index("crossing_id")["name"]
    table = summary.crossings.sort_values(
        ["rule", "flow_mean_persons", "crossing_id"], ascending=[True, False, True]
    )
    rows = [
        [
            text(named[row["crossing_id"]]), text(words.label("country", row["into_country"])),
            text(words.label("rule", row["rule"])), _percent(row["used_probability"]),
            *(number(row[f"flow_{name}_persons"]) for name in ("mean", "median", "worst")),
        ]
        for row in records(table.head(MOST_ROWS))
    ]  # fmt: skip
    return Table(
        caption="Border crossings, by people who pass in the mean",
        columns=["crossing", "into", "rule", "used", "mean", "median", "most"], rows=rows,
        empty="nobody crosses, or no flows were asked for.",
    )  # fmt: skip


def _closure_table(summary: Summary) -> Table:
    rows = [
        [
            text(row["closed_edge"] if isinstance(row["closed_edge"], str)
                 else row["closed_crossing"]),
            text(row["when"]), text(row["parameters"]),
            *(number(row[name]) for name in ("stranded_change_persons", "can_reach_change_persons",
                                             "cut_off_change_persons", "travel_change_h")),
        ]
        for row in records(summary.closures.head(MOST_ROWS))
    ]  # fmt: skip
    return Table(
        caption="What closing one alone changes, most people stranded first",
        columns=["closed", "day", "parameters", "stranded", "can reach", "residents cut off",
                 "hours on the way"],
        rows=rows, empty="no single closures are in the plan.",
    )  # fmt: skip


def _failure_table(failures: pd.DataFrame) -> Table:
    rows = [[text(row["label"]), text(row["reason"])] for row in records(failures.head(100))]
    return Table(
        caption=f"Scenarios that could not be answered: {len(failures):,}",
        columns=["scenario", "reason"], rows=rows, empty="all were answered.", plain=True,
    )  # fmt: skip

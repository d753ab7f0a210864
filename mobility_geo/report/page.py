"""`write_report`: the internal report of a run, as one page that asks no server for anything."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from mobility_geo.outcomes import summaries
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.plot import explore_flows, explore_status, pages, palette, words
from mobility_geo.plot.maps import plot_flows, plot_held_at, plot_network, plot_status
from mobility_geo.report import tables
from mobility_geo.report.pictures import picture_source
from mobility_geo.schema import records

if TYPE_CHECKING:
    from mobility_geo.outcomes.results import Results
    from mobility_geo.plot import Map

_MOST_NAMED: Final = 3


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Picture:
    """A map of the report: a picture for paper, and the interactive one for the screen."""

    heading: str
    source: str
    alt: str
    block: Markup | None = None


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class StatusPart:
    """One status of the headline: its share of the bar and its figures."""

    label: str
    colour: str
    share: float
    figure: str
    between: str
    percent: str


def write_report(results: "Results", path: str | os.PathLike[str]) -> Path:
    """Write the internal report of a run: headline, maps, tables, assumptions, limits, manifest.

    Parameters
    ----------
    results
        Results of a scenario.
    path
        Where; the folder must exist.

    Returns
    -------
    pathlib.Path
        Where it is. One file with everything inside; the same results give the same bytes.

    Raises
    ------
    InputError
        If the case is for the public: the report names places, crossings and where people are
        held. Write the brief instead.
    OutputError
        If it could not be written; nothing half-written is left.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import solve_case
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     "INTERNAL" in write_report(solve_case(load_toy()), f"{folder}/report.html").read_text()
    True
    """
    refuse_public(results.case, "The report")
    css, scripts = pages.map_assets()
    template = pages.templates("mobility_geo.report", "templates").get_template("report.html.j2")
    pictures = _pictures(results)
    movers = summaries.people_total(results.status)[1] > 0
    text = template.render(
        policy=pages.security_policy(scripts),
        # styles and scripts are files of this package, not data
        css=Markup(css),  # noqa: S704
        scripts=[Markup(script) for script in scripts],  # noqa: S704
        case=results.case,
        title=results.case.title or results.case.name,
        day=words.day(results.when),
        statements=words.STATEMENTS["en"],
        has_movers=movers,
        headline=headline_sentences(results),
        capacity=capacity_sentence(results),
        parts=_status_parts(results, "movers"),
        resident_parts=_status_parts(results, "residents"),
        pictures=pictures,
        reasons=tables.stranded_table(results, "reason"),
        causes=tables.stranded_table(results, "cause"),
        kinds=tables.stranded_table(results, "kind"),
        travel=tables.stranded_table(results, "profile"),
        cross=tables.reason_and_cause_table(results),
        zones=tables.zone_table(results),
        places=tables.place_table(results),
        held=tables.held_table(results),
        crossings=tables.crossing_table(results),
        corridors=tables.corridor_table(results),
        stations=tables.station_table(results),
        closures=tables.closure_table(results),
        comparison=tables.comparison_table(results),
        comparison_line=tables.comparison_line(results) if len(results.comparison) else "",
        assumptions=tables.assumption_table(results),
        parameters=tables.parameter_table(results),
        sources=tables.source_table(results),
        returning=bool((results.status["trip"] == "return").any()),
        warnings=results.warnings,
        run_info=results.run_info,
    )
    return pages.write_page(path, text)


def headline_sentences(results: "Results") -> list[str]:
    """Return what the report says first, in whole sentences and in people.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    list of str
        Best figures with low and high.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import solve_case
    >>> headline_sentences(solve_case(load_toy()))[0][:44]
    'Of 1,750 people on the move (1,540 to 2,010)'
    """
    sentences = []
    low, value, high = summaries.people_total(results.status)
    if high:
        now = _by_status(results.status, "movers")
        before = _by_status(results.baseline, "movers")
        cannot = {name: now["stranded"][name] + now["isolated"][name] for name in summaries.PERSONS}
        sentences += [
            (
                f"Of {_counted(low, value, high, 'people on the move')}, {_told(cannot)} "
                "cannot reach a destination."
            ),
            (
                f"{_told(now['stranded'])} are stranded: they could without the closures. "
                f"{_told(now['isolated'])} could not get there even without the crisis. "
                f"The status of {_told(now['unknown']).replace('Nobody', 'nobody')} is unknown."
            ),
            (
                f"{_told(now['can_reach'])} can reach a destination; without the closures of this "
                f"date it would be {words.whole(before['can_reach']['persons'])}."
            ),
        ]
    low, value, high = summaries.people_total(results.status, base="residents")
    if high:
        off = _by_status(results.status, "residents")["cut_off"]
        sentences.append(
            f"Of {_counted(low, value, high, 'residents')}, {_told(off)} would be cut off from "
            "services if they had to leave; they are not counted among the stranded."
        )
    return sentences or ["The case asks about nobody."]


def capacity_sentence(results: "Results") -> str:
    """Say for how many of those who can reach a destination its free places were counted.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    str
        A sentence.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import solve_case
    >>> capacity_sentence(solve_case(load_toy()))[:31]
    'Free places were checked for 0 '
    """
    status = results.status
    reach = status[(status["base"] == "movers") & (status["status"] == "can_reach")]
    checked = int(reach.loc[reach["capacity_checked"].astype("bool"), "persons"].sum())
    return (
        f"Free places were checked for {words.whole(checked)} of them; for the rest it is a "
        "demand, not a promise."
    )


def _by_status(status: pd.DataFrame, base: summaries.Base) -> dict[str, dict[str, Any]]:
    return {row["status"]: row for row in records(summaries.people_by_status(status, base=base))}


def _told(row: dict[str, Any]) -> str:
    if not row["persons_high"]:
        return "Nobody"
    return words.interval(row["persons_low"], row["persons"], row["persons_high"])


def _counted(low: int, value: int, high: int, what: str) -> str:
    spread = "" if low == high else f" ({words.whole(low)} to {words.whole(high)})"
    return f"{words.whole(value)} {what}{spread}"


def _status_parts(results: "Results", base: summaries.Base) -> list[StatusPart]:
    table = summaries.people_by_status(results.status, base=base)
    if not table["persons_high"].sum():
        return []
    parts = []
    for row in records(table):
        spread = row["persons_low"] != row["persons_high"]
        parts.append(
            StatusPart(
                label=words.label("status", row["status"]),
                colour=palette.STATUS_COLOURS[row["status"]],
                share=float(np.nan_to_num(row["share"])),
                figure=words.whole(row["persons"]),
                between=f"{words.whole(row['persons_low'])} to {words.whole(row['persons_high'])}"
                if spread
                else "",
                percent=words.percent(row["share"]),
            )
        )
    return parts


def _largest_names(names: Sequence[str], people: Sequence[int]) -> str:
    listed = [
        f"{name} ({words.whole(count)})" for name, count in zip(names, people, strict=True) if count
    ]
    return ", ".join(listed[:_MOST_NAMED]) or "none"


def _pictures(results: "Results") -> dict[str, Picture]:
    places = summaries.status_by_place(results)
    stranded = places.sort_values(["stranded_persons", "name"], ascending=[False, True])
    held = summaries.held_at(results)
    crossings = summaries.people_by_crossing(results)
    passed = crossings.get("least_time_persons", pd.Series(0, crossings.index))
    pictures = {
        "status": Picture(
            heading="Who can reach a destination, and who is stranded",
            source=picture_source(plot_status(results)),
            alt="Map of people on the move by status and place. Most stranded people are at "
            f"{_largest_names(stranded['name'].tolist(), stranded['stranded_persons'].tolist())}. "
            "The tables by zone and by place hold the same figures.",
            block=_block(explore_status(results), "map-status"),
        ),
        "flows": Picture(
            heading="People per road, river leg and crossing",
            source=picture_source(plot_flows(results)),
            alt="Map of flows. The crossings that most people pass are "
            f"{_largest_names(crossings['name'].tolist(), passed.tolist())}. "
            "The table of crossings holds the same figures.",
            block=_block(explore_flows(results), "map-flows"),
        ),
        "network": Picture(
            heading="The network",
            source=picture_source(plot_network(results.case.network)),
            alt="Map of the network: roads, tracks, river legs, border crossings and places.",
        ),
    }
    if len(held):
        pictures["held"] = Picture(
            heading="Where stranded people are held up",
            source=picture_source(plot_held_at(results)),
            alt="Map of where stranded people are held up on their way: "
            f"{_largest_names(held['held_name'].tolist(), held['persons'].tolist())}. "
            "The table beside it holds the same figures.",
        )
    if summaries.people_total(results.status, base="residents")[2]:
        pictures["residents"] = Picture(
            heading="Residents who would be cut off",
            source=picture_source(plot_status(results, base="residents")),
            alt="Map of residents by place, and of the share per zone who would be cut off. The "
            "table by zone holds the same figures.",
        )
    return pictures


def _block(shown: "Map", element_id: str) -> Markup:
    return shown.block(element_id, scroll=False)

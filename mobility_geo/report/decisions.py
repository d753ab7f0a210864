"""`write_decisions`: the page that a coordination meeting decides by. Internal."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.plot import pages, plot_convergence, words
from mobility_geo.plot.decisions import plot_chances, plot_chokepoints, plot_gap_map
from mobility_geo.report.page import Picture
from mobility_geo.report.pictures import picture_source
from mobility_geo.report.tables import Cell, Table, number, share, text
from mobility_geo.schema import records, split_list

if TYPE_CHECKING:
    from mobility_geo.outcomes import Decisions

MOST_ROWS: Final = 15
"""Rows per table; the whole of it is in the GeoPackage."""

_FIGURES: Final = {
    "persons": "in all", "can_reach": "can reach", "stranded": "stranded", "cut_off": "cut off",
    "isolated": "isolated", "unknown": "unknown", "cannot_reach": "cannot reach, in all",
}  # fmt: skip


def write_decisions(found: "Decisions", path: str | os.PathLike[str]) -> Path:
    """Write how sure the answer is, where to assess next, what is critical and what to reopen.

    Parameters
    ----------
    found
        From `mobility_geo.outcomes.find_decisions`.
    path
        Where; the folder must exist.

    Returns
    -------
    pathlib.Path
        Where it is. One file with everything inside; the same answers give the same bytes.

    Raises
    ------
    InputError
        If the case is for the public.
    OutputError
        If it could not be written; nothing half-written is left.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import Uncertainty, find_decisions
    >>> found = find_decisions(load_toy(), uncertainty=Uncertainty(most_draws=10))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     "INTERNAL" in write_decisions(found, f"{folder}/decisions.html").read_text()
    True
    """
    refuse_public(found.case, "What a decision needs")
    template = pages.templates("mobility_geo.report", "templates").get_template("decisions.html.j2")
    intervals = found.intervals
    count = len(intervals.draws)
    reached = "" if intervals.reached else " The precision asked for was not reached."
    if count < intervals.fewest_draws:
        needed = words.whole(intervals.fewest_draws)
        reached += f" The rarest of what is drawn needs {needed} draws to come up almost surely."
    page = template.render(
        policy=pages.security_policy([]),
        case=found.case,
        title=found.case.title or found.case.name,
        day=words.day(found.when),
        whom={"movers": "people on the move", "residents": "residents"}[found.base],
        statements=words.STATEMENTS["en"],
        sentences=decision_sentences(found),
        draws=f"{words.whole(count)} draws, seed {intervals.uncertainty.seed}.{reached}",
        varied="; ".join(intervals.varied),
        intervals=_interval_table(found),
        places=_place_table(found),
        convergence=_convergence_table(found),
        gaps=_gap_table(found),
        chokepoints=_chokepoint_table(found),
        reopenings=_reopening_table(found) if len(found.reopenings) else None,
        pictures=_pictures(found),
    )
    return pages.write_page(path, page)


def decision_sentences(found: "Decisions") -> list[str]:
    """Return what the page says first, in whole sentences.

    Parameters
    ----------
    found
        From `mobility_geo.outcomes.find_decisions`.

    Returns
    -------
    list of str
        The headline with its interval, then what moves it, what would break it, what helps.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import Uncertainty, find_decisions
    >>> found = find_decisions(load_toy(), uncertainty=Uncertainty(most_draws=10))
    >>> decision_sentences(found)[-1]
    'Lifting one disruption (border) would free 1,400 people at most; no other one frees more.'
    """
    row = _headline(found)
    whom = {"movers": "people on the move", "residents": "residents"}[found.base]
    between = f"{words.whole(row['low_persons'])} to {words.whole(row['high_persons'])}"
    told = [
        (
            f"{between} {whom} cannot reach a destination in nine of ten draws, "
            f"{words.whole(row['mean_persons'])} in the mean; a single run with the best figures "
            f"says {words.whole(row['best_persons'])}."
        )
    ]
    if len(found.gaps):
        top = records(pd.DataFrame(found.gaps.drop(columns="geometry")).head(1))[0]
        told.append(
            f"Most hangs on {_thing(top)}: if it is otherwise ({top['otherwise']}), "
            f"{words.whole(top['low_persons'])} to {words.whole(top['high_persons'])} people "
            "cannot reach."
        )
    harmed = _closings(found)
    if len(harmed):
        top = records(harmed.head(1))[0]
        told.append(
            f"If {top['label']} closed as well, {words.whole(top['lost_persons'])} more people "
            "could no longer reach."
        )
    else:
        told.append("No single further closure takes away anybody's way.")
    curve = found.reopenings[(found.reopenings["reopened"] > 0).to_numpy(dtype=bool)]
    if len(curve):
        one = records(curve.head(1))[0]
        best = "no other one frees more" if one["proven"] else (
            f"no other one frees more than {words.whole(one['bound_persons'])}"
        )  # fmt: skip
        told.append(
            f"Lifting one disruption ({_names(found, one)}) would free "
            f"{words.whole(one['freed_persons'])} people at most; {best}."
        )
    return told


def _headline(found: "Decisions") -> dict[str, Any]:
    table = found.intervals.headline()
    asked = (table["base"] == found.base) & (table["figure"] == "cannot_reach")
    return records(table[asked.to_numpy(dtype=bool)])[0]


def _thing(row: dict[str, Any]) -> str:
    return {
        "edge": f"the way {row['label']}", "crossing": f"the crossing {row['label']}",
        "disruption": f"“{row['label']}”", "group": f"the number of people of {row['label']}",
        "speeds": "the speeds",
    }[row["thing"]]  # fmt: skip


def _names(found: "Decisions", row: dict[str, Any]) -> str:
    """Return the disruptions of a row by name."""
    names = {one.disruption_id: one.name or one.disruption_id
             for one in found.case.scenario.disruptions}  # fmt: skip
    return "; ".join(names[one] for one in split_list(row["disruption_ids"]))


def _closings(found: "Decisions") -> pd.DataFrame:
    """Return edges and crossings whose closing takes a way from somebody; crossings once."""
    table = found.chokepoints.table
    edges = found.case.network.edges
    of_crossing = set(edges.loc[edges["crossing_id"].notna(), "edge_id"])
    shown = table["thing"].isin(["edge", "crossing"]) & (table["lost_persons"].fillna(0) > 0)
    shown &= ~((table["thing"] == "edge") & table["id"].isin(of_crossing))
    return table[shown.to_numpy(dtype=bool)].sort_values(
        ["lost_persons", "through_persons", "id"], ascending=[False, False, True]
    )


def _first(rows: int, total: int) -> str:
    return "" if total <= rows else f" (first {rows} of {total:,})"


def _interval_table(found: "Decisions") -> Table:
    rows = [
        [
            text(f"{row['base'].capitalize()}: {_FIGURES[row['figure']]}"),
            number(row["best_persons"]), number(row["mean_persons"]),
            number(row["standard_error_persons"]), number(row["low_persons"]),
            number(row["high_persons"]),
        ]
        for row in records(found.intervals.headline())
        if row["best_persons"] or row["mean_persons"]
    ]  # fmt: skip
    return Table(
        caption="People, from draws of all that is uncertain",
        columns=["", "single run", "mean", "its standard error", "low", "high"],
        rows=rows,
    )


def _convergence_table(found: "Decisions") -> Table:
    rows = [
        [number(row[name]) for name in ("draws", "mean_persons", "standard_error_persons",
                                        "low_persons", "high_persons")]
        for row in records(found.intervals.convergence(base=found.base))
    ]  # fmt: skip
    return Table(
        caption=f"How it settles: {found.base} who cannot reach",
        columns=["draws", "mean", "its standard error", "low", "high"],
        rows=rows, plain=True,
    )  # fmt: skip


def _place_table(found: "Decisions") -> Table:
    places = pd.DataFrame(found.intervals.places().drop(columns="geometry"))
    asked = (places["base"] == found.base) & (places["stranded_mean_persons"] > 0)
    places = places[asked.to_numpy(dtype=bool)]
    word = {"movers": "stranded", "residents": "cut off"}[found.base]
    rows = [
        [
            text(row["name"]), share(row["stranded_probability"]),
            number(row["stranded_mean_persons"]), number(row["stranded_low_persons"]),
            number(row["stranded_high_persons"]),
        ]
        for row in records(places.head(MOST_ROWS))
    ]  # fmt: skip
    return Table(
        caption=f"Chance of being {word}, by place{_first(MOST_ROWS, len(places))}",
        columns=["place", "chance of a person there", f"{word}, mean", "low", "high"],
        rows=rows, empty="Nobody in any draw.",
    )  # fmt: skip


def _gap_table(found: "Decisions") -> Table:
    gaps = pd.DataFrame(found.gaps.drop(columns="geometry"))
    rows = [
        [
            Cell(text=f"{rank}. {row['label']}"), text(row["thing"]), text(row["assumed"]),
            text(row["otherwise"]), number(row["low_persons"]), number(row["high_persons"]),
            number(row["swing_persons"]),
        ]
        for rank, row in enumerate(records(gaps.head(MOST_ROWS)), start=1)
    ]  # fmt: skip
    return Table(
        caption="People who cannot reach, if one thing turned out otherwise"
        + _first(MOST_ROWS, len(gaps)),
        columns=["", "what it is", "taken for", "it may turn out", "from", "to", "swing"],
        rows=rows, empty="Nothing moves the headline.",
    )  # fmt: skip


def _chokepoint_table(found: "Decisions") -> Table:
    table = _closings(found)
    rows = [
        [
            text(row["label"]), text(row["thing"]), number(row["through_persons"]),
            number(row["every_way_persons"]), number(row["lost_persons"]),
            number(row["change_person_h"]),
        ]
        for row in records(table.head(MOST_ROWS))
    ]  # fmt: skip
    return Table(
        caption="What closing one way or crossing would do"
        + (", limits of risk and money aside" if found.chokepoints.budgets == "time" else "")
        + _first(MOST_ROWS, len(table)),
        columns=["", "what it is", "people who pass", "have no other way",
                 "could no longer reach", "change of person-hours"],
        rows=rows, empty="No single closure takes away anybody's way.",
    )  # fmt: skip


def _reopening_table(found: "Decisions") -> Table:
    rows = [
        [
            number(row["reopened"]),
            text(_names(found, row)),
            number(row["freed_persons"]), number(row["lost_persons"]),
            number(row["bound_persons"]), text("yes" if row["proven"] else "no"),
        ]
        for row in records(found.reopenings)
        if row["reopened"]
    ]  # fmt: skip
    return Table(
        caption="The best sets of reopenings",
        columns=["at most", "lift together", "people freed", "people who lose their way",
                 "bound", "proven best"],
        rows=rows, plain=True, empty="Lifting disruptions frees nobody.",
    )  # fmt: skip


def _pictures(found: "Decisions") -> dict[str, Picture]:
    row = _headline(found)
    pictures = {
        "chances": Picture(
            heading={"movers": "How likely people are stranded",
                     "residents": "How likely residents are cut off"}[found.base],
            source=picture_source(plot_chances(found.intervals, base=found.base)),
            alt="Map of the chance at each place. The table holds the same figures.",
        ),
        "convergence": Picture(
            heading="Every draw, and the mean of all draws so far",
            source=picture_source(plot_convergence(found.intervals, base=found.base)),
            alt=f"Draws of the people who cannot reach: mean {words.whole(row['mean_persons'])}, "
            f"from {words.whole(row['low_persons'])} to {words.whole(row['high_persons'])}. The "
            "table beside it holds the same figures.",
        ),
    }  # fmt: skip
    if len(found.gaps):
        pictures["gaps"] = Picture(
            heading="Where to assess next",
            source=picture_source(plot_gap_map(found.case, found.gaps, when=found.when)),
            alt="Map of what would move the headline most. The table holds the same figures.",
        )
    if len(found.chokepoints.table):
        pictures["chokepoints"] = Picture(
            heading="If one way or crossing closed",
            source=picture_source(plot_chokepoints(found.case, found.chokepoints)),
            alt="Map of what people would lose. The table holds the same figures.",
        )
    return pictures

"""The tables of the report: figures of the summaries, as words and numbers for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mobility_geo.outcomes import summaries
from mobility_geo.plot import words
from mobility_geo.schema import records, split_list

if TYPE_CHECKING:
    from mobility_geo.outcomes.results import Results

_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
MOST_CORRIDORS: Final = 20
"""Flows between zones shown in the report; the rest is in the tables of the run."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Cell:
    """One cell: its text, what stands small below it, and whether it is a number."""

    text: str
    below: str = ""
    number: bool = False


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Table:
    """A table of the report; the first cell of each row names the row."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] = ()
    empty: str = "Nothing to show."
    faint_rows: frozenset[int] = frozenset()
    plain: bool = False

    def is_number(self, column: int) -> bool:
        """Return whether a column holds numbers."""
        return any(row[column].number for row in self.rows)


def text(value: object) -> Cell:
    """Return a cell of words; a missing value is an en dash.

    Examples
    --------
    >>> text("Gao").text
    'Gao'
    """
    missing = value is None or bool(pd.isna(value))  # type: ignore[call-overload]
    return Cell(text=words.NOTHING if missing or value == "" else str(value))


def number(value: float) -> Cell:
    """Return a cell of a whole number.

    Examples
    --------
    >>> number(12345.4).text
    '12,345'
    """
    return Cell(text=words.whole(value), number=True)


def people(row: dict[str, Any], name: str = "persons") -> Cell:
    """Return a cell of people with low and high below it.

    Parameters
    ----------
    row
        Values by column, persons.
    name
        Column of the best figure; those of low and high end with ``_low`` and ``_high``.

    Returns
    -------
    Cell
        The interval is left out where there is none.

    Examples
    --------
    >>> people({"persons": 4500, "persons_low": 4000, "persons_high": 6000}).below
    '4,000 to 6,000'
    """
    low, value, high = row[f"{name}_low"], row[name], row[f"{name}_high"]
    below = "" if low == high else f"{words.whole(low)} to {words.whole(high)}"
    return Cell(text=words.whole(value), below=below, number=True)


def share(value: float) -> Cell:
    """Return a cell of a share, 0 to 1, as per cent.

    Examples
    --------
    >>> share(0.254).text
    '25 %'
    """
    return Cell(text=words.percent(value), number=True)


def hours(value: float) -> Cell:
    """Return a cell of hours.

    Examples
    --------
    >>> hours(36).text
    '36 h'
    """
    return Cell(text=words.hours(value), number=True)


CAUSES_OF: Final = {"cause": "causes_all"}
"""Columns that tell more than the topic: every kind of closure that would do."""


def stranded_table(results: "Results", topic: str) -> Table:
    """Return the stranded people on the move by reason, by cause, or by another column.

    Parameters
    ----------
    results
        Results of a scenario.
    topic
        ``"reason"``, ``"cause"``, ``"kind"`` or ``"profile"``.

    Returns
    -------
    Table
        Most people first, with a total.
    """
    column = CAUSES_OF.get(topic, topic)
    table = summaries.stranded_by(results.status, column)
    headings = {
        "reason": "Why they cannot reach (first reason that holds)",
        "cause": "Kind of closure whose lifting alone would free them",
        "kind": "Who they are",
        "profile": "How they travel",
    }
    first_columns = {"reason": "Reason", "cause": "Closure", "kind": "People", "profile": "Way"}
    labels = dict(
        zip(
            results.case.network.profiles["profile"],
            results.case.network.profiles["label"],
            strict=True,
        )
    )
    rows = []
    for row in records(table):
        named = labels.get(row[column], row[column]) if topic == "profile" else row[column]
        first = "not attributed" if pd.isna(named) else words.label(topic, named)
        rows.append([text(first), people(row), share(row["share"])])
    return Table(
        caption=headings[topic],
        columns=[first_columns[topic], "People", "Share"],
        rows=rows,
        total=_total(table, "Stranded in all"),
        empty="Nobody is stranded.",
    )


def reason_and_cause_table(results: "Results") -> Table:
    """Return the stranded people by reason and kind of closure together, as a cross table.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    Table
        Reasons down, kinds of closure across, best figures, with totals.
    """
    table = summaries.stranded_by(results.status, ["reason", "causes_all"])
    table = table.fillna({"reason": "not attributed", "causes_all": "not attributed"})
    causes = table.groupby("causes_all")["persons"].sum().sort_values(ascending=False)
    reasons = table.groupby("reason")["persons"].sum().sort_values(ascending=False)
    cells = table.set_index(["reason", "causes_all"])["persons"].to_dict()
    rows = [
        [
            text(words.label("reason", reason)),
            *[number(cells.get((reason, cause), 0)) for cause in causes.index],
            number(reasons[reason]),
        ]
        for reason in reasons.index
    ]
    return Table(
        caption="Reason and kind of closure together (best figures)",
        columns=["Reason", *[words.label("cause", cause) for cause in causes.index], "All"],
        rows=rows,
        total=[text("All"), *[number(value) for value in causes], number(causes.sum())],
        empty="Nobody is stranded.",
    )


def zone_table(results: "Results") -> Table:
    """Return people by status and zone, for zones where anybody is asked about.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    Table
        Zones with most people who cannot reach a destination first, with totals.
    """
    table = pd.DataFrame(summaries.status_by_zone(results).drop(columns="geometry"))
    table = table[(table["movers_persons_high"] + table["residents_persons_high"]) > 0]
    table = table.sort_values(
        ["cannot_reach_persons", "cut_off_persons", "name"], ascending=[False, False, True]
    )
    names = ["movers_persons", "can_reach_persons", "stranded_persons", "isolated_persons",
             "unknown_persons"]  # fmt: skip
    rows = [
        [
            Cell(text=str(row["name"]), below="" if pd.isna(row["pcode"]) else str(row["pcode"])),
            *[people(row, name) for name in names],
            share(row["cannot_reach_share"]),
            Cell(
                text=words.label("reason", row["main_reason"]),
                below="" if pd.isna(row["main_cause"]) else words.label("cause", row["main_cause"]),
            ),
            people(row, "residents_persons"),
            people(row, "cut_off_persons"),
        ]
        for row in records(table)
    ]
    sums = {str(name): value for name, value in table.sum(numeric_only=True).items()}
    cannot = sums["cannot_reach_persons"] / sums["movers_persons"] if sums["movers_persons"] else (
        float("nan")
    )  # fmt: skip
    total = [
        text("All zones"),
        *[people(sums, name) for name in names],
        share(cannot),
        text(None),
        people(sums, "residents_persons"),
        people(sums, "cut_off_persons"),
    ]
    return Table(
        caption="People by status and by the zone where they are",
        columns=["Zone", "On the move", "Can reach", "Stranded", "Isolated", "Unknown",
                 "Cannot reach", "Main reason and closure", "Residents", "Would be cut off"],
        rows=rows,
        total=total,
    )  # fmt: skip


def place_table(results: "Results") -> Table:
    """Return people on the move by status and place.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    Table
        Places with most people who cannot reach a destination first.
    """
    table = pd.DataFrame(summaries.status_by_place(results).drop(columns="geometry"))
    table = table[table["movers_persons_high"] > 0].sort_values(
        ["cannot_reach_persons", "movers_persons", "name"], ascending=[False, False, True]
    )
    names = ["movers_persons", "can_reach_persons", "stranded_persons", "isolated_persons",
             "unknown_persons"]  # fmt: skip
    rows = [
        [
            text(row["name"]),
            *[people(row, name) for name in names],
            share(row["cannot_reach_share"]),
            text(words.label("reason", row["main_reason"])),
        ]
        for row in records(table)
    ]
    return Table(
        caption="People on the move, by the place where they are",
        columns=["Place", "On the move", "Can reach", "Stranded", "Isolated", "Unknown",
                 "Cannot reach", "Main reason"],
        rows=rows,
    )  # fmt: skip


def held_table(results: "Results") -> Table:
    """Return stranded people by the place where they are held up.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    Table
        Most people first, with a total.
    """
    held = pd.DataFrame(summaries.held_at(results).drop(columns="geometry"))
    rows = [
        [
            text(row["held_name"]),
            people(row),
            text(words.label("held_kind", row["held_kind"])),
            Cell(
                text=words.label("reason", row["main_reason"]),
                below=words.label("cause", row["main_cause"]),
            ),
            text(", ".join(split_list(row["origins"]))),
        ]
        for row in records(held)
    ]
    total = _total(held, "Stranded in all")
    return Table(
        caption="Where stranded people are held up on their way",
        columns=["Held up at", "People", "Kind of place", "Main reason and closure",
                 "They are now at"],
        rows=rows,
        total=[*total[:2], text(None), text(None), text(None)] if total else (),
        empty="Nobody is held up.",
    )  # fmt: skip


def crossing_table(results: "Results") -> Table:
    """Return people per border crossing and direction, under both rules of choice.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    Table
        Most people first.
    """
    table = summaries.people_by_crossing(results)
    rules = [name.removesuffix("_persons") for name in table.columns if name.endswith("_persons")]
    if rules:
        table = table[table[[f"{rule}_persons" for rule in rules]].sum(axis=1) > 0]
    rows = [
        [
            Cell(
                text=str(row["name"]) if pd.notna(row["name"]) else str(row["crossing_id"]),
                below="official post" if row["official"] else "informal",
            ),
            text(words.label("country", row["into_country"])),
            text(words.label("state", row["state"])),
            *[
                cell
                for rule in rules
                for cell in (number(row[f"{rule}_persons"]), share(row[f"{rule}_share"]))
            ],
        ]
        for row in records(table)
    ]
    columns = [
        heading
        for rule in rules
        for heading in (f"People, {words.label('rule', rule)}", "of entries")
    ]
    return Table(
        caption="People per border crossing (share of all entries into that country)",
        columns=["Crossing", "Into", "On this date", *columns],
        rows=rows,
        empty="Nobody crosses a border.",
    )


def corridor_table(results: "Results") -> Table:
    """Return the largest flows between zones, by least time.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    Table
        At most `MOST_CORRIDORS` rows, most people first.
    """
    table = summaries.flows_between_zones(results).head(MOST_CORRIDORS)
    rows = [
        [
            text(row["origin_name"]),
            text(
                f"{row['destination_name']}, {words.label('country', row['destination_country'])}"
            ),
            number(row["flow_persons"]),
            hours(row["time_h"]),
        ]
        for row in records(table)
    ]
    return Table(
        caption="Largest flows between zones (least time)",
        columns=["From", "To", "People", "Time on the way"],
        rows=rows,
        empty="Nobody travels.",
    )


def station_table(results: "Results") -> Table:
    """Return who reaches each way station.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    Table
        Most people first.
    """
    table = pd.DataFrame(summaries.waystation_reach(results).drop(columns="geometry"))
    rows = [
        [
            Cell(text=str(row["name"]), below="hypothetical" if row["hypothetical"] else ""),
            text(words.label("station", row["kind"])),
            number(row["movers_in_reach_persons"]),
            number(row["places_in_reach"]),
            number(row["nearest_of_places"]),
            number(row["nearest_of_residents_persons"]),
            hours(row["fastest_h"]),
            hours(row["slowest_h"]),
            number(row["capacity_persons"]),
        ]
        for row in records(table)
    ]
    return Table(
        caption="Way stations, transit centres and camps, and who can get there",
        columns=["Station", "Kind", "People on the move in reach", "Places in reach",
                 "Nearest station of (places)", "Residents of these", "Fastest", "Slowest",
                 "Capacity"],
        rows=rows,
        empty="The case has no way stations.",
    )  # fmt: skip


def closure_table(results: "Results") -> Table:
    """Return the closures of the date, and whom lifting each one alone would free.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    Table
        Those that free most people first.
    """
    rows = []
    for row in records(summaries.closures_by_people_freed(results)):
        start, end = (
            "open" if pd.isna(day) else words.day(pd.Timestamp(day).date()).replace(" ", _NO_BREAK)
            for day in (row["start"], row["end"])
        )
        severity = "" if pd.isna(row["severity"]) else f"severity {row['severity']:g}; "
        chance = "" if row["probability"] == 1 else f"; probability {row['probability']:g}"
        rows.append(
            [
                Cell(text=str(row["name"]), below=words.label("disruption", row["kind"])),
                number(row["persons_freed"]),
                text(f"{severity}{row['effect']}{chance}"),
                Cell(text=f"from {start}", below=f"to {end}" if end != "open" else "no end known"),
                Cell(text=f"{row['edges_closed']} of {row['edges_touched']}", number=True),
                Cell(text=str(row["source"]), below=f"confidence: {row['confidence']}"),
            ]
        )
    return Table(
        caption="Closures and other disruptions on this date",
        columns=["Disruption", "People freed by lifting it alone", "Effect", "Period",
                 "Edges closed, of those touched", "Source"],
        rows=rows,
        empty="No disruption holds on this date.",
    )  # fmt: skip


def comparison_table(results: "Results") -> Table:
    """Return the model beside published figures, as it comes out.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    Table
        In the order of the case; figures that went into the model are faint.
    """
    crossings = results.case.network.crossings
    names = dict(zip(crossings["crossing_id"], crossings["name"], strict=True))
    rows = []
    inputs = set()
    for place, row in enumerate(records(results.comparison)):
        if row["used_as_input"]:
            inputs.add(place)
        verdict = "" if pd.isna(row["verdict"]) else str(row["verdict"])
        rows.append(
            [
                text(row["label"]),
                _figure(row, "published", names),
                _figure(row, "modelled", names),
                Cell(text=_error(row, "error"), number=True),
                Cell(
                    text=words.NOTHING
                    if pd.isna(row["modelled_logit"])
                    else _amount(row["modelled_logit"], row),
                    number=True,
                ),
                Cell(text=_error(row, "error_logit"), number=True),
                text(VERDICTS.get(verdict, verdict)),
                text(row["source"]),
            ]
        )
    return Table(
        caption="Model against published figures, errors as they come out",
        columns=[
            "Figure",
            "Published",
            "Modelled, least time",
            "Error",
            "Modelled, logit",
            "Error",
            "Finding",
            "Source",
        ],
        rows=rows,
        faint_rows=frozenset(inputs),
        empty="The case has no published figures to compare with.",
    )


VERDICTS: Final = {
    "input": "input: proves nothing", "error": "see error",
    "range": "two ranges, for the reader to judge",
}  # fmt: skip


def comparison_line(results: "Results") -> str:
    """Return in a sentence how many figures the model meets.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    str
        A sentence; inputs are not counted as agreement.
    """
    verdicts = results.comparison["verdict"].value_counts().to_dict()
    checked = {key: count for key, count in verdicts.items() if key != "input"}
    order = ("agrees", "partly", "differs", "range", "error", "not comparable")
    label = {"agrees": "agree", "partly": "agree in part", "differs": "differ",
             "range": "a published range beside ours", "error": "are numbers with the error shown",
             "not comparable": "not comparable"}  # fmt: skip
    parts = [f"{checked[key]} {label.get(key, key)}" for key in order if key in checked]
    inputs = verdicts.get("input", 0)
    went_in = "figure is an input" if inputs == 1 else "figures are inputs"
    return (
        f"Of {sum(checked.values())} published figures, {', '.join(parts)}. "
        f"{inputs} further {went_in} and left out of that count."
    )


def assumption_table(results: "Results") -> Table:
    """Return the assumptions of the case with their sources.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    Table
        In the order of the case.
    """
    rows = [[text(row["text"]), text(row["source"])] for row in records(results.case.assumptions)]
    return Table(
        caption="Assumptions of this case",
        columns=["Assumption", "Source"],
        rows=rows,
        empty="The scenario file states no assumptions.",
        plain=True,
    )


def parameter_table(results: "Results") -> Table:
    """Return the budgets and rules of the case.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    Table
        One row per parameter.
    """
    limits = results.case.limits
    profiles = records(results.case.network.profiles)
    used = set(results.case.groups["profile"])
    rows = [
        [text("Longest journey, where a group has no limit of its own"),
         text(words.hours(limits.time_limit_h) if limits.time_limit_h is not None else "no limit")],
        [text("Highest risk on the way that is accepted, where a group has no limit of its own"),
         text(f"{limits.risk_limit:g}" if limits.risk_limit is not None else "no limit")],
        [text("Reports on the state of a road older than this decide nothing"),
         text(f"{limits.unknown_after_days} days" if limits.unknown_after_days is not None
              else "any age is accepted")],
        [text("Choice of destination, logit rule beside least time"),
         text(f"odds fall by a factor e per {1 / results.case.logit_scale_per_h:g} h")],
        *[
            [text(f"Travel: {row['label']}"),
             text(f"{row['hours_per_day']:g} h on the move per day; "
                  f"{row['cost_xof_per_km']:g} XOF per km; by "
                  f"{', '.join(split_list(row['modes']))}")]
            for row in profiles if row["profile"] in used
        ],
    ]  # fmt: skip
    return Table(caption="Budgets and rules", columns=["What", "Value"], rows=rows, plain=True)


def source_table(results: "Results") -> Table:
    """Return where the layers of the network come from.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    Table
        The commonest sources of each layer; every row of every layer carries its own.
    """
    network = results.case.network
    rows = []
    for name, table in (
        ("Administrative units", network.zones), ("Roads, tracks, river legs", network.edges),
        ("Border crossings", network.crossings), ("Places", network.places),
        ("Rivers", network.waterways), ("Seasons", network.seasons),
        ("Ways of travelling", network.profiles), ("Speeds", network.speeds),
    ):  # fmt: skip
        counts = table["source"].value_counts()
        shown = [
            f"{source} ({words.whole(count)} rows)" if count > 1 else str(source)
            for source, count in counts[:4].items()
        ]
        more = len(counts) - len(shown)
        if more > 0:
            shown.append(f"and {more} others")
        rows.append([text(name), number(len(table)), text("; ".join(shown))])
    return Table(caption="Data", columns=["Layer", "Rows", "Sources"], rows=rows)


def _total(table: pd.DataFrame, name: str) -> list[Cell]:
    if not len(table):
        return []
    sums = {column: int(table[column].sum()) for column in summaries.PERSONS}
    return [text(name), people(sums), share(1.0)]


def _figure(row: dict[str, Any], side: str, names: dict[str, str]) -> Cell:
    """Return a published or modelled figure with its range; names instead of ids."""
    told = row[f"{side}_text"]
    value, low, high = row[side], row[f"{side}_low"], row[f"{side}_high"]
    spread = ""
    if pd.notna(low) and pd.notna(high) and not (low == high == value):
        spread = f"{_amount(low, row)} to {_amount(high, row)}"
    if pd.notna(told):
        listed = ", ".join(names.get(item, item) for item in split_list(told))
        if pd.notna(value) and row["unit"] == "share":
            spread = spread or _amount(value, row)
        elif pd.notna(value) and pd.notna(row["unit"]):
            spread = spread or f"{value:.0f} {row['unit']}"
        return Cell(text=listed, below=spread)
    if pd.notna(value):
        return Cell(text=_amount(value, row), below=spread, number=True)
    return Cell(text=spread or words.NOTHING, number=True)


def _amount(value: float, row: dict[str, Any]) -> str:
    if row["unit"] == "share" or (pd.isna(row["unit"]) and 0 < value < 1):
        return f"{100 * value:.0f} %"
    if row["unit"] == "persons" or float(value).is_integer():
        return words.whole(value)
    return f"{value:.3g}"


def _error(row: dict[str, Any], column: str) -> str:
    error = row[column]
    if pd.isna(error):
        return words.NOTHING
    if row["unit"] == "share":
        return f"{100 * error:+.0f} points"
    if row["unit"] == "persons" or float(error).is_integer():
        return f"{round(error):+,}"
    return f"{error:+.3g}"

"""`write_brief`: one A4 page per language that may be shared, and what may stand on it."""

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import geopandas as gpd
import pandas as pd
from matplotlib.figure import Figure

from mobility_geo.outcomes import summaries
from mobility_geo.outcomes.disclosure import PublicCount, Sum, suppress
from mobility_geo.plot import pages, words
from mobility_geo.plot.maps import plot_public_status, public_legend
from mobility_geo.report.pictures import picture_source
from mobility_geo.report.tables import CAUSES_OF
from mobility_geo.schema import records

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mobility_geo.outcomes.results import Results

LANGUAGES: Final[tuple[words.Language, ...]] = ("en", "fr")
MOST_ROWS: Final = {"zone": 8, "reason": 4, "cause": 3}
"""Rows per table, so that the page stays one page."""

FEW_ZONES: Final = 5
MAP_WIDTH_IN: Final = 4.6
MAP_HEIGHT_IN: Final = {True: 3.5, False: 2.65}
"""Height of the map where there are few zones, and where there are many, inches."""

_WORDS: Final[dict[str, Any]] = tomllib.loads(
    (resources.files("mobility_geo.report") / "brief_words.toml").read_text(encoding="utf-8")
)
_JOINED_LEVEL: Final = 2
_NOT_ATTRIBUTED: Final = "not_attributed"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class BriefRow:
    """A row of a table of the brief: words, interval and best estimate, as text."""

    label: str
    between: str
    best: str
    withheld: bool
    total: bool = False


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class BriefTable:
    """A table of the brief."""

    caption: str
    rows: Sequence[BriefRow]
    note: str = ""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Sheet:
    """One page in one language."""

    language: words.Language
    texts: dict[str, Any]
    title: str
    asked: str
    headline: str
    asks: bool
    best: str
    residents: str
    returning: str
    tables: dict[str, BriefTable]
    legend: Sequence[tuple[str, str]]
    made: str
    statements: Sequence[str]


def write_brief(
    results: "Results",
    path: str | os.PathLike[str],
    *,
    language: Literal["both", "en", "fr"] = "both",
) -> Path:
    """Write the brief of a run: one A4 page per language that may be shared.

    It holds counts by zone only, rounded to two figures with the interval first. Counts under 10
    are withheld, and so are counts from which one of them could be worked out. No place, no
    crossing, no point and no closure is named, and nothing says where people are held.

    Parameters
    ----------
    results
        Results of a scenario.
    path
        Where; the folder must exist.
    language
        One language, or both: English first, each on a page of its own.

    Returns
    -------
    pathlib.Path
        Where it is. One file with everything inside; the same results give the same bytes.

    Raises
    ------
    OutputError
        If it could not be written; nothing half-written is left.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import solve_case
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_brief(solve_case(load_toy()), f"{folder}/brief.html")
    ...     path.read_text(encoding="utf-8").count("<article")
    2
    """
    shown = public_figures(results)
    chosen = LANGUAGES if language == "both" else (language,)
    template = pages.templates("mobility_geo.report", "templates").get_template("brief.html.j2")
    roomy = len(zone_counts(shown)) <= FEW_ZONES
    text = template.render(
        policy=pages.security_policy([]),
        roomy=roomy,
        sheets=[_sheet(results, shown, one) for one in chosen],
        picture=picture_source(_draw(results, shown, MAP_HEIGHT_IN[roomy]), dpi=200),
    )
    return pages.write_page(path, text)


def public_figures(results: "Results") -> dict[str, PublicCount]:
    """Return every count of the brief as it may be shared, safe against subtraction.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    dict of PublicCount
        ``movers``; ``cannot_reach`` and the statuses; ``zone:<pcode>``, ``reason:<reason>`` and
        ``cause:<cause>`` of the stranded; ``residents`` and ``cut_off``.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import solve_case
    >>> public_figures(solve_case(load_toy()))["stranded"]
    PublicCount(low=1200, value=1400, high=1600)
    """
    status = results.status
    counts: dict[str, tuple[int, int, int]] = {"movers": summaries.people_total(status)}
    by_status = {row["status"]: _triple(row) for row in records(summaries.people_by_status(status))}
    counts["cannot_reach"] = _added(by_status["stranded"], by_status["isolated"])
    counts |= by_status
    sums: list[Sum] = [
        ("movers", ["can_reach", "cannot_reach", "unknown"]),
        ("cannot_reach", ["stranded", "isolated"]),
    ]
    regions = public_regions(results)
    parts = {
        f"zone:{row['pcode']}": _triple(row, "stranded_persons")
        for row in records(pd.DataFrame(regions.drop(columns="geometry")))
        if row["movers_persons_high"] > 0
    }
    counts |= parts
    sums.append(("stranded", list(parts)))
    for topic in ("reason", "cause"):
        column = CAUSES_OF.get(topic, topic)
        table = summaries.stranded_by(status, column).fillna({column: _NOT_ATTRIBUTED})
        parts = {f"{topic}:{row[column]}": _triple(row) for row in records(table)}
        counts |= parts
        sums.append(("stranded", list(parts)))
    counts["residents"] = summaries.people_total(status, base="residents")
    off = summaries.people_by_status(status, base="residents").set_index("status")
    counts["cut_off"] = _triple(records(off.loc[["cut_off"]])[0])
    return suppress(
        counts, [one for one in sums if one[1]], keep=("cannot_reach", "stranded", "movers")
    )


def public_regions(results: "Results") -> gpd.GeoDataFrame:
    """Return people by region: first-level administrative units, never anything smaller.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    geopandas.GeoDataFrame
        `pcode`, `name`, and the people of `summaries.status_by_zone`. Zones of the second level
        are joined by the code of the unit above them, and finer ones, or those whose unit above
        is not known, by country. People outside all zones are in a row with an empty code.
    """
    zones = summaries.status_by_zone(results)
    about = results.case.network.zones.set_index("pcode")
    level = zones["pcode"].map(about["adm_level"]).fillna(1)
    above = zones["pcode"].map(about["parent_pcode"])
    country = zones["pcode"].map(about["country"])
    code = zones["pcode"].fillna("").where(level <= 1, above.where(level <= _JOINED_LEVEL, country))
    zones["pcode"] = code.fillna(country).fillna("")
    zones["name"] = zones["name"].where(level <= 1, zones["pcode"])
    people = [name for name in zones.columns if "_persons" in str(name)]
    return zones[["pcode", "name", *people, "geometry"]].dissolve(
        "pcode", aggfunc={"name": "first", **dict.fromkeys(people, "sum")}, as_index=False
    )


def count_text(count: PublicCount, *, language: words.Language = "en") -> tuple[str, str]:
    """Return the interval and the best estimate of a count in words.

    Parameters
    ----------
    count
        As it may be shared.
    language
        English or French.

    Returns
    -------
    between, best
        ``"39,000 to 53,000"`` and ``"46,000"``; for a withheld count the words that say so, and
        nothing.

    Examples
    --------
    >>> count_text(PublicCount(39_000, 46_000, 53_000))
    ('39,000 to 53,000', '46,000')
    >>> count_text(PublicCount(None, 12, 30))
    ('up to 30', '12')
    """
    texts = _WORDS[language]
    if count.value is None or count.high is None:
        return str(texts["withheld"]), ""
    low, best, high = (
        "" if figure is None else words.whole(figure, language=language) for figure in count
    )
    between = texts["up_to"] if count.low is None else texts["between"]
    return str(between).format(low=low, high=high), best


def _triple(row: dict[str, Any], name: str = "persons") -> tuple[int, int, int]:
    return int(row[f"{name}_low"]), int(row[name]), int(row[f"{name}_high"])


def _added(a: tuple[int, int, int], b: tuple[int, int, int]) -> tuple[int, int, int]:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def zone_counts(shown: dict[str, PublicCount]) -> dict[str, PublicCount]:
    """Return what may be shared of the number stranded in each zone, by its code."""
    return {key.removeprefix("zone:"): shown[key] for key in shown if key.startswith("zone:")}


def _draw(results: "Results", shown: dict[str, PublicCount], height_in: float) -> "Axes":
    # the words of the legend stand beside the picture, in the language of the page
    ax = Figure(figsize=(MAP_WIDTH_IN, height_in), facecolor="white").add_axes((0.0, 0.0, 1.0, 1.0))
    return plot_public_status(
        results, zone_counts(shown), ax, regions=public_regions(results), legend=False
    )


def _sheet(results: "Results", shown: dict[str, PublicCount], language: words.Language) -> Sheet:
    texts = _WORDS[language]
    day = words.day(results.when, language=language)
    cannot = shown["cannot_reach"]
    headline, best = texts["nobody_asked"], ""
    asks = summaries.people_total(results.status)[2] > 0
    if asks:
        headline = _sentence("cannot", cannot, language) or texts["cannot_withheld"]
        if cannot.value is not None:
            best = texts["best"].format(value=words.whole(cannot.value, language=language))
    return Sheet(
        language=language,
        texts=texts,
        title=results.case.title or results.case.name,
        asked=texts["asked"].format(day=day),
        headline=headline,
        asks=asks,
        best=best,
        residents=_sentence("residents", shown["cut_off"], language),
        returning=texts["returning"].format(day=day)
        if bool((results.status["trip"] == "return").any())
        else "",
        tables=_tables(results, shown, language),
        legend=public_legend(language),
        made=texts["made"].format(
            toolkit=results.run_info.get("toolkit", "mobility-geo"),
            run=results.run_info.get("scenario_sha256", "")[:12],
            sources=words.source_note(results.case.network, language=language),
        ),
        statements=words.STATEMENTS[language],
    )


def _sentence(topic: str, count: PublicCount, language: words.Language) -> str:
    """Return the sentence about a count; nothing if it is withheld."""
    if count.value is None:
        return ""
    low, _, high = (
        "" if figure is None else words.whole(figure, language=language) for figure in count
    )
    form = _WORDS[language][f"{topic}_{'up_to' if count.low is None else 'between'}"]
    return str(form).format(low=low, high=high)


def _row(
    label: str, count: PublicCount, language: words.Language, *, total: bool = False
) -> BriefRow:
    between, best = count_text(count, language=language)
    return BriefRow(label=label, between=between, best=best, withheld=count.withheld, total=total)


def _tables(
    results: "Results", shown: dict[str, PublicCount], language: words.Language
) -> dict[str, BriefTable]:
    texts = _WORDS[language]
    statuses = [
        _row(words.label("status", key, language=language), shown[key], language)
        for key in ("can_reach", "stranded", "isolated", "unknown")
    ]
    made = {
        "status": BriefTable(
            caption=texts["table_status"],
            rows=[_row(texts["all"], shown["movers"], language, total=True), *statuses],
        )
    }
    for topic in ("reason", "cause"):
        keys = [key for key in shown if key.startswith(f"{topic}:")]
        rows = [
            _row(_topic_label(topic, key, language), shown[key], language)
            for key in sorted(keys, key=lambda one: (-(shown[one].value or 0), one))
        ]
        made[topic] = BriefTable(
            caption=texts[f"table_{topic}"],
            rows=rows[: MOST_ROWS[topic]],
            note=texts["others"] if len(rows) > MOST_ROWS[topic] else "",
        )
    regions = public_regions(results)
    zones = dict(zip(regions["pcode"], regions["name"], strict=True))
    counts = zone_counts(shown)
    order = sorted(counts, key=lambda code: (-(counts[code].value or 0), str(zones[code])))
    rows = [
        _row(str(zones[code] if code else texts["outside"]), counts[code], language)
        for code in order[: MOST_ROWS["zone"]]
    ]
    rows.append(_row(texts["stranded_in_all"], shown["stranded"], language, total=True))
    made["zone"] = BriefTable(
        caption=texts["table_zone"],
        rows=rows,
        note=texts["others"] if len(order) > MOST_ROWS["zone"] else "",
    )
    return made


def _topic_label(topic: str, key: str, language: words.Language) -> str:
    code = key.removeprefix(f"{topic}:")
    if code == _NOT_ATTRIBUTED:
        return str(_WORDS[language]["not_attributed"])
    return words.label(topic, code, language=language)

"""Words and numbers for people: labels of codes, dates and counts, in English and French."""

import datetime as dt
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Literal

import pandas as pd

if TYPE_CHECKING:
    from mobility_geo.network import Network

Language = Literal["en", "fr"]

_WORDS: Final[dict[str, Any]] = tomllib.loads(
    (resources.files("mobility_geo.plot") / "words.toml").read_text(encoding="utf-8")
)
STATEMENTS: Final[dict[Language, tuple[str, ...]]] = {
    "en": tuple(_WORDS["en"]["statements"]),
    "fr": tuple(_WORDS["fr"]["statements"]),
}
"""The three sentences that every map and page carries, by language."""

NOTHING: Final = "\N{EN DASH}"
"""Stands for a missing value."""

RETURN_SENTENCES: Final[dict[Language, str]] = {
    "en": _WORDS["en"]["return"]["sentence"],
    "fr": _WORDS["fr"]["return"]["sentence"],
}
"""What every map and page of return routes says, by language."""

_HALVES_BELOW_H: Final = 10
_SOURCES_SHOWN: Final = 2
_THOUSANDS: Final[dict[Language, str]] = {"en": ",", "fr": "\N{NARROW NO-BREAK SPACE}"}


def label(topic: str, code: object, *, language: Language = "en") -> str:
    """Return the words for a code.

    Parameters
    ----------
    topic
        What kind of code it is: status, reason, cause, kind, held_kind, disruption, regime,
        state, station, rule or country.
    code
        The code, as in the tables; missing is an en dash, of several with ``|`` between them
        any one holds.
    language
        English or French.

    Returns
    -------
    str
        The words; the code itself, with blanks for underscores, if there are none.

    Examples
    --------
    >>> label("status", "can_reach"), label("country", "BFA")
    ('Can reach a destination', 'Burkina Faso')
    """
    if code is None or bool(pd.isna(code)):  # type: ignore[call-overload]
        return NOTHING
    known: dict[str, str] = _WORDS[language].get(topic, {})
    words = [known.get(one, one.replace("_", " ")) for one in str(code).split("|")]
    return {"en": " or ", "fr": " ou "}[language].join([words[0], *map(str.lower, words[1:])])


def day(when: dt.date, *, language: Language = "en") -> str:
    """Write a date in words.

    Parameters
    ----------
    when
        The day.
    language
        English or French.

    Returns
    -------
    str
        Day, month and year.

    Examples
    --------
    >>> day(dt.date(2013, 1, 20)), day(dt.date(2012, 8, 1), language="fr")
    ('20 January 2013', '1er août 2012')
    """
    number = "1er" if language == "fr" and when.day == 1 else str(when.day)
    return f"{number} {_WORDS[language]['months'][when.month - 1]} {when.year}"


def whole(number: float, *, language: Language = "en") -> str:
    """Write a whole number with its thousands set apart.

    Parameters
    ----------
    number
        Any number; it is rounded to a whole one.
    language
        English (comma) or French (narrow space).

    Returns
    -------
    str
        The number; an en dash if it is missing.

    Examples
    --------
    >>> whole(1234567)
    '1,234,567'
    """
    if bool(pd.isna(number)):
        return NOTHING
    return f"{round(number):,}".replace(",", _THOUSANDS[language])


def interval(low: float, value: float, high: float) -> str:
    """Write a best figure with its interval.

    Parameters
    ----------
    low, value, high
        Persons.

    Returns
    -------
    str
        ``4,500 (4,000 to 6,000)``; the figure alone if there is no interval.

    Examples
    --------
    >>> interval(4000, 4500, 6000), interval(7, 7, 7)
    ('4,500 (4,000 to 6,000)', '7')
    """
    if low == high:
        return whole(value)
    return f"{whole(value)} ({whole(low)} to {whole(high)})"


def percent(share: float) -> str:
    """Write a share as per cent, without false precision.

    Parameters
    ----------
    share
        0 to 1.

    Returns
    -------
    str
        Whole per cent; ``<1 %`` and ``>99 %`` near the ends; an en dash if it is missing.

    Examples
    --------
    >>> percent(0.254), percent(0.001), percent(0.0)
    ('25 %', '<1 %', '0 %')
    """
    if bool(pd.isna(share)):
        return NOTHING
    one = 0.01
    if 0 < share < one / 2:
        text = "<1"
    elif 1 - one / 2 < share < 1:
        text = ">99"
    else:
        text = f"{100 * share:.0f}"
    return f"{text} %"


def hours(number: float) -> str:
    """Write a duration on the move in hours: a day of travel has fewer than 24 of them.

    Parameters
    ----------
    number
        Hours.

    Returns
    -------
    str
        ``9.5 h`` or ``123 h``; an en dash if it is missing.

    Examples
    --------
    >>> hours(9.5), hours(36), hours(123)
    ('9.5 h', '36 h', '123 h')
    """
    if bool(pd.isna(number)):
        return NOTHING
    if number < _HALVES_BELOW_H:
        return f"{number:.1f} h"
    return f"{number:,.0f} h"


def source_note(network: "Network", *, language: Language = "en") -> str:
    """Return where boundaries, roads and places come from, short enough to stand under a map.

    Parameters
    ----------
    network
        The network.
    language
        English or French; the sources themselves are told as the data tell them.

    Returns
    -------
    str
        One sentence; the two commonest sources of each layer, without the detail of each row.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> source_note(load_toy().network).split(":")[0]
    'Boundaries'
    """
    told = _WORDS[language]["source"]
    parts = []
    for name, table in (
        ("boundaries", network.zones), ("edges", network.edges), ("places", network.places),
    ):  # fmt: skip
        # rows give detail after a bracket, a semicolon or a colon; a map has no room for it
        texts = table["source"].str.removeprefix("position: ")
        heads = texts.str.split(r"; | \(|: |, ", n=1, regex=True).str[0].value_counts()
        shown = [told["own_work"] if head == "own work" else str(head) for head in heads.index]
        more = told["others"] if len(shown) > _SOURCES_SHOWN else ""
        parts.append(f"{told[name]}{', '.join(shown[:_SOURCES_SHOWN])}{more}")
    return "; ".join(parts) + "."

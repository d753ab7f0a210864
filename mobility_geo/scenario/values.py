"""What the keys of a TOML file take, as data: kind, range and unit, and one check of all values."""

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pyproj

from mobility_geo.scenario.disruptions import LARGEST_LAT, LARGEST_LON
from mobility_geo.scenario.problems import Problems, shown
from mobility_geo.schema import suggest

MOST_DAYS: Final = 36_525
"""No span of days in a file is longer than a hundred years."""

BOX_SIZE: Final = 4

WORKBOOKS: Final = (".xlsx", ".xlsm")
PLAIN_TABLES: Final = (".csv", ".tsv", ".txt")

ENDINGS: Final[Mapping[str, tuple[str, Callable[[str], bool]]]] = {
    "sheet": ("workbooks (.xlsx, .xlsm)", lambda ending: ending in WORKBOOKS),
    "layer": (
        "files of layers, such as .gpkg",
        lambda ending: ending not in {*WORKBOOKS, *PLAIN_TABLES},
    ),
    "encoding": (
        "text without a stated encoding (.csv, .tsv, .txt, .shp)",
        lambda ending: ending in {*PLAIN_TABLES, ".shp", ".dbf"},
    ),
}
"""Keys that say how to read a file, and the endings that they have an effect on."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Takes:
    """What a key takes: in words that follow "must be", and as a check.

    Parameters
    ----------
    words
        Such as ``a finite number above 0 m``.
    fits
        Says whether a value from a TOML file is that.
    known
        Words to choose from, if any: the nearest one is suggested.
    """

    words: str
    fits: Callable[[Any], bool]
    known: tuple[str, ...] = ()


def check_values(
    table: Mapping[str, object], takes: Mapping[str, Takes], where: str, problems: Problems
) -> None:
    """Note every value of a table that is not what its key takes.

    Parameters
    ----------
    table
        From a TOML file; keys that are not in `takes` are looked at elsewhere.
    takes
        What each key takes.
    where
        What to call the table in messages; empty at the top of a file.
    problems
        Gets one sentence per wrong value: the key, what was expected, what was given.

    Examples
    --------
    >>> problems = Problems()
    >>> check_values({"snap_m": -1}, {"snap_m": number(least=0, unit="m")}, "[roads]", problems)
    >>> problems.found
    ['[roads] snap_m: must be a finite number of at least 0 m, not -1']
    """
    for key, value in table.items():
        if key in takes and not takes[key].fits(value):
            name = f"{where} {key}".strip()
            near = suggest(value, takes[key].known) if isinstance(value, str) else ""
            problems.found.append(
                f"{name}: must be {takes[key].words}, not {shown(value)}"
                + (near if near.startswith("; did") else "")
            )


def check_endings(table: Mapping[str, object], file: Path, where: str, problems: Problems) -> None:
    """Note keys that have no effect on a file of such an ending, unless it is an archive.

    Parameters
    ----------
    table
        From a TOML file.
    file
        The file that its keys are about.
    where
        What to call the table in messages.
    problems
        Gets one sentence per key.

    Examples
    --------
    >>> problems = Problems()
    >>> check_endings({"sheet": "2013"}, Path("camps.csv"), "[places]", problems)
    >>> problems.found
    ["[places]: key 'sheet' does not go with 'camps.csv'; it is for workbooks (.xlsx, .xlsm)"]
    """
    ending = file.suffix.lower()
    problems.found += [
        f"{where}: key {key!r} does not go with {file.name!r}; it is for {words}"
        for key, (words, fits) in ENDINGS.items()
        if key in table and ending != ".zip" and not fits(ending)
    ]


# ------------------------------------------------------------------ checks
def _range_words(least: float, above: float, most: float, unit: str) -> str:
    of = f" {unit}" if unit else ""
    low = f" above {above:,.12g}" if above > -math.inf else ""
    if least > -math.inf:
        if most < math.inf:
            return f", {least:,.12g} to {most:,.12g}{of}"
        low = f" of at least {least:,.12g}"
    high = (" and" if low else " of") + f" at most {most:,.12g}" if most < math.inf else ""
    return f"{low}{high}{of}"


def _is_text(value: object) -> bool:
    # no name of a file, layer or column can hold a zero byte
    return isinstance(value, str) and bool(value.strip()) and "\0" not in value


def _is_number(value: object) -> bool:
    if type(value) not in {int, float}:
        return False
    try:
        return math.isfinite(value)  # type: ignore[arg-type]
    except OverflowError:
        return False


def _system(value: object) -> pyproj.CRS | None:
    # a plain number is a code of EPSG
    if type(value) not in {str, int}:
        return None
    try:
        return pyproj.CRS.from_user_input(value)
    except pyproj.exceptions.CRSError:
        return None


def _is_system(value: object) -> bool:
    crs = _system(value)
    return crs is not None and (crs.is_geographic or crs.is_projected)


def _is_metric_system(value: object) -> bool:
    crs = _system(value)
    return (
        crs is not None
        and crs.is_projected
        and all(axis.unit_conversion_factor == 1.0 for axis in crs.axis_info[:2])
    )


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_encoding(value: object) -> bool:
    if not _is_text(value):
        return False
    try:
        "a".encode(str(value))
    except (LookupError, ValueError):
        return False
    return True


def _are_ranges(value: object) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    for one in value.values():
        if not isinstance(one, list) or len(one) != 2 or not all(map(_is_number, one)):  # noqa: PLR2004
            return False
    ordered = sorted(value.values())
    return all(low < high for low, high in ordered) and all(
        one[1] <= other[0] for one, other in pairwise(ordered)
    )


def _is_box(value: object) -> bool:
    if not isinstance(value, list) or len(value) != BOX_SIZE or not all(map(_is_number, value)):
        return False
    west, south, east, north = map(float, value)
    wide, high = -LARGEST_LON <= west < east <= LARGEST_LON, south < north
    return wide and high and south >= -LARGEST_LAT and north <= LARGEST_LAT


# ------------------------------------------------------------------ one value
TEXT: Final = Takes(words='a text that is not empty, such as "a"', fits=_is_text)
ANY_TEXT: Final = Takes(words='a text, such as "a"', fits=lambda value: isinstance(value, str))
PATH: Final = Takes(words='the path of a file, such as "a.csv"', fits=_is_text)
FLAG: Final = Takes(words="true or false (no quotes)", fits=lambda value: isinstance(value, bool))
DAY: Final = Takes(
    words="a date such as 2013-01-20 (no quotes, no hour)",
    fits=lambda value: isinstance(value, dt.date) and not isinstance(value, dt.datetime),
)
CRS: Final = Takes(words='a coordinate reference system such as "EPSG:32630"', fits=_is_system)
METRIC_CRS: Final = Takes(
    words='a coordinate reference system in metres such as "EPSG:32630"', fits=_is_metric_system
)
ENCODING: Final = Takes(words='an encoding such as "utf-8" or "cp1252"', fits=_is_encoding)


def choice(*known: str) -> Takes:
    """Take one of some words."""
    listed = ", ".join(f'"{word}"' for word in known)
    return Takes(words=f"one of {listed}", fits=lambda value: value in known, known=known)


def code(pattern: str, words: str) -> Takes:
    """Take a text of a form, such as three capital letters."""
    form = re.compile(pattern)
    return Takes(
        words=words, fits=lambda value: isinstance(value, str) and bool(form.fullmatch(value))
    )


COUNTRY: Final = code(r"[A-Z]{3}", 'an ISO 3166-1 alpha-3 code such as "MLI"')


def number(
    *, least: float = -math.inf, above: float = -math.inf, most: float = math.inf, unit: str = ""
) -> Takes:
    """Take a finite number: at least `least`, more than `above`, at most `most`."""
    return Takes(
        words="a finite number" + _range_words(least, above, most, unit),
        fits=lambda value: _is_number(value) and value > above and least <= value <= most,
    )


def whole(*, least: int, most: int, unit: str = "") -> Takes:
    """Take a whole number from `least` to `most`."""
    return Takes(
        words="a whole number" + _range_words(least, -math.inf, most, unit),
        fits=lambda value: type(value) is int and least <= value <= most,
    )


# ------------------------------------------------------------------ several values
TEXTS: Final = Takes(
    words='a list of texts with one at least, such as ["a", "b"]',
    fits=lambda value: _are_texts(value) and bool(value),
)
ANY_TEXTS: Final = Takes(words='a list of texts, such as ["a", "b"]', fits=_are_texts)
NUMBERS: Final = Takes(
    words="a list of finite numbers with one at least, such as [1, 2]",
    fits=lambda value: isinstance(value, list) and bool(value) and all(map(_is_number, value)),
)
BOX: Final = Takes(
    words="a list of west, south, east and north in degrees (west < east, south < north), such as "
    "[-12.3, 10.1, 4.3, 25.0]",
    fits=_is_box,
)


def words_by_name(example: str) -> Takes:
    """Take a table of texts, such as the columns of a file by our names."""
    return Takes(
        words=f"a table of texts, such as {{ {example} }}",
        fits=lambda value: (
            isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
        ),
    )


def ranges(unit: str) -> Takes:
    """Take a table of ranges, from one number to below another, that do not overlap."""
    return Takes(
        words=f"a table of ranges in {unit}, each from the smaller to the larger number and none "
        "over another, such as { wet = [600, 1200] }",
        fits=_are_ranges,
    )

"""Turn cells of text into numbers and dates, and say what could not be."""

import re
import unicodedata
from typing import Final

import numpy as np
import pandas as pd

from mobility_geo.errors import InputError, labels
from mobility_geo.sources.reading import Finding

SUPPRESSED: Final = frozenset({"*", "**", "x", "xx", "suppressed", "redacted"})
"""Marks of a figure that was withheld because it is small: it is missing, never 0."""

_SPACES: Final = re.compile("[\\s\u00a0\u202f\u2009']+")
_THOUSANDS: Final = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})\b")
_WRITTEN: Final = re.compile(r"(\d{1,2})?(?:er|st|nd|rd|th)?\s*([^\W\d]+)\.?,?\s+(\d{4})")
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        ("january janvier", "february fevrier", "march mars", "april avril", "may mai",
         "june juin", "july juillet", "august aout", "september septembre", "october octobre",
         "november novembre", "december decembre"), start=1
    )
    for name in names.split()
}  # fmt: skip


def bare_words(text: str) -> str:
    """Return a text as it is compared: small letters, no accents, one blank between words.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    str
        Letters and digits, one blank between words.

    Examples
    --------
    >>> bare_words("Fermée (saison des pluies), 4\N{MULTIPLICATION SIGN}4")
    'fermee saison des pluies 4x4'
    """
    plain = unicodedata.normalize("NFKD", text.replace("\N{MULTIPLICATION SIGN}", "x"))
    letters = "".join(one for one in plain if not unicodedata.combining(one)).casefold()
    return re.sub(r"[^a-z0-9]+", " ", letters).strip()


def column_numbers(
    cells: pd.Series, table: str, *, decimal_comma: bool = False
) -> tuple[pd.Series, list[Finding]]:
    """Return a column of text as numbers.

    Parameters
    ----------
    cells
        Text, missing ones None; its name is the name of the column of the file.
    table
        Name of the file, for findings.
    decimal_comma
        Whether ``1,234`` is 1.234, as in coordinates; else it is 1234, as in counts.

    Returns
    -------
    numbers
        float64, NaN where missing, withheld (``*``) or not a number.
    findings
        How many were withheld or no numbers.

    Examples
    --------
    >>> column_numbers(pd.Series(["1 234", "1,234", "*", None]), "x.csv")[0].tolist()
    [1234.0, 1234.0, nan, nan]
    """
    codes, texts = pd.factorize(cells.to_numpy(dtype=object))
    known = [str(text).strip() for text in texts]
    values = np.array([*(_number(text, decimal_comma=decimal_comma) for text in known), np.nan])
    marks = np.array([*(text.casefold() in SUPPRESSED for text in known), False])
    withheld = marks[codes]
    numbers = pd.Series(values[codes], index=cells.index, name=cells.name, dtype="float64")
    wrong = numbers.isna().to_numpy() & (codes >= 0) & ~withheld
    findings = []
    if withheld.any():
        findings.append(
            Finding(check="figure withheld", severity="warning", table=table,
                    id=f"{int(withheld.sum())} cells of {cells.name!r}",
                    value=float(withheld.sum()), unit="cells",
                    finding="small figures that the publisher does not show; taken as missing, "
                            "never as 0")
        )  # fmt: skip
    if wrong.any():
        seen = dict.fromkeys(str(text) for text in cells[wrong])
        findings.append(
            Finding(check="not a number", severity="warning", table=table,
                    id=f"{int(wrong.sum())} cells of {cells.name!r}, e.g. {labels(seen)}",
                    value=float(wrong.sum()), unit="cells", finding="taken as missing")
        )  # fmt: skip
    return numbers, findings


def _number(text: str, *, decimal_comma: bool) -> float:
    bare = _SPACES.sub("", text)
    if decimal_comma or not _THOUSANDS.fullmatch(bare):
        bare = bare.replace(",", ".") if bare.count(",") == 1 and "." not in bare else bare
    else:
        bare = bare.replace(",", "")
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", bare):
        return float("nan")
    return float(bare)


def column_dates(cells: pd.Series, table: str) -> tuple[pd.Series, list[Finding]]:
    """Return a column of text as days.

    Parameters
    ----------
    cells
        Text, missing ones None: ``2013-01-14``, ``14/01/2013``, ``14 janvier 2013``,
        ``January 2013`` (its first day); its name is the name of the column of the file.
    table
        Name of the file, for findings.

    Returns
    -------
    days
        datetime64[s], NaT where missing or not a date.
    findings
        How many are no dates, and how days and months were told apart where both were possible.

    Examples
    --------
    >>> column_dates(pd.Series(["14/01/2013", "1er mars 2013"]), "x.csv")[0].dt.month.tolist()
    [1, 3]
    """
    codes, texts = pd.factorize(cells.to_numpy(dtype=object))
    known = [str(text).strip() for text in texts]
    pairs = [(int(m[1]), int(m[2])) for text in known if (m := _DAY_FIRST.match(text))]
    month_first = any(b > 12 for _, b in pairs) and not any(a > 12 for a, _ in pairs)  # noqa: PLR2004
    written = [_iso(text, month_first=month_first) for text in known]
    days = pd.to_datetime(pd.Series([*written, None], dtype=object), errors="coerce",
                          format="ISO8601", utc=True)  # fmt: skip
    plain = days.dt.tz_localize(None).dt.normalize().astype("datetime64[s]")
    result = pd.Series(plain.to_numpy()[codes], index=cells.index, name=cells.name)
    findings = []
    wrong = result.isna().to_numpy() & (codes >= 0)
    if wrong.any():
        seen = dict.fromkeys(str(text) for text in cells[wrong])
        findings.append(
            Finding(check="not a date", severity="warning", table=table,
                    id=f"{int(wrong.sum())} cells of {cells.name!r}, e.g. {labels(seen)}",
                    value=float(wrong.sum()), unit="cells", finding="taken as missing")
        )  # fmt: skip
    if pairs and (month_first or all(a <= 12 and b <= 12 for a, b in pairs)):  # noqa: PLR2004
        order = "month before day" if month_first else "day before month"
        findings.append(
            Finding(check="order of dates", severity="note" if month_first else "warning",
                    table=table, id=f"column {cells.name!r}",
                    finding=f"read with the {order}" + ("" if month_first else
                            "; no date of the column tells which it is"))
        )  # fmt: skip
    return result, findings


def _iso(text: str, *, month_first: bool) -> str | None:
    """Return a date in ISO form, or None."""
    if found := _DAY_FIRST.match(text):
        one, two = (found[2], found[1]) if month_first else (found[1], found[2])
        return f"{found[3]}-{int(two):02d}-{int(one):02d}"
    if found := re.fullmatch(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})", text):
        return f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}"
    if re.fullmatch(r"(1[89]|20)\d\d", text):
        return f"{text}-01-01"
    if re.fullmatch(r"\d{4}-\d\d|\d{8}|\d{4}-\d\d-\d\d.*", text):
        return f"{text[:4]}-{text[4:6]}-{text[6:]}" if text.isdigit() else text
    if found := _WRITTEN.fullmatch(text):
        word = bare_words(found[2])
        numbers = {n for name, n in _MONTHS.items() if len(word) >= 3 and name.startswith(word)}  # noqa: PLR2004
        if len(numbers) == 1:
            return f"{found[3]}-{numbers.pop():02d}-{int(found[1] or 1):02d}"
    return None


def degrees(
    lon: pd.Series, lat: pd.Series, table: str
) -> tuple[pd.Series, pd.Series, list[Finding]]:
    """Return longitudes and latitudes that can be places, and say which cannot.

    Parameters
    ----------
    lon, lat
        Numbers, NaN where missing.
    table
        Name of the file, for findings and messages.

    Returns
    -------
    lon, lat
        Degrees; NaN in both where one is missing, out of range, or both are 0.
    findings
        How many cannot be places.

    Raises
    ------
    InputError
        If more than half are out of range: metres, or longitude and latitude swapped.

    Examples
    --------
    >>> lon, lat, _ = degrees(pd.Series([2.9, 0.0]), pd.Series([20.0, 0.0]), "x.csv")
    >>> lon.tolist(), lat.tolist()
    ([2.9, nan], [20.0, nan])
    """
    there = lon.notna() & lat.notna()
    wrong = there & ((lon.abs() > 180) | (lat.abs() > 90))  # noqa: PLR2004
    if 2 * int(wrong.sum()) > int(there.sum()):
        swapped = (lat[there].abs() <= 180).all() and (lon[there].abs() <= 90).all()  # noqa: PLR2004
        largest = max(lon[there].abs().max(), lat[there].abs().max())
        msg = f"{table}: {int(wrong.sum())} of {int(there.sum())} coordinates are no degrees: " + (
            "longitude and latitude are swapped; say which is which with the column map"
            if swapped else
            f"numbers up to {largest:,.0f} look like metres; read the table as a layer with its "
            "coordinate reference system, or convert it to longitude and latitude"
        )  # fmt: skip
        raise InputError(msg)
    nowhere = there & (lon == 0) & (lat == 0)
    half = lon.notna() != lat.notna()
    findings = [
        Finding(check=check, severity="warning", table=table,
                id=f"{int(rows.sum())} rows, e.g. {labels(rows.index[rows] + 1)}",
                value=float(rows.sum()), unit="rows", finding=f"{text}; taken as missing")
        for rows, check, text in (
            (wrong, "position out of range", "beyond 180 degrees of longitude or 90 of latitude"),
            (nowhere, "position 0, 0", "longitude and latitude are both 0"),
            (half, "half a position", "longitude or latitude is missing"),
        )
        if rows.any()
    ]  # fmt: skip
    good = there & ~wrong & ~nowhere
    return lon.where(good), lat.where(good), findings

"""Read tables of text: CSV in any encoding and with any delimiter, workbooks, HXL tags.

Whatever had to be guessed or corrected to read a table is a `Finding`.
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final
from xml.etree.ElementTree import ParseError

import numpy as np
import pandas as pd
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook

from mobility_geo.errors import InputError, labels
from mobility_geo.schema import suggest
from mobility_geo.sources.archives import file_bytes, workbook_members
from mobility_geo.sources.reading import Finding

TABLE_ENDINGS: Final = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
HEADER_ROWS: Final = 25
"""Header and HXL tags are looked for in so many rows; the HXL standard says 25."""

HEADER_SHARE: Final = 0.7
"""A row of a sheet is its header if it fills this share of the columns of the fullest row."""

MERGES_LIMIT_BYTES: Final = 64 * 2**20
"""Workbooks that unpack to more are streamed, without a look at merged cells."""

ENCODINGS: Final = MappingProxyType({"utf-8-sig": "UTF-8", "cp1252": "Windows-1252 (Latin-1)"})
DELIMITERS: Final = ",;\t|"
NOTHING: Final = frozenset(
    {"", "na", "n/a", "nan", "null", "none", "-", "--", "#n/a", "not available"}
)
HXL_TAG: Final = re.compile(r"#\s*[A-Za-z]\w*(\s*\+\s*\w+)*")

Grid = list[list[str]]
Merge = tuple[int, int, int, int]
"""First row, row after the last, first column, column after the last."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Rows:
    """A table of text as it stands in a file.

    `frame` has text cells, missing ones are None; `tags` has the column of each HXL tag that the
    file gives; `findings` says what had to be corrected to read it.
    """

    frame: pd.DataFrame
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    findings: tuple[Finding, ...] = ()


def read_rows(path: str | Path, *, sheet: str | None = None, encoding: str | None = None) -> Rows:
    r"""Read a table of text from CSV or XLSX, whatever its encoding, delimiter and header.

    Parameters
    ----------
    path
        ``.csv``, ``.txt``, ``.tsv`` or ``.xlsx``; a zip archive with one of them, or
        ``archive.zip/inside/name.csv``.
    sheet
        Sheet of a workbook; needed if several have rows.
    encoding
        Encoding of a CSV file. Left out: UTF-8, UTF-16 with its mark, and else Windows-1252, row by
        row where a file mixes the two.

    Returns
    -------
    Rows
        Text cells. Blank rows are left out, a row of HXL tags becomes `Rows.tags`, header rows of
        a sheet that are merged become one name, their parts joined by a blank. Words that mean
        missing, such as ``-``, are counted in the findings.

    Raises
    ------
    InputError
        If it is missing, no table, has no rows, several sheets, two columns of one name, or rows
        with more cells than the header has names.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/a.csv").write_text("place;people\n#loc+name;#affected\nGao;12\n")
    ...     rows = read_rows(f"{folder}/a.csv")
    >>> rows.frame.to_dict("records"), dict(rows.tags)
    ([{'place': 'Gao', 'people': '12'}], {'#loc+name': 'place', '#affected': 'people'})
    """
    raw, inner = file_bytes(path, TABLE_ENDINGS)
    name = Path(path).name
    _refuse_other_forms(raw, name, inner)
    if raw[:4] == b"PK\x03\x04":
        frame, top, findings = _sheet_cells(raw, name, sheet)
    else:
        frame, top, findings = _csv_cells(raw, name, encoding)
    return _rows(frame, top, findings, name)


def _refuse_other_forms(raw: bytes, name: str, inner: str) -> None:
    """Say what a file is that is no table.

    Raises
    ------
    InputError
        If it is an old or locked workbook, a web page, JSON or XML.
    """
    start = raw[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    what = ""
    if raw[:4] == b"\xd0\xcf\x11\xe0":
        what = (
            "a workbook of the old .xls form, or one locked with a password; save it as .xlsx or "
            ".csv, without password"
        )
    elif inner.lower().endswith((".xlsx", ".xlsm")) and raw[:4] != b"PK\x03\x04":
        what = "not a workbook, or damaged; open it in a spreadsheet program and save it again"
    elif inner.lower().endswith(".ods"):
        what = "an OpenDocument sheet; save it as .xlsx or .csv"
    elif start.startswith((b"<!doctype html", b"<html")):
        what = "a web page, not a table: the download went wrong, or needs a login"
    elif start.startswith((b"{", b"[{", b"<?xml")):
        what = "JSON or XML, not a table; a layer of features is read with read_features"
    if what:
        msg = f"{name}: is {what}" if not what.startswith("not") else f"{name}: {what}"
        raise InputError(msg)


def _note(check: str, name: str, where: str, finding: str, value: float = float("nan")) -> Finding:
    return Finding(check=check, severity="note", table=name, id=where, finding=finding,
                   value=value, unit="" if np.isnan(value) else "rows")  # fmt: skip


# ------------------------------------------------------------------ CSV
def _csv_cells(
    raw: bytes, name: str, encoding: str | None
) -> tuple[pd.DataFrame, Grid, list[Finding]]:
    """Return the cells of a CSV file below its header, and the rows down to the header.

    Raises
    ------
    InputError
        If it is in none of the encodings, or no table.
    """
    raw, encoding, findings = _known_encoding(raw, name, encoding)
    said = re.match(rb"\s*\"?sep=(.)\"?\r?\n", raw[:16])
    delimiter, skip = (said[1].decode("latin-1"), 1) if said else ("", 0)
    with io.TextIOWrapper(io.BytesIO(raw), encoding=encoding, newline="") as text:
        lines = [line for line in islice(text, skip, 4 * HEADER_ROWS) if line.strip()]
    delimiter = delimiter or _delimiter(lines)
    try:
        start = list(islice(_reader(lines, delimiter), HEADER_ROWS))
    except csv.Error as error:
        msg = f"{name}: not a table: {error}"
        raise InputError(msg) from error
    width = max((len(row) for row in start), default=0)
    filled = [sum(bool(cell.strip()) for cell in row) for row in start]
    header = next((i for i, count in enumerate(filled) if count > 1), 0)
    tagged = _hxl_row(start)
    if tagged is not None:
        header = max(tagged - 1, 0)
    if not any(filled):
        msg = f"{name}: is empty"
        raise InputError(msg)
    names = len(start[header])
    try:
        frame = _parsed(raw, encoding, delimiter, skip, width)
    except pd.errors.ParserError as error:
        if "EOF inside string" in str(error):
            row = str(error).split()[-1]
            msg = f"{name}: a quote is opened and never closed, from row {row} on"
            raise InputError(msg) from error
        width = _widest(raw, encoding, delimiter, names, name)
        frame = _parsed(raw, encoding, delimiter, skip, width)
    beyond = frame.iloc[header + 1 :, names:]
    if any(beyond[at].fillna("").str.strip().ne("").any() for at in beyond):
        _widest(raw, encoding, delimiter, names, name)
    if header:
        findings.append(_title_note(start, header, 0, name))
    return frame.iloc[header + 1 :, :names], [start[header]], findings


def _known_encoding(
    raw: bytes, name: str, encoding: str | None
) -> tuple[bytes, str, list[Finding]]:
    """Return the bytes, their encoding, and what had to be guessed.

    Raises
    ------
    InputError
        If they are in none of the encodings.
    """
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encoding = encoding or "utf-16"
    if encoding is not None:
        try:
            # stored as UTF-8 from here on, so that what follows knows one form only
            return raw.decode(encoding).lstrip("\ufeff").encode(), "utf-8", []
        except (UnicodeDecodeError, LookupError) as error:
            msg = f"{name}: not in the encoding {encoding!r}; say another one with encoding=..."
            raise InputError(msg) from error
    if b"\0" in raw:
        msg = f"{name}: not a table of text (it holds zero bytes)"
        raise InputError(msg)
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return _mixed_encoding(raw, name)
    return raw, "utf-8", []


def _mixed_encoding(raw: bytes, name: str) -> tuple[bytes, str, list[Finding]]:
    """Return rows of UTF-8 and of Windows-1252 as UTF-8.

    Raises
    ------
    InputError
        If a row is in neither.
    """
    lines = raw.splitlines(keepends=True)
    eight = other = 0
    for at, line in enumerate(lines):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            eight += 1
        except UnicodeDecodeError:
            try:
                lines[at] = line.decode("cp1252").encode()
            except UnicodeDecodeError as error:
                msg = (
                    f"{name}: line {at + 1} is not in the encoding UTF-8 or Windows-1252; say "
                    "which it is with encoding=..."
                )
                raise InputError(msg) from error
            other += 1
    read_as = ENCODINGS["cp1252"]
    finding = Finding(
        check="encoding", severity="warning", table=name, id=f"{other} lines", value=other,
        unit="lines",
        finding=(f"{other} lines are {read_as} in a file of UTF-8 ({eight} lines with accents); "
                 "each line read as what it is") if eight else
                f"not UTF-8; read as {read_as}; if names look wrong, say encoding=...",
    )  # fmt: skip
    return b"".join(lines), "utf-8", [finding]


def _reader(lines: Iterable[str], delimiter: str) -> Iterable[list[str]]:
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=False)


def _delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter by which most rows have the same number of cells, above one."""
    best, chosen = (0, 0), DELIMITERS[0]
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in islice(_reader(lines, delimiter), HEADER_ROWS)]
        except csv.Error:
            continue
        counts = Counter(width for width in widths if width > 1)
        score = max(((rows, width) for width, rows in counts.items()), default=(0, 0))
        if score > best:
            best, chosen = score, delimiter
    return chosen


def _parsed(raw: bytes, encoding: str, delimiter: str, skip: int, width: int) -> pd.DataFrame:
    """Return all cells as text, by the fast parser."""
    return pd.read_csv(
        io.BytesIO(raw), sep=delimiter, encoding=encoding, header=None, names=range(width),
        index_col=False, skiprows=skip, dtype=object, na_filter=False, skip_blank_lines=True,
        engine="c", low_memory=False,
    )  # fmt: skip


def _widest(raw: bytes, encoding: str, delimiter: str, names: int, name: str) -> int:
    """Return how many cells the longest row has, if those beyond the header are empty.

    Raises
    ------
    InputError
        If they are not.
    """
    widest, ragged = names, []
    with io.TextIOWrapper(io.BytesIO(raw), encoding=encoding, newline="") as text:
        reader = csv.reader(text, delimiter=delimiter)
        try:
            for row in reader:
                widest = max(widest, len(row))
                if any(cell.strip() for cell in row[names:]):
                    ragged.append(reader.line_num)
        except csv.Error as error:
            msg = f"{name}: not a table: {error}"
            raise InputError(msg) from error
    if ragged:
        count = "1 row has" if len(ragged) == 1 else f"{len(ragged)} rows have"
        msg = (
            f"{name}: {count} more cells than the header has names, e.g. line {labels(ragged)}: a "
            "delimiter in a text without quotes"
        )
        raise InputError(msg)
    return widest


# ------------------------------------------------------------------ workbooks
def _sheet_cells(
    raw: bytes, name: str, sheet: str | None
) -> tuple[pd.DataFrame, Grid, list[Finding]]:
    """Return the cells of a sheet below its header, and the rows of the header.

    Raises
    ------
    InputError
        If it is no workbook, or it is not clear which sheet is meant.
    """
    parts = workbook_members(raw, name)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        large = sum(info.file_size for info in archive.infolist()) > MERGES_LIMIT_BYTES
    if not any(part.startswith("xl/") for part in parts):
        msg = f"{name}: is an archive, not a workbook or a table; call it .zip"
        raise InputError(msg)
    try:
        book = load_workbook(io.BytesIO(raw), read_only=large, data_only=True)
        pages = {page.title: page for page in book.worksheets}
        page = pages[_chosen_sheet(book, name, sheet)]
        cells = [[_cell(value) for value in row] for row in page.iter_rows(values_only=True)]
    except InputError:
        raise
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError,
            AttributeError, IndexError, EOFError, ParseError) as error:  # fmt: skip
        msg = f"{name}: not a workbook, or damaged: {error}"
        raise InputError(msg) from error
    findings = [] if large else _uncalculated(raw, name, page.title, cells)
    if large:
        findings.append(_note("merged cells", name, "all rows",
                              "a large workbook: merged cells were not looked for"))  # fmt: skip
    merged = [] if large else [
        (one.min_row - 1, one.max_row, one.min_col - 1, one.max_col)
        for one in page.merged_cells.ranges
    ]  # fmt: skip
    return _below_header(cells, merged, name, findings)


def _chosen_sheet(book: Workbook, name: str, sheet: str | None) -> str:
    """Return the sheet that is meant.

    Raises
    ------
    InputError
        If there is none of that name, or several could be meant.
    """
    titles = [page.title for page in book.worksheets]
    if sheet is not None:
        if sheet not in titles:
            msg = f"{name}: no sheet {sheet!r}{suggest(sheet, titles)}"
            raise InputError(msg)
        return sheet
    shown = [page for page in book.worksheets if page.sheet_state == "visible"]
    filled = [
        page.title for page in shown
        if sum(any(v is not None for v in row)
               for row in page.iter_rows(values_only=True, max_row=HEADER_ROWS)) > 1
    ]  # fmt: skip
    if len(filled) > 1:
        msg = f"{name}: {len(filled)} sheets have rows; say which with sheet=...: {filled}"
        raise InputError(msg)
    if not filled:
        msg = f"{name}: no sheet has a header and rows (sheets: {labels(titles, 8)})"
        raise InputError(msg)
    return filled[0]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _uncalculated(raw: bytes, name: str, title: str, cells: Grid) -> list[Finding]:
    """Say how many cells are formulas that no program has calculated."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        sheets = [part for part in archive.namelist() if part.startswith("xl/worksheets/")]
        if not any(re.search(rb"<f[ >]", archive.read(part)) for part in sheets):
            return []
    page = load_workbook(io.BytesIO(raw), read_only=True)[title]
    gone = [
        str(cell.coordinate)
        for row, texts in zip(page.iter_rows(), cells, strict=False)
        for cell, text in zip(row, texts, strict=False)
        if cell.data_type == "f" and not text
    ]
    if not gone:
        return []
    return [Finding(check="formula", severity="warning", table=name,
                    id=f"{len(gone)} cells, e.g. {labels(gone)}", value=len(gone), unit="cells",
                    finding="formulas without a stored result, read as missing; open and save the "
                            "file in a spreadsheet program")]  # fmt: skip


def _below_header(
    cells: Grid, merged: list[Merge], name: str, findings: list[Finding]
) -> tuple[pd.DataFrame, Grid, list[Finding]]:
    """Find the header among titles and merged rows; fill merged cells.

    Raises
    ------
    InputError
        If there is nothing.
    """
    grid = [list(row) for row in cells[:HEADER_ROWS]]
    for top, bottom, left, right in merged:
        for row in grid[top:bottom]:
            row[left:right] = [cells[top][left]] * len(row[left:right])
    groups = {top for top, _, left, right in merged if right - left > 1}
    header = _header_row(grid, groups, name)
    above = [i for i in range(header) if i in groups and len(set(grid[i]) - {""}) > 1]
    if header:
        findings.append(_title_note(grid, header, len(above), name))
    inside = [one for one in merged if one[0] > header and one[1] - one[0] > 1]
    body = _filled([list(row) for row in cells], inside, name, findings)[header + 1 :]
    return pd.DataFrame(body, dtype=object), [grid[i] for i in (*above, header)], findings


def _header_row(grid: Grid, groups: set[int], name: str) -> int:
    """Return which row is the last of the header.

    Raises
    ------
    InputError
        If all rows are blank.
    """
    tagged = _hxl_row(grid)
    if tagged is not None:
        return max(tagged - 1, 0)
    # a title that is merged over all columns is one cell
    filled = [sum(map(bool, row)) if len(set(row) - {""}) > 1 else int(any(row)) for row in grid]
    most = max(filled, default=0)
    if not most:
        msg = f"{name}: is empty"
        raise InputError(msg)
    header = next((i for i, n in enumerate(filled) if n >= max(2, HEADER_SHARE * most)), 0)
    while header in groups and header + 1 < len(filled):
        header += 1
    return header


def _filled(grid: Grid, merged: list[Merge], name: str, findings: list[Finding]) -> Grid:
    """Put text of cells that are merged over rows into each of them; never a number."""
    numbers = [one for one in merged if _is_number(grid[one[0]][one[2]])]
    texts = [one for one in merged if one not in numbers and grid[one[0]][one[2]]]
    for top, bottom, left, _ in texts:
        for row in grid[top:bottom]:
            row[left] = grid[top][left]
    if texts:
        findings.append(_note("merged cells", name, f"{len(texts)} cells",
                              "text of cells merged over rows stands in each of them"))  # fmt: skip
    if numbers:
        findings.append(
            Finding(check="merged cells", severity="warning", table=name,
                    id=f"{len(numbers)} cells",
                    value=len(numbers), unit="cells",
                    finding="numbers in cells merged over rows stand in the first row only, so "
                            "that no sum counts them twice")
        )  # fmt: skip
    return grid


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?[\d., \u00a0\u202f]*\d[\d., ]*%?", text) is not None


def _title_note(grid: Grid, header: int, joined: int, name: str) -> Finding:
    left = header - joined
    said = " ".join(dict.fromkeys(cell.strip() for row in grid[:header] for cell in row if cell))
    return _note(
        "header", name, f"row {header + 1}",
        f"the header is row {header + 1}; {left} rows above left out, {joined} merged rows joined "
        f"to it: {said[:80]!r}", header,
    )  # fmt: skip


def _hxl_row(grid: Grid) -> int | None:
    """Return which of the first rows is the one of HXL tags."""
    for at, row in enumerate(grid[:HEADER_ROWS]):
        there = [cell.strip() for cell in row if cell.strip()]
        if there and all(HXL_TAG.fullmatch(cell) for cell in there):
            return at
    return None


# ------------------------------------------------------------------ one table
def _rows(body: pd.DataFrame, top: Grid, findings: list[Finding], name: str) -> Rows:
    """Return cells under a header as a table of text.

    Raises
    ------
    InputError
        If there is no row, or two columns have one name.
    """
    clean, names, counts = _named(body, top, findings, name)
    clean = clean.dropna(how="all").reset_index(drop=True)
    clean, tags = _without_tags(clean, findings, name)
    same = (clean == pd.Series(names, index=names, dtype=object)).to_numpy()
    blank = clean.isna().to_numpy()
    again = (same | blank).all(axis=1) & (same.sum(axis=1) > 1)
    if again.any():
        findings.append(_note("header", name, f"{int(again.sum())} rows",
                              "the header stands again among the rows; left out",
                              int(again.sum())))  # fmt: skip
        clean = clean.take(np.flatnonzero(~again)).reset_index(drop=True)
    if clean.empty:
        msg = f"{name}: has no rows below its header"
        raise InputError(msg)
    if counts:
        said = ", ".join(f"{word!r} ({count:,} times)" for word, count in counts.most_common(5))
        findings.append(_note("missing", name, f"{counts.total():,} cells",
                              f"read as missing: {said}"))  # fmt: skip
    return Rows(frame=clean, tags=MappingProxyType(tags), findings=tuple(findings))


def _named(
    body: pd.DataFrame, top: Grid, findings: list[Finding], name: str
) -> tuple[pd.DataFrame, list[str], Counter[str]]:
    """Return the cells under their names, and the words that were read as missing.

    Raises
    ------
    InputError
        If two columns have one name.
    """
    width = max(*(len(row) for row in top), body.shape[1])
    parts = [[row[i].strip() if i < len(row) else "" for row in top] for i in range(width)]
    names = [" ".join(dict.fromkeys(filter(None, part))) for part in parts]
    clean, counts = _clean(body.reindex(columns=range(width)))
    unnamed = [i for i, text in enumerate(names) if not text and clean[i].notna().any()]
    if unnamed:
        findings.append(
            Finding(check="no column name", severity="warning", table=name,
                    id=f"{len(unnamed)} columns", value=len(unnamed), unit="columns",
                    finding=f"columns without a name are called {f'column {unnamed[0] + 1}'!r} and "
                            "so on")
        )  # fmt: skip
    for i in unnamed:
        names[i] = f"column {i + 1}"
    used = [text for text in names if text]
    twice = sorted(text for text, count in Counter(used).items() if count > 1)
    if twice:
        msg = f"{name}: several columns are called {labels(twice)}; rename all but one"
        raise InputError(msg)
    return clean[[i for i, text in enumerate(names) if text]].set_axis(used, axis=1), used, counts


def _without_tags(
    clean: pd.DataFrame, findings: list[Finding], name: str
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Take the row of HXL tags out of a table, or the tags that are its header."""
    names = [str(column) for column in clean.columns]
    first = [] if clean.empty else clean.iloc[0].tolist()
    pairs = [(cell, column) for column, cell in zip(names, first, strict=False) if cell is not None]
    if pairs and all(HXL_TAG.fullmatch(cell) for cell, _ in pairs):
        clean = clean.iloc[1:].reset_index(drop=True)
    elif all(HXL_TAG.fullmatch(text) for text in names):
        pairs = [(text, text) for text in names]
    else:
        return clean, {}
    tags: dict[str, str] = {}
    for tag, column in pairs:
        tags.setdefault(re.sub(r"\s+", "", tag.lower()), column)
    findings.append(_tag_finding(name, [tag for tag, _ in pairs], tags))
    return clean, tags


def _tag_finding(name: str, said: list[str], tags: Mapping[str, str]) -> Finding:
    """Say how many tags there are, and whether one stands twice."""
    lost = len(said) - len(tags)
    return Finding(
        check="hxl", severity="warning" if lost else "note", table=name, id="row of tags",
        value=len(said), unit="tags",
        finding=f"{len(said)} HXL tags" + (
            f"; {lost} stand at several columns: only the first column of each goes by its tag"
            if lost else ""),
    )  # fmt: skip


def _clean(body: pd.DataFrame) -> tuple[pd.DataFrame, Counter[str]]:
    """Strip all cells, make those that mean nothing None, and count the words that did."""
    counts: Counter[str] = Counter()
    columns = {}
    for at in body.columns:
        # each different text is looked at once: a million rows have few
        codes, texts = pd.factorize(body[at].to_numpy(dtype=object))
        bare = [text.strip() for text in texts]
        often = np.bincount(codes[codes >= 0], minlength=len(texts))
        values = np.empty(len(texts) + 1, dtype=object)
        for i, text in enumerate(bare):
            if len(text) <= 13 and text.casefold() in NOTHING:  # noqa: PLR2004  # the longest word
                if text:
                    counts[text] += int(often[i])
            else:
                values[i] = text
        columns[at] = values[codes]  # -1, where a short row ends, is the last: None
    return pd.DataFrame(columns, index=body.index, dtype=object), counts


# ------------------------------------------------------------------ columns
def plain_name(name: str) -> str:
    """Return a name of a column as it is compared: no case, accents, blanks or underscores.

    Parameters
    ----------
    name
        Any text.

    Returns
    -------
    str
        Small letters, digits, ``#`` and ``+``.

    Examples
    --------
    >>> plain_name("Pcode_Région 1")
    'pcoderegion1'
    """
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9#+]", "", bare.casefold())


def match_columns(
    names: Iterable[str],
    aliases: Mapping[str, Sequence[str]],
    *,
    where: str,
    needed: Iterable[str] = (),
    given: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return which column of a file each of ours is from.

    Parameters
    ----------
    names
        Columns of the file.
    aliases
        Ours, each with the names it may have, the surest first; ``#adm1+code`` is an HXL tag:
        columns whose tag has at least these parts. Names are compared without case, accents,
        blanks and underscores.
    where
        Name of the file, for messages.
    needed
        Ours that must be found.
    given
        Column map of the user, ours to theirs: goes before everything else.
    tags
        HXL tags of the file and their columns, from `Rows.tags`.

    Returns
    -------
    dict
        Ours to theirs, only those that were found.

    Raises
    ------
    InputError
        If a needed one is missing, the map names a column that is not there, or two columns of
        the file fit equally well.

    Examples
    --------
    >>> match_columns(["ADM1_PCODE", "Nom"], {"pcode": ["adm1_pcode"]}, where="x")
    {'pcode': 'ADM1_PCODE'}
    """
    known = list(names)
    found, problems = _mapped(known, aliases, where, given or {})
    plain: dict[str, list[str]] = {}
    for name in known:
        plain.setdefault(plain_name(name), []).append(name)
    for ours, words in aliases.items():
        if ours in found:
            continue
        options = (
            _tagged(word, tags or {}) if word.startswith("#") else plain.get(plain_name(word), [])
            for word in words
        )
        hits = next((option for option in options if option), [])
        if len(hits) > 1:
            problems.append(
                f"{where}: {ours!r} could be any of {labels(hits, 6)}; say which with the "
                "column map"
            )
        if hits:
            found[ours] = hits[0]
    problems += [
        f"{where}: no column for {ours!r} (looked for {', '.join(map(repr, aliases[ours][:6]))})"
        f"{suggest(aliases[ours][0], known)}; name it with the column map"
        for ours in needed
        if ours not in found
    ]
    if problems:
        raise InputError(problems)
    return found


def _mapped(
    known: list[str], aliases: Mapping[str, Sequence[str]], where: str, given: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Return the columns that the user names, and what is wrong with them."""
    found: dict[str, str] = {}
    problems = []
    for ours, theirs in given.items():
        if ours not in aliases:
            problems.append(f"{where}: the column map has {ours!r}{suggest(ours, aliases)}")
        elif theirs not in known:
            problems.append(f"{where}: no column {theirs!r}{suggest(theirs, known)}")
        else:
            found[ours] = theirs
    return found, problems


def _tagged(word: str, tags: Mapping[str, str]) -> list[str]:
    """Return the columns whose HXL tag has all parts of a word, those with fewest others first."""
    base, *attributes = word.lower().split("+")
    fits = []
    for tag, column in tags.items():
        own, *others = tag.split("+")
        if own == base and set(attributes) <= set(others):
            fits.append((len(others) - len(attributes), column))
    least = min((extra for extra, _ in fits), default=0)
    return [column for extra, column in fits if extra == least]

"""Open what people send: archives, encodings, spreadsheets, HXL tags, layers without a system.

Everything here is plain about what it did: each correction is a `Finding`, nothing is dropped in
silence, and what cannot be read is one error that says what to do.
"""

import csv
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from pyogrio.errors import DataLayerError, DataSourceError

from mobility_geo.errors import CRSError, InputError, labels
from mobility_geo.schema import suggest
from mobility_geo.sources.reading import Finding

ARCHIVE_LIMIT_BYTES: Final = 4 * 2**30
ARCHIVE_RATIO: Final = 500.0
ARCHIVE_SMALL_BYTES: Final = 100 * 2**20
"""Archives that grow beyond the limit, or beyond 100 MiB at a ratio above 500, are refused."""

HEADER_ROWS: Final = 20
"""The header of a spreadsheet is looked for in so many rows."""

LARGEST_LON_DEG: Final = 180.0
LARGEST_LAT_DEG: Final = 90.0

ENCODINGS: Final = ("utf-8-sig", "cp1252")
NOTHING: Final = frozenset(
    {"", "na", "n/a", "nan", "null", "none", "-", "--", "#n/a", "not available"}
)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Rows:
    """A table of text as it stands in a file.

    `frame` has text cells, missing ones are None; `tags` has the column of each HXL tag that the
    file gives; `findings` says what had to be corrected to read it.
    """

    frame: pd.DataFrame
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    findings: tuple[Finding, ...] = ()


def existing_file(path: str | Path) -> Path:
    """Return the path of a file that is there.

    Raises
    ------
    InputError
        If there is none, or it is empty.
    """
    file = Path(path)
    if not file.is_file():
        msg = f"{path}: no such file" if not file.is_dir() else f"{path}: is a folder, not a file"
        raise InputError(msg)
    if file.stat().st_size == 0:
        msg = f"{path}: is empty (0 bytes)"
        raise InputError(msg)
    return file


def archive_members(path: str | Path) -> tuple[str, ...]:
    """Return the names of the files in a zip archive, after checking that it is safe to open.

    Parameters
    ----------
    path
        A ``.zip`` or ``.xlsx`` file.

    Returns
    -------
    tuple of str
        Without folders.

    Raises
    ------
    InputError
        If it is no archive, is damaged or encrypted, a name is absolute or has ``..`` in it, or
        it would grow beyond 4 GiB, or beyond 100 MiB at more than 500 times its size (a zip
        bomb).

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with zipfile.ZipFile(f"{folder}/a.zip", "w") as archive:
    ...         archive.writestr("roads.csv", "id")
    ...     archive_members(f"{folder}/a.zip")
    ('roads.csv',)
    """
    file = existing_file(path)
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        msg = f"{path}: not a zip archive, or damaged: {error}"
        raise InputError(msg) from error
    for info in infos:
        name = info.filename.replace("\\", "/")
        if (
            name.startswith("/")
            or re.match(r"^[A-Za-z]:", name)
            or ".." in PurePosixPath(name).parts
        ):
            msg = (
                f"{path}: the archive holds {info.filename!r}, a path outside of it; it was not "
                "opened: ask the sender for a clean one"
            )
            raise InputError(msg)
        if info.flag_bits & 0x1:
            msg = f"{path}: {info.filename!r} is encrypted; unpack it with its password first"
            raise InputError(msg)
    total, packed = sum(i.file_size for i in infos), max(file.stat().st_size, 1)
    if total > ARCHIVE_LIMIT_BYTES or (
        total > ARCHIVE_SMALL_BYTES and total / packed > ARCHIVE_RATIO
    ):
        msg = (
            f"{path}: would unpack from {packed:,} to {total:,} bytes, as a zip bomb does; it was "
            "not opened: unpack it yourself if you trust it"
        )
        raise InputError(msg)
    return tuple(info.filename for info in infos if not info.is_dir())


def gdal_path(path: str | Path, endings: Sequence[str]) -> str:
    """Return the path that GDAL opens: the file itself, or the one member of a zip archive.

    Parameters
    ----------
    path
        The file; ``archive.zip/inside/name.shp`` picks a member by name.
    endings
        Endings of members that are meant, such as ``(".shp", ".gpkg")``.

    Returns
    -------
    str
        For pyogrio and rasterio.

    Raises
    ------
    InputError
        If the file is missing, the archive is not safe, or has no such member or several.
    """
    text = str(path)
    at = re.search(r"\.zip(?=[/\\])", text, flags=re.IGNORECASE)
    if at and not Path(path).exists():
        outer, inner = text[: at.end()], text[at.end() + 1 :].replace("\\", "/")
        members = archive_members(outer)
        if inner not in members:
            msg = f"{outer}: no member {inner!r}{suggest(inner, members)}"
            raise InputError(msg)
        return f"/vsizip/{Path(outer).resolve()}/{inner}"
    file = existing_file(path)
    if file.suffix.lower() != ".zip":
        return str(file)
    members = archive_members(file)
    wanted = [name for name in members if name.lower().endswith(tuple(endings))
              and not PurePosixPath(name).name.startswith(".")]  # fmt: skip
    if len(wanted) != 1:
        what = f"{len(wanted)} files" if wanted else "no file"
        seen = wanted or list(members)
        msg = (
            f"{path}: has {what} ending in {', '.join(endings)}: {labels(seen, 8)}; name one as "
            f"{file.name}/NAME"
        )
        raise InputError(msg)
    return f"/vsizip/{file.resolve()}/{wanted[0]}"


VECTOR_ENDINGS: Final = (".gpkg", ".shp", ".geojson", ".json", ".fgb", ".kml", ".gml", ".parquet")


def read_features(
    path: str | Path,
    *,
    layer: str | None = None,
    crs: pyproj.CRS | str | int | None = None,
    encoding: str | None = None,
) -> tuple[gpd.GeoDataFrame, tuple[Finding, ...]]:
    """Read a layer of features in WGS 84, saying how it was reprojected.

    Parameters
    ----------
    path
        GeoPackage, Shapefile, GeoJSON or any file that GDAL reads; a zip archive of one of them.
    layer
        Which layer; needed if there are several with geometry.
    crs
        Coordinate reference system, where the file does not state it.
    encoding
        Encoding of the text of a Shapefile; found out if left out.

    Returns
    -------
    frame
        In EPSG:4326, columns as they come.
    findings
        Reprojection, encoding and features without geometry.

    Raises
    ------
    InputError
        If it is missing or cannot be read, has several layers, or its coordinates cannot be what
        the system says: degrees beyond 180 and 90 are metres, or swapped.
    CRSError
        If no coordinate reference system is stated.
    """
    source = gdal_path(path, VECTOR_ENDINGS)
    name = Path(path).name
    try:
        chosen = layer or _only_layer(source, name)
        frame, notes = _decoded(source, chosen, encoding, name)
    except (DataSourceError, DataLayerError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        msg = f"{path}: cannot be read: {error}"
        raise InputError(msg) from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        msg = f"{path}: layer {chosen!r} has no geometry"
        raise InputError(msg)
    return in_wgs84(frame, name, crs=crs, notes=notes)


def in_wgs84(
    frame: gpd.GeoDataFrame,
    name: str,
    *,
    crs: pyproj.CRS | str | int | None = None,
    notes: Iterable[Finding] = (),
) -> tuple[gpd.GeoDataFrame, tuple[Finding, ...]]:
    """Return a layer in WGS 84, and what was done to get there.

    Parameters
    ----------
    frame
        The layer, as it comes.
    name
        What to call it in messages.
    crs
        Coordinate reference system, where the layer does not state one.
    notes
        Findings to begin with.

    Returns
    -------
    frame
        In EPSG:4326; a copy.
    findings
        With the notes.

    Raises
    ------
    CRSError
        If no coordinate reference system is stated.
    InputError
        If coordinates cannot be degrees of longitude and latitude: see `check_degrees`.
    """
    findings = list(notes)
    if frame.crs is None:
        if crs is None:
            msg = (
                f"{name}: states no coordinate reference system; say it with crs=..., for example "
                "crs=4326 if coordinates are longitude and latitude"
            )
            raise CRSError(msg)
        frame = frame.set_crs(crs)
        findings.append(
            Finding(check="crs given", severity="note", table=name, id="all rows",
                    finding=f"the file states no system; {frame.crs.name!r} as you say")
        )  # fmt: skip
    there = ~(frame.geometry.isna() | frame.geometry.is_empty).to_numpy(dtype=bool)
    if frame.crs.is_geographic:
        check_degrees(frame.geometry[there].bounds.to_numpy(dtype=float), name)
    if pyproj.CRS(frame.crs) != pyproj.CRS(4326):
        findings.append(
            Finding(check="reprojected", severity="note", table=name, id="all rows",
                    finding=f"from {frame.crs.name!r} to WGS 84 longitude and latitude")
        )  # fmt: skip
        frame = frame.to_crs(4326)
        bounds = frame.geometry[there].bounds.to_numpy(dtype=float)
        if len(bounds) and not bool(np.isfinite(bounds).all()):
            msg = (
                f"{name}: coordinates lie outside the area of {findings[-1].finding}; degrees "
                "taken for metres, or another system than stated"
            )
            raise CRSError(msg)
    gone = int((~there).sum())
    if gone:
        findings.append(
            Finding(check="no geometry", severity="warning", table=name, id=f"{gone} rows",
                    value=gone, unit="rows", finding="features without geometry")
        )  # fmt: skip
    return frame, tuple(findings)


def check_degrees(bounds: "np.typing.NDArray[np.float64]", name: str) -> None:
    """Check that bounds can be degrees of longitude and latitude.

    Parameters
    ----------
    bounds
        West, south, east, north of each feature: float64, shape (n, 4).
    name
        What to call the layer in messages.

    Raises
    ------
    InputError
        If they are beyond 180 and 90 degrees: metres, or latitude and longitude swapped.
    """
    if not len(bounds):
        return
    if not bool(np.isfinite(bounds).all()):
        msg = f"{name}: {int((~np.isfinite(bounds)).any(axis=1).sum())} features have coordinates that are not finite"
        raise InputError(msg)
    lon, lat = np.abs(bounds[:, [0, 2]]).max(), np.abs(bounds[:, [1, 3]]).max()
    if lon <= LARGEST_LON_DEG and lat <= LARGEST_LAT_DEG:
        return
    if lon <= LARGEST_LAT_DEG and lat <= LARGEST_LON_DEG:
        msg = (
            f"{name}: latitudes up to {lat:g} degrees: longitude and latitude are swapped; swap "
            "the columns and read it again"
        )
        raise InputError(msg)
    msg = (
        f"{name}: coordinates up to {max(lon, lat):,.0f} cannot be degrees: they look like metres; "
        "state the projected system with crs=..."
    )
    raise InputError(msg)


def _only_layer(source: str, name: str) -> str:
    """Return the one layer with geometry, not counting style tables.

    Raises
    ------
    InputError
        If there are several, or none.
    """
    listed = [(str(n), kind) for n, kind in pyogrio.list_layers(source).tolist()]
    shaped = [n for n, kind in listed if kind is not None and n != "layer_styles"]
    if len(shaped) == 1:
        return shaped[0]
    if not shaped:
        msg = f"{name}: no layer has a geometry"
        raise InputError(msg)
    msg = f"{name}: has {len(shaped)} layers; say which with layer=...: {labels(shaped, 12)}"
    raise InputError(msg)


def _decoded(
    source: str, layer: str, encoding: str | None, name: str
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Read a layer; a Shapefile that states no encoding is tried as UTF-8, then as Latin-1."""
    if encoding is not None or not source.lower().endswith(".shp"):
        return pyogrio.read_dataframe(source, layer=layer, encoding=encoding), []
    try:
        return pyogrio.read_dataframe(source, layer=layer, encoding="UTF-8"), []
    except UnicodeDecodeError:
        frame = pyogrio.read_dataframe(source, layer=layer, encoding="CP1252")
        note = Finding(check="encoding", severity="note", table=name, id="all rows",
                       finding="not UTF-8; read as Windows-1252 (Latin-1)")  # fmt: skip
        return frame, [note]


def read_rows(path: str | Path, *, sheet: str | None = None, encoding: str | None = None) -> Rows:
    r"""Read a table of text from CSV or XLSX, whatever its encoding, delimiter and header.

    Parameters
    ----------
    path
        ``.csv``, ``.txt``, ``.tsv`` or ``.xlsx``; a zip archive with one of them.
    sheet
        Sheet of a workbook; needed if several have rows.
    encoding
        Encoding of a CSV file; UTF-8 and else Windows-1252 if left out.

    Returns
    -------
    Rows
        Text cells; a row of HXL tags becomes `Rows.tags`; blank rows are left out; header rows
        of a spreadsheet that are merged become one name, their parts joined by a blank.

    Raises
    ------
    InputError
        If it is missing, no table, has no rows, several sheets, or two columns of one name.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/a.csv").write_text("place;people\n#loc+name;#affected\nGao;12\n")
    ...     rows = read_rows(f"{folder}/a.csv")
    >>> rows.frame.to_dict("records"), dict(rows.tags)
    ([{'place': 'Gao', 'people': '12'}], {'#loc+name': 'place', '#affected': 'people'})
    """
    file = existing_file(path)
    name = file.name
    if file.suffix.lower() == ".zip":
        raw, inner = _member_bytes(file, (".csv", ".tsv", ".txt", ".xlsx"))
    else:
        raw, inner = file.read_bytes(), file.name
    if inner.lower().endswith((".xlsx", ".xlsm")):
        if inner == file.name:
            archive_members(file)
        grid, findings = _sheet_grid(raw, name, sheet)
    elif inner.lower().endswith(".xls"):
        msg = f"{path}: the old .xls form cannot be read; save it as .xlsx or .csv"
        raise InputError(msg)
    else:
        grid, findings = _csv_grid(raw, name, encoding)
    return _rows(grid, findings, name)


def _member_bytes(file: Path, endings: Sequence[str]) -> tuple[bytes, str]:
    """Return the one table of an archive.

    Raises
    ------
    InputError
        If there is none, or several.
    """
    wanted = [name for name in archive_members(file) if name.lower().endswith(tuple(endings))]
    if len(wanted) != 1:
        msg = f"{file}: has {len(wanted)} tables: {labels(wanted, 8)}; unpack the one that is meant"
        raise InputError(msg)
    with zipfile.ZipFile(file) as archive:
        return archive.read(wanted[0]), wanted[0]


def _csv_grid(raw: bytes, name: str, encoding: str | None) -> tuple[list[list[str]], list[Finding]]:
    """Return the cells of a CSV file.

    Raises
    ------
    InputError
        If it is in none of the encodings, or no table.
    """
    findings: list[Finding] = []
    text = None
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encoding = encoding or "utf-16"
    for tried in (encoding,) if encoding else ENCODINGS:
        try:
            text = raw.decode(tried)
        except (UnicodeDecodeError, LookupError):
            continue
        if tried not in {encoding, "utf-8-sig"}:
            findings.append(
                Finding(check="encoding", severity="note", table=name, id="all rows",
                        finding="not UTF-8; read as Windows-1252 (Latin-1)")
            )  # fmt: skip
        break
    if text is None:
        msg = f"{name}: not in the encoding {encoding or 'UTF-8 or Windows-1252'}; say encoding=..."
        raise InputError(msg)
    if "\0" in text:
        msg = f"{name}: not a table of text (it holds zero bytes)"
        raise InputError(msg)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t|", key=first.count)
    try:
        grid = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=False))
    except csv.Error as error:
        msg = f"{name}: not a table: {error}"
        raise InputError(msg) from error
    return grid, findings


def _sheet_grid(raw: bytes, name: str, sheet: str | None) -> tuple[list[list[str]], list[Finding]]:
    """Return the cells of a sheet; merged cells are filled, header rows above the table merged.

    Raises
    ------
    InputError
        If it is no workbook, or it is not clear which sheet is meant.
    """
    import io  # noqa: PLC0415

    try:
        book = load_workbook(io.BytesIO(raw), read_only=False, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        msg = f"{name}: not a workbook, or damaged: {error}"
        raise InputError(msg) from error
    filled = [one.title for one in book.worksheets if one.max_row > 1]
    if sheet is None:
        if len(filled) != 1:
            msg = f"{name}: {len(filled)} sheets have rows; say which with sheet=...: {filled}"
            raise InputError(msg)
        sheet = filled[0]
    if sheet not in book.sheetnames:
        msg = f"{name}: no sheet {sheet!r}{suggest(sheet, book.sheetnames)}"
        raise InputError(msg)
    page = book[sheet]
    cells = [[_cell(value) for value in row] for row in page.iter_rows(values_only=True)]
    tops = set()
    for merged in page.merged_cells.ranges:
        value = cells[merged.min_row - 1][merged.min_col - 1]
        for row in range(merged.min_row - 1, merged.max_row):
            for column in range(merged.min_col - 1, merged.max_col):
                cells[row][column] = value
        if merged.max_col > merged.min_col:
            tops.add(merged.min_row - 1)
    return _header_joined(cells, tops, name)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _header_joined(
    cells: list[list[str]], merged: set[int], name: str
) -> tuple[list[list[str]], list[Finding]]:
    """Find the header among titles and merged rows, and make one row of it."""
    findings: list[Finding] = []
    width = max((len(row) for row in cells), default=0)
    widths = [len({cell for cell in row if cell}) for row in cells[:HEADER_ROWS]]
    top = max(widths, default=0)
    # the header is the first row that fills most of the columns of the widest one
    header = next((i for i, count in enumerate(widths) if count >= max(2, 0.7 * top)), 0)
    above = [i for i in range(header) if i in merged and len(set(cells[i]) - {""}) > 1]
    if header:
        findings.append(
            Finding(check="header", severity="note", table=name, id=f"row {header + 1}",
                    value=header, unit="rows",
                    finding=f"the header is row {header + 1}; {header - len(above)} rows of title "
                            f"left out, {len(above)} merged header rows joined to it")
        )  # fmt: skip
    names = []
    for column in range(width):
        parts: list[str] = []
        for row in [*above, header]:
            part = cells[row][column] if column < len(cells[row]) else ""
            if part and part not in parts:
                parts.append(part)
        names.append(" ".join(parts))
    return [names, *cells[header + 1 :]], findings


def _rows(grid: list[list[str]], findings: list[Finding], name: str) -> Rows:
    """Return cells under one header as a table of text.

    Raises
    ------
    InputError
        If there is no header, no row, or two columns have one name.
    """
    grid = [row for row in grid if any(cell.strip() for cell in row)]
    if len(grid) < 2:  # noqa: PLR2004
        msg = f"{name}: has no rows below its header" if grid else f"{name}: is empty"
        raise InputError(msg)
    names = [cell.strip() for cell in grid[0]]
    body = grid[1:]
    ragged = [i for i, row in enumerate(body, start=2) if any(c.strip() for c in row[len(names) :])]
    if ragged:
        msg = (
            f"{name}: {len(ragged)} rows have more cells than the header has names, e.g. rows "
            f"{labels(ragged)}: a delimiter in a text without quotes"
        )
        raise InputError(msg)
    tags: dict[str, str] = {}
    first = [cell.strip() for cell in body[0]]
    if all(re.match(r"^#\s*[A-Za-z]", cell) for cell in first if cell):
        tags = {re.sub(r"\s+", "", tag.lower()): column
                for tag, column in zip(first, names, strict=False) if tag}  # fmt: skip
        body = body[1:]
        findings = [*findings, Finding(check="hxl", severity="note", table=name, id="row 2",
                                       finding=f"{len(tags)} HXL tags")]  # fmt: skip
    elif all(re.match(r"^#\s*[A-Za-z]", cell) for cell in names if cell):
        tags = {re.sub(r"\s+", "", tag.lower()): tag for tag in names if tag}
    used = [column for column in names if column]
    twice = sorted({column for column in used if used.count(column) > 1})
    if twice:
        msg = f"{name}: several columns are called {twice[0]!r}; rename all but one"
        raise InputError(msg)
    columns = {
        column: [_present(row[i]) if i < len(row) else None for row in body]
        for i, column in enumerate(names)
        if column
    }
    frame = pd.DataFrame(columns, dtype="object")
    return Rows(frame=frame, tags=MappingProxyType(tags), findings=tuple(findings))


def _present(cell: str) -> str | None:
    text = cell.strip()
    return None if text.casefold() in NOTHING else text


def plain_name(name: str) -> str:
    """Return a name of a column as it is compared: no case, accents, blanks or underscores.

    Examples
    --------
    >>> plain_name("Pcode_Région 1")
    'pcoderegion1'
    """
    import unicodedata  # noqa: PLC0415

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
        For each of our columns the names in use, the best first; those that begin with ``#`` are
        HXL tags, and match a tag that has these attributes and perhaps more. Compared without
        case, accents, blanks and underscores.
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
    plain: dict[str, list[str]] = {}
    for name in known:
        plain.setdefault(plain_name(name), []).append(name)
    found: dict[str, str] = {}
    problems: list[str] = []
    for ours, theirs in (given or {}).items():
        if ours not in aliases:
            problems.append(f"{where}: the column map has {ours!r}{suggest(ours, aliases)}")
        elif theirs not in known:
            problems.append(f"{where}: no column {theirs!r}{suggest(theirs, known)}")
        else:
            found[ours] = theirs
    for ours, words in aliases.items():
        if ours in found:
            continue
        for word in words:
            hits = (
                _tagged(word, tags or {})
                if word.startswith("#")
                else plain.get(plain_name(word), [])
            )
            if len(hits) > 1:
                problems.append(
                    f"{where}: {ours!r} could be any of {labels(hits, 6)}; say which with the "
                    "column map"
                )
            if hits:
                found[ours] = hits[0]
                break
    problems += [
        f"{where}: no column for {ours!r} (looked for {', '.join(map(repr, aliases[ours][:6]))})"
        f"{suggest(aliases[ours][0], known)}; name it with the column map"
        for ours in needed
        if ours not in found
    ]
    if problems:
        raise InputError(problems)
    return found


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

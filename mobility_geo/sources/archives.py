"""Open zip archives safely: what is inside, how large it grows, and the one member meant."""

import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from mobility_geo.errors import InputError, labels
from mobility_geo.schema import suggest

ARCHIVE_LIMIT_BYTES: Final = 4 * 2**30
ARCHIVE_RATIO: Final = 500.0
ARCHIVE_SMALL_BYTES: Final = 100 * 2**20
"""Archives that grow beyond the limit, or beyond 100 MiB at a ratio above 500, are refused."""

WORKBOOK_LIMIT_BYTES: Final = 2**30
"""A workbook is read cell by cell: one that grows beyond 1 GiB of XML is refused."""


def existing_file(path: str | Path) -> Path:
    """Return the path of a file that is there.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    pathlib.Path
        The same.

    Raises
    ------
    InputError
        If there is none, or it is empty.

    Examples
    --------
    >>> existing_file("nowhere.csv")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere.csv: no such file
    """
    file = Path(path)
    if not file.is_file():
        msg = f"{path}: is a folder, not a file" if file.is_dir() else f"{path}: no such file"
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
        it would grow beyond 4 GiB (a workbook: 1 GiB), or beyond 100 MiB at more than 500 times
        its size (a zip bomb).

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
    return _safe_members(file, file.stat().st_size, str(path))


def workbook_members(raw: bytes, name: str) -> tuple[str, ...]:
    """Return the names of the parts of a workbook, after the checks of `archive_members`.

    Parameters
    ----------
    raw
        The workbook.
    name
        What to call it in messages.

    Returns
    -------
    tuple of str
        Without folders.

    Raises
    ------
    InputError
        As `archive_members`.
    """
    return _safe_members(io.BytesIO(raw), len(raw), name)


def _safe_members(source: Path | io.BytesIO, packed: int, label: str) -> tuple[str, ...]:
    """List an archive that is safe.

    Raises
    ------
    InputError
        If it is not.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        msg = f"{label}: not a zip archive, or damaged: {error}"
        raise InputError(msg) from error
    for info in infos:
        # `orig_filename` is what other programs see: `filename` is cut at a zero byte
        names = {info.filename, info.orig_filename}
        if any(_leads_outside(name) for name in names):
            msg = (
                f"{label}: the archive holds {info.orig_filename!r}, a path outside of it; it was "
                "not opened: ask the sender for a clean one"
            )
            raise InputError(msg)
        if info.flag_bits & 0x1:
            msg = f"{label}: {info.filename!r} is encrypted; unpack it with its password first"
            raise InputError(msg)
    total = sum(info.file_size for info in infos)
    book = any(info.filename.startswith("xl/") for info in infos)
    limit = WORKBOOK_LIMIT_BYTES if book else ARCHIVE_LIMIT_BYTES
    if total > limit or (total > ARCHIVE_SMALL_BYTES and total > ARCHIVE_RATIO * packed):
        msg = (
            f"{label}: would unpack from {packed:,} to {total:,} bytes, as a zip bomb does; it was "
            "not opened: " + ("save the sheet as .csv" if book else "unpack it yourself")
            + " if you trust it"
        )  # fmt: skip
        raise InputError(msg)
    return tuple(info.filename for info in infos if not info.is_dir())


def _leads_outside(name: str) -> bool:
    plain = name.replace("\\", "/")
    return (
        plain.startswith("/")
        or re.match(r"^[A-Za-z]:", plain) is not None
        or ".." in PurePosixPath(plain).parts
    )


def _split_path(path: str | Path) -> tuple[Path, str | None]:
    """Split ``archive.zip/inside/x.shp`` into the archive and the member."""
    text = str(path)
    if not Path(path).exists():
        for at in re.finditer(r"\.zip(?=[/\\])", text, flags=re.IGNORECASE):
            if Path(text[: at.end()]).is_file():
                return Path(text[: at.end()]), text[at.end() + 1 :].replace("\\", "/")
    return Path(path), None


def _member(path: str | Path, endings: Sequence[str]) -> tuple[Path, str | None]:
    """Return the file, and of an archive the one member that is meant.

    Raises
    ------
    InputError
        If the file is missing, the archive not safe, or has no such member or several.
    """
    outer, inner = _split_path(path)
    file = existing_file(outer)
    if inner is None and file.suffix.lower() != ".zip":
        return file, None
    members = archive_members(file)
    if inner is not None:
        if inner not in members:
            msg = f"{outer}: no member {inner!r}{suggest(inner, members)}"
            raise InputError(msg)
        return file, inner
    wanted = [name for name in members if name.lower().endswith(tuple(endings))
              and not PurePosixPath(name).name.startswith(".")
              and PurePosixPath(name).parts[0] != "__MACOSX"]  # fmt: skip
    if len(wanted) != 1:
        what = f"{len(wanted)} files" if wanted else "no file"
        msg = (
            f"{path}: has {what} ending in {', '.join(endings)}: {labels(wanted or members, 8)}; "
            + (f"name one as {file.name}/NAME" if wanted else "another file is needed")
        )
        raise InputError(msg)
    return file, wanted[0]


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

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with zipfile.ZipFile(f"{folder}/a.zip", "w") as archive:
    ...         archive.writestr("roads.geojson", "{}")
    ...     gdal_path(f"{folder}/a.zip", [".geojson"]).endswith("a.zip}/roads.geojson")
    True
    """
    file, inner = _member(path, endings)
    # braces: the name of the archive may end in anything and hold anything
    return str(file) if inner is None else f"/vsizip/{{{file.resolve().as_posix()}}}/{inner}"


def file_bytes(path: str | Path, endings: Sequence[str]) -> tuple[bytes, str]:
    """Return the content of a file, or of the one member of a zip archive.

    Parameters
    ----------
    path
        The file; ``archive.zip/inside/name.csv`` picks a member by name.
    endings
        Endings of members that are meant, such as ``(".csv", ".xlsx")``.

    Returns
    -------
    content
        As it is stored.
    name
        Name of the file or of the member.

    Raises
    ------
    InputError
        If the file is missing, the archive is not safe or damaged, or has no such member or
        several.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/a.csv").write_text("id")
    ...     file_bytes(f"{folder}/a.csv", [".csv"])
    (b'id', 'a.csv')
    """
    file, inner = _member(path, endings)
    if inner is None:
        return file.read_bytes(), file.name
    try:
        with zipfile.ZipFile(file) as archive:
            raw = archive.read(inner)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        msg = f"{file}: {inner!r} is damaged: {error}"
        raise InputError(msg) from error
    if not raw:
        msg = f"{file}: {inner!r} is empty (0 bytes)"
        raise InputError(msg)
    return raw, PurePosixPath(inner).name

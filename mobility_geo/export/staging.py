"""Folders that appear as a whole: written aside, checked, then renamed into place."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mobility_geo.errors import MobilityGeoError, OutputError, labels
from mobility_geo.geopackage import failure_reason, sync

MANIFEST: Final = "manifest.json"
WRITTEN_BY: Final = "mobility_geo"

# what systems and QGIS leave beside files without anybody asking
_STRAY: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "results.qgz~"})
_OPEN: Final = ("-wal", "-journal")


@contextlib.contextmanager
def staged_folder(target: str | Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Give an empty folder to write to, and put it in place of the target at the end.

    An error, a full disk or Ctrl-C inside the ``with`` block leaves the target as it was, or
    absent if it was absent; the target is never a mixture of old and new files.

    Parameters
    ----------
    target
        The folder. An older one is replaced if it is this toolkit's own: it is empty, or has a
        manifest of ours and nothing that the manifest does not list. Folders above it are made.
    overwrite
        Whether an older one may be replaced at all.

    Yields
    ------
    pathlib.Path
        A folder beside the target, on the same disk.

    Raises
    ------
    OutputError
        If the target is a file, is not this toolkit's own, holds other people's files, is open
        for editing, may not be replaced, or if writing fails.

    Notes
    -----
    Folders cannot be exchanged in one step on every system. The older folder is first renamed to
    ``.NAME.previous``; if the power fails just then, the next call puts it back. Let no two runs
    write to the same folder at the same time.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with staged_folder(f"{folder}/out") as stage:
    ...         _ = (stage / "a.txt").write_text("done", encoding="utf-8")
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['out']
    """
    place = Path(target).absolute()
    previous = place.with_name(f".{place.name}.previous")
    _recover(place, previous)
    problem = _problem(place, overwrite=overwrite)
    if problem:
        msg = f"{target}: {problem}"
        raise OutputError(msg)
    made: list[Path] = []
    stage: Path | None = None
    try:
        made = _make_parents(place.parent)
        stage = Path(
            tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".partial", dir=place.parent)
        )
        # temporary folders are private; results may be read by whom the system lets
        stage.chmod(0o777 & ~_umask())
        yield stage
        for file in stage.rglob("*"):
            sync(file)
        sync(stage)
        _exchange(stage, place, previous)
    except BaseException as error:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        if isinstance(error, OutputError) and stage is not None:
            # the reader knows the target, not the folder beside it
            raise OutputError(str(error).replace(str(stage), str(target))) from error
        if isinstance(error, OSError) and not isinstance(error, MobilityGeoError):
            msg = f"{target}: could not be written, nothing was changed: {failure_reason(error)}"
            raise OutputError(msg) from error
        raise


def read_manifest(folder: str | Path) -> dict[str, Any] | None:
    """Return the manifest of a result folder, or None if it is not one of this toolkit.

    Parameters
    ----------
    folder
        The folder.

    Returns
    -------
    dict or None
        The content of ``manifest.json``.

    Examples
    --------
    >>> read_manifest("nowhere") is None
    True
    """
    try:
        content = json.loads((Path(folder) / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    ours = isinstance(content, dict) and content.get("written_by") == WRITTEN_BY
    return content if ours else None


def _problem(place: Path, *, overwrite: bool) -> str | None:
    """Say why a folder may not be replaced; None if it may."""
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        return "is a file or a link, not a folder; choose another place"
    try:
        if not place.exists() or not any(place.iterdir()):
            return None
        return _content_problem(place, overwrite=overwrite)
    except OSError as error:
        return f"cannot be read: {failure_reason(error)}"


def _content_problem(place: Path, *, overwrite: bool) -> str | None:
    inside = [path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()]
    manifest = read_manifest(place)
    if manifest is None:
        return (
            f"holds files that mobility_geo did not write, and no {MANIFEST} of its own; choose "
            "another folder, or empty this one"
        )
    if not overwrite:
        return "holds results already; allow overwriting, or choose another folder"
    if any(name.endswith(_OPEN) for name in inside):
        return "is being edited in another program, such as QGIS; save and close it there"
    known = {*manifest.get("files", {}), MANIFEST}
    others = sorted(name for name in inside if name not in known and Path(name).name not in _STRAY)
    if not others:
        return None
    return (
        f"holds files that are not results, {labels(others)}; move them elsewhere, or choose "
        "another folder"
    )


def _make_parents(folder: Path) -> list[Path]:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    made = []
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        made.append(one)
    return made


def _exchange(stage: Path, place: Path, previous: Path) -> None:
    """Rename the new folder into place; put the old one back if that fails."""
    try:
        if place.exists():
            place.rename(previous)
        stage.rename(place)
        sync(place.parent)
    except BaseException:
        _recover(place, previous)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def _recover(place: Path, previous: Path) -> None:
    """Put back the older folder if a run ended between the two renames; else remove it."""
    if not previous.exists():
        return
    if place.exists():
        shutil.rmtree(previous, ignore_errors=True)
    else:
        previous.rename(place)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

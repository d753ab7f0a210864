"""Matrices in the Open Matrix form (OMX), which is HDF5: needs the extra ``omx``."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
import pandas as pd

from mobility_geo.errors import InputError, labels
from mobility_geo.schema import OD_TABLE, check_table, suggest
from mobility_geo.sources.archives import existing_file
from mobility_geo.sources.reading import Finding, Reading, findings_table

LICENCE: Final = "not stated in the file; ask who published it before results go out"
VERSION: Final = b"0.2"


def _h5py() -> ModuleType:
    """Return h5py.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return import_module("h5py")
    except ImportError as error:
        msg = (
            "OMX files need h5py, which is not installed: pip install 'mobility-geo[omx]'; or "
            "export the matrix as CSV"
        )
        raise InputError(msg) from error


def read_omx(path: str | Path, *, core: str | None = None, lookup: str | None = None) -> Reading:
    """Read a matrix of an OMX file as a long table.

    Parameters
    ----------
    path
        The file.
    core
        Name of the matrix; needed if there are several.
    lookup
        Name of the lookup with the ids of zones; needed if there are several. Without any, zones
        are numbered from 1.

    Returns
    -------
    Reading
        Table ``od_table``, schema `mobility_geo.schema.OD_TABLE`; a pair of 0 has no row, one whose
        value is the file's NA, or NaN, is missing.

    Raises
    ------
    InputError
        If h5py is not installed, the file is no OMX file, it is not clear which matrix or lookup is
        meant, or people are negative.

    References
    ----------
    Open Matrix specification 0.2: https://github.com/osPlanning/omx/wiki/Specification

    Examples
    --------
    >>> import tempfile
    >>> one = pd.DataFrame([[0.0, 5.0]], index=["a"], columns=["a", "b"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_omx(f"{folder}/x.omx", {"trips": one.reindex(["a", "b"], fill_value=0.0)})
    ...     read_omx(file).table[["origin_id", "destination_id"]].to_numpy().tolist()
    [['a', 'b']]
    """
    h5py = _h5py()
    file = existing_file(path)
    try:
        opened = h5py.File(file, "r")
    except OSError as error:
        msg = f"{file.name}: is no OMX file (HDF5), or damaged: {error}"
        raise InputError(msg) from error
    with opened as book:
        cores = _names(book, "data", file.name)
        name = _one(cores, core, "matrix", "core", file.name)
        data = book["data"][name]
        values = np.asarray(data[()], dtype=float)
        missing = data.attrs.get("NA")
        lookups = [one for one in book["lookup"]] if "lookup" in book else []  # noqa: C416
        at = _one(lookups, lookup, "lookup", "lookup", file.name) if lookups else None
        ids = None if at is None else _texts(np.asarray(book["lookup"][at][()]).ravel())
    if values.ndim != 2:  # noqa: PLR2004
        msg = f"{file.name}: {name!r} has {values.ndim} dimensions, not 2"
        raise InputError(msg)
    if missing is not None:
        values = np.where(values == float(np.asarray(missing).ravel()[0]), np.nan, values)
    rows, columns = (_labels(ids, size, at, file.name) for size in values.shape)
    if (values < 0).any():
        i, j = np.argwhere(values < 0)[0]
        msg = (
            f"{file.name}: people are negative in {int((values < 0).sum())} pairs, e.g. "
            f"[{rows[i]!r} to {columns[j]!r}]; a flow is >= 0"
        )
        raise InputError(msg)
    kept = values != 0
    one, two = np.nonzero(kept)
    table = pd.DataFrame(
        {
            "origin_id": np.array(rows, dtype=object)[one],
            "destination_id": np.array(columns, dtype=object)[two],
            "flow_persons": values[one, two],
            "mode": None,
            "date": pd.NaT,
            "source": f"OMX: {file.name}, {name}",
        }
    )
    findings = [
        Finding(check="pairs of 0", severity="note", table=file.name, value=float((~kept).sum()),
                unit="pairs", id=f"{int((~kept).sum())} pairs", finding="are 0 and have no row")
    ]  # fmt: skip
    if np.isnan(values).any():
        findings.append(
            Finding(check="no figure", severity="warning", table=file.name, unit="pairs",
                    value=float(np.isnan(values).sum()), id=f"{int(np.isnan(values).sum())} pairs",
                    finding="have no number; kept as missing, never 0")
        )  # fmt: skip
    if ids is None:
        findings.append(
            Finding(check="no lookup", severity="note", table=file.name, id="all zones",
                    finding="the file has no lookup of ids; zones are numbered from 1")
        )  # fmt: skip
    return Reading(
        file=file.name, publisher="OMX", licence=LICENCE,
        tables={"od_table": check_table(table, OD_TABLE)}, rows_read=values.size,
        rows_kept=len(table), findings=findings_table(findings), columns={"flow_persons": name},
    )  # fmt: skip


def write_omx(
    path: str | Path, matrices: Mapping[str, pd.DataFrame], *, lookup: str = "zone_id"
) -> Path:
    """Write square matrices to an OMX file, with the ids of the zones as a lookup.

    Parameters
    ----------
    path
        The file; an older one is replaced.
    matrices
        By name; all with the same zones down and across, in the same order.
    lookup
        Name of the lookup.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        If h5py is not installed, there is no matrix, or zones differ.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_omx(f"{folder}/x.omx", {"t": pd.DataFrame([[1.0]], ["a"], ["a"])}).name
    'x.omx'
    """
    h5py = _h5py()
    file = Path(path)
    zones = next((list(map(str, one.index)) for one in matrices.values()), [])
    wrong = [
        name for name, one in matrices.items()
        if list(map(str, one.index)) != zones or list(map(str, one.columns)) != zones
    ]  # fmt: skip
    if not zones or wrong:
        msg = (
            f"{file.name}: matrices of an OMX file need the same zones down and across, in one "
            f"order: {labels(wrong)}; reindex them first"
        )
        raise InputError(msg)
    with h5py.File(file, "w") as book:
        book.attrs["OMX_VERSION"] = VERSION
        book.attrs["SHAPE"] = np.array([len(zones), len(zones)], dtype=np.int32)
        data, names = book.create_group("data"), book.create_group("lookup")
        for name, one in matrices.items():
            data.create_dataset(
                name, data=one.to_numpy(dtype=float), compression="gzip", chunks=True
            )
        names.create_dataset(lookup, data=np.array([text.encode() for text in zones]))
    return file


def _names(book: Any, group: str, name: str) -> list[str]:  # noqa: ANN401  # of h5py
    """Return the names in a group.

    Raises
    ------
    InputError
        If there is none.
    """
    if group not in book or not len(book[group]):
        msg = f"{name}: is HDF5, but no OMX file: it has no matrix in {group!r}"
        raise InputError(msg)
    return list(book[group])


def _one(names: list[str], wanted: str | None, what: str, argument: str, file: str) -> str:
    """Return the name that is meant.

    Raises
    ------
    InputError
        If it is not there, or there are several.
    """
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted is None:
        msg = f"{file}: has {len(names)} of the kind {what}, say which with {argument}=...: " + (
            labels(names, 8)
        )
        raise InputError(msg)
    if wanted not in names:
        msg = f"{file}: no {what} {wanted!r}{suggest(wanted, names)}"
        raise InputError(msg)
    return wanted


def _texts(values: np.typing.NDArray[Any]) -> list[str]:
    return [one.decode() if isinstance(one, bytes) else str(one) for one in values.tolist()]


def _labels(ids: list[str] | None, size: int, lookup: str | None, name: str) -> list[str]:
    """Return the ids of one dimension.

    Raises
    ------
    InputError
        If the lookup has another length.
    """
    if ids is None:
        return [str(number) for number in range(1, size + 1)]
    if len(ids) != size:
        msg = f"{name}: the lookup {lookup!r} has {len(ids)} ids for {size} zones"
        raise InputError(msg)
    return ids

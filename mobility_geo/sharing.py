"""Large arrays that processes answering the same questions share: on disk once, mapped by all.

A process that has named a folder keeps there what many questions ask for. Without a folder, or
where it cannot be written, arrays stay in the memory of each process: answers are the same.
"""

import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

Array = npt.NDArray[Any]

LEAST_BYTES: Final = 2_000_000
"""Smaller arrays are not shared: a file for each would cost more than it saves."""

LEAST_COPY_BYTES: Final = 8_000_000
"""Copies of smaller arrays are made in memory: a mapping keeps a file open."""

MOST_BYTES: Final = 4_000_000_000
"""So much is kept in the folder; what comes later stays in the memory of each process."""

RESERVE_BYTES: Final = 1_000_000_000
"""So much is left free on the disk, for those who write results there."""

LOG = logging.getLogger(__name__)
_FOLDER: list[Path] = []


def share_arrays(folder: Path | None) -> None:
    """Share large arrays with all processes that name the same folder, from now on.

    Parameters
    ----------
    folder
        Made if it is not there; whoever names it removes it. None: share no longer.

    Examples
    --------
    >>> share_arrays(None)
    """
    _FOLDER[:] = []
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        LOG.info("%s: arrays are not shared: %s", folder, error.strerror)
    else:
        _FOLDER[:] = [folder]


def shared(array: Array) -> Array:
    """Return an array as it was, in memory that other processes share.

    Parameters
    ----------
    array
        An array of numbers, truth values, days or text; read-only from now on.

    Returns
    -------
    numpy.ndarray
        The same values, read-only.

    Examples
    --------
    >>> shared(np.arange(3)).tolist()
    [0, 1, 2]
    """
    array.flags.writeable = False
    if not _FOLDER or array.nbytes < LEAST_BYTES:
        return array
    plain = np.ascontiguousarray(array)
    content = hashlib.blake2b(plain.dtype.str.encode(), digest_size=20)
    content.update(plain.view(np.uint8).data)
    found = shared_by_name(content.hexdigest(), lambda: plain).values.reshape(array.shape)
    found.flags.writeable = False
    return found


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Original:
    """An array that is copied again and again, in part to be changed.

    Attributes
    ----------
    values
        Nobody may change them.
    file
        Where they are, too, open; None: nowhere.
    """

    values: Array
    file: BinaryIO | None = None

    def copy(self) -> Array:
        """Return a copy to change; where there is a file, only what is changed takes memory.

        Returns
        -------
        numpy.ndarray
            The same values.

        Examples
        --------
        >>> Original(np.arange(3)).copy().tolist()
        [0, 1, 2]
        """
        if self.file is not None and self.values.nbytes >= LEAST_COPY_BYTES:
            with contextlib.suppress(OSError):
                return _mapped(self.file)
        return self.values.copy()


def shared_by_name(name: str, make: Callable[[], Array]) -> Original:
    """Return an array that the first process to ask for it makes.

    Parameters
    ----------
    name
        What it is, as the name of a file. What other processes make under the same name must
        serve as well as what this one would make.
    make
        Makes it, not empty.

    Returns
    -------
    Original
        What some process has made.

    Examples
    --------
    >>> shared_by_name("ones", lambda: np.ones(2)).values.tolist()
    [1.0, 1.0]
    """
    if not _FOLDER:
        return Original(make())
    file = _FOLDER[0] / f"{name}.npy"
    found = _opened(file)
    if found is None:
        array = make()
        try:
            _write(file, array)
        except OSError as error:
            LOG.info("%s: stays in memory: %s", file.name, error.strerror or error)
        found = _opened(file) or Original(array)
    return found


def _opened(file: Path) -> Original | None:
    """Return what is in a file, by its open handle: whatever takes its name later is another."""
    try:
        handle = file.open("rb")
    except OSError:
        return None
    try:
        found = Original(_mapped(handle), handle)
    except (OSError, ValueError, EOFError):  # damaged
        handle.close()
        return None
    weakref.finalize(found, handle.close)
    return found


def _mapped(handle: BinaryIO) -> Array:
    """Map the array of a file into memory."""
    handle.seek(0)
    npy.read_magic(handle)
    shape, _, dtype = npy.read_array_header_2_0(handle)
    # copy-on-write, as kernels are compiled for arrays that may be written to
    return np.asarray(np.memmap(handle, dtype, "c", handle.tell(), shape))


def _write(file: Path, array: Array) -> None:
    """Write a file whole or not at all, unless another process was first.

    Raises
    ------
    OSError
        If it cannot be written, or the disk or the folder holds too much already.
    """
    held = 0
    for one in os.scandir(file.parent):
        with contextlib.suppress(FileNotFoundError):
            held += one.stat().st_size if one.name.endswith(file.suffix) else 0
    free = shutil.disk_usage(file.parent).free
    if held + array.nbytes > MOST_BYTES or free < array.nbytes + RESERVE_BYTES:
        msg = "no room"
        raise OSError(msg)
    number, staged = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(number, "wb") as out:
            plain = np.ascontiguousarray(array)
            # `np.save` does not tell of a disk that is full in the last few bytes
            npy.write_array_header_2_0(out, npy.header_data_from_array_1_0(plain))
            out.write(plain.view(np.uint8).data)
        if not file.exists():
            Path(staged).replace(file)
    finally:
        with contextlib.suppress(OSError):
            Path(staged).unlink()

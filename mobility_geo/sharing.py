"""Large arrays that processes answering the same questions share: on disk once, mapped by all.

A process that has named a folder keeps there what many questions ask for. Without a folder, or
where it cannot be written, arrays stay in the memory of each process: answers are the same.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LEAST_BYTES: Final = 1_000_000
"""Smaller arrays are not shared: a file for each would cost more than it saves."""

MOST_BYTES: Final = 4_000_000_000
"""So much is kept in the folder; what comes later stays in the memory of each process."""

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
    _FOLDER[:] = [] if folder is None else [folder]


def shared(array: Array) -> Array:
    """Return an array as it was, in memory that other processes share.

    Parameters
    ----------
    array
        Any array; nobody may change it any more.

    Returns
    -------
    numpy.ndarray
        The same values, read-only.

    Examples
    --------
    >>> shared(np.arange(3)).tolist()
    [0, 1, 2]
    """
    if _FOLDER and array.nbytes >= LEAST_BYTES:
        plain = np.ascontiguousarray(array)
        content = hashlib.blake2b(plain.dtype.str.encode(), digest_size=20)
        content.update(plain.view(np.uint8).data)
        array = shared_by_name(content.hexdigest(), lambda: plain).values.reshape(array.shape)
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False, slots=True)
class Original:
    """An array that is copied again and again, in part to be changed.

    Attributes
    ----------
    values
        Nobody may change them.
    file
        Where they are, too; None: nowhere.
    """

    values: Array
    file: Path | None = None

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
        if self.file is not None:
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
    with contextlib.suppress(OSError):
        return Original(_mapped(file), file)
    array = make()
    try:
        _write_once(file, array)
        return Original(_mapped(file), file)
    except OSError:
        return Original(array)


def _mapped(file: Path) -> Array:
    # copy-on-write, as kernels are compiled for arrays that may be written to
    return np.asarray(np.load(file, mmap_mode="c", allow_pickle=False))


def _write_once(file: Path, array: Array) -> None:
    """Write a file whole or not at all, unless another process was first.

    Raises
    ------
    OSError
        If it cannot be written, or the folder holds too much already.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    held = sum(one.stat().st_size for one in os.scandir(file.parent))
    if held + array.nbytes > MOST_BYTES:
        msg = f"{file.parent}: full"
        raise OSError(msg)
    number, staged = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(number, "wb") as out:
            np.save(out, array, allow_pickle=False)
        with contextlib.suppress(FileExistsError):
            os.link(staged, file)
    finally:
        Path(staged).unlink()

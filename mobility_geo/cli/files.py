"""What commands are given by name: scenarios to read, files to write."""

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from mobility_geo.errors import OutputError

if TYPE_CHECKING:
    from mobility_geo.scenario import Case


def read_case(scenario: str) -> "Case":
    """Return the case of a built-in scenario, or of a scenario file.

    Parameters
    ----------
    scenario
        Name of a built-in scenario, or path of a scenario file (.toml).

    Returns
    -------
    Case
        The question.
    """
    from mobility_geo.datasets import load_case, load_mali

    is_file = scenario.endswith(".toml") or Path(scenario).is_file()
    return load_case(scenario) if is_file else load_mali(scenario)


def check_output_file(out: str) -> None:
    """Check that a file can be written, before minutes of work for it.

    Parameters
    ----------
    out
        Path of the file.

    Raises
    ------
    OutputError
        If its folder is not there or cannot be written to, or it is a folder itself.
    """
    path = Path(out).resolve()
    if path.is_dir():
        msg = f"{out}: is a folder; name a file in it, such as network.gpkg"
        raise OutputError(msg)
    if not path.parent.is_dir():
        msg = f"{out}: its folder does not exist; make it first"
        raise OutputError(msg)
    try:
        # rights alone do not tell: a disk may be mounted read-only
        with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".tmp"):
            pass
    except OSError as error:
        msg = f"{out}: its folder cannot be written to: {error.strerror}; take another one"
        raise OutputError(msg) from error

"""Where the built-in data are: in the wheel, or at the top of a checkout."""

from pathlib import Path


def data_folder() -> Path:
    """Return the folder of the built-in data: in the wheel, or at the top of a checkout.

    Returns
    -------
    pathlib.Path
        Holds ``boundaries``, ``network`` and ``crisis``.

    Examples
    --------
    >>> (data_folder() / "network" / "profiles.csv").is_file()
    True
    """
    package = Path(__file__).parents[1]
    inside = package / "_data"
    return inside if inside.is_dir() else package.parent / "data"

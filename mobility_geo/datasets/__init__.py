"""The built-in cases: data that comes with the toolkit, and a made-up country to practise on."""

from importlib import import_module
from typing import TYPE_CHECKING

from mobility_geo.datasets.mali import (
    copy_scenario,
    load_case,
    load_mali,
    load_sahel_network,
    scenario_files,
    scenario_summaries,
)
from mobility_geo.datasets.toy import load_toy, load_toy_network

if TYPE_CHECKING:
    from mobility_geo.datasets.practice import write_practice_files

__all__ = [
    "copy_scenario",
    "load_case",
    "load_mali",
    "load_sahel_network",
    "load_toy",
    "load_toy_network",
    "scenario_files",
    "scenario_summaries",
    "write_practice_files",
]


def __getattr__(name: str) -> object:
    """Load the writer of practice files, and the libraries it needs, when it is first asked for.

    Raises
    ------
    AttributeError
        If there is no such name.
    """
    if name == "write_practice_files":
        return import_module(f"{__name__}.practice").write_practice_files
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)

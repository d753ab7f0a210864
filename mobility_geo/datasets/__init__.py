"""The built-in cases: data that comes with the toolkit."""

from mobility_geo.datasets.mali import (
    copy_scenario,
    load_case,
    load_mali,
    load_sahel_network,
    scenario_files,
    scenario_summaries,
)
from mobility_geo.datasets.toy import load_toy, load_toy_network

__all__ = [
    "copy_scenario",
    "load_case",
    "load_mali",
    "load_sahel_network",
    "load_toy",
    "load_toy_network",
    "scenario_files",
    "scenario_summaries",
]

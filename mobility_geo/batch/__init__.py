"""Whole runs: from files to a network, and from a case to a folder of results."""

from mobility_geo.batch.build import BuiltNetwork, build_from_config
from mobility_geo.batch.run import run_case

__all__ = ["BuiltNetwork", "build_from_config", "run_case"]

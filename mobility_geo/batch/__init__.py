"""Whole runs: from a case to a folder of results."""

from mobility_geo.batch.run import run_case

__all__ = ["run_case"]

"""Whole runs: from files to a network, from a case to results, and routes for many requests."""

from mobility_geo.batch.build import BuiltNetwork, build_from_config
from mobility_geo.batch.requests import check_requests, read_requests
from mobility_geo.batch.routes import Routes, plan_routes, write_routes
from mobility_geo.batch.run import run_case

__all__ = [
    "BuiltNetwork",
    "Routes",
    "build_from_config",
    "check_requests",
    "plan_routes",
    "read_requests",
    "run_case",
    "write_routes",
]

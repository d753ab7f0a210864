"""Whole runs: from files to a network, from a case to a folder of results, and sweeps."""

from mobility_geo.batch.build import BuiltNetwork, build_from_config
from mobility_geo.batch.plan import (
    Answers,
    Draws,
    SingleClosures,
    SweepPlan,
    calendar_days,
    make_plan,
    plan_scenarios,
    read_plan,
)
from mobility_geo.batch.requests import check_requests, read_requests
from mobility_geo.batch.routes import Routes, plan_routes, write_routes
from mobility_geo.batch.run import run_case
from mobility_geo.batch.sweep import SweepRun, run_sweep
from mobility_geo.batch.sweep_results import Sweep, read_sweep

__all__ = [
    "Answers",
    "BuiltNetwork",
    "Draws",
    "Routes",
    "SingleClosures",
    "Sweep",
    "SweepPlan",
    "SweepRun",
    "build_from_config",
    "calendar_days",
    "check_requests",
    "make_plan",
    "plan_routes",
    "plan_scenarios",
    "read_plan",
    "read_requests",
    "read_sweep",
    "run_case",
    "run_sweep",
    "write_routes",
]

"""Disruptions laid over a network: what holds on a date for a class of travellers."""

from mobility_geo.scenario.calendar import (
    Period,
    change_days,
    condition_series,
    draw_scenario,
    draw_scenarios,
)
from mobility_geo.scenario.case import Case, Limits
from mobility_geo.scenario.conditions import ArcCosts, ClosedArc, Conditions, conditions
from mobility_geo.scenario.disruptions import (
    CapacityFactor,
    Closure,
    DepthCurve,
    DepthSpeed,
    Disruption,
    Effect,
    Exposure,
    ExtraCost,
    ExtraWait,
    OpeningHours,
    Regime,
    RiskCost,
    Selection,
    SpeedFactor,
    Stretches,
    Throughput,
    Who,
    border_closure,
    flood,
    insecurity,
)
from mobility_geo.scenario.file import read_case
from mobility_geo.scenario.idle import idle_disruptions
from mobility_geo.scenario.overlay import disruption_edges, footprints, prepare_overlay
from mobility_geo.scenario.scenario import Scenario
from mobility_geo.scenario.travellers import TravellerClass

__all__ = [
    "ArcCosts",
    "CapacityFactor",
    "Case",
    "ClosedArc",
    "Closure",
    "Conditions",
    "DepthCurve",
    "DepthSpeed",
    "Disruption",
    "Effect",
    "Exposure",
    "ExtraCost",
    "ExtraWait",
    "Limits",
    "OpeningHours",
    "Period",
    "Regime",
    "RiskCost",
    "Scenario",
    "Selection",
    "SpeedFactor",
    "Stretches",
    "Throughput",
    "TravellerClass",
    "Who",
    "border_closure",
    "change_days",
    "condition_series",
    "conditions",
    "disruption_edges",
    "draw_scenario",
    "draw_scenarios",
    "flood",
    "footprints",
    "idle_disruptions",
    "insecurity",
    "prepare_overlay",
    "read_case",
]

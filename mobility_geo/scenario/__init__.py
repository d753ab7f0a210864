"""Disruptions laid over a network: what holds on a date for a class of travellers."""

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
from mobility_geo.scenario.overlay import disruption_edges, footprints
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
    "conditions",
    "disruption_edges",
    "flood",
    "footprints",
    "idle_disruptions",
    "insecurity",
    "read_case",
]

"""Disruptions laid over a network: what holds on a date for a class of travellers."""

from mobility_geo.scenario.access import disruptions_from_constraints
from mobility_geo.scenario.calendar import Period, change_days, condition_series
from mobility_geo.scenario.case import Case, Limits
from mobility_geo.scenario.chance import draw_happening, draw_scenarios
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
from mobility_geo.scenario.exposure import (
    event_exposure,
    insecurity_from_areas,
    insecurity_from_events,
    insecurity_from_incidents,
    mines_from_events,
)
from mobility_geo.scenario.file import read_case
from mobility_geo.scenario.floods import (
    depth_curve_names,
    flood_from_areas,
    flood_from_depth,
    flood_from_extent,
    load_depth_curves,
)
from mobility_geo.scenario.idle import idle_disruptions
from mobility_geo.scenario.overlay import (
    disruption_accesses,
    disruption_edges,
    footprints,
    prepare_overlay,
)
from mobility_geo.scenario.people import resident_groups
from mobility_geo.scenario.scenario import Scenario
from mobility_geo.scenario.table import (
    disruption_tables,
    disruptions_from_tables,
    read_disruptions,
    write_disruptions,
)
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
    "depth_curve_names",
    "disruption_accesses",
    "disruption_edges",
    "disruption_tables",
    "disruptions_from_constraints",
    "disruptions_from_tables",
    "draw_happening",
    "draw_scenarios",
    "event_exposure",
    "flood",
    "flood_from_areas",
    "flood_from_depth",
    "flood_from_extent",
    "footprints",
    "idle_disruptions",
    "insecurity",
    "insecurity_from_areas",
    "insecurity_from_events",
    "insecurity_from_incidents",
    "load_depth_curves",
    "mines_from_events",
    "prepare_overlay",
    "read_case",
    "read_disruptions",
    "resident_groups",
    "write_disruptions",
]

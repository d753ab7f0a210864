"""People from origins to destinations, and over the network."""

from mobility_geo.flows.assignment import EdgeFlows, assign_all_or_nothing
from mobility_geo.flows.capacity import place_people
from mobility_geo.flows.congested import assign_equilibrium, assign_logit, select_edge
from mobility_geo.flows.congestion import AssignmentGraph, CostCurves
from mobility_geo.flows.counts import estimate_from_counts, find_passages
from mobility_geo.flows.departures import MovementParameters
from mobility_geo.flows.distribution import choose_destinations
from mobility_geo.flows.equilibrium import (
    Equilibrium,
    Progress,
    Trips,
    WayFlows,
    load_all_or_nothing,
    solve_equilibrium,
)
from mobility_geo.flows.gravity import (
    Deterrence,
    calibrate_mean_cost,
    estimate_gravity,
    fit_poisson,
)
from mobility_geo.flows.margins import estimate_from_margins, margins_table
from mobility_geo.flows.movement_case import movement_case
from mobility_geo.flows.movers import MovementCase
from mobility_geo.flows.od import ODMatrix, given_flows, round_to_total
from mobility_geo.flows.od_estimate import ODEstimate, ODLimits, od_costs
from mobility_geo.flows.od_prior import fill_prior
from mobility_geo.flows.od_uncertainty import (
    add_chance_intervals,
    add_intervals,
    bootstrap_poisson,
    cell_bounds,
)
from mobility_geo.flows.radiation import estimate_radiation
from mobility_geo.flows.simulation import Simulation, simulate, simulate_ensemble
from mobility_geo.flows.stochastic import LogitFlows, assign_dial, solve_stochastic

__all__ = [
    "AssignmentGraph",
    "CostCurves",
    "Deterrence",
    "EdgeFlows",
    "Equilibrium",
    "LogitFlows",
    "MovementCase",
    "MovementParameters",
    "ODEstimate",
    "ODLimits",
    "ODMatrix",
    "Progress",
    "Simulation",
    "Trips",
    "WayFlows",
    "add_chance_intervals",
    "add_intervals",
    "assign_all_or_nothing",
    "assign_dial",
    "assign_equilibrium",
    "assign_logit",
    "bootstrap_poisson",
    "calibrate_mean_cost",
    "cell_bounds",
    "choose_destinations",
    "estimate_from_counts",
    "estimate_from_margins",
    "estimate_gravity",
    "estimate_radiation",
    "fill_prior",
    "find_passages",
    "fit_poisson",
    "given_flows",
    "load_all_or_nothing",
    "margins_table",
    "movement_case",
    "od_costs",
    "place_people",
    "round_to_total",
    "select_edge",
    "simulate",
    "simulate_ensemble",
    "solve_equilibrium",
    "solve_stochastic",
]

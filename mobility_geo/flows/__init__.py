"""People from origins to destinations, and over the network."""

from mobility_geo.flows.assignment import EdgeFlows, assign_all_or_nothing
from mobility_geo.flows.capacity import place_people
from mobility_geo.flows.departures import MovementParameters
from mobility_geo.flows.distribution import choose_destinations
from mobility_geo.flows.od import ODMatrix, round_to_total
from mobility_geo.flows.simulation import Simulation, simulate, simulate_ensemble

__all__ = [
    "EdgeFlows",
    "MovementParameters",
    "ODMatrix",
    "Simulation",
    "assign_all_or_nothing",
    "choose_destinations",
    "place_people",
    "round_to_total",
    "simulate",
    "simulate_ensemble",
]

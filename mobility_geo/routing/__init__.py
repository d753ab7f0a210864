"""Shortest ways between places, behind one small interface."""

from mobility_geo.routing.accesses import AccessSet, access_set
from mobility_geo.routing.engine import Ways, solve_ways
from mobility_geo.routing.groups import GroupWays, find_group_ways
from mobility_geo.routing.paths import Journey, journey
from mobility_geo.routing.skims import find_ways, skim_matrix, skim_table

__all__ = [
    "AccessSet",
    "GroupWays",
    "Journey",
    "Ways",
    "access_set",
    "find_group_ways",
    "find_ways",
    "journey",
    "skim_matrix",
    "skim_table",
    "solve_ways",
]

"""Shortest ways between places, behind one small interface."""

from importlib import import_module
from typing import TYPE_CHECKING

from mobility_geo.routing.accesses import AccessSet, access_set
from mobility_geo.routing.engine import Ways, solve_ways
from mobility_geo.routing.groups import GroupWays, find_group_ways
from mobility_geo.routing.paths import Journey, journey
from mobility_geo.routing.shortest_tree import ShortestTree, find_shortest_tree
from mobility_geo.routing.skims import (
    find_ways,
    find_ways_by_costs,
    skim_matrix,
    skim_table,
)

if TYPE_CHECKING:
    from mobility_geo.routing.alternatives import Alternative, find_alternatives
    from mobility_geo.routing.prepared import prepare_engine

__all__ = [
    "AccessSet",
    "Alternative",
    "GroupWays",
    "Journey",
    "ShortestTree",
    "Ways",
    "access_set",
    "find_alternatives",
    "find_group_ways",
    "find_shortest_tree",
    "find_ways",
    "find_ways_by_costs",
    "journey",
    "prepare_engine",
    "skim_matrix",
    "skim_table",
    "solve_ways",
]


def __getattr__(name: str) -> object:
    """Load the fast engine, and the compiler that it needs, when it is first asked for.

    Raises
    ------
    AttributeError
        If there is no such name.
    """
    if name == "prepare_engine":
        return getattr(import_module(f"{__name__}.prepared"), name)
    if name in {"Alternative", "find_alternatives"}:
        return getattr(import_module(f"{__name__}.alternatives"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)

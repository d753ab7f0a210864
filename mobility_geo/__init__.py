"""Who is stranded, why, and which way stations can still be reached.

The names of everyday use are here: ``import mobility_geo as mg``, then ``mg.load_mali()``. A name
or sub-package is loaded when it is first asked for, so that the import itself takes no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobility_geo.datasets import load_case, load_mali, load_toy
    from mobility_geo.export import write_results
    from mobility_geo.flows import assign_all_or_nothing, choose_destinations
    from mobility_geo.network import (
        audit_network,
        build_network,
        from_networkx,
        read_network,
        to_networkx,
        write_network,
    )
    from mobility_geo.outcomes import (
        catchments,
        compare,
        explain,
        find_stranded,
        reachable_waystations,
        solve_case,
    )
    from mobility_geo.plot import explore_status, plot_status
    from mobility_geo.routing import skim_matrix
    from mobility_geo.scenario import Scenario, TravellerClass, conditions, read_case

    __version__: str

__all__ = [
    "Scenario",
    "TravellerClass",
    "assign_all_or_nothing",
    "audit_network",
    "build_network",
    "catchments",
    "choose_destinations",
    "compare",
    "conditions",
    "explain",
    "explore_status",
    "find_stranded",
    "from_networkx",
    "load_case",
    "load_mali",
    "load_toy",
    "plot_status",
    "reachable_waystations",
    "read_case",
    "read_network",
    "skim_matrix",
    "solve_case",
    "to_networkx",
    "write_network",
    "write_results",
]

_HOMES = {
    "Scenario": "scenario",
    "TravellerClass": "scenario",
    "assign_all_or_nothing": "flows",
    "audit_network": "network",
    "build_network": "network",
    "catchments": "outcomes",
    "choose_destinations": "flows",
    "compare": "outcomes",
    "conditions": "scenario",
    "explain": "outcomes",
    "explore_status": "plot",
    "find_stranded": "outcomes",
    "from_networkx": "network",
    "load_case": "datasets",
    "load_mali": "datasets",
    "load_toy": "datasets",
    "plot_status": "plot",
    "reachable_waystations": "outcomes",
    "read_case": "scenario",
    "read_network": "network",
    "skim_matrix": "routing",
    "solve_case": "outcomes",
    "to_networkx": "network",
    "write_network": "network",
    "write_results": "export",
}
_PACKAGES = frozenset(
    {
        "batch", "cli", "datasets", "errors", "export", "flows", "geopackage", "network",
        "outcomes", "plot", "report", "routing", "scenario", "schema", "sources", "testing",
        "units",
    }
)  # fmt: skip


def __getattr__(name: str) -> object:
    """Load a name or sub-package when it is first asked for.

    Raises
    ------
    AttributeError
        If there is no such name.
    """
    if name == "__version__":
        return import_module("importlib.metadata").version("mobility-geo")
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    """Return the public names and the sub-packages."""
    return sorted([*__all__, *_PACKAGES, "__version__"])

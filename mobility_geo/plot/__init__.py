"""Maps: for paper (matplotlib) and for the screen (pages that work without any connection).

``plot_...`` functions draw on matplotlib axes and return them; ``explore_...`` functions return a
`Map`. Importing this package loads neither matplotlib nor any other drawing library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobility_geo.plot.decisions import (
        plot_chances,
        plot_chokepoints,
        plot_gap_map,
        plot_monitoring_points,
        plot_sites,
    )
    from mobility_geo.plot.explore import explore_flows, explore_network, explore_status
    from mobility_geo.plot.maps import (
        plot_flows,
        plot_held_at,
        plot_network,
        plot_public_status,
        plot_status,
    )
    from mobility_geo.plot.sureness import plot_convergence, plot_gaps
    from mobility_geo.plot.web import Map

__all__ = [
    "Map",
    "explore_flows",
    "explore_network",
    "explore_status",
    "plot_chances",
    "plot_chokepoints",
    "plot_convergence",
    "plot_flows",
    "plot_gap_map",
    "plot_gaps",
    "plot_held_at",
    "plot_monitoring_points",
    "plot_network",
    "plot_public_status",
    "plot_sites",
    "plot_status",
]

_HOMES = {
    "Map": "web",
    "explore_flows": "explore",
    "explore_network": "explore",
    "explore_status": "explore",
    "plot_chances": "decisions",
    "plot_chokepoints": "decisions",
    "plot_convergence": "sureness",
    "plot_flows": "maps",
    "plot_gap_map": "decisions",
    "plot_gaps": "sureness",
    "plot_held_at": "maps",
    "plot_monitoring_points": "decisions",
    "plot_network": "maps",
    "plot_public_status": "maps",
    "plot_sites": "decisions",
    "plot_status": "maps",
}


def __getattr__(name: str) -> object:
    """Load a function when it is first asked for.

    Raises
    ------
    AttributeError
        If the package has no such name.
    """
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)

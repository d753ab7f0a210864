"""The network: checked tables in one frozen object.

`Network` holds the tables; `build_network` makes one from tables in any coordinate reference
system; `attach_places` ties places to it; `audit_network` says what may be wrong with it.
"""

from mobility_geo.network.accesses import attach_places
from mobility_geo.network.audit import audit_network
from mobility_geo.network.borders import assign_countries, cut_at_borders
from mobility_geo.network.build import build_network
from mobility_geo.network.convert import from_networkx, to_networkx
from mobility_geo.network.file import read_network, write_network
from mobility_geo.network.model import Arcs, Network
from mobility_geo.network.profiles import edge_speeds
from mobility_geo.network.walking import add_walks, attach_by_walking, walk_to_places

__all__ = [
    "Arcs",
    "Network",
    "add_walks",
    "assign_countries",
    "attach_by_walking",
    "attach_places",
    "audit_network",
    "build_network",
    "cut_at_borders",
    "edge_speeds",
    "from_networkx",
    "read_network",
    "to_networkx",
    "walk_to_places",
    "write_network",
]

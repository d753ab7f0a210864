"""A way as people would tell it: modes, crossings, nodes in their order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.network import Network


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Journey:
    """A way through the network.

    Attributes
    ----------
    arcs
        Rows of `Network.arcs` in their order.
    node_ids
        Nodes passed, start and end included; empty for a way within one node.
    modes
        Edge kinds in their order, repeats and transfers left out.
    crossing_ids
        Border crossings in their order.
    countries
        Countries in their order, repeats left out.
    """

    arcs: npt.NDArray[np.int32]
    node_ids: tuple[str, ...]
    modes: tuple[str, ...]
    crossing_ids: tuple[str, ...]
    countries: tuple[str, ...]

    def reenters(self) -> bool:
        """Say whether the way leaves a country and comes back to it."""
        return len(set(self.countries)) < len(self.countries)


def journey(network: Network, arcs: npt.NDArray[np.int32]) -> Journey:
    """Describe a way.

    Parameters
    ----------
    network
        The network.
    arcs
        Arcs in their order, as from `Ways.arcs`.

    Returns
    -------
    Journey
        The way in words.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.routing import find_ways
    >>> from mobility_geo.scenario import TravellerClass
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> ends = ["northtown"], ["farpost"]
    >>> ways = find_ways(case.network, case.scenario.baseline(), *ends, traveller=who)
    >>> journey(case.network, ways.arcs(0, 0)).crossing_ids
    ('gate',)
    """
    rows = network.arcs.edge[arcs]
    # only the rows of the way: whole columns of a large network take longer than to find it
    kinds, crossing = (_some(network.edges[name], rows) for name in ("kind", "crossing_id"))
    order = np.concatenate([network.arcs.tail[arcs], network.arcs.head[arcs[-1:]]])
    country, ids = (_some(network.nodes[name], order) for name in ("country", "node_id"))
    modes = [str(kind) for kind in kinds if kind not in {"transfer", "crossing"}]
    countries = [str(one) for one in country if isinstance(one, str)]
    return Journey(
        arcs=arcs,
        node_ids=tuple(str(one) for one in ids),
        modes=_squeeze(modes),
        crossing_ids=tuple(str(name) for name in crossing if isinstance(name, str)),
        countries=_squeeze(countries),
    )


def _some(column: pd.Series, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.object_]:
    """Return some values of a column."""
    return column.take(rows).to_numpy(dtype=object)


def _squeeze(words: list[str]) -> tuple[str, ...]:
    """Leave out repeats that follow each other."""
    return tuple(word for i, word in enumerate(words) if i == 0 or word != words[i - 1])

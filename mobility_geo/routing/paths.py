"""A way as people would tell it: modes, crossings, nodes in their order."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

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
    order = np.concatenate([network.arcs.tail[arcs], network.arcs.head[arcs[-1:]]])
    modes = _words(network, "edges", "kind", rows)
    return Journey(
        arcs=arcs,
        node_ids=tuple(network.node_rows.take(order).tolist()),
        modes=_squeeze([word for word in modes if word not in {"transfer", "crossing"}]),
        crossing_ids=tuple(_words(network, "edges", "crossing_id", rows)),
        countries=_squeeze(_words(network, "nodes", "country", order)),
    )


_CODES: WeakKeyDictionary[
    Network, dict[tuple[str, str], tuple[npt.NDArray[np.int32], list[str]]]
] = WeakKeyDictionary()


def _words(network: Network, table: str, name: str, rows: npt.NDArray[np.int32]) -> list[str]:
    """Return what stands in some rows of a column; missing values are left out."""
    memory = _CODES.setdefault(network, {})
    if (table, name) not in memory:
        code, words = pd.factorize(getattr(network, table)[name])
        memory[table, name] = code.astype(np.int32), words.tolist()
    code, words = memory[table, name]
    return [words[one] for one in code[rows].tolist() if one >= 0]


def _squeeze(words: list[str]) -> tuple[str, ...]:
    """Leave out repeats that follow each other."""
    return tuple(word for i, word in enumerate(words) if i == 0 or word != words[i - 1])

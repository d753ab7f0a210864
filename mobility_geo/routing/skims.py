"""Skims: impedance between all origins and destinations, as a matrix or a long table."""

import datetime as dt
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.network import Network
from mobility_geo.routing.accesses import access_set
from mobility_geo.routing.engine import Ways, solve_ways
from mobility_geo.scenario import ArcCosts, Scenario, TravellerClass, conditions
from mobility_geo.units import Metric


def find_ways_by_costs(
    network: Network,
    costs: ArcCosts,
    origins: Iterable[str],
    destinations: Iterable[str],
    *,
    impedance: Metric = "time_min",
) -> Ways:
    """Find the least-impedance ways between places, at costs that hold.

    Parameters
    ----------
    network
        The network.
    costs
        Costs of its arcs, from `Conditions.dense`.
    origins, destinations
        Ids of places.
    impedance
        Metric to minimise.

    Returns
    -------
    Ways
        One way per pair.

    Raises
    ------
    UnknownIdError
        If a place does not exist.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> costs = conditions(case.network, case.scenario, None, who).dense()
    >>> find_ways_by_costs(case.network, costs, ["northtown"], ["midtown"]).reachable().tolist()
    [[True]]
    """
    return solve_ways(
        network,
        costs,
        access_set(network, costs, origins),
        access_set(network, costs, destinations, leaving=False),
        impedance=impedance,
    )


def find_ways(
    network: Network,
    scenario: Scenario,
    origins: Iterable[str],
    destinations: Iterable[str],
    *,
    traveller: TravellerClass,
    when: dt.date | str | None = None,
    impedance: Metric = "time_min",
) -> Ways:
    """Find the least-impedance ways between places under a scenario.

    Parameters
    ----------
    network, scenario, traveller, when
        See `conditions`.
    origins, destinations
        Ids of places.
    impedance
        Metric to minimise.

    Returns
    -------
    Ways
        One way per pair.

    Raises
    ------
    UnknownIdError
        If a place does not exist.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> ways = find_ways(case.network, case.scenario, ["northtown"], ["southtown"], traveller=who)
    >>> ways.reachable().tolist()
    [[False]]
    """
    costs = conditions(network, scenario, when, traveller).dense()
    return find_ways_by_costs(network, costs, origins, destinations, impedance=impedance)


def skim_matrix(
    network: Network,
    scenario: Scenario,
    origins: Iterable[str],
    destinations: Iterable[str],
    *,
    traveller: TravellerClass,
    when: dt.date | str | None = None,
    impedance: Metric = "time_min",
) -> npt.NDArray[np.float64]:
    """Return the impedance between places as a matrix.

    Parameters
    ----------
    network, scenario, origins, destinations, traveller, when, impedance
        See `find_ways`.

    Returns
    -------
    numpy.ndarray
        float64, shape (origins, destinations), in the unit that the metric is named after;
        `inf`: unreachable.

    Raises
    ------
    UnknownIdError
        If a place does not exist.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> ends = ["northtown"], ["southtown"]
    >>> skim_matrix(case.network, case.scenario, *ends, traveller=who).tolist()
    [[inf]]
    """
    return find_ways(
        network, scenario, origins, destinations, traveller=traveller, when=when,
        impedance=impedance,
    ).total(impedance)  # fmt: skip


def skim_table(
    network: Network,
    scenario: Scenario,
    origins: Iterable[str],
    destinations: Iterable[str],
    *,
    traveller: TravellerClass,
    when: dt.date | str | None = None,
    impedance: Metric = "time_min",
) -> pd.DataFrame:
    """Return the impedance between places as a long table, with all metrics along the ways.

    Parameters
    ----------
    network, scenario, origins, destinations, traveller, when, impedance
        See `find_ways`.

    Returns
    -------
    pandas.DataFrame
        ``origin_id``, ``destination_id``, ``time_min``, ``length_m``, ``cost_xof``, ``risk``;
        an unreachable pair has no row.

    Raises
    ------
    UnknownIdError
        If a place does not exist.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> ends = ["northtown"], ["midtown", "southtown"]
    >>> skim_table(case.network, case.scenario, *ends, traveller=who)["destination_id"].tolist()
    ['midtown']
    """
    ways = find_ways(
        network, scenario, origins, destinations, traveller=traveller, when=when,
        impedance=impedance,
    )  # fmt: skip
    origin, destination = np.nonzero(ways.reachable())
    table = pd.DataFrame(
        {
            "origin_id": np.array(ways.origins.place_ids, dtype=object)[origin],
            "destination_id": np.array(ways.destinations.place_ids, dtype=object)[destination],
        },
        dtype="str",
    )
    for metric, total in ways.totals().items():
        table[metric] = total[origin, destination]
    return table

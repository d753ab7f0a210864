"""Disruptions that hit nothing: most often a slip of the pen, so somebody should be told."""

import datetime as dt

import numpy as np

from mobility_geo.network import Network
from mobility_geo.scenario.disruptions import Disruption, OpeningHours, Regime
from mobility_geo.scenario.overlay import disruption_accesses, disruption_edges
from mobility_geo.scenario.scenario import Scenario


def idle_disruptions(
    network: Network, scenario: Scenario, when: dt.date | str | None = None
) -> tuple[str, ...]:
    """Return the disruptions that are active on a day and hit nothing of the network.

    Parameters
    ----------
    network
        The network.
    scenario
        The scenario.
    when
        Day, inside the calendar; the scenario's own if left out.

    Returns
    -------
    tuple of str
        Ids, in the order of the scenario.

    Raises
    ------
    CalendarError
        If the day lies outside the calendar.

    Examples
    --------
    >>> from dataclasses import replace
    >>> import shapely
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.scenario import flood
    >>> case = load_toy()
    >>> far = replace(case.scenario, disruptions=(flood(shapely.box(8, 8, 9, 9)),))
    >>> idle_disruptions(case.network, case.scenario), idle_disruptions(case.network, far)
    ((), ('flood',))
    """
    day = scenario.day(when)
    return tuple(
        one.disruption_id for one in scenario.active(day) if not _hits_anything(network, one)
    )


def _hits_anything(network: Network, disruption: Disruption) -> bool:
    rows = disruption_edges(network, disruption.what).edges()
    into = disruption.what.into
    # regimes and hours are of posts alone
    posts_only = all(isinstance(one, Regime | OpeningHours) for one in disruption.effects)
    if not into and not posts_only:
        return bool(len(rows) or len(disruption_accesses(network, disruption.what).edge))
    at_border = rows[network.edges["crossing_id"].notna().to_numpy(dtype=bool)[rows]]
    if not into:
        return bool(len(at_border))
    sides = network.crossings.set_index("crossing_id")[["country_a", "country_b"]]
    ids = network.edges["crossing_id"].to_numpy(dtype=object)[at_border]
    return bool(np.any(sides.loc[list(ids)].to_numpy() == into))

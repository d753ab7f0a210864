"""The radiation model: people go to the nearest place that is better, ranked by network time."""

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from mobility_geo.errors import InputError, labels
from mobility_geo.flows.od_estimate import (
    BoolArray,
    FloatArray,
    ODEstimate,
    cost_matrix,
    no_limits,
    pair_table,
)


def estimate_radiation(
    costs: pd.DataFrame,
    population: pd.Series,
    leaving: pd.Series,
    *,
    destinations: Iterable[str] | None = None,
    impedance: str = "time_min",
    everybody_arrives: bool = True,
) -> ODEstimate:
    r"""Estimate an OD matrix by the radiation model, places ranked by cost under a scenario.

    ``T_ij = T_i m_i n_j / ((m_i + s_ij)(m_i + n_j + s_ij))``, with the population ``m`` of the
    origin, ``n`` of the destination, and ``s`` of all places that are strictly nearer to the origin
    than the destination is, neither of the two among them. A closure changes who is nearer; a place
    that cannot be reached is no opportunity at all.

    Parameters
    ----------
    costs
        From every origin to every place with people, as for `estimate_gravity`.
    population
        People by place, >= 0: what a place offers. Every place of the costs has one.
    leaving
        People who leave, by origin.
    destinations
        Places that are allowed as destinations; people pass by the others, which still count as
        nearer. Left out: all but the origin.
    impedance
        Column of a long table of costs.
    everybody_arrives
        Whether shares are raised so that all who leave arrive (the country is finite); else those
        for whom the model finds no better place stay, and are told in a warning.

    Returns
    -------
    ODEstimate
        A row per reachable pair.

    Raises
    ------
    InputError
        If a population or a number of people is missing or negative, or people leave a place from
        which no destination can be reached.
    UnknownIdError
        If an origin or destination is not in the costs.

    Notes
    -----
    It has no parameter to fit, and that is its limit: it was found for commuters and migrants who
    choose; people in flight go to where it is safe, which population does not tell. Places at the
    same cost are not nearer than each other.

    References
    ----------
    Simini, F., Gonzalez, M. C., Maritan, A., Barabasi, A.-L. (2012). A universal model for mobility
    and migration patterns. doi 10.1038/nature10856.

    Masucci, A. P., Serras, J., Johansson, A., Batty, M. (2013). Gravity versus radiation models, on
    finite systems. doi 10.1103/PhysRevE.88.022812.

    Examples
    --------
    >>> costs = pd.DataFrame([[0.0, 1.0, 2.0]], index=["a"], columns=["a", "b", "c"])
    >>> people = pd.Series({"a": 10.0, "b": 10.0, "c": 20.0})
    >>> found = estimate_radiation(costs, people, pd.Series({"a": 60}), everybody_arrives=False)
    >>> found.table["flow_persons"].tolist()
    [30.0, 15.0]
    """
    goers = _numbers(leaving, "leaving", list(leaving.index.astype(str)))
    origins = tuple(str(one) for one in leaving.index)
    wide = cost_matrix(costs, origins=origins, impedance=impedance)
    places = list(wide.columns)
    lost = [one for one in origins if one not in places]
    if lost:
        msg = (
            f"costs: origins are not among the destinations of the costs: {labels(lost)}; give the "
            "costs from every origin to every place with people, the origins among them"
        )
        raise InputError(msg)
    people = _numbers(population, "population", places)
    values = wide.to_numpy(dtype=float)
    home = np.array([places.index(one) for one in origins])
    chosen = places if destinations is None else [str(one) for one in destinations]
    target = np.isin(places, cost_matrix(wide, destinations=chosen).columns.to_numpy(dtype=object))
    pairs = np.isfinite(values) & target
    pairs[np.arange(len(origins)), home] = False
    shares = _shares(values, people, home, pairs)
    reached = shares.sum(axis=1)
    stuck = (goers > 0) & (reached == 0)
    if stuck.any():
        where = np.array(origins, dtype=object)[stuck]
        msg = (
            f"{goers[stuck].sum():,.6g} persons leave {int(stuck.sum())} origins from which no "
            f"destination with people can be reached: {labels(where)}; they are stranded, leave "
            "them out of the flows"
        )
        raise InputError(msg)
    said: tuple[str, ...] = ()
    if everybody_arrives:
        shares = shares / np.where(reached > 0, reached, 1.0)[:, None]
    else:
        stay = float((goers * (1 - reached)).sum())
        said = (f"{stay:,.6g} persons find no better place within reach and stay",)
    flows = goers[:, None] * shares
    limits = no_limits(*flows.shape)
    limits = replace(limits, origin_low=flows.sum(axis=1), origin_high=flows.sum(axis=1))
    return ODEstimate(
        table=pair_table(origins, places, flows, pairs),
        method="radiation, places ranked by cost", origin_ids=origins,
        destination_ids=tuple(places), limits=limits, warnings=said,
        parameters=MappingProxyType({"leaving_persons": float(goers.sum())}),
    )  # fmt: skip


def _shares(
    costs: FloatArray, people: FloatArray, home: np.typing.NDArray[np.intp], pairs: BoolArray
) -> FloatArray:
    """Return the share of people of each origin who go to each place."""
    shares = np.zeros(costs.shape)
    for row in range(len(costs)):
        others = np.isfinite(costs[row])
        others[home[row]] = False
        at = np.flatnonzero(others)
        if not at.size:
            continue
        order = np.argsort(costs[row, at], kind="stable")
        ranked = costs[row, at][order]
        summed = np.concatenate([[0.0], np.cumsum(people[at][order])])
        nearer = np.empty(len(at))
        # places at the same cost are not nearer than each other
        nearer[order] = summed[np.searchsorted(ranked, ranked, side="left")]
        m, n = people[home[row]], people[at]
        below = (m + nearer) * (m + n + nearer)
        found = np.divide(m * n, below, out=np.zeros(len(at)), where=below > 0)
        shares[row, at] = np.where(pairs[row, at], found, 0.0)
    return shares


def _numbers(series: pd.Series, name: str, ids: list[str]) -> FloatArray:
    """Return numbers of people by id.

    Raises
    ------
    InputError
        If an id stands twice, or a number is missing, negative or not finite.
    """
    named = series.set_axis([str(one) for one in series.index])
    if named.index.has_duplicates:
        msg = f"{name}: ids stand twice: {labels(named.index[named.index.duplicated()])}"
        raise InputError(msg)
    values = pd.to_numeric(named.reindex(ids), errors="coerce").to_numpy(dtype=float)
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        msg = (
            f"{name}: {int(wrong.sum())} places have no number of people >= 0, e.g. "
            f"{labels(np.array(ids, dtype=object)[wrong])}"
        )
        raise InputError(msg)
    return values

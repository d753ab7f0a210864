"""OD matrices from counts at monitoring points, which are lower bounds: points under-count."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import lsq_linear

from mobility_geo.errors import InputError, UnknownIdError, labels
from mobility_geo.flows.gravity import observed_matrix
from mobility_geo.flows.margins import solve_limits
from mobility_geo.flows.od_estimate import (
    FloatArray,
    ODEstimate,
    ODLimits,
    margin_limits,
    no_limits,
    pair_table,
)
from mobility_geo.network import Network
from mobility_geo.routing import find_ways
from mobility_geo.scenario import Scenario, TravellerClass
from mobility_geo.schema import PASSAGE_COUNTS, PASSAGES, check_table, suggest
from mobility_geo.units import Metric

Method = Literal["entropy", "least_squares", "gradient"]
METHODS: Final[tuple[Method, ...]] = ("entropy", "least_squares", "gradient")
GRADIENT_STEPS: Final = 5_000
MET: Final = 1e-6
"""A count that is missed by less than this share is met."""


def find_passages(
    network: Network,
    scenario: Scenario,
    points: Mapping[str, Iterable[str]],
    origins: Iterable[str],
    destinations: Iterable[str],
    *,
    traveller: TravellerClass,
    when: str | None = None,
    impedance: Metric = "time_min",
) -> pd.DataFrame:
    """Find which monitoring points people pass on the least-impedance way under a scenario.

    Parameters
    ----------
    network, scenario, origins, destinations, traveller, when, impedance
        See `find_ways`.
    points
        Edges that each point watches, in both directions; a crossing is the edge of its id.

    Returns
    -------
    pandas.DataFrame
        Schema `mobility_geo.schema.PASSAGES`; everybody takes the one way, so that shares are 1. A
        pair that passes no point has no row.

    Raises
    ------
    UnknownIdError
        If a place or an edge does not exist.

    Notes
    -----
    The stretch between a place and the first node counts for no point.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> edges = list(case.network.edges["edge_id"])
    >>> seen = find_passages(
    ...     case.network, case.scenario, {"all": edges}, ["northtown"], ["midtown"], traveller=who
    ... )
    >>> seen["passing_share"].tolist()
    [1.0]
    """
    known = list(network.edges["edge_id"])
    watched = {str(point): [str(one) for one in edges] for point, edges in points.items()}
    problems = [
        f"points: {point!r} watches {edge!r}, which is no edge of the network{suggest(edge, known)}"
        for point, edges in watched.items()
        for edge in edges
        if edge not in network.edge_rows
    ]
    if problems:
        raise UnknownIdError(problems)
    rows = {
        point: network.edge_rows.get_indexer(pd.Index(edges)) for point, edges in watched.items()
    }
    ways = find_ways(
        network, scenario, origins, destinations, traveller=traveller, when=when,
        impedance=impedance,
    )  # fmt: skip
    found = []
    for i, j in np.argwhere(ways.reachable()):
        passed = network.arcs.edge[ways.arcs(int(i), int(j))]
        found += [
            (point, ways.origins.place_ids[i], ways.destinations.place_ids[j], 1.0)
            for point, edges in rows.items()
            if np.isin(edges, passed).any()
        ]
    return check_table(pd.DataFrame(found, columns=list(PASSAGES.names)), PASSAGES)


def estimate_from_counts(
    prior: pd.DataFrame,
    passages: pd.DataFrame,
    counts: pd.DataFrame,
    *,
    margins: pd.DataFrame | None = None,
    method: Method = "entropy",
    trust: float = 1.0,
    tolerance: float = 0.0,
) -> ODEstimate:
    """Correct a prior OD matrix so that at least as many people pass as were counted.

    A count is a lower bound: points are not staffed at night and people go round them. A prior that
    already has more people passing is left as it is.

    Parameters
    ----------
    prior
        ``origin_id``, ``destination_id``, ``flow_persons``: the matrix before the counts. A pair
        that is 0, or has no row, stays 0; a missing figure is an error, see `fill_prior`.
    passages
        Schema `mobility_geo.schema.PASSAGES`, from `find_passages`.
    counts
        Schema `mobility_geo.schema.PASSAGE_COUNTS`; a high is kept to as well, where it is given.
    margins
        Schema `mobility_geo.schema.MARGINS`, kept to besides; for ``entropy`` only.
    method
        ``entropy``: the matrix nearest to the prior in relative entropy that meets every count.
        ``least_squares``: prior and counts both have errors with variances in proportion to
        themselves; a count is met only as far as the prior allows. ``gradient``: steps that keep
        zeros, from the prior towards the counts, stopped when they are met.
    trust
        Weight of counts against the prior, for ``least_squares``.
    tolerance
        Largest share by which a count or margin may be moved where they contradict each other, for
        ``entropy``.

    Returns
    -------
    ODEstimate
        Its parameters have ``counted_persons`` and ``unmet_persons``.

    Raises
    ------
    SchemaError
        If a table breaks its schema.
    InputError
        If people were counted at a point that no pair of the prior passes, limits contradict each
        other, or an argument does not fit.
    UnknownIdError
        If a count names a point without passages.

    Notes
    -----
    A count is passages, not persons: who goes back and forth is counted twice. Few counts leave
    most of the matrix as it was in the prior.

    References
    ----------
    Spiess, H. (1990). A gradient approach for the O-D matrix adjustment problem. Centre de
    recherche sur les transports, Montreal, 693.

    Cascetta, E. (1984). Estimation of trip matrices from traffic counts and survey data: a
    generalized least squares estimator. doi 10.1016/0191-2615(84)90012-2.

    Van Zuylen, H. J., Willumsen, L. G. (1980). The most likely trip matrix estimated from traffic
    counts. doi 10.1016/0191-2615(80)90008-9.

    Examples
    --------
    >>> prior = pd.DataFrame(
    ...     {"origin_id": ["a", "b"], "destination_id": ["c", "c"], "flow_persons": [10.0, 30.0]}
    ... )
    >>> passages = prior.assign(point_id="p", passing_share=1.0)
    >>> counts = pd.DataFrame({"point_id": ["p"], "low_persons": [60.0]})
    >>> estimate_from_counts(prior, passages, counts).table["flow_persons"].round(6).tolist()
    [15.0, 45.0]
    """
    _check(method, trust, margins)
    origins = list(dict.fromkeys(prior["origin_id"].astype(str)))
    destinations = list(dict.fromkeys(prior["destination_id"].astype(str)))
    before = observed_matrix(prior, origins, destinations)
    limits = _limits(before, passages, counts, margins, origins, destinations)
    ids = tuple(origins), tuple(destinations)
    if method == "entropy":
        found = solve_limits(
            before, limits, *ids, method="counts as lower bounds, nearest in relative entropy",
            tolerance=tolerance, keep_scale=True,
        )  # fmt: skip
        flows = found.matrix().to_numpy()
    else:
        solve = _least_squares if method == "least_squares" else _gradient
        flows, rounds = solve(before, limits, trust)
        words = "generalised least squares" if method == "least_squares" else "gradient steps"
        found = ODEstimate(
            table=pair_table(*ids, flows, before > 0),
            method=f"counts as lower bounds, {words}", origin_ids=ids[0], destination_ids=ids[1],
            iterations=rounds,
        )  # fmt: skip
    passed = np.asarray(limits.passing @ flows.ravel()) if limits.passing is not None else 0.0
    unmet = np.maximum(limits.point_low - passed, 0.0)
    said = list(found.warnings)
    short = unmet > MET * np.maximum(limits.point_low, 1.0)
    if short.any():
        names = np.array(limits.point_ids, dtype=object)[short]
        said.append(
            f"{int(short.sum())} counts are not met, {unmet[short].sum():,.6g} persons in all: "
            f"{labels(names)}"
        )
    return replace(
        found, warnings=tuple(said),
        parameters=MappingProxyType(
            {"prior_persons": float(before.sum()),
             "counted_persons": float(limits.point_low.sum()),
             "unmet_persons": float(unmet[short].sum())}
        ),
    )  # fmt: skip


def _check(method: Method, trust: float, margins: pd.DataFrame | None) -> None:
    """Check the arguments.

    Raises
    ------
    InputError
        If one does not fit.
    """
    problems = []
    if method not in METHODS:
        problems.append(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    elif margins is not None and method != "entropy":
        problems.append(f"margins are kept to by the method 'entropy' only, not by {method!r}")
    if not (np.isfinite(trust) and trust > 0):
        problems.append(f"trust must be a finite number above 0, not {trust!r}")
    if problems:
        raise InputError(problems)


def _limits(
    prior: FloatArray,
    passages: pd.DataFrame,
    counts: pd.DataFrame,
    margins: pd.DataFrame | None,
    origins: list[str],
    destinations: list[str],
) -> ODLimits:
    """Return counts and margins as limits.

    Raises
    ------
    InputError
        If nobody of the prior passes a point where people were counted.
    UnknownIdError
        If a count names a point that nobody passes at all.
    """
    passing = check_table(passages.reindex(columns=list(PASSAGES.names)), PASSAGES)
    counted = check_table(counts.reindex(columns=list(PASSAGE_COUNTS.names)), PASSAGE_COUNTS)
    points = [str(one) for one in counted["point_id"]]
    known = list(dict.fromkeys(passing["point_id"]))
    lost = [one for one in points if one not in known]
    if lost:
        msg = (
            f"counts: nobody passes {len(lost)} points: {labels(lost)}{suggest(lost[0], known)}; "
            "look whether the point watches the edges of the way, or a way is missing"
        )
        raise UnknownIdError([msg])
    point = pd.Index(points).get_indexer(pd.Index(passing["point_id"]))
    one = pd.Index(origins).get_indexer(pd.Index(passing["origin_id"]))
    two = pd.Index(destinations).get_indexer(pd.Index(passing["destination_id"]))
    use = (point >= 0) & (one >= 0) & (two >= 0)
    pair = one * len(destinations) + two
    share = passing["passing_share"].to_numpy(dtype=float)
    matrix = sparse.csr_array(
        (share[use], (point[use], pair[use])), shape=(len(points), prior.size)
    )
    low = counted["low_persons"].to_numpy(dtype=float)
    high = counted["high_persons"].fillna(np.inf).to_numpy(dtype=float)
    empty = (low > 0) & (np.asarray(matrix @ prior.ravel()) == 0)
    problems = []
    if empty.any():
        names = np.array(points, dtype=object)[empty]
        problems.append(
            f"counts: {low[empty].sum():,.6g} persons were counted at {int(empty.sum())} points "
            f"that nobody of the prior passes: {labels(names)}; give their pairs some people in "
            "the prior"
        )
    if (low > high).any():
        names = np.array(points, dtype=object)[low > high]
        problems.append(f"counts: low_persons is above high_persons: {labels(names)}")
    if problems:
        raise InputError(problems)
    whole = (
        no_limits(len(origins), len(destinations))
        if margins is None
        else margin_limits(margins, origins, destinations)
    )
    return replace(whole, point_ids=tuple(points), passing=matrix, point_low=low, point_high=high)


def _least_squares(prior: FloatArray, limits: ODLimits, trust: float) -> tuple[FloatArray, int]:
    """Return the matrix of least squared errors; a surplus at a point costs nothing."""
    going = prior.ravel() > 0
    before = prior.ravel()[going]
    passing = sparse.csr_array(limits.rows(prior > 0)[-len(limits.point_ids) :])
    blocks: list[sparse.sparray] = [
        sparse.hstack([sparse.diags_array(before**-0.5),
                       sparse.csr_array((len(before), 2 * len(limits.point_ids)))])
    ]  # fmt: skip
    wanted = [before**0.5]
    number = len(limits.point_ids)
    # a surplus above the low, and a gap below the high, are unknowns that cost nothing
    for bound, sign, place in ((limits.point_low, -1.0, 0), (limits.point_high, 1.0, 1)):
        there = np.isfinite(bound) & (bound > 0) if place == 0 else np.isfinite(bound)
        weight = sparse.diags_array(
            np.where(there, (trust / np.maximum(np.where(there, bound, 1.0), 1.0)) ** 0.5, 0.0)
        )
        slack = [sparse.csr_array((number, number))] * 2
        slack[place] = sparse.csr_array(sign * sparse.eye_array(number))
        blocks.append(weight @ sparse.hstack([passing, *slack]))
        wanted.append(np.asarray(weight @ np.where(there, bound, 0.0)))
    found = lsq_linear(
        sparse.csr_array(sparse.vstack(blocks)).toarray(), np.concatenate(wanted),
        bounds=(0.0, np.inf), tol=1e-12, method="bvls", max_iter=2_000,
    )  # fmt: skip
    flows = np.zeros(prior.size)
    flows[going] = np.maximum(found.x[: len(before)], 0.0)
    return flows.reshape(prior.shape), int(found.nit)


def _gradient(prior: FloatArray, limits: ODLimits, _trust: float) -> tuple[FloatArray, int]:
    """Return the matrix after steps of Spiess, which keep zeros, along missed counts only."""
    flows = prior.ravel().copy()
    passing = limits.passing
    if passing is None:
        return prior, 0
    count = 0
    for count in range(1, GRADIENT_STEPS + 1):  # noqa: B007  # how many there were
        passed = np.asarray(passing @ flows)
        miss = np.minimum(passed - limits.point_low, 0.0)
        miss += np.maximum(passed - limits.point_high, 0.0)
        if np.abs(miss).max(initial=0.0) <= MET * max(1.0, limits.point_low.max(initial=0.0)) / 10:
            break
        slope = np.asarray(passing.T @ miss)
        change = -np.asarray(passing @ (flows * slope))
        below = float(change @ change)
        if below == 0:
            break
        step = float(-miss @ change) / below
        steepest = float(slope.max(initial=0.0))
        if steepest > 0:
            step = min(step, 0.9 / steepest)
        flows *= 1 - step * slope
    return flows.reshape(prior.shape), count

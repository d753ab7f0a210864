"""OD matrices from margins: exact, partly known, in intervals, or contradicting each other."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from mobility_geo.errors import InputError, labels
from mobility_geo.flows.entropy import MOST_ROUNDS, nearest_matrix
from mobility_geo.flows.feasibility import possible_pairs, relax_limits
from mobility_geo.flows.od_estimate import (
    BoolArray,
    FloatArray,
    ODEstimate,
    ODLimits,
    cost_matrix,
    margin_limits,
    name_cells,
    pair_table,
)
from mobility_geo.flows.od_prior import pair_labels

FIRST_ROUNDS: Final = 2_000
"""After so many rounds without an end it is asked whether there is any matrix at all."""

GOOD_ENOUGH: Final = 1e-4
"""A residual above this share of the largest sum is an error, below it a warning."""


def margins_table(
    origins: Mapping[str, float | tuple[float, float | None]],
    destinations: Mapping[str, float | tuple[float, float | None]],
    total_persons: float | tuple[float, float | None] | None = None,
) -> pd.DataFrame:
    """Return margins as a table.

    Parameters
    ----------
    origins, destinations
        People by zone: a number, or (low, high) with None where there is no upper limit. A zone
        that is left out is not known.
    total_persons
        All people, in the same form; None: not known.

    Returns
    -------
    pandas.DataFrame
        Schema `mobility_geo.schema.MARGINS`.

    Examples
    --------
    >>> margins_table({"bamako": 998}, {"gao": (306, None)})["high_persons"].tolist()
    [998.0, nan]
    """
    rows = []
    for side, values in (("origin", origins), ("destination", destinations),
                         ("total", {} if total_persons is None else {"all": total_persons}),
                         ):  # fmt: skip
        for zone, value in values.items():
            low, high = value if isinstance(value, tuple) else (value, value)
            rows.append((side, zone, low, np.nan if high is None else high, None))
    columns = ["side", "zone_id", "low_persons", "high_persons", "source"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"low_persons": float, "high_persons": float})


def estimate_from_margins(
    margins: pd.DataFrame,
    *,
    prior: pd.DataFrame | None = None,
    origins: Iterable[str] | None = None,
    destinations: Iterable[str] | None = None,
    tolerance: float = 0.0,
) -> ODEstimate:
    """Estimate the OD matrix of greatest entropy among those that keep to margins.

    Margins may be exact, intervals, or not known at all; the total may be known where they are
    not. Nothing is smeared: margins that contradict each other are an error which names the block,
    unless a tolerance lets them give way, and then it is told which did and by how much.

    Parameters
    ----------
    margins
        Schema `mobility_geo.schema.MARGINS`.
    prior
        What is known of the pairs beforehand: weights >= 0 as a matrix, or as a long table with
        ``origin_id``, ``destination_id`` and ``flow_persons``. A pair of weight 0, or without a
        row, stays 0; one whose weight is missing is an error, see `fill_prior`. Left out: all pairs
        weigh the same.
    origins, destinations
        Ids of rows and columns; left out: those of the prior, else of the margins.
    tolerance
        Largest share by which a margin may be moved where they contradict each other.

    Returns
    -------
    ODEstimate
        In `ODEstimate.relaxed`, the margins that had to be moved.

    Raises
    ------
    SchemaError
        If the margins break their schema.
    InputError
        If margins contradict each other beyond the tolerance, or the prior is no table of weights.
    UnknownIdError
        If an origin or destination is not in the prior.

    Notes
    -----
    Zones without a margin get people as the prior has them, scaled as the zones with a margin are:
    without a prior, as many as those have on average. The estimate is the flattest matrix, not the
    true one; `add_intervals` says how far others differ that keep to the same margins.

    References
    ----------
    Wilson, A. G. (1967). A statistical theory of spatial distribution models. doi
    10.1016/0041-1647(67)90035-4.

    Deming, W. E., Stephan, F. F. (1940). doi 10.1214/aoms/1177731829.

    Examples
    --------
    >>> margins = margins_table(
    ...     {"bamako": 998, "mopti": 507, "segou": 308, "sikasso": 205, "other": 292},
    ...     {"timbuktu": 1028, "mopti": 962, "gao": 306, "other": 14},
    ... )
    >>> found = estimate_from_margins(margins)
    >>> round(found.persons()), len(found.relaxed)
    (2310, 0)
    """
    mine = {
        side: [str(one) for one in margins.loc[margins["side"] == side, "zone_id"]]
        for side in ("origin", "destination")
    }
    if prior is None:
        rows = list(mine["origin"] if origins is None else map(str, origins))
        columns = list(mine["destination"] if destinations is None else map(str, destinations))
        weights = np.ones((len(rows), len(columns)))
    else:
        named = prior.rename(columns={"flow_persons": "weight"})
        if {"origin_id", "destination_id"} <= set(named.columns):
            _check_known(prior)
            # a pair without a row weighs nothing
            wide = named.pivot_table(
                index="origin_id", columns="destination_id", values="weight", aggfunc="sum",
                fill_value=0.0, sort=False,
            )  # fmt: skip
        else:
            wide = prior
        full = cost_matrix(wide, origins=origins, destinations=destinations)
        rows, columns = list(full.index), list(full.columns)
        weights = full.to_numpy(dtype=float)
        if not np.isfinite(weights).all():
            msg = "prior: weights must be finite numbers >= 0"
            raise InputError(msg)
    if not rows or not columns:
        msg = "margins: no origin, or no destination; name them with origins= and destinations="
        raise InputError(msg)
    return solve_limits(
        weights, margin_limits(margins, rows, columns), tuple(rows), tuple(columns),
        method="entropy-maximising within margins", tolerance=tolerance,
    )  # fmt: skip


def _check_known(prior: pd.DataFrame) -> None:
    """Check that every pair of a prior has a weight.

    Raises
    ------
    InputError
        If one is missing: it would become a pair that nobody can travel.
    """
    gone = prior["flow_persons"].isna()
    if bool(gone.any()):
        msg = (
            f"prior: {pair_labels(prior[gone])}; give them one with fill_prior, or leave their "
            "rows out where nobody can go"
        )
        raise InputError(msg)


def solve_limits(  # noqa: PLR0913
    prior: FloatArray,
    limits: ODLimits,
    origins: tuple[str, ...],
    destinations: tuple[str, ...],
    *,
    method: str,
    pairs: BoolArray | None = None,
    tolerance: float = 0.0,
    keep_scale: bool = False,
    parameters: Mapping[str, float] = MappingProxyType({}),
    warnings: Collection[str] = (),
) -> ODEstimate:
    """Return the matrix nearest to a prior one within limits, relaxed as far as is allowed.

    Parameters
    ----------
    prior
        Weights >= 0, shape (origins, destinations).
    limits
        Lows and highs of the sums.
    origins, destinations
        Ids.
    method
        Words for `ODEstimate.method`.
    pairs
        Which pairs can be travelled; those of a prior above 0 if left out.
    tolerance
        Largest share by which a limit may be moved.
    keep_scale
        Whether the prior is people already; else it is scaled to the people that are known of.
    parameters, warnings
        Taken over into the estimate.

    Returns
    -------
    ODEstimate
        With the limits that it keeps to.

    Raises
    ------
    InputError
        If the limits contradict each other beyond the tolerance, or balancing does not end.

    Examples
    --------
    >>> from mobility_geo.flows.od_estimate import no_limits
    >>> solve_limits(np.ones((1, 2)), no_limits(1, 2), ("a",), ("b", "c"), method="x").persons()
    2.0
    """
    if np.isnan(tolerance) or tolerance < 0:
        msg = f"tolerance must be a share >= 0 (0.05: five of a hundred), not {tolerance!r}"
        raise InputError(msg)
    open_pairs = (prior > 0) if pairs is None else pairs
    said = list(warnings)
    weights = np.where(open_pairs, prior, 0.0)
    if not keep_scale:
        weights = weights * _known_scale(weights, limits)
    relaxed = None
    found = nearest_matrix(weights, limits, most_rounds=FIRST_ROUNDS)
    kept = limits
    if not found.converged:
        fit = relax_limits(
            open_pairs, limits, origins=origins, destinations=destinations, tolerance=tolerance
        )
        kept, relaxed = fit.limits, fit.table
        if limits.passing is None:
            possible = possible_pairs(open_pairs, kept, fit.flows)
            forced = open_pairs & ~possible
            if forced.any():
                first = name_cells(forced, origins, destinations)
                said.append(
                    f"{int(forced.sum())} pairs have a way, but margins leave nobody for them: "
                    f"{labels(first)}"
                )
            weights = np.where(possible, weights, 0.0)
        found = nearest_matrix(weights, kept, most_rounds=MOST_ROUNDS)
        ends = np.concatenate([kept.low(), kept.high()])
        share = found.residual / max(1.0, float(ends[np.isfinite(ends)].max(initial=0.0)))
        if not found.converged and not share <= GOOD_ENOUGH:
            msg = (
                f"balancing did not end in {found.iterations:,} rounds: a sum is still "
                f"{found.residual:,.4g} persons off; weights of the pairs differ too much, take a "
                "weaker deterrence"
            )
            raise InputError(msg)
        if not found.converged:
            said.append(
                f"balancing stopped after {found.iterations:,} rounds with a sum "
                f"{found.residual:,.2g} persons off"
            )
        if len(relaxed):
            moved = (relaxed["after_persons"] - relaxed["before_persons"]).abs()
            said.append(
                f"{len(relaxed)} margins contradicted each other and were moved by "
                f"{float(moved.sum()):,.6g} persons in all, at most by "
                f"{float((moved / relaxed['before_persons'].clip(lower=1e-9)).max()):.2%}"
            )
    more = {} if relaxed is None else {"relaxed": relaxed}
    return ODEstimate(
        table=pair_table(origins, destinations, found.flows, open_pairs), method=method,
        origin_ids=origins, destination_ids=destinations, limits=kept, parameters=parameters,
        iterations=found.iterations, residual_persons=found.residual, warnings=tuple(said), **more,
    )  # fmt: skip


def _known_scale(prior: FloatArray, limits: ODLimits) -> float:
    """Return by what the prior is multiplied, so that it has the people where they are known."""
    if limits.total_low > 0:
        known, weights = limits.total_low, prior
    else:
        sent, taken = limits.origin_low, limits.destination_low
        if sent.sum() >= taken.sum():
            known, weights = float(sent.sum()), prior[sent > 0]
        else:
            known, weights = float(taken.sum()), prior[:, taken > 0]
    whole = float(weights.sum())
    return known / whole if known > 0 and whole > 0 else 1.0

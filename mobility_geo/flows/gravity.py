"""Gravity models of OD flows: unconstrained, singly and doubly constrained, and their fitting."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from mobility_geo.errors import InputError, labels
from mobility_geo.flows.entropy import nearest_matrix
from mobility_geo.flows.feasibility import least_cost
from mobility_geo.flows.margins import solve_limits
from mobility_geo.flows.od_estimate import (
    BoolArray,
    FloatArray,
    ODEstimate,
    ODLimits,
    cost_matrix,
    margin_limits,
    name_cells,
    no_limits,
    pair_table,
)

Kind = Literal["exponential", "power", "tanner"]
Constraint = Literal["none", "origins", "destinations", "both"]
KINDS: Final[tuple[Kind, ...]] = ("exponential", "power", "tanner")
CONSTRAINTS: Final[tuple[Constraint, ...]] = ("none", "origins", "destinations", "both")
HYMAN_STEPS: Final = 60
NEWTON_STEPS: Final = 100
COST_SHARE: Final = 1e-9
"""A mean cost that differs by less than this share is met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deterrence:
    """How strongly cost keeps people from going: ``exp(-rate c)``, ``c^-power``, or both (Tanner).

    Parameters
    ----------
    kind
        ``exponential``, ``power`` or ``tanner``.
    rate
        Per unit of cost (per minute, if cost is in minutes); exponential and Tanner.
    power
        Without a unit; power and Tanner.

    Raises
    ------
    InputError
        If the kind is unknown, a number is not finite, or one is given that the kind has not.

    Examples
    --------
    >>> Deterrence(kind="exponential", rate=0.1).factors([0.0, 10.0]).round(3).tolist()
    [1.0, 0.368]
    """

    kind: Kind
    rate: float = 0.0
    power: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises
        ------
        InputError
            If the kind is unknown, or a number does not belong to it.
        """
        problems = []
        if self.kind not in KINDS:
            problems.append(f"deterrence: unknown kind {self.kind!r}; known: {', '.join(KINDS)}")
        if not (np.isfinite(self.rate) and np.isfinite(self.power)):
            problems.append("deterrence: rate and power must be finite numbers")
        if self.kind == "exponential" and self.power:
            problems.append("deterrence: exponential has a rate, no power; take kind='tanner'")
        if self.kind == "power" and self.rate:
            problems.append("deterrence: power has no rate; take kind='tanner'")
        if problems:
            raise InputError(problems)

    def logs(self, costs: object) -> FloatArray:
        """Return the logarithm of the factors; `-inf` where there is no way, 0 where no cost.

        Parameters
        ----------
        costs
            Costs >= 0; `inf`: no way, NaN: no cost is known, which deters nobody.

        Returns
        -------
        numpy.ndarray
            float64, the same shape.

        Raises
        ------
        InputError
            If a cost is 0 and the kind has a power: nothing can be said then.
        """
        values = np.asarray(costs, dtype=float)
        zero = values == 0
        if self.power and bool(zero.any()):
            msg = (
                f"deterrence: {int(zero.sum())} pairs cost 0, for which a power says nothing; "
                "leave pairs within one place out (within_place=False) or take kind='exponential'"
            )
            raise InputError(msg)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = -self.rate * values
            if self.power:
                logs = logs - self.power * np.log(values)
        logs = np.where(np.isposinf(values), -np.inf, logs)
        return np.where(np.isnan(values), 0.0, logs)

    def factors(self, costs: object) -> FloatArray:
        """Return the factors themselves, from 0 on."""
        return np.asarray(np.exp(self.logs(costs)), dtype=float)


def estimate_gravity(
    costs: pd.DataFrame,
    deterrence: Deterrence,
    *,
    margins: pd.DataFrame,
    constraint: Constraint = "both",
    impedance: str = "time_min",
    unlocated: Iterable[str] = (),
    within_place: bool = True,
    tolerance: float = 0.0,
) -> ODEstimate:
    """Estimate an OD matrix by a gravity model on costs from a network.

    Parameters
    ----------
    costs
        From `od_costs` or `skim_table`: a matrix (`inf`: no way) or a long table (no row: no way).
    deterrence
        How strongly cost deters.
    margins
        Schema `mobility_geo.schema.MARGINS`. Where a side is not constrained its margins are
        masses: flows are in proportion to them. A zone without a margin weighs 1, if no zone of
        its side has one; else it is an error for a mass, and not known for a constraint.
    constraint
        ``both``: the matrix keeps to the margins of origins and destinations; ``origins`` or
        ``destinations``: to those of one side; ``none``: to the total only, which must be given.
    impedance
        Column of a long table of costs.
    unlocated
        Ids that stand for no place ("other"): cost deters nobody from or to them.
    within_place
        Whether people may go from a place to itself.
    tolerance
        Largest share by which a margin may be moved where margins contradict each other.

    Returns
    -------
    ODEstimate
        Its parameters have the rate, the power and the ``mean_cost``.

    Raises
    ------
    SchemaError
        If the margins break their schema.
    InputError
        If margins contradict each other beyond the tolerance, a mass is missing, or the
        deterrence leaves a pair that has a way at 0.
    UnknownIdError
        If a margin names a place that the costs do not have.

    Notes
    -----
    With margins on both sides this is the matrix of greatest entropy with that mean cost. The
    deterrence is a habit of a time and a place: one that was fitted in peace need not hold in
    flight.

    References
    ----------
    Wilson, A. G. (1967, 1970). Entropy in urban and regional modelling. Pion.

    Examples
    --------
    >>> from mobility_geo.flows import margins_table
    >>> costs = pd.DataFrame([[1.0, 2.0], [2.0, 1.0]], index=["a", "b"], columns=["c", "d"])
    >>> margins = margins_table({"a": 60, "b": 40}, {"c": 50, "d": 50})
    >>> deterrence = Deterrence(kind="exponential", rate=1.0)
    >>> estimate_gravity(costs, deterrence, margins=margins).matrix().round().to_numpy().tolist()
    [[41.0, 19.0], [9.0, 31.0]]
    """
    model = _Model.of(costs, margins, constraint, impedance, unlocated, within_place=within_place)
    return model.solve(deterrence, tolerance)


def calibrate_mean_cost(  # noqa: PLR0913
    costs: pd.DataFrame,
    mean_cost: float,
    *,
    kind: Kind = "exponential",
    power: float = 0.0,
    margins: pd.DataFrame,
    constraint: Constraint = "both",
    impedance: str = "time_min",
    unlocated: Iterable[str] = (),
    within_place: bool = True,
    tolerance: float = 0.0,
) -> ODEstimate:
    """Estimate a gravity model whose people travel as far on average as was observed.

    Parameters
    ----------
    costs, margins, constraint, impedance, unlocated, within_place, tolerance
        See `estimate_gravity`.
    mean_cost
        Mean cost over all people on pairs with a cost, in the unit of the costs.
    kind
        ``exponential`` finds the rate, ``power`` the power, ``tanner`` the rate at a given power.
    power
        For ``tanner``.

    Returns
    -------
    ODEstimate
        Its parameters have what was found.

    Raises
    ------
    InputError
        If no deterrence gives that mean cost; the message says what can be had.

    References
    ----------
    Hyman, G. M. (1969). The calibration of trip distribution models. doi 10.1068/a010105.

    Examples
    --------
    >>> from mobility_geo.flows import margins_table
    >>> costs = pd.DataFrame([[1.0, 2.0], [2.0, 1.0]], index=["a", "b"], columns=["c", "d"])
    >>> margins = margins_table({"a": 50, "b": 50}, {"c": 50, "d": 50})
    >>> found = calibrate_mean_cost(costs, 1.25, margins=margins)
    >>> round(found.parameters["rate_per_unit"], 4)  # ln 3: three of four take the near one
    1.0986
    """
    model = _Model.of(costs, margins, constraint, impedance, unlocated, within_place=within_place)
    if not (np.isfinite(mean_cost) and mean_cost >= 0):
        msg = f"mean_cost must be a finite number >= 0 in the unit of the costs, not {mean_cost!r}"
        raise InputError(msg)
    start = _deterrence(kind, 0.0, power)
    flat = model.solve(start, tolerance)  # an impossible block is named here, once
    fixed = replace(model, limits=flat.limits or model.limits)

    def mean_at(value: float) -> float:
        return fixed.mean_cost(fixed.flows(_deterrence(kind, value, power)))

    found = _hyman(mean_at, mean_cost, fixed.mean_cost(flat.matrix().to_numpy()), kind)
    if found is None:
        least, most = fixed.reach()
        msg = (
            f"no deterrence gives a mean cost of {mean_cost:g}: with these margins and ways it is "
            f"{least:.4g} to {most:.4g}, both ends left out"
        )
        raise InputError(msg)
    value, steps = found
    estimate = model.solve(_deterrence(kind, value, power), tolerance)
    said = list(estimate.warnings)
    if value < 0:
        said.append(
            "the deterrence is negative: people go farther than if distance did not matter; look "
            "whether costs and margins belong together"
        )
    return replace(
        estimate, method=f"{estimate.method}, calibrated to a mean cost (Hyman)",
        parameters=MappingProxyType({**estimate.parameters, "calibration_steps": float(steps)}),
        warnings=tuple(said),
    )  # fmt: skip


def _deterrence(kind: Kind, value: float, power: float = 0.0) -> Deterrence:
    if kind == "power":
        return Deterrence(kind="power", power=value)
    return Deterrence(kind=kind, rate=value, power=power)


def _hyman(  # noqa: C901
    mean_at: Callable[[float], float], wanted: float, flat: float, kind: Kind
) -> tuple[float, int] | None:
    """Return the parameter that gives a mean cost, by Hyman's secant kept inside a bracket."""
    close = COST_SHARE * max(abs(wanted), 1e-12)
    if abs(flat - wanted) <= close:
        return 0.0, 0
    unit = 1.0 if kind == "power" else 1.0 / max(flat, wanted, 1e-12)
    sign = 1.0 if wanted < flat else -1.0
    inner, inner_cost = 0.0, flat
    outer = sign * unit
    steps = 0
    while True:
        outer_cost = mean_at(outer)
        steps += 1
        if not np.isfinite(outer_cost) or steps > HYMAN_STEPS:
            return None
        if (outer_cost - wanted) * sign <= 0:
            break
        inner, inner_cost = outer, outer_cost
        outer *= 2
    for _ in range(HYMAN_STEPS):
        if abs(outer_cost - wanted) <= close:
            return outer, steps
        guess = ((wanted - inner_cost) * outer - (wanted - outer_cost) * inner) / (
            outer_cost - inner_cost
        )
        low, high = sorted((inner, outer))
        if not low < guess < high or steps % 3 == 0:
            guess = (low + high) / 2  # a secant can creep from one side
        cost = mean_at(guess)
        steps += 1
        if abs(cost - wanted) <= close:
            return guess, steps
        if (cost - wanted) * sign <= 0:
            outer, outer_cost = guess, cost
        else:
            inner, inner_cost = guess, cost
        if abs(outer - inner) <= 1e-13 * max(1.0, abs(outer)):
            return outer, steps
    return outer, steps


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Model:
    """Costs, masses and limits of a gravity model."""

    costs: FloatArray
    pairs: BoolArray
    masses: FloatArray
    limits: ODLimits
    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    constraint: Constraint
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        costs: pd.DataFrame,
        margins: pd.DataFrame,
        constraint: Constraint,
        impedance: str,
        unlocated: Iterable[str],
        *,
        within_place: bool,
    ) -> "_Model":
        """Gather what a gravity model needs.

        Raises
        ------
        InputError
            If the constraint is unknown, a mass is missing, or the total is.
        """
        if constraint not in CONSTRAINTS:
            msg = f"unknown constraint {constraint!r}; known: {', '.join(CONSTRAINTS)}"
            raise InputError(msg)
        free = [str(one) for one in unlocated]
        rows, columns = (_ends(costs, margins, side) for side in ("origin", "destination"))
        wide = cost_matrix(
            costs, origins=rows, destinations=columns, impedance=impedance, unlocated=free
        )
        values = wide.to_numpy(dtype=float, copy=True)
        if free:
            values[np.isin(rows, free), :] = np.nan
            values[:, np.isin(columns, free)] = np.nan
        pairs = ~np.isposinf(values)
        if not within_place:
            pairs &= np.array(rows, dtype=object)[:, None] != np.array(columns, dtype=object)
        given = margin_limits(margins, rows, columns)
        masses = np.ones(values.shape)
        limits = no_limits(*values.shape)
        if constraint in {"both", "origins"}:
            limits = replace(limits, origin_low=given.origin_low, origin_high=given.origin_high)
        else:
            masses = masses * _mass(margins, "origin", rows)[:, None]
        if constraint in {"both", "destinations"}:
            limits = replace(
                limits, destination_low=given.destination_low,
                destination_high=given.destination_high,
            )  # fmt: skip
        else:
            masses = masses * _mass(margins, "destination", columns)
        limits = replace(limits, total_low=given.total_low, total_high=given.total_high)
        if constraint == "none" and not (given.total_low > 0 or np.isfinite(given.total_high)):
            msg = "an unconstrained gravity model needs the total: a margin of the side 'total'"
            raise InputError(msg)
        said: tuple[str, ...] = ()
        there = [one for one in (*rows, *columns) if one in free]
        if there:
            said = (
                f"{labels(dict.fromkeys(there))}: no place, cost deters nobody from or to them",
            )
        return cls(
            costs=values, pairs=pairs, masses=masses, limits=limits, origins=tuple(rows),
            destinations=tuple(columns), constraint=constraint, warnings=said,
        )  # fmt: skip

    def prior(self, deterrence: Deterrence) -> FloatArray:
        """Return masses times deterrence, 0 where there is no way.

        Raises
        ------
        InputError
            If the deterrence is too strong for the numbers of a computer.
        """
        if not self.pairs.any():
            return np.zeros(self.costs.shape)
        logs = np.full(self.costs.shape, -np.inf)
        logs[self.pairs] = deterrence.logs(self.costs[self.pairs])
        # relative to the nearest pair, so that long journeys do not underflow
        weights = np.exp(logs - logs.max(initial=-np.inf, where=self.pairs))
        lost = self.pairs & (weights == 0)
        if lost.any():
            i, j = np.argwhere(lost)[0]
            msg = (
                f"deterrence: {int(lost.sum())} pairs that have a way come out as 0, e.g. "
                f"[{self.origins[i]!r} to {self.destinations[j]!r}, cost {self.costs[i, j]:g}]: "
                "the rate is too large for the unit of the costs"
            )
            raise InputError(msg)
        return np.asarray(np.where(self.pairs, weights, 0.0) * self.masses, dtype=float)

    def solve(self, deterrence: Deterrence, tolerance: float) -> ODEstimate:
        """Return the estimate."""
        words = {"none": "unconstrained", "origins": "constrained at origins",
                 "destinations": "constrained at destinations",
                 "both": "doubly constrained"}[self.constraint]  # fmt: skip
        estimate = solve_limits(
            self.prior(deterrence), self.limits, self.origins, self.destinations,
            method=f"gravity, {words}, {deterrence.kind} deterrence", pairs=self.pairs,
            tolerance=tolerance, warnings=self.warnings,
        )  # fmt: skip
        mean = self.mean_cost(estimate.matrix().to_numpy())
        return replace(
            estimate,
            parameters=MappingProxyType(
                {"rate_per_unit": deterrence.rate, "power": deterrence.power, "mean_cost": mean}
            ),
        )

    def flows(self, deterrence: Deterrence) -> FloatArray:
        """Return the flows alone, for limits that are known to fit; NaN where they do not end."""
        try:
            prior = self.prior(deterrence)
        except InputError:
            return np.full(self.costs.shape, np.nan)
        prior = prior * (max(self.limits.low().max(), 1.0) / prior.sum())
        found = nearest_matrix(prior, self.limits)
        return found.flows if found.residual < np.inf else np.full(self.costs.shape, np.nan)

    def mean_cost(self, flows: FloatArray) -> float:
        """Return the mean cost over people on pairs that have a cost."""
        known = self.pairs & np.isfinite(self.costs)
        people = float(flows[known].sum())
        return float((flows[known] * self.costs[known]).sum() / people) if people else np.nan

    def reach(self) -> tuple[float, float]:
        """Return the least and the largest mean cost that the limits allow."""
        rows = self.limits.rows(self.pairs)
        low, high = self.limits.low(), self.limits.high()
        top = np.isfinite(high)
        cost = np.nan_to_num(self.costs[self.pairs])
        ends = []
        for sign in (1.0, -1.0):
            found = least_cost(
                sign * cost, sparse.csr_array(sparse.vstack([-rows, rows[np.flatnonzero(top)]])),
                np.concatenate([-low, high[top]]),
            )  # fmt: skip
            flows = np.zeros(self.costs.shape)
            if found.success:
                flows[self.pairs] = found.x
            ends.append(self.mean_cost(flows))
        return ends[0], ends[1]


def _ends(costs: pd.DataFrame, margins: pd.DataFrame, side: str) -> list[str]:
    """Return the ids of a side: those with a margin, else all of the costs."""
    mine = [str(one) for one in margins.loc[margins["side"] == side, "zone_id"]]
    if mine:
        return list(dict.fromkeys(mine))
    wide = "origin_id" in costs.columns
    names = costs[f"{side}_id"] if wide else (costs.index if side == "origin" else costs.columns)
    return list(dict.fromkeys(str(one) for one in names))


def _mass(margins: pd.DataFrame, side: str, ids: list[str]) -> FloatArray:
    """Return the mass of each end: the middle of its margin, 1 if no end of the side has one.

    Raises
    ------
    InputError
        If a margin has no upper limit: it is no mass.
    """
    mine = margins[margins["side"] == side]
    if not len(mine):
        return np.ones(len(ids))
    low = mine["low_persons"].to_numpy(dtype=float)
    high = mine["high_persons"].to_numpy(dtype=float)
    if np.isnan(high).any():
        lost = mine["zone_id"].to_numpy(dtype=object)[np.isnan(high)]
        msg = f"margins: {side}s are masses here and need a number, not a low only: {labels(lost)}"
        raise InputError(msg)
    values = pd.Series((low + high) / 2, index=[str(one) for one in mine["zone_id"]])
    return values.reindex(ids).to_numpy(dtype=float)


def fit_poisson(
    flows: pd.DataFrame,
    costs: pd.DataFrame,
    *,
    kind: Kind = "exponential",
    constraint: Constraint = "both",
    masses: Mapping[str, pd.Series] | None = None,
    impedance: str = "time_min",
    within_place: bool = True,
) -> ODEstimate:
    """Fit a gravity model to observed flows by maximum likelihood, flows being Poisson.

    Parameters
    ----------
    flows
        Observed people: ``origin_id``, ``destination_id``, ``flow_persons``; several rows of one
        pair are added. A pair without a row is 0; one whose figure is missing (withheld) is left
        out of the likelihood, and its flow is what the fitted model says.
    costs
        As for `estimate_gravity`.
    kind
        Deterrence to fit: the rate, the power, or both (Tanner).
    constraint
        ``both``: a factor for each origin and each destination is fitted too; ``origins`` or
        ``destinations``: for one side, the other side by a power of its mass; ``none``: one
        constant, and powers of the masses of both sides.
    masses
        Masses > 0 of ``origin`` and ``destination`` by id, for the sides without factors.
    impedance
        Column of a long table of costs.
    within_place
        Whether pairs within one place are part of the model.

    Returns
    -------
    ODEstimate
        Fitted flows. Parameters: ``rate_per_unit`` and ``power`` with ``..._error`` (standard
        errors), ``mass_power_origin`` and the like, ``deviance``, ``dispersion`` (Pearson's
        chi-square by degrees of freedom: above 1 the true errors are larger by its root).

    Raises
    ------
    InputError
        If flows are negative, people are seen on pairs without a way, an end has no figure at all
        or no mass, or there is no largest likelihood.
    UnknownIdError
        If a flow names a place that the costs do not have.

    Notes
    -----
    With factors on both sides the fitted flows have the margins and the mean cost that were
    observed: it is the doubly constrained model calibrated by Hyman's condition. Counts of groups
    that travel together vary more than Poisson: look at ``dispersion``.

    References
    ----------
    Flowerdew, R., Aitkin, M. (1982). A method of fitting the gravity model based on the Poisson
    distribution. doi 10.1111/j.1467-9787.1982.tb00744.x.

    Examples
    --------
    >>> costs = pd.DataFrame([[1.0, 2.0], [2.0, 1.0]], index=["a", "b"], columns=["c", "d"])
    >>> seen = pd.DataFrame(
    ...     {"origin_id": list("aabb"), "destination_id": list("cdcd"),
    ...      "flow_persons": [30, 10, 10, 30]}
    ... )  # fmt: skip
    >>> round(fit_poisson(seen, costs).parameters["rate_per_unit"], 4)  # ln 3
    1.0986
    """
    if constraint not in CONSTRAINTS:
        msg = f"unknown constraint {constraint!r}; known: {', '.join(CONSTRAINTS)}"
        raise InputError(msg)
    wide = cost_matrix(costs, impedance=impedance)
    places = list(wide.index), list(wide.columns)
    gone = flows["flow_persons"].isna()
    seen = observed_matrix(flows[~gone], *places)
    unseen = observed_matrix(flows[gone].assign(flow_persons=1.0), *places) > 0
    values = wide.to_numpy(dtype=float)
    pairs = np.isfinite(values)
    if not within_place:
        pairs &= np.array(wide.index)[:, None] != np.array(wide.columns)
    astray = (seen > 0) & ~pairs
    if astray.any():
        first = name_cells(astray, *places)
        msg = (
            f"flows: {seen[astray].sum():,.6g} persons were seen on {int(astray.sum())} pairs that "
            f"have no way: {labels(first)}; take the costs of the time of the counts, or leave the "
            "rows out"
        )
        raise InputError(msg)
    known = pairs & ~unseen
    seen = np.where(known, seen, 0.0)
    if not seen.sum() > 0:
        msg = "flows: nobody was seen; nothing can be fitted"
        raise InputError(msg)
    _check_figures(pairs, known, constraint, places)
    terms, names = _terms(kind, values, pairs)
    for side, ids in (("origin", wide.index), ("destination", wide.columns)):
        if constraint in {"both", f"{side}s"}:
            continue
        mass = (masses or {}).get(side)
        logs = np.zeros(len(ids)) if mass is None else _log_mass(mass, side, list(ids))
        if mass is not None:
            terms.append(np.broadcast_to(logs[:, None] if side == "origin" else logs, seen.shape))
            names.append(f"mass_power_{side}")
    limits = _exact(seen, constraint)
    beta, fitted, errors, rounds = _fit(seen, known, np.array(terms), limits, constraint, names)
    signed = {
        name: float(-value if name in {"rate_per_unit", "power"} else value)
        for name, value in zip(names, beta, strict=True)
    }
    parameters: dict[str, float] = {"rate_per_unit": 0.0, "power": 0.0, **signed}
    parameters |= {f"{name}_error": float(e) for name, e in zip(names, errors, strict=True)}
    parameters |= _goodness(seen, fitted, known, len(names), constraint)
    people = fitted[known].sum()
    parameters["mean_cost"] = float((fitted[known] * values[known]).sum() / people)
    said = []
    untold = pairs & ~known
    if untold.any():
        lost = name_cells(untold, *places)
        said.append(
            f"{int(untold.sum())} pairs without a figure are left out of the fit, and have "
            f"{fitted[untold].sum():,.6g} persons by the fitted model: {labels(lost)}"
        )
    if parameters["dispersion"] > 2:  # noqa: PLR2004
        said.append(
            f"flows vary {parameters['dispersion']:.1f} times as much as Poisson: true standard "
            f"errors are about {parameters['dispersion'] ** 0.5:.1f} times as large"
        )
    origins, destinations = tuple(wide.index), tuple(wide.columns)
    return ODEstimate(
        table=pair_table(origins, destinations, fitted, pairs),
        method=f"gravity, Poisson maximum likelihood, {kind} deterrence, factors: {constraint}",
        origin_ids=origins, destination_ids=destinations, limits=None if untold.any() else limits,
        parameters=MappingProxyType(parameters), iterations=rounds, warnings=tuple(said),
    )  # fmt: skip


def _check_figures(
    pairs: BoolArray, known: BoolArray, constraint: Constraint, places: tuple[list[str], list[str]]
) -> None:
    """Check that each factor has a figure to be fitted to.

    Raises
    ------
    InputError
        If an end has pairs, but no figure of any.
    """
    problems = []
    for axis, side in ((1, "origin"), (0, "destination")):
        lost = np.array(places[1 - axis], dtype=object)[
            pairs.any(axis=axis) & ~known.any(axis=axis)
        ]
        if constraint in {"both", f"{side}s"} and len(lost):
            problems.append(
                f"flows: no figure of {len(lost)} {side}s is known, so that they have no factor: "
                f"{labels(lost)}; leave them out, or fit without factors of {side}s (constraint)"
            )
    if problems:
        raise InputError(problems)


def observed_matrix(flows: pd.DataFrame, origins: list[str], destinations: list[str]) -> FloatArray:
    """Return a long table of observed people as a matrix.

    Parameters
    ----------
    flows
        ``origin_id``, ``destination_id``, ``flow_persons``; rows of one pair are added.
    origins, destinations
        Ids of rows and columns.

    Returns
    -------
    numpy.ndarray
        People; 0 for a pair without a row.

    Raises
    ------
    InputError
        If people are negative or missing, or a row names an unknown origin or destination.

    Examples
    --------
    >>> seen = pd.DataFrame({"origin_id": ["a"], "destination_id": ["b"], "flow_persons": [3]})
    >>> observed_matrix(seen, ["a"], ["b"]).tolist()
    [[3.0]]
    """
    problems = []
    people = pd.to_numeric(flows["flow_persons"], errors="coerce").to_numpy(dtype=float)
    wrong = ~(np.isfinite(people) & (people >= 0))
    if wrong.any():
        problems.append(
            f"flows: flow_persons must be finite numbers >= 0; wrong in {int(wrong.sum())} rows, "
            f"e.g. {labels(flows.index[wrong])}; leave a flow that is not known out"
        )
    at = []
    for side, ids in (("origin", origins), ("destination", destinations)):
        names = flows[f"{side}_id"].astype(str)
        where = pd.Index(ids).get_indexer(pd.Index(names))
        lost = names[where < 0]
        if len(lost):
            gone = people[where < 0]
            problems.append(
                f"flows: {len(lost)} rows with {np.nansum(gone):,.6g} persons name a {side} that "
                f"is not known: {labels(dict.fromkeys(lost))}"
            )
        at.append(where)
    if problems:
        raise InputError(problems)
    matrix = np.zeros((len(origins), len(destinations)))
    np.add.at(matrix, (at[0], at[1]), people)
    return matrix


def _terms(kind: Kind, costs: FloatArray, pairs: BoolArray) -> tuple[list[FloatArray], list[str]]:
    """Return what the logarithm of a flow depends on, by pair.

    Raises
    ------
    InputError
        If the kind is unknown, or a cost of 0 has no logarithm.
    """
    if kind not in KINDS:
        msg = f"unknown kind {kind!r}; known: {', '.join(KINDS)}"
        raise InputError(msg)
    known = np.where(pairs, costs, 1.0)
    terms, names = [], []
    if kind in {"exponential", "tanner"}:
        terms.append(known)
        names.append("rate_per_unit")
    if kind in {"power", "tanner"}:
        if (known == 0).any():
            msg = (
                f"costs: {int((known == 0).sum())} pairs cost 0, for which a power says nothing; "
                "leave pairs within one place out (within_place=False)"
            )
            raise InputError(msg)
        terms.append(np.log(known))
        names.append("power")
    return terms, names


def _log_mass(mass: pd.Series, side: str, ids: list[str]) -> FloatArray:
    """Return the logarithms of masses.

    Raises
    ------
    InputError
        If one is missing or not above 0.
    """
    values = mass.set_axis([str(one) for one in mass.index]).reindex(ids).to_numpy(dtype=float)
    wrong = ~(values > 0)
    if wrong.any():
        msg = f"masses: {side}s need a mass above 0: {labels(np.array(ids)[wrong])}"
        raise InputError(msg)
    return np.asarray(np.log(values), dtype=float)


def _exact(seen: FloatArray, constraint: Constraint) -> ODLimits:
    """Return the sums that a fit with factors reproduces."""
    limits = no_limits(*seen.shape)
    row, column, whole = seen.sum(axis=1), seen.sum(axis=0), float(seen.sum())
    if constraint in {"both", "origins"}:
        limits = replace(limits, origin_low=row, origin_high=row)
    if constraint in {"both", "destinations"}:
        limits = replace(limits, destination_low=column, destination_high=column)
    return replace(limits, total_low=whole, total_high=whole)


def _fit(
    seen: FloatArray,
    pairs: BoolArray,
    terms: FloatArray,
    limits: ODLimits,
    constraint: Constraint,
    names: list[str],
) -> tuple[FloatArray, FloatArray, FloatArray, int]:
    """Return coefficients, fitted flows, standard errors and steps, by Newton on the profile.

    Flows are those of the model for all pairs, fitted to those that are marked.

    Raises
    ------
    InputError
        If the likelihood has no maximum, or two terms say the same.
    """
    # terms in units of their own spread, so that one step size fits all
    inside = terms[:, pairs]
    middle, spread = inside.mean(axis=1), inside.std(axis=1)
    spread = np.where(spread > 0, spread, 1.0)
    shaped = (terms - middle[:, None, None]) / spread[:, None, None]
    beta = np.zeros(len(terms))
    wanted = np.array([(seen * term)[pairs].sum() for term in shaped])
    likely = -np.inf
    information = np.eye(len(terms))
    fitted = model = seen
    n, m = seen.shape
    step = np.zeros(len(terms))
    count = 0
    for count in range(1, NEWTON_STEPS + 1):  # noqa: B007  # how many there were
        logs = np.einsum("k,kij->ij", beta + step, shaped)
        every = np.exp(logs - logs[pairs].max())
        every *= seen.sum() / every[pairs].sum()
        weights = np.where(pairs, every, 0.0)
        found = nearest_matrix(weights, limits, tolerance=1e-11, most_rounds=5_000)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(seen > 0, seen * np.log(found.flows), 0.0).sum() - found.flows.sum()
        if not np.isfinite(value) or value < likely - 1e-9 * abs(likely):
            step = step / 2
            if np.abs(step).max() < 1e-12:  # noqa: PLR2004
                break
            continue
        beta, likely, fitted = beta + step, float(value), found.flows
        factors = np.exp(found.multipliers)
        model = every * factors[:n, None] * factors[n : n + m] * factors[n + m]
        score = wanted - np.array([(fitted * term)[pairs].sum() for term in shaped])
        plain = np.array([_without_factors(term, fitted, pairs, constraint) for term in shaped])
        information = np.einsum("ij,kij,lij->kl", fitted, plain, plain)
        if np.linalg.cond(information) > 1e12:  # noqa: PLR2004
            msg = (
                f"flows: {', '.join(names)} cannot be told apart from these flows: costs differ "
                "too little, or only by origin and destination"
            )
            raise InputError(msg)
        step = np.linalg.solve(information, score)
        if np.abs(step).max() < 1e-10:  # noqa: PLR2004
            break
    else:
        msg = (
            "flows: the likelihood has no maximum: flows leave no pair at a larger cost, so that "
            "any stronger deterrence fits better; take a mean cost, or more pairs"
        )
        raise InputError(msg)
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    return beta / spread, np.where(pairs, fitted, model), errors / spread, count


def _without_factors(
    term: FloatArray, weights: FloatArray, pairs: BoolArray, constraint: Constraint
) -> FloatArray:
    """Return a term less what factors of origins and destinations can say of it, weighted."""
    n, m = term.shape
    w = np.where(pairs, weights, 0.0)
    row, column = w.sum(axis=1), w.sum(axis=0)
    by_row, by_column = (w * term).sum(axis=1), (w * term).sum(axis=0)
    if constraint == "none":
        return np.asarray(np.where(pairs, term - by_row.sum() / w.sum(), 0.0), dtype=float)
    if constraint == "origins":
        mean = by_row / np.where(row > 0, row, 1.0)
        return np.asarray(np.where(pairs, term - mean[:, None], 0.0), dtype=float)
    if constraint == "destinations":
        mean = by_column / np.where(column > 0, column, 1.0)
        return np.asarray(np.where(pairs, term - mean, 0.0), dtype=float)
    normal = np.block([[np.diag(row), w], [w.T, np.diag(column)]])
    part = np.linalg.lstsq(normal, np.concatenate([by_row, by_column]), rcond=None)[0]
    return np.asarray(np.where(pairs, term - part[:n, None] - part[n : n + m], 0.0), dtype=float)


def _goodness(
    seen: FloatArray, fitted: FloatArray, pairs: BoolArray, terms: int, constraint: Constraint
) -> dict[str, float]:
    live = pairs & (fitted > 0)
    y, mu = seen[live], fitted[live]
    with np.errstate(divide="ignore", invalid="ignore"):
        deviance = 2 * (np.where(y > 0, y * np.log(y / mu), 0.0) - (y - mu)).sum()
    rows, columns = int(live.any(axis=1).sum()), int(live.any(axis=0).sum())
    factors = {"none": 1, "origins": rows, "destinations": columns, "both": rows + columns - 1}
    freedom = max(int(live.sum()) - factors[constraint] - terms, 0)
    pearson = float(((y - mu) ** 2 / mu).sum())
    return {"deviance": float(deviance), "degrees_of_freedom": float(freedom),
            "dispersion": pearson / freedom if freedom else 0.0}  # fmt: skip

"""Estimate an OD matrix from files: margins or counts, costs from a scenario or a table."""

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from mobility_geo.datasets import load_case, load_mali
from mobility_geo.errors import InputError, OutputError, labels
from mobility_geo.flows import (
    Deterrence,
    ODEstimate,
    ODMatrix,
    add_chance_intervals,
    add_intervals,
    bootstrap_poisson,
    calibrate_mean_cost,
    estimate_from_counts,
    estimate_from_margins,
    estimate_gravity,
    estimate_radiation,
    fill_prior,
    find_passages,
    fit_poisson,
    given_flows,
    od_costs,
)
from mobility_geo.flows.counts import METHODS as COUNTS_METHODS
from mobility_geo.flows.counts import Method as CountsMethod
from mobility_geo.flows.gravity import CONSTRAINTS, KINDS, Constraint, Kind
from mobility_geo.flows.od import GIVEN
from mobility_geo.flows.od_estimate import cost_matrix, name_pairs
from mobility_geo.flows.od_prior import add_pairs, pair_labels
from mobility_geo.routing.engine import METRICS
from mobility_geo.scenario import Case, TravellerClass
from mobility_geo.schema import OD_FLOWS, records, suggest
from mobility_geo.sources import (
    choose_dates,
    match_ids,
    read_costs,
    read_margins,
    read_od_table,
    read_table,
    read_zone_names,
)
from mobility_geo.sources.rows import match_columns, read_rows
from mobility_geo.units import Metric

Method = Literal["margins", "gravity", "fit", "radiation", "counts"]
METHODS: Final[tuple[Method, ...]] = ("margins", "gravity", "fit", "radiation", "counts")
MADE_OF_MARGINS: Final[tuple[Method, ...]] = ("margins", "gravity", "counts")
USED_BY: Final[Mapping[str, tuple[Method, ...]]] = MappingProxyType({
    "origins": (*MADE_OF_MARGINS, "radiation"), "destinations": (*MADE_OF_MARGINS, "radiation"),
    "margins": (*MADE_OF_MARGINS, "radiation"), "total_persons": MADE_OF_MARGINS,
    "tolerance": MADE_OF_MARGINS, "observed": ("margins", "fit", "counts"),
    "missing_prior": ("margins", "counts"), "costs": ("margins", "gravity", "fit", "radiation"),
    "deterrence": ("gravity", "fit"), "constraint": ("gravity", "fit"), "rate": ("gravity",),
    "power": ("gravity",), "mean_cost": ("gravity",), "population": ("radiation",),
    "counts": ("counts",), "points": ("counts",), "trust": ("counts",),
})  # fmt: skip
"""Fields of a request that some methods make nothing of, and the methods that use them."""

MISSING_PRIOR: Final = ("error", "neutral")
ENDINGS: Final = (".csv", ".parquet", ".json")
DIGITS: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class ODRequest:
    """What to estimate, and from which files.

    Parameters
    ----------
    method
        ``margins`` (greatest entropy), ``gravity``, ``fit`` (gravity by Poisson likelihood),
        ``radiation`` or ``counts``.
    origins, destinations, margins
        Files of margins: of one side, or with a column ``side``.
    total_persons
        All people.
    observed
        File of movements: prior of ``margins`` and ``counts``, observations of ``fit``.
    date, latest, sum_dates
        Which dates of these movements count, see `choose_dates`.
    costs
        File of costs.
    scenario
        Built-in scenario or scenario file that costs are computed under.
    zones
        File of zones that names are matched to, where there is no scenario.
    when, profile, nationality, impedance
        Day, way of travelling, passport and metric of these costs.
    deterrence, rate, power, mean_cost, constraint
        Of the gravity model: either numbers, or a mean cost to meet.
    population
        File with people by place, for ``radiation``; of the scenario's places if left out.
    counts, points
        Files: people counted by point, and edges that each point watches.
    counts_method, trust
        How counts correct the prior, see `estimate_from_counts`.
    missing_prior
        What to do with pairs of a prior without a figure: ``error``, or ``neutral``, see
        `fill_prior`. ``fit`` always leaves them out.
    unlocated
        Ids that stand for no place.
    aliases
        Names of the files and the ids that they mean.
    unmatched
        What to do with names that fit no place: ``error``, ``keep`` or ``leave_out``.
    tolerance
        Largest share by which margins and counts may be moved.
    draws, seed, share
        For intervals; 0 draws: none.

    Raises
    ------
    InputError
        Lists everything that is missing, does not go together, or would change nothing.

    Examples
    --------
    >>> ODRequest(method="margins", origins="from.csv", destinations="to.csv").impedance
    'time_min'
    """

    method: Method = "margins"
    origins: str | None = None
    destinations: str | None = None
    margins: str | None = None
    total_persons: float | None = None
    observed: str | None = None
    date: str | None = None
    latest: bool = False
    sum_dates: bool = False
    costs: str | None = None
    scenario: str | None = None
    zones: str | None = None
    when: str | None = None
    profile: str | None = None
    nationality: str | None = None
    impedance: Metric = "time_min"
    deterrence: Kind = "exponential"
    rate: float | None = None
    power: float | None = None
    mean_cost: float | None = None
    constraint: Constraint = "both"
    population: str | None = None
    counts: str | None = None
    points: str | None = None
    counts_method: CountsMethod = "entropy"
    trust: float = 1.0
    missing_prior: Literal["error", "neutral"] = "error"
    unlocated: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unmatched: Literal["error", "keep", "leave_out"] = "error"
    tolerance: float = 0.0
    draws: int = 0
    seed: int = 1
    share: float = 0.9

    def __post_init__(self) -> None:
        """Check what goes together, before any file is opened.

        Raises
        ------
        InputError
            Lists every problem.
        """
        problems = [
            f"unknown {name} {value!r}; known: {', '.join(known)}"
            for name, value, known in (
                ("method", self.method, METHODS), ("deterrence", self.deterrence, KINDS),
                ("constraint", self.constraint, CONSTRAINTS),
                ("impedance", self.impedance, METRICS),
                ("counts_method", self.counts_method, COUNTS_METHODS),
                ("missing_prior", self.missing_prior, MISSING_PRIOR),
            )
            if value not in known
        ]  # fmt: skip
        margins = any((self.origins, self.destinations, self.margins))
        needs: dict[str, list[tuple[bool, str]]] = {
            "margins": [(margins, "margins: --origins and --destinations, or --margins")],
            "gravity": [
                (margins, "margins: --origins and --destinations, or --margins"),
                (self._costs(), "costs: --costs, or --scenario"),
                (self._strength(), "a strength: --mean-cost, or --rate or --power"),
            ],
            "fit": [
                (self.observed is not None, "observed movements: --observed"),
                (self._costs(), "costs: --costs, or --scenario"),
            ],
            "radiation": [
                (margins, "people who leave: --origins"),
                (self._costs(), "costs: --costs, or --scenario"),
                (bool(self.population or self.scenario), "people by place: --population"),
            ],
            "counts": [
                (self.observed is not None, "a prior matrix: --observed"),
                (self.counts is not None, "counts: --counts"),
                (self.points is not None, "what points watch: --points"),
                (self.scenario is not None, "a network to pass on: --scenario"),
            ],
        }
        problems += [
            f"the method {self.method!r} needs {what}"
            for given, what in needs.get(self.method, [])
            if not given
        ]
        problems += self._without_effect()
        if self.costs and self.scenario and self.method != "counts":
            problems.append("costs come from --costs or from --scenario, not from both")
        if self.zones and self.scenario:
            problems.append("names are matched to --zones or to places of --scenario, not to both")
        if self.counts_method != "entropy" and (self.method != "counts" or self.draws):
            problems.append(
                "--counts-method goes with --method counts, and without --draws unless it is "
                "entropy: the others keep to no limits that matrices could be drawn within"
            )
        if self.scenario and not (self.profile and self.nationality):
            problems.append("costs of a scenario need --profile and --nationality")
        if problems:
            raise InputError(problems)

    def _without_effect(self) -> list[str]:
        """Return a sentence for each option that is given, but would change nothing."""
        given = {
            one.name
            for one in fields(self)
            if one.name != "aliases" and getattr(self, one.name) != one.default
        }
        given |= {"aliases"} if self.aliases else set()
        unused = [
            name for name, users in USED_BY.items()
            if name in given and self.method in METHODS and self.method not in users
        ]  # fmt: skip
        problems = [
            f"{_option(name)} goes with --method {' or '.join(USED_BY[name])}, not with "
            f"{self.method!r}; leave it out"
            for name in unused
        ]
        idle: tuple[tuple[bool, tuple[str, ...], str], ...] = (
            (self.observed is None, ("date", "latest", "sum_dates", "missing_prior"),
             "about --observed; give it, or leave them out"),
            (self.scenario is None, ("when", "profile", "nationality"),
             "about costs of --scenario; give it, or leave them out"),
            (not self._costs(), ("impedance",), "about costs: --costs, or --scenario; give them"),
            (not (self.zones or self.scenario), ("aliases", "unmatched"),
             "about names that are matched to --zones or --scenario; give one of these"),
            (not self.draws, ("share",), "about intervals; say how many --draws"),
            (self.mean_cost is not None, ("rate",), "what --mean-cost finds; give one of the two"),
            (self.mean_cost is not None and self.deterrence != "tanner", ("power",),
             "given beside --mean-cost with --deterrence tanner only; leave it out"),
            (self.counts_method != "least_squares", ("trust",),
             "about --counts-method least_squares; leave it out"),
            (self.counts_method != "entropy", ("tolerance",),
             "about --counts-method entropy; leave it out"),
        )  # fmt: skip
        for without, names, why in idle:
            said = [_option(name) for name in names if name in given and name not in unused]
            if without and said:
                problems.append(f"{', '.join(said)}: {why}")
        return problems

    def _costs(self) -> bool:
        return bool(self.costs or self.scenario)

    def _strength(self) -> bool:
        return any(one is not None for one in (self.rate, self.power, self.mean_cost))


def _option(name: str) -> str:
    """Return the option of the command that a field of a request has."""
    short = {"total_persons": "total", "aliases": "alias"}
    return f"--{short.get(name, name).replace('_', '-')}"


def estimate_od(request: ODRequest) -> tuple[ODEstimate, tuple[str, ...]]:
    r"""Read the files of a request and estimate its OD matrix.

    Parameters
    ----------
    request
        What, and from which files.

    Returns
    -------
    estimate
        The matrix.
    notes
        What was read, corrected, matched and left out, a sentence each.

    Raises
    ------
    InputError
        If a file is wrong, or the matrix cannot be estimated.
    UnknownIdError
        If a name fits no place.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/m.csv").write_text("side,zone,persons\nfrom,a,6\nto,b,6\n")
    ...     estimate, notes = estimate_od(ODRequest(margins=f"{folder}/m.csv"))
    >>> estimate.persons()
    6.0
    """
    files = _Files(request)
    rng = np.random.default_rng(request.seed)
    estimate = {
        "margins": _margins, "gravity": _gravity, "fit": _fit, "radiation": _radiation,
        "counts": _counts,
    }[request.method](files, rng)  # fmt: skip
    if request.draws and request.method == "radiation":
        estimate = add_chance_intervals(estimate, share=request.share)
    elif request.draws and estimate.limits is not None and request.method != "fit":
        estimate = add_intervals(estimate, rng=rng, share=request.share, draws=request.draws)
    return estimate, tuple(files.notes)


class _Files:
    """The files of a request, read when they are asked for, and what was found in them."""

    def __init__(self, request: ODRequest) -> None:
        self.request = request
        self.notes: list[str] = []
        self.case: Case | None = None
        self.known: pd.DataFrame | None = None
        if request.zones:
            self.known = read_zone_names(request.zones)
        if request.scenario:
            named = request.scenario
            is_file = named.endswith(".toml") or Path(named).is_file()
            self.case = load_case(named) if is_file else load_mali(named)
            self.known = self.case.network.places

    def matched(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table with ids of places or zones, where they are known."""
        if self.known is None:
            return table
        result, findings = match_ids(
            table, self.known, unmatched=self.request.unmatched,
            aliases=self.request.aliases, keep=self.request.unlocated,
        )  # fmt: skip
        self.notes += _told(findings)
        return result

    def margins(self) -> pd.DataFrame:
        """Return all margins.

        Raises
        ------
        InputError
            If two files differ about the same margin.
        """
        asked = self.request
        tables = []
        for path, side in ((asked.origins, "origin"), (asked.destinations, "destination"),
                           (asked.margins, None)):  # fmt: skip
            if path is None:
                continue
            reading = read_margins(path, side=side)  # type: ignore[arg-type]
            self.notes += reading.words()
            tables.append(reading.table)
        if asked.total_persons is not None:
            tables.append(
                pd.DataFrame(
                    {"side": ["total"], "zone_id": ["all"], "low_persons": [asked.total_persons],
                     "high_persons": [asked.total_persons], "source": ["--total"]}
                )
            )  # fmt: skip
        table = pd.concat(tables, ignore_index=True)
        table = table.drop_duplicates(["side", "zone_id", "low_persons", "high_persons"])
        twice = table.duplicated(["side", "zone_id"], keep=False)
        if bool(twice.any()):
            told = [
                f"{row.side} {row.zone_id}: {row.low_persons:,.6g} ({row.source})"
                for row in table[twice].itertuples()
            ]
            msg = f"margins differ about the same number: {'; '.join(told)}; keep one of them"
            raise InputError(msg)
        return self.matched(table)

    def observed(self) -> pd.DataFrame | None:
        """Return observed movements, added by pair, missing where not told; None if none given."""
        asked = self.request
        if asked.observed is None:
            return None
        reading = choose_dates(
            read_od_table(asked.observed), date=asked.date, latest=asked.latest,
            sum_dates=asked.sum_dates,
        )  # fmt: skip
        self.notes += reading.words()
        table = add_pairs(self.matched(reading.table))
        absent = table["origin_id"].nunique() * table["destination_id"].nunique() - len(table)
        if absent:
            self.notes.append(
                f"note: {absent} pairs have no row in {reading.file}: "
                + ("nobody was seen" if asked.method == "fit" else "nobody can go there")
            )
        return table

    def prior(self) -> pd.DataFrame | None:
        """Return the prior matrix, every pair with a weight; None if there is none.

        Raises
        ------
        InputError
            If a pair has no figure, and it is not said what to do.
        """
        table = self.observed()
        if table is None:
            return None
        gone = table["flow_persons"].isna()
        if not bool(gone.any()):
            return table
        if self.request.missing_prior == "error":
            msg = (
                f"prior: {pair_labels(table[gone])}; as 0 nobody could go there: say "
                "--missing-prior neutral (the weight of their two ends), or write figures"
            )
            raise InputError(msg)
        filled = fill_prior(table)
        self.notes.append(
            f"warning: prior: {pair_labels(table[gone])}; taken as what their two ends say, "
            f"{filled.loc[gone, 'flow_persons'].sum():,.6g} of {filled['flow_persons'].sum():,.6g}"
        )
        return filled

    def traveller(self) -> TravellerClass:
        """Return who travels."""
        return TravellerClass(
            profile=str(self.request.profile), nationality=str(self.request.nationality)
        )

    def costs(self, origins: list[str], destinations: list[str]) -> pd.DataFrame:
        """Return costs from the scenario or the file."""
        if self.case is None:
            wide = read_costs(str(self.request.costs), impedance=self.request.impedance)
            for axis in (0, 1):
                names = pd.DataFrame({"zone_id": wide.axes[axis], "low_persons": 0.0})
                kept = self.matched(names.assign(at=np.arange(len(names))))
                wide = wide.take(kept["at"].to_numpy(), axis=axis).set_axis(
                    list(kept["zone_id"]), axis=axis
                )
            return wide
        free = set(self.request.unlocated)
        known = set(self.case.network.places["place_id"])
        if self.request.unmatched == "keep":
            free |= {one for one in (*origins, *destinations) if one not in known}
        return od_costs(
            self.case.network, self.case.scenario, [one for one in origins if one not in free],
            [one for one in destinations if one not in free], traveller=self.traveller(),
            when=self.request.when, impedance=self.request.impedance,
        )  # fmt: skip

    def unlocated(self, costs: pd.DataFrame, ids: Iterable[str]) -> list[str]:
        """Return which ids stand for no place."""
        free = list(self.request.unlocated)
        if self.request.unmatched == "keep" and self.case is not None:
            known = {*costs.index, *costs.columns, "all"}
            free += [one for one in ids if one not in known]
        return list(dict.fromkeys(free))

    def open_ways(self, prior: pd.DataFrame) -> pd.DataFrame:
        """Return a prior matrix with 0 for pairs without a way; as it is if no costs are given."""
        if not (self.request.costs or self.request.scenario):
            return prior
        origins, destinations = _ends(prior)
        costs = self.costs(origins, destinations)
        whole = cost_matrix(
            costs, origins=origins, destinations=destinations,
            unlocated=self.unlocated(costs, [*origins, *destinations]),
        )  # fmt: skip
        row = whole.index.get_indexer(pd.Index(prior["origin_id"]))
        column = whole.columns.get_indexer(pd.Index(prior["destination_id"]))
        people = prior["flow_persons"]
        shut = np.isposinf(whole.to_numpy()[row, column]) & (people > 0)
        if not bool(shut.any()):
            return prior
        names = name_pairs(prior[shut])
        self.notes.append(
            f"warning: prior: {len(names)} pairs have people, but no way: {labels(names)}; nobody "
            f"goes there, {people[shut].sum():,.6g} of {people.sum():,.6g} are left out"
        )
        return prior.assign(flow_persons=people.mask(shut, 0.0))


def _told(findings: pd.DataFrame) -> list[str]:
    return [f"{row.severity}: {row.check}: {row.finding}" for row in findings.itertuples()]


def _ends(table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the origins and the destinations of a table of pairs."""
    return list(dict.fromkeys(table["origin_id"])), list(dict.fromkeys(table["destination_id"]))


def _ids(margins: pd.DataFrame, side: str) -> list[str]:
    return [str(one) for one in margins.loc[margins["side"] == side, "zone_id"]]


def _margins(files: _Files, _rng: np.random.Generator) -> ODEstimate:
    margins, prior = files.margins(), files.prior()
    asked = files.request
    # without a deterrence costs say only which pairs have a way
    if prior is not None:
        prior = files.open_ways(prior)
    elif asked.costs or asked.scenario:
        return estimate_gravity(
            costs := files.costs(_ids(margins, "origin"), _ids(margins, "destination")),
            Deterrence(kind="exponential", rate=0.0), margins=margins,
            unlocated=files.unlocated(costs, margins["zone_id"]), tolerance=asked.tolerance,
        )  # fmt: skip
    return estimate_from_margins(margins, prior=prior, tolerance=asked.tolerance)


def _gravity(files: _Files, _rng: np.random.Generator) -> ODEstimate:
    asked, margins = files.request, files.margins()
    costs = files.costs(_ids(margins, "origin"), _ids(margins, "destination"))
    free = files.unlocated(costs, margins["zone_id"])
    if asked.mean_cost is not None:
        return calibrate_mean_cost(
            costs, asked.mean_cost, kind=asked.deterrence, power=asked.power or 0.0,
            margins=margins, constraint=asked.constraint, unlocated=free,
            tolerance=asked.tolerance,
        )  # fmt: skip
    deterrence = Deterrence(kind=asked.deterrence, rate=asked.rate or 0.0, power=asked.power or 0.0)
    return estimate_gravity(
        costs, deterrence, margins=margins, constraint=asked.constraint, unlocated=free,
        tolerance=asked.tolerance,
    )  # fmt: skip


def _fit(files: _Files, rng: np.random.Generator) -> ODEstimate:
    asked, seen = files.request, files.observed()
    if seen is None:
        return _margins(files, rng)
    costs = files.costs(*_ends(seen))
    options: dict[str, Any] = {"kind": asked.deterrence, "constraint": asked.constraint}
    if asked.draws:
        return bootstrap_poisson(
            seen, costs, rng=rng, share=asked.share, draws=asked.draws, **options
        )
    return fit_poisson(seen, costs, **options)


def _radiation(files: _Files, _rng: np.random.Generator) -> ODEstimate:
    margins = files.margins()
    asked = files.request
    leaving = margins[margins["side"] == "origin"]
    people = pd.Series(
        leaving["low_persons"].to_numpy(dtype=float), index=list(leaving["zone_id"]), dtype=float
    )
    wanted = _ids(margins, "destination") or None
    if asked.population:
        reading = read_margins(asked.population, side="destination")
        files.notes += reading.words()
        here = files.matched(reading.table)
        here = here[here["side"] == "destination"]
        population = here.set_index("zone_id")["low_persons"]
    elif files.case is not None:
        places = files.case.network.places
        population = places.set_index("place_id")["population_persons"].dropna()
    else:
        msg = "the method 'radiation' needs people by place: --population"
        raise InputError(msg)
    lost = [one for one in people.index if one not in population.index]
    if lost:
        near = suggest(lost[0], population.index)
        msg = f"population: no people for the origins {labels(lost)}{near}"
        raise InputError(msg)
    costs = files.costs(list(people.index), list(population.index))
    return estimate_radiation(
        costs.reindex(columns=[one for one in costs.columns if one in population.index]),
        population, people, destinations=wanted,
    )  # fmt: skip


def _counts(files: _Files, rng: np.random.Generator) -> ODEstimate:
    asked, prior = files.request, files.prior()
    if prior is None or files.case is None:
        return _margins(files, rng)
    counted = read_margins(str(asked.counts), side="origin",
                           columns=_point_column(str(asked.counts)))  # fmt: skip
    files.notes += counted.words()
    counts = counted.table.rename(columns={"zone_id": "point_id"}).drop(columns="side")
    # a count is a lower bound: no high unless the file says one
    exact = counts["low_persons"] == counts["high_persons"]
    counts["high_persons"] = counts["high_persons"].mask(exact)
    rows = read_rows(str(asked.points)).frame
    found = match_columns(
        rows.columns, {"point_id": ("point_id", "point", "fmp", "fmp_name"),
                       "edge_id": ("edge_id", "edge", "crossing_id", "crossing")},
        where=Path(str(asked.points)).name, needed=["point_id", "edge_id"],
    )  # fmt: skip
    points = {
        str(point): [str(one) for one in part[found["edge_id"]]]
        for point, part in rows.groupby(found["point_id"], sort=False)
    }
    prior = files.open_ways(prior)
    passages = find_passages(
        files.case.network, files.case.scenario, points,
        *_ends(prior), traveller=files.traveller(), when=asked.when, impedance=asked.impedance,
    )  # fmt: skip
    kept_to = (asked.origins, asked.destinations, asked.margins, asked.total_persons)
    margins = None if all(one is None for one in kept_to) else files.margins()
    return estimate_from_counts(
        prior, passages, counts, margins=margins, method=asked.counts_method, trust=asked.trust,
        tolerance=asked.tolerance,
    )  # fmt: skip


def _point_column(path: str) -> dict[str, str]:
    names = list(read_rows(path).frame.columns)
    found = match_columns(names, {"zone_id": ("point_id", "point", "fmp", "fmp_name")}, where=path)
    return dict(found)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class GivenFlows:
    """Flows of a file, ready to be assigned.

    Attributes
    ----------
    case
        The case, with groups and destinations for them.
    od
        The flows, in whole people.
    left_out_persons
        People of the file who are not in the flows: an end of their way is no place.
    notes
        What was read, matched, rounded and left out, a sentence each.
    """

    case: Case
    od: ODMatrix
    left_out_persons: float = 0.0
    notes: tuple[str, ...] = ()


def read_flows(
    path: str | Path,
    case: Case,
    *,
    traveller: TravellerClass | None = None,
    date: str | None = None,
    latest: bool = False,
    sum_dates: bool = False,
    unmatched: Literal["error", "leave_out"] = "error",
    aliases: Mapping[str, str] | None = None,
    unlocated: Collection[str] = (),
) -> GivenFlows:
    r"""Read who goes from where to where on the network of a case.

    Parameters
    ----------
    path
        A table with the columns of ``od_flows``, as a run leaves it; or an estimate, or any other
        table that `read_od_table` reads.
    case
        Has the places.
    traveller
        How everybody travels; needed for, and only for, a table without groups.
    date, latest, sum_dates
        See `choose_dates`.
    unmatched, aliases
        See `match_ids`.
    unlocated
        Names that are no place ("other"): their people are left out, and told.

    Returns
    -------
    GivenFlows
        People who are left out and those in the flows are those of the file, rounded.

    Raises
    ------
    SchemaError
        If a table with groups breaks its schema.
    InputError
        If the file cannot be read or summed up, names fit no place, or the traveller is missing or
        said twice.

    Examples
    --------
    >>> import tempfile
    >>> from mobility_geo.datasets import load_toy
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/a.csv").write_text("from,to,persons\nNorthtown,midtown,12\n")
    ...     given = read_flows(f"{folder}/a.csv", load_toy(), traveller=who)
    >>> given.od.persons("given")
    12
    """
    if _has_groups(Path(path)):
        if traveller is not None:
            msg = (
                f"{Path(path).name}: has groups, which say how people travel; leave --profile, "
                "--nationality and --kind out, or the columns rule and group_id"
            )
            raise InputError(msg)
        return GivenFlows(case=case, od=ODMatrix(table=read_table(path, OD_FLOWS)))
    if traveller is None:
        msg = f"{Path(path).name}: does not say how people travel; give --profile and --nationality"
        raise InputError(msg)
    reading = choose_dates(read_od_table(path), date=date, latest=latest, sum_dates=sum_dates)
    notes = list(reading.words())
    known = reading.table["flow_persons"].notna()
    if not bool(known.all()):
        notes.append(f"warning: no figure: {pair_labels(reading.table[~known])}; not assigned")
    people = float(reading.table["flow_persons"].sum())
    table, findings = match_ids(
        reading.table[known], case.network.places, unmatched=unmatched, aliases=aliases,
        keep=unlocated,
    )  # fmt: skip
    notes += _told(findings)
    places = case.network.places["place_id"]
    here = table["origin_id"].isin(places) & table["destination_id"].isin(places)
    if not bool(here.all()):
        nowhere = float(table.loc[~here, "flow_persons"].sum())
        notes.append(
            f"warning: no place: {nowhere:,.6g} persons from or to {labels(list(unlocated))} are "
            "not assigned"
        )
    table = table[here]
    wider, od = given_flows(case, table, traveller)
    exact = float(table["flow_persons"].sum())
    if bool((table["flow_persons"] % 1 != 0).any()):
        notes.append(
            f"note: flows are rounded to whole people, {exact:,.6g} to {od.persons(GIVEN):,} in all"
        )
    return GivenFlows(case=wider, od=od, left_out_persons=people - exact, notes=tuple(notes))


def _has_groups(file: Path) -> bool:
    """Say whether a file is a table of flows of groups."""
    if file.suffix.lower() != ".csv" or not file.is_file():
        return False
    with file.open("rb") as text:
        head = text.readline().decode("utf-8-sig", errors="replace")
    return {"rule", "group_id"} <= {word.strip().strip('"') for word in head.split(",")}


def describe_od(estimate: ODEstimate, request: ODRequest, notes: tuple[str, ...]) -> dict[str, Any]:
    """Return everything about an estimate but its table, ready for JSON.

    Parameters
    ----------
    estimate, notes
        From `estimate_od`.
    request
        What was asked.

    Returns
    -------
    dict
        ``method``, ``persons``, ``pairs``, ``parameters``, ``relaxed``, ``iterations``,
        ``residual_persons``, ``warnings``, ``notes``, ``request``, ``version``.

    Examples
    --------
    >>> one = estimate_from_margins(
    ...     pd.DataFrame({"side": ["origin", "destination"], "zone_id": ["a", "b"],
    ...                   "low_persons": [1.0, 1.0], "high_persons": [1.0, 1.0]})
    ... )  # fmt: skip
    >>> describe_od(one, ODRequest(margins="m.csv"), ())["persons"]
    1.0
    """
    asked = {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in ((one, getattr(request, one)) for one in request.__slots__)
        if value not in (None, (), {})
    }
    return {
        "method": estimate.method,
        "persons": round(estimate.persons(), DIGITS),
        "pairs": len(estimate.table),
        "origins": len(estimate.origin_ids),
        "destinations": len(estimate.destination_ids),
        "parameters": {name: _plain(value) for name, value in estimate.parameters.items()},
        "relaxed": [
            {name: _plain(value) for name, value in row.items()}
            for row in records(estimate.relaxed)
        ],
        "iterations": estimate.iterations,
        "residual_persons": _plain(estimate.residual_persons),
        "warnings": list(estimate.warnings),
        "notes": list(notes),
        "request": asked,
        "version": version("mobility-geo"),
    }


def _plain(value: object) -> object:
    if isinstance(value, float | np.floating):
        return None if not np.isfinite(value) else round(float(value), DIGITS)
    return value


def flow_records(estimate: ODEstimate) -> list[dict[str, object]]:
    """Return the table of an estimate as records ready for JSON; missing values are None."""
    return [
        {str(name): None if pd.isna(value) else _plain(value) for name, value in row.items()}
        for row in estimate.table.to_dict("records")
    ]


def write_od(estimate: ODEstimate, about: Mapping[str, Any], path: str | Path) -> list[Path]:
    """Write an estimate: its table as CSV or Parquet and what is known of it as JSON beside it.

    Parameters
    ----------
    estimate
        The estimate.
    about
        From `describe_od`.
    path
        ``.csv`` or ``.parquet``; ``.json`` holds both in one file.

    Returns
    -------
    list of pathlib.Path
        What was written.

    Raises
    ------
    OutputError
        If the folder does not exist, the ending is another one, or writing fails; an older file is
        then as it was.

    Examples
    --------
    >>> import tempfile
    >>> one = estimate_from_margins(
    ...     pd.DataFrame({"side": ["origin", "destination"], "zone_id": ["a", "b"],
    ...                   "low_persons": [1.0, 1.0], "high_persons": [1.0, 1.0]})
    ... )  # fmt: skip
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file.name for file in write_od(one, {}, f"{folder}/od.csv")]
    ['od.csv', 'od.json']
    """
    file = Path(path)
    check_od_place(file)
    whole = dict(about)
    written = []
    table = estimate.table.round(DIGITS)
    if file.suffix == ".json":
        whole["flows"] = flow_records(estimate)
    elif file.suffix == ".csv":
        text = table.to_csv(index=False, lineterminator="\n")
        written.append(_put(file, lambda made: made.write_text(text, "utf-8", newline="\n")))
    else:
        written.append(_put(file, lambda made: table.to_parquet(made, index=False)))
    words = json.dumps(whole, ensure_ascii=False, indent=1, default=str) + "\n"
    beside = file.with_suffix(".json")
    written.append(_put(beside, lambda made: made.write_text(words, "utf-8", newline="\n")))
    return written


def check_od_place(path: str | Path) -> None:
    """Check that an estimate can be written, before any work.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    OutputError
        If its ending is none of ours, or its folder does not exist.

    Examples
    --------
    >>> check_od_place("od.csv")
    """
    file = Path(path)
    if file.suffix not in ENDINGS:
        msg = f"{file}: must end in one of {', '.join(ENDINGS)}"
        raise OutputError(msg)
    if file.is_dir() or not file.absolute().parent.is_dir():
        msg = f"{file}: is a folder, or its folder does not exist; make it first"
        raise OutputError(msg)


def _put(file: Path, write: Callable[[Path], object]) -> Path:
    """Write aside, then put in place.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    stage = None
    try:
        with NamedTemporaryFile(
            dir=file.absolute().parent, prefix=f".{file.name}.", suffix=".tmp", delete=False
        ) as made:
            stage = Path(made.name)
        write(stage)
        stage.chmod(0o644)
        Path(stage).replace(file)
    except OSError as error:
        msg = f"{file}: cannot be written: {error.strerror or error}"
        raise OutputError(msg) from error
    finally:
        if stage is not None and stage.exists():
            stage.unlink()
    return file


def with_today(request: ODRequest) -> ODRequest:
    """Return a request whose day is written as a date, checked.

    Parameters
    ----------
    request
        What was asked.

    Returns
    -------
    ODRequest
        The same, with ``when`` in ISO form.

    Raises
    ------
    InputError
        If the day is no date.

    Examples
    --------
    >>> asked = ODRequest(margins="m.csv", scenario="mali-2013-01", profile="truck",
    ...                   nationality="MLI", when="2013-01-25")  # fmt: skip
    >>> with_today(asked).when
    '2013-01-25'
    """
    if request.when is None:
        return request
    try:
        return replace(request, when=dt.date.fromisoformat(request.when).isoformat())
    except ValueError as error:
        msg = f"when: {request.when!r} is no day; write it as 2013-01-25"
        raise InputError(msg) from error

"""Estimated OD matrices: what they hold, and the limits that they were estimated within."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from mobility_geo.errors import InputError, UnknownIdError, labels
from mobility_geo.network import Network
from mobility_geo.routing import skim_matrix
from mobility_geo.scenario import Scenario, TravellerClass
from mobility_geo.schema import MARGINS, OD_ESTIMATES, check_table, suggest
from mobility_geo.units import Metric

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
SIDES: Final = ("origin", "destination", "total")
RELAXED_COLUMNS: Final = ("side", "zone_id", "end", "before_persons", "after_persons")


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ODLimits:
    """What an OD matrix must keep to, as arrays: sums between a low and a high (`inf`: no limit).

    Attributes
    ----------
    origin_low, origin_high
        People leaving each origin.
    destination_low, destination_high
        People reaching each destination.
    total_low, total_high
        All people.
    point_ids, passing, point_low, point_high
        Monitoring points; `passing` has the share of the people of each pair (origin by origin,
        all its destinations in a row) who pass each of them, shape (points, pairs).
    """

    origin_low: FloatArray
    origin_high: FloatArray
    destination_low: FloatArray
    destination_high: FloatArray
    total_low: float = 0.0
    total_high: float = np.inf
    point_ids: tuple[str, ...] = ()
    passing: sparse.csr_array | None = None
    point_low: FloatArray = field(default_factory=lambda: np.zeros(0))
    point_high: FloatArray = field(default_factory=lambda: np.zeros(0))

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of origins and destinations."""
        return len(self.origin_low), len(self.destination_low)

    def low(self) -> FloatArray:
        """Return all lows: origins, destinations, the total, monitoring points."""
        return np.concatenate(
            [self.origin_low, self.destination_low, [self.total_low], self.point_low]
        )

    def high(self) -> FloatArray:
        """Return all highs, in the order of `low`."""
        return np.concatenate(
            [self.origin_high, self.destination_high, [self.total_high], self.point_high]
        )

    def with_bounds(self, low: FloatArray, high: FloatArray) -> "ODLimits":
        """Return limits with other lows and highs, in the order of `low`."""
        n, m = self.shape
        return ODLimits(
            origin_low=low[:n], origin_high=high[:n],
            destination_low=low[n : n + m], destination_high=high[n : n + m],
            total_low=float(low[n + m]), total_high=float(high[n + m]),
            point_ids=self.point_ids, passing=self.passing,
            point_low=low[n + m + 1 :], point_high=high[n + m + 1 :],
        )  # fmt: skip

    def rows(self, pairs: BoolArray) -> sparse.csr_array:
        """Return which pairs are in which sum, shape (sums, pairs that are marked)."""
        n, m = self.shape
        origin, destination = np.nonzero(pairs)
        count = len(origin)
        here = np.arange(count)
        parts = [
            sparse.csr_array((np.ones(count), (origin, here)), shape=(n, count)),
            sparse.csr_array((np.ones(count), (destination, here)), shape=(m, count)),
            sparse.csr_array(np.ones((1, count))),
        ]
        if self.passing is not None:
            parts.append(sparse.csr_array(self.passing[:, origin * m + destination]))
        return sparse.csr_array(sparse.vstack(parts))


def no_limits(origins: int, destinations: int) -> ODLimits:
    """Return limits that allow every matrix of a size.

    Parameters
    ----------
    origins, destinations
        How many.

    Returns
    -------
    ODLimits
        All lows 0, all highs `inf`.

    Examples
    --------
    >>> no_limits(2, 1).high().tolist()
    [inf, inf, inf, inf]
    """
    return ODLimits(
        origin_low=np.zeros(origins), origin_high=np.full(origins, np.inf),
        destination_low=np.zeros(destinations), destination_high=np.full(destinations, np.inf),
    )  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ODEstimate:
    """An estimated OD matrix in real numbers of people, with how it came about.

    Parameters
    ----------
    table
        Schema `OD_ESTIMATES`: a row per pair that can be travelled, 0 among them; a pair without a
        way has no row.
    method
        How it was estimated, in words.
    origin_ids, destination_ids
        All of them, those without any way too.
    limits
        What the matrix keeps to, after relaxing; None where the method has no such limits.
    relaxed
        Which sums had to be relaxed, and how far: ``side``, ``zone_id``, ``end`` (low or high),
        ``before_persons``, ``after_persons``. No row: nothing.
    parameters
        Numbers of the model, such as ``rate_per_unit`` or ``mean_cost``.
    iterations
        Rounds of balancing.
    residual_persons
        Largest difference of a sum from what it must be.
    warnings
        What somebody who uses the numbers should know, a sentence each.

    Raises
    ------
    SchemaError
        If the table breaks its schema.
    InputError
        If the table names a pair that is not among the ids.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"origin_id": ["gao"], "destination_id": ["mopti"], "flow_persons": [12.5]}
    ... )
    >>> one = ODEstimate(
    ...     table=table, method="by hand", origin_ids=("gao",), destination_ids=("mopti",)
    ... )
    >>> one.persons()
    12.5
    """

    table: pd.DataFrame
    method: str
    origin_ids: tuple[str, ...]
    destination_ids: tuple[str, ...]
    limits: ODLimits | None = None
    relaxed: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=list(RELAXED_COLUMNS))
    )
    parameters: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    iterations: int = 0
    residual_persons: float = 0.0
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the table and its ids.

        Raises
        ------
        InputError
            If a row names an unknown id.
        """
        table = check_table(self.table.reindex(columns=list(OD_ESTIMATES.names)), OD_ESTIMATES)
        lost = ~table["origin_id"].isin(self.origin_ids)
        lost |= ~table["destination_id"].isin(self.destination_ids)
        if bool(lost.any()):
            msg = (
                f"od_estimates: {int(lost.sum())} rows name a place that is not among the origins "
                f"or destinations, e.g. {labels(table.loc[lost, 'origin_id'])}"
            )
            raise InputError(msg)
        object.__setattr__(self, "table", table.reset_index(drop=True))

    def persons(self) -> float:
        """Return all people."""
        return float(self.table["flow_persons"].sum())

    def pairs(self) -> BoolArray:
        """Say which pairs can be travelled, shape (origins, destinations)."""
        marked = np.zeros((len(self.origin_ids), len(self.destination_ids)), dtype=bool)
        marked[self._positions()] = True
        return marked

    def matrix(self, column: str = "flow_persons") -> pd.DataFrame:
        """Return a column as a matrix, origins down, destinations across; 0 without a way."""
        values = np.zeros((len(self.origin_ids), len(self.destination_ids)))
        values[self._positions()] = self.table[column].to_numpy(dtype=float)
        return pd.DataFrame(
            values,
            index=pd.Index(self.origin_ids, name="origin_id"),
            columns=pd.Index(self.destination_ids, name="destination_id"),
        )

    def _positions(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        return (
            pd.Index(self.origin_ids).get_indexer(pd.Index(self.table["origin_id"])),
            pd.Index(self.destination_ids).get_indexer(pd.Index(self.table["destination_id"])),
        )


def pair_table(
    origins: Iterable[str], destinations: Iterable[str], flows: FloatArray, pairs: BoolArray
) -> pd.DataFrame:
    """Return a matrix as a long table, a row per pair that is marked.

    Parameters
    ----------
    origins, destinations
        Ids.
    flows
        People, shape (origins, destinations).
    pairs
        Which have a row.

    Returns
    -------
    pandas.DataFrame
        ``origin_id``, ``destination_id``, ``flow_persons``.

    Examples
    --------
    >>> pair_table(["a"], ["b", "c"], np.array([[1.0, 2.0]]), np.array([[True, False]])).shape
    (1, 3)
    """
    row, column = np.nonzero(pairs)
    return pd.DataFrame(
        {
            "origin_id": np.array(list(origins), dtype=object)[row],
            "destination_id": np.array(list(destinations), dtype=object)[column],
            "flow_persons": flows[row, column],
        }
    )


def od_costs(
    network: Network,
    scenario: Scenario,
    origins: Iterable[str],
    destinations: Iterable[str],
    *,
    traveller: TravellerClass,
    when: str | None = None,
    impedance: Metric = "time_min",
) -> pd.DataFrame:
    """Return the impedance between places under a scenario, as estimation takes it.

    Parameters
    ----------
    network, scenario, origins, destinations, traveller, when, impedance
        See `skim_matrix`.

    Returns
    -------
    pandas.DataFrame
        Origins down, destinations across, in the unit of the metric; `inf`: no way.

    Raises
    ------
    UnknownIdError
        If a place does not exist.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> case = load_toy()
    >>> who = TravellerClass(profile="truck", nationality="TOA")
    >>> od_costs(
    ...     case.network, case.scenario, ["northtown"], ["midtown", "southtown"], traveller=who
    ... ).round().to_numpy().tolist()
    [[111.0, inf]]
    """
    start, end = list(origins), list(destinations)
    values = skim_matrix(
        network, scenario, start, end, traveller=traveller, when=when, impedance=impedance
    )
    return pd.DataFrame(
        values,
        index=pd.Index(start, name="origin_id"),
        columns=pd.Index(end, name="destination_id"),
    )


def name_pairs(table: pd.DataFrame) -> list[str]:
    """Return the pairs of a table in words.

    Parameters
    ----------
    table
        ``origin_id``, ``destination_id``.

    Returns
    -------
    list of str
        One per row.

    Examples
    --------
    >>> name_pairs(pd.DataFrame({"origin_id": ["a"], "destination_id": ["x"]}))
    ['a to x']
    """
    pairs = zip(table["origin_id"], table["destination_id"], strict=True)
    return [f"{one} to {two}" for one, two in pairs]


def name_cells(
    cells: BoolArray, origins: Sequence[str], destinations: Sequence[str], most: int = 4
) -> list[str]:
    """Return the first pairs that are marked in a matrix, in words.

    Parameters
    ----------
    cells
        Origins by destinations.
    origins, destinations
        Ids of rows and columns.
    most
        So many at the most.

    Returns
    -------
    list of str
        Row by row.

    Examples
    --------
    >>> name_cells(np.array([[False, True], [True, True]]), ["a", "b"], ["x", "y"], most=2)
    ['a to y', 'b to x']
    """
    return [f"{origins[i]} to {destinations[j]}" for i, j in np.argwhere(cells)[:most]]


def cost_matrix(
    costs: pd.DataFrame,
    *,
    origins: Iterable[str] | None = None,
    destinations: Iterable[str] | None = None,
    impedance: str = "time_min",
    unlocated: Iterable[str] = (),
) -> pd.DataFrame:
    """Return costs as a matrix with the origins and destinations asked for.

    Parameters
    ----------
    costs
        Matrix (origins down, destinations across; `inf`: no way), or a long table with
        ``origin_id``, ``destination_id`` and `impedance`, as from `skim_table`; a pair without a
        row has no way.
    origins, destinations
        What is wanted, in this order; all of the costs if left out.
    impedance
        Column of a long table.
    unlocated
        Ids that stand for no place ("other"): they get NaN, which is no cost at all.

    Returns
    -------
    pandas.DataFrame
        float64; `inf`: no way, NaN: a pair with an unlocated end.

    Raises
    ------
    UnknownIdError
        If an id is in no row of the costs and not unlocated.
    InputError
        If a cost is negative or missing, or a pair stands twice.

    Examples
    --------
    >>> long = pd.DataFrame({"origin_id": ["a"], "destination_id": ["b"], "time_min": [5.0]})
    >>> cost_matrix(
    ...     long, origins=["a"], destinations=["b", "other"], unlocated=["other"]
    ... ).to_numpy().tolist()
    [[5.0, nan]]
    """
    if {"origin_id", "destination_id"} <= set(costs.columns):
        wide = _wide(costs, impedance)
    else:
        wide = costs.set_axis([str(one) for one in costs.index]).set_axis(
            [str(one) for one in costs.columns], axis=1
        )
        for side, ids in (("origin", wide.index), ("destination", wide.columns)):
            if ids.has_duplicates:
                msg = f"costs: {side}s stand twice: {labels(ids[ids.duplicated()])}"
                raise InputError(msg)
    values = wide.to_numpy(dtype=float)
    wrong = np.isnan(values) | (values < 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        msg = (
            f"costs: {int(wrong.sum())} pairs are negative or missing, e.g. "
            f"[{wide.index[row]!r} to {wide.columns[column]!r}]; write inf, or leave the row out, "
            "where there is no way"
        )
        raise InputError(msg)
    free = {str(one) for one in unlocated}
    rows = [str(one) for one in (wide.index if origins is None else origins)]
    columns = [str(one) for one in (wide.columns if destinations is None else destinations)]
    problems = []
    for side, wanted, known in (("origin", rows, wide.index), ("destination", columns,
                                                              wide.columns)):  # fmt: skip
        lost = [one for one in wanted if one not in known and one not in free]
        if lost:
            problems.append(
                f"costs: no row for {len(lost)} {side}s: {labels(lost)}{suggest(lost[0], known)}; "
                "give their costs, correct the names, or list ids that are no place ('other') as "
                "unlocated"
            )
    if problems:
        raise UnknownIdError(problems)
    full = wide.reindex(index=rows, columns=columns).astype(float)
    return full.rename_axis(index="origin_id", columns="destination_id")


def _wide(costs: pd.DataFrame, impedance: str) -> pd.DataFrame:
    """Return a long table of costs as a matrix.

    Raises
    ------
    InputError
        If the column is missing, or a pair stands twice.
    """
    if impedance not in costs.columns:
        msg = f"costs: no column {impedance!r}{suggest(impedance, costs.columns)}"
        raise InputError(msg)
    ends = pd.MultiIndex.from_arrays(
        [costs["origin_id"].astype(str), costs["destination_id"].astype(str)]
    )
    if ends.has_duplicates:
        twice = [" to ".join(pair) for pair in ends[ends.duplicated()]]
        msg = f"costs: pairs stand twice: {labels(twice)}"
        raise InputError(msg)
    given = costs[impedance].to_numpy(dtype=float)
    if np.isnan(given).any():
        lost = [" to ".join(pair) for pair in ends[np.isnan(given)]]
        msg = f"costs: {impedance!r} is missing in {len(lost)} rows, e.g. {labels(lost)}"
        raise InputError(msg)
    series = pd.Series(given, index=ends)
    first, second = (list(dict.fromkeys(ends.get_level_values(k))) for k in (0, 1))
    wide: pd.DataFrame = series.unstack().fillna(np.inf)  # noqa: PD010
    return wide.reindex(index=first, columns=second)


def margin_limits(
    margins: pd.DataFrame, origins: Iterable[str], destinations: Iterable[str]
) -> ODLimits:
    """Return a table of margins as limits on sums.

    Parameters
    ----------
    margins
        Schema `MARGINS`.
    origins, destinations
        Ids, in the order of the matrix; one without a margin is not limited.

    Returns
    -------
    ODLimits
        Lows and highs.

    Raises
    ------
    SchemaError
        If the table breaks its schema (negative people, an id twice).
    InputError
        If a low is above its high, or a margin names no origin or destination.

    Examples
    --------
    >>> margins = pd.DataFrame({"side": ["origin"], "zone_id": ["a"], "low_persons": [3]})
    >>> margin_limits(margins, ["a"], ["b"]).low().tolist()
    [3.0, 0.0, 0.0]
    """
    table = check_table(margins.reindex(columns=list(MARGINS.names)), MARGINS)
    problems = []
    upside = table["low_persons"] > table["high_persons"]
    if bool(upside.any()):
        problems.append(
            f"margins: low_persons is above high_persons in {int(upside.sum())} rows, e.g. "
            f"{labels(table.loc[upside, 'zone_id'])}"
        )
    low = table["low_persons"].to_numpy(dtype=float)
    high = table["high_persons"].fillna(np.inf).to_numpy(dtype=float)
    found: list[FloatArray] = []
    for side, ids in (("origin", list(origins)), ("destination", list(destinations))):
        mine = (table["side"] == side).to_numpy(dtype=bool)
        at = pd.Index(ids).get_indexer(pd.Index(table.loc[mine, "zone_id"]))
        lost = table.loc[mine, "zone_id"][at < 0]
        if len(lost):
            problems.append(
                f"margins: {len(lost)} rows of the side {side!r} name no {side} of the matrix: "
                f"{labels(lost)}{suggest(str(lost.iloc[0]), ids)}"
            )
            continue
        least, most = np.zeros(len(ids)), np.full(len(ids), np.inf)
        least[at], most[at] = low[mine], high[mine]
        found += [least, most]
    if problems:
        raise InputError(problems)
    whole = (table["side"] == "total").to_numpy(dtype=bool)
    return ODLimits(
        origin_low=found[0], origin_high=found[1], destination_low=found[2],
        destination_high=found[3],
        total_low=float(low[whole].max(initial=0.0)),
        total_high=float(high[whole].min(initial=np.inf)),
    )  # fmt: skip

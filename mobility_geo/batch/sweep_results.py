"""Read the results of a sweep, and sum them up over its scenarios."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mobility_geo.errors import InputError, OutputError
from mobility_geo.export.tables import write_table
from mobility_geo.schema import suggest
from mobility_geo.units import MIN_PER_H

if TYPE_CHECKING:
    from mobility_geo.batch.plan import SweepPlan
    from mobility_geo.scenario import Case

PLAN_TABLE: Final = "plan.csv"
SUMMARY: Final = "summary"
GEOPACKAGE: Final = "summary.gpkg"
REPORT: Final = "report.html"
FAILURES: Final = "failures.csv"
SCENARIOS: Final = "scenarios"
PART: Final = ".part"
SUMMARY_FILES: Final = (PLAN_TABLE, SUMMARY, GEOPACKAGE, REPORT, FAILURES)
"""What stands beside the results by scenario."""

QUANTILES: Final[Mapping[str, float]] = {"p10": 0.1, "median": 0.5, "p90": 0.9}

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "status": ("scenario_id", "group_id", "base", "place_id", "kind", "nationality", "profile",
               "status", "isolated_kind", "reason", "reasons_all", "cause", "causes_all",
               "held_node_id", "held_crossing_id", "destination_place_id", "time_min", "length_m",
               "cost_xof", "risk", "persons", "persons_low", "persons_high"),
    "stations": ("scenario_id", "place_id", "profile", "kind", "nationality", "exposure_class",
                 "waystation_id", "time_min", "length_m", "cost_xof", "risk"),
    "nearest": ("scenario_id", "place_id", "waystation_id", "time_min"),
    "edge_flows": ("scenario_id", "rule", "edge_id", "persons", "forward_persons",
                   "backward_persons"),
    "crossing_flows": ("scenario_id", "rule", "crossing_id", "into_country", "persons"),
    "skims": ("scenario_id", "place_id", "destination_id", "profile", "kind", "nationality",
              "time_min", "length_m", "cost_xof", "risk"),
}  # fmt: skip
"""The tables in the file of a scenario, and the columns of the file that each of them uses."""

STATUSES: Final = ("can_reach", "stranded", "isolated", "unknown")
FOLD_EVERY: Final = 200
TRAVELLER: Final = ("place_id", "profile", "kind", "nationality", "exposure_class")


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Sweep:
    """Results of a sweep in a folder.

    Attributes
    ----------
    folder
        The folder.
    scenarios
        One row per scenario of the plan, in its order: ``scenario_id``, ``label``, ``weight``,
        ``when``, ``happening``, ``closed_edge``, ``closed_crossing``, ``parameters``,
        ``content_hash``, and ``answered``: whether its result is there.
    """

    folder: Path
    scenarios: pd.DataFrame

    def table(self, name: str, scenario_ids: Sequence[str] | None = None) -> pd.DataFrame:
        """Read one table of all scenarios that are answered, or of some.

        Parameters
        ----------
        name
            One of `COLUMNS`: ``status``, ``stations``, ``nearest``, ``edge_flows``,
            ``crossing_flows``, ``skims``.
        scenario_ids
            Scenarios to read; all that are answered if left out.

        Returns
        -------
        pandas.DataFrame
            In the order of the plan; what cannot be reached has no row.

        Raises
        ------
        InputError
            If there is no such table or scenario.
        OutputError
            If a file is damaged.
        """
        if name not in COLUMNS:
            msg = f"no table {name!r}{suggest(name, COLUMNS)}"
            raise InputError(msg)
        known = self.scenarios.loc[self.scenarios["answered"], "scenario_id"].tolist()
        wanted = known if scenario_ids is None else list(scenario_ids)
        gone = [one for one in wanted if one not in set(known)]
        if gone:
            msg = f"no answered scenario {gone[0]!r}{suggest(gone[0], known)}"
            raise InputError(msg)
        parts = [self._read(one, [*COLUMNS[name], "table"]) for one in wanted]
        parts = [part.filter(pc.equal(part["table"], name)) for part in parts]
        if not parts:
            return pd.DataFrame(columns=list(COLUMNS[name]))
        found: pd.DataFrame = pa.concat_tables(parts).select(list(COLUMNS[name])).to_pandas()
        return found

    def each(self) -> Iterator[tuple[str, dict[str, pd.DataFrame]]]:
        """Go through the answered scenarios, with the tables of each.

        Yields
        ------
        scenario_id
            The scenario.
        tables
            By name, those that were asked for and have rows.
        """
        for scenario_id in self.scenarios.loc[self.scenarios["answered"], "scenario_id"]:
            whole = self._read(scenario_id, None)
            names = whole["table"].unique().to_pylist()
            yield scenario_id, {
                name: whole.filter(pc.equal(whole["table"], name))
                .select(list(COLUMNS[name])).to_pandas()
                for name in names
            }  # fmt: skip

    def _read(self, scenario_id: str, columns: list[str] | None) -> pa.Table:
        """Read the file of a scenario.

        Raises
        ------
        OutputError
            If it is damaged.
        """
        file = self.folder / SCENARIOS / f"{scenario_id}.parquet"
        try:
            return pq.read_table(
                file, columns=columns, partitioning=None, page_checksum_verification=True
            )
        except (OSError, pa.ArrowException) as error:
            msg = f"{file}: damaged or gone; remove it and run the same sweep again"
            raise OutputError(msg) from error


def is_answered(folder: Path, scenario_id: str, content_hash: str) -> bool:
    """Say whether a scenario has its whole result in a folder.

    Parameters
    ----------
    folder
        Folder of the sweep.
    scenario_id, content_hash
        Of a scenario of its plan.

    Returns
    -------
    bool
        False also for a file that is cut off, damaged at its end, or of another scenario.
    """
    file = folder / SCENARIOS / f"{scenario_id}.parquet"
    try:
        about = pq.read_metadata(file).metadata or {}
    except (OSError, pa.ArrowException):
        return False
    return bool(about.get(b"mobility_geo.content_hash") == content_hash.encode())


def plan_table(plan: "SweepPlan", folder: Path) -> pd.DataFrame:
    """Return the scenarios of a plan as a table, with whether each is answered.

    Parameters
    ----------
    plan
        The plan.
    folder
        Folder of the sweep.

    Returns
    -------
    pandas.DataFrame
        As ``Sweep.scenarios``.
    """
    rows = [
        {
            "scenario_id": one.scenario_id, "label": one.label, "weight": one.weight,
            "when": one.when.isoformat(),
            "happening": None if one.happening is None else "|".join(one.happening),
            "closed_edge": one.closed_edge or None,
            "closed_crossing": one.closed_crossing or None,
            "parameters": "; ".join(f"{name} = {value}" for name, value in one.parameters) or None,
            "content_hash": one.content_hash,
            "answered": is_answered(folder, one.scenario_id, one.content_hash),
        }
        for one in plan.scenarios
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    texts = [name for name in table.columns if name not in {"weight", "answered"}]
    return table.astype(dict.fromkeys(texts, "str"))


def read_sweep(folder: str | Path) -> Sweep:
    """Open the results of a sweep, also of one that has not ended.

    Parameters
    ----------
    folder
        As given to `mobility_geo.batch.run_sweep`.

    Returns
    -------
    Sweep
        Reads tables when they are asked for.

    Raises
    ------
    InputError
        If the folder holds no sweep.

    Examples
    --------
    >>> read_sweep("nowhere")
    Traceback (most recent call last):
    mobility_geo.errors.InputError: nowhere: holds no sweep: no plan.csv
    """
    place = Path(folder)
    try:
        table = pd.read_csv(place / PLAN_TABLE, dtype="str", keep_default_na=False, na_values=[""])
    except OSError as error:
        msg = f"{folder}: holds no sweep: no {PLAN_TABLE}"
        raise InputError(msg) from error
    table["weight"] = table["weight"].astype("int64")
    table["answered"] = [
        is_answered(place, *one)
        for one in zip(table["scenario_id"], table["content_hash"], strict=True)
    ]
    return Sweep(folder=place, scenarios=table)


def write_plan_table(plan: "SweepPlan", folder: Path) -> None:
    """Write the list of scenarios of a plan into its folder.

    Parameters
    ----------
    plan
        The plan.
    folder
        Folder of the sweep.
    """
    table = plan_table(plan, folder).drop(columns="answered")
    aside = folder / f".{PLAN_TABLE}{PART}"
    write_table(table, aside).replace(folder / PLAN_TABLE)


# ------------------------------------------------------------------ sums
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Summary:
    """A sweep summed up over its scenarios, each by its weight.

    Probabilities are shares of the weight of the scenarios that were answered. Quantiles are the
    least value that so large a share of the weight does not exceed. Missing times: no station is
    within reach in so many scenarios.

    Attributes
    ----------
    scenarios
        One row per answered scenario: people by status, hours that those who can reach travel.
    spread
        Mean, quantiles and worst of the same figures over all scenarios.
    places, stations, place_stations, edges, crossings
        See the reference of the sweep plan.
    closures
        What each single closure changes against the same scenario without it.
    """

    scenarios: pd.DataFrame
    spread: pd.DataFrame
    places: pd.DataFrame
    stations: pd.DataFrame
    place_stations: pd.DataFrame
    edges: pd.DataFrame
    crossings: pd.DataFrame
    closures: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def summarise(sweep: Sweep, case: "Case", tables: Sequence[str]) -> Summary:
    """Sum a sweep up over its scenarios.

    Parameters
    ----------
    sweep
        The results.
    case
        The question that they answer.
    tables
        What was asked for, any of `mobility_geo.batch.plan.TABLES`: what was and came out empty
        is 0, what was not is not there.

    Returns
    -------
    Summary
        Each scenario counts by its weight.
    """
    answered = sweep.scenarios[sweep.scenarios["answered"]]
    weight = dict(zip(answered["scenario_id"], answered["weight"], strict=True))
    total = int(answered["weight"].sum())
    heads, kept = [], defaultdict[str, list[pd.DataFrame]](list)
    reach = _Reach()
    movers = case.groups[(case.groups["base"] == "movers").to_numpy(dtype=bool)]
    for scenario_id, found in sweep.each():
        one = weight[scenario_id]
        heads.append({"scenario_id": scenario_id, **_headline(found.get("status"))})
        for name, frame in _by_scenario(found, movers).items():
            kept[name].append(frame.assign(scenario_id=scenario_id, weight=one))
        if "stations" in found:
            reach.add(found["stations"], one)
    scenarios = answered.drop(columns=["answered", "content_hash"]).merge(
        pd.DataFrame(heads, columns=["scenario_id", *_HEAD]), on="scenario_id"
    )
    joined = {
        name: pd.concat(kept[name], ignore_index=True) if kept[name] else _no_rows(columns)
        for table, name, columns in _KEPT if table in tables
    }  # fmt: skip
    return Summary(
        scenarios=scenarios, spread=_spread(scenarios, total),
        places=_places(case, joined, total), stations=_stations(case, joined, total),
        place_stations=reach.table(total),
        edges=_flows(joined.get("edge_flows"), ["rule", "edge_id"], total),
        crossings=_flows(
            joined.get("crossing_flows"), ["rule", "crossing_id", "into_country"], total
        ),
        closures=_closures(scenarios),
    )  # fmt: skip


_KEPT: Final = (
    ("status", "stranded", ("place_id", "persons")),
    ("status", "cut_off", ("place_id", "persons")),
    ("stations", "stations", ("waystation_id", "persons", "places")),
    ("nearest", "nearest", ("place_id", "waystation_id", "time_min")),
    ("flows", "edge_flows", ("rule", "edge_id", "persons")),
    ("flows", "crossing_flows", ("rule", "crossing_id", "into_country", "persons")),
)
"""What is asked for, what is kept of it for each scenario, and the columns of that."""


def _no_rows(columns: Sequence[str]) -> pd.DataFrame:
    texts = [name for name in columns if name.endswith("_id") or name in {"rule", "into_country"}]
    names = [*columns, "weight", "scenario_id"]
    return pd.DataFrame(
        {
            name: pd.Series(dtype="str" if name in texts or name == "scenario_id" else "float64")
            for name in names
        }
    )


class _Reach:
    """Sums by traveller at a place and station; folded together now and then, to bound memory."""

    def __init__(self) -> None:
        self.parts: list[pd.DataFrame] = []

    def add(self, stations: pd.DataFrame, weight: int) -> None:
        """Add the stations within reach in one scenario."""
        rows = stations[[*TRAVELLER, "waystation_id"]].assign(
            weight=weight, product=weight * stations["time_min"]
        )
        self.parts.append(rows)
        if len(self.parts) >= FOLD_EVERY:
            self.parts = [self._sums()]

    def _sums(self) -> pd.DataFrame:
        keys = [*TRAVELLER, "waystation_id"]
        rows = pd.concat(self.parts, ignore_index=True)
        return (
            rows.groupby(keys, dropna=False, sort=True)[["weight", "product"]].sum().reset_index()
        )

    def table(self, total: int) -> pd.DataFrame:
        """Return shares of the weight, and mean times."""
        if not self.parts:
            names = [*TRAVELLER, "waystation_id", "reachable_probability", "time_mean_min"]
            return pd.DataFrame(columns=names)
        sums = self._sums()
        sums["reachable_probability"] = sums["weight"] / total
        sums["time_mean_min"] = sums["product"] / sums["weight"]
        return sums.drop(columns=["weight", "product"])


_HEAD: Final = (
    *(f"{status}_persons" for status in STATUSES), "cut_off_persons", "travel_h",
)  # fmt: skip


def _headline(status: pd.DataFrame | None) -> dict[str, float]:
    if status is None:
        return {}
    movers = status[(status["base"] == "movers").to_numpy(dtype=bool)]
    sums = movers.groupby("status")["persons"].sum()
    found: dict[str, float] = {f"{name}_persons": int(sums.get(name, 0)) for name in STATUSES}
    off = (status["status"] == "cut_off").to_numpy(dtype=bool)
    found["cut_off_persons"] = int(status.loc[off, "persons"].sum())
    # a status with free places unchecked has its time; nobody who cannot reach has one
    can = movers[(movers["status"] == "can_reach").to_numpy(dtype=bool)]
    found["travel_h"] = float((can["persons"] * can["time_min"]).sum() / MIN_PER_H)
    return found


def _by_scenario(
    tables: Mapping[str, pd.DataFrame], movers: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Return what is kept of one scenario: few columns, few rows."""
    found: dict[str, pd.DataFrame] = {}
    status = tables.get("status")
    if status is not None:
        for name, word in (("stranded", "stranded"), ("cut_off", "cut_off")):
            rows = status[(status["status"] == word).to_numpy(dtype=bool)]
            found[name] = rows.groupby("place_id")["persons"].sum().reset_index()
    for name in ("nearest", "edge_flows", "crossing_flows"):
        if name in tables:
            columns = [c for c in COLUMNS[name] if c not in
                       {"scenario_id", "forward_persons", "backward_persons"}]  # fmt: skip
            found[name] = tables[name][columns]
    if "stations" in tables:
        rows = tables["stations"]
        people = rows.merge(movers[[*TRAVELLER, "persons"]], on=list(TRAVELLER), how="left")
        by = people.groupby("waystation_id")
        found["stations"] = pd.DataFrame(
            {"persons": by["persons"].sum(), "places": by["place_id"].nunique()}
        ).reset_index()
    return found


def over_scenarios(
    rows: pd.DataFrame, keys: Sequence[str], column: str, total: int, *, missing: float
) -> pd.DataFrame:
    """Return mean, quantiles and worst of a value over scenarios.

    Parameters
    ----------
    rows
        The keys, the value, ``weight`` and ``scenario_id``; at most one row per key and scenario.
    keys
        What is told apart.
    column
        The value; the worst is the largest.
    total
        Weight of all scenarios.
    missing
        Value of the scenarios without a row: 0, or `inf` for what cannot be reached.

    Returns
    -------
    pandas.DataFrame
        By the keys: ``share`` of the weight that has a row with a value above 0, ``mean`` (of
        those with a row, where the others are infinite), ``p10``, ``median``, ``p90``, ``worst``
        (NaN: infinite), ``worst_scenario_id``.

    Examples
    --------
    >>> rows = pd.DataFrame({"place_id": ["a", "a"], "persons": [10, 30]})
    >>> rows = rows.assign(weight=1, scenario_id=["one", "two"])
    >>> found = over_scenarios(rows, ["place_id"], "persons", 4, missing=0)
    >>> [float(found[name].iloc[0]) for name in ("share", "mean", "median", "worst")]
    [0.5, 10.0, 0.0, 30.0]
    """
    ordered = rows.sort_values([*keys, column, "scenario_id"], kind="stable")
    ordered = ordered.assign(
        product=ordered[column] * ordered["weight"],
        some=ordered["weight"].where(ordered[column] > 0, 0),
    )
    by = ordered.groupby(list(keys), sort=True)
    sums = by[["weight", "product", "some"]].sum()
    # the others stand before all rows if they count as 0, behind all if as infinite
    others = (total - sums["weight"]) if missing == 0 else sums["weight"] * 0
    found = pd.DataFrame(index=sums.index)
    found["share"] = (sums["some"] if missing == 0 else sums["weight"]) / total
    found["mean"] = sums["product"] / (total if missing == 0 else sums["weight"])
    before: pd.Series[float] = by["weight"].cumsum()
    if missing == 0:
        before += total - by["weight"].transform("sum")
    for name, share in QUANTILES.items():
        enough = ordered[(before >= share * total - _SLACK).to_numpy(dtype=bool)]
        value = enough.groupby(list(keys), sort=True)[column].first().astype("float64")
        value = value.reindex(sums.index)
        found[name] = value.mask(others >= share * total - _SLACK, 0.0) if missing == 0 else value
    last = by.last()
    found["worst"] = last[column].astype("float64")
    found["worst_scenario_id"] = last["scenario_id"]
    if missing != 0:
        never = sums["weight"] < total
        found["worst"] = found["worst"].mask(never)
        found["worst_scenario_id"] = found["worst_scenario_id"].mask(never)
    return found


_SLACK: Final = 1e-9


def _named(found: pd.DataFrame, prefix: str, unit: str, share: str) -> pd.DataFrame:
    names = {name: f"{prefix}_{name}_{unit}" for name in ("mean", *QUANTILES, "worst")}
    return found.rename(
        columns={**names, "share": share, "worst_scenario_id": f"{prefix}_worst_scenario_id"}
    )


def _spread(scenarios: pd.DataFrame, total: int) -> pd.DataFrame:
    """Return the figures of the headline over all scenarios."""
    rows = []
    for name in _HEAD:
        known = scenarios[["scenario_id", "weight", name]].dropna().assign(figure=name)
        if not len(known):
            continue
        one = over_scenarios(known, ["figure"], name, total, missing=0).reset_index()
        low = known.sort_values([name, "scenario_id"]).iloc[0]
        high = known.sort_values([name, "scenario_id"]).iloc[-1]
        rows.append(
            one.drop(columns=["share", "worst", "worst_scenario_id"]).assign(
                least=float(low[name]), least_scenario_id=str(low["scenario_id"]),
                most=float(high[name]), most_scenario_id=str(high["scenario_id"]),
            )
        )  # fmt: skip
    names = ["figure", "mean", *QUANTILES, "least", "least_scenario_id", "most",
             "most_scenario_id"]  # fmt: skip
    return pd.concat(rows, ignore_index=True)[names] if rows else pd.DataFrame(columns=names)


def _places(case: "Case", joined: Mapping[str, pd.DataFrame], total: int) -> pd.DataFrame:
    """Return places: how likely people there are stranded, and how far the nearest station is."""
    network, groups = case.network, case.groups
    table = pd.DataFrame(network.places[["place_id", "name", "kind", "pcode", "country"]])
    table = table.set_index("place_id")
    for base in ("movers", "residents"):
        rows = groups[(groups["base"] == base).to_numpy(dtype=bool)]
        people = rows.groupby("place_id")["persons"].sum()
        table[f"{base}_persons"] = people.reindex(table.index).fillna(0).astype("int64")
    asked = (table["movers_persons"] + table["residents_persons"]) > 0
    for name, whole in (("stranded", "movers"), ("cut_off", "residents")):
        if name not in joined or not total:
            continue
        found = _named(
            over_scenarios(joined[name], ["place_id"], "persons", total, missing=0), name,
            "persons", f"{name}_probability",
        )  # fmt: skip
        here = table[f"{whole}_persons"] > 0
        for column in found.columns:
            values = found[column].reindex(table.index)
            if column.endswith("_scenario_id"):
                table[column] = values.astype("str")
            else:
                table[column] = values.fillna(0.0).where(here)
    if "nearest" in joined and total:
        rows = joined["nearest"]
        found = _named(
            over_scenarios(rows, ["place_id"], "time_min", total, missing=np.inf), "nearest",
            "min", "station_probability",
        )  # fmt: skip
        settled = (network.places.set_index("place_id")["kind"] == "settlement").reindex(
            table.index
        )
        table = table.join(found)
        table["station_probability"] = table["station_probability"].fillna(0.0).where(settled)
        most = (
            rows.groupby(["place_id", "waystation_id"])["weight"].sum().reset_index()
            .sort_values(["place_id", "weight", "waystation_id"], ascending=[True, False, True])
            .groupby("place_id")["waystation_id"].first()
        )  # fmt: skip
        table["nearest_waystation_id"] = most.reindex(table.index)
        asked |= settled.astype("bool")
    return table[asked.to_numpy(dtype=bool)].reset_index()


def _stations(case: "Case", joined: Mapping[str, pd.DataFrame], total: int) -> pd.DataFrame:
    """Return way stations: how likely anybody reaches them, and how many people do."""
    columns = ["waystation_id", "name", "kind", "place_id", "hypothetical", "capacity_persons"]
    table = pd.DataFrame(case.waystations[columns]).set_index("waystation_id")
    if "stations" not in joined or not total:
        return table.reset_index()
    rows = joined["stations"]
    share = rows.groupby("waystation_id")["weight"].sum() / total
    table["reachable_probability"] = share.reindex(table.index).fillna(0.0)
    found = over_scenarios(rows, ["waystation_id"], "persons", total, missing=0)
    for name in ("mean", *QUANTILES):
        column = f"movers_in_reach_{name}_persons"
        table[column] = found[name].reindex(table.index).fillna(0.0)
    every = rows.groupby("waystation_id")["weight"].sum().reindex(table.index).fillna(0) >= total
    least = rows.groupby("waystation_id")["persons"].min().reindex(table.index).fillna(0)
    table["movers_in_reach_least_persons"] = least.where(every, 0.0)
    places = (rows["places"] * rows["weight"]).groupby(rows["waystation_id"]).sum() / total
    table["places_in_reach_mean"] = places.reindex(table.index).fillna(0.0)
    return table.reset_index()


def _flows(rows: pd.DataFrame | None, keys: list[str], total: int) -> pd.DataFrame:
    figures = [f"flow_{name}_persons" for name in ("mean", *QUANTILES, "worst")]
    names = ["used_probability", *figures, "flow_worst_scenario_id"]
    if rows is None or not len(rows):
        return pd.DataFrame(columns=[*keys, *names])
    found = over_scenarios(rows, keys, "persons", total, missing=0)
    return _named(found, "flow", "persons", "used_probability").reset_index()


def _closures(scenarios: pd.DataFrame) -> pd.DataFrame:
    """Return what each closure changes against the same scenario without it."""
    names = ["scenario_id", "closed_edge", "closed_crossing", "when", "parameters"]
    changes = {
        "stranded_persons": "stranded_change_persons", "can_reach_persons":
        "can_reach_change_persons", "cut_off_persons": "cut_off_change_persons",
        "travel_h": "travel_change_h",
    }  # fmt: skip
    closed = scenarios["closed_edge"].notna() | scenarios["closed_crossing"].notna()
    if not closed.any() or scenarios["stranded_persons"].isna().all():
        return pd.DataFrame(columns=[*names, *changes.values()])
    of = ["when", "parameters"]
    plain = scenarios[~closed].assign(parameters=scenarios["parameters"].fillna(""))
    rows = scenarios[closed].assign(parameters=scenarios["parameters"].fillna(""))
    # without an answer of the scenario that nothing is closed in, the changes are not known
    both = rows.merge(plain[[*of, *changes]], on=of, suffixes=("", "_before"), how="left")
    for name, change in changes.items():
        both[change] = both[name] - both[f"{name}_before"]
    return both[[*names, *changes.values()]].sort_values(
        ["stranded_change_persons", "travel_change_h", "scenario_id"],
        ascending=[False, False, True], ignore_index=True,
    )  # fmt: skip

"""Sums over the long result tables: by status, reason, zone, place, crossing, station, closure.

Maps, pages and files all take their sums from here, so that one figure is the same everywhere.
Nothing is rounded or suppressed here; what may be shared is decided in
`mobility_geo.outcomes.disclosure`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from mobility_geo.schema import CAUSES, REASONS
from mobility_geo.units import MIN_PER_H

if TYPE_CHECKING:
    from mobility_geo.outcomes.results import Results

Base = Literal["movers", "residents"]
Rule = Literal["least_time", "logit", "given"]

PERSONS: Final = ("persons", "persons_low", "persons_high")
"""Best, low and high figure, in persons; the columns of every sum."""

SUFFIXES: Final = ("", "_low", "_high")

STATUS_ORDER: Final[dict[str, tuple[str, ...]]] = {
    "movers": ("can_reach", "stranded", "isolated", "unknown"),
    "residents": ("can_reach", "cut_off", "isolated", "unknown"),
}
"""The statuses of each base, in the order in which they are shown."""

OUTSIDE_ZONES: Final = "(outside all zones)"

_WIDE: Final[dict[str, dict[str, str]]] = {
    "movers": {
        "can_reach": "can_reach", "stranded": "stranded", "isolated": "isolated",
        "unknown": "unknown",
    },
    "residents": {
        "can_reach": "residents_can_reach", "cut_off": "cut_off",
        "isolated": "residents_isolated", "unknown": "residents_unknown",
    },
}  # fmt: skip
_STATE_ORDER: Final = (
    "open", "slower", "riskier", "partly_closed", "out_of_season", "closed", "not_passable",
)  # fmt: skip


def people_by_status(status: pd.DataFrame, *, base: Base = "movers") -> pd.DataFrame:
    """Sum people by status.

    Parameters
    ----------
    status
        Schema `STATUS`: the status or the baseline of a `Results`.
    base
        Whom to count: people on the move, or residents.

    Returns
    -------
    pandas.DataFrame
        One row per status of the base, in the order of `STATUS_ORDER` and also where nobody has
        it: `status`, `persons`, `persons_low`, `persons_high` (persons), `share` (0 to 1; NaN
        if the base is empty). `persons` sums to the base, to the person.

    Examples
    --------
    >>> rows = [("movers", "can_reach", 75, 70, 80), ("movers", "stranded", 25, 20, 30)]
    >>> table = people_by_status(pd.DataFrame(rows, columns=["base", "status", *PERSONS]))
    >>> table["persons"].tolist(), table["share"].tolist()
    ([75, 25, 0, 0], [0.75, 0.25, 0.0, 0.0])
    """
    rows = status[status["base"] == base]
    sums = rows.groupby("status")[list(PERSONS)].sum()
    table = sums.reindex(list(STATUS_ORDER[base]), fill_value=0).astype("int64")
    table = table.rename_axis("status").reset_index()
    total = int(table["persons"].sum())
    table["share"] = table["persons"] / total if total else np.nan
    return table


def people_total(status: pd.DataFrame, *, base: Base = "movers") -> tuple[int, int, int]:
    """Return how many people a base has: low, best and high figure, in persons.

    Parameters
    ----------
    status
        Schema `STATUS`.
    base
        Whom to count.

    Returns
    -------
    tuple of int
        Low, best, high; persons.

    Examples
    --------
    >>> people_total(pd.DataFrame([("movers", 75, 70, 80)], columns=["base", *PERSONS]))
    (70, 75, 80)
    """
    sums = status.loc[status["base"] == base, list(PERSONS)].sum()
    return int(sums["persons_low"]), int(sums["persons"]), int(sums["persons_high"])


def stranded_by(
    status: pd.DataFrame, columns: str | Sequence[str], *, base: Base = "movers"
) -> pd.DataFrame:
    """Sum the stranded (or, of residents, the cut-off) by any columns of the status table.

    Parameters
    ----------
    status
        Schema `STATUS`.
    columns
        One or more of its columns, such as ``"reason"`` or ``["reason", "cause"]``.
    base
        Whom to count: stranded people on the move, or residents who would be cut off.

    Returns
    -------
    pandas.DataFrame
        The columns, `persons`, `persons_low`, `persons_high` (persons) and `share` of all the
        stranded (0 to 1); most people first, then by name. A missing value is a row of its own.

    Examples
    --------
    >>> rows = [("movers", "stranded", "over_risk", 5, 5, 5),
    ...         ("movers", "stranded", "border", 20, 20, 20)]  # fmt: skip
    >>> table = pd.DataFrame(rows, columns=["base", "status", "reason", *PERSONS])
    >>> stranded_by(table, "reason")[["reason", "persons"]].to_dict("list")
    {'reason': ['border', 'over_risk'], 'persons': [20, 5]}
    """
    keys = [columns] if isinstance(columns, str) else list(columns)
    wanted = "stranded" if base == "movers" else "cut_off"
    rows = status[(status["base"] == base) & (status["status"] == wanted)]
    table = rows.groupby(keys, dropna=False, as_index=False)[list(PERSONS)].sum()
    table = table.sort_values(["persons", *keys], ascending=[False, *[True] * len(keys)])
    total = int(table["persons"].sum())
    table["share"] = table["persons"] / total if total else np.nan
    return table.reset_index(drop=True)


def status_by_zone(results: "Results") -> gpd.GeoDataFrame:
    """Sum people by the zone where they are, and by status.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per zone of the network, in their order, also where nobody is; people whose place
        lies in no zone are in a last row without code and geometry. In persons, each also with
        `_low` and `_high` at the end of the name: `movers_persons`, `can_reach_persons`,
        `stranded_persons`, `isolated_persons`, `cannot_reach_persons` (the two before it),
        `unknown_persons`, and for residents `residents_persons`, `residents_can_reach_persons`,
        `cut_off_persons`, `residents_isolated_persons`, `residents_unknown_persons`. Further
        `cannot_reach_share` and `cut_off_share` (0 to 1; NaN where nobody is), and `main_reason`
        and `main_cause` of the stranded by people. MultiPolygon, in the network's metric
        coordinate reference system.
    """
    zones = results.case.network.zones
    return _by_location(
        results.status,
        zones[["pcode", "name", "country", "pcode_vintage", "geometry"]],
        key="pcode",
    )


def status_by_place(results: "Results") -> gpd.GeoDataFrame:
    """Sum people by the place where they are, and by status.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per place that somebody of either base is at: `place_id`, `name`, `kind`,
        `pcode`, `country`, `approximate`, and the columns of `status_by_zone`. Point, in the
        network's metric coordinate reference system.
    """
    places = results.case.network.places
    columns = ["place_id", "name", "kind", "pcode", "country", "approximate", "geometry"]
    table = _by_location(results.status, places[columns], key="place_id")
    anybody = (table["movers_persons_high"] + table["residents_persons_high"]) > 0
    return table[anybody].reset_index(drop=True)


def held_at(results: "Results") -> gpd.GeoDataFrame:
    """Sum stranded people by the place where they are held up on their way.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per place, most people first: `held_node_id`, `held_name`, `held_kind`,
        `held_crossing_id`, `persons`, `persons_low`, `persons_high` (persons), `main_reason`,
        `main_cause`, and `origins` (names of the places where they are now, ``|`` between them,
        most people first). Point, in the network's metric coordinate reference system; people
        who do not get as far as a node are shown at the place where they are. Movers only.

    Notes
    -----
    Internal: where people are held is never part of what may be shared.
    """
    network = results.case.network
    status = results.status
    rows = status[(status["base"] == "movers") & (status["status"] == "stranded")].copy()
    rows["at"] = rows["held_node_id"].where(rows["held_node_id"].notna(), rows["place_id"])
    rows["at_node"] = rows["held_node_id"].notna()
    names = network.places.set_index("place_id")["name"]
    rows["held_name"] = rows["held_name"].where(
        rows["held_name"].notna(), rows["place_id"].map(names)
    )
    rows["origin_name"] = rows["place_id"].map(names)
    keys = ["at", "at_node", "held_name", "held_kind", "held_crossing_id"]
    records = [
        {
            **dict(zip(keys, key, strict=True)),
            **group[list(PERSONS)].sum().to_dict(),
            "main_reason": _largest(group, "reason", REASONS),
            "main_cause": _largest(group, "cause", CAUSES),
            "origins": _joined(group, "origin_name"),
        }
        for key, group in rows.groupby(keys, dropna=False)
    ]
    table = pd.DataFrame(records, columns=[*keys, *PERSONS, "main_reason", "main_cause", "origins"])
    node_shapes = network.nodes.set_index("node_id").geometry
    place_shapes = network.places.set_index("place_id").geometry
    at_node = table["at_node"].to_numpy(dtype=bool)
    points = table["at"].map(node_shapes).where(at_node, table["at"].map(place_shapes))
    table["held_node_id"] = table["at"].where(table["at_node"])
    layer = gpd.GeoDataFrame(
        table[["held_node_id", *keys[2:], *PERSONS, "main_reason", "main_cause", "origins"]],
        geometry=gpd.GeoSeries(points.to_list(), index=table.index, crs=network.crs),
        crs=network.crs,
    )
    return layer.sort_values(["persons", "held_name"], ascending=[False, True], ignore_index=True)


def crossing_states(results: "Results") -> pd.DataFrame:
    """Say of each border crossing whether it is open on the date of the results.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    pandas.DataFrame
        `crossing_id` and `state`: open, slower, riskier, partly_closed (not to everybody, or not
        in both directions), out_of_season, closed; missing where no edge is that crossing. If
        several edges are the same crossing, the most open of them counts.
    """
    edges = results.case.network.edges
    edges = edges.loc[edges["crossing_id"].notna(), ["edge_id", "crossing_id"]]
    states = edges.merge(results.edge_conditions[["edge_id", "state"]], on="edge_id", how="left")
    # an edge that nothing touches may be left out of the conditions
    states["state"] = pd.Categorical(states["state"].fillna("open"), _STATE_ORDER, ordered=True)
    best = states.groupby("crossing_id", observed=True)["state"].min().astype("str")
    return (
        results.case.network.crossings[["crossing_id"]]
        .merge(best.reset_index(), on="crossing_id", how="left")
        .reset_index(drop=True)
    )


def people_by_crossing(results: "Results") -> gpd.GeoDataFrame:
    """Sum the people who pass each border crossing, by rule of choice side by side.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per crossing and country that is entered, most people first: `crossing_id`,
        `name`, `country_a`, `country_b`, `official`, `regime` (the normal one), `state` on the
        date, `into_country`, and for each rule `<rule>_persons` (persons) and
        `<rule>_share` of all entries into that country (0 to 1). Point, in the network's metric
        coordinate reference system.
    """
    network = results.case.network
    flows = results.crossing_flows
    rules = [rule for rule in ("least_time", "logit", "given") if (flows["rule"] == rule).any()]
    keys = ["crossing_id", "into_country"]
    table = flows.pivot_table(
        index=keys, columns="rule", values="flow_persons", aggfunc="sum", fill_value=0
    )
    table = table.reindex(columns=rules).add_suffix("_persons").astype("int64").reset_index()
    for rule in rules:
        total = table.groupby("into_country")[f"{rule}_persons"].transform("sum")
        table[f"{rule}_share"] = (table[f"{rule}_persons"] / total).where(total > 0)
    about = network.crossings[
        ["crossing_id", "name", "country_a", "country_b", "official", "regime", "geometry"]
    ].merge(crossing_states(results), on="crossing_id")
    layer = gpd.GeoDataFrame(
        table.merge(about, on="crossing_id", how="left"), geometry="geometry", crs=network.crs
    )
    order = [f"{rule}_persons" for rule in rules]
    layer = layer.sort_values(
        [*order, "crossing_id", "into_country"],
        ascending=[*[False] * len(order), True, True],
        ignore_index=True,
    )
    first = ["crossing_id", "name", "country_a", "country_b", "official", "regime", "state"]
    rest = [name for rule in rules for name in (f"{rule}_persons", f"{rule}_share")]
    return layer[[*first, "into_country", *rest, "geometry"]]


def waystation_reach(results: "Results") -> gpd.GeoDataFrame:
    """Say of each way station who can get there.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per station, most people first: `waystation_id`, `name`, `kind`, `hypothetical`,
        `capacity_persons`, `places_in_reach` (places from which anybody reaches it),
        `movers_in_reach_persons` (people on the move who can get there: can, not will),
        `nearest_of_places` and `nearest_of_residents_persons` (places whose nearest station it
        is, and their residents), `fastest_h` and `slowest_h` (hours, among the places in reach;
        NaN if none). Point, in the network's metric coordinate reference system.
    """
    stations = results.case.waystations
    reach = results.reachable
    groups = results.case.groups
    movers = groups[groups["base"] == "movers"]
    traveller = ["place_id", "profile", "kind", "nationality", "exposure_class"]
    people = reach.merge(movers[[*traveller, "persons"]], on=traveller)
    by = reach.groupby("waystation_id")
    nearest = results.catchments[results.catchments["waystation_id"].notna()]
    table = stations[
        ["waystation_id", "name", "kind", "hypothetical", "capacity_persons", "geometry"]
    ].copy()
    ids = table["waystation_id"]
    sums = {
        "places_in_reach": by["place_id"].nunique(),
        "movers_in_reach_persons": people.groupby("waystation_id")["persons"].sum(),
        "nearest_of_places": nearest.groupby("waystation_id").size(),
        "nearest_of_residents_persons": nearest.groupby("waystation_id")[
            "population_persons"
        ].sum(),
    }
    for name, values in sums.items():
        table[name] = ids.map(values).fillna(0).round().astype("int64")
    table["fastest_h"] = ids.map(by["time_min"].min()) / MIN_PER_H
    table["slowest_h"] = ids.map(by["time_min"].max()) / MIN_PER_H
    return table.sort_values(
        ["movers_in_reach_persons", "places_in_reach", "waystation_id"],
        ascending=[False, False, True],
        ignore_index=True,
    )


def active_disruptions(results: "Results") -> gpd.GeoDataFrame:
    """Return the disruptions that hold on the date of the results.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    geopandas.GeoDataFrame
        Rows of `Results.disruptions` whose period, both ends included, holds the date.
    """
    table = results.disruptions
    day = pd.Timestamp(results.when)
    start, end = pd.to_datetime(table["start"]), pd.to_datetime(table["end"])
    holds = (start.isna() | (start <= day)) & (end.isna() | (end >= day))
    return table[holds.to_numpy(dtype=bool)].reset_index(drop=True)


def closures_by_people_freed(results: "Results") -> pd.DataFrame:
    """List the disruptions of the date, those whose lifting alone would free most people first.

    Parameters
    ----------
    results
        Results of a scenario.

    Returns
    -------
    pandas.DataFrame
        The disruptions that hold on the date, without their geometry; `persons_freed` is in
        persons. It says that a modelled path would exist, not that it is safe to reopen.
    """
    active = active_disruptions(results)
    table = pd.DataFrame(active.drop(columns=active.active_geometry_name))
    return table.sort_values(
        ["persons_freed", "disruption_id"], ascending=[False, True], ignore_index=True
    )


def flows_between_zones(results: "Results", *, rule: Rule = "least_time") -> pd.DataFrame:
    """Sum flows by zone of origin and zone of destination.

    Parameters
    ----------
    results
        Results of a scenario.
    rule
        Rule by which destinations are chosen.

    Returns
    -------
    pandas.DataFrame
        `origin_pcode`, `origin_name`, `destination_pcode`, `destination_name`,
        `destination_country`, `flow_persons` (persons) and `time_h` (mean of the ways, weighted
        by people; hours); most people first. The origin is where people are now.
    """
    network = results.case.network
    zone_names = network.zones.set_index("pcode")["name"]
    zone_of = network.places.set_index("place_id")["pcode"]
    flows = results.od_flows
    flows = flows[(flows["rule"] == rule) & (flows["flow_persons"] > 0)].copy()
    flows["origin_pcode"] = flows["origin_id"].map(zone_of)
    flows["person_h"] = flows["flow_persons"] * flows["time_min"] / MIN_PER_H
    keys = ["origin_pcode", "destination_pcode", "destination_country"]
    table = flows.groupby(keys, dropna=False, as_index=False)[["flow_persons", "person_h"]].sum()
    table["time_h"] = table["person_h"] / table["flow_persons"]
    for end in ("origin", "destination"):
        table[f"{end}_name"] = table[f"{end}_pcode"].map(zone_names).fillna(OUTSIDE_ZONES)
    table = table.sort_values(
        ["flow_persons", *keys], ascending=[False, True, True, True], ignore_index=True
    )
    return table[
        ["origin_pcode", "origin_name", "destination_pcode", "destination_name",
         "destination_country", "flow_persons", "time_h"]
    ]  # fmt: skip


def flows_by_edge(results: "Results", *, rule: Rule = "least_time") -> gpd.GeoDataFrame:
    """Return the edges that people pass, with how many.

    Parameters
    ----------
    results
        Results of a scenario.
    rule
        Rule by which destinations are chosen.

    Returns
    -------
    geopandas.GeoDataFrame
        Edges of the network with `flow_persons`, `forward_persons` (along the line) and
        `backward_persons` (persons), fewest first, so that the largest are drawn on top. An
        edge that nobody passes has no row.
    """
    flows = results.edge_flows
    flows = flows.loc[(flows["rule"] == rule) & (flows["flow_persons"] > 0)].drop(columns="rule")
    layer = results.case.network.edges.merge(flows, on="edge_id", how="inner")
    return layer.sort_values(["flow_persons", "edge_id"], ignore_index=True)


def _by_location(
    status: pd.DataFrame, locations: gpd.GeoDataFrame, *, key: str
) -> gpd.GeoDataFrame:
    known = status[key].isin(locations[key])
    at = status[key].where(known)
    table = locations.copy()
    if not bool(known.all()):
        outside = locations.iloc[:0].reindex([len(locations)])
        outside["name"] = OUTSIDE_ZONES
        table = gpd.GeoDataFrame(
            pd.concat([table, outside.astype(locations.dtypes.drop("geometry"), errors="ignore")]),
            geometry="geometry",
            crs=locations.crs,
        )
    for base, names in _WIDE.items():
        rows = status[status["base"] == base]
        codes = at[rows.index]
        for suffix in SUFFIXES:
            people = rows[f"persons{suffix}"]
            table[f"{base}_persons{suffix}"] = _mapped(table[key], people, codes)
        for state, name in names.items():
            chosen = rows["status"] == state
            for suffix in SUFFIXES:
                people = rows.loc[chosen, f"persons{suffix}"]
                table[f"{name}_persons{suffix}"] = _mapped(table[key], people, codes[chosen])
            if state == "isolated" and base == "movers":
                for suffix in SUFFIXES:
                    table[f"cannot_reach_persons{suffix}"] = (
                        table[f"stranded_persons{suffix}"] + table[f"isolated_persons{suffix}"]
                    )
    table["cannot_reach_share"] = (table["cannot_reach_persons"] / table["movers_persons"]).where(
        table["movers_persons"] > 0
    )
    table["cut_off_share"] = (table["cut_off_persons"] / table["residents_persons"]).where(
        table["residents_persons"] > 0
    )
    stranded = (status["base"] == "movers") & (status["status"] == "stranded")
    by = status[stranded].groupby(at[stranded].fillna(OUTSIDE_ZONES))
    filled = table[key].fillna(OUTSIDE_ZONES)
    for column, order in (("reason", REASONS), ("cause", CAUSES)):
        largest = {code: _largest(rows, column, order) for code, rows in by}
        table[f"main_{column}"] = filled.map(largest).astype("str")
    geometry = table.pop("geometry")
    return gpd.GeoDataFrame(table, geometry=geometry, crs=locations.crs).reset_index(drop=True)


def _mapped(
    keys: "pd.Series[str]", people: "pd.Series[int]", codes: "pd.Series[str]"
) -> "pd.Series[int]":
    sums = people.groupby(codes.fillna(OUTSIDE_ZONES)).sum()
    return keys.fillna(OUTSIDE_ZONES).map(sums).fillna(0).astype("int64")


def _largest(rows: pd.DataFrame, column: str, order: Sequence[str]) -> str | None:
    """Return the value that most people have; the first in `order` if several do."""
    sums = rows.groupby(column)["persons"].sum()
    sums = sums.reindex([value for value in order if value in sums.index])
    return str(sums.idxmax()) if len(sums) and sums.max() > 0 else None


def _joined(rows: pd.DataFrame, column: str) -> str:
    sums = rows.groupby(column)["persons"].sum()
    return "|".join(sums.sort_index().sort_values(ascending=False, kind="stable").index)

"""Origin-destination matrices as long tables, in whole people."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from mobility_geo.errors import ConservationError, InputError, UnknownIdError, labels
from mobility_geo.scenario import Case, TravellerClass
from mobility_geo.schema import DESTINATIONS, GROUPS, OD_FLOWS, TableSchema, check_table, suggest

GIVEN = "given"
"""Rule, and name of the groups and destinations, of flows that a table gives."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ODMatrix:
    """People from each origin to each destination, by rule of choice.

    Parameters
    ----------
    table
        Schema `OD_FLOWS`. A row without destination holds people who cannot go, in
        ``unserved_persons``: they are never dropped.

    Raises
    ------
    SchemaError
        If the table breaks its schema.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows import choose_destinations
    >>> choose_destinations(load_toy()).persons("least_time")
    1750
    """

    table: pd.DataFrame

    def __post_init__(self) -> None:
        """Check the table."""
        object.__setattr__(self, "table", check_table(self.table, OD_FLOWS))

    def rules(self) -> tuple[str, ...]:
        """Return the rules in the table, in their order."""
        return tuple(dict.fromkeys(self.table["rule"]))

    def persons(self, rule: str) -> int:
        """Return all people of a rule, served or not."""
        rows = self.table[self.table["rule"] == rule]
        return int(rows["flow_persons"].sum() + rows["unserved_persons"].sum())

    def check_total(self, persons: int) -> None:
        """Check that every rule accounts for all people.

        Parameters
        ----------
        persons
            How many there are.

        Raises
        ------
        ConservationError
            If a rule lost or invented people.
        """
        for rule in self.rules():
            if self.persons(rule) != persons:
                msg = f"{rule}: {self.persons(rule)} people instead of {persons}"
                raise ConservationError(msg)


def round_to_total(shares: npt.ArrayLike, total: int) -> npt.NDArray[np.int64]:
    """Round shares of a whole number of people so that they still add up to it.

    Largest remainders get the people that rounding down leaves over; the first of equal
    remainders first.

    Parameters
    ----------
    shares
        Weights, one dimension, >= 0, not all 0 unless `total` is 0.
    total
        People, >= 0.

    Returns
    -------
    numpy.ndarray
        int64, sums to `total`.

    Raises
    ------
    InputError
        If a weight is negative or not finite, or all are 0 and `total` is not.

    Examples
    --------
    >>> round_to_total([1, 1, 1], 100).tolist()
    [34, 33, 33]
    """
    weights = np.asarray(shares, dtype=np.float64)
    if total < 0 or not bool(np.all(np.isfinite(weights) & (weights >= 0))):
        msg = "weights must be finite and >= 0, and the total >= 0"
        raise InputError(msg)
    if total == 0:
        return np.zeros(weights.shape, dtype=np.int64)
    if not weights.sum() > 0:
        msg = f"{total} people cannot be shared out: all weights are 0"
        raise InputError(msg)
    exact = weights / weights.sum() * total
    floor: npt.NDArray[np.int64] = np.floor(exact).astype(np.int64)
    rest = total - int(floor.sum())
    order = np.argsort(-(exact - floor), kind="stable")
    floor[order[:rest]] += 1
    return floor


def given_flows(
    case: Case, table: pd.DataFrame, traveller: TravellerClass
) -> tuple[Case, ODMatrix]:
    """Return the flows of a table as flows of a case, all people of one class of travellers.

    Parameters
    ----------
    case
        Has the places.
    table
        ``origin_id``, ``destination_id`` (ids of places, see `mobility_geo.sources.match_ids`) and
        ``flow_persons``, real numbers; rows of one pair are added.
    traveller
        How everybody travels.

    Returns
    -------
    case
        The case with a group for each origin, and the destinations of the table as a set.
    flows
        Whole people under the rule ``given``: `round_to_total` keeps the total, rounded to a whole
        number, and moves no pair by a person or more.

    Raises
    ------
    UnknownIdError
        If an end is no place of the case, or the profile is not known.
    InputError
        If people are missing or negative, or there is nobody.

    Notes
    -----
    Groups have no limit of time, risk or money: the table says that people go.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.flows.congested import assign_equilibrium
    >>> table = pd.DataFrame(
    ...     {"origin_id": ["northtown"], "destination_id": ["midtown"], "flow_persons": [12.4]}
    ... )
    >>> case, od = given_flows(
    ...     load_toy(), table, TravellerClass(profile="truck", nationality="TOA")
    ... )
    >>> assign_equilibrium(case, od).od["served_persons"].tolist()
    [12.0]
    """
    places = case.network.places["place_id"]
    problems = [
        f"od: column {column!r} names no place of the case: {name!r}{suggest(str(name), places)}"
        for column in ("origin_id", "destination_id")
        for name in table.loc[~table[column].isin(places), column].unique()
    ]
    profiles = case.network.profiles["profile"]
    if traveller.profile not in set(profiles):
        near = suggest(traveller.profile, profiles)
        problems.append(f"od: no travel profile {traveller.profile!r} in the network{near}")
    if problems:
        raise UnknownIdError(problems)
    people = table["flow_persons"].to_numpy(dtype=float)
    wrong = ~(np.isfinite(people) & (people >= 0))
    if wrong.any():
        msg = (
            f"od: flow_persons must be numbers >= 0; wrong in {int(wrong.sum())} rows, e.g. "
            f"{labels(table.index[wrong])}; leave a flow that is not known out"
        )
        raise InputError(msg)
    pairs = table.groupby(["origin_id", "destination_id"], sort=False, as_index=False)[
        "flow_persons"
    ].sum()
    total = round(float(pairs["flow_persons"].sum()))
    if not total:
        msg = "od: the table has nobody to assign"
        raise InputError(msg)
    pairs["flow_persons"] = round_to_total(pairs["flow_persons"].to_numpy(), total)
    pairs = pairs[pairs["flow_persons"] > 0]
    name = GIVEN
    while name in set(case.destinations["destination_set"]):
        name = f"{name}+"
    leaving = pairs.groupby("origin_id", sort=False)["flow_persons"].sum()
    groups = pd.DataFrame(
        {
            "group_id": [f"{name}: {one}" for one in leaving.index], "base": "movers",
            "place_id": leaving.index, "kind": traveller.kind,
            "nationality": traveller.nationality, "profile": traveller.profile, "trip": "one_way",
            "destination_set": name, "persons": leaving.to_numpy(),
            "persons_low": leaving.to_numpy(), "persons_high": leaving.to_numpy(),
            "exposure_class": traveller.exposure_class or None, "source": "table of flows",
        }
    )  # fmt: skip
    ends = pd.DataFrame(
        {"destination_set": name, "place_id": pairs["destination_id"].unique(),
         "kind": "settlement", "source": "table of flows"}
    )  # fmt: skip
    place = case.network.places.set_index("place_id")
    flows = pairs.assign(
        rule=GIVEN,
        group_id=[f"{name}: {one}" for one in pairs["origin_id"]],
        destination_country=place["country"].reindex(pairs["destination_id"]).to_numpy(),
        destination_pcode=place["pcode"].reindex(pairs["destination_id"]).to_numpy(),
        unserved_persons=0,
    )
    wider = replace(
        case,
        groups=pd.concat([case.groups, _filled(groups, GROUPS)], ignore_index=True),
        destinations=pd.concat([case.destinations, _filled(ends, DESTINATIONS)], ignore_index=True),
    )
    return wider, ODMatrix(table=flows.reindex(columns=list(OD_FLOWS.names)))


def _filled(table: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    return check_table(table.reindex(columns=list(schema.names)), schema)

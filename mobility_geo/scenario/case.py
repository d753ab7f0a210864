"""A `Case`: one whole question, from the network to the people it is about."""

import datetime as dt
import math
from dataclasses import dataclass, field, replace
from typing import Final
from weakref import WeakKeyDictionary

import geopandas as gpd
import numpy as np
import pandas as pd

from mobility_geo.errors import InputError, SchemaError
from mobility_geo.network import Network
from mobility_geo.scenario.scenario import Scenario
from mobility_geo.schema import (
    DESTINATIONS,
    GROUPS,
    TARGETS,
    WAYSTATIONS,
    conform,
    empty_table,
    records,
    reference_problems,
    split_list,
    suggest,
)

AUDIENCES = ("internal", "public")
LONGEST_DAYS: Final = 36_525
STEEPEST_PER_H: Final = 1000.0
"""Above this the nearest destination gets everybody, to the person."""


def _is_finite(value: object) -> bool:
    """Say whether a value is a finite number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Budgets of groups that have none of their own, and how old a report may be.

    Parameters
    ----------
    time_limit_h
        Longest journey, in hours of moving and waiting; None: no limit.
    risk_limit
        Highest risk of a way that is accepted; None: no limit.
    unknown_after_days
        An answer that hangs on an edge last reported longer ago is unknown; None: never.
    """

    time_limit_h: float | None = None
    risk_limit: float | None = None
    unknown_after_days: int | None = None

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            If a limit is no finite number >= 0, or the days are no whole number of at most a
            century.
        """
        problems = [
            f"limits: {name} must be a finite number >= 0, not {value!r}"
            for name, value in (
                ("time_limit_h", self.time_limit_h),
                ("risk_limit", self.risk_limit),
            )
            if value is not None and not (_is_finite(value) and value >= 0)
        ]
        days = self.unknown_after_days
        whole = days is None or (_is_finite(days) and days == int(days))
        if not whole or not 0 <= (days or 0) <= LONGEST_DAYS:
            problems.append(
                "limits: unknown_after_days must be a whole number of days, 0 to "
                f"{LONGEST_DAYS:,}, not {days!r}"
            )
        if problems:
            raise InputError(problems)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, weakref_slot=True)
class Case:
    """Network, scenario, people, destinations and way stations: everything a run needs.

    Parameters
    ----------
    network, scenario
        Where, and what happens there.
    groups
        Who the question is about; schema `GROUPS`.
    destinations
        Where they may go, by set; schema `DESTINATIONS`.
    waystations
        Stations, in the network's coordinate reference system; schema `WAYSTATIONS`.
    targets
        Published figures to compare with; schema `TARGETS`.
    limits
        Budgets.
    logit_scale_per_h
        Sensitivity of the choice of destination to time, per hour, above 0 and at most 1,000.
    title, description, audience, assumptions
        Words for people; `assumptions` has the columns ``text`` and ``source``.
    notes
        What was dropped or corrected while files were read; told with the results.

    Raises
    ------
    SchemaError
        Lists every problem of every table, unknown ids among them.
    UnknownIdError
        If the scenario names something that the network does not have.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> load_toy().name
    'toy'
    """

    network: Network
    scenario: Scenario
    groups: pd.DataFrame
    destinations: pd.DataFrame
    waystations: gpd.GeoDataFrame
    targets: pd.DataFrame = field(default_factory=lambda: empty_table(TARGETS))
    limits: Limits = field(default_factory=Limits)
    logit_scale_per_h: float = 0.1
    title: str = ""
    description: str = ""
    audience: str = "internal"
    assumptions: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"text": [], "source": []}, dtype="str")
    )
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check all tables together.

        Raises
        ------
        SchemaError
            Lists every problem of every table.
        """
        problems: list[str] = []
        tables: dict[str, pd.DataFrame] = {}
        for schema in (GROUPS, DESTINATIONS, WAYSTATIONS, TARGETS):
            table, found = conform(getattr(self, schema.name), schema)
            tables[schema.name] = table.reset_index(drop=True)
            problems += found
        if not problems:
            network_tables = {
                "places": self.network.places, "profiles": self.network.profiles,
            }  # fmt: skip
            problems += reference_problems({**tables, **network_tables})
            problems += _people_problems(tables["groups"], tables["destinations"])
            problems += _forwarding_problems(tables["waystations"], self.network.places)
        scale = self.logit_scale_per_h
        if not _is_finite(scale) or not 0 < scale <= STEEPEST_PER_H:
            problems.append(
                f"logit_scale_per_h must be above 0 and at most {STEEPEST_PER_H:g}, not {scale!r}"
            )
        if self.audience not in AUDIENCES:
            problems.append(f"audience must be internal or public, not {self.audience!r}")
        if problems:
            raise SchemaError(problems)
        self.scenario.check(self.network, tables["groups"])
        for name, table in tables.items():
            object.__setattr__(self, name, table)

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.scenario.name

    def with_scenario(self, scenario: Scenario) -> "Case":
        """Return the same question under another scenario."""
        return replace(self, scenario=scenario)

    def baseline(self) -> "Case":
        """Return the same question without any disruption."""
        return self.with_scenario(self.scenario.baseline())

    def destinations_on(self, when: dt.date) -> pd.DataFrame:
        """Return the destinations that are open on a day.

        Parameters
        ----------
        when
            The day.

        Returns
        -------
        pandas.DataFrame
            Schema `DESTINATIONS`.
        """
        known = _DESTINATIONS.setdefault(self, {})
        if when not in known:
            known[when] = _open_on(self.destinations, when)
        return known[when].copy(deep=False)

    def waystations_on(self, when: dt.date) -> gpd.GeoDataFrame:
        """Return the way stations that work on a day; see `destinations_on`."""
        return gpd.GeoDataFrame(_open_on(self.waystations, when))


_DESTINATIONS: WeakKeyDictionary[Case, dict[dt.date, pd.DataFrame]] = WeakKeyDictionary()


def _open_on(table: pd.DataFrame, when: dt.date) -> pd.DataFrame:
    day = pd.Timestamp(when)
    started = table["open_from"].isna() | (table["open_from"] <= day)
    ended = table["open_until"].notna() & (table["open_until"] < day)
    return table[(started & ~ended).to_numpy(dtype=bool)].reset_index(drop=True)


def _people_problems(groups: pd.DataFrame, destinations: pd.DataFrame) -> list[str]:
    problems = []
    crossed = (groups["persons_low"] > groups["persons"]) | (
        groups["persons"] > groups["persons_high"]
    )
    if bool(crossed.any()):
        names = groups.loc[crossed, "group_id"].tolist()
        problems.append(
            "groups: persons_low <= persons <= persons_high must hold; wrong in "
            f"{len(names)} rows, e.g. {names[:3]}"
        )
    unknown = ~groups["destination_set"].isin(destinations["destination_set"])
    if bool(unknown.any()):
        sets = sorted(set(destinations["destination_set"]))
        first = groups.loc[unknown].iloc[0]
        problems.append(
            f"groups: destination_set {first['destination_set']!r} of {first['group_id']!r} has "
            f"no destinations; known: {sets}"
        )
    return problems


def _forwarding_problems(stations: pd.DataFrame, places: pd.DataFrame) -> list[str]:
    """Say which stations forward to no place, or to where they stand."""
    known = set(places["place_id"])
    problems = []
    for row in records(stations[stations["forwards_to"].notna()]):
        for place in split_list(row["forwards_to"]):
            label = f"waystations: {row['waystation_id']!r} forwards to"
            if place not in known:
                problems.append(f"{label} {place!r}, which is no place{suggest(place, known)}")
            elif place == row["place_id"]:
                problems.append(f"{label} {place!r}, where it stands")
    return problems

"""Every table of the toolkit, as data: column, dtype, unit, meaning and range.

Readers, checks, GeoPackage column descriptions and the reference documentation all come from the
definitions in this module, so that they cannot disagree.

Text lists (several profiles, months, modes, ids) are one string with ``|`` between the items, in
the files and in the tables alike; an empty or missing list means "no restriction".
"""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, overload

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from geopandas.array import GeometryDtype

from mobility_geo.errors import SchemaError, labels

BoolArray = npt.NDArray[np.bool_]

MOST_WORDS: Final = 12
"""So many known words are named in a message."""

Dtype = Literal["text", "int", "float", "bool", "date"]
GeometryType = Literal["Point", "LineString", "MultiPolygon"]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Column:
    """One column: what it holds, in which unit, within which range."""

    name: str
    dtype: Dtype
    meaning: str
    unit: str = ""
    nullable: bool = False
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    default: str | float | bool | None = None


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TableSchema:
    """One table: its columns, its key and its geometry type."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    geometry: GeometryType | None = None
    references: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def column(self, name: str) -> Column:
        """Return the column called `name`.

        Raises
        ------
        KeyError
            If the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        msg = f"{self.name} has no column {name!r}"
        raise KeyError(msg)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, without the geometry."""
        return tuple(column.name for column in self.columns)


def _text(
    name: str, meaning: str, *, allowed: Iterable[str] = (), nullable: bool = False
) -> Column:
    return Column(
        name=name,
        dtype="text",
        meaning=meaning,
        allowed=tuple(allowed),
        nullable=nullable,
        required=not nullable,
    )


def _number(
    name: str,
    unit: str,
    meaning: str,
    *,
    dtype: Dtype = "float",
    minimum: float | None = 0,
    maximum: float | None = None,
    nullable: bool = False,
) -> Column:
    return Column(
        name=name,
        dtype=dtype,
        unit=unit,
        meaning=meaning,
        minimum=minimum,
        maximum=maximum,
        nullable=nullable,
        required=not nullable,
    )


def _flag(name: str, meaning: str, *, default: bool | None = None) -> Column:
    return Column(
        name=name, dtype="bool", meaning=meaning, required=default is None, default=default
    )


def _date(name: str, meaning: str) -> Column:
    return Column(name=name, dtype="date", meaning=meaning, nullable=True, required=False)


EDGE_KINDS: Final = (
    "road", "track", "river", "ferry", "walk", "transfer", "corridor", "crossing",
)  # fmt: skip
NODE_KINDS: Final = ("settlement", "junction", "port", "crossing")
PLACE_KINDS: Final = ("settlement", "camp", "transit_centre", "site", "pasture")
CONFIDENCES: Final = ("high", "medium", "low")
REGIMES: Final = ("open", "closed", "refugees_only", "nationals_only", "escorted")
PEOPLE_KINDS: Final = ("resident", "idp", "refugee", "returnee", "third_country", "pastoral")
BASES: Final = ("movers", "residents")
TRIPS: Final = ("one_way", "pendular", "re_entry", "return", "transhumance")
STATUSES: Final = ("can_reach", "stranded", "cut_off", "isolated", "unknown")
REASONS: Final = (
    "disconnected", "border", "no_mode", "no_service", "over_risk", "over_time", "over_money",
    "over_capacity",
)  # fmt: skip
CAUSES: Final = ("insecurity", "flood", "border", "service", "other", "either", "joint")
HELD_KINDS: Final = ("crossing", "settlement", "dispersed", "station")
MEASURES: Final = (
    "share_abroad", "share_abroad_by_country", "share_inside_by_region", "persons_to_country",
    "served_persons", "main_crossing_into", "held_at", "stranded_in_zone", "route_exists",
    "reentry_persons",
)  # fmt: skip
DISRUPTION_KINDS: Final = (
    "insecurity", "flood", "border", "service", "road", "season", "mine",
)  # fmt: skip

_SOURCE = _text("source", "where the row comes from: publication, or 'own work' with the basis")
_CONFIDENCE = _text("confidence", "how sure the row is", allowed=CONFIDENCES)
_PERSONS = (
    _number("persons", "persons", "people, best figure", dtype="int"),
    _number("persons_low", "persons", "low figure", dtype="int"),
    _number("persons_high", "persons", "high figure", dtype="int"),
)

ZONES: Final = TableSchema(
    name="zones",
    meaning="Administrative units of one level (ADM1 in the built-in case)",
    key=("pcode",),
    geometry="MultiPolygon",
    columns=(
        _text("pcode", "P-code, or ISO 3166-2 code where no P-code is known"),
        _text("name", "name"),
        _number("adm_level", "", "administrative level", dtype="int", maximum=4),
        _text("country", "ISO 3166-1 alpha-3 code"),
        _text("parent_pcode", "code of the unit above", nullable=True),
        _text("pcode_vintage", "which list, of which year, the code is from"),
        _number("population_persons", "persons", "census population", nullable=True),
        _SOURCE,
    ),
)

NODES: Final = TableSchema(
    name="nodes",
    meaning="Ends and junctions of edges",
    key=("node_id",),
    geometry="Point",
    columns=(
        _text("node_id", "id"),
        _text("kind", "what stands there", allowed=NODE_KINDS),
        _text("name", "name, if it has one", nullable=True),
        _text("country", "ISO 3166-1 alpha-3 code", nullable=True),
    ),
)

EDGES: Final = TableSchema(
    name="edges",
    meaning="Roads, tracks, river legs, ferries, transfers and border crossings",
    key=("edge_id",),
    geometry="LineString",
    references=MappingProxyType(
        {"from_node_id": "nodes", "to_node_id": "nodes", "crossing_id": "crossings"}
    ),
    columns=(
        _text("edge_id", "id"),
        _text("from_node_id", "node at the start"),
        _text("to_node_id", "node at the end"),
        _text("kind", "kind of edge", allowed=EDGE_KINDS),
        _text("road_class", "primary, secondary, tertiary, track; 'none' off the road"),
        _text("surface", "paved, gravel, earth, sand, water; 'none' for transfers"),
        _text("ref", "number of the road, such as RN6", nullable=True),
        _text("name", "name", nullable=True),
        _flag("oneway", "passable from from_node_id to to_node_id only", default=False),
        _flag("all_season", "passable all year round in a normal year", default=True),
        _flag("bridge", "the edge is carried by a bridge", default=False),
        _number("length_m", "m", "length on the ground"),
        _number("wait_min", "min", "fixed time of each passage: boarding, border formalities"),
        _text("country", "ISO 3166-1 alpha-3 code", nullable=True),
        _text("crossing_id", "border crossing that the edge is, if it crosses one", nullable=True),
        _text("reach", "reach of the river, for river edges", nullable=True),
        _text("rainfall_class", "rainfall class: which months are wet there", nullable=True),
        _text("carriageway_group", "edges that are carriageways of one road", nullable=True),
        _date("state_reported_on", "date of the last report on the state of the edge"),
        _SOURCE,
        _CONFIDENCE,
    ),
)

CROSSINGS: Final = TableSchema(
    name="crossings",
    meaning="Border crossings with their normal regime",
    key=("crossing_id",),
    geometry="Point",
    columns=(
        _text("crossing_id", "id"),
        _text("name", "name"),
        _text("country_a", "ISO 3166-1 alpha-3 code of one side"),
        _text("country_b", "ISO 3166-1 alpha-3 code of the other side"),
        _flag("official", "a post of both states; false: informal crossing"),
        _text("regime", "normal regime", allowed=REGIMES),
        _number("opens_hour", "h", "opening hour", maximum=24, nullable=True),
        _number("closes_hour", "h", "closing hour", maximum=24, nullable=True),
        _number("throughput_persons_per_day", "persons/day", "most people per day", nullable=True),
        _number("processing_min", "min", "time of the formalities"),
        _SOURCE,
        _CONFIDENCE,
    ),
)

PLACES: Final = TableSchema(
    name="places",
    meaning="Where people are or go: settlements, camps, transit centres, sites",
    key=("place_id",),
    geometry="Point",
    references=MappingProxyType({"pcode": "zones"}),
    columns=(
        _text("place_id", "id"),
        _text("name", "name"),
        _text("name_alt", "other spellings, | between them", nullable=True),
        _text("kind", "kind of place", allowed=PLACE_KINDS),
        _text("country", "ISO 3166-1 alpha-3 code"),
        _text("pcode", "code of the zone it lies in", nullable=True),
        _number("population_persons", "persons", "residents before the crisis", nullable=True),
        _flag("approximate", "the position is not known exactly", default=False),
        _SOURCE,
    ),
)

ACCESSES: Final = TableSchema(
    name="accesses",
    meaning="How each place attaches to the network: up to three (node, offset) per place",
    key=("access_id",),
    geometry="LineString",
    references=MappingProxyType({"place_id": "places", "node_id": "nodes", "edge_id": "edges"}),
    columns=(
        _text("access_id", "id: the place and a number, the nearest first; no edge has it"),
        _text("place_id", "place"),
        _text("node_id", "node of the network that it reaches"),
        _text("edge_id", "edge that it travels along to get there, if any", nullable=True),
        _number("off_road_m", "m", "way off the road, from the place to node or edge"),
        _number("along_m", "m", "way along edge_id, from the foot point to the node"),
        _number(
            "off_road_flat_m",
            "m",
            "way on flat firm ground that takes as long as the way off "
            "the road, where a friction surface tells",
            nullable=True,
        ),
    ),
)

WATERWAYS: Final = TableSchema(
    name="waterways",
    meaning="Rivers as lines: no place attaches across one",
    key=("waterway_id",),
    geometry="LineString",
    columns=(
        _text("waterway_id", "id"),
        _text("name", "name", nullable=True),
        _flag("barrier", "people cannot walk across it at any time of the year", default=True),
        _SOURCE,
    ),
)

SEASONS: Final = TableSchema(
    name="seasons",
    meaning="The normal year: in which months rain slows roads and water carries boats",
    key=("season_id",),
    columns=(
        _text("season_id", "id"),
        _text("label", "what it is, in words"),
        _text("kinds", "edge kinds it holds for, | between them", nullable=True),
        _text("surfaces", "surfaces it holds for", nullable=True),
        _text("reaches", "river reaches it holds for", nullable=True),
        _text("rainfall_classes", "rainfall classes it holds for", nullable=True),
        _text("countries", "countries it holds for", nullable=True),
        _text("profiles", "travel profiles it holds for", nullable=True),
        Column(
            name="all_season",
            dtype="bool",
            meaning="only edges whose all_season is this",
            nullable=True,
            required=False,
        ),
        _text("months", "months, 1 to 12, | between them"),
        _text("effect", "what happens in these months", allowed=("close", "speed_factor")),
        _number("value", "", "speed factor; 0 for close", maximum=1),
        _SOURCE,
    ),
)

PROFILES: Final = TableSchema(
    name="profiles",
    meaning="Ways of travelling",
    key=("profile",),
    columns=(
        _text("profile", "id: truck, 4x4, foot, foot_children_elderly, livestock, pinasse, ..."),
        _text("label", "name to show"),
        _text("modes", "edge kinds it may use, | between them"),
        _number("off_road_kph", "km/h", "speed off the road, on accesses", minimum=0.01),
        _number("hours_per_day", "h/day", "hours on the move in a day", minimum=0.1, maximum=24),
        _number("cost_xof_per_km", "XOF/km", "fare per person"),
        _SOURCE,
    ),
)

SPEEDS: Final = TableSchema(
    name="speeds",
    meaning="Speed of each profile by kind, class and surface; no row: cannot pass",
    key=("profile", "kind", "road_class", "surface"),
    references=MappingProxyType({"profile": "profiles"}),
    columns=(
        _text("profile", "profile"),
        _text("kind", "edge kind", allowed=EDGE_KINDS),
        _text("road_class", "class of road; * for any"),
        _text("surface", "surface; * for any"),
        _number("speed_kph", "km/h", "speed in the dry season", minimum=0.01),
        _SOURCE,
    ),
)

GROUPS: Final = TableSchema(
    name="groups",
    meaning="Groups of people whom the question is about",
    key=("group_id",),
    references=MappingProxyType({"place_id": "places", "profile": "profiles"}),
    columns=(
        _text("group_id", "id"),
        _text("base", "movers, or residents", allowed=BASES),
        _text("place_id", "where they are"),
        _text("origin_pcode", "zone they come from", nullable=True),
        _text("kind", "kind of people", allowed=PEOPLE_KINDS),
        _text("nationality", "ISO 3166-1 alpha-3 code"),
        _text("profile", "how they travel"),
        _text("trip", "kind of trip", allowed=TRIPS),
        _text("destination_set", "which destinations count for them"),
        *_PERSONS,
        _number("time_limit_h", "h", "longest journey they can stand", nullable=True),
        _number("risk_limit", "", "highest risk on the way that is accepted", nullable=True),
        _number("money_xof", "XOF", "money each person has for the journey", nullable=True),
        _text("exposure_class", "opaque label for targeted checkpoints", nullable=True),
        _SOURCE,
    ),
)

DESTINATIONS: Final = TableSchema(
    name="destinations",
    meaning="Where a group may go, by set",
    key=("destination_set", "place_id"),
    references=MappingProxyType({"place_id": "places"}),
    columns=(
        _text("destination_set", "name of the set that groups refer to"),
        _text("place_id", "place"),
        _text("kind", "kind of destination", allowed=("camp", "settlement", "host_family",
                                                      "waystation", "transit_centre", "pasture")),
        _date("open_from", "first day on which it counts"),
        _date("open_until", "last day on which it counts"),
        _number("capacity_persons", "persons", "free places; missing: not checked", nullable=True),
        _SOURCE,
    ),
)  # fmt: skip

WAYSTATIONS: Final = TableSchema(
    name="waystations",
    meaning="Stations that help people on the way: way stations, transit centres, camps",
    key=("waystation_id",),
    geometry="Point",
    references=MappingProxyType({"place_id": "places"}),
    columns=(
        _text("waystation_id", "id"),
        _text("name", "name"),
        _text("place_id", "place it stands at"),
        _text("kind", "kind", allowed=("fixed", "mobile", "transit_centre", "camp")),
        _flag("hypothetical", "assumed for the case, not one that stood there"),
        _number("capacity_persons", "persons", "free places; missing: not checked", nullable=True),
        _date("open_from", "first day on which it works"),
        _date("open_until", "last day on which it works"),
        _text(
            "forwards_to",
            "places that people are brought to from here, | between them",
            nullable=True,
        ),
        _SOURCE,
    ),
)

TARGETS: Final = TableSchema(
    name="targets",
    meaning="Published figures that results are compared with",
    key=("figure_id",),
    columns=(
        _text("figure_id", "id"),
        _text("label", "what the figure is"),
        _text("measure", "which result it is compared with", allowed=MEASURES),
        _text("subject", "code, place or crossing that the measure is taken for", nullable=True),
        _number("value", "", "published figure", minimum=None, nullable=True),
        _number("low", "", "published lower figure", minimum=None, nullable=True),
        _number("high", "", "published upper figure", minimum=None, nullable=True),
        _text("expected", "published finding, where it is a name and not a number", nullable=True),
        _text("unit", "unit of the figure", nullable=True),
        _flag("used_as_input", "the figure went into the model: agreement proves nothing"),
        _SOURCE,
    ),
)

# ------------------------------------------------------------------ disruptions
DISRUPTIONS: Final = TableSchema(
    name="disruptions",
    meaning="Disruptions: what is hit, for whom, when, and what happens; no shape: not by area",
    key=("disruption_id",),
    columns=(
        _text("disruption_id", "id"),
        _text("kind", "kind", allowed=DISRUPTION_KINDS),
        _text("name", "name for people", nullable=True),
        _text("edge_ids", "edges by id, | between them", nullable=True),
        _text("crossing_ids", "border crossings by id", nullable=True),
        _text("refs", "roads by number", nullable=True),
        _text("place_ids", "places: the edges that meet there", nullable=True),
        _text("edge_kinds", "only edges of these kinds", nullable=True),
        _text("surfaces", "only these surfaces", nullable=True),
        _text("road_classes", "only these classes of road", nullable=True),
        _text("countries", "only in these countries", nullable=True),
        _text("reaches", "only these reaches of rivers", nullable=True),
        _text("rainfall_classes", "only these rainfall classes", nullable=True),
        _flag("informal", "only informal crossings", default=False),
        _text("into", "only into this country", nullable=True),
        Column(name="direction", dtype="text", meaning="along the line: both, forward, backward",
               allowed=("both", "forward", "backward"), required=False, default="both"),
        _text("profiles", "for these travel profiles; missing: for all", nullable=True),
        _text("people_kinds", "for these kinds of people", nullable=True),
        _text("nationalities", "for these nationalities", nullable=True),
        _text("exposure_classes", "for these exposure classes", nullable=True),
        _date("start", "first day"),
        _date("end", "last day"),
        _text("months", "season: months 1 to 12, | between them", nullable=True),
        _flag("close", "nobody passes", default=False),
        _number("speed_factor", "", "speed times this, above 0 to 1", maximum=1, nullable=True),
        _number("wait_min", "min", "added to each passage", nullable=True),
        _number("cost_xof_per_km", "XOF/km", "added to each km", nullable=True),
        _number("risk_per_km", "", "risk added by each km", nullable=True),
        _number("capacity_factor", "", "people per day times this, 0 to 1", maximum=1,
                nullable=True),
        _number("throughput_persons_per_day", "persons/day", "most people per day",
                nullable=True),
        _text("regime", "of a border crossing", allowed=REGIMES, nullable=True),
        _number("opens_hour", "h", "opening hour of each day", maximum=24, nullable=True),
        _number("closes_hour", "h", "closing hour of each day", maximum=24, nullable=True),
        _text(
            "depth_curve",
            "curve (or curve/class), | between them: speed by measured depth of water",
            nullable=True,
        ),
        _number("risk_per_exposure", "", "risk per km and unit of measured exposure",
                nullable=True),
        _number("slow_from_exposure", "", "slower from this exposure on", nullable=True),
        _number("exposure_speed_factor", "", "speed times this from there on", maximum=1,
                nullable=True),
        _number("close_from_exposure", "", "closed from this exposure on", nullable=True),
        Column(name="probability", dtype="float", meaning="0 to 1; drawn in ensembles",
               minimum=0, maximum=1, required=False, default=1.0),
        _text("group", "disruptions of one group are drawn together", nullable=True),
        _number("severity", "", "1 (low) to 4 (high)", dtype="int", minimum=1, maximum=4,
                nullable=True),
        _text("source", "where it is known from", nullable=True),
        Column(name="confidence", dtype="text", meaning="how sure it is", allowed=CONFIDENCES,
               required=False, default="medium"),
    ),
)  # fmt: skip

DISRUPTION_STRETCHES: Final = TableSchema(
    name="disruption_stretches",
    meaning="Measured stretches of edges, and of ways off the road, of a disruption: depth of "
    "water, or exposure",
    references=MappingProxyType({"disruption_id": "disruptions"}),
    columns=(
        _text("disruption_id", "disruption"),
        _text("quantity", "what was measured", allowed=("depth_m", "exposure")),
        _text("edge_id", "edge, or access of a place for the way off the road"),
        _number("start_share", "", "start along the line, 0 to 1", maximum=1),
        _number("end_share", "", "end along the line, 0 to 1", maximum=1),
        _number("value", "", "what was measured: m for depth_m, a plain number for exposure"),
    ),
)

DEPTH_CURVES: Final = TableSchema(
    name="depth_curves",
    meaning="How depth of water slows and stops: min(free flow, a w^2 + b w + c) km/h, w in mm",
    key=("curve", "vehicle_class"),
    columns=(
        _text("curve", "name of the curve"),
        _text("vehicle_class", "whom it is for"),
        _text("profiles", "travel profiles of that class, | between them"),
        _number("impassable_m", "m", "nobody passes at this depth", nullable=True),
        _number("quadratic", "", "a, km/h per mm^2", minimum=None, nullable=True),
        _number("linear", "", "b, km/h per mm", minimum=None, nullable=True),
        _number("constant", "", "c, km/h", minimum=None, nullable=True),
        _number("navigable_m", "m", "boats go from this depth on", nullable=True),
        _SOURCE,
    ),
)

# ------------------------------------------------------------------ what files bring
FINDINGS: Final = TableSchema(
    name="findings",
    meaning="What was dropped, corrected or looks doubtful, with the people it could touch",
    columns=(
        _text("check", "what was looked for"),
        _text("severity", "how bad it is", allowed=("error", "warning", "note")),
        _text("table", "table concerned"),
        _text("id", "row concerned; of several: how many, and which"),
        _number("value", "", "how much", minimum=None, nullable=True),
        _text("unit", "unit of the value", nullable=True),
        _number("persons", "persons", "residents it could touch", dtype="int"),
        _text("finding", "what was found, and what was done"),
    ),
)

EVENTS: Final = TableSchema(
    name="events",
    meaning="Dated incidents of insecurity",
    key=("event_id",),
    geometry="Point",
    columns=(
        _text("event_id", "id"),
        Column(name="event_date", dtype="date", meaning="day of the event"),
        _text("event_type", "type, in the words of the publisher", nullable=True),
        _text("sub_event_type", "finer type, in the words of the publisher", nullable=True),
        _number("fatalities_persons", "persons", "people killed, best figure", nullable=True),
        _number("geo_precision", "", "1 at the place, 2 near it, 3 region only", minimum=1,
                maximum=3, dtype="int"),
        _text("location", "name of the place", nullable=True),
        _text("country", "country, in the words of the publisher", nullable=True),
        _SOURCE,
    ),
)  # fmt: skip

INCIDENTS: Final = TableSchema(
    name="incidents",
    meaning="Incidents on roads: which road, between which places, when",
    key=("incident_id",),
    columns=(
        _text("incident_id", "id"),
        Column(name="incident_date", dtype="date", meaning="day of the incident"),
        _text("ref", "number of the road", nullable=True),
        _text("from_place", "place at one end of the stretch", nullable=True),
        _text("to_place", "place at the other end", nullable=True),
        _text("incident_type", "what happened", nullable=True),
        _number("severity", "", "1 (low) to 4 (high)", dtype="int", minimum=1, maximum=4),
        _text("remarks", "what else is said", nullable=True),
        _SOURCE,
    ),
)

CONSTRAINTS: Final = TableSchema(
    name="constraints",
    meaning="Access constraints on roads and crossings, as logistics tables give them",
    key=("constraint_id",),
    columns=(
        _text("constraint_id", "id"),
        _text("ref", "number of the road", nullable=True),
        _text("road_name", "name of the road or crossing", nullable=True),
        _text("from_place", "place at one end of the stretch", nullable=True),
        _text("to_place", "place at the other end", nullable=True),
        _text("state", "state", allowed=("open", "restricted", "closed", "unknown")),
        _text("vehicle_classes", "vehicles it holds for, | between them", nullable=True),
        _text("months", "months it holds in, 1 to 12, | between them", nullable=True),
        _date("start", "first day"),
        _date("end", "last day"),
        _date("reported_on", "day of the report"),
        _text("remarks", "what else is said", nullable=True),
        _SOURCE,
        _CONFIDENCE,
    ),
)

DISPLACEMENT: Final = TableSchema(
    name="displacement",
    meaning="Displaced people by place and origin, as movement and registration tables give them",
    key=(),
    columns=(
        _text("origin", "where they come from: P-code, ISO code or name", nullable=True),
        _text("destination", "where they are: P-code, ISO code or name"),
        _text("destination_name", "its name", nullable=True),
        _text("kind", "kind of people", allowed=PEOPLE_KINDS),
        _number("persons", "persons", "people", nullable=True),
        _number("households", "", "households", nullable=True),
        Column(name="date", dtype="date", meaning="day of the figure", nullable=True),
        _text("round", "round of the assessment", nullable=True),
        _text("operation", "operation that the round belongs to", nullable=True),
        _number("lon", "", "longitude in degrees, if given", minimum=-180, maximum=180,
                nullable=True),
        _number("lat", "", "latitude in degrees, if given", minimum=-90, maximum=90, nullable=True),
        _SOURCE,
    ),
)  # fmt: skip

# ------------------------------------------------------------------ results
STATUS: Final = TableSchema(
    name="status",
    meaning="Status of every person of a base: one row per group and outcome, people conserved",
    key=(),
    columns=(
        _text("group_id", "group"),
        _text("base", "movers, or residents", allowed=BASES),
        _text("place_id", "where they are"),
        _text("pcode", "zone where they are", nullable=True),
        _text("country", "country where they are"),
        _text("kind", "kind of people", allowed=PEOPLE_KINDS),
        _text("nationality", "ISO 3166-1 alpha-3 code"),
        _text("profile", "how they travel"),
        _text("trip", "kind of trip", allowed=TRIPS),
        _text("destination_set", "which destinations count for them"),
        _text("status", "the one status", allowed=STATUSES),
        _text("isolated_kind", "seasonal or permanent", nullable=True,
              allowed=("seasonal", "permanent")),
        _text("reason", "first reason that holds, if they cannot reach", allowed=REASONS,
              nullable=True),
        _text("reasons_all", "every reason that holds by itself, | between them", nullable=True),
        _text("cause", "kind of disruption whose lifting frees them", allowed=CAUSES,
              nullable=True),
        _text("causes_all", "every kind that frees them by itself, | between them", nullable=True),
        _text("held_node_id", "last node they get to on their usual way", nullable=True),
        _text("held_name", "name of that place", nullable=True),
        _text("held_kind", "what kind of place it is", allowed=HELD_KINDS, nullable=True),
        _text("held_crossing_id", "crossing they are held at", nullable=True),
        _text("destination_place_id", "nearest allowed destination they can reach",
              nullable=True),
        _number("time_min", "min", "moving and waiting time to it", nullable=True),
        _number("baseline_time_min", "min", "the same without disruptions", nullable=True),
        _number("length_m", "m", "length of the way", nullable=True),
        _number("cost_xof", "XOF", "fare of the way", nullable=True),
        _number("risk", "", "risk of the way", nullable=True),
        _flag("capacity_checked", "every destination within reach has a stated capacity",
              default=False),
        *_PERSONS,
    ),
)  # fmt: skip

REACHABLE: Final = TableSchema(
    name="reachable",
    meaning="Way stations within reach of each place, nearest first; unreachable: no row",
    key=("place_id", "profile", "kind", "nationality", "exposure_class", "waystation_id"),
    columns=(
        _text("place_id", "from where"),
        _text("place_name", "its name"),
        _text("profile", "how they travel"),
        _text("kind", "kind of people", allowed=PEOPLE_KINDS),
        _text("nationality", "ISO 3166-1 alpha-3 code"),
        _text("exposure_class", "opaque label for targeted checkpoints", nullable=True),
        _text("waystation_id", "way station"),
        _text("waystation_name", "its name"),
        _number("rank", "", "1 is the nearest in time", dtype="int", minimum=1),
        _number("time_min", "min", "moving and waiting time"),
        _number("baseline_time_min", "min", "the same without disruptions", nullable=True),
        _number("length_m", "m", "length of the way"),
        _number("cost_xof", "XOF", "fare of the way"),
        _number("risk", "", "risk of the way"),
        _text("modes", "modes in their order, > between them"),
        _text("crossing_ids", "crossings passed, in their order, > between them", nullable=True),
    ),
)

OD_FLOWS: Final = TableSchema(
    name="od_flows",
    meaning="People from origin to destination, by rule of choice",
    key=("rule", "group_id", "destination_id"),
    columns=(
        _text("rule", "rule by which destinations are chosen", allowed=("least_time", "logit",
                                                                         "given")),
        _text("group_id", "group"),
        _text("origin_id", "place of origin"),
        _text("destination_id", "place of destination; empty: unserved", nullable=True),
        _text("destination_country", "its country", nullable=True),
        _text("destination_pcode", "its zone", nullable=True),
        _number("flow_persons", "persons", "people who go", dtype="int"),
        _number("unserved_persons", "persons", "people who cannot go", dtype="int"),
        _number("time_min", "min", "time of the way", nullable=True),
        _text("crossing_ids", "crossings passed, in their order, > between them", nullable=True),
    ),
)  # fmt: skip

EDGE_FLOWS: Final = TableSchema(
    name="edge_flows",
    meaning="People per edge",
    key=("rule", "edge_id"),
    columns=(
        _text("rule", "rule by which destinations are chosen"),
        _text("edge_id", "edge"),
        _number("flow_persons", "persons", "people in both directions", dtype="int"),
        _number("forward_persons", "persons", "people along the line's direction", dtype="int"),
        _number("backward_persons", "persons", "people against it", dtype="int"),
    ),
)

CROSSING_FLOWS: Final = TableSchema(
    name="crossing_flows",
    meaning="People per border crossing and direction",
    key=("rule", "crossing_id", "into_country"),
    columns=(
        _text("rule", "rule by which destinations are chosen"),
        _text("crossing_id", "crossing"),
        _text("crossing_name", "its name"),
        _text("into_country", "country that is entered"),
        _number("flow_persons", "persons", "people", dtype="int"),
    ),
)

CATCHMENTS: Final = TableSchema(
    name="catchments",
    meaning="Nearest reachable way station of each place, in time",
    key=("place_id",),
    columns=(
        _text("place_id", "place"),
        _text("place_name", "its name"),
        _text("pcode", "its zone", nullable=True),
        _text("waystation_id", "nearest reachable station; missing: none", nullable=True),
        _text("waystation_name", "its name", nullable=True),
        _number("time_min", "min", "time to it", nullable=True),
        _number("population_persons", "persons", "residents of the place", nullable=True),
    ),
)

ISOCHRONES: Final = TableSchema(
    name="isochrones",
    meaning="Areas within so many hours of places; they do not overlap",
    geometry="MultiPolygon",
    columns=(
        _number("from_h", "h", "longer than this"),
        _number("to_h", "h", "up to this"),
        _text("profile", "how people travel; off the road they walk at its speed there"),
        _number("area_km2", "km2", "size of the area"),
        _number("places", "", "settlements whose own travel time lies in the band", dtype="int"),
        _number("population_persons", "persons", "residents of these, where known", dtype="int"),
        _number("resolution_m", "m", "side of the cells that the area is made of"),
    ),
)

NEAREST_AREAS: Final = TableSchema(
    name="nearest_areas",
    meaning="Areas from, or to, which each place is the nearest in time, within the last band",
    key=("place_id",),
    geometry="MultiPolygon",
    columns=(
        _text("place_id", "place"),
        _text("place_name", "its name"),
        _number("area_km2", "km2", "size of the area"),
    ),
)

OUTCOMES_OF_REQUESTS: Final = ("planned", "no_way", "unknown")
ROUTE_REQUESTS: Final = TableSchema(
    name="route_requests",
    meaning="Routes asked for, one row each",
    key=("request_id",),
    references=MappingProxyType(
        {"origin_id": "places", "destination_id": "places", "profile": "profiles"}
    ),
    columns=(
        _text("request_id", "id; the number of the row if none is given"),
        _text("origin_id", "place to start from"),
        _text("destination_id", "place to go to"),
        Column(name="date", dtype="date", meaning="day of the journey"),
        _text("profile", "how they travel"),
        _text("nationality", "ISO 3166-1 alpha-3 code: borders can be closed to some"),
        _text("kind", "kind of people", allowed=PEOPLE_KINDS),
    ),
)

PLANNED_REQUESTS: Final = TableSchema(
    name="planned_requests",
    meaning="What came of each route asked for; without a way it has its reason",
    key=("request_id",),
    columns=(
        *ROUTE_REQUESTS.columns,
        _text("origin_name", "name of the place to start from"),
        _text("destination_name", "name of the place to go to"),
        _text("outcome", "planned; no_way: none within the limits; unknown: a place is too far "
              "from the network to say", allowed=OUTCOMES_OF_REQUESTS),
        _number("routes", "", "number of routes found", dtype="int"),
        _text("reason", "first reason why there is no way", allowed=(*REASONS, "off_network"),
              nullable=True),
        _text("reasons_all", "every reason, | between them", nullable=True),
        _text("causes_all", "kinds of disruption whose lifting alone would free the way, | between "
              "them; joint: only several together", nullable=True),
        _text("disruption_ids", "disruptions each of which, lifted alone, would free the way, | "
              "between them", nullable=True),
        _date("opens_on", "first later day of the calendar with a way; missing: none"),
        _number("baseline_time_min", "min", "time without disruptions, where there is no way now",
                nullable=True),
        _text("explanation", "the outcome in words"),
    ),
)  # fmt: skip

ROUTES: Final = TableSchema(
    name="routes",
    meaning="Ways of the routes asked for, the quickest first, and its alternatives",
    key=("request_id", "route"),
    columns=(
        _text("request_id", "route asked for"),
        _number("route", "", "1 is the quickest", dtype="int", minimum=1),
        _text("origin_name", "where it starts"),
        _text("destination_name", "where it ends"),
        Column(name="date", dtype="date", meaning="day of the journey"),
        _text("profile", "how they travel"),
        _number("time_min", "min", "moving and waiting time"),
        _number("wait_min", "min", "of it waiting: boarding, formalities, posts that are closed"),
        _number("length_m", "m", "length of the way"),
        _number("cost_xof", "XOF", "fare of the way"),
        _number("risk", "", "risk of the way"),
        _text("modes", "modes in their order, > between them"),
        _text("crossing_ids", "crossings passed, in their order, > between them", nullable=True),
        _text("crossing_names", "their names", nullable=True),
        _number("overlap_share", "", "largest share in common with a quicker route, by length of "
                "the shorter one", maximum=1),
        _number("unreported_m", "m", "of it on edges without a report for longer than the limit; "
                "missing: no limit is set", nullable=True),
    ),
)  # fmt: skip

ROUTE_LEGS: Final = TableSchema(
    name="route_legs",
    meaning="Legs of routes: stretches travelled by one mode",
    key=("request_id", "route", "leg"),
    columns=(
        _text("request_id", "route asked for"),
        _number("route", "", "1 is the quickest", dtype="int", minimum=1),
        _number("leg", "", "1 is the first", dtype="int", minimum=1),
        _text("mode", "kind of the edges, or off_road between a place and the network",
              allowed=(*EDGE_KINDS, "off_road")),
        _text("from_name", "where it starts, if that has a name", nullable=True),
        _text("to_name", "where it ends, if that has a name", nullable=True),
        _number("time_min", "min", "moving and waiting time"),
        _number("wait_min", "min", "of it waiting: boarding, formalities, posts that are closed"),
        _number("length_m", "m", "length"),
        _number("cost_xof", "XOF", "fare"),
        _number("risk", "", "risk"),
        _text("crossing_ids", "crossings passed, in their order, > between them", nullable=True),
    ),
)  # fmt: skip

COMPARISON: Final = TableSchema(
    name="model_against_report",
    meaning="Model against published figures, as it comes out",
    key=("figure_id",),
    columns=(
        _text("figure_id", "id"),
        _text("label", "what the figure is"),
        _text("unit", "unit", nullable=True),
        _number("published", "", "published figure", minimum=None, nullable=True),
        _number("published_low", "", "published lower figure", minimum=None, nullable=True),
        _number("published_high", "", "published upper figure", minimum=None, nullable=True),
        _text("published_text", "published finding", nullable=True),
        _number("modelled", "", "what the model says, by least time", minimum=None, nullable=True),
        _number("modelled_logit", "", "what the model says by logit", minimum=None, nullable=True),
        _number("modelled_low", "", "low over the stated assumptions", minimum=None,
                nullable=True),
        _number("modelled_high", "", "high over the stated assumptions", minimum=None,
                nullable=True),
        _text("modelled_text", "what the model says, where it is a name", nullable=True),
        _number("error", "", "modelled minus published", minimum=None, nullable=True),
        _number(
            "error_logit", "", "the same for the logit", minimum=None, nullable=True
        ),
        _text("verdict", "input, agrees, partly, differs, range, error, not comparable",
              nullable=True),
        _flag("used_as_input", "the figure went into the model: agreement proves nothing"),
        _SOURCE,
    ),
)  # fmt: skip

# ------------------------------------------------------------------ movements between zones
OD_TABLE: Final = TableSchema(
    name="od_table",
    meaning="People from origins to destinations, as tables of movements give them",
    columns=(
        _text("origin_id", "where they leave: P-code, id or name"),
        _text("destination_id", "where they go: P-code, id or name"),
        _number("flow_persons", "persons", "people; missing: not told, never 0", nullable=True),
        _text("mode", "how they travel", nullable=True),
        _date("date", "day of the figure"),
        _SOURCE,
    ),
)

MARGINS: Final = TableSchema(
    name="margins",
    meaning="How many people leave each origin, reach each destination, or travel in all",
    key=("side", "zone_id"),
    columns=(
        _text("side", "what is counted", allowed=("origin", "destination", "total")),
        _text("zone_id", "zone or place; 'all' for the total"),
        _number("low_persons", "persons", "at least so many; 0: not known"),
        _number("high_persons", "persons", "at most so many; missing: no limit", nullable=True),
        _text("source", "where the row comes from", nullable=True),
    ),
)

PASSAGE_COUNTS: Final = TableSchema(
    name="passage_counts",
    meaning="People counted at monitoring points: at least so many passed",
    key=("point_id",),
    columns=(
        _text("point_id", "monitoring point"),
        _number("low_persons", "persons", "people counted: at least so many passed"),
        _number("high_persons", "persons", "at most so many; missing: no limit", nullable=True),
        _text("source", "where the row comes from", nullable=True),
    ),
)

PASSAGES: Final = TableSchema(
    name="passages",
    meaning="Which monitoring points the people between two places pass",
    key=("point_id", "origin_id", "destination_id"),
    columns=(
        _text("point_id", "monitoring point"),
        _text("origin_id", "origin"),
        _text("destination_id", "destination"),
        _number("passing_share", "", "share of them who pass it", maximum=1),
    ),
)

OD_ESTIMATES: Final = TableSchema(
    name="od_estimates",
    meaning="Estimated people from origins to destinations; a pair without a way has no row",
    key=("origin_id", "destination_id"),
    columns=(
        _text("origin_id", "origin"),
        _text("destination_id", "destination"),
        _number("flow_persons", "persons", "people, best estimate"),
        _number("low_persons", "persons", "lower end of the interval", nullable=True),
        _number("high_persons", "persons", "upper end of the interval; missing: no interval, or no "
                "limit", nullable=True),
        _number("least_persons", "persons", "fewest that the input allows", nullable=True),
        _number("most_persons", "persons", "most that the input allows; missing: no limit",
                nullable=True),
    ),
)  # fmt: skip

SWEEP: Final = TableSchema(
    name="sweep",
    meaning="Answers of one scenario of a sweep: several tables in one file, told apart by table",
    columns=(
        _text("scenario_id", "scenario of the sweep"),
        _text("table", "status, stations, nearest, edge_flows, crossing_flows or skims"),
        _text("place_id", "where people are, or where a way begins", nullable=True),
        _text("group_id", "group", nullable=True),
        _text("base", "movers, or residents", nullable=True),
        _text("profile", "how they travel", nullable=True),
        _text("kind", "kind of people", nullable=True),
        _text("nationality", "ISO 3166-1 alpha-3 code", nullable=True),
        _text("exposure_class", "opaque label for targeted checkpoints", nullable=True),
        _text("status", "the one status", nullable=True),
        _text("isolated_kind", "seasonal or permanent", nullable=True),
        _text("reason", "first reason that holds, if they cannot reach", nullable=True),
        _text("reasons_all", "every reason that holds by itself, | between them", nullable=True),
        _text("cause", "kind of disruption whose lifting frees them", nullable=True),
        _text("causes_all", "every kind that frees them by itself, | between them", nullable=True),
        _text("held_node_id", "last node they get to on their usual way", nullable=True),
        _text("held_crossing_id", "crossing they are held at", nullable=True),
        _text("destination_place_id", "nearest allowed destination they can reach", nullable=True),
        _text("destination_id", "place where the way of a skim ends", nullable=True),
        _text("waystation_id", "way station", nullable=True),
        _text("rule", "rule by which destinations are chosen", nullable=True),
        _text("edge_id", "edge", nullable=True),
        _text("crossing_id", "crossing", nullable=True),
        _text("into_country", "country that is entered", nullable=True),
        _number("time_min", "min", "moving and waiting time", nullable=True),
        _number("length_m", "m", "length of the way", nullable=True),
        _number("cost_xof", "XOF", "fare of the way", nullable=True),
        _number("risk", "", "risk of the way", nullable=True),
        _number("persons", "persons", "people, best figure", dtype="int", nullable=True),
        _number("persons_low", "persons", "low figure", dtype="int", nullable=True),
        _number("persons_high", "persons", "high figure", dtype="int", nullable=True),
        _number("forward_persons", "persons", "people along the line's direction", dtype="int",
                nullable=True),
        _number("backward_persons", "persons", "people against it", dtype="int", nullable=True),
    ),
)  # fmt: skip

# ------------------------------------------------------------------ chokepoints and reopenings
THINGS: Final = ("edge", "crossing", "node")
CHOKEPOINTS: Final = TableSchema(
    name="chokepoints",
    meaning="What each edge, crossing and node that people use means to them, if it closed",
    key=("thing", "id"),
    columns=(
        _text("thing", "what it is", allowed=THINGS),
        _text("id", "edge, crossing or node"),
        _text("label", "name, number of the road, or what it joins"),
        _number("through_persons", "persons", "people whose quickest way passes it", dtype="int"),
        _number("every_way_persons", "persons", "of them, people who have no way but over it",
                dtype="int"),
        _number("lost_persons", "persons", "people who would no longer reach inside their budgets",
                dtype="int", nullable=True),
        _number("reach_change_persons", "persons", "change in people who can reach", dtype="int",
                minimum=None, nullable=True),
        _number("change_person_h", "person-h", "change in the time of all who reach; it falls "
                "where people are lost", minimum=None, nullable=True),
        _number("delay_person_h", "person-h", "more time of those who still reach", minimum=None,
                nullable=True),
        _flag("splits", "without it the open network falls apart: a bridge, or a cut node"),
    ),
)  # fmt: skip

REOPENINGS: Final = TableSchema(
    name="reopenings",
    meaning="What so many reopenings together free at most, whichever they are",
    key=("reopened",),
    columns=(
        _number("reopened", "", "at most so many disruptions are lifted", dtype="int"),
        _text("disruption_ids", "which, | between them", nullable=True),
        _number("freed_persons", "persons", "people who reach then, and do not now", dtype="int"),
        _number("lost_persons", "persons", "people who reach now, and not then: their quickest "
                "way becomes one over a budget", dtype="int"),
        _number("bound_persons", "persons", "no set of so many frees more", dtype="int"),
        _flag("proven", "the bound is met: no better set exists"),
    ),
)  # fmt: skip

SHAPLEY_SHARES: Final = TableSchema(
    name="shapley_shares",
    meaning="How the people freed by lifting everything are shared out between the disruptions",
    key=("disruption_id",),
    columns=(
        _text("disruption_id", "disruption"),
        _number("share_persons", "persons", "share", minimum=None),
        _number("standard_error_persons", "persons", "sampling error; 0: exact"),
        _number("alone_persons", "persons", "people freed by lifting it alone", dtype="int"),
    ),
)

_DESCRIBED: Final = (
    ("best_persons", "single run: everything happens, every number is the best one"),
    ("mean_persons", "mean of the draws"),
    ("standard_error_persons", "standard error of the mean"),
    ("low_persons", "a twentieth of the draws are below"),
    ("low_error_persons", "standard error of it; empty for fewer than 40 draws"),
    ("median_persons", "half of the draws are below"),
    ("high_persons", "a twentieth of the draws are above"),
    ("high_error_persons", "standard error of it; empty for fewer than 40 draws"),
)


def _described(*, signed: bool) -> tuple[Column, ...]:
    return tuple(
        _number(name, "persons", meaning, dtype="int" if name == "best_persons" else "float",
                minimum=None if signed and "error" not in name else 0,
                nullable=name in {"low_error_persons", "high_error_persons"})
        for name, meaning in _DESCRIBED
    )  # fmt: skip


FIGURES: Final = (
    "persons", "can_reach", "stranded", "cut_off", "isolated", "unknown", "cannot_reach",
)  # fmt: skip

INTERVALS: Final = TableSchema(
    name="intervals",
    meaning="Headlines with intervals, from draws",
    key=("base", "figure"),
    columns=(
        _text("base", "movers, or residents", allowed=BASES),
        _text("figure", "status; persons: all; cannot_reach: stranded and isolated",
              allowed=FIGURES),
        *_described(signed=False),
        _number("draws", "", "number of draws", dtype="int"),
    ),
)  # fmt: skip

INTERVAL_DIFFERENCES: Final = TableSchema(
    name="interval_differences",
    meaning="Headlines of two options, the second minus the first, draw by draw",
    key=("base", "figure"),
    columns=(
        _text("base", "movers, or residents", allowed=BASES),
        _text("figure", "status; persons: all; cannot_reach: stranded and isolated",
              allowed=FIGURES),
        *_described(signed=True),
        _number("unpaired_standard_error_persons", "persons", "standard error of the mean, had "
                "the two met different draws"),
        _number("fewer_share", "", "share of the draws in which the second has fewer", maximum=1),
        _number("more_share", "", "share of the draws in which the second has more", maximum=1),
        _number("draws", "", "number of draws", dtype="int"),
    ),
)  # fmt: skip

PLACE_INTERVALS: Final = TableSchema(
    name="place_intervals",
    meaning="The chance of being stranded (residents: cut off) by place, from draws",
    key=("place_id", "base"),
    columns=(
        _text("place_id", "place"),
        _text("name", "name"),
        _text("pcode", "zone", nullable=True),
        _text("base", "movers, or residents", allowed=BASES),
        _number("mean_persons", "persons", "people asked about, mean of the draws"),
        _number("stranded_mean_persons", "persons", "stranded (cut off), mean of the draws"),
        _number("stranded_low_persons", "persons", "a twentieth of the draws are below"),
        _number("stranded_high_persons", "persons", "a twentieth of the draws are above"),
        _number("stranded_probability", "", "chance of a person there to be stranded (cut off)",
                maximum=1),
    ),
)  # fmt: skip

GAP_THINGS: Final = ("edge", "crossing", "disruption", "group", "speeds")

INFORMATION_GAPS: Final = TableSchema(
    name="information_gaps",
    meaning="What moves the headline if it turned out otherwise than assumed: where to look next",
    key=("thing", "id"),
    columns=(
        _text("thing", "what it is", allowed=GAP_THINGS),
        _text("id", "edge, crossing, disruption or group"),
        _text("label", "name, number of the road, or what it joins"),
        _text("assumed", "what the run takes it for"),
        _text("otherwise", "what it may turn out to be"),
        _number("low_persons", "persons", "people who cannot reach, at the lower end", dtype="int"),
        _number("high_persons", "persons", "people who cannot reach, at the upper end",
                dtype="int"),
        _number("swing_persons", "persons", "difference of the two", dtype="int"),
        _number("probability", "", "chance of what is assumed, where somebody gave it", maximum=1,
                nullable=True),
        _date("last_reported", "last report on it; missing: nobody reported"),
        _text("confidence", "of the source", allowed=CONFIDENCES, nullable=True),
    ),
)  # fmt: skip

ACCESS_TABLE: Final = TableSchema(
    name="access_table",
    meaning="Access by segment and vehicle class, with the people who depend on it",
    key=("edge_id", "profile"),
    columns=(
        _text("edge_id", "segment"),
        _text("ref", "number of the road", nullable=True),
        _text("segment", "what it joins"),
        _text("crossing", "border crossing, if it is one", nullable=True),
        _text("kind", "kind of edge", allowed=EDGE_KINDS),
        _text("profile", "vehicle class"),
        _text("vehicle", "its name"),
        _text("state", "state for that vehicle class", allowed=(
            "open", "slower", "riskier", "partly_closed", "closed", "out_of_season")),
        _number("speed_factor", "", "speed against the normal one", maximum=1),
        _number("risk_per_km", "", "risk added by each km"),
        _text("disruption_ids", "what changes it, | between them", nullable=True),
        _date("since", "first day of what changes it"),
        _date("until", "its last day; missing: not known"),
        _text("source", "where the state is known from"),
        _text("confidence", "how sure it is", allowed=CONFIDENCES),
        _date("last_verified", "last report on the state of the segment; missing: never"),
        _number("usual_persons", "persons", "people whose way on a normal day leads over it",
                dtype="int"),
        _number("today_persons", "persons", "people whose way leads over it now", dtype="int"),
        _number("every_way_persons", "persons", "of these, people who have no other way",
                dtype="int"),
    ),
)  # fmt: skip

EXPLAINED_WAYS: Final = TableSchema(
    name="explained_ways",
    meaning="The way people would have gone, edge by edge, and where it breaks",
    geometry="LineString",
    columns=(
        _text("group_id", "group"),
        _text("way", "usual: of a day without disruptions; today: the quickest left",
              allowed=("usual", "today")),
        _number("step", "", "order along the way; 0: from the door to the network", dtype="int"),
        _text("edge_id", "edge, or access of a place for the way off the road", nullable=True),
        _text("part", "open: they get so far; broken: closed today; beyond: behind a break",
              allowed=("open", "broken", "beyond")),
        _number("time_min", "min", "time of a day without disruptions, or of today", nullable=True),
        _text("disruption_ids", "what touches it, | between them", nullable=True),
        _number("persons", "persons", "people of the group", dtype="int"),
    ),
)  # fmt: skip

FLOW_CHANGES: Final = TableSchema(
    name="flow_changes",
    meaning="People per edge before and after",
    key=("rule", "edge_id"),
    columns=(
        _text("rule", "rule by which destinations are chosen"),
        _text("edge_id", "edge"),
        _number("before_persons", "persons", "people before", dtype="int"),
        _number("after_persons", "persons", "people after", dtype="int"),
        _number("change_persons", "persons", "after minus before", dtype="int", minimum=None),
        _text("found_in", "network that has the edge", allowed=("both", "before", "after")),
    ),
)

SITES: Final = TableSchema(
    name="sites",
    meaning="Way stations that are proposed or kept, with the people each would serve",
    key=("place_id",),
    geometry="Point",
    columns=(
        _text("place_id", "place it stands at; of a mobile one its base"),
        _text("name", "name of the place"),
        _text("country", "ISO 3166-1 alpha-3 code"),
        _text("pcode", "its zone", nullable=True),
        _text("proposal", "new, or kept because it is there", allowed=("new", "kept")),
        _text("kind", "kind", allowed=("fixed", "mobile")),
        _number("served_persons", "persons", "people who go to it, on average over scenarios"),
        _number("time_min", "min", "mean time of these people", nullable=True),
        _number("longest_min", "min", "time of those who need the longest", nullable=True),
        _number("risk", "", "highest risk of a way to it", nullable=True),
        _number("capacity_persons", "persons", "room; missing: not checked", nullable=True),
    ),
)

SITE_ASSIGNMENT: Final = TableSchema(
    name="site_assignment",
    meaning="Who goes to which way station, by scenario; who goes to none is in unserved_groups",
    key=("scenario", "group_id", "place_id"),
    columns=(
        _text("scenario", "scenario"),
        _text("group_id", "group"),
        _text("origin_id", "place where the group is"),
        _text("place_id", "place of the way station, or of the stop of a mobile one"),
        _number("persons", "persons", "people of the group", dtype="int"),
        _number("time_min", "min", "time of the way"),
        _number("length_m", "m", "length of the way"),
        _number("risk", "", "risk of the way"),
    ),
)

UNSERVED_REASONS: Final = (
    "no_way", "over_risk", "over_time", "over_money", "over_limit", "too_few_sites", "no_room",
)  # fmt: skip
UNSERVED_GROUPS: Final = TableSchema(
    name="unserved_groups",
    meaning="Who would have no way station, and why, by scenario",
    key=("scenario", "group_id"),
    columns=(
        _text("scenario", "scenario"),
        _text("group_id", "group"),
        _text("origin_id", "place where the group is"),
        _number("persons", "persons", "people without a way station", dtype="int"),
        _text("reason", "why", allowed=UNSERVED_REASONS),
        _text("explanation", "the same in words"),
    ),
)

ROTA: Final = TableSchema(
    name="rota",
    meaning="Days of mobile way stations: where each starts, stops and returns to",
    key=("unit", "day"),
    columns=(
        _number("unit", "", "unit that drives it, from 1 on", dtype="int", minimum=1),
        _text("base_id", "place where it starts in the morning and returns to"),
        _number("day", "", "day of the rota", dtype="int", minimum=1),
        _text("stop_ids", "places where it stops, in their order, > between them"),
        _number("driving_min", "min", "time of driving"),
        _number("day_min", "min", "time of driving and of all stops"),
        _number("served_persons", "persons", "people whom its stops serve", dtype="int"),
    ),
)

GO_NO_GO: Final = TableSchema(
    name="go_no_go",
    meaning="Whether a way station can work on a day: people reach it, and supply does",
    key=("place_id", "date"),
    columns=(
        _text("place_id", "place of the way station"),
        _text("name", "its name"),
        Column(name="date", dtype="date", meaning="day"),
        _flag("go", "safe place, and people and supply reach it within the limits"),
        _flag("safe_place", "outside areas of severe insecurity and mines"),
        _number("reach_persons", "persons", "people who reach it", dtype="int"),
        _text("supply_from_id", "nearest start of supply that gets there", nullable=True),
        _number("supply_time_min", "min", "time of its way", nullable=True),
        _number("supply_risk", "", "risk of its way", nullable=True),
        _text("reason", "what stands against it; missing: nothing", nullable=True),
    ),
)

MONITORING_POINTS: Final = TableSchema(
    name="monitoring_points",
    meaning="Points where flows are counted, the one that adds most first",
    key=("point_id",),
    geometry="Point",
    columns=(
        _text("point_id", "edge or crossing"),
        _text("kind", "kind", allowed=("edge", "crossing")),
        _text("name", "name of the crossing, or of the ends of the edge"),
        _text("proposal", "new, or kept because it is there", allowed=("new", "kept")),
        _number("rank", "", "order by what each adds", dtype="int", minimum=1),
        _number("passing_persons", "persons", "people who pass it"),
        _number("added_persons", "persons", "people whom no point before it sees"),
        _number("seen_persons", "persons", "people whom it and all before it see, each once"),
        _number("added_uncertainty_persons", "persons", "uncertain people added likewise"),
        _text("same_ids", "edges and crossings that see the same people, | between them",
              nullable=True),
    ),
)  # fmt: skip

NETWORK_TABLES: Final = (
    ZONES, NODES, EDGES, CROSSINGS, PLACES, ACCESSES, WATERWAYS, SEASONS, PROFILES, SPEEDS,
)  # fmt: skip
CASE_TABLES: Final = (GROUPS, DESTINATIONS, WAYSTATIONS, TARGETS)
DISRUPTION_TABLES: Final = (DISRUPTIONS, DISRUPTION_STRETCHES, DEPTH_CURVES)
SOURCE_TABLES: Final = (FINDINGS, EVENTS, INCIDENTS, CONSTRAINTS, DISPLACEMENT)
MOVEMENT_TABLES: Final = (OD_TABLE, MARGINS, PASSAGE_COUNTS, PASSAGES, OD_ESTIMATES)
AREA_TABLES: Final = (ISOCHRONES, NEAREST_AREAS)
RESULT_TABLES: Final = (
    STATUS, REACHABLE, OD_FLOWS, EDGE_FLOWS, CROSSING_FLOWS, CATCHMENTS, COMPARISON,
)  # fmt: skip
CHOKEPOINT_TABLES: Final = (
    CHOKEPOINTS, REOPENINGS, SHAPLEY_SHARES, ACCESS_TABLE, EXPLAINED_WAYS, FLOW_CHANGES,
)  # fmt: skip
ROUTE_TABLES: Final = (ROUTE_REQUESTS, PLANNED_REQUESTS, ROUTES, ROUTE_LEGS)
SITING_TABLES: Final = (
    SITES, SITE_ASSIGNMENT, UNSERVED_GROUPS, ROTA, GO_NO_GO, MONITORING_POINTS,
)  # fmt: skip
SCHEMAS: Final[Mapping[str, TableSchema]] = MappingProxyType(
    {
        table.name: table
        for table in (
            *NETWORK_TABLES,
            *CASE_TABLES,
            *DISRUPTION_TABLES,
            *SOURCE_TABLES,
            *MOVEMENT_TABLES,
            *RESULT_TABLES,
            *AREA_TABLES,
            *ROUTE_TABLES,
            *CHOKEPOINT_TABLES,
            *SITING_TABLES,
        )
    }
)


def is_missing(value: object) -> bool:
    """Say whether one value of a table is missing.

    Parameters
    ----------
    value
        Any single value.

    Returns
    -------
    bool
        True for None, NaN, NaT and NA; an empty text is not missing.

    Examples
    --------
    >>> is_missing(None), is_missing(float("nan")), is_missing("")
    (True, True, False)
    """
    not_a_number = isinstance(value, float | np.floating) and bool(np.isnan(value))
    return value is None or value is pd.NA or value is pd.NaT or not_a_number


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries.

    Parameters
    ----------
    table
        Any table.

    Returns
    -------
    list of dict
        One per row, values by column name, as plain Python values.

    Examples
    --------
    >>> records(pd.DataFrame({"place_id": ["gao"], "persons": [10]}))
    [{'place_id': 'gao', 'persons': 10}]
    """
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def split_list(value: object) -> tuple[str, ...]:
    """Split a text list at its bars.

    Parameters
    ----------
    value
        Text such as ``truck|4x4``; missing or empty is the empty list.

    Returns
    -------
    tuple of str
        The items, without blanks.

    Examples
    --------
    >>> split_list("truck | 4x4"), split_list(None)
    (('truck', '4x4'), ())
    """
    if is_missing(value):
        return ()
    return tuple(item.strip() for item in str(value).split("|") if item.strip())


def suggest(word: str, known: Iterable[str]) -> str:
    """Return the end of an error message that names the nearest known words.

    Parameters
    ----------
    word
        What the user wrote.
    known
        What would have been right.

    Returns
    -------
    str
        ``"; did you mean 'inabao'?"``, or the known words if none is near.

    Examples
    --------
    >>> suggest("inabo", ["inabao", "fassala"])
    "; did you mean 'inabao'?"
    """
    options = [str(item) for item in known]
    by_fold = {option.casefold(): option for option in options}
    near = difflib.get_close_matches(word.casefold(), list(by_fold), n=1, cutoff=0.6)
    if near:
        return f"; did you mean {by_fold[near[0]]!r}?"
    if not options:
        return "; none is known"
    shown = ", ".join(repr(option) for option in sorted(options)[:MOST_WORDS])
    return f"; known: {shown}{', ...' if len(options) > MOST_WORDS else ''}"


def _plain(value: object) -> str:
    """Return a value of a key as text: a day without its hour."""
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)


def _key_labels(frame: pd.DataFrame, schema: TableSchema, wrong: BoolArray) -> str:
    keys = [name for name in schema.key if name in frame.columns]
    rows = frame[wrong]
    if keys:
        return labels([" / ".join(map(_plain, row)) for row in rows[keys].to_numpy()])
    return labels(rows.index)


def _cell_text(value: object) -> str:
    """Return a value as text; a code that came as a float, because of a gap, is whole again."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _conform_column(
    series: pd.Series, column: Column, missing: BoolArray
) -> tuple[pd.Series, BoolArray]:
    """Return the column in its dtype, and a mask of the rows that could not be converted.

    A column that is as it should be is returned as it is.
    """
    if column.dtype == "text":
        return _conform_text(series, missing), np.zeros(len(series), dtype=bool)
    if column.dtype == "bool":
        return _conform_flag(series, missing)
    if column.dtype == "date":
        return _conform_day(series, missing)
    return _conform_number(series, missing, whole=column.dtype == "int")


def _conform_number(
    series: pd.Series, missing: BoolArray, *, whole: bool
) -> tuple[pd.Series, BoolArray]:
    """Return a column as numbers; whole ones are only counted as such where none is missing."""
    if series.dtype == ("int64" if whole else "float64"):
        return series, np.zeros(len(series), dtype=bool)
    number = pd.to_numeric(series, errors="coerce").astype("float64")
    values = number.to_numpy()
    bad = np.isnan(values) & ~missing
    if whole:
        bad |= (values != np.rint(values)) & ~np.isnan(values)
        if bool(np.isfinite(values).all()) and not bool(bad.any()):
            return number.astype("int64"), bad
    return number, bad


def _conform_flag(series: pd.Series, missing: BoolArray) -> tuple[pd.Series, BoolArray]:
    """Return a column as true and false."""
    if series.dtype == bool:
        return series, np.zeros(len(series), dtype=bool)
    words = {"true": True, "1": True, "1.0": True, "yes": True,
             "false": False, "0": False, "0.0": False, "no": False}  # fmt: skip
    cells = zip(series, missing, strict=True)
    said = [None if gone else words.get(str(value).strip().lower()) for value, gone in cells]
    flag = pd.Series(said, index=series.index, dtype="object")
    unsaid = flag.isna().to_numpy(dtype=bool)
    return flag.astype("boolean" if unsaid.any() else "bool"), unsaid & ~missing


def _conform_day(series: pd.Series, missing: BoolArray) -> tuple[pd.Series, BoolArray]:
    """Return a column as days without their hours."""
    if series.dtype == "datetime64[s]":
        stamps = series.to_numpy()
        if bool((missing | (stamps.astype("datetime64[D]") == stamps)).all()):
            return series, np.zeros(len(series), dtype=bool)
    if series.dtype.kind in "iufO":
        # 20130120 is a day to people, and 20 ms after 1970 began to pandas
        days = [_cell_text(v) if isinstance(v, int | float | np.number) else v for v in series]
        series = pd.Series(days, index=series.index, dtype="object").mask(missing)
    stamp = pd.to_datetime(series, errors="coerce", format="ISO8601", utc=True)
    bad = stamp.isna().to_numpy(dtype=bool) & ~missing
    return stamp.dt.tz_localize(None).dt.normalize().astype("datetime64[s]"), bad


def _conform_text(series: pd.Series, missing: BoolArray) -> pd.Series:
    """Return a column as text without blanks around it; what is empty is missing."""
    cells = series.tolist()
    text = [
        None if gone else (value.strip() if type(value) is str else _cell_text(value)) or None
        for value, gone in zip(cells, missing.tolist(), strict=True)
    ]
    if series.dtype == "str" and all(
        one == two or gone for one, two, gone in zip(text, cells, missing.tolist(), strict=True)
    ):
        return series
    return pd.Series(text, index=series.index, dtype="str")


def _column_problems(
    series: pd.Series, column: Column, bad: BoolArray, gone: BoolArray
) -> Iterator[tuple[str, BoolArray]]:
    """Yield what is expected of a column, in words, with the rows that fail it."""
    unit = f" {column.unit}" if column.unit else ""
    yield f"must be {column.dtype}", bad
    if not column.nullable:
        yield "must not be missing", gone & ~bad
    if column.dtype in {"float", "int"}:
        number = series.to_numpy(dtype="float64")
        infinite = np.isinf(number)
        yield "must be finite", infinite
        # a missing number is neither too small nor too large
        if column.minimum is not None:
            yield f"must be >= {column.minimum:g}{unit}", number < column.minimum
        if column.maximum is not None:
            yield f"must be <= {column.maximum:g}{unit}", (number > column.maximum) & ~infinite
    if column.allowed and not set(series[~gone].unique()) <= set(column.allowed):
        wrong = ~series.isin(column.allowed).to_numpy(dtype=bool) & ~gone
        if wrong.any():
            first = str(series[wrong].iloc[0])
            yield f"has the unknown value {first!r}{suggest(first, column.allowed)}", wrong


def _geometry_problems(frame: pd.DataFrame, schema: TableSchema) -> list[str]:
    if schema.geometry is None:
        return []
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        return [f"{schema.name}: needs a {schema.geometry} geometry, this is a plain table"]
    problems = []
    if frame.crs is None:
        problems.append(
            f"{schema.name}: has no coordinate reference system; set it with .set_crs(...)"
        )
    shapes = np.asarray(frame.geometry.array)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    kinds = np.asarray(frame.geometry.geom_type, dtype=object)
    tests = {
        "is missing or empty": empty,
        f"must be {schema.geometry}": (kinds != schema.geometry) & ~empty,
        "has coordinates that are not finite": ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
        & ~empty,
        "is not valid; repair it with .make_valid()": ~shapely.is_valid(shapes)
        & (kinds == "MultiPolygon"),
    }
    for text, wrong in tests.items():
        if wrong.any():
            problems.append(
                f"{schema.name}: geometry {text}; wrong in {int(wrong.sum())} rows, "
                f"e.g. {_key_labels(frame, schema, wrong)}"
            )
    return problems


def _missing(series: pd.Series) -> BoolArray:
    return np.asarray(pd.isna(series.array), dtype=np.bool_)


def _conform_columns(
    frame: pd.DataFrame, schema: TableSchema
) -> tuple[dict[str, pd.Series], list[tuple[str, BoolArray | None]]]:
    """Return the columns of a schema, and every fault with the rows that have it."""
    made: dict[str, pd.Series] = {}
    faults: list[tuple[str, BoolArray | None]] = []
    names = Counter(frame.columns.tolist())
    plain = pd.DataFrame(frame)  # columns of a GeoDataFrame are slower to take
    for column in schema.columns:
        where = f"{schema.name}: column {column.name!r}"
        if column.name in names:
            if names[column.name] > 1:
                faults.append((f"{where} stands more than once", None))
                continue
            series = plain[column.name]
            if isinstance(series.dtype, GeometryDtype):
                faults.append((f"{where} must be {column.dtype}, not a geometry", None))
                continue
        elif column.required:
            near = suggest(column.name, [str(name) for name in frame.columns])
            faults.append((f"{schema.name}: no column {column.name!r}{near}", None))
            continue
        else:
            series = pd.Series(column.default, index=frame.index, dtype="object")
        missing = _missing(series)
        if column.default is not None and missing.any():
            series = series.where(~missing, column.default)
            missing = np.zeros(len(series), dtype=bool)
        made[column.name], bad = _conform_column(series, column, missing)
        if made[column.name] is not series:
            missing = _missing(made[column.name])
        for expected, wrong in _column_problems(made[column.name], column, bad, missing):
            if wrong.any():
                count = int(wrong.sum())
                rows = "1 row" if count == 1 else f"{count} rows"
                faults.append((f"{where} {expected}; wrong in {rows}", wrong))
    return made, faults


@overload
def conform(frame: gpd.GeoDataFrame, schema: TableSchema) -> tuple[gpd.GeoDataFrame, list[str]]: ...
@overload
def conform(frame: pd.DataFrame, schema: TableSchema) -> tuple[pd.DataFrame, list[str]]: ...
def conform(frame: pd.DataFrame, schema: TableSchema) -> tuple[pd.DataFrame, list[str]]:
    """Return a copy of a table in the dtypes of its schema, and every problem found.

    Columns that the schema does not know are kept, at the end. Optional columns that are missing
    are added with their default.

    Parameters
    ----------
    frame
        The table; never changed.
    schema
        What it should be.

    Returns
    -------
    table
        The table in the order and dtypes of the schema; a GeoDataFrame stays one.
    problems
        One sentence per problem, with row labels; empty if there is none.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {
    ...         "profile": ["truck"],
    ...         "kind": ["road"],
    ...         "road_class": ["*"],
    ...         "surface": ["*"],
    ...         "speed_kph": [-5],
    ...         "source": ["own work"],
    ...     }
    ... )
    >>> print(*conform(frame, SPEEDS)[1])
    speeds: column 'speed_kph' must be >= 0.01 km/h; wrong in 1 row, e.g. ['truck / road / * / *']
    """
    made, faults = _conform_columns(frame, schema)
    shape = frame.active_geometry_name if isinstance(frame, gpd.GeoDataFrame) else None
    table = pd.DataFrame(made, index=frame.index, copy=True)
    known = {*schema.names, shape}
    rest = [name not in known for name in frame.columns]
    if any(rest):
        table = pd.concat([table, pd.DataFrame(frame.loc[:, rest])], axis=1)
    if isinstance(frame, gpd.GeoDataFrame):
        if shape is not None:
            table[shape] = frame[shape].array.copy()
        table = gpd.GeoDataFrame(table, geometry=shape)
    problems = [
        text if wrong is None else f"{text}, e.g. {_key_labels(table, schema, wrong)}"
        for text, wrong in faults
    ]
    problems += _geometry_problems(table, schema)
    keys = [name for name in schema.key if name in table.columns]
    single = len(keys) == 1 and table[keys[0]].is_unique
    if keys and len(keys) == len(schema.key) and not single:
        twice = table.duplicated(subset=keys, keep=False).to_numpy(dtype=bool)
        if twice.any():
            problems.append(
                f"{schema.name}: key {' + '.join(keys)} must be unique; wrong in "
                f"{int(twice.sum())} rows, e.g. {_key_labels(table, schema, twice)}"
            )
    return table, problems


@overload
def check_table(frame: gpd.GeoDataFrame, schema: TableSchema) -> gpd.GeoDataFrame: ...
@overload
def check_table(frame: pd.DataFrame, schema: TableSchema) -> pd.DataFrame: ...
def check_table(frame: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """Return a copy of a table in the dtypes of its schema, or raise with every problem found.

    Parameters
    ----------
    frame
        The table; never changed.
    schema
        What it should be.

    Returns
    -------
    pandas.DataFrame
        As from `conform`; a GeoDataFrame stays one.

    Raises
    ------
    SchemaError
        Lists all problems, with row labels.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {
    ...         "profile": ["truck"],
    ...         "kind": ["road"],
    ...         "road_class": ["*"],
    ...         "surface": ["*"],
    ...         "speed_kph": [50],
    ...         "source": ["own work"],
    ...     }
    ... )
    >>> check_table(frame, SPEEDS)["speed_kph"].tolist()
    [50.0]
    """
    table, problems = conform(frame, schema)
    if problems:
        raise SchemaError(problems)
    return table


def reference_problems(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return a sentence for every id that points to a row that is not there.

    Parameters
    ----------
    tables
        Tables by name; references to tables that are not given are not checked.

    Returns
    -------
    list of str
        With row labels and the nearest known id.

    Examples
    --------
    >>> tables = {
    ...     "groups": pd.DataFrame({"group_id": ["a"], "place_id": ["goa"]}),
    ...     "places": pd.DataFrame({"place_id": ["gao"]}),
    ... }
    >>> print(*reference_problems(tables))
    groups: column 'place_id' names 'goa', not in places; did you mean 'gao'? (1 row, e.g. ['a'])
    """
    problems = []
    for name, frame in tables.items():
        schema = SCHEMAS[name]
        for column, target in schema.references.items():
            if target not in tables or column not in frame.columns:
                continue
            known = tables[target][SCHEMAS[target].key[0]]
            wrong = (frame[column].notna() & ~frame[column].isin(known)).to_numpy(dtype=bool)
            if wrong.any():
                first = str(frame.loc[wrong, column].iloc[0])
                rows = f"{int(wrong.sum())} row{'s' if int(wrong.sum()) > 1 else ''}"
                problems.append(
                    f"{name}: column {column!r} names {first!r}, not in {target}"
                    f"{suggest(first, known)} ({rows}, e.g. {_key_labels(frame, schema, wrong)})"
                )
    return problems


def empty_table(schema: TableSchema) -> pd.DataFrame:
    """Return a table with the columns and dtypes of a schema, and no rows.

    Parameters
    ----------
    schema
        What it should be; must have no geometry.

    Returns
    -------
    pandas.DataFrame
        No rows.

    Examples
    --------
    >>> len(empty_table(STATUS)), "persons" in empty_table(STATUS).columns
    (0, True)
    """
    dtypes = {"text": "str", "int": "int64", "float": "float64", "bool": "bool",
              "date": "datetime64[s]"}  # fmt: skip
    return pd.DataFrame(
        {column.name: pd.Series(dtype=dtypes[column.dtype]) for column in schema.columns}
    )

"""Disruptions: what is hit, for whom, when, and what happens to it; one model for all kinds."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import shapely

from mobility_geo.errors import CalendarError, ScenarioError, labels
from mobility_geo.schema import (
    CONFIDENCES,
    DISRUPTION_KINDS,
    EDGE_KINDS,
    PEOPLE_KINDS,
    REGIMES,
    suggest,
)

CAUSE_OF_KIND: Mapping[str, str] = {
    "insecurity": "insecurity", "mine": "insecurity", "flood": "flood", "season": "flood",
    "border": "border", "service": "service", "road": "other",
}  # fmt: skip
"""Which cause a kind of disruption counts under."""

LARGEST_LON: Final = 180.0
LARGEST_LAT: Final = 90.0
"""Bounds of WGS 84, degrees."""

MM_PER_M: Final = 1000.0
DEPTH_TOLERANCE_M: Final = 1e-6
MONTHS: Final = 12
HOURS: Final = 24.0


@dataclass(frozen=True, slots=True)
class Closure:
    """Nobody passes."""


@dataclass(frozen=True, slots=True)
class SpeedFactor:
    """Speed is multiplied by `value`, above 0 and at most 1; overlapping: the lowest counts."""

    value: float

    def __post_init__(self) -> None:
        """Check the range.

        Raises
        ------
        ScenarioError
            If it is 0 or less, or above 1.
        """
        if not 0 < self.value <= 1:
            msg = f"speed_factor must be above 0 and at most 1, not {self.value:g}; use close"
            raise ScenarioError(msg)


@dataclass(frozen=True, slots=True)
class ExtraWait:
    """Each passage takes `value` minutes longer; overlapping ones add up."""

    value: float

    def __post_init__(self) -> None:
        """Check the range.

        Raises
        ------
        ScenarioError
            If it is negative or not finite.
        """
        _not_negative("wait_min", self.value)


@dataclass(frozen=True, slots=True)
class ExtraCost:
    """Each km costs `value` XOF more; overlapping ones add up."""

    value: float

    def __post_init__(self) -> None:
        """Check the range.

        Raises
        ------
        ScenarioError
            If it is negative or not finite.
        """
        _not_negative("cost_xof_per_km", self.value)


@dataclass(frozen=True, slots=True)
class RiskCost:
    """Each km adds `value` to the risk of the way; overlapping ones add up."""

    value: float

    def __post_init__(self) -> None:
        """Check the range.

        Raises
        ------
        ScenarioError
            If it is negative or not finite.
        """
        _not_negative("risk_per_km", self.value)


@dataclass(frozen=True, slots=True)
class CapacityFactor:
    """People per day are multiplied by `value`, 0 to 1; overlapping: the lowest counts."""

    value: float

    def __post_init__(self) -> None:
        """Check the range.

        Raises
        ------
        ScenarioError
            If it is below 0 or above 1.
        """
        if not 0 <= self.value <= 1:
            msg = f"capacity_factor must be 0 to 1, not {self.value:g}"
            raise ScenarioError(msg)


@dataclass(frozen=True, slots=True)
class Regime:
    """A border crossing changes its regime; overlapping: all of them must let people pass."""

    value: str

    def __post_init__(self) -> None:
        """Check that the regime is known.

        Raises
        ------
        ScenarioError
            If it is none of `mobility_geo.schema.REGIMES`.
        """
        if self.value not in REGIMES:
            msg = f"unknown regime {self.value!r}{suggest(self.value, REGIMES)}"
            raise ScenarioError(msg)


@dataclass(frozen=True, slots=True)
class Throughput:
    """At most `value` people pass per day; overlapping: the fewest count, 0 closes."""

    value: float

    def __post_init__(self) -> None:
        """Check the range.

        Raises
        ------
        ScenarioError
            If it is negative or not finite.
        """
        _not_negative("throughput_persons_per_day", self.value)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A crossing is open from `opens_hour` to `closes_hour` of each day, 0 to 24.

    Who comes at any hour alike waits ``(24 - h)^2 / 48`` hours on average, with h hours open: the
    night is h' = 24 - h long, h'/24 of the people meet it, and wait half of it. Overlapping: the
    hours that all of them leave open; none: closed.
    """

    opens_hour: float
    closes_hour: float

    def __post_init__(self) -> None:
        """Check the range.

        Raises
        ------
        ScenarioError
            If hours are not 0 to 24, or it does not close after it opens.
        """
        if not 0 <= self.opens_hour < self.closes_hour <= HOURS:
            msg = (
                "hours must be 0 to 24, closing after opening, not "
                f"{self.opens_hour:g} to {self.closes_hour:g}"
            )
            raise ScenarioError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthCurve:
    """How depth of water slows and stops one class of vehicles, or people on foot.

    Speed is ``min(free flow, quadratic w^2 + linear w + constant)`` km/h at the depth w in mm, and
    nobody passes at `impassable_m` or deeper. Boats need water: they pass on waterways from
    `navigable_m` on, whatever the season says.

    Parameters
    ----------
    curve, vehicle_class
        Name of the curve and whom it is for.
    profiles
        Travel profiles of that class.
    impassable_m
        Depth that stops them, m, above 0; None: no depth does.
    quadratic, linear, constant
        Coefficients, km/h per mm^2, km/h per mm, km/h; all None: only the limit counts.
    navigable_m
        Depth from which boats of this class can go, m, above 0; None: no boat.
    source
        Publication.
    """

    curve: str
    vehicle_class: str
    profiles: tuple[str, ...]
    impassable_m: float | None = None
    quadratic: float | None = None
    linear: float | None = None
    constant: float | None = None
    navigable_m: float | None = None
    source: str = ""

    def speed_kph(self, depth_m: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the highest speed at a depth.

        Parameters
        ----------
        depth_m
            Depth of the water, m, >= 0, any shape.

        Returns
        -------
        numpy.ndarray
            float64, km/h, same shape; `inf` where the curve sets no limit, 0 where nobody passes.

        References
        ----------
        Pregnolato, M., Ford, A., Wilkinson, S. M. and Dawson, R. J. (2017). The impact of flooding
        on road transport: A depth-disruption function. doi 10.1016/j.trd.2017.06.020.

        Examples
        --------
        >>> curve = DepthCurve(
        ...     curve="pregnolato2017", vehicle_class="car", profiles=("truck",),
        ...     impassable_m=0.3, quadratic=0.0009, linear=-0.5529, constant=86.9448,
        ... )  # fmt: skip
        >>> curve.speed_kph([0.0, 0.1, 0.2, 0.3]).round(4).tolist()
        [86.9448, 40.6548, 12.3648, 0.0]
        """
        depth = np.asarray(depth_m, dtype=np.float64)
        speed = np.full(depth.shape, np.inf)
        if self.constant is not None:
            mm = depth * MM_PER_M
            speed = np.maximum(
                (self.quadratic or 0.0) * mm**2 + (self.linear or 0.0) * mm + self.constant, 0.0
            )
        if self.impassable_m is not None:
            # depths come from files in whole mm or cm: 0.3 read as 0.29999999 is 0.3
            speed = np.where(depth >= self.impassable_m - DEPTH_TOLERANCE_M, 0.0, speed)
        return speed


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthSpeed:
    """Water of a measured depth: slows, stops, and carries boats; needs stretches of ``depth_m``.

    Overlapping: the lowest speed counts on each stretch, and stopped wins. Profiles that no curve
    names are not touched, and `Scenario.check` says so.
    """

    curves: tuple[DepthCurve, ...]

    def __post_init__(self) -> None:
        """Check that there is a curve.

        Raises
        ------
        ScenarioError
            If there is none.
        """
        if not self.curves:
            msg = "depth_curve: no curve is given; it would touch nobody"
            raise ScenarioError(msg)

    def curve_of(self, profile: str) -> DepthCurve | None:
        """Return the curve of a travel profile; None if there is none."""
        return next((curve for curve in self.curves if profile in curve.profiles), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Measured exposure to insecurity: risk, then slower, then closed; needs stretches of it.

    Parameters
    ----------
    risk_per_exposure
        Risk per km for each unit of exposure, >= 0; overlapping ones add up.
    slow_from, speed_factor
        From this exposure on speed is multiplied by the factor; None: never.
    close_from
        From this exposure on nobody passes; None: never.
    """

    risk_per_exposure: float = 1.0
    slow_from: float | None = None
    speed_factor: float = 0.5
    close_from: float | None = None

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ScenarioError
            If a value is out of its range.
        """
        _not_negative("risk_per_exposure", self.risk_per_exposure)
        for name, value in (("slow_from", self.slow_from), ("close_from", self.close_from)):
            if value is not None:
                _not_negative(name, value)
        SpeedFactor(self.speed_factor)


Effect = (
    Closure | SpeedFactor | ExtraWait | ExtraCost | RiskCost | CapacityFactor | Regime
    | Throughput | OpeningHours | DepthSpeed | Exposure
)  # fmt: skip

Quantity = Literal["depth_m", "exposure"]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, weakref_slot=True)
class Stretches:
    """Where along edges something was measured, and how much of it.

    Parameters
    ----------
    quantity
        ``depth_m``: depth of water; ``exposure``: to insecurity, a plain number.
    edge_ids
        Edge of each stretch; object array of str, shape (n,).
    start, end
        Stretch as shares of the line, 0 to 1, float64, shape (n,); start < end.
    value
        What was measured there (the maximum along the stretch), >= 0, float64, shape (n,).

    Raises
    ------
    ScenarioError
        If the shapes differ, or a value is out of its range.
    """

    quantity: Quantity
    edge_ids: npt.NDArray[Any]
    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    value: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check shapes and ranges, and put the rows in one order.

        Raises
        ------
        ScenarioError
            If the shapes differ, or a value is out of its range.
        """
        ids = np.asarray(self.edge_ids, dtype=object)
        numbers = [np.asarray(a, dtype=np.float64) for a in (self.start, self.end, self.value)]
        if any(array.shape != ids.shape or array.ndim != 1 for array in numbers):
            msg = "stretches: edge_ids, start, end and value must have one entry per stretch"
            raise ScenarioError(msg)
        start, end, value = numbers
        sound = np.isfinite(value) & (value >= 0) & (start >= 0) & (end <= 1) & (start < end)
        if not bool(sound.all()):
            msg = (
                "stretches: 0 <= start < end <= 1 and a finite value >= 0 must hold; wrong in "
                f"{int((~sound).sum())} rows, e.g. {labels(ids[~sound])}"
            )
            raise ScenarioError(msg)
        order = np.lexsort((end, start, ids.astype(str)))
        for name, array in zip(("edge_ids", "start", "end", "value"),
                               (ids, start, end, value), strict=True):  # fmt: skip
            kept = array[order]
            kept.flags.writeable = False
            object.__setattr__(self, name, kept)

    def __len__(self) -> int:
        """Return the number of stretches."""
        return len(self.edge_ids)


def _not_negative(name: str, value: float) -> None:
    """Check a value that adds up.

    Raises
    ------
    ScenarioError
        If it is negative or not finite.
    """
    if not 0 <= value < float("inf"):
        msg = f"{name} must be finite and >= 0, not {value:g}"
        raise ScenarioError(msg)


def _check_area(area: shapely.Geometry) -> None:
    """Check that an area is one: a line or a point would hit nothing, in silence.

    Raises
    ------
    ScenarioError
        If it is no polygon, empty, not valid, or not in longitude and latitude.
    """
    if not isinstance(area, shapely.Polygon | shapely.MultiPolygon):
        kind = getattr(area, "geom_type", type(area).__name__)
        msg = f"area must be a polygon or multipolygon, not a {kind}"
        raise ScenarioError(msg)
    if area.is_empty:
        msg = "area is empty"
        raise ScenarioError(msg)
    if not area.is_valid:
        msg = f"area is not valid ({shapely.is_valid_reason(area)}); repair it with make_valid"
        raise ScenarioError(msg)
    west, south, east, north = area.bounds
    if not (
        -LARGEST_LON <= west <= east <= LARGEST_LON
        and -LARGEST_LAT <= south <= north <= LARGEST_LAT
    ):
        msg = (
            "area must be in WGS 84 longitude and latitude, within 180 and 90 degrees; it spans "
            f"{west:g} to {east:g} and {south:g} to {north:g}: project it with .to_crs(4326)"
        )
        raise ScenarioError(msg)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, weakref_slot=True)
class Selection:
    """What is hit: every condition that is given must hold.

    Parameters
    ----------
    area
        Area, in WGS 84 longitude and latitude; an edge is hit where it runs through it, even if
        both its ends lie outside.
    stretches
        Measured stretches of edges; effects `DepthSpeed` and `Exposure` take their values.
    edge_ids, crossing_ids, refs, place_ids
        Edges by id, border crossings by id, roads by number, places: the edges that meet there.
    edge_kinds, surfaces, road_classes, countries, reaches, rainfall_classes
        Narrow the choice further.
    informal
        Only informal crossings.
    into
        Only on the way into this country (for borders).
    direction
        ``both``, ``forward`` or ``backward`` along the lines.
    """

    area: shapely.Geometry | None = None
    stretches: Stretches | None = None
    edge_ids: tuple[str, ...] = ()
    crossing_ids: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    place_ids: tuple[str, ...] = ()
    edge_kinds: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = ()
    road_classes: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    reaches: tuple[str, ...] = ()
    rainfall_classes: tuple[str, ...] = ()
    informal: bool = False
    into: str = ""
    direction: str = "both"

    def __post_init__(self) -> None:
        """Check that something is selected, and the words.

        Raises
        ------
        ScenarioError
            If nothing is selected, a text stands for a list, the area is none, or a direction or
            edge kind is unknown.
        """
        _refuse_texts(self)
        narrowing = (
            self.edge_ids, self.crossing_ids, self.refs, self.place_ids, self.edge_kinds,
            self.surfaces, self.road_classes, self.countries, self.reaches,
            self.rainfall_classes, self.informal,
        )  # fmt: skip
        if self.area is not None and self.stretches is not None:
            msg = "give an area or measured stretches, not both"
            raise ScenarioError(msg)
        if self.area is not None:
            _check_area(self.area)
            parts = shapely.get_parts(self.area)
            # one form for the same area, so that files give back what was written
            object.__setattr__(self, "area", parts[0] if len(parts) == 1 else self.area)
        elif self.stretches is None and not any(narrowing):
            msg = "nothing is selected: give areas, a circle, edges, refs, crossings or edge_kinds"
            raise ScenarioError(msg)
        if self.direction not in {"both", "forward", "backward"}:
            msg = f"direction must be both, forward or backward, not {self.direction!r}"
            raise ScenarioError(msg)
        unknown = [kind for kind in self.edge_kinds if kind not in EDGE_KINDS]
        if unknown:
            msg = f"unknown edge kind {unknown[0]!r}{suggest(unknown[0], EDGE_KINDS)}"
            raise ScenarioError(msg)


def _refuse_texts(traits: object) -> None:
    """Refuse a text where names belong: it would be taken apart letter by letter.

    Raises
    ------
    ScenarioError
        If there is one.
    """
    for item in fields(traits):  # type: ignore[arg-type] # any dataclass
        value = getattr(traits, item.name)
        if item.default == () and isinstance(value, str):
            msg = f"{item.name} must be names in a list, not the text {value!r}"
            raise ScenarioError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """For whom a disruption holds; nothing given: for everybody."""

    profiles: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    nationalities: tuple[str, ...] = ()
    exposure_classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the kinds of people.

        Raises
        ------
        ScenarioError
            If a kind is unknown, or a text stands for a list.
        """
        _refuse_texts(self)
        unknown = [kind for kind in self.kinds if kind not in PEOPLE_KINDS]
        if unknown:
            msg = f"unknown kind of people {unknown[0]!r}{suggest(unknown[0], PEOPLE_KINDS)}"
            raise ScenarioError(msg)

    def includes(self, profile: str, kind: str, nationality: str, exposure_class: str) -> bool:
        """Say whether a traveller is meant."""
        return all(
            not wanted or value in wanted
            for wanted, value in (
                (self.profiles, profile),
                (self.kinds, kind),
                (self.nationalities, nationality),
                (self.exposure_classes, exposure_class),
            )
        )


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, weakref_slot=True)
class Disruption:
    """One disruption: what x who x when x effect x probability x correlation group.

    Parameters
    ----------
    disruption_id
        Id, unique in a scenario.
    kind
        See `mobility_geo.schema.DISRUPTION_KINDS`.
    what, who
        What is hit, and for whom.
    start, end
        First and last day, both included; missing: always.
    months
        Season: months 1 to 12 in which it holds, of every year between start and end; empty: all.
    effects
        What happens.
    probability
        0 to 1; below 1 it is drawn in ensembles and counts as happening in a single run.
    group
        Disruptions of one group are drawn together.
    severity
        1 (low) to 4 (high), if graded.
    name, source, confidence
        Words for people.

    Raises
    ------
    ScenarioError
        If a value is out of its range.
    CalendarError
        If it ends before it starts.
    """

    disruption_id: str
    kind: str
    what: Selection
    effects: tuple[Effect, ...]
    who: Who = field(default_factory=Who)
    start: dt.date | None = None
    end: dt.date | None = None
    months: tuple[int, ...] = ()
    probability: float = 1.0
    group: str = ""
    severity: int | None = None
    name: str = ""
    source: str = ""
    confidence: str = "medium"

    def __post_init__(self) -> None:
        """Check kind, dates, probability and effects.

        Raises
        ------
        ScenarioError
            If a value is out of its range, or there is no effect.
        CalendarError
            If it ends before it starts.
        """
        where = f"disruption {self.disruption_id!r}"
        if self.kind not in DISRUPTION_KINDS:
            msg = f"{where}: unknown kind {self.kind!r}{suggest(self.kind, DISRUPTION_KINDS)}"
            raise ScenarioError(msg)
        for name, value in (("start", self.start), ("end", self.end)):
            if value is not None and type(value) is not dt.date:
                msg = f"{where}: {name} must be a date, not {value!r}"
                raise CalendarError(msg)
        if self.confidence not in CONFIDENCES:
            msg = (
                f"{where}: unknown confidence {self.confidence!r}"
                f"{suggest(self.confidence, CONFIDENCES)}"
            )
            raise ScenarioError(msg)
        if self.start and self.end and self.end < self.start:
            msg = f"{where}: ends on {self.end}, before it starts on {self.start}"
            raise CalendarError(msg)
        if any(type(m) is not int or not 1 <= m <= MONTHS for m in self.months):
            msg = f"{where}: months must be whole numbers 1 to 12, not {list(self.months)!r}"
            raise CalendarError(msg)
        object.__setattr__(self, "months", tuple(sorted(set(self.months))))
        if not 0 <= self.probability <= 1:
            msg = f"{where}: probability must be 0 to 1, not {self.probability:g}"
            raise ScenarioError(msg)
        if not self.effects:
            msg = f"{where}: has no effect"
            raise ScenarioError(msg)
        _check_effects(self)

    def active(self, when: dt.date) -> bool:
        """Say whether the disruption holds on a day."""
        begun = self.start is None or self.start <= when
        lasts = self.end is None or when <= self.end
        return begun and lasts and (not self.months or when.month in self.months)

    def effect_words(self) -> str:
        """Return what happens, in words."""
        return ", ".join(map(_effect_words, self.effects))


def _effect_words(effect: Effect) -> str:
    """Return what happens, in words."""
    match effect:
        case Closure():
            return "closed"
        case Regime(value=word):
            return word.replace("_", " ")
        case OpeningHours(opens_hour=opens, closes_hour=closes):
            return f"open {opens:g} to {closes:g} h"
        case DepthSpeed(curves=curves):
            names = dict.fromkeys(curve.curve for curve in curves)
            return f"speed by depth of water ({', '.join(names)})"
        case Exposure():
            return "risk by exposure to incidents"
    return f"{VALUE_WORDS[type(effect)][0]}{effect.value:g}{VALUE_WORDS[type(effect)][1]}"


VALUE_WORDS: Final[Mapping[type, tuple[str, str]]] = {
    SpeedFactor: ("speed x ", ""),
    ExtraWait: ("+", " min"),
    ExtraCost: ("+", " XOF/km"),
    RiskCost: ("risk ", " per km"),
    CapacityFactor: ("capacity x ", ""),
    Throughput: ("at most ", " people/day"),
}
"""Words before and after the number of an effect that has one."""


def _check_effects(disruption: Disruption) -> None:
    """Check that what is selected is what the effects can act on.

    Raises
    ------
    ScenarioError
        If an effect needs crossings, edges or measured stretches, and there are none.
    """
    where = f"disruption {disruption.disruption_id!r}"
    types = [type(effect) for effect in disruption.effects]
    twice = next((one.__name__ for one in types if types.count(one) > 1), None)
    if twice:
        msg = f"{where}: has {twice} more than once; give one, or make two disruptions"
        raise ScenarioError(msg)
    at_posts = {"crossing", "transfer", "ferry"}
    what = disruption.what
    counted = (
        what.edge_ids
        or what.crossing_ids
        or what.informal
        or (what.edge_kinds and set(what.edge_kinds) <= at_posts)
    )
    if any(isinstance(effect, ExtraWait) for effect in disruption.effects) and not counted:
        # a wait on every piece of a road would depend on how the road is cut into edges
        msg = (
            f"{where}: wait_min needs crossings, edges, or edge_kinds of "
            f"{', '.join(sorted(at_posts))}; use speed_factor on roads and rivers"
        )
        raise ScenarioError(msg)
    measured: dict[type, Quantity] = {DepthSpeed: "depth_m", Exposure: "exposure"}
    for effect in disruption.effects:
        wanted = measured.get(type(effect))
        if wanted and (what.stretches is None or what.stretches.quantity != wanted):
            msg = f"{where}: {type(effect).__name__} needs measured stretches of {wanted}"
            raise ScenarioError(msg)
    regimes = any(isinstance(effect, Regime | OpeningHours) for effect in disruption.effects)
    if regimes and not (
        disruption.what.crossing_ids or disruption.what.informal or disruption.what.countries
    ):
        msg = f"{where}: a regime or opening hours need crossings = [...]"
        raise ScenarioError(msg)


def insecurity(
    area: shapely.Geometry,
    effects: Iterable[Effect],
    *,
    disruption_id: str = "insecurity",
    start: dt.date | None = None,
    end: dt.date | None = None,
    source: str = "",
) -> Disruption:
    """Return an insecure area in which every edge is riskier, slower or closed.

    Parameters
    ----------
    area
        Polygon, WGS 84 longitude and latitude.
    effects
        For example ``[RiskCost(0.001), SpeedFactor(0.9)]``.
    disruption_id, start, end, source
        See `Disruption`.

    Returns
    -------
    Disruption
        Of kind ``insecurity``.

    Raises
    ------
    ScenarioError
        If there is no effect.

    Examples
    --------
    >>> insecurity(shapely.box(-4, 14, -3, 15), [Closure()]).effect_words()
    'closed'
    """
    return Disruption(
        disruption_id=disruption_id, kind="insecurity", what=Selection(area=area),
        effects=tuple(effects), start=start, end=end, source=source,
    )  # fmt: skip


def flood(
    area: shapely.Geometry,
    effects: Iterable[Effect] = (Closure(),),
    *,
    disruption_id: str = "flood",
    edge_kinds: tuple[str, ...] = ("road", "track", "walk"),
    surfaces: tuple[str, ...] = (),
    start: dt.date | None = None,
    end: dt.date | None = None,
    source: str = "",
) -> Disruption:
    """Return a flooded area; by default it closes ways on land and leaves boats alone.

    Parameters
    ----------
    area
        Polygon of the water, WGS 84 longitude and latitude.
    effects
        What happens to the ways in it.
    disruption_id, start, end, source
        See `Disruption`.
    edge_kinds, surfaces
        Which ways are hit; all surfaces if none is given.

    Returns
    -------
    Disruption
        Of kind ``flood``.

    Raises
    ------
    ScenarioError
        If there is no effect.

    Examples
    --------
    >>> flood(shapely.box(-5, 14, -4, 15)).what.edge_kinds
    ('road', 'track', 'walk')
    """
    return Disruption(
        disruption_id=disruption_id, kind="flood",
        what=Selection(area=area, edge_kinds=edge_kinds, surfaces=surfaces),
        effects=tuple(effects), start=start, end=end, source=source,
    )  # fmt: skip


def border_closure(
    crossing_ids: Iterable[str],
    *,
    regime: str = "closed",
    into: str = "",
    disruption_id: str = "border",
    start: dt.date | None = None,
    end: dt.date | None = None,
    source: str = "",
) -> Disruption:
    """Return a change of regime at border crossings.

    Parameters
    ----------
    crossing_ids
        Ids of crossings.
    regime
        One of `mobility_geo.schema.REGIMES`.
    into
        Only for people who enter this country; both ways if left out.
    disruption_id, start, end, source
        See `Disruption`.

    Returns
    -------
    Disruption
        Of kind ``border``.

    Raises
    ------
    ScenarioError
        If the regime is unknown, there is no crossing, or a text stands for the list.

    Examples
    --------
    >>> border_closure(["tinzawaten"], regime="refugees_only").effect_words()
    'refugees only'
    """
    names = crossing_ids if isinstance(crossing_ids, str) else tuple(crossing_ids)
    return Disruption(
        disruption_id=disruption_id, kind="border",
        what=Selection(crossing_ids=names, into=into),  # type: ignore[arg-type] # it refuses texts
        effects=(Regime(regime),), start=start, end=end, source=source,
    )  # fmt: skip

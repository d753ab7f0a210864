"""How each layer of the results looks in QGIS.

No meaning hangs on colour alone: states differ in shape, line or hatch as well. The colours of
statuses are those of Okabe and Ito, told apart with every common colour vision. No row stays
undrawn because a value is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import geopandas as gpd
import pandas as pd

from mobility_geo.export.qml import (
    Category,
    Class,
    Sizes,
    Style,
    Symbol,
    along,
    arrow,
    categorised,
    dots,
    fill,
    graduated,
    hatch,
    labels,
    line,
    literal,
    marker,
    quoted,
    scaled,
    symbol,
    temporal,
)

BLUE: Final = "#0072b2"
ORANGE: Final = "#d55e00"
PURPLE: Final = "#aa4499"
GREEN: Final = "#1b7837"
YELLOW: Final = "#e69f00"
SKY: Final = "#2b8cbe"
RED: Final = "#b2182b"
GREY: Final = "#8c8c8c"
DARK: Final = "#333333"
WHITE: Final = "#ffffff"
BROWN: Final = "#8c510a"
DASH: Final = "\N{EN DASH}"

SHARE_BREAKS: Final = (0.05, 0.25, 0.5, 0.75, 1.0)
SHARE_COLOURS: Final = ("#fef0d9", "#fdcc8a", "#fc8d59", "#e34a33", "#b30000")
AREA_COLOURS: Final = ("#cfe3f1", "#d9ead3", "#f6e3c5", "#e4d8ee", "#f7d9d9", "#d5eeea")

RULES: Final = {
    "least_time": "least time (nearest destination)",
    "logit": "logit (spread over destinations)",
    "given": "given (as counted)",
}
RULE_COLOURS: Final = {"least_time": "#5e3c99", "logit": SKY, "given": DARK}

REASONS: Final = {
    "disconnected": ("no way for anybody", "cross_fill", DARK),
    "border": ("a border is closed to them", "square", "#762a83"),
    "no_mode": ("they lack the means of travel", "pentagon", BROWN),
    "no_service": ("no transport runs", "hexagon", BROWN),
    "over_risk": ("the way is too dangerous", "triangle", ORANGE),
    "over_time": ("the way is too long", "circle", YELLOW),
    "over_money": ("the fare is too high", "star", SKY),
    "over_capacity": ("no free place", "diamond", GREEN),
}

HATCHES: Final = {
    "insecurity": ("Insecurity", RED, 45.0),
    "mine": ("Mines", RED, 0.0),
    "flood": ("Flood", SKY, 0.0),
    "border": ("Border", "#762a83", 90.0),
    "service": ("Transport", BROWN, 135.0),
    "road": ("Road", BROWN, 135.0),
    "season": ("Season", BROWN, 90.0),
}


def people_symbol(base: str, colour: str, size: str) -> Symbol:
    """Return the mark of a place with people: a disc for movers, an open square for residents.

    Parameters
    ----------
    base
        ``movers`` or ``residents``.
    colour
        Of the disc, or of the edge of the square.
    size
        Expression of its size, from `scaled`.

    Returns
    -------
    Symbol
        Both can be told apart where they lie on each other.

    Examples
    --------
    >>> people_symbol("movers", RED, "3").kind
    'marker'
    """
    if base == "movers":
        return symbol("marker", marker("circle", colour, outline_width=0.2, size_expression=size))
    return symbol(
        "marker",
        marker("square", "#ffffff", outline=colour, outline_width=0.6, size_expression=size),
    )


def _largest(frame: pd.DataFrame, column: str) -> float:
    number = pd.to_numeric(frame[column], errors="coerce").max() if len(frame) else 0.0
    return 0.0 if pd.isna(number) else float(number)


def round_steps(largest: float) -> tuple[int, ...]:
    """Return round numbers for a legend of sizes.

    Parameters
    ----------
    largest
        Largest number shown.

    Returns
    -------
    tuple of int
        At most three, each a fifth of the one before.

    Examples
    --------
    >>> round_steps(6194), round_steps(30), round_steps(0)
    ((5000, 1000, 200), (20, 4), ())
    """
    first = 0
    power = 1
    while power <= largest:
        first = max(step for step in (1, 2, 5) if step * power <= largest) * power
        power *= 10
    return tuple(first // part for part in (1, 5, 25) if first and first % part == 0)


def _people_text(column: str = "persons") -> str:
    best, low, high = (
        f"format_number({quoted(name)},0)" for name in (column, f"{column}_low", f"{column}_high")
    )
    spread = f"{quoted(f'{column}_low')}<{quoted(f'{column}_high')}"
    return f"{best} || if({spread}, '\\n' || {low} || '{DASH}' || {high}, '')"


def _size_legend(title: str, largest: float, smallest_mm: float, largest_mm: float) -> Sizes:
    examples = tuple(
        (smallest_mm + (largest_mm - smallest_mm) * (step / largest) ** 0.5, f"{step:,}")
        for step in round_steps(largest)
    )
    ring = symbol("marker", marker("circle", WHITE, alpha=0, outline="#555555"))
    return Sizes(title=title, examples=examples, symbol=ring)


# ------------------------------------------------------------------ points
def crossings(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of border crossings: open or not, to whom.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        By state on the date.

    Examples
    --------
    >>> "closed" in crossings(gpd.GeoDataFrame()).qml()
    True
    """
    _ = frame
    cross = marker("cross2", WHITE, size=2.0, outline=WHITE, outline_width=0.6)
    looks = [
        ("open", "open", [marker("circle", WHITE, size=3, outline=GREEN, outline_width=0.8)]),
        ("slower", "open, the way there is slower",
         [marker("circle", "#fff2cc", size=3, outline=YELLOW, outline_width=0.8),
          marker("circle", YELLOW, size=1.0, outline=YELLOW, outline_width=0.1)]),
        ("riskier", "open, the way there is riskier",
         [marker("pentagon", "#fff2cc", size=3.4, outline=ORANGE, outline_width=0.8)]),
        ("partly_closed", "closed to some",
         [marker("diamond", YELLOW, size=4.4, outline=DARK, outline_width=0.4)]),
        ("out_of_season", "out of season",
         [marker("triangle", WHITE, size=3.6, outline=BROWN, outline_width=0.6)]),
        ("closed", "closed",
         [marker("square", RED, size=3.8, outline=DARK, outline_width=0.3), cross]),
    ]  # fmt: skip
    categories = [
        Category(value=value, label=label, symbol=symbol("marker", *layers))
        for value, label, layers in looks
    ]
    rest = symbol("marker", marker("circle", GREY, size=2.2, outline=DARK, outline_width=0.3))
    categories.append(Category(value=None, label="no way over it for these travellers",
                               symbol=rest))  # fmt: skip
    return Style(
        renderer=categorised("state", categories),
        labels=labels(
            "\"name\" || if(\"official\",'',' (informal)') || "
            "if(coalesce(\"state\",'')='closed',': closed','')",
            placement="point", size=7, colour="#5b2a6e", italic=True, priority=7,
            show='"flow_persons">0 or "held_persons">0 or @map_scale<3000000'
        ),
        title='"name"',
        map_tip=(
            '<b>[% "name" %]</b><br>[% "state" %]; normal regime: [% "regime" %]<br>'
            "[% coalesce(\"flows_into\",'nobody passes') %]<br>"
            'held here: [% format_number(coalesce("held_persons",0),0) %]'
        ),
    )  # fmt: skip


def waystations(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of way stations; those assumed for the case are hollow.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        By kind.

    Examples
    --------
    >>> "assumed" in waystations(gpd.GeoDataFrame()).qml()
    True
    """
    _ = frame
    shapes = {
        "camp": ("Camp", "triangle", 4.4), "transit_centre": ("Transit centre", "pentagon", 4.2),
        "fixed": ("Way station", "square", 3.6),
        "mobile": ("Mobile way station", "diamond", 4.6),
    }  # fmt: skip
    categories = []
    for kind, (label, shape, size) in shapes.items():
        solid = marker(shape, GREEN, size=size, outline=WHITE, outline_width=0.4)
        hollow = marker(shape, WHITE, size=size, outline=GREEN, outline_width=0.8)
        categories += [
            Category(value=kind, label=label, symbol=symbol("marker", solid)),
            Category(value=f"{kind}?", label=f"{label}, assumed for the case",
                     symbol=symbol("marker", hollow)),
        ]  # fmt: skip
    other = marker("circle", GREEN, size=3.4)
    categories.append(Category(value=None, label="other", symbol=symbol("marker", other)))
    return Style(
        renderer=categorised("map_class", categories),
        labels=labels(
            '"name"', placement="point", size=7, colour=GREEN, priority=5,
            show="@map_scale<8000000",
        ),
        temporal=temporal("open_from", "open_until"),
        title='"name"',
        map_tip=(
            '<b>[% "name" %]</b><br>in reach of [% format_number("movers_in_reach_persons",0) '
            '%] people on the move, from [% "places_in_reach" %] places<br>nearest for '
            '[% "nearest_of_places" %] places'
        ),
    )  # fmt: skip


def places(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of places: what is true of the people there.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        By situation; size by people on the move.

    Examples
    --------
    >>> "everybody can reach" in places(gpd.GeoDataFrame({"movers_persons": [1]})).qml()
    True
    """
    largest = _largest(frame, "movers_persons")
    size = f"if(\"situation\"='nobody',1.3,{scaled('movers_persons', largest, 2.2, 7.0)})"
    looks = [
        ("all reach", "everybody can reach a destination", "circle", BLUE, WHITE),
        ("some cannot", "some cannot", "diamond", YELLOW, DARK),
        ("nobody reaches", "nobody can", "triangle", ORANGE, WHITE),
        ("unknown", "not known of some or all", "square", GREY, WHITE),
        ("residents reach", "residents only, not cut off", "circle", "#dbe9f4", BLUE),
        ("residents cut off", "residents only, some or all cut off", "triangle", "#fbe3d3",
         ORANGE),
        ("destination", "destination", "pentagon", WHITE, BLUE),
    ]  # fmt: skip
    categories = [
        Category(
            value=value, label=label,
            symbol=symbol(
                "marker", marker(shape, colour, outline=edge, outline_width=0.35,
                                 size_expression=size),
            ),
        )
        for value, label, shape, colour, edge in looks
    ]  # fmt: skip
    dot = marker("circle", WHITE, outline="#777777", outline_width=0.3, size_expression=size)
    categories.append(
        Category(value=None, label="nobody asked about", symbol=symbol("marker", dot))
    )
    return Style(
        renderer=categorised(
            "situation", categories, order_by='-coalesce("movers_persons",0)',
            sizes=_size_legend("People on the move", largest, 2.2, 7.0) if largest else None,
        ),
        labels=labels(
            '"name"', placement="point", size=8,
            # names of places with many people before those with few
            priority='min(10,3+1.6*log10(1+"movers_persons"+"arrivals_persons"))',
            show="\"situation\"<>'nobody' or @map_scale<3000000",
        ),
        title='"name"',
        map_tip=(
            '<b>[% "name" %]</b><br>on the move: [% format_number("movers_persons",0) %]; '
            'can reach [% format_number("can_reach_persons",0) %], stranded '
            '[% format_number("stranded_persons",0) %], isolated '
            '[% format_number("isolated_persons",0) %], unknown '
            '[% format_number("unknown_persons",0) %]<br>residents: '
            '[% format_number("residents_persons",0) %]; cut off '
            '[% format_number("cut_off_persons",0) %]'
        ),
    )  # fmt: skip


def stranded(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of stranded people where they are now: size by people, shape by reason.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        By main reason.

    Examples
    --------
    >>> "too dangerous" in stranded(gpd.GeoDataFrame({"persons": [1]})).qml()
    True
    """
    largest = _largest(frame, "persons")
    # larger than the mark of the place, which is drawn on top
    size = scaled("persons", largest, 4.2, 11.0)

    def one(shape: str, colour: str) -> Symbol:
        mark = marker(
            shape, colour, outline=colour, outline_width=0.5, alpha=0.4, size_expression=size
        )
        return symbol("marker", mark)

    categories = [
        Category(value=reason, label=label, symbol=one(shape, colour))
        for reason, (label, shape, colour) in REASONS.items()
    ]
    categories.append(Category(value=None, label="reason not known", symbol=one("circle", GREY)))
    present = set(frame["main_reason"].dropna()) if "main_reason" in frame else set(REASONS)
    return Style(
        renderer=categorised(
            "main_reason",
            # reasons that nobody has would only lengthen the legend
            [one for one in categories if one.value is None or one.value in present],
            order_by='-"persons"',
            sizes=_size_legend("People stranded", largest, 4.2, 11.0)
            if largest
            else None,
        ),
        labels=labels(
            _people_text(), placement="point", size=7, colour=ORANGE, bold=True, priority=7,
            show=f'"persons">={largest * 0.02:g} or @map_scale<4000000',
        ),
        title='"place_name"',
        map_tip=(
            '<b>[% "place_name" %]</b>: [% format_number("persons",0) %] stranded '
            '([% format_number("persons_low",0) %] to [% format_number("persons_high",0) %])'
            '<br>reasons: [% "reasons" %]<br>freed by lifting: '
            "[% coalesce(\"causes\",'nothing alone or together') %]"
            "<br>held at: [% coalesce(\"held_names\",'where they are') %]"
        ),
    )  # fmt: skip


def stranded_held_at(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of people held up on their way: rings, so that both ends can be seen.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        By kind of place.

    Examples
    --------
    >>> "held at a border crossing" in stranded_held_at(gpd.GeoDataFrame({"persons": [1]})).qml()
    True
    """
    largest = _largest(frame, "persons")
    size = scaled("persons", largest, 4.0, 13.0)
    looks = [
        ("crossing", "held at a border crossing", "square", RED),
        ("settlement", "held in a settlement", "circle", RED),
        ("station", "held at a station", "pentagon", RED),
        ("dispersed", "dispersed: desert, bush, or where they are", "diamond", RED),
        (None, "not known", "circle", GREY),
    ]
    categories = [
        Category(
            value=value, label=label,
            symbol=symbol(
                "marker", marker(shape, colour, alpha=0.12, outline=colour, outline_width=0.9,
                                 size_expression=size),
            ),
        )
        for value, label, shape, colour in looks
    ]  # fmt: skip
    return Style(
        renderer=categorised(
            "held_kind", categories, order_by='-"persons"',
            sizes=_size_legend("People held", largest, 4.0, 13.0)
            if largest
            else None,
        ),
        labels=labels(
            "'held: ' || " + _people_text(), placement="point", size=8, colour=RED, bold=True,
            priority=10, always=True,
        ),
        title='"held_name"',
        map_tip=(
            '<b>[% "held_name" %]</b>: [% format_number("persons",0) %] held '
            '([% format_number("persons_low",0) %] to [% format_number("persons_high",0) %])'
            '<br>from: [% "origins" %]'
        ),
    )  # fmt: skip


def nodes(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of nodes: small, and only from near by.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        By kind.

    Examples
    --------
    >>> "River port" in nodes(gpd.GeoDataFrame()).qml()
    True
    """
    _ = frame
    looks = [
        ("settlement", "Settlement", "circle", "#555555", 1.2),
        ("port", "River port", "triangle", SKY, 1.8),
        ("crossing", "Border post", "square", "#762a83", 1.4),
        ("junction", "Junction", "cross2", "#777777", 1.2),
        (None, "other", "circle", "#777777", 1.0),
    ]
    categories = [
        Category(
            value=value, label=label,
            symbol=symbol(
                "marker",
                marker(shape, colour, size=size, outline=colour, outline_width=0.15),
            ),
        )
        for value, label, shape, colour, size in looks
    ]  # fmt: skip
    return Style(
        renderer=categorised("kind", categories), title='coalesce("name","node_id")',
        smallest_scale=3_000_000,
    )  # fmt: skip


# ------------------------------------------------------------------ lines
def reachable(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of ways to way stations: the nearest one of each place.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        Further stations are in the legend, unticked.

    Examples
    --------
    >>> "within 24 h" in reachable(gpd.GeoDataFrame()).qml()
    True
    """
    _ = frame
    bands = [
        ("24", "nearest station, within 24 h", line(GREEN, width=0.7)),
        ("72", "nearest station, within 3 days", line(GREEN, width=0.5, dash=(2.4, 1.2))),
        ("168", "nearest station, within 7 days", line(GREEN, width=0.4, dash=(1.0, 1.2))),
        ("more", "nearest station, longer", line(GREEN, width=0.35, dash=(0.4, 1.4))),
    ]
    categories = [
        Category(value=value, label=label, symbol=symbol("line", layer))
        for value, label, layer in bands
    ]
    further = symbol("line", line("#7a9e82", width=0.15, alpha=0.7))
    categories.append(Category(value=None, label="further stations", symbol=further, shown=False))
    return Style(
        renderer=categorised("map_class", categories),
        title="\"place_name\" || ' to ' || \"waystation_name\"",
        map_tip=(
            '[% "place_name" %] to <b>[% "waystation_name" %]</b>: '
            '[% format_number("time_min"/60,1) %] h by [% "profile" %]'
        ),
    )  # fmt: skip


def _by_rule(frame: pd.DataFrame, layer_of_rule: Sequence[tuple[str, Symbol]]) -> list[Category]:
    present = list(dict.fromkeys(frame["rule"])) if len(frame) else ["least_time"]
    ordered = [rule for rule in RULES if rule in present]
    looks = dict(layer_of_rule)
    categories = [
        Category(
            value=rule, label=f"{RULES[rule]}; wider: more people", symbol=looks[rule],
            shown=rule == ordered[0],
        )
        for rule in ordered
    ]  # fmt: skip
    rest = Category(value=None, label="other rule", symbol=looks["given"], shown=False)
    return [*categories, rest]


def od_flows(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of flows from origin to destination: arrows, as wide as the flow.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        By rule of choice; only the first rule is ticked.

    Examples
    --------
    >>> frame = gpd.GeoDataFrame({"rule": ["least_time"], "flow_persons": [5]})
    >>> "ArrowLine" in od_flows(frame).qml()
    True
    """
    largest = _largest(frame, "flow_persons")
    width = scaled("flow_persons", largest, 0.15, 2.6)
    looks = [
        (rule, symbol("line", arrow(colour, width_expression=width), alpha=0.8))
        for rule, colour in RULE_COLOURS.items()
    ]
    return Style(
        renderer=categorised("rule", _by_rule(frame, looks), order_by='-"flow_persons"'),
        labels=labels(
            'format_number("flow_persons",0)', placement="line", size=7, colour="#3f2a6b",
            bold=True, priority=5,
            show=f'"flow_persons">={max(largest * 0.05, 1):g} and "rule"='
            + literal(_first_rule(frame)),
        ),
        title="\"origin_name\" || ' to ' || \"destination_name\"",
        map_tip=(
            '<b>[% "origin_name" %] to [% "destination_name" %]</b>: '
            '[% format_number("flow_persons",0) %] people, '
            '[% format_number("time_min"/60,0) %] h<br>crossings: '
            "[% coalesce(\"crossing_ids\",'none') %]"
        ),
    )  # fmt: skip


def _first_rule(frame: pd.DataFrame) -> str:
    present = set(frame["rule"]) if len(frame) else set()
    return next((rule for rule in RULES if rule in present), "least_time")


def edge_flows(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of people per edge: lines as wide as the flow.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        By rule of choice; only the first rule is ticked.

    Examples
    --------
    >>> frame = gpd.GeoDataFrame({"rule": ["logit"], "flow_persons": [5]})
    >>> "outlineWidth" in edge_flows(frame).qml()
    True
    """
    largest = _largest(frame, "flow_persons")
    width = scaled("flow_persons", largest, 0.3, 4.0)
    rim = scaled("flow_persons", largest, 0.7, 4.5)
    looks = [
        (
            rule,
            symbol(
                "line", line(WHITE, width_expression=rim, alpha=0.7),
                line(colour, width_expression=width), alpha=0.85,
            ),
        )
        for rule, colour in (("least_time", "#1f6bae"), ("logit", "#7b9f35"), ("given", DARK))
    ]  # fmt: skip
    return Style(
        renderer=categorised("rule", _by_rule(frame, looks), order_by='"flow_persons"'),
        labels=labels(
            'format_number("flow_persons",0)', placement="line", size=7, colour="#123f66",
            priority=4,
            show=f'"flow_persons">={max(largest * 0.08, 1):g} and "rule"='
            + literal(_first_rule(frame)),
        ),
        title='coalesce("name","ref","edge_id")',
        map_tip=(
            '[% coalesce("name","ref","edge_id") %]: '
            '<b>[% format_number("flow_persons",0) %]</b> people'
        ),
    )  # fmt: skip


def edges(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of the network: width by class, line by state on the date.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        By state; open edges by kind.

    Examples
    --------
    >>> "out of season" in edges(gpd.GeoDataFrame()).qml()
    True
    """
    _ = frame
    width = (
        "CASE WHEN \"road_class\"='primary' THEN 0.7 WHEN \"road_class\"='secondary' THEN 0.5 "
        "ELSE 0.35 END"
    )
    wide = f"0.5+({width})"
    bars = marker("line", RED, size=1.8, outline=RED, outline_width=0.5)
    crosses = marker("cross2", RED, size=1.8, outline=RED, outline_width=0.5)
    looks: list[tuple[str | None, str, Symbol]] = [
        ("open road", "Road, open", symbol("line", line("#6b6459", width_expression=width))),
        ("open track", "Track, open", symbol("line", line("#9b8f7a", width=0.4, dash=(1.6, 0.9)))),
        ("open river", "River or ferry, open",
         symbol("line", line("#6fa8c9", width=1.0), line("#e3f1f8", width=0.3))),
        ("open other", "Border crossing, landing or other, open",
         symbol("line", line("#6b6459", width=0.4, dash=(0.5, 0.7)))),
        ("slower", "slower", symbol(
            "line", line("#eba94a", width=1.2, width_expression=wide), line("#6b6459", width=0.3))),
        ("riskier", "riskier", symbol(
            "line", line("#e8743b", width=1.2, width_expression=wide),
            line("#6b6459", width=0.4, dash=(2.2, 1.2)))),
        ("partly_closed", "closed to some", symbol(
            "line", line(ORANGE, width=0.5, dash=(3, 1.2)), along(bars, interval=6))),
        ("closed", "closed", symbol(
            "line", line(RED, width=0.5), along(crosses, interval=4))),
        ("out_of_season", "out of season", symbol(
            "line", line(BROWN, width=0.45, dash=(0.6, 1.1)))),
        ("not_passable", "not for these travellers", symbol(
            "line", line("#bbbbbb", width=0.3, dash=(0.4, 0.8)))),
        (None, "other", symbol("line", line("#999999", width=0.3))),
    ]  # fmt: skip
    categories = [Category(value=value, label=label, symbol=look) for value, label, look in looks]
    return Style(
        renderer=categorised("map_class", categories),
        labels=labels(
            'coalesce("ref","name")', placement="line", size=6.5, colour="#5a5348", priority=1,
            show='"ref" is not null and @map_scale<6000000',
        ),
        title='coalesce("ref","name","edge_id")',
        map_tip=(
            '<b>[% coalesce("name","ref","edge_id") %]</b><br>[% "kind" %], '
            '[% "road_class" %], [% "surface" %]; '
            '[% format_number("length_m"/1000,0) %] km<br>'
            "[% coalesce(\"state\",'open') %] [% coalesce(\"disruption_ids\",'') %]"
        ),
    )  # fmt: skip


# ------------------------------------------------------------------ areas
def disruptions(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of disruptions: hatched, closer where they are more severe.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        By kind; what is not in force on the date is in the legend, unticked, and appears when
        the map is set to another time.

    Examples
    --------
    >>> "Insecurity" in disruptions(gpd.GeoDataFrame({"kind": ["insecurity"]})).qml()
    True
    """
    distance = 'coalesce(5.2-"severity",2.6)'
    present = list(dict.fromkeys(frame["kind"])) if len(frame) else list(HATCHES)
    categories = [
        Category(
            value=kind, label=label,
            symbol=symbol(
                "fill", fill(colour, alpha=0.06, outline=colour, outline_width=0.35),
                hatch(colour, angle=angle, width=0.22, distance_expression=distance),
            ),
        )
        for kind, (label, colour, angle) in HATCHES.items()
        if kind in present
    ]  # fmt: skip
    other = fill(None, outline="#999999", outline_width=0.2, outline_style="dot")
    categories.append(
        Category(value=None, label="not in force on the date", symbol=symbol("fill", other),
                 shown=False)
    )  # fmt: skip
    now = 'if("active" or @map_start_time is not null,"kind",\'another date\')'
    return Style(
        renderer=categorised(now, categories, order_by='coalesce("severity",0)'),
        labels=labels(
            '"name"', placement="polygon", size=7, colour="#7a1220", italic=True, priority=2,
            show='("active" or @map_start_time is not null) and @map_scale<8000000',
        ),
        temporal=temporal("start", "end"),
        title='"name"',
        map_tip=(
            '<b>[% "name" %]</b><br>[% "kind" %]: [% "effect" %]<br>'
            "[% coalesce(format_date(\"start\",'yyyy-MM-dd'),'…') %] to "
            "[% coalesce(format_date(\"end\",'yyyy-MM-dd'),'…') %]<br>freed by lifting it alone: "
            '[% format_number("persons_freed",0) %]'
        ),
    )  # fmt: skip


def catchments(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of catchments: neighbours in other colours, none in reach hatched.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        The station stands in the label.

    Examples
    --------
    >>> "no way station can be reached" in catchments(gpd.GeoDataFrame()).qml()
    True
    """
    _ = frame
    cases = " ".join(
        f'WHEN "map_colour"={at} THEN {literal(colour)}'
        for at, colour in enumerate(AREA_COLOURS, start=1)
    )
    area = fill(
        AREA_COLOURS[0], alpha=0.8, outline="#6f8f76", outline_width=0.4, outline_style="dash",
        colour_expression=f"CASE {cases} ELSE {literal(AREA_COLOURS[0])} END",
    )  # fmt: skip
    none = symbol(
        "fill", fill("#efefef", alpha=0.8, outline=DARK, outline_width=0.3),
        hatch("#7f7f7f", angle=135, distance=2.4, width=0.2),
    )  # fmt: skip
    return Style(
        renderer=categorised(
            "map_class",
            [
                Category(value="some", label="nearest way station: see the name",
                         symbol=symbol("fill", area)),
                Category(value="none", label="no way station can be reached", symbol=none),
                Category(value=None, label="other", symbol=none),
            ],
        ),
        labels=labels(
            "coalesce(\"waystation_name\",'no way station in reach')", placement="polygon",
            size=7.5, colour="#2d5a3a", italic=True, priority=3,
            show='"waystation_id" is null or @map_scale<3000000',
        ),
        title="coalesce(\"waystation_name\",'none in reach')",
        opacity=0.85,
    )  # fmt: skip


def status_by_zone(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of zones by the share of movers who cannot reach a destination.

    Parameters
    ----------
    frame
        The layer.

    Returns
    -------
    Style
        In classes; zones where nobody is on the move have a class of their own.

    Examples
    --------
    >>> "nobody on the move" in status_by_zone(gpd.GeoDataFrame()).qml()
    True
    """
    _ = frame

    def one(colour: str) -> Symbol:
        return symbol("fill", fill(colour, alpha=0.85, outline="#8a8378", outline_width=0.25))

    classes = [
        Class(
            lower=-1, upper=-1, label="nobody on the move here",
            symbol=symbol(
                "fill", fill("#ffffff", alpha=0.6, outline="#c9c4ba", outline_width=0.2),
                dots(marker("circle", "#c9c4ba", size=0.5, outline="#c9c4ba"), distance=4),
            ),
        ),
        Class(lower=0, upper=0, label="everybody can reach, or it is not known",
              symbol=one("#e5f0f7")),
    ]  # fmt: skip
    lower = 0.0
    for upper, colour in zip(SHARE_BREAKS, SHARE_COLOURS, strict=True):
        label = f"{'over ' if lower else 'up to '}{(lower or upper):.0%}"
        if lower:
            label += f" to {upper:.0%}"
        classes.append(
            Class(lower=lower, upper=upper, label=f"{label} cannot reach", symbol=one(colour))
        )
        lower = upper
    return Style(
        renderer=graduated('coalesce("cannot_reach_share",-1)', classes),
        labels=labels(
            "\"name\" || '\\n' || format_number(100*\"cannot_reach_share\",0) || ' %'",
            placement="polygon", size=9, bold=True, priority=8,
            show='"movers_persons">0',
        ),
        title='"name"',
        map_tip=(
            '<b>[% "name" %]</b> [% "pcode" %]<br>on the move: '
            '[% format_number("movers_persons",0) %]; cannot reach '
            '[% format_number("cannot_reach_persons",0) %] '
            '([% format_number("cannot_reach_persons_low",0) %] to '
            '[% format_number("cannot_reach_persons_high",0) %])<br>residents cut off: '
            '[% format_number("cut_off_persons",0) %]'
        ),
    )  # fmt: skip


def zones(frame: gpd.GeoDataFrame) -> Style:
    """Return the look of administrative units: a quiet background.

    Parameters
    ----------
    frame
        The layer; ``asked`` says of a zone whether its country holds people of the question.

    Returns
    -------
    Style
        Land with thin borders; other countries in grey.

    Examples
    --------
    >>> "neighbouring countries" in zones(gpd.GeoDataFrame()).qml()
    True
    """
    _ = frame
    land = fill("#fdfbf5", outline="#a39c8d", outline_width=0.3)
    around = fill("#eeefef", outline="#c3c3c0", outline_width=0.2)
    return Style(
        renderer=categorised(
            "asked",
            [
                Category(value=True, label="countries where the people are",
                         symbol=symbol("fill", land)),
                Category(value=False, label="neighbouring countries",
                         symbol=symbol("fill", around)),
                Category(value=None, label="other", symbol=symbol("fill", around)),
            ],
        ),
        labels=labels(
            '"name"', placement="polygon", size=8, colour="#8d8678", italic=True, priority=1,
            show='@map_scale<if("asked",12000000,4000000)',
        ),
        title='"name"',
    )  # fmt: skip


def with_aliases(style: Style, aliases: Mapping[str, str]) -> str:
    """Return a style as QML, with the names of columns in plain words.

    Parameters
    ----------
    style
        The style.
    aliases
        Plain names by column.

    Returns
    -------
    str
        QML.

    Examples
    --------
    >>> 'name="P-code"' in with_aliases(Style(), {"pcode": "P-code"})
    True
    """
    return replace(style, aliases=aliases).qml()

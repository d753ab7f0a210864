"""Interactive maps of a network and of results; each works without any connection."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from mobility_geo.errors import InputError
from mobility_geo.outcomes import summaries
from mobility_geo.outcomes.disclosure import refuse_public
from mobility_geo.plot import palette, words
from mobility_geo.plot.scale import positions
from mobility_geo.plot.web import Feature, LegendBox, Map, MapLayer, Name, Style, degrees
from mobility_geo.schema import records, split_list
from mobility_geo.units import KM_M

if TYPE_CHECKING:
    from mobility_geo.network import Network
    from mobility_geo.outcomes.results import Results

_ZONE_TOLERANCE_M: Final = 1200.0
_LINE_TOLERANCE_M: Final = 60.0
_LARGEST_PX: Final = 24.0
_SMALLEST_PX: Final = 3.5

_WAYS: Final[dict[str, Style]] = {
    "paved": {"line": "#5b5248", "width": 2.2, "text": "Road, paved"},
    "gravel": {"line": "#a67c52", "width": 1.9, "text": "Road, gravel"},
    "earth": {"line": "#b98a45", "width": 1.6, "dash": "7 3", "text": "Road, earth or other"},
    "track": {"line": "#b98a45", "width": 1.3, "dash": "3 3", "text": "Track or footpath"},
    "river": {"line": "#2b8cbe", "width": 2.4, "dash": "9 3 2 3", "text": "River leg or ferry"},
    "transfer": {"line": "#2b8cbe", "width": 1.0, "dash": "2 3", "text": "Boarding or landing"},
    "crossing": {"line": "#4a2c6f", "width": 2.2, "text": "Across a border"},
}
_STATES: Final[dict[str, Style]] = {
    "closed": {"line": palette.CLOSED_COLOUR, "width": 3.2, "text": "Closed"},
    "partly_closed": {
        "line": palette.CLOSED_COLOUR, "width": 2.8, "dash": "6 4", "text": "Closed to some",
    },
    "out_of_season": {
        "line": "#3c7fa6", "width": 2.6, "dash": "1 5", "text": "Out of season",
    },
    "riskier": {"line": "#e08214", "width": 2.2, "dash": "1 4", "text": "Riskier"},
    "slower": {"line": "#8c6d31", "width": 2.2, "dash": "1 4", "text": "Slower"},
}  # fmt: skip
_STATION: Final[dict[str, Style]] = {
    "camp": {"shape": "square", "radius": 5.5, "fill": palette.STATION_COLOUR, "line": "#ffffff"},
    "transit_centre": {"shape": "diamond", "radius": 6.5, "fill": palette.STATION_COLOUR,
                       "line": "#ffffff"},
    "fixed": {"shape": "circle", "radius": 5.5, "fill": "#ffffff", "line": palette.STATION_COLOUR,
              "width": 2.5},
    "mobile": {"shape": "circle", "radius": 5.5, "fill": "#ffffff", "line": palette.STATION_COLOUR,
               "width": 2.5, "dash": "3 2"},
}  # fmt: skip


def explore_network(network: "Network") -> Map:
    """Show a network on an interactive map: ways, places, crossings, and how places attach.

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    Map
        Shown by Jupyter; ``.save(path)`` writes it as one page.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> explore_network(load_toy().network).title
    "Network 'toy'"
    """
    layers = [
        _base_layer(network),
        _border_layer(network),
        *_water_layer(network),
        _way_layer(network, states=None),
        _access_layer(network),
        _crossing_layer(network, None),
        _place_layer(network),
    ]
    return Map(
        title=f"Network {network.name!r}",
        subtitle=f"{words.whole(len(network.edges))} edges, "
        f"{words.whole(len(network.places))} places, "
        f"{words.whole(len(network.crossings))} border crossings",
        layers=layers,
        bounds=_bounds(network.edges, network.places),
        names=[*_place_names(network), *_country_names(network)],
        legend=[_way_legend(network), _LEGEND_PLACES],
        internal=False,
    )


def explore_status(results: "Results", *, element: str = "movers") -> Map:
    """Show on an interactive map who is stranded and why: people, closures, stations, held up.

    Parameters
    ----------
    results
        Results of a scenario.
    element
        Which people are switched on first: ``"movers"``, ``"residents"`` or ``"held_at"``.

    Returns
    -------
    Map
        Shown by Jupyter; ``.save(path)`` writes it as one page.

    Raises
    ------
    InputError
        If the case is for the public, as the map shows places and where people are held; or if
        `element` is not one of the three.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import solve_case
    >>> explore_status(solve_case(load_toy())).internal
    True
    """
    refuse_public(results.case, "A map by place")
    if element not in {"movers", "residents", "held_at"}:
        msg = f"element must be 'movers', 'residents' or 'held_at', not {element!r}"
        raise InputError(msg)
    network = results.case.network
    places = summaries.status_by_place(results)
    held = summaries.held_at(results)
    people = [
        _pie_layer(places, "residents", shown=element == "residents"),
        _pie_layer(places, "movers", shown=element == "movers"),
        _held_layer(held, shown=element == "held_at"),
    ]
    layers = [
        _share_layer(results, "residents" if element == "residents" else "movers"),
        _border_layer(network),
        *_water_layer(network),
        _disruption_layer(results),
        _way_layer(network, states=results),
        _state_layer(results),
        _crossing_layer(network, results),
        _station_layer(results),
        *[layer for layer in people if layer.features],
    ]
    base: summaries.Base = "residents" if element == "residents" else "movers"
    asked = places[places[f"{base}_persons"] > 0]
    named = (
        held[held.geometry.notna()].assign(name=held["held_name"], people=held["persons"])
        if element == "held_at"
        else asked.assign(people=asked[f"{base}_persons"])
    )
    largest = float(named["people"].max()) if len(named) else 1.0
    named = named.assign(
        # names begin at the rim of the circle, which reaches out from 8 px less
        offset_px=[max(_radius(people, largest) - 5, 0.0) for people in named["people"]]
    )
    return Map(
        title={
            "movers": "Who can reach a destination, and who is stranded",
            "residents": "Residents who would be cut off",
            "held_at": "Where stranded people are held up on their way",
        }[element],
        subtitle=f"{results.case.title or results.case.name}. {words.day(results.when)}",
        layers=layers,
        bounds=_bounds(asked, network.places),
        names=[
            *_names(named, "people", "strong"),
            *_place_names(network, without=set(named["name"])),
            *_country_names(network),
        ],
        legend=[_people_legend(element, largest), *_closure_legend(results, base)],
        notes=_notes(results),
    )


def explore_flows(results: "Results", *, rule: summaries.Rule = "least_time") -> Map:
    """Show on an interactive map how many people pass each way and crossing.

    Parameters
    ----------
    results
        Results of a scenario.
    rule
        Rule by which destinations are chosen.

    Returns
    -------
    Map
        Shown by Jupyter; ``.save(path)`` writes it as one page.

    Raises
    ------
    InputError
        If the case is for the public, as the map names crossings with people.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> from mobility_geo.outcomes import solve_case
    >>> explore_flows(solve_case(load_toy())).internal
    True
    """
    refuse_public(results.case, "A map of flows")
    network = results.case.network
    edges = summaries.flows_by_edge(results, rule=rule)
    flows, legend = _flow_layer(edges)
    arrivals = _arrival_layer(results, rule)
    layers = [
        _base_layer(network),
        _border_layer(network),
        *_water_layer(network),
        _way_layer(network, states=results),
        _state_layer(results, shown=False),
        flows,
        _passed_layer(results, rule),
        _station_layer(results, shown=False),
        arrivals,
    ]
    return Map(
        title="People per road, river leg and crossing",
        subtitle=f"{results.case.title or results.case.name}. {words.day(results.when)}. "
        f"Rule of choice: {words.label('rule', rule)}",
        layers=layers,
        bounds=_bounds(edges, network.places),
        names=[*_place_names(network), *_country_names(network)],
        legend=[
            LegendBox(heading="People who pass, both directions", entries=legend),
            LegendBox(
                heading="Points",
                entries=[
                    {**_ARRIVAL, "radius": 6, "text": "People who arrive (area by number)"},
                    {**_PASSED, "text": "Border crossing that people pass"},
                ],
            ),
        ],
        notes=_notes(results),
    )


_ARRIVAL: Final[Style] = {"shape": "circle", "fill": palette.STATION_COLOUR, "line": "#ffffff",
                          "width": 1.2, "opacity": 0.9}  # fmt: skip
_PASSED: Final[Style] = {"shape": "diamond", "radius": 6, "fill": "#ffffff", "line": "#222222",
                         "width": 1.6}  # fmt: skip
_HELD: Final[Style] = {"shape": "circle", "fill": palette.HELD_COLOUR, "line": "#5c0f0a",
                       "width": 1.2, "opacity": 0.6}  # fmt: skip
_LEGEND_PLACES: Final = LegendBox(
    heading="Points",
    entries=[
        {"shape": "circle", "radius": 3.5, "fill": "#ffffff", "line": "#222222",
         "text": "Settlement"},
        {"shape": "square", "radius": 4.5, "fill": palette.STATION_COLOUR, "line": "#ffffff",
         "text": "Camp, transit centre or site"},
        {"shape": "diamond", "radius": 5.5, "fill": "#ffffff", "line": "#4a2c6f", "width": 1.6,
         "text": "Border crossing"},
        {"shape": "cross", "radius": 5, "line": palette.CLOSED_COLOUR,
         "text": "Border crossing, closed"},
    ],
)  # fmt: skip


def _notes(results: "Results") -> list[str]:
    returning = bool((results.status["trip"] == "return").any())
    return [*([words.RETURN_SENTENCES["en"]] if returning else []), _made_with(results)]


def _made_with(results: "Results") -> str:
    toolkit = results.run_info.get("toolkit", "mobility-geo")
    sources = words.source_note(results.case.network)
    return f"Sources: {sources} Results: modelled with {toolkit}."


def _bounds(*layers: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    for layer in layers:
        shapes = layer.geometry[layer.geometry.notna()]
        if len(shapes):
            ends = np.asarray(layer[layer.geometry.notna()].to_crs(4326).total_bounds)
            west, south, east, north = (float(end) for end in ends)
            margin = max(0.04 * max(east - west, north - south), 0.05)
            return west - margin, south - margin, east + margin, north + margin
    return -180.0, -85.0, 180.0, 85.0


def _radius(people: float, largest: float) -> float:
    return max(_LARGEST_PX * float(np.sqrt(people / max(largest, 1.0))), _SMALLEST_PX)


def _base_layer(network: "Network") -> MapLayer:
    zones = network.zones
    return MapLayer(
        name="Administrative units",
        kind="areas",
        styles=[{"fill": palette.LAND_COLOUR, "line": palette.ZONE_LINE, "width": 1}],
        features=[
            Feature(shape=shape)
            for shape in degrees(zones, tolerance_m=_ZONE_TOLERANCE_M)
            if not shape.is_empty
        ],
    )


def _border_layer(network: "Network") -> MapLayer:
    shapes = degrees(network.zones, tolerance_m=_ZONE_TOLERANCE_M)
    countries = gpd.GeoDataFrame({"country": network.zones["country"]}, geometry=shapes)
    borders = gpd.GeoSeries(countries.dissolve("country").boundary)
    return MapLayer(
        name="Country borders, as drawn",
        kind="lines",
        styles=[{"line": palette.COUNTRY_LINE, "width": 1.8}],
        features=[Feature(shape=shape) for shape in borders],
    )


def _share_layer(results: "Results", base: summaries.Base) -> MapLayer:
    zones = summaries.status_by_zone(results)
    zones = zones[zones.geometry.notna()]
    column = "cannot_reach_share" if base == "movers" else "cut_off_share"
    breaks = (0.0, *palette.SHARE_BREAKS)
    styles: list[Style] = [
        {"fill": colour, "line": palette.ZONE_LINE, "width": 1} for colour in palette.SHARE_COLOURS
    ]
    styles.append({"fill": palette.LAND_COLOUR, "line": palette.ZONE_LINE, "width": 1})
    shares = zones[column].to_numpy(dtype=float)
    classes = np.where(
        np.isnan(shares), len(breaks), palette.class_of(np.nan_to_num(shares), breaks)
    )
    shapes = degrees(zones, tolerance_m=_ZONE_TOLERANCE_M)
    features = [
        Feature(
            shape=shape,
            style=int(number),
            title=str(row["name"]) if row["movers_persons"] + row["residents_persons"] else "",
            rows=_people_rows(row),
        )
        for shape, number, row in zip(shapes, classes, records(zones), strict=True)
        if not shape.is_empty
    ]
    what = "cannot reach a destination" if base == "movers" else "would be cut off"
    return MapLayer(
        name=f"Share who {what}, by zone", kind="areas", styles=styles, features=features
    )


def _people_rows(row: dict[str, Any]) -> list[tuple[str, str]]:
    rows = []
    if "pcode" in row:
        rows.append(("Zone code", str(row["pcode"])))
    for name, text in (
        ("movers", "People on the move"), ("can_reach", "can reach a destination"),
        ("stranded", "stranded"), ("isolated", "isolated even without the crisis"),
        ("unknown", "unknown"), ("residents", "Residents"), ("cut_off", "would be cut off"),
    ):  # fmt: skip
        low, value, high = (row[f"{name}_persons{end}"] for end in ("_low", "", "_high"))
        if value or high or name == "movers":
            rows.append((text, words.interval(low, value, high)))
    if row["stranded_persons"]:
        rows.append(("main reason", words.label("reason", row["main_reason"])))
        rows.append(("main cause", words.label("cause", row["main_cause"])))
    return rows


def _water_layer(network: "Network") -> list[MapLayer]:
    if not len(network.waterways):
        return []
    shapes = degrees(network.waterways, tolerance_m=_LINE_TOLERANCE_M)
    return [
        MapLayer(
            name="Rivers",
            kind="lines",
            styles=[{"line": palette.WATER_COLOUR, "width": 1.4}],
            features=[Feature(shape=shape) for shape in shapes if not shape.is_empty],
        )
    ]


def _way_class(edge: dict[str, Any]) -> str:
    kind, surface = str(edge["kind"]), str(edge["surface"])
    if kind == "road":
        return surface if surface in {"paved", "gravel"} else "earth"
    return {"ferry": "river", "walk": "track", "corridor": "track"}.get(kind, kind)


def _edge_rows(edge: dict[str, Any]) -> list[tuple[str, str]]:
    kind, surface = str(edge["kind"]), str(edge["surface"])
    rows = [("Edge", str(edge["edge_id"])), ("Kind", f"{kind}, {edge['road_class']}, {surface}")]
    rows.append(("Length", f"{edge['length_m'] / KM_M:,.1f} km"))
    if not edge["all_season"]:
        rows.append(("Season", "not passable all year"))
    rows.append(("Source", f"{edge['source']} (confidence: {edge['confidence']})"))
    return rows


def _edge_title(edge: dict[str, Any]) -> str:
    named = [str(edge[key]) for key in ("ref", "name") if pd.notna(edge[key])]
    return " ".join(named) or f"{edge['from_node_id']} to {edge['to_node_id']}"


def _way_layer(network: "Network", states: "Results | None") -> MapLayer:
    keys = list(_WAYS)
    if states is None:
        styles = [_WAYS[key] for key in keys]
    else:
        styles = [{**_WAYS[key], "line": palette.ROAD_COLOUR, "width": 1.1} for key in keys]
    shapes = degrees(network.edges, tolerance_m=_LINE_TOLERANCE_M)
    features = [
        Feature(
            shape=shape,
            style=keys.index(_way_class(edge)),
            title=_edge_title(edge),
            rows=_edge_rows(edge),
        )
        for shape, edge in zip(shapes, records(network.edges), strict=True)
    ]
    return MapLayer(
        name="Roads, tracks and river legs", kind="lines", styles=styles, features=features
    )


def _state_layer(results: "Results", *, shown: bool = True) -> MapLayer:
    keys = list(_STATES)
    edges = results.case.network.edges.merge(results.edge_conditions, on="edge_id")
    edges = edges[edges["state"].isin(keys)]
    # the worst lies on top
    rank = {name: -number for number, name in enumerate(keys)}
    edges = edges.iloc[np.argsort([rank[state] for state in edges["state"]], kind="stable")]
    names = dict(
        zip(results.disruptions["disruption_id"], results.disruptions["name"], strict=True)
    )
    features = []
    shapes = degrees(edges, tolerance_m=_LINE_TOLERANCE_M)
    for shape, edge in zip(shapes, records(edges), strict=True):
        causes = [str(names.get(key, key)) for key in split_list(edge["disruption_ids"])]
        rows = [("State", words.label("state", edge["state"]))]
        if edge["speed_factor"] < 1:
            rows.append(("Speed", f"{edge['speed_factor']:.2g} of normal"))
        if edge["risk_per_km"] > 0:
            rows.append(("Risk", f"{edge['risk_per_km']:.2g} per km"))
        if causes:
            rows.append(("Because of", "; ".join(causes)))
        features.append(
            Feature(
                shape=shape,
                style=keys.index(edge["state"]),
                title=_edge_title(edge),
                rows=[*rows, *_edge_rows(edge)],
            )
        )
    return MapLayer(
        name="Closed, riskier or slower on this date",
        kind="lines",
        styles=[_STATES[key] for key in keys],
        features=features,
        shown=shown,
    )


def _disruption_layer(results: "Results") -> MapLayer:
    layer = summaries.active_disruptions(results)
    layer = layer[layer.geometry.notna() & ~layer.is_empty]
    layer = layer.iloc[np.argsort(-layer.area.to_numpy(), kind="stable")]
    kinds = list(palette.DISRUPTION_COLOURS)
    styles = [
        {"fill": colour, "opacity": 0.13, "line": colour, "width": 1.3, "dash": "5 3"}
        for colour in palette.DISRUPTION_COLOURS.values()
    ]
    features = [
        Feature(
            shape=shape,
            style=kinds.index(str(row["kind"])),
            title=str(row["name"]),
            rows=_disruption_rows(row),
        )
        for shape, row in zip(layer.geometry.to_crs(4326), records(layer), strict=True)
    ]
    return MapLayer(name="Disruptions on this date", kind="areas", styles=styles, features=features)


def _disruption_rows(row: dict[str, Any]) -> list[tuple[str, str]]:
    period = " to ".join(
        "open end" if end is None or bool(pd.isna(end)) else str(pd.Timestamp(str(end)).date())
        for end in (row["start"], row["end"])
    )
    rows = [("Kind", words.label("disruption", row["kind"])), ("Effect", str(row["effect"]))]
    if pd.notna(row["severity"]):
        rows.append(("Severity", f"{row['severity']:g}"))
    rows += [
        ("Period", period),
        ("Edges closed", f"{row['edges_closed']} of {row['edges_touched']} touched"),
        ("People freed by lifting it alone", words.whole(row["persons_freed"])),
        ("Source", f"{row['source']} (confidence: {row['confidence']})"),
    ]
    return rows


def _crossing_layer(network: "Network", results: "Results | None") -> MapLayer:
    crossings = network.crossings
    if results is None:
        state = crossings["regime"].where(crossings["regime"] == "closed", "open")
        entered: dict[str, str] = {}
    else:
        states = summaries.crossing_states(results).set_index("crossing_id")["state"]
        state = crossings["crossing_id"].map(states)
        passed = summaries.people_by_crossing(results)
        entered = {}
        for row in records(passed):
            if row.get("least_time_persons"):
                text = (
                    f"{words.whole(row['least_time_persons'])} into "
                    f"{words.label('country', row['into_country'])}"
                )
                before = entered.get(row["crossing_id"])
                entered[row["crossing_id"]] = f"{before}; {text}" if before else text
    styles: list[Style] = [
        {"shape": "diamond", "radius": 5.5, "fill": "#ffffff", "line": "#4a2c6f", "width": 1.6},
        {"shape": "cross", "radius": 5, "line": palette.CLOSED_COLOUR},
        {"shape": "diamond", "radius": 5.5, "fill": "#fdb863", "line": palette.CLOSED_COLOUR,
         "width": 1.6},
    ]  # fmt: skip
    features = []
    for shape, now, row in zip(
        crossings.geometry.to_crs(4326), state, records(crossings), strict=True
    ):
        rows = [
            ("Between", " and ".join(words.label("country", row[key])
                                     for key in ("country_a", "country_b"))),
            ("Post", "official" if row["official"] else "informal"),
            ("Normal regime", words.label("regime", row["regime"])),
        ]  # fmt: skip
        if results is not None:
            rows.append(("On this date", words.label("state", now)))
            rows.append(("People (least time)", entered.get(row["crossing_id"], "nobody")))
        rows.append(("Source", f"{row['source']} (confidence: {row['confidence']})"))
        style = {"closed": 1, "partly_closed": 2}.get(str(now), 0)
        features.append(Feature(shape=shape, style=style, title=str(row["name"]), rows=rows))
    return MapLayer(name="Border crossings", kind="points", styles=styles, features=features)


def _station_layer(results: "Results", *, shown: bool = True) -> MapLayer:
    reach = summaries.waystation_reach(results)
    kinds = list(_STATION)
    features = [
        Feature(
            shape=shape,
            style=kinds.index(row["kind"]),
            title=str(row["name"]),
            rows=[
                ("Kind", words.label("station", row["kind"])),
                ("Standing", "hypothetical" if row["hypothetical"] else "existed"),
                ("Capacity", words.whole(row["capacity_persons"])
                 if pd.notna(row["capacity_persons"]) else "not known, not checked"),
                ("People on the move in reach", words.whole(row["movers_in_reach_persons"])),
                ("Places in reach", str(row["places_in_reach"])),
                ("Nearest station of", f"{row['nearest_of_places']} places"),
            ],
        )
        for shape, row in zip(
            reach.geometry.to_crs(4326), records(reach), strict=True
        )
    ]  # fmt: skip
    return MapLayer(
        name="Way stations, transit centres, camps",
        kind="points",
        styles=[_STATION[kind] for kind in kinds],
        features=features,
        shown=shown,
    )


def _pie_layer(places: gpd.GeoDataFrame, base: summaries.Base, *, shown: bool) -> MapLayer:
    column = f"{base}_persons"
    places = places[places[column] > 0].sort_values(column, ascending=False)
    largest = float(places[column].max()) if len(places) else 1.0
    prefix = {"movers": "", "residents": "residents_"}[base]
    features = []
    for shape, row in zip(
        places.geometry.to_crs(4326), records(places), strict=True
    ):  # fmt: skip
        shares = []
        for status in summaries.STATUS_ORDER[base]:
            name = status if status in {"stranded", "cut_off"} else f"{prefix}{status}"
            share = row[f"{name}_persons"] / row[column]
            if share > 0:
                shares.append([round(share, 5), palette.STATUS_COLOURS[status]])
        features.append(
            Feature(
                shape=shape,
                title=str(row["name"]),
                rows=_people_rows({key: value for key, value in row.items() if key != "pcode"}),
                own_style={"pie": shares, "radius": round(_radius(row[column], largest), 1)},
            )
        )
    name = {"movers": "People on the move, where they are", "residents": "Residents"}[base]
    return MapLayer(name=name, kind="points", styles=[{}], features=features, shown=shown)


def _held_layer(held: gpd.GeoDataFrame, *, shown: bool) -> MapLayer:
    held = held[held.geometry.notna() & (held["persons"] > 0)]
    largest = float(held["persons"].max()) if len(held) else 1.0
    styles: list[Style] = [
        _HELD, {**_HELD, "shape": "square"}, {**_HELD, "opacity": 0.25, "dash": "3 2"},
    ]  # fmt: skip
    features = [
        Feature(
            shape=shape,
            style={"crossing": 1, "dispersed": 2}.get(str(row["held_kind"]), 0),
            title=f"{row['held_name']}: "
            f"{words.interval(row['persons_low'], row['persons'], row['persons_high'])}",
            rows=[
                ("Held up", words.label("held_kind", row["held_kind"])),
                ("Main reason", words.label("reason", row["main_reason"])),
                ("Main cause", words.label("cause", row["main_cause"])),
                ("From", ", ".join(split_list(row["origins"]))),
            ],
            own_style={"radius": round(_radius(row["persons"], largest), 1)},
        )
        for shape, row in zip(held.geometry.to_crs(4326), records(held), strict=True)
    ]
    return MapLayer(
        name="Stranded people, where they are held up",
        kind="points",
        styles=styles,
        features=features,
        shown=shown,
    )


def _flow_layer(edges: gpd.GeoDataFrame) -> tuple[MapLayer, list[Style]]:
    people = edges["flow_persons"].to_numpy(dtype=float)
    breaks = palette.flow_breaks(float(people.max())) if len(people) else (0.0,)
    colours = palette.FLOW_COLOURS[-len(breaks) :]
    widths = palette.FLOW_WIDTHS_PT[-len(breaks) :]
    styles: list[Style] = [
        {"line": colour, "width": 1.4 * width}
        for colour, width in zip(colours, widths, strict=True)
    ]
    classes = palette.class_of(people, breaks)
    shapes = degrees(edges, tolerance_m=_LINE_TOLERANCE_M)
    features = [
        Feature(
            shape=shape,
            style=int(number),
            title=f"{_edge_title(edge)}: {words.whole(edge['flow_persons'])} people",
            rows=[
                (f"From {edge['from_node_id']} to {edge['to_node_id']}",
                 words.whole(edge["forward_persons"])),
                (f"From {edge['to_node_id']} to {edge['from_node_id']}",
                 words.whole(edge["backward_persons"])),
                *_edge_rows(edge),
            ],
        )
        for shape, number, edge in zip(shapes, classes, records(edges), strict=True)
    ]  # fmt: skip
    legend: list[Style] = []
    for number in reversed(range(len(breaks))):
        low = words.whole(breaks[number])
        if number + 1 == len(breaks):
            text = f"{low} or more"
        else:
            text = f"{low} to under {words.whole(breaks[number + 1])}"
        if number == 0 and len(breaks) > 1:
            text = f"under {words.whole(breaks[1])}"
        legend.append({**styles[number], "shape": "line", "text": text})
    return MapLayer(name="People per edge", kind="lines", styles=styles, features=features), legend


def _passed_layer(results: "Results", rule: str) -> MapLayer:
    crossings = summaries.people_by_crossing(results)
    column = f"{rule}_persons"
    if column not in crossings.columns:
        crossings = crossings.iloc[:0].assign(**{column: 0})
    crossings = crossings[crossings[column] > 0]
    features = []
    for _, group in crossings.groupby("crossing_id", sort=True):
        first = group.iloc[0]
        rows = [
            (f"Into {words.label('country', row['into_country'])}",
             f"{words.whole(row[column])} ({words.percent(row[f'{rule}_share'])} of all entries)")
            for row in records(group)
        ]  # fmt: skip
        point = gpd.GeoSeries([first["geometry"]], crs=crossings.crs).to_crs(4326).iloc[0]
        title = f"{first['name']}: {words.whole(group[column].sum())} people"
        rows.append(("State", words.label("state", first["state"])))
        features.append(Feature(shape=point, title=title, rows=rows))
    return MapLayer(
        name="Border crossings, with people", kind="points", styles=[_PASSED], features=features
    )


def _arrival_layer(results: "Results", rule: str) -> MapLayer:
    flows = results.od_flows
    flows = flows[(flows["rule"] == rule) & (flows["flow_persons"] > 0)]
    sums = flows.groupby("destination_id")["flow_persons"].sum()
    places = results.case.network.places
    places = places[places["place_id"].isin(sums.index)]
    points = places.geometry.to_crs(4326)
    largest = float(sums.max()) if len(sums) else 1.0
    names = results.case.network.places.set_index("place_id")["name"]
    features = []
    for point, place_id, name in zip(points, places["place_id"], places["name"], strict=True):
        people = float(sums[place_id])
        here = flows[flows["destination_id"] == place_id]
        origins = here.groupby("origin_id")["flow_persons"].sum().sort_values(ascending=False)
        rows = [
            (f"from {names.get(key, key)}", words.whole(count)) for key, count in origins.items()
        ]
        features.append(
            Feature(
                shape=point,
                title=f"{name}: {words.whole(people)} people arrive",
                rows=rows,
                own_style={"radius": round(_radius(people, largest), 1)},
            )
        )
    return MapLayer(name="People who arrive", kind="points", styles=[_ARRIVAL], features=features)


def _access_layer(network: "Network") -> MapLayer:
    shapes = degrees(network.accesses)
    features = [
        Feature(
            shape=shape,
            title=f"{row['place_id']} to {row['node_id']}",
            rows=[
                ("Off the road", f"{row['off_road_m']:,.0f} m"),
                ("Along the edge", f"{row['along_m']:,.0f} m"),
            ],
        )
        for shape, row in zip(shapes, records(network.accesses), strict=True)
    ]
    return MapLayer(
        name="How places attach (audit)",
        kind="lines",
        styles=[{"line": "#c51b7d", "width": 1.6}],
        features=features,
        shown=False,
    )


def _place_layer(network: "Network") -> MapLayer:
    styles: list[Style] = [
        {"shape": "circle", "radius": 3.5, "fill": "#ffffff", "line": "#222222"},
        {"shape": "square", "radius": 4.5, "fill": palette.STATION_COLOUR, "line": "#ffffff"},
    ]
    features = [
        Feature(
            shape=shape,
            style=int(row["kind"] != "settlement"),
            title=str(row["name"]),
            rows=[
                ("Kind", str(row["kind"]).replace("_", " ")),
                ("Country", words.label("country", row["country"])),
                ("Residents before the crisis", words.whole(row["population_persons"])),
                ("Position", "approximate" if row["approximate"] else "as in the source"),
                ("Source", str(row["source"])),
            ],
        )
        for shape, row in zip(
            network.places.geometry.to_crs(4326), records(network.places), strict=True
        )
    ]
    return MapLayer(name="Places", kind="points", styles=styles, features=features)


def _names(
    layer: gpd.GeoDataFrame, column: str, strength: Literal["plain", "strong"] = "plain"
) -> list[Name]:
    layer = layer.sort_values([column, "name"], ascending=[False, True])
    offsets = layer["offset_px"] if "offset_px" in layer.columns else np.zeros(len(layer))
    return [
        Name(lon=lon, lat=lat, text=str(name), strength=strength, offset_px=float(offset))
        for (lon, lat), name, offset in zip(
            positions(layer.to_crs(4326)), layer["name"], offsets, strict=True
        )
    ]


def _place_names(network: "Network", without: Collection[str] = ()) -> list[Name]:
    places = network.places[~network.places["name"].isin(without)]
    return _names(places.assign(weight=places["population_persons"].fillna(0)), "weight")


def _country_names(network: "Network") -> list[Name]:
    countries = network.zones.dissolve("country")
    spots = [_middle(shape) for shape in countries.geometry]
    points = gpd.GeoSeries(spots, crs=network.crs).to_crs(4326)
    return [
        Name(lon=lon, lat=lat, text=words.label("country", code), strength="country")
        for code, (lon, lat) in zip(countries.index, positions(points), strict=True)
    ]


def _middle(shape: shapely.Geometry) -> shapely.Point:
    """Return the point of a country that is farthest from its borders."""
    part = max(shapely.get_parts(shape), key=shapely.area)
    circle = shapely.maximum_inscribed_circle(part, tolerance=shapely.length(part) / 200)
    return shapely.Point(shapely.get_coordinates(circle)[0])


def _way_legend(network: "Network") -> LegendBox:
    present = {_way_class(edge) for edge in records(network.edges)}
    return LegendBox(
        heading="Ways",
        entries=[{**style, "shape": "line"} for key, style in _WAYS.items() if key in present],
    )


def _people_legend(element: str, largest: float) -> LegendBox:
    """Return what the circles of people stand for, those that are switched on first."""
    sizes: list[Style] = [
        {"shape": "circle", "radius": round(_radius(step, largest), 1), "line": "#333333",
         "text": f"{words.whole(step)} people"}
        for step in palette.size_steps(largest)
    ]  # fmt: skip
    if element == "held_at":
        kinds: list[Style] = [
            {**_HELD, "shape": "square", "radius": 5, "text": "Held up at a border crossing"},
            {**_HELD, "radius": 6, "text": "Held up elsewhere"},
        ]
        return LegendBox(heading="Stranded people, where held up", entries=[*kinds, *sizes])
    base: summaries.Base = "residents" if element == "residents" else "movers"
    statuses: list[Style] = [
        {"shape": "square", "radius": 5, "fill": palette.STATUS_COLOURS[status], "line": "#ffffff",
         "text": words.label("status", status)}
        for status in summaries.STATUS_ORDER[base]
    ]  # fmt: skip
    held: list[Style] = [{**_HELD, "radius": 6, "text": "Held up (switch on)"}]
    who = {"movers": "People on the move", "residents": "Residents"}[base]
    return LegendBox(heading=who, entries=[*statuses, *sizes, *held])


def _closure_legend(results: "Results", base: summaries.Base) -> list[LegendBox]:
    breaks = (0.0, *palette.SHARE_BREAKS, 1.0)
    shares: list[Style] = []
    for number, colour in enumerate(palette.SHARE_COLOURS):
        low, high = (f"{100 * end:.0f}" for end in breaks[number : number + 2])
        text = f"{low} to under {high} %" if number + 2 < len(breaks) else f"{low} % or more"
        shares.append({"shape": "fill", "fill": colour, "line": palette.ZONE_LINE, "text": text})
    shares.append(
        {"shape": "fill", "fill": palette.LAND_COLOUR, "line": palette.ZONE_LINE,
         "text": "nobody counted there"}
    )  # fmt: skip
    present = set(results.edge_conditions["state"])
    active = set(summaries.active_disruptions(results)["kind"])
    closures: list[Style] = [
        {**style, "shape": "line"} for state, style in _STATES.items() if state in present
    ]
    closures += [
        {"shape": "fill", "fill": colour, "opacity": 0.2, "line": colour, "dash": "5 3",
         "text": f"{words.label('disruption', kind)} (area)"}
        for kind, colour in palette.DISRUPTION_COLOURS.items()
        if kind in active and kind != "border"
    ]  # fmt: skip
    closures.append(
        {"shape": "cross", "radius": 5, "line": palette.CLOSED_COLOUR,
         "text": "Border crossing, closed"}
    )  # fmt: skip
    stations: list[Style] = [
        {**style, "text": words.label("station", kind)}
        for kind, style in _STATION.items()
        if kind in set(results.case.waystations["kind"])
    ]
    return [
        LegendBox(
            heading="Share who cannot reach, by zone" if base == "movers"
            else "Share who would be cut off, by zone",
            entries=shares,
        ),
        LegendBox(heading="On this date", entries=closures),
        LegendBox(heading="Stations", entries=stations),
    ]  # fmt: skip

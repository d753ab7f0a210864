"""Files to tables: readers that check what they read and say what is wrong.

Each reader returns a `Reading`: tables, what was dropped or corrected, and the licence. A reader is
loaded when it is first asked for, so that nobody waits for a library that is not used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from mobility_geo.sources.reading import Finding, Reading, findings_table
from mobility_geo.sources.tables import read_layer, read_table

if TYPE_CHECKING:
    from mobility_geo.sources.boundaries import (
        add_population,
        check_zones,
        read_boundaries,
        read_population_table,
    )
    from mobility_geo.sources.constraints import read_constraints
    from mobility_geo.sources.displacement import read_displacement
    from mobility_geo.sources.displacement_case import DisplacementCase, read_displacement_case
    from mobility_geo.sources.elevation import add_slope, walking_time_factor
    from mobility_geo.sources.events import read_events, read_incidents, read_insecurity_areas
    from mobility_geo.sources.floods import (
        flood_dates,
        measure_flood_depth,
        measure_flood_extent,
        read_flood_areas,
    )
    from mobility_geo.sources.graphs import download_osm, read_graphml, read_osmnx_geopackage
    from mobility_geo.sources.lines import read_roads
    from mobility_geo.sources.od_tables import (
        choose_dates,
        match_ids,
        read_costs,
        read_margins,
        read_od_table,
        read_zone_names,
    )
    from mobility_geo.sources.omx import read_omx, write_omx
    from mobility_geo.sources.osm import read_osm_pbf
    from mobility_geo.sources.places import check_places, read_places
    from mobility_geo.sources.population import population_by_zone, population_to_places
    from mobility_geo.sources.rasters import sample_along
    from mobility_geo.sources.stations import read_waystations
    from mobility_geo.sources.tntp import (
        TntpNetwork,
        TntpTrips,
        read_tntp_flows,
        read_tntp_network,
        read_tntp_trips,
    )
    from mobility_geo.sources.topology import build_topology
    from mobility_geo.sources.waterways import read_crossings, read_waterways

__all__ = [
    "DisplacementCase",
    "Finding",
    "Reading",
    "TntpNetwork",
    "TntpTrips",
    "add_population",
    "add_slope",
    "build_topology",
    "check_places",
    "check_zones",
    "choose_dates",
    "download_osm",
    "findings_table",
    "flood_dates",
    "match_ids",
    "measure_flood_depth",
    "measure_flood_extent",
    "population_by_zone",
    "population_to_places",
    "read_boundaries",
    "read_constraints",
    "read_costs",
    "read_crossings",
    "read_displacement",
    "read_displacement_case",
    "read_events",
    "read_flood_areas",
    "read_graphml",
    "read_incidents",
    "read_insecurity_areas",
    "read_layer",
    "read_margins",
    "read_od_table",
    "read_omx",
    "read_osm_pbf",
    "read_osmnx_geopackage",
    "read_places",
    "read_population_table",
    "read_roads",
    "read_table",
    "read_tntp_flows",
    "read_tntp_network",
    "read_tntp_trips",
    "read_waterways",
    "read_waystations",
    "read_zone_names",
    "sample_along",
    "walking_time_factor",
    "write_omx",
]

_HOMES = {
    "DisplacementCase": "displacement_case",
    "TntpNetwork": "tntp",
    "TntpTrips": "tntp",
    "add_population": "boundaries",
    "add_slope": "elevation",
    "build_topology": "topology",
    "check_places": "places",
    "check_zones": "boundaries",
    "choose_dates": "od_tables",
    "download_osm": "graphs",
    "flood_dates": "floods",
    "match_ids": "od_tables",
    "measure_flood_depth": "floods",
    "measure_flood_extent": "floods",
    "population_by_zone": "population",
    "population_to_places": "population",
    "read_boundaries": "boundaries",
    "read_constraints": "constraints",
    "read_costs": "od_tables",
    "read_crossings": "waterways",
    "read_displacement": "displacement",
    "read_displacement_case": "displacement_case",
    "read_events": "events",
    "read_flood_areas": "floods",
    "read_graphml": "graphs",
    "read_incidents": "events",
    "read_insecurity_areas": "events",
    "read_margins": "od_tables",
    "read_od_table": "od_tables",
    "read_omx": "omx",
    "read_osm_pbf": "osm",
    "read_osmnx_geopackage": "graphs",
    "read_places": "places",
    "read_population_table": "boundaries",
    "read_roads": "lines",
    "read_tntp_flows": "tntp",
    "read_tntp_network": "tntp",
    "read_tntp_trips": "tntp",
    "read_waterways": "waterways",
    "read_waystations": "stations",
    "read_zone_names": "od_tables",
    "sample_along": "rasters",
    "walking_time_factor": "elevation",
    "write_omx": "omx",
}


def __getattr__(name: str) -> object:
    """Load a reader when it is first asked for.

    Raises
    ------
    AttributeError
        If there is no such name.
    """
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)

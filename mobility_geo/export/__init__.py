"""Results as files: a GeoPackage that opens styled, a QGIS project, tables, a manifest.

`write_results` writes all of them to one folder, as a whole or not at all.
"""

from mobility_geo.export.areas import isochrone_layers, write_isochrones
from mobility_geo.export.layers import result_layers
from mobility_geo.export.network import (
    findings_layer,
    network_styles,
    write_audited_network,
)
from mobility_geo.export.project import write_project
from mobility_geo.export.routes import request_table, route_layers, write_gpx
from mobility_geo.export.staging import read_manifest, staged_folder
from mobility_geo.export.tables import result_tables, write_table, write_tables
from mobility_geo.export.write import write_manifest, write_results, write_results_into

__all__ = [
    "findings_layer",
    "isochrone_layers",
    "network_styles",
    "read_manifest",
    "request_table",
    "result_layers",
    "result_tables",
    "route_layers",
    "staged_folder",
    "write_audited_network",
    "write_gpx",
    "write_isochrones",
    "write_manifest",
    "write_project",
    "write_results",
    "write_results_into",
    "write_table",
    "write_tables",
]

"""Results as files: a GeoPackage that opens styled, a QGIS project, tables, a manifest.

`write_results` writes all of them to one folder, as a whole or not at all.
"""

from mobility_geo.export.layers import result_layers
from mobility_geo.export.network import (
    findings_layer,
    network_styles,
    write_audited_network,
)
from mobility_geo.export.project import write_project
from mobility_geo.export.staging import read_manifest, staged_folder
from mobility_geo.export.tables import result_tables, write_table, write_tables
from mobility_geo.export.write import write_manifest, write_results, write_results_into

__all__ = [
    "findings_layer",
    "network_styles",
    "read_manifest",
    "result_layers",
    "result_tables",
    "staged_folder",
    "write_audited_network",
    "write_manifest",
    "write_project",
    "write_results",
    "write_results_into",
    "write_table",
    "write_tables",
]

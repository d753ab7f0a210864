"""Files to tables: readers that check what they read and say what is wrong."""

from mobility_geo.sources.tables import read_layer, read_table

__all__ = ["read_layer", "read_table"]

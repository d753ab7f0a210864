"""The command line: `mobility-geo --help`. Only here is anything printed or the process ended."""

from mobility_geo.cli.app import main

__all__ = ["main"]

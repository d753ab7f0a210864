"""`python -m mobility_geo.cli` is the command `mobility-geo`."""

from mobility_geo.cli import main

main()

"""Draw the picture of the README: what may be shared of the January 2013 case."""

from pathlib import Path

from mobility_geo.datasets import load_mali
from mobility_geo.outcomes import solve_case
from mobility_geo.plot import plot_public_status
from mobility_geo.report.brief import public_figures, public_regions, zone_counts

PICTURE = Path(__file__).parents[1] / "docs" / "_static" / "mali-2013-01.png"


def main() -> None:
    """Write the picture."""
    results = solve_case(load_mali("mali-2013-01"))
    counts = zone_counts(public_figures(results))
    axes = plot_public_status(results, counts, regions=public_regions(results))
    axes.figure.savefig(PICTURE, dpi=90, bbox_inches="tight")
    print(PICTURE)


if __name__ == "__main__":
    main()

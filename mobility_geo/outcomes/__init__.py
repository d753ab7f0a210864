"""Who is stranded and why, what can still be reached, and how that compares."""

from mobility_geo.outcomes.attribution import persons_freed
from mobility_geo.outcomes.compare import compare
from mobility_geo.outcomes.explain import Explanation, explain
from mobility_geo.outcomes.isochrones import isochrones
from mobility_geo.outcomes.reachable import catchments, main_traveller, reachable_waystations
from mobility_geo.outcomes.results import Results, solve_case
from mobility_geo.outcomes.stranded import find_stranded
from mobility_geo.outcomes.targets import compare_with_targets

__all__ = [
    "Explanation",
    "Results",
    "catchments",
    "compare",
    "compare_with_targets",
    "explain",
    "find_stranded",
    "isochrones",
    "main_traveller",
    "persons_freed",
    "reachable_waystations",
    "solve_case",
]

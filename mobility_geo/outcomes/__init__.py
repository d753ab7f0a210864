"""Who is stranded and why, what can still be reached, and how that compares."""

from mobility_geo.outcomes.access_table import access_table
from mobility_geo.outcomes.attribution import persons_freed
from mobility_geo.outcomes.chokepoints import Chokepoints, find_chokepoints
from mobility_geo.outcomes.compare import Comparison, compare, compare_cases
from mobility_geo.outcomes.decisions import Decisions, find_decisions
from mobility_geo.outcomes.explain import Explanation, explain, explain_on_map, what_reopens
from mobility_geo.outcomes.gaps import find_information_gaps
from mobility_geo.outcomes.intervals import (
    Intervals,
    Uncertainty,
    compare_intervals,
    find_intervals,
)
from mobility_geo.outcomes.isochrones import isochrones
from mobility_geo.outcomes.mincut import RegionCut, find_region_cuts
from mobility_geo.outcomes.monitoring import (
    MonitoringResult,
    capture_flows,
    place_monitoring_points,
)
from mobility_geo.outcomes.reachable import catchments, main_traveller, reachable_waystations
from mobility_geo.outcomes.reopenings import Reopening, reopening_curve, smallest_reopening
from mobility_geo.outcomes.results import Results, solve_case
from mobility_geo.outcomes.shapley import shapley_shares
from mobility_geo.outcomes.siting import (
    SitingResult,
    go_or_no_go,
    site_mobile_stations,
    site_way_stations,
)
from mobility_geo.outcomes.siting_models import (
    Siting,
    solve_capacitated,
    solve_max_cover,
    solve_p_median,
    solve_robust,
    solve_set_cover,
)
from mobility_geo.outcomes.siting_rota import plan_rota
from mobility_geo.outcomes.stranded import find_stranded
from mobility_geo.outcomes.targets import compare_with_targets

__all__ = [
    "Chokepoints",
    "Comparison",
    "Decisions",
    "Explanation",
    "Intervals",
    "MonitoringResult",
    "RegionCut",
    "Reopening",
    "Results",
    "Siting",
    "SitingResult",
    "Uncertainty",
    "access_table",
    "capture_flows",
    "catchments",
    "compare",
    "compare_cases",
    "compare_intervals",
    "compare_with_targets",
    "explain",
    "explain_on_map",
    "find_chokepoints",
    "find_decisions",
    "find_information_gaps",
    "find_intervals",
    "find_region_cuts",
    "find_stranded",
    "go_or_no_go",
    "isochrones",
    "main_traveller",
    "persons_freed",
    "place_monitoring_points",
    "plan_rota",
    "reachable_waystations",
    "reopening_curve",
    "shapley_shares",
    "site_mobile_stations",
    "site_way_stations",
    "smallest_reopening",
    "solve_capacitated",
    "solve_case",
    "solve_max_cover",
    "solve_p_median",
    "solve_robust",
    "solve_set_cover",
    "what_reopens",
]

"""For tests, ours and yours: small networks drawn in text, and checks that say what differs.

Hypothesis strategies are in `mobility_geo.testing.strategies`, which needs hypothesis.
"""

from mobility_geo.testing.assertions import assert_network_equal, assert_people_conserved
from mobility_geo.testing.drawing import build_case, draw_network

__all__ = ["assert_network_equal", "assert_people_conserved", "build_case", "draw_network"]

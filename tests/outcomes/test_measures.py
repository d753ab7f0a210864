"""The measures that tables of published figures may name are those that can be taken."""

from mobility_geo.outcomes import targets
from mobility_geo.schema import MEASURES


def test_every_measure_can_be_taken_and_named():
    assert tuple(targets.MEASURES) == MEASURES

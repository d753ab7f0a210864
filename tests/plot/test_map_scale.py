"""Scale bar, north and classes: right on the ground, wherever the map is."""

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobility_geo.plot import palette
from mobility_geo.plot.scale import ground_length_m, north_deg, scale_bar

UTM = pyproj.CRS(32630)
MERCATOR = pyproj.CRS(3857)


@pytest.mark.parametrize("crs", [UTM, MERCATOR])
def test_scale_bar_is_true_on_the_ellipsoid(crs):
    to_map = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    left, bottom = to_map.transform(-5, 14)
    right, top = to_map.transform(1, 20)
    length_m, width = scale_bar(crs, (left, bottom, right, top))
    x, y = (left + right) / 2, (bottom + top) / 2
    on_the_ground = ground_length_m(crs, (x - width / 2, y), (x + width / 2, y))
    assert on_the_ground == pytest.approx(length_m, rel=1e-6)


def test_mercator_stretches_and_the_bar_knows():
    bounds = (-500_000, 7_000_000, 500_000, 8_000_000)  # about 57 degrees north
    length_m, width = scale_bar(MERCATOR, bounds)
    assert width > 1.7 * length_m


def test_north_of_a_turned_projection_leans():
    assert north_deg(UTM, 500_000, 1_800_000) == pytest.approx(0, abs=1e-6)
    # east of the central meridian the meridians lean to the left of grid north
    assert north_deg(UTM, 800_000, 1_800_000) == pytest.approx(-0.79, abs=0.05)


def test_south_up_projection_points_down():
    crs = pyproj.CRS.from_proj4("+proj=laea +lat_0=15 +lon_0=-5 +units=m +axis=wsu +datum=WGS84")
    assert abs(north_deg(crs, 0.0, 0.0)) == pytest.approx(180, abs=1e-3)


@given(st.floats(1e-3, 1e9))
def test_round_number_is_round_and_never_above(number):
    rounded = palette.round_number(number)
    assert rounded <= number * (1 + 1e-9)
    assert rounded > number / 2.5 * (1 - 1e-9)
    mantissa = rounded / 10 ** np.floor(np.log10(rounded) + 1e-9)
    assert round(mantissa, 6) in {1, 2, 5}


@given(st.integers(1, 10**7))
def test_flow_classes_hold_every_flow(largest):
    breaks = palette.flow_breaks(largest)
    assert list(breaks) == sorted(set(breaks))
    assert breaks[0] == 0
    assert breaks[-1] <= largest
    classes = palette.class_of([0, largest / 2, largest], breaks)
    assert classes.tolist() == sorted(classes.tolist())
    assert classes[-1] == len(breaks) - 1

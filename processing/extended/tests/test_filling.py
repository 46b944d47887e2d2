"""Hidden pixels get the light of their mirror image, or of their ellipse."""

import numpy as np
import pytest

from processing.extended.filling import Ellipse, ellipse_of, filled
from processing.extended.tests.synthetic_fields import galaxy

SHAPE = (121, 121)


@pytest.fixture(scope="module")
def light():
    return galaxy(SHAPE, 60.0, 60.0, 5000.0, 10.0, 1.0, 0.5, 0.6).astype(np.float32)


def test_a_hidden_side_is_the_other_one(light):
    hidden = np.zeros(SHAPE, bool)
    hidden[65:90, 65:90] = True
    whole = filled(np.where(hidden, np.float32(np.nan), light), hidden, Ellipse(60.0, 60.0, 0.5, 0.6))
    assert np.abs(whole - light).max() < 1e-4


def test_where_both_sides_are_hidden_the_ellipse_tells(light):
    """Within 15% of the brightest of it: behind the PSF no ellipse is the galaxy's, and rings are a pixel wide."""
    hidden = np.zeros(SHAPE, bool)
    hidden[70:80, 40:50] = hidden[40:51, 70:81] = True
    whole = filled(light, hidden, ellipse_of(light, hidden, 60.0, 60.0))
    assert np.abs(whole - light)[hidden].max() < 0.15 * light[hidden].max()


def test_seen_pixels_stay_and_no_pixel_is_unknown(light):
    data, hidden = light.copy(), np.zeros(SHAPE, bool)
    data[:, :90] = np.nan
    hidden[:, :90] = True
    whole = filled(data, hidden, Ellipse(60.0, 60.0, 1.0, 0.0))
    assert np.array_equal(whole[:, 90:], light[:, 90:]) and np.isfinite(whole).all()
    assert np.all(filled(data, np.ones(SHAPE, bool), Ellipse(60.0, 60.0, 1.0, 0.0)) == 0.0)


def test_the_ellipse_is_the_galaxys(light):
    found = ellipse_of(light, np.zeros(SHAPE, bool), 60.0, 60.0)
    assert found.angle == pytest.approx(0.6, abs=0.01) and found.ratio == pytest.approx(0.5, abs=0.06)


def test_noise_has_a_round_ellipse_or_one():
    data = np.random.default_rng(1).standard_normal(SHAPE).astype(np.float32)
    found = ellipse_of(data, np.zeros(SHAPE, bool), 60.0, 60.0)
    assert 0.2 <= found.ratio <= 1.0

"""What is wider than a star: nothing for stars, the light of its disc for a galaxy."""

import numpy as np
import pytest

from processing.config import survey
from processing.extended.clean import clean
from processing.extended.tests.synthetic_fields import (
    NOISE, SIGMA, field, galaxy, gaussian, noise, psf, scattered, star,
)  # fmt: skip
from processing.extended.wide import Discs

SHAPE = (256, 256)


@pytest.fixture(scope="module")
def discs():
    return Discs(psf(), np.full(SHAPE, NOISE["j"]))


@pytest.mark.parametrize("x, y", [(100.0, 100.0), (100.3, 100.4), (100.1, 99.9)])
def test_a_star_has_no_disc_whatever_its_fit(discs, x, y):
    """Fitted with 2% too much light, 0.03 pixels off: 1% of its light at most, also at the places within a pixel that
    are farthest from those for which there is a filter (where the star itself would have 2%)."""
    left = star(SHAPE, x, y, 1000.0) - star(SHAPE, x + 0.03, y - 0.03, 1020.0)
    light, _ = discs.light(left.astype(np.float32), np.array([x + 0.03]), np.array([y - 0.03]))
    assert np.abs(light).max() < 10.0


def test_a_disc_has_its_light(discs):
    for k, radius in enumerate(survey().extended_field.discs):
        left = galaxy(SHAPE, 100.2, 100.1, 1000.0, radius).astype(np.float32)
        light, _ = discs.light(left, np.array([100.2]), np.array([100.1]))
        assert light[0, k] == pytest.approx(1000, rel=0.03)


def test_the_error_is_the_scatter(discs):
    left = noise((256, 256), NOISE["j"], 1).astype(np.float32)
    y, x = (a.ravel() for a in np.mgrid[20:240:9.3, 20:240:9.3])
    light, error = discs.light(left, x, y)
    assert light.std(axis=0) / error[0] == pytest.approx(1, abs=0.12)
    flux, error = discs.stars(left, x, y)
    assert flux.std() / error[0] == pytest.approx(1, abs=0.12)


def test_light_of_a_star_alone(discs):
    flux, _ = discs.stars(star(SHAPE, 80.3, 90.7, 500.0).astype(np.float32), np.array([80.3]), np.array([90.7]))
    assert flux[0] == pytest.approx(500, rel=0.01)


def test_the_ridge_takes_what_all_stars_have():
    """Stars 4% wider in sigma than the PSF: all of them have a disc, none is wider than the others; a galaxy is."""
    stars = scattered(150, (512, 512), 4, low=300.0)
    image = sum(gaussian((512, 512), *one, 1.08 * SIGMA**2, 0.0, 1.08 * SIGMA**2) for one in stars)
    listed = [*stars, (256.0, 256.0, 900.0)]
    wide = field(stars, [(256.0, 256.0, 2000.0, 2.5)], (512, 512), "j", sky=image, listed=listed)
    wide.bands["j"].data[:] -= sum(star((512, 512), *one) for one in stars).astype(np.float32)
    width = clean(wide).bands["j"].width
    bright = stars[:, 2] > 600
    assert np.median(width.light[:-1][bright] / stars[bright, 2]) > 0.03
    assert np.median(np.abs(width.share[:-1][bright])) < 0.03
    assert (np.abs(width.score[:-1]) < 4).mean() > 0.97 and width.score[-1] > 20

"""What pixels say for stars or a galaxy, on images whose light is known, noise correlated as in a coadd."""

import numpy as np
import pytest
from scipy import ndimage

from processing.config import survey
from processing.extended.evidence import SIDE, evidence
from processing.extended.field import BandStamp, Mask, Stamp
from processing.photometry.psf import first_psf
from processing.photometry.scan.profiles import WIDTHS, mixture

HALF = 30
PSF = first_psf(2.7)


def placed(parts):
    """Light of (stamp (29, 29), x, y) on a stamp, x and y whole pixels from its middle."""
    out = np.zeros((2 * HALF + 1,) * 2)
    for light, x, y in parts:
        out[HALF + y - 14:HALF + y + 15, HALF + x - 14:HALF + x + 15] += light
    return out


def seen(light, seed=1, mask=None):
    """The Evidence of an object of the same light in three bands."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(light.shape, np.uint8) if mask is None else mask
    bands = {}
    for band in "jhk":
        data = light + noise(rng, light.shape)
        bands[band] = BandStamp(data, np.ones(light.shape), mask, data, PSF.stamp(0.0, 0.0), 0.0, 20.0)
    return evidence(Stamp(0, 0, float(HALF), float(HALF), bands, 3.0), HALF, HALF)


def noise(rng, shape):
    """Noise of unit scatter with the correlation of a coadd."""
    lags = np.array(survey().coadd.noise_correlation)
    row = np.r_[lags[:0:-1], lags]
    power = np.abs(np.fft.fft(np.fft.ifftshift(np.pad(row, 60))))
    kernel = np.fft.fftshift(np.fft.ifft(np.sqrt(power)).real)[55:-55]
    rough = rng.normal(size=shape)
    for axis in (0, 1):
        rough = ndimage.correlate1d(rough, kernel / np.sqrt((kernel**2).sum()), axis=axis, mode="wrap")
    return rough


def star(flux, dx=0.0, dy=0.0):
    return flux * PSF.stamp(dx, dy, 14)


def galaxy(flux, radius):
    """A round exponential disc of half-light ``radius`` behind the PSF."""
    point = PSF.stamp(0.0, 0.0, 14)
    parts = zip(mixture(1.0), WIDTHS * radius)
    return flux * sum(weight * ndimage.gaussian_filter(point, width, mode="constant") for weight, width in parts)


def test_one_star_needs_no_other():
    found = seen(placed([(star(600, 0.3, -0.2), 0, 0)]))
    assert found.together["one"] - found.together["two"] < 25
    assert found.fits["one"].stars[0, :2] == pytest.approx([SIDE // 2 + 0.3, SIDE // 2 - 0.2], abs=0.1)


def test_double_star_is_two_stars():
    found = seen(placed([(star(600), 0, 0), (star(400), 2, 1)]))
    for costs in (found.together, *found.bands.values()):
        assert costs["two"] < costs["galaxy"] - 15 and costs["two"] < costs["one"] - 15
    places = found.fits["two"].stars[np.argsort(-found.fits["two"].stars[:, 2])]
    np.testing.assert_allclose(places[:, :2] - SIDE // 2, [[0, 0], [2, 1]], atol=0.25)


def test_triple_star_is_three_stars():
    found = seen(placed([(star(900), 0, 0), (star(600), 3, 0), (star(500), -1, 4)]))
    assert found.together["three"] < found.together["two"] - 50
    assert found.together["three"] < min(found.together["galaxy"], found.together["both"]) - 50


@pytest.mark.parametrize("radius", [1.5, 3.0])
def test_galaxy_is_no_group_of_stars(radius):
    found = seen(placed([(galaxy(900, radius), 0, 0)]))
    assert found.together["galaxy"] < found.together["three"] - 10
    assert all(costs["galaxy"] < costs["one"] - 15 for costs in found.bands.values())
    assert np.exp(found.fits["galaxy"].galaxy[2]) == pytest.approx(radius, rel=0.25)


def test_galaxy_beside_a_star_is_both():
    found = seen(placed([(galaxy(1500, 3.0), 0, 0), (star(500), 5, 0)]))
    assert found.together["both"] < min(found.together["galaxy"], found.together["three"]) - 50


def test_object_in_the_reach_of_another_is_judged_and_a_masked_one_is_not():
    light, mask = placed([(galaxy(900, 3.0), 0, 0)]), np.full((2 * HALF + 1,) * 2, Mask.NEIGHBOUR, np.uint8)
    assert seen(light, mask=mask).together["galaxy"] < seen(light, mask=mask).together["one"]
    assert seen(light, mask=np.full_like(mask, Mask.STAR)) is None

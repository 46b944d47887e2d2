"""The ridge: stars of a field differ from their twins by noise alone, or by what the PSF does not know."""

import numpy as np

from processing.extended.field import BandField, PointSources
from processing.extended.parameters import NAMES
from processing.extended.psf import ImagePSF
from processing.extended.ridge import COMPARED, HALF, Ridge, isolated, ridge, shape
from processing.photometry.psf import first_psf

NOISE, SIDE = 1.0, 600
EXPECTED = Ridge(np.zeros(COMPARED), np.full(COMPARED, 0.003), np.full(COMPARED, 2.0), 0)


def field(width=2.6, seed=1, count=100):
    """A BandField with stars of a PSF of 2.6 arcsec whose images have ``width``, and what the PSF leaves of them."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(45, SIDE - 40, 50), np.arange(45, SIDE - 40, 50)), axis=-1).reshape(-1, 2)
    x, y = (grid + rng.uniform(-0.5, 0.5, grid.shape)).T[:, :count]
    flux = 10 ** rng.uniform(2.3, 4.3, len(x))
    psf, true = ImagePSF(first_psf(2.6)), ImagePSF(first_psf(width))
    left = rng.normal(0, NOISE, (SIDE, SIDE))
    for a, b, f in zip(x, y, flux):
        rows = np.s_[round(b) - HALF:round(b) + HALF + 1, round(a) - HALF:round(a) + HALF + 1]
        left[rows] += f * (true.at(a, b, HALF) - psf.at(a, b, HALF))
    sources = PointSources(x, y, flux, np.ones(len(x)), np.ones(len(x)), np.full(len(x), 2), np.full(len(x), -1))
    noise = np.full((SIDE, SIDE), NOISE)
    return BandField("j", left, noise, psf, 20.0, 0.01, sources), left


def test_stars_of_the_psf_lie_on_the_ridge():
    band, left = field()
    found = ridge(band, left, Ridge(*np.zeros((2, COMPARED)), np.full(COMPARED, 2.0), 0))
    assert found.stars > 80
    assert np.abs(found.offset[:3]).max() < 0.03 and found.floor[:3].max() < 0.03


def test_its_scatter_is_that_of_the_stars():
    band, left = field()
    found = ridge(band, left, EXPECTED)
    stars = band.stars
    scores = []
    for a, b, f in zip(stars.x, stars.y, stars.flux):
        column, row = round(a), round(b)
        piece = left[row - HALF:row + HALF + 1, column - HALF:column + HALF + 1] + f * band.psf.at(a, b, HALF)
        one = shape(piece, band.psf.at(column, row, 15), NOISE, a - column + HALF, b - row + HALF)
        scores.append(one.scores(found))
    spread = 1.4826 * np.median(np.abs(scores), axis=0)[:len(NAMES)]
    assert ((spread > 0.5) & (spread < 1.6)).all()


def test_error_of_the_psf_moves_the_ridge_not_the_scores():
    wider, narrow = (ridge(*field(width), EXPECTED) for width in (2.8, 2.6))
    assert wider.offset[0] > narrow.offset[0] + 0.02


def test_few_stars_leave_what_is_expected():
    band, left = field(count=2)
    found = ridge(band, left, EXPECTED)
    named = slice(len(NAMES))
    np.testing.assert_allclose(found.slope[named], EXPECTED.slope[named], rtol=1.0)
    band, left = field(count=0)
    assert ridge(band, left, EXPECTED) is EXPECTED


def test_stars_with_neighbours_are_not_on_it():
    x, y = np.array([50.0, 55.0, 200.0, 400.0]), np.array([50.0, 50.0, 200.0, 400.0])
    flux = np.array([1000.0, 900.0, 1000.0, 20.0])
    stars = PointSources(x, y, flux, flux, flux, np.array([2, 2, 2, 2]), np.full(4, -1))
    assert isolated(stars, NOISE).tolist() == [2]
    saturated = PointSources(x, y, flux, flux, flux, np.array([2, 2, 3, 2]), np.full(4, -1))
    assert len(isolated(saturated, NOISE)) == 0


def test_object_wider_than_the_stars_is_off_the_ridge():
    band, left = field()
    found = ridge(band, left, EXPECTED)
    wide = 2000 * first_psf(4.0).stamp(0.2, -0.3, 14)
    piece = np.pad(wide, HALF - 14) + np.random.default_rng(2).normal(0, NOISE, (2 * HALF + 1,) * 2)
    scores = shape(piece, band.psf.at(0, 0, 15), NOISE, HALF, HALF).scores(found)
    assert scores[0] > 10 and scores[2] > 5

"""The stars that teach the PSF are bright, whole and alone, and they do teach it."""

import numpy as np
import pytest

from processing.photometry.fit import Stars
from processing.photometry.scan.fit import fitted
from processing.photometry.scan.psf_stars import clean_stars, learned_from_stars, touched
from processing.photometry.scan.tests import synthetic
from processing.photometry.scan.tests.test_learn import flux_errors


@pytest.fixture(scope="module")
def mixed():
    """Lone stars of 500 to 5,000 DN, every third with a neighbour of 40% 6 arcsec away, every fourth with one of 5%,
    and at the end as many faint ones of 300 DN (25 sigma of a pixel's noise of a star: too few)."""
    x, y = synthetic.lattice(36.0)
    flux = synthetic.fluxes(len(x), 500, 5000)
    share = np.where(np.arange(len(x)) % 3 == 0, 0.4, np.where(np.arange(len(x)) % 4 == 0, 0.05, 0.0))
    near = share > 0
    faint = x + 18, y + 18, np.full(len(x), 300.0)
    parts = (x, x[near] + 6, faint[0]), (y, y[near], faint[1]), (flux, (share * flux)[near], faint[2])
    return synthetic.scan(*(np.concatenate(part) for part in parts)), len(x), share


def test_clean_stars_are_bright_and_alone(mixed):
    scan, count, share = mixed
    chosen = clean_stars(synthetic.model(scan), 1000)
    assert len(chosen) >= 100 and chosen.max() < count
    assert (share[chosen] < 0.1).all() and (share[chosen] == 0.05).any()
    assert (scan.flux[chosen] > 30 * 1.5 * synthetic.NOISE).all()
    assert (np.diff(scan.flux[chosen]) <= 0).all()


def test_the_brightest_are_taken_first(mixed):
    scan, *_ = mixed
    some, more = (clean_stars(synthetic.model(scan), most) for most in (100, 150))
    assert len(some) == 100 and np.array_equal(more[:100], some)


def test_stars_with_unusable_pixels_on_several_frames_are_no_teachers(mixed):
    """A column of the array is dead: stars that keep in it cross it on all frames."""
    scan, *_ = mixed
    columns = np.broadcast_to(np.abs(np.arange(256) - 100) < 1, scan.usable.shape)
    model = synthetic.model(synthetic.without(scan, columns))
    x, y = synthetic.pixels(scan.solution, scan.grid, scan.x, scan.y)
    crosses = ((np.abs(x - 100) < 1.5) & (np.abs(y - 127.5) < 127)).sum(axis=0) >= 2
    assert crosses.sum() > 5 and touched(model, np.flatnonzero(crosses)).all()
    assert not crosses[clean_stars(model, 1000)].any()


def test_one_bad_pixel_on_one_frame_is_forgiven():
    scan = synthetic.scan([250.0], [700.0], 2000.0, bad=0.0)
    x, y = (np.rint(a[:, 0]).astype(int) for a in synthetic.pixels(scan.solution, scan.grid, scan.x, scan.y))
    where, seen = np.zeros(scan.usable.shape, bool), [n for n in range(12) if 10 < y[n] < 245]
    where[seen[0], y[seen[0]], x[seen[0]]] = True
    assert not touched(synthetic.model(synthetic.without(scan, where)), np.array([0]))[0]
    where[seen[1], y[seen[1]] + 2, x[seen[1]]] = True
    assert touched(synthetic.model(synthetic.without(scan, where)), np.array([0]))[0]


def test_the_psf_is_learnt_beside_blends_and_faint_stars(mixed):
    """From one that is 8% too wide, whose fluxes are wrong by several percent from phase to phase; 100 stars of S/N 50
    and more in six frames leave errors of 0.3%."""
    scan, *_ = mixed
    model = synthetic.model(scan, psf=synthetic.exact_psf(sigma=1.08 * synthetic.SIGMA), profile_error=0.005)
    before = flux_errors(model.psf)
    for _ in range(3):
        model = learned_from_stars(fitted(model, 2))
    after = flux_errors(model.psf)
    assert before.mean() > 0.03 and np.ptp(before) > 0.02
    assert abs(after.mean()) < 0.005 and np.std(after) < 0.004


@pytest.mark.parametrize("count", [1, 3, 9])
def test_a_few_stars_do_not_spoil_a_psf_that_is_right(count):
    """Of S/N 400 in six frames: their noise, learnt and learnt again, changes fluxes by less than 1%."""
    x, y = synthetic.lattice(150.0)
    scan = synthetic.scan(x[:count], y[:count], 3000.0, bad=0.0)
    model = synthetic.model(scan, profile_error=0.005)
    for _ in range(4):
        model = learned_from_stars(fitted(model, 1))
    assert np.abs(flux_errors(model.psf)).max() < 0.01


def test_without_a_clean_star_the_psf_stays():
    scan = synthetic.scan([250.0, 255.0], [700.0, 700.0], [200.0, 150.0])
    faint, nobody = synthetic.model(scan), synthetic.model(scan, Stars(*np.zeros((3, 0))))
    for model in (faint, nobody):
        assert len(clean_stars(model, 10)) == 0 and learned_from_stars(model) is model

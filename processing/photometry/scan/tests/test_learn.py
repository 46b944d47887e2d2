"""The PSF learnt from stars of another one: widths in time and over the field, and the surface itself."""

from dataclasses import replace

import numpy as np
import pytest

from processing.photometry.scan.cutouts import cutouts
from processing.photometry.scan.fit import fitted
from processing.photometry.scan.learn import learned, with_moments
from processing.photometry.scan.psf import first_guess
from processing.photometry.scan.tests import synthetic
from processing.photometry.scan.tests.test_kernels import stamp_of

FRAMES = 30


def drifting(frame, x, y):
    """A width that swings by 4% in the scan and grows by 6% from the centre to the corners, and an elongation along a
    diagonal that grows with the radius: 0.1 pixel in the corners."""
    u, v = (x - 127.5) / 128, (y - 127.5) / 128
    sigma = synthetic.SIGMA * (1 + 0.04 * np.sin(2 * np.pi * frame / FRAMES) + 0.03 * (u**2 + v**2))
    stretch = 0.05 * np.hypot(u, v)
    return {"sigma": sigma, "stretch": np.stack([stretch, stretch])}


def moments(frame, x, y):
    """Second moments xx, xy, yy of ``drifting`` stars less those of round ones of ``SIGMA``, pixel**2."""
    shape = drifting(frame, x, y)
    dx, dy = shape["stretch"]
    wider = shape["sigma"] ** 2 - synthetic.SIGMA**2
    return np.stack([wider + dx**2, dx * dy, wider + dy**2], axis=1)


@pytest.fixture(scope="module")
def changing():
    """A scan of bright stars whose images change: S/N of an apparition 100 to 600."""
    x, y = synthetic.lattice(48.0, FRAMES)
    return synthetic.scan(x, y, synthetic.fluxes(len(x), 2e3, 2e4), FRAMES, shape=drifting)


def test_widths_are_recovered_in_time_and_over_the_field(changing):
    """From fluxes that are wrong by 3%. Each star's width has an error of (noise of a pixel) / flux, some 0.003, so
    that of 17 numbers from 2,000 apparitions is nil; straight lines over 15 frames miss a sine of 0.014 by 0.003 at
    most, and elongation grows as the radius, not its square."""
    wrong = replace(changing.stars, flux=1.03 * changing.flux)
    model = synthetic.model(changing, wrong, replace(synthetic.exact_psf(FRAMES), nodes=np.linspace(0, FRAMES - 1, 5),
                                                     time=np.zeros((5, 3))))  # fmt: skip
    p = model.places
    psf = model.psf
    for _ in range(3):
        psf = with_moments(psf, cutouts(model.with_psf(psf), p), p, model.stars.flux[p.star])
    inside = (np.abs(p.x - 127.5) < 120) & (np.abs(p.y - 127.5) < 120)
    frame, x, y = p.frame[inside], p.x[inside], p.y[inside]
    true, found = moments(frame, x, y), psf.moments(frame, x, y)
    assert (np.std(true, axis=0) > [0.008, 0.0006, 0.008]).all()
    assert (np.std(found - true, axis=0) < [0.0015, 0.0005, 0.0015]).all()
    assert np.abs(np.mean(found - true, axis=0)).max() < 0.001


def test_without_light_nothing_is_learnt(changing):
    model = synthetic.model(changing)
    p, psf = model.places, replace(model.psf, time=np.zeros((2, 3)))
    cut = cutouts(model, p)
    found = with_moments(psf, replace(cut, weight=0 * cut.weight), p, model.stars.flux[p.star])
    assert np.abs(found.time).max() < 1e-12 and np.abs(found.field).max() < 1e-12


@pytest.fixture(scope="module")
def taught():
    """The PSF learnt from 230 stars of S/N 50 to 500 in one frame, from a first guess that is 10% too wide and has
    wings, as the photometry does it: fit, learn, three times."""
    x, y = synthetic.lattice(48.0)
    scan = synthetic.scan(x, y, synthetic.fluxes(len(x), 1e3, 1e4))
    psf = first_guess(12, 1.1 * synthetic.SIGMA)
    model = synthetic.model(scan, synthetic.shifted(scan.stars, place=0.1), psf, 0.005)
    for _ in range(3):
        model = fitted(model, 2)
        p = model.places
        model = model.with_psf(learned(model.psf, cutouts(model, p), p, model.stars.flux[p.star]))
    return fitted(model, 2)


def flux_errors(psf, most=0.5, count=15):
    """Relative errors of fluxes fitted with a PSF to exact faint stars all over the pixel, places known:
    (count**2,)."""
    phases, errors = np.linspace(-most, most, count), []
    for dx in phases:
        for dy in phases:
            stamp = stamp_of(psf.planes[0], 4, dx, dy, 3)[0]
            errors.append((stamp * synthetic.gaussian(dx, dy, half=3)[0]).sum() / (stamp**2).sum() - 1)
    return np.array(errors)


def test_a_learnt_surface_gives_the_flux_at_any_phase(taught):
    """The first guess is off by several percent, and differently from phase to phase. What is left is noise: in each of
    the surface's knots a pixel there are some 100 apparitions of S/N 150, 0.1%; the fit has several of them."""
    before, after = flux_errors(first_guess(12, 1.1 * synthetic.SIGMA)), flux_errors(taught.psf)
    assert np.ptp(before) > 0.03
    assert np.std(after) < 0.002 and np.ptp(after) < 0.01 and abs(after.mean()) < 0.005


def test_fluxes_of_the_stars_are_those_on_the_frames(taught):
    """Stars of S/N 300; of the wings of the first guess (6% of the light) the stars' noise hides what is below 1%."""
    true = synthetic.fluxes(len(taught.stars), 1e3, 1e4)
    wrong = (taught.stars.flux / true - 1)[true > 5e3]
    assert len(wrong) > 50 and abs(np.median(wrong)) < 0.006 and np.std(wrong) < 0.005

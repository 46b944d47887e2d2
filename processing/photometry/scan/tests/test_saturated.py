"""Saturated stars: their light is taken off, they join the list on its scale and with its axes."""

from types import SimpleNamespace

import numpy as np
import pytest

from processing.config import survey
from processing.photometry.bright.profile import default_profile
from processing.photometry.bright.stars import BrightStars
from processing.photometry.fit import Stars
from processing.photometry.scan.psf import enclosed
from processing.photometry.scan.saturated import RIM, apart_from, joined, on_fit_scale, without_bright
from processing.photometry.scan.tests import synthetic
from processing.photometry.sources import BandSources

READS = 25.49
"""Exposure of 1.3 s over that of the first read."""


def bright(ra, dec, flux, radius=6.0, method=1, cov=((0.01, 0.0), (0.0, 0.01)), to_total=READS):
    """BrightStars at places in deg."""
    n, one = len(ra), np.ones(len(ra))
    return BrightStars(np.asarray(ra), np.asarray(dec), np.tile(cov, (n, 1, 1)), flux * one, 0.01 * flux * one,
                       np.broadcast_to(method, n).copy(), np.full(n, 5), np.full(n, 6), radius * one, to_total,
                       default_profile())  # fmt: skip


@pytest.fixture(scope="module")
def field():
    """A scan of stars that are not saturated, and ra, dec of three places for others that are."""
    x, y = synthetic.lattice(60.0)
    scan = synthetic.scan(x, y, 3000.0, bad=0.0)
    return scan, *scan.grid.wcs.wcs_pix2world([150.0, 300.0, 400.0], [500.0, 702.3, 900.0], 0)


def test_halos_are_taken_off_to_below_the_noise(field):
    """Of stars with the wings of etc/survey.yaml, drawn here; within the saturated radius and its rim no pixel is used,
    outside all are, and what is left there is a tenth of the noise where the table ends or 2% of the halo."""
    scan, ra, dec = field
    wings, rows, columns = survey().wings, *np.mgrid[:256, :256]
    halo = np.zeros_like(scan.images)
    radius = np.full(halo.shape, np.inf)
    for x, y in zip(*(np.stack(a, 1) for a in scan.solution.pixel("j", np.arange(12)[:, None], ra, dec))):
        away = np.hypot(columns - x[:, None, None], rows - y[:, None, None])
        light = 10 ** np.interp(2.0 * away, wings.radius, wings.light)
        halo += np.where(2.0 * away < 100, 4 * 2e5 * light, 0)
        radius = np.minimum(radius, away)
    frames = halo.astype(np.float32), scan.usable, scan.noise
    raw, usable = without_bright(*frames, bright(ra, dec, 2e5), scan.solution, "j")
    assert np.array_equal(~usable, radius <= 3.0 + RIM)
    assert np.abs(raw[usable]).max() < max(0.1 * synthetic.NOISE * 3, 0.02 * halo[usable].max())
    assert halo[usable].max() > 20 and (halo[usable] > 5).sum() > 3000


def test_frames_without_bright_stars_stay_as_they_are(field):
    scan, *_ = field
    raw, usable = without_bright(scan.images, scan.usable, scan.noise, bright([], [], 1.0), scan.solution, "j")
    assert np.array_equal(raw, scan.images) and np.array_equal(usable, scan.usable)
    raw[:], usable[:] = 0, False
    assert scan.usable.all() and scan.images.any()


def test_first_reads_come_to_the_scale_of_the_fits(field):
    """First reads with 1/25.49 of the light; the bright stars were on a scale that is 5% wrong. 150 stars of S/N 25 in
    the noise of a first read, with the aperture of 4 arcsec: to 1%."""
    scan, ra, dec = field
    rng = np.random.default_rng(9)
    read1 = scan.light / READS + 4.0 * rng.standard_normal(scan.light.shape) / 3
    frames = SimpleNamespace(read1=read1.astype(np.float32), flaws=np.zeros(read1.shape, np.uint8))
    before = bright(ra, dec, 2e5 * 1.05, to_total=1.05 * READS)
    after = on_fit_scale(before, frames, synthetic.model(scan), 1.02)
    whole = enclosed(synthetic.exact_psf().surface, 2.0)
    assert after.flux / before.flux == pytest.approx(1.02 / 1.05 / whole, rel=0.01)


def test_without_clean_stars_the_scale_stays(field):
    scan, ra, dec = field
    faint = synthetic.model(scan, Stars(scan.x, scan.y, np.full(len(scan.x), 10.0)))
    before = bright(ra, dec, 2e5)
    assert on_fit_scale(before, None, faint, 1.02) is before


def test_fits_in_the_saturated_pixels_are_dropped():
    stars = Stars(np.array([100.0, 105.9, 106.1, 202.9, 203.1]), np.array([50.0, 50.0, 50.0, 80.0, 80.0]), np.ones(5))
    two = bright([0.0, 0.0], [0.0, 0.0], 1e5, radius=np.array([6.0, 1.0]))
    kept = apart_from(stars, two, np.array([100.0, 200.0]), np.array([50.0, 80.0]))
    assert kept.tolist() == [False, False, True, False, True]


def one_source():
    values = {name: np.array([value]) for name, value in {
        "x": 10.0, "y": 20.0, "x_var": 0.01, "y_var": 0.02, "xy_cov": 0.003, "flux": 100.0, "flux_err": 5.0,
        "chi2": 1.0, "blend": 2, "method": 2, "aperture_flux": 99.0, "aperture_flux_err": 8.0,
        "saturated": False}.items()}  # fmt: skip
    return BandSources("j", **values, fwhm=3.0, sky=0.0, noise=1.0, flux_noise=5.0, aperture_correction=1.05,
                       residual=np.zeros((4, 5)), ndet=np.array([[5, 6]]))  # fmt: skip


@pytest.fixture(scope="module")
def list_of_both(field):
    """A fitted source, one with a first read, one with wings and one without a flux."""
    scan, ra, dec = field
    flux, method = np.array([2e5, 9e6, np.nan]), np.array([1, 3, 9])
    stars = bright(ra, dec, flux, method=method, cov=((0.04, 0.012), (0.012, 0.01)))
    x, y = scan.grid.wcs.wcs_world2pix(ra, dec, 0)
    return scan, joined(one_source(), stars, x, y)


def test_covariances_turn_with_the_axes_of_the_strip(list_of_both):
    """East and north to pixels by the strip's own projection: x grows to the west."""
    scan, sources = list_of_both
    ra, dec = scan.grid.wcs.wcs_pix2world(sources.x[1], sources.y[1], 0)
    step = 1 / 3600
    ends = scan.grid.wcs.wcs_world2pix([ra, ra + step / np.cos(np.radians(dec)), ra], [dec, dec, dec + step], 0)
    jacobian = np.array([[a[1] - a[0], a[2] - a[0]] for a in ends])
    expected = jacobian @ np.array([[0.04, 0.012], [0.012, 0.01]]) @ jacobian.T
    found = [sources.x_var[1], sources.xy_cov[1], sources.y_var[1]]
    assert found == pytest.approx([expected[0, 0], expected[0, 1], expected[1, 1]], rel=0.01)
    assert found[1] < -0.01 and sources.xy_cov[0] == 0.003


def test_bright_stars_stand_behind_the_others_with_their_methods(list_of_both):
    sources = list_of_both[1]
    assert len(sources) == 4 and sources.method.tolist() == [2, 1, 3, 9]
    assert sources.saturated.tolist() == [False, True, True, True]
    assert sources.flux[:3].tolist() == [100.0, 2e5, 9e6] and np.isnan(sources.flux[3])
    assert np.isnan(sources.chi2[1:]).all() and sources.x[1] == pytest.approx(150.0, abs=1e-6)


def test_an_aperture_flux_is_that_of_the_first_read_only(list_of_both):
    sources = list_of_both[1]
    assert sources.aperture_flux[:2].tolist() == [99.0, 2e5] and np.isnan(sources.aperture_flux[2:]).all()


def test_wings_are_no_detections(list_of_both):
    """N of ndet is 0 where the flux is from the wings."""
    assert list_of_both[1].ndet.tolist() == [[5, 6], [5, 6], [0, 6], [5, 6]]

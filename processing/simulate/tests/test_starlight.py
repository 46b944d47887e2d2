"""Stars on raw frames against the PSF's formula integrated by brute force, and the optics against astropy's WCS."""

import numpy as np
import pytest
from astropy.wcs import WCS

from processing.config import survey
from processing.simulate.optics import CORNER, Optics, optics, tangent
from processing.simulate.psf import WINGS
from processing.simulate.starlight import Wings, light_shares
from processing.simulate.truth import star_image

SETTINGS = survey().simulated_night
PLAIN = Optics(0, 0, 0, 2.0, 0, 0, 0, 0, 0, 0, 0, 0)
ROW = {"sigma": 0.65, "stretch_x": 0.2, "stretch_y": -0.1}


def brute(x, y, size, fine=100):
    """The PSF of survey.yaml and psf.WINGS summed over ``fine`` x ``fine`` points a pixel, (size, size)."""
    centres = (np.arange(size * fine) + 0.5) / fine - 0.5
    dx, dy = 2.0 * (centres - x), 2.0 * (centres - y)[:, None]
    core = 1 - sum(share for _, share in (*WINGS, *SETTINGS.halo)) - SETTINGS.spike_share
    parts = [(ROW["sigma"], core / 2, ROW["stretch_x"], ROW["stretch_y"])]
    parts += [(ROW["sigma"], core / 2, -ROW["stretch_x"], -ROW["stretch_y"])]
    parts += [(sigma, share, 0, 0) for sigma, share in WINGS if sigma < 5]
    total = 0
    for s, p, ex, ey in parts:
        total = total + p * np.exp(-((dx - ex) ** 2 + (dy - ey) ** 2) / 2 / s**2) / (2 * np.pi * s**2)
    for along, across in ((dx, dy), (dy, dx)):
        arm = SETTINGS.spike_share / 4 * SETTINGS.spike_turn / (SETTINGS.spike_turn + np.abs(along)) ** 2
        width = SETTINGS.spike_width
        total = total + arm * np.exp(-(across**2) / 2 / width**2) / np.sqrt(2 * np.pi) / width
    return total.reshape(size, fine, size, fine).mean(axis=(1, 3)) * 4.0


@pytest.mark.parametrize("x, y", [(10.0, 10.0), (10.3, 9.6), (9.5, 10.5)])
def test_star_is_its_formula_integrated_over_the_pixels(x, y):
    """Cut where fainter than 0.002 DN a pixel: a star of 1e5 DN is right to a tenth of its noise."""
    image = star_image(PLAIN, ROW, x, y, 1e5, (21, 21))
    assert image == pytest.approx(1e5 * brute(x, y, 21), abs=5.0)
    assert image.max() > 2e4


def test_all_light_is_there():
    """What is missing in the narrow part is on the plane of the wide wings, but for the ends of the spikes."""
    _, _, far, spikes = light_shares()
    inside = star_image(PLAIN, ROW, 127.2, 128.1, 1e6).sum() / 1e6
    ends = spikes * (1 - 256 / (256 + SETTINGS.spike_turn))
    assert inside + far[:, 1].sum() + ends == pytest.approx(1, abs=2e-4)


def test_faint_stars_have_the_same_shape_as_bright_ones():
    faint, bright = (star_image(PLAIN, ROW, 30.2, 30.4, dn, (61, 61)) / dn for dn in (100.0, 1e6))
    near = np.hypot(*(np.indices((61, 61)) - 30)) < 7
    assert faint[near].sum() == pytest.approx(bright[near].sum(), abs=0.003)


def test_spikes_fall_with_the_square_of_the_distance():
    image = star_image(PLAIN, ROW, 127.5, 127.5, 1e7)
    for strip in (image[121:135], image[:, 121:135].T):
        profile = strip.sum(axis=0)[128:]
        expected = ((SETTINGS.spike_turn + 101) / (SETTINGS.spike_turn + 201)) ** 2
        assert profile[100] / profile[50] == pytest.approx(expected, rel=0.02)
    assert image[180, 180] < 1e-3 * image[127, 180]


def test_wide_wings_are_gaussians_around_the_star():
    star = 40.0, 30.02
    wings = Wings(40.0, 30.0, 30.1, np.array([star[0]]), np.array([star[1]]), np.array([1e6]))
    frame = np.zeros((256, 256))
    wings.add_to(frame, PLAIN.affine(), 40.005, 30.03, 2.0)
    x, y = PLAIN.pixel(*tangent(*star, 40.005, 30.03))
    rows, columns = np.indices(frame.shape)
    r2 = 4.0 * ((columns - x) ** 2 + (rows - y) ** 2)
    _, _, far, _ = light_shares()
    expected = sum(1e6 * share * 4 / (2 * np.pi * s**2) * np.exp(-r2 / 2 / s**2) for s, share in far)
    assert frame == pytest.approx(expected, rel=0.08, abs=0.02)
    assert frame.sum() == pytest.approx(expected.sum(), rel=0.005)


def test_elongation_and_width_grow_to_the_corners():
    geometry = optics(4, 0, "h")
    ex, ey = geometry.stretch(np.array([127.5, 255.0]), np.array([127.5, 255.0]))
    assert np.hypot(ex, ey) == pytest.approx([0, SETTINGS.elongation])
    edge = geometry.core(np.array([127.5, 0, 255, 0, 255]), np.array([127.5, 0, 0, 255, 255]), 1.0)
    assert edge[0] == 1 and edge[1:].mean() == pytest.approx(1 + SETTINGS.seeing_field)


def test_geometry_is_that_of_a_tangential_wcs():
    """East is towards smaller x; a rotation turns north towards east."""
    turn, scale = np.radians(0.4), 2.003
    geometry = Optics(3.0, -2.0, turn, scale, 0, 0, 0, 0, 0, 0, 0, 0)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [150.0, 45.0]
    cos, sin = np.cos(turn) * scale / 3600, np.sin(turn) * scale / 3600
    wcs.wcs.cd = [[-cos, sin], [sin, cos]]
    offset = np.linalg.solve(wcs.wcs.cd, np.array([3.0, -2.0]) / 3600)
    wcs.wcs.crpix = 128.5 - offset
    ra, dec = wcs.wcs_pix2world([0, 255, 17.3, 127.5], [0, 255, 200.1, 127.5], 0)
    x, y = geometry.pixel(*tangent(ra, dec, 150.0, 45.0))
    assert x == pytest.approx([0, 255, 17.3, 127.5], abs=1e-6) and y == pytest.approx([0, 255, 200.1, 127.5], abs=1e-6)
    xi, eta = tangent(ra, dec, 150.0, 45.0)
    a = geometry.affine()
    assert xi == pytest.approx(a[0] + a[1] * x + a[2] * y, abs=1e-6)
    assert eta == pytest.approx(a[3] + a[4] * x + a[5] * y, abs=1e-6)


def test_distortion_is_a_tenth_of_a_pixel_in_the_corners():
    geometry = Optics(0, 0, 0, 2.0, 0.1, 0, 0, 0, 0, 0, 0, 0)
    x, y = geometry.pixel(np.array([255.0, 0.0]), np.array([255.0, 0.0]))
    assert np.hypot(x - [0, 127.5], y - [255, 127.5]) == pytest.approx([0.1, 0], abs=1e-6)
    assert CORNER == pytest.approx(180.3, abs=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_every_night_keeps_the_promises_of_the_format(seed):
    bands = [optics(seed, night, band) for night in range(3) for band in "jhk"]
    for night in range(3):
        three = bands[3 * night:3 * night + 3]
        for name in ("east", "north"):
            assert np.ptp([getattr(b, name) for b in three]) <= 10
        assert np.ptp([b.rotation for b in three]) <= 5e-3
    assert all(abs(b.rotation) < np.radians(0.5) + 2.5e-3 and abs(b.scale / 2 - 1) <= 0.002 for b in bands)
    assert all(0.04 < abs(b.distortion) <= 0.1 for b in bands)
    assert len({b.rotation for b in bands}) == 9

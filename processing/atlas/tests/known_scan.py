"""Made-up scans with the Solution that is true of them."""

import numpy as np

from processing.astrometry.adjust import State
from processing.astrometry.camera import terms
from processing.astrometry.solution import Solution
from processing.astrometry.tests import made_up_scan as made

MADE = made


def camera(band):
    """Coefficients (2, TERMS) fitted to the formulas of the raw format for the array of ``band``."""
    east, north = (grid.ravel() for grid in np.meshgrid(np.linspace(-0.076, 0.076, 23), np.linspace(-0.076, 0.076, 23)))
    a, d = np.radians(east), np.radians(north)
    xi, eta = (206264.806 * up / (np.cos(d) * np.cos(a)) for up in (np.cos(d) * np.sin(a), np.sin(d)))
    x, y = made.project(made.CAMERAS[band], 0.0, 0.0, east, north)
    return np.stack([np.linalg.lstsq(terms(x, y), value, rcond=None)[0] for value in (xi, eta)])


def true_solution(pointing, bands="j"):
    """The Solution of frames whose true pointing is (ra, dec)."""
    n = len(pointing[0])
    zero, cameras = np.zeros((n, 2)), np.array([camera(band) for band in bands])
    state = State(zero, cameras, np.zeros((len(bands), 2, 2)), np.zeros((0, 3)))
    return Solution(pointing, tuple(bands), state, zero, zero, {b: 0.0 for b in bands}, zero[:0], 0, "")


def straight(n, ra=123.0, dec=30.0, step=82.4, direction=1):
    """Pointing of a scan without any jitter."""
    return np.full(n, ra), dec + direction * step * np.arange(n) / 3600


def noise_frames(n, sigma=8.5, level=0.0, seed=3):
    """Frames of empty sky, DN."""
    rng = np.random.default_rng(seed)
    return (level + sigma * rng.standard_normal((n, made.SIZE, made.SIZE))).astype(np.float32)


def star_frames(pointing, ra, dec, flux, band="j"):
    """Frames of stars without noise, DN."""
    out = np.zeros((len(pointing[0]), made.SIZE, made.SIZE))
    for image, a, d in zip(out, *pointing):
        x, y = made.project(made.CAMERAS[band], a, d, ra, dec)
        for k in np.flatnonzero((np.abs(x - 128) < 136) & (np.abs(y - 128) < 136)):
            made.add_star(image, x[k], y[k], flux[k])
    return out.astype(np.float32)

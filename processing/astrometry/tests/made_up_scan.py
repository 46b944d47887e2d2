"""A scan of made-up stars, straight from the formulas of the raw night format: independent of the code under test."""

from dataclasses import dataclass

import numpy as np
from scipy.special import erf

GAIN, NOISE, SIZE, CENTRE = 10.0, {"j": 8.5, "h": 15.8, "k": 18.5}, 256, 127.5
CORE = ((0.46, 0.80), (0.85, 0.16), (2.2, 0.04))
"""Width (sigma, pixel) and share of the Gaussians of the PSF: no Gaussian, FWHM 1.2 pixel."""

CAMERAS = {  # east, north (arcsec), rotation (rad), scale (arcsec/pixel), distortion (pixel in the corners)
    "j": (3.0, -2.0, np.radians(0.41), 2.003, 0.09),
    "h": (-4.5, 1.5, np.radians(0.41) + 4e-3, 1.998, -0.07),
    "k": (1.0, 4.8, np.radians(0.41) - 1e-3, 2.001, 0.08),
}


@dataclass(frozen=True)
class Scan:
    """Truth and frames: star places (deg), fluxes (DN), true and reported pointing (deg), images by band."""

    ra: np.ndarray
    dec: np.ndarray
    flux: np.ndarray
    pointing: tuple
    reported: tuple
    images: dict

    def pixel(self, band, frame, ra, dec):
        """Where the truth puts ra, dec."""
        return project(CAMERAS[band], *(p[frame] for p in self.pointing), ra, dec)


def project(camera, ra0, dec0, ra, dec):
    """Column and row by textbook gnomonic projection, rotation, scale and radial distortion."""
    east, north, turn, scale, bend = camera
    a, d, d0 = np.radians(ra - ra0), np.radians(dec), np.radians(dec0)
    below = np.sin(d0) * np.sin(d) + np.cos(d0) * np.cos(d) * np.cos(a)
    u = 206264.806 * np.cos(d) * np.sin(a) / below - east
    v = 206264.806 * (np.cos(d0) * np.sin(d) - np.sin(d0) * np.cos(d) * np.cos(a)) / below - north
    px, py = -(u * np.cos(turn) - v * np.sin(turn)) / scale, (u * np.sin(turn) + v * np.cos(turn)) / scale
    stretch = 1 + bend / (CENTRE * np.sqrt(2)) * (px**2 + py**2) / (2 * CENTRE**2)
    return CENTRE + px * stretch, CENTRE + py * stretch


def stamp(n, position, core=CORE):
    """Light of a star at ``position`` in ``n`` pixels along one axis, for each Gaussian: (len(core), n)."""
    edges = np.arange(n + 1) - 0.5 - position
    return np.array([np.diff(erf(edges / (sigma * np.sqrt(2)))) / 2 for sigma, _ in core])


def add_star(image, x, y, flux, reach=8):
    """Light of a star into an image, where it is near."""
    i, j = max(int(x) - reach, 0), max(int(y) - reach, 0)
    patch = image[j : j + 2 * reach + 1, i : i + 2 * reach + 1]
    if patch.size:
        across, up = stamp(patch.shape[1], x - i), stamp(patch.shape[0], y - j)
        patch += flux * np.einsum("g,gj,gi->ji", [share for _, share in CORE], up, across)


def pointings(rng, n, ra0, dec0, wander=0.7):
    """True pointing along a meridian, and the reported one: constant, wander and jitter as the format allows."""
    t = np.arange(n)
    dec = dec0 + (t * 82.4 + rng.normal(0, 0.1, n)) / 3600
    ra = ra0 + 1.5 * np.sin(t / 30) / 3600 / np.cos(np.radians(dec))
    east = 3.1 + wander * np.sin(t / 19) + rng.normal(0, 0.5, n)
    north = -2.4 + wander * np.cos(t / 23) + rng.normal(0, 0.5, n)
    return (ra % 360, dec), ((ra + east / 3600 / np.cos(np.radians(dec))) % 360, dec + north / 3600)


def scan(n=40, stars=400, seed=1, place=(123.0, 30.0), faintest=300.0, brightest=30000.0, bands="jhk"):
    """A Scan of ``n`` frames with so many stars, number growing with faintness by 10**0.35 a magnitude."""
    rng = np.random.default_rng(seed)
    true, reported = pointings(rng, n, *place)
    dec = rng.uniform(true[1].min() - 0.08, true[1].max() + 0.08, stars)
    ra = place[0] + rng.uniform(-0.075, 0.075, stars) / np.cos(np.radians(dec))
    flux = np.minimum(faintest * rng.uniform(0, 1, stars) ** (-1 / 0.875), brightest)
    images = {band: _images(band, rng, ra, dec, flux, true) for band in bands}
    return Scan(ra, dec, flux, true, reported, images)


def _images(band, rng, ra, dec, flux, pointing):
    out = []
    for a, d in zip(*pointing):
        image = np.zeros((SIZE, SIZE))
        x, y = project(CAMERAS[band], a, d, ra, dec)
        for k in np.flatnonzero((x > -8) & (y > -8) & (x < SIZE + 8) & (y < SIZE + 8)):
            add_star(image, x[k], y[k], flux[k])
        out.append(rng.poisson(image * GAIN) / GAIN + NOISE[band] * rng.standard_normal(image.shape))
    return np.array(out, np.float32)

"""Fields of stars and galaxies whose light is known to the last digit: Gaussians behind a Gaussian PSF.

    field = synthetic_fields.field(stars, galaxies)      its point sources are the stars
"""

import numpy as np
from scipy import ndimage

from processing.extended.field import BandField, Field, PointSources
from processing.extended.psf import ImagePSF
from processing.photometry.spline_psf import KNOTS, SplinePSF, grid_size
from processing.simulate.psf import sersic_gaussians

SIGMA = 1.2
"""Of a star, arcsec: FWHM 2.8."""

NOISE = {"j": 0.5, "h": 0.9, "k": 1.1}
"""Of a pixel, DN."""

LIKENESS = 0.94
"""Sigma in pixels of the Gaussian that gives white noise the correlation of a coadd (coadd.noise_correlation)."""

RADIUS = 14


def psf():
    """The ImagePSF of these stars: a spline through the Gaussian."""
    at = (np.arange(grid_size(RADIUS)) - (grid_size(RADIUS) - 1) / 2) / KNOTS
    line = np.exp(-0.5 * (at / SIGMA) ** 2) / np.sqrt(2 * np.pi) / SIGMA
    return ImagePSF(SplinePSF(ndimage.spline_filter(np.outer(line, line), order=3, mode="mirror"), RADIUS))


def gaussian(shape, x, y, flux, xx, xy, yy):
    """Light of a Gaussian with these second moments (pixel**2) in the middles of pixels: ``shape``."""
    image, det = np.zeros(shape), xx * yy - xy**2
    (x0, x1), (y0, y1) = ((max(int(place - 7 * np.sqrt(m)), 0), min(int(place + 7 * np.sqrt(m)) + 2, n))
                          for place, m, n in zip((x, y), (xx, yy), shape[::-1]))  # fmt: skip
    v, u = np.mgrid[y0:y1, x0:x1]
    q = (yy * (u - x) ** 2 - 2 * xy * (u - x) * (v - y) + xx * (v - y) ** 2) / det
    image[y0:y1, x0:x1] = flux * np.exp(-0.5 * q) / (2 * np.pi * np.sqrt(det))
    return image


def star(shape, x, y, flux):
    """A star: ``shape``."""
    return gaussian(shape, x, y, flux, SIGMA**2, 0.0, SIGMA**2)


def galaxy(shape, x, y, flux, reff, index=1.0, ratio=1.0, angle=0.0):
    """A Sersic profile behind the PSF; ``angle``: rad, of the major axis from x towards y."""
    image = np.zeros(shape)
    for sigma, share in zip(*sersic_gaussians(index)):
        major, minor = (sigma * reff) ** 2, (sigma * reff * ratio) ** 2
        cos, sin = np.cos(angle), np.sin(angle)
        moments = (major * cos**2 + minor * sin**2 + SIGMA**2, (major - minor) * cos * sin,
                   major * sin**2 + minor * cos**2 + SIGMA**2)  # fmt: skip
        image += gaussian(shape, x, y, share * flux, *moments)
    return image


def noise(shape, sigma, seed):
    """Noise of ``sigma`` DN a pixel with the correlation of a coadd."""
    white = np.random.default_rng(seed).standard_normal(shape)
    smooth = ndimage.gaussian_filter(white, LIKENESS, mode="wrap")
    return sigma * smooth / smooth.std()


def sources(stars, more=()):
    """PointSources of (x, y, flux), those of ``more`` with a flux that counts as saturated behind them."""
    x, y, flux = np.array([*stars, *more], float).reshape(-1, 3).T
    method = np.array([2] * len(stars) + [3] * len(more), int)
    n = len(x)
    return PointSources(x, y, flux, np.full(n, 10.0), np.ones(n), method, np.arange(n))


def field(stars=(), galaxies=(), shape=(256, 256), bands="jhk", seed=1, sky=0.0, noisy=True, listed=None, saturated=()):
    """The Field of stars (x, y, flux) and galaxies (arguments of ``galaxy`` after shape), alike in all bands.

    ``sky``: DN, number or image; ``listed``: what the list of point sources has instead of the stars.
    """
    light = np.zeros(shape) + sky
    for one in (*stars, *saturated):
        light += star(shape, *one)
    for one in galaxies:
        light += galaxy(shape, *one)
    found = {}
    for k, letter in enumerate(bands):
        data = light + (noise(shape, NOISE[letter], [seed, k]) if noisy else 0.0)
        sigma = np.full(shape, NOISE[letter], np.float32)
        stars_here = sources(stars if listed is None else listed, saturated)
        found[letter] = BandField(letter, data.astype(np.float32), sigma, psf(), 20.0, 0.01, stars_here)
    return Field(found, None, "synthetic")


def scattered(count, shape, seed, margin=15, low=30.0, high=3000.0):
    """Stars at random places, fluxes even in the logarithm: (count, 3)."""
    rng = np.random.default_rng(seed)
    x, y = (rng.uniform(margin, n - margin, count) for n in shape[::-1])
    return np.column_stack([x, y, np.exp(rng.uniform(np.log(low), np.log(high), count))])

"""Stamps of galaxies whose light is known: Sersic profiles behind a PSF, with the noise of coadds."""

import numpy as np
from astropy.wcs import WCS
from scipy import fft
from scipy.special import gamma, gammaincinv

from processing.config import survey
from processing.detect.noise import summed_noise
from processing.extended.apertures import electrons
from processing.extended.field import BandStamp, Stamp

ZERO_POINTS = {"j": 20.9, "h": 20.5, "k": 19.9}
SIGMAS = {"j": 0.51, "h": 0.95, "k": 1.11}
"""Noise of a pixel, DN (survey_numbers: medians of the survey)."""

PSF = ((1.15, 0.89), (2.0, 0.08), (4.0, 0.03))
"""Gaussians of a star in the coadd: sigma, pixel, and part of the light."""


def star(half=14):
    """A star of unit flux: (2 half + 1)**2."""
    y, x = np.mgrid[-half:half + 1, -half:half + 1]
    return sum(w * np.exp(-0.5 * (x**2 + y**2) / s**2) / (2 * np.pi * s**2) for s, w in PSF)


def galaxy(side, reff, index, ratio=1.0, angle=0.0, centre=None, fine=5):
    """A galaxy behind the PSF, all of its light to infinity 1: (side, side). ``angle``: rad from +x to +y."""
    x0, y0 = centre or (side // 2, side // 2)
    at = (np.arange(side * fine) + 0.5) / fine - 0.5
    dx, dy = at[None, :] - x0, at[:, None] - y0
    u, v = dx * np.cos(angle) + dy * np.sin(angle), (dy * np.cos(angle) - dx * np.sin(angle)) / ratio
    b = gammaincinv(2 * index, 0.5)
    far = np.hypot(u, v) / reff
    light = np.exp(-b * np.maximum(far, 0.02 / fine) ** (1 / index))
    core = _core(reff, index, ratio, b, fine, angle, (x0, y0), side)
    light[core[0]] = core[1]
    light /= _whole(reff, index, ratio, b) * fine**2
    light = light.reshape(side, fine, side, fine).sum((1, 3))
    k = 2 * np.pi * np.hypot(*np.meshgrid(fft.fftfreq(2 * side), fft.rfftfreq(2 * side), indexing="ij"))
    smear = sum(w * np.exp(-0.5 * (k * s) ** 2) for s, w in PSF)
    padded = fft.irfft2(fft.rfft2(light, (2 * side, 2 * side)) * smear, (2 * side, 2 * side))
    return padded[:side, :side]


def _core(reff, index, ratio, b, fine, angle, centre, side, more=16):
    """The fine pixels around the centre, each the mean of ``more``**2 points: where, values."""
    half = 3 * fine
    ix, iy = (int(round((c + 0.5) * fine)) for c in centre)
    rows = np.s_[iy - half:iy + half, ix - half:ix + half]
    at = (np.arange(2 * half * more) + 0.5) / (fine * more)
    dx = (ix - half) / fine - 0.5 + at[None, :] - centre[0]
    dy = (iy - half) / fine - 0.5 + at[:, None] - centre[1]
    u, v = dx * np.cos(angle) + dy * np.sin(angle), (dy * np.cos(angle) - dx * np.sin(angle)) / ratio
    light = np.exp(-b * (np.hypot(u, v) / reff) ** (1 / index))
    return rows, light.reshape(2 * half, more, 2 * half, more).mean((1, 3))


def _whole(reff, index, ratio, b):
    """Light of exp(-b r**(1/n))."""
    return 2 * np.pi * index * gamma(2 * index) * b ** (-2 * index) * ratio * reff**2


def noise(side, rng):
    """Noise of unit variance with the correlation of coadds."""
    correlation = np.zeros(side)
    known = np.array(survey().coadd.noise_correlation)
    correlation[: known.size] = known
    correlation[-known.size + 1:] = known[:0:-1]
    root = np.sqrt(np.maximum(fft.fft(correlation).real, 0))
    return fft.ifft2(fft.fft2(rng.standard_normal((side, side))) * np.outer(root, root)).real


def stamp(magnitudes, image, seed=None, level=0.0, centre=None):
    """A Stamp of ``image`` (unit flux) with magnitudes {letter: mag}; ``seed`` None: no noise; ``level``: error of the
    background, in units of the noise of a pixel."""
    side, rng = image.shape[0], np.random.default_rng(seed)
    x, y = centre or (side // 2, side // 2)
    bands = {}
    for band, magnitude in magnitudes.items():
        data = image * 10 ** (0.4 * (ZERO_POINTS[band] - magnitude))
        sigma = SIGMAS[band]
        if seed is not None:
            photons = np.sqrt(np.maximum(data, 0) / electrons()) / summed_noise()
            data = data + sigma * noise(side, rng) + photons * noise(side, rng) + level * sigma * rng.standard_normal()
        bands[band] = BandStamp(data, np.full(data.shape, sigma), np.zeros(data.shape, np.uint8), data, star(),
                                level * sigma, ZERO_POINTS[band])  # fmt: skip
    return Stamp(0, 0, round(x), round(y), bands, 3.0)


def wcs():
    """North up, east left, 1 arcsec pixels."""
    found = WCS(naxis=2)
    found.wcs.ctype, found.wcs.crval, found.wcs.crpix = ["RA---TAN", "DEC--TAN"], [150.0, 20.0], [1, 1]
    found.wcs.cdelt = [-1 / 3600, 1 / 3600]
    return found

"""Extended profiles and stars on a small piece of the strip, as its whitened pixels show them.

A profile is a sum of Gaussians (Hogg & Lang 2013, PASP 125, 719): its Fourier transform is one of q = k C k alone, C
the matrix that makes the round profile an ellipse. So a galaxy behind the PSF is a product in Fourier space, as a moved
star is, and the whitening of the strip's correlated noise (detect.noise) is one more factor.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import fft
from scipy.optimize import nnls
from scipy.special import gamma

from processing.photometry.scan.detection import coadd_psf, whitened

INDICES = (1.0, 4.0)
"""Sersic indices of the profiles whose sum a galaxy is: a disc (exponential) and a bulge (de Vaucouleurs)."""

WIDTHS = np.geomspace(0.01, 5.0, 11)
"""Of the Gaussians, in half-light radii."""

LOG_Q = np.linspace(-12.0, 12.0, 961)
"""Where the transforms are worked out: log of the squared wave number, in half-light radii."""

STAR, EXTENDED = 3, 5 + len(INDICES)
"""Parameters of a star: x, y, flux; of a galaxy: x, y, log half-light radius, two of the ellipse, light of each
profile."""


@cache
def mixture(index):
    """Weights (sum 1) of the Gaussians of WIDTHS that make a Sersic profile of half-light radius 1, out to 8."""
    radius = np.geomspace(0.01, 8.0, 80)
    b = 2 * index - 1 / 3 + 4 / (405 * index)
    light = np.exp(-b * radius ** (1 / index)) * b ** (2 * index) / (2 * np.pi * index * gamma(2 * index))
    gaussians = np.exp(-0.5 * (radius[:, None] / WIDTHS) ** 2) / (2 * np.pi * WIDTHS**2)
    weights, _ = nnls(gaussians * radius[:, None], light * radius, maxiter=10000)
    return weights / weights.sum()


@cache
def _transforms():
    """Fourier transforms of the profiles at LOG_Q and q times their slopes with q: (2 profiles, n), float32."""
    parts = -0.5 * np.exp(LOG_Q)[:, None] * WIDTHS**2
    weights = [mixture(index) for index in INDICES]
    rows = [np.exp(parts) @ one for one in weights] + [(parts * np.exp(parts)) @ one for one in weights]
    return np.stack(rows).astype(np.float32)


@dataclass(frozen=True)
class Beam:
    """The whitened PSF on a piece of ``side`` x ``side`` pixels in Fourier space, arrays (m,): ``light``; ``kx``,
    ``ky``: wave numbers, radian a pixel; ``products`` (3, m): kx**2, 2 kx ky, ky**2."""

    side: int
    light: np.ndarray
    kx: np.ndarray
    ky: np.ndarray
    products: np.ndarray


def beam(psf, side):
    """The Beam of a FramePSF."""
    return beam_of(coadd_psf(psf, min(15, side // 2 - 5)), side)


def beam_of(star, side):
    """The Beam of a star of unit flux on 1 arcsec pixels, its light (m, m), odd m < side - 8."""
    half = len(star) // 2
    stamp = whitened(np.pad(star, 4)).astype(np.float32)
    image = np.zeros((side, side), np.float32)
    image[:len(stamp), :len(stamp)] = stamp
    light = fft.rfft2(np.roll(image, (-(half + 4), -(half + 4)), axis=(0, 1)))
    k = np.meshgrid(2 * np.pi * fft.rfftfreq(side), 2 * np.pi * fft.fftfreq(side))
    kx, ky = (one.ravel().astype(np.float32) for one in k)
    return Beam(side, light.ravel(), kx, ky, np.stack([kx**2, 2 * kx * ky, ky**2]))


def ellipse(log_r, e1, e2):
    """The matrix of q as (xx, xy, yy), arcsec**2: axis ratio exp(-|e|), root of the product of the axes exp(log_r)."""
    e, size = math.hypot(e1, e2), math.exp(2 * log_r)
    ratio = math.sinh(e) / e if e > 1e-6 else 1.0
    return size * np.array([math.cosh(e) + ratio * e1, ratio * e2, math.cosh(e) - ratio * e1])


def draw(beam, galaxy, stars):
    """The image of a galaxy and stars, and its derivatives with all their parameters.

    Parameters
    ----------
    galaxy : ndarray, (EXTENDED,), or (0,) for none
    stars : ndarray, (n, STAR)

    Returns
    -------
    image : (side, side)
    slopes : (parameters, side, side), float32
    """
    planes = _galaxy(beam, galaxy) if len(galaxy) else []
    for x, y, flux in stars:
        star = moved(beam, x, y)
        bright = np.complex64(-1j * flux) * star
        planes += [beam.kx * bright, beam.ky * bright, star]
    planes = np.array(planes).reshape(len(planes), beam.side, -1)
    slopes = fft.irfft2(planes, s=(beam.side, beam.side), axes=(1, 2), overwrite_x=True)
    light = np.zeros(len(planes), np.float32)
    light[5:len(galaxy)], light[len(galaxy) + 2::STAR] = galaxy[5:], stars[:, 2]
    return (light @ slopes.reshape(len(planes), -1)).reshape(beam.side, beam.side), slopes


def image_of(beam, stars):
    """The image of stars (n, STAR) alone, (side, side)."""
    plane = np.zeros(len(beam.light), np.complex64)
    for x, y, flux in stars:
        plane += np.float32(flux) * moved(beam, x, y)
    return fft.irfft2(plane.reshape(beam.side, -1), s=(beam.side, beam.side))


def smoothed(beam, image):
    """An image as the matched filter shows it: its correlation with the PSF."""
    plane = fft.rfft2(image).ravel() * beam.light.conj()
    return fft.irfft2(plane.reshape(beam.side, -1), s=image.shape)


def moved(beam, x, y):
    """The PSF at a place: (m,)."""
    row = np.exp(np.complex64(-1j * x) * beam.kx[:beam.side // 2 + 1])
    column = np.exp(np.complex64(-1j * y) * beam.ky[::beam.side // 2 + 1])
    return beam.light * (column[:, None] * row).ravel()


def _galaxy(beam, galaxy):
    """The galaxy's derivatives with its parameters, in Fourier space: list of (m,)."""
    shape, light, n = galaxy[2:5], galaxy[5:].astype(np.float32), len(INDICES)
    here = ellipse(*shape)
    turns = [(ellipse(*(shape + step)) - here) / 1e-4 for step in 1e-4 * np.eye(3)]
    q, *change = np.array([here, *turns], np.float32) @ beam.products
    values, place = looked_up(q), moved(beam, *galaxy[:2])
    total = np.complex64(-1j) * place * (light @ values[:n])
    slope = place * (light @ values[n:] / np.maximum(q, np.float32(1e-9)))
    return [beam.kx * total, beam.ky * total, *(slope * one for one in change), *(place * one for one in values[:n])]


def looked_up(q):
    """The columns of ``_transforms`` at q (m,)."""
    place = (np.log(np.maximum(q, np.float32(1e-5))) - np.float32(LOG_Q[0])) / np.float32(LOG_Q[1] - LOG_Q[0])
    place = np.minimum(place, np.float32(len(LOG_Q) - 2))
    low = place.astype(int)
    part = (place - low).astype(np.float32)
    table = _transforms()
    before = table.take(low, axis=1)
    return before + part * (table.take(low + 1, axis=1) - before)

"""Which point sources are wider than the PSF: what their fits leave, seen through a galaxy's image.

The filter is the whitened image of an exponential disc behind the PSF less all of it that a star with its place and
flux free would take (generalised least squares); so a star gives nothing whatever its fit, and a galaxy the light of
its disc (the idea of SPREAD_MODEL, Desai et al. 2012, ApJ 757, 83). What stars give all the same, as the PSF is not
known perfectly, is followed along the field: the ridge, and the scatter about it.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import fft

from processing.config import survey
from processing.detect.noise import HALF_WIDTH, passband_excess, whiten
from processing.extended.noise import by_row, robust_scatter, typical
from processing.extended.pixels import responses
from processing.extended.psf import cell_psf
from processing.extended.starlight import saturated
from processing.photometry.scan.profiles import WIDTHS, mixture
from processing.photometry.spline_psf import KNOTS, SplinePSF, evaluate

CELL = (1024, 552)
"""Rows and columns over which the filter is one."""

HALF = 10
"""Half-width of the filter, pixel."""

PHASES = 5
"""Places of a star within a pixel, each axis, for which there is a filter."""

WINDOW = 100
"""Stars along the field whose median is a point of the ridge."""

FEW, PRECISE = 20, 0.05
"""The ridge is that of the stars whose share has less noise than this, or of so many of the best."""

BRIGHT = 10.0
"""Stars on the ridge are so many sigma bright."""


@dataclass(frozen=True, eq=False)
class Width:
    """How wide the sources of a band are; arrays (n,), NaN where unknown.

    ``share``: light of the disc that the fit leaves over the star's, ridge off; ``error``: its one sigma, the scatter
    of stars with it; ``light``: the disc's, DN; ``template``: which of ``extended_field.discs`` shows most.
    """

    share: np.ndarray
    error: np.ndarray
    light: np.ndarray
    template: np.ndarray

    @property
    def score(self):
        """Sigma by which each is wider than the stars about it."""
        return self.share / self.error


class Discs:
    """The filters of a field, to be laid on what its stars leave.

    ``psf``: what tells the field's PSF (``at``); ``noise``: of its pixels, (ny, nx), ``level_error``: of the
    background, DN. Attribute ``noise``: the typical one, ``rows``: that of each row in units of it.
    """

    def __init__(self, psf, noise, level_error=0.0):
        self.psf, self.level_error = cell_psf(psf, noise.shape, CELL), level_error
        self.noise, self.rows = typical(noise), by_row(noise)
        self.filters = [_filters(surface) for surface in self.psf.surfaces]

    def light(self, left, x, y):
        """Light of discs at places of ``left`` (ny, nx; DN, 0 where unknown) and its noise: (n, templates), DN."""
        light, error = self._laid(left, x, y)
        return light[:, 1:], error[:, 1:]

    def stars(self, left, x, y, corner=(0, 0)):
        """Light of stars at these places, were they alone, and its noise: (n,), DN; ``corner``: of ``left`` (x, y)."""
        light, error = self._laid(left, x, y, corner)
        return light[:, 0], error[:, 0]

    def _laid(self, left, x, y, corner=(0, 0)):
        light, error = np.zeros((2, len(x), 1 + len(survey().extended_field.discs)))
        for cell, rows in self.psf.by_cell(x, y):
            kernels, sigma = self.filters[cell]
            found = np.zeros((len(rows), light.shape[1]))
            responses(left, x[rows] - corner[0], y[rows] - corner[1], kernels, found)
            lifted = self.level_error * kernels[PHASES // 2, PHASES // 2].sum(axis=(1, 2))
            light[rows], error[rows] = found, np.hypot(sigma * self.noise, lifted)
        row = np.clip(np.rint(y), 0, len(self.rows) - 1).astype(int)
        return light, error * self.rows[row, None]


def widths(stars, left, discs):
    """The Width of PointSources; ``left``: what the stars of their band leave (ny, nx), DN; ``discs``: its Discs."""
    light, error = discs.light(left, stars.x, stars.y)
    flux = np.where(stars.flux > 0, stars.flux, np.nan)[:, None]
    share, sigma = light / flux, error / flux
    usual = (stars.flux > BRIGHT * stars.flux_err) & ~saturated(stars)
    for t in range(share.shape[1]):
        middle, scatter = _ridge(stars.y, share[:, t], sigma[:, t], usual)
        share[:, t] -= middle
        sigma[:, t] = np.hypot(sigma[:, t], scatter)
    best = np.argmax(np.nan_to_num(share / sigma, nan=-np.inf), axis=1)
    picked = [np.take_along_axis(one, best[:, None], axis=1)[:, 0] for one in (share, sigma, light)]
    return Width(*picked, best)


def _ridge(y, share, sigma, usual):
    """Median of the usual stars along the field, and their scatter beyond noise: at all ``y``.

    Stars with the least noise, at least FEW of them, tell both.
    """
    usual = np.flatnonzero(usual & np.isfinite(share))
    least = survey().extended_field.share_error
    if len(usual) < FEW:
        return 0.0, least
    usual = usual[sigma[usual] <= max(PRECISE, np.sort(sigma[usual])[FEW - 1])]
    parts = np.array_split(usual[np.argsort(y[usual], kind="stable")], max(1, round(len(usual) / WINDOW)))
    place, middle = (np.array([np.median(one[part]) for part in parts]) for one in (y, share))
    off = [robust_scatter(share[part]) for part in parts]
    beyond = [max(one**2 - np.median(sigma[part]) ** 2, 0.0) for one, part in zip(off, parts)]
    scatter = np.hypot(least, np.sqrt(beyond))
    return np.interp(y, place, middle), np.interp(y, place, scatter)


def _filters(surface):
    """The filters of a SplinePSF, of a star and of discs, (PHASES, PHASES, 1 + templates, n, n), and the noise of what
    they give, (1 + templates,), in units of that of a pixel."""
    discs = [blurred(surface, radius) for radius in survey().extended_field.discs]
    steps = (np.arange(PHASES) - PHASES // 2) / PHASES
    rows = [[_filter(surface, discs, dx, dy) for dx in steps] for dy in steps]
    kernels = np.array([[one[0] for one in row] for row in rows])
    return kernels, rows[PHASES // 2][PHASES // 2][1]


def _filter(surface, discs, dx, dy):
    """The same for a star off a pixel's middle by (dx, dy): (1 + templates, n, n), and their noise."""
    half = HALF + HALF_WIDTH
    star = np.empty((3, 2 * half + 1, 2 * half + 1))
    evaluate(surface.coefficients, surface.radius, dx, dy, half, star)
    planes = np.stack([whiten(one)[HALF_WIDTH:-HALF_WIDTH, HALF_WIDTH:-HALF_WIDTH].ravel()
                       for one in (*star, *(disc.stamp(dx, dy, half) for disc in discs))])  # fmt: skip
    star, discs = planes[:3], planes[3:]
    flat = np.concatenate([star[:1], discs - np.linalg.solve(star @ star.T, star @ discs.T).T @ star])
    norm = (flat * np.concatenate([star[:1], discs])).sum(axis=1)
    sigma = passband_excess() * np.sqrt((flat**2).sum(axis=1)) / norm
    kernels = (flat / norm[:, None]).reshape(len(flat), 2 * HALF + 1, 2 * HALF + 1)
    return np.stack([whiten(np.pad(one, HALF_WIDTH)) for one in kernels]), sigma


def blurred(surface, radius):
    """A SplinePSF behind a round exponential disc of half-light ``radius`` (pixel)."""
    size = 2 * len(surface.coefficients)
    shape = size, size
    wide = fft.irfft2(fft.rfft2(surface.coefficients, shape) * _disc(size, radius), shape)
    return SplinePSF(wide[:len(surface.coefficients), :len(surface.coefficients)], surface.radius)


@cache
def _disc(size, radius):
    """Fourier transform of such a disc on ``size`` knots: a sum of Gaussians."""
    k2 = (2 * np.pi * fft.fftfreq(size))[:, None] ** 2 + (2 * np.pi * fft.rfftfreq(size)) ** 2
    return np.tensordot(mixture(1.0), np.exp(-0.5 * (WIDTHS[:, None, None] * radius * KNOTS) ** 2 * k2), axes=1)

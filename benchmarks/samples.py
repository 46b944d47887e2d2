"""Errors of measured stars, and their statistics: in magnitudes, arcsec, and units of what is possible at best."""

from dataclasses import dataclass, fields

import numpy as np

from processing.validate.statistics import median, robust

MAG = 2.5 / np.log(10)


@dataclass(frozen=True)
class Sample:
    """Stars found in a scan. ``mag``: true; ``snr``: best possible; ``difference``: measured less true, mag; ``flux``:
    error of the flux in units of the bound; ``pull``: of the magnitude in units of the quoted error; ``offset``:
    (n, 2), arcsec, the smooth error of the reference frame taken off; ``place``: the same in units of the bound."""

    mag: np.ndarray
    snr: np.ndarray
    difference: np.ndarray
    flux: np.ndarray
    pull: np.ndarray
    offset: np.ndarray
    place: np.ndarray

    def __len__(self):
        return len(self.mag)

    def where(self, chosen):
        """The stars at ``chosen``."""
        return Sample(*(getattr(self, f.name)[chosen] for f in fields(self)))

    def between(self, low, high=np.inf):
        """The stars of these S/N."""
        return self.where((self.snr >= low) & (self.snr < high))


def joined(samples):
    """One Sample of several."""
    return Sample(*(np.concatenate([getattr(one, f.name) for one in samples]) for f in fields(Sample)))


def sample(found, keep, errors, zero=0.0, origin=2):
    """The Sample of stars at ``keep`` whose flux has this origin.

    ``errors``: what is possible (Errors of frame_bound); ``zero``: mag, taken off the measured magnitudes.
    """
    star, source = found.pairs(keep, origin)
    difference = found.measured.mag[source] - zero - found.answer.mag[star]
    snr = errors.snr[star]
    offset = offsets(found, star, source)
    offset = offset - frame_error(found, star, offset, snr)
    place = offset / np.column_stack([errors.x[star], errors.y[star]])
    return Sample(found.answer.mag[star], snr, difference, (10 ** (-0.4 * difference) - 1) * snr,
                  difference / found.measured.mag_err[source], offset, place)  # fmt: skip


def offsets(found, star, source):
    """Measured less true places, (n, 2), arcsec east and north."""
    a, m = found.answer, found.measured
    return np.column_stack([m.east[source] - a.east[star], m.north[source] - a.north[star]])


def frame_error(found, star, offset, snr):
    """The smooth part of ``offset`` (n, 2): polynomials along the scan, linear across it, of stars above S/N 10."""
    if len(star) < 12:
        return np.median(offset, axis=0) if len(star) else 0.0
    along, across = found.answer.north[star], found.answer.east[star] / 250
    degree = int(min(2 + np.ptp(along) / 1500, np.sum(snr > 10) / 15))
    base = np.polynomial.legendre.legvander(along / np.abs(found.answer.north).max(), degree)
    base = np.column_stack([base, base[:, :3] * across[:, None]])
    sigma = np.hypot(1.4 / snr, 0.01)
    weight = (snr > 10) / sigma
    for _ in range(3):
        fit = np.linalg.lstsq(base * weight[:, None], offset * weight[:, None], rcond=None)[0]
        weight = ((np.abs(offset - base @ fit).max(axis=1) < 4 * sigma) & (snr > 10)) / sigma
    return base @ fit


def limit(one):
    """Magnitude at which the scatter is a tenth of the flux, from the stars of S/N 7 to 15; and their number."""
    near = one.between(7, 15)
    true = 10 ** (-0.4 * near.mag)
    return float(-2.5 * np.log10(10 * robust(true * (10 ** (-0.4 * near.difference) - 1)))), len(near)


def zero_point(found, low=50, high=1000):
    """Magnitudes measured less true, of stars alone between these S/N: what calibration left."""
    near = sample(found, found.answer.alone, found.answer.bound.lone).between(low, high)
    return median(near.difference)

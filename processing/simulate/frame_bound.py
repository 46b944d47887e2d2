"""How well the stars of a raw scan can be measured at best: the bound of Cramer and Rao for all their apparitions.

The pixels of all frames that see a star tell about three numbers: its flux and its place, common to the frames. The
Fisher matrix sums the products of the pixels' derivatives over their variances (photons, dark, reads); bad, saturated
and hit pixels tell nothing. ``lone`` is the bound of a star that is alone on the sky. For ``blended``, the light of all
that is there adds its photon noise, and the flux and place of each neighbour that could be found are unknown too.
PSF, sky and the places of frames are taken as known.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from processing.config import survey
from processing.simulate.fisher import add_lone, add_own, add_shared, all_stamps, solve_groups
from processing.simulate.optics import tangent
from processing.simulate.starlight import light_shares

REACH = 12.0
"""Arcsec to neighbours whose light a star shares; their derivatives overlap no further."""

FREE_WITHIN, FREE_ABOVE = 10.0, 5.0
"""Neighbours this near (arcsec) and of at least this lone S/N have to be measured with the star."""

WIDEST = 30.0
"""Gaussians wider than this many arcsec tell nothing about a star."""


@dataclass(frozen=True)
class Errors:
    """Best possible one-sigma errors: ``flux`` relative to the flux; ``x``, ``y`` (arcsec, along the pixel axes: west
    and north within half a degree). Infinite where nothing is seen."""

    flux: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @property
    def magnitude(self):
        """Of the magnitude."""
        return 2.5 / np.log(10) * self.flux

    @property
    def snr(self):
        """Best possible signal to noise."""
        return 1 / self.flux


@dataclass(frozen=True)
class FrameBound:
    """For each star: ``frames`` that see its centre, ``lone`` and ``blended`` Errors, and ``dn``, its mean flux."""

    frames: np.ndarray
    dn: np.ndarray
    lone: Errors
    blended: Errors


def frame_bound(pixels, stars, apparitions, blended=True):
    """The FrameBound of ``stars`` (columns id, ra, dec) in the scan that ``pixels`` (TrueLight) is of.

    ``apparitions``: the Table that Truth.apparitions gives for them. ``blended`` False: the lone bound twice.
    """
    rows = _rows(stars["id"].to_numpy(), apparitions)
    lone = np.zeros((len(stars), 3, 3))
    seen = _seen(rows, len(stars), apparitions)
    for i in range(len(pixels)):
        here = _here(rows, apparitions, i + 1, pixels.optics.scale)
        constant, factor = pixels.variance()
        empty = constant + factor * pixels.sky(i)
        add_lone(lone, *here, empty, factor, pixels.array["bad"] == 0, *profile(pixels.optics.scale))
    alone = _errors(lone, pixels.optics.scale)
    if not blended:
        return FrameBound(*seen, alone, alone)
    return FrameBound(*seen, alone, _blended(pixels, stars, apparitions, rows, alone))


def _blended(pixels, stars, apparitions, rows, alone):
    first, second = _pairs(stars, alone)
    own, shared = np.zeros((len(stars), 3, 3)), np.zeros((len(first), 3, 3))
    slot = np.empty(len(stars), np.int64)
    for i in range(len(pixels)):
        here = _here(rows, apparitions, i + 1, pixels.optics.scale)
        light, constant, factor, usable = pixels.frame(i)
        weight = usable / (constant + factor * light)
        slot[:] = -1
        slot[here[0]] = np.arange(len(here[0]))
        stamps, corner = all_stamps(*here[1:], *profile(pixels.optics.scale))
        add_own(own, here[0], stamps, corner, weight)
        add_shared(shared, first, second, slot, stamps, corner, weight)
    free = alone.snr >= FREE_ABOVE
    begin, other, which, side = _lists(first, second, len(stars))
    near = _near(stars, first, second)
    return _from_variances(solve_groups(own, shared, free, near, begin, other, which, side), pixels.optics.scale)


def profile(scale):
    """Shares and widths of star_stamp, pixel."""
    core, wings, far, spikes = light_shares()
    settings = survey().simulated_night
    round_parts = np.concatenate([wings, far[far[:, 0] < WIDEST]]) / np.array([scale, 1.0])
    return core, round_parts, spikes, settings.spike_turn / scale, settings.spike_width / scale


def _rows(ids, apparitions):
    """The row of ``ids`` of each apparition."""
    order = np.argsort(ids)
    return order[np.searchsorted(ids[order], apparitions["id"].to_numpy())]


def _seen(rows, count, apparitions):
    frames = np.bincount(rows, minlength=count)
    light = np.bincount(rows, apparitions["dn"].to_numpy(), minlength=count)
    return frames, light / np.maximum(frames, 1)


def _here(rows, apparitions, number, scale):
    """Row of the star, x, y, dn, sigma, ex, ey (pixel, DN) of the apparitions in one frame."""
    frame = apparitions["frame"].to_numpy()
    here = slice(*np.searchsorted(frame, [number, number + 1]))
    x, y, dn, *widths = (apparitions[c].to_numpy()[here] for c in ("x", "y", "dn", "sigma", "stretch_x", "stretch_y"))
    return rows[here], x, y, dn, *(width / scale for width in widths)


def _errors(fisher, scale):
    """Errors from Fisher matrices (n, 3, 3) of relative flux, x, y (pixel)."""
    variances = np.full((len(fisher), 3), np.inf)
    good = np.linalg.det(fisher) > 0
    variances[good] = np.diagonal(np.linalg.inv(fisher[good]), axis1=1, axis2=2)
    return _from_variances(variances, scale)


def _from_variances(variances, scale):
    flux, x, y = np.sqrt(np.where(variances > 0, variances, np.inf)).T
    return Errors(flux, x * scale, y * scale)


def _plane(stars):
    ra, dec = stars["ra"].to_numpy(), stars["dec"].to_numpy()
    return np.column_stack(tangent(ra, dec, np.median(ra), np.median(dec)))


def _pairs(stars, alone):
    """Rows of the two stars of each pair that can be told from nothing and lie within REACH."""
    found = np.flatnonzero(alone.snr >= 1.0)
    pairs = cKDTree(_plane(stars)[found]).query_pairs(REACH, output_type="ndarray")
    return found[pairs[:, 0]], found[pairs[:, 1]]


def _near(stars, first, second):
    plane = _plane(stars)
    return np.hypot(*(plane[first] - plane[second]).T) < FREE_WITHIN


def _lists(first, second, count):
    """The pairs of each star: those of star s are ``begin[s]`` to ``begin[s + 1]`` of ``other`` (star), ``which``
    (pair) and ``side`` (1 where s is the pair's second star)."""
    star, other = np.r_[first, second], np.r_[second, first]
    which, side = np.tile(np.arange(len(first)), 2), np.repeat([0, 1], len(first))
    order = np.argsort(star, kind="stable")
    begin = np.r_[0, np.cumsum(np.bincount(star, minlength=count))]
    return begin, other[order], which[order], side[order]

"""Cut-outs of candidates: background and other sources off, the rest of them masked and filled.

What is the object's own and so stays: its seed, and the point sources that are parts of it (see ``members``). All
others are taken off with the PSF, and masked where its error counts; brighter stars are masked to the end of their
glare, and other candidates where they are nearer in units of their reach.
"""

import numpy as np

from processing.config import survey
from processing.extended.cuts import above_level, cut
from processing.extended.field import BandStamp, Mask, Stamp
from processing.extended.filling import ellipse_of, filled
from processing.extended.members import own_sources
from processing.extended.pixels import nearer_others
from processing.extended.starlight import draw

LEAST, MOST = 75, 450
"""Pixels from the middle of a stamp to its edge: the largest circle and its sky, the largest object of a strip."""

BEYOND, SKY = 2.0, 25
"""A stamp reaches so many times as far as its object, and so many pixels more."""

SUBTRACTED = 0.5
"""Of the noise: light of a star that is worth a mark where it has been taken off."""

HOLE = 1.5
"""Radius of the part of the background that an object hides, in units of its reach."""

PSF_HALF = 15
"""Pixels from the middle of the PSF of a stamp to its edge."""


def stamps(clean, candidates):
    """The Stamp of each of the Candidates of a CleanField, one after the other (iterator)."""
    density = density_along(clean.field)
    places = np.array([(one.x, one.y, one.reach) for one in candidates]).reshape(-1, 3)
    for k, candidate in enumerate(candidates):
        yield stamp(clean, candidate, np.delete(places, k, axis=0), density(candidate.y))


def stamp(clean, candidate, others, density):
    """The Stamp of a Candidate. ``others``: x, y, reach of the other candidates, (n, 3)."""
    half = int(np.clip(np.ceil(BEYOND * candidate.reach) + SKY, LEAST, MOST))
    corner = round(candidate.x) - half, round(candidate.y) - half
    x, y = candidate.x - corner[0], candidate.y - corner[1]
    neighbours = np.zeros((2 * half + 1, 2 * half + 1), bool)
    nearer_others(2 * half + 1, x, y, candidate.reach, others - [*corner, 0], neighbours)
    own = own_sources(clean, candidate)
    parts = {letter: _parts(one, own[letter], corner, neighbours) for letter, one in clean.bands.items()}
    ellipse = _ellipse(parts, x, y)
    bands = {letter: _band_stamp(clean.bands[letter], candidate, ellipse, *part) for letter, part in parts.items()}
    return Stamp(*corner, x, y, bands, density)


def _parts(one, own, corner, neighbours):
    """Data without others' stars, noise, mask and data with stars of a stamp in one band."""
    size, band = len(neighbours), one.band
    data, noise = above_level(one, corner, size), cut(band.noise, corner, size, np.nan)
    light = _others_light(one, own, corner, size)
    mask = cut(one.glare, corner, size, Mask.UNSEEN)
    mask[light > SUBTRACTED * noise] |= Mask.SUBTRACTED
    mask[survey().extended_field.star_error * light > noise] |= Mask.STAR
    mask[neighbours] |= Mask.NEIGHBOUR
    return data - light, noise, mask, data


def _ellipse(parts, x, y):
    """The object's Ellipse in the bands together."""
    hidden = np.any([mask & Mask.HIDDEN for _, _, mask, _ in parts.values()], axis=0)
    total = sum(np.nan_to_num(data) / np.nanmedian(noise) ** 2 for data, noise, _, _ in parts.values())
    return ellipse_of(total, hidden, x, y)


def _band_stamp(one, candidate, ellipse, data, noise, mask, whole):
    full = filled(data, (mask & Mask.HIDDEN) != 0, ellipse)
    psf = one.band.psf.at(round(candidate.x), round(candidate.y), PSF_HALF)
    error = float(np.hypot(one.level_error, one.level.error_under(HOLE * candidate.reach)))
    return BandStamp(data, noise, mask, full, psf, error, one.band.zero_point, whole)


def _others_light(one, own, corner, size):
    """Light of the point sources of a CleanBand but its ``own`` (indices): (size, size), DN."""
    light = np.zeros((size, size), np.float32)
    draw(light, one.band.stars, np.setdiff1d(one.drawn_on(corner, size), own), one.psf, one.noise, corner)
    return light


LIMITS = {"k": 14.0, "h": 14.15, "j": 14.7}
"""Magnitudes to which stars are counted, in the first of these bands that there is: Ks < 14, and stars of usual colours
as bright."""


def density_along(field, window=1024):
    """A function of y (pixel): log10 of the stars of Ks < 14 in a square degree about it (at least one counts)."""
    letter = next(one for one in LIMITS if one in field.bands)
    band = field.bands[letter]
    bright = np.nan_to_num(band.magnitude(band.stars.flux), nan=99.0) < LIMITS[letter]
    y = np.sort(band.stars.y[bright])
    ny, nx = field.shape

    def density(place):
        low = np.clip(place - window / 2, 0, max(ny - window, 0))
        count = np.searchsorted(y, low + min(window, ny)) - np.searchsorted(y, low)
        return float(np.log10(max(count, 1) / (min(window, ny) * nx / 3600**2)))

    return density

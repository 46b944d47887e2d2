"""Cut-outs of candidates: background and other sources off, the rest of them masked and filled.

What is the object's own and so stays: its seed, and point sources in it that its light at their place explains, as
parts of a galaxy that the fit of stars has taken apart. All others are taken off with the PSF, and masked where its
error counts; brighter stars are masked to the end of their glare, and other candidates where they are nearer in units
of their reach.
"""

import numpy as np

from processing.config import survey
from processing.extended.cuts import above_level, cut, light_around
from processing.extended.field import BandStamp, Mask, Stamp
from processing.extended.filling import filled
from processing.extended.starlight import draw, drawable

LEAST, MOST = 75, 450
"""Pixels from the middle of a stamp to its edge: the largest circle and its sky, the largest object of a strip."""

BEYOND, SKY = 2.0, 25
"""A stamp reaches so many times as far as its object, and so many pixels more."""

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
    x0, y0 = round(candidate.x) - half, round(candidate.y) - half
    place = candidate.x - x0, candidate.y - y0
    neighbours = neighbour_mask(2 * half + 1, place, candidate.reach, others - [x0, y0, 0])
    bands = {letter: _band_stamp(one, candidate, candidate.members[letter], (x0, y0), half, neighbours)
             for letter, one in clean.bands.items()}  # fmt: skip
    return Stamp(x0, y0, *place, bands, density)


def neighbour_mask(size, place, reach, others):
    """True where another object (x, y, reach) is nearer than the one at ``place``, in units of their reach, and shows:
    (size, size)."""
    y, x = np.mgrid[:size, :size]
    own = np.hypot(x - place[0], y - place[1]) / reach
    mask = np.zeros((size, size), bool)
    near = (np.abs(others[:, :2] - size / 2) < size / 2 + others[:, 2:]).all(axis=1)
    for cx, cy, radius in others[near]:
        distance = np.hypot(x - cx, y - cy) / radius
        mask |= (distance < 1) & (distance < own)
    return mask


def _band_stamp(one, candidate, member, corner, half, neighbours):
    size, band = 2 * half + 1, one.band
    data, noise = above_level(one, corner, size), cut(band.noise, corner, size, np.nan)
    light, error = _others_light(one, candidate, member, corner, half)
    data -= light
    mask = cut(one.glare, corner, size, Mask.UNSEEN)
    mask[light > 0.5 * noise] |= Mask.SUBTRACTED
    mask[error > noise] |= Mask.STAR
    mask[neighbours] |= Mask.NEIGHBOUR
    whole = filled(data, (mask & Mask.HIDDEN) != 0, (candidate.x - corner[0], candidate.y - corner[1]))
    psf = band.psf.at(round(candidate.x), round(candidate.y), PSF_HALF)
    return BandStamp(data, noise, mask, whole, psf, one.level_error, band.zero_point)


def _others_light(one, candidate, member, corner, half):
    """Light of the point sources of a CleanBand that are not the candidate's, and its error: (size, size), DN."""
    size, stars = 2 * half + 1, one.band.stars
    reach = half + 110
    near = np.flatnonzero(drawable(one.band) & (np.abs(stars.x - candidate.x) < reach)
                          & (np.abs(stars.y - candidate.y) < reach))  # fmt: skip
    other = near[~np.isin(near, own_sources(one, candidate, member, near))]
    light = np.zeros((size, size), np.float32)
    draw(light, one.band, one.psf, other, corner)
    return light, survey().extended_field.star_error * light


def own_sources(one, candidate, member, near):
    """Which of the point sources ``near`` (indices) are the candidate's: its seed and what its light explains."""
    stars = one.band.stars
    inside = near[np.hypot(stars.x[near] - candidate.x, stars.y[near] - candidate.y) < candidate.reach]
    inside = inside[inside != member]
    around = np.array([light_around(one, stars.x[k], stars.y[k]) for k in inside])
    area = 1 / float((one.psf.surfaces[0].stamp(0.0, 0.0) ** 2).sum())
    own = inside[stars.flux[inside] < survey().extended.explained * area * around]
    return np.append(own, member) if member >= 0 else own


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

"""Which point sources are an object's own: what a fit of stars has made of a galaxy, as against stars in front of it.

All bands decide together. A galaxy may be one source in one band and several in another, so that sources of different
bands at the same place go with each other, and those at the place of the object's own are its own. Others are parts of
it when its light at their place explains them: they are faint beside it; or what is there is also at the mirror image
of the place through the middle, where a star in front has none.
"""

import numpy as np

from processing.config import survey
from processing.extended.cuts import above_level, light_around
from processing.extended.seeds import sources_near
from processing.extended.wide import HALF

SAME = 0.35
"""Of a source's light: by how much what is at the mirror image of its place may differ for it to be the object's."""

SIDE = 2 * HALF + 3


def own_sources(clean, candidate):
    """The point sources of a CleanField that are the Candidate's: band letter -> their indices."""
    found = sources_near(list(clean.bands.values()), candidate.x, candidate.y, candidate.reach)
    own = _own(clean, candidate, found)
    parts = {letter: _of_band(column[own]) for letter, column in zip(clean.bands, found.members.T)}
    return {letter: np.union1d(parts[letter], _of_band(np.array([candidate.members[letter]]))) for letter in parts}


def _of_band(column):
    return np.unique(column[column >= 0])


def _own(clean, candidate, found):
    """Which of the Seeds are the candidate's: bool (n,). Those that share sources are alike: as the first of them, or
    as the candidate's own, or as the brightest."""
    groups = together(found.members)
    joined = (found.members == list(candidate.members.values())) & (found.members >= 0)
    single = np.isin(groups, groups[joined.any(axis=1)])
    for group in np.unique(groups[~single]):
        rows = np.flatnonzero(groups == group)
        brightest = found.select(rows[[np.argmax(np.nan_to_num(found.flux[rows]))]])
        single[rows] = explained(clean, brightest) or mirrored(clean, brightest, candidate)
    return single


def together(members):
    """A number for each of rows (n, bands) of indices, -1 for none: the same for those that share any, directly or by
    others."""
    label, last = np.arange(len(members)), None
    while last is None or (label != last).any():
        last = label.copy()
        for column in members.T:
            known = column >= 0
            _, which = np.unique(column[known], return_inverse=True)
            least = np.full(which.max(initial=-1) + 1, len(members))
            np.minimum.at(least, which, label[known])
            label[known] = least[which]
    return label


def explained(clean, source):
    """Whether a source (Seeds of length 1) is faint beside the light about it, mean of the bands."""
    x, y = float(source.x[0]), float(source.y[0])
    around = mean(clean, [light_around(one, x, y) / _peak(one) for one in clean.bands.values()])
    return bool(source.flux[0] < survey().extended.explained * around)


def _peak(one):
    """Sum of the squares of a CleanBand's PSF: brightness of the sky that the matched filter takes for a star of 1."""
    return float((one.psf.surfaces[0].stamp(0.0, 0.0) ** 2).sum())


def mirrored(clean, source, place):
    """Whether what is at the mirror image of a source (Seeds of length 1) through ``place`` is as bright as it, and
    there is other light about it."""
    x, y, flux = float(source.x[0]), float(source.y[0]), float(source.flux[0])
    if not source.light[0] > survey().extended_field.galaxy * flux:
        return False
    bands = list(clean.bands.values())
    here, there = (mean(clean, [star_light(one, *at) for one in bands])
                   for at in ((x, y), (2 * place.x - x, 2 * place.y - y)))  # fmt: skip
    return bool(abs(here - there) < SAME * flux)


def star_light(one, x, y):
    """Flux of the star that the matched filter of a CleanBand sees at a place of its data: DN."""
    corner = round(x) - SIDE // 2, round(y) - SIDE // 2
    square = np.nan_to_num(above_level(one, corner, SIDE)).astype(np.float32)
    return float(one.discs.stars(square, np.array([x]), np.array([y]), corner)[0][0])


def mean(clean, values):
    """Mean of the bands' values, weighed by their noise."""
    weights = [one.noise**-2 for one in clean.bands.values()]
    return float(np.average(values, weights=weights))

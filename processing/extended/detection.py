"""Candidates: everything that may be extended, from sources hardly wider than a star to very faint and wide light.

What stands out of the bands' sum is looked for in cells of 2, then 4, 8 and 16 pixels, each time without what was found
before. Seeds that stand out nowhere are candidates as well.
"""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.extended.cuts import cut
from processing.extended.field import Mask
from processing.extended.objects import LEAST, objects_in
from processing.extended.scales import scale_of, summed
from processing.extended.seeds import seeds

SIZES = (2, 4, 8, 16)
"""Pixels of the side of the cells."""

CLEAR = 3
"""Pixels from the middle of a candidate to the edge at least."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """What may be an extended source.

    ``x``, ``y``: pixel of the field, of the seed or of the peak of its light; ``reach``: arcsec to which its light
    shows; ``score``: sigma by which it is wider than a star (NaN without a point source); ``significance``: of its
    region's peak in cells of ``cell`` pixels, the smallest in which it stands out (NaN, 0: in none); ``light``: DN, of
    the source and its disc, or of the region if that is more; ``members``: band letter -> index of the point source
    that it is in this band's list, -1 for none; ``row``: of this source in the point source table, -1 for none.
    """

    x: float
    y: float
    reach: float
    score: float
    significance: float
    cell: int
    light: float
    members: dict
    row: int


def candidates(clean):
    """The Candidates of a CleanField (list), those with most light first."""
    wide = seeds(list(clean.bands.values()))
    total, free, found = summed(list(clean.bands.values()), wide), np.ones(len(wide), bool), []
    for size, faint in zip(SIZES, survey().extended_field.faint):
        scale = scale_of(total, size)
        numbers, peaks = scale.peaks(faint)
        where = scale.regions_at(wide.x, wide.y)
        for number, peak in zip(numbers, peaks):
            inside = wide.select(free & (where == number))
            found += [_of_object(clean, one, float(peak), size) for one in objects_in(clean, inside, scale, number)]
        free &= ~np.isin(where, numbers)
        scale.hide(total, numbers)
    found += [_of_seed(clean, wide.select(np.array([k]))) for k in np.flatnonzero(free)]
    return sorted((one for one in found if _seen(clean, one)), key=lambda one: -one.light)


def _of_object(clean, one, significance, cell):
    if len(one.source):
        return _of_seed(clean, one.source, one.reach, significance, cell, one.light)
    nobody = dict.fromkeys(clean.bands, -1)
    return Candidate(one.x, one.y, one.reach, np.nan, significance, cell, one.light, nobody, -1)


def _of_seed(clean, source, reach=LEAST, significance=np.nan, cell=0, light=0.0):
    """The Candidate of a point source (Seeds of length 1)."""
    members = dict(zip(clean.bands, source.members[0].tolist()))
    row = max(int(clean.bands[letter].band.stars.row[i]) for letter, i in members.items() if i >= 0)
    light = max(float(source.light[0] + source.flux[0]), light)
    return Candidate(float(source.x[0]), float(source.y[0]), reach, float(source.score[0]), significance, cell, light,
                     members, row)  # fmt: skip


def _seen(clean, candidate):
    """Whether in some band the middle of a Candidate is off the edge and out of all glare."""
    corner = round(candidate.x) - CLEAR, round(candidate.y) - CLEAR
    masks = (cut(one.glare, corner, 2 * CLEAR + 1, Mask.UNSEEN) for one in clean.bands.values())
    return any(not mask[CLEAR, CLEAR] and not (mask & Mask.UNSEEN).any() for mask in masks)

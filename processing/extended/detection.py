"""Candidates: everything that may be extended, from sources hardly wider than a star to very faint and wide light.

What stands out of the bands' sum is looked for in cells of 2, then 4, 8 and 16 pixels, each time without what was found
before. A region is one object, that of its brightest seed; its other seeds are parts of it, or stars before it, unless
more of their light is there than at their mirror image through the object. Seeds that stand out nowhere are candidates
as well.
"""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.extended.cuts import cut, light_in
from processing.extended.field import Mask
from processing.extended.scales import scale_of, summed
from processing.extended.seeds import SAME, seeds, source_at

SIZES = (2, 4, 8, 16)
"""Pixels of the side of the cells."""

LEAST = 4.0
"""Arcsec to which an object reaches at least."""

APERTURE = 5.0
"""Arcsec within which the light of a seed is compared with that of its mirror image."""

CENTRAL = 0.2
"""Of the root of an object's area: the distance from its middle at which a seed counts by 0.6."""

CLEAR = 3
"""Pixels about the middle of a candidate that are seen."""

OUTSHINES = 2.0
"""Light of a seed that is an object of its own, in units of that of its mirror image."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """What may be an extended source.

    ``x``, ``y``: pixel of the field, of the seed or of the peak of its light; ``reach``: arcsec to which its light
    shows; ``score``: sigma by which it is wider than a star (NaN without a seed); ``significance``: of its light in
    cells of ``cell`` pixels, the smallest in which it stands out (NaN, 0: in none); ``light``: DN, of the seed and its
    disc, or of the region; ``members``: band letter -> index of the point source that it is in this band's list, -1 for
    none; ``row``: of this source in the point source table, -1 for none.
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
    for size in SIZES:
        scale = scale_of(total, size)
        numbers = np.flatnonzero(scale.peaks > survey().extended_field.faint) + 1
        found += [one for number in numbers for one in _of_region(clean, wide, free, scale, number)]
        free &= ~np.isin(scale.regions_at(wide.x, wide.y), numbers)
        scale.hide(total, numbers)
    found += _of_seeds(clean, wide.select(free))
    return sorted((one for one in found if _in_the_clear(clean, one)), key=lambda one: -one.light)


def _in_the_clear(clean, candidate):
    """Whether in some band its middle is off the edge and out of all glare."""
    corner = round(candidate.x) - CLEAR, round(candidate.y) - CLEAR
    for one in clean.bands.values():
        mask = cut(one.glare, corner, 2 * CLEAR + 1, Mask.UNSEEN)
        if not mask[CLEAR, CLEAR] and not (mask & Mask.UNSEEN).any():
            return True
    return False


def _of_region(clean, wide, free, scale, number):
    """The Candidates of a region; ``free``: the seeds that are still to be had (mask)."""
    significance = float(scale.peaks[number - 1])
    x, y, light = scale.region(number)
    here = wide.select(free & (scale.regions_at(wide.x, wide.y) == number))
    place, first = _central(clean, here, scale, number)
    reach = _reach(x, y, place, scale.size)
    if len(first):
        found = _of_seeds(clean, first, reach, significance, scale.size)
    else:
        total = float(light.sum()) * scale.size**2
        found = [Candidate(*place, reach, np.nan, significance, scale.size, total, dict.fromkeys(clean.bands, -1), -1)]
    others = here.select(np.hypot(here.x - place[0], here.y - place[1]) > SAME)
    return found + _of_seeds(clean, others.select(_own_objects(clean, others, place)), LEAST, significance, scale.size)


def _central(clean, here, scale, number):
    """The middle of a region (x, y), and the source there (Seeds of length 1 or 0): a seed, or another.

    It is where the region's light is highest, cells away from its middle counting less.
    """
    x, y, light = scale.region(number)
    size = max(LEAST, CENTRAL * scale.size * np.sqrt(len(x)))
    top = int(np.argmax(light * np.exp(-0.5 * ((x - x.mean()) ** 2 + (y - y.mean()) ** 2) / size**2)))
    near = np.hypot(here.x - x[top], here.y - y[top])
    if len(near) and near.min() < SAME + scale.size:
        first = here.select(np.array([np.argmin(near)]))
    else:
        first = source_at(list(clean.bands.values()), x[top], y[top], SAME)
    return ((first.x[0], first.y[0]) if len(first) else (float(x[top]), float(y[top]))), first


def _of_seeds(clean, chosen, reach=LEAST, significance=np.nan, cell=0):
    """Candidates of Seeds (list)."""
    found = []
    for k in range(len(chosen)):
        members = dict(zip(clean.bands, chosen.members[k].tolist()))
        row = max(int(clean.bands[letter].band.stars.row[i]) for letter, i in members.items() if i >= 0)
        found.append(Candidate(float(chosen.x[k]), float(chosen.y[k]), reach, float(chosen.score[k]), significance, cell,
                               float(chosen.light[k] + chosen.flux[k]), members, row))  # fmt: skip
    return found


def _reach(x, y, place, size):
    """Distance from a place to the farthest cells of a region, but for one in twenty: arcsec."""
    far = np.hypot(x - place[0], y - place[1])
    return max(LEAST, float(np.percentile(far, 95)) + 0.5 * size)


def _own_objects(clean, others, place):
    """True for the Seeds ``others`` in an object at ``place`` whose light is not that of the object: (n,)."""
    x, y = others.x, others.y
    light, error = _light(clean, x, y)
    mirrored, _ = _light(clean, 2 * place[0] - x, 2 * place[1] - y)
    mirrored = np.maximum(mirrored, 0.0)
    limit = survey().extended_field.wide * np.sqrt(2) * error
    alone = ((light - mirrored > limit) & (light > OUTSHINES * mirrored)).any(axis=1)
    for k in np.flatnonzero(alone):
        here, there = (sum(light_in(one, *where, APERTURE) / one.discs.noise**2 for one in clean.bands.values())
                       for where in ((x[k], y[k]), (2 * place[0] - x[k], 2 * place[1] - y[k])))  # fmt: skip
        alone[k] = here > OUTSHINES * there
    return alone


def _light(clean, x, y):
    """Light of discs in the mean of the bands, and its error: (n, templates), DN."""
    sums = 0.0
    for one in clean.bands.values():
        light, error = one.discs.light(one.left, x, y)
        sums = sums + np.stack([light, error**2 / one.discs.noise**2, np.ones_like(light)]) / one.discs.noise**2
    return sums[0] / sums[2], np.sqrt(sums[1]) / sums[2]

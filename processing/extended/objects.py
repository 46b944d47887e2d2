"""The objects of a region: its middle, and what else in it is not the mirror image of that."""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.extended.seeds import Seeds, source_at
from processing.extended.starless import Starless

LEAST = 4.0
"""Arcsec to which an object reaches at least."""

CENTRAL = 0.4
"""Of the root of a region's area: the distance from its middle at which light counts by 0.6."""

SUMMIT = 0.15
"""Of a peak: cells that are lower by less tell its place."""

APART = 3.0
"""Cells between the peaks of two objects."""

PARTS = 6.0
"""Arcsec within which seeds may be parts of a galaxy's middle."""

OUTSHINES = 2.0
"""Light of an object beside another, in units of that of its mirror image through the other."""


@dataclass(frozen=True, eq=False)
class Object:
    """``x``, ``y``: pixel; ``source``: the point source there (Seeds of length 1, or 0); ``reach``: arcsec; ``light``:
    DN of its part of the region."""

    x: float
    y: float
    source: Seeds
    reach: float
    light: float


def objects_in(clean, wide, scale, number):
    """The Objects of a region of a Scale (list), its middle first.

    ``wide``: the Seeds in the region.
    """
    region = _Region(scale, number)
    first = _middle(clean, wide, region)
    found = [first]
    for x, y in _others(wide, region):
        source = _placed(clean, wide, scale, x, y)
        apart = min(np.hypot(source[0] - one[0], source[1] - one[1]) for one in found)
        if apart > APART * scale.size and region.stands_alone(*source[:2], *first[:2]) \
                and (not len(source[2]) or is_wide(clean, source[2], first[:2])):
            found.append(source)
    return [Object(*one, *extent) for one, extent in zip(found, region.extents(found))]


def _middle(clean, wide, region):
    """Place of the middle of a region and the source there.

    It is where the light is highest, what is away from the region's middle counting less. If a seed is there, it is
    that seed whose disc has most light: the highest may be a star in front. Nor may it be the middle if there is one
    behind it.
    """
    first = _placed(clean, wide, region.scale, *region.top(region.light))
    if not len(first[2]):
        return (*region.centre(*first[:2], region.light), first[2])
    if len(wide) and np.isin(first[0], wide.x):
        best = _explaining(clean, wide, int(np.argmax(wide.light * region.central(wide.x, wide.y))))
        first = float(best.x[0]), float(best.y[0]), best
    behind = _behind(clean, region, first)
    return (*behind, first[2].select(slice(0))) if behind else first


def _explaining(clean, wide, k):
    """The k-th of Seeds, or one with more light that explains it (as the middle of an edge-on galaxy does with parts on
    both sides) and that it does not explain: Seeds of length 1."""
    first = wide.select(np.array([k]))
    for other in (wide.select(np.array([one])) for one in np.flatnonzero(wide.light > wide.light[k])):
        apart = np.hypot(other.x[0] - first.x[0], other.y[0] - first.y[0])
        if apart < PARTS and not is_wide(clean, first, (other.x[0], other.y[0])) \
                and is_wide(clean, other, (first.x[0], first.y[0])):
            return other
    return first


def _behind(clean, region, first):
    """Place of the light behind the source ``first`` through which its mirror image explains what is at the source, and
    not the other way round: x, y; None when there is none."""
    starless = Starless(clean, region)
    light = starless.at(region.x, region.y)
    place = region.top(light)
    if np.hypot(place[0] - first[0], place[1] - first[1]) > APART * region.scale.size \
            and region.stands_alone(*place, *first[:2], starless) and not is_wide(clean, first[2], place):
        return region.centre(*place, light)
    return None


def _others(wide, region):
    """Places in a region where an object may be: peaks and Seeds, the brightest first."""
    x, y, height = region.peaks()
    return np.concatenate([np.column_stack([x, y])[np.argsort(-height)], np.column_stack([wide.x, wide.y])])


def _placed(clean, wide, scale, x, y):
    """Place of a peak and the source there: a seed, or any other, or none."""
    near, same = np.hypot(wide.x - x, wide.y - y), survey().extended_field.same
    if len(near) and near.min() < same + scale.size:
        source = wide.select(np.array([np.argmin(near)]))
    else:
        source = source_at(list(clean.bands.values()), x, y, same)
    return (float(source.x[0]), float(source.y[0]), source) if len(source) else (float(x), float(y), source)


class _Region:
    """A region of a Scale: ``x``, ``y``: pixels of its cells, ``light``: DN a pixel."""

    def __init__(self, scale, number):
        self.scale, self.number = scale, number
        self.x, self.y, self.light = scale.region(number)

    def central(self, x, y):
        """How much light at places counts for the middle."""
        size = max(LEAST, CENTRAL * self.scale.size * np.sqrt(len(self.x)))
        return np.exp(-0.5 * ((x - self.x.mean()) ** 2 + (y - self.y.mean()) ** 2) / size**2)

    def top(self, light):
        """Where the light (of the cells) that counts is highest."""
        top = int(np.argmax(light * self.central(self.x, self.y)))
        return self.x[top], self.y[top]

    def centre(self, x, y, light):
        """Mean place of the ``light`` of cells about a peak that is as high within ``SUMMIT``, or within its noise."""
        far = np.hypot(self.x - x, self.y - y)
        height, noise = float(light[np.argmin(far)]), float(self.scale.noise_at(y))
        near = far < max(LEAST, CENTRAL * self.scale.size * np.sqrt(len(self.x)))
        high = light > height - max(SUMMIT * height, 3 * noise)
        weight = np.where(near & high, light, 0.0)
        return float(np.average(self.x, weights=weight)), float(np.average(self.y, weights=weight))

    def peaks(self):
        """Local maxima with significance: x, y, and their light."""
        around = np.array([self.scale.about(self.x, self.y, dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)])
        high = self.light > survey().extended_field.faint[0] * self.scale.noise_at(self.y)
        top = (self.light >= around.max(axis=0)) & high
        return self.x[top], self.y[top], self.light[top]

    def stands_alone(self, x, y, x0, y0, seen=None):
        """Whether there is more light at a place than at, or next to, its mirror image through another; ``seen``: in
        which image, the Scale's when not given."""
        image = seen or self.scale
        here = float(image.about(x, y, 0, 0))
        there = max(float(image.about(2 * x0 - x, 2 * y0 - y, dx, dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
        limit = survey().extended_field.faint[0] * float(self.scale.noise_at(y))
        return here > OUTSHINES * there and here - max(there, 0.0) > limit

    def extents(self, found):
        """Reach and light of each of the objects: a cell is that one's which is nearest in units of its brightness."""
        height = [max(float(self.scale.about(x, y, 0, 0)), 1e-3) for x, y, _ in found]
        far = np.array([np.hypot(self.x - x, self.y - y) for x, y, _ in found])
        owner = np.argmin(far / np.sqrt(height)[:, None], axis=0)
        area = self.scale.size**2
        return [(_reach(far[k, owner == k], self.scale.size), float(self.light[owner == k].sum()) * area)
                for k in range(len(found))]  # fmt: skip


def _reach(far, size):
    """Distance of the farthest cells, but for one in twenty: arcsec."""
    return max(LEAST, float(np.percentile(far, 95)) + 0.5 * size) if len(far) else LEAST


def is_wide(clean, source, place):
    """Whether a source (Seeds of length 1) beside an object at ``place`` is wider than a star, the object's light taken
    off, which its mirror image tells."""
    x, y = source.x, source.y
    light, error = disc_light(clean, x, y)
    mirrored, _ = disc_light(clean, 2 * place[0] - x, 2 * place[1] - y)
    limit = survey().extended_field.wide * np.sqrt(2) * error
    mirrored = np.maximum(mirrored, 0.0)
    return bool(((light - mirrored > limit) & (light > OUTSHINES * mirrored)).any())


def disc_light(clean, x, y):
    """Light of discs in the mean of the bands, and its error: (n, templates), DN."""
    sums = 0.0
    for one in clean.bands.values():
        light, error = one.discs.light(one.left, x, y)
        sums = sums + np.stack([light, error**2 / one.discs.noise**2, np.ones_like(light)]) / one.discs.noise**2
    return sums[0] / sums[2], np.sqrt(sums[1]) / sums[2]

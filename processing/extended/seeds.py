"""Seeds: point sources that are wider than the stars about them, in one band or in all together."""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.extended.unlisted import first_of_each

WORTH = 1.0
"""Sigma in one band from which a source is looked at in all."""


@dataclass(frozen=True, eq=False)
class Seeds:
    """Arrays with one element a seed.

    ``x``, ``y``: pixel; ``score``: sigma by which it is wider than a star; ``light``: DN of its disc, mean of the bands
    weighed by their noise; ``flux``: the same of the point source; ``members``: (n, bands), the index of the source in
    each band's list, -1 for none.
    """

    x: np.ndarray
    y: np.ndarray
    score: np.ndarray
    light: np.ndarray
    flux: np.ndarray
    members: np.ndarray

    def __len__(self):
        return len(self.x)

    def select(self, keep):
        return Seeds(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))


def seeds(bands):
    """The Seeds among the sources of CleanBands (list), the one with most light first."""
    found = united(bands, [np.flatnonzero(np.nan_to_num(one.width.score, nan=-9.0) > WORTH) for one in bands])
    rules = survey().extended_field
    share = found.light / np.maximum(found.flux, 1e-9)
    found = found.select((found.score > rules.wide) & (share > rules.share))
    found = found.select(np.argsort(-(found.light + found.flux), kind="stable"))
    return found.select(first_of_each(np.column_stack([found.x, found.y])))


def united(bands, rows):
    """Sources of CleanBands as Seeds, whether they are wide or not; ``rows``: list of their indices in each band."""
    places = np.concatenate([_places_in(one)[k] for one, k in zip(bands, rows)])
    return _summed(bands, np.unique(np.stack([_nearest(one, places) for one in bands], axis=1), axis=0))


def sources_near(bands, x, y, radius):
    """All sources within ``radius`` pixels of a place as Seeds."""
    near = [one.tree.query_ball_point((x, y), radius) for one in bands]
    return united(bands, near) if any(near) else _summed(bands, np.zeros((0, len(bands)), int))


def source_at(bands, x, y, radius):
    """The brightest source within ``radius`` pixels of a place as Seeds of length 1, or 0."""
    found = sources_near(bands, x, y, radius)
    return found.select(np.argsort(-found.flux, kind="stable")[:1])


def _places_in(one):
    return np.column_stack([one.band.stars.x, one.band.stars.y])


def _nearest(one, places):
    if not len(one.band.stars) or not len(places):
        return np.full(len(places), -1)
    distance, index = one.tree.query(places, distance_upper_bound=survey().extended_field.same)
    return np.where(np.isfinite(distance), index, -1)


def _summed(bands, members):
    """The Seeds of rows of members: means over bands, the score as that of one measurement."""
    sums = np.zeros((5, len(members)))
    best = np.zeros(len(members))
    for one, index in zip(bands, members.T):
        stars, width = one.band.stars, one.width
        known = (index >= 0) & np.isfinite(width.share[index]) & (width.error[index] > 0)
        rows, index = np.flatnonzero(known), index[known]
        error, weight = width.error[index] * stars.flux[index], 1 / one.discs.noise**2
        light = width.share[index] * stars.flux[index]
        sums[:, rows] += [light / error**2, 1 / error**2, weight * light, weight * stars.flux[index],
                          weight + np.zeros(len(rows))]  # fmt: skip
        best[rows] = np.maximum(best[rows], width.score[index])
    with np.errstate(invalid="ignore", divide="ignore"):
        score = np.fmax(np.where(sums[1] > 0, sums[0] / np.sqrt(sums[1]), np.nan), best)
        light, flux = sums[2] / sums[4], sums[3] / sums[4]
    return Seeds(*_places(bands, members), score, light, flux, members)


def _places(bands, members):
    """x, y: means over the bands by the significance of the source."""
    sums = np.zeros((3, len(members)))
    for one, index in zip(bands, members.T):
        stars, rows = one.band.stars, np.flatnonzero(index >= 0)
        snr2 = np.maximum(stars.flux[index[rows]] / stars.flux_err[index[rows]], 1.0) ** 2
        sums[:, rows] += [snr2 * stars.x[index[rows]], snr2 * stars.y[index[rows]], snr2]
    return sums[0] / sums[2], sums[1] / sums[2]

"""Galaxies that the fit of stars has taken apart: several components where one extended profile says as much.

A component and its fainter neighbours are compared with one galaxy, and with a galaxy behind one of them, on the
whitened average of the frames. What explains the data better, each parameter costing ``price`` of chi-square (as in the
criterion of Schwarz 1978, Ann. Stat. 6, 461), is believed; a galaxy then is one component, at its centre. Large
galaxies take in, step by step, the components whose light their profile explains.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from processing.config import survey
from processing.photometry.fit import Stars
from processing.photometry.scan.detection import distance_to
from processing.photometry.scan.patches import NOBODY, better, patch_of, star_flux, still_better
from processing.photometry.scan.profiles import beam
from processing.photometry.scan.saturated import in_glare_of

SIDE, WIDE = 36, 80
"""Pixels of the strip about a group that are fitted, and about one that reaches farther than ``NEAR``."""

NEAR = 6.0
"""Arcsec to the members of a group, or half-light radius, beyond which ``WIDE`` is taken."""

MOST = 8
"""Members of a group when it is first judged: the brightest."""

GROWTH = 4
"""How often at most a galaxy takes in components farther out."""


@dataclass(frozen=True)
class Found:
    """A galaxy: ``members``, rows of the components that it replaces; ``galaxy`` (EXTENDED,) and ``stars`` (n, STAR)
    before it: places on the strip, light in DN; ``flux``: DN of the star that the matched filter sees in it."""

    members: np.ndarray
    galaxy: np.ndarray
    stars: np.ndarray
    flux: float

    @property
    def components(self):
        """(1 + n, STAR)."""
        return np.concatenate([[[*self.galaxy[:2], self.flux]], self.stars])


def galaxies_joined(work, model, left, known):
    """The Model with one component a galaxy.

    Crowded fields stay as they are: there two stars are likelier. ``work``: its Frames (see measure); ``left``: Field
    of what the Stars ``known`` leave, those of the Model or what they were a step ago.
    """
    if not len(model.stars) or work.covered(model.stars) > survey().scan_photometry.crowded:
        return model
    found = galaxies(model.stars, left, model.psf, undisturbed(work, model.stars), known)
    return model.with_stars(joined(model.stars, found)) if found else model


def undisturbed(work, stars):
    """True for stars that no saturated one disturbs: what is left of these, and of what they cover, is no galaxy."""
    bright = Stars(work.bright_x, work.bright_y, work.bright.flux)
    return ~in_glare_of(work, stars) & (distance_to(bright, stars) > survey().extended.saturated)


def joined(stars, found):
    """The Stars with one for each galaxy (Found) and those before it."""
    keep = np.ones(len(stars), bool)
    for one in found:
        keep[one.members] = False
    new = np.concatenate([one.components for one in found] or [NOBODY])
    return stars.select(keep).joined(Stars(*new.T))


def galaxies(stars, left, psf, free, known=None):
    """The galaxies (list of Found) among the components of a fit.

    Parameters
    ----------
    stars : Stars
    left : Field
        The average of what they leave, or ``known`` do.
    psf : FramePSF
    free : ndarray of bool
        Stars that may belong to one.
    known : Stars, optional
    """
    sky, free, found = Neighbourhood(stars, left, psf, known), free.copy(), []
    for seed in sky.seeds():
        one = sky.galaxy(sky.group(seed, free)) if free[seed] else None
        if one is not None:
            found.append(sky.grown(one, free))
            free[found[-1].members] = False
    return found


class Neighbourhood:
    """The components of a fit and what they leave, to be asked what groups of them are."""

    def __init__(self, stars, left, psf, known=None):
        self.stars, self.left, self.rules = stars, left, survey().extended
        self.table = table = np.column_stack([stars.x, stars.y, stars.flux])
        self.change = table[:0] if known is None else np.concatenate(
            [np.column_stack([known.x, known.y, known.flux]), table * [1, 1, -1]]
        )  # fmt: skip
        self.changed = cKDTree(self.change[:, :2])
        self.tree = cKDTree(self.table[:, :2])
        self.narrow, self.wide = beam(psf, SIDE), beam(psf, WIDE)

    def seeds(self):
        """Rows of the components with another in reach, the brightest first."""
        rows = np.unique(self.tree.query_pairs(self.rules.reach, output_type="ndarray"))
        return rows[np.argsort(-self.stars.flux[rows])]

    def group(self, seed, free):
        """A component and its fainter neighbours, those that are ``free`` (mask): rows, brightest first."""
        return np.concatenate([[seed], self.fainter(seed, self.rules.reach, free)[:MOST - 1]])

    def fainter(self, seed, reach, free):
        """Rows of the free components within ``reach`` of one that are fainter, brightest first."""
        near = np.array(self.tree.query_ball_point(self.table[seed, :2], reach))
        ratio = self.stars.flux[near] / self.stars.flux[seed]
        near = near[free[near] & (ratio < 1.0) & (ratio > self.rules.least_ratio)]
        return near[np.argsort(-self.stars.flux[near])]

    def galaxy(self, members, before=None):
        """The Found that says more than these components do, or None; ``before``: what was found with fewer of them."""
        patch = self.patch(members, before) if len(members) > 1 else None
        if patch is None:
            return None
        fit = self.fit(patch, before)
        if fit is None or np.exp(fit.galaxy[2]) < self.rules.least:
            return None
        flux = star_flux(patch.beam, fit.galaxy, fit.galaxy[:1], fit.galaxy[1:2])[0] * patch.noise
        return Found(members, patch.there(fit.galaxy), patch.there(fit.stars), flux)

    def fit(self, patch, before):
        """The profile_fit.Fit of a galaxy that says more than the members of a Patch do, or None."""
        if before is None:
            return better(patch, self.rules)
        return still_better(patch, self.rules, patch.here(before.galaxy), patch.here(before.stars))

    def patch(self, members, before):
        """The Patch of a group, wide enough."""
        middle = np.rint(self.table[members[0], :2]).astype(int)
        far = np.hypot(*(self.table[members, :2] - middle).T).max()
        radius = 0.0 if before is None else np.exp(before.galaxy[2])
        size = self.wide if max(far, radius) > NEAR else self.narrow
        change = self.change[self.changed.query_ball_point(middle, size.side // 2)]
        return patch_of(self.left, middle, self.table[members], size, self.rules.model_error, change)

    def grown(self, found, free):
        """The Found with the components farther out that it explains, from the inside out; a star before a galaxy that
        was smaller is looked at again."""
        first = len(found.members)
        for _ in range(GROWTH):
            size = len(found.members)
            for row in self.explained(found, free):
                found = self.galaxy(np.append(found.members, row), found) or found
            if len(found.members) == size:
                break
        doubtful = len(found.stars) and len(found.members) > first
        return (self.galaxy(found.members) or found) if doubtful else found

    def explained(self, found, free):
        """Rows of free components whose flux the galaxy's light at their place may be, the nearest first."""
        middle = np.rint(found.galaxy[:2]).astype(int)
        near = np.array(self.tree.query_ball_point(found.galaxy[:2], self.rules.outskirts), int)
        near = np.setdiff1d(near[free[near]], found.members)
        galaxy = np.concatenate([found.galaxy[:2] - middle + WIDE // 2, found.galaxy[2:]])
        offset = self.table[near, :2] - middle
        light = star_flux(self.wide, galaxy, *(offset + WIDE // 2).T)
        order = np.argsort(np.hypot(*offset.T))
        return near[order][(self.stars.flux[near] < self.rules.explained * light)[order]]

"""What a candidate of a training scene is in truth."""

import numpy as np
from astropy.wcs import WCS
from scipy.spatial import cKDTree

from processing.config import survey
from processing.extended.features import LETTERS
from processing.extended.training.sky import BRIGHT, GROUP, LINK

SAME = 4.0
"""Arcsec between a candidate and the galaxy that it is."""

PART, FAINT = 3.0, 0.1
"""Half-light radii of a galaxy within which its light is found in candidates, and light of it, in units of that of the
stars there, that counts."""


class Truth:
    """What is in the images of a Site."""

    def __init__(self, site, images, stars, galaxies):
        self.site = site
        wcs = WCS(images["j"].header)
        self.stars, self.galaxies = (np.column_stack(wcs.wcs_world2pix(table["ra"], table["dec"], 0))
                                     for table in (stars, galaxies))  # fmt: skip
        noise = survey().simulate.sky  # the noise of the sky, and so the weight of a band, goes as its root
        self.starlight, self.galaxylight = (
            sum(10 ** (0.4 * (images[band].header["MAGZP"] - np.nan_to_num(table[band], nan=99.0))) / np.sqrt(noise[k])
                for k, band in enumerate(LETTERS)) for table in (stars, galaxies))  # fmt: skip
        self.size = np.asarray(galaxies["reff"])
        self.ks, self.galaxy_ks = np.asarray(stars["k"]), np.asarray(galaxies["k"])
        self.magnitudes = np.column_stack([galaxies[band] for band in LETTERS])
        inside = ((self.galaxies > 15) & (self.galaxies < np.array(site.shape[::-1]) - 15)).all(axis=1)
        self.magnitudes[~inside] = np.nan

    def galaxy_at(self, place):
        """Row of the galaxy at each place (n, 2), brighter than all stars there together; -1 for none."""
        found = np.full(len(place), -1)
        near = cKDTree(self.galaxies).query_ball_point(place, SAME)
        starlight = self._starlight(place, SAME)
        for k, rows in enumerate(near):
            if rows:
                best = rows[int(np.argmax(self.galaxylight[rows]))]
                found[k] = best if self.galaxylight[best] > starlight[k] else -1
        return found

    def host_of(self, place, galaxy):
        """Row of the galaxy that each candidate is, is part of, or has a star before; -1 for none."""
        away = np.hypot(*(place[:, None] - self.galaxies).transpose(2, 0, 1))
        inside = away < np.maximum(PART * self.size, SAME)
        brightest = np.where(inside, self.galaxylight, 0.0)
        some = inside.any(axis=1) & (brightest.max(axis=1, initial=0.0) > FAINT * self._starlight(place, SAME))
        return np.where(galaxy >= 0, galaxy, np.where(some, np.argmax(brightest, axis=1), -1))

    def _starlight(self, place, radius):
        near = cKDTree(self.stars).query_ball_point(place, radius)
        return np.array([self.starlight[rows].sum() for rows in near])

    def weights(self, place, host):
        """Weights of candidates: galaxies, their parts too, and groups of stars are more frequent than in the sky."""
        near = cKDTree(self.stars).query_ball_point(place, LINK)
        group = [len(rows) > 1 and GROUP[0] < self.ks[rows].min() < GROUP[1] for rows in near]
        several = np.where(group, 1 / (1 + self.site.groups), 1.0)
        more = self.site.galaxies + self.site.bright * (self.galaxy_ks[host] < BRIGHT)
        return np.where(host >= 0, 1 / (1 + more), several)

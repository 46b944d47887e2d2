"""The true sky of a simulated survey as one list, and who in a catalog is whom in it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.spatial import cKDTree

from processing.config import survey
from processing.simulate.truth import Truth
from processing.sphere import arc, chord, unit_vectors
from processing.validate.apparitions import LETTERS


@dataclass(frozen=True)
class TrueSky:
    """All true objects: ``ra``, ``dec`` (deg), ``mag`` (n, 3), ``star`` (bool: no galaxy), ``radius`` (arcsec, that
    holds half of a galaxy's light; 0 for stars); one row each, whatever the number of tiles it is on."""

    ra: np.ndarray
    dec: np.ndarray
    mag: np.ndarray
    star: np.ndarray
    radius: np.ndarray

    def __len__(self):
        return len(self.ra)

    @cached_property
    def places(self):
        return unit_vectors(self.ra, self.dec)

    @cached_property
    def tree(self):
        return cKDTree(self.places)

    @cached_property
    def isolated(self):
        """Stars alone in each band, bool, (n, 3): no object of at least 1% of their light where sources are confused
        with one another."""
        rules = survey().validate
        pairs = self.tree.query_pairs(chord(rules.alone), output_type="ndarray")
        alone = np.repeat(self.star[:, None], len(LETTERS), axis=1)
        for one, other in (pairs.T, pairs.T[::-1]):
            for k in range(len(LETTERS)):
                near = self.mag[other, k] < self.mag[one, k] + rules.contrast
                alone[one[near], k] = False
        return alone

    def nearest(self, ra, dec):
        """Distance to the nearest object of each place, arcsec; inf where there is none at all."""
        return arc(self.tree.query(unit_vectors(ra, dec))[0]) if len(self) else np.full(len(ra), np.inf)

    def in_galaxy(self, ra, dec):
        """Which places lie within the match radius of the half-light ellipse, taken as a circle, of a galaxy."""
        inside, margin = np.zeros(len(ra), bool), survey().release.match_radius
        wide = np.flatnonzero(self.radius > 0)
        if len(wide) and len(ra):
            reach = chord(self.radius[wide] + margin)
            for rows in cKDTree(unit_vectors(ra, dec)).query_ball_point(self.places[wide], reach):
                inside[rows] = True
        return inside

    def counterparts(self, ra, dec, k):
        """The isolated star (of band ``k``) that each source is, shape (n,): its row, -1 for none.

        The nearest within the match radius, to which no other source is nearer; sources of several scans may be one
        star, so that ask for one scan at a time where it matters.
        """
        rows = np.flatnonzero(self.isolated[:, k])
        if not len(rows) or not len(ra):
            return np.full(len(ra), -1)
        distance, which = cKDTree(self.places[rows]).query(unit_vectors(ra, dec))
        return np.where(distance < chord(survey().release.match_radius), rows[np.minimum(which, len(rows) - 1)], -1)


def read_true_sky(folder):
    """The TrueSky in the folder ``truth`` of a simulation; SurveyError when it is not one."""
    truth = Truth(folder)
    parts = []
    for kind in ("stars", "galaxies"):
        files = sorted(Path(truth.folder).glob(f"*/{kind}.parquet"))
        names = ["id", "ra", "dec", *LETTERS] + (["reff"] if kind == "galaxies" else [])
        table = pa.concat_tables([pq.read_table(file, columns=names) for file in files])
        _, first = np.unique(table["id"].to_numpy(), return_index=True)
        parts.append(_columns(table.take(first), kind == "stars"))
    return TrueSky(*(np.concatenate(column) for column in zip(*parts)))


def _columns(table, star):
    ra, dec = (table[name].to_numpy() for name in ("ra", "dec"))
    radius = np.zeros(len(ra)) if star else table["reff"].to_numpy().astype(float)
    return ra, dec, np.column_stack([table[name].to_numpy() for name in LETTERS]), np.full(len(ra), star), radius

"""Which detections are near which bright stars, and where: the common ground of all kinds of artifacts."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from processing.artifacts import halo, persistence
from processing.artifacts.columns import flags, measured, numbers
from processing.artifacts.scan_frame import ScanFrame
from processing.config import survey
from processing.sphere import ARCSEC, chord, unit_vectors


SLACK = 5.0
"""arcsec: what places on two planes may differ by besides."""


@dataclass(frozen=True)
class Pairs:
    """n pairs of a detection and a bright star.

    ``point``, ``parent``: rows of the tables, (n,); ``east``, ``north``: from the star to the detection on the plane
    that touches the sky at the meridian of the scan, arcsec, (n,); ``axis``: how far east of that meridian the star is,
    arcsec, (n,); ``magnitude``: of the detection, (n, 3), NaN where it was not detected; ``fitted``: whether that is a
    profile fit; ``bright``: magnitude of the star, (n, 3), NaN when not known; ``frame``: the ScanFrame.
    """

    point: np.ndarray
    parent: np.ndarray
    east: np.ndarray
    north: np.ndarray
    axis: np.ndarray
    magnitude: np.ndarray
    fitted: np.ndarray
    bright: np.ndarray
    frame: ScanFrame

    @property
    def distance(self):
        """arcsec, (n,)."""
        return np.hypot(self.east, self.north)

    def on_array(self):
        """Along the rows (to the east) and the columns (to the north) of the arrays: arcsec, each (n, 3)."""
        sin, cos = np.sin(np.radians(self.frame.turn)), np.cos(np.radians(self.frame.turn))
        east, north = self.east[:, None], self.north[:, None]
        return east * cos - north * sin, east * sin + north * cos

    def parent_on_array(self):
        """Whether the arrays saw the star itself: (n,)."""
        half = survey().instrument.frame_height / 2 + survey().artifacts.array_error
        return np.abs(self.axis) <= half


def find_pairs(points, parents, frame):
    """The Pairs within each parent's ``reach`` and at the places of its latent images; a detection that is the star
    itself, here or in another scan, is none.

    ``points``: pyarrow Table; ``parents``: structured array (``processing.artifacts.parents``); ``frame``: ScanFrame.
    """
    ra, dec = numbers(points, "ra"), numbers(points, "dec")
    point, parent = _candidates(ra, dec, parents, frame)
    axis, _ = offset(parents["ra"], parents["dec"], frame.ra, parents["dec"])
    east, north = offset(ra[point], dec[point], frame.ra, parents["dec"][parent])
    here = offset(parents["ra"][parent], parents["dec"][parent], frame.ra, parents["dec"][parent])
    east, north = east - here[0], north - here[1]
    other = np.hypot(east, north) > survey().release.match_radius
    point, parent, east, north = point[other], parent[other], east[other], north[other]
    return Pairs(point, parent, east, north, axis[parent], measured(points)[point],
                 (flags(points, "rd_flg") == "2")[point], parents["magnitude"][parent], frame)  # fmt: skip


def _candidates(ra, dec, parents, frame):
    """Pairs that can be any kind of artifact: rows of the detections and of the parents."""
    if not len(parents) or not len(ra):
        return np.zeros(0, int), np.zeros(0, int)
    tree = cKDTree(unit_vectors(ra, dec))
    point, parent = _within(tree, parents["ra"], parents["dec"], parents["reach"])
    lined = _may_be_artifact(ra[point], dec[point], parents, parent, frame)
    trail, place = _latent_places(parents, frame)
    at, which = _within(tree, *place, survey().artifacts.latent_window + SLACK)
    both = np.stack([np.r_[point[lined], at], np.r_[parent[lined], trail[which]]])
    return np.unique(both, axis=1)


def _within(tree, ra, dec, radius):
    """Which members of a tree lie within ``radius`` (arcsec) of places (deg): their numbers and those of the places."""
    found = tree.query_ball_point(unit_vectors(ra, dec), chord(radius))
    counts = [len(rows) for rows in found]
    return np.concatenate([np.asarray(rows, int) for rows in found] + [np.zeros(0, int)]), np.repeat(
        np.arange(len(found)), counts)  # fmt: skip


def _latent_places(parents, frame):
    """Where latent images are to be expected, one after the other: rows of their parents, and (ra, dec), deg."""
    count = persistence.images(parents["magnitude"], frame.limit) * np.isfinite(frame.step)
    star = np.repeat(np.arange(len(parents)), count)
    number = np.arange(len(star)) - np.repeat(np.cumsum(count) - count, count) + 1
    here = parents["dec"][star]
    there = np.clip(here + number * np.nan_to_num(frame.step) / 3600, -89.99, 89.99)
    away = (parents["ra"][star] - frame.ra + 180) % 360 - 180
    return star, (frame.ra + away * np.cos(np.radians(here)) / np.cos(np.radians(there)), there)


def _may_be_artifact(ra, dec, parents, parent, frame):
    """Which pairs lie in the halo of the star or about on its row, its column or the row of its stripes: all others,
    nearly all of those far from a very bright star, are no artifacts. ``parent``: of each pair its row in ``parents``.

    Places are taken on a plane of their own; SLACK and the angles between the axes there and those of the arrays are
    allowed for.
    """
    rules, half = survey().artifacts, survey().instrument.frame_height / 2
    scale, bend = np.cos(np.radians(parents["dec"])), np.tan(np.radians(np.abs(np.clip(parents["dec"], -89, 89))))
    skew = max(abs((angle + 45) % 90 - 45) for angle in rules.spike_angles)
    turn = np.abs(frame.turn).max() + frame.turn_error + np.abs((parents["ra"] - frame.ra + 180) % 360 - 180) + skew
    east = np.abs(((ra - parents["ra"][parent] + 180) % 360 - 180) * (3600 * scale)[parent])
    north = np.abs(dec - parents["dec"][parent]) * 3600
    far = np.hypot(east, north)
    width = SLACK + max(rules.spike_width, rules.stripe_width) + far * np.sin(np.radians(turn))[parent]
    width += far**2 / ARCSEC * bend[parent]
    on_line = (east < width) | (np.minimum(north, np.abs(north - half)) < width)
    return on_line | (far < SLACK + halo.reach(parents["magnitude"], frame.limit)[parent])


def offset(ra, dec, ra0, dec0):
    """East and north (arcsec) of directions on the plane that touches the sky at ra0, dec0; deg, arrays."""
    away, dec, dec0 = np.radians(np.asarray(ra) - ra0), np.radians(dec), np.radians(dec0)
    depth = np.sin(dec0) * np.sin(dec) + np.cos(dec0) * np.cos(dec) * np.cos(away)
    east, north = np.cos(dec) * np.sin(away), np.cos(dec0) * np.sin(dec) - np.sin(dec0) * np.cos(dec) * np.cos(away)
    return east / depth * ARCSEC, north / depth * ARCSEC

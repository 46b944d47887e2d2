"""What is true of a simulated scan, and how well each of its stars could be measured: what the reduction is judged by.

    answer = answers(root, "990712n", 11)["j"]
    answer.mag, answer.bound.lone.snr, answer.alone
"""

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from processing.formats.raw_night import LETTERS
from processing.simulate.bound import faint_star_bound
from processing.simulate.frame_bound import FrameBound, frame_bound
from processing.simulate.optics import tangent
from processing.simulate.true_light import TrueLight
from processing.simulate.truth import Truth

FAINTEST = 3.5
"""Signal to noise of the faintest star whose bound is of interest."""

NEIGHBOUR, NEIGHBOUR_LIGHT = 12.0, 0.01
"""A star alone has no neighbour this near (arcsec) of more than this share of its light,"""

CLOSE, CLOSE_SIGMA = 5.0, 0.2
"""... nor so much light this near that it matters: in units of the error that it can be measured with;"""

GLARE, GLARE_LIGHT = 40.0, 30.0
"""... and no star so many times brighter within so many arcsec,"""

GALAXY = 10.0
"""... nor a galaxy within so many arcsec."""


@dataclass(frozen=True)
class Answer:
    """One band of a scan: its true stars from the brightest to the faintest.

    ``east``, ``north``: arcsec on the plane that touches the sky at ``centre`` (ra, dec, deg); ``mag``; ``bound``:
    FrameBound; ``alone``: bool; ``galaxies``: (n, 3) east, north, effective radius, arcsec; ``faint``: (n, 3) east,
    north, magnitude of all other stars of the tile. ``zero_point``: magnitude of 1 DN.
    """

    band: str
    centre: tuple
    ids: np.ndarray
    east: np.ndarray
    north: np.ndarray
    mag: np.ndarray
    bound: FrameBound
    alone: np.ndarray
    galaxies: np.ndarray
    faint: np.ndarray
    zero_point: float


def answers(root, night, seq, tile, bands=LETTERS, kind="sci"):
    """The Answers of a scan by band; kept in a file beside the truth, for the next time."""
    out = {}
    for band in bands:
        kept = Path(root) / "truth" / night / f"{kind}{seq:03d}_{band}_answer.pickle"
        if not kept.exists():
            kept.write_bytes(pickle.dumps(answer(Truth(Path(root) / "truth"), night, seq, tile, band, kind)))
        out[band] = pickle.loads(kept.read_bytes())
    return out


def answer(truth, night, seq, tile, band, kind="sci"):
    """The Answer of one band."""
    pixels = TrueLight(truth, night, seq, band, tile, kind)
    stars = truth.stars(tile)
    stars = stars.take(np.argsort(stars[band].to_numpy(), kind="stable"))
    unit = float(np.median(pixels.table["unit"].to_numpy()))
    mag = stars[band].to_numpy()
    limit = -2.5 * np.log10(FAINTEST * faint_star_bound(band).flux / unit)
    count = int(np.searchsorted(mag, limit))
    bright = stars[:count]
    apparitions = truth.apparitions(night, kind, seq, band, bright)
    bound = frame_bound(pixels, bright, apparitions)
    centre = tuple(float(np.median(pixels.table[c].to_numpy())) for c in ("ra", "dec"))
    places = np.column_stack(_plane(stars, centre))
    galaxies = truth.galaxies(tile)
    wide = np.column_stack([*_plane(galaxies, centre), galaxies["reff"].to_numpy()])
    alone = _alone(places, mag, bound.lone.snr, wide)
    return Answer(band, centre, bright["id"].to_numpy(), *places[:count].T, mag[:count], bound, alone, wide,
                  np.column_stack([places, mag])[count:], float(2.5 * np.log10(unit)))  # fmt: skip


def _plane(table, centre):
    return tangent(table["ra"].to_numpy(), table["dec"].to_numpy(), *centre)


def _alone(places, mag, snr, galaxies):
    """Whether each of the first stars, as many as ``snr``, is alone (see the constants)."""
    count, tree, light = len(snr), cKDTree(places), 10 ** (-0.4 * mag)
    alone = np.ones(count, bool)
    for k, near in enumerate(tree.query_ball_point(places[:count], GLARE)):
        near = np.array([n for n in near if n != k], int)
        ratio = light[near] / light[k]
        apart = np.hypot(*(places[near] - places[k]).T)
        alone[k] = not (
            (ratio[apart < NEIGHBOUR] > NEIGHBOUR_LIGHT).any()
            or ratio[apart < CLOSE].sum() * snr[k] > CLOSE_SIGMA
            or (ratio > GLARE_LIGHT).any()
        )
    if len(galaxies):
        alone &= cKDTree(galaxies[:, :2]).query(places[:count])[0] > GALAXY
    return alone

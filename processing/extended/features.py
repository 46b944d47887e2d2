"""What the classifier looks at: the numbers of an object in one band, and those of all its bands together.

NaN stands for what could not be measured; a missing band is NaN throughout.
"""

from dataclasses import dataclass

import numpy as np

from processing.extended.evidence import MIDDLE as MIDDLE_REACH
from processing.extended.evidence import NOTHING_KNOWN, evidence
from processing.extended.field import Mask
from processing.extended.parameters import NAMES, SYMMETRY
from processing.extended.ridge import HALF, WIDTH, cut, shape

LETTERS = ("j", "h", "k")

MIDDLE = np.hypot(*(np.mgrid[:WIDTH, :WIDTH] - HALF)) < MIDDLE_REACH
"""The middle of a piece (see ridge)."""

CONTESTS = ("one", "two", "three", "both")
"""Models whose chi-square less that of a galaxy is looked at (see evidence); of "both" it is that less three stars'."""

BAND = (*NAMES, *SYMMETRY, *CONTESTS, "galaxy", "density", "snr")
"""Numbers of one band: parameters off the ridge, contests, the chi-square of a galaxy for each pixel."""

GEOMETRY = (*(f"all_{name}" for name in CONTESTS), "radius", "flattening", "bulge", "separation", "ratio", "star",
            "glare")  # fmt: skip
"""Numbers of the fits of all bands together: see ``geometry``."""

COLOURS = ("jh", "hk", "jk")

EXTENDED = (*(f"{band}_odds" for band in LETTERS), *(f"{band}_snr" for band in LETTERS), *GEOMETRY, "density")
"""Numbers from which the extendedness score is made; the odds are the bands' own."""

GALAXY = ("odds", "snr", *COLOURS, "density")
"""Numbers from which the galaxy score is made; odds: those of being extended."""


@dataclass(frozen=True)
class Numbers:
    """Of one object. ``shapes``: letter -> ridge.Shape, for the bands that show it; ``scores``: letter -> (COMPARED,);
    ``evidence``: Evidence or None; ``magnitudes``: letter -> of the light within 2 arcsec; ``density``; ``glare``:
    share of the middle that lies in that of a bright star; ``bands``: how many the field has."""

    shapes: dict
    scores: dict
    evidence: object
    magnitudes: dict
    density: float
    glare: float
    bands: int


def numbers(stamp, ridges):
    """The Numbers of a Stamp; ``ridges``: letter -> Ridge."""
    x, y = round(stamp.x), round(stamp.y)
    masks = {band: np.where(MIDDLE, cut(image.mask, x, y, Mask.UNSEEN), 0).astype(int) for band, image in
             stamp.bands.items()}  # fmt: skip
    shapes = {band: one for band in stamp.bands if (one := _shape(stamp, band, masks[band])) is not None}
    scores = {band: one.scores(ridges[band]) for band, one in shapes.items()}
    magnitudes = {band: stamp.bands[band].zero_point - 2.5 * np.log10(one.light) for band, one in shapes.items()}
    glare = max(np.count_nonzero(mask & Mask.BRIGHT_STAR) / MIDDLE.sum() for mask in masks.values())
    found = evidence(stamp, stamp.x, stamp.y)
    return Numbers(shapes, scores, found, magnitudes, stamp.density, glare, len(stamp.bands))


def _shape(stamp, band, mask):
    """The ridge.Shape of a band; in its middle the light counts whoever else reaches here (see evidence)."""
    image = stamp.bands[band]
    column, row = round(stamp.x), round(stamp.y)
    noise = cut(image.noise, column, row, np.nan)[HALF, HALF]
    if not noise > 0:
        return None
    own = MIDDLE & (mask & NOTHING_KNOWN == 0)
    piece = np.where(own, cut(image.data, column, row), cut(image.filled, column, row))
    return shape(piece, image.psf, noise, stamp.x - column + HALF, stamp.y - row + HALF)


def band_numbers(found, band):
    """The numbers of BAND of one band of an object: (len(BAND),), NaN where it is not seen."""
    if band not in found.shapes:
        return np.full(len(BAND), np.nan)
    return np.array([*found.scores[band], *_contests(found, band), found.density, found.shapes[band].snr])


def _contests(found, band):
    if found.evidence is None or band not in found.evidence.bands:
        return [np.nan] * (len(CONTESTS) + 1)
    costs = found.evidence.bands[band]
    return [*_against(costs), costs["galaxy"] / max(found.evidence.pixels[band], 1)]


def _against(costs):
    """Chi-square of one, two and three stars less that of a galaxy, three stars' less that of a galaxy with a star."""
    return [costs[name] - costs["galaxy"] for name in CONTESTS[:3]] + [costs["three"] - costs["both"]]


def extended_numbers(found, odds):
    """The numbers of EXTENDED; ``odds``: letter -> log odds of the band's own."""
    odds = np.array([odds.get(band, np.nan) for band in LETTERS])
    return extended_row(odds, _snr(found), np.array(geometry(found)), np.array(found.density))


def extended_row(odds, snr, geometry, density):
    """EXTENDED of its parts, for one object or many: (..., bands), (..., bands), (..., len(GEOMETRY)), (...)."""
    return np.concatenate([odds, snr, geometry, density[..., None]], axis=-1)


def _snr(found):
    return np.array([found.shapes[band].snr if band in found.shapes else np.nan for band in LETTERS])


def geometry(found):
    """Contests of all bands together; half-light radius of the galaxy (arcsec, log), minus its log axis ratio, share of
    its light in the bulge; separation (arcsec) and flux ratio of two stars; distance of the star beside the galaxy
    (NaN: none); share of the middle in glare."""
    if found.evidence is None:
        return [np.nan] * (len(GEOMETRY) - 1) + [found.glare]
    galaxy, two, both = (found.evidence.fits[name] for name in ("galaxy", "two", "both"))
    disc, bulge = galaxy.galaxy[5:]
    first, second = two.stars
    beside = np.hypot(*(both.stars[0, :2] - both.galaxy[:2])) if len(both.stars) else np.nan
    bright, faint = max(first[2], second[2]), min(first[2], second[2])
    return [*_against(found.evidence.together), galaxy.galaxy[2], np.hypot(*galaxy.galaxy[3:5]),
            bulge / max(disc + bulge, 1e-9), np.hypot(*(first[:2] - second[:2])), faint / max(bright, 1e-9),
            beside, found.glare]  # fmt: skip


def galaxy_numbers(found, odds):
    """The numbers of GALAXY; ``odds``: log odds of being extended."""
    magnitudes = np.array([found.magnitudes.get(band, np.nan) for band in LETTERS])
    return galaxy_row(np.array(odds), _snr(found), magnitudes, np.array(found.density))


def galaxy_row(odds, snr, magnitudes, density):
    """GALAXY of its parts, for one object or many: (...), (..., bands), (..., bands), (...)."""
    j, h, k = np.moveaxis(magnitudes, -1, 0)
    return np.stack([odds, np.fmax.reduce(snr, axis=-1), j - h, h - k, j - k, density], axis=-1)

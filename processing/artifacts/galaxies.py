"""Which extended detections of a scan are what bright stars leave behind, and which are near one.

Two rules. That of the point sources (``find``) holds for the light in the circle of 7 arcsec, where an arm may leave
more than in a single image (``extended_release.spike_gain``). And a bright star has a mask, much larger than that for
points, as far as its light is as bright as the isophotes by which galaxies are measured: a detection in it that could
be what is left of the star's light is an artifact, a brighter one is near a bright star.

In the column cc_flg: A an artifact, a touched by one, C near a bright star, 0 clean.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from processing.artifacts.find import find_artifacts
from processing.config import survey
from processing.schema import BANDS
from processing.sphere import arc, chord, unit_vectors

RADIUS = 7
"""arcsec, of the circle whose light is judged."""

NEAREST = 3.0
"""arcsec: light of a star nearer than this is that of its image, not of its halo."""

TOUCHES = "pds"
"""Letters of the point sources' flag that say that an artifact touches the source; c and b are about neighbours."""


@dataclass(frozen=True, eq=False)
class ExtendedArtifacts:
    """``cc_flg``: letters, (n,); ``artifacts``, ``touched``: sources by kind: d, s, p of the points' rule, C mask."""

    cc_flg: np.ndarray
    artifacts: dict
    touched: dict

    @property
    def is_artifact(self):
        return self.cc_flg == "A"


def find_extended_artifacts(galaxies, parents, record):
    """The ExtendedArtifacts of a pyarrow Table with the columns of xsc.

    ``parents``: bright stars (``parents.DTYPE``) of this scan and of those around; ``record``: content of scan.json.
    """
    magnitude = circle_magnitudes(galaxies)
    found = find_artifacts(_as_points(galaxies, magnitude + survey().extended_release.spike_gain), parents, record)
    letters = np.array(found.cc_flg.to_pylist(), "U3") if len(galaxies) else np.empty(0, "U3")
    touched = np.array([any(letter.lower() in TOUCHES for letter in flag) for flag in letters], bool)
    inside, false = in_masks(galaxies, magnitude, parents)
    artifact = found.is_artifact | false
    cc_flg = np.select([artifact, touched, inside], ["A", "a", "C"], "0").astype("U1")
    kinds = {letter: count for letter, count in found.artifacts.items() if letter in TOUCHES}
    halo = int((artifact & ~_is_any(letters, TOUCHES.upper())).sum())
    return ExtendedArtifacts(cc_flg, {**kinds, "C": halo}, {"a": int((cc_flg == "a").sum()),
                                                            "C": int((cc_flg == "C").sum())})  # fmt: skip


def in_masks(galaxies, magnitude, parents):
    """Which galaxies lie in the mask of a bright star, and which of them its light may have made: bool, each (n,).

    ``magnitude``: in the circle of 7 arcsec, (n, 3), NaN where it was not measured. A star no brighter than the galaxy,
    within its ellipse, is its own nucleus.
    """
    inside, false = np.zeros((2, len(galaxies)), bool)
    for galaxy, star, distance in _pairs(galaxies, parents):
        bright = parents["magnitude"][star]
        own = (distance < np.maximum(_radius(galaxies)[galaxy], RADIUS)[:, None]) & ~(bright < magnitude[galaxy])
        bright = np.where(own.all(axis=1)[:, None], np.nan, bright)
        rules, light = survey().extended_release, light_at(distance)
        within = bright - 2.5 * light < rules.mask_brightness
        level = bright - 2.5 * (light + np.log10(rules.mask_error * np.pi * RADIUS**2))
        measured = np.isfinite(magnitude[galaxy])
        made = within.any(axis=1) & (~measured | (magnitude[galaxy] >= level)).all(axis=1) & measured.any(axis=1)
        np.logical_or.at(inside, galaxy, within.any(axis=1))
        np.logical_or.at(false, galaxy, made)
    return inside, false


def mask_radius(magnitude):
    """Radius (arcsec, (n,)) of the masks of stars of these magnitudes, (n, 3); 0 where none is known.

    The largest over the bands of where the star's light falls to ``extended_release.mask_brightness``.
    """
    share = 0.4 * (magnitude - np.array(survey().extended_release.mask_brightness))
    return np.nan_to_num(radius_of(share), nan=0.0).max(axis=1, initial=0.0)


def light_at(distance):
    """log10 of the share of a star's light an arcsec2 at ``distance`` (arcsec), of the shape of it."""
    wings = survey().wings
    radius, light = np.array(wings.radius), np.array(wings.light)
    beyond = -3.0 * np.log10(np.maximum(distance, radius[-1]) / radius[-1])
    return np.interp(np.maximum(distance, NEAREST), radius, light) + beyond


def radius_of(light):
    """arcsec at which log10 of the share of a star's light an arcsec2 falls to ``light``; NaN stays."""
    wings = survey().wings
    radius, known = np.array(wings.radius), np.array(wings.light)
    far = radius[-1] * 10 ** (np.maximum(known[-1] - light, 0.0) / 3.0)
    near = np.interp(-light, -known, radius)
    return np.where(light < known[-1], far, near) + 0.0 * light


def circle_magnitudes(galaxies):
    """Magnitudes in the circle of 7 arcsec, (n, 3); NaN for null and for negative flux."""
    found = np.stack([_numbers(galaxies, f"{band.letter}_m_{RADIUS}") for band in BANDS], axis=1)
    return np.where(found < 75.0, found, np.nan)


def _pairs(galaxies, parents):
    """Galaxies and stars whose mask may hold them: rows, (m,), (m,), and distances (arcsec, (m, 1)); or nothing."""
    from scipy.spatial import cKDTree

    if not len(galaxies) or not len(parents):
        return
    places = unit_vectors(_numbers(galaxies, "ra"), _numbers(galaxies, "dec"))
    stars = unit_vectors(parents["ra"], parents["dec"])
    near = cKDTree(places).query_ball_point(stars, chord(mask_radius(parents["magnitude"])))
    star = np.repeat(np.arange(len(parents)), [len(rows) for rows in near])
    galaxy = np.concatenate([np.zeros(0, int), *(np.asarray(rows, int) for rows in near)]).astype(int)
    if len(galaxy):
        yield galaxy, star, arc(np.linalg.norm(places[galaxy] - stars[star], axis=1))[:, None]


def _radius(galaxies):
    """Semi-major axis of the K20 ellipse, arcsec, 0 where it is not known."""
    return np.nan_to_num(_numbers(galaxies, "r_k20fe"))


def _as_points(galaxies, magnitude):
    """The columns by which ``find_artifacts`` judges, of sources with these magnitudes, (n, 3)."""
    n, measured = len(galaxies), np.isfinite(magnitude)
    flags = ["".join(row) for row in np.where(measured, "2", "0").tolist()]
    columns = {"ra": galaxies["ra"], "dec": galaxies["dec"], "rd_flg": pa.array(flags, pa.string()),
               "cc_flg": pa.array(["000"] * n, pa.string())}  # fmt: skip
    columns |= {f"{band.letter}_m": pa.array(magnitude[:, k], from_pandas=True) for k, band in enumerate(BANDS)}
    return pa.table(columns)


def _is_any(flags, letters):
    return np.array([any(letter in letters for letter in flag) for flag in flags], bool)


def _numbers(table, name):
    return table[name].cast(pa.float64()).to_numpy()

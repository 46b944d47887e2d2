"""Which extended sources a release lists: the survey's rules by name, in the order in which they are applied.

Source: 2MASS source selection for the All-Sky release (Explanatory Supplement II.3, V.3). Its limits of score and S/N
are not in the public record; those here are of the first releases or our own (survey.yaml, extended_release).
"""

import numpy as np

from processing.artifacts.galaxies import RADIUS
from processing.config import survey
from processing.release.scans.points import letters
from processing.release.scans.selection import Rule

APERTURES = (f"{RADIUS}", "k20fe")
"""In one of them a source must be significant."""

MAGNITUDE_SIGMA = 2.5 / np.log(10)
"""mag: one over the S/N of a flux, as an error of a magnitude."""


def inside_border(rows):
    """Farther from the edges of its tile than the border; a source whose edge distance is not known stays."""
    nearest = np.fmin(rows.numbers("dist_edge_ns"), rows.numbers("dist_edge_ew"))
    return ~(nearest <= survey().extended_release.border)


def not_artifact(rows):
    """cc_flg is not A."""
    return letters(rows.table["cc_flg"], 1)[:, 0] != ord("A")


def is_extended(rows):
    """The score of extendedness or that of a galaxy is at most the limit."""
    limit = survey().extended_release.score
    return (rows.numbers("e_score") <= limit) | (rows.numbers("g_score") <= limit)


def significant(rows):
    """S/N of the light in one of APERTURES reaches the limit in a band."""
    errors = [rows.bands(f"msig_{name}") for name in APERTURES]
    return (np.stack(errors) <= MAGNITUDE_SIGMA / survey().extended_release.snr).any(axis=(0, 2))


BEFORE_DUPLICATES = (
    Rule("border", "farther than 15 arcsec from the edges of its tile, where they are known", inside_border),
    Rule("artifact", "not what a bright star leaves behind: cc_flg is not A", not_artifact),
)

AFTER_DUPLICATES = (
    Rule("score", "e_score or g_score at most 1.4", is_extended),
    Rule("significant", "S/N >= 7 in a band, within 7 arcsec or the K20 ellipse", significant),
)

TEXTS = {
    **{rule.name: rule.text for rule in BEFORE_DUPLICATES},
    "image overlap": "the apparition farthest from its image's edges, of one scan's images that overlap",
    "tile overlap": "the apparition farthest from its scan's edges, of scans that overlap, within 5 arcsec",
    **{rule.name: rule.text for rule in AFTER_DUPLICATES},
    "piece": "not a piece of a larger galaxy: inside its K20 ellipse and 2 mag fainter",
}
"""What each step keeps, in the order of the steps."""


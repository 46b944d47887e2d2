"""Which sources a release lists: the survey's rules by name, in the order in which they are applied.

Source: 2MASS source selection for the All-Sky release (Explanatory Supplement II.2, V.3).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from processing.config import survey


@dataclass(frozen=True)
class Rule:
    """``keeps(points)`` is a boolean array: the sources that may stay."""

    name: str
    text: str
    keeps: Callable


def inside_border(points):
    """Farther from the edges of its tile than the border; a source whose edge distance is not known stays."""
    nearest = np.fmin(points.numbers("dist_edge_ns"), points.numbers("dist_edge_ew"))
    return ~(nearest <= survey().release.border)


def not_artifact(points):
    """No capital letter in cc_flg, which would say that the detection itself is an artifact."""
    return ~np.char.isupper(points.flags("cc_flg")).any(axis=1)


def detected(points):
    """rd_flg 1, 2 or 3 in a band: a profile fit, or a bright star from the short reads or the wings."""
    return np.isin(points.flags("rd_flg"), list("123")).any(axis=1)


def significant(points):
    """As good as ph_qual B in a detected band, or measured in all three bands and as good as C in one."""
    flags = points.flags("rd_flg")
    in_all = np.isin(flags, list("123")).all(axis=1)
    seen = np.isin(flags, list("1234"))
    return (seen & _as_good_as(points, 1)).any(axis=1) | (in_all & _as_good_as(points, 2).any(axis=1))


def _as_good_as(points, grade):
    """Per band: S/N or uncertainty reaches that of ph_qual A, B, C (``grade`` 0, 1, 2); shape (n, 3)."""
    quality = survey().quality
    return (points.bands("snr") >= quality.snr[grade]) | (points.bands("cmsig") <= quality.sigma[grade])


BEFORE_DUPLICATES = (
    Rule("border", "farther than 10 arcsec from the edges of its tile, where they are known", inside_border),
    Rule("artifact", "not itself an artifact: no capital letter in cc_flg", not_artifact),
)

AFTER_DUPLICATES = (
    Rule("detected", "rd_flg 1, 2 or 3 in at least one band", detected),
    Rule("significant", "S/N >= 7 or cmsig <= 0.1551 in a detected band; or rd_flg 1-3 in all bands and S/N >= 5 or "
         "cmsig <= 0.2171 in one", significant),
)

SKIPPED = (
    {"rule": "profile",
     "why": "psfchi below 10 in a band: the survey put such sources back, with ph_qual E"},
    {"rule": "frames",
     "why": "masked in at most two frames and seen in enough of them: Atlas Images do not tell of single frames"},
    {"rule": "clean-up",
     "why": "removal by hand of hot pixels, glints and meteors: nothing was inspected"},
)
"""Rules of the survey that are not applied here, and why."""


def unknown_edges(points):
    """What release.json says when the border rule had nothing to judge some sources by; [] when it had."""
    unknown = int(np.isnan(points.numbers("dist_edge_ns")).sum())
    why = "the edges of the tile are not known for these sources"
    return [{"rule": "border", "rows": unknown, "why": why}] if unknown else []

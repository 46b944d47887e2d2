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
    flags = points.flags("cc_flg")
    return ~((flags >= ord("A")) & (flags <= ord("Z"))).any(axis=1)


def detected(points):
    """rd_flg 1, 2 or 3 in a band: a profile fit, or a bright star from the short reads or the wings."""
    return _is_any(points.flags("rd_flg"), "123").any(axis=1)


def significant(points):
    """As good as ph_qual B in a detected band, or measured in all three bands and as good as C in one."""
    flags = points.flags("rd_flg")
    in_all = _is_any(flags, "123").all(axis=1)
    seen = _is_any(flags, "1234")
    return (seen & _as_good_as(points, 1)).any(axis=1) | (in_all & _as_good_as(points, 2).any(axis=1))


def confirmed(points):
    """Measurable on enough of its frames in a band where it is measured, and if bright there, seen on enough of them.

    One band is enough; bands from the short reads or the wings always are; a source with three profile fits of two
    frames each, seen on both, may stay. Sources without ``ndet`` stay,
    and those that ``detected`` judges.
    """
    rules, quality, flags = survey().release, survey().quality, points.flags("rd_flg")
    counts = points.frame_counts()
    seen, possible = counts[:, :, 0], counts[:, :, 1]
    bright = (points.bands("m") < rules.bright) | (points.bands("snr") > quality.detected_snr)
    fitted = (possible >= rules.least_frames) & (~bright | (seen >= quality.detected_share * possible))
    by_fit = _is_any(flags, "2")
    enough = _is_any(flags, "13") | (by_fit & fitted)
    two = (by_fit & (seen == 2) & (possible == 2)).all(axis=1)
    undetected = ~_is_any(flags, "123").any(axis=1)
    return enough.any(axis=1) | two | undetected | np.isnan(counts[:, 0, 0])


def in_level1(points):
    """The part of a catalog whose figures the Level 1 requirements are about (release summary): ph_qual A in a band,
    or measured on the short reads (rd_flg 1) or from the wings (3) in a band. Without artifacts, as the catalog is."""
    return _is_any(points.flags("ph_qual"), "A").any(axis=1) | _is_any(points.flags("rd_flg"), "13").any(axis=1)


def _is_any(flags, letters):
    """Where a flag (ASCII code) is one of the ``letters``."""
    return np.isin(flags, np.frombuffer(letters.encode(), np.uint8))


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
    Rule("frames", "in a measured band: rd_flg 1 or 3, or measurable on 3 frames and, if brighter than J 14.5, H 14.0, "
         "Ks 13.5 or S/N 20, seen on 0.4 of them; or all three bands seen on 2 of 2 frames; where ndet is known",
         confirmed),
)

SKIPPED = (
    {"rule": "profile",
     "why": "psfchi below 10 in a band: the survey put such sources back, with ph_qual E"},
    {"rule": "clean-up",
     "why": "removal by hand of hot pixels, glints and meteors: nothing was inspected"},
)
"""Rules of the survey that are not applied here, and why."""


UNKNOWN = {
    "border": ("dist_edge_ns", "the edges of the tile are not known for these sources"),
    "frames": ("ndet", "Atlas Images do not tell on how many single frames these sources are seen"),
}
"""Rules that have nothing to judge a source by when a column is null, and why that can be."""


def unknown(table):
    """Number of rows that each rule of UNKNOWN has nothing to judge by."""
    return {rule: table[column].null_count for rule, (column, _) in UNKNOWN.items()}


def not_applied(counts):
    """What release.json says of rules that did not judge some of the rows (``unknown``), or none."""
    return [{"rule": rule, "rows": rows, "why": UNKNOWN[rule][1]} for rule, rows in counts.items() if rows] \
        + list(SKIPPED)


def first_failed(points, rules=AFTER_DUPLICATES):
    """Which of the ``rules`` each source fails first: its place there from 1; 0 when it fails none. uint8, (n,)."""
    failed = np.zeros(len(points), np.uint8)
    for number, rule in enumerate(rules, start=1):
        failed[(failed == 0) & ~rule.keeps(points)] = number
    return failed

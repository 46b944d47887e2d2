"""From the sources of a scan and the bright stars around it to the flags: which are artifacts, which are touched."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from processing.artifacts import halo, persistence, spikes, stripes
from processing.artifacts.columns import DETECTED, flags
from processing.artifacts.pairs import find_pairs
from processing.artifacts.parents import candidates
from processing.artifacts.scan_frame import scan_frame
from processing.config import survey
from processing.errors import SurveyError

KINDS = (persistence, halo, spikes, stripes)
"""In the order of the hierarchy of cc_flg. Each has its LETTER; ``levels(pairs)``: magnitude of its brightest false
star where the detection is, and of the light that tells whether it gets there at all and touches real sources;
``reach``; and maybe a rule of its own for what is touched, ``touched(pairs)``."""

ORDER = "PCDSpcdsb0"
"""Of the letters of cc_flg the first one holds: what is an artifact is not merely touched."""

CAPITALS = len(KINDS)
"""So many letters of ORDER are capitals, and as many lower ones follow in the same order."""

CODES = np.array([ORDER.find(chr(n)) for n in range(128)])


@dataclass(frozen=True)
class Artifacts:
    """``cc_flg``: the new column, (n,); ``is_artifact``: whether the detection is one as a whole, bool, (n,);
    ``artifacts``, ``touched``: sources by letter, lower case, the first of the hierarchy in any band; what was there
    before (c and b of the band merge) is not counted.
    """

    cc_flg: pa.Array
    is_artifact: np.ndarray
    artifacts: dict
    touched: dict


def parents_of(points, scan):
    """The bright stars of a scan as parents (see ``processing.artifacts.parents``), without their own false stars.

    ``points``: pyarrow Table of the scan; ``scan``: content of its ``scan.json``.
    """
    parents, rows = candidates(points)
    found = find_artifacts(points.take(pa.array(rows, pa.int64())), parents, scan)
    return parents[~found.is_artifact]


def find_artifacts(points, parents, scan):
    """Which sources of a scan are artifacts and which are touched by one: Artifacts.

    Parameters
    ----------
    points : pyarrow.Table
        Of one scan, with the columns of psc.
    parents : ndarray
        Of this scan and of others around it (``parents_of``, ``bright_stars``); the same star may be there twice.
    scan : dict
        Content of ``scan.json``.
    """
    pairs, before = find_pairs(points, parents, scan_frame(scan)), _codes(flags(points, "cc_flg"))
    codes = np.min([before, *(codes_of(kind, pairs, len(points)) for kind in KINDS)], axis=0)
    detected = np.isin(flags(points, "rd_flg"), DETECTED)
    whole = ((codes < CAPITALS) | ~detected).all(axis=1) & detected.any(axis=1)
    codes = np.where((codes < CAPITALS) & ~whole[:, None], codes + CAPITALS, codes)
    fresh = np.where(codes == before, len(ORDER) - 1, codes)
    return Artifacts(_joined(codes), whole, _count(codes[whole]), _count(fresh[~whole]))


def codes_of(kind, pairs, count):
    """What one kind of artifact makes of ``count`` detections, (count, 3): places in ORDER."""
    level, extent = kind.levels(pairs)
    inside = np.minimum(level, extent) < pairs.frame.limit
    false = inside & (pairs.magnitude >= level)
    light = inside & (pairs.magnitude >= extent - survey().artifacts.touched)
    touched = kind.touched(pairs) if hasattr(kind, "touched") else light
    codes = np.full((count, 3), ORDER.index("0"))
    for which, letter in ((touched, kind.LETTER), (false, kind.LETTER.upper())):
        pair, band = np.nonzero(which)
        codes[pairs.point[pair], band] = ORDER.index(letter)
    return codes


def _codes(letters):
    """Places in ORDER of letters, same shape; SurveyError when one is none of cc_flg."""
    codes = CODES[np.minimum(letters.view(np.uint32), 127)].reshape(letters.shape)
    if (codes < 0).any():
        raise SurveyError(f"cc_flg: expected letters of {ORDER}, found {letters[codes < 0][0]!r}")
    return codes


def _joined(codes):
    letters = np.array(list(ORDER))[codes]
    return pa.array(np.ascontiguousarray(letters).view("U3").ravel().tolist(), pa.string())


def _count(codes):
    """Sources by kind: the first letter of their bands."""
    first = codes.min(axis=1, initial=len(ORDER) - 1)
    return {kind.LETTER: int(np.isin(first, [k, k + CAPITALS]).sum()) for k, kind in enumerate(KINDS)}

"""Parents: the stars bright enough to leave artifacts, of a scan or of a list of known bright stars.

They are rows of a numpy array with the fields of ``DTYPE``: position (deg), ``magnitude`` in J, H, Ks (NaN where it is
not known) and ``reach``, how far from the star its artifacts go (arcsec); latent images, which only scans that saw the
star can have, do not count.
"""

import numpy as np

from processing.artifacts import halo, spikes, stripes
from processing.artifacts.columns import bands, flags, measured, numbers
from processing.artifacts.scan_frame import nominal_limits
from processing.config import survey
from processing.errors import SurveyError

DTYPE = np.dtype([("ra", "f8"), ("dec", "f8"), ("magnitude", "f8", (3,)), ("reach", "f8")])

FILL = np.array([[0.0, 2.695, -1.695], [0.370, 0.0, 0.630], [-0.587, 1.598, 0.0]])
"""J, H, Ks of a usual star from its two other magnitudes (DB_MAPCOR of the final processing; the sign of the second
line as the colours of stars have it)."""

DEEPER = 0.8
"""mag: scans may list this much fainter sources than those that just meet the requirements; for ``reach``."""


def bright_stars(ra, dec, magnitude):
    """The parents among stars: deg, (n,); mag, (n, 3), NaN where not known. SurveyError when the shapes differ."""
    ra, dec, magnitude = (np.atleast_1d(np.asarray(values, float)) for values in (ra, dec, magnitude))
    if magnitude.shape != (len(ra), 3) or dec.shape != ra.shape:
        raise SurveyError(f"bright stars: expected ra and dec (n,) and magnitudes (n, 3), found shapes {ra.shape}, "
                          f"{dec.shape} and {magnitude.shape}")
    magnitude = filled(magnitude)
    chosen = np.flatnonzero((magnitude <= survey().artifacts.parent).any(axis=1))
    parents = np.zeros(len(chosen), DTYPE)
    parents["ra"], parents["dec"], parents["magnitude"] = ra[chosen], dec[chosen], magnitude[chosen]
    parents["reach"] = reach(magnitude[chosen])
    return parents


def candidates(points):
    """The parents among the sources of a scan, and their rows in ``points``, before their own artifacts are removed.

    Profile fits that fail, or that are brighter than what saturates, are none.
    """
    rules, magnitude = survey().artifacts, measured(points)
    fitted = flags(points, "rd_flg") == "2"
    poor = fitted & ((bands(points, "psfchi") > survey().quality.poor_chi2) | (magnitude < rules.brightest_fit))
    magnitude = np.where(poor, np.nan, magnitude)
    rows = np.flatnonzero((magnitude <= rules.parent).any(axis=1))
    return bright_stars(numbers(points, "ra")[rows], numbers(points, "dec")[rows], magnitude[rows]), rows


def filled(magnitude):
    """Magnitudes (n, 3) with one missing band from the two others; those with more missing stay as they are."""
    missing = ~np.isfinite(magnitude)
    other = np.where(missing, 0.0, magnitude) @ FILL.T
    return np.where(missing & (missing.sum(axis=1) == 1)[:, None], other, magnitude)


def reach(magnitude):
    """How far the artifacts of stars (n, 3) go, arcsec, (n,): at most ``artifacts.reach`` of ``survey.yaml``."""
    limit = nominal_limits() + DEEPER
    farthest = np.max([kind.reach(magnitude, limit) for kind in (halo, spikes, stripes)], axis=0)
    return np.minimum(farthest, survey().artifacts.reach)


def near(parents, scan):
    """The parents whose artifacts may reach a scan (content of its ``scan.json``), its first and last frames included,
    which lie outside the corners."""
    row = scan["scan"]
    dec = np.array([row[f"dec_{n}"] for n in range(1, 5)])
    ra = np.array([row[f"ra_{n}"] for n in range(1, 5)])
    room = (parents["reach"] + survey().instrument.frame_height) / 3600
    within = (parents["dec"] > dec.min() - room) & (parents["dec"] < dec.max() + room)
    away = np.abs((parents["ra"] - row["ra"] + 180) % 360 - 180)
    half = np.abs((ra - row["ra"] + 180) % 360 - 180).max()
    highest = np.minimum(np.maximum(np.abs(parents["dec"]), np.abs(dec).max()) + room, 90.0)
    return parents[within & ((away - half) * np.cos(np.radians(highest)) < room)]

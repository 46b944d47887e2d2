"""What a perfect camera would measure of the galaxies: isophotes and the light within them, from the model itself.

    known = isophotes(galaxies)                  columns r_k20, ba_k20, j_k20, h_k20, k_k20, r_j21, ..., j_7, h_7, k_7

The model is the galaxy as it is drawn, smeared as it is in an Atlas Image: by the PSF at the given seeing, the pixels
of the frames and the kernel of the coadd. All of these are Gaussians, so that no image is made and nothing is noisy.
The ellipse of an isophote reaches on the major and minor axis to where the brightness is that of the isophote; then,
its axis ratio kept, its size is such that this is the mean brightness along it, as the survey defines the fiducial
ellipses. Colours do not change within a galaxy.
"""

import numpy as np
from scipy.optimize import brentq

from processing.config import survey
from processing.simulate.coadd import kernel_variance
from processing.simulate.galaxy_parts import profiles_of, widths
from processing.simulate.psf import CORE_VARIANCE, core_of_shape, point_spread, seeing_shape

ISOPHOTES = {"k20": ("k", 20.0), "j21": ("j", 21.0)}
"""Name, band and brightness (mag/arcsec2) of the isophotes."""

CIRCLE = 7.0
"""Radius of the aperture of fixed size, arcsec."""

ANGLES = np.pi * (np.arange(32) + 0.5) / 64
"""A quarter of the ellipse, which is the same four times."""

FARTHEST = 600.0
"""Arcsec to which isophotes are looked for."""


def isophotes(galaxies, seeing=None):
    """Columns of the true isophotes of ``galaxies`` (as of ``sky_patch``), arrays; NaN where a galaxy is fainter.

    r_<isophote>: semi-major axis, arcsec; ba_<isophote>: axis ratio; <band>_<isophote>: magnitude within it;
    <band>_7: within 7 arcsec of the centre. ``seeing``: FWHM as the survey has it, arcsec; None: etc/survey.yaml.
    """
    blur, count = _blur(seeing), len(galaxies["k"])
    bands = [band for band in ("j", "h", "k") if band in galaxies]
    names = [f"{what}_{name}" for name in ISOPHOTES for what in ("r", "ba")] + ["7", *ISOPHOTES]
    found = {name: np.full(count, np.nan) for name in names}
    for k, profiles in enumerate(profiles_of(galaxies)):
        light = smeared(np.concatenate([widths(*profile) for profile in profiles]), blur)
        found["7"][k] = enclosed(light, CIRCLE, 1.0)
        for name, (band, brightness) in ISOPHOTES.items():
            level = 10 ** (-0.4 * (brightness - galaxies[band][k])) if band in bands else np.inf
            found[f"r_{name}"][k], found[f"ba_{name}"][k] = isophote(light, level)
            found[name][k] = enclosed(light, found[f"r_{name}"][k], found[f"ba_{name}"][k])
    shares = {name: found.pop(name) for name in ("7", *ISOPHOTES)}
    return found | {f"{band}_{name}": np.asarray(galaxies[band], float) - 2.5 * np.log10(share)
                    for name, share in shares.items() for band in bands}  # fmt: skip


def _blur(seeing):
    """Shares and variances (arcsec2, each axis) of the Gaussians of a star in an Atlas Image."""
    settings = survey().simulate
    kernel = kernel_variance(settings.frame_pixel, settings.kernel_box)
    psf = point_spread(core_of_shape(seeing_shape(settings.seeing if seeing is None else seeing), kernel))
    return psf.shares, psf.sigmas**2 + CORE_VARIANCE + kernel


def smeared(gaussians, blur):
    """Gaussians (n, 3) of share, variance along the major and the minor axis, smeared by others."""
    share, variance = (np.asarray(part)[:, None] for part in blur)
    parts = share * gaussians[:, 0], variance + gaussians[:, 1], variance + gaussians[:, 2]
    return np.stack(parts, axis=-1).reshape(-1, 3)


def brightness(light, x, y):
    """Share of the light in an arcsec2 at ``x`` on the major and ``y`` on the minor axis (arrays), arcsec."""
    share, a, b = light.T
    peak = share / (2 * np.pi * np.sqrt(a * b))
    return np.exp(-0.5 * (np.multiply.outer(x**2, 1 / a) + np.multiply.outer(y**2, 1 / b))) @ peak


def isophote(light, level):
    """Semi-major axis (arcsec) and axis ratio of the ellipse with ``level`` as its mean brightness; NaN without one."""
    if brightness(light, 0.0, 0.0) <= level:
        return np.nan, np.nan
    major, minor = (brentq(lambda r: brightness(light, r * x, r * (1 - x)) - level, 0, FARTHEST) for x in (1.0, 0.0))
    ratio = minor / major
    x, y = np.cos(ANGLES), ratio * np.sin(ANGLES)
    return brentq(lambda r: brightness(light, r * x, r * y).mean() - level, 0, FARTHEST), ratio


def enclosed(light, radius, ratio):
    """Share of the light within an ellipse: over the angle, as that over the radius is known."""
    share, a, b = light.T
    x2, y2 = (radius * np.cos(ANGLES)) ** 2, (radius * ratio * np.sin(ANGLES)) ** 2
    q = np.multiply.outer(x2, 1 / a) + np.multiply.outer(y2, 1 / b)
    inside = radius**2 * ratio / np.sqrt(a * b) * -np.expm1(-q / 2) / q
    return float((inside @ share).mean())

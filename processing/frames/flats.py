"""Each pixel's responsivity, from twilight frames (Explanatory Supplement, section IV.2).

The slope of a pixel's signal against the level of the whole array while the twilight changes: a slope, not a mean of
ratios, so that light that does not change with the sky (glow, thermal emission) does not enter. Stars in the twilight
frames are outliers of the line.
"""

from dataclasses import dataclass

import numpy as np

from processing.errors import SurveyError
from processing.frames.quantiles import quantiles

CLIP = 4.0
ROUNDS = 4


@dataclass(frozen=True)
class Response:
    """``slope``: responsivity, median 1, shape (ny, nx), NaN where it could not be fitted; ``scatter``: rms of the
    frames about the line, DN, same shape; ``range``: highest over lowest level of the frames used."""

    slope: np.ndarray
    scatter: np.ndarray
    range: float


def fit_response(flats, usable):
    """The Response of a stack of twilight frames.

    Parameters
    ----------
    flats : ndarray, shape (n, ny, nx), DN
        Calibrated differences (linear, dark-subtracted), in any order of level.
    usable : ndarray of bool, same shape
        False where a read is saturated.

    SurveyError when no frame has light in it.
    """
    level = np.array([np.median(frame[good]) if good.any() else np.nan for frame, good in zip(flats, usable)])
    bright = np.isfinite(level) & (level > 0)
    if not bright.any():
        raise SurveyError(f"flats: expected light in {len(flats)} frames, found all of them dark or saturated")
    flats, usable, level = flats[bright], usable[bright].copy(), level[bright].astype(np.float32)
    # Photon noise: the variance of a frame is proportional to its level.
    weight = (1 / level)[:, None, None]
    for _ in range(ROUNDS):
        slope, offset, scatter = _line(flats, level, weight, usable)
        residual = (flats - offset - slope * level[:, None, None]) * np.sqrt(weight)
        usable &= np.abs(residual) <= CLIP * np.maximum(scatter, 1e-6)
    norm = np.nanmedian(slope)
    rms = scatter * np.sqrt(np.median(level))
    return Response(slope / norm, rms, float(level.max() / level.min()))


def _line(flats, level, weight, usable):
    """Weighted straight line through each pixel's values; the robust scatter is in units of the weights."""
    w = np.where(usable, weight, 0).astype(np.float32)
    x = level[:, None, None]
    s, sx, sy = w.sum(0), (w * x).sum(0), (w * flats).sum(0)
    sxx, sxy = (w * x * x).sum(0), (w * x * flats).sum(0)
    determinant = s * sxx - sx**2
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.where(determinant > 0, (s * sxy - sx * sy) / determinant, np.nan)
        offset = (sy - slope * sx) / s
        residual = np.where(usable, (flats - offset - slope * x) * np.sqrt(weight), np.nan)
    scatter = 1.4826 * quantiles(np.abs(residual), (0.5,))[0]
    return slope.astype(np.float32), offset.astype(np.float32), scatter.astype(np.float32)

"""Hidden pixels of a stamp get the light of their mirror image through the object's centre, or that of its ellipse."""

from dataclasses import dataclass

import numpy as np

from processing.extended.pixels import mirror, ring_fill, second_moments

STEP = 1.0
"""Pixels of semi-major axis that share one light."""

ROUNDS = 10
"""Ellipse and the Gaussian that weighs the moments in turn."""

FIRST, FLATTEST = 4.0, 0.2
"""Sigma in pixels of the first Gaussian, and least axis ratio."""


@dataclass(frozen=True)
class Ellipse:
    """``x``, ``y``: pixel; ``ratio``: of the axes; ``angle``: rad, of the major axis from x towards y."""

    x: float
    y: float
    ratio: float
    angle: float


def ellipse_of(data, hidden, x, y):
    """The Ellipse of the second moments about (x, y) of an object's light under a Gaussian that follows them."""
    size, ratio, angle = FIRST, 1.0, 0.0
    for _ in range(ROUNDS):
        xx, xy, yy = second_moments(data, hidden, x, y, size, ratio, angle)
        mean, half = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
        if not mean > half:
            return Ellipse(x, y, 1.0, 0.0)
        ratio, angle = max(np.sqrt((mean - half) / (mean + half)), FLATTEST), 0.5 * np.arctan2(2 * xy, xx - yy)
        size = float(np.clip(np.sqrt(2 * (mean + half)), FIRST, len(data) / 4))
    return Ellipse(x, y, float(ratio), float(angle))


def filled(data, hidden, ellipse):
    """A stamp with light in all pixels.

    Parameters
    ----------
    data : ndarray, shape (n, n), DN
        NaN where unknown.
    hidden : ndarray of bool
        Pixels to be filled, those that are NaN among them.
    ellipse : Ellipse
        The object's.

    Returns
    -------
    ndarray, shape (n, n), DN
        Hidden pixels have what is seen in the pixel opposite to them; if that is hidden as well, the mean of what is
        seen in their elliptical ring; 0 where none is.
    """
    out, left = np.where(hidden, np.float32(0.0), data), np.zeros(data.shape, bool)
    if mirror(out, hidden, ellipse.x, ellipse.y, left):
        ring_fill(out, hidden, left, ellipse.x, ellipse.y, ellipse.ratio, ellipse.angle, STEP)
    return out

"""Galaxy and stars fitted to the whitened pixels of a small piece of the strip."""

from dataclasses import dataclass

import numpy as np

from processing.photometry.scan.profiles import INDICES, STAR, draw

RADIUS, SCATTER, ELLIPSE = np.log(2.5), 1.0, 0.7
"""Prior of log half-light radius (arcsec) and of the ellipse's parameters: mean and scatter, wide; own choice."""

SMALLEST, LARGEST, FLATTEST = np.log(0.3), np.log(60.0), 2.0
"""Bounds of the log half-light radius and of minus the log axis ratio."""

MOVE = 3.0
"""Arcsec that a galaxy's centre may move from its first guess."""

PATIENCE = 4
"""A fit is on the way to a cost that so many steps like the last one would reach."""

HOLD = 1.0
"""One sigma in arcsec of the prior that holds a star where it is."""


@dataclass(frozen=True)
class Fit:
    """``galaxy`` (EXTENDED,) or (0,), ``stars`` (n, STAR): parameters; ``cost``: chi-square, that of the priors
    included."""

    galaxy: np.ndarray
    stars: np.ndarray
    cost: float


def fit(beam, data, weight, galaxy, stars, hopeless=np.inf, steps=14, enough=0.1):
    """Least squares (Levenberg & Marquardt) from a first guess.

    Parameters
    ----------
    data, weight : ndarray, (side, side)
        Whitened pixels in units of their noise; inverse variance, 0 for pixels to ignore.
    galaxy, stars
        As ``draw`` takes them.
    hopeless : float
        A fit that is not on the way to a lower cost is not carried on.
    steps, enough : int, float
        It ends after so many steps or when one lowers the cost by less.

    Returns
    -------
    Fit
    """
    start, split, cost, damping = np.concatenate([galaxy, np.ravel(stars)]), len(galaxy), np.inf, 1e-3
    prior, mean = _priors(start, split)
    trial = start
    for step in range(steps):
        image, slopes = draw(beam, trial[:split], trial[split:].reshape(-1, STAR))
        left, slopes = data - image, slopes.reshape(len(start), -1)
        now = float((weight * left**2).sum() + (prior * (trial - mean) ** 2).sum())
        if now < cost:
            gain, best, cost, damping = cost - now, trial, now, 0.2 * damping
            weighted = slopes * weight.ravel()
            normal = (weighted @ slopes.T).astype(float) + np.diag(prior)
            gradient = (weighted @ left.ravel()).astype(float) - prior * (trial - mean)
            if gain < enough or (step > 2 and cost - PATIENCE * gain > hopeless):
                break
        else:
            damping *= 10
        if damping > 1e4:
            break
        trial = _bounded(best + _step(normal, gradient, damping, best, split), start, split)
    return Fit(best[:split], best[split:].reshape(-1, STAR), cost)


def _priors(start, split):
    """Inverse variance and mean of the priors of all parameters."""
    stars = (len(start) - split) // STAR
    own = [0, 0, SCATTER**-2, ELLIPSE**-2, ELLIPSE**-2, *[0] * len(INDICES)] if split else []
    mean = start.copy()
    mean[2:5] = (RADIUS, 0.0, 0.0) if split else mean[2:5]
    return np.array([*own, *[HOLD**-2, HOLD**-2, 0] * stars]), mean


def _step(normal, gradient, damping, best, split):
    """A damped step; a profile without light that would get less stays as it is."""
    free = np.ones(len(best), bool)
    free[5:split] = (best[5:split] > 0) | (gradient[5:split] > 0)
    size = np.diag(normal)
    damped = normal + np.diag(damping * size + 1e-9 * size.max())
    step = np.zeros(len(best))
    step[free] = np.linalg.solve(damped[np.ix_(free, free)], gradient[free])
    return step


def _bounded(p, start, split):
    if split:
        p[:2] = np.clip(p[:2], start[:2] - MOVE, start[:2] + MOVE)
        p[2] = np.clip(p[2], SMALLEST, LARGEST)
        p[3:5] *= min(1.0, FLATTEST / max(np.hypot(*p[3:5]), 1e-9))
        p[5:split] = np.maximum(p[5:split], 0.0)
    return p

"""The survey's radial shape: alpha times beta of f0 exp(-(r / alpha)**(1 / beta)) fitted to a profile."""

import math

import numba
import numpy as np

USUAL = math.log(2.0), math.log(0.55)
"""Log alpha (arcsec) and log beta of stars, about which the fit begins and to which a weak prior holds it."""

PRIOR = 0.01
"""Weight of this prior, in pixels as bright as the peak."""

NARROW, WIDE = math.log(0.3), 0.0
"""Bounds of log beta: a Gaussian has -0.7, an exponential 0; beyond, light in the wings would make alpha small."""

SMALL, LARGE = -1.5, 2.5
"""Bounds of log alpha."""

STEPS, FARTHEST = 25, 0.5
"""Steps of the fit at most, and how far each goes."""


@numba.njit(cache=True, nogil=True)
def width(radius, light, weight):
    """alpha * beta, arcsec; 0 where there is no light. ``radius``, ``light``, ``weight``: of the rings, (n,).

    Levenberg & Marquardt in log alpha and log beta; f0 is what fits best with them.
    """
    trial, best, cost, damping = USUAL, USUAL, np.inf, 1e-3
    form = np.empty((3, len(radius)))
    normal = np.zeros(5)
    for _ in range(STEPS):
        peak = _fill(form, radius, light, weight, trial)
        if peak <= 0.0:
            return 0.0
        now = _misfit(form, light, weight, peak, trial)
        if now < cost:
            done = cost - now < 1e-6 * now
            best, cost, damping = trial, now, 0.3 * damping
            if done:
                break
            _equations(form, light, weight, peak, trial, normal)
        else:
            damping *= 10.0
            if damping > 1e6:
                break
        trial = _step(normal, damping, best)
    return math.exp(best[0] + best[1])


@numba.njit(cache=True, nogil=True)
def _fill(form, radius, light, weight, place):
    """The form of unit peak and its changes with log alpha and log beta into ``form`` (3, n); returns f0."""
    top = bottom = 1e-30
    steep = math.exp(-place[1])
    for i in range(len(radius)):
        u = math.log(max(radius[i], 0.05)) - place[0]
        power = math.exp(min(u * steep, 6.0))
        form[0, i] = math.exp(-power)
        form[1, i] = form[0, i] * power * steep
        form[2, i] = form[1, i] * u
        top += weight[i] * light[i] * form[0, i]
        bottom += weight[i] * form[0, i] ** 2
    return top / bottom


@numba.njit(cache=True, nogil=True)
def _misfit(form, light, weight, peak, place):
    cost = PRIOR * peak**2 * ((place[0] - USUAL[0]) ** 2 + (place[1] - USUAL[1]) ** 2)
    for i in range(len(light)):
        cost += weight[i] * (light[i] - peak * form[0, i]) ** 2
    return cost


@numba.njit(cache=True, nogil=True)
def _equations(form, light, weight, peak, place, normal):
    """Normal equations, f0 free, into ``normal``: aa, ab, bb of the matrix, a and b of the gradient."""
    bottom, sa, sb = 1e-30, 0.0, 0.0
    for i in range(len(light)):
        bottom += weight[i] * form[0, i] ** 2
        sa += weight[i] * form[0, i] * form[1, i]
        sb += weight[i] * form[0, i] * form[2, i]
    held = PRIOR * peak**2
    normal[:] = held, 0.0, held, held * (USUAL[0] - place[0]), held * (USUAL[1] - place[1])
    for i in range(len(light)):
        a = peak * (form[1, i] - form[0, i] * sa / bottom)
        b = peak * (form[2, i] - form[0, i] * sb / bottom)
        left = weight[i] * (light[i] - peak * form[0, i])
        normal[0] += weight[i] * a * a
        normal[1] += weight[i] * a * b
        normal[2] += weight[i] * b * b
        normal[3] += left * a
        normal[4] += left * b


@numba.njit(cache=True, nogil=True)
def _step(normal, damping, best):
    aa, ab, bb = normal[0] * (1.0 + damping), normal[1], normal[2] * (1.0 + damping)
    det = aa * bb - ab * ab
    a = (bb * normal[3] - ab * normal[4]) / det
    b = (aa * normal[4] - ab * normal[3]) / det
    a, b = min(max(a, -FARTHEST), FARTHEST), min(max(b, -FARTHEST), FARTHEST)
    return min(max(best[0] + a, SMALL), LARGE), min(max(best[1] + b, NARROW), WIDE)

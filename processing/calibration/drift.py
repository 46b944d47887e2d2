"""How a zero point changes through a night: curves through visits, each with its probability.

A curve is a Gaussian process, so that one formula fits them all and gives the covariance at any time: ``constant``;
``linear`` and ``quadratic`` polynomials with Gaussian coefficients; ``piecewise``, a random walk, whose most probable
course is the broken line through the visits and whose error grows between them. Their evidence chooses: unlike
residuals left out or BIC it needs no more visits than a night has and knows that visits to a field share its errors
(Rasmussen & Williams 2006, chapter 5). The extinction is one more coefficient, held by its long-term value.
"""

from dataclasses import dataclass

import numpy as np

from processing.config import survey

SHAPES = {"constant": 0.5, "linear": 0.2, "quadratic": 0.1, "piecewise": 0.2}
"""The candidates and their probability before a night is seen: own choice, constant nights are usual at H and Ks."""

AMPLITUDES = (0.5, 1.0, 2.0, 4.0)
"""Sizes of a change tried, in units of ``drift``."""

SCATTERS = {1.0: 0.96, 4.0: 0.02, 16.0: 0.015, 64.0: 0.005}
"""Scatters of visits tried, in units of ``visit_floor``, and their probability: clouds and bad fields are rare.

Own choice, made on simulated nights: with 0.08 instead of 0.02 for the second, drifts were taken for scatter (13.5
against 11.3 mmag of error between hourly visits, on 150 other nights)."""

OFFSET = 1.0
"""Prior error of a night's zero point about the median of its visits, mag: wide."""


@dataclass(frozen=True)
class Candidate:
    """One curve: its shape, the size of its change, the scatter of visits (mag).

    ``amplitude``: mag a square root of an hour.
    """

    shape: str
    amplitude: float
    scatter: float
    prior: float


def candidates(shapes=SHAPES):
    """The Candidates with the given shapes; priors are not normalised."""
    settings, out = survey().calibration, []
    for shape in shapes:
        sizes = (0.0,) if shape == "constant" else AMPLITUDES
        for size in sizes:
            for factor, prior in SCATTERS.items():
                out.append(Candidate(shape, size * settings.drift, factor * settings.visit_floor,
                                     prior * SHAPES[shape] / len(sizes)))  # fmt: skip
    return out


class Curves:
    """All ``candidates`` fitted to visits.

    ``spread``: prior error of the extinction, mag an airmass; ``floor``: scatter of visits that is not the sky's but
    the fields', mag. ``weight``: probability of each candidate; ``change``, ``change_error``: of the extinction
    against that which the visits were reduced with, each candidate's.
    """

    def __init__(self, visits, tried, spread, floor):
        self.tried, self.spread, self.floor = tried, spread, floor
        self.middle, self.half = (visits.mjd.min() + visits.mjd.max()) / 2, max(12 * np.ptp(visits.mjd), 0.5)
        self.hours, self.air = self._hours(visits.mjd), visits.airmass - 1
        self.centre = float(np.median(visits.zero_point))
        scatter = np.array([one.scatter**2 for one in tried])[:, None, None] * np.eye(len(visits))
        joint = self._kernel(self.hours, self.air) + scatter + visits.covariance
        self.inverse = np.linalg.inv(joint)
        self.pull = self.inverse @ (visits.zero_point - self.centre)
        quadratic = self.pull @ (visits.zero_point - self.centre)
        log = -0.5 * (quadratic + np.linalg.slogdet(joint)[1]) + np.log([one.prior for one in tried])
        self.weight = np.exp(log - log.max()) / np.exp(log - log.max()).sum()
        self.change = -(self.spread**2) * self.pull @ self.air
        gain = np.einsum("i,mij,j->m", self.air, self.inverse, self.air)
        self.change_error = self.spread * np.sqrt(np.maximum(1 - self.spread**2 * gain, 0))

    def _hours(self, mjd):
        return 24 * (np.atleast_1d(np.asarray(mjd, float)) - self.middle)

    def _kernel(self, hours, air):
        """Prior covariance (m, q, n) mag^2 of each candidate between times ``hours`` and the visits."""
        common = OFFSET**2 + self.spread**2 * np.outer(air, self.air)
        shapes = {one.shape for one in self.tried}
        change = {shape: _change(shape, hours, self.hours, self.half) for shape in shapes}
        return np.array([common + one.amplitude**2 * change[one.shape] for one in self.tried])

    def at(self, mjd, airmass):
        """Zero point (mag) and its variance (mag^2), (m, q) each, at times and airmasses (q,).

        Scatter beyond the floor is in the variance: it is the sky's.
        """
        hours, air = self._hours(mjd), np.atleast_1d(np.asarray(airmass, float)) - 1
        cross = self._kernel(hours, air)
        prior = OFFSET**2 + self.spread**2 * air**2 + np.array(
            [one.amplitude**2 * _variance(one.shape, hours, self.half) + one.scatter**2 for one in self.tried])
        known = np.einsum("mqi,mij,mqj->mq", cross, self.inverse, cross)
        variance = np.maximum(prior - known - self.floor**2, 0)
        return self.centre + np.einsum("mqi,mi->mq", cross, self.pull), variance

    def left_out(self, mine):
        """Mean of what the visits ``mine`` (mask) have beyond the prediction of all others, and its sigma, mag.

        Of the first candidate (Rasmussen & Williams 2006, 5.4.2).
        """
        covariance = np.linalg.inv(self.inverse[0][np.ix_(mine, mine)])
        return float((covariance @ self.pull[0][mine]).mean()), float(np.sqrt(covariance.mean()))

    def best(self):
        """Index of the best candidate of the most probable shape, and the dict of the shapes' probabilities."""
        shape = np.array([one.shape for one in self.tried])
        odds = {name: float(self.weight[shape == name].sum()) for name in dict.fromkeys(shape)}
        chosen = max(odds, key=odds.get)
        return int(np.argmax(np.where(shape == chosen, self.weight, -1))), {str(k): v for k, v in odds.items()}


def _change(shape, hours, others, half):
    """Covariance (q, n) of the change between two times (hours from the middle), for amplitude 1; ``half``: h."""
    one, other = hours[:, None], others[None, :]
    if shape == "piecewise":
        return 0.5 * (np.abs(one) + np.abs(other) - np.abs(one - other))
    linear = one * other / half
    if shape == "quadratic":
        return linear + half * ((one / half) ** 2 - 1 / 3) * ((other / half) ** 2 - 1 / 3)
    return linear if shape == "linear" else np.zeros_like(linear)


def _variance(shape, hours, half):
    return np.array([_change(shape, hours[i:i + 1], hours[i:i + 1], half)[0, 0] for i in range(len(hours))])

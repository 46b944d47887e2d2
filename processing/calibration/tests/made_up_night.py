"""Measurements of standards by the formula of the raw night format alone: m = ZP(t) - 2.5 log10(DN) - c2 (X - 1)."""

import numpy as np

from processing.calibration.standards import Measurements
from processing.calibration.visits import Visits

START = 51000.2
BAND, EXTINCTION, NOMINAL = "j", 0.109, 20.9
STANDARDS, SCANS, FRAMES = 12, 6, 6
STAR_ERROR, NOISE, FLAT = 0.01, 0.012, 0.009
"""mag; FLAT: error of a measurement that its quoted NOISE does not tell."""


def hours(mjd):
    return 24 * (np.asarray(mjd) - START)


def constant(h):
    return np.zeros_like(h)


def standards_of(rng, fields, n=STANDARDS):
    """The table of standards and their true magnitudes: n in each field, on a grid of 60 arcsec."""
    rows = len(fields) * n
    true = rng.uniform(10, 13, rows)
    centre = np.repeat(15.0 * np.arange(len(fields)), n)
    table = {"field": np.repeat(np.array(fields), n), "ra": centre + np.tile(np.arange(n) % 4, len(fields)) / 60,
             "dec": np.tile(np.arange(n) // 4, len(fields)) / 60}  # fmt: skip
    for band in "jhk":
        table |= {band: true + STAR_ERROR * rng.standard_normal(rows), f"{band}_err": np.full(rows, STAR_ERROR)}
    return table, true


class MadeUpNight:
    """Visits at ``times`` (h) to ``fields``; ``curve``: mag against h; ``change``: of extinction, mag an airmass."""

    def __init__(self, seed, times, fields, curve=constant, change=0.0, n=STANDARDS):
        self.rng = np.random.default_rng(seed)
        self.times, self.fields, self.curve, self.change = times, fields, curve, change
        self.standards, self.true = standards_of(self.rng, sorted(set(fields)), n)

    def zero_point(self, mjd, airmass):
        """The truth: what to add to -2.5 log10(DN)."""
        return NOMINAL + self.curve(hours(mjd)) - (EXTINCTION + self.change) * (airmass - 1)

    def measured(self, clouds=None):
        """The Measurements; ``clouds``: dict from visit to mag by which each of its scans is dimmed."""
        parts = [self._visit(k, (clouds or {}).get(k, np.zeros(SCANS))) for k in range(len(self.times))]
        return Measurements(*(np.concatenate(column) for column in zip(*parts)))

    def _visit(self, k, dimmed):
        stars = np.flatnonzero(self.standards["field"] == self.fields[k])
        scan, frame, star = (a.ravel() for a in np.meshgrid(np.arange(SCANS), np.arange(FRAMES), stars, indexing="ij"))
        mjd = START + (self.times[k] + scan * 0.025 + frame * 0.003) / 24
        airmass = 1.02 + 0.5 * (k % 2) + 0.002 * scan
        noise = np.hypot(NOISE, FLAT) * self.rng.standard_normal(len(star))
        bright = self.true[star] - self.zero_point(mjd, airmass) + np.asarray(dimmed)[scan] + noise
        ra, dec = (self.standards[c][star] + self.rng.normal(0, 0.2 / 3600, len(star)) for c in ("ra", "dec"))
        image = 1000 * k + 50 * scan + frame
        field, visit = self.standards["field"][star], np.full(len(star), k)
        return visit, 10 * k + scan, image, field, mjd, airmass, ra, dec, bright, np.full(len(star), NOISE)


def visits_of(rng, times, curve, error=0.004, scatter=0.003):
    """Visits to as many fields, and the change of the night's extinction: the fast way.

    ``error`` (mag) is what the visits claim, ``scatter`` (mag) what fields differ by beyond that.
    """
    n, change = len(times), 0.1 * EXTINCTION * rng.standard_normal()
    airmass = 1.02 + 0.5 * (np.arange(n) % 2)
    noise = np.hypot(error, scatter) * rng.standard_normal(n)
    zero_point = NOMINAL + curve(np.asarray(times)) - change * (airmass - 1) + noise
    fields = np.array([f"field{k}" for k in range(n)])
    return Visits(np.arange(n), fields, START + np.asarray(times) / 24, airmass, zero_point, np.eye(n) * error**2,
                  np.full(n, STANDARDS), np.zeros(n, int), np.zeros(n)), change  # fmt: skip

"""The expected pixels of a simulated scan, from its truth: light and variance of every frame, and what is unusable.

    pixels = TrueLight(truth, "990712n", 11, "j", kind="sci")
    light, variance, usable = pixels.frame(0)
"""

from datetime import datetime
from functools import cached_property

import numpy as np

from processing.simulate.nights import GALAXY_COLUMNS
from processing.simulate.pointing import MJD_ZERO, Track
from processing.simulate.scene import Scene, View
from processing.simulate.weather import weather

ROUNDING = 1 / 6
"""Variance of the difference of two reads in whole DN, DN**2."""


class TrueLight:
    """Frames of one band of the sequence ``seq`` of a night, tile ``tile``, as ``truth`` (a Truth) has them.

    What is common to the pixels of a row (stripes, drift of quadrants) is no part of the variance: it can be measured
    on each frame and taken off.
    """

    def __init__(self, truth, night, seq, band, tile, kind="sci"):
        self.band, self.table = band, truth.frames(night, kind, seq, band)
        about = truth.night(night)
        with_weather = weather(truth.settings["seed"], about["number"], band)
        self.optics = truth.optics(night, band)
        self.array = truth.detector(night[-1], band)
        self.numbers = truth.numbers(night[-1], band)
        self.rays = truth.rays(night, kind, seq, band)
        stars, galaxies = truth.stars(tile), truth.galaxies(tile)
        view = View(self.optics, with_weather, None, about["bands"][band]["core"])
        columns = [{name: table[name].to_numpy() for name in names if name in table.column_names} for table, names in (
            (stars, ("ra", "dec", band)), (galaxies, GALAXY_COLUMNS))]  # fmt: skip
        self.scene = Scene(view, self.table, _track(self.table, about["midnight"]), *columns)

    def __len__(self):
        return len(self.table)

    @cached_property
    def dark(self):
        """Dark and glow of the difference of the reads, DN of charge."""
        return self.array["dark"] * (self.numbers["TEXP2"] - self.numbers["TEXP1"]) + self.array["glow"]

    def frame(self, i):
        """Frame ``i`` (from 0): ``light`` (DN of a pixel of response 1, sky included), the constant and the factor of
        its variance (DN**2 = constant + factor * light, in the same units) and ``usable``, bool; all (256, 256)."""
        light = self.scene.frame(i)
        return light, *self.variance(), self._usable(light, i)

    def sky(self, i):
        """Mean level of frame ``i``, DN a pixel."""
        return self.table["sky"][i].as_py()

    def variance(self):
        """Constant and factor of the variance of a flat-fielded pixel; see ``frame``."""
        gain, response = self.numbers["GAIN"], np.maximum(self.array["response"], 1e-3)
        constant = (2 * (self.array["noise"] / gain) ** 2 + self.dark / gain + ROUNDING) / response**2
        return constant, 1 / gain / response

    def _usable(self, light, i):
        """Neither bad nor hit by a cosmic ray, and in the second read below saturation."""
        numbers = self.numbers
        rate = (light * self.array["response"] + self.dark) / (numbers["TEXP2"] - numbers["TEXP1"])
        charge = rate * numbers["TEXP2"] + self.array["glow"]
        reading = charge * (1 - numbers["NONLIN"] * charge)
        bright = charge > 1.5 * numbers["SATURATE"]
        usable = (self.array["bad"] == 0) & (reading < numbers["SATURATE"]) & ~bright
        here = self.rays["frame"].to_numpy() == i + 1
        usable[self.rays["y"].to_numpy()[here], self.rays["x"].to_numpy()[here]] = False
        return usable


def _track(table, midnight):
    """The Track of a table of frames."""
    mjd = table["mjd"].to_numpy()
    seconds = (mjd - (datetime.fromisoformat(midnight) - MJD_ZERO).total_seconds() / 86400) * 86400
    ra, dec, airmass = (table[name].to_numpy() for name in ("ra", "dec", "airmass"))
    return Track(seconds, mjd, ra, dec, ra, dec, airmass)

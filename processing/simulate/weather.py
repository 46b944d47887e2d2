"""What changes during a simulated night, as functions of time: zero point, extinction, seeing, sky and airglow.

Time is in seconds from the night's midnight everywhere; a function of time gives the same whatever else is observed.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from processing.config import survey
from processing.schema.bands import BANDS

LETTERS = tuple(band.letter for band in BANDS)
HOURS = 3 * 3600.0
GLOW_CELLS, GLOW_PARTS = 256, 4
"""The airglow repeats after so many cells; so many cells to its scale."""

LARGEST_ZERO_POINT = 0.22
"""Of a night against the nominal one, mag: the raw night format promises 0.25."""


@dataclass(frozen=True)
class Drift:
    """A smooth random function of time: sinusoids of periods about ``scale`` (s), of the given rms in the long run."""

    amplitudes: np.ndarray
    periods: np.ndarray
    phases: np.ndarray

    def __call__(self, seconds):
        angle = 2 * np.pi * np.asarray(seconds, float)[..., None] / self.periods + self.phases
        return np.sin(angle) @ self.amplitudes


def drift(rng, rms, scale):
    """A Drift of four sinusoids with periods of 0.5 to 2 times ``scale`` seconds."""
    amplitudes = rng.dirichlet(np.full(4, 4.0)) ** 0.5 * rms * np.sqrt(2)
    return Drift(amplitudes, scale * 2 ** rng.uniform(-1, 1, 4), rng.uniform(0, 2 * np.pi, 4))


@dataclass(frozen=True)
class Weather:
    """A night in one band.

    ``zero_point_mean`` and ``zero_point_drift``: mag of 1 DN in 1.3 s at airmass 1; ``extinction``: mag an airmass;
    ``seeing``: factor on the width of the PSF, less 1; ``stretch``: two Drifts, the elongation at the centre (arcsec,
    x and y); ``sky_drift``: factor on the sky, less 1; ``glow``: (cells, cells) structure of the sky, rms 1.
    """

    band: str
    zero_point_mean: float
    zero_point_drift: Drift
    extinction: float
    seeing: Drift
    stretch: tuple
    sky_drift: Drift
    glow: np.ndarray
    wind: tuple

    def zero_point(self, seconds):
        """Magnitude of a star of 1 DN at airmass 1."""
        change = self.zero_point_mean + self.zero_point_drift(seconds)
        return nominal("magzp", self.band) + np.clip(change, -LARGEST_ZERO_POINT, LARGEST_ZERO_POINT)

    def sky(self, seconds):
        """Mean of the sky, DN a frame pixel."""
        settings = survey().simulate
        return nominal("sky", self.band) * settings.frame_pixel**2 * np.clip(1 + self.sky_drift(seconds), 0.5, 2)


def nominal(name, band):
    """A number of the band in the section ``simulate`` of survey.yaml."""
    return getattr(survey().simulate, name)[LETTERS.index(band)]


def weather(seed, night, band):
    """The Weather of the night number ``night`` (from 0)."""
    settings, n = survey().simulated_night, LETTERS.index(band)
    rng = np.random.default_rng([seed, 21, night, n])
    common = np.random.default_rng([seed, 22, night])
    zero_point = float(np.clip(rng.normal(0, settings.zero_point), -0.15, 0.15))
    factor = np.clip(rng.normal(1, settings.extinction_spread), 0.82, 1.18)
    stretch = tuple(drift(common, 0.2 * settings.elongation, 60 * settings.seeing_minutes) for _ in "xy")
    direction = common.uniform(0, 2 * np.pi)
    return Weather(
        band, zero_point, drift(rng, settings.zero_point_drift, HOURS),
        float(survey().atmosphere.extinction[n] * factor),
        drift(common, settings.seeing_drift, 60 * settings.seeing_minutes), stretch,
        drift(rng, settings.sky_drift[n], 0.5 * HOURS), airglow_field(common),
        (settings.airglow_wind * np.cos(direction), settings.airglow_wind * np.sin(direction)),
    )  # fmt: skip


def airglow_field(rng):
    """A periodic random surface of rms 1 whose scale is GLOW_PARTS cells."""
    smooth = gaussian_filter(rng.standard_normal((GLOW_CELLS, GLOW_CELLS)), GLOW_PARTS, mode="wrap")
    return smooth / smooth.std()

"""The sky that the frames of a scan see: stars, galaxies and airglow on the pixels, before the detector."""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.simulate.detector import SIDE
from processing.simulate.galaxy_parts import PARTS, as_gaussians
from processing.simulate.optics import Optics, tangent
from processing.simulate.render import add_gaussians
from processing.simulate.starlight import Wings, add_plane, add_spikes, add_stars, light_shares
from processing.simulate.weather import GLOW_PARTS, LETTERS, Weather

NEAR = 24.0
"""Sources this many pixels outside an array still light it."""

BRIGHT, BRIGHT_REACH = 3e4, 320.0
"""DN of a star whose spikes are followed from further outside the array, and how far, pixel."""

NARROWEST = 0.3
"""Gaussians of galaxies narrower than this many arcsec (sigma) are points."""

LARGE = 6.0
"""Half-light radii outside an array at which a galaxy still lights it."""


@dataclass(frozen=True)
class View:
    """Who looks: the array's Optics, the Weather, the Detector and the mean width of the PSF core (sigma, arcsec)."""

    optics: Optics
    weather: Weather
    detector: object
    core: float


def draw_stars(light, optics, frame, x, y, flux):
    """Add all but the wide wings of stars at pixels x, y to ``light``; ``frame``: its row of the truth."""
    core, wings, _, spikes = light_shares()
    scale, settings = optics.scale, survey().simulated_night
    sigma, ex, ey = local_psf(optics, frame, x, y)
    near = (np.abs(x - 127.5) < 128 + NEAR) & (np.abs(y - 127.5) < 128 + NEAR)
    add_stars(light, x[near], y[near], flux[near], core, sigma[near] / scale, ex[near] / scale, ey[near] / scale,
              wings / np.array([scale, 1.0]))  # fmt: skip
    far = near | (flux > BRIGHT)
    add_spikes(light, x[far], y[far], flux[far], spikes, settings.spike_turn / scale, settings.spike_width / scale)


def local_psf(optics, frame, x, y):
    """Sigma of the core and its elongation ex, ey (arcsec) at pixels x, y; ``frame``: its row of the truth."""
    ex, ey = optics.stretch(x, y)
    return optics.core(x, y, frame["sigma"]), ex + frame["stretch_x"], ey + frame["stretch_y"]


def psf_row(truth, i):
    """What the truth says of the PSF of frame ``i`` (from 0)."""
    return {name: truth[name][i].as_py() for name in ("sigma", "stretch_x", "stretch_y")}


class Scene:
    """The sky that the frames of a scan see."""

    def __init__(self, view, truth, track, stars, galaxies):
        self.view, self.truth, self.track = view, truth, track
        self.stars, self.galaxies = (_by_dec(t, view.weather.band) for t in (stars, galaxies))
        self.gauss, self.owner = as_gaussians(self.galaxies, NARROWEST)
        self.wings = self._wings()

    def _wings(self):
        """Magnitudes to DN at the time at which the scan passes the source."""
        dec, order = self.track.dec, np.argsort(self.track.dec)
        unit = self.truth["unit"].to_numpy()
        ra, where, mag = (np.r_[self.stars[c], self.galaxies[c]] for c in ("ra", "dec", "mag"))
        flux = np.interp(where, dec[order], unit[order]) * 10 ** (-0.4 * mag)
        return Wings(float(self.track.ra[0]), float(dec.min()), float(dec.max()), ra, where, flux)

    def frame(self, i):
        """The light of frame ``i`` (from 0): DN in 1.3 s, (256, 256)."""
        row = psf_row(self.truth, i)
        light = np.full((SIDE, SIDE), self.truth["sky"][i].as_py())
        self._add_airglow(light, i)
        self.wings.add_to(light, self.view.optics.affine(), self.track.ra[i], self.track.dec[i], self.view.optics.scale)
        unit = self.truth["unit"][i].as_py()
        x, y, mag, _ = self.seen(self.stars, i)
        draw_stars(light, self.view.optics, row, x, y, unit * 10 ** (-0.4 * mag))
        self._add_galaxies(light, i, unit, row["sigma"])
        return np.maximum(light, 0.0)

    def seen(self, sources, i):
        """Pixels, magnitude and row of the sources that may light frame ``i``."""
        ra, dec = self.track.ra[i], self.track.dec[i]
        reach = (128 + BRIGHT_REACH) * self.view.optics.scale / 3600
        here = slice(*np.searchsorted(sources["dec"], [dec - reach, dec + reach]))
        x, y = self.view.optics.pixel(*tangent(sources["ra"][here], sources["dec"][here], ra, dec))
        return x, y, sources["mag"][here], np.arange(here.start, here.stop)

    def _add_airglow(self, light, i):
        """The structure passes over the scan at its wind."""
        settings, w = survey().simulated_night, self.view.weather
        cell, t = settings.airglow_scale / GLOW_PARTS, self.track.seconds[i]
        a = self.view.optics.affine() / cell
        a[0] += w.wind[0] * t / cell
        a[3] += (w.wind[1] * t + self.track.dec[i] * 3600) / cell
        amplitude = settings.airglow[LETTERS.index(w.band)]
        add_plane(light, w.glow, a[:3].copy(), a[3:].copy(), amplitude, True)

    def _add_galaxies(self, light, i, unit, sigma):
        x, y, mag, rows = self.seen(self.galaxies, i)
        core, wings, _, spikes = light_shares()
        scale = self.view.optics.scale
        reach = 128 + np.maximum(3 * NEAR, LARGE * self.galaxies["reff"][rows] / scale)
        near = (np.abs(x - 127.5) < reach) & (np.abs(y - 127.5) < reach)
        for xi, yi, m, row in zip(x[near], y[near], mag[near], rows[near]):
            parts = self.gauss[self.owner[row]:self.owner[row + 1]]
            flux = unit * 10 ** (-0.4 * m) * parts[:, 0]
            xs, ys = np.full(len(parts), xi), np.full(len(parts), yi)
            for width, share in ((sigma, core + spikes), *wings):
                cxx, cxy, cyy = parts[:, 1:].T / scale**2
                round_part = (width / scale) ** 2
                add_gaussians(light, xs, ys, share * flux, cxx + round_part, cxy, cyy + round_part)


def _by_dec(table, band):
    """Columns that the band needs, sorted by declination; sources that it does not see are left out."""
    mag = np.asarray(table[band], float)
    seen = np.flatnonzero(np.isfinite(mag))
    order = seen[np.argsort(np.asarray(table["dec"])[seen], kind="stable")]
    names = [n for n in ("ra", "dec", "reff", "sersic", "axis_ratio", "angle", *PARTS) if n in table]
    return {"mag": mag[order], **{name: np.asarray(table[name], float)[order] for name in names}}


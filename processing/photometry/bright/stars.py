"""Bright stars of a scan and band: found, their first reads measured, the brightest from their wings."""

from dataclasses import dataclass, fields, replace

import numpy as np

from processing.astrometry.plane import moved
from processing.config import survey
from processing.photometry.bright.found import found_stars
from processing.photometry.bright.levels import row_levels
from processing.photometry.bright.light import PIXEL, spike_numbers
from processing.photometry.bright.places import places
from processing.photometry.bright.profile import Profile, default_profile, measured_profile
from processing.photometry.bright.radius import saturated_radius
from processing.photometry.bright.read1 import apertures, frame_means
from processing.photometry.bright.wings import fit_wings

ROUNDS = 2
"""Profile, fluxes from wings and apertures without their neighbours need each other."""

PROFILE_STARS = 40
"""The profile is taken from so many of the brightest stars with a flux from the first read."""

GROWTH_SNR, GROWTH_STARS = 100.0, 5
"""The curve of growth is measured on stars of this significance if there are so many."""


@dataclass(frozen=True)
class BrightStars:
    """Stars that saturate the 1.3 s images of at least one frame. Arrays have one element a star.

    Attributes
    ----------
    ra, dec : ndarray, deg ICRS
    cov : ndarray, shape (n, 2, 2), arcsec**2
        Covariance of the position (east, north), without errors of the scan's solution.
    flux, flux_err : ndarray, DN
        Total flux in 1.3 s (in ``extraction.growth_radius``) and its one-sigma error; NaN where neither read nor wings
        give one.
    method : ndarray of int
        Origin of the flux as in ``rd_flg``: 1 first read, 3 wings, 9 none.
    frames_used, frames_seen : ndarray of int
        N and M of ``ndet``: method 1, frames with a detection of 3 sigma, and measurable ones; method 3, both the
        frames whose wings were fitted (the survey lists N = 0 then).
    radius : ndarray, arcsec
        Inside it the 1.3 s images are saturated in some frame.
    to_total : float
        Total flux of 1.3 s over that in the 4 arcsec aperture of the first read, as applied; see ``normalised``.
    profile : Profile
        How their light falls off with radius; ``profile.stars``: how many stars of the scan it rests on, 0 for the
        default of etc/survey.yaml.
    """

    ra: np.ndarray
    dec: np.ndarray
    cov: np.ndarray
    flux: np.ndarray
    flux_err: np.ndarray
    method: np.ndarray
    frames_used: np.ndarray
    frames_seen: np.ndarray
    radius: np.ndarray
    to_total: float
    profile: Profile

    def __len__(self):
        return len(self.ra)

    def __getitem__(self, rows):
        """Those in ``rows`` (index or mask)."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return BrightStars(**{name: v[rows] if isinstance(v, np.ndarray) else v for name, v in values.items()})


def bright_stars(frames, solution, band, texp=(0.051, 1.351)):
    """The BrightStars of a scan and band.

    Parameters
    ----------
    frames : processing.frames.calibrate.Frames
        Without sky.
    solution : Solution
    band : str
        Letter.
    texp : (float, float), s
        Exposure of the first and of the second read.
    """
    total = (texp[1] - texp[0]) / texp[0]
    ra, dec, cov = found_stars(frames, solution, band, total)
    if len(ra) == 0:
        return _none(total)
    where = places(solution, band, ra, dec, len(frames.read1), frames.read1.shape[1:])
    measured = _Measured(frames, solution, band, where, ra, dec, cov, total)
    for _ in range(ROUNDS):
        measured.profile_from_stars()
        measured.wings()
        measured.first_reads()
    return measured.result()


def _none(to_total):
    empty, counts = np.zeros(0), np.zeros(0, int)
    return BrightStars(empty, empty, np.zeros((0, 2, 2)), empty, empty, counts, counts, counts, empty, to_total,
                       default_profile())  # fmt: skip


class _Measured:
    """What is known so far: ``total`` (1.3 s over first read), ``growth`` (total over 4 arcsec), ``profile``, ``flux``
    (DN of 1.3 s, total), ``first`` (Read1Fluxes), ``wing`` (dict of star to WingFit)."""

    def __init__(self, frames, solution, band, where, ra, dec, cov, total):
        self.frames, self.solution, self.band, self.total = frames, solution, band, total
        self.found, self.ra, self.dec, self.cov = (ra, dec), ra.copy(), dec.copy(), cov.copy()
        self.where, self.levels = where, row_levels(frames.read1, frames.flaws, where.frame, where.y)
        self.profile, self.wing = default_profile(), {}
        self.noise, self.spike = _noise(frames), spike_numbers(band)
        self.flux = np.zeros(len(ra))
        self.first_reads()

    @property
    def to_total(self):
        return self.total * self.growth

    @property
    def hollow(self):
        """Stars without usable first read, the widest first."""
        without = np.flatnonzero(self.first.measurable == 0)
        return without[np.argsort(-self.radius[without])]

    @property
    def radius(self):
        return saturated_radius(self.frames.flaws, self.where, len(self.ra))

    def profile_from_stars(self):
        """The profile from the brightest stars with a first read."""
        known = np.flatnonzero(np.isfinite(self.first.flux) & (self.first.flux > 20 * self.first.error))
        chosen = known[np.argsort(-self.first.flux[known])][:PROFILE_STARS]
        for _ in range(2 if not self.wing else 1):
            if len(chosen):
                self.profile = measured_profile(self.frames, self.where, self.flux, self.total, chosen, self.noise[1],
                                                self.spike, self.profile)  # fmt: skip

    def wings(self):
        """Fluxes and places of the stars without first read, the widest first."""
        hollow = self.hollow
        self._start(hollow)
        for star in hollow:
            fit = fit_wings(self.frames, self.where, star, self.flux, self.profile, self.total, self._jacobian(star),
                            self.noise, self.spike)  # fmt: skip
            if np.isfinite(fit.flux):
                self.wing[star], self.flux[star] = fit, fit.flux
                self.ra[star], self.dec[star] = moved(self.ra[star], self.dec[star], fit.east, fit.north)
                self.cov[star] = fit.covariance
        if len(hollow):
            self._replace()

    def _start(self, hollow):
        """Stars without first read where they were found, with the flux that their saturated radius tells if none is
        known."""
        self.ra[hollow], self.dec[hollow] = self.found[0][hollow], self.found[1][hollow]
        edge = np.maximum(self.radius[hollow] - PIXEL, PIXEL)
        limit = survey().detector.saturate * self.total / (1 + self.total)
        light = np.exp(np.interp(edge, self.profile.radius, self.profile.light))
        self.flux[hollow] = np.where(self.flux[hollow] > 0, self.flux[hollow], limit / light)
        self._replace()

    def _replace(self):
        """Apparitions anew."""
        shape = self.frames.read1.shape
        self.where = places(self.solution, self.band, self.ra, self.dec, shape[0], shape[1:])

    def _jacobian(self, star):
        """Pixels by which a star moves for an arcsec east and north."""
        frame = self.where.frame[np.flatnonzero(self.where.star == star)[0]]
        ra, dec = moved(np.full(3, self.ra[star]), np.full(3, self.dec[star]), np.array([0, 1, 0]), np.array([0, 0, 1]))
        x, y = self.solution.pixel(self.band, frame, ra, dec)
        return np.array([[x[1] - x[0], x[2] - x[0]], [y[1] - y[0], y[2] - y[0]]])

    def first_reads(self):
        """First reads anew, the light of the other stars taken off."""
        w, light = self.where, self.flux[self.where.star] / self.total
        found, wide = (self._apertures(light, radius) for radius in (None, survey().extraction.growth_radius))
        self.first = frame_means(w.star, found, len(self.ra))
        self.growth = self._growth(frame_means(w.star, wide, len(self.ra)))
        good = np.isfinite(self.first.flux)
        self.flux[good] = (self.first.flux * self.to_total)[good]
        self.where = replace(w, sky=found.sky)

    def _apertures(self, light, radius):
        f, w = self.frames, self.where
        return apertures(f.read1, f.flaws, self.levels, w.frame, w.x, w.y, light, self.profile.table,
                         self.spike, radius)  # fmt: skip

    def _growth(self, wide):
        """Total flux over that in the standard aperture, from the first reads of bright stars or else the profile;
        ``wide``: Read1Fluxes of the total."""
        use = np.isfinite(wide.flux) & (self.first.flux > GROWTH_SNR * self.first.error)
        if use.sum() >= GROWTH_STARS:
            return float(np.median((wide.flux / self.first.flux)[use]))
        steps = np.arange(0, 10 * survey().extraction.growth_radius / PIXEL) / 10
        light = np.cumsum(steps * self.profile.table[:len(steps)])
        return float(light[-1] / light[int(10 * survey().aperture.radius / PIXEL)])

    def result(self):
        """The BrightStars."""
        by_wings = np.isin(np.arange(len(self.ra)), list(self.wing)) & (self.first.measurable == 0)
        error = self.first.error * self.to_total
        used, seen = self.first.detected.copy(), self.first.measurable.copy()
        for star in np.flatnonzero(by_wings):
            error[star], used[star], seen[star] = self.wing[star].error, self.wing[star].frames, self.wing[star].frames
        known = by_wings | (self.first.measurable > 0)
        method = np.where(by_wings, 3, np.where(known, 1, 9))
        flux = np.where(known & (self.flux > 0), self.flux, np.nan)
        return BrightStars(self.ra, self.dec, self.cov, flux, error, method, used, seen, self.radius, self.to_total,
                           self.profile)  # fmt: skip


def _noise(frames):
    """Noise of a pixel of the first read and of the difference, DN: half the 15.87-84.13 % range below the median."""
    good = frames.flaws[:, ::8, ::8] == 0
    low = [np.percentile(v[:, ::8, ::8][good], [15.87, 50]) for v in (frames.read1, frames.image)]
    return tuple(float(b - a) for a, b in low)

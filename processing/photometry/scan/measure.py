"""All point sources of a scan: the sentence that the rest of this room spells out."""

import numpy as np

from processing.atlas.grid import strip_grid
from processing.config import survey
from processing.frames.masks import Flaw
from processing.photometry.bright import bright_stars
from processing.photometry.fit import Stars
from processing.photometry.scan.components import pruned, without_doubtful
from processing.photometry.scan.detection import crowding, first_peaks, more_peaks, strip_of
from processing.photometry.scan.extended import galaxies_joined
from processing.photometry.scan.fit import Model, fitted
from processing.photometry.scan.kernels import FIT
from processing.photometry.scan.listing import band_sources, total_over_fit
from processing.photometry.scan.places import Mapping, apparitions
from processing.photometry.scan.psf import first_guess
from processing.photometry.scan.psf_stars import learned_from_stars
from processing.photometry.scan.saturated import apart_from, in_glare_of, without_bright
from processing.photometry.scan.sky import frame_sky, without_sky
from processing.photometry.scan.strip_psf import strip_psf


PSF_PEAKS = 5.0
"""What errors of the PSF leave reaches, at its highest, so many times their rms."""

FIRST_ERROR = 0.05
"""Of the PSF before any star has taught it, in units of itself."""

FEW_NEW = 0.05
"""The search for blends ends when it finds less than this part more."""


def measure_scan(scan, solution, usable, progress=lambda what: None):
    """The point sources of a scan, by band.

    Parameters
    ----------
    scan : processing.night.steps.Scan
    solution : Solution
    usable : dict of str to UsableFrames
        By band letter.
    progress : callable
        Called with a word for each step as it begins.

    Returns
    -------
    dict of str to BandSources
        Pixel coordinates on ``strip_grid(solution)`` (1 arcsec; the same for all bands); fluxes in DN of 1.3 s through
        the air there was, not corrected for extinction.
    """
    grid = strip_grid(solution)
    return {band: measure_band(scan, solution, band, usable[band], grid, progress) for band in usable}


def measure_band(scan, solution, band, frames, grid, progress=lambda what: None):
    """The BandSources of one band; ``frames``: its UsableFrames, ``grid``: the strip."""
    return measure_band_with_psf(scan, solution, band, frames, grid, progress)[0]


def measure_band_with_psf(scan, solution, band, frames, grid, progress=lambda what: None):
    """The BandSources of one band, and the StripPSF that goes with their fluxes."""
    work, model = fitted_band(scan, solution, band, frames, grid, progress)
    return band_sources(work, model), strip_psf(model, grid.shape, total_over_fit(model))


def fitted_band(scan, solution, band, frames, grid, progress=lambda what: None):
    """The Frames of one band and the Model fitted to them."""
    rules = survey().scan_photometry
    work = Frames(scan, solution, band, frames, grid)
    progress("bright stars")
    work.set_bright(bright_stars(scan.frames[band], solution, band))
    progress("first stars")
    model = work.first_model()
    model = work.with_peaks(model, first_peaks(work.strip(model.data), model.psf, rules.detect))
    progress("PSF")
    for steps in (2, 1, 1):
        model = learned_from_stars(work.with_sky(fitted(model, steps)))
    progress("blends")
    crowd = crowding(model.stars, model.psf, grid.shape)
    for _ in range(rules.deblend_rounds):
        crowded = work.covered(model.stars) > rules.crowded
        threshold = rules.detect_again if crowded else rules.detect
        share = max(rules.share, PSF_PEAKS * model.profile_error)
        left, known = work.strip(model.residual), model.stars
        new = more_peaks(left, crowd, model.psf, threshold, share, known)
        new = new.select(~in_glare_of(work, new)) if crowded else new
        model = fitted(pruned(fitted(work.with_peaks(model, new), 1)), 1)
        if len(new) < FEW_NEW * len(model.stars):
            break
        model = learned_from_stars(work.with_sky(model))
    progress("galaxies")
    model = galaxies_joined(work, model, left, known)
    progress("final fit")
    model = work.with_sky(fitted(without_doubtful(model), 2))
    return work, fitted(pruned(model), 1)


class Frames:
    """The frames of one band on their way through the photometry, and the stars that saturate them.

    ``raw``: (n, ny, nx), DN, medians off; ``usable``: bool, saturated pixels are not; ``noise``: DN, (n,); ``level``:
    the medians.
    """

    def __init__(self, scan, solution, band, frames, grid):
        self.scan, self.solution, self.band, self.grid = scan, solution, band, grid
        seen = np.isfinite(frames.image)
        self.usable = seen & ((scan.frames[band].flaws & int(Flaw.SATURATED)) == 0)
        self.usable &= np.isfinite(frames.noise)[:, None, None]
        self.raw = np.where(seen, frames.image, np.float32(0.0))
        self.level = frames.level[np.isfinite(frames.level)]
        self.noise = np.where(np.isfinite(frames.noise), frames.noise, 1.0)

    def set_bright(self, bright):
        """Take BrightStars off the frames."""
        self.bright = bright
        self.bright_x, self.bright_y = self.grid.wcs.wcs_world2pix(bright.ra, bright.dec, 0)
        self.raw, self.usable = without_bright(self.raw, self.usable, self.noise, bright, self.solution, self.band)

    def covered(self, stars):
        """Part of the sky that the images of stars cover, each as large as the fitted circle; glare does not count."""
        area = self.grid.shape[0] * survey().atlas.width
        return (~in_glare_of(self, stars)).sum() * np.pi * (FIT * survey().simulate.frame_pixel) ** 2 / area

    def first_model(self):
        """A Model without stars and with a round PSF."""
        width = float(np.median(self.scan.stars[self.band].width)) if len(self.scan.stars[self.band]) else 0.4
        mapping, nobody = Mapping(self.solution, self.band, self.grid), Stars(*np.zeros((3, 0)))
        sky = frame_sky(self.raw, self.usable, self.noise)
        return Model(self.raw - sky, self.usable, self.noise, self.scan.gain[self.band], mapping,
                     first_guess(len(self.raw), width), nobody, apparitions(nobody.x, nobody.y, mapping),
                     FIRST_ERROR)  # fmt: skip

    def strip(self, images):
        """The average of ``images`` on the strip (Field)."""
        return strip_of(images, self.usable, self.noise, self.solution, self.band, self.grid)

    def with_sky(self, model):
        """The Model with the sky under its stars."""
        return model.with_data(without_sky(self.raw, self.usable, self.noise, model.drawing))

    def with_peaks(self, model, new):
        """The Model with more stars."""
        return self.with_only(model, model.stars.joined(new))

    def with_only(self, model, stars):
        """The Model with these stars; those that no frame sees are left out."""
        stars = stars.select(apart_from(stars, self.bright, self.bright_x, self.bright_y))
        places = apparitions(stars.x, stars.y, model.mapping)
        seen = np.bincount(places.star, minlength=len(stars)) > 0
        return model.with_stars(stars.select(seen)) if not seen.all() else model.with_stars(stars, places)

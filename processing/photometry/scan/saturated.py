"""Stars that saturate the 1.3 s images: their light is taken off before the others are fitted, and they join the list.

They are measured on the first reads (photometry.bright); here they are brought to the scale of the profile fits.
"""

import numba
import numpy as np

from processing.photometry.bright import normalisation, normalised, read1_fluxes
from processing.photometry.bright.light import PIXEL
from processing.photometry.bright.places import places as bright_places
from processing.photometry.fit import Stars
from processing.photometry.listing import in_glare
from processing.photometry.scan.psf_stars import clean_stars
from processing.photometry.sources import BandSources

FAINTEST = 0.1
"""Halos are taken off to where they fall below this part of the noise of a pixel."""

RIM = 0.5
"""Pixels (frame) around the saturated ones that are not used either."""


def without_bright(raw, usable, noise, bright, solution, band):
    """Frames without the light of bright stars, and what stays usable: copies of ``raw`` and ``usable``.

    ``bright``: BrightStars; ``noise``: DN, (n,). Pixels within the saturated radius are not usable.
    """
    raw, usable = raw.copy(), usable.copy()
    flux = np.nan_to_num(bright.flux)
    if len(bright):
        where = bright_places(solution, band, bright.ra, bright.dec, len(raw), raw.shape[1:])
        _take_off(raw, usable, where.frame, where.x, where.y, flux[where.star], bright.radius[where.star] / PIXEL + RIM,
                  bright.profile.table, FAINTEST * float(np.median(noise)))  # fmt: skip
    return raw, usable


def on_fit_scale(bright, frames, model, scale, most=200):
    """The BrightStars on the scale of the profile fits, from unsaturated stars that have both.

    ``frames``: the calibrated Frames; ``scale``: total flux over the fitted one.
    """
    chosen = clean_stars(model, most)
    if not len(bright) or not len(chosen):
        return bright
    p = model.places
    member = np.isin(p.star, chosen)
    number = np.full(len(model.stars), -1)
    number[chosen] = np.arange(len(chosen))
    first = read1_fluxes(frames.read1, frames.flaws, number[p.star[member]], p.frame[member], p.x[member], p.y[member],
                         len(chosen))  # fmt: skip
    flux = scale * model.stars.flux[chosen]
    return normalised(bright, normalisation(first, flux, 0.005 * flux, bright.to_total))


def apart_from(stars, bright, x, y):
    """True for stars that are not the image of a bright star, or in its saturated pixels: (n,).

    ``x``, ``y``: the bright stars on the strip.
    """
    apart = np.ones(len(stars), bool)
    for k in range(len(bright)):
        apart &= np.hypot(stars.x - x[k], stars.y - y[k]) > np.maximum(bright.radius[k], 3.0)
    return apart


def in_glare_of(work, stars):
    """True for stars that may be the halo or the spikes of the bright ones of ``work`` (measure.Frames): (n,)."""
    parents = Stars(work.bright_x, work.bright_y, np.nan_to_num(work.bright.flux))
    return in_glare(stars.joined(parents), work.band, 1.0)[: len(stars)]


def joined(sources, bright, x, y):
    """BandSources with the bright stars behind the others; ``x``, ``y``: their places on the strip."""
    n = len(bright)
    first = bright.method == 1
    seen = np.where(bright.method == 3, 0, bright.frames_used)
    new = {
        "x": x, "y": y, "x_var": bright.cov[:, 0, 0], "y_var": bright.cov[:, 1, 1], "xy_cov": -bright.cov[:, 0, 1],
        "flux": bright.flux, "flux_err": bright.flux_err, "chi2": np.full(n, np.nan), "blend": np.ones(n, int),
        "method": bright.method, "aperture_flux": np.where(first, bright.flux, np.nan),
        "aperture_flux_err": np.where(first, bright.flux_err, np.nan), "saturated": np.ones(n, bool),
        "ndet": np.stack([seen, bright.frames_seen], axis=1),
    }  # fmt: skip
    values = {name: np.concatenate([getattr(sources, name), part]) for name, part in new.items()}
    return BandSources(**{**vars(sources), **values})


@numba.njit(cache=True)
def _take_off(images, usable, frame, x, y, flux, radius, table, faintest):
    _, ny, nx = images.shape
    for a in range(frame.size):
        reach = 0
        for k in range(len(table) - 1, 0, -1):
            if flux[a] * table[k] > faintest:
                reach = k // 10 + 1
                break
        reach = max(reach, int(radius[a]) + 1)
        for j in range(max(0, int(y[a]) - reach), min(ny, int(y[a]) + reach + 2)):
            for i in range(max(0, int(x[a]) - reach), min(nx, int(x[a]) + reach + 2)):
                r = np.hypot(i - x[a], j - y[a])
                if r <= radius[a]:
                    usable[frame[a], j, i] = False
                k = int(10.0 * r)
                if k + 1 < len(table):
                    light = table[k] + (10.0 * r - k) * (table[k + 1] - table[k])
                    images[frame[a], j, i] -= np.float32(flux[a] * light)

"""Where the glare of bright stars hides what is there: their halos and spikes."""

import numpy as np
from scipy import ndimage

from processing.config import survey
from processing.extended.cuts import cut
from processing.extended.field import Mask
from processing.extended.pixels import mark_glare
from processing.extended.starlight import TABLE, draw, saturated, spike_reach, wings_reach, wings_table

HALF = 12
"""Pixels from a galaxy's middle in which it may outshine a halo."""

SIDE = 2 * HALF + 1

CLEARLY = 5.0
"""Light of a galaxy in units of that of a halo, which has been taken off to better than a fifth, where it shows."""


def glare_of(band, psf, noise, share):
    """Where nothing is seen (Mask.UNSEEN) or the halo or spikes of a star are bright (BRIGHT_STAR): uint8 (ny, nx).

    Saturated stars, and those of ``extended_field.bright`` or more if they are no galaxies: of their light ``share``
    (n,), less than ``extended_field.galaxy``, is left as a disc. ``noise``: of a pixel, DN.
    """
    mask = np.isnan(band.data).view(np.uint8) * np.uint8(Mask.UNSEEN)
    bright = _bright(band, psf, noise, share)
    mark_glare(mask, *bright[:2], *bright[3:], survey().glare.spike_width, np.uint8(Mask.BRIGHT_STAR))
    return mask


def _bright(band, psf, noise, share):
    """x, y, flux, reach of the halo and of the spikes of stars with a glare: five arrays."""
    stars, rules = band.stars, survey().extended_field
    bright = (stars.flux > rules.bright) & ~(share > rules.galaxy)
    rows = np.flatnonzero((saturated(stars) | bright) & np.isfinite(stars.flux))
    flux, light, peak = stars.flux[rows], rules.glare * noise, float(psf.surfaces[0].stamp(0.0, 0.0).max())
    return stars.x[rows], stars.y[rows], flux, wings_reach(flux, light), spike_reach(flux, light, band.band, peak)


def lifted(mask, band, drawn, width):
    """The mask of ``glare_of`` without the halo of stars where a galaxy is brighter by ``CLEARLY``.

    ``drawn``: ``psf``, ``noise`` and ``left`` of the band, see CleanBand; ``width``: the Width of its sources.
    """
    rules, bright = survey().extended_field, _bright(band, drawn.psf, drawn.noise, width.share)
    wide = np.flatnonzero((width.score > rules.wide) & (width.share > rules.galaxy) & ~saturated(band.stars))
    places = np.column_stack([band.stars.x, band.stars.y])[wide]
    for x, y in places:
        corner = round(x) - HALF, round(y) - HALF
        if not (cut(mask, corner, SIDE, 0) & Mask.BRIGHT_STAR).any():
            continue
        own = cut(drawn.left, corner, SIDE, 0.0)
        draw(own, band.stars, wide[np.abs(places - [x, y]).max(axis=1) < HALF], drawn.psf, drawn.noise, corner)
        _clear(mask, corner, _outshone(own, _halos(corner, *bright[:4])) & ~_arms(corner, *bright[:2], bright[4]))
    return mask


def _outshone(own, halos):
    """Where the light of a galaxy, mean of that at its mirror image too, is CLEARLY brighter, on from its middle."""
    light = ndimage.uniform_filter(0.5 * (own + own[::-1, ::-1]), 3)
    pieces, _ = ndimage.label(light > CLEARLY * halos)
    return (pieces == pieces[HALF, HALF]) & (pieces > 0)


def _clear(mask, corner, where):
    """Take the halo off a mask in a square, ``where`` (bool)."""
    v, u = np.nonzero(where)
    x, y = u + corner[0], v + corner[1]
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    mask[y[inside], x[inside]] &= ~np.uint8(Mask.BRIGHT_STAR)


def _arms(corner, x, y, reach):
    """Where the spikes of stars are in a square: bool."""
    arms = np.zeros((SIDE, SIDE), np.uint8)
    mark_glare(arms, x - corner[0], y - corner[1], np.zeros(len(x)), reach, survey().glare.spike_width, np.uint8(1))
    return arms > 0


def _halos(corner, x, y, flux, reach):
    """Light of the wings of stars in a square: DN."""
    v, u = np.mgrid[:SIDE, :SIDE]
    light, table = np.zeros((SIDE, SIDE)), wings_table()
    for k in np.flatnonzero(np.maximum(np.abs(x - corner[0]), np.abs(y - corner[1])) < reach + SIDE):
        far = np.hypot(u + corner[0] - x[k], v + corner[1] - y[k])
        light += flux[k] * np.interp(far, TABLE * np.arange(len(table)), table)
    return light

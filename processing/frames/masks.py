"""Pixels not to be trusted: in every frame of the night, or in one."""

import enum

import numpy as np


class Flaw(enum.IntFlag):
    """Why a pixel of a frame is not used; bits of an unsigned byte."""

    DEAD = 1
    """Responsivity too far from that of the others."""
    HOT = 2
    """Dark current that fills the pixel or whose noise drowns the sky."""
    NOISY = 4
    """Scatters more than its photons and the read noise allow."""
    SATURATED = 8
    """The second read is saturated: no 1.3 s flux, the first read may do."""
    SATURATED_READ1 = 16
    """Even the first read is saturated."""
    LATENT = 32
    """A latent image was taken off here: the pixel may be used, by those who can bear an error of a tenth of it."""


LOW_RESPONSE, HIGH_RESPONSE = 0.6, 1.5
HOT_EXCESS, NOISE_EXCESS = 10.0, 2.5
"""In units of the usual noise of one frame's difference of the reads."""


def mark(flaws, where, flaw):
    """Set the bit of ``flaw`` in ``flaws`` (uint8) where ``where`` is True."""
    flaws[where] |= np.uint8(flaw)


def bad_pixels(darks, response):
    """The night's bad pixels as bits of ``Flaw``; uint8, shape (ny, nx)."""
    usual = np.median(darks.noise)
    excess = darks.difference - np.median(darks.difference)
    flaws = np.zeros(darks.noise.shape, np.uint8)
    known = np.isfinite(response.slope)
    mark(flaws, ~known | (response.slope < LOW_RESPONSE) | (response.slope > HIGH_RESPONSE), Flaw.DEAD)
    mark(flaws, excess > HOT_EXCESS * usual, Flaw.HOT)
    scatter = response.scatter / np.nanmedian(response.scatter)
    mark(flaws, (darks.noise > NOISE_EXCESS * usual) | (scatter > NOISE_EXCESS), Flaw.NOISY)
    return flaws

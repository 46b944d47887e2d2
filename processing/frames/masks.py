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
    """So bright a short time ago that charge trapped then still comes out."""


LOW_RESPONSE, HIGH_RESPONSE = 0.6, 1.5
HOT_EXCESS, NOISE_EXCESS = 10.0, 2.5
"""In units of the usual noise of one frame's difference of the reads."""


def mark(flaws, where, flaw):
    """Set the bit of ``flaw`` in ``flaws`` (uint8) where ``where`` is True."""
    flaws[where] |= np.uint8(flaw)


def latent(signal, above, frames):
    """True where a pixel was brighter than ``above`` in one of the ``frames`` frames before: bool, (n, ny, nx).

    ``signal``: second reads above the pedestal, DN, in order of time. A bright star leaves a latent image on the same
    pixels, which moves over the sky with the frames (Explanatory Supplement, section IV.7a: persistence).
    """
    out = np.zeros(signal.shape, bool)
    left = np.zeros(signal.shape[1:], np.int16)
    for n, frame in enumerate(signal):
        out[n] = left > 0
        left = np.where(frame > above, np.int16(frames), np.maximum(left - 1, 0)).astype(np.int16)
    return out


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

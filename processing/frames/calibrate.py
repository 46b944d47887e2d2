"""Calibrated frames of one scan and band."""

from dataclasses import dataclass, replace

import numpy as np

from processing.frames.latents import latent_images
from processing.frames.masks import Flaw, mark
from processing.frames.reads import linearised, saturated


NOTED = 5.0
"""DN from which on a latent image is noted: half the noise of a pixel."""


@dataclass(frozen=True)
class Frames:
    """Frames of one band.

    ``image``: flux in the 1.3 s between the reads, linear, dark-subtracted, flat-fielded, sky included until it is taken
    off, float32, shape (n, ny, nx), DN; ``read1``: the same of the 51 ms read, pedestal taken off; ``flaws``: bits of
    ``Flaw``, uint8, same shape.
    """

    image: np.ndarray
    read1: np.ndarray
    flaws: np.ndarray

    def without(self, sky):
        """The frames with ``sky`` (n, ny, nx), DN, subtracted from the 1.3 s images."""
        return replace(self, image=self.image - sky)


def difference(read1, read2, pedestal, nonlinearity):
    """Second minus first read, each linearised above ``pedestal`` (ny, nx): float32, shape (n, ny, nx), DN.

    The reads are non-destructive: the second holds the charge of the first, so that the pedestal and the reset noise,
    which are the same in both, cancel.
    """
    first = linearised(read1 - pedestal, nonlinearity)
    return linearised(read2 - pedestal, nonlinearity) - first


def calibrate(read1, read2, darks, response, bad, limit, nonlinearity):
    """The Frames of a sequence.

    Parameters
    ----------
    read1, read2 : ndarray, shape (n, ny, nx), DN
        As read out.
    darks : Darks
    response : Response
    bad : ndarray of uint8, shape (ny, nx)
        The night's bad pixels, bits of ``Flaw``.
    limit, nonlinearity : float
        Saturation (DN above the pedestal) and response (per DN) of the reads.
    """
    above1 = read1.astype(np.float32) - darks.read1
    above2 = read2.astype(np.float32) - darks.read1
    flaws = np.broadcast_to(bad, read1.shape).copy()
    mark(flaws, saturated(above2, limit), Flaw.SATURATED)
    mark(flaws, saturated(above1, limit), Flaw.SATURATED_READ1)
    first = linearised(above1, nonlinearity)
    image = linearised(above2, nonlinearity) - first - darks.difference
    latent = latent_images(above2, image)
    if latent is not None:
        image = image - latent
        mark(flaws, latent > NOTED, Flaw.LATENT)
    slope = np.where(np.isfinite(response.slope) & (response.slope > 0), response.slope, 1)
    return Frames(image / slope, first / slope, flaws)

"""Calibrated frames of one scan and band."""

from dataclasses import dataclass, replace

import numba
import numpy as np

from processing.frames.latents import latent_images
from processing.frames.masks import Flaw, mark
from processing.frames.reads import linear, linearised


FULL, FULL_READ1 = np.uint8(Flaw.SATURATED), np.uint8(Flaw.SATURATED_READ1)

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
    flaws = np.broadcast_to(bad, read1.shape).copy()
    first, above, image = (np.empty(read1.shape, np.float32) for _ in range(3))
    _differences(read1, read2, darks.read1.astype(np.float32), darks.difference.astype(np.float32), limit,
                 np.float32(nonlinearity), first, above, image, flaws)  # fmt: skip
    latent = latent_images(above, image)
    del above
    if latent is not None:
        image -= latent
        mark(flaws, latent > NOTED, Flaw.LATENT)
    slope = np.where(np.isfinite(response.slope) & (response.slope > 0), response.slope, 1)
    image /= slope
    first /= slope
    return Frames(image, first, flaws)


@numba.njit(cache=True)
def _differences(read1, read2, pedestal, dark, limit, nonlinearity, first, above, image, flaws):
    """What ``calibrate`` says of the reads, before latent images and response: fills ``first``, the second read
    ``above`` the pedestal, and ``image``, (n, ny, nx), DN; marks saturated pixels in ``flaws``."""
    n, ny, nx = image.shape
    for k in range(n):
        for j in range(ny):
            for i in range(nx):
                above1 = np.float32(read1[k, j, i]) - pedestal[j, i]
                above2 = np.float32(read2[k, j, i]) - pedestal[j, i]
                one = linear(above1, nonlinearity)
                first[k, j, i], above[k, j, i] = one, above2
                image[k, j, i] = linear(above2, nonlinearity) - one - dark[j, i]
                if above2 > limit:
                    flaws[k, j, i] |= FULL
                if above1 > limit:
                    flaws[k, j, i] |= FULL_READ1

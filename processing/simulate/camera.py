"""The frames of a scan that see an image: where each lies, what it sees, its photons and its reads."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from processing.simulate.psf import PSF
from processing.simulate.render import add_gaussians, add_stars, wide_plane

PLANE_PIXEL = 2.0
PLANE_MARGIN = 90.0
"""Pixel and border of the plane of wide wings and sky, arcsec."""

READS = (0.051, 1.351)
"""Read 1 and Read 2 after the reset, seconds (Explanatory Supplement IV.2)."""

BAND_OFFSET = {"j": (1.0, 0.2), "h": (-1.0, -0.3), "k": (0.5, 0.4)}
"""Shift of each array against the grid, arcsec: with it the NaN columns fall as in the real images (J 5+3, H 2+4)."""

DITHER = {"j": -0.300, "h": -0.335, "k": 0.262}
"""Cross-scan step from frame to frame, arcsec: the header DXFS of the real images (981228s, 990810s, 000127s)."""


@dataclass(frozen=True)
class Sources:
    """What shines: stars as points, galaxies as elliptical Gaussians; positions on the grid, pixel, 0-based; DN."""

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    gauss: np.ndarray
    """(n, 6): x, y, flux, cxx, cxy, cyy (arcsec2) of the Gaussians of the galaxies, before the PSF."""


@dataclass(frozen=True)
class Frame:
    """One exposure: shape (rows, columns) in 2" pixels, and the affine map of its pixels to the grid (see coadd)."""

    shape: tuple
    affine: np.ndarray

    def to_grid(self):
        """Columns and rows on the grid of all pixels, two arrays of the frame's shape."""
        j, i = np.indices(self.shape)
        a = self.affine
        return a[0] + a[1] * i + a[2] * j, a[3] + a[4] * i + a[5] * j

    def from_grid(self, x, y):
        """Frame column and row of points on the grid."""
        a = self.affine
        inverse = np.linalg.inv(np.array([[a[1], a[2]], [a[4], a[5]]]))
        return inverse @ np.array([x - a[0], y - a[3]])


def frames(shape, band, phase, pixel, step):
    """The frames that cover an image of ``shape`` (rows, columns of 1"): each pixel is in six, sometimes seven.

    ``phase`` (0..1) says where in a frame step the image begins. Frames step by ``step`` arcsec up the image; the
    array is turned against the scan by DITHER / step, which makes the cross-scan dither. Its working columns stop short
    of the image's width by 6", as in the survey, so that the edges of the image are NaN.
    """
    rows, columns = 256, int(shape[1] / pixel) - 3
    turn = DITHER[band] / step
    x0, y0 = BAND_OFFSET[band]
    centre_x = (shape[1] - 1) / 2 + x0
    half = rows * pixel / 2
    centres = np.arange(-half + (phase - 1) * step, shape[0] + half, step) + y0
    return [Frame((rows, columns), _affine(centre_x, y, turn, pixel, rows, columns)) for y in centres]


def _affine(x, y, turn, pixel, rows, columns):
    cos, sin = pixel * np.cos(turn), pixel * np.sin(turn)
    i0, j0 = (columns - 1) / 2, (rows - 1) / 2
    return np.array([x - cos * i0 + sin * j0, cos, -sin, y - sin * i0 - cos * j0, sin, cos])


def smooth_plane(shape, sources, psf: PSF):
    """Wide wings of everything, on a plane around the image of ``shape``; DN a 2" pixel."""
    size = tuple(int(np.ceil((n + 2 * PLANE_MARGIN) / PLANE_PIXEL)) for n in shape)
    x = np.r_[sources.x, sources.gauss[:, 0]]
    y = np.r_[sources.y, sources.gauss[:, 1]]
    flux = np.r_[sources.flux, sources.gauss[:, 2]]
    sigmas, shares = psf.far()
    return wide_plane(size, *_to_plane(x, y), flux, sigmas / PLANE_PIXEL, shares)


def _to_plane(x, y):
    return (x + PLANE_MARGIN) / PLANE_PIXEL, (y + PLANE_MARGIN) / PLANE_PIXEL


def expose(frame, sources, psf: PSF, plane, pixel):
    """The light on a frame without sky or noise, DN (rows, columns)."""
    light = np.zeros(frame.shape)
    sigmas, shares = psf.near()
    x, y = frame.from_grid(sources.x, sources.y)
    here = _near_frame(x, y, frame.shape)
    add_stars(light, x[here], y[here], sources.flux[here], sigmas / pixel, shares)
    _add_galaxies(light, frame, sources.gauss, sigmas, shares, pixel)
    gx, gy = frame.to_grid()
    px, py = _to_plane(gx, gy)
    scale = (pixel / PLANE_PIXEL) ** 2
    return light + scale * map_coordinates(plane, (py, px), order=1, mode="nearest")


def _add_galaxies(light, frame, gauss, sigmas, shares, pixel):
    x, y = frame.from_grid(gauss[:, 0], gauss[:, 1])
    near = _near_frame(x, y, frame.shape, 60 + 3 * np.sqrt(np.maximum(gauss[:, 3], gauss[:, 5])) / pixel)
    for sigma, share in zip(sigmas, shares):
        round_part = sigma**2
        cxx, cxy, cyy = (gauss[near, k] / pixel**2 for k in (3, 4, 5))
        add = round_part / pixel**2
        add_gaussians(light, x[near], y[near], share * gauss[near, 2], cxx + add, cxy, cyy + add)


def _near_frame(x, y, shape, margin=60):
    return (x > -margin) & (y > -margin) & (x < shape[1] + margin) & (y < shape[0] + margin)


def read_out(light, sky, rng, gain, read_noise, full_well):
    """Read 2 minus Read 1 of an exposure, DN: photon noise, read noise and saturation.

    Parameters
    ----------
    light, sky : ndarray, DN expected in the 1.3 s between the reads
    gain : electron/DN;  read_noise : electron, of the difference of the reads;  full_well : DN above the pedestal

    A pixel stops at its full well: a star saturated in Read 2 is clipped, one saturated in Read 1 is a hole, as in the
    real images.
    """
    first, second = READS
    electrons = rng.poisson((light + sky) * gain)
    collected = electrons / gain + rng.normal(0, read_noise / gain, light.shape)
    seconds = second - first
    well = full_well * (1 + 0.05 * rng.standard_normal(light.shape))
    return np.minimum(collected * second / seconds, well) - np.minimum(collected * first / seconds, well)

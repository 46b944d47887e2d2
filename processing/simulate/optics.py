"""Where light falls: from the sky to the pixels of an array, and the width of the PSF over the field, for one night.

x grows to the west, y to the north; 0-based, the centre of the array is (127.5, 127.5).
"""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.schema.bands import BANDS

LETTERS = tuple(band.letter for band in BANDS)
CENTRE = 127.5
CORNER = CENTRE * np.sqrt(2)
"""Distance of the corners from the centre, pixel."""


@dataclass(frozen=True)
class Optics:
    """Geometry and PSF of one array in one night.

    ``east``, ``north``: what of the sky the array's centre sees, arcsec from the camera axis; ``rotation``: rad, of the
    array's y axis from north through east; ``scale``: arcsec/pixel; ``distortion``: pixel, radial in the corners;
    ``tilt_x``, ``tilt_y``: pixel, shift in the corners; ``widening``, ``slope_x``, ``slope_y``: growth of the PSF core
    from the centre to the corners and along the axes; ``elongation``: arcsec in the corners, ``axis``: its angle, rad.
    """

    east: float
    north: float
    rotation: float
    scale: float
    distortion: float
    tilt_x: float
    tilt_y: float
    widening: float
    slope_x: float
    slope_y: float
    elongation: float
    axis: float

    def pixel(self, xi, eta):
        """Column and row of points ``xi`` (east), ``eta`` (north) arcsec from the camera axis on the tangent plane."""
        sin, cos = np.sin(self.rotation), np.cos(self.rotation)
        u, v = xi - self.east, eta - self.north
        px, py = -(u * cos - v * sin) / self.scale, (u * sin + v * cos) / self.scale
        r2 = (px**2 + py**2) / CORNER**2
        stretch = 1 + self.distortion / CORNER * r2
        return CENTRE + px * stretch + self.tilt_x * r2, CENTRE + py * stretch + self.tilt_y * r2

    def affine(self):
        """xi = a0 + a1 x + a2 y, eta = a3 + a4 x + a5 y (arcsec, pixel), without the distortion."""
        sin, cos = self.scale * np.sin(self.rotation), self.scale * np.cos(self.rotation)
        a1, a2, a4, a5 = -cos, sin, sin, cos
        return np.array([self.east - CENTRE * (a1 + a2), a1, a2, self.north - CENTRE * (a4 + a5), a4, a5])

    def core(self, x, y, sigma):
        """Width (sigma, as the one of the centre) of the PSF core at pixels x, y."""
        fx, fy = (x - CENTRE) / CENTRE, (y - CENTRE) / CENTRE
        return sigma * (1 + self.widening * (fx**2 + fy**2) / 2 + self.slope_x * fx + self.slope_y * fy)

    def stretch(self, x, y):
        """Elongation by the optics at pixels x, y: the core is two Gaussians at plus and minus this, arcsec."""
        fx, fy = (x - CENTRE) / CORNER, (y - CENTRE) / CORNER
        sin, cos = np.sin(self.axis), np.cos(self.axis)
        return self.elongation * (fx * cos + fy * sin), self.elongation * (fx * sin - fy * cos)


def optics(seed, night, band):
    """The Optics of the night number ``night``: the rotation of the camera is common to the bands."""
    camera, settings = survey().simulated_camera, survey().simulated_night
    common = np.random.default_rng([seed, 23, night])
    rng = np.random.default_rng([seed, 24, night, LETTERS.index(band)])
    turn = np.radians(common.choice([-1, 1]) * common.uniform(0.5, 0.95) * camera.rotation)
    spread = 0.3 * camera.distortion, settings.seeing_field / 3
    return Optics(
        *rng.uniform(-camera.band_offset, camera.band_offset, 2),
        turn + rng.uniform(-1, 1) * camera.band_rotation,
        survey().simulate.frame_pixel * (1 + rng.uniform(-1, 1) * camera.scale_error),
        rng.choice([-1, 1]) * rng.uniform(0.5, 1) * camera.distortion, *rng.uniform(-spread[0], spread[0], 2),
        settings.seeing_field, *rng.normal(0, spread[1], 2), settings.elongation, rng.uniform(0, 2 * np.pi),
    )  # fmt: skip


def tangent(ra, dec, ra0, dec0):
    """xi, eta (arcsec) on the plane that touches the sky at ra0, dec0; deg, arrays that broadcast."""
    away, dec, dec0 = np.radians(np.asarray(ra) - ra0), np.radians(dec), np.radians(dec0)
    sin, cos, sin0, cos0 = np.sin(dec), np.cos(dec), np.sin(dec0), np.cos(dec0)
    down = sin0 * sin + cos0 * cos * np.cos(away)
    xi, eta = cos * np.sin(away) / down, (cos0 * sin - sin0 * cos * np.cos(away)) / down
    return np.degrees(xi) * 3600, np.degrees(eta) * 3600

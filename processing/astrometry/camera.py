"""From pixels to the tangent plane of a frame: a polynomial of third order for each band.

The eight numbers of a camera (offset, rotation, scale, radial and tilt distortion) are cases of it, and it is linear
in its coefficients. x grows to the west, y to the north; the nominal camera has 2.0 arcsec pixels.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from processing.config import survey

CENTRE = 127.5
HALF = 128.0
"""Polynomials are in (x - CENTRE) / HALF."""

POWERS = tuple((a, b) for order in range(4) for a, b in ((order - k, k) for k in range(order + 1)))
TERMS = len(POWERS)


def terms(x, y):
    """The polynomial's terms at pixels: shape (..., TERMS)."""
    u, v = (np.asarray(x, float) - CENTRE) / HALF, (np.asarray(y, float) - CENTRE) / HALF
    pu, pv = [np.ones_like(u), u, u * u, u * u * u], [np.ones_like(v), v, v * v, v * v * v]
    return np.stack([pu[a] * pv[b] for a, b in POWERS], axis=-1)


@dataclass(frozen=True)
class Camera:
    """``coefficients``: shape (2, TERMS), arcsec: of xi (east) and eta (north)."""

    coefficients: np.ndarray

    def plane(self, x, y):
        """xi, eta (arcsec) of pixels."""
        basis = terms(x, y)
        return basis @ self.coefficients[0], basis @ self.coefficients[1]

    def pixel(self, xi, eta):
        """Pixels of points on the plane (arcsec): the linear part inverted, the rest by fixed-point steps."""
        inverse = np.linalg.inv(self.coefficients[:, 1:3]) * HALF
        x, y = np.full(np.shape(xi), CENTRE), np.full(np.shape(xi), CENTRE)
        for _ in range(3):
            wrong = np.stack(np.subtract((xi, eta), self.plane(x, y)), axis=-1) @ inverse.T
            x, y = x + wrong[..., 0], y + wrong[..., 1]
        return x, y

    @property
    def scale(self):
        """arcsec/pixel in the centre."""
        return float(np.sqrt(abs(np.linalg.det(self.coefficients[:, 1:3])))) / HALF

    @property
    def rotation(self):
        """deg, of the array's y axis from north through east."""
        return float(np.degrees(np.arctan2(self.coefficients[0, 2], self.coefficients[1, 2])))


def nominal_camera():
    """The camera as the format promises it: no rotation, no distortion."""
    coefficients = np.zeros((2, TERMS))
    pixel = survey().simulate.frame_pixel
    coefficients[0, POWERS.index((1, 0))] = -pixel * HALF
    coefficients[1, POWERS.index((0, 1))] = pixel * HALF
    return Camera(coefficients)


KNOWN = (
    # one sigma (arcsec) at the edge of the array; terms of xi; terms of eta: what optics and detectors do
    (10.0, {(0, 0): 1}, {}),
    (10.0, {}, {(0, 0): 1}),
    (2.0, {(1, 0): -1}, {(0, 1): 1}),                        # scale
    (3.0, {(0, 1): 1}, {(1, 0): 1}),                         # rotation
    (0.15, {(3, 0): -1, (1, 2): -1}, {(2, 1): 1, (0, 3): 1}),  # radial distortion
    (0.1, {(2, 0): 1, (0, 2): 1}, {}),                       # shift with the square of the radius
    (0.1, {}, {(2, 0): 1, (0, 2): 1}),
    (0.1, {(2, 0): -3, (0, 2): -1}, {(1, 1): 2}),            # decentred lenses (Brown 1966)
    (0.1, {(1, 1): -2}, {(2, 0): 1, (0, 2): 3}),
)  # fmt: skip

OFFSETS = [axes for _, *axes in KNOWN[:2]]


@cache
def prior_precision(fixed):
    """Inverse covariance (2 TERMS, 2 TERMS), arcsec**-2, of the coefficients about the nominal ones.

    A star keeps its column while it passes through the frames, so that the scan itself cannot tell how the scale or the
    distortion *across* it are; but pixels are square and lenses round, which ties these to what the scan tells well.
    ``KNOWN`` are the forms that the coefficients may take; ``astrometry.irregular`` is by how much each may differ.
    ``fixed``: True for the band whose centre is the camera axis.
    """
    covariance = survey().astrometry.irregular**2 * np.eye(2 * TERMS)
    for sigma, *axes in KNOWN:
        form = np.zeros((2, TERMS))
        for axis, powers in enumerate(axes):
            for power, share in powers.items():
                form[axis, POWERS.index(power)] = share
        covariance += (0.0 if fixed and axes in OFFSETS else sigma) ** 2 * np.outer(form, form)
    if fixed:
        centre = [0, TERMS]
        covariance[centre, centre] = 1e-8
    return np.linalg.inv(covariance)

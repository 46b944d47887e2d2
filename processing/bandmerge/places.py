"""Positions with their covariances, in the plane of the image or on the sky."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Places:
    """Positions in the plane of a field.

    Attributes
    ----------
    xy : ndarray, shape (n, 2), arcsec
        Pixel coordinates times the pixel scale: x along a line of the image (to the west), y along a column (north).
    cov : ndarray, shape (n, 2, 2), arcsec**2
    """

    xy: np.ndarray
    cov: np.ndarray

    def __len__(self):
        return len(self.xy)

    def take(self, index):
        return Places(self.xy[index], self.cov[index])

    def shifted(self, offset):
        """The same moved by ``offset`` (2,), arcsec."""
        return Places(self.xy + np.asarray(offset, float), self.cov)

    def widened(self, sigma):
        """The same with an error of ``sigma`` (arcsec, each axis) added in quadrature."""
        return self.blurred(sigma**2 * np.eye(2))

    def blurred(self, cov):
        """The same with an independent error of covariance ``cov`` (2, 2) or (n, 2, 2), arcsec**2."""
        return Places(self.xy, self.cov + cov)


def places_of(sources, pixel_scale):
    """Places of the ``BandSources`` of one band; a covariance that is not one (NaN, not positive) becomes a circle."""
    cov = np.empty((len(sources), 2, 2))
    cov[:, 0, 0], cov[:, 1, 1] = sources.x_var, sources.y_var
    cov[:, 0, 1] = cov[:, 1, 0] = sources.xy_cov
    return Places(np.column_stack([sources.x, sources.y]) * pixel_scale, _usable(cov, sources.fwhm / pixel_scale)
                  * pixel_scale**2)


def _usable(cov, fwhm):
    """``cov`` (pixel**2) with a circle of half the resolution (sigma = FWHM / 4.7) where it cannot be a covariance."""
    circle = (fwhm / 4.71) ** 2 * np.eye(2)
    finite = np.isfinite(cov).all(axis=(1, 2))[:, None, None]
    cov = np.where(finite, cov, circle)
    positive = (np.linalg.det(cov) > 0) & (cov[:, 0, 0] > 0)
    return np.where(positive[:, None, None], cov, circle)


def weighted_mean(groups):
    """Mean of several measurements of the same n positions, weighted by their inverse covariances.

    Parameters
    ----------
    groups : list of (Places of length n, used: bool ndarray of length n)

    Returns
    -------
    Places of length n; NaN where no measurement is used.
    """
    n = len(groups[0][0])
    weight, moment = np.zeros((n, 2, 2)), np.zeros((n, 2))
    for places, used in groups:
        inverse = np.linalg.inv(places.cov[used])
        weight[used] += inverse
        moment[used] += np.einsum("nij,nj->ni", inverse, places.xy[used])
    known = np.logical_or.reduce([used for _, used in groups])
    xy, cov = np.full((n, 2), np.nan), np.full((n, 2, 2), np.nan)
    cov[known] = np.linalg.inv(weight[known])
    xy[known] = np.einsum("nij,nj->ni", cov[known], moment[known])
    return Places(xy, cov)


def sky_ellipse(cov, to_sky):
    """Error ellipse on the sky.

    Parameters
    ----------
    cov : ndarray, shape (n, 2, 2)
        Covariance in the plane of the image.
    to_sky : ndarray, shape (2, 2) or (n, 2, 2)
        Takes a step in the plane to a step to the east and north.

    Returns
    -------
    major, minor : ndarray
        One-sigma semi-axes in the units of the steps' result.
    angle : ndarray, deg
        Position angle of the major axis, east of north, 0 <= angle < 180.
    """
    sky = to_sky @ cov @ np.swapaxes(to_sky, -1, -2)
    values, vectors = np.linalg.eigh(sky)
    east, north = vectors[:, 0, 1], vectors[:, 1, 1]
    angle = np.mod(np.degrees(np.arctan2(east, north)), 180.0)
    return np.sqrt(values[:, 1]), np.sqrt(values[:, 0]), angle


def image_to_sky(wcs, pixel_scale):
    """Matrix (2, 2) from a step in the plane (arcsec, see ``Places``) to one to the east and north (arcsec)."""
    return np.asarray(wcs.pixel_scale_matrix) * 3600 / pixel_scale

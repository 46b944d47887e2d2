"""What the frames hold around some apparitions, all stars drawn: what teaches the PSF."""

from dataclasses import dataclass

import numba
import numpy as np
from scipy.spatial import cKDTree

from processing.photometry.scan.drawing import desk_of, draw_frame, row_of
from processing.photometry.scan.psf import RADIUS


@dataclass(frozen=True)
class Cutouts:
    """Squares of 2 radius + 1 pixels about the pixels nearest to apparitions: ``residual`` (data less all stars, DN),
    ``image`` (all stars, DN), ``weight`` (DN**-2, as the fit has it; 0 where not usable or beyond the frame)."""

    residual: np.ndarray
    image: np.ndarray
    weight: np.ndarray

    def __getitem__(self, rows):
        """Those of the apparitions at ``rows`` (mask)."""
        return Cutouts(self.residual[rows], self.image[rows], self.weight[rows])


def cutouts(model, places, radius=RADIUS):
    """The Cutouts of some apparitions (``places``) of the stars of a Model."""
    size = 2 * radius + 1
    out = np.zeros((3, len(places.star), size, size), np.float32)
    drawing = around(model, np.unique(places.star), radius).drawing
    _cut(model.data, model.usable, model.noise, model.electrons, model.profile_error, drawing,
         places.begins(len(model.data)), places.x, places.y, radius, out)  # fmt: skip
    return Cutouts(*out)


def around(model, chosen, radius):
    """The Model of only those stars whose light may fall within ``radius`` pixels (of a frame) of the ``chosen``."""
    stars, reach = model.stars, 2.0 * (radius + RADIUS + 2)
    if not len(chosen):
        return model.without(np.ones(len(stars), bool))
    tree = cKDTree(np.column_stack([stars.x[chosen], stars.y[chosen]]))
    near = np.isfinite(tree.query(np.column_stack([stars.x, stars.y]), p=np.inf, distance_upper_bound=reach)[0])
    return model.without(~near)


@numba.njit(cache=True)
def _cut(data, usable, noise, electrons, profile_error, drawing, begins, x, y, radius, out):
    frames, ny, nx = data.shape
    desk = desk_of(ny, nx, drawing.series, drawing.radius)
    for n in range(frames):
        if begins[n] == begins[n + 1]:
            continue
        draw_frame(n, drawing, desk, ny, nx)
        floor = noise[n] * noise[n]
        for a in range(begins[n], begins[n + 1]):
            left, low = int(np.rint(x[a])) - radius, int(np.rint(y[a])) - radius
            for j in range(max(0, -low), min(out.shape[2], ny - low)):
                row = row_of(desk, low + j, nx)
                for i in range(max(0, -left), min(out.shape[3], nx - left)):
                    star = row[left + i]
                    out[0, a, j, i], out[1, a, j, i] = data[n, low + j, left + i] - star, star
                    if usable[n, low + j, left + i]:
                        light = max(star, np.float32(0.0))
                        out[2, a, j, i] = 1.0 / (floor + light * (1.0 / electrons + profile_error**2 * light))

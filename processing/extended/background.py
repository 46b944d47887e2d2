"""The background of a field: the smooth surface that its cells without objects agree on.

The cells' levels are fitted with a thin plate (Reinsch 1967, Numer. Math. 10, 177, in two dimensions): squared misfits
and squared second differences, weighed so that structure of wavelength ``extended_field.wavelength`` is followed by
half and larger structure altogether (response 1 / (1 + (wavelength / that of the structure)**4)). Under objects, which
are no data, and beyond the edges the plate continues as smoothly as it can: light of a masked galaxy does not enter,
and there is no grid of images along a scan and so no seam.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy import ndimage, sparse
from scipy.linalg import solveh_banded

from processing.config import survey
from processing.extended.noise import ROBUST
from processing.extended.pixels import add_cells, surface

CELL = 4
"""Pixels of the side of the cells that are masked or not."""

MESH = 4
"""Cells of the side of a mesh of the plate."""

STEP = CELL * MESH
"""Pixels from node to node."""

CLIP = 3.0
"""Sigma beyond which a cell does not count in its mesh."""

EMPTY = 1e-6
"""Weight of a mesh without data: it only keeps the equations regular."""


@dataclass(frozen=True, eq=False)
class Plate:
    """``nodes``: DN at the middles of the meshes, with one more beyond each edge; ``shape``: of the image."""

    nodes: np.ndarray
    shape: tuple

    def on(self, corner, shape, step=1):
        """The surface in ``shape`` (rows, columns) places ``step`` pixels apart from ``corner`` (x, y) on: float32."""
        out = np.empty(shape, np.float32)
        surface(self.coefficients, *((place + 0.5) / STEP + 0.5 for place in corner), step / STEP, out)
        return out

    def error_under(self, radius):
        """Error of the surface, DN, under an object of this radius (pixel).

        How far it is, in the mean, from the mean of its values so far off on the four sides; twice that, as it follows
        the structure that counts by half.
        """
        steps = round(radius / STEP)
        if steps not in self.known_errors:
            self.known_errors[steps] = _departure(self.nodes[1:-1, 1:-1], steps)
        return self.known_errors[steps]

    @cached_property
    def known_errors(self):
        return {0: 0.0}

    @cached_property
    def coefficients(self):
        """Of cubic B-splines through the nodes, one more beyond each edge, where the nodes go on straight."""
        beyond = min(4, *(n - 1 for n in self.nodes.shape))
        nodes = np.pad(self.nodes, beyond, mode="reflect", reflect_type="odd")
        keep = slice(beyond - 1, 1 - beyond or None)
        return ndimage.spline_filter(nodes, order=3, mode="mirror")[keep, keep].astype(np.float32)

    def whole(self):
        """The surface of the image: float32."""
        return self.on((0, 0), self.shape)

    def of_cells(self, shape):
        """The surface in the middles of so many cells (see ``cell_means``)."""
        return self.on(((CELL - 1) / 2, (CELL - 1) / 2), shape, CELL)


def cell_means(image, good):
    """Means over CELL x CELL pixels of those that are ``good``, NaN where less than half are: float32.

    The cells cover the image and what makes their number a multiple of MESH.
    """
    ny, nx = (-(-n // STEP) * MESH for n in image.shape)
    sums, counts = np.zeros((2, ny, nx), np.float32)
    add_cells(image, good, CELL, sums, counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts >= 0.5 * CELL**2, sums / counts, np.float32(np.nan))


def plate(cells, objects, shape):
    """The Plate through the cells (see ``cell_means``) without ``objects`` (bool, like them); ``shape``: of the
    image."""
    levels, weight = _meshes(np.where(objects, np.nan, cells))
    nodes = _thin_plate(np.pad(levels, 1), np.pad(weight, 1))
    return Plate(nodes, shape)


def _departure(nodes, steps):
    """Rms of nodes less the mean of those ``steps`` off on the four sides, as far as these are there."""
    steps = min(steps, *((n - 1) // 2 for n in nodes.shape))
    if steps < 1:
        return 0.0
    inner, ends = slice(steps, -steps), (slice(None, -2 * steps), slice(2 * steps, None))
    around = sum(nodes[end, inner] + nodes[inner, end] for end in ends) / 4
    return 2 * float(np.sqrt(np.mean((nodes[inner, inner] - around) ** 2)))


def _meshes(cells):
    """Clipped mean of the cells of each mesh, and the part of the cells it rests on."""
    ny, nx = (n // MESH for n in cells.shape)
    each = cells.reshape(ny, MESH, nx, MESH).swapaxes(1, 2).reshape(ny, nx, MESH**2).astype(float)
    known = np.isfinite(each)
    count = known.sum(axis=2)
    median = _median(each, count)
    off = np.abs(each - median[..., None])
    sigma = ROBUST * np.median(off[known]) if known.any() else 0.0
    kept = known & (off <= CLIP * sigma)
    number = kept.sum(axis=2)
    mean = np.where(kept, each, 0.0).sum(axis=2) / np.maximum(number, 1)
    return mean, number / MESH**2


def _median(each, count):
    ordered = np.sort(each, axis=2)
    low, high = (np.take_along_axis(ordered, np.maximum(k, 0)[..., None], axis=2)[..., 0]
                 for k in ((count - 1) // 2, count // 2))  # fmt: skip
    return 0.5 * (low + high)


def _thin_plate(levels, weight):
    ny, nx = levels.shape
    stiffness = (survey().extended_field.wavelength / STEP / (2 * np.pi)) ** 4
    banded = stiffness * _bending(ny, nx)
    banded[-1] += np.maximum(weight, EMPTY).ravel()
    return solveh_banded(banded, (weight * levels).ravel(), check_finite=False).reshape(ny, nx)


@cache
def _bending(ny, nx):
    """The sum of the squared second differences of a mesh as a banded matrix (upper form of solveh_banded)."""
    second = [sparse.diags([1.0, -2.0, 1.0], [0, 1, 2], shape=(max(n - 2, 0), n)) for n in (ny, nx)]
    first = [sparse.diags([-1.0, 1.0], [0, 1], shape=(n - 1, n)) for n in (ny, nx)]
    along = [sparse.kron(second[0], sparse.identity(nx)), sparse.kron(sparse.identity(ny), second[1])]
    form = sum(one.T @ one for one in along) + 2 * (twist := sparse.kron(*first)).T @ twist
    upper = sparse.triu(form).tocoo()
    reach = int((upper.col - upper.row).max())
    banded = np.zeros((reach + 1, ny * nx))
    banded[reach + upper.row - upper.col, upper.col] = upper.data
    return banded

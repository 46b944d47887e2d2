"""A field without its background and its stars: what extended sources are looked for in."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from processing.config import survey
from processing.extended.background import MESH, Plate, cell_means, plate
from processing.extended.field import BandField, Field
from processing.extended.glare import glare_of, lifted
from processing.extended.noise import robust_scatter, typical
from processing.extended.pixels import take_off
from processing.extended.psf import RADIUS, CellPSF, cell_psf
from processing.extended.starlight import FAINTEST, draw, drawable, wings_reach
from processing.extended.unlisted import unlisted, with_unlisted
from processing.extended.wide import Discs, Width, widths

SCALES = (1, 2, 4)
"""Cells (sigma of a Gaussian) over which objects are looked for before they are masked."""

GROW = 1.0
"""Sigma of these by which an object is larger than what shows."""

ROUNDS = 3
"""Background and objects in turn."""

AREA = 3
"""Meshes of the side of the squares whose scatter is the error of the level."""


@dataclass(frozen=True, eq=False)
class CleanBand:
    """One band, taken apart.

    ``band``: what was given, with the sources that only other bands list behind its own; ``psf``: its CellPSF;
    ``level``: its background, a Plate; ``left``: DN, (ny, nx), without background and stars, 0 where not observed;
    ``good``: bool, observed, in no glare and with little starlight; ``glare``: uint8, Mask.UNSEEN and BRIGHT_STAR;
    ``level_error``: DN, where no object is; ``discs``, ``width``: of its sources.
    """

    band: BandField
    psf: CellPSF
    level: Plate
    left: np.ndarray
    good: np.ndarray
    glare: np.ndarray
    level_error: float
    discs: Discs
    width: Width

    @property
    def noise(self):
        """Typical noise of a pixel, DN."""
        return self.discs.noise

    @cached_property
    def tree(self):
        """The places of its sources."""
        return cKDTree(np.column_stack([self.band.stars.x, self.band.stars.y]))

    @cached_property
    def drawn(self):
        """Sources that have been taken off, the southernmost first: index, x, y and how far (pixel), four arrays."""
        stars, rows = self.band.stars, np.flatnonzero(drawable(self.band))
        rows = rows[np.argsort(stars.y[rows], kind="stable")]
        reach = wings_reach(stars.flux[rows], FAINTEST * self.noise)
        return rows, stars.x[rows], stars.y[rows], np.maximum(reach, RADIUS + 1.0)

    def drawn_on(self, corner, size):
        """Indices of those with light on a square of ``size`` pixels from ``corner`` (x, y) on."""
        rows, x, y, reach = self.drawn
        first, last = np.searchsorted(y, [corner[1] - reach.max(initial=0), corner[1] + size + reach.max(initial=0)])
        x, y, reach = (one[first:last] for one in (x, y, reach))
        on = (x > corner[0] - reach) & (x < corner[0] + size + reach)
        return rows[first:last][on & (y > corner[1] - reach) & (y < corner[1] + size + reach)]


@dataclass(frozen=True, eq=False)
class CleanField:
    """``bands``: letter -> CleanBand."""

    field: Field
    bands: dict


def clean(field):
    """The CleanField of a Field: background off, stars off, and how wide each star is."""
    drawn, more = [_without_stars(band) for band in field.bands.values()], unlisted(list(field.bands.values()))
    plates, errors = backgrounds([one.cells for one in drawn], field.shape)
    bands = (_finished(*parts) for parts in zip(field.bands.values(), drawn, plates, errors, more))
    return CleanField(field, dict(zip(field.bands, bands)))


@dataclass(frozen=True, eq=False)
class _Drawn:
    psf: CellPSF
    noise: float
    left: np.ndarray
    good: np.ndarray
    cells: np.ndarray


def _without_stars(band):
    psf, light = cell_psf(band.psf, band.data.shape), np.zeros(band.data.shape, np.float32)
    noise = typical(band.noise)
    draw(light, band.stars, np.flatnonzero(drawable(band)), psf, noise)
    glare = glare_of(band, psf, noise, np.zeros(len(band.stars)))
    left, good = np.empty_like(light), np.empty(light.shape, bool)
    take_off(band.data, light, band.noise, np.float32(survey().extended_field.starlight), left, good)
    return _Drawn(psf, noise, left, good, cell_means(left, good & (glare == 0)))


def backgrounds(cells, shape):
    """The Plates of bands through their cells (list of ``cell_means``) where no object is, and the errors of the level
    (DN); ``shape``: of the image."""
    objects = np.zeros(cells[0].shape, bool)
    for _ in range(ROUNDS):
        objects = objects_in(_levelled(cells, objects, shape)[1])
    plates, left = _levelled(cells, objects, shape)
    return plates, [_level_error(np.where(objects, np.nan, one)) for one in left]


def _levelled(cells, objects, shape):
    """The Plates through cells without ``objects``, and what they leave of the cells: two lists."""
    plates = [plate(one, objects, shape) for one in cells]
    return plates, [one - level.of_cells(one.shape) for one, level in zip(cells, plates)]


def objects_in(left):
    """Cells that are part of objects in the bands together: bool. ``left``: list of cells without background, DN."""
    scale = [robust_scatter(one) for one in left]
    weight = [np.where(np.isfinite(one), 1 / sigma**2, 0.0).astype(np.float32) for one, sigma in zip(left, scale)]
    total = sum(w * np.nan_to_num(one) for w, one in zip(weight, left))
    weight = sum(weight)
    found = np.zeros(total.shape, bool)
    for sigma in SCALES:
        light, seen = (ndimage.gaussian_filter(one, sigma, mode="nearest", truncate=3.0) for one in (total, weight))
        known = seen > 0.1 * weight.max()
        smooth = np.where(known, light / np.where(known, seen, 1.0), np.nan)
        above = np.nan_to_num(smooth) > survey().extended_field.object * robust_scatter(smooth)
        found |= ndimage.distance_transform_edt(~above) <= GROW * sigma if above.any() else above
    return found


def _level_error(left):
    """Scatter of the mean over AREA meshes squared, where no object is: DN."""
    side = AREA * MESH
    ny, nx = (n // side for n in left.shape)
    if ny * nx < 4:
        return robust_scatter(left) / side
    blocks = left[:ny * side, :nx * side].reshape(ny, side, nx, side).swapaxes(1, 2).reshape(ny * nx, -1)
    enough = np.isfinite(blocks).sum(axis=1) > 0.3 * side**2
    return robust_scatter(np.nanmean(blocks[enough], axis=1)) if enough.any() else robust_scatter(left) / side


def _finished(band, drawn, level, error, more):
    seen = np.isfinite(band.data)
    np.subtract(drawn.left, level.whole(), out=drawn.left, where=seen)
    discs, listed = Discs(band.psf, band.noise, error), len(band.stars)
    band = with_unlisted(band, drawn.left, discs, more)
    draw(drawn.left, band.stars, np.arange(listed, len(band.stars)), drawn.psf, drawn.noise, sign=-1)
    width = widths(band.stars, drawn.left, discs)
    glare = lifted(glare_of(band, drawn.psf, drawn.noise, width.share), band, drawn, width)
    return CleanBand(band, drawn.psf, level, drawn.left, drawn.good & (glare == 0), glare, error, discs, width)

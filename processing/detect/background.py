"""Sky level and noise of an image, on a mesh of cells."""

import numpy as np
from scipy import ndimage


def background(data, mask, cell=64):
    """Smooth background of an image.

    The clipped mode of each cell (Da Costa's 2.5 median - 1.5 mean where the cell is skewed by stars, as in SExtractor,
    Bertin & Arnouts 1996), median-filtered over 3 x 3 cells, and interpolated by cubic splines.

    Parameters
    ----------
    data : ndarray, shape (ny, nx), DN
    mask : ndarray of bool, True where the pixel must not be used
    cell : int, pixel

    Returns
    -------
    ndarray, shape (ny, nx), DN
    """
    levels = _on_cells(data, mask, cell, _mode)
    return _interpolate(_filled(levels), data.shape)


def mean_level(residual, mask, cell=64):
    """What is left on average where all stars are taken away; shape (ny, nx), DN.

    The clipped mean, not the mode: under a star lie, on average, as many stars too faint to be fitted as beside it.
    """
    return _interpolate(_filled(_on_cells(residual, mask, cell, _clipped_mean)), residual.shape)


def noise_map(residual, mask, cell=128):
    """One-sigma noise of a pixel where no star is left: half the 15.87-84.13 % range of a cell; shape (ny, nx), DN."""
    return _interpolate(_filled(_on_cells(residual, mask, cell, _half_range)), residual.shape)


def _on_cells(data, mask, cell, statistic):
    ny, nx = (max(1, round(n / cell)) for n in data.shape)
    out = np.full((ny, nx), np.nan)
    rows, columns = (np.array_split(np.arange(n), k) for n, k in zip(data.shape, (ny, nx)))
    for j, row in enumerate(rows):
        for i, column in enumerate(columns):
            window = np.s_[row[0]:row[-1] + 1, column[0]:column[-1] + 1]
            values = data[window][~mask[window]]
            if values.size >= 0.1 * len(row) * len(column):
                out[j, i] = statistic(values)
    return out


def _mode(values):
    for _ in range(8):
        median = np.median(values)
        sigma = _half_range(values)
        kept = values[np.abs(values - median) < 3 * sigma]
        if kept.size == values.size or kept.size < 20:
            break
        values = kept
    mean, median, sigma = values.mean(), np.median(values), values.std()
    if sigma == 0 or abs(mean - median) > 0.3 * sigma:
        return median
    return 2.5 * median - 1.5 * mean


def _clipped_mean(values):
    sigma = _half_range(values)
    return values[np.abs(values - np.median(values)) < 4 * sigma].mean()


def _half_range(values):
    low, high = np.percentile(values, [15.87, 84.13])
    return (high - low) / 2


def _filled(levels):
    """Cells without a value take the median of the others; then a 3 x 3 median."""
    known = np.isfinite(levels)
    filled = np.where(known, levels, np.median(levels[known]) if known.any() else 0.0)
    return ndimage.median_filter(_continued(filled), size=3)[1:-1, 1:-1] if min(filled.shape) >= 3 else filled


def _continued(levels):
    """The mesh with a border of one cell more, by continuing it straight: a slope stays one at the edge."""
    for axis in (0, 1):
        if levels.shape[axis] > 1:
            width = [(1, 1) if k == axis else (0, 0) for k in (0, 1)]
            levels = np.pad(levels, width, mode="reflect", reflect_type="odd")
    return levels


def _interpolate(levels, shape):
    if levels.size == 1:
        return np.full(shape, levels[0, 0])
    y, x = ((np.arange(n) + 0.5) * k / n + 0.5 if k > 1 else np.zeros(n) for n, k in zip(shape, levels.shape))
    mesh = _continued(levels)
    grid = np.meshgrid(y, x, indexing="ij")
    return ndimage.map_coordinates(mesh, grid, order=max(1, min(3, min(mesh.shape) - 1)), mode="nearest")

"""One level of the sky for images that overlap.

The sky of an image is known to a few per cent of its noise, but airglow changes within minutes, and stars too faint to
be seen are part of it; so neighbours differ, and a step of a small part of the noise is what the eye sees first. As in
mosaics since Montage (Berriman et al. 2004), the differences of pairs are measured where they overlap, and each image
gets the level that makes all of them smallest together.
"""

from collections import defaultdict

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import lsqr

from processing.config import survey
from processing.hips.sources import pixels

PRIOR = 0.05
"""Weight, in cells in common, of the sky of the image itself against its neighbours: it ties what overlaps nothing."""

LEAST_SEEN = 0.8
"""Part of a cell's pixels that both images must have seen."""


def pairs(found):
    """For each image the numbers of those behind it in the list that are of the same band and may overlap it."""
    by_tile = defaultdict(list)
    for number, source in enumerate(found):
        for tile in cells_of(source, survey().hips.order):
            by_tile[source.band, tile].append(number)
    others = [set() for _ in found]
    for numbers in by_tile.values():
        for place, number in enumerate(numbers):
            others[number].update(numbers[place + 1:])
    return [sorted(one) for one in others]


def cells_of(source, order):
    """Numbers of the HEALPix cells that an image touches, as a sorted list."""
    from astropy.coordinates import Latitude, Longitude
    from cdshealpix.nested import polygon_search

    ra, dec = np.transpose(source.corners)
    cells = polygon_search(Longitude(ra, "deg"), Latitude(dec, "deg"), order, flat=True)[0]
    return np.sort(cells).tolist()


def differences(number, source, others):
    """Rows (number, other number, difference in MJy/sr, cells) of an image and those that overlap it.

    The difference is the median over the cells in common of the difference of medians. ``others``: dict of number to
    Source.
    """
    own = cells_of(source, survey().hips.match_order)
    for other_number, other in others.items():
        cells = sorted(set(own) & set(cells_of(other, survey().hips.match_order)))
        if cells:
            step = medians(source, cells) - medians(other, cells)
            step = step[np.isfinite(step)]
            if step.size:
                yield number, other_number, float(np.median(step)), step.size


def compare(number, source, others):
    """``differences`` as a list: a unit of work."""
    return list(differences(number, source, others))


def medians(source, cells):
    """Median brightness (MJy/sr) of an image in the square about as large as a cell around the middle of each cell.

    NaN where the image does not hold the square or has not seen LEAST_SEEN of it.
    """
    from cdshealpix.nested import healpix_to_lonlat

    image, wcs = pixels(source)
    lon, lat = healpix_to_lonlat(np.array(cells, dtype=np.uint64), survey().hips.match_order, num_threads=1)
    columns, rows = np.rint(wcs.wcs_world2pix(lon.deg, lat.deg, 0)).astype(int)
    half = int(_cell_size() / source_scale(wcs) / 2)
    return np.array([_median(image, row, column, half) for row, column in zip(rows, columns)])


def _median(image, row, column, half):
    if min(row, column) < half or row + half >= image.shape[0] or column + half >= image.shape[1]:
        return np.nan
    square = image[row - half:row + half + 1, column - half:column + half + 1]
    seen = square[np.isfinite(square)]
    return float(np.median(seen)) if seen.size >= LEAST_SEEN * square.size else np.nan


def _cell_size():
    """Root of the area of a cell of ``hips.match_order``, arcsec."""
    return np.sqrt(4 * np.pi / 12 / 4 ** survey().hips.match_order) * np.degrees(1) * 3600


def source_scale(wcs):
    """Size of a pixel, arcsec."""
    from astropy.wcs.utils import proj_plane_pixel_scales

    return float(np.sqrt(np.prod(proj_plane_pixel_scales(wcs)))) * 3600


def solve(count, rows):
    """What to subtract from each of ``count`` images, MJy/sr: the weighted least squares of the differences ``rows``.

    Weights are the cells in common; an image without neighbours stays as it is.
    """
    if not rows:
        return np.zeros(count)
    one, other, step, cells = (np.array(column) for column in zip(*rows))
    root, line = np.sqrt(cells), np.arange(len(rows))
    matrix = sparse.csr_matrix((np.concatenate([root, -root]), (np.concatenate([line, line]),
                                                                 np.concatenate([one, other]))), (len(rows), count))
    return lsqr(matrix, step * root, damp=np.sqrt(PRIOR), atol=1e-12, btol=1e-12, iter_lim=20 * count)[0]

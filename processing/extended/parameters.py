"""The shape of an object's image in one band, in the numbers that tell stars from galaxies.

The survey named nine of them (Explanatory Supplement II.3a, IV.5); where their definitions were not published these are
our own, in the sense of the names. All are measured about the object's peak on the stamp with its masked pixels filled.
None knows about the PSF: it is measured in the same way, and so are the stars of the field (see ridge).
"""

import numba
import numpy as np

from processing.extended.radial_form import width

NAMES = ("sh", "wsh", "msh", "mxdn", "r1", "r23", "1mm", "2mm", "vint")
"""Parameters of the survey that are compared with those of stars (``{band}_sc_*``), in the order of ``measured``."""

SYMMETRY = ("bisym_rat", "bisym_chi")

EDGES = np.array([0.0, 0.8, 1.3, 1.8, 2.3, 2.8, 3.3, 3.8, 4.4, 5.0])
"""Rings of the fit of the profile, arcsec."""

WEDGES = 8
"""Sectors of 45 degrees in which the profile is fitted by itself."""

CORE = 1.3
"""Arcsec about the peak that every sector has."""

REACH = 7.0
"""Arcsec out to which moments and light are summed."""

WINDOW = 1.2
"""Arcsec, sigma of the Gaussian under which the peak is centred."""


def measured(image, noise, x, y):
    """All parameters of an object.

    Parameters
    ----------
    image : ndarray, (n, n), DN
        No NaN; background and neighbours off.
    noise : float, DN
        One sigma of a pixel.
    x, y : float, pixel
        The peak: see ``centred``.

    Returns
    -------
    ndarray, (12,): of NAMES and SYMMETRY, and the light within 2 arcsec, DN

    - sh, msh: alpha times beta of f0 exp(-(r / alpha)**(1 / beta)), fitted to the means and to the medians of rings out
      to 5 arcsec; wsh: the mean of the two smallest of eight sectors (a double star is narrow across its line)
    - mxdn: light within 7 arcsec over that of the peak (within 1.3), log10
    - r1: radius, arcsec, at which the profile falls below ``noise``
    - r23: light between 2 and 3 arcsec over that within 2
    - 1mm, 2mm: mean radius and rms radius of the light within 7 arcsec, arcsec
    - vint: light between 3 and 7 arcsec over that within 3
    - bisym_rat: light of the fainter half over that of the brighter, cut where they differ most
    - bisym_chi: rms of the image less itself turned by 180 degrees within 5 arcsec, in units of the noise

    Without light they are NaN.
    """
    return _measured(np.ascontiguousarray(image, dtype=np.float64), float(noise), float(x), float(y), EDGES)


@numba.njit(cache=True, nogil=True)
def centred(image, x, y):
    """The centroid under a narrow Gaussian that follows it, from a first guess: x, y; the guess where it runs away."""
    ny, nx = image.shape
    cx, cy = x, y
    for _ in range(8):
        sx = sy = total = 0.0
        for j in range(max(0, int(cy) - 4), min(ny, int(cy) + 6)):
            for i in range(max(0, int(cx) - 4), min(nx, int(cx) + 6)):
                d2 = (i - cx) ** 2 + (j - cy) ** 2
                w = max(image[j, i], 0.0) * np.exp(-0.5 * d2 / WINDOW**2)
                sx, sy, total = sx + w * (i - cx), sy + w * (j - cy), total + w
        if total <= 0.0:
            return x, y
        cx, cy = cx + 2.0 * sx / total, cy + 2.0 * sy / total
        if abs(cx - x) > 2.5 or abs(cy - y) > 2.5:
            return x, y
    return cx, cy


@numba.njit(cache=True, nogil=True)
def _measured(image, noise, x, y, edges):
    out = np.full(12, np.nan)
    radius, mean, median, wedges, count = _profiles(image, x, y, edges)
    sums = _sums(image, x, y)
    if sums[0] <= 0.0 or sums[1] <= 0.0 or sums[2] <= 0.0 or mean[0] <= 0.0:
        return out
    out[0] = width(radius, mean, count)
    narrow = np.empty(WEDGES)
    for k in range(WEDGES):
        narrow[k] = width(radius, wedges[k, 0], wedges[k, 1])
    narrow.sort()
    out[1] = 0.5 * (narrow[0] + narrow[1])
    out[2] = width(radius, median, count)
    out[3] = np.log10(sums[4] / sums[0])
    out[4] = _fall(image, noise, x, y)
    out[5] = sums[3] / sums[1]
    out[6], out[7] = sums[5] / sums[4], np.sqrt(max(sums[6] / sums[4], 0.0))
    out[8] = (sums[4] - sums[2]) / sums[2]
    out[9], out[10] = _symmetry(image, noise, x, y)
    out[11] = sums[1]
    return out


@numba.njit(cache=True, nogil=True)
def _profiles(image, x, y, edges):
    """Mean radius, mean and median of the rings, the same of the sectors (WEDGES, 2: mean, pixels), pixels."""
    rings, side = len(edges) - 1, int(edges[-1]) + 2
    ny, nx = image.shape
    total, reach, count = np.zeros(rings), np.zeros(rings), np.zeros(rings)
    wedges = np.zeros((WEDGES, 2, rings))
    values = np.empty((rings, 128))
    for j in range(max(0, int(y) - side), min(ny, int(y) + side + 1)):
        for i in range(max(0, int(x) - side), min(nx, int(x) + side + 1)):
            dx, dy = i - x, j - y
            r = np.sqrt(dx * dx + dy * dy)
            if r >= edges[-1]:
                continue
            ring = np.searchsorted(edges, r, side="right") - 1
            n = int(count[ring])
            values[ring, n] = image[j, i]
            total[ring], reach[ring], count[ring] = total[ring] + image[j, i], reach[ring] + r, n + 1
            sector = int((np.arctan2(dy, dx) / (2.0 * np.pi) + 1.0) * WEDGES) % WEDGES
            for k in range(WEDGES):
                if k == sector or r < CORE:
                    wedges[k, 0, ring] += image[j, i]
                    wedges[k, 1, ring] += 1.0
    median = np.zeros(rings)
    for ring in range(rings):
        n = int(count[ring])
        if n:
            median[ring] = np.median(values[ring, :n])
    wedges[:, 0] /= np.maximum(wedges[:, 1], 1.0)
    enough = np.maximum(count, 1.0)
    return reach / enough, total / enough, median, wedges, count


@numba.njit(cache=True, nogil=True)
def _sums(image, x, y):
    """Light within CORE, 2 and 3 arcsec, between 2 and 3, within REACH, and that times the radius and its square.

    A pixel on a rim counts by the part inside (its height over a pixel's width).
    """
    out = np.zeros(7)
    ny, nx = image.shape
    side = int(REACH) + 2
    for j in range(max(0, int(y) - side), min(ny, int(y) + side + 1)):
        for i in range(max(0, int(x) - side), min(nx, int(x) + side + 1)):
            r = np.sqrt((i - x) ** 2 + (j - y) ** 2)
            value = image[j, i]
            two, three = _inside(r, 2.0), _inside(r, 3.0)
            out[0] += _inside(r, CORE) * value
            out[1] += two * value
            out[2] += three * value
            out[3] += (three - two) * value
            all_of_it = _inside(r, REACH) * value
            out[4], out[5], out[6] = out[4] + all_of_it, out[5] + all_of_it * r, out[6] + all_of_it * r * r
    return out


@numba.njit(cache=True, nogil=True)
def _inside(r, rim):
    return min(max(rim - r + 0.5, 0.0), 1.0)


@numba.njit(cache=True, nogil=True)
def _fall(image, noise, x, y):
    """Radius at which the mean of rings of 1 arcsec falls below ``noise``, between the rings linear in the log."""
    ny, nx = image.shape
    last = int(min(min(x, y), min(nx - 1 - x, ny - 1 - y)))
    total, count = np.zeros(last + 1), np.zeros(last + 1)
    for j in range(ny):
        for i in range(nx):
            ring = int(np.sqrt((i - x) ** 2 + (j - y) ** 2) + 0.5)
            if ring <= last:
                total[ring], count[ring] = total[ring] + image[j, i], count[ring] + 1.0
    before = np.inf
    for ring in range(last + 1):
        if count[ring] == 0.0:
            continue
        now = total[ring] / count[ring]
        if now < noise:
            if before == np.inf:
                return float(ring)
            step = np.log(before / max(now, 1e-3 * noise))
            return ring - 1.0 + np.log(before / noise) / step
        before = now
    return float(last)


@numba.njit(cache=True, nogil=True)
def _symmetry(image, noise, x, y):
    """bisym_rat and bisym_chi."""
    ny, nx = image.shape
    halves, total, squares, n = np.zeros(WEDGES), 0.0, 0.0, 0
    for j in range(max(0, int(y) - 6), min(ny, int(y) + 7)):
        for i in range(max(0, int(x) - 6), min(nx, int(x) + 7)):
            dx, dy = i - x, j - y
            r = np.sqrt(dx * dx + dy * dy)
            if r > 5.0:
                continue
            total += image[j, i]
            for k in range(WEDGES):
                across = dx * np.cos(np.pi * k / WEDGES) + dy * np.sin(np.pi * k / WEDGES)
                halves[k] += image[j, i] * min(max(across + 0.5, 0.0), 1.0)
            px, py = x - dx, y - dy
            left, low = int(np.floor(px)), int(np.floor(py))
            if left < 0 or low < 0 or left + 1 >= nx or low + 1 >= ny:
                continue
            fx, fy = px - left, py - low
            turned = ((1 - fy) * ((1 - fx) * image[low, left] + fx * image[low, left + 1])
                      + fy * ((1 - fx) * image[low + 1, left] + fx * image[low + 1, left + 1]))  # fmt: skip
            squares, n = squares + (image[j, i] - turned) ** 2, n + 1
    least = 1.0
    for k in range(WEDGES):
        part = min(halves[k], total - halves[k]) / max(max(halves[k], total - halves[k]), 1e-30)
        least = min(least, part)
    return least, np.sqrt(squares / max(n, 1)) / noise

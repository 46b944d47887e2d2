"""The columns of one band for the merged rows: magnitude with its uncertainties, flags, limits."""

from dataclasses import dataclass

import numpy as np

from processing.bandmerge import quality
from processing.bandmerge.confusion import is_confused
from processing.bandmerge.limits import upper_limits

MOST_COMPONENTS = 7
"""``bl_flg`` counts no further."""

MOST_FRAMES = 9
"""``ndet`` has one digit."""


@dataclass(frozen=True, eq=False)
class BandColumns:
    """Columns ``m``, ``cmsig``, ``msigcom``, ``snr``, ``psfchi``, ``m_stdap``, ``msig_stdap`` (NaN = null), the band's
    character of each flag (arrays of one-character str) and its two of ``ndet``."""

    numbers: dict
    ph_qual: np.ndarray
    rd_flg: np.ndarray
    bl_flg: np.ndarray
    cc_flg: np.ndarray
    ndet: np.ndarray


NUMBERS = ("m", "cmsig", "msigcom", "snr", "psfchi", "m_stdap", "msig_stdap")


def no_band(n):
    """Columns of a band without an image: null, neither zero nor a limit."""
    nothing = {name: np.full(n, np.nan) for name in NUMBERS}
    return BandColumns(nothing, *(np.full(n, c) for c in "X900"), np.full(n, "00"))


def band_columns(sources, plane, rows, x, y):
    """Columns of a band with an image.

    Parameters
    ----------
    sources : BandSources
    plane : processing.bandmerge.plane.Plane
    rows : Rows
        Which source of the list each row has in this band.
    x, y : ndarray, pixel
        Merged positions, for the limits.
    """
    n = len(rows.index)
    numbers = {name: np.full(n, np.nan) for name in NUMBERS}
    seen = np.flatnonzero(rows.index >= 0)
    which = rows.index[seen]
    rd_flg = np.full(n, "0")
    rd_flg[rows.unresolved >= 0] = "6"
    rd_flg[seen] = origin(sources)[which]
    for name, values in _measured(sources, plane, rd_flg[seen], which).items():
        numbers[name][seen] = values
    limited = np.isin(rd_flg, ["0", "6"])
    numbers["m"][limited] = _limits(sources, plane, rows, limited, x, y)
    rd_flg[limited & ~np.isfinite(numbers["m"])] = "9"
    counts = _detections(sources, rows.index, rd_flg)
    flag = quality.photometric_quality(rd_flg, numbers["snr"], numbers["cmsig"], numbers["psfchi"], counts)
    return BandColumns(numbers, flag, rd_flg, _blend(sources, rows.index, rd_flg), _confusion(sources, rows, rd_flg),
                       _digits(counts))


@dataclass(frozen=True, eq=False)
class Rows:
    """One band's part of ``Merged`` (arrays of length n), and which of the band's sources have a confusing
    neighbour."""

    index: np.ndarray
    unresolved: np.ndarray
    ambiguous: np.ndarray
    confused: np.ndarray


def origin(sources):
    """``rd_flg`` character of each source of a list: its method, or 9 where there is no positive flux."""
    usable = np.isfinite(sources.flux) & (sources.flux > 0) & np.isin(sources.method, [1, 2, 3, 4])
    return np.where(usable, sources.method.astype(str), "9")


def confused_sources(sources, magzp, index, pixel_scale):
    """Which sources of a list have a neighbour that confuses them (``cc_flg`` c); ``index``: 1, 2, 3 for J, H, Ks."""
    xy = np.column_stack([sources.x, sources.y]) * pixel_scale
    return is_confused(xy, quality.magnitude(sources.flux, magzp), index - 1)


def _measured(sources, plane, rd_flg, which):
    """The numbers of the detected rows; ``rd_flg`` and ``which`` (index into the list) have their length."""
    magzp = plane.magzp[sources.band]
    usable = rd_flg != "9"
    flux = np.where(usable, sources.flux[which], np.nan)
    cmsig = quality.magnitude_error(flux, sources.flux_err[which])
    aperture = sources.aperture_flux[which]
    return {
        "m": quality.magnitude(flux, magzp),
        "cmsig": cmsig,
        "msigcom": quality.total_uncertainty(cmsig, rd_flg, plane.zero_point_error[sources.band]),
        "snr": np.minimum(flux / sources.flux_noise, quality.LARGEST_SNR),
        "psfchi": np.where(np.isin(rd_flg, ["1", "2"]), sources.chi2[which], np.nan),
        "m_stdap": quality.magnitude(aperture, magzp),
        "msig_stdap": quality.magnitude_error(aperture, sources.aperture_flux_err[which]),
    }


def _limits(sources, plane, rows, limited, x, y):
    blended = np.where(rows.unresolved >= 0, sources.flux[rows.unresolved] if len(sources) else 0.0, 0.0)
    blended = np.nan_to_num(blended[limited])
    flux = upper_limits(sources, x[limited], y[limited], plane.pixel_scale, blended)
    return quality.magnitude(flux, plane.magzp[sources.band])


def _detections(sources, index, rd_flg):
    """``ndet`` as numbers (n, 2): N frames that detect the source of M that could; 0 of 0 where the band does not.

    None when the photometry did not look at single frames.
    """
    if sources.ndet is None:
        return None
    counts = np.zeros((len(index), 2), int)
    counts[index >= 0] = sources.ndet[index[index >= 0]]
    counts[np.isin(rd_flg, ["0", "6"])] = 0
    return np.clip(counts, 0, MOST_FRAMES)


def _digits(counts):
    """Two characters a row; None where there are no counts."""
    return None if counts is None else np.char.add(counts[:, 0].astype("U1"), counts[:, 1].astype("U1"))


def _blend(sources, index, rd_flg):
    """``bl_flg``: 0 not detected, 1 for aperture magnitudes, else the number of components, at most 7."""
    count = np.zeros(len(index), int)
    seen = index >= 0
    count[seen] = np.clip(sources.blend[index[seen]], 1, MOST_COMPONENTS)
    count[np.isin(rd_flg, ["1", "3", "4"])] = 1
    count[np.isin(rd_flg, ["0", "6", "9"])] = 0
    return count.astype("U1")


def _confusion(sources, rows, rd_flg):
    """``cc_flg``: c before b; 0 where the band has no measurement."""
    flag = np.full(len(rows.index), "0")
    seen = rows.index >= 0
    flag[seen & rows.ambiguous] = "b"
    flag[np.flatnonzero(seen)[rows.confused[rows.index[seen]]]] = "c"
    flag[np.isin(rd_flg, ["0", "6", "9"])] = "0"
    return flag

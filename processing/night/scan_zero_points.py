"""The zero points of a scan, and all its fluxes brought to that of its middle.

Airmass and night drift while the telescope goes through six degrees, so that 1 DN is not the same magnitude at both
ends. A scan has one MAGZP in a band, that of its middle; fluxes are multiplied by what makes this right for each
source, from the zero points of the frames that saw it.
"""

from dataclasses import dataclass, replace

import numpy as np

from processing.schema import BANDS


@dataclass(frozen=True)
class BandZeroPoint:
    """Zero point of a scan in one band.

    ``value``: magnitude of 1 DN in the middle of the scan, extinction included; ``error``: one sigma of it, mag;
    ``zperr``: the night's leave-one-field-out residual, mag, NaN when not known; ``notes`` of the night; ``frames``:
    magnitude of 1 DN in every frame, (n,).
    """

    value: float
    error: float
    zperr: float
    notes: tuple
    frames: np.ndarray


def scan_zero_points(calibration, bands, mjd, airmass):
    """Band letter -> BandZeroPoint of a scan.

    Parameters
    ----------
    calibration : processing.calibration.night.NightCalibration
    bands : iterable of str
        Letters.
    mjd, airmass : ndarray, shape (n,)
        Of the frames: d (UTC), and as the FRAMES table has it.

    SurveyError when the night has no calibration in one of the bands.
    """
    middle = (np.mean(mjd[[0, -1]]), np.interp(np.mean(mjd[[0, -1]]), mjd, airmass))
    found = {}
    for band in bands:
        scan = calibration.zero_point(band, *middle)
        frames = calibration.bands[band].zero_point(mjd, airmass)[0]
        found[band] = BandZeroPoint(scan.value, scan.error, scan.zperr, scan.notes, frames)
    return found


def at_mid_scan(sources, zero_point, track):
    """BandSources as they would be if the whole scan had the zero point of its middle.

    Parameters
    ----------
    sources : BandSources
        On the strip grid.
    zero_point : BandZeroPoint
    track : processing.bandmerge.scan_track.ScanTrack

    ``flux``, ``aperture_flux`` and their errors are multiplied, and the residual image from which limits come; noise
    of a faint source, ``flux_noise``, stays that of the middle.
    """
    brighter = 10 ** (-0.4 * (track.mean(sources.y, zero_point.frames) - zero_point.value))
    rows = 10 ** (-0.4 * (track.mean(np.arange(len(sources.residual)), zero_point.frames) - zero_point.value))
    changed = {name: getattr(sources, name) * brighter
               for name in ("flux", "flux_err", "aperture_flux", "aperture_flux_err")}
    residual = sources.residual * rows[:, None].astype(sources.residual.dtype)
    return replace(sources, residual=residual, **changed)


def quoted_errors(zero_points):
    """What ``msigcom`` takes for the zero point: zperr of the night where known, else that of the band; mag."""
    usual = {band.letter: band.zero_point_error for band in BANDS}
    return {band: found.zperr if np.isfinite(found.zperr) else usual[band] for band, found in zero_points.items()}

"""The photometric quality flag and the magnitudes' uncertainties (Explanatory Supplement, section II.2a)."""

import numpy as np

from processing.config import survey

MAG = 2.5 / np.log(10)
"""Magnitudes per relative flux error: 1.0857."""

LARGEST_SNR = 1e7
"""The catalog's cap of the scan signal-to-noise ratio."""


def photometric_quality(rd_flg, snr, cmsig, psfchi, counts=None):
    """``ph_qual`` of one band.

    Parameters
    ----------
    rd_flg : ndarray of str, one character each
    snr, cmsig, psfchi : ndarray
        NaN = null: never passes a limit.
    counts : ndarray of int, shape (n, 2), optional
        Frames that detect the source, of frames that could (``ndet``); None where no frames were looked at.

    Returns
    -------
    ndarray of str, one character each: the first of X U F E A B C D whose rule holds.
    """
    rules = survey().quality
    rules_in_order = [
        ("X", rd_flg == "9"),
        ("U", np.isin(rd_flg, ["0", "6"])),
        ("F", np.isin(rd_flg, ["1", "3"]) & ~(cmsig <= rules.no_error)),
        ("E", (rd_flg == "4") | ((rd_flg == "2") & (psfchi > rules.poor_chi2)) | _missed(rd_flg, snr, counts)),
        *((grade, (snr > least) & (cmsig < largest)) for grade, least, largest in zip("ABC", rules.snr, rules.sigma)),
    ]
    return np.select([holds for _, holds in rules_in_order], [letter for letter, _ in rules_in_order], "D")


def _missed(rd_flg, snr, counts):
    """Too few of the frames detect a source that is bright enough to be seen on each of them: no star.

    The survey's rule for ph_qual E is not published; this is the one by which it selected sources for the catalog (N/M
    at least 0.4), from a scan S/N on below which published rows with fewer frames have ph_qual A.
    """
    rules = survey().quality
    if counts is None:
        return np.zeros(len(rd_flg), bool)
    few = counts[:, 0] < rules.detected_share * counts[:, 1]
    return np.isin(rd_flg, ["1", "2"]) & (snr > rules.missed_snr) & few


def total_uncertainty(cmsig, rd_flg, zero_point_error):
    """``msigcom`` (mag): ``cmsig`` with the zero point, the flat and, for rd_flg 1, the Read1 normalisation."""
    rules = survey().uncertainty
    read1 = np.where(rd_flg == "1", rules.read1, 0.0)
    return np.sqrt(cmsig**2 + zero_point_error**2 + rules.flat**2 + read1**2)


def magnitude(flux, magzp):
    """Magnitude of a flux in DN; NaN unless the flux is positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return magzp - 2.5 * np.log10(np.where(flux > 0, flux, np.nan))


def magnitude_error(flux, flux_err):
    """One-sigma error in mag; NaN unless the flux is positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return MAG * flux_err / np.where(flux > 0, flux, np.nan)

"""Where an Atlas Image lies in its scan, and when each of its lines was observed, from the keywords of its header.

The scan's own coordinates (U-scan, arcsec): y along the scan, growing to the north, zero at the centre of frame 1; x
across, growing to the west, zero on the centre line. The telescope steps DYFS from frame to frame, one frame every 2 x
UT_OFF1 seconds (UT_OFF1 is the time from the start of the scan to the middle of frame 1); UT is the time of the frame
nearest the image's centre. Checked on the real headers: UT then gives a whole frame number to 0.01, and it is the coadd
number of the published rows. What a header does not tell is None.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from processing.config import survey
from processing.formats.atlas_image import iso_date, number_or_none

HALF_LINES = (512.5, 349.5)
"""Lines from (0, 0) to the centre of a coadd: 22 of the 23 have 1024 lines, one has 698 (cut-outs change CRPIX2)."""

WHOLE_HALF_WIDTH = 255.5
"""Columns between the centre line and the border of an image that nobody has cut."""

EDGE_HALF_FRAME = 252.0
"""Half the length of a frame seen in all three bands, arcsec: 256 less the misalignment of the cameras."""


@dataclass(frozen=True)
class ScanPlace:
    """Place of one image in its scan.

    Attributes
    ----------
    coadd : int or None
        Number of the frame nearest the centre of the coadd (of the whole one, when the image is a cut-out).
    centre_jd : float or None
        Julian Date (UTC) at which that frame was taken.
    centre_y : float or None
        U-scan y of the image's reference pixel, arcsec.
    start_jd : float or None
        Julian Date (UTC) of the start of the scan.
    frame_step, frame_time : float or None
        In-scan step, arcsec, negative when the scan goes south; seconds from frame to frame.
    frames : int or None
        Number of frames of the scan.
    """

    coadd: int | None
    centre_jd: float | None
    centre_y: float | None
    start_jd: float | None
    frame_step: float | None
    frame_time: float | None
    frames: int | None


def scan_place(image):
    """The place of ``image`` (AtlasImage) in its scan."""
    header = image.header
    step, half_period, frames = (number_or_none(header, key) for key in ("DYFS", "UT_OFF1", "NUMFRMS"))
    step, period = step or None, 2 * half_period if half_period else None
    centre_jd, start_jd = julian_date(header, "UT_DATE", "UT"), julian_date(header, "DATE_SOS", "UT_SOS")
    coadd = _coadd(centre_jd, start_jd, period) or _coadd_by_place(header, step)
    return ScanPlace(coadd, centre_jd, _centre_y(header, step, coadd), start_jd, step, period,
                     int(frames) if frames else None)


def julian_date(header, day, time):
    """Julian Date (UTC) of the header's date (yymmdd) and time (hh:mm:ss.ss); None when they are not there."""
    try:
        moment = datetime.fromisoformat(iso_date(header[day]))
        hours, minutes, seconds = (float(part) for part in str(header[time]).split(":"))
    except (KeyError, ValueError):
        return None
    return moment.toordinal() + 1721424.5 + (hours + minutes / 60 + seconds / 3600) / 24


def cross_scan(image, x):
    """x_scan, arcsec, positive to the west, of 0-based columns ``x``; the centre line is the column CRPIX1."""
    return (np.asarray(x, float) + 1 - image.wcs.wcs.crpix[0]) * image.pixel_scale


def along_scan(image, place, y):
    """U-scan y, arcsec, of 0-based lines ``y``; None when the place is not known."""
    if place.centre_y is None:
        return None
    return place.centre_y + (np.asarray(y, float) + 1 - image.wcs.wcs.crpix[1]) * image.pixel_scale


def observed_at(image, place, y):
    """Julian Dates (UTC) of 0-based lines ``y``, from the frame nearest the centre and the scan rate; None if unknown.

    The rate is that of the header's frames (about 55.4 arcsec/s), else that of the survey with the header's direction.
    """
    if place.centre_jd is None:
        return None
    lines = (np.asarray(y, float) + 1 - image.wcs.wcs.crpix[1]) * image.pixel_scale
    if place.centre_y is not None and place.frame_time:
        off_frame = place.centre_y - (place.coadd - 1) * place.frame_step
        return place.centre_jd + (lines + off_frame) / place.frame_step * place.frame_time / 86400
    if image.direction is None:
        return None
    rate = survey().instrument.scan_rate * (1 if image.direction == "n" else -1)
    return place.centre_jd + lines / rate / 86400


def scan_ends(place):
    """(south, north) ends of the part of the scan that six frames cover, U-scan y in arcsec; None when not known.

    Against the edges of published rows of scans on the same declinations this is right to about 15 arcsec.
    """
    if None in (place.frame_step, place.frames, place.centre_y):
        return None
    depth = int(survey().instrument.frames_per_coadd)
    ahead = np.sign(place.frame_step) * EDGE_HALF_FRAME
    first = (depth - 1) * place.frame_step - ahead
    last = (place.frames - depth) * place.frame_step + ahead
    return min(first, last), max(first, last)


def side_edges(images):
    """x_scan of the (east, west) edge of what all the images of a field cover, arcsec; None on a side cut off.

    A side is cut off when the image ends before the border of a whole coadd: the scan's edge is then not in it.
    """
    everywhere = np.logical_and.reduce([~image.mask for image in images])
    covered = np.flatnonzero(everywhere.mean(axis=0) > 0.5)
    if covered.size == 0:
        return None, None
    image = images[0]
    borders = cross_scan(image, [-0.5, image.data.shape[1] - 0.5])
    east, west = cross_scan(image, [covered[0] - 0.5, covered[-1] + 0.5])
    return (float(east) if borders[0] <= -WHOLE_HALF_WIDTH else None,
            float(west) if borders[1] >= WHOLE_HALF_WIDTH else None)


def _coadd(centre_jd, start_jd, period):
    """Frame number from the times, None unless it is near enough to a whole number."""
    if None in (centre_jd, start_jd, period):
        return None
    number = (centre_jd - start_jd) * 86400 / period + 0.5
    return round(number) if number > 0.5 and abs(number - round(number)) < 0.2 else None


def _coadd_by_place(header, step):
    """Frame number from the U-scan place of an image of full length, None when the header does not tell."""
    reference = number_or_none(header, "USYREF")
    if reference is None or step is None or number_or_none(header, "CRPIX2") not in HALF_LINES:
        return None
    return round(1 + (reference + header["CRPIX2"]) / step)


def _centre_y(header, step, coadd):
    """U-scan y of the reference pixel: the half length of the coadd is the one that agrees with its frame number."""
    reference = number_or_none(header, "USYREF")
    if None in (reference, step, coadd):
        return None
    for half in HALF_LINES:
        if abs((reference + half) / step + 1 - coadd) <= 0.55:
            return reference + half
    return None

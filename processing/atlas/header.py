"""What the header of an Atlas Image says of its scan."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from processing.config import survey
from processing.formats.raw_night import night_date
from processing.observatory import CTIO, HOPKINS, Site, day_number

MJD_ZERO = datetime(1858, 11, 17, tzinfo=UTC)


@dataclass(frozen=True)
class ScanView:
    """A scan as the header writer wants it; angles in deg, times UTC, ``step`` arcsec, ``frame`` from 0."""

    site: Site
    date: date
    start: datetime
    middle: datetime
    end: datetime
    scan: int
    tile: int | None
    type: str
    direction: str
    ra: float
    dec_start: float
    dec_end: float
    step: float
    frame: float

    @property
    def day_number(self):
        """Survey day of the night."""
        return day_number(self.date)


def scan_view(night, sequence, mjd, solution, grid):
    """The ScanView of one image.

    ``night``: its name; ``sequence``: ``processing.formats.raw_night.Sequence``; ``mjd``: of the frames' middles (n,);
    ``solution``, ``grid``: the scan's Solution and the image's Grid.
    """
    ra, dec = solution.pointing
    direction = "n" if dec[-1] > dec[0] else "s"
    order = np.argsort(dec)
    frame = float(np.interp(grid.centre[1], dec[order], np.arange(len(dec))[order]))
    site = replace(HOPKINS if night[-1] == "n" else CTIO, frames=len(dec), lead=0.0, trail=0.0)
    half = timedelta(seconds=(survey().detector.read1 + survey().detector.read2) / 2)
    times = [MJD_ZERO + timedelta(days=float(np.interp(f, np.arange(len(mjd)), mjd))) for f in (0, frame, len(mjd) - 1)]
    start, middle, end = (t.replace(tzinfo=None) for t in (times[0] - half, times[1], times[2] + half))
    tile = int(sequence.tile) if sequence.tile.isdigit() else None
    return ScanView(site, night_date(night), start, middle, end, sequence.seq, tile, sequence.type, direction,
                    grid.centre[0], float(dec[0]), float(dec[-1]), float(np.abs(np.diff(dec)).mean() * 3600),
                    frame)  # fmt: skip


def cross_step(solution, band, frame):
    """How far a star moves along x from a frame to the next, arcsec: the dither (DXFS)."""
    first = int(np.clip(round(frame), 0, len(solution.frames) - 2))
    x, _ = solution.pixel(band, first + 1, *solution.sky(band, first, 127.5, 127.5))
    return float(x - 127.5) * survey().simulate.frame_pixel


def shape_parameter(width):
    """SEESH of an image whose frames have a PSF of ``width`` (sigma of the Gaussian before the pixel, frame pixels).

    FWHM = 3.13 SEESH - 0.46 arcsec, of the image: PSF, frame pixel and kernel together, added as variances.
    """
    settings = survey().simulate
    pixel, box = settings.frame_pixel, settings.kernel_box
    variance = (width * pixel) ** 2 + pixel**2 / 12 + pixel**2 / 6 + box**2 / 12
    return float((np.sqrt(8 * np.log(2) * variance) + 0.46) / 3.13)

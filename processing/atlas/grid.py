"""Where the Atlas Images of a scan lie: 512 columns, 1024 rows of 1 arcsec, overlapping by 54 arcsec."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from processing.config import survey
from processing.formats.atlas_header import wcs_cards


@dataclass(frozen=True)
class Grid:
    """The pixels of one Atlas Image. ``centre``: (ra, dec), deg; ``shape``: (rows, columns); ``number``: the frame
    nearest its centre, from 1, which is the image's number in its scan."""

    centre: tuple
    shape: tuple
    number: int
    twist: float = field(default=0.0)

    @property
    def cards(self):
        """Cards of the projection for the header."""
        return wcs_cards(self.centre, self.shape, self.twist)

    @cached_property
    def wcs(self):
        """0-based pixels to ICRS."""
        return WCS(fits.Header(self.cards))


def scan_grids(solution):
    """The Grids of a scan, in the order in which it was observed; the last one is shorter.

    They cover, in the middle of the scan, what is seen by all frames that should see it: 22,038 arcsec of a scan of 273
    frames (Explanatory Supplement IV.3: 22 images of 1024 rows and one of 698).
    """
    rules, step = survey().atlas, survey().simulate.frame_step
    ra, dec = _track(solution)
    length = max(round((len(dec) - 1) * step - rules.margin), rules.overlap + 1)
    stride = rules.height - rules.overlap
    count = max(int(np.ceil((length - rules.overlap) / stride)), 1)
    heights = [rules.height] * (count - 1) + [length - (count - 1) * stride]
    along = np.array([k * stride + height / 2 for k, height in enumerate(heights)]) - length / 2
    north = 1 if dec[-1] > dec[0] else -1
    middle = (dec[0] + dec[-1]) / 2
    return [_grid(ra, dec, middle + north * a / 3600, (h, rules.width)) for a, h in zip(along, heights)]


def strip_grid(solution, beyond=20):
    """One Grid for the whole scan: all that any frame sees, and ``beyond`` arcsec more to the sides.

    The working image of detection and of upper limits; no product. Its ``number`` is 0. On its plane (gnomonic about
    the scan's middle) 1 arcsec is 1 pixel within 0.3% over the six degrees of a scan.
    """
    ra, dec = _track(solution)
    height = survey().instrument.frame_height
    rows = int(np.ceil((dec.max() - dec.min()) * 3600 + height)) + 2 * beyond
    columns = survey().atlas.width + 2 * beyond
    return Grid((float((ra.max() + ra.min()) / 2) % 360, float((dec.max() + dec.min()) / 2)), (rows, columns), 0)


def _track(solution):
    """ra (continuous), dec (deg) of what the middle of the arrays sees, frame by frame: the mean of the bands."""
    n = len(solution.frames)
    places = [solution.sky(band, np.arange(n), 127.5, 127.5) for band in solution.bands]
    ra = np.array([(p[0] - places[0][0][0] + 180) % 360 - 180 for p in places]).mean(axis=0) + places[0][0][0]
    return ra, np.mean([p[1] for p in places], axis=0)


def _grid(ra, dec, centre, shape):
    nearest = int(np.argmin(np.abs(dec - centre)))
    here = np.abs(dec - centre) * 3600 < (shape[0] + survey().instrument.frame_height) / 2
    return Grid((float(np.mean(ra[here])) % 360, float(centre)), shape, nearest + 1)

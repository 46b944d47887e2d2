"""The Atlas Images of a release as surface brightness: MJy/sr above the sky that each was observed with."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from processing.config import survey
from processing.errors import SurveyError
from processing.formats.atlas_image import read_atlas_image
from processing.schema import BANDS

UNIT = "MJy/sr"

KEPT = 32
"""Images that a process keeps in memory: those of a few tiles in three bands, 2 MB each."""


@dataclass(frozen=True)
class Source:
    """One image to draw.

    Attributes
    ----------
    path : str
    band : {"j", "h", "k"}
    scale : float, MJy/sr of 1 DN
    sky : float, DN; NaN when nobody has measured it
    noise : float, MJy/sr of the sky in one pixel; NaN when nobody has measured it
    corners : tuple of four (ra, dec), deg
    sha256 : str, of the file
    """

    path: str
    band: str
    scale: float
    sky: float
    noise: float
    corners: tuple
    sha256: str


def sources(release):
    """The Source of each image of a release (processing.release.Release), in the order of its table."""
    rows = release.read("atlas").to_pylist()
    listed = {str(path.relative_to(release.path)) for path in release.image_files()}
    missing = [row["file"] for row in rows if row["file"] not in listed]
    if missing or len(listed) != len(rows):
        raise SurveyError(f"{release.path}: the table of images has {len(rows)} rows, the release {len(listed)} files"
                          + (f"; {missing[0]} is not there" if missing else ""))
    return [_source(release.path / row["file"], row) for row in rows]


def _source(path, row):
    band = next(band for band in BANDS if band.name == row["band"])
    scale = brightness(band, row["magzp"], row["pixel_scale"])
    sky, noise = (np.nan if row[name] is None else float(row[name]) for name in ("skyval", "skysig"))
    corners = tuple((row[f"ra_{n}"], row[f"dec_{n}"]) for n in range(1, 5))
    return Source(str(path), band.letter, scale, sky, noise * scale, corners, row["sha256"])


def brightness(band, magzp, pixel_scale):
    """Surface brightness (MJy/sr) of 1 DN in a pixel of this size (arcsec), from the magnitude of 1 DN."""
    jansky = survey().hips.zero_flux[band.index - 1] * 10 ** (-0.4 * magzp)
    return jansky / np.radians(pixel_scale / 3600) ** 2 / 1e6


@lru_cache(maxsize=KEPT)
def pixels(source):
    """Brightness above the sky, float32, shape (ny, nx), NaN where nothing was observed, and the WCS of an image."""
    image = read_atlas_image(source.path)
    sky = source.sky if np.isfinite(source.sky) else np.nanmedian(image.data)
    return ((image.data - sky) * source.scale).astype(np.float32), image.wcs


def noise_of(found, letter):
    """Typical noise of the sky (MJy/sr) in the images of a band: the median of those known, measured where none is."""
    own = [source for source in found if source.band == letter]
    known = [source.noise for source in own if np.isfinite(source.noise) and source.noise > 0]
    return float(np.median(known or [measured_noise(pixels(source)[0]) for source in own[:KEPT]]))


def measured_noise(image):
    """Half the range of the middle 68% of the differences of neighbouring pixels, over the root of 2."""
    steps = np.diff(image[::3].astype(float), axis=1).ravel()
    low, high = np.percentile(steps[np.isfinite(steps)], [15.87, 84.13])
    return max((high - low) / 2 / np.sqrt(2), 1e-6)

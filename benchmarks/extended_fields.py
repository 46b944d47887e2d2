"""Simulated fields in which extended sources are looked for, what a perfect camera would measure there, and what was.

    field = made(FIELDS["b 60"][0])                 images of J, H, Ks as files, and their Truth
    found = ours(field)                             the Found of twomass extract

No test uses these seeds. A field has the stars and galaxies of its place, and the brighter galaxies of ``MORE`` - 1
other skies, so that there are enough of them: a galaxy counts by 1 / MORE of a star.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits

from processing.config import survey
from processing.extract import extract_field
from processing.formats.atlas_field import read_field
from processing.photometry.measure import STEPS
from processing.simulate.atlas import SHAPE, simulate_atlas
from processing.simulate.galaxy_truth import isophotes
from processing.simulate.sky import around, sky_patch

MORE, ADDED, FAINTEST = 25, 14.3, 15.0
"""Skies whose galaxies a field has, Ks of the faintest of those that are not its own, and of the faintest known."""

EDGE = 15.0
"""Arcsec from the border of the image within which nothing is judged (survey: edges of extended sources)."""


COLUMNS = ("ra", "dec", "e_score", "g_score", *(
    f"{band}_{what}_{kind}" for band in "jhk" for what in ("m", "msig") for kind in ("k20fe", "ext", "7")))  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A field: galactic ``longitude``, ``latitude`` (deg), ``seed``."""

    longitude: float
    latitude: float
    seed: int


FIELDS = {
    f"b {latitude}": [Place(longitude, b, 88100 + seed + k) for k, (longitude, b) in enumerate(places)]
    for seed, latitude, places in (
        (1, 60, ((140.0, 60.0), (220.0, 62.0), (60.0, -58.0), (190.0, -61.0))),
        (11, 35, ((80.0, 35.0), (200.0, 34.0), (120.0, -36.0), (70.0, -35.0))),
        (21, 22, ((100.0, 22.0), (210.0, 23.0), (130.0, -22.0), (230.0, -24.0))),
        (31, 13, ((110.0, 13.0), (215.0, 14.0), (150.0, -13.0), (90.0, -12.0))),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """``paths``: of the images, J, H, Ks; ``truth``: columns of the galaxies (see galaxy_truth.isophotes) with their
    places x, y (pixel), and of them those inside the image."""

    paths: tuple
    truth: dict


@dataclass(frozen=True)
class Found:
    """What a program found: ``x``, ``y`` (pixel); ``magnitudes``: kind -> (n,); ``score``: the smaller, the more
    extended; ``seconds``: of processor, and of it for ``extended`` sources alone where these are told apart."""

    x: np.ndarray
    y: np.ndarray
    magnitudes: dict
    score: np.ndarray
    seconds: float
    extended: float = np.nan

    def select(self, keep):
        magnitudes = {name: values[keep] for name, values in self.magnitudes.items()}
        return Found(self.x[keep], self.y[keep], magnitudes, self.score[keep], self.seconds, self.extended)


def made(place, folder, noise=0, more=MORE):
    """The Made of a Place, its images written below ``folder``; ``noise``: another number is another exposure;
    ``more``: skies whose galaxies it has."""
    centre = SkyCoord(place.longitude * u.deg, place.latitude * u.deg, frame="galactic").icrs
    centre = float(centre.ra.deg), float(centre.dec.deg)
    patch = around(*centre, *((n + 180) / 3600 for n in reversed(SHAPE)))
    sky = sky_patch(patch, 17.0, place.seed, real=False)
    galaxies = [_columns(sky.galaxies)]
    for k in range(1, more):
        other = _columns(sky_patch(patch, ADDED, place.seed + 1000 * k, density=0.0, real=False).galaxies)
        galaxies.append({name: values[other["k"] < ADDED] for name, values in other.items()})
    galaxies = {name: np.concatenate([one[name] for one in galaxies]) for name in galaxies[0]}
    images = simulate_atlas(sky.stars, galaxies, centre, "jhk", place.seed + 500_000 * noise)
    stem = f"{place.seed}_{noise}_{more}.fits"
    paths = (_written(image, Path(folder) / f"{band}{stem}") for band, image in images.items())
    return Made(tuple(paths), truth_of(galaxies, images["k"]))


def _columns(table):
    return {name: table[name].to_numpy() for name in table.column_names}


def _written(image, path):
    fits.PrimaryHDU(image.data, image.header).writeto(path, overwrite=True)
    return path


def truth_of(galaxies, image):
    """The truth of the galaxies bright enough to be looked for, and inside the image."""
    x, y = (image.galaxies[name].to_numpy() for name in ("x", "y"))
    seen = galaxies["k"] < FAINTEST
    galaxies, x, y = {name: values[seen] for name, values in galaxies.items()}, x[seen], y[seen]
    known = galaxies | isophotes(galaxies) | {"x": x, "y": y}
    inside = within(x, y, image.data.shape)
    return {name: values[inside] for name, values in known.items()}


def within(x, y, shape):
    """Whether places are farther than EDGE from the border of an image."""
    return (np.minimum(x, y) > EDGE) & (x < shape[1] - 1 - EDGE) & (y < shape[0] - 1 - EDGE)


def ours(field):
    """What ``twomass extract`` finds; its candidates, with their scores."""
    images, clock = read_field(field.paths), Clock()
    table = extract_field(images, clock).extended
    seconds = clock.seconds()
    row = {name: table[name].to_numpy(zero_copy_only=False).astype(float) for name in COLUMNS}
    x, y = images.first.wcs.wcs_world2pix(row["ra"], row["dec"], 0)
    magnitudes = {name.replace("_m_", "_"): values for name, values in row.items() if "_m_" in name}
    keep = within(x, y, SHAPE) & enough_signal(row)
    return Found(x, y, magnitudes, np.maximum(row["e_score"], row["g_score"]), *seconds).select(keep)


def enough_signal(row):
    """S/N of a source of the catalog: that of the 7 arcsec circle or the K20 ellipse in a band."""
    errors = np.array([row[f"{band}_msig_{kind}"] for band in "jhk" for kind in ("k20fe", "7")])
    return 1.0857 / np.nanmin(np.where(np.isfinite(errors), errors, 99.0), axis=0) > survey().extended_release.snr


class Clock:
    """Called with the names of steps as they begin: seconds of processor of all, and from the first of those that are
    for extended sources alone."""

    def __init__(self):
        self.first, self.begun = time.process_time(), None

    def __call__(self, step):
        words = (*STEPS, "band merge")
        if self.begun is None and not step.endswith(words):
            self.begun = time.process_time()

    def seconds(self):
        """Of all, and for extended sources alone."""
        now = time.process_time()
        return now - self.first, now - self.begun

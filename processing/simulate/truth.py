"""The truth beside simulated raw nights: what it holds, and how to ask it.

    truth = Truth("ROOT/truth")
    truth.frames("990712n", "sci", 11, "j")      one row a frame
    truth.apparitions("990712n", "sci", 11, "j") one row for each star in each frame: where, how bright, how wide

Files below ROOT/truth (all angles ICRS; pixels 0-based, (127.5, 127.5) is the centre; DN as of a pixel of response 1):

simulation.json
    version, stage and settings (processing.simulate.night_plan.Settings).
<tile>/stars.parquet, <tile>/galaxies.parquet (tile: TILE of the files, tile number or name of the calibration field)
    Columns of processing.simulate.sky.Sky: id, ra, dec (deg), j, h, k, vt (mag), real, primary; id, ra, dec, j, h, k,
    reff (arcsec), sersic, axis_ratio, angle (deg), and what parts them into bulge and disc (galaxy_parts.bulges). Stars
    in two tiles have the same id.
<tile>/extended.parquet
    Of the galaxies brighter than Ks 15: id, ra, dec, total j, h, k, and what a perfect camera would measure of them at
    the mean seeing (galaxy_truth.isophotes): r_k20, ba_k20, j_k20, h_k20, k_k20, the same of j21, j_7, h_7, k_7.
detector_<h>_<band>.fits (h: n or s)
    Images BIAS (DN), RESPONSE (median 1), DARK (DN/s), GLOW (DN a read), WELL (DN above pedestal), NOISE (electron, of
    one read), BAD (bits: 1 dead, 2 hot, 4 noisy); primary header GAIN, RDNOISE, NONLIN, ... as in the raw files.
<night>/night.json
    "number" (of the night, from 0), "midnight" (UTC) and for each band: "extinction" (mag an airmass), "core" (arcsec,
    mean width of the PSF core), "optics" (processing.simulate.optics.Optics: offsets, rotation, scale, distortion, PSF
    over the field).
<night>/<type><seq:03d>_<band>.parquet, a row a frame in the order of FRAMES
    mjd, ra, dec (deg, true camera axis; NaN for stills), airmass, zero_point (mag of 1 DN in 1.3 s at airmass 1), unit
    (DN in 1.3 s of a star of magnitude 0: 10^(0.4 (zero_point - extinction (airmass - 1)))), sky (DN a pixel, mean,
    without airglow structure, 0 for stills), sigma (arcsec, PSF core in the centre), stretch_x, stretch_y (arcsec,
    elongation in the centre), level (DN, twilight; 0 if none).
<night>/<type><seq:03d>_<band>_rays.parquet, a row for each pixel hit by a cosmic ray
    frame (from 1), x, y, charge (electron), read (1: in both reads, 2: in READ2 only).

The PSF is written down in processing.simulate.starlight; ``star_image`` below draws one star.
"""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from astropy.io import fits

from processing.errors import SurveyError
from processing.formats.whole import whole_file
from processing.schema.bands import BANDS
from processing.simulate.galaxy_parts import RESOLVED
from processing.simulate.galaxy_truth import isophotes
from processing.simulate.scene import draw_stars, local_psf
from processing.simulate.optics import Optics, optics, tangent
from processing.simulate.weather import weather

LETTERS = tuple(band.letter for band in BANDS)
PLANES = ("bias", "response", "dark", "glow", "well", "noise", "bad")


def write_json(path, record):
    """Write a record; keys in their order."""
    with whole_file(path) as partial:
        partial.write_text(json.dumps(record, indent=1) + "\n")


def write_table(path, table):
    """Write a pyarrow Table."""
    with whole_file(path) as partial:
        pq.write_table(table, partial)


def write_sky(folder, make, seeing=None):
    """Write stars and galaxies of the Sky that ``make`` returns, unless they are there; ``seeing``: FWHM, arcsec."""
    if (folder / "galaxies.parquet").exists() and (folder / "stars.parquet").exists():
        return
    sky = make()
    write_table(folder / "extended.parquet", true_extended(sky.galaxies, seeing))
    write_table(folder / "stars.parquet", sky.stars)
    write_table(folder / "galaxies.parquet", sky.galaxies)


def true_extended(galaxies, seeing=None):
    """What is known of the galaxies (a Table) that are bright enough to have an isophote: a Table."""
    bright = galaxies.filter(pc.less(galaxies["k"], RESOLVED))
    known = isophotes({name: bright[name].to_numpy() for name in bright.column_names}, seeing)
    return pa.table({name: bright[name] for name in ("id", "ra", "dec", *LETTERS)} | known)


def write_night(folder, night, seed, core):
    """Write what is constant in a PlannedNight; ``core``: arcsec."""
    bands = {}
    for band in LETTERS:
        geometry = {name: float(value) for name, value in asdict(optics(seed, night.number, band)).items()}
        bands[band] = {"extinction": weather(seed, night.number, band).extinction, "core": core, "optics": geometry}
    record = {"number": night.number, "midnight": night.midnight.isoformat(), "bands": bands}
    write_json(folder / night.name / "night.json", record)


def write_detector(folder, hemisphere, band, array):
    """Write the planes of a Detector."""
    images = [fits.ImageHDU(np.asarray(getattr(array, name)), name=name.upper()) for name in PLANES]
    with whole_file(folder / f"detector_{hemisphere}_{band}.fits") as partial:
        fits.HDUList([fits.PrimaryHDU(header=fits.Header(array.numbers)), *images]).writeto(partial, overwrite=True)


class Truth:
    """Reads the truth of one simulated survey; SurveyError when it is not there."""

    def __init__(self, folder):
        self.folder = Path(folder)
        if not (self.folder / "simulation.json").is_file():
            raise SurveyError(f"{self.folder}: expected the truth of a simulation, found no simulation.json")

    @property
    def settings(self):
        """What the simulation was asked for, a dict."""
        return json.loads((self.folder / "simulation.json").read_text())["settings"]

    def stars(self, tile):
        """All stars on and around a tile or calibration field, as a pyarrow Table."""
        return pq.read_table(self.folder / tile / "stars.parquet")

    def galaxies(self, tile):
        """All galaxies there."""
        return pq.read_table(self.folder / tile / "galaxies.parquet")

    def extended(self, tile):
        """What a perfect camera would measure of the brighter of them."""
        return pq.read_table(self.folder / tile / "extended.parquet")

    def night(self, night):
        """What is constant in a night: see night.json."""
        return json.loads((self.folder / night / "night.json").read_text())

    def optics(self, night, band):
        """The Optics of a band."""
        return Optics(**self.night(night)["bands"][band]["optics"])

    def frames(self, night, kind, seq, band):
        """One row a frame."""
        return pq.read_table(self.folder / night / f"{kind}{seq:03d}_{band}.parquet")

    def rays(self, night, kind, seq, band):
        """One row a pixel hit by a cosmic ray."""
        return pq.read_table(self.folder / night / f"{kind}{seq:03d}_{band}_rays.parquet")

    def detector(self, hemisphere, band):
        """The planes of an array by name, a dict of (256, 256) arrays."""
        with fits.open(self.folder / f"detector_{hemisphere}_{band}.fits") as hdus:
            return {name: np.array(hdus[name.upper()].data) for name in PLANES}

    def numbers(self, hemisphere, band):
        """Gain, read noise and the like of an array, as the header of its files has them."""
        header = fits.getheader(self.folder / f"detector_{hemisphere}_{band}.fits")
        return {name: header[name] for name in ("TEXP1", "TEXP2", "GAIN", "RDNOISE", "SATURATE", "NONLIN")}

    def apparitions(self, night, kind, seq, band, stars):
        """Where each of ``stars`` (a Table of ``stars``) falls in each frame of a sequence.

        A pyarrow Table: id, frame (from 1), x, y (pixel, true centre), dn (all light, in 1.3 s), sigma, stretch_x,
        stretch_y (arcsec, its PSF core); a row for each star whose centre lies on the array (-0.5 to 255.5).
        """
        frames, geometry = self.frames(night, kind, seq, band), self.optics(night, band)
        columns = {name: stars[name].to_numpy() for name in ("id", "ra", "dec", band)}
        rows = [_apparitions(row, i + 1, geometry, columns, band) for i, row in enumerate(frames.to_pylist())]
        return pa.concat_tables(rows)


def _apparitions(row, number, geometry, stars, band):
    near = np.flatnonzero(np.abs(stars["dec"] - row["dec"]) < 0.12)
    x, y = geometry.pixel(*tangent(stars["ra"][near], stars["dec"][near], row["ra"], row["dec"]))
    on = (np.abs(x - 127.5) <= 128) & (np.abs(y - 127.5) <= 128) & np.isfinite(stars[band][near])
    x, y, near = x[on], y[on], near[on]
    sigma, ex, ey = local_psf(geometry, row, x, y)
    dn = row["unit"] * 10 ** (-0.4 * stars[band][near])
    frame = np.full(len(x), number, np.int32)
    return pa.table({"id": stars["id"][near], "frame": frame, "x": x, "y": y, "dn": dn, "sigma": sigma,
                     "stretch_x": ex, "stretch_y": ey})  # fmt: skip


def star_image(geometry, row, x, y, dn=1.0, shape=(256, 256)):
    """The expected image of one star at pixel x, y without its wide wings (3% of the light beyond 5 arcsec).

    ``geometry``: Optics; ``row``: mapping with sigma, stretch_x, stretch_y of the frame; DN a pixel of response 1.
    """
    light = np.zeros(shape)
    draw_stars(light, geometry, row, np.array([x]), np.array([y]), np.array([dn]))
    return light

"""The same images through other programs: source-extractor and photutils, both as their manuals have it.

    found = PROGRAMS["photutils"](field)         Found, or None where the program is not installed

Both look for sources in the mean of the bands weighed by their noise, and measure each band in the apertures found
there: source-extractor with MAG_AUTO and CLASS_STAR, photutils with Kron apertures and the half-light radius over that
of the stars.
"""

import os
import shutil
import subprocess
import tempfile
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from astropy.io import fits

from benchmarks.extended_fields import Found, within
from processing.detect.noise import passband_excess
from processing.formats.atlas_field import read_field

SEXTRACTOR = "source-extractor"
CONFIGURATION = Path("/usr/share/source-extractor")
"""Where Debian keeps the filter and the neural network of source-extractor."""

PARAMETERS = ("X_IMAGE", "Y_IMAGE", "MAG_AUTO", "CLASS_STAR", "FLAGS")
MESH = 128
"""Pixels of the side of the background's cells: half as large as the largest galaxies here ask for."""

DETECT, PIXELS = 1.5, 5
"""Sigma of a pixel and fewest pixels of a source: the defaults of source-extractor."""


def planes(field):
    """Images by band (NaN: not observed), their noise, zero points, and the mean of the bands weighed by noise."""
    images = read_field(field.paths).images
    data = {band: image.data for band, image in images.items()}
    noise = {band: _noise(one) for band, one in data.items()}
    level = {band: np.nanmedian(one) for band, one in data.items()}
    weight = sum(noise[band] ** -2 for band in data)
    mean = sum((one - level[band]) / noise[band] ** 2 for band, one in data.items()) / weight
    return data, noise, {band: image.magzp for band, image in images.items()}, mean


def _noise(data):
    """One sigma of a pixel below the median."""
    low, middle = np.nanpercentile(data, [15.87, 50])
    return middle - low


def source_extractor(field):
    """What source-extractor finds; None where it is not installed."""
    if shutil.which(SEXTRACTOR) is None:
        return None
    data, _, magzp, mean = planes(field)
    with tempfile.TemporaryDirectory() as folder:
        folder, begin = Path(folder), os.times()
        _write(folder, {"mean": mean, **data})
        tables = {band: _run(folder, band, magzp[band]) for band in data}
        end = os.times()
    seconds = end.children_user + end.children_system - begin.children_user - begin.children_system
    x, y, score = (tables["j"][name].astype(float) for name in ("X_IMAGE", "Y_IMAGE", "CLASS_STAR"))
    magnitudes = {f"{band}_ext": _known(table["MAG_AUTO"]) for band, table in tables.items()}
    found = Found(x - 1, y - 1, magnitudes, score, seconds)
    return found.select(within(found.x, found.y, mean.shape))


def _known(magnitude):
    return np.where(magnitude < 90, magnitude, np.nan).astype(float)


def _write(folder, images):
    fits.PrimaryHDU(np.isfinite(images["mean"]).astype(np.float32)).writeto(folder / "weight.fits")
    for name, image in images.items():
        filled = np.where(np.isfinite(image), image, np.nanmedian(image)).astype(np.float32)
        fits.PrimaryHDU(filled).writeto(folder / f"{name}.fits")
    (folder / "names.param").write_text("\n".join(PARAMETERS) + "\n")


def _run(folder, band, magzp):
    settings = {
        "CATALOG_NAME": folder / f"{band}.cat", "CATALOG_TYPE": "FITS_1.0", "PARAMETERS_NAME": folder / "names.param",
        "FILTER_NAME": CONFIGURATION / "default.conv", "STARNNW_NAME": CONFIGURATION / "default.nnw",
        "DETECT_THRESH": DETECT, "DETECT_MINAREA": PIXELS, "BACK_SIZE": MESH, "MAG_ZEROPOINT": magzp,
        "PIXEL_SCALE": 1.0, "SEEING_FWHM": 2.9, "SATUR_LEVEL": 2e4, "WEIGHT_TYPE": "MAP_WEIGHT",
        "WEIGHT_IMAGE": folder / "weight.fits", "VERBOSE_TYPE": "QUIET",
    }  # fmt: skip
    options = [str(word) for name, value in settings.items() for word in (f"-{name}", value)]
    pair = f"{folder / 'mean.fits'},{folder / f'{band}.fits'}"
    subprocess.run([SEXTRACTOR, pair, "-c", "/dev/null", *options], check=True, capture_output=True, cwd=folder)
    return fits.getdata(folder / f"{band}.cat")


def photutils(field):
    """What photutils finds; None where it is not installed."""
    if find_spec("photutils") is None:
        return None
    data, noise, magzp, mean = planes(field)
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        catalogs = _photutils(data, noise, mean)
        flux = {band: np.asarray(catalog.kron_flux) for band, catalog in catalogs.items()}
        radius = np.asarray(catalogs["j"].fluxfrac_radius(0.5))
        x, y = (np.asarray(value) for value in (catalogs["j"].xcentroid, catalogs["j"].ycentroid))
        magnitudes = {f"{band}_ext": magzp[band] - 2.5 * np.log10(one) for band, one in flux.items()}
    seconds = time.process_time() - begin
    stars = (magnitudes["j_ext"] < 15.0) & np.isfinite(radius)
    found = Found(x, y, magnitudes, -radius / np.percentile(radius[stars], 30), seconds)
    return found.select(within(x, y, mean.shape) & np.isfinite(radius))


def _photutils(data, noise, mean):
    """The SourceCatalog of each band, in the segments of the mean."""
    from astropy.convolution import convolve
    from photutils.background import Background2D, MedianBackground
    from photutils.segmentation import SourceCatalog, deblend_sources, detect_sources, make_2dgaussian_kernel

    unseen = ~np.isfinite(mean)
    clean = {}
    for name, image in {"mean": mean, **data}.items():
        filled = np.where(np.isfinite(image), image, 0.0)
        sky = Background2D(filled, MESH, mask=unseen, filter_size=3, bkg_estimator=MedianBackground())
        clean[name] = filled - sky.background
    smooth = convolve(clean["mean"], make_2dgaussian_kernel(2.5, size=5))
    segments = detect_sources(smooth, DETECT * _noise(clean["mean"][~unseen]), npixels=PIXELS, mask=unseen)
    segments = deblend_sources(smooth, segments, npixels=PIXELS, progress_bar=False)
    error = passband_excess()
    return {band: SourceCatalog(clean[band], segments, convolved_data=smooth, mask=unseen,
                                error=np.full(mean.shape, error * noise[band])) for band in data}  # fmt: skip


PROGRAMS = {"source-extractor": source_extractor, "photutils": photutils}

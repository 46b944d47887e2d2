"""Simulated Atlas Images of any list of stars and galaxies: the frames of a scan, their noise, and the coadd.

    images = simulate_atlas({"ra": [10.0], "dec": [20.0], "j": [12.0]}, centre=(10.0, 20.0), bands="j", seed=1)
    images["j"].data, images["j"].header, images["j"].stars
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from astropy.io import fits
from astropy.wcs import WCS
from scipy.ndimage import zoom

from processing import __version__
from processing.config import survey
from processing.errors import SurveyError
from processing.formats.atlas_header import Origin, atlas_header, wcs_cards
from processing.schema.bands import BANDS
from processing.simulate.camera import DITHER, Sources, expose, frames, read_out, smooth_plane
from processing.simulate.coadd import Coadd, kernel_variance
from processing.simulate.observation import observation
from processing.simulate.galaxy_parts import as_gaussians
from processing.simulate.psf import core_of_shape, point_spread, seeing_shape

SHAPE = (1024, 512)
LETTERS = tuple(band.letter for band in BANDS)


@dataclass(frozen=True)
class AtlasImage:
    """One band of a field.

    ``data``: float32 (rows, columns), DN a 1" pixel, sky included, NaN where no frame looked; ``header``: as real ones;
    ``stars``, ``galaxies``: pyarrow tables of what is in it: ``row`` (in the input), ra, dec (deg ICRS), mag, dn (all
    light), x, y (pixel, 0-based: data[round(y), round(x)]); ``coadd``: the number of the image in its scan.
    """

    data: np.ndarray
    header: fits.Header
    stars: pa.Table
    galaxies: pa.Table
    coadd: int


def simulate_atlas(stars=None, galaxies=None, centre=(0.0, 0.0), bands=LETTERS, seed=0, shape=SHAPE, *, seeing=None,
                   sky=None, noise=True, airglow=None, progress=None):  # fmt: skip
    """Atlas Images of a field, as a dict from band letter to AtlasImage.

    Parameters
    ----------
    stars : mapping of columns or None
        ra, dec (deg ICRS) and a magnitude for each band (j, h, k); anything with columns by name: dict, pyarrow,
        astropy, numpy. A NaN magnitude is a star that this band does not see. None: empty sky.
    galaxies : mapping of columns or None
        The same, and reff (effective radius along the major axis, arcsec), sersic (index, 0.5-6), axis_ratio,
        angle (deg, north through east); and those of galaxy_parts.PARTS for galaxies of bulge and disc.
    centre : (ra, dec), deg
    seed : int
        The same seed gives the same images. Bands have independent noise.
    seeing : float, arcsec
        FWHM in the sense of the survey (SEESH = (FWHM + 0.46) / 3.13), 2.4-4. None: etc/survey.yaml.
    sky : mapping from band letter to DN a 1" pixel; None: etc/survey.yaml
    noise : bool
        False gives the expected image without photon and read noise and without saturation.
    airglow : mapping from band letter to DN, the rms of structure in the sky over arcminutes; None: etc/survey.yaml
    progress : callable, called with the number of frames done and all

    Raises SurveyError for unknown bands, missing columns or columns of different length.
    """
    bands = _known(bands)
    twist = float(np.random.default_rng([seed, 2]).uniform(-0.01, 0.01))
    cards = wcs_cards(centre, shape, twist)
    sky_to_pixel = WCS(fits.Header(cards))
    seeing = survey().simulate.seeing if seeing is None else seeing
    tables = _placed(stars, sky_to_pixel, "stars"), _placed(galaxies, sky_to_pixel, "galaxies")
    images = {}
    for band in bands:
        job = _Job(band, shape, seed, seeing, _setting(sky, "sky", band), _setting(airglow, "airglow", band), noise)
        images[band] = _image(job, *tables, centre, cards, progress)
    return images


@dataclass(frozen=True)
class _Job:
    """What to make: one band."""

    band: str
    shape: tuple
    seed: int
    seeing: float
    sky: float
    airglow: float
    noise: bool

    @property
    def magzp(self):
        return survey().simulate.magzp[LETTERS.index(self.band)]

    @property
    def shape_parameter(self):
        return seeing_shape(self.seeing)


def _setting(given, name, band):
    if given is not None and band in given:
        return given[band]
    return getattr(survey().simulate, name)[LETTERS.index(band)]


def _known(bands):
    unknown = sorted(set(bands) - set(LETTERS))
    if unknown or not bands:
        raise SurveyError(f"bands: expected some of {', '.join(LETTERS)}, found {', '.join(unknown) or 'none'}")
    return [letter for letter in LETTERS if letter in bands]


def _placed(table, wcs, what):
    """The columns as arrays, with x, y added; an empty dict of columns for None."""
    if table is None:
        return {}
    names = getattr(table, "column_names", None) or getattr(table, "colnames", None)
    names = list(names or getattr(getattr(table, "dtype", None), "names", None) or table)
    columns = {name: np.atleast_1d(np.asarray(table[name])) for name in names}
    if not {"ra", "dec"} <= set(columns) or len({len(c) for c in columns.values()}) != 1:
        raise SurveyError(f"{what}: expected columns of one length with ra and dec, found {', '.join(columns)}")
    x, y = wcs.wcs_world2pix(columns["ra"].astype(float), columns["dec"].astype(float), 0)
    return {**columns, "x": x, "y": y}


def _image(job, stars, galaxies, centre, cards, progress):
    settings = survey().simulate
    star_truth, galaxy_truth = _truth(stars, job), _truth(galaxies, job)
    core = core_of_shape(job.shape_parameter, kernel_variance(settings.frame_pixel, settings.kernel_box))
    sources = Sources(*(star_truth[c].to_numpy() for c in ("x", "y", "dn")), _gaussians(galaxies, galaxy_truth))
    data = _coadd(job, sources, point_spread(core), progress)
    obs = observation(*centre, job.seed, settings.frame_step)
    header = atlas_header(data, job.band, obs, cards, _origin(job.seed), magzp=job.magzp,
                          shape_parameter=job.shape_parameter, dither=DITHER[job.band])  # fmt: skip
    return AtlasImage(data, header, star_truth, galaxy_truth, obs.coadd)


def _origin(seed):
    return Origin("twomass simulate", "2MASS Survey Camera (simulated)", "Zero point of the simulation",
                  f"Simulated by twomass {__version__}, seed {seed}: no telescope took this image")  # fmt: skip


def _coadd(job, sources, psf, progress):
    settings, instrument = survey().simulate, survey().instrument
    rng = np.random.default_rng([job.seed, 3, LETTERS.index(job.band)])
    plane = smooth_plane(job.shape, sources, psf)
    glow = _airglow(job, rng)
    coadd = Coadd(job.shape, settings.frame_pixel, settings.kernel_box)
    exposures = frames(job.shape, job.band, rng.uniform(), settings.frame_pixel, settings.frame_step)
    for done, frame in enumerate(exposures, 1):
        light = expose(frame, sources, psf, plane, settings.frame_pixel)
        sky = np.full(frame.shape, job.sky * settings.frame_pixel**2)
        value = light + sky
        if job.noise:
            value = read_out(light, sky, rng, instrument.gain, settings.read_noise, settings.full_well)
        coadd.add(value, frame.affine)
        if progress:
            progress(done, len(exposures))
    return (coadd.image() / settings.frame_pixel**2 + glow).astype(np.float32)


def _airglow(job, rng, scale=150):
    """Structure of the sky over ``scale`` arcsec: a smooth random surface of the given rms, DN."""
    rough = rng.standard_normal([n // scale + 4 for n in job.shape])
    smooth = zoom(rough, scale, order=3)[scale : scale + job.shape[0], scale : scale + job.shape[1]]
    return job.airglow * (smooth - smooth.mean()) / smooth.std()


def _truth(table, job):
    """Sources that this band sees."""
    if not table:
        names = ("row", "ra", "dec", "mag", "dn", "x", "y")
        return pa.table({name: pa.array([], pa.int64() if name == "row" else pa.float64()) for name in names})
    if job.band not in table:
        raise SurveyError(f"no column {job.band!r} with magnitudes; found {', '.join(table)}")
    mag = table[job.band].astype(float)
    seen = np.flatnonzero(np.isfinite(mag))
    dn = 10 ** (0.4 * (job.magzp - mag))
    columns = {"ra": table["ra"], "dec": table["dec"], "mag": mag, "dn": dn, "x": table["x"], "y": table["y"]}
    return pa.table({"row": seen, **{name: values[seen].astype(float) for name, values in columns.items()}})


def _gaussians(galaxies, truth):
    """The galaxies as elliptical Gaussians on the grid: (n, 6) x, y, DN and covariances in arcsec2; x is west."""
    seen = {name: np.asarray(values)[truth["row"].to_numpy()] for name, values in galaxies.items()}
    parts, begins = as_gaussians(seen)
    owner = np.repeat(np.arange(len(truth)), np.diff(begins))
    x, y, dn = (truth[name].to_numpy()[owner] for name in ("x", "y", "dn"))
    return np.column_stack([x, y, dn * parts[:, 0], parts[:, 1:]])

"""One training scene: the images of its sky, what the flow finds in them, and what that is in truth."""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS

from processing.config import survey
from processing.extended.clean import clean
from processing.extended.detection import candidates
from processing.extended.features import BAND, GEOMETRY, LETTERS, band_numbers, geometry, numbers
from processing.extended.field import BandField, Field, PointSources
from processing.extended.psf import ImagePSF
from processing.extended.ridge import ridge
from processing.extended.stamps import stamps
from processing.extended.training.sky import scene_sky
from processing.extended.training.truth import Truth
from processing.photometry.measure import measure
from processing.schema import BANDS
from processing.simulate.atlas import simulate_atlas
from processing.simulate.starlight import add_spikes


@dataclass(frozen=True, eq=False)
class Sample:
    """The candidates of a scene (n) and the galaxies in it (m).

    ``bands`` (n, 3, len(BAND)), ``geometry`` (n, len(GEOMETRY)), ``magnitudes`` (n, 3), ``density`` (n,): what the
    classifier is told; ``label`` (n,): 1 for galaxies; ``part`` (n,): bool, no galaxy itself, but light of one is in
    it; ``weight`` (n,): how many of its like the sky has for one here; ``place`` (n, 2): x, y, pixel;
    ``latitude``: of the scene, deg, absolute; ``galaxy`` (n,): row of the galaxy that it is, -1 for none; ``true``
    (m, 3): total magnitudes of the galaxies on the image; ``ridges`` (3, 3, COMPARED): of the bands, offset, floor and
    slope.
    """

    bands: np.ndarray
    geometry: np.ndarray
    magnitudes: np.ndarray
    density: np.ndarray
    label: np.ndarray
    part: np.ndarray
    place: np.ndarray
    weight: np.ndarray
    latitude: float
    galaxy: np.ndarray
    true: np.ndarray
    ridges: np.ndarray


def sample(site, usual):
    """The Sample of a Site; ``usual``: letter -> Ridge expected (see ridge)."""
    stars, galaxies = scene_sky(site)
    images = scene_images(site, stars, galaxies)
    cleaned = clean(field_of(images))
    ridges = {letter: ridge(one.band, one.left, usual[letter]) for letter, one in cleaned.bands.items()}
    found = candidates(cleaned)
    seen = [numbers(stamp, ridges) for stamp in stamps(cleaned, found)]
    truth = Truth(site, images, stars, galaxies)
    place = np.array([(one.x, one.y) for one in found]).reshape(-1, 2)
    galaxy = truth.galaxy_at(place)
    host = truth.host_of(place, galaxy)
    return Sample(
        np.array([[band_numbers(one, band) for band in LETTERS] for one in seen]).reshape(-1, 3, len(BAND)),
        np.array([geometry(one) for one in seen]).reshape(-1, len(GEOMETRY)),
        np.array([[one.magnitudes.get(band, np.nan) for band in LETTERS] for one in seen]).reshape(-1, 3),
        np.array([one.density for one in seen]), (galaxy >= 0).astype(float), (host >= 0) & (galaxy < 0),
        place, truth.weights(place, host),
        abs(site.latitude), galaxy, truth.magnitudes,
        np.array([[ridges[band].offset, ridges[band].floor, ridges[band].slope] for band in LETTERS]),
    )  # fmt: skip


def scene_images(site, stars, galaxies):
    """Atlas Images (letter -> simulate.atlas.AtlasImage) of a Site, with diffraction spikes."""
    settings = survey().simulate
    glow = {letter: site.airglow * settings.airglow[k] for k, letter in enumerate(LETTERS)}
    images = simulate_atlas(stars, galaxies, (site.ra, site.dec), LETTERS, site.seed, site.shape, seeing=site.seeing,
                            airglow=glow)  # fmt: skip
    night = survey().simulated_night
    for image in images.values():
        x, y, flux = (image.stars[name].to_numpy() for name in ("x", "y", "dn"))
        bright = flux > 1e4
        add_spikes(image.data, x[bright], y[bright], flux[bright], night.spike_share, night.spike_turn,
                   night.spike_width)  # fmt: skip
    return images


def field_of(images):
    """The extended.field.Field of simulated images: their stars found and measured."""
    bands = {}
    for band in BANDS:
        image = images[band.letter]
        found = measure(image.data, band.letter)
        row = np.full(len(found), -1)
        stars = PointSources(found.x, found.y, found.flux, found.flux_err, found.chi2, found.method, row)
        noise = np.full(image.data.shape, found.noise, np.float32)
        bands[band.letter] = BandField(band.letter, image.data, noise, ImagePSF(found.psf), image.header["MAGZP"],
                                       band.zero_point_error, stars)  # fmt: skip
    return Field(bands, WCS(images["j"].header), "training scene")

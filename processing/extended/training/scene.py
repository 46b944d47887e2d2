"""One training scene: the images of its sky, what the flow finds in them, and what that is in truth."""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from scipy.spatial import cKDTree

from processing.config import survey
from processing.extended.clean import clean
from processing.extended.detection import candidates
from processing.extended.features import COLOURS, GEOMETRY, LETTERS, BAND, band_numbers, geometry, numbers
from processing.extended.field import BandField, Field, PointSources
from processing.extended.psf import ImagePSF
from processing.extended.ridge import ridge
from processing.extended.stamps import stamps
from processing.extended.training.sky import BRIGHT, GROUP, LINK, scene_sky
from processing.photometry.measure import measure
from processing.schema import BANDS
from processing.simulate.atlas import simulate_atlas
from processing.simulate.starlight import add_spikes

SAME = 4.0
"""Arcsec between a candidate and the galaxy that it is."""


@dataclass(frozen=True, eq=False)
class Sample:
    """The candidates of a scene (n) and the galaxies in it (m).

    ``bands`` (n, 3, len(BAND)), ``geometry`` (n, len(GEOMETRY)), ``magnitudes`` (n, 3), ``density`` (n,): what the
    classifier is told; ``label`` (n,): 1 for galaxies; ``weight`` (n,): how many of its like the sky has for one here;
    ``latitude``: of the scene, deg, absolute; ``galaxy`` (n,): row of the galaxy that it is, -1 for none; ``true``
    (m, 3): total magnitudes of the galaxies on the image; ``ridges`` (3, 3, COMPARED): of the bands, offset, floor and
    slope.
    """

    bands: np.ndarray
    geometry: np.ndarray
    magnitudes: np.ndarray
    density: np.ndarray
    label: np.ndarray
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
    return Sample(
        np.array([[band_numbers(one, band) for band in LETTERS] for one in seen]).reshape(-1, 3, len(BAND)),
        np.array([geometry(one) for one in seen]).reshape(-1, len(GEOMETRY)),
        np.array([[one.magnitudes.get(band, np.nan) for band in LETTERS] for one in seen]).reshape(-1, 3),
        np.array([one.density for one in seen]), (galaxy >= 0).astype(float), truth.weights(place, galaxy),
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


class Truth:
    """What is in the images of a Site."""

    def __init__(self, site, images, stars, galaxies):
        self.site = site
        wcs = WCS(images["j"].header)
        self.stars, self.galaxies = (np.column_stack(wcs.wcs_world2pix(table["ra"], table["dec"], 0))
                                     for table in (stars, galaxies))  # fmt: skip
        noise = survey().simulate.sky  # the noise of the sky, and so the weight of a band, goes as its root
        self.starlight, self.galaxylight = (
            sum(10 ** (0.4 * (images[band].header["MAGZP"] - np.nan_to_num(table[band], nan=99.0))) / np.sqrt(noise[k])
                for k, band in enumerate(LETTERS)) for table in (stars, galaxies))  # fmt: skip
        self.ks, self.galaxy_ks = np.asarray(stars["k"]), np.asarray(galaxies["k"])
        self.magnitudes = np.column_stack([galaxies[band] for band in LETTERS])
        inside = ((self.galaxies > 15) & (self.galaxies < np.array(site.shape[::-1]) - 15)).all(axis=1)
        self.magnitudes[~inside] = np.nan

    def galaxy_at(self, place):
        """Row of the galaxy at each place (n, 2), brighter than all stars there together; -1 for none."""
        found = np.full(len(place), -1)
        near = cKDTree(self.galaxies).query_ball_point(place, SAME)
        starlight = self._starlight(place, SAME)
        for k, rows in enumerate(near):
            if rows:
                best = rows[int(np.argmax(self.galaxylight[rows]))]
                found[k] = best if self.galaxylight[best] > starlight[k] else -1
        return found

    def _starlight(self, place, radius):
        near = cKDTree(self.stars).query_ball_point(place, radius)
        return np.array([self.starlight[rows].sum() for rows in near])

    def weights(self, place, galaxy):
        """Weights of candidates: galaxies and groups of stars are there more often than in the sky."""
        near = cKDTree(self.stars).query_ball_point(place, LINK)
        group = [len(rows) > 1 and GROUP[0] < self.ks[rows].min() < GROUP[1] for rows in near]
        several = np.where(group, 1 / (1 + self.site.groups), 1.0)
        more = self.site.galaxies + self.site.bright * (self.galaxy_ks[galaxy] < BRIGHT)
        return np.where(galaxy >= 0, 1 / (1 + more), several)

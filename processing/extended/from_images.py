"""The Field of Atlas Images and of what their photometry found."""

import numpy as np

from processing.bandmerge.catalog import catalog_rows
from processing.bandmerge.field_plane import FieldPlane
from processing.extended.field import BandField, Field, PointSources
from processing.extended.psf import ImagePSF
from processing.schema import BANDS


def field_of_images(images, extraction):
    """The Field of Atlas Images.

    ``images``: formats.atlas_field.Field; ``extraction``: the Extraction of processing.extract that was made of it.
    """
    plane, merged = FieldPlane(images), extraction.merged.merged
    bands = {letter: band_of_image(images.images[letter], found, catalog_rows(plane, merged, column))
             for column, (letter, found) in enumerate(extraction.sources.items())}  # fmt: skip
    return Field(bands, images.first.wcs, images.name)


def band_of_image(image, sources, row=None):
    """The BandField of an AtlasImage and its BandSources; ``row``: of each in the point source table."""
    error = {band.letter: band.zero_point_error for band in BANDS}[image.band]
    data = image.data.astype(np.float32)
    row = np.full(len(sources), -1) if row is None else row
    stars = PointSources(*(getattr(sources, name) for name in ("x", "y", "flux", "flux_err", "chi2", "method")), row)
    noise = np.full(data.shape, sources.noise, np.float32)
    return BandField(image.band, data, noise, ImagePSF(sources.psf), image.magzp, error, stars)


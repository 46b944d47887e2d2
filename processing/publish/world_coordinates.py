"""The world coordinates in the headers of a release's images, in a table of the store: what SIA 1 tells of them.

The release's own table lists the corners; how the pixels between them lie on the sky only the headers say.
"""

import numpy as np

from processing.errors import SurveyError

COLUMNS = {
    "file": "text PRIMARY KEY", "projection": "text", "equinox": "double precision", "crpix": "double precision[]",
    "crval": "double precision[]", "cdmatrix": "double precision[]",
}
"""Of the table ``wcs``. crval in degrees; cdmatrix in degrees per pixel: CD1_1, CD1_2, CD2_1, CD2_2."""


def add_world_coordinates(connection, store, release):
    """Make and fill the table ``wcs`` of a store."""
    fields = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"CREATE TABLE {store}.wcs ({fields})")
    with connection.cursor() as cursor, cursor.copy(f"COPY {store}.wcs FROM STDIN") as copy:
        for path in release.image_files():
            copy.write_row((path.relative_to(release.path).as_posix(), *world_coordinates(path)))


def world_coordinates(path):
    """Projection (such as SIN), equinox, reference pixel, its place and the CD matrix from the header of an image.

    SurveyError when the header has no celestial coordinates.
    """
    from astropy.io import fits
    from astropy.wcs import WCS

    header = fits.getheader(path)
    wcs = WCS(header)
    if not wcs.has_celestial:
        raise SurveyError(f"{path}: the header has no celestial coordinates (CTYPE1 is {header.get('CTYPE1')!r})")
    matrix = np.asarray(wcs.pixel_scale_matrix).ravel().tolist()
    return (wcs.wcs.ctype[0][-3:], header.get("EQUINOX"), wcs.wcs.crpix.tolist(), wcs.wcs.crval.tolist(), matrix)

"""The catalog in other formats, on request, one file for each partition: the survey's bulk format and FITS."""

from processing.formats.bulk_ascii import write_bulk_ascii
from processing.formats.checksum import fingerprint
from processing.formats.fits_table import write_fits_table
from processing.schema import load_table

WRITERS = {"ascii": ("gz", write_bulk_ascii), "fits": ("fits", write_fits_table)}
"""Products by name, which is also that of their folder in the release: ending of the files, and who writes them."""


def write_products(folder, order, pixel, data, kinds, name="psc"):
    """Write the sources ``data`` (pyarrow) of one HEALPix pixel in other formats into the release ``folder``.

    ``kinds``: of ``WRITERS``; ``name``: of the catalog. Returns the files' fingerprints by their name in the release.
    """
    table, marks = load_table(name), {}
    for kind in kinds:
        ending, write = WRITERS[kind]
        file = f"{kind}/{name}_{order}_{pixel}.{ending}"
        write(folder / file, data, table)
        marks[file] = fingerprint(folder / file)
    return marks

"""The catalog in other formats, on request, one file for each partition: the survey's bulk format and FITS."""

from processing.formats.bulk_ascii import write_bulk_ascii
from processing.formats.checksum import fingerprint
from processing.formats.fits_table import write_fits_table
from processing.schema import load_table

WRITERS = {"ascii": ("gz", write_bulk_ascii), "fits": ("fits", write_fits_table)}
"""Products by name, which is also that of their folder in the release: ending of the files, and who writes them."""


def write_products(folder, order, pixel, data, kinds):
    """Write the point sources ``data`` (pyarrow) of one HEALPix pixel in other formats into the release ``folder``.

    ``kinds``: of ``WRITERS``. Returns the files' fingerprints by their name in the release.
    """
    table, marks = load_table("psc"), {}
    for kind in kinds:
        ending, write = WRITERS[kind]
        name = f"{kind}/psc_{order}_{pixel}.{ending}"
        write(folder / name, data, table)
        marks[name] = fingerprint(folder / name)
    return marks

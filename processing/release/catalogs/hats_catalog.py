"""Sources, points or extended ones, as a HATS catalog: VOParquet files cut along HEALPix pixels, sorted by position.

Layout and metadata: IVOA Note HATS. The files are written cell by cell, by any number of processes; the metadata in the
end.
"""

import numpy as np
from hats.catalog import PartitionInfo
from hats.catalog.dataset.table_properties import TableProperties
from hats.io import paths
from hats.io.file_io import write_parquet_metadata as write_footer
from hats.io.parquet_metadata import write_parquet_metadata
from hats.io.skymap import write_skymap
from hats.pixel_math.healpix_pixel import HealpixPixel
from hats.pixel_math.partition_stats import empty_histogram
from hats.pixel_math.spatial_index import SPATIAL_INDEX_ORDER

from processing import __version__
from processing.config import survey
from processing.formats.checksum import fingerprint
from processing.formats.parquet import INDEX, catalog_schema, write_parquet
from processing.schema import load_table


def partition_rows(name):
    """Most rows of a file of the catalog ``name``: as many values as release.partition_rows rows of the points have."""
    return survey().release.partition_rows * len(load_table("psc").columns) // len(load_table(name).columns)


def write_partition(folder, cells, number, data, index):
    """Write the sources of one cell into the catalog ``folder``; the file's fingerprint by its name in the release.

    ``data``: pyarrow Table, sorted by ``index``, the numbers of order 29.
    """
    file = paths.new_pixel_catalog_file(folder, HealpixPixel(int(cells.order[number]), int(cells.pixel[number])))
    write_parquet(str(file), data, load_table(folder.name), index=index)
    return {str(file.relative_to(folder.parent)): fingerprint(file)}


def write_metadata(folder, cells, kept, histogram, created):
    """Write what a HATS catalog says of itself.

    ``cells``, and ``kept``, the rows in each; ``histogram``: pixels of release.partition_order -> rows, as two arrays;
    ``created``: time (ISO) that the properties give. A catalog of no rows has no partition.
    """
    (folder / "dataset").mkdir(parents=True, exist_ok=True)
    some, table = kept > 0, load_table(folder.name)
    pixels = sorted(HealpixPixel(order, pixel) for order, pixel in
                    zip(cells.order[some].tolist(), cells.pixel[some].tolist()))  # fmt: skip
    PartitionInfo.from_healpix(pixels).write_to_file(catalog_path=folder)
    if pixels:
        write_parquet_metadata(folder)
    else:
        write_footer(catalog_schema(table), paths.get_common_metadata_pointer(folder))
    sky = empty_histogram(survey().release.partition_order)
    sky[histogram[0]] = histogram[1]
    write_skymap(sky, folder)
    _properties(folder.name, table, sky, int(kept.sum()), created).to_properties_file(folder)


def _properties(name, table, histogram, rows, created):
    return TableProperties(
        catalog_name=name, catalog_type="object", total_rows=rows, ra_column="ra", dec_column="dec",
        healpix_column=INDEX.name, healpix_order=SPATIAL_INDEX_ORDER, npix_suffix=".parquet",
        skymap_order=survey().release.partition_order, moc_sky_fraction=float(np.mean(histogram > 0)),
        hats_max_rows=partition_rows(name), hats_version="v1.0", hats_builder=f"twomass {__version__}",
        hats_creation_date=created[:16] + "Z", obs_regime="Infrared", obs_title=table.description,
    )

"""The point sources as a HATS catalog: VOParquet files cut along HEALPix pixels, sorted by position.

Layout and metadata: IVOA Note HATS. The partition is the coarsest with at most the set number of rows in a file.
"""

import numpy as np
from hats.catalog import PartitionInfo
from hats.catalog.dataset.table_properties import TableProperties
from hats.io import paths
from hats.io.file_io import write_parquet_metadata as write_footer
from hats.io.parquet_metadata import write_parquet_metadata
from hats.io.skymap import write_skymap
from hats.pixel_math.healpix_pixel import HealpixPixel
from hats.pixel_math.partition_stats import empty_histogram, generate_alignment
from hats.pixel_math.spatial_index import SPATIAL_INDEX_ORDER, compute_spatial_index, spatial_index_to_healpix

from processing import __version__
from processing.config import survey
from processing.errors import SurveyError
from processing.formats.parquet import INDEX, catalog_schema, write_parquet


def spatial_index(ra, dec):
    """HEALPix number (nested, order 29), int64, of positions in degrees: the order of a catalog's rows."""
    return np.asarray(compute_spatial_index(np.asarray(ra, float), np.asarray(dec, float)), np.int64)


def write_catalog(folder, data, table, created):
    """Write ``data`` (pyarrow, sorted by ``spatial_index``) as the HATS catalog ``folder``.

    ``table`` describes the columns, ``created`` is the time (ISO) that the properties give. A catalog of no rows has no
    partition, only its metadata.
    """
    index = spatial_index(data["ra"].to_numpy(), data["dec"].to_numpy())
    histogram = _histogram(index)
    pixels = _partitions(histogram)
    for pixel in pixels:
        _write_partition(folder, pixel, data, index, table)
    _write_metadata(folder, pixels, table, data.num_rows)
    write_skymap(histogram, folder)
    _properties(folder.name, table, histogram, len(data), created).to_properties_file(folder)


def _histogram(index):
    order = survey().release.partition_order
    histogram = empty_histogram(order)
    numbers, counts = np.unique(spatial_index_to_healpix(index, target_order=order), return_counts=True)
    histogram[numbers] = counts
    return histogram


def _partitions(histogram):
    """The HEALPix pixels that become files, sorted; SurveyError when one of the finest would hold too many rows."""
    numbers = survey().release
    if histogram.max() > numbers.partition_rows:
        raise SurveyError(f"{histogram.max()} sources lie in one HEALPix pixel of order {numbers.partition_order}, "
                          f"{numbers.partition_rows} may: release.partition_order must be larger")
    alignment = generate_alignment(histogram, highest_order=numbers.partition_order, threshold=numbers.partition_rows)
    return sorted({HealpixPixel(int(entry[0]), int(entry[1])) for entry in alignment if entry is not None})


def _write_partition(folder, pixel, data, index, table):
    rows = np.flatnonzero(spatial_index_to_healpix(index, target_order=pixel.order) == pixel.pixel)
    first, last = rows[0], rows[-1] + 1
    file = paths.new_pixel_catalog_file(folder, pixel)
    write_parquet(str(file), data.slice(first, last - first), table, index=index[first:last])


def _write_metadata(folder, pixels, table, rows):
    (folder / "dataset").mkdir(parents=True, exist_ok=True)
    PartitionInfo.from_healpix(pixels).write_to_file(catalog_path=folder)
    if rows:
        write_parquet_metadata(folder)
    else:
        write_footer(catalog_schema(table), paths.get_common_metadata_pointer(folder))


def _properties(name, table, histogram, rows, created):
    return TableProperties(
        catalog_name=name, catalog_type="object", total_rows=rows, ra_column="ra", dec_column="dec",
        healpix_column=INDEX.name, healpix_order=SPATIAL_INDEX_ORDER, npix_suffix=".parquet",
        skymap_order=survey().release.partition_order, moc_sky_fraction=float(np.mean(histogram > 0)),
        hats_max_rows=survey().release.partition_rows, hats_version="v1.0", hats_builder=f"twomass {__version__}",
        hats_creation_date=created[:16] + "Z", obs_regime="Infrared", obs_title=table.description,
    )

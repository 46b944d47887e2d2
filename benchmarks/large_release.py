"""A release of any number of point sources, as real as a made-up one can be: what the benchmarks of services publish.

The rows are the 683 real ones over and over, with places, names, keys and times of their own and magnitudes shifted a
little, so that neither an index nor a compressor meets the same value too often. The sky has a galactic plane, some
dense clusters and a sparse rest. No images, no extended sources.

    python -m benchmarks.large_release 10000000 work/benchmark/answers/10m
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processing.formats.parquet import write_parquet
from processing.formats.tables import empty_table, make_table
from processing.formats.tests.real_rows import DATA, real_points
from processing.formats.whole import whole_folder
from processing.release.catalogs.hats_catalog import partition_rows, write_metadata, write_partition
from processing.release.manifest import MANIFEST, read_release, write_manifest
from processing.release.sky.cells import histogram, partition, spatial_index
from processing.release.sky.keys import unique_names, with_column
from processing.schema import BANDS, load_table
from processing.sphere import galactic
from vo_tests.made_up import made_up_points

PLANE, CLUSTERED = 0.6, 0.1
"""Shares of the sources in the galactic plane and in clusters; the others are anywhere on the sky."""

CLUSTERS = ((80.9, -69.8, 2.5), (13.2, -72.8, 1.0), (6.02, -72.08, 0.2), (201.7, -47.48, 0.25), (10.68, 41.27, 0.8),
            (56.75, 24.12, 0.8))
"""ra, dec and size (deg) of the Magellanic Clouds, 47 Tuc, omega Cen, M31 and the Pleiades."""

ORDER = 8
"""HEALPix order of the finest files and of the coverage: 14 arcmin."""

STRIP, TILE = 8.5 / 60, 6.0
"""deg, sides of a scan in right ascension (on the sky) and declination."""

COADDS = 23
"""Images of a scan."""


def make_large_release(path, rows, seed=1):
    """Write the release folder ``path`` unless it is there; the Release."""
    path = Path(path).resolve()
    if not path.exists():
        with whole_folder(path, MANIFEST) as folder:
            _fill(folder, path.name, rows, np.random.default_rng(seed))
    return read_release(path)


def _fill(folder, name, rows, rng):
    ra, dec = places(rows, rng)
    index = spatial_index(ra, dec)
    order = np.argsort(index)
    ra, dec, index = ra[order], dec[order], index[order]
    scan, coadd = scans_of(ra, dec)
    key = np.empty(rows, np.int32)
    key[np.lexsort((dec, scan))] = np.arange(1, rows + 1)
    pixels, counts = histogram(index, ORDER)
    cells = partition(pixels, counts, ORDER, partition_rows("psc"))
    bounds = np.searchsorted(index, np.append(cells.begin, cells.end[-1:]))
    parts = [slice(*pair) for pair in zip(bounds[:-1], bounds[1:])]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_write_cell, folder, cells, number, index[own], ra[own], dec[own], scan[own], coadd[own],
                            key[own]) for number, own in enumerate(parts)]  # fmt: skip
        files = {file: mark for job in jobs for file, mark in job.result().items()}
    created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    write_metadata(folder / "psc", cells, np.diff(bounds), (pixels, counts), created)
    _write_coverage(folder, pixels)
    scans = _scans(scan, ra, dec)
    write_parquet(folder / "scans.parquet", scans, load_table("scans"))
    write_parquet(folder / "atlas.parquet", empty_table(load_table("atlas")), load_table("atlas"))
    write_manifest(folder, {"name": name, "version": "benchmark", "created": created, "settings": {}, "inputs": [],
                            "rows": {"psc": rows, "scans": len(scans), "atlas": 0}, "rows_by_step": [],
                            "rules_skipped": [], "supersedes": None, "files": files})


def places(rows, rng):
    """Right ascension and declination (deg, to the catalog's 1e-6) of so many sources, in no order."""
    plane, clustered = int(rows * PLANE), int(rows * CLUSTERED)
    anywhere = rows - plane - clustered
    parts = [_in_the_plane(plane, rng), _in_clusters(clustered, rng),
             (rng.uniform(0, 360, anywhere), np.degrees(np.arcsin(rng.uniform(-1, 1, anywhere))))]
    ra, dec = (np.concatenate(each) for each in zip(*parts))
    return np.round(ra % 360, 6) % 360, np.round(np.clip(dec, -90, 90), 6)


def _in_the_plane(rows, rng):
    from astropy.coordinates import SkyCoord

    towards_the_centre = rng.random(rows) < 0.5
    longitude = np.where(towards_the_centre, rng.laplace(0, 40, rows), rng.uniform(0, 360, rows))
    latitude = (rng.laplace(0, 8, rows) + 90) % 180 - 90
    place = SkyCoord(l=longitude % 360, b=latitude, unit="deg", frame="galactic").icrs
    return place.ra.deg, place.dec.deg


def _in_clusters(rows, rng):
    ra, dec, size = np.array(CLUSTERS)[rng.integers(0, len(CLUSTERS), rows)].T
    dec = dec + size * rng.standard_normal(rows)
    return ra + size * rng.standard_normal(rows) / np.cos(np.radians(dec)), dec


def scans_of(ra, dec):
    """Keys of the scan and of its image in which a source is: the sky cut into strips that run north."""
    band = np.floor((dec + 90) / TILE).astype(np.int32)
    middle = np.radians(band * TILE - 90 + TILE / 2)
    strip = np.floor(ra * np.cos(middle) / STRIP).astype(np.int32)
    scan = band * 3000 + strip + 1
    return scan, scan * COADDS + ((dec + 90) % TILE / TILE * COADDS).astype(np.int32)


def _write_cell(folder, cells, number, index, ra, dec, scan, coadd, key):
    rng = np.random.default_rng(int(key[0]))
    points = real_points() if DATA.is_dir() else made_up_points()
    data = points.take(rng.integers(0, len(points), len(ra))).combine_chunks()
    glon, glat = galactic(ra, dec)
    own = {"ra": ra, "dec": dec, "scan_key": scan, "coadd_key": coadd, "pts_key": key,
           "scan": (scan % 400).astype("i2"), "glon": np.round(glon, 3) % 360, "glat": np.round(glat, 3),
           "jdate": 2450600.5 + scan % 1300 + 0.0001 * key % 1,
           "designation": unique_names(names(ra, dec), key)}  # fmt: skip
    for band in BANDS:
        shift = pa.array(rng.uniform(-0.5, 0.5, len(ra)), pa.float32())
        own[f"{band.letter}_m"] = pc.round(pc.add(data[f"{band.letter}_m"], shift), 3)
    for column, values in own.items():
        data = with_column(data, column, values)
    return write_partition(folder / "psc", cells, number, data, index)


def names(ra, dec):
    """Designations (pyarrow) without letters, hhmmssss+ddmmsss: coordinates truncated, as processing.bandmerge.names
    has them one at a time."""
    hundredths = np.rint(ra * 1e6).astype(np.int64) % 360_000_000 * 24 // 1000
    tenths = np.rint(np.abs(dec) * 1e6).astype(np.int64) * 36 // 1000
    hours, degrees = _sexagesimal(hundredths, 6000), _sexagesimal(tenths, 600)
    text = np.empty((len(ra), 16), np.uint8)
    text[:, :8], text[:, 8] = _digits(hours, 8), np.where(dec < 0, ord("-"), ord("+"))
    text[:, 9:] = _digits(degrees, 7)
    offsets = np.arange(0, 16 * len(ra) + 1, 16, dtype=np.int32)
    return pa.StringArray.from_buffers(len(ra), pa.py_buffer(offsets), pa.py_buffer(text.tobytes()))


def _sexagesimal(value, per_minute):
    """The number whose decimal digits are whole units, two digits of sixtieths, and the rest."""
    minutes, rest = np.divmod(value, per_minute)
    scale = 10_000 if per_minute == 6000 else 1000
    return (minutes // 60 * 100 + minutes % 60) * scale + rest


def _digits(value, count):
    return (value[:, None] // 10 ** np.arange(count - 1, -1, -1) % 10 + ord("0")).astype(np.uint8)


def _scans(key, ra, dec):
    """A row for each scan: where its first source is, how many it has, and nothing of what nobody measured."""
    numbers, first, counts = np.unique(key, return_index=True, return_counts=True)
    table = load_table("scans")
    ra, dec = ra[first], dec[first]
    glon, glat = galactic(ra, dec)
    known = {"scan_key": numbers, "hemis": ["s"] * len(numbers), "date": ["2000-01-30"] * len(numbers),
             "scan": numbers % 400, "ra": ra, "dec": dec, "glon": glon, "glat": glat, "points": counts}  # fmt: skip
    known |= {f"{axis}_{i}": values for axis, values in (("ra", ra), ("dec", dec)) for i in range(1, 5)}
    nothing = pa.nulls(len(numbers))
    return make_table({name: known.get(name, nothing) for name in table.names}, table)


def _write_coverage(folder, pixels):
    from mocpy import MOC

    moc = MOC.from_healpix_cells(pixels.astype(np.uint64), np.full(len(pixels), ORDER, np.uint8), ORDER)
    moc.save(str(folder / "coverage.fits"), format="fits")


if __name__ == "__main__":
    made = make_large_release(sys.argv[2], int(sys.argv[1]))
    print(f"{made.path}: {made.rows['psc']} rows in {len(made.parquet_files('psc'))} files")

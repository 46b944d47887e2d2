"""The sources on their way through a release, with what is known of each besides its columns."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processing.formats.tables import empty_table
from processing.release.footprint import coadd_distance, scan_distance
from processing.schema import BANDS, load_table


@dataclass(frozen=True)
class Points:
    """``table``: the columns (pyarrow, n rows). Per source: ``scan`` and ``coadd``, shape (n,), its place in the lists
    of scans and coadds; ``coadd_edge`` and ``scan_edge``, arcsec, its distance from the edges of its coadd and scan.
    """

    table: pa.Table
    scan: np.ndarray
    coadd: np.ndarray
    coadd_edge: np.ndarray
    scan_edge: np.ndarray

    def __len__(self):
        return self.table.num_rows

    def __getitem__(self, chosen):
        """The sources at ``chosen`` (a boolean or index array)."""
        chosen = np.flatnonzero(chosen) if np.asarray(chosen).dtype == bool else np.asarray(chosen)
        parts = (self.scan, self.coadd, self.coadd_edge, self.scan_edge)
        return Points(self.table.take(pa.array(chosen, pa.int64())), *(part[chosen] for part in parts))

    def numbers(self, column):
        """A column as floats, NaN for null."""
        return self.table[column].cast(pa.float64()).to_numpy()

    def flags(self, column):
        """A flag column as single letters, shape (n, 3): one column a band."""
        parts = [pc.utf8_slice_codeunits(self.table[column], n, n + 1).to_numpy() for n in range(len(BANDS))]
        return np.stack(parts, axis=1).astype("U1")

    def bands(self, family):
        """The columns j_, h_ and k_``family`` as floats, shape (n, 3), NaN for null."""
        return np.stack([self.numbers(f"{band.letter}_{family}") for band in BANDS], axis=1)


def gather(fields, scans):
    """The Points of all ``fields``; ``scans`` maps each scan to its coadds and their images (``scan_coadds``)."""
    scan_numbers = {scan_id: number for number, scan_id in enumerate(scans)}
    coadds = [(scan_id, coadd) for scan_id in scans for coadd in scans[scan_id]]
    coadd_numbers = {key: number for number, key in enumerate(coadds)}
    table = pa.concat_tables([empty_table(load_table("psc"), "extract"), *(field.points for field in fields)])
    ids = zip(*(table[name].to_pylist() for name in ("date", "hemis", "scan", "coadd")))
    keys = [((date, hemis, scan), coadd) for date, hemis, scan, coadd in ids]
    scan = np.array([scan_numbers[key[0]] for key in keys], int)
    coadd = np.array([coadd_numbers[key] for key in keys], int)
    return Points(table, scan, coadd, *_edges(table, scan, coadd, scans, coadds))


def scan_coadds(fields):
    """``{scan_id: {coadd: [images in band order]}}`` of all fields, sorted."""
    found = {}
    for field in fields:
        found.setdefault(field.scan_id, {}).update(field.coadds())
    order = {scan_id: sorted(coadds, key=lambda c: (c is not None, c or 0)) for scan_id, coadds in found.items()}
    return {scan_id: {coadd: found[scan_id][coadd] for coadd in order[scan_id]} for scan_id in sorted(found)}


def _edges(table, scan, coadd, scans, coadds):
    """Distances from the edges of coadd and scan; the scan's are the extraction's own where it knew them."""
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
    in_coadd, in_scan = np.full(len(scan), np.nan), np.full(len(scan), np.nan)
    for number, (scan_id, key) in enumerate(coadds):
        rows = coadd == number
        in_coadd[rows] = coadd_distance(ra[rows], dec[rows], scans[scan_id][key])
    for number, images in enumerate(scans.values()):
        rows = scan == number
        in_scan[rows] = scan_distance(ra[rows], dec[rows], images.values())
    known = np.minimum(*(table[f"dist_edge_{way}"].cast(pa.float64()).to_numpy() for way in ("ns", "ew")))
    return in_coadd, np.where(np.isnan(known), in_scan, known)

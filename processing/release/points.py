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
    """``table``: the columns (pyarrow, n rows). Per source: ``scan``, ``coadd`` and ``part``, shape (n,), its place in
    the lists of scans, coadds and fields; ``coadd_edge`` and ``scan_edge``, arcsec, its distance from the edges of its
    coadd and scan.
    """

    table: pa.Table
    scan: np.ndarray
    coadd: np.ndarray
    part: np.ndarray
    coadd_edge: np.ndarray
    scan_edge: np.ndarray

    def __len__(self):
        return self.table.num_rows

    def __getitem__(self, chosen):
        """The sources at ``chosen`` (a boolean or index array)."""
        chosen = np.flatnonzero(chosen) if np.asarray(chosen).dtype == bool else np.asarray(chosen)
        parts = (self.scan, self.coadd, self.part, self.coadd_edge, self.scan_edge)
        return Points(self.table.take(pa.array(chosen, pa.int64())), *(part[chosen] for part in parts))

    def numbers(self, column):
        """A column as floats, NaN for null."""
        return self.table[column].cast(pa.float64()).to_numpy()

    def flags(self, column):
        """A flag column as single letters, shape (n, 3): one column a band."""
        parts = [pc.utf8_slice_codeunits(self.table[column], n, n + 1).to_numpy() for n in range(len(BANDS))]
        return np.stack(parts, axis=1).astype("U1")

    def frame_counts(self):
        """``ndet`` as numbers, shape (n, 3, 2): band; frames that see the source, frames that could; NaN for null."""
        digits = [pc.utf8_slice_codeunits(self.table["ndet"], n, n + 1).cast(pa.float64()).to_numpy()
                  for n in range(2 * len(BANDS))]
        return np.stack(digits, axis=1).reshape(-1, len(BANDS), 2)

    def bands(self, family):
        """The columns j_, h_ and k_``family`` as floats, shape (n, 3), NaN for null."""
        return np.stack([self.numbers(f"{band.letter}_{family}") for band in BANDS], axis=1)


def gather(fields, scans):
    """The Points of all ``fields``; ``scans`` maps each scan to its coadds and their images (``scan_coadds``)."""
    scan_numbers = {scan_id: number for number, scan_id in enumerate(scans)}
    coadds = [(scan_id, coadd) for scan_id in scans for coadd in scans[scan_id]]
    coadd_numbers = {key: number for number, key in enumerate(coadds)}
    table = pa.concat_tables([empty_table(load_table("psc"), "extract"), *(field.points for field in fields)])
    counts = [field.points.num_rows for field in fields]
    part = np.repeat(np.arange(len(fields)), counts)
    scan = np.repeat([scan_numbers[field.scan_id] for field in fields], counts).astype(int)
    rows = zip(part.tolist(), table["coadd"].to_pylist())
    coadd = np.array([coadd_numbers[fields[n].scan_id, number] for n, number in rows], int)
    outlines = scan_outlines(fields, scans)
    return Points(table, scan, coadd, part, *_edges(table, scan, coadd, scans, coadds, outlines))


def scan_coadds(fields):
    """``{scan_id: {coadd: [images in band order]}}`` of all fields, sorted."""
    found = {}
    for field in fields:
        found.setdefault(field.scan_id, {}).update(field.coadds())
    order = {scan_id: sorted(coadds, key=lambda c: (c is not None, c or 0)) for scan_id, coadds in found.items()}
    return {scan_id: {coadd: found[scan_id][coadd] for coadd in order[scan_id]} for scan_id in sorted(found)}


def scan_outlines(fields, scans):
    """The outlines (``Field.outlines``) of each of the ``scans``, in their order."""
    found = {scan_id: [] for scan_id in scans}
    for field in fields:
        found[field.scan_id] += field.outlines()
    return list(found.values())


def _edges(table, scan, coadd, scans, coadds, outlines):
    """Distances from the edges of coadd and scan; the scan's are the extraction's own where it knew them."""
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
    in_coadd, in_scan = np.full(len(scan), np.nan), np.full(len(scan), np.nan)
    for number, (scan_id, key) in enumerate(coadds):
        rows = coadd == number
        in_coadd[rows] = coadd_distance(ra[rows], dec[rows], scans[scan_id][key])
    known = np.minimum(*(table[f"dist_edge_{way}"].cast(pa.float64()).to_numpy() for way in ("ns", "ew")))
    for number, outline in enumerate(outlines):
        rows = (scan == number) & np.isnan(known)
        in_scan[rows] = scan_distance(ra[rows], dec[rows], outline) if rows.any() else np.nan
    return in_coadd, np.where(np.isnan(known), in_scan, known)

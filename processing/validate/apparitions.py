"""The apparitions of a release as arrays: who was measured by which scan, and how cleanly."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processing.config import survey
from processing.formats.parquet import read_parquet
from processing.formats.tables import empty_table
from processing.schema import BANDS, load_table
from processing.sphere import galactic
from processing.validate.statistics import medians

LETTERS = tuple(band.letter for band in BANDS)
SCIENCE = ("overlap", "spare")
"""Kinds of places that several science scans see; the third, cal, are the visits to calibration fields."""

FLAGS = ("ph_qual", "rd_flg", "bl_flg", "cc_flg")
MEASURED = "1234"
"""rd_flg of a band in which a source is detected."""


@dataclass(frozen=True)
class Sources:
    """Measured sources, n of them.

    ``columns``: name -> array, shape (n,), NaN for null; flags as letters, shape (n, 3), one column a band. ``scan``,
    shape (n,): the place of each one's scan in ``scans``, a tuple of (date, hemis, scan).
    """

    columns: dict
    scan: np.ndarray
    scans: tuple

    def __len__(self):
        return len(self.scan)

    def __getitem__(self, name):
        return self.columns[name]

    def where(self, chosen):
        """Those at ``chosen``, a mask or indices."""
        columns = {name: values[chosen] for name, values in self.columns.items()}
        return type(self)(columns, self.scan[chosen], self.scans)

    def band(self, family, k):
        """Column ``family`` of band number ``k``."""
        return self.columns[f"{LETTERS[k]}_{family}"]

    def detected(self, k):
        """Which have a measured brightness in band ``k``, however good."""
        return np.isin(self["rd_flg"][:, k], list(MEASURED)) & np.isfinite(self.band("m", k))

    def fitted(self, k, origin="2"):
        """Which have a clean one: of this origin, with an error, one component, no contamination, nobody near."""
        error = self.band("cmsig", k)
        return (self.detected(k) & (self["rd_flg"][:, k] == origin) & (error > 0) & (error < survey().quality.no_error)
                & (self["bl_flg"][:, k] == "1") & (self["cc_flg"][:, k] == "0") & self.alone)  # fmt: skip

    @property
    def alone(self):
        """Nobody else of the same scan within the distance at which sources are potentially confused."""
        return ~(self["neighbour"] <= survey().validate.alone)

    @property
    def catalog_level(self):
        """Level 1 sources: ph_qual A in a band, or measured in the short reads or from the wings."""
        return (self["ph_qual"] == "A").any(axis=1) | np.isin(self["rd_flg"], ["1", "3"]).any(axis=1)

    @property
    def high_latitude(self):
        """Where the requirements hold: farther from the galactic plane than their limit."""
        return np.abs(galactic(self["ra"], self["dec"])[1]) > survey().validate.latitude if len(self) else self.scan > 0

    def limit(self, k):
        """Magnitude of S/N 10 of each scan in band ``k``, shape (scans,), NaN where nothing was fitted there.

        The scan S/N of a source is its flux over one noise for the whole scan, so magnitude and S/N tell it.
        """
        good = self.detected(k) & (self["rd_flg"][:, k] == "2") & (self.band("snr", k) > 1)
        found = self.band("m", k)[good] + 2.5 * np.log10(self.band("snr", k)[good] / 10)
        return medians(found, self.scan[good], len(self.scans))


def sources(table):
    """The Sources of a pyarrow table that has the columns of apparitions, or of the catalog."""
    columns = {}
    for name in table.column_names:
        column = table[name]
        if name in FLAGS:
            columns[name] = _letters(column)
        elif name == "kind":
            columns[name] = column.to_numpy().astype("U7")
        elif not pa.types.is_string(column.type):
            columns[name] = column.to_numpy()
    scan, scans = _scans(table)
    return Sources(columns, scan, scans)


def _scans(table):
    """Number of each row's scan, and what the numbers stand for: (date, hemis, scan), sorted."""
    dates, hemispheres = (table[name].combine_chunks().dictionary_encode() for name in ("date", "hemis"))
    numbers = table["scan"].to_numpy().astype(np.int64)
    keys = (dates.indices.to_numpy() * 10 + hemispheres.indices.to_numpy()) * 100_000 + numbers
    found, first, scan = np.unique(keys, return_index=True, return_inverse=True)
    names = [(dates[n].as_py(), hemispheres[n].as_py(), int(numbers[n])) for n in first.tolist()]
    order = sorted(range(len(found)), key=names.__getitem__)
    return np.argsort(order)[scan] if len(order) else scan, tuple(names[n] for n in order)


def _letters(column):
    parts = [pc.utf8_slice_codeunits(column, n, n + 1).to_numpy() for n in range(len(BANDS))]
    return np.stack(parts, axis=1).astype("U1")


def read_apparitions(release):
    """The apparitions of a Release, sorted by kind and source; none when it was made without."""
    description = load_table("apparitions")
    parts = [read_parquet(path, description) for path in sorted((release.path / "apparitions").glob("**/*.parquet"))]
    table = pa.concat_tables([empty_table(description), *parts])
    return sources(table.sort_by([(name, "ascending") for name in ("kind", "source", "date", "hemis", "scan")]))


CATALOG = ("ra", "dec", "err_maj", "err_min", "err_ang", "ph_qual", "rd_flg", "bl_flg", "cc_flg", "date", "hemis",
           "scan", "prox", "mp_flg", "gal_contam", "a", "dist_opt", "phi_opt",
           *(f"{band}_{what}" for band in LETTERS for what in ("m", "cmsig", "snr")))  # fmt: skip
"""Columns of the point sources by which a release is judged."""


def read_catalog(release):
    """The point sources of a Release: ``neighbour`` is prox, ``tycho`` whether the optical counterpart is Tycho-2's."""
    import pyarrow.parquet as pq

    files = release.parquet_files("psc")
    parts = [load_table_empty(), *(pq.ParquetFile(file).read(list(CATALOG)) for file in files)]
    table = pa.concat_tables(parts).rename_columns({"prox": "neighbour"})
    return sources(table.append_column("tycho", pc.fill_null(pc.equal(table["a"], "T"), False)))


def load_table_empty():
    """The columns with no rows."""
    return empty_table(load_table("psc")).select(list(CATALOG))

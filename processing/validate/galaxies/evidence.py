"""What the extended sources of a release can be judged by: catalog, apparitions, the galaxies that were simulated."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.spatial import cKDTree

from processing.config import survey
from processing.errors import SurveyError
from processing.formats.tables import empty_table
from processing.schema import load_table
from processing.simulate.truth import Truth
from processing.sphere import arc, unit_vectors
from processing.validate.apparitions import LETTERS, Sources, sources

CIRCLE, ISOPHOTE = "7", "k20fe"
"""The two apertures in which the survey compared repeats."""

CATALOG = ["ext_key", "ra", "dec", "glat", "date", "hemis", "scan", "r_k20fe", "e_score", "g_score", "cc_flg",
           *(f"{band}_{what}_{name}" for band in LETTERS for name in (CIRCLE, ISOPHOTE)
             for what in ("m", "msig", "flg"))]  # fmt: skip
"""Columns by which the catalog is judged."""

NEGATIVE = 75.0
"""Magnitudes from here on stand for negative flux (Explanatory Supplement II.3a)."""

CLEAN = (0, 3)
"""Flags of an aperture whose light is the galaxy's: nothing masked, or just a star taken off."""


@dataclass(frozen=True, eq=False)
class TrueGalaxies:
    """Simulated galaxies that are bright enough to have an isophote (``simulate.truth``, extended.parquet): ``ra``,
    ``dec`` (deg); ``total``, and within what a perfect camera takes for the ISOPHOTE and the CIRCLE, mag, (n, 3);
    ``radius``: semi-major axis of the K20 ellipse, arcsec, 0 where there is none."""

    ra: np.ndarray
    dec: np.ndarray
    total: np.ndarray
    isophote: np.ndarray
    circle: np.ndarray
    radius: np.ndarray

    def __len__(self):
        return len(self.ra)

    def nearest(self, ra, dec):
        """Row of and distance (arcsec) to the galaxy nearest to each place; -1 and inf where there is none at all."""
        if not len(self) or not len(ra):
            return np.full(len(ra), -1), np.full(len(ra), np.inf)
        distance, row = cKDTree(unit_vectors(self.ra, self.dec)).query(unit_vectors(ra, dec))
        return row, arc(distance)

    def counterparts(self, rows):
        """The galaxy that each of ``rows`` (Sources) is: its row, -1 for none.

        The nearest within the match radius whose light within the circle is not fainter than the row's, in the mean of
        the bands, by more than ``validate_extended.fainter``.
        """
        row, apart = self.nearest(rows["ra"], rows["dec"])
        if not len(self) or not len(rows):
            return row
        known = np.stack([magnitude(rows, CIRCLE, k) for k in range(len(LETTERS))], axis=1)
        brighter = np.nan_to_num(self.circle[row] - known, nan=np.nan)
        number = np.isfinite(brighter).sum(axis=1)
        mean = np.where(number > 0, np.nansum(brighter, axis=1) / np.maximum(number, 1), 0.0)
        same = (apart <= survey().extended_release.match_radius) & (mean <= survey().validate_extended.fainter)
        return np.where(same, row, -1)


@dataclass(frozen=True, eq=False)
class GalaxyEvidence:
    """``catalog`` and ``apparitions`` (Sources, with the columns of xsc and extended_apparitions); ``truth``:
    TrueGalaxies, None for a real sky; ``scans``: rows of the table of scans in which extended sources were looked
    for."""

    catalog: Sources
    apparitions: Sources
    truth: TrueGalaxies | None
    scans: list


def read_galaxies(release, scans, truth=None):
    """The GalaxyEvidence of a Release; None when it has no extended sources. ``scans``: rows of its table of scans;
    ``truth``: folder of the truth of a simulated survey."""
    if "xsc" not in release.rows:
        return None
    parts = [pq.ParquetFile(file).read(CATALOG) for file in release.parquet_files("xsc")]
    catalog = sources(pa.concat_tables([empty_table(load_table("xsc")).select(CATALOG), *parts]))
    files = release.parquet_files("extended_apparitions")
    table = release.read("extended_apparitions") if files else empty_table(load_table("extended_apparitions"))
    table = table.sort_by([(name, "ascending") for name in ("kind", "source", "date", "hemis", "scan")])
    looked = [row for row in scans if row.get("extended") is not None]
    return GalaxyEvidence(catalog, sources(table), None if truth is None else read_true_galaxies(truth), looked)


def read_true_galaxies(folder):
    """The TrueGalaxies in the folder ``truth`` of a simulation; None when it was made without them."""
    truth = Truth(folder)
    files = sorted(Path(truth.folder).glob("*/extended.parquet"))
    if not files:
        return None
    try:
        table = pa.concat_tables([pq.read_table(file) for file in files])
    except (OSError, pa.ArrowException) as error:
        raise SurveyError(f"{folder}: cannot read the true galaxies: {error}") from error
    table = table.take(np.unique(table["id"].to_numpy(), return_index=True)[1])

    def bands(name):
        return np.column_stack([table[name.format(band)].cast(pa.float64()).to_numpy() for band in LETTERS])

    return TrueGalaxies(table["ra"].to_numpy(), table["dec"].to_numpy(), bands("{}"), bands("{}_k20"),
                        bands(f"{{}}_{CIRCLE}"), np.nan_to_num(table["r_k20"].to_numpy().astype(float)))  # fmt: skip


def magnitude(rows, aperture, k):
    """Magnitudes of Sources in an aperture and band, NaN where there is none or the flux is negative."""
    found = np.asarray(rows.band(f"m_{aperture}", k), float)
    return np.where(found < NEGATIVE, found, np.nan)


def error(rows, aperture, k):
    """One sigma of these, mag."""
    return np.asarray(rows.band(f"msig_{aperture}", k), float)


def clean(rows, aperture, k):
    """Which have a magnitude with an error, of their own light alone, far from bright stars and large galaxies."""
    flag = np.asarray(rows.band(f"flg_{aperture}", k), float)
    return (np.isfinite(magnitude(rows, aperture, k)) & (error(rows, aperture, k) > 0) & np.isin(flag, CLEAN)
            & (rows["cc_flg"][:, 0] == "0"))  # fmt: skip


def latitude(rows):
    """Absolute galactic latitude of Sources, deg."""
    from processing.sphere import galactic

    return np.abs(galactic(rows["ra"], rows["dec"])[1]) if len(rows) else np.empty(0)

"""Rows and images with nothing real about them, for machines without the real data: only types and ranges are right."""

import io

import numpy as np

from processing.formats.tables import make_table
from processing.schema import BANDS, load_table

CENTRES = {
    "ic494": (121.6, 1.05, "000127", 58), "f133-06": (161.0, -35.0, "981228", 83), "w44": (284.0, 1.43, "990810", 49),
}
"""Right ascension, declination, night and scan of the fields that stand in for the real ones."""

SHAPE = (192, 96)


def made_up_points(rows=683):
    """A pyarrow Table of psc.yaml with sources strewn around 08:30 +01:30."""
    rng, psc = np.random.default_rng(2), load_table("psc")
    columns = {column.name: _values(column, rows, rng) for column in psc.columns}
    number = np.arange(rows)
    columns |= {"ra": 127.2 + 0.6 * rng.random(rows), "dec": 1.2 + 0.6 * rng.random(rows), "pts_key": number + 500}
    columns |= {"designation": [f"08{i // 1000:06d}+0130{i % 1000:03d}" for i in number], "hemis": ["s"] * rows}
    columns |= {"date": ["2000-01-30"] * rows, "scan": 40 + number % 4, "scan_key": 43954 + number % 4}
    columns |= {"coadd_key": 90_000 + number % 4, "ph_qual": [("AAA", "ABU")[i % 2] for i in number]}
    columns |= {"cc_flg": [("000", "000", "c00")[i % 3] for i in number], "use_src": np.ones(rows, int),
                "gal_contam": 2 * (number % 4 == 3)}
    columns |= {f"{band.letter}_m": 9 + 7 * rng.random(rows) for band in BANDS}
    return make_table(columns, psc)


def _values(column, rows, rng):
    if column.datatype in ("char", "string"):
        return ["".join(letters) for letters in rng.choice(list("0ABCU"), (rows, column.length))]
    if column.datatype in ("float", "double"):
        return rng.random(rows).astype(np.float32)
    return rng.integers(0, 1000, rows)


def made_up_image(field, band):
    """The bytes of a FITS file with stars on a noisy sky and a missing edge, and the header cards of an Atlas Image."""
    from astropy.io import fits

    ra, dec, night, scan = CENTRES[field]
    rng = np.random.default_rng([scan, ord(band)])
    pixels = rng.normal(100, 1, SHAPE).astype(np.float32)
    pixels[rng.integers(0, SHAPE[0], 40), rng.integers(0, SHAPE[1], 40)] += 500
    pixels[:, -4:] = np.nan
    header = fits.Header({
        "CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRVAL1": ra, "CRVAL2": dec, "CRPIX1": (SHAPE[1] + 1) / 2,
        "CRPIX2": (SHAPE[0] + 1) / 2, "CDELT1": -1 / 3600, "CDELT2": 1 / 3600, "ORDATE": night, "SCANNO": scan,
        "TELNAME": "CTIO", "FILTER": band, "MAGZP": 20.9, "SKYVAL": 100.0, "SKYSIG": 1.0})
    file = io.BytesIO()
    fits.PrimaryHDU(pixels, header).writeto(file)
    return file.getvalue()

"""A release with nothing but a few small images of a known sky: one star, at different zero points and skies."""

import numpy as np
import pyarrow as pa

from processing.formats.checksum import fingerprint
from processing.formats.parquet import write_parquet
from processing.formats.tables import make_table
from processing.hips.sources import brightness
from processing.release.manifest import read_release, write_manifest
from processing.schema import BANDS, load_table

CENTRE = (150.0, 20.0)
SIZE = 160
"""Pixels of 1 arcsec along a side of an image."""

STEP = 120.0
"""Arcsec from one image to the next: the images overlap by 40."""

STAR, FWHM = 0.05, 3.0
"""Flux density (Jy) of the star at CENTRE, and its width, arcsec."""

NOISE = 1.0
"""DN of a pixel."""


def header_of(number, magzp, band):
    """That of the image whose middle is ``number - 0.5`` steps east of CENTRE."""
    from astropy.io import fits

    east = (number - 0.5) * STEP / 3600 / np.cos(np.radians(CENTRE[1]))
    return fits.Header({
        "CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRVAL1": CENTRE[0] + east, "CRVAL2": CENTRE[1],
        "CRPIX1": (SIZE + 1) / 2, "CRPIX2": (SIZE + 1) / 2, "CDELT1": -1 / 3600, "CDELT2": 1 / 3600, "ORDATE": "990712",
        "SCANNO": 11 + number, "TELNAME": "FLWO", "FILTER": band.letter, "MAGZP": magzp})


def seen(header, band, sky, rng):
    """Pixels (DN) of the star on a noisy sky."""
    from astropy.wcs import WCS

    x, y = WCS(header).wcs_world2pix(*CENTRE, 0)
    lines, columns = np.mgrid[:SIZE, :SIZE]
    sigma = FWHM / 2.3548
    profile = np.exp(-((columns - x) ** 2 + (lines - y) ** 2) / 2 / sigma**2) / (2 * np.pi * sigma**2)
    one = brightness(band, header["MAGZP"], 1.0) * 1e6 * np.radians(1 / 3600) ** 2  # Jy of 1 DN
    return (sky + STAR / one * profile + rng.normal(0, NOISE, (SIZE, SIZE))).astype(np.float32)


def make_sky(folder, images, bands=BANDS):
    """The Release in ``folder``; ``images``: (magzp, true sky, sky that the table tells) of each, from west to east."""
    from astropy.io import fits
    from astropy.wcs import WCS

    rows, rng = [], np.random.default_rng(5)
    for number, (magzp, sky, told) in enumerate(images):
        for band in bands:
            header = header_of(number, magzp, band)
            file = f"atlas/990712n/s{11 + number:03d}/{band.letter}i01.fits"
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            fits.PrimaryHDU(seen(header, band, sky, rng), header).writeto(folder / file)
            rim = np.array([[0, 0], [SIZE, 0], [SIZE, SIZE], [0, SIZE]]) - 0.5
            corners = WCS(header).wcs_pix2world(rim, 0)
            rows.append({
                "atlas_key": len(rows) + 1, "coadd_key": number + 1, "scan_key": number + 1, "band": band.name,
                "hemis": "n", "date": "1999-07-12", "scan": 11 + number, "ra": header["CRVAL1"],
                "dec": header["CRVAL2"], "naxis1": SIZE, "naxis2": SIZE, "pixel_scale": 1.0, "mjd": 51371.2 + number,
                "magzp": magzp, "skyval": told, "skysig": NOISE, "points": 0, "file": file,
                **fingerprint(folder / file),
                **{f"{axis}_{n}": corners[n - 1][k] for n in range(1, 5) for k, axis in enumerate(("ra", "dec"))}})
    atlas = load_table("atlas")
    columns = {column.name: pa.array([row.get(column.name) for row in rows]) for column in atlas.columns}
    write_parquet(folder / "atlas.parquet", make_table(columns, atlas), atlas)
    write_manifest(folder, {"name": "sky", "version": "test", "created": "2025-01-01T00:00:00Z", "settings": {},
                            "inputs": [], "rows": {"psc": 0, "scans": 0, "atlas": len(rows)}, "rows_by_step": [],
                            "rules_skipped": [], "supersedes": None})  # fmt: skip
    return read_release(folder)

"""A working database of any size without a telescope: folders of scans of overlapping tiles, as twomass reduce writes.

The stars are not measured but drawn: about as many as the scans are to list, with colours, and errors and flags that
follow from brightness as in the reduced simulated nights; faint ones are missed at random. What two scans see they see
twice, with errors of their own. Each scan has one tiny image in each band: this is about rows.
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from astropy.io import fits

from processing.formats.checksum import fingerprint
from processing.formats.parquet import write_parquet
from processing.formats.tables import make_table
from processing.formats.work_record import IMAGE_COLUMNS, SCAN_COLUMNS, settings
from processing.schema import BANDS, load_table
from processing.sphere import galactic

STEP, OVERLAP, LENGTH = 460.0 / 3600, 52.0 / 3600, 6.0
"""deg: tiles lie so far apart in right ascension, overlap by so much on all sides, and are so long."""

LIMIT = (16.3, 15.4, 14.7)
"""10-sigma magnitudes of reduced simulated nights."""

COLOUR = ((0.0, 0.0), (0.5, 0.25), (0.65, 0.3))
"""Mean and rms of J minus J, H, Ks."""

CORNER = (40.0, -12.0)
"""deg: west and south of the first tile."""


def make_survey(root, scans, rows, columns=50, corner=CORNER, seed=7):
    """Write ``scans`` folders of about ``rows`` sources each below ``root``, ``columns`` tiles of each night side by
    side; returns ``root``."""
    for number in range(scans):
        make_scan(Path(root), *divmod(number, columns), rows, corner, seed)
    return Path(root)


def make_scan(root, band, column, rows, corner=CORNER, seed=7, night=None, errors=0, **changes):
    """Write the folder of the scan of one tile, ``band`` and ``column``; returns it.

    ``night``: number of the night, where it is not that of the band; ``errors``: seed of the errors; ``changes`` go
    into ``scan.json``, but ``number`` and ``tile`` of the scan.
    """
    west, south = corner[0] + column * STEP, corner[1] + band * LENGTH
    night = band if night is None else night
    box = (west - OVERLAP / 2, west + STEP + OVERLAP / 2, south - OVERLAP / 2, south + LENGTH + OVERLAP / 2)
    ids = {"hemis": "n", "date": f"1999-{night + 1:02d}-01", "scan": changes.pop("number", column + 10)}
    folder = root / f"99{night + 1:02d}01n" / f"s{ids['scan']:03d}"
    (folder / "atlas").mkdir(parents=True)
    share = STEP * LENGTH / ((box[1] - box[0]) * (box[3] - box[2]))
    stars = [_stars(b, c, rows * share, corner, seed)
             for b in (band - 1, band, band + 1) for c in (column - 1, column, column + 1)]
    ra, dec, magnitude = (np.concatenate([tile[k] for tile in stars]) for k in range(3))
    inside = (ra > box[0]) & (ra < box[1]) & (dec > box[2]) & (dec < box[3])
    rng = np.random.default_rng((seed, night, band, column, errors))
    points = _points(rng, ra[inside], dec[inside], magnitude[inside], box, ids)
    write_parquet(folder / "points.parquet", points, load_table("psc"), "extract")
    _write_record(folder, ids, box, column, points.num_rows, changes)
    return folder


def _stars(band, column, rows, corner, seed):
    """Positions, deg, and J, H, Ks, shape (n, 3), of the stars of one tile without overlaps: the same for all scans."""
    rng = np.random.default_rng((seed, band + 100, column + 100))
    n = rng.poisson(rows)
    ra = corner[0] + (column + rng.random(n)) * STEP
    dec = corner[1] + (band + rng.random(n)) * LENGTH
    j = 17.2 + np.log10(np.maximum(rng.random(n), 1e-7)) / 0.38
    return ra, dec, np.stack([j - mean - rms * rng.standard_normal(n) for mean, rms in COLOUR], axis=1)


def _points(rng, ra, dec, magnitude, box, ids):
    """The 60 columns of one scan's table, those that a release fills null; in the order of declination."""
    light = 10 ** (-0.4 * (magnitude - LIMIT))
    snr = 10.0 * light / np.sqrt(1 + 0.02 * light)
    found = np.flatnonzero(rng.random(len(ra)) < -np.expm1(-snr.max(axis=1) / 3.0))
    order = found[np.argsort(dec[found])]
    ra, dec, magnitude, snr, n = ra[order], dec[order], magnitude[order], snr[order], len(order)
    error = 0.03 + 0.6 / snr.max(axis=1)
    ra = np.round(ra + rng.standard_normal(n) * error / 3600 / np.cos(np.radians(dec)), 6)
    dec = np.round(dec + rng.standard_normal(n) * error / 3600, 6)
    glon, glat = galactic(ra, dec)
    columns = dict.fromkeys(load_table("psc").names, pa.nulls(n)) | {
        "ra": ra, "dec": dec, "err_maj": np.round(error * 1.1, 2), "err_min": np.round(error, 2),
        "err_ang": rng.integers(0, 180, n), "designation": _names(ra, dec), "hemis": _same(ids["hemis"], n),
        "date": _same(ids["date"], n), "scan": np.full(n, ids["scan"]), "glon": np.round(glon, 3),
        "glat": np.round(glat, 3), "x_scan": np.round((ra - (box[0] + box[1]) / 2) * 3600, 1),
        "jdate": np.round(2451300.7 + ids["scan"] * 0.0045 + (dec - box[2]) / 1500, 6), "coadd": np.full(n, 1),
        "prox": np.round(rng.gamma(2.0, 5.0, n), 1), "pxpa": rng.integers(0, 360, n),
    }  # fmt: skip
    north, east = (dec - box[2], box[3] - dec), (box[1] - ra, ra - box[0])
    columns["dist_edge_ns"] = np.round(np.minimum(*north) * 3600)
    columns["dist_edge_ew"] = np.round(np.minimum(*east) * np.cos(np.radians(dec)) * 3600)
    nearest = np.where(north[0] < north[1], b"s", b"n"), np.where(east[0] < east[1], b"e", b"w")
    columns["dist_edge_flg"] = _joined(*nearest)
    columns |= _photometry(rng, magnitude, snr)
    return make_table(columns, load_table("psc"), "extract")


def _photometry(rng, magnitude, snr):
    """The columns of brightness and quality; ``magnitude`` and ``snr``: shape (n, 3)."""
    found = snr > 4.0
    found[:, 0] |= ~found.any(axis=1)
    bright = magnitude < (9.0, 8.5, 8.0)
    sigma = np.hypot(1.0857 / snr, 0.01)
    seen = np.clip(rng.poisson(np.where(snr > 20, 6, snr / 5)), 0, 6)
    read = np.where(found, np.where(bright, b"1", b"2"), b"0")
    grade = np.select([~found, snr > 10, snr > 7, snr > 5], [b"U", b"A", b"B", b"C"], b"D")
    frames = [digit for k in range(3) for digit in (_digit(seen[:, k] * found[:, k]), _digit(np.full(len(seen), 6)))]
    columns = {
        "rd_flg": _joined(*read.T), "ph_qual": _joined(*grade.T), "bl_flg": _joined(*np.where(found, b"1", b"0").T),
        "cc_flg": _joined(*np.where(rng.random(read.shape) < 0.05, b"c", b"0").T),
        "ndet": _joined(*frames),
    }  # fmt: skip
    for k, band in enumerate(BANDS):
        for name, values, step in (
            ("m", magnitude[:, k] + sigma[:, k] * rng.standard_normal(len(sigma)), 3), ("cmsig", sigma[:, k], 3),
            ("msigcom", np.hypot(sigma[:, k], 0.02), 3), ("snr", snr[:, k], 1),
            ("psfchi", rng.gamma(20.0, 0.05, len(sigma)), 2), ("m_stdap", magnitude[:, k] + sigma[:, k], 3),
            ("msig_stdap", sigma[:, k] * 1.5, 3),
        ):  # fmt: skip
            columns[f"{band.letter}_{name}"] = np.where(found[:, k] | (name == "m"), np.round(values, step), np.nan)
    return columns


def _names(ra, dec):
    """Designations, as processing.bandmerge.names makes them one by one."""
    hundredths, tenths = (np.abs(np.round(angle * 1e6)).astype(int) * step // 1000
                          for angle, step in ((ra, 24), (dec, 36)))  # fmt: skip
    digits = [*_digits(hundredths // 360000, 2), *_digits(hundredths // 6000 % 60, 2), *_digits(hundredths % 6000, 4),
              np.where(dec < 0, b"-", b"+"), *_digits(tenths // 36000, 2), *_digits(tenths // 600 % 60, 2),
              *_digits(tenths % 600, 3)]  # fmt: skip
    return _joined(*digits)


def _digits(values, count):
    return [_digit(values // 10 ** (count - n - 1) % 10) for n in range(count)]


def _digit(values):
    return (values + ord("0")).astype(np.uint8).view("S1")


def _joined(*letters):
    """Texts of single letters (bytes), one array for each place, as pyarrow."""
    text = np.stack(letters, axis=1)
    offsets = np.arange(len(text) + 1, dtype=np.int32) * text.shape[1]
    return pa.StringArray.from_buffers(len(text), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text)))


def _same(text, n):
    return pa.array(np.full(n, text, object), pa.string())


def _write_record(folder, ids, box, column, rows, changes):
    west, east, south, north = box
    corners = ((east, south), (west, south), (west, north), (east, north))
    place = {f"{what}_{k}": corner[n] for k, corner in enumerate(corners, 1) for n, what in enumerate(("ra", "dec"))}
    place |= {"ra": (west + east) / 2, "dec": (south + north) / 2}
    glon, glat = galactic(place["ra"], place["dec"])
    limits = {f"{band.letter}_limit": LIMIT[band.index - 1] for band in BANDS}
    known = {"glon": float(glon), "glat": float(glat), "direction": "ns"[column % 2], "tile": changes.pop("tile", None)}
    scan = dict.fromkeys(SCAN_COLUMNS) | ids | place | limits | known
    record = {
        "version": "0.1", "stage": "reduce", "created": "1999-12-31T00:00:00+00:00", "type": "sci",
        "settings": settings(), "inputs": [], "missing": {}, "rows": rows, "scan": scan, "quality": {"score": 10},
        "images": [_image(folder, band, ids, place) for band in BANDS],
    }  # fmt: skip
    (folder / "scan.json").write_text(json.dumps(record | changes))


def _image(folder, band, ids, place):
    name = f"atlas/{band.letter}i01.fits"
    fits.PrimaryHDU(np.zeros((2, 2), np.float32)).writeto(folder / name)
    return dict.fromkeys(IMAGE_COLUMNS) | ids | place | fingerprint(folder / name) | {
        "band": band.name, "coadd": 1, "naxis1": 2, "naxis2": 2, "pixel_scale": 1.0, "magzp": 20.0, "file": name}

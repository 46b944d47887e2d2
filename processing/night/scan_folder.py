"""From the source lists of a scan to its folder of the working database: merge, calibrate, write, judge.

    usable = {band: usable_frames(frames.image, frames.flaws, solution, band) for band, frames in scan.frames.items()}
    sources = measure_scan(scan, solution, usable)
    write_scan(folder, scan, solution, usable, sources, calibration, inputs, missing)

``write_scan`` returns the content of ``scan.json``; ``write_failure`` writes one that only says what went wrong. The
folder (``points.parquet``, ``extended.parquet``, ``scan.json``, ``atlas/``) appears whole or not at all, and takes the
place of an older one.

``scan.json`` has the keys of one that ``twomass extract`` wrote (version, stage, created, settings, inputs, rows, scan,
images, extended) with the stage "reduce", and besides: ``type`` ("sci" or "cal"), ``missing`` (bands that could not be
used: letter -> reason) and ``quality`` (``processing.night.scan_quality``). That of a failed scan has ``failed`` (the
reason), no rows, scan, images and quality, and says in ``id`` which scan it was.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from astropy.io import fits

from processing.bandmerge.catalog import catalog_columns, merge_sources
from processing.bandmerge.names import galactic
from processing.bandmerge.scan_plane import MJD_ZERO, ScanPlane
from processing.config import survey
from processing.formats.checksum import fingerprint, sha256_of
from processing.formats.parquet import write_parquet
from processing.formats.raw_night import night_date
from processing.formats.tables import make_table
from processing.formats.whole import whole_folder
from processing.night.steps import make_atlas
from processing.night.scan_quality import limit_of, scan_quality
from processing.night.scan_zero_points import at_mid_scan, quoted_errors, scan_zero_points
from processing.schema import BANDS, load_table
from processing.formats.work_record import (
    IMAGE_COLUMNS, POINTS_FILE, SCAN_COLUMNS, SCAN_FILE, plain_row, read_record, settings, stamp, write_record,
)  # fmt: skip

STAGE = "reduce"
NAMES = {band.letter: band.name for band in BANDS}


@dataclass(frozen=True, eq=False)
class MergedScan:
    """``plane``: the ScanPlane; ``sources``: band letter -> BandSources at the zero point of the middle; ``points``:
    the 60 columns (pyarrow Table)."""

    plane: ScanPlane
    sources: dict
    points: object


def write_scan(folder, scan, solution, usable, sources, calibration, inputs, missing=None, atlas=None, extended=None):
    """Merge the sources of a scan and write its folder; returns the content of ``scan.json``.

    Parameters
    ----------
    folder : Path
        work/<yymmdd><h>/s<scan:03d>.
    scan : processing.night.steps.Scan
    solution : processing.astrometry.solution.Solution
    usable : dict of str to processing.atlas.frames.UsableFrames
        By band letter.
    sources : dict of str to BandSources
        By band letter, as ``photometry.scan.measure.measure_scan`` returns them: DN of 1.3 s on the strip grid.
    calibration : processing.calibration.night.NightCalibration
    inputs : list of dict
        What it was made of: ``raw_inputs`` gives the files of the scan; any more (``file``, ``band``, ``sha256``; band
        null where it is of none) may be appended.
    missing : dict of str to str, optional
        Bands that could not be used, and why (``reduce.calibrate_what_is_there``).
    atlas : callable, optional
        Puts Atlas Images that are there already into a folder, and returns their paths; None: they are made here.
    extended : callable, optional
        Puts ``extended.parquet`` into a folder, and returns its record: ``rows``, or ``failed``, why there is none;
        None: they were not looked for.

    SurveyError when the night has no calibration in a band of ``sources``, or the folder holds something else.
    """
    zero_points = scan_zero_points(calibration, sources, scan.mjd, scan.airmass)
    with whole_folder(folder, SCAN_FILE) as partial:
        here = partial / "atlas"
        paths = atlas(here) if atlas else write_images(scan, solution, here, zero_points, usable)
        merged = merge_scan(scan, solution, usable, sources, zero_points, {_number(path) for path in paths})
        write_parquet(partial / POINTS_FILE, merged.points, load_table("psc"), STAGE)
        galaxies = extended(partial) if extended else None
        quality = scan_quality(scan, solution, usable, merged.sources, zero_points, calibration, merged.points,
                               partial / "atlas")  # fmt: skip
        content = {
            **stamp(STAGE), "type": scan.sequence.type, "settings": settings(), "inputs": inputs,
            "missing": missing or {}, "rows": merged.points.num_rows, "extended": galaxies,
            "scan": plain_row(_scan_row(scan, merged, zero_points), SCAN_COLUMNS),
            "images": [plain_row(_image_row(scan, merged.plane, path), IMAGE_COLUMNS) for path in paths],
            "quality": quality,
        }
        write_record(partial, content)
    return content


def write_images(scan, solution, folder, zero_points, usable):
    """Write the Atlas Images; ``zero_points``: band letter -> BandZeroPoint. Returns their paths."""
    return make_atlas(scan, solution, folder, {band: found.frames for band, found in zero_points.items()}, usable)


def write_failure(folder, reason, night, row, inputs=()):
    """Write the folder of a scan that could not be reduced: ``scan.json`` with ``failed``, and nothing else.

    Parameters
    ----------
    folder : Path
    reason : str
        One sentence.
    night : str
        Name of the night.
    row : processing.formats.raw_night.Sequence
    inputs : list of dict
        As for ``write_scan``, as far as they can be read.
    """
    content = {**stamp(STAGE), "type": row.type, "settings": settings(), "inputs": list(inputs), "failed": str(reason),
               "id": {"hemis": night[-1], "date": night_date(night).isoformat(), "scan": row.seq}}  # fmt: skip
    with whole_folder(folder, SCAN_FILE) as partial:
        write_record(partial, content)
    return content


def read_scan(folder):
    """Content of ``scan.json``, of a scan or of a failure (``"failed" in content``); None where there is none."""
    return read_record(folder, STAGE)


def raw_inputs(night, row, bands):
    """The raw files of a scan as ``inputs``; ``night``: processing.formats.raw_night.Night, ``row``: Sequence."""
    return [{"file": row.file_name(band), "band": band, "sha256": sha256_of(night.path / row.file_name(band))}
            for band in bands]  # fmt: skip


def merge_scan(scan, solution, usable, sources, zero_points, numbers=None):
    """The MergedScan; ``numbers``: of the Atlas Images that there are (None: all that there can be)."""
    plane = scan_plane(scan, solution, usable, zero_points)
    if numbers is not None:
        plane.images = [image for image in plane.images if image.number in numbers]
    sources = {band: at_mid_scan(found, zero_points[band], plane.track) for band, found in sources.items()}
    columns = catalog_columns(plane, sources, merge_sources(plane, sources))
    return MergedScan(plane, sources, make_table(columns, load_table("psc"), STAGE))


def scan_plane(scan, solution, usable, zero_points):
    """The ScanPlane of a scan with all its Atlas Images."""
    magzp = {band: found.value for band, found in zero_points.items()}
    seen = {band: np.isfinite(found.noise) for band, found in usable.items()}
    return ScanPlane(solution, scan.night, scan.sequence.seq, scan.mjd, magzp, quoted_errors(zero_points), seen)


def _number(path):
    """Number of an Atlas Image from its name, ji209.fits."""
    return int(path.stem[2:])


def _identity(scan):
    return {"hemis": scan.night[-1], "date": night_date(scan.night).isoformat(), "scan": scan.sequence.seq}


def _corners(corners):
    """Columns ra_1 ... dec_4 of corners (4, 2), deg, in the order SE SW NW NE."""
    return {f"{what}_{k}": value for k, corner in enumerate(corners, 1) for what, value in zip(("ra", "dec"), corner)}


def _scan_row(scan, merged, zero_points):
    """Columns of the scan; the covered area is what all bands cover as deep as an Atlas Image."""
    plane, track, row = merged.plane, merged.plane.track, scan.sequence
    (south, north), middle = track.ends, np.mean(track.ends)
    sides = [np.interp([south, middle, north], track.nodes, side) for side in track.sides]
    x, y = np.array([sides[0][0], sides[1][0], sides[1][2], sides[0][2]]), np.array([south, south, north, north])
    ra, dec = (float(value) for value in plane.sky_position((sides[0][1] + sides[1][1]) / 2, middle))
    glon, glat = galactic([ra], [dec])
    columns = _identity(scan) | _corners(np.column_stack(plane.sky_position(x, y))) | {
        "tile": int(row.tile) if row.tile.isdigit() else None, "direction": row.direction, "ra": ra, "dec": dec,
        "glon": glon[0], "glat": glat[0], "jdate": _julian_date(row.start),
        "airmass": float(track.mean(np.array([middle]), scan.airmass)[0]),
    }
    for band in BANDS:
        columns |= _band_row(band.letter, merged.sources.get(band.letter), zero_points, scan)
    return columns


def _band_row(letter, found, zero_points, scan):
    names = [f"{letter}_{what}" for what in ("zero_point", "seeing", "sky", "noise", "limit")]
    if found is None:
        return dict.fromkeys(names)
    zero_point, sky = zero_points[letter].value, scan.sky[letter][np.isfinite(scan.sky[letter])]
    level = float(np.median(sky)) / survey().simulate.frame_pixel**2 if len(sky) else None
    return dict(zip(names, (zero_point, found.fwhm, level, found.noise, limit_of(found, zero_point))))


def _julian_date(start):
    """Julian Date (UTC) of an ISO 8601 time without zone."""
    return (datetime.fromisoformat(start) - datetime(1858, 11, 17)).total_seconds() / 86400 + MJD_ZERO


def _image_row(scan, plane, path):
    """Columns of an Atlas Image, from its header and its place in the scan."""
    header = fits.getheader(path)
    grid = next(image for image in plane.images if image.number == _number(path))
    (rows, columns), (ra, dec) = grid.shape, grid.centre
    ends = np.array([0, columns, columns, 0]) - 0.5, np.array([0, 0, rows, rows]) - 0.5
    corner_ra, corner_dec = grid.wcs.wcs_pix2world(*ends, 0)
    y = np.array([float(plane.grid.wcs.wcs_world2pix(ra, dec, 0)[1])])
    return _identity(scan) | _corners(zip(corner_ra % 360, corner_dec)) | fingerprint(path) | {
        "band": NAMES[path.name[0]], "coadd": grid.number, "ra": ra, "dec": dec, "naxis1": columns, "naxis2": rows,
        "pixel_scale": plane.pixel_scale, "mjd": plane.track.mean(y, scan.mjd)[0],
        "airmass": plane.track.mean(y, scan.airmass)[0], "magzp": header["MAGZP"], "skyval": header["SKYVAL"],
        "skysig": header["SKYSIG"], "seeing": 3.13 * header["SEESH"] - 0.46, "file": f"atlas/{path.name}",
    }

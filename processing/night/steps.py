"""From the raw reads of a scan to its Atlas Images: the rooms frames, astrometry and atlas in a row.

    calibration = {band: calibrate_detector(night, band) for band in bands}
    scan = calibrate_scan(night, seq, calibration)
    solution = solve(scan, references)
    make_atlas(scan, solution, folder, zero_points)

``twomass reduce`` runs them in units of work (processing.night.tasks), a band at a time where it can.
"""

from dataclasses import dataclass, replace

import numpy as np

from processing.astrometry.solve import solve_scan
from processing.astrometry.stars import find_stars
from processing.atlas.coadd import coadd
from processing.atlas.frames import usable_frames
from processing.atlas.grid import scan_grids, strip_grid
from processing.atlas.header import scan_view, shape_parameter
from processing.atlas.quadrants import without_offsets
from processing.atlas.write import write_atlas
from processing.config import survey
from processing.errors import SurveyError
from processing.formats.raw_night import read_sequence
from processing.frames.calibrate import calibrate, difference
from processing.frames.darks import Darks, combine_darks
from processing.frames.flats import Response, fit_response
from processing.frames.masks import Flaw, bad_pixels
from processing.frames.reads import saturated
from processing.frames.sky import sky_pattern

FEWEST_STILLS = 20
"""Dark frames, and flat frames, that a night has at least (raw night format)."""

LEAST_RANGE = 2.0
"""Highest over lowest level of flats that tell a slope; the raw night format promises 4."""

FEWEST_STARS = 10
"""Detections in all frames of a band with which it is taken for dead: fewer cannot tie it to the others."""


@dataclass(frozen=True)
class Detector:
    """One array in one night: ``darks``, ``response``, and ``bad``, its bad pixels (bits of ``Flaw``, uint8).

    ``refused``: dark and flat sequences that could not be used, scan number -> reason.
    """

    darks: Darks
    response: Response
    bad: np.ndarray
    refused: dict


@dataclass(frozen=True)
class Scan:
    """A calibrated scan: ``night`` (its name), ``sequence`` (its row of the log), ``pointing`` as reported (ra, dec; deg),
    ``mjd`` and ``airmass`` of the frames, and by band letter ``frames`` (Frames without sky), ``stars`` (Detections),
    ``gain`` (electron/DN) and ``sky``, the level taken off each frame (n,), DN a pixel of a frame in 1.3 s."""

    night: str
    sequence: object
    pointing: tuple
    mjd: np.ndarray
    airmass: np.ndarray
    frames: dict
    stars: dict
    gain: dict
    sky: dict


@dataclass(frozen=True)
class Seen:
    """What the frames of a band tell of themselves: ``stars`` (Detections), and ``sky``, the level taken off each frame
    (n,), DN a pixel of a frame in 1.3 s."""

    stars: object
    sky: np.ndarray


def calibrate_detector(night, band):
    """The Detector of ``band`` (letter) from all darks and flats of a Night that can be read.

    SurveyError when they are too few, or the flats tell no slope.
    """
    refused = {}
    file, read1, read2 = _stills(night, "dark", band, refused)
    pedestal = np.median(read1, axis=0)
    darks = combine_darks(read1, difference(read1, read2, pedestal, file.nonlinearity))
    file, read1, read2 = _stills(night, "flat", band, refused)
    flats = difference(read1, read2, darks.read1, file.nonlinearity) - darks.difference
    response = fit_response(flats, ~saturated(read2 - darks.read1, file.saturate))
    if not response.range >= LEAST_RANGE:
        found = f"levels within a factor of {response.range:.1f}, expected at least {LEAST_RANGE:.0f}"
        raise SurveyError(f"{night.name} band {band}: flats with {found}")
    return Detector(darks, response, bad_pixels(darks, response), refused)


def _stills(night, kind, band, refused):
    """The first file of a type, and all its reads together: float32, (n, ny, nx), DN. ``refused`` is added to."""
    files, reads = [], []
    for row in night.of_type(kind):
        try:
            file = read_sequence(night, row.seq, (band,))[band]
            reads.append((file.read1[:], file.read2[:]))
            files.append(file)
        except SurveyError as error:
            refused[row.seq] = str(error)
    count = sum(len(read1) for read1, _ in reads)
    if count < FEWEST_STILLS:
        why = "".join(f"; {reason}" for reason in refused.values())
        raise SurveyError(f"{night.name} band {band}: {count} {kind} frames, expected at least {FEWEST_STILLS}{why}")
    return files[0], *(np.concatenate(part).astype(np.float32) for part in zip(*reads))


def calibrate_scan(night, seq, detectors):
    """The Scan number ``seq`` of a Night; ``detectors``: band letter -> Detector, the bands to be used.

    SurveyError when anything is wrong with one of them.
    """
    scan, failures = calibrate_what_is_there(night, seq, detectors)
    if failures:
        raise SurveyError("; ".join(failures.values()))
    return scan


def calibrate_what_is_there(night, seq, detectors):
    """The Scan of the bands that can be used, and why the others cannot: dict band letter -> reason.

    SurveyError when no band can.
    """
    files, failures = _readable(night, seq, tuple(detectors))
    frames, seen = {}, {}
    for band, file in files.items():
        try:
            frames[band], seen[band] = _seen(night, seq, band, file, detectors[band])
        except SurveyError as error:
            failures[band] = str(error)
    return _scan(night, seq, files, seen, frames, failures), failures


def stars_seen(night, seq, band, detector):
    """The Seen of one band of a scan; SurveyError when the band cannot be used."""
    return _seen(night, seq, band, read_sequence(night, seq, (band,))[band], detector)[1]


def scan_of_stars(night, seq, seen):
    """The Scan without frames of the bands that agree, and why others do not: dict band letter -> reason.

    ``seen``: band letter -> Seen. SurveyError when no band can be used.
    """
    files, failures = _readable(night, seq, tuple(seen))
    return _scan(night, seq, files, {band: seen[band] for band in files}, {}, failures), failures


def _seen(night, seq, band, file, detector):
    """The Frames without sky of a band, and its Seen."""
    frames, sky = _calibrated(file, detector)
    stars = find_stars(frames.image, frames.flaws)
    _check_alive(stars, frames, f"{night.name} scan {seq:03d} band {band}")
    return frames, Seen(stars, sky)


def _scan(night, seq, files, seen, frames, failures):
    """The Scan of the bands in ``seen``; SurveyError with the reasons when there are none."""
    if not seen:
        raise SurveyError("; ".join(dict.fromkeys(failures.values())))
    table, gain = files[next(iter(seen))].frames, {band: files[band].gain for band in seen}
    stars, sky = ({band: getattr(one, name) for band, one in seen.items()} for name in ("stars", "sky"))
    return Scan(night.name, night.sequence(seq), (table["ra"], table["dec"]), table["mjd"], table["airmass"], frames,
                stars, gain, sky)  # fmt: skip


def calibrate_band(night, seq, band, detector):
    """The Frames without sky of one band of a scan that ``calibrate_what_is_there`` found to be usable."""
    return _calibrated(read_sequence(night, seq, (band,))[band], detector)[0]


def _readable(night, seq, bands):
    """The files that can be read and agree, and the reasons for the others, by band."""
    failures = {}
    for band in bands:
        try:
            read_sequence(night, seq, (band,))
        except SurveyError as error:
            failures[band] = str(error)
    left = tuple(band for band in bands if band not in failures)
    if not left:
        return {}, failures
    try:
        return read_sequence(night, seq, left), failures
    except SurveyError:
        odd = _odd_one(night, seq, left)
        if odd is None:
            raise
        failures[odd] = f"{night.name} scan {seq:03d} band {odd}: FRAMES differs from those of the other bands"
    return read_sequence(night, seq, tuple(band for band in left if band != odd)), failures


def _odd_one(night, seq, bands):
    """The band whose FRAMES differ when those of the other two agree; None when it cannot be told."""
    for odd in bands if len(bands) > 2 else ():
        try:
            read_sequence(night, seq, tuple(band for band in bands if band != odd))
            return odd
        except SurveyError:
            continue
    return None


def _check_alive(stars, frames, where):
    if len(stars) < FEWEST_STARS:
        n = len(frames.image)
        raise SurveyError(f"{where}: {len(stars)} stars in {n} frames, expected {FEWEST_STARS} or more")


def _calibrated(file, detector):
    """The Frames without sky, and the level of the sky in each."""
    frames = calibrate(file.read1[:], file.read2[:], detector.darks, detector.response, detector.bad,
                       file.saturate, file.nonlinearity)
    pattern = sky_pattern(frames)
    return frames.without(pattern), np.median(pattern[:, ::4, ::4], axis=(1, 2))


def solve(scan, references):
    """The Solution of a Scan; ``references``: columns ``ra``, ``dec`` (deg ICRS) of astrometric.parquet."""
    return solve_scan(scan.stars, scan.pointing, (np.asarray(references["ra"]), np.asarray(references["dec"])))


def make_atlas(scan, solution, folder, zero_points, usable=None):
    """Write the Atlas Images of a Scan into ``folder``; returns their paths.

    ``zero_points``: band letter -> magnitude of 1 DN, a number or one for each frame: an image has that of the frame in
    its middle. ``usable``: band letter -> UsableFrames, where they are known already.
    """
    paths = []
    grids = scan_grids(solution)
    for band, frames in scan.frames.items():
        good = usable[band] if usable else usable_frames(frames.image, frames.flaws, solution, band)
        magzp = np.broadcast_to(zero_points[band], len(scan.mjd))
        shape = shape_parameter(float(np.median(scan.stars[band].width)))
        for grid in grids:
            view = scan_view(scan.night, scan.sequence, scan.mjd, solution, grid)
            field = coadd(good, solution, band, grid, _sky_of(scan.sky[band], solution, grid))
            paths.append(write_atlas(folder, field, solution, view, magzp=float(magzp[round(view.frame)]),
                                     shape_parameter=shape))  # fmt: skip
    return [path for path in paths if path is not None]


def make_strip(frames, good, solution, band):
    """One band of a whole scan on ``strip_grid``, around zero, as an atlas.coadd.Field: what extended sources are
    looked for in. The quadrants of its frames are levelled; its noise is that of sky and reads; NaN where it is
    saturated, or no frame looked.

    ``frames``: Frames; ``good``: their UsableFrames.
    """
    image = np.where(frames.flaws & int(Flaw.SATURATED), np.float32(np.nan), good.image)
    level = replace(good, image=without_offsets(image))
    return coadd(level, solution, band, strip_grid(solution), sky=0.0, starlight=False)


def _sky_of(sky, solution, grid):
    """Mean level of the sky (n,) in the frames of an Atlas Image, DN a 1 arcsec pixel; 0 where none is known."""
    reach = (grid.shape[0] + survey().instrument.frame_height) / 2
    here = np.abs(solution.pointing[1] - grid.centre[1]) * 3600 < reach
    known = sky[here & np.isfinite(sky)]
    return float(known.mean()) / survey().simulate.frame_pixel**2 if len(known) else 0.0

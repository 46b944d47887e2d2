"""From the raw reads of a scan to its Atlas Images: the rooms frames, astrometry and atlas in a row.

    calibration = {band: calibrate_detector(night, band) for band in bands}
    scan = calibrate_scan(night, seq, calibration)
    solution = solve(scan, references)
    make_atlas(scan, solution, folder, zero_points)

No command runs this yet: what is missing is the catalog of a whole scan, with photometry on its frames.
"""

from dataclasses import dataclass

import numpy as np

from processing.astrometry.solve import solve_scan
from processing.astrometry.stars import find_stars
from processing.atlas.coadd import coadd
from processing.atlas.frames import usable_frames
from processing.atlas.grid import scan_grids
from processing.atlas.header import scan_view, shape_parameter
from processing.atlas.write import write_atlas
from processing.errors import SurveyError
from processing.formats.raw_night import read_sequence
from processing.frames.calibrate import calibrate, difference
from processing.frames.darks import Darks, combine_darks
from processing.frames.flats import Response, fit_response
from processing.frames.masks import bad_pixels
from processing.frames.reads import saturated
from processing.frames.sky import sky_pattern

FEWEST_STILLS = 20
"""Dark frames, and flat frames, that a night has at least (raw night format)."""


@dataclass(frozen=True)
class Detector:
    """One array in one night: ``darks``, ``response``, and ``bad``, its bad pixels (bits of ``Flaw``, uint8)."""

    darks: Darks
    response: Response
    bad: np.ndarray


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


def calibrate_detector(night, band):
    """The Detector of ``band`` (letter) from all darks and flats of a Night; SurveyError when they are too few."""
    file, read1, read2 = _stills(night, "dark", band)
    pedestal = np.median(read1, axis=0)
    darks = combine_darks(read1, difference(read1, read2, pedestal, file.nonlinearity))
    file, read1, read2 = _stills(night, "flat", band)
    flats = difference(read1, read2, darks.read1, file.nonlinearity) - darks.difference
    response = fit_response(flats, ~saturated(read2 - darks.read1, file.saturate))
    return Detector(darks, response, bad_pixels(darks, response))


def _stills(night, kind, band):
    """The first file of a type, and all its reads together: float32, (n, ny, nx), DN."""
    files = [read_sequence(night, row.seq, (band,))[band] for row in night.of_type(kind)]
    count = sum(len(file.read1) for file in files)
    if count < FEWEST_STILLS:
        raise SurveyError(f"{night.name} band {band}: {count} {kind} frames, expected at least {FEWEST_STILLS}")
    reads = (np.concatenate([getattr(file, name)[:] for file in files]).astype(np.float32) for name in ("read1", "read2"))
    return files[0], *reads


def calibrate_scan(night, seq, detectors):
    """The Scan number ``seq`` of a Night; ``detectors``: band letter -> Detector, the bands to be used."""
    files = read_sequence(night, seq, tuple(detectors))
    frames, sky = {}, {}
    for band, detector in detectors.items():
        frames[band], sky[band] = _calibrated(files[band], detector)
    stars = {band: find_stars(found.image, found.flaws) for band, found in frames.items()}
    table = next(iter(files.values())).frames
    return Scan(night.name, night.sequence(seq), (table["ra"], table["dec"]), table["mjd"], table["airmass"],
                frames, stars, {band: file.gain for band, file in files.items()}, sky)  # fmt: skip


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
            field = coadd(good, solution, band, grid)
            paths.append(write_atlas(folder, field, solution, view, magzp=float(magzp[round(view.frame)]),
                                     shape_parameter=shape))  # fmt: skip
    return [path for path in paths if path is not None]

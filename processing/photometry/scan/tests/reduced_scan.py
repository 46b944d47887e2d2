"""A simulated raw scan of one band, calibrated and solved by the project's own code, and the truth about its stars."""

from dataclasses import dataclass

import numpy as np

from processing.astrometry.solve import solve_scan
from processing.atlas.frames import usable_frames
from processing.atlas.grid import strip_grid
from processing.formats.raw_night import read_night
from processing.formats.raw_reference import read_astrometric
from processing.formats.raw_writer import write_night_log
from processing.photometry.scan.measure import measure_scan
from processing.night.steps import calibrate_detector, calibrate_scan
from processing.simulate.frame_bound import frame_bound
from processing.simulate.night_plan import Settings, plan
from processing.simulate.nights import RawSurvey
from processing.simulate.true_light import TrueLight
from processing.simulate.truth import Truth

BAND = "j"
SETTINGS = Settings(95.0, 38.0, seed=77, frames=24, cal_frames=12, still_frames=12, limit=15.5, real=False)


@dataclass(frozen=True)
class Reduced:
    """``scan``, ``solution``, ``usable``: what goes into measure_scan; ``sources``: the BandSources that come out.

    Of all true stars: ``x``, ``y`` on the strip, arcsec, and ``bound`` (FrameBound; ``bound.dn`` is all their light);
    ``galaxies``: (n, 2), places of these.
    """

    scan: object
    solution: object
    usable: dict
    sources: object
    x: np.ndarray
    y: np.ndarray
    bound: object
    galaxies: np.ndarray


def simulated(root):
    """The Night below ``root``: its darks, flats and the science scan, in one band; and the RawSurvey."""
    raw = RawSurvey(root, SETTINGS, plan(SETTINGS))
    raw.begin()
    night = raw.nights[0]
    kept = [planned for planned in night.sequences if planned.type in ("dark", "flat", "sci")]
    for planned in kept:
        raw.write(night, planned, BAND, lambda frames: None)
    write_night_log(raw.root / night.name, [raw.row(night, planned) for planned in kept])
    return read_night(raw.root / night.name), raw


def reduced(root):
    """The scan simulated below ``root``, as a Reduced."""
    night, raw = simulated(root)
    row = night.of_type("sci")[0]
    scan = calibrate_scan(night, row.seq, {BAND: calibrate_detector(night, BAND)})
    references = read_astrometric(root)
    solution = solve_scan(scan.stars, scan.pointing, (np.asarray(references["ra"]), np.asarray(references["dec"])))
    frames = scan.frames[BAND]
    usable = {BAND: usable_frames(frames.image, frames.flaws, solution, BAND)}
    sources = measure_scan(scan, solution, usable)[BAND]
    truth = _truth(Truth(raw.truth), night.name, row, strip_grid(solution).wcs)
    return Reduced(scan, solution, usable, sources, *truth)


def _truth(truth, night, row, wcs):
    stars, galaxies = truth.stars(row.tile), truth.galaxies(row.tile)
    pixels = TrueLight(truth, night, row.seq, BAND, row.tile)
    bound = frame_bound(pixels, stars, truth.apparitions(night, "sci", row.seq, BAND, stars))
    places = [wcs.wcs_world2pix(table["ra"].to_numpy(), table["dec"].to_numpy(), 0) for table in (stars, galaxies)]
    return *places[0], bound, np.column_stack(places[1])

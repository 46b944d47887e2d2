"""The units of work of a night: each reads files, writes files and says what it found. They run on the workers.

    detector      darks, response and bad pixels of a band
    stars         all that is measured in a calibration scan
    zero_points   calibration.json of the night, from the stars of its calibration scans
    seen          stars on the frames of a band of a science scan
    places        where the frames of a science scan lie
    measured      sources, Atlas Images and strip of a band of a science scan
    extended      extended sources of a science scan
    scan          the folder of a scan in the working database

``needed``: dict of unit to Outcome, as ``processing.engine.schedule`` gives it.
"""

import shutil
from dataclasses import replace

import numpy as np

from processing.atlas.frames import usable_frames
from processing.atlas.grid import strip_grid
from processing.calibration.night import calibrate_night, read_night_calibration
from processing.calibration.repeats import corrected, error_correction, repeats
from processing.calibration.scan_stars import measurements, read_stars, scan_stars, write_stars
from processing.calibration.standards import visit_numbers
from processing.errors import SurveyError
from processing.extended.measure import measure_extended
from processing.formats.checksum import sha256_of
from processing.formats.parquet import write_parquet
from processing.formats.raw_night import LETTERS, read_night
from processing.formats.raw_reference import read_astrometric, read_standards
from processing.night.folder import read_detector, read_sources, write_detector, write_sources
from processing.night.kept_scan import (
    ATLAS, put, put_atlas, read_band, read_places, read_seen, read_strip, with_bands, write_band, write_places,
    write_seen, write_strip,
)  # fmt: skip
from processing.night.scan_zero_points import scan_zero_points
from processing.night.status import status_rows
from processing.photometry.scan import measure_scan
from processing.photometry.scan.measure import measure_band_with_psf
from processing.quality.numbers import scan_numbers
from processing.quality.page import write_page
from processing.quality.picture import write_pictures
from processing.engine.records import DONE, PARTIAL
from processing.night.steps import (
    calibrate_band, calibrate_detector, calibrate_what_is_there, make_strip, scan_of_stars, solve, stars_seen,
)  # fmt: skip
from processing.night.scan_field import scan_field
from processing.night.scan_folder import STAGE, raw_inputs, scan_plane, write_images, write_scan
from processing.engine.schedule import Work
from processing.schema import load_table
from processing.formats.work_record import EXTENDED_FILE, POINTS_FILE, SCAN_FILE


def detector(place, band, needed):
    """Darks, response and bad pixels of ``band``."""
    found = calibrate_detector(read_night(place.raw), band)
    write_detector(place.detector(band), found)
    bad = float((found.bad != 0).mean())
    numbers = {"refused": {str(seq): reason for seq, reason in found.refused.items()}, "bad": bad,
               "dark_frames": found.darks.frames, "noise": float(np.median(found.darks.noise)),
               "flat_range": found.response.range}  # fmt: skip
    note = (f"{place.name} band {band}: noise {numbers['noise']:.1f} DN, flats over a factor of "
            f"{found.response.range:.1f}, {100 * bad:.2f}% of the pixels are bad")  # fmt: skip
    refused = tuple(f"left out: {reason}" for reason in found.refused.values())
    return Work((place.detector(band),), numbers, (note, *refused))


def stars(place, seq, needed):
    """Measure a calibration scan and keep what was found."""
    found, solution, failures, notes = _solved(place, seq, needed)
    sources, _, more = _measured(found, solution)
    write_sources(place.sources(seq), sources)
    write_stars(place.stars(seq), scan_stars(found, solution, sources))
    numbers = {"sources": {band: len(one) for band, one in sources.items()}, "failures": more}
    return Work((place.stars(seq),), numbers, notes, *_judged(failures | more))


def zero_points(place, needed):
    """Zero points of the night, and how its errors are corrected."""
    night = read_night(place.raw)
    visits = visit_numbers(night.sequences)
    rows = {f"{place.name} stars {row.seq:03d}": row for row in night.of_type("cal")}
    scans = {row.seq: read_stars(place.stars(row.seq)) for unit, row in rows.items() if needed[unit].usable}
    if not scans:
        reasons = "; ".join(outcome.reason for outcome in needed.values())
        raise SurveyError(f"{place.name}: expected calibration scans, found none that can be used"
                          + (f": {reasons}" if reasons else ""))  # fmt: skip
    fields = {row.seq: row.tile for row in rows.values()}
    measured = {band: measurements(scans, visits, fields, band) for band in LETTERS}
    inputs = {unit: outcome.digest for unit, outcome in needed.items()}
    corrections = {band: error_correction(repeats(scans, visits, band)).as_record() for band in LETTERS}
    found = calibrate_night(place.name, measured, read_standards(place.root), inputs, corrections)
    found.write(place.calibration)
    return Work((place.calibration,), {"failures": found.failures}, tuple(_calibration_notes(found)))


def _calibration_notes(found):
    for band, solved in found.bands.items():
        used = solved.visits[solved.used]
        yield (f"{found.night} band {band}: zero points {solved.model} from {len(used)} of {len(solved.visits)} "
               f"visits, {used.zero_point.mean():.3f} mag, extinction from the {solved.extinction_from}")  # fmt: skip
        yield from solved.notes
        correction = found.errors[band]
        yield f"{found.night} band {band}: " + (correction["note"] or (
            f"errors times {correction['factor']:.2f} and {correction['floor']:.4f} mag more, "
            f"from {correction['stars']} repeated stars"))  # fmt: skip
    yield from (f"no zero point: {reason}" for reason in found.failures.values())


def seen(place, seq, band, needed):
    """The stars on the frames of a band of a science scan. One that cannot be used is no failure of the unit."""
    if not needed[f"{place.name} detector {band}"].usable:
        return Work((), {"failures": {}})
    try:
        found = stars_seen(read_night(place.raw), seq, band, read_detector(place.detector(band)))
    except SurveyError as error:
        return Work((), {"failures": {band: str(error)}})
    write_seen(place.seen(seq, band), found)
    return Work((place.seen(seq, band),), {"failures": {}})


def places(place, seq, needed):
    """Where the frames of a science scan lie."""
    failures = _without_detector(place, needed)
    failures |= _failed(place, seq, needed, "seen", [band for band in LETTERS if band not in failures])
    stars = {band: read_seen(place.seen(seq, band)) for band in LETTERS if band not in failures}
    if not stars:
        raise SurveyError(_told(failures))
    found, more = scan_of_stars(read_night(place.raw), seq, stars)
    solution, notes = _place(place, found)
    failures |= more
    write_places(place.places(seq), found, solution)
    return Work((place.places(seq),), {"failures": failures}, notes)


def measured(place, seq, band, needed):
    """Measure a band of a science scan, and make its Atlas Images. One that cannot be used is no failure of the unit:
    the scan is told, and goes on without."""
    before = needed[f"{place.name} places {seq:03d}"]
    if not before.usable or not needed[f"{place.name} zero points"].usable or band in before.numbers["failures"]:
        return Work((), {"failures": {}})
    calibration, night = read_night_calibration(place.calibration), read_night(place.raw)
    if band in calibration.failures:
        return Work((), {"failures": {band: calibration.failures[band]}})
    found, solution = read_places(place.places(seq), place.name, night.sequence(seq))
    frames = calibrate_band(night, seq, band, read_detector(place.detector(band)))
    found, folder = with_bands(found, {band: frames}), place.band(seq, band)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        good = usable_frames(frames.image, frames.flaws, solution, band)
        write_strip(folder, make_strip(frames, good, solution, band))
        sources, psf = measure_band_with_psf(found, solution, band, good, strip_grid(solution))
    except SurveyError as error:
        return Work((), {"failures": {band: f"{place.name} scan {seq:03d} band {band}: {error}"}})
    magnitudes = scan_zero_points(calibration, (band,), found.mjd, found.airmass)
    write_images(found, solution, folder / ATLAS, magnitudes, {band: good})
    return Work(write_band(folder, frames, good, _as_kept(sources), psf), {"failures": {}})


def extended(place, seq, needed):
    """The extended sources of a science scan, in all its bands at once."""
    found, solution, usable, sources, _, _ = _parts(place, seq, needed)
    zero_points = scan_zero_points(_calibration(place, needed), sources, found.mjd, found.airmass)
    plane = scan_plane(found, solution, usable, zero_points)
    strips = {band: read_strip(place.band(seq, band)) for band in sources}
    table = measure_extended(scan_field(plane, sources, strips, zero_points), plane, STAGE)
    write_parquet(place.extended(seq), table, load_table("xsc"), STAGE)
    return Work((place.extended(seq),), {"rows": table.num_rows})


def scan(place, seq, needed):
    """Finish a scan: its folder of the working database, and its pictures."""
    _without_detector(place, needed)
    calibration, cal = _calibration(place, needed), needed.get(f"{place.name} stars {seq:03d}")
    if cal is None:
        found, solution, usable, sources, failures, put = _parts(place, seq, needed)
    else:
        found, solution, usable, sources, failures = _calibration_scan(place, seq, needed, calibration, cal)
        put = None
    sources = {band: corrected(sources[band], calibration.errors[band]) for band in found.frames}
    inputs = _inputs(place, found)
    galaxies = needed.get(f"{place.name} extended {seq:03d}")
    content = write_scan(place.scan(seq), found, solution, usable, sources, calibration, inputs, failures, put,
                         _extended(place, seq, galaxies))  # fmt: skip
    pictures = write_pictures(place, seq, content)
    place.sources(seq).unlink(missing_ok=True)
    shutil.rmtree(place.parts(seq), ignore_errors=True)
    images = (place.scan(seq) / image["file"] for image in content["images"])
    tables = (place.scan(seq) / name for name in (POINTS_FILE, EXTENDED_FILE))
    outputs = (place.scan(seq) / SCAN_FILE, *(path for path in tables if path.exists()), *images, *pictures)
    state, reason = _judged(failures | _without_extended(galaxies))
    told = "; ".join(filter(None, (reason, solution.note)))
    return Work(outputs, scan_numbers(found, solution, content, pictures), (), state, told)


def _parts(place, seq, needed):
    """Of a science scan: Scan, Solution, UsableFrames and BandSources by band (all without pixels of frames), why other
    bands are missing, and what puts its Atlas Images into a folder."""
    before = needed[f"{place.name} places {seq:03d}"]
    if not before.usable:
        raise SurveyError(before.reason)
    failures = before.numbers["failures"] | _failed(place, seq, needed, "measured", LETTERS)
    found, solution = read_places(place.places(seq), place.name, read_night(place.raw).sequence(seq))
    bands = [band for band in found.stars if band not in failures]
    if not bands:
        raise SurveyError(_told(failures))
    folders = [place.band(seq, band) for band in bands]
    frames, usable, sources = (dict(zip(bands, part)) for part in zip(*map(read_band, folders)))
    return with_bands(found, frames), solution, usable, sources, failures, lambda target: put_atlas(folders, target)


def _failed(place, seq, needed, task, bands):
    """Why bands of a scan have not got through a task, by band."""
    failures = {}
    for band in bands:
        outcome = needed[f"{place.name} {task} {seq:03d} {band}"]
        failures |= outcome.numbers["failures"] if outcome.usable else {band: outcome.reason}
    return failures


def _extended(place, seq, outcome):
    """What puts the extended sources of a scan into a folder (see ``write_scan``); None for scans without."""
    if outcome is None or not outcome.usable:
        return None if outcome is None else lambda folder: {"failed": outcome.reason}

    def put_extended(folder):
        put(place.extended(seq), folder / EXTENDED_FILE)
        return dict(outcome.numbers)

    return put_extended


def _without_extended(outcome):
    """Why a scan is without its extended sources, as ``_judged`` takes it."""
    return {} if outcome is None or outcome.usable else {"extended": f"no extended sources: {outcome.reason}"}


def _calibration_scan(place, seq, needed, calibration, measured):
    """The same of a calibration scan, from what ``stars`` kept; without what puts the images into a folder."""
    if not measured.usable:
        raise SurveyError(measured.reason)
    found, solution, failures, _ = _solved(place, seq, needed)
    failures |= {band: reason for band, reason in calibration.failures.items() if band in found.frames}
    failures |= measured.numbers["failures"]
    found = _without(found, failures)
    sources, usable, more = _kept(place, seq, found, solution) or _measured(found, solution)
    return _without(found, more), solution, usable, sources, failures | more


def _calibration(place, needed):
    outcome = needed[f"{place.name} zero points"]
    if not outcome.usable:
        raise SurveyError(f"no zero points: {outcome.reason}")
    return read_night_calibration(place.calibration)


def _solved(place, seq, needed):
    """The Scan of the bands that are there, its Solution, why others are not (by band), and notes."""
    failures = _without_detector(place, needed)
    usable = {band: read_detector(place.detector(band)) for band in LETTERS if band not in failures}
    found, more = calibrate_what_is_there(read_night(place.raw), seq, usable)
    solution, notes = _place(place, found)
    return found, solution, failures | more, notes


def _without_detector(place, needed):
    """Bands without darks or flats, to the reason; SurveyError when all are."""
    detectors = {band: needed[f"{place.name} detector {band}"] for band in LETTERS}
    failures = {band: outcome.reason for band, outcome in detectors.items() if not outcome.usable}
    if len(failures) == len(LETTERS):
        raise SurveyError(_told(failures))
    return failures


def _without(found, bands):
    """The Scan without some bands, whose memory it gives back; SurveyError when none is left. ``bands``: to reasons."""
    if set(found.frames) <= set(bands):
        raise SurveyError(_told(bands))
    parts = {name: {band: part for band, part in getattr(found, name).items() if band not in bands}
             for name in ("frames", "stars", "gain", "sky")}  # fmt: skip
    return replace(found, **parts)


def _told(failures):
    """Reasons, each once."""
    return "; ".join(dict.fromkeys(failures.values()))


def _place(place, found):
    """The Solution, with the standards of a calibration field where no reference star helps; and notes."""
    references = read_astrometric(place.root)
    solution = solve(found, references)
    where = f"{place.name} scan {found.sequence.seq:03d}"
    if len(solution.reference_residuals) or found.sequence.type != "cal":
        return solution, (f"{where}: {solution.note}",) if solution.note else ()
    standards = read_standards(place.root)
    mine = standards["field"] == found.sequence.tile
    both = {name: np.concatenate([references[name], standards[name][mine]]) for name in ("ra", "dec")}
    again = solve(found, both)
    if not len(again.reference_residuals):
        return solution, (f"{where}: {solution.note}",)
    return again, (f"{where}: too few reference stars, placed by the standards of {found.sequence.tile}",)


def _measured(found, solution):
    """Sources by band (the residual in single precision, as it is kept), UsableFrames by band, and why other bands have
    none: three dicts. SurveyError when no band has.

    A band that is done has only its flaws left in the scan: a whole one takes half a GB, which the next band needs.
    """
    sources, usable, failures = {}, {}, {}
    for band, frames in found.frames.items():
        try:
            good = usable_frames(frames.image, frames.flaws, solution, band)
            one = measure_scan(found, solution, {band: good})[band]
            sources[band], usable[band] = _as_kept(one), good
        except SurveyError as error:
            failures[band] = f"{found.night} scan {found.sequence.seq:03d} band {band}: {error}"
        found.frames[band] = replace(frames, image=frames.image[:0].copy(), read1=frames.read1[:0].copy())
    if not sources:
        raise SurveyError(_told(failures))
    return sources, usable, failures


def _as_kept(sources):
    """BandSources with the residual in single precision, as it is kept."""
    return replace(sources, residual=np.asarray(sources.residual, np.float32))


def _kept(place, seq, found, solution):
    """The same of the sources kept by ``stars`` if all bands of the scan are there; else None."""
    if not place.sources(seq).exists():
        return None
    sources = read_sources(place.sources(seq))
    if not set(found.frames) <= set(sources):
        return None
    usable = {band: usable_frames(frames.image, frames.flaws, solution, band) for band, frames in found.frames.items()}
    return sources, usable, {}


def _judged(failures):
    """State and reason of a scan with these bands missing."""
    return (PARTIAL, _told(failures)) if failures else (DONE, "")


def _inputs(place, found):
    """What a scan was made from, for its ``scan.json``: the raw files of its bands, and the night's calibration."""
    files = raw_inputs(read_night(place.raw), found.sequence, found.frames)
    return [*files, {"file": place.calibration.name, "band": None, "sha256": sha256_of(place.calibration)}]


def page(place, needed):
    """The page of the night, from all that is settled."""
    night = read_night(place.raw)
    rows = status_rows(night, needed)
    written = write_page(place, night, rows, needed)
    return Work(written, {})

"""From the reads of a small simulated night to its zero points, with plain aperture sums on calibrated frames."""

import numpy as np
import pytest

from processing.calibration.night import calibrate_night
from processing.calibration.standards import Measurements, visit_numbers
from processing.config import survey
from processing.formats.raw_night import LETTERS, read_night, read_sequence
from processing.formats.raw_reference import read_standards
from processing.formats.raw_writer import write_night_log
from processing.frames.calibrate import calibrate, difference
from processing.frames.darks import combine_darks
from processing.frames.flats import fit_response
from processing.frames.masks import bad_pixels
from processing.frames.reads import saturated
from processing.simulate.night_plan import Settings, plan
from processing.simulate.nights import RawSurvey
from processing.simulate.truth import Truth

BAND = "j"
SMALL = Settings(190.0, 30.0, scans=1, seed=11, frames=12, cal_frames=12, still_frames=12, limit=15.0, real=False)
CORE, APERTURE, RING = 3, 6, (8, 12)
"""Pixels: no bad one is allowed in the core; of the aperture; of the sky around it."""

BEYOND = 0.03
"""Share of the light beyond the aperture that the simulated wings may have."""


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """One band of a night with a visit to a calibration field at its beginning and end."""
    root = tmp_path_factory.mktemp("calibration") / "raw"
    survey_of_one = RawSurvey(root, SMALL, plan(SMALL))
    survey_of_one.begin()
    night = survey_of_one.nights[0]
    for planned in night.sequences:
        survey_of_one.write(night, planned, BAND, lambda frames: None)
    write_night_log(root / night.name, [survey_of_one.row(night, planned) for planned in night.sequences])
    return read_night(root / night.name)


def reads(night, kind):
    """All reads of a type: file of the first sequence, READ1 and READ2, float32."""
    files = [read_sequence(night, row.seq, (BAND,))[BAND] for row in night.of_type(kind)]
    first, second = (np.concatenate([getattr(file, name)[:] for file in files]) for name in ("read1", "read2"))
    return files[0], first.astype(np.float32), second.astype(np.float32)


class Detector:
    """Darks, response and bad pixels of the night."""

    def __init__(self, night):
        self.file, read1, read2 = reads(night, "dark")
        self.darks = combine_darks(read1, difference(read1, read2, read1.mean(0), self.file.nonlinearity))
        _, read1, read2 = reads(night, "flat")
        flats = difference(read1, read2, self.darks.read1, self.file.nonlinearity) - self.darks.difference
        self.response = fit_response(flats, ~saturated(read2 - self.darks.read1, self.file.saturate))
        self.bad = bad_pixels(self.darks, self.response)

    def frames(self, file):
        read1, read2 = (np.asarray(cube[:], np.float32) for cube in (file.read1, file.read2))
        return calibrate(read1, read2, self.darks, self.response, self.bad, file.saturate, file.nonlinearity)


def aperture_sum(image, flaws, x, y):
    """DN of a star and the error of it; NaN when it cannot be measured. Bad pixels of the wings are taken for sky."""
    yy, xx = np.mgrid[:256, :256]
    apart = np.hypot(xx - x, yy - y)
    sky = image[(apart > RING[0]) & (apart < RING[1]) & (flaws == 0)]
    inside = apart <= APERTURE
    if min(x, y) < RING[1] or max(x, y) > 255 - RING[1] or flaws[apart <= CORE].any():
        return np.nan, np.nan
    level, sigma = np.median(sky), 0.7413 * np.subtract(*np.percentile(sky, [75, 25]))
    total = np.where(flaws == 0, image - level, 0)[inside].sum()
    return total, np.sqrt(max(total, 0) / survey().instrument.gain + inside.sum() * sigma**2)


def standard_stars(truth, tile, standards):
    """The simulated stars of a field that are standards."""
    stars = truth.stars(tile)
    east, north = (stars[name].to_numpy()[:, None] - standards[name] for name in ("ra", "dec"))
    return stars.filter((np.hypot(east, north) < 1e-4).any(axis=1))


def scan_measurements(night, row, visit, truth, detector, standards):
    """Rows of Measurements of one scan, at the stars' true pixels (astrometry is another room's)."""
    file = read_sequence(night, row.seq, (BAND,))[BAND]
    frames, stars = detector.frames(file), standard_stars(truth, row.tile, standards)
    places = {star["id"]: (star["ra"], star["dec"]) for star in stars.to_pylist()}
    for star in truth.apparitions(night.name, "cal", row.seq, BAND, stars).to_pylist():
        n = star["frame"] - 1
        dn, error = aperture_sum(frames.image[n], frames.flaws[n], star["x"], star["y"])
        if dn > 0:
            when = file.frames["mjd"][n], file.frames["airmass"][n]
            magnitude = -2.5 * np.log10(dn), 2.5 / np.log(10) * error / dn
            yield visit, row.seq, 1000 * row.seq + n, row.tile, *when, *places[star["id"]], *magnitude


def measured(night, truth, detector, standards):
    """Measurements of the standards in all calibration scans."""
    visits = visit_numbers(night.sequences)
    rows = [line for row in night.of_type("cal")
            for line in scan_measurements(night, row, visits[row.seq], truth, detector, standards)]  # fmt: skip
    return Measurements(*(np.array(column) for column in zip(*rows)))


def test_zero_points_of_a_simulated_night_are_those_of_its_truth(raw):
    truth, standards = Truth(raw.path.parent / "truth"), read_standards(raw.path.parent)
    found = calibrate_night(raw.name, {BAND: measured(raw, truth, Detector(raw), standards)}, standards)
    solved = found.bands[BAND]
    assert solved.status == ("clear", "clear") and set(found.failures) == set(LETTERS) - {BAND}
    differences = []
    for row in raw.of_type("cal", "sci"):
        true = truth.frames(raw.name, row.type, row.seq, BAND).to_pydict()
        mjd, airmass = np.mean(true["mjd"]), np.mean(true["airmass"])
        scan = found.zero_point(BAND, mjd, airmass)
        differences.append((scan.value - 2.5 * np.log10(np.mean(true["unit"])), scan.error))
    apart, errors = np.array(differences).T
    assert len(apart) == 13 and errors.max() < 0.03
    lost = 2.5 * np.log10(1 - BEYOND)
    assert np.all(apart < 3 * errors) and np.all(apart > lost - 3 * errors)
    assert np.ptp(apart) < 3 * np.hypot(errors[0], errors[-1])

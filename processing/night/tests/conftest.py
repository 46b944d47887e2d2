"""A small simulated night, reduced once for all tests that look at what becomes of a scan; and a smaller one, reduced
by the command."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from processing.atlas.frames import usable_frames
from processing.atlas.grid import strip_grid
from processing.calibration.band import solve_band
from processing.calibration.night import NightCalibration
from processing.calibration.standards import visit_numbers
from processing.calibration.visits import Visits
from processing.cli import main
from processing.config import survey
from processing.formats.raw_night import LETTERS, read_night
from processing.formats.raw_reference import read_astrometric
from processing.formats.raw_writer import write_night_log
from processing.photometry.scan.measure import measure_band_with_psf
from processing.night.steps import calibrate_detector, calibrate_scan, solve
from processing.night.scan_folder import raw_inputs, write_scan
from processing.simulate.night_plan import Settings, plan
from processing.simulate.nights import RawSurvey
from processing.simulate.truth import Truth
from processing.night.tests.cluster import Cluster
from processing.night.tests.small_night import simulate_small_night

SMALL = Settings(284.0, 12.0, scans=2, seed=23, frames=20, cal_frames=12, still_frames=12, limit=14.5, real=False)


@dataclass(frozen=True)
class RawNight:
    """``root``: folder of the simulated survey; ``night``: its only Night."""

    root: Path
    night: object

    @property
    def truth(self):
        return Truth(self.root / "truth")


@dataclass(frozen=True)
class SolvedScan:
    """A scan up to its source lists, in DN as observed, and the PSF of its strip; both by band."""

    scan: object
    solution: object
    usable: dict
    sources: dict
    psf: dict


@pytest.fixture(scope="session")
def raw_night(tmp_path_factory):
    """Of the six scans of a calibration visit only the first: their truth is wanted, not their frames."""
    raw = RawSurvey(tmp_path_factory.mktemp("raw"), SMALL, plan(SMALL))
    raw.begin()
    night = raw.nights[0]
    visits = visit_numbers(night.sequences)
    first = {visit: seq for seq, visit in reversed(visits.items())}.values()
    kept = [planned for planned in night.sequences if planned.type != "cal" or planned.seq in first]
    for planned in kept:
        for band in LETTERS:
            raw.write(night, planned, band, lambda frames: None)
    write_night_log(raw.root / night.name, [raw.row(night, planned) for planned in kept])
    return RawNight(raw.root, read_night(raw.root / night.name))


@pytest.fixture(scope="session")
def solved_scans(raw_night):
    """The two science scans, which overlap: the first goes north, the second south."""
    detectors = {band: calibrate_detector(raw_night.night, band) for band in LETTERS}
    references = read_astrometric(raw_night.root)
    return [_solved(raw_night.night, row.seq, detectors, references) for row in raw_night.night.of_type("sci")]


def _solved(night, seq, detectors, references):
    scan = calibrate_scan(night, seq, detectors)
    solution = solve(scan, references)
    usable = {band: usable_frames(frames.image, frames.flaws, solution, band) for band, frames in scan.frames.items()}
    grid = strip_grid(solution)
    found = {band: measure_band_with_psf(scan, solution, band, usable[band], grid) for band in usable}
    sources, psf = ({band: pair[k] for band, pair in found.items()} for k in (0, 1))
    return SolvedScan(scan, solution, usable, sources, psf)


@pytest.fixture(scope="session")
def true_calibration(raw_night):
    """The night's calibration, had its standards no errors: visits at the truth."""
    night, numbers = raw_night.night, visit_numbers(raw_night.night.sequences)
    bands = {}
    for band, extinction in zip(LETTERS, survey().atmosphere.extinction):
        seen = [[raw_night.truth.frames(night.name, "cal", seq, band) for seq in numbers if numbers[seq] == visit]
                for visit in sorted(set(numbers.values()))]  # fmt: skip
        bands[band] = solve_band(_true_visits(seen, extinction), extinction, f"{night.name} band {band}")
    return NightCalibration(night=night.name, bands=bands, failures={}, settings={}, inputs={}, errors={})


def _true_visits(seen, extinction):
    mjd, airmass, unit = ([np.mean(np.concatenate([table[name].to_numpy() for table in visit])) for visit in seen]
                          for name in ("mjd", "airmass", "unit"))  # fmt: skip
    n, airmass = len(seen), np.array(airmass)
    zero_point = 2.5 * np.log10(unit) + extinction * (airmass - 1)
    return Visits(np.arange(n), np.array([f"field {k}" for k in range(n)]), np.array(mjd), airmass, zero_point,
                  np.eye(n) * 1e-6, np.full(n, 12), np.zeros(n, int), np.zeros(n))  # fmt: skip


@pytest.fixture(scope="session")
def scan_folders(raw_night, solved_scans, true_calibration, tmp_path_factory):
    """The folders of the two scans in the working database."""
    root = tmp_path_factory.mktemp("work")
    folders = [root / raw_night.night.name / f"s{found.scan.sequence.seq:03d}" for found in solved_scans]
    for folder, found in zip(folders, solved_scans):
        inputs = raw_inputs(raw_night.night, found.scan.sequence, LETTERS)
        write_scan(folder, found.scan, found.solution, found.usable, found.sources, true_calibration, inputs)
    return folders


@pytest.fixture(scope="session")
def tiny_night(tmp_path_factory):
    """The Night of ``small_night``."""
    return simulate_small_night(tmp_path_factory.mktemp("tiny") / "raw")


@pytest.fixture(scope="session")
def tiny_work(tiny_night, solved_scans, tmp_path_factory):
    """Its folder of the working database, made by ``twomass reduce`` without a break.

    After ``solved_scans``, with which one process has compiled what otherwise each worker would compile for itself.
    """
    out = tmp_path_factory.mktemp("reduced") / "work"
    assert main(["reduce", str(tiny_night.path), "--out", str(out), "--workers", "2"]) == 0
    return out / tiny_night.name


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Address of a Dask cluster that runs already."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as address:
        yield address

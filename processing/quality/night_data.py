"""All that the page of a night shows, gathered from what the units of work wrote."""

from dataclasses import dataclass

import numpy as np

from processing.calibration.night import read_night_calibration
from processing.calibration.repeats import repeats
from processing.calibration.scan_stars import read_stars
from processing.calibration.standards import visit_numbers
from processing.formats.raw_night import LETTERS
from processing.formats.work_record import read_record

STAGE = "reduce"


@dataclass(frozen=True)
class NightData:
    """``night``: Night; ``rows``: of its status table; ``scans``: scan number -> content of ``scan.json``, if finished;
    ``numbers``: scan number -> see ``quality.numbers``; ``calibration``: NightCalibration or None; ``problem``: why
    there is none; ``repeated``: band letter -> Repeats."""

    night: object
    rows: list
    scans: dict
    numbers: dict
    calibration: object
    problem: str
    repeated: dict

    def hours(self, mjd):
        """UTC hours since the midnight (UTC) before the night's first scan; of an array or a number."""
        first = min((numbers["mjd"][0] for numbers in self.numbers.values()), default=0.0)
        return 24 * (np.asarray(mjd, float) - np.floor(first))

    def along(self, seq, band, what):
        """Hours and values of a quantity of ``scan.json``'s quality along a scan; two arrays, empty without it."""
        block = self.scans[seq]["quality"]["bands"].get(band)
        if block is None:
            return np.zeros(0), np.zeros(0)
        first, last = self.numbers[seq]["mjd"]
        frames = self.night.sequence(seq).nframes
        mjd = first + (last - first) * (np.array(block["frames"]) - 1) / (frames - 1)
        return self.hours(mjd), np.array([np.nan if v is None else v for v in block[what]])

    def values(self, *keys):
        """Scan number -> value below ``quality`` in ``scan.json``, of the scans that have it."""
        found = {}
        for seq, content in self.scans.items():
            value = content["quality"]
            for key in keys:
                value = value.get(key) if isinstance(value, dict) else None
            if value is not None:
                found[seq] = value
        return found


def gather(place, night, rows, outcomes):
    """The NightData. ``outcomes``: unit -> Outcome, of all scans and of the zero points."""
    scans, numbers = {}, {}
    for row in night.of_type("cal", "sci"):
        outcome, content = outcomes[f"{night.name} scan {row.seq:03d}"], read_record(place.scan(row.seq), STAGE)
        if outcome.usable and content and "failed" not in content:
            scans[row.seq], numbers[row.seq] = content, outcome.numbers
    solved = outcomes[f"{night.name} zero points"]
    calibration = read_night_calibration(place.calibration) if solved.usable else None
    return NightData(night, rows, scans, numbers, calibration, solved.reason, _repeated(place, night, outcomes))


def _repeated(place, night, outcomes):
    usable = [row.seq for row in night.of_type("cal") if outcomes[f"{night.name} stars {row.seq:03d}"].usable]
    stars, visits = {seq: read_stars(place.stars(seq)) for seq in usable}, visit_numbers(night.sequences)
    return {band: repeats(stars, visits, band) for band in LETTERS}

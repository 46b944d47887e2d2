"""Where the files of a night are: its raw folder, and its folder of the working database.

    WORK/<night>/s<scan:03d>/         points.parquet, extended.parquet (of science scans), scan.json, atlas/: what a
                                      release is made from
    WORK/<night>/calibration.json     zero points and errors of the night
    WORK/<night>/status.ecsv          a row a sequence: state, reason, rows, seconds, memory
    WORK/<night>/index.html, pages/   what a person looks at
    WORK/<night>/kept/                darks, flats and bad pixels by band; stars of the calibration scans; what units of
                                      a scan leave for each other, until it is finished
    WORK/<night>/units/               a record of each finished unit of work: what it was made from
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from processing.errors import SurveyError
from processing.formats.whole import whole_file
from processing.formats.work_record import EXTENDED_FILE
from processing.frames.darks import Darks
from processing.frames.flats import Response
from processing.photometry.sources import BandSources
from processing.night.steps import Detector


@dataclass(frozen=True)
class NightFolder:
    """``raw``: ROOT/<night>; ``folder``: WORK/<night>; both absolute."""

    raw: Path
    folder: Path

    @property
    def name(self):
        """Of the night, yymmdd and hemisphere."""
        return self.folder.name

    @property
    def root(self):
        """Where ``reference`` is."""
        return self.raw.parent

    @property
    def calibration(self):
        """The zero points."""
        return self.folder / "calibration.json"

    @property
    def status(self):
        """The table of sequences."""
        return self.folder / "status.ecsv"

    @property
    def page(self):
        """What a person looks at."""
        return self.folder / "index.html"

    def record(self, unit):
        """The record of a unit of work."""
        return self.folder / "units" / f"{unit}.json"

    def detector(self, band):
        """Darks, response and bad pixels of a band."""
        return self.folder / "kept" / f"detector_{band}.npz"

    def stars(self, seq):
        """Stars of a calibration scan."""
        return self.folder / "kept" / f"s{seq:03d}.parquet"

    def sources(self, seq):
        """All that was measured in a calibration scan, until the scan is finished."""
        return self.folder / "kept" / f"s{seq:03d}.npz"

    def parts(self, seq):
        """What the units of a science scan leave for each other, until it is finished."""
        return self.folder / "kept" / f"s{seq:03d}"

    def seen(self, seq, band):
        """Stars on the frames of a band of a science scan."""
        return self.parts(seq) / f"seen_{band}.npz"

    def places(self, seq):
        """Where the frames of a science scan lie."""
        return self.parts(seq) / "places.npz"

    def band(self, seq, band):
        """A band of a science scan."""
        return self.parts(seq) / band

    def extended(self, seq):
        """Extended sources of a science scan, until it is finished."""
        return self.parts(seq) / EXTENDED_FILE

    def scan(self, seq):
        """The folder of a scan."""
        return self.folder / f"s{seq:03d}"

    def picture(self, seq, number):
        """The colour picture of an Atlas field."""
        return self.folder / "pages" / f"s{seq:03d}_{number:03d}.jpg"


DETECTOR = {"read1": Darks, "difference": Darks, "noise": Darks, "frames": Darks,
            "slope": Response, "scatter": Response, "range": Response}  # fmt: skip
"""What is kept of darks and response."""


def write_detector(path, detector):
    """Keep a Detector but for its ``refused``."""
    parts = {Darks: detector.darks, Response: detector.response}
    with whole_file(path) as partial, partial.open("wb") as stream:
        np.savez(stream, bad=detector.bad, **{name: getattr(parts[kind], name) for name, kind in DETECTOR.items()})


def read_detector(path):
    """The Detector kept in ``path``."""
    kept = arrays(path)
    darks, response = (kind(**{name: kept[name] for name, one in DETECTOR.items() if one is kind})
                       for kind in (Darks, Response))  # fmt: skip
    return Detector(darks, response, kept["bad"], {})


def write_sources(path, sources):
    """Keep the BandSources of a scan, band letter -> BandSources."""
    arrays = {}
    for band, found in sources.items():
        for name in found.__dataclass_fields__:
            value = getattr(found, name)
            if value is not None:
                arrays[f"{band}.{name}"] = np.asarray(value)
    with whole_file(path) as partial, partial.open("wb") as stream:
        np.savez(stream, **arrays)


def read_sources(path):
    """What ``write_sources`` kept."""
    found = {}
    for name, value in arrays(path).items():
        band, field = name.split(".")
        found.setdefault(band, {})[field] = value
    return {band: BandSources(**fields) for band, fields in found.items()}


def arrays(path):
    """Name -> array; numbers and texts as Python's own."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return {name: kept[name].item() if kept[name].ndim == 0 else kept[name] for name in kept.files}
    except (OSError, ValueError, EOFError) as error:
        raise SurveyError(f"{path}: cannot be read as what an earlier step kept: {error}") from error

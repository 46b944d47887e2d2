"""What a night remembers of its calibration, and the zero point of a scan."""

import json
from dataclasses import asdict, dataclass, field, fields

import numpy as np

from processing import __version__
from processing.calibration.band import BandCalibration, solve_band
from processing.calibration.drift import Candidate
from processing.calibration.standards import standard_offsets
from processing.calibration.visits import Visits, visit_zero_points
from processing.config import survey
from processing.errors import SurveyError
from processing.formats.whole import whole_file
from processing.schema.bands import BANDS

STAGE = "calibration"


@dataclass(frozen=True)
class ScanZeroPoint:
    """Zero point of a scan, mag.

    ``value``: to add to -2.5 log10(DN), extinction included; ``error``: of that, from the covariance; ``zperr``: the
    night's leave-one-field-out residual, as the survey quotes it (NaN: not known); ``notes`` of the night in this band.
    """

    value: float
    error: float
    zperr: float
    notes: tuple


@dataclass(frozen=True)
class NightCalibration:
    """The bands of one night.

    ``bands``: dict from letter to BandCalibration; ``failures``: dict from the others to the reason; ``settings``:
    section calibration of survey.yaml and the extinction; ``inputs``: dict that the caller gives (files and checksums);
    ``errors``: dict from letter to what ``repeats.ErrorCorrection.as_record`` returns.
    """

    night: str
    bands: dict
    failures: dict
    settings: dict
    inputs: dict
    version: str = __version__
    errors: dict = field(default_factory=dict)

    def zero_point(self, band, mjd, airmass):
        """The ScanZeroPoint at ``mjd`` (d, UTC) and ``airmass``; SurveyError when the band has no calibration."""
        solved = self._solved(band)
        value, error = solved.zero_point(mjd, airmass)
        return ScanZeroPoint(float(value), float(error), solved.zperr, solved.notes)

    def photometricity(self, band, mjd):
        """Numbers for the quality of a scan: see BandCalibration.photometricity."""
        return self._solved(band).photometricity(mjd)

    def _solved(self, band):
        if band in self.bands:
            return self.bands[band]
        raise SurveyError(self.failures.get(band, f"{self.night} band {band}: expected a calibration, found none"))

    def write(self, path):
        """Write as JSON."""
        kept = ("night", "version", "settings", "inputs", "failures", "errors")
        record = {name: getattr(self, name) for name in kept}
        record["bands"] = {band: _plain(asdict(solved)) for band, solved in self.bands.items()}
        with whole_file(path) as partial:
            partial.write_text(json.dumps({"stage": STAGE, **record}, indent=1, allow_nan=False) + "\n")


def calibrate_night(night, measured, standards, inputs=None, errors=None):
    """The NightCalibration of measurements.

    Parameters
    ----------
    night : str
        Its name.
    measured : dict of str to Measurements
        Stars in the calibration scans, by band.
    standards : dict of ndarray
        As formats.raw_reference.read_standards returns them.
    inputs : dict, optional
        What the product is to remember of where these come from.
    errors : dict, optional
        Corrections of quoted errors, see NightCalibration.

    A band that cannot be calibrated is a failure with its reason; SurveyError when that is so in all bands.
    """
    bands, failures = {}, {}
    for letter, extinction in _extinctions().items():
        try:
            bands[letter] = _band(night, letter, measured, standards, extinction)
        except SurveyError as error:
            failures[letter] = str(error)
    if not bands:
        raise SurveyError("; ".join(failures.values()))
    settings = {**asdict(survey().calibration), "extinction": list(survey().atmosphere.extinction)}
    return NightCalibration(night, bands, failures, settings, inputs or {}, errors=errors or {})


def _band(night, band, measured, standards, extinction):
    where = f"{night} band {band}"
    if band not in measured or not len(measured[band].mjd):
        raise SurveyError(f"{where}: expected measurements in calibration scans, found none")
    offsets = standard_offsets(measured[band], standards, band, extinction)
    if not len(offsets.mjd):
        reasons = ", ".join(f"{count} {reason}" for reason, count in offsets.dropped.items())
        raise SurveyError(f"{where}: expected standards among {len(measured[band].mjd)} measurements, "
                          f"found none that can be used ({reasons})")  # fmt: skip
    return solve_band(visit_zero_points(offsets), extinction, where)


def _extinctions():
    return dict(zip((band.letter for band in BANDS), survey().atmosphere.extinction))


def read_night_calibration(path):
    """The NightCalibration in a JSON file; SurveyError when it is none."""
    try:
        record = json.loads(path.read_text())
        found = record.pop("stage")
        if found != STAGE:
            raise SurveyError(f"{path}: expected stage {STAGE}, found {found}")
        bands = {letter: _band_calibration(band) for letter, band in record.pop("bands").items()}
        return NightCalibration(bands=bands, **record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SurveyError(f"{path}: cannot be read as the calibration of a night: {error!r}") from error


def _plain(value):
    """The same for JSON: arrays as lists, NaN as null."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value


def _band_calibration(record):
    visits = Visits(**{part.name: _array(record["visits"][part.name], part.name) for part in fields(Visits)})
    numbers = {name: record[name] for name in ("extinction", "spread", "floor", "probability")}
    return BandCalibration(
        visits=visits, status=tuple(record["status"]), jump=_array(record["jump"], "jump"),
        tried=tuple(Candidate(**one) for one in record["tried"]), notes=tuple(record["notes"]),
        zperr=float(_array(record["zperr"], "zperr")), field_pull=float(_array(record["field_pull"], "")), **numbers,
    )  # fmt: skip


def _array(values, name):
    kinds = {"number": int, "stars": int, "rejected": int, "field": str}
    return np.array(values, kinds.get(name, float))

"""The survey's numbers, read once from ``etc/survey.yaml`` and refused when anything in it is unknown or missing.

In the file each number stands with its unit and its source::

    photometry:
      aperture_radius: {value: 4.0, unit: arcsec, source: "Explanatory Supplement IV.4c"}

In the program it is ``survey().photometry.aperture_radius``, a plain number in that unit.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from processing.config.catalogs import (
    ArtifactRules, Associations, Bulk, Difference, ExtendedRelease, Hips, MinorPlanets, Release,
)  # fmt: skip
from processing.config.extended import Extended, ExtendedField, ExtendedList, ExtendedMeasures
from processing.config.frames import Astrometry, Atlas, Calibration, Coadd
from processing.config.instrument import Atmosphere, Detector, Instrument
from processing.config.points import (
    Aperture, Confusion, Extraction, Glare, Listing, Merge, Quality, ScanPhotometry, ScanQuality, Uncertainty, Wings,
)  # fmt: skip
from processing.config.read import read_sections
from processing.config.requirements import Validate, ValidateExtended
from processing.config.simulated import Simulate, SimulatedCamera, SimulatedNight

SURVEY_FILE = Path(__file__).parents[2] / "etc" / "survey.yaml"


@dataclass(frozen=True)
class Survey:
    """All sections of the file."""

    instrument: Instrument
    detector: Detector
    atmosphere: Atmosphere
    calibration: Calibration
    astrometry: Astrometry
    atlas: Atlas
    coadd: Coadd
    extraction: Extraction
    scan_photometry: ScanPhotometry
    extended: Extended
    extended_field: ExtendedField
    extended_measures: ExtendedMeasures
    extended_list: ExtendedList
    listing: Listing
    glare: Glare
    aperture: Aperture
    wings: Wings
    merge: Merge
    confusion: Confusion
    uncertainty: Uncertainty
    quality: Quality
    scan_quality: ScanQuality
    simulate: Simulate
    simulated_camera: SimulatedCamera
    simulated_night: SimulatedNight
    artifacts: ArtifactRules
    difference: Difference
    bulk: Bulk
    associations: Associations
    minor_planets: MinorPlanets
    release: Release
    extended_release: ExtendedRelease
    validate: Validate
    validate_extended: ValidateExtended
    hips: Hips


@cache
def survey(path=SURVEY_FILE):
    """The numbers in ``path``; SurveyError names the key that is unknown, missing, there twice or in another unit."""
    return read_sections(Survey, path, "source")

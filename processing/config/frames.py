"""From frames to images: calibration, astrometry, Atlas Images."""

from dataclasses import dataclass

from processing.config.read import number


@dataclass(frozen=True)
class Calibration:
    """Standards, and what is known of the zero point of a night before it is measured."""

    match_radius: float = number("arcsec")
    confusion_radius: float = number("arcsec")
    confusion_contrast: float = number("mag")
    measurement_floor: float = number("mag")
    clip: float = number("")
    few_error: float = number("mag")
    visit_floor: float = number("mag")
    drift: float = number("mag/h^0.5")
    extinction_spread: float = number("")
    cloud_scatter: float = number("mag")
    cloud_jump: float = number("mag")


@dataclass(frozen=True)
class Astrometry:
    """Stars on single frames and the solution of a scan."""

    peak: float = number("")
    snr: float = number("")
    candidates: int = number("")
    centroid_floor: float = number("arcsec")
    phase_error: float = number("arcsec")
    irregular: float = number("arcsec")
    pointing: float = number("arcsec")
    pointing_jitter: float = number("arcsec")
    reference_error: float = number("arcsec")


@dataclass(frozen=True)
class Atlas:
    """Size of the Atlas Images, and what is taken for a transient."""

    width: int = number("pixel")
    height: int = number("pixel")
    overlap: int = number("pixel")
    margin: float = number("arcsec")
    transient: float = number("")
    transient_edge: float = number("")


@dataclass(frozen=True)
class Coadd:
    """Noise of the pixels of an Atlas Image."""

    noise_correlation: tuple = number("")
    spectrum_floor: float = number("")

"""How the Level 1 requirements are measured."""

from dataclasses import dataclass

from processing.config.read import number


@dataclass(frozen=True)
class Validate:
    """What is required of a release, and of which objects it is measured."""

    ten_sigma: float = number("mag")
    bin: float = number("mag")
    latitude: float = number("deg")
    alone: float = number("arcsec")
    contrast: float = number("mag")
    bright_snr: float = number("")
    visit_scans: int = number("")
    confirmed_scans: int = number("")
    bright: tuple = number("mag")
    faint: tuple = number("mag")
    read2_saturation: tuple = number("mag")
    read1_saturation: tuple = number("mag")
    read1_range: float = number("mag")
    continuity_range: float = number("mag")
    uniformity: float = number("mag")
    precision: float = number("mag")
    position: float = number("arcsec")
    completeness: float = number("")
    reliability: float = number("")
    read1_bias: float = number("mag")
    read1_faint: float = number("mag")
    read1_bright: float = number("mag")
    coverage: float = number("")
    coverage_order: int = number("")
    tension: float = number("")
    few_visits: int = number("")
    low_score: int = number("")


@dataclass(frozen=True)
class ValidateExtended:
    """What is required of the extended sources of a release, and of which objects it is measured."""

    limit: tuple = number("mag")
    precision_from: tuple = number("mag")
    precision_to: tuple = number("mag")
    precision: float = number("mag")
    uniformity: float = number("mag")
    uniformity_snr: float = number("")
    completeness: float = number("")
    completeness_latitude: float = number("deg")
    reliability: tuple = number("")
    reliability_latitudes: tuple = number("deg")
    fainter: float = number("mag")
    fewest: int = number("")

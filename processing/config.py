"""The survey's numbers, read once from ``etc/survey.yaml`` and refused when anything in it is unknown or missing.

In the file each number stands with its unit and its source::

    photometry:
      aperture_radius: {value: 4.0, unit: arcsec, source: "Explanatory Supplement IV.4c"}

In the program it is ``survey().photometry.aperture_radius``, a plain number in that unit.
"""

from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path

import yaml

from processing.errors import SurveyError

SURVEY_FILE = Path(__file__).parents[1] / "etc" / "survey.yaml"


def number(unit):
    """A field of a section: what its unit must be in the file ("" for a pure number)."""
    return field(metadata={"unit": unit})


@dataclass(frozen=True)
class Instrument:
    """Detector and scan geometry."""

    scan_rate: float = number("arcsec/s")
    frames_per_coadd: float = number("")
    read2_exposure: float = number("s")
    frame_height: float = number("arcsec")
    gain: float = number("electron/adu")


@dataclass(frozen=True)
class Detector:
    """The reads: what a raw file whose header does not say so is taken to have."""

    read1: float = number("s")
    read2: float = number("s")
    read_noise: float = number("electron")
    saturate: float = number("adu")
    nonlinearity: float = number("1/adu")
    latent_above: float = number("adu")
    latent_decay: tuple = number("")


@dataclass(frozen=True)
class Atmosphere:
    """What the air takes."""

    extinction: tuple = number("mag")


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


@dataclass(frozen=True)
class Extraction:
    """Detection and profile fit on an Atlas Image."""

    detect: float = number("")
    detect_again: float = number("")
    share: float = number("")
    keep: float = number("")
    same: float = number("arcsec")
    profile_error: float = number("")
    flux_floor: float = number("")
    fit_radius: int = number("arcsec")
    growth_radius: float = number("arcsec")
    saturation: float = number("adu")


@dataclass(frozen=True)
class ScanPhotometry:
    """Detection and profile fit on the frames of a scan."""

    detect: float = number("")
    detect_again: float = number("")
    crowded: float = number("")
    deblend_rounds: int = number("")
    share: float = number("")
    keep: float = number("")
    same: float = number("arcsec")
    profile_error: float = number("")
    flux_floor: float = number("")
    listed: float = number("")
    split_separation: float = number("")
    split_significance: float = number("")
    doubtful: float = number("")
    doubtful_reach: float = number("arcsec")


@dataclass(frozen=True)
class Extended:
    """Which components of a fit are one galaxy."""

    reach: float = number("arcsec")
    least_ratio: float = number("")
    price: float = number("")
    star_price: float = number("")
    star_share: float = number("")
    least: float = number("arcsec")
    model_error: float = number("")
    explained: float = number("")
    outskirts: float = number("arcsec")
    saturated: float = number("arcsec")


@dataclass(frozen=True)
class ExtendedField:
    """Background and candidates of extended sources."""

    wavelength: float = number("arcsec")
    object: float = number("")
    starlight: float = number("")
    star_error: float = number("")
    bright: float = number("adu")
    galaxy: float = number("")
    glare: float = number("")
    same: float = number("arcsec")
    discs: tuple = number("arcsec")
    share_error: float = number("")
    wide: float = number("")
    share: float = number("")
    faint: tuple = number("")
    isophote: float = number("")


@dataclass(frozen=True)
class ExtendedMeasures:
    """Shapes, apertures and profiles of the extended sources."""

    shape_sigma: float = number("")
    steep_sigma: float = number("")
    least_minor: float = number("arcsec")
    isophotes: tuple = number("mag/arcsec2")
    kron_factor: float = number("")
    kron_least: float = number("arcsec")
    central_radius: float = number("arcsec")
    least_reach: float = number("arcsec")
    beyond: float = number("arcsec")
    profile_error: float = number("")
    index_prior: tuple = number("")
    two_profiles: float = number("")
    second_price: float = number("")
    share_spread: float = number("")
    band_spread: tuple = number("")


@dataclass(frozen=True)
class ExtendedList:
    """Which extended sources the working database keeps."""

    score: float = number("")


@dataclass(frozen=True)
class Listing:
    """Which fitted components are sources."""

    own_peak: float = number("arcsec")
    concentration: float = number("")
    split_separation: float = number("")
    split_significance: float = number("")
    close_significance: float = number("")
    close_concentration: float = number("")
    pair_ratio: float = number("")
    pair_significance: float = number("")


@dataclass(frozen=True)
class Glare:
    """Halo and diffraction spikes of very bright stars."""

    parent: float = number("adu")
    spike: tuple = number("")
    spike_width: float = number("arcsec")
    halo: float = number("")


@dataclass(frozen=True)
class Aperture:
    """The standard aperture and its sky annulus."""

    radius: float = number("arcsec")
    sky_inner: float = number("arcsec")
    sky_outer: float = number("arcsec")


@dataclass(frozen=True)
class Wings:
    """The profile of a star far from its core, for scans whose own stars do not show it."""

    radius: tuple = number("arcsec")
    light: tuple = number("dex")
    light_error: float = number("")
    star_error: float = number("")


@dataclass(frozen=True)
class Merge:
    """Position errors and the rules of band merging."""

    band_floor: float = number("arcsec")
    scan_floor: float = number("arcsec")
    frame_floor: float = number("arcsec")
    reach: float = number("arcsec")
    common: float = number("")
    tail_share: float = number("")
    tail_width: float = number("arcsec")
    ambiguity: float = number("")
    pair_reach: float = number("arcsec")
    pair_share: float = number("")


@dataclass(frozen=True)
class Confusion:
    """Which neighbours confuse the photometry (cc_flg c)."""

    radius: tuple = number("arcsec")
    growth: tuple = number("")
    reach: float = number("arcsec")


@dataclass(frozen=True)
class Uncertainty:
    """Terms of the total magnitude uncertainty besides the zero point of the band."""

    flat: float = number("mag")
    read1: float = number("mag")


@dataclass(frozen=True)
class Quality:
    """Limits of the photometric quality flag."""

    snr: tuple = number("")
    sigma: tuple = number("mag")
    poor_chi2: float = number("")
    detected_snr: float = number("")
    detected_share: float = number("")
    missed_snr: float = number("")
    no_error: float = number("mag")


@dataclass(frozen=True)
class ScanQuality:
    """The quality score of a scan."""

    frames: int = number("")
    mean_seeing: float = number("")
    largest_seeing: float = number("")
    seeing_score: int = number("")
    power: float = number("")
    slope: float = number("mag")
    usual_psp: tuple = number("")
    limit: tuple = number("mag")
    score_slope: float = number("1/mag")
    airglow: float = number("adu")
    airglow_images: int = number("")
    airglow_score: int = number("")


@dataclass(frozen=True)
class Simulate:
    """What the simulated sky and camera are like."""

    magzp: tuple = number("mag")
    sky: tuple = number("adu")
    airglow: tuple = number("adu")
    read_noise: float = number("electron")
    full_well: float = number("adu")
    seeing: float = number("arcsec")
    frame_pixel: float = number("arcsec")
    frame_step: float = number("arcsec")
    kernel_box: float = number("arcsec")


@dataclass(frozen=True)
class SimulatedCamera:
    """Detectors and optics of simulated raw nights."""

    pedestal: float = number("adu")
    pedestal_scatter: float = number("adu")
    reset_noise: float = number("electron")
    flat_pixel: float = number("")
    flat_wide: float = number("")
    flat_quadrant: float = number("")
    dark_current: float = number("adu/s")
    dark_scatter: float = number("")
    glow: float = number("adu")
    glow_reach: float = number("pixel")
    dead: float = number("")
    hot: float = number("")
    hot_current: float = number("adu/s")
    noisy: float = number("")
    noisy_factor: float = number("")
    full_well: tuple = number("adu")
    stripe: float = number("adu")
    stripe_echo: float = number("")
    quadrant_drift: float = number("adu")
    persistence: float = number("")
    persistence_above: float = number("adu")
    persistence_decay: float = number("s")
    cosmic_rate: float = number("1/s")
    cosmic_charge: float = number("electron")
    rotation: float = number("deg")
    band_offset: float = number("arcsec")
    band_rotation: float = number("rad")
    scale_error: float = number("")
    distortion: float = number("pixel")


@dataclass(frozen=True)
class SimulatedNight:
    """Sky, weather and telescope of simulated raw nights."""

    frame_period: float = number("s")
    overlap: float = number("arcsec")
    field_step: float = number("arcsec")
    visit_scans: int = number("")
    zero_point: float = number("mag")
    zero_point_drift: float = number("mag")
    extinction_spread: float = number("")
    seeing_drift: float = number("")
    seeing_minutes: float = number("min")
    seeing_field: float = number("")
    elongation: float = number("arcsec")
    halo: tuple = number("")
    spike_share: float = number("")
    spike_turn: float = number("arcsec")
    spike_width: float = number("arcsec")
    sky_drift: tuple = number("")
    airglow: tuple = number("adu")
    airglow_scale: float = number("arcsec")
    airglow_wind: float = number("arcsec/s")
    pointing_constant: float = number("arcsec")
    pointing_wander: float = number("arcsec")
    pointing_jitter: float = number("arcsec")
    track: float = number("arcsec")
    step_jitter: float = number("arcsec")
    astrometric_error: float = number("arcsec")
    astrometric_limit: float = number("mag")
    standard_error: float = number("mag")
    standard_range: tuple = number("mag")
    flat_level: tuple = number("adu")


@dataclass(frozen=True)
class ArtifactRules:
    """What very bright stars leave behind in the source lists."""

    parent: tuple = number("mag")
    depth: float = number("mag")
    touched: float = number("mag")
    reach: float = number("arcsec")
    turn: float = number("deg")
    turn_error: float = number("deg")
    array_error: float = number("arcsec")
    spike_parent: tuple = number("mag")
    spike_angles: tuple = number("deg")
    spike_width: float = number("arcsec")
    spike: tuple = number("")
    halo_slope: float = number("")
    brightest_fit: tuple = number("mag")
    latent_parent: tuple = number("mag")
    latent_image: tuple = number("mag")
    latent_contrast: float = number("mag")
    latent_fading: float = number("mag")
    latent_window: float = number("arcsec")
    stripe_parent: float = number("mag")
    stripe_contrast: float = number("mag")
    stripe_light: float = number("mag")
    stripe_growth: float = number("")
    stripe_width: float = number("arcsec")


@dataclass(frozen=True)
class Release:
    """Which sources a release lists and how its files are cut."""

    least_frames: int = number("")
    bright: tuple = number("mag")
    border: float = number("arcsec")
    match_radius: float = number("arcsec")
    partition_rows: int = number("")
    partition_order: int = number("")
    coverage_order: int = number("")
    ring_order: int = number("")
    least_score: int = number("")
    edge_error: float = number("arcsec")


@dataclass(frozen=True)
class ExtendedRelease:
    """Which extended sources a release lists, and what they do to point sources."""

    border: float = number("arcsec")
    match_radius: float = number("arcsec")
    score: float = number("")
    snr: float = number("")
    mask_brightness: tuple = number("mag/arcsec2")
    mask_error: float = number("")
    spike_gain: float = number("mag")
    fragment_radius: float = number("arcsec")
    fragment_contrast: float = number("mag")
    point_radius: float = number("arcsec")
    contaminates: float = number("arcsec")
    enlarged: float = number("")


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


@dataclass(frozen=True)
class Associations:
    """Optical stars at the places of sources."""

    radius: float = number("arcsec")
    tycho_b: float = number("")
    tycho_v: float = number("")


@dataclass(frozen=True)
class MinorPlanets:
    """Solar-system objects at the places of sources."""

    error: float = number("arcsec")
    step: float = number("d")


@dataclass(frozen=True)
class Difference:
    """What counts as a difference of two releases."""

    sigma: float = number("")
    region_order: int = number("")
    cell_rows: int = number("")


@dataclass(frozen=True)
class Bulk:
    """A release of the survey's bulk files."""

    run_rows: int = number("")
    coverage_order: int = number("")


@dataclass(frozen=True)
class Hips:
    """The Atlas Images as one sky to zoom and pan in."""

    order: int = number("")
    zero_flux: tuple = number("Jy")
    fade: float = number("pixel")
    match_order: int = number("")


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


class EachKeyOnce(yaml.SafeLoader):
    """YAML without keys that stand twice, of which others silently take the last."""

    def construct_mapping(self, node, deep=False):
        """The mapping of a node; YAMLError tells a key that is in it twice, and the line."""
        known = set()
        for key, _ in node.value:
            if key.value in known:
                raise yaml.YAMLError(f"line {key.start_mark.line + 1}: the key {key.value} stands there twice")
            known.add(key.value)
        return super().construct_mapping(node, deep)


@cache
def survey(path=SURVEY_FILE):
    """The numbers in ``path``; SurveyError names the key that is unknown, missing, there twice or in another unit."""
    return read_sections(Survey, path, "source")


def read_sections(kind, path, why):
    """A file of sections of values as the dataclass ``kind``; beside value and unit each has the text ``why``."""
    try:
        raw = yaml.load(Path(path).read_text(), EachKeyOnce)
    except (OSError, yaml.YAMLError) as error:
        raise SurveyError(f"{path}: cannot be read as YAML: {error}") from error
    sections = {f.name: f.type for f in fields(kind)}
    _same_keys(raw, sections, str(path))
    return kind(**{name: _section(part, raw[name], why, f"{path}: {name}") for name, part in sections.items()})


def _section(kind, raw, why, where):
    known = {f.name: f for f in fields(kind)}
    _same_keys(raw, known, where)
    return kind(**{name: _value(raw[name], f.metadata["unit"], why, f"{where}.{name}") for name, f in known.items()})


def _value(entry, unit, why, where):
    _same_keys(entry, {"value", "unit", why}, where)
    if entry["unit"] != unit:
        raise SurveyError(f"{where}: unit {entry['unit']!r}, expected {unit!r}")
    value = entry["value"]
    return tuple(value) if isinstance(value, list) else value


def _same_keys(found, expected, where):
    if not isinstance(found, dict):
        raise SurveyError(f"{where}: expected a mapping, found {found!r}")
    unknown, missing = sorted(set(found) - set(expected)), sorted(set(expected) - set(found))
    if unknown:
        raise SurveyError(f"{where}: unknown key {', '.join(unknown)}; known are {', '.join(sorted(expected))}")
    if missing:
        raise SurveyError(f"{where}: missing key {', '.join(missing)}")

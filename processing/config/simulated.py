"""The sky, camera and nights that are simulated."""

from dataclasses import dataclass

from processing.config.read import number


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

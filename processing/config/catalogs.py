"""From the working database to a release and its HiPS."""

from dataclasses import dataclass

from processing.config.read import number


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

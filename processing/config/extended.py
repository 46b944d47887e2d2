"""Extended sources of a scan or field."""

from dataclasses import dataclass

from processing.config.read import number


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

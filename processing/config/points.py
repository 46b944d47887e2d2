"""Point sources: what is looked for, fitted, listed, merged, and how good it is."""

from dataclasses import dataclass

from processing.config.read import number


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

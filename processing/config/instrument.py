"""The camera, how it scans, and the air before it."""

from dataclasses import dataclass

from processing.config.read import number


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

"""The three survey bands, in the order in which every flag string lists them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Band:
    """One photometric band.

    ``zero_point_error`` (mag) is the nightly calibration residual of the final 2MASS processing that enters
    ``msigcom`` (Explanatory Supplement, section II.2a).
    """

    letter: str
    name: str
    index: int
    em: str
    zero_point_error: float
    wavelength: tuple[float, float]
    """Half-power edges, metres (Cohen, Wheaton & Megeath 2003)."""


BANDS = (
    Band("j", "J", 1, "em.IR.J", 0.011, (1.154e-6, 1.316e-6)),
    Band("h", "H", 2, "em.IR.H", 0.007, (1.537e-6, 1.788e-6)),
    Band("k", "Ks", 3, "em.IR.K", 0.007, (2.028e-6, 2.290e-6)),
)

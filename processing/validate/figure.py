"""A figure of the table, and what it is measured from."""

from dataclasses import dataclass, field

from processing.schema import BANDS
from processing.validate.apparitions import Sources
from processing.validate.statistics import Estimate
from processing.validate.true_sky import TrueSky

REPEATS, TRUTH, REFERENCE, GEOMETRY = "repeats", "truth", "reference", "geometry"
SCIENCE_REPEATS, VISITS, CATALOG = "scans that overlap", "visits to calibration fields", "the catalog"


@dataclass(frozen=True)
class Evidence:
    """What a release can be judged by: ``scans`` (rows of its table), ``apparitions``, ``catalog`` (the point sources,
    ``neighbour`` is prox), ``truth`` (TrueSky; None: a real sky), ``galaxies`` (GalaxyEvidence; None: no extended
    sources). ``release``: Release."""

    release: object
    scans: list
    apparitions: Sources
    catalog: Sources
    truth: TrueSky | None
    galaxies: object = None


@dataclass(frozen=True)
class Figure:
    """One number of the table.

    ``item``: the requirement's; ``measure``: the same for figures of one quantity from different evidence, which must
    agree; ``band``: its number, None for all; ``threshold``: None when nothing is required of it; ``detail``: what the
    plot shows, plain JSON values.
    """

    item: str
    measure: str
    quantity: str
    band: int | None
    basis: str | None
    estimate: Estimate
    method: str
    unit: str | None = None
    sense: str | None = None
    threshold: float | None = None
    detail: dict = field(default_factory=dict)


def ranges(ends):
    """Words for the range of each band: ``ends(k)`` gives two magnitudes."""
    return ", ".join(f"{band.name} {ends(k)[0]:g} to {ends(k)[1]:g}" for k, band in enumerate(BANDS)) + " mag"

"""From candidates to fluxes and positions: PSF, simultaneous fits, apertures, for one band of one field."""

from processing.photometry.measure import measure_band
from processing.photometry.sources import BandSources

__all__ = ["BandSources", "measure_band"]

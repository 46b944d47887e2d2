"""All point sources of a scan: the sentence that the rest of this room spells out."""

from processing.atlas.coadd import coadd
from processing.atlas.grid import strip_grid
from processing.photometry.measure import measure


def measure_scan(scan, solution, usable):
    """The point sources of a scan, by band.

    Parameters
    ----------
    scan : processing.reduce.Scan
    solution : Solution
    usable : dict of str to UsableFrames
        By band letter.

    Returns
    -------
    dict of str to BandSources
        Pixel coordinates on ``strip_grid(solution)`` (1 arcsec; the same for all bands); fluxes in DN of 1.3 s through
        the air there was, not corrected for extinction.
    """
    grid = strip_grid(solution)
    return {band: measure(coadd(frames, solution, band, grid).data, band) for band, frames in usable.items()}

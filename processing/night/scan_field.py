"""The field of a whole scan in which extended sources are looked for: its strip in all bands, with its stars."""

from dataclasses import replace

import numpy as np

from processing.bandmerge.catalog import catalog_rows, merge_sources
from processing.extended.field import BandField, Field, PointSources
from processing.night.scan_zero_points import at_mid_scan


def scan_field(plane, sources, strips, zero_points):
    """The Field of a scan: one for all of it, so that nothing is cut at the border of an Atlas Image.

    Parameters
    ----------
    plane : ScanPlane
    sources : dict of str to BandSources
        By band letter, as measured: DN through the air there was.
    strips : dict of str to tuple
        Data, noise (DN, float32) and StripPSF of each.
    zero_points : dict of str to BandZeroPoint
        Of which the field has that of its middle: its rows, and the stars, are brought to it.
    """
    sources = {band: at_mid_scan(replace(found, residual=found.residual[:0]), zero_points[band], plane.track)
               for band, found in sources.items()}  # fmt: skip
    merged = merge_sources(plane, sources).merged
    bands = {}
    for number, (band, found) in enumerate(sources.items()):
        data, noise, psf = strips[band]
        brighter = brightening(plane, zero_points[band], len(data))
        told = (getattr(found, name) for name in ("x", "y", "flux", "flux_err", "chi2", "method"))
        stars = PointSources(*told, catalog_rows(plane, merged, number))
        bands[band] = BandField(band, data * brighter, noise * brighter, psf, zero_points[band].value,
                                zero_points[band].error, stars)  # fmt: skip
    return Field(bands, plane.grid.wcs, f"{plane.night} scan {plane.number:03d}")


def brightening(plane, zero_point, rows):
    """What makes a DN in each row of the strip one of the middle of the scan: (rows, 1), float32."""
    frames = plane.track.mean(np.arange(rows), zero_point.frames)
    return 10 ** (-0.4 * (frames - zero_point.value))[:, None].astype(np.float32)

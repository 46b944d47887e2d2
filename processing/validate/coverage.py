"""Sky coverage: how much of what was planned is imaged, and in how much of it point sources can be listed.

Planned is what all science scans of the working database cover, those that failed and those that were left out too.
"""

import numpy as np

from processing.config import survey
from processing.validate.apparitions import LETTERS
from processing.validate.area import covered, square_degrees
from processing.validate.figure import GEOMETRY, Figure
from processing.validate.masks import mask_area
from processing.validate.statistics import symmetric, unknown

IMAGED = (
    "Union of the outlines of all scans of the release over that of all science scans, failed and left-out "
    "ones included, on a HEALPix grid of order {order}. A failed scan whose place is not known counts with "
    "the area of a usual scan.")
POINTS = (
    "The same more than {border:g} arcsec inside a scan, less the masks of bright stars in the worst band: "
    "the halo and the four spikes in which a star at the 10-sigma limit is taken for an artifact. The outer "
    "border of the survey counts as lost.")
EXTENDED = (
    "The same of the scans in which extended sources were looked for, more than {border:g} arcsec inside, less the "
    "larger masks of bright stars in which light may be taken for the star's.")
NO_EXTENDED = "The release has no extended sources."


def figures(evidence):
    """Three Figures: imaged, in point sources, in extended sources."""
    imaged = covered(evidence.scans, 0.0)
    left, unplaced = left_out(evidence.release)
    planned = square_degrees(covered([*evidence.scans, *left], 0.0))
    planned += unplaced * planned / max(len(evidence.scans) + len(left), 1)
    inside = square_degrees(covered(evidence.scans, survey().release.border))
    lost = masks(evidence.catalog)
    areas = {"planned": planned, "imaged": square_degrees(imaged), "inside": inside, "unplaced": unplaced,
             "masks": lost, "stars": [int((evidence.catalog.band("m", k) <= survey().artifacts.parent[k]).sum())
                                      for k in range(len(LETTERS))]}  # fmt: skip
    kept = inside - max(lost, default=0.0)
    return [
        _figure("imaged", "imaged", areas["imaged"], planned, areas, len(evidence.scans),
                IMAGED.format(order=survey().validate.coverage_order)),
        _figure("points", "in point sources", kept, planned, areas, len(evidence.scans),
                POINTS.format(border=survey().release.border)),
        _in_extended(evidence, planned),
    ]  # fmt: skip


def _in_extended(evidence, planned):
    """The Figure of the area in which extended sources can be listed."""
    from processing.artifacts.galaxies import mask_radius
    from processing.validate.galaxies.census import bright_stars

    quantity = "in extended sources"
    if evidence.galaxies is None:
        return Figure("coverage", "extended", quantity, None, None, unknown(), NO_EXTENDED)
    border, scans = survey().extended_release.border, evidence.galaxies.scans
    inside, stars = square_degrees(covered(scans, border)), bright_stars(evidence.catalog)
    lost = float(np.sum(np.pi * mask_radius(stars["magnitude"]) ** 2) / 3600.0**2)
    areas = {"planned": planned, "imaged": inside, "inside": inside, "masks": [lost], "stars": [len(stars)]}
    return _figure("extended", quantity, max(inside - lost, 0.0), planned, areas, len(scans),
                   EXTENDED.format(border=border))  # fmt: skip


def left_out(release):
    """Outlines (rows with corners) of science scans that are not in the release, and the number whose place is not
    known."""
    science = [one for one in release.left_out if one.get("type", "sci") == "sci" and one["why"] != "type cal"]
    placed = [one["corners"] for one in science if one.get("corners")]
    rows = [{f"{way}_{n}": value for n, corner in enumerate(corners, 1) for way, value in zip(("ra", "dec"), corner)}
            for corners in placed]  # fmt: skip
    return rows, len(science) - len(placed)


def masks(catalog):
    """Area of the masks of bright stars in each band, square degrees; where masks overlap they count twice."""
    total = []
    for k in range(len(LETTERS)):
        bright = catalog.detected(k) & (catalog.band("m", k) <= survey().artifacts.parent[k])
        total.append(float(np.sum(mask_area(catalog.band("m", k)[bright], k))))
    return total


def _figure(measure, quantity, area, planned, areas, scans, method):
    """The error is that of the grid: half a cell on every second cell of the rim is less than one in a thousand."""
    value = area / planned if planned else np.nan
    cell = 1 / (12 * 4 ** survey().validate.coverage_order) * 41252.96
    error = np.sqrt(2 * np.sqrt(area / cell)) * cell / planned if planned else np.nan
    return Figure("coverage", measure, quantity, None, GEOMETRY, symmetric(value, error, scans), method, None, ">",
                  survey().validate.coverage, areas)  # fmt: skip

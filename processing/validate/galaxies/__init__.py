"""The Level 1 requirements of the extended sources, measured from repeats and, where there is one, from the truth.

What 2MASS did by repeated scans, by eye and with deeper images (Explanatory Supplement VI.5) is done here with galaxies
in scans that overlap and spare scans of a tile, and with the galaxies that were simulated.
"""

from processing.validate.galaxies import census, photometry, uniformity
from processing.validate.galaxies.evidence import GalaxyEvidence, read_galaxies

__all__ = ["GalaxyEvidence", "figures", "read_galaxies"]


def figures(evidence):
    """All figures of the extended sources of an Evidence that has some."""
    return [*photometry.figures(evidence), *uniformity.figures(evidence), *census.figures(evidence)]

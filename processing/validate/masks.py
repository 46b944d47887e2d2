"""Where bright stars leave no room for a star at the limit: inside their halo and on their spikes.

A source at the 10-sigma limit is taken for an artifact (rooms photometry and artifacts) where a false star as bright
can be: in the halo, whose light falls with a power of the distance, and on four spikes, where it falls with its square.
"""

import numpy as np

from processing.config import survey
from processing.sphere import chord, unit_vectors

UNIT = 10.0
"""arcsec, where the shares of section glare hold."""


def halo_radius(magnitude, k):
    """Radius (arcsec) of the mask of stars of band ``k``; 0 for those that are too faint to have one."""
    rules = survey().artifacts
    above = survey().scan_quality.limit[k] - np.asarray(magnitude, float) + 2.5 * np.log10(survey().glare.halo)
    return np.where(magnitude <= rules.parent[k], UNIT * 10 ** (0.4 * above / rules.halo_slope), 0.0)


def spike_length(magnitude, k):
    """Length (arcsec) of an arm; 0 for stars without spikes."""
    above = survey().scan_quality.limit[k] - np.asarray(magnitude, float) + 2.5 * np.log10(survey().glare.spike[k])
    return np.where(magnitude <= survey().artifacts.spike_parent[k], UNIT * 10 ** (0.2 * above), 0.0)


def mask_area(magnitude, k):
    """Area of the masks of stars, square degrees each: the halo, and what of the four arms is outside it."""
    halo, spike = halo_radius(magnitude, k), spike_length(magnitude, k)
    arms = 8 * np.maximum(spike - halo, 0.0) * survey().artifacts.spike_width
    return (np.pi * halo**2 + arms) / 3600.0**2


def masked(ra, dec, star_ra, star_dec, star_magnitude, k):
    """Which places (deg) are within the reach of the mask of a star: its halo or the length of its arms all around."""
    from scipy.spatial import cKDTree

    found = np.zeros(len(ra), bool)
    reach = np.maximum(halo_radius(star_magnitude, k), spike_length(star_magnitude, k))
    if not len(ra) or not len(reach):
        return found
    near = cKDTree(unit_vectors(ra, dec)).query_ball_point(unit_vectors(star_ra, star_dec), chord(reach))
    for rows in near:
        found[rows] = True
    return found

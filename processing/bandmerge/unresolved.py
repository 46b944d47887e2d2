"""Pairs that one band resolves and another sees as a single source (``rd_flg`` 6).

The single source's magnitude belongs to neither star, and with it both would get wrong colours; so in that band both
become upper limits (Explanatory Supplement, section II.2a). It shows in the position: the light centre of an unresolved
pair lies between the stars, displaced from the first by the second's share of the light times their separation.
"""

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from processing.bandmerge.merge import mean_places
from processing.config import survey

SIGNIFICANT = 3.0
"""Displacement, in its own error, that counts as one."""


def mark_unresolved(merged, lists):
    """``merged`` with the bands that do not resolve a pair marked, and rows that were only its blurred light
    removed."""
    index, unresolved = merged.index.copy(), merged.unresolved.copy()
    pairs = _close_pairs(merged.places.xy, survey().merge.pair_reach)
    for resolving in range(len(lists)):
        resolved = pairs[(merged.index[pairs, resolving] >= 0).all(axis=1)]
        for band in range(len(lists)):
            if band != resolving and len(resolved):
                _mark_band(resolved, resolving, band, lists, merged, index, unresolved)
    keep = (index >= 0).any(axis=1)
    index, unresolved, ambiguous = index[keep], unresolved[keep], merged.ambiguous[keep]
    ambiguous = ambiguous & (index >= 0)
    return replace(merged, index=index, unresolved=unresolved, ambiguous=ambiguous,
                   places=mean_places(lists, index, ambiguous))


def share_of_second(single, first, second):
    """Share of the second star in the light of a single source, and its error, from where the source lies.

    Parameters
    ----------
    single, first, second : Places of one element
        The single source; the two stars as the other band resolves them.

    Returns
    -------
    share, error : float
        0 at the first star, 1 at the second.
    aside : float
        Distance of the single source from the line through the stars, in its error.
    """
    line = second.xy[0] - first.xy[0]
    length = np.hypot(*line)
    along, across = line / length, np.array([-line[1], line[0]]) / length
    step, cov = single.xy[0] - first.xy[0], single.cov[0] + first.cov[0]
    return (step @ along / length, np.sqrt(along @ cov @ along) / length,
            abs(step @ across) / np.sqrt(across @ cov @ across))


def _mark_band(pairs, resolving, band, lists, merged, index, unresolved):
    """Mark in ``index`` and ``unresolved`` the pairs (n, 2) that ``band`` does not resolve.

    The second round finds the third star of a triple: its partner's light is by then known to be a blend.
    """
    for _ in range(2):
        blended = (merged.index[:, resolving] < 0) | (index[:, band] < 0)
        free = np.flatnonzero((merged.index[:, band] >= 0) & blended)
        tree = cKDTree(merged.places.xy[free]) if len(free) else None
        for pair in pairs:
            owner = _owner_of_light(pair, resolving, band, lists, merged, free, tree)
            if owner is not None:
                unresolved[pair, band] = merged.index[owner, band]
                index[owner, band] = -1


def _owner_of_light(pair, resolving, band, lists, merged, free, tree):
    """Row whose source in ``band`` is the light of both stars of ``pair``, None when there is none."""
    seen = [row for row in pair if merged.index[row, band] >= 0]
    if len(seen) == 2:
        return None
    candidates = seen or _between(pair, merged.places.xy, free, tree)
    for owner in candidates:
        first, second = (pair[::-1] if owner == pair[1] else pair)
        if _is_blend(owner, first, second, resolving, band, lists, merged.index):
            return owner
    return None


def _between(pair, xy, free, tree):
    """Rows of the band alone that lie within half the separation of the pair's middle."""
    if tree is None:
        return []
    a, b = xy[pair]
    return list(free[tree.query_ball_point((a + b) / 2, np.hypot(*(b - a)) / 2)])


def _is_blend(owner, first, second, resolving, band, lists, index):
    single = lists[band].take([index[owner, band]])
    stars = [lists[resolving].take([index[row, resolving]]) for row in (first, second)]
    share, error, aside = share_of_second(single, *stars)
    return max(survey().merge.pair_share, SIGNIFICANT * error) < share < 1 and aside < 2 * SIGNIFICANT


def _close_pairs(xy, reach):
    return cKDTree(xy).query_pairs(reach, output_type="ndarray") if len(xy) else np.empty((0, 2), int)

"""Which source of one list is which of another, by position alone: likelihood ratio and the best assignment as a whole.

A pair at separation d with joint covariance C is weighed by the density that its being the same source gives, a
Gaussian of C with a wider one for the few positions that a blend has moved, over the density of unrelated neighbours
there, and by the share of sources that the bands have in common. Pairs for which chance is the better explanation are
not considered, so the accepted radius shrinks where the sky is crowded. Among the rest the assignment with the largest
total likelihood is taken (not the first come), and a pair that has a rival about as good is ambiguous. The statement of
the problem is that of the Explanatory Supplement, section IV.4e.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

NEIGHBOURS = 10
"""Sources from whose distance the local density is taken."""


@dataclass(frozen=True, eq=False)
class Match:
    """``first`` and ``second``: indices of the matched pairs in the two lists; ``ambiguous``: whether a rival
    exists."""

    first: np.ndarray
    second: np.ndarray
    ambiguous: np.ndarray


def match(a, b, area, rules):
    """Match two lists of the same field.

    Parameters
    ----------
    a, b : Places
    area : float, arcsec**2
        Of the field; the density of a list too short for a local one.
    rules : processing.config.Merge
        Largest separation, shape of the errors, share of common sources, and the relative likelihood from which another
        partner makes a pair ambiguous.
    """
    i, j = _within(a.xy, b.xy, rules.reach)
    cost = pair_costs(a.take(i), b.take(j), local_density(b.xy, area)[j], rules)
    possible = cost < 0
    i, j, cost = i[possible], j[possible], cost[possible]
    chosen = assign(i, j, cost)
    rival = _has_rival(i, j, cost, chosen, -np.log(rules.ambiguity))
    return Match(i[chosen], j[chosen], rival[chosen])


def pair_costs(a, b, density, rules):
    """Minus the logarithm of the odds that pairs (Places of one length) are the same source: (n,).

    ``density``: unrelated sources per arcsec**2 at each pair.
    """
    step, cov = b.xy - a.xy, a.cov + b.cov
    tail = rules.tail_share
    same = (1 - tail) * _gaussian(step, cov) + tail * _gaussian(step, cov + rules.tail_width**2 * np.eye(2))
    odds = rules.common * same / ((1 - rules.common) * density)
    return -np.log(np.maximum(odds, np.finfo(float).tiny))


def _gaussian(step, cov):
    """Density (arcsec**-2) of a two-dimensional Gaussian at ``step`` (n, 2)."""
    chi2 = np.einsum("ni,nij,nj->n", step, np.linalg.inv(cov), step)
    return np.exp(-chi2 / 2) / (2 * np.pi * np.sqrt(np.linalg.det(cov)))


def local_density(xy, area):
    """Sources per arcsec**2 around each of ``xy`` (n, 2), from the distance to the tenth neighbour."""
    if len(xy) <= NEIGHBOURS + 1:
        return np.full(len(xy), max(len(xy), 1) / area)
    distance = cKDTree(xy).query(xy, k=NEIGHBOURS + 1)[0][:, -1]
    return np.maximum(NEIGHBOURS / (np.pi * np.maximum(distance, 1e-3) ** 2), 1 / area)


def assign(i, j, cost):
    """Indices of the pairs of the assignment with the smallest total cost (all costs are negative).

    Sources that no chain of possible pairs links are independent, so each linked group is solved on its own.
    """
    if not len(i):
        return np.empty(0, int)
    n = i.max() + 1
    links = coo_matrix((np.ones(len(i)), (i, j + n)), shape=(n + j.max() + 1,) * 2)
    group = connected_components(links, directed=False)[1][i]
    order = np.argsort(group, kind="stable")
    pieces = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    return np.sort(np.concatenate([piece if len(piece) == 1 else _solve(i, j, cost, piece) for piece in pieces]))


def _solve(i, j, cost, piece):
    rows, row = np.unique(i[piece], return_inverse=True)
    columns, column = np.unique(j[piece], return_inverse=True)
    table = np.zeros((len(rows), len(columns)))
    which = np.full(table.shape, -1)
    table[row, column], which[row, column] = cost[piece], piece
    picked = which[linear_sum_assignment(table)]
    return picked[picked >= 0]


def _within(a, b, reach):
    """All pairs (i, j) of ``a`` and ``b`` (n, 2) that are not farther apart than ``reach``."""
    if not len(a) or not len(b):
        return np.empty(0, int), np.empty(0, int)
    pairs = cKDTree(a).sparse_distance_matrix(cKDTree(b), reach, output_type="ndarray")
    return pairs["i"].astype(int), pairs["j"].astype(int)


def _has_rival(i, j, cost, chosen, margin):
    """For each pair: whether another possible pair with one of its sources costs less than ``margin`` more."""
    rival = np.zeros(len(i), bool)
    for side in (i, j):
        winner = np.full(side.max(initial=-1) + 1, -1)
        winner[side[chosen]] = chosen
        against = winner[side]
        close = (against >= 0) & (against != np.arange(len(i))) & (cost - cost[against] < margin)
        rival[against[close]] = True
    return rival

"""Decision trees, evaluated: the classifier as it is kept in a text file."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Forest:
    """Boosted trees whose leaves add up to the log odds.

    ``names``: of the numbers that it looks at; ``feature``, ``left``, ``right`` (trees, nodes), int; ``threshold``,
    ``value`` (trees, nodes); ``missing`` (trees, nodes), bool: whether NaN goes left. A leaf is its own left and right.
    ``start``: log odds before any tree; ``depth``: of the deepest tree; ``calibration``: factor and constant that
    make log odds of them, and what is added for each unit of ``density`` (one of ``names``).
    """

    names: tuple
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing: np.ndarray
    value: np.ndarray
    start: float
    depth: int
    calibration: tuple

    def log_odds(self, rows):
        """Log odds of objects: (n,), from their numbers (n, names), NaN for unknown."""
        rows = np.atleast_2d(np.asarray(rows, float))
        tree, line = np.arange(len(self.feature)), np.arange(len(rows))[:, None]
        node = np.zeros((len(rows), len(tree)), int)
        for _ in range(self.depth):
            number = rows[line, self.feature[tree, node]]
            with np.errstate(invalid="ignore"):
                lower = np.where(np.isnan(number), self.missing[tree, node], number <= self.threshold[tree, node])
            node = np.where(lower, self.left[tree, node], self.right[tree, node])
        factor, constant, crowd = self.calibration
        found = factor * (self.start + self.value[tree, node].sum(axis=1)) + constant
        return found + crowd * rows[:, self.names.index("density")]


def probability(log_odds):
    """1 / (1 + exp(-log odds)), of one or many."""
    return 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))


def forest_of(record):
    """The Forest of its record in the file: {"names", "start", "calibration", "trees": [[node, ...], ...]}.

    A node is [feature, threshold, left, right, missing goes left] or [value].
    """
    trees = record["trees"]
    size = max(len(nodes) for nodes in trees)
    planes = np.zeros((6, len(trees), size))
    for t, nodes in enumerate(trees):
        for n, node in enumerate(nodes):
            planes[:, t, n] = (*node, 0.0) if len(node) == 5 else (0, 0.0, n, n, 0, node[0])
    feature, threshold, left, right, missing, value = planes
    whole = (a.astype(int) for a in (feature, left, right))
    feature, left, right = whole
    return Forest(tuple(record["names"]), feature, threshold, left, right, missing.astype(bool), value,
                  record["start"], max(map(_depth, trees)), tuple(record["calibration"]))  # fmt: skip


def _depth(nodes, here=0):
    node = nodes[here]
    return 0 if len(node) == 1 else 1 + max(_depth(nodes, node[2]), _depth(nodes, node[3]))

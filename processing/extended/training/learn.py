"""From Samples to the record of a classifier: boosted trees, one stage upon the other, and what calibrates them.

A band's odds are learnt from its own numbers, those of being extended from the odds of the bands and the fits of all of
them, those of being a galaxy from these and the colours. The trees learn from as many galaxies as other things; the
natural frequencies, which depend on the density of stars, come in when a logistic regression on the log odds and the
density makes probabilities of them (Platt 1999). That, and the next stage, take the odds by trees that had not seen the
object's scene (cross-validation). Pieces of galaxies, and stars before them, are neither: trees do not learn from them,
but they count as errors where the odds become probabilities.
"""

import numpy as np

from processing.errors import SurveyError
from processing.extended.features import BAND, CONTESTS, EXTENDED, GALAXY, LETTERS
from processing.extended.features import extended_row, galaxy_row
from processing.extended.trees import forest_of

FOLDS = 4

TREES = {"max_iter": 80, "learning_rate": 0.1, "max_leaf_nodes": 6, "min_samples_leaf": 15, "l2_regularization": 2.0,
         "max_bins": 48}
"""Of sklearn.ensemble.HistGradientBoostingClassifier."""

RISING = {
    "band": CONTESTS,
    "extended": (*(f"{band}_odds" for band in LETTERS), *(f"all_{name}" for name in CONTESTS)),
    "galaxy": ("odds",),
}
"""Numbers with which the probability may only rise."""

DECIMALS = 6
"""Significant figures of the numbers that are kept."""


def learn(samples, seed):
    """Record of the forests: {"band", "extended", "galaxy"}: see trees.forest_of. ``samples``: list of Sample."""
    scene = np.concatenate([np.full(len(one.label), k) for k, one in enumerate(samples)])
    label, weight = _joined(samples, "label"), natural_weights(samples)
    clear = ~_joined(samples, "part")
    rows = _joined(samples, "bands")
    seen = np.isfinite(rows[:, :, -1])
    odds, forests = np.full(seen.shape, np.nan), {}
    each = [np.broadcast_to(one[:, None], seen.shape)[seen] for one in (label, clear, weight, scene)]
    forests["band"], odds[seen] = _stage("band", BAND, rows[seen], *each, seed)
    table = extended_rows(samples, odds)
    table, every = _with_bands_missing(table, seen, np.random.default_rng([seed, 22]))
    forests["extended"], found = _stage("extended", EXTENDED, table, label[every], clear[every], weight[every],
                                         scene[every], seed)  # fmt: skip
    extended = found[:len(label)]
    forests["galaxy"], _ = _stage("galaxy", GALAXY, galaxy_rows(samples, extended), label, clear, weight, scene, seed)
    return forests


def _joined(samples, name):
    return np.concatenate([getattr(one, name) for one in samples])


def natural_weights(samples):
    """Weights of the candidates of all scenes in their natural numbers; each scene weighs as much as any other."""
    shares = [one.weight / one.weight.sum() for one in samples]
    return np.concatenate(shares) * sum(map(len, shares)) / len(samples)


def extended_rows(samples, odds):
    """Rows of EXTENDED (n, numbers); ``odds`` (n, bands)."""
    geometry, density, snr = (_joined(samples, name) for name in ("geometry", "density", "bands"))
    return extended_row(odds, snr[:, :, -1], geometry, density)


def galaxy_rows(samples, odds):
    """Rows of GALAXY (n, numbers); ``odds`` (n,)."""
    snr = _joined(samples, "bands")[:, :, -1]
    return galaxy_row(odds, snr, _joined(samples, "magnitudes"), _joined(samples, "density"))


def _with_bands_missing(table, seen, rng):
    """The rows, and once more each without one of its bands: rows, and which object each is."""
    n, bands = seen.shape
    again = table.copy()
    lost = rng.integers(0, bands, n)
    again[np.arange(n), lost] = again[np.arange(n), bands + lost] = np.nan
    return np.concatenate([table, again]), np.tile(np.arange(n), 2)


def _stage(name, numbers, rows, label, clear, weight, scene, seed):
    """Record of a forest, and log odds of all rows by trees that had not seen their scene; trees learn from rows that
    are ``clear``."""
    blind = np.empty(len(rows))
    for fold in range(FOLDS):
        test = scene % FOLDS == fold
        _, record = trees_of(name, numbers, rows[clear & ~test], label[clear & ~test], seed)
        blind[test] = forest_of(record).log_odds(rows[test])
    density = rows[:, numbers.index("density")]
    calibration = calibrated(blind, density, label, weight)
    _, record = trees_of(name, numbers, rows[clear], label[clear], seed)
    factor, constant, crowd = calibration
    return record | {"calibration": _short(calibration)}, factor * blind + constant + crowd * density


def trees_of(name, numbers, rows, label, seed):
    """The trees of scikit-learn and their record, not yet calibrated; both classes weigh the same."""
    rising = [1 if number in RISING[name] else 0 for number in numbers]
    trees = _classifier()(**TREES, monotonic_cst=rising, early_stopping=False, random_state=seed)
    share = label.mean()
    trees.fit(rows, label, sample_weight=0.5 * np.where(label > 0, 1 / share, 1 / (1 - share)))
    nodes = [[_node(node) for node in one[0].nodes] for one in trees._predictors]
    start = float(trees._baseline_prediction[0, 0])
    return trees, {"names": list(numbers), "start": start, "calibration": [1.0, 0.0, 0.0], "trees": nodes}


def _classifier():
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ImportError:
        raise SurveyError("training needs scikit-learn, which is not installed: pip install twomass[train]") from None
    return HistGradientBoostingClassifier


def _node(node):
    """[feature, threshold, left, right, missing goes left], or [value] of a leaf."""
    if node["is_leaf"]:
        return _short([node["value"]])
    return [int(node["feature_idx"]), _not_less(float(node["num_threshold"])), int(node["left"]), int(node["right"]),
            int(node["missing_go_to_left"])]  # fmt: skip


def _not_less(value):
    """A short number that is not less: what equals a threshold goes left."""
    short, = _short([value])
    return short if short >= value else _short([short + abs(value) * 10.0 ** (1 - DECIMALS)])[0]


def _short(values):
    return [float(f"{value:.{DECIMALS}g}") for value in values]


def calibrated(odds, density, label, weight):
    """Factor, constant and factor of ``density`` with which log odds become those of true frequencies: logistic
    regression with weights; a weak prior holds the factors at 1 and 0."""
    basis = np.stack([np.clip(odds, -12, 12), np.ones(len(odds)), density])
    mean, prior = np.array([1.0, 0.0, 0.0]), np.array([5.0, 0.01, 1.0])
    found = mean.copy()
    for _ in range(100):
        p = 1 / (1 + np.exp(-found @ basis))
        gradient = basis @ (weight * (label - p)) - prior * (found - mean)
        matrix = (basis * (weight * p * (1 - p))) @ basis.T + np.diag(prior)
        step = np.clip(np.linalg.solve(matrix, gradient), -1, 1)
        found = found + step
        if np.abs(step).max() < 1e-9:
            break
    return tuple(found.tolist())

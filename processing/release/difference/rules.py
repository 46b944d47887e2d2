"""Why a source is in one release and not in another, as far as the other one tells."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.spatial import cKDTree

from processing.config import survey
from processing.release.difference.compare import scan_labels
from processing.sphere import chord, unit_vectors

RULES = {
    "scan missing": "its scan is not in the other release",
    "scan left out": "its scan was there for the other release, which left it out",
    "other scan": "the apparition of another scan is taken",
    "artifact": "the other release takes it for an artifact",
    "border": "it lies inside the border of its tile that the other release cuts off",
    "not selected": "the other release knows it, but none of its apparitions satisfies the rules of the catalog",
    "not listed": "its scan is in the other release, which does not say why it lists no such source",
    "measured again": "the same scan, reduced again",
    "same input": "the same scan, from the same table of sources",
    "same scan": "the same scan; whether it was reduced again is not known",
}
"""Rules and what they mean; of several the first that holds is given."""


@dataclass(frozen=True)
class Book:
    """What a release says of its scans: labels of ``scans`` in it (None: not known), of those ``left_out``, the
    checksums of their sources (``inputs``: label -> checksums), and the ``border`` (arcsec) that it cuts off."""

    scans: frozenset | None
    left_out: frozenset
    inputs: dict
    border: float


def book_of(release):
    """The Book of a ``Release``; one without a table of scans does not know its scans."""
    labels = frozenset(scan_labels(release.read("scans")))
    inputs = {}
    for entry in release.inputs:
        if "scan" in entry and "points_sha256" in entry:
            inputs.setdefault(entry["scan"], set()).add(entry["points_sha256"])
    left_out = frozenset(entry["scan"] for entry in release.left_out)
    return Book(labels or None, left_out - labels, inputs, float(release.settings.get("border", 0.0)))


def why_missing(rows, book, apparitions, artifacts):
    """The rule by which the release of ``book`` does not list each of the ``rows`` (pyarrow, n sources of the other).

    ``apparitions``, ``artifacts``: pyarrow Tables of its own, at least wherever the rows are. Returns str, shape (n,).
    """
    labels = np.array(scan_labels(rows), object)
    edge = np.fmin(*(rows[name].cast(pa.float64()).to_numpy() for name in ("dist_edge_ns", "dist_edge_ew")))
    scans = labels if book.scans is None else book.scans
    rule = np.where(edge <= book.border, "border", _by_apparitions(rows, apparitions)).astype(object)
    rule[_are_artifacts(rows, labels, artifacts)] = "artifact"
    rule[~np.isin(labels, list(scans))] = "scan missing"
    rule[np.isin(labels, list(book.left_out))] = "scan left out"
    return rule


def why_changed(a, b, book_a, book_b):
    """The rule by which sources of both releases differ; ``a``, ``b``: the n rows in each. Returns str, shape (n,)."""
    found = []
    for one, other in zip(scan_labels(a), scan_labels(b)):
        inputs = [book.inputs.get(label) for book, label in ((book_a, one), (book_b, other))]
        same = "same scan" if None in inputs else "same input" if inputs[0] == inputs[1] else "measured again"
        found.append(same if one == other else "other scan")
    return np.array(found, object)


def _by_apparitions(rows, apparitions):
    """Rules that an apparition at the place of each row tells; "not listed" where there is none."""
    rule = np.full(len(rows), "not listed", object)
    taken = apparitions["pts_key"].is_valid().to_numpy()
    for row, near in enumerate(_near(rows, apparitions)):
        if near:
            rule[row] = "other scan" if taken[near].any() else "not selected"
    return rule


def _are_artifacts(rows, labels, artifacts):
    """Whether at the place of each row a detection of the same scan was taken for an artifact."""
    own = np.array(scan_labels(artifacts), object)
    return np.array([(own[near] == label).any() for near, label in zip(_near(rows, artifacts), labels)], bool)


def _near(rows, others):
    """For each row the places of ``others`` that may be the same source."""
    if not len(rows) or not len(others):
        return [[] for _ in range(len(rows))]
    return cKDTree(_places(others)).query_ball_point(_places(rows), chord(survey().release.match_radius))


def _places(table):
    return unit_vectors(table["ra"].to_numpy(), table["dec"].to_numpy())

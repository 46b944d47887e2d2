"""The survey's own rows: each column that follows from others follows by our rules, or it is known why not.

The 683 rows with all 60 columns lie in four adjacent scans around 08:30 +01:30.
"""

import numpy as np
import pytest

from processing.formats.tests.real_rows import real_points
from processing.release.sky.keys import with_column
from processing.release.published.check import check_published, report
from processing.release.published.scan_edges import ScanEdges
from processing.release.tests.bulk_maker import edge_columns
from processing.release.tests.field_maker import EDGES, corners
from processing.sphere import separation

ROUNDED_GRADE = "S/N or error is at a limit, and was rounded after the grade was given"
ROUNDED_ERROR = "it was made before cmsig was rounded"
OLDER = "by one step of 0.001 deg: the survey's transformation is an older one"

EXPECTED = {
    "designation": (683, 683, {}),
    "glon": (683, 652, {OLDER: 31}),
    "glat": (683, 679, {OLDER: 4}),
    "J ph_qual": (683, 679, {ROUNDED_GRADE: 4}),
    "H ph_qual": (683, 674, {ROUNDED_GRADE: 9}),
    "Ks ph_qual": (683, 682, {ROUNDED_GRADE: 1}),
    "J msigcom": (680, 510, {ROUNDED_ERROR: 170}),
    "H msigcom": (671, 502, {ROUNDED_ERROR: 169}),
    "Ks msigcom": (593, 457, {ROUNDED_ERROR: 136}),
    "prox": (666, 666, {}),
    "pxpa": (666, 666, {}),
    "pxcntr": (666, 666, {}),
    "use_src": (683, 683, {}),
    "dup_src": (683, 614, {"the apparition that lost is not in the catalog": 68,
                           "the same, in a scan that has no row here": 1}),
}
"""Of each column: rows that can be compared, rows as published, and how many differ for which reason."""


@pytest.fixture(scope="module")
def checks():
    return {check.column: check for check in check_published(real_points())}


@pytest.mark.parametrize("column", EXPECTED)
def test_the_rules_make_the_published_column(column, checks):
    check = checks[column]
    found = {why: count for why, count in check.reasons.items() if count}
    assert (check.rows, check.same, found) == EXPECTED[column]
    assert check.unexplained == []


def test_neighbours_that_cannot_be_compared_lie_outside_the_rows():
    """All rows within 0.2335 deg of 08:30 +01:30 are there; the 17 others' neighbour lies beyond that circle."""
    data = real_points().to_pydict()
    outside = ~np.isin(data["pxcntr"], data["pts_key"])
    from_centre = separation(np.array(data["ra"]), np.array(data["dec"]), 127.5, 1.5)
    assert outside.sum() == 17
    assert (from_centre + np.array(data["prox"]))[outside].min() > from_centre.max() - 1.0


def spoil(column, rows, value):
    data = real_points()
    values = data[column].to_pylist()
    for row in rows:
        values[row] = value(values[row])
    return with_column(data, column, values)


@pytest.mark.parametrize("column, checked, value", [
    ("designation", "designation", lambda name: name[:7] + "9" + name[8:]), ("glat", "glat", lambda b: b + 0.002),
    ("ph_qual", "H ph_qual", lambda q: q[0] + "D" + q[2]), ("k_msigcom", "Ks msigcom", lambda s: s + 0.002),
    ("prox", "prox", lambda p: p + 0.2), ("pxpa", "pxpa", lambda p: (p + 1) % 360),
    ("use_src", "use_src", lambda use: 1 - use), ("dup_src", "dup_src", lambda dup: dup + 1),
])
def test_a_wrong_value_is_not_explained_away(column, checked, value):
    data = real_points().to_pydict()
    good = np.flatnonzero((np.array(data["dup_src"]) == 0) & (np.array(data["ph_qual"]) == "AAA")
                          & np.isin(data["pxcntr"], data["pts_key"]) & (np.array(data["dist_edge_ew"]) > 200))[:3]
    found = {check.column: check for check in check_published(spoil(column, good, value))}[checked]
    assert set(good.tolist()) <= set(found.unexplained)


def test_the_report_says_each_count(checks):
    text = report(checks.values())
    assert "J ph_qual: 679 of 683 rows as published" in text
    assert f"4 differ: {ROUNDED_GRADE}" in text and "unexplained" not in text


def real_edges():
    columns = ("scan", "ra", "dec", "dist_edge_ns", "dist_edge_ew", "dist_edge_flg")
    edges = ScanEdges()
    edges.add(*(np.array(real_points()[name].to_pylist()) for name in columns))
    return edges


@pytest.mark.parametrize("scan", EDGES)
def test_published_edge_distances_are_those_from_great_circles_to_their_rounding(scan):
    """Whole arcsec are listed: what is left scatters by 1/sqrt(12) arcsec and never reaches 0.6."""
    data = real_points().to_pydict()
    here = np.array(data["scan"]) == scan
    published = np.fmin(data["dist_edge_ns"], data["dist_edge_ew"])[here]
    left = real_edges().depth(scan, np.array(data["ra"])[here], np.array(data["dec"])[here]) - published
    assert np.abs(left).max() < 0.6
    assert left.std() == pytest.approx(1 / np.sqrt(12), abs=0.03)


@pytest.mark.parametrize("place", [(30.0, 5.0), (359.98, -45.0), (200.0, 88.0)])
def test_corners_come_back_from_edge_distances_anywhere_on_the_sky(place):
    """Also in several portions, across 0 h and near the pole; the rows list whole arcsec."""
    rng = np.random.default_rng(11)
    half = 0.07 / np.cos(np.radians(place[1]))
    box = corners(place[0] - half, place[0] + half, place[1] - 1.0, place[1] + 1.0)
    wanted = np.array([(box[f"ra_{n}"] % 360, box[f"dec_{n}"]) for n in range(1, 5)])
    ra, dec = place[0] + half * rng.uniform(-0.7, 0.7, 4000), place[1] + rng.uniform(-0.9, 0.9, 4000)
    edges = ScanEdges()
    distance, flag = edge_columns(ra, dec, wanted)
    for rows in np.array_split(np.arange(4000), 3):
        edges.add(np.full(len(rows), 7), ra[rows], dec[rows], *np.round(distance)[:, rows], flag[rows])
    found = edges.corners(7)
    assert separation(found[:, 0], found[:, 1], wanted[:, 0], wanted[:, 1]).max() < 0.5
    assert np.isnan(edges.corners(8)).all()

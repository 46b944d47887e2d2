"""What this program's rules make of the rows of a published catalog: the same, or different and why.

Each of the columns that follow from others is worked out again. Where rule and row differ, the reason is named and
tested for each row by itself; what no reason explains is counted as unexplained. ``report`` puts it in words.
"""

from dataclasses import dataclass

import numpy as np

from processing.bandmerge.names import designation, galactic
from processing.bandmerge.quality import photometric_quality, total_uncertainty
from processing.release.sky.duplicates import find_duplicates, use_and_dup
from processing.release.sky.neighbours import nearest_neighbours
from processing.release.published.scan_edges import ScanEdges
from processing.config import survey
from processing.schema import BANDS

POSITION_STEP, SNR_STEP, MAGNITUDE_STEP, GALACTIC_STEP = 1e-6, 0.1, 0.001, 0.001
"""Steps in which the catalog lists its numbers (deg, -, mag, deg); its flags were made before the rounding."""

BANDS_STEP = [(0, 0), *((a, b) for a in (-0.5, 0.5) for b in (-0.5, 0.5))]
"""Half steps up and down in two columns."""


@dataclass(frozen=True)
class Check:
    """``rows`` of a column could be compared, ``same`` agree; ``reasons``: why the others differ, rows by reason;
    ``unexplained``: rows (places in the table) that differ for none of them.
    """

    column: str
    rows: int
    same: int
    reasons: dict
    unexplained: list


def check_published(data):
    """The Checks of a pyarrow Table of the point sources as they were published."""
    columns = {name: _array(data[name]) for name in data.column_names}
    return [_designation(columns), *_galactic(columns), *(_quality(columns, band) for band in BANDS),
            *(_uncertainty(columns, band) for band in BANDS), *_neighbours(columns), *_duplicates(columns)]


def report(checks):
    """The Checks as lines of text."""
    lines = []
    for check in checks:
        lines.append(f"{check.column:>11}: {check.same} of {check.rows} rows as published")
        lines += [f"{'':>13}{count} differ: {why}" for why, count in check.reasons.items() if count]
        lines += [f"{'':>13}{len(check.unexplained)} differ, unexplained"] if check.unexplained else []
    return "\n".join(lines)


def _check(column, compared, same, reasons=()):
    """A Check from boolean arrays; ``reasons``: words -> rows that they explain, the first one counts."""
    left, counts = compared & ~same, {}
    for why, holds in dict(reasons).items():
        counts[why] = int((left & holds).sum())
        left = left & ~holds
    return Check(column, int(compared.sum()), int((compared & same).sum()), counts, np.flatnonzero(left).tolist())


def _designation(columns):
    published = np.array([name[:16] for name in columns["designation"]])
    same, near = (
        np.any([_names(columns, a, b) == published for a, b in shifts], axis=0)
        for shifts in (BANDS_STEP[:1], BANDS_STEP)
    )
    reasons = {"the name was made before the position was rounded": near}
    return _check("designation", np.ones(len(same), bool), same, reasons)


def _names(columns, a, b):
    places = zip(columns["ra"] + a * POSITION_STEP, columns["dec"] + b * POSITION_STEP)
    return np.array([designation(ra, dec) for ra, dec in places])


def _galactic(columns):
    """Around 08:30 +01:30 the survey's galactic coordinates lie 0.18 arcsec in longitude and 0.04 in latitude from
    today's; with these taken off 3 of 683 longitudes and no latitude differ. A way through B1950 moves them by as much.
    """
    for name, ours in zip(("glon", "glat"), galactic(columns["ra"], columns["dec"])):
        difference = np.abs((ours - columns[name] + 180.0) % 360.0 - 180.0)
        step = difference < 1.01 * GALACTIC_STEP
        reasons = {"by one step of 0.001 deg: the survey's transformation is an older one": step}
        yield _check(name, np.ones(len(ours), bool), difference < 0.01 * GALACTIC_STEP, reasons)


def _quality(columns, band):
    rd_flg, published = (_letter(columns[name], band) for name in ("rd_flg", "ph_qual"))
    counts = _frame_counts(columns["ndet"], band)
    snr, cmsig, chi = (columns[f"{band.letter}_{name}"] for name in ("snr", "cmsig", "psfchi"))
    graded = np.array([photometric_quality(rd_flg, snr + a * SNR_STEP, cmsig + b * MAGNITUDE_STEP, chi, counts)
                       for a, b in BANDS_STEP]) == published
    reasons = {"S/N or error is at a limit, and was rounded after the grade was given": graded.any(axis=0)}
    return _check(f"{band.name} ph_qual", np.ones(len(snr), bool), graded[0], reasons)


def _uncertainty(columns, band):
    rd_flg = _letter(columns["rd_flg"], band)
    cmsig, published = (columns[f"{band.letter}_{name}"] for name in ("cmsig", "msigcom"))
    low, same, high = (total_uncertainty(cmsig + a * MAGNITUDE_STEP, rd_flg, band.zero_point_error)
                       for a in (-0.5, 0.0, 0.5))
    listed = 0.505 * MAGNITUDE_STEP  # half a step, and what a float keeps
    reasons = {"it was made before cmsig was rounded": (low - listed < published) & (published < high + listed)}
    return _check(f"{band.name} msigcom", np.isfinite(cmsig), np.abs(same - published) < listed, reasons)


def _neighbours(columns):
    """Of the sources whose published neighbour is among the rows."""
    known = np.isin(columns["pxcntr"], columns["pts_key"])
    ours = nearest_neighbours(columns["ra"], columns["dec"], columns["pts_key"].astype(int))
    for name, found, half in zip(("prox", "pxpa", "pxcntr"), ours, (0.05, 0.5, 0.5)):
        published = columns[name]
        same = np.where(np.ma.getmaskarray(found), np.isnan(published), np.abs(found.data - published) < half)
        yield _check(name, known, same.astype(bool))


def _duplicates(columns):
    """use_src from the edges of the scans, dup_src from the sources: what lost to them is not in the catalog."""
    edges, scan = _edges(columns)
    depth = _depth_elsewhere(edges, scan, columns["ra"], columns["dec"])
    own = np.fmin(columns["dist_edge_ns"], columns["dist_edge_ew"])
    use, dup = columns["use_src"], columns["dup_src"]
    numbers = survey().release
    lost, matches = find_duplicates(columns["ra"], columns["dec"], scan, own, numbers.match_radius)
    everywhere = np.ones(len(use), bool)
    yield _check("use_src", everywhere, use_and_dup(lost, dup, own, depth, numbers.border)[0] == use)
    inside = (dup > matches) & (depth > 0) & (own > depth - 1.0)
    near_edge = (dup > matches) & (depth < 0) & (own <= own[inside].max(initial=0))
    yield _check("dup_src", everywhere, matches == dup, {
        "the apparition that lost is not in the catalog": inside,
        "the same, in a scan that has no row here": near_edge})


def _edges(columns):
    """The edges of the scans, and of each row its scan's number."""
    names = zip(columns["date"], columns["hemis"], columns["scan"].astype(int).tolist())
    scan = np.unique([f"{date} {hemis} {number:03d}" for date, hemis, number in names], return_inverse=True)[1]
    edges = ScanEdges()
    edges.add(scan, columns["ra"], columns["dec"], columns["dist_edge_ns"], columns["dist_edge_ew"],
              np.where(columns["dist_edge_flg"] == None, "", columns["dist_edge_flg"]).astype("U2"))  # noqa: E711
    return edges, scan


def _depth_elsewhere(edges, scan, ra, dec):
    """Distance (arcsec) from the edge of the other scan in which a source lies deepest; -inf where it is in none."""
    depth = np.full(len(ra), -np.inf)
    for number in np.unique(scan).tolist():
        others = scan != number
        found = edges.depth(number, ra[others], dec[others])
        depth[others] = np.fmax(depth[others], np.where(found >= 0, found, -np.inf))
    return depth


def _letter(texts, band):
    return np.array([text[band.index - 1] for text in texts])


def _frame_counts(texts, band):
    """Frames that detect a source, of those that could, shape (n, 2); one of which nothing is known was seen on all."""
    place = 2 * (band.index - 1)
    return np.array([[int(text[place]), int(text[place + 1])] if text else [1, 1] for text in texts])


def _array(column):
    """Numbers as floats, NaN for null; texts as objects."""
    values = column.to_pylist()
    if values and any(isinstance(value, str) for value in values):
        return np.array(values, object)
    return np.array([np.nan if value is None else value for value in values], float)

"""Which scans a release is made of: of several scans of one tile the best, and what becomes of the others.

The survey observed tiles again when a scan was poor, and released the best scan of each tile (Explanatory Supplement
IV.10): the highest score; then, here, the most bands and the faintest 10-sigma limit, and the earliest of equals. Scans
of a score below the least are never used. The others of a tile are spare: nothing of them is in the catalog, but what
they saw is evidence of how good the catalog is. So are scans of calibration fields.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from processing.config import survey
from processing.errors import SurveyError
from processing.release.scans.fields import left_out, scan_label
from processing.schema import BANDS


@dataclass(frozen=True, eq=False)
class Scan:
    """One scan: its ``fields``, in the order of their coadds (one for a whole scan)."""

    fields: tuple

    @property
    def scan_id(self):
        return self.fields[0].scan_id

    @property
    def label(self):
        return scan_label(self.scan_id)

    @property
    def tile(self):
        """Number of its tile; None when not known."""
        return self.fields[0].scan["tile"]

    @property
    def score(self):
        return self.fields[0].score

    @property
    def goes_south(self):
        """Whether declination fell during the scan; one whose direction is not known counts as going north."""
        return self.fields[0].scan["direction"] == "s"

    @property
    def coadds(self):
        """Numbers of its coadds, sorted; None, for unknown, first."""
        return sorted((coadd for one in self.fields for coadd in one.coadds), key=lambda c: (c is not None, c or 0))

    @property
    def outline(self):
        return [part for one in self.fields for part in one.outline]

    @property
    def rows(self):
        return sum(one.rows for one in self.fields)


@dataclass(frozen=True, eq=False)
class Choice:
    """``chosen``: the Scans of the release, in the order of night and number; ``spare``: others of their tiles;
    ``visits``: lists of Scans of one calibration field at one time; ``left_out``: what release.json says of fields not
    in the catalog."""

    chosen: list
    spare: list
    visits: list
    left_out: list = field(default_factory=list)


def choose_scans(fields, failed, types=("sci",)):
    """The Choice among ``fields`` (sorted) for a release of these ``types``; ``failed``: as ``read_fields`` gives them.

    SurveyError when nothing is left.
    """
    scans = _scans(fields)
    wanted = [scan for scan in scans if _type(scan) in types]
    unwanted = [(scan, f"type {_type(scan)}") for scan in scans if _type(scan) not in types]
    poor = {scan for scan in scans if scan.score is not None and scan.score < survey().release.least_score}
    best = _best_of_tiles([scan for scan in wanted if scan not in poor])
    chosen = [scan for scan in wanted if best.get(scan) is scan]
    spare = [scan for scan in wanted if best.get(scan, scan) is not scan]
    out = unwanted + [(scan, f"score {scan.score}, the least is {survey().release.least_score}")
            for scan in wanted if scan in poor]
    out += [(scan, _why_spare(scan, best[scan])) for scan in spare]
    told = failed + [left_out(one, why) for scan, why in out for one in scan.fields]
    if not chosen:
        raise SurveyError(f"nothing to release: {told[0]['scan']} is left out ({told[0]['why']}), "
                          f"and so are {len(told) - 1} others")
    visits = [[scan for scan in visit if scan not in poor] for visit in _visits(scans)]
    told.sort(key=lambda entry: (entry["scan"], entry["work"]))
    return Choice(chosen, spare, [visit for visit in visits if visit], told)


def _scans(fields):
    found = defaultdict(list)
    for one in fields:
        found[one.scan_id].append(one)
    return [Scan(tuple(found[scan_id])) for scan_id in sorted(found)]


def _type(scan):
    return scan.fields[0].type


def _best_of_tiles(scans):
    """Scan -> the best of its tile: itself where no other has the tile, or the tile is not known."""
    tiles = defaultdict(list)
    for number, scan in enumerate(scans):
        tiles[number if scan.tile is None else f"tile {scan.tile}"].append(scan)
    return {scan: max(others, key=_goodness) for others in tiles.values() for scan in others}


def _goodness(scan):
    """What is compared, in this order; of equal ones ``max`` takes the first."""
    limits = [scan.fields[0].scan[f"{band.letter}_limit"] for band in BANDS]
    known = [limit for limit in limits if limit is not None]
    return -1 if scan.score is None else scan.score, len(known), float(np.mean(known)) if known else 0.0


def _why_spare(scan, best):
    return f"spare: of tile {scan.tile} {best.label} was chosen (score {best.score}, this one has {scan.score})"


def _visits(scans):
    """Calibration scans, visit by visit: neighbours in the night whose centres lie within half a frame."""
    visits, before = [], None
    for scan in scans:
        if _type(scan) == "cal":
            if before is not None and _same_visit(before, scan):
                visits[-1].append(scan)
            else:
                visits.append([scan])
        before = scan if _type(scan) == "cal" else None
    return visits


def _same_visit(one, other):
    from processing.sphere import separation

    first, second = (scan.fields[0].scan for scan in (one, other))
    near = separation(first["ra"], first["dec"], second["ra"], second["dec"]) < survey().instrument.frame_height / 2.0
    return one.scan_id[:2] == other.scan_id[:2] and bool(near)

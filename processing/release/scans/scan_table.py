"""From the sources of one scan to those that a release can use, with all that the scan alone can say of them.

Columns after the 60 of the catalog:

  _healpix_29   number of the position
  _rank         place in the scan, from 0, in the order of observation
  _edge         arcsec to the nearest edge of the scan
  _depth        arcsec to the nearest edge of the other scan of the release in which it lies deepest; -inf far from all
  _possible     scans of the release in which it surely lies deeper than the border, its own among them
  _partners     the same among the scans of its tile, spare ones with the chosen one; 0 where there is no spare one
  _failed       the first rule of selection that it fails, 0 for none
  _neighbour    arcsec to the nearest other extraction of the same scan, null when it is alone
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from processing.config import survey
from processing.release.sky.cells import spatial_index
from processing.release.sky.duplicates import depth_in, find_duplicates
from processing.release.scans.footprint import outline_distance, outlines_touch
from processing.release.sky.keys import observation_order, with_column
from processing.release.scans.points import Points
from processing.release.rows import reorder
from processing.release.scans.selection import BEFORE_DUPLICATES, first_failed
from processing.sphere import nearest_others, unit_vectors

INDEX = "_healpix_29"

MARGIN = 30.0
"""arcsec: scans that come no closer to each other cannot see the same source."""


@dataclass(frozen=True, eq=False)
class Part:
    """Sources of one field of a scan: ``table`` with _edge and _neighbour, and ``inside``, arcsec, shape (n,), their
    distance from the edge of the field; ``steps``: rows read and rejected by each rule; ``artifacts``: counts;
    ``dropped``: the rows that the rule of this name rejects."""

    table: pa.Table
    inside: np.ndarray
    steps: dict
    artifacts: dict
    dropped: pa.Table


def clean_part(points, record, outline, scan_outline, bright):
    """The Part of a field without artifacts and border.

    Parameters
    ----------
    points : pyarrow.Table
        The columns of psc.
    record : dict
        Content of ``scan.json``.
    outline, scan_outline : list
        Of the field and of its whole scan (``footprint``).
    bright : ndarray
        Stars whose artifacts may reach it (``processing.artifacts.parents_of``).
    """
    from processing.artifacts import find_artifacts

    found = find_artifacts(points, bright, record)
    table = with_column(points, "cc_flg", found.cc_flg)
    places = unit_vectors(table["ra"].to_numpy(), table["dec"].to_numpy())
    inside = outline_distance(places, outline)
    table = table.append_column("_edge", pa.array(scan_edge(table, places, scan_outline), pa.float64()))
    table = table.append_column("_neighbour", neighbour(table))
    stays, steps = np.ones(len(table), bool), {"read": len(table)}
    keeps = {rule.name: rule.keeps(Points(table)) for rule in BEFORE_DUPLICATES}
    for name, kept in keeps.items():
        steps[name] = int((stays & ~kept).sum())
        stays &= kept
    counts = {"dropped": found.artifacts, "touched": found.touched}
    return Part(Points(table)[stays].table, inside[stays], steps, counts, Points(table)[~keeps["artifact"]].table)


def join_parts(parts, radius=None):
    """One Table of a scan's ``parts``, of what several of them see (within ``radius`` arcsec, by default that of
    points) the apparition farthest from its field's edges; and the counts of all steps."""
    steps = {name: sum(part.steps[name] for part in parts) for name in parts[0].steps}
    table = pa.concat_tables([part.table for part in parts])
    lost = np.zeros(len(table), bool)
    if len(parts) > 1:
        number = np.repeat(np.arange(len(parts)), [len(part.table) for part in parts])
        inside = np.concatenate([part.inside for part in parts])
        ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
        lost = find_duplicates(ra, dec, number, inside, radius or survey().release.match_radius)[0]
    table = Points(table)[~lost].table if lost.any() else table
    return table, steps | {"image overlap": int(lost.sum())}


def finish_table(table, goes_south, outline, others, partners, border=None, failed=None):
    """The Table with the rest of the columns, sorted by HEALPix number.

    ``outline`` of the scan; ``others``: of other scans of the release that may touch it; ``partners``: of the others of
    its tile, if there are any; ``border`` (arcsec) and ``failed`` (the column): those of the points by default.
    """
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
    places, sure = unit_vectors(ra, dec), (border or survey().release.border) + survey().release.edge_error
    depths = [depth_in(places, other) for other in others if outlines_touch(outline, other, MARGIN)]
    beside = [depth_in(places, other) for other in partners]
    rank = np.empty(len(table), np.int32)
    rank[observation_order(np.where(goes_south, -dec, dec), ra, table["designation"])] = np.arange(len(table))
    index = spatial_index(ra, dec)
    columns = {
        INDEX: index, "_rank": rank,
        "_depth": np.max([np.full(len(table), -np.inf), *depths], axis=0),
        "_possible": (1 + sum((depth > sure for depth in depths), np.zeros(len(table)))).astype(np.int16),
        "_partners": (bool(partners) + sum((depth > sure for depth in beside), np.zeros(len(table)))).astype(np.int16),
        "_failed": first_failed(Points(table)) if failed is None else failed,
    }  # fmt: skip
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return reorder(table, np.lexsort((rank, index)))


def with_keys(table, scan_key, coadd_keys):
    """The Table with scan_key and coadd_key; ``coadd_keys``: number of a coadd (None when unknown) -> key."""
    numbers = table["coadd"].fill_null(-1).to_numpy()
    known, place = np.unique(numbers, return_inverse=True)
    keys = np.array([coadd_keys[None if number == -1 else number] for number in known.tolist()], np.int32)
    table = with_column(table, "coadd_key", keys[place] if len(keys) else numbers)
    return with_column(table, "scan_key", np.full(len(table), scan_key))


def scan_edge(table, places, outline):
    """arcsec to the nearest edge of the scan: the extraction's own number where it knew it."""
    ways = (table[f"dist_edge_{way}"].cast(pa.float64()).to_numpy() for way in ("ns", "ew"))
    known = np.minimum(*ways)
    unknown = np.isnan(known)
    if unknown.any():
        known = known.copy()
        known[unknown] = outline_distance(places[unknown], outline)
    return known


def neighbour(table):
    """arcsec to each row's nearest other one, float, null where it is alone."""
    distance, _ = nearest_others(table["ra"].to_numpy(), table["dec"].to_numpy())
    return pa.array(distance.astype(np.float32), from_pandas=True)

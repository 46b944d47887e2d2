"""From extracted fields and reduced scans to a release folder."""

import os
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from tqdm import tqdm

from processing import __version__
from processing.config import survey
from processing.errors import SurveyError
from processing.formats.parquet import write_parquet
from processing.formats.tables import make_table
from processing.formats.whole import whole_folder
from processing.release.duplicates import depth_elsewhere, find_duplicates, use_and_dup
from processing.release.fields import read_fields
from processing.release.footprint import coverage
from processing.release.hats_catalog import spatial_index, write_catalog
from processing.release.keys import record_numbers, unique_names, with_column
from processing.release.manifest import MANIFEST, read_release, write_manifest
from processing.release.neighbours import nearest_neighbours
from processing.release.observations import atlas_table, image_name, scans_table
from processing.release.points import gather, scan_coadds, scan_outlines
from processing.release.selection import (
    AFTER_DUPLICATES, BEFORE_DUPLICATES, SKIPPED, unknown_edges, unknown_frames,
)  # fmt: skip
from processing.schema import load_table


def make_release(works, out, name=None, supersedes=None, types=("sci",)):
    """Make the release folder ``out`` of the fields and scans in the folders ``works``; returns the Release.

    ``types``: of scans that it may hold, sci and cal. An older release at ``out`` is replaced in one step. SurveyError
    when ``out`` is something else, or a field is not whole.
    """
    out = Path(out).resolve()
    _refuse_other_folder(out)
    fields, left_out = read_fields(works, types)
    scans = scan_coadds(fields)
    points = gather(fields, scans)
    steps = [{"step": "read", "rows": len(points)}]
    skipped = [*unknown_edges(points), *unknown_frames(points), *SKIPPED]
    points, dup_flags = choose(points, scan_outlines(fields, scans), steps)
    catalog, points = finish(points, dup_flags, _southward(fields, scans))
    steps.append({"step": "written", "rows": catalog.num_rows})
    with whole_folder(out, MANIFEST) as folder:
        created = datetime.now(UTC).isoformat(timespec="seconds")
        rows = _write_tables(folder, catalog, points, fields, scans, created)
        _place_images(folder, fields)
        _write_coverage(folder, fields)
        write_manifest(folder, {
            "name": name or out.resolve().name, "version": __version__, "created": created,
            "settings": asdict(survey().release) | {"quality": asdict(survey().quality)},
            "inputs": [field.provenance() for field in fields], "rows": rows, "rows_by_step": steps,
            "rules_skipped": skipped, "supersedes": supersedes, "left_out": left_out,
        })
    return read_release(out)


def choose(points, outlines, steps):
    """The sources that the release lists, and their (use_src, dup_src); each rule adds its counts to ``steps``.

    ``outlines``: of each scan, see ``scan_outlines``.
    """
    for rule in BEFORE_DUPLICATES:
        points = _apply(rule.name, rule.text, rule.keeps(points), points, steps)
    points = _drop_repeats(points, steps)
    points, use, dup = _drop_losers(points, outlines, steps)
    for rule in AFTER_DUPLICATES:
        keep = rule.keeps(points)
        points, use, dup = _apply(rule.name, rule.text, keep, points, steps), use[keep], dup[keep]
    return points, (use, dup)


def finish(points, dup_flags, southward):
    """The catalog (pyarrow, all 60 columns, sorted by HEALPix number), and the Points in the same order.

    ``southward``, boolean, shape (scans,): declination fell during the scan.
    """
    table = points.table
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
    names = table["designation"].to_pylist()
    numbers = record_numbers(points.scan, np.where(southward[points.scan], -dec, dec), ra, names)
    prox, pxpa, pxcntr = nearest_neighbours(ra, dec, numbers)
    known = {
        "pts_key": numbers, "designation": unique_names(names, numbers), "prox": prox, "pxpa": pxpa, "pxcntr": pxcntr,
        "use_src": dup_flags[0], "dup_src": dup_flags[1], "scan_key": points.scan + 1, "coadd_key": points.coadd + 1,
    }
    for column, values in known.items():
        table = with_column(table, column, values)
    order = np.lexsort((numbers, spatial_index(ra, dec)))
    return make_table(table.take(order), load_table("psc")), points[order]


def _southward(fields, scans):
    """Whether each scan went south; one whose direction is not known counts as going north."""
    direction = {field.scan_id: field.scan["direction"] for field in fields}
    return np.array([direction[scan_id] == "s" for scan_id in scans])


def _apply(name, text, keep, points, steps):
    steps.append({"step": name, "rule": text, "rejected": int((~keep).sum()), "rows": int(keep.sum())})
    return points[keep]


def _drop_repeats(points, steps):
    """One apparition of what two neighbouring images of the same scan hold, where each was extracted for itself."""
    ra, dec = points.table["ra"].to_numpy(), points.table["dec"].to_numpy()
    lost = np.zeros(len(points), bool)
    for scan in np.unique(points.scan):
        rows = np.flatnonzero(points.scan == scan)
        lost[rows] = find_duplicates(ra[rows], dec[rows], points.part[rows], points.coadd_edge[rows],
                                     survey().release.match_radius)[0]
    text = "the apparition farthest from its image's edges, of one scan's images that overlap"
    return _apply("image overlap", text, ~lost, points, steps)


def _drop_losers(points, outlines, steps):
    """One apparition of what two scans saw; also use_src and dup_src of those that stay."""
    numbers = survey().release
    ra, dec = points.table["ra"].to_numpy(), points.table["dec"].to_numpy()
    lost, matches = find_duplicates(ra, dec, points.scan, points.scan_edge, numbers.match_radius)
    depth = depth_elsewhere(ra, dec, points.scan, outlines)
    use, dup = use_and_dup(lost, matches, points.scan_edge, depth, numbers.border)
    text = "the apparition farthest from its scan's edges, of scans that overlap"
    return _apply("tile overlap", text, ~lost, points, steps), use[~lost], dup[~lost]


def _write_tables(folder, catalog, points, fields, scans, created):
    """psc/, scans.parquet and atlas.parquet; returns the row counts."""
    write_catalog(folder / "psc", catalog, load_table("psc"), created)
    coadds = sum(len(found) for found in scans.values())
    tables = {
        "scans": scans_table(fields, scans, np.bincount(points.scan, minlength=len(scans))),
        "atlas": atlas_table(scans, np.bincount(points.coadd, minlength=coadds)),
    }
    for name, table in tables.items():
        write_parquet(folder / f"{name}.parquet", table, load_table(name))
    return {"psc": catalog.num_rows, **{name: table.num_rows for name, table in tables.items()}}


def _place_images(folder, fields):
    """Each image under its night and scan: a hard link to the field's file, or a copy on another file system."""
    images = [(field.path / image["file"], folder / image_name(image)) for field in fields for image in field.images]
    for source, target in tqdm(images, desc="images", unit="image", disable=None, delay=2):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            raise SurveyError(f"{source}: two images of one scan have the name {target.name}")
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)


def _write_coverage(folder, fields):
    images = [image for field in fields for image in field.images]
    coverage(images, survey().release.coverage_order).save(str(folder / "coverage.fits"), format="fits")


def _refuse_other_folder(out):
    if out.exists() and not (out / MANIFEST).is_file():
        raise SurveyError(f"{out}: is there already and is not a release (no {MANIFEST} in it); name another folder")

"""What the rules for artifacts do to simulated nights whose truth is known: false stars caught, real ones lost.

    python -m benchmarks.bench_artifacts                                       # the nights of the benchmarks
    python -m benchmarks.bench_artifacts WORK/<night>... --truth ROOT/truth    # a survey of yours

All science scans of a survey are judged together, so that stars of one act in others. A source is false when no true
star is within 2 arcsec and it is outside all galaxies (3 arcsec or 8 effective radii); it is real when a star is there
and a band has its magnitude within 1 mag. "Listed": what a release would take, were nothing an artifact
(processing.release.scans.selection). Prints the counts by kind and by the Ks of the star whose light is strongest at a
place; writes results/artifacts.json (artifacts_given.json for yours). The nights of bench_reduce are judged as far as
they are reduced.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy.spatial import cKDTree

from benchmarks.beside import make
from benchmarks.reduced import NIGHTS, reduce
from benchmarks.report import write_report
from benchmarks.scenes import SCENES
from processing.artifacts import find_artifacts, near, parents_of
from processing.artifacts.columns import measured, numbers
from processing.artifacts.known import read_bright_stars
from processing.formats.work_record import POINTS_FILE, read_record
from processing.release.scans import selection
from processing.release.scans.points import Points
from processing.simulate.truth import Truth
from processing.sphere import arc, chord, unit_vectors

SAME, GALAXY, RADII, RIGHT = 2.0, 3.0, 8.0, 1.0
"""arcsec, arcsec, effective radii, mag: see above."""

RULES = (selection.inside_border, selection.detected, selection.significant, selection.confirmed)
CLASSES = (-4.0, 0.0, 2.0, 4.0, 6.0, 8.0, 10.5)
"""Edges of the classes of Ks of parents."""


def main(nights=(), truth=None, bright=None):
    surveys = [("given", [Path(night) for night in nights], truth, bright)] if nights else [*benchmark_surveys()]
    figures = {}
    for name, folders, true, known in surveys:
        figures[name] = dict(sorted(judge(folders, Truth(true), known).items()))
        print("\n".join([f"{name}:", *(f"    {what:42} {count:7}" for what, count in figures[name].items())]))
    write_report("artifacts_given" if nights else "artifacts", figures)


def benchmark_surveys():
    """Name, night folders of the working database, truth and list of bright stars."""
    night = make(NIGHTS / "beside")
    reduce(night, NIGHTS / "work" / "beside")
    for name in ("beside", "beside, all stars known", *SCENES):
        root = NIGHTS / name.split(",")[0]
        folders = sorted((NIGHTS / "work" / root.name).glob("[0-9]*"))
        known = root / "bright.ecsv" if "known" in name else None
        if folders:
            yield name, folders, root / "truth", known


def judge(nights, truth, bright=None):
    """Counts over all science scans of some nights, a Counter; ``bright``: file of more bright stars."""
    scans = [(record, pq.read_table(folder / POINTS_FILE)) for folder, record in science(nights)]
    parents = [parents_of(points, record) for record, points in scans]
    parents = np.concatenate(parents + ([] if bright is None else [read_bright_stars(bright)]))
    return sum((counts(points, record, near(parents, record), truth) for record, points in scans), Counter())


def science(nights):
    """Folder and record of every science scan that is whole."""
    found = [(path.parent, read_record(path.parent, "reduce")) for night in nights for path in sorted(
        night.glob("s*/scan.json"))]  # fmt: skip
    return [(folder, record) for folder, record in found
            if record and record["type"] == "sci" and "failed" not in record]


def counts(points, record, parents, truth):
    """Sources of a scan by what they are, what became of them, kind and class of parent: Counter."""
    found = find_artifacts(points, parents, record)
    false, real = judged(points, truth, str(record["scan"]["tile"]))
    listed = np.all([rule(Points(points)) for rule in RULES], axis=0)
    letters, near_by = flags_of(found), parent_class(points, parents)
    total = Counter(rows=len(points), parents=len(parents))
    for what, which in (("false", false), ("real", real)):
        for where, chosen in ((what, which), (f"{what}, listed", which & listed)):
            total[where] += int(chosen.sum())
            total[f"{where}, dropped"] += int((chosen & found.is_artifact).sum())
        dropped = which & listed & found.is_artifact
        total += Counter(f"{what}, listed, dropped {letter}" for letter in letters[dropped])
        total += Counter(f"{what}, listed, dropped at {name}" for name in near_by[dropped])
    total += Counter(f"false, listed, left at {name}" for name in near_by[false & listed & ~found.is_artifact])
    return total


def judged(points, truth, tile):
    """Which sources are false and which real, bool, (n,)."""
    places = unit_vectors(numbers(points, "ra"), numbers(points, "dec"))
    stars, galaxies = truth.stars(tile), truth.galaxies(tile)
    distance, star = _nearest(places, stars)
    true = np.stack([stars[band].to_numpy() for band in "jhk"], axis=1)[star]
    right = (np.abs(measured(points) - true) < RIGHT).any(axis=1)
    tree = cKDTree(places)
    radius = np.maximum(GALAXY, RADII * galaxies["reff"].to_numpy())
    in_galaxy = tree.query_ball_point(unit_vectors(galaxies["ra"], galaxies["dec"]), chord(radius))
    alone = np.ones(len(points), bool)
    alone[np.unique(np.concatenate([*in_galaxy, []]).astype(int))] = False
    return (distance > SAME) & alone, (distance <= SAME) & right


def _nearest(places, table):
    distance, index = cKDTree(unit_vectors(table["ra"], table["dec"])).query(places)
    return arc(distance), index


def flags_of(found):
    """The letter of each source that is an artifact, (n,)."""
    return np.array([min(letters, key="PCDSpcdsb0".index) for letters in found.cc_flg.to_pylist()])


def parent_class(points, parents):
    """Class of the parent whose light is strongest at each source, (n,)."""
    ks = np.nan_to_num(parents["magnitude"][:, 2], nan=10.4)
    star = unit_vectors(parents["ra"], parents["dec"])
    names = []
    for place in unit_vectors(numbers(points, "ra"), numbers(points, "dec")):
        apart = arc(np.linalg.norm(star - place, axis=1))
        strongest = ks[np.argmin(ks + 7.5 * np.log10(np.maximum(apart, 1.0)))] if len(ks) else np.inf
        k = int(np.searchsorted(CLASSES, strongest))
        names.append(f"Ks {CLASSES[max(k - 1, 0)]:g} to {CLASSES[min(k, len(CLASSES) - 1)]:g}")
    return np.array(names)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("nights", nargs="*")
    options.add_argument("--truth")
    options.add_argument("--bright")
    main(**vars(options.parse_args()))

"""W44: our catalog of two real Atlas Images against the published Point Source Catalog of the same sky.

The field (l 34.7, b -0.4) is crowded. Recall: the part of the published rows with ph_qual A-D in the band that have a
source of ours within 1.5 arcsec and 0.75 mag, one to one. Scatter: half the 15.87-84.13 % range of our magnitude minus
the published one, for rd_flg 2 and ph_qual A. Extras: the part of our sources brighter than the 90th percentile of the
published A magnitudes with no published row of any kind within 2 arcsec.

    python -m benchmarks.bench_w44 [--data FOLDER]
"""

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from astropy.table import Table
from scipy.spatial import cKDTree

from benchmarks.report import write_report
from processing.cli import main as twomass
from processing.formats.parquet import read_parquet
from processing.schema import load_table

BINS = {"j": ((14, 15), (15, 16)), "h": ((13, 14), (14, 15))}
TOOLS = {
    "source-extractor + PSFEx": {"j": (0.937, 0.041, 0.855, 0.075, 0.8), "h": (0.851, 0.047, 0.723, 0.084, 1.4)},
    "photutils, iterative PSF": {"j": (0.981, 0.094, 0.944, 0.123, 2.0), "h": (0.946, 0.076, 0.849, 0.114, 4.7)},
    "crowdsource": {"j": (1.000, 0.034, 0.999, 0.066, 3.8), "h": (0.988, 0.123, 0.942, 0.285, 9.0)},
    "wanted": {"j": (0.99, 0.034, 0.98, 0.066, 2.0), "h": (0.97, 0.047, 0.93, 0.084, 2.0)},
}
"""Recall and scatter (mag) in the two bins, extras (%): other programs on the same images, and the bar."""


def plane(ra, dec, centre_dec):
    """Positions in arcsec on the tangent plane of a field this small: (n, 2)."""
    return np.column_stack([ra * np.cos(np.radians(centre_dec)), dec]) * 3600


def published(path):
    """The published rows: positions (deg) and the flag strings and magnitudes by band."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = Table.read(path)
    rows = {"ra": np.array(table["RAJ2000"]), "dec": np.array(table["DEJ2000"])}
    for index, band in enumerate("jh"):
        rows[band] = np.array(table[f"{band.upper()}mag"].filled(np.nan), float)
        rows[f"{band}_quality"] = np.array([flag[index] for flag in table["Qflg"]])
        rows[f"{band}_origin"] = np.array([flag[index] for flag in table["Rflg"]])
    return rows


def one_to_one(theirs, their_mag, ours, our_mag, radius=1.5, difference=0.75):
    """Index of our source for each of theirs, -1 for none; nearest pairs first."""
    near = cKDTree(ours).query_ball_point(theirs, radius)
    pairs = [
        (np.hypot(*(ours[n] - theirs[k])), k, n)
        for k, members in enumerate(near) for n in members if abs(our_mag[n] - their_mag[k]) < difference
    ]
    partner, taken = np.full(len(theirs), -1), set()
    for _, k, n in sorted(pairs):
        if partner[k] < 0 and n not in taken:
            partner[k] = n
            taken.add(n)
    return partner


def compare(rows, points, band):
    """The figures of one band: a dict of recall, scatter and number in each bin, extras, offsets."""
    index = "jhk".index(band)
    ours_all = plane(points["ra"], points["dec"], 1.43)
    seen = np.array([flag[index] not in "UX" for flag in points["ph_qual"]])
    ours, our_mag = ours_all[seen], points[f"{band}_m"][seen]
    theirs = plane(rows["ra"], rows["dec"], 1.43)
    quality, origin, mag = rows[f"{band}_quality"], rows[f"{band}_origin"], rows[band]
    measured = np.isin(quality, list("ABCD"))
    partner = np.full(len(theirs), -1)
    partner[measured] = one_to_one(theirs[measured], mag[measured], ours, our_mag)
    good = (partner >= 0) & (origin == "2") & (quality == "A")
    figures = {"bins": [_bin(mag, measured, partner, good, our_mag, *edges) for edges in BINS[band]]}
    figures.update(_extras(theirs, ours, our_mag, np.percentile(mag[quality == "A"], 90)))
    delta = ours[partner[good]] - theirs[good]
    figures["offset_mag"] = float(np.median(our_mag[partner[good]] - mag[good]))
    figures["offset_arcsec"] = [float(v) for v in np.median(delta, axis=0)]
    figures["compared"] = int(good.sum())
    return figures


def _bin(mag, measured, partner, good, our_mag, low, high):
    inside = measured & (mag >= low) & (mag < high)
    clean = inside & good
    edges = np.percentile(our_mag[partner[clean]] - mag[clean], [15.87, 84.13])
    return {
        "range": [low, high], "rows": int(inside.sum()), "recall": float((partner[inside] >= 0).mean()),
        "scatter": float(np.diff(edges)[0] / 2), "scatter_rows": int(clean.sum()),
    }


def _extras(theirs, ours, our_mag, limit):
    inside = np.all((ours > theirs.min(0)) & (ours < theirs.max(0)), axis=1) & (our_mag < limit)
    distance, _ = cKDTree(theirs).query(ours[inside])
    return {"extras": float(100 * (distance > 2).mean()), "extras_of": int(inside.sum()), "extras_limit": float(limit)}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    data = parser.parse_args(argv).data
    images = [data / "atlas" / f"w44_{band}.fits" for band in "jh"]
    if not all(path.exists() for path in images):
        print(f"w44: no real images in {data}: not run")
        return 0
    started = time.time()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "w44"
        twomass(["extract", *map(str, images), "--out", str(work)])
        table = read_parquet(work / "points.parquet", load_table("psc"), stage="extract")
    points = {name: np.array(table[name].to_pylist() if name == "ph_qual" else table[name].to_numpy())
              for name in ("ra", "dec", "j_m", "h_m", "ph_qual")}
    rows = published(data / "psc" / "w44_psc_south.vot")
    figures = {band: compare(rows, points, band) for band in "jh"}
    _print(figures, time.time() - started)
    write_report("w44", {"seconds": time.time() - started, **figures})
    return 0


def _print(figures, seconds):
    print(__doc__.split("\n")[0])
    print(f"{'':28}{'J 14-15':>13}{'J 15-16':>13}{'H 13-14':>13}{'H 14-15':>13}   extras J / H")
    for name, line in TOOLS.items():
        cells = [line[b][k:k + 2] for b in "jh" for k in (0, 2)]
        print(f"{name:28}" + "".join(f"{r:7.3f} {s:5.3f}" for r, s in cells)
              + f"   {line['j'][4]:.1f} / {line['h'][4]:.1f} %")
    cells = [(c["recall"], c["scatter"]) for b in "jh" for c in figures[b]["bins"]]
    print(f"{'this project':28}" + "".join(f"{r:7.3f} {s:5.3f}" for r, s in cells)
          + f"   {figures['j']['extras']:.2f} / {figures['h']['extras']:.2f} %")
    rows = [c["rows"] for b in "jh" for c in figures[b]["bins"]]
    print(f"{'published rows':28}" + "".join(f"{n:13d}" for n in rows)
          + f"   {figures['j']['extras_of']} / {figures['h']['extras_of']} of ours")
    for band in "jh":
        x, y = figures[band]["offset_arcsec"]
        print(f"{band.upper()}: median offset {figures[band]['offset_mag']:+.3f} mag, {x:+.3f} and {y:+.3f} arcsec"
              f" ({figures[band]['compared']} stars)")
    print(f"{seconds:.0f} s for both bands")


if __name__ == "__main__":
    sys.exit(main())

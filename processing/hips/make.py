"""All HiPS of a release, in pieces that any number of processes do; an interrupted run is gone on with."""

import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np

from processing import __version__
from processing.config import survey
from processing.errors import SurveyError
from processing.formats.whole import whole_file
from processing.hips.allsky import ORDER, write_allsky
from processing.hips.levels import compare, pairs, solve
from processing.hips.properties import Publisher, write_properties
from processing.hips.pyramid import COLOUR, SEEN_ORDERS, STRIDE, Branch, grow, tips_of
from processing.hips.sources import noise_of, sources
from processing.schema import BANDS
from processing.sphere import directions, separation, unit_vectors

ACCOUNT, BEGUN = "hips.json", "made-from"
"""What is in the folder once all is there; what it is made from, from the beginning on."""

NEAR, LEAST_VIEW = 2.0, 0.3
"""Degrees: what is farther from the middle does not count for the first view; the smallest first view."""

CODE = ("hips/*.py", "quality/picture.py")


def make_hips(release, folder, each, publisher=Publisher()):
    """Make the HiPS of the images of ``release`` in ``folder`` unless they are there; what ``hips.json`` says.

    ``each``: does pieces of work (processing.release.crew). None for a release without images. SurveyError when the
    folder holds something else, or tiles are not there that were counted.
    """
    folder, now = Path(folder), mark(release)
    if not release.rows["atlas"]:
        return None
    account = _finished(folder, now)
    if account is None:
        _begin(folder, now)
        account = _make(release, folder, each, now)
    write_properties(folder, account, publisher)
    return account


def mark(release):
    """Stands for all that the HiPS are made of: images, their zero points and skies, settings, and the program."""
    digest = hashlib.sha256(json.dumps(asdict(survey().hips)).encode())
    root = Path(__file__).parents[1]
    for path in (path for pattern in CODE for path in sorted(root.glob(pattern))):
        digest.update(path.read_bytes())
    for row in release.read("atlas").to_pylist():
        digest.update(repr([row[name] for name in ("sha256", "band", "magzp", "skyval", "skysig")]).encode())
    return digest.hexdigest()[:16]


def is_finished(release, folder):
    """Whether the HiPS of the images of ``release`` are in ``folder``, all of them."""
    return _finished(Path(folder), mark(release)) is not None


def _finished(folder, now):
    try:
        account = json.loads((folder / ACCOUNT).read_text())
    except (OSError, ValueError):
        return None
    return account if account.get("made_from") == now else None


def _begin(folder, now):
    """Empty the folder of HiPS that were made from something else."""
    if folder.exists() and any(folder.iterdir()) and not (folder / BEGUN).is_file():
        raise SurveyError(f"{folder}: is there already and is no folder of HiPS (no {BEGUN} in it); name another one")
    if folder.exists() and (not (folder / BEGUN).is_file() or (folder / BEGUN).read_text() != now):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / BEGUN) as partial:
        partial.write_text(now)


def _make(release, folder, each, now):
    found, order = sources(release), survey().hips.order
    levels = _levels(found, each)
    bands = [band.letter for band in BANDS if any(source.band == band.letter for source in found)]
    noise = {band: noise_of(found, band) for band in bands}
    accounts, deepest = [], order
    tips = tips_of(found, order)
    while True:
        branches = _branches(str(folder), order, tips, found, levels, noise)
        accounts += each(grow, [(branch,) for branch in branches], f"tiles of order {order} and above")
        if (order := branches[0].root_order) == 0:
            break
        tips = {branch.root: () for branch in branches}
    account = _account(release, folder, found, deepest, accounts, noise)
    with whole_file(folder / ACCOUNT) as partial:
        partial.write_text(json.dumps({**account, "made_from": now}, indent=1) + "\n")
    shutil.rmtree(folder / "units")
    return account


def _levels(found, each):
    """What to subtract from each image, MJy/sr."""
    tasks = [(number, found[number], {other: found[other] for other in others})
             for number, others in enumerate(pairs(found)) if others]  # fmt: skip
    rows = [row for some in each(compare, tasks, "overlaps") for row in some]
    return solve(len(found), rows).tolist()


def _branches(folder, order, tips, found, levels, noise):
    """The Branches whose tips are the tiles ``tips`` (to numbers of images, none where the tips are drawn already)."""
    roots = {}
    for tile in sorted(tips):
        roots.setdefault(tile >> 2 * min(order, STRIDE), {})[tile] = tips[tile]
    branches = []
    for root, own in roots.items():
        numbers = sorted({number for some in own.values() for number in some})
        branches.append(Branch(folder, order, root, {tile: some for tile, some in own.items() if some},
                               {n: found[n] for n in numbers}, {n: levels[n] for n in numbers}, noise))
    return branches


def _account(release, folder, found, order, accounts, noise):
    """What was made, counted twice: as it was written, and as it is found in the folder."""
    rows, hips = release.read("atlas"), {}
    for name in [*noise, *([COLOUR] if len(noise) > 1 else [])]:
        tiles = _summed(one["tiles"].get(name, {}) for one in accounts)
        own = [source for source in found if name in (COLOUR, source.band)]
        allsky = write_allsky(folder / name)
        size = _check(folder / name, tiles, allsky)
        cells = np.unique(np.concatenate([one["seen"].get(name, []) for one in accounts]).astype(np.uint64))
        fraction = _write_moc(folder / name / "Moc.fits", cells, order + SEEN_ORDERS)
        hips[name] = {"images": len(own), "tiles": tiles, "bytes": size, "fraction": fraction, **_view(own),
                      **_of_rows(rows, name)}  # fmt: skip
    return {"release": release.name, "version": __version__, "created": release.created[:16] + "Z", "order": order,
            "noise": noise, "hips": hips}  # fmt: skip


def _summed(counts):
    total = {}
    for one in counts:
        for order, number in one.items():
            total[order] = total.get(order, 0) + number
    return dict(sorted(total.items(), key=lambda item: int(item[0])))


def _check(folder, tiles, allsky):
    """SurveyError unless the tiles of each order are there; bytes of all files."""
    size = 0
    for order, number in tiles.items():
        files = list((folder / f"Norder{order}").rglob("Npix*"))
        size += sum(path.stat().st_size for path in files)
        for suffix in {path.suffix for path in files}:
            there = sum(path.suffix == suffix for path in files)
            if there != number:
                raise SurveyError(f"{folder}: {number} tiles of order {order} were written, {there} {suffix} are there")
    if len(allsky) != tiles[str(ORDER)]:
        raise SurveyError(f"{folder}: Allsky shows {len(allsky)} tiles of order {ORDER}, there are {tiles[str(ORDER)]}")
    return size


def _write_moc(path, cells, order):
    """Write the map of what was seen; the fraction of the sky."""
    from mocpy import MOC

    moc = MOC.from_healpix_cells(cells, np.full(len(cells), order, np.uint8), order)
    moc.save(str(path), format="fits", overwrite=True)
    return float(moc.sky_fraction)


def _view(own):
    """Where to look first: the middle (ra, dec, deg) of an image in the midst of the others, and a width (deg)."""
    middles = directions(np.array([unit_vectors(*np.transpose(source.corners)).mean(axis=0) for source in own]))
    vectors = unit_vectors(*middles)
    nearest = int(np.argmax(vectors @ vectors.mean(axis=0)))
    apart = separation(middles[0][nearest], middles[1][nearest], *middles) / 3600
    width = 2 * apart[apart < NEAR].max() + LEAST_VIEW
    return {"place": [float(axis[nearest]) for axis in middles], "fov": round(float(width), 2)}


def _of_rows(rows, name):
    """First and last time (MJD, None where no image has one) and smallest pixel (deg) of the images of a HiPS."""
    own = [row for row in rows.to_pylist()
           if name == COLOUR or row["band"] == next(band.name for band in BANDS if band.letter == name)]
    times = [row["mjd"] for row in own if row["mjd"] is not None]
    return {"t_min": min(times, default=None), "t_max": max(times, default=None),
            "pixel_scale": round(min(row["pixel_scale"] for row in own) / 3600, 9)}  # fmt: skip

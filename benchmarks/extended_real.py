"""Galaxies in real Atlas Images: what is printed of them is compared with published values outside this repository."""

from pathlib import Path

from processing.extract import extract_field
from processing.formats.atlas_field import read_field

DATA = Path(__file__).parents[2] / "shared" / "data" / "atlas"
"""Where the images lie, if they do."""

IMAGES = {"IC 494": (("ic494_j.fits", "ic494_h.fits", "ic494_k.fits"), 1),
          "NGC 5273 and NGC 5276": (("ngc5273_j.fits.gz",), 2)}  # fmt: skip
"""Files, and how many objects of them are printed: the brightest in the isophotal aperture."""

COLUMNS = ("designation", "r_k20fe", "r_j21fe", "k_ba", "k_phi", "j_ba", "j_phi", "sup_ba", "sup_phi", "e_score", *(
    f"{band}_{what}_{kind}" for kind in ("k20fe", "j21fe", "ext", "7") for band in "jhk" for what in ("m", "msig")))


def real_objects(folder=DATA):
    """Columns of the objects by name, printed; a sentence where the images are not there."""
    rows = {}
    for name, (files, count) in IMAGES.items():
        paths = [folder / file for file in files]
        if not all(path.exists() for path in paths):
            print(f"{name}: no images in {folder.name}, not measured")
            rows[name] = "images not there"
            continue
        rows[name] = brightest(extract_field(read_field(paths)).extended, count)
        for row in rows[name]:
            print(f"\n{name}: " + "  ".join(f"{key} {value}" for key, value in row.items()))
    return rows


def brightest(table, count):
    """The known columns of the rows with most light in the fiducial aperture (of J where there is one)."""
    rows = [row for row in table.select(COLUMNS).to_pylist() if row["j_m_j21fe"] is not None]
    rows = sorted(rows, key=lambda row: row["j_m_j21fe"])[:count]
    return [{key: _short(value) for key, value in row.items() if value is not None} for row in rows]


def _short(value):
    return round(value, 3) if isinstance(value, float) else value

"""A small release of real data, made without the rest of the pipeline: 683 catalog rows and three fields' images.

In each of the images' fields are a few more rows, copies at other places: the real ones are from elsewhere on the sky.

Where the real data are not beside the checkout, rows and images of the same number and kind are made up.
"""

from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processing.formats.parquet import write_parquet
from processing.formats.tables import make_table
from processing.formats.tests.extended_rows import made_up_galaxies
from processing.formats.tests.real_rows import DATA, real_points
from processing.formats.whole import whole_folder
from processing.release.catalogs.hats_catalog import write_metadata
from processing.release.manifest import write_manifest
from processing.release.sky.cells import Cells
from processing.schema import BANDS, load_table
from vo_tests.made_up import made_up_image, made_up_points

ATLAS = DATA.parent / "atlas"
FIELDS = {"ic494": "jhk", "f133-06": "jhk", "w44": "jh"}
ON_IMAGES = ((0.3, 0.2), (0.5, 0.5), (0.85, 0.7))
"""Where in each field there is a galaxy, which is a point source as well: share of its columns and lines."""

ALONE = (0.4, 0.65)
"""Where there is a point source alone."""


ORDER = 3
"""HEALPix order of the partitions."""

CREATED = "2025-01-01T00:00:00Z"

COMPLETENESS = {
    "level1_key": 1, "item": "completeness", "category": "Point Source Catalog", "requirement": "> 0.99", "band": "Ks",
    "quantity": "completeness at the limit", "basis": "repeats", "measured": 0.9975, "error": 0.0015, "low": 0.9955,
    "high": 0.9985, "objects": 812, "sense": ">", "threshold": 0.99, "reached": "met", "verdict": "met",
    "tension": -0.25, "method": "n2 are seen by both scans, n1 by one"}  # fmt: skip
LEVEL1 = [COMPLETENESS, {**dict.fromkeys(COMPLETENESS), "level1_key": 2, "item": "extended_precision", "unit": "mag",
                         "category": "Extended Source Catalog", "requirement": "< 10%", "quantity": "precision",
                         "verdict": "not measured", "method": "There are no extended sources yet."}]  # fmt: skip
"""Rows of the Level 1 table: one that was measured, one that was not."""


def make_small_release(path, name, rows=None, copies=1):
    """Write the release folder ``path`` with the first ``rows`` point sources, each ``copies`` times (new keys)."""
    points = real_points() if DATA.is_dir() else made_up_points()
    points = _repeated(_with_gaps(points).slice(0, rows), copies)
    with whole_folder(path) as folder:
        images = list(_images(folder))
        scans = _scans(points, images)
        for image in images:
            image["scan_key"] = scans[image["night"], image["scan"]]["scan_key"]
        points = pa.concat_tables([points, _points_on(images, points.slice(0, 1))])
        galaxies = _galaxies(images)
        _write_catalog(folder, "psc", points)
        _write_catalog(folder, "xsc", galaxies)
        _write_table(folder, "scans", list(scans.values()))
        _write_table(folder, "atlas", images)
        _write_coverage(folder, points)
        _write_table(folder, "level1", LEVEL1)
        counts = {"psc": points.num_rows, "xsc": galaxies.num_rows, "scans": len(scans), "atlas": len(images),
                  "level1": len(LEVEL1)}
        write_manifest(folder, {"name": name, "version": "test", "created": CREATED, "settings": {},
                                "inputs": [], "rows": counts, "rows_by_step": [], "rules_skipped": [],
                                "supersedes": None})


def _with_gaps(points):
    """Null in every tenth row of every column that may be null: an Atlas Image alone cannot tell many of them."""
    gap = np.arange(points.num_rows) % 10 == 7
    for place, column in enumerate(load_table("psc").columns):
        if column.nullable:
            values = points[column.name].combine_chunks()
            kept = pc.if_else(pa.array(gap), pa.scalar(None, values.type), values)
            points = points.set_column(place, points.schema.field(place), kept)
    return points


def _repeated(points, copies):
    parts = []
    for number in range(copies):
        keys = points["pts_key"].to_numpy() + (number - copies // 2) * 10_000_000
        place = points.column_names.index("pts_key")
        parts.append(points.set_column(place, points.schema.field("pts_key"), pa.array(keys.astype(np.int32))))
    return pa.concat_tables(parts)


def _images(folder):
    """The rows of atlas.yaml (plus ``night``) for each image, which is copied into the release."""
    key = 0
    for field, bands in FIELDS.items():
        for band in (band for band in BANDS if band.letter in bands):
            key += 1
            source = ATLAS / f"{field}_{band.letter}.fits"
            content = source.read_bytes() if source.is_file() else made_up_image(field, band.letter)
            yield _image(folder, content, band, key, list(FIELDS).index(field) + 1)


def _image(folder, content, band, key, coadd_key):
    from astropy.io import fits
    from astropy.wcs import WCS

    from processing.formats.checksum import fingerprint

    header = fits.getheader(BytesIO(content))
    wcs, (nx, ny) = WCS(header), (header["NAXIS1"], header["NAXIS2"])
    corners = wcs.all_pix2world([[0.5, 0.5], [nx + 0.5, 0.5], [nx + 0.5, ny + 0.5], [0.5, ny + 0.5]], 1)
    centre = wcs.all_pix2world([[(nx + 1) / 2, (ny + 1) / 2]], 1)[0]
    night, hemis = header["ORDATE"].strip(), {"CTIO": "s"}.get(header["TELNAME"].strip(), "n")
    file = f"atlas/{night}{hemis}/s{header['SCANNO']:03d}/{band.letter}i{coadd_key:02d}.fits"
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(content)
    row = {
        "atlas_key": key, "coadd_key": coadd_key, "band": band.name, "hemis": hemis, "night": (night, hemis),
        "date": f"{'19' if night[0] == '9' else '20'}{night[:2]}-{night[2:4]}-{night[4:]}", "scan": header["SCANNO"],
        "coadd": None, "ra": centre[0], "dec": centre[1], "naxis1": nx, "naxis2": ny,
        "pixel_scale": abs(header["CDELT1"]) * 3600, "mjd": _mjd(header, 51400.1 + key), "airmass": None,
        "magzp": header["MAGZP"],
        "skyval": header["SKYVAL"], "skysig": header["SKYSIG"], "seeing": 2.6 if band.letter == "j" else None,
        "points": 0, "file": file, **fingerprint(folder / file),
    }
    for i, (ra, dec) in enumerate(corners, 1):
        row |= {f"ra_{i}": ra, f"dec_{i}": dec}
    return row


def _mjd(header, otherwise):
    """When the frame at the image's centre was taken, as the header of a real image says."""
    from astropy.time import Time

    if "UT_DATE" not in header:
        return otherwise
    day = header["UT_DATE"].strip()
    century = "19" if day[0] == "9" else "20"
    return float(Time(f"{century}{day[:2]}-{day[2:4]}-{day[4:]}T{header['UT'].strip()}").mjd)


def _points_on(images, row):
    """Copies of a source in each field, at the places ON_IMAGES and ALONE, with keys, names and scan of their own."""
    fields = {image["coadd_key"]: image for image in images}
    made = []
    for x, y in (*ON_IMAGES, ALONE):
        for image in fields.values():
            ra, dec = _place_in(image, x, y)
            known = {name: image[name] for name in ("coadd_key", "scan_key", "date", "hemis", "scan")}
            made.append({**row.to_pylist()[0], **known, "ra": ra, "dec": dec, "pts_key": 900_000_000 + len(made),
                         "designation": _designation(ra, dec)})
    psc = load_table("psc")
    return make_table({c.name: pa.array([source[c.name] for source in made]) for c in psc.columns}, psc)


def _place_in(image, x, y):
    """Between the corners of an image, which are south-east, south-west, north-west, north-east."""
    shares = ((1 - x) * (1 - y), x * (1 - y), x * y, (1 - x) * y)
    return [sum(share * image[f"{axis}_{i}"] for i, share in enumerate(shares, 1)) for axis in ("ra", "dec")]


def _designation(ra, dec):
    from astropy import units as u
    from astropy.coordinates import Angle

    hours = Angle(ra, u.deg).to_string(u.hourangle, sep="", precision=2, pad=True).replace(".", "")
    return hours + Angle(dec, u.deg).to_string(u.deg, sep="", precision=1, pad=True, alwayssign=True).replace(".", "")


def _scans(points, images):
    """The rows of scans.yaml, by (night, scan): those of the point sources and those of the images."""
    found = {}
    keys = points["scan_key"].to_numpy()
    firsts = np.unique(keys, return_index=True)[1]
    for row in points.take(firsts).to_pylist():
        night = (row["date"][2:].replace("-", ""), row["hemis"])
        found.setdefault((night, row["scan"]), _scan(row["scan_key"], row))
    for image in images:
        found.setdefault((image["night"], image["scan"]), _scan(900000 + image["atlas_key"], image))
    for scan in found.values():
        scan["points"] = int((keys == scan["scan_key"]).sum())
    return found


def _scan(key, row):
    scan = dict.fromkeys(load_table("scans").names)
    scan |= {"scan_key": key, "glon": 0.0, "glat": 0.0}
    scan |= {name: row[name] for name in ("hemis", "date", "scan", "ra", "dec", "glon", "glat") if name in row}
    for i in range(1, 5):
        scan |= {f"ra_{i}": row["ra"], f"dec_{i}": row["dec"]}
    return scan


def _galaxies(images):
    """Extended sources at the places ON_IMAGES of each field; each is the same object as the point source there."""
    fields = {image["coadd_key"]: image for image in images}
    rows = [(x, y, image) for x, y in ON_IMAGES for image in fields.values()]
    ra, dec = np.array([_place_in(image, x, y) for x, y, image in rows]).T
    known = {name: [image[name] for _, _, image in rows]
             for name in ("coadd_key", "scan_key", "date", "hemis", "scan")}  # fmt: skip
    return made_up_galaxies(ra, dec, k=np.linspace(9, 14, len(rows)), size=np.linspace(40, 8, len(rows)),
                            stage="release", ext_key=np.arange(len(rows)) + 70, im_nx=np.full(len(rows), 90),
                            pts_key=900_000_000 + np.arange(len(rows)), **known)  # fmt: skip


def _write_catalog(folder, name, data):
    """Two partitions, as HATS lays them out."""
    half = data.num_rows // 2
    for pixel, part in enumerate((data.slice(0, half), data.slice(half))):
        file = folder / name / "dataset" / f"Norder={ORDER}" / "Dir=0" / f"Npix={pixel}.parquet"
        write_parquet(file, part, load_table(name), index=np.arange(part.num_rows))
    kept, pixels = np.array([half, data.num_rows - half]), np.arange(2)
    write_metadata(folder / name, Cells(np.full(2, ORDER), pixels), kept, (pixels, kept), CREATED)


def _write_table(folder, name, rows):
    table = load_table(name)
    columns = {column.name: pa.array([row.get(column.name) for row in rows]) for column in table.columns}
    write_parquet(folder / f"{name}.parquet", make_table(columns, table), table)


def _write_coverage(folder, points):
    import astropy.units as u
    from mocpy import MOC

    moc = MOC.from_lonlat(points["ra"].to_numpy() * u.deg, points["dec"].to_numpy() * u.deg, max_norder=10)
    moc.save(folder / "coverage.fits", format="fits")

"""Make Atlas Images of a simulated field, or raw nights (--scans), with the truth beside them.

Without --scans: writes FOLDER/ji<coadd>.fits, hi<coadd>.fits, ki<coadd>.fits (headers as in the real survey's images),
and in FOLDER/truth stars.parquet and galaxies.parquet (what is there, where and how bright, and its pixels in the
images), extended.parquet (what a perfect camera would measure of the brighter galaxies: see galaxy_truth.isophotes) and
simulation.json (the settings). The brightest stars are the real ones of Tycho-2 where the Debian package
astrometry-data-tycho2-07-littleendian is installed. The same position and seed always give the same sky.

With --scans: writes FOLDER/<night>/ with darks, twilight flats, calibration fields and science scans, FOLDER/reference
with the catalogs that calibrate them, and FOLDER/truth (described in processing/simulate/truth.py). An interrupted run
goes on where it was.

    twomass simulate --out field
    twomass simulate --out plane --ra 284.0 --dec 1.43 --seed 3
    twomass simulate --out raw --scans 2
    twomass simulate --out small --scans 2 --frames 16 --cal-frames 12 --still-frames 12
"""

from pathlib import Path

from processing.simulate import night_command

DEFAULT_FIELD = 290.0, 30.0
"""A field at galactic longitude 63, latitude +7: about three thousand stars, not yet crowded."""

MARGIN = 90.0
"""Sources are drawn to this many arcsec outside the image, for their wings."""


def describe(parser):
    """The arguments of ``twomass simulate``."""
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where to write; replaced if it is "
                        "a simulation, refused if it is anything else")  # fmt: skip
    parser.add_argument("--ra", type=float, default=DEFAULT_FIELD[0], help="centre, deg ICRS (default %(default)s)")
    parser.add_argument("--dec", type=float, default=DEFAULT_FIELD[1], help="centre, deg ICRS (default %(default)s)")
    parser.add_argument("--bands", default="j,h,k", help="some of j,h,k (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="another number is another sky (default %(default)s)")
    parser.add_argument("--limit", type=float, default=17.0, help="Ks magnitude of the faintest sources put in "
                        "(default %(default)s, two magnitudes below the survey's limit)")  # fmt: skip
    parser.add_argument("--seeing", type=float, help="FWHM in arcsec as the survey counts it (default 2.6)")
    parser.add_argument("--density-factor", type=float, default=1.0, help="multiplies the number of stars of the model")
    parser.add_argument("--model-only", action="store_true", help="leave out the real stars even if they are installed")
    night_command.describe(parser)


def run(args):
    """Simulate the field or the nights and write them; prints what was written."""
    from tqdm import tqdm

    from processing.config import survey
    from processing.simulate import tycho

    bands = _checked(args)
    if args.scans is not None:
        night_command.run(args)
        return
    if not tycho.available() and not args.model_only:
        print(f"no real stars: the package {tycho.PACKAGE} is not installed; the bright stars are the model's")
    sky, sources = _sky(args)
    with tqdm(desc="simulate", unit="frame", disable=None) as bar:
        images = _images(args, bands, sources, bar)
    seeing = survey().simulate.seeing if args.seeing is None else args.seeing
    settings = {"ra": args.ra, "dec": args.dec, "seed": args.seed, "limit": args.limit, "bands": bands,
                "real": sky.real, "seeing": seeing, "density_factor": args.density_factor}  # fmt: skip
    names = _write(args.out, images, sources, settings)
    stars, galaxies = sources
    print(f"{args.out}: {', '.join(names)}; truth: {len(stars)} stars ({sum(stars['real'].to_pylist())} real), "
          f"{len(galaxies)} galaxies")  # fmt: skip


def _checked(args):
    from processing.errors import SurveyError

    if not (0 <= args.ra < 360 and -89.5 <= args.dec <= 89.5):
        raise SurveyError(f"position: expected 0 <= ra < 360 and -89.5 <= dec <= 89.5, found {args.ra}, {args.dec}")
    if not 0 <= args.density_factor <= 100:
        raise SurveyError(f"--density-factor: expected 0 to 100, found {args.density_factor}")
    if args.seed < 0:
        raise SurveyError(f"--seed: expected a number from 0, found {args.seed}")
    out = args.out.resolve()  # so that a path with .. in it is judged by where it leads
    ours = (out / "truth" / "simulation.json").exists() and not (out / "reference").exists()
    if args.scans is None and out.exists() and not ours and (not out.is_dir() or any(out.iterdir())):
        raise SurveyError(f"{args.out}: expected a new or empty folder or an earlier simulation, found something else")
    return [band.strip() for band in args.bands.split(",")]


def _sky(args):
    from processing.simulate.atlas import SHAPE
    from processing.simulate.sky import around, sky_patch

    height, width = ((n + 2 * MARGIN) / 3600 for n in SHAPE)
    patch = around(args.ra, args.dec, width, height)
    sky = sky_patch(patch, args.limit, args.seed, args.density_factor, False if args.model_only else None)
    return sky, (sky.stars, sky.galaxies)


def _images(args, bands, sources, bar):
    from processing.simulate.atlas import simulate_atlas

    def progress(done, total):
        bar.total = total * len(bands)
        bar.update()

    return simulate_atlas(*sources, (args.ra, args.dec), bands, args.seed, seeing=args.seeing, progress=progress)


def _write(out, images, sources, settings):
    import json
    from datetime import UTC, datetime

    import pyarrow.parquet as pq
    from astropy.io import fits

    from processing import __version__
    from processing.formats.whole import whole_folder
    from processing.simulate.truth import true_extended

    names = []
    with whole_folder(out, "truth/simulation.json") as folder:
        (folder / "truth").mkdir()
        for band, image in images.items():
            names.append(f"{band}i{image.coadd:02d}.fits")
            fits.PrimaryHDU(image.data, image.header).writeto(folder / names[-1])
        for name, table in zip(("stars", "galaxies"), sources):
            pq.write_table(_truth(table, name, images), folder / "truth" / f"{name}.parquet")
        pq.write_table(true_extended(sources[1], settings["seeing"]), folder / "truth" / "extended.parquet")
        created = datetime.now(UTC).isoformat()
        record = {"version": __version__, "stage": "simulate", "created": created, "settings": settings}
        (folder / "truth" / "simulation.json").write_text(json.dumps(record, indent=2) + "\n")
    return names


def _truth(table, name, images):
    """The sources with x_<band>, y_<band> (pixel, 0-based), dn_<band> and seen_<band>: its pixel has a value."""
    for band, image in images.items():
        truth = getattr(image, name)
        for column in ("x", "y", "dn"):
            table = table.append_column(f"{column}_{band}", truth[column])
        table = table.append_column(f"seen_{band}", [_seen(image.data, truth["x"].to_numpy(), truth["y"].to_numpy())])
    return table


def _seen(data, x, y):
    import numpy as np

    column, row = np.round(x).astype(int), np.round(y).astype(int)
    inside = (column >= 0) & (row >= 0) & (column < data.shape[1]) & (row < data.shape[0])
    seen = np.zeros(len(x), bool)
    seen[inside] = np.isfinite(data[row[inside], column[inside]])
    return seen

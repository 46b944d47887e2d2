"""Make the HiPS of a release: its Atlas Images as one sky in J, H, Ks and in colours, to zoom and pan in.

Neighbouring images are brought to the same zero point and the same level of the sky, and faded into each other. FITS
tiles hold brightness in MJy/sr above the sky. twomass publish does this by itself for a release; here it is done ahead,
by many machines (then: twomass publish RELEASE --hips FOLDER), or for another server. Interrupted, the same command
goes on.

Examples:
  twomass hips release/2026a --out hips/2026a
  twomass hips release/2026a --out hips/2026a --scheduler tcp://head:8786
"""

from pathlib import Path

IMAGE = 4000
"""Rows of a catalog that are as much work as an image: whether it is worth to start worker processes."""


def describe(parser):
    """Add the arguments of the command."""
    parser.add_argument("release", metavar="RELEASE", type=Path, help="folder that twomass release made")
    parser.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="where to put them")
    parser.add_argument("--workers", type=int, metavar="N",
                        help="processes on this machine; 0: this one alone (default: for few images 0, else one "
                             "a core)")
    parser.add_argument("--scheduler", metavar="ADDRESS",
                        help="a Dask scheduler that runs already, tcp://host:port; its workers need this program and "
                             "must see RELEASE and FOLDER under the same paths")  # fmt: skip


def run(args):
    """Make them and say what there is."""
    from processing.errors import SurveyError
    from processing.hips.make import make_hips
    from processing.release import read_release
    from processing.release.crew import crew

    release = read_release(args.release)
    if not release.rows["atlas"]:
        raise SurveyError(f"{release.path}: the release has no images to make HiPS of")
    with crew(args.out.resolve().parent, IMAGE * release.rows["atlas"], args.scheduler, args.workers) as each:
        account = make_hips(release, args.out.resolve(), each)
    print("\n".join(f"{args.out}/{name}: {line}" for name, line in lines(account)))


def lines(account):
    """Each HiPS with a line about it."""
    for name, own in account["hips"].items():
        tiles = sum(own["tiles"].values())
        deepest = own["tiles"][str(account["order"])]
        yield name, (f"{own['images']} images in {deepest} tiles of order {account['order']}, {tiles} tiles in all, "
                     f"{own['bytes'] / 1e6:.0f} MB")

"""Make a release folder of one or more scans or extracted fields.

Reads the folders that twomass reduce or extract wrote (or a folder that holds several), chooses the sources that the
catalog lists, finds duplicates where fields overlap, gives keys and names, and writes the whole release folder:

  psc/            the point sources, a HATS catalog of VOParquet files
  scans.parquet   one row a scan
  atlas.parquet   one row an Atlas Image; the images themselves in atlas/
  coverage.fits   the sky they cover (MOC)
  release.json    what it was made of, row counts, checksums

Example:
  twomass release work/990810s/s049 --out release/w44
"""

from pathlib import Path


def describe(parser):
    """Add the arguments of the command."""
    parser.add_argument("works", nargs="+", metavar="WORK", type=Path,
                        help="folder of a scan or an extracted field, or a folder with several in it")
    parser.add_argument("--out", required=True, metavar="RELEASE", type=Path,
                        help="the release folder to make; one that is there is replaced when the new one is whole")
    parser.add_argument("--name", help="name of the release (default: the last part of RELEASE)")
    parser.add_argument("--supersedes", metavar="NAME", help="name of the release that this one takes the place of")
    parser.add_argument("--cal", action="store_true", help="take calibration scans too, not only science")


def run(args):
    """Make the release and print what came in, what each rule took out, and what was written."""
    from processing.release.make import make_release

    types = ("sci", "cal") if args.cal else ("sci",)
    release = make_release(args.works, args.out, args.name, args.supersedes, types)
    print(report(release))


def report(release):
    """The row accounting of a Release as lines of text."""
    lines = [_step_line(step) for step in release.rows_by_step]
    lines += [f"  not applied  {rule['rule']}: {rule['why']}" for rule in release.rules_skipped]
    lines += [f"  left out  {entry['scan']}: {entry['why']}" for entry in release.left_out]
    rows = release.rows
    lines.append(f"{release.path}: release {release.name} with {rows['psc']} point sources, {rows['scans']} scans, "
                 f"{rows['atlas']} images, {len(release.files)} files")
    return "\n".join(lines)


def _step_line(step):
    if "rejected" in step:
        return f"  {step['rejected']:>9} rejected by {step['step']}: {step['rule']}"
    return f"{step['rows']:>11} rows {step['step']}"

"""Make a release folder of one or more scans or extracted fields.

Reads the folders that twomass reduce or extract wrote (or a folder that holds several), chooses the best scan of each
tile, takes out artifacts, chooses the sources that the catalog lists, finds duplicates where scans overlap, gives keys
and names, and writes the whole release folder:

  psc/            the point sources, a HATS catalog of VOParquet files
  scans.parquet   one row a scan
  atlas.parquet   one row an Atlas Image; the images themselves in atlas/
  apparitions/    what each scan says of sources that several scans could see (overlaps, scans not chosen, calibration)
  coverage.fits   the sky they cover (MOC)
  release.json    what it was made of, row counts, checksums

The same inputs give the same bytes, whoever does the work; memory does not grow with the catalog.

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
    parser.add_argument("--workers", type=int, metavar="N",
                        help="processes on this machine; 0: this one alone (default: for few rows 0, else one a core, "
                             "as far as there are 3 GB for each)")  # fmt: skip
    parser.add_argument("--scheduler", metavar="ADDRESS",
                        help="a Dask scheduler that runs already, tcp://host:port; its workers need this program and "
                             "must see WORK and RELEASE under the same paths")  # fmt: skip


def run(args):
    """Make the release and print what came in, what each rule took out, and what was written."""
    from processing.errors import SurveyError

    if args.workers is not None and (args.workers < 0 or args.scheduler):
        raise SurveyError("--workers: expected a number from 0, and no --scheduler"
                          + (", found both" if args.scheduler else f", found {args.workers}"))  # fmt: skip
    from processing.release.make import make_release

    types = ("sci", "cal") if args.cal else ("sci",)
    release = make_release(args.works, args.out, args.name, args.supersedes, types, args.scheduler, args.workers)
    print(report(release))


def report(release):
    """The row accounting of a Release as lines of text."""
    lines = [_step_line(step) for step in release.rows_by_step]
    lines += [f"  not applied  {rule['rule']}: {rule['why']}" for rule in release.rules_skipped]
    lines += [f"  left out  {entry['scan']}: {entry['why']}" for entry in release.left_out]
    lines += [f"  artifacts  {what}: {_kinds(kinds)}" for what, kinds in release.content.get("artifacts", {}).items()]
    lines += [f"  apparitions  {kind}: {rows}" for kind, rows in release.content.get("apparitions", {}).items()]
    rows = release.rows
    lines.append(f"{release.path}: release {release.name} with {rows['psc']} point sources, {rows['scans']} scans, "
                 f"{rows['atlas']} images, {len(release.files)} files")
    return "\n".join(lines)


def _kinds(counts):
    """Counts by letter of cc_flg."""
    return ", ".join(f"{letter} {count}" for letter, count in counts.items()) or "none"


def _step_line(step):
    if "rejected" in step:
        return f"  {step['rejected']:>9} rejected by {step['step']}: {step['rule']}"
    return f"{step['rows']:>11} rows {step['step']}"

"""Make a release folder of scans, of extracted fields, or of the files that the survey published.

Reads the folders that twomass reduce or extract wrote (or a folder that holds several), chooses the best scan of each
tile, takes out artifacts, chooses the sources that the catalog lists, finds duplicates where scans overlap, gives keys
and names, and writes the whole release folder:

  psc/            the point sources, a HATS catalog of VOParquet files
  xsc/            the extended sources, the same way, when the scans have some (extended.parquet)
  scans.parquet   one row a scan
  atlas.parquet   one row an Atlas Image; the images themselves in atlas/
  apparitions/    what each scan says of sources that several scans could see (overlaps, scans not chosen, calibration)
  extended_apparitions.parquet  the same of extended sources
  artifacts.parquet  what was taken for an artifact of a bright star and dropped
  coverage.fits   the sky they cover (MOC)
  release.json    what it was made of, row counts, checksums

and on request ascii/ and fits/, the catalog in other formats, a file for each HEALPix partition. twomass release diff
A B tells what differs between two releases.

The same inputs give the same bytes, whoever does the work; memory does not grow with the catalog.

Examples:
  twomass release work/990810s/s049 --out release/w44
  twomass release --from-ascii psc_*.gz xsc_*.gz --out release/allsky
  twomass release diff release/first release/second
"""

from pathlib import Path

FEW = 3
"""Scans left out for the same reason that are still named one by one."""


def describe(parser):
    """Add the arguments of the command."""
    parser.add_argument("works", nargs="*", metavar="WORK", type=Path,
                        help="folder of a scan or an extracted field, or a folder with several in it")
    parser.add_argument("--from-ascii", nargs="+", metavar="FILE", type=Path,
                        help="instead of WORK: the survey's bulk files (psc_*.gz, and xsc_*.gz of the extended "
                             "sources), rows taken as they are")
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


    parser.add_argument("--ascii", action="store_true", help="write the survey's bulk format, too: ascii/psc_*.gz")
    parser.add_argument("--fits", action="store_true", help="write FITS tables, too: fits/psc_*.fits")
    parser.add_argument("--optical", metavar="FILE", type=Path,
                        help="optical stars to look for at the sources: Parquet or ECSV with ra, dec (deg, ICRS, "
                             "J2000) and vt_mag, if known bt_mag, pm_ra (with cos dec), pm_dec (mas/yr)")  # fmt: skip
    parser.add_argument("--minor-planets", metavar="FILE", type=Path,
                        help="ephemeris for mp_flg: ECSV with name, jd (UTC), ra, dec (deg, ICRS, as seen from the "
                             "observatory), if known rate_ra (with cos dec), rate_dec (arcsec/h), error (arcsec); "
                             "times of an object at most a day apart, without rates some minutes to an hour")
    parser.add_argument("--bright-stars", metavar="FILE", type=Path,
                        help="very bright stars that no scan holds, whose spikes and halos may reach one: ECSV, FITS, "
                             "VOTable or Parquet with ra, dec (deg, ICRS), j_m, h_m, k_m (mag)")  # fmt: skip


def run(args):
    """Make the release and print what came in, what each rule took out, and what was written."""
    _check(args)
    print(report(_from_ascii(args) if args.from_ascii else _from_works(args)))


def _from_ascii(args):
    from processing.release.published.from_bulk import release_from_bulk

    return release_from_bulk(args.from_ascii, args.out, args.name, args.supersedes, _kinds_of(args), args.scheduler,
                             args.workers)  # fmt: skip


def _from_works(args):
    from processing.release.extras import Extras
    from processing.release.make import make_release

    types = ("sci", "cal") if args.cal else ("sci",)
    extras = Extras(args.optical, args.minor_planets, _kinds_of(args), args.bright_stars)
    return make_release(args.works, args.out, args.name, args.supersedes, types, args.scheduler, args.workers, extras)


def _kinds_of(args):
    """The further products that are asked for (``products.WRITERS``)."""
    return tuple(kind for kind in ("ascii", "fits") if getattr(args, kind))


def _check(args):
    """SurveyError when options contradict each other."""
    from processing.errors import SurveyError

    if args.workers is not None and (args.workers < 0 or args.scheduler):
        raise SurveyError("--workers: expected a number from 0, and no --scheduler"
                          + (", found both" if args.scheduler else f", found {args.workers}"))  # fmt: skip
    if bool(args.works) == bool(args.from_ascii):
        found = "both" if args.works else "neither"
        raise SurveyError(f"expected WORK folders, or files after --from-ascii; found {found}")
    for option in ("cal", "optical", "minor_planets", "bright_stars"):
        if args.from_ascii and getattr(args, option):
            raise SurveyError(f"--{option.replace('_', '-')}: not with --from-ascii, whose rows are taken as they are")


def report(release):
    """The row accounting of a Release as lines of text."""
    lines = [_step_line(step) for step in release.rows_by_step]
    lines += [f"  not applied  {rule['rule']}: {rule['why']}" for rule in release.rules_skipped]
    lines += _left_out(release.left_out)
    lines += [f"  artifacts  {what}: {_kinds(kinds)}" for what, kinds in release.content.get("artifacts", {}).items()]
    lines += [f"  apparitions  {kind}: {rows}" for kind, rows in release.content.get("apparitions", {}).items()]
    lines += _of_extended(release.content.get("extended"))
    rows = release.rows
    lines.append(f"{release.path}: release {release.name} with {rows['psc']} point sources, "
                 f"{_extended(rows)}{rows['scans']} scans, "
                 f"{rows['atlas']} images, {len(release.files)} files")
    return "\n".join(lines)


def _of_extended(told):
    """The account of the extended sources, where there are some."""
    if told is None:
        return []
    lines = ["  extended sources"] + ["  " + _step_line(step) for step in told["rows_by_step"]]
    lines += [f"    artifacts  {what}: {_kinds(kinds)}" for what, kinds in told["artifacts"].items()]
    return lines + [f"    apparitions  {kind}: {rows}" for kind, rows in told["apparitions"].items()]


def _extended(rows):
    return f"{rows['xsc']} extended sources, " if "xsc" in rows else ""


def _kinds(counts):
    """Counts by letter of cc_flg."""
    return ", ".join(f"{letter} {count}" for letter, count in counts.items()) or "none"


def _step_line(step):
    if "rejected" in step:
        return f"  {step['rejected']:>9} rejected by {step['step']}: {step['rule']}"
    return f"{step['rows']:>11} rows {step['step']}"


def _left_out(entries):
    """Each scan that was not used, with its reason; those of one reason together when they are many."""
    scans = {}
    for entry in entries:
        scans.setdefault(entry["why"], []).append(entry["scan"])
    for why, names in scans.items():
        shown = names if len(names) <= FEW else [f"{len(names)} scans, {names[0]} to {names[-1]}"]
        yield from (f"  left out  {name}: {why}" for name in shown)

"""Reduce raw nights to the working database.

  twomass reduce raw/990712n --out work
  twomass reduce raw/9907* --out work --scheduler tcp://head:8786

A night is a folder with night.ecsv and one FITS file for each sequence and band; ../reference beside it holds the
reference stars and standards. For each night, in WORK/<night>:

  s<scan>/           of each calibration and science scan: points.parquet (a row a source), scan.json, atlas/; of
                     science scans extended.parquet as well (a row a source that may be a galaxy)
  calibration.json   zero points of the night, and how the quoted errors are made to match repeated measurements
  status.ecsv        a row a sequence: done, partial (bands, or the extended sources, are missing) or failed, with the
                     reason; rows, seconds, GB
  index.html         what to look at: zero points, seeing, residuals, a colour picture of each field

A damaged scan costs itself, the night goes on, and the exit status is 1. Interrupted, even killed, the same command
does what is missing, with the same result. What is finished is done again when the version, a number of
etc/survey.yaml, its raw files (size and time; when only the time differs, SHA-256), its row of the night log or what it
is calibrated with has changed; the line says which. "twomass release WORK" makes a release.
"""

from pathlib import Path


def describe(parser):
    """Add the arguments."""
    parser.add_argument("nights", nargs="+", type=Path, metavar="NIGHT", help="folder of a raw night, <yymmdd><n or s>")
    parser.add_argument("--out", required=True, type=Path, metavar="WORK", help="folder of the working database")
    parser.add_argument("--workers", type=int, metavar="N",
                        help="processes on this machine (default: one a core, as far as there are 3 GB for each)")
    parser.add_argument("--scheduler", metavar="ADDRESS",
                        help="a Dask scheduler that runs already, tcp://host:port; its workers need this program and "
                             "must see NIGHT and WORK under the same paths")  # fmt: skip


def run(args):
    """Reduce the nights; SurveyError when anything asked for is not there in the end."""
    from processing.errors import SurveyError

    if args.workers is not None and (args.workers < 1 or args.scheduler):
        raise SurveyError("--workers: expected a number from 1, and no --scheduler"
                          + (", found both" if args.scheduler else f", found {args.workers}"))  # fmt: skip
    from processing.night.reduce import reduce_nights

    reports = reduce_nights(args.nights, args.out, args.scheduler, args.workers)
    for report in reports:
        print(report.summary())
    short = [report.complaint() for report in reports if report.complaint()]
    if short:
        raise SurveyError("; ".join(short) + "; everything else is written")

"""Load a release into the database beside the one in use, and switch the services to it in one step.

The release is a folder that ``twomass release`` made. Its checksums are verified; its tables are loaded, indexed and
counted; its images are linked into the server's folder; then TAP, SCS, SIA and ObsCore change to it in one transaction,
and the rows are counted once more through TAP. Until that step, whatever happens, everybody sees the old release.
Killed or failed, run it again: it goes on. The release before is kept for ``--rollback``; older ones are removed.

    twomass publish release/2025a
    twomass publish --rollback
"""

from processing.errors import SurveyError


def describe(parser):
    parser.add_argument("release", nargs="?", metavar="RELEASE", help="folder of the release, e.g. release/2025a")
    parser.add_argument("--hips", metavar="FOLDER", help="its HiPS, when twomass hips has made them already")
    parser.add_argument("--rollback", "--back", action="store_true",
                        help="publish again what was published before this")


def run(args):
    from processing.publish.publication import publish, publish_previous
    from processing.publish.site import site
    from processing.release import read_release

    if bool(args.release) == args.rollback:
        raise SurveyError("expected either the folder of a RELEASE or --rollback")
    if args.rollback:
        publish_previous(site())
    else:
        publish(site(), read_release(args.release), args.hips)

"""The command ``twomass``: finds the subcommand, runs it, turns a SurveyError into one sentence."""

import argparse
import importlib
import sys

from processing import __version__
from processing.errors import SurveyError

COMMANDS = {
    "reduce": ("processing.night.command", "raw nights to calibrated images and tables of point sources"),
    "extract": ("processing.extract_command", "Atlas images (one to three bands of a field) to a table of point sources"),
    "release": ("processing.release.command", "extracted fields to a release: catalogs, scans, images, checksums"),
    "validate": ("processing.validate.command", "measure a release against the Level 1 requirements"),
    "release diff": ("processing.release.difference.command", "what differs between two releases, by region and rule"),
    "hips": ("processing.hips.command", "the images of a release as one sky to zoom and pan in (HiPS)"),
    "publish": ("processing.publish.command", "load a release into the database and switch the services to it"),
    "serve": ("processing.publish.serve", "start the database and the server"),
    "stop": ("processing.publish.stop", "stop the server and the database"),
    "status": ("processing.publish.status", "what runs, which release is published, how many rows it has"),
    "backup": ("processing.publish.backup", "keep what cannot be rebuilt of the server in a file"),
    "restore": ("processing.publish.restore", "bring it back from that file"),
    "train-extended": ("processing.extended.training.command", "learn from simulated scenes what is a galaxy"),
    "simulate": ("processing.simulate.command", "Atlas images or raw nights of a simulated sky, with the truth beside them"),
}
"""Each module has ``describe(parser)``, which adds its arguments, and ``run(args)``; it is imported when called for."""


def main(argv=None):
    """Run one command; returns the exit status (0 only when everything asked for is there)."""
    argv = _with_subcommand(sys.argv[1:] if argv is None else argv)
    parser = _parser(argv)
    args = parser.parse_args(argv)
    try:
        importlib.import_module(COMMANDS[args.command][0]).run(args)
    except SurveyError as error:
        print(f"twomass {args.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"twomass {args.command}: interrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


def _with_subcommand(argv):
    """``argv`` with a command of two words as one."""
    return [" ".join(argv[:2]), *argv[2:]] if " ".join(argv[:2]) in COMMANDS else argv


def _parser(argv):
    parser = argparse.ArgumentParser(prog="twomass", description=sys.modules["processing"].__doc__)
    parser.add_argument("--version", action="version", version=f"twomass {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary)
        if name in argv[:1]:
            chosen = importlib.import_module(module)
            command.description = chosen.__doc__
            command.formatter_class = argparse.RawDescriptionHelpFormatter
            chosen.describe(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())

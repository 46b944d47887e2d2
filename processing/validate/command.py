"""Measure a release against the Level 1 requirements of the survey.

Recomputes every row of the table of requirements from the release itself: sources that several scans saw (overlaps,
spare scans, visits to calibration fields), the catalog, the outlines of scans; and again from the truth of a simulated
survey, where there is one. Every number has an error and the number of objects behind it. Written into the release:

  level1.json     everything, for programs
  level1.parquet  the table that twomass publish makes twomass.level1 of
  level1.html     the table to look at, with a plot and the method behind each row, and caveats

Example:
  twomass validate release/2026a --truth raw/truth
"""

from pathlib import Path


def describe(parser):
    """Add the arguments of the command."""
    parser.add_argument("release", metavar="RELEASE", type=Path, help="folder that twomass release made")
    parser.add_argument("--truth", metavar="ROOT/truth", type=Path, help="the truth that twomass simulate wrote")


def run(args):
    """Measure, write, and print the table."""
    from processing.release.manifest import read_release

    release, content = validate(read_release(args.release), args.truth)
    print("\n".join(report(content)))
    print(f"{release.path}: {len(content['figures'])} figures in level1.json, level1.parquet, level1.html")


def validate(release, truth=None):
    """The Release with the table in it, and the content of level1.json; ``truth``: folder or None."""
    from processing.validate.caveats import caveats
    from processing.validate.evidence import read_evidence
    from processing.validate.preview import preview
    from processing.validate.products import summary, write_level1
    from processing.validate.requirements import figures

    evidence = read_evidence(release, truth)
    found = figures(evidence)
    content = summary(release, found, caveats(evidence, found), preview(evidence))
    return write_level1(release, content), content


def report(content):
    """The table as lines of text."""
    for asked in content["requirements"]:
        yield f"{asked['category']}: {asked['name']}, {asked['requirement']}: {asked['verdict'].upper()}"
        for row in content["figures"]:
            if row["item"] == asked["item"]:
                yield "    " + line(row)
    yield from (f"caveat: {sentence}" for sentence in content["caveats"])


def line(row):
    """One figure."""
    band = f"{row['band'] or '':3}"
    words = [f"{band}{row['quantity']}", f"({row['basis'] or 'nothing'})"]
    if row["measured"] is not None:
        words.append(f"{row['measured']:.5g} +- {row['error']:.2g} {row['unit'] or ''}".strip())
        words.append(f"from {row['objects']}")
    words += [f"needs about {row['needed']}"] if row["needed"] else []
    words += [f"{row['tension']:+.1f} sigma from the truth"] if row["tension"] is not None else []
    return ", ".join([" ".join(words), row["verdict"]])

"""Tell what differs between two releases: what appeared, vanished, moved or changed magnitude, where and why.

The same source is found in both by its place. Moved or changed means by more than difference.sigma (etc/survey.yaml)
times the errors of both. Why a source is in one release alone is told as far as the releases tell it themselves.

Example:
  twomass release diff release/first release/second --out differences.parquet
"""

from pathlib import Path

MOST_REGIONS = 12
"""Regions that are printed, those with the most differences."""


def describe(parser):
    """Add the arguments of the command."""
    parser.add_argument("one", metavar="A", type=Path, help="a release folder, the older one, say")
    parser.add_argument("other", metavar="B", type=Path, help="another release folder")
    parser.add_argument("--out", metavar="FILE", type=Path,
                        help="Parquet table to write the sources to that differ, one row each (VOParquet)")


def run(args):
    """Compare the releases, write the table and print the summary."""
    from processing.formats.parquet import write_parquet_parts
    from processing.release.difference.cells import Summary, differences
    from processing.release.manifest import read_release
    from processing.schema import load_table

    one, other, summary = read_release(args.one), read_release(args.other), Summary()
    parts = differences(one, other, summary)
    rows = write_parquet_parts(args.out, parts, load_table("differences")) if args.out else sum(map(len, parts))
    print(report(one, other, summary))
    if args.out:
        print(f"{args.out}: {rows} rows, one for each source that differs")


def report(one, other, summary):
    """The Summary of two Releases as lines of text."""
    lines = [f"  A  {one.name}: {summary.rows[0]} point sources", f"  B  {other.name}: {summary.rows[1]} point sources",
             f"{summary.both:>11} sources in both, of which", *_changed(summary)]
    for kind in ("changed", "vanished", "appeared"):
        found = {rule: count for (one_kind, rule), count in sorted(summary.rules.items()) if one_kind == kind}
        lines += [f"{sum(found.values()):>11} {kind}", *(_rule_line(rule, count) for rule, count in found.items())]
    return "\n".join([*lines, *_regions(summary), *_settings(one, other)])


def _changed(summary):
    words = {"moved": "moved", "j": "changed in J", "h": "changed in H", "k": "changed in Ks"}
    return [f"{summary.beyond[name]:>11} {text} beyond the errors" for name, text in words.items()]


def _rule_line(rule, count):
    from processing.release.difference.rules import RULES

    return f"{count:>13}  {rule}: {RULES[rule]}"


def _regions(summary):
    """The regions with the most differences."""
    from cdshealpix.nested import healpix_to_lonlat

    from processing.config import survey

    order, found = survey().difference.region_order, {}
    for (region, kind), count in summary.regions.items():
        found.setdefault(region, {})[kind] = count
    worst = sorted(found, key=lambda region: (-sum(found[region].values()), region))
    shown = min(len(worst), MOST_REGIONS)
    lines = [f"  by region (HEALPix order {order}, nested), {shown} of {len(worst)} that differ:"]
    for region in worst[:MOST_REGIONS]:
        place = [float(angle.deg[0]) for angle in healpix_to_lonlat([region], order)]
        counts = ", ".join(f"{found[region][kind]} {kind}" for kind in sorted(found[region]))
        lines.append(f"{region:>11}  at {place[0]:.1f} {place[1]:+.1f}: {counts}")
    return lines if worst else []


def _settings(one, other):
    """Versions and settings in which the two differ."""
    known = [{"version": release.version, **_flat(release.settings)} for release in (one, other)]
    names = sorted(name for name in set(known[0]) | set(known[1]) if known[0].get(name) != known[1].get(name))
    return [f"  {name}: {known[0].get(name, 'none')} in A, {known[1].get(name, 'none')} in B" for name in names]


def _flat(settings, before=""):
    found = {}
    for name, value in settings.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found

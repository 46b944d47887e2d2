"""What a reader of the table should know about the data: one sentence for each thing found."""

from collections import Counter

import numpy as np

from processing.config import survey
from processing.release.scans.fields import night_name
from processing.schema import BANDS
from processing.validate.verdict import NOT_MET, TOO_FEW, agrees, needed, tensions, verdict

MOST = 12
"""Scans named in one sentence."""


def caveats(evidence, figures):
    """Sentences, in the order in which they matter."""
    return [*_figures(figures), *_left_out(evidence.release), *_scores(evidence.scans), *_bands(evidence.scans),
            *_visits(evidence), *_rules(evidence.release), *_galaxies(figures), *_evidence(evidence)]  # fmt: skip


def _figures(figures):
    for one in figures:
        if verdict(one) == NOT_MET:
            yield f"{_what(one)} is not met: {one.estimate.value:.5g}, required {one.sense} {one.threshold:g}."
    for one, found in zip(figures, tensions(figures)):
        if agrees(found) is False:
            yield f"{_what(one)} and the figure from the truth differ by {abs(found):.1f} times their combined error."
    for one in figures:
        if verdict(one) == TOO_FEW and one.threshold is not None:
            wanted = needed(one)
            yield (f"{_what(one)} rests on {one.estimate.objects} objects, too few to tell"
                   + (f": about {wanted} would do." if wanted else "."))


def _what(one):
    band = "" if one.band is None else f" in {BANDS[one.band].name}"
    return f"{one.item.replace('_', ' ')}: {one.quantity}{band} ({one.basis or 'not measured'})"


def _left_out(release):
    by_reason = {}
    for entry in release.left_out:
        if entry.get("type", "sci") != "sci" or entry["why"] == "type cal":
            continue
        by_reason.setdefault(entry["why"], []).append(entry["scan"])
    for why, scans in sorted(by_reason.items()):
        yield f"Left out ({why}): {_several(scans)}."


def _several(names):
    names = sorted(set(names))
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def _label(row):
    return f"{night_name(row['date'], row['hemis'])} scan {row['scan']:03d}"


def _scores(scans):
    low = [f"{_label(row)} ({row['score']})" for row in scans
           if row.get("score") is not None and row["score"] < survey().validate.low_score]  # fmt: skip
    unknown = sum(row.get("score") is None for row in scans)
    if low:
        yield f"Scans with a low quality score are in the release: {_several(low)}."
    if unknown:
        yield f"The quality of {unknown} of {len(scans)} scans was not judged (no score)."


def _bands(scans):
    for band in BANDS:
        missing = [_label(row) for row in scans if row[f"{band.letter}_limit"] is None]
        if missing:
            yield f"No limit is known in {band.name} (the band may be missing): {_several(missing)}."


def _visits(evidence):
    """Nights whose zero points rest on few calibration visits; scans of a visit follow each other in number."""
    apparitions, nights = evidence.apparitions, Counter()
    scans = sorted({apparitions.scans[n] for n in np.unique(apparitions.scan[apparitions["kind"] == "cal"])})
    for last, one in zip([None, *scans], scans):
        nights[one[:2]] += last is None or one[:2] != last[:2] or one[2] != last[2] + 1
    for night in sorted({(row["date"], row["hemis"]) for row in evidence.scans}):
        if nights[night] < survey().validate.few_visits:
            yield f"Night {night_name(*night)} has {nights[night]} visits to calibration fields that repeat."


def _rules(release):
    for rule in release.rules_skipped:
        rows = f" ({rule['rows']} rows)" if rule.get("rows") else ""
        yield f"Rule not applied, {rule['rule']}{rows}: {rule['why']}."


def _galaxies(figures):
    for one in figures:
        found = one.detail.get("parts_of_galaxies")
        if found:
            marked = one.detail.get("parts_marked")
            told = ("nothing marks them (gal_contam), as the release has no extended sources" if marked is None
                    else f"{marked} of them are marked (gal_contam)")
            yield f"{found} catalog-level rows are parts of galaxies, away from their middle: {told}."


def _evidence(evidence):
    if not len(evidence.apparitions):
        yield "The release has no apparitions: nothing could be measured from repeats."
    if evidence.truth is None:
        yield "There is no truth to compare with: systematic errors that all scans share are not seen."
    low = sum(abs(row["glat"]) <= survey().validate.latitude for row in evidence.scans)
    if low:
        yield (f"{low} of {len(evidence.scans)} scans are centred within {survey().validate.latitude:g} deg of the "
               "galactic plane, where nothing is required.")  # fmt: skip



"""What else is worth knowing of a figure, in a few words, from its row of level1.json."""

import numpy as np


def note(row):
    """A sentence without its stop; "" for nothing."""
    known = {"sensitivity": _sensitivity, "precision": _precision, "astrometry": _astrometry,
             "completeness": _completeness, "reliability": _reliability, "coverage": _coverage,
             "extended_precision": _pull, "extended_reliability": _false}  # fmt: skip
    tell = known.get(row["item"])
    return tell(row["detail"], row) if tell and row["measured"] is not None else ""


def _sensitivity(detail, row):
    limits = np.array(list(detail["limits"].values()))
    reach = int((limits > row["threshold"]).sum())
    return f"median scan {np.median(limits):.2f}; {reach} of {len(limits)} scans reach {row['threshold']:g}"


def _precision(detail, row):
    return (f"{detail['pull']:.2f} of the quoted errors; {100 * detail['beyond_four_sigma']:.1f}% beyond 4 sigma, "
            f"rms of the others {detail['clipped_rms']:.4f}")  # fmt: skip


def _astrometry(detail, row):
    east, north = detail["pull"]
    if east is None or north is None:
        return ""
    return f"{east:.2f} (east) and {north:.2f} (north) of the quoted errors"


def _completeness(detail, row):
    form = detail.get("survey_form")
    return "" if form is None else f"in the survey's form {form:.4f}"


def _reliability(detail, row):
    if "confused" in detail:
        part = detail["confused"]
        return f"of {part['sources']} confused ones {part['confirmed']} are confirmed"
    told = [f"{len(detail['false'])} false, {detail['false_per_square_degree']:.2f} a square degree"]
    told += [f"{detail[name]['false']} of {detail[name]['sources']} {words}"
             for name, words in (("one_band", "in one band"), ("faint", "below S/N 15"))]  # fmt: skip
    return ", ".join(told)


def _pull(detail, row):
    return "" if detail.get("pull") is None else f"{detail['pull']:.2f} of the quoted errors"


def _false(detail, row):
    return f"{len(detail['false'])} are no galaxies" if "false" in detail else ""


def _coverage(detail, row):
    area = detail["imaged"] if row["measure"] == "imaged" else detail["inside"] - max(detail["masks"])
    return f"{area:.3f} of {detail['planned']:.3f} square degrees"

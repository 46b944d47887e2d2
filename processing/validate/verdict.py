"""What follows from a figure: whether it meets what is asked, and whether it agrees with the truth."""

import numpy as np

from processing.config import survey
from processing.validate.figure import TRUTH
from processing.validate.statistics import decides, objects_needed

MET, NOT_MET, TOO_FEW, NOT_MEASURED, INFORMATIVE = "met", "not met", "too few", "not measured", "informative"


def verdict(figure):
    """One of the words above.

    Met and not met are said when the whole one-sigma interval is on that side of what is required; too few when it is
    on both, or when there were objects but not enough to give a number.
    """
    if not figure.estimate.known:
        return TOO_FEW if figure.estimate.objects else NOT_MEASURED
    if figure.threshold is None:
        return INFORMATIVE
    decided = decides(figure.estimate, figure.threshold, figure.sense)
    return {True: MET, False: NOT_MET, None: TOO_FEW}[decided]


def needed(figure):
    """Objects that would decide; None unless there are too few."""
    if verdict(figure) != TOO_FEW or figure.threshold is None:
        return None
    return objects_needed(figure.estimate, figure.threshold, figure.sense)


def tensions(figures):
    """For each figure, its difference from the truth's of the same measure and band, in combined errors; None without.

    The truth's own have none.
    """
    true = {(one.measure, one.band): one.estimate for one in figures if one.basis == TRUTH and one.estimate.known}
    return [None if one.basis in (TRUTH, None) or not one.estimate.known else
            tension(one.estimate, true.get((one.measure, one.band))) for one in figures]  # fmt: skip


def tension(one, other):
    """Difference of two Estimates in units of their combined error, on the sides on which they face each other."""
    if other is None:
        return None
    low, high = (one, other) if one.value <= other.value else (other, one)
    error = np.hypot(high.value - high.low, low.high - low.value)
    return float((one.value - other.value) / error) if error > 0 else (0.0 if one.value == other.value else None)


def agrees(found):
    """Whether a tension says that two figures agree; None when there is none."""
    return None if found is None else bool(abs(found) <= survey().validate.tension)


def overall(figures):
    """The verdict of a requirement from those of its figures.

    Each quantity and band of which something is required is met when one of its figures says so and none says
    otherwise; the requirement when all that were measured are.
    """
    found = {}
    required = [one for one in figures if one.threshold is not None]
    for one in required or figures:
        found.setdefault((one.measure, one.band), set()).add(verdict(one))
    each = [next((word for word in (NOT_MET, MET, TOO_FEW, INFORMATIVE) if word in words), NOT_MEASURED)
            for words in found.values()]  # fmt: skip
    return next((word for word in (NOT_MET, TOO_FEW, MET, INFORMATIVE) if word in each), NOT_MEASURED)

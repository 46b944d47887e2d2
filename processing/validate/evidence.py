"""All that a release can be judged by, read once."""

from processing.validate.apparitions import read_apparitions, read_catalog
from processing.validate.figure import Evidence
from processing.validate.true_sky import read_true_sky


def read_evidence(release, truth=None):
    """The Evidence of a Release; ``truth``: folder of the truth of a simulated survey, or None."""
    sky = None if truth is None else read_true_sky(truth)
    return Evidence(release, release.read("scans").to_pylist(), read_apparitions(release), read_catalog(release), sky)

"""All that a release can be judged by, read once."""

from processing.config import survey
from processing.errors import SurveyError
from processing.validate.apparitions import read_apparitions, read_catalog
from processing.validate.figure import Evidence
from processing.validate.galaxies.evidence import read_galaxies
from processing.validate.true_sky import read_true_sky


def read_evidence(release, truth=None):
    """The Evidence of a Release; ``truth``: folder of the truth of a simulated survey, or None.

    SurveyError when it is the truth of another sky.
    """
    sky = None if truth is None else read_true_sky(truth)
    scans = release.read("scans").to_pylist()
    galaxies = read_galaxies(release, scans, truth)
    found = Evidence(release, scans, read_apparitions(release), read_catalog(release), sky, galaxies)
    if sky is not None:
        _refuse_other_sky(found, truth)
    return found


def _refuse_other_sky(evidence, truth):
    """SurveyError when most of the catalog-level sources have no true object near them."""
    rows = evidence.catalog.where(evidence.catalog.catalog_level)
    near = evidence.truth.nearest(rows["ra"], rows["dec"]) <= survey().release.match_radius
    if len(rows) and near.mean() < 0.5:
        raise SurveyError(f"{truth}: expected the truth of this release, found true stars at {near.sum()} of its "
                          f"{len(rows)} catalog-level sources")

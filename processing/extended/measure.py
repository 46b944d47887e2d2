"""All extended sources of a field: the sentence that the rest of this room spells out."""

from processing.config import survey
from processing.extended.clean import clean
from processing.extended.columns import extended_table
from processing.extended.detection import candidates
from processing.extended.measurements import measure
from processing.extended.ridge import ridge
from processing.extended.scores import classifier, scores
from processing.extended.stamps import stamps

STEPS = ("background and stars", "candidates", "extended sources")


def measure_extended(field, plane, stage, trained=None, progress=lambda step: None):
    """The extended sources of a field.

    Parameters
    ----------
    field : processing.extended.field.Field
    plane : processing.bandmerge.plane.Plane
        That of its pixels.
    stage : str
        Who asks, see ``formats.tables``.
    trained : scores.Classifier, optional
        The stored one when not given.
    progress : callable
        Called with the name of each step as it begins: see ``STEPS``.

    Returns
    -------
    pyarrow.Table with the columns of processing/schema/xsc.yaml: all that may be extended by their score
    (``extended_list.score``), many more than a release lists.
    """
    trained = trained or classifier()
    progress(STEPS[0])
    cleaned = clean(field)
    ridges = {letter: ridge(one.band, one.left, trained.usual[letter]) for letter, one in cleaned.bands.items()}
    progress(STEPS[1])
    found = candidates(cleaned)
    progress(STEPS[2])
    rows = (source(stamp, candidate, field.wcs, ridges, trained)
            for candidate, stamp in zip(found, stamps(cleaned, found)))  # fmt: skip
    return extended_table([row for row in rows if row], plane, stage)


def source(stamp, candidate, wcs, ridges, trained):
    """Columns of a Candidate by its Stamp; {} for what is no extended source by its score, or cannot be measured."""
    scored = scores(stamp, ridges, trained)
    if scored["e_score"] > survey().extended_list.score:
        return {}
    measured = measure(stamp, wcs)
    if not measured:
        return {}
    place = {"x": stamp.x0 + stamp.x, "y": stamp.y0 + stamp.y}
    return measured | scored | place | {"density": stamp.density, "blk_fac": blocking(candidate)}


def blocking(candidate):
    """Blocking factor of a source that no point source has led to; None for others."""
    return None if candidate.row >= 0 or candidate.cell == 0 else candidate.cell // 2

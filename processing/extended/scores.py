"""Star or galaxy: the scores of an object.

``e_score`` and ``g_score`` are 2 less the probability that it is extended: 1 for a certain galaxy, 2 for a certain
star, double star or artifact. The first knows shapes alone, the second colours too. The probabilities are those of
boosted decision trees trained on the simulated sky (see processing.extended.training); they count what the sky there
has of stars and galaxies, so that among objects of probability 0.9 nine in ten are extended.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from processing.errors import SurveyError
from processing.extended.features import BAND, EXTENDED, GALAXY, LETTERS
from processing.extended.features import band_numbers, extended_numbers, galaxy_numbers, numbers
from processing.extended.parameters import NAMES, SYMMETRY
from processing.extended.ridge import Ridge
from processing.extended.trees import Forest, forest_of, probability

FILE = Path(__file__).with_name("classifier.json")


@dataclass(frozen=True)
class Classifier:
    """The trees for one band (``band``), for being extended and for being a galaxy; ``usual``: letter -> Ridge of the
    fields that it was trained on."""

    band: Forest
    extended: Forest
    galaxy: Forest
    usual: dict

    def log_odds(self, found):
        """Log odds of each band (letter ->), of being extended and of being a galaxy, of Numbers.

        A field of one band has the odds of this band.
        """
        bands = {band: float(self.band.log_odds(band_numbers(found, band))[0]) for band in found.shapes}
        extended = float(self.extended.log_odds(extended_numbers(found, bands))[0])
        if found.bands == 1:
            extended = next(iter(bands.values()), extended)
        return bands, extended, float(self.galaxy.log_odds(galaxy_numbers(found, extended))[0])


@cache
def classifier(path=FILE):
    """The Classifier of a file; SurveyError when it looks at other numbers than this version of the program makes."""
    record = json.loads(Path(path).read_text())
    forests = {name: forest_of(one) for name, one in record["forests"].items()}
    for name, expected in (("band", BAND), ("extended", EXTENDED), ("galaxy", GALAXY)):
        if forests[name].names != expected:
            raise SurveyError(f"{path}: expected trees ({name}) of {', '.join(expected)}, found "
                              f"{', '.join(forests[name].names)}; run twomass train-extended")
    usual = {band: usual_ridge(one) for band, one in record["ridges"].items()}
    return Classifier(**forests, usual=usual)


def usual_ridge(record):
    """The Ridge of its record: {"offset": [...], "floor": [...], "slope": [...]}."""
    return Ridge(*(np.array(record[name]) for name in ("offset", "floor", "slope")), 0)


def scores(stamp, ridges, trained=None):
    """Columns of the scores of a Stamp.

    Parameters
    ----------
    ridges : dict
        Letter -> Ridge of the field (see ridge).
    trained : Classifier, optional
        The stored one when not given.

    Returns
    -------
    dict: e_score, g_score, and for each band of the stamp {band}_sh0, {band}_sig_sh0, {band}_sc_* (in units of the
    scatter of stars), {band}_bisym_rat, {band}_bisym_chi; None what could not be measured.
    """
    trained = trained or classifier()
    found = numbers(stamp, ridges)
    _, extended, galaxy = trained.log_odds(found)
    columns = {"e_score": 2 - float(probability(extended)), "g_score": 2 - float(probability(galaxy))}
    for band in LETTERS:
        if band in stamp.bands:
            columns |= {f"{band}_{name}": value for name, value in _band_columns(found, band, ridges[band]).items()}
    return columns


def _band_columns(found, band, ridge):
    names = ("sh0", "sig_sh0", *(f"sc_{name}" for name in NAMES), *SYMMETRY)
    if band not in found.shapes:
        return dict.fromkeys(names)
    shape, off = found.shapes[band], found.scores[band]
    own = shape.own[len(NAMES):]
    values = (shape.twin[0] + ridge.offset[0], ridge.sigma(shape.snr)[0], *off[:len(NAMES)], *own)
    return {name: float(value) if np.isfinite(value) else None for name, value in zip(names, values)}

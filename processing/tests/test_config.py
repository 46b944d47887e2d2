"""The survey's numbers are taken only from a file in which each is known, there once, and in its unit."""

import pytest

from processing.config import SURVEY_FILE, survey
from processing.errors import SurveyError

CHANGED = {
    "unknown key colour": ("\ninstrument:\n", "\ninstrument:\n  colour: {value: 1, unit: \"\", source: own choice}\n"),
    "unknown key telescope": ("\ninstrument:\n", "\ntelescope: {}\ninstrument:\n"),
    "missing key gain": ("\n  gain:", "\n  # gain:"),
    "the key instrument stands there twice": ("\ninstrument:\n", "\ninstrument: {}\ninstrument:\n"),
    "unit 'm', expected": ("unit: arcsec,", "unit: m,"),
}


@pytest.mark.parametrize("told", CHANGED)
def test_what_is_wrong_is_told(tmp_path, told):
    text, (before, after) = "\n" + SURVEY_FILE.read_text(), CHANGED[told]
    path = tmp_path / "survey.yaml"
    path.write_text(text.replace(before, after, 1))
    assert path.read_text() != text, "the file has changed, the test must follow"
    with pytest.raises(SurveyError, match=told) as refused:
        survey(path)
    assert str(path) in str(refused.value)


def test_numbers_are_read():
    assert survey().instrument.frames_per_coadd == 6

"""The stored classifier is what the command makes, and good enough on the scenes that were held out."""

import json

import numpy as np

from processing.extended.features import BAND, EXTENDED, GALAXY
from processing.extended.scores import FILE
from processing.extended.training.command import HELD_OUT, SCENES, SEED
from processing.extended.training.record import digest, settings, written

RECORD = json.loads(FILE.read_text())


def test_trees_are_those_whose_sum_is_recorded():
    assert digest(RECORD["forests"]) == RECORD["sha256"]


def test_it_was_made_with_the_settings_of_the_command():
    assert RECORD["settings"] == json.loads(json.dumps(settings(SCENES, HELD_OUT, SEED)))
    names = {name: tuple(one["names"]) for name, one in RECORD["forests"].items()}
    assert names == {"band": BAND, "extended": EXTENDED, "galaxy": GALAXY}


def test_file_is_as_the_command_writes_it(tmp_path):
    written(RECORD, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == FILE.read_bytes()


def test_level_1_requirements_are_met_on_held_out_scenes():
    for one in RECORD["figures"]["extended"]["ranges"]:
        low = one["latitude"][0]
        if low >= 30:
            assert min(one["completeness"]) > 0.90
        if low >= 10:
            assert one["reliability"] > (0.99 if low >= 20 else 0.95)


def test_probabilities_are_frequencies_on_held_out_scenes():
    for found in RECORD["figures"].values():
        for _, alike, mean, share in found["curve"]:
            assert abs(mean - share) < 0.05 + 3 * np.sqrt(mean * (1 - mean) / max(alike, 1))
        assert found["curve"][0][3] < 0.02 and found["curve"][-1][3] > 0.98

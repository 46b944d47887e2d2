"""What is learnt from made-up candidates whose true odds are known."""

import json

import numpy as np
import pytest

from processing.extended.features import BAND, CONTESTS, GEOMETRY
from processing.extended.parameters import NAMES, SYMMETRY
from processing.extended.scores import Classifier
from processing.extended.training.figures import curve, judged
from processing.extended.training.learn import RISING, TREES, calibrated, trees_of
from processing.extended.training.record import record_of, written
from processing.extended.training.scene import Sample
from processing.extended.trees import forest_of

COMPARED = len(NAMES) + len(SYMMETRY)


def made_up(seed, n=120, density=3.0):
    """Candidates half of which are galaxies; the contests of each band say so, with noise."""
    rng = np.random.default_rng(seed)
    label = (rng.uniform(size=n) < 0.5).astype(float)
    bands, geometry = rng.normal(size=(n, 3, len(BAND))), rng.normal(size=(n, len(GEOMETRY)))
    for name in CONTESTS:
        bands[:, :, BAND.index(name)] += 1.2 * (2 * label[:, None] - 1)
    bands[rng.uniform(size=n) < 0.1, 1] = np.nan
    magnitudes = 14 + rng.normal(size=(n, 3))
    galaxy = np.where(label > 0, np.arange(n), -1)
    ridges = np.tile([[0.0], [0.02], [2.0]], (3, 1, COMPARED))
    clear, place, weight = np.zeros(n, bool), np.zeros((n, 2)), np.ones(n)
    return Sample(bands, geometry, magnitudes, np.full(n, density), label, clear, place, weight, 45.0, galaxy,
                  magnitudes, ridges)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TREES, "max_iter", 15)
        patch.setitem(TREES, "max_bins", 12)
        yield


@pytest.fixture(scope="module")
def samples():
    return [made_up(seed) for seed in range(4)]


@pytest.fixture(scope="module")
def record(samples):
    return record_of(samples, [made_up(seed) for seed in range(10, 14)], seed=1)


def test_probabilities_are_frequencies(record):
    trained = Classifier(**{name: forest_of(one) for name, one in record["forests"].items()}, usual={})
    others = [made_up(seed) for seed in range(20, 26)]
    for probability in judged(others, trained):
        for _, alike, mean, share in curve(list(zip(others, np.split(probability, 6)))):
            assert abs(mean - share) < 0.05 + 3 * np.sqrt(mean * (1 - mean) / max(alike, 1))
        right = (probability > 0.5) == np.concatenate([one.label for one in others])
        assert right.mean() > 0.95


def test_same_samples_and_seed_make_the_same_file(samples, record, tmp_path):
    again = record_of(samples, [made_up(seed) for seed in range(10, 14)], seed=1)
    for name, one in (("first", record), ("second", again)):
        written(one, tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    assert json.loads((tmp_path / "first").read_text()) == json.loads(json.dumps(record))


def test_kept_trees_are_those_of_scikit_learn(samples):
    one = samples[0]
    rows = one.bands[:, 0]
    trees, record = trees_of("band", BAND, rows, one.label, seed=3)
    np.testing.assert_allclose(forest_of(record).log_odds(rows), trees.decision_function(rows), atol=1e-4)


def test_more_evidence_for_a_galaxy_never_lowers_its_odds(record):
    forest = forest_of(record["forests"]["band"])
    rng = np.random.default_rng(5)
    for name in RISING["band"]:
        rows = np.repeat(rng.normal(size=(20, len(BAND))), 30, axis=0)
        rows[:, BAND.index(name)] = np.tile(np.linspace(-4, 4, 30), 20)
        assert (np.diff(forest.log_odds(rows).reshape(20, 30), axis=1) >= -1e-9).all()


def test_weights_move_the_calibration_to_the_natural_frequency():
    label = np.repeat([0.0, 1.0], 500)
    density = np.tile([0.0, 1.0], 500)
    weight = np.where(label > 0, 1.0, np.where(density > 0, 20.0, 5.0))
    _, constant, crowd = calibrated(np.zeros(1000), density, label, weight)
    assert constant == pytest.approx(np.log(1 / 5), abs=0.02) and crowd == pytest.approx(np.log(1 / 4), abs=0.02)

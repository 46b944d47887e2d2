"""Latent images."""

import numpy as np
import pytest

from processing.config import survey
from processing.frames.latents import latent_images


def scan(rng, share, keeps, bright=35000.0, n=40, side=64):
    """Signal and images of a scan in which stars light up pixels now and then, and traps release what they took."""
    image = 50 + 8 * rng.standard_normal((n, side, side))
    signal = image.copy()
    traps = np.zeros((side, side))
    for frame in range(n):
        latent = traps * (1 - keeps)
        image[frame] += latent
        star = rng.uniform(size=(side, side)) < 0.002
        signal[frame] = np.where(star, bright, image[frame])
        image[frame][star] = bright
        traps = traps * keeps + share * np.where(star, bright - survey().detector.latent_above, 0.0)
    return signal.astype(np.float32), image.astype(np.float32)


@pytest.mark.parametrize("decay", [4.0, 8.0])
def test_what_traps_release_is_predicted_to_a_tenth(rng, decay):
    keeps = np.exp(-1 / decay)
    signal, image = scan(rng, 0.02, keeps)
    clean = scan(np.random.default_rng(1), 0.0, keeps)[1]
    found, true = latent_images(signal, image), image - clean
    after = np.abs(true) > 10
    after[signal > 10000] = False
    assert after.sum() > 200
    assert np.median(found[after] / true[after]) == pytest.approx(1.0, abs=0.1)


def test_an_array_without_traps_loses_nothing(rng):
    signal, image = scan(rng, 0.0, 0.9)
    found = latent_images(signal, image)
    assert found is None or np.abs(found).max() < 4


def test_a_scan_without_bright_stars_has_none(rng):
    assert latent_images(*scan(rng, 0.02, 0.9, bright=10000.0)) is None


@pytest.fixture
def rng():
    return np.random.default_rng(1)

"""Pixels not to be trusted."""

import numpy as np

from processing.frames.masks import latent


def test_a_pixel_is_latent_for_a_while_after_it_was_bright():
    signal = np.zeros((8, 2, 2))
    signal[2, 0, 1] = 30000.0
    found = latent(signal, 22000.0, 3)
    assert found[:, 0, 1].tolist() == [False, False, False, True, True, True, False, False]
    assert found.sum() == 3

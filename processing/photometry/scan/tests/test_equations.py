"""The normal equations against products of whole images, differences of painted ones."""

import numpy as np
import pytest

from processing.photometry.fit import Stars
from processing.photometry.scan.equations import frame_pairs
from processing.photometry.scan.fit import equations
from processing.photometry.scan.tests import synthetic
from processing.photometry.scan.tests.test_kernels import crowd  # noqa: F401 (a fixture)

PAIRS = np.array([(s, t) for s in range(8) for t in range(s)])


@pytest.fixture(scope="module")
def design(crowd):
    """Derivatives of all pixels with flux, x, y of star after star, from differences of painted images: (24,
    pixels)."""
    steps = (2, 1.0), (0, 0.02), (1, 0.02)
    return np.array([_difference(crowd, s, axis, h) for s in range(8) for axis, h in steps])


def _difference(model, s, axis, h):
    images = np.zeros((2, *model.data.shape), np.float32)
    for image, side in zip(images, (1, -1)):
        stars = model.stars.x, model.stars.y, model.stars.flux
        values = [value[s:s + 1] + side * h * (axis == k) for k, value in enumerate(stars)]
        model.with_stars(Stars(*values)).paint(image, values[2])
    return ((images[0] - images[1]) / (2 * h)).ravel().astype(float)


def test_gradients_are_weighted_sums_over_all_usable_pixels(crowd, design):  # noqa: F811
    gradient = equations(crowd, PAIRS)[0]
    expected = design @ (crowd.weight * crowd.residual).ravel()
    size = np.sqrt((design**2) @ crowd.weight.ravel())
    assert np.abs(gradient.ravel() - expected).max() < 0.01 * np.abs(expected).max()
    assert np.abs((gradient.ravel() - expected) / size).max() < 0.3
    assert (np.abs(expected / size) > 3).any()


@pytest.mark.parametrize("kind", [0, 1])
def test_blocks_are_the_normal_matrix(crowd, design, kind):  # noqa: F811
    """Own blocks and couplings of all pairs, with the weights of the fit, and with weight**2 times the variance."""
    variance = synthetic.NOISE**2 + np.maximum(crowd.image, 0) / synthetic.GAIN
    weight = crowd.weight if kind == 0 else crowd.weight**2 * variance
    dense = (design * weight.ravel()) @ design.T
    own, coupling = (part[kind] for part in equations(crowd, PAIRS, kinds=2)[1:])
    blocks, scale = dense.reshape(8, 3, 8, 3).transpose(0, 2, 1, 3), np.sqrt(np.diag(dense)).reshape(8, 3)
    for s in range(8):
        assert np.abs((own[s] - blocks[s, s]) / np.outer(scale[s], scale[s])).max() < 0.01
    for (s, t), block in zip(PAIRS, coupling):
        assert np.abs((block - blocks[s, t]) / np.outer(scale[s], scale[t])).max() < 0.01
    assert np.abs(coupling[:, 0, 0]).max() > 0.1 * own[:, 0, 0].min()


def test_stars_meet_on_the_frames_that_see_both():
    """Star 0 on frames 0, 1, 2, star 1 on 1, 2, 3, star 2 on 5 only."""
    star, frame = np.array([0, 1, 0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 2, 3, 5])
    order = np.lexsort((frame, star))
    begin = np.searchsorted(star[order], np.arange(4))
    begins, first, second, number = frame_pairs(6, np.array([[0, 1], [1, 2]]), begin, order, frame)
    assert begins.tolist() == [0, 0, 1, 2, 2, 2, 2] and number.tolist() == [0, 0]
    assert star[first].tolist() == [0, 0] and star[second].tolist() == [1, 1]
    assert frame[first].tolist() == frame[second].tolist() == [1, 2]

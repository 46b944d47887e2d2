"""Local maxima and the matched filter."""

import numpy as np
import pytest

from processing.detect.peaks import local_maxima, matched_filter


def blob(x, y, shape=(40, 50), sigma=1.4):
    j, i = np.mgrid[:shape[0], :shape[1]]
    return np.exp(-((i - x) ** 2 + (j - y) ** 2) / 2 / sigma**2)


@pytest.mark.parametrize("x, y", [(20.0, 15.0), (20.3, 15.4), (19.8, 14.6)])
def test_maximum_is_found_between_pixels(x, y):
    """A parabola through a Gaussian of sigma 1.4 pixel errs by at most 0.05 pixel."""
    found_x, found_y, _ = local_maxima(blob(x, y), 0.5)
    assert len(found_x) == 1 and found_x[0] == pytest.approx(x, abs=0.05) and found_y[0] == pytest.approx(y, abs=0.05)


def test_maxima_at_the_edge_count():
    x, y, (rows, columns) = local_maxima(blob(0, 39) + blob(49, 0), 0.5)
    assert sorted(zip(columns, rows)) == [(0, 39), (49, 0)]


def test_nothing_above_the_threshold_is_nothing():
    assert len(local_maxima(blob(20, 15), 2.0)[0]) == 0


def test_lone_star_has_its_flux_and_significance():
    template = blob(6, 6, (13, 13))
    template /= template.sum()
    image = np.zeros((40, 50))
    image[9:22, 14:27] += 300.0 * template
    flux, significance = matched_filter(image, np.full(image.shape, 0.25), template)
    assert flux[15, 20] == pytest.approx(300.0)
    assert significance[15, 20] == pytest.approx(300.0 * np.sqrt((template**2).sum()) / 2)


def test_unknown_pixels_give_neither_flux_nor_significance():
    """Where half of a star is masked, its flux is still right and its significance less."""
    template = blob(6, 6, (13, 13))
    image, weight = np.zeros((40, 50)), np.full((40, 50), 1.0)
    image[9:22, 14:27] += 300.0 * template
    weight[:, 20:] = 0
    flux, significance = matched_filter(image, weight, template)
    whole = matched_filter(image, np.ones_like(image), template)[1]
    assert flux[15, 20] == pytest.approx(300.0) and 0 < significance[15, 20] < 0.8 * whole[15, 20]
    assert (flux[:, 35:] == 0).all() and (significance[:, 35:] == 0).all()

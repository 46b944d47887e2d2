"""Quantiles of a stack against numpy's own, which takes every pixel by itself."""

import warnings

import numpy as np
import pytest

from processing.frames.quantiles import quantiles

SHARES = (0.1587, 0.5, 0.8413)


def test_quantiles_are_numpys_with_values_missing():
    rng = np.random.default_rng(5)
    stack = rng.normal(100, 7, (23, 9, 11)).astype(np.float32)
    stack[rng.random(stack.shape) < 0.3] = np.nan
    assert quantiles(stack, SHARES) == pytest.approx(np.nanquantile(stack, SHARES, axis=0), rel=1e-6)


def test_a_pixel_without_a_value_has_no_quantile():
    stack = np.full((5, 2), np.nan)
    stack[:, 0] = 3.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = quantiles(stack, SHARES)
    assert (found[:, 0] == 3.0).all() and np.isnan(found[:, 1]).all()

"""Single reads: what is saturated, and what the charge was before the detector's response bent it."""

import numba
import numpy as np


def linearised(signal, nonlinearity):
    """The charge q behind a measured signal = q (1 - nonlinearity q); same shape, DN.

    ``signal``: DN above the pedestal. Beyond the top of the parabola, where no charge answers, the charge of the top is
    returned; such a pixel is far above saturation.
    """
    return linear(np.asarray(signal, np.float32), np.float32(nonlinearity))


@numba.vectorize(cache=True)
def linear(signal, nonlinearity):
    """The same of a number, in single precision."""
    if nonlinearity == np.float32(0.0):
        return signal
    root = np.sqrt(max(np.float32(1.0) - np.float32(4.0) * nonlinearity * signal, np.float32(0.0)))
    return (np.float32(1.0) - root) / (np.float32(2.0) * nonlinearity)


def saturated(signal, limit):
    """True where a read is unusable: ``signal`` (DN above the pedestal, not linearised) over ``limit``; same shape."""
    return np.asarray(signal) > limit

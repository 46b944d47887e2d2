"""Single reads: what is saturated, and what the charge was before the detector's response bent it."""

import numpy as np


def linearised(signal, nonlinearity):
    """The charge q behind a measured signal = q (1 - nonlinearity q); same shape, DN.

    ``signal``: DN above the pedestal. Beyond the top of the parabola, where no charge answers, the charge of the top is
    returned; such a pixel is far above saturation.
    """
    signal = np.asarray(signal, np.float32)
    if nonlinearity == 0:
        return signal
    root = np.sqrt(np.maximum(1 - 4 * np.float32(nonlinearity) * signal, 0))
    return (1 - root) / np.float32(2 * nonlinearity)


def saturated(signal, limit):
    """True where a read is unusable: ``signal`` (DN above the pedestal, not linearised) over ``limit``; same shape."""
    return np.asarray(signal) > limit

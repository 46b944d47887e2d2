"""One sequence in one band: every frame's light, its two reads, and the truth about it."""

import numpy as np
import pyarrow as pa

from processing.config import survey
from processing.simulate.coadd import kernel_variance
from processing.simulate.detector import SIDE, ReadOut
from processing.simulate.psf import core_of_shape, seeing_shape
from processing.simulate.scene import Scene, draw_stars, psf_row

FLAT_STARS = 4.0
"""Stars in a frame of the twilight, on average."""

FLAT_MAGNITUDES = 8.0, 13.0


def core_width(seeing=None):
    """Sigma (arcsec) of the PSF core on average, for a seeing FWHM as the survey counts it."""
    settings = survey().simulate
    shape = seeing_shape(settings.seeing if seeing is None else seeing)
    return core_of_shape(shape, kernel_variance(settings.frame_pixel, settings.kernel_box))


def frame_truth(view, track, kind):
    """The truth about each frame, as a pyarrow Table (columns: see truth.py)."""
    w, s = view.weather, track.seconds
    zero_point = w.zero_point(s)
    unit = 10 ** (0.4 * (zero_point - w.extinction * (track.airmass - 1)))
    return pa.table({
        **{name: getattr(track, name) for name in ("mjd", "ra", "dec", "airmass")}, "zero_point": zero_point,
        "unit": unit, "sky": w.sky(s) if kind in ("sci", "cal") else np.zeros(len(s)),
        "sigma": view.core * np.clip(1 + w.seeing(s), 0.75, 1.4), "stretch_x": w.stretch[0](s),
        "stretch_y": w.stretch[1](s),
    })  # fmt: skip


def expose(view, planned, track, sky, rng, done=lambda: None):
    """READ1 and READ2 (uint16, (n, 256, 256)), the truth about the frames and about the cosmic rays (pyarrow Tables).

    ``sky``: pair of mappings of columns, stars and galaxies (ra, dec, and the magnitude of the band), or None;
    ``done`` is called after each frame.
    """
    reads = np.empty((2, planned.nframes, SIDE, SIDE), np.uint16)
    truth = frame_truth(view, track, planned.type)
    camera = ReadOut(view.detector, rng, survey().simulated_night.frame_period)
    light, level = _light(view, planned, truth, track, sky, rng)
    hits = []
    for i in range(planned.nframes):
        frame_hits = camera.read(light(i), reads[0, i], reads[1, i])
        hits.append(np.array([np.full(len(frame_hits[0]), i + 1), *frame_hits]))
        done()
    frame, x, y, charge, seen = np.concatenate(hits, axis=1)
    rays = {"frame": frame.astype(np.int32), "x": x.astype(np.int16), "y": y.astype(np.int16), "charge": charge,
            "read": seen.astype(np.int16)}  # fmt: skip
    return reads, truth.append_column("level", pa.array(level, pa.float64())), pa.table(rays)


def _light(view, planned, truth, track, sky, rng):
    """A function from frame (from 0) to its light, and the twilight in each frame (0 when there is none)."""
    if planned.type == "dark":
        return lambda i: np.zeros((SIDE, SIDE)), np.zeros(planned.nframes)
    if planned.type == "flat":
        level = twilight(rng, planned.nframes)
        return lambda i: _twilight_frame(view, truth, level, rng, i), level
    scene = Scene(view, truth, track, *sky)
    return scene.frame, np.zeros(planned.nframes)


def twilight(rng, n):
    """Levels of a twilight, DN: falling from the highest to the lowest, with clouds, and two frames out of order."""
    high, low = survey().simulated_night.flat_level
    level = np.geomspace(high, low, n) * np.exp(rng.uniform(-0.06, 0.0, n))
    level[0], level[-1] = high, low
    swap = rng.permutation(n)[:2]
    level[swap] = level[swap[::-1]]
    return level


def _twilight_frame(view, truth, level, rng, i):
    light = np.full((SIDE, SIDE), level[i])
    n = rng.poisson(FLAT_STARS)
    x, y = rng.uniform(0, SIDE, (2, n))
    bright, faint = FLAT_MAGNITUDES
    mag = faint + np.log10(rng.uniform(10 ** (0.4 * (bright - faint)), 1, n)) / 0.4
    flux = 10 ** (0.4 * (view.weather.zero_point(0.0) - mag))
    draw_stars(light, view.optics, psf_row(truth, i), x, y, flux)
    return light

"""A simulated array: its pixels, and what its two non-destructive reads make of the light."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter

from processing.config import survey
from processing.schema.bands import BANDS

LETTERS = tuple(band.letter for band in BANDS)
SIDE, HALF = 256, 128
DEAD, HOT, NOISY = 1, 2, 4
"""Bits of Detector.bad."""

BRIGHTEST = 2e5
"""DN in one read interval: more light changes nothing, every full well is below."""


@dataclass(frozen=True)
class Detector:
    """One array of one telescope.

    Planes of shape (256, 256): ``bias`` (DN), ``response`` (median 1), ``dark`` (DN/s), ``glow`` (DN a read), ``well``
    (DN above the pedestal), ``noise`` (electron, of one read), ``bad`` (bits DEAD, HOT, NOISY). ``numbers``: what the
    header of its files says.
    """

    bias: np.ndarray
    response: np.ndarray
    dark: np.ndarray
    glow: np.ndarray
    well: np.ndarray
    noise: np.ndarray
    bad: np.ndarray
    numbers: dict


def detector(seed, hemisphere, band):
    """The Detector of ``band`` at the telescope ``hemisphere``, the same in all nights."""
    camera, shape = survey().simulated_camera, (SIDE, SIDE)
    rng = np.random.default_rng([seed, 25, "ns".index(hemisphere), LETTERS.index(band)])
    numbers = _numbers(rng)
    response, dark = _response(rng, camera), camera.dark_current * rng.lognormal(0, camera.dark_scatter, shape)
    well, bad = rng.uniform(*camera.full_well, shape), _bad_pixels(rng, camera)
    response = np.where(bad & DEAD, rng.uniform(0, 0.3, shape) * response, response)
    hot = camera.hot_current * 10 ** rng.uniform(-1, 1, shape)
    dark = np.where(bad & HOT, hot, dark)
    noise = numbers["RDNOISE"] * np.where(bad & NOISY, camera.noisy_factor, 1.0)
    bias = camera.pedestal + camera.pedestal_scatter * (rng.standard_normal(shape) + _quadrants(rng.normal(0, 1, 4)))
    return Detector(bias, response, dark, _glow(camera), well, noise, bad, numbers)


def _numbers(rng):
    instrument, own = survey().instrument, survey().detector
    return {
        "TEXP1": own.read1, "TEXP2": own.read2, "GAIN": round(instrument.gain * rng.uniform(0.92, 1.08), 2),
        "RDNOISE": round(own.read_noise * rng.uniform(0.9, 1.1), 1), "SATURATE": own.saturate,
        "NONLIN": round(own.nonlinearity * rng.uniform(0.8, 1.2), 9),
    }  # fmt: skip


def _quadrants(values):
    return np.kron(np.reshape(values, (2, 2)), np.ones((HALF, HALF)))


def _response(rng, camera):
    y, x = (np.indices((SIDE, SIDE)) - (SIDE - 1) / 2) / HALF
    centre = rng.uniform(-0.4, 0.4, 2)
    wide = 1 - camera.flat_wide * ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 2
    steps = 1 + camera.flat_quadrant * _quadrants(rng.standard_normal(4))
    plane = wide * steps * (1 + camera.flat_pixel * rng.standard_normal((SIDE, SIDE)))
    return plane / np.median(plane)


def _bad_pixels(rng, camera):
    """Single ones, and clusters that hold about a third of the dead ones."""
    shape = (SIDE, SIDE)
    cluster = gaussian_filter(rng.standard_normal(shape), 1.0)
    dead = (rng.uniform(size=shape) < camera.dead * 2 / 3) | (cluster > np.quantile(cluster, 1 - camera.dead / 3))
    hot, noisy = (rng.uniform(size=shape) < share for share in (camera.hot, camera.noisy))
    return (DEAD * dead + HOT * (hot & ~dead) + NOISY * (noisy & ~dead & ~hot)).astype(np.uint8)


def _glow(camera):
    """Each quadrant is read at its outer corner."""
    axis = np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1])
    return camera.glow * np.exp(-np.hypot(*np.meshgrid(axis, axis)) / camera.glow_reach)


def cosmic_rays(rng, period):
    """Hits during one frame: arrays x, y (pixel), charge (electron), seen (1: in both reads, 2: in READ2 only).

    A hit is a short track of up to five pixels with its charge shared evenly.
    """
    camera, exposure = survey().simulated_camera, survey().detector
    hits = []
    for _ in range(rng.poisson(camera.cosmic_rate * exposure.read2)):
        length, angle = int(rng.integers(1, 6)), rng.uniform(0, 2 * np.pi)
        x, y = (rng.uniform(0, SIDE) + np.arange(length) * f(angle) for f in (np.cos, np.sin))
        charge = camera.cosmic_charge * 10 ** rng.uniform(-0.5, 0.5) / length
        seen = 1 if rng.uniform(0, exposure.read2) < exposure.read1 else 2
        hits += [(int(i), int(j), charge, seen) for i, j in zip(x, y) if 0 <= i < SIDE and 0 <= j < SIDE]
    x, y, charge, seen = np.array(hits, float).reshape(-1, 4).T
    return x.astype(np.int64), y.astype(np.int64), charge, seen.astype(np.int64)


class ReadOut:
    """Reads frame after frame of a sequence; what bright light leaves behind is carried from each to the next."""

    def __init__(self, array, rng, period):
        self.array, self.rng, self.period = array, rng, period
        self.trapped = np.zeros((SIDE, SIDE))

    def read(self, light, first, second):
        """One frame: fills the uint16 planes ``first`` and ``second``; returns the cosmic rays.

        ``light``: (256, 256), DN that a pixel of response 1 would collect between the reads, without noise.
        """
        a, camera, n = self.array, survey().simulated_camera, self.array.numbers
        hits = cosmic_rays(self.rng, self.period)
        early, late = np.zeros((2, SIDE, SIDE))
        for plane, kind in ((early, 1), (late, 2)):
            chosen = hits[3] == kind
            np.add.at(plane, (hits[1][chosen], hits[0][chosen]), hits[2][chosen] / n["GAIN"])
        offsets = camera.stripe * self.rng.standard_normal((2, 4, HALF))
        offsets += camera.quadrant_drift * self.rng.standard_normal((2, 4, 1))
        read_frame(light, a.bias, a.response, a.dark, a.glow, a.well, a.noise, early, late, offsets, self.trapped,
                   n["GAIN"], n["NONLIN"], n["TEXP1"], n["TEXP2"], camera.reset_noise, camera.stripe_echo,
                   camera.persistence, camera.persistence_above, np.exp(-self.period / camera.persistence_decay),
                   self.period, self.rng, first, second)  # fmt: skip
        return hits


@njit(cache=True, nogil=True)
def read_frame(light, bias, response, dark, glow, well, noise, early, late, offsets, trapped, gain, nonlin,
               time1, time2, reset_noise, echo, trap_share, trap_above, trap_keeps, period, rng, first, second):  # fmt: skip
    """The two reads of one frame; see ReadOut. ``trapped`` (DN) is brought to the end of the frame."""
    charge1, charge2 = np.empty_like(light), np.empty_like(light)
    exposure = time2 - time1
    for j in range(SIDE):
        for i in range(SIDE):
            released = trapped[j, i] * (1.0 - trap_keeps) / period
            rate = light[j, i] * response[j, i] / exposure + dark[j, i] + released
            one = min(rate * time1 + glow[j, i], BRIGHTEST)
            two = min(rate * exposure + glow[j, i], BRIGHTEST)
            q1 = rng.poisson(one * gain) / gain + early[j, i]
            q2 = q1 + rng.poisson(two * gain) / gain + late[j, i]
            charge1[j, i] = min(q1 * (1.0 - nonlin * q1), well[j, i])
            charge2[j, i] = min(q2 * (1.0 - nonlin * q2), well[j, i])
            kept = max(charge2[j, i] - trap_above, 0.0)
            trapped[j, i] = trapped[j, i] * trap_keeps + trap_share * kept
    shift1, shift2 = row_offsets(charge1, offsets[0], echo), row_offsets(charge2, offsets[1], echo)
    for j in range(SIDE):
        for i in range(SIDE):
            quadrant, row = 2 * (j // HALF) + i // HALF, j % HALF
            base = bias[j, i] + reset_noise / gain * rng.standard_normal()
            sigma = noise[j, i] / gain
            v1 = base + charge1[j, i] + sigma * rng.standard_normal() + shift1[quadrant, row]
            v2 = base + charge2[j, i] + sigma * rng.standard_normal() + shift2[quadrant, row]
            first[j, i] = np.uint16(min(max(round(v1), 0), 65535))
            second[j, i] = np.uint16(min(max(round(v2), 0), 65535))


@njit(cache=True, nogil=True)
def row_offsets(charge, offsets, echo):
    """Offsets (4, 128) of the rows of the quadrants: ``offsets`` and the echo of what the same rows collected."""
    total = np.zeros(HALF)
    for j in range(SIDE):
        total[j % HALF] += charge[j].sum()
    return offsets + echo * total

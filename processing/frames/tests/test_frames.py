"""Calibration of frames against a detector whose truth is known."""

import numpy as np
import pytest

from processing.frames.calibrate import calibrate, difference
from processing.frames.darks import combine_darks
from processing.frames.flats import fit_response
from processing.frames.masks import Flaw, bad_pixels
from processing.frames.reads import linearised, saturated
from processing.frames.sky import levels, sky_pattern

NY, NX = 64, 48
GAIN, READ_NOISE, RESET_NOISE, NONLINEARITY = 10.0, 41.0, 40.0, 1.2e-6


class Detector:
    """Two reads of a small array, by the formulas of the raw format alone."""

    def __init__(self, seed=7):
        self.rng = np.random.default_rng(seed)
        self.pedestal = 8000 + 250 * self.rng.standard_normal((NY, NX))
        self.response = 1 + 0.03 * self.rng.standard_normal((NY, NX))
        self.dark = np.full((NY, NX), 2.0)
        self.well = np.full((NY, NX), 40000.0)

    def expose(self, light1, light2):
        """Reads (n, NY, NX) of ``light1`` DN before the first read and ``light2`` between the reads, of that shape."""
        n = len(light1)
        first = self._photons(light1 * self.response + 0.051 * self.dark)
        second = first + self._photons(light2 * self.response + 1.3 * self.dark)
        reset = RESET_NOISE / GAIN * self.rng.standard_normal((n, NY, NX))
        return tuple(self._read(charge, reset) for charge in (first, second))

    def _photons(self, dn):
        return self.rng.poisson(np.maximum(dn, 0) * GAIN) / GAIN

    def _read(self, charge, reset):
        bent = charge * (1 - NONLINEARITY * charge)
        noise = READ_NOISE / GAIN * self.rng.standard_normal(charge.shape)
        return np.rint(self.pedestal + np.minimum(bent + reset, self.well) + noise).astype(np.uint16)

    def flat(self, level):
        light = np.asarray(level, float)[:, None, None] * np.ones((NY, NX))
        return self.expose(0.04 * light, light)

    def darks(self, n=25):
        read1, read2 = self.expose(np.zeros((n, NY, NX)), np.zeros((n, NY, NX)))
        pedestal = read1.mean(0)
        return combine_darks(read1.astype(np.float32), difference(read1, read2, pedestal, NONLINEARITY))

    def night(self):
        """Darks, response and bad pixels as the night's own frames give them."""
        darks = self.darks()
        read1, read2 = self.flat(np.linspace(4000, 24000, 30))
        flats = difference(read1, read2, darks.read1, NONLINEARITY) - darks.difference
        response = fit_response(flats, ~saturated(read2 - darks.read1, 29000))
        return darks, response, bad_pixels(darks, response)

    def calibrated(self, light1, light2, night=None):
        darks, response, bad = night or self.night()
        return calibrate(*self.expose(light1, light2), darks, response, bad, 29000.0, NONLINEARITY)


@pytest.fixture
def detector():
    """The same for all tests, with noise that is each test's own."""
    one = Detector()
    one.rng = np.random.default_rng(70)
    return one


@pytest.fixture(scope="module")
def night():
    return Detector().night()


def test_linearised_is_the_inverse_of_the_bending():
    charge = np.linspace(0, 50000, 200)
    assert linearised(charge * (1 - NONLINEARITY * charge), NONLINEARITY) == pytest.approx(charge, rel=2e-4, abs=0.1)
    assert linearised(charge, 0.0) == pytest.approx(charge)


def test_darks_are_the_means_within_their_noise(detector):
    darks = detector.darks(25)
    sigma = READ_NOISE * np.sqrt(2) / GAIN
    assert darks.noise.mean() == pytest.approx(sigma, rel=0.04)
    assert np.median(darks.difference) == pytest.approx(1.3 * 2.0, abs=4 * sigma / np.sqrt(25 * NY * NX))
    assert (darks.difference - 2.6).std() == pytest.approx(sigma / 5, rel=0.1)


def test_a_cosmic_ray_does_not_move_the_dark(detector):
    read = np.full((20, 2, 2), 100.0) + detector.rng.normal(0, 4, (20, 2, 2))
    read[7, 0, 0] += 5000
    darks = combine_darks(read, read)
    assert abs(darks.read1[0, 0] - 100) < 4 * 4 / np.sqrt(19)


def test_response_is_the_responsivity(detector, night):
    truth = detector.response / np.median(detector.response)
    # Photon noise of 30 frames that span 4,000-24,000 DN, as a slope.
    assert (night[1].slope / truth - 1).std() < 0.0016
    assert np.median(night[1].slope) == pytest.approx(1)
    assert night[1].range > 4


def test_stars_in_the_twilight_do_not_move_the_response(detector):
    darks = detector.darks()
    read1, read2 = detector.flat(np.linspace(4000, 20000, 24))
    for k in range(3):
        read2[k * 7, 10:13, 20:23] += np.uint16(3000)
    flats = difference(read1, read2, darks.read1, NONLINEARITY) - darks.difference
    response = fit_response(flats, np.ones(flats.shape, bool))
    truth = detector.response / np.median(detector.response)
    assert np.abs(response.slope / truth - 1)[10:13, 20:23].max() < 0.01


def test_flats_in_any_order_give_the_same_response(detector):
    flats = np.linspace(4000, 20000, 20)[:, None, None] * detector.response * np.ones((20, 1, 1))
    flats = flats + detector.rng.normal(0, 20, flats.shape)
    mixed = detector.rng.permutation(20)
    one, other = (fit_response(f.astype(np.float32), np.ones(f.shape, bool)).slope for f in (flats, flats[mixed]))
    # but for pixels with a flat at the very threshold of rejection, where rounding decides
    assert (np.abs(one / other - 1) > 1e-5).mean() < 2e-3
    assert one == pytest.approx(other, rel=3e-3)


def test_dead_hot_and_noisy_pixels_are_told():
    detector = Detector(3)
    detector.response[5, 6] = 0.2
    detector.dark[7, 8] = 500.0
    darks, response, bad = detector.night()
    assert bad[5, 6] & Flaw.DEAD and bad[7, 8] & Flaw.HOT
    good = np.ones((NY, NX), bool)
    good[5, 6] = good[7, 8] = False
    assert (bad[good] != 0).mean() < 0.003


def test_calibrated_frame_is_the_light(detector, night):
    light = np.full((20, NY, NX), 1500.0)
    frames = detector.calibrated(0.04 * light, light, night)
    scale = 1 / np.median(detector.response)
    error = frames.image / (1500 / scale) - 1
    assert np.median(error) == pytest.approx(0, abs=0.002)
    noise = np.sqrt(1500 / GAIN + 2 * (READ_NOISE / GAIN) ** 2)
    assert frames.image.std(axis=0).mean() == pytest.approx(noise, rel=0.05)


def test_saturation_is_tested_on_the_reads_not_on_the_difference(detector, night):
    light = np.full((2, NY, NX), 300.0)
    bright1, bright2 = 0.04 * light, light.copy()
    bright1[:, 30, 30], bright2[:, 30, 30] = 60000, 500000    # full in the first read: a hole in the difference
    bright1[:, 40, 40], bright2[:, 40, 40] = 2000, 50000      # full in the second only
    frames = detector.calibrated(bright1, bright2, night)
    both, second = frames.flaws[:, 30, 30], frames.flaws[:, 40, 40]
    assert (both & Flaw.SATURATED).all() and (both & Flaw.SATURATED_READ1).all()
    assert (second & Flaw.SATURATED).all() and not (second & Flaw.SATURATED_READ1).any()
    assert frames.image[0, 30, 30] < 5000
    assert frames.read1[0, 40, 40] == pytest.approx(2000 * detector.response[40, 40], rel=0.05)


def starry(detector, night, n=60, stars=25):
    """Frames of a sky with a pattern, stars that move from frame to frame, and the pattern itself."""
    y, x = np.mgrid[:NY, :NX]
    pattern = 6 * np.sin(x / 9) + 4 * (y - NY / 2) / NY
    light = np.full((n, NY, NX), 400.0) + 30 * np.sin(np.arange(n) / 15)[:, None, None] + pattern
    for _ in range(stars * n // 6):
        k, j, i = detector.rng.integers(0, (n, NY, NX))
        light[k] += 20000 * detector.rng.pareto(1.5) / 50 * np.exp(-((y - j) ** 2 + (x - i) ** 2) / 2 / 0.7**2)
    return detector.calibrated(0.04 * light, light, night), pattern - np.median(pattern)


def test_sky_pattern_is_found_under_stars(detector, night):
    frames, pattern = starry(detector, night)
    sky = sky_pattern(frames)
    found = sky - levels(frames)[:, None, None]
    good = frames.flaws.max(0) & (Flaw.DEAD | Flaw.HOT | Flaw.NOISY) == 0
    noise = np.sqrt(400 / GAIN + 2 * (READ_NOISE / GAIN) ** 2) / np.sqrt(48 * 0.5)
    assert (found[30] - pattern)[good].std() < 1.6 * noise
    # What is found has median 0 with its noise; that of a lopsided pattern moves when noise blurs it.
    blurred = np.median(pattern + noise * detector.rng.standard_normal((20, NY, NX)))
    assert np.median((found[30] - pattern)[good]) == pytest.approx(-blurred, abs=0.15)


def test_sky_does_not_eat_the_stars(detector, night):
    light = np.full((48, NY, NX), 400.0)
    light[20, 30, 30] += 5000
    frames = detector.calibrated(0.04 * light, light, night)
    flux = frames.without(sky_pattern(frames)).image[20, 30, 30]
    assert flux == pytest.approx(5000, abs=4 * np.sqrt(5400 / GAIN + 2 * 4.1**2) + 0.005 * 5000)


def test_latent_images_stay_out_of_the_pattern(detector, night):
    light = np.full((48, NY, NX), 400.0)
    for k in range(8):
        light[10 + k, 20, 20] += 600 * np.exp(-k / 4)
    frames = detector.calibrated(0.04 * light, light, night)
    pattern = sky_pattern(frames) - levels(frames)[:, None, None]
    around = pattern[15, 15:26, 15:26].copy()
    around[5, 5] = np.nan
    assert abs(pattern[15, 20, 20] - np.nanmean(around)) < 4 * np.nanstd(around)


def test_a_spike_that_stays_on_its_column_stays_out_of_the_pattern(detector, night):
    light = np.full((20, NY, NX), 400.0)
    light[4:16, :, 20] += 300
    frames = detector.calibrated(0.04 * light, light, night)
    pattern = sky_pattern(frames) - levels(frames)[:, None, None]
    good = frames.flaws[:, :, 20].max(0) & (Flaw.DEAD | Flaw.HOT | Flaw.NOISY) == 0
    assert abs(np.median(pattern[10, good, 20])) < 3


def test_long_scans_follow_a_pattern_that_drifts(detector, night):
    y, x = np.mgrid[:NY, :NX]
    n = 144
    strength = np.linspace(-8, 8, n)
    light = 400.0 + strength[:, None, None] * np.sign(x - NX / 2)
    frames = detector.calibrated(0.04 * light, light, night)
    flat = frames.without(sky_pattern(frames)).image
    step = np.median(flat[:, :, NX // 2:], axis=(1, 2)) - np.median(flat[:, :, :NX // 2], axis=(1, 2))
    one = np.sqrt(400 / GAIN + 2 * (READ_NOISE / GAIN) ** 2)
    noise = np.sqrt(np.pi / 2) * one * np.sqrt(2 / (NY * NX / 2))  # of the difference of two medians
    assert step[24:-24].std() < 1.3 * noise
    assert np.abs(step[24:-24]).max() < 4.5 * noise


def test_a_star_on_a_pixel_that_no_other_frame_can_use_stays(detector, night):
    """As where it leaves a latent image for the rest of a short scan."""
    light = np.full((20, NY, NX), 400.0)
    light[0, 30, 30] += 5000
    frames = detector.calibrated(0.04 * light, light, night)
    frames.flaws[1:, 30, 30] |= np.uint8(Flaw.LATENT)
    assert frames.without(sky_pattern(frames)).image[0, 30, 30] > 4500

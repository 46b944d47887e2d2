"""The array behaves as the physics of its reads says; nothing here uses the kernel's own intermediate results."""

import numpy as np
import pytest

from processing.config import survey
from processing.simulate.detector import DEAD, HOT, NOISY, ReadOut, cosmic_rays, detector

PERIOD = 1.4855
CAMERA = survey().simulated_camera


@pytest.fixture(scope="module")
def array():
    return detector(3, "n", "j")


def read(array, lights, seed=1):
    """READ1 and READ2 of frames of constant light, minus the pedestal: float (n, 256, 256)."""
    camera, reads = ReadOut(array, np.random.default_rng(seed), PERIOD), np.empty((2, len(lights), 256, 256), np.uint16)
    for i, light in enumerate(lights):
        camera.read(np.broadcast_to(np.float64(light), (256, 256)).copy(), reads[0, i], reads[1, i])
    return reads - array.bias


def row_means(image, array):
    """Mean of the good pixels of each row of each quadrant, without the few that a cosmic ray hit: (..., 256, 2, 1)."""
    rows = np.where(array.bad == 0, image, np.nan).reshape(*image.shape[:-1], 2, 128)
    middle = np.nanmedian(rows, axis=-1, keepdims=True)
    return np.nanmean(np.where(np.abs(rows - middle) < 5 * sigma(rows - middle), rows, np.nan), axis=-1, keepdims=True)


def without_rows(image, array):
    """Row offsets of each quadrant removed: they are common to a row and no noise of a pixel."""
    return (image.reshape(*image.shape[:-1], 2, 128) - row_means(image, array)).reshape(image.shape)


def sigma(values):
    """Standard deviation without outliers."""
    values = values[np.isfinite(values)] - np.nanmedian(values)
    return np.std(values[np.abs(values) < 6 * np.median(np.abs(values)) + 1])


def test_photon_transfer_gives_gain_and_read_noise(array):
    """Variance of the difference of two exposures against their mean: a line of slope 1 / gain."""
    n, good = array.numbers, array.bad == 0
    levels, variances = [], []
    for level in (0.0, 500.0, 1500.0, 3000.0, 4500.0, 6000.0):
        first, second = read(array, [level] * 6, seed=int(level))
        image = second - first
        levels.append(np.median(image[:, good]))
        noise = [sigma(without_rows(image[i] - image[i + 1], array)[good]) ** 2 / 2 for i in (0, 2, 4)]
        slope = 1 - 2 * n["NONLIN"] * levels[-1]
        variances.append(np.mean(noise) / slope**2 * 128 / 127)
    slope, zero = np.polyfit(np.array(levels) * (1 + n["NONLIN"] * np.array(levels)), variances, 1)
    assert 1 / slope == pytest.approx(n["GAIN"], rel=0.03)
    assert np.sqrt(zero / 2) * n["GAIN"] == pytest.approx(n["RDNOISE"], rel=0.03)


def test_reset_noise_is_in_both_reads_and_not_in_their_difference(array):
    first, second = read(array, [0.0] * 8)
    good, gain = array.bad == 0, array.numbers["GAIN"]
    single = sigma(without_rows(first[::2] - first[1::2], array)[:, good]) * gain / np.sqrt(2)
    difference = sigma(without_rows((second - first)[::2] - (second - first)[1::2], array)[:, good]) * gain / np.sqrt(2)
    assert single == pytest.approx(np.hypot(array.numbers["RDNOISE"], CAMERA.reset_noise), rel=0.05)
    assert difference < 1.1 * np.sqrt(2) * array.numbers["RDNOISE"]


def test_non_linearity_is_that_of_the_header(array):
    """The light doubles, the reading does not: measured = q (1 - NONLIN q), q in proportion to the light."""
    good = (array.bad == 0) & (array.well > 34000)
    light = np.array([2000.0, 24000.0])
    dark = np.median(read(array, [0.0] * 4)[1], axis=0)
    measured = [np.median(read(array, [level] * 4)[1], axis=0) - dark for level in light]
    true = [level * array.response * 1.351 / 1.3 for level in light]
    loss = 1 - np.median((measured[1] / measured[0] * true[0] / true[1])[good])
    charge = np.median(true[1][good]) - np.median(true[0][good])
    echo = CAMERA.stripe_echo * 512
    assert loss == pytest.approx(array.numbers["NONLIN"] * charge * (1 + 2 * echo), rel=0.04)


def test_a_saturated_pixel_stays_at_its_own_full_well(array):
    first, second = read(array, [60_000.0])[:, 0]
    good, limit = array.bad == 0, survey().detector.saturate
    echo = CAMERA.stripe_echo * 512 * 41_000
    assert np.all(second[good] > limit) and np.median(first[good]) == pytest.approx(60_000 * 0.051 / 1.3, rel=0.05)
    assert np.median((second - array.well)[good]) == pytest.approx(echo, rel=0.1)
    assert sigma((second - array.well)[good]) < 30
    assert array.well.min() >= 30_000 and array.well.max() <= 52_000
    first, second = read(array, [3e8])[:, 0]
    assert abs(np.median((second - first)[good])) < 5 and sigma((second - first)[good]) < 12
    assert np.all(first[good] > limit)


def test_persistence_decays_from_frame_to_frame(array):
    """After one bright frame the dark ones hold the trapped charge that is released between their reads."""
    bright, frames = 60_000.0, 10
    lit = np.median([read(array, [bright] + [0.0] * frames, seed)[1] for seed in (1, 2, 3)], axis=0)
    dark = np.median([read(array, [0.0] * (frames + 1), seed)[1] for seed in (4, 5, 6)], axis=0)
    good = array.bad == 0
    left = np.array([np.mean((lit - dark)[i][good]) for i in range(1, frames + 1)])
    keeps = np.exp(-PERIOD / CAMERA.persistence_decay)
    trapped = CAMERA.persistence * np.mean(array.well[good] - CAMERA.persistence_above)
    expected = trapped * keeps ** np.arange(frames) * (1 - keeps) * 1.351 / PERIOD
    assert left == pytest.approx(expected, rel=0.04, abs=1.0)
    assert expected[0] > 30


def test_rows_of_quadrants_are_striped(array):
    image = np.subtract(*read(array, [0.0] * 12)[::-1])
    rows = row_means((image[::2] - image[1::2]) / np.sqrt(2), array).reshape(6, 2, 128, 2)
    stripes = rows - rows.mean(axis=2, keepdims=True)
    noise = np.sqrt(2) * array.numbers["RDNOISE"] / array.numbers["GAIN"]
    expected = np.sqrt(2 * CAMERA.stripe**2 + noise**2 / 128)
    assert np.std(stripes) == pytest.approx(expected, rel=0.06)


def test_a_bright_row_is_echoed_in_the_other_quadrants(array):
    light = np.zeros((256, 256))
    light[30:60, 20:60] = 1e5
    reads = np.empty((2, 2, 256, 256), np.uint16)
    camera = ReadOut(array, np.random.default_rng(1), PERIOD)
    for pair, frame in zip(reads, (light, 0 * light)):
        camera.read(frame, *pair)
    change = np.median(reads[0, 1].astype(float) - reads[1, 1], axis=1)
    expected = CAMERA.stripe_echo * array.well[30:60, 20:60].sum(axis=1).mean()
    other = np.r_[change[130:155], change[192:]].mean()
    assert change[158:188].mean() - other == pytest.approx(expected, rel=0.1) and expected > 10


def test_bad_pixels_are_what_they_are_called(array):
    first, second = read(array, [0.0] * 20)
    assert np.mean(array.bad == DEAD) == pytest.approx(CAMERA.dead, rel=0.3)
    assert np.mean(array.bad == HOT) == pytest.approx(CAMERA.hot, rel=0.3)
    assert np.mean(array.bad == NOISY) == pytest.approx(CAMERA.noisy, rel=0.4)
    dark = np.mean(second - first, axis=0)
    assert np.median(dark[array.bad == HOT]) > 15 * np.median(dark[array.bad == 0])
    noise = np.std(second - first, axis=0)
    assert np.median(noise[array.bad == NOISY]) > 5 * np.median(noise[array.bad == 0])
    assert np.all(array.response[array.bad == DEAD] < 0.4) and np.median(array.response) == pytest.approx(1, abs=0.01)


def test_amplifiers_glow_in_the_outer_corners_in_every_read(array):
    first = np.median(read(array, [0.0] * 30)[0], axis=0)
    corners = [first[j, i] for j in (slice(0, 3), slice(-3, None)) for i in (slice(0, 3), slice(-3, None))]
    middle = np.median(first[110:146, 110:146])
    assert np.median(corners) - middle == pytest.approx(CAMERA.glow * np.exp(-1.5 / CAMERA.glow_reach), abs=4)


def test_cosmic_rays_come_at_their_rate():
    rng = np.random.default_rng(8)
    hits = [cosmic_rays(rng, PERIOD) for _ in range(3000)]
    kinds = np.concatenate([h[3] for h in hits])
    assert 3000 * CAMERA.cosmic_rate * 1.351 * 2.5 < len(kinds) < 3000 * CAMERA.cosmic_rate * 1.351 * 3.1
    assert np.mean(kinds == 1) == pytest.approx(0.051 / 1.351, abs=0.03)


def test_early_hits_are_in_both_reads_late_ones_in_the_second(array):
    camera, reads = ReadOut(array, np.random.default_rng(2), PERIOD), np.empty((2, 256, 256), np.uint16)
    found = {1: [], 2: []}
    quiet = np.median(read(array, [0.0] * 9), axis=1)
    for _ in range(150):
        x, y, charge, seen = camera.read(np.zeros((256, 256)), *reads)
        for i, j, q, kind in zip(x, y, charge / array.numbers["GAIN"], seen):
            if q > 40 and np.sum((x == i) & (y == j)) == 1:
                found[kind].append((reads[:, j, i] - array.bias[j, i] - quiet[:, j, i]) / q)
    late, early = (np.median(found[kind], axis=0) if found[kind] else None for kind in (2, 1))
    assert late == pytest.approx([0, 1], abs=0.15)
    assert early is None or early == pytest.approx([1, 1], abs=0.3)


def test_the_same_seed_is_the_same_array_another_band_is_not(array):
    again, other = detector(3, "n", "j"), detector(3, "n", "h")
    assert np.array_equal(array.well, again.well) and array.numbers == again.numbers
    assert not np.array_equal(array.well, other.well)

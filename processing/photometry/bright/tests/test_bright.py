"""Bright stars of simulated scans against their truth: fluxes on the scale of unsaturated stars, places, no false."""

from dataclasses import replace

import numpy as np
import pytest

from processing.photometry.bright import bright_stars, normalisation, normalised, read1_fluxes
from processing.photometry.bright.levels import Levels
from processing.photometry.bright.places import places
from processing.photometry.bright.read1 import Read1Fluxes, apertures, frame_means
from processing.photometry.bright.tests import bright_skies as skies

FRAMES, BAND = 20, "k"
BRIGHT = np.r_[-4.0, 0.0, 3.0, np.linspace(4.0, 8.0, 17)]
COMMON = np.linspace(8.9, 10.4, 12)
PAIRS = ((6.0, 6.5, 6.0), (5.0, 7.0, 10.0))
"""Magnitudes and separation (arcsec) of close pairs."""


@pytest.fixture(scope="module")
def sky():
    """A Ks scan with bright stars of all magnitudes, two close pairs, unsaturated stars and a faint background."""
    firsts = np.array([pair[0] for pair in PAIRS])
    ra, dec = skies.spread(np.r_[BRIGHT, COMMON, firsts], FRAMES, seed=3)
    apart = np.array([pair[2] for pair in PAIRS]) / 3600
    fainter = ra[-2:] + apart * 0.8 / np.cos(np.radians(dec[-2:])), dec[-2:] + apart * 0.6
    *place, faint = skies.background(500, FRAMES, seed=3, faintest=14.5)
    magnitudes = np.r_[BRIGHT, COMMON, firsts, [pair[1] for pair in PAIRS], faint]
    ra, dec = (np.concatenate(parts) for parts in zip((ra, dec), fainter, place))
    return skies.bright_sky(ra, dec, magnitudes, BAND, FRAMES, seed=3, solved=False)


@pytest.fixture(scope="module")
def scale(sky):
    """Apparitions, fluxes (DN, 7 arcsec aperture of the 1.3 s images) and first reads of the unsaturated stars."""
    stars = np.arange(len(BRIGHT), len(BRIGHT) + len(COMMON))
    seen = places(sky.true, BAND, sky.ra[stars], sky.dec[stars], FRAMES)
    zero = Levels(np.zeros((FRAMES, 256, 2)), np.full(FRAMES, 18.0))
    images = sky.frames.image, np.where(sky.frames.flaws & 24, 1, sky.frames.flaws)
    long = frame_means(seen.star, apertures(*images, zero, seen.frame, seen.x, seen.y, radius=7.0), len(stars))
    short = read1_fluxes(sky.frames.read1, sky.frames.flaws, seen.star, seen.frame, seen.x, seen.y, len(stars))
    return stars, long, short


@pytest.fixture(scope="module")
def found(sky, scale):
    """The BrightStars, normalised by the unsaturated ones; for each the number of its true star and its error in mag
    against the zero point of the unsaturated stars."""
    stars, long, short = scale
    plain = bright_stars(sky.frames, sky.true, BAND)
    bright = normalised(plain, normalisation(short, long.flux, long.error, plain.to_total))
    index, distance = nearest(bright, sky)
    zero = np.nanmedian(-2.5 * np.log10(long.flux / sky.flux[stars]))
    return bright, index, distance, -2.5 * np.log10(bright.flux / sky.flux[index]) - zero


def nearest(bright, sky):
    """Nearest star brighter than 1000 DN: its number and distance (arcsec)."""
    ones = np.flatnonzero(sky.flux > 1000)
    east = (bright.ra[:, None] - sky.ra[ones]) * np.cos(np.radians(skies.DEC))
    distance = 3600 * np.hypot(east, bright.dec[:, None] - sky.dec[ones])
    return ones[np.argmin(distance, axis=1)], distance.min(axis=1)


def of_magnitudes(sky, index):
    """Whether the stars ``index`` are the single bright ones."""
    return index < len(BRIGHT)


def test_every_saturated_star_is_found_once_and_nothing_else(sky, found):
    bright, index, distance, _ = found
    assert len(set(index)) == len(index)
    assert distance.max() < 0.5
    assert set(np.flatnonzero(BRIGHT < 7.6)) <= set(index)


def test_first_read_fluxes_are_on_the_scale_of_unsaturated_stars(sky, found):
    bright, index, _, difference = found
    once = of_magnitudes(sky, index) & (bright.method == 1)
    assert once.sum() > 10
    assert abs(np.mean(difference[once])) < 0.02
    assert np.std(difference[once]) < 0.02
    away = (difference[once] - np.median(difference[once])) / (1.0857 * bright.flux_err[once] / bright.flux[once])
    assert 0.3 < 1.4826 * np.median(np.abs(away)) < 1.7


def test_stars_that_saturate_the_first_read_have_fluxes_from_their_wings(sky, found):
    bright, index, _, difference = found
    wings = of_magnitudes(sky, index) & (bright.method == 3)
    assert set(np.flatnonzero(BRIGHT < 3.5)) <= set(index[wings])
    assert np.abs(difference[wings]).max() < 0.15


def test_places_are_good_to_a_tenth_of_an_arcsec(sky, found):
    bright, index, distance, _ = found
    once = of_magnitudes(sky, index) & (bright.method == 1)
    assert np.median(distance[once]) < 0.03 and distance[once].max() < 0.1
    assert distance[of_magnitudes(sky, index) & (bright.method == 3)].max() < 0.25
    sigma = np.sqrt(np.trace(bright.cov[once], axis1=1, axis2=2))
    assert (distance[once] < 5 * sigma).all()


def test_members_of_close_pairs_are_both_measured(sky, found):
    bright, index, _, difference = found
    first = len(BRIGHT) + len(COMMON)
    for star, limit in zip(range(first, first + 4), (0.03, 0.02, 0.03, 0.04)):
        row = np.flatnonzero(index == star)
        assert len(row) == 1
        assert abs(difference[row[0]]) < limit


def test_brighter_stars_ruin_more_of_their_surroundings(sky, found):
    bright, index, _, _ = found
    radius = dict(zip(index, bright.radius))
    assert radius[0] > 20 and radius[0] > radius[1] > radius[2] > radius[10] >= 2


def test_cosmic_rays_and_glowing_pixels_are_no_stars(sky):
    rng = np.random.default_rng(8)
    read1, image, flaws = (np.array(v) for v in (sky.frames.read1, sky.frames.image, sky.frames.flaws))
    hits = (rng.integers(0, FRAMES, 60), rng.integers(5, 250, 60), rng.integers(5, 250, 60))
    pixels = (slice(None), rng.integers(5, 250, 6), rng.integers(5, 250, 6))
    for where in (hits, pixels):
        read1[where] += 20000.0
        flaws[where] |= 8
    strange = bright_stars(replace(sky.frames, read1=read1, image=image, flaws=flaws), sky.true, BAND)
    index, distance = nearest(strange, sky)
    assert distance.max() < 0.5 and len(set(index)) == len(index)


def test_offsets_of_rows_and_quadrants_do_not_enter(sky, scale):
    stars, _, short = scale
    rng = np.random.default_rng(4)
    offset = np.zeros_like(sky.frames.read1)
    offset[:, :128, :128] += 25.0
    offset[:, :, 128:] += rng.choice([0.0, 0.0, 0.0, 12.0], (FRAMES, 256, 1))
    seen = places(sky.true, BAND, sky.ra[stars], sky.dec[stars], FRAMES)
    where = seen.star, seen.frame, seen.x, seen.y, len(stars)
    shifted = read1_fluxes(sky.frames.read1 + offset, sky.frames.flaws, *where)
    assert np.abs((shifted.flux - short.flux) / short.error).max() < 1.5
    assert (shifted.detected <= shifted.measurable).all()


def test_empty_frames_have_no_bright_stars(sky):
    empty = replace(sky.frames, flaws=sky.frames.flaws & np.uint8(7))
    assert len(bright_stars(empty, sky.true, BAND)) == 0


def test_normalisation_takes_the_ratio_of_most_stars_and_the_given_one_without():
    rng = np.random.default_rng(1)
    flux = rng.uniform(500, 2000, 60)
    read1 = Read1Fluxes(flux, 0.01 * flux, np.full(60, 6), np.full(60, 6))
    fit = 27.0 * flux * (1 + 0.01 * rng.standard_normal(60))
    fit[:8] *= 1.5
    scale = normalisation(read1, fit, 0.01 * fit, 26.0)
    assert scale.stars == 52
    assert abs(scale.ratio / 27.0 - 1) < 4 * 0.017 / np.sqrt(52)
    none = normalisation(read1, np.full(60, np.nan), np.full(60, np.nan), 26.0)
    assert (none.ratio, none.stars) == (26.0, 0) and none.error == pytest.approx(0.03 * 26.0)


def test_a_star_on_the_spike_of_another_is_not_too_bright():
    ra, dec = skies.at([-150.0, 60.0, -60.0], [0.0, 0.0, 130.0])
    cross = skies.bright_sky(ra, dec, [-4.0, 7.5, 7.5], BAND, 12, seed=9, solved=False)
    stars = bright_stars(cross.frames, cross.true, BAND)
    on, off = (np.argmin(np.hypot(stars.ra - a, stars.dec - d)) for a, d in zip(ra[1:], dec[1:]))
    seen = places(cross.true, BAND, ra, dec, 12)
    plain = read1_fluxes(cross.frames.read1, cross.frames.flaws, seen.star, seen.frame, seen.x, seen.y, 3).flux
    assert plain[1] / plain[2] > 1.03
    noise = np.hypot(stars.flux_err[on], stars.flux_err[off]) / stars.flux[off]
    assert abs(stars.flux[on] / stars.flux[off] - 1) < 3 * noise < 0.09


def test_a_single_star_that_disagrees_does_not_move_the_scale():
    read1 = Read1Fluxes(np.array([1000.0]), np.array([5.0]), np.array([6]), np.array([6]))
    assert normalisation(read1, np.array([40000.0]), np.array([100.0]), 26.0).ratio == pytest.approx(26.0)


def test_without_fainter_stars_the_default_profile_says_how_bright_within_its_error():
    ra, dec = skies.at([20.0], [0.0])
    lone = skies.bright_sky(ra, dec, [1.0], BAND, 12, seed=6, solved=False)
    star = bright_stars(lone.frames, lone.true, BAND)
    assert len(star) == 1 and star.method[0] == 3 and star.profile.stars == 0
    assert abs(star.flux[0] - lone.flux[0]) < 3 * star.flux_err[0] < 3 * lone.flux[0]

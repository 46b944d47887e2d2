"""The bound for all apparitions of a star: measuring as well as possible reaches it, and nothing does better."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits

from processing.config import survey
from processing.simulate.bound import faint_star_bound
from processing.simulate.exposure import core_width
from processing.simulate.frame_bound import frame_bound, profile
from processing.simulate.night_plan import Settings, plan
from processing.simulate.nights import RawSurvey
from processing.simulate.optics import Optics
from processing.simulate.star_pixels import HALF, SIZE, star_stamp
from processing.simulate.starlight import light_shares
from processing.simulate.true_light import TrueLight
from processing.simulate.truth import Truth, star_image

OPTICS = Optics(0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
ROW = {"sigma": 0.8, "stretch_x": 0.15, "stretch_y": -0.1}
SKY, GAIN, READ = 368.0, 10.0, 41.0


@dataclass(frozen=True)
class EvenPixels:
    """What frame_bound asks of a TrueLight, of an array whose pixels are all the same; ``stars``: x, y, dn a frame."""

    frames: tuple
    bad: np.ndarray
    optics: object = OPTICS

    def __len__(self):
        return len(self.frames)

    @property
    def array(self):
        return {"bad": self.bad}

    def sky(self, i):
        return SKY

    def variance(self):
        return np.full((256, 256), 2 * (READ / GAIN) ** 2), np.full((256, 256), 1 / GAIN)

    def frame(self, i):
        light = SKY + sum(star_image(OPTICS, ROW, *star) for star in self.frames[i])
        return light, *self.variance(), self.bad == 0


def made_up(offsets, dn, frames=6, seed=1, sigma=ROW["sigma"]):
    """Pixels, stars and apparitions of stars at ``offsets`` (arcsec, west and north), seen at random phases."""
    rng = np.random.default_rng(seed)
    places = [rng.uniform(80, 170, 2) + np.array(offsets) / 2.0 for _ in range(frames)]
    pixels = EvenPixels(tuple([(*p, f) for p, f in zip(place, dn)] for place in places), np.zeros((256, 256), np.uint8))
    count = len(offsets)
    stars = pa.table({"id": np.arange(count), "ra": 10 - np.array(offsets)[:, 0] / 3600.0,
                      "dec": np.array(offsets)[:, 1] / 3600.0})  # fmt: skip
    each = {"stretch_x": ROW["stretch_x"], "stretch_y": ROW["stretch_y"], "sigma": sigma}
    x, y = np.concatenate(places).T
    apparitions = pa.table({"id": np.tile(np.arange(count), frames), "frame": np.repeat(np.arange(frames) + 1, count),
                            "x": x, "y": y, "dn": np.tile(dn, frames).astype(float),
                            **{name: np.full(count * frames, value) for name, value in each.items()}})  # fmt: skip
    return pixels, stars, apparitions


def stamp_of(x, y, wide=True):
    core, wings, spikes, turn, width = profile(2.0)
    wings = wings if wide else light_shares()[1] / np.array([2.0, 1.0])
    stamp = np.empty((3, SIZE, SIZE))
    widths = (ROW[name] / 2 for name in ("sigma", "stretch_x", "stretch_y"))
    star_stamp(x, y, *widths, core, wings, spikes, turn, width, stamp)
    return stamp


def test_a_stamp_is_the_star_that_the_simulation_draws():
    x, y = 100.3, 90.8
    drawn = star_image(OPTICS, ROW, x, y)[91 - HALF:91 + HALF + 1, 100 - HALF:100 + HALF + 1]
    assert np.abs(stamp_of(x, y, wide=False)[0] - drawn).max() < 1e-5


def test_derivatives_are_those_of_the_star():
    step = 1e-4
    for axis, shift in ((1, (step, 0)), (2, (0, step))):
        ahead, behind = (stamp_of(100.3 + s * shift[0], 90.8 + s * shift[1])[0] for s in (1, -1))
        assert np.abs(stamp_of(100.3, 90.8)[axis] - (ahead - behind) / (2 * step)).max() < 1e-6


SIDE = SIZE + 9
"""Pixels of what is cut out of a frame about its stars, more than they reach."""


def cut_out(frame):
    """Places of the stars of a frame in a part of ``SIDE`` pixels that has the first one in its middle."""
    x, y = (round(middle) - SIDE // 2 for middle in frame[0][:2])
    return [(star[0] - x, star[1] - y) for star in frame]


def part_of(x, y):
    """Where the stamp of a star at ``x``, ``y`` lies."""
    low, left = round(y) - HALF, round(x) - HALF
    return slice(low, low + SIZE), slice(left, left + SIZE)


def fitted(images, places, dn):
    """Maximum-likelihood flux (relative) and shift (pixel) of each star, common to the frames: (stars, 3)."""
    estimate = np.tile([1.0, 0.0, 0.0], (len(dn), 1))
    for _ in range(4):
        rows, misfit = [], []
        for image, place in zip(images, places):
            columns, model = np.zeros((3 * len(dn), SIDE, SIDE)), np.full((SIDE, SIDE), SKY)
            for k, (x, y) in enumerate(place):
                flux, dx, dy = estimate[k]
                stamp, here = dn[k] * stamp_of(x + dx, y + dy), part_of(x + dx, y + dy)
                model[here] += flux * stamp[0]
                columns[3 * k:3 * k + 3, *here] += stamp * np.array([1, flux, flux])[:, None, None]
            seen = columns.any(axis=0)
            sigma = np.sqrt(2 * (READ / GAIN) ** 2 + model[seen] / GAIN)
            rows.append(columns[:, seen] / sigma)
            misfit.append((image[seen] - model[seen]) / sigma)
        step = np.linalg.lstsq(np.concatenate(rows, axis=1).T, np.concatenate(misfit), rcond=None)[0]
        estimate += step.reshape(-1, 3)
    return estimate


def monte_carlo(offsets, dn, draws, frames):
    """Scatter (stars, 3) of relative flux and place (arcsec) of the best fit to drawn frames, and their FrameBound."""
    pixels, stars, apparitions = made_up(offsets, dn, frames=frames)
    rng = np.random.default_rng(5)
    places = [cut_out(frame) for frame in pixels.frames]
    expected = np.full((frames, SIDE, SIDE), SKY)
    for light, place in zip(expected, places):
        for (x, y), flux in zip(place, dn):
            light[part_of(x, y)] += flux * stamp_of(x, y)[0]
    results = []
    for _ in range(draws):
        noise = READ * np.sqrt(2) / GAIN * rng.standard_normal(expected.shape)
        results.append(fitted(rng.poisson(expected * GAIN) / GAIN + noise, places, dn))
    return np.std(results, axis=0) * [1, 2, 2], frame_bound(pixels, stars, apparitions)


def as_array(errors):
    return np.column_stack([errors.flux, errors.x, errors.y])


def test_the_best_fit_to_a_lone_star_scatters_as_the_bound_says():
    found, bound = monte_carlo([(0.0, 0.0)], [3000.0], 250, 2)
    assert found == pytest.approx(as_array(bound.lone), rel=4 / np.sqrt(2 * 250))
    assert as_array(bound.blended) == pytest.approx(as_array(bound.lone), rel=0.01)


def test_the_best_fit_to_two_blended_stars_scatters_as_the_blended_bound_says():
    found, bound = monte_carlo([(0.0, 0.0), (1.6, 1.0)], [9000.0, 5000.0], 250, 2)
    assert (as_array(bound.blended) > 1.2 * as_array(bound.lone))[1].all()
    assert found == pytest.approx(as_array(bound.blended), rel=4 / np.sqrt(2 * 250))


def test_a_neighbour_costs_more_the_nearer_it_is_and_nothing_when_far():
    errors = [frame_bound(*made_up([(0.0, 0.0), (apart, 0.0)], [900.0, 900.0])) for apart in (1.5, 2.5, 4.0, 11.0)]
    losses = [bound.blended.flux[0] / bound.lone.flux[0] for bound in errors]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > 2 and losses[-1] == pytest.approx(1, abs=0.01)


def test_a_neighbour_too_faint_to_be_found_only_adds_its_photons():
    bound = frame_bound(*made_up([(0.0, 0.0), (2.0, 0.0)], [3000.0, 20.0]))
    assert bound.lone.snr[1] < 5
    assert bound.blended.flux[0] == pytest.approx(bound.lone.flux[0], rel=0.01)


def test_bad_pixels_tell_nothing():
    pixels, stars, apparitions = made_up([(0.0, 0.0)], [1000.0], frames=1)
    x, y, _ = pixels.frames[0][0]
    bad = np.zeros((256, 256), np.uint8)
    bad[round(y), round(x)] = 1
    whole, cut = (frame_bound(p, stars, apparitions, blended=False) for p in (pixels, replace(pixels, bad=bad)))
    assert cut.lone.flux[0] > 1.2 * whole.lone.flux[0]
    bad[:] = 1
    assert frame_bound(replace(pixels, bad=bad), stars, apparitions).lone.flux[0] == np.inf


def test_faint_stars_have_the_bound_of_the_integrals():
    settings, expected = survey().simulate, faint_star_bound("j")
    assumed = 4 * settings.sky[0], survey().instrument.gain, settings.read_noise
    assert (SKY, GAIN, READ * np.sqrt(2)) == pytest.approx(assumed, rel=1e-3)
    bound = frame_bound(*made_up([(0.0, 0.0)], [1.0], frames=60, sigma=core_width()), blended=False)
    flux, place = bound.lone.flux[0] * np.sqrt(10), bound.lone.x[0] * np.sqrt(10)
    # Spikes, halo and the stretch of this PSF spread the light; they are not in the integrals.
    assert 1.0 < flux / expected.flux < 1.08
    assert 1.0 < place / expected.position < 1.12


@pytest.fixture(scope="module")
def survey_of_a_scan(tmp_path_factory):
    settings = Settings(190.0, 33.0, seed=31, frames=12, cal_frames=12, still_frames=12, limit=14.0, real=False)
    raw = RawSurvey(tmp_path_factory.mktemp("bound"), settings, plan(settings))
    raw.begin()
    science = next(planned for planned in raw.nights[0].sequences if planned.type == "sci")
    raw.write(raw.nights[0], science, "j", lambda frames: None)
    return raw, science


def without_rows(frame):
    """A frame less the medians of the rows of its quadrants: stripes and drifts of the electronics."""
    parts = frame.reshape(256, 2, 128)
    return (parts - np.nanmedian(parts, axis=2, keepdims=True)).reshape(256, 256)


def test_light_and_variance_are_those_of_the_raw_frames(survey_of_a_scan):
    raw, science = survey_of_a_scan
    night = raw.nights[0].name
    pixels = TrueLight(Truth(raw.truth), night, science.seq, "j", science.tile)
    with fits.open(raw.root / night / f"sci{science.seq:03d}_j.fits") as hdus:
        reads = [hdus[name].data.astype(float) - pixels.array["bias"] for name in ("READ1", "READ2")]
    nonlinearity = pixels.numbers["NONLIN"]
    first, second = ((1 - np.sqrt(1 - 4 * nonlinearity * read)) / (2 * nonlinearity) for read in reads)
    deviations = []
    for i in range(len(pixels)):
        light, constant, factor, usable = pixels.frame(i)
        found = (second[i] - first[i] - pixels.dark) / np.maximum(pixels.array["response"], 0.1)
        deviation = (found - light) / np.sqrt(constant + factor * light)
        deviations.append(without_rows(np.where(usable, deviation, np.nan)))
    low, middle, high = np.nanpercentile(deviations, [15.87, 50, 84.13])
    assert len(deviations) == 12 and abs(middle) < 0.02
    # The medians of the rows take off 1/128 of the variance; latent images of bright stars are rare.
    assert (high - low) / 2 == pytest.approx(1, abs=0.02)

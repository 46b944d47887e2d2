"""Simulated scans with as many bright stars as a test wants: raw reads from made-up star tables, really reduced."""

from dataclasses import dataclass

import numpy as np

from processing.astrometry.adjust import State
from processing.astrometry.camera import terms
from processing.astrometry.solution import Solution
from processing.astrometry.solve import solve_scan
from processing.astrometry.stars import find_stars
from processing.frames.calibrate import Frames, calibrate, difference
from processing.frames.darks import combine_darks
from processing.frames.flats import fit_response
from processing.frames.masks import bad_pixels
from processing.frames.reads import saturated
from processing.frames.sky import sky_pattern
from processing.simulate.detector import detector
from processing.simulate.exposure import core_width, expose
from processing.simulate.night_plan import Settings, plan
from processing.simulate.optics import LETTERS, optics
from processing.simulate.pointing import track
from processing.simulate.scene import View
from processing.simulate.weather import weather

RA, DEC = 284.0, 12.0
NO_GALAXIES = {name: np.zeros(0) for name in ("ra", "dec", "j", "h", "k", "reff", "sersic", "axis_ratio", "angle")}


@dataclass(frozen=True)
class BrightSky:
    """``frames``: calibrated Frames; ``solution``: from the stars themselves; ``true``: the Solution that is true;
    ``ra``, ``dec`` (deg), ``flux`` (DN of 1.3 s in the middle of the scan, all light): the stars."""

    band: str
    frames: Frames
    solution: Solution
    true: Solution
    ra: np.ndarray
    dec: np.ndarray
    flux: np.ndarray


def field(nframes):
    """Width and length (arcsec) of what several frames of a scan see."""
    return 480.0, (nframes - 6) * 82.4 + 300.0


def spread(magnitudes, nframes, seed):
    """A star of each magnitude on a jittered grid over the field: ra, dec (deg), in random order."""
    rng, (width, length), n = np.random.default_rng(seed), field(nframes), len(magnitudes)
    across = max(1, round(np.sqrt(n * width / length)))
    along = -(-n // across)
    cell = rng.permutation(across * along)[:n]
    east = ((cell % across + 0.5 + rng.uniform(-0.3, 0.3, n)) / across - 0.5) * width
    north = ((cell // across + 0.5 + rng.uniform(-0.3, 0.3, n)) / along - 0.5) * length
    return at(east, north)


def at(east, north):
    """ra, dec (deg) of offsets (arcsec) from the middle of the field."""
    dec = DEC + np.asarray(north, float) / 3600
    return RA + np.asarray(east, float) / 3600 / np.cos(np.radians(dec)), dec


def background(count, nframes, seed, faintest=15.0):
    """So many fainter stars all over the frames: ra, dec, magnitudes from 10 on."""
    rng = np.random.default_rng([seed, 1])
    magnitude = faintest + np.log10(rng.uniform(10 ** (0.35 * (10.0 - faintest)), 1, count)) / 0.35
    length = nframes * 82.4 + 500
    return *at(rng.uniform(-270, 270, count), rng.uniform(-length / 2, length / 2, count)), magnitude


def bright_sky(ra, dec, magnitudes, band="k", nframes=24, seed=5, stills=20, solved=True):
    """The BrightSky of stars of the given magnitudes in ``band``."""
    settings = Settings(RA, DEC, seed=seed, frames=nframes, cal_frames=12, still_frames=stills, real=False)
    night = plan(settings)[0]
    array = detector(seed, night.site.hemisphere, band)
    view = View(optics(seed, 0, band), weather(seed, 0, band), array, core_width(None))
    chosen = {kind: next(s for s in night.sequences if s.type == kind) for kind in ("dark", "flat", "sci")}
    paths = {kind: track(seed, night, planned) for kind, planned in chosen.items()}
    stars = {"ra": np.asarray(ra), "dec": np.asarray(dec), band: np.asarray(magnitudes)}
    reads, truth = {}, None
    for kind, planned in chosen.items():
        sky = (stars, NO_GALAXIES) if kind == "sci" else None
        rng = np.random.default_rng([seed, 27, LETTERS.index(band), len(kind)])
        reads[kind], truth, _ = expose(view, planned, paths[kind], sky, rng)
    frames, path = _calibrated(reads, array.numbers), paths["sci"]
    true = _true_solution(path, view.optics, band)
    bright = np.asarray(magnitudes) < 13
    solution = _solved(frames, path, band, np.asarray(ra)[bright], np.asarray(dec)[bright]) if solved else true
    unit = float(np.median(truth["unit"].to_numpy()))
    return BrightSky(band, frames, solution, true, stars["ra"], stars["dec"], unit * 10 ** (-0.4 * stars[band]))


def _calibrated(reads, numbers):
    limit, bend = numbers["SATURATE"], numbers["NONLIN"]
    first, second = reads["dark"].astype(np.float32)
    darks = combine_darks(first, difference(first, second, np.median(first, axis=0), bend))
    first, second = reads["flat"].astype(np.float32)
    flats = difference(first, second, darks.read1, bend) - darks.difference
    response = fit_response(flats, ~saturated(second - darks.read1, limit))
    frames = calibrate(*reads["sci"], darks, response, bad_pixels(darks, response), limit, bend)
    return frames.without(sky_pattern(frames))


def _true_solution(path, geometry, band):
    u, v = (grid.ravel() for grid in np.meshgrid(np.linspace(-270, 270, 25), np.linspace(-270, 270, 25)))
    x, y = geometry.pixel(u, v)
    camera = np.stack([np.linalg.lstsq(terms(x, y), value, rcond=None)[0] for value in (u, v)])
    zero = np.zeros((len(path.ra), 2))
    state = State(zero, camera[None], np.zeros((1, 2, 2)), np.zeros((0, 3)))
    return Solution((path.ra, path.dec), (band,), state, zero, zero, {band: 0.0}, zero[:0], 0, "")


def _solved(frames, path, band, ra, dec):
    found = {band: find_stars(frames.image, frames.flaws)}
    return solve_scan(found, (path.reported_ra, path.reported_dec), (ra, dec))

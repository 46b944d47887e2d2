"""One star, two, three, or a galaxy: what the pixels of an object say for each.

All bands are fitted at once, whitened, in units of their noise and weighted by the object's own light; then each band
by itself, in which only the light of the components is free. Chi-square differences are log likelihoods: the
classifier (see scores) learns what they are worth.
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft

from processing.config import survey
from processing.detect.noise import HALF_WIDTH, passband_excess, whiten
from processing.extended.cuts import cut
from processing.extended.field import Mask
from processing.photometry.scan.patches import first_galaxy
from processing.photometry.scan.profile_fit import fit
from processing.photometry.scan.profiles import INDICES, Beam, beam_of, draw, looked_up, ellipse, moved, smoothed

SIDE = 32
"""Pixels of the piece about the peak that is fitted; within ``RIM`` of the middle."""

RIM = SIDE // 2 - HALF_WIDTH

MIDDLE = 5.0
"""Arcsec within which most must be seen; what lies here is judged whoever else reaches here."""

REACH = 7.0
"""Arcsec from the peak within which another star is looked for."""

APART = 1.0
"""Least arcsec between stars at the start of a fit."""

DECIDED = 40.0
"""Chi-square by which two stars that leave nothing are better than a galaxy, when nothing else is tried."""

NO_GALAXY, NO_STARS = np.zeros(0), np.zeros((0, 3))

MODELS = ("one", "two", "three", "galaxy", "both")
"""One to three stars, a galaxy, a galaxy with a star beside or before it. The third star and the one beside a galaxy
are not tried where the others leave nothing to explain."""

NOTHING_KNOWN = Mask.HIDDEN & ~(Mask.NEIGHBOUR | Mask.BRIGHT_STAR)
"""Why a pixel of the middle is not looked at: it may lie in the glare of a star or in the reach of another object."""

RADIUS = np.hypot(*(np.mgrid[:SIDE, :SIDE] - SIDE // 2))
"""Arcsec from the middle of a piece."""


@dataclass(frozen=True)
class View:
    """The whitened image about the peak in units of its noise, (SIDE, SIDE), its inverse variance and its Beam."""

    data: np.ndarray
    weight: np.ndarray
    beam: Beam


@dataclass(frozen=True)
class Evidence:
    """``fits``: name of MODELS -> profile_fit.Fit, of all bands together; ``together`` and ``bands`` (letter ->): name
    of MODELS -> chi-square; ``pixels`` (letter ->): how many were fitted."""

    fits: dict
    together: dict
    bands: dict
    pixels: dict


def evidence(stamp, x, y):
    """The Evidence of the object at x, y of a Stamp; None where no band shows it."""
    views = {band: one for band, image in stamp.bands.items() if (one := view_of(image, x, y)) is not None}
    if not views:
        return None
    strength = {band: _strength(view) for band, view in views.items()}
    fits = _fits(combined(views, strength))
    bands = {band: costs(view, fits) for band, view in views.items()}
    together = {name: one.cost for name, one in fits.items()}
    return Evidence(fits, together, bands, {band: np.count_nonzero(view.weight) for band, view in views.items()})


def view_of(image, x, y):
    """The View of a BandStamp about x, y; None where too little of the middle is seen."""
    planes = (image.data, np.nan), (image.noise, np.nan), (image.mask, Mask.UNSEEN)
    data, noise, mask = (_cut(plane, x, y, void) for plane, void in planes)
    disc, middle = RADIUS < RIM, RADIUS < MIDDLE
    hides = np.where(middle, NOTHING_KNOWN, Mask.HIDDEN)
    seen = np.isfinite(data) & (noise > 0) & (mask.astype(int) & hides == 0)
    if np.count_nonzero(seen & middle) < 0.6 * np.count_nonzero(middle):
        return None
    level = np.median(noise[seen])
    sharp = whiten((np.where(seen, data, _cut(image.filled, x, y, 0.0)) / level).astype(np.float32))
    error = survey().extended.model_error * np.maximum(np.abs(sharp) - 2.0, 0.0)
    variance = passband_excess() ** 2 * (np.where(seen, noise / level, 1.0) ** 2 + error**2)
    half, centre = min(SIDE // 2 - 5, len(image.psf) // 2), len(image.psf) // 2
    star = image.psf[centre - half:centre + half + 1, centre - half:centre + half + 1]
    return View(sharp, (seen & disc) / variance.astype(np.float32), beam_of(star, SIDE))


def _cut(plane, x, y, void):
    """A square about the pixel of x, y; ``void`` beyond the edges."""
    return cut(plane, (round(x) - SIDE // 2, round(y) - SIDE // 2), SIDE, void).astype(float)


def _strength(view):
    """Significance of the object as the matched filter sees it at its peak."""
    seen = smoothed(view.beam, view.data)
    lone = np.sqrt((np.abs(view.beam.light) ** 2).mean()) or 1.0
    middle = slice(SIDE // 2 - 2, SIDE // 2 + 3)
    return max(float(seen[middle, middle].max()) / lone, 0.1)


def combined(views, strength):
    """The View of all bands together, weighted for an object of this ``strength`` in each."""
    total = np.sqrt(sum(one**2 for one in strength.values()))
    part = {band: one / total for band, one in strength.items()}
    data = sum(part[band] * view.data for band, view in views.items())
    light = sum(part[band] ** 2 * view.beam.light for band, view in views.items())
    seen = np.all([view.weight > 0 for view in views.values()], axis=0)
    variance = sum(part[band] ** 2 / np.maximum(view.weight, 1e-6) for band, view in views.items())
    first = next(iter(views.values())).beam
    beam = Beam(SIDE, light.astype(np.complex64), first.kx, first.ky, first.products)
    return View(data, (seen / variance).astype(np.float32), beam)


def _fits(view):
    """The Fit of each of MODELS."""
    middle = (SIDE // 2, SIDE // 2)
    one = _stars(view, [(*middle, _flux(view, view.data, *middle))])
    two = _two(view, one)
    galaxy = _fit(view, first_galaxy(two.stars), NO_STARS)
    if _explains_all(view, two) and two.cost < galaxy.cost - DECIDED:
        return dict(zip(MODELS, (one, two, two, galaxy, galaxy)))
    three = _stars(view, [*two.stars, _next(view, two)])
    both = galaxy if _explains_all(view, galaxy) else _fit(view, galaxy.galaxy, [_next(view, galaxy)])
    return dict(zip(MODELS, (one, two, three, galaxy, both)))


def _two(view, one):
    """The Fit of two stars, from the better of two first guesses."""
    guesses = _pairs(view, one)
    found = _stars(view, next(guesses))
    return found if _explains_all(view, found) else min(found, _stars(view, next(guesses)), key=lambda fit: fit.cost)


def _explains_all(view, found):
    """Whether a Fit leaves little more than noise."""
    return found.cost * passband_excess() ** 2 < 1.5 * np.count_nonzero(view.weight)


def _stars(view, stars):
    return _fit(view, NO_GALAXY, stars)


def _fit(view, galaxy, stars):
    return fit(view.beam, view.data, view.weight, galaxy, np.array(stars, float), enough=0.3)


def _pairs(view, one):
    """First guesses of a double star: with what one star leaves, and both sides of it along its longer axis."""
    x, y, flux = one.stars[0]
    yield [(x, y, flux), _next(view, one)]
    row, column = np.mgrid[:SIDE, :SIDE]
    near = np.hypot(column - x, row - y) < 4.0
    weight = np.where(near & (view.weight > 0), np.maximum(view.data, 0.0), 0.0)
    total = max(weight.sum(), 1e-9)
    dx, dy = column - x, row - y
    xx, xy, yy = ((weight * a).sum() / total for a in (dx * dx, dx * dy, dy * dy))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    step = np.array([np.cos(angle), np.sin(angle)]) * 0.8
    yield [(x + step[0], y + step[1], flux / 2), (x - step[0], y - step[1], flux / 2)]


def _next(view, found):
    """The star that explains most of what a Fit leaves: x, y, flux."""
    image, _ = draw(view.beam, found.galaxy, found.stars)
    left = np.where(view.weight > 0, view.data - image, np.float32(0.0))
    seen = smoothed(view.beam, left)
    row, column = np.mgrid[:SIDE, :SIDE]
    allowed = np.hypot(column - SIDE // 2, row - SIDE // 2) < REACH
    for x, y, _ in found.stars:
        allowed &= np.hypot(column - x, row - y) > APART
    row, column = np.unravel_index(np.argmax(np.where(allowed, seen, -np.inf)), seen.shape)
    return column, row, _flux(view, left, column, row)


def _flux(view, image, x, y):
    """Flux of the star at a pixel that the matched filter sees, not less than a little."""
    norm = float((np.abs(view.beam.light) ** 2).sum())
    lone = smoothed(view.beam, fft.irfft2(view.beam.light.reshape(SIDE, -1), s=(SIDE, SIDE)))[0, 0]
    return max(float(smoothed(view.beam, image)[int(y), int(x)]) / lone, 1e-3) if norm else 1e-3


def costs(view, fits):
    """Chi-square of each of MODELS in one band: places and shapes of ``fits``, the light of the components free."""
    planes, parts = [], {}
    for name, one in fits.items():
        first = len(planes)
        if len(one.galaxy):
            planes += galaxy_planes(view.beam, one.galaxy)
        planes += [moved(view.beam, x, y) for x, y, _ in one.stars]
        parts[name] = slice(first, len(planes))
    images = fft.irfft2(np.array(planes).reshape(len(planes), SIDE, -1), s=(SIDE, SIDE), axes=(1, 2))
    images = images.reshape(len(planes), -1).astype(float)
    weighted = images * view.weight.ravel()
    normal, sums = weighted @ images.T, weighted @ view.data.ravel()
    total = float((view.weight * view.data**2).sum())
    return {name: total - _explained(normal[part, part], sums[part]) for name, part in parts.items()}


def _explained(normal, sums):
    """Chi-square that components take away when none may be negative."""
    used = np.ones(len(sums), bool)
    while used.any():
        light = np.linalg.solve(normal[np.ix_(used, used)] + 1e-9 * np.trace(normal) * np.eye(used.sum()), sums[used])
        if (light >= 0).all():
            return float(light @ sums[used])
        used[np.flatnonzero(used)[light < 0]] = False
    return 0.0


def galaxy_planes(beam, galaxy):
    """The profiles of INDICES of a galaxy, each of unit light, in Fourier space: list of (m,)."""
    q = np.array(ellipse(*galaxy[2:5]), np.float32) @ beam.products
    place = moved(beam, *galaxy[:2])
    return [place * one for one in looked_up(q)[:len(INDICES)]]

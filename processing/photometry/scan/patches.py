"""A group of components on its piece of the strip: is it stars, or a galaxy?"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from processing.detect.noise import HALF_WIDTH, passband_excess, whiten
from processing.photometry.scan.profile_fit import LARGEST, SMALLEST, fit
from processing.photometry.scan.profiles import EXTENDED, INDICES, STAR, draw, image_of, smoothed

NOBODY = np.zeros((0, STAR))

BEHIND = 3
"""So many of the brightest members of a group are tried as a star before a galaxy."""


@dataclass(frozen=True)
class Patch:
    """The whitened strip about a group, in units of its noise.

    ``data`` (side, side): with the light of the members; ``weight``: inverse variance; ``stars`` (n, STAR): the
    members; ``cost``: chi-square of what they leave; ``corner``: strip pixel of the first (x, y); ``noise``: DN;
    ``beam``: Beam.
    """

    data: np.ndarray
    weight: np.ndarray
    stars: np.ndarray
    cost: float
    corner: np.ndarray
    noise: float
    beam: object

    def here(self, rows):
        """Parameters of things on the strip, in DN, (n, p), as they are on the patch."""
        return self._shifted(rows, -1, 1 / self.noise)

    def there(self, rows):
        """The reverse."""
        return self._shifted(rows, 1, self.noise)

    def _shifted(self, rows, sign, factor):
        rows = np.array(rows, float)
        rows[..., :2] += sign * self.corner
        rows[..., min(5, rows.shape[-1] - 1):] *= factor
        return rows


def patch_of(left, middle, members, beam, model_error, change=NOBODY):
    """The Patch about the strip pixel ``middle`` (x, y); None where less than half of it is observed.

    ``left``: Field of what the fit leaves; ``members`` (n, STAR): x, y (strip), flux (DN); ``model_error``: of the
    light of the members, relative: no model is better; ``change``: stars, those to put back with their flux and those
    to take off with minus theirs, after which ``left`` is what the members leave.
    """
    side, corner = beam.side, middle - beam.side // 2
    cut, noise = _cut(left.data, corner, side), _cut(left.noise, corner, side)
    seen = np.isfinite(cut)
    if not seen.any():
        return None
    empty = Patch(None, None, None, 0.0, corner, float(np.median(noise[seen])), beam)
    stars = empty.here(members)
    light = image_of(beam, stars)
    rest = whiten(np.where(seen, cut / empty.noise, np.float32(0.0))) + image_of(beam, empty.here(change))
    disc = np.hypot(*(np.mgrid[:side, :side] - side // 2)) < side // 2 - HALF_WIDTH
    good = disc & ~ndimage.binary_dilation(~seen, iterations=HALF_WIDTH)
    weight = (good / (1 + (model_error * light) ** 2) / passband_excess() ** 2).astype(np.float32)
    if np.count_nonzero(weight) < 0.5 * disc.sum():
        return None
    cost = float((weight * rest**2).sum())
    return Patch(rest + light, weight, stars, cost, corner, empty.noise, beam)


def _cut(image, corner, side):
    """A square of an image, NaN beyond its edges."""
    out = np.full((side, side), np.nan, np.float32)
    x, y = corner
    y0, y1, x0, x1 = max(y, 0), min(y + side, image.shape[0]), max(x, 0), min(x + side, image.shape[1])
    if y1 > y0 and x1 > x0:
        out[y0 - y:y1 - y, x0 - x:x1 - x] = image[y0:y1, x0:x1]
    return out


def better(patch, rules):
    """The Fit of a galaxy, perhaps with a star before it, that says more than the members do; None when they say more.

    ``rules``: config.Extended.
    """
    limit, n = worth(patch, rules), len(patch.stars)
    alone = _fit(patch, first_galaxy(patch.stars), NOBODY, limit)
    if n == 2 and alone.cost > limit:
        return None
    price = rules.star_price * max(1.0, alone.cost * passband_excess() ** 2 / np.count_nonzero(patch.weight))
    behind = [_behind(patch, k, limit - price) for k in range(min(n, BEHIND))]
    best = min(behind, key=lambda one: one.cost)
    if best.cost + price < min(alone.cost, limit) and _outshines(patch, best, rules.star_share):
        return best
    return alone if alone.cost < limit else None


def still_better(patch, rules, galaxy, stars):
    """The Fit of a galaxy and the stars before it, begun with these, if it says more than the members do, or None."""
    limit = worth(patch, rules) - rules.price * STAR * len(stars)
    found = _fit(patch, galaxy, stars, limit)
    return found if found.cost < limit else None


def worth(patch, rules):
    """Cost below which a galaxy says more than the members do."""
    return patch.cost + rules.price * (STAR * len(patch.stars) - EXTENDED)


def _behind(patch, k, limit):
    """The Fit of a galaxy behind member ``k``."""
    return _fit(patch, first_galaxy(np.delete(patch.stars, k, axis=0)), patch.stars[[k]], limit)


def _outshines(patch, found, share):
    """Whether the star of a Fit has ``share`` of the flux that the matched filter sees in the galaxy at its place."""
    x, y, flux = found.stars.T
    return (flux > share * star_flux(patch.beam, found.galaxy, x, y)).all()


def _fit(patch, galaxy, stars, limit):
    return fit(patch.beam, patch.data, patch.weight, galaxy, stars, hopeless=limit)


def first_galaxy(stars):
    """A galaxy with the light and the second moments of stars (n, STAR)."""
    flux = np.maximum(stars[:, 2], 1e-3)
    centre = np.average(stars[:, :2], axis=0, weights=flux)
    offset = stars[:, :2] - centre
    spread = (flux[:, None, None] * offset[:, :, None] * offset[:, None, :]).sum(0) / flux.sum() + 0.5 * np.eye(2)
    size = np.sqrt(np.linalg.det(spread))
    values, axes = np.linalg.eigh(spread / size)
    shape = (axes * np.clip(np.log(values), -1.2, 1.2)) @ axes.T
    light = [flux.sum() / len(INDICES)] * len(INDICES)
    return np.array([*centre, np.clip(0.5 * np.log(size), SMALLEST, LARGEST), shape[0, 0], shape[0, 1], *light])


def star_flux(beam, galaxy, x, y):
    """Flux of the star that the matched filter sees in a galaxy at pixels x, y of a patch: (n,), in units of its
    light."""
    lone = smoothed(beam, image_of(beam, [(0.0, 0.0, 1.0)]))[0, 0]
    seen = smoothed(beam, draw(beam, galaxy, NOBODY)[0])
    return ndimage.map_coordinates(seen, [np.asarray(y), np.asarray(x)], order=3, mode="grid-wrap") / lone

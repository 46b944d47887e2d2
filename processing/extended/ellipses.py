"""Ellipses about an object, and the bands of a stamp as the measurements take them."""

from dataclasses import dataclass, replace

import numpy as np

from processing.config import survey


@dataclass(frozen=True)
class Ellipse:
    """Shape of apertures: centre ``x``, ``y`` (pixel of the stamp), axis ratio, ``angle`` of the major axis from +x
    towards +y (rad)."""

    x: float
    y: float
    ratio: float = 1.0
    angle: float = 0.0

    def ratios(self, radii):
        """Axis ratios of apertures of given semi-major axes: the minor one is 3 arcsec at least (Section IV.5a.ii)."""
        radii = np.asarray(radii, float)
        least = survey().extended_measures.least_minor
        return np.minimum(np.maximum(self.ratio, least / np.maximum(radii, 1e-6)), 1.0)

    def axes(self, x, y):
        """Where places lie along the major and across it, in units in which the ellipse is a circle, pixel: u, v."""
        dx, dy, cos, sin = x - self.x, y - self.y, np.cos(self.angle), np.sin(self.angle)
        return dx * cos + dy * sin, (dy * cos - dx * sin) / self.ratio

    def circle(self):
        return replace(self, ratio=1.0, angle=0.0)


@dataclass(frozen=True, eq=False)
class View:
    """One band of a stamp: ``data``, ``filled`` (float64) and ``mask`` as there; ``sigma``: DN of a pixel near the
    object; ``magnitude``: zero point."""

    band: str
    data: np.ndarray
    filled: np.ndarray
    mask: np.ndarray
    sigma: float
    psf: np.ndarray
    background_error: float
    zero_point: float
    whole: np.ndarray | None

    def level(self, brightness):
        """DN a pixel of a surface brightness in mag/arcsec2; pixels are 1 arcsec."""
        return 10 ** (0.4 * (self.zero_point - brightness))

    def magnitude(self, flux):
        return self.zero_point - 2.5 * np.log10(flux)


def views(stamp, near=20):
    """letter -> View of the bands that see the object."""
    y, x = round(stamp.y), round(stamp.x)
    about = slice(max(0, y - near), y + near + 1), slice(max(0, x - near), x + near + 1)
    found = {}
    for band, part in stamp.bands.items():
        noise = part.noise[about]
        noise = noise[np.isfinite(noise) & (noise > 0)]
        if noise.size and np.isfinite(part.data[about]).any():
            filled = np.ascontiguousarray(part.filled, dtype=np.float64)
            found[band] = View(band, part.data, filled, part.mask, float(np.median(noise)), part.psf,
                               part.background_error, part.zero_point, part.whole)  # fmt: skip
    return found

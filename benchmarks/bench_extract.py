"""The photometry on simulated Atlas Images of which the truth is known: sparse, moderate and crowded sky, J and H.

Seeds are used by no test. Truth: the stars of the sky model that are brighter than S/N 10 (what the noise of a faint
lone star allows), on pixels that were observed. A star is found when a source lies within 1.5 arcsec and 0.75 mag of
it, one to one; the false are the sources above S/N 10 with no star or galaxy of the sky within 2 arcsec that has a
third of their flux. Lone stars have less than 2% of their light from others and no galaxy within 20 arcsec. The bound
is that of Cramer and Rao for the frames (processing.simulate.bound); total is the light within
``extraction.growth_radius``.

    python -m benchmarks.bench_extract [--bands jh]
"""

import argparse
import sys
import time
from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from scipy.spatial import cKDTree

from benchmarks.bench_w44 import one_to_one
from benchmarks.report import write_report
from processing.config import survey
from processing.photometry.measure import measure
from processing.simulate.atlas import simulate_atlas
from processing.simulate.bound import faint_star_bound, light_within
from processing.simulate.sky import around, sky_patch

FIELDS = {
    "sparse, b 40": (120.0, 40.0, 9001),
    "moderate, b 10": (90.0, 10.0, 9002),
    "crowded, as W44": (34.7, -0.4, 9003),
}
"""Galactic longitude and latitude (deg) and seed."""

SNR_BINS = ((7, 15), (15, 30), (30, 60), (60, 150), (150, 500))
GOOD = 10.0


@dataclass(frozen=True)
class Truth:
    """Stars of one simulated image: positions (pixel) and total flux (DN, within the growth radius), arrays (n,);
    ``lone``: hardly any light of others."""

    xy: np.ndarray
    flux: np.ndarray
    lone: np.ndarray


def truth_of(image):
    """The Truth of a simulated image: stars on observed pixels."""
    columns = (image.stars[name].to_numpy() for name in ("x", "y", "dn"))
    x, y, flux = columns
    xy, flux = np.column_stack([x, y]), flux * light_within(survey().extraction.growth_radius)
    galaxies = np.column_stack([image.galaxies[name].to_numpy() for name in ("x", "y")])
    lone = _light_of_others(xy, flux) < 0.02 * flux
    if len(galaxies):
        lone &= cKDTree(galaxies).query(xy)[0] > 20
    j, i = (np.clip(np.rint(v).astype(int), 0, n - 1) for v, n in zip((y, x), image.data.shape))
    ny, nx = image.data.shape
    seen = (x > -0.5) & (y > -0.5) & (x < nx - 0.5) & (y < ny - 0.5) & np.isfinite(image.data[j, i])
    return Truth(xy[seen], flux[seen], lone[seen])


def _light_of_others(xy, flux, reach=15.0, sigma=2.0):
    """Flux of the neighbours of each star, weighted by a Gaussian of ``sigma`` pixels in their distance: (n,)."""
    pairs = cKDTree(xy).query_pairs(reach, output_type="ndarray")
    weight = np.exp(-((xy[pairs[:, 0]] - xy[pairs[:, 1]]) ** 2).sum(axis=1) / 2 / sigma**2)
    out = np.bincount(pairs[:, 0], weight * flux[pairs[:, 1]], len(xy))
    return out + np.bincount(pairs[:, 1], weight * flux[pairs[:, 0]], len(xy))


def figures_of(image, sources, band):
    """The figures of one image: a dict."""
    truth, bound = truth_of(image), faint_star_bound(band)
    magnitude, true_magnitude = (-2.5 * np.log10(np.maximum(v, 1e-3)) for v in (sources.flux, truth.flux))
    found = np.column_stack([sources.x, sources.y])
    # Fainter stars may be found too: the search goes two magnitudes deeper than what is counted.
    deep = np.flatnonzero(truth.flux > 0.16 * GOOD * bound.flux)
    partner = np.full(len(truth.flux), -1)
    partner[deep] = one_to_one(truth.xy[deep], true_magnitude[deep], found, magnitude)
    snr = truth.flux / bound.flux
    good = snr > GOOD
    bright = sources.flux > GOOD * bound.flux
    return {
        "stars": int(good.sum()), "completeness": float((partner[good] >= 0).mean()),
        "sources": int(bright.sum()), "false": float(_false(image, sources, truth, found)[bright].mean()),
        "bins": [_bin(truth, sources, partner, snr, bound, low, high) for low, high in SNR_BINS],
    }


def _false(image, sources, truth, found, reach=2.0):
    """True for sources that no star or galaxy with a third of their flux explains."""
    galaxies = np.column_stack([image.galaxies[name].to_numpy() for name in ("x", "y", "dn")])
    places = np.concatenate([truth.xy, galaxies[:, :2]])
    flux = np.concatenate([truth.flux, galaxies[:, 2]])
    near = cKDTree(places).query_ball_point(found, reach)
    return np.array([flux[members].sum() < f / 3 for members, f in zip(near, sources.flux)])


def _bin(truth, sources, partner, snr, bound, low, high):
    """Errors of the lone stars with true S/N between ``low`` and ``high``; None for figures of fewer than ten stars."""
    chosen = np.flatnonzero(truth.lone & (partner >= 0) & (snr >= low) & (snr < high))
    of, flux = partner[chosen], truth.flux[chosen]
    if len(chosen) < 10:
        return {"snr": [low, high], "stars": len(chosen)}
    floor = survey().merge.band_floor
    wrong = sources.flux[of] - flux
    steps = np.column_stack([sources.x[of], sources.y[of]]) - truth.xy[chosen]
    errors = np.sqrt(np.column_stack([sources.x_var[of], sources.y_var[of]]) + floor**2)
    return {
        "snr": [low, high], "stars": len(chosen), "bias": float(np.median(wrong / flux)),
        "flux_over_bound": _half(wrong / _photon_noise(flux, bound)), "flux_pull": _half(wrong / sources.flux_err[of]),
        "position_over_bound": _half(steps * flux[:, None] / bound.position), "position_pull": _half(steps / errors),
        "position_arcsec": _half(steps),
    }


def _photon_noise(flux, bound):
    """Least error with the star's own photons (DN): those of a star count in all its light."""
    electrons = survey().instrument.gain * survey().instrument.frames_per_coadd
    return np.sqrt(bound.flux**2 + flux / electrons)


def _half(values):
    """Half the 15.87-84.13 % range."""
    low, high = np.percentile(values, [15.87, 84.13])
    return float((high - low) / 2)


def run_field(longitude, latitude, seed, bands):
    """band -> figures with the CPU time of the photometry (s)."""
    centre = SkyCoord(longitude * u.deg, latitude * u.deg, frame="galactic").icrs
    ra, dec = centre.ra.deg, centre.dec.deg
    sky = sky_patch(around(ra, dec, 0.2, 0.36), limit=16.5, seed=seed, real=False)
    out = {}
    for band, image in simulate_atlas(sky.stars, sky.galaxies, (ra, dec), bands, seed).items():
        started = time.process_time()
        sources = measure(image.data, band, 1.0, survey().simulate.seeing)
        out[band] = {"cpu_seconds": time.process_time() - started, **figures_of(image, sources, band)}
    return out


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bands", default="jh")
    bands = parser.parse_args(argv).bands
    measure(np.random.default_rng(0).normal(0, 1, (64, 64)), "j")  # compile before the clock runs
    results = {}
    print(__doc__.split("\n")[0])
    for name, place in FIELDS.items():
        results[name] = run_field(*place, bands)
        for band, figures in results[name].items():
            _print(name, band, figures)
    write_report("extract", {"fields": results})
    return 0


def _print(name, band, figures):
    print(f"\n{name}, {band.upper()}: {figures['completeness']:.3f} of {figures['stars']} stars above S/N {GOOD:.0f} "
          f"found, {100 * figures['false']:.1f}% of {figures['sources']} sources false, "
          f"{figures['cpu_seconds']:.1f} s CPU")
    print(f"{'lone stars, S/N':>18}{'stars':>7}{'bias':>9}{'flux/bound':>12}{'pull':>7}{'place/bound':>13}{'pull':>7}"
          f"{'arcsec':>9}")
    for line in figures["bins"]:
        low, high = line["snr"]
        print(f"{low:>12}-{high:<5}{line['stars']:>7}", end="")
        if "bias" in line:
            print(f"{line['bias']:>+9.3f}{line['flux_over_bound']:>12.2f}{line['flux_pull']:>7.2f}"
                  f"{line['position_over_bound']:>13.2f}{line['position_pull']:>7.2f}"
                  f"{line['position_arcsec']:>9.3f}", end="")
        print()


if __name__ == "__main__":
    sys.exit(main())

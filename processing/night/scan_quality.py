"""How good a scan is: what its ``scan.json`` says under ``quality``, and the score from 0 to 10 made of it.

The survey's score was the probability that a scan meets the Level 1 requirements (Explanatory Supplement IV.10). Here
it is the smallest of these, each with its number in ``survey.yaml`` (scan_quality):

- 0 when a calibration visit before or after it was not clear in one of its bands (clouds);
- 10 less the points that the 10-sigma limit falls short in the worst band, as seeing, background and zero point predict
  it: limit = wanted - slope (PSP - usual PSP) + (zero point - nominal), PSP = seeing shape x background^power;
- 1 when the seeing at J is bad in the mean or in a part of it;
- 5 when more than a few H images are structured by airglow.

Not judged, because nothing measures it yet: elongated images and seeing that changes faster than the PSF follows.
"""

import numpy as np
from astropy.io import fits

from processing.atlas.frames import UNUSABLE
from processing.atlas.header import shape_parameter
from processing.config import survey
from processing.schema import BANDS
from processing.formats.work_record import plain, quality_counts

BEST = 10
INDEX = {band.letter: band.index - 1 for band in BANDS}


def scan_quality(scan, solution, usable, sources, zero_points, calibration, points, atlas):
    """The block ``quality`` of a scan.

    Parameters
    ----------
    scan, solution, usable, sources, calibration
        See ``processing.night.scan_folder.write_scan``.
    zero_points : dict of str to BandZeroPoint
    points : pyarrow.Table
        Of the merged sources.
    atlas : Path
        Folder of its Atlas Images, with their maps.

    Returns
    -------
    dict of plain JSON values.
    """
    middle = float(np.mean(scan.mjd[[0, -1]]))
    block = {
        "bands": {band: band_quality(scan, solution, usable[band], found, zero_points[band].value)
                  for band, found in sources.items()},
        "zero_points": {band: {"value": z.value, "error": z.error, "zperr": z.zperr, "notes": z.notes}
                        for band, z in zero_points.items()},
        "photometric": {band: calibration.photometricity(band, middle) for band in sources},
        "astrometry": astrometry(solution), "airglow": airglow(atlas), "ph_qual": quality_counts(points),
    }
    return plain(block | score(block))


def band_quality(scan, solution, usable, sources, zero_point):
    """Along the scan, in bins of some frames: seeing, background, noise; and what frames and pixels were lost.

    ``frames``: middle of each bin, from 1; ``shape``: seeing shape; ``seeing``: FWHM of the image, arcsec;
    ``background``: DN an arcsec2; ``noise``: DN a pixel of a frame; ``flawed``: share of the pixels that the night's
    mask takes out; ``transients``: pixels that one frame alone saw; ``lost_frames``: frames without any usable pixel;
    ``limit``: of S/N 10, mag.
    """
    band, bins = sources.band, frame_bins(len(scan.mjd))
    stars, pixel = scan.stars[band], survey().simulate.frame_pixel
    widths = [_median(stars.width[(stars.frame >= a) & (stars.frame < b)]) for a, b in bins]
    shape = [shape_parameter(width) for width in widths]
    return {
        "frames": [(a + b + 1) / 2 for a, b in bins], "shape": shape, "seeing": [3.13 * s - 0.46 for s in shape],
        "background": [_median(scan.sky[band][a:b]) / pixel**2 for a, b in bins],
        "noise": [_median(usable.noise[a:b]) for a, b in bins],
        "limit": limit_of(sources, zero_point), "sources": len(sources), "stars": len(stars),
        "flawed": float(np.mean((scan.frames[band].flaws[0] & int(UNUSABLE)) != 0)),
        "transients": int(usable.rejected.sum()), "lost_frames": int((~np.isfinite(usable.noise)).sum()),
        "astrometric_rms": solution.rms[band],
    }


def frame_bins(n):
    """First and last (excluded) frame of the bins of ``n`` frames."""
    count = max(round(n / survey().scan_quality.frames), 1)
    edges = np.linspace(0, n, count + 1).round().astype(int)
    return list(zip(edges[:-1].tolist(), edges[1:].tolist()))


def limit_of(sources, zero_point):
    """Magnitude of a lone star with ten times the noise of a faint one; NaN where that is not known."""
    return float(zero_point - 2.5 * np.log10(10 * sources.flux_noise)) if sources.flux_noise > 0 else np.nan


def astrometry(solution):
    """How the frames are tied together and to the reference stars; arcsec, pairs are east and north.

    Where light of a bright star goes astray tell ``rotation`` (of each array's y axis from north through east, deg) and
    ``frame_step`` (from one frame to the next, arcsec to the north).
    """
    residuals = solution.reference_residuals
    known = len(residuals) > 0
    steps = np.diff(solution.pointing[1]) * 3600
    return {
        "common_stars": solution.stars, "reference_stars": len(residuals),
        "reference_mean": residuals.mean(axis=0) if known else [np.nan] * 2,
        "reference_rms": np.sqrt((residuals**2).mean(axis=0)) if known else [np.nan] * 2,
        "frame_error": np.median(solution.error, axis=0), "relative_error": np.median(solution.relative_error, axis=0),
        "rotation": {band: solution.camera(band).rotation for band in solution.bands},
        "frame_step": float(np.median(steps)) if len(steps) else np.nan, "note": solution.note,
    }


def airglow(atlas, band="h"):
    """Structure of the sky in the Atlas Images of a band: noise beyond that of the frames, DN, rms in quadrature.

    SKYSIG of the header is the half width of the pixels below the median, which stars hardly touch; what the noise of
    the frames explains is in the map beside the image.
    """
    numbers, excess = [], []
    for path in sorted(atlas.glob(f"{band}i*.fits"), key=lambda path: int(path.stem[2:])):
        measured = fits.getval(path, "SKYSIG")
        expected = np.nanmedian(fits.getdata(path.parent / "maps" / path.name, "NOISE"))
        numbers.append(int(path.stem[2:]))
        excess.append(np.sqrt(max(measured**2 - expected**2, 0.0)))
    above = int(np.sum(np.array(excess) > survey().scan_quality.airglow))
    return {"images": numbers, "excess": excess, "above": above}


def score(block):
    """``score`` and its ``reasons`` (one a limit that is below the best), from the other parts of the block."""
    caps = [(BEST, "")]
    clouds = [band for band, found in block["photometric"].items() if not found["photometric"]]
    caps += [(0, f"a visit next to it was not clear in {', '.join(clouds)}")] if clouds else []
    caps += [_depth(band, found, block["zero_points"][band]["value"]) for band, found in block["bands"].items()]
    caps += _seeing(block["bands"].get("j"))
    rules = survey().scan_quality
    if block["airglow"]["above"] > rules.airglow_images:
        caps.append((rules.airglow_score, f"{block['airglow']['above']} H images with airglow"))
    return {"score": min(cap for cap, _ in caps), "reasons": [why for cap, why in caps if cap < BEST],
            "margin": {band: _margin(band, found, block["zero_points"][band]["value"])
                       for band, found in block["bands"].items()}}  # fmt: skip


def psp(band_block):
    """Seeing shape times background to the power of the rule, mean of the scan: small is sensitive."""
    shape, background = (_known(band_block[name]).mean() for name in ("shape", "background"))
    return float(shape * max(background, 0.0) ** survey().scan_quality.power)


def _margin(band, found, zero_point):
    """By how much the predicted 10-sigma limit is fainter than wanted, mag."""
    rules, k = survey().scan_quality, INDEX[band]
    return float(-rules.slope * (psp(found) - rules.usual_psp[k]) + zero_point - survey().simulate.magzp[k])


def _depth(band, found, zero_point):
    margin = _margin(band, found, zero_point)
    if not np.isfinite(margin):
        return 0, f"the sensitivity in {band} is not known"
    lost = int(np.ceil(max(-margin, 0.0) * survey().scan_quality.score_slope - 0.5))
    return max(BEST - lost, 0), f"{-margin:.2f} mag short of the limit in {band}"


def _seeing(found):
    """Cap for the seeing at J; [] when J was not observed or the seeing is good."""
    rules = survey().scan_quality
    if found is None:
        return []
    shape = _known(found["shape"])
    mean, worst = shape.mean(), shape.max()
    bad = mean >= rules.mean_seeing or worst >= rules.largest_seeing
    return [(rules.seeing_score, f"seeing shape at J {mean:.2f} in the mean, {worst:.2f} at worst")] if bad else []


def _median(values):
    return float(np.median(_known(values)))


def _known(values):
    """Those that are finite; one NaN when none is."""
    values = np.asarray(values, float)
    finite = values[np.isfinite(values)]
    return finite if len(finite) else np.array([np.nan])

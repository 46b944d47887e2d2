"""Which measurements are of standard stars, and what zero point each gives."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from processing.config import survey
from processing.sphere import chord, unit_vectors


@dataclass(frozen=True)
class Measurements:
    """Stars measured in the calibration scans of a night in one band, arrays of one length.

    ``visit``, ``scan``, ``image``: int; an image is what one list of stars comes from, a frame or a coadd of a scan,
    its number unique in the night. ``field``: str; ``mjd``: d (UTC); ``airmass``; ``ra``, ``dec``: deg ICRS;
    ``instrumental``: -2.5 log10(total DN in 1.3 s), mag; ``error``: one sigma of it, mag. NaN: not measured.
    """

    visit: np.ndarray
    scan: np.ndarray
    image: np.ndarray
    field: np.ndarray
    mjd: np.ndarray
    airmass: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    instrumental: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class Offsets:
    """Catalog less instrumental magnitude of apparitions of standards, reduced to airmass 1, arrays of one length.

    ``visit``, ``scan``: int; ``star``: row in the table of standards; ``field``: str; ``mjd``; ``airmass``; ``offset``,
    ``error`` (of the measurement, with the floor of survey.yaml), ``star_error`` (of the catalog): mag. ``dropped``:
    how many apparitions were left out, by reason.
    """

    visit: np.ndarray
    scan: np.ndarray
    star: np.ndarray
    field: np.ndarray
    mjd: np.ndarray
    airmass: np.ndarray
    offset: np.ndarray
    error: np.ndarray
    star_error: np.ndarray
    dropped: dict


def visit_numbers(sequences):
    """Dict from scan number to visit (from 0): runs of consecutive ``cal`` rows of the night's log with one tile."""
    numbers, visit, last = {}, -1, None
    for row in sequences:
        tile = row.tile if row.type == "cal" else None
        visit += tile is not None and tile != last
        if tile is not None:
            numbers[row.seq] = visit
        last = tile
    return numbers


def standard_offsets(measured, standards, band, extinction):
    """The Offsets of one band.

    ``standards``: columns of formats.raw_reference.read_standards; ``extinction``: c2, mag an airmass. An apparition
    counts when it is within the radius of a standard of its own field and neither of them has a neighbour.
    """
    settings = survey().calibration
    star, apart = _match(measured, standards)
    near = apart <= settings.match_radius
    magnitude, star_error = standards[band][star], standards[f"{band}_err"][star]
    numbers = (measured.mjd, measured.airmass, measured.instrumental, magnitude, measured.error, star_error)
    known = np.isfinite(numbers).all(axis=0) & (measured.error > 0) & (star_error >= 0)
    confused = _confused(measured) | _crowded(standards)[star] | _doubled(measured.image, star, near)
    use = near & known & ~confused
    dropped = {"no number": int((near & ~known).sum()), "confused": int((near & known & confused).sum())}
    offset = magnitude - measured.instrumental + extinction * (measured.airmass - 1)
    error = np.hypot(measured.error, settings.measurement_floor)
    columns = (measured.visit, measured.scan, star, measured.field, measured.mjd, measured.airmass)
    return Offsets(*(column[use] for column in (*columns, offset, error, star_error)), dropped)


def _match(measured, standards):
    """Row of the nearest standard of the same field and its distance (arcsec; inf when the field has none)."""
    star, apart = np.zeros(len(measured.ra), int), np.full(len(measured.ra), np.inf)
    for field in np.unique(measured.field):
        rows = np.flatnonzero((standards["field"] == field) & np.isfinite(standards["ra"] + standards["dec"]))
        mine = np.flatnonzero((measured.field == field) & np.isfinite(measured.ra + measured.dec))
        if len(rows) and len(mine):
            tree = cKDTree(unit_vectors(standards["ra"][rows], standards["dec"][rows]))
            chords, nearest = tree.query(unit_vectors(measured.ra[mine], measured.dec[mine]))
            star[mine], apart[mine] = rows[nearest], np.degrees(chords) * 3600
    return star, apart


def _confused(measured):
    """Whether a star has another in its image, near and bright enough to spoil it."""
    settings, spoilt = survey().calibration, np.zeros(len(measured.ra), bool)
    rows = np.flatnonzero(np.isfinite(measured.ra + measured.dec + measured.instrumental))
    places = np.column_stack([unit_vectors(measured.ra[rows], measured.dec[rows]), measured.image[rows]])
    if len(rows):
        pairs = rows[cKDTree(places).query_pairs(chord(settings.confusion_radius), output_type="ndarray")]
        for one, other in (pairs.T, pairs.T[::-1]):
            fainter = measured.instrumental[other] - measured.instrumental[one]
            spoilt[one[fainter < settings.confusion_contrast]] = True
    return spoilt


def _crowded(standards):
    """Whether a standard has another one of its field near it."""
    crowded = np.zeros(len(standards["ra"]), bool)
    rows = np.flatnonzero(np.isfinite(standards["ra"] + standards["dec"]))
    if len(rows):
        field = np.unique(standards["field"][rows], return_inverse=True)[1]
        tree = cKDTree(np.column_stack([unit_vectors(standards["ra"][rows], standards["dec"][rows]), field]))
        pairs = tree.query_pairs(chord(survey().calibration.confusion_radius), output_type="ndarray")
        crowded[rows[pairs.ravel()]] = True
    return crowded


def _doubled(image, star, near):
    """Whether a standard was matched twice in one image."""
    keys, inverse = np.unique(np.column_stack([image, star]), axis=0, return_inverse=True)
    inverse = inverse.ravel()
    return (np.bincount(inverse, weights=near, minlength=len(keys)) > 1)[inverse]

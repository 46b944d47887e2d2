"""From the source lists of a field or scan to its table of point sources, with all columns of the catalog."""

from dataclasses import dataclass

import numpy as np

from processing.bandmerge.align import without_offsets
from processing.bandmerge.band_columns import NUMBERS, Rows, band_columns, confused_sources, no_band
from processing.bandmerge.merge import Merged, mean_places, merge_bands
from processing.bandmerge.names import designations, galactic, nearest_neighbours
from processing.bandmerge.places import places_of, sky_ellipse
from processing.bandmerge.unresolved import mark_unresolved
from processing.schema import BANDS, load_table

STEPS = {
    "ra": 6, "dec": 6, "err_maj": 2, "err_min": 2, "prox": 1, "x_scan": 1, "m": 3, "cmsig": 3, "msigcom": 3,
    "snr": 1, "psfchi": 2, "m_stdap": 3, "msig_stdap": 3,
}
"""Decimals to which the catalog lists its columns (bands: the name without the band)."""


@dataclass(frozen=True, eq=False)
class MergedSources:
    """``merged``: the rows; ``confused``: band letter -> confused sources of its list; ``offsets``: band letter ->
    (x, y) arcsec that its positions were off."""

    merged: Merged
    confused: dict
    offsets: dict


def merge_sources(plane, sources):
    """Merge the band lists of a field or scan (``sources``: band letter -> BandSources, in the order J, H, Ks).

    ``plane``: the ``processing.bandmerge.plane.Plane`` on which their pixels are.
    """
    lists = [places_of(found, plane.pixel_scale).widened(plane.band_floor) for found in sources.values()]
    lists, offsets = without_offsets(lists)
    merged = mark_unresolved(merge_bands(lists, plane.area), lists)
    indices = {band.letter: band.index for band in BANDS}
    confused = {letter: confused_sources(found, plane.magzp[letter], indices[letter], plane.pixel_scale)
                for letter, found in sources.items()}
    avoid = _confused_rows(merged, confused) | merged.ambiguous
    places = mean_places(lists, merged.index, avoid)
    places = places.blurred(plane.frame_covariance(*(places.xy / plane.pixel_scale).T))
    merged = Merged(merged.index, merged.unresolved, merged.ambiguous, places)
    return MergedSources(merged, confused, dict(zip(sources, offsets)))


def catalog_columns(plane, sources, merged_sources):
    """All columns of the point source table as a dict name -> array (NaN or None = null), sorted by declination.

    Null stays what a scan cannot tell: keys, galaxies, asteroids, optical counterparts, duplicates; and ndet where the
    photometry did not look at single frames.
    """
    merged = merged_sources.merged
    x, y = (merged.places.xy / plane.pixel_scale).T
    columns = dict.fromkeys(load_table("psc").names)
    columns |= _positions(plane, merged, x, y)
    columns |= _from_bands(plane, sources, merged_sources, x, y)
    columns |= _observation(plane, x, y)
    columns |= _neighbours(columns["ra"], columns["dec"])
    order = _order(columns["ra"], columns["dec"])
    columns = {name: _ordered(values, order) for name, values in columns.items()}
    columns["designation"] = designations(columns["ra"], columns["dec"])
    return columns


def catalog_rows(plane, merged, band):
    """Row of the table in which each source of a list is, -1 for one that is in none of its own (it stands for a pair
    that another band resolves); ``band``: number of the list in ``merged`` (Merged)."""
    ra, dec = _listed_places(plane, *(merged.places.xy / plane.pixel_scale).T)
    row = np.empty(len(merged), int)
    row[_order(ra, dec)] = np.arange(len(merged))
    source = merged.index[:, band]
    rows = np.full(max(source.max(initial=-1), merged.unresolved[:, band].max(initial=-1)) + 1, -1)
    rows[source[source >= 0]] = row[source >= 0]
    return rows


def _order(ra, dec):
    """Rows from south to north."""
    return np.lexsort([ra, dec])


def _listed_places(plane, x, y):
    """ra, dec as the catalog lists them."""
    ra, dec = plane.sky_position(x, y)
    return np.mod(np.round(ra, STEPS["ra"]), 360.0), np.round(dec, STEPS["dec"])


def _confused_rows(merged, confused):
    """bool (n, bands): the row's measurement in the band has a confusing neighbour."""
    columns = [np.append(flags, False)[index] for flags, index in zip(confused.values(), merged.index.T)]
    return np.column_stack(columns) & (merged.index >= 0)


def _positions(plane, merged, x, y):
    ra, dec = _listed_places(plane, x, y)
    major, minor, angle = sky_ellipse(merged.places.cov, plane.to_sky(x, y))
    glon, glat = galactic(ra, dec)
    return {
        "ra": ra, "dec": dec, "glon": glon, "glat": glat,
        "err_maj": np.round(major, STEPS["err_maj"]), "err_min": np.round(minor, STEPS["err_min"]),
        "err_ang": np.mod(np.rint(angle), 180).astype(int),
    }


def _from_bands(plane, sources, merged_sources, x, y):
    """Magnitudes and flags of the three bands; a band without an image is null."""
    merged, parts = merged_sources.merged, []
    for band in BANDS:
        if band.letter not in sources:
            parts.append(no_band(len(merged)))
            continue
        k = list(sources).index(band.letter)
        rows = Rows(merged.index[:, k], merged.unresolved[:, k], merged.ambiguous[:, k],
                    merged_sources.confused[band.letter])
        dx, dy = merged_sources.offsets[band.letter] / plane.pixel_scale
        parts.append(band_columns(sources[band.letter], plane, rows, x + dx, y + dy))
    numbers = {f"{band.letter}_{name}": np.round(part.numbers[name], STEPS[name])
               for band, part in zip(BANDS, parts) for name in NUMBERS}
    flags = ("ph_qual", "rd_flg", "bl_flg", "cc_flg")
    texts = {flag: _joined([getattr(part, flag) for part in parts]) for flag in flags}
    counted = all(found.ndet is not None for found in sources.values())
    return numbers | texts | {"ndet": _joined([part.ndet for part in parts]) if counted else None}


def _joined(parts):
    """One text a row from the texts of the bands (arrays of equal length)."""
    return np.array(["".join(texts) for texts in zip(*parts)], f"U{sum(part.dtype.itemsize // 4 for part in parts)}")


def _observation(plane, x, y):
    """Night, scan, coadd, time and the distances to the scan's edges."""
    known = plane.observation(x, y)
    return known | {"x_scan": np.round(known["x_scan"], STEPS["x_scan"])} | plane.edges(x, y)


def _neighbours(ra, dec):
    distance, angle, _ = nearest_neighbours(ra, dec)
    alone = ~np.isfinite(distance)
    whole = np.mod(np.rint(np.where(alone, 0, angle)), 360).astype(int)
    return {"prox": np.round(distance, STEPS["prox"]),
            "pxpa": np.ma.masked_array(whole, alone | (distance == 0))}


def _ordered(values, order):
    if values is None:
        return [None] * len(order)
    return [values[i] for i in order] if isinstance(values, list) else values[order]

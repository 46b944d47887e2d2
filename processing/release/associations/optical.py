"""The optical star at the place of a source: the columns a, dist_opt, phi_opt, b_m_opt, vr_m_opt and nopt_mchs.

A Tycho-2 star within 5 arcsec, moved to the time of the observation where its proper motion is known (Explanatory
Supplement II.2a). Of several the nearest is taken; nopt_mchs says how many there are.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from processing.config import survey
from processing.formats.user_table import check_columns, complete_numbers, numbers, read_user_table
from processing.release.sky.near import candidates
from processing.sphere import ARCSEC, directions, position_angle, separation, unit_vectors

COLUMNS = {"ra": "deg", "dec": "deg", "vt_mag": "mag", "bt_mag": "mag", "pm_ra": "mas/yr", "pm_dec": "mas/yr"}
"""What an optical catalog may have, and the units; the first three must be there."""

REQUIRED = ("ra", "dec", "vt_mag")
TYCHO, NONE = "T", "0"
J2000, YEAR = 2451545.0, 365.25
"""The epoch of the positions (Julian Date) and a year, days."""


@dataclass(frozen=True)
class Optical:
    """Optical stars, arrays of shape (n,): ``ra``, ``dec`` (deg, ICRS, epoch J2000), ``bt_mag``, ``vt_mag`` (mag, NaN
    unknown), ``pm_ra`` (with cos dec), ``pm_dec`` (mas/yr, 0 where unknown: the position stays).
    """

    ra: np.ndarray
    dec: np.ndarray
    vt_mag: np.ndarray
    bt_mag: np.ndarray
    pm_ra: np.ndarray
    pm_dec: np.ndarray

    def __len__(self):
        return len(self.ra)

    def __getitem__(self, rows):
        return Optical(*(getattr(self, name)[rows] for name in COLUMNS))

    @cached_property
    def places(self):
        """Unit vectors at J2000, shape (n, 3)."""
        return unit_vectors(self.ra, self.dec)

    @cached_property
    def speed(self):
        """Proper motion, arcsec/yr."""
        return np.hypot(self.pm_ra, self.pm_dec) / 1000.0

    def at(self, years):
        """ra, dec (deg) ``years`` (shape (n,)) after J2000, each star along its great circle."""
        ra = np.radians(self.ra)
        east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=1)
        motion = east * self.pm_ra[:, None] + np.cross(self.places, east) * self.pm_dec[:, None]
        return directions(self.places + motion * (years / (1000.0 * ARCSEC))[:, None])


def read_optical(path):
    """The Optical stars in a Parquet or ECSV file; SurveyError when a column is missing or a position unknown."""
    table = read_user_table(path)
    check_columns(table, REQUIRED, path, "an optical catalog")
    columns = {name: numbers(table, name, unit, path) for name, unit in COLUMNS.items()}
    columns |= {name: complete_numbers(table, name, "deg", path) for name in ("ra", "dec")}
    moves = np.isfinite(columns["pm_ra"]) & np.isfinite(columns["pm_dec"])
    return Optical(**columns | {name: np.where(moves, columns[name], 0.0) for name in ("pm_ra", "pm_dec")})


def associate(ra, dec, jdate, optical):
    """The six columns of sources at ``ra``, ``dec`` (deg, shape (n,)), seen at ``jdate`` (NaN: stars are not moved).

    Returns
    -------
    dict of arrays, shape (n,)
        ``a`` (str), ``nopt_mchs`` (int), and masked where there is no star: ``dist_opt`` (arcsec, to 0.1), ``phi_opt``
        (deg, from the star to the source), ``b_m_opt``, ``vr_m_opt`` (mag, to 0.01; masked also where not known).
    """
    source, star, distance, angle = _pairs(*(np.asarray(values, float) for values in (ra, dec, jdate)), optical)
    matches = np.bincount(source, minlength=len(ra))
    order = np.lexsort((star, distance, source))
    rows, first = np.unique(source[order], return_index=True)
    best = order[first]
    blue, visual = johnson(optical.bt_mag[star[best]], optical.vt_mag[star[best]])
    values = {"dist_opt": np.round(distance[best], 1), "phi_opt": np.round(angle[best]).astype(int) % 360,
              "b_m_opt": np.round(blue, 2), "vr_m_opt": np.round(visual, 2)}
    return {"a": np.where(matches > 0, TYCHO, NONE), "nopt_mchs": matches,
            **{name: _spread(found, rows, len(ra)) for name, found in values.items()}}


def johnson(bt_mag, vt_mag):
    """Johnson B and V (mag) of Tycho magnitudes: V = VT - 0.09 (BT - VT), B = V + 0.85 (BT - VT) (E.S. II.2a).

    Without BT there is no B, and VT, by some 0.1 mag fainter, stands for V.
    """
    rules, colour = survey().associations, bt_mag - vt_mag
    visual = vt_mag - rules.tycho_v * np.nan_to_num(colour)
    return visual + rules.tycho_b * colour, visual


def _pairs(ra, dec, jdate, optical):
    """Sources and stars within the radius: row, star, distance (arcsec), direction (deg) from the star."""
    years = np.nan_to_num((jdate - J2000) / YEAR)
    if not len(ra) or not len(optical):
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros(0)
    radius, places = survey().associations.radius, unit_vectors(ra, dec)
    source, star = candidates(places, optical.places, radius + optical.speed * np.abs(years).max())
    there = optical[star].at(years[source])
    distance = separation(ra[source], dec[source], *there)
    near = distance <= radius
    angle = position_angle(*there, ra[source], dec[source])
    return source[near], star[near], distance[near], angle[near]


def _spread(values, rows, n):
    out = np.ma.masked_all(n, values.dtype)
    out[rows] = np.ma.masked_invalid(values)
    return out

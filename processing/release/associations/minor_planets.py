"""mp_flg: is a source at the place of a known solar-system object at the time of its observation?

The ephemeris is an ECSV file with a row for each object and time:

  name               of the object
  jd                 Julian Date (UTC, as the column jdate)
  ra, dec            deg, ICRS, as seen from the observatory
  rate_ra, rate_dec  arcsec/h (rate_ra with cos dec); may be left out
  error              arcsec: how far off the prediction may be; may be left out

Between two times of an object no farther apart than minor_planets.step of etc/survey.yaml its place is interpolated, by
the rates where they are given; with rates it is also carried on half a step before the first and behind the last time.
"""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.errors import SurveyError
from processing.formats.user_table import check_columns, complete_numbers, numbers, read_user_table
from processing.release.sky.near import candidates
from processing.sphere import ARCSEC, arc, unit_vectors

REQUIRED = {"jd": "d", "ra": "deg", "dec": "deg"}
RATES = {"rate_ra": "arcsec/h", "rate_dec": "arcsec/h"}


@dataclass(frozen=True)
class Paths:
    """Pieces of the paths of objects, n of them.

    ``start``, ``end``: Julian Dates, shape (n,); ``curve``, shape (n, 4, 3): the place at a time, not yet of length 1,
    is the sum of curve[k] u^k with u running from 0 to 1 between the two; ``error``, shape (n,), arcsec.
    """

    start: np.ndarray
    end: np.ndarray
    curve: np.ndarray
    error: np.ndarray

    def __getitem__(self, rows):
        return Paths(self.start[rows], self.end[rows], self.curve[rows], self.error[rows])

    def at(self, jd):
        """Unit vectors at the times ``jd``, shape (n,)."""
        u = (jd - self.start) / (self.end - self.start)
        places = np.einsum("nkx,nk->nx", self.curve, u[:, None] ** np.arange(4))
        return places / np.linalg.norm(places, axis=1, keepdims=True)


def read_ephemeris(path):
    """The Paths in an ECSV file; SurveyError when a column is missing, a value unknown or an object cannot be used."""
    table = read_user_table(path)
    check_columns(table, ("name", *REQUIRED), path, "an ephemeris")
    units = REQUIRED | (RATES if all(name in table.colnames for name in RATES) else {})
    columns = {name: complete_numbers(table, name, unit, path) for name, unit in units.items()}
    error = numbers(table, "error", "arcsec", path)
    error = np.where(np.isnan(error), survey().minor_planets.error, error)
    return paths_of(np.array([str(name) for name in table["name"]], str), error=error, **columns)


def paths_of(name, jd, ra, dec, error, rate_ra=None, rate_dec=None):
    """The Paths of objects from their places at single times (arrays of one length, units as in the file).

    SurveyError: an object without rates has one time only, or times that are too far apart to say where it is between.
    """
    order = np.lexsort((jd, name))
    name, jd, error, places = name[order], jd[order], error[order], unit_vectors(ra[order], dec[order])
    step, speed = survey().minor_planets.step, None
    if rate_ra is not None:
        speed = _speed(ra[order], dec[order], rate_ra[order], rate_dec[order])
    follows = np.flatnonzero((name[1:] == name[:-1]) & (np.diff(jd) > 0) & (np.diff(jd) <= step))
    joined = _joined(follows, jd, places, error, speed)
    if speed is None:
        _refuse_lone(name, follows, step)
        return joined
    alone = np.setdiff1d(np.arange(len(name)), follows + 1), np.setdiff1d(np.arange(len(name)), follows)
    before, behind = (_straight(rows, side, jd, places, error, speed, step) for rows, side in zip(alone, (-0.5, 0.5)))
    return Paths(*(np.concatenate([getattr(part, name) for part in (joined, before, behind)])
                   for name in ("start", "end", "curve", "error")))


def minor_planet_flags(ra, dec, jdate, paths):
    """mp_flg, masked array of int, shape (n,): 1 where the place of an object at ``jdate`` is within its error.

    ``ra``, ``dec`` in degrees; masked where ``jdate`` (days) is NaN.
    """
    sources, jdate = unit_vectors(ra, dec), np.asarray(jdate, float)
    flags = np.ma.MaskedArray(np.zeros(len(sources), int), np.isnan(jdate))
    if flags.mask.all():
        return flags
    at_work = paths[(paths.end >= np.nanmin(jdate)) & (paths.start <= np.nanmax(jdate))]
    middle = 0.5 * (at_work.start + at_work.end)
    source, path = candidates(sources, at_work.at(middle), _length(at_work) + at_work.error)
    pieces, jd = at_work[path], jdate[source]
    during = (jd >= pieces.start) & (jd <= pieces.end)
    distance = arc(np.linalg.norm(pieces.at(jd) - sources[source], axis=1))
    flags[source[during & (distance <= pieces.error)]] = 1
    return flags


def _speed(ra, dec, rate_ra, rate_dec):
    """Motion of unit vectors per day, shape (n, 3)."""
    ra, dec = np.radians(ra), np.radians(dec)
    east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=1)
    north = np.stack([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=1)
    return (east * rate_ra[:, None] + north * rate_dec[:, None]) * (24.0 / ARCSEC)


def _joined(rows, jd, places, error, speed):
    """From each of the ``rows`` to the next: a straight line, or the cubic with the speeds at both ends."""
    one, two, days = places[rows], places[rows + 1], (jd[rows + 1] - jd[rows])[:, None]
    v_one, v_two = (two - one, two - one) if speed is None else (speed[rows] * days, speed[rows + 1] * days)
    curve = np.stack([one, v_one, 3 * (two - one) - 2 * v_one - v_two, 2 * (one - two) + v_one + v_two], axis=1)
    return Paths(jd[rows], jd[rows + 1], curve, np.maximum(error[rows], error[rows + 1]))


def _straight(rows, side, jd, places, error, speed, step):
    """Half a ``step`` on from the ``rows`` at their speed, before (``side`` -0.5) or behind (0.5)."""
    nothing = np.zeros_like(places[rows])
    first, last = jd[rows] + min(side, 0.0) * step, jd[rows] + max(side, 0.0) * step
    begin = places[rows] + speed[rows] * (first - jd[rows])[:, None]
    return Paths(first, last, np.stack([begin, speed[rows] * abs(side) * step, nothing, nothing], axis=1), error[rows])


def _length(paths):
    """An upper limit (arcsec) of the distance from the middle of each piece to its ends."""
    return arc(np.minimum(np.linalg.norm(paths.curve[:, 1:], axis=2).sum(axis=1), 2.0))


def _refuse_lone(name, follows, step):
    used = np.zeros(len(name), bool)
    used[follows] = used[follows + 1] = True
    if not used.all():
        row = np.argmin(used)
        raise SurveyError(f"ephemeris: {name[row]} has a place with no other within {step} d and no rates: "
                          "where it is at other times cannot be told")

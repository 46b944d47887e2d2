"""The zero point of a night in one band: clouds left out, the curve chosen, its errors, and what to say about it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from processing.calibration.drift import Candidate, Curves, candidates
from processing.calibration.visits import FEW, Visits
from processing.config import survey
from processing.errors import SurveyError

SIGNIFICANT = 5.0
"""Sigma of a jump that is no accident."""

LIKELY = 1e-3
"""Candidates less probable are forgotten."""

WITHIN = 0.8
"""The night constrains the extinction when its error is below this share of the prior's."""


@dataclass(frozen=True)
class BandCalibration:
    """Zero point and extinction of a night in one band.

    ``visits``: all; ``status``: of each: clear, cloudy (its scans scatter) or jump (too faint for the others);
    ``jump``: zero point less what the used ones say (others if it is one), mag, NaN when there is no other;
    ``extinction``: long-term c2, mag an airmass, ``spread`` its prior error, ``floor`` the scatter of fields, mag;
    ``tried``: Candidates that are likely; ``probability``: of each shape; ``zperr``: rms of what fields differ from the
    prediction of all others, mag, NaN with less than two fields: what the survey quotes as zero-point error (in a night
    that drifts it is more than the error of ``zero_point``, as it leaves gaps twice as long); ``field_pull``: rms of
    the same in units of its expected error, near 1 when the errors are right; ``notes``: what is not as usual.
    """

    visits: Visits
    status: tuple
    jump: np.ndarray
    extinction: float
    spread: float
    floor: float
    tried: tuple
    probability: dict
    zperr: float
    field_pull: float
    notes: tuple

    @property
    def used(self):
        """Mask of the visits that are used: all of them when none is clear."""
        return _used(np.array(self.status))

    @cached_property
    def curves(self):
        """The Curves through the used visits."""
        return Curves(self.visits[self.used], list(self.tried), self.spread, self.floor)

    @property
    def model(self):
        """Name of the chosen curve: constant, linear, quadratic or piecewise."""
        return self.tried[self.curves.best()[0]].shape

    @property
    def fitted_extinction(self):
        """c2 of the night and its error, mag an airmass: the long-term value where the night does not say."""
        best = self.curves.best()[0]
        return self.extinction + float(self.curves.change[best]), float(self.curves.change_error[best])

    @property
    def extinction_from(self):
        """Either "night" or "long-term": where the extinction comes from."""
        return "night" if self.fitted_extinction[1] < WITHIN * self.spread else "long-term"

    def zero_point(self, mjd, airmass):
        """What to add to -2.5 log10(DN) at ``mjd`` (d) and ``airmass`` (extinction is in it), and its error; mag.

        Of the chosen curve; the error holds what the other likely ones say instead, and near a visit that was left out
        all of what that visit differs by. Arrays of one length, or numbers.
        """
        mjd, airmass = np.broadcast_arrays(np.asarray(mjd, float), np.asarray(airmass, float))
        if not (np.isfinite(mjd).all() and np.isfinite(airmass).all()):
            raise SurveyError("zero point: expected times and airmasses that are numbers, found NaN")
        values, variances = self.curves.at(mjd.ravel(), airmass.ravel())
        value = values[self.curves.best()[0]]
        variance = self.curves.weight @ (variances + (values - value) ** 2)
        error = np.hypot(np.sqrt(variance), self._clouds(mjd.ravel()))
        return (value.reshape(mjd.shape) - self.extinction * (airmass - 1))[()], error.reshape(mjd.shape)[()]

    def near(self, mjd):
        """Indices of the visits before and after ``mjd`` (d); one of them at the ends of the night."""
        after = int(np.searchsorted(self.visits.mjd, mjd))
        return [k for k in (after - 1, after) if 0 <= k < len(self.visits)]

    def photometricity(self, mjd):
        """Numbers for the quality of a scan at ``mjd`` (d), from the visits before and after it.

        Dict: ``scatter``, mag, the larger of their scatters (NaN: not known); ``jump``, mag, the larger size of their
        jumps (NaN likewise); ``photometric``, whether both are clear; ``hours`` to the nearer one.
        """
        near = self.near(mjd)
        return {"scatter": _largest(self.visits.scatter[near]), "jump": _largest(np.abs(self.jump[near])),
                "photometric": all(self.status[k] == "clear" for k in near),
                "hours": float(24 * np.abs(self.visits.mjd[near] - mjd).min())}  # fmt: skip

    def _clouds(self, mjd):
        lost = np.where(np.array(self.status) == "clear", 0.0, np.fmax(np.abs(self.jump), self.visits.scatter))
        return np.array([np.nanmax(lost[self.near(time)], initial=0.0) for time in mjd])


def solve_band(visits, extinction, where):
    """The BandCalibration of Visits.

    ``extinction``: c2 that they were reduced with, mag an airmass; ``where``: night and band, for messages.
    SurveyError when there is no visit.
    """
    if not len(visits):
        raise SurveyError(f"{where}: expected standards in calibration scans, found none that can be used")
    settings = survey().calibration
    spread, floor = settings.extinction_spread * extinction, settings.visit_floor
    status, notes = _judge(visits, spread, floor)
    used = visits[_used(status)]
    shapes = {} if len(used) >= FEW else {"shapes": ("piecewise",)}
    curves = Curves(used, candidates(**shapes), spread, floor)
    best, probability = curves.best()
    tried = tuple(one for one, weight in zip(curves.tried, curves.weight) if weight > LIKELY)
    jump = _jumps(visits, _used(status), curves.tried[best], spread, floor)
    zperr, field_pull, few = _field_residual(used, curves.tried[best], spread, floor)
    notes += _remarks(used, curves, best, extinction) + few
    return BandCalibration(visits, tuple(map(str, status)), jump, extinction, spread, floor, tried, probability, zperr,
                           field_pull, tuple(f"{where}: {note}" for note in notes))  # fmt: skip


def _used(status):
    """Mask of the visits to use."""
    clear = status == "clear"
    return clear if clear.any() else np.ones(len(status), bool)


def _judge(visits, spread, floor):
    """Status of each visit, and notes."""
    settings, status = survey().calibration, np.full(len(visits), "clear", dtype="<U6")
    cloudy = visits.scatter > settings.cloud_scatter
    status[cloudy] = "cloudy"
    if cloudy.all():
        return status, ["every visit is cloudy; all are used and the zero point is uncertain"]
    loose = Candidate("piecewise", 2 * settings.drift, floor, 1.0)
    while (status == "clear").sum() >= FEW:
        rows = np.flatnonzero(status == "clear")
        jump, sigma = _left_out(visits[rows], loose, spread, floor)
        worst = int(np.argmin(jump / sigma))
        if jump[worst] > -max(settings.cloud_jump, SIGNIFICANT * sigma[worst]):
            break
        status[rows[worst]] = "jump"
    lost = [f"the visit to {visits.field[k]} at mjd {visits.mjd[k]:.4f} is left out: {status[k]}"
            for k in np.flatnonzero(status != "clear")]  # fmt: skip
    return status, lost


def _left_out(visits, candidate, spread, floor):
    """Each visit's zero point less what the others say, and one sigma of that, mag."""
    curves = Curves(visits, [candidate], spread, floor)
    found = [curves.left_out(np.arange(len(visits)) == k) for k in range(len(visits))]
    return np.array([mean for mean, _ in found]), np.array([sigma for _, sigma in found])


def _jumps(visits, used, candidate, spread, floor):
    jump = np.full(len(visits), np.nan)
    if used.sum() > 1:
        jump[used] = _left_out(visits[used], candidate, spread, floor)[0]
    lost = visits[~used]
    if len(lost):
        values = Curves(visits[used], [candidate], spread, floor).at(lost.mjd, lost.airmass)[0][0]
        jump[~used] = lost.zero_point - values
    return jump


def _field_residual(visits, candidate, spread, floor):
    """Rms over fields of their mean residual when left out, mag, and of its pull (NaN with one field); notes."""
    fields = np.unique(visits.field)
    if len(fields) < 2:
        return np.nan, np.nan, ["one calibration field only: none can be left out, zperr is not known"]
    curves = Curves(visits, [candidate], spread, floor)
    residual, sigma = np.array([curves.left_out(visits.field == field) for field in fields]).T
    return float(np.sqrt(np.mean(residual**2))), float(np.sqrt(np.mean((residual / sigma) ** 2))), []


def _remarks(used, curves, best, extinction):
    """Notes on a solution that is less certain than usual."""
    notes, plural = [], lambda count: "s" if count > 1 else ""
    if len(used) < FEW:
        notes.append(f"{len(used)} visit{plural(len(used))} cannot tell a drift, so that it is allowed for")
    notes += [f"the visit to {visit[0]} at mjd {visit[1]:.4f} has {visit[2]} standard{plural(visit[2])} only"
              for visit in zip(used.field, used.mjd, used.stars) if visit[2] < FEW]  # fmt: skip
    if curves.tried[best].scatter > 2 * survey().calibration.visit_floor:
        notes.append(f"visits scatter by {curves.tried[best].scatter:.3f} mag beyond their errors")
    if abs(curves.change[best]) > 2 * curves.spread:
        notes.append(f"extinction {extinction + curves.change[best]:.3f} is far from the long-term {extinction:.3f}")
    return notes


def _largest(values):
    return float(np.nanmax(values)) if np.isfinite(values).any() else float("nan")

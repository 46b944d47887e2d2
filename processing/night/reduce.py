"""All units of work of some nights on a Dask cluster, with one progress bar and one line a decision."""

from collections import Counter
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from processing.errors import SurveyError
from processing.formats.raw_night import read_night
from processing.night.folder import NightFolder
from processing.night.report import Report
from processing.engine.schedule import finished, run
from processing.engine.workers import workers


def reduce_nights(paths, out, scheduler=None, count=None):
    """Reduce raw nights into the folder ``out``; returns a Report of each.

    ``scheduler``: address of a Dask cluster; ``count``: workers of a local one. SurveyError when a night's log cannot
    be read, ``out`` cannot be written to, or somebody else works on one of the nights.
    """
    out = Path(out).resolve()
    reports = [_report(path, out) for path in paths]
    twice = [name for name, times in Counter(report.night.name for report in reports).items() if times > 1]
    if twice:
        raise SurveyError(f"expected every night once, found {twice[0]} twice")
    units = {unit.name: (unit, report) for report in reports for unit in report.units}
    with ExitStack() as alone:
        for report in reports:
            alone.enter_context(_locked(report.place))
            report.begin()
        _finish(units, reports, out, scheduler, count)
    return reports


@contextmanager
def _locked(place):
    """Nobody else works on the night meanwhile; a process that dies gives it back."""
    path = place.record("lock").with_suffix("")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except OSError as error:
            raise SurveyError(f"{place.folder}: another twomass reduce is at work on this night") from error
        yield


def _finish(units, reports, out, scheduler, count):
    """Do what is not done of ``units``: name -> (Unit, Report)."""
    from tqdm import tqdm

    done = finished([unit for unit, _ in units.values()])
    for name, outcome in done.items():
        units[name][1].settled(units[name][0], outcome)
    for report in reports:
        report.write_status()
    if len(done) == len(units):
        return
    with workers(out, scheduler, count) as client, tqdm(total=len(units), initial=len(done), unit="unit",
                                                   disable=None) as bar:  # fmt: skip

        def settled(unit, outcome):
            bar.set_description(unit.name)
            bar.update()
            for line in units[unit.name][1].settled(unit, outcome):
                bar.write(line)

        run([unit for unit, _ in units.values()], done, client, settled)


def _report(path, out):
    night = read_night(path)
    place = NightFolder(Path(path).resolve(), out / night.name)
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SurveyError(f"{place.folder}: expected a folder that can be written to: {error.strerror}") from error
    return Report(night, place)

"""Units of work on a Dask cluster: begun as soon as what they need is there, done once, and none takes others with it.

    done = finished(units)                       what an earlier run left
    outcomes = run(units, done, client, settled)

The same on the cores of one machine and on a cluster: a unit reads and writes files, and only small records travel. A
unit that fails is an Outcome like any other; what needs it is told and decides for itself.
"""

import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path

from processing.errors import SurveyError
from processing.engine.records import DONE, FAILED, Outcome, changes, is_intact, made_from, read_record, write_record


@dataclass(frozen=True)
class Unit:
    """One piece of work.

    ``name``: unique; ``record``: the file that says that it is finished (``<folder>/units/<name>.json``); ``work``: a
    function that is called with ``args`` and ``needed`` (dict of unit to Outcome) and returns a Work; ``inputs``: files
    that are read; ``told``: what else it depends on (JSON); ``needs``: names of units; ``passing``: its outputs are for
    the units that need it, which may remove them.
    """

    name: str
    record: Path
    work: object
    args: tuple
    inputs: tuple = ()
    told: object = None
    needs: tuple = ()
    passing: bool = False


@dataclass(frozen=True)
class Work:
    """What a unit did: ``outputs``, the files that it wrote, and see Outcome for the others."""

    outputs: tuple
    numbers: dict
    notes: tuple = ()
    state: str = DONE
    reason: str = ""


def finished(units):
    """Outcomes (by name) of the units that an earlier run finished and nothing has changed for; needs come first."""
    done = {}
    for unit in units:
        if all(name in done for name in unit.needs):
            before = read_record(unit.record)
            wanted = before and made_from(unit.inputs, unit.told, _of(done, unit), before.made_from)
            if before and not changes(before.made_from, wanted) and (unit.passing or is_intact(unit.record, before)):
                done[unit.name] = before
    return _still_there(units, done)


def _still_there(units, done):
    """``done`` without the passing units that have given away what one still to be done needs."""
    waited = {name for unit in units if unit.name not in done for name in unit.needs}
    gone = {unit.name for unit in units if unit.passing and unit.name in waited and unit.name in done
            and not is_intact(unit.record, done[unit.name])}  # fmt: skip
    return _still_there(units, {name: found for name, found in done.items() if name not in gone}) if gone else done


def _of(done, unit):
    return {name: done[name] for name in unit.needs}


def _outdated(unit, before, wanted):
    """Whether a unit with the record ``before`` has to be done again."""
    return bool(changes(before.made_from, wanted)) or not is_intact(unit.record, before)


def run(units, done, client, settled):
    """Do ``units`` that are not ``done`` (in this order as far as needs allow) with a Dask client.

    ``settled`` is called with each unit and its Outcome as they come. Returns dict of name to Outcome, of all.
    """
    from dask.distributed import as_completed

    done, begun, running = dict(done), {}, as_completed()
    turn = {unit.name: -k for k, unit in enumerate(units)}
    waiting = {unit.name: unit for unit in units if unit.name not in done}

    def begin():
        for unit in [one for one in waiting.values() if all(name in done for name in one.needs)]:
            waiting.pop(unit.name)
            future = client.submit(perform, unit, _of(done, unit), key=unit.name, pure=False,
                                   priority=turn[unit.name])  # fmt: skip
            begun[future.key] = unit
            running.add(future)

    begin()
    for future in running:
        unit = begun[future.key]
        done[unit.name] = _outcome(future)
        future.release()
        settled(unit, done[unit.name])
        begin()
    return done


def _outcome(future):
    """What a task returned; a worker that died is an Outcome too."""
    from dask.distributed import KilledWorker

    if future.status == "finished":
        return future.result()
    error = future.exception()
    if isinstance(error, KilledWorker):
        return Outcome(FAILED, "the worker was stopped from outside, or for want of memory")
    return Outcome(FAILED, str(error) if isinstance(error, SurveyError) else f"{type(error).__name__}: {error}")


def perform(unit, needed):
    """Do a unit, unless its record says that it is done; returns its Outcome. Runs on a worker."""
    before = read_record(unit.record)
    wanted = made_from(unit.inputs, unit.told, needed, before.made_from if before else None)
    if before and not _outdated(unit, before, wanted):
        return before
    changed = changes(before.made_from, wanted) if before else ()
    unit.record.unlink(missing_ok=True)
    begun, reset = time.monotonic(), _reset_memory()
    outcome, outputs = _attempt(unit, needed)
    outcome = replace(outcome, made_from=wanted, changed=tuple(changed),
                      seconds=round(time.monotonic() - begun, 2), memory=round(_memory(reset), 3))  # fmt: skip
    return write_record(unit.record, outcome, outputs) if outcome.usable else outcome


def _attempt(unit, needed):
    try:
        work = unit.work(*unit.args, needed)
        return Outcome(work.state, work.reason, work.notes, work.numbers), work.outputs
    except SurveyError as error:
        return Outcome(FAILED, str(error)), ()
    except Exception as error:  # a fault of the program must not end the night either
        trace = unit.record.with_suffix(".traceback")
        trace.parent.mkdir(parents=True, exist_ok=True)
        trace.write_text(traceback.format_exc())
        said = next(iter(str(error).splitlines()), "")
        where = f"a fault of the program, see {trace.parent.name}/{trace.name}"
        return Outcome(FAILED, f"{type(error).__name__}: {said} ({where})"), ()


def _reset_memory():
    """Forget the largest memory so far; False where the system cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return True
    except OSError:
        return False


def _memory(reset):
    """Largest memory since, GB; without ``reset`` since the process began."""
    import resource

    if reset:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6

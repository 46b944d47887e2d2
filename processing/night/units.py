"""The units of work of a night, from the list of tasks in ``processing.pipeline``."""

from dataclasses import asdict
from importlib import import_module

from processing.calibration.standards import visit_numbers
from processing.formats.raw_night import LETTERS
from processing.formats.raw_reference import ASTROMETRIC_FILE, STANDARDS_FILE
from processing.pipeline import TASKS
from processing.engine.schedule import Unit


def night_units(place, night):
    """The Units of a night; ``place``: its NightFolder, ``night``: its Night."""
    return [_unit(place, night, task, item) for task in TASKS for item in _items(task, night)]


def unit_name(night, task, item=None):
    """Name of a unit: night, task, and its band or scan."""
    return " ".join([night, task, *([] if item is None else [f"{item:03d}" if isinstance(item, int) else item])])


def _items(task, night):
    """What a task is done for: bands, numbers of scans, or the night (None)."""
    kinds = {"scan": ("cal", "sci"), "calibration scan": ("cal",)}
    if task.per in kinds:
        return [row.seq for kind in kinds[task.per] for row in night.of_type(kind)]
    return LETTERS if task.per == "band" else [None]


def _unit(place, night, task, item):
    name = unit_name(night.name, task.name, item)
    module, function = f"processing.{task.does}".rsplit(".", 1)
    inputs = tuple(path for what in task.reads for path in _files(place, night, what, item))
    args = (place,) if item is None else (place, item)
    record = place.record(name.removeprefix(f"{night.name} ").replace(" ", "_"))
    return Unit(name, record, getattr(import_module(module), function), args, inputs, _told(night, task, item),
                tuple(_needs(night, task, item)))  # fmt: skip


def _needs(night, task, item):
    for need in (one for one in TASKS if one.name in task.needs):
        items, same = _items(need, night), need.per.endswith("scan") and task.per == "scan"
        yield from (unit_name(night.name, need.name, one) for one in items if not same or one == item)


def _files(place, night, what, item):
    if what == "stills":
        return [place.raw / row.file_name(item) for row in night.of_type("dark", "flat")]
    if what == "scan":
        return [place.raw / night.sequence(item).file_name(band) for band in LETTERS]
    return [place.root / "reference" / {"places": ASTROMETRIC_FILE, "standards": STANDARDS_FILE}[what]]


def _told(night, task, item):
    """What of the night log a unit depends on."""
    if task.per == "band":
        return [str(asdict(row)) for row in night.of_type("dark", "flat")]
    if isinstance(item, int):
        return str(asdict(night.sequence(item)))
    if task.name == "zero points":
        visits = visit_numbers(night.sequences)
        return [[row.seq, row.tile, visits[row.seq]] for row in night.of_type("cal")]
    return [str(asdict(row)) for row in night.sequences]

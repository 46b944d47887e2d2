"""The units of work of a night, from the list of tasks in ``processing.pipeline``."""

from dataclasses import asdict
from importlib import import_module

from processing.calibration.standards import visit_numbers
from processing.formats.raw_night import LETTERS
from processing.formats.raw_reference import ASTROMETRIC_FILE, STANDARDS_FILE
from processing.pipeline import TASKS
from processing.engine.schedule import Unit


def night_units(place, night):
    """The Units of a night; ``place``: its NightFolder, ``night``: its Night. One scan is finished after the other."""
    all_of_them = [(task, item) for task in TASKS for item in _items(task, night)]
    return [_unit(place, night, task, item) for task, item in sorted(all_of_them, key=_turn)]


def _turn(one):
    """Tasks in their order; those that pass on their files at the turn of what these are for, scan by scan."""
    task, item = one
    last = next(k for k in range(TASKS.index(task), len(TASKS)) if not TASKS[k].passing)
    return last, _parts(item).get("scan", 0) if TASKS[last].name == "scan" else 0


def unit_name(night, task, item=None):
    """Name of a unit: night, task, and its band or scan, or both."""
    parts = _parts(item).values()
    return " ".join([night, task, *(f"{part:03d}" if isinstance(part, int) else part for part in parts)])


def _items(task, night):
    """What a task is done for: bands, numbers of scans, both, or the night (None)."""
    kinds = {"scan": ("cal", "sci"), "calibration scan": ("cal",), "science scan": ("sci",)}
    scans = [row.seq for kind in kinds.get(task.per.removesuffix(" and band"), ()) for row in night.of_type(kind)]
    if task.per.endswith("scan and band"):
        return [(seq, band) for seq in scans for band in LETTERS]
    if task.per.endswith("scan"):
        return scans
    return LETTERS if task.per == "band" else [None]


def _parts(item):
    """``scan`` and ``band`` of an item, as far as it has them."""
    if isinstance(item, tuple):
        return dict(zip(("scan", "band"), item))
    return {} if item is None else {"scan" if isinstance(item, int) else "band": item}


def _unit(place, night, task, item):
    name = unit_name(night.name, task.name, item)
    module, function = f"processing.{task.does}".rsplit(".", 1)
    inputs = tuple(path for what in task.reads for path in _files(place, night, what, item))
    record = place.record(name.removeprefix(f"{night.name} ").replace(" ", "_"))
    return Unit(name, record, getattr(import_module(module), function), (place, *_parts(item).values()), inputs,
                _told(night, task, item), tuple(_needs(night, task, item)), task.passing)  # fmt: skip


def _needs(night, task, item):
    mine = _parts(item)
    for need in (one for one in TASKS if one.name in task.needs):
        for one in _items(need, night):
            if all(mine[name] == value for name, value in _parts(one).items() if name in mine):
                yield unit_name(night.name, need.name, one)


def _files(place, night, what, item):
    if what == "stills":
        return [place.raw / row.file_name(item) for row in night.of_type("dark", "flat")]
    if what == "scan":
        parts = {"band": None, **_parts(item)}
        bands = [parts["band"]] if parts["band"] else LETTERS
        return [place.raw / night.sequence(parts["scan"]).file_name(band) for band in bands]
    return [place.root / "reference" / {"places": ASTROMETRIC_FILE, "standards": STANDARDS_FILE}[what]]


def _told(night, task, item):
    """What of the night log a unit depends on."""
    if task.per == "band":
        return [str(asdict(row)) for row in night.of_type("dark", "flat")]
    if "scan" in _parts(item):
        return str(asdict(night.sequence(_parts(item)["scan"])))
    if task.name == "zero points":
        visits = visit_numbers(night.sequences)
        return [[row.seq, row.tile, visits[row.seq]] for row in night.of_type("cal")]
    return [str(asdict(row)) for row in night.sequences]

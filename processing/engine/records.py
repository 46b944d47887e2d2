"""What a finished unit of work leaves behind, so that it is not done twice: one small JSON file beside its products.

A unit is done again when what it was made from has changed: the version, a section of ``survey.yaml``, an input file,
what the night log says of it, or a unit that it needs. An input file is the same when its size and time are; when only
the time differs, its SHA-256 decides, so that a night may be copied. A unit that failed is tried again every time.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from processing import __version__
from processing.config import survey
from processing.errors import SurveyError
from processing.formats.checksum import sha256_of
from processing.formats.whole import whole_file

DONE, PARTIAL, FAILED = "done", "partial", "failed"
"""All of it is there; bands or extended sources are missing, with the reason; nothing is there, with the reason."""


OTHERS = ("simulated_camera", "simulated_night", "artifacts", "associations", "bulk", "difference", "hips",
          "minor_planets", "release", "validate")  # fmt: skip
"""Sections of ``survey.yaml`` that a reduction does not read."""


@dataclass(frozen=True)
class Outcome:
    """What became of a unit of work.

    ``state``: one of the above; ``reason``: why it is not done, or what is not as it should be; ``notes``: decisions,
    a line each; ``numbers``: what others
    want to know of it (JSON); ``made_from``: see ``made_from``; ``outputs``: path relative to the record's folder ->
    bytes; ``seconds``, ``memory`` (GB, largest): what it took; ``fresh``: made in this run; ``changed``: what made it
    be done again.
    """

    state: str
    reason: str = ""
    notes: tuple = ()
    numbers: dict = field(default_factory=dict)
    made_from: dict = field(default_factory=dict)
    outputs: dict = field(default_factory=dict)
    seconds: float = 0.0
    memory: float = 0.0
    fresh: bool = True
    changed: tuple = ()

    @property
    def usable(self):
        """Whether units that need this one can go on with it."""
        return self.state != FAILED

    @property
    def digest(self):
        """Changes when anything that it was made from does; of a failed unit its reason."""
        told = {name: values for name, values in self.made_from.items() if name != "inputs"}
        told["inputs"] = {name: found and found["sha256"] for name, found in self.made_from.get("inputs", {}).items()}
        return _hash([told, "" if self.usable else self.reason])


def made_from(inputs, told, needed, before=None):
    """What a unit is made from: version, settings (section -> digest), inputs, log (digest), needs (unit -> digest).

    ``inputs``: paths; name -> bytes, time and SHA-256, None for a file that is not there; ``told``: what it depends on
    of the night log, JSON; ``needed``: dict of unit to Outcome; ``before``: what the same unit was made from, whose
    checksums hold for files with the same size and time.
    """
    known = (before or {}).get("inputs", {})
    settings = {name: _hash(values) for name, values in asdict(survey()).items() if name not in OTHERS}
    return {"version": __version__, "settings": settings,
            "inputs": {path.name: _seen(path, known.get(path.name)) for path in inputs},
            "log": _hash(told), "needs": {name: outcome.digest for name, outcome in needed.items()}}  # fmt: skip


def _seen(path, known):
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    same = known and (known["bytes"], known["mtime_ns"]) == (status.st_size, status.st_mtime_ns)
    return {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns,
            "sha256": known["sha256"] if same else sha256_of(path)}  # fmt: skip


def changes(before, now):
    """What differs between two ``made_from``, in words; times of files do not count."""
    if before["version"] != now["version"]:
        return (f"version {before['version']} was another",)
    words = [f"settings of {name}" for name in _differing(before["settings"], now["settings"])]
    files = ({name: found and found["sha256"] for name, found in one["inputs"].items()} for one in (before, now))
    words += [name for name in _differing(*files)]
    words += ["the night log"] if before["log"] != now["log"] else []
    return tuple(words or _differing(before["needs"], now["needs"]))


def _differing(one, other):
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]


def read_record(path):
    """The Outcome written to ``path`` by an earlier run; None when there is none that can be read."""
    try:
        record = json.loads(Path(path).read_text())
        record["notes"], record["changed"] = tuple(record["notes"]), ()
        return Outcome(**record, fresh=False)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_record(path, outcome, outputs):
    """Write a finished unit's Outcome, with the sizes of its ``outputs`` (paths below the record's folder)."""
    path = Path(path)
    sizes = {str(output.relative_to(path.parent.parent)): output.stat().st_size for output in outputs}
    outcome = replace(outcome, outputs=sizes)
    record = {name: value for name, value in asdict(outcome).items() if name not in ("fresh", "changed")}
    try:
        text = json.dumps({**record, "changed": []}, indent=1, allow_nan=False)
    except ValueError as error:
        raise SurveyError(f"{path}: expected numbers, found NaN in what a unit says of itself") from error
    with whole_file(path) as partial:
        partial.write_text(text + "\n")
    return outcome


def is_intact(path, outcome):
    """Whether the outputs of a recorded unit are there with their sizes."""
    folder = Path(path).parent.parent
    return all((folder / name).is_file() and (folder / name).stat().st_size == size
               for name, size in outcome.outputs.items())  # fmt: skip


def _hash(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]

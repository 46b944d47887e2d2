"""Files of numbers, each with its unit and a text beside it, read as dataclasses; anything unknown or missing is refused."""

from dataclasses import field, fields
from pathlib import Path

import yaml

from processing.errors import SurveyError


def number(unit):
    """A field of a section: what its unit must be in the file ("" for a pure number)."""
    return field(metadata={"unit": unit})


class EachKeyOnce(yaml.SafeLoader):
    """YAML without keys that stand twice, of which others silently take the last."""

    def construct_mapping(self, node, deep=False):
        """The mapping of a node; YAMLError tells a key that is in it twice, and the line."""
        known = set()
        for key, _ in node.value:
            if key.value in known:
                raise yaml.YAMLError(f"line {key.start_mark.line + 1}: the key {key.value} stands there twice")
            known.add(key.value)
        return super().construct_mapping(node, deep)


def read_sections(kind, path, why):
    """A file of sections of values as the dataclass ``kind``; beside value and unit each has the text ``why``."""
    try:
        raw = yaml.load(Path(path).read_text(), EachKeyOnce)
    except (OSError, yaml.YAMLError) as error:
        raise SurveyError(f"{path}: cannot be read as YAML: {error}") from error
    sections = {f.name: f.type for f in fields(kind)}
    _same_keys(raw, sections, str(path))
    return kind(**{name: _section(part, raw[name], why, f"{path}: {name}") for name, part in sections.items()})


def _section(kind, raw, why, where):
    known = {f.name: f for f in fields(kind)}
    _same_keys(raw, known, where)
    return kind(**{name: _value(raw[name], f.metadata["unit"], why, f"{where}.{name}") for name, f in known.items()})


def _value(entry, unit, why, where):
    _same_keys(entry, {"value", "unit", why}, where)
    if entry["unit"] != unit:
        raise SurveyError(f"{where}: unit {entry['unit']!r}, expected {unit!r}")
    value = entry["value"]
    return tuple(value) if isinstance(value, list) else value


def _same_keys(found, expected, where):
    if not isinstance(found, dict):
        raise SurveyError(f"{where}: expected a mapping, found {found!r}")
    unknown, missing = sorted(set(found) - set(expected)), sorted(set(expected) - set(found))
    if unknown:
        raise SurveyError(f"{where}: unknown key {', '.join(unknown)}; known are {', '.join(sorted(expected))}")
    if missing:
        raise SurveyError(f"{where}: missing key {', '.join(missing)}")

"""A finished release folder, as its ``release.json`` describes it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from processing.errors import SurveyError
from processing.formats.checksum import check_fingerprint, fingerprint
from processing.schema import table_names

MANIFEST = "release.json"

KEYS = {
    "name": str, "version": str, "created": str, "settings": dict, "inputs": list, "rows": dict, "rows_by_step": list,
    "rules_skipped": list, "files": dict,
}
"""What every release.json holds besides ``supersedes`` (a name or null)."""

OPTIONAL = {"left_out": list, "evidence": list, "input_settings": dict, "artifacts": dict, "apparitions": dict,
            "level1_rows": int, "extended": dict, "associations": dict, "minor_planets": dict, "bright_stars": dict}
"""What one made otherwise, or by an older version, may lack."""

TABLES = ("psc", "scans", "atlas")
"""What every release has; ``rows`` names the others that it has (xsc, apparitions, level1)."""

CATALOGS = ("psc", "xsc")
"""Tables that are HATS catalogs, of many files."""


@dataclass(frozen=True)
class Release:
    """A release folder.

    ``rows`` counts the rows of psc, scans, atlas and of other tables that it has; ``rows_by_step`` says how the rows
    read became the rows written; ``left_out`` which scans are not in the catalog, and why; ``content`` is all that
    release.json says; ``files`` maps each path (relative, "/" between) to its size in
    bytes and SHA-256.
    """

    path: Path
    name: str
    version: str
    created: str
    settings: dict
    inputs: list
    rows: dict
    rows_by_step: list
    rules_skipped: list
    files: dict
    supersedes: str | None = None
    left_out: list = field(default_factory=list)
    content: dict = field(default_factory=dict, compare=False, repr=False)
    sha256: str = field(default="", compare=False)
    """Of release.json itself: it names the content of the whole release, since it lists all other checksums."""

    def parquet_files(self, table):
        """Paths of the Parquet files of a table: of ``psc`` and ``xsc`` one a HEALPix partition, in order, of
        ``apparitions`` several, of the others one, or none when the release has no such table."""
        if table not in self.rows:
            return []
        if table == "apparitions":
            return [self.path / name for name in sorted(self.files) if name.startswith("apparitions/")]
        if table not in CATALOGS:
            return [self.path / f"{table}.parquet"]
        names = [name for name in self.files if name.startswith(f"{table}/dataset/") and name.endswith(".parquet")]
        return [self.path / name for name in sorted(names, key=_partition)]

    def image_files(self):
        """Paths of the Atlas Images."""
        return [self.path / name for name in sorted(self.files) if name.startswith("atlas/")]

    def read(self, table):
        """All rows of one table as a pyarrow Table with the schema's columns; SurveyError when a file is damaged."""
        import pyarrow as pa

        from processing.formats.parquet import read_parquet
        from processing.formats.tables import empty_table
        from processing.schema import load_table

        description = load_table(table)
        parts = [read_parquet(path, description) for path in self.parquet_files(table)]
        return pa.concat_tables([empty_table(description), *parts])

    def verify(self):
        """SurveyError when a file is missing, changed or not listed, or a row count is not the one recorded."""
        for name, expected in self.files.items():
            check_fingerprint(self.path / name, expected)
        unlisted = sorted(set(_files_in(self.path)) - set(self.files))
        if unlisted:
            raise SurveyError(f"{self.path}: {unlisted[0]} is not listed in {MANIFEST} ({len(unlisted)} such files)")
        for table in self.rows:
            self._check_rows(table)

    def _check_rows(self, table):
        from processing.formats.parquet import count_rows

        found = sum(count_rows(path) for path in self.parquet_files(table))
        if found != self.rows[table]:
            raise SurveyError(f"{self.path}: {MANIFEST} says {self.rows[table]} rows of {table}, "
                              f"the files hold {found}")


def read_release(path):
    """The Release in folder ``path``; SurveyError when it is not one. Checksums are left to ``verify``."""
    path = Path(path)
    if not path.is_dir():
        raise SurveyError(f"{path}: no such release folder; make one with twomass release")
    file = path / MANIFEST
    if not file.is_file():
        raise SurveyError(f"{path}: not a release folder: there is no {MANIFEST} in it")
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise SurveyError(f"{file}: cannot be read as JSON: {error}") from error
    _check_content(content, file)
    return Release(path=path, supersedes=content["supersedes"], sha256=fingerprint(file)["sha256"],
                   left_out=content.get("left_out", []), content=content, **{key: content[key] for key in KEYS})


def write_manifest(folder, content):
    """Write ``release.json`` into ``folder``, with the fingerprint of every file that is there already.

    ``content`` may hold fingerprints that are known (``files``); SurveyError when such a file is not there.
    """
    known, names = content.get("files", {}), _files_in(folder)
    lost = sorted(set(known) - set(names))
    if lost:
        raise SurveyError(f"{folder}: {lost[0]} was written and is not there")
    content = {**content, "files": {name: known.get(name) or fingerprint(folder / name) for name in names}}
    _check_content(content, folder / MANIFEST)
    (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n")


def _check_content(content, where):
    if not isinstance(content, dict) or set(content) - set(OPTIONAL) != {*KEYS, "supersedes"}:
        raise SurveyError(f"{where}: expected the keys {', '.join(sorted({*KEYS, 'supersedes'}))}")
    for key, kind in (KEYS | OPTIONAL).items():
        if not isinstance(content.get(key, kind()), kind):
            raise SurveyError(f"{where}: {key} is {type(content[key]).__name__}, expected {kind.__name__}")
    if not set(TABLES) <= set(content["rows"]) <= set(table_names()):
        raise SurveyError(f"{where}: rows are those of {', '.join(content['rows'])}, expected {', '.join(TABLES)}")


def _files_in(folder):
    """Relative names of all files in a release but its manifest, sorted."""
    names = (path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())
    return sorted(name for name in names if name != MANIFEST)


def _partition(name):
    """Sort key of a partition's path: HEALPix order, then pixel number."""
    words = dict(part.split("=", 1) for part in name.removesuffix(".parquet").split("/") if "=" in part)
    return int(words["Norder"]), int(words["Npix"])

"""What a release has only when it is asked for: optical stars, minor planets, more bright stars, further formats."""

from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from processing.config import survey
from processing.formats.checksum import fingerprint
from processing.release.associations.optical import associate, read_optical
from processing.release.sky.keys import with_column
from processing.release.associations.minor_planets import minor_planet_flags, read_ephemeris
from processing.release.catalogs.products import write_products


@dataclass(frozen=True)
class Extras:
    """``optical``, ``minor_planets`` and ``bright`` (stars whose artifacts are looked for, beside those of the scans):
    files to read, or None; ``kinds``: further products (``products.WRITERS``)."""

    optical: Path | None = None
    minor_planets: Path | None = None
    kinds: tuple = ()
    bright: Path | None = None

    def check(self):
        """SurveyError, before any work is done, when a file cannot be used."""
        if self.optical:
            _read(read_optical, self.optical)
        if self.minor_planets:
            _read(read_ephemeris, self.minor_planets)
        self.bright_stars()

    def bright_stars(self):
        """The stars of the file ``bright`` as ``processing.artifacts`` wants them, a structured array; None without."""
        from processing.artifacts.known import read_bright_stars

        return _read(read_bright_stars, self.bright) if self.bright else None

    def fill(self, table):
        """``table`` (pyarrow, the point sources) with the columns that the files tell; without a file they stay."""
        ra, dec, jdate = (table[name].cast(pa.float64()).to_numpy() for name in ("ra", "dec", "jdate"))
        known = {}
        if self.optical:
            known |= associate(ra, dec, jdate, _read(read_optical, self.optical))
        if self.minor_planets:
            known["mp_flg"] = minor_planet_flags(ra, dec, jdate, _read(read_ephemeris, self.minor_planets))
        for name, values in known.items():
            table = with_column(table, name, values)
        return table

    def write(self, folder, order, pixel, table):
        """Write the products of one partition into the release ``folder``; fingerprints by name."""
        return write_products(folder, order, pixel, table, self.kinds)

    def provenance(self):
        """What release.json says of the files, and of the numbers by which they were used."""
        files = {"associations": (self.optical, survey().associations),
                 "minor_planets": (self.minor_planets, survey().minor_planets),
                 "bright_stars": (self.bright, survey().artifacts)}  # fmt: skip
        return {rule: {"file": path.name, **fingerprint(path), "settings": asdict(numbers)}
                for rule, (path, numbers) in files.items() if path}


def _read(read, path):
    return _read_once(read, Path(path), Path(path).stat().st_mtime_ns if Path(path).exists() else None)


@lru_cache(2)
def _read_once(read, path, _):
    """A file is read once in each process, until it changes."""
    return read(path)

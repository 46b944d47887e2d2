"""What the units of work of a science scan leave for each other, in files: where its frames lie, and its bands.

    seen         detections and sky levels of a band
    places       pointing, times, sky levels, detections by band, and the Solution: arrays of one file
    band         BandSources, what is told of its frames, its Atlas Images, its strip and the PSF there: a folder
    extended     the table of its extended sources

Numbers come back to the last bit, so that a scan is the same whoever did its bands.
"""

import os
import shutil
from dataclasses import fields, replace

import numpy as np

from processing.astrometry.adjust import State
from processing.astrometry.solution import Solution
from processing.astrometry.stars import Detections
from processing.atlas.frames import UsableFrames
from processing.formats.whole import whole_file
from processing.frames.calibrate import Frames
from processing.night.folder import arrays, read_sources, write_sources
from processing.night.steps import Scan, Seen
from processing.photometry.scan.strip_psf import StripPSF

OF_SCAN = ("pointing", "mjd", "airmass")
SOURCES, FRAMES, ATLAS, STRIP, PSF = "sources.npz", "frames.npz", "atlas", "strip.npz", "psf.npz"


def write_seen(path, seen):
    """Keep the Seen of a band."""
    _write(path, sky=seen.sky, **{name: getattr(seen.stars, name) for name in _names(Detections)})


def read_seen(path):
    """The Seen that ``write_seen`` kept."""
    kept = arrays(path)
    return Seen(Detections(*(kept[name] for name in _names(Detections))), kept["sky"])


def write_places(path, scan, solution):
    """Keep a Scan but for its frames, and its Solution."""
    kept = {name: np.asarray(getattr(scan, name)) for name in OF_SCAN}
    kept |= {f"{band}.{name}": getattr(stars, name)
             for band, stars in scan.stars.items() for name in _names(Detections)}  # fmt: skip
    kept |= {f"{band}.{name}": getattr(scan, name)[band] for band in scan.stars for name in ("gain", "sky")}
    kept |= {f"state.{name}": getattr(solution.state, name) for name in _names(State)}
    kept |= {f"solution.{name}": getattr(solution, name) for name in _names(Solution) if name not in ("state", "rms")}
    kept |= {f"rms.{band}": value for band, value in solution.rms.items()}
    _write(path, **kept)


def read_places(path, night, sequence):
    """The Scan without frames, and its Solution, that ``write_places`` kept.

    ``night``: its name; ``sequence``: its row of the log.
    """
    kept = arrays(path)
    bands = [name.split(".")[0] for name in kept if name.endswith(".gain")]
    stars = {band: Detections(*(kept[f"{band}.{name}"] for name in _names(Detections))) for band in bands}
    gain, sky = ({band: kept[f"{band}.{name}"] for band in bands} for name in ("gain", "sky"))
    scan = Scan(night, sequence, tuple(kept["pointing"]), kept["mjd"], kept["airmass"], {}, stars, gain, sky)
    parts = {name: kept.get(f"solution.{name}") for name in _names(Solution)}
    parts |= {"state": State(*(kept[f"state.{name}"] for name in _names(State))),
              "rms": {name.removeprefix("rms."): value for name, value in kept.items() if name.startswith("rms.")},
              "reported": tuple(parts["reported"]), "bands": tuple(parts["bands"].tolist())}  # fmt: skip
    return scan, Solution(**parts)


def _names(kind):
    return [field.name for field in fields(kind)]


def write_band(folder, frames, usable, sources, psf):
    """Keep a band in ``folder``, where its strip and its Atlas Images are already: BandSources, StripPSF, UsableFrames
    and flaws of the Frames, without pixels; returns the paths of all files."""
    write_sources(folder / SOURCES, {sources.band: sources})
    _write(folder / FRAMES, flaws=frames.flaws[:1], level=usable.level, noise=usable.noise, rejected=usable.rejected)
    _write(folder / PSF, series=psf.series, moments=psf.moments)
    return tuple(sorted(path for path in folder.rglob("*") if path.is_file()))


def write_strip(folder, strip):
    """Keep the strip of a band (atlas.coadd.Field); its noise, of which nobody needs more than three digits, in half
    precision."""
    _write(folder / STRIP, data=strip.data, noise=strip.noise.astype(np.float16))


def read_strip(folder):
    """Data, noise (DN, float32) and StripPSF of the strip of a band."""
    kept = arrays(folder / STRIP)
    return kept["data"], kept["noise"].astype(np.float32), StripPSF(**arrays(folder / PSF))


def _write(path, **kept):
    with whole_file(path) as partial, partial.open("wb") as stream:
        np.savez(stream, **kept)


def read_band(folder):
    """Frames (flaws of the first frame, no pixels), UsableFrames (no pixels) and BandSources of a band."""
    kept, (sources,) = arrays(folder / FRAMES), read_sources(folder / SOURCES).values()
    none = np.zeros((0, *kept["flaws"].shape[1:]), np.float32)
    usable = UsableFrames(none, kept["level"], kept["noise"], kept["rejected"])
    return Frames(none, none, kept["flaws"]), usable, sources


def with_bands(scan, frames):
    """The Scan of these bands alone; ``frames``: band letter -> Frames."""
    parts = {name: {band: getattr(scan, name)[band] for band in frames} for name in ("stars", "gain", "sky")}
    return replace(scan, frames=frames, **parts)


def put_atlas(folders, target):
    """Put the Atlas Images of bands into the folder ``target`` as well; returns their paths, by band and number.

    ``folders``: those of the bands. The files are the same ones (links) where the file system can do that.
    """
    (target / "maps").mkdir(parents=True, exist_ok=True)
    paths = []
    for folder in folders:
        for path in sorted((folder / ATLAS).rglob("*.fits")):
            put(path, target / path.relative_to(folder / ATLAS))
        images = (folder / ATLAS).glob("*.fits")
        paths += [target / path.name for path in sorted(images, key=lambda path: int(path.stem[2:]))]
    return paths


def put(path, target):
    """Put a file to a second place: a link where the file system can do that."""
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)

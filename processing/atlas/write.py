"""Atlas Images as files: the image with the header of the real ones, and beside it its coverage and noise."""

import numpy as np
from astropy.io import fits

from processing import __version__
from processing.atlas.header import cross_step
from processing.formats.atlas_header import Origin, atlas_header
from processing.formats.whole import whole_file


def write_atlas(folder, field, solution, view, *, magzp, shape_parameter):
    """Write a Field as ``folder/<band>i<number>.fits`` and its maps as ``folder/maps/<band>i<number>.fits``.

    ``view``: the ScanView; ``magzp``: magnitude of 1 DN; ``shape_parameter``: SEESH. Returns the path of the image, or
    None, and writes nothing, when no frame saw any of it.
    """
    if not np.isfinite(field.data).any():
        return None
    name = f"{field.band}i{field.grid.number:02d}.fits"
    dither = cross_step(solution, field.band, view.frame)
    header = atlas_header(field.data, field.band, view, field.grid.cards, _origin(field), magzp=magzp,
                          shape_parameter=shape_parameter, dither=dither)  # fmt: skip
    maps = fits.HDUList([fits.PrimaryHDU(), _map(field.coverage, "COVERAGE", "frames", field),
                         _map(field.noise, "NOISE", "adu", field)])  # fmt: skip
    (folder / "maps").mkdir(parents=True, exist_ok=True)
    for path, content in ((folder / "maps" / name, maps), (folder / name, fits.PrimaryHDU(field.data, header))):
        with whole_file(path) as partial:
            content.writeto(partial, overwrite=True)
    return folder / name


def _origin(field):
    frames = f"{field.frames.min() + 1} to {field.frames.max() + 1}"
    return Origin("twomass reduce", "2MASS Survey Camera", "Magnitude of 1 DN",
                  f"Mean of {len(field.frames)} frames, {frames}, by twomass {__version__}")  # fmt: skip


def _map(data, name, unit, field):
    header = fits.Header()
    for card in field.grid.cards:
        header[card[0]] = card[1:]
    header["BUNIT"] = unit
    return fits.ImageHDU(data, header, name=name)

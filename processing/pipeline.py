"""The order of the stages, stated once: what each takes, what it makes, and per what unit of work.

The picture in the README, the last lines of ``twomass --help`` and the rule that no room imports from one further down
the flow all come from this list. ``python -m processing.pipeline`` prints the picture.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One step from light to catalog.

    ``room`` is the folder in ``processing/`` (a dotted path to the function does the work), ``unit`` what is worked on
    at a time, ``command`` the ``twomass`` command that runs the stage ("": none does yet).
    """

    name: str
    function: str
    takes: str
    makes: str
    unit: str
    command: str

    @property
    def room(self):
        return self.function.split(".")[0]


STAGES = (
    Stage("sky model", "simulate.sky.sky_patch", "position, seed", "stars and galaxies", "HEALPix cell", "simulate"),
    Stage("images", "simulate.atlas.simulate_atlas", "stars and galaxies", "Atlas images, truth", "field", "simulate"),
    Stage("nights", "simulate.nights.simulate_nights", "stars and galaxies", "raw nights, truth", "sequence and band",
          "simulate"),
    Stage("frames", "frames.calibrate.calibrate", "raw reads, darks, flats", "calibrated frames", "scan and band", ""),
    Stage("astrometry", "astrometry.solve.solve_scan", "stars on calibrated frames", "place of every frame", "scan", ""),
    Stage("coadd", "atlas.coadd.coadd", "frames and their places", "Atlas image, coverage, noise", "image and band", ""),
    Stage("detection", "detect.peaks.matched_filter", "Atlas image", "candidates", "field and band", "extract"),
    Stage("photometry", "photometry.measure_band", "candidates", "fluxes and positions", "field and band", "extract"),
    Stage("band merge", "bandmerge.catalog.merge_sources", "fluxes and positions", "points.parquet", "field", "extract"),
    Stage("calibration", "calibration.night.calibrate_night", "stars in calibration scans", "zero points", "night", ""),
    Stage("release", "release.make.make_release", "points.parquet of all fields", "catalogs, manifest", "release", "release"),
    Stage("load", "publish.store.load", "catalogs", "tables beside the running ones", "release", "publish"),
    Stage("switch", "publish.switch.switch", "these tables", "TAP, SCS, SIA, ObsCore", "release", "publish"),
)


def rooms():
    """The rooms in the order in which light passes them."""
    return list(dict.fromkeys(stage.room for stage in STAGES))


def picture():
    """The flow as lines of text."""
    shown = [stage for stage in STAGES if stage.command]
    width = max(len(stage.name) for stage in shown)
    return "\n".join(
        f"{stage.name:{width}}  {stage.takes} -> {stage.makes}   [{stage.unit}; twomass {stage.command}]" for stage in shown
    )


if __name__ == "__main__":
    print(picture())

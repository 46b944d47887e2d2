"""The order of the stages, stated once: what each takes, what it makes, and per what unit of work.

The picture in the README and the rule that no room imports from one further down the flow come from the first list; the
tasks of ``twomass reduce``, what each waits for and what is done again come from the second. ``python -m
processing.pipeline`` prints the picture.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One step from light to catalog.

    ``room`` is the folder in ``processing/`` (a dotted path to the function does the work), ``unit`` what is worked on
    at a time, ``command`` the ``twomass`` command that runs the stage, or several.
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
    Stage("frames", "frames.calibrate.calibrate", "raw reads, darks, flats", "calibrated frames", "scan and band",
          "reduce"),
    Stage("astrometry", "astrometry.solve.solve_scan", "stars on calibrated frames", "place of every frame", "scan",
          "reduce"),
    Stage("coadd", "atlas.coadd.coadd", "frames and their places", "Atlas image, coverage, noise", "image and band",
          "reduce"),
    Stage("detection", "detect.peaks.matched_filter", "Atlas image", "candidates", "field and band", "extract"),
    Stage("photometry", "photometry.measure_band", "candidates", "fluxes and positions", "field and band", "extract"),
    Stage("photometry of a scan", "photometry.scan.measure_scan", "frames and their places", "fluxes and positions",
          "scan and band", "reduce"),
    Stage("band merge", "bandmerge.catalog.merge_sources", "fluxes and positions", "points.parquet", "field or scan",
          "extract, reduce"),
    Stage("calibration", "calibration.night.calibrate_night", "stars in calibration scans", "zero points, errors",
          "night", "reduce"),
    Stage("extended sources", "extended.measure.measure_extended", "images, point sources", "extended.parquet",
          "field or scan", "extract, reduce"),
    Stage("quality", "quality.page.write_page", "what was found on the way", "page of the night", "night", "reduce"),
    Stage("working database", "night.scan_folder.write_scan", "images, sources, zero points", "a folder for each scan",
          "scan", "reduce"),
    Stage("artifacts", "artifacts.find_artifacts", "points.parquet, bright stars around the scan", "cc_flg", "scan",
          "release"),
    Stage("scan choice", "release.scans.scan_choice.choose_scans", "scans of a tile, their scores", "the best of them", "tile",
          "release"),
    Stage("duplicates", "release.sky.decide.decide_cell", "sources of scans that overlap", "one apparition of each",
          "sky cell", "release"),
    Stage("selection", "release.scans.selection.first_failed", "flags, S/N, frames", "what the catalog lists", "scan", "release"),
    Stage("keys", "release.sky.complete.complete_cell", "these sources", "names, keys, neighbours, apparitions", "sky cell",
          "release"),
    Stage("associations", "release.associations.optical.associate", "sources, optical stars, ephemeris", "a, phi_opt, mp_flg",
          "sky cell", "release"),
    Stage("extended catalog", "release.extended.catalog.write_extended_catalog", "extended.parquet of all scans, points",
          "xsc, ext_key, gal_contam", "sky cell", "release"),
    Stage("catalogs", "release.make.make_release", "working database", "HATS, Parquet, MOC, manifest", "release",
          "release"),
    Stage("validation", "validate.command.validate", "catalogs, apparitions, truth", "Level 1 table", "release", "validate"),
    Stage("sky to zoom in", "hips.make.make_hips", "Atlas images", "HiPS of J, H, Ks and colours", "branch of tiles",
          "hips, publish"),
    Stage("answers", "answer.launch.main", "queries", "tables, images", "request", "serve"),
    Stage("load", "publish.store.load", "catalogs", "tables beside the running ones", "release", "publish"),
    Stage("switch", "publish.switch.switch", "these tables", "TAP, SCS, SIA, ObsCore", "release", "publish"),
)


@dataclass(frozen=True)
class Task:
    """A unit of work of ``twomass reduce``: done once for each of ``per``, when all that it ``needs`` is settled.

    ``does`` is a function in ``processing/``; ``reads``: raw and reference files. What is done for a scan or band needs
    others for its own scan and band only. ``passing``: its files are for the tasks that need it, and go when these are
    done; it is done again only for them.
    """

    name: str
    does: str
    per: str
    needs: tuple
    reads: tuple
    passing: bool = False


TASKS = (
    Task("detector", "night.tasks.detector", "band", (), ("stills",)),
    Task("stars", "night.tasks.stars", "calibration scan", ("detector",), ("scan", "places", "standards")),
    Task("zero points", "night.tasks.zero_points", "night", ("stars",), ("standards",)),
    Task("seen", "night.tasks.seen", "science scan and band", ("detector",), ("scan",), True),
    Task("places", "night.tasks.places", "science scan", ("detector", "seen"), ("scan", "places", "standards"), True),
    Task("measured", "night.tasks.measured", "science scan and band", ("detector", "zero points", "places"), ("scan",),
         True),
    Task("extended", "night.tasks.extended", "science scan", ("zero points", "places", "measured"), (), True),
    Task("scan", "night.tasks.scan", "scan", ("detector", "stars", "zero points", "places", "measured", "extended"),
         ("scan", "places", "standards")),
    Task("page", "night.tasks.page", "night", ("detector", "stars", "zero points", "scan"), ()),
)


def rooms():
    """The rooms in the order in which light passes them."""
    return list(dict.fromkeys(stage.room for stage in STAGES))


def picture():
    """The flow as lines of text."""
    width = max(len(stage.name) for stage in STAGES)
    return "\n".join(
        f"{stage.name:{width}}  {stage.takes} -> {stage.makes}   [{stage.unit}; twomass {stage.command}]"
        for stage in STAGES
    )


if __name__ == "__main__":
    print(picture())

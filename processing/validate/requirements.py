"""What is asked of the survey: the rows of the release summary, word for word, with what 2MASS reached."""

from dataclasses import dataclass

from processing.validate import (
    astrometry, bright_stars, completeness, coverage, galaxies, precision, reliability, sensitivity, uniformity,
)  # fmt: skip
from processing.validate.figure import Figure
from processing.validate.statistics import unknown

POINT, BRIGHT = "Point Source Catalog", "Bright stars (Read1)"
EXTENDED, GENERAL = "Extended Source Catalog", "General Survey"


@dataclass(frozen=True)
class Requirement:
    """A row: ``item`` names it, ``text`` is what is required, ``reached`` what 2MASS did."""

    item: str
    category: str
    name: str
    text: str
    reached: str


REQUIREMENTS = (
    Requirement("sensitivity", POINT, "Photometric sensitivity",
                "10-sigma at 15.8, 15.1, 14.3 mag at J, H, Ks for |b| > 10 deg",
                "met for full unconfused sky, exceeded for most of it"),
    Requirement("uniformity", POINT, "Photometric uniformity",
                "< 4% maximum bias in photometric zero point around the sky", "< 2%"),
    Requirement("precision", POINT, "Photometric precision",
                "< 5% 1-sigma for bright stars unsaturated in the 1.3 s exposure", "< 3%"),
    Requirement("astrometry", POINT, "Astrometric accuracy",
                "< 0.5 arcsec 1-sigma relative to the reference frame", "< 0.1 arcsec"),
    Requirement("completeness", POINT, "Completeness",
                "> 0.99 at 10-sigma sensitivity limits", "met"),
    Requirement("reliability", POINT, "Reliability",
                "> 0.9995", "0.9997 in test areas"),
    Requirement("read1_bias", BRIGHT, "Read1 bias",
                "< 2% bias at Read1 saturation limit (Ks ~ 4.0 mag)", "< 4% at worst"),
    Requirement("read1_faint", BRIGHT, "Read1 repeatability, faint",
                "< 5% 1-sigma repeatability at Read1 faint limit (Ks ~ 8.0 mag)", "2%"),
    Requirement("read1_bright", BRIGHT, "Read1 repeatability, saturation",
                "< 10% 1-sigma repeatability at Read1 saturation limit (Ks ~ 4.0 mag)", "2%"),
    Requirement("read1_continuity", BRIGHT, "Read1 and Read2 agree",
                "none by itself; < 2% as the bias of Read1", "0.02-0.05 mag between observatories"),
    Requirement("extended_sensitivity", EXTENDED, "Photometric sensitivity",
                "10-sigma at J < 15.0, H < 14.2, Ks < 13.5 mag", "met"),
    Requirement("extended_precision", EXTENDED, "Photometric precision",
                "< 10% 1-sigma repeatability for H < 13.8 mag", "7-10%"),
    Requirement("extended_uniformity", EXTENDED, "Photometric uniformity",
                "< 10% maximum bias around sky", "< 4%"),
    Requirement("extended_completeness", EXTENDED, "Completeness",
                "> 0.90 for |b| > 30 deg", "met"),
    Requirement("extended_reliability", EXTENDED, "Reliability",
                "> 0.80 for 10 < |b| < 20 deg, > 0.99 for |b| > 20 deg", "0.93-0.95; 0.992-0.995"),
    Requirement("coverage", GENERAL, "Sky coverage",
                "> 95%", "99.998% imaged, 99.5% in point sources, 98% in extended sources"),
)  # fmt: skip

NOT_THERE = "The release has no extended sources."


def figures(evidence):
    """All figures, in the order of the requirements."""
    rooms = (sensitivity, uniformity, precision, astrometry, completeness, reliability, bright_stars, coverage)
    found = [figure for room in rooms for figure in room.figures(evidence)]
    found += galaxies.figures(evidence) if evidence.galaxies else _without_galaxies()
    order = [one.item for one in REQUIREMENTS]
    return sorted(found, key=lambda figure: order.index(figure.item))


def _without_galaxies():
    return [Figure(one.item, one.item, one.name.lower(), None, None, unknown(), NOT_THERE)
            for one in REQUIREMENTS if one.category == EXTENDED]  # fmt: skip

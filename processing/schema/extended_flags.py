"""The flags of the extended sources: character, meaning and rule, stated once, as ``flags`` does for the points.

Where a flag has several values that could apply, the first one listed wins. Source: All-Sky Explanatory Supplement,
section II.3a; the rules are those of ``processing.extended`` and ``processing.release.extended``.
"""

from processing.schema.bands import BANDS
from processing.schema.flags import Flag, Value

FIDUCIAL = ("k20fe", "fe", "k20fc", "fc", "j21fe", "j21fc")
"""Apertures of one size and shape for all bands; their radius is ``r_<name>``."""

OWN = ("e", "c", "i20e", "i20c", "i21e", "i21c")
"""Apertures that every band has of its own; their radius is ``<band>_r_<name>``."""

CIRCLES = (5, 7, 10, 15, 20, 25, 30, 40, 50, 60, 70)
"""Radii of the fixed circles, arcsec."""

FLAGGED = (*FIDUCIAL, *OWN, *map(str, CIRCLES))
"""Apertures with a confusion flag ``<band>_flg_<name>``."""

APERTURE = Flag("flg_k20fe", "Confusion of an aperture", False, (
    Value("9", "negative flux", "the light within the aperture is below the sky"),
    Value("4", "light of a bright star masked", "pixels within the mask of a bright star"),
    Value("5", "persistence", "pixels within a latent image"),
    Value("6", "beyond the edge", "pixels off the edge of the images"),
    Value("7", "neighbouring galaxy masked", "pixels within another extended source"),
    Value("2", "neighbour masked", "pixels of another source masked and filled"),
    Value("3", "star subtracted", "the profile of a neighbouring star taken away"),
    Value("1", "pixels masked in the image", "pixels that no frame saw well"),
    Value("0", "clean", "none of the others"),
))

EXTENDED_CC_FLG = Flag("cc_flg", "Contamination and confusion", False, (
    Value("A", "an artifact of a bright star", "spike, halo, stripe or latent image: not in the catalog"),
    Value("U", "unreliable: a fragment of a large galaxy",
          "inside a larger extended source and much fainter than it: not in the catalog"),
    Value("a", "affected by an artifact of a bright star", "where an artifact is, but too bright to be one"),
    Value("C", "near a bright star",
          "within the mask of a bright star for extended sources, but too bright to be of its light"),
    Value("z", "near a large galaxy", "inside a larger extended source, but too bright to be a part of it"),
    Value("Z", "from the Large Galaxy Atlas", "a row of the published catalog that was made by hand"),
    Value("0", "clean", "none of the others"),
))

VC = Flag("vc", "Visual check", False, (
    Value("-2", "unknown", "looked at without a result"),
    Value("-1", "not looked at", "published rows only"),
    Value("1", "galaxy", "looked at"),
    Value("2", "not extended: star, double or artifact", "looked at"),
))

ID_FLG = Flag("id_flg", "Known galaxy", False, (
    Value("1", "a known galaxy", "the galaxy named in id_cat is here"),
    Value("2", "of low central surface brightness", "found in the blocked images only (blk_fac)"),
    Value("0", "not in another catalog", "neither"),
))

BL_SUB_FLG = Flag("bl_sub_flg", "What was done to neighbours", False, (
    Value("3", "masked and subtracted", "n_blank and n_sub above 0"),
    Value("2", "subtracted", "n_sub above 0"),
    Value("1", "masked", "n_blank above 0"),
    Value("0", "nothing", "neither"),
))

EXTENDED_DUP_SRC = Flag("dup_src", "Apparitions in overlapping tiles", False, (
    Value("0", "no other apparition", "no source within 5 arcsec in an overlapping tile"),
    Value("1", "one other apparition", "one source within 5 arcsec"),
    Value("2", "two other apparitions: confused", "two sources within 5 arcsec"),
    Value("3", "three or more other apparitions: confused", "more than two sources within 5 arcsec"),
))

EXTENDED_USE_SRC = Flag("use_src", "Which apparition represents the source", False, (
    Value("1", "outside overlaps, or farthest from the edges of its scan", "duplicate resolution"),
    Value("0", "in an overlap without counterpart in the other tile", "duplicate resolution"),
))

EXTENDED_FLAGS = {flag.name: flag for flag in (
    EXTENDED_CC_FLG, VC, ID_FLG, BL_SUB_FLG, EXTENDED_DUP_SRC, EXTENDED_USE_SRC)}
EXTENDED_FLAGS |= {f"{band.letter}_flg_{name}": APERTURE for name in FLAGGED for band in BANDS}

"""The flags of the point sources: character, meaning and rule, stated once.

Where a flag has several values that could apply, the first one listed wins. The texts here are what the decoder says
and what the documentation prints. Source: All-Sky Explanatory Supplement, section II.2a.
"""

from dataclasses import dataclass

from processing.schema.bands import BANDS


@dataclass(frozen=True)
class Value:
    """One value of a flag: when it is given (``rule``) and what it tells a reader (``meaning``)."""

    character: str
    meaning: str
    rule: str


@dataclass(frozen=True)
class Flag:
    """A flag column; ``per_band``: one character a band, in the order J H Ks."""

    name: str
    description: str
    per_band: bool
    values: tuple[Value, ...]

    @property
    def characters(self):
        return "".join(value.character for value in self.values)

    def meaning(self, character):
        """What ``character`` tells; ValueError when the flag has no such value."""
        for value in self.values:
            if value.character == character:
                return value.meaning
        raise ValueError(f"{self.name}: {character!r} is not one of {', '.join(v.character for v in self.values)}")


PH_QUAL = Flag("ph_qual", "Photometric quality", True, (
    Value("X", "no magnitude", "rd_flg 9: the band has no image, or no usable brightness could be measured"),
    Value("U", "upper limit (95%)", "rd_flg 0 or 6"),
    Value("F", "magnitude without a reliable uncertainty", "rd_flg 1 or 3 and cmsig above 8 mag"),
    Value("E", "poor measurement", "rd_flg 2 and psfchi above 10, or rd_flg 4, or rd_flg 1 or 2 with scan S/N above 30 "
          "and detected on less than 0.4 of the frames (ndet)"),
    Value("A", "10-sigma measurement", "scan S/N above 10 and cmsig below 0.10857 mag"),
    Value("B", "7-sigma measurement", "scan S/N above 7 and cmsig below 0.15510 mag"),
    Value("C", "5-sigma measurement", "scan S/N above 5 and cmsig below 0.21714 mag"),
    Value("D", "measurement below 5 sigma", "any other measurement"),
))

RD_FLG = Flag("rd_flg", "Origin of the default magnitude", True, (
    Value("9", "no magnitude", "no image in the band, or nominally detected without a usable brightness"),
    Value("6", "upper limit: not resolved as in another band",
          "the band sees one source where another band resolves a pair"),
    Value("0", "upper limit: not detected", "the band has an image but no detection at this place"),
    Value("3", "fit to the wings of the image", "saturated in the 51 ms read"),
    Value("1", "aperture photometry of the 51 ms read", "saturated in the 1.3 s exposure"),
    Value("4", "aperture photometry of the 1.3 s exposure", "the profile fit did not converge"),
    Value("2", "profile fit to the 1.3 s exposure", "detected and not saturated"),
))

BL_FLG = Flag("bl_flg", "Number of components fitted together", True, (
    Value("0", "not detected or not consistently resolved", "rd_flg 0, 6 or 9"),
    Value("1", "one component", "a single profile, or an aperture magnitude"),
    *(Value(str(n), f"{n} components fitted together", f"a blend of {n}") for n in range(2, 7)),
    Value("7", "7 or more components fitted together", "a blend of 7 or more"),
))

CC_FLG = Flag("cc_flg", "Contamination and confusion", True, (
    Value("p", "persistence of a bright star seen just before",
          "at the place of a latent image (survey.yaml artifacts), but too bright to be one"),
    Value("c", "photometric confusion with a neighbour",
          "a neighbour nearer than survey.yaml confusion.radius, which grows with the neighbour's brightness"),
    Value("d", "on a diffraction spike",
          "on an arm of a bright star, where its light counts, but too bright to be a part of it"),
    Value("s", "on an electronic stripe",
          "on the rows of a very bright star or those 128 pixels away, but too bright to be made by it"),
    Value("b", "confused band merge", "another counterpart in a second band is about as probable as the chosen one"),
    Value("0", "clean, or not detected", "none of the others"),
))

DUP_SRC = Flag("dup_src", "Apparitions in overlapping tiles", False, (
    Value("0", "no other apparition", "no source within 2 arcsec in an overlapping tile"),
    Value("1", "one other apparition", "one source within 2 arcsec"),
    Value("2", "two other apparitions: confused", "two sources within 2 arcsec"),
    Value("3", "three or more other apparitions: confused", "more than two sources within 2 arcsec"),
))

USE_SRC = Flag("use_src", "Which apparition represents the source", False, (
    Value("1", "outside overlaps, or farthest from the edges of its scan", "duplicate resolution"),
    Value("0", "in an overlap without counterpart in the other tile", "duplicate resolution"),
))

GAL_CONTAM = Flag("gal_contam", "Contamination by an extended source", False, (
    Value("0", "none", "outside every extended source with r_k20fe above 10 arcsec"),
    Value("1", "identical with an extended source", "same object as one with r_k20fe above 10 arcsec"),
    Value("2", "inside an extended source", "within its K20 ellipse enlarged by 10%"),
))

MP_FLG = Flag("mp_flg", "Solar-system object", False, (
    Value("0", "none predicted here", "no known solar-system object predicted at this place and time"),
    Value("1", "a known solar-system object", "predicted at this place and time"),
))

OPTICAL = Flag("a", "Catalog of the optical counterpart within 5 arcsec", False, (
    Value("T", "Tycho-2", "a Tycho-2 star, moved to the epoch of observation, within 5 arcsec"),
    Value("U", "USNO-A2.0", "no Tycho-2 star but a USNO-A2.0 source within 5 arcsec"),
    Value("0", "none", "neither"),
))

FLAGS = {flag.name: flag for flag in (PH_QUAL, RD_FLG, BL_FLG, CC_FLG, DUP_SRC, USE_SRC, GAL_CONTAM, MP_FLG, OPTICAL)}


def decode(name, value, flags=FLAGS):
    """The words for a flag's value: a dict band name -> meaning for a flag of the bands, else one sentence.

    ``flags``: those of the table, EXTENDED_FLAGS of ``extended_flags`` for the extended sources.

    >>> decode("ph_qual", "AUX")["H"]
    'upper limit (95%)'
    """
    flag = flags[name]
    if not flag.per_band:
        return flag.meaning(str(value))
    if len(value) != len(BANDS):
        raise ValueError(f"{name}: expected {len(BANDS)} characters, found {value!r}")
    return {band.name: flag.meaning(character) for band, character in zip(BANDS, value)}


def as_markdown(flag):
    """The flag as a table of its values for the documentation."""
    rows = [f"| {v.character} | {v.meaning} | {v.rule} |" for v in flag.values]
    head = [f"**{flag.name}**: {flag.description}", "", "| value | meaning | rule |", "| --- | --- | --- |"]
    return "\n".join([*head, *rows])

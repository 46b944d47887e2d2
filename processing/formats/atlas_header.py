"""The header of an Atlas Image: the keywords of the real ones, in their order, with values that agree."""

from dataclasses import dataclass

import numpy as np
from astropy.io import fits

from processing import __version__
from processing.observatory import airmass, sidereal, zenith_distance

PERCENTILES = {"QT0227": 2.27, "QT0668": 6.68, "QT1586": 15.86, "QT3085": 30.85, "QT5000": 50.0, "QT6914": 69.14,
               "QT8413": 84.13, "QT9331": 93.31, "QT9772": 97.72}  # fmt: skip


def wcs_cards(centre, shape, twist):
    """Projection of an image of ``shape`` (rows, columns) centred on ``centre`` (ra, dec deg); ``twist`` in deg."""
    pixel = 0.0002777777845
    return [
        ("CTYPE1", "RA---SIN", "Orthographic Projection"),
        ("CTYPE2", "DEC--SIN", "Orthographic Projection"),
        ("CRPIX1", shape[1] / 2 + 0.5, "  Axis 1 Reference Pixel"),
        ("CRPIX2", shape[0] / 2 + 0.5, "  Axis 2 Reference Pixel"),
        ("CRVAL1", centre[0], "  RA  at Frame Center, J2000 (deg)"),
        ("CRVAL2", centre[1], "  Dec at Frame Center, J2000 (deg)"),
        ("CROTA2", twist, "  Image Twist +AXIS2 W of N, J2000 (deg)"),
        ("CDELT1", -pixel, "  Axis 1 Pixel Size (degs)"),
        ("CDELT2", pixel, "  Axis 2 Pixel Size (degs)"),
    ]


@dataclass(frozen=True)
class Origin:
    """How an image came about: ``command`` that made it, notes on the camera and on MAGZP, a line of HISTORY."""

    command: str
    camera: str
    zero_point: str
    history: str


def atlas_header(image, band, obs, wcs, origin, *, magzp, shape_parameter, dither):
    """Header of ``image`` (DN, NaN at its edges).

    ``obs`` says how it was observed (``simulate.observation.Observation`` or ``atlas.header.ScanView``), ``wcs`` are
    the cards of wcs_cards, ``origin`` the Origin, ``shape_parameter`` the SEESH, ``dither`` the cross-scan step of the
    frames in arcsec. SKYVAL, SKYSIG and the percentiles are measured on the image; SKYSIG is QT5000 - QT1586 as in the
    real ones.
    """
    levels = dict(zip(PERCENTILES, np.nanpercentile(image, list(PERCENTILES.values()))))
    noise = levels["QT5000"] - levels["QT1586"]
    cards = [("BLOCKED", True, "TAPE MAY BE BLOCKED IN MULTIPLES OF 2880"), *_sequence(band, obs, origin), *wcs]
    cards += [
        ("USXREF", -image.shape[1] / 2 - 0.5, "U-scan X at Grid (0,0)"),
        ("USYREF", round(_along(obs) * obs.frame * obs.step - image.shape[0] / 2), "U-scan Y at Grid (0,0)"),
        ("SKYVAL", _mode(image, levels), "Sky Estimate: mode of the pixels"),
        ("SKYSIG", noise, "Grid  Noise Estimate"),
        ("MAGZP", magzp, origin.zero_point),
        ("SEESH", round(shape_parameter, 4), "Seeing shape parameter"),
        ("DXFS", dither, "Cross-scan Frame Step (arcsec)"),
        ("DYFS", _along(obs) * obs.step, "    In-scan Frame Step (arcsec)"),
        ("PIXNAM", f"{origin.command} {__version__}", ""),
        *((name, level, f"{PERCENTILES[name]:5.2f} Percentile") for name, level in levels.items()),
        *_camera(band, obs),
        *_ends(obs),
    ]
    header = fits.Header()
    for name, value, comment in cards:
        header[name] = (float(value) if isinstance(value, np.floating) else value, comment)
    header.add_history(origin.history)
    return header


def _mode(image, levels):
    """Centre of the most crowded half of the pixels between the 2nd and 98th percentile: the sky below the stars."""
    values = np.sort(image[(image > levels["QT0227"]) & (image < levels["QT9772"])])
    half = len(values) // 4
    first = int(np.argmin(values[half:] - values[:-half]))
    return float(np.median(values[first : first + half]))


def _sequence(band, obs, origin):
    edge = min(abs(obs.dec_start), abs(obs.dec_end))
    sign = "n" if obs.dec_start > 1 else "s"
    minutes = int(obs.ra * 4)
    tile = f"{sign}{round(edge / 6) * 6:02d}{minutes // 60:02d}{minutes % 60:02d}"
    return [
        ("ORDATE", f"{obs.date:%y%m%d}", "Observation Ref Date (yymmdd)"),
        ("DAYNUM", f"{obs.day_number:04d}", "Observation Day Num"),
        ("FN_PRFX", f"{band}{obs.day_number:04d}{obs.scan:03d}", ".rdo and .par filename prefix"),
        ("TYPE", obs.type, "Scan type: dar flt sci cal tst"),
        ("SCANNO", obs.scan, "Scan Number"),
        ("SCANDIR", obs.direction, "Scan Direction: n, s, -"),
        *([("STRIP_ID", obs.tile, "Strip ID (OV)")] if obs.tile is not None else []),
        ("POSITNID", tile, "Position ID (OV)"),
        ("ORIGIN", "2MASS", origin.camera),
    ]


def _camera(band, obs):
    zenith, _ = zenith_distance(obs.middle, obs.ra, _declination(obs), obs.site)
    return [
        ("TIMER0", 52, "Read1 time (millisecs)"),
        ("TIMER1", 1298, "Read2-Read1 time (millisecs)"),
        ("TIMER2", obs.site.settling, "Secondary settling time (millisecs)"),
        ("UT_OFF1", 0.743, "UT Offset (IC),SOS to frm#1 Cntr (secs)"),
        ("IS_OFF1", -obs.site.lead, "In-Scan Offset (IN),SOS to f#1 Dec Cntr(ASec)"),
        ("IS_OFF2", obs.site.trail, "In-Scan Offset(IN),EOS to End Frm Dec Ctr(AS)"),
        ("NUMFRMS", obs.site.frames, "Total Number of Frames in this Scan"),
        ("TELNAME", obs.site.name, obs.site.note),
        ("FILTER", band, "Band: j, h, k"),
        ("UT_DATE", f"{obs.middle:%y%m%d}", "UT Date of Frame (IC) (yymmdd)"),
        ("UT", _clock(obs.middle), "Time of Frame (IC) (sxgsml)"),
        ("AMASS_FC", airmass(zenith), "Airmass (aprox) at this Frame (IC) (unitless)"),
        ("EQUINOX", 2000.0, "Equinox at SOS"),
    ]


def _declination(obs):
    return obs.dec_start + _along(obs) * (obs.site.lead + obs.frame * obs.step) / 3600


def _along(obs):
    """The sign of the motion in declination."""
    return 1 if obs.direction == "n" else -1


def _ends(obs):
    """What the headers say of the start (SOS) and the end (EOS) of the scan."""
    cards = []
    for name, when, dec in (("SOS", obs.start, obs.dec_start), ("EOS", obs.end, obs.dec_end)):
        zenith, angle = zenith_distance(when, obs.ra, dec, obs.site)
        cards += [
            (f"DATE_{name}", f"{when:%y%m%d}", f"Date at {name} (yymmdd)"),
            (f"AM_{name}", airmass(zenith), f"Airmass at {name} (unitless)"),
            (f"ZD_{name}", zenith, f"Zenith Distance at {name} (degs)"),
            (f"HA_{name}", _sexagesimal(angle, signed=True), f"Hour Angle at {name} (sxgsml)"),
            (f"UT_{name}", _clock(when), f"UT at {name} (sxgsml)"),
            (f"ST_{name}", _sexagesimal(sidereal(when, obs.site)), f"Sidereal time at {name} (sxgsml)"),
            (f"RA_{name}", _sexagesimal(obs.ra / 15), f"RA at {name}, epoch 2000 (sxgsml)"),
            (f"DEC_{name}", _sexagesimal(dec, signed=True), f"Dec at {name}, epoch 2000 (sxgsml)"),
        ]
    return cards


def _clock(when):
    return f"{when:%H:%M:%S}.{when.microsecond // 10000:02d}"


def _sexagesimal(value, signed=False):
    hundredths = round(abs(value) * 360000)
    sign = ("-" if value < 0 else "+") if signed else ""
    return f"{sign}{hundredths // 360000:02d}:{hundredths // 6000 % 60:02d}:{hundredths / 100 % 60:05.2f}"

"""The page of a night: plain HTML with its figures inside, and small pictures beside it in ``pages/``."""

from html import escape
from pathlib import Path

import numpy as np

from processing import __version__
from processing.formats.raw_night import LETTERS
from processing.formats.whole import whole_file
from processing.quality import plots
from processing.quality.night_data import gather
from processing.quality.table import scan_table

CSS = Path(__file__).with_name("page.css")
SITES = {"n": "northern telescope, Mt Hopkins", "s": "southern telescope, CTIO"}


def write_page(place, night, rows, outcomes):
    """Write ``index.html`` of a night; returns the paths. ``rows``: of its status table; ``outcomes``: of its units."""
    data = gather(place, night, rows, outcomes)
    with whole_file(place.page) as partial:
        partial.write_text(page(data), encoding="utf-8")
    return (place.page,)


def page(data):
    """The HTML of a NightData."""
    parts = (_overview(data), _zero_points(data), _conditions(data), _astrometry(data), _photometry(data),
             _scans(data), _fields(data))  # fmt: skip
    title = f"Night {data.night.name}"
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<style>\n{CSS.read_text()}</style>\n"
            f"</head>\n<body>\n{_header(data, title)}\n<main>\n{''.join(parts)}</main>\n"
            f"<footer>Written by twomass reduce {__version__}. Beside this page: status.ecsv, calibration.json, and a "
            "folder for each scan.</footer>\n</body>\n</html>\n")  # fmt: skip


def _header(data, title):
    links = {"zero-points": "Zero points", "conditions": "Seeing and background", "astrometry": "Astrometry",
             "photometry": "Photometry", "scans": "Scans", "fields": "Atlas fields"}  # fmt: skip
    nav = "".join(f'<a href="#{anchor}">{name}</a>' for anchor, name in links.items())
    where = SITES[data.night.hemisphere]
    return f"<header><h1>{title}</h1><p>{data.night.date}, {where}. {_verdict(data)}</p><nav>{nav}</nav></header>"


def _verdict(data):
    on_sky = [row for row in data.rows if row["type"] in ("sci", "cal")]
    states = [row["state"] for row in on_sky]
    words = [f"{states.count('done')} of {len(on_sky)} scans are complete"]
    words += [f"{states.count(state)} {word}" for state, word in (("partial", "lack a band"), ("failed", "failed"))
              if states.count(state)]  # fmt: skip
    bad = sum(row["state"] != "done" for row in data.rows if row not in on_sky)
    return ", ".join(words) + (f", {bad} of the darks and flats could not be used" if bad else "") + "."


def _overview(data):
    scores = [value for seq, value in data.values("score").items() if data.night.sequence(seq).type == "sci"]
    tiles = [("sources", f"{sum(row['rows'] for row in data.rows):,}".replace(",", " "), "rows of all scans")]
    if scores:
        tiles.append(("score", f"{np.median(scores):.0f}", f"median of {len(scores)} science scans, 0 to 10"))
    tiles += [tile for tile in (_median_tile(data, "seeing", "seeing J H Ks, arcsec", 2),
                                _median_tile(data, "limit", "S/N 10 at J H Ks, mag", 1)) if tile]  # fmt: skip
    return '<div class="tiles">' + "".join(
        f'<div class="tile"><b>{value}</b><span>{escape(label)}</span></div>' for _, value, label in tiles) + "</div>\n"


def _median_tile(data, what, label, digits):
    """Medians of the bands over the night; None without any."""
    found = [_median(data.values("bands", band, what)) for band in LETTERS]
    told = " ".join("-" if value is None else f"{value:.{digits}f}" for value in found)
    return (what, told, label) if any(value is not None for value in found) else None


def _median(values):
    numbers = [v for value in values.values() for v in np.ravel(value) if v is not None]
    return float(np.median(numbers)) if numbers else None


def _section(anchor, title, text, *parts):
    return f'<section id="{anchor}"><h2>{title}</h2><p>{text}</p>{"".join(parts)}</section>\n'


def _plot(svg, otherwise):
    return f'<div class="plot">{svg}</div>' if svg else f'<p class="missing">{escape(otherwise)}</p>'


def _zero_points(data):
    why = data.problem or "No calibration scan was finished."
    svg = plots.figure(plots.zero_points, data, rows=3, height=1.75, sharex=True)
    notes = [] if data.calibration is None else [
        *(note for solved in data.calibration.bands.values() for note in solved.notes),
        *data.calibration.failures.values()]  # fmt: skip
    text = ("Magnitude of 1 DN at airmass 1. Points: visits to calibration fields; line and band: the chosen curve and "
            "its error. Grey ticks at the foot: scans.")  # fmt: skip
    return _section("zero-points", "Zero points", text, _plot(svg, why), _notes(notes))


def _notes(notes):
    return f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul>' if notes else ""


def _conditions(data):
    svg = plots.figure(plots.along_the_night, data, rows=2, height=1.9, sharex=True)
    text = "Width of the stars and level of the sky along every scan, from groups of frames."
    return _section("conditions", "Seeing and background", text, _plot(svg, "No scan was finished."))


def _astrometry(data):
    text = ("Above: reference stars against their catalog, of all scans. Below: what the place of a star in one frame "
            "differs by from its mean over the scan.")  # fmt: skip
    stars = plots.figure(plots.reference_stars, data, columns=2, height=2.9)
    frames = plots.figure(plots.frame_residuals, data, height=1.7)
    notes = sorted({content["quality"]["astrometry"]["note"] for content in data.scans.values()} - {""})
    return _section("astrometry", "Astrometry", text, _plot(stars, "No reference star was used in any scan."),
                    _plot(frames, "No scan was finished."), _notes(notes))  # fmt: skip


def _photometry(data):
    text = ("Stars measured in several scans of a visit. Points: what measurements of a star differ by; dotted: the "
            "errors as the fit gives them, line: as they are quoted after the correction below.")  # fmt: skip
    scatter = plots.figure(plots.repeatability, data, columns=3, height=2.7, sharey=True)
    ratio = plots.figure(plots.pulls, data, columns=3, height=1.8, sharey=True)
    depth = plots.figure(plots.depth, data, height=1.7)
    return _section("photometry", "Photometry", text,
                    _plot(scatter, "No star was measured in several scans of a visit."),
                    _plot(ratio, "Too few repeated stars to judge the errors."), _notes(_corrections(data)),
                    _plot(depth, "No scan was finished."))  # fmt: skip


def _corrections(data):
    for band, found in (data.calibration.errors if data.calibration else {}).items():
        name = plots.NAME[band]
        yield f"{name}: {found['note']}" if found["note"] else (
            f"{name}: errors of all scans times {found['factor']:.2f} and {1000 * found['floor']:.1f} mmag added in "
            f"quadrature, from {found['stars']} stars: scatter over error {found['pull']:.2f} before, "
            f"{found['pull_after']:.2f} after. Scans of a visit differ by {1000 * found['scan_scatter']:.1f} mmag "
            "among each other.")  # fmt: skip


def _scans(data):
    text = ("The score is that of the survey, 10 is best. A scan that lacks a band is listed with the others; one that "
            "failed has no sources.")  # fmt: skip
    return _section("scans", "Scans", text, scan_table(data))


def _fields(data):
    figures = [_figure(data, seq, name) for seq, numbers in data.numbers.items() for name in numbers["pictures"]]
    text = "Ks red, H green, J blue, one asinh stretch; north is up, east left. A click opens the picture alone."
    body = f'<div class="fields">{"".join(figures)}</div>' if figures else (
        '<p class="missing">No scan was finished.</p>')  # fmt: skip
    return _section("fields", "Atlas fields", text, body)


def _figure(data, seq, name):
    anchor = Path(name).stem.replace("_", "-")
    number, row = int(Path(name).stem.split("_")[1]), data.night.sequence(seq)
    image = next(one for one in data.scans[seq]["images"] if one["coadd"] == number)
    told = f"{image['ra']:.3f} {image['dec']:+.3f}"
    return (f'<figure id="{anchor}"><a href="pages/{name}"><img src="pages/{name}" loading="lazy" '
            f'alt="scan {seq} image {number}"></a>'
            f'<figcaption><a href="#scan-{seq:03d}">scan {seq}</a>, image {number}, '
            f"{row.type} {escape(row.tile)}<br>{told}</figcaption></figure>")  # fmt: skip

"""level1.html: the table of requirements as the release summary has it, and the evidence for every row."""

from html import escape
from pathlib import Path

import numpy as np

from processing.quality.page import CSS
from processing.validate import plots
from processing.validate.notes import note

OWN_CSS = Path(__file__).with_name("page.css")
WORDS = {"met": "requirements met", "not met": "requirements not met", "too few": "with too few objects to tell",
         "not measured": "not measured"}  # fmt: skip
SUMMARY = {"uniformity": "largest"}
"""The measure that stands in the table where a requirement has several."""


def page(content):
    """The HTML of what level1.json holds; the same bytes for the same content."""
    title = f"Level 1 requirements of {content['release']}"
    sections = [_preview(content["preview"]), *(_requirement(asked, content) for asked in _shown(content)),
                _caveats(content["caveats"])]  # fmt: skip
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<style>\n{CSS.read_text()}{OWN_CSS.read_text()}</style>\n</head>\n<body>\n"
            f"{_header(content, title)}\n<main>\n"
            f"{_tiles(content)}{_table(content)}{''.join(sections)}</main>\n"
            f"<footer>Written by twomass validate {escape(content['version'])}. Beside this page: level1.json "
            "(everything, for programs) and level1.parquet (the table that is published as twomass.level1).</footer>\n"
            "</body>\n</html>\n")  # fmt: skip


def _header(content, title):
    own = [(one["item"], one["name"]) for one in _shown(content)]
    links = [("table", "Table"), ("preview", "Sky and counts"), *own, ("caveats", "Caveats")]
    nav = "".join(f'<a href="#{anchor}">{name}</a>' for anchor, name in links)
    preview = content["preview"]
    return (f"<header><h1>{escape(title)}</h1><p>{_grouped(preview['sources'])} point sources, "
            f"{_grouped(preview['catalog_level'])} of them at catalog level, from {len(preview['scans'])} scans. "
            f"Newest input: {escape(content['created'])}.</p>"
            f"<nav>{nav}</nav></header>")  # fmt: skip


def _grouped(number):
    return f"{number:,}".replace(",", " ")


def _shown(content):
    """Requirements with a section of their own: those of the extended sources only where there are some."""
    measured = {row["item"] for row in content["figures"] if row["basis"] is not None}
    return [one for one in content["requirements"] if not one["item"].startswith("extended") or one["item"] in measured]


def _tiles(content):
    verdicts = [one["verdict"] for one in content["requirements"]]
    tension = [abs(row["tension"]) for row in content["figures"] if row["tension"] is not None]
    tiles = [(str(verdicts.count(word)), told) for word, told in WORDS.items()]
    if tension:
        agree = sum(row["agrees"] is True for row in content["figures"])
        tiles.append((f"{agree} of {len(tension)}",
                      f"figures from repeats agree with the truth; median {np.median(tension):.1f} sigma"))  # fmt: skip
    return '<div class="tiles">' + "".join(
        f'<div class="tile"><b>{value}</b><span>{escape(label)}</span></div>' for value, label in tiles) + "</div>\n"


def chip(word):
    """A verdict as a coloured label."""
    return f'<span class="chip {word.replace(" ", "-")}">{word}</span>'


def _table(content):
    head = "".join(f"<th>{name}</th>" for name in ("", "Requirement", "Performance", "2MASS", "Verdict"))
    rows, category = [], None
    for asked in content["requirements"]:
        if asked["category"] != category:
            category = asked["category"]
            rows.append(f'<tr><td class="category" colspan="5">{escape(category)}</td></tr>')
        rows.append(_summary_row(asked, content))
    return ('<section id="table"><h2>Requirements and performance</h2><p>Each figure with one sigma; how many objects '
            'are behind it, and how it was measured, is told below.</p><div class="scroll"><table class="summary">'
            f'<thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div></section>\n')  # fmt: skip


def _summary_row(asked, content):
    name = escape(asked["name"])
    link = f'<a href="#{asked["item"]}">{name}</a>' if asked in _shown(content) else name
    cells = (("Requirement", escape(asked["requirement"])), ("Performance", _performance(asked["item"], content)),
             ("2MASS reached", escape(asked["reached"])), ("Verdict", chip(asked["verdict"])))  # fmt: skip
    told = "".join(f'<td data-head="{head}"{_kind(head)}>{cell}</td>' for head, cell in cells)
    return f"<tr><td><b>{link}</b></td>{told}</tr>"


def _kind(head):
    return ' class="performance"' if head == "Performance" else ""


def _performance(item, content):
    """A line for each source of figures: the bands side by side."""
    lines, rows = {}, [row for row in content["figures"] if row["item"] == item and row["measured"] is not None]
    first = [row for row in rows if row["measure"] == SUMMARY.get(item)] or rows
    for row in first:
        if row["threshold"] is not None:
            lines.setdefault((row["quantity"], row["basis"]), []).append(row)
    told = "".join(f'<div><span class="basis">{_source(*key)}</span><div>{" ".join(_one(row) for row in rows)} '
                   f'{rows[0]["unit"] or ""}</div></div>' for key, rows in lines.items())  # fmt: skip
    return told or '<span class="nothing">not measured</span>'


def _source(quantity, basis):
    """A word for where a figure is from."""
    known = {"overlap": "overlaps", "visits": "visits", "imaged": "imaged", "point sources": "points",
             "extended sources": "extended"}  # fmt: skip
    for words, short in known.items():
        if words in quantity and basis != "truth":
            return short
    return escape(basis)


def _one(row):
    band = f'<span class="band">{row["band"]}</span>' if row["band"] else ""
    return f'<span class="one">{band}{number({**row, "unit": row["unit"] and ""})}</span>'


def number(row):
    """A figure with its error: digits as the error asks for; a share that is not in the middle of its interval with its
    ends."""
    value, low, high = row["measured"], row["low"], row["high"]
    digits = int(np.clip(1 - np.floor(np.log10(max(row["error"], 1e-12))), 0, 6))
    unit = f" {row['unit']}" if row["unit"] else ""
    if row["unit"] is None and row["basis"] != "geometry":
        return f"{value:.{digits}f} <small>({low:.{digits}f} to {high:.{digits}f})</small>"
    return f"{value:.{digits}f} <small>± {row['error']:.{digits}f}</small>{unit}"


def _requirement(asked, content):
    rows = [row for row in content["figures"] if row["item"] == asked["item"]]
    svg = plots.plot(asked["item"], rows)
    known = any(row["measured"] is not None for row in rows)
    otherwise = "" if known else '<p class="missing">No figure could be measured.</p>'
    plot = f'<div class="plot">{svg}</div>' if svg else otherwise
    return (f'<section id="{asked["item"]}"><h2>{escape(asked["name"])}{chip(asked["verdict"])}</h2>'
            f'<dl class="asked"><dt>Required</dt><dd>{escape(asked["requirement"])}</dd><dt>2MASS reached</dt>'
            f'<dd>{escape(asked["reached"])}</dd></dl>{_figures(rows)}{plot}{_methods(rows)}</section>\n')  # fmt: skip


HEADS = ("figure", "band", "from", "value", "required", "objects", "verdict", "against the truth")
NUMBERS = {"value", "required", "objects", "against the truth"}


def _figures(rows):
    head = "".join(f"<th{_side(name)}>{name}</th>" for name in HEADS)
    body = "".join(f"<tr>{_line(row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _line(row):
    return "".join(f"<td{_side(name, row)}>{cell}</td>" for name, cell in zip(HEADS, _cells(row)))


def _side(name, row=None):
    if name == "against the truth" and row is not None and row["agrees"] is False:
        return ' class="number off"'
    return ' class="number"' if name in NUMBERS else ""


def _cells(row):
    required = "" if row["threshold"] is None else escape(f"{row['sense']} {row['threshold']:g}")
    objects = _grouped(row["objects"]) if row["objects"] else ""
    objects += f"<br><small>{_grouped(row['needed'])} would tell</small>" if row["needed"] else ""
    tension = "" if row["tension"] is None else f"{row['tension']:+.1f} &sigma;"
    value = "" if row["measured"] is None else number(row)
    more = f"<br><small>{escape(note(row))}</small>" if note(row) else ""
    return (escape(row["quantity"]) + more, row["band"] or "", row["basis"] or "", value, required, objects,
            chip(row["verdict"]), tension)  # fmt: skip


def _methods(rows):
    texts = {row["method"]: row for row in reversed(rows)}
    told = "".join(f"<p><b>{escape(_named(row))}.</b> {escape(method)}</p>" for method, row in reversed(texts.items()))
    return f"<details open><summary>How it was measured</summary>{told}</details>"


def _named(row):
    """A figure's name with what it is from."""
    quantity = row["quantity"][0].upper() + row["quantity"][1:]
    return f"{quantity} ({row['basis']})" if row["basis"] else quantity


def _preview(preview):
    parts = [f'<div class="plot">{svg}</div>' for svg in (plots.sky(preview), plots.counts(preview)) if svg]
    return ('<section id="preview"><h2>Sky coverage and source counts</h2><p>Outlines of the scans of the release, and '
            f'how many sources were measured in each band.</p>{"".join(parts)}</section>\n')  # fmt: skip


def _caveats(sentences):
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) or "<li>None found.</li>"
    return ('<section id="caveats"><h2>Caveats</h2><p>Found in the data of this release by the program that wrote this '
            f'page.</p><ul class="caveats">{items}</ul></section>\n')  # fmt: skip

"""The table of the sequences of a night as HTML."""

from html import escape

from processing.formats.raw_night import LETTERS

HEADS = ("scan", "type", "tile", "", "UTC", "state", "score", "rows", "extended", "seeing J H Ks", "S/N 10 at J H Ks", "s", "GB",
         "reason")  # fmt: skip
NUMBERS = {"scan", "rows", "extended", "score", "seeing J H Ks", "S/N 10 at J H Ks", "s", "GB"}
HUES = {0: "#c8402f", 4: "#c98a1b", 7: "#7d9b3f", 9: "#2f9e6e"}
"""Colour of a score from this number on."""


def scan_table(data):
    """Rows of a NightData: every sequence, with its state and why."""
    head = "".join(f"<th{_kind(name)}>{name}</th>" for name in HEADS)
    rows = "".join(_row(data, row) for row in data.rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(data, row):
    sequence, seq = data.night.sequence(row["seq"]), row["seq"]
    content = data.scans.get(seq)
    quality = content["quality"] if content else None
    cells = (_link(data, seq), row["type"], escape(row["tile"]), sequence.direction.strip("-"), sequence.start[11:16],
             f'<span class="{row["state"]}">{row["state"]}</span>', _score(quality), row["rows"] or "",
             row.get("extended") or "",
             _three(quality, "seeing", 2), _three(quality, "limit", 1), row["seconds"] or "", _memory(row),
             escape(_reason(row, quality)))  # fmt: skip
    told = "".join(f"<td{_kind(name)}>{cell}</td>" for name, cell in zip(HEADS, cells))
    return f'<tr id="scan-{seq:03d}">{told}</tr>'


def _kind(name):
    return ' class="number"' if name in NUMBERS else ' class="reason"' if name == "reason" else ""


def _link(data, seq):
    """The scan's number, linked to its first picture."""
    pictures = data.numbers.get(seq, {}).get("pictures")
    anchor = pictures[0].removesuffix(".jpg").replace("_", "-") if pictures else None
    return f'<a href="#{anchor}">{seq}</a>' if anchor else str(seq)


def _score(quality):
    if quality is None:
        return ""
    hue = HUES[max(least for least in HUES if least <= quality["score"])]
    return f'<span class="score" style="background:{hue}">{quality["score"]}</span>'


def _reason(row, quality):
    return "; ".join(filter(None, [row["reason"], *(quality["reasons"] if quality else ())]))


def _three(quality, what, digits):
    """A number of each band; its mean where there are several along the scan."""
    if quality is None:
        return ""
    return " ".join(_told(quality["bands"].get(band, {}).get(what), digits) for band in LETTERS)


def _told(value, digits):
    values = [v for v in (value if isinstance(value, list) else [value]) if v is not None]
    return f"{sum(values) / len(values):.{digits}f}" if values else "-"


def _memory(row):
    return f"{row['memory']:.2f}" if row["memory"] else ""

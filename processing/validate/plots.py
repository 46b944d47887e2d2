"""The plots of level1.html: what each requirement's figures rest on, drawn from the content of level1.json."""

import numpy as np

from processing.config import survey
from processing.quality.plots import COLOUR, GREY, NAME, PALE, figure
from processing.schema import BANDS

LETTERS = tuple(NAME)
INK = "#20262e"
MARK = {"repeats": "o", "truth": "s", "reference": "^"}
STYLES = {"scans that overlap": ("o-", "overlaps"), "visits to calibration fields": ("D--", "visits"),
          "the catalog": ("s:", "truth")}  # fmt: skip


def plot(item, rows):
    """The SVG of a requirement from its rows of level1.json; None when there is nothing to show."""
    draw = {"sensitivity": _sensitivity, "uniformity": _uniformity, "precision": _precision, "astrometry": _astrometry,
            "completeness": _completeness, "reliability": _reliability, "read1_bias": _bright, "read1_faint": _repeats,
            "read1_bright": _repeats, "coverage": _coverage, "extended_precision": _galaxy_scatter,
            "extended_sensitivity": _galaxy_scatter,
            "extended_completeness": _galaxy_completeness}.get(item)  # fmt: skip
    rows = [row for row in rows if row["basis"]]
    return draw(rows) if draw and rows else None


def sky(preview):
    """The map of scans, coloured by the number of sources."""
    return figure(_sky, preview, height=3.0) if preview["scans"] else None


def counts(preview):
    """Number of sources by magnitude."""
    return figure(_counts, preview, height=2.6) if preview["sources"] else None


def _of(rows, **wanted):
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def _style(row):
    """Line and name of a row's evidence."""
    where = row["quantity"].rsplit(", ", 1)[-1]
    if row["basis"] == "truth" and where in STYLES and where != "the catalog":
        return ":", f"truth, {STYLES[where][1]}"
    return STYLES.get(where, ("s:", "truth") if row["basis"] == "truth" else ("D--", "visits"))


def _bands(draw, rows, height, **keywords):
    """One panel a band; ``draw(axis, letter, rows of the band)``."""

    def all_bands(axes):
        for axis, band in zip(axes, BANDS):
            own = _of(rows, band=band.name)
            axis.set_title(band.name)
            for row in own:
                draw(axis, band.letter, row)
        _share_legend(axes)

    return figure(all_bands, columns=3, height=height, **keywords)


def _share_legend(axes):
    handles = {}
    for axis in axes:
        handles |= dict(zip(*axis.get_legend_handles_labels()[::-1]))
    if handles:
        axes[0].legend(handles.values(), handles.keys(), fontsize=7)


def _line(axis, letter, row, scale=1.0):
    curve, (style, name) = row["detail"]["curve"], _style(row)
    axis.plot(curve["x"], scale * np.array(curve["scatter"], float), style, color=COLOUR[letter], ms=3, label=name,
              mfc="white" if row["basis"] == "truth" else None)  # fmt: skip


def _sensitivity(rows):
    wanted = survey().validate.ten_sigma

    def scatter(axis, letter, row):
        _line(axis, letter, row)
        axis.axhline(wanted, color=GREY, lw=0.8)
        axis.set(yscale="log", ylim=(0.01, 0.4), xlim=(-3.5, 1.2), xlabel="mag fainter than the scan's limit")
        axis.set_yticks([0.01, 0.03, 0.1, 0.3], ["0.01", "0.03", "0.1", "0.3"])
        axis.minorticks_off()
        if letter == "j":
            axis.set_ylabel("scatter, mag")

    def limits(axis, letter, row):
        shift = {"repeats": -0.15, "truth": 0.15}[row["basis"]]
        values = list(row["detail"]["limits"].values())
        axis.plot(np.arange(len(values)) + shift, values, MARK[row["basis"]], ms=4, color=COLOUR[letter],
                  mfc=None if row["basis"] == "repeats" else "white", label=_style(row)[1])
        axis.axhline(row["threshold"], color=GREY, lw=0.8)
        axis.set(xlabel="scan", xticks=[])
        if letter == "j":
            axis.set_ylabel("10 sigma, mag")

    return _bands(scatter, rows, 2.5, sharey=True) + _bands(limits, rows, 1.9)


def _uniformity(rows):
    def draw(axis, letter, row):
        if row["measure"] != "largest":
            return
        found = row["detail"]["overlaps"]
        shift = {"repeats": -0.12, "truth": 0.12}[row["basis"]]
        axis.axhspan(-row["threshold"], row["threshold"], color=PALE, alpha=0.35, lw=0)
        axis.errorbar(np.arange(len(found)) + shift, [one["offset"] for one in found], [one["error"] for one in found],
                      fmt=MARK[row["basis"]], color=COLOUR[letter], ms=4, lw=1,
                      label="truth" if row["basis"] == "truth" else "overlaps",
                      mfc="white" if row["basis"] == "truth" else None)  # fmt: skip
        axis.set(xlabel="overlap of two scans", xticks=[])
        if letter == "j":
            axis.set_ylabel("difference of zero points, mag")

    return _bands(draw, rows, 2.5, sharey=True)


def _precision(rows):
    def draw(axis, letter, row):
        _line(axis, letter, row, 100)
        axis.axhline(100 * row["threshold"], color=GREY, lw=0.8)
        axis.set(xlabel=f"{NAME[letter]}, mag", ylim=(0, 130 * row["threshold"]))
        if letter == "j":
            axis.set_ylabel("scatter, %")

    return _bands(draw, rows, 2.4, sharey=True)


def _galaxy_scatter(rows):
    """Scatter in the circle of 7 arcsec by magnitude."""
    def draw(axis, letter, row):
        _line(axis, letter, row, 100)
        axis.set(xlabel=f"{NAME[letter]} of a galaxy, mag", yscale="log", ylim=(0.5, 50))
        axis.set_yticks([1, 3, 10, 30], ["1", "3", "10", "30"])
        axis.minorticks_off()
        if letter == "j":
            axis.set_ylabel("scatter, %")

    wanted = [row for row in rows if "7 arcsec" in row["quantity"] and row["detail"]["curve"]["x"]]
    return _bands(draw, wanted, 2.4, sharey=True) if wanted else None


def _galaxy_completeness(rows):
    def draw(axis, letter, row):
        curve = row["detail"]["curve"]
        error = np.abs(np.array([curve["low"], curve["high"]]) - np.array(curve["value"]))
        axis.errorbar(curve["x"], curve["value"], error, fmt="s-", color=COLOUR[letter], ms=3, lw=1, mfc="white")
        axis.axhline(survey().validate_extended.completeness, color=GREY, lw=0.8)
        axis.axvline(survey().validate_extended.limit[LETTERS.index(letter)], color=GREY, lw=0.8, ls=":")
        axis.set(xlabel=f"{NAME[letter]} of a galaxy, mag", ylim=(0, 1.05))
        if letter == "j":
            axis.set_ylabel("found")

    wanted = [row for row in rows if row["detail"].get("curve") and row["detail"]["curve"]["x"]]
    return _bands(draw, wanted, 2.4, sharey=True) if wanted else None


def _astrometry(rows):
    def draw(axis):
        for row, colour in zip(rows, (COLOUR["j"], COLOUR["h"], COLOUR["k"], INK)):
            style, name = _style(row) if row["basis"] != "reference" else ("^-.", "Tycho-2")
            curve = row["detail"]["curve"]
            axis.plot(curve["x"], curve["scatter"], style, color=colour, ms=4, label=name)
        axis.set(xlabel="J, mag", ylabel="error on an axis, arcsec", ylim=(0, None))
        axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))

    return figure(draw, height=2.2)


def _completeness(rows):
    def draw(axis, letter, row):
        curve, (style, name) = row["detail"]["curve"], _style(row)
        value, low, high = (np.array(curve[key], float) for key in ("value", "low", "high"))
        ends = [np.maximum(value - low, 0), np.maximum(high - value, 0)]
        axis.errorbar(curve["x"], value, ends, fmt=style, color=COLOUR[letter], ms=3, lw=1, label=name,
                      mfc="white" if row["basis"] == "truth" else None)  # fmt: skip
        axis.axhline(row["threshold"], color=GREY, lw=0.8)
        limit = survey().scan_quality.limit[LETTERS.index(letter)]
        axis.axvspan(limit - survey().validate.bin, limit, color=PALE, alpha=0.6, lw=0)
        axis.set(xlabel=f"{NAME[letter]}, mag", xlim=(limit - 5.5, limit + 1.3), ylim=(0.9, 1.005))
        if letter == "j":
            axis.set_ylabel("completeness")

    return _bands(draw, rows, 2.5, sharey=True)


def _reliability(rows):
    def draw(axis):
        for n, row in enumerate(rows):
            if row["measured"] is None:
                continue
            ends = [max(1 - row["high"], 1e-6), max(1 - row["low"], 1e-6)]
            axis.plot(ends, [n, n], color=COLOUR["j"], lw=4, alpha=0.35, solid_capstyle="butt")
            axis.plot(max(1 - row["measured"], 1e-6), n, "o", color=COLOUR["j"], ms=5)
        axis.axvline(1 - survey().validate.reliability, color=GREY, lw=0.8)
        axis.set(xscale="log", xlim=(2e-6, 0.1), ylim=(len(rows) - 0.5, -0.5), xlabel="share not confirmed, or false")
        axis.set_yticks(range(len(rows)), [_style(row)[1] for row in rows])
        axis.tick_params(axis="y", length=0)

    return figure(draw, height=1.7)


def _bright(rows):
    return _magnitudes(rows, "measured - true, mag")


def _repeats(rows):
    return _magnitudes(_of(rows, basis="repeats"), "deviation, mag")


def _magnitudes(rows, label):
    """Differences against magnitude of Read1 stars, a panel a band."""
    if not any(row["detail"].get("mag") for row in rows):
        return None

    def draw(axis, letter, row):
        axis.plot(row["detail"].get("mag", []), row["detail"].get("difference", []), ".", ms=4, color=COLOUR[letter])
        axis.axhline(0, color=GREY, lw=0.8)
        axis.set(xlabel=f"{NAME[letter]}, mag", ylim=(-0.15, 0.15))
        if letter == "j":
            axis.set_ylabel(label)

    return _bands(draw, rows, 2.1, sharey=True)


def _coverage(rows):
    areas = next((row["detail"] for row in rows if row["detail"]), None)
    if not areas:
        return None

    def draw(axis):
        names = ["planned", "imaged", "inside the border", *(f"less masks, {band.name}" for band in BANDS)]
        inside, colours = areas["inside"], [COLOUR[letter] for letter in LETTERS]
        values = [areas["planned"], areas["imaged"], inside, *(inside - lost for lost in areas["masks"])]
        axis.barh(names, values, color=[PALE, INK, GREY, *colours], height=0.6)
        for n, value in enumerate(values):
            axis.text(value, n, f" {value:.3f}", va="center", fontsize=8, color=GREY)
        axis.invert_yaxis()
        axis.margins(x=0.15)
        axis.set(xlabel="square degrees")

    return figure(draw, height=2.1)


def _sky(axis, preview):
    from matplotlib import colormaps
    from matplotlib.collections import PolyCollection

    corners = [np.array(one["corners"]) for one in preview["scans"]]
    middle = np.degrees(np.angle(np.mean(np.exp(1j * np.radians(np.concatenate(corners)[:, 0])))))
    shapes = [np.column_stack([(one[:, 0] - middle + 180) % 360 - 180 + middle, one[:, 1]]) for one in corners]
    density = [one["points"] / max(_area(shape), 1e-6) for one, shape in zip(preview["scans"], shapes)]
    patches = PolyCollection(shapes, array=np.array(density), cmap=colormaps["YlGnBu"], edgecolor=INK,
                             linewidth=0.5, alpha=0.85)  # fmt: skip
    axis.add_collection(patches)
    axis.autoscale_view()
    axis.invert_xaxis()
    axis.set(xlabel="right ascension, deg", ylabel="declination, deg")
    bar = axis.figure.colorbar(patches, ax=axis, pad=0.02, fraction=0.05)
    bar.set_label("sources a square degree", fontsize=8)
    bar.outline.set_visible(False)


def _area(shape):
    """Square degrees of a quadrangle that is small on the sky."""
    x, y = shape[:, 0] * np.cos(np.radians(shape[:, 1].mean())), shape[:, 1]
    return 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))


def _counts(axis, preview):
    for band, found in zip(BANDS, preview["counts"]):
        axis.step(found["x"], found["count"], where="mid", color=COLOUR[band.letter], label=band.name)
    axis.set(yscale="log", xlabel="mag", ylabel="sources a half magnitude", ylim=(0.7, None))
    axis.legend(loc="upper left")

"""The figures of a night, each an SVG that looks the same whenever it is drawn."""

import io

import numpy as np

from processing.formats.raw_night import LETTERS
from processing.schema import BANDS

COLOUR = {"j": "#3f7fd1", "h": "#2f9e6e", "k": "#d2503f"}
NAME = {band.letter: band.name for band in BANDS}
GREY, PALE = "#5b6470", "#d5dae0"
WIDTH = 7.4
"""Inches of a figure as wide as the page's column."""

STYLE = {
    "svg.hashsalt": "twomass", "svg.fonttype": "path", "font.size": 9, "axes.edgecolor": GREY, "axes.labelcolor": GREY,
    "xtick.color": GREY, "ytick.color": GREY, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": "#eceff2", "axes.axisbelow": True, "legend.frameon": False, "figure.facecolor": "none",
    "axes.facecolor": "none", "lines.linewidth": 1.4, "axes.titlesize": 9.5, "axes.titlelocation": "left",
    "axes.titlecolor": "#20262e",
}  # fmt: skip


def figure(draw, *arguments, rows=1, columns=1, height=2.3, **keywords):
    """Text of an SVG on which ``draw(axes, *arguments)`` drew; None when it returned False: nothing to show."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with matplotlib.rc_context(STYLE):
        canvas, axes = pyplot.subplots(rows, columns, figsize=(WIDTH, height * rows), layout="constrained", **keywords)
        try:
            if draw(axes, *arguments) is False:
                return None
            text = io.StringIO()
            canvas.savefig(text, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
            return text.getvalue()[text.getvalue().index("<svg"):]
        finally:
            pyplot.close(canvas)


def zero_points(axes, data):
    """Visits with their errors, the chosen curve with its own, and what each scan was given; airmass 1."""
    if data.calibration is None:
        return False
    for axis, band in zip(axes, LETTERS):
        solved = data.calibration.bands.get(band)
        if solved is None:
            axis.text(0.5, 0.5, f"{NAME[band]}: no zero point", transform=axis.transAxes, ha="center", color=GREY)
            continue
        _curve(axis, data, solved, COLOUR[band])
        _visits(axis, data, solved, COLOUR[band])
        zperr = "not known" if np.isnan(solved.zperr) else f"{1000 * solved.zperr:.0f} mmag"
        axis.set_title(f"{NAME[band]}: {solved.model}, extinction {solved.fitted_extinction[0]:.3f} "
                       f"({solved.extinction_from}), leave-one-out {zperr}")  # fmt: skip
        axis.set_ylabel("mag of 1 DN")
    _clock(axes[-1])
    return True


def _curve(axis, data, solved, colour):
    ends = [mjd for numbers in data.numbers.values() for mjd in numbers["mjd"]] + list(solved.visits.mjd)
    mjd = np.linspace(min(ends), max(ends), 200)
    value, error = solved.zero_point(mjd, 1.0)
    axis.plot(data.hours(mjd), value, color=colour)
    axis.fill_between(data.hours(mjd), value - error, value + error, color=colour, alpha=0.15, lw=0)
    for numbers in data.numbers.values():
        axis.axvspan(*data.hours(numbers["mjd"]), ymax=0.03, color=GREY, alpha=0.5, lw=0)


def _visits(axis, data, solved, colour):
    visits, used = solved.visits, solved.used
    error = np.sqrt(np.diag(visits.covariance))
    for mask, face, label in ((used, colour, "visit"), (~used, "white", "left out")):
        if mask.any():
            axis.errorbar(data.hours(visits.mjd[mask]), visits.zero_point[mask], error[mask], fmt="o", color=colour,
                          mfc=face, capsize=2, label=label)  # fmt: skip
    for k in range(len(visits)):
        axis.annotate(f"{visits.field[k]}, {visits.stars[k]} stars, {solved.status[k]}", fontsize=7, color=GREY,
                      xy=(data.hours(visits.mjd[k]), visits.zero_point[k]), xytext=(5, 5), textcoords="offset points")


def along_the_night(axes, data):
    """Seeing and background of all scans against time."""
    if not data.scans:
        return False
    for axis, what, label in zip(axes, ("seeing", "background"), ("seeing, arcsec", "background, DN arcsec$^{-2}$")):
        for band in LETTERS:
            for k, seq in enumerate(data.scans):
                told = {"label": NAME[band]} if k == 0 else {}
                axis.plot(*data.along(seq, band, what), "o-", ms=2.5, color=COLOUR[band], **told)
        axis.set_ylabel(label)
    axes[1].set_yscale("log")
    _beside(axes[0])
    _clock(axes[-1])
    return True


def reference_stars(axes, data):
    """Reference stars: where they lie from the catalog's places, and how their residuals are distributed."""
    every = [pair for numbers in data.numbers.values() for pair in numbers["references"]]
    if not every:
        return False
    from processing.config import survey

    residual, expected = np.array(every), survey().astrometry.reference_error
    reach = max(0.25, 1.1 * np.percentile(np.abs(residual), 98))
    axes[0].plot(*residual.T, ".", ms=3, color=GREY, alpha=0.6)
    turn = np.linspace(0, 2 * np.pi, 100)
    for sigma in (1, 2):
        axes[0].plot(sigma * expected * np.cos(turn), sigma * expected * np.sin(turn), color=COLOUR["k"], lw=0.8)
    axes[0].set(xlim=(reach, -reach), ylim=(-reach, reach), aspect="equal")
    axes[0].set(xlabel="east, arcsec", ylabel="north, arcsec")
    axes[0].set_title(f"{len(residual)} reference stars; circles: their own errors")
    bins = np.linspace(-reach, reach, 41)
    for part, name, style in zip(residual.T, ("east", "north"), ("-", "--")):
        axes[1].hist(part, bins, histtype="step", color=GREY, ls=style, label=f"{name}, rms {np.std(part):.3f}\"")
    axes[1].set(xlabel="star minus reference, arcsec", ylabel="stars")
    axes[1].legend()
    return True


def frame_residuals(axis, data):
    """Rms of what a star's place in a frame differs by, scan by scan."""
    if not data.scans:
        return False
    for k, band in enumerate(LETTERS):
        found = data.values("bands", band, "astrometric_rms")
        axis.plot([seq + 0.15 * (k - 1) for seq in found], [1000 * v for v in found.values()], "o", ms=4,
                  color=COLOUR[band], label=NAME[band])  # fmt: skip
    axis.set(xlabel="scan", ylabel="mas, one apparition", ylim=(0, None))
    _beside(axis)
    return True


def repeatability(axes, data):
    """What measurements of a star in the scans of a visit differ by, against magnitude, and what the errors say."""
    if data.calibration is None or not any(map(len, data.repeated.values())):
        return False
    for axis, band in zip(axes, LETTERS):
        found, solved = data.repeated[band], data.calibration.bands.get(band)
        if solved is None or not len(found):
            continue
        correction = data.calibration.errors[band]
        magnitude = found.instrumental + solved.visits.zero_point[solved.used].mean()
        order = np.argsort(magnitude)
        axis.plot(magnitude, 1000 * found.scatter, ".", ms=3, color=COLOUR[band], alpha=0.4)
        after = np.hypot(correction["factor"] * found.error, correction["floor"])
        for error, style, label in ((found.error, ":", "as fitted"), (after, "-", "as quoted")):
            axis.plot(magnitude[order], 1000 * _smooth(error[order]), style, color="#20262e", lw=1.2, label=label)
        axis.set(yscale="log", ylim=(0.5, 500), xlabel=f"{NAME[band]}, mag")
        axis.set_title(f"{NAME[band]}: {len(found)} stars")
    axes[0].set_ylabel("scatter of a measurement, mmag")
    axes[0].legend(loc="upper left", fontsize=7)
    return True


def pulls(axes, data):
    """The same in units of the errors, by S/N, before and after these were corrected."""
    if data.calibration is None or not any(one["bins"] for one in data.calibration.errors.values()):
        return False
    for axis, band in zip(axes, LETTERS):
        bins = data.calibration.errors[band]["bins"]
        axis.axhspan(0.9, 1.15, color=PALE, alpha=0.6, lw=0)
        for key, style in (("pull", "o:"), ("pull_after", "o-")):
            axis.plot([1.4 * one["snr"] for one in bins], [one[key] for one in bins], style, color=COLOUR[band], ms=3.5,
                      mfc="white" if key == "pull" else None, label="before" if key == "pull" else "after")  # fmt: skip
        axis.set(xscale="log", xlim=(9, 700), xlabel="S/N")
        axis.set_xticks([10, 30, 100, 300], ["10", "30", "100", "300"])
        axis.minorticks_off()
        axis.set_title(NAME[band])
    worst = max(one["pull"] for found in data.calibration.errors.values() for one in found["bins"])
    axes[0].set(ylabel="scatter over error", ylim=(0, max(2.0, 1.1 * worst)))
    axes[0].legend(loc="upper left", fontsize=7)
    return True


def depth(axis, data):
    """Magnitude of S/N 10 of every scan."""
    if not data.scans:
        return False
    for band in LETTERS:
        found = data.values("bands", band, "limit")
        axis.plot(list(found), list(found.values()), "o", ms=4, color=COLOUR[band], label=NAME[band])
    axis.set(xlabel="scan", ylabel="S/N 10 at, mag")
    axis.invert_yaxis()
    _beside(axis)
    return True


def _beside(axis):
    """The bands, to the right of a plot."""
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _clock(axis):
    """Hours of the night as times of day."""
    axis.set_xlabel("UTC")
    axis.xaxis.set_major_formatter(lambda hours, _: f"{int(hours) % 24:02d}:{round(60 * (hours % 1)) % 60:02d}")


def _smooth(values, width=15):
    """Running median of ordered values."""
    half = width // 2
    return np.array([np.median(values[max(k - half, 0):k + half + 1]) for k in range(len(values))])

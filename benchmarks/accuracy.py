"""The figures of accuracy of a reduction, from scenes matched with their truth."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.judge import HALF_WIDTH, complete, completeness, false_sources
from benchmarks.samples import joined, limit, sample, zero_point
from processing.formats.raw_night import LETTERS
from processing.simulate.frame_bound import Errors
from processing.validate.statistics import median, median_error, rms, robust

SNR_BINS = (5, 10, 20, 50, 100, 200)
LIMITS = {"j": 15.8, "h": 15.1, "k": 14.3}


@dataclass(frozen=True)
class Judged:
    """A scene: ``found`` by band letter (Found); ``row``: its scan in the night's log; ``seconds`` that reducing the
    night took; ``status``: rows of its status table by sequence."""

    name: str
    night: Path
    work: Path
    row: object
    found: dict
    seconds: float
    status: dict


@dataclass(frozen=True)
class Row:
    """A line of the table: ``what``, ``wanted``, ``measured`` as texts, ``number`` of stars behind it (0: none), and
    whether it is ``good``."""

    what: str
    wanted: str
    measured: str
    number: int
    good: bool

    def line(self):
        """The row of a Markdown table, as the README has it; what falls short is bold."""
        measured = self.measured if self.good else f"**{self.measured}**"
        return f"| {self.what:58} | {self.wanted:14} | {measured:28} | {self.number or '':>6} |"

    def record(self):
        """The row for the report."""
        return asdict(self)


HEAD = (Row("", "wanted", "measured", 0, True).line().replace("|        |", "|  stars |"),
        f"| {'-' * 58} | {'-' * 14} | {'-' * 28} | {'-' * 5}: |")  # fmt: skip


def table(scenes):
    """Rows of the scenes that there are (name -> Judged)."""
    sparse = [scenes[name] for name in ("sparse", "mid") if name in scenes]
    rows = sparse_rows(sparse) if sparse else []
    rows += crowded_rows(scenes["crowded"]) if "crowded" in scenes else []
    rows += place_rows(sparse) if sparse else []
    rows += bright_rows(scenes["bright"]) if "bright" in scenes else []
    return rows + (limit_rows(sparse) if sparse else [])


def lonely(scenes, zero=False):
    """The Sample of stars alone in all bands of scenes; ``zero``: less what the zero points are off."""
    return joined([sample(found, found.answer.alone, found.answer.bound.lone, zero_point(found) if zero else 0.0)
                   for scene in scenes for found in scene.found.values()])  # fmt: skip


def sparse_rows(scenes):
    stars, centred = lonely(scenes), lonely(scenes, zero=True)
    faint, bright, good = centred.between(5, 200), centred.between(200), stars.between(10)
    scatter, floor = robust(faint.flux), 1000 * robust(bright.difference)
    bias, pull = median(good.difference), robust(centred.between(10).pull)
    zeros = [zero_point(found) for scene in scenes for found in scene.found.values()]
    found = [completeness(one, one.answer.alone) for scene in scenes for one in scene.found.values()]
    every = [completeness(one) for scene in scenes for one in scene.found.values()]
    false = [false_sources(one) for scene in scenes for one in scene.found.values()]
    (alone, n_alone), (all_stars, n_all), (wrong, n_wrong) = pooled(found), pooled(every), pooled(false)
    return [
        Row("sparse, isolated: scatter / CRB, S/N 5-200", "<= 1.10", f"{scatter:.3f}", len(faint), scatter <= 1.10),
        Row("... above S/N 200", "<= 5 mmag", f"{floor:.1f} mmag", len(bright), floor <= 5),
        Row("bias at S/N >= 10, zero points included", "<= 0.01 mag",
            f"{bias:+.4f} +- {median_error(good.difference):.4f}", len(good), abs(bias) <= 0.01),
        Row("... the zero points of single scans and bands", "<= 0.01 mag",
            f"{min(zeros):+.4f} to {max(zeros):+.4f}", 0, max(map(abs, zeros)) <= 0.01),
        Row("pull of the quoted errors, S/N >= 10", "0.9-1.15", f"{pull:.3f}", len(good), 0.9 <= pull <= 1.15),
        Row("sparse, isolated: completeness above 10 sigma", ">= .998", f"{alone:.4f}", n_alone, alone >= 0.998),
        Row("... of all stars, close pairs too", "", f"{all_stars:.4f}", n_all, True),
        Row("sparse: false sources", "<= 0.3%", f"{100 * wrong:.2f}%", n_wrong, wrong <= 0.003),
    ]  # fmt: skip


def pooled(shares):
    """Share and number of several (share, number)."""
    number = sum(n for _, n in shares)
    return sum(share * n for share, n in shares if n) / max(number, 1), number


def crowded_rows(scene):
    found = list(scene.found.values())
    (all_found, n), (wrong, n_wrong) = (pooled([figure(f) for f in found]) for figure in (completeness, false_sources))
    stars = joined([blended(f) for f in found]).between(8, 50)
    scatter = robust(stars.flux)
    one = scene.found["j"].answer
    return [
        Row(f"crowded ({density(one):.2g} a sq. deg. to J 16): completeness", ">= .92", f"{all_found:.4f}", n,
            all_found >= 0.92),
        Row("crowded: false sources", "<= 0.5%", f"{100 * wrong:.2f}%", n_wrong, wrong <= 0.005),
        Row("crowded: scatter / blended CRB, S/N 8-50", "<= 1.3", f"{scatter:.3f}", len(stars), scatter <= 1.3),
    ]


def blended(found):
    """The Sample of all stars against the blended bound, less what the zero point is off."""
    errors = found.answer.bound.blended
    one = sample(found, errors.snr > 0, errors)
    return sample(found, errors.snr > 0, errors, median(one.between(100, 1000).difference))


def density(answer):
    """Stars a square degree brighter than 16 where the scan is complete."""
    inside = complete(answer)
    area = 2 * HALF_WIDTH * np.ptp(answer.north[inside]) / 3600**2
    return (inside & (answer.mag < 16)).sum() / area


def place_rows(scenes):
    stars = joined([places(scene) for scene in scenes])
    middle, bright = stars.between(10, 200), stars.between(200)
    scatter, floor = robust(middle.place.ravel()), 1000 * robust(bright.offset.ravel())
    return [
        Row("astrometry, sparse, S/N 10-200: scatter / CRB", "<= 1.1", f"{scatter:.3f}", len(middle), scatter <= 1.1),
        Row("... bright, each axis", "<= 10 mas", f"{floor:.1f} mas", len(bright), floor <= 10),
    ]


def places(scene):
    """The Sample of stars alone in J whose places are bounded by all bands together."""
    found = scene.found["j"]
    errors = combined(found.answer, [scene.found[band].answer for band in LETTERS[1:]])
    return sample(found, found.answer.alone, errors)


def combined(answer, others):
    """The lone Errors of the stars of ``answer`` with the places of the other bands; S/N stays that of this band."""
    weights = [np.array([1 / answer.bound.lone.x**2, 1 / answer.bound.lone.y**2])]
    for other in others:
        order = np.argsort(other.ids)
        at = order[np.minimum(np.searchsorted(other.ids[order], answer.ids), len(order) - 1)]
        same = other.ids[at] == answer.ids
        weights.append(np.where(same, [1 / other.bound.lone.x[at] ** 2, 1 / other.bound.lone.y[at] ** 2], 0.0))
    with np.errstate(divide="ignore"):
        x, y = 1 / np.sqrt(np.sum(weights, axis=0))
    return Errors(answer.bound.lone.flux, x, y)


def bright_rows(scene):
    found = scene.found["k"]
    one, three = (sample(found, True, found.answer.bound.lone, origin=origin) for origin in (1, 3))
    read1 = one.where((one.mag >= 4) & (one.mag < 8)).difference
    read3 = three.where(three.mag >= -4.1).difference
    bias, scatter, worst = median(read1), robust(read1), rms(read3)
    return [
        Row("Read 1: bias at Ks 4-8", "<= 2%", f"{100 * bias:+.1f}%", len(read1), abs(bias) <= 0.02),
        Row("... scatter", "<= 2%", f"{100 * scatter:.1f}%", len(read1), scatter <= 0.02),
        Row("Read 3 to Ks -4: rms error", "<= 0.15 mag", f"{worst:.3f} mag", len(read3), worst <= 0.15),
    ]


def limit_rows(scenes):
    found = {band: limit(joined([sample(s.found[band], s.found[band].answer.alone, s.found[band].answer.bound.lone)
                                 for s in scenes])) for band in LETTERS}  # fmt: skip
    measured, number = " ".join(f"{m:.2f}" for m, _ in found.values()), sum(n for _, n in found.values())
    good = all(found[band][0] >= wanted for band, wanted in LIMITS.items())
    return [Row("10-sigma limits J H Ks", " ".join(map(str, LIMITS.values())), measured, number, good)]


def details(scenes):
    """All figures by scene and band, for the report."""
    return {name: {band: _details(found, name) for band, found in scene.found.items()}
            for name, scene in scenes.items()}  # fmt: skip


def _details(found, name):
    one = blended(found)
    alone = sample(found, found.answer.alone, found.answer.bound.lone, zero_point(found))
    kinds = {"all / blended bound": one} | ({} if name == "crowded" else {"isolated / lone bound": alone})
    return {
        "zero_point": zero_point(found), "sources": len(found.measured), "matched": len(found.star),
        "completeness": completeness(found), "completeness_isolated": completeness(found, found.answer.alone),
        "false": false_sources(found),
        **{kind: [_bin(stars.between(*ends)) | {"snr": ends} for ends in zip(SNR_BINS, (*SNR_BINS[1:], 1e6))]
           for kind, stars in kinds.items()},
        "read1": _magnitudes(found, 1), "read3": _magnitudes(found, 3),
    }  # fmt: skip


def _bin(stars):
    return {"stars": len(stars), "scatter": robust(stars.flux), "rms": rms(stars.flux), "pull": robust(stars.pull),
            "bias_mag": median(stars.difference), "scatter_mag": robust(stars.difference),
            "place": robust(stars.place.ravel()), "place_mas": 1000 * robust(stars.offset.ravel())}  # fmt: skip


def _magnitudes(found, origin):
    """Bias and scatter by magnitude of the stars whose flux has this origin."""
    stars, rows = sample(found, True, found.answer.bound.lone, origin=origin), []
    for low in range(-5, 12):
        part = stars.where((stars.mag >= low) & (stars.mag < low + 1)).difference
        if len(part):
            rows.append({"mag": [low, low + 1], "bias": median(part), "scatter": robust(part), "stars": len(part)})
    return rows

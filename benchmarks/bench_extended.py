"""Extended sources on simulated Atlas Images of which the truth is known, beside source-extractor and photutils; on
real images of IC 494, NGC 5273 and NGC 5276; and what they add to the time of a scan.

True magnitudes are those of the noiseless model behind the PSF (processing.simulate.galaxy_truth). A source is listed
as a release lists it, but for artifacts and duplicates: by scores and S/N. The other programs list what is extended by
CLASS_STAR, or by its half-light radius over that of stars, with the threshold that is best for them on these fields.
Fields have the galaxies of many skies, which count accordingly less in the reliability (benchmarks.extended_fields);
processor time is that of fields as they are.

    python -m benchmarks.bench_extended [--fields 4] [--no-scan]
"""

import argparse
import tempfile
import time

import numpy as np

from benchmarks.extended_fields import FIELDS, MORE, made, ours
from benchmarks.extended_judge import (
    LIMITS, RANGE, best_threshold, bias_and_scatter, completeness, errors, match, reliability, repeats, ten_sigma,
)  # fmt: skip
from benchmarks.extended_others import PROGRAMS
from benchmarks.extended_real import real_objects
from benchmarks.extended_share import share_of_a_scan
from benchmarks.report import write_report
from processing.config import survey

OURS = "twomass extract"
ISOPHOTAL = {"j_k20fe": LIMITS["j"], "h_k20fe": LIMITS["h"], "k_k20fe": LIMITS["k"]}
TOTAL = {"j_ext": LIMITS["j"], "h_ext": LIMITS["h"], "k_ext": LIMITS["k"]}
TRENDS = {
    "r_k20 < 8 arcsec": lambda g: g["r_k20"] < 8, "8 to 12": lambda g: (g["r_k20"] >= 8) & (g["r_k20"] < 12),
    "12 or more": lambda g: g["r_k20"] >= 12,
    "mean Ks in half-light ellipse < 17.5": lambda g: brightness(g) < 17.5,
    "17.5 to 18.5": lambda g: (brightness(g) >= 17.5) & (brightness(g) < 18.5),
    "18.5 or more": lambda g: brightness(g) >= 18.5,
    "index of the whole 1": lambda g: g["sersic"] == 1, "1.5 to 3": lambda g: (g["sersic"] > 1) & (g["sersic"] < 3.5),
    "4": lambda g: g["sersic"] > 3.5,
    "another galaxy within 20 arcsec": lambda g: neighbour(g) < 20, "none": lambda g: neighbour(g) >= 20,
}  # fmt: skip
"""Groups of galaxies in which magnitudes are compared with the truth."""


def brightness(galaxies):
    """Mean surface brightness within the half-light ellipse, Ks mag/arcsec2."""
    return galaxies["k"] + 2.5 * np.log10(2 * np.pi * galaxies["reff"] ** 2 * galaxies["axis_ratio"])


def neighbour(galaxies):
    """Arcsec to the next galaxy of the truth."""
    away = np.hypot(galaxies["x"][:, None] - galaxies["x"], galaxies["y"][:, None] - galaxies["y"])
    return np.where(away == 0, np.inf, away).min(axis=1)


def main(count, scan):
    begin, found, again, usual = time.perf_counter(), {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name, places in FIELDS.items():
            fields = [made(place, folder) for place in places[:count]]
            found[name] = {program: run(fields, search) for program, search in {OURS: ours, **PROGRAMS}.items()}
            second = [made(place, folder, noise=1) for place in places[:max(count // 2, 1)]]
            again[name] = listed(run(second, ours))
            plain = [made(places[0], folder, more=1)]
            usual[name] = {program: run(plain, search) for program, search in {OURS: ours, **PROGRAMS}.items()}
            print(f"{name}: {time.perf_counter() - begin:.0f} s", flush=True)
    missing = [program for program in PROGRAMS if all(one[program] is None for one in found.values())]
    print("".join(f"{program} is not installed: not compared\n" for program in missing), end="")
    figures = {"completeness and reliability": sky(found), "magnitudes": magnitudes(found, again),
               "trends": trends(found), "programs": compared(found, usual)}  # fmt: skip
    figures["real"] = real_objects()
    figures["scan"] = share_of_a_scan() if scan else "not asked for"
    write_report("extended", figures | {"not installed": missing, "seconds": round(time.perf_counter() - begin)})


def run(fields, search):
    """The Matched of all that a program finds in each field; None where it is not installed."""
    all_of = [search(field) for field in fields]
    return None if None in all_of else [match(one, field.truth) for one, field in zip(all_of, fields)]


def chosen(matched, score):
    """The same of what has at most this score."""
    return [match(one.found.select(one.found.score <= score), one.truth) for one in matched]


def listed(matched):
    """What a release lists."""
    return chosen(matched, survey().extended_release.score)


def sky(found):
    """Completeness and reliability by galactic latitude."""
    rows = {}
    print("\ncompleteness by K20; reliability of J < 15.0, H < 14.2 or Ks < 13.5 (galaxies, parts of galaxies, false)")
    for name, programs in found.items():
        mine = listed(programs[OURS])
        seen = {f"{low}-{high}": completeness(mine, low, high) for low, high in ((8, 12.5), (12.5, 13.0), (13.0, 13.5))}
        share, true, parts, false = reliability(mine, ISOPHOTAL)
        rows[name] = {"completeness": seen, "reliability": share, "true": true, "parts": parts, "false": false}
        told = "  ".join(f"{low_high} {a}/{b}" for low_high, (a, b) in seen.items())
        print(f"{name}  {told}   {share:.4f} ({true} galaxies of {MORE} skies, {parts}, {false})")
    return rows


def magnitudes(found, again):
    """Ten sigma limits, and repeatability."""
    mine = [one for programs in found.values() for one in listed(programs[OURS])]
    rows = {}
    for band, wanted in LIMITS.items():
        limit, bins = ten_sigma(mine, f"{band}_k20fe", f"{band}_k20")
        rows[f"{band} 10 sigma"] = {"wanted": wanted, "measured": limit, "bins": bins}
        told = "  ".join(f"{middle:.2f}: {scatter:.3f} ({count})" for middle, scatter, count in bins if count >= 8)
        print(f"{band.upper()} 10 sigma in K20: wanted {wanted}, measured {limit:.2f}   scatter {told}")
    for kind, survey_had in (("h_k20fe", 0.099), ("h_7", 0.080)):
        values = [repeats(listed(programs[OURS][:len(again[name])]), again[name], kind, *RANGE)
                  for name, programs in found.items()]  # fmt: skip
        values = np.concatenate(values)
        scatter = bias_and_scatter(values)[1]
        rows[f"{kind} repeats"] = {"survey": survey_had, "measured": scatter, "galaxies": len(values)}
        print(f"repeats of {kind}, H {RANGE[0]} to {RANGE[1]}: {scatter:.3f} mag of {len(values)} galaxies "
              f"(survey {survey_had})")
    return rows


def trends(found):
    """Bias of K20 and total magnitudes (Ks < 13.5 within K20) with size, brightness, profile and neighbours."""
    mine, rows = [one for programs in found.values() for one in listed(programs[OURS])], {}
    print("\nfound less true, Ks    K20 (median, scatter, galaxies)   total")
    for name, wanted in TRENDS.items():
        both = [errors(mine, kind, true, 9, limit, wanted) for kind, true, limit in (
            ("k_k20fe", "k_k20", LIMITS["k"]), ("k_ext", "k", LIMITS["k"]))]  # fmt: skip
        rows[name] = [(*bias_and_scatter(values), len(values)) for values in both]
        print(f"{name:40}" + "   ".join(f"{bias:+.3f} {scatter:.3f} {n:4d}" for bias, scatter, n in rows[name]))
    return rows


def compared(found, usual):
    """The programs beside each other, all fields together; total magnitudes against the truth, and the time of
    ``usual`` fields."""
    rows = {}
    print("\nprogram             completeness   reliability   Ks total: bias, scatter   H: bias, scatter   s a field")
    for program in (OURS, *PROGRAMS):
        every = [one for programs in found.values() for one in programs[program] or ()]
        if not every:
            continue
        score = survey().extended_release.score if program == OURS else best_threshold(every, TOTAL)
        mine = chosen(every, score)
        (seen, all_of), (share, *_) = completeness(mine, 8, LIMITS["k"]), reliability(mine, TOTAL)
        light = {band: bias_and_scatter(errors(mine, f"{band}_ext", band, 9, LIMITS[band])) for band in "kh"}
        timed = [one.found for programs in usual.values() for one in programs[program]]
        seconds, alone = (np.mean([getattr(one, name) for one in timed]) for name in ("seconds", "extended"))
        rows[program] = {"threshold": score, "completeness": seen / all_of, "reliability": share, "galaxies": all_of,
                         "magnitudes": light, "seconds": seconds, "extended seconds": alone}  # fmt: skip
        told = "   ".join(f"{bias:+.3f} {scatter:.3f}" for bias, scatter in light.values())
        print(f"{program:18}  {seen / all_of:.3f} of {all_of}   {share:.4f}   {told}   {seconds:.1f}"
              + (f", of them {alone:.1f} for extended sources" if np.isfinite(alone) else ""))  # fmt: skip
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--fields", type=int, default=4, help="for each latitude (default %(default)s)")
    parser.add_argument("--no-scan", dest="scan", action="store_false",
                        help="without the night of which the time is taken")
    asked = parser.parse_args()
    main(asked.fields, asked.scan)

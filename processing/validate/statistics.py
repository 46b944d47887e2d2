"""Numbers with their errors: scatter that outliers do not spoil, shares, offsets, and what a sample can decide."""

from dataclasses import dataclass

import numpy as np

ONE_SIGMA = 0.682689492137086
"""Share of a normal distribution within one sigma."""

FEWEST = 5
"""Values from which a scatter is told at all."""

SCATTER_ERROR = 0.96
"""Error of ``robust`` and ``about_zero`` of n normal values: this over the root of n, in units of itself."""

DRAWN = 4_000_000
"""Values that are drawn again in all: with many of them fewer draws do, since their error hardly matters."""

MOST_NEEDED = 2_000_000_000
"""More objects than any sky has: no number of them would decide."""


@dataclass(frozen=True)
class Estimate:
    """A number: ``value``, the ends ``low`` and ``high`` of its one-sigma interval, the ``objects`` behind it.

    ``misses``: for a share, how many of the objects are not part of it; None otherwise. NaN for what is not known.
    """

    value: float
    low: float
    high: float
    objects: int
    misses: int | None = None

    @property
    def error(self):
        """Half of the interval."""
        return (self.high - self.low) / 2

    @property
    def known(self):
        return bool(np.isfinite(self.value) and np.isfinite(self.error))

    def shifted(self, by, scale=1.0):
        """``scale`` times the number, plus ``by``."""
        ends = sorted((scale * self.low + by, scale * self.high + by))
        return Estimate(scale * self.value + by, *ends, self.objects)


def unknown(objects=0):
    """The Estimate that says nothing."""
    return Estimate(np.nan, np.nan, np.nan, int(objects))


def symmetric(value, error, objects):
    """The Estimate with one error either way."""
    return Estimate(float(value), float(value - error), float(value + error), int(objects))


def median(values):
    """NaN for none."""
    return float(np.median(values)) if len(values) else np.nan


def median_error(values):
    """One sigma of the median."""
    return 1.25 * robust(values) / np.sqrt(max(len(values), 1))


def medians(values, group, count):
    """Median of ``values`` in each of ``count`` groups (``group``: number of each value's), NaN for none."""
    order = np.lexsort((values, group))
    first, last = (np.searchsorted(group[order], np.arange(count), side) for side in ("left", "right"))
    found, known = np.full(count, np.nan), last > first
    middle = np.stack([(first + last - 1) // 2, (first + last) // 2])[:, known]
    found[known] = values[order][middle].mean(axis=0)
    return found


def rms(values):
    """Root of the mean square; NaN for none."""
    return float(np.sqrt(np.mean(np.square(values)))) if len(values) else np.nan


def robust(values):
    """Half the range of the middle 68 %; NaN for fewer than five."""
    return float(np.subtract(*np.percentile(values, [84.13, 15.87])) / 2) if len(values) >= FEWEST else np.nan


def about_zero(values):
    """What 68 % of the values are nearer to zero than; NaN for fewer than five."""
    return float(np.quantile(np.abs(values), ONE_SIGMA)) if len(values) >= FEWEST else np.nan


def scatter(values, blocks, freedom):
    """The Estimate of ``about_zero`` of ``values`` with ``freedom`` degrees of freedom; ``blocks``: see ``bootstrap``.

    Its error is at least that of independent normal values.
    """
    value = about_zero(values)
    if not np.isfinite(value) or freedom < 1:
        return unknown(freedom)
    least = SCATTER_ERROR * value / np.sqrt(freedom)
    return symmetric(value, max(bootstrap(about_zero, values, blocks), least), freedom)


def share(hits, trials):
    """The Estimate of a share from ``hits`` of ``trials``: Jeffreys' interval, which is honest for none and for all.

    Its ends are those of the value where there are no misses (or no hits); Brown, Cai & DasGupta 2001.
    """
    from scipy.stats import beta

    if trials == 0:
        return unknown()
    hits, trials = int(hits), int(trials)
    tail = (1 - ONE_SIGMA) / 2
    low, high = beta.ppf([tail, 1 - tail], hits + 0.5, trials - hits + 0.5)
    return Estimate(hits / trials, 0.0 if hits == 0 else float(low), 1.0 if hits == trials else float(high), trials,
                    trials - hits)  # fmt: skip


def mapped(estimate, function):
    """A rising function of an Estimate; objects and misses stay."""
    return Estimate(*(float(function(x)) for x in (estimate.value, estimate.low, estimate.high)), estimate.objects,
                    estimate.misses)  # fmt: skip


def weighted_median(values, sigma):
    """Median of ``values`` with errors ``sigma``, and its error, at least as large as their scatter asks for.

    Weights are 1/sigma, which gives the likeliest place of a Laplace distribution; (NaN, NaN) for fewer than five.
    """
    if len(values) < FEWEST:
        return np.nan, np.nan
    order = np.argsort(values, kind="stable")
    total = np.cumsum(1 / sigma[order])
    value = float(values[order][np.searchsorted(total, total[-1] / 2)])
    pull = max(about_zero((values - value) / sigma), 1.0)
    return value, float(1.2533 * pull / np.sqrt((1 / sigma**2).sum()))


def bootstrap(statistic, values, blocks, draws=200, seed=1):
    """One sigma of ``statistic(values)`` when whole ``blocks`` of values are drawn again.

    Values of a block (same number in ``blocks``, shape (n,)) may share an error. With fewer than eight blocks each
    value is drawn for itself. NaN when the statistic is.
    """
    rng = np.random.default_rng(seed)
    _, block = np.unique(blocks, return_inverse=True)
    count = int(block.max(initial=-1)) + 1
    if count < 8:
        block, count = np.arange(len(values)), len(values)
    order = np.argsort(block, kind="stable")
    parts = np.split(order, np.searchsorted(block[order], np.arange(1, count)))
    draws = int(np.clip(DRAWN / max(len(values), 1), 30, draws)) if count else 0
    found = [statistic(values[np.concatenate([parts[k] for k in rng.integers(0, count, count)])]) for _ in range(draws)]
    return float(np.nanstd(found)) if found and np.isfinite(found).any() else np.nan


def decides(estimate, threshold, sense):
    """True when the whole interval satisfies ``sense`` ("<" or ">") the ``threshold``, False when all of it fails,
    None when it holds the threshold."""
    if sense == "<":
        return True if estimate.high < threshold else False if estimate.low >= threshold else None
    return True if estimate.low > threshold else False if estimate.high <= threshold else None


def objects_needed(estimate, threshold, sense):
    """How many objects like these would decide; None when more than any sky has, or nothing is known of the scatter."""
    if not estimate.known:
        return None
    if estimate.misses is not None:
        return _share_needed(estimate, threshold, sense)
    apart = abs(estimate.value - threshold)
    needed = estimate.objects * (estimate.error / apart) ** 2 if apart > 0 else np.inf
    return int(np.ceil(needed)) if needed < MOST_NEEDED else None


def _share_needed(estimate, threshold, sense):
    """Bisection in the number of objects; the share of misses stays."""
    rate = estimate.misses / estimate.objects

    def decided(objects):
        return decides(share(objects - round(rate * objects), objects), threshold, sense) is not None

    high = max(estimate.objects, 1)
    while not decided(high):
        high *= 2
        if high > MOST_NEEDED:
            return None
    low = high // 2
    while high - low > max(high // 1000, 1):
        middle = (low + high) // 2
        low, high = (low, middle) if decided(middle) else (middle, high)
    return high


def largest(values, errors):
    """The Estimate of the largest size of noisy ``values``, shape (n,): as found, with an interval that reaches down by
    what noise alone adds to the largest of several numbers."""
    if not len(values):
        return unknown()
    value, mean, spread = _with_more_noise(lambda some: np.abs(some).max(), values, errors)
    return Estimate(value, max(2 * value - mean - spread, 0.0), value + spread, len(values))


def typical(values, errors):
    """The Estimate of the root mean square of noisy ``values``, what their noise adds taken off."""
    if not len(values):
        return unknown()
    value, mean, spread = _with_more_noise(rms, values, errors)
    value = max(2 * value - mean, 0.0)
    return Estimate(value, max(value - spread, 0.0), value + spread, len(values))


def _with_more_noise(function, values, errors, draws=400, seed=2):
    """``function(values)``, and mean and scatter of it when the noise is added once more: as much as it has added."""
    rng = np.random.default_rng(seed)
    noisy = [function(values + errors * rng.standard_normal(len(values))) for _ in range(draws)]
    return float(function(values)), float(np.mean(noisy)), float(np.std(noisy))

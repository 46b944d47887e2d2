"""A survey whose errors are known: apparitions, catalog and truth made from stars without any image."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from processing.formats.tables import make_table
from processing.schema import load_table
from processing.sphere import nearest_others
from processing.validate.apparitions import LETTERS, sources
from processing.validate.figure import Evidence
from processing.validate.true_sky import TrueSky

WIDTH, STEP, HEIGHT, FIELD = 0.14, 0.1, 3.0, 1.0
"""Degrees: of a scan, from one to the next, half its length, half that of a calibration scan."""

ALONE = 13.0
"""arcsec between any two stars: nobody is confused."""

ZERO = {"j": 15.9, "h": 15.3, "k": 14.5}


@dataclass
class Facts:
    """What is put in. ``beyond``: by how much the scatter of 0.109 mag lies beyond the stated limit; ``floor``: scatter
    of bright stars, mag; ``zero``: of zero points; ``frame``, ``noise``: error of a frame and of a star on an axis,
    arcsec; ``complete``; ``false``: false sources in units of the true ones; ``read1``: (bias, scatter) of Read1;
    ``bright``: share of the stars that are strewn evenly from ``brightest`` to 12 mag."""

    density: float = 3000.0
    scans: int = 8
    visits: int = 4
    beyond: float = 0.10
    floor: float = 0.02
    zero: float = 0.01
    frame: float = 0.08
    noise: float = 0.03
    complete: float = 1.0
    false: float = 0.0
    read1: tuple = (0.01, 0.015)
    limit_scatter: float = 0.05
    limits: dict = field(default_factory=lambda: dict(ZERO))
    colour: tuple = (0.0, 0.6, 1.2)
    brightest: float = 7.0
    bright: float = 0.0
    seed: int = 1


class Made:
    """The survey: ``apparitions`` and ``catalog`` (pyarrow), ``truth`` (TrueSky), ``scans`` (rows), ``zero`` (scan name
    -> offset in each band)."""

    def __init__(self, facts):
        self.facts, self.rng = facts, np.random.default_rng(facts.seed)
        self.zero, self.parts, self.rows, self.skies = {}, [], [], []
        self.scans, self.last = [], 0
        self._science()
        for visit in range(facts.visits):
            self._visit(visit)
        self.truth = TrueSky(*(np.concatenate(column) for column in zip(*self.skies)))
        self.apparitions = pa.concat_tables(self.parts)
        self.catalog = pa.concat_tables(self.rows)

    def evidence(self, truth=True, release=None):
        apparitions = sources(self.apparitions.sort_by([(n, "ascending") for n in ("kind", "source", "date", "scan")]))
        return Evidence(release, self.scans, apparitions, sources(self.catalog), self.truth if truth else None)

    def _sky(self, west, east, south, north):
        count = int(self.facts.density * (east - west) * (north - south))
        mag = 17.0 + 2.5 * np.log10(1 - self.rng.random(count)) / 0.75
        bright = (mag < self.facts.brightest) | (self.rng.random(count) < self.facts.bright)
        mag = np.where(bright, self.rng.uniform(self.facts.brightest, 12.0, count), mag)
        ra, dec = self.rng.uniform(west, east, count), self.rng.uniform(south, north, count)
        alone = nearest_others(ra, dec)[0] > ALONE
        count, mag = alone.sum(), mag[alone, None] - np.array(self.facts.colour)
        sky = ra[alone], dec[alone], mag, np.ones(count, bool), np.zeros(count)
        self.skies.append(sky)
        return sky

    def _science(self):
        boxes = [(130 + n * STEP, 130 + n * STEP + WIDTH, -HEIGHT, HEIGHT) for n in range(self.facts.scans)]
        sky = self._sky(boxes[0][0], boxes[-1][1], -HEIGHT, HEIGHT)
        names = [("1999-01-31", "n", 11 + n) for n in range(len(boxes))]
        found = self._observe(sky, boxes, names)
        for name, box, limit in zip(names, boxes, found.limits):
            self.scans.append(_scan_row(name, box, limit))
        self._keep(found, "overlap", 2)
        first = found.rows[np.unique(found.star, return_index=True)[1]]
        self.rows.append(found.table.take(first))

    def _visit(self, number):
        west = 150 + 3 * number
        boxes = [(west + n * 5 / 3600, west + n * 5 / 3600 + WIDTH, -FIELD, FIELD) for n in range(6)]
        sky = self._sky(west, boxes[-1][1], -FIELD, FIELD)
        names = [("1999-01-31", "n", 100 + 10 * number + n) for n in range(6)]
        self._keep(self._observe(sky, boxes, names), "cal", 2)

    def _keep(self, found, kind, least):
        """Groups with several possible scans become apparitions."""
        wanted = found.possible[found.star] >= least
        star, rows = found.star[wanted], found.rows[wanted]
        schema = load_table("apparitions")
        table = found.table.take(rows).select([name for name in schema.names if name in found.table.column_names])
        seen = np.bincount(star, minlength=len(found.possible))[star]
        columns = {name: table[name] for name in table.column_names}
        columns |= {"kind": [kind] * len(star), "source": star + self.last, "pts_key": pa.nulls(len(star)),
                    "seen": seen, "possible": found.possible[star], "selected": np.ones(len(star), bool)}
        self.last += int(found.star.max()) + 1
        self.parts.append(make_table({name: columns[name] for name in schema.names}, schema))

    def _observe(self, sky, boxes, names):
        """Every scan measures what lies in its box; false sources are stars of their own that one scan sees."""
        ra, dec, mag, *_ = sky
        inside = np.column_stack([_edge(ra, dec, box) for box in boxes])
        tables, star, limits, false = [], [], [], len(ra)
        for n, (box, name) in enumerate(zip(boxes, names)):
            shift = self.rng.normal(0, self.facts.limit_scatter)
            limit = {band: self.facts.limits[band] + shift for band in LETTERS}
            seen = np.flatnonzero((inside[:len(ra), n] > 0) & (self.rng.random(len(ra)) < self.facts.complete))
            count = int(round(self.facts.false * len(seen)))
            places, north = self.rng.uniform(*box[:2], count), self.rng.uniform(*box[2:], count)
            bright = mag[self.rng.integers(0, len(ra), count)]
            rows = (np.r_[ra[seen], places], np.r_[dec[seen], north], np.r_[mag[seen], bright])
            tables.append(self._measure(*rows, limit, name, box))
            star.append(np.r_[seen, false + np.arange(count)])
            inside = np.vstack([inside, np.column_stack([_edge(places, north, b) for b in boxes])])
            false += count
            limits.append(limit)
        star, table = np.concatenate(star), pa.concat_tables(tables)
        order = np.argsort(star, kind="stable")
        possible = np.maximum((inside > 14).sum(axis=1), np.bincount(star, minlength=len(inside)))
        return _Found(table, order, star[order], possible, limits)

    def _measure(self, ra, dec, mag, limit, name, box):
        facts, rng, count = self.facts, self.rng, len(ra)
        zero = self.zero.setdefault(name, rng.normal(0, facts.zero, 3))
        shift = rng.normal(0, facts.frame, 2) / 3600
        ra = ra + shift[0] + rng.normal(0, facts.noise, count) / 3600
        dec = dec + shift[1] + rng.normal(0, facts.noise, count) / 3600
        edge = np.maximum(_edge(ra, dec, box), 0)
        columns = {"ra": ra, "dec": dec, "neighbour": pa.nulls(count, pa.float64()), "edge": edge}
        flags = {name: [] for name in ("ph_qual", "rd_flg")}
        for k, band in enumerate(LETTERS):
            noise = np.hypot(facts.floor, 0.109 * 10 ** (0.4 * (mag[:, k] - limit[band] - facts.beyond)))
            read1 = mag[:, k] < (9.0, 8.5, 8.0)[k]
            noise = np.where(read1, facts.read1[1], noise)
            measured = mag[:, k] + zero[k] + np.where(read1, facts.read1[0], 0) + rng.normal(0, noise)
            snr = 10 * 10 ** (-0.4 * (measured - limit[band]))
            columns |= {f"{band}_m": measured, f"{band}_cmsig": noise, f"{band}_msigcom": noise, f"{band}_snr": snr,
                        f"{band}_psfchi": np.ones(count)}
            flags["ph_qual"].append(np.where(snr > 10, "A", np.where(snr > 7, "B", "D")))
            flags["rd_flg"].append(np.where(read1, "1", "2"))
        columns |= {flag: _joined(parts) for flag, parts in flags.items()}
        columns |= {"bl_flg": ["111"] * count, "cc_flg": ["000"] * count, "ndet": ["060606"] * count}
        columns |= {"err_maj": np.full(count, np.hypot(facts.frame, facts.noise)), "err_ang": np.zeros(count, int),
                    "err_min": np.full(count, np.hypot(facts.frame, facts.noise)), "mp_flg": np.zeros(count, int),
                    "dist_opt": np.full(count, np.nan), "phi_opt": np.full(count, np.nan),
                    "tycho": np.zeros(count, bool)}
        columns |= {"date": [name[0]] * count, "hemis": [name[1]] * count, "scan": np.full(count, name[2])}
        return pa.table(columns)


@dataclass
class _Found:
    table: pa.Table
    rows: np.ndarray
    star: np.ndarray
    possible: np.ndarray
    limits: list


def _edge(ra, dec, box):
    """Distance from the nearest side, arcsec; near the equator."""
    return 3600 * np.minimum(np.minimum(ra - box[0], box[1] - ra), np.minimum(dec - box[2], box[3] - dec))


def _joined(parts):
    return np.char.add(np.char.add(parts[0], parts[1]), parts[2]).tolist()


def _scan_row(name, box, limit):
    west, east, south, north = box
    corners = {"ra_1": east, "dec_1": south, "ra_2": west, "dec_2": south, "ra_3": west, "dec_3": north, "ra_4": east,
               "dec_4": north}
    row = dict.fromkeys(load_table("scans").names)
    return row | corners | {"date": name[0], "hemis": name[1], "scan": name[2], "ra": (west + east) / 2, "dec": 0.0,
                            "glat": 25.0, "glon": 230.0, "score": 10, "points": 0,
                            **{f"{band}_limit": value for band, value in limit.items()}}

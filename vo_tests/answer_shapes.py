"""Run in DaCHS's Python: queries of some hundred shapes, each with several numbers, translated with and without memory.

Prints a JSON object: how many shapes were filled from memory, and every difference from what DaCHS makes of a query.
"""

import itertools
import json
import random

CONDITIONS = (
    "DISTANCE(ra, dec, {d}, {d}) < {d}", "DISTANCE(ra, dec, {i}, -{i}) <= {d}", "{d} > DISTANCE(ra, dec, {d}, {e})",
    "DISTANCE(POINT('ICRS', ra, dec), POINT('ICRS', {d}, -{d})) < {d}", "DISTANCE(ra, dec, {d}, {d}) > {i}",
    "1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {d}, {d}, {d}))",
    "1=CONTAINS(POINT(ra, dec), CIRCLE({i}, -{d}, {d}))", "0 = CONTAINS(POINT(ra, dec), CIRCLE({i}, {d}, {d}))",
    "CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {d}, {d}, {e})) = 1",
    "1 = CONTAINS(POINT('J2000', ra, dec), CIRCLE('J2000', {d}, {d}, {d}))",
    "1 = CONTAINS(POINT('GALACTIC', glon, glat), CIRCLE('GALACTIC', {d}, {d}, {d}))",
    "1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('GALACTIC', {d}, {d}, {d}))",
    "1 = CONTAINS(POINT('ICRS', ra, dec), BOX('ICRS', {d}, {d}, {d}, {d}))",
    "1 = CONTAINS(POINT('ICRS', ra, dec), POLYGON('ICRS', {d}, {d}, {d}, {d}, {d}, {d}))",
    "1 = INTERSECTS(CIRCLE('ICRS', ra, dec, {d}), CIRCLE('ICRS', {d}, {d}, {d}))",
    "1 = CONTAINS(POINT(ra, dec), CIRCLE({d} + {i}, {d} * {d}, ABS(-{d})))",
    "pts_key = {i}", "pts_key IN ({i}, {i}, -{i})", "pts_key BETWEEN {i} AND {i}", "j_m < {d} AND h_m > -{d}",
    "j_m - k_m > {d} OR k_m < {i}", "j_m < {e}", "j_m < -{e}", "j_m + {d} < h_m / {i} - {d}",
    "(j_m < {d}) AND NOT (h_m < {i})", "designation = '12{i}' AND j_m < {d}",
    "designation LIKE '%{i}_5%' AND j_m < {d}", '"date" = \'1998-01-{i}\' AND scan > {i}',
    "j_m < {d} -- not {i}\n AND h_m < {d}", "POWER(j_m, {i}) < {d}", "MOD(pts_key, {i}) = {i}", "ROUND(j_m, {i}) < {d}",
    "j_m IS NULL AND h_m < {d}", "ivo_healpix_index(6, ra, dec) = {i}", "j_m < .5 AND h_m < 5.", "j_m<{d}AND h_m<{i}",
    "IN_UNIT(ra, 'rad') < {d}", "CASE WHEN j_m < {d} THEN {i} ELSE {i} END > {i}", "j_m > 1 AND h_m < 0",
    "EXISTS (SELECT 1 FROM twomass.scans AS s WHERE s.scan_key = {i} AND s.ra < {d})",
    "scan_key IN (SELECT scan_key FROM twomass.scans WHERE ra < {d} AND dec > -{i})",
)  # fmt: skip

QUERIES = (
    "SELECT * FROM twomass.psc WHERE {c}", "SELECT TOP 7 ra, dec, j_m FROM twomass.psc WHERE {c} ORDER BY j_m",
    "SELECT ra, dec, j_m - 2.5 AS shifted, 7 AS seven, -3.5e0 FROM twomass.psc WHERE {c}",
    "SELECT count(*) AS n, avg(j_m) FROM twomass.psc WHERE {c} GROUP BY scan_key HAVING count(*) > 2",
    "SELECT DISTINCT hemis FROM twomass.psc WHERE {c} OFFSET 3",
    "WITH near AS (SELECT * FROM twomass.psc WHERE {c}) SELECT designation, 5.5 AS x FROM near WHERE j_m < {d}",
    "SELECT s.ra, s.half FROM (SELECT TOP 50 ra, dec, j_m, j_m / 2 AS half FROM twomass.psc WHERE {c}) AS s "
    "WHERE s.ra > {d}",
)  # fmt: skip

OTHERS = (
    "SELECT p.ra, a.band FROM twomass.psc AS p JOIN twomass.atlas AS a ON (p.coadd_key = a.coadd_key) "
    "WHERE p.j_m < {d}",
    "SELECT a.*, b.j_m AS other FROM twomass.psc AS a JOIN twomass.psc AS b ON "
    "(1 = CONTAINS(POINT(a.ra, a.dec), CIRCLE(b.ra, b.dec, {d}))) WHERE a.pts_key = {i}",
    "SELECT jmag, mainid FROM twomass.data WHERE DISTANCE(raj2000, dej2000, {d}, {d}) < {d}",
    "SELECT * FROM twomass.xsc WHERE r_k20fe > {i} AND DISTANCE(ra, dec, {d}, {d}) < {d}",
    "SELECT * FROM twomass.atlas WHERE 1 = INTERSECTS(s_region, CIRCLE('ICRS', {d}, {d}, {d}))",
    "SELECT obs_id, s_ra FROM ivoa.obscore WHERE 1 = CONTAINS(POINT({d}, {d}), s_region) AND t_min > {d}",
    "SELECT ra FROM twomass.psc WHERE j_m < {d} UNION SELECT ra FROM twomass.scans WHERE dec < {d}",
    "SELECT * FROM twomass.scans WHERE scan = {i}", "SELECT table_name FROM tap_schema.columns WHERE \"size\" > {i}",
    "SELECT TOP {i} ra FROM twomass.psc", "SELECT ra, {d} AS x FROM twomass.psc",
    "select ra from twomass.psc where j_m<{d}",
)  # fmt: skip

NUMBERS = {
    "i": ("2", "7", "12345", "40000", "2147483647", "99999999999", "007", "0", "1"),
    "d": ("10.5", "0.1", "359.999999", "0.000001", "12.3400", "00.5", "1.0", "0.0", "89.12345678901234"),
    "e": ("1e2", "1.5e-3", "2E5", "7e-10", "3.25E+2", "1e0", "0e0", "12.5e-1"),
}


def queries(rng):
    """Lists of queries that differ in their numbers alone."""
    some = [*itertools.product(QUERIES[:1], CONDITIONS), *itertools.product(QUERIES[1:], CONDITIONS[::6])]
    for text in [*(query.replace("{c}", condition) for query, condition in some), *OTHERS]:
        yield [_filled(text, rng) for _ in range(4)]


def _filled(text, rng):
    for kind, numbers in NUMBERS.items():
        parts = text.split("{" + kind + "}")
        text = parts[0] + "".join(rng.choice(numbers) + part for part in parts[1:])
    return text


def main():
    from gavo import api, rscdesc  # configures DaCHS
    from gavo.protocols import simbadinterface, tap  # functions and tables of TAP

    from processing.answer import dialect, row_limits

    del api, rscdesc, simbadinterface, tap
    row_limits.use_in_dachs()
    dialect.use_in_dachs()
    print(json.dumps(compare()))


def compare():
    from gavo import base

    from processing.answer.translate import Translator

    translator, wrong, asked = Translator(), [], 0
    shapes = {"filled": set(), "translated": set(), "refused": set()}
    base.caches.registerCache("shapesInTest", translator.known, translator.known.get)
    for number, variants in enumerate(queries(random.Random(3))):
        for adql in variants:
            asked += 1
            found, question = _outcome(lambda: translator.question(adql, 1000))
            shapes["refused" if question is None else "filled" if question.shape else "translated"].add(number)
            if question is None or question.shape:
                wrong += _differences(adql, found, question)
    before, after = _shapes_around(translator, lambda: base.caches.clearForName("twomass/q"))
    kept = len(translator.known)
    base.caches.clearCaches()  # as at SIGHUP
    return {"queries": asked, **{name: len(of) for name, of in shapes.items()}, "wrong": wrong, "kept": kept,
            "kept after SIGHUP": len(translator.known), "shapes before": before, "shapes of a new descriptor": after}


def _shapes_around(translator, change):
    """Names of the shape of one query before and after a change."""
    names = []
    for number in range(6):
        names.append(translator.question(f"SELECT ra FROM twomass.psc WHERE dec < {number + 2}", 1000).shape)
        if number == 2:
            change()
    return names[:3], names[3:]


def _differences(adql, found, question):
    """What is different from the Question, or the error, that DaCHS's translation of the very query gives."""
    from processing.answer.translate import as_question, description, translate_by_dachs, without_names

    expected, plain = _outcome(lambda: as_question(translate_by_dachs(adql, 1000), None))
    pairs = [("outcome", found, expected)]
    if plain and question:
        pairs += [("SQL", question.sql, plain.sql), ("limit", repr(question.limit), repr(plain.limit)),
                  ("exceeded", str(question.limit.exceeded), str(plain.limit.exceeded)),
                  ("settings", str(question.settings), str(plain.settings)),
                  ("description", description(question.table), description(plain.table))]
    return [[adql, what, one[-300:], other[-300:]] for what, one, other in pairs
            if without_names(one) != without_names(other)]


def _outcome(work):
    """How it ended, and what came of it."""
    try:
        return "well", work()
    except Exception as error:
        return f"{type(error).__name__}: {error}", None


if __name__ == "__main__":
    main()

"""Queries in ADQL as they come when nobody writes them: of a grammar, then broken, and those of people who mean ill."""

COLUMNS = ("ra", "dec", "j_m", "h_m", "k_m", "j_cmsig", "ph_qual", "designation", "pts_key", "date", '"date"', "glon",
           "nope",
           "a", "b.ra", "psc.j_m", "twomass.psc.ra")  # fmt: skip
TABLES = ("twomass.psc", "twomass.psc", "twomass.psc AS b", "twomass.xsc", "twomass.scans", "ivoa.obscore",
          "tap_schema.tables",
          "twomass.nope", "tap_upload.t", "dc.users", "pg_catalog.pg_authid", '"twomass"."psc"')  # fmt: skip
NUMBERS = ("0", "1", "-1", "1.5", "1e5", ".5", "1e400", "-1e-400", "9" * 40, "0x1F", "1e", "00", "360", "90.0", "NaN")
TEXTS = ("''", "'a'", "'%'", "'%%s'", "'it''s'", "'\\'", "'\u00e9\u4e2d'", "'ICRS'", "'" + "x" * 3000 + "'",
         "'4/1 3-9'",
         "'%" + "a%" * 40 + "'", "E'\\x00'", "'1 2 3'", "$$a$$")  # fmt: skip
FUNCTIONS = ("ABS", "SQRT", "LOG", "EXP", "POWER", "MOD", "ROUND", "COUNT", "MAX", "SUM", "AVG", "UPPER", "LOWER",
             "COALESCE",
             "ivo_healpix_index", "ivo_hasword", "ivo_string_agg", "ivo_histogram", "gavo_transform", "gavo_to_mjd",
             "IN_UNIT",
             "CAST", "pg_sleep", "version", "current_setting", "lo_import", "query_to_xml", "ivo_nocasematch", "RAND",
             "ivo_interval_overlaps", "BITWISE_AND", "TIMESTAMP", "gavo_vocmatch", "COORD1", "AREA",
             "CENTROID")  # fmt: skip
COMPARISONS = ("=", "<", ">=", "<>", "!=", "==", "LIKE", "ILIKE", "IN", "IS")
SHAPES = ("POINT", "CIRCLE", "BOX", "POLYGON", "REGION", "MOC")
HOSTILE = (
    "SELECT 1; DROP TABLE twomass.psc", "SELECT ra FROM twomass.psc; DELETE FROM twomass.psc --",
    "DROP TABLE twomass.psc",
    "INSERT INTO twomass.psc VALUES (1)", "UPDATE twomass.psc SET ra = 0", "CREATE TABLE tap_user.x AS SELECT 1 AS a",
    "SELECT * FROM twomass.psc WHERE designation = '' OR 1 = 1 --'", "SELECT $$a$$ FROM twomass.psc",
    "SELECT ra FROM twomass.psc UNION SELECT passwd FROM pg_shadow", "COPY twomass.psc TO PROGRAM 'id'",
    "SELECT pg_read_file('/etc/passwd')", "SELECT * INTO x FROM twomass.psc", "SET ROLE postgres", "BEGIN", "",
    "SELECT ra FROM twomass.psc LIMIT ALL", "WITH a AS (DELETE FROM twomass.psc RETURNING *) SELECT * FROM a",
    "SELECT * FROM twomass.psc WHERE ra = {x}", "SELECT %(a)s FROM twomass.psc", "SELECT '%s' AS a FROM twomass.psc",
    "SELECT ra FROM twomass.psc WHERE designation LIKE '%%%%%%%%%%%%%%%%%%%a'", "JUST HANG around", "MESSILY CRASH",
    'SELECT "ra FROM twomass.psc', "SELECT 'ra FROM twomass.psc", "SELECT ra /* FROM twomass.psc",
    "SELECT \0 FROM twomass.psc",
    "SELECT ra FROM twomass.psc TABLESAMPLE(1000)", "SELECT ivo_histogram(j_m, 0, 1, 1000000000) AS h FROM twomass.psc",
    "SELECT MOC(29, CIRCLE(0, 0, 90)) AS m FROM tap_schema.tables",
    "SELECT TOP 99999999999999999999 ra FROM twomass.psc",
    "SELECT TOP -1 ra FROM twomass.psc", "SELECT ra FROM twomass.psc OFFSET 99999999999999999999",
)  # fmt: skip


def query(luck):
    """One query."""
    kind = luck.random()
    if kind < 0.1:
        return luck.choice(HOSTILE)
    if kind < 0.2:
        return _large(luck)
    made = _select(luck, 3)
    return made if kind < 0.6 else _broken(luck, made)


def _select(luck, depth):
    source = f"({_select(luck, depth - 1)}) AS a" if depth > 0 and luck.random() < 0.15 else luck.choice(TABLES)
    if luck.random() < 0.15:
        on = luck.choice(("USING (pts_key)", f"ON {_condition(luck, 1)}", ""))
        source += f" {luck.choice(('JOIN', 'LEFT OUTER JOIN', 'NATURAL JOIN', ','))} {luck.choice(TABLES)} {on}"
    items = ", ".join(_expression(luck, depth) + luck.choice(("", " AS x", ' AS "y z"', " AS select"))
                      for _ in range(luck.randrange(1, 4)))  # fmt: skip
    quantity = luck.choice(("", "TOP 5 ", "DISTINCT ", "TOP 0 ", "ALL "))
    text = f"SELECT {quantity}{luck.choice((items, items, '*'))} FROM {source}"
    if luck.random() < 0.7:
        text += f" WHERE {_condition(luck, depth)}"
    if luck.random() < 0.15:
        text += f" GROUP BY {luck.choice(COLUMNS)} HAVING {_condition(luck, 1)}"
    if luck.random() < 0.15:
        text += f" ORDER BY {_expression(luck, 1)} {luck.choice(('', 'ASC', 'DESC', 'UP'))}"
    if luck.random() < 0.08:
        text += f" {luck.choice(('UNION', 'EXCEPT', 'INTERSECT', 'UNION ALL'))} {_select(luck, depth - 1)}"
    return text + luck.choice(("", "", "", " OFFSET 3", ";", " --", " LIMIT 5"))


def _condition(luck, depth):
    if depth <= 0 or luck.random() < 0.4:
        return f"{_expression(luck, depth - 1)} {luck.choice(COMPARISONS)} " \
               f"{luck.choice((_expression(luck, depth - 1), 'NULL', '(1, 2, 3)', luck.choice(TEXTS)))}"
    return luck.choice((
        f"{_condition(luck, depth - 1)} {luck.choice(('AND', 'OR'))} {_condition(luck, depth - 1)}",
        f"NOT ({_condition(luck, depth - 1)})", f"{_expression(luck, 1)} BETWEEN {_expression(luck, 1)} AND 5",
        f"1 = CONTAINS({_shape(luck)}, {_shape(luck)})", f"1 = INTERSECTS({_shape(luck)}, {_shape(luck)})",
        f"DISTANCE({_shape(luck)}, {_shape(luck)}) < {luck.choice(NUMBERS)}", f"EXISTS ({_select(luck, depth - 1)})"))


def _shape(luck):
    numbers = [luck.choice(NUMBERS + COLUMNS[:3]) for _ in range(luck.randrange(0, 9))]
    shape, text = luck.choice(SHAPES), [luck.choice(TEXTS)]
    return f"{shape}({', '.join(luck.choice((['ra', 'dec'], ['ra', 'dec', '1'], numbers, text)))})"


def _expression(luck, depth):
    if depth <= 0 or luck.random() < 0.4:
        return luck.choice(COLUMNS + COLUMNS + NUMBERS + TEXTS)
    inner = [_expression(luck, depth - 1) for _ in range(3)]
    return luck.choice((
        f"{inner[0]} {luck.choice('+-*/|%')} {inner[1]}", f"({inner[0]})", f"-{inner[0]}", f"{inner[0]} || {inner[1]}",
        f"{luck.choice(FUNCTIONS)}({', '.join(inner[:luck.randrange(4)])})",
        f"CAST({inner[0]} AS {luck.choice(('INTEGER', 'x'))})",
        f"CASE WHEN {inner[0]} > 1 THEN {inner[1]} ELSE {inner[2]} END", _shape(luck)))


def _large(luck):
    """Near what the limits allow, and beyond."""
    number = luck.choice((10, 100, 500, 1000, 3000))
    few = min(number, 40)
    return luck.choice((
        "SELECT ra FROM twomass.psc WHERE " + " OR ".join(f"j_m = {n}" for n in range(number)),
        "SELECT ra FROM twomass.psc WHERE pts_key IN (" + ",".join(map(str, range(number))) + ")",
        "SELECT " + "(" * few + "1" + ")" * few + " AS x FROM twomass.psc",
        "SELECT ra FROM twomass.psc WHERE 1 = CONTAINS(POINT(ra, dec), POLYGON("
        + ", ".join(f"{n * 0.01}, {n % 7}" for n in range(number)) + "))",
        "SELECT ra FROM twomass.psc WHERE 1 = CONTAINS(POINT(ra, dec), MOC('9/" + " ".join(str(3 * n)
                                                                                           for n in range(number))
        + "'))", "SELECT 1 AS x FROM " + ", ".join(f"tap_schema.tables AS t{n}" for n in range(few)),
        "SELECT * FROM (" * min(few, 9) + "SELECT ra FROM twomass.psc" + ") AS a" * min(few, 9),
        "SELECT " + "CASE WHEN ra > 1 THEN " * few + "1" + " END" * few + " AS x FROM twomass.psc",
        "SELECT " + ", ".join(f"ra AS a{n}" for n in range(number)) + " FROM twomass.psc",
        " UNION ".join(["SELECT ra FROM twomass.psc"] * few), "SELECT ra FROM twomass.psc " + "-- x\n" * number,
        "SELECT COUNT(*) AS n FROM " + ", ".join(f"twomass.psc AS {name}" for name in "abcd")))  # fmt: skip


def _broken(luck, text):
    """A few letters taken out, put in, or changed for others."""
    for _ in range(luck.randrange(1, 5)):
        place = luck.randrange(len(text) + 1)
        text = text[:place] + luck.choice(("", "", "(", ")", "'", '"', "\n", "\x01", "\u2028", "%", "SELECT", "\\",
                                           ";", "\0", "\ufffe"))
        text += luck.choice(("", text[place // 2:]))[:2000]
    return text

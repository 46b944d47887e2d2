"""The schema as DaCHS sees it: what the resource descriptors in ``resources/`` ask for while they are parsed.

Runs in the system's Python inside DaCHS, so it needs nothing but processing.schema (and processing.config).
"""

from processing.config import survey
from processing.schema import BANDS, load_table

TYPES = {"short": "smallint", "int": "integer", "long": "bigint", "float": "real", "double": "double precision",
         "string": "text", "boolean": "boolean"}
NULLS = {"short": -32768, "int": -2147483648, "long": -9223372036854775808}
"""What stands for a null in VOTable serialisations that have no other way to say it."""

RESERVED = {"date"}
"""Column names that are words of ADQL: written with quotes there."""


def columns(table):
    """The columns of ``table`` as the attributes of DaCHS's ``column`` element, in order (dicts of str)."""
    description = load_table(table)
    principal = set(description.extra.get("principal", description.names))
    for column in description.columns:
        quoted = column.name in RESERVED
        yield {
            "name": f"quoted/{column.name}" if quoted else column.name,
            "type": _type(column),
            "unit": column.unit,
            "ucd": column.ucd,
            "description": column.description,
            "required": str(not column.nullable),
            "verbLevel": "1" if column.name in principal else "25",
            "tablehead": column.name,
            "nullLiteral": _null_literal(column),
        }


def _null_literal(column):
    """What stands for a null integer; DaCHS reads __NULL__ as "no such thing", which NaN and texts do not need."""
    return str(NULLS.get(column.datatype, "__NULL__")) if column.nullable else "__NULL__"


def _type(column):
    if column.datatype == "char":
        return f"char({column.length})"
    return TYPES[column.datatype]


def band_case(value):
    """SQL that is ``value(band)`` for the band named in the column ``band``."""
    cases = " ".join(f"WHEN '{band.name}' THEN {value(band)!r}" for band in BANDS)
    return f"CASE band {cases} END"


def image_terms():
    """How the columns of twomass.atlas give what the image protocols ask for, as SQL.

    Times: ``mjd`` is when the centre of the image passed the centre of the array, so the first light came half a pass
    of the image and half a frame earlier. The exposure is that of the frames that each pixel is made of.
    """
    numbers = survey().instrument
    half_span = f"((naxis2 * pixel_scale + {numbers.frame_height}) / {2 * numbers.scan_rate * 86400})"
    return {
        "em_min": band_case(lambda band: band.wavelength[0]),
        "em_max": band_case(lambda band: band.wavelength[1]),
        "em_mid": band_case(lambda band: sum(band.wavelength) / 2),
        "t_min": f"mjd - {half_span}",
        "t_max": f"mjd + {half_span}",
        "t_exptime": repr(round(numbers.frames_per_coadd * numbers.read2_exposure, 6)),
        "s_fov": "sqrt(naxis1 ^ 2 + naxis2 ^ 2) * pixel_scale / 3600",
        "obs_id": "replace(substr(\"date\", 3), '-', '') || hemis || ' s' || lpad(scan::text, 3, '0') "
                  "|| ' i' || lpad(coalesce(coadd, coadd_key)::text, 3, '0')",
        "title": "'2MASS Atlas Image ' || band || ' ' || \"date\" || hemis || ' scan ' || scan "
                 "|| coalesce(' coadd ' || coadd, '')",
        "facility": "CASE hemis WHEN 'n' THEN 'FLWO 1.3m' ELSE 'CTIO 1.3m' END",
    }


def spectral_range():
    """Energies of the photons in the three bands, lowest and highest, J: as VODataService gives a spectral coverage."""
    edges = [wavelength for band in BANDS for wavelength in band.wavelength]
    return f"{PLANCK * LIGHT / max(edges):.3g} {PLANCK * LIGHT / min(edges):.3g}"


def coverage(connect):
    """Where, when and in what light the published release looked, as DaCHS's metadata: dicts of ``item`` and ``value``.

    For the services that DaCHS brings, TAP and ObsCore, which give this release and nothing else.
    """
    yield {"item": "waveband", "value": "Infrared"}
    yield {"item": "spectral", "value": spectral_range()}
    for row in sample(connect, COVERED):
        yield {"item": row["item"], "value": row["value"]}


PLANCK, LIGHT = 6.62607015e-34, 299792458.0
"""J s, m/s."""

COVERED = """
    SELECT 'spatial' AS item, spatial AS value FROM dc.rdmeta WHERE sourcerd = 'twomass/q' AND spatial IS NOT NULL
    UNION ALL SELECT 'temporal', concat_ws(' ', round(temporal[1]::numeric, 5), round(temporal[2]::numeric, 5))
    FROM dc.rdmeta WHERE sourcerd = 'twomass/q' AND temporal IS NOT NULL"""

SOURCE = "SELECT ra, dec, pts_key, designation, k_m FROM twomass.psc ORDER BY pts_key LIMIT 1"
GALAXY = "SELECT ra, dec, ext_key, designation, k_m_k20fe FROM twomass.xsc ORDER BY ext_key LIMIT 1"
IMAGE = "SELECT ra, dec, atlas_key, file, bytes, band FROM twomass.atlas ORDER BY atlas_key LIMIT 1"


def place_to_ask(connect, query):
    """Where to ask a service as a test: the registry wants a place even when there is nothing to be found."""
    return sample(connect, query) or [{"ra": "0", "dec": "0"}]


def sample(connect, query):
    """The first row of ``query`` (SOURCE, IMAGE) as a dict of str in a list; empty when nothing is published.

    What is asked of the services as a test has to be in the release that is published.
    """
    try:
        with connect() as connection:
            return [{name: str(value) for name, value in row.items()} for row in connection.queryToDicts(query)]
    except Exception as error:  # psycopg2's, which is there only within DaCHS
        if type(error).__name__ not in ("UndefinedTable", "InvalidSchemaName"):
            raise
        return []

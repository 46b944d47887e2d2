"""What the site tells the registries of the VO; pyvo finds services and tables by it and gets on from there."""

import gc
from xml.etree import ElementTree

import pytest
import requests

from processing.publish.dachs import dachs
from processing.publish.vocabularies import ROOT, cache_name, desise_files
from vo_tests import regtap

OAI = (
    "verb=Identify", "verb=ListSets", "verb=ListMetadataFormats", "verb=ListIdentifiers&metadataPrefix=ivo_vor",
    "verb=ListRecords&metadataPrefix=ivo_vor", "verb=ListRecords&metadataPrefix=oai_dc",
    "verb=ListRecords&metadataPrefix=ivo_vor&from=2100-01-01", "verb=ListRecords", "verb=NoSuchVerb", "",
    "verb=GetRecord&metadataPrefix=ivo_vor&identifier=ivo://org.example.twomass/twomass/q/psc",
    "verb=GetRecord&metadataPrefix=oai_dc&identifier=ivo://org.example.twomass/twomass/q/psc",
    "verb=GetRecord&metadataPrefix=ivo_vor&identifier=ivo://org.example.twomass/none",
    "verb=GetRecord&metadataPrefix=none&identifier=ivo://org.example.twomass/twomass/q/psc",
)
"""Every verb of OAI-PMH, and what is wrong with a question in every way."""

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""pyvo leaves connections to be closed."""

INFRASTRUCTURE = {"vg:registry", "vg:authority", "vr:organisation"}


@pytest.fixture(scope="module")
def records(server, release):
    """The rows of ``rr.resource`` by their identifiers."""
    found = (dict(regtap.rows_of(record))["resource"] for record in regtap.harvest(server))
    return {row["ivoid"].removeprefix("ivo://org.example.twomass"): row for row in found}


@pytest.fixture(scope="module")
def registry(server, release):
    """pyvo.registry, asking a registry that has harvested the server under test; it needs no network."""
    from astropy.config import set_temp_cache
    from astropy.utils.data import import_file_to_cache
    from pyvo import registry

    folder = server.folder / "vocabularies"
    folder.mkdir()
    before = registry.regtap.get_RegTAP_service_url()
    with set_temp_cache(folder):
        for name in ("messenger", "uat"):
            file = folder / f"{name}.json"
            file.write_text(desise_files()[cache_name(name)])
            import_file_to_cache(ROOT + name, file)
        regtap.install(server)
        registry.choose_RegTAP_service(f"{server.url}/tap")
        try:
            yield registry
        finally:
            registry.choose_RegTAP_service(before)
            gc.collect()  # here, where what pyvo left open is no error
            regtap.remove(server)


def names(found):
    return {resource.ivoid.removeprefix("ivo://org.example.twomass/") for resource in found}


def test_oai_pmh_is_valid_by_its_schemas_whatever_it_is_asked(server, release):
    folder = server.folder / "oai"
    folder.mkdir()
    for number, question in enumerate(OAI):
        (folder / f"{number:02d}.xml").write_bytes(requests.get(f"{server.url}/oai.xml?{question}").content)
    said = dachs(server.place, "admin", "xsdValidate", *sorted(folder.iterdir()), check=False).stdout.splitlines()
    assert [line for line in said if not line.endswith(" -- valid")] == [] and len(said) == len(OAI)


def test_every_service_and_every_table_has_a_record(server, tap, records):
    with server.connect() as connection:
        services = {f"/{rd}/{name}" for rd, name in connection.execute(
            "SELECT DISTINCT sourcerd, resid FROM dc.interfaces WHERE sourcerd LIKE 'twomass/%'")}
    tables = {f"/twomass/q/{name.partition('.')[2]}" for name in tap.tables.keys() if name.startswith("twomass.")}
    assert services | tables | {"", "/org", "/tap", "/__system__/obscore/obscore"} <= set(records)
    assert {"/twomass/q/cone", "/twomass/q/sia", "/twomass/q/sia2", "/twomass/q/image_links"} <= services


def test_the_organisation_that_publishes_has_a_record_to_which_the_others_refer(server, records):
    assert records["/org"]["res_type"] == "vr:organisation"
    answer = requests.get(f"{server.url}/oai.xml?verb=ListRecords&metadataPrefix=ivo_vor")
    referred = {publisher.get("ivo-id") for publisher in ElementTree.fromstring(answer.content).iter("publisher")}
    assert referred - {None} == {"ivo://org.example.twomass/org"}


def test_every_record_says_what_a_reader_of_a_list_of_hits_needs(records):
    for ivoid, row in records.items():
        assert row["res_title"] and len(row["res_description"]) > 30 and len(row["short_name"]) <= 16, ivoid
        if row["res_type"] not in INFRASTRUCTURE:
            assert row["waveband"] == "infrared" and row["reference_url"].startswith("http"), ivoid


@pytest.mark.parametrize("wanted,expected", [
    ({"servicetype": "scs", "ucd": "phot.mag;em.ir.k"}, {"twomass/q/cone", "twomass/q/galaxies"}),
    ({"servicetype": "hips"}, {f"twomass/sky/{name}" for name in ("j", "h", "k", "colour")}),
    ({"servicetype": "sia1", "waveband": "infrared"}, {"twomass/q/sia"}),
    ({"servicetype": "sia2", "waveband": "infrared"}, {"twomass/q/sia2"}),
    ({"servicetype": "tap", "waveband": "infrared"}, {"tap"}),
    ({"servicetype": "scs", "keywords": "Point Sources"}, {"twomass/q/cone"}),
    ({"datamodel": "obscore"}, {"tap"}),
    ({"keywords": "Level 1 requirements"}, {"twomass/q/level1"}),
    ({"author": "2MASS%", "servicetype": "sia1"}, {"twomass/q/sia"}),
    ({"servicetype": "scs", "waveband": "radio"}, set()),
])  # fmt: skip
def test_pyvo_finds_what_fits_and_nothing_else(registry, wanted, expected):
    assert names(registry.search(**wanted)) == expected


@pytest.mark.parametrize("ucd,table", [("phot.mag;em.ir.j", "psc"), ("phot.mag;em.ir.j", "data"),
                                       ("pos.eq.ra;meta.main", "atlas"), ("obs.airmass", "scans")])
def test_pyvo_finds_tables_by_what_is_in_their_columns(registry, ucd, table):
    found = registry.search(ucd=ucd, servicetype="tap", includeaux=True)
    assert f"twomass/q/{table}" in names(found)


def test_pyvo_finds_by_place_time_and_wavelength_what_covers_them_only(registry, release):
    from astropy import units as u
    from astropy.time import Time

    points = release.read("psc")
    here = (points["ra"][0].as_py(), points["dec"][0].as_py())
    when = Time(points["jdate"].to_numpy()[points["jdate"].is_valid().to_numpy()][0], format="jd")
    for axis, inside, outside in (("spatial", here, (here[0] + 180, -here[1])),
                                  ("temporal", when, Time("2010-01-01")), ("spectral", 2.1 * u.um, 2.5 * u.um)):
        assert {"twomass/q/cone", "twomass/q/psc", "tap"} <= names(registry.search(**{axis: inside})), axis
        assert names(registry.search(**{axis: outside})) == set(), axis


def test_from_a_hit_to_rows_and_images(registry, release):
    row = release.read("atlas").to_pylist()[0]
    source = release.read("psc").slice(0, 1).to_pylist()[0]
    cone = registry.search(servicetype="scs", keywords="Point Sources")[0].get_service("scs")
    assert source["designation"] in cone.search(pos=(source["ra"], source["dec"]), radius=0.001)["designation"]
    sia = registry.search(servicetype="sia1", waveband="infrared")[0].get_service("sia1")
    assert len(sia.search(pos=(row["ra"], row["dec"]), size=0.001)) == 3
    sia2 = registry.search(servicetype="sia2", waveband="infrared")[0].get_service("sia2")
    assert len(sia2.search(pos=(row["ra"], row["dec"], 0.001))) == 3


def test_from_a_table_to_its_columns_and_rows(registry, release):
    found = registry.search(ivoid="ivo://org.example.twomass/twomass/q/psc", servicetype="tap", includeaux=True)[0]
    (name, table), = found.get_tables().items()
    units = {column.name: column.unit for column in table.columns}
    assert name == "twomass.psc" and len(units) == 60 and units["j_m"] == "mag"
    counted = found.get_service("tap").search(f"SELECT COUNT(*) AS n FROM {name}")
    assert counted["n"][0] == release.rows["psc"]
    assert "survey@example.org" in found.get_contact()

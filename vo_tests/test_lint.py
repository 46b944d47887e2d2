"""What STILTS and DaCHS themselves find wrong with the services: nothing that is ours."""

import re
import shutil
import subprocess

import pytest
import requests

from processing.publish.dachs import dachs

ACCEPTED = {
    r"E-\w+-YJ(RG|KJ)-\d+ .*Value '?1\.5'?|E-\w+-YJ(RG|KJ)-\d+ .*value '1\.5'":
        "DaCHS 2.11 writes VOTable 1.5, which STILTS before 3.5 does not know",
    r"E-CAP-KEYX-\d+ .*features-adql-conditional": "of ADQL 2.1, which STILTS before 3.5 does not know",
    r"F-LOC-NOTP-\d+ .*ivoa\.obsplan": "taplint asks for a table of planned observations; this survey has none",
}
"""What is written for a TAP service of DaCHS whatever it serves, and why."""

ACCEPTED_WARNINGS = {
    r"W-\w+-Y(VR9|NSX)-\d+ .*VOTable": "the same of VOTable 1.5",
    r"W-CAP-CULF-\d+ .*ivo://org\.gavo\.dc/": "a feature that DaCHS announces under a name of its own",
    r"W-CAP-CPUL-\d+ .*/__system__/tap/run": "TAP has a short address, /tap, besides the one that DaCHS registers",
    r"W-MDQ-CCAS-\d+ .* tap_schema\.\w+ sourcerd": "a column of DaCHS's own in TAP_SCHEMA, in two cases",
    r"W-\w+-YXDL-\d+ .*\"mjd\"": "the xtype of ObsCore's times in DaCHS, which says what plain numbers would not",
    r"W-\w+-YAR1-\d+ .*arraysize": "DaCHS's arraysize of single characters in TAP_SCHEMA and uploads",
}
"""Likewise."""

LINKS = ("image_links/dlmeta?ID=atlas/000127s/s058/ji01.fits", "source_links/dlmeta?ID=900000000&ID=900000001",
         "source_links/dlmeta?ID=none", "source_links/dlmeta")
LINKS_ACCEPTED = {
    r"E-YJ(RG|KJ)-\d+ .*1\.5|W-Y(VR9|NSX)-\d+ .*VOTable": "VOTable 1.5",
    r"E-SMCO-\d+ .*'coderived'": "a term of the IVOA's vocabulary since 2020 that STILTS before 3.5 does not know",
}


ANSWERS = (
    "tap/capabilities", "tap/tables", "tap/availability", "oai.xml?verb=ListRecords&metadataPrefix=ivo_vor",
    "tap/sync?LANG=ADQL&FORMAT=votable/td&QUERY=SELECT+TOP+3+*+FROM+twomass.psc",
    "twomass/q/cone/scs.xml?RA=127.5&DEC=1.5&SR=0.1", "twomass/q/sia/siap.xml?POS=121.6,1.05&SIZE=1",
    "twomass/q/sia2/siap2.xml", "twomass/q/cone/capabilities", "twomass/q/sia/capabilities",
    "twomass/q/sia2/capabilities", "twomass/q/cone/tables", "twomass/q/source_links/dlmeta?ID=900000000",
    "twomass/q/image_links/dlmeta?ID=atlas/000127s/s058/ji01.fits", "twomass/q/image_links/capabilities",
)


@pytest.fixture(scope="module")
def report(server, release):
    if not shutil.which("stilts"):
        pytest.fail("STILTS is not installed: run 'make setup'")
    command = ["stilts", "taplint", f"tapurl={server.url}/tap", "maxrepeat=1000"]
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()


def test_taplint_finds_no_error_and_no_failure_of_ours(report):
    bad = [line for line in report if re.match(r"[EF]-", line)]
    ours = [line for line in bad if not any(re.match(pattern, line) for pattern in ACCEPTED)]
    assert ours == []


def test_taplint_went_through_to_its_end(report):
    totals = [line for line in report if line.startswith("Totals: ")]
    assert len(totals) == 1
    for stage in ("TMV", "TMS", "TMC", "CAP", "QGE", "QPO", "QAS", "UWS", "MDQ", "OBS", "UPL", "EXA"):
        assert any(line.startswith(f"Section {stage}") for line in report), stage


def test_taplint_has_nothing_to_say_on_our_tables(report):
    """The errors above are those of the protocol; here also warnings that name a column of ours."""
    named = [line for line in report if re.match(r"[EWF]-", line) and "twomass." in line]
    assert named == []


def test_taplint_warns_of_nothing_that_is_ours(report):
    warnings = [line for line in report if line.startswith("W-")]
    assert [line for line in warnings if not any(re.match(pattern, line) for pattern in ACCEPTED_WARNINGS)] == []


@pytest.mark.parametrize("address", LINKS)
def test_datalinklint_finds_nothing_that_is_ours(server, release, address):
    command = ["stilts", "datalinklint", f"votable={server.url}/twomass/q/{address}"]
    said = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    assert any(line.startswith("I-DLNR-1 ") for line in said), said
    bad = [line for line in said if re.match(r"[EWF]-", line)]
    assert [line for line in bad if not any(re.match(pattern, line) for pattern in LINKS_ACCEPTED)] == []


def test_the_regression_tests_of_the_descriptor_pass(server, release):
    said = dachs(server.place, "test", "-v", "twomass/q", check=False).stdout
    assert re.search(r"^0 of [1-9]\d* bad", said, re.MULTILINE), said


def test_dachs_finds_the_descriptor_valid(server, release):
    said = dachs(server.place, "val", "twomass/q", check=False).stdout
    assert "OK" in said and "[ERROR]" not in said, said


def test_what_the_services_answer_is_valid_by_the_schemas_of_the_ivoa(server, release):
    folder = server.folder / "answers"
    folder.mkdir()
    for number, address in enumerate(ANSWERS):
        answer = requests.get(f"{server.url}/{address}")
        assert answer.ok, address
        (folder / f"{number}.xml").write_bytes(answer.content)
    files = sorted(folder.iterdir())
    said = dachs(server.place, "admin", "xsdValidate", *files, check=False).stdout
    invalid = [line for line in said.splitlines() if not line.endswith(" -- valid")]
    assert invalid == [] and len(said.splitlines()) == len(ANSWERS), said

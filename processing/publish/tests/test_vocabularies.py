"""The vocabulary files, against the IVOA's rules and DaCHS's own way of naming them."""

import json
import shutil

import pytest

from processing.errors import SurveyError
from processing.publish.dachs import deploy
from processing.publish.site import as_account, prepare
from processing.publish.vocabularies import TERMS, cache_name, desise, desise_files


def test_narrower_terms_are_transitive_in_rdf_and_only_the_next_ones_in_skos():
    labels = {"photon": "", "radio < photon": "", "centimetre < radio": ""}
    rdf, skos = desise("v", "RDF Class", labels)["terms"], desise("v", "SKOS", labels)["terms"]
    assert rdf["photon"]["narrower"] == ["radio", "centimetre"] and skos["photon"]["narrower"] == ["radio"]
    assert rdf["centimetre"]["wider"] == ["radio", "photon"] and skos["centimetre"]["wider"] == ["radio"]


def test_a_wider_term_that_is_none_is_refused():
    with pytest.raises(SurveyError, match="radio is placed under photon"):
        desise("v", "SKOS", {"radio < photon": "Radio"})


def test_every_file_is_complete_json():
    for text in desise_files().values():
        vocabulary = json.loads(text)
        assert set(vocabulary) == {"uri", "flavour", "terms"}
        assert all(set(term) == {"label", "description", "wider", "narrower"} for term in vocabulary["terms"].values())


@pytest.mark.skipif(not shutil.which("/usr/bin/dachs"), reason="DaCHS is not installed")
def test_dachs_finds_every_vocabulary_where_it_looks_without_a_network(place):
    """DaCHS's own function reads them; with the download made impossible, it must not need one."""
    import yaml

    prepare(place)
    deploy(place)
    code = """if 1:
        import os, sys
        os.environ["GAVO_INIT_RUNNING"] = "1"
        from gavo.protocols import vocabularies
        vocabularies.request.urlopen = None
        for name in sys.argv[1:]:
            print(len(vocabularies.get_vocabulary(name)["terms"]))
    """
    raw = yaml.safe_load(TERMS.read_text())
    said = as_account(["/usr/bin/python3", "-W", "ignore", "-c", code, *raw], place).stdout
    assert [int(line) for line in said.split()] == [len(entry["terms"]) for entry in raw.values()]


def test_the_name_of_a_cache_file_escapes_what_a_file_name_cannot_hold():
    assert cache_name("datalink/core") == "http:=2F=2Fwww.ivoa.net=2Frdf=2Fdatalink=2Fcore"

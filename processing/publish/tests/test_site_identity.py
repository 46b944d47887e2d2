"""The world does not get to see a server of nobody."""

import configparser

import pytest

from processing.errors import SurveyError
from processing.publish.site import ETC, Site, read_settings
from processing.publish.site_identity import META, check_identity, is_local, read_meta, unset

SOMEBODY = """
publisher: Observatory of Somewhere
publisherID: ivo://org.somewhere.nir/org
contact.name: N. N.
contact.address: 1 Hill Road, \\
  Somewhere
contact.email: nir@somewhere.org
# contact.telephone: example
authority.title: Somewhere's Near-Infrared Survey
authority.managingOrg: ivo://org.somewhere.nir/org
authority.referenceURL: https://nir.somewhere.org/about
"""


def settings(**web):
    made = configparser.ConfigParser()
    made.optionxform = str
    made.read_dict({"general": {"maintainerAddress": "nir@somewhere.org"}, "ivoa": {"authority": "org.somewhere.nir"},
                    "web": web})
    return made


def site_with(monkeypatch, tmp_path, **web):
    place = Site(tmp_path / "state")
    changed = read_settings(ETC / "gavo.rc")
    changed["web"].update(web)
    monkeypatch.setitem(place.__dict__, "settings", changed)
    return place


@pytest.mark.parametrize("web", [{}, {"bindAddress": "127.0.0.1"}, {"bindAddress": "::1"}, {"bindAddress": "localhost"},
                                 {"serverURL": "http://localhost:8080"}, {"serverURL": "http://127.0.0.1:99"}])
def test_what_only_this_machine_reaches_is_local(web):
    assert is_local(settings(**web))


@pytest.mark.parametrize("web", [{"bindAddress": ""}, {"bindAddress": "0.0.0.0"}, {"bindAddress": "::"},
                                 {"bindAddress": "192.0.2.7"}, {"serverURL": "https://nir.somewhere.org"},
                                 {"bindAddress": "127.0.0.1", "serverURL": "https://nir.somewhere.org"}])
def test_what_others_reach_is_not(web):
    assert not is_local(settings(**web))


def test_the_files_as_they_come_name_nobody():
    """Each line that a site has to write itself is found unset."""
    found = unset(read_settings(ETC / "gavo.rc"), read_meta((ETC / "defaultmeta.txt").read_text()))
    assert len(found) == 3 + len(META)


def test_a_site_that_says_who_it_is_lacks_nothing():
    assert unset(settings(serverURL="https://nir.somewhere.org"), read_meta(SOMEBODY)) == []


def test_a_line_that_is_missing_is_named_with_its_file():
    without = read_meta(SOMEBODY)
    del without["contact.email"]
    assert unset(settings(), without) == ["[web] serverURL in etc/gavo.rc", "contact.email in etc/defaultmeta.txt"]


def test_serving_the_world_unnamed_is_refused_in_a_sentence(monkeypatch, tmp_path):
    place = site_with(monkeypatch, tmp_path, bindAddress="0.0.0.0")
    with pytest.raises(SurveyError, match=r"reach this server \(0\.0\.0\.0\).*authority in etc/gavo.rc.*contact.email"):
        check_identity(place)


def test_trying_it_on_this_machine_is_not(monkeypatch, tmp_path):
    check_identity(site_with(monkeypatch, tmp_path, bindAddress="127.0.0.1"))

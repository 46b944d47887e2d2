"""Links of extended sources: what leads where, under which term, without a database."""

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from processing.publish.galaxy_links import LARGEST, SMALLEST, find_galaxy, images_of_galaxy, of_galaxy, stamp_side
from processing.publish.links import of_source
from processing.publish.tests.test_links import IMAGES, SOURCE
from processing.publish.vocabularies import TERMS

GALAXY = {**SOURCE, "ext_key": 4, "r_k20fe": 25.0, "r_ext": 60.0, "im_nx": None}


def _connection(answer):
    asked = []

    def query(text, values):
        asked.append((" ".join(text.split()), values))
        return iter(answer)

    return SimpleNamespace(queryToDicts=query, asked=asked)


def _links(images=IMAGES, **changes):
    galaxy = GALAXY | changes
    return list(of_galaxy(galaxy, images_of_galaxy(_connection(images), galaxy), "http://x/stamp", "http://x".__add__))


def test_a_galaxy_has_a_stamp_in_each_band_and_one_in_colours():
    stamps = [link for link in _links() if (link.get("localSemantics") or "").startswith("stamp-")]
    asked = [parse_qs(urlsplit(link["url"]).query) for link in stamps]
    assert [query["FILTER"][0] for query in asked] == ["colour", "J", "H", "Ks"]
    assert {query["ID"][0] for query in asked} == {GALAXY["designation"]}
    assert [link["contentType"] for link in stamps] == ["image/jpeg"] + 3 * ["image/fits"]


def test_one_band_gives_no_colours_and_no_image_no_stamp():
    words = [link.get("localSemantics") for link in _links([IMAGES[0]])]
    assert "stamp-J" in words and "stamp-colour" not in words
    assert not [link for link in _links([]) if (link.get("localSemantics") or "").startswith("stamp-")]


def test_its_point_source_and_its_row_are_linked():
    found = {link["semantics"]: parse_qs(urlsplit(link["url"]).query).get("QUERY", [""])[0] for link in _links()}
    assert found["#this"].endswith("twomass.xsc WHERE ext_key = 4")
    assert found["#counterpart"].endswith("twomass.psc WHERE pts_key = 7")
    assert "#counterpart" not in {link["semantics"] for link in _links(pts_key=None)}


def test_from_a_point_source_one_comes_to_the_galaxy():
    links = {link["semantics"]: link["url"] for link in of_source({**SOURCE, "ext_key": 4}, [], "", "".__add__)}
    assert "twomass.xsc" in links["#counterpart"]
    assert "#counterpart" not in {link["semantics"] for link in of_source(SOURCE, [], "", "".__add__)}


def test_images_it_was_extracted_from_come_first():
    links = [link["url"][-9:-5] for link in _links() if link["url"].endswith(".fits")]
    assert links[:3] == ["ji01", "hi01", "ki01"] and len(links) == 6


def test_stamps_are_as_large_as_the_catalog_says_or_the_size_asks_for():
    assert stamp_side({"im_nx": 101, "r_k20fe": 25.0}) == 101
    assert stamp_side({"im_nx": None, "r_k20fe": 25.0}) == 150
    assert stamp_side({"im_nx": None, "r_k20fe": None}) == SMALLEST
    assert stamp_side({"im_nx": None, "r_k20fe": 2000.0}) == LARGEST


@pytest.mark.parametrize("name, column, key", [
    ("17", "ext_key", 17), ("2MASX J08300186+0116223", "designation", "08300186+0116223"),
    ("08300186 0116223", "designation", "08300186+0116223")])
def test_a_galaxy_is_found_by_name_and_key(name, column, key):
    connection = _connection([GALAXY])
    assert find_galaxy(connection, name) == GALAXY
    (text, values), = connection.asked
    assert f"FROM twomass.xsc WHERE {column} = " in text and values == {"key": key}


def test_what_is_no_name_is_not_asked_for():
    assert find_galaxy(_connection([GALAXY]), "1 OR 1=1") is None


def test_every_term_is_one_of_the_vocabulary():
    import yaml

    terms = {key.split("<")[0].strip() for key in yaml.safe_load(TERMS.read_text())["datalink/core"]["terms"]}
    assert {link["semantics"].lstrip("#") for link in _links()} <= terms

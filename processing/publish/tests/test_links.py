"""Links of sources and images: what leads where, under which term, without a database."""

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from processing.publish.links import colour_name, find_source, images_of_source, of_image, of_source
from processing.publish.vocabularies import TERMS

SOURCE = {"pts_key": 7, "designation": "08300186+0116223", "ra": 127.5, "dec": 1.25, "scan_key": 3, "coadd_key": 1}


def _image(band, coadd, letter):
    file = f"atlas/990712n/s011/{letter}i{coadd:02d}.fits"
    return {"file": file, "band": band, "bytes": 2108160, "coadd_key": coadd, "scan_key": 3, "points": 5,
            "obs_publisher_did": f"ivo://x/~?{file}"}  # fmt: skip


IMAGES = [_image(band, coadd, letter) for coadd in (2, 1) for band, letter in (("J", "j"), ("H", "h"), ("Ks", "k"))]


def _connection(*answers):
    """Answers to ``queryToDicts`` one after the other; ``asked`` keeps the queries."""
    asked, left = [], list(answers)

    def query(text, values):
        asked.append((" ".join(text.split()), values))
        return iter(left.pop(0))

    return SimpleNamespace(queryToDicts=query, asked=asked)


def _of_source(images=IMAGES):
    ordered = images_of_source(_connection(images), SOURCE)
    return list(of_source(SOURCE, ordered, "http://x/cut", "http://x".__add__))


def test_the_images_a_source_was_extracted_from_come_before_those_that_only_show_it():
    found = [(link["semantics"], link["url"][-9:-5]) for link in _of_source() if link["url"].endswith(".fits")]
    assert found == [("#progenitor", "ji01"), ("#progenitor", "hi01"), ("#progenitor", "ki01"),
                     ("#auxiliary", "ji02"), ("#auxiliary", "hi02"), ("#auxiliary", "ki02")]


def test_every_image_gives_a_cutout_around_the_source():
    stamps = [parse_qs(urlsplit(link["url"]).query) for link in _of_source() if link["semantics"] == "#cutout"]
    assert [stamp["ID"][0][-9:-5] for stamp in stamps] == ["ji01", "hi01", "ki01", "ji02", "hi02", "ki02"]
    for stamp in stamps:
        ra, dec, radius = map(float, stamp["CIRCLE"][0].split())
        assert (ra, dec) == (127.5, 1.25) and 2 * radius * 60 == pytest.approx(1, abs=1e-3)


def test_a_field_in_one_band_has_no_picture_in_colours():
    assert sum("colours" in link["description"] for link in _of_source()) == 2
    assert not any("colours" in link["description"] for link in _of_source([IMAGES[0]]))


def test_an_image_leads_to_its_field_in_the_other_bands_and_to_what_was_found_on_it():
    field = IMAGES[3:]
    links = list(of_image(_connection([field[1]], field), field[1]["file"], "http://x".__add__))
    assert [link["semantics"] for link in links] == [
        "#this", "#preview", "#preview", "#coderived", "#coderived", "#derivation", "#auxiliary"]
    assert links[0]["url"] == f"http://x/getproduct/{field[1]['file']}" and links[0]["contentLength"] == 2108160
    assert links[2]["url"] == f"http://x/getproduct/{colour_name(field[1]['file'])}"
    assert parse_qs(urlsplit(links[5]["url"]).query)["QUERY"] == ["SELECT * FROM twomass.psc WHERE coadd_key = 1"]


def test_every_term_is_one_of_the_vocabulary():
    import yaml

    terms = {key.split(" <")[0] for key in yaml.safe_load(TERMS.read_text())["datalink/core"]["terms"]}
    links = [*_of_source(), *of_image(_connection([IMAGES[0]], IMAGES[:3]), IMAGES[0]["file"], str)]
    assert {link["semantics"].removeprefix("#") for link in links} <= terms


@pytest.mark.parametrize("name,column,key", [
    ("7", "pts_key", 7), ("08300186+0116223", "designation", "08300186+0116223"),
    ("08300186 0116223", "designation", "08300186+0116223"), ("08300186-0116223A", "designation", "08300186-0116223A"),
    ("2MASS J08300186+0116223", "designation", "08300186+0116223"),
    ("2MASSJ08300186-0116223", "designation", "08300186-0116223")])  # fmt: skip
def test_a_source_is_asked_for_by_its_key_or_its_name(name, column, key):
    connection = _connection([SOURCE])
    assert find_source(connection, name) == SOURCE
    (query, values), = connection.asked
    assert query.endswith(f"WHERE {column} = %(key)s") and values == {"key": key}


@pytest.mark.parametrize("name", ["", "x", "7 OR 1=1", "12345678901", "٣", "0830018+0116223", "08300186+0116223'"])
def test_what_is_neither_is_not_asked_for(name):
    connection = _connection()
    assert find_source(connection, name) is None and connection.asked == []

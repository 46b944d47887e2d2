"""The front page, the notes and the files to download, without a server."""

import json
import re

import pytest

from processing.publish.files import checksums
from processing.publish.front.commands import commands
from processing.publish.front.page import front_page, notes, survey
from processing.publish.sky_services import folder_in, hips_services
from processing.schema.extended_flags import EXTENDED_FLAGS
from processing.schema.flags import FLAGS

SITE = {"site": "Test <Survey>", "description": "A survey.", "contact": "a@example.org"}
RELEASE = {"name": "2030a", "version": "1", "created": "2030-01-01", "supersedes": None, "inputs": 2, "bytes": 1.23e7,
           "area": "0.5", "level1": True, "rows": {"psc": 1234567, "atlas": 6}, "place": [10.0, -5.0], "fov": 0.5,
           "hips": [{"name": "j", "label": "J", "address": "/twomass/sky/j/hips"}]}  # fmt: skip


def test_before_the_first_release_the_page_says_what_to_do():
    page = front_page(SITE, "http://here", None)
    assert "No release is published yet" in page and "Test &lt;Survey&gt;" in page
    assert 'id="view"' not in page


def test_the_page_has_the_numbers_the_links_and_what_its_scripts_want():
    page = front_page(SITE, "http://here", RELEASE)
    assert "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567 point sources" in page and "12 MB" in page
    assert "extended sources" not in page
    for link in ("/tap", "/hipslist", "/release/notes.html", "/release/level1.html", "/release/SHA256SUMS"):
        assert f'href="{link}"' in page
    told = json.loads(re.search(r'id="survey">(.*?)</script>', page, re.DOTALL)[1])
    assert told["first"] == "j" and told["place"] == [10.0, -5.0]


def test_a_release_without_images_has_no_sky_and_no_command_for_it():
    page = front_page(SITE, "http://here", {**RELEASE, "hips": []})
    assert "/hipslist" not in page and 'data-command="aladin"' not in page


def test_a_browser_is_told_to_ask_no_other_server():
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', front_page(SITE, "http://here", RELEASE))[1]
    assert policy.startswith("default-src 'self'") and "http" not in policy


@pytest.mark.parametrize("command", list(commands("http://here", (10.0, -5.0), True)), ids=lambda one: one.name)
def test_commands_are_complete(command):
    assert "http://here/" in command.text and not re.search(r"{\w*}", command.text)


def test_every_value_of_every_flag_of_an_extended_source_is_told():
    told = {flag["name"]: flag["values"] for flag in survey(RELEASE)["flags"]["xsc"]}
    for name, flag in EXTENDED_FLAGS.items():
        one = name if name in told else "{band}_flg_k20fe"  # what is true of one aperture is of all
        assert told[one] == {value.character: value.meaning for value in flag.values}


def test_every_value_of_every_flag_is_told():
    told = {flag["name"]: flag for flag in survey(RELEASE)["flags"]["psc"]}
    assert set(told) == set(FLAGS)
    for name, flag in FLAGS.items():
        assert told[name]["values"] == {value.character: value.meaning for value in flag.values}


def test_the_notes_tell_what_was_taken_out_and_left_out():
    content = {"name": "2030a", "version": "1", "created": "2030-01-01", "supersedes": "2029b", "rows": {"psc": 900},
               "rows_by_step": [{"step": "read", "rows": 1000}, {"step": "border", "rule": "edge", "rejected": 100,
                                                                 "rows": 900}],
               "rules_skipped": [{"rule": "profile", "why": "no psfchi"}], "settings": {"border": 10.0},
               "left_out": [{"scan": f"s{n}", "why": "type cal"} for n in (1, 2, 3)]}  # fmt: skip
    text = notes(content, {"requirements": [], "caveats": ["Few objects."]})
    for told in ("takes the place of 2029b", "edge", "profile: no psfchi", "3 scans left out: type cal",
                 "(s1 to s3)", "Few objects."):  # fmt: skip
        assert told in text, told


def test_all_files_but_images_and_apparitions_are_offered_with_checksums():
    class Release:
        sha256 = "e"
        files = {name: {"sha256": mark} for name, mark in
                 {"psc/a.parquet": "a", "atlas/b.fits": "b", "apparitions/c.parquet": "c", "level1.html": "d"}.items()}

    assert checksums(Release) == {"psc/a.parquet": "a", "level1.html": "d", "release.json": "e"}


def test_the_server_offers_the_hips_of_the_published_release(tmp_path):
    class Connection:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def query(self, _):
            return [['{"store": "release_x"}']]

    hips = tmp_path / "inputs" / "releases" / "release_x" / "hips" / "j"
    hips.mkdir(parents=True)
    (hips / "properties").write_text("obs_title = J\nobs_description = Sky in J\n")
    found = list(hips_services(Connection, tmp_path))
    assert [(one["name"], one["title"], one["description"]) for one in found] == [("j", "J", "Sky in J")]
    assert folder_in(Connection, tmp_path, "hips") and folder_in(Connection, tmp_path, "files") == []

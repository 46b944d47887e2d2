"""The front page in a browser: search, a click on a source, its row, flags and cutouts; all from this server."""

import io
import json
import re

import numpy as np
import pytest
import requests

from processing.schema import BANDS
from processing.schema.extended_flags import APERTURE
from processing.schema.flags import FLAGS, decode
from vo_tests.browser import browser, keep, wait_for

APERTURE_WORDS = {value.character: value.meaning for value in APERTURE.values}

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # selenium's connection to the browser


@pytest.fixture(scope="module")
def page(server, release):
    """The page in a browser, with the sky and the sources on it."""
    with browser() as driver:
        driver.get(f"{server.url}/")
        wait_for(lambda: "in view" in said(driver), "sky with sources")
        yield driver


@pytest.fixture(scope="module")
def source(page, release):
    """The row of the source nearest to the middle of the sky that the page shows, but for those within galaxies."""
    middle = json.loads(page.find_element("id", "survey").get_attribute("textContent"))["place"]
    galaxies = [(row["ra"], row["dec"]) for row in release.read("xsc").to_pylist()]
    rows = [row for row in release.read("psc").to_pylist()
            if not any(apart(row, place) < 20 / 3600 for place in galaxies)]  # fmt: skip
    return min(rows, key=lambda row: apart(row, middle))


def apart(row, place):
    """Degrees, for small ones."""
    return np.hypot((row["ra"] - place[0]) * np.cos(np.radians(row["dec"])), row["dec"] - place[1])


def said(driver):
    return driver.find_element("id", "said").text


def shown(driver):
    """Designation of the source that is shown; None when there is none."""
    return driver.find_element("id", "source").get_attribute("data-designation")


def search(driver, text):
    field = driver.find_element("id", "place")
    field.clear()
    field.send_keys(text)
    driver.find_element("css selector", "#search button").click()


def forget(driver):
    driver.execute_script("delete document.getElementById('source').dataset.designation")


def click_at(page, ra, dec):
    """Click a few pixels beside a place in the sky, as people do."""
    from selenium.webdriver.common.action_chains import ActionChains

    page.execute_script("document.getElementById('sky').scrollIntoView()")
    x, y = page.execute_script("""
        const box = document.getElementById('view').getBoundingClientRect();
        const [x, y] = window.view.world2pix(arguments[0], arguments[1]);
        return [box.x + x, box.y + y]""", ra, dec)
    click = ActionChains(page)
    click.w3c_actions.pointer_action.move_to_location(int(x) + 4, int(y) - 3)
    click.w3c_actions.pointer_action.click()
    click.perform()


def pixels(png):
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_the_sky_shows_stars_in_colours_and_other_bands_on_request(page):
    view = page.find_element("id", "view")
    wait_for(lambda: (pixels(view.screenshot_as_png).max(axis=-1) > 150).mean() > 2e-4, "star in the sky")
    keep(page.get_screenshot_as_png(), "front-page")
    button = page.find_element("css selector", "button[data-hips=k]")
    button.click()
    wait_for(lambda: (page.execute_script("return window.view.getBaseImageLayer()?.url") or "").endswith("/sky/k/hips"),
             "sky in Ks")  # fmt: skip
    assert button.get_attribute("aria-pressed") == "true"
    page.find_element("css selector", "button[data-hips=colour]").click()


def test_a_click_on_a_source_shows_its_row(page, source):
    forget(page)
    click_at(page, source["ra"], source["dec"])
    wait_for(lambda: shown(page) == source["designation"], "row of the source that was clicked")
    panel = page.find_element("id", "source").text
    for band in BANDS:
        value = source[f"{band.letter}_m"]
        assert ("–" if value is None else f"{value:.3f}") in panel


def test_the_flags_are_told_in_words(page, source):
    panel = page.find_element("id", "source").text
    for name, flag in FLAGS.items():
        if source[name] is not None:
            words = decode(name, str(source[name]))
            for sentence in words.values() if flag.per_band else [words]:
                assert sentence in panel, name


def test_the_cutouts_show_the_source_in_every_band(page):
    figures = wait_for(lambda: page.find_elements("css selector", "figure[data-drawn]")[2:] and
                       page.find_elements("css selector", "figure[data-drawn]"), "three cutouts")  # fmt: skip
    assert [figure.get_attribute("data-drawn") for figure in figures] == [band.name for band in BANDS]
    for figure in figures:
        shades = page.execute_script("""
            const canvas = arguments[0].querySelector('canvas');
            return Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)""", figure)
        assert 50 <= np.sqrt(len(shades) / 4) <= 70 and len(set(shades)) > 50  # 1 arcmin of sky and noise
        address = figure.find_element("css selector", "a").get_attribute("href")
        assert requests.get(address).content.startswith(b"SIMPLE")
    page.execute_script("document.getElementById('sky').scrollIntoView()")
    keep(page.get_screenshot_as_png(), "front-page-source")


@pytest.fixture(scope="module")
def galaxy(release):
    """The row of the largest extended source."""
    return max(release.read("xsc").to_pylist(), key=lambda row: row["r_k20fe"] or 0.0)


def test_a_galaxy_is_found_by_its_name_with_its_shape_magnitudes_and_flags(page, galaxy):
    forget(page)
    search(page, f"2MASX J{galaxy['designation']}")
    wait_for(lambda: shown(page) == galaxy["designation"], "galaxy that was searched")
    panel = page.find_element("id", "source").text
    assert f"2MASX J{galaxy['designation']}" in panel and f"{galaxy['r_k20fe']:.1f}″" in panel
    for band in BANDS:
        value, flag = (galaxy[f"{band.letter}_{name}"] for name in ("m_k20fe", "flg_k20fe"))
        assert ("–" if value is None else f"{value:.3f}") in panel
        if flag is not None:
            assert APERTURE_WORDS[str(flag)] in panel


def test_a_click_on_the_outline_of_a_galaxy_shows_it_and_not_the_point_in_its_middle(page, galaxy):
    forget(page)
    page.execute_script("""
        document.getElementById('said').textContent = '';
        window.view.gotoRaDec(arguments[0], arguments[1]);
        window.view.setFoV(0.07)""", galaxy["ra"], galaxy["dec"])
    wait_for(lambda: "extended in view" in said(page), "outlines")
    click_at(page, galaxy["ra"], galaxy["dec"])
    wait_for(lambda: shown(page) == galaxy["designation"], "galaxy that was clicked")
    assert page.find_element("id", "source").get_attribute("data-kind") == "xsc"
    keep(page.get_screenshot_as_png(), "front-page-galaxy")


@pytest.mark.parametrize("form", ["{ra:.6f} {dec:+.6f}", "2MASS J{designation}", "{sexagesimal}"])
def test_a_place_or_a_name_is_found(page, source, form):
    from astropy.coordinates import SkyCoord

    place = SkyCoord(source["ra"], source["dec"], unit="deg")
    forget(page)
    search(page, form.format(**source, sexagesimal=place.to_string("hmsdms", sep=":", precision=2)))
    wait_for(lambda: shown(page) == source["designation"], "source that was searched")
    middle = page.execute_script("return window.view.getRaDec()")
    assert middle == pytest.approx([source["ra"], source["dec"]], abs=1e-4)


def test_what_cannot_be_understood_is_answered_with_what_can(page):
    search(page, "the brightest one")
    wait_for(lambda: "Expected a place such as" in said(page), "hint")


def test_no_other_server_is_asked(page, server):
    events = (json.loads(entry["message"])["message"] for entry in page.get_log("performance"))
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith((f"{server.url}/", "data:", "blob:"))] == []


def test_on_a_phone_nothing_is_wider_than_the_screen(page):
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                         {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})
    try:
        assert page.execute_script("return document.documentElement.scrollWidth") <= 390
        view = page.find_element("id", "view")
        assert view.is_displayed() and view.size["width"] >= 300
        page.execute_script("window.scrollTo(0, 0)")
        keep(page.get_screenshot_as_png(), "front-page-phone")
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_without_scripts_every_link_is_there_and_answers(server, release):
    page = requests.get(f"{server.url}/")
    assert page.ok and page.headers["content-type"].startswith("text/html")
    links = set(re.findall(r'(?:href|src)="(/[^"#]*)"', page.text))
    assert {"/tap", "/twomass/q/cone/form", "/release/notes.html", "/release/SHA256SUMS", "/hipslist",
            "/release/psc/"} <= links
    for link in sorted(links):
        assert requests.get(f"{server.url}{link}").status_code == 200, link


def test_without_scripts_the_form_searches_the_catalog(server, source):
    place = f"{source['ra']:.5f}, {source['dec']:+.5f}"
    answer = requests.get(f"{server.url}/twomass/q/cone/form",
                          {"hscs_pos": place, "hscs_sr": "1", "__nevow_form__": "genForm"})  # fmt: skip
    assert answer.ok and source["designation"] in answer.text


def test_the_notes_tell_what_is_in_the_release(server, release):
    text = requests.get(f"{server.url}/release/notes.html").text.replace("\N{NO-BREAK SPACE}", "")
    for table, rows in release.rows.items():
        assert re.search(rf"{table}</th><td class=\"number\">{rows} rows", text), table

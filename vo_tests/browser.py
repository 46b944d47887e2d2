"""A browser that reaches this machine alone, and pictures of what it shows."""

import shutil
import time
from contextlib import contextmanager

import pytest

from vo_tests.screen import PICTURES

ONLY_HERE = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
"""Chromium finds no other machine."""


def need(*programs):
    """Fail the test unless these programs are installed."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        pytest.fail(f"{', '.join(missing)} not installed: run 'make setup-tests'")


@contextmanager
def browser(width=1280, height=900):
    """Chromium without a window, driven by selenium."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    need("chromium", "chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for word in ("--headless=new", "--no-sandbox", "--no-proxy-server", "--use-angle=swiftshader",
                 "--enable-unsafe-swiftshader", f"--window-size={width},{height}",
                 f"--host-resolver-rules={ONLY_HERE}"):  # fmt: skip
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def keep(png, name):
    """Keep a screenshot (bytes of a PNG) to be looked at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(png)


def wait_for(condition, what, seconds=90):
    """What ``condition()`` returns once that is true; the test fails after so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.2)
    return pytest.fail(f"after {seconds} s there is still no {what}")

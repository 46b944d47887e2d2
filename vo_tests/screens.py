"""Screens for programs with windows: a virtual display, a browser that reaches this machine alone, pictures to keep."""

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from processing.publish.site import CHECKOUT

KEPT = Path(os.environ.get("TWOMASS_SCREENSHOTS") or CHECKOUT / "build" / "screenshots")
"""Where screenshots are to be looked at after the tests."""

SIZE = (1280, 900)
ONLY_HERE = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
"""Chromium finds no other machine."""


def need(*programs):
    """Fail the test unless these programs are installed."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        pytest.fail(f"{', '.join(missing)} not installed: run 'make setup-tests'")


@contextmanager
def browser(width=SIZE[0], height=SIZE[1]):
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


@contextmanager
def display(folder):
    """A virtual screen: the environment (dict) for programs to show themselves on it; ``folder`` is their home."""
    need("Xvfb")
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "{}x{}x24".format(*SIZE)],
                              pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    try:
        yield {**os.environ, "DISPLAY": f":{number}", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    finally:
        server.terminate()
        server.wait()


def picture_of(screen):
    """What is on a virtual screen (``display``) now: uint8, shape (ny, nx, 3)."""
    import numpy as np
    from PIL import ImageGrab

    return np.asarray(ImageGrab.grab(xdisplay=screen["DISPLAY"]).convert("RGB"))


def keep(picture, name):
    """Keep a picture (array, or bytes of a PNG) to be looked at."""
    from PIL import Image

    KEPT.mkdir(parents=True, exist_ok=True)
    if isinstance(picture, bytes):
        (KEPT / f"{name}.png").write_bytes(picture)
    else:
        Image.fromarray(picture).save(KEPT / f"{name}.png")


def wait_for(condition, what, seconds=90):
    """What ``condition()`` returns once that is true; the test fails after so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.2)
    return pytest.fail(f"after {seconds} s there is still no {what}")

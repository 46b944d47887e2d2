"""A screen that nobody sees, for programs with windows; pictures of it are kept in work/pictures to look at."""

import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest

from processing.publish.site import CHECKOUT

PICTURES = CHECKOUT / "work" / "pictures"


@contextmanager
def virtual_screen(width=1200, height=800):
    """The name of an X display with one screen of that size, while the block lasts."""
    if not shutil.which("Xvfb"):
        pytest.fail("Xvfb is not installed: run 'make setup-tests'")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writing], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as number:
            yield f":{number.readline().strip()}"
    finally:
        process.kill()
        process.wait()


def picture(display, name):
    """What is on the screen now, as a PIL image; kept under that name."""
    from PIL import ImageGrab

    image = ImageGrab.grab(xdisplay=display)
    PICTURES.mkdir(parents=True, exist_ok=True)
    image.save(PICTURES / name)
    return image

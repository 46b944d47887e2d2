"""The commands that the front page offers, run as they are printed there."""

import html
import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest
import requests
from astropy.table import Table

from vo_tests.browser import need, wait_for
from vo_tests.compare import within
from vo_tests.screen import picture, virtual_screen

ALADIN = "/usr/share/java/aladin.jar"
BESIDE_ALADIN = """\
%ActionName        Images
%Description       Images
%Aladin.Label      Images
%Aladin.LabelPlane Images
%DistribDomain     ALADIN
%Owner             CDS'aladin
%Url               {url}/twomass/q/sia/siap.xml?POS=$1,$2&SIZE=$3
%Param.Description $1=Right ascension
%Param.Description $2=Declination
%Param.Description $3=Size
%Param.DataType    $1=Target(RAd)
%Param.DataType    $2=Target(DEd)
%Param.DataType    $3=Field(RADIUSd)
%Param.Value       $3=14.1 arcmin
%ResultDataType    Mime(image/fits)

%ActionName        Http
%Description       Any address
%Owner             CDS'aladin
%DistribDomain     ALADIN
%Url               $1
%ResultDataType    Mime(image/fits)

"""
"""Two entries of the list of servers that Aladin fetches at its start, without which its windows do not open."""


@pytest.fixture(scope="module")
def commands(server, release):
    """Name of a command to its text in the page."""
    blocks = re.findall(r'<pre data-command="(\w+)"><code>(.*?)</code></pre>', requests.get(f"{server.url}/").text,
                        flags=re.DOTALL)  # fmt: skip
    return {name: html.unescape(text) for name, text in blocks}


@pytest.fixture(scope="module")
def around(commands, release):
    """The sources that the commands ask for."""
    ra, dec, radius = map(float, re.search(r"CIRCLE\(([^,]+), ([^,]+), ([^)]+)\)", commands["stilts"]).groups())
    found = within(release.read("psc"), ra, dec, radius)
    assert found.num_rows > 1
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("commands")


def run_python(text):
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_shell(text, folder):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_is_tried_here(commands):
    assert set(commands) == {"pyvo", "stilts", "match", "topcat", "aladin", "download", "hats"}


def test_pyvo(commands, around):
    printed = run_python(commands["pyvo"])
    assert all(name in printed for name in around["designation"].to_pylist())
    assert printed.count("dlget?") >= 2


def test_stilts(commands, around, folder):
    need("stilts")
    run_shell(commands["stilts"], folder)
    found = Table.read(folder / "sources.fits")
    assert sorted(found["designation"]) == sorted(around["designation"].to_pylist())
    run_shell(commands["match"], folder)
    matched = Table.read(folder / "matched.fits")
    assert len(matched) >= len(found)


def test_download_with_checksums(commands, release, tmp_path):
    run_shell(commands["download"], tmp_path)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} - {"SHA256SUMS"}
    images = {name for name in release.files if name.startswith(("atlas/", "apparitions/"))}
    assert files == {*release.files, "release.json"} - images
    spoilt = tmp_path / "scans.parquet"
    spoilt.write_bytes(spoilt.read_bytes()[:-1] + b"?")
    check = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0 and "scans.parquet: FAILED" in done.stdout


def test_hats_reads_the_catalog_from_the_server(commands, release):
    assert run_python(commands["hats"]).split() == ["psc", str(release.rows["psc"])]


def test_topcat_opens_the_table(commands, server, folder):
    need("topcat")
    with virtual_screen() as display, running("exec " + commands["topcat"], folder, display):
        begin = asked_so_far(server)
        before = pixels(display, "topcat-command")
        wait_for(lambda: "/twomass/q/cone/scs.xml" in asked_since(server, begin), "question of TOPCAT")
        wait_for(lambda: (pixels(display, "topcat-command") != before).mean() > 0.1, "window of TOPCAT")
        settled(display, "topcat-command")


def test_aladin_shows_the_sky_and_the_sources(commands, server, folder):
    need("java")
    (folder / "servers.dic").write_text(BESIDE_ALADIN.format(url=server.url))
    quiet = f"-glufile={folder}/servers.dic -noreleasetest -nosamp -noplugin -nolog -location=0,0,1280,900"
    command = commands["aladin"].replace("-jar Aladin.jar", f"-Duser.home={folder} -jar {ALADIN} {quiet}")
    with virtual_screen(1280, 900) as display, running("exec " + command, folder, display):
        begin = asked_so_far(server)
        wait_for(lambda: "/twomass/q/cone/scs.xml" in asked_since(server, begin), "question for the sources")
        tile = "/twomass/sky/colour/hips/Norder"
        wait_for(lambda: any(path.startswith(tile) and path.endswith(".png") for path in asked_since(server, begin)),
                 "question for the sky")
        sky = settled(display, "aladin")[100:800, 300:1000]
    assert (sky.min(axis=-1) > 130).mean() > 1e-4, "no star in the sky"
    assert ((sky[..., 0] > 180) & (sky[..., 1] < 90) & (sky[..., 2] < 90)).sum() > 20, "no source drawn in red"


@contextmanager
def running(command, folder, display):
    """A program while it shows itself on a screen; ``folder`` is its home."""
    environment = {**os.environ, "DISPLAY": display, "HOME": str(folder)}
    program = subprocess.Popen(["bash", "-c", command], cwd=folder, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        yield program
    finally:
        program.terminate()
        program.wait()


def asked_so_far(server):
    """Bytes of the server's log of requests."""
    return (server.place.log / "requests.log").stat().st_size


def asked_since(server, begin):
    """The paths that the server was asked for since."""
    lines = (server.place.log / "requests.log").read_bytes()[begin:].decode().splitlines()
    return [json.loads(line)["path"] for line in lines if line.endswith("}")]


def pixels(display, name):
    """The screen: int, shape (ny, nx, 3)."""
    return np.asarray(picture(display, f"{name}.png").convert("RGB"), int)


def settled(display, name):
    """The screen once it has not changed for some seconds."""
    last, unchanged = pixels(display, name), 0
    for _ in range(30):
        time.sleep(1)
        now = pixels(display, name)
        unchanged = unchanged + 1 if (now == last).all() else 0
        last = now
        if unchanged == 3:
            break
    return last

"""The files for those who deploy the server: systemd and our own command take them as they are."""

import json
import shlex
import shutil
import subprocess
import sys

import pytest

from processing import cli
from processing.publish.site import CHECKOUT, ETC

UNIT = ETC / "twomass.service"
CONTAINER = ETC / "Containerfile"


def taken(words):
    """Whether ``twomass`` knows the words of a command."""
    return cli._parser(words).parse_args(words).command == words[0]


def test_the_unit_starts_what_the_command_knows():
    lines = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if line.startswith("Exec"))
    assert set(lines) == {"ExecStart", "ExecReload"}
    for command in lines.values():
        program, *words = shlex.split(command)
        assert program == "/srv/twomass/.venv/bin/twomass" and taken(words)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    here = tmp_path / UNIT.name
    text = UNIT.read_text().replace("/srv/twomass/.venv/bin/twomass", sys.executable)
    here.write_text(text.replace("/srv/twomass", str(CHECKOUT)).replace("User=twomass", "User=root"))
    done = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", here], capture_output=True, text=True)
    assert done.returncode == 0 and here.name not in done.stderr, done.stderr


def test_the_container_starts_what_the_command_knows():
    lines = dict(line.split(" ", 1) for line in CONTAINER.read_text().splitlines() if line[:3] in ("CMD", "ENT"))
    entry, words = (json.loads(lines[key]) for key in ("ENTRYPOINT", "CMD"))
    assert entry == ["twomass"] and taken(words)


def test_what_a_container_leaves_out_is_what_a_checkout_makes():
    left_out = set((ETC / "containerignore").read_text().split())
    made = {line.strip("/") for line in (CHECKOUT / ".gitignore").read_text().split()}
    assert {".venv", "state", "work", "release"} <= left_out & made

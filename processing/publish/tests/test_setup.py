"""What a machine lacks is one clear sentence of the set-up scripts: tried with programs missing or answering wrong."""

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from processing.publish.site import CHECKOUT

NEEDED = ("awk", "basename", "bash", "cat", "cut", "df", "dirname", "dpkg", "env", "grep", "head", "id", "ls", "mktemp",
          "rm", "sed", "seq", "sleep", "sort", "tail", "tee")
NOTHING_INSTALLED = "#!/bin/sh\nexit 1\n"


@pytest.fixture
def machine(tmp_path):
    """A folder of programs as the only PATH: a Debian on which none of our packages is installed."""
    for name in NEEDED:
        found = shutil.which(name)
        if found:
            (tmp_path / name).symlink_to(found)
    program(tmp_path, "dpkg-query", NOTHING_INSTALLED)
    program(tmp_path, "apt-get", "#!/bin/sh\necho 'E: it does not work' >&2; exit 100\n")
    program(tmp_path, "apt-cache", "#!/bin/sh\n[ $1 = depends ] && echo '  Depends: postgresql-15'\nexit 0\n")
    return tmp_path


def program(machine, name, text):
    (machine / name).unlink(missing_ok=True)
    (machine / name).write_text(text)
    (machine / name).chmod(0o755)


def sentence(machine, script="setup-system.sh"):
    """What the script says last when it fails, which it must."""
    done = subprocess.run(["/bin/bash", CHECKOUT / "etc" / script], env={"PATH": str(machine), "HOME": "/"},
                          capture_output=True, text=True)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("setup: ")
    return last


def test_a_machine_without_apt(machine):
    (machine / "apt-get").unlink()
    assert "apt-get is not here: expected Debian 12 or 13" in sentence(machine)


def test_a_machine_that_is_no_debian(machine):
    (machine / "dpkg-query").unlink()
    assert "dpkg is not here: expected Debian 12 or 13" in sentence(machine)


def test_a_user_without_rights(machine):
    program(machine, "id", "#!/bin/sh\n[ \"$1\" = -u ] && echo 1000 || echo anna\n")
    assert "no right to install packages: run this as root, install sudo, or ask" in sentence(machine)


def test_a_user_whom_sudo_refuses(machine):
    program(machine, "id", "#!/bin/sh\n[ \"$1\" = -u ] && echo 1000 || echo anna\n")
    program(machine, "sudo", "#!/bin/sh\nexit 1\n")
    assert "sudo refused anna" in sentence(machine)


@pytest.mark.skipif(os.getuid() != 0, reason="comes after the question for rights")
def test_a_disk_that_is_full(machine):
    program(machine, "df", "#!/bin/sh\necho header; echo /dev/x 1 1 12 1% /\n")
    assert "too little disk: 12 MB free in /usr, 1500 MB are needed" in sentence(machine)


@pytest.mark.skipif(os.getuid() != 0, reason="comes after the question for rights")
def test_package_lists_that_cannot_be_read(machine):
    assert "apt-get update failed" in sentence(machine)


def test_a_release_that_has_no_recent_dachs(machine):
    program(machine, "apt-get", "#!/bin/sh\nexit 0\n")
    program(machine, "id", "#!/bin/sh\necho 0\n")
    program(machine, "apt-cache", "#!/bin/sh\n[ $1 = depends ] && echo '  Depends: postgresql-14'\n"
                                  "[ $1 = policy ] && echo '  Candidate: 1.2'\nexit 0\n")
    said = sentence(machine)
    assert "needs Debian 12 or 13" in said or "name no Debian mirror" in said


def test_a_system_that_is_complete_needs_no_rights(machine):
    """Nothing is asked of apt or sudo when everything is installed."""
    answer = "case \"$*\" in *Status-Status*) printf installed;; *) printf 2.11;; esac"
    program(machine, "dpkg-query", f"#!/bin/sh\n{answer}\n")
    program(machine, "id", "#!/bin/sh\n[ \"$1\" = -u ] && echo 1000 || echo anna\n")
    done = subprocess.run(["/bin/bash", CHECKOUT / "etc" / "setup-system.sh"], env={"PATH": str(machine)},
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_package_that_the_code_imports_is_asked_for_and_pinned():
    """A machine that has just been set up must have what the code needs, and no more luck than that. Benchmarks may
    compare with programs that are not there (``bench``)."""
    asked, compared = _normal(_requirements("test")), _normal(_requirements("bench"))
    pinned = _normal(line.split("==")[0] for line in (CHECKOUT / "etc" / "requirements.txt").read_text().splitlines()
                     if "==" in line)
    installed = packages_distributions()
    for folder, allowed in {"processing": asked, "vo_tests": asked, "benchmarks": asked | compared}.items():
        modules = set(_imported_modules(folder))
        imported = _normal(name for module in modules for name in installed.get(module, [module]))
        assert imported <= allowed, f"imported in {folder}/ but not in setup.cfg"
    assert asked <= pinned, "in setup.cfg but not in etc/requirements.txt"


def _normal(names):
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def _requirements(extra):
    options = configparser.ConfigParser(interpolation=None)
    options.read(CHECKOUT / "setup.cfg")
    lines = options["options"]["install_requires"] + options["options.extras_require"][extra]
    return (re.split(r"[\[<>=~! ]", line)[0] for line in lines.split("\n") if line)


def _imported_modules(folder):
    """Top-level names that a folder's files import, but the standard library's and what only DaCHS's Python has."""
    ours_or_systems = {"processing", "vo_tests", "benchmarks", "gavo", "psycopg2", "twisted"}
    for path in (CHECKOUT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            yield from set(_names(node)) - ours_or_systems - sys.stdlib_module_names


def _names(node):
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    return [node.module.split(".")[0]] if isinstance(node, ast.ImportFrom) and node.level == 0 else []

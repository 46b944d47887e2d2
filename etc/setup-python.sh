#!/usr/bin/env bash
# The Python environment of the pipeline: .venv, from the system's Python, with the versions of etc/requirements.txt.
# Made anew when the system's Python has changed; brought up to date when the list or setup.cfg has; else left alone.
set -eu
. "$(dirname "$0")/setup-say.sh"
cd "$here"

# What the environment has to agree with, in one line.
wanted() { { /usr/bin/python3 -V; cat etc/requirements.txt setup.cfg; pwd; } | sha256sum | cut -d' ' -f1; }

is_ready() { [ -x .venv/bin/twomass ] && [ "$(cat .venv/ready 2>/dev/null)" = "$(wanted)" ]; }

same_python() { [ "$(.venv/bin/python -V 2>/dev/null)" = "$(/usr/bin/python3 -V)" ]; }

pip_install() { quietly .venv/bin/python -m pip install --disable-pip-version-check --retries 5 "$@"; }

install() { pip_install -r etc/requirements.txt && pip_install --no-deps --no-build-isolation -e .; }

if is_ready; then exit 0; fi
if ! same_python; then
    rm -rf .venv
    quietly /usr/bin/python3 -m venv .venv ||
        fail "/usr/bin/python3 cannot make a virtual environment (is python3-venv installed?)"
fi
say "installing the Python packages of etc/requirements.txt into .venv"
rm -f .venv/ready
install || fail "pip could not install the Python packages (see above); is the package index reachable?"
wanted >.venv/ready

#!/usr/bin/env bash
# Sets a machine up: the system packages, then the Python environment. Says what it does; silent when all is there.
#   etc/setup.sh [--tests]      --tests: also what only the tests need (STILTS, Tycho-2)
set -eu
. "$(dirname "$0")/setup-say.sh"

# The system's own Python, because DaCHS, which runs in it, and the pipeline share processing/schema.
check_python() {
    [ -x /usr/bin/python3 ] || fail "no /usr/bin/python3: expected the Python 3.11 or newer of Debian 12 or 13"
    /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "/usr/bin/python3 is $(/usr/bin/python3 -V 2>&1), expected Python 3.11 or newer (Debian 12 or 13)"
}

# The environment (1 GB), the database and the products of a few fields.
check_disk() {
    [ -x "$here/.venv/bin/twomass" ] && return
    local free
    free=$(free_megabytes "$here")
    [ "$free" -ge 4000 ] || fail "too little disk: $free MB free at $here, 4000 MB are needed to begin"
}

check_place() {
    [ -w "$here" ] || fail "$(id -un) may not write to $here: give the checkout to this user, or use sudo"
}

check_python
check_place
check_disk
bash "$here/etc/setup-system.sh" "$@"
bash "$here/etc/setup-python.sh"
bash "$here/etc/setup-sky.sh"

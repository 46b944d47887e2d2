#!/usr/bin/env bash
# From images to a queried catalog: what 'make up' does once the machine is set up. What is done already is not repeated.
#   etc/up.sh [FOLDER]      a folder of Atlas images; without one, a small field of the sky model is simulated first
set -eu
cd "$(dirname "$0")/.."
twomass=.venv/bin/twomass

fail() { printf 'up: %s\n' "$*" >&2; exit 1; }

# What the release was made from: the images, and the program.
fingerprint() { find "$1" -type f -name '*.fit*' -printf '%P %s %T@\n' | LC_ALL=C sort; "$twomass" --version; }

extracted_fields() { find "$work" -name scan.json -printf '%h\n' | LC_ALL=C sort; }

simulated_field() {
    if ! [ -d work/simulated/images ]; then
        "$twomass" simulate --out work/simulated/images --ra 270.0 --dec 30.0 --seed 1
    fi
    echo work/simulated/images
}

images=${1:-}
name=simulated
if [ -n "$images" ]; then
    [ -d "$images" ] || fail "ATLAS names $images, which is not a folder"
    name=$(basename "$(realpath "$images")")
fi
work=work/$name/fields
release=release/$name

"$twomass" serve
if [ -z "$images" ]; then
    simulated_field
    images=work/simulated/images
fi
if ! [ -f "$release/release.json" ] || [ "$(fingerprint "$images")" != "$(cat "work/$name/made-from" 2>/dev/null)" ]; then
    "$twomass" extract --fields "$images" --out "$work"
    mapfile -t fields < <(extracted_fields)
    [ ${#fields[@]} -gt 0 ] || fail "no field was extracted from $images"
    "$twomass" release "${fields[@]}" --out "$release"
    fingerprint "$images" >"work/$name/made-from"
fi
"$twomass" publish "$release"
"$twomass" serve

#!/usr/bin/env bash
# From images to a queried catalog: what 'make up' does once the machine is set up. What is done is not repeated.
#   etc/up.sh [FOLDER]      a folder of Atlas images; without one, a small field of the sky model is simulated first
set -eu
cd "$(dirname "$0")/.."
twomass=.venv/bin/twomass
export LC_ALL=C.UTF-8

fail() { printf 'up: %s\n' "$*" >&2; exit 1; }

# What the release was made from: the images, and the program.
fingerprint() { { find "$1" -type f -iname '*.fit*' -printf '%P %s %T@\n'; "$twomass" --version; } | sort; }

images=${1:-}
name=simulated
if [ -n "$images" ]; then
    [ -d "$images" ] || fail "ATLAS names $images, which is not a folder"
    name=$(basename "$(realpath "$images")")
fi
work=work/$name/fields
release=release/$name

"$twomass" serve >/dev/null
if [ -z "$images" ]; then
    images=work/simulated/images
    [ -d "$images" ] || "$twomass" simulate --out "$images"
fi
now=$(fingerprint "$images")
before=$(cat "work/$name/made-from" 2>/dev/null || true)
if ! [ -f "$release/release.json" ] || [ "$now" != "$before" ]; then
    # An image that is gone or was changed must not live on in the release.
    if [ -n "$(comm -23 <(echo "$before") <(echo "$now"))" ]; then rm -rf "$work"; fi
    refused=no
    "$twomass" extract --fields "$images" --out "$work" || refused=yes
    "$twomass" release "$work" --out "$release"
    if [ $refused = no ]; then echo "$now" >"work/$name/made-from"; fi
fi
"$twomass" publish "$release"
"$twomass" serve
# What could be measured is published; what could not be is told again, and the exit status says so.
if [ "${refused:-no}" = yes ]; then fail "not all images in $images could be used: see the lines of 'twomass extract' above"; fi

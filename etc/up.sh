#!/usr/bin/env bash
# From the telescope to a queried catalog: what 'make up' does once the machine is set up. What is done is not repeated.
#   etc/up.sh                   a small raw night is simulated, reduced, released and published
#   etc/up.sh nights FOLDER     the same from raw nights: FOLDER is one, or holds several and reference/
#   etc/up.sh atlas FOLDER      from a folder of Atlas images
#   etc/up.sh psc FOLDER        from the files that the survey published: psc_*.gz (and xsc_*.gz) in FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
twomass=.venv/bin/twomass
export LC_ALL=C.UTF-8

fail() { printf 'up: %s\n' "$*" >&2; exit 1; }

# What a release is made from: the finished scans or fields (or published files), and the program.
fingerprint() { { find -L "$1" \( -name scan.json -o -name '[px]sc*' \) -type f -printf '%P %s %T@\n'; "$twomass" --version; } | sort; }

# The raw nights in a folder, one a line.
nights_in() { if [ -f "$1/night.ecsv" ]; then echo "$1"; else find "$1" -mindepth 2 -maxdepth 2 -name night.ecsv -printf '%h\n' | sort; fi; }

reduce_nights() {
    mapfile -t nights < <(nights_in "$1")
    [ ${#nights[@]} -gt 0 ] || fail "no raw night (a folder with night.ecsv) in $1"
    "$twomass" reduce "${nights[@]}" --out "$2"
}

extract_fields() {
    # An image that is gone or was changed must not live on in the release.
    local now before
    now=$(find "$1" -type f -iname '*.fit*' -printf '%P %s %T@\n' | sort)
    before=$(cat "$2/.images" 2>/dev/null || true)
    if [ -n "$(comm -23 <(echo "$before") <(echo "$now"))" ]; then rm -rf "$2"; fi
    local status=0
    "$twomass" extract --fields "$1" --out "$2" || status=1
    mkdir -p "$2" && echo "$now" >"$2/.images"
    return $status
}

# Where the truth of a folder of raw nights, or of one night, lies.
truth_of() { for place in "$1/truth" "$1/../truth"; do if [ -f "$place/simulation.json" ]; then echo "$place"; break; fi; done; }

make_release() {
    if [ "$kind" = psc ]; then
        mapfile -t files < <(find -L "$from" -maxdepth 1 -type f -name 'psc*' | sort)
        [ ${#files[@]} -gt 0 ] || fail "no psc* file in $from"
        mapfile -t -O ${#files[@]} files < <(find -L "$from" -maxdepth 1 -type f -name 'xsc*' | sort)
        "$twomass" release --from-ascii "${files[@]}" --out "$release"
    else
        "$twomass" release "$work" --out "$release"
    fi
}

# The Level 1 table, with the truth where there is one; that of published files was made by the survey itself.
validate() {
    if [ "$kind" != psc ]; then
        local truth
        truth=$(truth_of "$from")
        "$twomass" validate "$release" ${truth:+--truth "$truth"} | tail -n 1
    fi
}

kind=${1:-simulated} from=${2:-} name=simulated
if [ "$kind" != simulated ]; then
    [ -d "$from" ] || fail "${kind^^} names $from, which is not a folder"
    name=$(basename "$(realpath "$from")")
fi
work=work/$name/$([ "$kind" = atlas ] && echo fields || echo nights)
release=release/$name

"$twomass" serve >/dev/null
if [ "$kind" = simulated ]; then
    from=work/simulated/raw
    # The log of a night is written last.
    [ -n "$(find "$from" -name night.ecsv 2>/dev/null)" ] ||
        "$twomass" simulate --out "$from" --scans 2 --frames 24 --cal-frames 12 --still-frames 12
fi
short=no
case $kind in
    atlas) extract_fields "$from" "$work" || short=yes ;;
    psc) work=$from ;;
    *) reduce_nights "$from" "$work" || short=yes ;;
esac
now=$(fingerprint "$work")
if ! [ -f "$release/release.json" ] || [ "$now" != "$(cat "work/$name/made-from" 2>/dev/null)" ]; then
    make_release
    validate
    mkdir -p "work/$name" && echo "$now" >"work/$name/made-from"
fi
"$twomass" publish "$release"
"$twomass" serve
# What could be measured is published; what could not be is told again, and the exit status says so.
[ $short = no ] || fail "not everything in $from could be used: see the lines above"

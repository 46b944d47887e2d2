#!/usr/bin/env bash
# The system packages, by apt: PostgreSQL with q3c and pgsphere, DaCHS 2.11, and, with --tests, STILTS, TOPCAT, Aladin,
# a browser, a screen that nobody sees, nginx, and the Tycho-2 stars.
# Does nothing, and needs no rights, when all of them are there.
set -eu
. "$(dirname "$0")/setup-say.sh"

dachs_wanted=2.11
pgsphere_wanted=1.4       # older ones cannot be loaded into a PostgreSQL with the security updates of 2026
apt_options=(-qq -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)

apt_get() { quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get "${apt_options[@]}" "$@"; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

postgresql_version() {
    apt-cache depends postgresql 2>/dev/null | grep -oE 'postgresql-[0-9]+' | head -1 | cut -d- -f2
}

# The names of what has to be there; PostgreSQL's are numbered differently in every Debian release.
wanted() {
    printf '%s\n' python3 python3-venv python3-yaml python3-gavo procps gcc libc6-dev
    local version
    version=$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | cut -d/ -f5 | sort -n | tail -1)
    version=${version:-$(postgresql_version)}
    if [ -n "$version" ]; then
        printf '%s\n' "postgresql-$version" "postgresql-$version-q3c" "postgresql-$version-pgsphere"
    else
        echo postgresql   # what its version will be is not known before apt has its lists
    fi
    if [ "$with_tests" = yes ]; then
        printf "%s\n" curl nginx-light stilts topcat aladin chromium chromium-driver xvfb \
            astrometry-data-tycho2-07-littleendian
    fi
}

missing() { for package in $(wanted); do installed "$package" || echo "$package"; done; }

version_of() { dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo 0; }

candidate() { apt-cache policy "$1" | awk '/Candidate:/ {found = $2} END {print found == "" ? "(none)" : found}'; }

# Whether version $1 (maybe "(none)" or empty) is at least $2.
recent() { [[ "$1" == [0-9]* ]] && dpkg --compare-versions "$1" ge "$2"; }

pgsphere() { wanted | grep pgsphere || true; }

# On Debian 12, what comes from a newer release: "suite packages" a line.
newer_suites() {
    echo "trixie python3-gavo python3-gavo-* gavodachs2-server"
    echo "bookworm-backports $(pgsphere)"
}

offered() {
    recent "$(candidate python3-gavo)" "$dachs_wanted" && recent "$(candidate "$(pgsphere)")" "$pgsphere_wanted"
}

codename() { . /etc/os-release && echo "${VERSION_CODENAME:-}"; }

# Debian's main archive as this machine is set up to reach it: mirror and key are its own.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Identifier: Packages' 'Origin: Debian' |
        awk -v codename="$(codename)" '$2 == codename && $3 == "main" {print $1; exit}'
}

source_stanza() {
    local key=/usr/share/keyrings/debian-archive-keyring.gpg
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$1" "$2"
    if [ -r $key ]; then echo "Signed-By: $key"; fi
    echo
}

pin_stanza() { printf 'Package: %s\nPin: release n=%s\nPin-Priority: %s\n\n' "$1" "$2" "$3"; }

# The newer releases as sources: below everything, but above everything for the packages they are there for.
add_sources() {
    local mirror suite packages
    mirror=$(debian_mirror)
    [ -n "$mirror" ] ||
        fail "apt's sources name no Debian mirror with $(codename) main, to take DaCHS $dachs_wanted from"
    say "DaCHS $dachs_wanted comes from Debian 13, pgsphere $pgsphere_wanted from the backports; all else stays"
    newer_suites | while read -r suite packages; do
        pin_stanza '*' "$suite*" 50
        pin_stanza "$packages" "$suite" 990
    done | as_root tee /etc/apt/preferences.d/twomass >/dev/null
    newer_suites | while read -r suite packages; do source_stanza "$mirror" "$suite"; done |
        as_root tee /etc/apt/sources.list.d/twomass.sources >/dev/null
}

# Waits while another program (often the daily update of a new machine) holds apt's lists; DPkg::Lock::Timeout does not.
update_lists() {
    local said
    for _ in $(seq 60); do
        if said=$(as_root env LC_ALL=C apt-get "${apt_options[@]}" update 2>&1); then return; fi
        grep -q 'Could not get lock' <<<"$said" || break
        sleep 5
    done
    tail -n 5 <<<"$said" >&2
    fail "apt-get update failed (see above); the package lists are needed to install $*"
}

# What apt would take from Debian 13 onto a Debian 12, but the packages that are meant to come from there.
strangers() {
    [ "$(codename)" = bookworm ] || return 0
    apt-get -s install --no-install-recommends "$@" | grep '^Inst.*Debian:13' | grep -v Debian:12 | awk '{print $2}' |
        grep -v '^python3-gavo' || true
}

# The postgresql packages would make and start a cluster of their own; this survey has a private one.
prevent_system_cluster() {
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.d/twomass.conf >/dev/null
}

check_rights() {
    command -v apt-get >/dev/null || fail "apt-get is not here: expected Debian 12 or 13 (or a cousin with apt)"
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        fail "no right to install packages: run this as root, install sudo, or ask the administrator for: $*"
    [ "$(id -u)" = 0 ] || sudo -v || fail "sudo refused $(id -un): ask the administrator for: $*"
    local free
    free=$(free_megabytes /usr)
    [ "$free" -ge 1500 ] || fail "too little disk: $free MB free in /usr, 1500 MB are needed for the system packages"
}

with_tests=no
if [ "${1:-}" = --tests ]; then with_tests=yes; fi
command -v dpkg-query >/dev/null || fail "dpkg is not here: expected Debian 12 or 13 (or a cousin with apt)"

outdated() {
    recent "$(version_of python3-gavo)" "$dachs_wanted" || echo python3-gavo
    recent "$(version_of "$(pgsphere)")" "$pgsphere_wanted" || pgsphere
}

if [ -z "$(missing)$(outdated)" ]; then exit 0; fi
check_rights "PostgreSQL with q3c and pgsphere, python3-gavo >= $dachs_wanted, python3-venv, python3-yaml"
update_lists "PostgreSQL and DaCHS"
[ -n "$(pgsphere)" ] ||
    fail "apt offers no package named postgresql: expected Debian 12 or 13 with its main archive in apt's sources"
if ! offered && [ "$(codename)" = bookworm ]; then
    add_sources
    update_lists "DaCHS $dachs_wanted"
fi
offered ||
    fail "apt offers DaCHS $(candidate python3-gavo) and pgsphere $(candidate "$(pgsphere)"), expected $dachs_wanted" \
         "and $pgsphere_wanted or newer: this needs Debian 12 or 13 and a mirror that 'apt-get update' can reach"
prevent_system_cluster
packages=$({ missing; outdated; } | sort -u)
foreign=$(strangers $packages)
[ -z "$foreign" ] ||
    fail "apt would bring in more of Debian 13 than DaCHS:" $foreign \
         "- nothing was installed; see /etc/apt/preferences.d"
say "installing" $packages
apt_get install --no-install-recommends -y $packages || fail "apt-get could not install the packages (see above)"

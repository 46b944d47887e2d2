#!/usr/bin/env bash
# The system packages, by apt: PostgreSQL with q3c and pgsphere, DaCHS 2.11, and (with --tests) STILTS.
# Does nothing, and needs no rights, when all of them are there.
set -eu
. "$(dirname "$0")/setup-say.sh"

dachs_wanted=2.11
dachs_suite=trixie        # the Debian release that has it; on an older one only the pure-Python gavo packages are taken from there
apt_options=(-qq -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)

apt_get() { quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get "${apt_options[@]}" "$@"; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

postgresql_version() { apt-cache depends postgresql | grep -oE 'postgresql-[0-9]+' | head -1 | cut -d- -f2; }

# The names of what has to be there; PostgreSQL's are numbered differently in every Debian release.
wanted() {
    printf '%s\n' python3 python3-venv python3-yaml python3-gavo procps
    local version
    version=$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | cut -d/ -f5 | sort -n | tail -1)
    version=${version:-$(postgresql_version)}
    [ -n "$version" ] || fail "apt offers no package named postgresql; expected a Debian 12 or 13 with its main archive configured"
    printf '%s\n' "postgresql-$version" "postgresql-$version-q3c" "postgresql-$version-pgsphere"
    if [ "$with_tests" = yes ]; then printf '%s\n' stilts default-jre-headless; fi
}

missing() { for package in $(wanted); do installed "$package" || echo "$package"; done; }

dachs_version() { dpkg-query -W -f '${Version}' python3-gavo 2>/dev/null || echo 0; }

dachs_is_recent() { dpkg --compare-versions "$1" ge "$dachs_wanted"; }

dachs_offered() { apt-cache policy python3-gavo | awk '/Candidate:/ {print $2}'; }

# Debian's main archive as this machine is set up to reach it: mirror and key are its own.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Identifier: Packages' 'Origin: Debian' |
        awk -v codename="$(. /etc/os-release && echo "$VERSION_CODENAME")" '$2 == codename && $3 == "main" {print $1; exit}'
}

add_dachs_source() {
    local mirror key=/usr/share/keyrings/debian-archive-keyring.gpg
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || fail "apt offers DaCHS $(dachs_offered), $dachs_wanted or newer is needed, and no Debian mirror to take it from is configured in apt's sources"
    say "DaCHS $dachs_wanted comes from Debian $dachs_suite, on the mirror this machine uses; everything else stays as it is"
    as_root tee /etc/apt/preferences.d/twomass >/dev/null <<END
Package: *
Pin: release n=$dachs_suite*
Pin-Priority: 50

Package: python3-gavo python3-gavo-* gavodachs2-server
Pin: release n=$dachs_suite
Pin-Priority: 990
END
    as_root tee /etc/apt/sources.list.d/twomass.sources >/dev/null <<END
Types: deb
URIs: $mirror
Suites: $dachs_suite
Components: main
$([ -r $key ] && echo "Signed-By: $key")
END
}

update_lists() {
    apt_get update || fail "apt-get update failed (see above); the package lists are needed to install $*"
}

# The postgresql packages would make and start a cluster of their own; this survey has a private one.
prevent_system_cluster() {
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.d/twomass.conf >/dev/null
}

check_rights() {
    command -v apt-get >/dev/null || fail "apt-get is not here: expected Debian 12 or 13 (or a cousin); install by hand what DESIGN section 6 names"
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

if installed python3-gavo && dachs_is_recent "$(dachs_version)" && [ -z "$(missing)" ]; then
    exit 0
fi
check_rights "PostgreSQL with q3c and pgsphere, python3-gavo >= $dachs_wanted, python3-venv, python3-yaml"
update_lists "PostgreSQL and DaCHS"
if ! dachs_is_recent "$(dachs_offered)"; then
    add_dachs_source
    update_lists "DaCHS $dachs_wanted"
fi
dachs_is_recent "$(dachs_offered)" || fail "apt offers DaCHS $(dachs_offered), expected $dachs_wanted or newer"
prevent_system_cluster
packages=$(missing)
if installed python3-gavo && ! dachs_is_recent "$(dachs_version)"; then packages="$packages python3-gavo"; fi
say "installing" $packages
apt_get install --no-install-recommends -y $packages || fail "apt-get could not install the packages (see above)"

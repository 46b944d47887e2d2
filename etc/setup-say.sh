# Shared words of the set-up scripts: how they speak, how they fail, how they act as root. Sourced, not run.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf 'setup: %s\n' "$*"; }

# One sentence: what is missing, and what to do about it.
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Runs a long command quietly; its last lines are shown only when it fails.
quietly() {
    local output
    output=$(mktemp)
    if "$@" >"$output" 2>&1; then
        rm -f "$output"
    else
        tail -n 15 "$output" >&2
        rm -f "$output"
        return 1
    fi
}

free_megabytes() { df -Pm "$1" | awk 'NR == 2 {print $4}'; }

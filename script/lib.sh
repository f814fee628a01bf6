# shellcheck shell=bash
# Helpers of the scripts in this folder. Source it; it expects `set -euo pipefail`.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=$ROOT/.cache
LOG=$CACHE/bootstrap.log
mkdir -p "$CACHE"

say() {
    printf '%s\n' "$*"
}

die() {
    printf 'error: %s\n' "$1" >&2
    shift
    if (($#)); then printf '  %s\n' "$@" >&2; fi
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

is_root() {
    [[ $(id -u) == 0 ]]
}

# quietly WHAT COMMAND...: the command's output goes to the log, and is shown only when it fails.
quietly() {
    local what=$1
    shift
    printf '\n== %s: %s\n' "$what" "$*" >>"$LOG"
    "$@" >>"$LOG" 2>&1 </dev/null && return
    tail -n 20 "$LOG" >&2
    die "$what failed (its last lines are above)." "Everything it printed is in $LOG; run again once the cause is gone."
}

version_at_least() {
    [[ $(printf '%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]
}

checksum() {
    sha256sum | cut -c 1-16
}

# A source that fails need not be the one that matters: what follows will tell.
update_package_lists() {
    apt-get update >>"$LOG" 2>&1 </dev/null || say "Some package lists could not be updated (see $LOG)"
}

# install_packages WHY PACKAGE...
install_packages() {
    local why=$1
    shift
    have apt-get || die "$why needs $*, and this system has no apt-get." "Install it by hand, then run this again."
    is_root || die "$why needs the packages $*, and only root can install them." "Run: sudo apt-get install $*"
    update_package_lists
    quietly "Installing $*" env DEBIAN_FRONTEND=noninteractive apt-get install --yes "$@"
}

# What root makes in somebody's checkout belongs to them: they go on without root.
hand_back() {
    ! is_root || chown -R --from=0 "$(stat --format=%u "$ROOT")" "$@" 2>/dev/null || true
}

# The lock's descriptor is 9; what outlives a script must close it.
one_at_a_time() {
    exec 9>"$CACHE/bootstrap.lock"
    hand_back "$CACHE"
    flock --nonblock 9 || { say "Waiting for another bootstrap of this folder to finish"; flock 9; }
    : >"$LOG"
}

# The Debian mirror that this machine's own apt sources name.
debian_mirror() {
    local mirror
    mirror=$(first_debian_repository)
    if [[ -z $mirror ]] && is_root; then
        update_package_lists >&2
        mirror=$(first_debian_repository)
    fi
    [[ -n $mirror ]] || die "this machine's apt sources name no Debian mirror." "Add one, run apt-get update, then run this again."
    printf '%s\n' "$mirror"
}

first_debian_repository() {
    local repositories
    # shellcheck disable=SC2016 # apt itself expands it
    repositories=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian')
    head -n 1 <<<"$repositories"
}

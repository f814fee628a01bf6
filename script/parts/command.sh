# shellcheck shell=bash
# `fream` on the PATH, with its man page and what shells complete. Sourced by script/bootstrap.

# For everybody on this server where root runs this, else for this user.
prefix() {
    if [[ ${PREFIX:-} ]]; then
        echo "$PREFIX"
    elif is_root; then
        echo /usr/local
    else
        echo "$HOME/.local"
    fi
}

# Of a checkout that others cannot enter, or whose Python they cannot run, root installs a copy.
copy_of_fream() {
    echo "$(prefix)/lib/fream"
}

# others_can_run COMMAND: whether a user without any rights can.
others_can_run() {
    ! is_root && return
    (cd / && setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH="$PATH" HOME=/ "$1" --help) >/dev/null 2>&1
}

source_checksum() {
    {
        venv_checksum
        cd "$ROOT" && find fream_compose compose nginx docs/fream.1 -type f \
            -not -path '*/__pycache__/*' -not -path '*/.*' -print0 | sort -z | xargs -0 sha256sum
    } | checksum
}

copy_is_current() {
    [[ $(cat "$(copy_of_fream)/.fream-stamp" 2>/dev/null) == "$(source_checksum)" ]]
}

# make_copy PYTHON: a virtual environment of the same lock beside the checkout's.
make_copy() {
    local python=$1 target
    target=$(copy_of_fream)
    say "Installing fream for every user of this server into $target"
    rm -rf "$CACHE/wheel" "$target/.fream-stamp"
    (
        umask 022
        mkdir -p "$target" "$CACHE/wheel"
        printf '%s\n' "$ROOT" >"$target/.fream-checkout"
        quietly "Building the wheel" env -C "$ROOT" "$VENV/bin/hatchling" build -t wheel -d "$CACHE/wheel"
        [[ -x $target/bin/pip ]] || quietly "Making a virtual environment" "$python" -m venv "$target"
        "$VENV/bin/python" "$ROOT/script/parts/runtime_lock.py" <"$ROOT/script/requirements.lock" >"$CACHE/runtime.lock"
        quietly "Installing the locked dependencies" \
            "$target/bin/pip" install --no-deps --require-hashes -r "$CACHE/runtime.lock"
        quietly "Installing fream" \
            "$target/bin/pip" install --no-deps --force-reinstall "$CACHE"/wheel/*.whl
        quietly "Checking that the lock holds all of them" "$target/bin/pip" check
    )
    source_checksum >"$target/.fream-stamp"
}

public_python() {
    local python
    for python in /usr/bin/python3 /usr/local/bin/python3 python3.14 python3.13 python3.12 python3.11; do
        if have "$python" && is_suitable_python "$python" && others_can_run "$(command -v "$python")"; then
            command -v "$python"
            return
        fi
    done
    return 1
}

# owner_of LINK: the checkout whose fream a link runs; nothing where it is none that we put there.
owner_of() {
    local target
    target=$(readlink "$1") || return 0
    case $target in
        "$(copy_of_fream)/"*) cat "$(copy_of_fream)/.fream-checkout" 2>/dev/null || echo gone ;;
        */.venv/bin/fream) echo "${target%/.venv/bin/fream}" ;;
    esac
}

lives() {
    [[ -x $1/script/bootstrap && -x $1/.venv/bin/fream ]]
}

# may_put LINK: whether it is ours to make. Says so where it is not.
may_put() {
    local owner
    [[ -e $1 || -L $1 ]] || return 0
    owner=$(owner_of "$1")
    if [[ -z $owner ]]; then
        say "$1 was not put there by script/bootstrap, and stays as it is."
    elif [[ $owner != "$ROOT" ]] && lives "$owner"; then
        say "$1 is the fream of $owner, and stays so. To have this one instead: $owner/script/bootstrap --remove"
    else
        return 0
    fi
    return 1
}

# Where a part of fream goes below the prefix, and where it comes from below an installation.
PLACES="share/man/man1/fream.1=docs/fream.1
share/bash-completion/completions/fream=fream_compose/cli/shells/fream.bash
share/zsh/site-functions/_fream=fream_compose/cli/shells/fream.zsh
share/fish/vendor_completions.d/fream.fish=fream_compose/cli/shells/fream.fish"

ensure_command() {
    local link target place source python
    link=$(prefix)/bin/fream
    mkdir -p "$(prefix)/bin"
    exec 8<"$(prefix)/bin"
    flock 8 # other checkouts do this, too
    may_put "$link" || return 0
    target=$VENV/bin/fream
    if ! others_can_run "$target"; then
        target=$(copy_of_fream)/bin/fream
        if ! copy_is_current; then
            if ! python=$(public_python); then
                say "Other users cannot run $VENV/bin/fream, nor any Python $PYTHON_MIN that has venv: fream is not" \
                    "put on the PATH. Install python3-venv, then run this again."
                return 0
            fi
            make_copy "$python"
        fi
    fi
    [[ $(readlink "$link") == "$target" ]] || say "fream is on the PATH: $link -> $target"
    ln -sfn "$target" "$link"
    while IFS='=' read -r place source; do
        install -D --mode=644 "$ROOT/$source" "$(prefix)/$place"
    done <<<"$PLACES"
    exec 8<&-
    hint_at_path
}

hint_at_path() {
    [[ :$PATH: == *":$(prefix)/bin:"* ]] ||
        say "Your PATH lacks $(prefix)/bin. Put this into ~/.profile: export PATH=\"$(prefix)/bin:\$PATH\""
}

remove_command() {
    local link place
    link=$(prefix)/bin/fream
    [[ $(owner_of "$link") == "$ROOT" ]] || {
        say "$link is not of this checkout: nothing is removed."
        return 0
    }
    rm -f "$link"
    while IFS='=' read -r place _; do
        rm -f "$(prefix)/$place"
    done <<<"$PLACES"
    [[ $(cat "$(copy_of_fream)/.fream-checkout" 2>/dev/null) != "$ROOT" ]] || rm -rf "$(copy_of_fream)"
    say "Removed: $link, its man page and what shells complete. The checkout stays."
}

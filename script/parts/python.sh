# shellcheck shell=bash
# The virtual environment with the locked dependencies and fream itself. Sourced by script/bootstrap.

PYTHON_MIN=3.11
VENV=$ROOT/.venv

is_suitable_python() {
    "$1" -c "import sys, ensurepip, venv; sys.exit(sys.version_info < (${PYTHON_MIN/./, }))" 2>/dev/null
}

find_python() {
    local python
    for python in python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do
        if have "$python" && is_suitable_python "$python"; then
            command -v "$python"
            return
        fi
    done
    return 1
}

venv_checksum() {
    { echo "$ROOT" && cat "$ROOT/script/requirements.lock" "$ROOT/pyproject.toml"; } | checksum
}

# A virtual environment knows its own path: one that was copied or moved works for another folder.
is_sound_venv() {
    grep -qF "$VENV/bin/" "$VENV/bin/pip" 2>/dev/null && "$VENV/bin/python" -c 'import pip' 2>/dev/null
}

ensure_python_environment() {
    local python sum
    sum=$(venv_checksum)
    [[ $(cat "$VENV/.fream-stamp" 2>/dev/null) == "$sum" && -x $VENV/bin/fream ]] && return

    if ! python=$(find_python); then
        install_packages "Python's virtual environments" python3-venv
        python=$(find_python) || die "no Python $PYTHON_MIN or newer is here." "Install one, then run this again."
    fi
    say "Installing fream and its locked dependencies into .venv"
    is_sound_venv || rm -rf "$VENV"
    [[ -d $VENV ]] || quietly "Making the virtual environment" "$python" -m venv "$VENV"
    # The lock is complete: a pip that looks for dependencies again takes the newest of `name[extra]`, not the locked.
    quietly "Installing the locked dependencies" \
        "$VENV/bin/pip" install --no-deps --require-hashes -r "$ROOT/script/requirements.lock"
    quietly "Installing fream" "$VENV/bin/pip" install --no-deps --no-build-isolation --editable "$ROOT"
    quietly "Checking that the lock holds all of them" "$VENV/bin/pip" check
    # A fifth of the time of each command, where the environment keeps Python from writing it.
    "$VENV/bin/python" -m compileall -q "$ROOT/fream_compose"
    printf '%s\n' "$sum" >"$VENV/.fream-stamp"
}

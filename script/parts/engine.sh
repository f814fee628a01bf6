# shellcheck shell=bash
# A Docker engine that answers. Sourced by script/bootstrap.

ENGINE_LOG=/var/log/dockerd.log
ENGINE_DEADLINE=60

engine_answers() {
    docker info >/dev/null 2>&1
}

start_engine() {
    if [[ -d /run/systemd/system ]]; then
        quietly "Starting Docker" systemctl enable --now docker
    elif ! service docker start >>"$LOG" 2>&1 9>&-; then
        # The init script gives up where it may not raise its limits, as in some virtual machines.
        setsid dockerd >>"$ENGINE_LOG" 2>&1 </dev/null 9>&- &
    fi
}

wait_for_engine() {
    local deadline=$((SECONDS + ENGINE_DEADLINE))
    until engine_answers; do
        if ((SECONDS > deadline)); then
            engine_log >&2
            die "the Docker engine did not answer within $ENGINE_DEADLINE s (its last lines are above)."
        fi
        sleep 0.5
    done
}

engine_log() {
    if [[ -d /run/systemd/system ]]; then
        journalctl --unit docker --no-pager --lines 20
    else
        tail -q -n 20 /var/log/docker.log "$ENGINE_LOG" 2>/dev/null || true
    fi
}

ensure_engine() {
    engine_answers && return
    is_root || die "no Docker engine answers you, and only root can start one." \
        "Run this once with sudo; or, if one runs already, let yourself in: sudo usermod -aG docker $(id -un)"
    if ! have dockerd; then
        say "Installing the Docker engine"
        install_packages "the Docker engine" docker.io
    fi
    have docker || install_packages "the Docker client" docker-cli
    say "Starting the Docker engine"
    start_engine
    wait_for_engine
}

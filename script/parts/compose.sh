# shellcheck shell=bash
# Compose v2, as Docker's CLI plugin. Sourced by script/bootstrap.

COMPOSE_MIN=2.24

compose_is_suitable() {
    local version
    version=$(docker compose version --short 2>/dev/null) && version_at_least "${version#v}" "$COMPOSE_MIN"
}

compose_package() {
    local name version
    have apt-cache || return 1
    for name in docker-compose-v2 docker-compose-plugin docker-compose; do
        version=$(apt-cache policy "$name" | sed -n 's/^ *Candidate: *\([0-9]*:\)\?//p')
        if version_at_least "${version:-0}" "$COMPOSE_MIN" && [[ $version != '(none)' ]]; then
            echo "$name"
            return
        fi
    done
    return 1
}

plugin_folder() {
    if is_root; then echo /usr/local/lib/docker/cli-plugins; else echo "$HOME/.docker/cli-plugins"; fi
}

# A newer suite's lists and packages, kept apart: the system's own sources stay as they are.
write_apt_config() {
    local folder=$1 suite=$2 mirror=$3 keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
    : >"$folder/status"
    echo "deb [signed-by=$keyring] $mirror $suite main" >"$folder/sources.list"
    cat >"$folder/apt.conf" <<CONF
Dir::Etc::sourcelist "$folder/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$folder/lists";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
APT::Sandbox::User "";
CONF
}

download_compose() {
    local folder=$1
    write_apt_config "$@"
    (
        cd "$folder" || exit
        export APT_CONFIG=$folder/apt.conf
        apt-get update && apt-get download docker-compose
    ) >>"$LOG" 2>&1
}

install_compose_of_newer_suite() {
    local work suite mirror
    have apt-get || die "Compose v2 is missing, and this system has no apt-get." "Install Docker Compose $COMPOSE_MIN or newer by hand."
    mirror=$(debian_mirror)
    for suite in forky sid; do
        work=$(mktemp -d)
        if download_compose "$work" "$suite" "$mirror"; then
            dpkg-deb --extract "$work"/docker-compose_*.deb "$work/root"
            install -D --mode=755 "$work/root/usr/libexec/docker/cli-plugins/docker-compose" "$(plugin_folder)/docker-compose"
            rm -r "$work"
            return
        fi
        rm -r "$work"
    done
    die "Compose v2 could not be had from a newer Debian suite (see $LOG)." "Install Docker Compose $COMPOSE_MIN or newer by hand."
}

ensure_compose() {
    local package
    compose_is_suitable && return
    say "Installing Docker Compose v2"
    if package=$(compose_package) && is_root; then
        install_packages "Docker Compose" "$package"
    else
        install_compose_of_newer_suite
    fi
    compose_is_suitable || die "Docker Compose is installed, but 'docker compose version' is still not $COMPOSE_MIN or newer." \
        "An older plugin may come first: look in ~/.docker/cli-plugins and $(plugin_folder)."
}

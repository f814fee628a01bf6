# shellcheck shell=bash
# Whether this project may be used for the demo. Sourced by script/demo.

ENV_FILE=$ROOT/compose/.env

# setting NAME DEFAULT: a value of compose/.env, without quotes and the remark behind it.
setting() {
    local value=
    if [[ -e $ENV_FILE ]]; then
        value=$(sed -nE "s/^[[:space:]]*(export[[:space:]]+)?$1[[:space:]]*=[[:space:]]*//p" "$ENV_FILE" |
            tail -n 1 | sed -E "s/[[:space:]]+(#.*)?$//; s/^(['\"])(.*)\1$/\2/")
    fi
    printf '%s\n' "${value:-$2}"
}

# What runs or is recorded here must be the demo's: it would be replaced, and its database used.
refuse_another_app() {
    local image profiles set version container
    image=$(setting IMAGE_REGISTRY 127.0.0.1:5000)/$(setting IMAGE_NAME fream)
    [[ $image =~ ^(127\.0\.0\.1|localhost)(:[0-9]+)?/fream$ ]] ||
        not_the_demo "compose/.env names the image $image"
    profiles=,$(setting COMPOSE_PROFILES infra),
    for set in set1 set2; do
        version=$(setting "${set^^}_VERSION" none)
        [[ $profiles == *,$set,* && $version != none ]] || continue
        if ! [[ $version =~ ^1\.0\.[01](@.*)?$ ]] || ! is_the_demo_if_here "$image:$version"; then
            not_the_demo "$set holds $image:$version"
        fi
    done
    have docker || return 0
    for container in $(containers_of_sets); do
        is_the_demo "$container" || not_the_demo "a container of another app has its place: $container"
    done
}

containers_of_sets() {
    local project set
    project=$(setting COMPOSE_PROJECT_NAME "$(sed -n 's/^name: *//p' "$ROOT/compose/compose.yaml")")
    for set in set1 set2; do
        docker container ls --all --quiet --filter "label=com.docker.compose.project=$project" \
            --filter "label=com.docker.compose.service=$set" 2>/dev/null || true
    done
}

# is_the_demo CONTAINER_OR_IMAGE. The demo's image names its version so; no other app's does.
is_the_demo() {
    local variables
    variables=$(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$1")
    grep --quiet --extended-regexp '^DEMO_VERSION=1\.0\.[01]$' <<<"$variables"
}

is_the_demo_if_here() {
    ! have docker || ! docker image inspect "$1" >/dev/null 2>&1 || is_the_demo "$1"
}

not_the_demo() {
    die "this project is not the demo's: $1." \
        "The demo would release its own shop in its place. Run it in another checkout, with a" \
        "COMPOSE_PROJECT_NAME, FREAM_NETWORK_NAME and ports of its own in compose/.env."
}

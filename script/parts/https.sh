# shellcheck shell=bash
# HTTPS for the demo: an ACME server of its own, Pebble, which takes port 80 of this project's
# nginx for the one of every name. Sourced by script/demo.

PEBBLE=fream-pebble
DIRECTORY=https://pebble:14000/dir
DEMO_HOST=shop.example.com
TRUST=$CACHE/pebble-root.pem

# Certificates that a project has by another server, or of its own, stay as they are.
refuse_other_hosts() {
    local hosts server
    hosts=$(setting TLS_HOSTS "$DEMO_HOST")
    server=$(setting ACME_SERVER "$DIRECTORY")
    [[ $hosts == "$DEMO_HOST" && $server == "$DIRECTORY" && -z $(setting TLS_CERTIFICATE "") ]] ||
        not_the_demo "compose/.env has HTTPS for $hosts"
}

# The network of the project, made before the project as Compose makes it.
ensure_network() {
    local project=$1 network=$2
    docker network inspect "$network" >/dev/null 2>&1 ||
        docker network create --label com.docker.compose.network=default \
            --label "com.docker.compose.project=$project" "$network" >/dev/null
}

# ensure_pebble NETWORK IMAGE
ensure_pebble() {
    docker start "$PEBBLE" >/dev/null 2>&1 ||
        docker run --detach --name "$PEBBLE" --restart unless-stopped --network "$1" --network-alias pebble \
            --env NAMES_AT=fream-nginx --publish 127.0.0.1::15000 "$2" >/dev/null 2>&1 ||
        die "Pebble could not be started." "Remove it with: docker rm -f $PEBBLE, and run this again."
    docker cp "$PEBBLE:/etc/pebble/ca.pem" "$CACHE/pebble-ca.pem" >/dev/null
    for _ in $(seq 50); do
        curl --silent --fail --cacert "$CACHE/pebble-ca.pem" --output "$TRUST" \
            "https://127.0.0.1:$(docker port "$PEBBLE" 15000 | sed 's/.*://;q')/roots/0" && return
        sleep 0.2
    done
    die "Pebble does not answer." "Look at: docker logs $PEBBLE"
}

# set_https: what an operator writes, and two lines more as no public server knows these names.
set_https() {
    local pair
    for pair in "TLS_HOSTS=$DEMO_HOST" TLS_EMAIL=ops@example.com "ACME_SERVER=$DIRECTORY" "ACME_CA_FILE=$CACHE/pebble-ca.pem"; do
        say "  $pair"
        (umask 077 && set_variable "$ENV_FILE" "${pair%%=*}" "${pair#*=}")
    done
}

# ask_https PORT PATH: as a browser would that trusts Pebble.
ask_https() {
    say "\$ curl --cacert $TRUST --connect-to $DEMO_HOST:443:127.0.0.1:$1 https://$DEMO_HOST$2"
    curl --noproxy '*' --silent --show-error --fail --max-time 20 --cacert "$TRUST" \
        --connect-to "$DEMO_HOST:443:127.0.0.1:$1" --output /dev/null \
        --write-out 'HTTP/%{http_version} %{http_code}\n' \
        "https://$DEMO_HOST$2"
}

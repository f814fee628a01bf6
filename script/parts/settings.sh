# shellcheck shell=bash
# compose/.env, made from its example. Sourced by script/bootstrap.

ENV_FILE=$ROOT/compose/.env

# set_variable FILE NAME VALUE: in place of the example's line, commented or not.
set_variable() {
    name=$2 value=$3 awk '
        !done && $0 ~ "^# ?" ENVIRON["name"] "=|^" ENVIRON["name"] "=" { $0 = ENVIRON["name"] "=" ENVIRON["value"]; done = 1 }
        { print }
        END { if (!done) print ENVIRON["name"] "=" ENVIRON["value"] }' "$1" >"$1.tmp"
    mv "$1.tmp" "$1"
}

random_password() {
    "$VENV/bin/python" -c 'import secrets; print(secrets.token_urlsafe(24))'
}

stand_in() {
    sed -n "s/^$1=\(fream-standin\/.*\)/\1/p" "$CACHE/images.env" 2>/dev/null
}

ensure_env_file() {
    local example=$ROOT/compose/.env.example draft=$ENV_FILE.new name image
    [[ ! -e $ENV_FILE && -e $example ]] || return 0
    say "Writing compose/.env with random passwords"
    (
        umask 077
        cat "$example" >"$draft"
        for name in MYSQL_ROOT_PASSWORD MYSQL_PASSWORD; do
            set_variable "$draft" "$name" "$(random_password)"
        done
        for name in NGINX_IMAGE MYSQL_IMAGE ACME_IMAGE; do
            image=$(stand_in "$name")
            if [[ -n $image ]]; then
                set_variable "$draft" "$name" "$image"
                say "  $name=$image: a stand-in built here, as no registry gave the official image"
            fi
        done
        mv "$draft" "$ENV_FILE"
    )
}

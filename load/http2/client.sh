#!/bin/sh
# curl over HTTP/2: a hundred pages on one connection, again and again.
url=$1
ends=$(($(date +%s) + $2))
set -- --insecure
[ -z "$SSL_CERT_FILE" ] || set -- --cacert "$SSL_CERT_FILE"
while [ "$(date +%s)" -lt "$ends" ]; do
    curl --http2 --rate 100/s "$@" --silent --show-error --max-time 30 --output /dev/null \
        --write-out '%{http_version} %{response_code} %{errormsg}\n' "$url?[1-100]"
done | sort | uniq -c | awk '
    { number = $1; $1 = ""; sub(/^ /, ""); sub(/ $/, "") }
    { printf "%s\"%s\":%d", NR == 1 ? "{" : ",", $0 == "2 200" ? "ok" : $0, number }
    END { print NR ? "}" : "{}" }'

"""Whether nginx would answer the ACME server, asked before that spends one of its few tries."""

import http.client

from wanted import Place

PATH = "/.well-known/acme-challenge/fream"
_SECONDS = 3.0


def nginx_serves(place: Place, host: str) -> bool:
    """Whether nginx answers for challenges; asked inside the network, so nobody counts it."""
    connection = http.client.HTTPConnection(place.nginx, 80, timeout=_SECONDS)
    try:
        connection.request("GET", PATH, headers={"Host": host})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

"""HTTP as a user of the app sends it: one connection for each request, no redirects."""

from __future__ import annotations

import requests

SECONDS = 10.0


def get(url: str, **parameters: str) -> requests.Response:
    """GET a loopback address, whatever proxy the environment names."""
    return _session_request("GET", url, parameters, b"")


def post(url: str, body: bytes) -> requests.Response:
    """POST to a loopback address."""
    return _session_request("POST", url, {}, body)


def _session_request(
    method: str, url: str, parameters: dict[str, str], body: bytes
) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            method, url, params=parameters, data=body, timeout=SECONDS, allow_redirects=False
        )

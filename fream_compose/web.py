"""HTTP to loopback ports; the only importer of requests."""

from collections.abc import Mapping
from dataclasses import dataclass

import requests


class Unreachable(Exception):
    """No HTTP answer: refused, reset, or too late. The text says which."""


@dataclass(frozen=True)
class Answer:
    """Status, the first 2,000 characters of the body, and the seconds it took.

    location: where a redirect leads. upstream: the address that nginx's control port asked.
    """

    status: int
    body: str
    seconds: float
    location: str = ""
    upstream: str = ""


def get(url: str, timeout: float, headers: Mapping[str, str] | None = None) -> Answer:
    """GET without redirects, proxies or a connection kept open. Raises Unreachable.

    timeout: seconds for the connection, and again for each read.
    """
    try:
        with requests.Session() as session:
            # A proxy set in the operator's environment must not stand before loopback.
            session.trust_env = False
            response = session.get(
                url, timeout=timeout, headers=dict(headers or {}), allow_redirects=False
            )
    except requests.Timeout as error:
        raise Unreachable(f"no answer within {timeout:g} s") from error
    except requests.RequestException as error:
        raise Unreachable(_reason(error)) from error
    return Answer(
        response.status_code,
        response.text[:2000],
        response.elapsed.total_seconds(),
        response.headers.get("Location", ""),
        response.headers.get("X-Upstream", ""),
    )


def _reason(error: BaseException) -> str:
    """The innermost cause, which is the one that says something, such as connection refused."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__

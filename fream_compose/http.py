"""HTTP to loopback ports; the only importer of requests and urllib3."""

import io
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema, InvalidURL
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import DecodeError, HTTPError, LocationParseError

LONGEST = 65_536  # bytes of a body, decompressed, that are read
_PIECE = 1_024  # bytes that are decompressed at a time: at most a thousand times as many
_SLICE_SECONDS = 0.05  # in which a signal is heeded

_NO_ADDRESS = "the address is not valid"
_WORDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (RemoteDisconnected, "the connection was closed without an answer"),
    (IncompleteRead, "the answer broke off"),
    ((InvalidURL, InvalidSchema, LocationParseError, UnicodeError), _NO_ADDRESS),
    ((zlib.error, DecodeError), "the answer cannot be decompressed"),
    ((HTTPException, ValueError), "what answers does not speak HTTP"),
)


class Unreachable(Exception):
    """No HTTP answer: refused, reset, or too late. The text says which."""


@dataclass(frozen=True)
class Answer:
    """Status, the body, and the seconds until its head was there.

    headers: their names in lower case. cut: whether the body was longer than what is read.
    """

    status: int
    body: str
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return self.headers.get("location", "")

    @property
    def upstream(self) -> str:
        """The address that nginx's control port asked."""
        return self.headers.get("x-upstream", "")


def get(
    url: str,
    timeout: float,
    headers: Mapping[str, str] | None = None,
    check: Callable[[], None] = lambda: None,
) -> Answer:
    """GET without redirects, proxies or a connection kept open. Raises Unreachable.

    timeout: seconds for all of it, to the last byte of the body. check: called many times a
    second meanwhile; what it raises is raised.
    """
    # What listens nowhere has port 0 here; requests would take it for 80, where others listen.
    if _port(url) == 0:
        raise Unreachable("it listens on no port of this server")
    late = f"no answer within {timeout:g} s"
    try:
        with _Session() as session:
            # A proxy set in the operator's environment must not stand before loopback.
            session.trust_env = False
            session.mount("http://", _Adapter(time.monotonic() + timeout, check))
            options: dict[str, Any] = {"timeout": timeout, "allow_redirects": False}
            with session.get(url, headers=dict(headers or {}), stream=True, **options) as response:
                body = _body(response)
    except requests.Timeout as error:
        raise Unreachable(late) from error
    except (requests.RequestException, HTTPError, OSError) as error:
        reason = _reason(error)
        raise Unreachable(late if isinstance(reason, TimeoutError) else _text(reason)) from error
    return Answer(
        response.status_code,
        _text_of(body[:LONGEST], response.encoding),
        response.elapsed.total_seconds(),
        {name.lower(): value for name, value in response.headers.items()},
        len(body) > LONGEST,
    )


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError as error:
        raise Unreachable(_NO_ADDRESS) from error


def _body(response: requests.Response) -> bytes:
    read = io.BytesIO()
    while read.tell() <= LONGEST and (piece := response.raw.read(_PIECE, decode_content=True)):
        read.write(piece)
    return read.getvalue()


def _text_of(body: bytes, encoding: str | None) -> str:
    with suppress(LookupError, ValueError):  # a charset that nobody knows, or none of a body's
        return body.decode(encoding or "utf-8", "replace")
    return body.decode("utf-8", "replace")


class _Session(requests.Session):
    """Follows nobody, and so does not read where an odd redirect leads."""

    def get_redirect_target(self, _response: requests.Response) -> None:
        return None


class _Adapter(HTTPAdapter):
    """Connections that end at a deadline, however often a byte comes."""

    def __init__(self, deadline: float, check: Callable[[], None]) -> None:
        self._deadline = deadline
        self._check = check
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        deadline, check = self._deadline, self._check

        class Connection(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                self.sock = _Socket(self.sock, deadline, check)

        class Pool(HTTPConnectionPool):
            ConnectionCls = Connection

        self.poolmanager.pool_classes_by_scheme = {
            **self.poolmanager.pool_classes_by_scheme,
            "http": Pool,
        }


class _Socket(socket.socket):
    """A socket from which nothing is read after a deadline."""

    def __init__(
        self, connected: socket.socket, deadline: float, check: Callable[[], None]
    ) -> None:
        super().__init__(fileno=connected.detach())
        self._deadline = deadline
        self._check = check

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        while True:
            self._check()
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self.settimeout(min(left, _SLICE_SECONDS))
            try:
                return super().recv_into(*arguments, **options)
            except TimeoutError:
                continue


def _reason(error: BaseException) -> BaseException:
    """The innermost cause, which is the one that says something, such as connection refused."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def _text(error: BaseException) -> str:
    """The reason in plain words, and none of the libraries' own."""
    for kinds, words in _WORDS:
        if isinstance(error, kinds):
            return words
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {getattr(error, 'verify_message', '') or error.reason}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "no answer that can be read"

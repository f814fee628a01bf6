"""HTTP to loopback ports; the only importer of requests and urllib3."""

import io
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection as PlainConnection
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema, InvalidURL
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import DecodeError, HTTPError, LocationParseError

from fream_compose import AGENT

LONGEST = 65_536  # bytes of a body, decompressed, that are read unless more is asked for
_PIECE = 1_024  # bytes that are decompressed at a time: at most a thousand times as many
_SLICE_SECONDS = 0.05  # in which a signal is heeded

_NO_ADDRESS = "the address is not valid"
_NO_HTTP = "what answers does not speak HTTP"
_WORDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (RemoteDisconnected, "the connection was closed without an answer"),
    (IncompleteRead, "the answer broke off"),
    ((InvalidURL, InvalidSchema, LocationParseError, UnicodeError), _NO_ADDRESS),
    ((zlib.error, DecodeError), "the answer cannot be decompressed"),
    ((HTTPException, ValueError), _NO_HTTP),
)


class Unreachable(Exception):
    """No answer: refused, reset, or too late. The text says which."""


class TooLate(Unreachable):
    """A connection perhaps, but no answer in time."""


class Garbled(Unreachable):
    """An answer, and none of HTTP."""


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

    @property
    def connected(self) -> bool:
        """Whether nginx's control port had a connection to it."""
        # Files of an earlier fream do not tell: then it is enough that nginx has an address.
        times = self.headers.get("x-upstream-connect", self.upstream[:1])
        return any(sign.isdigit() for sign in times)


def get(
    url: str,
    timeout: float,
    headers: Mapping[str, str] | None = None,
    check: Callable[[], None] = lambda: None,
    longest: int = LONGEST,
) -> Answer:
    """GET without redirects, proxies or a connection kept open. Raises Unreachable.

    timeout: seconds for all of it, to the last byte of the body. check: called many times a
    second meanwhile; what it raises is raised. longest: bytes of the body that are read.
    """
    # What listens nowhere has port 0 here; requests would take it for 80, where others listen.
    if _port(url) == 0:
        raise Unreachable("it listens on no port of this server")
    late = f"no answer within {timeout:g} s"
    try:
        with _Session() as session:
            # A proxy set in the operator's environment must not stand before loopback.
            session.trust_env = False
            session.headers["User-Agent"] = AGENT
            session.mount("http://", _Adapter(time.monotonic() + timeout, check))
            options: dict[str, Any] = {"timeout": timeout, "allow_redirects": False}
            with session.get(url, headers=dict(headers or {}), stream=True, **options) as response:
                body = _body(response, longest)
    except requests.Timeout as error:
        raise TooLate(late) from error
    except (requests.RequestException, HTTPError, OSError) as error:
        raise _fault(_reason(error), late) from error
    return Answer(
        response.status_code,
        _text_of(body[:longest], response.encoding),
        response.elapsed.total_seconds(),
        {name.lower(): value for name, value in response.headers.items()},
        len(body) > longest,
    )


def status_by_tls(
    place: tuple[str, int], host: str, path: str, timeout: float, headers: Mapping[str, str]
) -> int:
    """The status that a GET over TLS is answered with, of an address and port. Raises Unreachable.

    host: that is asked for; what its certificate says is not looked at. timeout: seconds for
    the connection, and for each part of the answer.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    asked = PlainConnection(host)
    try:
        with (
            socket.create_connection(place, timeout) as plain,
            context.wrap_socket(plain, server_hostname=host) as asked.sock,
        ):
            asked.request("GET", path, headers={**headers, "Connection": "close"})
            with asked.getresponse() as answer:
                return answer.status
    except (OSError, HTTPException, ValueError) as error:
        raise _fault(error, f"no answer within {timeout:g} s") from error


def _fault(reason: BaseException, late: str) -> Unreachable:
    if isinstance(reason, TimeoutError):
        return TooLate(late)
    text = _text(reason)
    return Garbled(text) if text == _NO_HTTP else Unreachable(text)


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError as error:
        raise Unreachable(_NO_ADDRESS) from error


def _body(response: requests.Response, longest: int) -> bytes:
    read = io.BytesIO()
    while read.tell() <= longest and (piece := response.raw.read(_PIECE, decode_content=True)):
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

"""Clients that speak HTTP: each differs in what it asks for and what it must get."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from abc import abstractmethod
from itertools import cycle

from load.client import Client
from load.failure import WRONG_BODY, Failed, bad_status
from load.http1 import Request, Response, exchange
from load.stage import Stage
from load.wire import Wire

DIGEST_SIZE = 64


class HttpClient(Client):
    """Keeps its connection until the server announces, or has done, its closing."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._wire: Wire | None = None

    @abstractmethod
    def request(self) -> Request:
        """The next request."""

    @abstractmethod
    def check(self, request: Request, response: Response) -> None:
        """Raise `Failed` unless the answer is the right one."""

    async def turn(self) -> bool:
        return await self.attempt(self._exchange)

    def drop(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def _exchange(self) -> str:
        request = self.request()
        wire = await self._ready_wire()
        response = await exchange(wire, request, self.stage.target.authority)
        if request.close or response.closes:
            self._closing(announced=not request.close)
        check_answer(response)
        self.check(request, response)
        return response.version

    async def _ready_wire(self) -> Wire:
        if self._wire is not None and self._wire.closed_by_peer():
            self.recorder.closed("closed_idle")
            self.drop()
        if self._wire is None:
            self._wire = await self.stage.connect()
        elif self.stage.target.distance:
            await asyncio.sleep(self.stage.target.distance)
        return self._wire

    def _closing(self, announced: bool) -> None:
        if announced:
            self.recorder.closed("announced")
        self.drop()


class KeepAlive(HttpClient):
    """One request after the other on a busy connection."""

    kind = "keepalive"

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._paths = cycle(stage.target.paths)

    def request(self) -> Request:
        return Request(next(self._paths))

    def check(self, request: Request, response: Response) -> None:
        check_page(request, response)


class New(KeepAlive):
    """A new connection for every request."""

    kind = "new"

    def request(self) -> Request:
        return Request(next(self._paths), close=True)


class Idle(KeepAlive):
    """A person who thinks between two requests on the same connection."""

    kind = "idle"

    def think(self) -> float:
        return random.uniform(0, self.stage.pace.idle)


class Post(HttpClient):
    """Sends some kilobytes and must get the same ones back."""

    kind = "post"

    def request(self) -> Request:
        return Request("/echo", "POST", random.randbytes(random.randint(1024, 8192)))

    def check(self, request: Request, response: Response) -> None:
        if response.body != request.body:
            raise Failed(
                WRONG_BODY, f"sent {len(request.body)} bytes, got {len(response.body)} others"
            )


class Slow(HttpClient):
    """Waits for an answer that takes the app 1 to 3 seconds."""

    kind = "slow"

    def request(self) -> Request:
        return Request(f"/slow?seconds={random.randint(1, 3)}")

    def check(self, request: Request, response: Response) -> None:
        check_page(request, response)


class Stream(HttpClient):
    """Reads two seconds of chunks; the last line ends with the sha256 of all before it."""

    kind = "stream"

    def request(self) -> Request:
        return Request("/stream?chunks=20&interval=0.1&size=1024")

    def check(self, request: Request, response: Response) -> None:  # noqa: ARG002
        content, newline, last = response.body.removesuffix(b"\n").rpartition(b"\n")
        content += newline
        if hashlib.sha256(content).hexdigest().encode() != last[-DIGEST_SIZE:] or not content:
            raise Failed(WRONG_BODY, f"the checksum of {len(content)} bytes does not match")


def check_answer(response: Response) -> None:
    """The answer is a success, and the app's own."""
    if response.status != 200:
        raise bad_status(response.status, repr(response.body[:120]))
    if not response.version:
        raise Failed(WRONG_BODY, "no X-App-Version: not an answer of the app")


def check_page(request: Request, response: Response) -> None:
    """A page is not empty, valid when it is JSON, and /version names who answers."""
    if not response.body:
        raise Failed(WRONG_BODY, f"{request.path} is empty")
    if "json" in response.headers.get("content-type", ""):
        _check_json(request, response)
    if request.path == "/version" and response.version.encode() not in response.body:
        raise Failed(WRONG_BODY, f"{response.version} answers {response.body[:80]!r}")


def _check_json(request: Request, response: Response) -> None:
    try:
        json.loads(response.body)
    except ValueError as error:
        raise Failed(WRONG_BODY, f"{request.path} is not JSON: {error}") from error

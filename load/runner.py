"""Runs the clients in the background of a test."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter
from types import TracebackType

from load.client import Client
from load.http2_client import Http2
from load.http_clients import Idle, KeepAlive, New, Post, Slow, Stream
from load.mix import Mix, Pace
from load.record import Recorder
from load.report import Failure, Report
from load.stage import Limits, Stage, Target
from load.tls import Https
from load.websocket_client import WebSocket

CLIENTS: tuple[type[Client], ...] = (New, KeepAlive, Idle, Post, Slow, Stream, WebSocket, Http2)
POLL_SECONDS = 0.01


class Load:
    """A mix of clients, from `start` to `stop`; as a context manager, for its block.

    The clients live on an event loop in a thread of this process: marks then share
    their clock and need no protocol, and what is measured runs in other processes.
    """

    def __init__(
        self,
        port: int,
        mix: Mix | None = None,
        max_seconds: float = 600.0,
        *,
        host: str = "127.0.0.1",
        paths: tuple[str, ...] = ("/products", "/version"),
        pace: Pace | None = None,
        max_requests: int = 1_000_000,
        request_seconds: float = 15.0,
        distance: float = 0.0,
        https: Https | None = None,
    ) -> None:
        self._mix = mix or Mix()
        if self._mix.http2 and https is None:
            raise ValueError("a mix with http2 is for HTTPS only")
        self._target = Target(port, host, paths, distance, https)
        self._limits = Limits(max_seconds, max_requests, request_seconds)
        self._pace = pace or Pace()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._report: Report | None = None

    def __enter__(self) -> Load:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def served(self) -> int:
        """Requests answered so far."""
        return self._stage.recorder.served

    @property
    def failed(self) -> int:
        """Requests failed so far."""
        return self._stage.recorder.failed

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The failed requests so far; the first 2,000 of them."""
        return tuple(self._stage.recorder.failures)

    def served_to(self, client: str) -> int:
        """Requests of a kind of client that were answered so far."""
        return self._stage.recorder.answers(client)

    @property
    def certificates(self) -> dict[str, int]:
        """The handshakes so far, by the sha256 of the certificate that was shown."""
        return dict(self._stage.recorder.certificates)

    @property
    def running(self) -> bool:
        """Whether requests are still being made."""
        return self._thread.is_alive()

    @property
    def report(self) -> Report:
        """What was seen; only after `stop`."""
        if self._report is None:
            raise RuntimeError("the load has not been stopped")
        return self._report

    def start(self) -> None:
        """Let the clients loose."""
        self._thread.start()
        self._ready.wait()

    def mark(self, name: str) -> None:
        """Name this moment for the report."""
        self._stage.recorder.mark(name)

    def wait_for(self, requests: int, timeout: float = 120.0) -> None:
        """Until so many more requests were answered; TimeoutError after `timeout` seconds."""
        self.wait_until(self.served + requests, timeout)

    def wait_until(self, served: int, timeout: float = 120.0) -> None:
        """Until so many requests were answered in all; TimeoutError after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while (missing := served - self.served) > 0:
            if time.monotonic() > deadline or not self.running:
                over = "" if self.running else ", and the load is over"
                told = f"{missing} of {served} answers missing, {self.failed} failed{over}"
                raise TimeoutError(told)
            time.sleep(POLL_SECONDS)

    def stop(self) -> Report:
        """Start no other request, let those under way end, and report."""
        if self.running:
            self._call_stop()
        self._thread.join(2 * self._limits.request_seconds + 10)
        if self._error is not None:
            raise RuntimeError("a client of the load broke") from self._error
        return self.report

    def _call_stop(self) -> None:
        # The loop is closed when the load has ended by itself just now.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stage.stopping.set)

    def _run(self) -> None:
        try:
            asyncio.run(self._play())
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()

    async def _play(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stage = Stage(self._target, self._limits, self._pace, Recorder())
        self._ready.set()
        self._loop.call_later(self._limits.max_seconds, self._stage.stopping.set)
        async with asyncio.TaskGroup() as group:
            for client in self._clients():
                group.create_task(client.run())
            await self._until_over()
            self._stage.recorder.end()
            ended = time.monotonic()
        self._report = self._summary(ended)

    def _clients(self) -> list[Client]:
        counts = self._mix.counts()
        return [kind(self._stage) for kind in CLIENTS for _ in range(counts[kind.kind])]

    async def _until_over(self) -> None:
        while not self._stage.over():
            await self._stage.pause(POLL_SECONDS)
        self._stage.stopping.set()

    def _summary(self, ended: float) -> Report:
        recorder = self._stage.recorder
        phases = recorder.phases(ended)
        return Report(
            target=self._target.authority,
            seconds=ended - recorder.marks[0].at,
            served=recorder.served,
            failed=recorder.failed,
            by_kind=dict(recorder.kinds),
            by_version=dict(sum((Counter(phase.by_version) for phase in phases), Counter())),
            phases=phases,
            closes=dict(recorder.closes),
            latencies=recorder.latencies(),
            gap=recorder.gap(),
            failures=tuple(recorder.failures),
            certificates=dict(recorder.certificates),
        )

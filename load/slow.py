"""Clients that are slow on purpose: each holds a connection and asks for next to nothing.

`python -m load.slow --port 18080 --count 1000 --seconds 60` holds so many, a third of each
kind, and ends with what became of them as JSON. One that is cut off connects again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Sequence

# Each client has one file of this process, of which many systems give 20,000 at most.
MAX_CLIENTS = 12_000
MAX_SECONDS = 600.0
NEW_A_SECOND = 1_000
HOST = "127.0.0.1"
BODY_SIZE = 1_000_000
# More than nginx holds in memory of an answer.
ANSWER = "/stream?chunks=16&interval=0&size=8192"
# What a kind says at first. That of `headers` never ends.
OPENINGS = {
    "headers": "GET /version HTTP/1.1\r\n",
    "body": f"POST /echo HTTP/1.1\r\nContent-Length: {BODY_SIZE}\r\n",
    "reader": f"GET {ANSWER} HTTP/1.1\r\n",
}
DRIPS = {"headers": b"X-Slow: 1\r\n", "body": b"x" * 100, "reader": b""}
READ_SIZE = 1024


class SlowClients:
    """`count` clients of ports of 127.0.0.1, for a block; `pace`: seconds between two drips."""

    def __init__(
        self, ports: Sequence[int], count: int, seconds: float = MAX_SECONDS, pace: float = 10.0
    ) -> None:
        if not (ports and 0 < count <= MAX_CLIENTS and 0 < seconds <= MAX_SECONDS and pace > 0):
            raise ValueError(f"1 to {MAX_CLIENTS} clients, for up to {MAX_SECONDS:g} s")
        self._ports, self._count, self._seconds, self._pace = ports, count, seconds, pace
        self._thread = threading.Thread(target=lambda: asyncio.run(self._play()), daemon=True)
        self._stop = threading.Event()
        self.held: Counter[str] = Counter()  # connections open now, by kind
        self.ended: Counter[str] = Counter()  # those that the server ended
        self.refused: Counter[str] = Counter()  # those that never were

    def __enter__(self) -> SlowClients:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def join(self) -> None:
        """Wait until their time is over."""
        self._thread.join()

    def to_json(self) -> str:
        """The counts by kind, as one line."""
        return json.dumps({"held": self.held, "ended": self.ended, "refused": self.refused})

    async def _play(self) -> None:
        kinds = list(OPENINGS)
        lives = [
            asyncio.create_task(self._life(kinds[number % len(kinds)], number))
            for number in range(self._count)
        ]
        deadline = asyncio.get_running_loop().time() + self._seconds
        while not self._stop.is_set() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)

    async def _life(self, kind: str, number: int) -> None:
        await asyncio.sleep(number / NEW_A_SECOND)
        while True:
            with socket.socket() as sock:
                await self._connection(sock, kind, self._ports[number % len(self._ports)])
            await asyncio.sleep(self._pace * random.uniform(0.1, 0.2))

    async def _connection(self, sock: socket.socket, kind: str, port: int) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ_SIZE)
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_connect(sock, (HOST, port))
            await loop.sock_sendall(sock, opening(kind))
        except OSError:
            self.refused[kind] += 1
            return
        self.held[kind] += 1
        while not ended(sock, kind):
            await asyncio.sleep(self._pace * random.uniform(0.5, 1.5))
        self.held[kind] -= 1
        self.ended[kind] += 1


def opening(kind: str) -> bytes:
    """What a client of a kind says at first."""
    end = "" if kind == "headers" else "\r\n"
    return f"{OPENINGS[kind]}Host: {HOST}\r\nUser-Agent: fream-slow {kind}\r\n{end}".encode()


def ended(sock: socket.socket, kind: str) -> bool:
    """Send or read a little more; whether the server has ended the connection, or its answer."""
    try:
        sock.send(DRIPS[kind])
        return not sock.recv(READ_SIZE) or kind != "reader"
    except BlockingIOError:
        return False
    except OSError:
        return True


def main() -> None:
    """Hold connections for so long."""
    parser = argparse.ArgumentParser(prog="python -m load.slow", description=__doc__)
    parser.add_argument("--port", type=int, required=True, action="append")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    clients = SlowClients(options.port, options.count, options.seconds)
    with clients:
        clients.join()
    print(clients.to_json(), flush=True)


if __name__ == "__main__":
    main()

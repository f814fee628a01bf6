"""A client that asks every few milliseconds which version answers."""

import http.client
import threading
import time
from types import TracebackType

_PAUSE = 0.004
_TIMEOUT = 2.0


def version_at(port: int) -> str:
    """The version that answers on a loopback port with a success; empty when none does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/products", headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        return answer.headers.get("X-App-Version", "") if answer.status == 200 else ""
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def wait_for(port: int, version: str, seconds: float = 30.0, pause: float = _PAUSE) -> float:
    """The moment at which a version answers for the first time. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while version_at(port) != version:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{version} did not answer on port {port} within {seconds:g} s")
        time.sleep(pause)
    return time.monotonic()


class Watch:
    """Waits in a thread, for the length of a block, for the first answer of a version."""

    def __init__(self, port: int, version: str) -> None:
        self.seen: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(port, version))

    def _run(self, port: int, version: str) -> None:
        while not self._over.wait(_PAUSE):
            if version_at(port) == version:
                self.seen = time.monotonic()
                return

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def since(self, moment: float) -> float:
        """Seconds from a moment to the first answer."""
        if self.seen is None:
            raise RuntimeError("the version was never seen")
        return self.seen - moment

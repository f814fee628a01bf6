"""Reads nginx's log for the length of a switch."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import replace

from fream_compose.errors import FreamError, reason
from fream_compose.nginx.evidence import Evidence, Tally
from fream_compose.nginx.follower import Follow, Follower
from fream_compose.release import SetName
from fream_compose.verdict import Share

_BASELINE_LINES = 5000  # of the log before the switch, to compare with
_DOCKER_SAYS = "Error"
_FLUSH_SECONDS = 0.3  # nginx writes its log every 200 ms


class Recorder:
    """Reads nginx's log while a switch runs. Never makes a switch fail."""

    def __init__(self, process: subprocess.Popen[str] | None, missing: str = "") -> None:
        self._missing = missing
        self._ended = began = time.time()
        self._cut_over: float | None = None
        self._tally = Tally(began)
        self._lock = threading.Lock()
        self._said = ""  # by Docker, where it cannot read on
        self._follower = Follower(process, self._read) if process else None

    def _read(self, line: str) -> None:
        with self._lock:
            self._tally.read(line)
        if line.startswith(_DOCKER_SAYS):
            self._said = f": {line.strip()}"

    def cut_over(self) -> None:
        """The link is about to be renamed."""
        self._cut_over = time.time()

    def end(self) -> None:
        """What comes from here on is not the switch's."""
        self._ended = time.time()

    def shares(self, new: SetName) -> tuple[Share, Share]:
        """The requests so far of the old release and of the new one."""
        return self._tally.shares(new)

    def unreached(self, new: SetName) -> Share:
        """The requests so far of the new release; failed are those that nginx answered for it."""
        return self._tally.unreached(new)

    def evidence(self, new: SetName) -> Evidence:
        """Sum up what came until the end. Reading goes on, for a release that fails yet."""
        if self._follower is None:
            return Evidence(missing=self._missing)
        time.sleep(max(0.0, self._ended + _FLUSH_SECONDS - time.time()))
        early = self._follower.process_ended
        with self._lock:
            tally = deepcopy(self._tally)
        evidence = tally.evidence(self._ended, self._cut_over, new)
        return (
            replace(evidence, missing=f"nginx's log ended early{self._said}") if early else evidence
        )

    def stop(self) -> None:
        """End the reading process."""
        if self._follower:
            self._follower.stop()


@contextmanager
def recording(follow: Follow) -> Iterator[Recorder]:
    """Record for the length of a switch.

    follow: starts a process that prints the last lines of nginx's log and all that come.
    """
    process, missing = None, ""
    try:
        process = follow(_BASELINE_LINES)
    except (OSError, FreamError) as error:
        missing = f"nginx's log cannot be read: {reason(error)}"
    recorder = Recorder(process, missing)
    try:
        yield recorder
    finally:
        with suppress(OSError):
            recorder.stop()

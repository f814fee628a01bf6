"""Signals as a question that a run asks where it is safe to stop."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from fream_compose.errors import InterruptedRun

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SLICE_SECONDS = 0.05


class LeaveNow(BaseException):
    """The second signal: the operator does not want to wait for the undo."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.exit_code = 128 + signum
        self.signum = signum

    @property
    def error(self) -> InterruptedRun:
        """As whoever reads how the run ended is told of it."""
        told = InterruptedRun(self.signum)
        told.why = "It was left at once, at a second signal: what it had begun is not undone"
        told.next_step = "fream status"
        return told


class Interruption:
    """Remembers the first signal; the second one raises LeaveNow wherever the run is.

    A command of Docker is never cut in the middle by the first signal: it would go on
    by itself and race with the undo.
    """

    def __init__(self) -> None:
        # A plain number: a lock or an event must not be touched from a signal handler,
        # which may have stopped the main thread while it held the very same lock.
        self._signum = 0
        self._heeded = True

    def note(self, signum: int, _frame: FrameType | None = None) -> None:
        """Take a signal. Raises LeaveNow on the second.

        A closed terminal sends SIGHUP twice, by the shell and by the kernel, and nobody
        is in a hurry then.
        """
        if not self._signum:
            self._signum = signum
        elif signum != signal.SIGHUP:
            raise LeaveNow(signum)

    def check(self) -> None:
        """Raise InterruptedRun if a signal came, unless the release is already committed."""
        if self._heeded and self._signum:
            raise InterruptedRun(self._signum)

    def wait(self, seconds: float) -> None:
        """Sleep, but wake for a signal. Raises InterruptedRun as check() does."""
        deadline = time.monotonic() + seconds
        self.check()
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE_SECONDS))
            self.check()

    @property
    def pending(self) -> bool:
        """Whether a signal came."""
        return bool(self._signum)

    def disregard(self) -> None:
        """From here on the run finishes forward: the cut-over is done."""
        self._heeded = False


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Handle SIGINT, SIGTERM and SIGHUP for the length of a run, then as before.

    A signal that whoever started us has ignored, as nohup does, stays ignored.
    """
    state = Interruption()
    heard = [signum for signum in _SIGNALS if signal.getsignal(signum) is not signal.SIG_IGN]
    previous = {signum: signal.signal(signum, state.note) for signum in heard}
    try:
        yield state
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)

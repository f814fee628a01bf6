"""A process that prints nginx's log as it grows, read by a thread."""

import subprocess
import threading
from collections.abc import Callable

_LONGEST_LINE = 65_536  # characters; what is longer is read in pieces, none of which is a line
Follow = Callable[[int], subprocess.Popen[str]]  # with so many of the last lines first


class Follower:
    """Reads a process line by line until it ends or is stopped. read: called in the thread."""

    def __init__(self, process: subprocess.Popen[str], read: Callable[[str], None]) -> None:
        self._process = process
        self._read = read
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        output = self._process.stdout
        while output and (line := output.readline(_LONGEST_LINE)):
            self._read(line)

    @property
    def ended(self) -> bool:
        """Whether the process has ended by itself and all that it printed was read."""
        return not self._thread.is_alive()

    @property
    def process_ended(self) -> bool:
        """Whether the process has ended; some of what it printed may not be read yet."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """End the process and the thread."""
        self._process.terminate()
        self._process.wait()
        self._thread.join()
        if self._process.stdout:
            self._process.stdout.close()

"""A terminal that somebody sits at: type, look, resize."""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.stories.waiting import eventually


class Terminal:
    """A session of tmux, on a server of its own."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    def type(self, *keys: str) -> None:
        """Press keys, by tmux's names for them (`C-c`, `Enter`), or type text."""
        self._tmux("send-keys", *keys)

    def look(self, colours: bool = False) -> str:
        """What the screen shows. colours: with the escape sequences of its colours."""
        return self._tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def cursor_is_shown(self) -> bool:
        """Whether the terminal has its cursor."""
        return self._tmux("display-message", "-p", "#{cursor_flag}").strip() == "1"

    def asks(self, form: str) -> str:
        """What tmux knows of the terminal, by its formats."""
        return self._tmux("display-message", "-p", form).strip()

    def resize(self, columns: int, lines: int) -> None:
        """Make the window larger or smaller."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def shows(self, text: str, seconds: float = 60) -> str:
        """The screen, once it shows a text; AssertionError when it does not in time."""
        try:
            eventually(lambda: text in self.look(), seconds)
        except AssertionError as error:
            raise AssertionError(f"{text!r} is not on the screen:\n{self.look()}") from error
        return self.look()

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._socket, *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
        return done.stdout


@contextmanager
def terminal(
    command: Sequence[str],
    columns: int = 80,
    lines: int = 24,
    folder: Path | None = None,
    **environment: str,
) -> Iterator[Terminal]:
    """A terminal of this size with a shell in it that runs a command and then waits."""
    socket = f"fream-{secrets.token_hex(4)}"
    made = Terminal(socket)
    shell = ["env", "PS1=$ ", "bash", "--norc", "--noprofile"]
    size = ["-x", str(columns), "-y", str(lines)]
    known = {**os.environ, **environment}
    new = ["tmux", "-L", socket, "-f", "/dev/null", "new-session", "-d", *size, *shell]
    subprocess.run(new, check=True, cwd=folder, env=known, timeout=30)
    try:
        made.type(shlex.join(command), "Enter")
        yield made
    finally:
        subprocess.run(["tmux", "-L", socket, "kill-server"], check=False, timeout=30)

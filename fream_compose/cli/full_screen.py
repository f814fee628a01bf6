"""A terminal that is taken for a while, and given back as it was."""

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from fream_compose.cli.colour import console
from fream_compose.cli.form import Form, form_of, size_of

if TYPE_CHECKING:
    from types import FrameType

    from rich.live import Live

_SLICE_SECONDS = 0.1
_USUAL = (80, 24)  # where a terminal does not say
Draw = Callable[[Form], list[str]]


class Left(Exception):
    """Somebody pressed `q`."""


class Keyboard:
    """Keys come one by one and unseen while it is taken; there may be nobody with one."""

    def __init__(self) -> None:
        self._is_there = sys.stdin.isatty()
        self._descriptor = sys.stdin.fileno() if self._is_there else -1
        self._before = termios.tcgetattr(self._descriptor) if self._is_there else []

    def take(self) -> None:
        """From here on; Ctrl-C and Ctrl-Z stay signals."""
        if self._is_there:
            tty.setcbreak(self._descriptor, termios.TCSANOW)

    def give_back(self) -> None:
        """As it was, unless it hung up."""
        if self._is_there:
            with suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)

    def pressed(self, key: str) -> bool:
        """Whether a key was pressed since the last question."""
        if not (self._is_there and select.select([self._descriptor], [], [], 0)[0]):
            return False
        keys = os.read(self._descriptor, 1024)
        self._is_there = bool(keys)  # nothing comes any more from a terminal that hung up
        return key.encode() in keys.lower()


class FullScreen:
    """The alternate screen; what is drawn is drawn again where its size changes.

    pause: sleeps for seconds, and raises what a signal means.
    """

    def __init__(self, live: "Live", keyboard: Keyboard, pause: Callable[[float], None]) -> None:
        self._live = live
        self._keyboard = keyboard
        self._pause = pause
        self._draw: Draw = lambda _form: []
        self._size = (0, 0)

    def show(self, draw: Draw) -> None:
        """Show lines. draw: makes them for a terminal."""
        from rich.console import ConsoleDimensions, Group
        from rich.text import Text

        self._draw, self._size = draw, _size()
        self._live.console.size = ConsoleDimensions(*self._size)
        lines = draw(form_of(sys.stdout, self._size[0]))
        shown = (Text.from_ansi(line, no_wrap=True, overflow="crop") for line in lines)
        self._live.update(Group(*shown), refresh=True)

    def wait(self, seconds: float) -> None:
        """Wait for the next look. Raises Left, and what the pause raises."""
        slices = max(1, round(seconds / _SLICE_SECONDS))
        for _ in range(slices):
            self._pause(seconds / slices)
            if self._keyboard.pressed("q"):
                raise Left
            if _size() != self._size:
                self.show(self._draw)

    def step_aside(self, _signum: int, _frame: "FrameType | None") -> None:
        """Ctrl-Z: the shell gets its terminal, until `fg`."""
        self._live.stop()
        self._keyboard.give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._keyboard.take()
        self._live.start(refresh=True)


def _size() -> tuple[int, int]:
    columns, lines = size_of(sys.stdout)
    return columns or _USUAL[0], lines or _USUAL[1]


@contextmanager
def full_screen(pause: Callable[[float], None]) -> Iterator[FullScreen]:
    """Take the terminal for the length of the block; it is as it was after any end but kill -9."""
    from rich.live import Live

    live = Live(
        console=console(sys.stdout),
        screen=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    keyboard = Keyboard()
    screen = FullScreen(live, keyboard, pause)
    before = signal.signal(signal.SIGTSTP, screen.step_aside)
    try:
        keyboard.take()
        with live, suppress(Left):
            yield screen
    finally:
        keyboard.give_back()
        signal.signal(signal.SIGTSTP, before)

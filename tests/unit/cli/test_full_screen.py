"""A terminal that was taken is given back, whatever ends the watch."""

from __future__ import annotations

import io
import os
import pty
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from fream_compose.cli.form import Form
from fream_compose.cli.full_screen import FullScreen, full_screen
from fream_compose.errors import InterruptedRun

IN, OUT = "\x1b[?1049h", "\x1b[?1049l"  # of the alternate screen
CURSOR = "\x1b[?25h"


class Desk:
    """A terminal with a keyboard; what was written to it."""

    def __init__(self) -> None:
        self.hand, self.end = pty.openpty()
        os.set_blocking(self.hand, False)
        self.before = termios.tcgetattr(self.end)

    def resize(self, columns: int, lines: int) -> None:
        termios.tcsetwinsize(self.end, (lines, columns))

    def press(self, keys: str) -> None:
        os.write(self.hand, keys.encode())

    def seen(self) -> str:
        found = b""
        with suppress(BlockingIOError):
            while part := os.read(self.hand, 65_536):
                found += part
        return found.decode()

    @property
    def is_as_it_was(self) -> bool:
        return termios.tcgetattr(self.end) == self.before

    def hang_up(self) -> None:
        os.close(self.hand)
        self.hand = os.open(os.devnull, os.O_RDWR)

    def close(self) -> None:
        os.close(self.hand)
        os.close(self.end)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    # The size is the terminal's own, whatever somebody exported before.
    for name, value in {"TERM": "xterm", "COLUMNS": "200", "LINES": "5"}.items():
        monkeypatch.setenv(name, value)
    with closing(Desk()) as made:
        made.resize(80, 24)
        yield made


@contextmanager
def taken(desk: Desk, pause: Callable[[float], None] = time.sleep) -> Iterator[FullScreen]:
    """The screen at a desk. Not of a fixture: pytest takes the streams back before a test."""
    with (
        os.fdopen(os.dup(desk.end), "r") as keyboard,
        io.TextIOWrapper(io.FileIO(os.dup(desk.end), "w"), write_through=True) as screen,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("sys.stdin", keyboard)
        patch.setattr("sys.stdout", screen)
        with full_screen(pause) as found:
            yield found


def lines(form: Form) -> list[str]:
    return [f"{form.width} columns", *["more"] * 40]


def test_what_is_shown_is_on_the_other_screen_and_cut_to_its_height(desk: Desk) -> None:
    with taken(desk) as screen:
        assert not desk.is_as_it_was
        screen.show(lines)
        shown = desk.seen()

    assert IN in shown
    assert "80 columns" in shown
    assert shown.count("more") == 23
    assert OUT in (left := desk.seen())
    assert CURSOR in left
    assert desk.is_as_it_was


def test_q_leaves(desk: Desk) -> None:
    after = []
    with taken(desk) as screen:
        desk.press("xq")
        screen.wait(30)
        after.append("went on")

    assert after == []
    assert desk.is_as_it_was


@pytest.mark.parametrize("error", [InterruptedRun(15), ZeroDivisionError(), KeyboardInterrupt()])
def test_an_error_gives_the_terminal_back(desk: Desk, error: BaseException) -> None:
    def pause(_seconds: float) -> None:
        raise error

    with pytest.raises(type(error)), taken(desk, pause) as screen:
        screen.wait(1)

    assert OUT in desk.seen()
    assert desk.is_as_it_was


def test_a_watch_whose_keyboard_hangs_up_goes_on(desk: Desk) -> None:
    done: list[float] = []
    with taken(desk, done.append) as screen:
        desk.press("\x04")  # the end of what a terminal has to say
        screen.wait(0.3)

    assert len(done) == 3
    assert desk.is_as_it_was


def test_what_is_shown_follows_the_size_of_the_window(desk: Desk) -> None:
    with taken(desk) as screen:
        screen.show(lines)
        desk.seen()
        desk.resize(60, 10)
        screen.wait(0.1)
        shown = desk.seen()

    assert "60 columns" in shown
    assert shown.count("more") == 9


def test_a_terminal_that_does_not_say_how_large_it_is_gets_the_usual_size(desk: Desk) -> None:
    desk.resize(0, 0)
    with taken(desk) as screen:
        screen.show(lines)
        assert "80 columns" in desk.seen()


def test_a_terminal_that_hangs_up_ends_the_watch_as_its_signal_says(desk: Desk) -> None:
    def pause(_seconds: float) -> None:
        desk.hang_up()
        raise InterruptedRun(1)

    with pytest.raises(InterruptedRun), taken(desk, pause) as screen:
        screen.wait(1)

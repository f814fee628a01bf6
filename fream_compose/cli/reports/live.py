"""The last line of a terminal, drawn anew while something runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from textwrap import TextWrapper
from threading import RLock

from fream_compose.cli.form import columns_of
from fream_compose.cli.reports.stream import Tolerant
from fream_compose.cli.reports.ticker import every

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_FRAMES = "|/-\\"
_TICK_SECONDS = 0.1
_COLUMNS = 80  # where nobody knows
# The cursor rests at the line's first column: there a terminal that is made narrower leaves it,
# so that all that the line has become is erased. It is never hidden, so that no death leaves a
# terminal without one.
_ERASE = "\r\033[J"
# A line that was made for the width of a moment ago is cut, not wrapped.
_CUT, _WRAP = "\033[?7l", "\033[?7h"


def folded(line: str, columns: int, indent: int = 2) -> str:
    """A line with its words kept together; what goes on is set in, by so many columns more."""
    own = len(line) - len(line.lstrip())
    fold = TextWrapper(
        columns,
        subsequent_indent=" " * (own + indent),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return line if len(line) <= columns else fold.fill(line)


class LiveLine:
    """One line that says how it is; what is printed meanwhile goes above it.

    out: where it is drawn. It never wraps, whatever the terminal's width becomes.
    """

    def __init__(self, out: Tolerant) -> None:
        self.out = out
        self._lock = RLock()
        self._tells: list[Callable[[str, int], str]] = []
        self._ticks = 0
        self._frames = _FRAMES if out.fitted(_FRAMES) == _FRAMES else _PLAIN_FRAMES

    @contextmanager
    def showing(self, tell: Callable[[str, int], str]) -> Iterator[None]:
        """Show for the length of the block what tell makes of a spinner's frame and the columns."""
        with self._lock:
            self._tells.append(tell)
            self._draw()
        try:
            if len(self._tells) > 1:
                yield
            else:
                with every(_TICK_SECONDS, self._tick):
                    yield
        finally:
            with self._lock:
                self._tells.remove(tell)
                self.out.write(_ERASE)
                self._draw()

    def print(self, text: str) -> None:
        """Print lines, above the live one where there is one."""
        with self._lock:
            self.out.write((_ERASE if self._tells else "") + text + "\n")
            self._draw()

    def columns(self) -> int:
        """The width of the terminal, as it is now."""
        return columns_of(self.out) or _COLUMNS

    def _tick(self) -> None:
        with self._lock:
            self._ticks += 1
            self._draw()

    def _draw(self) -> None:
        if self._tells:
            frame = self._frames[self._ticks % len(self._frames)]
            line = self._tells[-1](frame, self.columns() - 1)
            self.out.write(f"\r{_CUT}{line}{_WRAP}\033[J\r")
        self.out.flush()

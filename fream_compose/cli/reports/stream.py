"""A stream whose reader may go away."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from fream_compose.text import encodable, plain

# Why something that was printed is not there, though its reader is.
lost: list[OSError] = []


class Tolerant(io.TextIOBase):
    """A stream whose reader may go away, as with a closed SSH session: the run goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # Python writes UTF-8 there all the same, unless it was told what to write.
        told = os.environ.get("PYTHONUTF8") or os.environ.get("PYTHONIOENCODING")
        self._is_of_c = in_c_locale() and not told and stream.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream behind."""
        return self._stream.encoding

    def write(self, text: str) -> int:
        """Write what can be written, with replacements for what cannot be shown."""
        with _tolerated():
            self._stream.write(self.fitted(text))
        return len(text)

    def fitted(self, text: str) -> str:
        """The text as it will be written: with replacements for what cannot be shown.

        What we draw is ASCII at a terminal whose locale is C: it may have no other glyphs. What
        others wrote stays as it is, for it is lost otherwise.
        """
        shown = plain(text) if self._is_of_c else text
        return encodable(shown, self.encoding or "utf-8")

    def flush(self) -> None:
        """Flush what can be flushed."""
        with _tolerated():
            self._stream.flush()

    def isatty(self) -> bool:
        """Whether a person watches."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The descriptor, from which rich takes the size of the terminal."""
        return self._stream.fileno()


@contextmanager
def _tolerated() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        pass
    except OSError as error:
        lost.append(error)


def in_c_locale() -> bool:
    """Whether this process was started where no letters but those of ASCII are known."""
    return bool(sys.flags.utf8_mode)

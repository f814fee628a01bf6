"""A terminal's screen, as far as fream draws on it."""

from __future__ import annotations

import io
import re

_SEQUENCE = re.compile(r"\x1b\[(?P<codes>[\d;?]*)(?P<final>[A-Za-z])|(?P<sign>.)", re.DOTALL)


class Screen(io.StringIO):
    """Takes what is written and knows what is seen. columns: where lines wrap."""

    encoding = "utf-8"

    def __init__(self, columns: int = 80) -> None:
        super().__init__()
        self.columns = columns
        self._rows: dict[int, dict[int, str]] = {}
        self._row = self._column = 0
        self._style = ""
        self._wraps = True
        self.seen: list[str] = []  # each state of the last row that had text, without repeats

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        for found in _SEQUENCE.finditer(text):
            if found["sign"]:
                self._put(found["sign"])
            elif found["final"] == "m":
                self._style = "" if found["codes"] in ("", "0") else f"<{found['codes']}>"
            elif found[0] in ("\x1b[?7l", "\x1b[?7h"):
                self._wraps = found["final"] == "h"
            elif found["final"] == "J":
                self._erase()
            else:
                raise AssertionError(f"the screen does not know {found[0]!r}")
        last = self.shown(colours=False).splitlines()[-1:]
        if last and last != self.seen[-1:]:
            self.seen += last
        return super().write(text)

    def shown(self, colours: bool = True) -> str:
        """What is seen; what is in colour between its codes, such as `<1;31>✗</>`."""
        rows = (self._line(row, colours) for row in range(max(self._rows, default=-1) + 1))
        return "".join(f"{row}\n" for row in rows).rstrip("\n") + "\n"

    def _put(self, sign: str) -> None:
        if sign == "\r":
            self._column = 0
        elif sign == "\n":
            self._row, self._column = self._row + 1, 0
        else:
            if self._column >= self.columns:
                after = (self._row + 1, 0)
                self._row, self._column = after if self._wraps else (self._row, self.columns - 1)
            self._rows.setdefault(self._row, {})[self._column] = self._style + sign
            self._column += 1

    def _erase(self) -> None:
        for row in [row for row in self._rows if row > self._row]:
            del self._rows[row]
        line = self._rows.get(self._row, {})
        for column in [column for column in line if column >= self._column]:
            del line[column]

    def _line(self, row: int, colours: bool) -> str:
        cells, told, style = self._rows.get(row, {}), "", ""
        for column in range(max(cells, default=-1) + 1):
            *styles, sign = re.split(r"(?<=>)", cells.get(column, " "), maxsplit=1)
            now = "".join(styles)
            if colours and now != style:
                told, style = told + ("</>" if style else "") + now, now
            told += sign
        return told.rstrip() + ("</>" if style else "")


class Clock:
    """A clock that goes when it is told to. now: in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

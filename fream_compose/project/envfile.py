"""The few variables of `.env` that fream keeps up to date; every other line stays as it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fream_compose.errors import ConfigurationError
from fream_compose.project import durable
from fream_compose.release import SetName

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")
_QUOTED = r"""(?:[ \t]*"(?:\\.|[^"\\])*"|[ \t]*'(?:\\.|[^'\\])*')?"""
_STATEMENT = re.compile(
    rf"^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*={_QUOTED}[^\n]*", re.M | re.S
)


def _without_note(value: str) -> str:
    """A value without the blanks and the remark behind it, which begins with a blank and #."""
    return re.sub(r"(\s+#.*|\s+)$", "", value)


def plain(value: str) -> str:
    """A value without the quotes around it and the remark behind it."""
    return _without_note(value).strip().strip("'\"")


@dataclass(frozen=True)
class EnvFile:
    """The `.env` beside the Compose files. What its values mean is for Compose to say."""

    path: Path

    def names(self) -> frozenset[str]:
        """The variables that the file sets. Raises ConfigurationError."""
        matches = (_ASSIGNMENT.match(line) for line in self._lines())
        return frozenset(match[1] for match in matches if match)

    def get(self, name: str) -> str:
        """The last value of a variable that fream wrote; empty when there is none."""
        found = ""
        for line in self._lines():
            if (match := _ASSIGNMENT.match(line)) and match[1] == name:
                found = plain(match[2])
        return found

    def statements(self) -> dict[str, str]:
        """The last assignment of each variable as it stands, all of it.

        A value in quotes may have several lines. Raises ConfigurationError.
        """
        return {match[1]: match[0] for match in _STATEMENT.finditer("\n".join(self._lines()))}

    def line(self, name: str) -> int:
        """The line, from 1, that gives a variable its value; 0 where none does."""
        matches = enumerate(map(_ASSIGNMENT.match, self._lines()), 1)
        return max((n for n, match in matches if match and match[1] == name), default=0)

    def misspelt(self) -> tuple[tuple[str, str], ...]:
        """Variables that `.env.example` does not know, each with a known one it looks like.

        Raises ConfigurationError.
        """
        try:
            text = self.path.with_name(".env.example").read_text("utf-8", "replace")
        except OSError:
            return ()
        known = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", text, re.M))
        if not (unknown := sorted(self.names() - known)):
            return ()
        from difflib import get_close_matches  # which a good file need not wait for

        near = ((name, get_close_matches(name, known, n=1, cutoff=0.85)) for name in unknown)
        return tuple((name, found[0]) for name, found in near if found)

    def update(self, values: Mapping[str, str]) -> None:
        """Set variables, each in its place or at the end. Writes only what differs.

        Raises ConfigurationError when the file cannot be read or written.
        """
        old = self._lines()
        new = [self._changed(line, values) for line in old]
        missing = values.keys() - self.names()
        new += [f"{name}={values[name]}" for name in values if name in missing]
        if new != old:
            durable.write(self.path, "\n".join(new) + "\n", mode=0o600)

    @staticmethod
    def _changed(line: str, values: Mapping[str, str]) -> str:
        match = _ASSIGNMENT.match(line)
        if not match or match[1] not in values:
            return line
        note = match[2].removeprefix(_without_note(match[2]))
        return f"{match[1]}={values[match[1]]}{note}"

    def text(self) -> str:
        """All of it; foreign bytes as `durable` writes them back. Raises ConfigurationError."""
        try:
            # As bytes, so that the line ends of other systems come back.
            return self.path.read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"{self.path} does not exist",
                next_step=f"cp {self.path}.example {self.path}, then set the passwords in it",
            ) from error
        except OSError as error:
            raise durable.refused(self.path, error, "cannot be read") from error

    def _lines(self) -> list[str]:
        # Not splitlines(): only a newline ends a line of .env.
        text = self.text()
        return text.removesuffix("\n").split("\n") if text else []


def version_variable(name: SetName) -> str:
    """The variable of `.env` and of the Compose files that holds a set's version."""
    return f"{name.upper()}_VERSION"

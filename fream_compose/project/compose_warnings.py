"""What Compose warns of as it reads a project: each once, and where it is in the files."""

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fream_compose.errors import ConfigurationError
from fream_compose.project.envfile import EnvFile
from fream_compose.secrecy import hidden
from fream_compose.text import one_line

_WARNING = re.compile(r'level=warning msg="((?:[^"\\]|\\.)*)"')
_UNSET = re.compile(r'The "([^"]+)" variable is not set\.')
_VALUES = (".env", "app.env")


@dataclass(frozen=True)
class ComposeWarning:
    """What Compose warned of, and what to do about it."""

    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.text}: {self.remedy}"


def warnings_of(printed: str, directory: Path) -> tuple[ComposeWarning, ...]:
    """The warnings among what Compose printed beside a project's configuration.

    Of a variable that is not set only its place is told: where a value holds a $, its name is
    the end of that value, which may be a password.
    """
    found: dict[ComposeWarning, None] = {}
    for message in dict.fromkeys(_WARNING.findall(printed)):
        words = re.sub(r"\\(.)", r"\1", message)
        unset = _UNSET.match(words)
        told = _unset(unset[1], directory) if unset else [_plain(words)]
        found |= dict.fromkeys(told)
    return tuple(found)


def without_warnings(printed: str) -> str:
    """Why Compose failed, without what it only warned of."""
    return "\n".join(line for line in printed.splitlines() if not _WARNING.search(line))


def _plain(words: str) -> ComposeWarning:
    remedy = "`docker compose config --quiet` in the folder of the Compose files says it, too"
    return ComposeWarning(f"Compose warns: {one_line(hidden(words))}", remedy)


def _unset(name: str, directory: Path) -> list[ComposeWarning]:
    use = re.compile(rf"\$\{{?{re.escape(name)}(?!\w)")
    if found := [*_values(use, directory)]:
        return found
    files = (*sorted(directory.glob("*.yaml")), *sorted(directory.glob("*.yml")))
    if named := [path.name for path in files if use.search(_text(path))]:
        text = f"{' and '.join(named)}: {name} is not set, and Compose takes it for empty"
        return [ComposeWarning(text, f"set it in .env, or write ${{{name}:-}} if it may be empty")]
    text = "A value in another env_file has a $, which Compose cuts out with the word behind it"
    return [ComposeWarning(text, "put the value in single quotes")]


def _values(use: re.Pattern[str], directory: Path) -> list[ComposeWarning]:
    """Where a variable is used in a value; in single quotes it is none."""
    found = []
    for file in _VALUES:
        statements: dict[str, str] = {}
        with suppress(ConfigurationError):
            statements = EnvFile(directory / file).statements()
        for variable, whole in statements.items():
            value = whole.partition("=")[2]
            if use.search(value) and not value.lstrip().startswith("'"):
                text = f"{file}: {variable} has a $, which Compose cuts out with the word behind it"
                found.append(ComposeWarning(text, f"put it in single quotes: {variable}='…'"))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""

"""GitHub's runner, as far as it reads what a step prints: which lines are commands, and what of."""

from __future__ import annotations

from dataclasses import dataclass, field

COMMANDS = {"group", "endgroup", "error", "warning", "notice", "debug", "add-mask", "stop-commands"}
COMMANDS |= {"set-output", "save-state", "set-env", "add-path", "add-matcher", "echo"}


@dataclass(frozen=True)
class Command:
    """A command to the runner."""

    name: str
    data: str
    properties: dict[str, str] = field(default_factory=dict)


def commands(printed: str) -> list[Command]:
    """The commands that the runner finds in what was printed."""
    return [found for line in printed.splitlines() if (found := _now(line) or _before(line))]


def _now(line: str) -> Command | None:
    """`::name key=value,key=value::data`, at the begin of a line."""
    text = line.lstrip()
    head, separator, data = text[2:].partition("::")
    name, _, properties = head.partition(" ")
    if text[:2] != "::" or not separator or name.lower() not in COMMANDS:
        return None
    pairs = (pair.partition("=") for pair in properties.strip().split(",") if pair)
    known = {key: _unescaped(value, (":", "3A"), (",", "2C")) for key, _, value in pairs}
    return Command(name, _unescaped(data), known)


def _before(line: str) -> Command | None:
    """The older form `##[name]data`, wherever it is in a line."""
    _, found, rest = line.partition("##[")
    head, separator, data = rest.partition("]")
    name = head.partition(" ")[0]
    return Command(name, data) if found and separator and name.lower() in COMMANDS else None


def _unescaped(text: str, *more: tuple[str, str]) -> str:
    for sign, code in (("\r", "0D"), ("\n", "0A"), *more, ("%", "25")):
        text = text.replace(f"%{code}", sign)
    return text

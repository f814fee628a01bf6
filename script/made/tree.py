"""The commands as Typer knows them, in plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from fream_compose.cli.app import app


@dataclass(frozen=True)
class Option:
    """names: the long one first. value: what it takes, as the help names it; empty for a flag."""

    names: tuple[str, ...]
    value: str
    choices: tuple[str, ...]
    help: str


@dataclass(frozen=True)
class Argument:
    """value: as the help names it, without its brackets."""

    value: str
    choices: tuple[str, ...]
    many: bool
    required: bool
    help: str


@dataclass(frozen=True)
class Command:
    """A command. usage: what follows `Usage: `. help: paragraphs, the first of one sentence."""

    words: str
    usage: str
    help: str
    options: tuple[Option, ...]
    arguments: tuple[Argument, ...]
    commands: dict[str, Command]


def tree() -> Command:
    """All of them, below `fream`."""
    return _command(typer.main.get_command(app()), "fream", None)


def _command(found: Any, words: str, above: Any) -> Command:
    context = found.context_class(found, info_name=words.rpartition(" ")[2], parent=above)
    shown = [each for each in found.params if not getattr(each, "hidden", False)]
    return Command(
        words=words,
        usage=" ".join(found.get_usage(context).removeprefix("Usage: ").split()),
        help=(found.help or "").strip(),
        options=tuple(_option(o, context) for o in shown if o.param_type_name == "option"),
        arguments=tuple(_argument(a) for a in shown if a.param_type_name == "argument"),
        commands={
            name: _command(inner, f"{words} {name}", context)
            for name, inner in getattr(found, "commands", {}).items()
            if not inner.hidden
        },
    )


def _option(found: Any, context: Any) -> Option:
    names = (*found.opts, *found.secondary_opts)
    names = tuple(sorted(names, key=lambda name: not name.startswith("--")))
    value = "" if found.is_flag else _value(found)
    told = found.get_help_record(context)[1]
    return Option(names, value, _choices(found), " ".join(told.split()))


def _argument(found: Any) -> Argument:
    many, required = found.nargs == -1, bool(found.required)
    return Argument(_value(found), _choices(found), many, required, found.help or "")


def _value(found: Any) -> str:
    path = found.type_descriptor.annotation is Path
    return str(found.metavar or ("DIR" if path else found.name)).upper().strip("[].")


def _choices(found: Any) -> tuple[str, ...]:
    kind = found.type_descriptor.annotation
    is_enum = isinstance(kind, type) and issubclass(kind, Enum)
    return tuple(str(each.value) for each in kind) if is_enum else ()

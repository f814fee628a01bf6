"""The man page, fream(1)."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from fream_compose import __version__
from fream_compose.cli.app import EPILOG
from script.made.tree import Command, Option

_DATE = "2026-11-27"  # of the last change that its readers should know of
_WIDTH = 78
_SHARED = {"--output", "--project-directory", "--quiet", "--verbose"}
ENVIRONMENT = {
    "FREAM_PROJECT_DIR": "The folder of the project, where -C does not name one.",
    "NO_COLOR": "No colours, whatever its value.",
    "DOCKER_HOST, DOCKER_CONTEXT": "Which engine; one on another server is refused.",
}
FILES = {
    "compose/compose.yaml": "The project; its x-fream block holds the settings of a release.",
    "compose/.env": "Passwords, ports, and what is live, which fream keeps up to date.",
    "compose/.fream/": "The lock, the history and the notes of the project.",
    "nginx/": "nginx's configuration; nginx/live names the release that users are sent to.",
}
EXAMPLES = {
    "Set up a project for an app of your own": "fream init shop --image registry.example.com/shop",
    "Start MySQL and nginx, then release a version": "fream up infra\nfream switch 1.0.1",
    "See what users get, again and again": "fream status --watch",
    "Go back to the release before": "fream rollback",
    "Complete commands, versions and ids in bash": 'eval "$(fream completion bash)"',
}


def text(root: Command) -> str:
    """The page, for man and mandoc."""
    return "\n".join(_filled(line) for line in _lines(root)) + "\n"


def _filled(line: str) -> str:
    """A line of text as lines that fit an editor; troff fills them again."""
    is_text = not line.startswith((".", " ")) and "  " not in line
    width = _WIDTH if is_text else len(line) + 1
    return "\n".join(textwrap.wrap(line, width, break_on_hyphens=False, break_long_words=False))


def _lines(root: Command) -> Iterator[str]:
    what, _, rest = root.help.partition("\n\n")
    yield f'.TH FREAM 1 {_DATE} "fream {__version__}" "User Commands"'
    yield ".SH NAME"
    yield f"fream \\- {_plain(what[:1].lower() + what[1:].rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield ".B fream"
    yield "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGS\\fR]"
    yield ".SH DESCRIPTION"
    yield from _paragraphs(rest)
    yield ".SH COMMANDS"
    for command in _all(root):
        yield from _command(command)
    yield ".SH OPTIONS"
    yield "These work with every command, before or after its name."
    options = {each.names: each for command in _all(root) for each in command.options}
    for option in [*options.values()]:
        if option.names[0] in _SHARED - {"--output"}:
            yield from _option(option)
    yield from _option(next(o for o in options.values() if o.choices == ("text", "json")))
    yield from _terms("ENVIRONMENT", ENVIRONMENT)
    yield from _terms("FILES", FILES)
    codes, _, after = EPILOG.removeprefix("Exit codes: ").partition(". ")
    rows = re.findall(r"((?:\d+(?:, )?)+) ([^;]+)", codes)
    yield from _terms(
        "EXIT STATUS", {code: f"{means[:1].upper()}{means[1:]}." for code, means in rows}
    )
    yield ".PP"
    yield _plain(after)
    yield ".SH EXAMPLES"
    for number, (what, typed) in enumerate(EXAMPLES.items()):
        yield from [".PP"] * bool(number)
        yield f"{_plain(what)}:"
        yield from _literal(typed.split("\n"))
    yield ".SH SEE ALSO"
    yield ".BR docker (1)"


def _all(root: Command) -> Iterator[Command]:
    for command in root.commands.values():
        yield command
        yield from _all(command)


def _command(command: Command) -> Iterator[str]:
    yield f".SS {_plain(command.words)}"
    yield f".B {_plain(command.words)}"
    yield _plain(command.usage.removeprefix(command.words).strip())
    yield ".PP"
    yield from _paragraphs(command.help)
    for argument in command.arguments:
        yield from _term(
            f"\\fI{_plain(argument.value)}\\fR", _with(argument.help, argument.choices)
        )
    for option in command.options:
        if option.names[0] not in _SHARED or (
            option.names[0] == "--output" and len(option.choices) > 2
        ):
            yield from _option(option)


def _option(option: Option) -> Iterator[str]:
    names = ", ".join(f"\\fB{_plain(name)}\\fR" for name in option.names)
    yield from _term(
        f"{names} \\fI{_plain(option.value)}\\fR" if option.value else names,
        _with(option.help, option.choices),
    )


def _with(help: str, choices: tuple[str, ...]) -> str:
    return f"{help} One of {', '.join(choices)}." if choices else help


def _terms(heading: str, terms: dict[str, str]) -> Iterator[str]:
    yield f".SH {heading}"
    for term, means in terms.items():
        yield from _term(f"\\fB{_plain(term)}\\fR", means)


def _term(term: str, means: str) -> Iterator[str]:
    yield from (".TP", term, _plain(means))


def _paragraphs(text: str) -> Iterator[str]:
    """Text as it is written for the terminal: blank lines between, \\b before what is typed."""
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        lines = paragraph.split("\n")
        if lines[0].strip() == "\b":
            yield from _literal([line.strip() for line in lines[1:]])
            continue
        yield from [".PP"] * bool(number)
        yield _plain(" ".join(paragraph.split()))


def _literal(lines: list[str]) -> Iterator[str]:
    yield from (".PP", ".in +4n", ".nf", *map(_plain, lines), ".fi", ".in")


def _plain(text: str) -> str:
    """Text that means nothing to troff."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return re.sub(r"^([.'])", r"\\&\1", text)

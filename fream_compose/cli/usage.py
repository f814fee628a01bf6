"""A command line that is not understood: told as every other error is, to people and programs."""

import json
import re
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from fream_compose.cli.ending import say, say_failed
from fream_compose.cli.machine import asked_for_json, broke
from fream_compose.cli.reports.jsonl import JsonlReport
from fream_compose.errors import UsageError

_NAME = "fream"  # also where it runs as a module, such as by `docker fream`
# What Typer says, and an operator would not.
_WORDS = (
    (r"^No such (option|command):? '?([^'.]+)'?\.?", r"There is no \1 \2."),
    (r"^Missing (?:argument|option|parameter):? '?([^'.]+)'?\.?", r"\1 is missing."),
    (r"^Option '([^']+)' requires an argument", r"\1 needs a value"),
    (r"^Got unexpected extra arguments?(?:\(s\))? \((.+)\)", r"There is no place for \1"),
    (r"^Invalid value for '?([^':/]+?)'?(?: / '[^']+')*: ", r"\1: "),
    (r"Input should be a valid (?:integer|number), unable to .*", "it must be a number"),
    (r"Input should be greater than or equal to (\S+)", r"it must be \1 or more"),
    (r"Input should be less than or equal to (\S+)", r"it must be \1 or less"),
    (r"Input should be ", "it must be "),
    (r"Value error, (.+) is not one of", r"\1 is none of"),
    (r"Value error, ", ""),
    (r" \(Possible options?: (.+)\)", r". Did you mean \1?"),
    (r"'([\w.-]+)'", r"\1"),
)
# Typer names this class of its parser nowhere; all that is wrong with a command line is one.
_Misunderstood: type[Any] = typer.BadParameter.__bases__[0]


class Commands(TyperGroup):
    """The commands, and what is said where they do not understand."""

    def main(self, *words: Any, **settings: Any) -> Any:
        """Run one, and end the process with its exit code."""
        try:
            code = super().main(
                *words, **{"prog_name": _NAME, **settings, "standalone_mode": False}
            )
        except _Misunderstood as misunderstood:
            typed = settings.get("args")
            _tell(misunderstood, [*(sys.argv[1:] if typed is None else typed)])
            sys.exit(UsageError.exit_code)
        except typer.Abort:
            say("Aborted", sys.stderr)
            sys.exit(1)
        sys.exit(code or 0)


def _tell(misunderstood: Any, typed: list[str]) -> None:
    text = str(misunderstood.format_message())
    if text.startswith("Usage:"):  # nothing was asked for
        say(text, sys.stderr)
        return
    named = [word for word in typed[:1] if not word.startswith("-")]
    path = misunderstood.ctx.command_path if misunderstood.ctx else " ".join([_NAME, *named])
    error, machine = wrong(text, path), asked_for_json(typed)
    envelope = broke(" ".join(path.split()[1:]), error)
    if machine == "jsonl":
        JsonlReport().result(envelope)
    elif machine:
        say(json.dumps(envelope))
    say_failed(error, timestamps=False, machine=bool(machine))


def wrong(text: str, command: str) -> UsageError:
    """What Typer says of a wrong command line. command: whose it is."""
    what, _, hint = text.partition("\n")
    for said, ours in _WORDS:
        what = re.sub(said, ours, what)
    return UsageError(what.rstrip("."), hint.strip(), next_step=f"{command} --help")

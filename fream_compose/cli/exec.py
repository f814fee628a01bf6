"""fream exec: a command in the app's container."""

import re
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.project import looked_at
from fream_compose.cli.session import session
from fream_compose.cli.shortcut import at_terminal
from fream_compose.docker.reads import become_command
from fream_compose.release import PLACES

commands = typer.Typer()


class _OptionsUntilTheCommand(TyperCommand):
    """A command whose options end at its second word: what follows is another command's."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as if `--` had been written before the second word."""
        valued = {
            name
            for option in self.params
            if not getattr(option, "is_flag", False)
            for name in option.opts
        }
        return super().parse_args(ctx, apart(args, valued))


def apart(words: list[str], valued: set[str]) -> list[str]:
    """The words of a command line, with `--` before the second that is no option.

    valued: the options that take a value, such as -C.
    """
    letters = "".join(name[1] for name in valued if re.fullmatch("-[a-zA-Z]", name))
    bundle = re.compile(f"-[^-{letters}]*[{letters}]")  # flags in one word, such as -qC
    seen, is_value = 0, False
    for place, word in enumerate(words):
        if word == "--":
            break
        if is_value or word.startswith("-"):
            is_value = not is_value and (word in valued or bool(bundle.fullmatch(word)))
            continue
        seen += 1
        if seen == 2:
            return [*words[:place], "--", *words[place:]]
    return words


@commands.command(name="exec", cls=_OptionsUntilTheCommand)
def execute(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="SET", help="live, idle, set1 or set2.")],
    command: Annotated[list[str], typer.Argument(help="What to run there, with its own options.")],
    output: OutputOption = Output.TEXT,
) -> None:
    """Run a command in the app's container.

    Such as: fream exec live -- sh

    Options of fream end where the command begins, or at --.

    It is interactive at a terminal. The exit code is the command's.
    """
    from fream_compose.operations import targets

    with session("exec", output) as run:
        with looked_at(context.obj, run.warn_of_unreadable) as (project, proxy):
            run.reject_foreign(project)
            found = targets.container(project, proxy, name, PLACES)
            targets.reject_stopped(found)
        become_command(found.name, command, at_terminal())

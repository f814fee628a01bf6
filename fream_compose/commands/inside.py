"""fream logs, fream exec: what goes on in a container. Docker's own output, passed on as it is."""

import re
import sys
from datetime import datetime
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from fream_compose.commands.edge import Output, OutputOption, edge, opened
from fream_compose.errors import UsageError

_LINES = 100  # unless more is asked for; a log may hold many megabytes
_GO_DURATION = re.compile(r"(\d+(\.\d+)?(ms|s|m|h))+")

commands = typer.Typer()


@commands.command()
def logs(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help="live, idle, set1, set2, nginx, mysql or another service.")
    ] = "live",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print what comes, too.")] = False,
    since: Annotated[
        str, typer.Option("--since", help="From then on: 10m, or 2026-11-23T16:00:00.")
    ] = "",
    tail: Annotated[
        int | None,
        typer.Option("--tail", "-n", min=0, help=f"Last lines. [{_LINES}; with --since: all]"),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print the log of the live set, or of another container."""
    from fream_compose import places

    with edge("logs", output) as run, opened(context.obj) as (project, proxy):
        run.warn_of_foreign(project)
        _reject_no_moment(since)
        found = places.container(project, proxy, name, places.services(project))
        lines = _LINES if tail is None and not since else tail
        project.print_logs(found.name, lines, since, follow)


def _reject_no_moment(since: str) -> None:
    if not since or since.isdecimal() or _GO_DURATION.fullmatch(since):
        return
    try:
        datetime.fromisoformat(since)
    except ValueError as error:
        raise UsageError(
            f"--since {since} is not a moment", "Write 10m, 1h30m or 2026-11-23T16:00:00"
        ) from error


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
    from fream_compose import places

    with edge("exec", output) as run, opened(context.obj) as (project, proxy):
        run.reject_foreign(project)
        found = places.container(project, proxy, name, places.sets())
        places.reject_stopped(found)
        interactive = sys.stdin.isatty() and sys.stdout.isatty()
        project.enter(found.name, command, interactive)

"""`fream logs` and `fream exec` where nothing is unusual: by the labels of containers alone.

Reading a project takes longer than what Docker then does. Whatever is unusual, wrong or asked
for with other options is left to the commands themselves: then nothing has happened here.
"""

import re
import sys
from contextlib import suppress

from fream_compose.cli.project import find
from fream_compose.docker.engine import elsewhere
from fream_compose.docker.facts import Placed
from fream_compose.docker.listing import placed_in, published
from fream_compose.docker.reads import become_command, become_log
from fream_compose.errors import FreamError
from fream_compose.project.envfile import EnvFile
from fream_compose.project.layout import CONTROL
from fream_compose.project.place import settled
from fream_compose.release import PLACES

LINES = 100  # of a log, unless more is asked for; it may hold many megabytes
SINCE = re.compile(r"\d+|(\d+(\.\d+)?(ms|s|m|h))+")  # a moment in seconds, or a duration
_KNOWN = (*PLACES, "nginx", "mysql")  # in every project


def attempt(words: list[str]) -> None:
    """Become Docker, if a command line asks for no more than that; else return.

    words: those behind `fream`.
    """
    command, *rest = words
    with suppress(FreamError):
        if command == "logs":
            _logs(rest)
        elif command == "exec":
            _exec(rest)


def lines_of(tail: int | None, since: str) -> int | None:
    """How many of a log's last lines to print; None for all."""
    return LINES if tail is None and not since else tail


def at_terminal() -> bool:
    """Whether somebody types and reads."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _logs(words: list[str]) -> None:
    follow, since, tail, names = False, "", "", []
    rest = iter(words)
    for word in rest:
        if word in ("-f", "--follow"):
            follow = True
        elif word == "--since":
            since = next(rest, "-")
        elif word in ("-n", "--tail"):
            tail = next(rest, "-")
        else:
            names.append(word)
    valid = SINCE.fullmatch(since or "1s") and re.fullmatch(r"\d{1,9}", tail or "1")
    if not valid or len(names) > 1 or not set(names) <= set(_KNOWN):
        return
    if found := _container((names or ["live"])[0]):
        become_log(found.name, lines_of(int(tail) if tail else None, since), since, follow)


def _exec(words: list[str]) -> None:
    name, command = (words or [""])[0], words[1:]
    if command[:1] == ["--"]:
        command = command[1:]
    elif command and command[0].startswith("-"):
        return
    if name not in PLACES or not command:
        return
    found = _container(name)
    if found and found.state == "running":
        become_command(found.name, command, at_terminal())


def _container(name: str) -> Placed | None:
    """The container that a name stands for, if all of the folder's are one project's."""
    if elsewhere():
        return None
    folder = settled(find(None))
    placed = placed_in(folder)
    projects = {each.project for each in placed}
    named = EnvFile(folder / ".env").get("COMPOSE_PROJECT_NAME")
    ours = all(file.rpartition("/")[0] == str(folder) for each in placed for file in each.files)
    if len(projects) != 1 or (named and {named} != projects) or not ours:
        return None
    by_service = {each.service: each for each in placed}
    nginx = by_service.get("nginx")
    if name in ("live", "idle"):
        name = _live(nginx, name) if nginx else ""
    return by_service.get(name)


def _live(nginx: Placed, name: str) -> str:
    """The live set, or the idle one, as nginx itself says; empty when nothing is."""
    from fream_compose.nginx.control import ask

    live = ask(f"http://127.0.0.1:{published(nginx.name, CONTROL)}").live
    if live is None:
        return ""
    return str(live.set if name == "live" else live.set.other)

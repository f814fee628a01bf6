"""Questions to whoever types, before something is destroyed."""

import sys
from collections.abc import Callable
from typing import TypeVar

import typer

from fream_compose.errors import UsageError

T = TypeVar("T")


def at_terminal() -> bool:
    """Whether somebody is there to ask."""
    return sys.stdin.isatty()


def confirm(question: str) -> None:
    """Ask before something is destroyed. Raises UsageError for no, and where nobody can answer."""
    if not at_terminal():
        raise UsageError("Nobody is here to ask", question, next_step="Say --yes if you mean it")
    if not _answered(lambda: typer.confirm(question, err=True)):
        raise UsageError("Nothing was removed", "The question was answered with no")


def confirm_name(question: str, name: str, next_step: str) -> None:
    """Have a name typed before something is destroyed. Raises UsageError as confirm() does."""
    if not at_terminal():
        raise UsageError("Nobody is here to ask", question, next_step=next_step)
    if _answered(lambda: str(typer.prompt(question, err=True))).strip() != name:
        raise UsageError("Nothing was removed", f"That is not {name}")


def _answered(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except typer.Abort as error:
        raise UsageError("Nothing was removed", "The question was not answered") from error

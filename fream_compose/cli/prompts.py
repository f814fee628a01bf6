"""Questions to whoever types, before something is destroyed."""

import sys

import typer

from fream_compose.errors import UsageError


def at_terminal() -> bool:
    """Whether somebody is there to ask."""
    return sys.stdin.isatty()


def confirm(question: str) -> None:
    """Ask before something is destroyed. Raises UsageError for no, and where nobody can answer."""
    if not at_terminal():
        raise UsageError("Nobody is here to ask", question, next_step="Say --yes if you mean it")
    if not typer.confirm(question, err=True):
        raise UsageError("Nothing was removed", "The question was answered with no")


def confirm_name(question: str, name: str, next_step: str) -> None:
    """Have a name typed before something is destroyed. Raises UsageError as confirm() does."""
    if not at_terminal():
        raise UsageError("Nobody is here to ask", question, next_step=next_step)
    if typer.prompt(question, err=True).strip() != name:
        raise UsageError("Nothing was removed", f"That is not {name}")

"""What a set printed that is taken back: kept before its containers go, and their logs with them.

It is a copy that outlives them, and may be handed on: what `.env` keeps secret is hidden in it.
"""

import time
from dataclasses import replace

from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.operations.context import Context
from fream_compose.operations.journal import Journal
from fream_compose.project.entry import Result
from fream_compose.project.kept_logs import LONGEST
from fream_compose.release import SetName
from fream_compose.secrecy import hidden

_SECONDS = 30.0  # for all of a set


def keep_log(context: Context, journal: Journal, name: SetName) -> None:
    """Keep what a set of this run printed. No undo fails for it: what is lost is warned of."""
    if log := _kept(context, journal.entry.id, name):
        journal.know(log=log)


def keep_log_of_killed(context: Context, name: SetName) -> None:
    """Keep what a run printed that was killed before its cut-over, whose set is to be removed."""
    try:
        last = next(reversed(context.history.entries()), None)
        cut_short = last and last.result is Result.INTERRUPTED and not last.released
        if last and cut_short and last.set == name and not last.log:
            log = _kept(context, last.id, name)
            context.history.add(replace(last, log=log))
    except ConfigurationError as error:
        context.report.warn(f"the history does not name the log of {name}: {error}")


def _kept(context: Context, run: str, name: SetName) -> str:
    """The name of the file; empty where there is none."""
    try:
        text = _of_all(context, name)
        return context.settings.state.logs.keep(run, text) if text else ""
    except (EngineError, ConfigurationError) as error:
        context.report.warn(f"the log of {name} is not kept: {error} ({error.why})")
        return ""


def _of_all(context: Context, name: SetName) -> str:
    """What the containers of a set printed, one after the other.

    Raises EngineError, and ConfigurationError where nobody knows the secrets to hide.
    """
    context.project.compose.secrets()
    containers, until = context.project.containers, time.monotonic() + _SECONDS
    members = sorted(containers.members(name), key=lambda member: member.name)
    parts = []
    for member in members:
        limit = LONGEST // len(members)
        told = containers.end_of_log(member.name, limit, until - time.monotonic())
        head = f"==> {member.name} <==\n" if len(members) > 1 else ""
        parts.append(head + hidden(told.decode(errors="replace")))
    return "\n".join(parts)

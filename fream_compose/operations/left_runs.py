"""The rows of runs that were cut short: whoever holds the project next says what became of them."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from fream_compose.errors import ConfigurationError, ProxyError
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations.context import Context
from fream_compose.project.entry import Entry, Result
from fream_compose.project.progress import Progress
from fream_compose.release import LiveRelease


def close(context: Context) -> None:
    """Close the rows that still say `running`: nobody else can run, as this run has the lock.

    A release that failed while nobody knew whether it serves is on record as one, when it does.
    No run fails for them. To be called before this run notes how far it is.
    """
    try:
        left, unserved = context.history.running(), _unserved(context.history.entries())
        if not (left or unserved):
            return
        last, live = context.notes.progress(), _serving(context.proxy)
        for entry in unserved:
            if _is_one_of(entry, live) and not entry.released:
                context.history.add(replace(entry, released=True))
        for entry in left:
            closed = interrupted(entry, last, live)
            context.history.add(closed)
            context.report.note(f"{closed.short_id}, a {closed.kind} by {closed.by}: {closed.why}")
    except ConfigurationError as error:
        context.report.warn(f"what a killed run left is not on record: {error} ({error.why})")


def _unserved(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Releases since the last that is known to have served. Pure."""
    return tuple(takewhile(lambda entry: not entry.served, reversed(entries)))


def _is_one_of(entry: Entry, serving: tuple[LiveRelease | None, ...] | None) -> bool:
    return any(live and live.switch == entry.id for live in serving or ())


def interrupted(
    entry: Entry, last: Progress | None, serving: tuple[LiveRelease | None, ...] | None
) -> Entry:
    """A row as it is closed. Pure.

    last: how far the last run was. serving: what nginx says, and what it is to read; None where
    that is not known.
    """
    mine = last is not None and last.exit_code is None and last.command == entry.command
    step = last.step if last and mine else ""
    at = f" at {step!r}" if step else ""
    why = f"It ended without a word{at}: its process was killed, or the server or its disk failed"
    released = entry.released
    if entry.of_release:
        if _is_one_of(entry, serving):
            released, became = True, f"{entry.tag} serves"
        elif serving is None:
            became = "whether it serves is not known"
        else:
            became = f"{entry.tag} does not serve" if entry.tag else "nothing was released"
            released = False
        why += f"; {became}"
    return replace(entry, result=Result.INTERRUPTED, released=released, failed_step=step, why=why)


def _serving(proxy: Proxy) -> tuple[LiveRelease | None, ...] | None:
    included = proxy.included()
    try:
        return proxy.state().live, included
    except ProxyError:
        return (included,) if included else None

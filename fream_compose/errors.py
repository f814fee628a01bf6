"""What can go wrong, each kind with its exit code.

FreamError                     1  unless a kind below says better
├── UnexpectedError            1  a bug of fream's own
├── UsageError                 2  the command line is wrong
├── ConfigurationError         3  .env, x-fream, or what is installed
├── LockedError                4  another run is at work
├── EngineError                5  Docker or the image failed; undone
│   └── CertificateError       5  no certificate was got; the one before stays
├── UnhealthyError             6  the new release was not healthy, or not any more; undone
│   └── HookError              6  a hook before the cut-over failed; undone
├── ProxyError                 7  nginx refused; undone
│   └── ProxySilentError       7  nginx gives no answer at all
├── RejectedError              8  the new release was healthy but not wanted; undone
│   └── GuardError             8  it failed after the cut-over; the old release serves again
├── WorseError                11  released, but users fare worse on it
├── UncertainError             9  an undo failed, or no release is good: it says what to type
├── NothingToRollBackError    10  there is no earlier release
│   └── NoWayBackError        10  a release says that there is no way back behind it
└── InterruptedRun   128 + signal  Ctrl-C, SIGTERM or SIGHUP; undone

Every code but 9 and 11 promises that the app serves as it did before, or better.
"""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from fream_compose.secrecy import hidden


class FreamError(Exception):
    """A failure that an operator can act on.

    what: what failed, one sentence without a full stop.
    why: the reason, as near to the source as can be had.
    logs: the last log lines of the container that failed, oldest first.
    next_step: what to type or change now.
    serving: what serves now; filled in where the failure is reported.
    result: what was found out all the same, as plain values.
    """

    exit_code = 1

    def __init__(
        self, what: str, why: str = "", *, logs: Iterable[str] = (), next_step: str = ""
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = hidden(why)
        self.logs = tuple(map(hidden, logs))
        self.next_step = next_step
        self.serving = ""
        self.result: dict[str, Any] = {}


def reason(error: BaseException) -> str:
    """What an error says; one of the operating system without its number and quotes."""
    return getattr(error, "strerror", None) or str(error)


class UnexpectedError(FreamError):
    """A fault of fream's own; undone where it came before a cut-over."""


def unexpected(error: Exception) -> FreamError:
    """An error as an operator is told of it: itself, or the file with its traceback.

    That file is in the folder for temporary ones, and its owner's alone.
    """
    if isinstance(error, FreamError):
        return error
    # Imported for the rare case alone: every command imports this module.
    import tempfile
    import traceback

    what = hidden(f"fream itself failed: {type(error).__name__}: {error}")
    why, next_step = "", "fream status; then report it"
    with suppress(OSError):
        descriptor, path = tempfile.mkstemp(prefix="fream-traceback-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(hidden("".join(traceback.format_exception(error))))
        why, next_step = f"The traceback is in {path}", f"{next_step} with {path}"
    return UnexpectedError(what, why, next_step=next_step)


class UsageError(FreamError):
    """The command line asks for something that does not exist."""

    exit_code = 2


class ConfigurationError(FreamError):
    """The project's files, or what is installed on this server, do not fit."""

    exit_code = 3


class LockedError(FreamError):
    """Another run holds the project."""

    exit_code = 4


class EngineError(FreamError):
    """Docker, Compose or an image failed."""

    exit_code = 5


class CertificateError(EngineError):
    """A certificate could not be got, or not be put in place; what was shown before is."""


class UnhealthyError(FreamError):
    """The new release never became healthy."""

    exit_code = 6


class HookError(UnhealthyError):
    """A command of the user's failed or took too long."""


class ProxyError(FreamError):
    """nginx does not answer, or refused its configuration."""

    exit_code = 7


class ProxySilentError(ProxyError):
    """nginx gives no answer at all."""


class RejectedError(FreamError):
    """A held release was aborted, or nobody decided in time."""

    exit_code = 8


class GuardError(RejectedError):
    """The new release failed while the old one still ran; the old one serves again."""


class WorseError(FreamError):
    """The release was made, and users fare worse on it."""

    exit_code = 11


class UncertainError(FreamError):
    """An undo failed; what is left is for the operator."""

    exit_code = 9


class KeptError(UncertainError):
    """A set that should go must stay."""


class NothingToRollBackError(FreamError):
    """There is no release to go back to."""

    exit_code = 10


class NoWayBackError(NothingToRollBackError):
    """A release has said that none before it can serve again."""


class InterruptedRun(FreamError):
    """A signal ended the run before the cut-over."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"Interrupted by {signal.Signals(signum).name}")
        self.exit_code = 128 + signum

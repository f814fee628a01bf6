"""What fream switch and fream rollback have in common: a release, and what is said of it."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fream_compose.cli.session import Run, seconds_of
from fream_compose.cli.views.release import as_json
from fream_compose.errors import FreamError, WorseError

if TYPE_CHECKING:
    from fream_compose.docker.project import Project
    from fream_compose.nginx.proxy import Proxy
    from fream_compose.operations.plan import SwitchRequest
    from fream_compose.operations.switch import Outcome


def import_switch() -> None:
    """Import what takes a while, while Compose reads the project."""
    from fream_compose.docker import changes
    from fream_compose.operations import switch  # noqa: F401

    changes.preload()


def release(run: Run, project: "Project", proxy: "Proxy", request: "SwitchRequest") -> None:
    """Make a release and say how it went. Raises WorseError when users fare worse on it."""
    from fream_compose.cli.views.evidence import compared, told
    from fream_compose.operations.switch import Switch

    outcome = Switch(run.context(project, proxy)).run(request)
    if outcome.kept_warm:
        _recover_later(project.settings.compose_directory, outcome.kept_warm)
    for line in told(outcome.evidence, outcome.live.set):
        run.report.note(line)
    if outcome.worse:
        error = _worse(outcome, compared(outcome.evidence, outcome.live.set))
        error.result = _result(outcome, run.report.warnings)
        raise error
    now, before = outcome.live, outcome.replaced
    run.done(
        _result(outcome, run.report.warnings),
        f"{now.version.short} in {now.set} serves"
        + (f", in place of {before.version.short}" if before else "")
        + f"; {outcome.seconds:.1f}s",
    )


def _result(outcome: "Outcome", warnings: list[str]) -> dict[str, Any]:
    return {
        "live": as_json(outcome.live),
        "replaced": as_json(outcome.replaced),
        "seconds": outcome.seconds,
        "evidence": outcome.evidence.to_json(),
        "warnings": warnings,
    }


def _worse(outcome: "Outcome", rates: str) -> FreamError:
    """The release was made, but its users fare worse."""
    error = WorseError(
        f"{outcome.live.version.short} is released, and users fare worse on it",
        rates,
        next_step="fream rollback" if outcome.replaced else "fream logs live",
    )
    error.serving = f"{outcome.live.version.short} in {outcome.live.set}"
    return error


def _recover_later(directory: Path, delay: timedelta) -> None:
    """Have the warm set removed when its time is over, by a process of its own."""
    command = [sys.executable, "-P", "-m", "fream_compose", "-C", str(directory), "recover"]
    # -P: nothing of the current folder is run. And nothing that this run holds may stay open:
    # a CI job waits for its pipes to close.
    subprocess.Popen(
        [*command, "--after", f"{delay.total_seconds():.0f}s", "--wait", "1h"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def keep_warm_of(text: str) -> timedelta | None:
    """What --keep-warm says. Raises UsageError."""
    seconds = seconds_of("--keep-warm", text)
    return timedelta(seconds=seconds) if seconds else None

"""What fream switch and fream rollback have in common: a release, and what is said of it."""

import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fream_compose.cli.session import Run, seconds_of
from fream_compose.cli.views.release import as_json
from fream_compose.errors import FreamError, WorseError
from fream_compose.project import operator
from fream_compose.secrecy import hidden
from fream_compose.times import span
from fream_compose.verdict import Verdict

if TYPE_CHECKING:
    from fream_compose.docker.project import Project
    from fream_compose.nginx.proxy import Proxy
    from fream_compose.operations.outcome import Outcome
    from fream_compose.operations.plan import SwitchRequest


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
    if outcome.doubtful:
        run.report.warn(f"{compared(outcome.evidence, outcome.live.set)}; look: fream logs live")
    _tell_drift(run, project, proxy)
    if outcome.worse:
        error = _worse(outcome, compared(outcome.evidence, outcome.live.set))
        error.result = _result(outcome, run.report.warnings)
        raise error
    now, before = outcome.live, outcome.replaced
    run.done(
        _result(outcome, run.report.warnings),
        f"{now.version.short} in {now.set} serves"
        + (f", in place of {before.version.short}" if before else "")
        + f"; {span(outcome.seconds)}",
    )


def _tell_drift(run: Run, project: "Project", proxy: "Proxy") -> None:
    """Say what is set and the release did not put in force; no release fails for it."""
    from fream_compose.operations.drift import drift_of
    from fream_compose.operations.snapshot import take_snapshot

    with suppress(FreamError):
        for each in drift_of(project, proxy, take_snapshot(project, proxy)):
            run.report.note(f"Not in force: {each.summary}")


def _result(outcome: "Outcome", warnings: list[str]) -> dict[str, Any]:
    return {
        "live": as_json(outcome.live),
        "replaced": as_json(outcome.replaced),
        "seconds": outcome.seconds,
        "evidence": outcome.evidence.to_json(),
        "no_way_back": outcome.no_way_back,
        "by": hidden(operator.who()),
        "note": hidden(operator.note()),
        "warnings": warnings,
    }


def _worse(outcome: "Outcome", rates: str) -> FreamError:
    """The release was made, but its users fare worse."""
    reason, old, found = outcome.no_way_back, outcome.replaced, outcome.evidence
    fails = found.verdict is Verdict.FAILS
    how = f"fails: {found.new.rate:.0%} of its requests" if fails else "and users fare worse on it"
    error = WorseError(
        f"{outcome.live.version.short} is released, {'but ' if fails else ''}{how}",
        "\n".join([rates, *_way_back(outcome)]),
        next_step="fream rollback" if old and not reason else "fream logs live",
    )
    error.serving = f"{outcome.live.version.short} in {outcome.live.set}"
    return error


def _way_back(outcome: "Outcome") -> list[str]:
    if outcome.no_way_back:
        return [f"There is no way back behind it: {outcome.no_way_back}"]
    kept = f", which runs on for {outcome.kept_warm}" if outcome.kept_warm else ""
    return [f"The way back: {outcome.replaced}{kept}"] if outcome.replaced else []


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

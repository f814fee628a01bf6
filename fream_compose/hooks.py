"""The user's own commands at fixed moments of a switch."""

import os
import secrets
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from fream_compose import leftover
from fream_compose.captured import Output, follow
from fream_compose.errors import FreamError, HookError
from fream_compose.history import HookRun, Kind
from fream_compose.project import Project
from fream_compose.release import Live
from fream_compose.settings import Hook
from fream_compose.state import Notes, RunningHook

_REMEMBERED = 1000  # bytes of the beginning and of the end that the history keeps


def run_hooks(
    moment: str,
    hooks: tuple[Hook, ...],
    project: Project,
    release: Live,
    replaces: Live | None,
    check: Callable[[], None],
    kind: Kind,
    ran: list[HookRun],
) -> None:
    """Run the hooks of a moment, one after the other.

    check: called many times a second; what it raises ends the hook. ran: gets what became
    of each. Raises HookError for the first that fails or takes too long, with what it
    printed; then all that it started is ended. What a good one leaves in the background
    is the user's, and stays.
    """
    for hook in hooks:
        told = variables(moment, project, release, replaces, kind)
        output, began, result = Output(), time.monotonic(), "cut off"
        try:
            _run(hook, project, release, told, output, check)
            result = "done"
        except FreamError as error:
            result = error.why or error.what
            raise
        finally:
            seconds = round(time.monotonic() - began, 3)
            command, printed = shlex.join(hook.run), output.text(_REMEMBERED)
            ran.append(HookRun(moment, command, seconds, result, printed))


def variables(
    moment: str, project: Project, release: Live, replaces: Live | None, kind: Kind
) -> dict[str, str]:
    """What a hook finds in its environment."""
    port = project.port(release.set)
    return {
        "FREAM_HOOK": moment,
        "FREAM_KIND": str(kind),
        "FREAM_SWITCH": release.switch,
        "FREAM_SET": str(release.set),
        "FREAM_VERSION": release.version.tag,
        "FREAM_DIGEST": release.version.digest,
        "FREAM_IMAGE": f"{project.settings.image}:{release.version}",
        "FREAM_ADDRESS": f"http://127.0.0.1:{port}" if port else "",
        "FREAM_PREVIOUS_VERSION": replaces.version.tag if replaces else "",
        leftover.MARK: secrets.token_hex(8),
    }


def _command(
    hook: Hook, project: Project, release: Live, environment: Mapping[str, str]
) -> list[str]:
    if hook.where == "host":
        return list(hook.run)
    if hook.where == "release":
        container = f"{project.one_off_prefix}{release.switch.lower()}"
        return project.one_off_command(release.set, container, hook.run, environment)
    return project.inside_command(release.set, hook.run, environment)


def _run(
    hook: Hook,
    project: Project,
    release: Live,
    told: Mapping[str, str],
    output: Output,
    check: Callable[[], None],
) -> None:
    notes = Notes(project.settings.state_directory)
    running = RunningHook(told[leftover.MARK], hook.where, release.set)
    # Before it starts, so that there is no moment at which a killed run would lose it.
    notes.run_hook(running)
    try:
        process = _start(hook, project, release, told)
    except HookError:
        notes.forget_hook()
        raise
    try:
        running = replace(running, pid=str(process.pid), born=leftover.born(process.pid))
        notes.run_hook(running)
        _finish(hook, process, output, check)
    except BaseException:
        # What cannot be ended stays on record, and the next run tries again.
        with suppress(FreamError):
            leftover.end(project, running)
        raise
    else:
        notes.forget_hook()
    finally:
        _reap(process)


def _start(
    hook: Hook, project: Project, release: Live, told: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            _command(hook, project, release, told),
            cwd=project.settings.compose_directory,
            env={**os.environ, **told},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else ""
        raise HookError(f"The hook {hook} cannot be run", why or str(error)) from error


def _finish(
    hook: Hook,
    process: subprocess.Popen[bytes],
    output: Output,
    check: Callable[[], None],
) -> None:
    seconds = hook.timeout.total_seconds()
    code = follow(process, output, seconds, check)
    if code is None:
        what, why = f"The hook {hook} took longer than {seconds:g} s", "it was ended"
    elif code:
        what, why = f"The hook {hook} failed", _ending(code)
    else:
        return
    raise HookError(what, why, logs=output.text().splitlines())


def _ending(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Forget a process that has ended; one that could not be ended is not waited for."""
    assert process.stdout  # noqa: S101 - it was started with a pipe
    process.stdout.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1)

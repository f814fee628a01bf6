"""The user's own commands at fixed moments of a switch."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from fream_compose.errors import HookError
from fream_compose.project import Project
from fream_compose.release import Live
from fream_compose.settings import Hook

_POLL_SECONDS = 0.2
_LAST_LINES = 10


def run_hooks(
    moment: str,
    hooks: tuple[Hook, ...],
    project: Project,
    release: Live,
    replaces: Live | None,
    check: Callable[[], None],
) -> None:
    """Run the hooks of a moment, one after the other.

    check: called a few times a second; what it raises ends the hook. Raises HookError
    for the first that fails or takes too long, with the last lines that it printed.
    """
    environment = variables(moment, project, release, replaces)
    directory = project.settings.compose_directory
    container = f"{project.settings.project}-hook-{release.switch.lower()}"
    for hook in hooks:
        command = _command(hook, project, release, container, environment)
        try:
            _run(hook, command, {**os.environ, **environment}, directory, check)
        except BaseException:
            if hook.where == "release":
                # Ending Docker's client does not end what runs in the container.
                project.end_one_off(container)
            raise


def variables(
    moment: str, project: Project, release: Live, replaces: Live | None
) -> dict[str, str]:
    """What a hook finds in its environment."""
    port = project.port(release.set)
    return {
        "FREAM_HOOK": moment,
        "FREAM_SWITCH": release.switch,
        "FREAM_SET": str(release.set),
        "FREAM_VERSION": release.version.tag,
        "FREAM_DIGEST": release.version.digest,
        "FREAM_IMAGE": f"{project.settings.image}:{release.version}",
        "FREAM_ADDRESS": f"http://127.0.0.1:{port}" if port else "",
        "FREAM_PREVIOUS_VERSION": replaces.version.tag if replaces else "",
    }


def _command(
    hook: Hook,
    project: Project,
    release: Live,
    container: str,
    environment: Mapping[str, str],
) -> list[str]:
    if hook.where == "host":
        return list(hook.run)
    if hook.where == "release":
        return project.one_off_command(release.set, container, hook.run, environment)
    return project.inside_command(release.set, hook.run, environment)


def _run(
    hook: Hook,
    command: list[str],
    environment: Mapping[str, str],
    directory: Path,
    check: Callable[[], None],
) -> None:
    try:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise HookError(f"The hook {hook} cannot be run", error.strerror or str(error)) from error
    try:
        printed = _wait(process, hook, check)
    except BaseException:
        _end(process)
        raise
    if process.returncode:
        raise HookError(
            f"The hook {hook} failed", f"exit code {process.returncode}", logs=_lines(printed)
        )


def _wait(process: subprocess.Popen[bytes], hook: Hook, check: Callable[[], None]) -> bytes:
    seconds = hook.timeout.total_seconds()
    for _ in range(int(seconds / _POLL_SECONDS) + 1):
        try:
            return process.communicate(timeout=_POLL_SECONDS)[0]
        except subprocess.TimeoutExpired:
            check()
    _end(process)
    printed = b""
    # A process that left the group may hold the pipe for ever.
    with suppress(subprocess.TimeoutExpired):
        printed = process.communicate(timeout=1)[0]
    raise HookError(f"The hook {hook} took longer than {seconds:g} s", logs=_lines(printed))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a hook and whatever it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _lines(printed: bytes) -> list[str]:
    return printed.decode(errors="replace").splitlines()[-_LAST_LINES:]

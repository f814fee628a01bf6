"""The user's own commands at fixed moments of a switch."""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType

from fream_compose import times
from fream_compose.docker.project import Project
from fream_compose.errors import FreamError, HookError, reason
from fream_compose.operations import left_hook
from fream_compose.operations.inside import reap
from fream_compose.process import Output, follow
from fream_compose.project.entry import HookRun, Kind
from fream_compose.project.envfile import version_variable
from fream_compose.project.notes import RunningHook
from fream_compose.project.operator import note, who
from fream_compose.project.x_fream import Hook, Hooks
from fream_compose.release import LiveRelease
from fream_compose.report import Saw, unseen
from fream_compose.secrecy import hidden
from fream_compose.text import clean

NOTHING_MORE: Mapping[str, str] = MappingProxyType({})
_LONGEST = 500  # characters of a variable
_REMEMBERED = 1000  # bytes of the beginning and of the end that the history keeps


def run_hooks(
    moment: str,
    hooks: tuple[Hook, ...],
    project: Project,
    release: LiveRelease,
    replaces: LiveRelease | None,
    check: Callable[[], None],
    kind: Kind,
    ran: list[HookRun],
    saw: Saw = unseen,
    more: Mapping[str, str] = NOTHING_MORE,
) -> None:
    """Run the hooks of a moment, one after the other.

    check: called many times a second; what it raises ends the hook. ran: gets what became
    of each. saw: gets which one runs. more: what they find in their environment besides what all
    find. Raises HookError for the first that fails or takes too long, with what it printed; then
    all that it started is ended. What a good one leaves in the background is the user's, and
    stays.
    """
    for number, hook in enumerate(hooks, 1):
        name = f"{moment.replace('_', ' ')} {number} ({hook})"
        environment = {**variables(moment, project, release, replaces, kind), **more}
        saw(f"{number} of {len(hooks)}: {hook}")
        output, began, result = Output(), time.monotonic(), "cut off"
        try:
            _run(hook, name, project, release, environment, output, check)
            result = "done"
        except FreamError as error:
            result = error.why or error.what
            raise
        finally:
            seconds = round(time.monotonic() - began, 3)
            ran.append(HookRun(moment, name, seconds, result, output.text(_REMEMBERED)))


def exposed(hooks: Hooks) -> list[str]:
    """The hooks that show a secret of `.env` to everybody who lists this server's processes."""
    all_hooks = ((moment, hook) for moment in Hooks.model_fields for hook in getattr(hooks, moment))
    return [
        f"{moment} ({hook})"
        for moment, hook in all_hooks
        if any(hidden(word) != word for word in hook.run)
    ]


def variables(
    moment: str, project: Project, release: LiveRelease, replaces: LiveRelease | None, kind: Kind
) -> dict[str, str]:
    """What a hook finds in its environment."""
    port, version = project.containers.port(release.set), release.version
    image = project.settings.sets[release.set].app_image.reference(version.tag)
    return {
        "FREAM_HOOK": moment,
        "FREAM_KIND": str(kind),
        "FREAM_SWITCH": release.switch,
        "FREAM_SET": str(release.set),
        "FREAM_VERSION": version.tag,
        "FREAM_DIGEST": version.digest,
        "FREAM_IMAGE": f"{image}@{version.digest}" if version.digest else image,
        "FREAM_ADDRESS": f"http://127.0.0.1:{port}" if port else "",
        "FREAM_PREVIOUS_VERSION": replaces.version.tag if replaces else "",
        "FREAM_BY": whole_line(who()),
        "FREAM_NOTE": whole_line(note()),
        left_hook.MARK: secrets.token_hex(8),
    }


def whole_line(words: str) -> str:
    """Words as a value of a variable: one line, without what no environment can hold."""
    return " ".join(clean(words).split())[:_LONGEST]


def _command(
    hook: Hook, project: Project, release: LiveRelease, environment: Mapping[str, str]
) -> list[str]:
    if hook.where == "host":
        return list(hook.run)
    if hook.where == "release":
        container = f"{project.compose.one_off_prefix}{release.switch.lower()}"
        return project.compose.one_off_command(release.set, container, hook.run, environment)
    app = project.settings.sets[release.set].container
    return project.containers.exec_command(app, hook.run, environment)


def _of_release(
    project: Project, release: LiveRelease, check: Callable[[], None]
) -> Mapping[str, str]:
    """What Compose needs to run a container of a release, which .env may not name any more."""
    version = project.images.named(release.set, release.version)
    return {**project.compose.secrets(check), version_variable(release.set): str(version)}


def _run(
    hook: Hook,
    name: str,
    project: Project,
    release: LiveRelease,
    environment: Mapping[str, str],
    output: Output,
    check: Callable[[], None],
) -> None:
    notes = project.settings.state.notes
    running = RunningHook(environment[left_hook.MARK], hook.where, release.set)
    # Before it starts, so that there is no moment at which a killed run would lose it.
    notes.run_hook(running)
    try:
        values = _of_release(project, release, check) if hook.where == "release" else {}
        command = _command(hook, project, release, environment)
        process = _start(command, name, project, {**values, **environment})
    except FreamError:
        notes.forget_hook()
        raise
    try:
        running = replace(running, pid=str(process.pid), born=left_hook.born(process.pid))
        notes.run_hook(running)
        _finish(hook, name, process, output, check)
    except BaseException:
        # What cannot be ended stays on record, and the next run tries again.
        with suppress(FreamError):
            left_hook.end(project, running)
        raise
    else:
        notes.forget_hook()
    finally:
        reap(process)


def _start(
    command: list[str], name: str, project: Project, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            cwd=project.settings.compose_directory,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise HookError(f"The hook {name} cannot be run", reason(error)) from error


def _finish(
    hook: Hook,
    name: str,
    process: subprocess.Popen[bytes],
    output: Output,
    check: Callable[[], None],
) -> None:
    seconds = hook.timeout.total_seconds()
    code = follow(process, output, seconds, check)
    if code is None:
        what, why = f"The hook {name} took longer than {times.limit(seconds)}", "it was ended"
    elif code:
        what, why = f"The hook {name} failed", _ending(code)
    else:
        return
    raise HookError(what, why, logs=output.text().splitlines())


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):  # most of the real-time signals have no name
        return f"ended by {signal.Signals(-code).name}"
    return f"ended by signal {-code}"

"""Ends what a hook started: when it fails, and when a run that was killed left it behind."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fream_compose.docker.project import Project
from fream_compose.errors import EngineError, LockedError
from fream_compose.project.notes import RunningHook
from fream_compose.report import Report
from fream_compose.step_ids import StepId

MARK = "FREAM_HOOK_RUN"  # in the environment of a hook's processes, unique to one run of it
_PATIENCE_SECONDS = 2.0
# A container's own shell, as only the container's user may end its processes without root.
_END_INSIDE = (
    'for e in /proc/[0-9]*/environ; do p="${e%/environ}"; '
    'grep -qs "$1" "$e" && kill -9 "${p#/proc/}"; done; true'
)


def end_left_hook(project: Project, report: Report) -> None:
    """End the hook of a run that was killed. Raises LockedError when it cannot be ended."""
    if hook := project.settings.state.notes.hook():
        with report.step("End the hook that a killed run left", id=StepId.END_HOOK):
            end(project, hook)


def end(project: Project, hook: RunningHook) -> None:
    """End all that a hook started, and forget it.

    Raises LockedError for a process that this user may not end, EngineError.
    """
    # As long as one process is in a session, its number is given to nobody else.
    session = hook.pid if hook.born and born(hook.pid) == hook.born else ""
    stubborn = _end_processes(hook.mark, session)
    if hook.where == "release":
        project.compose.end_one_offs()
    if hook.where == "set":
        _end_by_shell(project, project.settings.sets[hook.set].container, hook.mark)
    if stubborn:
        raise LockedError(
            "A hook of an earlier run still runs",
            f"This user may not end process {', '.join(stubborn)}",
            next_step=f"sudo kill -9 {' '.join(stubborn)}",
        )
    project.settings.state.notes.forget_hook()


def end_marked(project: Project, container: str, mark: str) -> None:
    """End the processes that carry a mark, as far as this user may.

    container: in which they may be; empty where they are on this server only.
    """
    _end_processes(mark)
    if container:
        _end_by_shell(project, container, mark)


def _end_by_shell(project: Project, container: str, mark: str) -> None:
    with suppress(EngineError):  # its container is gone, or has no shell
        inside = ["sh", "-c", _END_INSIDE, "sh", f"{MARK}={mark}"]
        project.containers.execute(container, inside)


def born(pid: int | str) -> str:
    """What tells a process from a later one of the same id; empty when there is none."""
    try:
        started = _stat(pid)[19]
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, IndexError):
        return ""
    return f"{boot} {started}"


def _end_processes(mark: str, session: str = "") -> tuple[str, ...]:
    """Returns the processes that withstood."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while found := tuple(_of_hook(f"{MARK}={mark}".encode(), session)):
        if time.monotonic() > deadline:
            return tuple(map(str, found))
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    return ()


def _of_hook(mark: bytes, session: str) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        with suppress(OSError, IndexError):
            state, _, _, of_session = _stat(pid)[:4]
            if state in "ZX" or pid == os.getpid():
                continue
            if of_session == session or mark in _environment(pid):
                yield pid


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []  # another user's, or gone


def _stat(pid: int | str) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the name before it may hold anything."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()

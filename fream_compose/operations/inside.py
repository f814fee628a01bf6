"""A command aside of what a run does, that leaves nothing behind when it does not end."""

import os
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO

from fream_compose.docker.changes import NOTHING
from fream_compose.docker.project import Project
from fream_compose.operations import left_hook
from fream_compose.process import Output, follow


def run(
    project: Project,
    container: str,
    words: tuple[str, ...],
    seconds: float,
    check: Callable[[], None],
    told: bytes = b"",
    variables: Mapping[str, str] = NOTHING,
) -> tuple[int | None, str]:
    """Run a command in a container that runs. Returns its exit code, and what it printed.

    container: empty for this server itself. seconds: how long it may take; the code is None
    for one that took longer, which is ended with all that it started. check: called many times
    a second; what it raises ends it, too. told: what it reads, which is nowhere else. variables:
    that it finds. Raises OSError and ValueError for a command that this server does not have.
    """
    mark, output = secrets.token_hex(8), Output()
    environment, command = {**variables, left_hook.MARK: mark}, list(words)
    if container:
        command = project.containers.exec_command(container, words, environment, bool(told))
    code = None
    with _readable(told) as stdin:
        process = subprocess.Popen(
            command,
            cwd=project.settings.compose_directory,
            env=os.environ if container else {**os.environ, **environment},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        code = follow(process, output, seconds, check)
    finally:
        if code is None:
            # Docker's own command goes alone, and leaves in the container what it started.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            left_hook.end_marked(project, container, mark)
        reap(process)
    return code, output.text().strip()


@contextmanager
def _readable(told: bytes) -> Iterator[IO[bytes] | int]:
    """What a command reads, in memory only."""
    if not told:
        yield subprocess.DEVNULL
        return
    with os.fdopen(os.memfd_create("told"), "w+b") as file:
        file.write(told)
        file.seek(0)
        yield file


def reap(process: subprocess.Popen[bytes]) -> None:
    """Forget a process that has ended; what it left in the background may hold its pipe."""
    if process.stdout:
        process.stdout.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1)

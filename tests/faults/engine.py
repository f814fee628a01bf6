"""A Docker engine of our own, with a network of its own, that may be restarted at any time."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stories.waiting import eventually

NEW_NETWORK = 0x40000000  # CLONE_NEWNET in <sched.h>
START_SECONDS = 60.0


class Engine:
    """dockerd beside the machine's own one. Used by this thread, and by what it starts,
    while it is `entered`; elsewhere its containers cannot be reached."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid_file = folder / "dockerd.pid"
        self.host = f"unix://{folder}/docker.sock"

    @property
    def command(self) -> str:
        """How it is started, in a shell."""
        folder, log = self._folder, self._folder / "dockerd.log"
        options = {
            "data-root": folder / "data",
            "exec-root": folder / "exec",
            "pidfile": self._pid_file,
            "host": self.host,
            "exec-opt": "native.cgroupdriver=cgroupfs",
        }
        words = ["dockerd", *(f"--{name}={value}" for name, value in options.items())]
        return f"setsid {shlex.join(words)} >>{log} 2>&1 </dev/null &"

    @property
    def restart_command(self) -> str:
        """How it is ended and started again, as `systemctl restart docker` does."""
        wait = f"until docker --host {self.host} info >/dev/null 2>&1; do sleep 0.1; done"
        return f"{self._end_command('TERM')}\n{self.command}\n{wait}"

    def _end_command(self, name: str) -> str:
        pid = f"$(cat {self._pid_file})"
        return f"pid={pid}; kill -{name} $pid; tail --pid=$pid -f /dev/null"

    def start(self) -> None:
        """Start it and wait until it answers."""
        subprocess.run(["sh", "-c", self.command], check=True)
        eventually(self.answers, START_SECONDS)

    def end(self, signum: signal.Signals = signal.SIGTERM) -> None:
        """End it; with SIGTERM it stops its containers first, as a shutdown does."""
        name = signum.name.removeprefix("SIG")
        subprocess.run(["sh", "-c", self._end_command(name)], check=True, timeout=120)

    def answers(self) -> bool:
        """Whether it takes commands."""
        command = ["docker", "--host", self.host, "info"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def load(self, *images: str) -> None:
        """Take images over from the machine's own engine."""
        command = ["docker", "--host", self.host, "load", "--quiet"]
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saved:
            subprocess.run(command, stdin=saved.stdout, check=True, stdout=subprocess.DEVNULL)
        assert saved.returncode == 0

    def clean_up(self) -> None:
        """End it and remove all it had."""
        if self._pid_file.exists():
            self.end()
        # An engine that was killed leaves its mounts behind.
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
        for place in [line.split()[1] for line in reversed(mounts)]:
            if Path(place).is_relative_to(self._folder):
                subprocess.run(["umount", "--lazy", place], check=False)
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def network_of_its_own() -> Iterator[None]:
    """This thread, and what it starts from here on, in a network with a loopback only."""
    mine = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if libc.unshare(NEW_NETWORK):
            raise PermissionError(ctypes.get_errno(), "a network of its own is not allowed")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield
    finally:
        libc.setns(mine, NEW_NETWORK)
        os.close(mine)


def engine_allowed() -> bool:
    """Whether this user may start an engine here, and has what it takes."""
    tools = ("dockerd", "ip", "iptables")
    if os.geteuid() != 0 or not all(map(shutil.which, tools)):
        return False
    command = ["unshare", "--net", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0

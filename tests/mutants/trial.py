"""One mutant on trial: a copy of the tree, one line broken in it, and the tests."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.table import Mutant

# The tests of this table itself would notice every mutant.
_SUITE = ("tests", "--ignore=tests/unit/workshop/test_mutants.py")
_PYTEST = ("-m", "pytest", "-x", "-q", "-m", "not e2e", "-p", "no:cacheprovider", "--timeout=60")
_NOT_COPIED = (".git", ".venv", ".cache", "__pycache__", ".*_cache", ".env", ".fream")
_POLL_SECONDS = 0.05
TIME_LIMIT = "the time limit"


@dataclass(frozen=True)
class Outcome:
    """How a trial ended. killer: the test that noticed; empty when none did."""

    killer: str
    seconds: float


class Trials:
    """Trials of one tree. limit: seconds that the tests of one mutant may take."""

    def __init__(self, tree: Path, limit: float, suite: Sequence[str] = _SUITE) -> None:
        self._tree = tree
        self._limit = limit
        self._suite = suite
        self._over = threading.Event()

    def end(self) -> None:
        """End what runs, from another thread."""
        self._over.set()

    def hold(self, mutant: Mutant | None) -> Outcome:
        """Run the tests on a mutant, or on the code as it is. Raises RuntimeError.

        The files that should notice run first; the rest only if they did not.
        """
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
            copy = Path(folder, "tree")
            shutil.copytree(self._tree, copy, ignore=shutil.ignore_patterns(*_NOT_COPIED))
            if mutant:
                (copy / mutant.file).write_text(mutant.breaks(copy), encoding="utf-8")
            first = mutant.tests if mutant else ()
            rest = [*self._suite, *(f"--ignore={file}" for file in first)]
            deadline = began + self._limit
            killer = self._noticed(copy, first, deadline) if first else ""
            killer = killer or self._noticed(copy, rest, deadline)
        return Outcome(killer, time.monotonic() - began)

    def _noticed(self, copy: Path, words: Sequence[str], deadline: float) -> str:
        """The first test that fails, and fails again by itself; empty when there is none."""
        doubtful: list[str] = []
        while True:
            spared = [f"--deselect={test}" for test in doubtful]
            killer = self._failed(copy, [*words, *spared], deadline)
            if killer in ("", TIME_LIMIT) or self._failed(copy, [killer], deadline):
                return killer
            doubtful.append(killer)  # it failed because the machine is busy

    def _failed(self, copy: Path, words: Sequence[str], deadline: float) -> str:
        """The first test that fails; empty when all pass."""
        printed = copy.parent / "printed"
        with printed.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, *_PYTEST, f"--basetemp={copy.parent / 'tmp'}", *words],
                cwd=copy,
                env={**os.environ, "PYTHONPATH": str(copy)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            in_time = self._wait(process, lambda: time.monotonic() > deadline)
        return verdict(process.returncode, printed.read_text("utf-8", "replace"), in_time)

    def _wait(self, process: subprocess.Popen[bytes], late: Callable[[], bool]) -> bool:
        while process.poll() is None:
            if late() or self._over.is_set():
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return False
            time.sleep(_POLL_SECONDS)
        return True


def verdict(code: int, printed: str, in_time: bool) -> str:
    """The test that failed; empty when none did. Raises RuntimeError when none was run."""
    if not in_time:
        return TIME_LIMIT
    if code == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (tests/\S+::.+?)(?: - |$)", printed, re.MULTILINE)
    if code != 1 or not failed:
        raise RuntimeError(f"The tests could not be run:\n{printed[-2000:]}")
    return failed[1]

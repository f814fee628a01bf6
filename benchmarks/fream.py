"""The `fream` command as a user starts it, with the moment of each line that it prints."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.shell import ROOT, VENV, environment
from benchmarks.watch import Watch

_LIMIT = 300.0


@dataclass(frozen=True)
class Finished:
    """A command that ended: seconds since its start for each line and the end, peak memory."""

    began: float
    lines: tuple[tuple[float, str], ...]
    seconds: float
    peak_kib: int
    code: int

    def moment(self, beginning: str) -> float:
        """Seconds until the line was printed that begins so. Raises RuntimeError."""
        for seconds, line in self.lines:
            if line.rpartition("] ")[2].startswith(beginning):  # behind its number
                return seconds
        raise RuntimeError(f"no line begins with {beginning!r}: {self.text}")

    @property
    def text(self) -> str:
        """All that was printed."""
        return "\n".join(line for _, line in self.lines)


def call(
    command: list[str | Path],
    extra: Mapping[str, str] | None = None,
    seen: Callable[[str], None] = lambda _line: None,
) -> Finished:
    """Run a command to its end. Raises RuntimeError.

    seen: called with each line of its output as it comes.
    """
    began = time.monotonic()
    process = subprocess.Popen(
        ["timeout", str(_LIMIT), *(str(part) for part in command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment({"BENCHMARK_BEGAN": repr(began)} | dict(extra or {})),
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append((time.monotonic() - began, line.rstrip()))
        seen(line)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    done = Finished(began, tuple(lines), seconds, usage.ru_maxrss, process.returncode)
    if done.code:
        raise RuntimeError(f"{command}: exit code {done.code}\n{done.text}")
    return done


@dataclass(frozen=True)
class Switch:
    """Seconds from pressing Enter to the confirmed cut-over, the first answer, the return."""

    confirmed: float
    first_answer: float
    returned: float
    steps: Mapping[str, float]
    peak_kib: int
    trace: Mapping[str, Any] = field(default_factory=dict)


def switch(compose: Path, version: str, port: int) -> Switch:
    """`fream switch`, watched through nginx."""
    return _watched([VENV / "fream"], compose, version, port)


def traced_switch(compose: Path, version: str, port: int) -> Switch:
    """The same with a stopwatch on fream's own functions."""
    trace = compose / "trace.json"
    command: list[str | Path] = [VENV / "python", "-m", "benchmarks.traced", trace]
    done = _watched(command, compose, version, port)
    return Switch(**{**vars(done), "trace": json.loads(trace.read_text(encoding="utf-8"))})


def told_switch(compose: Path, version: str, cut_over: Callable[[], None]) -> dict[str, Any]:
    """`fream switch` and its own result, evidence and all.

    cut_over: called when nginx is about to be told.
    """

    def seen(line: str) -> None:
        if '"started"' in line and '"Cut over to' in line:
            cut_over()

    arguments: list[str | Path] = ["-C", compose, "switch", "--version", version]
    done = call([VENV / "fream", *arguments, "--output", "jsonl"], seen=seen)
    result: dict[str, Any] = json.loads(done.lines[-1][1])["result"]
    return result


def _watched(command: list[str | Path], compose: Path, version: str, port: int) -> Switch:
    arguments: list[str | Path] = ["-C", compose, "switch", "--version", version]
    with Watch(port, version) as watch:
        done = call([*command, *arguments], {"PYTHONPATH": str(ROOT)} if len(command) > 1 else {})
    return Switch(
        confirmed=done.moment("Cut over to"),
        first_answer=watch.since(done.began),
        returned=done.seconds,
        steps=_last_steps(compose),
        peak_kib=done.peak_kib,
    )


def _last_steps(compose: Path) -> dict[str, float]:
    history = (compose / ".fream" / "history.jsonl").read_text(encoding="utf-8")
    steps: dict[str, float] = json.loads(history.splitlines()[-1])["steps"]
    return {title.replace("set1", "SET").replace("set2", "SET"): s for title, s in steps.items()}

"""A real project under load, brought into trouble case by case."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from load import Load, Mix
from tests.faults.steps import Moment, Step
from tests.faults.table import NEW, OLD, Matrix, Row
from tests.stories.project import Project, Result, plain_environment
from tests.stories.releases import ROOT, Releases
from tests.stories.waiting import eventually

FULL = os.environ.get("FREAM_FULL_MATRIX") == "1"
# Slow answers make each drain slow too; a short run goes without them.
MIX = Mix.only(new=2, keepalive=2, post=1, **({"slow": 1, "stream": 1} if FULL else {}))
VERSIONS = ("2.0.0", "2.0.1")
T = TypeVar("T")
ANSWERS = 8  # requests that must have ended before a case counts its failures


def short(cases: Sequence[T]) -> Sequence[T]:
    """Every other case, unless the run may take its time."""
    return cases if FULL else cases[::2]


@dataclass
class Case:
    """One fault and what came of it, while it is looked into."""

    fault: str
    step: str
    old: str
    new: str
    before: int
    exit: str = ""
    serves: str = ""
    repaired: list[str] = field(default_factory=list)
    failed: int = 0


@dataclass
class Site:
    """What the cases share."""

    project: Project
    releases: Releases
    matrix: Matrix
    load: Load = field(init=False)

    @property
    def nginx(self) -> Path:
        """Where the include is."""
        return self.project.folder / "nginx"

    @property
    def compose(self) -> Path:
        """Where `.env` is."""
        return self.project.folder / "compose"

    @property
    def state(self) -> Path:
        """Where the lock and the history are."""
        return self.compose / ".fream"

    @property
    def other_version(self) -> str:
        """The release to switch to: the one that is not live."""
        live = self.project.live()
        assert live
        return next(tag for tag in VERSIONS if not live["version"].startswith(tag))

    def warm_up(self) -> None:
        """Have every switch take the step of the warm-up, too."""
        place = self.compose / "compose.yaml"
        text = place.read_text(encoding="utf-8")
        before = "  warm_up:\n    paths: []\n"
        assert before in text
        text = text.replace(before, before.replace("[]", "[/version]"))
        place.write_text(text.replace("requests: 100", "requests: 4"), encoding="utf-8")

    @contextmanager
    def case(self, fault: str, step: str, loses: int = 0) -> Iterator[Case]:
        """One case: it ends with a switch that succeeds, everything in order, and a row.

        loses: how many requests may fail at most.
        """
        old = self.project.version()
        self.load.wait_for(ANSWERS)
        case = Case(fault, step, old, self.other_version, self.load.failed)
        self.load.mark(f"{fault} at {step}")
        yield case
        case.serves = case.serves or self.serves(case)
        case.repaired = case.repaired or self.notices()
        self.project.switch(case.new)
        self._in_order(case)
        case.failed = self.settled() - case.before
        lines = [failure.line() for failure in self.load.failures[case.before :]]
        assert case.failed <= loses, "\n".join((f"{case.failed} requests failed", *lines))
        self.matrix.add(
            Row(fault, step, case.exit, case.serves, "; ".join(case.repaired) or "", case.failed)
        )

    def serves(self, case: Case) -> str:
        """Which release answers users."""
        return {case.old: OLD, case.new: NEW}[self.project.version()]

    def await_release(self, case: Case, wanted: str) -> None:
        """Until users are answered by it: a reload that was sent takes a moment to show."""
        eventually(lambda: self.serves(case) == wanted)
        case.serves = wanted

    def settled(self) -> int:
        """The failures so far, with those of requests that are under way now."""
        self.load.wait_for(ANSWERS)
        return self.load.failed

    def notices(self) -> list[str]:
        """What `fream status` says is out of order."""
        out = self.project.fream("status").out
        return [text.partition(":")[0] for text in re.findall(r"^notice +([^;]*)", out, re.M)]

    def _in_order(self, case: Case) -> None:
        live = self.project.live_set
        assert self.project.version() == case.new
        assert set(self.project.running()) == {"mysql", "nginx", live}
        assert self.project.env()["COMPOSE_PROFILES"] == f"infra,{live}"
        assert self.notices() == []

    def hit(self, step: Step, moment: Moment, deed: str, version: str) -> Result:
        """`fream switch`, hit at a step by a fault, or by what a shell command does."""
        process = subprocess.Popen(
            self.launcher(step, moment, deed, version),
            cwd=self.project.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self.project.finish(process)

    def shell(self, command: str) -> None:
        """Do something to the project from outside."""
        subprocess.run(["sh", "-c", command], check=True)

    def launcher(self, step: Step, moment: Moment, deed: str, version: str) -> list[str]:
        """The command of `fream switch`, hit at a step."""
        hit = [sys.executable, "-m", "tests.faults.run", deed, moment, step.name]
        return [*hit, "-C", str(self.project.folder), "switch", "--version", version]

    @property
    def environment(self) -> dict[str, str]:
        """What the launcher needs to be found."""
        return {**plain_environment(), "PYTHONPATH": str(ROOT)}

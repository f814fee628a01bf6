"""MATRIX.md: one row for each fault that a test has really brought about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.steps import Fault, Moment, Step

PLACE = Path(__file__).parent / "MATRIX.md"
HEAD = """\
# The fault matrix

Written from what happened, never by hand: whole by `script/fault-matrix`, the part that CI
runs by `pytest tests/faults --write-matrix`. *Exit*: of the run that was hit; a signal that
cannot be heeded shows as 128 + its number. *Repaired*: what `fream status` reported and the next
command repaired; that command succeeded in every row, and `fream status` had nothing left to
report. *Failed*: requests of the load, from the fault to the end of the next command.
"""
DYING = "A new release that dies"
REAL = "With containers, nginx and load"
OLD, NEW = "old", "new"
NOTHING = "nothing"
FAKE = "Every fault before and after every step, on fakes"


@dataclass(frozen=True)
class Row:
    """One case. failed: requests that failed; expected to be 0 unless nginx itself was hit."""

    fault: str
    step: str
    exit: str
    serves: str
    repaired: str
    failed: int

    @classmethod
    def of_step(
        cls,
        step: Step,
        moment: Moment,
        fault: Fault,
        code: int,
        serves: str,
        left: Iterable[str],
        failed: int,
    ) -> Row:
        """The row of a fault at a step."""
        shown = str(code if code >= 0 else 128 - code)
        at = f"{moment} {step.name}"
        return cls(name_of(fault), at, shown, serves, "; ".join(left), failed)

    def line(self) -> str:
        """As a row of a Markdown table."""
        repaired = self.repaired or NOTHING
        cells = (self.fault, self.step, self.exit, self.serves, repaired, str(self.failed))
        return "| " + " | ".join(cells) + " |"


@dataclass(frozen=True)
class Dying:
    """A new release that died. rate: requests a second. seconds: to the first good answer."""

    death: str
    step: str
    exit: int
    serves: str
    rate: float
    seconds: float
    lost: int

    def line(self) -> str:
        """As a row of a Markdown table."""
        cells = (self.death, self.step, self.exit, self.serves)
        measured = f"{self.rate:.0f} | {self.seconds:.1f} | {self.lost}"
        return "| " + " | ".join(map(str, cells)) + f" | {measured} |"


@dataclass
class Matrix:
    """The rows of this run."""

    dying: list[Dying] = field(default_factory=list)
    real: list[Row] = field(default_factory=list)
    fake: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """A case with real containers."""
        self.real.append(row)

    def add_fake(self, row: Row) -> None:
        """A case on fakes."""
        self.fake.append(row)

    def text(self) -> str:
        """The whole document."""
        real, fake = _table(REAL, self.real), _table(FAKE, self.fake)
        return "\n".join([HEAD, *_dying(self.dying), *real, *fake]) + "\n"


def _dying(rows: list[Dying]) -> Iterator[str]:
    yield f"## {DYING}\n"
    yield f"{len(rows)} cases. *Seconds*: from its death to the first good answer; 0 where no"
    yield "request failed. *Lost*: requests that failed, of so many a second.\n"
    yield "| the new release | after | exit | serves then | requests/s | seconds | lost |"
    yield "|---|---|---|---|---|---|---|"
    yield from (row.line() for row in rows)
    yield ""


def _table(title: str, rows: list[Row]) -> Iterator[str]:
    failed = sum(row.failed for row in rows)
    yield f"## {title}\n"
    yield f"{len(rows)} cases; {failed} failed requests.\n"
    yield "| fault | step | exit | serves then | repaired | failed |"
    yield "|---|---|---|---|---|---|"
    yield from (row.line() for row in rows)
    yield ""


def name_of(fault: Fault) -> str:
    """What a reader calls it."""
    return "kill -9" if fault is Fault.SIGKILL else fault.name if fault.is_signal else fault.value


MATRIX = Matrix()  # of this run

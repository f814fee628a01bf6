"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum

from fream_compose.report import Report


class Verdict(StrEnum):
    """How a check ended. A warning costs something; what fails stops a release."""

    OK = "ok"
    WARNING = "warning"
    FAILS = "fails"


_MARKS = {Verdict.OK: "✓", Verdict.WARNING: "!", Verdict.FAILS: "✗"}


@dataclass(frozen=True)
class Finding:
    """One check's verdict. remedy: what to type or change; empty when all is well."""

    check: str
    verdict: Verdict
    text: str
    remedy: str = ""


def ok(check: str, text: str) -> Finding:
    """A check that found nothing wrong."""
    return Finding(check, Verdict.OK, text)


def warning(check: str, text: str, remedy: str) -> Finding:
    """A check that found what should be looked into."""
    return Finding(check, Verdict.WARNING, text, remedy)


def fails(check: str, text: str, remedy: str) -> Finding:
    """A check that found what stops a release."""
    return Finding(check, Verdict.FAILS, text, remedy)


def tell(findings: tuple[Finding, ...], report: Report) -> None:
    """Tell people the findings: a line for each, its remedy below it."""
    for finding in findings:
        report.marked(_MARKS[finding.verdict], f"{finding.check:<12} {finding.text}")
        for line in finding.remedy.splitlines():
            report.note(f"{'':<14} {line}")


def failing(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """The names of the checks that fail."""
    return _checks_with(Verdict.FAILS, findings)


def summary(findings: tuple[Finding, ...]) -> str:
    """One sentence on all of them."""
    count = f"{len(findings)} check{'' if len(findings) == 1 else 's'}"
    if failed := failing(findings):
        number = sum(finding.verdict is Verdict.FAILS for finding in findings)
        verb = "fails" if number == 1 else "fail"
        return f"{number} of {count} {verb}: {', '.join(failed)}"
    if warned := _checks_with(Verdict.WARNING, findings):
        return f"Nothing fails; look into {', '.join(warned)}"
    return f"Everything is well: {count}"


def _checks_with(verdict: Verdict, findings: tuple[Finding, ...]) -> tuple[str, ...]:
    found = (finding.check for finding in findings if finding.verdict is verdict)
    return tuple(dict.fromkeys(found))

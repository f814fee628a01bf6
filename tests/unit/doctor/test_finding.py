"""How findings are told."""

from __future__ import annotations

import io

import pytest

from fream_compose.cli.reports.plain import PlainReport
from fream_compose.doctor.finding import Finding, fails, ok, summary, tell, warning

FINDINGS = (
    ok("engine", "fine"),
    warning("nginx", "old", "renew it\nsoon"),
    fails("ports", "x", "y"),
)


def test_each_check_is_a_line_and_its_remedies_are_below_it() -> None:
    out = io.StringIO()
    tell(FINDINGS, PlainReport(out=out))

    assert out.getvalue().splitlines() == [
        "✓ engine       fine",
        "! nginx        old",
        "               renew it",
        "               soon",
        "✗ ports        x",
        "               y",
    ]


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        (FINDINGS, "1 of 3 checks fails: ports"),
        ((*FINDINGS, fails("disk", "x", "y")), "2 of 4 checks fail: ports, disk"),
        ((*FINDINGS, fails("ports", "z", "y")), "2 of 4 checks fail: ports"),
        (FINDINGS[:2], "Nothing fails; look into nginx"),
        (FINDINGS[:1], "Everything is well: 1 check"),
        (FINDINGS[:1] * 3, "Everything is well: 3 checks"),
    ],
)
def test_the_findings_are_summed_up(findings: tuple[Finding, ...], told: str) -> None:
    assert summary(findings) == told

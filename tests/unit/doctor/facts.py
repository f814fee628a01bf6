"""What the doctor's tests share: a server that is well, and verdicts by check."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from fream_compose.docker.engine import Engine
from fream_compose.doctor.finding import Finding
from fream_compose.doctor.server import Disk, ServerFacts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENGINE = Engine("20.10.24+dfsg1", Path("/var/lib/docker"), NOW, ("127.0.0.0/8",), "")
SOCKET = Path("/var/run/docker.sock")
DISK = Disk(50_000_000_000, 100_000_000_000, 5_000_000, 6_000_000)
WELL = ServerFacts(
    installed=True,
    engine=ENGINE,
    socket=SOCKET,
    socket_exists=True,
    socket_open=True,
    compose="2.40.3-3",
    disk=DISK,
)
SILENT = replace(WELL, engine=None, engine_error="no answer")


def verdicts(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {finding.check: str(finding.verdict) for finding in findings}

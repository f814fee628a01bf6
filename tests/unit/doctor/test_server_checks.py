"""What the doctor says of the server, by each fact."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fream_compose.doctor import server_checks
from fream_compose.doctor.finding import Verdict
from fream_compose.doctor.server import ServerFacts
from tests.unit.doctor.facts import DISK, ENGINE, SILENT, WELL, verdicts


def test_a_server_that_is_well_has_nothing_to_mend() -> None:
    findings = server_checks.server_findings(WELL, image_bytes=300_000_000)

    assert set(verdicts(findings).values()) == {"ok"}
    assert {"engine", "compose", "disk", "inodes", "clock"} == set(verdicts(findings))
    assert not any(finding.remedy for finding in findings)


def test_without_docker_only_that_is_said_with_how_to_get_it() -> None:
    (finding,) = server_checks.server_findings(ServerFacts(installed=False))

    assert finding.verdict is Verdict.FAILS
    assert "script/bootstrap" in finding.remedy


@pytest.mark.parametrize(
    ("facts", "remedy"),
    [
        (replace(SILENT, socket_exists=False, socket_open=False), "systemctl start docker"),
        (replace(SILENT, socket_open=False), "usermod --append --groups docker"),
        (SILENT, "docker info"),
        (replace(SILENT, socket=None), "docker info"),
    ],
)
def test_an_engine_that_does_not_answer_is_told_by_its_cause(
    facts: ServerFacts, remedy: str
) -> None:
    finding = server_checks.engine(facts)

    assert finding.verdict is Verdict.FAILS
    assert remedy in finding.remedy


@pytest.mark.parametrize(
    ("version", "verdict"),
    [("19.03.15", "fails"), ("20.10.24+dfsg1", "ok"), ("28.2.2", "ok"), ("", "fails")],
)
def test_an_engine_that_is_too_old_fails(version: str, verdict: str) -> None:
    assert server_checks.engine(replace(WELL, engine=replace(ENGINE, version=version))).verdict == (
        verdict
    )


@pytest.mark.parametrize(
    ("version", "verdict"),
    [("", "fails"), ("1.29.2", "fails"), ("2.23.3", "fails"), ("2.24.0", "ok"), ("v2.40", "ok")],
)
def test_compose_must_be_2_24_or_later(version: str, verdict: str) -> None:
    assert server_checks.compose(replace(WELL, compose=version)).verdict == verdict


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(500_000_000, "fails"), (1_200_000_000, "warning"), (1_700_000_000, "ok")],
)
def test_the_disk_must_hold_the_next_image_packed_and_unpacked(free: int, verdict: str) -> None:
    assert server_checks.disk(replace(DISK, free=free), 300_000_000).verdict == verdict


def test_a_disk_that_cannot_be_seen_is_a_warning() -> None:
    assert server_checks.disk(None, 1).verdict is Verdict.WARNING


@pytest.mark.parametrize(("free", "verdict"), [(100, "fails"), (30_000, "warning"), (60_000, "ok")])
def test_the_disk_must_have_inodes_for_the_next_image(free: int, verdict: str) -> None:
    assert server_checks.inodes(replace(DISK, inodes_free=free)).verdict == verdict


def test_a_file_system_without_a_limit_on_inodes_is_not_judged_by_them() -> None:
    facts = replace(WELL, disk=replace(DISK, inodes=0, inodes_free=0))

    assert "inodes" not in verdicts(server_checks.server_findings(facts))


@pytest.mark.parametrize(("seconds", "verdict"), [(0.0, "ok"), (1.5, "ok"), (60.0, "warning")])
def test_an_engine_with_another_time_is_a_warning(seconds: float, verdict: str) -> None:
    assert server_checks.clock(seconds).verdict == verdict

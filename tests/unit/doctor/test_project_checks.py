"""What the doctor says of a project that runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fream_compose.docker.facts import Condition, Mount
from fream_compose.doctor import project_checks
from fream_compose.doctor.finding import Verdict
from fream_compose.doctor.project import Zone, project_facts
from fream_compose.operations.diagnosis import Fault
from fream_compose.operations.snapshot import Snapshot
from fream_compose.operations.workers import Ailing, Workers
from fream_compose.project.health_settings import Health
from fream_compose.release import LiveRelease, SetName, Version
from tests.fakes import Stage
from tests.fakes.server import HttpServer
from tests.unit.doctor.facts import verdicts

LIVE = LiveRelease(SetName.SET1, Version("1.0"), "a")


def test_a_project_that_is_well_has_nothing_to_mend(live: Stage) -> None:
    findings = project_checks.project_findings(project_facts(live.project, live.proxy))

    assert set(verdicts(findings).values()) == {"ok"}
    assert {"ports", "nginx", "mounts", "names", "drift"} <= set(verdicts(findings))


def test_a_worker_that_fares_ill_and_an_orphan_are_told() -> None:
    ailing, orphan = "set1-worker is restarting; exit code 3", Condition("running", service="beat")
    seen = Snapshot(
        LIVE,
        LIVE,
        workers=Workers(ailing=(Ailing(ailing, "fream logs set1-worker"),), orphans=(orphan,)),
    )

    findings = project_checks.workers(seen)

    assert [finding.verdict for finding in findings] == [Verdict.WARNING] * 2
    assert findings[0].text == ailing
    assert "beat is in the Compose files no more" in findings[1].text


def test_a_project_of_which_nothing_runs_is_well(stage: Stage) -> None:
    stage.project.compose.down(volumes=False)

    findings = project_checks.project_findings(project_facts(stage.project, stage.proxy))

    assert set(verdicts(findings).values()) == {"ok"}


@pytest.mark.parametrize("variables", [(), ("DB_PASSWORD",)])
def test_a_secret_in_the_environment_is_told(live: Stage, variables: tuple[str, ...]) -> None:
    settings = live.settings
    made = settings.services["set1"].model_copy(update={"secret_variables": frozenset(variables)})

    finding = project_checks.variables(
        settings.model_copy(update={"services": {**settings.services, "set1": made}})
    )

    assert all(name in finding.text for name in variables)
    assert ("docker inspect" in finding.text) == bool(variables)


def test_a_library_that_a_health_check_needs_is_missed(stage: Stage) -> None:
    assert project_checks.health(stage.settings, grpc=False).text == (
        "A release is found good: app by http (/products)"
    )
    switch = stage.settings.switch.model_copy(update={"health": Health(by="grpc")})
    asked = stage.settings.model_copy(update={"switch": switch})

    assert project_checks.health(asked, grpc=True).verdict is Verdict.OK
    finding = project_checks.health(asked, grpc=False)
    assert finding.verdict is Verdict.FAILS
    assert "fream-compose[grpc]" in finding.remedy


def test_a_port_that_another_process_holds_fails(live: Stage) -> None:
    port = live.settings.sets[SetName.SET2].port
    holder = HttpServer(port, lambda _path: (200, {}, ""))
    try:
        finding = project_checks.ports(project_facts(live.project, live.proxy).taken)
    finally:
        holder.close()

    assert finding.verdict is Verdict.FAILS
    assert f"Port {port}, which set2 needs" in finding.text
    assert "SET2_PORT" in finding.remedy


@pytest.mark.parametrize(
    ("version", "verdict"),
    [("1.22.1", "warning"), ("1.27.3", "warning"), ("1.27.4", "ok"), ("1.30.0", "ok"), ("", "ok")],
)
def test_an_nginx_that_cuts_idle_connections_is_a_warning(version: str, verdict: str) -> None:
    finding = project_checks.nginx(Snapshot(LIVE, LIVE, nginx_version=version))

    assert finding.verdict == verdict
    assert ("keepalive_min_timeout" in finding.text) is (verdict == "warning")


WHOLE = Mount(Path("/p/nginx"), Path("/etc/nginx"))


@pytest.mark.parametrize(
    ("trouble", "verdict"),
    [("", "ok"), ("configured logging driver does not support reading", "warning")],
)
def test_a_log_that_cannot_be_read_is_told_with_its_reason(trouble: str, verdict: str) -> None:
    finding = project_checks.log(trouble)

    assert finding.verdict == verdict
    assert trouble in finding.text


@pytest.mark.parametrize(
    ("mounts", "verdict"),
    [
        ((WHOLE,), "ok"),
        ((WHOLE, Mount(Path("/p/cert.pem"), Path("/etc/nginx/cert.pem"))), "ok"),
        ((), "fails"),
        ((replace(WHOLE, source=Path("/old/nginx")),), "fails"),
        (
            (WHOLE, Mount(Path("/p/x"), Path("/etc/nginx/service-url.inc"))),
            "fails",
        ),
    ],
)
def test_nginx_must_see_the_folder_that_is_written_to(
    mounts: tuple[Mount, ...], verdict: str
) -> None:
    assert project_checks.mounts(mounts, Path("/p/nginx")).verdict == verdict


@pytest.mark.parametrize(
    ("upstreams", "verdict"),
    [
        ({}, "ok"),
        ({SetName.SET1: "172.18.0.4:8081"}, "ok"),
        ({SetName.SET1: ""}, "fails"),
        ({SetName.SET1: "172.18.0.4:8081", SetName.SET2: ""}, "warning"),
    ],
)
def test_nginx_must_find_the_sets_that_run(upstreams: dict[SetName, str], verdict: str) -> None:
    assert project_checks.names(Snapshot(LIVE, LIVE), upstreams).verdict == verdict


@pytest.mark.parametrize(
    ("zone", "verdict"),
    [
        (Zone("Asia/Seoul", "+0900", "+0900"), "ok"),
        (Zone("Asia/Seoul", "+0000", "+0900"), "warning"),
        (Zone("Asia/Seol", "+0000", ""), "warning"),
    ],
)
def test_containers_must_keep_the_time_of_their_zone(zone: Zone, verdict: str) -> None:
    assert project_checks.time_zone(zone).verdict == verdict


def test_what_is_out_of_order_is_named_with_its_remedy(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "1.0.1")

    (finding,) = project_checks.drift(project_facts(live.project, live.proxy).snapshot)

    assert (finding.verdict, finding.text) == (Verdict.WARNING, Fault.IDLE_SET.value)
    assert finding.remedy == "fream recover"


def test_a_live_set_that_does_not_run_fails(live: Stage) -> None:
    live.project.apps[SetName.SET1].end(137)

    (finding,) = project_checks.drift(project_facts(live.project, live.proxy).snapshot)

    assert (finding.verdict, finding.text) == (Verdict.FAILS, Fault.LIVE_SET.value)

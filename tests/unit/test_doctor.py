"""What the doctor says of each fact, and what it can find out without Docker."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fream_compose.cli import app
from fream_compose.doctor import folder_checks, project_checks, registry, server_checks
from fream_compose.doctor.finding import Finding, Verdict, fails, lines, ok, summary, warning
from fream_compose.doctor.folder import FolderFacts, folder_facts
from fream_compose.doctor.project import Zone, project_facts, zone_of
from fream_compose.doctor.registry import RegistryFacts, host_of, logged_in, url_of
from fream_compose.doctor.server import Disk, ServerFacts, disk_of, server_facts, skew
from fream_compose.engine import Engine, engine
from fream_compose.errors import ConfigurationError
from fream_compose.observe import Snapshot
from fream_compose.plan import Mend
from fream_compose.project import Mount
from fream_compose.release import Live, SetName, Version
from tests.fakes import Stage
from tests.fakes.server import HttpServer, Reply

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
LIVE = Live(SetName.SET1, Version("1.0"), "a")


def verdicts(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {finding.check: str(finding.verdict) for finding in findings}


# --- the server ---


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


def test_the_disk_of_a_folder_is_read_and_of_none_is_not(tmp_path: Path) -> None:
    found = disk_of(tmp_path)

    assert found
    assert 0 < found.free <= found.total
    assert disk_of(tmp_path / "none") is None


@pytest.mark.parametrize(("seconds", "expected"), [(-90, 90), (0, 0), (3, 0), (30, 25)])
def test_a_clock_is_wrong_by_what_it_is_outside_of_the_question(
    seconds: int, expected: float
) -> None:
    told = NOW + timedelta(seconds=seconds)

    assert skew(told, NOW, NOW + timedelta(seconds=5)) == expected


@pytest.mark.parametrize(("seconds", "verdict"), [(0.0, "ok"), (1.5, "ok"), (60.0, "warning")])
def test_an_engine_with_another_time_is_a_warning(seconds: float, verdict: str) -> None:
    assert server_checks.clock(seconds).verdict == verdict


INFO = {
    "ServerVersion": "28.2.2",
    "DockerRootDir": "/var/lib/docker",
    "SystemTime": "2026-01-01T00:00:00.471505234Z",
    "RegistryConfig": {
        "InsecureRegistryCIDRs": ["127.0.0.0/8"],
        "IndexConfigs": {
            "docker.io": {"Secure": True},
            "registry.lan:5000": {"Secure": False},
        },
    },
    "HttpProxy": "http://proxy:3128",
}


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a shell script in the place of `docker`; before that there is none."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def write(script: str) -> None:
        (tmp_path / "docker").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "docker").chmod(stat.S_IRWXU)

    return write


def test_the_engine_tells_of_itself(docker: Callable[[str], None]) -> None:
    docker(f"echo '{json.dumps(INFO)}'")

    found = engine()

    assert (found.version, found.root, found.time) == ("28.2.2", Path("/var/lib/docker"), NOW)
    assert found.insecure == ("127.0.0.0/8", "registry.lan:5000")
    assert found.proxy == "http://proxy:3128"


def test_the_facts_of_a_server_are_gathered(docker: Callable[[str], None]) -> None:
    docker(
        f"""case "$*" in info*) echo '{json.dumps(INFO | {"DockerRootDir": "/"})}';;
        context*) echo unix:///;; compose*) echo 2.40.3;; esac"""
    )

    facts = server_facts()

    assert facts.installed
    assert facts.compose == "2.40.3"
    assert (facts.socket, facts.socket_exists) == (Path("/"), True)
    assert facts.skew > 0
    assert facts.disk


@pytest.mark.parametrize(
    "script",
    [
        """echo '{"ServerErrors":["is it running?"]}'""",
        "printf 'is it running?\\nUsage: …\\n' >&2; exit 1",
    ],
    ids=["older Docker", "newer Docker"],
)
def test_an_engine_that_does_not_run_is_told_so(docker: Callable[[str], None], script: str) -> None:
    docker(f'case "$*" in context*) echo unix:///nonexistent;; *) {script};; esac')

    facts = server_facts()

    assert (facts.engine, facts.engine_error) == (None, "is it running?")
    assert not facts.socket_exists


def test_an_engine_on_another_server_has_no_socket_here(docker: Callable[[str], None]) -> None:
    docker('case "$*" in context*) echo tcp://10.0.0.1:2376;; *) exit 1;; esac')

    assert server_facts().socket is None


def test_no_docker_is_a_fact_too(docker: Callable[[str], None]) -> None:
    del docker

    assert server_facts() == ServerFacts(installed=False)


# --- the project's files ---


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".env.example").write_text("# help\nA=1\nB=\nC=\n#D=default\n")
    (tmp_path / ".env").write_text("A=1\nB='p w'\nC=x # why\n")
    (tmp_path / ".env").chmod(0o600)
    return tmp_path


def test_files_that_are_well_have_nothing_to_mend(folder: Path) -> None:
    findings = folder_checks.folder_findings(folder_facts(folder), settings_read=True)

    assert set(verdicts(findings).values()) == {"ok"}


@pytest.mark.parametrize(
    "text", ["A=1\nB=2\n", "A=1\nB=2\nC=\n", "A=1\nB=2\nC=''\n", "A=1\nB=2\nC= # x\n"]
)
def test_a_variable_that_the_example_sets_must_be_set(folder: Path, text: str) -> None:
    (folder / ".env").write_text(text)

    assert folder_facts(folder).unset == ("C",)


def test_an_empty_variable_fails_where_the_project_cannot_be_read_for_it() -> None:
    facts = FolderFacts(Path("/p"), unset=("C",))

    assert folder_checks.complete(facts, settings_read=False).verdict is Verdict.FAILS
    assert folder_checks.complete(facts, settings_read=True).verdict is Verdict.WARNING
    assert "C" in folder_checks.complete(facts, settings_read=True).text


def test_a_project_without_env_is_told_how_to_make_one(folder: Path) -> None:
    (folder / ".env").unlink()

    finding = folder_checks.complete(folder_facts(folder), settings_read=False)

    assert finding.verdict is Verdict.FAILS
    assert ".env.example" in finding.remedy


def test_an_env_that_is_no_text_does_not_pass(folder: Path) -> None:
    (folder / ".env").write_bytes(b"\xff\xfe\x00")

    finding = folder_checks.complete(folder_facts(folder), settings_read=False)

    assert finding.verdict is Verdict.FAILS
    assert "empty" in finding.text


def test_without_an_example_every_env_is_complete(folder: Path) -> None:
    (folder / ".env.example").unlink()

    assert folder_facts(folder).unset == ()


@pytest.mark.parametrize(
    ("mode", "verdict"), [(0o600, "ok"), (0o640, "warning"), (0o644, "warning")]
)
@pytest.mark.parametrize("name", [".env", "app.env"])
def test_passwords_that_others_may_read_are_a_warning(
    folder: Path, name: str, mode: int, verdict: str
) -> None:
    (folder / name).touch()
    (folder / name).chmod(mode)

    finding = folder_checks.secrets(folder_facts(folder))

    assert finding.verdict == verdict
    assert (str(folder / name) in finding.remedy) is (verdict == "warning")


def test_a_folder_that_cannot_be_written_to_fails() -> None:
    finding = folder_checks.permissions(FolderFacts(Path("/p"), unwritable=(Path("/p/.fream"),)))

    assert finding.verdict is Verdict.FAILS
    assert "/p/.fream" in finding.remedy


# --- the project ---


def test_a_project_that_is_well_has_nothing_to_mend(live: Stage) -> None:
    findings = project_checks.project_findings(project_facts(live.project, live.proxy))

    assert set(verdicts(findings).values()) == {"ok"}
    assert {"ports", "nginx", "mounts", "names", "drift"} <= set(verdicts(findings))


def test_a_project_of_which_nothing_runs_is_well(stage: Stage) -> None:
    stage.project.down(volumes=False)

    findings = project_checks.project_findings(project_facts(stage.project, stage.proxy))

    assert set(verdicts(findings).values()) == {"ok"}


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


def test_a_port_that_the_live_set_holds_is_ours(live: Stage) -> None:
    assert project_facts(live.project, live.proxy).taken == ()


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


def test_a_set_that_nginx_has_not_found_is_told(live: Stage) -> None:
    live.nginx.finds_by_reload_only = True
    live.project.start_by_hand(SetName.SET2, "1.0.1")

    upstreams = dict(project_facts(live.project, live.proxy).upstreams)

    assert upstreams[SetName.SET1].startswith("127.0.0.1:")
    assert upstreams[SetName.SET2] == ""


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


@pytest.mark.parametrize(
    ("name", "right"),
    [("Asia/Seoul", "+0900"), ("UTC", "+0000"), ("Asia/Seol", ""), ("../etc/passwd", "")],
)
def test_a_zone_is_looked_up(name: str, right: str) -> None:
    assert zone_of(name, "+0000") == Zone(name, "+0000", right)


def test_what_is_out_of_order_is_named_with_its_remedy(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "1.0.1")

    (finding,) = project_checks.drift(project_facts(live.project, live.proxy).snapshot)

    assert (finding.verdict, finding.text) == (Verdict.WARNING, Mend.IDLE_SET.value)
    assert finding.remedy == "fream recover"


def test_a_live_set_that_does_not_run_fails(live: Stage) -> None:
    live.project.apps[SetName.SET1].end(137)

    (finding,) = project_checks.drift(project_facts(live.project, live.proxy).snapshot)

    assert (finding.verdict, finding.text) == (Verdict.FAILS, Mend.LIVE_SET.value)


# --- the registry ---


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("127.0.0.1:5000/fream", "127.0.0.1:5000"),
        ("registry.example.com/org/app", "registry.example.com"),
        ("localhost/app", "localhost"),
        ("org/app", "docker.io"),
        ("app", "docker.io"),
    ],
)
def test_the_registry_of_an_image_is_found_as_docker_does(image: str, host: str) -> None:
    assert host_of(image) == host


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
        ("127.0.0.1", "http://127.0.0.1/v2/"),
        ("localhost:5000", "http://localhost:5000/v2/"),
        ("10.1.2.3:5000", "http://10.1.2.3:5000/v2/"),
        ("10.2.2.3:5000", "https://10.2.2.3:5000/v2/"),
        ("registry.lan:5000", "http://registry.lan:5000/v2/"),
        ("registry.example.com", "https://registry.example.com/v2/"),
        ("docker.io", "https://registry-1.docker.io/v2/"),
    ],
)
def test_only_what_the_engine_calls_insecure_is_asked_in_the_clear(host: str, url: str) -> None:
    insecure = ("127.0.0.0/8", "::1/128", "10.1.0.0/16", "registry.lan:5000")

    assert url_of(host, insecure) == url


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, False),
        ({"auths": None}, False),
        ({"auths": {"registry.example.com": {"auth": "eA=="}}}, True),
        ({"auths": {"other.io": {}}}, False),
        ({"credHelpers": {"registry.example.com": "gcloud"}}, True),
    ],
)
def test_a_login_is_what_docker_has_stored(config: dict[str, Any], expected: bool) -> None:
    assert logged_in("registry.example.com", config) is expected


def test_the_login_of_docker_hub_has_a_name_of_its_own() -> None:
    assert logged_in("docker.io", {"auths": {"https://index.docker.io/v1/": {}}})


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"status": 200}, "ok"),
        ({"status": 401, "logged_in": True}, "ok"),
        ({"status": 401}, "warning"),
        ({"status": 500}, "fails"),
        ({"error": "connection refused"}, "fails"),
        ({"error": "connection refused", "proxied": True}, "warning"),
        ({"error": "connection refused", "needed": False}, "warning"),
    ],
)
def test_a_registry_must_answer_and_know_us(changes: dict[str, Any], verdict: str) -> None:
    facts = RegistryFacts("r.io", None, "", logged_in=False, proxied=False, needed=True)

    finding = registry.registry_finding(replace(facts, **changes))

    assert finding.verdict == verdict
    assert bool(finding.remedy) is (verdict != "ok")


def test_a_registry_is_asked_at_its_own_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def reply(path: str) -> Reply:
        asked.append(path)
        return 401, {}, ""

    server = HttpServer(0, reply)
    host = f"127.0.0.1:{server.port}"
    (tmp_path / "config.json").write_text(json.dumps({"auths": {host: {}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    try:
        facts = registry.registry_facts(f"{host}/app", ("127.0.0.0/8",), "", needed=True)
    finally:
        server.close()

    assert asked == ["/v2/"]
    assert (facts.status, facts.logged_in) == (401, True)


def test_a_registry_that_is_not_there_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", "/nonexistent")

    facts = registry.registry_facts("127.0.0.1:1/app", ("127.0.0.0/8",), "http://p:1", needed=True)

    assert (facts.status, facts.proxied) == (None, False)
    assert "refused" in facts.error


# --- the command ---

FINDINGS = (
    ok("engine", "fine"),
    warning("nginx", "old", "renew it\nsoon"),
    fails("ports", "x", "y"),
)


def test_each_check_is_a_line_and_its_remedies_are_below_it() -> None:
    assert lines(FINDINGS) == [
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
        (FINDINGS[:2], "Nothing fails; look into nginx"),
        (FINDINGS[:1], "Everything is well: 1 check"),
        (FINDINGS[:1] * 3, "Everything is well: 3 checks"),
    ],
)
def test_the_findings_are_summed_up(findings: tuple[Finding, ...], told: str) -> None:
    assert summary(findings) == told


Doctor = Callable[..., Result]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Callable[[ServerFacts], None]:
    """Says what there is to know of the server."""

    def put(facts: ServerFacts) -> None:
        monkeypatch.setattr("fream_compose.doctor.examination.server_facts", lambda: facts)

    return put


@pytest.fixture
def doctor(
    live: Stage, server: Callable[[ServerFacts], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Doctor]:
    """Runs `fream doctor` in a project of fakes with a registry, on a server that is well."""
    compose = live.settings.compose_directory
    for name in ("compose.yaml", "infra.yaml"):
        (compose / name).touch()
    live.env_path.chmod(0o600)
    found = HttpServer(0, lambda _path: (200, {}, "{}"))
    image = f"127.0.0.1:{found.port}/fream"
    services = {
        name: service.model_copy(update={"image": image}) if name in set(SetName) else service
        for name, service in live.settings.services.items()
    }
    live.project.settings = live.settings.model_copy(update={"image": image, "services": services})
    server(WELL)
    monkeypatch.setattr("fream_compose.project.open_project", lambda *_: live.project)

    def run(*arguments: str) -> Result:
        command = ["-C", str(compose.parent), "doctor", *arguments]
        return CliRunner().invoke(app, command, catch_exceptions=False)

    yield run
    found.close()


def test_when_all_is_well_it_is_0(doctor: Doctor) -> None:
    result = doctor()

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith("Everything is well: ")
    assert "✓ registry" in result.stdout


def test_when_a_check_fails_it_is_3_and_all_are_told(live: Stage, doctor: Doctor) -> None:
    live.project.apps[SetName.SET1].end(137)

    result = doctor()

    assert result.exit_code == 3
    assert "✗ drift        the live set does not run" in result.stdout
    assert "✓ engine" in result.stdout
    assert "checks fails: drift" in result.stderr


def test_a_warning_alone_is_0(live: Stage, doctor: Doctor) -> None:
    live.env_path.chmod(0o644)

    result = doctor()

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "Nothing fails; look into secrets"


@pytest.mark.parametrize("ends", [True, False], ids=["fails", "well"])
def test_json_holds_every_finding_however_it_ends(live: Stage, doctor: Doctor, ends: bool) -> None:
    if ends:
        live.project.apps[SetName.SET1].end(137)

    told = json.loads(doctor("--output", "json").stdout)

    assert told["ok"] is not ends
    verdict = {found["check"]: found["verdict"] for found in told["result"]["findings"]}
    assert verdict["drift"] == ("fails" if ends else "ok")
    assert verdict["engine"] == "ok"


def test_without_docker_the_files_are_checked_all_the_same(
    live: Stage, doctor: Doctor, server: Callable[[ServerFacts], None]
) -> None:
    server(ServerFacts(installed=False))
    live.env_path.chmod(0o644)

    result = doctor()

    assert result.exit_code == 3
    assert "✗ engine       Docker is not installed" in result.stdout
    assert "! secrets" in result.stdout
    assert "drift" not in result.stdout


def test_without_an_engine_the_settings_and_the_registry_are_checked(
    doctor: Doctor, server: Callable[[ServerFacts], None]
) -> None:
    server(SILENT)

    result = doctor()

    assert result.exit_code == 3
    assert "✓ settings" in result.stdout
    assert "✓ registry" in result.stdout
    assert "drift" not in result.stdout


def test_a_project_that_cannot_be_read_fails_with_the_reason(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConfigurationError("Compose cannot read the project", "yaml: line 3")

    monkeypatch.setattr("fream_compose.project.open_project", refuse)

    result = doctor()

    assert result.exit_code == 3
    assert "✗ settings     Compose cannot read the project: yaml: line 3" in result.stdout
    assert "docker compose config" in result.stdout


def test_without_a_project_the_server_is_checked(
    doctor: Doctor, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    del doctor
    empty = tmp_path_factory.mktemp("empty")
    monkeypatch.chdir(empty)
    monkeypatch.delenv("FREAM_PROJECT_DIR", raising=False)

    anywhere = CliRunner().invoke(app, ["doctor"], catch_exceptions=False)
    named = CliRunner().invoke(app, ["-C", str(empty), "doctor"], catch_exceptions=False)

    assert (anywhere.exit_code, named.exit_code) == (0, 3)
    assert "! project" in anywhere.stdout
    assert "✗ project" in named.stdout

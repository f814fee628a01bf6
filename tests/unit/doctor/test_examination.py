"""fream doctor: which checks are made, and how the command ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from fream_compose.cli.app import app
from fream_compose.doctor.server import ServerFacts
from fream_compose.errors import ConfigurationError
from fream_compose.project import manifest
from fream_compose.release import SetName
from tests.fakes import Stage
from tests.fakes.server import HttpServer
from tests.unit.doctor.facts import SILENT, WELL

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
    (compose.parent / manifest.MANIFEST).write_text(manifest.render({}, {}))
    found = HttpServer(0, lambda _path: (200, {}, "{}"))
    image = f"127.0.0.1:{found.port}/fream"
    services = {
        name: service.model_copy(update={"image": image}) if name in set(SetName) else service
        for name, service in live.settings.services.items()
    }
    live.project.settings = live.settings.model_copy(update={"image": image, "services": services})
    server(WELL)
    monkeypatch.setattr("fream_compose.docker.project.open_project", lambda *_: live.project)

    def run(*arguments: str) -> Result:
        command = ["-C", str(compose.parent), "doctor", *arguments]
        return CliRunner().invoke(app(), command, catch_exceptions=False)

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

    monkeypatch.setattr("fream_compose.docker.project.open_project", refuse)

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

    anywhere = CliRunner().invoke(app(), ["doctor"], catch_exceptions=False)
    named = CliRunner().invoke(app(), ["-C", str(empty), "doctor"], catch_exceptions=False)

    assert (anywhere.exit_code, named.exit_code) == (0, 3)
    assert "! project" in anywhere.stdout
    assert "✗ project" in named.stdout

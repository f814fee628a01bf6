"""What the doctor finds out of the server."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from fream_compose.docker.engine import engine
from fream_compose.doctor.server import ServerFacts, disk_of, server_facts, skew
from tests.unit.doctor.facts import NOW


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

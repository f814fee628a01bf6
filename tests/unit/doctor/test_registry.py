"""Where the doctor looks for a registry, and what it says of the answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fream_compose.doctor import registry
from fream_compose.doctor.registry import RegistryFacts, host_of, logged_in, url_of
from tests.fakes.server import HttpServer, Reply


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

"""Finding out what is wrong, and making room."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.docker import docker
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases


def verdicts(out: str) -> dict[str, str]:
    """Each check of `fream doctor --output json` with its verdict."""
    findings = json.loads(out)["result"]["findings"]
    return {finding["check"]: finding["verdict"] for finding in findings}


def test_the_doctor_finds_nothing_wrong_with_what_is_well(released: Project) -> None:
    released.env_path.chmod(0o600)
    before = released.picture()

    result = released.succeed("doctor", "--output", "json")

    assert {name for name, verdict in verdicts(result.out).items() if verdict == "fails"} == set()
    expected = ("engine", "compose", ".env", "secrets", "settings", "ports", "nginx", "mounts")
    for check in (*expected, "names", "time zone", "drift", "registry"):
        assert verdicts(result.out)[check] == "ok", result
    assert released.picture() == before


def test_the_doctor_says_how_to_get_docker_where_there_is_none(
    released: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = released.fream("doctor")
    assert result.code == 3, result
    assert "Docker is not installed" in result.out
    assert "script/bootstrap" in result.out
    assert "Traceback" not in result.text


def test_the_doctor_names_what_fails(other_project: Project) -> None:
    other_project.set_env(MYSQL_PASSWORD="", IMAGE_REGISTRY="127.0.0.1:1")
    result = other_project.fream("doctor", "--output", "json")
    assert result.code == 3, result
    assert verdicts(result.out)["settings"] == "fails"

    other_project.set_env(MYSQL_PASSWORD=f"'{other_project.password}'")
    result = other_project.fream("doctor", "--output", "json")
    assert result.code == 3, result
    failing = {name for name, verdict in verdicts(result.out).items() if verdict == "fails"}
    assert failing == {"registry"}


@pytest.fixture
def past(released: Project, releases: Releases) -> Iterator[Project]:
    """The project as if `old` were the only release of its past; then its past is put back."""
    path = released.env_path.parent / ".fream" / "history.jsonl"
    before = path.read_text(encoding="utf-8")
    newest = json.loads(before.splitlines()[-1])
    old = f"old@{releases.digest(releases.push('old'))}"
    path.write_text(
        json.dumps({**newest, "version": old, "images": {}, "result": "done"}) + "\n", "utf-8"
    )
    yield released
    path.write_text(before + path.read_text(encoding="utf-8"), encoding="utf-8")


def here(project: Project) -> set[str]:
    """The tags of the project's images on this server."""
    image = f"{project.env()['IMAGE_REGISTRY']}/fream"
    return set(docker("image", "ls", "--format", "{{.Tag}}", image).split())


def test_prune_keeps_what_is_needed_and_removes_the_rest(past: Project, releases: Releases) -> None:
    releases.push("next")
    stranger = f"{past.name}/stranger:old"
    docker("tag", f"{releases.registry}/fream:old", stranger)
    try:
        assert "Nothing to remove" in past.succeed("prune").out
        past.switch(GOOD)
        assert {"old", "next", GOOD} <= here(past)

        result = past.succeed("prune", "--keep", "1", "--output", "json")

        told = json.loads(result.out)["result"]
        assert told["removed"] == ["old"]
        assert told["freed"] >= 0
        assert "old" not in here(past)
        assert {"next", GOOD} <= here(past)
        assert docker("image", "inspect", stranger)
    finally:
        docker("image", "rm", stranger)
    assert past.version() == GOOD


def test_a_switch_removes_the_images_of_releases_long_past(past: Project) -> None:
    with past.changed_env(RETAIN_RELEASES="1"):
        result = past.switch(GOOD)
    assert "1 image removed" in result.out
    assert "old" not in here(past)
    assert GOOD in here(past)
    assert past.version() == GOOD

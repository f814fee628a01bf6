"""What an operator reads when something is not as it should be, with a real engine behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.docker import docker
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.project import Project, Result
from tests.stories.releases import GOOD, Releases, machine_images
from tests.stories.waiting import eventually
from tests.stories.web import get

# bcrypt, of a password that opens this registry and nothing else.
_LOGIN = "tester:$2b$05$GjjJ/EGysKN4w4uzdr/PFOlcnpdsoEkEjLp60n9KNFWFvkvGSF8vK"
_CLOSED = f"127.0.0.1:{FIRST_PORT + 501}"


def told(result: Result, label: str) -> str:
    """What an error says under a label, as one text."""
    found = re.search(rf"^  {label} +(.*(?:\n {{11}}.*)*)", result.err, re.MULTILINE)
    assert found, result
    return re.sub(r"\n {11}", "\n", found[1])


@pytest.fixture
def closed_registry(tmp_path: Path, releases: Releases) -> Iterator[str]:
    """A registry that wants a login."""
    (tmp_path / "htpasswd").write_text(f"{_LOGIN}\n")
    (tmp_path / "htpasswd").chmod(0o644)
    tmp_path.chmod(0o755)
    container = f"{NAME}-closed-registry"
    auth = {"": "htpasswd", "_HTPASSWD_REALM": "tests", "_HTPASSWD_PATH": "/auth/htpasswd"}
    options = [f"--env=REGISTRY_AUTH{name}={value}" for name, value in auth.items()]
    options += [f"--volume={tmp_path}:/auth:ro", f"--publish={_CLOSED}:5000"]
    image = machine_images()["REGISTRY_IMAGE"]
    docker("run", "--detach", "--name", container, "--label", releases.label, *options, image)
    try:
        eventually(lambda: get(f"http://{_CLOSED}/v2/").status_code == 401)
        yield _CLOSED
    finally:
        docker("rm", "--force", "--volumes", container)


def test_a_crash_is_told_with_how_it_ended_and_the_app_s_own_last_words(
    released: Project, releases: Releases
) -> None:
    version = releases.push("crash", CRASH_AT_BOOT="the licence has expired")

    result = released.fream("switch", version)

    assert result.code == 6, result
    container = released.container(released.idle_set)
    # A busy engine soon forgets how a container ended that it started again.
    ended = "ended( with exit code 1|, with an exit code that Docker has forgotten)"
    assert re.fullmatch(rf"{container} {ended}(, \d+ times)?", told(result, "why"))
    assert re.search(r"^  log +\d\d:\d\d:\d\d .*the licence has expired", result.err, re.MULTILINE)
    assert "exit code 0" not in result.err


def test_an_excerpt_has_no_line_of_freams_own_checks(released: Project, releases: Releases) -> None:
    version = releases.push("unhealthy", UNHEALTHY="503", ACCESS_LOG="on")

    with released.changed_env(HEALTH_CHECK_TIMEOUT="5s"):
        result = released.fream("switch", version)

    assert result.code == 6, result
    assert "listening on port" in result.err
    assert '"GET /products' not in result.err


def test_a_missing_image_is_told_with_what_was_released_here(released: Project) -> None:
    result = released.fream("switch", "9.9.9")

    assert result.code == 5, result
    assert "has no such image" in result.err
    assert re.search(rf"^Released here, .*\b{re.escape(GOOD)}\b", told(result, "why"), re.MULTILINE)
    assert "docker push " in told(result, "next")


@pytest.mark.parametrize(
    ("registry", "words"),
    [("127.0.0.1:1", "127.0.0.1:1 is down"), ("nowhere.invalid", "nowhere.invalid is not known")],
)
def test_a_registry_that_is_down_or_unknown_is_told_as_that(
    released: Project, registry: str, words: str
) -> None:
    with released.changed_env(IMAGE_REGISTRY=registry):
        made, planned = (
            released.fream("switch", "1.0.1"),
            released.fream("switch", "--dry-run", "1.0.1"),
        )

    for result in (made, planned):
        assert result.code == 5, result
        assert words in result.err.splitlines()[0]
        assert told(result, "next")


def test_a_registry_that_wants_a_login_is_told_with_the_command(
    released: Project, closed_registry: str, tmp_path: Path
) -> None:
    nobody = tmp_path / "nobody"
    nobody.mkdir()

    with released.changed_env(IMAGE_REGISTRY=closed_registry):
        result = released.fream("switch", "1.0.1", DOCKER_CONFIG=str(nobody))

    assert result.code == 5, result
    assert f"{closed_registry} wants a login" in result.err
    assert told(result, "next") == f"docker login {closed_registry}, then the same again"


def test_a_lost_env_is_put_back_by_what_the_error_says(released: Project) -> None:
    before = released.picture()
    text = released.env_path.read_text()
    released.env_path.unlink()
    try:
        results = [released.fream(*words) for words in (["status"], ["up"], ["recover"], ["down"])]
        for result in results:
            assert result.code == 3, result
            assert f"{released.env_path} is lost" in result.err
            assert "serves as before" in told(result, "serving")
            assert "MYSQL_PASSWORD, MYSQL_ROOT_PASSWORD" in told(result, "next")
        for words in (["logs"], ["exec", "live", "true"], ["maintenance", "on"]):
            released.succeed(*words)
        released.succeed("maintenance", "off")
        lines = [line for line in told(results[1], "next").splitlines() if "=" in line[:30]]
        shown = dict(line.split("=", 1) for line in lines)
        assert shown["COMPOSE_PROFILES"] == f"infra,{released.live_set}"
        assert shown["COMPOSE_PROJECT_NAME"] == released.name
        # As told: the example, with these lines and the passwords in it.
        released.env_path.write_text(released.env_path.with_name(".env.example").read_text())
        passwords = {"PASSWORD": released.password, "ROOT_PASSWORD": released.root_password}
        secret = {f"MYSQL_{name}": f"'{word}'" for name, word in passwords.items()}
        released.set_env(**shown, **secret)
        released.succeed("up")
        assert released.picture().containers == before.containers
        assert released.picture().live == before.live
    finally:
        released.env_path.write_text(text)


def test_after_down_nothing_advises_a_repair(released: Project) -> None:
    released.succeed("down")
    try:
        for words in (["logs"], ["exec", "live", "true"], ["reload"], ["maintenance", "on"]):
            result = released.fream(*words)
            assert result.code != 0
            assert told(result, "next") == "fream up"
    finally:
        released.succeed("up")

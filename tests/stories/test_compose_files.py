"""What a plain `docker compose` reads beside compose.yaml, and does, holds for fream, too."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stories import web
from tests.stories.docker import docker, inspect
from tests.stories.project import Project
from tests.stories.releases import GOOD, machine_images
from tests.stories.waiting import eventually

# A worker that stops slowly, a variable, a port and a volume of the app's own.
WORKER = """
  mailer-{name}:
    profiles: [{name}]
    image: {base}
    command: [python3, -c, "{code}"]
    stop_grace_period: {grace}
"""
SLOW = (
    "import signal, time; "
    "signal.signal(signal.SIGTERM, lambda *_: (time.sleep({seconds}), print('finished'), exit())); "
    "time.sleep(3600)"
)
APP = """
  {name}:
    environment: {{OWNERS_GREETING: from-the-owner}}
    volumes: [/var/cache/shop]
    ports: ["127.0.0.1::9000"]
"""


def of_the_owner(seconds: int = 0, grace: str = "10s") -> str:
    """A Compose file on top of the project's own."""
    text = "services:\n"
    for name in ("set1", "set2"):
        text += APP.format(name=name)
        code = SLOW.format(seconds=seconds)
        base = machine_images()["BASE_IMAGE"]
        text += WORKER.format(name=name, base=base, code=code, grace=grace)
    return text


def beside(project: Project, name: str) -> Path:
    return project.env_path.parent / name


@pytest.fixture
def own(released: Project) -> Iterator[Callable[[str, str], None]]:
    """Puts a file beside compose.yaml; afterwards there is none, and the release is plain."""
    made: list[Path] = []

    def put(name: str, text: str) -> None:
        made.append(beside(released, name))
        made[-1].write_text(text)

    before = released.env_path.read_text()
    yield put
    kept = released.env()
    for path in made:
        path.unlink()
    released.env_path.write_text(before)
    names = ("COMPOSE_PROFILES", "SET1_VERSION", "SET2_VERSION")
    released.set_env(**{name: kept[name] for name in names})
    for service in ("mailer-set1", "mailer-set2"):
        docker("container", "rm", "--force", "--volumes", f"{released.name}-{service}-1")
    released.switch(GOOD)


def app_of(project: Project) -> dict[str, object]:
    return inspect(project.container(project.live_set))


def holds(project: Project) -> bool:
    """Whether what runs is as the owner's file says."""
    config = app_of(project)["Config"]
    assert isinstance(config, dict)
    found = inspect(f"{project.name}-mailer-{project.live_set}-1")["State"]["Status"]
    return "OWNERS_GREETING=from-the-owner" in config["Env"] and found == "running"


@pytest.mark.parametrize(
    "name",
    [
        "compose.override.yaml",
        "compose.override.yml",
        "docker-compose.override.yml",
        "docker-compose.override.yaml",
    ],
)
def test_an_override_is_read_as_compose_reads_it(
    released: Project, own: Callable[[str, str], None], name: str
) -> None:
    own(name, of_the_owner())

    told = json.loads(released.succeed("config", "--output", "json").out)

    services = told["result"]["sets"]["set1"]["services"]["value"]
    by_hand = json.loads(released.compose("--profile", "*", "config", "--format", "json"))
    assert ("mailer-set1" in services) == ("mailer-set1" in by_hand["services"])
    assert "mailer-set1" in services


def own_volume(container: str) -> str:
    """The anonymous volume of an app's container."""
    mounts = inspect(container)["Mounts"]
    return str(next(m["Name"] for m in mounts if m["Destination"] == "/var/cache/shop"))


def volumes() -> set[str]:
    return set(docker("volume", "ls", "-q").split())


def test_a_release_runs_with_the_override_and_its_volume_goes_with_its_container(
    released: Project, own: Callable[[str, str], None]
) -> None:
    own("compose.override.yaml", of_the_owner())

    released.switch(GOOD)
    assert holds(released)
    assert released.version() == GOOD
    old = own_volume(released.container(released.live_set))
    assert old in volumes()
    released.switch(GOOD)

    assert holds(released)
    assert old not in volumes()
    assert own_volume(released.container(released.live_set)) in volumes()


def test_a_failed_release_leaves_no_volume(
    released: Project, own: Callable[[str, str], None]
) -> None:
    own("compose.override.yaml", of_the_owner())
    container = released.container(released.idle_set)

    with released.changed_env(HEALTH_CHECK_POINT="/no-such-page", HEALTH_CHECK_TIMEOUT="5s"):
        switch = released.start("switch", "--version", GOOD)
        volume = eventually(lambda: own_volume(container))
        result = released.finish(switch)

    assert result.code == 6, result
    assert volume not in volumes()


def test_the_files_that_env_names_are_read(
    released: Project, own: Callable[[str, str], None]
) -> None:
    """By their path from the folder of `.env`, wherever fream is called from."""
    own("ours.yaml", of_the_owner())
    with released.env_path.open("a") as env:
        env.write("COMPOSE_PATH_SEPARATOR=;\nCOMPOSE_FILE=compose.yaml;ours.yaml\n")

    released.switch(GOOD)

    assert holds(released)
    released.compose("up", "--detach", "--no-recreate")
    assert holds(released)


def test_a_slow_worker_of_the_old_release_finishes_its_work(
    released: Project, own: Callable[[str, str], None]
) -> None:
    own("compose.override.yaml", of_the_owner(seconds=14, grace="30s"))
    released.switch(GOOD)
    worker = f"{released.name}-mailer-{released.live_set}-1"
    began = time.monotonic()
    released.switch(GOOD)

    assert time.monotonic() - began >= 14
    assert worker not in released.containers()


def test_a_service_in_both_sets_is_refused_by_name(
    released: Project, own: Callable[[str, str], None]
) -> None:
    own("compose.override.yaml", "services: {mailer: {image: a, profiles: [set1, set2]}}\n")
    before = released.picture()

    result = released.fream("switch", "--version", GOOD)

    assert result.code == 3, result
    assert "mailer" in result.err
    assert released.picture() == before


def test_ports_that_docker_picked_are_found_after_a_restart_and_by_hand(released: Project) -> None:
    released.set_env(SET1_PORT="", SET2_PORT="")
    try:
        released.switch(GOOD)
        container = released.container(released.live_set)
        before = docker("port", container)
        docker("restart", container)
        eventually(lambda: released.get("/products").status_code == 200)
        assert docker("port", container) != before

        assert json.loads(released.succeed("status", "-o", "json").out)["result"]["live"]["healthy"]
        docker("rm", "--force", container)
        released.compose("up", "--detach")
        eventually(lambda: released.get("/products").status_code == 200)
        assert json.loads(released.succeed("status", "-o", "json").out)["result"]["live"]["healthy"]
        released.switch(GOOD)
        port = int(docker("port", released.container(released.live_set)).rpartition(":")[2])
        assert web.get(f"http://127.0.0.1:{port}/products").status_code == 200
    finally:
        released.set_env(
            **{f"{name.upper()}_PORT": str(p) for name, p in released.set_ports.items()}
        )
        released.switch(GOOD)

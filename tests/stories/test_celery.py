"""A shop as teams have it: an API, a front end at /, a Celery worker and beat, Redis beside."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from tests.stories import web
from tests.stories.docker import docker, remove_project
from tests.stories.own_app import fream
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.releases import ROOT, Releases, machine_images
from tests.stories.visitors import Visit, Visitors
from tests.stories.waiting import eventually

PROJECT = f"{NAME}-celery"
PORT = FIRST_PORT + 880
URL = f"http://127.0.0.1:{PORT}"
APP = ROOT / "tests" / "apps" / "celery_shop"
REDIS = "fream-e2e/redis:1"
VERSIONS = ("1.0.0", "1.1.0")
SERVICES = """
  services:
    app: {path: /api/}
    ui: {path: /, port: 9000, health: {path: /}}
    worker: {after: cut_over}
    beat: {alone: true, after: worker}
"""
# The front end has an image of its own, the others have the API's.
MEMBERS = """
  {set}-ui:
    <<: *app
    profiles: [{set}]
    image: ${{IMAGE_REGISTRY}}/shop-ui:${{{variable}:-none}}
    command: [gunicorn, --bind, 0.0.0.0:9000, "shop:ui"]

  {set}-worker:
    <<: *app
    profiles: [{set}]
    image: ${{IMAGE_REGISTRY}}/${{IMAGE_NAME}}:${{{variable}:-none}}
    command: [celery, --app, shop, worker, --concurrency, "2", --without-gossip]

  {set}-beat:
    <<: *app
    profiles: [{set}]
    image: ${{IMAGE_REGISTRY}}/${{IMAGE_NAME}}:${{{variable}:-none}}
    command: [celery, --app, shop, beat, --schedule, /tmp/beat]
"""
STORE = f"""
  redis:
    profiles: [infra]
    image: {REDIS}
    restart: always
"""
GRACE = "300s"  # that a job has to end


@pytest.fixture
def registry(releases: Releases) -> Iterator[str]:
    """The shop's two images in both versions, in a registry and not on this server."""
    options = ["--quiet", "--network", "host"]
    options += ["--build-arg", f"BASE_IMAGE={machine_images()['BASE_IMAGE']}"]
    docker("build", *options, "--target", "redis", "--tag", REDIS, str(APP))
    images = []
    for version in VERSIONS:
        for name in ("shop", "shop-ui"):
            cached = f"fream-e2e/celery-{name}:{version}"
            image = f"{releases.registry}/{name}:{version}"
            label = ["--label", f"part={name}", "--build-arg", f"VERSION={version}"]
            docker("build", *options, *label, "--target", "shop", "--tag", cached, str(APP))
            docker("tag", cached, image)
            docker("push", "--quiet", image)
            docker("image", "rm", image)
            images.append(image)
    yield releases.registry
    docker("image", "rm", "--force", *images)


@pytest.fixture
def shop(registry: str, tmp_path: Path) -> Iterator[Path]:
    """Its project, as a team writes it down."""
    remove_project(PROJECT)
    options = ["--image", f"{registry}/shop", "--name", PROJECT, "--app-port", "8000"]
    options += ["--health-path", "/api/version", "--http-port", f"127.0.0.1:{PORT}"]
    options += ["--set", f"NGINX_IMAGE={machine_images()['NGINX_IMAGE']}"]
    fream(
        tmp_path,
        "init",
        "shop",
        *options,
        "--set",
        "GUARD=3s",
        "--set",
        f"APP_STOP_GRACE_PERIOD={GRACE}",
    )
    compose = tmp_path / "shop" / "compose"
    for file, text in (
        ("app.yaml", MEMBERS.format(set="set1", variable="SET1_VERSION")),
        ("app.yaml", MEMBERS.format(set="set2", variable="SET2_VERSION")),
        ("infra.yaml", STORE),
    ):
        with (compose / file).open("a", encoding="utf-8") as end:
            end.write(text)
    settings = (compose / "compose.yaml").read_text(encoding="utf-8")
    (compose / "compose.yaml").write_text(
        settings.replace("\n  services: {}\n", SERVICES), encoding="utf-8"
    )
    try:
        yield tmp_path / "shop"
    finally:
        remove_project(PROJECT)


def done() -> dict[int, list[str]]:
    """Which release finished each order."""
    found: dict[int, list[str]] = {}
    for line in web.get(f"{URL}/api/done").json():
        number, version = line.split()
        found.setdefault(int(number), []).append(version)
    return found


@contextmanager
def told_by_docker() -> Iterator[list[str]]:
    """The starts and ends of the project's containers during a block, each as a line of JSON.

    They are written down as they come: the engine keeps the last few only.
    """
    filters = [f"label=com.docker.compose.project={PROJECT}", "event=start", "event=die"]
    options = [option for text in filters for option in ("--filter", text)]
    command = ["docker", "events", "--format", "json", *options]
    told: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as events:
        assert events.stdout
        reader = threading.Thread(target=told.extend, args=(events.stdout,))
        reader.start()
        try:
            yield told
        finally:
            events.terminate()
            reader.join()


def lives(service: str, told: list[str]) -> list[tuple[int, int]]:
    """From when until when each container of a service ran, in nanoseconds."""
    found: dict[str, list[int]] = {}
    for event in map(json.loads, told):
        name = event["Actor"]["Attributes"]["com.docker.compose.service"]
        if re.fullmatch(rf"set[12]-{service}", name):
            found.setdefault(event["Actor"]["ID"], []).append(event["timeNano"])
    return sorted((moments[0], moments[-1]) for moments in found.values())


def test_a_shop_with_a_front_end_a_worker_and_a_scheduler_is_released_twice(shop: Path) -> None:
    with told_by_docker() as told:
        release_twice(shop)
        fream(shop, "down")
    schedulers = lives("beat", told)
    assert len(schedulers) == 3
    for (_, ended), (started, _) in pairwise(schedulers):
        assert ended < started, "two schedulers at once"


def release_twice(shop: Path) -> None:
    """Release it under load, once more while a job is at work, and go back."""
    fream(shop, "up", "infra")
    fream(shop, "switch", "--version", VERSIONS[0])
    page = r"version (\S+)<"
    api = r'"version": ?"([^"]+)"'
    visitors = Visitors(
        PORT,
        Visit("/", page),
        Visit("/?new", page, keep=False),
        Visit("/api/version", api),
        Visit("/api/orders/{number}", api, method="POST"),
    )
    with visitors.at_work():
        eventually(visitors.all_served)
        web.post(f"{URL}/api/orders/0", b"")
        fream(shop, "switch", "--version", VERSIONS[1])
        asked = {path: len(versions) for path, versions in visitors.served.items()}
        said = fream(shop, "status")
        assert 0 not in done(), "the switch waited for a job"
        web.post(f"{URL}/api/let-go", b"")
        eventually(lambda: visitors.all_served(max(asked.values()) + 10))
        rolled = fream(shop, "rollback")

    assert "set1-worker" in said
    assert "finish" in said
    assert visitors.failed == []
    for path, versions in visitors.served.items():
        assert versions[0] == VERSIONS[0]
        assert versions[asked[path] + 1] == VERSIONS[1], path
    assert VERSIONS[0] in rolled

    orders = {*visitors.sent, 0}
    eventually(lambda: orders <= done().keys())
    assert {number for number, versions in done().items() if len(versions) > 1} == set()
    assert done()[0] == [VERSIONS[0]]
    ticks = web.get(f"{URL}/api/ticks").json()
    assert set(ticks) == set(VERSIONS)

"""A release that is not good: everything is undone, and no user notices.

The visitors of each test fail it when a single request of theirs does.
"""

from __future__ import annotations

import json
import socket

import pytest

from load import Load
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases

pytestmark = pytest.mark.usefixtures("visitors")


def test_an_unhealthy_release_is_undone_and_explained(
    released: Project, releases: Releases
) -> None:
    before = released.picture()
    version = releases.push("unhealthy", UNHEALTHY="503")
    with released.changed_env(HEALTH_CHECK_TIMEOUT="5s"):
        result = released.fream("switch", "--version", version)
    assert result.code == 6, result
    assert released.picture() == before
    assert "503" in result.err
    assert "this release answers 503 because DEMO_UNHEALTHY is set" in result.err
    assert "listening on port" in result.err
    assert f"in {released.live_set} serves as before" in result.err


def test_a_release_that_crashes_at_boot_is_undone_long_before_the_deadline(
    released: Project, releases: Releases
) -> None:
    before = released.picture()
    version = releases.push("crash", CRASH_AT_BOOT="the licence has expired")
    result = released.fream("switch", "--version", version)
    assert result.code == 6, result
    assert result.seconds < 60
    assert "the licence has expired" in result.err
    assert released.picture() == before


def test_a_missing_image_is_refused(released: Project) -> None:
    before = released.picture()
    result = released.fream("switch", "--version", "9.9.9")
    assert result.code == 5, result
    assert result.seconds < 60
    assert "/fream:9.9.9" in result.err
    assert released.picture() == before


def test_programs_are_told_what_failed(released: Project) -> None:
    result = released.fream("switch", "--version", "9.9.9", "--output", "json")
    told = json.loads(result.out)
    assert result.code == told["error"]["exit_code"] == 5
    assert not told["ok"]
    assert "9.9.9" in told["error"]["what"]
    assert "serves as before" in told["error"]["serving"]


@pytest.mark.parametrize("version", ["not a tag", "sha256:123", "1.0.0@", "-"])
def test_what_cannot_be_a_version_is_refused(released: Project, version: str) -> None:
    before = released.picture()
    result = released.fream("switch", f"--version={version}")
    assert result.code == 2, result
    assert released.picture() == before


def test_a_broken_nginx_configuration_is_refused_before_anything_changes(
    released: Project, visitors: Load
) -> None:
    before = released.picture()
    broken = released.folder / "nginx" / "site.d" / "x.conf"
    broken.write_text("this is not nginx;\n", encoding="utf-8")
    try:
        result = released.fream("switch", "--version", GOOD)
        visitors.wait_for(10)
    finally:
        broken.unlink()
    assert result.code == 7, result
    assert "/etc/nginx/site.d/x.conf" in result.err
    assert released.picture() == before


def test_a_port_that_another_process_holds_is_named(released: Project) -> None:
    before, idle = released.picture(), released.idle_set
    with socket.create_server(("127.0.0.1", released.set_ports[idle])):
        result = released.fream("switch", "--version", GOOD)
    assert result.code == 3, result
    assert str(released.set_ports[idle]) in result.err
    assert f"{idle.upper()}_PORT" in result.err
    assert released.picture() == before

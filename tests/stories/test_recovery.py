"""What a crash or a hand left out of order is put right by one command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from tests.stories.docker import docker
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases
from tests.stories.test_interruption import booting
from tests.stories.waiting import eventually


def test_recover_changes_nothing_when_all_is_in_order(released: Project) -> None:
    released.switch(GOOD)
    before = released.picture()
    told = json.loads(released.succeed("recover", "--output", "json").out)
    assert told["result"]["mended"] == []
    assert released.picture() == before


def test_recover_removes_what_a_killed_switch_left(released: Project, releases: Releases) -> None:
    before = released.picture()
    with booting(released, releases) as process:
        process.kill()
        process.wait()
    released.succeed("recover")
    assert released.containers() == before.containers
    assert released.live() == before.live
    assert "notice" not in released.succeed("status").out


def test_recover_starts_a_live_set_that_was_stopped(released: Project) -> None:
    before = released.live()
    docker("stop", released.container(released.live_set))
    shown = released.fream("status")
    assert shown.code == 6, shown
    assert "NOT HEALTHY" in shown.out
    assert "fream recover" in shown.out
    released.succeed("recover")
    assert released.get("/products").status_code == 200
    assert released.live() == before


def test_recover_starts_nginx_when_it_was_stopped(released: Project) -> None:
    before = released.live()
    docker("stop", released.container("nginx"))
    shown = released.fream("status")
    assert shown.code == 7, shown
    assert shown.out.startswith(f"DOWN  {released.name}: nginx is stopped, users get connection")
    told = json.loads(released.fream("status", "--output", "json").out)
    assert told["error"]["exit_code"] == 7
    assert told["result"]["live"]["healthy"]
    released.succeed("recover")
    assert released.get("/products").status_code == 200
    assert released.live() == before


@pytest.mark.parametrize("also", ["", "history", "profiles"])
def test_recover_writes_a_lost_include_again_and_users_are_served(
    released: Project, also: str
) -> None:
    """As after an `rsync --delete` and a reboot."""
    before = released.picture()
    released.include.unlink()
    history = released.env_path.parent / ".fream" / "history.jsonl"
    kept = history.read_bytes()
    if also == "history":
        history.unlink()
    if also == "profiles":
        released.set_env(COMPOSE_PROFILES="infra")
    docker("restart", released.container("nginx"))
    eventually(lambda: asked(released) == 503)
    assert released.fream("status").code == 7

    released.succeed("recover")

    history.write_bytes(kept)
    assert released.get("/products").status_code == 200
    now = released.live()
    assert now
    assert before.live
    assert (now["set"], now["version"]) == (before.live["set"], before.live["version"])
    assert released.containers().keys() == before.containers.keys()


def test_recover_leaves_the_only_app_alone_when_nobody_names_it(released: Project) -> None:
    before, history = released.picture(), released.env_path.parent / ".fream" / "history.jsonl"
    name = released.container(released.live_set)
    kept, include = history.read_bytes(), released.include.read_text()
    released.include.unlink()
    history.unlink()
    released.set_env(COMPOSE_PROFILES="infra")
    docker("restart", released.container("nginx"))
    eventually(lambda: asked(released) == 503)

    result = released.fream("recover")

    history.write_bytes(kept)
    assert result.code == 9, result
    assert released.containers()[name] == before.containers[name]
    released.include.write_text(include)
    released.succeed("recover")
    assert released.get("/products").status_code == 200


def test_a_typing_error_in_nginxs_files_is_named_and_recover_is_quick_once_it_is_corrected(
    released: Project,
) -> None:
    before, path = released.live(), released.folder / "nginx" / "site.d" / "limits.conf"
    path.write_text("client_max_body_sise 1m;\n")
    try:
        found = json.loads(released.fream("status", "-o", "json").out)["result"]["drift"]
        assert [drift["what"] for drift in found] == ["nginx/site.d/limits.conf:1", *names(path)]
        docker("restart", released.container("nginx"))
        eventually(lambda: restarts(released) >= 3)
        assert "nginx/site.d/limits.conf:1" in released.fream("doctor").out
        assert "is in use" not in released.fream("doctor").text
        refused = released.fream("recover")
        assert refused.code == 7, refused
        assert "/etc/nginx/site.d/limits.conf:1" in refused.err
        path.write_text("client_max_body_size 1m;\n")
        assert released.succeed("recover").seconds < 100
        assert released.get("/products").status_code == 200
        assert released.live() == before
    finally:
        path.unlink()
        docker("restart", released.container("nginx"))
        eventually(lambda: released.live() is not None)
    assert json.loads(released.succeed("status", "-o", "json").out)["result"]["drift"] == []


def test_what_is_set_and_does_not_hold_yet_is_drift_and_no_illness(released: Project) -> None:
    ports = {
        "HTTP_PORT": f"127.0.0.1:{released.http_port + 5}",
        "CONTROL_PORT": str(released.control_port + 5),
        "SET1_PORT": str(released.set_ports["set1"] + 5),
        "SET2_PORT": str(released.set_ports["set2"] + 5),
    }
    with released.changed_env(**ports, HEALTH_CHECK_POINT="/version"):
        told = json.loads(released.succeed("status", "--output", "json").out)["result"]
        released.succeed("recover")
        assert released.get("/products").status_code == 200
    assert told["live"]["healthy"]
    assert told["live"]["health"].startswith("/products ")
    assert {drift["what"]: drift["takes_effect"] for drift in told["drift"]} == {
        "ports of nginx": "fream up infra --recreate",
        f"ports of {released.live_set}": "the next fream switch",
        "health path": "the next fream switch",
    }


def names(path: Path) -> list[str]:
    return [f"nginx/site.d/{path.name}"]


def asked(released: Project) -> int:
    try:
        return released.get("/products").status_code
    except requests.RequestException:
        return 0


def restarts(released: Project) -> int:
    return int(docker("inspect", "--format", "{{.RestartCount}}", released.container("nginx")))


def test_recover_has_env_name_what_is_live(released: Project) -> None:
    before = released.picture()
    released.set_env(COMPOSE_PROFILES=f"infra,{released.idle_set}")
    assert ".env" in released.succeed("status").out
    released.succeed("recover")
    assert released.picture() == before


def test_up_brings_back_a_live_set_that_was_removed(released: Project) -> None:
    before = released.live()
    docker("rm", "--force", released.container(released.live_set))
    released.succeed("up")
    assert released.get("/products").status_code == 200
    assert released.live() == before

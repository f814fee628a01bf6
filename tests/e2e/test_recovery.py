"""What a crash or a hand left out of order is put right by one command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from tests.e2e.docker import docker
from tests.e2e.project import Project
from tests.e2e.releases import GOOD, Releases
from tests.e2e.test_interruption import booting
from tests.e2e.waiting import eventually


def test_recover_changes_nothing_when_all_is_in_order(live: Project) -> None:
    live.switch(GOOD)
    before = live.picture()
    told = json.loads(live.succeed("recover", "--output", "json").out)
    assert told["result"]["mended"] == []
    assert live.picture() == before


def test_recover_removes_what_a_killed_switch_left(live: Project, releases: Releases) -> None:
    before = live.picture()
    with booting(live, releases) as process:
        process.kill()
        process.wait()
    live.succeed("recover")
    assert live.containers() == before.containers
    assert live.live() == before.live
    assert "notice" not in live.succeed("status").out


def test_recover_starts_a_live_set_that_was_stopped(live: Project) -> None:
    before = live.live()
    docker("stop", live.container(live.live_set))
    shown = live.fream("status")
    assert shown.code == 6, shown
    assert "NOT HEALTHY" in shown.out
    assert "fream recover" in shown.out
    live.succeed("recover")
    assert live.get("/products").status_code == 200
    assert live.live() == before


def test_recover_starts_nginx_when_it_was_stopped(live: Project) -> None:
    before = live.live()
    docker("stop", live.container("nginx"))
    shown = live.fream("status")
    assert shown.code == 7, shown
    assert shown.out.startswith("DOWN     Users are not served: nginx does not answer")
    told = json.loads(live.fream("status", "--output", "json").out)
    assert told["error"]["exit_code"] == 7
    assert told["result"]["live"]["healthy"]
    live.succeed("recover")
    assert live.get("/products").status_code == 200
    assert live.live() == before


@pytest.mark.parametrize("also", ["", "history", "profiles"])
def test_recover_writes_a_lost_include_again_and_users_are_served(live: Project, also: str) -> None:
    """As after an `rsync --delete` and a reboot."""
    before = live.picture()
    live.include.unlink()
    history = live.env_path.parent / ".fream" / "history.jsonl"
    kept = history.read_bytes()
    if also == "history":
        history.unlink()
    if also == "profiles":
        live.set_env(COMPOSE_PROFILES="infra")
    docker("restart", live.container("nginx"))
    eventually(lambda: asked(live) == 503)
    assert live.fream("status").code == 7

    live.succeed("recover")

    history.write_bytes(kept)
    assert live.get("/products").status_code == 200
    now = live.live()
    assert now
    assert before.live
    assert (now["set"], now["version"]) == (before.live["set"], before.live["version"])
    assert live.containers().keys() == before.containers.keys()


def test_recover_leaves_the_only_app_alone_when_nobody_names_it(live: Project) -> None:
    before, history = live.picture(), live.env_path.parent / ".fream" / "history.jsonl"
    name = live.container(live.live_set)
    kept, include = history.read_bytes(), live.include.read_text()
    live.include.unlink()
    history.unlink()
    live.set_env(COMPOSE_PROFILES="infra")
    docker("restart", live.container("nginx"))
    eventually(lambda: asked(live) == 503)

    result = live.fream("recover")

    history.write_bytes(kept)
    assert result.code == 9, result
    assert live.containers()[name] == before.containers[name]
    live.include.write_text(include)
    live.succeed("recover")
    assert live.get("/products").status_code == 200


def test_a_typing_error_in_nginxs_files_is_named_and_recover_is_quick_once_it_is_corrected(
    live: Project,
) -> None:
    before, path = live.live(), live.folder / "nginx" / "site.d" / "limits.conf"
    path.write_text("client_max_body_sise 1m;\n")
    try:
        found = json.loads(live.fream("status", "-o", "json").out)["result"]["drift"]
        assert [drift["what"] for drift in found] == ["nginx/site.d/limits.conf:1", *names(path)]
        docker("restart", live.container("nginx"))
        eventually(lambda: restarts(live) >= 3)
        assert "nginx/site.d/limits.conf:1" in live.fream("doctor").out
        assert "is in use" not in live.fream("doctor").text
        refused = live.fream("recover")
        assert refused.code == 7, refused
        assert "/etc/nginx/site.d/limits.conf:1" in refused.err
        path.write_text("client_max_body_size 1m;\n")
        assert live.succeed("recover").seconds < 15
        assert live.get("/products").status_code == 200
        assert live.live() == before
    finally:
        path.unlink()
        docker("restart", live.container("nginx"))
        eventually(lambda: live.live() is not None)
    assert json.loads(live.succeed("status", "-o", "json").out)["result"]["drift"] == []


def test_what_is_set_and_does_not_hold_yet_is_drift_and_no_illness(live: Project) -> None:
    ports = {
        "HTTP_PORT": f"127.0.0.1:{live.http_port + 5}",
        "CONTROL_PORT": str(live.control_port + 5),
        "SET1_PORT": str(live.set_ports["set1"] + 5),
        "SET2_PORT": str(live.set_ports["set2"] + 5),
    }
    with live.changed_env(**ports, HEALTH_CHECK_POINT="/version"):
        told = json.loads(live.succeed("status", "--output", "json").out)["result"]
        live.succeed("recover")
        assert live.get("/products").status_code == 200
    assert told["live"]["healthy"]
    assert told["live"]["health"].startswith("/products ")
    assert {drift["what"]: drift["takes_effect"] for drift in told["drift"]} == {
        "ports of nginx": "fream up --recreate",
        f"ports of {live.live_set}": "the next fream switch",
        "health path": "the next fream switch",
    }


def names(path: Path) -> list[str]:
    return [f"nginx/site.d/{path.name}"]


def asked(live: Project) -> int:
    try:
        return live.get("/products").status_code
    except requests.RequestException:
        return 0


def restarts(live: Project) -> int:
    return int(docker("inspect", "--format", "{{.RestartCount}}", live.container("nginx")))


def test_recover_has_env_name_what_is_live(live: Project) -> None:
    before = live.picture()
    live.set_env(COMPOSE_PROFILES=f"infra,{live.idle_set}")
    assert ".env" in live.succeed("status").out
    live.succeed("recover")
    assert live.picture() == before


def test_up_brings_back_a_live_set_that_was_removed(live: Project) -> None:
    before = live.live()
    docker("rm", "--force", live.container(live.live_set))
    live.succeed("up")
    assert live.get("/products").status_code == 200
    assert live.live() == before

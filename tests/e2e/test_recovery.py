"""What a crash or a hand left out of order is put right by one command."""

from __future__ import annotations

import json

from tests.e2e.docker import docker
from tests.e2e.project import Project
from tests.e2e.releases import GOOD, Releases
from tests.e2e.test_interruption import booting


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
    shown = live.succeed("status").out
    assert "NOT HEALTHY" in shown
    assert "fream recover" in shown
    live.succeed("recover")
    assert live.get("/products").status_code == 200
    assert live.live() == before


def test_recover_starts_nginx_when_it_was_stopped(live: Project) -> None:
    before = live.live()
    docker("stop", live.container("nginx"))
    assert "fream recover" in live.succeed("status").out
    live.succeed("recover")
    assert live.get("/products").status_code == 200
    assert live.live() == before


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
